//! Conversations, which are sessions, and contacts.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::book::{Book, Person, Session};
use super::paging::{self, Place};
use super::past::{Row, What};
use super::platform::{no_method, wrapped};
use super::{Answer, Out, known, send, shapes};
use crate::emulator::Core;
use crate::emulator::server::Call;

/// A session, whose it is, and of one that a number was filled with the row of its last message.
type Found = (Session, Person, Option<Row>);

/// Every session, also those of what a number was filled with; what their last message says is added by [`whole`].
fn sessions(core: &Core, book: &Book, number: Option<&str>) -> Vec<Found> {
    let live = book.sessions.iter().filter(|s| number.is_none_or(|n| s.number == n));
    let mut all: Vec<Found> =
        live.filter_map(|s| Some((s.clone(), book.person(&s.person)?.clone(), None))).collect();
    let now = core.clock.now();
    for (at, rows) in book.index.rows.iter().filter(|(n, _)| number.is_none_or(|w| *n == w)) {
        // By fill, person and day, as the sessions of fills are; the messages are made for the last one of each only.
        let mut filled: HashMap<(u32, u32, i64), usize> = HashMap::new();
        let mut lasts: Vec<(usize, Row)> = Vec::new();
        for row in rows {
            let What::Fill(f, n) = row.what else { continue };
            let Some(fill) = book.fills.get(f as usize) else { continue };
            let which = fill.person_of(n);
            let key = (f, which, row.at.div_euclid(86_400_000));
            let place = *filled.entry(key).or_insert_with(|| {
                lasts.push((all.len(), *row));
                let person = fill.person(f, which);
                let session = Session {
                    id: fill.session(f, n),
                    number: at.clone(),
                    person: person.id.clone(),
                    ended: now - row.at > super::book::SESSION,
                    created_at: row.at,
                    last_at: row.at,
                    last_in: None,
                    last_out: None,
                    count: 0,
                    last_message: String::new(),
                    last_kind: String::new(),
                    last_text: String::new(),
                };
                all.push((session, person, None));
                lasts.len() - 1
            });
            let (session, last) = &mut lasts[place];
            *last = *row;
            let session = &mut all[*session].0;
            session.count += 1;
            session.last_at = row.at;
            *(if fill.own(n) { &mut session.last_out } else { &mut session.last_in }) = Some(row.at);
        }
        for (place, row) in lasts {
            all[place].2 = Some(row);
        }
    }
    all.sort_by(|(a, ..), (b, ..)| (b.last_at, &b.id).cmp(&(a.last_at, &a.id)));
    all
}

/// A session as it is printed.
fn whole(core: &Core, book: &Book, (mut session, person, last): Found) -> Value {
    if let Some(seen) = last.and_then(|row| book.seen(&row)) {
        session.last_message.clone_from(&seen.stored.wamid);
        seen.stored.message["type"].as_str().unwrap_or_default().clone_into(&mut session.last_kind);
        session.last_text = shapes::text_of(core, &seen.stored);
    }
    shapes::session(&session, &person, true)
}

/// Lists sessions; the proxy names one number and has other names for the times.
pub fn conversations(core: &Arc<Core>, call: &Call, number: Option<&str>) -> Answer {
    if call.method != Method::GET {
        return Err(no_method());
    }
    if call.query.contains_key("assigned_user_id")
        && call.query.get("unassigned").is_some_and(|u| u == "true")
    {
        return Err(Out::error(422, "assigned_user_id and unassigned cannot be combined"));
    }
    if number.is_some_and(|n| known(core, n).is_none()) {
        return Err(Out::error(404, "Phone number not found"));
    }
    let wanted = paging::wanted(call, "last_active_at")?;
    let given = |name: &str| paging::time(call, name);
    let after = given("last_active_after")?.or(given("last_active_since")?);
    let before = given("last_active_before")?.or(given("last_active_until")?);
    let (made_after, made_before) = (given("created_after")?, given("created_before")?);
    let status = call.query.get("status");
    let phone = call.query.get("phone_number").map(|p| p.trim_start_matches('+'));
    let st = core.state();
    let number = number.or(call.query.get("phone_number_id").map(String::as_str));
    let all = sessions(core, &st.kapso, number).into_iter().filter(|(s, p, _)| {
        status.is_none_or(|w| (w == "ended") == s.ended)
            && phone.is_none_or(|n| p.phone.as_ref().is_some_and(|p| p.contains(n)))
            && after.is_none_or(|t| s.last_at >= t)
            && before.is_none_or(|t| s.last_at <= t)
            && made_after.is_none_or(|t| s.created_at >= t)
            && made_before.is_none_or(|t| s.created_at <= t)
            // Nobody is assigned to anything here.
            && !call.query.contains_key("assigned_user_id")
    });
    let all = all.map(|found| (Place { at: found.0.last_at, id: found.0.id.clone() }, found));
    Ok(wanted.page(all, |(_, found)| whole(core, &st.kapso, found), true))
}

/// One session: read, closed, opened again.
pub fn conversation(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    let mut st = core.state();
    if call.method == Method::GET {
        let found = sessions(core, &st.kapso, None).into_iter().find(|(s, ..)| s.id == id);
        return found.map(|f| Out::data(whole(core, &st.kapso, f))).ok_or_else(Out::not_found);
    }
    if call.method != Method::PATCH {
        return Err(no_method());
    }
    let ended = match wrapped(call, "whatsapp_conversation")?["status"].as_str() {
        Some("ended") => true,
        Some("active") => false,
        _ => return Err(Out::error(422, "Status is not included in the list")),
    };
    let place = st.kapso.sessions.iter().position(|s| s.id == id).ok_or_else(Out::not_found)?;
    let was = std::mem::replace(&mut st.kapso.sessions[place].ended, ended);
    if ended && !was {
        send::conversation(core, &mut st, "whatsapp.conversation.ended", place);
    }
    let session = &st.kapso.sessions[place];
    let person = st.kapso.person(&session.person).ok_or_else(Out::not_found)?;
    Ok(Out::data(shapes::session(session, person, true)))
}

/// Everybody, the newest first. `number` keeps those who have written to it or were written to.
pub fn contacts(core: &Arc<Core>, call: &Call, number: Option<&str>) -> Answer {
    if number.is_some_and(|n| known(core, n).is_none()) {
        return Err(Out::error(404, "Phone number not found"));
    }
    let mut st = core.state();
    let book = &mut st.kapso;
    match call.method {
        Method::POST if number.is_none() => {
            let given = wrapped(call, "contact")?;
            let text = |name: &str| given[name].as_str().filter(|t| !t.is_empty());
            let phone = text("wa_id").map(|p| p.chars().filter(char::is_ascii_digit).collect::<String>());
            if phone.is_none() && text("business_scoped_user_id").is_none() {
                return Err(Out::error(422, "Wa can't be blank"));
            }
            let name = text("profile_name").or(text("display_name")).unwrap_or_default();
            let id = book.meet(
                phone.as_deref(),
                text("business_scoped_user_id").unwrap_or_default(),
                name,
                None,
                core.clock.now(),
            );
            return book
                .person(&id)
                .map(|p| Out::created(shapes::contact(p, None)))
                .ok_or_else(Out::not_found);
        }
        Method::GET => {}
        _ => return Err(no_method()),
    }
    let fills: Vec<bool> = book.fills.iter().map(|f| number.is_none_or(|n| f.number == n)).collect();
    let mut all: Vec<Person> = book
        .people
        .iter()
        .filter(|p| number.is_none_or(|n| book.sessions.iter().any(|s| s.number == n && s.person == p.id)))
        .cloned()
        .collect();
    let live: std::collections::HashSet<&String> = book.people.iter().map(|p| &p.id).collect();
    for (n, fill) in book.fills.iter().enumerate().filter(|(n, _)| fills[*n]) {
        all.extend((0..fill.people).map(|who| fill.person(n as u32, who)).filter(|p| !live.contains(&p.id)));
    }
    all.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    if number.is_none() && (call.query.contains_key("page") || call.query.contains_key("per_page")) {
        let n = |name: &str, otherwise: usize| {
            call.query.get(name).and_then(|t| t.parse().ok()).unwrap_or(otherwise)
        };
        if n("page", 1) > 50 || n("page", 1) * n("per_page", 20) > 5000 {
            return Err(Out {
                status: 400,
                body: json!({
                    "message": "legacy_offset_pagination_limit_exceeded",
                    "detail": "Use cursor pagination with limit and after.", "max_page": 50, "max_window": 5000,
                }),
                headers: Vec::new(),
            });
        }
        return paging::numbered(call, all.iter().map(|p| shapes::contact(p, None)).collect());
    }
    let wanted = paging::wanted(call, "created_at")?;
    let all = all.into_iter().map(|p| (Place { at: p.created_at, id: p.id.clone() }, p));
    Ok(wanted.page(all, |(_, p)| shapes::contact(&p, None), number.is_none()))
}

/// One person by id, digits or user id.
pub fn contact(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    let now = core.clock.now();
    let mut st = core.state();
    let person = st.kapso.anyone(id).ok_or_else(Out::not_found)?;
    match call.method {
        Method::GET => Ok(Out::data(shapes::contact(&person, None))),
        Method::PATCH => {
            let given = wrapped(call, "contact")?;
            let id = st.kapso.meet(person.phone.as_deref(), &person.bsuid, "", None, now);
            let kept = st.kapso.people.iter_mut().find(|p| p.id == id).ok_or_else(Out::not_found)?;
            if let Some(name) = given["profile_name"].as_str().or(given["display_name"].as_str()) {
                name.clone_into(&mut kept.name);
            }
            if given["metadata"].is_object() {
                kept.metadata = given["metadata"].clone();
            }
            kept.updated_at = now;
            Ok(Out::data(shapes::contact(kept, None)))
        }
        Method::DELETE => {
            st.kapso.forget(&person.id);
            Ok(Out {
                status: 202,
                body: json!({ "data": { "id": person.id, "status": "deleting" } }),
                headers: Vec::new(),
            })
        }
        _ => Err(no_method()),
    }
}

/// One person at the proxy, without an envelope.
pub fn bare(core: &Arc<Core>, id: &str) -> Answer {
    let st = core.state();
    let person = st.kapso.anyone(id).ok_or_else(Out::not_found)?;
    let shown: Value = shapes::contact(&person, None);
    Ok(Out::ok(shown))
}
