//! Files in the store: what has them, how long they stay, and what the provider calls them.

use super::*;
use crate::model::media::{FileFacts, FileHash, StoredFile};
use crate::model::quick_reply::{QuickReply, ReplyFile};

fn error(code: i64) -> crate::model::delivery::DeliveryError {
    crate::model::delivery::DeliveryError { code, text: "x".into(), cause: None, next: None }
}

const DAY: i64 = 86_400_000;

fn file(n: u8) -> StoredFile {
    let facts = FileFacts { mime: "application/pdf".into(), animated: false };
    StoredFile { hash: FileHash([n; 32]), name: format!("{n}.pdf"), size: 10, facts }
}

impl Bed {
    async fn keep(&self, n: u8) {
        let StoredFile { hash, size, facts, .. } = file(n);
        self.apply(EventBody::FileStored { hash, size, facts }).await.unwrap();
    }

    async fn queue_file(&self, thread: ThreadId, n: u8) -> Result<MessageId, StoreError> {
        let message = MessageId::new();
        let body = EventBody::MessageQueued {
            message,
            attempt: AttemptId::new(),
            account: account(),
            to: Recipient::Thread { thread },
            content: Outgoing::file(file(n), ""),
            quote: None,
            not_before: 0,
            send_at: None,
        };
        self.apply(body).await.map(|_| message)
    }

    async fn left(&self, before: i64, unused_before: i64) -> Vec<u8> {
        self.apply(EventBody::FilesExpired { before, unused_before }).await.unwrap();
        let all = self.store.read(crate::store::Reader::file_hashes).await.unwrap();
        all.into_iter().map(|h| h.0[0]).collect()
    }
}

#[tokio::test]
async fn what_is_needed_stays_and_the_rest_goes_in_time() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    for n in 1..=4 {
        bed.keep(n).await;
    }
    // 1 was sent, 2 waits, 3 belongs to a quick reply, 4 went nowhere.
    let sent = bed.queue_file(thread, 1).await.unwrap();
    bed.apply(EventBody::MessageCancelled { message: sent }).await.unwrap();
    bed.queue_file(thread, 2).await.unwrap();
    let reply = QuickReply {
        shortcut: "prices".into(),
        text: "x".into(),
        files: vec![ReplyFile::Stored(file(3)), "/srv/a.pdf".into()],
        ..QuickReply::default()
    };
    bed.apply(EventBody::QuickReplySaved { reply: reply.clone() }).await.unwrap();
    let replies = bed.store.read(|r| r.quick_replies("ana")).await.unwrap();
    assert_eq!(replies[0].files, reply.files);
    let now = bed.clock.now();
    assert_eq!(bed.left(now - DAY, now - DAY).await, [1, 2, 3, 4]);
    assert_eq!(bed.left(now - DAY, now + DAY).await, [1, 2, 3], "it went nowhere");
    assert_eq!(bed.left(now + DAY, now + DAY).await, [2, 3], "nothing waits for it");
    bed.apply(EventBody::QuickReplyDeleted { reply: reply.id }).await.unwrap();
    assert_eq!(bed.left(now + DAY, now + DAY).await, [2]);
    // What is gone is not sent, and not kept with a reply.
    let refused = bed.queue_file(thread, 4).await.unwrap_err();
    assert!(refused.to_string().contains("not kept here any more"), "{refused}");
    assert!(bed.apply(EventBody::QuickReplySaved { reply }).await.is_err());
}

#[tokio::test]
async fn the_providers_id_is_one_accounts_and_only_so_old() {
    let bed = Bed::new().await;
    bed.keep(1).await;
    let hash = file(1).hash;
    let id = async |after: i64| bed.store.read(move |r| r.file_id(&account(), hash, after)).await.unwrap();
    assert_eq!(id(0).await, None);
    for provider_id in ["77", "78"] {
        let body = EventBody::FileHandedOver { account: account(), hash, provider_id: provider_id.into() };
        bed.apply(body).await.unwrap();
        assert_eq!(id(0).await.as_deref(), Some(provider_id));
    }
    assert_eq!(id(bed.clock.now() + 1).await, None, "too old");
    let other = crate::model::ids::AccountId::new("other");
    let asked = bed.store.read(move |r| r.file_id(&other, hash, 0)).await.unwrap();
    assert_eq!(asked, None);
}

#[tokio::test]
async fn an_attempt_that_was_hindered_is_never_in_doubt() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    bed.keep(1).await;
    let message = bed.queue_file(thread, 1).await.unwrap();
    let now = bed.clock.now();
    let due = bed.store.read(move |r| r.due(now, 10)).await.unwrap();
    assert!(due.sends[0].media);
    let attempt = due.sends[0].attempt;
    let hindered = |outcome| EventBody::AttemptHindered { message, attempt, outcome };
    for wrong in [
        AttemptOutcome::Unknown { error: error(0) },
        AttemptOutcome::Accepted { provider_id: "x".into(), recipient: None },
    ] {
        assert!(bed.apply(hindered(wrong)).await.is_err());
    }
    let later = AttemptOutcome::RetryAt {
        at: now + 5_000,
        error: error(131_000),
        scope: crate::model::delivery::HoldScope::Message,
    };
    bed.apply(hindered(later)).await.unwrap();
    let m = bed.store.read(move |r| r.message_rows(&[message])).await.unwrap().pop().unwrap();
    assert_eq!(
        (m.state, m.attempts, m.waits.map(|w| w.until)),
        (DeliveryState::Queued, 1, Some(now + 5_000))
    );
    assert!(bed.store.read(crate::store::Reader::interrupted).await.unwrap().is_empty());
}
