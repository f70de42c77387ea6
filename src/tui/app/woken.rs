//! Snoozes that ended: who is told, and how.

use super::App;
use crate::model::handling::Handling;
use crate::model::thread::ThreadRow;
use crate::text;
use crate::tui::mask;
use crate::tui::notify::WOKEN;

/// Whether a thread that woke is this operator's to look at: theirs, or nobody's.
pub(in crate::tui) fn concerns(handling: &Handling, me: &str) -> bool {
    handling.assignee.as_deref().is_none_or(|who| who == me)
}

impl App {
    /// Rows of threads that woke by themselves are here: says so in the status line, and as a notification by the
    /// rules for messages.
    pub(super) fn tell_woken(&mut self, rows: &[ThreadRow]) {
        let mut names = Vec::new();
        for row in rows {
            // Whatever has happened to it since says more.
            let still = self.woken.remove(&row.id) && row.handling.woken;
            if still && concerns(&row.handling, &self.operator) {
                self.notify_of(row, 0);
                names.push(mask::name(&text::sanitize(&row.title), self.theme.mask).into_owned());
            }
        }
        let Some(first) = names.first() else { return };
        let more = match names.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        // What went wrong is not talked over.
        if self.say.as_ref().is_none_or(|s| !s.bad) {
            self.say(format!("{WOKEN}: {first}{more}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::settings::QuietHours;
    use crate::model::ThreadId;
    use crate::model::handling::State;
    use crate::protocol::Changed;
    use crate::tui::app::tests::{Script, inbox};
    use crate::tui::app::{App, Effect};

    /// A snooze ended; what the screen does then.
    fn wakes(s: &mut Script, app: &mut App, threads: &[ThreadId]) -> Vec<Effect> {
        for row in s.threads.iter_mut().filter(|r| threads.contains(&r.id)) {
            row.handling.state = State::Open;
            row.handling.woken = true;
        }
        s.tell(app, threads.iter().map(|thread| Changed::SnoozeEnded { thread: *thread }).collect())
    }

    fn notes(effects: &[Effect]) -> Vec<String> {
        effects
            .iter()
            .filter_map(|e| match e {
                Effect::Notify(n) => Some(n.title.clone()),
                _ => None,
            })
            .collect()
    }

    fn said(app: &App) -> Option<&str> {
        app.say.as_ref().map(|s| s.text.as_str())
    }

    #[test]
    fn who_has_the_thread_is_told_or_everybody_when_nobody_has_it() {
        for (assignee, told) in [(None, true), (Some("ana"), true), (Some("bo"), false)] {
            let mut s = inbox();
            let (id, title) = (s.threads[1].id, s.threads[1].title.clone());
            s.threads[1].handling.assignee = assignee.map(str::to_owned);
            let mut app = s.start((120, 36));
            let effects = wakes(&mut s, &mut app, &[id]);
            let words = format!("Snooze ended: {title}");
            assert_eq!(said(&app), told.then_some(&*words), "{assignee:?}");
            assert_eq!(notes(&effects).len(), usize::from(told), "{assignee:?}");
        }
    }

    #[test]
    fn what_has_changed_again_since_is_not_told() {
        let mut s = inbox();
        let id = s.threads[1].id;
        let mut app = s.start((120, 36));
        // The customer wrote before the row came.
        let effects = s.tell(&mut app, vec![Changed::SnoozeEnded { thread: id }]);
        assert_eq!((said(&app), notes(&effects)), (None, vec![]));
        let account = s.threads[1].account.clone();
        s.threads[1].handling.woken = true;
        s.tell(&mut app, vec![Changed::ThreadChanged { thread: id, account }]);
        assert_eq!(said(&app), None, "it was told once or not at all");
    }

    #[test]
    fn several_are_one_sentence_and_one_notification() {
        let mut s = inbox();
        let ids: Vec<ThreadId> = s.threads.iter().skip(1).take(3).map(|t| t.id).collect();
        let mut app = s.start((120, 36));
        let effects = wakes(&mut s, &mut app, &ids);
        assert_eq!(notes(&effects), ["3 snoozes ended"]);
        assert!(said(&app).unwrap().ends_with(" and 2 more"), "{:?}", said(&app));
    }

    #[test]
    fn night_muted_threads_and_what_is_on_the_screen_are_quiet() {
        let mut s = inbox();
        let id = s.threads[1].id;
        let mut app = s.start((120, 36));
        app.notifier.rules.quiet = QuietHours::parse("00:00-23:59");
        assert_eq!(notes(&wakes(&mut s, &mut app, &[id])), Vec::<String>::new());
        assert!(said(&app).is_some(), "the screen says it all the same");
        app.notifier.rules.quiet = None;
        app.muted.insert(id);
        assert_eq!(notes(&wakes(&mut s, &mut app, &[id])), Vec::<String>::new());
        app.muted.clear();
        s.keys(&mut app, "Enter");
        let open = app.conversation.as_ref().unwrap().thread;
        assert_eq!(notes(&wakes(&mut s, &mut app, &[open])), Vec::<String>::new());
        // What went wrong stays on the screen.
        app.say_bad("the disk is full");
        wakes(&mut s, &mut app, &[id]);
        assert_eq!(said(&app), Some("the disk is full"));
    }
}
