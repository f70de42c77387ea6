//! What keys do in the list, and in what opens over it.

use super::choose::{Choose, Outcome as Choice, Row};
use super::forms::Form;
use super::rows::Outcome as Kept;
use super::{Mode, Purpose, TemplateAdmin, Then, languages, state};
use crate::model::template::components;
use crate::model::template::definition::Definition;
use crate::model::template::lint::LANGUAGES;
use crate::protocol::Request;
use crate::protocol::templates::{TemplateRequest, TemplateRow};
use crate::tui::overlay::Step;
use crate::tui::overlay::field::{Effect, Field};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The ways to begin a new one.
const WAYS: [(&str, &str, &str); 4] = [
    ("blank", "a blank one", ""),
    ("model", "from a model", "proposal, invoice, reminder, …"),
    ("library", "from the provider's library", "approved at once"),
    ("json", "from JSON", "written or pasted"),
];

impl TemplateAdmin {
    pub(super) fn mode_key(&mut self, key: KeyEvent) -> Vec<Step> {
        match &mut self.mode {
            Mode::Build(b) => {
                let outcome = b.press(key);
                self.built(outcome)
            }
            Mode::Form(..) => self.form_key(key),
            Mode::Search => self.search_key(key),
            Mode::New(_) | Mode::Copy(_) | Mode::Models(_) | Mode::Library(_) => self.choose_key(key),
            Mode::Delete { .. } => self.delete_key(key),
            Mode::History(from) => {
                match key.code {
                    KeyCode::Down | KeyCode::Char('j') => *from += 1,
                    KeyCode::Up | KeyCode::Char('k') => *from = from.saturating_sub(1),
                    _ => self.mode = Mode::List,
                }
                Vec::new()
            }
            Mode::Actions => self.actions_key(key),
            Mode::Details if matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q')) => {
                self.mode = Mode::List;
                Vec::new()
            }
            Mode::List | Mode::Details => self.list_key(key),
        }
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let total = self.list.groups.len();
        if self.list.selection.key(key, total) {
            self.say = None;
            return Vec::new();
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        self.say = None;
        match key.code {
            KeyCode::Char('r') if ctrl => return self.sync(),
            _ if ctrl => {}
            // First the search and the filters go, then the screen.
            KeyCode::Esc if self.list.filter.says() != "" || !self.list.filter.words.is_empty() => {
                let samples = self.list.filter.samples;
                self.list.filter = super::list::Filter { samples, ..Default::default() };
                self.search.set("");
                self.list.refilter();
            }
            KeyCode::Esc | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Char('j') => {
                let next = (self.list.selection.at + 1).min(total.saturating_sub(1));
                self.list.selection.set(next);
            }
            KeyCode::Char('k') => {
                let before = self.list.selection.at.saturating_sub(1);
                self.list.selection.set(before);
            }
            KeyCode::Char('g') | KeyCode::Home => self.list.selection.set(0),
            KeyCode::Char('G') | KeyCode::End => self.list.selection.set(total.saturating_sub(1)),
            KeyCode::Right | KeyCode::Char('l') => self.list.turn(true),
            KeyCode::Left => self.list.turn(false),
            KeyCode::Tab => return self.next_account(true),
            KeyCode::BackTab => return self.next_account(false),
            KeyCode::Char('/') => self.mode = Mode::Search,
            KeyCode::Char(c @ ('f' | 'c' | 'L')) => self.list.cycle(c),
            KeyCode::Char('p') => {
                self.list.filter.problems = !self.list.filter.problems;
                self.list.refilter();
            }
            KeyCode::Char('H') => {
                self.list.filter.samples = !self.list.filter.samples;
                self.list.refilter();
                return vec![Step::ShowSamples(self.list.filter.samples)];
            }
            KeyCode::Char('S') | KeyCode::F(5) => return self.sync(),
            KeyCode::Char('n') | KeyCode::F(2) => return self.begin_new(),
            KeyCode::Char('M') => return self.open_models(),
            KeyCode::Char('B') => return self.open_library(),
            KeyCode::Char('a') => return self.open_actions(),
            KeyCode::Enter if self.list.current().is_some() && !self.beside.get() => {
                self.mode = Mode::Details;
            }
            _ => return self.row_key(key),
        }
        Vec::new()
    }

    /// Reads all templates from the provider.
    fn sync(&mut self) -> Vec<Step> {
        let account = Some(self.account());
        self.ask_for(Request::Sync { account }, Then::Sync)
    }

    /// Keys that are about the template under the cursor.
    fn row_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let Some(row) = self.list.current().cloned() else { return Vec::new() };
        let (rights, t) = (self.setup.rights, &row.template);
        let may = |right: bool, f: &mut dyn FnMut() -> Vec<Step>| if right { f() } else { forbidden() };
        match key.code {
            KeyCode::Char('e') | KeyCode::F(3) => may(rights.edit, &mut || self.edit(&row)),
            KeyCode::Enter if self.beside.get() => may(rights.edit, &mut || self.edit(&row)),
            KeyCode::Char('d') => may(rights.create, &mut || {
                self.mode = Mode::Copy(Choose::new(language_rows(), &t.language));
                Vec::new()
            }),
            KeyCode::Char('D') | KeyCode::F(4) | KeyCode::Delete => may(rights.delete, &mut || {
                self.ask_delete(&row, false);
                Vec::new()
            }),
            KeyCode::Char('x') => may(rights.edit, &mut || self.toggle(&row)),
            KeyCode::Char('m') => may(rights.edit, &mut || self.open_mapping(&row)),
            KeyCode::Char('R') => may(rights.edit, &mut || self.open_roles(&row)),
            KeyCode::Char('h') => {
                self.mode = Mode::History(0);
                Vec::new()
            }
            KeyCode::Char('u') => {
                let (account, name) = (self.account(), t.name.clone());
                self.ask(TemplateRequest::Refresh { account, name: name.clone() }, Then::Refresh(name))
            }
            KeyCode::Char('s') => may(rights.send, &mut || self.send(&row)),
            KeyCode::Char('y') => {
                let document = components::document(&Definition::of(t));
                let text = serde_json::to_string_pretty(&document).unwrap_or_default();
                vec![Step::Copy(text)]
            }
            _ => Vec::new(),
        }
    }

    fn edit(&mut self, row: &TemplateRow) -> Vec<Step> {
        let t = &row.template;
        let status = t.status.to_ascii_uppercase();
        if !matches!(status.as_str(), "APPROVED" | "REJECTED" | "PAUSED") {
            let what = format!("{} ({}) is {}: {}", t.name, t.language, t.status, state::meaning(&t.status));
            return self.refuse(what, "only APPROVED, REJECTED and PAUSED ones may be changed; d copies it");
        }
        let (_, field) = state::reason(&t.rejected_reason);
        let begun = self.begun(&t.name, &t.language);
        let kept = begun.is_some();
        let d = begun.unwrap_or_else(|| Definition::of(t));
        let purpose = Purpose::Edit { status: t.status.clone() };
        let mut builder = super::Builder::new(d, purpose, self.others()).at(field);
        if kept {
            builder = builder.begun();
        }
        self.mode = Mode::Build(Box::new(builder));
        if kept { vec![Step::Say("this is what you kept".into())] } else { Vec::new() }
    }

    /// What was begun for a template and kept.
    fn begun(&self, name: &str, language: &str) -> Option<Definition> {
        let account = self.account();
        let mut all = self.setup.kept.iter().filter(|(a, _)| *a == account).map(|(_, d)| d);
        all.find(|d| d.name == name && d.language == language).cloned()
    }

    /// Asks how a new one is to begin.
    fn begin_new(&mut self) -> Vec<Step> {
        let rights = self.setup.rights;
        if !rights.create && !rights.load {
            return forbidden();
        }
        let account = self.account();
        let mut rows: Vec<Row> = Vec::new();
        for (i, (of, d)) in self.setup.kept.iter().enumerate() {
            let is_new = !self
                .list
                .rows
                .iter()
                .any(|r| r.template.name == d.name && r.template.language == d.language);
            if *of == account && is_new && rights.create {
                let name = if d.name.is_empty() { "(no name)" } else { &d.name };
                let title = format!("go on with {name}");
                rows.push(Row { key: format!("kept {i}"), title, about: d.language.clone() });
            }
        }
        for (key, title, about) in WAYS {
            if rights.create || (key == "model" && rights.load) {
                rows.push(Row { key: key.into(), title: title.into(), about: about.into() });
            }
        }
        self.mode = Mode::New(Choose::new(rows, ""));
        Vec::new()
    }

    fn blank(&self) -> Definition {
        let language = self.list.current().map(|r| r.template.language.clone());
        Definition {
            language: language.unwrap_or_else(|| "en".into()),
            category: "UTILITY".into(),
            ..Definition::default()
        }
    }

    fn new_by(&mut self, way: &str) -> Vec<Step> {
        match way {
            "model" => return self.open_models(),
            "library" => return self.open_library(),
            "json" => {
                let mut builder = super::Builder::new(self.blank(), Purpose::New, self.others());
                builder.open_document();
                self.mode = Mode::Build(Box::new(builder));
            }
            kept => {
                let at = kept.strip_prefix("kept ").and_then(|n| n.parse::<usize>().ok());
                if let Some((_, d)) = at.and_then(|at| self.setup.kept.get(at)).cloned() {
                    let builder = super::Builder::new(d, Purpose::New, self.others()).begun();
                    self.mode = Mode::Build(Box::new(builder));
                } else {
                    self.build(self.blank(), Purpose::New);
                }
            }
        }
        Vec::new()
    }

    fn choose_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if key.code == KeyCode::F(10) && matches!(self.mode, Mode::Models(_)) {
            return self.load_model();
        }
        self.say = None;
        let (Mode::New(list) | Mode::Copy(list) | Mode::Models(list) | Mode::Library(list)) = &mut self.mode
        else {
            return Vec::new();
        };
        let chosen = match list.key(key) {
            Choice::Open => return Vec::new(),
            Choice::Leave => {
                self.mode = Mode::List;
                return Vec::new();
            }
            Choice::Chosen(key) => key,
        };
        match self.mode {
            Mode::Copy(_) => self.copy_into(&chosen),
            Mode::Models(_) => self.take_model(&chosen),
            Mode::Library(_) => self.take_from_library(&chosen),
            _ => self.new_by(&chosen),
        }
    }

    /// The builder with a copy, to be translated or renamed.
    fn copy_into(&mut self, language: &str) -> Vec<Step> {
        let Some(row) = self.list.current() else { return Vec::new() };
        let t = &row.template;
        let taken = |name: &str| {
            self.list.rows.iter().any(|r| r.template.name == name && r.template.language == language)
        };
        let mut d = Definition::of(t).in_language(language);
        let mut n = 2;
        while taken(&d.name) {
            d.name = format!("{}_{n}", t.name);
            n += 1;
        }
        // The provider's copy of a sample is an address that ends: another template needs its own.
        if let Some(h) = d.header.as_mut().filter(|h| h.sample.starts_with("http")) {
            h.sample.clear();
        }
        let same = d.name == t.name;
        let builder = super::Builder::new(d, Purpose::New, self.others());
        let builder = builder.at(if same { "body.text" } else { "name" }).begun();
        self.mode = Mode::Build(Box::new(builder));
        Vec::new()
    }

    fn search_key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Esc => {
                self.search.set("");
                self.mode = Mode::List;
            }
            KeyCode::Enter => self.mode = Mode::List,
            _ => {
                if self.list.selection.key(key, self.list.groups.len())
                    || self.search.key(key) != Effect::Changed
                {
                    return Vec::new();
                }
            }
        }
        self.list.filter.words = self.search.text().trim().to_owned();
        self.list.refilter();
        Vec::new()
    }

    /// Asks for the name before one language is deleted, or all.
    pub(super) fn ask_delete(&mut self, row: &TemplateRow, all: bool) {
        let t = &row.template;
        let language = (!all).then(|| t.language.clone());
        let typed = Field::line(600);
        self.mode = Mode::Delete { name: t.name.clone(), language, typed, wrong: false };
    }

    fn delete_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let account = self.account();
        let current = self.list.current().map(|r| r.template.language.clone());
        let Mode::Delete { name, language, typed, wrong } = &mut self.mode else { return Vec::new() };
        if self.flight.as_ref().is_some_and(|t| matches!(t, Then::Saved(_))) {
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc => self.mode = Mode::List,
            KeyCode::Tab => {
                // One language, or all: the name has to be typed whichever it is.
                *language = if language.is_some() { None } else { current };
            }
            KeyCode::Enter if typed.text().trim() == *name => {
                let what = match language {
                    Some(l) => format!("{name} ({l}) is deleted"),
                    None => format!("{name} is deleted in all languages"),
                };
                let act = TemplateRequest::Delete { account, name: name.clone(), language: language.clone() };
                return self.ask(act, Then::Saved(what));
            }
            KeyCode::Enter => *wrong = true,
            _ => {
                if typed.key(key) == Effect::Changed {
                    *wrong = false;
                }
            }
        }
        Vec::new()
    }

    fn form_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self
            .flight
            .as_ref()
            .is_some_and(|t| matches!(t, Then::Saved(_) | Then::Submitted | Then::Acted(_)))
        {
            return Vec::new();
        }
        let Mode::Form(rows, form) = &mut self.mode else { return Vec::new() };
        match rows.key(key) {
            Kept::Open => Vec::new(),
            Kept::Leave => {
                self.mode = if form.is_action() { Mode::Actions } else { Mode::List };
                Vec::new()
            }
            Kept::Save => {
                let form: Form = form.clone();
                self.save_form(&form)
            }
        }
    }
}

/// All languages by name.
fn language_rows() -> Vec<Row> {
    let mut rows: Vec<Row> = LANGUAGES
        .iter()
        .map(|code| Row { key: (*code).to_owned(), title: languages::name(code), about: (*code).to_owned() })
        .collect();
    rows.sort_by(|a, b| a.title.cmp(&b.title));
    rows
}

/// What is not offered can still be pressed.
pub(super) fn forbidden() -> Vec<Step> {
    vec![Step::Say("your role does not allow this · → ask an admin".into())]
}
