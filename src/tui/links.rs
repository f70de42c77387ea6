//! Web addresses in a text, and how one is opened.
//!
//! A link of a stranger is data: only `http` and `https`, never through a shell, never as an option of a program.

use crate::text;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

/// Links looked for in one text.
const MOST: usize = 50;
/// Longest link that is opened, in bytes.
const LONGEST: usize = 2_000;

/// Where links stand in a safe text, in their order.
pub(crate) fn places(safe: &str) -> Vec<Range<usize>> {
    // Most texts have none.
    if !safe.contains("://") && !safe.contains(['w', 'W']) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let ends = |c: char| c.is_whitespace() || c == '<' || c == '>' || c == '"';
    let mut end = 0;
    for whole in safe.split_inclusive(ends) {
        let start = end;
        end += whole.len();
        let word = whole.trim_end_matches(ends);
        let lower = word.to_ascii_lowercase();
        let starts = ["http://", "https://", "www."].iter().filter_map(|p| lower.find(p));
        let Some(at) = starts.min() else { continue };
        let link = trimmed(&word[at..]);
        let bare = lower[at..].starts_with("www.");
        let host = if bare { link } else { link.split_once("://").map_or("", |(_, rest)| rest) };
        let added = if bare { "https://".len() } else { 0 };
        let usable = host.starts_with(char::is_alphanumeric) && link.len() + added <= LONGEST;
        if usable && !(bare && link.len() < 5) {
            out.push(start + at..start + at + link.len());
        }
    }
    out
}

/// The links of a text, in their order, each once.
pub(crate) fn of(s: &str) -> Vec<String> {
    let safe = text::sanitize_lines(s);
    let mut out: Vec<String> = Vec::new();
    for place in places(&safe) {
        let link = &safe[place];
        let bare = !link.contains("://") || link.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("www."));
        let link = if bare { format!("https://{link}") } else { link.to_owned() };
        if !out.contains(&link) {
            out.push(link);
        }
        if out.len() == MOST {
            break;
        }
    }
    out
}

/// Without the marks of the sentence around it; a closing bracket stays when the link opened it.
fn trimmed(mut link: &str) -> &str {
    loop {
        let Some(last) = link.chars().next_back() else { return link };
        let cut = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '`' | '»' | '”' | '’' | '…'
            | '。' | '、' | '」' | '）' | '，' => true,
            ')' => link.matches(')').count() > link.matches('(').count(),
            ']' => link.matches(']').count() > link.matches('[').count(),
            '}' => link.matches('}').count() > link.matches('{').count(),
            _ => false,
        };
        if !cut {
            return link;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
}

/// The program that opens links on the screen where the operator sits; `None` where there is no such screen: over
/// SSH, or without a desktop.
pub(crate) fn browser(
    env: impl Fn(&str) -> Option<String>,
    exists: impl Fn(&Path) -> bool,
) -> Option<String> {
    let set = |name: &str| env(name).filter(|v| !v.is_empty());
    // A program that was chosen is trusted, wherever we are. A list of programs means its first one.
    if let Some(chosen) = set("BROWSER") {
        let first = chosen.split(':').next().unwrap_or_default().trim();
        // With arguments it is a line for a shell, and a link of a stranger never gets there.
        return (!first.is_empty() && !first.contains(char::is_whitespace)).then(|| first.to_owned());
    }
    let remote = set("SSH_CONNECTION").is_some() || set("SSH_TTY").is_some();
    let name = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let desktop = cfg!(target_os = "macos") || set("DISPLAY").is_some() || set("WAYLAND_DISPLAY").is_some();
    if remote || !desktop {
        return None;
    }
    let path = set("PATH")?;
    path.split(':').map(|dir| Path::new(dir).join(name)).find(|p| exists(p))?.to_str().map(str::to_owned)
}

/// Opens a link and waits until the program has taken it; blocks, so it belongs to a thread of its own.
pub(crate) fn open(program: &str, link: &str) -> Result<(), String> {
    let run = Command::new(program)
        .arg(link)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match run {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(e) => Err(format!("{program}: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_without_the_marks_around_them() {
        assert_eq!(
            of(
                "See https://a.example/x?y=1, (http://b.example/z_(1)) and <www.c.example>. https://a.example/x?y=1"
            ),
            ["https://a.example/x?y=1", "http://b.example/z_(1)", "https://www.c.example"]
        );
        assert_eq!(of("请看https://d.example/页。"), ["https://d.example/页"]);
        assert_eq!(of("*https://e.example*"), ["https://e.example"]);
        for none in
            ["ftp://x.example", "javascript:alert(1)", "https://", "http://-x", "file:///etc/passwd", "www."]
        {
            assert_eq!(of(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn what_is_hostile_never_gets_into_a_link() {
        assert_eq!(of("https://a.example/\u{1b}]0;x\u{7}\u{202e}b"), ["https://a.example/]0;xb"]);
        assert!(of(&format!("https://a.example/{}", "x".repeat(5000))).is_empty());
        assert_eq!(of(&"https://a.example/1 ".repeat(10_000)).len(), 1);
    }

    #[test]
    fn a_browser_is_used_only_where_the_operator_sees_it() {
        let at = |vars: &'static [(&str, &str)]| {
            browser(
                move |n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()),
                |p| p == Path::new("/usr/bin/xdg-open"),
            )
        };
        assert_eq!(at(&[("BROWSER", "firefox:lynx"), ("SSH_TTY", "x")]).as_deref(), Some("firefox"));
        assert_eq!(at(&[("BROWSER", "sh -c %s"), ("DISPLAY", ":0")]), None);
        assert_eq!(at(&[("PATH", "/usr/bin")]), None);
        assert_eq!(at(&[("PATH", "/usr/bin"), ("DISPLAY", ":0"), ("SSH_CONNECTION", "x")]), None);
        if cfg!(target_os = "linux") {
            let found = at(&[("PATH", "/bin:/usr/bin"), ("DISPLAY", ":0")]);
            assert_eq!(found.as_deref(), Some("/usr/bin/xdg-open"));
        }
    }

    #[test]
    fn a_program_that_fails_is_said() {
        assert_eq!(open("true", "https://a.example"), Ok(()));
        assert!(open("false", "https://a.example").unwrap_err().starts_with("false ended"));
        assert!(open("/nowhere/browser", "https://a.example").is_err());
    }
}
