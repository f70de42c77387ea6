//! `threads resolve` and its like, `labels` and `views` around a scripted engine.

use super::commands::{THREAD, detail};
use super::scripted::{Place, Scripted};
use serde_json::Value;
use switchboard::cli::failure::Exit;
use switchboard::model::handling::{Act, Label, LabelColor, Nap, Priority};
use switchboard::model::ids::LabelId;
use switchboard::model::thread::ThreadFilter;
use switchboard::protocol::preferences::Preference;
use switchboard::protocol::{Acted, Cursor, LabelRow, Page, Request, Response, ViewCounts};

const VIP: LabelId = LabelId([3; 16]);

fn engine() -> Scripted {
    Scripted::new(|request| {
        let row = || match detail() {
            Response::Thread(d) => d.row,
            _ => unreachable!("a thread"),
        };
        let response = match request {
            Request::FindThread { .. } => detail(),
            Request::Act { threads, .. } => Response::Acted(Acted { done: threads.len() as u32, left: 0 }),
            Request::Labels => Response::Labels(vec![LabelRow {
                label: Label { id: VIP, name: "vip".into(), color: LabelColor::Red },
                threads: 2,
            }]),
            Request::ViewCounts { .. } => {
                Response::ViewCounts(ViewCounts { counts: vec![(ThreadFilter::Inbox, 7)], closing: 0 })
            }
            Request::Preferences => Response::Preferences(vec![
                Preference { key: "muted/x".into(), value: "yes".into() },
                Preference { key: "view/hot".into(), value: "is:unread".into() },
            ]),
            // Short pages that are not the last ones.
            Request::Filtered { before, .. } => {
                let n = before.map_or(0, |c| c.row);
                let items = if n == 1 { vec![row()] } else { vec![] };
                Response::Threads(Page { items, next: (n < 2).then_some(Cursor { at: 1, row: n + 1 }) })
            }
            Request::Threads { .. } => {
                let mut r = row();
                r.handling.assignee = Some("bo".into());
                r.handling.priority = Priority::Urgent;
                r.handling.labels = vec![Label { id: VIP, name: "v\u{1b}ip".into(), color: LabelColor::Red }];
                Response::Threads(Page { items: vec![r], next: None })
            }
            _ => Response::Done,
        };
        (Ok(response), Vec::new())
    })
}

async fn acts(args: &[&str]) -> (Exit, Vec<Act>, String) {
    let (place, launcher) = (Place::new(), engine());
    let e = place.run(&launcher, args).await;
    let asked = launcher.seen.requests.lock().unwrap();
    let acts = asked.iter().filter_map(|r| match r {
        Request::Act { threads, act } => {
            assert_eq!(threads[..], [THREAD], "each once");
            Some(act.clone())
        }
        _ => None,
    });
    (e.exit, acts.collect(), format!("{}{}", e.out, e.err))
}

#[tokio::test]
async fn each_act_asks_for_itself_and_says_what_was_done() {
    let (exit, done, text) = acts(&["threads", "resolve", "marta", "+55 11 98888-1234"]).await;
    assert_eq!((exit, done, &*text), (Exit::Done, vec![Act::Resolve], "1 thread: resolved\n"));
    for (args, act) in [
        ("threads reopen marta", Act::Reopen),
        ("threads snooze marta --until-reply", Act::Snooze { nap: Nap::Reply }),
        ("threads snooze marta --before-window", Act::Snooze { nap: Nap::Window }),
        ("threads assign marta --to bo", Act::Assign { to: Some("bo".into()) }),
        ("threads assign marta --nobody", Act::Assign { to: None }),
        ("threads label marta --add VIP", Act::Label { add: vec![VIP], remove: vec![] }),
        ("threads label marta --remove vip", Act::Label { add: vec![], remove: vec![VIP] }),
        ("threads priority urgent marta", Act::Priority { priority: Priority::Urgent }),
        ("threads read marta", Act::Read),
        ("threads unread marta", Act::Unread),
    ] {
        let (exit, done, text) = acts(&args.split(' ').collect::<Vec<_>>()).await;
        assert_eq!((exit, done), (Exit::Done, vec![act]), "{args}: {text}");
    }
    let (_, done, _) = acts(&["threads", "assign", "marta", "--me"]).await;
    assert!(matches!(&done[..], [Act::Assign { to: Some(me) }] if !me.is_empty()), "{done:?}");
    let (_, done, text) = acts(&["threads", "snooze", "marta", "--until", "2h"]).await;
    assert!(matches!(done[..], [Act::Snooze { nap: Nap::Time { .. } }]), "{text}");
    let (_, _, text) = acts(&["threads", "resolve", "marta", "--json"]).await;
    let v: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&v["done"], &v["left"], &v["threads"][0]),
        (&1.into(), &0.into(), &THREAD.to_string().into())
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_asked() {
    let (exit, done, text) = acts(&["threads", "snooze", "marta", "--until", "yesterdayish"]).await;
    assert_eq!((exit, done), (Exit::Usage, vec![]));
    assert!(text.contains("until"), "{text}");
    let (exit, done, text) = acts(&["threads", "label", "marta", "--add", "gold"]).await;
    assert_eq!((exit, done), (Exit::NotFound, vec![]));
    assert!(text.contains("labels create"), "{text}");
    let (exit, _, text) = acts(&["threads", "--view", "nothing"]).await;
    assert!(exit == Exit::NotFound && text.contains("there is no view `nothing`"), "{text}");
    let (exit, _, text) = acts(&["views", "save", "inbox", "is:unread"]).await;
    assert!(exit == Exit::Usage && text.contains("always there"), "{text}");
    let (exit, _, text) = acts(&["labels", "create", "a,b"]).await;
    assert!(exit == Exit::Usage && text.contains("name"), "{text}");
}

#[tokio::test]
async fn threads_are_listed_by_view_and_filter() {
    let (place, launcher) = (Place::new(), engine());
    let e = place.run(&launcher, &["threads", "--view", "unassigned"]).await;
    assert!(e.out.contains("HANDLING") && e.out.contains("@bo urgent #v"), "{}", e.out);
    assert!(!e.out.contains('\u{1b}'));
    let asked = |launcher: &Scripted| launcher.seen.requests.lock().unwrap().clone();
    assert!(matches!(&asked(&launcher)[..], [Request::Threads { filter: ThreadFilter::Unassigned, .. }]));
    let launcher = engine();
    let e = place.run(&launcher, &["threads", "--view", "hot", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!(
        (v["items"].as_array().unwrap().len(), &v["next"]),
        (1, &Value::Null),
        "pages are put together"
    );
    assert_eq!(v["items"][0]["handling"]["state"], "open");
    let filters: Vec<String> = asked(&launcher)
        .into_iter()
        .filter_map(|r| match r {
            Request::Filtered { filter, .. } => Some(filter),
            _ => None,
        })
        .collect();
    assert_eq!(filters, ["is:unread"; 3]);
}

#[tokio::test]
async fn labels_and_views_are_kept_and_listed() {
    let (place, launcher) = (Place::new(), engine());
    let e = place.run(&launcher, &["labels"]).await;
    assert_eq!(e.out, "LABEL  COLOR  THREADS\nvip    red          2\n");
    place.run(&launcher, &["labels", "color", "vip", "blue"]).await;
    place.run(&launcher, &["labels", "rename", "VIP", "gold"]).await;
    place.run(&launcher, &["labels", "delete", "vip"]).await;
    let e = place.run(&launcher, &["labels", "create", "late order", "--color", "green", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((&v[0]["name"], &v[0]["color"], &v[0]["threads"]), (&"vip".into(), &"red".into(), &2.into()));
    let asked = launcher.seen.requests.lock().unwrap().clone();
    let saved: Vec<(String, LabelColor, bool)> = asked
        .iter()
        .filter_map(|r| match r {
            Request::SaveLabel { label } => Some((label.name.clone(), label.color, label.id == VIP)),
            _ => None,
        })
        .collect();
    assert_eq!(
        saved,
        [
            ("vip".into(), LabelColor::Blue, true),
            ("gold".into(), LabelColor::Red, true),
            ("late order".into(), LabelColor::Green, false)
        ]
    );
    assert!(asked.contains(&Request::DeleteLabel { id: VIP }));
    let e = place.run(&launcher, &["views"]).await;
    assert!(e.out.contains("inbox") && e.out.contains("hot"), "{}", e.out);
    assert!(!e.out.contains("muted"));
    place.run(&launcher, &["views", "save", "big", "label:vip state:open"]).await;
    place.run(&launcher, &["views", "delete", "hot"]).await;
    let asked = launcher.seen.requests.lock().unwrap().clone();
    for (key, value) in [("view/big", "label:vip state:open"), ("view/hot", "")] {
        let preference = Preference { key: key.into(), value: value.into() };
        assert!(asked.contains(&Request::SetPreference { preference }), "{key}");
    }
}
