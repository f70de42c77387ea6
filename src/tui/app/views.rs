//! Views: which threads the list shows, how many there are, and views of the operator's own.

use super::handling::Done;
use super::{App, Asked, Damage};
use crate::clock::Millis;
use crate::model::ThreadId;
use crate::model::filter::{Asker, BadFilter, Filter};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::preferences::Preference;
use crate::protocol::{Cursor, LabelRow, Request, SavedView, ViewCounts};
use crate::tui::command::Scope;
use crate::tui::format;
use crate::tui::overlay::Step;
use crate::tui::overlay::pick::{Choice, Pick, Typed};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The numbers of the views are asked for at most this often, in milliseconds.
const COUNT_EVERY: Millis = 1_000;

/// A view by a filter of the operator's own.
#[derive(Clone, Debug)]
pub(crate) struct OwnView {
    /// Its name, where it is saved.
    pub name: Option<String>,
    /// The filter.
    pub filter: Filter,
}

/// What belongs to views, labels and marks.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Labels as last read.
    pub labels: Vec<LabelRow>,
    /// Operators that threads may be given to.
    pub operators: Vec<String>,
    /// The operator's own views.
    pub saved: Vec<SavedView>,
    /// How many threads each view has.
    pub counts: ViewCounts,
    /// Threads that are marked.
    pub marks: BTreeSet<ThreadId>,
    /// Where a range of marks begins.
    pub anchor: Option<ThreadId>,
    /// The last act, to be taken back.
    pub(super) done: Option<Done>,
    /// The numbers are not what they were.
    stale: bool,
    counted_at: Option<Millis>,
}

/// The title of a view.
pub(crate) fn title(filter: ThreadFilter) -> &'static str {
    match filter {
        ThreadFilter::All => "All threads",
        ThreadFilter::Unread => "Unread",
        ThreadFilter::Failed => "Failed",
        ThreadFilter::Inbox => "Inbox",
        ThreadFilter::Mine => "Mine",
        ThreadFilter::Unassigned => "Unassigned",
        ThreadFilter::Snoozed => "Snoozed",
        ThreadFilter::Resolved => "Resolved",
        ThreadFilter::Window => "Window queue",
    }
}

impl App {
    /// What is read once for views and labels.
    pub(super) fn load_desk(&mut self) {
        self.ask(Request::Labels, Asked::Labels);
        self.ask(Request::Operators, Asked::Operators);
        self.desk.stale = true;
    }

    /// A request for a page of what the list shows.
    pub(super) fn list_request(&self, before: Option<Cursor>, limit: u32) -> Request {
        let account = self.account.clone();
        match &self.list.own {
            Some(own) => Request::Filtered { account, filter: own.filter.to_string(), before, limit },
            None => Request::Threads { account, filter: self.list.filter, before, limit },
        }
    }

    /// Whether a thread belongs into the list.
    pub(super) fn wants(&self, row: &ThreadRow) -> bool {
        let now = self.clock.now();
        self.account.as_ref().is_none_or(|a| *a == row.account)
            && match &self.list.own {
                Some(own) => own.filter.matches(row, Asker { me: &self.operator, now }),
                None => self.list.filter.wants(row, &self.operator, now),
            }
    }

    /// Whether the list shows what it shows at first.
    pub(crate) fn shows_inbox(&self) -> bool {
        self.list.own.is_none() && self.list.filter == ThreadFilter::Inbox
    }

    /// Whether there is no thread at all.
    pub(crate) fn is_new(&self) -> bool {
        self.shows_inbox() && self.accounts.iter().all(|a| a.threads == 0)
    }

    /// Time alone took threads out of what the list shows: a window has closed.
    pub(super) fn forget_aged(&mut self) {
        let ages = match &self.list.own {
            Some(own) => own.filter.ages(),
            None => self.list.filter == ThreadFilter::Window,
        };
        if !ages {
            return;
        }
        let open = self.conversation.as_ref().map(|c| c.thread);
        let gone: Vec<ThreadId> =
            self.list.rows.iter().filter(|r| Some(r.id) != open && !self.wants(r)).map(|r| r.id).collect();
        for id in gone {
            self.list.forget(id);
        }
        self.keep_list_cursor_visible();
    }

    /// The title of the list, and how many threads there are in all where that is known.
    pub(crate) fn list_title(&self) -> (String, Option<u32>) {
        match &self.list.own {
            Some(OwnView { name: Some(name), .. }) => (name.clone(), None),
            Some(own) => (own.filter.to_string(), None),
            None => (title(self.list.filter).to_owned(), self.desk.counts.of(self.list.filter)),
        }
    }

    /// The numbers of the views may have changed.
    pub(super) fn counts_changed(&mut self) {
        self.desk.stale = true;
    }

    /// Asks for the numbers of the views, where they changed and were not asked for just now.
    pub(super) fn count_views(&mut self) {
        let now = self.clock.now();
        let waits = self.asked.values().any(|a| matches!(a, Asked::ViewCounts));
        if !self.desk.stale || waits || self.counts_due().is_some_and(|at| now < at) {
            return;
        }
        self.desk.stale = false;
        self.desk.counted_at = Some(now);
        let midnight = Some(now + format::until_midnight(now, &self.tz));
        self.ask(Request::ViewCounts { account: self.account.clone(), midnight }, Asked::ViewCounts);
    }

    /// When the numbers may be asked for again.
    pub(super) fn counts_due(&self) -> Option<Millis> {
        self.desk.counted_at.filter(|_| self.desk.stale && !self.gone).map(|at| at + COUNT_EVERY)
    }

    pub(super) fn counts_came(&mut self, counts: ViewCounts) {
        if self.desk.counts != counts {
            self.desk.counts = counts;
            self.damage(Damage::LIST);
        }
    }

    /// The labels changed: what is on the screen shows their names and colours.
    pub(super) fn labels_came(&mut self, labels: Vec<LabelRow>) {
        let open = self.conversation.as_mut().and_then(|c| c.row.as_mut());
        for row in self.list.rows.iter_mut().chain(open) {
            row.handling.labels.retain_mut(|l| match labels.iter().find(|now| now.label.id == l.id) {
                Some(now) => {
                    l.clone_from(&now.label);
                    true
                }
                None => false,
            });
        }
        self.desk.labels = labels;
        self.damage(Damage::LIST | Damage::DETAILS);
    }

    pub(super) fn saved_views_came(&mut self, all: &[Preference]) {
        self.desk.saved = all.iter().filter_map(SavedView::of).collect();
        // A filter that was shown and saved has a name now.
        if let Some(own) = self.list.own.as_mut().filter(|own| own.name.is_none()) {
            let text = own.filter.to_string();
            own.name = self.desk.saved.iter().find(|v| v.filter == text).map(|v| v.name.clone());
            self.damage(Damage::LIST);
        }
    }

    pub(super) fn toggle_filter(&mut self, filter: ThreadFilter) {
        let shown = self.list.own.is_none() && self.list.filter == filter;
        self.show_filter(if shown { ThreadFilter::Inbox } else { filter });
    }

    /// Shows one of the views that are always there.
    pub(super) fn show_filter(&mut self, filter: ThreadFilter) {
        if self.list.filter != filter || self.list.own.is_some() {
            self.list.filter = filter;
            self.list.own = None;
            self.forget_marks();
            self.reload_list();
        }
    }

    /// Goes to the list and shows a view there.
    pub(super) fn go_to_view(&mut self, filter: ThreadFilter) {
        self.show_filter(filter);
        self.focus(Scope::List);
        self.move_list(isize::MIN);
    }

    fn show_own(&mut self, name: Option<String>, filter: Filter) {
        self.list.own = Some(OwnView { name, filter });
        self.forget_marks();
        self.reload_list();
        self.focus(Scope::List);
    }

    /// What is marked is what is seen: another list begins without marks.
    fn forget_marks(&mut self) {
        self.desk.marks.clear();
        self.desk.anchor = None;
    }

    /// Shows a view by its name, or what a filter finds.
    pub(super) fn show_view(&mut self, words: &str) {
        let words = words.trim();
        if let Some(filter) = ThreadFilter::named(words) {
            return self.go_to_view(filter);
        }
        if let Some(saved) = self.desk.saved.iter().find(|v| v.name == words).cloned() {
            return match saved.filter.parse() {
                Ok(filter) => self.show_own(Some(saved.name), filter),
                Err(e) => self.say_bad(format!("the view {} cannot be read: {e}", saved.name)),
            };
        }
        match words.parse::<Filter>() {
            Ok(filter) if filter.terms.is_empty() => self.pick_view(),
            Ok(filter) => self.show_own(None, filter),
            Err(e) => self.say_bad(format!("{e} · → like label:vip state:open age:>2d")),
        }
    }

    /// The next state in turn.
    pub(super) fn next_state(&mut self) {
        let next = match self.list.filter {
            _ if self.list.own.is_some() => ThreadFilter::Inbox,
            ThreadFilter::Inbox => ThreadFilter::Snoozed,
            ThreadFilter::Snoozed => ThreadFilter::Resolved,
            ThreadFilter::Resolved => ThreadFilter::All,
            _ => ThreadFilter::Inbox,
        };
        self.show_filter(next);
    }

    /// All views to choose from; what is typed may be a filter.
    pub(super) fn pick_view(&mut self) {
        let show =
            |words: &str| vec![Step::CommandWith { id: "view.pick".into(), argument: words.to_owned() }];
        let mut choices: Vec<Choice> = ThreadFilter::LISTED
            .into_iter()
            .map(|f| {
                let remark = match f {
                    ThreadFilter::Window if self.desk.counts.closing > 0 => {
                        format!("{} closing today, unanswered", self.desk.counts.closing)
                    }
                    _ => String::new(),
                };
                Choice {
                    text: title(f).into(),
                    remark,
                    right: self.desk.counts.of(f).map(|n| n.to_string()).unwrap_or_default(),
                    steps: show(f.name()),
                    ..Choice::default()
                }
            })
            .collect();
        choices.extend(self.desk.saved.iter().map(|v| {
            let gone = SavedView { name: v.name.clone(), filter: String::new() };
            Choice {
                text: v.name.clone(),
                remark: v.filter.clone(),
                steps: show(&v.name),
                delete: vec![Step::Ask(Box::new(Request::SetPreference { preference: gone.preference() }))],
                ..Choice::default()
            }
        }));
        let meaning = Arc::new(move |typed: &str| match typed.parse::<Filter>() {
            Ok(_) => Typed::Choice(Box::new(Choice {
                text: typed.trim().to_owned(),
                remark: "as a filter".into(),
                steps: vec![Step::CommandWith { id: "view.pick".into(), argument: typed.to_owned() }],
                ..Choice::default()
            })),
            Err(BadFilter { at, len, what }) => Typed::Wrong { at, len, what },
        });
        let at = match &self.list.own {
            None => ThreadFilter::LISTED.iter().position(|f| *f == self.list.filter).unwrap_or(0),
            Some(own) => {
                let saved = self.desk.saved.iter().position(|v| Some(&v.name) == own.name.as_ref());
                saved.map_or(0, |i| ThreadFilter::LISTED.len() + i)
            }
        };
        let hint = "a view, or a filter: label:vip state:open age:>2d";
        let pick = Pick::new("views", "Views", hint, choices).with_meaning(meaning).on(at);
        self.show_overlay(Box::new(pick), None);
    }

    /// Keeps the filter that is shown under a name.
    pub(super) fn save_view(&mut self) {
        let Some(own) = &self.list.own else {
            let key = self.key_for("view.pick");
            return self.say(format!("only a filter of your own is saved · → type one at {key}"));
        };
        let filter = own.filter.to_string();
        let meaning = {
            let filter = filter.clone();
            Arc::new(move |typed: &str| {
                let view = SavedView { name: typed.trim().to_owned(), filter: filter.clone() };
                match view.check() {
                    Ok(()) => Typed::Choice(Box::new(Choice {
                        text: format!("save as “{}”", view.name),
                        steps: vec![
                            Step::Ask(Box::new(Request::SetPreference { preference: view.preference() })),
                            Step::Say(format!("saved as {}", view.name)),
                        ],
                        ..Choice::default()
                    })),
                    Err(p) => Typed::Wrong { at: 0, len: typed.chars().count(), what: p.to_string() },
                }
            })
        };
        let title = format!("Save this view: {filter}");
        self.show_overlay(
            Box::new(Pick::new("save_view", title, "a name", Vec::new()).with_meaning(meaning)),
            None,
        );
    }
}
