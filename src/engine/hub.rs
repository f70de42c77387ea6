//! Who is told when something changed. Never blocks: a client that does not keep up is told to ask again.

use crate::protocol::{Changed, ServerFrame, Update};
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;

struct Slot {
    frames: mpsc::Sender<ServerFrame>,
    seq: u64,
    lost: bool,
}

/// All connected clients.
#[derive(Default)]
pub struct Hub {
    slots: Mutex<Vec<Slot>>,
}

impl Hub {
    /// Adds a client.
    pub fn join(&self, frames: mpsc::Sender<ServerFrame>) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).push(Slot { frames, seq: 0, lost: false });
    }

    /// Tells everybody. Called on the store's writer thread.
    pub fn publish(&self, changed: &[Changed]) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain_mut(|slot| {
            slot.seq += 1;
            let changed = if slot.lost { vec![Changed::Resync] } else { changed.to_vec() };
            match slot.frames.try_send(ServerFrame::Update(Update { seq: slot.seq, changed })) {
                Ok(()) => {
                    slot.lost = false;
                    true
                }
                Err(mpsc::error::TrySendError::Full(_)) => {
                    slot.lost = true;
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
        let hub = Hub::default();
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
}
