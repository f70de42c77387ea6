//! The steps: what they are called, what they ask for, and where that is found.

use super::super::field::Field;
use crate::protocol::account_facts::DEVELOPMENT;
use crate::protocol::wizard::{WizardStep, values};

/// A step on the screen: making the account, and those of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Account,
    Token,
    Number,
    AppSecret,
    VerifyToken,
    Register,
    Webhooks,
    Test,
}

impl Stage {
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Token,
        Self::Number,
        Self::AppSecret,
        Self::VerifyToken,
        Self::Register,
        Self::Webhooks,
        Self::Test,
    ];

    /// The engine's step.
    pub fn step(self) -> Option<WizardStep> {
        Some(match self {
            Self::Account => return None,
            Self::Token => WizardStep::Token,
            Self::Number => WizardStep::Number,
            Self::AppSecret => WizardStep::AppSecret,
            Self::VerifyToken => WizardStep::VerifyToken,
            Self::Register => WizardStep::Register,
            Self::Webhooks => WizardStep::Webhooks,
            Self::Test => WizardStep::Test,
        })
    }

    /// The next one, or the one before.
    pub fn beside(self, forward: bool) -> Option<Self> {
        let at = Self::ALL.iter().position(|s| *s == self)?;
        let at = if forward { at.checked_add(1) } else { at.checked_sub(1) }?;
        Self::ALL.get(at).copied()
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Token => "access token",
            Self::Number => "number",
            Self::AppSecret => "app secret",
            Self::VerifyToken => "verify token",
            Self::Register => "registration",
            Self::Webhooks => "webhooks",
            Self::Test => "test message",
        }
    }

    /// What it is for and where it is found.
    pub fn about(self) -> &'static str {
        match self {
            Self::Account => {
                "How it is called here. Development accounts are marked everywhere, and can be limited to some numbers. It is made when Meta \
                 has taken its token."
            }
            Self::Token => {
                "Meta Business Settings > Users > System users > Generate token, with whatsapp_business_messaging and \
                 whatsapp_business_management, ending never. It is looked at first; it is written into the engine's data folder, \
                 readable by the engine alone, and shown to nobody again."
            }
            Self::Number => {
                "developers.facebook.com > your app > WhatsApp > API Setup shows both ids. It is looked at whether the number is one of \
                 the business account."
            }
            Self::AppSecret => {
                "Your app > App settings > Basic > App secret > Show. Webhooks are signed with it. It is proven with Meta that it is the \
                 secret of the token's app."
            }
            Self::VerifyToken => {
                "Any word: Meta asks for it when it is told where webhooks go. Empty: one is made."
            }
            Self::Register => {
                "Whether the number can send and receive here. Where it is not registered yet, six digits register it: the PIN of its \
                 two-step verification, or a new one where it has none."
            }
            Self::Webhooks => {
                "Enter subscribes the app to the business account and points its webhooks at the address above; Meta calls it at once. h: \
                 the address and the verify token were entered by hand in the app's dashboard (WhatsApp > Configuration); only the call is waited for."
            }
            Self::Test => {
                "To whom, with the country code: your own phone. A text where it wrote today, else a template without variables."
            }
        }
    }
}

/// What is typed.
pub(super) enum Value {
    Text(Field),
    /// Shown as dots.
    Secret(Field),
    Choice(Vec<&'static str>, usize),
}

/// One field.
pub(super) struct Input {
    pub key: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub value: Value,
}

impl Input {
    fn text_of(key: &'static str, label: &'static str, hint: &'static str, text: &str) -> Self {
        Self { key, label, hint, value: Value::Text(Field::line(2_000).with(text)) }
    }

    fn secret(key: &'static str, label: &'static str, hint: &'static str) -> Self {
        Self { key, label, hint, value: Value::Secret(Field::line(16_000)) }
    }

    pub fn text(&self) -> String {
        match &self.value {
            Value::Text(field) | Value::Secret(field) => field.text().trim().to_owned(),
            Value::Choice(all, at) => all.get(*at).copied().unwrap_or_default().to_owned(),
        }
    }

    pub fn set(&mut self, text: &str) {
        match &mut self.value {
            Value::Text(field) | Value::Secret(field) => field.set(text),
            Value::Choice(all, at) => *at = all.iter().position(|a| *a == text).unwrap_or(0),
        }
    }
}

/// The fields of a step.
pub(super) fn inputs(stage: Stage, base: &str) -> Vec<Input> {
    match stage {
        Stage::Account => vec![
            Input::text_of("name", "Name", "as people see it: Shop Lisboa", ""),
            Input::text_of("id", "Id", "made of the name: a-z, 0-9 and -", ""),
            Input {
                key: "environment",
                label: "For",
                hint: "",
                value: Value::Choice(vec!["production", DEVELOPMENT], 0),
            },
            Input::text_of("api_base", "API address", "https://graph.facebook.com", base),
        ],
        Stage::Token => vec![Input::secret("access_token", "Access token", "not shown")],
        Stage::Number => vec![
            Input::text_of(values::NUMBER, "Phone number ID", "digits, not the number itself", ""),
            Input::text_of(values::BUSINESS, "WhatsApp Business Account ID", "digits", ""),
        ],
        Stage::AppSecret => vec![Input::secret("app_secret", "App secret", "not shown")],
        Stage::VerifyToken => {
            vec![Input::secret("verify_token", "Verify token", "not shown; empty: one is made")]
        }
        Stage::Register => vec![Input::secret("pin", "PIN", "six digits, where it is asked for; not shown")],
        Stage::Webhooks => Vec::new(),
        Stage::Test => vec![Input::text_of(values::TEST_TO, "To", "+351 912 345 678", "")],
    }
}
