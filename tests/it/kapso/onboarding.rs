//! From nothing to a connected number, with everything that can get lost on the way.

use super::*;
use switchboard::model::account::onboarding as steps;
use switchboard::protocol::Verdict;

fn link_of(detail: &AccountDetail) -> String {
    detail.setup.link.as_ref().unwrap_or_else(|| panic!("no link: {detail:?}")).url.clone()
}

#[tokio::test]
async fn a_person_opens_the_link_and_the_number_is_connected() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    let detail = house.connect().await.unwrap();
    assert_eq!(detail.view.state, "pending");
    let url = link_of(&detail);
    assert!(detail.setup.steps[steps::PROJECT_WEBHOOK].done && detail.setup.steps[steps::CUSTOMER].done);
    assert!(!detail.setup.steps[steps::NUMBER].done && !detail.setup.steps[steps::NUMBER].next.is_empty());
    assert!(detail.hindered.is_some(), "nothing can be sent yet");
    assert!(detail.secrets.contains(&SecretKey::AppSecret), "a secret for the webhooks was made");
    // Again: it is the same link, the same customer, the same webhook.
    let again = house.connect().await.unwrap();
    assert_eq!(link_of(&again), url);
    let state = house.state().await;
    assert_eq!((state["customers"].as_u64(), state["links"].as_array().unwrap().len()), (Some(1), 1));
    assert_eq!(house.hooks().await.len(), 1);
    // The person opens the page and presses its button.
    let page = house.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Tienda Sol"), "{page}");
    assert!(house.http.post(&url).send().await.unwrap().status().is_success());
    let done = house.becomes("connected").await;
    assert_eq!(done.view.spec.number, ATELIER);
    assert_eq!(done.view.spec.business, "220033440055123");
    assert_eq!(done.view.facts.display_phone, "+49 30 5550 2041");
    assert!(done.setup.link.is_none() && done.hindered.is_none(), "{done:?}");
    assert!(steps::STEPS.iter().all(|(name, _)| done.setup.steps[*name].done), "{:?}", done.setup.steps);
    let hooks = house.hooks().await;
    assert_eq!(hooks.len(), 2);
    let messages = hooks.iter().find(|h| h["number"] == ATELIER).unwrap();
    assert!(messages["url"].as_str().unwrap().ends_with("/kapso/messages") && messages["active"] == true);
    // And the chain holds, as the doctor sees it.
    let mut c = house.client().await;
    let Response::Checks(checks) = ask(&mut c, Request::Doctor).await else { panic!() };
    let of = |name: &str| checks.iter().find(|c| c.name == name).map(|c| (c.verdict, c.seen.clone()));
    for name in ["listener.signature", "provider.token", "provider.number", "provider.subscription"] {
        assert_eq!(of(name).map(|f| f.0), Some(Verdict::Pass), "{name}: {:?}", of(name));
    }
    assert_eq!(of("listener.handshake"), None, "there is none");
    house.stop().await;
}

#[tokio::test]
async fn a_lost_webhook_is_made_up_for_by_looking() {
    let clock = Clock::manual(1_795_176_000_000);
    let house = House::at(clock.clone()).await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    house.connect().await.unwrap();
    house.control("lose", json!({ "count": 5, "event": "whatsapp.phone_number.created" })).await;
    house.control("complete", json!({})).await;
    assert_eq!(house.show().await.view.state, "pending", "nobody told us, and it is not time to look");
    eventually("the number is found", || async {
        clock.advance(3_000);
        (house.show().await.view.state == "connected").then_some(())
    })
    .await;
    assert_eq!(house.state().await["lost"], 1);
    house.stop().await;
}

#[tokio::test]
async fn looks_for_a_number_that_nobody_connects_become_rare() {
    // A look asks for numbers and for links.
    const LOOK: u64 = 2;
    let clock = Clock::manual(1_795_176_000_000);
    let house = House::at(clock.clone()).await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    house.connect().await.unwrap();
    let requests = async || house.state().await["requests"].as_u64().unwrap();
    let mut before = requests().await;
    for wait in [5_000_i64, 5_000, 7_500, 11_250, 16_875, 25_312] {
        let mut left = wait;
        while left > 500 {
            clock.advance(500);
            left -= 500;
            house.show().await;
            assert_eq!(requests().await, before, "{left} ms too early for the look after {wait} ms");
        }
        clock.advance(left);
        before += LOOK;
        eventually("the next look", || async { (requests().await == before).then_some(()) }).await;
    }
    assert_eq!(house.show().await.view.state, "pending");
    house.stop().await;
}

#[tokio::test]
async fn an_expired_link_is_replaced_when_a_person_wants_it() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    let first = link_of(&house.connect().await.unwrap());
    house.control("expire", json!({})).await;
    assert_eq!(house.http.post(&first).send().await.unwrap().status(), 410);
    let second = link_of(&house.connect().await.unwrap());
    assert_ne!(first, second);
    assert_eq!(house.state().await["customers"], 1, "the customer stays");
    assert!(house.http.post(&second).send().await.unwrap().status().is_success());
    house.becomes("connected").await;
    house.stop().await;
}

#[tokio::test]
async fn a_link_whose_time_ends_meanwhile_is_said_to_be_over() {
    let clock = Clock::manual(1_795_176_000_000);
    let house = House::at(clock.clone()).await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    house.connect().await.unwrap();
    house.control("expire", json!({})).await;
    let over = eventually("the end is noticed", || async {
        clock.advance(3_000);
        let link = house.show().await.setup.link.unwrap();
        (link.status == "expired").then_some(())
    });
    over.await;
    let detail = house.show().await;
    assert_eq!(detail.view.state, "pending");
    assert!(detail.setup.steps[steps::LINK].next.contains("accounts connect"), "{detail:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_setup_that_failed_says_why_and_can_be_tried_again() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    let url = link_of(&house.connect().await.unwrap());
    house.control("fail", json!({ "error": "waba_limit_reached" })).await;
    let detail = house.connect().await.unwrap();
    assert_eq!(link_of(&detail), url, "it stays good");
    assert!(detail.setup.steps[steps::NUMBER].text.contains("waba_limit_reached"), "{detail:?}");
    assert!(house.http.post(&url).send().await.unwrap().status().is_success());
    house.becomes("connected").await;
    house.stop().await;
}

/// The engine ends after every call that it makes while it connects, and another one goes on.
#[tokio::test]
async fn killed_at_any_step_it_goes_on() {
    for broken in [
        "reset-after@subscribe=1x",
        "reset-after@onboarding=1x",
        "reset-after@onboarding=2x",
        "reset-after@onboarding=3x",
        "reset-after@onboarding=4x",
    ] {
        let mut house = House::new().await;
        house.begin(DEMO_KAPSO_KEY, "").await;
        house.faults(broken).await;
        let _ = house.connect().await;
        house.faults("").await;
        house = house.restart().await;
        let detail = house.connect().await.unwrap();
        let state = house.state().await;
        assert_eq!(state["customers"], 1, "{broken}");
        let open =
            |s: &Value| s["links"].as_array().unwrap().iter().filter(|l| l["status"] == "active").count();
        assert_eq!(open(&state), 1, "{broken}: {state}");
        assert_eq!(house.hooks().await.len(), 1, "{broken}");
        assert!(house.http.post(link_of(&detail)).send().await.unwrap().status().is_success());
        house.becomes("connected").await;
        assert_eq!(house.hooks().await.len(), 2, "{broken}");
        house.stop().await;
    }
}

#[tokio::test]
async fn a_number_that_comes_while_no_engine_runs_is_found_at_the_start() {
    let mut house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    let url = link_of(&house.connect().await.unwrap());
    house.listener.stop().await;
    house.engine.stop().await;
    house.http.post(&url).send().await.unwrap();
    let engine = Engine::start(house.settings.clone(), Clock::system()).await.unwrap();
    house.listener = Listener::start(&engine, &house.settings.listener).await.unwrap();
    house.engine = engine;
    let done = house.becomes("connected").await;
    assert_eq!(done.view.spec.number, ATELIER);
    // The listener has another address now: the messages come to it.
    let own = house.engine.listener_url(&id()).unwrap();
    let urls: Vec<String> =
        house.hooks().await.iter().map(|h| h["url"].as_str().unwrap().to_owned()).collect();
    assert!(urls.contains(&format!("{own}/kapso/messages")), "{urls:?}");
    assert_eq!(urls.len(), 2, "what went to the old address is gone: {urls:?}");
    house.stop().await;
}

#[tokio::test]
async fn the_webhook_for_messages_is_registered_after_all() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    house.connect().await.unwrap();
    house.faults("error:500@subscribe=1x").await;
    house.control("complete", json!({})).await;
    let done = house.becomes("connected").await;
    assert!(!done.setup.message_webhook.is_empty());
    house.stop().await;
}

#[tokio::test]
async fn taken_off_and_connected_again() {
    let house = House::connected().await;
    let off = house.act(AccountRequest::Disconnect { account: id() }).await.unwrap();
    assert_eq!((off.view.state.as_str(), off.view.spec.number.as_str()), ("disconnected", ""));
    assert!(off.setup.link.is_none() && off.setup.message_webhook.is_empty());
    assert!(!off.setup.customer.is_empty(), "the customer stays");
    assert_eq!(off.setup.was_number, "493055502041");
    let hooks = house.hooks().await;
    assert!(hooks.iter().all(|h| h["number"].is_null()), "the webhook for messages is gone: {hooks:?}");
    assert_eq!(house.state().await["customers"], 1);
    // The number still works at Kapso: no link is needed.
    let on = house.act(AccountRequest::Reconnect { account: id() }).await.unwrap();
    assert_eq!((on.view.state.as_str(), on.view.spec.number.as_str()), ("connected", ATELIER));
    assert_eq!(house.hooks().await.len(), 2);
    house.stop().await;
}

#[tokio::test]
async fn a_number_that_the_provider_lost_is_connected_anew_by_a_link_of_its_own() {
    let house = House::connected().await;
    house.control("disconnect", json!({ "number": ATELIER, "reason": "token_revoked" })).await;
    let off = house.becomes("disconnected").await;
    assert!(off.view.state_text.contains("token revoked"), "{off:?}");
    assert!(off.hindered.is_some());
    let asked = house.act(AccountRequest::Reconnect { account: id() }).await.unwrap();
    assert_eq!(asked.view.state, "pending");
    let url = link_of(&asked);
    assert!(house.http.post(&url).send().await.unwrap().status().is_success());
    let on = house.becomes("connected").await;
    assert_eq!(on.view.spec.number, ATELIER, "the same number");
    house.stop().await;
}

#[tokio::test]
async fn a_number_that_comes_back_by_itself_is_connected_again() {
    let house = House::connected().await;
    house.control("disconnect", json!({ "number": ATELIER })).await;
    house.becomes("disconnected").await;
    house.control("reconnect", json!({ "number": ATELIER })).await;
    house.becomes("connected").await;
    house.control("offboard", json!({ "number": ATELIER })).await;
    let off = house.becomes("disconnected").await;
    assert!(off.view.state_text.contains("left the provider"), "{off:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_removed_account_leaves_no_webhook_behind() {
    let house = House::connected().await;
    let mut c = house.client().await;
    let act = AccountRequest::Delete { account: id(), name: "Tienda Sol".into() };
    ask(&mut c, Request::Account { act }).await;
    assert_eq!(house.hooks().await, Vec::<Value>::new());
    assert!(house.dir.path().join("secrets").read_dir().unwrap().next().is_none(), "its secrets are gone");
    house.stop().await;
}
