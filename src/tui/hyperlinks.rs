//! Links that the terminal itself opens (OSC 8): which cells of the screen are one, and whether the terminal is told.
//!
//! Where a link leads is what it shows, never anything else: only `http` and `https`, as a parser writes it, with no
//! character in it that a terminal acts on. While numbers are hidden there are none, for a link may hold one.

use super::app::App;
use crate::config::settings::{Hyperlinks, Masking};
use crate::text;
use ratatui::buffer::Buffer;
use std::ops::Range;
use std::rc::Rc;

/// Longest address that a terminal is told, in bytes; some take no longer ones.
const LONGEST: usize = 2_000;

/// A part of a line that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Cells from the line's beginning.
    pub cells: Range<u16>,
    /// What is written there.
    pub text: String,
    /// The address.
    pub to: Rc<str>,
}

/// Cells of one row of the screen that lead somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linked {
    /// The row.
    pub y: u16,
    /// The columns.
    pub cells: Range<u16>,
    /// The address.
    pub to: Rc<str>,
}

/// The address of a link as it stands in a text; `None` for what no browser should be sent to.
pub(crate) fn address(link: &str) -> Option<Rc<str>> {
    let whole = if link.contains("://") { link.to_owned() } else { format!("https://{link}") };
    let parsed = url::Url::parse(&whole).ok()?;
    let web = ["http", "https"].contains(&parsed.scheme()) && parsed.host_str().is_some();
    // A name before the host is a trick more often than not: `https://bank.example@elsewhere.example`.
    let plain = parsed.username().is_empty() && parsed.password().is_none();
    let s = parsed.as_str();
    let safe = s.len() <= LONGEST && s.bytes().all(|b| (0x21..0x7f).contains(&b));
    (web && plain && safe).then(|| s.into())
}

/// Whether the terminal is told of links: `auto` where it is known to understand them.
pub(crate) fn wanted(setting: Hyperlinks, env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| env(name).filter(|v| !v.is_empty());
    match setting {
        Hyperlinks::On => return true,
        Hyperlinks::Off => return false,
        Hyperlinks::Auto => {}
    }
    let term = set("TERM").unwrap_or_default();
    let program = set("TERM_PROGRAM").unwrap_or_default();
    let version = |name: &str| -> Option<u32> { set(name)?.split('.').next()?.parse().ok() };
    if set("TMUX").is_some() || term.starts_with("tmux") || term.starts_with("screen") {
        // tmux hands them on since 3.4, and drops them before; screen shows their bytes.
        let numbers = set("TERM_PROGRAM_VERSION").unwrap_or_default();
        let mut numbers = numbers.split('.').map(|n| {
            let digits: String = n.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().unwrap_or(0)
        });
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        return program == "tmux" && found >= (3, 4);
    }
    set("KITTY_WINDOW_ID").is_some()
        || set("WT_SESSION").is_some()
        || set("KONSOLE_VERSION").is_some()
        || version("VTE_VERSION").is_some_and(|v| v >= 5_000)
        || ["iTerm.app", "WezTerm", "ghostty", "vscode", "Hyper", "Tabby", "rio"].contains(&&*program)
        || set("LC_TERMINAL").is_some_and(|v| v == "iTerm2")
        || ["xterm-kitty", "xterm-ghostty", "alacritty", "wezterm", "foot", "foot-extra", "contour"]
            .contains(&&*term)
}

/// The links in the pane of the conversation, row by row; none where something stands over it.
pub(crate) fn on_screen(app: &App, buf: &Buffer) -> Vec<Linked> {
    let mut out = Vec::new();
    let Some(c) = app.conversation.as_ref().filter(|_| !app.is_covered()) else { return out };
    let panes = app.panes();
    if app.theme.mask != Masking::Off || panes.too_small || panes.conversation.is_none() {
        return out;
    }
    let area = panes.transcript;
    let visible = app.visible(c);
    let lines: usize = visible.iter().map(|v| v.lines.len()).sum();
    let top = area.bottom().saturating_sub(u16::try_from(lines).unwrap_or(u16::MAX)).max(area.y);
    let shown = visible.iter().flat_map(|v| v.block.lines[v.lines.clone()].iter());
    for (line, y) in shown.zip(top..area.bottom()) {
        for part in &line.links {
            let left = area.x + line.x;
            let cells = left + part.cells.start..(left + part.cells.end).min(area.right());
            if !cells.is_empty() && stands(buf, y, &cells, &part.text) {
                out.push(Linked { y, cells, to: Rc::clone(&part.to) });
            }
        }
    }
    out
}

/// Whether a text is what these cells show: something may have been drawn over it.
fn stands(buf: &Buffer, y: u16, cells: &Range<u16>, text: &str) -> bool {
    let mut shown = String::new();
    let mut x = cells.start;
    while x < cells.end {
        let symbol = buf[(x, y)].symbol();
        shown.push_str(symbol);
        x += u16::try_from(text::width(symbol).max(1)).unwrap_or(1);
    }
    shown == text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::Body;
    use crate::tui::app::tests::inbox;
    use crate::tui::canvas::Canvas;

    /// What a frame writes into links: address and text.
    fn told(bytes: &[u8]) -> Vec<(String, String)> {
        let s = String::from_utf8(bytes.to_vec()).unwrap();
        let mut out: Vec<(String, String)> = Vec::new();
        let mut open: Option<String> = None;
        let mut rest = s.as_str();
        while let Some(c) = rest.chars().next() {
            if let Some(link) = rest.strip_prefix("\x1b]8;") {
                let end = link.find("\x1b\\").unwrap();
                let (_, to) = link[..end].split_once(';').unwrap();
                open = (!to.is_empty()).then(|| to.to_owned());
                rest = &link[end + 2..];
            } else if let Some(osc) = rest.strip_prefix("\x1b]") {
                rest = &osc[osc.find("\x1b\\").unwrap() + 2..];
            } else if let Some(csi) = rest.strip_prefix("\x1b[") {
                rest = &csi[csi.find(|c: char| c.is_ascii_alphabetic()).unwrap() + 1..];
            } else {
                if let Some(to) = &open {
                    match out.last_mut() {
                        Some((last, text)) if last == to => text.push(c),
                        _ => out.push((to.clone(), c.to_string())),
                    }
                }
                rest = &rest[c.len_utf8()..];
            }
        }
        assert_eq!(open, None, "no link is left open");
        out
    }

    #[test]
    fn the_terminal_is_told_of_the_links_that_it_shows_and_of_their_end() {
        let mut s = inbox();
        let thread = s.thread("Zelda", Some("5511988881234"), Some(60));
        s.say(thread, 1, true, Body::text("see https://example.com/a and www.example.org"));
        let mut app = s.start((120, 36));
        let mut canvas = Canvas::new(120, 36).with_hyperlinks(true);
        s.keys(&mut app, "g g Enter");
        app.redraw();
        let both = [
            ("https://example.com/a".to_owned(), "https://example.com/a".to_owned()),
            ("https://www.example.org/".to_owned(), "www.example.org".to_owned()),
        ];
        assert_eq!(told(canvas.frame(&mut app, b"")), both);
        // The same once more costs nothing.
        app.redraw();
        assert!(canvas.frame(&mut app, b"").is_empty());
        // An overlay over them, and back.
        s.keys(&mut app, "?");
        assert_eq!(told(canvas.frame(&mut app, b"")), []);
        s.keys(&mut app, "Esc");
        assert_eq!(told(canvas.frame(&mut app, b"")), both);
        // The cells stay, what they lead to does not: numbers are hidden from now on.
        s.keys(&mut app, "g h");
        let bytes = canvas.frame(&mut app, b"");
        assert_eq!(told(bytes), []);
        assert!(String::from_utf8_lossy(bytes).contains("https://example.com/a"), "written without the link");
        let mut silent = Canvas::new(120, 36);
        s.keys(&mut app, "g h g h");
        app.redraw();
        assert!(!String::from_utf8_lossy(silent.frame(&mut app, b"")).contains("]8;"));
    }

    #[test]
    fn an_address_is_what_it_shows_and_nothing_that_a_terminal_acts_on() {
        let to = |s: &str| address(s).map(|a| a.to_string());
        assert_eq!(to("https://example.com/a?b=c#d").as_deref(), Some("https://example.com/a?b=c#d"));
        assert_eq!(to("www.example.com").as_deref(), Some("https://www.example.com/"));
        assert_eq!(to("HTTP://Example.com/ä b").as_deref(), Some("http://example.com/%C3%A4%20b"));
        assert_eq!(
            to("https://xn--pple-43d.com").as_deref(),
            to("https://\u{430}pple.com").as_deref(),
            "letters of another script are written out"
        );
        assert_eq!(to("https://bank.example@elsewhere.example/"), None);
        for no in ["javascript:alert(1)", "file:///etc/passwd", "https://", "http://[::1", "x://y"] {
            assert_eq!(to(no), None, "{no}");
        }
        assert_eq!(to(&format!("https://example.com/{}", "a".repeat(3_000))), None);
        let odd = to("https://example.com/\u{1b}]8;;x\u{7}").unwrap();
        assert!(odd.bytes().all(|b| (0x21..0x7f).contains(&b)), "{odd}");
    }

    #[test]
    fn a_terminal_is_told_where_it_is_known_to_understand() {
        let wanted = |pairs: &[(&str, &str)]| {
            let env = |n: &str| pairs.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned());
            super::wanted(Hyperlinks::Auto, env)
        };
        assert!(wanted(&[("TERM", "xterm-kitty")]));
        assert!(wanted(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")]));
        assert!(!wanted(&[("TERM", "xterm-256color"), ("VTE_VERSION", "4200")]));
        assert!(!wanted(&[("TERM", "xterm-256color")]));
        assert!(!wanted(&[("TERM", "linux")]));
        let tmux = [("TMUX", "x"), ("TERM", "tmux-256color"), ("TERM_PROGRAM", "tmux")];
        let with = |v: &'static str| [tmux[0], tmux[1], tmux[2], ("TERM_PROGRAM_VERSION", v)];
        assert!(wanted(&with("3.4")) && wanted(&with("3.5a")) && wanted(&with("4.0")));
        assert!(!wanted(&with("3.3a")) && !wanted(&tmux));
        assert!(!wanted(&[("STY", "1"), ("TERM", "screen-256color"), ("WT_SESSION", "x")]));
        assert!(super::wanted(Hyperlinks::On, |_| None) && !super::wanted(Hyperlinks::Off, |_| None));
    }
}
