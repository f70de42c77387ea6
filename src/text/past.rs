//! A day in the past as people write it: `2025-11-03`, `monday`, `yesterday`, `3 weeks ago`, `nov 2024`.
//!
//! Pure: "now" and the time zone are given. What is not understood is refused, never guessed.

use super::when::{local, month, weekday};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _, Zoned};

type Millis = i64;

/// What is understood, for hints and help.
pub const EXAMPLES: &str = "2025-11-03 · monday · yesterday · 3 weeks ago · 3 nov · nov 2024";

/// Some time: from its first millisecond to the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first millisecond.
    pub from: Millis,
    /// The first one after it.
    pub to: Millis,
}

/// Why a text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDay {
    /// Not understood.
    #[error("`{0}` is not understood")]
    Unclear(String),
    /// There is no such day.
    #[error("there is no {0}")]
    NoSuch(String),
}

/// Reads a day, a month, a year, or how long ago.
///
/// # Errors
/// When it is not understood or does not exist.
pub fn parse(input: &str, now: Millis, tz: &TimeZone) -> Result<Period, BadDay> {
    let shown = || input.trim().chars().take(40).collect::<String>();
    let unclear = || BadDay::Unclear(shown());
    let text: String = input.trim().chars().take(60).collect::<String>().to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    let here = local(now, tz);
    if let Some(period) = ago(&words, &here).map_err(|()| BadDay::NoSuch(shown()))? {
        return Ok(period);
    }
    let today = here.date();
    let (first, last) = days(&words, today).map_err(|()| BadDay::NoSuch(shown()))?.ok_or_else(unclear)?;
    let start = |d: Date| d.to_zoned(tz.clone()).map(|z| z.timestamp().as_millisecond());
    let after = last.tomorrow().map_err(|_| BadDay::NoSuch(shown()))?;
    match (start(first), start(after)) {
        (Ok(from), Ok(to)) => Ok(Period { from, to }),
        _ => Err(BadDay::NoSuch(shown())),
    }
}

/// `3 weeks ago`, `3w`, `2 h`: a day, or for hours and minutes a moment.
fn ago(words: &[&str], now: &Zoned) -> Result<Option<Period>, ()> {
    let words = match words {
        [all @ .., "ago"] => all,
        all => all,
    };
    let joined = words.concat();
    let joined = joined.strip_prefix("an").or_else(|| joined.strip_prefix('a')).map_or_else(
        || joined.clone(),
        |rest| if unit(rest).is_some() { format!("1{rest}") } else { joined.clone() },
    );
    let digits = joined.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = joined.split_at(digits);
    let Some(unit) = unit(rest).filter(|_| (1..=5).contains(&digits)) else { return Ok(None) };
    let n: i64 = number.parse().map_err(|_| ())?;
    let (span, exact): (Result<Span, _>, bool) = match unit {
        'i' => (Span::new().try_minutes(n), true),
        'h' => (Span::new().try_hours(n), true),
        'd' => (Span::new().try_days(n), false),
        'w' => (Span::new().try_weeks(n), false),
        'm' => (Span::new().try_months(n), false),
        _ => (Span::new().try_years(n), false),
    };
    let then = span.and_then(|s| now.checked_sub(s)).map_err(|_| ())?;
    if exact {
        let at = then.timestamp().as_millisecond();
        return Ok(Some(Period { from: at, to: at + 1 }));
    }
    let from = then.start_of_day().map_err(|_| ())?;
    let to = from.checked_add(1.day()).map_err(|_| ())?;
    Ok(Some(Period { from: from.timestamp().as_millisecond(), to: to.timestamp().as_millisecond() }))
}

fn unit(word: &str) -> Option<char> {
    Some(match word {
        "min" | "mins" | "minute" | "minutes" => 'i',
        "h" | "hour" | "hours" => 'h',
        "d" | "day" | "days" => 'd',
        "w" | "week" | "weeks" => 'w',
        "m" | "month" | "months" => 'm',
        "y" | "year" | "years" => 'y',
        _ => return None,
    })
}

/// The first and the last day of what the words say.
fn days(words: &[&str], today: Date) -> Result<Option<(Date, Date)>, ()> {
    let one = |d: Date| Ok(Some((d, d)));
    match words {
        ["today"] => one(today),
        ["yesterday"] => one(today.yesterday().map_err(drop)?),
        ["last" | "this", "week"] => {
            let back = i64::from(today.weekday().to_monday_zero_offset());
            let monday = today.checked_sub(back.days()).map_err(drop)?;
            let monday =
                if words[0] == "last" { monday.checked_sub(7.days()).map_err(drop)? } else { monday };
            Ok(Some((monday, monday.checked_add(6.days()).map_err(drop)?)))
        }
        ["last" | "this", "month"] => {
            let first = today.first_of_month();
            let first = if words[0] == "last" { first.checked_sub(1.month()).map_err(drop)? } else { first };
            Ok(Some((first, first.last_of_month())))
        }
        ["last" | "this", "year"] => {
            let first = today.first_of_year();
            let first = if words[0] == "last" { first.checked_sub(1.year()).map_err(drop)? } else { first };
            Ok(Some((first, first.last_of_year())))
        }
        ["last", day] => match weekday(day) {
            // The one before today, also when today is one.
            Some(w) => one(back_to(w, today.yesterday().map_err(drop)?)?),
            None => Ok(None),
        },
        [word] => {
            if let Some(w) = weekday(word) {
                return one(back_to(w, today)?);
            }
            if let Some(m) = month(word) {
                return whole_month(past_month(m, today), m);
            }
            written(word, today)
        }
        [a, b] if b.len() == 4 && month(a).is_some() => match (b.parse::<i16>(), month(a)) {
            (Ok(year), Some(m)) => whole_month(year, m),
            _ => Ok(None),
        },
        [a, b, rest @ ..] if rest.len() <= 1 => {
            let (m, d) = match (month(a), month(b)) {
                (_, Some(m)) => (m, number(a)),
                (Some(m), None) => (m, number(b)),
                (None, None) => return Ok(None),
            };
            let Some(d) = d else { return Ok(None) };
            match rest {
                [year] => match year.parse() {
                    Ok(year) if year > 99 => one(Date::new(year, m, d).map_err(drop)?),
                    _ => Ok(None),
                },
                _ => one(past_day(m, d, today).ok_or(())?),
            }
        }
        _ => Ok(None),
    }
}

fn number(word: &str) -> Option<i8> {
    word.trim_end_matches(['.', 't', 'h', 's', 'n', 'd', 'r']).parse().ok()
}

/// The newest such weekday up to a day.
fn back_to(wanted: jiff::civil::Weekday, from: Date) -> Result<Date, ()> {
    let back = i64::from(wanted.until(from.weekday()));
    from.checked_sub(back.days()).map_err(drop)
}

/// The newest year in which the month has begun.
fn past_month(month: i8, today: Date) -> i16 {
    if month <= today.month() { today.year() } else { today.year() - 1 }
}

fn past_day(month: i8, day: i8, today: Date) -> Option<Date> {
    // Eight years reach a 29th of February in any case.
    (0..=8).filter_map(|back| Date::new(today.year() - back, month, day).ok()).find(|d| *d <= today)
}

fn whole_month(year: i16, month: i8) -> Result<Option<(Date, Date)>, ()> {
    let first = Date::new(year, month, 1).map_err(drop)?;
    Ok(Some((first, first.last_of_month())))
}

/// `2025-11-03`, `2025-11`, `2025`, `11-03`, `03.11.2025`.
fn written(word: &str, today: Date) -> Result<Option<(Date, Date)>, ()> {
    let one = |d: Date| Ok(Some((d, d)));
    let dotted = word.contains('.');
    let parts: Vec<&str> = word.split(if dotted { '.' } else { '-' }).filter(|p| !p.is_empty()).collect();
    if parts.iter().any(|p| p.len() > 4 || !p.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(None);
    }
    let small = |p: &str| p.parse::<i8>().map_err(drop);
    let year = |p: &str| p.parse::<i16>().map_err(drop);
    match parts.as_slice() {
        [d, m, y] if dotted && y.len() == 4 => one(Date::new(year(y)?, small(m)?, small(d)?).map_err(drop)?),
        [d, m] if dotted => one(past_day(small(m)?, small(d)?, today).ok_or(())?),
        [y, m, d] if y.len() == 4 => one(Date::new(year(y)?, small(m)?, small(d)?).map_err(drop)?),
        [y, m] if y.len() == 4 => whole_month(year(y)?, small(m)?),
        [m, d] if m.len() <= 2 => one(past_day(small(m)?, small(d)?, today).ok_or(())?),
        [y] if y.len() == 4 => {
            let first = Date::new(year(y)?, 1, 1).map_err(drop)?;
            Ok(Some((first, first.last_of_year())))
        }
        _ => Ok(None),
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
            Ok(p) => {
                let day = |at| local(at, &lisbon()).strftime("%Y-%m-%d %H:%M").to_string();
                format!("{} to {}", day(p.from), day(p.to)).replace(" 00:00", "")
            }
            Err(e) => format!("! {e}"),
        }
    }

    #[test]
    fn days_as_people_write_them() {
        for (input, expected) in [
            ("2025-11-03", "2025-11-03 to 2025-11-04"),
            ("03.11.2025", "2025-11-03 to 2025-11-04"),
            ("2025-11", "2025-11-01 to 2025-12-01"),
            ("2025", "2025-01-01 to 2026-01-01"),
            ("11-03", "2026-11-03 to 2026-11-04"),
            ("12-24", "2025-12-24 to 2025-12-25"),
            ("02-29", "2024-02-29 to 2024-03-01"),
            ("3 nov", "2026-11-03 to 2026-11-04"),
            ("Nov 3rd 2024", "2024-11-03 to 2024-11-04"),
            ("nov 2024", "2024-11-01 to 2024-12-01"),
            ("december", "2025-12-01 to 2026-01-01"),
            ("today", "2026-11-20 to 2026-11-21"),
            ("yesterday", "2026-11-19 to 2026-11-20"),
            ("monday", "2026-11-16 to 2026-11-17"),
            ("friday", "2026-11-20 to 2026-11-21"),
            ("last friday", "2026-11-13 to 2026-11-14"),
            ("sat", "2026-11-14 to 2026-11-15"),
            ("3 weeks ago", "2026-10-30 to 2026-10-31"),
            ("3w", "2026-10-30 to 2026-10-31"),
            ("a month ago", "2026-10-20 to 2026-10-21"),
            ("an hour ago", "2026-11-20 09:00 to 2026-11-20 09:00"),
            ("2 days", "2026-11-18 to 2026-11-19"),
            ("last week", "2026-11-09 to 2026-11-16"),
            ("this month", "2026-11-01 to 2026-12-01"),
            ("last year", "2025-01-01 to 2026-01-01"),
        ] {
            assert_eq!(at(input), expected, "{input}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        let day = parse("2026-10-25", NOW, &lisbon()).unwrap();
        assert_eq!(day.to - day.from, 25 * 3_600_000);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in
            ["", "soon", "2026-02-30", "2026-13", "32 nov", "99999 years ago", "1-2-3-4", "-", "ago", "last"]
        {
            assert!(at(bad).starts_with('!'), "{bad}: {}", at(bad));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_period_or_refused(text in "(last |this )?[0-9a-z. -]{0,24}( ago)?") {
            if let Ok(p) = parse(&text, NOW, &lisbon()) {
                prop_assert!(p.from < p.to);
            }
        }
    }
}
