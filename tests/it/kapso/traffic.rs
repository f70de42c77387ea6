//! Messages of a number at Kapso: in, out, and what becomes of them.

use super::*;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{MessageId, ThreadId};
use switchboard::model::message::{Body, Direction, Message, Origin};
use switchboard::model::outgoing::Outgoing;
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::{Place, WebhookFilter, WebhookState};
use switchboard::provider::kapso::webhook::sign;

/// A customer who writes to the number that was connected.
const WHO: &str = "5215500000201";

impl House {
    async fn say(&self, text: &str) -> String {
        let url = format!("{}/control/say", self.emulator.base_url());
        let body = json!({ "customer": WHO, "name": "Inés", "text": text, "number": ATELIER });
        let answer: Value = self.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        answer["wamid"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn threads(&self) -> Vec<ThreadRow> {
        let mut c = self.client().await;
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 100 };
        let Response::Threads(page) = ask(&mut c, r).await else { panic!() };
        page.items
    }

    async fn messages(&self, thread: ThreadId) -> Vec<Message> {
        let mut c = self.client().await;
        let r = Request::Messages { thread, place: Place::Newest, limit: 100 };
        let Response::Messages { items, .. } = ask(&mut c, r).await else { panic!() };
        items
    }

    /// A thread whose customer has just written.
    async fn thread(&self) -> ThreadId {
        let wamid = self.say("¿Hoy hasta qué hora abren?").await;
        let message = MessageId::of_provider(&id(), &wamid);
        eventually("the customer's message is here", || async {
            for t in self.threads().await {
                if self.messages(t.id).await.iter().any(|m| m.id == message) {
                    return Some(t.id);
                }
            }
            None
        })
        .await
    }

    async fn send(&self, thread: ThreadId, content: Outgoing) -> MessageId {
        let mut c = self.client().await;
        let to = Recipient::Thread { thread };
        let r = Request::Send { account: None, to, content, quote: None, at: None };
        let Response::Queued { message, .. } = ask(&mut c, r).await else { panic!() };
        message
    }

    async fn reaches(&self, thread: ThreadId, message: MessageId, state: DeliveryState) -> Message {
        eventually(&format!("the message is {state:?}"), || async {
            self.messages(thread).await.into_iter().find(|m| m.id == message && m.state == state)
        })
        .await
    }

    /// Posts what Kapso would post to an address of the account.
    async fn post(&self, rest: &str, event: &str, body: &Value, secret: Option<&str>) -> u16 {
        let url = format!("{}{rest}", self.engine.listener_url(&id()).unwrap());
        let body = body.to_string();
        let secret = match secret {
            Some(secret) => secret.to_owned(),
            None => std::fs::read_to_string(self.dir.path().join("secrets").join(format!("{ID}.app_secret")))
                .unwrap(),
        };
        let r = self
            .http
            .post(url)
            .header("x-webhook-event", event)
            .header("x-webhook-payload-version", "v2")
            .header("x-idempotency-key", "4a0c2f0e")
            .header("x-webhook-signature", sign(secret.as_bytes(), body.as_bytes()))
            .body(body);
        r.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn a_message_comes_in_and_an_answer_gets_its_ticks() {
    let house = House::connected().await;
    let thread = house.thread().await;
    let first = &house.messages(thread).await[0];
    assert_eq!(
        (first.direction, &first.body),
        (Direction::Inbound, &Body::text("¿Hoy hasta qué hora abren?"))
    );
    let row = house.threads().await.into_iter().find(|t| t.id == thread).unwrap();
    assert_eq!(row.unread, 1);
    let message = house.send(thread, Outgoing::text("Hasta las ocho.")).await;
    let read = house.reaches(thread, message, DeliveryState::Read).await;
    assert!(read.times.sent.is_some() && read.times.delivered.is_some());
    // Every state came as the whole message: it is here once.
    assert_eq!(house.messages(thread).await.iter().filter(|m| m.direction == Direction::Outbound).count(), 1);
    house.stop().await;
}

#[tokio::test]
async fn a_message_that_was_sent_elsewhere_is_a_message_of_ours() {
    let house = House::connected().await;
    let thread = house.thread().await;
    let body = json!({
        "message": { "id": "wamid.DASH", "timestamp": "1795171500", "type": "text", "text": { "body": "from the dashboard" },
            "kapso": { "direction": "outbound", "status": "delivered", "origin": "cloud_api", "phone_number": WHO,
                "statuses": [{ "id": "wamid.DASH", "status": "delivered", "timestamp": "1795171502", "recipient_id": WHO }] } },
        "conversation": { "id": "5b0c", "phone_number": WHO, "phone_number_id": ATELIER }, "phone_number_id": ATELIER,
    });
    for _ in 0..2 {
        assert_eq!(house.post("/kapso/messages", "whatsapp.message.delivered", &body, None).await, 200);
    }
    let all = house.messages(thread).await;
    let found: Vec<&Message> = all.iter().filter(|m| m.body == Body::text("from the dashboard")).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].state, found[0].direction), (DeliveryState::Delivered, Direction::Outbound));
    assert_eq!(found[0].origin, Origin::Provider);
    house.stop().await;
}

#[tokio::test]
async fn only_what_is_signed_comes_in_and_only_by_its_own_door() {
    let house = House::connected().await;
    let body = json!({ "phone_number_id": ATELIER });
    assert_eq!(house.post("/kapso/messages", "whatsapp.message.received", &body, Some("wrong")).await, 401);
    assert_eq!(house.post("", "whatsapp.message.received", &body, None).await, 404);
    assert_eq!(house.post("/kapso/other", "whatsapp.message.received", &body, None).await, 404);
    assert_eq!(house.post("/kapso/messages", "something.new", &body, None).await, 200);
    let unknown = json!({ "message": { "id": "wamid.F", "timestamp": "1795171500", "type": "text", "text": { "body": "x" },
        "from": WHO, "kapso": { "direction": "inbound" } }, "phone_number_id": "999999999999999" });
    assert_eq!(
        house.post("/kapso/messages", "whatsapp.message.received", &unknown, None).await,
        200,
        "and kept"
    );
    let mut c = house.client().await;
    let r = Request::Webhooks { filter: WebhookFilter::default(), before: None, limit: 50 };
    let Response::Webhooks(page) = ask(&mut c, r).await else { panic!() };
    let partial: Vec<_> = page.items.iter().filter(|w| w.state == WebhookState::Partial).collect();
    assert_eq!(partial.len(), 1, "{:?}", page.items);
    assert!(partial[0].says.contains("1 message"), "read by its own parser: {:?}", partial[0]);
    assert!(house.threads().await.iter().all(|t| t.account == id()), "nobody else's");
    // It is read again, and still has no number to go to.
    let Response::Replayed(again) = ask(&mut c, Request::ReplayWebhook { id: partial[0].id }).await else {
        panic!()
    };
    assert_eq!(again.state, WebhookState::Partial);
    house.stop().await;
}

#[tokio::test]
async fn the_window_that_kapso_says_is_closed_is_closed_here() {
    let house = House::connected().await;
    let thread = house.thread().await;
    assert!(house.threads().await[0].window.until.is_some());
    house.faults("error:422@messages=1x").await;
    let message = house.send(thread, Outgoing::text("too late")).await;
    let failed = house.reaches(thread, message, DeliveryState::Failed).await;
    let error = failed.error.unwrap();
    assert_eq!(error.code, 131_047);
    assert!(error.cause.is_some() && error.next.is_some());
    let row = house.threads().await.into_iter().find(|t| t.id == thread).unwrap();
    assert!(!row.window.is_open(Clock::system().now()), "{:?}", row.window);
    house.stop().await;
}

#[tokio::test]
async fn one_message_at_a_time_and_limits_are_waited_for() {
    let house = House::connected().await;
    let thread = house.thread().await;
    house.faults("error:409@messages=1x").await;
    let message = house.send(thread, Outgoing::text("again, shortly")).await;
    house.reaches(thread, message, DeliveryState::Read).await;
    house.faults("429:1s@messages=1x").await;
    let message = house.send(thread, Outgoing::text("and later")).await;
    house.reaches(thread, message, DeliveryState::Read).await;
    let out: Vec<Message> =
        house.messages(thread).await.into_iter().filter(|m| m.direction == Direction::Outbound).collect();
    assert_eq!(out.len(), 2, "each once");
    house.faults("error:402@messages=1x").await;
    let message = house.send(thread, Outgoing::text("no money")).await;
    let failed = house.reaches(thread, message, DeliveryState::Failed).await;
    assert!(failed.error.unwrap().next.unwrap().contains("billing"));
    house.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_report() {
    let house = House::connected().await;
    let thread = house.thread().await;
    house.faults("reset-after@messages=1x").await;
    let message = house.send(thread, Outgoing::text("did it leave?")).await;
    house.reaches(thread, message, DeliveryState::Read).await;
    let out = house.messages(thread).await.into_iter().filter(|m| m.direction == Direction::Outbound).count();
    assert_eq!(out, 1, "the report is of this message, not another one");
    house.stop().await;
}
