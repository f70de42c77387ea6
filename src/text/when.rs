//! A point in time as people write it: `10m`, `tomorrow 9:00`, `mon 9`, `2026-12-01 14:30`; and back into words.
//!
//! Pure: "now" and the time zone are given. A time that does not exist or would be in the past is refused with the
//! reason, never guessed.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _, Zoned};

/// Milliseconds since the Unix epoch, or between two points in time.
type Millis = i64;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
/// The furthest time that is understood.
const FURTHEST: Millis = 366 * DAY;

/// What is understood, for hints and help.
pub const EXAMPLES: &str = "10m · 2h · 14:30 · tomorrow 9:00 · mon 9 · 2026-12-01 14:30";

/// Why a text is no time to send at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    /// Not understood.
    #[error("`{0}` is not understood")]
    Unclear(String),
    /// A day without a time.
    #[error("say a time as well: {0} 9:00")]
    NoTime(String),
    /// There is no such time of day or date.
    #[error("there is no {0}")]
    NoSuch(String),
    /// It has passed.
    #[error("{0} has passed")]
    Passed(String),
    /// The clocks are put forward over it.
    #[error("there is no {0}: the clocks go forward then")]
    Skipped(String),
    /// Too far away.
    #[error("that is more than a year from now")]
    TooFar,
}

pub(super) fn local(at: Millis, tz: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(tz.clone())
}

/// Reads a time. `now` and `tz` decide what "tomorrow" and "9:00" are.
///
/// # Errors
/// When it is not understood, does not exist, has passed, or is more than a year away.
pub fn parse(input: &str, now: Millis, tz: &TimeZone) -> Result<Millis, BadTime> {
    let text: String = input.trim().chars().take(60).collect::<String>().to_lowercase();
    let unclear = || BadTime::Unclear(input.trim().chars().take(40).collect());
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    let words = match words.as_slice() {
        ["in" | "at", rest @ ..] => rest,
        all => all,
    };
    if words.is_empty() {
        return Err(unclear());
    }
    if let Some(wait) = duration(words) {
        let at = now.saturating_add(wait);
        return if wait > FURTHEST { Err(BadTime::TooFar) } else { Ok(at) };
    }
    let today = local(now, tz).date();
    let at = match words {
        [time] if time.contains('t') && time.contains('-') => {
            let (date, time) = time.split_once('t').ok_or_else(unclear)?;
            on(iso_date(date, today)?.ok_or_else(unclear)?, &[time], tz)?.ok_or_else(unclear)?
        }
        ["next", day, time @ ..] => {
            let weekday = weekday(day).ok_or_else(unclear)?;
            on_weekday(weekday, day, time, today.checked_add(1.day()).map_err(|_| unclear())?, now, tz)?
                .ok_or_else(unclear)?
        }
        [day, time @ ..] => {
            if let Some(time) = time_of(words)? {
                // The next time that the clock says so.
                let today_at = exact(today, time, tz)?;
                if today_at > now {
                    today_at
                } else {
                    exact(today.tomorrow().map_err(|_| unclear())?, time, tz)?
                }
            } else if let Some(weekday) = weekday(day) {
                on_weekday(weekday, day, time, today, now, tz)?.ok_or_else(unclear)?
            } else {
                let (date, time) = date(words, today)?.ok_or_else(unclear)?;
                if time.is_empty() {
                    return Err(BadTime::NoTime(words.join(" ")));
                }
                on(date, time, tz)?.ok_or_else(unclear)?
            }
        }
        [] => return Err(unclear()),
    };
    if at <= now {
        return Err(BadTime::Passed(stamp(at, tz)));
    }
    if at - now > FURTHEST {
        return Err(BadTime::TooFar);
    }
    Ok(at)
}

/// `10m`, `1h30m`, `2 hours`, `90 min`.
fn duration(words: &[&str]) -> Option<Millis> {
    let joined = words.concat();
    let mut rest = joined.as_str();
    let mut total: Millis = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|n| (1..=6).contains(n))?;
        let (number, after) = rest.split_at(digits);
        let unit_len = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_len);
        let unit = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
            "h" | "hour" | "hours" => HOUR,
            "d" | "day" | "days" => DAY,
            "w" | "week" | "weeks" => 7 * DAY,
            _ => return None,
        };
        total = total.checked_add(number.parse::<Millis>().ok()?.checked_mul(unit)?)?;
        rest = next;
    }
    (total > 0).then_some(total)
}

pub(super) fn weekday(word: &str) -> Option<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    DAYS.iter().find(|(name, _)| word.len() >= 3 && name.starts_with(word)).map(|(_, day)| *day)
}

pub(super) fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|name| word.len() >= 3 && name.starts_with(word))?;
    i8::try_from(at + 1).ok()
}

/// A time of day: `9`, `9:30`, `9am`, `9:30 pm`, `noon`. `None` when the words are something else.
fn time_of(words: &[&str]) -> Result<Option<Time>, BadTime> {
    let joined = words.concat();
    let named = match joined.as_str() {
        "noon" => Some((12, 0)),
        "midnight" => Some((0, 0)),
        _ => None,
    };
    if let Some((h, m)) = named {
        return Ok(Time::new(h, m, 0, 0).ok());
    }
    let (body, half) = match joined.strip_suffix("am").map(|b| (b, 0)) {
        Some(found) => (found.0, Some(found.1)),
        None => match joined.strip_suffix("pm") {
            Some(b) => (b, Some(12)),
            None => (joined.as_str(), None),
        },
    };
    let (hour, minute) = match body.split_once([':', '.']) {
        Some((h, m)) if m.len() == 2 => (h, m),
        Some(_) => return Ok(None),
        None => (body, "0"),
    };
    let digits = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || words.len() > 2 || words.len() == 2 && half.is_none() {
        return Ok(None);
    }
    let no_such = || BadTime::NoSuch(joined.clone());
    let (h, m): (i8, i8) = (hour.parse().map_err(|_| no_such())?, minute.parse().map_err(|_| no_such())?);
    let h = match half {
        None => h,
        Some(_) if !(1..=12).contains(&h) => return Err(no_such()),
        Some(add) => h % 12 + add,
    };
    Time::new(h, m, 0, 0).map(Some).map_err(|_| no_such())
}

/// `2026-12-01`, `12-01`.
fn iso_date(word: &str, today: Date) -> Result<Option<Date>, BadTime> {
    let parts: Vec<&str> = word.split('-').collect();
    if parts.iter().any(|p| p.is_empty() || p.len() > 4 || !p.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(None);
    }
    let no_such = || BadTime::NoSuch(word.to_owned());
    let small = |p: &str| p.parse::<i8>().map_err(|_| no_such());
    match parts.as_slice() {
        [y, m, d] if y.len() == 4 => {
            let year = y.parse().map_err(|_| no_such())?;
            Date::new(year, small(m)?, small(d)?).map(Some).map_err(|_| no_such())
        }
        [m, d] => coming(small(m)?, small(d)?, today).map(Some).ok_or_else(no_such),
        _ => Ok(None),
    }
}

/// The next date with this month and day.
fn coming(month: i8, day: i8, today: Date) -> Option<Date> {
    let year = today.year();
    (year..=year.saturating_add(1)).filter_map(|y| Date::new(y, month, day).ok()).find(|d| *d >= today)
}

/// A date at the start of the words, and the words behind it.
fn date<'a>(words: &'a [&'a str], today: Date) -> Result<Option<(Date, &'a [&'a str])>, BadTime> {
    let number = |w: &str| w.trim_end_matches(['.', 't', 'h', 's', 'n', 'd', 'r']).parse::<i8>().ok();
    Ok(match words {
        ["today", rest @ ..] => Some((today, rest)),
        ["tomorrow" | "tom", rest @ ..] => today.tomorrow().ok().map(|d| (d, rest)),
        [a, b, rest @ ..] if month(b).is_some() || month(a).is_some() => {
            let (m, d) = match month(b) {
                Some(m) => (m, number(a)),
                None => (month(a).unwrap_or(0), number(b)),
            };
            let no_such = || BadTime::NoSuch(format!("{a} {b}"));
            Some((coming(m, d.ok_or_else(no_such)?, today).ok_or_else(no_such)?, rest))
        }
        [first, rest @ ..] => iso_date(first, today)?.map(|d| (d, rest)),
        [] => None,
    })
}

fn on(date: Date, time: &[&str], tz: &TimeZone) -> Result<Option<Millis>, BadTime> {
    let time = match time {
        ["at", rest @ ..] => rest,
        all => all,
    };
    match time_of(time)? {
        Some(time) => exact(date, time, tz).map(Some),
        None => Ok(None),
    }
}

/// The next such weekday from a date on whose time has not passed.
fn on_weekday(
    weekday: Weekday,
    word: &str,
    time: &[&str],
    from: Date,
    now: Millis,
    tz: &TimeZone,
) -> Result<Option<Millis>, BadTime> {
    if time.is_empty() {
        return Err(BadTime::NoTime(word.to_owned()));
    }
    let ahead = i64::from(from.weekday().until(weekday));
    let Ok(first) = from.checked_add(ahead.days()) else { return Ok(None) };
    match on(first, time, tz)? {
        Some(at) if at <= now => match first.checked_add(7.days()) {
            Ok(next) => on(next, time, tz),
            Err(_) => Ok(None),
        },
        found => Ok(found),
    }
}

/// A local time as a point in time. One that comes twice (the clocks go back) is the first of both.
fn exact(date: Date, time: Time, tz: &TimeZone) -> Result<Millis, BadTime> {
    let there = DateTime::from_parts(date, time);
    let found = tz.to_ambiguous_zoned(there);
    if matches!(found.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(BadTime::Skipped(there.strftime("%-d %b %H:%M").to_string()));
    }
    let zoned = found.earlier().map_err(|_| BadTime::NoSuch(there.to_string()))?;
    Ok(zoned.timestamp().as_millisecond())
}

fn stamp(at: Millis, tz: &TimeZone) -> String {
    local(at, tz).strftime("%-d %b %Y %H:%M").to_string()
}

/// A time in words, as short as is clear: `today 14:30`, `tomorrow 09:00`, `Mon 23 Nov 09:00`, `1 Dec 2027 14:30`.
#[must_use]
pub fn describe(at: Millis, now: Millis, tz: &TimeZone) -> String {
    let (then, today) = (local(at, tz), local(now, tz).date());
    let form = match (then.date() - today).get_days() {
        0 => "today %H:%M",
        1 => "tomorrow %H:%M",
        _ if then.year() == today.year() => "%a %-d %b %H:%M",
        _ => "%a %-d %b %Y %H:%M",
    };
    then.strftime(form).to_string()
}

/// How far away a time is: `in 40 s`, `in 10 min`, `in 2 h 05 min`, `in 3 days`.
#[must_use]
pub fn distance(at: Millis, now: Millis) -> String {
    let left = (at - now).max(0);
    match left {
        ..MINUTE => format!("in {} s", left / 1000),
        MINUTE..HOUR => format!("in {} min", left / MINUTE),
        HOUR..DAY if left % HOUR < MINUTE => format!("in {} h", left / HOUR),
        HOUR..DAY => format!("in {} h {:02} min", left / HOUR, left % HOUR / MINUTE),
        _ if left < 2 * DAY => "in 1 day".into(),
        _ => format!("in {} days", left / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Friday, 20 November 2026, 10:00 in Lisbon (UTC then).
    const NOW: Millis = 1_795_168_800_000;

    fn lisbon() -> TimeZone {
        TimeZone::get("Europe/Lisbon").unwrap()
    }

    fn at(input: &str) -> String {
        match parse(input, NOW, &lisbon()) {
            Ok(at) => local(at, &lisbon()).strftime("%a %Y-%m-%d %H:%M").to_string(),
            Err(e) => format!("! {e}"),
        }
    }

    #[test]
    fn times_as_people_write_them() {
        for (input, expected) in [
            ("10m", "Fri 2026-11-20 10:10"),
            ("in 10 min", "Fri 2026-11-20 10:10"),
            ("2h", "Fri 2026-11-20 12:00"),
            ("1h30m", "Fri 2026-11-20 11:30"),
            ("2 days", "Sun 2026-11-22 10:00"),
            ("14:30", "Fri 2026-11-20 14:30"),
            ("9", "Sat 2026-11-21 09:00"),
            ("at 9:00", "Sat 2026-11-21 09:00"),
            ("9pm", "Fri 2026-11-20 21:00"),
            ("12 am", "Sat 2026-11-21 00:00"),
            ("noon", "Fri 2026-11-20 12:00"),
            ("today 18.15", "Fri 2026-11-20 18:15"),
            ("tomorrow 9:00", "Sat 2026-11-21 09:00"),
            ("Tomorrow at 9", "Sat 2026-11-21 09:00"),
            ("mon 9", "Mon 2026-11-23 09:00"),
            ("fri 11", "Fri 2026-11-20 11:00"),
            ("fri 9", "Fri 2026-11-27 09:00"),
            ("next fri 11", "Fri 2026-11-27 11:00"),
            ("saturday 8am", "Sat 2026-11-21 08:00"),
            ("2026-12-01 14:30", "Tue 2026-12-01 14:30"),
            ("2026-12-01T14:30", "Tue 2026-12-01 14:30"),
            ("12-01 14:30", "Tue 2026-12-01 14:30"),
            ("1 dec 14:30", "Tue 2026-12-01 14:30"),
            ("dec 1st, 14:30", "Tue 2026-12-01 14:30"),
            ("3 feb 9", "Wed 2027-02-03 09:00"),
        ] {
            assert_eq!(at(input), expected, "{input}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_reason() {
        for (input, expected) in [
            ("", "not understood"),
            ("soon", "`soon` is not understood"),
            ("0m", "not understood"),
            ("tomorrow", "say a time as well: tomorrow 9:00"),
            ("mon", "say a time as well: mon 9:00"),
            ("25:00", "there is no 25:00"),
            ("9:75", "there is no 9:75"),
            ("13pm", "there is no 13pm"),
            ("today 9:00", "20 Nov 2026 09:00 has passed"),
            ("2026-11-19 9:00", "has passed"),
            ("2026-02-30 9:00", "there is no 2026-02-30"),
            ("31 feb 9", "there is no 31 feb"),
            ("2099-01-01 9:00", "more than a year"),
            ("400d", "more than a year"),
            ("99999999h", "not understood"),
            ("mon tue 9", "not understood"),
            ("tomorrow 9:00 sharp", "not understood"),
        ] {
            assert!(at(input).starts_with('!') && at(input).contains(expected), "{input}: {}", at(input));
        }
    }

    #[test]
    fn the_hour_that_is_skipped_is_refused_and_the_one_that_comes_twice_is_the_first() {
        let tz = lisbon();
        let before = 1_774_720_800_000; // 28 March 2026, 18:00
        let e = parse("tomorrow 1:30", before, &tz).unwrap_err();
        assert!(e.to_string().contains("clocks go forward"), "{e}");
        let before = 1_792_864_800_000; // 24 October 2026, 19:00 summer time
        let twice = parse("tomorrow 1:30", before, &tz).unwrap();
        assert_eq!(twice, 1_792_888_200_000);
    }

    #[test]
    fn words_are_as_short_as_is_clear() {
        let say = |input: &str| describe(parse(input, NOW, &lisbon()).unwrap(), NOW, &lisbon());
        assert_eq!(say("2h"), "today 12:00");
        assert_eq!(say("tomorrow 9"), "tomorrow 09:00");
        assert_eq!(say("mon 9"), "Mon 23 Nov 09:00");
        assert_eq!(say("2027-02-03 9:00"), "Wed 3 Feb 2027 09:00");
        let far: Vec<String> = [40_000, 10 * MINUTE, 2 * HOUR, 125 * MINUTE, 30 * HOUR, 3 * DAY]
            .iter()
            .map(|d| distance(*d, 0))
            .collect();
        assert_eq!(far, ["in 40 s", "in 10 min", "in 2 h", "in 2 h 05 min", "in 1 day", "in 3 days"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_to_come_or_an_error(input in "\\PC{0,30}") {
            if let Ok(at) = parse(&input, NOW, &lisbon()) {
                prop_assert!(at > NOW && at - NOW <= FURTHEST + HOUR);
            }
        }

        #[test]
        fn words_like_ours_never_panic(input in "(in |at |next )?(mon|tomorrow|dec|3|2026-12-0[0-9]|99|today)?[ t]?[0-9]{0,4}[:.]?[0-9]{0,3} ?(am|pm|m|h)?") {
            if let Ok(at) = parse(&input, NOW, &lisbon()) {
                prop_assert!(at > NOW);
            }
        }

        #[test]
        fn a_local_time_of_day_is_read_as_it_was_written(h in 0i8..24, m in 0i8..60) {
            let at = parse(&format!("tomorrow {h}:{m:02}"), NOW, &lisbon()).unwrap();
            let z = local(at, &lisbon());
            prop_assert_eq!((z.hour(), z.minute()), (h, m));
        }
    }
}
