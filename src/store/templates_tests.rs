//! Templates in the store: what changes is noted once, and what is kept here outlives the provider's list.

use super::tests::{Bed, NOW, account};
use super::*;
use crate::model::event::{AccountSpec, Actor, EventBody, Recipient};
use crate::model::ids::{AccountId, AttemptId, MessageId};
use crate::model::inbound::{Change, TemplateNews};
use crate::model::outgoing::Outgoing;
use crate::model::template::act::{Submission, TemplateAct};
use crate::model::template::local::{TemplateChange, TemplateSettings};
use crate::model::template::{Template, TemplateSend, Values};
use crate::protocol::templates::TemplateRow;

fn copy(status: &str, category: &str, at: i64) -> Template {
    Template {
        provider_id: "7".into(),
        name: "order_update".into(),
        language: "en".into(),
        category: category.into(),
        status: status.into(),
        body: "Your order is on its way.".into(),
        components: vec![serde_json::json!({ "type": "BODY", "text": "Your order is on its way." })],
        synced_at: at,
        ..Template::default()
    }
}

async fn sync(bed: &Bed, templates: Vec<Template>) {
    bed.apply(EventBody::TemplatesSynced { account: account(), templates }).await.unwrap();
}

async fn act(bed: &Bed, what: TemplateAct) {
    bed.apply(EventBody::TemplateAdministered { account: account(), what }).await.unwrap();
}

async fn row(bed: &Bed) -> Option<TemplateRow> {
    bed.store.read(|r| r.template_row(&account(), "order_update", "en")).await.unwrap()
}

async fn history(bed: &Bed) -> Vec<TemplateChange> {
    bed.store.read(|r| r.template_history(&account(), "order_update", "en")).await.unwrap()
}

async fn parts(bed: &Bed) -> Vec<(String, String, String)> {
    history(bed).await.into_iter().rev().map(|c| (c.part, c.from, c.to)).collect()
}

fn line(part: &str, from: &str, to: &str) -> (String, String, String) {
    (part.into(), from.into(), to.into())
}

fn sent() -> EventBody {
    let send = TemplateSend { name: "order_update".into(), language: "en".into(), components: vec![] };
    EventBody::MessageQueued {
        message: MessageId::new(),
        attempt: AttemptId::new(),
        account: account(),
        to: Recipient::Identity { identity: crate::model::contact::Identity::phone("447700900123") },
        content: Outgoing::Template { send, shown: copy("APPROVED", "UTILITY", 0).preview(&Values::new()) },
        quote: None,
        not_before: 0,
        send_at: None,
    }
}

#[tokio::test]
async fn what_a_read_list_changes_is_noted_and_the_first_one_tells_nothing() {
    let bed = Bed::new().await;
    sync(&bed, vec![copy("PENDING", "UTILITY", NOW)]).await;
    assert_eq!(parts(&bed).await, []);
    bed.clock.advance(1_000);
    sync(&bed, vec![copy("APPROVED", "UTILITY", NOW + 1_000)]).await;
    // The sample of a header has another address at every read, and the quality is unknown in two ways.
    let same = Template { quality: "UNKNOWN".into(), ..copy("APPROVED", "UTILITY", NOW + 2_000) };
    sync(&bed, vec![same]).await;
    bed.clock.advance(1_000);
    sync(&bed, vec![copy("APPROVED", "MARKETING", NOW + 3_000)]).await;
    sync(&bed, vec![]).await;
    assert_eq!(row(&bed).await, None);
    bed.clock.advance(1_000);
    sync(&bed, vec![copy("SOMETHING_NEW", "MARKETING", NOW + 9_000)]).await;
    assert_eq!(
        parts(&bed).await,
        [
            line("status", "PENDING", "APPROVED"),
            line("category", "UTILITY", "MARKETING"),
            line("deleted", "APPROVED", ""),
            line("created", "", "SOMETHING_NEW"),
        ]
    );
    assert_eq!(row(&bed).await.unwrap().template.status, "SOMETHING_NEW");
    bed.whole().await;
}

#[tokio::test]
async fn what_is_kept_here_outlives_list_and_deletion() {
    let bed = Bed::new().await;
    sync(&bed, vec![copy("APPROVED", "UTILITY", NOW)]).await;
    let mapping = Values::from([("body.1".to_owned(), "{{ contact.first_name }}".to_owned())]);
    let settings = TemplateSettings { enabled: false, roles: vec!["agent".into()], mapping };
    let set =
        TemplateAct::Set { name: "order_update".into(), language: "en".into(), settings: settings.clone() };
    act(&bed, set).await;
    let queued = bed.store.apply(Event::new(NOW, Actor::Operator("ana".into()), sent())).await.unwrap();
    assert!(!queued.repeated);
    sync(&bed, vec![]).await;
    sync(&bed, vec![copy("APPROVED", "UTILITY", NOW + 1)]).await;
    let r = row(&bed).await.unwrap();
    assert_eq!((r.settings, r.used.count, r.used.last), (settings, 1, Some(NOW)));
    let thread = queued.thread.unwrap();
    let preview = bed.store.read(move |r| r.thread(thread)).await.unwrap().row.preview.unwrap();
    assert_eq!(preview.text, "[Template: order_update] Your order is on its way.");
}

#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let bed = Bed::new().await;
    sync(&bed, vec![copy("APPROVED", "UTILITY", NOW)]).await;
    let by = || Actor::Operator("ana".into());
    let twice = async |body: EventBody| {
        let event = Event::new(bed.clock.now(), by(), body);
        bed.store.apply(event.clone()).await.unwrap();
        let (r, h) = (row(&bed).await, history(&bed).await);
        assert!(bed.store.apply(event).await.unwrap().repeated);
        assert_eq!((row(&bed).await, history(&bed).await), (r, h));
    };
    twice(sent()).await;
    let what = |what| EventBody::TemplateAdministered { account: account(), what };
    let template = Box::new(copy("PENDING", "MARKETING", NOW + 1));
    twice(what(TemplateAct::Submitted { template, asked: "UTILITY".into(), how: Submission::Edited })).await;
    twice(what(TemplateAct::Acknowledged {
        name: "order_update".into(),
        language: "en".into(),
        category: "MARKETING".into(),
    }))
    .await;
    twice(what(TemplateAct::Deleted { name: "order_update".into(), language: None })).await;
    let again = copy("APPROVED", "UTILITY", NOW + 2);
    twice(what(TemplateAct::Read { name: "order_update".into(), templates: vec![again] })).await;
    assert_eq!(row(&bed).await.unwrap().used.count, 1);
}

#[tokio::test]
async fn a_move_is_a_warning_until_somebody_knows() {
    let bed = Bed::new().await;
    sync(&bed, vec![copy("APPROVED", "UTILITY", NOW)]).await;
    let news = |category: Option<&str>, coming: Option<&str>, at: i64| {
        Change::Template(Box::new(TemplateNews {
            at,
            provider_id: "7".into(),
            category: category.map(Into::into),
            coming_category: coming.map(Into::into),
            ..TemplateNews::default()
        }))
    };
    bed.webhook(vec![news(Some("UTILITY"), Some("MARKETING"), NOW + 1)]).await;
    let w = row(&bed).await.unwrap().warning.unwrap();
    assert_eq!(
        (w.part.as_str(), w.from.as_str(), w.to.as_str()),
        ("coming_category", "UTILITY", "MARKETING")
    );
    let known = |category: &str| TemplateAct::Acknowledged {
        name: "order_update".into(),
        language: "en".into(),
        category: category.into(),
    };
    // Who knows of another one does not know of this.
    act(&bed, known("AUTHENTICATION")).await;
    assert!(row(&bed).await.unwrap().warning.is_some());
    act(&bed, known("MARKETING")).await;
    assert_eq!(row(&bed).await.unwrap().warning, None);
    // The same news again, as the provider tells them again, warns of nothing.
    bed.webhook(vec![news(Some("UTILITY"), Some("MARKETING"), NOW + 1)]).await;
    assert_eq!(row(&bed).await.unwrap().warning, None);
    bed.webhook(vec![news(Some("MARKETING"), None, NOW + 2)]).await;
    let r = row(&bed).await.unwrap();
    assert_eq!(r.warning.unwrap().part, "category");
    assert_eq!((r.template.previous_category.as_str(), r.template.coming_category.as_str()), ("UTILITY", ""));
    assert_eq!(
        parts(&bed).await,
        [line("coming_category", "UTILITY", "MARKETING"), line("category", "UTILITY", "MARKETING"),]
    );
}

#[tokio::test]
async fn one_that_gets_another_category_than_it_was_asked_for_is_a_move() {
    let bed = Bed::new().await;
    sync(&bed, vec![]).await;
    let template = Box::new(copy("PENDING", "MARKETING", NOW));
    act(&bed, TemplateAct::Submitted { template, asked: "UTILITY".into(), how: Submission::Created }).await;
    let w = row(&bed).await.unwrap().warning.unwrap();
    assert_eq!((w.from.as_str(), w.to.as_str(), w.by.as_str()), ("UTILITY", "MARKETING", "provider"));
}

#[tokio::test]
async fn what_is_handed_in_while_the_list_is_read_stays() {
    let bed = Bed::new().await;
    sync(&bed, vec![Template { name: "other".into(), ..copy("APPROVED", "UTILITY", NOW) }]).await;
    bed.clock.advance(5_000);
    let template = Box::new(copy("PENDING", "UTILITY", NOW + 5_000));
    act(&bed, TemplateAct::Submitted { template, asked: String::new(), how: Submission::Created }).await;
    // That read began before.
    sync(&bed, vec![Template { name: "other".into(), ..copy("APPROVED", "UTILITY", NOW + 4_000) }]).await;
    assert_eq!(row(&bed).await.unwrap().template.status, "PENDING");
    assert_eq!(parts(&bed).await, [line("created", "", "PENDING")]);
}

#[tokio::test]
async fn numbers_of_one_business_share_its_templates_but_not_what_is_set() {
    let bed = Bed::new().await;
    let sales = || AccountId::new("sales");
    let spec = AccountSpec {
        id: sales(),
        name: "Sales".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: "339901477551021".into(),
        business: "218834005551201".into(),
    };
    bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    let template = Box::new(copy("PENDING", "UTILITY", NOW));
    act(&bed, TemplateAct::Submitted { template, asked: String::new(), how: Submission::Created }).await;
    let settings = TemplateSettings { enabled: false, ..TemplateSettings::default() };
    act(&bed, TemplateAct::Set { name: "order_update".into(), language: "en".into(), settings }).await;
    let other =
        bed.store.read(move |r| r.template_row(&sales(), "order_update", "en")).await.unwrap().unwrap();
    assert!(other.settings.enabled && other.template.status == "PENDING");
    act(&bed, TemplateAct::Deleted { name: "order_update".into(), language: Some("en".into()) }).await;
    let left = bed.store.read(move |r| r.template_row(&sales(), "order_update", "en")).await.unwrap();
    assert_eq!(left, None);
}
