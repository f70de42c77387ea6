//! What Kapso refuses is said in a clear sentence, and changes nothing.

use super::*;

/// What could have changed.
async fn all(house: &House) -> (Value, String, String) {
    let mut state = house.state().await;
    for key in ["requests_this_minute", "requests", "delivered", "failed", "lost"] {
        state.as_object_mut().unwrap().remove(key);
    }
    let detail = house.show().await;
    (state, format!("{} {}", detail.view.state, detail.view.state_text), detail.view.spec.number)
}

#[tokio::test]
async fn a_wrong_key_changes_nothing() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    house.wrong_key("not-the-key-0001").await;
    let before = all(&house).await;
    let p = house.connect().await.unwrap_err();
    assert!(p.what.contains("401") && p.what.contains("Invalid API key"), "{p:?}");
    assert!(p.means.contains("API key") && p.next.contains("dashboard"), "{p:?}");
    assert!(!format!("{p:?}").contains("not-the-key-0001"));
    assert_eq!(all(&house).await, before);
    // With the right one it goes on.
    house.key(DEMO_KAPSO_KEY).await;
    house.connect().await.unwrap();
    house.stop().await;
}

/// The key as it is on the disk.
fn kept(house: &House) -> String {
    std::fs::read_to_string(house.dir.path().join(format!("secrets/{ID}.access_token"))).unwrap()
}

#[tokio::test]
async fn another_key_is_kept_only_when_kapso_takes_it() {
    let house = House::connected().await;
    let before = all(&house).await;
    let p = house.try_key("not-the-key-0001", false).await.unwrap_err();
    assert!(p.kind == "provider" && p.what.contains("401 Invalid API key"), "{p:?}");
    assert!(p.means.contains("the old one stays") && p.next.contains("API key"), "{p:?}");
    assert_eq!(p.field.as_deref(), Some("access_token"));
    assert!(!format!("{p:?}").contains("not-the-key-0001"));
    // Who insists is not believed more than Kapso.
    let p = house.try_key("not-the-key-0001", true).await.unwrap_err();
    assert!(p.kind == "provider" && p.what.contains("401"), "{p:?}");
    assert_eq!((all(&house).await, kept(&house)), (before.clone(), DEMO_KAPSO_KEY.into()));
    assert_eq!(house.act(AccountRequest::Verify { account: id() }).await.unwrap().view.state, "connected");
    // Kapso cannot be asked: nothing is kept, unless somebody insists.
    for rules in ["5xx:503@number", "cut@number", "429:60s@number"] {
        house.faults(rules).await;
        let p = house.try_key("perhaps-a-key-01", false).await.unwrap_err();
        assert!(p.kind == "unasked" && p.means.contains("could not be asked"), "{rules}: {p:?}");
        assert!(p.next.contains("--unasked") && !p.what.is_empty(), "{rules}: {p:?}");
        assert_eq!((all(&house).await, kept(&house)), (before.clone(), DEMO_KAPSO_KEY.into()), "{rules}");
        house.faults("").await;
    }
    house.wrong_key("perhaps-a-key-01").await;
    assert_eq!(kept(&house), "perhaps-a-key-01");
    house.key(DEMO_KAPSO_KEY).await;
    assert_eq!(kept(&house), DEMO_KAPSO_KEY);
    // A key that Kapso takes and that does not open our number is of another project.
    house.faults(&format!("error:404@{ATELIER}")).await;
    let p = house.try_key(DEMO_KAPSO_KEY, false).await.unwrap_err();
    assert!(p.means.contains("does not open the number") && p.what.contains("404"), "{p:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_foreign_number_changes_nothing() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "990000000000001").await;
    let before = all(&house).await;
    let p = house.connect().await.unwrap_err();
    assert!(p.what.contains("404") && p.means.contains("does not know it") && !p.next.is_empty(), "{p:?}");
    let after = all(&house).await;
    assert_eq!((&after.1, &after.2), (&before.1, &before.2));
    assert_eq!(after.0["customers"], 0);
    house.stop().await;
}

#[tokio::test]
async fn a_number_of_the_project_is_connected_by_its_id() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, TIENDA).await;
    let done = house.connect().await.unwrap();
    assert_eq!(
        (done.view.state.as_str(), done.view.spec.business.as_str()),
        ("connected", "220033440055123")
    );
    assert_eq!(house.state().await["customers"], 0, "it needs no customer");
    house.stop().await;
}

#[tokio::test]
async fn every_refusal_of_a_step_is_a_sentence_and_no_change() {
    for (code, what, next) in [
        ("402", "Insufficient credits", "https://app.kapso.ai/projects/emulator/billing"),
        ("409", "in-flight", "by itself"),
        ("422", "24-hour", "template"),
        ("500", "went wrong", "try again"),
    ] {
        for endpoint in ["subscribe", "onboarding"] {
            let house = House::new().await;
            house.begin(DEMO_KAPSO_KEY, "").await;
            let before = all(&house).await;
            house.faults(&format!("error:{code}@{endpoint}")).await;
            let p = house.connect().await.unwrap_err();
            assert!(
                p.what.contains(what) && !p.means.is_empty() && p.next.contains(next),
                "{code} {endpoint}: {p:?}"
            );
            let after = all(&house).await;
            assert_eq!((&after.1, &after.2), (&before.1, &before.2), "{code} {endpoint}");
            assert_eq!(after.0["customers"], 0, "{code} {endpoint}");
            house.stop().await;
        }
    }
}

#[tokio::test]
async fn too_many_calls_are_waited_for_and_nothing_is_lost() {
    let house = House::new().await;
    house.begin(DEMO_KAPSO_KEY, "").await;
    house.faults("429:60s@onboarding=1x").await;
    let p = house.connect().await.unwrap_err();
    assert!(p.what.contains("Rate limit exceeded") && p.next.contains("wait 60 s"), "{p:?}");
    assert_eq!(house.show().await.view.state, "pending");
    let detail = house.connect().await.unwrap();
    assert!(detail.setup.link.is_some());
    house.stop().await;
}

#[tokio::test]
async fn what_was_connected_stays_so_when_the_key_is_wrong() {
    let house = House::connected().await;
    house.wrong_key("some-other-key-01").await;
    let p = house.act(AccountRequest::Disconnect { account: id() }).await.unwrap_err();
    assert!(p.what.contains("401"), "{p:?}");
    assert_eq!(house.show().await.view.spec.number, ATELIER);
    let p = house.act(AccountRequest::Verify { account: id() }).await.unwrap_err();
    assert!(p.what.contains("401") && !p.next.is_empty(), "{p:?}");
    let detail = house.show().await;
    assert_eq!(detail.view.state, "error");
    assert!(detail.hindered.is_some(), "the provider refuses the account");
    house.key(DEMO_KAPSO_KEY).await;
    house.act(AccountRequest::Verify { account: id() }).await.unwrap();
    assert_eq!(house.show().await.view.state, "connected");
    house.stop().await;
}

#[tokio::test]
async fn a_number_is_connected_once() {
    let house = House::connected().await;
    let second = KeptAccount {
        spec: AccountSpec {
            id: AccountId::new("zweit"),
            name: "Zweit".into(),
            provider: "kapso".into(),
            environment: "production".into(),
            number: ATELIER.into(),
            business: String::new(),
        },
        api_base: house.emulator.base_url(),
        api_version: "v24.0".into(),
        subscribe: true,
        read_receipts: true,
    };
    let p = house.act(AccountRequest::Keep { account: second }).await.unwrap_err();
    assert!(p.what.contains(ID), "{p:?}");
    house.stop().await;
}
