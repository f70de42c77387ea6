//! How many clients there may be, in all and of one user, and what is said in the log about odd ones.

use crate::protocol::Problem;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Clients at the same time; more are refused.
const CLIENTS_MAX: usize = 1024;
/// Clients of one user at the same time: nobody takes all the places.
const USER_MAX: usize = 256;
/// Lines of the log about odd clients of one user within [`LOG_TIME`]; the rest is counted.
const LOG_MAX: u32 = 5;
const LOG_TIME: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
struct State {
    all: usize,
    users: HashMap<u32, usize>,
    odd: HashMap<u32, (Instant, u32)>,
}

/// The places of a server.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<State>);

/// One of them, free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    uid: u32,
}

impl Places {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a client of a user, or why there is none.
    pub(super) fn take(places: &Arc<Self>, uid: u32) -> Result<Place, Problem> {
        let mut state = places.state();
        let own = state.users.get(&uid).copied().unwrap_or(0);
        let full = |n: usize, whose: &str| {
            Problem::new("engine", format!("{n} clients{whose} are attached already"))
                .next("close one and try again")
        };
        if state.all >= CLIENTS_MAX {
            return Err(full(CLIENTS_MAX, ""));
        }
        if own >= USER_MAX {
            return Err(full(USER_MAX, " of this user"));
        }
        state.all += 1;
        state.users.insert(uid, own + 1);
        Ok(Place { places: Arc::clone(places), uid })
    }

    /// A line in the log about a client that does what no client does; a flood of them is a few lines.
    pub(super) fn log(&self, uid: u32, pid: Option<i32>, what: &str) {
        let now = Instant::now();
        let count = {
            let mut state = self.state();
            state.odd.retain(|_, (since, _)| now.duration_since(*since) < LOG_TIME);
            let (_, count) = state.odd.entry(uid).or_insert((now, 0));
            *count += 1;
            *count
        };
        if count <= LOG_MAX {
            tracing::warn!(uid, pid, "an odd client: {what}");
        }
        if count == LOG_MAX {
            tracing::warn!(uid, "more of this kind is not written down for a minute");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.all -= 1;
        if let Some(own) = state.users.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                state.users.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_cannot_take_all_the_places_and_places_come_back() {
        let places = Arc::new(Places::default());
        let mut held: Vec<Place> = (0..USER_MAX).map(|_| Places::take(&places, 7).unwrap()).collect();
        let problem = Places::take(&places, 7).unwrap_err();
        assert!(problem.what.contains("of this user"), "{problem:?}");
        held.extend(
            (USER_MAX..CLIENTS_MAX).map(|n| Places::take(&places, u32::try_from(n).unwrap()).unwrap()),
        );
        assert!(Places::take(&places, 8).is_err());
        held.clear();
        assert!(places.state().users.is_empty() && places.state().all == 0);
        Places::take(&places, 7).unwrap();
    }

    #[test]
    fn a_flood_of_odd_clients_is_remembered_in_little_room() {
        let places = Places::default();
        for n in 0..100_000u32 {
            places.log(n % 3, None, "nonsense");
        }
        assert_eq!(places.state().odd.len(), 3);
    }
}
