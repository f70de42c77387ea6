//! Resolved settings: no options left, secrets read, paths absolute. What the rest of the program sees.

use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
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
    /// How long rows of the activity log are kept; zero: for ever.
    pub keep_activity: Duration,
    /// Files that were sent are kept this long after they were last used.
    pub keep_files: Duration,
    /// Files that are kept take at most this many bytes; more are refused.
    pub keep_files_bytes: u64,
    /// Without a webhook for this long although one was to be expected, an account counts as silent; zero = never.
    pub silence: Duration,
    /// A message that comes this long after its provider's time is marked late; zero = never.
    pub late: Duration,
    /// A template whose copy is older is read again before it is sent; zero = never.
    pub template_age: Duration,
    /// Whether the webhook listener is started; off while a single shell command hosts the engine.
    pub serve_listener: bool,
    /// Whether the outbox and the sync run by themselves; off for shell commands that only read.
    pub background: bool,
}

/// The socket on which the engine serves its clients, and whom clients take for the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketSettings {
    /// Where it is; `None` = in the data folder, for the engine's own user.
    pub path: Option<PathBuf>,
    /// The group whose members may open it; `None` = the engine's own user only.
    pub group: Option<String>,
    /// The user that the engine runs as; other users attach and never host. `None` = whoever owns the data folder.
    pub user: Option<String>,
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
    /// What programs show to do business actions; `None`: there is no address for them.
    pub actions_token: Option<SecretString>,
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
    /// Terminal sequence, the one that fits the terminal.
    Terminal,
    /// OSC 9.
    Osc9,
    /// OSC 99.
    Osc99,
    /// OSC 777.
    Osc777,
    /// Bell only.
    Bell,
    /// None.
    Off,
}

/// When a thread counts as read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadOn {
    /// The operator opened it and sees its newest messages.
    #[default]
    Open,
    /// Its newest messages are on the screen of a focused terminal.
    Visible,
    /// It was answered.
    Reply,
}

/// What is hidden on the screen, for sharing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Masking {
    /// Nothing.
    #[default]
    Off,
    /// The middle of phone numbers and other long numbers.
    Numbers,
    /// Numbers, and names become initials.
    Names,
}

/// A time of the day without notifications, in minutes after midnight; it may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// From this minute on.
    pub from: u16,
    /// Up to this minute.
    pub to: u16,
}

impl QuietHours {
    /// `22:00-07:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |s: &str| {
            let (h, m) = s.trim().split_once(':')?;
            let digits = |s: &str| s.len() <= 2 && !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            if !digits(h) || m.len() != 2 || !digits(m) {
                return None;
            }
            let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
            (h < 24 && m < 60).then_some(h * 60 + m)
        };
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to).then_some(Self { from, to })
    }

    /// Whether a minute of the day lies in it.
    #[must_use]
    pub fn contains(self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// The screen.
#[derive(Clone, Debug)]
pub struct UiSettings {
    /// `auto` (dark or light, as the terminal is) or the name of a theme.
    pub theme: String,
    /// Where the user's own themes are.
    pub themes: Option<PathBuf>,
    /// Symbols in ASCII only.
    pub plain: bool,
    /// What is hidden from the start.
    pub mask: Masking,
    /// Lines of text instead of a screen.
    pub line: bool,
    /// When a thread counts as read.
    pub read_on: ReadOn,
    /// Whether notifications show what was written.
    pub notify_text: bool,
    /// The bell with every notification.
    pub notify_bell: bool,
    /// Whether the provider's sample templates (`hello_world`, `sample_…`) are listed.
    pub template_samples: bool,
    /// Through tmux and screen to the terminal around them.
    pub notify_passthrough: bool,
    /// Shortest time between two notifications.
    pub notify_gap: Duration,
    /// A time of the day without notifications.
    pub quiet: Option<QuietHours>,
    /// Accounts that give no notifications.
    pub quiet_accounts: Vec<AccountId>,
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
    /// Whether the screen may run commands and write files where its operator says; off for operators without a shell
    /// of their own.
    pub shell: bool,
    /// Whether the terminal is told where links lead.
    pub hyperlinks: Hyperlinks,
    /// The shortest time between two frames.
    pub frame: Duration,
    /// The keys.
    pub keys: KeySettings,
}

/// Whether links can be opened by the terminal (OSC 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hyperlinks {
    /// Where the terminal is known to understand them.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
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
            theme: "auto".into(),
            themes: None,
            plain: false,
            mask: Masking::Off,
            line: false,
            read_on: ReadOn::Open,
            notify_text: true,
            notify_bell: false,
            template_samples: false,
            notify_passthrough: false,
            notify_gap: Duration::from_secs(5),
            quiet: None,
            quiet_accounts: Vec::new(),
            color: ColorMode::Auto,
            hyperlinks: Hyperlinks::Auto,
            mouse: false,
            send_typing: false,
            shell: true,
            notify: NotifyMode::Auto,
            timezone: None,
            frame: Duration::from_millis(16),
            keys: KeySettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let night = QuietHours::parse("22:00-07:00").unwrap();
        assert!(night.contains(22 * 60) && night.contains(0) && night.contains(7 * 60 - 1));
        assert!(!night.contains(7 * 60) && !night.contains(12 * 60));
        let noon = QuietHours::parse("12:00 - 13:30").unwrap();
        assert!(noon.contains(13 * 60) && !noon.contains(13 * 60 + 30) && !noon.contains(0));
        for bad in ["", "22-7", "24:00-07:00", "22:00-22:00", "22:0-07:00", "+1:00-02:00", "a:bb-c:dd"] {
            assert_eq!(QuietHours::parse(bad), None, "{bad}");
        }
    }
}
