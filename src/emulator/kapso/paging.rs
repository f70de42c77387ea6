//! Pages of lists: by page number, and by cursor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Out;
use crate::clock::Millis;
use crate::emulator::server::Call;

/// A time as lists print it.
pub fn iso(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map(|t| format!("{t:.3}")).unwrap_or_default()
}

/// A time that a client gave.
pub fn time(call: &Call, name: &str) -> Result<Option<Millis>, Out> {
    let Some(text) = call.query.get(name).filter(|t| !t.is_empty()) else { return Ok(None) };
    match text.parse::<jiff::Timestamp>() {
        Ok(t) => Ok(Some(t.as_millisecond())),
        Err(_) => Err(Out::error(400, format!("Invalid {name}: give an ISO 8601 time"))),
    }
}

fn whole(call: &Call, name: &str, otherwise: usize, most: usize) -> Result<usize, Out> {
    match call.query.get(name) {
        None => Ok(otherwise),
        Some(text) => match text.parse::<usize>() {
            Ok(n) if n > 0 => Ok(n.min(most)),
            _ => Err(Out::error(400, format!("Invalid {name}"))),
        },
    }
}

/// One page by number out of a whole list.
pub fn numbered(call: &Call, all: Vec<Value>) -> Result<Out, Out> {
    let page = whole(call, "page", 1, usize::MAX)?;
    let size = whole(call, "per_page", 20, 100)?;
    let total = all.len();
    let pages = total.div_ceil(size).max(1);
    let data: Vec<Value> = all.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    let mut out = Out::ok(json!({ "data": data, "meta": {
        "page": page, "per_page": size, "total_pages": pages, "total_count": total,
    }}));
    out.headers = vec![
        ("x-total", total.to_string()),
        ("x-total-pages", pages.to_string()),
        ("x-per-page", size.to_string()),
        ("x-page", page.to_string()),
    ];
    Ok(out)
}

/// A place in a list that is ordered by a time and, where two are the same, by a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: Millis,
    pub id: String,
}

impl Place {
    fn cursor(&self, column: &str) -> String {
        let text = json!({ "values": [self.at.to_string(), self.id], "columns": [column, "id"] }).to_string();
        STANDARD.encode(text)
    }

    fn read(text: &str, column: &str) -> Option<Self> {
        let value: Value = serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()?;
        if value["columns"][0] != column {
            return None;
        }
        let text = |n: usize| value["values"][n].as_str().map(str::to_owned);
        Some(Self { at: text(0)?.parse().ok()?, id: text(1)? })
    }
}

/// What part of a list is asked for.
pub struct Wanted {
    pub limit: usize,
    pub after: Option<Place>,
    pub before: Option<Place>,
    column: &'static str,
}

/// Reads `limit`, `after` and `before`.
pub fn wanted(call: &Call, column: &'static str) -> Result<Wanted, Out> {
    let limit = whole(call, "limit", 20, 100)?;
    let place = |name: &str| match call.query.get(name).filter(|t| !t.is_empty()) {
        None => Ok(None),
        Some(text) => Place::read(text, column).map(Some).ok_or_else(|| Out::error(400, "Invalid cursor")),
    };
    Ok(Wanted { limit, after: place("after")?, before: place("before")?, column })
}

impl Wanted {
    /// The page out of a list that runs from the newest to the oldest; `shown` prints what is on it.
    pub fn page<T>(
        &self,
        all: impl Iterator<Item = (Place, T)>,
        shown: impl FnMut((Place, T)) -> Value,
        links: bool,
    ) -> Out {
        let inside = all.skip_while(|(p, _)| self.after.as_ref().is_some_and(|after| p >= after));
        let mut taken: Vec<(Place, T)> = Vec::new();
        let mut more = false;
        let mut earlier = self.after.is_some();
        if let Some(before) = &self.before {
            // The page that ends where the given one began.
            let mut ring: std::collections::VecDeque<(Place, T)> = std::collections::VecDeque::new();
            for item in inside.take_while(|(p, _)| p > before) {
                if ring.len() == self.limit {
                    ring.pop_front();
                    earlier = true;
                }
                ring.push_back(item);
            }
            more = true;
            taken.extend(ring);
        } else {
            for item in inside {
                if taken.len() == self.limit {
                    more = true;
                    break;
                }
                taken.push(item);
            }
        }
        let cursor = |item: Option<&(Place, T)>, there: bool| {
            item.filter(|_| there).map(|(p, _)| p.cursor(self.column))
        };
        let (before, after) = (cursor(taken.first(), earlier), cursor(taken.last(), more));
        let first = taken.first().map(|(p, _)| p.cursor(self.column));
        let data: Vec<Value> = taken.into_iter().map(shown).collect();
        let mut paging = json!({ "cursors": { "before": first, "after": after } });
        if links {
            paging["next"] = json!(after);
            paging["previous"] = json!(before);
        }
        Out::ok(json!({ "data": data, "paging": paging }))
    }
}
