//! What one client is told of changes: everything, or only what is about conversations that exist for it.

use super::Shared;
use super::access::Who;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::thread::ThreadRow;
use crate::protocol::{Changed, Response, ServerFrame, Update};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

/// Updates that wait to be looked at. More, and the client is told to ask again.
const QUEUE: usize = 256;

/// The conversations that a client was shown: it is told when one of them goes out of its sight.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Option<Arc<Mutex<HashSet<ThreadId>>>>);

impl Known {
    /// Remembers what an answer shows.
    pub fn learn(&self, answer: &Response) {
        let Some(known) = &self.0 else { return };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = |rows: &[ThreadRow]| known.extend(rows.iter().map(|r| r.id));
        match answer {
            Response::Threads(page) => rows(&page.items),
            Response::ThreadRows(list) => rows(list),
            Response::Thread(detail) => rows(std::slice::from_ref(&detail.row)),
            Response::Found(found) => rows(&found.threads),
            Response::Outbox(list) => known.extend(list.iter().map(|o| o.thread)),
            _ => {}
        }
    }
}

/// The way of updates to a client. Ends with the client or the engine.
pub(super) struct Updates {
    who: watch::Sender<Arc<Who>>,
    known: Arc<Mutex<HashSet<ThreadId>>>,
}

impl Updates {
    /// Starts telling a client.
    pub fn start(shared: &Arc<Shared>, frames: &mpsc::Sender<ServerFrame>, who: &Arc<Who>) -> Self {
        let (sender, receiver) = watch::channel(Arc::clone(who));
        let known = Arc::new(Mutex::default());
        let (to, from) = mpsc::channel(QUEUE);
        shared.hub.join(to);
        let relay = Relay { who: receiver, known: Arc::clone(&known), seq: 0 };
        tokio::spawn(relay.run(from, frames.clone()));
        Self { who: sender, known }
    }

    /// The client may see something else from now on.
    pub fn now(&self, who: &Arc<Who>) {
        self.who.send_replace(Arc::clone(who));
    }

    /// What has to learn from the answers to the client.
    pub fn known(&self) -> Known {
        Known(Some(Arc::clone(&self.known)).filter(|_| !self.who.borrow().access.scope.is_all()))
    }
}

struct Relay {
    who: watch::Receiver<Arc<Who>>,
    known: Arc<Mutex<HashSet<ThreadId>>>,
    seq: u64,
}

impl Relay {
    async fn run(mut self, mut from: mpsc::Receiver<ServerFrame>, frames: mpsc::Sender<ServerFrame>) {
        loop {
            let changed = tokio::select! {
                () = frames.closed() => return,
                other = self.who.changed() => {
                    if other.is_err() {
                        return;
                    }
                    vec![Changed::AccessChanged, Changed::Resync]
                }
                frame = from.recv() => match frame {
                    Some(ServerFrame::Update(update)) => self.seen(update.changed).await,
                    Some(_) => continue,
                    None => return,
                },
            };
            if changed.is_empty() {
                continue;
            }
            self.seq += 1;
            if frames.send(ServerFrame::Update(Update { seq: self.seq, changed })).await.is_err() {
                return;
            }
        }
    }

    /// What of these changes the client may know of.
    async fn seen(&self, mut changed: Vec<Changed>) -> Vec<Changed> {
        let who = Arc::clone(&self.who.borrow());
        changed.retain(|c| is_for(&who, c));
        if who.access.scope.is_all() {
            return changed;
        }
        let ids: HashSet<ThreadId> = changed.iter().flat_map(threads).collect();
        let wanted: Vec<ThreadId> = ids.into_iter().collect();
        let visible: HashSet<ThreadId> = match who.shared.store.read(move |r| r.thread_rows(&wanted)).await {
            Ok(rows) => rows.into_iter().map(|r| r.id).collect(),
            // Rather once too often asked than something missed.
            Err(_) => return vec![Changed::Resync],
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = |c: &Changed| {
            let mut all = threads(c).peekable();
            if all.peek().is_some() {
                return all.any(|t| visible.contains(&t) || known.contains(&t));
            }
            account(c).is_none_or(|a| who.access.scope.has_account(a))
        };
        let kept: Vec<Changed> = changed.into_iter().filter(keep).collect();
        for thread in kept.iter().flat_map(threads) {
            if visible.contains(&thread) {
                known.insert(thread);
            } else {
                known.remove(&thread);
            }
        }
        kept
    }
}

/// Whether somebody is among those whom a change is told.
fn is_for(who: &Who, changed: &Changed) -> bool {
    match changed {
        Changed::WatchersChanged { operator } => operator == who.operator(),
        Changed::MentionsChanged { operator } => crate::model::mention::is_same(operator, who.operator()),
        Changed::WatchedChanged { operator } => who.shared.screens.is_watching(who.session, operator),
        _ => true,
    }
}

/// The conversations that a change is about.
fn threads(changed: &Changed) -> impl Iterator<Item = ThreadId> + use<> {
    let (one, two) = match changed {
        Changed::MessageStored { thread, .. }
        | Changed::MessageChanged { thread, .. }
        | Changed::ThreadChanged { thread, .. }
        | Changed::SnoozeEnded { thread, .. }
        | Changed::Mentioned { thread, .. }
        | Changed::PresenceChanged { thread }
        | Changed::TakenOver { thread, .. }
        | Changed::DraftChanged { thread, .. } => (Some(*thread), None),
        Changed::ThreadJoined { thread, into, .. } => (Some(*thread), Some(*into)),
        Changed::AccountChanged { .. }
        | Changed::TemplatesChanged { .. }
        | Changed::CompanyChanged { .. }
        | Changed::WatchedChanged { .. }
        | Changed::WatchersChanged { .. }
        | Changed::MentionsChanged { .. }
        | Changed::QuickRepliesChanged
        | Changed::LabelsChanged
        | Changed::MacrosChanged
        | Changed::PreferencesChanged
        | Changed::AccessChanged
        | Changed::StatusChanged
        | Changed::Resync => (None, None),
    };
    one.into_iter().chain(two)
}

/// The account that a change is about, where it is about no conversation.
fn account(changed: &Changed) -> Option<&AccountId> {
    match changed {
        Changed::AccountChanged { account } | Changed::TemplatesChanged { account } => Some(account),
        _ => None,
    }
}
