//! Who is told when something changed. Never blocks: a client that does not keep up is told to ask again.

use crate::protocol::{Changed, ServerFrame, Update};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

struct Slot {
    id: u64,
    frames: mpsc::Sender<ServerFrame>,
    seq: u64,
    lost: bool,
    /// Rung when something is lost; its end tells the one who listens that the client is gone.
    behind: mpsc::Sender<()>,
}

#[derive(Default)]
struct Slots {
    list: Vec<Slot>,
    last_id: u64,
}

/// All connected clients.
#[derive(Default)]
pub struct Hub {
    slots: Mutex<Slots>,
}

impl Hub {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a client. Must be called inside a tokio runtime.
    pub fn join(self: &Arc<Self>, frames: mpsc::Sender<ServerFrame>) {
        let (behind, mut lost) = mpsc::channel(1);
        let weak = frames.downgrade();
        let id = {
            let mut slots = self.slots();
            slots.last_id += 1;
            let id = slots.last_id;
            slots.list.push(Slot { id, frames, seq: 0, lost: false, behind });
            id
        };
        let hub = Arc::downgrade(self);
        // When nothing else happens, nobody would tell the client that it missed something.
        tokio::spawn(async move {
            while lost.recv().await.is_some() {
                let Some(frames) = weak.upgrade() else { return };
                let Ok(permit) = frames.reserve().await else { return };
                let Some(hub) = hub.upgrade() else { return };
                hub.catch_up(id, permit);
            }
        });
    }

    /// The client has read enough to take one more frame: what it missed is told.
    fn catch_up(&self, id: u64, permit: mpsc::Permit<'_, ServerFrame>) {
        let mut slots = self.slots();
        if let Some(slot) = slots.list.iter_mut().find(|s| s.id == id && s.lost) {
            slot.seq += 1;
            slot.lost = false;
            permit.send(ServerFrame::Update(Update { seq: slot.seq, changed: vec![Changed::Resync] }));
        }
    }

    /// Tells everybody. Called on the store's writer thread.
    pub fn publish(&self, changed: &[Changed]) {
        self.slots().list.retain_mut(|slot| {
            slot.seq += 1;
            let changed = if slot.lost { vec![Changed::Resync] } else { changed.to_vec() };
            match slot.frames.try_send(ServerFrame::Update(Update { seq: slot.seq, changed })) {
                Ok(()) => {
                    slot.lost = false;
                    true
                }
                Err(mpsc::error::TrySendError::Full(_)) => {
                    slot.lost = true;
                    // Full means that it was rung before.
                    let _ = slot.behind.try_send(());
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(frame: Option<ServerFrame>) -> (u64, Vec<Changed>) {
        match frame {
            Some(ServerFrame::Update(u)) => (u.seq, u.changed),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_slow_client_sees_a_gap_and_is_told_to_ask_again() {
        let hub = Arc::new(Hub::default());
        let (tx, mut rx) = mpsc::channel(1);
        hub.join(tx);
        hub.publish(&[Changed::StatusChanged]);
        hub.publish(&[Changed::QuickRepliesChanged]);
        assert_eq!(seq(rx.recv().await), (1, vec![Changed::StatusChanged]));
        hub.publish(&[Changed::StatusChanged]);
        assert_eq!(seq(rx.recv().await), (3, vec![Changed::Resync]));
        hub.publish(&[Changed::StatusChanged]);
        assert_eq!(seq(rx.recv().await), (4, vec![Changed::StatusChanged]));
    }

    #[tokio::test]
    async fn what_was_missed_last_is_told_without_another_change() {
        let hub = Arc::new(Hub::default());
        let (tx, mut rx) = mpsc::channel(2);
        hub.join(tx);
        for _ in 0..5 {
            hub.publish(&[Changed::StatusChanged]);
        }
        assert_eq!(seq(rx.recv().await).0, 1);
        assert_eq!(seq(rx.recv().await).0, 2);
        // Nothing more happens, and it still learns of the three that it missed.
        let told = tokio::time::timeout(std::time::Duration::from_secs(20), rx.recv()).await;
        assert_eq!(seq(told.expect("a word")), (6, vec![Changed::Resync]));
        hub.publish(&[Changed::QuickRepliesChanged]);
        assert_eq!(seq(rx.recv().await), (7, vec![Changed::QuickRepliesChanged]));
    }

    #[tokio::test]
    async fn a_client_that_left_is_forgotten() {
        let hub = Arc::new(Hub::default());
        let (tx, rx) = mpsc::channel(1);
        hub.join(tx);
        drop(rx);
        hub.publish(&[Changed::StatusChanged]);
        assert!(hub.slots().list.is_empty());
    }
}
