//! What the provider's side says about numbers and templates, as lines for people. The same news is told once.

use super::{AccountRow, Context, first_chars, templates};
use crate::clock::Millis;
use crate::model::event::NumberFacts;
use crate::model::ids::EventId;
use crate::model::inbound::{Severity, TemplateNews};
use crate::model::template::Template;
use crate::protocol::Changed;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;

/// A line to tell.
pub(super) struct Notice<'a> {
    pub severity: Severity,
    pub field: &'a str,
    pub text: &'a str,
    /// The provider's time. Without one, the same words are told once a day.
    pub at: Option<Millis>,
}

/// Tells a line, once.
pub(super) fn notice(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    n: &Notice<'_>,
) -> Result<(), StoreError> {
    let word = match n.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    };
    let when = n.at.map_or_else(|| format!("day {}", cx.received / DAY), |at| at.to_string());
    let key = EventId::derived(&["notice", account.key.as_str(), n.field, n.text, &when]);
    let added = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO notices(at, account_id, severity, field, text, key) VALUES(?1,?2,?3,?4,?5,?6)",
        )?
        .execute(params![cx.now, account.id, word, n.field, first_chars(n.text, 1000), key.0])?;
    if added > 0 {
        cx.changed(Changed::AccountChanged { account: account.key.clone() });
        cx.changed(Changed::StatusChanged);
    }
    Ok(())
}

/// Something that this version does not know.
pub(super) fn unknown(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    what: &str,
) -> Result<(), StoreError> {
    let text = format!("WhatsApp sends “{what}”, which this version does not know: it is kept as it came");
    notice(conn, cx, account, &Notice { severity: Severity::Info, field: what, text: &text, at: None })
}

/// Changes what is known about a number.
pub(super) fn facts(
    conn: &Connection,
    account: &AccountRow,
    change: impl FnOnce(&mut NumberFacts),
) -> Result<(), StoreError> {
    let text: String = conn
        .prepare_cached("SELECT facts FROM accounts WHERE id = ?1")?
        .query_row([account.id], |r| r.get(0))?;
    let mut f: NumberFacts = serde_json::from_str(&text).unwrap_or_default();
    change(&mut f);
    let text = serde_json::to_string(&f).map_err(|e| StoreError::Rule(e.to_string()))?;
    conn.prepare_cached("UPDATE accounts SET facts = ?2 WHERE id = ?1")?
        .execute(params![account.id, text])?;
    Ok(())
}

/// Whether news about a part of a template is the newest; it is remembered then. Of two with the same time the one
/// that comes later counts.
fn newest(conn: &Connection, account: i64, t: &Template, part: &str, at: Millis) -> Result<bool, StoreError> {
    let n = conn
        .prepare_cached(
            "INSERT INTO template_news(account_id, name, language, part, at) VALUES(?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at >= at",
        )?
        .execute(params![account, t.name, t.language, part, at])?;
    Ok(n > 0)
}

/// The template that news are about: by name, else by the provider's id.
fn known(
    conn: &Connection,
    account: &AccountRow,
    news: &TemplateNews,
) -> Result<Option<Template>, StoreError> {
    let read = |text: String| serde_json::from_str::<Template>(&text).ok();
    if !news.name.is_empty() {
        return Ok(conn
            .prepare_cached(
                "SELECT data FROM templates WHERE account_id = ?1 AND name = ?2 AND language = ?3",
            )?
            .query_row(params![account.id, news.name, news.language], |r| r.get(0))
            .optional()?
            .and_then(read));
    }
    let mut st = conn.prepare_cached("SELECT data FROM templates WHERE account_id = ?1")?;
    let mut rows = st.query([account.id])?;
    while let Some(r) = rows.next()? {
        if let Some(t) = read(r.get(0)?).filter(|t| t.provider_id == news.provider_id) {
            return Ok(Some(t));
        }
    }
    Ok(None)
}

/// News about a template.
pub(super) fn template(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    news: &TemplateNews,
) -> Result<(), StoreError> {
    let known = known(conn, account, news)?;
    if known.is_none() && news.name.is_empty() {
        let text = format!("news about a template that is not in the list: id {}", news.provider_id);
        let n = Notice { severity: Severity::Info, field: "template", text: &text, at: Some(news.at) };
        return notice(conn, cx, account, &n);
    }
    let is_known = known.is_some();
    let was = known.unwrap_or_default();
    let mut t = was.clone();
    if t.name.is_empty() {
        t.name.clone_from(&news.name);
        t.language.clone_from(&news.language);
    }
    if !news.provider_id.is_empty() {
        t.provider_id.clone_from(&news.provider_id);
    }
    for (part, value) in [
        ("status", &news.status),
        ("quality", &news.quality),
        ("category", &news.category),
        ("reason", &news.reason),
        ("body", &news.body),
    ] {
        let Some(value) = value else { continue };
        if newest(conn, account.id, &t, part, news.at)? {
            let slot = match part {
                "status" => &mut t.status,
                "quality" => &mut t.quality,
                "category" => &mut t.category,
                "reason" => &mut t.rejected_reason,
                _ => &mut t.body,
            };
            slot.clone_from(value);
        }
    }
    if let Some(coming) = &news.coming_category
        && newest(conn, account.id, &t, "coming", news.at)?
    {
        t.coming_category.clone_from(coming);
    }
    if t.category != was.category && !was.category.is_empty() {
        t.previous_category.clone_from(&was.category);
    }
    if t.coming_category == t.category {
        t.coming_category.clear();
    }
    if news.body.is_some() && t.body != was.body {
        // The news tell the texts only: the components are read again.
        t.synced_at = 0;
    }
    if t != was {
        let at = if news.at > 0 { news.at } else { cx.now };
        let before = is_known.then_some(&was);
        templates::put(conn, cx, account, before, &t, at, templates::PROVIDER, true)?;
    }
    for text in lines(&was, &t, news.coming_category.as_deref()) {
        let at = Some(news.at).filter(|at| *at > 0);
        notice(conn, cx, account, &Notice { severity: Severity::Info, field: "template", text: &text, at })?;
    }
    Ok(())
}

/// What is told of the changes of a template.
pub(super) fn lines(was: &Template, t: &Template, coming: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if was.status != t.status && !t.status.is_empty() {
        lines.push(format!("template {} ({}) is {}", t.name, t.language, t.status));
    }
    if !was.category.is_empty() && was.category != t.category {
        let (from, to) = (&was.category, &t.category);
        lines.push(format!("template {} ({}) moved from {from} to {to}", t.name, t.language));
    }
    if let Some(c) = coming {
        lines.push(format!("template {} ({}) will move to {c}", t.name, t.language));
    }
    lines
}
