//! Reading threads, contacts, accounts and templates.

use super::reader::Reader;
use super::rows::{self, THREAD_COLUMNS};
use super::{StoreError, apply};
use crate::clock::Millis;
use crate::model::account::{AccountLife, AccountOptions, KeptAccount, Setup};
use crate::model::contact::{Contact, Identity, IdentityKind};
use crate::model::event::{AccountSpec, NumberFacts};
use crate::model::filter::Asker;
use crate::model::history::HistoryMark;
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::model::phone;
use crate::model::template::Template;
use crate::model::thread::{ThreadDetail, ThreadFilter, ThreadRow};
use crate::protocol::{AccountView, Cursor, Page};
use rusqlite::{Connection, OptionalExtension, params};

/// The identities of a contact, the most stable kind first, and of one kind the current one.
pub(super) fn identities(conn: &Connection, contact_id: i64) -> Result<Vec<Identity>, StoreError> {
    let mut st = conn.prepare_cached(
        "SELECT kind, value FROM identities WHERE contact_id = ?1 ORDER BY retired, since DESC, value",
    )?;
    let mut out: Vec<Identity> = st
        .query_map([contact_id], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?
        .filter_map(|row| match row {
            Ok((kind, value)) => IdentityKind::parse(&kind).map(|kind| Ok(Identity { kind, value })),
            Err(e) => Some(Err(e)),
        })
        .collect::<Result<_, _>>()?;
    out.sort_by_key(|i| i.kind);
    Ok(out)
}

impl Reader {
    /// A page of a view that depends neither on who asks nor on the time, newest first.
    pub fn threads(
        &self,
        account: Option<&AccountId>,
        filter: ThreadFilter,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<ThreadRow>, StoreError> {
        self.view(account, filter, Asker { me: "", now: 0 }, before, limit)
    }

    /// Rows of these threads; unknown ids are left out.
    pub fn thread_rows(&self, ids: &[ThreadId]) -> Result<Vec<ThreadRow>, StoreError> {
        let names = self.names()?;
        let mut st =
            self.conn.prepare_cached(&format!("SELECT {THREAD_COLUMNS} FROM threads t WHERE t.uid = ?1"))?;
        let mut read = |id: ThreadId| -> Result<Option<ThreadRow>, StoreError> {
            let mut found = st.query([id.0])?;
            found.next()?.map(|r| Ok(rows::thread_row(r, &names)?.1)).transpose()
        };
        let mut out = Vec::with_capacity(ids.len());
        for id in ids {
            let mut row = read(*id)?;
            if row.is_none() {
                // A thread that was joined with another is that one now.
                let now = self.current(*id)?;
                row = if now == *id { None } else { read(now)? };
            }
            out.extend(row);
        }
        Ok(out)
    }

    /// The oldest unread message of a thread that came late. There is no index of unread messages: they are looked
    /// for from the newest on, as many as there are.
    fn late_unread(&self, thread: i64, unread: u32) -> Result<Option<MessageId>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT uid, late FROM messages WHERE thread_id = ?1 AND unread = 1 ORDER BY at DESC, id DESC LIMIT ?2",
        )?;
        let mut rows = st.query(params![thread, unread])?;
        let mut found = None;
        while let Some(r) = rows.next()? {
            if r.get::<_, Option<Millis>>(1)?.is_some() {
                found = Some(rows::message_id(r, 0)?);
            }
        }
        Ok(found)
    }

    /// The id that a thread has now: one that was joined with another leads to that.
    pub(super) fn current(&self, id: ThreadId) -> Result<ThreadId, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT target FROM joined WHERE uid = ?1")?
            .query_row([id.0], |r| rows::thread_id(r, 0))
            .optional()?
            .unwrap_or(id))
    }

    /// One thread with its contact and draft.
    pub fn thread(&self, id: ThreadId) -> Result<ThreadDetail, StoreError> {
        let id = self.current(id)?;
        let row = self.thread_rows(&[id])?.pop().ok_or(StoreError::Missing("this thread"))?;
        let (thread_id, contact_id, read_at): (i64, i64, Option<Millis>) = self
            .conn
            .prepare_cached("SELECT id, contact_id, read_at FROM threads WHERE uid = ?1")?
            .query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        let mut contact = self
            .conn
            .prepare_cached("SELECT uid, name, profile_name, marketing_stop FROM contacts WHERE id = ?1")?
            .query_row([contact_id], |r| {
                Ok(Contact {
                    id: rows::contact_id(r, 0)?,
                    name: r.get(1)?,
                    profile_name: r.get(2)?,
                    identities: Vec::new(),
                    marketing_opt_out: r.get(3)?,
                })
            })?;
        contact.identities = identities(&self.conn, contact_id)?;
        let [draft, note] = self.drafts_in(thread_id)?;
        let late_unread = if row.unread > 0 { self.late_unread(thread_id, row.unread)? } else { None };
        let blocked = self.is_blocked(contact_id, thread_id)?;
        Ok(ThreadDetail { row, contact, draft, note, read_at, blocked, late_unread })
    }

    /// The thread that a text names: a thread id, a phone number or user id in any common form, a unique name.
    pub fn find_thread(
        &self,
        account: Option<&AccountId>,
        text: &str,
    ) -> Result<Option<ThreadId>, FindError> {
        let text = text.trim();
        if let Ok(id) = text.parse::<ThreadId>()
            && let id = self.current(id)?
            && !self.thread_rows(&[id])?.is_empty()
        {
            return Ok(Some(id));
        }
        let names = self.names()?;
        let account_id = account.and_then(|key| names.iter().find(|(_, k)| k == key)).map(|(id, _)| *id);
        let mut st = self.conn.prepare_cached(
            "SELECT t.uid FROM identities i JOIN threads t ON t.contact_id = i.contact_id \
             WHERE i.scope IN (SELECT provider || ':' || business FROM accounts) AND i.kind = ?1 AND i.value = ?2 \
             AND (?3 IS NULL OR t.account_id = ?3) ORDER BY t.last_at DESC LIMIT 1",
        )?;
        let bare = text.strip_prefix('@').unwrap_or(text);
        let mut tries = Vec::new();
        if let Some(digits) = phone::typed(text) {
            // The number itself before its other forms, and sure ones before those that may be another line.
            let mut forms = phone::variants(&digits);
            forms.sort_by_key(|v| !v.sure);
            tries.push(("phone", digits));
            tries.extend(forms.into_iter().map(|v| ("phone", v.digits)));
        }
        tries.extend([("bsuid", text.to_owned()), ("group", text.to_owned()), ("username", bare.to_owned())]);
        for (kind, value) in tries {
            let found =
                st.query_row(params![kind, value, account_id], |r| rows::thread_id(r, 0)).optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let mut st = self.conn.prepare_cached(
            "SELECT t.uid, t.title FROM threads t WHERE t.title = ?1 COLLATE NOCASE \
             AND (?2 IS NULL OR t.account_id = ?2) LIMIT 2",
        )?;
        let found: Vec<ThreadId> =
            st.query_map(params![text, account_id], |r| rows::thread_id(r, 0))?.collect::<Result<_, _>>()?;
        match found.len() {
            0 => Ok(None),
            1 => Ok(found.first().copied()),
            _ => Err(FindError::Ambiguous),
        }
    }

    /// Accounts in the order in which they were configured.
    pub fn accounts(&self) -> Result<Vec<AccountView>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT key, name, provider, environment, number, business, state, state_text, facts, threads, unread, \
             unread_threads, last_webhook, templates_synced, kept IS NOT NULL, options, blocked, connected_at, \
             disconnected_at, token_at, history FROM accounts WHERE removed_at IS NULL ORDER BY position, id",
        )?;
        let views = st
            .query_map([], |r| {
                let facts: String = r.get(8)?;
                let facts: NumberFacts = serde_json::from_str(&facts).unwrap_or_default();
                let options: String = r.get(15)?;
                let options: AccountOptions = serde_json::from_str(&options).unwrap_or_default();
                let name: String = r.get(1)?;
                let number: String = r.get(4)?;
                let history: Option<HistoryMark> =
                    r.get::<_, Option<String>>(20)?.and_then(|json| serde_json::from_str(&json).ok());
                let life = AccountLife {
                    kept: r.get(14)?,
                    defined_name: options.name.as_ref().map(|_| name.clone()),
                    options,
                    blocked: r.get(16)?,
                    connected_at: r.get(17)?,
                    disconnected_at: r.get(18)?,
                    token_at: r.get(19)?,
                    history: history.as_ref().and_then(|m| m.progress(&number)),
                };
                let count = |i: usize| r.get::<_, i64>(i).map(|n| u32::try_from(n).unwrap_or(0));
                Ok(AccountView {
                    spec: AccountSpec {
                        id: AccountId::new(r.get::<_, String>(0)?),
                        name: life.options.name.clone().unwrap_or(name),
                        provider: r.get(2)?,
                        environment: r.get(3)?,
                        number,
                        business: r.get(5)?,
                    },
                    state: r.get(6)?,
                    state_text: r.get(7)?,
                    facts,
                    threads: count(9)?,
                    unread: count(10)?,
                    unread_threads: count(11)?,
                    last_webhook: r.get(12)?,
                    templates_synced: r.get(13)?,
                    life,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(views)
    }

    /// The definitions of accounts that were made here, and how far connecting each account got.
    #[allow(clippy::type_complexity, reason = "one row of two columns for each account")]
    pub fn kept_accounts(&self) -> Result<Vec<(AccountId, Option<KeptAccount>, Setup)>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT key, kept, setup FROM accounts WHERE removed_at IS NULL ORDER BY position, id",
        )?;
        let rows = st.query_map([], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, Option<String>>(1)?, r.get::<_, String>(2)?))
        })?;
        let mut out = Vec::new();
        for row in rows {
            let (key, kept, setup) = row?;
            let kept = match kept {
                None => None,
                Some(json) => Some(
                    serde_json::from_str(&json)
                        .map_err(|e| StoreError::Corrupt(format!("account {key}: {e}")))?,
                ),
            };
            out.push((AccountId::new(key), kept, serde_json::from_str(&setup).unwrap_or_default()));
        }
        Ok(out)
    }

    /// The time of the newest message of an account, either way.
    pub fn last_activity(&self, account: &AccountId) -> Result<Option<Millis>, StoreError> {
        let at = self
            .conn
            .prepare_cached(
                "SELECT max(t.last_at) FROM threads t JOIN accounts a ON a.id = t.account_id WHERE a.key = ?1",
            )?
            .query_row([account.as_str()], |r| r.get(0))?;
        Ok(at)
    }

    /// Templates of an account by name and language.
    pub fn templates(&self, account: &AccountId) -> Result<Vec<Template>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT p.data FROM templates p JOIN accounts a ON a.id = p.account_id WHERE a.key = ?1 \
             ORDER BY p.name, p.language",
        )?;
        let mut found = st.query([account.as_str()])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let text: String = r.get(0)?;
            out.push(serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(format!("template: {e}")))?);
        }
        Ok(out)
    }

    /// One template.
    pub fn template(
        &self,
        account: &AccountId,
        name: &str,
        language: &str,
    ) -> Result<Option<Template>, StoreError> {
        let text: Option<String> = self
            .conn
            .prepare_cached(
                "SELECT p.data FROM templates p JOIN accounts a ON a.id = p.account_id \
                 WHERE a.key = ?1 AND p.name = ?2 AND p.language = ?3",
            )?
            .query_row(params![account.as_str(), name, language], |r| r.get(0))
            .optional()?;
        text.map(|t| serde_json::from_str(&t).map_err(|e| StoreError::Corrupt(format!("template: {e}"))))
            .transpose()
    }

    /// The provider's id of the newest inbound message of a thread: what a read receipt names.
    pub fn newest_inbound(&self, thread: ThreadId, upto: Millis) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT m.provider_id FROM messages m JOIN threads t ON t.id = m.thread_id WHERE t.uid = ?1 \
                 AND m.inbound = 1 AND m.at <= ?2 AND m.provider_id IS NOT NULL AND m.kind <> 'system' \
                 ORDER BY m.at DESC, m.id DESC LIMIT 1",
            )?
            .query_row(params![thread.0, upto], |r| r.get(0))
            .optional()?)
    }

    /// How far the index of word parts is behind, in messages.
    pub fn parts_behind(&self) -> Result<i64, StoreError> {
        let newest: i64 = self
            .conn
            .prepare_cached("SELECT coalesce(max(id), 0) FROM messages")?
            .query_row([], |r| r.get(0))?;
        Ok(newest - apply::tidy_upto(&self.conn)?)
    }
}

/// Why a thread was not found by its name.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Several threads have this title.
    #[error("several threads have this name")]
    Ambiguous,
}

impl From<rusqlite::Error> for FindError {
    fn from(e: rusqlite::Error) -> Self {
        Self::Store(e.into())
    }
}
