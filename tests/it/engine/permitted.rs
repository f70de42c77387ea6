//! The screen asks nothing that the role of its operator does not allow: every key of every command against the engine.

use super::{send, thread_named};
use crate::common::{Bed, DEADLINE, ask};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use switchboard::clock::Clock;
use switchboard::model::ClientInfo;
use switchboard::model::access::{OperatorEntry, Principal, Role};
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::access::AccessRequest;
use switchboard::protocol::client::Connection;
use switchboard::protocol::{ClientFrame, Request, Response, ServerFrame};
use switchboard::tui::bench::Stage;
use switchboard::tui::command::{COMMANDS, Scope};
use switchboard::tui::keymap::Key;

/// A screen at a real engine.
struct Terminal {
    stage: Stage,
    line: Connection,
    asked: usize,
    refused: Vec<String>,
}

impl Terminal {
    async fn open(bed: &Bed, user: &str) -> Self {
        let client = ClientInfo { uid: Some(60_001), user: user.into(), ..ClientInfo::default() };
        let (stage, first) = Stage::new(Clock::system(), 120, 36);
        let mut terminal = Self { stage, line: bed.engine.connect(&client), asked: 0, refused: Vec::new() };
        terminal.pump(first).await;
        terminal
    }

    /// Asks, and goes on until every answer is here.
    async fn pump(&mut self, frames: Vec<ClientFrame>) {
        let mut waiting: BTreeMap<u64, Request> = BTreeMap::new();
        let mut queue = frames;
        loop {
            for frame in queue.drain(..) {
                self.asked += 1;
                waiting.insert(frame.id, frame.request.clone());
                self.line.requests.send(frame).await.unwrap();
            }
            if waiting.is_empty() {
                return;
            }
            let frame = tokio::time::timeout(DEADLINE, self.line.frames.recv()).await;
            let frame = frame.expect("an answer in time").expect("the engine is there");
            if let ServerFrame::Answer { id, result } = &frame {
                let request = waiting.remove(id);
                if let Err(problem) = result
                    && problem.kind == "forbidden"
                {
                    self.refused.push(format!("{request:?}: {}", problem.what));
                }
            }
            queue = self.stage.frame_came(frame);
        }
    }

    async fn keys(&mut self, keys: &str) {
        for word in keys.split(' ') {
            let key: Key = word.parse().unwrap();
            let code = match (key.code, key.modifiers.contains(KeyModifiers::SHIFT)) {
                (KeyCode::Tab, true) => KeyCode::BackTab,
                (code, _) => code,
            };
            let frames = self.stage.key(KeyEvent::new(code, key.modifiers));
            self.pump(frames).await;
        }
    }

    async fn go_to(&mut self, scope: Scope) {
        match scope {
            Scope::List => {}
            Scope::Conversation => self.keys("Enter").await,
            Scope::Composer => self.keys("Enter Tab").await,
        }
    }
}

/// What is refused when every key of every command is pressed, each on a new screen.
async fn presses(bed: &Bed, user: &str) -> (Vec<String>, usize) {
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for command in COMMANDS {
        for scope in command.scopes {
            let Some(keys) = command.keys.first() else { continue };
            // On nothing, and on the newest message of ours and of the customer.
            let acts_on_one = *scope == Scope::Conversation
                && ["message.", "note.", "conversation."].iter().any(|p| command.id.starts_with(p));
            let before: &[&str] = if acts_on_one { &["", "k", "k k", "k k k"] } else { &[""] };
            for select in before {
                let mut t = Terminal::open(bed, user).await;
                t.go_to(*scope).await;
                if !select.is_empty() {
                    t.keys(select).await;
                }
                t.keys(keys).await;
                // Whether the text takes anything.
                if *scope == Scope::Composer {
                    t.keys("h i").await;
                }
                // A note leaves a draft behind.
                if command.id == "message.note" {
                    t.keys("h i Esc").await;
                }
                asked += t.asked;
                let wrongs = t
                    .refused
                    .into_iter()
                    .map(|r| format!("{} in {scope:?} ({select}{keys}): {r}", command.id));
                wrong.extend(wrongs);
            }
        }
    }
    (wrong, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_sends_what_the_role_does_not_allow() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut admin = bed.client().await;
    send(&mut admin, thread, Outgoing::text("hello"), None).await;
    ask(&mut admin, Request::AddNote { thread, text: "call back".into() }).await;
    let bare = Role {
        name: "bare".into(),
        grants: ["chat.view".parse().unwrap()].into(),
        ..Role::built_in().pop().unwrap()
    };
    assert_eq!(
        ask(&mut admin, Request::Access { act: AccessRequest::SaveRole { role: bare } }).await,
        Response::Done
    );
    let writer = Role {
        name: "writer".into(),
        grants: ["chat.view".parse().unwrap(), "chat.edit".parse().unwrap()].into(),
        ..Role::built_in().pop().unwrap()
    };
    ask(&mut admin, Request::Access { act: AccessRequest::SaveRole { role: writer } }).await;
    for role in ["viewer", "bare", "writer"] {
        let entry = OperatorEntry {
            who: Principal::User(role.into()),
            role: role.into(),
            teams: BTreeSet::new(),
            active: true,
        };
        ask(&mut admin, Request::Access { act: AccessRequest::SaveOperator { entry } }).await;
    }
    for role in ["viewer", "bare", "writer"] {
        let (wrong, asked) = presses(&bed, role).await;
        assert!(wrong.is_empty(), "{role}:\n{}", wrong.join("\n"));
        assert!(asked > 1_000, "{asked}: the keys reach the engine");
    }
    bed.stop().await;
}
