//! Reading the views: which threads a list shows, page by page, and how many there are.
//!
//! A view is a few lists, each in an index in its own order. One statement merges them and reads each thread as its
//! turn comes, so a page costs the same at any depth, however many threads and lists there are. A filter of an
//! operator's own is looked up row by row along the lists that fit it best, so many rows at a time.

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
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, ToSql, params, params_from_iter};

/// With more unread threads than this the lists are walked instead of sorting them all.
const FEW: i64 = 2_000;
/// Rows that a page of an operator's own filter looks at.
const LOOKED_AT: usize = 4_000;
/// Lists that one statement merges; SQLite has a limit of 500.
const MERGED: usize = 240;

/// How long counts stand while nothing changes, in milliseconds.
const COUNTED_FOR: Millis = 1_000;

/// Counts of the views, and what they were counted of.
#[derive(Debug)]
pub(super) struct Counted {
    version: i64,
    at: Millis,
    key: (Option<AccountId>, Option<Millis>),
    counts: ViewCounts,
}

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

impl Source {
    /// The statements of the lists of one account, whose number is parameter `n`. Each gives a place and a thread;
    /// parameters 1 and 2 are the place before, 4 is what [`Source::what`] says.
    fn lists(&self, n: usize, limited: bool) -> Vec<String> {
        // Where tables are views there are no indexes to name; they are found all the same.
        let by = |index: &str| if limited { String::new() } else { format!("INDEXED BY {index}") };
        let state = |s: &State| s.number();
        let next = "(last_at, id) < (?1, ?2)";
        match self {
            Self::Lists(states, assigned) => {
                let nobody = [true, false].into_iter().filter(|n| assigned.is_none_or(|a| a != *n));
                let one = |s: &State, nobody: bool| {
                    format!(
                        "SELECT last_at AS place, id AS thread FROM threads WHERE account_id = ?{n} \
                         AND state = {} AND (assignee IS NULL) = {nobody} AND {next}",
                        state(s)
                    )
                };
                nobody.flat_map(|nobody| states.iter().map(move |s| one(s, nobody))).collect()
            }
            Self::ManyUnread => Self::Lists(State::ALL.to_vec(), None)
                .lists(n, limited)
                .into_iter()
                .map(|sql| {
                    let sql = sql.replace("FROM threads", &format!("FROM threads {}", by("threads_list")));
                    sql + " AND unread > 0"
                })
                .collect(),
            Self::Unread => vec![format!(
                "SELECT last_at AS place, id AS thread FROM threads {} \
                 WHERE account_id = ?{n} AND unread > 0 AND {next}",
                by("threads_unread")
            )],
            Self::Failed => vec![format!(
                "SELECT last_at AS place, id AS thread FROM threads {} \
                 WHERE account_id = ?{n} AND failed > 0 AND {next}",
                by("threads_failed")
            )],
            Self::Assigned(_, states) => states
                .iter()
                .map(|s| {
                    format!(
                        "SELECT last_at AS place, id AS thread FROM threads WHERE assignee = ?4 \
                         AND account_id = ?{n} AND state = {} AND {next}",
                        state(s)
                    )
                })
                .collect(),
            Self::Label(_) => vec![format!(
                "SELECT t.last_at AS place, t.id AS thread FROM thread_labels x \
                 CROSS JOIN threads t ON t.id = x.thread_id \
                 WHERE x.label_id = ?4 AND t.account_id = ?{n} AND (t.last_at, t.id) < (?1, ?2)"
            )],
            // A window is open for a day at most: every thread with an open one is among the newest of its list.
            Self::Window(_) => [true, false]
                .iter()
                .map(|nobody| {
                    format!(
                        "SELECT window_until AS place, id AS thread FROM threads WHERE account_id = ?{n} \
                         AND state = 0 AND (assignee IS NULL) = {nobody} AND last_at > ?4 - {LENGTH} \
                         AND window_until > ?4 AND (window_until, id) > (?1, ?2)"
                    )
                })
                .collect(),
        }
    }

    /// Parameter 4 of the lists.
    fn what(&self) -> Value {
        match self {
            Self::Assigned(who, _) => Value::Text(who.clone()),
            Self::Label(id) => Value::Integer(*id),
            Self::Window(now) => Value::Integer(*now),
            Self::Lists(..) | Self::Unread | Self::ManyUnread | Self::Failed => Value::Null,
        }
    }

    /// The place before the first one.
    fn start(&self) -> Cursor {
        match self {
            Self::Window(_) => Cursor { at: i64::MIN, row: i64::MIN },
            _ => Cursor { at: i64::MAX, row: i64::MAX },
        }
    }

    /// The statement that reads the threads of all lists of so many accounts in their order: the place, then
    /// [`THREAD_COLUMNS`]. Parameter 3 is how many, those from 5 on are the accounts. The lists are merged as they are
    /// read; the join keeps their order, for the merged list is its outer loop.
    fn sql(&self, accounts: usize, limited: bool) -> Option<String> {
        let lists: Vec<String> = (0..accounts).flat_map(|n| self.lists(n + 5, limited)).collect();
        let order = match self {
            Self::Window(_) => "ASC",
            _ => "DESC",
        };
        (!lists.is_empty()).then(|| {
            format!(
                "SELECT {THREAD_COLUMNS}, k.place FROM ({} ORDER BY place {order}, thread {order} LIMIT ?3) k \
                 CROSS JOIN threads t ON t.id = k.thread",
                lists.join(" UNION ALL ")
            )
        })
    }
}

fn integer(n: usize) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}

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
    /// Reads the threads of a source behind `from` in their order, at most so many, until `each` says that it is enough
    /// by giving false. `each` gets the place of the thread behind which to go on.
    fn walk(
        &self,
        source: &Source,
        accounts: &[i64],
        names: &AccountNames,
        from: Cursor,
        limit: usize,
        each: &mut dyn FnMut(Cursor, ThreadRow) -> bool,
    ) -> Result<(), StoreError> {
        let per = MERGED / source.lists(0, true).len().max(1);
        if accounts.len() > per {
            return self.walk_groups(source, accounts, names, from, limit, each);
        }
        let Some(sql) = source.sql(accounts.len(), self.is_limited()) else { return Ok(()) };
        let mut with = vec![Value::Integer(from.at), Value::Integer(from.row), integer(limit), source.what()];
        with.extend(accounts.iter().copied().map(Value::Integer));
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut found = st.query(params_from_iter(with))?;
        while let Some(r) = found.next()? {
            let (row, thread) = rows::thread_row(r, names)?;
            if !each(Cursor { at: r.get(rows::THREAD_WIDTH)?, row }, thread) {
                break;
            }
        }
        Ok(())
    }

    /// The newest threads that are wanted, at most `most`, among the newest `look`.
    pub(super) fn newest(
        &self,
        account: Option<i64>,
        names: &AccountNames,
        (look, most): (usize, usize),
        wanted: &dyn Fn(&ThreadRow) -> bool,
    ) -> Result<Vec<ThreadRow>, StoreError> {
        let accounts = account.map_or_else(|| names.iter().map(|(id, _)| *id).collect(), |id| vec![id]);
        let source = Source::Lists(State::ALL.to_vec(), None);
        let mut out = Vec::new();
        self.walk(&source, &accounts, names, source.start(), look, &mut |_, row| {
            if wanted(&row) {
                out.push(row);
            }
            out.len() < most
        })?;
        Ok(out)
    }

    /// [`Reader::walk`] over more accounts than one statement can merge: a page of each group, merged here.
    fn walk_groups(
        &self,
        source: &Source,
        accounts: &[i64],
        names: &AccountNames,
        from: Cursor,
        limit: usize,
        each: &mut dyn FnMut(Cursor, ThreadRow) -> bool,
    ) -> Result<(), StoreError> {
        let mut all = Vec::new();
        for group in accounts.chunks((MERGED / source.lists(0, true).len().max(1)).max(1)) {
            self.walk(source, group, names, from, limit, &mut |at, row| {
                all.push((at, row));
                true
            })?;
        }
        all.sort_by_key(|(at, _)| (at.at, at.row));
        if !matches!(source, Source::Window(_)) {
            all.reverse();
        }
        for (at, row) in all.into_iter().take(limit) {
            if !each(at, row) {
                break;
            }
        }
        Ok(())
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
        let limit = limit as usize;
        let mut items = Vec::with_capacity(limit.min(LOOKED_AT));
        let (mut last, mut more) = (None, false);
        let from = before.unwrap_or(source.start());
        self.walk(&source, &accounts, &names, from, limit + 1, &mut |at, row| {
            more = items.len() == limit;
            if !more {
                last = Some(at);
                items.push(row);
            }
            !more
        })?;
        Ok(Page { items, next: last.filter(|_| more) })
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
        let mut items = Vec::new();
        let (mut looked, mut last, mut more) = (0, None, false);
        let from = before.unwrap_or(source.start());
        self.walk(&source, &accounts, &names, from, LOOKED_AT + 1, &mut |at, row| {
            more = looked == LOOKED_AT || items.len() >= limit;
            if more {
                return false;
            }
            looked += 1;
            last = Some(at);
            if filter.matches(&row, asker) {
                items.push(row);
            }
            true
        })?;
        Ok(Page { items, next: last.filter(|_| more) })
    }

    /// How many threads each view has. When many screens ask after the same change, it is counted once.
    pub fn view_counts(
        &self,
        account: Option<&AccountId>,
        asker: Asker<'_>,
        midnight: Option<Millis>,
    ) -> Result<ViewCounts, StoreError> {
        if self.is_limited() {
            return self.count_views(account, asker, midnight);
        }
        // Changes when another connection has written.
        let version: i64 = self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |r| r.get(0))?;
        let key = (account.cloned(), midnight);
        let found = {
            let mut counted = self.counted.borrow_mut();
            // Windows close as time goes by, without a change.
            counted.retain(|c| c.version == version && (0..COUNTED_FOR).contains(&(asker.now - c.at)));
            counted.iter().find(|c| c.key == key).map(|c| c.counts.clone())
        };
        let Some(mut counts) = found else {
            let counts = self.count_views(account, asker, midnight)?;
            self.counted.borrow_mut().push(Counted { version, at: asker.now, key, counts: counts.clone() });
            return Ok(counts);
        };
        let names = self.names()?;
        let mut mine = 0;
        for id in accounts_of(&names, account)? {
            mine += self.mine(id, asker.me)?;
        }
        for (filter, n) in &mut counts.counts {
            if *filter == ThreadFilter::Mine {
                *n = u32::try_from(mine).unwrap_or(0);
            }
        }
        Ok(counts)
    }

    /// Open threads of an account that an operator has.
    fn mine(&self, account: i64, me: &str) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM threads WHERE assignee = ?2 AND account_id = ?1 AND state = 0",
            )?
            .query_row(params![account, me], |r| r.get(0))?)
    }

    fn count_views(
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
                    ThreadFilter::Mine => self.mine(id, asker.me)?,
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

const WINDOW_COUNT: &str = "SELECT count(*), count(*) FILTER (WHERE window_until < ?5 AND last_inbound = 1) \
     FROM threads WHERE account_id = ?1 AND state = 0 AND (assignee IS NULL) = ?2 AND last_at > ?3 \
     AND window_until > ?4";

/// How SQLite goes about a page of a view, for tests: every step in words.
#[cfg(test)]
pub(super) fn plans(reader: &Reader) -> Result<Vec<(&'static str, String)>, StoreError> {
    let all = [
        ("lists", Source::Lists(State::ALL.to_vec(), None)),
        ("many unread", Source::ManyUnread),
        ("unread", Source::Unread),
        ("failed", Source::Failed),
        ("assigned", Source::Assigned("ana".into(), State::ALL.to_vec())),
        ("labelled", Source::Label(1)),
        ("window", Source::Window(1)),
    ];
    let mut out = Vec::new();
    for (name, source) in all {
        let sql = source.sql(2, false).unwrap_or_default();
        let mut st = reader.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let n = st.parameter_count();
        let nulls: Vec<Option<i64>> = vec![Some(1); n];
        let steps: Vec<String> =
            st.query_map(rusqlite::params_from_iter(nulls), |r| r.get(3))?.collect::<Result<_, _>>()?;
        out.push((name, steps.join("; ")));
    }
    Ok(out)
}
