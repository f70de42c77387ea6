//! The real program under load, killed with SIGKILL again and again, compared with what it said.
//!
//! `serve` talks to an emulator in this process, with faults on and customers who play. Strangers post signed
//! webhooks on several lines, operators send through the socket and the command line. After each kill it is started
//! anew; in the end everything that was acknowledged must be there once, everything sent must have been sent once,
//! and every state must be true.
//!
//! A handful of kills in a normal run; more, or another seed, by the environment:
//!
//!     SWITCHBOARD_CRASHES=200 SWITCHBOARD_CRASH_SEED=7 cargo test --release --test it crash -- --nocapture

mod check;
mod work;

use crate::common::process::{Dice, Home, Served, Urls, scale, until};
use check::Truth;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use switchboard::emulator::{Emulator, EmulatorOptions};
use tokio_util::sync::CancellationToken;
use work::{Bench, GUESTS};

/// The provider's faults during the whole run. Nothing is dropped for good: what was told must be true in the end.
const FAULTS: &str = "rough,lost-answers";
/// Lines that strangers post on.
const POSTERS: u64 = 6;
/// Operators on the socket.
const OPERATORS: u64 = 3;

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// While it starts: after so many microseconds of CPU.
    Start(u64),
    /// After so many more acknowledged posts.
    Acks(u64),
    /// After the provider took so many more sends: many answers are still on their way.
    Accepted(u64),
    /// After so many more answers to operators.
    Answers(u64),
    /// While it stops: after so many microseconds of CPU since SIGTERM.
    Stop(u64),
}

impl Moment {
    /// Each kind in turn, so that a short run has them all.
    fn draw(round: u64, dice: &mut Dice) -> Self {
        match round % 5 {
            0 => Self::Acks(1 + dice.below(200)),
            1 => Self::Accepted(1 + dice.below(8)),
            2 => Self::Start(dice.below(40_000)),
            3 => Self::Stop(dice.below(20_000)),
            _ => Self::Answers(1 + dice.below(15)),
        }
    }
}

#[derive(Debug, Default)]
struct Kills {
    start: u64,
    posts: u64,
    sends: u64,
    answers: u64,
    stop: u64,
    /// Ended by themselves before the kill.
    stopped: u64,
}

impl Kills {
    fn all(&self) -> u64 {
        self.start + self.posts + self.sends + self.answers + self.stop
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_sent_twice() {
    let crashes = scale("SWITCHBOARD_CRASHES", 6);
    let seed = scale("SWITCHBOARD_CRASH_SEED", 20_261_121);
    println!("crash test: {crashes} kills, seed {seed} (SWITCHBOARD_CRASHES, SWITCHBOARD_CRASH_SEED)");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let emulator = runtime.block_on(async {
        let options = EmulatorOptions { speed: 100.0, play: true, seed, ..EmulatorOptions::demo().unwrap() };
        Emulator::start(options).await.unwrap()
    });
    let base = emulator.base_url();
    let home = Home::new(&base, 3);
    let bench = Arc::new(Bench::new(&home, base));
    let mut dice = Dice::new(seed);
    prepare(&runtime, &home, &bench);
    runtime.block_on(bench.control("faults", json!({ "set": FAULTS })));

    let stop = CancellationToken::new();
    let mut workers = Vec::new();
    for n in 0..POSTERS {
        workers.push(runtime.spawn(work::post(bench.clone(), stop.clone(), n, Dice::new(seed ^ (n << 32)))));
    }
    for n in 0..OPERATORS {
        workers.push(runtime.spawn(work::operate(
            bench.clone(),
            stop.clone(),
            n,
            Dice::new(seed ^ (n << 40)),
        )));
    }
    let mut kills = Kills::default();
    let mut round = 0;
    while kills.all() < crashes {
        let moment = Moment::draw(round, &mut dice);
        one_round(&runtime, &home, &bench, moment, &mut kills);
        round += 1;
        assert!(round < crashes * 4 + 20, "too many ended by themselves: {kills:?}");
    }

    // The end: calm weather, everything settles, a clean stop.
    let served = Served::start(&home);
    bench.open(&urls(&served));
    bench.notice_new(&home);
    stop.cancel();
    for worker in workers {
        runtime.block_on(worker).unwrap();
    }
    runtime.block_on(bench.control("faults", json!({ "clear": true })));
    runtime.block_on(bench.post_again());
    until("every webhook of the provider is delivered", || {
        let state = runtime.block_on(bench.look("state"));
        let waiting = state["webhooks_waiting"].as_object().unwrap().values().all(|n| n == 0);
        (waiting && state["planned"] == 0).then_some(())
    });
    until("nothing waits in the outbox", || bench.outbox_is_empty(&home).then_some(()));
    let (code, out, err) = home.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{code:?} {e}: {out}{err}"));
    for name in ["store.integrity", "store.counters"] {
        let check = checks.as_array().unwrap().iter().find(|c| c["name"] == name).unwrap();
        assert_eq!(check["verdict"], "pass", "{check}");
    }
    assert_eq!(served.end(), Some(0), "a clean end");
    let truth = runtime.block_on(Truth::ask(&bench));
    let figures = check::everything(&home, &bench, &truth);
    println!("{kills:?}\n{figures}\nfaults by kind: {}", truth.faults);
    assert_eq!(truth.forged_taken, 0, "a forged webhook was taken");
    runtime.block_on(emulator.stop());
}

/// Guests write, so that their windows are open, before anything goes wrong.
fn prepare(runtime: &tokio::runtime::Runtime, home: &Home, bench: &Bench) {
    let served = Served::start(home);
    bench.open(&urls(&served));
    until("the webhooks come here", || {
        let state = runtime.block_on(bench.look("state"));
        state["subscriptions"]["account"].is_object().then_some(())
    });
    for n in 0..GUESTS {
        let body = json!({ "customer": work::guest(n), "name": format!("Guest {n}"), "text": "hello" });
        runtime.block_on(bench.control("say", body));
    }
    until("the guests are known", || (Bench::guests(home) == GUESTS).then_some(()));
    bench.close();
    assert_eq!(served.end(), Some(0));
}

fn urls(served: &Served) -> Urls {
    until("the engine says where it listens", || {
        let urls = served.urls();
        assert!(urls.is_some() || served.errors().is_empty(), "did not start: {}", served.errors());
        urls
    })
}

fn one_round(
    runtime: &tokio::runtime::Runtime,
    home: &Home,
    bench: &Arc<Bench>,
    moment: Moment,
    kills: &mut Kills,
) {
    let served = Served::start(home);
    if let Moment::Start(cpu) = moment {
        until("it starts", || (served.cpu() >= cpu || served.urls().is_some()).then_some(()));
        kills.start += u64::from(served.kill());
        return;
    }
    bench.open(&urls(&served));
    bench.notice_new(home);
    // One send by the command line in each round, which the kill may hit at any place.
    let cli = runtime.spawn_blocking({
        let bench = bench.clone();
        let mut command = home.program();
        move || bench.send_by_command(&mut command)
    });
    let past = |counter: &std::sync::atomic::AtomicU64, n: u64| {
        let goal = counter.load(Ordering::Relaxed) + n;
        until("progress under load", || {
            assert!(served.errors().is_empty(), "it complains: {}", served.errors());
            (counter.load(Ordering::Relaxed) >= goal).then_some(())
        });
    };
    match moment {
        Moment::Start(_) => {}
        Moment::Acks(n) => past(&bench.acked, n),
        Moment::Answers(n) => past(&bench.answers, n),
        Moment::Accepted(n) => {
            let taken = || runtime.block_on(bench.look("state"))["counts"]["accepted"].as_u64().unwrap();
            let goal = taken() + n;
            until("sends under load", || (taken() >= goal).then_some(()));
        }
        Moment::Stop(cpu) => {
            past(&bench.acked, 20);
            let before = served.cpu();
            served.ask_to_end();
            let mut served = served;
            until("it stops", || (served.ended() || served.cpu() >= before + cpu).then_some(()));
            let alive = served.kill();
            kills.stop += u64::from(alive);
            kills.stopped += u64::from(!alive);
            bench.close();
            runtime.block_on(cli).unwrap();
            return;
        }
    }
    assert!(served.kill(), "it ended by itself");
    bench.close();
    match moment {
        Moment::Acks(_) => kills.posts += 1,
        Moment::Accepted(_) => kills.sends += 1,
        _ => kills.answers += 1,
    }
    runtime.block_on(cli).unwrap();
}
