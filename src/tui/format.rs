//! Times, sizes, ticks and icons as text.

use super::theme::Theme;
use crate::clock::Millis;
use crate::model::delivery::{WaitReason, Waiting};
use crate::model::{DeliveryState, MediaKind};
use crate::text::when;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ratatui::style::Style;

/// Minute in milliseconds.
pub(crate) const MINUTE: Millis = 60_000;
/// Hour in milliseconds.
pub(crate) const HOUR: Millis = 60 * MINUTE;

/// A time in a zone; times outside the calendar become its edge.
pub(crate) fn local(at: Millis, tz: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(tz.clone())
}

/// The day of a time.
pub(crate) fn day(at: Millis, tz: &TimeZone) -> Date {
    local(at, tz).date()
}

/// `09:31`.
pub(crate) fn clock(at: Millis, tz: &TimeZone) -> String {
    let t = local(at, tz);
    format!("{:02}:{:02}", t.hour(), t.minute())
}

/// `2026-11-21 09:31:07.250`.
pub(crate) fn precise(at: Millis, tz: &TimeZone) -> String {
    local(at, tz).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
}

/// For the list: `09:31` today, `Mon` within a week, else `3 Nov` or `2024-11-03`.
pub(crate) fn short(at: Millis, now: Millis, tz: &TimeZone) -> String {
    let (then, today) = (local(at, tz), day(now, tz));
    let days = (today - then.date()).get_days();
    if days == 0 {
        format!("{:02}:{:02}", then.hour(), then.minute())
    } else if (1..7).contains(&days) {
        then.strftime("%a").to_string()
    } else if then.year() == today.year() {
        then.strftime("%-d %b").to_string()
    } else {
        then.strftime("%Y-%m-%d").to_string()
    }
}

/// For day lines: `today`, `yesterday`, `Monday`, `3 November 2024`.
pub(crate) fn day_name(date: Date, today: Date) -> String {
    match (today - date).get_days() {
        0 => "today".into(),
        1 => "yesterday".into(),
        2..=6 => date.strftime("%A").to_string(),
        _ => date.strftime("%-d %B %Y").to_string(),
    }
}

/// Time left of a window, short: `3h`, `12m`.
pub(crate) fn left_short(left: Millis) -> String {
    if left >= HOUR { format!("{}h", left / HOUR) } else { format!("{}m", (left / MINUTE).max(1)) }
}

/// Time left of a window: `3 h 12 min`.
pub(crate) fn left_long(left: Millis) -> String {
    let (h, m) = (left / HOUR, left % HOUR / MINUTE);
    match (h, m) {
        (0, m) => format!("{} min", m.max(1)),
        (h, m) => format!("{h} h {m:02} min"),
    }
}

/// Milliseconds until a window's text changes, with minutes shown or only hours.
pub(crate) fn until_change(left: Millis, minutes: bool) -> Millis {
    let step = if minutes || left < HOUR { MINUTE } else { HOUR };
    left % step + 1
}

/// How long a queued message waits: `4 s`, `3 min`; one to be sent later: `tomorrow 09:00`.
pub(crate) fn wait(w: Waiting, now: Millis, tz: &TimeZone) -> String {
    let left = (w.until - now).max(0);
    let seconds = (left + 999) / 1000;
    match w.why {
        WaitReason::Later if left > MINUTE => when::describe(w.until, now, tz),
        WaitReason::Later => format!("in {seconds} s"),
        _ if seconds < 100 => format!("{seconds} s"),
        _ => left_long(left),
    }
}

/// Milliseconds until the text of [`wait`] changes; `None` when it is over.
pub(crate) fn until_wait_changes(w: Waiting, now: Millis) -> Option<Millis> {
    let left = Some(w.until - now).filter(|left| *left > 0)?;
    Some(match w.why {
        // A time of day stays until its last minute.
        WaitReason::Later if left > MINUTE => left - MINUTE,
        WaitReason::Later => (left - 1) % 1_000 + 1,
        _ if left <= 99_000 => (left - 1) % 1_000 + 1,
        _ => left % MINUTE + 1,
    })
}

/// How long something has lasted: `47 min`, `3 h`, `2 days`.
pub(crate) fn age(by: Millis) -> String {
    match by.max(0) / MINUTE {
        m if m < 120 => format!("{m} min"),
        m if m < 48 * 60 => format!("{} h", m / 60),
        m => format!("{} days", m / 1440),
    }
}

/// Milliseconds until the next local midnight.
pub(crate) fn until_midnight(now: Millis, tz: &TimeZone) -> Millis {
    day(now, tz)
        .tomorrow()
        .ok()
        .and_then(|d| d.to_zoned(tz.clone()).ok())
        .map_or(24 * HOUR, |t| (t.timestamp().as_millisecond() - now).max(1))
}

/// `214 kB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

/// `7` as it is, `1k` and more shortened.
pub(crate) fn count(n: u32) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{}k", n / 1_000),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// The ticks of a message of ours.
pub(crate) fn ticks(state: DeliveryState, theme: &Theme) -> (&'static str, Style) {
    match state {
        DeliveryState::Received => ("", theme.dim),
        DeliveryState::Queued => ("◷", theme.dim),
        DeliveryState::Sending => ("↑", theme.dim),
        DeliveryState::Accepted | DeliveryState::Sent => ("✓", theme.dim),
        DeliveryState::Delivered => ("✓✓", theme.dim),
        DeliveryState::Read | DeliveryState::Played => ("✓✓", theme.read),
        DeliveryState::Unknown => ("?", theme.warn),
        DeliveryState::Failed => ("✗", theme.bad),
        DeliveryState::Cancelled => ("⊘", theme.dim),
        DeliveryState::Noted => ("", theme.dim),
    }
}

/// Icon and word of a media kind.
pub(crate) fn media(kind: MediaKind) -> (&'static str, &'static str) {
    match kind {
        MediaKind::Image => ("📷", "photo"),
        MediaKind::Video => ("🎬", "video"),
        MediaKind::Audio => ("🎵", "audio"),
        MediaKind::Voice => ("🎤", "voice message"),
        MediaKind::Document => ("📄", "document"),
        MediaKind::Sticker => ("🎨", "sticker"),
    }
}

/// What the list writes before the preview of a message that is no plain text, by its kind's word.
pub(crate) fn kind_prefix(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "text" => return None,
        "image" => "📷 photo",
        "video" => "🎬 video",
        "audio" => "🎵 audio",
        "voice" => "🎤 voice",
        "document" => "📄 file",
        "sticker" => "🎨 sticker",
        "location" => "📍 place",
        "contacts" => "👤 contact",
        "interactive" => "▤ buttons",
        "choice" => "▸ chose",
        "form" => "📝 form",
        "order" => "🛒 order",
        "template" => "▤ template",
        "call" => "📞 call",
        "system" => "ⓘ",
        "note" => "✎ note",
        "revoked" => "⊘ deleted",
        "unsupported" | "unknown" => "▢ not shown here",
        _ => "▢",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_get_shorter_words_the_nearer_they_are() {
        let tz = TimeZone::UTC;
        let now = 1_763_715_600_000; // 2025-11-21 09:00 UTC, a Friday
        assert_eq!(short(now - HOUR, now, &tz), "08:00");
        assert_eq!(short(now - 24 * HOUR, now, &tz), "Thu");
        assert_eq!(short(now - 24 * 20 * HOUR, now, &tz), "1 Nov");
        assert_eq!(short(now - 24 * 400 * HOUR, now, &tz), "2024-10-17");
        let today = day(now, &tz);
        assert_eq!(day_name(today, today), "today");
        assert_eq!(day_name(day(now - 24 * HOUR, &tz), today), "yesterday");
        assert_eq!(day_name(day(now - 72 * HOUR, &tz), today), "Tuesday");
        assert_eq!(until_midnight(now, &tz), 15 * HOUR);
    }

    #[test]
    fn a_countdown_says_when_it_changes_next() {
        assert_eq!(left_long(3 * HOUR + 12 * MINUTE + 5), "3 h 12 min");
        assert_eq!(until_change(3 * HOUR + 12 * MINUTE + 5, true), 6);
        assert_eq!(until_change(3 * HOUR + 5, false), 6);
        assert_eq!(left_short(3 * HOUR), "3h");
        assert_eq!(left_short(59 * MINUTE), "59m");
        assert_eq!(left_short(5), "1m");
        assert_eq!(left_long(30_000), "1 min");
    }

    #[test]
    fn a_wait_counts_down_and_says_when() {
        let tz = TimeZone::UTC;
        let now = 1_763_715_600_000;
        let w = |left, why| Waiting { until: now + left, why };
        let undo = w(4_200, WaitReason::Undo);
        assert_eq!((wait(undo, now, &tz).as_str(), until_wait_changes(undo, now)), ("5 s", Some(200)));
        assert_eq!(
            (wait(undo, now + 200, &tz).as_str(), until_wait_changes(undo, now + 200)),
            ("4 s", Some(1_000))
        );
        assert_eq!(until_wait_changes(undo, now + 4_200), None);
        let held = w(10 * MINUTE + 7, WaitReason::Provider);
        assert_eq!((wait(held, now, &tz).as_str(), until_wait_changes(held, now)), ("10 min", Some(8)));
        let later = w(25 * HOUR, WaitReason::Later);
        assert_eq!(wait(later, now, &tz), "tomorrow 10:00");
        assert_eq!(until_wait_changes(later, now), Some(25 * HOUR - MINUTE));
        assert_eq!(wait(later, now + 25 * HOUR - 30_000, &tz), "in 30 s");
    }

    #[test]
    fn sizes_have_at_most_one_decimal() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(214_999), "214 kB");
        assert_eq!(size(5_250_000), "5.2 MB");
    }
}
