//! The outbox in the store: the line of a thread, waits, attempts and what is heard of each.

use super::*;
use crate::model::delivery::{HoldScope, WaitReason, Waiting};
use crate::model::inbound::StatusUpdate;

impl Bed {
    async fn thread(&self) -> ThreadId {
        self.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
        self.threads().await[0].id
    }

    async fn queue_at(
        &self,
        thread: ThreadId,
        text: &str,
        not_before: i64,
        send_at: Option<i64>,
    ) -> MessageId {
        let message = MessageId::new();
        self.apply(EventBody::MessageQueued {
            message,
            attempt: AttemptId::new(),
            account: account(),
            to: Recipient::Thread { thread },
            content: Outgoing::text(text),
            quote: None,
            not_before,
            send_at,
        })
        .await
        .unwrap();
        message
    }

    async fn due(&self) -> Vec<MessageId> {
        let now = self.clock.now();
        let due = self.store.read(move |r| r.due(now, 10)).await.unwrap();
        due.sends.iter().map(|d| d.message).collect()
    }

    async fn attempt_of(&self, message: MessageId) -> AttemptId {
        let now = self.clock.now();
        let due = self.store.read(move |r| r.due(now, 10)).await.unwrap();
        due.sends.iter().find(|d| d.message == message).unwrap().attempt
    }

    async fn start(&self, message: MessageId) -> AttemptId {
        let attempt = self.attempt_of(message).await;
        self.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
        attempt
    }

    async fn end(&self, message: MessageId, attempt: AttemptId, outcome: AttemptOutcome) {
        self.apply(EventBody::AttemptEnded { message, attempt, outcome }).await.unwrap();
    }

    async fn lost(&self, message: MessageId) -> AttemptId {
        let attempt = self.start(message).await;
        self.end(message, attempt, AttemptOutcome::Unknown { error: error(0) }).await;
        attempt
    }

    async fn retry(&self, message: MessageId) -> AttemptId {
        let attempt = AttemptId::new();
        self.apply(EventBody::MessageRetried { message, attempt }).await.unwrap();
        attempt
    }
}

fn error(code: i64) -> DeliveryError {
    DeliveryError { code, text: "why".into(), cause: None, next: None }
}

fn accepted(id: &str) -> AttemptOutcome {
    AttemptOutcome::Accepted { provider_id: id.into(), recipient: None }
}

#[tokio::test]
async fn what_is_sent_later_does_not_stand_in_the_way_and_joins_the_line_at_its_time() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let later = bed.queue_at(thread, "later", NOW, Some(NOW + 60_000)).await;
    let first = bed.queue_at(thread, "first", NOW, None).await;
    let second = bed.queue_at(thread, "second", NOW, None).await;
    assert_eq!(bed.due().await, [first], "one of a thread at a time, and not the one of later");
    let m = bed.message(later).await;
    assert_eq!(m.waits, Some(Waiting { until: NOW + 60_000, why: WaitReason::Later }));
    let next = bed.store.read(|r| r.due(NOW, 10)).await.unwrap().next;
    assert_eq!(next, Some(NOW + 60_000));
    let attempt = bed.start(first).await;
    assert_eq!(bed.due().await, [], "one of the thread is on the wire");
    bed.clock.advance(60_000);
    assert_eq!(bed.due().await, [], "the time has come, and one is still on the wire");
    let at = NOW + 90_000;
    bed.end(first, attempt, AttemptOutcome::RetryAt { at, error: error(2), scope: HoldScope::Message }).await;
    assert_eq!(bed.due().await, [], "the first one waits for another attempt, and the others behind it");
    let m = bed.message(first).await;
    assert_eq!(m.waits, Some(Waiting { until: at, why: WaitReason::Provider }));
    assert_eq!(bed.messages(thread).await[1].id, later, "until then it stands where it was written");
    bed.clock.advance(30_000);
    for expected in [first, second, later] {
        assert_eq!(bed.due().await, [expected]);
        let attempt = bed.start(expected).await;
        bed.end(expected, attempt, accepted(&expected.to_string())).await;
    }
    assert_eq!(bed.messages(thread).await.last().unwrap().id, later, "and then where it was sent");
    let row = bed.threads().await.remove(0);
    assert_eq!((row.preview.unwrap().message, row.last_at), (later, NOW + 90_000));
    bed.whole().await;
}

#[tokio::test]
async fn a_send_that_can_be_taken_back_holds_up_those_behind_it_and_a_failed_one_does_not() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let first = bed.queue_at(thread, "first", NOW + 5_000, None).await;
    assert_eq!(bed.message(first).await.waits.unwrap().why, WaitReason::Undo);
    let second = bed.queue_at(thread, "second", NOW, None).await;
    assert_eq!(bed.due().await, []);
    bed.apply(EventBody::MessageCancelled { message: first }).await.unwrap();
    assert_eq!(bed.message(first).await.state, DeliveryState::Cancelled);
    assert_eq!(bed.due().await, [second], "taken back: the next one goes");
    let attempt = bed.start(second).await;
    let third = bed.queue_at(thread, "third", NOW, None).await;
    bed.end(second, attempt, AttemptOutcome::Rejected { error: error(131_026) }).await;
    assert_eq!(bed.due().await, [third]);
    let e = bed.apply(EventBody::MessageRetried { message: first, attempt: AttemptId::new() }).await;
    assert!(e.is_err(), "what was taken back is not sent again");
    bed.retry(second).await;
    assert_eq!(bed.due().await, [third], "sent again is sent after what waits already");
    bed.whole().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_change_the_order() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let first = bed.queue_at(thread, "first", NOW, None).await;
    bed.clock.set(NOW - 3_600_000);
    let second = bed.queue_at(thread, "second", NOW - 3_600_000, None).await;
    bed.clock.set(NOW);
    assert_eq!(bed.due().await, [first]);
    let attempt = bed.start(first).await;
    bed.end(first, attempt, accepted("o1")).await;
    assert_eq!(bed.due().await, [second]);
}

#[tokio::test]
async fn a_limit_puts_sends_off_and_says_so() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "a", NOW, None).await;
    let before = bed.message(message).await.revision;
    let put_off = |until| EventBody::SendsPutOff {
        messages: vec![message, MessageId::new()],
        until,
        why: WaitReason::Pair,
    };
    bed.apply(put_off(NOW + 6_000)).await.unwrap();
    bed.apply(put_off(NOW + 4_000)).await.unwrap();
    let m = bed.message(message).await;
    assert_eq!(m.waits, Some(Waiting { until: NOW + 6_000, why: WaitReason::Pair }));
    assert_eq!(m.revision, before + 1, "a shorter wait changes nothing");
    assert_eq!(bed.due().await, []);
    let e = bed.apply(EventBody::SendMoved { message, send_at: None }).await.unwrap_err();
    assert!(e.to_string().contains("as soon as it may"), "{e}");
    bed.clock.advance(6_000);
    bed.start(message).await;
    bed.apply(put_off(NOW + 60_000)).await.unwrap();
    assert_eq!(bed.message(message).await.state, DeliveryState::Sending, "what has left is not put off");
}

#[tokio::test]
async fn a_scheduled_send_is_moved_sent_now_and_fails_aloud() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "a", NOW, Some(NOW + 60_000)).await;
    assert_eq!(bed.store.read(Reader::outbox_counts).await.unwrap(), (0, 1, 0));
    bed.apply(EventBody::SendMoved { message, send_at: Some(NOW + 90_000) }).await.unwrap();
    assert_eq!(bed.message(message).await.waits.unwrap().until, NOW + 90_000);
    bed.clock.advance(60_000);
    assert_eq!(bed.due().await, []);
    bed.apply(EventBody::SendMoved { message, send_at: None }).await.unwrap();
    assert_eq!((bed.message(message).await.waits, bed.due().await), (None, vec![message]));
    let message = bed.queue_at(thread, "b", NOW, Some(NOW + 70_000)).await;
    let first = bed.due().await[0];
    bed.apply(EventBody::MessageCancelled { message: first }).await.unwrap();
    bed.clock.advance(10_000);
    let attempt = bed.start(message).await;
    bed.end(message, attempt, AttemptOutcome::Rejected { error: error(0) }).await;
    let notices = bed.store.read(|r| r.notices(5)).await.unwrap();
    assert!(
        notices.len() == 1 && notices[0].text.contains("Marta Souza") && notices[0].text.contains("why"),
        "{notices:?}"
    );
    assert!(bed.apply(EventBody::SendMoved { message, send_at: None }).await.is_err());
}

#[tokio::test]
async fn a_status_of_the_first_attempt_settles_the_message_and_the_new_attempt_does_not_leave() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let first = bed.lost(message).await;
    let second = bed.retry(message).await;
    bed.webhook(vec![status("out1", "delivered", Some(first))]).await;
    let m = bed.message(message).await;
    assert_eq!((m.state, m.provider_id.unwrap().0), (DeliveryState::Delivered, "out1".to_owned()));
    assert_eq!(bed.due().await, [], "it has arrived: nobody needs it twice");
    let e = bed.apply(EventBody::AttemptStarted { message, attempt: second }).await.unwrap_err();
    assert!(e.to_string().contains("no longer waiting"), "{e}");
    bed.webhook(vec![status("out1", "read", None)]).await;
    assert_eq!(bed.message(message).await.state, DeliveryState::Read);
    assert_eq!(bed.threads().await[0].failed, 0);
    bed.whole().await;
}

#[tokio::test]
async fn both_attempts_keep_their_own_ticks_when_both_got_through() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let first = bed.lost(message).await;
    bed.retry(message).await;
    let second = bed.start(message).await;
    // The first one's ticks come while the second one is on the wire.
    bed.webhook(vec![status("out1", "read", Some(first))]).await;
    let m = bed.message(message).await;
    assert_eq!(m.state, DeliveryState::Sending, "not the tick of the new attempt");
    assert_eq!(m.also_sent.map(|o| o.state), Some(DeliveryState::Read), "and not lost");
    bed.end(message, second, accepted("out2")).await;
    bed.webhook(vec![status("out2", "sent", Some(second))]).await;
    let m = bed.message(message).await;
    assert_eq!((m.state, m.provider_id.unwrap().0.as_str()), (DeliveryState::Sent, "out2"));
    assert_eq!((m.attempts, m.also_sent.unwrap().state), (2, DeliveryState::Read));
    // An answer to either quotes this message.
    for id in ["out1", "out2"] {
        bed.webhook(vec![Change::Reaction {
            provider_id: format!("r-{id}"),
            at: NOW + 2_000,
            peer: marta(),
            own: false,
            target: id.into(),
            emoji: "👍".into(),
        }])
        .await;
        assert_eq!(bed.message(message).await.reactions.len(), 1, "{id}");
    }
    bed.whole().await;
}

#[tokio::test]
async fn a_resend_that_fails_gives_way_to_the_first_attempt_that_arrived() {
    for first_comes in ["before", "after"] {
        let bed = Bed::new().await;
        let thread = bed.thread().await;
        let message = bed.queue_at(thread, "hello", NOW, None).await;
        let first = bed.lost(message).await;
        bed.retry(message).await;
        let second = bed.start(message).await;
        if first_comes == "before" {
            bed.webhook(vec![status("out1", "sent", Some(first))]).await;
        }
        bed.end(message, second, AttemptOutcome::Rejected { error: error(131_026) }).await;
        if first_comes == "after" {
            assert_eq!(bed.message(message).await.state, DeliveryState::Failed);
            bed.webhook(vec![status("out1", "sent", Some(first))]).await;
        }
        let m = bed.message(message).await;
        assert_eq!(m.state, DeliveryState::Sent, "{first_comes}");
        assert_eq!((m.provider_id.unwrap().0.as_str(), m.error), ("out1", None));
        assert_eq!(bed.threads().await[0].failed, 0);
        bed.whole().await;
    }
}

#[tokio::test]
async fn a_resend_that_is_withdrawn_leaves_the_message_unknown() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let first = bed.lost(message).await;
    bed.retry(message).await;
    assert_eq!(bed.threads().await[0].failed, 0);
    bed.apply(EventBody::MessageCancelled { message }).await.unwrap();
    let m = bed.message(message).await;
    assert_eq!(m.state, DeliveryState::Unknown, "nobody took back what may have arrived");
    assert_eq!(bed.threads().await[0].failed, 1);
    bed.whole().await;
    // Put aside it stays what it is; a late word of the provider still settles it.
    bed.apply(EventBody::MessageCancelled { message }).await.unwrap();
    assert!(bed.message(message).await.put_aside);
    assert_eq!(bed.store.read(Reader::outbox_counts).await.unwrap(), (0, 0, 0));
    bed.webhook(vec![status("out1", "sent", Some(first))]).await;
    let m = bed.message(message).await;
    assert!(m.state == DeliveryState::Sent && !m.put_aside);
    bed.whole().await;
}

#[tokio::test]
async fn what_was_put_aside_can_be_taken_up_again() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    bed.lost(message).await;
    bed.apply(EventBody::MessageCancelled { message }).await.unwrap();
    bed.apply(EventBody::MessageCancelled { message }).await.unwrap();
    bed.retry(message).await;
    assert_eq!((bed.due().await, bed.message(message).await.put_aside), (vec![message], false));
    bed.whole().await;
}

#[tokio::test]
async fn an_attempt_that_was_put_off_and_sent_all_the_same_is_not_sent_again() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let first = bed.start(message).await;
    let at = NOW + 4_000;
    bed.end(message, first, AttemptOutcome::RetryAt { at, error: error(131_016), scope: HoldScope::Message })
        .await;
    bed.webhook(vec![status("out1", "sent", Some(first))]).await;
    bed.clock.advance(10_000);
    assert_eq!((bed.due().await, bed.message(message).await.state), (vec![], DeliveryState::Sent));
    bed.whole().await;
}

#[tokio::test]
async fn ticks_without_our_id_wait_for_one_that_has_it() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let first = bed.lost(message).await;
    bed.webhook(vec![status("out1", "read", None)]).await;
    assert_eq!(bed.message(message).await.state, DeliveryState::Unknown);
    bed.webhook(vec![status("out1", "sent", Some(first))]).await;
    let m = bed.message(message).await;
    assert_eq!(m.state, DeliveryState::Read, "{m:?}");
    assert!(m.times.sent.is_some());
}

#[tokio::test]
async fn tries_are_counted_anew_when_an_operator_sends_again() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    for _ in 0..3 {
        let attempt = bed.start(message).await;
        let outcome = AttemptOutcome::RetryAt { at: NOW, error: error(2), scope: HoldScope::Message };
        bed.end(message, attempt, outcome).await;
    }
    let tries = async || bed.store.read(|r| r.due(NOW, 9)).await.unwrap().sends[0].tries;
    assert_eq!(tries().await, 3);
    let attempt = bed.start(message).await;
    bed.end(message, attempt, AttemptOutcome::Rejected { error: error(2) }).await;
    bed.retry(message).await;
    assert_eq!(tries().await, 0);
    bed.start(message).await;
    assert_eq!(bed.message(message).await.attempts, 5, "all of them are counted for people");
}

#[tokio::test]
async fn a_refusal_of_before_the_customer_wrote_again_does_not_close_the_window() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    bed.clock.advance(1_000);
    let (_, attempt) = bed.sent(thread, "hello", "out1").await;
    bed.webhook(vec![says(&marta(), "w2", NOW + 10_000, "still here")]).await;
    bed.webhook(vec![status("out1", "failed", Some(attempt))]).await;
    assert!(bed.threads().await[0].window.is_open(NOW + 20_000), "she wrote after that send");
    bed.clock.advance(20_000);
    let (_, attempt) = bed.sent(thread, "hello", "out2").await;
    let mut refused = status("out2", "failed", Some(attempt));
    if let Change::Status(s) = &mut refused {
        s.at = NOW + 22_000;
    }
    bed.webhook(vec![refused]).await;
    assert_eq!(bed.threads().await[0].window.until, None);
    bed.whole().await;
}

#[tokio::test]
async fn a_reaction_whose_answer_was_lost_is_settled_by_its_status() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let target = bed.messages(thread).await[0].id;
    let (message, attempt) = (MessageId::new(), AttemptId::new());
    bed.apply(EventBody::MessageQueued {
        message,
        attempt,
        account: account(),
        to: Recipient::Thread { thread },
        content: Outgoing::Reaction { target, emoji: "👍".into() },
        quote: None,
        not_before: NOW,
        send_at: None,
    })
    .await
    .unwrap();
    bed.lost(message).await;
    assert_eq!(bed.store.read(Reader::outbox_counts).await.unwrap(), (0, 0, 1));
    bed.webhook(vec![status("out1", "sent", Some(attempt))]).await;
    assert_eq!(bed.store.read(Reader::outbox_counts).await.unwrap(), (0, 0, 0));
    assert!(bed.message(target).await.reactions.iter().any(|r| r.own && r.emoji == "👍"));
}

#[tokio::test]
async fn what_was_learned_by_asking_is_applied_like_a_webhook_and_once() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let (message, _) = bed.sent(thread, "hello", "out1").await;
    let learned = |word: &str| StatusUpdate {
        provider_id: "out1".into(),
        opaque: None,
        state: DeliveryState::parse(word),
        word: word.into(),
        at: NOW + 1_000,
        recipient: vec![],
        error: None,
        category: None,
        free_until: None,
    };
    for _ in 0..2 {
        let statuses = vec![learned("sent"), learned("delivered")];
        bed.apply(EventBody::StatusesLearned { account: account(), statuses }).await.unwrap();
    }
    let m = bed.message(message).await;
    assert_eq!((m.state, m.times.delivered), (DeliveryState::Delivered, Some(NOW + 1_000)));
    let facts = bed.store.read(move |r| r.send_facts(message)).await.unwrap();
    assert_eq!((facts.state, facts.since), (DeliveryState::Delivered, NOW + 1_000));
    assert_eq!(facts.attempts.len(), 1);
    assert_eq!(facts.attempts[0].1.as_deref(), Some("out1"));
}

#[tokio::test]
async fn webhooks_of_trouble_that_name_a_send_are_found() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let attempt = bed.lost(message).await;
    let body = |problem: Option<&str>| EventBody::WebhookReceived {
        account: account(),
        provider: "meta".into(),
        raw: format!("{{\"x\":\"{attempt}\"").into_bytes(),
        batch: problem.is_none().then(WebhookBatch::default),
        problem: problem.map(str::to_owned),
    };
    bed.apply(body(Some("not JSON"))).await.unwrap();
    bed.apply(body(None)).await.unwrap();
    // A status that was routed to another account waits there.
    let other = status("out1", "sent", Some(AttemptId::new()));
    bed.webhook(vec![other]).await;
    let (kept, raw) = bed.store.read_slow(move |r| r.kept_about(attempt)).await.unwrap();
    assert_eq!((kept.len(), raw), (0, 1), "only those that were not understood");
}

#[tokio::test]
async fn the_rows_of_the_outbox_say_what_waits_and_why() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let failed = bed.queue_at(thread, "failed", NOW, None).await;
    let attempt = bed.start(failed).await;
    bed.end(failed, attempt, AttemptOutcome::Rejected { error: error(131_026) }).await;
    let unknown = bed.queue_at(thread, "unknown", NOW, None).await;
    bed.lost(unknown).await;
    let later = bed.queue_at(thread, "later", NOW, Some(NOW + 60_000)).await;
    let now = bed.queue_at(thread, "now", NOW, None).await;
    let rows = bed.store.read(|r| r.outbox_rows(None, 10)).await.unwrap();
    let got: Vec<_> = rows.iter().map(|r| (r.message, r.state.as_str(), r.text.as_str())).collect();
    assert_eq!(
        got,
        [
            (now, "queued", "now"),
            (later, "queued", "later"),
            (unknown, "unknown", "unknown"),
            (failed, "failed", "failed")
        ]
    );
    assert_eq!(rows[1].waits, Some(Waiting { until: NOW + 60_000, why: WaitReason::Later }));
    assert_eq!(rows[3].error.as_ref().map(|e| e.code), Some(131_026));
    let none = bed.store.read(|r| r.outbox_rows(Some(&AccountId::new("other")), 10)).await.unwrap();
    assert!(none.is_empty());
    bed.apply(EventBody::MessageCancelled { message: failed }).await.unwrap();
    assert_eq!(bed.store.read(|r| r.outbox_rows(None, 10)).await.unwrap().len(), 3);
}

fn echo(id: &str, text: &str) -> Change {
    let Change::Message(m) = says(&marta(), id, NOW + 500, text) else { unreachable!() };
    let state = Some(DeliveryState::Sent);
    Change::Message(Box::new(InboundMessage { author: Author::Provider, opens_window: false, state, ..*m }))
}

#[tokio::test]
async fn a_report_of_our_own_send_that_overtakes_its_answer_is_no_second_message() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let attempt = bed.start(message).await;
    bed.webhook(vec![status("out1", "delivered", None), echo("out1", "hello")]).await;
    assert_eq!(bed.messages(thread).await.len(), 2, "the customer's and ours");
    bed.end(message, attempt, accepted("out1")).await;
    assert_eq!(bed.messages(thread).await.len(), 2);
    assert_eq!(bed.message(message).await.state, DeliveryState::Delivered);
    // The same again, and one that another program sent.
    bed.webhook(vec![echo("out1", "hello"), echo("out2", "from the dashboard")]).await;
    assert_eq!(bed.messages(thread).await.len(), 3);
    bed.whole().await;
}

#[tokio::test]
async fn what_another_program_sent_while_ours_was_on_the_wire_comes_in_when_ours_has_ended() {
    let later =
        AttemptOutcome::RetryAt { at: NOW + 60_000, error: error(130_429), scope: HoldScope::Message };
    let refused = AttemptOutcome::Rejected { error: error(131_026) };
    for (how, outcome) in [("refused", refused), ("later", later), ("taken", accepted("out1"))] {
        let bed = Bed::new().await;
        let thread = bed.thread().await;
        let message = bed.queue_at(thread, "hello", NOW, None).await;
        let attempt = bed.start(message).await;
        bed.webhook(vec![status("other", "read", None), echo("other", "from the dashboard")]).await;
        assert_eq!(bed.messages(thread).await.len(), 2, "{how}: it may be ours");
        bed.end(message, attempt, outcome).await;
        let all = bed.messages(thread).await;
        let other = all.iter().find(|m| m.body == Body::text("from the dashboard"));
        assert_eq!(other.map(|m| m.state), Some(DeliveryState::Read), "{how}");
        assert_eq!(all.len(), 3, "{how}");
        bed.webhook(vec![echo("other", "from the dashboard")]).await;
        assert_eq!(bed.messages(thread).await.len(), 3, "{how}: once");
        bed.whole().await;
    }
}

#[tokio::test]
async fn what_may_be_a_send_of_which_nobody_knows_waits_until_somebody_knows() {
    let bed = Bed::new().await;
    let thread = bed.thread().await;
    let message = bed.queue_at(thread, "hello", NOW, None).await;
    let attempt = bed.start(message).await;
    bed.webhook(vec![echo("out1", "hello"), echo("other", "from the dashboard")]).await;
    bed.end(message, attempt, AttemptOutcome::Unknown { error: error(0) }).await;
    assert_eq!(bed.messages(thread).await.len(), 2);
    // A tick says which it was: the other one is somebody else's.
    bed.webhook(vec![status("out1", "delivered", Some(attempt))]).await;
    let texts: Vec<String> = bed.messages(thread).await.iter().map(|m| m.body.plain_text()).collect();
    assert_eq!(texts.iter().filter(|t| *t == "hello").count(), 1, "{texts:?}");
    assert!(texts.iter().any(|t| t == "from the dashboard"), "{texts:?}");
    // Where nobody ever says, the operator's word ends the wait.
    let second = bed.queue_at(thread, "again", NOW, None).await;
    let attempt = bed.start(second).await;
    bed.webhook(vec![echo("third", "also from there")]).await;
    bed.end(second, attempt, AttemptOutcome::Unknown { error: error(0) }).await;
    let before = bed.messages(thread).await.len();
    bed.apply(EventBody::MessageCancelled { message: second }).await.unwrap();
    assert_eq!(bed.messages(thread).await.len(), before + 1);
    bed.whole().await;
}
