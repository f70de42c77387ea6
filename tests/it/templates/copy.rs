//! Our copy of the provider's templates: kept up without webhooks, and never waited for.

use super::*;
use crate::common::{private_dir, settings};
use switchboard::clock::Clock;
use switchboard::emulator::{Emulator, EmulatorOptions};
use switchboard::engine::Engine;
use switchboard::model::contact::Identity;
use switchboard::model::event::Recipient;

const MINUTE: i64 = 60_000;

/// An engine that no webhook reaches, with a clock of its own.
struct Deaf {
    emulator: Emulator,
    engine: Engine,
    clock: Clock,
    _dir: tempfile::TempDir,
}

impl Deaf {
    async fn new() -> Self {
        let options = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        let emulator = Emulator::start(options).await.unwrap();
        let dir = private_dir();
        let clock = Clock::manual(1_795_000_000_000);
        let settings = settings(dir.path(), &emulator.base_url(), 1);
        let engine = Engine::start(settings, clock.clone()).await.unwrap();
        let bed = Self { emulator, engine, clock, _dir: dir };
        eventually("the list was read", || async {
            (!rows(&mut bed.client().await).await.is_empty()).then_some(())
        })
        .await;
        bed
    }

    async fn client(&self) -> Client {
        let mut c = Client::new(self.engine.connect(&ClientInfo::inside("ana")));
        ask(&mut c, Request::hello("", "")).await;
        c
    }

    async fn control(&self, what: &str, body: serde_json::Value) {
        let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
        let url = format!("{}/control/{what}", self.emulator.base_url());
        assert!(http.post(url).json(&body).send().await.unwrap().status().is_success());
    }
}

fn send(name: &str) -> Request {
    Request::SendTemplate {
        account: None,
        to: Recipient::Identity { identity: Identity::phone("447700900124") },
        name: name.into(),
        language: "en_GB".into(),
        values: values(&[("body.1", "Amara"), ("body.2", "8812")]),
        file: None,
        knowing: false,
        at: None,
    }
}

const READY: &str = "Hello {{1}}, your bike with the ticket {{2}} is ready to be fetched.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_is_found_without_a_webhook() {
    let bed = Deaf::new().await;
    let mut c = bed.client().await;
    does(&mut c, create(&definition("bike_ready", READY))).await;
    bed.control("template", json!({ "name": "bike_ready", "language": "en_GB", "status": "APPROVED" })).await;
    let status = async |c: &mut Client| row(c, "bike_ready", "en_GB").await.unwrap().template.status;
    assert_eq!(status(&mut c).await, "PENDING");
    eventually("it was looked at again", || {
        bed.clock.advance(3_000);
        async { (status(&mut bed.client().await).await == "APPROVED").then_some(()) }
    })
    .await;
    let parts = told(&mut c, "bike_ready", "en_GB").await;
    assert_eq!(parts.last(), Some(&line("status", "PENDING", "APPROVED", "provider")), "{parts:?}");
    bed.engine.stop().await;
    bed.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_copy_is_read_again_before_a_send_and_serves_where_nobody_answers() {
    let bed = Deaf::new().await;
    let mut c = bed.client().await;
    does(&mut c, create(&definition("bike_ready", READY))).await;
    bed.control("template", json!({ "name": "bike_ready", "language": "en_GB", "status": "APPROVED" })).await;
    let refresh = TemplateRequest::Refresh { account: support(), name: "bike_ready".into() };
    does(&mut c, refresh).await;
    bed.control("template", json!({ "name": "bike_ready", "language": "en_GB", "status": "PAUSED" })).await;
    // A fresh copy is believed.
    ask(&mut c, send("bike_ready")).await;
    bed.clock.advance(25 * 60 * MINUTE);
    let p = c.ask(send("bike_ready")).await.unwrap_err();
    assert!(p.what.contains("is PAUSED"), "{p:?}");
    bed.control("template", json!({ "name": "bike_ready", "language": "en_GB", "status": "APPROVED" })).await;
    does(&mut c, TemplateRequest::Refresh { account: support(), name: "bike_ready".into() }).await;
    bed.clock.advance(25 * 60 * MINUTE);
    let Deaf { emulator, engine, clock: _clock, _dir } = bed;
    emulator.stop().await;
    ask(&mut c, send("bike_ready")).await;
    engine.stop().await;
}
