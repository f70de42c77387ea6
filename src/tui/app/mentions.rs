//! Notes that call the operator by name.

use super::{App, Damage};
use crate::model::ThreadId;
use crate::model::mention::is_same;
use crate::model::thread::ThreadRow;
use crate::text;
use crate::tui::mask;

impl App {
    /// A note calls some operators; when this one is among them, it is told with the thread's row.
    pub(super) fn mentioned(&mut self, thread: ThreadId, by: String, who: &[String]) {
        if by != self.operator && who.iter().any(|name| is_same(name, &self.operator)) {
            self.mentioned.insert(thread, by);
            self.changed_threads.insert(thread);
            self.ask_me();
        }
    }

    /// So many notes call this operator and were not read.
    pub(super) fn mentions_counted(&mut self, n: u32) {
        if std::mem::replace(&mut self.together.mentions, n) != n {
            self.damage(Damage::STATUS);
        }
    }

    /// Rows of threads are here: says who called, in the status line and as a notification by the rules for messages.
    pub(super) fn tell_mentioned(&mut self, rows: &[ThreadRow]) {
        for row in rows {
            let Some(by) = self.mentioned.remove(&row.id) else { continue };
            self.notify_of_mention(row, &by);
            let name = mask::name(&text::sanitize(&row.title), self.theme.mask).into_owned();
            // What went wrong is not talked over.
            if self.say.as_ref().is_none_or(|s| !s.bad) {
                self.say(format!("{} mentioned you: {name}", text::sanitize(&by)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::ThreadId;
    use crate::protocol::Changed;
    use crate::tui::app::tests::{Script, inbox};
    use crate::tui::app::{App, Effect};

    fn calls(s: &mut Script, app: &mut App, thread: ThreadId, by: &str, who: &str) -> Vec<String> {
        let who = vec![who.to_owned()];
        let effects = s.tell(app, vec![Changed::Mentioned { thread, by: by.into(), who }]);
        let note = |e: &Effect| match e {
            Effect::Notify(n) => Some(n.title.clone()),
            _ => None,
        };
        effects.iter().filter_map(note).collect()
    }

    #[test]
    fn who_is_called_is_told_and_nobody_else() {
        let mut s = inbox();
        let (id, title) = (s.threads[1].id, s.threads[1].title.clone());
        let mut app = s.start((120, 36));
        assert_eq!(calls(&mut s, &mut app, id, "bo", "cy"), Vec::<String>::new());
        assert_eq!(calls(&mut s, &mut app, id, "ana", "ana"), Vec::<String>::new(), "one's own note");
        assert!(app.say.is_none());
        assert_eq!(calls(&mut s, &mut app, id, "bo", "Ana"), [format!("bo mentioned you: {title}")]);
        assert_eq!(app.say.as_ref().unwrap().text, format!("bo mentioned you: {title}"));
    }
}
