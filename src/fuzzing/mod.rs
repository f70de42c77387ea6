//! The fuzz targets: one function for each place where a stranger's bytes are read or shown.
//!
//! Built for tests and for `fuzz/` (which sets `cfg(fuzzing)`) only. A target takes any bytes and fails by a panic. `fuzz/run` feeds
//! them what a coverage-guided fuzzer makes up; the tests below replay the seeds and every finding.

#[path = "../../tests/it/hostile/vt.rs"]
#[allow(
    dead_code,
    missing_docs,
    clippy::missing_docs_in_private_items,
    reason = "shared with the integration tests"
)]
pub mod vt;

use crate::config::{Env, Flags};
use crate::model::inbound::{Change, WebhookBatch};
use crate::model::message::Body;
use crate::model::template::Values;
use crate::protocol::{ClientFrame, ServerFrame, codec};
use crate::provider::kapso;
use crate::provider::meta::{errors, templates, webhook};
use crate::provider::posts::{self, Head};
use crate::store::fuzz as store;
use crate::tui::fuzz as tui;
use crate::{text, webhook as listener};
use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::codec::Decoder as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets. The names are those of the folders under `fuzz/`.
pub const TARGETS: &[Target] = &[
    ("config", config),
    ("error", error),
    ("frame", frame),
    ("handshake", handshake),
    ("kapso", kapso_body),
    ("marks", marks),
    ("quick_reply", quick_reply),
    ("screen", screen),
    ("search", search),
    ("signature", signature),
    ("template", template),
    ("text", safe_text),
    ("webhook", webhook_body),
];

/// The input as text in pieces; the pieces are divided by the byte 0xFF, which no UTF-8 has.
fn pieces(data: &[u8]) -> Vec<String> {
    data.split(|b| *b == 0xff).map(|p| String::from_utf8_lossy(p).into_owned()).collect()
}

/// The first two pieces.
fn two(data: &[u8]) -> (String, String) {
    let mut pieces = pieces(data).into_iter();
    (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default())
}

/// Safe for a terminal, but for line breaks.
fn assert_safe(what: &str, s: &str) {
    let bad = s.chars().find(|c| *c != '\n' && vt::is_forbidden(*c));
    assert!(bad.is_none(), "{what} has {bad:?}: {s:?}");
}

fn assert_bounded(what: &str, s: &str, max: usize) {
    let n = s.chars().count();
    assert!(n <= max, "{what} has {n} characters, {max} are allowed");
}

/// A webhook of Meta: read, applied twice, read from the store, drawn.
pub fn webhook_body(data: &[u8]) {
    let parsed = webhook::parse(data);
    if let Ok(batch) = &parsed {
        bounds(batch);
    }
    let shown = store::ingest(data, &parsed);
    if !shown.threads.is_empty() {
        tui::screen(&tui::Scene::of(shown.threads, shown.messages), 80, 24);
    }
}

/// A webhook of Kapso, behind the name of its event in a line: read, applied twice, read from the store, drawn.
pub fn kapso_body(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (event, body) = data.split_at(at);
    let event = String::from_utf8_lossy(event).into_owned();
    let head = Head { event: Some(&event), ..Head::default() };
    let parsed = kapso::webhook::read(&head, body, store::NOW).map(|said| said.batch);
    if let Ok(batch) = &parsed {
        bounds(batch);
    }
    // What is kept is read again without the name of its event.
    if let Ok(again) = posts::read_kept("kapso", body, store::NOW) {
        bounds(&again);
    }
    let shown = store::ingest(body, &parsed);
    if !shown.threads.is_empty() {
        tui::screen(&tui::Scene::of(shown.threads, shown.messages), 80, 24);
    }
}

/// An answer of Kapso that is no success.
fn kapso_error(status: u16, body: &[u8]) {
    let (failure, _) = kapso::errors::classify(status, body);
    assert_bounded("a provider's text", &failure.error.text, 1000);
    assert!(!failure.error.text.is_empty());
    assert!(failure.error.next.is_some(), "{status}: nothing to do next");
    let _ = failure.into_call_error();
}

fn bounds(batch: &WebhookBatch) {
    for p in &batch.problems {
        assert_bounded("a problem", p, 200);
    }
    for routed in &batch.changes {
        if let Change::Message(m) = &routed.change {
            assert!(!m.provider_id.is_empty() && !m.peer.identities.is_empty());
            assert_bounded("an id", &m.provider_id, webhook::ID_MAX);
            assert_bounded("a name", &m.peer.profile_name, webhook::NAME_MAX);
            assert_bounded("a text", &m.body.plain_text(), 2 * webhook::TEXT_MAX);
            if let Body::Contacts { cards } = &m.body {
                assert!(cards.len() <= webhook::ITEMS_MAX);
            }
        }
    }
}

/// An answer of the provider that is no success.
pub fn error(data: &[u8]) {
    let status = 400 + u16::from(data.first().copied().unwrap_or(0));
    let body = data.get(1..).unwrap_or_default();
    kapso_error(status, body);
    let failure = errors::classify(status, body);
    assert_bounded("a provider's text", &failure.error.text, 1000);
    assert!(!failure.error.text.is_empty());
    let _ = failure.clone().into_outcome(None);
    let _ = failure.into_call_error();
}

/// The signature of a webhook: nothing but the right one is taken.
pub fn signature(data: &[u8]) {
    let (header, body) = two(data);
    let (secret, other) = (b"secret".as_slice(), b"other".as_slice());
    let right = webhook::sign(secret, body.as_bytes());
    assert!(webhook::verify_signature(secret, Some(&right), body.as_bytes()));
    assert!(!webhook::verify_signature(other, Some(&right), body.as_bytes()));
    assert!(!webhook::verify_signature(b"", Some(&right), body.as_bytes()));
    if header.trim().to_ascii_lowercase() != right {
        assert!(!webhook::verify_signature(secret, Some(&header), body.as_bytes()), "{header:?}");
    }
}

/// The query of the handshake: no answer without the token.
pub fn handshake(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    let pairs = listener::decode_query(&query);
    assert!(pairs.len() <= 32);
    let answer = |token: &str| webhook::challenge(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())), token);
    if let Some(challenge) = answer("token") {
        assert!(pairs.iter().any(|(k, v)| k == "hub.verify_token" && v == "token"));
        assert!(challenge.len() <= 256 && challenge.bytes().all(|b| b.is_ascii_graphic()));
    }
    assert_eq!(answer(""), None);
}

fn fixed_point<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(first) = codec::decode::<T>(bytes) else { return };
    let Ok(written) = codec::encode(&first) else { unreachable!("{first:?} cannot be written") };
    let Ok(again) = codec::decode::<T>(&written) else { unreachable!("{first:?} cannot be read again") };
    let Ok(twice) = codec::encode(&again) else { unreachable!("{again:?} cannot be written") };
    assert_eq!(written, twice);
}

/// Frames of both sides, and the framing.
pub fn frame(data: &[u8]) {
    let mut framing = codec::framing();
    let mut stream = BytesMut::from(data);
    while let Ok(Some(bytes)) = framing.decode(&mut stream) {
        fixed_point::<ClientFrame>(&bytes);
    }
    fixed_point::<ClientFrame>(data);
    fixed_point::<ServerFrame>(data);
}

/// A search query.
pub fn search(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    let found = store::search(&query);
    for hit in &found.hits.items {
        let marks = |c: char| hit.snippet.matches(c).count();
        assert!(marks('\u{2}') <= 1 && marks('\u{2}') == marks('\u{3}'), "{:?}", hit.snippet);
    }
}

/// A quick reply, and a value in it.
pub fn quick_reply(data: &[u8]) {
    let (reply, value) = two(data);
    tui::quick_reply(&reply, &value);
}

/// A configuration file.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let env: Env = [("HOME", "/home/ana")].into_iter().collect();
    match crate::config::check(Some(("/etc/switchboard.toml".into(), text)), &Flags::default(), &env) {
        Ok(checked) => {
            let _ = format!("{checked:?}");
        }
        Err(e) => assert_safe("a mistake in the configuration", &text::sanitize(&e.to_string())),
    }
}

/// A template as the provider lists it, filled with values.
pub fn template(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == 0xff);
    let Ok(value) = serde_json::from_slice(parts.next().unwrap_or_default()) else { return };
    let given = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let Some(t) = templates::template(&value) else { return };
    let fields = t.fields();
    assert!(fields.len() <= 200, "{} fields", fields.len());
    let values: Values = fields.into_iter().map(|f| (f.key, given.clone())).collect();
    let _ = t.preview(&values);
    if let Ok((_, shown)) = t.fill(&values) {
        assert_bounded("a filled template", &shown.plain_text(), 4000);
    }
    tui::template(&t, &values);
}

/// Bold, italic and the like in a message.
pub fn marks(data: &[u8]) {
    let s = String::from_utf8_lossy(data);
    tui::marks(&s);
    tui::marks(&text::sanitize_lines(&s));
}

/// Text of a stranger on its way to the terminal.
pub fn safe_text(data: &[u8]) {
    let (&first, rest) = data.split_first().unwrap_or((&0, &[]));
    let cells = usize::from(first % 100);
    let s = String::from_utf8_lossy(rest);
    let line = text::sanitize(&s);
    assert_safe("a line", &line);
    assert!(!line.contains('\n'));
    assert_eq!(text::sanitize(&line), line, "a safe line changes");
    let lines = text::sanitize_lines(&s);
    assert_safe("a text", &lines);
    assert_eq!(text::sanitize_lines(&lines), lines, "a safe text changes");
    for g in lines.graphemes(true) {
        assert!(g.chars().count() <= text::GRAPHEME_CHARS, "{g:?}");
        assert!(text::width(g) <= text::GRAPHEME_CELLS, "{g:?}");
    }
    let cut = text::truncate(&line, cells);
    assert!(text::width(&cut) <= cells, "{cut:?} in {cells}");
    assert!(cells >= text::width(&line) || cut.is_empty() || cut.ends_with('…'));
    let mut at = 0;
    for r in text::wrap(&lines, cells) {
        assert!(
            r.start >= at && lines[at..r.start].chars().all(|c| c == ' ' || c == '\n' || c.is_whitespace())
        );
        let part = &lines[r.clone()];
        let one = part.graphemes(true).count() <= 1;
        assert!(text::width(part) <= cells.max(2) || one, "{part:?} in {cells}");
        assert!(!part.contains('\n'));
        at = r.end;
    }
    assert!(lines[at..].chars().all(char::is_whitespace));
    tui::cells(&s, cells as u16 + 1);
}

/// The whole screen with a stranger's text everywhere.
pub fn screen(data: &[u8]) {
    let size = |i: usize, least: u16, most: u16| {
        least + u16::from(data.get(i).copied().unwrap_or(0)) % (most - least)
    };
    let (columns, rows) = (size(0, 1, 170), size(1, 1, 50));
    let pieces = pieces(data.get(2..).unwrap_or_default());
    tui::screen(&tui::Scene::with(&pieces), columns, rows);
}

#[cfg(test)]
mod tests;
