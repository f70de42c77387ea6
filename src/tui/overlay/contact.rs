//! Who is on the other side: everything the contact is known as, and the two ways to correct it.
//!
//! `m` looks for a second contact that is the same person and joins it with this one; `s` takes identities that are
//! somebody else out of it. Both show both sides and ask first. Knows contact views; the engine does it.

use super::field::{Effect, Field};
use super::frame::{self, Selection, TimeText};
use super::{Delivery, Hint, Overlay, Step, say_nothing};
use crate::model::contact::{Contact, Identity, IdentityKind, display_phone};
use crate::protocol::{ContactDetail, Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::collections::BTreeSet;

/// Contacts that a search brings at most.
const FOUND: u32 = 50;

/// What the box is doing.
enum Mode {
    /// Shows the contact.
    Show,
    /// Looks for the other contact.
    Pick { field: Field, found: Vec<ContactDetail>, at: Selection },
    /// Asks whether this one goes in.
    Join(Box<ContactDetail>),
    /// Chooses what leaves.
    Choose { leaves: BTreeSet<usize>, at: Selection },
    /// Asks whether these leave.
    Leave(Vec<Identity>),
}

/// Shows and corrects a contact.
pub struct ContactBox {
    name: String,
    detail: Option<Box<ContactDetail>>,
    mode: Mode,
    when: TimeText,
    busy: bool,
    problem: Option<Problem>,
}

fn safe(s: &str) -> String {
    text::sanitize(s).into_owned()
}

fn identity(i: &Identity) -> String {
    let (word, value) = match i.kind {
        IdentityKind::Phone => ("phone", display_phone(&i.value)),
        IdentityKind::Username => ("username", format!("@{}", i.value)),
        IdentityKind::Bsuid => ("user id", i.value.clone()),
        IdentityKind::ParentBsuid => ("parent id", i.value.clone()),
        IdentityKind::Group => ("group", i.value.clone()),
    };
    format!("{word:<9} {}", safe(&value))
}

/// A contact in one line: name and the identity that tells it from others of this name.
fn one_line(d: &ContactDetail) -> String {
    let name = safe(&d.contact.display_name());
    let phone = d.contact.identity(IdentityKind::Phone).map(display_phone);
    match phone.or_else(|| d.contact.identities.first().map(|i| i.value.clone())) {
        Some(key) if safe(&key) != name => format!("{name} · {}", safe(&key)),
        _ => name,
    }
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

impl ContactBox {
    /// For a contact, which is asked for with [`ContactBox::request`]; `when` puts a time into a few words.
    #[must_use]
    pub fn new(contact: &Contact, when: TimeText) -> Self {
        Self {
            name: safe(&contact.display_name()),
            detail: None,
            mode: Mode::Show,
            when,
            busy: false,
            problem: None,
        }
    }

    /// What the box wants to know at once.
    #[must_use]
    pub fn request(contact: &Contact) -> Request {
        Request::Contact { text: contact.id.to_string() }
    }

    fn search(text: &str) -> Step {
        Step::Ask(Box::new(Request::Contacts { text: text.to_owned(), before: None, limit: FOUND }))
    }

    fn act(&mut self, request: Request) -> Vec<Step> {
        self.busy = true;
        vec![Step::Ask(Box::new(request))]
    }

    /// The lines of a person: name, identities with their messages, threads.
    fn person(&self, d: &ContactDetail, theme: &Theme) -> Vec<(String, Style)> {
        let mut out = vec![(safe(&d.contact.display_name()), theme.strong)];
        for i in &d.identities {
            let mut line = format!("  {}", identity(&i.identity));
            if i.messages > 0 {
                line = format!("{line} · {}", plural(i.messages as usize, "message"));
            }
            if let Some(since) = i.since {
                line = format!("{line} · since {}", (self.when)(since));
            }
            if i.retired {
                line.push_str(" · replaced");
            }
            out.push((line, if i.retired { theme.dim } else { theme.text }));
        }
        for t in &d.threads {
            let unread = if t.unread > 0 { format!(" · {} unread", t.unread) } else { String::new() };
            out.push((format!("  thread on {} · {}{unread}", t.account, (self.when)(t.last_at)), theme.dim));
        }
        out
    }

    fn lines(&self, d: &ContactDetail, theme: &Theme) -> Vec<(String, Style)> {
        let mut out = Vec::new();
        match &self.mode {
            Mode::Show | Mode::Pick { .. } | Mode::Choose { .. } => out = self.person(d, theme),
            Mode::Join(other) => {
                out.push(("This one stays:".into(), theme.dim));
                out.extend(self.person(d, theme));
                out.push((String::new(), theme.text));
                out.push(("This one goes into it, with its conversations:".into(), theme.dim));
                out.extend(self.person(other, theme));
            }
            Mode::Leave(leaves) => {
                let part = |stays: bool| {
                    d.identities.iter().filter(move |i| leaves.contains(&i.identity) != stays).map(|i| {
                        let n = plural(i.messages as usize, "message");
                        (format!("  {} · {n}", identity(&i.identity)), theme.text)
                    })
                };
                out.push((format!("{} keeps:", safe(&d.contact.display_name())), theme.dim));
                out.extend(part(true));
                out.push((String::new(), theme.text));
                out.push(("A contact of its own gets:".into(), theme.dim));
                out.extend(part(false));
                out.push((String::new(), theme.text));
                let note = "Messages go with the number or user id that they came from.";
                out.push((note.into(), theme.dim));
            }
        }
        out
    }

    fn keys_line(&self) -> Vec<(&'static str, &'static str)> {
        match &self.mode {
            Mode::Show => vec![("m", "join with another"), ("s", "take apart"), ("Esc", "close")],
            Mode::Pick { .. } => vec![("Enter", "choose"), ("Esc", "back")],
            Mode::Join(_) => vec![("y", "they are one person"), ("other key", "leave them as they are")],
            Mode::Choose { .. } => vec![("Space", "mark what leaves"), ("Enter", "go on"), ("Esc", "back")],
            Mode::Leave(_) => vec![("y", "they are two persons"), ("other key", "leave it as it is")],
        }
    }
}

impl Overlay for ContactBox {
    fn name(&self) -> &'static str {
        "contact"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.busy {
            return if key.code == KeyCode::Esc { vec![Step::Close] } else { Vec::new() };
        }
        self.problem = None;
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let Some(detail) = self.detail.as_deref() else {
            return if key.code == KeyCode::Esc { vec![Step::Close] } else { Vec::new() };
        };
        match &mut self.mode {
            Mode::Show => match key.code {
                KeyCode::Char('m') if plain => {
                    let field = Field::line(100);
                    self.mode = Mode::Pick { field, found: Vec::new(), at: Selection::default() };
                    return vec![Self::search("")];
                }
                KeyCode::Char('s') if plain => {
                    if detail.identities.iter().filter(|i| i.identity.is_key()).count() < 2 {
                        let say = "this contact has one number or user id: there is nothing to take apart";
                        return vec![Step::Say(say.into())];
                    }
                    self.mode = Mode::Choose { leaves: BTreeSet::new(), at: Selection::default() };
                }
                KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return vec![Step::Close],
                _ => {}
            },
            Mode::Pick { field, found, at } => {
                if at.key(key, found.len()) {
                    return Vec::new();
                }
                match key.code {
                    KeyCode::Esc => self.mode = Mode::Show,
                    KeyCode::Enter => {
                        let Some(other) = found.get(at.at) else {
                            return say_nothing(field.text(), "a name or a number finds the other one");
                        };
                        self.mode = Mode::Join(Box::new(other.clone()));
                    }
                    _ => {
                        if field.key(key) == Effect::Changed {
                            at.set(0);
                            return vec![Self::search(field.text())];
                        }
                    }
                }
            }
            Mode::Join(other) => {
                if plain && key.code == KeyCode::Char('y') {
                    let request = Request::MergeContacts { into: detail.contact.id, from: other.contact.id };
                    return self.act(request);
                }
                self.mode = Mode::Show;
            }
            Mode::Choose { leaves, at } => {
                if at.key(key, detail.identities.len()) {
                    return Vec::new();
                }
                match key.code {
                    KeyCode::Esc => self.mode = Mode::Show,
                    KeyCode::Char(' ') if leaves.remove(&at.at) => {}
                    KeyCode::Char(' ') => _ = leaves.insert(at.at),
                    KeyCode::Enter => {
                        let chosen: Vec<Identity> = leaves
                            .iter()
                            .filter_map(|i| detail.identities.get(*i))
                            .map(|i| i.identity.clone())
                            .collect();
                        let stays = detail
                            .identities
                            .iter()
                            .any(|i| i.identity.is_key() && !chosen.contains(&i.identity));
                        if !chosen.iter().any(Identity::is_key) || !stays {
                            let say = "mark at least one number or user id with Space, and leave one";
                            return vec![Step::Say(say.into())];
                        }
                        self.mode = Mode::Leave(chosen);
                    }
                    _ => {}
                }
            }
            Mode::Leave(leaves) => {
                if plain && key.code == KeyCode::Char('y') {
                    let request =
                        Request::SplitContact { contact: detail.contact.id, identities: leaves.clone() };
                    return self.act(request);
                }
                self.mode = Mode::Show;
            }
        }
        Vec::new()
    }

    fn paste(&mut self, block: &str) -> Vec<Step> {
        if let Mode::Pick { field, at, .. } = &mut self.mode
            && field.insert(block)
        {
            at.set(0);
            return vec![Self::search(field.text())];
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Contact(detail) => {
                let say = match (&self.mode, self.busy) {
                    (Mode::Join(_), true) => Some("they are one contact now"),
                    (Mode::Leave(_), true) => Some("they are two contacts now"),
                    _ => None,
                };
                if let Some(say) = say {
                    return vec![Step::Close, Step::Say(say.into())];
                }
                self.detail = Some(detail);
            }
            Delivery::Contacts(wanted, list) => {
                let own = self.detail.as_ref().map(|d| d.contact.id);
                if let Mode::Pick { field, found, at } = &mut self.mode
                    && field.text() == wanted
                {
                    *found = list.into_iter().filter(|d| Some(d.contact.id) != own).collect();
                    at.set(at.at.min(found.len().saturating_sub(1)));
                }
            }
            Delivery::Problem(p) => {
                self.busy = false;
                self.mode = Mode::Show;
                self.problem = Some(p);
            }
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let lines = self.detail.as_ref().map(|d| self.lines(d, theme)).unwrap_or_default();
        let rows = match &self.mode {
            Mode::Pick { .. } => 18,
            _ => (lines.len() as u16).max(6),
        };
        let title = match &self.mode {
            Mode::Show => "Contact".to_owned(),
            Mode::Pick { .. } => format!("Join {} with", self.name),
            Mode::Join(_) => "Join these two contacts?".to_owned(),
            Mode::Choose { .. } => format!("Take {} apart", self.name),
            Mode::Leave(_) => "Make two contacts of this one?".to_owned(),
        };
        let extra = if self.problem.is_some() { 8 } else { 4 };
        let inner = frame::open(area, 84, rows.saturating_add(extra), &title, "", buf, theme)?;
        let keys = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        frame::keys(buf, keys, &self.keys_line(), theme);
        let body = Rect { height: inner.height.saturating_sub(2), ..inner };
        if let Some(p) = &self.problem {
            frame::problem(buf, body, p, theme);
            return None;
        }
        if self.detail.is_none() {
            frame::put(buf, body.x, body.y, body.width, "looking…", theme.dim);
            return None;
        }
        match &self.mode {
            Mode::Pick { field, found, at } => {
                let hint = "name, number or user id of the other contact";
                let line = Rect { height: 1, ..body };
                let cursor = field.draw(line, buf, theme.text, hint, theme);
                let list = Rect { y: body.y + 2, height: body.height.saturating_sub(2), ..body };
                if found.is_empty() {
                    frame::put(buf, list.x, list.y, list.width, "no other contact like this", theme.dim);
                }
                for (row, i) in at.window(found.len(), usize::from(list.height)).enumerate() {
                    let y = list.y + row as u16;
                    let threads = plural(found[i].threads.len(), "thread");
                    frame::put_right(buf, list.right(), y, 12, &threads, theme.dim);
                    let cells = list.width.saturating_sub(16);
                    frame::put(buf, list.x + 2, y, cells, &one_line(&found[i]), theme.text);
                    if i == at.at {
                        frame::select(buf, Rect { y, height: 1, ..list }, theme);
                    }
                }
                return Some(cursor);
            }
            Mode::Choose { leaves, at } => {
                let Some(detail) = &self.detail else { return None };
                for (row, i) in at.window(detail.identities.len(), usize::from(body.height)).enumerate() {
                    let y = body.y + row as u16;
                    let facts = &detail.identities[i];
                    let mark = if leaves.contains(&i) { "[x]" } else { "[ ]" };
                    let n = plural(facts.messages as usize, "message");
                    let line = format!("{mark} {} · {n}", identity(&facts.identity));
                    frame::put(buf, body.x + 1, y, body.width.saturating_sub(2), &line, theme.text);
                    if i == at.at {
                        frame::select(buf, Rect { y, height: 1, ..body }, theme);
                    }
                }
            }
            _ => {
                for (row, (line, style)) in lines.iter().enumerate().take(usize::from(body.height)) {
                    frame::put(buf, body.x, body.y + row as u16, body.width, line, *style);
                }
            }
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        self.keys_line().into_iter().map(|(key, does)| Hint::new(key, does)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;
    use crate::model::ids::ContactId;
    use crate::protocol::IdentityFacts;
    use std::sync::Arc;

    fn detail(n: u8, name: &str, identities: &[Identity]) -> ContactDetail {
        ContactDetail {
            contact: Contact {
                id: ContactId([n; 16]),
                name: String::new(),
                profile_name: name.into(),
                identities: identities.to_vec(),
                marketing_opt_out: false,
            },
            identities: identities
                .iter()
                .enumerate()
                .map(|(i, identity)| IdentityFacts {
                    identity: identity.clone(),
                    since: (i == 0).then_some(60_000),
                    retired: i == 2,
                    messages: 3 + i as u32,
                })
                .collect(),
            threads: Vec::new(),
            created_at: 0,
        }
    }

    fn marta() -> ContactDetail {
        let ids =
            [Identity::bsuid("BR.1"), Identity::phone("5511988881234"), Identity::phone("551133334444")];
        detail(1, "Marta\u{1b}[2J Souza", &ids)
    }

    fn open() -> ContactBox {
        let d = marta();
        let mut o = ContactBox::new(&d.contact, Arc::new(|at| format!("{} min ago", at / 60_000)));
        assert_eq!(o.deliver(Delivery::Contact(Box::new(d))), vec![]);
        o
    }

    fn other() -> ContactDetail {
        detail(2, "Marta (work)", &[Identity::phone("5511977770000")])
    }

    #[test]
    fn two_contacts_are_joined_after_a_look_at_both() {
        let mut o = open();
        assert_eq!(press(&mut o, "m").len(), 1, "it looks for others");
        let asked = write(&mut o, "work");
        assert!(
            matches!(&asked[3], Step::Ask(r) if matches!(&**r, Request::Contacts { text, .. } if text == "work"))
        );
        o.deliver(Delivery::Contacts("wor".into(), vec![]));
        o.deliver(Delivery::Contacts("work".into(), vec![marta(), other()]));
        assert_eq!(press(&mut o, "Enter"), vec![]);
        insta::assert_snapshot!("contact_join_80x24", picture(&o, 80, 24));
        assert_eq!(press(&mut o, "Enter"), vec![], "only the named key joins");
        assert!(matches!(o.mode, Mode::Show));
        press(&mut o, "m");
        o.deliver(Delivery::Contacts(String::new(), vec![other()]));
        let steps = press(&mut o, "Enter y");
        let request = Request::MergeContacts { into: ContactId([1; 16]), from: ContactId([2; 16]) };
        assert_eq!(steps, vec![Step::Ask(Box::new(request))]);
        assert_eq!(press(&mut o, "y y"), vec![], "once is enough");
        assert_eq!(o.deliver(Delivery::Contact(Box::new(marta())))[0], Step::Close);
    }

    #[test]
    fn what_is_marked_leaves_and_something_has_to_stay() {
        let mut o = open();
        assert!(matches!(press(&mut o, "s Enter").as_slice(), [Step::Say(_)]));
        press(&mut o, "Down Down Space Enter");
        insta::assert_snapshot!("contact_split_80x24", picture(&o, 80, 24));
        let steps = press(&mut o, "y");
        let identities = vec![Identity::phone("551133334444")];
        let request = Request::SplitContact { contact: ContactId([1; 16]), identities };
        assert_eq!(steps, vec![Step::Ask(Box::new(request))]);
        o.deliver(Delivery::Problem(Problem::new("refused", "no")));
        assert!(matches!(o.mode, Mode::Show) && !o.busy);
        let mut all = open();
        assert!(matches!(press(&mut all, "s Space Down Space Down Space Enter").as_slice(), [Step::Say(_)]));
        let mut one = ContactBox::new(&other().contact, Arc::new(|_| String::new()));
        one.deliver(Delivery::Contact(Box::new(other())));
        assert!(matches!(press(&mut one, "s").as_slice(), [Step::Say(_)]));
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("contact_80x24", picture(&open(), 80, 24));
        let mut o = open();
        draw_everywhere(&o);
        for keys in ["m", "Esc s", "Space Enter"] {
            press(&mut o, keys);
            draw_everywhere(&o);
        }
        assert_eq!(press(&mut open(), "Esc"), vec![Step::Close]);
    }
}
