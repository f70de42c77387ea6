//! Connecting a number of Meta's: steps that one walks forwards and backwards, each with its verdict beside it. What was done
//! stays when one leaves, and every step can be taken again.
//!
//! One step is on its way at a time. Secrets are shown as dots, go to the engine once, and never come back.

mod draw;
mod stages;
#[cfg(test)]
pub(crate) mod tests;

use super::field::Effect;
use super::{Delivery, Hint, Overlay, Step};
use crate::model::account::{CONNECTED, KeptAccount, SecretKey};
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use crate::protocol::account_facts::keeps_keys_safe;
use crate::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use crate::protocol::wizard::{WizardRequest, values};
use crate::protocol::{AccountView, Problem, Request};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use stages::{Input, Stage, Value};
use std::collections::BTreeMap;

/// Where Meta's API is, and its version.
const META: (&str, &str) = ("https://graph.facebook.com", "v25.0");

/// Its name.
pub const NAME: &str = "connect";

/// Connects a number.
pub struct ConnectBox {
    /// Accounts that there are: an id is given once.
    taken: Vec<AccountId>,
    account: Option<AccountId>,
    detail: Option<AccountDetail>,
    inputs: BTreeMap<Stage, Vec<Input>>,
    stage: Stage,
    at: usize,
    /// What was wrong with a step when it was taken last.
    problems: BTreeMap<Stage, Problem>,
    flight: Option<Stage>,
    /// Whether the first answer, which only looks, is still to come.
    looking: bool,
}

impl ConnectBox {
    /// A new account, or `view` from where it stopped; with what it wants to know at once.
    #[must_use]
    pub fn new(accounts: &[AccountView], view: Option<&AccountView>) -> (Self, Option<Request>) {
        let mut o = Self {
            taken: accounts.iter().map(|a| a.spec.id.clone()).collect(),
            account: view.map(|v| v.spec.id.clone()),
            detail: None,
            inputs: Stage::ALL.into_iter().map(|s| (s, stages::inputs(s, META.0))).collect(),
            stage: if view.is_some() { Stage::Token } else { Stage::Account },
            at: 0,
            problems: BTreeMap::new(),
            flight: None,
            looking: false,
        };
        // Of an account that is here one learns how far it got; of another one of Meta's, where the API is.
        let first = view.or_else(|| accounts.iter().find(|a| a.spec.provider == "meta"));
        let request = first.map(|v| {
            let act = AccountRequest::Show { account: v.spec.id.clone() };
            o.looking = true;
            Request::Account { act }
        });
        (o, request)
    }

    fn inputs_of(&self, stage: Stage) -> &[Input] {
        self.inputs.get(&stage).map(Vec::as_slice).unwrap_or_default()
    }

    fn get(&self, key: &str) -> String {
        self.inputs.values().flatten().find(|i| i.key == key).map(Input::text).unwrap_or_default()
    }

    fn set(&mut self, key: &str, text: &str) {
        if let Some(input) = self.inputs.values_mut().flatten().find(|i| i.key == key) {
            input.set(text);
        }
    }

    /// Whether a step is done, as the engine keeps it.
    fn is_done(&self, stage: Stage) -> bool {
        match stage.step() {
            None => self.account.is_some(),
            Some(step) => {
                self.detail.as_ref().and_then(|d| d.setup.steps.get(step.word())).is_some_and(|s| s.done)
            }
        }
    }

    fn go(&mut self, stage: Stage) {
        self.stage = stage;
        self.at = 0;
    }

    /// One field or one step on or back.
    fn walk(&mut self, forward: bool) {
        let fields = self.inputs_of(self.stage).len();
        if forward && self.at + 1 < fields {
            self.at += 1;
        } else if !forward && self.at > 0 {
            self.at -= 1;
        } else if let Some(next) = self.stage.beside(forward) {
            self.go(next);
            if !forward {
                self.at = self.inputs_of(next).len().saturating_sub(1);
            }
        }
    }

    fn refuse(&mut self, stage: Stage, field: Option<&str>, what: &str, next: &str) -> Vec<Step> {
        let problem = Problem { field: field.map(str::to_owned), ..Problem::new("field", what).next(next) };
        self.wrong(stage, problem);
        Vec::new()
    }

    /// Puts the cursor where something is wrong, and says it.
    fn wrong(&mut self, stage: Stage, problem: Problem) {
        // A step may say that one before it is not done.
        let field = problem.field.clone().unwrap_or_default();
        let field = if field == "token" { "access_token".to_owned() } else { field };
        let owner = Stage::ALL.into_iter().find(|s| self.inputs_of(*s).iter().any(|i| i.key == field));
        let stage = owner.unwrap_or(stage);
        self.go(stage);
        self.at = self.inputs_of(stage).iter().position(|i| i.key == field).unwrap_or(0);
        self.problems.insert(stage, problem);
    }

    /// Takes the step that the cursor is on.
    fn take(&mut self, by_hand: bool) -> Vec<Step> {
        if self.flight.is_some() {
            return Vec::new();
        }
        let stage = self.stage;
        self.problems.remove(&stage);
        if stage == Stage::Account {
            return self.keep();
        }
        let Some(account) = self.account.clone() else {
            return self.begin();
        };
        let has = |key| self.detail.as_ref().is_some_and(|d| d.secrets.contains(&key));
        let typed = |key: &str| Some(Secret::new(&self.get(key))).filter(|s| !s.reveal().is_empty());
        let act = match stage {
            Stage::Account => return Vec::new(),
            Stage::Token => {
                let secret = typed("access_token");
                if secret.is_none() && !has(SecretKey::AccessToken) {
                    return self.refuse(stage, None, "there is no token yet", "paste it, then Enter");
                }
                WizardRequest::Token { account, secret }
            }
            Stage::Number => {
                let (number, business) = (self.get(values::NUMBER), self.get(values::BUSINESS));
                for (key, value) in [(values::NUMBER, &number), (values::BUSINESS, &business)] {
                    if value.is_empty() {
                        let next = "copy it from the app's page WhatsApp > API Setup";
                        return self.refuse(stage, Some(key), "an id is missing", next);
                    }
                }
                WizardRequest::Number { account, number, business }
            }
            Stage::AppSecret => {
                let secret = typed("app_secret");
                if secret.is_none() && !has(SecretKey::AppSecret) {
                    let next = "copy it from the app's page App settings > Basic";
                    return self.refuse(stage, None, "there is no app secret yet", next);
                }
                WizardRequest::AppSecret { account, secret }
            }
            Stage::VerifyToken => WizardRequest::VerifyToken { account, secret: typed("verify_token") },
            Stage::Register => WizardRequest::Register { account, pin: typed("pin") },
            Stage::Webhooks => WizardRequest::Webhooks { account, by_hand },
            Stage::Test => {
                let to = self.get(values::TEST_TO);
                if to.is_empty() {
                    return self.refuse(
                        stage,
                        None,
                        "nobody is named",
                        "type your own number, with its country code",
                    );
                }
                WizardRequest::Test { account, to }
            }
        };
        self.flight = Some(stage);
        vec![Step::Ask(Box::new(Request::Wizard { act }))]
    }

    /// Makes the account: with its token, so that one that is refused leaves nothing behind.
    fn begin(&mut self) -> Vec<Step> {
        let Some(account) = self.definition() else { return Vec::new() };
        if self.stage != Stage::Token {
            self.go(Stage::Token);
        }
        let secret = Secret::new(&self.get("access_token"));
        if secret.reveal().is_empty() {
            return self.refuse(Stage::Token, None, "there is no token yet", "paste it, then Enter");
        }
        self.flight = Some(Stage::Token);
        vec![Step::Ask(Box::new(Request::Account { act: AccountRequest::Begin { account, secret } }))]
    }

    /// What the first step says, looked at; where it is changed, that is kept.
    fn keep(&mut self) -> Vec<Step> {
        let Some(account) = self.definition() else { return Vec::new() };
        let same = self.detail.as_ref().is_some_and(|d| {
            let was = d.view.defined();
            (&was.name, &was.environment, &d.api_base)
                == (&account.spec.name, &account.spec.environment, &account.api_base)
        });
        if self.account.is_none() || same {
            self.go(Stage::Token);
            return Vec::new();
        }
        self.flight = Some(Stage::Account);
        vec![Step::Ask(Box::new(Request::Account { act: AccountRequest::Keep { account } }))]
    }

    /// The account as the first step describes it; nothing where that is wrong, which is said.
    fn definition(&mut self) -> Option<KeptAccount> {
        let stage = Stage::Account;
        let name = self.get("name");
        let typed = self.get("id");
        let id = match &self.account {
            Some(account) => account.to_string(),
            None if typed.is_empty() => super::accounts::id_of(&name),
            None => typed,
        };
        let mut wrong = |field: &str, what: &str, next: &str| {
            self.refuse(stage, Some(field), what, next);
            None
        };
        if name.is_empty() && id.is_empty() {
            return wrong("name", "it has no name", "type one");
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > 32 || !id.chars().all(fits) {
            return wrong("id", &format!("`{id}` is no id"), "1 to 32 characters out of a-z, 0-9 and -");
        }
        let account = AccountId::new(&id);
        if self.account.is_none() && self.taken.contains(&account) {
            let what = format!("there is an account `{id}` already");
            self.refuse(stage, Some("id"), &what, "type another id, or Esc, then c on that one");
            return None;
        }
        let base = self.get("api_base");
        let base = if base.is_empty() { META.0.to_owned() } else { base };
        if !keeps_keys_safe(&base) {
            let next = "https://…; http only to this machine";
            self.refuse(stage, Some("api_base"), "a token is not sent there", next);
            return None;
        }
        // What is known of it stays.
        let was = self.detail.as_ref().map(|d| d.view.defined());
        let version = self.detail.as_ref().map_or_else(|| META.1.to_owned(), |d| d.api_version.clone());
        let (number, business) = was.map(|w| (w.number, w.business)).unwrap_or_default();
        Some(KeptAccount {
            spec: AccountSpec {
                id: account,
                name: if name.is_empty() { id } else { name },
                provider: "meta".into(),
                environment: self.get("environment"),
                number,
                business,
            },
            api_base: base,
            api_version: version,
            subscribe: true,
            read_receipts: true,
        })
    }

    fn input_key(&mut self, key: KeyEvent) {
        let at = self.at;
        let Some(input) = self.inputs.get_mut(&self.stage).and_then(|all| all.get_mut(at)) else { return };
        let ignored = match &mut input.value {
            Value::Text(field) | Value::Secret(field) => match field.key(key) {
                Effect::Ignored => true,
                Effect::Changed => {
                    self.problems.remove(&self.stage);
                    false
                }
                Effect::Moved => false,
            },
            Value::Choice(all, now) => match key.code {
                KeyCode::Char(' ') | KeyCode::Right | KeyCode::Left => {
                    *now = (*now + 1) % all.len().max(1);
                    false
                }
                _ => true,
            },
        };
        match key.code {
            KeyCode::Down if ignored => self.walk(true),
            KeyCode::Up if ignored => self.walk(false),
            _ => {}
        }
    }

    /// What the engine knows of the account now.
    fn keep_detail(&mut self, detail: AccountDetail) -> Vec<Step> {
        let looked = std::mem::take(&mut self.looking);
        if looked && self.account.as_ref() != Some(&detail.view.spec.id) {
            // Another account: only where its API is says something, when it is on this machine.
            let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            if local.iter().any(|l| detail.api_base.starts_with(l)) {
                self.set("api_base", &detail.api_base);
            }
            return Vec::new();
        }
        let spec = detail.view.defined();
        for (key, value) in
            [("name", &spec.name), ("environment", &spec.environment), ("api_base", &detail.api_base)]
        {
            self.set(key, value);
        }
        self.set("id", spec.id.as_str());
        for (key, value) in detail.setup.values.clone() {
            self.set(&key, &value);
        }
        if !spec.number.is_empty() {
            self.set(values::NUMBER, &spec.number);
            self.set(values::BUSINESS, &spec.business);
        }
        self.account = Some(spec.id.clone());
        let connected = detail.view.state == CONNECTED;
        self.detail = Some(detail);
        let Some(taken) = self.flight.take() else {
            // Goes on where it stopped.
            let open = Stage::ALL.into_iter().find(|s| !self.is_done(*s));
            self.go(open.unwrap_or(Stage::Webhooks));
            return Vec::new();
        };
        // What was typed is kept, and needed here no more.
        for input in self.inputs.get_mut(&taken).into_iter().flatten() {
            if matches!(input.value, Value::Secret(_)) {
                input.set("");
            }
        }
        self.problems.remove(&taken);
        let mut steps = Vec::new();
        if taken == Stage::Webhooks && connected {
            steps.push(Step::Say(format!("{} is connected", spec.id)));
        }
        if let Some(next) = taken.beside(true).filter(|_| self.stage == taken) {
            self.go(next);
        }
        steps
    }
}

impl Overlay for ConnectBox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let bare = self.inputs_of(self.stage).is_empty();
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Tab => self.walk(true),
            KeyCode::BackTab => self.walk(false),
            KeyCode::F(10) => return self.take(false),
            KeyCode::Enter => {
                // The last field of a step takes it.
                if self.at + 1 < self.inputs_of(self.stage).len() && !ctrl {
                    self.walk(true);
                } else {
                    return self.take(false);
                }
            }
            KeyCode::F(3) => {
                let url = self.detail.as_ref().and_then(|d| d.callback.clone());
                return url.map(|u| vec![Step::Copy(u)]).unwrap_or_default();
            }
            KeyCode::Char('y') if bare && !ctrl => {
                let url = self.detail.as_ref().and_then(|d| d.callback.clone());
                return url.map(|u| vec![Step::Copy(u)]).unwrap_or_default();
            }
            KeyCode::Char('h') if bare && !ctrl => return self.take(true),
            KeyCode::Char('j') if bare && !ctrl => self.walk(true),
            KeyCode::Char('k') if bare && !ctrl => self.walk(false),
            KeyCode::Down if bare => self.walk(true),
            KeyCode::Up if bare => self.walk(false),
            _ => self.input_key(key),
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        let at = self.at;
        if let Some(input) = self.inputs.get_mut(&self.stage).and_then(|all| all.get_mut(at))
            && let Value::Text(field) | Value::Secret(field) = &mut input.value
        {
            field.insert(text.trim());
            self.problems.remove(&self.stage);
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Account(detail) => self.keep_detail(*detail),
            Delivery::Problem(problem) => {
                self.looking = false;
                match self.flight.take() {
                    Some(stage) => self.wrong(stage, problem),
                    None => self.wrong(self.stage, problem),
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        self.draw_steps(area, buf, theme)
    }

    fn hints(&self) -> Vec<Hint> {
        self.keys().iter().map(|(key, does)| Hint::new(key, does)).collect()
    }

    fn says_keys(&self) -> bool {
        true
    }
}
