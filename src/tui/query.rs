//! Asking the terminal about itself, without waiting for it: the first frame is drawn long before an answer comes.
//!
//! The key reader knows nothing of such answers and gives them as keys (`Alt+]`, then characters). Here they are
//! found again and taken out, so that a late answer never types anything.

use crate::clock::Millis;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// An answer that comes later than this, in milliseconds, is taken out and changes nothing: the operator has got used
/// to what is there.
const DEADLINE: Millis = 2_000;
/// Longest answer in characters.
const LONGEST: usize = 120;

/// What a terminal said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Whether its background is light.
    Light(bool),
    /// Its name and version.
    Name(String),
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Taken {
    /// These keys are keys.
    Keys(Vec<KeyEvent>),
    /// It is part of an answer.
    Part,
    /// The answer is whole.
    Reply(Reply),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Colour,
    Name,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Colour => "11;rgb:",
            Self::Name => ">|",
        }
    }
}

/// Answers that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Query {
    colour: bool,
    name: bool,
    asked: Millis,
    held: Vec<KeyEvent>,
    text: String,
    kind: Option<Kind>,
}

impl Query {
    /// The bytes that ask; none for terminals that would print them.
    pub fn ask(
        &mut self,
        colour: bool,
        name: bool,
        now: Millis,
        env: impl Fn(&str) -> Option<String>,
    ) -> Vec<u8> {
        let term = env("TERM").unwrap_or_default();
        if term.is_empty() || ["dumb", "linux", "vt52", "vt100", "vt220", "ansi", "cons25"].contains(&&*term)
        {
            return Vec::new();
        }
        (self.colour, self.name, self.asked) = (colour, name, now);
        let mut out = Vec::new();
        if colour {
            out.extend_from_slice(b"\x1b]11;?\x1b\\");
        }
        if name {
            out.extend_from_slice(b"\x1b[>0q");
        }
        out
    }

    /// Takes a key that was read.
    pub fn take(&mut self, key: KeyEvent, now: Millis) -> Taken {
        let Some(kind) = self.kind else {
            let begins = if !key.modifiers.contains(KeyModifiers::ALT) {
                None
            } else if self.colour && key.code == KeyCode::Char(']') {
                Some(Kind::Colour)
            } else if self.name && key.code == KeyCode::Char('P') {
                Some(Kind::Name)
            } else {
                None
            };
            if begins.is_none() {
                return Taken::Keys(vec![key]);
            }
            self.kind = begins;
            self.held.push(key);
            return Taken::Part;
        };
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let ends = alt && key.code == KeyCode::Char('\\') || control && key.code == KeyCode::Char('g');
        self.held.push(key);
        if ends && self.text.starts_with(kind.prefix()) {
            return self.end(kind, now);
        }
        if let (KeyCode::Char(c), false, false) = (key.code, alt, control)
            && self.text.len() < LONGEST
        {
            self.text.push(c);
            let prefix = kind.prefix();
            if self.text.starts_with(prefix) || prefix.starts_with(&self.text) {
                return Taken::Part;
            }
        }
        // Somebody typed it after all.
        self.kind = None;
        self.text.clear();
        Taken::Keys(std::mem::take(&mut self.held))
    }

    fn end(&mut self, kind: Kind, now: Millis) -> Taken {
        let text = std::mem::take(&mut self.text);
        self.held.clear();
        self.kind = None;
        match kind {
            Kind::Colour => self.colour = false,
            Kind::Name => self.name = false,
        }
        if !(0..=DEADLINE).contains(&(now - self.asked)) {
            return Taken::Part;
        }
        let body = &text[kind.prefix().len()..];
        match kind {
            Kind::Name => Taken::Reply(Reply::Name(body.to_owned())),
            Kind::Colour => light(body).map_or(Taken::Part, |l| Taken::Reply(Reply::Light(l))),
        }
    }
}

/// Whether `1e1e/2222/3f3f` is a light colour.
fn light(rgb: &str) -> Option<bool> {
    let mut parts = rgb.split('/').map(|p| {
        let digits = p.len().min(4) as u32;
        let v = u32::from_str_radix(p.get(..digits as usize)?, 16).ok()?;
        Some(f64::from(v) / f64::from(16u32.pow(digits) - 1))
    });
    let (r, g, b) = (parts.next()??, parts.next()??, parts.next()??);
    let brightness = 0.299 * r + 0.587 * g + 0.114 * b;
    (parts.next().is_none() && brightness.is_finite()).then_some(brightness > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(term: &'static str) -> impl Fn(&str) -> Option<String> {
        move |n| (n == "TERM").then(|| term.to_owned())
    }

    fn asked() -> Query {
        let mut q = Query::default();
        assert_eq!(q.ask(true, true, 1_000, env("xterm")), b"\x1b]11;?\x1b\\\x1b[>0q");
        q
    }

    /// As the key reader gives the bytes of an answer.
    fn keys(s: &str) -> Vec<KeyEvent> {
        let mut out = Vec::new();
        let mut alt = false;
        for c in s.chars() {
            match c {
                '\x1b' => alt = true,
                '\x07' => out.push(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL)),
                c => {
                    let mut m = if std::mem::take(&mut alt) { KeyModifiers::ALT } else { KeyModifiers::NONE };
                    if c.is_uppercase() {
                        m |= KeyModifiers::SHIFT;
                    }
                    out.push(KeyEvent::new(KeyCode::Char(c), m));
                }
            }
        }
        out
    }

    /// What is left of keys for the program, and what the terminal said.
    fn feed(q: &mut Query, s: &str, now: Millis) -> (String, Vec<Reply>) {
        let (mut left, mut said) = (String::new(), Vec::new());
        for key in keys(s) {
            match q.take(key, now) {
                Taken::Keys(keys) => {
                    left.extend(
                        keys.iter()
                            .filter_map(|k| if let KeyCode::Char(c) = k.code { Some(c) } else { None }),
                    );
                }
                Taken::Part => {}
                Taken::Reply(r) => said.push(r),
            }
        }
        (left, said)
    }

    #[test]
    fn answers_are_taken_out_of_the_keys() {
        let mut q = asked();
        let (left, said) =
            feed(&mut q, "j\x1b]11;rgb:ffff/ffff/f0f0\x1b\\k\x1bP>|kitty(0.35.2)\x1b\\l", 1_050);
        assert_eq!(left, "jkl");
        assert_eq!(said, [Reply::Light(true), Reply::Name("kitty(0.35.2)".into())]);
        let mut q = asked();
        assert_eq!(
            feed(&mut q, "\x1b]11;rgb:1e/1e/2e\x07", 1_050),
            (String::new(), vec![Reply::Light(false)])
        );
        // Answered once: from now on it is a key.
        assert_eq!(feed(&mut q, "\x1b]11", 1_060).0, "]11");
    }

    #[test]
    fn a_late_answer_types_nothing_and_changes_nothing() {
        let mut q = asked();
        assert_eq!(feed(&mut q, "\x1b]11;rgb:ffff/ffff/ffff\x1b\\x", 9_000), ("x".into(), vec![]));
    }

    #[test]
    fn what_only_begins_like_an_answer_is_typed() {
        let mut q = asked();
        assert_eq!(feed(&mut q, "\x1b]1x", 1_010).0, "]1x");
        assert_eq!(feed(&mut q, "\x1bPq", 1_010).0, "Pq");
        let endless = "a".repeat(500);
        assert_eq!(feed(&mut q, &format!("\x1b]11;rgb:{endless}"), 1_010).0.len(), 500 + 8);
        assert_eq!(feed(&mut Query::default(), "\x1b]11;rgb:0/0/0\x1b\\", 0).0, "]11;rgb:0/0/0\\");
    }

    #[test]
    fn terminals_that_would_print_it_are_not_asked() {
        for term in ["dumb", "linux", "vt100", ""] {
            assert!(Query::default().ask(true, true, 0, env(term)).is_empty(), "{term}");
        }
        assert!(Query::default().ask(false, false, 0, env("xterm")).is_empty());
        assert_eq!(light("zz/0/0"), None);
        assert_eq!(light("ff/ff"), None);
        assert_eq!(light("é/0/0"), None);
    }
}
