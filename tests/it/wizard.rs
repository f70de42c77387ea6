//! Connecting a number step by step, against the emulator over HTTP: every step, every refusal, and going on after a
//! restart.

use crate::common::{ask, private_dir, settings};
use serde_json::json;
use std::time::Duration;
use switchboard::clock::Clock;
use switchboard::emulator::{
    DEMO_ACCESS_TOKEN, DEMO_ACCOUNT, DEMO_APP_SECRET, DEMO_NUMBERS, DEMO_PIN, Emulator, EmulatorOptions,
};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::account::KeptAccount;
use switchboard::model::event::AccountSpec;
use switchboard::model::ids::AccountId;
use switchboard::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use switchboard::protocol::client::Client;
use switchboard::protocol::wizard::{WizardRequest, WizardStep};
use switchboard::protocol::{Problem, Request, Response};
use switchboard::webhook::Listener;

/// An engine without any account, at an emulator.
struct Place {
    emulator: Emulator,
    engine: Engine,
    listener: Listener,
    dir: tempfile::TempDir,
    http: reqwest::Client,
}

fn pt() -> AccountId {
    AccountId::new("shop-pt")
}

impl Place {
    async fn new() -> Self {
        let options = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        let emulator = Emulator::start(options).await.unwrap();
        let dir = private_dir();
        let settings = settings(dir.path(), &emulator.base_url(), 0);
        let engine = Engine::start(settings.clone(), Clock::system()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        let http = switchboard::provider::http::client(true, Duration::from_secs(10)).unwrap();
        Self { emulator, engine, listener, dir, http }
    }

    async fn client(&self) -> Client {
        let mut c = Client::new(self.engine.connect(&ClientInfo::inside("ana")));
        c.ask(Request::hello("", "")).await.unwrap();
        c
    }

    async fn control(&self, what: &str, body: serde_json::Value) {
        let url = format!("{}/control/{what}", self.emulator.base_url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}");
    }

    fn account(&self) -> KeptAccount {
        KeptAccount {
            spec: AccountSpec {
                id: pt(),
                name: "Shop PT".into(),
                provider: "meta".into(),
                environment: "production".into(),
                number: String::new(),
                business: String::new(),
            },
            api_base: self.emulator.base_url(),
            api_version: "v25.0".into(),
            subscribe: true,
            read_receipts: true,
        }
    }

    /// A new account, without anything.
    async fn begin(&self, c: &mut Client) -> AccountDetail {
        let act = AccountRequest::Keep { account: self.account() };
        detail(ask(c, Request::Account { act }).await)
    }

    /// The engine ends and begins again.
    async fn restart(self) -> Self {
        let Self { emulator, engine, listener, dir, http } = self;
        listener.stop().await;
        engine.stop().await;
        let settings = settings(dir.path(), &emulator.base_url(), 0);
        let engine = Engine::start(settings.clone(), Clock::system()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        Self { emulator, engine, listener, dir, http }
    }

    async fn stop(self) {
        self.listener.stop().await;
        self.engine.stop().await;
        self.emulator.stop().await;
    }
}

fn detail(response: Response) -> AccountDetail {
    let Response::Account(detail) = response else { panic!("{response:?}") };
    *detail
}

async fn step(c: &mut Client, act: WizardRequest) -> AccountDetail {
    detail(ask(c, Request::Wizard { act }).await)
}

/// A refusal, with what an account is unchanged by it.
async fn refused(c: &mut Client, act: WizardRequest) -> Problem {
    let before = show(c).await;
    let problem = c.ask(Request::Wizard { act }).await.unwrap_err();
    assert!(!problem.what.is_empty() && !problem.next.is_empty(), "three parts: {problem:?}");
    assert_eq!(show(c).await, before, "{problem:?}");
    problem
}

async fn show(c: &mut Client) -> AccountDetail {
    detail(ask(c, Request::Account { act: AccountRequest::Show { account: pt() } }).await)
}

fn token(secret: &str) -> WizardRequest {
    WizardRequest::Token { account: pt(), secret: Some(Secret::new(secret)) }
}

fn number(number: &str, business: &str) -> WizardRequest {
    WizardRequest::Number { account: pt(), number: number.into(), business: business.into() }
}

fn secret(secret: &str) -> WizardRequest {
    WizardRequest::AppSecret { account: pt(), secret: Some(Secret::new(secret)) }
}

fn verify() -> WizardRequest {
    WizardRequest::VerifyToken { account: pt(), secret: None }
}

fn register(pin: Option<&str>) -> WizardRequest {
    WizardRequest::Register { account: pt(), pin: pin.map(Secret::new) }
}

fn webhooks() -> WizardRequest {
    WizardRequest::Webhooks { account: pt(), by_hand: false }
}

fn test(to: &str) -> WizardRequest {
    WizardRequest::Test { account: pt(), to: to.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_connected_step_by_step_and_goes_on_after_a_restart() {
    let place = Place::new().await;
    let mut c = place.client().await;
    assert_eq!(place.begin(&mut c).await.view.state, "pending");
    let d = step(&mut c, token(DEMO_ACCESS_TOKEN)).await;
    let text = &d.setup.steps["token"].text;
    assert!(d.setup.steps["token"].done && text.contains("it does not end"), "{text}");
    let d = step(&mut c, number(DEMO_NUMBERS[1], DEMO_ACCOUNT)).await;
    assert!(d.setup.steps["number"].text.contains("+1 555"), "{:?}", d.setup.steps);
    assert_eq!(
        (d.view.spec.number.as_str(), d.view.state.as_str()),
        ("", "pending"),
        "not before it is whole"
    );
    let place = place.restart().await;
    let mut c = place.client().await;
    let d = show(&mut c).await;
    assert_eq!(d.setup.steps.len(), 2, "what was done is still done");
    // The same step again, with what is here.
    step(&mut c, WizardRequest::Token { account: pt(), secret: None }).await;
    step(&mut c, secret(DEMO_APP_SECRET)).await;
    step(&mut c, verify()).await;
    let kept = std::fs::read_to_string(place.dir.path().join("secrets/shop-pt.verify_token")).unwrap();
    step(&mut c, verify()).await;
    let again = std::fs::read_to_string(place.dir.path().join("secrets/shop-pt.verify_token")).unwrap();
    assert_eq!(kept, again, "one that is here stays");
    step(&mut c, register(None)).await;
    let d = step(&mut c, webhooks()).await;
    assert_eq!((d.view.state.as_str(), d.view.spec.number.as_str()), ("connected", DEMO_NUMBERS[1]));
    assert!(d.setup.steps["webhooks"].text.contains("http://127.0.0.1"), "{:?}", d.setup.steps);
    let d = step(&mut c, test("+55 11 90000-0101")).await;
    assert!(
        d.setup.steps["test"].text.contains("hello_world to +5511900000101"),
        "{:?}",
        d.setup.steps["test"]
    );
    assert_eq!(d.setup.steps.len(), WizardStep::ALL.len());
    assert!(d.setup.steps.values().all(|s| s.done));
    // Once more is no harm.
    step(&mut c, webhooks()).await;
    let json = serde_json::to_string(&d).unwrap();
    assert!(
        !json.contains(DEMO_ACCESS_TOKEN) && !json.contains(DEMO_APP_SECRET) && !json.contains(kept.trim())
    );
    // A customer's message comes in.
    place.control("say", json!({"customer": "447700900199", "number": DEMO_NUMBERS[1], "text": "hi"})).await;
    crate::common::eventually("the message is here", || async {
        let mut c = place.client().await;
        (show(&mut c).await.view.unread > 0).then_some(())
    })
    .await;
    place.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_and_changes_nothing() {
    let place = Place::new().await;
    let mut c = place.client().await;
    place.begin(&mut c).await;
    // Steps build on each other.
    for early in [number(DEMO_NUMBERS[0], DEMO_ACCOUNT), secret("x")] {
        let p = c.ask(Request::Wizard { act: early }).await.unwrap_err();
        assert!(p.what.contains("access token comes first"), "{p:?}");
    }
    let p = refused(&mut c, token("EAAGm0PX4ZCpsBOsomebodyelse")).await;
    assert!(p.what.contains("refuses the token") && !p.what.contains("somebodyelse"), "{p:?}");
    place.control("token", json!({"scopes": ["whatsapp_business_messaging"]})).await;
    let p = refused(&mut c, token(DEMO_ACCESS_TOKEN)).await;
    assert!(p.what.contains("lacks whatsapp_business_management"), "{p:?}");
    place.control("token", json!({"scopes": null})).await;
    step(&mut c, token(DEMO_ACCESS_TOKEN)).await;
    let p = refused(&mut c, number("339901477551999", DEMO_ACCOUNT)).await;
    assert!(p.what.contains("not one of the business account") && p.means.contains(DEMO_NUMBERS[0]), "{p:?}");
    assert_eq!(p.field.as_deref(), Some("phone_number_id"));
    let p = refused(&mut c, number(DEMO_NUMBERS[0], "218834005551299")).await;
    assert_eq!(p.field.as_deref(), Some("waba_id"), "{p:?}");
    let p = refused(&mut c, number("+1 555-010-2030", DEMO_ACCOUNT)).await;
    assert!(p.what.contains("digits only"), "{p:?}");
    step(&mut c, number(DEMO_NUMBERS[0], DEMO_ACCOUNT)).await;
    let p = refused(&mut c, secret("not-the-secret")).await;
    assert!(p.what.contains("not the secret of the app") && !p.what.contains("not-the-secret"), "{p:?}");
    let p = c.ask(Request::Wizard { act: webhooks() }).await.unwrap_err();
    assert!(p.what.contains("app secret comes first"), "{p:?}");
    step(&mut c, secret(DEMO_APP_SECRET)).await;
    step(&mut c, verify()).await;
    // A number that is not registered asks for its PIN.
    place.control("number", json!({"number": DEMO_NUMBERS[0], "registered": false})).await;
    let p = refused(&mut c, register(None)).await;
    assert!(p.what.contains("not registered") && p.field.as_deref() == Some("pin"), "{p:?}");
    let p = refused(&mut c, register(Some("999999"))).await;
    assert!(p.what.contains("133005") && !p.what.contains("999999"), "{p:?}");
    step(&mut c, register(Some(DEMO_PIN))).await;
    let p = refused(&mut c, test("447700900199")).await;
    assert!(p.what.contains("not connected"), "{p:?}");
    // The provider cannot reach us.
    let Place { emulator, engine, listener, .. } = place;
    listener.stop().await;
    let p = refused(&mut c, webhooks()).await;
    assert!(p.kind == "callback" && p.what.contains("did not get the right answer"), "{p:?}");
    assert!(p.next.contains("public_url"), "{p:?}");
    assert_eq!(show(&mut c).await.view.state, "pending");
    engine.stop().await;
    emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_account_is_there_when_its_token_was_taken() {
    let place = Place::new().await;
    let mut c = place.client().await;
    let begin = |token: &str| {
        let (account, secret) = (place.account(), Secret::new(token));
        Request::Account { act: AccountRequest::Begin { account, secret } }
    };
    let p = c.ask(begin("EAAGm0PX4ZCpsBOsomebodyelse")).await.unwrap_err();
    assert!(p.what.contains("refuses the token") && !p.what.contains("somebodyelse"), "{p:?}");
    place.control("token", json!({"scopes": ["whatsapp_business_messaging"]})).await;
    let p = c.ask(begin(DEMO_ACCESS_TOKEN)).await.unwrap_err();
    assert!(p.what.contains("lacks whatsapp_business_management"), "{p:?}");
    assert_eq!(ask(&mut c, Request::Accounts).await, Response::Accounts(Vec::new()), "nothing is there");
    assert!(std::fs::read_dir(place.dir.path().join("secrets")).map_or(true, |mut all| all.next().is_none()));
    place.control("token", json!({"scopes": null})).await;
    let d = detail(ask(&mut c, begin(DEMO_ACCESS_TOKEN)).await);
    assert!(d.setup.steps["token"].done && d.setup.steps["token"].text.contains("it does not end"), "{d:?}");
    // What was begun with a good token goes on where it stopped.
    let place = place.restart().await;
    let mut c = place.client().await;
    let d = step(&mut c, number(DEMO_NUMBERS[1], DEMO_ACCOUNT)).await;
    assert_eq!(d.setup.steps.len(), 2);
    place.stop().await;
}

#[tokio::test]
async fn another_token_is_kept_only_when_the_provider_takes_it() {
    let place = Place::new().await;
    let mut c = place.client().await;
    place.begin(&mut c).await;
    let kept = |place: &Place| {
        std::fs::read_to_string(place.dir.path().join("secrets/shop-pt.access_token")).unwrap_or_default()
    };
    let set = |key: &str, unasked: bool| Request::Account {
        act: AccountRequest::SetSecret {
            account: pt(),
            key: switchboard::model::account::SecretKey::AccessToken,
            secret: Some(Secret::new(key)),
            unasked,
        },
    };
    let first = detail(ask(&mut c, set(DEMO_ACCESS_TOKEN, false)).await);
    let said = &first.setup.steps[WizardStep::Token.word()];
    assert!(said.done && said.text.contains("the token of the app"), "{said:?}");
    for insists in [false, true] {
        let p = c.ask(set("EAAG-somebody-else", insists)).await.unwrap_err();
        assert!(p.kind == "provider" || p.kind == "field", "{p:?}");
        assert!(p.means.contains("nothing was kept") && !p.next.is_empty(), "{p:?}");
        assert!(!format!("{p:?}").contains("EAAG-somebody-else"), "{p:?}");
        assert_eq!((show(&mut c).await, kept(&place)), (first.clone(), DEMO_ACCESS_TOKEN.into()));
    }
    place.control("faults", json!({ "set": "5xx:503@token" })).await;
    let p = c.ask(set("EAAG-perhaps", false)).await.unwrap_err();
    assert!(p.kind == "unasked" && p.means.contains("could not be asked"), "{p:?}");
    assert_eq!((show(&mut c).await, kept(&place)), (first, DEMO_ACCESS_TOKEN.into()));
    ask(&mut c, set("EAAG-perhaps", true)).await;
    assert_eq!(kept(&place), "EAAG-perhaps");
    drop(c);
    place.stop().await;
}
