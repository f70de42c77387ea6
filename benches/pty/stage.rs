//! The product's screen on an engine of its own, in one thread and without a terminal.
#![allow(dead_code)]

use super::pty::{SIZE, config};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::path::Path;
use std::time::Instant;
use switchboard::clock::Clock;
use switchboard::config::settings::{EngineSettings, ListenerSettings};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::protocol::client::Connection;
use switchboard::protocol::{ClientFrame, ServerFrame};
use switchboard::tui::bench::Stage;

/// The product's screen on an engine of its own.
pub struct Ours {
    pub stage: Stage,
    engine: Engine,
    connection: Connection,
    runtime: tokio::runtime::Runtime,
}

impl Ours {
    pub fn new(dir: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let configured = config(dir, "http://127.0.0.1:9");
        let flags = switchboard::config::Flags { config: Some(configured.into()), data: None };
        let env = switchboard::config::Env::default();
        let settings = switchboard::config::read(&flags, &env).unwrap().settings(&env).unwrap();
        let settings = EngineSettings {
            data_dir: dir.to_owned(),
            listener: ListenerSettings { ..settings.engine.listener },
            serve_listener: false,
            background: false,
            ..settings.engine
        };
        let engine = runtime.block_on(Engine::start(settings, Clock::system())).unwrap();
        let connection = {
            let _inside = runtime.enter();
            engine.connect(&ClientInfo::inside("bench"))
        };
        let (stage, first) = Stage::new(Clock::system(), SIZE.0, SIZE.1);
        let mut ours = Self { stage, engine, connection, runtime };
        ours.answer(first);
        assert!(ours.stage.is_ready());
        ours.stage.draw();
        ours
    }

    /// Lets the engine answer everything that was asked.
    pub fn answer(&mut self, requests: Vec<ClientFrame>) {
        let mut open = 0usize;
        let mut next = requests;
        loop {
            open += next.len();
            for request in next.drain(..) {
                self.connection.requests.try_send(request).unwrap();
            }
            if open == 0 {
                return;
            }
            let frame = self.runtime.block_on(self.connection.frames.recv()).unwrap();
            if matches!(frame, ServerFrame::Answer { .. }) {
                open -= 1;
            }
            next = self.stage.frame_came(frame);
        }
    }

    pub fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        let asked = self.stage.key(KeyEvent::new(code, modifiers));
        self.answer(asked);
        self.stage.draw();
    }

    /// Milliseconds from a key until everything that it asks for is on the screen.
    pub fn whole(&mut self, code: KeyCode, modifiers: KeyModifiers) -> f64 {
        let start = Instant::now();
        let asked = self.stage.key(KeyEvent::new(code, modifiers));
        self.answer(asked);
        self.stage.draw();
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Microseconds and bytes of a key and its frame; what it asks is answered and drawn outside the measure.
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> (f64, f64) {
        let start = Instant::now();
        let asked = self.stage.key(KeyEvent::new(code, modifiers));
        let bytes = self.stage.draw().len();
        let us = start.elapsed().as_secs_f64() * 1e6;
        self.answer(asked);
        self.stage.draw();
        (us, bytes as f64)
    }

    pub fn unchanged(&mut self) -> (f64, f64) {
        let start = Instant::now();
        self.stage.touch();
        let bytes = self.stage.draw().len();
        (start.elapsed().as_secs_f64() * 1e6, bytes as f64)
    }

    pub fn stop(self) {
        self.runtime.block_on(self.engine.stop());
    }
}
