//! What a configuration file may say: every key optional, unknown keys refused.
//!
//! Values keep their place in the file, so that a check made later can still name line and column.

use super::FILE_MAX;
use super::secrets::SecretSource;
use serde::Deserialize;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use toml::Spanned;

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// Folder of the store, the socket and the log; relative to the file's folder, `~/` is the home folder.
    pub data_dir: Option<Spanned<String>>,
    /// Seconds in which a queued message can be withdrawn; 0 = off.
    pub undo_seconds: Option<Spanned<i64>>,
    /// Days for which raw webhooks are kept.
    pub keep_webhooks_days: Option<Spanned<i64>>,
    /// Megabytes that raw webhooks may take.
    pub keep_webhooks_mb: Option<Spanned<i64>>,
    /// Days that rows of the activity log are kept.
    pub keep_activity_days: Option<Spanned<i64>>,
    /// Days for which files that were sent are kept.
    pub keep_files_days: Option<Spanned<i64>>,
    /// Megabytes that those files may take.
    pub keep_files_mb: Option<Spanned<i64>>,
    /// Minutes without an expected webhook after which it is said; 0 = never.
    pub silence_minutes: Option<Spanned<i64>>,
    /// See `EngineSettings::late`.
    pub late_minutes: Option<Spanned<i64>>,
    /// Hours after which a template is read again before it is sent; 0 = never.
    pub template_hours: Option<Spanned<i64>>,
    /// The socket and who may open it.
    pub engine: EngineFile,
    /// The webhook listener.
    pub listener: ListenerFile,
    /// The screen.
    pub ui: UiFile,
    /// The keys.
    pub keys: KeysFile,
    /// The accounts, in the order of the account bar.
    pub accounts: Vec<Spanned<AccountFile>>,
}

/// `[engine]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineFile {
    /// Path of the socket.
    pub socket: Option<Spanned<String>>,
    /// The group that may attach.
    pub group: Option<Spanned<String>>,
    /// The user that the engine runs as.
    pub user: Option<Spanned<String>>,
}

/// `[listener]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerFile {
    /// Address and port.
    pub bind: Option<Spanned<String>>,
    /// The address providers reach it by.
    pub public_url: Option<Spanned<String>>,
    /// Longest body in bytes.
    pub body_limit: Option<Spanned<i64>>,
    /// What programs show to do business actions.
    pub actions_token: Option<Spanned<SecretSource>>,
}

/// `[ui]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UiFile {
    /// `auto` or the name of a theme.
    pub theme: Option<Spanned<String>>,
    /// `auto`, `true`, `256`, `16` or `none`.
    pub color: Option<Spanned<String>>,
    /// `auto`, `on` or `off`.
    pub hyperlinks: Option<Spanned<String>>,
    /// Mouse reporting.
    pub mouse: Option<Spanned<bool>>,
    /// Whether customers see that somebody types.
    pub send_typing: Option<Spanned<bool>>,
    /// Whether the screen may run commands and write files.
    pub shell: Option<Spanned<bool>>,
    /// `auto`, `desktop`, `terminal`, `osc9`, `osc99`, `osc777`, `bell` or `off`.
    pub notify: Option<Spanned<String>>,
    /// Symbols in ASCII only.
    pub plain: Option<Spanned<bool>>,
    /// `off`, `numbers` or `names`.
    pub mask: Option<Spanned<String>>,
    /// Lines of text instead of a screen.
    pub line: Option<Spanned<bool>>,
    /// `open`, `visible` or `reply`.
    pub read_on: Option<Spanned<String>>,
    /// Whether notifications show what was written.
    pub notify_text: Option<Spanned<bool>>,
    /// The bell with every notification.
    pub notify_bell: Option<Spanned<bool>>,
    /// Whether the provider's sample templates are listed.
    pub template_samples: Option<Spanned<bool>>,
    /// Through tmux and screen to the terminal around them.
    pub notify_passthrough: Option<Spanned<bool>>,
    /// Shortest time between two notifications.
    pub notify_gap_seconds: Option<Spanned<i64>>,
    /// `HH:MM-HH:MM` without notifications.
    pub quiet_hours: Option<Spanned<String>>,
    /// Time zone name.
    pub timezone: Option<Spanned<String>>,
    /// Shortest time between two frames in milliseconds.
    pub frame_ms: Option<Spanned<i64>>,
}

/// `[keys]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysFile {
    /// `vim`, `plain` or `chatwoot`.
    pub preset: Option<Spanned<String>>,
    /// The file with the operator's own keys.
    pub file: Option<Spanned<String>>,
}

/// `[[accounts]]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountFile {
    /// Short name.
    pub id: Option<Spanned<String>>,
    /// Name to show.
    pub name: Option<Spanned<String>>,
    /// Provider.
    pub provider: Option<Spanned<String>>,
    /// `development` or `production`.
    pub environment: Option<Spanned<String>>,
    /// The provider's id of the number.
    pub phone_number_id: Option<Spanned<String>>,
    /// The provider's id of the business account.
    pub waba_id: Option<Spanned<String>>,
    /// Where the provider's API is.
    pub api_base: Option<Spanned<String>>,
    /// Version part of the path.
    pub api_version: Option<Spanned<String>>,
    /// The access token.
    pub access_token: Option<Spanned<SecretSource>>,
    /// Signs webhooks.
    pub app_secret: Option<Spanned<SecretSource>>,
    /// Answers the webhook handshake.
    pub verify_token: Option<Spanned<SecretSource>>,
    /// Kapso's project key.
    pub api_key: Option<Spanned<SecretSource>>,
    /// Signs Kapso's webhooks.
    pub webhook_secret: Option<Spanned<SecretSource>>,
    /// Whether to point the provider's webhooks at the listener.
    pub subscribe: Option<Spanned<bool>>,
    /// Whether marking read also tells the customer.
    pub read_receipts: Option<Spanned<bool>>,
    /// Whether its messages give notifications.
    pub notify: Option<Spanned<bool>>,
}

/// Reads a file of at most [`FILE_MAX`] bytes.
pub(super) fn load(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {FILE_MAX} bytes")));
    }
    Ok(text)
}
