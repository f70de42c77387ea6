//! The business profile of a number at Kapso.

use super::*;
use crate::common::files::{hand_over, jpeg};
use switchboard::model::business::{BusinessProfile, ProfileChange};
use switchboard::protocol::admin::{AdminAnswer, AdminRequest};

async fn admin(c: &mut Client, act: AdminRequest) -> Result<AdminAnswer, Problem> {
    match c.ask(Request::Admin { act }).await? {
        Response::Admin(answer) => Ok(*answer),
        other => panic!("{other:?}"),
    }
}

async fn profile(c: &mut Client) -> BusinessProfile {
    let Ok(AdminAnswer::Profile(p)) = admin(c, AdminRequest::Profile { account: id() }).await else {
        panic!()
    };
    p
}

#[tokio::test]
async fn a_picture_goes_by_way_of_an_address_and_what_kapso_refuses_changes_nothing() {
    let house = House::connected().await;
    let mut c = house.client().await;
    let before = profile(&mut c).await;
    let picture = hand_over(&mut c, "logo.jpg", &jpeg(70_000)).await.unwrap();
    let change = ProfileChange { about: Some("Until six".into()), ..ProfileChange::default() };
    let set = AdminRequest::ChangeProfile { account: id(), change, picture: Some(picture) };
    house.faults("error:402@media").await;
    let p = admin(&mut c, set.clone()).await.unwrap_err();
    assert!(p.what.contains("Insufficient credits") && p.next.contains("billing"), "{p:?}");
    assert_eq!(profile(&mut c).await, before);
    house.faults("").await;
    admin(&mut c, set).await.unwrap();
    let after = profile(&mut c).await;
    assert_eq!(after.about, "Until six");
    assert!(!after.picture.is_empty() && after.picture != before.picture, "{after:?}");
    house.stop().await;
}
