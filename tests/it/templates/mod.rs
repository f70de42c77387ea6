//! Templates by the engine against the emulator over HTTP: made, judged, changed, deleted, set, sent; and our rules beside
//! those of the emulator.

mod actions;
mod cli;
mod copy;
mod life;
mod parity;
mod random;
mod sending;
mod wire;

use crate::common::{Bed, ask, eventually};
use serde_json::json;
use std::collections::BTreeMap;
use switchboard::model::ClientInfo;
use switchboard::model::access::{OperatorEntry, Principal};
use switchboard::model::ids::AccountId;
use switchboard::model::template::components;
use switchboard::model::template::definition::Definition;
use switchboard::model::template::local::TemplateChange;
use switchboard::protocol::access::AccessRequest;
use switchboard::protocol::activity::{ActivityAnswer, ActivityFilter, ActivityRequest};
use switchboard::protocol::client::Client;
use switchboard::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};
use switchboard::protocol::{Problem, Request, Response};

fn support() -> AccountId {
    AccountId::new("support")
}

fn template(act: TemplateRequest) -> Request {
    Request::Template { act: Box::new(act) }
}

async fn does(c: &mut Client, act: TemplateRequest) -> TemplateAnswer {
    let Response::Template(answer) = ask(c, template(act)).await else { panic!() };
    *answer
}

async fn refused(c: &mut Client, act: TemplateRequest) -> Problem {
    c.ask(template(act)).await.unwrap_err()
}

fn definition(name: &str, text: &str) -> Definition {
    components::from_document(&json!({
        "name": name, "language": "en_GB", "category": "UTILITY", "parameter_format": "POSITIONAL",
        "components": [
            { "type": "BODY", "text": text, "example": { "body_text": [["Amara", "8812"]] } },
            { "type": "FOOTER", "text": "Northwind Cycles" },
        ],
    }))
    .unwrap()
}

fn create(d: &Definition) -> TemplateRequest {
    TemplateRequest::Create { account: support(), definition: Box::new(d.clone()) }
}

fn edit(d: &Definition) -> TemplateRequest {
    TemplateRequest::Edit { account: support(), definition: Box::new(d.clone()) }
}

async fn rows(c: &mut Client) -> Vec<TemplateRow> {
    let TemplateAnswer::List(rows) = does(c, TemplateRequest::List { account: support() }).await else {
        panic!()
    };
    rows
}

async fn row(c: &mut Client, name: &str, language: &str) -> Option<TemplateRow> {
    rows(c).await.into_iter().find(|r| r.template.name == name && r.template.language == language)
}

/// Waits until a template is in a state.
async fn in_state(bed: &Bed, name: &str, language: &str, status: &str) -> TemplateRow {
    eventually(&format!("{name} is {status}"), || async {
        row(&mut bed.client().await, name, language).await.filter(|r| r.template.status == status)
    })
    .await
}

async fn history(c: &mut Client, name: &str, language: &str) -> Vec<TemplateChange> {
    let act = TemplateRequest::History { account: support(), name: name.into(), language: language.into() };
    let TemplateAnswer::History(list) = does(c, act).await else { panic!() };
    list
}

/// Part, from, to and who, the oldest first.
async fn told(c: &mut Client, name: &str, language: &str) -> Vec<(String, String, String, String)> {
    let mut list = history(c, name, language).await;
    list.reverse();
    list.into_iter().map(|h| (h.part, h.from, h.to, h.by)).collect()
}

fn line(part: &str, from: &str, to: &str, by: &str) -> (String, String, String, String) {
    (part.into(), from.into(), to.into(), by.into())
}

/// What the log says of a kind of change: who, and about what.
async fn log(c: &mut Client, action: &str) -> Vec<(String, String)> {
    let filter = ActivityFilter { action: Some(action.into()), ..ActivityFilter::default() };
    let act = ActivityRequest::List { filter, before: None, limit: 50 };
    let Response::Activity(answer) = ask(c, Request::Activity { act }).await else { panic!() };
    let ActivityAnswer::Rows(page) = *answer else { panic!() };
    page.items.into_iter().map(|r| (r.actor, r.subject)).collect()
}

/// Somebody with a role of their own.
async fn colleague(bed: &Bed, user: &str, role: &str) -> Client {
    let mut admin = bed.client().await;
    let entry = OperatorEntry {
        who: Principal::User(user.into()),
        role: role.into(),
        teams: std::collections::BTreeSet::new(),
        active: true,
    };
    ask(&mut admin, Request::Access { act: AccessRequest::SaveOperator { entry } }).await;
    let info = ClientInfo { uid: Some(60_001), user: user.into(), ..ClientInfo::default() };
    let mut c = Client::new(bed.engine.connect(&info));
    ask(&mut c, Request::hello("", "")).await;
    c
}

fn values(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}
