//! What is kept here about a template, the provider's library, models, and business actions.

use super::choose::{Choose, Row as Choice};
use super::keys::forbidden;
use super::rows::{Row, Rows};
use super::{Builder, Mode, Purpose, TemplateAdmin, Then, languages};
use crate::model::access::Role;
use crate::model::event::Recipient;
use crate::model::template::definition::Definition;
use crate::model::template::local::{ActionDefinition, TemplateSettings, USUAL_ACTIONS, check_action_name};
use crate::model::template::{Template, Values, models};
use crate::protocol::Problem;
use crate::protocol::templates::{TemplateRequest, TemplateRow};
use crate::text;
use crate::tui::overlay::Step;
use crate::tui::overlay::template_preview::price;
use crate::tui::overlay::variables::NAMES;
use crossterm::event::{KeyCode, KeyEvent};
use serde_json::{Value, json};

/// What a form is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Where the values of a template come from.
    Mapping { name: String, language: String },
    /// Who may send it.
    Roles { name: String, language: String },
    /// Taking one of the provider's own.
    Library { library: String },
    /// The name and the template of an action; the one that there was.
    Action { was: Option<String> },
    /// Where an action's values come from.
    ActionMapping { name: String, action: ActionDefinition, was: Option<String> },
    /// Sending an action to the open conversation.
    Try { name: String },
    /// Taking an action away.
    NoAction { name: String },
}

impl Form {
    pub fn is_action(&self) -> bool {
        matches!(
            self,
            Self::Action { .. } | Self::ActionMapping { .. } | Self::Try { .. } | Self::NoAction { .. }
        )
    }
}

/// Sources that a value may come from.
fn sources() -> Vec<String> {
    NAMES.iter().map(|n| format!("{{{{ {n} }}}}")).collect()
}

fn mapping_rows(t: &Template, now: &Values) -> Vec<Row> {
    let mut fields = t.fields();
    fields.sort_by_key(|f| !f.required);
    let row = |f: &crate::model::template::TemplateField| {
        let hint = if f.example.is_empty() {
            "asked for".to_owned()
        } else {
            format!("asked for, e.g. {}", f.example)
        };
        let now = now.get(&f.key).map_or("", String::as_str);
        let name = f.key.split('.').nth(1).unwrap_or("value").to_owned();
        let own = format!(
            "{{{{ set.{} }}}}",
            if name.parse::<u32>().is_ok() { format!("value_{name}") } else { name }
        );
        let mut offers = sources();
        offers.push(own);
        Row::text(f.key.clone(), text::sanitize(&f.label).into_owned(), hint, now).offering(offers)
    };
    fields.iter().map(row).collect()
}

fn mapping_of(rows: &Rows) -> Values {
    let filled = rows.keys().map(|k| (k.to_owned(), rows.get(k)));
    filled.filter(|(_, v)| !v.is_empty()).collect()
}

/// Names of `{{ set.… }}` in some texts, each once.
pub(super) fn set_names<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in texts {
        for part in text.split("set.").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if !name.is_empty() && !out.contains(&name) {
                out.push(name);
            }
        }
    }
    out
}

impl TemplateAdmin {
    /// Switches it off for agents, or on again.
    pub(super) fn toggle(&mut self, row: &TemplateRow) -> Vec<Step> {
        let settings = TemplateSettings { enabled: !row.settings.enabled, ..row.settings.clone() };
        let word =
            if settings.enabled { "offered to agents again" } else { "not offered to agents any more" };
        let said = format!("{} ({}) is {word}", row.template.name, row.template.language);
        self.set(&row.template.name.clone(), &row.template.language.clone(), settings, said)
    }

    fn set(&mut self, name: &str, language: &str, settings: TemplateSettings, said: String) -> Vec<Step> {
        let (account, name, language) = (self.account(), name.to_owned(), language.to_owned());
        self.ask(TemplateRequest::Set { account, name, language, settings }, Then::Saved(said))
    }

    pub(super) fn open_mapping(&mut self, row: &TemplateRow) -> Vec<Step> {
        let t = &row.template;
        let rows = mapping_rows(t, &row.settings.mapping);
        if rows.is_empty() {
            return self
                .refuse(format!("{} ({}) has no values to fill in", t.name, t.language), "s sends it");
        }
        let about = "Where values come from when it is sent: text with variables as in quick replies. An empty row is asked for. \
                     {{ set.KEY }} is what an action or the command line gives.";
        let title = format!("Values of {} ({})", t.name, t.language);
        let form = Form::Mapping { name: t.name.clone(), language: t.language.clone() };
        self.mode = Mode::Form(Box::new(Rows::new(title, about, "Save", rows)), form);
        Vec::new()
    }

    pub(super) fn open_roles(&mut self, row: &TemplateRow) -> Vec<Step> {
        let (t, now) = (&row.template, &row.settings.roles);
        let mut rows: Vec<Row> = Role::built_in()
            .iter()
            .map(|r| Row::switch(r.name.clone(), r.name.clone(), now.contains(&r.name)))
            .collect();
        let known = |name: &String| Role::built_in().iter().any(|r| r.name == *name);
        let others: Vec<String> = now.iter().filter(|n| !known(n)).cloned().collect();
        rows.push(Row::text("", "other roles", "names, separated by commas", &others.join(", ")));
        let about = "Who may send it. No role at all: everybody who may send templates.";
        let title = format!("Roles of {} ({})", t.name, t.language);
        let form = Form::Roles { name: t.name.clone(), language: t.language.clone() };
        self.mode = Mode::Form(Box::new(Rows::new(title, about, "Save", rows)), form);
        Vec::new()
    }

    /// Sends the template under the cursor to the open conversation.
    pub(super) fn send(&mut self, row: &TemplateRow) -> Vec<Step> {
        let t = &row.template;
        let Some(here) = &self.setup.here else {
            return self.refuse("no conversation is open", "open one, then t; or c writes to a number");
        };
        if here.account != self.account() {
            let what = format!("the open conversation with {} belongs to another account", here.title);
            return self.refuse(what, "open one of this account, then t");
        }
        if let Some(why) = t.refusal() {
            return self.refuse(why, "h shows how it came to that");
        }
        if !row.settings.enabled {
            return self.refuse(format!("{} is switched off for agents", t.name), "x switches it on");
        }
        let (name, language) = (t.name.clone(), t.language.clone());
        vec![Step::Close, Step::PickTemplate { name, language }]
    }

    // Models and the library.

    /// The models in all their languages.
    pub(super) fn open_models(&mut self) -> Vec<Step> {
        let rights = self.setup.rights;
        if !rights.create && !rights.load {
            return forbidden();
        }
        let taken = |d: &Definition| {
            let is = |t: &Template| t.name == d.name && t.language == d.language;
            self.list.rows.iter().find(|r| is(&r.template)).map(|r| r.template.status.to_lowercase())
        };
        let row = |d: &Definition| Choice {
            key: format!("{} {}", d.name, d.language),
            title: format!("{} {}", d.name, d.language),
            about: taken(d).unwrap_or_else(|| languages::name(&d.language)),
        };
        let rows = models::all().iter().map(row).collect();
        self.mode = Mode::Models(Choose::new(rows, ""));
        Vec::new()
    }

    /// The model under the cursor.
    pub(super) fn model_here(&self) -> Option<Definition> {
        let Mode::Models(list) = &self.mode else { return None };
        let (name, language) = list.current()?.split_once(' ')?;
        models::find(name, language)
    }

    pub(super) fn model_keys(&self) -> Vec<(&'static str, &'static str)> {
        let mut out = Vec::new();
        if self.setup.rights.load {
            out.push(("F10", "hand it in as it is"));
        }
        if self.setup.rights.create {
            out.push(("Enter", "to the builder"));
        }
        out.push(("Esc", "back"));
        out
    }

    /// A model goes to the builder, to be changed before it is handed in.
    pub(super) fn take_model(&mut self, key: &str) -> Vec<Step> {
        let Some(d) = key.split_once(' ').and_then(|(n, l)| models::find(n, l)) else { return Vec::new() };
        if !self.setup.rights.create {
            return forbidden();
        }
        let builder = Builder::new(d, Purpose::New, self.others()).begun();
        self.mode = Mode::Build(Box::new(builder));
        Vec::new()
    }

    /// The model under the cursor is handed in as it is.
    pub(super) fn load_model(&mut self) -> Vec<Step> {
        if !self.setup.rights.load {
            return forbidden();
        }
        let Some(d) = self.model_here() else { return Vec::new() };
        self.say = None;
        let act = TemplateRequest::Load {
            account: self.account(),
            model: d.name,
            language: d.language,
            name: None,
        };
        self.ask(act, Then::Submitted)
    }

    pub(super) fn open_library(&mut self) -> Vec<Step> {
        if !self.setup.rights.create {
            return forbidden();
        }
        let language = String::new();
        let act = TemplateRequest::Library { account: self.account(), search: String::new(), language };
        self.mode = Mode::Library(Choose::new(Vec::new(), ""));
        self.ask(act, Then::Library)
    }

    pub(super) fn show_library(&mut self) {
        let row = |(i, l): (usize, &crate::protocol::templates::LibraryTemplate)| Choice {
            key: i.to_string(),
            title: format!("{} · {}", l.name, l.template.body.replace('\n', " ")),
            about: format!("{} {}", l.template.language, l.topic.to_lowercase().replace('_', " ")),
        };
        let rows = self.library.iter().enumerate().map(row).collect();
        if let Mode::Library(list) = &mut self.mode {
            list.replace(rows);
        }
    }

    /// The library's template under the cursor.
    pub(super) fn library_here(&self) -> Option<&Template> {
        let Mode::Library(list) = &self.mode else { return None };
        self.library.get(list.current()?.parse::<usize>().ok()?).map(|l| &l.template)
    }

    /// Asks for the name, and for what the buttons need.
    pub(super) fn take_from_library(&mut self, key: &str) -> Vec<Step> {
        let Some(l) = key.parse::<usize>().ok().and_then(|i| self.library.get(i)) else { return Vec::new() };
        let mut rows = vec![Row::text("name", "our name", "order_update", &l.name)];
        for (i, b) in l.template.buttons.iter().enumerate() {
            let caption = if b.text.is_empty() { &b.kind } else { &b.text };
            match b.kind.as_str() {
                "url" => {
                    rows.push(Row::text(
                        format!("url.{i}"),
                        format!("address of “{caption}”"),
                        "https://shop.example/orders/{{1}}",
                        "",
                    ));
                    rows.push(Row::text(
                        format!("example.{i}"),
                        "  with its example",
                        "https://shop.example/orders/4711",
                        "",
                    ));
                }
                "phone_number" => rows.push(Row::text(
                    format!("phone.{i}"),
                    format!("number of “{caption}”"),
                    "+15550102030",
                    "",
                )),
                _ => {}
            }
        }
        let about = format!(
            "{} · {}: approved at once, since the text is the provider's.",
            l.name, l.template.language
        );
        let title = format!("Take {} from the library", l.name);
        let form = Form::Library { library: key.to_owned() };
        self.mode = Mode::Form(Box::new(Rows::new(title, about, "Take it", rows)), form);
        Vec::new()
    }

    fn save_library(&mut self, rows: &[(String, String)], key: &str) -> Vec<Step> {
        let Some(l) = key.parse::<usize>().ok().and_then(|i| self.library.get(i)).cloned() else {
            return Vec::new();
        };
        let get = |k: &str| rows.iter().find(|(n, _)| n == k).map(|(_, v)| v.as_str()).unwrap_or_default();
        let mut buttons: Vec<Value> = Vec::new();
        for (i, b) in l.template.buttons.iter().enumerate() {
            match b.kind.as_str() {
                "url" => {
                    let mut url = json!({ "base_url": get(&format!("url.{i}")) });
                    let example = get(&format!("example.{i}"));
                    if !example.is_empty() {
                        url["url_suffix_example"] = json!(example);
                    }
                    buttons.push(json!({ "type": "URL", "url": url }));
                }
                "phone_number" => buttons
                    .push(json!({ "type": "PHONE_NUMBER", "phone_number": get(&format!("phone.{i}")) })),
                _ => {}
            }
        }
        let act = TemplateRequest::FromLibrary {
            account: self.account(),
            library: l.name,
            name: get("name").to_owned(),
            language: l.template.language,
            category: l.template.category,
            buttons,
        };
        self.ask(act, Then::Submitted)
    }

    // Business actions.

    pub(super) fn open_actions(&mut self) -> Vec<Step> {
        self.mode = Mode::Actions;
        let account = self.account();
        self.ask(TemplateRequest::Actions { account }, Then::Actions)
    }

    fn action_here(&self) -> Option<(String, ActionDefinition)> {
        let row = self.actions.as_ref()?.get(self.action.at)?;
        Some((row.name.clone(), row.action.clone()))
    }

    pub(super) fn actions_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let total = self.actions.as_ref().map_or(0, Vec::len);
        if self.action.key(key, total) {
            return Vec::new();
        }
        self.say = None;
        let edits = self.setup.rights.edit;
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'a') => self.mode = Mode::List,
            KeyCode::Char('j') => self.action.set((self.action.at + 1).min(total.saturating_sub(1))),
            KeyCode::Char('k') => self.action.set(self.action.at.saturating_sub(1)),
            KeyCode::Char('n') | KeyCode::F(2) if edits => self.open_action(None),
            KeyCode::Char('e') | KeyCode::F(3) | KeyCode::Enter if edits => {
                if let Some(now) = self.action_here() {
                    self.open_action(Some(now));
                }
            }
            KeyCode::Char('D') | KeyCode::F(4) | KeyCode::Delete if edits => {
                if let Some((name, _)) = self.action_here() {
                    let about = format!("Whoever calls {name} is refused from then on. The template stays.");
                    let rows =
                        Rows::new(format!("Take the action {name} away?"), about, "Take it away", Vec::new());
                    self.mode = Mode::Form(Box::new(rows), Form::NoAction { name });
                }
            }
            KeyCode::Char('n' | 'e' | 'D') | KeyCode::F(2..=4) | KeyCode::Delete => return forbidden(),
            KeyCode::Char('t') => return self.open_try(),
            _ => {}
        }
        Vec::new()
    }

    fn open_action(&mut self, now: Option<(String, ActionDefinition)>) {
        let was = now.as_ref().map(|(n, _)| n.clone());
        let (name, action) = now.unwrap_or_default();
        let mut names: Vec<String> = self.list.rows.iter().map(|r| r.template.name.clone()).collect();
        names.dedup();
        let taken: Vec<&str> = self.actions.iter().flatten().map(|a| a.name.as_str()).collect();
        let usual = USUAL_ACTIONS.iter().filter(|u| !taken.contains(u)).map(|u| (*u).to_owned()).collect();
        let mut languages: Vec<String> = self.list.rows.iter().map(|r| r.template.language.clone()).collect();
        languages.sort_unstable();
        languages.dedup();
        let rows = vec![
            Row::text("action", "action", "invoice_sent", &name).offering(usual),
            Row::text("template", "template", "its name", &action.template).offering(names),
            Row::text("language", "language", "empty = the first that may be sent", &action.language)
                .offering(languages),
        ];
        let about =
            "A name that your other programs call: it sends a template. The values come on the next page.";
        let title = if was.is_some() { format!("Action {name}") } else { "New action".to_owned() };
        let rows = Rows::new(title, about, "Go on", rows);
        self.mode = Mode::Form(Box::new(rows), Form::Action { was });
    }

    /// The template that an action sends, as far as it is here.
    fn template_of(&self, action: &ActionDefinition) -> Option<&Template> {
        let named = || self.list.rows.iter().map(|r| &r.template).filter(|t| t.name == action.template);
        named().find(|t| t.language == action.language).or_else(|| named().next())
    }

    fn action_named(&mut self, was: Option<&String>) -> Vec<Step> {
        let Mode::Form(rows, _) = &mut self.mode else { return Vec::new() };
        let name = rows.get("action");
        if let Err(p) = check_action_name(&name) {
            rows.refuse(p.into());
            return Vec::new();
        }
        let before = self.actions.iter().flatten().find(|a| Some(&a.name) == was).map(|a| a.action.clone());
        let action = ActionDefinition {
            template: rows.get("template"),
            language: rows.get("language"),
            mapping: before.map(|a| a.mapping).unwrap_or_default(),
        };
        let Some(t) = self.template_of(&action).cloned() else {
            let what = if action.template.is_empty() {
                "the template is missing"
            } else {
                "there is no such template"
            };
            let p = Problem {
                field: Some("template".into()),
                ..Problem::new("field", what).next("Ctrl+O offers them")
            };
            if let Mode::Form(rows, _) = &mut self.mode {
                rows.refuse(p);
            }
            return Vec::new();
        };
        let rows = mapping_rows(&t, &action.mapping);
        let was = was.cloned();
        if rows.is_empty() {
            return self.save_action(&name, action, was.as_ref());
        }
        let about = "Where the values come from; what is empty here comes from the template's own values. {{ set.KEY }} is what \
                     the caller gives.";
        let title = format!("Values of the action {name}");
        let form = Form::ActionMapping { name, action, was };
        self.mode = Mode::Form(Box::new(Rows::new(title, about, "Save", rows)), form);
        Vec::new()
    }

    fn save_action(&mut self, name: &str, action: ActionDefinition, was: Option<&String>) -> Vec<Step> {
        let account = self.account();
        let said = format!("the action {name} sends {}", action.template);
        let act = TemplateRequest::SetAction {
            account: account.clone(),
            name: name.to_owned(),
            action: Some(action),
        };
        let mut steps = Vec::new();
        // Another name: the old one goes first.
        if let Some(was) = was.filter(|w| *w != name) {
            let gone = TemplateRequest::SetAction { account, name: was.clone(), action: None };
            steps.extend(self.ask(gone, Then::Saved(format!("the action {was} is no more"))));
        }
        steps.extend(self.ask(act, Then::Saved(said)));
        steps
    }

    /// Asks for what an action needs before it is sent to the open conversation.
    fn open_try(&mut self) -> Vec<Step> {
        if !self.setup.rights.send {
            return forbidden();
        }
        let Some((name, action)) = self.action_here() else { return Vec::new() };
        let Some(here) = self.setup.here.clone().filter(|h| h.account == self.account()) else {
            return self.refuse("no conversation of this account is open", "open one to try an action with");
        };
        let Some(t) = self.template_of(&action).cloned() else {
            return self
                .refuse(format!("{} is not here any more", action.template), "e chooses another template");
        };
        let own = self.list.rows.iter().find(|r| r.template == t).map(|r| r.settings.mapping.clone());
        let own = own.unwrap_or_default();
        let source = |key: &str| action.mapping.get(key).or_else(|| own.get(key));
        let mut rows: Vec<Row> = Vec::new();
        let given = set_names(t.fields().iter().filter_map(|f| source(&f.key)).map(String::as_str));
        for set in given {
            rows.push(Row::text(set.clone(), format!("set.{set}"), "what the caller gives", ""));
        }
        for f in t.fields().iter().filter(|f| f.required && source(&f.key).is_none()) {
            rows.push(Row::text(f.key.clone(), f.label.clone(), f.example.clone(), ""));
        }
        let class = price(&t.category, here.window_open);
        let about = format!("{} ({}) goes to {}: {class}.", t.name, t.language, here.title);
        let rows = Rows::new(format!("Try the action {name}"), about, "Send", rows);
        self.mode = Mode::Form(Box::new(rows), Form::Try { name });
        Vec::new()
    }

    /// Saves what a form says.
    pub(super) fn save_form(&mut self, form: &Form) -> Vec<Step> {
        let Mode::Form(rows, _) = &self.mode else { return Vec::new() };
        match form {
            Form::Mapping { name, language } => {
                let mapping = mapping_of(rows);
                self.keep(name, language, |s| s.mapping = mapping, format!("the values of {name} are kept"))
            }
            Form::Roles { name, language } => {
                let on = rows.keys().filter(|k| !k.is_empty() && rows.get(k) == "true").map(str::to_owned);
                let text = rows.get("");
                let more = text.split(',').map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned);
                let roles: Vec<String> = on.chain(more).collect();
                let said = if roles.is_empty() {
                    format!("everybody who may send templates may send {name}")
                } else {
                    format!("{name} may be sent by {}", roles.join(", "))
                };
                self.keep(name, language, |s| s.roles = roles, said)
            }
            Form::Library { library } => {
                let all: Vec<(String, String)> = rows.keys().map(|k| (k.to_owned(), rows.get(k))).collect();
                self.save_library(&all, library)
            }
            Form::Action { was } => self.action_named(was.as_ref()),
            Form::ActionMapping { name, action, was } => {
                let action = ActionDefinition { mapping: mapping_of(rows), ..action.clone() };
                self.save_action(name, action, was.as_ref())
            }
            Form::Try { name } => {
                let Some(here) = &self.setup.here else { return Vec::new() };
                let act = TemplateRequest::Act {
                    account: Some(self.account()),
                    name: name.clone(),
                    to: Recipient::Thread { thread: here.thread },
                    values: mapping_of(rows),
                    file: None,
                };
                let said = format!("{name} queued for {}", here.title);
                self.ask(act, Then::Acted(said))
            }
            Form::NoAction { name } => {
                let act =
                    TemplateRequest::SetAction { account: self.account(), name: name.clone(), action: None };
                self.ask(act, Then::Saved(format!("the action {name} is no more")))
            }
        }
    }

    fn keep(
        &mut self,
        name: &str,
        language: &str,
        change: impl FnOnce(&mut TemplateSettings),
        said: String,
    ) -> Vec<Step> {
        let is = |r: &&TemplateRow| r.template.name == name && r.template.language == language;
        let Some(row) = self.list.rows.iter().find(is) else {
            return self
                .refuse(format!("{name} ({language}) is not here any more"), "S reads the list again");
        };
        let mut settings = row.settings.clone();
        change(&mut settings);
        self.set(name, language, settings, said)
    }
}
