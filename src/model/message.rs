//! A message: who, when, what, and how far it got.

use super::delivery::{DeliveryError, DeliveryState, DeliveryTimes, OtherAttempt, Waiting};
use super::ids::{AccountId, MessageId, ProviderMessageId, ThreadId};
use super::media::FileHash;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer.
    Inbound,
    /// From us.
    Outbound,
}

/// Who made a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "name")]
pub enum Origin {
    /// The customer (or, in a group, the participant named).
    Customer(Option<String>),
    /// An operator, by operating-system user name.
    Operator(String),
    /// Somebody using the number's phone (coexistence echo).
    Phone,
    /// An agent of the provider that answers by itself.
    Provider,
    /// WhatsApp itself: number changes, calls, notices.
    System,
}

/// Kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound file.
    Audio,
    /// A sound recorded in the chat.
    Voice,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// The word for people and for the `type:` search filter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

/// What is known about a media file without having fetched it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaCard {
    /// The provider's media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A public link, for outbound media sent by link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// MIME type as given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mime: String,
    /// File name as given by a stranger: never a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Digest as given (base64 in webhooks).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Size in bytes where the provider says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Whether a sticker moves.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub animated: bool,
    /// The hash of the bytes, where we keep them ourselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<FileHash>,
    /// While it is on its way to the provider: how much of it is there, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived: Option<u8>,
}

/// One phone number, mail address or the like of a shared contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardEntry {
    /// `WORK`, `HOME`, `CELL`, …: free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The value.
    pub value: String,
    /// The WhatsApp id behind a phone number, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
}

/// A shared contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactCard {
    /// The whole name.
    pub name: String,
    /// The first name (a send needs one part besides the whole name).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// The last name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_name: String,
    /// Phone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<CardEntry>,
    /// Mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<CardEntry>,
    /// Company.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub organisation: String,
}

/// A button of an interactive or template message as the customer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownButton {
    /// `quick_reply`, `url`, `phone_number`, `copy_code`, `reply`, `list`, …
    pub kind: String,
    /// The caption.
    pub text: String,
    /// Where a link or call goes; the payload of a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A row of a list message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRow {
    /// The row's id, which comes back when it is chosen.
    pub id: String,
    /// The caption.
    pub title: String,
    /// The second line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// One position of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The seller's product id.
    pub product: String,
    /// How many.
    pub quantity: f64,
    /// Price of one, in units of the currency.
    pub price: f64,
    /// ISO 4217 code.
    pub currency: String,
}

/// What a message says. Unknown kinds are kept as [`Body::Unknown`] and shown as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// Plain text with WhatsApp marks.
    Text {
        /// The text.
        text: String,
    },
    /// A picture, sound, file or sticker, shown as a card.
    Media {
        /// Which kind.
        kind: MediaKind,
        /// What is known about the file.
        media: MediaCard,
        /// The text under it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        caption: String,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Name of the place.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
        /// Postal address.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        address: String,
    },
    /// Shared contact cards.
    Contacts {
        /// The cards.
        cards: Vec<ContactCard>,
    },
    /// Ours: text with buttons, a list, or a link button.
    Interactive {
        /// `button`, `list`, `cta_url`, …
        kind: String,
        /// Header text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        header: String,
        /// Body text.
        text: String,
        /// Footer text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        footer: String,
        /// Buttons; for a list the one that opens it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        buttons: Vec<ShownButton>,
        /// Rows of a list.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<ShownRow>,
    },
    /// The customer pressed a button or chose a row.
    Choice {
        /// `template` (quick reply of a template), `button` or `list`.
        source: String,
        /// The payload or id that was set when sending.
        id: String,
        /// What the customer saw.
        title: String,
        /// Second line of a list row.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        description: String,
    },
    /// The answer to a form (a WhatsApp flow or an address form).
    Form {
        /// `flow`, `address_message`, …
        name: String,
        /// What the customer's chat shows.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// The answers, as the JSON text the provider sent.
        response: String,
    },
    /// A cart.
    Order {
        /// The catalogue.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        catalog: String,
        /// What the customer wrote with it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// The positions.
        items: Vec<OrderItem>,
    },
    /// An approved template with its values filled in.
    Template {
        /// Name.
        name: String,
        /// Language code.
        language: String,
        /// Header as shown; a media header is named in words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        header: String,
        /// Body with the values filled in.
        text: String,
        /// Footer.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        footer: String,
        /// Buttons.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        buttons: Vec<ShownButton>,
    },
    /// A call, as a line in the conversation.
    Call {
        /// `missed`, `completed`, `ringing`, …: the provider's word.
        event: String,
        /// Seconds, where it took place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// WhatsApp says something about the conversation (number changed, identity changed).
    System {
        /// The provider's type.
        kind: String,
        /// The provider's sentence.
        text: String,
    },
    /// Private text of an operator: it never leaves the machine.
    Note {
        /// The text.
        text: String,
    },
    /// Deleted for everyone by its sender.
    Revoked,
    /// The provider says it cannot hand this kind over.
    Unsupported {
        /// The provider's name for it (`poll`, `edit`, …), may be empty.
        what: String,
        /// The provider's explanation.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        details: String,
    },
    /// A type this version does not know; the raw webhook has all of it.
    Unknown {
        /// The provider's type.
        kind: String,
        /// Readable text found inside, if any.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
}

impl Body {
    /// A text body.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The kind as one word: kept in the store, used by the `type:` filter, shown in `--json`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Text { .. } => "text",
            Self::Media { kind, .. } => kind.as_str(),
            Self::Location { .. } => "location",
            Self::Contacts { .. } => "contacts",
            Self::Interactive { .. } => "interactive",
            Self::Choice { .. } => "choice",
            Self::Form { .. } => "form",
            Self::Order { .. } => "order",
            Self::Template { .. } => "template",
            Self::Call { .. } => "call",
            Self::System { .. } => "system",
            Self::Note { .. } => "note",
            Self::Revoked => "revoked",
            Self::Unsupported { .. } => "unsupported",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The words in it: what search finds and what the thread list previews. Never a media id or a payload.
    #[must_use]
    pub fn plain_text(&self) -> String {
        fn join(parts: &[&str]) -> String {
            parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("\n")
        }
        match self {
            Self::Text { text } | Self::Note { text } => text.clone(),
            Self::Media { media, caption, .. } => join(&[caption, media.filename.as_deref().unwrap_or("")]),
            Self::Location { name, address, .. } => join(&[name, address]),
            Self::Contacts { cards } => {
                let mut out: Vec<&str> = Vec::new();
                for c in cards {
                    out.push(&c.name);
                    out.extend(c.phones.iter().map(|p| p.value.as_str()));
                }
                join(&out)
            }
            Self::Interactive { header, text, footer, .. } | Self::Template { header, text, footer, .. } => {
                join(&[header, text, footer])
            }
            Self::Choice { title, description, .. } => join(&[title, description]),
            Self::Form { text, response, .. } => join(&[text, response]),
            Self::Order { text, items, .. } => {
                let mut out = vec![text.as_str()];
                out.extend(items.iter().map(|i| i.product.as_str()));
                join(&out)
            }
            Self::Call { .. } | Self::Revoked => String::new(),
            Self::System { text, .. } | Self::Unknown { text, .. } => text.clone(),
            Self::Unsupported { details, .. } => details.clone(),
        }
    }

    /// What is kept as the text of a message: for the line in a list, for search and for quotes. A template is named, so
    /// that it is known as one where its card cannot be shown.
    #[must_use]
    pub fn kept_text(&self) -> String {
        let plain = self.plain_text();
        match self {
            Self::Template { name, .. } if !name.is_empty() => {
                let label = template_label(name);
                if plain.is_empty() { label } else { format!("{label} {plain}") }
            }
            _ => plain,
        }
    }
}

/// How a template is named where only text can be shown.
#[must_use]
pub fn template_label(name: &str) -> String {
    format!("[Template: {name}]")
}

/// What a message answers to. The text is kept at ingest, so it survives whatever happens to the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The provider's id of the quoted message.
    pub provider_id: String,
    /// Our message, where it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Whether the quoted message is ours.
    #[serde(default)]
    pub own: bool,
    /// The quoted text, shortened; empty when the original is not here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// An emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji as given.
    pub emoji: String,
    /// Whether we gave it.
    pub own: bool,
    /// When.
    pub at: Millis,
}

/// A message as every client sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Stable id.
    pub id: MessageId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// The account of that thread.
    pub account: AccountId,
    /// Which way.
    pub direction: Direction,
    /// Who made it.
    pub origin: Origin,
    /// The provider's time for inbound, ours for outbound.
    pub at: Millis,
    /// When it reached the store.
    pub stored_at: Millis,
    /// What it says.
    pub body: Body,
    /// How far it got.
    pub state: DeliveryState,
    /// When each state was reached.
    #[serde(default)]
    pub times: DeliveryTimes,
    /// Why it failed, if it did; for a queued one why the last attempt was put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// While it is queued: until when it waits, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waiting>,
    /// Failed or unknown, and an operator has put it aside: nothing is to be done any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub put_aside: bool,
    /// Another attempt that the provider took as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also_sent: Option<OtherAttempt>,
    /// What it answers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Emoji on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The provider's id, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<ProviderMessageId>,
    /// Whether it was forwarded to us, or came by an advertisement: one word for the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Whether the customer changed it afterwards.
    #[serde(default)]
    pub edited: bool,
    /// Whether nobody has read it here yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// Milliseconds between its time and its arrival, where that is more than delivery takes: it stands where its
    /// time says, which may be above messages that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Millis>,
    /// How often sending was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Changes whenever anything above changes: the key of a layout cache.
    pub revision: u32,
}

impl Message {
    /// How long after its time it came, in words, if that is late.
    #[must_use]
    pub fn lateness(&self) -> Option<String> {
        let minutes = self.late? / 60_000;
        let time = match minutes {
            ..120 => format!("{minutes} min"),
            120..2_880 => format!("{} h", minutes / 60),
            _ => format!("{} days", minutes / 1_440),
        };
        Some(format!("arrived {time} late"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_text_has_captions_and_file_names_but_no_ids() {
        let b = Body::Media {
            kind: MediaKind::Document,
            media: MediaCard {
                id: Some("1290".into()),
                filename: Some("receipt.pdf".into()),
                ..MediaCard::default()
            },
            caption: "my receipt".into(),
        };
        assert_eq!(b.plain_text(), "my receipt\nreceipt.pdf");
        assert_eq!(b.kind(), "document");
    }

    #[test]
    fn bodies_round_trip_as_json() {
        let b = Body::Choice {
            source: "list".into(),
            id: "plan".into(),
            title: "Full".into(),
            description: String::new(),
        };
        let text = serde_json::to_string(&b).unwrap();
        assert_eq!(serde_json::from_str::<Body>(&text).unwrap(), b);
    }
}
