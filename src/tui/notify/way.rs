//! Which way notifications go out, and the bytes of each.

use super::Note;
use crate::config::settings::{NotifyMode, UiSettings};

/// Longest piece that GNU screen hands on at once, in bytes: it takes 768 with everything around it.
const SCREEN_PIECE: usize = 700;

/// The form of a notification.
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

/// What stands between the program and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    Nothing,
    Tmux,
    Screen,
}

/// Where notifications of this client go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// The form.
    pub way: Way,
    /// What the sequence has to pass.
    passes: Between,
    /// The bell as well.
    bell: bool,
    /// Whether the terminal's own word about itself may change the form.
    guessed: bool,
}

impl Channel {
    /// By the settings and the environment.
    pub fn choose(settings: &UiSettings, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        // TERM of tmux may be screen-256color, and only tmux sets TMUX.
        let between = if set("TMUX").is_some() || term.starts_with("tmux") {
            Between::Tmux
        } else if set("STY").is_some() || term.starts_with("screen") {
            Between::Screen
        } else {
            Between::Nothing
        };
        let pass = settings.notify_passthrough && between != Between::Nothing;
        let desktop = cfg!(feature = "desktop-notify")
            && set("SSH_CONNECTION").is_none()
            && set("SSH_TTY").is_none()
            && set("DBUS_SESSION_BUS_ADDRESS").is_some();
        let mut guessed = false;
        let way = match settings.notify {
            NotifyMode::Off => Way::Off,
            NotifyMode::Bell => Way::Bell,
            NotifyMode::Osc9 => Way::Osc9,
            NotifyMode::Osc99 => Way::Osc99,
            NotifyMode::Osc777 => Way::Osc777,
            NotifyMode::Desktop if desktop => Way::Desktop,
            NotifyMode::Desktop => Way::Off,
            NotifyMode::Auto if desktop => Way::Desktop,
            // A multiplexer shows nothing of a sequence, and the bell on its status line.
            NotifyMode::Auto | NotifyMode::Terminal if between != Between::Nothing && !pass => Way::Bell,
            NotifyMode::Auto | NotifyMode::Terminal => of_environment(&set).unwrap_or_else(|| {
                guessed = !pass;
                // Of the terminal around a multiplexer little is known; most that know a form know this one.
                if pass { Way::Osc777 } else { Way::Bell }
            }),
        };
        let passes = if pass { between } else { Between::Nothing };
        Self { way, passes, bell: settings.notify_bell, guessed }
    }

    /// Whether asking the terminal for its name may find a better form than the bell.
    pub fn wants_name(self) -> bool {
        self.guessed
    }

    /// The terminal has said what it is.
    pub fn named(&mut self, name: &str) {
        if self.guessed
            && let Some(way) = of_name(name)
        {
            self.way = way;
        }
    }

    /// The bytes for the terminal; none where the desktop shows it.
    pub fn bytes(self, note: &Note) -> Vec<u8> {
        let mut out = match self.passes {
            Between::Nothing => sequence(self.way, note, "\x1b\\"),
            Between::Tmux => tmux(&sequence(self.way, note, "\x1b\\")),
            // The end of a string would end the string around it.
            Between::Screen => screen(&sequence(self.way, note, "\x07")),
        };
        if self.bell && !matches!(self.way, Way::Bell | Way::Off) {
            out.push(7);
        }
        out
    }
}

fn of_environment(set: &impl Fn(&str) -> Option<String>) -> Option<Way> {
    let term = set("TERM").unwrap_or_default();
    let program = set("TERM_PROGRAM").unwrap_or_default();
    let is = |v: &str, list: &[&str]| list.contains(&v);
    if set("KITTY_WINDOW_ID").is_some() || term == "xterm-kitty" {
        Some(Way::Osc99)
    } else if program == "iTerm.app" || set("LC_TERMINAL").is_some_and(|v| v == "iTerm2") {
        Some(Way::Osc9)
    } else if is(&program, &["ghostty", "WezTerm"])
        || is(&term, &["xterm-ghostty", "foot", "foot-extra", "wezterm"])
        || term.starts_with("rxvt-unicode")
        || set("VTE_VERSION").is_some()
    {
        Some(Way::Osc777)
    } else {
        None
    }
}

/// The form for a terminal by its own name (XTVERSION): over SSH the environment says little.
fn of_name(name: &str) -> Option<Way> {
    let name = name.to_ascii_lowercase();
    let begins = |list: &[&str]| list.iter().any(|p| name.starts_with(p));
    if begins(&["kitty"]) {
        Some(Way::Osc99)
    } else if begins(&["iterm2"]) {
        Some(Way::Osc9)
    } else if begins(&["ghostty", "wezterm", "foot", "vte", "rxvt", "contour"]) {
        Some(Way::Osc777)
    } else {
        None
    }
}

fn sequence(way: Way, note: &Note, end: &str) -> Vec<u8> {
    let Note { title, body } = note;
    match way {
        Way::Desktop | Way::Off => Vec::new(),
        Way::Osc777 => format!("\x1b]777;notify;{title};{body}{end}").into_bytes(),
        Way::Osc9 => format!("\x1b]9;{title}: {body}{end}").into_bytes(),
        Way::Osc99 => format!("\x1b]99;i=1:d=0;{title}{end}\x1b]99;i=1:d=1:p=body;{body}{end}").into_bytes(),
        Way::Bell => vec![7],
    }
}

/// Through tmux: a string of its own kind in which every escape is doubled. The bell passes by itself.
fn tmux(inner: &[u8]) -> Vec<u8> {
    if !inner.contains(&0x1b) {
        return inner.to_vec();
    }
    let mut out = b"\x1bPtmux;".to_vec();
    for b in inner {
        if *b == 0x1b {
            out.push(0x1b);
        }
        out.push(*b);
    }
    out.extend_from_slice(b"\x1b\\");
    out
}

/// Through GNU screen: strings of a length that it takes.
fn screen(inner: &[u8]) -> Vec<u8> {
    if !inner.contains(&0x1b) {
        return inner.to_vec();
    }
    let mut out = Vec::new();
    for piece in inner.chunks(SCREEN_PIECE) {
        out.extend_from_slice(b"\x1bP");
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\x1b\\");
    }
    out
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

    fn channel(settings: &UiSettings, env: &[(&str, &str)]) -> Channel {
        Channel::choose(settings, |n| env.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
    }

    fn mode(notify: NotifyMode) -> UiSettings {
        UiSettings { notify, ..UiSettings::default() }
    }

    fn bytes(settings: &UiSettings, env: &[(&str, &str)]) -> String {
        String::from_utf8(channel(settings, env).bytes(&Note::new("Marta", "Oi, tudo bem?"))).unwrap()
    }

    const SSH: (&str, &str) = ("SSH_TTY", "/dev/pts/1");

    #[test]
    fn strangers_cannot_break_out_of_the_sequence() {
        let note = Note::new("Eve;rm\u{1b}\\", "\u{1b}]0;evil\u{7}\nnext\u{9c}\u{202e}");
        let c = channel(&mode(NotifyMode::Osc777), &[]);
        assert_eq!(c.bytes(&note), b"\x1b]777;notify;Eve,rm\\;]0,evil next\x1b\\");
        let c = channel(&mode(NotifyMode::Osc9), &[]);
        // A number and a semicolon first would be another command.
        assert_eq!(c.bytes(&Note::new("4;1", "x")), b"\x1b]9;4,1: x\x1b\\");
    }

    #[test]
    fn each_form_is_exact() {
        let plain = |m| bytes(&mode(m), &[("TERM", "xterm")]);
        assert_eq!(plain(NotifyMode::Osc777), "\x1b]777;notify;Marta;Oi, tudo bem?\x1b\\");
        assert_eq!(plain(NotifyMode::Osc9), "\x1b]9;Marta: Oi, tudo bem?\x1b\\");
        assert_eq!(
            plain(NotifyMode::Osc99),
            "\x1b]99;i=1:d=0;Marta\x1b\\\x1b]99;i=1:d=1:p=body;Oi, tudo bem?\x1b\\"
        );
        assert_eq!(plain(NotifyMode::Bell), "\x07");
        assert_eq!(plain(NotifyMode::Off), "");
        let both = UiSettings { notify_bell: true, ..mode(NotifyMode::Osc9) };
        assert_eq!(bytes(&both, &[]), "\x1b]9;Marta: Oi, tudo bem?\x1b\\\x07");
        let once = UiSettings { notify_bell: true, ..mode(NotifyMode::Bell) };
        assert_eq!(bytes(&once, &[]), "\x07");
    }

    #[test]
    fn through_a_multiplexer_only_when_that_is_wanted() {
        let tmux = [("TMUX", "/tmp/tmux-1000/default,1,0"), ("TERM", "tmux-256color"), SSH];
        let screen = [("STY", "1.pts-0.host"), ("TERM", "screen.xterm-256color"), SSH];
        assert_eq!(bytes(&mode(NotifyMode::Auto), &tmux), "\x07");
        assert_eq!(bytes(&mode(NotifyMode::Auto), &screen), "\x07");
        let pass = UiSettings { notify_passthrough: true, ..mode(NotifyMode::Auto) };
        assert_eq!(bytes(&pass, &tmux), "\x1bPtmux;\x1b\x1b]777;notify;Marta;Oi, tudo bem?\x1b\x1b\\\x1b\\");
        assert_eq!(bytes(&pass, &screen), "\x1bP\x1b]777;notify;Marta;Oi, tudo bem?\x07\x1b\\");
        let kitty = [tmux[0], tmux[1], ("KITTY_WINDOW_ID", "3")];
        assert!(
            bytes(&pass, &kitty).starts_with("\x1bPtmux;\x1b\x1b]99;i=1:d=0;Marta\x1b\x1b\\\x1b\x1b]99;")
        );
        let long = channel(&pass, &screen).bytes(&Note::new(&"é".repeat(40), &"王".repeat(400)));
        assert!(long.split(|b| *b == b'P').all(|piece| piece.len() < 768));
        // The bell needs no way through.
        let bell = UiSettings { notify_passthrough: true, ..mode(NotifyMode::Bell) };
        assert_eq!(bytes(&bell, &tmux), "\x07");
    }

    #[test]
    fn the_form_follows_settings_and_environment() {
        let way = |m, env: &[(&str, &str)]| channel(&mode(m), env).way;
        let local = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus");
        if cfg!(feature = "desktop-notify") {
            assert_eq!(way(NotifyMode::Auto, &[local]), Way::Desktop);
            assert_eq!(way(NotifyMode::Desktop, &[local]), Way::Desktop);
        }
        assert_eq!(way(NotifyMode::Desktop, &[local, SSH]), Way::Off);
        assert_eq!(way(NotifyMode::Auto, &[local, SSH, ("TERM", "foot")]), Way::Osc777);
        assert_eq!(way(NotifyMode::Auto, &[SSH, ("TERM", "xterm-kitty")]), Way::Osc99);
        assert_eq!(way(NotifyMode::Auto, &[SSH, ("LC_TERMINAL", "iTerm2")]), Way::Osc9);
        assert_eq!(way(NotifyMode::Terminal, &[local, ("TERM_PROGRAM", "iTerm.app")]), Way::Osc9);
        assert_eq!(way(NotifyMode::Terminal, &[("TMUX", "x"), ("TERM", "xterm-kitty")]), Way::Bell);
        assert_eq!(way(NotifyMode::Auto, &[SSH, ("TERM", "xterm-256color")]), Way::Bell);
        assert_eq!(way(NotifyMode::Off, &[local]), Way::Off);
        assert_eq!(way(NotifyMode::Osc99, &[local]), Way::Osc99);
    }

    #[test]
    fn the_terminals_own_name_helps_where_the_environment_says_nothing() {
        let unknown = [SSH, ("TERM", "xterm-256color")];
        for (name, way) in [
            ("kitty(0.35.2)", Way::Osc99),
            ("iTerm2 3.5.0", Way::Osc9),
            ("WezTerm 20240203-110809", Way::Osc777),
            ("ghostty 1.0.1", Way::Osc777),
            ("foot(1.16.2)", Way::Osc777),
            ("XTerm(390)", Way::Bell),
        ] {
            let mut c = channel(&mode(NotifyMode::Auto), &unknown);
            assert!(c.wants_name());
            c.named(name);
            assert_eq!(c.way, way, "{name}");
        }
        // What was set or is known stays.
        let mut c = channel(&mode(NotifyMode::Bell), &unknown);
        c.named("kitty(0.35.2)");
        assert_eq!((c.way, c.wants_name()), (Way::Bell, false));
        assert!(!channel(&mode(NotifyMode::Auto), &[("TMUX", "x")]).wants_name());
    }
}
