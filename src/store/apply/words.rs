//! The search index of words: what is put in, in which form.
//!
//! Scripts written without spaces (Han, Kana) are indexed character by character, so that a phrase query finds any
//! run of them; everything else by words.

use crate::store::StoreError;
use rusqlite::{Connection, params};
use std::borrow::Cow;

/// Bytes of a message that are indexed.
const INDEXED: usize = 16 * 1024;

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
        .execute(params![row, prepare_words(text)])?;
    Ok(())
}

/// Takes a message out of the index (both of them); `old` is the text it was added with.
pub(super) fn remove(conn: &Connection, row: i64, old: &str) -> Result<(), StoreError> {
    if old.is_empty() {
        return Ok(());
    }
    conn.prepare_cached("INSERT INTO message_words(message_words, rowid, text) VALUES('delete', ?1, ?2)")?
        .execute(params![row, prepare_words(old)])?;
    if row <= super::tidy::parts_upto(conn)? {
        conn.prepare_cached(
            "INSERT INTO message_parts(message_parts, rowid, text) VALUES('delete', ?1, ?2)",
        )?
        .execute(params![row, old])?;
    }
    Ok(())
}

/// Adds the new text of a message that was indexed before.
pub(super) fn replace(conn: &Connection, row: i64, old: &str, new: &str) -> Result<(), StoreError> {
    remove(conn, row, old)?;
    add(conn, row, new)?;
    if !new.is_empty() && row <= super::tidy::parts_upto(conn)? {
        conn.prepare_cached("INSERT INTO message_parts(rowid, text) VALUES(?1, ?2)")?
            .execute(params![row, new])?;
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
