//! The past of accounts whose provider keeps it: read once from the newest back, and what came while nobody listened.
//!
//! A page is one event: what it says and where the next one begins are kept together, so that the reading goes on after a
//! crash where it stopped and nothing is read into the inbox twice. It takes what the operators leave: at most half of the
//! calls that the provider allows, none while a send is on its way, and never two pages in a row without a break for
//! the writer.

use super::access::Who;
use super::accounts::Account;
use super::{Shared, accounts};
use crate::clock::Millis;
use crate::model::account::{DISCONNECTED, ERROR};
use crate::model::event::{Actor, EventBody};
use crate::model::history::{HistoryEntry, HistoryMark, HistoryRun};
use crate::model::ids::AccountId;
use crate::model::inbound::{Author, Change};
use crate::protocol::history::HistoryRequest;
use crate::protocol::{Problem, Response};
use crate::provider::CallError;
use crate::provider::history::{HistoryAnswer, HistoryPage};
use crate::store::StoreError;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// From the start of the engine to the first page.
const FIRST: Duration = Duration::from_millis(600);
/// Messages on one page.
const PAGE: u32 = 100;
/// How far a look for what was missed goes back behind the last one: clocks differ, and what was on its way then is in
/// no list yet.
const OVERLAP: Millis = 10 * 60_000;
/// Between two looks for what was missed. A webhook that the provider could not deliver is lost after a minute.
const LOOK: Millis = 5 * 60_000;
/// Calls a minute where the provider does not say how many it allows.
const CALLS: u64 = 60;
/// The rest that the writer gets between two pages.
const BREAK: Duration = Duration::from_millis(3);
/// How long a page waits for a send that is on its way.
const GIVE_WAY: Duration = Duration::from_secs(2);
const MINUTE: Millis = 60_000;
/// First wait after a failure; doubles up to [`RETRY_MAX`].
const RETRY: Millis = 1_000;
const RETRY_MAX: Millis = 5 * MINUTE;
/// Pages of people that are read at most.
const PEOPLE_PAGES: u32 = 200;
/// The wait after a refusal for too many calls that names none.
const THROTTLED: Millis = MINUTE;
/// A send that got no answer is looked for in the list among what was made from a minute before it on, up to this long after.
const UNNAMED: (Millis, Millis) = (MINUTE, 15 * MINUTE);
/// Sends of ours that are younger than this are asked about after a time without webhooks.
const ASK_ABOUT: Millis = 3 * 86_400_000;

/// What the engine remembers of the reading.
#[derive(Default)]
pub(super) struct Desk {
    /// Somebody wants something done now.
    wake: Notify,
    /// Accounts that are looked at without waiting.
    asked: Mutex<Vec<AccountId>>,
    /// Who changes how far it is does so alone.
    alone: tokio::sync::Mutex<()>,
}

impl Desk {
    /// Looks for what an account missed as soon as possible.
    pub fn ask(&self, account: &AccountId) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(account.clone());
        self.wake.notify_one();
    }

    fn take(&self) -> Vec<AccountId> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A send that is on its way: what is read of the past waits for it.
pub(super) struct OnItsWay<'a>(&'a Shared);

impl<'a> OnItsWay<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        shared.sending.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.sending.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the worker remembers of one account.
#[derive(Default)]
struct Memory {
    /// Not before this time.
    wait_until: Millis,
    failures: u32,
    /// When what was missed was last looked for in this run of the engine.
    looked: Option<Millis>,
    /// Whether nobody listened before the present look.
    after_silence: bool,
}

/// Calls that are left to this reading.
#[derive(Default)]
struct Budget {
    per_minute: u64,
    /// The next call.
    next: Millis,
}

impl Budget {
    /// Counts a call and says when the next one may be made.
    fn count(&mut self, now: Millis, room: Option<(u64, u64)>) {
        // Half of what is allowed; where others have used most of it, all of the rest is theirs.
        let (allowed, short) = match room {
            Some((limit, left)) => ((limit / 2).max(1), left.saturating_mul(4) < limit),
            None => (CALLS, false),
        };
        self.per_minute = allowed;
        let gap = MINUTE / i64::try_from(allowed).unwrap_or(MINUTE).max(1);
        self.next = now + if short { MINUTE / 4 } else { gap };
    }
}

/// What became of a step.
enum Step {
    /// There may be more at once.
    More,
    /// Nothing before this time.
    Wait(Millis),
    /// Nothing at all.
    Idle,
}

/// Reads until the engine stops.
pub(super) async fn run(shared: Arc<Shared>) {
    tokio::select! {
        () = shared.stop.cancelled() => return,
        () = tokio::time::sleep(FIRST) => {}
    }
    let mut memory: HashMap<AccountId, Memory> = HashMap::new();
    let mut budgets: HashMap<String, Budget> = HashMap::new();
    loop {
        for id in shared.history.take() {
            let m = memory.entry(id).or_default();
            (m.wait_until, m.looked) = (0, None);
        }
        let mut next: Option<Millis> = None;
        let mut more = false;
        for account in shared.accounts().iter() {
            let m = memory.entry(account.id().clone()).or_default();
            let budget = budgets.entry(account.settings.api_base.clone()).or_default();
            let step = tokio::select! {
                () = shared.stop.cancelled() => return,
                step = step(&shared, account, m, budget) => step,
            };
            match step {
                Ok(Step::More) => more = true,
                Ok(Step::Wait(at)) => next = Some(next.map_or(at, |n| n.min(at))),
                Ok(Step::Idle) => {}
                Err(StoreError::Stopped) => return,
                Err(error) => {
                    tracing::warn!(account = %account.id(), %error, "a page of the past could not be kept");
                    let at = shared.clock.now() + RETRY_MAX;
                    m.wait_until = at;
                    next = Some(next.map_or(at, |n| n.min(at)));
                }
            }
        }
        if more {
            tokio::select! {
                () = shared.stop.cancelled() => return,
                () = tokio::time::sleep(BREAK) => {}
            }
            continue;
        }
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.history.wake.notified() => {}
            () = shared.clock.until(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
}

/// Does the next thing for one account.
async fn step(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    memory: &mut Memory,
    budget: &mut Budget,
) -> Result<Step, StoreError> {
    let now = shared.clock.now();
    let id = account.id();
    if !account.is_connected() || !account.provider.capabilities().history {
        return Ok(Step::Idle);
    }
    if memory.wait_until > now {
        return Ok(Step::Wait(memory.wait_until));
    }
    let key = id.clone();
    let (view, mark) = shared
        .store
        .read(move |r| Ok((r.accounts()?.into_iter().find(|a| a.spec.id == key), r.history_mark(&key)?)))
        .await?;
    // One that was taken off, or that the provider refuses, is left alone until somebody has mended it.
    if view.is_none_or(|v| v.state == DISCONNECTED || (v.state == ERROR && v.life.blocked)) {
        return Ok(Step::Wait(now + LOOK));
    }
    let number = &account.settings.spec.number;
    let Some(mark) = mark.filter(|m| m.number == *number) else {
        let mark = HistoryMark {
            number: number.clone(),
            news_from: now - OVERLAP,
            upto: now,
            back: Some(HistoryRun { began: now, ..HistoryRun::default() }),
            ..HistoryMark::default()
        };
        memory.looked = Some(now);
        keep(shared, Actor::Engine, id, Vec::new(), mark).await?;
        return Ok(Step::More);
    };
    if mark.paused {
        return Ok(Step::Idle);
    }
    if mark.gap.is_none() && memory.looked.is_none_or(|at| now - at >= LOOK) {
        memory.after_silence = memory.looked.is_none();
        memory.looked = Some(now);
        let run = HistoryRun { began: now, since: Some(mark.upto - OVERLAP), ..HistoryRun::default() };
        keep(shared, Actor::Engine, id, Vec::new(), HistoryMark { gap: Some(run), ..mark }).await?;
        return Ok(Step::More);
    }
    let run = mark.gap.as_ref().or(mark.back.as_ref()).cloned();
    if run.is_none() && mark.people_done {
        return Ok(Step::Wait(memory.looked.unwrap_or(now) + LOOK));
    }
    if budget.next > now {
        return Ok(Step::Wait(budget.next));
    }
    give_way(shared).await;
    let Some(run) = run else {
        return people(shared, account, memory, budget, mark).await;
    };
    let page = HistoryPage { since: run.since, until: run.until, after: run.after.clone(), limit: PAGE };
    match account.provider.history(page).await {
        Ok(answer) => {
            budget.count(shared.clock.now(), answer.room);
            read(shared, account, memory, &run, answer).await?;
            Ok(Step::More)
        }
        Err(error) => {
            budget.count(shared.clock.now(), None);
            failed(shared, id, memory, &run, error).await
        }
    }
}

/// Waits while a send is on its way, but not for ever.
async fn give_way(shared: &Shared) {
    let free = async {
        while shared.sending.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(BREAK).await;
        }
    };
    let _ = tokio::time::timeout(GIVE_WAY, free).await;
}

async fn keep(
    shared: &Shared,
    actor: Actor,
    account: &AccountId,
    entries: Vec<HistoryEntry>,
    mark: HistoryMark,
) -> Result<(), StoreError> {
    let event = EventBody::HistoryRead { account: account.clone(), entries, mark: Box::new(mark) };
    shared.store.apply(shared.event(actor, event)).await.map(|_| ())
}

/// Keeps a page that was read, unless somebody changed their mind meanwhile.
async fn read(
    shared: &Arc<Shared>,
    account: &Account,
    memory: &mut Memory,
    run: &HistoryRun,
    answer: HistoryAnswer,
) -> Result<(), StoreError> {
    let id = account.id();
    memory.failures = 0;
    let key = id.clone();
    let news_from =
        shared.store.read(move |r| r.history_mark(&key)).await?.map_or(Millis::MAX, |m| m.news_from);
    let count = answer.messages.len() as u64;
    let mut oldest = run.oldest;
    let mut entries = Vec::with_capacity(answer.messages.len());
    for (place, item) in spread(&answer, run.oldest).into_iter().zip(answer.messages) {
        let mut entry = HistoryEntry { change: item.change, statuses: item.statuses };
        if let Change::Message(m) = &mut entry.change {
            m.history = m.at < news_from;
            // The window counts from the newest of them, however it is learned of.
            m.opens_window = m.author == Author::Customer;
            if let Some(at) = place {
                m.at = at;
                oldest = Some(oldest.map_or(at, |o| o.min(at)));
            }
        }
        entries.push(entry);
    }
    name_ours(shared, account, &mut entries).await?;
    let _alone = shared.history.alone.lock().await;
    let key = id.clone();
    let Some(mut mark) = shared.store.read(move |r| r.history_mark(&key)).await? else { return Ok(()) };
    let is_gap = mark.gap.is_some();
    let present = if is_gap { &mut mark.gap } else { &mut mark.back };
    // Stopped, or begun anew from another time: the page belongs to nothing.
    if mark.paused || present.as_ref() != Some(run) || mark.number != account.settings.spec.number {
        return Ok(());
    }
    let ended = answer.next.is_none();
    *present = (!ended).then(|| HistoryRun { after: answer.next, oldest, ..run.clone() });
    let now = shared.clock.now();
    if is_gap {
        if ended {
            mark.upto = mark.upto.max(run.began);
        }
    } else {
        mark.done += count;
        mark.total = answer.total.or(mark.total);
        mark.oldest = [mark.oldest, oldest].into_iter().flatten().min();
        if ended {
            mark.finished = Some(now);
            mark.total = Some(mark.done);
        }
    }
    (mark.problem, mark.next) = (String::new(), String::new());
    let settles = is_gap && ended && std::mem::take(&mut memory.after_silence);
    keep(shared, Actor::Provider, id, entries, mark).await?;
    shared.tidy.notify_one();
    if settles {
        ask_about_ours(shared, account).await?;
    }
    Ok(())
}

/// One page of the people of the account. Where all the past is here everybody of the first page is known, and that was
/// it; where only a part was asked for, those who wrote before it are on the later pages.
async fn people(
    shared: &Arc<Shared>,
    account: &Account,
    memory: &mut Memory,
    budget: &mut Budget,
    mark: HistoryMark,
) -> Result<Step, StoreError> {
    let id = account.id();
    let answer = account.provider.people(mark.people_after.clone()).await;
    budget.count(shared.clock.now(), None);
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return failed(shared, id, memory, &HistoryRun::default(), error).await,
    };
    memory.failures = 0;
    let stated: Vec<_> = answer.people.iter().map(|p| p.identities.clone()).collect();
    let key = id.clone();
    let news = shared.store.read(move |r| r.has_stranger(&key, &stated)).await?;
    let entries = answer.people.into_iter().map(|peer| HistoryEntry {
        // What a message says of a name counts more.
        change: Change::ContactSeen { peer, at: 0 },
        statuses: Vec::new(),
    });
    let entries: Vec<HistoryEntry> = if news { entries.collect() } else { Vec::new() };
    let _alone = shared.history.alone.lock().await;
    let key = id.clone();
    let Some(mut now) = shared.store.read(move |r| r.history_mark(&key)).await? else {
        return Ok(Step::More);
    };
    if now != mark {
        return Ok(Step::More);
    }
    now.people_pages += 1;
    now.people_done = answer.next.is_none() || (!news && !now.cut) || now.people_pages >= PEOPLE_PAGES;
    now.people_after = answer.next.filter(|_| !now.people_done);
    (now.problem, now.next) = (String::new(), String::new());
    keep(shared, Actor::Provider, id, entries, now).await?;
    Ok(Step::More)
}

/// The places of a page's messages. Providers count in whole seconds: those of one second keep the order of the list,
/// also across two pages.
fn spread(answer: &HistoryAnswer, above: Option<Millis>) -> Vec<Option<Millis>> {
    let time = |change: &Change| match change {
        Change::Message(m) => Some(m.at),
        _ => None,
    };
    let times: Vec<Option<Millis>> = answer.messages.iter().map(|i| time(&i.change)).collect();
    let mut places = vec![None; times.len()];
    let mut last: Option<Millis> = above;
    for (n, at) in times.iter().enumerate() {
        let Some(at) = *at else { continue };
        let place = if at % 1000 == 0 {
            // How many of the same second are still to come on this page.
            let rest = times[n + 1..].iter().flatten().take_while(|t| **t == at).count() as Millis;
            let wish = at + 500 + rest.min(499);
            let under = last.filter(|l| l.div_euclid(1000) * 1000 == at).map_or(wish, |l| (l - 1).min(wish));
            under.max(at)
        } else {
            at
        };
        places[n] = Some(place);
        last = Some(place);
    }
    places
}

/// Finds those of a list that are sends of ours of which nobody knows whether they went out: the provider is asked about
/// those that are not here, where it keeps what we sent along.
async fn name_ours(
    shared: &Shared,
    account: &Account,
    entries: &mut [HistoryEntry],
) -> Result<(), StoreError> {
    if !account.provider.capabilities().delivery_history {
        return Ok(());
    }
    let key = account.id().clone();
    let unnamed = shared.store.read(move |r| r.unnamed_attempts(&key)).await?;
    if unnamed.is_empty() {
        return Ok(());
    }
    let near = |at: Millis| unnamed.iter().any(|t| at >= t - UNNAMED.0 && at <= t + UNNAMED.1);
    let ours = |e: &HistoryEntry| match &e.change {
        Change::Message(m) if m.author == Author::Provider && near(m.at) => Some(m.provider_id.clone()),
        _ => None,
    };
    let ids: Vec<String> = entries.iter().filter_map(ours).collect();
    let (key, wanted) = (account.id().clone(), ids);
    let (wanted, known) = shared
        .store
        .read(move |r| {
            let known = r.known_messages(&key, &wanted)?;
            Ok((wanted, known))
        })
        .await?;
    for id in wanted.into_iter().filter(|id| !known.contains(id)) {
        match account.provider.delivery_history(&id).await {
            Ok(statuses) => {
                let same =
                    |e: &&mut HistoryEntry| matches!(&e.change, Change::Message(m) if m.provider_id == id);
                if let Some(entry) = entries.iter_mut().find(same) {
                    entry.statuses = statuses;
                }
            }
            Err(error) => tracing::debug!(%error, "what became of a message could not be asked"),
        }
    }
    Ok(())
}

/// After a time without webhooks: what became of our sends of the last days that no list tells about any more.
async fn ask_about_ours(shared: &Shared, account: &Account) -> Result<(), StoreError> {
    if !account.provider.capabilities().delivery_history {
        return Ok(());
    }
    let (key, since) = (account.id().clone(), shared.clock.now() - ASK_ABOUT);
    for id in shared.store.read_slow(move |r| r.unsettled(&key, since)).await? {
        give_way(shared).await;
        match account.provider.delivery_history(&id).await {
            Ok(mut statuses) => {
                statuses.retain(|s| s.state.is_some());
                if !statuses.is_empty() {
                    let account = account.id().clone();
                    shared.engine_event(EventBody::StatusesLearned { account, statuses }).await?;
                }
            }
            // The next look asks again.
            Err(error) => {
                tracing::debug!(%error, "what became of a message could not be asked");
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A page that could not be read.
async fn failed(
    shared: &Shared,
    id: &AccountId,
    memory: &mut Memory,
    run: &HistoryRun,
    error: CallError,
) -> Result<Step, StoreError> {
    let now = shared.clock.now();
    memory.failures = memory.failures.saturating_add(1);
    let backoff = (RETRY << memory.failures.min(10)).min(RETRY_MAX);
    let throttled = error.code == 429 || error.text.starts_with("429");
    // It may be the place in the list that the provider does not know any more: another one is tried soon, once.
    let displaced = !error.transient && !error.auth && !throttled && run.after.is_some();
    let wait = match error.after {
        Some(after) => i64::try_from(after.as_millis()).unwrap_or(RETRY_MAX),
        None if throttled => THROTTLED,
        None if error.transient => backoff,
        None if displaced => RETRY,
        None => RETRY_MAX,
    };
    memory.wait_until = now + wait;
    tracing::warn!(account = %id, %error, "a page of the past could not be read");
    let _alone = shared.history.alone.lock().await;
    let key = id.clone();
    let Some(mut mark) = shared.store.read(move |r| r.history_mark(&key)).await? else {
        return Ok(Step::Wait(memory.wait_until));
    };
    // On from the oldest that is here; what comes twice is known.
    if displaced {
        let present = if mark.gap.is_some() { &mut mark.gap } else { &mut mark.back };
        if present.as_ref() == Some(run) {
            let until = run.oldest.map(|o| o.div_euclid(1000) * 1000 + 1000);
            *present = Some(HistoryRun { after: None, until: until.or(run.until), ..run.clone() });
        }
    }
    // One that passes by itself in a moment is not worth a word.
    if memory.failures > 2 || error.auth || throttled {
        let code = if error.code == 0 { String::new() } else { format!("{} ", error.code) };
        mark.problem = format!("{code}{}", error.text);
        mark.next = error.next.unwrap_or_default();
    }
    keep(shared, Actor::Engine, id, Vec::new(), mark).await?;
    Ok(Step::Wait(memory.wait_until))
}

/// What an operator wants of it.
pub(super) async fn request(
    shared: &Arc<Shared>,
    who: &Who,
    request: HistoryRequest,
) -> Result<Response, Problem> {
    let actor = Actor::Operator(who.operator().to_owned());
    let HistoryRequest { account: wanted, stop, from } = request;
    let mut any = false;
    // An account that the asker may not see does not exist for them.
    for account in shared.accounts().iter().filter(|a| who.access.scope.has_account(a.id())) {
        let id = account.id();
        if wanted.as_ref().is_some_and(|w| w != id) {
            continue;
        }
        if !account.provider.capabilities().history {
            if wanted.is_some() {
                return Err(Problem::new("unable", format!("the provider of `{id}` keeps no past"))
                    .means("what came before the number was connected cannot be read")
                    .next("nothing to do: new messages come by webhook"));
            }
            continue;
        }
        if !account.is_connected() {
            if wanted.is_some() {
                return Err(Problem::new("incomplete", format!("the account `{id}` has no number yet"))
                    .next(format!("go on connecting it: `switchboard accounts connect {id}`")));
            }
            continue;
        }
        any = true;
        let _alone = shared.history.alone.lock().await;
        let key = id.clone();
        let now = shared.clock.now();
        let number = account.settings.spec.number.clone();
        let mark = shared.store.read(move |r| r.history_mark(&key)).await?.filter(|m| m.number == number);
        let mut mark = mark.unwrap_or(HistoryMark {
            number,
            news_from: now - OVERLAP,
            upto: now,
            back: Some(HistoryRun { began: now, ..HistoryRun::default() }),
            ..HistoryMark::default()
        });
        mark.paused = stop;
        if !stop {
            (mark.problem, mark.next) = (String::new(), String::new());
            let reaches = |run: &HistoryRun| run.since == from;
            match (&mark.back, from) {
                // It goes on where it stopped.
                (Some(run), None) if run.since.is_none() => {}
                (Some(run), Some(_)) if reaches(run) => {}
                // All that is asked for is here already.
                (None, Some(from)) if mark.oldest.is_some_and(|o| o <= from) => {}
                (None, None) if mark.finished.is_some() && !mark.cut => {}
                _ => {
                    let until = mark.oldest.filter(|_| mark.back.is_none());
                    let until = until.map(|o| o.div_euclid(1000) * 1000 + 1000);
                    mark.cut = from.is_some();
                    mark.back = Some(HistoryRun { began: now, since: from, until, ..HistoryRun::default() });
                    mark.total = None;
                }
            }
        }
        keep(shared, actor.clone(), id, Vec::new(), mark).await?;
        shared.history.ask(id);
    }
    if any {
        return Ok(Response::Done);
    }
    match wanted {
        Some(id) => Err(accounts::not_configured(&id)),
        None => Err(Problem::new("unable", "no account has a provider that keeps the past")
            .next("nothing to do: new messages come by webhook")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inbound::{InboundMessage, Peer};
    use crate::model::message::Body;
    use crate::provider::history::HistoryItem;

    fn answer(times: &[Millis]) -> HistoryAnswer {
        let item = |at: &Millis| HistoryItem {
            change: Change::Message(Box::new(InboundMessage {
                provider_id: at.to_string(),
                at: *at,
                peer: Peer::default(),
                author: Author::Customer,
                participant: None,
                body: Body::text(""),
                quotes: None,
                tag: None,
                opens_window: true,
                history: true,
                state: None,
            })),
            statuses: Vec::new(),
        };
        HistoryAnswer { messages: times.iter().map(item).collect(), ..HistoryAnswer::default() }
    }

    #[test]
    fn messages_of_one_second_keep_the_order_of_the_list() {
        let first: Vec<Millis> =
            spread(&answer(&[9_000, 5_000, 5_000, 5_000]), None).into_iter().flatten().collect();
        assert!(first.is_sorted_by(|a, b| a > b), "{first:?}");
        assert!(first[1..].iter().all(|at| (5_000..6_000).contains(at)), "{first:?}");
        let second: Vec<Millis> =
            spread(&answer(&[5_000, 5_000, 4_000]), first.last().copied()).into_iter().flatten().collect();
        assert!(second[0] < first[3] && second.is_sorted_by(|a, b| a > b), "{first:?} {second:?}");
        assert!((5_000..6_000).contains(&second[1]));
        // A time that is exact stays.
        assert_eq!(spread(&answer(&[5_123]), None), [Some(5_123)]);
    }

    #[test]
    fn it_takes_half_of_the_calls_and_leaves_the_last_quarter() {
        let mut b = Budget::default();
        b.count(0, Some((1_000, 900)));
        assert_eq!((b.per_minute, b.next), (500, 120));
        b.count(0, Some((1_000, 200)));
        assert_eq!(b.next, 15_000);
        b.count(0, None);
        assert_eq!(b.next, 1_000);
    }
}
