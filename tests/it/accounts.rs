//! Accounts in every state, and everything that can be done to them, against the emulator over HTTP: from nothing to
//! connected, paused, disconnected, refused, deleted; by two clients, and by one who may not.

use crate::common::{Bed, ask, eventually};
use serde_json::json;
use switchboard::emulator::DEMO_KAPSO_KEY;
use switchboard::model::access::{OperatorEntry, Principal};
use switchboard::model::account::{
    AccountOptions, CONNECTED, DISCONNECTED, ERROR, KeptAccount, PENDING, SecretKey,
};
use switchboard::model::client::ClientInfo;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::{AccountSpec, Recipient};
use switchboard::model::ids::{AccountId, ThreadId};
use switchboard::model::message::{Body, Message};
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::access::AccessRequest;
use switchboard::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use switchboard::protocol::client::Client;
use switchboard::protocol::{AccountView, Changed, Place, Problem, Request, Response};

const PHONE: &str = "447700900123";

fn shop() -> AccountId {
    AccountId::new("shop-pt")
}

fn support() -> AccountId {
    AccountId::new("support")
}

fn request(act: AccountRequest) -> Request {
    Request::Account { act }
}

async fn act(c: &mut Client, act: AccountRequest) -> AccountDetail {
    match ask(c, request(act)).await {
        Response::Account(detail) => *detail,
        other => panic!("{other:?}"),
    }
}

async fn refused(c: &mut Client, act: AccountRequest) -> Problem {
    let words = format!("{act:?}");
    match c.ask(request(act)).await {
        Err(p) => p,
        Ok(answer) => panic!("{words}: {answer:?}"),
    }
}

async fn view(c: &mut Client, id: &AccountId) -> AccountView {
    let Response::Accounts(list) = ask(c, Request::Accounts).await else { panic!() };
    list.into_iter().find(|a| a.spec.id == *id).unwrap_or_else(|| panic!("no {id}"))
}

fn kapso(bed: &Bed) -> KeptAccount {
    KeptAccount {
        spec: AccountSpec {
            id: shop(),
            name: "Shop Lisboa".into(),
            provider: "kapso".into(),
            environment: "development".into(),
            number: String::new(),
            business: String::new(),
        },
        api_base: bed.emulator.base_url(),
        api_version: "v24.0".into(),
        subscribe: true,
        read_receipts: true,
    }
}

/// A new account at Kapso, up to its link.
async fn begun(bed: &Bed, c: &mut Client, key: &str) -> AccountDetail {
    act(c, AccountRequest::Keep { account: kapso(bed) }).await;
    let secret = Some(Secret::new(key));
    act(c, AccountRequest::SetSecret { account: shop(), key: SecretKey::AccessToken, secret, unasked: false })
        .await
}

/// The same, and somebody has opened the link.
async fn connected(bed: &Bed, c: &mut Client) -> AccountView {
    begun(bed, c, DEMO_KAPSO_KEY).await;
    act(c, AccountRequest::Connect { account: shop() }).await;
    bed.control("kapso/complete", json!({})).await;
    until(bed, CONNECTED).await
}

async fn until(bed: &Bed, state: &str) -> AccountView {
    eventually(&format!("the account is {state}"), || async {
        let mut c = bed.client().await;
        let now = view(&mut c, &shop()).await;
        (now.state == state).then_some(now)
    })
    .await
}

async fn customer_writes(bed: &Bed, c: &mut Client, text: &str) -> ThreadId {
    bed.control("say", json!({"customer": PHONE, "name": "Tom", "text": text})).await;
    eventually("the customer's message is here", || async {
        let mut c = bed.client().await;
        let find = Request::FindThread { account: Some(support()), text: PHONE.into() };
        let Ok(Response::Thread(found)) = c.ask(find).await else { return None };
        let thread = found.row.id;
        newest(&mut c, thread).await.filter(|m| m.body == Body::text(text)).map(|_| thread)
    })
    .await;
    let find = Request::FindThread { account: Some(support()), text: PHONE.into() };
    let Response::Thread(found) = ask(c, find).await else { panic!() };
    found.row.id
}

async fn newest(c: &mut Client, thread: ThreadId) -> Option<Message> {
    let page = Request::Messages { thread, place: Place::Newest, limit: 5 };
    let Ok(Response::Messages { items, .. }) = c.ask(page).await else { return None };
    items.into_iter().next_back()
}

fn text(thread: ThreadId, words: &str) -> Request {
    let to = Recipient::Thread { thread };
    Request::Send { account: None, to, content: Outgoing::text(words), quote: None, at: Some(0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_nothing_to_connected_and_every_state_says_what_it_can() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    // A wrong key: a clear sentence, and nothing is there.
    let new = |key: &str| AccountRequest::Begin { account: kapso(&bed), secret: Secret::new(key) };
    let before = ask(&mut c, Request::Accounts).await;
    for (key, kind, words) in
        [("wrong", "provider", "401"), ("", "invalid", "is empty"), ("two words", "invalid", "blanks")]
    {
        let p = refused(&mut c, new(key)).await;
        assert!(p.kind == kind && p.what.contains(words) && !p.next.is_empty(), "{p:?}");
        assert_eq!((p.field.as_deref(), p.means.contains("nothing was kept")), (Some("access_token"), true));
    }
    let p = refused(&mut c, AccountRequest::Show { account: shop() }).await;
    assert_eq!(p.kind, "not_found");
    assert_eq!(ask(&mut c, Request::Accounts).await, before);
    assert!(!bed.dir().join("secrets/shop-pt.access_token").exists());
    // So it is where there is an account by that name.
    let twice = AccountRequest::Begin {
        account: KeptAccount { spec: AccountSpec { id: support(), ..kapso(&bed).spec }, ..kapso(&bed) },
        secret: Secret::new(DEMO_KAPSO_KEY),
    };
    let p = refused(&mut c, twice).await;
    assert_eq!((&*p.kind, p.field.as_deref()), ("conflict", Some("id")));
    // A right one stays, also where connecting goes no further.
    let detail = act(&mut c, new(DEMO_KAPSO_KEY)).await;
    assert_eq!((&*detail.view.state, detail.secrets), (PENDING, vec![SecretKey::AccessToken]));
    assert_eq!(refused(&mut c, new(DEMO_KAPSO_KEY)).await.kind, "conflict");
    // One that was taken back since: the step says it; nothing is connected.
    bed.control("faults", json!({ "set": "error:401" })).await;
    let p = refused(&mut c, AccountRequest::Connect { account: shop() }).await;
    assert_eq!(p.kind, "provider", "{p:?}");
    let detail = act(&mut c, AccountRequest::Show { account: shop() }).await;
    assert_eq!((&*detail.view.state, detail.setup.link), (PENDING, None));
    assert!(detail.setup.steps.values().any(|s| !s.done && !s.text.is_empty()), "{:?}", detail.setup.steps);
    bed.control("faults", json!({ "clear": true })).await;
    // Pending: there is a link, and nothing can be sent or looked at.
    begun(&bed, &mut c, DEMO_KAPSO_KEY).await;
    let detail = act(&mut c, AccountRequest::Connect { account: shop() }).await;
    let link = detail.setup.link.expect("a link").url;
    assert!(link.starts_with("http"), "{link}");
    assert!(detail.hindered.unwrap().contains("is not connected yet"));
    let p = refused(&mut c, AccountRequest::Verify { account: shop() }).await;
    assert!(p.what.contains("no number yet") && p.next.contains("accounts connect shop-pt"), "{p:?}");
    // A second run uses what is there.
    let again = act(&mut c, AccountRequest::Connect { account: shop() }).await;
    assert_eq!(again.setup.link.map(|l| l.url), Some(link));
    bed.control("kapso/complete", json!({})).await;
    let now = until(&bed, CONNECTED).await;
    assert!(!now.spec.number.is_empty() && !now.facts.display_phone.is_empty(), "{now:?}");
    let detail = act(&mut c, AccountRequest::Verify { account: shop() }).await;
    assert_eq!((&*detail.view.state, detail.hindered), (CONNECTED, None));
    assert!(detail.setup.link.is_none() && detail.view.life.connected_at.is_some());
    // Paused: it stays connected, and says so.
    let paused = AccountOptions { paused: true, ..AccountOptions::default() };
    let detail = act(&mut c, AccountRequest::SetOptions { account: shop(), options: paused }).await;
    assert!(detail.hindered.unwrap().contains("is paused"));
    act(&mut c, AccountRequest::SetOptions { account: shop(), options: AccountOptions::default() }).await;
    // Disconnected: the number is off, what Kapso has of us stays, and it is connected again by one step.
    let detail = act(&mut c, AccountRequest::Disconnect { account: shop() }).await;
    assert_eq!((&*detail.view.state, &*detail.view.spec.number), (DISCONNECTED, ""));
    assert!(!detail.setup.customer.is_empty() && detail.view.life.disconnected_at.is_some());
    let p = refused(&mut c, AccountRequest::Verify { account: shop() }).await;
    assert!(p.next.contains("accounts reconnect shop-pt"), "{p:?}");
    let customer = detail.setup.customer;
    act(&mut c, AccountRequest::Reconnect { account: shop() }).await;
    until(&bed, CONNECTED).await;
    let detail = act(&mut c, AccountRequest::Show { account: shop() }).await;
    assert_eq!(detail.setup.customer, customer, "nothing is made twice");
    // Refused: its key is wrong from now on.
    bed.control("faults", json!({ "set": "error:401" })).await;
    let p = refused(&mut c, AccountRequest::Verify { account: shop() }).await;
    assert!(p.what.starts_with("shop-pt: "), "{p:?}");
    let detail = act(&mut c, AccountRequest::Show { account: shop() }).await;
    assert_eq!(detail.view.state, ERROR);
    assert!(detail.hindered.is_some_and(|h| h.contains("does not work")), "{:?}", detail.view);
    bed.control("faults", json!({ "clear": true })).await;
    let secret = Some(Secret::new(DEMO_KAPSO_KEY));
    let set =
        AccountRequest::SetSecret { account: shop(), key: SecretKey::AccessToken, secret, unasked: false };
    act(&mut c, set).await;
    assert_eq!(act(&mut c, AccountRequest::Verify { account: shop() }).await.view.state, CONNECTED);
    // Gone, by its name only.
    let delete = |name: &str| AccountRequest::Delete { account: shop(), name: name.into() };
    let p = refused(&mut c, delete("shop")).await;
    assert_eq!(p.field.as_deref(), Some("name"));
    assert!(matches!(ask(&mut c, request(delete("Shop Lisboa"))).await, Response::Done));
    let p = refused(&mut c, AccountRequest::Show { account: shop() }).await;
    assert_eq!(p.kind, "not_found");
    drop(c);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_client_changes_the_other_hears_and_sees() {
    let bed = Bed::new(0.0, 1).await;
    let (mut one, mut two) = (bed.client().await, bed.client().await);
    let options = AccountOptions { name: Some("Support Lisboa".into()), paused: true, ..Default::default() };
    act(&mut one, AccountRequest::SetOptions { account: support(), options }).await;
    let heard = async {
        loop {
            let update = two.update().await.expect("the engine is there");
            let ours =
                |c: &Changed| matches!(c, Changed::AccountChanged { account } if *account == support());
            if update.changed.iter().any(ours) {
                return;
            }
        }
    };
    tokio::time::timeout(crate::common::DEADLINE, heard).await.expect("the other client hears of it");
    let seen = view(&mut two, &support()).await;
    assert_eq!((&*seen.spec.name, seen.life.options.paused), ("Support Lisboa", true));
    // A new one is there for both, and gone for both.
    connected(&bed, &mut one).await;
    assert_eq!(view(&mut two, &shop()).await.state, CONNECTED);
    ask(&mut two, request(AccountRequest::Delete { account: shop(), name: "Shop Lisboa".into() })).await;
    let Response::Accounts(list) = ask(&mut one, Request::Accounts).await else { panic!() };
    assert!(list.iter().all(|a| a.spec.id != shop()));
    drop((one, two));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_without_the_right_may_look_and_change_nothing() {
    let bed = Bed::new(0.0, 1).await;
    let mut owner = bed.client().await;
    connected(&bed, &mut owner).await;
    let entry = OperatorEntry {
        who: Principal::User("bo".into()),
        role: "agent".into(),
        teams: std::collections::BTreeSet::new(),
        active: true,
    };
    ask(&mut owner, Request::Access { act: AccessRequest::SaveOperator { entry } }).await;
    let bo = ClientInfo { uid: Some(60_001), user: "bo".into(), ..ClientInfo::default() };
    let mut agent = Client::new(bed.engine.connect(&bo));
    ask(&mut agent, Request::hello("", "")).await;
    // What an agent sees has no address, no secret's name, no link.
    let seen = act(&mut agent, AccountRequest::Show { account: shop() }).await;
    assert_eq!((seen.callback, seen.secrets.len(), &*seen.setup.customer), (None, 0, ""));
    let options = AccountOptions { paused: true, ..AccountOptions::default() };
    let name = "Shop Lisboa".to_owned();
    for change in [
        AccountRequest::Keep { account: kapso(&bed) },
        AccountRequest::SetSecret {
            account: shop(),
            key: SecretKey::AppSecret,
            secret: None,
            unasked: false,
        },
        AccountRequest::SetOptions { account: shop(), options },
        AccountRequest::Connect { account: shop() },
        AccountRequest::Disconnect { account: shop() },
        AccountRequest::Reconnect { account: shop() },
        AccountRequest::Delete { account: shop(), name },
    ] {
        let p = refused(&mut agent, change).await;
        assert!(p.kind == "forbidden" && p.what.contains("connection.edit"), "{p:?}");
    }
    let now = view(&mut owner, &shop()).await;
    assert_eq!((&*now.state, now.life.options.paused), (CONNECTED, false));
    drop((owner, agent));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_waits_for_the_end_of_a_pause_and_is_refused_when_the_number_is_off() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let thread = customer_writes(&bed, &mut c, "is it ready?").await;
    let paused = AccountOptions { paused: true, ..AccountOptions::default() };
    act(&mut c, AccountRequest::SetOptions { account: support(), options: paused }).await;
    ask(&mut c, text(thread, "Soon")).await;
    eventually("it waits, and says why", || async {
        let mut c = bed.client().await;
        let m = newest(&mut c, thread).await?;
        let why = m.waits.map(|w| w.why.as_str());
        (m.state == DeliveryState::Queued && why == Some("account")).then_some(())
    })
    .await;
    assert!(bed.accepted().await.is_empty());
    act(&mut c, AccountRequest::SetOptions { account: support(), options: AccountOptions::default() }).await;
    eventually("it leaves", || async {
        let mut c = bed.client().await;
        newest(&mut c, thread)
            .await
            .filter(|m| m.state >= DeliveryState::Accepted && m.state != DeliveryState::Failed)
    })
    .await;
    act(&mut c, AccountRequest::Disconnect { account: support() }).await;
    let p = c.ask(text(thread, "Now")).await.unwrap_err();
    assert!(p.kind == "account" && p.what.contains("is disconnected"), "{p:?}");
    assert!(p.next.contains("accounts reconnect support"), "{p:?}");
    act(&mut c, AccountRequest::Reconnect { account: support() }).await;
    ask(&mut c, text(thread, "Now")).await;
    drop(c);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_development_account_sends_only_to_its_list_when_it_is_queued_and_when_it_leaves() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let thread = customer_writes(&bed, &mut c, "hello").await;
    let limited = |list: &[&str], paused: bool| AccountRequest::SetOptions {
        account: support(),
        options: AccountOptions {
            recipients: list.iter().map(|n| (*n).to_owned()).collect(),
            paused,
            ..AccountOptions::default()
        },
    };
    act(&mut c, limited(&["+351 912 345 678"], false)).await;
    let p = c.ask(text(thread, "no")).await.unwrap_err();
    assert!(p.what.contains("development account `support`") && p.next.contains("--recipients"), "{p:?}");
    act(&mut c, limited(&["+44 7700 900123"], false)).await;
    ask(&mut c, text(thread, "yes")).await;
    eventually("it leaves", || async { (bed.accepted().await.len() == 1).then_some(()) }).await;
    // Queued while it was allowed, and held up until it is not any more.
    act(&mut c, limited(&["447700900123"], true)).await;
    ask(&mut c, text(thread, "late")).await;
    act(&mut c, limited(&["351912345678"], false)).await;
    let failed = eventually("it is refused at the attempt", || async {
        let mut c = bed.client().await;
        newest(&mut c, thread).await.filter(|m| m.state == DeliveryState::Failed)
    })
    .await;
    let error = failed.error.unwrap();
    assert!(error.text.contains("development account `support`"), "{error:?}");
    assert_eq!(bed.accepted().await.len(), 1, "nothing reached the provider");
    drop(c);
    bed.stop().await;
}

/// The program as a shell has it, in a folder of its own.
struct Shell(std::sync::Arc<crate::common::process::Home>);

impl Shell {
    async fn run(&self, line: &str) -> (Option<i32>, String, String) {
        let (home, line) = (self.0.clone(), line.to_owned());
        let run = move || home.run(&line.split(' ').collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn done(&self, line: &str) -> String {
        let (code, out, err) = self.run(line).await;
        assert_eq!(code, Some(0), "{line}: {out}{err}");
        out
    }

    async fn json(&self, line: &str) -> serde_json::Value {
        let out = self.done(&format!("{line} --json")).await;
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{line}: {e}: {out}"))
    }
}

fn key_file(home: &std::path::Path, key: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let file = home.join("key");
    std::fs::write(&file, format!("{key}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_connects_a_number_shows_the_link_and_waits_for_it() {
    use switchboard::emulator::{Emulator, EmulatorOptions};
    let options = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
    let emulator = Emulator::start(options).await.unwrap();
    let base = emulator.base_url();
    let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
    let shell = Shell(std::sync::Arc::new(crate::common::process::Home::new(&base, 1)));
    let home = shell.0.path().to_owned();
    let key = home.join("key").display().to_string();
    let new = format!("accounts connect shop-pt --provider kapso --api-base {base} --api-key-file {key}");
    // A key that others can read is not taken, and one that is wrong connects nothing.
    key_file(&home, DEMO_KAPSO_KEY, 0o644);
    let (code, _, err) = shell.run(&new).await;
    assert!(code == Some(2) && err.contains("chmod 600"), "{code:?} {err}");
    key_file(&home, "wrong", 0o600);
    let (code, out, err) = shell.run(&format!("{new} --no-wait")).await;
    assert!(code == Some(4) && !err.contains("wrong\n") && !out.contains("wrong"), "{code:?} {err}");
    assert!(err.contains("401") && !shell.done("accounts").await.contains("shop-pt"), "{err}");
    key_file(&home, DEMO_KAPSO_KEY, 0o600);
    let first = shell.json(&format!("{new} --no-wait")).await["setup"]["link"]["url"].clone();
    assert!(first.as_str().unwrap().starts_with(&base), "{first}");
    assert_eq!(shell.json("accounts connect shop-pt --no-wait").await["setup"]["link"]["url"], first);
    // For people there is a code as well; and it ends when somebody has connected the number.
    let waiting = {
        let shell = Shell(shell.0.clone());
        tokio::spawn(async move { shell.done("accounts connect shop-pt --timeout 60s").await })
    };
    let control = format!("{base}/control/kapso/complete");
    http.post(control).json(&json!({})).send().await.unwrap().error_for_status().unwrap();
    let out = waiting.await.unwrap();
    assert!(out.contains("connected") && out.contains("API key"), "{out}");
    let list = shell.done("accounts").await;
    let line = list.lines().find(|l| l.starts_with("shop-pt")).unwrap();
    assert!(line.contains("kapso") && line.contains("connected"), "{list}");
    // A limit of time ends the waiting, not what was begun.
    shell.done("accounts disconnect shop-pt").await;
    let (code, _, err) = shell.run("accounts verify shop-pt").await;
    assert!(code == Some(4) && err.contains("accounts reconnect shop-pt"), "{code:?} {err}");
    shell.done("accounts reconnect shop-pt").await;
    let (code, _, err) = shell.run("accounts delete shop-pt --yes-delete shop").await;
    assert!(code == Some(2) && err.contains("type `shop-pt`"), "{code:?} {err}");
    shell.done("accounts delete shop-pt --yes-delete shop-pt").await;
    assert!(!shell.done("accounts").await.contains("shop-pt"));
    let begun = format!(
        "accounts connect other --provider kapso --api-base {base} --api-key-file {key} --timeout 1s"
    );
    let (code, out, err) = shell.run(&begun).await;
    assert!(
        code == Some(1) && err.contains("go on with `switchboard accounts connect other`"),
        "{code:?} {err}"
    );
    assert!(out.contains(&base) && out.contains('█'), "{out}");
    emulator.stop().await;
}
