//! Everything that happens later: states of sends, reviews of templates, customers who write and answer.
//!
//! Owns the plan and its pauses. Does not know HTTP; webhooks go to `delivery`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::graph::templates::review;
use super::scenario::{Customer, Line};
use super::state::{Accepted, Action, Inbound, Reported, State};
use super::{Core, delivery, kapso, wire};
use crate::clock::Millis;

/// A clock that is set by hand is looked at this often while something is planned.
const LOOK: Duration = Duration::from_millis(500);
/// Changes in one webhook of the history.
const BATCH: usize = 8;
const MINUTE: Millis = 60_000;

/// Does what is planned when its time comes, until the emulator stops.
pub async fn run(core: Arc<Core>) {
    loop {
        let wait = {
            let mut st = core.state();
            act(&core, &mut st);
            st.plan.front().map(|first| first.at - core.clock.now())
        };
        let pause = async {
            match wait {
                None => std::future::pending().await,
                Some(ms) => {
                    let ms = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
                    tokio::time::sleep(ms.min(LOOK)).await;
                }
            }
        };
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = core.planned.notified() => {}
            () = pause => {}
        }
    }
}

/// Does everything that is due.
fn act(core: &Arc<Core>, st: &mut State) {
    let now = core.clock.now();
    while st.plan.front().is_some_and(|first| first.at <= now) {
        let Some(due) = st.plan.pop_front() else { return };
        core.changed.notify_one();
        match due.action {
            Action::Status { wamid, status, code } => report(core, st, &wamid, &status, code),
            Action::Answer { wamid } => answer(core, st, &wamid),
            Action::Line { customer, index } => {
                let found = core.customer(st, |c| c.key == customer);
                if let Some((c, line)) = found.and_then(|c| c.lines.get(index).cloned().map(|l| (c, l))) {
                    let context = forwarded(&line);
                    let number = c.number.clone();
                    say(core, st, &c, &number, &content(&line, ""), context);
                }
            }
            Action::Review { template } => review::end(core, st, &template),
            Action::Template { template, turn } => review::turn(core, st, &template, &turn),
            Action::Setup { link } => kapso::used(core, st, &link),
        }
    }
}

/// A pause between `from` and `to` seconds at speed 1, the same for the same words; none at speed 0.
pub fn pause(core: &Core, from: f64, to: f64, words: &[&str]) -> Millis {
    let speed = core.speed();
    if speed <= 0.0 {
        return 0;
    }
    let seconds = from + (to - from) * wire::dice(core.seed, words);
    (seconds * 1000.0 / speed) as Millis
}

/// Plans what follows an accepted send: its states, and perhaps an answer.
pub fn follow(core: &Arc<Core>, st: &mut State, send: &Accepted, fails: Option<i64>) {
    let wamid = &send.wamid;
    let order = st.counts.accepted.to_string();
    let mut at = core.clock.now() + pause(core, 0.2, 1.0, &["sent", &order]);
    let mut plan = |at: Millis, status: &str, code: Option<i64>| {
        st.plan(at, Action::Status { wamid: wamid.clone(), status: status.into(), code });
    };
    core.planned.notify_one();
    if fails.is_some() {
        plan(at, "failed", fails);
        return;
    }
    plan(at, "sent", None);
    let customer = send.customer.as_ref();
    if send.kind == "reaction" {
        return;
    }
    at += pause(core, 0.3, 1.5, &["delivered", &order]);
    plan(at, "delivered", None);
    let Some(customer) = customer.and_then(|key| core.customer(st, |c| c.key == *key)) else { return };
    at += pause(core, 1.5, 6.0, &["read", &order]);
    if customer.reads {
        st.plan(at, Action::Status { wamid: wamid.clone(), status: "read".into(), code: None });
        if send.kind == "audio" && send.body["audio"]["voice"] == true {
            at += pause(core, 2.0, 5.0, &["played", &order]);
            st.plan(at, Action::Status { wamid: wamid.clone(), status: "played".into(), code: None });
        }
    }
    let answers = core.play && core.speed() > 0.0 && !customer.replies.is_empty();
    let already = st.plan.iter().any(|p| match &p.action {
        Action::Answer { wamid } => st
            .accepted
            .iter()
            .rev()
            .any(|s| s.wamid == *wamid && s.customer == send.customer && s.number == send.number),
        _ => false,
    });
    if answers && !already {
        at += pause(core, 2.5, 9.0, &["answer", &order]);
        st.plan(at, Action::Answer { wamid: wamid.clone() });
    }
}

/// Reports a state of an accepted send.
pub fn report(core: &Arc<Core>, st: &mut State, wamid: &str, status: &str, code: Option<i64>) {
    let Some(send) = st.send(wamid).cloned() else { return };
    let Some(number) = core.number(&send.number) else { return };
    let customer = send.customer.as_ref().and_then(|key| core.customer(st, |c| c.key == *key));
    let now = core.clock.now();
    let item = wire::status(&send, customer.as_ref(), status, code, now);
    let contact = match (&customer, status) {
        (_, "failed") | (None, _) => None,
        (Some(customer), _) => Some(wire::contact(customer, status != "sent")),
    };
    if let Some(send) = st.send(wamid) {
        send.statuses.push(Reported { status: status.to_owned(), at: now, told: false });
    }
    let value = wire::messages_value(number, contact, "statuses", &item);
    delivery::enqueue(core, st, Some(&number.id), &[("messages".into(), value)]);
}

/// A customer writes now. Gives the message's id.
pub fn say(
    core: &Arc<Core>,
    st: &mut State,
    customer: &Customer,
    number: &str,
    content: &Value,
    context: Option<Value>,
) -> Option<String> {
    let wamid = wire::new_wamid(&customer.phone, false);
    let change = hear(core, st, customer, number, &wamid, core.clock.now(), content, context)?;
    delivery::enqueue(core, st, Some(number), &[change]);
    Some(wamid)
}

/// Keeps a customer's message and gives the change that tells of it.
#[allow(clippy::too_many_arguments, reason = "each is a part of the one message")]
fn hear(
    core: &Arc<Core>,
    st: &mut State,
    customer: &Customer,
    number: &str,
    wamid: &str,
    at: Millis,
    content: &Value,
    context: Option<Value>,
) -> Option<(String, Value)> {
    let number = core.number(number)?;
    let mut content = content.clone();
    if let Some(context) = context {
        content["context"] = context;
    }
    let message = remember(st, customer, &number.id, wamid, at, &content);
    let contact = wire::contact(customer, true);
    Some(("messages".into(), wire::messages_value(number, Some(contact), "messages", &message)))
}

/// Keeps a customer's message and gives it as the wire has it; `content` may have a `context`.
pub fn remember(
    st: &mut State,
    customer: &Customer,
    number: &str,
    wamid: &str,
    at: Millis,
    content: &Value,
) -> Value {
    st.hear(Inbound {
        wamid: wamid.to_owned(),
        number: number.to_owned(),
        customer: customer.key.clone(),
        kind: content["type"].as_str().unwrap_or_default().to_owned(),
        at,
        read: false,
        told: false,
    });
    wire::inbound(customer, wamid, at, content, None)
}

/// `type` and content of a line; `target` is what a reaction points at.
pub fn content(line: &Line, target: &str) -> Value {
    if let Some(text) = &line.text {
        return json!({ "type": "text", "text": { "body": text } });
    }
    if let Some(emoji) = &line.react {
        return json!({ "type": "reaction", "reaction": { "message_id": target, "emoji": emoji } });
    }
    line.message.clone().unwrap_or_default()
}

/// The customer answers a send: presses a button where there is one, else takes the next reply.
fn answer(core: &Arc<Core>, st: &mut State, wamid: &str) {
    let Some(send) = st.send(wamid).cloned() else { return };
    let Some(key) = send.customer.clone() else { return };
    let Some(customer) = core.customer(st, |c| c.key == key) else { return };
    let quote = core.number(&send.number).map(|n| json!({ "from": n.digits(), "id": wamid }));
    let position = st.positions.entry(key.clone()).or_insert(0);
    let turn = *position;
    let pressed = press(core, &send, turn);
    if let Some(content) = pressed.or_else(|| press_template(st, &send)) {
        say(core, st, &customer, &send.number, &content, quote);
        return;
    }
    let Some(line) = customer.replies.get(turn % customer.replies.len().max(1)) else { return };
    if let Some(position) = st.positions.get_mut(&key) {
        *position += 1;
    }
    let context = if line.quotes_operator { quote } else { forwarded(line) };
    say(core, st, &customer, &send.number, &content(line, wamid), context);
}

/// The reply button or list row this customer presses.
fn press(core: &Core, send: &Accepted, turn: usize) -> Option<Value> {
    let interactive = &send.body["interactive"];
    let choose = |n: usize| {
        let dice = wire::dice(core.seed, &["press", &send.address, &turn.to_string()]);
        ((dice * n as f64) as usize).min(n.saturating_sub(1))
    };
    match interactive["type"].as_str()? {
        "button" => {
            let buttons = interactive["action"]["buttons"].as_array()?;
            let reply = &buttons.get(choose(buttons.len()))?["reply"];
            Some(json!({ "type": "interactive", "interactive": {
                "type": "button_reply", "button_reply": { "id": reply["id"], "title": reply["title"] },
            }}))
        }
        "list" => {
            let sections = interactive["action"]["sections"].as_array()?;
            let rows: Vec<&Value> = sections.iter().filter_map(|s| s["rows"].as_array()).flatten().collect();
            let row = (*rows.get(choose(rows.len()))?).clone();
            Some(json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": row } }))
        }
        _ => None,
    }
}

/// The quick reply of a template the customer presses: the first one.
fn press_template(st: &State, send: &Accepted) -> Option<Value> {
    let name = send.template.as_ref()?;
    let language = send.body["template"]["language"]["code"].as_str()?;
    let template = st.templates.iter().find(|t| t.name == *name && t.language == language)?;
    let buttons = template.components.iter().find(|c| c["type"] == "BUTTONS")?["buttons"].as_array()?;
    let (index, button) = buttons.iter().enumerate().find(|(_, b)| b["type"] == "QUICK_REPLY")?;
    let text = button["text"].as_str()?;
    let payload = send.body["template"]["components"].as_array().and_then(|components| {
        let given = components.iter().find(|c| super::graph::button_index(c) == Some(index))?;
        given["parameters"][0]["payload"].as_str()
    });
    Some(json!({ "type": "button", "button": { "payload": payload.unwrap_or(text), "text": text } }))
}

/// Begins the play of every number that has somebody to tell: the history at once, the lines later.
pub fn begin(core: &Arc<Core>, st: &mut State) {
    if !core.play || core.speed() <= 0.0 {
        return;
    }
    for number in &core.scenario.numbers {
        if st.slot(Some(&number.id)).is_some() && st.played.insert(number.id.clone()) {
            tell_history(core, st, &number.id);
            plan_lines(core, st, &number.id);
        }
    }
    kapso::hear::begin(core, st);
    core.planned.notify_one();
    core.changed.notify_one();
}

/// What customers wrote to a number before, oldest first, in batches.
fn tell_history(core: &Arc<Core>, st: &mut State, number: &str) {
    let now = core.clock.now();
    let mut told: Vec<(Millis, (String, Value))> = Vec::new();
    for customer in core.scenario.customers.iter().filter(|c| c.number == number) {
        let mut ids: Vec<String> = Vec::new();
        for (index, line) in customer.history.iter().enumerate() {
            let wamid = wire::history_wamid(core.seed, customer, index);
            let at = now - line.ago.unwrap_or(0) * MINUTE;
            let target = line.quote.and_then(|q| ids.get(q)).cloned();
            let context = match &target {
                Some(id) if line.react.is_none() => Some(wire::own_quote(customer, id)),
                _ => forwarded(line),
            };
            let content = content(line, target.as_deref().unwrap_or_default());
            let change = hear(core, st, customer, number, &wamid, at, &content, context);
            told.extend(change.map(|change| (at, change)));
            ids.push(wamid);
        }
    }
    told.sort_by_key(|(at, _)| *at);
    let changes: Vec<(String, Value)> = told.into_iter().map(|(_, change)| change).collect();
    for batch in changes.chunks(BATCH) {
        delivery::enqueue(core, st, Some(number), batch);
    }
}

/// Plans what customers write to a number by themselves.
pub fn plan_lines(core: &Core, st: &mut State, number: &str) {
    let now = core.clock.now();
    for customer in core.scenario.customers.iter().filter(|c| c.number == number) {
        for (index, line) in customer.lines.iter().enumerate() {
            let after = line.after.unwrap_or(0.0).max(0.0) * 1000.0 / core.pace();
            st.plan(now + after as Millis, Action::Line { customer: customer.key.clone(), index });
        }
    }
}

fn forwarded(line: &Line) -> Option<Value> {
    line.forwarded.then(|| json!({ "forwarded": true }))
}

/// Changes the speed; what is planned comes sooner or later in proportion.
pub fn change_speed(core: &Arc<Core>, speed: f64) {
    let old = core.speed();
    core.set_speed(speed);
    let new = core.speed();
    let mut st = core.state();
    let now = core.clock.now();
    if old > 0.0 && new > 0.0 {
        for planned in &mut st.plan {
            planned.at = now + ((planned.at - now) as f64 * old / new) as Millis;
        }
    }
    begin(core, &mut st);
    core.planned.notify_one();
}
