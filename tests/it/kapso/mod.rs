//! Accounts at Kapso against the emulator's project, over HTTP.

mod onboarding;
mod profile;
mod refusals;
mod templates;
mod traffic;

use crate::common::{self, ask, eventually};
use serde_json::{Value, json};
use std::time::Duration;
use switchboard::clock::Clock;
use switchboard::config::settings::EngineSettings;
use switchboard::emulator::{DEMO_KAPSO_KEY, Emulator, EmulatorOptions};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::account::{KeptAccount, SecretKey};
use switchboard::model::event::AccountSpec;
use switchboard::model::ids::AccountId;
use switchboard::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Problem, Request, Response};
use switchboard::webhook::Listener;

const ID: &str = "tienda";
/// The number of the emulator's project that is connected from the start.
const TIENDA: &str = "110987654321040";
/// The first one that a setup link connects.
const ATELIER: &str = "110987654321041";

/// An emulator, an engine without any account, and its listener.
struct House {
    emulator: Emulator,
    engine: Engine,
    listener: Listener,
    settings: EngineSettings,
    clock: Clock,
    http: reqwest::Client,
    dir: tempfile::TempDir,
}

fn id() -> AccountId {
    AccountId::new(ID)
}

impl House {
    async fn new() -> Self {
        Self::at(Clock::system()).await
    }

    async fn at(clock: Clock) -> Self {
        let options = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        let emulator = Emulator::start(options).await.unwrap();
        let dir = common::private_dir();
        let settings = common::settings(dir.path(), &emulator.base_url(), 0);
        let engine = Engine::start(settings.clone(), clock.clone()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        let http = switchboard::provider::http::client(true, Duration::from_secs(10)).unwrap();
        Self { emulator, engine, listener, settings, clock, http, dir }
    }

    /// The same folder and the same address, with another engine: the one before is gone.
    async fn restart(self) -> Self {
        let addr = self.listener.addr();
        self.listener.stop().await;
        self.engine.stop().await;
        let mut settings = self.settings.clone();
        settings.listener.bind = addr;
        let engine = Engine::start(settings.clone(), self.clock.clone()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        Self { engine, listener, settings, ..self }
    }

    async fn client(&self) -> Client {
        let mut c = Client::new(self.engine.connect(&ClientInfo::inside("ana")));
        c.ask(Request::hello("", "")).await.unwrap();
        c
    }

    async fn control(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/control/kapso/{what}", self.emulator.base_url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{what}: {body}");
        body
    }

    /// Breaks what the emulator is asked next, or mends it with an empty rule.
    async fn faults(&self, rules: &str) {
        let url = format!("{}/control/faults", self.emulator.base_url());
        let answer = self
            .http
            .post(url)
            .json(&if rules.is_empty() { json!({ "clear": true }) } else { json!({ "set": rules }) })
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{rules}: {:?}", answer.text().await);
    }

    async fn state(&self) -> Value {
        let url = format!("{}/control/kapso/state", self.emulator.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn hooks(&self) -> Vec<Value> {
        self.state().await["webhooks"].as_array().unwrap().clone()
    }

    async fn act(&self, act: AccountRequest) -> Result<AccountDetail, Problem> {
        match self.client().await.ask(Request::Account { act }).await? {
            Response::Account(detail) => Ok(*detail),
            other => panic!("{other:?}"),
        }
    }

    async fn connect(&self) -> Result<AccountDetail, Problem> {
        self.act(AccountRequest::Connect { account: id() }).await
    }

    async fn show(&self) -> AccountDetail {
        self.act(AccountRequest::Show { account: id() }).await.unwrap()
    }

    /// Makes the account and gives it a key, as the wizard does.
    async fn begin(&self, key: &str, number: &str) {
        let account = KeptAccount {
            spec: AccountSpec {
                id: id(),
                name: "Tienda Sol".into(),
                provider: "kapso".into(),
                environment: "production".into(),
                number: number.into(),
                business: String::new(),
            },
            api_base: self.emulator.base_url(),
            api_version: "v24.0".into(),
            subscribe: true,
            read_receipts: true,
        };
        self.act(AccountRequest::Keep { account }).await.unwrap();
        self.key(key).await;
    }

    async fn key(&self, key: &str) {
        self.try_key(key, false).await.unwrap();
    }

    async fn try_key(&self, key: &str, unasked: bool) -> Result<AccountDetail, Problem> {
        let secret = Some(Secret::new(key));
        self.act(AccountRequest::SetSecret { account: id(), key: SecretKey::AccessToken, secret, unasked })
            .await
    }

    /// Keeps a key that Kapso would refuse: by somebody who insists while it cannot be asked.
    async fn wrong_key(&self, key: &str) {
        self.faults("5xx:503@number").await;
        self.try_key(key, true).await.unwrap();
        self.faults("").await;
    }

    /// Waits for a state of the account.
    async fn becomes(&self, state: &str) -> AccountDetail {
        eventually(&format!("the account becomes {state}"), || async {
            let detail = self.show().await;
            (detail.view.state == state).then_some(detail)
        })
        .await
    }

    /// From nothing to connected.
    async fn connected() -> Self {
        let house = Self::new().await;
        house.begin(DEMO_KAPSO_KEY, "").await;
        house.connect().await.unwrap();
        house.control("complete", json!({})).await;
        house.becomes("connected").await;
        house
    }

    async fn stop(self) {
        self.listener.stop().await;
        self.engine.stop().await;
        self.emulator.stop().await;
    }
}
