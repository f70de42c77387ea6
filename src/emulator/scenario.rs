//! What an emulator plays: the account, its numbers and templates, and the customers with their lines.
//!
//! Owns the TOML format of `assets/scenarios` and its checks. Knows nothing of the running state.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::EmulatorError;

/// Numbers that a Kapso project can connect beyond those with a name.
const SPARE: usize = 20;
const BUILTIN: &str = include_str!("../../assets/scenarios/demo.toml");

/// One account with everything that happens around it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The WhatsApp Business account.
    pub account: Account,
    /// Its numbers; at least one.
    pub numbers: Vec<Number>,
    /// The people who write.
    #[serde(default)]
    pub customers: Vec<Customer>,
    /// The templates that exist at the start.
    #[serde(default)]
    pub templates: Vec<Template>,
    /// The project of the stand-in for Kapso.
    #[serde(default)]
    pub kapso: Project,
}

/// The WhatsApp Business account and what it belongs to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// WABA id, decimal digits.
    pub id: String,
    /// Name of the account.
    pub name: String,
    /// Id of the business portfolio.
    pub business: String,
    /// Id of the app whose secret signs webhooks.
    pub app: String,
    /// Name of that app.
    pub app_name: String,
    /// ISO 3166 alpha-2.
    pub country: String,
}

/// A business number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Phone number id, decimal digits.
    pub id: String,
    /// Formatted for people: `+1 555-010-2030`.
    pub display: String,
    /// The approved display name.
    pub name: String,
    /// `LIVE`, or `SANDBOX`: sends only to the scenario's customers.
    #[serde(default = "live")]
    pub mode: String,
    /// `GREEN`, `YELLOW`, `RED`.
    #[serde(default = "green")]
    pub quality: String,
    /// Whether it is registered from the start; else it has no PIN either.
    #[serde(default = "yes")]
    pub registered: bool,
    /// The business profile: `about`, `address`, `websites` and so on.
    #[serde(default)]
    pub profile: serde_json::Map<String, Value>,
}

impl Number {
    /// The number as bare digits, as webhooks print it.
    pub fn digits(&self) -> String {
        self.display.chars().filter(char::is_ascii_digit).collect()
    }
}

/// A person who writes to the business.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Short name for the control API.
    pub key: String,
    /// Profile name; any script.
    pub name: String,
    /// Digits without `+`.
    pub phone: String,
    /// Business-scoped user id.
    pub bsuid: String,
    /// Public username without `@`.
    #[serde(default)]
    pub username: Option<String>,
    /// Whether webhooks leave the phone number out.
    #[serde(default)]
    pub hides_phone: bool,
    /// Other digits under which the same person is reached.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The number this person writes to.
    pub number: String,
    /// Sends fail with this code: 131047 spares templates, any other one spares nothing.
    #[serde(default)]
    pub fails_with: Option<i64>,
    /// Whether read receipts are on.
    #[serde(default = "yes")]
    pub reads: bool,
    /// What was written before the operator first looked.
    #[serde(default)]
    pub history: Vec<Line>,
    /// What is written by itself later.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// Answers to the operator, in turn.
    #[serde(default)]
    pub replies: Vec<Line>,
}

/// One message of a customer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// History: minutes before the play begins.
    #[serde(default)]
    pub ago: Option<i64>,
    /// Lines: seconds after the play began, at speed 1.
    #[serde(default)]
    pub after: Option<f64>,
    /// A text message.
    #[serde(default)]
    pub text: Option<String>,
    /// Any other message as the wire has it: `type` and the object of that name.
    #[serde(default)]
    pub message: Option<Value>,
    /// History: quotes the history line of this index, from 0.
    #[serde(default)]
    pub quote: Option<usize>,
    /// Replies: quotes the operator's message.
    #[serde(default)]
    pub quotes_operator: bool,
    /// A reaction: in history to the line `quote`, in replies to the operator's message.
    #[serde(default)]
    pub react: Option<String>,
    /// Marked as forwarded.
    #[serde(default)]
    pub forwarded: bool,
    /// History at a number of the Kapso project: written by the business.
    #[serde(default)]
    pub own: bool,
}

/// The project of the stand-in for Kapso.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its id, a UUID.
    #[serde(default = "project")]
    pub project: String,
    /// WABA id of its numbers.
    #[serde(default = "project_business")]
    pub business: String,
    /// Its numbers, in the order in which setup links connect them; some spare ones are added.
    #[serde(default)]
    pub numbers: Vec<Number>,
    /// Ids of the numbers that are connected from the start.
    #[serde(default)]
    pub connected: Vec<String>,
}

impl Default for Project {
    fn default() -> Self {
        Self { project: project(), business: project_business(), numbers: Vec::new(), connected: Vec::new() }
    }
}

impl Project {
    /// Adds numbers that setup links can connect when those with a name are used up.
    fn add_spare(&mut self) {
        for n in 0..SPARE {
            self.numbers.push(Number {
                id: format!("6490817720{n:05}"),
                display: format!("+1 555-010-3{n:03}"),
                name: format!("New number {}", n + 1),
                mode: live(),
                quality: green(),
                registered: true,
                profile: serde_json::Map::new(),
            });
        }
    }
}

/// A message template as the API keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Decimal digits.
    pub id: String,
    /// `[a-z0-9_]`, at most 512.
    pub name: String,
    /// Exact language code, such as `pt_BR`.
    pub language: String,
    /// `UTILITY`, `MARKETING`, `AUTHENTICATION`.
    pub category: String,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`.
    pub status: String,
    /// `POSITIONAL` or `NAMED`.
    #[serde(default = "positional")]
    pub parameter_format: String,
    /// `NONE`, or why it was rejected.
    #[serde(default = "none")]
    pub rejected_reason: String,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    #[serde(default = "unknown")]
    pub quality: String,
    /// When the quality was judged, Unix seconds.
    #[serde(default = "judged")]
    pub quality_date: i64,
    /// The components as the API prints them.
    pub components: Vec<Value>,
    /// The category that it had before.
    #[serde(default)]
    pub previous_category: String,
    /// The category that it will have.
    #[serde(default)]
    pub correct_category: String,
    /// For how long a message is tried to be delivered, in seconds.
    #[serde(default)]
    pub ttl: Option<i64>,
    /// Whether taps on links are not counted.
    #[serde(default)]
    pub link_tracking_opted_out: Option<bool>,
    /// The template of the library that it was made of.
    #[serde(default)]
    pub library: String,
    /// When it was edited while it was approved.
    #[serde(default)]
    pub edits: Vec<i64>,
    /// Whether the review that is under way is one of an edit.
    #[serde(default)]
    pub was_edited: bool,
    /// How often it was paused.
    #[serde(default)]
    pub pauses: usize,
}

impl Template {
    /// One that is in review, with no components yet.
    pub(super) fn new(name: String, language: String, category: String, format: String, now: i64) -> Self {
        Self {
            id: String::new(),
            name,
            language,
            category,
            status: "PENDING".into(),
            parameter_format: format,
            rejected_reason: none(),
            quality: unknown(),
            quality_date: now / 1000,
            components: Vec::new(),
            previous_category: String::new(),
            correct_category: String::new(),
            ttl: None,
            link_tracking_opted_out: None,
            library: String::new(),
            edits: Vec::new(),
            was_edited: false,
            pauses: 0,
        }
    }
}

fn project() -> String {
    "0d9c8b7a-6f5e-4d3c-8b2a-1f0e9d8c7b6a".into()
}
fn project_business() -> String {
    "220033440055".into()
}
fn live() -> String {
    "LIVE".into()
}
fn green() -> String {
    "GREEN".into()
}
fn positional() -> String {
    "POSITIONAL".into()
}
fn none() -> String {
    "NONE".into()
}
fn unknown() -> String {
    "UNKNOWN".into()
}
fn judged() -> i64 {
    1_794_536_000
}
fn yes() -> bool {
    true
}

impl Scenario {
    /// The demonstration: three numbers and one that nobody uses yet, a dozen customers in several scripts, templates in every state.
    ///
    /// # Errors
    /// [`EmulatorError::Scenario`] when the file in `assets/scenarios` was changed and is not valid.
    pub fn builtin() -> Result<Self, EmulatorError> {
        Self::parse("built-in", BUILTIN)
    }

    /// A scenario from a TOML file of the same format as `assets/scenarios/demo.toml`.
    ///
    /// # Errors
    /// [`EmulatorError::Scenario`] names the file, and the line where there is one.
    pub fn load(path: &Path) -> Result<Self, EmulatorError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| EmulatorError::Scenario { name: name.clone(), problem: e.to_string() })?;
        Self::parse(&name, &text)
    }

    /// A scenario from TOML text; `name` is used in errors.
    ///
    /// # Errors
    /// [`EmulatorError::Scenario`] for TOML that does not parse and for references that lead nowhere.
    pub fn parse(name: &str, text: &str) -> Result<Self, EmulatorError> {
        let bad = |problem: String| EmulatorError::Scenario { name: name.to_owned(), problem };
        let mut scenario: Self = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        scenario.kapso.add_spare();
        scenario.check().map_err(bad)?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        if self.numbers.is_empty() {
            return Err("there is no number; add at least one [[numbers]]".into());
        }
        let mut ids = BTreeSet::new();
        for id in std::iter::once(&self.account.id)
            .chain(self.numbers.iter().map(|n| &n.id))
            .chain(self.templates.iter().map(|t| &t.id))
            .chain(std::iter::once(&self.kapso.business))
            .chain(self.kapso.numbers.iter().map(|n| &n.id))
        {
            if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) || !ids.insert(id) {
                return Err(format!("the id '{id}' must be decimal digits and used once"));
            }
        }
        if let Some(id) =
            self.kapso.connected.iter().find(|id| !self.kapso.numbers.iter().any(|n| n.id == **id))
        {
            return Err(format!("the project has no number '{id}' that could be connected"));
        }
        let mut keys = BTreeSet::new();
        for customer in &self.customers {
            let key = &customer.key;
            if !keys.insert(key) {
                return Err(format!("two customers have the key '{key}'"));
            }
            let writes_to = |n: &Number| n.id == customer.number;
            if !self.numbers.iter().chain(&self.kapso.numbers).any(writes_to) {
                return Err(format!("customer '{key}' writes to the unknown number '{}'", customer.number));
            }
            if customer.phone.is_empty() || !customer.phone.bytes().all(|b| b.is_ascii_digit()) {
                return Err(format!("the phone of customer '{key}' must be digits without +"));
            }
            for line in customer.history.iter().chain(&customer.lines).chain(&customer.replies) {
                line.check(key)?;
            }
            for (index, line) in customer.history.iter().enumerate() {
                if line.ago.is_none() {
                    return Err(format!("history line {index} of '{key}' needs 'ago' (minutes)"));
                }
                if line.quote.is_some_and(|q| q >= index) {
                    return Err(format!("history line {index} of '{key}' quotes a later line"));
                }
            }
            if customer.lines.iter().any(|l| l.after.is_none()) {
                return Err(format!("every one of the lines of '{key}' needs 'after' (seconds)"));
            }
        }
        Ok(())
    }
}

impl Line {
    fn check(&self, key: &str) -> Result<(), String> {
        let given = usize::from(self.text.is_some())
            + usize::from(self.message.is_some())
            + usize::from(self.react.is_some());
        if given != 1 {
            return Err(format!("a line of '{key}' needs exactly one of text, message, react"));
        }
        if let Some(message) = &self.message
            && message.get("type").and_then(Value::as_str).is_none()
        {
            return Err(format!("a message of '{key}' has no type"));
        }
        Ok(())
    }
}
