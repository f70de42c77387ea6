//! `macros run` around a scripted engine.

use super::commands::{MESSAGE, THREAD, detail, engine};
use super::scripted::{Ended, Place, Scripted};
use serde_json::Value;
use switchboard::cli::failure::Exit;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::handling::{Act, Label, LabelColor};
use switchboard::model::ids::LabelId;
use switchboard::model::outgoing::Outgoing;
use switchboard::model::window::Window;
use switchboard::protocol::macros::MacroRequest;
use switchboard::protocol::{LabelRow, Problem, Request, Response};

const PAID: LabelId = LabelId([3; 16]);

/// The engine of the other commands with a label, an open or closed window and changes that go together; the second
/// change of a bundle is refused with `refuse`.
pub(super) fn with(open: bool, refuse: Option<Problem>) -> Scripted {
    let base = engine(&[DeliveryState::Accepted]).script;
    Scripted::new(move |request| match request {
        Request::Labels => {
            let label = Label { id: PAID, name: "paid".into(), color: LabelColor::Green };
            (Ok(Response::Labels(vec![LabelRow { label, threads: 0 }])), Vec::new())
        }
        Request::FindThread { text, .. } if text == "Marta" => {
            let Response::Thread(mut found) = detail() else { unreachable!("a thread") };
            found.row.window = if open { Window { until: Some(i64::MAX) } } else { Window::CLOSED };
            (Ok(Response::Thread(found)), Vec::new())
        }
        Request::Together { requests } => {
            let mut results = Vec::new();
            for (i, request) in requests.iter().enumerate() {
                if let Some(p) = refuse.as_ref().filter(|_| i == 1) {
                    results.push(Err(p.clone()));
                    break;
                }
                results.push(base(request).0);
            }
            (Ok(Response::Together(results)), Vec::new())
        }
        other => base(other),
    })
}

async fn prepared(launcher: &Scripted) -> Place {
    let place = Place::new();
    let add = ["quick-replies", "add", "sent", "On its way, {{ contact.first_name }}: {{ order }}"];
    assert_eq!(place.run(launcher, &add).await.exit, Exit::Done);
    let steps = ["macros", "add", "shipped", "reply sent", "label paid", "resolve", "open next"];
    assert_eq!(place.run(launcher, &steps).await.exit, Exit::Done);
    place
}

async fn run(place: &Place, launcher: &Scripted, more: &[&str]) -> Ended {
    let mut args = vec!["macros", "run", "shipped", "--to", "Marta"];
    args.extend(more);
    place.run(launcher, &args).await
}

fn bundles(launcher: &Scripted) -> Vec<Vec<Request>> {
    let asked = launcher.seen.requests.lock().unwrap();
    let bundles = asked.iter().filter_map(|r| match r {
        Request::Together { requests } => Some(requests.clone()),
        _ => None,
    });
    bundles.collect()
}

#[tokio::test]
async fn a_dry_run_shows_every_step_filled_in_and_does_nothing() {
    let launcher = with(true, None);
    let place = prepared(&launcher).await;
    let e = run(&place, &launcher, &["--value", "order=47{{ x }}", "--dry-run"]).await;
    assert_eq!(
        (e.exit, &*e.out),
        (
            Exit::Done,
            "shipped for Marta[2J Souza\n 1  send /sent\n      On its way, Marta: 47{{ x }}\n 2  put the label paid on\n \
             3  resolve it\n 4  open the next unread thread: only on the screen\n"
        ),
        "{}",
        e.err
    );
    assert!(e.err.contains("dry run"), "{}", e.err);
    let e = run(&place, &launcher, &["--value", "order=1", "--dry-run", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((&v["macro"], &v["dry_run"]), (&"shipped".into(), &true.into()));
    assert_eq!(v["thread"], THREAD.to_string());
    assert_eq!(v["steps"][0]["text"], "On its way, Marta: 1");
    assert_eq!((&v["steps"][1]["step"], &v["steps"][1]["fate"]), (&"label paid".into(), &"planned".into()));
    assert_eq!(v["steps"][3]["fate"], "on_screen");
    assert_eq!(bundles(&launcher), Vec::<Vec<Request>>::new());
}

#[tokio::test]
async fn a_run_is_one_bundle_and_waits_for_its_messages() {
    let launcher = with(true, None);
    let place = prepared(&launcher).await;
    let e = run(&place, &launcher, &["--value", "order=4711", "--json"]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((&v["steps"][0]["fate"], &v["steps"][2]["fate"]), (&"done".into(), &"done".into()));
    assert_eq!(v["steps"][0]["message"], MESSAGE.to_string());
    let bundle = bundles(&launcher).remove(0);
    let [
        Request::Send { content: Outgoing::Text { text, .. }, at: Some(0), .. },
        Request::Act { act: label, .. },
        Request::Act { threads, act: Act::Resolve },
        Request::UseQuickReply { .. },
        Request::Macro { act: MacroRequest::Use { .. } },
    ] = bundle.as_slice()
    else {
        panic!("{bundle:?}")
    };
    assert_eq!(text, "On its way, Marta: 4711");
    assert_eq!((label, &threads[..]), (&Act::Label { add: vec![PAID], remove: vec![] }, &[THREAD][..]));
    let asked = launcher.seen.requests.lock().unwrap();
    assert!(asked.iter().any(|r| matches!(r, Request::MessageRows { .. })), "the message was waited for");
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_before_anything_is_done() {
    let launcher = with(true, None);
    let place = prepared(&launcher).await;
    let e = run(&place, &launcher, &[]).await;
    assert_eq!(e.exit, Exit::Usage);
    assert!(e.err.contains("`order` has no value") && e.err.contains("--value order="), "{}", e.err);
    let e = run(&place, &launcher, &["--dry-run"]).await;
    assert_eq!(e.exit, Exit::Usage);
    assert!(e.out.contains("On its way, Marta: ‹order›"), "{}", e.out);
    let e = place.run(&launcher, &["macros", "run", "gone", "--to", "Marta"]).await;
    assert_eq!(e.exit, Exit::NotFound);
    let e = place.run(&launcher, &["macros", "run", "shipped", "--to", "Bo"]).await;
    assert_eq!(e.exit, Exit::NotFound);
    assert_eq!(bundles(&launcher).len(), 0);
    let closed = with(false, None);
    let place = prepared(&closed).await;
    for more in [&["--value", "order=1"][..], &["--value", "order=1", "--dry-run"]] {
        let e = run(&place, &closed, more).await;
        assert_eq!(e.exit, Exit::Refused);
        assert!(e.err.contains("step 1 cannot be done: the window is closed"), "{}", e.err);
    }
    assert_eq!(bundles(&closed).len(), 0);
}

#[tokio::test]
async fn what_is_refused_in_between_is_told_with_what_was_done() {
    let launcher = with(true, Some(Problem::new("refused", "somebody was quicker")));
    let place = prepared(&launcher).await;
    let e = run(&place, &launcher, &["--value", "order=1"]).await;
    assert_eq!(e.exit, Exit::Refused);
    assert!(e.out.contains("send /sent: done"), "{}", e.out);
    assert!(e.out.contains("put the label paid on: refused"), "{}", e.out);
    assert!(e.out.contains("resolve it: not done"), "{}", e.out);
    assert!(e.err.contains("somebody was quicker"), "{}", e.err);
}
