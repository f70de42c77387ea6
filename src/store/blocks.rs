//! Who is blocked, read back.

use super::reader::Reader;
use super::{StoreError, rows};
use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::ids::AccountId;
use crate::model::thread::Blocked;
use crate::protocol::admin::BlockedRow;
use rusqlite::{OptionalExtension, params};

impl Reader {
    /// Who is blocked on an account's number, the newest first, with the conversation where there is one.
    pub fn blocked(&self, account: &AccountId) -> Result<Vec<BlockedRow>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT b.kind, b.value, b.at, b.actor, t.uid, t.title FROM blocks b \
             JOIN accounts a ON a.id = b.account_id \
             LEFT JOIN identities i ON i.kind = b.kind AND i.value = b.value AND i.scope = a.provider || ':' || a.business \
             LEFT JOIN threads t ON t.contact_id = i.contact_id AND t.account_id = b.account_id \
             WHERE a.key = ?1 ORDER BY b.at DESC, b.kind, b.value",
        )?;
        let mut found = st.query([account.as_str()])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let kind: String = r.get(0)?;
            let Some(kind) = IdentityKind::parse(&kind) else { continue };
            let thread = match r.get_ref(4)? {
                rusqlite::types::ValueRef::Null => None,
                _ => Some(rows::thread_id(r, 4)?),
            };
            out.push(BlockedRow {
                whom: Identity { kind, value: r.get(1)? },
                thread,
                title: r.get::<_, Option<String>>(5)?.unwrap_or_default(),
                at: Some(r.get(2)?),
                by: r.get(3)?,
            });
        }
        Ok(out)
    }

    /// Whether the contact of a thread is blocked on its number.
    pub(super) fn is_blocked(&self, contact: i64, thread: i64) -> Result<Option<Blocked>, StoreError> {
        let row = |r: &rusqlite::Row<'_>| Ok((r.get::<_, Millis>(0)?, r.get::<_, String>(1)?));
        let found = self
            .conn
            .prepare_cached(
                "SELECT b.at, b.actor FROM blocks b JOIN threads t ON t.account_id = b.account_id \
                 JOIN identities i ON i.kind = b.kind AND i.value = b.value \
                 WHERE i.contact_id = ?1 AND t.id = ?2 ORDER BY b.at LIMIT 1",
            )?
            .query_row(params![contact, thread], row)
            .optional()?;
        Ok(found.map(|(at, by)| Blocked { at, by }))
    }
}
