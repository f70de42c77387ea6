use super::super::testing::{draw_everywhere, picture, press, write};
use super::*;
use crate::model::ids::{EventId, MessageId};
use crate::protocol::Page;
use crate::protocol::activity::ChainBreak;

pub(crate) fn rows() -> Vec<ActivityRow> {
    let row = |n: i64, actor: &str, action: &str, subject: &str| ActivityRow {
        n,
        id: EventId([n as u8; 16]),
        at: n * 60_000,
        actor: actor.into(),
        action: action.into(),
        subject: subject.into(),
        seat: (actor != "engine" && actor != "provider").then(|| Seat {
            uid: Some(1001),
            pid: Some(4711),
            terminal: "pts/3".into(),
            source: "10.0.0.9".into(),
        }),
        thread: None,
        title: None,
        words: None,
        message: None,
        account: None,
        hash: "ab".repeat(32),
    };
    let thread = |r: ActivityRow, title: &str| ActivityRow {
        thread: Some(ThreadId([7; 16])),
        title: Some(title.into()),
        account: Some(AccountId::new("support")),
        subject: format!("{} {}", ThreadId([7; 16]), r.subject),
        ..r
    };
    vec![
        thread(row(9, "ana", "thread_resolved", ""), "Marta Souza"),
        thread(row(8, "bo", "thread_assigned", "to ana"), "王小明"),
        row(7, "cem", "request_refused", "backup (12 times): cem may not do this\u{1b}[2J"),
        ActivityRow {
            account: Some(AccountId::new("support")),
            ..row(6, "provider", "webhook_received", "support")
        },
        ActivityRow {
            message: Some(MessageId([5; 16])),
            ..thread(row(5, "ana", "message_queued", ""), "Marta Souza")
        },
        ActivityRow { hash: String::new(), ..row(4, "ana", "role_saved", "night shift") },
    ]
}

pub(crate) fn open(thread: Option<(ThreadId, String)>) -> (ActivityBox, Request) {
    let when: TimeText = Arc::new(|at| format!("{} min ago", at / 60_000));
    let precise: TimeText = Arc::new(|at| format!("21 Nov 22:0{}:00.000", at / 60_000));
    let read: TimeRead = Arc::new(|s| (s == "monday").then_some((1000, 2000)));
    ActivityBox::new(thread, when, precise, read)
}

fn page(items: Vec<ActivityRow>, next: Option<Cursor>) -> Delivery {
    Delivery::Activity(Box::new(ActivityAnswer::Rows(Page { items, next })))
}

fn shown() -> ActivityBox {
    let (mut o, _) = open(None);
    o.deliver(page(rows(), None));
    o
}

fn asked(steps: &[Step]) -> ActivityFilter {
    match steps {
        [Step::Ask(r)] => match &**r {
            Request::Activity { act: ActivityRequest::List { filter, .. } } => filter.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_of_the_filter_become_conditions() {
    let mut o = shown();
    press(&mut o, "/");
    write(&mut o, "by:ana did:Resolved on:support since:monday until:monday marta s");
    let f = asked(&press(&mut o, "Enter"));
    assert_eq!(f.operator.as_deref(), Some("ana"));
    assert_eq!(f.action.as_deref(), Some("resolved"));
    assert_eq!(f.account, Some(AccountId::new("support")));
    assert_eq!((f.since, f.until), (Some(1000), Some(2000)));
    assert_eq!(f.text.as_deref(), Some("marta s"));
    assert_eq!(f.whose, Whose::All, "who is named is wanted");
    // Esc empties the filter, then closes.
    assert_eq!(asked(&press(&mut o, "Esc")).operator, None);
    assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
}

#[test]
fn a_day_that_is_none_is_said_and_nothing_is_asked() {
    let mut o = shown();
    press(&mut o, "/");
    write(&mut o, "since:never");
    assert_eq!(press(&mut o, "Enter"), vec![]);
    assert!(picture(&o, 80, 24).contains("`never` is no day"));
}

#[test]
fn tabs_choose_whose_and_keys_narrow_to_the_row() {
    let mut o = shown();
    assert_eq!(asked(&press(&mut o, "Tab")).whose, Whose::Refused);
    assert_eq!(asked(&press(&mut o, "3")).whose, Whose::All);
    // Answers to the first two questions come late, and are not of this one.
    o.deliver(page(rows(), None));
    assert!(o.rows.is_empty());
    o.deliver(page(rows(), None));
    press(&mut o, "j");
    assert_eq!(asked(&press(&mut o, "o")).operator.as_deref(), Some("bo"));
    o.deliver(page(rows(), None));
    assert_eq!(asked(&press(&mut o, "o")).operator.as_deref(), Some("ana"), "another one takes its place");
    o.deliver(page(rows(), None));
    assert_eq!(asked(&press(&mut o, "o")).operator, None, "the same key takes it out again");
    o.deliver(page(rows(), None));
    assert_eq!(asked(&press(&mut o, "t")).thread, Some(ThreadId([7; 16])));
    o.deliver(page(rows(), None));
    assert_eq!(asked(&press(&mut o, "t")).thread, None);
}

#[test]
fn a_row_leads_to_its_conversation_and_the_next_page_comes_by_itself() {
    let (mut o, _) = open(None);
    let next = Some(Cursor { at: 4, row: 4 });
    // A short page is not the last one.
    let steps = o.deliver(page(rows(), next));
    assert!(matches!(&steps[..], [Step::Ask(_)]), "{steps:?}");
    o.deliver(page(Vec::new(), None));
    press(&mut o, "Down Down Down Down");
    let at = Some(MessageId([5; 16]));
    assert_eq!(press(&mut o, "Enter"), vec![Step::Close, Step::OpenThread { thread: ThreadId([7; 16]), at }]);
    press(&mut o, "G");
    assert!(matches!(&press(&mut o, "Enter")[..], [Step::Say(s)] if s.contains("no conversation")));
}

#[test]
fn looks() {
    let o = shown();
    insta::assert_snapshot!("activity_80x24", picture(&o, 80, 24));
    insta::assert_snapshot!("activity_120x36", picture(&o, 120, 36));
    draw_everywhere(&o);
    draw_everywhere(&open(None).0);
    let (mut o, _) = open(Some((ThreadId([7; 16]), "Marta Souza".into())));
    o.deliver(page(Vec::new(), None));
    draw_everywhere(&o);
    press(&mut o, "v");
    let report = |broken| ChainReport {
        checked: 12,
        before: 0,
        removed_upto: None,
        head: 12,
        hash: "cd".repeat(32),
        broken,
        found: None,
    };
    o.deliver(Delivery::Activity(Box::new(ActivityAnswer::Verified(report(None)))));
    assert!(picture(&o, 80, 24).contains("The chain is whole: 12 rows"));
    let broken =
        Some(ChainBreak { id: 5, at: Some(60_000), what: "row 4 is missing before this one".into() });
    o.deliver(Delivery::Activity(Box::new(ActivityAnswer::Verified(report(broken)))));
    assert!(picture(&o, 80, 24).contains("The log was changed at row 5"));
    draw_everywhere(&o);
}
