//! Keys that lead to the activity log, to numbers and to a deletion.

use super::tests::{Script, inbox};
use super::*;
use crate::protocol::Request;
use crate::protocol::activity::ActivityRequest;

fn desk() -> (Script, App) {
    let mut s = inbox();
    let app = s.start((120, 36));
    (s, app)
}

fn deletions(s: &Script) -> Vec<(ThreadId, String)> {
    let found = s.log.iter().filter_map(|r| match r {
        Request::DeleteThread { thread, name } => Some((*thread, name.clone())),
        _ => None,
    });
    found.collect()
}

#[test]
fn only_the_whole_name_deletes_and_only_the_thread_that_was_asked_about() {
    let (mut s, mut app) = desk();
    let row = app.list.current().unwrap().clone();
    app.run_named("thread.delete");
    s.type_text(&mut app, "x");
    s.keys(&mut app, "Enter");
    assert!(deletions(&s).is_empty());
    s.keys(&mut app, "Backspace");
    s.type_text(&mut app, &row.title);
    s.keys(&mut app, "Enter");
    assert_eq!(deletions(&s), vec![(row.id, row.title.clone())]);
    assert!(app.overlays.is_empty());
    // Written behind the command it is the name of the one under the cursor.
    app.run_with("thread.delete", &row.title);
    let effects = app.update(Event::Settle);
    s.pump(&mut app, effects);
    assert_eq!(deletions(&s).len(), 2);
}

#[test]
fn esc_deletes_nothing() {
    let (mut s, mut app) = desk();
    app.run_named("thread.delete");
    s.keys(&mut app, "Esc");
    assert!(deletions(&s).is_empty() && app.overlays.is_empty());
}

#[test]
fn the_log_and_the_numbers_are_two_keys_away() {
    let (mut s, mut app) = desk();
    s.keys(&mut app, "g l");
    assert!(matches!(s.log.last(), Some(Request::Activity { act: ActivityRequest::List { .. } })));
    s.keys(&mut app, "Esc g N");
    let Some(Request::Numbers { wanted }) = s.log.last() else { panic!("{:?}", s.log.last()) };
    assert!(wanted.until - wanted.since <= 25 * 3_600_000, "today comes first: {wanted:?}");
    s.keys(&mut app, "3");
    let Some(Request::Numbers { wanted }) = s.log.last() else { panic!("{:?}", s.log.last()) };
    assert!(wanted.until - wanted.since > 29 * 24 * 3_600_000);
    s.keys(&mut app, "Esc Enter");
    app.run_named("activity.thread");
    let effects = app.update(Event::Settle);
    s.pump(&mut app, effects);
    let open = app.conversation.as_ref().unwrap().thread;
    let Some(Request::Activity { act: ActivityRequest::List { filter, .. } }) = s.log.last() else {
        panic!("{:?}", s.log.last())
    };
    assert_eq!(filter.thread, Some(open));
}
