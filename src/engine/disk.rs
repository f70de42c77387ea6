//! The disk of the data folder: how much room there is, and what happens when there is none.
//!
//! When nothing can be written, nothing is acknowledged and nothing is sent: webhooks get 503 and come again, sends are
//! refused before a byte leaves, reading goes on. It is tried again and again, and ends by itself.

use super::{Engine, Shared};
use crate::clock::Millis;
use crate::model::event::EventBody;
use crate::model::inbound::Severity;
use crate::protocol::{Changed, DiskProblem};
use crate::store::DiskTrouble;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// With less room than this nothing new is taken, so that what is under way can still be noted.
pub(super) const RESERVE: u64 = 16 << 20;
/// With this much room it goes on: more than the reserve, so that it does not go to and fro.
const ENOUGH: u64 = 24 << 20;
/// Between two looks when all is well.
const LOOK: Duration = Duration::from_secs(10);
/// Between two tries when nothing can be written.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) use crate::store::free_bytes as free;

/// `14.2 GiB`, `310 MiB`.
pub(super) fn bytes(n: u64) -> String {
    const MIB: u64 = 1 << 20;
    match n {
        0..1024 => format!("{n} bytes"),
        1024..MIB => format!("{} KiB", n >> 10),
        MIB..0x4000_0000 => format!("{} MiB", n >> 20),
        _ => format!("{}.{} GiB", n >> 30, ((n & ((1 << 30) - 1)) * 10) >> 30),
    }
}

/// Where the sizes of the database are kept, one for a day: they are of this host and no event.
const SAMPLES: &str = "disk-usage.json";
/// Days of samples that are kept.
const SAMPLE_DAYS: usize = 60;
const DAY: Millis = 86_400_000;

fn samples(dir: &Path) -> Vec<(Millis, u64)> {
    std::fs::read(dir.join(SAMPLES)).ok().and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default()
}

/// Notes the size of the database, once a day.
fn sample(dir: &Path, now: Millis, size: u64) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut list = samples(dir);
    if list.last().is_some_and(|(at, _)| now - at < DAY && now >= *at) {
        return Ok(());
    }
    list.retain(|(at, _)| *at < now);
    list.push((now, size));
    let first = list.len().saturating_sub(SAMPLE_DAYS);
    let text = serde_json::to_vec(&list[first..])?;
    let next = dir.join("disk-usage.new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(&text)?;
    std::fs::rename(&next, dir.join(SAMPLES))
}

/// Bytes by which the database grows in a day, over the last week; `None` without a sample that is a day old.
pub(super) fn growth(dir: &Path, now: Millis, size: u64) -> Option<u64> {
    let list = samples(dir);
    let (at, then) = list.iter().find(|(at, _)| now - at <= 7 * DAY).filter(|(at, _)| now - at >= DAY)?;
    let grown = u128::from(size.saturating_sub(*then)) * u128::from(DAY.unsigned_abs());
    u64::try_from(grown / u128::from((now - at).unsigned_abs())).ok()
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    trouble: Option<(DiskTrouble, Millis)>,
    free: Option<u64>,
}

/// What is known of the disk.
pub(super) struct Disk {
    dir: PathBuf,
    state: Mutex<State>,
}

impl Disk {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), state: Mutex::default() }
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be written now.
    pub(super) fn trouble(&self) -> Option<DiskTrouble> {
        self.state().trouble.map(|(t, _)| t)
    }

    /// The same in words for clients.
    pub(super) fn problem(&self) -> Option<DiskProblem> {
        let state = self.state();
        let (trouble, since) = state.trouble?;
        let dir = self.dir.display();
        let next = match trouble {
            DiskTrouble::Full => format!("make room on the disk of {dir}; it goes on by itself"),
            DiskTrouble::ReadOnly => format!("make {dir} writable; it goes on by itself"),
            DiskTrouble::Failing => format!("look at the system's log and at the disk of {dir}"),
        };
        Some(DiskProblem { what: trouble.to_string(), next, since, free: state.free })
    }

    /// Notes what is wrong, or that nothing is any more. Tells the clients when that is news.
    pub(super) fn set(&self, shared: &Shared, trouble: Option<DiskTrouble>) {
        let free = free(&self.dir).ok();
        let news = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let was = state.trouble;
            let since = was.map_or_else(|| shared.clock.now(), |(_, since)| since);
            // A disk without room fails in more than one way.
            let trouble = match trouble {
                Some(DiskTrouble::Failing) if free.is_some_and(|f| f < RESERVE) => Some(DiskTrouble::Full),
                t => t,
            };
            *state = State { trouble: trouble.map(|t| (t, since)), free };
            was.map(|(t, _)| t) != trouble
        };
        if news {
            shared.hub.publish(&[Changed::StatusChanged]);
        }
    }
}

/// Looks after the disk until the engine stops.
pub(super) async fn watch(engine: Engine) {
    let shared = &engine.shared;
    let mut writer = shared.store.disk();
    loop {
        let met = *writer.borrow_and_update();
        match shared.disk.trouble() {
            None => {
                let size = shared.store.size();
                if let Err(error) = sample(&shared.disk.dir, shared.clock.now(), size) {
                    tracing::debug!(%error, "the size of the database was not noted");
                }
                let low = free(&shared.disk.dir).is_ok_and(|f| f < RESERVE);
                if let Some(trouble) = met.or(low.then_some(DiskTrouble::Full)) {
                    tracing::error!(%trouble, "nothing is taken in and nothing is sent until this ends");
                    shared.disk.set(shared, Some(trouble));
                }
            }
            Some(_) => recover(&engine).await,
        }
        let pause = if shared.disk.trouble().is_some() { AGAIN } else { LOOK };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            changed = writer.changed(), if shared.disk.trouble().is_none() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Tries whether writing works again; if it does, everything goes on.
async fn recover(engine: &Engine) {
    let shared = &engine.shared;
    if free(&shared.disk.dir).is_ok_and(|f| f < ENOUGH) {
        shared.disk.set(shared, Some(DiskTrouble::Full));
        return;
    }
    if let Err(error) = shared.store.probe().await {
        shared.disk.set(shared, error.disk().or(shared.disk.trouble()));
        return;
    }
    // What could not be noted at the start.
    if let Err(error) = engine.begin().await {
        tracing::warn!(%error, "writing works again, but not for everything");
        return;
    }
    let since = shared.disk.state().trouble.map_or(0, |(_, since)| since);
    let minutes = (shared.clock.now() - since).max(0) / 60_000;
    tracing::info!(minutes, "the disk takes writes again");
    shared.disk.set(shared, None);
    if let Some(account) = shared.accounts().first() {
        let notice = EventBody::Noticed {
            account: account.id().clone(),
            severity: Severity::Warning,
            field: "disk".into(),
            text: format!(
                "nothing could be written for {} min; webhooks that were refused come again by themselves",
                minutes.max(1)
            ),
        };
        if let Err(error) = shared.engine_event(notice).await {
            tracing::warn!(%error, "a notice could not be kept");
        }
    }
    shared.outbox.notify_one();
    shared.sync.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_from_daily_samples() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(growth(dir.path(), 5, 1), None);
        for day in 0..70 {
            for again in 0..3 {
                sample(dir.path(), day * DAY + again * 1000, day.unsigned_abs() * 100).unwrap();
            }
        }
        assert_eq!(samples(dir.path()).len(), SAMPLE_DAYS);
        let now = 70 * DAY;
        assert_eq!(growth(dir.path(), now, 70 * 100), Some(100));
        assert_eq!(growth(dir.path(), now, 10), Some(0), "it may shrink");
        assert_eq!(growth(dir.path(), 69 * DAY + 5, 1), Some(0));
        std::fs::write(dir.path().join(SAMPLES), "oops").unwrap();
        assert_eq!(growth(dir.path(), now, 10), None);
        sample(dir.path(), now, 1).unwrap();
        assert_eq!(growth(dir.path(), now + DAY - 1, 10), None, "less than a day");
    }

    #[test]
    fn room_is_said_in_its_largest_unit() {
        assert_eq!(bytes(900), "900 bytes");
        assert_eq!(bytes(310 << 20), "310 MiB");
        assert_eq!(bytes((14 << 30) + (1 << 28)), "14.2 GiB");
        assert!(free(Path::new("/")).is_ok_and(|f| f > 0));
    }
}
