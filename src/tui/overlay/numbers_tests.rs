use super::super::testing::{draw_everywhere, picture, press};
use super::*;
use crate::model::ids::{AccountId, ThreadId};
use crate::protocol::numbers::{DayNumbers, Pending, Spread, Standing, Work};
use std::sync::Arc;

const MIN: i64 = 60_000;
const DAY: i64 = 86_400_000;

fn work(n: u32) -> Work {
    let times = |m: i64| Spread { n, median: m * MIN, mean: (m + 3) * MIN, p90: (4 * m + 5) * MIN };
    Work {
        received: n * 3,
        sent: n * 2,
        answered: n,
        resolved: n / 2,
        response: if n == 0 { Spread::default() } else { times(i64::from(n % 7) + 2) },
        resolution: if n == 0 { Spread::default() } else { times(190) },
    }
}

pub(crate) fn numbers(wanted: NumbersWanted) -> Numbers {
    let days = ((wanted.until - wanted.since) / DAY).clamp(1, 40);
    let at = 100 * DAY;
    let named = |name: &str, n: u32, waiting: u32| NamedNumbers {
        name: name.into(),
        work: work(n),
        now: Standing {
            open: n / 3,
            unassigned: 0,
            waiting,
            oldest: (waiting > 0).then_some(at - 130 * MIN),
            snoozed: 1,
        },
    };
    let pending = |title: &str, operator: Option<&str>, at: Millis| Pending {
        thread: ThreadId([7; 16]),
        title: title.into(),
        account: AccountId::new("support"),
        operator: operator.map(str::to_owned),
        at,
    };
    Numbers {
        at,
        wanted,
        own: false,
        behind: 0,
        all: NamedNumbers { now: Standing { unassigned: 3, ..named("", 61, 4).now }, ..named("", 61, 4) },
        days: (0..days)
            .map(|d| DayNumbers { day: format!("2026-11-{:02}", d + 1), work: work((d * 7 % 23) as u32) })
            .collect(),
        operators: vec![named("ana", 31, 1), named("bo", 22, 3), named("(phone)", 8, 0)],
        accounts: vec![named("sales", 12, 0), named("support", 49, 4)],
        waiting: vec![
            pending("Marta Souza", None, at - 130 * MIN),
            pending("王小明\u{1b}[2J", Some("bo"), at - 4 * MIN),
        ],
        promised: vec![pending("Fatima", Some("ana"), at + DAY)],
    }
}

fn open() -> (NumbersBox, Request) {
    let when: TimeText = Arc::new(|at| format!("day {}", at / DAY));
    let ranges = vec![
        ("today", 99 * DAY, 100 * DAY),
        ("7 days", 93 * DAY, 100 * DAY),
        ("30 days", 70 * DAY, 100 * DAY),
    ];
    NumbersBox::new(ranges, Some("UTC".into()), when.clone(), when)
}

fn give(o: &mut NumbersBox, request: &Request) {
    let Request::Numbers { wanted } = request else { panic!("{request:?}") };
    o.deliver(Delivery::Numbers(Box::new(numbers(wanted.clone()))));
}

fn shown(range: &str) -> NumbersBox {
    let (mut o, request) = open();
    give(&mut o, &request);
    let steps = press(&mut o, range);
    if let [Step::Ask(request)] = &steps[..] {
        give(&mut o, request);
    }
    o
}

#[test]
fn keys_choose_the_time_and_a_late_answer_is_not_of_it() {
    let (mut o, first) = open();
    let steps = press(&mut o, "2");
    let [Step::Ask(second)] = &steps[..] else { panic!("{steps:?}") };
    assert!(matches!(&**second, Request::Numbers { wanted } if wanted.since == 93 * DAY));
    give(&mut o, &first);
    assert!(o.numbers.is_none(), "that was the answer for today");
    give(&mut o, second);
    assert_eq!(o.numbers.as_ref().unwrap().days.len(), 7);
    assert_eq!(press(&mut o, "9"), vec![]);
    assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
}

#[test]
fn who_waits_longest_is_a_key_away() {
    let mut o = shown("1");
    press(&mut o, "Tab Tab Tab");
    assert_eq!(o.part, Part::Waiting);
    let thread = ThreadId([7; 16]);
    assert_eq!(press(&mut o, "Enter"), vec![Step::Close, Step::OpenThread { thread, at: None }]);
}

#[test]
fn the_report_is_shown_copied_and_left() {
    let mut o = shown("1");
    press(&mut o, "e");
    let all = picture(&o, 120, 36);
    assert!(all.contains("Report of everybody") && all.contains("Promised: snoozed until"), "{all}");
    let steps = press(&mut o, "y");
    let [Step::Copy(text)] = &steps[..] else { panic!("{steps:?}") };
    assert!(text.contains("2 h 10 min") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(press(&mut o, "Esc"), vec![]);
    assert!(o.report.is_none());
}

#[test]
fn looks() {
    for (name, range) in [("today", "1"), ("week", "2"), ("month", "3")] {
        let o = shown(range);
        insta::assert_snapshot!(format!("numbers_{name}_80x24"), picture(&o, 80, 24));
        insta::assert_snapshot!(format!("numbers_{name}_120x36"), picture(&o, 120, 36));
        draw_everywhere(&o);
    }
    let mut o = shown("1");
    press(&mut o, "e");
    insta::assert_snapshot!("numbers_report_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    // Nothing has happened yet.
    let (mut o, _) = open();
    draw_everywhere(&o);
    o.deliver(Delivery::Numbers(Box::default()));
    insta::assert_snapshot!("numbers_empty_80x24", picture(&o, 80, 24));
    for _ in PARTS {
        press(&mut o, "Tab");
        draw_everywhere(&o);
    }
}
