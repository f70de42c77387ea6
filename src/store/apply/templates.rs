//! Templates: the provider's list as it comes, what changed about each, and what is kept here besides.
//!
//! Every copy goes through [`put`], which compares it with the one before and notes the differences: a list that was read, one
//! that was handed in and news by webhook leave the same history. What is set here and how often a template was used have
//! tables of their own, so that no list takes them away.

use super::admin::json;
use super::{AccountRow, Context};
use crate::clock::Millis;
use crate::model::event::Event;
use crate::model::ids::{AccountId, EventId};
use crate::model::template::act::{Submission, TemplateAct};
use crate::model::template::definition::Definition;
use crate::model::template::local::{ActionDefinition, TemplateSettings};
use crate::model::template::{Template, components};
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};

/// Who a change is noted for that nobody here made.
pub(super) const PROVIDER: &str = "provider";

/// Something was done about templates.
pub(super) fn administered(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    what: &TemplateAct,
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    match what {
        TemplateAct::Submitted { template, asked, how } => {
            for a in same_business(cx, &a) {
                submitted(conn, cx, event, &a, template, asked, how)?;
            }
        }
        TemplateAct::Read { name, templates } => {
            for a in same_business(cx, &a) {
                let known = list(conn, a.id, Some(name))?;
                replace(conn, cx, event.at, &a, known, templates, true)?;
            }
        }
        TemplateAct::Deleted { name, language } => {
            for a in same_business(cx, &a) {
                for t in list(conn, a.id, Some(name))? {
                    if language.as_ref().is_none_or(|l| *l == t.language) {
                        gone(conn, cx, &a, &t, event.at, event.actor.label())?;
                    }
                }
            }
        }
        TemplateAct::Set { name, language, settings } => {
            set(conn, &a, name, language, settings)?;
            cx.changed(Changed::TemplatesChanged { account: a.key });
        }
        TemplateAct::Acknowledged { name, language, category } => {
            let n = conn
                .prepare_cached(
                    "DELETE FROM template_warnings WHERE account_id = ?1 AND name = ?2 AND language = ?3 AND becomes = ?4",
                )?
                .execute(params![a.id, name, language, category])?;
            if n > 0 {
                cx.changed(Changed::TemplatesChanged { account: a.key });
            }
        }
        TemplateAct::ActionSet { name, action } => {
            action_set(conn, &a, name, action.as_ref())?;
            cx.changed(Changed::TemplatesChanged { account: a.key });
        }
    }
    Ok(Reply::default())
}

/// The accounts that share an account's templates: they belong to the business.
fn same_business(cx: &Context, account: &AccountRow) -> Vec<AccountRow> {
    let shares = |a: &&AccountRow| {
        a.id == account.id
            || (!account.business.is_empty() && !a.number.is_empty() && a.scope == account.scope)
    };
    cx.accounts.iter().filter(shares).cloned().collect()
}

fn read(text: &str) -> Option<Template> {
    serde_json::from_str(text).ok()
}

/// The copies of an account, of one name or all.
fn list(conn: &Connection, account: i64, name: Option<&str>) -> Result<Vec<Template>, StoreError> {
    let mut st = conn
        .prepare_cached("SELECT data FROM templates WHERE account_id = ?1 AND (?2 IS NULL OR name = ?2)")?;
    let texts: Vec<String> = st.query_map(params![account, name], |r| r.get(0))?.collect::<Result<_, _>>()?;
    Ok(texts.iter().filter_map(|t| read(t)).collect())
}

fn one(conn: &Connection, account: i64, name: &str, language: &str) -> Result<Option<Template>, StoreError> {
    let text: Option<String> = conn
        .prepare_cached("SELECT data FROM templates WHERE account_id = ?1 AND name = ?2 AND language = ?3")?
        .query_row(params![account, name, language], |r| r.get(0))
        .optional()?;
    Ok(text.and_then(|t| read(&t)))
}

/// The whole list of an account was read.
pub(super) fn synced(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    templates: &[Template],
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    let known = list(conn, a.id, None)?;
    let first: bool = conn
        .prepare_cached("SELECT templates_synced IS NULL FROM accounts WHERE id = ?1")?
        .query_row([a.id], |r| r.get(0))?;
    // What is there at the first look was there before: it did not appear.
    let tells = !(first && known.is_empty());
    replace(conn, cx, event.at, &a, known, templates, tells)?;
    conn.prepare_cached("UPDATE accounts SET templates_synced = ?2 WHERE id = ?1")?
        .execute(params![a.id, event.at])?;
    cx.changed(Changed::TemplatesChanged { account: account.clone() });
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

/// What is known is brought to what was read; what was handed in after that read had begun stays.
fn replace(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    a: &AccountRow,
    known: Vec<Template>,
    now: &[Template],
    tells: bool,
) -> Result<(), StoreError> {
    let began = now.iter().map(|t| t.synced_at).min().unwrap_or(at);
    let mut before: BTreeMap<(String, String), Template> =
        known.into_iter().map(|t| ((t.name.clone(), t.language.clone()), t)).collect();
    let mut seen = BTreeSet::new();
    for t in now {
        let key = (t.name.clone(), t.language.clone());
        let was = before.remove(&key);
        if !seen.insert(key) || was.as_ref().is_some_and(|w| w.synced_at > t.synced_at) {
            continue;
        }
        put(conn, cx, a, was.as_ref(), t, at, PROVIDER, tells)?;
    }
    for t in before.into_values().filter(|t| t.synced_at <= began) {
        if !seen.contains(&(t.name.clone(), t.language.clone())) {
            gone(conn, cx, a, &t, at, PROVIDER)?;
        }
    }
    Ok(())
}

/// An operator handed one in, and the provider took it.
fn submitted(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    a: &AccountRow,
    t: &Template,
    asked: &str,
    how: &Submission,
) -> Result<(), StoreError> {
    let was = one(conn, a.id, &t.name, &t.language)?;
    let by = event.actor.label();
    if let (Submission::Edited, Some(was)) = (how, &was) {
        note(conn, a, t, event.at, ("edited", &was.status, &t.status), by)?;
    }
    put(conn, cx, a, was.as_ref(), t, event.at, by, true)?;
    // It was asked for one category and got another: that is the provider's doing.
    if !asked.is_empty() && !t.category.is_empty() && *asked != *t.category {
        moved(conn, a, t, event.at, ("category", asked, &t.category))?;
    }
    Ok(())
}

/// Writes a copy and notes what is different from the one before.
#[allow(clippy::too_many_arguments, reason = "one place that writes, and every caller knows all of it")]
pub(super) fn put(
    conn: &Connection,
    cx: &mut Context,
    a: &AccountRow,
    was: Option<&Template>,
    t: &Template,
    at: Millis,
    by: &str,
    tells: bool,
) -> Result<(), StoreError> {
    if tells {
        for (part, from, to) in differences(was, t) {
            let is_move = matches!(part, "category" | "coming_category") && !to.is_empty();
            if is_move && (by == PROVIDER || part == "coming_category") {
                moved(conn, a, t, at, (part, &from, &to))?;
            } else {
                note(conn, a, t, at, (part, &from, &to), by)?;
                if part == "coming_category" || part == "category" {
                    // It is not going to be moved after all, or somebody here moved it.
                    calm(conn, a, t, part)?;
                }
            }
        }
    }
    if was == Some(t) {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO templates(account_id, name, language, data) VALUES(?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET data = excluded.data",
    )?
    .execute(params![a.id, t.name, t.language, json(t)?])?;
    cx.changed(Changed::TemplatesChanged { account: a.key.clone() });
    Ok(())
}

/// A copy goes, with a line in its history.
fn gone(
    conn: &Connection,
    cx: &mut Context,
    a: &AccountRow,
    t: &Template,
    at: Millis,
    by: &str,
) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM templates WHERE account_id = ?1 AND name = ?2 AND language = ?3")?
        .execute(params![a.id, t.name, t.language])?;
    conn.prepare_cached(
        "DELETE FROM template_warnings WHERE account_id = ?1 AND name = ?2 AND language = ?3",
    )?
    .execute(params![a.id, t.name, t.language])?;
    note(conn, a, t, at, ("deleted", &t.status, ""), by)?;
    cx.changed(Changed::TemplatesChanged { account: a.key.clone() });
    Ok(())
}

/// What is different: the part, what it was, what it is.
fn differences(was: Option<&Template>, now: &Template) -> Vec<(&'static str, String, String)> {
    let Some(was) = was else { return vec![("created", String::new(), now.status.clone())] };
    let mut out = Vec::new();
    let mut part = |name: &'static str, from: &str, to: &str| {
        if from != to {
            out.push((name, from.to_owned(), to.to_owned()));
        }
    };
    part("status", &was.status, &now.status);
    // A copy that came by news alone may know neither.
    if !was.category.is_empty() {
        part("category", &was.category, &now.category);
    }
    // A move that has come true is no announcement any more.
    if now.category != was.coming_category || !now.coming_category.is_empty() {
        part("coming_category", &was.coming_category, &now.coming_category);
    }
    part("quality", known_quality(&was.quality), known_quality(&now.quality));
    part("reason", given(&was.rejected_reason), given(&now.rejected_reason));
    if !was.components.is_empty() && !now.components.is_empty() {
        part("components", &text_of(was), &text_of(now));
    } else if was.body != now.body && !was.body.is_empty() {
        part("components", &was.body, &now.body);
    }
    out
}

fn known_quality(word: &str) -> &str {
    if word.eq_ignore_ascii_case("UNKNOWN") { "" } else { word }
}

fn given(reason: &str) -> &str {
    if reason.eq_ignore_ascii_case("NONE") { "" } else { reason }
}

/// The components as JSON, without the sample's address, which is another one at every read.
fn text_of(t: &Template) -> String {
    let mut d = Definition::of(t);
    if let Some(h) = &mut d.header {
        h.sample.clear();
    }
    serde_json::to_string(&components::write(&d)).unwrap_or_default()
}

/// Notes a change, once.
fn note(
    conn: &Connection,
    a: &AccountRow,
    t: &Template,
    at: Millis,
    (part, from, to): (&str, &str, &str),
    by: &str,
) -> Result<bool, StoreError> {
    let key = EventId::derived(&[
        "template",
        a.key.as_str(),
        &t.name,
        &t.language,
        part,
        from,
        to,
        &at.to_string(),
    ]);
    let n = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO template_changes(account_id, name, language, at, part, was, becomes, actor, key) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![a.id, t.name, t.language, at, part, from, to, by, key.0])?;
    Ok(n > 0)
}

/// The provider moved it to another category, or is going to: whoever sends it next has to know.
fn moved(
    conn: &Connection,
    a: &AccountRow,
    t: &Template,
    at: Millis,
    (part, from, to): (&str, &str, &str),
) -> Result<(), StoreError> {
    // An announcement names the category that it has by now.
    let from = if part == "coming_category" { t.category.as_str() } else { from };
    if note(conn, a, t, at, (part, from, to), PROVIDER)? {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO template_warnings(account_id, name, language, at, part, was, becomes) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![a.id, t.name, t.language, at, part, from, to])?;
    }
    Ok(())
}

fn calm(conn: &Connection, a: &AccountRow, t: &Template, part: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "DELETE FROM template_warnings WHERE account_id = ?1 AND name = ?2 AND language = ?3 AND part = ?4",
    )?
    .execute(params![a.id, t.name, t.language, part])?;
    Ok(())
}

fn set(
    conn: &Connection,
    a: &AccountRow,
    name: &str,
    language: &str,
    settings: &TemplateSettings,
) -> Result<(), StoreError> {
    if *settings == TemplateSettings::default() {
        conn.prepare_cached(
            "DELETE FROM template_settings WHERE account_id = ?1 AND name = ?2 AND language = ?3",
        )?
        .execute(params![a.id, name, language])?;
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT OR REPLACE INTO template_settings(account_id, name, language, data) VALUES(?1, ?2, ?3, ?4)",
    )?
    .execute(params![a.id, name, language, json(settings)?])?;
    Ok(())
}

fn action_set(
    conn: &Connection,
    a: &AccountRow,
    name: &str,
    action: Option<&ActionDefinition>,
) -> Result<(), StoreError> {
    match action {
        None => {
            conn.prepare_cached("DELETE FROM actions WHERE account_id = ?1 AND name = ?2")?
                .execute(params![a.id, name])?;
        }
        Some(action) => {
            conn.prepare_cached("INSERT OR REPLACE INTO actions(account_id, name, data) VALUES(?1, ?2, ?3)")?
                .execute(params![a.id, name, json(action)?])?;
        }
    }
    Ok(())
}

/// A message was queued with it.
pub(super) fn used(
    conn: &Connection,
    a: &AccountRow,
    at: Millis,
    content: &crate::model::outgoing::Outgoing,
) -> Result<(), StoreError> {
    let crate::model::outgoing::Outgoing::Template { send, .. } = content else { return Ok(()) };
    conn.prepare_cached(
        "INSERT INTO template_uses(account_id, name, language, count, last) VALUES(?1, ?2, ?3, 1, ?4) \
         ON CONFLICT DO UPDATE SET count = count + 1, last = max(last, excluded.last)",
    )?
    .execute(params![a.id, send.name, send.language, at])?;
    // Nobody is told: every screen would read the whole list for each message.
    Ok(())
}
