//! Templates at Kapso: made with a sample, changed, read and deleted by the proxy.

use super::*;
use crate::common::files::{hand_over, jpeg};
use switchboard::model::template::components;
use switchboard::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};

async fn does(c: &mut Client, act: TemplateRequest) -> Result<TemplateAnswer, Problem> {
    match c.ask(Request::Template { act: Box::new(act) }).await? {
        Response::Template(answer) => Ok(*answer),
        other => panic!("{other:?}"),
    }
}

async fn read(c: &mut Client) -> Vec<TemplateRow> {
    let refresh = TemplateRequest::Refresh { account: id(), name: "bike_picture".into() };
    let TemplateAnswer::List(rows) = does(c, refresh).await.unwrap() else { panic!() };
    rows
}

#[tokio::test]
async fn one_is_made_with_a_sample_changed_and_deleted() {
    let house = House::connected().await;
    let mut c = house.client().await;
    let file = hand_over(&mut c, "bike.jpg", &jpeg(70_000)).await.unwrap();
    let TemplateAnswer::Sample(handle) =
        does(&mut c, TemplateRequest::Sample { account: id(), file }).await.unwrap()
    else {
        panic!()
    };
    let document = |text: &str| {
        components::from_document(&json!({
            "name": "bike_picture", "language": "en_GB", "category": "UTILITY",
            "components": [
                { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": [handle] } },
                { "type": "BODY", "text": text, "example": { "body_text": [["Amara"]] } },
            ],
        }))
        .unwrap()
    };
    let create = TemplateRequest::Create {
        account: id(),
        definition: Box::new(document("Hello {{1}}, this is how your bike looks now.")),
    };
    let TemplateAnswer::Submitted(t) = does(&mut c, create).await.unwrap() else { panic!() };
    assert_eq!((t.status.as_str(), t.header.unwrap().format.as_str()), ("PENDING", "image"));
    let verdict = json!({ "name": "bike_picture", "language": "en_GB", "status": "REJECTED" });
    let url = format!("{}/control/template", house.emulator.base_url());
    assert!(house.http.post(url).json(&verdict).send().await.unwrap().status().is_success());
    // Kapso tells nothing of it: it is read.
    assert_eq!(read(&mut c).await[0].template.status, "REJECTED");
    let other = "Hello {{1}}, this is how your repaired bike looks.";
    let edit = TemplateRequest::Edit { account: id(), definition: Box::new(document(other)) };
    let TemplateAnswer::Submitted(t) = does(&mut c, edit).await.unwrap() else { panic!() };
    assert_eq!((t.status.as_str(), t.body.as_str()), ("PENDING", other));
    let library = TemplateRequest::Library { account: id(), search: String::new(), language: String::new() };
    let p = does(&mut c, library).await.unwrap_err();
    assert!(p.what.contains("cannot show a library") && !p.next.is_empty(), "{p:?}");
    let delete = TemplateRequest::Delete {
        account: id(),
        name: "bike_picture".into(),
        language: Some("en_GB".into()),
    };
    does(&mut c, delete).await.unwrap();
    assert!(read(&mut c).await.is_empty());
    house.stop().await;
}
