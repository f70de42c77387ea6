//! Filters: what is read, what is refused and where, and what they find.

use super::*;
use crate::model::handling::{Handling, Label, LabelColor};
use crate::model::ids::{AccountId, ContactId, LabelId, MessageId, ThreadId};
use crate::model::thread::Preview;
use crate::model::{DeliveryState, Window};
use proptest::prelude::*;

const NOW: Millis = 1_795_176_000_000;
const HOUR: Millis = 60 * MINUTE;

fn read(s: &str) -> Filter {
    s.parse().unwrap_or_else(|e| panic!("`{s}`: {e}"))
}

fn bad(s: &str) -> (usize, usize, String) {
    let e = s.parse::<Filter>().expect_err(s);
    (e.at, e.len, e.what)
}

fn row() -> ThreadRow {
    ThreadRow {
        id: ThreadId([1; 16]),
        account: AccountId::new("support"),
        contact: ContactId([1; 16]),
        title: "Marta Souza".into(),
        phone: Some("5511988881234".into()),
        last_at: NOW - 3 * 24 * HOUR,
        preview: Some(Preview {
            message: MessageId([1; 16]),
            direction: Direction::Inbound,
            kind: "text".into(),
            text: "Cadê o meu pedido? It is LATE".into(),
            state: DeliveryState::Received,
        }),
        unread: 2,
        window: Window { until: Some(NOW + HOUR) },
        draft: false,
        failed: 0,
        handling: Handling {
            assignee: Some("ana".into()),
            labels: vec![Label { id: LabelId([1; 16]), name: "Big Customer".into(), color: LabelColor::Red }],
            ..Handling::default()
        },
    }
}

fn finds(filter: &str, row: &ThreadRow) -> bool {
    read(filter).matches(row, Asker { me: "ana", now: NOW })
}

#[test]
fn each_word_finds_what_it_says() {
    let r = row();
    for yes in [
        "",
        "account:support",
        "account:sales,support",
        "label:\"big customer\"",
        "-label:none",
        "-label:vip",
        "assignee:me",
        "assignee:ana",
        "state:open",
        "STATE:Open",
        "state:snoozed,open",
        "priority:normal",
        "is:unread",
        "is:unanswered -is:answered",
        "-is:failed -is:draft",
        "age:>2d",
        "age:<1w",
        "window:<2h",
        "window:open",
        "window:>30m",
        "souza",
        "+55119",
        "\"pedido? it is\"",
        "label:\"BIG customer\" state:open assignee:me age:>2d window:<2h souza",
    ] {
        assert!(finds(yes, &r), "{yes}");
    }
    for no in [
        "account:sales",
        "label:vip",
        "label:none",
        "label:big",
        "assignee:none",
        "assignee:\"me\"",
        "assignee:bo",
        "state:resolved",
        "-state:open",
        "priority:high,urgent",
        "is:read",
        "is:answered",
        "age:<2d",
        "window:closed",
        "window:>2h",
        "souza silva",
        "-souza",
    ] {
        assert!(!finds(no, &r), "{no}");
    }
    let closed = ThreadRow { window: Window::CLOSED, ..row() };
    assert!(finds("window:closed", &closed) && !finds("window:<2h", &closed));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    assert_eq!(bad("is:unread lable:vip"), (10, 6, bad("is:unread lable:vip").2));
    assert!(bad("lable:vip").2.contains("`lable:` is no word of a filter: account: label:"));
    assert_eq!(bad("state:opne").0, 6);
    assert!(bad("state:open,opne").2.contains("`opne` is no state: open, snoozed or resolved"));
    assert_eq!(bad("state:open,opne").0, 11);
    assert_eq!((bad("ü -age:2d").0, bad("ü -age:2d").1), (7, 2));
    assert!(bad("age:2d").2.contains("write age:>2d"));
    assert!(bad("age:>2y").2.contains("no length of time"));
    assert!(bad("window:soon").2.contains("window:<2h"));
    assert!(bad("age:>1d,<3d").2.contains("takes one value"));
    assert_eq!(bad("label:").0, 0);
    assert!(bad("label:a,").2.contains("missing"));
    assert_eq!(bad("a \"b").0, 2);
    assert!(bad("a \"b").2.contains("not closed"));
    assert!(bad("\"a\"b").2.contains("space is missing"));
    assert!(bad("a\"b\"").2.contains("whole value"));
    assert!(bad("label:\" \"").2.contains("nothing between"));
    assert_eq!(read("x").to_string(), "x");
    let e = "is:odd".parse::<Filter>().unwrap_err();
    assert_eq!(
        e.to_string(),
        "column 4: `is:odd` is not known: unread, read, failed, draft, unanswered, answered"
    );
    assert!("x".repeat(FILTER_MAX + 1).parse::<Filter>().is_err());
}

#[test]
fn what_is_in_quotes_is_no_word() {
    assert_eq!(read("label:\"none\"").terms[0].test, Test::Label(vec![Some("none".into())]));
    assert_eq!(read("\"state:open\"").terms[0].test, Test::Text("state:open".into()));
    assert_eq!(read("\"-x\"").terms[0], Term { not: false, test: Test::Text("-x".into()) });
    assert_eq!(read("\"a \\\"b\\\\\"").terms[0].test, Test::Text("a \"b\\".into()));
    assert_eq!(read("12:30").terms[0].test, Test::Text("12:30".into()));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zäß王 :,\"\\\\-]{1,8}", Just("none".to_owned()), Just("me".to_owned()), "\\PC{1,6}",]
        .prop_filter("something", |s| !s.trim().is_empty())
}

fn some<T: std::fmt::Debug + Clone>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(one, 1..4)
}

fn span() -> impl Strategy<Value = Span> {
    (any::<bool>(), 0i64..5000, prop::sample::select(UNITS.to_vec()))
        .prop_map(|(more, n, (_, unit))| Span { more, length: n * unit })
}

fn any_test() -> impl Strategy<Value = Test> {
    prop_oneof![
        some(text()).prop_map(Test::Account),
        some(prop::option::of(text())).prop_map(Test::Label),
        some(prop_oneof![Just(Who::Me), Just(Who::None), text().prop_map(Who::Name)])
            .prop_map(Test::Assignee),
        some(prop::sample::select(State::ALL.to_vec())).prop_map(Test::State),
        some(prop::sample::select(Priority::ALL.to_vec())).prop_map(Test::Priority),
        some(prop::sample::select(IS.map(|(_, is)| is).to_vec())).prop_map(Test::Is),
        span().prop_map(Test::Age),
        prop_oneof![Just(WindowTest::Open), Just(WindowTest::Closed), span().prop_map(WindowTest::Left)]
            .prop_map(Test::Window),
        text().prop_map(Test::Text),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let term = (any::<bool>(), any_test()).prop_map(|(not, test)| Term { not, test });
    prop::collection::vec(term, 0..5).prop_map(|terms| Filter { terms })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(f in any_filter()) {
        let written = f.to_string();
        prop_assume!(written.len() <= FILTER_MAX);
        prop_assert_eq!(written.parse::<Filter>(), Ok(f), "{}", written);
    }

    #[test]
    fn nothing_that_is_typed_is_too_much(s in "[a-z:,\"\\\\ <>0-9ü-]{0,40}|\\PC{0,30}") {
        if let Err(e) = s.parse::<Filter>() {
            let n = s.chars().count();
            prop_assert!(e.len >= 1 && e.at < n.max(1) + 1, "{e:?} in {n} characters");
            prop_assert!(!e.what.is_empty());
        }
    }

    #[test]
    fn a_term_turned_round_finds_the_rest(test in any_test(), late in 0i64..20) {
        let mut r = row();
        r.last_at = NOW - late * 12 * HOUR;
        let asker = Asker { me: "ana", now: NOW };
        let one = |not| Filter { terms: vec![Term { not, test: test.clone() }] }.matches(&r, asker);
        prop_assert_ne!(one(false), one(true));
    }
}
