//! The Graph-shaped half: what Meta would answer, with Kapso's own checks before it and its own lists beside it.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, Out, files, hear, known, messages, people};
use crate::emulator::errors::GraphError;
use crate::emulator::graph::{blocks, media, messages as sends, numbers, templates};
use crate::emulator::server::Call;
use crate::emulator::state::State;
use crate::emulator::{Core, Customer, Number};

/// A send under way to one person, which keeps others to the same person out.
pub struct Flight {
    core: Arc<Core>,
    key: String,
}

impl Flight {
    /// Takes the place for a send. `Ok(None)` for what is none; an error while another is under way.
    pub fn of(core: &Arc<Core>, call: &Call) -> Result<Option<Self>, ()> {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let (&Method::POST, [number, "messages" | "marketing_messages"]) = (&call.method, path.as_slice())
        else {
            return Ok(None);
        };
        let Some(to) = call.body["to"].as_str().or_else(|| call.body["recipient"].as_str()) else {
            return Ok(None);
        };
        let who: String = to.chars().filter(char::is_ascii_alphanumeric).collect();
        let key = format!("{number}/{who}");
        if core.state().kapso.in_flight.insert(key.clone()) {
            return Ok(Some(Self { core: core.clone(), key }));
        }
        Err(())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.core.state().kapso.in_flight.remove(&self.key);
    }
}

/// Answers one authorised call of the proxy.
pub async fn answer(core: &Arc<Core>, call: &Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let get = call.method == Method::GET;
    let graph = |answer: Result<Value, GraphError>| answer.map(Out::ok).map_err(Out::from);
    let [id, edge @ ..] = path.as_slice() else { return Err(Out::not_found()) };
    if *id == core.scenario.kapso.business {
        return match edge {
            ["message_templates"] => graph(template_list(core, call)),
            ["message_templates", template] if get && template.bytes().all(|b| b.is_ascii_digit()) => {
                graph(templates::node_answer(core, template, call))
            }
            ["message_templates", _] => Err(Out::error(400, "invalid template_id")),
            _ => Err(Out::not_found()),
        };
    }
    if edge.is_empty() && media::knows(core, id) {
        return file(core, id, call).await;
    }
    let number = known(core, id).ok_or_else(|| Out::error(404, "Phone number not found"))?;
    match (&call.method, edge) {
        (&Method::POST, ["messages" | "marketing_messages"]) => send(core, number, &call.body),
        (&Method::GET, ["messages"]) => messages::of_number(core, call, id),
        (&Method::GET, ["messages", wamid]) => messages::one_of_number(core, call, id, wamid),
        (&Method::GET, ["conversations"]) => people::conversations(core, call, Some(id)),
        (&Method::GET, ["contacts"]) => people::contacts(core, call, Some(id)),
        (&Method::GET, ["contacts", who]) => people::bare(core, who),
        (&Method::GET, []) => Ok(Out::ok(numbers::get(core, number, call))),
        (&Method::POST, ["media"]) => graph(media::upload(core, number, call).await),
        (&Method::GET | &Method::POST, ["whatsapp_business_profile"]) => {
            if number.mode == "SANDBOX" {
                return Err(Out::error(403, "Not available for sandbox numbers"));
            }
            graph(numbers::profile(core, number, call))
        }
        (_, ["block_users"]) => {
            let mut out = graph(blocks::answer(core, number, call))?;
            if get {
                // The items of the proxy's list have one member.
                for item in out.body["data"].as_array_mut().into_iter().flatten() {
                    let user =
                        item["wa_id"].as_str().or(item["user_id"].as_str()).unwrap_or_default().to_owned();
                    *item = json!({ "user": user });
                }
            }
            Ok(out)
        }
        _ => Err(Out::not_found()),
    }
}

/// A template is edited at the list, and named by `hsm_id`; so is one that is deleted.
fn template_list(core: &Arc<Core>, call: &Call) -> Result<Value, GraphError> {
    match (&call.method, call.query.get("hsm_id")) {
        (&Method::POST, Some(id)) => {
            templates::node_answer(core, id, call).map(|_| json!({ "success": true }))
        }
        (&Method::DELETE, Some(id)) if call.param("name").is_none() => {
            let named = core.state().templates.iter().find(|t| t.id == *id).map(|t| t.name.clone());
            let mut query = call.query.clone();
            query.extend(named.map(|name| ("name".to_owned(), name)));
            let call = Call {
                method: call.method.clone(),
                path: call.path.clone(),
                query,
                body: Value::Null,
                token: None,
                upload: None,
                piece: None,
            };
            templates::collection(core, &call)
        }
        _ => templates::collection(core, call),
    }
}

async fn file(core: &Arc<Core>, id: &str, call: &Call) -> Answer {
    if call.method == Method::GET && !call.query.contains_key("phone_number_id") {
        return Err(Out::error(400, "phone_number_id is required"));
    }
    if ![Method::GET, Method::DELETE].contains(&call.method) {
        return Err(Out::not_found());
    }
    let mut body = media::node(core, id, call).await?;
    if call.method == Method::GET {
        body["file_size"] = json!(body["file_size"].as_u64().unwrap_or(0).to_string());
        files::add_download(core, id, &mut body);
    }
    Ok(Out::ok(body))
}

/// Somebody who is only known from what a number was filled with can be written to like everybody else.
fn wake(core: &Core, st: &mut State, number: &Number, body: &Value) {
    let given = body["to"].as_str().or_else(|| body["recipient"].as_str()).unwrap_or_default();
    let digits: String = given.chars().filter(char::is_ascii_digit).collect();
    let known = core.customer(st, |c| c.bsuid == given || c.phone == digits || c.aliases.contains(&digits));
    if known.is_some() {
        return;
    }
    let Some(person) = st.kapso.anyone(if given.contains('.') { given } else { &digits }) else { return };
    let Some(phone) = person.phone.clone() else { return };
    let heard = st.kapso.last_heard(&number.id, &person.id);
    st.guests.push(Customer {
        key: phone.clone(),
        name: person.name.clone(),
        phone: phone.clone(),
        bsuid: person.bsuid.clone(),
        username: None,
        hides_phone: false,
        aliases: Vec::new(),
        number: number.id.clone(),
        fails_with: None,
        reads: true,
        history: Vec::new(),
        lines: Vec::new(),
        replies: Vec::new(),
    });
    if let Some(at) = heard {
        st.windows.entry(State::pair(&number.id, &phone)).or_insert(at);
    }
}

fn send(core: &Arc<Core>, number: &Number, body: &Value) -> Answer {
    if body.get("status").is_some() {
        return mark_read(core, number, body);
    }
    let now = core.clock.now();
    {
        let mut st = core.state();
        let connected = st.kapso.number(&number.id).is_some_and(|n| n.status == "CONNECTED");
        if !connected {
            return Err(GraphError::code(133_010, "The number is not connected.").into());
        }
        if st.kapso.plan.credits == Some(0) {
            return Err(Out::no_credits());
        }
        if let Some(business) = body["messaging_account_id"].as_str()
            && business != core.scenario.kapso.business
        {
            return Err(Out::coded(
                422,
                "messaging_account_mismatch",
                "messaging_account_id does not belong to this phone number",
            ));
        }
        wake(core, &mut st, number, body);
        let given = body["to"].as_str().or_else(|| body["recipient"].as_str()).unwrap_or_default();
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        let customer =
            core.customer(&st, |c| c.bsuid == given || c.phone == digits || c.aliases.contains(&digits));
        let template = body["type"] == "template";
        if let Some(customer) = &customer
            && template
        {
            let stopped = st.kapso.stopped.get(&number.id);
            let marketing = template_category(&st, &body["template"]).is_some_and(|c| c == "MARKETING");
            if marketing && stopped.is_some_and(|s| s.contains(&customer.key)) {
                return Err(Out::coded(
                    422,
                    "marketing_preference_stopped",
                    "Contact stopped marketing messages on this WhatsApp number",
                ));
            }
        }
        let open = customer.is_some_and(|c| st.window_open(&number.id, &c.key, now));
        // A body that is no good at all is told first, by the Graph answer below.
        if !template && !open && body["type"].is_string() && !digits.is_empty() {
            return Err(Out::error(422, "Cannot send non-template messages outside the 24-hour window."));
        }
    }
    let answer = sends::post(core, number, body)?;
    let mut st = core.state();
    if let Some(left) = &mut st.kapso.plan.credits {
        *left = left.saturating_sub(1);
    }
    if let Some(send) = answer["messages"][0]["id"].as_str().and_then(|id| st.send(id).cloned()) {
        hear::sent(core, &mut st, &send);
    }
    Ok(Out::ok(answer))
}

fn template_category(st: &State, object: &Value) -> Option<String> {
    let (name, language) = (object["name"].as_str()?, object["language"]["code"].as_str()?);
    let template = st.templates.iter().find(|t| t.name == name && t.language == language)?;
    Some(template.category.clone())
}

fn mark_read(core: &Arc<Core>, number: &Number, body: &Value) -> Answer {
    let known = {
        let st = core.state();
        let wamid = body["message_id"].as_str().unwrap_or_default();
        let live = st.inbound.iter().any(|m| m.wamid == wamid);
        // What only the list has is no less a message of the customer.
        !live && st.kapso.find(wamid).is_some_and(|s| s.stored.inbound && s.stored.number == number.id)
    };
    if known && body["status"] == "read" {
        core.state().counts.read_marks += 1;
        return Ok(Out::ok(json!({ "success": true })));
    }
    sends::post(core, number, body).map(Out::ok).map_err(Out::from)
}
