//! How model types read in a table.

use crate::clock::Millis;
use crate::model::contact::display_phone;
use crate::model::delivery::DeliveryState;
use crate::model::message::{Body, Direction, Message, Origin, template_label};
use crate::model::thread::{Preview, ThreadRow};
use crate::model::window::Window;
use crate::protocol::Cursor;

/// A cursor as it is given back with `--before`.
pub(super) fn cursor(c: Cursor) -> String {
    format!("{}.{}", c.at, c.row)
}

/// Who is on the other side: the title, and the number where the title is not the number.
pub(super) fn who(row: &ThreadRow) -> String {
    match &row.phone {
        Some(phone) if display_phone(phone) != row.title => format!("{} {}", row.title, display_phone(phone)),
        _ => row.title.clone(),
    }
}

/// Time left of a window, in its largest unit.
pub(super) fn window(w: Window, now: Millis) -> String {
    match w.left(now) {
        None => "closed".to_owned(),
        Some(left) if left >= 3_600_000 => format!("{} h", left / 3_600_000),
        Some(left) => format!("{} min", (left / 60_000).max(1)),
    }
}

/// A delivery state where it says something; an inbound message has none.
pub(super) fn state(s: DeliveryState) -> &'static str {
    if matches!(s, DeliveryState::Received | DeliveryState::Noted) { "" } else { s.as_str() }
}

/// The last message of a thread in one line.
pub(super) fn preview(p: &Preview) -> String {
    let arrow = match p.direction {
        Direction::Inbound => "",
        Direction::Outbound => "› ",
    };
    if p.kind == "text" { format!("{arrow}{}", p.text) } else { format!("{arrow}[{}] {}", p.kind, p.text) }
}

/// What a message says in one line; everything but text is named.
pub(super) fn body(b: &Body) -> String {
    let text = b.plain_text();
    match b {
        Body::Text { .. } => text,
        Body::Call { event, .. } => format!("[call] {event}"),
        Body::Location { latitude, longitude, .. } => {
            format!("[location {latitude}, {longitude}] {text}")
        }
        Body::Template { name, .. } => format!("{} {text}", template_label(name)),
        Body::Unsupported { what, .. } => format!("[unsupported {what}] {text}"),
        Body::Unknown { kind, .. } => format!("[{kind}] {text}"),
        _ => format!("[{}] {text}", b.kind()),
    }
}

/// Who made a message.
pub(super) fn origin(m: &Message, customer: &str) -> String {
    match &m.origin {
        Origin::Customer(Some(name)) | Origin::Operator(name) => name.clone(),
        Origin::Customer(None) => customer.to_owned(),
        Origin::Phone => "phone".to_owned(),
        Origin::Provider => "provider".to_owned(),
        Origin::System => "system".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::window::{LENGTH, MARGIN};

    #[test]
    fn windows_read_in_their_largest_unit() {
        let w = Window::after(0);
        assert_eq!(window(w, 0), "23 h");
        assert_eq!(window(w, LENGTH - MARGIN - 61_000), "1 min");
        assert_eq!(window(w, LENGTH - MARGIN - 1), "1 min");
        assert_eq!(window(w, LENGTH), "closed");
    }

    #[test]
    fn everything_but_text_is_named() {
        assert_eq!(body(&Body::text("hi")), "hi");
        assert_eq!(body(&Body::Revoked).trim(), "[revoked]");
        let place =
            Body::Location { latitude: 1.5, longitude: -2.0, name: "Pier".into(), address: String::new() };
        assert_eq!(body(&place), "[location 1.5, -2] Pier");
    }
}
