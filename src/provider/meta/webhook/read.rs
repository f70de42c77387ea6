//! Reading JSON that may be written in more than one way.

use crate::clock::Millis;
use serde_json::Value;

/// Longest text of a message that is kept, in characters: what a phone lets people write. The raw body keeps the
/// rest.
pub const TEXT_MAX: usize = 65_536;
/// Longest name that is kept, in characters.
pub const NAME_MAX: usize = 512;
/// Longest id, in characters. A longer one is no id: cut, it might be somebody else's.
pub const ID_MAX: usize = 512;
/// Longest line that says where a message came from, in characters.
pub const TAG_MAX: usize = 300;
/// Cards, rows, buttons and the like of one message that are kept. The provider's largest list has 257.
pub const ITEMS_MAX: usize = 300;
/// No time is later than this: the year 2100 in Unix seconds. What is later cannot be added to.
const LATEST: i64 = 4_102_444_800;

/// The first characters.
pub fn first_chars(s: &str, n: usize) -> &str {
    if s.len() <= n {
        return s;
    }
    s.char_indices().nth(n).map_or(s, |(at, _)| &s[..at])
}

/// A text that is not empty, at most [`TEXT_MAX`] of it.
pub fn string<'a>(v: &'a Value, key: &str) -> Option<&'a str> {
    v.get(key).and_then(Value::as_str).filter(|s| !s.is_empty()).map(|s| first_chars(s, TEXT_MAX))
}

/// The same, owned; empty when absent.
pub fn owned(v: &Value, key: &str) -> String {
    string(v, key).unwrap_or_default().to_owned()
}

/// A text or a number as text, without loss; `None` when empty.
pub fn text_of(v: &Value) -> Option<String> {
    match v {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// An id that may be a text or a number.
pub fn id(v: &Value, key: &str) -> Option<String> {
    v.get(key).and_then(text_of).filter(|id| id.len() <= ID_MAX)
}

/// A whole number that may be a text.
pub fn integer(v: &Value, key: &str) -> Option<i64> {
    match v.get(key)? {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// A number that may be a text; only finite ones.
pub fn decimal(v: &Value, key: &str) -> Option<f64> {
    match v.get(key)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
    .filter(|f: &f64| f.is_finite())
}

/// Unix seconds as milliseconds. Values that can only be milliseconds are taken as such; what no clock can show is
/// no time.
pub fn seconds(v: &Value, key: &str) -> Option<Millis> {
    let n = integer(v, key).filter(|n| *n > 0)?;
    let at = if n >= 100_000_000_000 { n } else { n.checked_mul(1000)? };
    (at <= LATEST * 1000).then_some(at)
}

/// The parts of one message, at most [`ITEMS_MAX`]; none when it is no list.
pub fn parts<'a>(v: &'a Value, key: &str) -> &'a [Value] {
    let all = list(v, key);
    &all[..all.len().min(ITEMS_MAX)]
}

/// The items of a list; none when it is no list.
pub fn list<'a>(v: &'a Value, key: &str) -> &'a [Value] {
    v.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Only the digits.
pub fn digits(s: &str) -> String {
    s.chars().filter(char::is_ascii_digit).collect()
}

/// A day for people; the number itself when it is no time.
pub fn day(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .map_or_else(|_| unix_seconds.to_string(), |t| t.strftime("%Y-%m-%d").to_string())
}

/// A body whose texts hold halves of characters, with those replaced; `None` when there are none.
///
/// A text cut in the middle of an emoji is no reason to lose a batch.
pub fn repaired(body: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(body);
    let bytes = text.as_bytes();
    let unit = |at: usize| -> Option<u16> {
        let escape = bytes.get(at..at + 6)?;
        if escape[0] != b'\\' || escape[1] != b'u' || !escape[2..].iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let step = match (bytes[at], unit(at)) {
            (b'\\', Some(0xD800..=0xDBFF)) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => 12,
            (b'\\', Some(0xD800..=0xDFFF)) => {
                out.extend_from_slice(b"\\ufffd");
                at += 6;
                continue;
            }
            (b'\\', _) => 2.min(bytes.len() - at),
            _ => 1,
        };
        out.extend_from_slice(&bytes[at..at + step]);
        at += step;
    }
    (out != body).then_some(out)
}
