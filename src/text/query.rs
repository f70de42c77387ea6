//! The language of the search: words, `"exact words"`, filters such as `from:marta type:image before:monday`, each of
//! them turned round by a `-` in front.
//!
//! Pure: text in, a query or the place of the mistake out. What is no filter is a word: nobody has to know the language to
//! search.

use super::past;
use jiff::tz::TimeZone;
use std::ops::Range;

/// Longest query looked at, in characters.
const LONGEST: usize = 400;
/// Words and filters that are used.
const MOST: usize = 24;

/// The keys of the filters, in the order of the help.
pub const KEYS: &[(&str, &str)] = &[
    ("from", "a name, a number, us or them"),
    ("account", "an account"),
    ("label", "a label"),
    ("has", "media, image, file, link, reaction, quote, error"),
    ("before", "a day: 2025-11-03, monday, 3w"),
    ("after", "a day: 2025-11-03, monday, 3w"),
    ("type", "text, image, document, location, template, note"),
    ("status", "sent, delivered, read, failed, unknown, unread"),
    ("tpl", "the name of a template"),
];

/// Kinds of messages by the words for them; the first word of a row is the one that is offered.
const KINDS: &[(&[&str], &[&str])] = &[
    (&["text"], &["text"]),
    (&["image", "photo", "picture"], &["image"]),
    (&["video"], &["video"]),
    (&["audio"], &["audio", "voice"]),
    (&["voice"], &["voice"]),
    (&["document", "file"], &["document"]),
    (&["sticker"], &["sticker"]),
    (&["media"], MEDIA),
    (&["location", "place"], &["location"]),
    (&["contacts", "contact"], &["contacts"]),
    (&["interactive", "buttons"], &["interactive"]),
    (&["choice"], &["choice"]),
    (&["form"], &["form"]),
    (&["order"], &["order"]),
    (&["template"], &["template"]),
    (&["note"], &["note"]),
    (&["call"], &["call"]),
    (&["system"], &["system"]),
    (&["deleted", "revoked"], &["revoked"]),
    (&["unknown", "unsupported"], &["unknown", "unsupported"]),
];
const MEDIA: &[&str] = &["image", "video", "audio", "voice", "document", "sticker"];

const STATES: &[&str] = &[
    "sent",
    "delivered",
    "read",
    "played",
    "failed",
    "unknown",
    "queued",
    "sending",
    "accepted",
    "cancelled",
    "received",
    "unread",
];

/// Words of `has:` besides the kinds of media.
const PARTS: &[(&[&str], Part)] = &[
    (&["link", "url"], Part::Link),
    (&["reaction", "emoji"], Part::Reaction),
    (&["quote", "reply"], Part::Quote),
    (&["error", "problem"], Part::Error),
    (&["edit", "edits"], Part::Edit),
];

/// What a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A web address.
    Link,
    /// An emoji on it.
    Reaction,
    /// An answer to another message.
    Quote,
    /// A reason why it failed.
    Error,
    /// A changed text.
    Edit,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it was typed.
    pub text: String,
    /// Messages that have it are left out.
    pub not: bool,
}

/// What a filter wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Written by a contact or an operator with this name or number.
    From(String),
    /// Written by us (`true`) or by the customer.
    Ours(bool),
    /// Of an account.
    Account(String),
    /// In a thread with this label.
    Label(String),
    /// One of these kinds.
    Kind(&'static [&'static str]),
    /// Has something.
    Has(Part),
    /// In this delivery state.
    State(&'static str),
    /// Not read here yet.
    Unread,
    /// A template with this in its name.
    Template(String),
    /// Before this time.
    Before(i64),
    /// At this time or after it.
    After(i64),
}

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// What it wants.
    pub want: Want,
    /// Messages that fit are left out.
    pub not: bool,
    /// Where it stands, in characters.
    pub at: usize,
}

/// A search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words and phrases.
    pub terms: Vec<Term>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// Whether the last of the terms is still being typed: a beginning.
    pub open: bool,
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at character {})", self.at.start + 1)]
pub struct BadQuery {
    /// Which characters.
    pub at: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub next: String,
    /// It is still being typed: the end of the text is in the middle of a filter.
    pub unfinished: bool,
}

impl Query {
    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.filters.is_empty()
    }

    /// The words that are looked for.
    #[must_use]
    pub fn wanted(&self) -> Vec<&str> {
        self.terms.iter().filter(|t| !t.not).map(|t| t.text.as_str()).collect()
    }

    /// The words folded, as what is found is marked.
    #[must_use]
    pub fn needles(&self) -> Vec<String> {
        self.wanted().into_iter().map(super::fold::folded).filter(|n| !n.is_empty()).collect()
    }
}

/// The characters of a query that count.
fn clean(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// What begins at `at`: whether it is turned round, its key, its value, whether that is in quotes, and where the next one
/// may begin.
struct Token<'a> {
    not: bool,
    key: Option<String>,
    value: &'a [char],
    quoted: bool,
    at: usize,
    end: usize,
}

fn text_of(chars: &[char]) -> String {
    chars.iter().collect()
}

/// Up to the closing quote; without one up to the end.
fn quoted(chars: &[char], from: usize) -> (&[char], usize) {
    let end = chars[from..].iter().position(|c| *c == '"').map_or(chars.len(), |n| from + n);
    (&chars[from..end], (end + 1).min(chars.len()))
}

fn token(chars: &[char], start: usize) -> Token<'_> {
    let space =
        |from: usize| chars[from..].iter().position(|c| c.is_whitespace()).map_or(chars.len(), |n| from + n);
    let not = chars[start] == '-' && chars.get(start + 1).is_some_and(|c| c.is_alphanumeric() || *c == '"');
    let body = start + usize::from(not);
    if chars[body] == '"' {
        let (value, end) = quoted(chars, body + 1);
        return Token { not, key: None, value, quoted: true, at: start, end };
    }
    let end = space(body);
    let colon = chars[body..end].iter().position(|c| *c == ':').map(|n| body + n);
    let key = colon.filter(|c| *c > body && chars[body..*c].iter().all(char::is_ascii_alphabetic));
    let (Some(colon), false) =
        (key, chars[body..end].ends_with(&[':']) && end < chars.len() && !is_key(&chars[body..end - 1]))
    else {
        return Token { not, key: None, value: &chars[body..end], quoted: false, at: start, end };
    };
    let name: String = chars[body..colon].iter().collect::<String>().to_ascii_lowercase();
    if chars.get(colon + 1) == Some(&'"') {
        let (value, end) = quoted(chars, colon + 2);
        return Token { not, key: Some(name), value, quoted: true, at: start, end };
    }
    let value = &chars[colon + 1..end];
    Token { not, key: Some(name), value, quoted: false, at: start, end }
}

fn is_key(chars: &[char]) -> bool {
    let name: String = chars.iter().collect::<String>().to_ascii_lowercase();
    KEYS.iter().any(|(k, _)| *k == name)
}

/// Whether one letter more, less, other or swapped makes one word of the other.
fn is_near(typed: &str, known: &str) -> bool {
    let (typed, known): (Vec<char>, Vec<char>) = (typed.chars().collect(), known.chars().collect());
    let front = typed.iter().zip(&known).take_while(|(t, k)| t == k).count();
    let (typed, known) = (&typed[front..], &known[front..]);
    match (typed, known) {
        ([], []) => true,
        ([first, second, ..], [one, two, ..]) if first == two && second == one => typed[2..] == known[2..],
        _ => {
            let other = !typed.is_empty() && !known.is_empty() && typed[1..] == known[1..];
            let more = !typed.is_empty() && typed[1..] == *known;
            let less = !known.is_empty() && known[1..] == *typed;
            other || more || less
        }
    }
}

/// Reads a query. Without a time zone a day is one of UTC.
///
/// # Errors
/// When a filter is not known, or its value is not understood.
pub fn parse(text: &str, now: i64, tz: &TimeZone) -> Result<Query, BadQuery> {
    let chars = clean(text);
    let mut query = Query::default();
    let mut at = 0;
    while query.terms.len() + query.filters.len() < MOST {
        while chars.get(at).is_some_and(|c| c.is_whitespace()) {
            at += 1;
        }
        if at >= chars.len() {
            break;
        }
        let t = token(&chars, at);
        at = t.end;
        let last = t.end == chars.len();
        let known = t.key.as_deref().is_some_and(|k| KEYS.iter().any(|(name, _)| *name == k));
        match &t.key {
            Some(key) if known => {
                let want = want(key, &t, last, now, tz)?;
                query.filters.push(Filter { want, not: t.not, at: t.at });
            }
            Some(key) if !t.value.is_empty() && t.value[0] != '/' => {
                if let Some((near, _)) = KEYS.iter().find(|(name, _)| key.len() > 1 && is_near(key, name)) {
                    return Err(BadQuery {
                        at: t.at..t.end,
                        what: format!("there is no filter `{key}:`"),
                        next: format!("`{near}:` is meant? In quotes it is a word"),
                        unfinished: false,
                    });
                }
                word(&mut query, &t, &chars, last);
            }
            _ => word(&mut query, &t, &chars, last),
        }
    }
    Ok(query)
}

fn word(query: &mut Query, t: &Token<'_>, chars: &[char], last: bool) {
    let text = if t.key.is_some() {
        // No filter: the key belongs to the word.
        chars[t.at + usize::from(t.not)..t.end].iter().filter(|c| **c != '"').collect()
    } else if t.quoted {
        text_of(t.value).trim().to_owned()
    } else {
        text_of(t.value)
    };
    if text.is_empty() {
        return;
    }
    query.open = last && !t.quoted && !t.not;
    query.terms.push(Term { text, not: t.not });
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

/// The words that a value may be, for a key that has a list.
fn values(key: &str) -> Vec<&'static str> {
    let first = |words: &&[&'static str]| words.first().copied();
    match key {
        "type" => KINDS.iter().filter_map(|(words, _)| first(words)).collect(),
        "status" => STATES.to_vec(),
        "has" => {
            let media = ["media"].iter().chain(MEDIA).copied();
            media.chain(PARTS.iter().filter_map(|(words, _)| first(words))).collect()
        }
        _ => Vec::new(),
    }
}

fn want(key: &str, t: &Token<'_>, last: bool, now: i64, tz: &TimeZone) -> Result<Want, BadQuery> {
    let value = text_of(t.value).trim().to_owned();
    let lower = value.to_lowercase();
    let bad =
        |what: String, next: String, unfinished: bool| BadQuery { at: t.at..t.end, what, next, unfinished };
    if value.is_empty() {
        let about = KEYS.iter().find(|(k, _)| *k == key).map_or("", |(_, about)| about);
        return Err(bad(format!("`{key}:` needs a value"), about.to_owned(), last));
    }
    let listed = || {
        let all = values(key);
        let begun: Vec<&str> = all.iter().copied().filter(|w| w.starts_with(lower.as_str())).collect();
        let unfinished = last && !t.quoted && !begun.is_empty();
        let near = all.iter().find(|w| is_near(&lower, w));
        let next = match (begun.as_slice(), near) {
            ([], Some(near)) => format!("`{key}:{near}` is meant?"),
            ([], None) => one_of(&all),
            (some, _) => one_of(some),
        };
        bad(format!("`{key}:` does not know `{value}`"), next, unfinished)
    };
    let day = || {
        past::parse(&value, now, tz).map_err(|e| {
            let next = format!("a day such as {}", past::EXAMPLES.replace(" · ", ", "));
            bad(format!("`{key}:` needs a day: {e}"), next, last && !t.quoted)
        })
    };
    let kinds = |words: &str| KINDS.iter().find(|(names, _)| names.contains(&words)).map(|(_, kinds)| *kinds);
    Ok(match key {
        "from" if matches!(lower.as_str(), "us" | "me") => Want::Ours(true),
        "from" if matches!(lower.as_str(), "them" | "customer") => Want::Ours(false),
        "from" => Want::From(value),
        "account" => Want::Account(value),
        "label" => Want::Label(value),
        "tpl" => Want::Template(lower),
        "type" => Want::Kind(kinds(&lower).ok_or_else(listed)?),
        "has" => match PARTS.iter().find(|(names, _)| names.contains(&lower.as_str())) {
            Some((_, part)) => Want::Has(*part),
            None => Want::Kind(kinds(&lower).ok_or_else(listed)?),
        },
        "status" if lower == "unread" => Want::Unread,
        "status" => Want::State(STATES.iter().copied().find(|s| *s == lower).ok_or_else(listed)?),
        "before" => Want::Before(day()?.from),
        _ => Want::After(day()?.from),
    })
}

/// What may complete the end of a query: the rest of a key or of a value from a list.
#[must_use]
pub fn complete(text: &str) -> Vec<String> {
    let chars = clean(text);
    let Some(start) = (0..chars.len())
        .rev()
        .find(|i| chars[*i].is_whitespace())
        .map_or((!chars.is_empty()).then_some(0), |i| (i + 1 < chars.len()).then_some(i + 1))
    else {
        return Vec::new();
    };
    let word: String = chars[start..].iter().collect::<String>().to_lowercase();
    let word = word.strip_prefix('-').unwrap_or(&word);
    match word.split_once(':') {
        None if word.chars().count() >= 2 => {
            KEYS.iter().filter(|(k, _)| k.starts_with(word)).map(|(k, _)| format!("{k}:")).collect()
        }
        None => Vec::new(),
        Some((key, value)) => values(key)
            .into_iter()
            .filter(|v| v.starts_with(value) && *v != value)
            .map(str::to_owned)
            .collect(),
    }
}

/// Words of a shell as one query: a word with blanks in it that is the value of a filter keeps them.
#[must_use]
pub fn joined(words: &[String]) -> String {
    let quoted = words.iter().map(|w| match w.split_once(':') {
        Some((key, value)) if value.contains(' ') && !value.contains('"') => {
            let bare = key.strip_prefix('-').unwrap_or(key);
            let known = is_key(&bare.chars().collect::<Vec<_>>());
            if known { format!("{key}:\"{value}\"") } else { w.clone() }
        }
        _ => w.clone(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Friday, 20 November 2026, 10:00 UTC.
    const NOW: i64 = 1_795_168_800_000;

    fn read(text: &str) -> Result<Query, BadQuery> {
        parse(text, NOW, &TimeZone::UTC)
    }

    fn wants(text: &str) -> Vec<(bool, Want)> {
        read(text).unwrap().filters.into_iter().map(|f| (f.not, f.want)).collect()
    }

    fn words(text: &str) -> Vec<String> {
        let q = read(text).unwrap();
        q.terms.iter().map(|t| format!("{}{}", if t.not { "-" } else { "" }, t.text)).collect()
    }

    #[test]
    fn words_phrases_and_filters_are_told_apart() {
        let q = read("refund  from:\"Marta Souza\" -type:image \"two weeks\" ord").unwrap();
        assert_eq!(q.wanted(), ["refund", "two weeks", "ord"]);
        assert!(q.open);
        assert_eq!(
            q.filters,
            [
                Filter { want: Want::From("Marta Souza".into()), not: false, at: 8 },
                Filter { want: Want::Kind(&["image"]), not: true, at: 27 },
            ]
        );
        assert!(!read("done ").unwrap().open);
        assert!(!read("done \"now\"").unwrap().open);
        assert!(read("").unwrap().is_empty() && read("  \" \" ").unwrap().is_empty());
        assert_eq!(
            words("late -order -\"very late\" - --x +55 98888-1234"),
            ["late", "-order", "-very late", "-", "--x", "+55", "98888-1234"]
        );
    }

    #[test]
    fn what_is_no_filter_is_a_word() {
        for text in [
            "https://a.example/x?y:z",
            "10:30",
            "re:hello",
            "Note:",
            "a:b:c",
            ":",
            "::",
            "from",
            "übung:x",
            "x:\"y\"",
        ] {
            let q = read(text).unwrap();
            assert!(q.filters.is_empty() && q.terms.len() == 1, "{text}: {q:?}");
        }
        assert_eq!(words("\"from:marta\""), ["from:marta"]);
        assert_eq!(words("Note: call"), ["Note:", "call"]);
    }

    #[test]
    fn every_filter_is_read() {
        assert_eq!(
            wants("from:us from:them from:98888"),
            [(false, Want::Ours(true)), (false, Want::Ours(false)), (false, Want::From("98888".into()))]
        );
        assert_eq!(
            wants("FROM:王小明 account:sales -label:vip tpl:Order"),
            [
                (false, Want::From("王小明".into())),
                (false, Want::Account("sales".into())),
                (true, Want::Label("vip".into())),
                (false, Want::Template("order".into())),
            ]
        );
        assert_eq!(
            wants("has:media has:link -has:reaction has:file"),
            [
                (false, Want::Kind(MEDIA)),
                (false, Want::Has(Part::Link)),
                (true, Want::Has(Part::Reaction)),
                (false, Want::Kind(&["document"])),
            ]
        );
        assert_eq!(
            wants("status:failed status:unread"),
            [(false, Want::State("failed")), (false, Want::Unread)]
        );
        let day = 86_400_000;
        assert_eq!(
            wants("before:2026-11-18 after:\"2 days ago\""),
            [(false, Want::Before(1_794_960_000_000)), (false, Want::After(1_794_960_000_000))]
        );
        assert_eq!(wants("after:yesterday"), [(false, Want::After(1_794_960_000_000 + day))]);
    }

    #[test]
    fn mistakes_name_the_place_and_what_is_meant() {
        let bad = |text: &str| read(text).unwrap_err();
        let e = bad("late form:marta");
        assert_eq!((e.at.clone(), e.unfinished), (5..15, false));
        assert_eq!(e.to_string(), "there is no filter `form:` (at character 6)");
        assert!(e.next.contains("`from:`"), "{}", e.next);
        for (text, near) in [
            ("stauts:sent", "status:"),
            ("lable:x", "label:"),
            ("type:imgae x", "type:image"),
            ("befor:monday", "before:"),
        ] {
            assert!(bad(text).next.contains(near), "{text}: {}", bad(text).next);
        }
        assert!(bad("type:banana x").next.starts_with("one of text, image"));
        let e = bad("x before:soon y");
        assert!(e.what.contains("`soon` is not understood") && e.next.contains("3 weeks ago"), "{e:?}");
        // At the end it may only be half typed.
        for text in ["from:", "late type:im", "before:20", "-has:", "status:"] {
            assert!(bad(text).unfinished, "{text}");
        }
        assert!(!bad("type:q").unfinished && !bad("from: x").unfinished);
    }

    #[test]
    fn the_end_is_completed() {
        assert_eq!(complete("late fr"), ["from:"]);
        assert_eq!(complete("-ty"), ["type:"]);
        assert_eq!(complete("type:im"), ["image"]);
        assert_eq!(complete("has:re"), ["reaction"]);
        assert!(complete("from:ma").is_empty() && complete("x ").is_empty() && complete("").is_empty());
    }

    #[test]
    fn words_of_a_shell_keep_the_blanks_of_a_value() {
        let all = |w: &[&str]| joined(&w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            all(&["order", "from:Marta Souza", "-before:3 weeks ago"]),
            "order from:\"Marta Souza\" -before:\"3 weeks ago\""
        );
        assert_eq!(all(&["very late", "\"very late\""]), "very late \"very late\"");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_place(text in "(([a-z]{0,7}:|-|\"| |[a-z0-9王é.]{1,5}){0,12}|.{0,60})") {
            match read(&text) {
                Ok(q) => {
                    prop_assert!(q.terms.len() + q.filters.len() <= MOST);
                    prop_assert!(q.terms.iter().all(|t| !t.text.is_empty()));
                    prop_assert!(!q.open || q.terms.last().is_some_and(|t| !t.not));
                }
                Err(e) => {
                    prop_assert!(e.at.start < e.at.end && e.at.end <= clean(&text).len(), "{:?}", e);
                    prop_assert!(!e.what.is_empty() && !e.next.is_empty());
                }
            }
            let _ = complete(&text);
        }

        /// A query in quotes is text, whatever it says.
        #[test]
        fn quotes_make_text_of_everything(text in "[a-z:0-9é王 -]{1,30}") {
            let q = read(&format!("\"{text}\"")).unwrap();
            prop_assert!(q.filters.is_empty());
            prop_assert_eq!(q.wanted().join(" "), text.trim());
        }
    }
}
