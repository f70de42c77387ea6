//! Filters of a search: what is asked of a message besides its words, as SQL, and the walk over messages that it needs.
//!
//! A filter that fits nothing costs no more than one that fits much: so many messages are looked at, then the page ends
//! with a place to go on from.

use super::StoreError;
use super::apply;
use super::reader::Reader;
use super::search::{Query, Scope, has_word, people_where};
use crate::clock::Millis;
use crate::text::fold;
use crate::text::query::{self, BadQuery, Filter, Part, Want};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Rows};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Messages with the words that are looked at for one page; few in tests, so that they walk over several.
const LOOKED_AT: usize = if cfg!(test) { 40 } else { 8_000 };
/// Messages that are looked at for one page where there are no words: they lie side by side.
const SIDE_BY_SIDE: i64 = if cfg!(test) { 40 } else { 40_000 };
/// Messages of the named people that are looked at; with more of them the index of words is the way.
const OF_PEOPLE: usize = 30_000;
/// People that a name may mean.
const PEOPLE: usize = 500;
/// How long before it is sent a message may be stored: 367 days.
const AHEAD: Millis = 367 * 86_400_000;
/// The first parameter of the filters; those before belong to the statement around them.
pub(super) const FIRST: usize = 8;

/// What was found on a walk, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// Rows of messages.
    pub(super) rows: Vec<i64>,
    /// Where to go on: the walk ended before the messages did.
    pub(super) resume: Option<i64>,
}

/// Filters as SQL.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters {
    /// ` AND …` over `messages m`.
    sql: String,
    values: Vec<Value>,
    /// The only threads that fit.
    threads: Option<Vec<i64>>,
    /// The only account that fits.
    account: Option<i64>,
    /// No message before this row fits.
    low: i64,
    /// Whether there is any filter.
    any: bool,
    /// Whether a filter asks something of messages, which people are not.
    of_messages: bool,
}

fn list(ids: &[i64]) -> Value {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Value::Text(format!("[{}]", ids.join(",")))
}

fn bad(filter: &Filter, what: String, next: String) -> BadQuery {
    BadQuery { at: filter.at..filter.at + 1, what, next, unfinished: false }
}

impl Filters {
    /// The filters of a query.
    ///
    /// `recent`: whether there are messages that wait for the index of words.
    pub(super) fn of(
        conn: &Connection,
        query: &query::Query,
        recent: bool,
    ) -> Result<Self, super::search::SearchError> {
        let mut out = Self { low: i64::MIN, ..Self::default() };
        for filter in &query.filters {
            out.add(conn, filter)?;
        }
        for term in query.terms.iter().filter(|t| t.not) {
            if let Some(q) = apply::prepare_query_token(&term.text, false) {
                let n = out.value(Value::Text(q));
                let has = |table: &str| {
                    format!("EXISTS(SELECT 1 FROM {table} WHERE {table} MATCH ?{n} AND rowid = m.id)")
                };
                let words = has("message_words");
                out.put(&if recent { format!("{words} OR {}", has("recent_words")) } else { words }, true);
            }
        }
        Ok(out)
    }

    /// What stands behind the other conditions on `messages m`.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        !self.any
    }

    /// Whether people may be among what is found.
    pub(super) fn fits_people(&self) -> bool {
        !self.of_messages
    }

    /// The account that the filters leave.
    pub(super) fn only_account(&self) -> Option<i64> {
        self.account
    }

    fn value(&mut self, v: Value) -> usize {
        self.values.push(v);
        FIRST + self.values.len() - 1
    }

    fn put(&mut self, condition: &str, not: bool) {
        self.any = true;
        self.of_messages = true;
        // What is not known is not so: NULL in a condition that is turned round would hide the message.
        let _ = if not {
            write!(self.sql, " AND NOT coalesce(({condition}), 0)")
        } else {
            write!(self.sql, " AND ({condition})")
        };
    }

    fn add(&mut self, conn: &Connection, f: &Filter) -> Result<(), super::search::SearchError> {
        match &f.want {
            Want::From(name) => self.from(conn, name, f.not)?,
            Want::Ours(ours) => self.put(if *ours { "m.inbound = 0" } else { "m.inbound = 1" }, f.not),
            Want::Account(name) => self.accounts(conn, name, f)?,
            Want::Label(name) => self.label(conn, name, f)?,
            Want::Kind(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(|k| format!("'{k}'")).collect();
                self.put(&format!("m.kind IN ({})", kinds.join(",")), f.not);
            }
            Want::Has(part) => self.put(
                match part {
                    Part::Link => {
                        "m.text LIKE '%http://%' OR m.text LIKE '%https://%' OR m.text LIKE '%www.%'"
                    }
                    Part::Reaction => {
                        "EXISTS(SELECT 1 FROM reactions x WHERE x.message_id = m.id AND x.emoji <> '')"
                    }
                    Part::Quote => "m.quote IS NOT NULL",
                    Part::Error => "m.error IS NOT NULL",
                    Part::Edit => "m.edited = 1",
                },
                f.not,
            ),
            Want::State(state) => self.put(&format!("m.state = '{state}'"), f.not),
            Want::Unread => self.put("m.unread = 1", f.not),
            Want::Template(name) => {
                let n = self.value(Value::Text(name.clone()));
                let has = format!("instr(lower(json_extract(m.body, '$.name')), ?{n}) > 0");
                self.put(&format!("m.kind = 'template' AND m.body IS NOT NULL AND {has}"), f.not);
            }
            Want::Before(at) => self.put(&format!("m.at < {at}"), f.not),
            Want::After(at) => {
                self.put(&format!("m.at >= {at}"), f.not);
                if !f.not {
                    self.low = self.low.max(row_at(conn, at.saturating_sub(AHEAD))?);
                }
            }
        }
        Ok(())
    }

    /// A contact with this name or number wrote it; where there is none, an operator with this name.
    fn from(&mut self, conn: &Connection, name: &str, not: bool) -> Result<(), StoreError> {
        let mut threads: Vec<i64> = Vec::new();
        if let Some((condition, value)) = people_where(&Query::words_of(name)) {
            let sql = format!("SELECT t.id FROM threads t WHERE {condition} LIMIT {PEOPLE}");
            let mut st = conn.prepare_cached(&sql)?;
            threads = st.query_map([value], |r| r.get(0))?.collect::<Result<_, _>>()?;
        }
        if threads.is_empty() {
            let n = self.value(Value::Text(name.to_lowercase()));
            let has = format!("instr(lower(json_extract(m.origin, '$.name')), ?{n}) > 0");
            self.put(&format!("m.inbound = 0 AND m.origin IS NOT NULL AND {has}"), not);
            return Ok(());
        }
        let n = self.value(list(&threads));
        self.put(&format!("m.inbound = 1 AND m.thread_id IN (SELECT value FROM json_each(?{n}))"), not);
        if !not {
            self.only(threads);
        }
        Ok(())
    }

    /// No thread but these fits.
    fn only(&mut self, threads: Vec<i64>) {
        self.threads = Some(match self.threads.take() {
            Some(before) => before.into_iter().filter(|t| threads.contains(t)).collect(),
            None => threads,
        });
    }

    fn accounts(
        &mut self,
        conn: &Connection,
        name: &str,
        f: &Filter,
    ) -> Result<(), super::search::SearchError> {
        let mut st = conn
            .prepare_cached("SELECT id, key, name FROM accounts ORDER BY position, id")
            .map_err(StoreError::from)?;
        let all: Vec<(i64, String, String)> = st
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .and_then(Iterator::collect)
            .map_err(StoreError::from)?;
        let wanted = fold::folded(name);
        let exact: Vec<i64> = all.iter().filter(|(_, key, _)| *key == name).map(|(id, ..)| *id).collect();
        let fits = |(_, key, title): &&(i64, String, String)| {
            fold::folded(key).contains(&wanted) || fold::folded(title).contains(&wanted)
        };
        let ids =
            if exact.is_empty() { all.iter().filter(fits).map(|(id, ..)| *id).collect() } else { exact };
        if ids.is_empty() {
            let keys: Vec<&str> = all.iter().map(|(_, key, _)| key.as_str()).collect();
            let next = format!("one of {}", keys.join(", "));
            return Err(bad(f, format!("there is no account `{name}`"), next).into());
        }
        if let ([one], false) = (ids.as_slice(), f.not) {
            self.account = Some(*one);
        }
        let people = self.of_messages;
        let n = self.value(list(&ids));
        self.put(
            &format!("(SELECT t.account_id FROM threads t WHERE t.id = m.thread_id) IN (SELECT value FROM json_each(?{n}))"),
            f.not,
        );
        // People have an account, too; only one can be asked for.
        self.of_messages = people || self.account.is_none();
        Ok(())
    }

    /// In a thread with this label, or one that begins like that.
    fn label(&mut self, conn: &Connection, name: &str, f: &Filter) -> Result<(), super::search::SearchError> {
        let mut st =
            conn.prepare_cached("SELECT id, name FROM labels ORDER BY name").map_err(StoreError::from)?;
        let all: Vec<(i64, String)> = st
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
            .and_then(Iterator::collect)
            .map_err(StoreError::from)?;
        let wanted = fold::folded(name);
        let ids = |fits: &dyn Fn(&str) -> bool| -> Vec<i64> {
            all.iter().filter(|(_, name)| fits(&fold::folded(name))).map(|(id, _)| *id).collect()
        };
        let exact = ids(&|label| label == wanted);
        let ids = if exact.is_empty() { ids(&|label| label.starts_with(wanted.as_str())) } else { exact };
        if ids.is_empty() {
            let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).take(20).collect();
            let next = if names.is_empty() {
                "there are no labels yet".to_owned()
            } else {
                format!("one of {}", names.join(", "))
            };
            return Err(bad(f, format!("there is no label `{name}`"), next).into());
        }
        let n = self.value(list(&ids));
        let has = format!("x.thread_id = m.thread_id AND x.label_id IN (SELECT value FROM json_each(?{n}))");
        self.put(&format!("EXISTS(SELECT 1 FROM thread_labels x WHERE {has})"), f.not);
        if !f.not {
            let threads = labelled(conn, &ids)?;
            if threads.len() <= PEOPLE {
                self.only(threads);
            }
        }
        Ok(())
    }
}

/// Threads with one of these labels; one more than is of use where they are many.
fn labelled(conn: &Connection, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
    let mut st = conn.prepare_cached(
        "SELECT DISTINCT thread_id FROM thread_labels WHERE label_id IN (SELECT value FROM json_each(?1)) LIMIT ?2",
    )?;
    let most = PEOPLE as i64 + 1;
    let threads =
        st.query_map(rusqlite::params![list(ids), most], |r| r.get(0))?.collect::<Result<_, _>>()?;
    Ok(threads)
}

/// The first row that was stored at this time or later: rows are appended.
fn row_at(conn: &Connection, at: Millis) -> Result<i64, StoreError> {
    let (mut low, mut high): (i64, i64) = conn
        .prepare_cached("SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM messages")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut st =
        conn.prepare_cached("SELECT id, stored_at FROM messages WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, Millis)> =
            st.query_row([middle], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        match found {
            Some((id, stored)) if stored < at => low = id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// What the words of a query ask of the text of a message that is looked at by itself.
pub(super) enum Words {
    /// Nothing: the index has found it, or there are none.
    Any,
    /// A word begins like this, lower case.
    Begins(String),
    /// Has all of these, folded.
    All(Vec<String>),
}

impl Words {
    pub(super) fn fit(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Begins(start) => has_word(&apply::prepare_words(text), start)
                .unwrap_or_else(|| fold::folded(text).contains(start.as_str())),
            Self::All(needles) => fold::has_all(text, needles),
        }
    }
}

impl Reader {
    /// Matches of words and filters, or of filters alone.
    pub(super) fn walk_filtered(
        &self,
        query: &Query,
        scope: &Scope,
        filters: &Filters,
    ) -> Result<Walk, StoreError> {
        let mut filters = filters.clone();
        if let Some(thread) = scope.thread {
            filters.only(vec![thread]);
        }
        if let Some(account) = scope.account {
            filters.put(
                &format!("(SELECT t.account_id FROM threads t WHERE t.id = m.thread_id) = {account}"),
                false,
            );
        }
        let few = match &filters.threads {
            Some(threads) => self.rows_of(threads, scope)?,
            None => None,
        };
        if let Some(rows) = few {
            let needles = query.terms.iter().map(|t| fold::folded(t)).collect();
            return self.look(&rows, &Words::All(needles), scope, &filters);
        }
        let Some(words) = query.words() else {
            return if query.terms.is_empty() {
                self.side_by_side(scope, &filters)
            } else {
                Ok(Walk::default())
            };
        };
        let limited = self.is_limited();
        let any = Scope { before: i64::MAX, limit: 1, account: None, thread: None, limited };
        if !self.worded(&words, &any)?.is_empty() {
            return match query.shortened() {
                Some((short, start)) => {
                    self.words_and_filters(&short, &Words::Begins(start), scope, &filters)
                }
                None => self.words_and_filters(&words, &Words::Any, scope, &filters),
            };
        }
        let Some(parts) = query.parts() else { return Ok(Walk::default()) };
        let wide = Scope { account: None, thread: None, limit: LOOKED_AT, ..*scope };
        let (indexed, tail) = (self.rowids("message_parts", &parts, &wide)?, self.tail(&query.terms, &wide)?);
        // Below the end of a list that was cut there may be more that is not on it.
        let cut = |rows: &[i64]| rows.last().copied().filter(|_| rows.len() == LOOKED_AT);
        let end = cut(&indexed).max(cut(&tail));
        let rows: BTreeSet<i64> = indexed.into_iter().chain(tail).filter(|r| Some(*r) >= end).collect();
        let rows: Vec<i64> = rows.into_iter().rev().collect();
        let mut out = self.look(&rows, &Words::Any, scope, &filters)?;
        if out.rows.len() < scope.limit && out.resume.is_none() {
            out.resume = end.filter(|end| *end > filters.low);
        }
        Ok(out)
    }

    /// All rows of some threads before a place, newest first; `None` when they are many.
    fn rows_of(&self, threads: &[i64], scope: &Scope) -> Result<Option<Vec<i64>>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT m.id FROM json_each(?1) j CROSS JOIN messages m ON m.thread_id = j.value WHERE m.id < ?2 LIMIT ?3",
        )?;
        let most = OF_PEOPLE as i64 + 1;
        let mut rows: Vec<i64> = st
            .query_map(rusqlite::params![list(threads), scope.before, most], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        if rows.len() > OF_PEOPLE {
            return Ok(None);
        }
        rows.sort_unstable_by_key(|r| std::cmp::Reverse(*r));
        Ok(Some(rows))
    }

    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        Ok(self.conn.prepare_cached(sql)?)
    }

    /// Looks at these rows one by one.
    fn look(
        &self,
        rows: &[i64],
        words: &Words,
        scope: &Scope,
        filters: &Filters,
    ) -> Result<Walk, StoreError> {
        let mut st =
            self.prepared(&format!("SELECT m.text FROM messages m WHERE m.id = ?1{}", filters.sql))?;
        filters.bind(&mut st)?;
        let mut out = Walk::default();
        for (n, row) in rows.iter().enumerate().take_while(|(_, row)| **row >= filters.low) {
            if out.rows.len() == scope.limit {
                break;
            }
            if n == LOOKED_AT {
                out.resume = n.checked_sub(1).map(|last| rows[last]);
                break;
            }
            st.raw_bind_parameter(1, row)?;
            let mut found = st.raw_query();
            if let Some(r) = found.next()?
                && words.fit(text(r)?)
            {
                out.rows.push(*row);
            }
        }
        Ok(out)
    }

    /// Walks over the messages that the index of words gives, newest first.
    fn words_and_filters(
        &self,
        query: &str,
        words: &Words,
        scope: &Scope,
        filters: &Filters,
    ) -> Result<Walk, StoreError> {
        let from = |table: &str, before: &str| {
            format!(
                "SELECT rowid AS id FROM {table} WHERE {table} MATCH ?1 AND rowid < {before} \
                 ORDER BY rowid DESC LIMIT ?3"
            )
        };
        let from = match self.recent()? {
            None => from("message_words", "?2"),
            // What waits for the index is newer than all that is in it.
            Some(upto) => format!(
                "SELECT id FROM (SELECT * FROM ({}) UNION ALL SELECT * FROM ({})) ORDER BY id DESC LIMIT ?3",
                from("recent_words", "?2"),
                from("message_words", &scope.before.min(upto.saturating_add(1)).to_string())
            ),
        };
        let sql = format!(
            "SELECT f.id, m.text, (1{}) FROM ({from}) f CROSS JOIN messages m ON m.id = f.id",
            filters.sql
        );
        let mut st = self.prepared(&sql)?;
        filters.bind(&mut st)?;
        st.raw_bind_parameter(1, query)?;
        st.raw_bind_parameter(2, scope.before)?;
        st.raw_bind_parameter(3, LOOKED_AT as i64)?;
        let mut found = st.raw_query();
        let mut out = Walk::default();
        let (mut seen, mut last) = (0, scope.before);
        while let Some(r) = found.next()? {
            let row: i64 = r.get(0)?;
            (seen, last) = (seen + 1, row);
            if row < filters.low {
                return Ok(out);
            }
            let fits: Option<bool> = r.get(2)?;
            if fits == Some(true) && words.fit(text_at(r, 1)?) {
                out.rows.push(row);
                if out.rows.len() == scope.limit {
                    return Ok(out);
                }
            }
        }
        out.resume = (seen == LOOKED_AT).then_some(last);
        Ok(out)
    }

    /// Walks over all messages, newest first.
    fn side_by_side(&self, scope: &Scope, filters: &Filters) -> Result<Walk, StoreError> {
        let newest: i64 = self
            .conn
            .prepare_cached("SELECT coalesce(max(id), 0) FROM messages")?
            .query_row([], |r| r.get(0))?;
        let before = scope.before.min(newest.saturating_add(1));
        let end = before.saturating_sub(SIDE_BY_SIDE).max(filters.low).max(0);
        let sql = format!(
            "SELECT m.id FROM messages m WHERE m.id < ?1 AND m.id >= ?2{} ORDER BY m.id DESC LIMIT ?3",
            filters.sql
        );
        let mut st = self.prepared(&sql)?;
        filters.bind(&mut st)?;
        st.raw_bind_parameter(1, before)?;
        st.raw_bind_parameter(2, end)?;
        st.raw_bind_parameter(3, scope.limit as i64)?;
        let mut found: Rows<'_> = st.raw_query();
        let mut out = Walk::default();
        while let Some(r) = found.next()? {
            out.rows.push(r.get(0)?);
        }
        let left = out.rows.len() < scope.limit && end > filters.low.max(1);
        out.resume = left.then_some(end);
        Ok(out)
    }
}

impl Filters {
    pub(super) fn bind(&self, st: &mut CachedStatement<'_>) -> Result<(), StoreError> {
        for (i, v) in self.values.iter().enumerate() {
            st.raw_bind_parameter(FIRST + i, v)?;
        }
        Ok(())
    }
}

fn text<'a>(r: &'a rusqlite::Row<'_>) -> Result<&'a str, StoreError> {
    text_at(r, 0)
}

pub(super) fn text_at<'a>(r: &'a rusqlite::Row<'_>, i: usize) -> Result<&'a str, StoreError> {
    let text = r.get_ref(i)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(crate::model::message::searched_text(text))
}
