//! Points in the past as they are typed: `12h`, `7d`, `2026-11-21`, `2026-11-21T09:00`.

use crate::clock::Millis;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A point in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many milliseconds ago.
    Ago(Millis),
    /// A date and time in the operator's zone.
    At(DateTime),
}

/// Reads one.
pub(super) fn since(text: &str) -> Result<Since, String> {
    let wrong = || "30m, 12h, 7d, 2026-11-21 or 2026-11-21T09:00 is expected".to_owned();
    if let Ok(at) = text.parse::<DateTime>() {
        return Ok(Since::At(at));
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        return Ok(Since::At(day.at(0, 0, 0, 0)));
    }
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let unit: Millis = match unit {
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let number: Millis = number.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).map(Since::Ago).ok_or_else(wrong)
}

impl Since {
    /// As a time.
    pub(super) fn millis(self, now: Millis, zone: Option<&str>) -> Millis {
        match self {
            Self::Ago(by) => now.saturating_sub(by),
            Self::At(at) => {
                let zone = zone.and_then(|z| TimeZone::get(z).ok()).unwrap_or_else(TimeZone::system);
                at.to_zoned(zone).map_or(0, |z| z.timestamp().as_millisecond())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_the_past_are_read() {
        assert_eq!(since("30m"), Ok(Since::Ago(1_800_000)));
        assert_eq!(since("7d").map(|s| s.millis(604_800_001, None)), Ok(1));
        let at = |t: &str| since(t).map(|s| s.millis(0, Some("Europe/Lisbon")));
        assert_eq!(at("2026-11-21"), Ok(1_795_219_200_000));
        assert_eq!(at("2026-11-21T09:30"), Ok(1_795_219_200_000 + 34_200_000));
        for wrong in ["", "7", "d", "7w", "-1d", "2026-13-01", "99999999999999999999d"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
