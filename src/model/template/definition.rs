//! A template as its author writes it, before and after the provider has seen it.
//!
//! [`Definition`] is the one thing that the form, the JSON editor and a file on disk show. What this version has no field
//! for is kept in `extra` and `others`, so that nothing is lost on the way through.

use super::{ParameterFormat, Template, variables};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Examples by variable name (`1`, `first_name`).
pub type Examples = BTreeMap<String, String>;

/// The header of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// `text`, `image`, `video`, `document`, `location`, `gif`, `product`, or another word, lower case.
    pub format: String,
    /// Text of a text header, with its variable.
    pub text: String,
    /// Examples of the text's variables.
    pub examples: Examples,
    /// Of a media header: the handle that an upload gave, or the address under which the provider shows its copy.
    pub sample: String,
    /// What has no field here.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// The body of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BodyPart {
    /// The text with its variables; empty for authentication templates, whose text is the provider's.
    pub text: String,
    /// Examples of its variables.
    pub examples: Examples,
    /// Of authentication templates: adds "For your security, do not share this code".
    pub security: Option<bool>,
    /// What has no field here.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// The footer of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Footer {
    /// The text.
    pub text: String,
    /// Of authentication templates: after how many minutes the code ends.
    pub expires_minutes: Option<i64>,
    /// What has no field here.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// A button of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Button {
    /// `quick_reply`, `url`, `phone_number`, `copy_code`, `flow`, `otp`, `catalog`, `mpm`, … lower case.
    pub kind: String,
    /// Caption.
    pub text: String,
    /// The address with its variable, or the phone number.
    pub target: String,
    /// Example for the variable of the address, or for the code.
    pub example: String,
    /// The rest: `flow_id`, `otp_type`, `supported_apps`, …, as the wire names it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// A template as its author writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Definition {
    /// Name.
    pub name: String,
    /// Language code (`en_GB`).
    pub language: String,
    /// `UTILITY`, `MARKETING`, `AUTHENTICATION`.
    pub category: String,
    /// How variables are written.
    pub format: ParameterFormat,
    /// Header, if any.
    pub header: Option<Header>,
    /// Body.
    pub body: BodyPart,
    /// Footer, if any.
    pub footer: Option<Footer>,
    /// Buttons, in their order.
    pub buttons: Vec<Button>,
    /// For how long delivery is tried, in seconds; `None` = the provider's own.
    pub ttl: Option<i64>,
    /// Components of other kinds (`CAROUSEL`, `LIMITED_TIME_OFFER`, …), as they are on the wire.
    pub others: Vec<Value>,
    /// Other members beside the components (`cta_url_link_tracking_opted_out`, …).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Definition {
    /// Whether this is a template for login codes, which has rules of its own.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.category.eq_ignore_ascii_case("AUTHENTICATION")
    }

    /// What the provider's copy says, to be looked at, changed or copied.
    #[must_use]
    pub fn of(template: &Template) -> Self {
        let mut d = if template.components.is_empty() {
            Self::of_shown(template)
        } else {
            super::components::read_lenient(&template.components, template.format)
        };
        d.name.clone_from(&template.name);
        d.language.clone_from(&template.language);
        d.category.clone_from(&template.category);
        d.format = template.format;
        d.ttl = template.ttl;
        if d.is_authentication() {
            d.forget_given_texts();
        }
        d
    }

    /// Takes the texts out of a template for login codes that the provider has put in, and does not take.
    fn forget_given_texts(&mut self) {
        self.body.text.clear();
        self.body.examples.clear();
        if let Some(f) = self.footer.as_mut().filter(|f| f.expires_minutes.is_some()) {
            f.text.clear();
        }
    }

    /// From a copy that was read before the components themselves were kept.
    fn of_shown(t: &Template) -> Self {
        Self {
            header: t.header.as_ref().map(|h| Header {
                format: h.format.clone(),
                text: h.text.clone(),
                examples: h.examples.clone(),
                ..Header::default()
            }),
            body: BodyPart { text: t.body.clone(), examples: t.body_examples.clone(), ..BodyPart::default() },
            footer: (!t.footer.is_empty()).then(|| Footer { text: t.footer.clone(), ..Footer::default() }),
            buttons: t
                .buttons
                .iter()
                .map(|b| Button {
                    kind: b.kind.clone(),
                    text: b.text.clone(),
                    target: b.target.clone(),
                    example: b.example.clone(),
                    ..Button::default()
                })
                .collect(),
            ..Self::default()
        }
    }

    /// The same for another language: texts stay to be translated.
    #[must_use]
    pub fn in_language(&self, language: &str) -> Self {
        Self { language: language.to_owned(), ..self.clone() }
    }

    /// The template that this will be once the provider has it, to be shown and filled in as one.
    #[must_use]
    pub fn as_template(&self) -> Template {
        let mut t = super::components::shown(&super::components::write(self), self.format);
        t.name.clone_from(&self.name);
        t.language.clone_from(&self.language);
        t.category.clone_from(&self.category);
        t.ttl = self.ttl;
        t
    }

    /// Values that show the examples, by field key: what a preview is filled with.
    #[must_use]
    pub fn example_values(&self) -> super::Values {
        let mut out = super::Values::new();
        if let Some(h) = &self.header {
            for v in variables(&h.text) {
                if let Some(e) = h.examples.get(&v) {
                    out.insert(format!("header.{v}"), e.clone());
                }
            }
        }
        for v in variables(&self.body.text) {
            if let Some(e) = self.body.examples.get(&v) {
                out.insert(format!("body.{v}"), e.clone());
            }
        }
        for (i, b) in self.buttons.iter().enumerate() {
            if !b.example.is_empty() {
                out.insert(format!("button.{i}"), b.example_end().to_owned());
            }
        }
        out
    }
}

impl Button {
    /// The example of the variable alone: the provider takes and gives the whole link, too.
    #[must_use]
    pub fn example_end(&self) -> &str {
        let stem = self.target.split("{{").next().unwrap_or_default();
        if self.target.contains("{{") && !stem.is_empty() {
            self.example.strip_prefix(stem).unwrap_or(&self.example)
        } else {
            &self.example
        }
    }

    /// A member of the wire that has no field here, as text.
    #[must_use]
    pub fn other(&self, key: &str) -> &str {
        self.extra.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::{components, lint};
    use serde_json::json;

    #[test]
    fn what_the_provider_wrote_into_a_login_code_is_not_given_back() {
        let list = [
            json!({ "type": "BODY", "text": "*{{1}}* is your verification code.", "add_security_recommendation": true, "example": { "body_text": [["482913"]] } }),
            json!({ "type": "FOOTER", "text": "This code expires in 10 minutes.", "code_expiration_minutes": 10 }),
            json!({ "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code" }] }),
        ];
        let mut t = components::shown(&list, super::ParameterFormat::Positional);
        t.name = "login_code".into();
        t.language = "en".into();
        t.category = "AUTHENTICATION".into();
        let d = Definition::of(&t);
        assert_eq!(d.body, BodyPart { security: Some(true), ..BodyPart::default() });
        assert_eq!(d.footer, Some(Footer { expires_minutes: Some(10), ..Footer::default() }));
        assert!(lint::is_clean(&lint::lint(&d)), "{:?}", lint::lint(&d));
    }
}
