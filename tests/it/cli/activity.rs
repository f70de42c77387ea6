//! `activity`, `report` and `threads delete` around a scripted engine.

use super::commands::{THREAD, detail};
use super::scripted::{Place, Scripted};
use clap::Parser;
use serde_json::Value;
use switchboard::cli::args::Cli;
use switchboard::cli::failure::Exit;
use switchboard::model::ids::{AccountId, EventId};
use switchboard::model::seat::Seat;
use switchboard::protocol::activity::{
    ActivityAnswer, ActivityRequest, ActivityRow, ChainBreak, ChainReport, Whose,
};
use switchboard::protocol::numbers::{DayNumbers, NamedNumbers, Numbers, Pending, Spread, Standing, Work};
use switchboard::protocol::{Cursor, Page, Problem, Request, Response};

const AT: i64 = 1_763_716_320_000;

fn row(n: i64) -> ActivityRow {
    ActivityRow {
        n,
        id: EventId([n as u8; 16]),
        at: AT,
        actor: "bo".into(),
        action: "thread_resolved".into(),
        subject: THREAD.to_string(),
        seat: Some(Seat {
            uid: Some(1001),
            pid: Some(7),
            terminal: "pts/3".into(),
            source: "10.0.0.9".into(),
        }),
        thread: Some(THREAD),
        title: Some("=HYPERLINK(\"x\")\u{1b}[2J".into()),
        words: None,
        message: None,
        account: Some(AccountId::new("support")),
        hash: "ab".repeat(32),
    }
}

fn numbers() -> Numbers {
    let spread = Spread { n: 2, median: 90_000, mean: 100_000, p90: 120_000 };
    let work = Work { received: 9, sent: 8, answered: 2, resolved: 1, response: spread, ..Work::default() };
    let now = Standing { open: 3, unassigned: 1, waiting: 1, oldest: Some(AT - 3_600_000), snoozed: 0 };
    let named = |name: &str| NamedNumbers { name: name.into(), work: work.clone(), now: now.clone() };
    Numbers {
        at: AT,
        all: named(""),
        days: vec![DayNumbers { day: "2025-11-21".into(), work: work.clone() }],
        operators: vec![named("=bo")],
        accounts: vec![named("support")],
        waiting: vec![Pending {
            thread: THREAD,
            title: "Marta\u{1b}[2J".into(),
            account: AccountId::new("support"),
            operator: None,
            at: AT - 3_600_000,
        }],
        ..Numbers::default()
    }
}

fn engine(broken: bool) -> Scripted {
    Scripted::new(move |request| {
        let answer = match request {
            Request::FindThread { .. } => Ok(detail()),
            Request::DeleteThread { name, .. } if name == "Marta" => Ok(Response::Done),
            Request::DeleteThread { .. } => {
                Err(Problem { field: Some("name".into()), ..Problem::new("field", "name: is not the name") })
            }
            Request::Numbers { wanted } => {
                Ok(Response::Numbers(Box::new(Numbers { wanted: wanted.clone(), ..numbers() })))
            }
            Request::Activity { act: ActivityRequest::Verify { row } } => {
                let broken = broken.then(|| ChainBreak {
                    id: 5,
                    at: Some(AT),
                    what: "row 4 is missing before this one".into(),
                });
                let found = row.filter(|r| *r == 9).map(|_| "cd".repeat(32));
                let hash = "cd".repeat(32);
                let report =
                    ChainReport { checked: 9, before: 0, removed_upto: None, head: 9, hash, broken, found };
                Ok(Response::Activity(Box::new(ActivityAnswer::Verified(report))))
            }
            Request::Activity { act: ActivityRequest::List { before, .. } } => {
                // Short pages that are not the last ones.
                let from = before.map_or(0, |c| c.row);
                let items = if from == 1 { vec![row(2), row(1)] } else { vec![] };
                let next = (from < 2).then_some(Cursor { at: AT, row: from + 1 });
                Ok(Response::Activity(Box::new(ActivityAnswer::Rows(Page { items, next }))))
            }
            _ => Ok(Response::Done),
        };
        (answer, Vec::new())
    })
}

async fn run(launcher: &Scripted, args: &[&str]) -> (Exit, String) {
    let place = Place::new();
    let e = place.run(launcher, args).await;
    (e.exit, format!("{}{}", e.out, e.err))
}

#[tokio::test]
async fn the_list_is_full_and_its_filters_are_asked_for() {
    let launcher = engine(false);
    let (exit, text) = run(&launcher, &["activity"]).await;
    assert_eq!(exit, Exit::Done, "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(
        text.contains("resolved") && text.contains("pts/3 10.0.0.9") && !text.contains('\u{1b}'),
        "{text}"
    );
    let launcher = engine(false);
    let args = [
        "activity",
        "--operator",
        "engine",
        "--thread",
        "marta",
        "--account",
        "support",
        "--since",
        "2d",
        "--text",
        "x",
        "--json",
    ];
    let (exit, text) = run(&launcher, &args).await;
    assert_eq!(exit, Exit::Done, "{text}");
    let v: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(v["items"][0]["actor"], "bo");
    let asked = launcher.seen.requests.lock().unwrap();
    let filter = asked.iter().find_map(|r| match r {
        Request::Activity { act: ActivityRequest::List { filter, .. } } => Some(filter.clone()),
        _ => None,
    });
    let f = filter.unwrap();
    assert_eq!((f.whose, f.operator.as_deref(), f.thread), (Whose::All, Some("engine"), Some(THREAD)));
    assert!(f.since.is_some() && f.text.as_deref() == Some("x"));
}

#[tokio::test]
async fn an_export_is_a_table_without_formulas_or_lines_of_json() {
    let place = Place::new();
    let dir = tempfile::tempdir().unwrap();
    let csv = dir.path().join("log.csv");
    let e = place.run(&engine(false), &["activity", "export", csv.to_str().unwrap()]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let text = std::fs::read_to_string(&csv).unwrap();
    assert!(text.starts_with("row,time,operator,action"), "{text}");
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")"), "{text}");
    assert_eq!(text.lines().count(), 3);
    let e = place.run(&engine(false), &["activity", "export", csv.to_str().unwrap()]).await;
    assert_eq!(e.exit, Exit::Usage, "it is there already");
    let lines = dir.path().join("log.jsonl");
    let e = place.run(&engine(false), &["activity", "export", lines.to_str().unwrap(), "--json"]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let text = std::fs::read_to_string(&lines).unwrap();
    let rows: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["n"]), (2, &2.into()));
}

#[tokio::test]
async fn a_broken_chain_ends_like_a_failed_doctor() {
    let (exit, text) = run(&engine(false), &["activity", "verify"]).await;
    assert!(exit == Exit::Done && text.contains(&format!("newest: 9:{}", "cd".repeat(32))), "{text}");
    let good = format!("9:{}", "CD".repeat(32));
    assert_eq!(run(&engine(false), &["activity", "verify", "--expect", &good]).await.0, Exit::Done);
    let (exit, text) = run(&engine(true), &["activity", "verify"]).await;
    assert!(
        exit == Exit::Doctor && text.contains("BROKEN at row 5") && text.contains("row 4 is missing"),
        "{text}"
    );
    let other = format!("9:{}", "00".repeat(32));
    let (exit, text) = run(&engine(false), &["activity", "verify", "--expect", &other]).await;
    assert!(exit == Exit::Doctor && text.contains("row 9 has another hash"), "{text}");
    let unknown = format!("8:{}", "00".repeat(32));
    let (exit, text) = run(&engine(false), &["activity", "verify", "--expect", &unknown]).await;
    assert!(exit == Exit::Doctor && text.contains("nothing is proved"), "{text}");
    assert!(Cli::try_parse_from(["switchboard", "activity", "verify", "--expect", "nonsense"]).is_err());
}

#[tokio::test]
async fn the_report_has_three_forms() {
    let (exit, text) = run(&engine(false), &["report", "--operator", "bo"]).await;
    assert_eq!(exit, Exit::Done, "{text}");
    assert!(
        text.contains("Report of bo") && text.contains("1 h  Marta") && !text.contains('\u{1b}'),
        "{text}"
    );
    let (_, text) = run(&engine(false), &["report", "--format", "csv"]).await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("section,name,received"), "{text}");
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[3].starts_with("operator,'=bo,9,8,2,1,2,90,100,120,0,,,,3,1,1,0,3600"), "{text}");
    let (_, text) = run(&engine(false), &["report", "--json", "--since", "7d"]).await;
    let v: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(v["all"]["work"]["response"]["median"], 90_000);
}

#[tokio::test]
async fn a_deletion_needs_the_name() {
    assert!(Cli::try_parse_from(["switchboard", "threads", "delete", "marta"]).is_err());
    let (exit, text) = run(&engine(false), &["threads", "delete", "marta", "--confirm", "Bob"]).await;
    assert!(exit == Exit::Usage && text.contains("is not the name"), "{text}");
    let (exit, text) =
        run(&engine(false), &["threads", "--json", "delete", "marta", "--confirm", "Marta"]).await;
    assert_eq!(exit, Exit::Done, "{text}");
    let v: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(v["deleted"], THREAD.to_string());
}
