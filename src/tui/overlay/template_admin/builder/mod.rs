//! The builder: a form over one [`Definition`], with every rule checked while one types and the phone's view beside it.
//!
//! | file | owns |
//! | --- | --- |
//! | `mod` | what keys do, when it may be handed in |
//! | `parts` | the rows over a definition |
//! | `convert` | variables: the next one, numbers for names |
//! | `document` | the same definition as JSON |
//! | `draw` | how it looks |

mod convert;
mod document;
mod draw;
mod parts;
#[cfg(test)]
mod round_tests;

use super::choose::{Choose, Outcome as Choice, Row};
use super::languages;
use crate::model::template::definition::{Button, Definition, Footer};
use crate::model::template::lint::{self, BUTTONS_MAX, Finding, LANGUAGES, Severity};
use crate::model::template::{ParameterFormat, Template};
use crate::protocol::Problem;
use crate::tui::overlay::field::{Effect, Field};
use convert::Names;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use document::{Document, Left};
pub(super) use document::{read, written};
use parts::{Control, Item, Lock};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Longest text of a field, in bytes: more than any rule allows, so that too long a text can be seen and cut.
const FIELD_MAX: usize = 8_000;
/// The row behind the last one: the button that hands it in.
pub(super) const SUBMIT: &str = "submit";

/// What is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A template that the provider has not seen.
    New,
    /// One that the provider has, in this status.
    Edit { status: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Editing,
    /// Asking whether what was written is thrown away.
    Leaving,
    /// Asking whether it is handed in with warnings.
    Warned,
    /// With the engine.
    Sending,
    /// A sample file is being handed over.
    Uploading,
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Nothing for the owner.
    Stay,
    /// Hand it in.
    Submit(Box<Definition>),
    /// Hand this file over as the header's sample.
    Sample(String),
    /// Let the operator's editor have this.
    Edit(String),
    /// It is given up; what was written is kept for later, or not.
    Leave { keep: bool },
}

/// The form.
pub(super) struct Builder {
    d: Definition,
    was: Definition,
    /// As it was kept, where it was begun before.
    from: Option<Box<Definition>>,
    purpose: Purpose,
    lock: Lock,
    /// What there is beside it already.
    others: Vec<Template>,
    /// Another definition's parts while this is one for login codes.
    aside: Option<Definition>,
    names: Names,
    focus: String,
    field: Field,
    touched: BTreeSet<String>,
    tried: bool,
    state: State,
    preview: bool,
    refused: Option<Problem>,
    languages: Option<Choose>,
    document: Option<Document>,
    first: Cell<usize>,
}

impl Builder {
    /// Over this definition.
    pub fn new(d: Definition, purpose: Purpose, others: Vec<Template>) -> Self {
        let lock = match &purpose {
            Purpose::New => Lock::default(),
            Purpose::Edit { status } => {
                Lock { identity: true, category: status.eq_ignore_ascii_case("APPROVED") }
            }
        };
        let focus = if lock.identity { "body.text" } else { "name" };
        let mut o = Self {
            was: d.clone(),
            from: None,
            d,
            purpose,
            lock,
            others,
            aside: None,
            names: Names::new(),
            focus: focus.to_owned(),
            field: Field::line(FIELD_MAX),
            touched: BTreeSet::new(),
            tried: false,
            state: State::Editing,
            preview: false,
            refused: None,
            languages: None,
            document: None,
            first: Cell::new(0),
        };
        // A template for login codes has no body to begin with.
        if !o.items().iter().any(|i| i.key == o.focus) {
            o.focus = o.items().first().map(|i| i.key.clone()).unwrap_or_default();
        }
        o.load();
        o
    }

    /// The same, as something that was begun before: leaving it asks.
    pub fn begun(mut self) -> Self {
        self.from = Some(Box::new(self.d.clone()));
        self.was = Definition::default();
        self
    }

    /// With the cursor in this row.
    pub fn at(mut self, field: &str) -> Self {
        let items = self.items();
        let at = parts::place(&items, field);
        if let Some(i) = items.get(at) {
            self.go(i.key.clone());
        }
        self
    }

    /// What is written, without what no variable needs.
    pub fn definition(&self) -> Definition {
        parts::pruned(&self.d)
    }

    /// What it was called when it was kept, or is called now.
    pub fn key(&self) -> Box<Definition> {
        self.from.clone().unwrap_or_else(|| Box::new(self.definition()))
    }

    /// What it is for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    fn items(&self) -> Vec<Item> {
        parts::items(&self.d, self.lock)
    }

    fn item(&self) -> Option<Item> {
        self.items().into_iter().find(|i| i.key == self.focus)
    }

    /// Every broken rule, in the order of the form.
    pub fn findings(&self) -> Vec<Finding> {
        let d = self.definition();
        let mut all = lint::lint(&d);
        // What is edited stands among the others itself.
        let others: Vec<Template> = match self.purpose {
            Purpose::New => self.others.clone(),
            Purpose::Edit { .. } => {
                let same = |t: &&Template| t.name == d.name && t.language == d.language;
                self.others.iter().filter(|t| !same(t)).cloned().collect()
            }
        };
        all.extend(lint::lint_beside(&d, &others));
        let items = self.items();
        all.sort_by_key(|f| (parts::place(&items, &f.field), f.severity == Severity::Warning));
        all
    }

    fn changed(&self) -> bool {
        self.definition() != self.was
    }

    /// Fills the field of the row that has the cursor.
    fn load(&mut self) {
        let tall = self.item().is_some_and(|i| i.control == Control::Tall);
        let field = if tall { Field::lines(FIELD_MAX) } else { Field::line(FIELD_MAX) };
        self.field = field.with(&parts::value(&self.d, &self.focus));
    }

    fn go(&mut self, key: String) {
        self.touched.insert(std::mem::replace(&mut self.focus, key));
        self.load();
    }

    fn step(&mut self, forward: bool) {
        let mut keys: Vec<String> =
            self.items().into_iter().filter(|i| i.control != Control::Fixed).map(|i| i.key).collect();
        keys.push(SUBMIT.to_owned());
        let n = keys.len();
        let at = keys.iter().position(|k| *k == self.focus);
        let next = match at {
            Some(at) if forward => (at + 1) % n,
            Some(at) => (at + n - 1) % n,
            None => 0,
        };
        self.go(keys.swap_remove(next));
    }

    /// Rows may have come or gone: the cursor stays on one that is there.
    fn settle(&mut self, before: usize) {
        let items = self.items();
        if self.focus == SUBMIT || items.iter().any(|i| i.key == self.focus) {
            return;
        }
        let at = before.min(items.len().saturating_sub(1));
        self.focus = items.get(at).map(|i| i.key.clone()).unwrap_or_default();
        self.load();
    }

    fn place(&self) -> usize {
        let items = self.items();
        items.iter().position(|i| i.key == self.focus).unwrap_or(items.len())
    }

    /// What is in the field goes into the definition.
    fn typed(&mut self) {
        self.refused = None;
        let key = self.focus.clone();
        let mut text = self.field.text().to_owned();
        if parts::is_number(&key) && !text.is_empty() {
            let fits = |(i, c): (usize, char)| c.is_ascii_digit() || (i == 0 && c == '-');
            text = text.chars().enumerate().filter(|p| fits(*p)).map(|(_, c)| c).take(9).collect();
            if text != self.field.text() {
                self.field.set(&text);
            }
        }
        parts::set(&mut self.d, &key, &text);
        self.touched.insert(key);
    }

    fn choose(&mut self, value: &str) {
        self.refused = None;
        let (key, before) = (self.focus.clone(), self.place());
        match key.as_str() {
            "category" => self.set_category(value),
            "format" => {
                let to = if value == "NAMED" { ParameterFormat::Named } else { ParameterFormat::Positional };
                convert::convert(&mut self.d, to, &mut self.names);
            }
            _ => parts::set(&mut self.d, &key, value),
        }
        self.touched.insert(key);
        self.settle(before);
    }

    /// Another category; templates for login codes have parts of their own, and the others come back with theirs.
    fn set_category(&mut self, category: &str) {
        let was = self.d.is_authentication();
        category.clone_into(&mut self.d.category);
        let is = self.d.is_authentication();
        if was == is {
            return;
        }
        let other = self.aside.take();
        self.aside = Some(Definition {
            header: self.d.header.take(),
            body: std::mem::take(&mut self.d.body),
            footer: self.d.footer.take(),
            buttons: std::mem::take(&mut self.d.buttons),
            ..Definition::default()
        });
        if let Some(d) = other {
            (self.d.header, self.d.body, self.d.footer, self.d.buttons) =
                (d.header, d.body, d.footer, d.buttons);
        } else if is {
            self.d.body.security = Some(true);
            self.d.footer = Some(Footer { expires_minutes: Some(10), ..Footer::default() });
            let mut button = Button { kind: "otp".into(), ..Button::default() };
            button.extra.insert("otp_type".into(), "COPY_CODE".into());
            self.d.buttons = vec![button];
        }
    }

    fn turn(&mut self, forward: bool) {
        let Some(Item { control: Control::Choice(all), .. }) = self.item() else { return };
        let now = parts::value(&self.d, &self.focus);
        let n = all.len();
        let next = match all.iter().position(|(v, _)| *v == now) {
            Some(at) if forward => (at + 1) % n,
            Some(at) => (at + n - 1) % n,
            None => 0,
        };
        if let Some((value, _)) = all.get(next) {
            self.choose(&value.clone());
        }
    }

    fn button_here(&self) -> Option<usize> {
        self.focus.strip_prefix("button.")?.split('.').next()?.parse().ok()
    }

    fn add_button(&mut self) {
        // One more than allowed would only be refused.
        if self.d.buttons.len() >= BUTTONS_MAX {
            self.refused = Some(
                Problem::new("field", format!("a template has at most {BUTTONS_MAX} buttons"))
                    .next("F4 takes one out"),
            );
            return;
        }
        let auth = self.d.is_authentication();
        let kind = if auth { "otp" } else { "quick_reply" };
        let at = self.button_here().map_or(self.d.buttons.len(), |i| i + 1);
        let mut button = Button { kind: kind.into(), ..Button::default() };
        if auth {
            button.extra.insert("otp_type".into(), "COPY_CODE".into());
        }
        self.d.buttons.insert(at.min(self.d.buttons.len()), button);
        self.go(format!("button.{at}.kind"));
    }

    /// Takes the part out in which the cursor is.
    fn take_out(&mut self) {
        let before = self.place();
        if let Some(i) = self.button_here() {
            if i < self.d.buttons.len() {
                self.d.buttons.remove(i);
            }
            if self.d.buttons.is_empty() {
                self.focus = "buttons".into();
            } else {
                self.focus = format!("button.{}.kind", i.min(self.d.buttons.len() - 1));
            }
            self.load();
        } else if self.focus.starts_with("header.") {
            self.d.header = None;
            self.focus = "header.format".into();
            self.load();
        } else if self.focus.starts_with("footer.") {
            self.d.footer = None;
            self.load();
        } else {
            self.refused = Some(
                Problem::new("usage", "only a header, a footer or a button can be taken out")
                    .next("put the cursor on one"),
            );
        }
        self.settle(before);
    }

    fn move_button(&mut self, up: bool) {
        let Some(i) = self.button_here() else { return };
        let to = if up { i.checked_sub(1) } else { Some(i + 1).filter(|t| *t < self.d.buttons.len()) };
        let Some(to) = to else { return };
        self.d.buttons.swap(i, to);
        let part = self.focus.rsplit('.').next().unwrap_or("kind").to_owned();
        self.focus = format!("button.{to}.{part}");
        self.load();
    }

    /// Puts the next variable in where the cursor is.
    fn put_variable(&mut self) {
        let text = match self.focus.as_str() {
            "body.text" | "header.text" => convert::next(self.field.text(), self.d.format),
            f if f.starts_with("button.") && f.ends_with(".target") => "{{1}}".to_owned(),
            _ => {
                let what = Problem::new("usage", "variables stand in the header, the body and addresses");
                self.refused = Some(what.next("put the cursor there, then F5"));
                return;
            }
        };
        if self.field.insert(&text) {
            self.typed();
        }
    }

    /// Goes to the next row with a finding.
    fn next_finding(&mut self) {
        let (items, here) = (self.items(), self.place());
        let mut places: Vec<usize> = self.findings().iter().map(|f| parts::place(&items, &f.field)).collect();
        places.dedup();
        let next = places.iter().find(|p| **p > here).or_else(|| places.first());
        if let Some(item) = next.and_then(|p| items.get(*p)) {
            self.tried = true;
            self.go(item.key.clone());
        }
    }

    fn submit(&mut self) -> Outcome {
        self.tried = true;
        self.refused = None;
        let findings = self.findings();
        if !lint::is_clean(&findings) {
            let items = self.items();
            let first = findings.iter().find(|f| f.severity == Severity::Error);
            if let Some(item) = first.and_then(|f| items.get(parts::place(&items, &f.field))) {
                self.go(item.key.clone());
            }
            return Outcome::Stay;
        }
        if !findings.is_empty() && self.state != State::Warned {
            self.state = State::Warned;
            return Outcome::Stay;
        }
        self.state = State::Sending;
        Outcome::Submit(Box::new(self.definition()))
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if self.document.is_some() {
            return self.document_key(key);
        }
        if let Some(list) = &mut self.languages {
            match list.key(key) {
                Choice::Open => {}
                Choice::Leave => self.languages = None,
                Choice::Chosen(code) => {
                    self.languages = None;
                    self.choose(&code);
                    self.step(true);
                }
            }
            return Outcome::Stay;
        }
        match self.state {
            State::Sending | State::Uploading if key.code != KeyCode::Esc => return Outcome::Stay,
            // Who does not wait for an answer that does not come loses nothing.
            State::Sending => return Outcome::Leave { keep: true },
            State::Uploading => {
                self.state = State::Editing;
                return Outcome::Stay;
            }
            State::Leaving => {
                self.state = State::Editing;
                return match key.code {
                    KeyCode::Char('y') => Outcome::Leave { keep: false },
                    KeyCode::Char('k') => Outcome::Leave { keep: true },
                    _ => Outcome::Stay,
                };
            }
            State::Warned => {
                if key.code == KeyCode::Char('y') {
                    return self.submit();
                }
                self.state = State::Editing;
                return Outcome::Stay;
            }
            State::Editing => {}
        }
        match key.code {
            KeyCode::Esc if self.preview => self.preview = false,
            KeyCode::Esc if self.changed() => self.state = State::Leaving,
            KeyCode::Esc => return Outcome::Leave { keep: false },
            KeyCode::F(10) => return self.submit(),
            KeyCode::Enter if ctrl => return self.submit(),
            KeyCode::F(2) => self.add_button(),
            KeyCode::F(3) => return Outcome::Edit(written(&self.definition())),
            KeyCode::F(4) => self.take_out(),
            KeyCode::F(5) => self.put_variable(),
            KeyCode::F(6) => self.next_finding(),
            KeyCode::F(7) => self.preview = !self.preview,
            KeyCode::Up if ctrl => self.move_button(true),
            KeyCode::Down if ctrl => self.move_button(false),
            KeyCode::Tab => self.step(true),
            KeyCode::BackTab => self.step(false),
            KeyCode::Enter => return self.enter(),
            _ => self.row_key(key),
        }
        Outcome::Stay
    }

    fn enter(&mut self) -> Outcome {
        if self.focus == SUBMIT {
            return self.submit();
        }
        match (self.item().map(|i| i.control), self.focus.as_str()) {
            (Some(Control::Tall), _) => {
                if self.field.insert("\n") {
                    self.typed();
                }
            }
            (_, "language") => self.pick_language(),
            (_, "buttons") => self.add_button(),
            (_, "header.sample") if self.is_path() => {
                self.state = State::Uploading;
                self.refused = None;
                return Outcome::Sample(self.field.text().trim().to_owned());
            }
            _ => self.step(true),
        }
        Outcome::Stay
    }

    /// Whether the sample is a file of this machine that is not handed over yet.
    fn is_path(&self) -> bool {
        let text = self.field.text().trim();
        !text.is_empty() && is_path(text)
    }

    fn pick_language(&mut self) {
        let mut rows: Vec<Row> = LANGUAGES
            .iter()
            .map(|code| Row {
                key: (*code).to_owned(),
                title: languages::name(code),
                about: (*code).to_owned(),
            })
            .collect();
        rows.sort_by(|a, b| a.title.cmp(&b.title));
        self.languages = Some(Choose::new(rows, &self.d.language));
    }

    fn row_key(&mut self, key: KeyEvent) {
        let control = self.item().map(|i| i.control);
        match control {
            Some(Control::Text | Control::Tall) => match (self.field.key(key), key.code) {
                (Effect::Changed, _) => self.typed(),
                (Effect::Ignored, KeyCode::Down) => self.step(true),
                (Effect::Ignored, KeyCode::Up) => self.step(false),
                _ => {}
            },
            _ => match key.code {
                KeyCode::Right | KeyCode::Char(' ') if self.focus == "language" => self.pick_language(),
                KeyCode::Right | KeyCode::Char(' ') => self.turn(true),
                KeyCode::Left => self.turn(false),
                KeyCode::Down => self.step(true),
                KeyCode::Up => self.step(false),
                KeyCode::Char(_) if self.focus == "language" => {
                    self.pick_language();
                    if let Some(list) = &mut self.languages {
                        list.key(key);
                    }
                }
                _ => {}
            },
        }
    }

    /// Takes a block of text.
    pub fn paste(&mut self, block: &str) {
        if let Some(doc) = &mut self.document {
            doc.paste(block);
        } else if let Some(list) = &mut self.languages {
            list.paste(block);
        } else if self.state == State::Editing
            && self.item().is_some_and(|i| matches!(i.control, Control::Text | Control::Tall))
            && self.field.insert(block)
        {
            self.typed();
        }
    }

    /// The sample is handed over: its name at the provider.
    pub fn sample_came(&mut self, handle: &str) {
        self.state = State::Editing;
        if let Some(h) = &mut self.d.header {
            handle.clone_into(&mut h.sample);
        }
        self.load();
        if self.focus == "header.sample" {
            self.step(true);
        }
    }

    /// What was asked for is refused: it is shown at its field, and everything stays as it was written.
    pub fn refuse(&mut self, p: Problem) {
        self.state = State::Editing;
        let items = self.items();
        let mut p = p;
        if p.field.as_deref() == Some("sample") {
            p.field = Some("header.sample".into());
        }
        if let Some(item) =
            p.field.as_deref().and_then(|f| items.get(parts::place(&items, f)).filter(|i| known(i, f)))
        {
            self.go(item.key.clone());
        }
        self.refused = Some(p);
    }

    /// Takes another definition, as it came from the editor.
    fn replace(&mut self, d: Definition) -> Result<(), String> {
        if self.lock.identity && (d.name != self.d.name || d.language != self.d.language) {
            return Err(format!(
                "name and language: this is {} in {}; another one is made with n",
                self.d.name, self.d.language
            ));
        }
        if self.lock.category && d.category != self.d.category {
            return Err(format!("category: it is approved as {}, which stays", self.d.category));
        }
        let before = self.place();
        self.d = d;
        self.tried = true;
        self.refused = None;
        self.settle(before);
        self.load();
        Ok(())
    }

    /// The editor has ended.
    pub fn edited(&mut self, result: Result<Option<String>, String>) -> Option<String> {
        match result {
            Ok(None) => Some("the editor gave the text up: the template is as it was".into()),
            Ok(Some(text)) => {
                self.take_document(&text);
                None
            }
            // Without an editor there is one here.
            Err(why) => {
                let mut doc = Document::new(&written(&self.definition()));
                doc.problems = vec![format!("the editor did not run: {why}")];
                self.document = Some(doc);
                None
            }
        }
    }

    /// A document to begin with, that may be none yet.
    pub fn take_document(&mut self, text: &str) {
        let taken = read(text).and_then(|d| self.replace(d).map_err(|why| vec![why]));
        self.document = taken.err().map(|problems| {
            let mut doc = Document::new(text);
            doc.problems = problems;
            doc
        });
    }

    /// Opens the document here, to be written or pasted.
    pub fn open_document(&mut self) {
        self.document = Some(Document::new(&written(&self.definition())));
    }

    fn document_key(&mut self, key: KeyEvent) -> Outcome {
        let Some(doc) = &mut self.document else { return Outcome::Stay };
        match doc.key(key) {
            Left::Open => {}
            Left::Take(text) => self.take_document(&text),
            Left::Edit(text) => return Outcome::Edit(text),
            Left::Leave => self.document = None,
        }
        Outcome::Stay
    }
}

/// Whether a row is meant by a field, and not only near it.
fn known(item: &Item, field: &str) -> bool {
    item.key == field || field.starts_with(item.key.split('.').next().unwrap_or(&item.key))
}

/// Whether a sample is the path of a file: handles and addresses are the provider's.
fn is_path(sample: &str) -> bool {
    let handle = sample.split("::").count() > 1 || sample.starts_with("http");
    !handle && (sample.starts_with(['/', '~', '.']) || sample.contains('.') || !sample.contains(':'))
}
