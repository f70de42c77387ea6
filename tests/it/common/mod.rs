//! What the integration tests share: an emulator, an engine, a listener, and waiting with a deadline.

pub mod files;
pub mod process;

use secrecy::SecretString;
use std::future::Future;
use std::time::{Duration, Instant};
use switchboard::clock::Clock;
use switchboard::config::settings::{AccountSettings, EngineSettings, ListenerSettings};
use switchboard::emulator::{
    DEMO_ACCESS_TOKEN, DEMO_ACCOUNT, DEMO_APP_SECRET, DEMO_NUMBERS, Emulator, EmulatorOptions,
};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::event::AccountSpec;
use switchboard::model::ids::AccountId;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Problem, Request, Response};
use switchboard::webhook::Listener;

/// Longest wait for a condition.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Asks again and again until `probe` gives something; fails with `what` after the deadline.
pub async fn eventually<T, F, Fut>(what: &str, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "did not happen in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Settings for an engine that talks to an emulator.
pub fn settings(dir: &std::path::Path, api_base: &str, accounts: usize) -> EngineSettings {
    let names = ["Acme Support", "Acme Sales", "Lojas BR"];
    let ids = ["support", "sales", "lojas"];
    EngineSettings {
        data_dir: dir.to_owned(),
        listener: ListenerSettings {
            bind: ([127, 0, 0, 1], 0).into(),
            public_url: None,
            body_limit: 4 << 20,
            actions_token: None,
        },
        accounts: (0..accounts)
            .map(|i| AccountSettings {
                spec: AccountSpec {
                    id: AccountId::new(ids[i]),
                    name: names[i].into(),
                    provider: "meta".into(),
                    environment: "development".into(),
                    number: DEMO_NUMBERS[i].into(),
                    business: DEMO_ACCOUNT.into(),
                },
                api_base: api_base.into(),
                api_version: "v25.0".into(),
                access_token: SecretString::from(DEMO_ACCESS_TOKEN),
                app_secret: SecretString::from(DEMO_APP_SECRET),
                verify_token: SecretString::from("it-verify"),
                subscribe: true,
                read_receipts: true,
            })
            .collect(),
        undo: Duration::ZERO,
        keep_webhooks: Duration::from_hours(24),
        keep_webhooks_bytes: 1 << 30,
        keep_activity: Duration::ZERO,
        keep_files: Duration::from_hours(24 * 90),
        keep_files_bytes: 1 << 30,
        silence: Duration::from_mins(30),
        late: Duration::from_mins(5),
        template_age: Duration::from_hours(24),
        serve_listener: true,
        background: true,
    }
}

/// A folder that only its owner can enter, as a data folder has to be.
pub fn private_dir() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// An emulator, an engine and its listener.
pub struct Bed {
    pub emulator: Emulator,
    pub engine: Engine,
    pub listener: Listener,
    pub http: reqwest::Client,
    dir: tempfile::TempDir,
}

impl Bed {
    /// `speed` 0: nothing happens by itself but the statuses of what was sent.
    pub async fn new(speed: f64, accounts: usize) -> Self {
        Self::with(speed, accounts, |_| ()).await
    }

    /// The same with other settings.
    pub async fn with(speed: f64, accounts: usize, change: impl FnOnce(&mut EngineSettings)) -> Self {
        let emulator =
            Emulator::start(EmulatorOptions { speed, play: speed > 0.0, ..EmulatorOptions::demo().unwrap() })
                .await
                .unwrap();
        let dir = private_dir();
        let mut settings = settings(dir.path(), &emulator.base_url(), accounts);
        change(&mut settings);
        let engine = Engine::start(settings.clone(), Clock::system()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        let http = switchboard::provider::http::client(true, Duration::from_secs(10)).unwrap();
        let bed = Self { emulator, engine, listener, http, dir };
        bed.subscribed().await;
        bed
    }

    /// Waits until the engine has pointed the emulator's webhooks at its listener.
    async fn subscribed(&self) {
        eventually("every account is connected", || async {
            let mut c = self.client().await;
            let Response::Accounts(list) = c.ask(Request::Accounts).await.unwrap() else { panic!() };
            (!list.is_empty() && list.iter().all(|a| a.state == "connected")).then_some(())
        })
        .await;
    }

    /// The data folder.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub async fn client(&self) -> Client {
        let mut c = Client::new(self.engine.connect(&ClientInfo::inside("ana")));
        let hello = Request::hello("", "");
        c.ask(hello).await.unwrap();
        c
    }

    /// Calls the emulator's control API.
    pub async fn control(&self, what: &str, body: serde_json::Value) -> serde_json::Value {
        let url = format!("{}/control/{what}", self.emulator.base_url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: serde_json::Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{what}: {body}");
        body
    }

    /// What the emulator accepted, in order.
    pub async fn accepted(&self) -> Vec<serde_json::Value> {
        let url = format!("{}/control/messages", self.emulator.base_url());
        let body: serde_json::Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        body["messages"].as_array().unwrap().clone()
    }

    pub async fn stop(self) {
        self.listener.stop().await;
        self.engine.stop().await;
        self.emulator.stop().await;
    }
}

/// Asks and fails the test on a refusal.
pub async fn ask(c: &mut Client, r: Request) -> Response {
    let text = format!("{r:?}");
    c.ask(r).await.unwrap_or_else(|e: Problem| panic!("{text}: {e:?}"))
}
