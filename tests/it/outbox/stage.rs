//! An emulator, a front before it, and an engine that can crash and start again. One clock for all, moved by hand.

use super::front::Front;
use crate::common::{ask, eventually, private_dir, settings};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use switchboard::clock::Clock;
use switchboard::config::settings::EngineSettings;
use switchboard::emulator::{Emulator, EmulatorOptions};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{MessageId, ThreadId};
use switchboard::model::message::Message;
use switchboard::model::outgoing::Outgoing;
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Request, Response};
use switchboard::webhook::Listener;
use tokio::runtime::Runtime;

/// An engine on a runtime of its own, so that it can end without a word.
struct Host {
    runtime: Runtime,
    engine: Engine,
    listener: Option<Listener>,
}

pub struct Stage {
    pub clock: Clock,
    pub front: Front,
    emulator: Emulator,
    http: reqwest::Client,
    settings: EngineSettings,
    host: Option<Host>,
    _dir: tempfile::TempDir,
}

impl Stage {
    /// With a listener, one account, and this many seconds to take a message back.
    pub async fn new(undo: u64) -> Self {
        Self::with(undo, 1, true).await
    }

    pub async fn with(undo: u64, accounts: usize, listens: bool) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let clock = Clock::manual(i64::try_from(now).unwrap());
        let options = EmulatorOptions {
            speed: 0.0,
            play: false,
            clock: clock.clone(),
            ..EmulatorOptions::demo().unwrap()
        };
        let emulator = Emulator::start(options).await.unwrap();
        let front = Front::start(&emulator.base_url()).await;
        let dir = private_dir();
        let mut settings = settings(dir.path(), &front.url, accounts);
        settings.undo = Duration::from_secs(undo);
        settings.serve_listener = listens;
        let http = switchboard::provider::http::client(true, Duration::from_secs(10)).unwrap();
        let mut stage = Self { clock, front, emulator, http, settings, host: None, _dir: dir };
        stage.start().await;
        stage
    }

    /// Starts the engine on what is in the data folder.
    pub async fn start(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (settings, clock) = (self.settings.clone(), self.clock.clone());
        let started = runtime.spawn(async move {
            let engine = Engine::start(settings.clone(), clock).await.unwrap();
            let listener = if settings.serve_listener {
                Some(Listener::start(&engine, &settings.listener).await.unwrap())
            } else {
                None
            };
            (engine, listener)
        });
        let (engine, listener) = started.await.unwrap();
        self.host = Some(Host { runtime, engine, listener });
        if self.settings.serve_listener {
            eventually("every account is connected", async || {
                let mut c = self.client().await;
                let Response::Accounts(list) = ask(&mut c, Request::Accounts).await else { panic!() };
                (!list.is_empty() && list.iter().all(|a| a.state == "connected")).then_some(())
            })
            .await;
        }
    }

    /// Ends the engine as a power cut would: nothing is finished, nothing is said.
    pub fn crash(&mut self) {
        let host = self.host.take().unwrap();
        host.runtime.shutdown_background();
        drop(host.listener);
        drop(host.engine);
    }

    /// Ends the engine in order.
    pub async fn stop(&mut self) {
        let Some(host) = self.host.take() else { return };
        let (engine, listener) = (host.engine, host.listener);
        let ended = host.runtime.spawn(async move {
            if let Some(listener) = listener {
                listener.stop().await;
            }
            engine.stop().await;
        });
        ended.await.unwrap();
        host.runtime.shutdown_background();
    }

    /// The next engine has no listener and asks for no webhooks.
    pub fn deafen(&mut self) {
        self.settings.serve_listener = false;
        for a in &mut self.settings.accounts {
            a.subscribe = false;
        }
    }

    pub async fn end(mut self) {
        self.stop().await;
        self.emulator.stop().await;
    }

    pub async fn client(&self) -> Client {
        let host = self.host.as_ref().unwrap();
        let engine = host.engine.clone();
        let connection =
            host.runtime.spawn(async move { engine.connect(&ClientInfo::inside("ana")) }).await.unwrap();
        let mut c = Client::new(connection);
        ask(&mut c, Request::hello("", "")).await;
        c
    }

    pub async fn ask(&self, request: Request) -> Response {
        ask(&mut self.client().await, request).await
    }

    /// Calls the emulator's control API.
    pub async fn control(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/control/{what}", self.emulator.base_url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}");
        answer.json().await.unwrap()
    }

    /// Texts that the emulator took, in order.
    pub async fn taken(&self) -> Vec<String> {
        let url = format!("{}/control/messages", self.emulator.base_url());
        let body: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let list = body["messages"].as_array().unwrap();
        list.iter().map(|m| m["body"]["text"]["body"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A customer of the scenario writes; her thread.
    pub async fn thread(&self, customer: &str, title: &str) -> ThreadId {
        self.control("say", json!({"customer": customer, "text": "oi"})).await;
        eventually(&format!("a thread of {title}"), async || {
            self.rows().await.into_iter().find(|t| t.title == title).map(|t| t.id)
        })
        .await
    }

    pub async fn rows(&self) -> Vec<ThreadRow> {
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 100 };
        let Response::Threads(page) = self.ask(r).await else { panic!() };
        page.items
    }

    pub async fn send_at(&self, thread: ThreadId, text: &str, at: Option<i64>) -> MessageId {
        let to = Recipient::Thread { thread };
        let r = Request::Send { account: None, to, content: Outgoing::text(text), quote: None, at };
        let Response::Queued { message, .. } = self.ask(r).await else { panic!() };
        message
    }

    /// Puts content into the outbox.
    pub async fn put(&self, thread: ThreadId, content: Outgoing) -> MessageId {
        let to = Recipient::Thread { thread };
        let r = Request::Send { account: None, to, content, quote: None, at: None };
        let Response::Queued { message, .. } = self.ask(r).await else { panic!() };
        message
    }

    /// What the emulator took, as the client sent it.
    pub async fn bodies(&self) -> Vec<Value> {
        let url = format!("{}/control/messages", self.emulator.base_url());
        let body: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        body["messages"].as_array().unwrap().iter().map(|m| m["body"].clone()).collect()
    }

    /// The data folder.
    pub fn data(&self) -> &std::path::Path {
        &self.settings.data_dir
    }

    pub async fn send(&self, thread: ThreadId, text: &str) -> MessageId {
        self.send_at(thread, text, None).await
    }

    pub async fn message(&self, id: MessageId) -> Message {
        let Response::MessageRows(mut list) = self.ask(Request::MessageRows { ids: vec![id] }).await else {
            panic!()
        };
        list.pop().unwrap()
    }

    pub async fn when(&self, what: &str, id: MessageId, fits: impl Fn(&Message) -> bool) -> Message {
        eventually(what, async || Some(self.message(id).await).filter(|m| fits(m))).await
    }

    pub async fn in_state(&self, id: MessageId, state: DeliveryState) -> Message {
        self.when(&format!("it is {}", state.as_str()), id, |m| m.state == state).await
    }

    /// Waits until so many sends came to the front.
    pub async fn came(&self, n: usize) -> Vec<String> {
        eventually(&format!("{n} sends came"), async || Some(self.front.texts()).filter(|t| t.len() >= n))
            .await
    }
}
