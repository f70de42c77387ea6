//! Resolved settings: no options left, secrets read, paths absolute. What the rest of the program sees.

use crate::model::event::AccountSpec;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file it came from; `None` when there is none.
    pub file: Option<PathBuf>,
    /// Engine, store and listener.
    pub engine: EngineSettings,
    /// The screen.
    pub ui: UiSettings,
}

/// What the engine needs.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Holds the store, the socket and the lock; 0700.
    pub data_dir: PathBuf,
    /// The webhook listener.
    pub listener: ListenerSettings,
    /// Accounts in the order of the file.
    pub accounts: Vec<AccountSettings>,
    /// A queued message waits this long, so that it can be withdrawn (undo); zero = off.
    pub undo: Duration,
    /// Raw webhooks are kept this long.
    pub keep_webhooks: Duration,
    /// Raw webhooks take at most this many bytes; the oldest applied ones go first.
    pub keep_webhooks_bytes: u64,
    /// Without a webhook for this long although one was to be expected, an account counts as silent; zero = never.
    pub silence: Duration,
    /// Whether the webhook listener is started; off while a single shell command hosts the engine.
    pub serve_listener: bool,
    /// Whether the outbox and the sync run by themselves; off for shell commands that only read.
    pub background: bool,
}

/// The webhook listener.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// Where it listens; loopback unless configured otherwise. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// The address that providers reach it by (`https://inbox.example.com`), without a trailing slash.
    /// `None`: `http://` and the address it listens on.
    pub public_url: Option<String>,
    /// Longest body in bytes.
    pub body_limit: usize,
}

/// One account.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Name, provider, environment and the provider's ids.
    pub spec: AccountSpec,
    /// Where the provider's API is (`https://graph.facebook.com`), without a trailing slash.
    pub api_base: String,
    /// Version part of the path (`v25.0`).
    pub api_version: String,
    /// The provider's access token.
    pub access_token: SecretString,
    /// Signs webhooks.
    pub app_secret: SecretString,
    /// Answers the webhook handshake.
    pub verify_token: SecretString,
    /// Whether the engine points the provider's webhooks at its listener by itself.
    pub subscribe: bool,
    /// Whether marking read also tells the customer.
    pub read_receipts: bool,
}

/// Colours of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorMode {
    /// By `COLORTERM`, `TERM` and `NO_COLOR`.
    #[default]
    Auto,
    /// 24 bit.
    True,
    /// 256.
    Indexed,
    /// 16.
    Basic,
    /// None: bold, dim and reverse only.
    None,
}

/// How notifications are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyMode {
    /// Desktop where a session bus is local, else through the terminal.
    #[default]
    Auto,
    /// Desktop only.
    Desktop,
    /// Terminal sequence.
    Terminal,
    /// Bell only.
    Bell,
    /// None.
    Off,
}

/// The screen.
#[derive(Clone, Debug)]
pub struct UiSettings {
    /// `dark` or `light`.
    pub light: bool,
    /// Colours.
    pub color: ColorMode,
    /// Mouse reporting; off leaves selection to the terminal.
    pub mouse: bool,
    /// Whether customers see that somebody types; showing it also marks their messages read.
    pub send_typing: bool,
    /// Notifications.
    pub notify: NotifyMode,
    /// Time zone name (`Europe/Lisbon`); `None` = the machine's.
    pub timezone: Option<String>,
    /// The shortest time between two frames.
    pub frame: Duration,
    /// The keys.
    pub keys: KeySettings,
}

/// A set of keys to start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyPreset {
    /// Letters as in vim and mail programs; numbers count.
    #[default]
    Vim,
    /// Arrows and function keys; no single letter does anything.
    Plain,
    /// The letters of Chatwoot's terminal client.
    Chatwoot,
}

impl KeyPreset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Vim, Self::Plain, Self::Chatwoot];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vim => "vim",
            Self::Plain => "plain",
            Self::Chatwoot => "chatwoot",
        }
    }
}

/// Which keys do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySettings {
    /// The keys to start from.
    pub preset: KeyPreset,
    /// The file with the operator's own keys; `None` without a home folder.
    pub file: Option<PathBuf>,
    /// Whether the configuration names that file, so that it has to be there.
    pub named: bool,
}

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            light: false,
            color: ColorMode::Auto,
            mouse: false,
            send_typing: false,
            notify: NotifyMode::Auto,
            timezone: None,
            frame: Duration::from_millis(16),
            keys: KeySettings::default(),
        }
    }
}
