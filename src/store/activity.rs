//! Reading the activity log: newest first, so many rows at a time.

use super::reader::Reader;
use super::rows::{self, AccountNames};
use super::webhooks::row_at;
use super::{StoreError, chain};
use crate::clock::Millis;
use crate::model::ids::{AccountId, ContactId, EventId, LabelId, MessageId, ThreadId};
use crate::protocol::activity::{ActivityFilter, ActivityRow, Whose};
use crate::protocol::{Cursor, Page};
use rusqlite::{OptionalExtension, params};

/// Rows that one look may pass.
const LOOK: usize = 20_000;
/// Rows of which one look may ask what they are about: that costs.
const ASKED: usize = 4_000;

/// What a row is about.
#[derive(Clone, Debug, Default)]
struct About {
    thread: Option<ThreadId>,
    title: Option<String>,
    message: Option<MessageId>,
    account: Option<AccountId>,
    words: Option<String>,
    /// Whether it names something that is a conversation's, here or gone.
    private: bool,
}

/// What screens do by themselves while somebody works.
const QUIET: [&str; 4] = ["preference_set", "draft_saved", "mentions_read", "file_stored"];

fn is_person(actor: &str) -> bool {
    !matches!(actor, "engine" | "provider")
}

impl Reader {
    /// When the oldest row of the activity log was made.
    pub fn oldest_activity(&self) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT at FROM audit ORDER BY id LIMIT 1")?
            .query_row([], |r| r.get(0))
            .optional()?)
    }

    /// Conversations of which something is left to be deleted, by the ids that they had.
    pub fn deletions(&self) -> Result<Vec<ThreadId>, StoreError> {
        let mut st = self.conn.prepare_cached("SELECT uid FROM deletions ORDER BY began")?;
        let all = st.query_map([], |r| rows::thread_id(r, 0))?.collect::<Result<_, _>>()?;
        Ok(all)
    }

    /// A page of the activity log, newest first. `me` sees their own doings also where the rest is hidden.
    pub fn activity(
        &self,
        filter: &ActivityFilter,
        me: &str,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<ActivityRow>, StoreError> {
        let names = self.names()?;
        let from = match filter.since {
            Some(at) => row_at(&self.conn, "audit", "at", at)?,
            None => 0,
        };
        let mut upto = before.map_or(i64::MAX, |c| c.row);
        if let Some(at) = filter.until {
            upto = upto.min(row_at(&self.conn, "audit", "at", at)?);
        }
        let mut st = self.conn.prepare_cached(
            "SELECT a.id, a.uid, a.at, a.actor, a.action, a.subject, a.hash, s.uid, s.pid, s.terminal, s.source, \
             a.seat FROM audit a LEFT JOIN seats s ON s.id = a.seat WHERE a.id < ?1 AND a.id >= ?2 ORDER BY a.id DESC",
        )?;
        let mut found = st.query(params![upto, from])?;
        let mut page = Page::default();
        let (mut looked, mut asked) = (0, 0);
        let text = filter.text.as_deref().map(str::to_lowercase);
        while let Some(r) = found.next()? {
            looked += 1;
            let n: i64 = r.get(0)?;
            let at: Millis = r.get(2)?;
            let (Some(actor), Some(action), Some(subject)) =
                (rows::plain(r, 3), rows::plain(r, 4), rows::plain(r, 5))
            else {
                return Err(StoreError::Corrupt(format!("row {n} of the activity log")));
            };
            let fits = match filter.whose {
                Whose::All => true,
                Whose::People => is_person(actor) && (filter.action.is_some() || !QUIET.contains(&action)),
                Whose::Refused => action == "request_refused",
            } && filter.operator.as_deref().is_none_or(|o| o == actor)
                && filter.action.as_deref().is_none_or(|a| action.contains(a));
            if fits {
                asked += 1;
                let about = self.about(action, subject, &names)?;
                let seen = !self.is_limited()
                    || about.thread.is_some()
                    || (!about.private && (actor == me || about.account.is_some()));
                let fits = seen
                    && filter.thread.is_none_or(|t| about.thread == Some(t))
                    && filter.account.as_ref().is_none_or(|a| about.account.as_ref() == Some(a));
                if fits {
                    let uid: Vec<u8> = r.get(1)?;
                    let seat = match r.get::<_, Option<i64>>(11)? {
                        Some(_) => Some(chain::seat(r, 7)?),
                        None => None,
                    };
                    let row = ActivityRow {
                        n,
                        id: EventId::from_slice(&uid)
                            .ok_or_else(|| StoreError::Corrupt("the id of an event".into()))?,
                        at,
                        actor: actor.to_owned(),
                        action: action.to_owned(),
                        subject: subject.to_owned(),
                        seat,
                        thread: about.thread,
                        title: about.title,
                        words: about.words,
                        message: about.message,
                        account: about.account,
                        hash: r
                            .get_ref(6)?
                            .as_blob_or_null()
                            .ok()
                            .flatten()
                            .map(chain::hex)
                            .unwrap_or_default(),
                    };
                    if text.as_deref().is_none_or(|t| has(&row, t)) {
                        page.items.push(row);
                    }
                }
            }
            if page.items.len() >= limit || looked >= LOOK || asked >= ASKED {
                page.next = Some(Cursor { at, row: n });
                break;
            }
        }
        Ok(page)
    }

    /// What a row is about, as far as it is still here and may be seen.
    fn about(&self, action: &str, subject: &str, names: &AccountNames) -> Result<About, StoreError> {
        let mut about = About::default();
        let first = subject.split(' ').next().unwrap_or_default();
        let Ok(MessageId(uid)) = first.parse::<MessageId>() else {
            about.account = names.iter().find(|(_, a)| a.as_str() == first).map(|(_, a)| a.clone());
            // “4 threads”, “12000 rows …” and the like say nothing of any one; a moved number names people.
            about.private = action == "number_moved";
            return Ok(about);
        };
        about.private = true;
        let mut thread: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT id FROM threads WHERE uid = coalesce((SELECT target FROM joined WHERE uid = ?1), ?1)",
            )?
            .query_row([uid], |r| r.get(0))
            .optional()?;
        if thread.is_none() {
            thread = self
                .conn
                .prepare_cached("SELECT thread_id FROM messages WHERE uid = ?1")?
                .query_row([uid], |r| r.get(0))
                .optional()?;
            if thread.is_some() {
                about.message = Some(MessageId(uid));
            } else {
                thread = self
                    .conn
                    .prepare_cached("SELECT thread_id FROM outbox WHERE uid = ?1")?
                    .query_row([uid], |r| r.get(0))
                    .optional()?;
            }
        }
        if thread.is_none() && action.starts_with("contact") {
            let other = subject.split(' ').nth(2).and_then(|w| w.parse::<ContactId>().ok());
            for id in other.into_iter().chain([ContactId(uid)]) {
                thread = thread.or(self
                    .conn
                    .prepare_cached(
                        "SELECT t.id FROM threads t JOIN contacts c ON c.id = t.contact_id WHERE c.uid = ?1 \
                         ORDER BY t.last_at DESC LIMIT 1",
                    )?
                    .query_row([id.0], |r| r.get(0))
                    .optional()?);
            }
        }
        let Some(thread) = thread else {
            // Replies, macros, labels and raw webhooks have ids too, and are no conversation's.
            about.private = ["message", "attempt", "send", "thread", "note", "contact", "draft", "window"]
                .iter()
                .any(|w| action.starts_with(w));
            let named = match action.split_once('_').map(|(what, _)| what) {
                Some("label") => Some("SELECT name FROM labels WHERE uid = ?1"),
                Some("macro") => Some("SELECT name FROM macros WHERE uid = ?1 AND owner = ''"),
                Some("quick") => {
                    Some("SELECT '/' || shortcut FROM quick_replies WHERE uid = ?1 AND owner = ''")
                }
                _ => None,
            };
            if let Some(sql) = named {
                about.title = self.conn.prepare_cached(sql)?.query_row([uid], |r| r.get(0)).optional()?;
            }
            return Ok(about);
        };
        let (id, title, account) = self
            .conn
            .prepare_cached("SELECT uid, title, account_id FROM threads WHERE id = ?1")?
            .query_row([thread], |r| {
                Ok((rows::thread_id(r, 0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?))
            })?;
        if action == "thread_labelled" {
            about.words = Some(self.label_words(subject)?);
        }
        about.thread = Some(id);
        about.title = Some(title);
        about.account = names.iter().find(|(n, _)| *n == account).map(|(_, a)| a.clone());
        Ok(about)
    }
}

impl Reader {
    /// Labels that went on and off, by their names: `+vip -late`.
    fn label_words(&self, subject: &str) -> Result<String, StoreError> {
        let mut out = Vec::new();
        for part in subject.split(' ').skip(1) {
            let (sign, ids) = part.split_at(part.len().min(1));
            for id in ids.split(',').filter_map(|id| id.parse::<LabelId>().ok()) {
                let name: Option<String> = self
                    .conn
                    .prepare_cached("SELECT name FROM labels WHERE uid = ?1")?
                    .query_row([id.0], |r| r.get(0))
                    .optional()?;
                out.push(format!("{sign}{}", name.unwrap_or_else(|| "a label that is gone".into())));
            }
        }
        Ok(out.join(" "))
    }
}

/// Whether a row has a text, which is in small letters.
fn has(row: &ActivityRow, text: &str) -> bool {
    let in_words = |s: &str| s.to_lowercase().contains(text);
    in_words(&row.actor)
        || in_words(&row.action)
        || in_words(&row.subject)
        || row.title.as_deref().is_some_and(in_words)
        || row.words.as_deref().is_some_and(in_words)
        || row.account.as_ref().is_some_and(|a| in_words(a.as_str()))
        || row.seat.as_ref().is_some_and(|s| in_words(&s.terminal) || in_words(&s.source))
}
