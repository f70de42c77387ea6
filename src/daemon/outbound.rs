//! What waits to be written to one client. Never blocks the engine: when a client reads too slowly, its updates
//! are dropped and one `Resync` takes their place; answers are never dropped.

use crate::protocol::{Changed, ServerFrame, Update};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};

/// Updates that may wait for one client.
pub(super) const UPDATES_MAX: usize = 512;
/// Requests of one client that may be unanswered; it is not read further until answers have left.
pub(super) const REQUESTS_MAX: usize = 64;

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<ServerFrame>,
    updates: usize,
    closed: bool,
}

/// The queue of one client.
#[derive(Debug)]
pub(super) struct Outbound {
    queue: Mutex<Queue>,
    wake: Notify,
    requests: Semaphore,
}

impl Outbound {
    pub(super) fn new() -> Self {
        Self { queue: Mutex::default(), wake: Notify::new(), requests: Semaphore::new(REQUESTS_MAX) }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more request may be read.
    pub(super) async fn admit_request(&self) {
        if let Ok(permit) = self.requests.acquire().await {
            permit.forget();
        }
    }

    /// Takes a frame; never waits.
    pub(super) fn push(&self, frame: ServerFrame) {
        let mut q = self.queue();
        if let ServerFrame::Update(update) = &frame {
            if q.updates >= UPDATES_MAX {
                // The gap in the sequence and the word itself both tell the client to ask again.
                let resync = Update { seq: update.seq, changed: vec![Changed::Resync] };
                q.frames.retain(|f| matches!(f, ServerFrame::Answer { .. }));
                q.frames.push_back(ServerFrame::Update(resync));
                q.updates = 1;
                drop(q);
                self.wake.notify_one();
                return;
            }
            q.updates += 1;
        }
        q.frames.push_back(frame);
        drop(q);
        self.wake.notify_one();
    }

    /// No more frames will come: what waits is still written.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.wake.notify_one();
    }

    /// The next frame to write; `None` when closed and empty.
    pub(super) async fn next(&self) -> Option<ServerFrame> {
        loop {
            {
                let mut q = self.queue();
                if let Some(frame) = q.frames.pop_front() {
                    match frame {
                        ServerFrame::Update(_) => q.updates -= 1,
                        ServerFrame::Answer { .. } => self.requests.add_permits(1),
                    }
                    return Some(frame);
                }
                if q.closed {
                    return None;
                }
            }
            self.wake.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Response;

    #[tokio::test]
    async fn overflow_drops_updates_keeps_answers_and_shows_a_gap() {
        let out = Outbound::new();
        out.push(ServerFrame::Update(Update { seq: 1, changed: vec![] }));
        assert!(matches!(out.next().await, Some(ServerFrame::Update(Update { seq: 1, .. }))));
        for seq in 2..=(UPDATES_MAX as u64 + 2) {
            out.push(ServerFrame::Update(Update { seq, changed: vec![Changed::StatusChanged] }));
            if seq == 10 {
                out.push(ServerFrame::Answer { id: 7, result: Ok(Response::Done) });
            }
        }
        assert!(matches!(out.next().await, Some(ServerFrame::Answer { id: 7, .. })));
        let Some(ServerFrame::Update(u)) = out.next().await else { panic!("an update is expected") };
        assert_eq!(u.changed, vec![Changed::Resync]);
        assert_eq!(u.seq, UPDATES_MAX as u64 + 2);
        out.push(ServerFrame::Update(Update { seq: u.seq + 1, changed: vec![] }));
        out.close();
        assert!(matches!(out.next().await, Some(ServerFrame::Update(_))));
        assert!(out.next().await.is_none());
    }
}
