//! The lines under a message of ours that has not got through: what it waits for, what went wrong, what to press.

use super::{Around, WayOut};
use crate::model::delivery::WaitReason;
use crate::model::{DeliveryState, Message};
use crate::text;
use crate::tui::format;
use crate::tui::theme::Theme;
use ratatui::style::Style;

/// A message that was taken back before it left, in one line.
pub(super) fn taken_back(m: &Message, width: usize) -> String {
    let words = super::one_line(m);
    let room = width.saturating_sub(6);
    text::truncate(&format!("⊘ taken back: {words}"), room).into_owned()
}

/// The lines, from top to bottom.
pub(super) fn lines(m: &Message, around: &Around, t: &Theme, keys: &WayOut) -> Vec<(String, Style)> {
    let mut out: Vec<(String, Style)> = Vec::new();
    match m.state {
        DeliveryState::Queued => queued(m, around, t, keys, &mut out),
        DeliveryState::Unknown => unknown(m, around, t, keys, &mut out),
        DeliveryState::Failed => failed(m, around, t, keys, &mut out),
        _ => {}
    }
    if let Some(other) = m.also_sent {
        let (tick, _) = format::ticks(other.state, t);
        out.push((format!("! an earlier attempt got through too ({tick}): it may be there twice"), t.warn));
    }
    out
}

/// While a text is being written, the keys for messages come after the one that leaves it.
fn first(around: &Around, keys: &WayOut) -> String {
    if around.writing { format!("{}, then ", keys.leave) } else { String::new() }
}

fn queued(m: &Message, around: &Around, t: &Theme, keys: &WayOut, out: &mut Vec<(String, Style)>) {
    let why = m.waits.map(|w| w.why).filter(|_| around.wait.is_some());
    match (why, around.wait.as_deref()) {
        (Some(WaitReason::Undo), Some(left)) => {
            out.push((format!("sends in {left}"), t.dim));
            let back = if around.writing { &keys.back_writing } else { &keys.back };
            out.push((format!("→ {back} takes it back"), t.key));
        }
        (Some(WaitReason::Later), Some(when)) => {
            out.push((format!("◷ to be sent {when}"), t.warn));
            if around.closed_then {
                out.push(("the window is closed by then: it will fail".into(), t.warn));
            }
            let (back, later, now) = (&keys.back, &keys.later, &keys.now);
            let first = first(around, keys);
            out.push((
                format!("→ {first}{back} takes it back, {later} another time, {now} sends it now"),
                t.key,
            ));
        }
        (Some(WaitReason::Provider), Some(left)) => {
            let why = match &m.error {
                Some(e) if e.code == 0 => text::sanitize(&e.text).into_owned(),
                Some(e) => format!("{} {}", e.code, text::sanitize(&e.text)),
                None => WaitReason::Provider.words().to_owned(),
            };
            out.push((format!("waiting {left}: {why}"), t.warn));
            if m.attempts > 0 {
                let times = if m.attempts == 1 { "once".to_owned() } else { format!("{} times", m.attempts) };
                let first = first(around, keys);
                out.push((format!("tried {times} · {first}{} takes it back", keys.back), t.dim));
            }
        }
        // How long that takes nobody knows.
        (Some(WaitReason::Account), Some(_)) => {
            out.push(("waiting: the account is paused".into(), t.warn));
            out.push((format!("→ {}{} takes it back", first(around, keys), keys.back), t.dim));
        }
        (Some(why), Some(left)) => out.push((format!("waiting {left}: {}", why.words()), t.warn)),
        _ => {
            if around.turn {
                out.push(("waiting for its turn".into(), t.dim));
            }
        }
    }
}

fn unknown(m: &Message, around: &Around, t: &Theme, keys: &WayOut, out: &mut Vec<(String, Style)>) {
    if m.put_aside {
        out.push(("put aside: nobody knows whether it went out".into(), t.dim));
        return;
    }
    out.push(("? the answer was lost: it may or may not have gone out".into(), t.warn));
    if let Some(e) = &m.error {
        out.push((text::sanitize(&e.text).into_owned(), t.dim));
    }
    let (check, again, aside) = (&keys.check, &keys.again, &keys.aside);
    let first = first(around, keys);
    out.push((format!("→ {first}{check} checks, {again} sends it again, {aside} puts it aside"), t.key));
}

fn failed(m: &Message, around: &Around, t: &Theme, keys: &WayOut, out: &mut Vec<(String, Style)>) {
    let Some(e) = &m.error else {
        out.push(("✗ it was not delivered".into(), t.bad));
        out.push(if m.put_aside {
            ("→ put aside".into(), t.dim)
        } else {
            let first = first(around, keys);
            (format!("→ {first}{} sends it again, {} puts it aside", keys.again, keys.aside), t.key)
        });
        return;
    };
    let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
    out.push((format!("✗ {code}{}", text::sanitize(&e.text)), t.bad));
    if let Some(cause) = &e.cause {
        out.push((text::sanitize(cause).into_owned(), t.dim));
    }
    if m.put_aside {
        out.push(("→ put aside".into(), t.dim));
        return;
    }
    if let Some(next) = &e.next {
        let again = format!("{}{}", first(around, keys), keys.again);
        // The words are the provider module's, which knows the keys as they are delivered.
        out.push((format!("→ {}", text::sanitize(next).replace("Ctrl+R", &again)), t.key));
    }
    if e.next.as_ref().is_some_and(|next| next.contains("Ctrl+R")) {
        return;
    }
    let first = first(around, keys);
    // The keys follow the words: a template where one is the way out, the same again where that may help.
    let aside = &keys.aside;
    let keys = match e.next.as_deref() {
        Some(next) if next.contains("template") => {
            format!("{} sends a template, {aside} puts it aside", keys.template)
        }
        Some(next) if !next.contains("again") => format!("{aside} puts it aside"),
        _ => format!("{} sends it again, {aside} puts it aside", keys.again),
    };
    out.push((format!("→ {first}{keys}"), t.key));
}
