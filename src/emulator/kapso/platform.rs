//! The platform: which call goes where; customers and their setup links.

use std::sync::Arc;

use axum::http::Method;
use serde_json::Value;

use super::book::{Client, LINK_LIVES, Link};
use super::{Answer, Out, hooks, messages, numbers, paging, people, shapes};
use crate::emulator::server::Call;
use crate::emulator::state::Action;
use crate::emulator::{Core, play};

/// Answers one authorised call of the platform.
pub fn answer(core: &Arc<Core>, call: &Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["customers"] => clients(core, call),
        ["customers", id] => client(core, call, id),
        ["customers", id, "setup_links"] => links(core, call, id),
        ["customers", id, "setup_links", link] => change_link(core, call, id, link),
        ["customers", id, "whatsapp", "phone_numbers"] => numbers::own(core, call, id),
        ["whatsapp", "phone_numbers"] => numbers::list(core, call),
        ["whatsapp", "phone_numbers", id] => numbers::one(core, call, id),
        ["whatsapp", "phone_numbers", id, "health"] => numbers::health(core, call, id),
        ["whatsapp", "phone_numbers", id, "webhooks"] => hooks::collection(core, call, Some(id)),
        ["whatsapp", "phone_numbers", id, "webhooks", hook] => hooks::one(core, call, Some(id), hook),
        ["whatsapp", "webhooks"] => hooks::collection(core, call, None),
        ["whatsapp", "webhooks", hook] => hooks::one(core, call, None, hook),
        ["whatsapp", "webhooks", hook, "test"] => hooks::test(core, call, hook),
        ["webhook_deliveries"] => hooks::deliveries(core, call),
        ["whatsapp", "messages"] => messages::all(core, call),
        ["whatsapp", "messages", wamid] => messages::one(core, call, wamid),
        ["whatsapp", "conversations"] => people::conversations(core, call, None),
        ["whatsapp", "conversations", id] => people::conversation(core, call, id),
        ["whatsapp", "contacts"] => people::contacts(core, call, None),
        ["whatsapp", "contacts", id] => people::contact(core, call, id),
        ["users"] if call.method == Method::GET => paging::numbered(call, Vec::new()),
        _ => Err(Out::not_found()),
    }
}

/// A method that an endpoint does not have.
pub fn no_method() -> Out {
    Out::error(405, "Method not allowed")
}

/// The object a body is wrapped in.
pub fn wrapped<'a>(call: &'a Call, name: &str) -> Result<&'a Value, Out> {
    match &call.body[name] {
        object @ Value::Object(_) => Ok(object),
        _ => Err(Out::error(400, format!("param is missing or the value is empty: {name}"))),
    }
}

/// Whether something made at a time is within `created_after` and `created_before`.
fn created(call: &Call) -> Result<impl Fn(i64) -> bool, Out> {
    let (after, before) = (paging::time(call, "created_after")?, paging::time(call, "created_before")?);
    Ok(move |at: i64| after.is_none_or(|t| at >= t) && before.is_none_or(|t| at <= t))
}

fn clients(core: &Arc<Core>, call: &Call) -> Answer {
    let mut st = core.state();
    match call.method {
        Method::GET => {
            let within = created(call)?;
            let fits = |c: &&Client| {
                let name = call.query.get("name_contains");
                name.is_none_or(|n| c.name.to_lowercase().contains(&n.to_lowercase()))
                    && call.query.get("external_customer_id").is_none_or(|e| c.external.as_ref() == Some(e))
                    && within(c.created_at)
            };
            let all = st.kapso.clients.iter().rev().filter(fits).map(shapes::client).collect();
            paging::numbered(call, all)
        }
        Method::POST => {
            let given = wrapped(call, "customer")?;
            let Some(name) = given["name"].as_str().filter(|n| !n.trim().is_empty()) else {
                return Err(Out::error(422, "Name can't be blank"));
            };
            let external = given["external_customer_id"].as_str().map(str::to_owned);
            if external.is_some() && st.kapso.clients.iter().any(|c| c.external == external) {
                return Err(Out::error(422, "External customer has already been taken"));
            }
            let now = core.clock.now();
            let id = st.kapso.new_id();
            let client = Client { id, name: name.to_owned(), external, created_at: now, updated_at: now };
            st.kapso.clients.push(client.clone());
            Ok(Out::created(shapes::client(&client)))
        }
        _ => Err(no_method()),
    }
}

fn client(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    let mut st = core.state();
    let now = core.clock.now();
    let place = st.kapso.clients.iter().position(|c| c.id == id).ok_or_else(Out::not_found)?;
    match call.method {
        Method::GET => {}
        Method::PATCH => {
            let given = wrapped(call, "customer")?;
            let client = &mut st.kapso.clients[place];
            if let Some(name) = given["name"].as_str() {
                if name.trim().is_empty() {
                    return Err(Out::error(422, "Name can't be blank"));
                }
                name.clone_into(&mut client.name);
            }
            if let Some(external) = given["external_customer_id"].as_str() {
                client.external = Some(external.to_owned());
            }
            client.updated_at = now;
        }
        Method::DELETE => {
            if st.kapso.numbers.iter().any(|n| n.client.as_deref() == Some(id)) {
                return Err(Out::error(422, "Cannot delete a customer with connected phone numbers"));
            }
            st.kapso.clients.remove(place);
            st.kapso.links.retain(|l| l.client != id);
            return Ok(Out::nothing());
        }
        _ => return Err(no_method()),
    }
    Ok(Out::data(shapes::client(&st.kapso.clients[place])))
}

fn links(core: &Arc<Core>, call: &Call, client: &str) -> Answer {
    let now = core.clock.now();
    let mut st = core.state();
    if st.kapso.client(client).is_none() {
        return Err(Out::not_found());
    }
    match call.method {
        Method::GET => {
            let status = call.query.get("status");
            let fits = |l: &&Link| l.client == client && status.is_none_or(|s| *s == l.shown_status(now));
            let all = st.kapso.links.iter().rev().filter(fits);
            let all = all.map(|l| shapes::link(core, l, now, false)).collect();
            drop(st);
            paging::numbered(call, all)
        }
        Method::POST => {
            let asked = wrapped(call, "setup_link")?.clone();
            check_link(&st.kapso, client, &asked)?;
            // One is good at a time.
            for link in st.kapso.links.iter_mut().filter(|l| l.client == client && l.is_open(now)) {
                "revoked".clone_into(&mut link.status);
            }
            let id = st.kapso.new_id();
            let token = uuid::Uuid::new_v4().simple().to_string();
            let link = Link {
                id,
                client: client.to_owned(),
                status: "active".into(),
                setup: "pending".into(),
                error: None,
                token,
                created_at: now,
                expires_at: now + LINK_LIVES,
                asked,
            };
            st.kapso.links.push(link.clone());
            // While the play goes on, the customer opens it after a while.
            if core.play && core.speed() > 0.0 {
                let at = now + play::pause(core, 20.0, 30.0, &["setup", &link.id]);
                st.plan(at, Action::Setup { link: link.id.clone() });
                core.planned.notify_one();
            }
            Ok(Out::created(shapes::link(core, &link, now, true)))
        }
        _ => Err(no_method()),
    }
}

fn check_link(book: &super::book::Book, client: &str, asked: &Value) -> Result<(), Out> {
    let kinds = &asked["allowed_connection_types"];
    let known = |k: &Value| k == "coexistence" || k == "dedicated";
    if !kinds.is_null() && kinds.as_array().is_none_or(|k| k.is_empty() || !k.iter().all(known)) {
        return Err(Out::error(422, "Allowed connection types must be coexistence and/or dedicated"));
    }
    if let Some(mode) = asked["meta_billing_mode"].as_str()
        && !["customer_managed", "partner_managed"].contains(&mode)
    {
        return Err(Out::error(422, "Meta billing mode is not included in the list"));
    }
    for name in ["success_redirect_url", "failure_redirect_url"] {
        if let Some(url) = asked[name].as_str()
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(Out::error(422, format!("{name} must be a valid URL")));
        }
    }
    if let Some(phone) = asked["reconnect_phone_number"].as_str() {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let numbers = book.numbers.iter().filter(|n| n.client.as_deref() == Some(client));
        if digits.is_empty() || numbers.count() == 0 {
            return Err(Out::error(422, "Reconnect phone number is not a number of this customer"));
        }
    }
    Ok(())
}

fn change_link(core: &Arc<Core>, call: &Call, client: &str, id: &str) -> Answer {
    let now = core.clock.now();
    let mut st = core.state();
    let link = st.kapso.links.iter_mut().find(|l| l.client == client && l.id == id);
    let link = link.ok_or_else(Out::not_found)?;
    match call.method {
        Method::GET => {}
        Method::PATCH => {
            let given = wrapped(call, "setup_link")?;
            match given["status"].as_str() {
                None => {}
                Some("revoked") if link.is_open(now) => "revoked".clone_into(&mut link.status),
                Some("revoked") => return Err(Out::error(422, "Setup link is not active")),
                Some(_) => return Err(Out::error(422, "Status can only be set to revoked")),
            }
            for name in ["success_redirect_url", "failure_redirect_url", "language", "theme_config"] {
                if !given[name].is_null() {
                    link.asked[name] = given[name].clone();
                }
            }
        }
        _ => return Err(no_method()),
    }
    let link = link.clone();
    drop(st);
    Ok(Out::data(shapes::link(core, &link, now, false)))
}
