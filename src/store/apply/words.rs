//! The search index of words: what is put in, in which form, and when.
//!
//! A message is put in later, with others: in a quiet moment, or when many wait. One by one they would cost a third of
//! what storing a message costs. Until then a reader has an index of its own for them (`store/recent.rs`).
//!
//! Scripts written without spaces (Han, Kana) are indexed character by character, so that a phrase query finds any
//! run of them; everything else by words.

use crate::model::message::searched_text;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use std::borrow::Cow;

/// Bytes of a message that are indexed.
const INDEXED: usize = 16 * 1024;
/// So many messages may wait for the index; then they are put in with the transaction that stores the next one.
pub(super) const WAITING: i64 = 256;

fn has_no_spaces(c: char) -> bool {
    matches!(c as u32,
        0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// The form of a text that is indexed.
pub fn prepare_words(text: &str) -> Cow<'_, str> {
    let mut end = text.len().min(INDEXED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    if text.is_ascii() || !text.chars().any(has_no_spaces) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if has_no_spaces(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A word of a query as FTS5 wants it: quoted, `*` at the end when it is the beginning of a word. `None` when the
/// word has nothing that is indexed.
pub fn prepare_query_token(word: &str, prefix: bool) -> Option<String> {
    if !word.chars().any(char::is_alphanumeric) {
        return None;
    }
    let prepared = prepare_words(word);
    let ends_without_space = word.chars().next_back().is_some_and(has_no_spaces);
    let star = if prefix && !ends_without_space && word.chars().count() >= 2 { "*" } else { "" };
    Some(format!("\"{}\"{star}", prepared.trim().replace('"', "\"\"")))
}

/// Adds a message to the index.
pub(in crate::store) fn add(conn: &Connection, row: i64, text: &str) -> Result<(), StoreError> {
    if text.is_empty() {
        return Ok(());
    }
    conn.prepare_cached("INSERT INTO message_words(rowid, text) VALUES(?1, ?2)")?
        .execute(params![row, prepare_words(searched_text(text))])?;
    Ok(())
}

/// The newest message (row) that the index of words has.
pub(in crate::store) fn upto(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'words_upto'")?
        .query_row([], |r| r.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Remembers how far the index of words is.
pub(in crate::store) fn set_upto(conn: &Connection, row: i64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO meta(key, value) VALUES('words_upto', ?1) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![row.to_string()])?;
    Ok(())
}

/// Puts in at most so many of the messages that wait, oldest first. Gives the row up to which all are in.
pub(super) fn catch_up(conn: &Connection, most: i64) -> Result<i64, StoreError> {
    let from = upto(conn)?;
    let mut last = from;
    {
        let mut read =
            conn.prepare_cached("SELECT id, text FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut rows = read.query(params![from, most])?;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            add(conn, last, row.get_ref(1)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?)?;
        }
    }
    if last > from {
        set_upto(conn, last)?;
    }
    Ok(last)
}

/// Takes a message out of the index (both of them); `old` is the text it was added with.
pub(super) fn remove(conn: &Connection, row: i64, old: &str) -> Result<(), StoreError> {
    if old.is_empty() {
        return Ok(());
    }
    if row <= upto(conn)? {
        conn.prepare_cached(
            "INSERT INTO message_words(message_words, rowid, text) VALUES('delete', ?1, ?2)",
        )?
        .execute(params![row, prepare_words(searched_text(old))])?;
    }
    if row <= super::tidy::parts_upto(conn)? {
        conn.prepare_cached(
            "INSERT INTO message_parts(message_parts, rowid, text) VALUES('delete', ?1, ?2)",
        )?
        .execute(params![row, searched_text(old)])?;
    }
    Ok(())
}

/// Puts another text in the place of one, where that was put in.
pub(super) fn replace(conn: &Connection, row: i64, old: &str, new: &str) -> Result<(), StoreError> {
    remove(conn, row, old)?;
    if row <= upto(conn)? {
        add(conn, row, new)?;
    }
    if !new.is_empty() && row <= super::tidy::parts_upto(conn)? {
        conn.prepare_cached("INSERT INTO message_parts(rowid, text) VALUES(?1, ?2)")?
            .execute(params![row, searched_text(new)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_without_spaces_are_split() {
        assert_eq!(prepare_words("abc 订单1"), "abc  订  单 1");
        assert!(matches!(prepare_words("مرحبا"), Cow::Borrowed(_)));
    }

    #[test]
    fn query_words_are_quoted() {
        assert_eq!(prepare_query_token("foo-bar", true).as_deref(), Some("\"foo-bar\"*"));
        assert_eq!(prepare_query_token("a\"b", false).as_deref(), Some("\"a\"\"b\""));
        assert_eq!(prepare_query_token("订单", true).as_deref(), Some("\"订  单\""));
        assert_eq!(prepare_query_token("--", true), None);
        assert_eq!(prepare_query_token("x", true).as_deref(), Some("\"x\""));
    }
}
