//! Templates: message forms approved by the provider, their variables, and filling them in.
//!
//! The key of a template is (business account, name, language). Values are checked here, before anything is
//! stored; the provider's rules for parameters are those of the Cloud API documentation.

pub mod act;
pub mod components;
pub mod definition;
pub mod files;
pub mod library;
pub mod lint;
pub mod local;
pub mod models;

use super::ids::AccountId;
use super::media::StoredFile;
use super::message::{Body, MediaKind, ShownButton};
use super::outgoing::FieldProblem;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest body after filling in, in characters.
pub const BODY_MAX: usize = 1024;
/// Longest header text after filling in, in characters.
pub const HEADER_MAX: usize = 60;
/// Longest payload of a quick-reply button, in characters.
pub const PAYLOAD_MAX: usize = 128;
/// Longest coupon code, in characters.
pub const COUPON_MAX: usize = 20;

/// Longest login code, in characters.
pub const LOGIN_CODE_MAX: usize = 15;
/// What a flow gets where nobody gave a token.
const NO_FLOW_TOKEN: &str = "unused";

/// How variables are written: `{{1}}` or `{{first_name}}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterFormat {
    /// By position, from 1.
    #[default]
    Positional,
    /// By name.
    Named,
}

/// The header of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateHeader {
    /// `text`, `image`, `video`, `document`, `location`, or another word of the provider's, lower case.
    pub format: String,
    /// The text with its variable.
    pub text: String,
    /// Examples by variable name (`1`, `ticket`).
    pub examples: BTreeMap<String, String>,
}

/// A button of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateButton {
    /// `quick_reply`, `url`, `phone_number`, `copy_code`, `otp`, `flow`, … lower case.
    pub kind: String,
    /// Caption.
    pub text: String,
    /// URL with its variable, or phone number.
    pub target: String,
    /// Example for the variable.
    pub example: String,
}

/// A template as the provider lists it.
///
/// The words are Meta's; other providers' fit in. Twilio keeps a content (its SID is `provider_id`) and asks for its approval
/// apart: the state of that request is `status` (`received` and `pending` are PENDING, `unsubmitted` stays as it is), what it
/// says is `rejected_reason`, and handing one in is both calls in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// The provider's id.
    pub provider_id: String,
    /// Name.
    pub name: String,
    /// Language code (`en_GB`).
    pub language: String,
    /// Category word (`UTILITY`, `MARKETING`, `AUTHENTICATION`).
    pub category: String,
    /// Status word; only `APPROVED` may be sent.
    pub status: String,
    /// Quality word (`GREEN`, `YELLOW`, `RED`, `UNKNOWN`), empty when not given.
    pub quality: String,
    /// Why it was rejected; empty or `NONE` otherwise.
    pub rejected_reason: String,
    /// How variables are written.
    pub format: ParameterFormat,
    /// Header, if any.
    pub header: Option<TemplateHeader>,
    /// Body with its variables.
    pub body: String,
    /// Examples by variable name.
    pub body_examples: BTreeMap<String, String>,
    /// Footer.
    pub footer: String,
    /// Buttons.
    pub buttons: Vec<TemplateButton>,
    /// Component types that this version cannot fill in (`carousel`, `limited_time_offer`, …).
    pub unsupported: Vec<String>,
    /// When this was read from the provider.
    pub synced_at: Millis,
    /// The components as the provider gave them; empty in copies of older versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<serde_json::Value>,
    /// The category that it had before; empty when it was never moved.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub previous_category: String,
    /// The category that it is going to have; empty when no move was announced.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub coming_category: String,
    /// For how long delivery is tried, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    /// The template of the provider's library that it was made from; empty for own ones.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub library: String,
}

/// One value that a template needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateField {
    /// The key in the values map and the field name in errors: `header.1`, `header.link`, `body.first_name`,
    /// `button.0`.
    pub key: String,
    /// What to call it on a form.
    pub label: String,
    /// The example that came with the template.
    pub example: String,
    /// Whether sending is refused without it.
    pub required: bool,
}

/// A parameter as the wire wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name, for templates with named variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value.
    pub text: String,
}

/// A component of a template send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "component", rename_all = "snake_case")]
pub enum SendComponent {
    /// Values of a text header.
    HeaderText {
        /// The values.
        parameters: Vec<Parameter>,
    },
    /// A media header, by link.
    HeaderMedia {
        /// `image`, `video` or `document`.
        kind: String,
        /// Where the provider fetches it.
        link: String,
        /// Shown name of a document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
    },
    /// A media header, with a file of ours that the provider is handed before.
    HeaderFile {
        /// `image`, `video` or `document`.
        kind: String,
        /// Which file; the name is what a document is shown as.
        file: StoredFile,
    },
    /// A location header.
    HeaderLocation {
        /// Degrees north.
        latitude: String,
        /// Degrees east.
        longitude: String,
        /// Name.
        name: String,
        /// Address.
        address: String,
    },
    /// Values of the body.
    Body {
        /// The values.
        parameters: Vec<Parameter>,
    },
    /// The value of a button.
    Button {
        /// Counts from 0 over all buttons.
        index: u32,
        /// `quick_reply`, `url` or `copy_code`.
        sub_type: String,
        /// Payload, URL suffix or code.
        value: String,
    },
}

/// A template send, ready for a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSend {
    /// Name.
    pub name: String,
    /// Language code.
    pub language: String,
    /// Components that have values.
    pub components: Vec<SendComponent>,
}

/// Whether it is one of those that the provider gives to try things out.
#[must_use]
pub fn is_sample(name: &str) -> bool {
    name == "hello_world" || name.starts_with("sample_")
}

/// Values by field key.
pub type Values = BTreeMap<String, String>;

/// The variables of a text in order of first appearance: `{{1}}`, `{{ first_name }}`.
#[must_use]
pub fn variables(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let after = &rest[start + 2..];
        let Some(end) = after.find("}}") else { break };
        let name = after[..end].trim();
        if !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !out.iter().any(|o| o == name)
        {
            out.push(name.to_owned());
        }
        rest = &after[end + 2..];
    }
    out
}

/// Fills variables in; a variable without a value stays as it is written.
#[must_use]
pub fn substitute(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let after = &rest[start + 2..];
        let Some(end) = after.find("}}") else { break };
        out.push_str(&rest[..start]);
        match value(after[..end].trim()) {
            Some(v) => out.push_str(&v),
            None => out.push_str(&rest[start..start + 2 + end + 2]),
        }
        rest = &after[end + 2..];
    }
    out.push_str(rest);
    out
}

impl Template {
    /// Whether the provider takes it now.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.status.eq_ignore_ascii_case("APPROVED") && self.unsupported.is_empty()
    }

    /// Why it cannot be sent, in a sentence; `None` when it can.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if !self.status.eq_ignore_ascii_case("APPROVED") {
            return Some(format!("the template is {}, only APPROVED ones may be sent", self.status));
        }
        if !self.unsupported.is_empty() {
            return Some(format!("this version cannot fill in: {}", self.unsupported.join(", ")));
        }
        None
    }

    /// Whether it carries a login code: its text is the provider's, and the code goes into text and button.
    #[must_use]
    pub fn is_login_code(&self) -> bool {
        self.category.eq_ignore_ascii_case("AUTHENTICATION")
    }

    /// Whether the header shows a picture, a video or a document.
    #[must_use]
    pub fn has_media_header(&self) -> bool {
        self.header.as_ref().is_some_and(|h| matches!(h.format.as_str(), "image" | "video" | "document"))
    }

    /// Whether a file may stand in the header.
    fn check_file(&self, file: &StoredFile, values: &Values) -> Result<(), FieldProblem> {
        let Some(h) = self.header.as_ref().filter(|_| self.has_media_header()) else {
            return Err(FieldProblem::new("file", "this template has no place for a file"));
        };
        if values.get("header.link").is_some_and(|v| !v.is_empty()) {
            return Err(FieldProblem::new("file", "a link is given, too: only one of them can be shown"));
        }
        let fits = match h.format.as_str() {
            "image" => MediaKind::Image,
            "video" => MediaKind::Video,
            _ => MediaKind::Document,
        };
        if file.kind() != fits {
            return Err(FieldProblem::new(
                "file",
                format!("is {}: the header shows {} files", file.facts.mime, h.format),
            ));
        }
        super::outgoing::Outgoing::file(file.clone(), "")
            .check()
            .map_err(|p| FieldProblem::new("file", p.problem))
    }

    fn order(&self, text: &str) -> Vec<String> {
        let mut names = variables(text);
        if self.format == ParameterFormat::Positional {
            names.sort_by_key(|n| n.parse::<u32>().unwrap_or(u32::MAX));
        }
        names
    }

    /// Every value it needs, in the order of the form.
    #[must_use]
    pub fn fields(&self) -> Vec<TemplateField> {
        let mut out = Vec::new();
        let field = |key: String, label: String, example: &str| TemplateField {
            key,
            label,
            example: example.to_owned(),
            required: true,
        };
        if let Some(h) = &self.header {
            match h.format.as_str() {
                "text" => {
                    for v in self.order(&h.text) {
                        let ex = h.examples.get(&v).map_or("", String::as_str);
                        out.push(field(format!("header.{v}"), format!("header {{{{{v}}}}}"), ex));
                    }
                }
                "image" | "video" | "document" => {
                    out.push(field("header.link".into(), format!("{} link", h.format), ""));
                    if h.format == "document" {
                        out.push(TemplateField {
                            required: false,
                            ..field("header.filename".into(), "file name".into(), "")
                        });
                    }
                }
                "location" => {
                    for part in ["latitude", "longitude", "name", "address"] {
                        out.push(field(format!("header.{part}"), format!("place: {part}"), ""));
                    }
                }
                _ => {}
            }
        }
        let code = self.is_login_code();
        if code {
            out.push(field(
                "body.1".into(),
                "code".into(),
                self.body_examples.get("1").map_or("", String::as_str),
            ));
        }
        for v in self.order(&self.body).into_iter().filter(|_| !code) {
            let ex = self.body_examples.get(&v).map_or("", String::as_str);
            out.push(field(format!("body.{v}"), format!("{{{{{v}}}}}"), ex));
        }
        for (i, b) in self.buttons.iter().enumerate() {
            match b.kind.as_str() {
                // The code goes into its button by itself.
                "url" | "otp" if code => {}
                "flow" => out.push(TemplateField {
                    required: false,
                    ..field(format!("button.{i}"), format!("token of “{}”", b.text), "")
                }),
                "url" if !variables(&b.target).is_empty() => {
                    out.push(field(format!("button.{i}"), format!("link end of “{}”", b.text), &b.example));
                }
                "copy_code" => out.push(field(format!("button.{i}"), "code to copy".into(), &b.example)),
                "quick_reply" => out.push(TemplateField {
                    required: false,
                    ..field(format!("button.{i}"), format!("payload of “{}”", b.text), "")
                }),
                _ => {}
            }
        }
        out
    }

    /// What the customer will see, with the values that are there and the variables that are not.
    #[must_use]
    pub fn preview(&self, values: &Values) -> Body {
        let get = |key: String| values.get(&key).filter(|v| !v.is_empty()).cloned();
        let header = match &self.header {
            None => String::new(),
            Some(h) if h.format == "text" => substitute(&h.text, |v| get(format!("header.{v}"))),
            Some(h) if h.format == "location" => {
                let name = get("header.name".into()).unwrap_or_default();
                format!("[location] {name}").trim_end().to_owned()
            }
            Some(h) => {
                let what =
                    get("header.filename".into()).or_else(|| get("header.link".into())).unwrap_or_default();
                format!("[{}] {what}", h.format).trim_end().to_owned()
            }
        };
        Body::Template {
            name: self.name.clone(),
            language: self.language.clone(),
            header,
            text: substitute(&self.body, |v| get(format!("body.{v}"))),
            footer: self.footer.clone(),
            buttons: self
                .buttons
                .iter()
                .enumerate()
                .map(|(i, b)| ShownButton {
                    kind: b.kind.clone(),
                    text: b.text.clone(),
                    target: match b.kind.as_str() {
                        "url" => Some(substitute(&b.target, |_| get(format!("button.{i}")))),
                        "quick_reply" | "copy_code" => get(format!("button.{i}")),
                        _ => (!b.target.is_empty()).then(|| b.target.clone()),
                    },
                })
                .collect(),
        }
    }

    /// Checks the values and builds the send. The first problem found is named by its field.
    pub fn fill(&self, values: &Values) -> Result<(TemplateSend, Body), FieldProblem> {
        self.fill_with(values, None)
    }

    /// The same with a file of ours for the header.
    pub fn fill_with(
        &self,
        values: &Values,
        file: Option<&StoredFile>,
    ) -> Result<(TemplateSend, Body), FieldProblem> {
        if let Some(why) = self.refusal() {
            return Err(FieldProblem::new("template", why));
        }
        let fields = self.fields();
        for key in values.keys() {
            if !fields.iter().any(|f| f.key == *key) {
                let known: Vec<&str> = fields.iter().map(|f| f.key.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(FieldProblem::new(
                    key,
                    format!("this template has no such value; it has: {known}"),
                ));
            }
        }
        if let Some(file) = file {
            self.check_file(file, values)?;
        }
        for f in &fields {
            let v = values.get(&f.key).map_or("", String::as_str);
            if v.trim().is_empty() {
                if f.required && !(file.is_some() && f.key == "header.link") {
                    return Err(FieldProblem::new(&f.key, "a value is missing"));
                }
                continue;
            }
            if f.key.starts_with("body.") || f.key.starts_with("header.") {
                if v.contains(['\n', '\t', '\r']) {
                    return Err(FieldProblem::new(&f.key, "must not contain line breaks or tabs"));
                }
                if v.contains("     ") {
                    return Err(FieldProblem::new(&f.key, "must not contain more than four spaces in a row"));
                }
            }
            if f.key == "header.link" && !(v.starts_with("https://") || v.starts_with("http://")) {
                return Err(FieldProblem::new(&f.key, "must be a link starting with https://"));
            }
        }
        let get = |key: &str| values.get(key).map_or("", String::as_str);
        let named = self.format == ParameterFormat::Named;
        let parameters = |part: &str, text: &str| -> Vec<Parameter> {
            self.order(text)
                .into_iter()
                .map(|v| Parameter { text: get(&format!("{part}.{v}")).to_owned(), name: named.then_some(v) })
                .collect()
        };
        let mut components = Vec::new();
        if let Some(h) = &self.header {
            match h.format.as_str() {
                "text" => {
                    let p = parameters("header", &h.text);
                    if !p.is_empty() {
                        components.push(SendComponent::HeaderText { parameters: p });
                    }
                }
                "image" | "video" | "document" => {
                    let filename = values.get("header.filename").filter(|v| !v.is_empty()).cloned();
                    components.push(match file {
                        Some(file) => SendComponent::HeaderFile {
                            kind: h.format.clone(),
                            file: StoredFile {
                                name: filename.unwrap_or_else(|| file.name.clone()),
                                ..file.clone()
                            },
                        },
                        None => SendComponent::HeaderMedia {
                            kind: h.format.clone(),
                            link: get("header.link").to_owned(),
                            filename,
                        },
                    });
                }
                "location" => {
                    for (key, max) in [("header.latitude", 90.0), ("header.longitude", 180.0)] {
                        if !get(key).trim().parse::<f64>().is_ok_and(|n: f64| n.abs() <= max) {
                            return Err(FieldProblem::new(
                                key,
                                format!("must be degrees between -{max} and {max}"),
                            ));
                        }
                    }
                    components.push(SendComponent::HeaderLocation {
                        latitude: get("header.latitude").trim().to_owned(),
                        longitude: get("header.longitude").trim().to_owned(),
                        name: get("header.name").to_owned(),
                        address: get("header.address").to_owned(),
                    });
                }
                other => {
                    return Err(FieldProblem::new(
                        "header",
                        format!("this version cannot fill a {other} header"),
                    ));
                }
            }
        }
        let p = if self.is_login_code() {
            vec![Parameter { text: get("body.1").to_owned(), name: None }]
        } else {
            parameters("body", &self.body)
        };
        if !p.is_empty() {
            components.push(SendComponent::Body { parameters: p });
        }
        if self.is_login_code() {
            let n = get("body.1").chars().count();
            if n > LOGIN_CODE_MAX {
                return Err(FieldProblem::new(
                    "body.1",
                    format!("has {n} characters, {LOGIN_CODE_MAX} are allowed"),
                ));
            }
            let has_code =
                |b: &TemplateButton| b.kind == "otp" || (b.kind == "url" && !variables(&b.target).is_empty());
            if let Some(i) = self.buttons.iter().position(has_code) {
                components.push(SendComponent::Button {
                    index: i as u32,
                    sub_type: "url".into(),
                    value: get("body.1").to_owned(),
                });
            }
        }
        for (i, b) in self.buttons.iter().enumerate() {
            let key = format!("button.{i}");
            let value = match (b.kind.as_str(), get(&key)) {
                ("flow", "") => NO_FLOW_TOKEN,
                (_, value) => value,
            };
            if value.is_empty() || !fields.iter().any(|f| f.key == key) {
                continue;
            }
            let max = match b.kind.as_str() {
                "copy_code" => COUPON_MAX,
                "quick_reply" => PAYLOAD_MAX,
                _ => 2000,
            };
            if value.chars().count() > max {
                return Err(FieldProblem::new(&key, format!("at most {max} characters are allowed")));
            }
            components.push(SendComponent::Button {
                index: i as u32,
                sub_type: b.kind.clone(),
                value: value.to_owned(),
            });
        }
        let mut shown = self.preview(values);
        if let (Body::Template { header, .. }, Some(file), Some(h)) = (&mut shown, file, &self.header) {
            let name = values.get("header.filename").filter(|v| !v.is_empty()).unwrap_or(&file.name);
            *header = format!("[{}] {name}", h.format);
        }
        if let Body::Template { header, text, .. } = &shown {
            let n = text.chars().count();
            if n > BODY_MAX {
                return Err(FieldProblem::new(
                    "body",
                    format!("has {n} characters when filled in, {BODY_MAX} are allowed"),
                ));
            }
            let is_text = self.header.as_ref().is_some_and(|h| h.format == "text");
            let n = header.chars().count();
            if is_text && n > HEADER_MAX {
                return Err(FieldProblem::new(
                    "header",
                    format!("has {n} characters when filled in, {HEADER_MAX} are allowed"),
                ));
            }
        }
        let send = TemplateSend { name: self.name.clone(), language: self.language.clone(), components };
        Ok((send, shown))
    }
}

/// A template list belongs to a business account; several accounts may share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateKey {
    /// The account it is sent from.
    pub account: AccountId,
    /// Name.
    pub name: String,
    /// Language code.
    pub language: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(list: &[(&str, &str)]) -> Values {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn repair() -> Template {
        Template {
            name: "repair_ready".into(),
            language: "en_GB".into(),
            status: "APPROVED".into(),
            header: Some(TemplateHeader {
                format: "text".into(),
                text: "Ticket {{1}}".into(),
                ..TemplateHeader::default()
            }),
            body: "Hello {{2}}, ticket {{1}} is ready.".into(),
            buttons: vec![
                TemplateButton {
                    kind: "quick_reply".into(),
                    text: "Thanks".into(),
                    ..TemplateButton::default()
                },
                TemplateButton {
                    kind: "url".into(),
                    text: "Details".into(),
                    target: "https://n.example/t/{{1}}".into(),
                    ..TemplateButton::default()
                },
            ],
            ..Template::default()
        }
    }

    #[test]
    fn positional_parameters_go_by_number_not_by_appearance() {
        let v =
            values(&[("header.1", "8812"), ("body.1", "8812"), ("body.2", "Amara"), ("button.1", "8812")]);
        let (send, shown) = repair().fill(&v).unwrap();
        assert_eq!(
            send.components[1],
            SendComponent::Body {
                parameters: vec![
                    Parameter { name: None, text: "8812".into() },
                    Parameter { name: None, text: "Amara".into() }
                ]
            }
        );
        assert_eq!(
            send.components[2],
            SendComponent::Button { index: 1, sub_type: "url".into(), value: "8812".into() }
        );
        let Body::Template { text, header, .. } = shown else { panic!("not a template") };
        assert_eq!(text, "Hello Amara, ticket 8812 is ready.");
        assert_eq!(header, "Ticket 8812");
    }

    #[test]
    fn a_missing_or_wrong_value_names_its_field() {
        let t = repair();
        let e = t.fill(&values(&[("header.1", "8812"), ("body.1", "8812"), ("button.1", "8")])).unwrap_err();
        assert_eq!(e.field, "body.2");
        let e = t
            .fill(&values(&[("header.1", "a\nb"), ("body.1", "x"), ("body.2", "y"), ("button.1", "8")]))
            .unwrap_err();
        assert_eq!(e.field, "header.1");
        let e = t.fill(&values(&[("body.9", "x")])).unwrap_err();
        assert_eq!(e.field, "body.9");
        let paused = Template { status: "PAUSED".into(), ..t };
        assert_eq!(paused.fill(&Values::new()).unwrap_err().field, "template");
    }

    #[test]
    fn named_parameters_carry_their_name() {
        let t = Template {
            format: ParameterFormat::Named,
            body: "Hello {{first_name}}, {{ticket}}.".into(),
            header: None,
            buttons: vec![],
            ..repair()
        };
        let (send, _) = t.fill(&values(&[("body.first_name", "Amara"), ("body.ticket", "8812")])).unwrap();
        let SendComponent::Body { parameters } = &send.components[0] else { panic!("no body") };
        assert_eq!(parameters[1], Parameter { name: Some("ticket".into()), text: "8812".into() });
    }

    #[test]
    fn values_are_data_and_never_variables() {
        let t = Template { body: "Hi {{1}} {{2}}.".into(), header: None, buttons: vec![], ..repair() };
        let (_, shown) = t.fill(&values(&[("body.1", "{{2}}"), ("body.2", "x")])).unwrap();
        assert_eq!(shown.plain_text(), "Hi {{2}} x.");
    }

    #[test]
    fn a_login_code_goes_into_text_and_button() {
        let t = Template {
            name: "login_code".into(),
            status: "APPROVED".into(),
            category: "AUTHENTICATION".into(),
            buttons: vec![TemplateButton {
                kind: "otp".into(),
                text: "Copy code".into(),
                ..TemplateButton::default()
            }],
            ..Template::default()
        };
        assert_eq!(t.fields().iter().map(|f| f.key.as_str()).collect::<Vec<_>>(), ["body.1"]);
        let (send, _) = t.fill(&values(&[("body.1", "481516")])).unwrap();
        assert_eq!(
            send.components,
            [
                SendComponent::Body { parameters: vec![Parameter { name: None, text: "481516".into() }] },
                SendComponent::Button { index: 0, sub_type: "url".into(), value: "481516".into() },
            ]
        );
        assert_eq!(t.fill(&values(&[])).unwrap_err().field, "body.1");
        assert_eq!(t.fill(&values(&[("body.1", "1234567890123456")])).unwrap_err().field, "body.1");
    }

    #[test]
    fn a_flow_gets_a_token_in_any_case() {
        let t = Template {
            status: "APPROVED".into(),
            category: "UTILITY".into(),
            body: "Book now.".into(),
            buttons: vec![TemplateButton {
                kind: "flow".into(),
                text: "Book".into(),
                ..TemplateButton::default()
            }],
            ..Template::default()
        };
        let token = |list: &[(&str, &str)]| match t.fill(&values(list)).unwrap().0.components.remove(0) {
            SendComponent::Button { sub_type, value, .. } => (sub_type, value),
            other => panic!("{other:?}"),
        };
        assert_eq!(token(&[]), ("flow".into(), "unused".into()));
        assert_eq!(token(&[("button.0", "order-17")]), ("flow".into(), "order-17".into()));
    }

    #[test]
    fn a_preview_keeps_open_variables_visible() {
        let Body::Template { text, .. } = repair().preview(&values(&[("body.2", "Amara")])) else { panic!() };
        assert_eq!(text, "Hello Amara, ticket {{1}} is ready.");
    }
}
