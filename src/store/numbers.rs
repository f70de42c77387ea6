//! Reading the numbers for the lead.

use super::StoreError;
use super::reader::Reader;
use super::rows::{self, AccountNames};
use crate::clock::Millis;
use crate::model::ids::AccountId;
use crate::protocol::numbers::{
    DayNumbers, NamedNumbers, Numbers, NumbersWanted, Pending, Spread, Standing, Work,
};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil::Date};
use rusqlite::params;
use std::collections::BTreeMap;

/// How long answers took.
pub(super) const ANSWERS: i64 = 0;
/// How long resolutions took.
pub(super) const RESOLUTIONS: i64 = 1;
/// Milliseconds of a quarter of an hour.
pub(super) const QUARTER: Millis = 900_000;
/// What the number's own phone is called among operators.
pub(super) const PHONE: &str = "(phone)";
/// Most days.
const DAYS: usize = 400;
/// Conversations that are listed by name.
const LISTED: usize = 20;

/// A sum that is not finished: times are kept until all of them are there.
#[derive(Default)]
struct Sum {
    work: Work,
    now: Standing,
    answers: Vec<Millis>,
    resolutions: Vec<Millis>,
}

fn spread(mut all: Vec<Millis>) -> Spread {
    if all.is_empty() {
        return Spread::default();
    }
    all.sort_unstable();
    let n = all.len();
    let mean = all.iter().map(|t| i128::from(*t)).sum::<i128>() / n as i128;
    // Nearest rank; of an even number the middle is between two.
    let median = if n % 2 == 1 { all[n / 2] } else { i64::midpoint(all[n / 2 - 1], all[n / 2]) };
    Spread {
        n: u32::try_from(n).unwrap_or(u32::MAX),
        median,
        mean: i64::try_from(mean).unwrap_or(0),
        p90: all[(n * 9).div_ceil(10) - 1],
    }
}

impl Sum {
    fn done(self) -> (Work, Standing) {
        let response = spread(self.answers);
        let resolution = spread(self.resolutions);
        (Work { response, resolution, ..self.work }, self.now)
    }

    fn named(self, name: String) -> NamedNumbers {
        let (work, now) = self.done();
        NamedNumbers { name, work, now }
    }

    fn span(&mut self, kind: i64, took: Option<Millis>) {
        if kind == ANSWERS {
            self.work.answered += 1;
            self.answers.extend(took);
        } else {
            self.work.resolved += 1;
            self.resolutions.extend(took);
        }
    }
}

fn small(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

/// The sums while they are put together.
struct Sums<'a> {
    names: &'a AccountNames,
    wanted: &'a NumbersWanted,
    all: Sum,
    days: BTreeMap<Date, Sum>,
    operators: BTreeMap<String, Sum>,
    accounts: BTreeMap<AccountId, Sum>,
}

impl Sums<'_> {
    /// The account's name, if it is wanted.
    fn account(&self, id: i64) -> Option<AccountId> {
        let (_, name) = self.names.iter().find(|(n, _)| *n == id)?;
        self.wanted.account.as_ref().is_none_or(|a| a == name).then(|| name.clone())
    }

    fn wants(&self, operator: &str) -> bool {
        self.wanted.operator.as_deref().is_none_or(|o| o == operator)
    }

    /// Adds to all sums that something belongs to.
    fn add(&mut self, day: Option<Date>, operator: &str, account: AccountId, f: impl Fn(&mut Sum)) {
        f(&mut self.all);
        if let Some(day) = day.and_then(|d| self.days.get_mut(&d)) {
            f(day);
        }
        if !operator.is_empty() {
            f(self.operators.entry(operator.to_owned()).or_default());
        }
        f(self.accounts.entry(account).or_default());
    }
}

impl Reader {
    /// The numbers of a time, and how things are now. With `own` only those of the operator that is wanted.
    pub fn numbers(
        &self,
        wanted: &NumbersWanted,
        own: bool,
        now: Millis,
        tz: &TimeZone,
    ) -> Result<Numbers, StoreError> {
        let names = self.names()?;
        let date = |at: Millis| Timestamp::from_millisecond(at).map(|t| t.to_zoned(tz.clone()).date());
        let mut sums = Sums {
            names: &names,
            wanted,
            all: Sum::default(),
            days: BTreeMap::new(),
            operators: BTreeMap::new(),
            accounts: BTreeMap::new(),
        };
        if let (Ok(mut day), Ok(last)) = (date(wanted.since), date(wanted.until - 1)) {
            while day <= last && sums.days.len() < DAYS {
                sums.days.insert(day, Sum::default());
                let Ok(next) = day.checked_add(1.day()) else { break };
                day = next;
            }
        }
        self.tallies(&mut sums, &date)?;
        self.spans(&mut sums, &date)?;
        self.standing(&mut sums)?;
        let waiting = self.waiting(&mut sums)?;
        let promised = self.promised(&sums)?;
        // What is not counted yet, without a count of all.
        let behind: i64 = self
            .conn
            .prepare_cached(
                "SELECT (SELECT coalesce(max(id), 0) FROM main.messages) - message FROM main.numbers_upto",
            )?
            .query_row([], |r| r.get(0))?;
        let Sums { all, days, operators, accounts, .. } = sums;
        let mut operators: Vec<_> = operators.into_iter().map(|(n, s)| s.named(n)).collect();
        operators.sort_by_key(|o| std::cmp::Reverse((o.work.answered, o.work.sent)));
        Ok(Numbers {
            at: now,
            wanted: wanted.clone(),
            own,
            behind: u64::try_from(behind).unwrap_or(0),
            all: all.named(String::new()),
            days: days
                .into_iter()
                .map(|(day, s)| DayNumbers { day: day.to_string(), work: s.done().0 })
                .collect(),
            operators,
            accounts: accounts.into_iter().map(|(id, s)| s.named(id.to_string())).collect(),
            waiting,
            promised,
        })
    }

    fn tallies(
        &self,
        sums: &mut Sums<'_>,
        date: &dyn Fn(Millis) -> Result<Date, jiff::Error>,
    ) -> Result<(), StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT quarter, account_id, operator, received, sent FROM tallies WHERE quarter >= ?1 AND quarter < ?2",
        )?;
        let range =
            [sums.wanted.since.div_euclid(QUARTER), (sums.wanted.until + QUARTER - 1).div_euclid(QUARTER)];
        let mut found = st.query(range)?;
        while let Some(r) = found.next()? {
            let operator: String = r.get(2)?;
            let Some(account) = sums.account(r.get(1)?).filter(|_| sums.wants(&operator)) else { continue };
            let (received, sent) = (small(r.get(3)?), small(r.get(4)?));
            let day = date(r.get::<_, i64>(0)? * QUARTER).ok();
            sums.add(day, &operator, account, |s| {
                s.work.received += received;
                s.work.sent += sent;
            });
        }
        Ok(())
    }

    fn spans(
        &self,
        sums: &mut Sums<'_>,
        date: &dyn Fn(Millis) -> Result<Date, jiff::Error>,
    ) -> Result<(), StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT at, account_id, operator, took FROM spans WHERE kind = ?1 AND at >= ?2 AND at < ?3",
        )?;
        for kind in [ANSWERS, RESOLUTIONS] {
            let mut found = st.query(params![kind, sums.wanted.since, sums.wanted.until])?;
            while let Some(r) = found.next()? {
                let operator: String = r.get(2)?;
                let account = sums.account(r.get(1)?).filter(|_| sums.wants(&operator));
                let Some(account) = account else { continue };
                let took: Option<Millis> = r.get(3)?;
                sums.add(date(r.get(0)?).ok(), &operator, account, |s| s.span(kind, took));
            }
        }
        Ok(())
    }

    /// What is open and snoozed now, by account and assignee.
    fn standing(&self, sums: &mut Sums<'_>) -> Result<(), StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT account_id, state, assignee, count(*) FROM threads WHERE state IN (0, 1) \
             GROUP BY account_id, state, assignee",
        )?;
        let mut found = st.query([])?;
        while let Some(r) = found.next()? {
            let assignee: Option<String> = r.get(2)?;
            let operator = assignee.clone().unwrap_or_default();
            let Some(account) = sums.account(r.get(0)?).filter(|_| sums.wants(&operator)) else { continue };
            let (state, n): (i64, u32) = (r.get(1)?, small(r.get(3)?));
            sums.add(None, &operator, account, |s| {
                if state == 0 {
                    s.now.open += n;
                    s.now.unassigned += if assignee.is_none() { n } else { 0 };
                } else {
                    s.now.snoozed += n;
                }
            });
        }
        Ok(())
    }

    fn waiting(&self, sums: &mut Sums<'_>) -> Result<Vec<Pending>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT t.uid, t.title, t.account_id, t.assignee, w.since FROM waits w JOIN threads t ON t.id = w.thread_id \
             WHERE w.since IS NOT NULL AND t.state = 0 ORDER BY w.since",
        )?;
        let mut out = Vec::new();
        let mut found = st.query([])?;
        while let Some(r) = found.next()? {
            let assignee: Option<String> = r.get(3)?;
            let operator = assignee.clone().unwrap_or_default();
            let Some(account) = sums.account(r.get(2)?).filter(|_| sums.wants(&operator)) else { continue };
            let since: Millis = r.get(4)?;
            if out.len() < LISTED {
                out.push(Pending {
                    thread: rows::thread_id(r, 0)?,
                    title: r.get(1)?,
                    account: account.clone(),
                    operator: assignee,
                    at: since,
                });
            }
            sums.add(None, &operator, account, |s| {
                s.now.waiting += 1;
                s.now.oldest = Some(s.now.oldest.unwrap_or(since).min(since));
            });
        }
        Ok(out)
    }

    fn promised(&self, sums: &Sums<'_>) -> Result<Vec<Pending>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT uid, title, account_id, assignee, snooze_until FROM threads \
             WHERE snooze_until IS NOT NULL AND state = 1 ORDER BY snooze_until LIMIT 500",
        )?;
        let mut out = Vec::new();
        let mut found = st.query([])?;
        while let Some(r) = found.next()? {
            let assignee: Option<String> = r.get(3)?;
            let operator = assignee.clone().unwrap_or_default();
            let Some(account) = sums.account(r.get(2)?).filter(|_| sums.wants(&operator)) else { continue };
            if out.len() >= LISTED {
                break;
            }
            out.push(Pending {
                thread: rows::thread_id(r, 0)?,
                title: r.get(1)?,
                account,
                operator: assignee,
                at: r.get(4)?,
            });
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_of_few_and_many() {
        assert_eq!(spread(vec![]), Spread::default());
        assert_eq!(spread(vec![5]), Spread { n: 1, median: 5, mean: 5, p90: 5 });
        assert_eq!(spread(vec![40, 10]), Spread { n: 2, median: 25, mean: 25, p90: 40 });
        assert_eq!(spread((1..=10).rev().collect()), Spread { n: 10, median: 5, mean: 5, p90: 9 });
        assert_eq!(spread(vec![i64::MAX, i64::MAX]).mean, i64::MAX);
    }
}
