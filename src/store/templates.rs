//! Reading templates with what is kept here about them, their history, and business actions.

use super::StoreError;
use super::reader::Reader;
use crate::clock::Millis;
use crate::model::ids::AccountId;
use crate::model::template::Template;
use crate::model::template::local::{ActionDefinition, TemplateChange, TemplateSettings, TemplateUse};
use crate::protocol::templates::{ActionRow, TemplateRow};
use rusqlite::{OptionalExtension, Row, params};

/// Changes of one template that are read at once.
const HISTORY_MAX: u32 = 500;
/// States in which nothing calls for attention.
const CALM: [&str; 3] = ["APPROVED", "PENDING", "IN_APPEAL"];

/// Columns of [`row`].
const COLUMNS: &str = "SELECT p.data, s.data, u.count, u.last, w.at, w.part, w.was, w.becomes, \
     c.at, c.was, c.becomes, c.actor FROM templates p JOIN accounts a ON a.id = p.account_id \
     LEFT JOIN template_settings s ON s.account_id = p.account_id AND s.name = p.name AND s.language = p.language \
     LEFT JOIN template_uses u ON u.account_id = p.account_id AND u.name = p.name AND u.language = p.language \
     LEFT JOIN template_warnings w ON w.account_id = p.account_id AND w.name = p.name AND w.language = p.language \
     LEFT JOIN template_changes c ON c.id = (SELECT n.id FROM template_changes n WHERE n.account_id = p.account_id \
     AND n.name = p.name AND n.language = p.language AND n.part = 'status' ORDER BY n.at / 1000 DESC, n.id DESC LIMIT 1)";

fn corrupt(what: &str, e: &serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("{what}: {e}"))
}

fn row(r: &Row<'_>) -> Result<TemplateRow, StoreError> {
    let text: String = r.get(0)?;
    let template: Template = serde_json::from_str(&text).map_err(|e| corrupt("template", &e))?;
    let settings: Option<String> = r.get(1)?;
    let settings: TemplateSettings = match settings {
        None => TemplateSettings::default(),
        Some(s) => serde_json::from_str(&s).map_err(|e| corrupt("template settings", &e))?,
    };
    let used =
        TemplateUse { count: r.get::<_, Option<i64>>(2)?.unwrap_or(0).unsigned_abs(), last: r.get(3)? };
    let warning = match r.get::<_, Option<Millis>>(4)? {
        Some(at) => Some(TemplateChange {
            at,
            part: r.get(5)?,
            from: r.get(6)?,
            to: r.get(7)?,
            by: "provider".into(),
        }),
        None if CALM.contains(&template.status.to_ascii_uppercase().as_str()) => None,
        None => match r.get::<_, Option<Millis>>(8)? {
            Some(at) => Some(TemplateChange {
                at,
                part: "status".into(),
                from: r.get(9)?,
                to: r.get(10)?,
                by: r.get(11)?,
            }),
            None => None,
        },
    };
    Ok(TemplateRow { template, settings, used, warning })
}

impl Reader {
    /// Templates of an account with what is kept here, by name and language; of one name, or all.
    pub fn template_rows(
        &self,
        account: &AccountId,
        name: Option<&str>,
    ) -> Result<Vec<TemplateRow>, StoreError> {
        let sql =
            format!("{COLUMNS} WHERE a.key = ?1 AND (?2 IS NULL OR p.name = ?2) ORDER BY p.name, p.language");
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut found = st.query(params![account.as_str(), name])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            out.push(row(r)?);
        }
        Ok(out)
    }

    /// One of them.
    pub fn template_row(
        &self,
        account: &AccountId,
        name: &str,
        language: &str,
    ) -> Result<Option<TemplateRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE a.key = ?1 AND p.name = ?2 AND p.language = ?3");
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut found = st.query(params![account.as_str(), name, language])?;
        found.next()?.map(row).transpose()
    }

    /// What changed about a template, the newest first.
    pub fn template_history(
        &self,
        account: &AccountId,
        name: &str,
        language: &str,
    ) -> Result<Vec<TemplateChange>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT c.at, c.part, c.was, c.becomes, c.actor FROM template_changes c \
             JOIN accounts a ON a.id = c.account_id WHERE a.key = ?1 AND c.name = ?2 AND c.language = ?3 \
             ORDER BY c.at / 1000 DESC, c.id DESC LIMIT ?4",
        )?;
        let list = st
            .query_map(params![account.as_str(), name, language, HISTORY_MAX], |r| {
                Ok(TemplateChange {
                    at: r.get(0)?,
                    part: r.get(1)?,
                    from: r.get(2)?,
                    to: r.get(3)?,
                    by: r.get(4)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(list)
    }

    /// Templates that are being judged, or whose copy is known to be old, by account and name.
    pub fn unsettled_templates(&self) -> Result<Vec<(AccountId, String)>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT DISTINCT a.key, p.name FROM templates p JOIN accounts a ON a.id = p.account_id \
             WHERE a.removed_at IS NULL AND (p.data ->> 'status' IN ('PENDING', 'IN_APPEAL') \
             OR coalesce(p.data ->> 'synced_at', 0) = 0) ORDER BY a.position, a.id, p.name",
        )?;
        let list = st
            .query_map([], |r| Ok((AccountId::new(r.get::<_, String>(0)?), r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(list)
    }

    /// Business actions, by account and name; of one account, or all.
    pub fn actions(&self, account: Option<&AccountId>) -> Result<Vec<(AccountId, ActionRow)>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT a.key, x.name, x.data FROM actions x JOIN accounts a ON a.id = x.account_id \
             WHERE ?1 IS NULL OR a.key = ?1 ORDER BY a.position, a.id, x.name",
        )?;
        let mut found = st.query([account.map(AccountId::as_str)])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let text: String = r.get(2)?;
            let action: ActionDefinition = serde_json::from_str(&text).map_err(|e| corrupt("action", &e))?;
            out.push((AccountId::new(r.get::<_, String>(0)?), ActionRow { name: r.get(1)?, action }));
        }
        Ok(out)
    }

    /// One action of an account.
    pub fn action(&self, account: &AccountId, name: &str) -> Result<Option<ActionDefinition>, StoreError> {
        let text: Option<String> = self
            .conn
            .prepare_cached(
                "SELECT x.data FROM actions x JOIN accounts a ON a.id = x.account_id WHERE a.key = ?1 AND x.name = ?2",
            )?
            .query_row(params![account.as_str(), name], |r| r.get(0))
            .optional()?;
        text.map(|t| serde_json::from_str(&t).map_err(|e| corrupt("action", &e))).transpose()
    }
}
