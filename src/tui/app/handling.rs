//! What an operator does with threads: resolve, snooze, assign, label; with one, or with all that are marked.

use super::{App, Asked, Damage};
use crate::clock::Millis;
use crate::model::ThreadId;
use crate::model::handling::{ACT_MAX, Act, Handling, Nap, Priority, Snooze, State, operator_name};
use crate::model::ids::LabelId;
use crate::model::sharing::Share;
use crate::model::thread::ThreadRow;
use crate::protocol::{Acted, Request};
use crate::text::when;
use crate::tui::command::Scope;
use crate::tui::format;
use crate::tui::overlay::Step;
use crate::tui::overlay::labels::LabelPicker;
use crate::tui::overlay::pick::{Choice, Pick, Typed};
use crate::tui::overlay::talk::Talk;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An act that can be taken back: the act, and how the threads were before it.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    act: Act,
    before: Vec<(ThreadId, Handling, u32)>,
}

/// The threads that an act names, grouped by what takes it back.
fn backwards(done: &Done) -> Vec<(Act, Vec<ThreadId>)> {
    let mut groups: Vec<(Act, Vec<ThreadId>)> = Vec::new();
    for (id, was, unread) in &done.before {
        let back = match &done.act {
            Act::Resolve | Act::Reopen | Act::Snooze { .. } | Act::Restore { .. } => {
                Act::Restore { state: was.state, snooze: was.snooze }
            }
            Act::Assign { .. } => Act::Assign { to: was.assignee.clone() },
            Act::Priority { .. } => Act::Priority { priority: was.priority },
            Act::Label { add, remove } => {
                let had = |l: &LabelId| was.labels.iter().any(|label| label.id == *l);
                let on: Vec<LabelId> = remove.iter().copied().filter(|l| had(l)).collect();
                let off: Vec<LabelId> = add.iter().copied().filter(|l| !had(l)).collect();
                if on.is_empty() && off.is_empty() {
                    continue;
                }
                Act::Label { add: on, remove: off }
            }
            Act::Read if *unread > 0 => Act::Unread,
            Act::Unread if *unread == 0 => Act::Read,
            Act::Read | Act::Unread => continue,
        };
        match groups.iter_mut().find(|(act, _)| *act == back) {
            Some((_, ids)) => ids.push(*id),
            None => groups.push((back, vec![*id])),
        }
    }
    groups
}

/// A number of threads, in words.
fn threads(n: usize) -> String {
    if n == 1 { "1 thread".into() } else { format!("{n} threads") }
}

impl App {
    /// The row of a thread, wherever it is on the screen.
    fn known_row(&self, id: ThreadId) -> Option<&ThreadRow> {
        self.list
            .row(id)
            .or_else(|| self.conversation.as_ref().filter(|c| c.thread == id).and_then(|c| c.row.as_ref()))
    }

    /// The threads that the next act is about: those that are marked, else the one where the keys are.
    pub(super) fn targets(&self) -> Vec<ThreadId> {
        if self.scope != Scope::List {
            return self.conversation.iter().map(|c| c.thread).collect();
        }
        let mut marked = self.marked();
        if marked.is_empty() {
            return self.list.current().map(|r| r.id).into_iter().collect();
        }
        // In the order of the list, what is not loaded any more at the end.
        let mut out: Vec<ThreadId> =
            self.list.rows.iter().map(|r| r.id).filter(|id| marked.remove(id)).collect();
        out.extend(marked);
        out
    }

    /// Does something to threads, and says so when it is done.
    pub(super) fn handle(&mut self, ids: &[ThreadId], act: &Act, words: &str) {
        if ids.is_empty() {
            return self.say("there is no thread here");
        }
        let wanted: BTreeSet<ThreadId> = ids.iter().copied().collect();
        let open = self.conversation.as_ref().and_then(|c| c.row.as_ref());
        let mut known = BTreeSet::new();
        let before = self
            .list
            .rows
            .iter()
            .chain(open)
            .filter(|r| wanted.contains(&r.id) && known.insert(r.id))
            .map(|r| (r.id, r.handling.clone(), r.unread))
            .collect();
        self.desk.done = Some(Done { act: act.clone(), before });
        self.send_act(ids, act, words);
        if self.scope == Scope::List && self.marked_count() > 0 {
            self.unmark();
        }
    }

    fn send_act(&mut self, ids: &[ThreadId], act: &Act, words: &str) {
        for some in ids.chunks(ACT_MAX) {
            let request = Request::Act { threads: some.to_vec(), act: act.clone() };
            self.ask(request, Asked::Act { words: words.to_owned(), count: some.len() });
        }
    }

    /// An act was done: says to how many threads.
    pub(super) fn acted(&mut self, words: &str, count: usize, acted: Acted) {
        let undo = self.key_for("bulk.undo");
        let back = if self.desk.done.is_some() { format!(" · {undo} takes it back") } else { String::new() };
        let n = acted.done as usize;
        if acted.left > 0 {
            let left = threads(acted.left as usize);
            self.say_bad(format!("{}: {words}{back} · {left} could not be", threads(n)));
        } else if count == 1 {
            self.say(format!("{words}{back}"));
        } else {
            self.say(format!("{}: {words}{back}", threads(n)));
        }
    }

    /// Takes the last act back.
    pub(super) fn undo_act(&mut self) {
        let Some(done) = self.desk.done.take() else {
            return self.say("there is nothing to take back");
        };
        let groups = backwards(&done);
        if groups.is_empty() {
            return self.say("nothing was changed: there is nothing to take back");
        }
        for (act, ids) in groups {
            self.send_act(&ids, &act, "as before");
        }
    }

    /// Nothing is left to do here: goes to the next thread, or stays.
    pub(super) fn resolve(&mut self, stay: bool) {
        let ids = self.targets();
        let resolved =
            |id: &ThreadId| self.known_row(*id).is_some_and(|r| r.handling.state == State::Resolved);
        if !ids.is_empty() && ids.iter().all(resolved) {
            let key = self.key_for("thread.reopen");
            return self.say(format!("resolved already · → {key} opens it again"));
        }
        if stay {
            self.handle(&ids, &Act::Resolve, "resolved");
        } else {
            self.finish(&ids, &Act::Resolve, "resolved");
        }
    }

    /// Does something to threads that are done with by it: the next one takes their place, in the list and, where one
    /// of them was open, there.
    pub(super) fn finish(&mut self, ids: &[ThreadId], act: &Act, words: &str) {
        self.handle(ids, act, words);
        let in_list = self.list.current().is_some_and(|r| ids.contains(&r.id));
        let open = self.conversation.as_ref().map(|c| c.thread).filter(|id| ids.contains(id));
        if !in_list && open.is_none() {
            return;
        }
        // From the open one in a conversation, else from the cursor.
        let at = open
            .filter(|_| self.scope != Scope::List)
            .and_then(|id| self.list.rows.iter().position(|r| r.id == id))
            .unwrap_or(self.list.cursor);
        let rows = &self.list.rows;
        let stays = |r: &&ThreadRow| !ids.contains(&r.id);
        let after = rows.iter().skip(at + 1).find(stays);
        let next = after.or_else(|| rows.iter().take(at).rev().find(stays)).map(|r| r.id);
        match next {
            Some(next) => {
                self.list.select(next);
                self.keep_list_cursor_visible();
                if open.is_some() {
                    self.open_thread(next, None);
                }
            }
            None if open.is_some() => self.focus(Scope::List),
            None => {}
        }
        self.damage(Damage::LIST | Damage::STATUS);
    }

    pub(super) fn reopen(&mut self) {
        let ids = self.targets();
        self.handle(&ids, &Act::Reopen, "open again");
    }

    pub(super) fn assign_to_me(&mut self) {
        let ids = self.targets();
        let to = Some(self.operator.clone());
        self.handle(&ids, &Act::Assign { to }, "yours now");
    }

    /// Marks read or unread all that are marked.
    pub(super) fn mark_all(&mut self, read: bool) {
        let ids = self.targets();
        let (act, words) = if read { (Act::Read, "marked read") } else { (Act::Unread, "marked unread") };
        if let Some(c) = self.conversation.as_mut().filter(|c| ids.contains(&c.thread)) {
            c.keep_unread = !read;
            if !read {
                c.marked = None;
            }
        }
        self.handle(&ids, &act, words);
    }

    /// What a picker is about, for its title.
    fn about(&self, ids: &[ThreadId]) -> String {
        match ids {
            [one] => self
                .known_row(*one)
                .map_or_else(|| "1 thread".into(), |r| crate::text::sanitize(&r.title).into_owned()),
            many => threads(many.len()),
        }
    }

    /// Whom to give it to.
    pub(super) fn pick_assignee(&mut self) {
        let ids = self.targets();
        if ids.is_empty() {
            return self.say("there is no thread here");
        }
        self.ask(Request::Operators, Asked::Operators);
        let act = |to: Option<&str>, words: String| {
            let act = Act::Assign { to: to.map(str::to_owned) };
            vec![Step::Act { threads: ids.clone(), act: Box::new(act), words }]
        };
        let me = self.operator.clone();
        let mut choices = vec![
            Choice {
                text: me.clone(),
                remark: "you".into(),
                steps: act(Some(&me), "yours now".into()),
                ..Choice::default()
            },
            Choice { text: "nobody".into(), steps: act(None, "nobody's now".into()), ..Choice::default() },
        ];
        choices.extend(self.desk.operators.iter().filter(|o| **o != me).map(|o| Choice {
            text: o.clone(),
            steps: act(Some(o), format!("{o}'s now")),
            ..Choice::default()
        }));
        if self.has_company() {
            choices.extend(Share::ALL.map(|(word, how)| Choice {
                text: format!("next by {word}"),
                remark: "of those who are here".into(),
                steps: vec![Step::Talk(Talk::Share { threads: ids.clone(), how })],
                ..Choice::default()
            }));
        }
        let known: Vec<String> = choices.iter().map(|c| c.text.clone()).collect();
        let targets = ids.clone();
        let meaning = Arc::new(move |typed: &str| match operator_name(typed) {
            Ok(name) if known.contains(&name) => Typed::Nothing,
            Ok(name) => {
                let act = Act::Assign { to: Some(name.clone()) };
                let words = format!("{name}'s now");
                Typed::Choice(Box::new(Choice {
                    text: name,
                    remark: "as typed".into(),
                    steps: vec![Step::Act { threads: targets.clone(), act: Box::new(act), words }],
                    ..Choice::default()
                }))
            }
            Err(p) => Typed::Wrong { at: 0, len: typed.chars().count(), what: p.to_string() },
        });
        let title = format!("Give to · {}", self.about(&ids));
        let pick = Pick::new("assign", title, "a name", choices).with_meaning(meaning);
        self.show_overlay(Box::new(pick), None);
    }

    /// How pressing it is.
    pub(super) fn pick_priority(&mut self) {
        let ids = self.targets();
        if ids.is_empty() {
            return self.say("there is no thread here");
        }
        let now = ids.first().and_then(|id| self.known_row(*id)).map(|r| r.handling.priority);
        let all = [Priority::Urgent, Priority::High, Priority::Normal, Priority::Low];
        let choices = all
            .iter()
            .map(|p| {
                let act = Box::new(Act::Priority { priority: *p });
                let words = format!("priority {}", p.as_str());
                Choice {
                    text: p.as_str().into(),
                    steps: vec![Step::Act { threads: ids.clone(), act, words }],
                    ..Choice::default()
                }
            })
            .collect();
        let at = all.iter().position(|p| Some(*p) == now).unwrap_or(2);
        let title = format!("Priority · {}", self.about(&ids));
        let pick = Pick::new("priority", title, "type, or press a digit", choices).on(at);
        self.show_overlay(Box::new(pick), None);
    }

    /// How long it sleeps.
    pub(super) fn pick_snooze(&mut self) {
        let ids = self.targets();
        if ids.is_empty() {
            return self.say("there is no thread here");
        }
        let (now, tz) = (self.clock.now(), self.tz.clone());
        let nap = {
            let ids = ids.clone();
            move |nap: Nap, words: String| {
                let act = Box::new(Act::Snooze { nap });
                vec![Step::Act { threads: ids.clone(), act, words: format!("snoozed {words}") }]
            }
        };
        let mut choices: Vec<Choice> = Vec::new();
        for words in ["1h", "3h", "18:00", "tomorrow 9:00", "mon 9:00"] {
            let Ok(at) = when::parse(words, now, &tz) else { continue };
            let said = when::describe(at, now, &tz);
            if choices.iter().any(|c| c.text == said) {
                continue;
            }
            choices.push(Choice {
                remark: when::distance(at, now),
                steps: nap(Nap::Time { at }, format!("until {said}")),
                text: said,
                ..Choice::default()
            });
        }
        choices.push(Choice {
            text: "until the customer replies".into(),
            steps: nap(Nap::Reply, "until the customer replies".into()),
            ..Choice::default()
        });
        let window = match ids.as_slice() {
            [one] => self.known_row(*one).and_then(|r| r.window.left(now)),
            _ => Some(Millis::MAX),
        };
        if let Some(left) = window.filter(|l| *l > crate::model::handling::BEFORE_WINDOW) {
            let remark = if left == Millis::MAX {
                String::new()
            } else {
                when::describe(now + left - crate::model::handling::BEFORE_WINDOW, now, &tz)
            };
            choices.push(Choice {
                text: "until 1 hour before the window closes".into(),
                remark,
                steps: nap(Nap::Window, "until 1 hour before the window closes".into()),
                ..Choice::default()
            });
        }
        let clock = self.clock.clone();
        let meaning = Arc::new(move |typed: &str| {
            let now = clock.now();
            match when::parse(typed, now, &tz) {
                Ok(at) => {
                    let said = when::describe(at, now, &tz);
                    Typed::Choice(Box::new(Choice {
                        remark: when::distance(at, now),
                        steps: nap(Nap::Time { at }, format!("until {said}")),
                        text: said,
                        ..Choice::default()
                    }))
                }
                Err(e) => Typed::Wrong { at: 0, len: typed.chars().count(), what: e.to_string() },
            }
        });
        let title = format!("Snooze · {}", self.about(&ids));
        let pick =
            Pick::new("snooze", title, "10m · 2h · tomorrow 9:00 · mon 9", choices).with_meaning(meaning);
        self.show_overlay(Box::new(pick), None);
    }

    /// Which labels it has.
    pub(super) fn pick_labels(&mut self) {
        let ids = self.targets();
        if ids.is_empty() {
            return self.say("there is no thread here");
        }
        let rows: Vec<&ThreadRow> = ids.iter().filter_map(|id| self.known_row(*id)).collect();
        let has = |r: &&ThreadRow, id: LabelId| r.handling.labels.iter().any(|x| x.id == id);
        let all_have = |id: &LabelId| !rows.is_empty() && rows.iter().all(|r| has(r, *id));
        let on = self.desk.labels.iter().map(|l| l.label.id).filter(all_have).collect();
        let picker = LabelPicker::new(self.about(&ids), ids, self.desk.labels.clone(), on);
        self.show_overlay(Box::new(picker), None);
    }

    /// Marks or unmarks the thread under the cursor, and goes on to the next.
    pub(super) fn mark(&mut self) {
        let Some(id) = self.list.current().map(|r| r.id) else { return };
        if !self.desk.marks.remove(&id) {
            self.desk.marks.insert(id);
        }
        self.move_list(1);
        self.said_marked();
    }

    /// Begins a range at the cursor, or ends it here.
    pub(super) fn mark_range(&mut self) {
        let Some(id) = self.list.current().map(|r| r.id) else { return };
        if self.desk.anchor.is_some() {
            self.desk.marks = self.marked();
            self.desk.anchor = None;
        } else {
            self.desk.anchor = Some(id);
        }
        self.said_marked();
    }

    /// Marks all that are loaded, or none where all are.
    pub(super) fn mark_shown(&mut self) {
        let all: BTreeSet<ThreadId> = self.list.rows.iter().map(|r| r.id).collect();
        if all.is_subset(&self.desk.marks) {
            return self.unmark();
        }
        self.desk.marks.extend(all);
        self.said_marked();
        if self.list.has_more() {
            let n = self.desk.marks.len();
            self.say(format!("{} that are loaded are marked; there are more below", threads(n)));
        }
    }

    fn said_marked(&mut self) {
        self.damage(Damage::LIST | Damage::STATUS);
    }

    /// Nothing is marked any more.
    pub(super) fn unmark(&mut self) {
        if self.desk.marks.is_empty() && self.desk.anchor.is_none() {
            self.say("nothing is marked");
        }
        self.desk.marks.clear();
        self.desk.anchor = None;
        self.damage(Damage::LIST | Damage::STATUS);
    }

    /// The rows of a range of marks that was begun.
    fn range(&self) -> Option<std::ops::RangeInclusive<usize>> {
        let id = self.desk.anchor?;
        let anchor = self.list.rows.iter().position(|r| r.id == id)?;
        Some(anchor.min(self.list.cursor)..=anchor.max(self.list.cursor))
    }

    /// The threads that are marked, those of a range that was begun among them.
    pub(crate) fn marked(&self) -> BTreeSet<ThreadId> {
        let mut out = self.desk.marks.clone();
        if let Some(range) = self.range() {
            out.extend(self.list.rows.get(range).unwrap_or_default().iter().map(|r| r.id));
        }
        out
    }

    /// How many threads are marked.
    pub(crate) fn marked_count(&self) -> usize {
        let more = self.range().and_then(|range| self.list.rows.get(range));
        let more = more.unwrap_or_default().iter().filter(|r| !self.desk.marks.contains(&r.id)).count();
        self.desk.marks.len() + more
    }

    /// Whether a row of the list is marked.
    pub(crate) fn is_marked(&self, index: usize) -> bool {
        self.list.rows.get(index).is_some_and(|r| self.desk.marks.contains(&r.id))
            || self.range().is_some_and(|range| range.contains(&index))
    }
}

/// Until when a thread sleeps, in few letters.
pub(crate) fn short_snooze(s: Snooze, now: Millis, tz: &jiff::tz::TimeZone) -> String {
    match s.until {
        None => "reply".into(),
        Some(at) if at - now < 20 * format::HOUR => format::clock(at, tz),
        // The day alone: its name within a week, else its date.
        Some(at) => {
            let words = when::describe(at, now, tz);
            let day = words.rsplit_once(' ').map_or(words.as_str(), |(day, _)| day);
            let short = match day.split_once(' ') {
                Some((name, _)) if at - now < 6 * 24 * format::HOUR => name,
                Some((_, date)) => date,
                None => day,
            };
            short.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::handling::{Label, LabelColor};

    #[test]
    fn what_takes_an_act_back_depends_on_how_things_were() {
        let id = |n: u8| ThreadId([n; 16]);
        let with = |assignee: Option<&str>| Handling {
            assignee: assignee.map(str::to_owned),
            ..Handling::default()
        };
        let done = Done {
            act: Act::Assign { to: Some("ana".into()) },
            before: vec![(id(1), with(None), 0), (id(2), with(Some("bo")), 0), (id(3), with(None), 2)],
        };
        assert_eq!(
            backwards(&done),
            [
                (Act::Assign { to: None }, vec![id(1), id(3)]),
                (Act::Assign { to: Some("bo".into()) }, vec![id(2)])
            ]
        );
        let read = Done { act: Act::Read, before: done.before.clone() };
        assert_eq!(backwards(&read), [(Act::Unread, vec![id(3)])]);
        let vip = Label { id: LabelId([9; 16]), name: "vip".into(), color: LabelColor::Red };
        let had = Handling { labels: vec![vip.clone()], ..Handling::default() };
        let labelled = Done {
            act: Act::Label { add: vec![vip.id], remove: vec![] },
            before: vec![(id(1), had, 0), (id(2), with(None), 0)],
        };
        assert_eq!(
            backwards(&labelled),
            [(Act::Label { add: vec![], remove: vec![vip.id] }, vec![id(2)])],
            "a label that was there stays"
        );
    }
}
