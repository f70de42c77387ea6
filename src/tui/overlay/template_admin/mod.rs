//! Templates for who makes them: the list, the builder, what is kept here about each, actions.
//!
//! One question is on its way at a time, since an answer does not say what it answers; the others wait in a row.
//!
//! | file | owns |
//! | --- | --- |
//! | `mod` | state, questions and answers |
//! | `keys` | what keys do in the list |
//! | `forms` | settings, library, actions: forms and what saves them |
//! | `list` | which rows are shown, and the one under the cursor |
//! | `state` | marks and words for status, category, quality |
//! | `builder` | the form over a definition |
//! | `draw`, `details` | how it looks |
//! | `choose`, `rows` | one of many; a form made of rows |
//! | `preview` | a definition as the phone shows it |
//! | `languages` | names of languages |

mod builder;
mod choose;
mod details;
mod draw;
mod forms;
mod keys;
pub(in crate::tui) mod languages;
mod list;
mod preview;
mod rows;
#[cfg(test)]
pub(crate) mod sample;
mod state;
#[cfg(test)]
mod tests;

use super::field::Field;
use super::frame::{Selection, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::clock::Millis;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::template::Template;
use crate::model::template::definition::Definition;
use crate::model::template::local::TemplateChange;
use crate::protocol::templates::{ActionRow, LibraryTemplate, TemplateAnswer, TemplateRequest, TemplateRow};
use crate::protocol::{Problem, Request};
use crate::tui::theme::Theme;
use builder::{Builder, Outcome as Built, Purpose};
use choose::Choose;
use crossterm::event::KeyEvent;
use forms::Form;
use list::List;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rows::Rows;
use std::cell::Cell;
use std::collections::VecDeque;

/// Its name; what is said about templates comes to it by this name.
pub const NAME: &str = "admin_templates";

/// What the operator's role allows. The engine has the last word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// New ones.
    pub create: bool,
    /// Change them, and what is kept here.
    pub edit: bool,
    /// Delete them.
    pub delete: bool,
    /// Hand models in.
    pub load: bool,
    /// Send them.
    pub send: bool,
}

/// The conversation that is open, for what is sent from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// Which.
    pub thread: ThreadId,
    /// Of which account.
    pub account: AccountId,
    /// Whose name it has.
    pub title: String,
    /// Whether the window is open.
    pub window_open: bool,
}

/// What the screen knows when this opens.
pub struct Setup {
    /// Accounts and their names.
    pub accounts: Vec<(AccountId, String)>,
    /// Which of them is shown.
    pub at: usize,
    /// When its templates were read from the provider.
    pub synced: Option<Millis>,
    /// What is allowed.
    pub rights: Rights,
    /// A time in a few words.
    pub ago: TimeText,
    /// Day and time.
    pub full: TimeText,
    /// What was begun and not handed in.
    pub kept: Vec<(AccountId, Definition)>,
    /// Whether samples are shown.
    pub samples: bool,
    /// The open conversation.
    pub here: Option<Here>,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
enum Then {
    List,
    Sync,
    /// All languages of a name, read from the provider.
    Refresh(String),
    History(String, String),
    Submitted,
    Sample,
    Library,
    Actions,
    /// Say this and read anew.
    Saved(String),
    /// An action was done.
    Acted(String),
}

/// What takes the keys.
enum Mode {
    List,
    /// The line of the search.
    Search,
    /// The details alone, where there is no room beside.
    Details,
    /// Which way a new one is begun.
    New(Choose),
    /// Into which language one is copied.
    Copy(Choose),
    Models(Choose),
    Library(Choose),
    Build(Box<Builder>),
    Form(Box<Rows>, Form),
    /// Asking for the name of what is to be deleted.
    Delete {
        name: String,
        language: Option<String>,
        typed: Field,
        wrong: bool,
    },
    History(usize),
    Actions,
}

/// The templates of one account.
pub struct TemplateAdmin {
    setup: Setup,
    list: List,
    known: bool,
    mode: Mode,
    flight: Option<Then>,
    waiting: VecDeque<(Request, Then)>,
    say: Option<Problem>,
    search: Field,
    history: Option<((String, String), Vec<TemplateChange>)>,
    library: Vec<LibraryTemplate>,
    actions: Option<Vec<ActionRow>>,
    action: Selection,
    /// Where to go when the list comes: what was just handed in.
    goal: Option<(String, String)>,
    /// Whether the details stand beside the list.
    beside: Cell<bool>,
}

impl TemplateAdmin {
    /// With what it wants to know at once.
    #[must_use]
    pub fn new(setup: Setup) -> (Self, Request) {
        let account = setup.accounts.get(setup.at).map(|(id, _)| id.clone());
        let act = TemplateRequest::List { account: account.unwrap_or_else(|| AccountId::new("")) };
        let mut list = List::default();
        list.filter.samples = setup.samples;
        let o = Self {
            setup,
            list,
            known: false,
            mode: Mode::List,
            flight: Some(Then::List),
            waiting: VecDeque::new(),
            say: None,
            search: Field::line(200),
            history: None,
            library: Vec::new(),
            actions: None,
            action: Selection::default(),
            goal: None,
            beside: Cell::new(false),
        };
        (o, Request::Template { act: Box::new(act) })
    }

    fn account(&self) -> AccountId {
        self.setup.accounts.get(self.setup.at).map_or_else(|| AccountId::new(""), |(id, _)| id.clone())
    }

    fn account_name(&self) -> &str {
        self.setup.accounts.get(self.setup.at).map_or("", |(_, name)| name.as_str())
    }

    /// Asks, or puts the question in the row.
    fn ask_for(&mut self, request: Request, then: Then) -> Vec<Step> {
        if self.flight.is_some() {
            if !self.waiting.iter().any(|(_, t)| *t == then) {
                self.waiting.push_back((request, then));
            }
            return Vec::new();
        }
        self.flight = Some(then);
        vec![Step::Ask(Box::new(request))]
    }

    fn ask(&mut self, act: TemplateRequest, then: Then) -> Vec<Step> {
        self.ask_for(Request::Template { act: Box::new(act) }, then)
    }

    fn read(&mut self) -> Vec<Step> {
        let account = self.account();
        self.ask(TemplateRequest::List { account }, Then::List)
    }

    /// The history of what is under the cursor, where it is not here yet. One question at a time: while one scrolls, only
    /// where one stops is asked for.
    fn look_back(&mut self) -> Vec<Step> {
        let Some(t) = self.list.current().map(|r| &r.template) else { return Vec::new() };
        let key = (t.name.clone(), t.language.clone());
        let here = self.history.as_ref().is_some_and(|(of, _)| *of == key);
        if here || self.flight.is_some() || !self.known {
            return Vec::new();
        }
        let act = TemplateRequest::History {
            account: self.account(),
            name: key.0.clone(),
            language: key.1.clone(),
        };
        self.ask(act, Then::History(key.0, key.1))
    }

    fn refuse(&mut self, what: impl Into<String>, next: &str) -> Vec<Step> {
        self.say = Some(Problem::new("usage", what).next(next));
        Vec::new()
    }

    /// Another account's templates.
    fn next_account(&mut self, forward: bool) -> Vec<Step> {
        let n = self.setup.accounts.len();
        if n < 2 || self.flight.is_some() {
            return Vec::new();
        }
        self.setup.at = if forward { self.setup.at + 1 } else { self.setup.at + n - 1 } % n;
        self.known = false;
        self.setup.synced = None;
        self.list.rows.clear();
        self.list.refilter();
        self.history = None;
        self.actions = None;
        self.read()
    }

    /// Templates as the builder compares with them.
    fn others(&self) -> Vec<Template> {
        self.list.rows.iter().map(|r| r.template.clone()).collect()
    }

    /// Opens the builder.
    fn build(&mut self, d: Definition, purpose: Purpose) {
        self.mode = Mode::Build(Box::new(Builder::new(d, purpose, self.others())));
    }

    /// Does what the builder wants.
    fn built(&mut self, outcome: Built) -> Vec<Step> {
        let account = self.account();
        let Mode::Build(builder) = &self.mode else { return Vec::new() };
        match outcome {
            Built::Stay => Vec::new(),
            Built::Edit(text) => vec![Step::Edit { text, name: "template.json" }],
            Built::Leave { keep } => {
                let (definition, of) = (Box::new(builder.definition()), builder.key());
                self.mode = Mode::List;
                // What was handed in, or thrown away, is not offered again.
                let kept = keep.then(|| definition.clone());
                self.setup
                    .kept
                    .retain(|(a, d)| *a != account || d.name != of.name || d.language != of.language);
                if keep {
                    self.setup.kept.push((account.clone(), (*definition).clone()));
                }
                let mut steps = vec![Step::KeepTemplate { account, of, kept }];
                if keep {
                    steps.push(Step::Say("kept: n offers it again".into()));
                }
                steps
            }
            Built::Submit(definition) => {
                let act = match builder.purpose() {
                    Purpose::New => TemplateRequest::Create { account, definition },
                    Purpose::Edit { .. } => TemplateRequest::Edit { account, definition },
                };
                self.ask(act, Then::Submitted)
            }
            Built::Sample(path) => {
                // The file goes first; its answer is the one that is waited for.
                self.flight = Some(Then::Sample);
                vec![Step::Sample { path, account }]
            }
        }
    }

    fn submitted(&mut self, t: &Template) -> Vec<Step> {
        let account = self.account();
        let mut steps = Vec::new();
        if let Mode::Build(b) = &self.mode {
            let of = b.key();
            self.setup.kept.retain(|(a, d)| *a != account || d.name != of.name || d.language != of.language);
            steps.push(Step::KeepTemplate { account, of, kept: None });
        }
        self.mode = Mode::List;
        self.history = None;
        self.goal = Some((t.name.clone(), t.language.clone()));
        steps.push(Step::Say(format!("{} ({}) handed in: {}", t.name, t.language, t.status)));
        steps.extend(self.read());
        steps
    }

    fn listed(&mut self, rows: Vec<TemplateRow>) {
        self.known = true;
        let newest = rows.iter().map(|r| r.template.synced_at).max().filter(|at| *at > 0);
        self.setup.synced = newest.max(self.setup.synced);
        self.list.replace(rows);
        if let Some((name, language)) = self.goal.take() {
            self.list.go_to(&name, &language);
        }
    }

    fn answered(&mut self, then: Then, answer: TemplateAnswer) -> Vec<Step> {
        match (then, answer) {
            (Then::List, TemplateAnswer::List(rows)) => {
                self.listed(rows);
                Vec::new()
            }
            (Then::Refresh(name), TemplateAnswer::List(rows)) => {
                self.list.merge(&name, rows);
                vec![Step::Say(format!("{name} was read again"))]
            }
            (Then::History(name, language), TemplateAnswer::History(changes)) => {
                self.history = Some(((name, language), changes));
                Vec::new()
            }
            (Then::Submitted, TemplateAnswer::Submitted(t)) => self.submitted(&t),
            (Then::Sample, TemplateAnswer::Sample(handle)) => {
                if let Mode::Build(b) = &mut self.mode {
                    b.sample_came(&handle);
                }
                Vec::new()
            }
            (Then::Library, TemplateAnswer::Library(all)) => {
                self.library = all;
                self.show_library();
                Vec::new()
            }
            (Then::Actions, TemplateAnswer::Actions(rows)) => {
                self.actions = Some(rows);
                Vec::new()
            }
            (Then::Saved(said), _) => self.saved(said),
            _ => Vec::new(),
        }
    }

    /// Something was set, or deleted.
    fn saved(&mut self, said: String) -> Vec<Step> {
        let actions = matches!(&self.mode, Mode::Form(_, form) if form.is_action())
            || matches!(self.mode, Mode::Actions);
        self.mode = if actions { Mode::Actions } else { Mode::List };
        self.history = None;
        let mut steps = vec![Step::Say(said)];
        if actions {
            let account = self.account();
            steps.extend(self.ask(TemplateRequest::Actions { account }, Then::Actions));
        }
        steps.extend(self.read());
        steps
    }

    fn refused(&mut self, then: Option<Then>, p: Problem) -> Vec<Step> {
        match (&mut self.mode, then) {
            (Mode::Build(b), Some(Then::Submitted | Then::Sample) | None) => b.refuse(p),
            (Mode::Form(rows, _), Some(Then::Saved(_) | Then::Submitted | Then::Acted(_))) => rows.refuse(p),
            // A history that cannot be read is no reason to say anything.
            (_, Some(Then::History(name, language))) => self.history = Some(((name, language), Vec::new())),
            (_, then) => {
                self.known |= then == Some(Then::List);
                if matches!(self.mode, Mode::Delete { .. }) {
                    self.mode = Mode::List;
                }
                self.say = Some(p);
            }
        }
        Vec::new()
    }

    /// Sends the next question, or looks at what is under the cursor.
    fn go_on(&mut self) -> Vec<Step> {
        if self.flight.is_some() {
            return Vec::new();
        }
        match self.waiting.pop_front() {
            Some((request, then)) => {
                self.flight = Some(then);
                vec![Step::Ask(Box::new(request))]
            }
            None => self.look_back(),
        }
    }
}

impl Overlay for TemplateAdmin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let mut steps = self.mode_key(key);
        steps.extend(self.go_on());
        steps
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        match &mut self.mode {
            Mode::Build(b) => b.paste(text),
            Mode::Form(rows, _) => rows.paste(text),
            Mode::New(c) | Mode::Copy(c) | Mode::Models(c) | Mode::Library(c) => c.paste(text),
            Mode::Delete { typed, .. } => drop(typed.insert(text)),
            Mode::Search => {
                self.search.insert(text);
                self.list.filter.words = self.search.text().trim().to_owned();
                self.list.refilter();
            }
            Mode::List | Mode::Details | Mode::History(_) | Mode::Actions => {}
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        let mut steps = match delivery {
            Delivery::TemplatesMoved(account) if account == self.account() => {
                self.history = None;
                self.read()
            }
            Delivery::Edited(result) => match &mut self.mode {
                Mode::Build(b) => b.edited(result).map(Step::Say).into_iter().collect(),
                _ => Vec::new(),
            },
            Delivery::Template(answer) => match self.flight.take() {
                Some(then) => self.answered(then, *answer),
                None => Vec::new(),
            },
            Delivery::Queued(thread) => match self.flight.take() {
                Some(Then::Acted(said)) => {
                    vec![Step::Close, Step::OpenThread { thread, at: None }, Step::Say(said)]
                }
                _ => Vec::new(),
            },
            Delivery::Done => match self.flight.take() {
                Some(Then::Sync) => {
                    self.history = None;
                    self.read()
                }
                Some(Then::Saved(said)) => self.saved(said),
                _ => Vec::new(),
            },
            Delivery::Problem(p) => {
                let then = self.flight.take();
                self.refused(then, p)
            }
            _ => Vec::new(),
        };
        steps.extend(self.go_on());
        steps
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        self.draw_all(area, buf, theme)
    }

    fn hints(&self) -> Vec<Hint> {
        self.hint_line()
    }

    fn says_keys(&self) -> bool {
        matches!(
            self.mode,
            Mode::New(_) | Mode::Copy(_) | Mode::Models(_) | Mode::Library(_) | Mode::Delete { .. }
        )
    }
}
