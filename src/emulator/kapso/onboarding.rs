//! The hosted setup page, and what comes of it: a number that is connected, connected again, or not.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, header};
use serde_json::{Value, json};

use super::book::Connected;
use super::{hear, html, paging, send};
use crate::emulator::Core;
use crate::emulator::server::Call;
use crate::emulator::state::State;

/// `/whatsapp/setup/{token}`: shows the page, or does what it is for.
pub fn page(core: &Arc<Core>, call: &Call) -> Response<Body> {
    let token = call.path.first().map(String::as_str).unwrap_or_default();
    let now = core.clock.now();
    let mut st = core.state();
    let Some(link) = st.kapso.links.iter().find(|l| l.token == token).cloned() else {
        return html(404, "Setup link not found", "<p>Ask for a new link.</p>");
    };
    if !link.is_open(now) {
        let code = if link.status == "used" { "already_used" } else { "link_expired" };
        let word = link.shown_status(now).to_owned();
        return redirect(
            &link.asked["failure_redirect_url"],
            &[("setup_link_id", &link.id), ("error_code", code)],
        )
        .unwrap_or_else(|| html(410, &format!("This setup link is {word}"), "<p>Ask for a new link.</p>"));
    }
    let who = st.kapso.client(&link.client).map(|c| escaped(&c.name)).unwrap_or_default();
    if call.method == Method::GET {
        let inside = format!(
            "<p>{who} connects a WhatsApp number.</p><form method=\"post\"><button>Connect</button></form>"
        );
        return html(200, "Connect WhatsApp", &inside);
    }
    if call.method != Method::POST {
        return html(405, "Not possible", "");
    }
    let result = complete(core, &mut st, &link.id, None);
    core.changed.notify_one();
    match result {
        Ok(number) => {
            let display = core.number(&number).map(|n| n.display.clone()).unwrap_or_default();
            let business = core.scenario.kapso.business.clone();
            let query = [
                ("setup_link_id", link.id.as_str()),
                ("status", "completed"),
                ("phone_number_id", &number),
                ("business_account_id", &business),
                ("display_phone_number", &display),
            ];
            redirect(&link.asked["success_redirect_url"], &query).unwrap_or_else(|| {
                html(
                    200,
                    "Connected",
                    &format!("<p>{} is connected. You can close this page.</p>", escaped(&display)),
                )
            })
        }
        Err(why) => html(422, "Not connected", &format!("<p>{}</p>", escaped(&why))),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn redirect(to: &Value, query: &[(&str, &str)]) -> Option<Response<Body>> {
    let mut url = reqwest::Url::parse(to.as_str()?).ok()?;
    url.query_pairs_mut().extend_pairs(query);
    let mut response = html(302, "Found", "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(url.as_str()).ok()?);
    Some(response)
}

/// Uses a link: its number is connected, or connected again. Gives the number.
pub fn complete(
    core: &Arc<Core>,
    st: &mut State,
    link: &str,
    wanted: Option<&str>,
) -> Result<String, String> {
    let now = core.clock.now();
    let found = st.kapso.links.iter().find(|l| l.id == link).cloned();
    let link = found.ok_or_else(|| "there is no such setup link".to_owned())?;
    if !link.is_open(now) {
        return Err(format!("the setup link is {}", link.shown_status(now)));
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let again = link.asked["reconnect_phone_number"].as_str().map(digits);
    let number = if let Some(phone) = again {
        let fits = |n: &&Connected| {
            n.client.as_deref() == Some(&link.client)
                && core.number(&n.id).is_some_and(|f| f.digits() == phone)
        };
        let found = st.kapso.numbers.iter().find(fits).map(|n| n.id.clone());
        found.ok_or_else(|| "the number to connect again is not one of this customer".to_owned())?
    } else {
        let free = |id: &str| st.kapso.number(id).is_none_or(|n| n.status != "CONNECTED");
        let all = || core.scenario.kapso.numbers.iter().map(|n| n.id.as_str());
        let found = match wanted {
            Some(id) => all().find(|n| *n == id && free(n)),
            None => all().find(|n| st.kapso.number(n).is_none()),
        };
        found.ok_or_else(|| "there is no number that could be connected".to_owned())?.to_owned()
    };
    let coexistence = link.asked["allowed_connection_types"] == json!(["coexistence"]);
    connect(core, st, &number, Some(link.client.clone()), coexistence, None);
    if let Some(link) = st.kapso.links.iter_mut().find(|l| l.id == link.id) {
        "used".clone_into(&mut link.status);
        "completed".clone_into(&mut link.setup);
        link.error = None;
    }
    Ok(number)
}

/// A link whose setup did not work out; it stays good for another try.
pub fn fail(core: &Core, st: &mut State, link: &str, why: &str) -> Result<(), String> {
    let now = core.clock.now();
    let link = st.kapso.links.iter_mut().find(|l| l.id == link);
    let link = link.ok_or_else(|| "there is no such setup link".to_owned())?;
    if !link.is_open(now) {
        return Err(format!("the setup link is {}", link.shown_status(now)));
    }
    "failed".clone_into(&mut link.setup);
    link.error = Some(why.to_owned());
    Ok(())
}

/// Connects a number, or connects it again, and tells the project.
pub fn connect(
    core: &Arc<Core>,
    st: &mut State,
    id: &str,
    client: Option<String>,
    coexistence: bool,
    name: Option<&str>,
) {
    let now = core.clock.now();
    if let Some(number) = st.kapso.numbers.iter_mut().find(|n| n.id == id) {
        let was = std::mem::replace(&mut number.status, "CONNECTED".into());
        number.updated_at = now;
        if client.is_some() {
            number.client = client;
        }
        if was != "CONNECTED" {
            change(core, st, id, "reconnected", None);
        }
        return;
    }
    let internal = st.kapso.new_id();
    let facts = core.number(id).map(|n| n.name.clone()).unwrap_or_default();
    st.kapso.numbers.push(Connected {
        id: id.to_owned(),
        internal,
        client: client.clone(),
        name: name.map_or(facts, str::to_owned),
        status: "CONNECTED".into(),
        coexistence,
        processing: true,
        calls: false,
        created_at: now,
        updated_at: now,
    });
    let body = small(core, st, id, client.as_deref());
    send::project(core, st, "whatsapp.phone_number.created", &body);
    hear::begin(core, st);
}

/// The body of `created` and `deleted`.
pub fn small(core: &Core, st: &State, id: &str, client: Option<&str>) -> Value {
    let mut body = json!({ "phone_number_id": id, "project": { "id": core.scenario.kapso.project } });
    if let Some(client) = client.and_then(|c| st.kapso.client(c)) {
        body["customer"] = json!({ "id": client.id });
        if let Some(external) = &client.external {
            body["customer"]["external_id"] = json!(external);
        }
    }
    body
}

/// `disconnected`, `reconnected` or `offboarded`.
pub fn change(core: &Arc<Core>, st: &mut State, id: &str, what: &str, reason: Option<&str>) {
    let now = core.clock.now();
    let Some(number) = st.kapso.numbers.iter_mut().find(|n| n.id == id) else { return };
    let word = match what {
        "disconnected" => "DISCONNECTED",
        "offboarded" => "OFFBOARDED",
        _ => "CONNECTED",
    };
    word.clone_into(&mut number.status);
    number.updated_at = now;
    let (client, coexistence) = (number.client.clone(), number.coexistence);
    let event = format!("whatsapp.phone_number.{what}");
    let mut body = small(core, st, id, client.as_deref());
    let more = json!({
        "id": uuid::Uuid::new_v4().to_string(), "event": event, "occurred_at": paging::iso(now),
        "connection_type": if coexistence { "coexistence" } else { "dedicated" },
        "source": { "provider": "meta", "event": what, "business_account_id": core.scenario.kapso.business },
    });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    if what != "reconnected" {
        body["disconnection"] =
            json!({ "reason": reason.unwrap_or("user_action"), "initiated_by": "customer" });
    }
    send::project(core, st, &event, &body);
}
