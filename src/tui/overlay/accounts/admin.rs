//! The accounts as an admin sees them: how they are, and everything that can be done about it.
//!
//! One request is on its way at a time; what is asked meanwhile waits for its answer. The engine says what is possible.

use super::super::field::Field;
use super::super::frame::{Selection, TimeText};
use super::super::sheet::{Outcome, Sheet};
use super::super::{Delivery, Hint, Overlay, Step};
use super::forms;
use crate::clock::Millis;
use crate::model::access::AccessBook;
use crate::model::account::{AccountOptions, CONNECTED, DISCONNECTED};
use crate::model::ids::AccountId;
use crate::protocol::access::AccessRequest;
use crate::protocol::account_facts::{self, Openness, Saying, name};
use crate::protocol::accounts::{AccountDetail, AccountRequest};
use crate::protocol::{AccountView, Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What the operator may do here. The engine has the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Change accounts.
    pub edit: bool,
    /// See who may work with them.
    pub rules: bool,
    /// Say who may work with them.
    pub edit_rules: bool,
}

/// How times are said, and what time it is: handed in by the host, which has clock and time zone.
#[derive(Clone)]
pub struct Times {
    /// A day and a time.
    pub full: TimeText,
    /// Now.
    pub now: Arc<dyn Fn() -> Millis + Send + Sync>,
}

impl Times {
    /// Lets words be made of times.
    pub(super) fn with<T>(&self, f: impl FnOnce(&Saying<'_>) -> T) -> T {
        let time = |at| (self.full)(at);
        f(&Saying { now: (self.now)(), time: &time, shell: false })
    }
}

/// What takes the keys.
pub(super) enum Mode {
    List,
    /// Everything about one, from this row on.
    Detail(Cell<usize>),
    /// The link by which a number is connected.
    Link,
    /// Name, prefix, recipients, access.
    Edit(Box<Sheet>),
    /// Which provider a new one is of.
    New(Selection),
    /// A new account of Kapso, and the one that was made of it already.
    Kapso(Box<Sheet>, Option<AccountId>),
    /// Its key is typed anew.
    Key(Box<Sheet>),
    /// Asking before something that stops messages.
    Ask {
        title: String,
        words: String,
        act: Box<AccountRequest>,
        said: String,
    },
    /// Its name is typed before it goes.
    Delete(Field),
}

/// What comes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is only shown.
    Show,
    /// Who may work with them came.
    Book,
    /// A step before another one.
    Next,
    /// A form is done with: back to where one came from, and say so.
    Saved(String),
    /// It was asked to connect: the link is shown, or that it is connected.
    Connected,
    /// It is gone.
    Deleted(String),
}

/// The accounts.
pub struct AccountBox {
    pub(super) rights: Rights,
    pub(super) times: Times,
    pub(super) accounts: Vec<AccountView>,
    pub(super) details: BTreeMap<AccountId, AccountDetail>,
    pub(super) book: Option<AccessBook>,
    pub(super) selection: Selection,
    pub(super) mode: Mode,
    /// Where a form was opened from.
    from_detail: bool,
    flight: Option<Then>,
    pub(super) queue: VecDeque<(Request, Then)>,
    pub(super) say: Option<Problem>,
}

pub(super) fn request(act: AccountRequest) -> Request {
    Request::Account { act }
}

impl AccountBox {
    /// Over these accounts; the cursor on `current`. With what it wants to know at once.
    #[must_use]
    pub fn new(
        accounts: Vec<AccountView>,
        current: Option<&AccountId>,
        rights: Rights,
        times: Times,
    ) -> (Self, Request) {
        let mut selection = Selection::default();
        selection.set(accounts.iter().position(|a| Some(&a.spec.id) == current).unwrap_or(0));
        let first = match accounts.get(selection.at) {
            Some(a) => request(AccountRequest::Show { account: a.spec.id.clone() }),
            None => Request::Accounts,
        };
        let mut o = Self {
            rights,
            times,
            accounts,
            details: BTreeMap::new(),
            book: None,
            selection,
            mode: Mode::List,
            from_detail: false,
            flight: Some(Then::Show),
            queue: VecDeque::new(),
            say: None,
        };
        if rights.rules {
            o.queue.push_back((Request::Access { act: AccessRequest::List }, Then::Book));
        }
        (o, first)
    }

    /// With the choice of a new one's provider open, where the operator may make one.
    #[must_use]
    pub fn beginning(mut self) -> Self {
        if self.rights.edit {
            self.mode = Mode::New(Selection::default());
        }
        self
    }

    /// The account under the cursor.
    pub(super) fn view(&self) -> Option<&AccountView> {
        self.accounts.get(self.selection.at)
    }

    pub(super) fn id(&self) -> Option<AccountId> {
        self.view().map(|v| v.spec.id.clone())
    }

    /// What is known of it beyond the list.
    pub(super) fn detail(&self) -> Option<&AccountDetail> {
        self.details.get(&self.view()?.spec.id)
    }

    /// Who may work with an account.
    pub(super) fn openness(&self, account: &AccountId) -> Openness {
        self.book.as_ref().map_or(Openness::Unknown, |b| Openness::of(b.accounts.get(account)))
    }

    /// Whether the engine is doing something for us that takes its time.
    pub(super) fn is_busy(&self) -> bool {
        self.flight.as_ref().is_some_and(|t| !matches!(t, Then::Show | Then::Book))
            || self.queue.iter().any(|(_, t)| !matches!(t, Then::Show | Then::Book))
    }

    /// Asks as soon as nothing else is on its way.
    pub(super) fn ask(&mut self, request: Request, then: Then) -> Vec<Step> {
        self.queue.push_back((request, then));
        self.go_on()
    }

    pub(super) fn go_on(&mut self) -> Vec<Step> {
        if self.flight.is_some() {
            return Vec::new();
        }
        let Some((request, then)) = self.queue.pop_front() else { return Vec::new() };
        self.flight = Some(then);
        vec![Step::Ask(Box::new(request))]
    }

    /// Reads again what is shown of the account under the cursor.
    fn look(&mut self) -> Vec<Step> {
        self.queue.retain(|(_, then)| *then != Then::Show);
        match self.id() {
            Some(account) => self.ask(request(AccountRequest::Show { account }), Then::Show),
            None => Vec::new(),
        }
    }

    fn moved(&mut self) -> Vec<Step> {
        self.say = None;
        if self.detail().is_some() { Vec::new() } else { self.look() }
    }

    pub(super) fn refuse(&mut self, kind: &str, what: impl Into<String>, next: &str) -> Vec<Step> {
        self.say = Some(Problem::new(kind, what).next(next));
        Vec::new()
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let detail = matches!(self.mode, Mode::Detail(_));
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let total = self.accounts.len();
        if detail {
            if self.scroll(key) {
                return Vec::new();
            }
        } else {
            let before = self.selection.at;
            let moved = self.selection.key(key, total)
                || match key.code {
                    KeyCode::Char('j') if !ctrl => {
                        self.selection.set((before + 1).min(total.saturating_sub(1)));
                        true
                    }
                    KeyCode::Char('k') if !ctrl => {
                        self.selection.set(before.saturating_sub(1));
                        true
                    }
                    _ => false,
                };
            if moved {
                return self.moved();
            }
        }
        self.say = None;
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'h') | KeyCode::Left if detail && !ctrl => {
                self.mode = Mode::List;
                Vec::new()
            }
            KeyCode::Esc | KeyCode::Char('q') => vec![Step::Close],
            KeyCode::Char('r') if ctrl => self.look(),
            _ if ctrl => Vec::new(),
            KeyCode::Char('n' | 'N') | KeyCode::F(2) => self.allowed(Self::begin_new),
            _ if total == 0 => Vec::new(),
            KeyCode::Enter | KeyCode::Char('o' | 'l') | KeyCode::Right if !detail => {
                self.mode = Mode::Detail(Cell::new(0));
                self.look()
            }
            KeyCode::Char('v') | KeyCode::F(5) => self.verify(),
            KeyCode::Char('e') | KeyCode::F(3) => self.allowed(Self::begin_edit),
            KeyCode::Char('z' | ' ') => self.allowed(Self::pause),
            KeyCode::Char('c') => self.allowed(Self::connect),
            KeyCode::Char('x') => self.allowed(Self::ask_disconnect),
            KeyCode::Char('R') => self.allowed(Self::reconnect),
            KeyCode::Char('K') => self.allowed(Self::begin_key),
            KeyCode::Char('D') | KeyCode::Delete | KeyCode::F(4) => self.allowed(Self::begin_delete),
            KeyCode::Char('p') => self.settings(),
            KeyCode::Char('y') => self.copy_link(),
            KeyCode::Char('u') => self.show_link(),
            _ => Vec::new(),
        }
    }

    fn scroll(&mut self, key: KeyEvent) -> bool {
        let Mode::Detail(top) = &self.mode else { return false };
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let by: isize = match key.code {
            KeyCode::Down => 1,
            KeyCode::Char('j') if !ctrl => 1,
            KeyCode::Up => -1,
            KeyCode::Char('k') if !ctrl => -1,
            KeyCode::PageDown => 10,
            KeyCode::PageUp => -10,
            KeyCode::Home => isize::MIN,
            _ => return false,
        };
        // How far down there is something is known when it is drawn.
        top.set(top.get().saturating_add_signed(by));
        true
    }

    /// Does it where the role allows it.
    fn allowed(&mut self, what: fn(&mut Self) -> Vec<Step>) -> Vec<Step> {
        if !self.rights.edit {
            return self.refuse(
                "forbidden",
                "your role may see the accounts and not change them",
                "ask an admin for connection.edit",
            );
        }
        if self.is_busy() {
            return Vec::new();
        }
        self.from_detail = matches!(self.mode, Mode::Detail(_));
        what(self)
    }

    /// Back to where a form or a question was opened from.
    pub(super) fn back(&mut self) {
        self.mode = if self.from_detail { Mode::Detail(Cell::new(0)) } else { Mode::List };
    }

    fn verify(&mut self) -> Vec<Step> {
        let Some(account) = self.id().filter(|_| !self.is_busy()) else { return Vec::new() };
        let said = format!("{account} was looked at");
        self.from_detail = matches!(self.mode, Mode::Detail(_));
        self.ask(request(AccountRequest::Verify { account }), Then::Saved(said))
    }

    fn pause(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        let (account, before) = (view.spec.id.clone(), view.life.options.clone());
        let paused = !before.paused;
        let said = if paused {
            format!("{account} is paused: what is queued waits")
        } else {
            format!("{account} is resumed")
        };
        let options = AccountOptions { paused, ..before };
        self.ask(request(AccountRequest::SetOptions { account, options }), Then::Saved(said))
    }

    /// Begins to connect, or goes on.
    pub(super) fn connect(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        let account = view.spec.id.clone();
        match view.state.as_str() {
            CONNECTED => {
                return self.refuse(
                    "usage",
                    format!("{account} is connected"),
                    "v asks the provider how it is",
                );
            }
            DISCONNECTED => return self.reconnect(),
            // Its steps are walked one by one.
            _ if view.life.kept && view.spec.provider == "meta" => {
                return vec![Step::CommandWith {
                    id: "number.connect".into(),
                    argument: account.to_string(),
                }];
            }
            _ => {}
        }
        self.ask(request(AccountRequest::Connect { account }), Then::Connected)
    }

    fn reconnect(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        let account = view.spec.id.clone();
        if view.state == CONNECTED {
            return self.refuse("usage", format!("{account} is connected"), "x disconnects it");
        }
        self.ask(request(AccountRequest::Reconnect { account }), Then::Connected)
    }

    fn ask_disconnect(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        let account = view.spec.id.clone();
        if view.state == DISCONNECTED {
            return self.refuse("usage", format!("{account} is disconnected already"), "R connects it again");
        }
        self.mode = Mode::Ask {
            title: format!("Disconnect {}?", text::truncate(&text::sanitize(name(view)), 40)),
            words: "Nothing leaves it, and its number and link go; its conversations stay.".into(),
            said: format!("{account} is disconnected"),
            act: Box::new(AccountRequest::Disconnect { account }),
        };
        Vec::new()
    }

    fn begin_delete(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        if !view.life.kept {
            return self.refuse(
                "configured",
                format!("{} is part of the configuration file", view.spec.id),
                "take its [[accounts]] section away and restart",
            );
        }
        self.mode = Mode::Delete(Field::line(400));
        Vec::new()
    }

    fn begin_edit(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        let open = if self.rights.edit_rules { self.openness(&view.spec.id) } else { Openness::Unknown };
        let sheet = forms::edit(view, &open);
        self.mode = Mode::Edit(Box::new(sheet));
        Vec::new()
    }

    fn begin_key(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        if !view.life.kept {
            return self.refuse(
                "configured",
                format!("the configuration file says where the secrets of {} are", view.spec.id),
                "change what it names, and restart",
            );
        }
        self.mode = Mode::Key(Box::new(forms::key(view)));
        Vec::new()
    }

    fn begin_new(&mut self) -> Vec<Step> {
        self.mode = Mode::New(Selection::default());
        Vec::new()
    }

    /// The address of the API that a new account begins with: an emulator that others are on, else the provider's.
    fn api_base(&self, own: &str) -> String {
        let local = |d: &&AccountDetail| {
            ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|l| d.api_base.starts_with(l))
        };
        self.details.values().find(local).map_or_else(|| own.to_owned(), |d| d.api_base.clone())
    }

    fn new_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let Mode::New(selection) = &mut self.mode else { return Vec::new() };
        let total = forms::PROVIDERS.len();
        if selection.key(key, total) {
            return Vec::new();
        }
        let at = match key.code {
            KeyCode::Esc | KeyCode::Char('q') => {
                self.back();
                return Vec::new();
            }
            KeyCode::Right | KeyCode::Tab => {
                selection.set((selection.at + 1) % total);
                return Vec::new();
            }
            KeyCode::Left | KeyCode::BackTab => {
                selection.set((selection.at + total - 1) % total);
                return Vec::new();
            }
            KeyCode::Enter => selection.at,
            KeyCode::Char(c) => match forms::PROVIDERS.iter().position(|(word, ..)| word.starts_with(c)) {
                Some(at) => at,
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        match forms::PROVIDERS[at].0 {
            "meta" => {
                self.back();
                vec![Step::CommandWith { id: "number.connect".into(), argument: "meta".into() }]
            }
            "kapso" => {
                let base = self.api_base(forms::KAPSO_BASE);
                self.mode = Mode::Kapso(Box::new(forms::kapso(&base)), None);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn form_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.is_busy() {
            return Vec::new();
        }
        let outcome = match &mut self.mode {
            Mode::Edit(sheet) | Mode::Kapso(sheet, _) | Mode::Key(sheet) => sheet.key(key),
            _ => return Vec::new(),
        };
        self.say = None;
        match outcome {
            Outcome::Open => Vec::new(),
            Outcome::Leave => {
                self.back();
                Vec::new()
            }
            Outcome::Save => match self.mode {
                Mode::Edit(_) => self.edit_saved(),
                Mode::Key(_) => self.key_saved(),
                _ => self.kapso_saved(),
            },
        }
    }

    fn ask_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let yes = plain && key.code == KeyCode::Char('y');
        let act = match &self.mode {
            Mode::Ask { act, said, .. } if yes => Some((act.clone(), said.clone())),
            _ => None,
        };
        self.back();
        match act {
            Some((act, said)) => self.ask(request(*act), Then::Saved(said)),
            None => Vec::new(),
        }
    }

    fn delete_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.is_busy() {
            return Vec::new();
        }
        let Some(view) = self.view() else { return Vec::new() };
        let (account, shown) = (view.spec.id.clone(), name(view).to_owned());
        let Mode::Delete(field) = &mut self.mode else { return Vec::new() };
        match key.code {
            KeyCode::Esc => {
                self.say = None;
                self.back();
            }
            KeyCode::Enter if field.text().trim() == text::sanitize(&shown).trim() => {
                let said = Then::Deleted(format!("{account} is removed; its conversations stay"));
                return self.ask(request(AccountRequest::Delete { account, name: shown }), said);
            }
            KeyCode::Enter => {
                return self.refuse("field", "that is not its name", "type it as it stands above, or Esc");
            }
            _ => {
                field.key(key);
                self.say = None;
            }
        }
        Vec::new()
    }

    /// What came is put where it belongs.
    fn keep(&mut self, detail: AccountDetail) -> AccountId {
        let id = detail.view.spec.id.clone();
        match self.accounts.iter_mut().find(|a| a.spec.id == id) {
            Some(view) => *view = detail.view.clone(),
            None => self.accounts.push(detail.view.clone()),
        }
        self.details.insert(id.clone(), detail);
        // The form may have been faster than what it begins with.
        let base = self.api_base(forms::KAPSO_BASE);
        if let Mode::Kapso(sheet, None) = &mut self.mode {
            sheet.begin_with("api_base", &base);
        }
        id
    }

    fn select(&mut self, id: &AccountId) {
        if let Some(at) = self.accounts.iter().position(|a| a.spec.id == *id) {
            self.selection.set(at);
        }
    }

    /// The one request that was on its way is answered.
    fn answered(&mut self, of: Option<&AccountId>) -> Vec<Step> {
        let Some(then) = self.flight.take() else { return self.go_on() };
        let mut steps = Vec::new();
        match then {
            Then::Show | Then::Book => {}
            Then::Next => {
                if let (Mode::Kapso(_, made), Some(id)) = (&mut self.mode, of) {
                    *made = Some(id.clone());
                }
            }
            Then::Saved(said) => {
                if matches!(self.mode, Mode::Edit(_) | Mode::Key(_) | Mode::Ask { .. }) {
                    self.back();
                }
                self.say = None;
                steps.push(Step::Say(said));
            }
            Then::Connected => {
                if let Some(id) = of {
                    self.select(id);
                }
                self.say = None;
                steps.extend(self.connect_answered());
            }
            Then::Deleted(said) => {
                if let Some(id) = self.id() {
                    self.forget(&id);
                }
                self.mode = Mode::List;
                self.say = None;
                steps.push(Step::Say(said));
                steps.extend(self.look());
            }
        }
        steps.extend(self.go_on());
        steps
    }

    /// Connecting got somewhere: to a link, to the end, or to a step that says what is missing.
    fn connect_answered(&mut self) -> Vec<Step> {
        let Some(view) = self.view() else { return Vec::new() };
        if view.state == CONNECTED {
            let said = format!("{} is connected: {}", view.spec.id, account_facts::number(view));
            self.mode = Mode::Detail(Cell::new(0));
            return vec![Step::Say(said)];
        }
        let has_link = self.detail().is_some_and(|d| d.setup.link.is_some());
        self.mode = if has_link { Mode::Link } else { Mode::Detail(Cell::new(0)) };
        Vec::new()
    }

    fn forget(&mut self, id: &AccountId) {
        self.accounts.retain(|a| a.spec.id != *id);
        self.details.remove(id);
        self.selection.set(self.selection.at.min(self.accounts.len().saturating_sub(1)));
    }

    /// The list of now: somebody has changed something, here or elsewhere.
    fn refreshed(&mut self, accounts: Vec<AccountView>) -> Vec<Step> {
        let selected = self.id();
        let was = self.view().map(|v| v.state.clone());
        self.accounts = accounts;
        let mut steps = Vec::new();
        let at = selected.as_ref().and_then(|id| self.accounts.iter().position(|a| a.spec.id == *id));
        self.details.retain(|id, _| self.accounts.iter().any(|a| a.spec.id == *id));
        if let Some(at) = at {
            self.selection.set(at);
        } else {
            self.selection.set(self.selection.at.min(self.accounts.len().saturating_sub(1)));
            if let Some(id) =
                selected.filter(|_| !matches!(self.mode, Mode::List | Mode::New(_) | Mode::Kapso(..)))
            {
                self.mode = Mode::List;
                steps.push(Step::Say(format!("{id} was removed")));
            }
        }
        // What one waits for at the link has come.
        if let (Mode::Link, Some(view)) = (&self.mode, self.view())
            && view.state == CONNECTED
            && was.as_deref() != Some(CONNECTED)
        {
            steps.push(Step::Say(format!("{} is connected: {}", view.spec.id, account_facts::number(view))));
        }
        steps.extend(self.look());
        steps
    }
}

impl Overlay for AccountBox {
    fn name(&self) -> &'static str {
        "accounts_screen"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match self.mode {
            Mode::List | Mode::Detail(_) => self.list_key(key),
            Mode::Link => self.link_key(key),
            Mode::New(_) => self.new_key(key),
            Mode::Edit(_) | Mode::Kapso(..) | Mode::Key(_) => self.form_key(key),
            Mode::Ask { .. } => self.ask_key(key),
            Mode::Delete(_) => self.delete_key(key),
        }
    }

    fn paste(&mut self, block: &str) -> Vec<Step> {
        match &mut self.mode {
            Mode::Edit(sheet) | Mode::Kapso(sheet, _) | Mode::Key(sheet) => sheet.paste(block),
            Mode::Delete(field) => {
                field.insert(block);
            }
            _ => {}
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Account(detail) => {
                let id = self.keep(*detail);
                self.answered(Some(&id))
            }
            Delivery::Accounts(accounts) => {
                // The first question of an empty list is this one.
                if self.flight == Some(Then::Show) && self.accounts.is_empty() {
                    self.flight = None;
                }
                self.refreshed(accounts)
            }
            Delivery::Access(list) => {
                self.book = Some(list.book);
                self.answered(None)
            }
            Delivery::Done => self.answered(None),
            Delivery::Problem(p) => {
                let looked = matches!(self.flight.take(), Some(Then::Show));
                // What was to follow does not any more.
                self.queue.retain(|(_, then)| matches!(then, Then::Show | Then::Book));
                let field = p.field.clone();
                if let Mode::Kapso(sheet, _) | Mode::Key(sheet) = &mut self.mode {
                    sheet.refused();
                }
                if !(looked && self.say.is_some()) {
                    self.say = Some(p);
                }
                if let (Some(field), Mode::Edit(sheet) | Mode::Kapso(sheet, _)) = (field, &mut self.mode) {
                    sheet.focus_on(&field);
                }
                let mut steps = if looked { Vec::new() } else { self.look() };
                steps.extend(self.go_on());
                steps
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        match &self.mode {
            Mode::Edit(sheet) | Mode::Kapso(sheet, _) | Mode::Key(sheet) => {
                sheet.draw(area, buf, theme, self.say.as_ref())
            }
            Mode::Link => {
                self.draw_link(area, buf, theme);
                None
            }
            Mode::List | Mode::Detail(_) | Mode::Ask { .. } | Mode::New(_) | Mode::Delete(_) => {
                self.draw_screen(area, buf, theme)
            }
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match &self.mode {
            Mode::List | Mode::Detail(_) => {
                self.keys().into_iter().map(|(key, does)| Hint::new(key, does)).collect()
            }
            Mode::Link => vec![Hint::new("y", "copy"), Hint::new("c", "new link"), Hint::new("Esc", "back")],
            Mode::New(_) => forms::new_keys().into_iter().map(|(key, does)| Hint::new(key, does)).collect(),
            Mode::Ask { .. } => vec![Hint::new("y", "do it"), Hint::new("other key", "leave it as it is")],
            Mode::Delete(_) => vec![Hint::new("Enter", "delete"), Hint::new("Esc", "back")],
            Mode::Edit(_) | Mode::Kapso(..) | Mode::Key(_) => {
                vec![Hint::new("F10", "save"), Hint::new("Tab", "next"), Hint::new("Esc", "back")]
            }
        }
    }

    fn says_keys(&self) -> bool {
        // What went wrong stands where they would stand.
        self.say.is_none() || self.is_busy() || !matches!(self.mode, Mode::List | Mode::Detail(_))
    }
}
