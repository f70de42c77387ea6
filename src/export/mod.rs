//! Conversations as text, JSON lines or a page to read: what is copied, handed to a command, or kept in a file.
//!
//! Pure but for [`mod@file`]: messages in, text out, one after the other, so that a thread of any length needs no memory. Everything that a
//! stranger wrote is made safe for where it goes: no control character, no line that looks like ours, no markup.

pub mod file;
mod html;

use crate::clock::Millis;
use crate::model::message::{Body, Direction, Message, Origin, template_label};
use crate::text;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt::Write as _;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Lines to read.
    Text,
    /// One JSON document a line, a message each.
    Jsonl,
    /// A page for a browser.
    Html,
}

impl Format {
    /// By the end of a file's name; text where it says nothing.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("html" | "htm") => Self::Html,
            Some("jsonl" | "ndjson" | "json") => Self::Jsonl,
            _ => Self::Text,
        }
    }
}

/// Whose conversation it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The other side's name.
    pub title: String,
    /// Its number, for people.
    pub phone: String,
    /// The account.
    pub account: String,
}

/// Writes messages, oldest first.
#[derive(Clone, Debug)]
pub struct Writer {
    format: Format,
    about: About,
    tz: TimeZone,
    now: Millis,
    day: Option<Date>,
    count: u64,
}

impl Writer {
    /// Writes a conversation; `now` stands in the heading.
    #[must_use]
    pub fn new(format: Format, about: About, tz: TimeZone, now: Millis) -> Self {
        Self { format, about, tz, now, day: None, count: 0 }
    }

    /// Messages that were written.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What stands before the first message.
    #[must_use]
    pub fn head(&self) -> String {
        let safe = |s: &str| text::sanitize(s).into_owned();
        let number = if self.about.phone.is_empty() || self.about.phone == self.about.title {
            String::new()
        } else {
            format!(" {}", self.about.phone)
        };
        match self.format {
            Format::Jsonl => String::new(),
            Format::Text => format!(
                "Conversation with {}{} · {} · {}\n\n",
                safe(&self.about.title),
                safe(&number),
                safe(&self.about.account),
                stamp(self.now, &self.tz),
            ),
            Format::Html => html::head(&self.about, &stamp(self.now, &self.tz)),
        }
    }

    /// A message.
    #[must_use]
    pub fn message(&mut self, m: &Message) -> String {
        self.count += 1;
        let day = local(m.at, &self.tz).date();
        let new_day = self.day.replace(day) != Some(day);
        match self.format {
            Format::Text => {
                let mut out = line(m, &self.about.title, &self.tz);
                out.push('\n');
                out
            }
            Format::Jsonl => json(m),
            Format::Html => {
                let day = new_day.then(|| day.strftime("%A, %-d %B %Y").to_string());
                html::message(m, &self.about.title, day.as_deref(), &clock(m.at, &self.tz))
            }
        }
    }

    /// What stands after the last message.
    #[must_use]
    pub fn tail(&self) -> String {
        match self.format {
            Format::Html => html::tail(self.count),
            Format::Text | Format::Jsonl => String::new(),
        }
    }
}

fn local(at: Millis, tz: &TimeZone) -> jiff::Zoned {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(tz.clone())
}

fn stamp(at: Millis, tz: &TimeZone) -> String {
    local(at, tz).strftime("%Y-%m-%d %H:%M").to_string()
}

fn clock(at: Millis, tz: &TimeZone) -> String {
    local(at, tz).strftime("%H:%M").to_string()
}

/// Who made a message.
#[must_use]
pub fn author(m: &Message, title: &str) -> String {
    let name = match &m.origin {
        Origin::Customer(Some(name)) | Origin::Operator(name) => name.as_str(),
        Origin::Customer(None) => title,
        Origin::Phone => "from the phone",
        Origin::Provider => "automatic",
        Origin::System => "WhatsApp",
    };
    text::sanitize(name).into_owned()
}

/// What a message says in words; what is no text is named. Not made safe.
#[must_use]
pub fn words(body: &Body) -> String {
    let plain = body.plain_text();
    let named = |what: &str| if plain.is_empty() { format!("[{what}]") } else { format!("[{what}] {plain}") };
    match body {
        Body::Text { .. } => plain,
        Body::Media { kind, media, caption } => {
            let name = media.filename.as_deref().map(|n| format!(" {n}")).unwrap_or_default();
            let caption = if caption.is_empty() { String::new() } else { format!(" {caption}") };
            format!("[{}{name}]{caption}", kind.as_str())
        }
        Body::Location { latitude, longitude, .. } => {
            named(&format!("location {latitude:.5}, {longitude:.5}"))
        }
        Body::Contacts { cards } => {
            let cards: Vec<String> = cards
                .iter()
                .map(|c| {
                    let entries = c.phones.iter().chain(&c.emails).map(|e| e.value.as_str());
                    std::iter::once(c.name.as_str()).chain(entries).collect::<Vec<_>>().join(" ")
                })
                .collect();
            format!("[contact] {}", cards.join("; "))
        }
        Body::Interactive { buttons, rows, .. } => {
            let choices = buttons.iter().map(|b| &b.text).chain(rows.iter().map(|r| &r.title));
            let choices: Vec<String> = choices.map(|c| format!("[ {c} ]")).collect();
            format!("{plain}\n{}", choices.join(" "))
        }
        Body::Choice { .. } => format!("[chosen] {plain}"),
        Body::Template { name, .. } => format!("{}\n{plain}", template_label(name)),
        Body::Call { event, .. } => format!("[call {event}]"),
        Body::Revoked => "[deleted by its sender]".into(),
        other => named(other.kind()),
    }
}

/// A message in lines: time and name before the first one, the rest behind a margin, so that no text looks like another
/// message.
#[must_use]
pub fn line(m: &Message, title: &str, tz: &TimeZone) -> String {
    let said = words(&m.body);
    let mut out = format!("[{}] {}: ", stamp(m.at, tz), author(m, title));
    if let Some(q) = m.quote.as_ref().filter(|q| !q.text.is_empty()) {
        let quoted = text::sanitize(&q.text);
        let _ = write!(out, "> {}\n    ", text::truncate(&quoted, 80));
    }
    for (i, part) in text::sanitize_lines(&said).split('\n').enumerate() {
        if i > 0 {
            out.push_str("\n    ");
        }
        out.push_str(part);
    }
    if m.edited {
        out.push_str(" (edited)");
    }
    for r in &m.reactions {
        let _ = write!(out, " {}{}", text::sanitize(&r.emoji), if r.own { " (us)" } else { "" });
    }
    if let Some(e) = m.error.as_ref().filter(|_| m.direction == Direction::Outbound) {
        let _ = write!(out, " ({}: {})", m.state.as_str(), text::sanitize(&e.text));
    }
    out
}

/// A message as one line of JSON that no terminal acts on.
fn json(m: &Message) -> String {
    // A message is plain data: writing it does not fail.
    let written = serde_json::to_string(m).unwrap_or_default();
    let mut out = String::with_capacity(written.len() + 1);
    for c in written.chars() {
        if text::is_hostile(c) || text::is_tag(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// A name for a file, of a stranger's name: letters and digits of any script, nothing else.
#[must_use]
pub fn file_name(title: &str, at: Millis, tz: &TimeZone) -> String {
    let mut name = String::new();
    for c in text::sanitize(title).chars() {
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() > 40 {
            break;
        }
    }
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "conversation" } else { name };
    format!("{name}-{}.html", local(at, tz).date())
}

#[cfg(test)]
mod tests;
