//! The words that an operator filters threads by: `label:vip state:open age:>2d "late order"`.
//!
//! Words stand next to each other and all have to hold; `-` before one turns it round; several values of one word
//! stand behind each other with commas, and one of them has to hold. What is in quotes is text as it stands.

use super::handling::{Priority, State};
use super::message::Direction;
use super::thread::ThreadRow;
use crate::clock::Millis;
use std::fmt;
use std::str::FromStr;

/// Longest text of a filter, in bytes.
pub const FILTER_MAX: usize = 1000;

/// The words that there are, for help.
pub const WORDS: &str = "account: label: assignee: state: priority: is: age: window: and text";

const MINUTE: Millis = 60_000;
const UNITS: [(&str, Millis); 4] =
    [("w", 7 * 24 * 60 * MINUTE), ("d", 24 * 60 * MINUTE), ("h", 60 * MINUTE), ("m", MINUTE)];

/// Whose thread it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The operator who asks.
    Me,
    /// Nobody.
    None,
    /// Somebody by name.
    Name(String),
}

/// What a thread may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// Has unread messages.
    Unread,
    /// Has none.
    Read,
    /// Has failed messages.
    Failed,
    /// Has a draft.
    Draft,
    /// The customer wrote last.
    Unanswered,
    /// We wrote last.
    Answered,
}

const IS: [(&str, Is); 6] = [
    ("unread", Is::Unread),
    ("read", Is::Read),
    ("failed", Is::Failed),
    ("draft", Is::Draft),
    ("unanswered", Is::Unanswered),
    ("answered", Is::Answered),
];

/// Less or more than a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// More, not less.
    pub more: bool,
    /// The length.
    pub length: Millis,
}

impl Span {
    fn holds(self, length: Millis) -> bool {
        if self.more { length > self.length } else { length < self.length }
    }
}

/// How the window has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowTest {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// Open, with so much time left.
    Left(Span),
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The account is one of these.
    Account(Vec<String>),
    /// Has one of these labels; `None` = no label at all.
    Label(Vec<Option<String>>),
    /// Belongs to one of these.
    Assignee(Vec<Who>),
    /// Is in one of these states.
    State(Vec<State>),
    /// Has one of these priorities.
    Priority(Vec<Priority>),
    /// Is one of these.
    Is(Vec<Is>),
    /// How long ago something came last.
    Age(Span),
    /// How the window is.
    Window(WindowTest),
    /// This is in the name, the number or the newest message.
    Text(String),
}

/// A test, or its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Turned round.
    pub not: bool,
    /// What to look at.
    pub test: Test,
}

/// A filter: all its terms have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The terms in their order.
    pub terms: Vec<Term>,
}

/// Why a text is no filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {what}", at + 1)]
pub struct BadFilter {
    /// Where it begins, in characters from the beginning.
    pub at: usize,
    /// How many characters it is about; at least one.
    pub len: usize,
    /// What is wrong.
    pub what: String,
}

/// One value of a word: where it is, what it says, whether it stood in quotes.
#[derive(Clone, Debug)]
struct Value {
    at: usize,
    len: usize,
    text: String,
    quoted: bool,
}

impl Value {
    fn bad(&self, what: impl Into<String>) -> BadFilter {
        BadFilter { at: self.at, len: self.len.max(1), what: what.into() }
    }

    /// The value as a word of ours: what is in quotes is none.
    fn word(&self) -> Option<String> {
        (!self.quoted).then(|| self.text.to_lowercase())
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// A value up to a space, or to a comma where several may stand.
    fn value(&mut self, commas: bool) -> Result<Value, BadFilter> {
        let at = self.at;
        let mut text = String::new();
        if self.peek() == Some('"') {
            self.at += 1;
            loop {
                match self.peek() {
                    None => {
                        return Err(BadFilter {
                            at,
                            len: self.at - at,
                            what: "the quotes are not closed".into(),
                        });
                    }
                    Some('"') => break,
                    Some('\\') if matches!(self.chars.get(self.at + 1), Some('"' | '\\')) => {
                        text.push(self.chars[self.at + 1]);
                        self.at += 2;
                    }
                    Some(c) => {
                        text.push(c);
                        self.at += 1;
                    }
                }
            }
            self.at += 1;
            if self.peek().is_some_and(|c| !(c.is_whitespace() || commas && c == ',')) {
                let what = "a space is missing behind the quotes".into();
                return Err(BadFilter { at: self.at, len: 1, what });
            }
            return Ok(Value { at, len: self.at - at, text, quoted: true });
        }
        while let Some(c) = self.peek().filter(|c| !(c.is_whitespace() || commas && *c == ',')) {
            if c == '"' {
                let what = "quotes go around the whole value".into();
                return Err(BadFilter { at: self.at, len: 1, what });
            }
            text.push(c);
            self.at += 1;
        }
        Ok(Value { at, len: self.at - at, text, quoted: false })
    }

    fn values(&mut self, word: &str, from: usize) -> Result<Vec<Value>, BadFilter> {
        let mut out = Vec::new();
        loop {
            let v = self.value(true)?;
            if v.text.is_empty() && !v.quoted {
                let len = (self.at - from).max(1);
                let what = format!("a value is missing behind `{word}:`");
                return Err(BadFilter { at: from, len, what });
            }
            if v.text.trim().is_empty() {
                return Err(v.bad("there is nothing between the quotes"));
            }
            out.push(v);
            if self.peek() != Some(',') {
                return Ok(out);
            }
            self.at += 1;
        }
    }

    /// The word before a colon here, if there is one.
    fn key(&self) -> Option<(String, usize)> {
        let letters: String = self.chars[self.at..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
        let n = letters.len();
        (n > 0 && self.chars.get(self.at + n) == Some(&':')).then(|| (letters.to_lowercase(), n + 1))
    }

    fn term(&mut self) -> Result<Term, BadFilter> {
        let start = self.at;
        let not = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| !c.is_whitespace());
        if not {
            self.at += 1;
        }
        let Some((key, cells)) = self.key() else {
            let v = self.value(false)?;
            if v.text.trim().is_empty() {
                return Err(v.bad("there is nothing to look for"));
            }
            return Ok(Term { not, test: Test::Text(v.text) });
        };
        let known = ["account", "label", "assignee", "state", "priority", "is", "age", "window"]
            .contains(&key.as_str());
        if !known {
            let what = format!("`{key}:` is no word of a filter: {WORDS}; put text with a colon in quotes");
            return Err(BadFilter { at: self.at, len: cells, what });
        }
        self.at += cells;
        let values = self.values(&key, start)?;
        Ok(Term { not, test: test(&key, &values)? })
    }
}

fn list<T>(values: &[Value], one: impl Fn(&Value) -> Result<T, BadFilter>) -> Result<Vec<T>, BadFilter> {
    values.iter().map(one).collect()
}

fn test(key: &str, values: &[Value]) -> Result<Test, BadFilter> {
    let single = || match values {
        [one] => Ok(one),
        [_, second, ..] => Err(second.bad(format!("`{key}:` takes one value"))),
        [] => Err(BadFilter { at: 0, len: 1, what: format!("a value is missing behind `{key}:`") }),
    };
    Ok(match key {
        "account" => Test::Account(values.iter().map(|v| v.text.clone()).collect()),
        "label" => Test::Label(
            values
                .iter()
                .map(|v| Some(v.text.clone()).filter(|_| v.word().as_deref() != Some("none")))
                .collect(),
        ),
        "assignee" => Test::Assignee(
            values
                .iter()
                .map(|v| match v.word().as_deref() {
                    Some("me") => Who::Me,
                    Some("none") => Who::None,
                    _ => Who::Name(v.text.clone()),
                })
                .collect(),
        ),
        "state" => Test::State(list(values, |v| {
            v.word()
                .and_then(|w| State::parse(&w))
                .ok_or_else(|| v.bad(format!("`{}` is no state: open, snoozed or resolved", v.text)))
        })?),
        "priority" => Test::Priority(list(values, |v| {
            v.word()
                .and_then(|w| Priority::parse(&w))
                .ok_or_else(|| v.bad(format!("`{}` is no priority: low, normal, high or urgent", v.text)))
        })?),
        "is" => Test::Is(list(values, |v| {
            let word = v.word();
            IS.iter().find(|(w, _)| Some(*w) == word.as_deref()).map(|(_, is)| *is).ok_or_else(|| {
                let all: Vec<&str> = IS.iter().map(|(w, _)| *w).collect();
                v.bad(format!("`is:{}` is not known: {}", v.text, all.join(", ")))
            })
        })?),
        "age" => {
            let v = single()?;
            Test::Age(span(v, "age:>2d or age:<3h")?)
        }
        _ => {
            let v = single()?;
            Test::Window(match v.word().as_deref() {
                Some("open") => WindowTest::Open,
                Some("closed") => WindowTest::Closed,
                _ => WindowTest::Left(span(v, "window:<2h, window:open or window:closed")?),
            })
        }
    })
}

/// `<2h` or `>3d`.
fn span(v: &Value, like: &str) -> Result<Span, BadFilter> {
    let bad = || v.bad(format!("`{}` is no length of time: write {like}", v.text));
    let word = v.word().ok_or_else(bad)?;
    let (more, rest) = match word.split_at_checked(1) {
        Some((">", rest)) => (true, rest),
        Some(("<", rest)) => (false, rest),
        _ => return Err(bad()),
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|n| (1..=6).contains(n)).ok_or_else(bad)?;
    let (number, unit) = rest.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms).ok_or_else(bad)?;
    let number: Millis = number.parse().map_err(|_| bad())?;
    Ok(Span { more, length: number * unit })
}

impl FromStr for Filter {
    type Err = BadFilter;

    fn from_str(s: &str) -> Result<Self, BadFilter> {
        if s.len() > FILTER_MAX {
            let what = format!("a filter has at most {FILTER_MAX} bytes");
            return Err(BadFilter { at: 0, len: s.chars().count(), what });
        }
        let mut r = Reader { chars: s.chars().collect(), at: 0 };
        let mut terms = Vec::new();
        loop {
            r.skip_spaces();
            if r.peek().is_none() {
                return Ok(Self { terms });
            }
            terms.push(r.term()?);
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, s: &str, bare: bool) -> fmt::Result {
    let plain = !s.is_empty()
        && bare
        && !s.starts_with('-')
        && s.chars().all(|c| !c.is_whitespace() && !matches!(c, '"' | '\\' | ',' | ':'));
    if plain {
        return f.write_str(s);
    }
    f.write_str("\"")?;
    for c in s.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = UNITS
            .iter()
            .find(|(_, ms)| self.length % ms == 0 && self.length > 0)
            .copied()
            .unwrap_or(("m", MINUTE));
        write!(f, "{}{}{name}", if self.more { '>' } else { '<' }, self.length / unit)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn each<T>(
            f: &mut fmt::Formatter<'_>,
            word: &str,
            list: &[T],
            one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
        ) -> fmt::Result {
            write!(f, "{word}:")?;
            for (i, v) in list.iter().enumerate() {
                if i > 0 {
                    f.write_str(",")?;
                }
                one(f, v)?;
            }
            Ok(())
        }
        match self {
            Self::Account(l) => each(f, "account", l, |f, v| quote(f, v, true)),
            Self::Label(l) => each(f, "label", l, |f, v| match v {
                None => f.write_str("none"),
                Some(name) => quote(f, name, name.to_lowercase() != "none"),
            }),
            Self::Assignee(l) => each(f, "assignee", l, |f, v| match v {
                Who::Me => f.write_str("me"),
                Who::None => f.write_str("none"),
                Who::Name(name) => quote(f, name, !["me", "none"].contains(&name.to_lowercase().as_str())),
            }),
            Self::State(l) => each(f, "state", l, |f, v| f.write_str(v.as_str())),
            Self::Priority(l) => each(f, "priority", l, |f, v| f.write_str(v.as_str())),
            Self::Is(l) => each(f, "is", l, |f, v| {
                f.write_str(IS.iter().find(|(_, is)| is == v).map_or("", |(word, _)| word))
            }),
            Self::Age(span) => write!(f, "age:{span}"),
            Self::Window(WindowTest::Open) => f.write_str("window:open"),
            Self::Window(WindowTest::Closed) => f.write_str("window:closed"),
            Self::Window(WindowTest::Left(span)) => write!(f, "window:{span}"),
            Self::Text(text) => quote(f, text, true),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            if term.not {
                f.write_str("-")?;
            }
            write!(f, "{}", term.test)?;
        }
        Ok(())
    }
}

/// Who asks, and when: "me" and "age" depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The operator.
    pub me: &'a str,
    /// Now.
    pub now: Millis,
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

impl Test {
    fn holds(&self, row: &ThreadRow, asker: Asker<'_>) -> bool {
        let h = &row.handling;
        match self {
            Self::Account(l) => l.iter().any(|a| a == row.account.as_str()),
            Self::Label(l) => l.iter().any(|wanted| match wanted {
                None => h.labels.is_empty(),
                Some(name) => h.labels.iter().any(|label| same(&label.name, name)),
            }),
            Self::Assignee(l) => l.iter().any(|who| match who {
                Who::Me => h.assignee.as_deref() == Some(asker.me),
                Who::None => h.assignee.is_none(),
                Who::Name(name) => h.assignee.as_deref() == Some(name),
            }),
            Self::State(l) => l.contains(&h.state),
            Self::Priority(l) => l.contains(&h.priority),
            Self::Is(l) => l.iter().any(|is| {
                let last = row.preview.as_ref().map(|p| p.direction);
                match is {
                    Is::Unread => row.unread > 0,
                    Is::Read => row.unread == 0,
                    Is::Failed => row.failed > 0,
                    Is::Draft => row.draft,
                    Is::Unanswered => last == Some(Direction::Inbound),
                    Is::Answered => last == Some(Direction::Outbound),
                }
            }),
            Self::Age(span) => span.holds(asker.now - row.last_at),
            Self::Window(WindowTest::Open) => row.window.is_open(asker.now),
            Self::Window(WindowTest::Closed) => !row.window.is_open(asker.now),
            Self::Window(WindowTest::Left(span)) => row.window.left(asker.now).is_some_and(|l| span.holds(l)),
            Self::Text(text) => {
                let needle = text.to_lowercase();
                let digits = text.strip_prefix('+').unwrap_or(text);
                row.title.to_lowercase().contains(&needle)
                    || row.phone.as_deref().is_some_and(|p| p.contains(digits))
                    || row.preview.as_ref().is_some_and(|p| p.text.to_lowercase().contains(&needle))
            }
        }
    }
}

impl Filter {
    /// Whether a thread is meant.
    #[must_use]
    pub fn matches(&self, row: &ThreadRow, asker: Asker<'_>) -> bool {
        self.terms.iter().all(|t| t.test.holds(row, asker) != t.not)
    }

    /// Whether what it shows changes by time alone.
    #[must_use]
    pub fn ages(&self) -> bool {
        self.terms.iter().any(|t| matches!(t.test, Test::Age(_) | Test::Window(_)))
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
