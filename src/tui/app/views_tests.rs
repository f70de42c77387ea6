//! Views, marks and what is done to threads, by their keys.

use super::tests::{NOW, Script, inbox};
use super::*;
use crate::model::filter::{Asker, Filter};
use crate::model::handling::{Act, Handling, Label, LabelColor, Nap, Priority, Snooze, State, Wait};
use crate::model::ids::LabelId;
use crate::model::thread::ThreadRow;
use crate::protocol::preferences::Preference;
use crate::protocol::{Acted, Changed, LabelRow, Page, Response, SavedView, ViewCounts};
use crate::tui::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const HOUR: Millis = 3_600_000;

impl Script {
    fn asker(&self) -> Asker<'static> {
        Asker { me: "ana", now: self.clock.now() }
    }

    pub(super) fn filtered(&self, filter: &str) -> Result<Response, Problem> {
        let filter: Filter = filter
            .parse()
            .map_err(|e: crate::model::filter::BadFilter| Problem::new("field", e.to_string()))?;
        let items = self.threads.iter().filter(|t| filter.matches(t, self.asker())).cloned().collect();
        Ok(Response::Threads(Page { items, next: None }))
    }

    pub(super) fn counts(&self) -> Response {
        let of =
            |f: ThreadFilter| self.threads.iter().filter(|t| f.wants(t, "ana", self.clock.now())).count();
        let counts = ThreadFilter::LISTED.into_iter().map(|f| (f, of(f) as u32)).collect();
        Response::ViewCounts(ViewCounts { counts, closing: 1 })
    }

    pub(super) fn save_label(&mut self, label: Label) -> Response {
        self.labels.push(LabelRow { label, threads: 0 });
        Response::Done
    }

    pub(super) fn act(&mut self, threads: &[ThreadId], act: &Act) -> Response {
        let labels: Vec<Label> = self.labels.iter().map(|l| l.label.clone()).collect();
        for t in self.threads.iter_mut().filter(|t| threads.contains(&t.id)) {
            let h = &mut t.handling;
            match act {
                Act::Resolve => (h.state, h.snooze) = (State::Resolved, None),
                Act::Reopen => (h.state, h.snooze) = (State::Open, None),
                Act::Snooze { nap } => {
                    let (wait, until) = match nap {
                        Nap::Time { at } => (Wait::Time, Some(*at)),
                        Nap::Reply => (Wait::Reply, None),
                        Nap::Window => (Wait::Window, t.window.until.map(|u| u - HOUR)),
                    };
                    (h.state, h.snooze) = (State::Snoozed, Some(Snooze { wait, until }));
                }
                Act::Assign { to } => h.assignee.clone_from(to),
                Act::Priority { priority } => h.priority = *priority,
                Act::Label { add, remove } => {
                    h.labels.retain(|l| !remove.contains(&l.id));
                    h.labels.extend(labels.iter().filter(|l| add.contains(&l.id)).cloned());
                }
                Act::Read => t.unread = 0,
                Act::Unread => t.unread = t.unread.max(1),
                Act::Restore { state, snooze } => (h.state, h.snooze) = (*state, *snooze),
            }
        }
        Response::Acted(Acted { done: threads.len() as u32, left: 0 })
    }

    /// Tells of threads that changed.
    fn told(&mut self, app: &mut App, threads: &[ThreadId]) {
        let account = AccountId::new("support");
        let changed =
            threads.iter().map(|t| Changed::ThreadChanged { thread: *t, account: account.clone() }).collect();
        self.tell(app, changed);
    }

    /// Presses keys, and tells of every thread afterwards as an engine would.
    fn does(&mut self, app: &mut App, keys: &str) {
        self.keys(app, keys);
        let ids: Vec<ThreadId> = self.threads.iter().map(|t| t.id).collect();
        self.told(app, &ids);
    }

    fn acts(&self) -> Vec<(usize, Act)> {
        self.log
            .iter()
            .filter_map(|r| match r {
                Request::Act { threads, act } => Some((threads.len(), act.clone())),
                _ => None,
            })
            .collect()
    }

    fn has_label(&mut self, name: &str, color: LabelColor) -> LabelId {
        let label = Label { id: LabelId::derived(&[name]), name: name.into(), color };
        let id = label.id;
        self.labels.push(LabelRow { label, threads: 3 });
        id
    }
}

fn titles(app: &App) -> Vec<&str> {
    app.list.rows.iter().map(|r| r.title.as_str()).collect()
}

fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    let row = |y: u16| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn said(app: &App) -> &str {
    app.say.as_ref().map_or("", |s| &s.text)
}

fn handling(s: &Script, title: &str) -> Handling {
    s.threads.iter().find(|t| t.title == title).unwrap().handling.clone()
}

#[test]
fn resolve_goes_to_the_next_thread_in_the_list_and_in_the_conversation() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    assert_eq!(titles(&app)[..3], ["Marta Souza", "Amara 🌻", "王小明"]);
    s.keys(&mut app, "Enter e");
    assert_eq!((app.conversation.as_ref().unwrap().title(), app.scope), ("Amara 🌻", Scope::Conversation));
    assert!(said(&app).starts_with("resolved · Z"), "{}", said(&app));
    s.does(&mut app, "h");
    assert_eq!(titles(&app)[..2], ["Amara 🌻", "王小明"]);
    assert_eq!(app.list.current().unwrap().title, "Amara 🌻");
    // Twice in a row, faster than the engine tells: two threads, and not one of them twice.
    s.does(&mut app, "e e");
    assert_eq!(titles(&app).len(), 2, "{:?}", titles(&app));
    assert_eq!(handling(&s, "王小明").state, State::Resolved);
    s.does(&mut app, "g r");
    assert_eq!(titles(&app), ["Marta Souza", "Amara 🌻", "王小明"]);
    s.keys(&mut app, "e");
    assert!(said(&app).contains("O opens it again"), "{}", said(&app));
    s.does(&mut app, "O j");
    assert_eq!(titles(&app).len(), 2);
    s.does(&mut app, "g i");
    assert!(titles(&app).contains(&"Marta Souza"));
}

#[test]
fn resolve_and_stay_stays_and_a_message_opens_it_again() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.does(&mut app, "Enter E");
    assert_eq!(app.conversation.as_ref().unwrap().title(), "Marta Souza");
    assert_eq!(handling(&s, "Marta Souza").state, State::Resolved);
    assert!(titles(&app).contains(&"Marta Souza"), "what is open stays in the list");
    let thread = s.threads[0].id;
    s.row(thread).handling.state = State::Open;
    s.told(&mut app, &[thread]);
    s.does(&mut app, "h j Enter h g i");
    assert!(titles(&app).contains(&"Marta Souza"));
}

#[test]
fn an_act_is_taken_back_once() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Z");
    assert!(said(&app).contains("nothing to take back"));
    s.does(&mut app, "x x e");
    assert_eq!(titles(&app).len(), 3);
    assert!(s.acts() == [(2, Act::Resolve)]);
    s.does(&mut app, "Z");
    assert_eq!(titles(&app).len(), 5);
    assert_eq!(s.acts().last().unwrap(), &(2, Act::Restore { state: State::Open, snooze: None }));
    s.keys(&mut app, "Z");
    assert!(said(&app).contains("nothing to take back"));
}

#[test]
fn marks_are_what_the_next_act_is_about_and_then_gone() {
    let mut s = inbox();
    let vip = s.has_label("vip", LabelColor::Red);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "x j x");
    assert_eq!(app.marked().len(), 2);
    assert!(screen(&app).contains("2 marked"), "{}", screen(&app));
    s.keys(&mut app, "i");
    assert!(app.marked().is_empty(), "cleared by the act");
    assert!(said(&app).starts_with("2 threads: yours now"), "{}", said(&app));
    assert_eq!(s.acts(), [(2, Act::Assign { to: Some("ana".into()) })]);
    // A range from the cursor to the cursor, and all.
    s.keys(&mut app, "g g V 2 j");
    assert_eq!(app.marked().len(), 3);
    s.keys(&mut app, "V j j");
    assert_eq!(app.marked().len(), 3, "the range has ended");
    s.keys(&mut app, "Esc");
    assert!(app.marked().is_empty());
    s.keys(&mut app, "* U");
    assert_eq!(s.acts().last().unwrap(), &(5, Act::Unread));
    s.keys(&mut app, "* m");
    assert_eq!(s.acts().last().unwrap(), &(5, Act::Read));
    s.keys(&mut app, "* * x L");
    s.type_text(&mut app, "vip");
    s.keys(&mut app, "Enter");
    assert_eq!(s.acts().last().unwrap(), &(1, Act::Label { add: vec![vip], remove: vec![] }));
    // In a conversation an act is about the conversation.
    s.keys(&mut app, "g g * Enter e");
    assert_eq!(s.acts().last().unwrap(), &(1, Act::Resolve));
    // Another view has no marks.
    s.keys(&mut app, "h");
    assert!(!app.marked().is_empty(), "what is marked in the list stays");
    s.keys(&mut app, "g a");
    assert!(app.marked().is_empty());
}

#[test]
fn snoozing_is_until_a_time_a_reply_or_the_window() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "z");
    let picture = screen(&app);
    for words in
        ["today 10:40", "tomorrow 09:00", "until the customer replies", "1 hour before the window closes"]
    {
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
    s.type_text(&mut app, "2h");
    s.keys(&mut app, "Enter");
    assert_eq!(s.acts(), [(1, Act::Snooze { nap: Nap::Time { at: NOW + 2 * HOUR } })]);
    s.does(&mut app, "Esc");
    assert!(!titles(&app).is_empty());
    s.keys(&mut app, "z");
    s.type_text(&mut app, "repl");
    s.does(&mut app, "Enter");
    assert_eq!(s.acts().last().unwrap().1, Act::Snooze { nap: Nap::Reply });
    s.keys(&mut app, "z");
    s.type_text(&mut app, "1 hour before");
    s.does(&mut app, "Enter");
    assert_eq!(s.acts().last().unwrap().1, Act::Snooze { nap: Nap::Window });
    s.keys(&mut app, "z");
    s.type_text(&mut app, "yesterdayish");
    s.keys(&mut app, "Enter");
    assert_eq!((s.acts().len(), app.overlays.len()), (3, 1), "what is no time does nothing");
    s.keys(&mut app, "Esc");
    s.does(&mut app, "g z");
    assert!(app.list.rows.iter().all(|r| r.handling.state == State::Snoozed));
    assert!(screen(&app).contains('💤'));
}

#[test]
fn labels_are_switched_and_made_by_typing() {
    let mut s = inbox();
    let vip = s.has_label("vip", LabelColor::Red);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "L Tab");
    assert_eq!(s.acts(), [(1, Act::Label { add: vec![vip], remove: vec![] })]);
    s.keys(&mut app, "Tab Esc");
    assert_eq!(s.acts()[1].1, Act::Label { add: vec![], remove: vec![vip] });
    s.keys(&mut app, "L");
    s.type_text(&mut app, "late order");
    s.keys(&mut app, "Enter");
    let saved = s.log.iter().find_map(|r| match r {
        Request::SaveLabel { label } => Some(label.clone()),
        _ => None,
    });
    let saved = saved.unwrap();
    assert_eq!((&*saved.name, saved.color), ("late order", LabelColor::Yellow), "red is taken");
    assert_eq!(s.acts().last().unwrap().1, Act::Label { add: vec![saved.id], remove: vec![] });
    s.tell(&mut app, vec![Changed::LabelsChanged]);
    s.does(&mut app, "Esc");
    assert!(screen(&app).contains("late …"), "{}", screen(&app));
    // A new name is shown where the label is shown; a deleted one is gone.
    s.labels[1].label.name = "urgent order".into();
    s.tell(&mut app, vec![Changed::LabelsChanged]);
    assert!(screen(&app).contains("urgen…"), "{}", screen(&app));
    s.labels.clear();
    s.tell(&mut app, vec![Changed::LabelsChanged]);
    assert!(app.list.rows.iter().all(|r| r.handling.labels.is_empty()));
}

#[test]
fn threads_are_given_to_others_and_have_a_priority() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "a Enter");
    assert_eq!(s.acts()[0].1, Act::Assign { to: Some("ana".into()) });
    s.keys(&mut app, "a");
    s.type_text(&mut app, "bo");
    s.keys(&mut app, "Enter a");
    s.type_text(&mut app, "carla");
    s.keys(&mut app, "Enter a");
    s.type_text(&mut app, "nobody");
    s.keys(&mut app, "Enter");
    let to = |who: &str| Act::Assign { to: Some(who.into()) };
    let acts: Vec<Act> = s.acts().into_iter().map(|(_, a)| a).collect();
    assert_eq!(acts[1..], [to("bo"), to("carla"), Act::Assign { to: None }]);
    s.keys(&mut app, "P 1");
    assert_eq!(s.acts().last().unwrap().1, Act::Priority { priority: Priority::Urgent });
    s.does(&mut app, "i P 4");
    assert_eq!(handling(&s, "Marta Souza").priority, Priority::Low);
    s.does(&mut app, "g m");
    assert_eq!(titles(&app), ["Marta Souza"]);
    s.does(&mut app, "g u");
    assert!(!titles(&app).contains(&"Marta Souza"));
}

#[test]
fn the_window_queue_is_in_the_order_in_which_windows_close() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "g w");
    assert_eq!(titles(&app), ["Amara 🌻", "Marta Souza", "王小明", "فاطمة السيد"]);
    // A thread that changes keeps its place; one whose window is renewed goes to its new one.
    let amara = s.threads.iter().find(|t| t.title == "Amara 🌻").unwrap().id;
    s.row(amara).window.until = Some(NOW + 23 * HOUR);
    s.told(&mut app, &[amara]);
    assert_eq!(titles(&app).last(), Some(&"Amara 🌻"));
    assert!(screen(&app).contains("today"));
}

#[test]
fn a_window_that_closes_leaves_the_queue_by_itself() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "g w");
    app.drawn();
    s.clock.set(NOW + 91 * 60_000);
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(titles(&app), ["Marta Souza", "王小明", "فاطمة السيد"]);
}

#[test]
fn many_changed_threads_are_asked_for_in_turns() {
    let mut s = Script::new();
    let ids: Vec<ThreadId> = (0..1_200).map(|n| s.thread(&format!("Customer {n}"), None, Some(60))).collect();
    s.threads.sort_by_key(|t| std::cmp::Reverse((t.last_at, t.id)));
    let mut app = s.start((120, 36));
    s.told(&mut app, &ids);
    let asked: Vec<usize> = s
        .log
        .iter()
        .filter_map(|r| match r {
            Request::ThreadRows { ids } => Some(ids.len()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [500, 500, 200]);
    // All of them marked and done in one go.
    s.keys(&mut app, "G G G G G G G * e");
    let done: Vec<usize> = s.acts().iter().map(|(n, _)| *n).collect();
    assert_eq!(done.iter().sum::<usize>(), app.list.rows.len());
    assert!(done.iter().all(|n| *n <= 1_000), "{done:?}");
}

#[test]
fn views_are_chosen_by_name_filter_and_turn() {
    let mut s = inbox();
    s.accounts[0].threads = 5;
    let mut app = s.start((120, 36));
    let states: Vec<ThreadFilter> = (0..4)
        .map(|_| {
            s.keys(&mut app, "s");
            app.list.filter
        })
        .collect();
    use ThreadFilter::{All, Inbox, Resolved, Snoozed};
    assert_eq!(states, [Snoozed, Resolved, All, Inbox]);
    s.keys(&mut app, "F");
    s.type_text(&mut app, "window");
    s.keys(&mut app, "Enter");
    assert_eq!(app.list.filter, ThreadFilter::Window);
    s.keys(&mut app, "F");
    s.type_text(&mut app, "is:unread souza");
    s.keys(&mut app, "Enter");
    assert_eq!(titles(&app), ["Marta Souza"]);
    assert!(screen(&app).contains("is:unread souza"));
    // A new message of another thread does not bring it in, one that fits does.
    let wang = s.threads.iter().find(|t| t.title == "王小明").unwrap().id;
    s.told(&mut app, &[wang]);
    assert_eq!(titles(&app), ["Marta Souza"]);
    s.row(wang).title = "Wang Souza".into();
    s.told(&mut app, &[wang]);
    assert_eq!(titles(&app), ["Marta Souza", "Wang Souza"]);
    // What is wrong is pointed at, and nothing is shown instead.
    s.keys(&mut app, "F");
    s.type_text(&mut app, "is:unread lable:vip");
    s.keys(&mut app, "Enter");
    let picture = screen(&app);
    assert!(picture.contains("^^^^^^") && picture.contains("is no word of a filter"), "{picture}");
    s.keys(&mut app, "Esc g i :");
    s.type_text(&mut app, "view state:resolved");
    s.keys(&mut app, "Enter");
    assert_eq!(titles(&app), Vec::<&str>::new());
    assert!(screen(&app).contains("No thread is like that."));
    s.keys(&mut app, "u");
    assert_eq!((app.list.filter, app.list.own.is_none()), (ThreadFilter::Unread, true));
    s.keys(&mut app, "u");
    assert_eq!(app.list.filter, Inbox);
}

#[test]
fn a_filter_is_saved_found_and_deleted() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, ":");
    s.type_text(&mut app, "view.save");
    s.keys(&mut app, "Enter");
    assert!(said(&app).contains("only a filter of your own is saved"), "{}", said(&app));
    s.keys(&mut app, "F");
    s.type_text(&mut app, "is:unread  state:open");
    s.keys(&mut app, "Enter :");
    s.type_text(&mut app, "view.save");
    s.keys(&mut app, "Enter");
    s.type_text(&mut app, "mine and");
    s.keys(&mut app, "Enter");
    assert_eq!(app.overlays.len(), 1, "a name is one word");
    s.keys(&mut app, "Ctrl+U");
    s.type_text(&mut app, "hot");
    s.keys(&mut app, "Enter");
    let view = SavedView { name: "hot".into(), filter: "is:unread state:open".into() };
    assert!(s.log.contains(&Request::SetPreference { preference: view.preference() }));
    let keep = |app: &mut App, all: &[Preference]| app.preferences_came(all);
    keep(&mut app, &[view.preference()]);
    assert!(screen(&app).contains(" hot "), "{}", screen(&app));
    s.keys(&mut app, "g i F");
    s.type_text(&mut app, "hot");
    s.keys(&mut app, "Enter");
    assert_eq!(app.list.own.as_ref().unwrap().name.as_deref(), Some("hot"));
    s.keys(&mut app, "g i Ctrl+K");
    s.type_text(&mut app, "=hot");
    s.keys(&mut app, "Enter");
    assert_eq!(app.list.own.as_ref().unwrap().name.as_deref(), Some("hot"));
    s.keys(&mut app, "F");
    s.type_text(&mut app, "hot");
    s.keys(&mut app, "Delete y");
    let gone = SavedView { filter: String::new(), ..view };
    assert!(s.log.contains(&Request::SetPreference { preference: gone.preference() }));
}

#[test]
fn the_numbers_of_the_views_are_asked_for_now_and_then_only() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let asked = |s: &Script| s.log.iter().filter(|r| matches!(r, Request::ViewCounts { .. })).count();
    assert_eq!(asked(&s), 1);
    assert!(screen(&app).contains(" 5 "));
    let thread = s.threads[0].id;
    for _ in 0..20 {
        s.told(&mut app, &[thread]);
    }
    assert_eq!(asked(&s), 1, "not with every change");
    assert!(app.deadline().unwrap() <= NOW + 1_000);
    s.clock.advance(1_000);
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(asked(&s), 2);
}

/// An inbox with everything that a row can show.
fn handled() -> Script {
    let mut s = inbox();
    s.accounts[0].threads = 5;
    let (vip, late) = (s.has_label("vip", LabelColor::Red), s.has_label("late order", LabelColor::Blue));
    let third = s.has_label("wholesale", LabelColor::Green);
    let label = |s: &Script, id: LabelId| s.labels.iter().find(|l| l.label.id == id).unwrap().label.clone();
    let all: Vec<ThreadRow> = s.threads.clone();
    for (i, t) in all.iter().enumerate() {
        let labels = match i {
            0 => vec![label(&s, late), label(&s, vip), label(&s, third)],
            2 => vec![label(&s, vip)],
            _ => vec![],
        };
        let h = &mut s.row(t.id).handling;
        h.labels = labels;
        match i {
            0 => {
                h.assignee = Some("ana".into());
                h.priority = Priority::Urgent;
            }
            1 => {
                h.woken = true;
                h.priority = Priority::High;
            }
            2 => {
                h.state = State::Snoozed;
                h.snooze = Some(Snooze { wait: Wait::Time, until: Some(NOW + 50 * HOUR) });
                h.assignee = Some("bernadette".into());
            }
            3 => h.state = State::Resolved,
            _ => {
                h.state = State::Snoozed;
                h.snooze = Some(Snooze { wait: Wait::Reply, until: None });
                h.priority = Priority::Low;
            }
        }
    }
    s
}

#[test]
fn looks() {
    for (w, h) in [(80, 24), (120, 36), (200, 50)] {
        let mut s = handled();
        let mut app = s.start((w, h));
        s.keys(&mut app, "g a j x x");
        insta::assert_snapshot!(format!("all_marked_{w}x{h}"), draw::tests::picture(&app));
        s.keys(&mut app, "g w");
        insta::assert_snapshot!(format!("window_queue_{w}x{h}"), draw::tests::picture(&app));
        s.keys(&mut app, "F");
        insta::assert_snapshot!(format!("views_{w}x{h}"), screen(&app));
        s.keys(&mut app, "Esc g i z");
        insta::assert_snapshot!(format!("snooze_{w}x{h}"), screen(&app));
        s.keys(&mut app, "Esc L");
        insta::assert_snapshot!(format!("labels_{w}x{h}"), screen(&app));
        s.keys(&mut app, "Esc g r e");
        insta::assert_snapshot!(format!("resolved_{w}x{h}"), screen(&app));
    }
}
