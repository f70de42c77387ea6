//! The past of a number as a client sees it: its progress, stopping and going on, what no webhook brought, limits.

use crate::common::{ask, eventually, private_dir, settings};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;
use switchboard::clock::Clock;
use switchboard::emulator::{DEMO_KAPSO_KEY, Emulator, EmulatorOptions};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::history::{HistoryProgress, HistoryState};
use switchboard::model::ids::AccountId;
use switchboard::model::message::Message;
use switchboard::model::outgoing::Outgoing;
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::client::Client;
use switchboard::protocol::history::HistoryRequest;
use switchboard::protocol::{Place, Request, Response};
use switchboard::webhook::Listener;

const NUMBER: &str = "110987654321040";

/// An emulator and an engine with one Kapso account.
struct Bed {
    emulator: Emulator,
    engine: Engine,
    listener: Listener,
    http: reqwest::Client,
    _dir: tempfile::TempDir,
}

impl Bed {
    /// `before` is done at the emulator before the engine starts.
    async fn new(clock: Clock, before: &[(&str, Value)]) -> Self {
        let o = EmulatorOptions {
            speed: 0.0,
            play: false,
            clock: clock.clone(),
            ..EmulatorOptions::demo().unwrap()
        };
        let emulator = Emulator::start(o).await.unwrap();
        let http = switchboard::provider::http::client(true, Duration::from_secs(10)).unwrap();
        for (what, body) in before {
            control(&http, &emulator, what, body.clone()).await;
        }
        let dir = private_dir();
        let mut settings = settings(dir.path(), &emulator.base_url(), 1);
        let account = &mut settings.accounts[0];
        account.spec.provider = "kapso".into();
        account.spec.number = NUMBER.into();
        account.spec.business = "220033440055123".into();
        account.api_version = "v24.0".into();
        account.access_token = SecretString::from(DEMO_KAPSO_KEY);
        account.app_secret = SecretString::from("wh_sec_it_0123456789");
        account.verify_token = SecretString::from("");
        let engine = Engine::start(settings.clone(), clock).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        Self { emulator, engine, listener, http, _dir: dir }
    }

    async fn client(&self) -> Client {
        let mut c = Client::new(self.engine.connect(&ClientInfo::inside("ana")));
        c.ask(Request::hello("", "")).await.unwrap();
        c
    }

    async fn control(&self, what: &str, body: Value) -> Value {
        control(&self.http, &self.emulator, what, body).await
    }

    async fn progress(&self) -> Option<HistoryProgress> {
        let Response::Accounts(list) = ask(&mut self.client().await, Request::Accounts).await else {
            panic!()
        };
        list.into_iter().next().and_then(|a| a.life.history)
    }

    async fn reaches(&self, state: HistoryState) -> HistoryProgress {
        eventually(state.word(), || async {
            self.progress().await.filter(|p| p.state == state && !p.catching_up)
        })
        .await
    }

    async fn history(&self, act: HistoryRequest) {
        ask(&mut self.client().await, Request::History { act }).await;
    }

    async fn listens(&self) {
        eventually("the messages come here", || async {
            let state = self.look("kapso/state").await;
            let hooks = state["webhooks"].as_array().unwrap().clone();
            hooks.iter().any(|h| h["number"] == NUMBER && h["active"] == true).then_some(())
        })
        .await;
    }

    async fn look(&self, what: &str) -> Value {
        let url = format!("{}/control/{what}", self.emulator.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn stop(self) {
        self.listener.stop().await;
        self.engine.stop().await;
        self.emulator.stop().await;
    }
}

async fn control(http: &reqwest::Client, emulator: &Emulator, what: &str, body: Value) -> Value {
    let url = format!("{}/control/{what}", emulator.base_url());
    let answer = http.post(url).json(&body).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{what}: {body}");
    body
}

async fn threads(c: &mut Client) -> Vec<ThreadRow> {
    let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 100 };
    let Response::Threads(page) = ask(c, r).await else { panic!() };
    page.items
}

async fn messages(c: &mut Client, row: &ThreadRow) -> Vec<Message> {
    let r = Request::Messages { thread: row.id, place: Place::Newest, limit: 100 };
    let Response::Messages { items, .. } = ask(c, r).await else { panic!() };
    items
}

fn hour_ago() -> i64 {
    jiff::Timestamp::now().as_millisecond() - 3_600_000
}

#[tokio::test]
async fn reading_is_stopped_and_goes_on_and_what_no_webhook_brought_is_found() {
    let fill = json!({ "number": NUMBER, "count": 1_500, "people": 10, "newest": hour_ago() });
    let bed = Bed::new(Clock::system(), &[("kapso/fill", fill)]).await;
    eventually("the first page", || async { bed.progress().await.filter(|p| p.done > 0) }).await;
    bed.history(HistoryRequest { stop: true, ..HistoryRequest::default() }).await;
    let paused = bed.progress().await.unwrap();
    assert_eq!(paused.state, HistoryState::Paused);
    assert!(paused.done < 1_500, "it reads no faster than it may");
    let mut c = bed.client().await;
    assert!(!threads(&mut c).await.is_empty(), "the newest are here at once");
    bed.history(HistoryRequest::default()).await;
    let done = bed.reaches(HistoryState::Done).await;
    assert_eq!((done.done, done.total), (1_500, Some(1_500)));
    assert!(threads(&mut c).await.iter().all(|t| t.unread == 0));

    // A webhook that is lost.
    bed.listens().await;
    bed.control("kapso/lose", json!({ "event": "whatsapp.message.received" })).await;
    bed.control("say", json!({ "customer": "ines", "number": NUMBER, "text": "lost" })).await;
    bed.history(HistoryRequest { account: Some(AccountId::new("support")), ..HistoryRequest::default() })
        .await;
    let row = eventually("the message that was lost", || async {
        threads(&mut bed.client().await).await.into_iter().find(|t| t.title == "Inés Robles")
    })
    .await;
    assert_eq!(row.unread, 1);
    assert!(row.window.until.is_some(), "it opens the window");

    // A send whose answer is lost, and everything that is told about it.
    bed.control("kapso/lose", json!({ "count": 3 })).await;
    bed.control("faults", json!({ "set": "cut-after@messages=1x" })).await;
    let to = Recipient::Thread { thread: row.id };
    let content = Outgoing::text("answer".to_owned());
    let send = Request::Send { account: None, to, content, quote: None, at: None };
    let Response::Queued { message, .. } = ask(&mut c, send).await else { panic!() };
    let state_of = async || {
        let found = messages(&mut bed.client().await, &row).await;
        (found.len(), found.into_iter().find(|m| m.id == message).map(|m| m.state))
    };
    eventually("nobody knows", || async {
        (state_of().await.1 == Some(DeliveryState::Unknown)).then_some(())
    })
    .await;
    bed.history(HistoryRequest::default()).await;
    eventually("it was read", || async {
        (state_of().await == (2, Some(DeliveryState::Read))).then_some(())
    })
    .await;
    bed.stop().await;
}

#[tokio::test]
async fn a_provider_that_has_enough_is_left_alone_as_long_as_it_says() {
    let clock = Clock::manual(1_800_000_000_000);
    let fill = json!({ "number": NUMBER, "count": 450, "people": 10, "newest": 1_799_990_000_000_i64 });
    let faults = json!({ "set": "429@history=2x" });
    let bed = Bed::new(clock.clone(), &[("kapso/fill", fill), ("faults", faults)]).await;
    let stuck = bed.reaches(HistoryState::Stuck).await;
    assert!(stuck.problem.contains("429"), "{stuck:?}");
    assert!(!stuck.next.is_empty());
    clock.advance(59_000);
    assert_eq!(bed.progress().await.unwrap().state, HistoryState::Stuck);
    let done = eventually("it goes on after the wait", || async {
        clock.advance(5_000);
        bed.progress().await.filter(|p| p.state == HistoryState::Done && p.done == 450)
    })
    .await;
    assert!(done.problem.is_empty());
    bed.stop().await;
}

/// Everything that is here, by its time.
async fn all_messages(bed: &Bed) -> Vec<(i64, String)> {
    let mut c = bed.client().await;
    let mut out = Vec::new();
    for row in threads(&mut c).await {
        out.extend(messages(&mut c, &row).await.into_iter().map(|m| (m.at, m.body.plain_text())));
    }
    out.sort();
    out
}

#[tokio::test]
async fn a_place_that_the_provider_has_forgotten_is_found_again_and_nothing_is_lost() {
    let clock = Clock::manual(1_800_000_000_000);
    let fill = json!({ "number": NUMBER, "count": 450, "people": 10, "newest": 1_799_990_000_000_i64 });
    let bed = Bed::new(clock.clone(), &[("kapso/fill", fill)]).await;
    eventually("the first page", || async { bed.progress().await.filter(|p| p.done > 0) }).await;
    bed.control("kapso/forget", json!({})).await;
    let done = eventually("it goes on from the oldest that is here", || async {
        clock.advance(1_000);
        bed.progress().await.filter(|p| p.state == HistoryState::Done)
    })
    .await;
    assert!(done.problem.is_empty() && done.done >= 450, "{done:?}");
    assert_eq!(bed.look("kapso/state").await["forgotten"], 1);
    let here = all_messages(&bed).await;
    assert_eq!(here.len(), 450, "all of it, and each once");
    bed.stop().await;
}

#[tokio::test]
async fn the_past_is_read_back_to_a_day_and_later_further() {
    const DAY: i64 = 86_400_000;
    let newest = 1_799_990_000_000_i64;
    let clock = Clock::manual(1_800_000_000_000);
    let fill = json!({ "number": NUMBER, "count": 450, "people": 10, "newest": newest, "days": 90 });
    let bed = Bed::new(clock.clone(), &[("kapso/fill", fill)]).await;
    let list = bed.look(&format!("kapso/messages?number={NUMBER}")).await;
    let since = |from: i64| {
        let all = list["messages"].as_array().unwrap();
        all.iter().filter(|m| m["time"].as_i64().unwrap() >= from).count()
    };
    // The first page is here; from then on nobody wants more than thirty days.
    eventually("the first page", || async { bed.progress().await.filter(|p| p.done > 0) }).await;
    for days in [30, 60] {
        let from = newest - days * DAY;
        bed.history(HistoryRequest { from: Some(from), ..HistoryRequest::default() }).await;
        assert_eq!(bed.progress().await.unwrap().from, Some(from));
        let done = eventually("that far", || async {
            clock.advance(1_000);
            bed.progress().await.filter(|p| p.state == HistoryState::Done && !p.catching_up)
        })
        .await;
        let here = all_messages(&bed).await;
        assert_eq!(here.len(), since(from), "{days} days: {done:?}");
        assert!(here[0].0 >= from - 1_000 && done.oldest.is_some_and(|o| o >= from - 1_000), "{done:?}");
    }
    assert!(since(newest - 60 * DAY) < 450);
    bed.history(HistoryRequest::default()).await;
    eventually("all of it", || async {
        clock.advance(1_000);
        let done = bed.progress().await.is_some_and(|p| p.state == HistoryState::Done);
        (done && all_messages(&bed).await.len() == 450).then_some(())
    })
    .await;
    bed.stop().await;
}
