//! Stored messages: of the project, and of one number.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::book::Book;
use super::paging::{self, Place};
use super::past::{Row, Seen};
use super::platform::no_method;
use super::shapes::{self, Extras};
use super::{Answer, Out, known};
use crate::emulator::Core;
use crate::emulator::server::Call;

fn place(row: &Row) -> Place {
    Place { at: row.at, id: format!("{:020}", row.seq) }
}

/// What a list is narrowed to.
struct Filter {
    conversation: Option<String>,
    direction: Option<bool>,
    status: Option<String>,
    kind: Option<String>,
    phone: Option<String>,
    user: Option<String>,
    media: Option<bool>,
}

impl Filter {
    fn of(call: &Call) -> Result<Self, Out> {
        let text = |name: &str| call.query.get(name).filter(|t| !t.is_empty()).cloned();
        let direction = match text("direction").as_deref() {
            None => None,
            Some("inbound") => Some(true),
            Some("outbound") => Some(false),
            Some(_) => return Err(Out::error(400, "Invalid direction")),
        };
        let status = text("status");
        if status
            .as_ref()
            .is_some_and(|s| !["pending", "sent", "delivered", "read", "failed"].contains(&s.as_str()))
        {
            return Err(Out::error(400, "Invalid status"));
        }
        Ok(Self {
            conversation: text("conversation_id"),
            direction,
            status,
            kind: text("message_type"),
            phone: text("phone_number").map(|p| p.trim_start_matches('+').to_owned()),
            user: text("business_scoped_user_id"),
            media: text("has_media").map(|m| m == "true"),
        })
    }

    fn is_open(&self) -> bool {
        self.conversation.is_none()
            && self.direction.is_none()
            && self.status.is_none()
            && self.kind.is_none()
            && self.phone.is_none()
            && self.user.is_none()
            && self.media.is_none()
    }

    fn fits(&self, book: &Book, row: &Row) -> bool {
        if self.is_open() {
            return true;
        }
        if self.conversation.is_some() && book.session_of(row) != self.conversation {
            return false;
        }
        let Some(Seen { stored: m, person: p }) = book.seen(row) else { return false };
        let kind = m.message["type"].as_str().unwrap_or_default();
        let status = if m.inbound { "delivered" } else { m.status.as_str() };
        let media = ["image", "video", "audio", "document", "sticker"].contains(&kind);
        self.direction.is_none_or(|d| d == m.inbound)
            && self.status.as_ref().is_none_or(|s| s == status)
            && self.kind.as_ref().is_none_or(|k| k == kind)
            && self.phone.as_ref().is_none_or(|n| p.phone.as_ref().is_some_and(|p| p.contains(n)))
            && self.user.as_ref().is_none_or(|u| *u == p.bsuid)
            && self.media.is_none_or(|m| m == media)
    }
}

/// The rows of a sorted run that are up to a place and not older than a time, the newest first.
fn run<'a>(rows: &'a [Row], from: Option<&Place>, since: Option<i64>, until: Option<i64>) -> &'a [Row] {
    let mut end = rows.len();
    if let Some(until) = until {
        end = end.min(rows.partition_point(|r| r.at <= until));
    }
    if let Some(from) = from {
        end = end.min(rows.partition_point(|r| r.at <= from.at));
    }
    let start = since.map_or(0, |since| rows.partition_point(|r| r.at < since));
    rows.get(start..end).unwrap_or_default()
}

/// Every number's messages.
pub fn all(core: &Arc<Core>, call: &Call) -> Answer {
    if call.method != Method::GET {
        return Err(no_method());
    }
    let filter = Filter::of(call)?;
    let wanted = paging::wanted(call, "created_at")?;
    let st = core.state();
    let one = call.query.get("phone_number_id").filter(|n| !n.is_empty());
    let runs: Vec<&[Row]> = st
        .kapso
        .index
        .rows
        .iter()
        .filter(|(number, _)| one.is_none_or(|n| n == *number))
        .map(|(_, rows)| run(rows, wanted.after.as_ref(), None, None))
        .collect();
    let mut merged: Vec<&Row>;
    let rows: Box<dyn Iterator<Item = &Row>> = if let [only] = runs.as_slice() {
        Box::new(only.iter().rev())
    } else {
        merged = runs.into_iter().flatten().collect();
        merged.sort_unstable_by_key(|r| std::cmp::Reverse((r.at, r.seq)));
        Box::new(merged.into_iter())
    };
    let rows = rows.filter(|r| filter.fits(&st.kapso, r)).map(|r| (place(r), r));
    let shown = |(_, row): (Place, &Row)| {
        let seen = st.kapso.seen(row);
        seen.map_or(Value::Null, |s| shapes::message(core, &s.stored, &s.person, &Extras::All, true))
    };
    Ok(wanted.page(rows, shown, true))
}

/// One message by its id.
pub fn one(core: &Arc<Core>, call: &Call, wamid: &str) -> Answer {
    if call.method != Method::GET {
        return Err(no_method());
    }
    let st = core.state();
    let seen = st.kapso.find(wamid).ok_or_else(Out::not_found)?;
    Ok(Out::data(shapes::message(core, &seen.stored, &seen.person, &Extras::All, true)))
}

/// The messages of one number, as the proxy lists them.
pub fn of_number(core: &Arc<Core>, call: &Call, number: &str) -> Answer {
    known(core, number).ok_or_else(|| Out::error(404, "Phone number not found"))?;
    let filter = Filter::of(call)?;
    let wanted = paging::wanted(call, "created_at")?;
    let (since, until) = (paging::time(call, "since")?, paging::time(call, "until")?);
    let extras = Extras::asked(call.query.get("fields"));
    let mut st = core.state();
    if call.query.get("after").filter(|a| !a.is_empty()).is_some_and(|a| st.kapso.forgets(a)) {
        return Err(Out::error(400, "Invalid cursor"));
    }
    let none = Vec::new();
    let rows = st.kapso.index.rows.get(number).unwrap_or(&none);
    let rows = run(rows, wanted.after.as_ref(), since, until).iter().rev();
    let rows = rows.filter(|r| filter.fits(&st.kapso, r)).map(|r| (place(r), r));
    let shown = |(_, row): (Place, &Row)| {
        let seen = st.kapso.seen(row);
        seen.map_or(Value::Null, |s| shapes::message(core, &s.stored, &s.person, &extras, true))
    };
    Ok(wanted.page(rows, shown, false))
}

/// One message of a number, without an envelope.
pub fn one_of_number(core: &Arc<Core>, call: &Call, number: &str, wamid: &str) -> Answer {
    let st = core.state();
    let seen = st.kapso.find(wamid).filter(|s| s.stored.number == number).ok_or_else(Out::not_found)?;
    let extras = Extras::asked(call.query.get("fields"));
    Ok(Out::ok(shapes::message(core, &seen.stored, &seen.person, &extras, true)))
}

/// Everything a number has, oldest first, as a test compares it.
pub fn listed(book: &Book, number: &str) -> Value {
    let rows = book.index.rows.get(number).map(Vec::as_slice).unwrap_or_default();
    let shown = rows.iter().filter_map(|row| {
        let s = book.seen(row)?;
        let kind = s.stored.message["type"].as_str().unwrap_or_default();
        let text = s.stored.message["text"]["body"].as_str();
        Some(json!({
            "id": s.stored.wamid, "at": s.stored.at, "time": s.stored.time, "inbound": s.stored.inbound,
            "status": s.stored.status, "type": kind, "text": text, "phone": s.person.phone, "user": s.person.bsuid,
        }))
    });
    Value::Array(shown.collect())
}
