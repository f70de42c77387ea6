//! A connection to the engine, the same whether it runs in this process or behind the socket.

use super::{ClientFrame, Problem, Request, Response, ServerFrame, Update};
use std::collections::{HashMap, VecDeque};
use tokio::sync::mpsc;

/// Frames that may wait in each direction.
pub const QUEUE: usize = 1024;

/// Both ends of a conversation with the engine.
#[derive(Debug)]
pub struct Connection {
    /// Requests go in here.
    pub requests: mpsc::Sender<ClientFrame>,
    /// Answers and updates come out here.
    pub frames: mpsc::Receiver<ServerFrame>,
}

/// The engine's side of a [`Connection`].
#[derive(Debug)]
pub struct Peer {
    /// Requests come out here.
    pub requests: mpsc::Receiver<ClientFrame>,
    /// Answers and updates go in here.
    pub frames: mpsc::Sender<ServerFrame>,
}

/// Makes a connected pair.
#[must_use]
pub fn pair() -> (Connection, Peer) {
    let (requests, request_rx) = mpsc::channel(QUEUE);
    let (frame_tx, frames) = mpsc::channel(QUEUE);
    (Connection { requests, frames }, Peer { requests: request_rx, frames: frame_tx })
}

/// Ask and wait, one request at a time: what the command line and tests need.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    next: u64,
    updates: VecDeque<Update>,
    early: HashMap<u64, Result<Response, Problem>>,
}

impl Client {
    /// Wraps a connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self { connection, next: 1, updates: VecDeque::new(), early: HashMap::new() }
    }

    fn gone() -> Problem {
        Problem::new("engine_gone", "the engine has stopped").next("start it again and repeat the command")
    }

    /// Sends a request and waits for its answer; updates that come meanwhile are kept for [`Client::update`].
    pub async fn ask(&mut self, request: Request) -> Result<Response, Problem> {
        let id = self.next;
        self.next += 1;
        self.connection.requests.send(ClientFrame { id, request }).await.map_err(|_| Self::gone())?;
        loop {
            if let Some(result) = self.early.remove(&id) {
                return result;
            }
            match self.connection.frames.recv().await.ok_or_else(Self::gone)? {
                ServerFrame::Answer { id, result } => {
                    self.early.insert(id, result);
                }
                ServerFrame::Update(u) => self.updates.push_back(u),
            }
        }
    }

    /// Forgets the updates that came up to now.
    pub fn forget_updates(&mut self) {
        self.updates.clear();
    }

    /// The next update; `None` when the engine has stopped.
    pub async fn update(&mut self) -> Option<Update> {
        if let Some(u) = self.updates.pop_front() {
            return Some(u);
        }
        loop {
            match self.connection.frames.recv().await? {
                ServerFrame::Update(u) => return Some(u),
                ServerFrame::Answer { id, result } => {
                    self.early.insert(id, result);
                }
            }
        }
    }
}
