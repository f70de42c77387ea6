//! Reading contacts, and what messages said before they were changed.

use super::StoreError;
use super::reader::Reader;
use super::rows::{self, THREAD_COLUMNS};
use super::threads::{FindError, identities};
use crate::clock::Millis;
use crate::model::contact::{Contact, Identity};
use crate::model::ids::{ContactId, MessageId};
use crate::protocol::{ContactDetail, Cursor, IdentityFacts, Page, Version};
use rusqlite::{OptionalExtension, params};
use std::collections::HashMap;

impl Reader {
    fn contact_row(&self, id: i64) -> Result<ContactDetail, StoreError> {
        let (mut contact, created_at) = self
            .conn
            .prepare_cached(
                "SELECT uid, name, profile_name, marketing_stop, created_at FROM contacts WHERE id = ?1",
            )?
            .query_row([id], |r| {
                let contact = Contact {
                    id: rows::contact_id(r, 0)?,
                    name: r.get(1)?,
                    profile_name: r.get(2)?,
                    identities: Vec::new(),
                    marketing_opt_out: r.get(3)?,
                };
                Ok((contact, r.get(4)?))
            })?;
        contact.identities = identities(&self.conn, id)?;
        let names = self.names()?;
        let mut st = self.conn.prepare_cached(&format!(
            "SELECT {THREAD_COLUMNS} FROM threads t WHERE t.contact_id = ?1 ORDER BY t.last_at DESC"
        ))?;
        let mut found = st.query([id])?;
        let mut threads = Vec::new();
        while let Some(r) = found.next()? {
            threads.push(rows::thread_row(r, &names)?.1);
        }
        let identities = self.facts(id, &contact.identities)?;
        Ok(ContactDetail { contact, identities, threads, created_at })
    }

    fn facts(&self, contact: i64, list: &[Identity]) -> Result<Vec<IdentityFacts>, StoreError> {
        // What says nothing of its other side counts for the first identity: so does a split.
        let first = list.iter().find(|i| i.is_key()).map(Identity::fingerprint);
        let mut st = self.conn.prepare_cached(
            "SELECT coalesce(m.peer, t.peer, ?2), count(*) FROM threads t JOIN messages m ON m.thread_id = t.id \
             WHERE t.contact_id = ?1 GROUP BY 1",
        )?;
        let counts: HashMap<Option<i64>, i64> = st
            .query_map(params![contact, first], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut st = self
            .conn
            .prepare_cached("SELECT kind, value, since, retired FROM identities WHERE contact_id = ?1")?;
        let mut known: HashMap<(String, String), (Millis, bool)> = HashMap::new();
        let mut found = st.query([contact])?;
        while let Some(r) = found.next()? {
            known.insert((r.get(0)?, r.get(1)?), (r.get(2)?, r.get(3)?));
        }
        Ok(list
            .iter()
            .map(|i| {
                let (since, retired) =
                    known.get(&(i.kind.as_str().to_owned(), i.value.clone())).copied().unwrap_or_default();
                let n = counts.get(&Some(i.fingerprint())).copied().unwrap_or(0);
                IdentityFacts {
                    identity: i.clone(),
                    since: Some(since).filter(|s| *s > 0),
                    retired,
                    messages: u32::try_from(n).unwrap_or(u32::MAX),
                }
            })
            .collect())
    }

    /// A page of contacts, newest first; with a text those whose name or one of whose identities has it.
    pub fn contacts(
        &self,
        text: &str,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<ContactDetail>, StoreError> {
        let words = text.trim().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let digits = crate::model::phone::typed(text).unwrap_or_else(|| words.clone());
        let mut st = self.conn.prepare_cached(
            "SELECT c.id FROM contacts c WHERE c.id < ?1 AND (?2 = '' OR c.name LIKE '%' || ?2 || '%' ESCAPE '\\' \
             OR c.profile_name LIKE '%' || ?2 || '%' ESCAPE '\\' OR EXISTS(SELECT 1 FROM identities i \
             WHERE i.contact_id = c.id AND (i.value LIKE '%' || ?2 || '%' ESCAPE '\\' \
             OR i.value LIKE '%' || ?3 || '%' ESCAPE '\\'))) ORDER BY c.id DESC LIMIT ?4",
        )?;
        let from = before.map_or(i64::MAX, |c| c.row);
        let ids: Vec<i64> =
            st.query_map(params![from, words, digits, limit + 1], |r| r.get(0))?.collect::<Result<_, _>>()?;
        let more = ids.len() > limit as usize;
        let mut items = Vec::new();
        for id in ids.iter().take(limit as usize) {
            items.push(self.contact_row(*id)?);
        }
        let last = items.last().map_or(0, |d| d.created_at);
        let next = ids.get((limit as usize).saturating_sub(1)).filter(|_| more);
        Ok(Page { items, next: next.map(|row| Cursor { at: last, row: *row }) })
    }

    /// A contact by its id, or the one that it was joined with.
    pub fn contact(&self, id: ContactId) -> Result<ContactDetail, StoreError> {
        let row: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT id FROM contacts WHERE uid = ?1 UNION ALL SELECT c.id FROM joined j \
                 JOIN contacts c ON c.uid = j.target WHERE j.uid = ?1",
            )?
            .query_row([id.0], |r| r.get(0))
            .optional()?;
        self.contact_row(row.ok_or(StoreError::Missing("this contact"))?)
    }

    /// The contact that a text names: a contact or thread id, a phone number or user id, a unique name.
    pub fn find_contact(&self, text: &str) -> Result<Option<ContactDetail>, FindError> {
        let text = text.trim();
        if let Ok(id) = text.parse::<ContactId>() {
            match self.contact(id) {
                Ok(found) => return Ok(Some(found)),
                Err(StoreError::Missing(_)) => {}
                Err(e) => return Err(e.into()),
            }
        }
        if let Some(thread) = self.find_thread(None, text)? {
            return Ok(Some(self.contact(self.thread(thread)?.row.contact)?));
        }
        // Contacts without a thread: from an address book, or of a group.
        let bare = text.strip_prefix('@').unwrap_or(text);
        let phone = crate::model::phone::typed(text);
        let mut st = self.conn.prepare_cached(
            "SELECT DISTINCT c.id FROM contacts c LEFT JOIN identities i ON i.contact_id = c.id \
             WHERE i.value IN (?1, ?2, ?3) OR c.profile_name = ?1 OR c.name = ?1 LIMIT 2",
        )?;
        let found: Vec<i64> =
            st.query_map(params![text, bare, phone], |r| r.get(0))?.collect::<Result<_, _>>()?;
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(self.contact_row(*one)?)),
            _ => Err(FindError::Ambiguous),
        }
    }

    /// Everything a message ever said, the original first; empty for one that was never changed.
    pub fn versions(&self, message: MessageId) -> Result<Vec<Version>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT v.at, v.original, v.body FROM versions v JOIN messages m ON m.id = v.message_id \
             WHERE m.uid = ?1 ORDER BY v.original DESC, v.at, v.body",
        )?;
        let mut found = st.query([message.0])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let body: String = r.get(2)?;
            let body =
                serde_json::from_str(&body).map_err(|e| StoreError::Corrupt(format!("version: {e}")))?;
            out.push(Version { at: r.get(0)?, original: r.get(1)?, body });
        }
        Ok(out)
    }
}
