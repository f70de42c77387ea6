//! Its keys and its looks.

use super::super::testing::{accounts, draw_everywhere, picture, press, write};
use super::*;
use crate::model::account::{self, Setup};
use crate::protocol::wizard::WizardStep;

/// An account of Meta's on its way, with these steps done.
pub(crate) fn detail(done: &[(WizardStep, &str)], secrets: &[SecretKey]) -> AccountDetail {
    let mut view = accounts()[0].clone();
    view.spec = AccountSpec {
        id: AccountId::new("shop-pt"),
        name: "Shop PT".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: String::new(),
        business: String::new(),
    };
    view.state = account::PENDING.into();
    view.life.kept = true;
    let mut setup = Setup::default();
    for (n, (step, text)) in done.iter().enumerate() {
        let step_is = account::Step { at: n as i64, done: true, text: (*text).into(), next: String::new() };
        setup.steps.insert(step.word().into(), step_is);
    }
    AccountDetail {
        view,
        setup,
        api_base: META.0.into(),
        api_version: META.1.into(),
        callback: Some("https://inbox.example/webhook/0123456789abcdef0123456789abcdef".into()),
        secrets: secrets.to_vec(),
        last_activity: None,
        hindered: None,
    }
}

/// What an engine answers to a step: it and those before it are done.
pub(crate) fn answer(act: &WizardRequest) -> crate::protocol::Response {
    let upto = act.step();
    let done: Vec<(WizardStep, &str)> =
        WizardStep::ALL.into_iter().filter(|s| *s <= upto).map(|s| (s, "as it has to be")).collect();
    let mut detail = detail(&done, &SecretKey::ALL);
    detail.view.spec.id = act.account().clone();
    if upto >= WizardStep::Webhooks {
        detail.view.state = CONNECTED.into();
    }
    crate::protocol::Response::Account(Box::new(detail))
}

const TOKEN: (WizardStep, &str) =
    (WizardStep::Token, "the token of the app Northwind Inbox (771200345600781); it does not end");
const NUMBER: (WizardStep, &str) =
    (WizardStep::Number, "+1 555-010-2030, Northwind Bells, of Northwind WABA");

fn asked(steps: &[Step]) -> Request {
    let Some(Step::Ask(request)) = steps.last() else { panic!("{steps:?}") };
    (**request).clone()
}

fn step(steps: &[Step]) -> WizardRequest {
    let Request::Wizard { act } = asked(steps) else { panic!("{steps:?}") };
    act
}

fn bring(o: &mut ConnectBox, detail: AccountDetail) -> Vec<Step> {
    o.deliver(Delivery::Account(Box::new(detail)))
}

/// The second stop: the account is named.
fn named() -> ConnectBox {
    let (mut o, first) = ConnectBox::new(&[], None);
    assert!(first.is_none(), "there is nothing to look at");
    write(&mut o, "Shop PT");
    assert_eq!(press(&mut o, "Enter Enter Enter Enter"), vec![], "nothing is made without a token");
    assert_eq!(o.stage, Stage::Token, "and on to the next");
    o
}

/// What the engine is asked to make, and with which token.
fn begun(steps: &[Step]) -> (KeptAccount, String) {
    let Request::Account { act: AccountRequest::Begin { account, secret } } = asked(steps) else {
        panic!("{steps:?}")
    };
    (account, secret.reveal().to_owned())
}

#[test]
fn it_is_walked_by_keys_alone_to_the_end() {
    let mut o = named();
    write(&mut o, "EAAsecret");
    assert!(!picture(&o, 80, 24).contains("EAAsecret"), "it is not shown");
    let (account, token) = begun(&press(&mut o, "Enter"));
    assert_eq!((account.spec.id.as_str(), account.spec.environment.as_str()), ("shop-pt", "production"));
    assert_eq!((account.api_base.as_str(), account.spec.number.as_str()), (META.0, ""));
    assert_eq!(token, "EAAsecret");
    assert_eq!(press(&mut o, "Enter"), vec![], "one at a time");
    bring(&mut o, detail(&[TOKEN], &[SecretKey::AccessToken]));
    assert_eq!((o.stage, o.get("access_token").as_str()), (Stage::Number, ""), "what was typed is forgotten");
    write(&mut o, "339901477551020");
    press(&mut o, "Enter");
    o.paste(" 218834005551201\n");
    let act = step(&press(&mut o, "Enter"));
    assert!(matches!(act, WizardRequest::Number { number, business, .. }
        if number == "339901477551020" && business == "218834005551201"));
    bring(&mut o, detail(&[TOKEN, NUMBER], &[SecretKey::AccessToken]));
    write(&mut o, "hush");
    assert!(matches!(step(&press(&mut o, "Enter")), WizardRequest::AppSecret { secret: Some(_), .. }));
    let app = (WizardStep::AppSecret, "it is the secret of the app Northwind Inbox");
    let both = [SecretKey::AccessToken, SecretKey::AppSecret];
    bring(&mut o, detail(&[TOKEN, NUMBER, app], &both));
    assert!(matches!(step(&press(&mut o, "Enter")), WizardRequest::VerifyToken { secret: None, .. }));
    let verify = (WizardStep::VerifyToken, "one was made");
    bring(&mut o, detail(&[TOKEN, NUMBER, app, verify], &SecretKey::ALL));
    assert!(matches!(step(&press(&mut o, "Enter")), WizardRequest::Register { pin: None, .. }));
    let there = (WizardStep::Register, "the number is registered");
    bring(&mut o, detail(&[TOKEN, NUMBER, app, verify, there], &SecretKey::ALL));
    let callback = "https://inbox.example/webhook/0123456789abcdef0123456789abcdef";
    assert_eq!(press(&mut o, "y"), vec![Step::Copy(callback.into())]);
    assert!(matches!(step(&press(&mut o, "h")), WizardRequest::Webhooks { by_hand: true, .. }));
    o.deliver(Delivery::Problem(Problem::new("callback", "nobody has asked for the challenge yet")));
    assert_eq!(o.stage, Stage::Webhooks);
    assert!(matches!(step(&press(&mut o, "Enter")), WizardRequest::Webhooks { by_hand: false, .. }));
    let hooks = (WizardStep::Webhooks, "the app is subscribed");
    let mut connected = detail(&[TOKEN, NUMBER, app, verify, there, hooks], &SecretKey::ALL);
    connected.view.state = CONNECTED.into();
    assert_eq!(bring(&mut o, connected), vec![Step::Say("shop-pt is connected".into())]);
    write(&mut o, "+351 912 345 678");
    assert!(
        matches!(step(&press(&mut o, "Enter")), WizardRequest::Test { to, .. } if to == "+351 912 345 678")
    );
    assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
}

#[test]
fn a_refusal_is_shown_at_its_step_and_what_was_typed_stays() {
    let mut o = named();
    write(&mut o, "EAAwrong");
    begun(&press(&mut o, "Enter"));
    let problem =
        Problem { field: Some("token".into()), ..Problem::new("field", "the provider refuses the token") };
    o.deliver(Delivery::Problem(problem));
    assert_eq!((o.stage, o.get("access_token").as_str()), (Stage::Token, "EAAwrong"));
    assert!(o.problems.contains_key(&Stage::Token));
    write(&mut o, "x");
    assert!(o.problems.is_empty(), "it is typed anew");
    // Still nothing is there: the next try makes it as well.
    assert_eq!(begun(&press(&mut o, "Enter")).1, "EAAwrongx");
    bring(&mut o, detail(&[TOKEN], &[SecretKey::AccessToken]));
    press(&mut o, "Shift+Tab");
    // A step that needs one before it leads there.
    o.detail = Some(detail(&[], &[]));
    press(&mut o, "Tab");
    write(&mut o, "1");
    press(&mut o, "Tab");
    write(&mut o, "2");
    press(&mut o, "Enter");
    let early =
        Problem { field: Some("token".into()), ..Problem::new("field", "the access token comes first") };
    o.deliver(Delivery::Problem(early));
    assert_eq!(o.stage, Stage::Token);
}

#[test]
fn what_is_missing_is_said_without_asking() {
    let mut o = named();
    assert_eq!(press(&mut o, "Enter"), vec![]);
    assert!(o.problems[&Stage::Token].what.contains("no token"));
    // Without an account no step can be taken: it leads to the token, which makes one.
    press(&mut o, "Tab Tab Enter");
    assert_eq!(o.stage, Stage::Token);
    bring(&mut o, detail(&[], &[]));
    press(&mut o, "Tab Tab Enter");
    assert_eq!((o.stage, o.at), (Stage::Number, 0), "the first id is missing");
    let (mut new, _) = ConnectBox::new(&accounts(), None);
    write(&mut new, "Support");
    assert_eq!(press(&mut new, "Enter Enter Enter Enter"), vec![]);
    assert!(new.problems[&Stage::Account].what.contains("`support` already"));
}

#[test]
fn it_goes_on_where_it_stopped_and_every_step_can_be_taken_again() {
    let view = detail(&[], &[]).view;
    let (mut o, first) = ConnectBox::new(std::slice::from_ref(&view), Some(&view));
    assert!(matches!(first, Some(Request::Account { act: AccountRequest::Show { .. } })));
    bring(&mut o, detail(&[TOKEN, NUMBER], &[SecretKey::AccessToken]));
    assert_eq!(o.stage, Stage::AppSecret);
    press(&mut o, "Shift+Tab Shift+Tab Shift+Tab");
    assert_eq!(o.stage, Stage::Token);
    assert!(
        matches!(step(&press(&mut o, "Enter")), WizardRequest::Token { secret: None, .. }),
        "the one that is here"
    );
}

#[test]
fn a_stand_in_that_others_are_on_is_offered() {
    let (mut o, first) = ConnectBox::new(&accounts(), None);
    assert!(first.is_some());
    let mut other = detail(&[], &[]);
    other.view.spec.id = AccountId::new("support");
    other.api_base = "http://127.0.0.1:9099".into();
    bring(&mut o, other);
    assert_eq!((o.get("api_base").as_str(), o.stage), ("http://127.0.0.1:9099", Stage::Account));
}

#[test]
fn looks() {
    let (o, _) = ConnectBox::new(&[], None);
    insta::assert_snapshot!("connect_new_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    let mut o = named();
    bring(&mut o, detail(&[TOKEN, NUMBER], &[SecretKey::AccessToken]));
    insta::assert_snapshot!("connect_number_80x24", picture(&o, 80, 24));
    let problem = Problem::new(
        "field",
        "the number 339901477551999 is not one of the business account 218834005551201",
    )
    .means("nothing was kept; of its numbers, +1 555-010-2030 is 339901477551020")
    .next("copy the Phone number ID (not the number itself) from WhatsApp > API Setup");
    o.stage = Stage::Number;
    o.flight = Some(Stage::Number);
    o.deliver(Delivery::Problem(Problem { field: Some("phone_number_id".into()), ..problem }));
    insta::assert_snapshot!("connect_refused_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    o.go(Stage::Webhooks);
    insta::assert_snapshot!("connect_webhooks_120x36", picture(&o, 120, 36));
    draw_everywhere(&o);
}
