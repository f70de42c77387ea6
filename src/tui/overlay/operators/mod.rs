//! Who may do what: operators and who is attached, roles, and who may work with which account.
//!
//! Knows the rules and the words for them; the engine says what is possible.

mod draw;
mod matrix;
#[cfg(test)]
mod tests;

use super::frame::{Selection, TimeText};
use super::sheet::{Line, Outcome, Sheet};
use super::{Delivery, Hint, Overlay, Step};
use crate::model::access::{ADMIN, AccountRule, OperatorEntry, Principal, Resource, Role, Verb, is_name};
use crate::model::ids::AccountId;
use crate::protocol::access::{AccessList, AccessRequest, Attached};
use crate::protocol::{Problem, Request};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use matrix::Matrix;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Which list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Operators,
    Roles,
    Accounts,
}

const TABS: [Tab; 3] = [Tab::Operators, Tab::Roles, Tab::Accounts];

/// What takes the keys.
enum Mode {
    List,
    /// An entry; which one, if it is there already.
    Entry(Sheet, Option<Principal>),
    Role(Box<Matrix>),
    Rule(Sheet, AccountId),
    /// Asking before something that cannot be taken back.
    Ask {
        title: String,
        words: String,
        act: AccessRequest,
        said: String,
    },
}

/// A row of the operators: an entry, or somebody who is attached without one.
struct Row {
    name: String,
    entry: Option<OperatorEntry>,
    role: String,
    teams: Vec<String>,
    attached: Vec<Attached>,
}

/// The rules, to be looked at and changed.
pub struct OperatorBox {
    me: String,
    edits: bool,
    accounts: Vec<(AccountId, String)>,
    when: TimeText,
    list: Option<AccessList>,
    rows: Vec<Row>,
    tab: Tab,
    selections: [Selection; 3],
    mode: Mode,
    /// What to say when the change that is on its way is made.
    waits: Option<String>,
    /// The operator was told that a change takes its own rights away.
    warned: bool,
    say: Option<Problem>,
}

fn ask(act: AccessRequest) -> Step {
    Step::Ask(Box::new(Request::Access { act }))
}

fn rows(list: &AccessList) -> Vec<Row> {
    let of = |name: &str| -> Vec<Attached> {
        list.attached.iter().filter(|a| a.operator == name).cloned().collect()
    };
    let mut out: Vec<Row> = Vec::new();
    for e in &list.book.operators {
        let attached = match &e.who {
            Principal::User(name) => of(name),
            Principal::Group(_) => Vec::new(),
        };
        out.push(Row {
            name: e.who.to_string(),
            role: e.role.clone(),
            teams: e.teams.iter().cloned().collect(),
            attached,
            entry: Some(e.clone()),
        });
    }
    for a in &list.attached {
        if out.iter().all(|r| r.name != a.operator) {
            let teams = list.book.seen.get(&a.operator).into_iter().flatten().cloned().collect();
            out.push(Row {
                name: a.operator.clone(),
                role: a.role.clone(),
                teams,
                attached: of(&a.operator),
                entry: None,
            });
        }
    }
    out
}

fn names(all: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let all: Vec<String> = all.into_iter().map(|s| s.as_ref().to_owned()).collect();
    all.join(", ")
}

impl OperatorBox {
    /// `me` is the operator, `edits` whether it may change the rules; `accounts` have their names.
    #[must_use]
    pub fn new(me: String, edits: bool, accounts: Vec<(AccountId, String)>, when: TimeText) -> Self {
        Self {
            me,
            edits,
            accounts,
            when,
            list: None,
            rows: Vec::new(),
            tab: Tab::Operators,
            selections: Default::default(),
            mode: Mode::List,
            waits: None,
            warned: false,
            say: None,
        }
    }

    fn roles(&self) -> &[Role] {
        self.list.as_ref().map_or(&[], |l| &l.book.roles)
    }

    fn total(&self) -> usize {
        match self.tab {
            Tab::Operators => self.rows.len(),
            Tab::Roles => self.roles().len(),
            Tab::Accounts => self.accounts.len(),
        }
    }

    fn at(&self) -> usize {
        self.selections[self.tab as usize].at
    }

    fn rule(&self, account: &AccountId) -> Option<&AccountRule> {
        self.list.as_ref().and_then(|l| l.book.accounts.get(account))
    }

    fn turn(&mut self, forward: bool) {
        let n = TABS.len();
        let at = self.tab as usize;
        self.tab = TABS[if forward { at + 1 } else { at + n - 1 } % n];
    }

    fn said(&mut self, kind: &str, what: impl Into<String>, next: &str) -> Vec<Step> {
        self.say = Some(Problem::new(kind, what).next(next));
        Vec::new()
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.say = None;
        self.warned = false;
        let total = self.total();
        let tab = self.tab as usize;
        if self.selections[tab].key(key, total) {
            return Vec::new();
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Char('r') if ctrl => return vec![ask(AccessRequest::List)],
            _ if ctrl => {}
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => self.turn(true),
            KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => self.turn(false),
            KeyCode::Char(c @ '1'..='3') => self.tab = TABS[c as usize - '1' as usize],
            KeyCode::Char('j') => self.selections[tab].set((self.at() + 1).min(total.saturating_sub(1))),
            KeyCode::Char('k') => self.selections[tab].set(self.at().saturating_sub(1)),
            _ if self.list.is_none() || self.waits.is_some() => {}
            KeyCode::Char('N' | 'e' | 'D' | 'c' | ' ')
            | KeyCode::Enter
            | KeyCode::Delete
            | KeyCode::F(2..=5)
                if !self.edits =>
            {
                return self.said(
                    "forbidden",
                    "your role may see the rules and not change them",
                    "ask an admin for operators.edit",
                );
            }
            KeyCode::Char('N') | KeyCode::F(2) => return self.begin(false),
            KeyCode::Char('c') | KeyCode::F(5) => return self.copy_role(),
            KeyCode::Char('e') | KeyCode::Enter | KeyCode::F(3) => return self.begin(true),
            KeyCode::Char('D') | KeyCode::Delete | KeyCode::F(4) => return self.ask_delete(),
            KeyCode::Char(' ') => return self.switch(),
            _ => {}
        }
        Vec::new()
    }

    /// Opens the form for something new, or for what the cursor is on.
    fn begin(&mut self, old: bool) -> Vec<Step> {
        match self.tab {
            Tab::Operators => {
                let row = self.rows.get(self.at()).filter(|_| old);
                if old && row.is_none() {
                    return self.said("usage", "there is nobody here to change", "N lets somebody in");
                }
                let roles: Vec<String> = self.roles().iter().map(|r| r.name.clone()).collect();
                let entry = row.and_then(|r| r.entry.clone());
                // Who came in by a group, or owns the data, gets an entry of its own.
                let name = row.map(|r| r.name.clone()).unwrap_or_default();
                let role = row.map_or("agent", |r| &r.role).to_owned();
                let teams = row.map(|r| r.teams.join(", ")).unwrap_or_default();
                let mut lines = Vec::new();
                if entry.is_none() {
                    lines.push(Line::text("who", "Who", "ana, or @support for a group", &name));
                }
                lines.push(Line::choice("role", "Role", roles, &role));
                lines.push(Line::text("teams", "Teams", "none; several with commas between", &teams));
                lines.push(Line::switch("active", "Let in", entry.as_ref().is_none_or(|e| e.active)));
                let title = match &entry {
                    Some(e) => format!("Operator · {}", e.who),
                    None => "New operator".into(),
                };
                let about = "Who is a login name of the machine that the engine runs on, or @ and the name of one of \
                             its groups. A user's own entry counts before those of its groups.";
                self.mode = Mode::Entry(Sheet::new(title, about, lines), entry.map(|e| e.who));
            }
            Tab::Roles if old => {
                let Some(role) = self.roles().get(self.at()).cloned() else { return Vec::new() };
                if role.name == ADMIN {
                    return self.said(
                        "refused",
                        "the role `admin` may do everything and stays as it is",
                        "c copies it to a role that can be changed",
                    );
                }
                self.mode = Mode::Role(Box::new(Matrix::new(role, false)));
            }
            Tab::Roles => {
                let none = Role { grants: std::collections::BTreeSet::new(), ..Role::admin() };
                let viewer = self.roles().iter().find(|r| r.name == "viewer").cloned().unwrap_or(none);
                self.mode = Mode::Role(Box::new(Matrix::new(viewer, true)));
            }
            Tab::Accounts => {
                let Some((id, name)) = self.accounts.get(self.at()).cloned() else {
                    return self.said("usage", "no account is configured", "add [[accounts]] to config.toml");
                };
                let rule = self.rule(&id).cloned().unwrap_or_default();
                let lines = vec![
                    Line::text("roles", "Roles", "operators of these roles", &names(&rule.roles)),
                    Line::text("groups", "Groups", "groups of the machine", &names(&rule.groups)),
                    Line::text("operators", "Operators", "login names", &names(&rule.operators)),
                ];
                let about = "Whoever is named in one of the lines may work with the account, and whoever may change \
                             the rules. For all others it does not exist. Commas go between names.";
                self.mode = Mode::Rule(Sheet::new(format!("Who may work with {name}"), about, lines), id);
            }
        }
        Vec::new()
    }

    fn copy_role(&mut self) -> Vec<Step> {
        if self.tab != Tab::Roles {
            return self.said("usage", "only roles are copied", "N begins a new one");
        }
        if let Some(role) = self.roles().get(self.at()).cloned() {
            self.mode = Mode::Role(Box::new(Matrix::new(role, true)));
        }
        Vec::new()
    }

    fn ask_delete(&mut self) -> Vec<Step> {
        let (title, words, act, said) = match self.tab {
            Tab::Operators => {
                let Some(who) =
                    self.rows.get(self.at()).and_then(|r| r.entry.as_ref()).map(|e| e.who.clone())
                else {
                    return self.said(
                        "usage",
                        "no entry lets this operator in",
                        "a group's entry does, or the data is its own",
                    );
                };
                let mut words =
                    format!("{who} is let in no more, and terminals that are attached lose the engine.");
                if who.is_user(&self.me) {
                    words.push_str(" That is you.");
                }
                let said = format!("{who} is no operator any more");
                (format!("Remove {who}?"), words, AccessRequest::DeleteOperator { who }, said)
            }
            Tab::Roles => {
                let Some(name) = self.roles().get(self.at()).map(|r| r.name.clone()) else {
                    return Vec::new();
                };
                let words = "A role that somebody has cannot be removed.".to_owned();
                let said = format!("the role {name} is gone");
                (format!("Remove the role {name}?"), words, AccessRequest::DeleteRole { name }, said)
            }
            Tab::Accounts => {
                let Some((account, name)) = self.accounts.get(self.at()).cloned() else { return Vec::new() };
                if self.rule(&account).is_none() {
                    return self.said(
                        "usage",
                        "it is open to everybody who is let in",
                        "e names who may work with it",
                    );
                }
                let words = "Everybody who is let in sees it and works with it then.".to_owned();
                let said = format!("{name} is open to everybody who is let in");
                (
                    format!("Open {name} to everybody?"),
                    words,
                    AccessRequest::SetAccount { account, rule: None },
                    said,
                )
            }
        };
        self.mode = Mode::Ask { title, words, act, said };
        Vec::new()
    }

    /// Lets an entry in or not.
    fn switch(&mut self) -> Vec<Step> {
        if self.tab != Tab::Operators {
            return self.said("usage", "only operators are switched on and off", "e changes this one");
        }
        let Some(mut entry) = self.rows.get(self.at()).and_then(|r| r.entry.clone()) else {
            return self.said("usage", "no entry lets this operator in", "e makes one");
        };
        entry.active = !entry.active;
        let said = format!("{} is {}", entry.who, if entry.active { "let in again" } else { "switched off" });
        self.save_entry(entry, said)
    }

    /// Whether a role of this name may change the rules.
    fn may_edit(&self, role: &str) -> bool {
        self.roles().iter().any(|r| r.name == role && r.allows(Resource::Operators, Verb::Edit))
    }

    /// Says once that a change takes the operator's own rights away.
    fn warns(&mut self, loses: bool) -> bool {
        if !loses || self.warned {
            return false;
        }
        self.warned = true;
        let what = "after this you may not change the rules any more";
        self.say = Some(Problem::new("usage", what).next("save again if that is what you mean"));
        true
    }

    fn save_entry(&mut self, entry: OperatorEntry, said: String) -> Vec<Step> {
        let loses = entry.who.is_user(&self.me) && (!entry.active || !self.may_edit(&entry.role));
        // In the list the key that did it is pressed again.
        if self.warns(loses) {
            return Vec::new();
        }
        self.wait(AccessRequest::SaveOperator { entry }, said)
    }

    fn wait(&mut self, act: AccessRequest, said: String) -> Vec<Step> {
        self.waits = Some(said);
        vec![ask(act)]
    }

    fn entry_saved(&mut self) -> Vec<Step> {
        let Mode::Entry(sheet, old) = &self.mode else { return Vec::new() };
        let fresh = old.is_none();
        let typed = sheet.get("who");
        let who = old.clone().unwrap_or_else(|| match typed.strip_prefix('@') {
            Some(group) => Principal::Group(group.trim().to_owned()),
            None => Principal::User(typed.clone()),
        });
        let teams = sheet.names("teams");
        let entry = OperatorEntry {
            role: sheet.get("role"),
            active: sheet.is_on("active"),
            teams: teams.iter().cloned().collect(),
            who,
        };
        let (Principal::User(name) | Principal::Group(name)) = &entry.who;
        if let Some(bad) = std::iter::once(name).chain(&teams).find(|n| !is_name(n)) {
            let what = if bad.is_empty() { "nobody is named".into() } else { format!("`{bad}` is no name") };
            return self.said("field", what, "a login name, or @ and a group; letters, digits and . _ -");
        }
        if fresh && self.rows.iter().any(|r| r.entry.as_ref().is_some_and(|e| e.who == entry.who)) {
            let what = format!("{} is an operator already", entry.who);
            return self.said("field", what, "Esc, then e on the entry changes it");
        }
        let said = if entry.active {
            format!("{} is let in as {}", entry.who, entry.role)
        } else {
            format!("{} is kept and not let in", entry.who)
        };
        self.save_entry(entry, said)
    }

    fn role_saved(&mut self) -> Vec<Step> {
        let Mode::Role(matrix) = &mut self.mode else { return Vec::new() };
        let (role, fresh) = (matrix.role(), matrix.is_fresh());
        let problem = if !is_name(&role.name) {
            Some("the role needs a name of letters, digits, spaces and . _ -".to_owned())
        } else if fresh && self.list.as_ref().is_some_and(|l| l.book.role(&role.name).is_some()) {
            Some(format!("there is a role `{}` already", role.name))
        } else {
            None
        };
        if let Some(what) = problem {
            matrix.ask_name();
            return self.said("field", what, "choose another name");
        }
        let mine = self.rows.iter().any(|r| r.name == self.me && r.role == role.name);
        let loses = mine && !role.allows(Resource::Operators, Verb::Edit);
        if self.warns(loses) {
            return Vec::new();
        }
        let said = format!("the role {} is saved", role.name);
        self.wait(AccessRequest::SaveRole { role }, said)
    }

    fn rule_saved(&mut self) -> Vec<Step> {
        let Mode::Rule(sheet, account) = &self.mode else { return Vec::new() };
        let account = account.clone();
        let (roles, operators) = (sheet.names("roles"), sheet.names("operators"));
        let groups = sheet.names("groups");
        let groups: Vec<String> = groups.iter().map(|g| g.trim_start_matches('@').to_owned()).collect();
        if roles.is_empty() && operators.is_empty() && groups.is_empty() {
            return self.said("field", "nobody is named", "to open it to everybody: Esc, then D");
        }
        if let Some(role) = roles.iter().find(|r| self.roles().iter().all(|known| known.name != **r)) {
            let known = names(self.roles().iter().map(|r| &r.name));
            return self.said("field", format!("there is no role `{role}`"), &format!("there are {known}"));
        }
        let said = format!("{account} is open to those who are named");
        let rule = AccountRule {
            roles: roles.into_iter().collect(),
            groups: groups.into_iter().collect(),
            operators: operators.into_iter().collect(),
        };
        self.wait(AccessRequest::SetAccount { account, rule: Some(rule) }, said)
    }

    fn form_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.waits.is_some() {
            return Vec::new();
        }
        let outcome = match &mut self.mode {
            Mode::Entry(sheet, _) | Mode::Rule(sheet, _) => sheet.key(key),
            Mode::Role(matrix) => matrix.key(key),
            Mode::List | Mode::Ask { .. } => return Vec::new(),
        };
        match outcome {
            Outcome::Open => {
                self.say = None;
                self.warned = false;
                Vec::new()
            }
            Outcome::Leave => {
                self.say = None;
                self.mode = Mode::List;
                Vec::new()
            }
            Outcome::Save => {
                self.say = None;
                match self.mode {
                    Mode::Entry(..) => self.entry_saved(),
                    Mode::Role(_) => self.role_saved(),
                    Mode::Rule(..) => self.rule_saved(),
                    Mode::List | Mode::Ask { .. } => Vec::new(),
                }
            }
        }
    }

    fn came(&mut self, list: AccessList) {
        let on = match self.tab {
            Tab::Operators => self.rows.get(self.at()).map(|r| r.name.clone()),
            Tab::Roles => self.roles().get(self.at()).map(|r| r.name.clone()),
            Tab::Accounts => None,
        };
        self.rows = rows(&list);
        self.list = Some(list);
        let found = match self.tab {
            Tab::Operators => self.rows.iter().position(|r| Some(&r.name) == on.as_ref()),
            Tab::Roles => self.roles().iter().position(|r| Some(&r.name) == on.as_ref()),
            Tab::Accounts => Some(self.at()),
        };
        let (at, last) = (self.at(), self.total().saturating_sub(1));
        self.selections[self.tab as usize].set(found.unwrap_or(at).min(last));
    }
}

impl Overlay for OperatorBox {
    fn name(&self) -> &'static str {
        "operators"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match &self.mode {
            Mode::List => {
                // A switch that was warned of is meant when its key comes again.
                let again = self.warned && key.code == KeyCode::Char(' ');
                if again && self.waits.is_none() {
                    return self.switch();
                }
                self.list_key(key)
            }
            Mode::Ask { act, said, .. } => {
                let (act, said) = (act.clone(), said.clone());
                self.mode = Mode::List;
                if key.code == KeyCode::Char('y') { self.wait(act, said) } else { Vec::new() }
            }
            _ => self.form_key(key),
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        match &mut self.mode {
            Mode::Entry(sheet, _) | Mode::Rule(sheet, _) => sheet.paste(text),
            Mode::Role(matrix) => matrix.paste(text),
            Mode::List | Mode::Ask { .. } => {}
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Access(list) => {
                self.came(*list);
                Vec::new()
            }
            Delivery::Done => match self.waits.take() {
                Some(said) => {
                    self.mode = Mode::List;
                    self.warned = false;
                    vec![Step::Say(said), ask(AccessRequest::List)]
                }
                None => Vec::new(),
            },
            Delivery::Problem(p) => {
                self.waits = None;
                self.say = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        match &self.mode {
            Mode::Entry(sheet, _) | Mode::Rule(sheet, _) => sheet.draw(area, buf, theme, self.say.as_ref()),
            Mode::Role(matrix) => matrix.draw(area, buf, theme, self.say.as_ref()),
            Mode::List | Mode::Ask { .. } => {
                self.draw_lists(area, buf, theme);
                None
            }
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self.mode {
            Mode::List => {
                let mut out = vec![Hint::new("Tab", "next list")];
                if self.edits {
                    out.extend([Hint::new("N", "new"), Hint::new("e", "edit"), Hint::new("D", "delete")]);
                    match self.tab {
                        Tab::Operators => out.push(Hint::new("Space", "on/off")),
                        Tab::Roles => out.push(Hint::new("c", "copy")),
                        Tab::Accounts => {}
                    }
                }
                out.extend([Hint::new("Ctrl+R", "read again"), Hint::new("Esc", "close")]);
                out
            }
            Mode::Ask { .. } => vec![Hint::new("y", "do it"), Hint::new("other key", "leave it as it is")],
            Mode::Entry(..) | Mode::Role(_) | Mode::Rule(..) => {
                vec![Hint::new("F10", "save"), Hint::new("Tab", "next"), Hint::new("Esc", "back")]
            }
        }
    }
}
