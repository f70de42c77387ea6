//! The provider's limits, obeyed by waiting: so many messages a second from a number, so many from a number to one
//! person. Pure: every question brings its own time.
//!
//! A number's limit is a window that slides: in no second more than the level allows. The limit of a pair is a
//! bucket: a burst, then one message for each refill, which also pays the burst back.

use crate::clock::Millis;
use crate::model::delivery::{HoldScope, WaitReason};
use crate::model::event::NumberFacts;
use crate::model::ids::{AccountId, ThreadId};
use std::collections::{HashMap, VecDeque};

/// Messages to one person at once.
pub const PAIR_BURST: u32 = 45;
/// One message to one person comes back after this long.
pub const PAIR_REFILL: Millis = 6_000;
/// How far back attempts count for any limit.
pub const MEMORY: Millis = PAIR_REFILL * PAIR_BURST as Millis;
/// Messages a second from an ordinary number.
pub const STANDARD: u32 = 80;
/// From a number with the high level.
pub const HIGH: u32 = 1_000;
/// From a number that is also in use in the business app.
pub const ON_APP: u32 = 20;
/// The window of a number's limit.
const SECOND: Millis = 1_000;
/// A number that the provider has stopped goes at half its speed for this long.
const CALM: Millis = 60_000;
/// Pairs that are remembered; those that have recovered are forgotten first.
const PAIRS: usize = 10_000;

/// Messages a second that a number may send.
#[must_use]
pub fn level(facts: &NumberFacts) -> u32 {
    if facts.on_app {
        ON_APP
    } else if facts.throughput.eq_ignore_ascii_case("HIGH") {
        HIGH
    } else {
        STANDARD
    }
}

/// Whether a send may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Now; it has been counted.
    Go,
    /// Not before this time.
    Wait(Millis, WaitReason),
}

#[derive(Debug)]
struct Number {
    level: u32,
    /// When the last messages left, oldest first; never more than the level.
    left: VecDeque<Millis>,
    stopped_until: Millis,
    calm_until: Millis,
}

impl Number {
    fn new() -> Self {
        Self { level: STANDARD, left: VecDeque::new(), stopped_until: Millis::MIN, calm_until: Millis::MIN }
    }

    fn allowed(&self, now: Millis) -> usize {
        let level = if now < self.calm_until { self.level / 2 } else { self.level };
        level.max(1) as usize
    }

    /// The earliest moment for one more message.
    fn earliest(&self, now: Millis) -> Millis {
        let allowed = self.allowed(now);
        let free = match self.left.len().checked_sub(allowed) {
            None => now,
            // When this one is a second old, fewer than allowed are younger.
            Some(i) => self.left.get(i).map_or(now, |at| at + SECOND),
        };
        free.max(now)
    }

    fn count(&mut self, at: Millis) {
        // A clock that was set back must not make room.
        let at = self.left.back().map_or(at, |last| at.max(*last));
        self.left.push_back(at);
        while self.left.len() > self.level.max(1) as usize {
            self.left.pop_front();
        }
    }
}

/// A bucket as one number: when it will be full again.
#[derive(Clone, Copy, Debug)]
struct Pair {
    full_at: Millis,
    stopped_until: Millis,
}

impl Pair {
    const NEW: Self = Self { full_at: Millis::MIN, stopped_until: Millis::MIN };

    fn earliest(self, now: Millis) -> Millis {
        let room = self.full_at.saturating_sub(PAIR_REFILL * (Millis::from(PAIR_BURST) - 1));
        now.max(room).max(self.stopped_until)
    }

    fn count(&mut self, at: Millis) {
        self.full_at = self.full_at.max(at) + PAIR_REFILL;
    }
}

/// What has left lately, and who has to wait.
#[derive(Debug, Default)]
pub struct Limits {
    numbers: HashMap<AccountId, Number>,
    pairs: HashMap<ThreadId, Pair>,
}

impl Limits {
    fn number(&mut self, account: &AccountId) -> &mut Number {
        self.numbers.entry(account.clone()).or_insert_with(Number::new)
    }

    /// Sets the messages a second that a number may send.
    pub fn set_level(&mut self, account: &AccountId, level: u32) {
        let number = self.number(account);
        number.level = level.max(1);
        while number.left.len() > number.level as usize {
            number.left.pop_front();
        }
    }

    /// Whether a send in this thread may leave now. With [`Verdict::Go`] it counts as gone.
    pub fn ask(&mut self, account: &AccountId, thread: ThreadId, now: Millis) -> Verdict {
        let pair = self.pairs.get(&thread).copied().unwrap_or(Pair::NEW);
        let number = self.number(account);
        if now < number.stopped_until {
            return Verdict::Wait(number.stopped_until, WaitReason::Provider);
        }
        let at = pair.earliest(now);
        if at > now {
            let why = if now < pair.stopped_until { WaitReason::Provider } else { WaitReason::Pair };
            return Verdict::Wait(at, why);
        }
        let at = number.earliest(now);
        if at > now {
            return Verdict::Wait(at, WaitReason::Rate);
        }
        self.count(account, thread, now);
        Verdict::Go
    }

    /// Counts a send that left without having asked: before a restart.
    pub fn count(&mut self, account: &AccountId, thread: ThreadId, at: Millis) {
        self.number(account).count(at);
        if self.pairs.len() >= PAIRS {
            self.pairs.retain(|_, p| p.full_at.max(p.stopped_until) > at);
        }
        self.pairs.entry(thread).or_insert(Pair::NEW).count(at);
    }

    /// The provider wants nothing before `until`: of this message only, of the pair, or of the whole number.
    pub fn hold(
        &mut self,
        scope: HoldScope,
        account: &AccountId,
        thread: ThreadId,
        until: Millis,
        now: Millis,
    ) {
        match scope {
            HoldScope::Message => {}
            HoldScope::Pair => {
                let pair = self.pairs.entry(thread).or_insert(Pair::NEW);
                pair.stopped_until = pair.stopped_until.max(until);
                // The provider counts otherwise than we do: the burst is spent, one message at a time comes back.
                let spent = until + PAIR_REFILL * (Millis::from(PAIR_BURST) - 1);
                pair.full_at = pair.full_at.max(spent);
            }
            HoldScope::Number => {
                let number = self.number(account);
                number.stopped_until = number.stopped_until.max(until);
                number.calm_until = number.calm_until.max(until.max(now) + CALM);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account() -> AccountId {
        AccountId::new("support")
    }

    fn thread(n: u8) -> ThreadId {
        ThreadId([n; 16])
    }

    #[test]
    fn a_burst_to_one_person_is_paid_back() {
        let mut l = Limits::default();
        for _ in 0..PAIR_BURST {
            assert_eq!(l.ask(&account(), thread(1), 0), Verdict::Go);
        }
        assert_eq!(l.ask(&account(), thread(1), 0), Verdict::Wait(6_000, WaitReason::Pair));
        assert_eq!(l.ask(&account(), thread(2), 0), Verdict::Go, "others do not wait");
        assert_eq!(l.ask(&account(), thread(1), 5_999), Verdict::Wait(6_000, WaitReason::Pair));
        assert_eq!(l.ask(&account(), thread(1), 6_000), Verdict::Go);
        assert_eq!(l.ask(&account(), thread(1), 6_000), Verdict::Wait(12_000, WaitReason::Pair));
        assert_eq!(l.ask(&account(), thread(1), 6_000 + MEMORY), Verdict::Go);
    }

    #[test]
    fn a_number_sends_as_fast_as_its_level_and_accounts_do_not_share_it() {
        for (facts, level_is) in [
            (NumberFacts::default(), 80),
            (NumberFacts { throughput: "STANDARD".into(), ..NumberFacts::default() }, 80),
            (NumberFacts { throughput: "HIGH".into(), ..NumberFacts::default() }, 1_000),
            (NumberFacts { throughput: "HIGH".into(), on_app: true, ..NumberFacts::default() }, 20),
        ] {
            assert_eq!(level(&facts), level_is);
            let mut l = Limits::default();
            l.set_level(&account(), level(&facts));
            let mut gone = 0;
            while l.ask(&account(), ThreadId::new(), 0) == Verdict::Go {
                gone += 1;
            }
            assert_eq!(gone, level_is);
            assert_eq!(l.ask(&account(), thread(1), 500), Verdict::Wait(1_000, WaitReason::Rate));
            assert_eq!(l.ask(&AccountId::new("sales"), thread(2), 500), Verdict::Go);
            assert_eq!(l.ask(&account(), thread(1), 1_000), Verdict::Go);
        }
    }

    #[test]
    fn a_stopped_number_stops_for_all_and_then_goes_at_half_its_speed() {
        let mut l = Limits::default();
        l.hold(HoldScope::Number, &account(), thread(1), 5_000, 0);
        assert_eq!(l.ask(&account(), thread(2), 4_999), Verdict::Wait(5_000, WaitReason::Provider));
        let gone = |l: &mut Limits, now: Millis| {
            (0..200).filter(|_| l.ask(&account(), ThreadId::new(), now) == Verdict::Go).count()
        };
        assert_eq!(gone(&mut l, 5_000), 40);
        assert_eq!(gone(&mut l, 5_000 + CALM), 80);
    }

    #[test]
    fn a_stopped_pair_goes_on_one_by_one() {
        let mut l = Limits::default();
        assert_eq!(l.ask(&account(), thread(1), 0), Verdict::Go);
        l.hold(HoldScope::Pair, &account(), thread(1), 4_000, 0);
        assert_eq!(l.ask(&account(), thread(1), 0), Verdict::Wait(4_000, WaitReason::Provider));
        assert_eq!(l.ask(&account(), thread(2), 0), Verdict::Go);
        assert_eq!(l.ask(&account(), thread(1), 4_000), Verdict::Go);
        assert_eq!(l.ask(&account(), thread(1), 4_000), Verdict::Wait(10_000, WaitReason::Pair));
        l.hold(HoldScope::Message, &account(), thread(2), 99_000, 0);
        assert_eq!(l.ask(&account(), thread(2), 5_000), Verdict::Go);
    }

    #[test]
    fn pairs_that_have_recovered_are_forgotten() {
        let mut l = Limits::default();
        for i in 0..PAIRS + 10 {
            l.count(&account(), ThreadId::derived(&[&i.to_string()]), i as Millis * PAIR_REFILL);
        }
        assert!(l.pairs.len() < PAIRS, "{}", l.pairs.len());
    }

    proptest! {
        /// Whatever is asked whenever: no second has more than the level, no time more than burst and refill.
        #[test]
        fn no_window_has_more_than_its_limit(
            level in 1u32..30,
            steps in prop::collection::vec((0i64..900, 0u8..3), 1..400),
        ) {
            let mut l = Limits::default();
            l.set_level(&account(), level);
            let mut now = 0;
            let mut gone: Vec<(Millis, u8)> = Vec::new();
            for (step, who) in steps {
                now += step / 3;
                match l.ask(&account(), thread(who), now) {
                    Verdict::Go => gone.push((now, who)),
                    // The time it names is one at which it may go, if nobody comes between.
                    Verdict::Wait(at, _) => prop_assert!(at > now),
                }
            }
            for (i, (from, who)) in gone.iter().enumerate() {
                let in_second = gone[i..].iter().take_while(|(at, _)| at - from < SECOND).count();
                prop_assert!(in_second <= level as usize, "{in_second} in the second from {from}");
                let mut to_one = 0;
                for (at, other) in &gone[i..] {
                    to_one += i64::from(other == who);
                    let most = Millis::from(PAIR_BURST) + (at - from) / PAIR_REFILL;
                    prop_assert!(to_one <= most, "{to_one} of {most} within {}", at - from);
                }
            }
        }

        /// Waiting as long as told is enough when nobody else sends.
        #[test]
        fn a_wait_that_was_named_is_long_enough(sends in 1usize..120, level in 1u32..30) {
            let mut l = Limits::default();
            l.set_level(&account(), level);
            let mut now = 0;
            for _ in 0..sends {
                let mut waits = 0;
                while let Verdict::Wait(at, _) = l.ask(&account(), thread(1), now) {
                    now = at;
                    waits += 1;
                    prop_assert!(waits <= 2, "one wait for each limit");
                }
            }
        }

        /// What is counted after a restart gives the same answers as before it.
        #[test]
        fn a_restart_forgets_nothing(times in prop::collection::vec(0i64..20_000, 1..90)) {
            let mut times = times;
            times.sort_unstable();
            let mut before = Limits::default();
            let mut log = Vec::new();
            for at in times {
                if before.ask(&account(), thread(1), at) == Verdict::Go {
                    log.push(at);
                }
            }
            let mut after = Limits::default();
            for at in log {
                after.count(&account(), thread(1), at);
            }
            for now in [20_000, 26_000, 40_000] {
                prop_assert_eq!(before.ask(&account(), thread(1), now), after.ask(&account(), thread(1), now));
            }
        }
    }
}
