//! Files on their way to the provider, before the message that names them.
//!
//! Until the provider has the file nothing of the message is on the wire: whatever breaks here is certainly not sent.
//! The provider's id is remembered, so that another attempt, or another message, does not hand the file over again.

use super::Shared;
use super::files;
use crate::clock::Millis;
use crate::model::delivery::{DeliveryError, HoldScope};
use crate::model::event::EventBody;
use crate::model::ids::MessageId;
use crate::model::media::StoredFile;
use crate::model::message::{Body, Message};
use crate::protocol::Changed;
use crate::provider::{Handover, Upload};
use crate::store::{DueSend, StoreError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An id lives for 30 days at the provider; it is used for a day less.
const ID_LIVES: Millis = 29 * 86_400_000;
/// Progress is told in steps of so many percent.
const STEP: u8 = 5;

/// What came of it.
pub(super) enum Ready {
    /// The message may name this id.
    Has(String),
    /// There is nothing to hand over, or no use in it: the attempt itself says why.
    Nothing,
    /// The provider does not take it.
    Refused(DeliveryError),
    /// Later.
    PutOff { after: Option<Duration>, error: DeliveryError, scope: HoldScope },
    /// The engine stops.
    Stopped,
}

/// How far the files are that are being handed over, by message.
#[derive(Default)]
pub(super) struct Progress(Mutex<BTreeMap<MessageId, Arc<AtomicU8>>>);

impl Progress {
    /// Writes on the cards of messages how far their files are.
    pub(super) fn show(&self, messages: &mut [Message]) {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if list.is_empty() {
            return;
        }
        for m in messages {
            if let (Some(percent), Body::Media { media, .. }) = (list.get(&m.id), &mut m.body) {
                media.arrived = Some(percent.load(Ordering::Relaxed));
            }
        }
    }
}

/// Takes the entry away when the hand-over ends, however it does.
struct Shown<'a> {
    shared: &'a Shared,
    send: &'a DueSend,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        let mut list = self.shared.uploading.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.remove(&self.send.message);
    }
}

fn lost(why: &str) -> Ready {
    Ready::Refused(DeliveryError {
        code: 0,
        text: format!("the file could not be read: {why}"),
        cause: Some("its copy in the data folder is gone or was changed".into()),
        next: Some("attach the file again".into()),
    })
}

/// Sees to it that the provider has the file of a send.
pub(super) async fn prepare(shared: &Arc<Shared>, send: &DueSend) -> Result<Ready, StoreError> {
    if !send.media {
        return Ok(Ready::Nothing);
    }
    let message = send.message;
    let (Some(account), Some(open)) =
        (shared.account(&send.account), shared.store.read(move |r| r.open_attempt(message)).await?)
    else {
        return Ok(Ready::Nothing);
    };
    let Some(file) = open.content.stored_file().cloned() else { return Ok(Ready::Nothing) };
    // A closed window is said by the attempt; the file has no use then.
    let closed = account.provider.capabilities().window && !open.window.is_open(shared.clock.now());
    if closed && !open.content.may_leave_closed_window() {
        return Ok(Ready::Nothing);
    }
    let (key, hash, after) = (send.account.clone(), file.hash, shared.clock.now() - ID_LIVES);
    if let Some(id) = shared.store.read(move |r| r.file_id(&key, hash, after)).await? {
        return Ok(Ready::Has(id));
    }
    let bytes = match files::bytes(shared, &file).await {
        Ok(bytes) => bytes,
        Err(why) => return Ok(lost(&why)),
    };
    let shown = Shown { shared, send };
    let upload = Upload { bytes, name: file.name.clone(), mime: file.facts.mime.clone(), size: file.size };
    let handover = tokio::select! {
        () = shared.stop.cancelled() => return Ok(Ready::Stopped),
        handover = account.provider.upload(upload, progress(shared, send, &file)) => handover,
    };
    drop(shown);
    shared.hub.publish(&[Changed::MessageChanged { thread: send.thread, message: send.message }]);
    Ok(match handover {
        Handover::Done(provider_id) => {
            let body = EventBody::FileHandedOver {
                account: send.account.clone(),
                hash: file.hash,
                provider_id: provider_id.clone(),
            };
            shared.engine_event(body).await?;
            Ready::Has(provider_id)
        }
        Handover::Rejected(error) => Ready::Refused(error),
        Handover::Retry { after, error, scope } => Ready::PutOff { after, error, scope },
    })
}

/// Hears how many bytes have left, and tells the clients at every step.
fn progress(shared: &Arc<Shared>, send: &DueSend, file: &StoredFile) -> Box<dyn Fn(u64) + Send + Sync> {
    let percent = Arc::new(AtomicU8::new(0));
    let mut list = shared.uploading.0.lock().unwrap_or_else(PoisonError::into_inner);
    list.insert(send.message, Arc::clone(&percent));
    let (hub, size) = (Arc::clone(&shared.hub), file.size.max(1));
    let changed = Changed::MessageChanged { thread: send.thread, message: send.message };
    Box::new(move |sent| {
        let now = u8::try_from(sent.min(size) * 100 / size).unwrap_or(100);
        let now = now - now % STEP;
        if percent.swap(now, Ordering::Relaxed) != now {
            hub.publish(std::slice::from_ref(&changed));
        }
    })
}
