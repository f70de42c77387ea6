//! Kapso's message and conversation objects in our words: the same whether they come by webhook or are read from the
//! history.
//!
//! Owns whose conversation a message belongs to, who made it and what it says. A conversation of Kapso's is a session
//! that ends after a day of silence; for us the thread is the number and the person, so its id is not looked at.

use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::DeliveryState;
use crate::model::inbound::{Author, Change, Peer, Route, StatusUpdate, WebhookBatch};
use crate::model::message::{Body, MediaCard, MediaKind};
use crate::provider::meta::errors;
use crate::provider::meta::webhook::Sink;
use crate::provider::meta::webhook::messages::{self, Frame};
use crate::provider::meta::webhook::people::{People, group, participant};
use crate::provider::meta::webhook::read::{
    ID_MAX, NAME_MAX, TEXT_MAX, digits, first_chars, id, integer, list, owned, seconds, string,
};
use serde_json::{Value, json};

/// Parameters of a template that are shown.
const PARAMETERS: usize = 50;

/// A time as ISO 8601.
pub fn iso(v: &Value, key: &str) -> Option<Millis> {
    let text = string(v, key)?;
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond).filter(|at| *at > 0)
}

/// A message with what stands around it.
pub struct Object<'a> {
    m: &'a Value,
    kapso: &'a Value,
    conversation: &'a Value,
    /// What the event says of it, which outranks what it says of itself.
    inbound: Option<bool>,
    word: Option<&'a str>,
}

/// Nothing.
static NULL: Value = Value::Null;

fn part<'a>(v: &'a Value, key: &str) -> &'a Value {
    v.get(key).unwrap_or(&NULL)
}

/// A phone number in digits.
fn phone(v: &Value, key: &str) -> Option<String> {
    string(v, key).map(digits).filter(|d| !d.is_empty())
}

impl<'a> Object<'a> {
    /// A message; `conversation` is null where there is none beside it.
    pub fn new(m: &'a Value, conversation: &'a Value) -> Self {
        Self { m, kapso: part(m, "kapso"), conversation, inbound: None, word: None }
    }

    /// The same with what its event says: whether the customer wrote it, and how far it got.
    pub fn told(self, inbound: Option<bool>, word: Option<&'a str>) -> Self {
        Self { inbound, word, ..self }
    }

    /// Whether the customer wrote it.
    pub fn is_inbound(&self) -> bool {
        if let Some(inbound) = self.inbound {
            return inbound;
        }
        if let Some(word) = string(self.kapso, "direction").or_else(|| string(self.m, "direction")) {
            return word.eq_ignore_ascii_case("inbound");
        }
        let named = |key: &str| self.m.get(key).is_some_and(|v| !v.is_null());
        let sender = named("from") || named("from_user_id");
        sender && !named("to") && list(self.kapso, "statuses").is_empty()
    }

    /// Whether it was written before the number came to Kapso.
    pub fn is_past(&self) -> bool {
        string(self.kapso, "origin") == Some("history_sync")
    }

    /// Kapso's word for how far it got.
    pub fn word(&self) -> Option<String> {
        self.word.or_else(|| string(self.kapso, "status")).map(str::to_ascii_lowercase)
    }

    /// Who is on the other side.
    fn peer(&self) -> Option<Peer> {
        if let Some(g) = string(self.m, "group_id") {
            return Some(group(g));
        }
        let (number, user, parent) = if self.is_inbound() {
            ("from", "from_user_id", "from_parent_user_id")
        } else {
            ("to", "to_user_id", "to_parent_user_id")
        };
        let (m, kapso, c) = (self.m, self.kapso, self.conversation);
        let numbers = [
            phone(m, number),
            phone(kapso, "phone_number"),
            phone(c, "phone_number"),
            phone(m, "phone_number"),
        ];
        let users =
            [string(m, user), string(c, "business_scoped_user_id"), string(kapso, "business_scoped_user_id")];
        let parents = [string(m, parent), string(c, "parent_business_scoped_user_id")];
        let names = [
            string(kapso, "contact_name"),
            string(part(c, "kapso"), "contact_name"),
            string(c, "contact_name"),
            m.pointer("/profile/name").and_then(Value::as_str),
        ];
        let username = [string(m, "username").filter(|_| self.is_inbound()), string(c, "username")];
        let first = |list: &[Option<&'a str>]| list.iter().flatten().next().copied();
        let name = names.into_iter().flatten().find(|n| is_name(n)).unwrap_or_default();
        person(numbers.into_iter().flatten().next(), first(&users), first(&parents), first(&username), name)
    }

    /// Who made a message of our own side. Kapso tells the phone's messages; those of its dashboard, its workflows
    /// and other programs with the key are Kapso's.
    fn author(&self) -> Author {
        match string(self.kapso, "origin") {
            Some("business_app" | "history_sync") => Author::Phone,
            _ => Author::Provider,
        }
    }

    /// The message as a change. `at` is used where it has no time of its own.
    pub fn change(&self, at: Option<Millis>, history: bool) -> Result<Change, String> {
        let m = self.m;
        if !m.is_object() {
            return Err("a message that is not an object".into());
        }
        let id = messages::message_id(m)?;
        let at = seconds(m, "timestamp")
            .or_else(|| iso(m, "created_at"))
            .or(at)
            .ok_or_else(|| format!("no time on {id}"))?;
        let inbound = self.is_inbound();
        if inbound && matches!(string(m, "type"), Some("system" | "request_welcome")) {
            return messages::system(&People::new(&NULL, 0), m, id, at);
        }
        let peer = self.peer().ok_or_else(|| format!("message {id} names nobody"))?;
        let history = history || self.is_past();
        let sender = if string(m, "group_id").is_some() && inbound {
            let people = People::new(&NULL, 0);
            participant(people.peer(m, "from", "from_user_id", "from_parent_user_id").as_ref())
        } else {
            None
        };
        let frame = Frame {
            id,
            at,
            peer,
            participant: sender,
            author: if inbound { Author::Customer } else { self.author() },
            history,
            state: (!inbound).then(|| self.state()),
        };
        let mut change = messages::message(frame, m)?;
        if let Change::Message(message) = &mut change {
            self.complete(&mut message.body);
        }
        Ok(change)
    }

    /// How far a message of ours got.
    fn state(&self) -> DeliveryState {
        match self.word().as_deref() {
            Some("pending" | "queued" | "accepted") => DeliveryState::Accepted,
            Some("failed") => DeliveryState::Failed,
            Some(word) => messages::state(word).unwrap_or(DeliveryState::Sent),
            None => DeliveryState::Sent,
        }
    }

    /// What Kapso tells beside the message: where its file is, a template's name and text, and as the last resort
    /// the text that Kapso made of it.
    fn complete(&self, body: &mut Body) {
        let kind = string(self.m, "type").unwrap_or_default();
        let data = part(self.kapso, "message_type_data");
        if let Some(kind) = media_kind(kind, self.m) {
            if !matches!(body, Body::Media { .. }) {
                let caption = owned(data, "caption");
                *body = Body::Media { kind, media: MediaCard::default(), caption };
            }
            if let Body::Media { media, .. } = body {
                self.complete_media(media, data);
            }
            return;
        }
        let content = self.content();
        match body {
            Body::Template { name, language, text, .. } => {
                self.complete_template(name, language, text, content);
            }
            Body::Unknown { kind: shown, text } if kind == "template" => {
                let (mut name, mut language, mut words) = (String::new(), String::new(), text.clone());
                self.complete_template(&mut name, &mut language, &mut words, content);
                if name.is_empty() {
                    *text = words;
                    shown.clone_from(&kind.to_owned());
                } else {
                    *body = Body::Template {
                        name,
                        language,
                        header: String::new(),
                        text: words,
                        footer: String::new(),
                        buttons: Vec::new(),
                    };
                }
            }
            Body::Unknown { kind: shown, text } if text.is_empty() => {
                if let Some(content) = content {
                    if matches!(shown.as_str(), "text" | "") {
                        *body = Body::text(content);
                    } else {
                        content.clone_into(text);
                    }
                }
            }
            _ => {}
        }
    }

    fn complete_media(&self, media: &mut MediaCard, data: &Value) {
        let stored = part(self.kapso, "media_data");
        if media.link.is_none() {
            // Kapso's own copy needs no key; the addresses of Meta's end after minutes.
            let link = string(self.kapso, "media_url").or_else(|| string(stored, "url"));
            media.link = link.map(str::to_owned);
        }
        if media.mime.is_empty() {
            media.mime = string(stored, "content_type")
                .or_else(|| string(data, "mime_type"))
                .unwrap_or_default()
                .into();
        }
        if media.filename.is_none() {
            // The copy of a picture has a name that nobody gave it: only a document's is somebody's.
            let named = self.m.get("document").is_some() || string(self.m, "type") == Some("document");
            let name = string(data, "filename").or_else(|| string(stored, "filename").filter(|_| named));
            media.filename = name.map(|n| first_chars(n, NAME_MAX).to_owned());
        }
        if media.size.is_none() {
            media.size = integer(stored, "byte_size").and_then(|n| u64::try_from(n).ok());
        }
        if media.id.is_none() {
            media.id = id(data, "media_id").or_else(|| id(data, "id"));
        }
    }

    fn complete_template(
        &self,
        name: &mut String,
        language: &mut String,
        text: &mut String,
        content: Option<&str>,
    ) {
        let data = part(self.kapso, "message_type_data");
        if name.is_empty() {
            *name = string(data, "name").or_else(|| string(data, "template_name")).unwrap_or_default().into();
        }
        if language.is_empty() {
            let code = match data.get("language") {
                Some(Value::String(code)) => code.clone(),
                Some(object) => owned(object, "code"),
                None => String::new(),
            };
            *language = crate::provider::meta::templates::language(&code);
        }
        // Lists hold the text as the customer sees it; a webhook's text may only name the template.
        let rendered = content.filter(|c| !is_marker(c, name));
        if let Some(rendered) = rendered {
            rendered.clone_into(text);
        } else if text.is_empty() {
            *text = parameters(part(data, "params")).join(" · ");
        }
    }

    /// The text that Kapso made of it.
    fn content(&self) -> Option<&'a str> {
        let content = self.kapso.get("content")?;
        content
            .as_str()
            .or_else(|| string(content, "text"))
            .or_else(|| string(content, "body"))
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .map(|c| first_chars(c, TEXT_MAX))
    }

    /// Every status that Kapso kept of a message of ours, oldest first.
    pub fn statuses(&self) -> Vec<StatusUpdate> {
        let kept = part(self.kapso, "statuses");
        if !kept.is_array() {
            return Vec::new();
        }
        let mut batch = WebhookBatch::default();
        let mut sink = Sink {
            batch: &mut batch,
            route: Route::default(),
            field: "statuses",
            at: seconds(self.m, "timestamp"),
        };
        messages::statuses(&mut sink, &People::new(&NULL, 0), &json!({ "statuses": kept }));
        let own = id(self.m, "id");
        let mut out: Vec<StatusUpdate> = batch
            .changes
            .into_iter()
            .filter_map(|r| match r.change {
                // A status names its message; one of another is not this one's.
                Change::Status(s) if own.as_ref() == Some(&s.provider_id) => Some(*s),
                _ => None,
            })
            .collect();
        for s in &mut out {
            // Numbers come with and without a plus.
            for i in &mut s.recipient {
                if i.kind == IdentityKind::Phone {
                    i.value = digits(&i.value);
                }
            }
        }
        out.sort_by_key(|s| (s.at, s.state));
        out
    }

    /// The statuses, with the state that Kapso names itself where none of them does. `at` is its time, where it has
    /// none.
    pub fn all_statuses(&self, at: Millis) -> Vec<StatusUpdate> {
        let mut out = self.statuses();
        let word = self.word().unwrap_or_default();
        let state = messages::state(&word).filter(|s| *s != DeliveryState::Accepted);
        let Some(state) = state.filter(|s| out.iter().all(|o| o.state != Some(*s))) else { return out };
        // What is further along says more than the word.
        if out.iter().any(|o| o.state.is_some_and(|o| o > state && o != DeliveryState::Failed)) {
            return out;
        }
        let Some(provider_id) = id(self.m, "id") else { return out };
        let last = out.last().map_or(at, |s| s.at.max(at));
        let error = (state == DeliveryState::Failed).then(|| self.error());
        out.push(StatusUpdate {
            provider_id,
            opaque: string(self.m, "biz_opaque_callback_data").map(str::to_owned),
            state: Some(state),
            word,
            at: last,
            recipient: Vec::new(),
            error,
            category: None,
            free_until: None,
        });
        out
    }

    /// Why a message failed of which no status tells it.
    fn error(&self) -> crate::model::delivery::DeliveryError {
        let error = list(self.kapso, "errors").first().or_else(|| list(self.m, "errors").first());
        let error = error.or_else(|| self.kapso.get("error").filter(|e| e.is_object()));
        error.map_or_else(
            || {
                errors::plain_error(
                    "the provider reports that it failed and gives no reason",
                    "The provider could not deliver it.",
                    "send it again, or reach the customer another way",
                )
            },
            errors::from_object,
        )
    }
}

fn media_kind(kind: &str, m: &Value) -> Option<MediaKind> {
    Some(match kind {
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" if m.pointer("/audio/voice").and_then(Value::as_bool) == Some(true) => MediaKind::Voice,
        "audio" => MediaKind::Audio,
        "voice" => MediaKind::Voice,
        "document" => MediaKind::Document,
        "sticker" => MediaKind::Sticker,
        _ => return None,
    })
}

/// Whether a text only says which template was sent.
fn is_marker(content: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let rest = content.to_lowercase().replace(&name.to_lowercase(), "");
    content.to_lowercase().contains(&name.to_lowercase())
        && (rest.contains("template") || rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty())
}

/// The values of a template, however they are written.
fn parameters(v: &Value) -> Vec<String> {
    let one = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Object(_) => string(v, "text").or_else(|| string(v, "value")).map(str::to_owned),
        _ => None,
    };
    match v {
        Value::Array(items) => items.iter().filter_map(one).take(PARAMETERS).collect(),
        Value::Object(fields) => fields.values().filter_map(one).take(PARAMETERS).collect(),
        _ => Vec::new(),
    }
}

/// Whether it is a name, and not only the number again.
fn is_name(text: &str) -> bool {
    !text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-().".contains(c))
}

/// A person with these ids; `None` when none of them is a key to anybody.
pub fn person(
    phone: Option<String>,
    user: Option<&str>,
    parent: Option<&str>,
    username: Option<&str>,
    name: &str,
) -> Option<Peer> {
    let username = username.map(|u| u.trim_start_matches('@')).filter(|u| !u.is_empty());
    let identities: Vec<Identity> = [
        (IdentityKind::Bsuid, user.map(str::to_owned)),
        (IdentityKind::Phone, phone),
        (IdentityKind::ParentBsuid, parent.map(str::to_owned)),
        (IdentityKind::Username, username.map(str::to_owned)),
    ]
    .into_iter()
    .filter_map(|(kind, value)| {
        Some(Identity { kind, value: value.filter(|v| !v.is_empty() && v.len() <= ID_MAX)? })
    })
    .collect();
    if identities.iter().all(|i| i.kind == IdentityKind::Username) {
        return None;
    }
    Some(Peer { identities, profile_name: first_chars(name, NAME_MAX).to_owned() })
}

/// The person of a conversation or a contact.
pub fn peer_of(v: &Value) -> Option<Peer> {
    let number = phone(v, "wa_id").or_else(|| phone(v, "phone_number"));
    let names = [
        string(v, "profile_name"),
        string(part(v, "kapso"), "contact_name"),
        string(v, "contact_name"),
        string(v, "display_name"),
    ];
    let name = names.into_iter().flatten().find(|n| is_name(n)).unwrap_or_default();
    person(
        number,
        string(v, "business_scoped_user_id"),
        string(v, "parent_business_scoped_user_id"),
        string(v, "username"),
        name,
    )
}
