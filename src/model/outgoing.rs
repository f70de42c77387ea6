//! What an operator wants to send, and the rules that are checked before anything is stored.
//!
//! Limits are the provider's (Cloud API documentation of 2025/26); breaking one names the field.

use super::ids::MessageId;
use super::media::{self, StoredFile};
use super::message::{Body, ContactCard, MediaKind, ShownButton, ShownRow};
use super::template::TemplateSend;
use serde::{Deserialize, Serialize};

/// Longest text body, in characters.
pub const TEXT_MAX: usize = 4096;
/// Longest body of a message with buttons, in characters.
pub const INTERACTIVE_BODY_MAX: usize = 1024;
/// Longest body of a list message, in characters.
pub const LIST_BODY_MAX: usize = 4096;
/// Longest header and footer text, in characters.
pub const HEADER_MAX: usize = 60;
/// Longest button caption, in characters.
pub const BUTTON_MAX: usize = 20;
/// Longest row title, in characters.
pub const ROW_TITLE_MAX: usize = 24;
/// Longest row description, in characters.
pub const ROW_DESCRIPTION_MAX: usize = 72;

/// Longest address of a link button, in characters.
pub const URL_MAX: usize = 2000;
/// Longest note, in characters. A note goes to nobody: this is our own limit.
pub const NOTE_MAX: usize = 10_000;

/// A field that breaks a rule: nothing was stored, nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{field}: {problem}")]
pub struct FieldProblem {
    /// The field as the form and the command line name it (`text`, `body.1`, `button.0`).
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl FieldProblem {
    /// A problem with a field.
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyButton {
    /// Comes back when pressed; at most 256 characters.
    pub id: String,
    /// Caption; at most 20 characters.
    pub title: String,
}

/// A section of a list message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSection {
    /// Title; needed when there is more than one section, at most 24 characters.
    #[serde(default)]
    pub title: String,
    /// Rows; at most 10 in all sections together.
    pub rows: Vec<ShownRow>,
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outgoing {
    /// Free text; needs an open window.
    Text {
        /// 1 to 4096 characters.
        text: String,
        /// Show a preview of the first link.
        #[serde(default)]
        preview_url: bool,
    },
    /// An approved template with its values; may leave when the window is closed.
    Template {
        /// Name, language and values as the wire wants them.
        send: TemplateSend,
        /// As the customer will see it.
        shown: Body,
    },
    /// An emoji on a message; empty takes it away. Needs an open window.
    Reaction {
        /// The message.
        target: MessageId,
        /// One emoji or nothing.
        emoji: String,
    },
    /// Text with one to three reply buttons.
    Buttons {
        /// Header text, may be empty.
        #[serde(default)]
        header: String,
        /// Body text.
        text: String,
        /// Footer text, may be empty.
        #[serde(default)]
        footer: String,
        /// The buttons.
        buttons: Vec<ReplyButton>,
    },
    /// Text with a list that opens.
    List {
        /// Header text, may be empty.
        #[serde(default)]
        header: String,
        /// Body text.
        text: String,
        /// Footer text, may be empty.
        #[serde(default)]
        footer: String,
        /// Caption of the button that opens the list.
        button: String,
        /// The sections.
        sections: Vec<ListSection>,
    },
    /// Text with one button that opens a web page.
    Link {
        /// Header text, may be empty.
        #[serde(default)]
        header: String,
        /// Body text.
        text: String,
        /// Footer text, may be empty.
        #[serde(default)]
        footer: String,
        /// Caption of the button.
        button: String,
        /// Where it leads: an http or https address.
        url: String,
    },
    /// A place.
    Location {
        /// Degrees north, -90 to 90.
        latitude: f64,
        /// Degrees east, -180 to 180.
        longitude: f64,
        /// Name, may be empty.
        #[serde(default)]
        name: String,
        /// Address, may be empty.
        #[serde(default)]
        address: String,
    },
    /// Contact cards.
    Contacts {
        /// One to 257 cards.
        cards: Vec<ContactCard>,
    },
    /// A file that is kept here.
    Media {
        /// What it is sent as.
        kind: MediaKind,
        /// Which file.
        file: StoredFile,
        /// The text under it, may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        caption: String,
    },
}

fn limit(field: &str, text: &str, max: usize, required: bool) -> Result<(), FieldProblem> {
    if required && text.trim().is_empty() {
        return Err(FieldProblem::new(field, "is empty"));
    }
    let n = text.chars().count();
    if n > max {
        return Err(FieldProblem::new(field, format!("has {n} characters, {max} are allowed")));
    }
    Ok(())
}

/// Checks the text of a note.
pub fn check_note(text: &str) -> Result<(), FieldProblem> {
    limit("note", text, NOTE_MAX, true)
}

impl Outgoing {
    /// A text without link preview.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), preview_url: false }
    }

    /// A file, sent as what it is.
    #[must_use]
    pub fn file(file: StoredFile, caption: impl Into<String>) -> Self {
        Self::Media { kind: file.kind(), file, caption: caption.into() }
    }

    /// A text and files as the messages that they become, in order. The text goes under the first file where that has
    /// one and it is not too long; else it comes first.
    #[must_use]
    pub fn with_files(text: &str, files: &[StoredFile]) -> Vec<Self> {
        let text = text.trim_end();
        let caption = files.first().is_some_and(|f| media::has_caption(f.kind()))
            && text.chars().count() <= media::CAPTION_MAX;
        let alone = !text.trim().is_empty() && !caption;
        let mut out: Vec<Self> = alone.then(|| Self::text(text)).into_iter().collect();
        let under = if caption && !text.trim().is_empty() { text } else { "" };
        out.extend(
            files.iter().enumerate().map(|(i, f)| Self::file(f.clone(), if i == 0 { under } else { "" })),
        );
        out
    }

    /// The file of ours that goes out with it.
    #[must_use]
    pub fn stored_file(&self) -> Option<&StoredFile> {
        match self {
            Self::Media { file, .. } => Some(file),
            Self::Template { send, .. } => send.components.iter().find_map(|c| match c {
                super::template::SendComponent::HeaderFile { file, .. } => Some(file),
                _ => None,
            }),
            _ => None,
        }
    }

    /// Whether it may leave while the customer service window is closed.
    #[must_use]
    pub fn may_leave_closed_window(&self) -> bool {
        matches!(self, Self::Template { .. })
    }

    /// The kind as one word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Template { .. } => "template",
            Self::Reaction { .. } => "reaction",
            Self::Buttons { .. } | Self::List { .. } | Self::Link { .. } => "interactive",
            Self::Location { .. } => "location",
            Self::Contacts { .. } => "contacts",
            Self::Media { kind, .. } => kind.as_str(),
        }
    }

    /// Checks every rule that can be checked without asking the provider.
    pub fn check(&self) -> Result<(), FieldProblem> {
        match self {
            Self::Text { text, .. } => limit("text", text, TEXT_MAX, true),
            Self::Media { kind, file, caption } => media::check(*kind, file, caption),
            Self::Template { .. } => Ok(()),
            Self::Reaction { emoji, .. } => {
                use unicode_segmentation::UnicodeSegmentation;
                let plain = emoji.chars().any(|c| c.is_alphabetic() || c.is_ascii_control() || c == ' ');
                if emoji.graphemes(true).count() > 1 || plain {
                    return Err(FieldProblem::new(
                        "emoji",
                        "one emoji is allowed, or nothing to take it away",
                    ));
                }
                Ok(())
            }
            Self::Buttons { header, text, footer, buttons } => {
                limit("header", header, HEADER_MAX, false)?;
                limit("text", text, INTERACTIVE_BODY_MAX, true)?;
                limit("footer", footer, HEADER_MAX, false)?;
                if buttons.is_empty() || buttons.len() > 3 {
                    return Err(FieldProblem::new(
                        "buttons",
                        format!("{} given, 1 to 3 are allowed", buttons.len()),
                    ));
                }
                for (i, b) in buttons.iter().enumerate() {
                    limit(&format!("button.{i}"), &b.title, BUTTON_MAX, true)?;
                    limit(&format!("button.{i}.id"), &b.id, 256, true)?;
                    if buttons[..i].iter().any(|o| o.title == b.title || o.id == b.id) {
                        return Err(FieldProblem::new(
                            format!("button.{i}"),
                            "another button has this caption or id",
                        ));
                    }
                }
                Ok(())
            }
            Self::List { header, text, footer, button, sections } => {
                limit("header", header, HEADER_MAX, false)?;
                limit("text", text, LIST_BODY_MAX, true)?;
                limit("footer", footer, HEADER_MAX, false)?;
                limit("button", button, BUTTON_MAX, true)?;
                let rows: usize = sections.iter().map(|s| s.rows.len()).sum();
                if rows == 0 || rows > 10 {
                    return Err(FieldProblem::new(
                        "rows",
                        format!("{rows} given, 1 to 10 are allowed in all"),
                    ));
                }
                let mut seen = std::collections::BTreeSet::new();
                for (i, s) in sections.iter().enumerate() {
                    limit(&format!("section.{i}"), &s.title, ROW_TITLE_MAX, sections.len() > 1)?;
                    if s.rows.is_empty() {
                        return Err(FieldProblem::new(format!("section.{i}"), "has no rows"));
                    }
                    for (j, r) in s.rows.iter().enumerate() {
                        let field = format!("section.{i}.row.{j}");
                        limit(&field, &r.title, ROW_TITLE_MAX, true)?;
                        limit(&format!("{field}.description"), &r.description, ROW_DESCRIPTION_MAX, false)?;
                        limit(&format!("{field}.id"), &r.id, 200, true)?;
                        if !seen.insert(r.id.as_str()) {
                            return Err(FieldProblem::new(format!("{field}.id"), "another row has this id"));
                        }
                    }
                }
                Ok(())
            }
            Self::Link { header, text, footer, button, url } => {
                limit("header", header, HEADER_MAX, false)?;
                limit("text", text, INTERACTIVE_BODY_MAX, true)?;
                limit("footer", footer, HEADER_MAX, false)?;
                limit("button", button, BUTTON_MAX, true)?;
                limit("url", url, URL_MAX, true)?;
                let lower = url.to_ascii_lowercase();
                let host = ["https://", "http://"].iter().find_map(|p| lower.strip_prefix(p));
                if !host.is_some_and(|h| h.starts_with(char::is_alphanumeric))
                    || url.contains(char::is_whitespace)
                {
                    return Err(FieldProblem::new("url", "must be an address that begins with https://"));
                }
                Ok(())
            }
            Self::Location { latitude, longitude, .. } => {
                if !(-90.0..=90.0).contains(latitude) {
                    return Err(FieldProblem::new("latitude", "must lie between -90 and 90"));
                }
                if !(-180.0..=180.0).contains(longitude) {
                    return Err(FieldProblem::new("longitude", "must lie between -180 and 180"));
                }
                Ok(())
            }
            Self::Contacts { cards } => {
                if cards.is_empty() || cards.len() > 257 {
                    return Err(FieldProblem::new(
                        "contacts",
                        format!("{} given, 1 to 257 are allowed", cards.len()),
                    ));
                }
                for (i, c) in cards.iter().enumerate() {
                    limit(&format!("contact.{i}.name"), &c.name, 512, true)?;
                    if c.first_name.is_empty() && c.last_name.is_empty() && c.organisation.is_empty() {
                        return Err(FieldProblem::new(
                            format!("contact.{i}.first_name"),
                            "one part of the name is needed besides the whole name",
                        ));
                    }
                }
                Ok(())
            }
        }
    }

    /// As it is shown in the conversation; `None` for a reaction, which is shown on its target.
    #[must_use]
    pub fn shown(&self) -> Option<Body> {
        Some(match self {
            Self::Text { text, .. } => Body::text(text.clone()),
            Self::Template { shown, .. } => shown.clone(),
            Self::Reaction { .. } => return None,
            Self::Buttons { header, text, footer, buttons } => Body::Interactive {
                kind: "button".into(),
                header: header.clone(),
                text: text.clone(),
                footer: footer.clone(),
                buttons: buttons
                    .iter()
                    .map(|b| ShownButton {
                        kind: "reply".into(),
                        text: b.title.clone(),
                        target: Some(b.id.clone()),
                    })
                    .collect(),
                rows: Vec::new(),
            },
            Self::List { header, text, footer, button, sections } => Body::Interactive {
                kind: "list".into(),
                header: header.clone(),
                text: text.clone(),
                footer: footer.clone(),
                buttons: vec![ShownButton { kind: "list".into(), text: button.clone(), target: None }],
                rows: sections.iter().flat_map(|s| s.rows.iter().cloned()).collect(),
            },
            Self::Link { header, text, footer, button, url } => Body::Interactive {
                kind: "cta_url".into(),
                header: header.clone(),
                text: text.clone(),
                footer: footer.clone(),
                buttons: vec![ShownButton {
                    kind: "cta_url".into(),
                    text: button.clone(),
                    target: Some(url.clone()),
                }],
                rows: Vec::new(),
            },
            Self::Location { latitude, longitude, name, address } => Body::Location {
                latitude: *latitude,
                longitude: *longitude,
                name: name.clone(),
                address: address.clone(),
            },
            Self::Contacts { cards } => Body::Contacts { cards: cards.clone() },
            Self::Media { kind, file, caption } => {
                Body::Media { kind: *kind, media: file.card(), caption: caption.clone() }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(o: &Outgoing) -> String {
        o.check().unwrap_err().field
    }

    #[test]
    fn text_limits_count_characters_not_bytes() {
        assert!(Outgoing::text("é".repeat(TEXT_MAX)).check().is_ok());
        assert_eq!(field(&Outgoing::text("é".repeat(TEXT_MAX + 1))), "text");
        assert_eq!(field(&Outgoing::text(" \n")), "text");
    }

    #[test]
    fn a_text_goes_under_the_first_file_where_it_can() {
        let file = |mime: &str| StoredFile {
            hash: media::FileHash([1; 32]),
            name: "a".into(),
            size: 1,
            facts: media::FileFacts { mime: mime.into(), animated: false },
        };
        let kinds = |text: &str, mimes: &[&str]| {
            let files: Vec<StoredFile> = mimes.iter().map(|m| file(m)).collect();
            let list = Outgoing::with_files(text, &files);
            list.iter()
                .map(|o| match o {
                    Outgoing::Text { text, .. } => text.clone(),
                    Outgoing::Media { kind, caption, .. } => format!("{}:{caption}", kind.as_str()),
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds("hi \n", &["application/pdf", "image/png"]), ["document:hi", "image:"]);
        assert_eq!(kinds("hi", &["audio/mpeg", "image/png"]), ["hi", "audio:", "image:"]);
        assert_eq!(kinds(" ", &["image/webp"]), ["sticker:"]);
        let long = "x".repeat(media::CAPTION_MAX + 1);
        assert_eq!(kinds(&long, &["image/png"]), [long.clone(), "image:".into()]);
        assert_eq!(kinds("hi", &[]), ["hi"]);
    }

    #[test]
    fn buttons_name_the_one_that_breaks_the_rule() {
        let b = |t: &str| ReplyButton { id: t.into(), title: t.into() };
        let make = |buttons| Outgoing::Buttons {
            header: String::new(),
            text: "q".into(),
            footer: String::new(),
            buttons,
        };
        assert!(make(vec![b("Yes"), b("No")]).check().is_ok());
        assert_eq!(field(&make(vec![])), "buttons");
        assert_eq!(field(&make(vec![b("Yes"), b("Yes")])), "button.1");
        assert_eq!(field(&make(vec![b("a caption of more than twenty")])), "button.0");
    }

    #[test]
    fn a_link_button_leads_to_the_web() {
        let make = |button: &str, url: &str| Outgoing::Link {
            header: String::new(),
            text: "Track your order.".into(),
            footer: String::new(),
            button: button.into(),
            url: url.into(),
        };
        assert!(make("Track", "https://northwind.example/t/8812").check().is_ok());
        for bad in ["", "northwind.example", "javascript:alert(1)", "https://", "https://a b", "ftp://a"] {
            assert_eq!(field(&make("Track", bad)), "url", "{bad}");
        }
        assert_eq!(field(&make("a caption of more than twenty", "https://a.example")), "button");
    }

    #[test]
    fn a_note_has_a_limit_of_its_own() {
        assert!(check_note("x").is_ok() && check_note(&"é".repeat(NOTE_MAX)).is_ok());
        assert!(check_note(" ").is_err() && check_note(&"é".repeat(NOTE_MAX + 1)).is_err());
    }

    #[test]
    fn a_reaction_is_one_emoji_or_nothing() {
        let r = |e: &str| Outgoing::Reaction { target: MessageId::new(), emoji: e.into() }.check();
        assert!(r("👍").is_ok() && r("👨‍👩‍👧").is_ok() && r("").is_ok() && r("❤️").is_ok());
        assert!(r("ok").is_err() && r("👍👍").is_err());
    }
}
