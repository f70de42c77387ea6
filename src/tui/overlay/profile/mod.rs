//! What is set for a number at its provider: the business profile, who is blocked, ice breakers and commands, short
//! links, registration.
//!
//! One request is on its way at a time. The engine checks; what it refuses is shown beside what was typed.

mod draw;
mod forms;
#[cfg(test)]
pub(crate) mod tests;

use super::frame::{Selection, TimeText};
use super::sheet::{Outcome, Sheet};
use super::{Delivery, Hint, Overlay, Step};
use crate::model::business::{BusinessProfile, CodeBy, Components, ShortLink, Standing};
use crate::model::contact::Identity;
use crate::model::ids::AccountId;
use crate::protocol::admin::{AdminAnswer, AdminRequest, BlockedRow};
use crate::protocol::{AccountView, Problem, Request};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Its name; requests that bring a picture name it.
pub const NAME: &str = "profile";

/// The parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Profile,
    Blocked,
    Chat,
    Links,
    Number,
}

impl Tab {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Profile, "profile"),
        (Self::Blocked, "blocked"),
        (Self::Chat, "ice breakers"),
        (Self::Links, "short links"),
        (Self::Number, "number"),
    ];
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Profile,
    Block,
    /// An ice breaker: a new one, or the one in this place.
    IceBreaker(Option<usize>),
    /// A command: a new one, or the one in this place.
    Command(Option<usize>),
    /// A short link: a new one, or the one with this code.
    Link(Option<String>),
    Register,
    Pin,
    Code,
}

/// What takes the keys.
enum Mode {
    List,
    Form(Box<Sheet>, Form),
    /// Asking before something that cannot be taken back.
    Ask {
        title: String,
        words: String,
        act: Box<AdminRequest>,
        said: String,
    },
    /// A link as a code to read off the screen.
    Code,
}

/// What of an answer is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    Show,
    /// Say this, and read anew what is shown.
    Saved(String),
}

/// The settings of one number.
pub struct ProfileBox {
    account: AccountId,
    title: String,
    /// Whether the operator may change anything. The engine has the last word.
    edits: bool,
    time: TimeText,
    tab: Tab,
    profile: Option<BusinessProfile>,
    blocked: Option<(Vec<BlockedRow>, bool)>,
    components: Option<Components>,
    links: Option<Vec<ShortLink>>,
    standing: Option<Standing>,
    selection: Selection,
    mode: Mode,
    flight: Option<Then>,
    say: Option<Problem>,
}

impl ProfileBox {
    /// Of this account; with what it wants to know at once.
    #[must_use]
    pub fn new(view: &AccountView, edits: bool, time: TimeText) -> (Self, Request) {
        let account = view.spec.id.clone();
        let request = Request::Admin { act: AdminRequest::Profile { account: account.clone() } };
        let o = Self {
            account,
            title: crate::protocol::account_facts::name(view).to_owned(),
            edits,
            time,
            tab: Tab::Profile,
            profile: None,
            blocked: None,
            components: None,
            links: None,
            standing: None,
            selection: Selection::default(),
            mode: Mode::List,
            flight: Some(Then::Show),
            say: None,
        };
        (o, request)
    }

    fn is_busy(&self) -> bool {
        self.flight.is_some()
    }

    /// Rows of the list that is shown.
    fn total(&self) -> usize {
        match self.tab {
            Tab::Profile | Tab::Number => 0,
            Tab::Blocked => self.blocked.as_ref().map_or(0, |(rows, _)| rows.len()),
            Tab::Chat => self.components.as_ref().map_or(0, |c| c.prompts.len() + c.commands.len()),
            Tab::Links => self.links.as_ref().map_or(0, Vec::len),
        }
    }

    fn is_known(&self) -> bool {
        match self.tab {
            Tab::Profile => self.profile.is_some(),
            Tab::Blocked => self.blocked.is_some(),
            Tab::Chat => self.components.is_some(),
            Tab::Links => self.links.is_some(),
            Tab::Number => self.standing.is_some(),
        }
    }

    fn ask(&mut self, act: AdminRequest, then: Then) -> Vec<Step> {
        if self.is_busy() {
            return Vec::new();
        }
        self.flight = Some(then);
        vec![Step::Ask(Box::new(Request::Admin { act }))]
    }

    /// Reads what is shown.
    fn look(&mut self) -> Vec<Step> {
        let account = self.account.clone();
        let act = match self.tab {
            Tab::Profile => AdminRequest::Profile { account },
            Tab::Blocked => AdminRequest::Blocked { account },
            Tab::Chat => AdminRequest::Components { account },
            Tab::Links => AdminRequest::Links { account },
            Tab::Number => AdminRequest::Standing { account },
        };
        self.ask(act, Then::Show)
    }

    fn show(&mut self, tab: Tab) -> Vec<Step> {
        self.tab = tab;
        self.say = None;
        self.selection = Selection::default();
        if self.is_known() { Vec::new() } else { self.look() }
    }

    fn turn(&mut self, forward: bool) -> Vec<Step> {
        let n = Tab::ALL.len();
        let at = Tab::ALL.iter().position(|(t, _)| *t == self.tab).unwrap_or(0);
        let next = if forward { at + 1 } else { at + n - 1 } % n;
        self.show(Tab::ALL[next].0)
    }

    fn refuse(&mut self, what: &str, next: &str) -> Vec<Step> {
        self.say = Some(Problem::new("usage", what).next(next));
        Vec::new()
    }

    fn link(&self) -> Option<&ShortLink> {
        self.links.as_ref()?.get(self.selection.at)
    }

    fn row(&self) -> Option<&BlockedRow> {
        self.blocked.as_ref()?.0.get(self.selection.at)
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let total = self.total();
        if self.selection.key(key, total) {
            self.say = None;
            return Vec::new();
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('r') if ctrl => {
                self.say = None;
                return self.look();
            }
            _ if ctrl => return Vec::new(),
            KeyCode::Esc | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => return self.turn(true),
            KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => return self.turn(false),
            KeyCode::Char(c @ '1'..='5') => {
                return self.show(Tab::ALL[usize::from(c as u8 - b'1')].0);
            }
            KeyCode::Char('j') => {
                self.selection.set((self.selection.at + 1).min(total.saturating_sub(1)));
                return Vec::new();
            }
            KeyCode::Char('k') => {
                self.selection.set(self.selection.at.saturating_sub(1));
                return Vec::new();
            }
            _ => {}
        }
        self.say = None;
        if let Some(steps) = self.looking_key(key) {
            return steps;
        }
        if !self.is_known() || self.is_busy() {
            return Vec::new();
        }
        let Some(begin) = self.change_key(key) else { return Vec::new() };
        if !self.edits {
            return self
                .refuse("your role may see this and not change it", "ask an admin for connection.edit");
        }
        self.begin(begin)
    }

    /// Keys that change nothing.
    fn looking_key(&mut self, key: KeyEvent) -> Option<Vec<Step>> {
        match (self.tab, key.code) {
            (Tab::Links, KeyCode::Enter | KeyCode::Char('o' | 'u')) => {
                if self.link().is_some() {
                    self.mode = Mode::Code;
                }
                Some(Vec::new())
            }
            (Tab::Links, KeyCode::Char('y')) => {
                Some(self.link().map(|l| vec![Step::Copy(l.url.clone())]).unwrap_or_default())
            }
            (Tab::Blocked, KeyCode::Enter | KeyCode::Char('o')) => {
                let thread = self.row().and_then(|r| r.thread);
                Some(match thread {
                    Some(thread) => vec![Step::Close, Step::OpenThread { thread, at: None }],
                    None if self.row().is_some() => {
                        self.refuse("there is no conversation with them here", "D unblocks them")
                    }
                    None => Vec::new(),
                })
            }
            (Tab::Profile, KeyCode::Char('y')) => {
                let url = self.profile.as_ref().map(|p| p.picture.clone()).filter(|p| !p.is_empty());
                Some(url.map(|u| vec![Step::Copy(u)]).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// What a key begins to change.
    fn change_key(&self, key: KeyEvent) -> Option<Begin> {
        let new = matches!(key.code, KeyCode::F(2) | KeyCode::Char('n'));
        let edit = matches!(key.code, KeyCode::F(3) | KeyCode::Char('e'));
        let delete = matches!(key.code, KeyCode::F(4) | KeyCode::Char('D') | KeyCode::Delete);
        let c = match key.code {
            KeyCode::Char(c) => c,
            _ => ' ',
        };
        let enter = key.code == KeyCode::Enter;
        match self.tab {
            Tab::Profile => (edit || enter).then_some(Begin::Form(Form::Profile)),
            Tab::Blocked if new || c == 'b' => Some(Begin::Form(Form::Block)),
            Tab::Blocked => (delete || c == 'u').then_some(Begin::Unblock),
            Tab::Chat if new || c == 'i' => Some(Begin::Form(Form::IceBreaker(None))),
            Tab::Chat if c == 'c' => Some(Begin::Form(Form::Command(None))),
            Tab::Chat if edit || enter => self.chat_row().map(Begin::Form),
            Tab::Chat => delete.then_some(Begin::Take),
            Tab::Links if new => Some(Begin::Form(Form::Link(None))),
            Tab::Links if edit => self.link().map(|l| Begin::Form(Form::Link(Some(l.code.clone())))),
            Tab::Links => delete.then_some(Begin::DeleteLink),
            Tab::Number => Some(match c {
                'r' => Begin::Form(Form::Register),
                'p' => Begin::Form(Form::Pin),
                'c' => Begin::AskCode,
                'v' => Begin::Form(Form::Code),
                'x' => Begin::Deregister,
                _ => return None,
            }),
        }
    }

    /// The ice breaker or the command under the cursor.
    fn chat_row(&self) -> Option<Form> {
        let c = self.components.as_ref()?;
        let at = self.selection.at;
        match at.checked_sub(c.prompts.len()) {
            None => Some(Form::IceBreaker(Some(at))),
            Some(at) => (at < c.commands.len()).then_some(Form::Command(Some(at))),
        }
    }

    fn begin(&mut self, what: Begin) -> Vec<Step> {
        let account = self.account.clone();
        match what {
            Begin::Form(form) => {
                if let Some(sheet) = forms::sheet(self, &form) {
                    self.mode = Mode::Form(Box::new(sheet), form);
                }
            }
            Begin::Unblock => {
                let Some(row) = self.row().cloned() else { return Vec::new() };
                let who = forms::who(&row);
                self.mode = Mode::Ask {
                    title: format!("Unblock {who}?"),
                    words: "They can write to this number again.".into(),
                    said: format!("{who} is not blocked any more"),
                    act: Box::new(AdminRequest::Unblock { account, whom: vec![row.whom] }),
                };
            }
            Begin::Take => {
                let (Some(form), Some(c)) = (self.chat_row(), &self.components) else { return Vec::new() };
                let mut components = c.clone();
                let what = match form {
                    Form::IceBreaker(Some(at)) => components.prompts.remove(at),
                    Form::Command(Some(at)) => format!("/{}", components.commands.remove(at).name),
                    _ => return Vec::new(),
                };
                self.mode = Mode::Ask {
                    title: "Take it away?".into(),
                    words: format!("Customers are offered “{what}” no more."),
                    said: "it is taken away".into(),
                    act: Box::new(AdminRequest::SetComponents { account, components }),
                };
            }
            Begin::DeleteLink => {
                let Some(link) = self.link().cloned() else { return Vec::new() };
                self.mode = Mode::Ask {
                    title: format!("Delete the link {}?", link.code),
                    words: "Whoever has it, printed or saved, gets nowhere. It does not come back.".into(),
                    said: "the link is deleted".into(),
                    act: Box::new(AdminRequest::DeleteLink { account, code: link.code }),
                };
            }
            Begin::Deregister => {
                self.mode = Mode::Ask {
                    title: "Take the number out of use?".into(),
                    words: "Nothing is sent or received until it is registered again; ten times in three days is the limit."
                        .into(),
                    said: "the number is out of use".into(),
                    act: Box::new(AdminRequest::Deregister { account }),
                };
            }
            Begin::AskCode => {
                let said = "a code is on its way to the number: v types it in".to_owned();
                return self.ask(AdminRequest::RequestCode { account, by: CodeBy::Sms }, Then::Saved(said));
            }
        }
        Vec::new()
    }

    fn form_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.is_busy() {
            return Vec::new();
        }
        let Mode::Form(sheet, form) = &mut self.mode else { return Vec::new() };
        let outcome = sheet.key(key);
        self.say = None;
        match outcome {
            Outcome::Open => Vec::new(),
            Outcome::Leave => {
                self.mode = Mode::List;
                Vec::new()
            }
            Outcome::Save => {
                let form = form.clone();
                self.saved(&form)
            }
        }
    }

    fn saved(&mut self, form: &Form) -> Vec<Step> {
        let Mode::Form(sheet, _) = &self.mode else { return Vec::new() };
        match forms::request(self, sheet, form) {
            Err(problem) => {
                if let (Mode::Form(sheet, _), Some(field)) = (&mut self.mode, problem.field.clone()) {
                    sheet.focus_on(forms::line_of(&field));
                }
                self.say = Some(problem);
                Vec::new()
            }
            Ok(forms::Made::Ask(act, said)) => self.ask(*act, Then::Saved(said)),
            Ok(forms::Made::WithPicture { path, change }) => {
                self.flight = Some(Then::Saved("the profile is changed".into()));
                vec![Step::Picture { path, account: self.account.clone(), change: Box::new(change) }]
            }
        }
    }

    fn ask_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let yes = plain && key.code == KeyCode::Char('y');
        match std::mem::replace(&mut self.mode, Mode::List) {
            Mode::Ask { act, said, .. } if yes => self.ask(*act, Then::Saved(said)),
            _ => Vec::new(),
        }
    }

    fn code_key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Char('y') => self.link().map(|l| vec![Step::Copy(l.url.clone())]).unwrap_or_default(),
            KeyCode::Char('b') => {
                self.link().map(|l| vec![Step::OpenLink(l.url.clone())]).unwrap_or_default()
            }
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => {
                self.mode = Mode::List;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// What the provider says of it now.
    fn keep(&mut self, answer: AdminAnswer) -> Option<Problem> {
        match answer {
            AdminAnswer::Profile(p) => self.profile = Some(p),
            AdminAnswer::Blocked { rows, whole } => self.blocked = Some((rows, whole)),
            AdminAnswer::Components(c) => self.components = Some(c),
            AdminAnswer::Links(all) => self.links = Some(all),
            AdminAnswer::Standing(s) => self.standing = Some(s),
            AdminAnswer::Link(link) => {
                let all = self.links.get_or_insert_default();
                let at = all.iter().position(|l| l.code == link.code).unwrap_or(all.len());
                if let Some(there) = all.get_mut(at) {
                    // Only a new one comes with a picture.
                    let image = std::mem::take(&mut there.image);
                    let image = Some(link.image.clone()).filter(|i| !i.is_empty()).unwrap_or(image);
                    *there = ShortLink { image, ..link };
                } else {
                    all.push(link);
                }
                self.selection.set(at);
            }
            AdminAnswer::Outcome(report) => {
                if let Some(f) = report.failed.first() {
                    return Some(forms::not_done(&f.whom, &f.error));
                }
            }
            AdminAnswer::Done => {}
        }
        None
    }

    fn answered(&mut self, answer: AdminAnswer) -> Vec<Step> {
        let then = self.flight.take();
        let stale = matches!(answer, AdminAnswer::Outcome(_) | AdminAnswer::Done);
        if let Some(problem) = self.keep(answer) {
            self.say = Some(problem);
            return Vec::new();
        }
        self.selection.set(self.selection.at.min(self.total().saturating_sub(1)));
        let mut steps = Vec::new();
        if let Some(Then::Saved(said)) = then {
            self.mode = Mode::List;
            self.say = None;
            steps.push(Step::Say(said));
        }
        if stale || !self.is_known() {
            steps.extend(self.look());
        }
        steps
    }
}

/// What a key begins.
enum Begin {
    Form(Form),
    Unblock,
    Take,
    DeleteLink,
    Deregister,
    AskCode,
}

/// Somebody as a person types them: a number, or a user id.
fn person(text: &str) -> Identity {
    let text = text.trim();
    if text.chars().any(char::is_alphabetic) { Identity::bsuid(text) } else { Identity::phone(text) }
}

impl Overlay for ProfileBox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match self.mode {
            Mode::List => self.list_key(key),
            Mode::Form(..) => self.form_key(key),
            Mode::Ask { .. } => self.ask_key(key),
            Mode::Code => self.code_key(key),
        }
    }

    fn paste(&mut self, block: &str) -> Vec<Step> {
        if let Mode::Form(sheet, _) = &mut self.mode {
            sheet.paste(block);
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Admin(answer) => self.answered(*answer),
            Delivery::Problem(problem) => {
                self.flight = None;
                if let (Mode::Form(sheet, _), Some(field)) = (&mut self.mode, &problem.field) {
                    sheet.focus_on(forms::line_of(field));
                }
                self.say = Some(problem);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        match &self.mode {
            Mode::Form(sheet, _) => sheet.draw(area, buf, theme, self.say.as_ref()),
            Mode::Code => {
                self.draw_code(area, buf, theme);
                None
            }
            Mode::List | Mode::Ask { .. } => {
                self.draw_list(area, buf, theme);
                None
            }
        }
    }

    fn hints(&self) -> Vec<Hint> {
        self.keys().iter().map(|(key, does)| Hint::new(key, does)).collect()
    }

    fn says_keys(&self) -> bool {
        true
    }
}
