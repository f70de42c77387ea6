//! Reading the views: which threads a list shows, page by page, and how many there are.
//!
//! A page is found in two steps. First places and numbers of threads come from the indexes alone, a few lists merged;
//! then the rows of the page are read. So a page costs the same at any depth, however many threads there are. A
//! filter of an operator's own is looked up row by row along the list that fits it best, so many rows at a time.

use super::StoreError;
use super::reader::Reader;
use super::rows::{self, AccountNames, THREAD_COLUMNS};
use crate::clock::Millis;
use crate::model::filter::{Asker, Filter, Is, Test, Who};
use crate::model::handling::{Handling, Label, LabelColor, Priority, Snooze, State, Wait};
use crate::model::ids::{AccountId, LabelId, ThreadId};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::model::window::LENGTH;
use crate::protocol::{Cursor, LabelRow, Page, ViewCounts};
use rusqlite::{OptionalExtension, Row, ToSql, params};

/// With more unread threads than this the lists are walked instead of sorting them all.
const FEW: i64 = 2_000;
/// Rows that a page of an operator's own filter looks at.
const LOOKED_AT: usize = 4_000;
/// Rows that it takes at once.
const CHUNK: usize = 500;

/// The columns of [`THREAD_COLUMNS`] about how a thread is handled, from `first` on.
pub(super) fn handling(r: &Row<'_>, first: usize) -> Result<Handling, StoreError> {
    let odd = |what: &str| StoreError::Corrupt(format!("{what} of a thread"));
    let wait: Option<i64> = r.get(first + 1)?;
    let snooze = wait
        .map(|w| {
            let wait = Wait::from_number(w).ok_or_else(|| odd("snooze"))?;
            Ok::<_, StoreError>(Snooze { wait, until: r.get(first + 2)? })
        })
        .transpose()?;
    let woken: Option<Millis> = r.get(first + 3)?;
    // By its place in the columns: looking a name up costs more than the rest of the row.
    let last_at: Millis = r.get(first - 10)?;
    Ok(Handling {
        state: State::from_number(r.get(first)?).ok_or_else(|| odd("state"))?,
        snooze,
        woken: woken == Some(last_at),
        priority: Priority::from_number(r.get(first + 4)?).ok_or_else(|| odd("priority"))?,
        assignee: r.get(first + 5)?,
        labels: match r
            .get_ref(first + 6)?
            .as_str_or_null()
            .map_err(|e| StoreError::Corrupt(e.to_string()))?
        {
            None => Vec::new(),
            Some(text) => labels(text).ok_or_else(|| odd("labels"))?,
        },
    })
}

/// `id color name` in lines, as the columns give them.
fn labels(text: &str) -> Option<Vec<Label>> {
    let mut out = Vec::new();
    for line in text.lines() {
        let (id, rest) = line.split_once(' ')?;
        let (color, name) = rest.split_once(' ')?;
        out.push(Label {
            id: id.parse().ok()?,
            name: name.to_owned(),
            color: LabelColor::from_number(color.parse().ok()?).unwrap_or_default(),
        });
    }
    out.sort_by_cached_key(|l| l.name.to_lowercase());
    Some(out)
}

/// The threads that a page is taken from. Each but the last gives (place, number), the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// In these states; with or without somebody who has them, or both.
    Lists(Vec<State>, Option<bool>),
    /// With unread messages, by the index of those.
    Unread,
    /// With unread messages, where they are many.
    ManyUnread,
    /// With failed messages.
    Failed,
    /// Of an operator, in these states.
    Assigned(String, Vec<State>),
    /// With a label.
    Label(i64),
    /// With an open window at that time, the first to close before the others.
    Window(Millis),
}

/// A thread's place in a list, and its number.
type Key = (Millis, i64);

/// The local numbers of one account, or of all.
fn accounts_of(names: &AccountNames, account: Option<&AccountId>) -> Result<Vec<i64>, StoreError> {
    match account {
        None => Ok(names.iter().map(|(id, _)| *id).collect()),
        Some(key) => match names.iter().find(|(_, k)| k == key) {
            Some((id, _)) => Ok(vec![*id]),
            None => Err(StoreError::Missing("this account")),
        },
    }
}

impl Reader {
    fn keys(&self, sql: &str, with: &[&dyn ToSql], out: &mut Vec<Key>) -> Result<(), StoreError> {
        let mut st = self.conn.prepare_cached(sql)?;
        let mut found = st.query(with)?;
        while let Some(r) = found.next()? {
            out.push((r.get(0)?, r.get(1)?));
        }
        Ok(())
    }

    /// The next places of a source behind `from`, at most so many, in its order.
    fn places(
        &self,
        source: &Source,
        accounts: &[i64],
        from: Cursor,
        limit: usize,
    ) -> Result<Vec<Key>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut out = Vec::new();
        for account in accounts {
            match source {
                Source::Lists(states, assigned) => {
                    for state in states {
                        for nobody in [true, false].iter().filter(|n| assigned.is_none_or(|a| a != **n)) {
                            self.keys(
                                LISTS,
                                params![account, state.number(), nobody, from.at, from.row, limit],
                                &mut out,
                            )?;
                        }
                    }
                }
                Source::ManyUnread => {
                    for state in State::ALL {
                        for nobody in [true, false] {
                            self.keys(
                                MANY_UNREAD,
                                params![account, state.number(), nobody, from.at, from.row, limit],
                                &mut out,
                            )?;
                        }
                    }
                }
                Source::Unread => {
                    self.keys(UNREAD, params![account, from.at, from.row, limit], &mut out)?;
                }
                Source::Failed => {
                    self.keys(FAILED, params![account, from.at, from.row, limit], &mut out)?;
                }
                Source::Assigned(who, states) => {
                    for state in states {
                        self.keys(
                            ASSIGNED,
                            params![who, account, state.number(), from.at, from.row, limit],
                            &mut out,
                        )?;
                    }
                }
                Source::Label(label) => {
                    self.keys(LABELLED, params![label, account, from.at, from.row, limit], &mut out)?;
                }
                Source::Window(now) => {
                    for nobody in [true, false] {
                        self.keys(
                            WINDOW,
                            params![account, nobody, now - LENGTH, now, from.at, from.row, limit],
                            &mut out,
                        )?;
                    }
                }
            }
        }
        match source {
            Source::Window(_) => out.sort_unstable(),
            _ => out.sort_unstable_by_key(|k| std::cmp::Reverse(*k)),
        }
        out.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(out)
    }

    fn row_at(&self, id: i64, names: &AccountNames) -> Result<Option<ThreadRow>, StoreError> {
        let mut st =
            self.conn.prepare_cached(&format!("SELECT {THREAD_COLUMNS} FROM threads t WHERE t.id = ?1"))?;
        let mut found = st.query([id])?;
        found.next()?.map(|r| Ok(rows::thread_row(r, names)?.1)).transpose()
    }

    /// Whether so many threads of these accounts have unread messages that sorting them all is no good idea.
    fn unread_source(&self, accounts: &[i64]) -> Result<Source, StoreError> {
        let mut all = 0;
        for id in accounts {
            all += self
                .conn
                .prepare_cached("SELECT unread_threads FROM accounts WHERE id = ?1")?
                .query_row([id], |r| r.get::<_, i64>(0))?;
        }
        Ok(if all > FEW { Source::ManyUnread } else { Source::Unread })
    }

    /// A page of a view. The window queue comes by the time left, every other one with the newest first.
    pub fn view(
        &self,
        account: Option<&AccountId>,
        filter: ThreadFilter,
        asker: Asker<'_>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<ThreadRow>, StoreError> {
        let names = self.names()?;
        let accounts = accounts_of(&names, account)?;
        let open = || vec![State::Open];
        let source = match filter {
            ThreadFilter::All => Source::Lists(State::ALL.to_vec(), None),
            ThreadFilter::Inbox => Source::Lists(open(), None),
            ThreadFilter::Unassigned => Source::Lists(open(), Some(false)),
            ThreadFilter::Snoozed => Source::Lists(vec![State::Snoozed], None),
            ThreadFilter::Resolved => Source::Lists(vec![State::Resolved], None),
            ThreadFilter::Mine => Source::Assigned(asker.me.to_owned(), open()),
            ThreadFilter::Unread => self.unread_source(&accounts)?,
            ThreadFilter::Failed => Source::Failed,
            ThreadFilter::Window => Source::Window(asker.now),
        };
        let first = match source {
            Source::Window(_) => Cursor { at: i64::MIN, row: i64::MIN },
            _ => Cursor { at: i64::MAX, row: i64::MAX },
        };
        let limit = limit as usize;
        let mut keys = self.places(&source, &accounts, before.unwrap_or(first), limit + 1)?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().filter(|_| more).map(|(at, row)| Cursor { at: *at, row: *row });
        let mut items = Vec::with_capacity(keys.len());
        let mut st =
            self.conn.prepare_cached(&format!("SELECT {THREAD_COLUMNS} FROM threads t WHERE t.id = ?1"))?;
        for (_, id) in keys {
            let mut found = st.query([id])?;
            if let Some(r) = found.next()? {
                items.push(rows::thread_row(r, &names)?.1);
            }
        }
        Ok(Page { items, next })
    }

    /// Where to look for the threads of a filter.
    fn source_of(&self, filter: &Filter, accounts: &[i64], me: &str) -> Result<Source, StoreError> {
        let mut states = State::ALL.to_vec();
        let mut source = None;
        for term in filter.terms.iter().filter(|t| !t.not) {
            match &term.test {
                Test::State(l) => states.retain(|s| l.contains(s)),
                Test::Is(l) if *l == [Is::Unread] && source.is_none() => {
                    source = Some(self.unread_source(accounts)?);
                }
                Test::Is(l) if *l == [Is::Failed] && source.is_none() => source = Some(Source::Failed),
                Test::Assignee(l) => match l.as_slice() {
                    [Who::Me] => source = Some(Source::Assigned(me.to_owned(), Vec::new())),
                    [Who::Name(name)] => source = Some(Source::Assigned(name.clone(), Vec::new())),
                    [Who::None] if source.is_none() => source = Some(Source::Lists(Vec::new(), Some(false))),
                    _ => {}
                },
                Test::Label(l) => {
                    if let [Some(name)] = l.as_slice()
                        && let Some(label) = self.label_named(name)?
                        && self.labelled(label)? <= FEW
                    {
                        source = Some(Source::Label(label));
                    }
                }
                _ => {}
            }
        }
        Ok(match source {
            None => Source::Lists(states, None),
            Some(Source::Lists(_, assigned)) => Source::Lists(states, assigned),
            Some(Source::Assigned(who, _)) => Source::Assigned(who, states),
            Some(other) => other,
        })
    }

    /// A label by its name. SQLite folds the letters of ASCII only, so that others are compared here.
    fn label_named(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let lower = name.to_lowercase();
        let mut st = self.conn.prepare_cached("SELECT id, name FROM labels")?;
        let mut found = st.query([])?;
        while let Some(r) = found.next()? {
            if r.get::<_, String>(1)?.to_lowercase() == lower {
                return Ok(Some(r.get(0)?));
            }
        }
        Ok(None)
    }

    fn labelled(&self, label: i64) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM thread_labels WHERE label_id = ?1 LIMIT ?2)",
            )?
            .query_row([label, FEW + 1], |r| r.get(0))?)
    }

    /// A page of the threads that an operator's own filter finds, newest first. It may be short and still have a next
    /// one: so many rows are looked at for a page.
    pub fn filtered(
        &self,
        account: Option<&AccountId>,
        filter: &Filter,
        asker: Asker<'_>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<ThreadRow>, StoreError> {
        let names = self.names()?;
        let accounts = accounts_of(&names, account)?;
        let source = self.source_of(filter, &accounts, asker.me)?;
        let limit = limit as usize;
        let mut from = before.unwrap_or(Cursor { at: i64::MAX, row: i64::MAX });
        let mut items = Vec::new();
        let mut looked = 0;
        loop {
            let keys = self.places(&source, &accounts, from, CHUNK)?;
            let last = keys.len() < CHUNK;
            for (i, (at, id)) in keys.iter().enumerate() {
                from = Cursor { at: *at, row: *id };
                looked += 1;
                if let Some(row) = self.row_at(*id, &names)?.filter(|row| filter.matches(row, asker)) {
                    items.push(row);
                }
                if items.len() >= limit {
                    let end = last && i + 1 == keys.len();
                    return Ok(Page { items, next: Some(from).filter(|_| !end) });
                }
            }
            if last {
                return Ok(Page { items, next: None });
            }
            if looked >= LOOKED_AT {
                return Ok(Page { items, next: Some(from) });
            }
        }
    }

    /// How many threads each view has, counted in the indexes.
    pub fn view_counts(
        &self,
        account: Option<&AccountId>,
        asker: Asker<'_>,
        midnight: Option<Millis>,
    ) -> Result<ViewCounts, StoreError> {
        let names = self.names()?;
        let one = |sql: &str, with: &[&dyn ToSql]| -> Result<i64, StoreError> {
            Ok(self.conn.prepare_cached(sql)?.query_row(with, |r| r.get(0))?)
        };
        let mut sums = [0i64; ThreadFilter::LISTED.len()];
        let mut closing = 0;
        for id in accounts_of(&names, account)? {
            let list = |state: State, nobody: bool| {
                one(
                    "SELECT count(*) FROM threads WHERE account_id = ?1 AND state = ?2 AND (assignee IS NULL) = ?3",
                    params![id, state.number(), nobody],
                )
            };
            let free = list(State::Open, true)?;
            let open = free + list(State::Open, false)?;
            let snoozed = list(State::Snoozed, true)? + list(State::Snoozed, false)?;
            let (all, unread) = self
                .conn
                .prepare_cached("SELECT threads, unread_threads FROM accounts WHERE id = ?1")?
                .query_row([id], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))?;
            let (mut window, mut soon) = (0, 0);
            for nobody in [true, false] {
                let (n, c): (i64, i64) = self.conn.prepare_cached(WINDOW_COUNT)?.query_row(
                    params![id, nobody, asker.now - LENGTH, asker.now, midnight.unwrap_or(asker.now)],
                    |r| Ok((r.get(0)?, r.get(1)?)),
                )?;
                window += n;
                soon += c;
            }
            closing += soon;
            for (sum, filter) in sums.iter_mut().zip(ThreadFilter::LISTED) {
                *sum += match filter {
                    ThreadFilter::All => all,
                    ThreadFilter::Inbox => open,
                    ThreadFilter::Unread => unread,
                    ThreadFilter::Unassigned => free,
                    ThreadFilter::Window => window,
                    ThreadFilter::Snoozed => snoozed,
                    ThreadFilter::Resolved => all - open - snoozed,
                    ThreadFilter::Mine => one(
                        "SELECT count(*) FROM threads WHERE assignee = ?2 AND account_id = ?1 AND state = 0",
                        params![id, asker.me],
                    )?,
                    ThreadFilter::Failed => {
                        one("SELECT count(*) FROM threads WHERE account_id = ?1 AND failed > 0", params![id])?
                    }
                };
            }
        }
        let small = |n: i64| u32::try_from(n).unwrap_or(0);
        let counts = ThreadFilter::LISTED.into_iter().zip(sums.map(small)).collect();
        Ok(ViewCounts { counts, closing: small(closing) })
    }

    /// Threads that are to wake at a time, the first before the others; and when the next one after it is.
    pub fn due_snoozes(&self, now: Millis) -> Result<(Vec<ThreadId>, Option<Millis>), StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT uid FROM threads WHERE snooze_until IS NOT NULL AND snooze_until <= ?1 AND state = 1 \
             ORDER BY snooze_until LIMIT 500",
        )?;
        let due = st.query_map([now], |r| rows::thread_id(r, 0))?.collect::<Result<_, _>>()?;
        let next = self
            .conn
            .prepare_cached(
                "SELECT snooze_until FROM threads WHERE snooze_until IS NOT NULL AND snooze_until > ?1 \
                 ORDER BY snooze_until LIMIT 1",
            )?
            .query_row([now], |r| r.get(0))
            .optional()?;
        Ok((due, next))
    }

    /// All labels by name.
    pub fn labels(&self) -> Result<Vec<LabelRow>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT uid, name, color, (SELECT count(*) FROM thread_labels x WHERE x.label_id = l.id) \
             FROM labels l ORDER BY name",
        )?;
        let rows = st
            .query_map([], |r| {
                Ok(LabelRow {
                    label: Label {
                        id: LabelId::from_slice(r.get_ref(0)?.as_blob()?).unwrap_or_default(),
                        name: r.get(1)?,
                        color: LabelColor::from_number(r.get(2)?).unwrap_or_default(),
                    },
                    threads: u32::try_from(r.get::<_, i64>(3)?).unwrap_or(0),
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Everybody who has threads, or has set something.
    pub fn operators(&self) -> Result<Vec<String>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT DISTINCT assignee FROM threads WHERE assignee IS NOT NULL \
             UNION SELECT DISTINCT operator FROM preferences",
        )?;
        let names = st.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        Ok(names)
    }
}

/// One list of threads, newest first.
const LISTS: &str = "SELECT last_at, id FROM threads WHERE account_id = ?1 AND state = ?2 \
     AND (assignee IS NULL) = ?3 AND (last_at, id) < (?4, ?5) ORDER BY last_at DESC, id DESC LIMIT ?6";
const MANY_UNREAD: &str = "SELECT last_at, id FROM threads INDEXED BY threads_list WHERE account_id = ?1 \
     AND state = ?2 AND (assignee IS NULL) = ?3 AND (last_at, id) < (?4, ?5) AND unread > 0 \
     ORDER BY last_at DESC, id DESC LIMIT ?6";
const UNREAD: &str = "SELECT last_at, id FROM threads INDEXED BY threads_unread WHERE account_id = ?1 \
     AND unread > 0 AND (last_at, id) < (?2, ?3) ORDER BY last_at DESC, id DESC LIMIT ?4";
const FAILED: &str = "SELECT last_at, id FROM threads INDEXED BY threads_failed WHERE account_id = ?1 \
     AND failed > 0 AND (last_at, id) < (?2, ?3) ORDER BY last_at DESC, id DESC LIMIT ?4";
const ASSIGNED: &str = "SELECT last_at, id FROM threads WHERE assignee = ?1 AND account_id = ?2 AND state = ?3 \
     AND (last_at, id) < (?4, ?5) ORDER BY last_at DESC, id DESC LIMIT ?6";
const LABELLED: &str = "SELECT t.last_at, t.id FROM thread_labels x CROSS JOIN threads t ON t.id = x.thread_id \
     WHERE x.label_id = ?1 AND t.account_id = ?2 AND (t.last_at, t.id) < (?3, ?4) \
     ORDER BY t.last_at DESC, t.id DESC LIMIT ?5";
/// A window is open for a day at most, so that every thread with an open one is among the newest of its list.
const WINDOW: &str = "SELECT window_until, id FROM threads WHERE account_id = ?1 AND state = 0 \
     AND (assignee IS NULL) = ?2 AND last_at > ?3 AND window_until > ?4 AND (window_until, id) > (?5, ?6) \
     ORDER BY window_until, id LIMIT ?7";
const WINDOW_COUNT: &str = "SELECT count(*), count(*) FILTER (WHERE window_until < ?5 AND last_inbound = 1) \
     FROM threads WHERE account_id = ?1 AND state = 0 AND (assignee IS NULL) = ?2 AND last_at > ?3 \
     AND window_until > ?4";

/// How SQLite goes about a page of a view, for tests: every step in words.
#[cfg(test)]
pub(super) fn plans(reader: &Reader) -> Result<Vec<(&'static str, String)>, StoreError> {
    let all = [
        ("lists", LISTS),
        ("many unread", MANY_UNREAD),
        ("unread", UNREAD),
        ("failed", FAILED),
        ("assigned", ASSIGNED),
        ("labelled", LABELLED),
        ("window", WINDOW),
    ];
    let mut out = Vec::new();
    for (name, sql) in all {
        let mut st = reader.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let n = st.parameter_count();
        let nulls: Vec<Option<i64>> = vec![Some(1); n];
        let steps: Vec<String> =
            st.query_map(rusqlite::params_from_iter(nulls), |r| r.get(3))?.collect::<Result<_, _>>()?;
        out.push((name, steps.join("; ")));
    }
    Ok(out)
}
