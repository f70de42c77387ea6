//! Notifications: what is said, and which way it goes out.

use super::format;
use crate::config::settings::NotifyMode;
use crate::text;
use unicode_segmentation::UnicodeSegmentation;

/// Longest title and body, in graphemes.
const LONGEST: (usize, usize) = (40, 120);

/// What a notification says: safe for a terminal sequence and a desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Who.
    pub title: String,
    /// What.
    pub body: String,
}

fn clean(s: &str, longest: usize) -> String {
    // A semicolon separates the fields of the sequences.
    let safe = text::sanitize(s).replace(';', ",");
    safe.graphemes(true).take(longest).collect()
}

impl Note {
    /// A message of `title` with this text; media and the like are named by their kind.
    pub fn new(title: &str, body: &str, kind: &str) -> Self {
        let body = match format::kind_prefix(kind) {
            Some(p) if body.is_empty() => p.to_owned(),
            Some(p) => format!("{p} · {body}"),
            None => body.to_owned(),
        };
        Self { title: clean(title, LONGEST.0), body: clean(&body, LONGEST.1) }
    }
}

/// Which way notifications go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The desktop's own service.
    Desktop,
    /// OSC 777 (Ghostty, WezTerm, foot, urxvt, VTE).
    Osc777,
    /// OSC 9 (iTerm2).
    Osc9,
    /// OSC 99 (kitty).
    Osc99,
    /// The bell.
    Bell,
    /// Nowhere.
    Off,
}

impl Way {
    /// By the settings and the environment.
    pub fn choose(mode: NotifyMode, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let desktop = cfg!(feature = "desktop-notify")
            && set("SSH_CONNECTION").is_none()
            && set("SSH_TTY").is_none()
            && set("DBUS_SESSION_BUS_ADDRESS").is_some();
        match mode {
            NotifyMode::Off => Self::Off,
            NotifyMode::Bell => Self::Bell,
            NotifyMode::Desktop if desktop => Self::Desktop,
            NotifyMode::Desktop => Self::Off,
            NotifyMode::Auto if desktop => Self::Desktop,
            NotifyMode::Auto | NotifyMode::Terminal => {
                let term = set("TERM").unwrap_or_default();
                let program = set("TERM_PROGRAM").unwrap_or_default();
                // A multiplexer shows nothing of a sequence, and the bell on its status line.
                if set("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux") {
                    Self::Bell
                } else if set("KITTY_WINDOW_ID").is_some() || term == "xterm-kitty" {
                    Self::Osc99
                } else if program == "iTerm.app" {
                    Self::Osc9
                } else if ["ghostty", "WezTerm"].contains(&&*program)
                    || ["xterm-ghostty", "foot", "foot-extra", "wezterm"].contains(&&*term)
                    || term.starts_with("rxvt-unicode")
                    || set("VTE_VERSION").is_some()
                {
                    Self::Osc777
                } else {
                    Self::Bell
                }
            }
        }
    }

    /// The bytes for the terminal; none for the desktop.
    pub fn sequence(self, note: &Note) -> Vec<u8> {
        let Note { title, body } = note;
        match self {
            Self::Desktop | Self::Off => Vec::new(),
            Self::Osc777 => format!("\x1b]777;notify;{title};{body}\x1b\\").into_bytes(),
            Self::Osc9 => format!("\x1b]9;{title}: {body}\x1b\\").into_bytes(),
            Self::Osc99 => {
                format!("\x1b]99;i=1:d=0;{title}\x1b\\\x1b]99;i=1:d=1:p=body;{body}\x1b\\").into_bytes()
            }
            Self::Bell => vec![7],
        }
    }
}

/// Shows a notification on the desktop; what goes wrong there is no business of the inbox.
#[cfg(feature = "desktop-notify")]
pub(crate) async fn desktop(note: Note) {
    let mut n = notify_rust::Notification::new();
    n.appname("Switchboard").summary(&note.title).body(&escape(&note.body));
    if let Err(error) = n.show_async().await {
        tracing::debug!(%error, "the desktop showed no notification");
    }
}

/// The body of a desktop notification is a small markup.
#[cfg(feature = "desktop-notify")]
fn escape(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(mode: NotifyMode, env: &[(&str, &str)]) -> Way {
        Way::choose(mode, |n| env.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn strangers_cannot_break_out_of_the_sequence() {
        let note = Note::new("Eve;rm\u{1b}\\", "\u{1b}]0;evil\u{7}\nnext", "text");
        let bytes = Way::Osc777.sequence(&note);
        assert_eq!(bytes, b"\x1b]777;notify;Eve,rm\\;]0,evil next\x1b\\");
        assert!(Note::new(&"é".repeat(500), "", "image").title.chars().count() <= 40);
    }

    #[test]
    fn the_way_follows_settings_and_terminal() {
        let local = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus");
        let ssh = ("SSH_TTY", "/dev/pts/1");
        if cfg!(feature = "desktop-notify") {
            assert_eq!(way(NotifyMode::Auto, &[local]), Way::Desktop);
        }
        assert_eq!(way(NotifyMode::Auto, &[local, ssh, ("TERM", "foot")]), Way::Osc777);
        assert_eq!(way(NotifyMode::Auto, &[ssh, ("TERM", "xterm-kitty")]), Way::Osc99);
        assert_eq!(way(NotifyMode::Terminal, &[("TERM_PROGRAM", "iTerm.app")]), Way::Osc9);
        assert_eq!(way(NotifyMode::Terminal, &[("TMUX", "x"), ("TERM", "xterm-kitty")]), Way::Bell);
        assert_eq!(way(NotifyMode::Off, &[local]), Way::Off);
    }
}
