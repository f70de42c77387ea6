//! Search over everything, newest first. No ranking: scoring every match costs a hundred times the time.
//!
//! Words come from an index of words (the last one as a beginning), parts of words from an index of trigrams that
//! is filled when the writer is idle; the few messages it does not have yet are read one by one.

use super::StoreError;
use super::apply;
use super::filter::{Filters, Walk};
use super::reader::Reader;
use super::rows::{self, MESSAGE_COLUMNS, THREAD_COLUMNS};
use crate::model::ids::{AccountId, ThreadId};
use crate::model::phone;
use crate::model::thread::ThreadRow;
use crate::protocol::{Cursor, Found, Hit, Page};
use crate::text::fold;
use crate::text::query::{self, BadQuery};
use jiff::tz::TimeZone;
use rusqlite::params;
use std::collections::BTreeSet;

/// Threads shown above the messages.
const THREADS: usize = 20;
/// Newest threads whose names are looked at first where [`NAMES_MANY`] have what is looked for.
const NAMES_LOOKED_AT: usize = 1_000;
const NAMES_MANY: i64 = 500;
/// Words of a query that are used.
const WORDS_MAX: usize = 12;
/// Messages not yet in the index of parts that are read one by one.
const TAIL_MAX: i64 = 20_000;
/// Characters around a match.
const AROUND: usize = 48;
/// Letters of a beginning that have an index of their own (`prefix` of the table of words).
const INDEXED_PREFIX: usize = 3;
/// Messages whose text is compared with a longer beginning before the index of whole words is asked.
const COMPARED_MAX: usize = 400;

/// What a query asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Words and quoted phrases.
    pub(super) terms: Vec<String>,
    /// Whether the last term is still being typed.
    open: bool,
}

impl Query {
    fn of(query: &query::Query) -> Self {
        let terms = query.wanted().into_iter().take(WORDS_MAX).map(str::to_owned).collect();
        Self { terms, open: query.open }
    }

    /// The words of a name or number.
    pub(super) fn words_of(text: &str) -> Self {
        let words = text.split_whitespace().map(|w| w.replace('"', ""));
        let terms: Vec<String> = words.filter(|w| !w.is_empty()).take(WORDS_MAX).collect();
        Self { terms, open: !text.ends_with(char::is_whitespace) }
    }

    /// The query for the index of words; `None` when nothing of it is indexed.
    pub(super) fn words(&self) -> Option<String> {
        let last = self.terms.len().checked_sub(1)?;
        let parts: Vec<String> = self
            .terms
            .iter()
            .enumerate()
            .filter_map(|(i, t)| apply::prepare_query_token(t, self.open && i == last))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// For a beginning longer than what has an index of its own: the query with the indexed letters of it, and the
    /// whole beginning to compare with. `None` when the beginning is not plain letters.
    pub(super) fn shortened(&self) -> Option<(String, String)> {
        let last = self.terms.last()?;
        if !self.open || last.len() <= INDEXED_PREFIX || !last.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let mut short = self.clone();
        if let Some(t) = short.terms.last_mut() {
            t.truncate(INDEXED_PREFIX);
        }
        Some((short.words()?, last.to_ascii_lowercase()))
    }

    /// The query for an index of trigrams; `None` when a term is too short for it.
    pub(super) fn parts(&self) -> Option<String> {
        if self.terms.is_empty() || self.terms.iter().any(|t| t.chars().count() < 3) {
            return None;
        }
        Some(
            self.terms
                .iter()
                .map(|t| format!("\"{}\"", t.replace('"', "\"\"")))
                .collect::<Vec<_>>()
                .join(" "),
        )
    }
}

fn lower(s: &str) -> String {
    s.chars().flat_map(char::to_lowercase).collect()
}

/// Whether a word of a text begins with `start` (lower case ASCII) as the index sees words. `None` when it is not
/// certain: the index folds Latin letters with marks, this does not.
pub(super) fn has_word(text: &str, start: &str) -> Option<bool> {
    /// What stands before a character.
    #[derive(PartialEq)]
    enum Before {
        Gap,
        Letter,
        Foreign,
    }
    let mut before = Before::Gap;
    let mut uncertain = false;
    for (i, c) in text.char_indices() {
        if before != Before::Letter {
            match begins(&text[i..], start) {
                Some(true) if before == Before::Gap => return Some(true),
                Some(false) => {}
                // A sign that stands for itself ends a word, a letter of another script does not.
                _ => uncertain = true,
            }
        }
        before = match c {
            c if c.is_ascii_alphanumeric() => Before::Letter,
            c if c.is_ascii() || !(c.is_alphanumeric() || is_latin(c)) => Before::Gap,
            _ => Before::Foreign,
        };
    }
    (!uncertain).then_some(false)
}

/// Characters that the index may fold to ASCII letters, and marks that it leaves out.
fn is_latin(c: char) -> bool {
    matches!(c as u32, 0xaa..=0x36f | 0x1d00..=0x1eff | 0x2070..=0x214f | 0xfb00..=0xfb06 | 0xff00..=0xff5e)
}

/// Whether a text begins with `start`; `None` when a letter that the index may fold stands in the way.
fn begins(text: &str, start: &str) -> Option<bool> {
    let mut chars = text.chars();
    for wanted in start.chars() {
        match chars.next() {
            Some(c) if c.eq_ignore_ascii_case(&wanted) => {}
            Some(c) if is_latin(c) => return None,
            _ => return Some(false),
        }
    }
    Some(true)
}

/// A piece of the text around the first match, the match between `\u{2}` and `\u{3}`.
fn snippet(text: &str, terms: &[String]) -> String {
    let chars: Vec<char> = text.chars().filter(|c| !matches!(c, '\u{2}' | '\u{3}')).take(16 * 1024).collect();
    // One character each, so that places in both agree.
    let folded: Vec<char> = chars.iter().map(|c| fold::fold(*c)).collect();
    let mut best: Option<(usize, usize)> = None;
    for term in terms {
        let needle: Vec<char> = term.chars().map(fold::fold).collect();
        if needle.is_empty() || needle.len() > folded.len() {
            continue;
        }
        if let Some(at) = folded.windows(needle.len()).position(|w| w == needle)
            && best.is_none_or(|(b, _)| at < b)
        {
            best = Some((at, needle.len()));
        }
    }
    let (at, len) = best.unwrap_or((0, 0));
    let from = at.saturating_sub(AROUND / 2);
    let to = (at + len + AROUND).min(chars.len());
    let mut out = String::new();
    if from > 0 {
        out.push('…');
    }
    out.extend(&chars[from..at]);
    if len > 0 {
        out.push('\u{2}');
        out.extend(&chars[at..at + len]);
        out.push('\u{3}');
    }
    out.extend(&chars[at + len..to]);
    if to < chars.len() {
        out.push('…');
    }
    out
}

/// The rows that a search may return: account, thread, older than a place.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub(super) account: Option<i64>,
    pub(super) thread: Option<i64>,
    pub(super) before: i64,
    pub(super) limit: usize,
    /// Whether the asker does not see everything.
    pub(super) limited: bool,
}

impl Scope {
    fn filter(&self) -> &'static str {
        match (self.account, self.thread) {
            (None, None) if self.limited => " AND EXISTS(SELECT 1 FROM messages m WHERE m.id = f.rowid)",
            (None, None) => "",
            (Some(_), None) => {
                " AND EXISTS(SELECT 1 FROM messages m JOIN threads t ON t.id = m.thread_id \
                 WHERE m.id = f.rowid AND t.account_id = ?4)"
            }
            (_, Some(_)) => " AND EXISTS(SELECT 1 FROM messages m WHERE m.id = f.rowid AND m.thread_id = ?4)",
        }
    }

    fn value(&self) -> Option<i64> {
        self.thread.or(self.account)
    }
}

impl Reader {
    pub(super) fn rowids(&self, table: &str, query: &str, scope: &Scope) -> Result<Vec<i64>, StoreError> {
        let sql = format!(
            "SELECT f.rowid FROM {table} f WHERE {table} MATCH ?1 AND f.rowid < ?2{} ORDER BY f.rowid DESC LIMIT ?3",
            scope.filter()
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let limit = scope.limit as i64;
        let rows = match scope.value() {
            Some(v) => {
                st.query_map(params![query, scope.before, limit, v], |r| r.get(0))?.collect::<Result<_, _>>()
            }
            None => {
                st.query_map(params![query, scope.before, limit], |r| r.get(0))?.collect::<Result<_, _>>()
            }
        };
        Ok(rows?)
    }

    /// Matches of a long beginning that many words have: the newest messages with its first letters, which have an
    /// index of their own, compared one by one. The index of words would merge all matches before the first comes
    /// out. `None` when too few of them match: then there are few enough to merge.
    fn compared(&self, query: &Query, scope: &Scope) -> Result<Option<Vec<i64>>, StoreError> {
        let Some((short, start)) = query.shortened() else { return Ok(None) };
        let sql = format!(
            "SELECT f.rowid, (SELECT text FROM messages x WHERE x.id = f.rowid) FROM message_words f \
             WHERE message_words MATCH ?1 AND f.rowid < ?2{} ORDER BY f.rowid DESC LIMIT ?3",
            scope.filter()
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut found = match scope.value() {
            Some(v) => st.query(params![short, scope.before, COMPARED_MAX as i64, v])?,
            None => st.query(params![short, scope.before, COMPARED_MAX as i64])?,
        };
        let mut out = Vec::with_capacity(scope.limit);
        let mut seen = 0;
        while let Some(r) = found.next()? {
            seen += 1;
            let text = r.get_ref(1)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
            match has_word(&apply::prepare_words(text), &start) {
                Some(true) => out.push(r.get(0)?),
                Some(false) => {}
                None => return Ok(None),
            }
            if out.len() == scope.limit {
                return Ok(Some(out));
            }
        }
        // All of them were looked at: what was found is all there is.
        Ok((seen < COMPARED_MAX).then_some(out))
    }

    /// Messages that the index of parts does not have yet.
    pub(super) fn tail(&self, terms: &[String], scope: &Scope) -> Result<Vec<i64>, StoreError> {
        let upto = apply::tidy_upto(&self.conn)?;
        let newest: i64 = self
            .conn
            .prepare_cached("SELECT coalesce(max(id), 0) FROM messages")?
            .query_row([], |r| r.get(0))?;
        let from = upto.max(newest - TAIL_MAX);
        if from >= newest {
            return Ok(Vec::new());
        }
        let needles: Vec<String> = terms.iter().map(|t| lower(t)).collect();
        let mut st = self.conn.prepare_cached(
            "SELECT m.id, m.text, m.thread_id, t.account_id FROM messages m JOIN threads t ON t.id = m.thread_id \
             WHERE m.id > ?1 AND m.id < ?2 ORDER BY m.id DESC",
        )?;
        let mut found = st.query(params![from, scope.before])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            if scope.thread.is_some_and(|t| r.get(2) != Ok(t))
                || scope.account.is_some_and(|a| r.get(3) != Ok(a))
            {
                continue;
            }
            let text = lower(super::filter::text_at(r, 1)?);
            if needles.iter().all(|n| text.contains(n.as_str())) {
                out.push(r.get(0)?);
                if out.len() == scope.limit {
                    break;
                }
            }
        }
        Ok(out)
    }

    /// Searches as [`Self::find`] does, with a text; its days are those of UTC, and nothing is relative to now.
    pub fn search(
        &self,
        text: &str,
        account: Option<&AccountId>,
        thread: Option<ThreadId>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Found, StoreError> {
        let query = query::parse(text, 0, &TimeZone::UTC).map_err(|e| StoreError::Rule(e.to_string()))?;
        self.find(&query, account, thread, before, limit).map_err(|e| match e {
            SearchError::Store(e) => e,
            SearchError::Query(e) => StoreError::Rule(e.to_string()),
        })
    }

    /// Searches messages, and threads by name and number on the first page. A page may hold fewer than asked for and
    /// still have a next one: filters look at so many messages at a time.
    pub fn find(
        &self,
        wanted: &query::Query,
        account: Option<&AccountId>,
        thread: Option<ThreadId>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Found, SearchError> {
        let query = Query::of(wanted);
        if wanted.is_empty() {
            return Ok(Found::default());
        }
        let names = self.names()?;
        let account_id = account_row(&names, account)?;
        let thread_id = match thread {
            None => None,
            Some(uid) => Some(
                self.conn
                    .prepare_cached("SELECT id FROM threads WHERE uid = ?1")
                    .and_then(|mut st| st.query_row([uid.0], |r| r.get(0)))
                    .map_err(StoreError::from)?,
            ),
        };
        let filters = Filters::of(&self.conn, wanted, self.recent()?.is_some())?;
        let limit = limit as usize;
        let scope = Scope {
            account: account_id,
            thread: thread_id,
            before: before.map_or(i64::MAX, |c| c.row),
            limit: limit + 1,
            limited: self.is_limited(),
        };
        let walk = if filters.is_empty() {
            self.plain(&query, &scope, before.is_some())?
        } else {
            self.walk_filtered(&query, &scope, &filters)?
        };
        let found = self.hits(walk, limit, &query.terms, &names)?;
        let whom = before.is_none() && thread.is_none() && !query.terms.is_empty() && filters.fits_people();
        let threads = if whom {
            self.search_threads(&query, account_id.or(filters.only_account()), &names)?
        } else {
            Vec::new()
        };
        Ok(Found { threads, hits: found })
    }

    /// Matches of words alone: nothing has to be looked at but the indexes.
    fn plain(&self, query: &Query, scope: &Scope, later: bool) -> Result<Walk, StoreError> {
        let mut rows: BTreeSet<i64> = BTreeSet::new();
        let mut found_words = false;
        if let Some(q) = query.words() {
            let (recent, rest) = self.recently_worded(&q, scope)?;
            rows.extend(recent);
            if let Some(rest) = rest {
                rows.extend(match self.compared(query, &rest)? {
                    Some(rows) => rows,
                    None => self.rowids("message_words", &q, &rest)?,
                });
            }
            // On a later page the words may be exhausted; parts of words do not follow them then.
            let any = Scope { before: i64::MAX, limit: 1, ..*scope };
            found_words = !rows.is_empty() || later && !self.worded(&q, &any)?.is_empty();
        }
        // Parts of words are looked for when no word begins like that: it may cost a hundred times more.
        if !found_words && let Some(q) = query.parts() {
            rows.extend(self.rowids("message_parts", &q, scope)?);
            rows.extend(self.tail(&query.terms, scope)?);
        }
        Ok(Walk { rows: rows.into_iter().rev().collect(), resume: None })
    }

    /// The messages of these rows, at most `limit`.
    fn hits(
        &self,
        walk: Walk,
        limit: usize,
        terms: &[String],
        names: &rows::AccountNames,
    ) -> Result<Page<Hit>, StoreError> {
        let mut more = walk.rows.len() > limit;
        let rows: Vec<i64> = walk.rows.into_iter().take(limit).collect();
        let mut hits = Vec::with_capacity(rows.len());
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS}, t.title FROM messages m JOIN threads t ON t.id = m.thread_id WHERE m.id = ?1"
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut next = None;
        let mut bytes = 0;
        for id in rows {
            let mut found = st.query([id])?;
            if let Some(r) = found.next()? {
                bytes += rows::message_bytes(r)?;
                if bytes > rows::PAGE_BYTES && !hits.is_empty() {
                    more = true;
                    break;
                }
                let (row, _, message) = rows::message(r, names)?;
                next = Some(Cursor { at: message.at, row });
                let snippet = snippet(&message.body.kept_text(), terms);
                hits.push(Hit { message, title: r.get("title")?, snippet });
            }
        }
        // What was looked at and does not fit is not looked at again.
        let next = next.filter(|_| more).or(walk.resume.map(|row| Cursor { at: 0, row }));
        Ok(Page { items: hits, next })
    }

    /// Threads whose contact has this in the name or number, newest first.
    pub fn people(
        &self,
        text: &str,
        account: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<ThreadRow>, StoreError> {
        // A name is a name: nothing in it is a filter.
        let query = Query::words_of(text);
        if query.terms.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.names()?;
        let account = account_row(&names, account)?;
        let mut found = self.search_threads(&query, account, &names)?;
        found.truncate(limit);
        Ok(found)
    }

    /// Whether so many threads fit that choosing the newest of them all takes long.
    fn many_have(&self, condition: &str, value: &str) -> Result<bool, StoreError> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM threads t WHERE {condition} LIMIT ?2)");
        let n: i64 = self.conn.prepare_cached(&sql)?.query_row(params![value, NAMES_MANY], |r| r.get(0))?;
        Ok(n == NAMES_MANY)
    }

    fn search_threads(
        &self,
        query: &Query,
        account: Option<i64>,
        names: &rows::AccountNames,
    ) -> Result<Vec<ThreadRow>, StoreError> {
        // The index of parts knows no word of two letters: those are looked for in the names that it finds.
        let (long, rest): (Vec<String>, Vec<String>) =
            query.terms.iter().cloned().partition(|t| t.chars().count() >= 3);
        let indexed = Query { terms: long, open: query.open };
        let mixed = !indexed.terms.is_empty() && !rest.is_empty();
        let found = people_where(query).or_else(|| people_where(&indexed).filter(|_| mixed));
        let Some((condition, value)) = found else { return Ok(Vec::new()) };
        // What many names have is soon found among the newest threads; the index would give all of them first.
        if let Some(named) = names_with(query)
            && self.many_have(condition, &value)?
        {
            let found = self.newest(account, names, (NAMES_LOOKED_AT, THREADS), &|row| named(&row.title))?;
            if found.len() == THREADS {
                return Ok(found);
            }
        }
        // The newest are chosen by their places; only those are read whole.
        let sql = format!(
            "SELECT {THREAD_COLUMNS} FROM (SELECT t.id AS thread FROM threads t WHERE {condition} \
             AND (?2 IS NULL OR t.account_id = ?2) ORDER BY t.last_at DESC, t.id DESC LIMIT ?3) k \
             CROSS JOIN threads t ON t.id = k.thread ORDER BY t.last_at DESC, t.id DESC"
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let most = if mixed { 500 } else { THREADS as i64 };
        let mut found = st.query(params![value, account, most])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            out.push(rows::thread_row(r, names)?.1);
        }
        if mixed && let Some(named) = names_with(query) {
            out.retain(|row| named(&row.title));
        }
        out.truncate(THREADS);
        Ok(out)
    }
}

/// Whether a name has what [`people_where`] looks for in names; `None` when that is a number.
fn names_with(query: &Query) -> Option<impl Fn(&str) -> bool> {
    let text = query.terms.join(" ");
    let short = text.chars().count() < 3;
    if text.chars().all(|c| c.is_ascii_digit() || "+ -().".contains(c)) {
        return None;
    }
    let needles: Vec<String> = query.terms.iter().map(|t| fold::folded(t)).collect();
    Some(move |title: &str| {
        if short {
            title.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(&text))
        } else {
            let title = fold::folded(title);
            needles.iter().all(|n| title.contains(n.as_str()))
        }
    })
}

/// The threads whose contact has this in the name or number, as a condition with one value; `None` when nobody can.
pub(super) fn people_where(query: &Query) -> Option<(&'static str, String)> {
    let text = query.terms.join(" ");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= 3 && text.chars().all(|c| c.is_ascii_digit() || "+ -().".contains(c));
    let short = text.chars().count() < 3;
    Some(if is_number {
        (
            "t.id IN (SELECT rowid FROM thread_parts WHERE thread_parts MATCH ?1 LIMIT 500)",
            // A whole number is found in its other forms too.
            std::iter::once(digits.clone())
                .chain(phone::variants(&digits).into_iter().map(|v| v.digits))
                .map(|d| format!("\"{d}\""))
                .collect::<Vec<_>>()
                .join(" OR "),
        )
    } else if short {
        // Too short for an index of parts: the beginning of a name, by its index.
        ("t.title COLLATE NOCASE >= ?1 AND t.title COLLATE NOCASE < ?1 || char(0x10ffff)", text)
    } else {
        let q = query.parts()?;
        (
            "t.id IN (SELECT rowid FROM thread_parts WHERE thread_parts MATCH ?1 ORDER BY rowid DESC LIMIT 500)",
            q,
        )
    })
}

/// Why nothing was searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The query is not understood.
    #[error(transparent)]
    Query(#[from] BadQuery),
}

/// The row of an account.
fn account_row(names: &rows::AccountNames, account: Option<&AccountId>) -> Result<Option<i64>, StoreError> {
    let Some(key) = account else { return Ok(None) };
    let found = names.iter().find(|(_, k)| k == key).map(|(id, _)| *id);
    found.map(Some).ok_or(StoreError::Missing("this account"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Query {
        Query::of(&query::parse(text, 0, &TimeZone::UTC).unwrap_or_default())
    }

    #[test]
    fn queries_are_words_and_phrases() {
        let q = parse("refund  \"two weeks\" ord");
        assert_eq!(q.terms, ["refund", "two weeks", "ord"]);
        assert!(q.open);
        assert_eq!(q.words().as_deref(), Some("\"refund\" \"two weeks\" \"ord\"*"));
        assert!(!parse("done ").open);
        assert_eq!(parse("a\" OR \"b").terms.len(), 3);
        assert_eq!(parse("  ").words(), None);
        assert_eq!(parse("ab cde").parts(), None);
    }

    #[test]
    fn long_beginnings_are_compared_as_the_index_sees_words() {
        let q = parse("order refun");
        assert_eq!(q.shortened(), Some(("\"order\" \"ref\"*".into(), "refun".into())));
        for closed in ["refun ", "ref", "réfun", "a-refun", "\"refun\""] {
            assert_eq!(parse(closed).shortened(), None, "{closed}");
        }
        assert_eq!(has_word("My Refund, please", "refun"), Some(true));
        assert_eq!(has_word("👍refund", "refun"), Some(true));
        assert_eq!(has_word("prerefund refuse", "refun"), Some(false));
        assert_eq!(has_word("привет, reform", "refun"), Some(false));
        assert_eq!(has_word("réfund", "refun"), None);
        assert_eq!(has_word("refu\u{301}nd", "refun"), None);
        assert_eq!(has_word("приветrefund", "refun"), None);
    }

    #[test]
    fn snippets_mark_the_first_match() {
        let s = snippet("Where is my Order 4711 please", &["order".into()]);
        assert_eq!(s, "Where is my \u{2}Order\u{3} 4711 please");
        let long = format!("{} needle {}", "x ".repeat(100), "y ".repeat(100));
        let s = snippet(&long, &["needle".into()]);
        assert!(s.starts_with('…') && s.ends_with('…') && s.contains("\u{2}needle\u{3}"), "{s}");
        assert_eq!(snippet("a\u{2}b", &["zz".into()]), "ab");
    }

    proptest::proptest! {
        #[test]
        fn a_comparison_agrees_with_the_index(text in "[refunREÉéñо订👍 ,\u{301}x-]{0,24}", start in "[refun]{4,5}") {
            let conn = rusqlite::Connection::open_in_memory().unwrap();
            conn.execute_batch("CREATE VIRTUAL TABLE w USING fts5(t, prefix='2 3', tokenize='unicode61 remove_diacritics 2');").unwrap();
            let text = apply::prepare_words(&text).into_owned();
            conn.execute("INSERT INTO w VALUES(?1)", [&text]).unwrap();
            let n: i64 = conn.query_row("SELECT count(*) FROM w WHERE w MATCH ?1", [format!("\"{start}\"*")], |r| r.get(0)).unwrap();
            if let Some(found) = has_word(&text, &start) {
                proptest::prop_assert_eq!(found, n > 0, "{:?} {:?}", text, start);
            }
        }

        #[test]
        fn no_query_breaks_the_query_language(text in ".{0,80}") {
            let conn = rusqlite::Connection::open_in_memory().unwrap();
            conn.execute_batch("CREATE VIRTUAL TABLE w USING fts5(t, prefix='2 3'); CREATE VIRTUAL TABLE p USING fts5(t, tokenize='trigram');").unwrap();
            let q = parse(&text);
            for (table, query) in [("w", q.words()), ("p", q.parts())] {
                if let Some(query) = query {
                    let n: Result<i64, _> = conn.query_row(&format!("SELECT count(*) FROM {table} WHERE {table} MATCH ?1"), [&query], |r| r.get(0));
                    proptest::prop_assert!(n.is_ok(), "{:?}: {:?}", query, n);
                }
            }
            let _ = snippet(&text, &q.terms);
        }
    }
}
