//! Room on the disk, and how fast the database grows.

use super::{Finding, check, fail, pass, warn};
use crate::engine::Shared;
use crate::engine::disk::{bytes, free, growth};
use crate::protocol::Check;

/// Less room than this deserves a look.
const LOW: u64 = 1 << 30;
/// Less room than this is not enough.
const TOO_LOW: u64 = 100 << 20;
/// The room should last for so many days.
const DAYS: u64 = 14;

const FIX: &str = "make room on this disk, or lower `keep_webhooks_days` and `keep_webhooks_mb`";

pub(super) async fn run(shared: &Shared) -> Vec<Check> {
    let dir = shared.settings.data_dir.clone();
    let size = shared.store.size();
    let free = free(&dir);
    let mut out = vec![check("disk.space", None, match (shared.disk.problem(), &free) {
        (Some(p), _) => fail(p.what, p.next),
        (None, Ok(free)) => space(*free, &dir.display().to_string()),
        (None, Err(e)) => fail(format!("{}: {e}", dir.display()), "see whether the disk is there"),
    })];
    if let Ok(free) = free {
        let growth = growth(&dir, shared.clock.now(), size);
        out.push(check("disk.growth", None, trend(size, growth, free)));
    }
    out
}

fn space(free: u64, dir: &str) -> Finding {
    let seen = format!("{} free on the disk of {dir}", bytes(free));
    match free {
        f if f < TOO_LOW => fail(seen, FIX),
        f if f < LOW => warn(seen, FIX),
        _ => pass(seen),
    }
}

/// `growth` is bytes a day, where there are samples of more than a day.
fn trend(size: u64, growth: Option<u64>, free: u64) -> Finding {
    let seen = format!("the database takes {}", bytes(size));
    match growth {
        None => pass(format!("{seen}; how fast it grows is not known yet")),
        Some(0) => pass(format!("{seen} and does not grow")),
        Some(daily) => {
            let days = free / daily;
            let seen = format!("{seen} and grows by {} a day: the room lasts for {days} days", bytes(daily));
            if days < DAYS { warn(seen, FIX) } else { pass(seen) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Verdict;

    #[test]
    fn little_room_is_said_before_there_is_none() {
        let verdict = |free| space(free, "/d").0;
        assert_eq!(verdict(2 << 30), Verdict::Pass);
        assert_eq!(verdict((1 << 30) - 1), Verdict::Warn);
        assert_eq!(verdict(99 << 20), Verdict::Fail);
        assert!(space(1, "/d").2.contains("keep_webhooks_mb"));
    }

    #[test]
    fn the_trend_is_compared_with_the_room() {
        assert_eq!(trend(1 << 30, None, 1).0, Verdict::Pass);
        assert_eq!(trend(1 << 30, Some(0), 1).0, Verdict::Pass);
        assert_eq!(trend(1 << 30, Some(1 << 30), 30 << 30).0, Verdict::Pass);
        let (verdict, seen, _) = trend(1 << 30, Some(1 << 30), 3 << 30);
        assert!(verdict == Verdict::Warn && seen.contains("3 days"), "{seen}");
    }
}
