//! The past of a number at a provider that keeps it: read while new messages come, across kills of the process, and
//! compared with the provider's own list.
//!
//! A few thousand messages in a normal run; more by the environment:
//!
//!     SWITCHBOARD_HISTORY=200000 cargo test --release --test it history:: -- --nocapture
#![allow(clippy::print_stdout, reason = "the figures are what a long run is for")]

use crate::common::process::{Home, Served, scale, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use switchboard::daemon::attach::attach;
use switchboard::emulator::{DEMO_KAPSO_KEY, Emulator, EmulatorOptions};
use switchboard::model::ClientInfo;
use switchboard::model::thread::ThreadFilter;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Request, Response};

const NUMBER: &str = "110987654321040";
const WABA: &str = "220033440055123";
const ACCOUNT: &str = "tienda";
/// A request of the inbox must be answered within this while the past is read; a test machine is slow.
const QUICK: Duration = Duration::from_millis(1_500);

/// A folder with one Kapso account.
fn home(api_base: &str) -> Home {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new(api_base, 0);
    for (name, value) in [("api_key", DEMO_KAPSO_KEY), ("webhook_secret", "wh_sec_it_0123456789")] {
        let file = home.path().join(name);
        std::fs::write(&file, value).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut text = std::fs::read_to_string(home.config()).unwrap();
    text.push_str(&format!(
        "[[accounts]]\nid = \"{ACCOUNT}\"\nname = \"Tienda\"\nprovider = \"kapso\"\nenvironment = \"development\"\n\
         phone_number_id = \"{NUMBER}\"\nwaba_id = \"{WABA}\"\napi_base = \"{api_base}\"\nsubscribe = true\n\
         api_key = {{ file = \"api_key\" }}\nwebhook_secret = {{ file = \"webhook_secret\" }}\n"
    ));
    std::fs::write(home.config(), text).unwrap();
    home
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    base: String,
    said: Vec<String>,
}

impl Bench {
    fn call(&self, path: &str, body: Option<Value>) -> Value {
        self.runtime.block_on(async {
            let url = format!("{}/control/{path}", self.base);
            let request = match body {
                Some(body) => self.http.post(url).json(&body),
                None => self.http.get(url),
            };
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let body: Value = answer.json().await.unwrap();
            assert!(status.is_success(), "{path}: {body}");
            body
        })
    }

    /// A customer writes now.
    fn say(&mut self) {
        let who = ["ines", "tomas"][self.said.len() % 2];
        let text = format!("new {}", self.said.len());
        let body = json!({ "customer": who, "number": NUMBER, "text": text });
        self.said.push(self.call("say", Some(body))["wamid"].as_str().unwrap().to_owned());
    }
}

/// How far the past is read, as it is kept.
fn mark(home: &Home) -> Option<Value> {
    let row: Option<String> = home
        .store()
        .query_row("SELECT history FROM accounts WHERE key = ?1", [ACCOUNT], |r| r.get(0))
        .ok()?;
    serde_json::from_str(&row?).ok()
}

fn done(home: &Home) -> u64 {
    mark(home).map_or(0, |m| m["done"].as_u64().unwrap_or(0))
}

fn serve(home: &Home) -> Served {
    let served = Served::start(home);
    until("the engine says where it listens", || {
        assert!(served.urls().is_some() || served.errors().is_empty(), "did not start: {}", served.errors());
        served.urls()
    });
    served
}

/// How long the inbox takes to answer, asked on the socket.
fn ask_inbox(bench: &Bench, home: &Home) -> Duration {
    bench.runtime.block_on(async {
        let Ok(connection) = attach(&home.data().join("engine.sock"), &ClientInfo::default()).await else {
            return Duration::ZERO;
        };
        let mut client = Client::new(connection);
        client.ask(Request::hello("", "")).await.unwrap();
        let start = Instant::now();
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 50 };
        let Response::Threads(_) = client.ask(r).await.unwrap() else { panic!() };
        start.elapsed()
    })
}

/// A message: the second of its time, id, direction, state, text.
type Row = (i64, String, bool, String, String);
/// Every message of the account by person, oldest first.
type Talk = BTreeMap<String, Vec<Row>>;

/// The provider tells the second only. What came by webhook stands in it where it came, and what was listed cannot be
/// put between: what was said within one second while both were at work has no order.
fn settled(list: &[Row], said: &[String]) -> Vec<Row> {
    let mut out = list.to_vec();
    for second in out.chunk_by_mut(|a, b| a.0 == b.0) {
        if second.iter().any(|r| said.contains(&r.1)) {
            second.sort();
        }
    }
    out
}

fn ours(home: &Home) -> Talk {
    let conn = home.store();
    let mut st = conn
        .prepare(
            "SELECT (SELECT value FROM identities i WHERE i.contact_id = t.contact_id AND i.kind = 'phone'), \
             m.provider_id, m.inbound, m.state, m.kind, m.text, m.at / 1000 FROM messages m JOIN threads t ON t.id = m.thread_id \
             ORDER BY m.at, m.id",
        )
        .unwrap();
    let mut talk = Talk::new();
    let mut rows = st.query([]).unwrap();
    while let Some(r) = rows.next().unwrap() {
        let kind: String = r.get(4).unwrap();
        let text: String = if kind == "text" { r.get(5).unwrap() } else { String::new() };
        let row = (r.get(6).unwrap(), r.get(1).unwrap(), r.get(2).unwrap(), r.get(3).unwrap(), text);
        talk.entry(r.get(0).unwrap()).or_default().push(row);
    }
    talk
}

fn theirs(bench: &Bench) -> Talk {
    let listed = bench.call(&format!("kapso/messages?number={NUMBER}"), None);
    let mut talk = Talk::new();
    for m in listed["messages"].as_array().unwrap() {
        let inbound = m["inbound"].as_bool().unwrap();
        let state = if inbound { "received" } else { m["status"].as_str().unwrap() };
        let text = m["text"].as_str().unwrap_or_default();
        let row = (
            m["time"].as_i64().unwrap() / 1000,
            m["id"].as_str().unwrap().to_owned(),
            inbound,
            state.to_owned(),
            text.to_owned(),
        );
        talk.entry(m["phone"].as_str().unwrap().to_owned()).or_default().push(row);
    }
    talk
}

#[test]
fn the_past_is_read_while_new_messages_come_and_across_kills() {
    let messages = scale("SWITCHBOARD_HISTORY", 3_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let emulator = runtime.block_on(async {
        // Waits between the attempts of a webhook are short; nobody writes by themselves.
        let o = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        Emulator::start(o).await.unwrap()
    });
    let base = emulator.base_url();
    let http = switchboard::provider::http::client(true, Duration::from_mins(1)).unwrap();
    let mut bench = Bench { runtime, http, base, said: Vec::new() };
    bench.call("kapso/plan", Some(json!({ "limit": 10_000_000 })));
    let days = (messages / 500).max(1);
    // What a customer wrote in the last minutes before counts as new.
    let newest = jiff::Timestamp::now().as_millisecond() - 3_600_000;
    let fill = json!({ "number": NUMBER, "count": messages, "people": 70, "days": days, "newest": newest });
    bench.call("kapso/fill", Some(fill));
    let home = home(&bench.base);

    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut asked = Vec::new();
    let mut up = Duration::ZERO;
    let mut kills = 0;
    for part in [1, 2] {
        let start = Instant::now();
        let served = serve(&home);
        let goal = messages * part / 3;
        until("a part of the past is read", || {
            bench.say();
            let took = ask_inbox(&bench, &home);
            slowest = slowest.max(took);
            asked.push(took);
            std::thread::sleep(Duration::from_millis(20));
            (done(&home) >= goal).then_some(())
        });
        up += start.elapsed();
        assert!(mark(&home).unwrap()["finished"].is_null(), "it was killed before its end");
        assert!(served.kill());
        kills += 1;
        // Nobody hears these: their webhooks reach nobody.
        for _ in 0..3 {
            bench.say();
        }
    }
    let start = Instant::now();
    let served = serve(&home);
    for _ in 0..5 {
        bench.say();
    }
    let newest = bench.said.last().cloned().unwrap();
    until("the past is read to its end, and what was missed", || {
        let m = mark(&home)?;
        (m["finished"].is_i64() && m.get("gap").is_none()).then_some(())
    });
    up += start.elapsed();
    until("the newest message is here", || {
        let here = "SELECT 1 FROM messages WHERE provider_id = ?1";
        home.store().query_row(here, [&newest], |_| Ok(())).ok()
    });
    let total = began.elapsed();
    asked.sort();
    println!(
        "{messages} messages of the past, {} new ones, {kills} kills: {:.1} s in all, {:.0} messages/s while it ran; \
         {} requests of the inbox meanwhile: median {:?}, slowest {slowest:?}",
        bench.said.len(),
        total.as_secs_f64(),
        messages as f64 / up.as_secs_f64(),
        asked.len(),
        asked[asked.len() / 2],
    );

    let (ours, theirs) = (ours(&home), theirs(&bench));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (who, list) in &theirs {
        let (mine, list) = (settled(&ours[who], &bench.said), settled(list, &bench.said));
        for (n, (theirs, mine)) in list.iter().zip(&mine).enumerate() {
            assert_eq!(mine, theirs, "message {n} of {who}");
        }
        assert_eq!(mine.len(), list.len(), "{who}");
    }
    // What was written while the account is connected is unread, also what no webhook brought; the past is read.
    let conn = home.store();
    let unread: Vec<String> = conn
        .prepare("SELECT provider_id FROM messages WHERE unread = 1 ORDER BY at, id")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let (mut a, mut b) = (unread, bench.said.clone());
    a.sort();
    b.sort();
    assert!(a == b, "{} are unread, {} were said", a.len(), b.len());
    // The window is that of the newest message of the customer.
    let mut st = conn
        .prepare(
            "SELECT window_until, (SELECT max(m.at) FROM messages m WHERE m.thread_id = t.id AND m.inbound = 1) \
             FROM threads t",
        )
        .unwrap();
    let windows =
        st.query_map([], |r| Ok((r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?))).unwrap();
    for window in windows {
        let (until, newest) = window.unwrap();
        let right = newest.map(|at| at + 86_400_000 - 60_000);
        let off = until.zip(right).map(|(a, b)| (a - b).abs());
        assert!(
            off.map_or(until.is_none() && right.is_none(), |off| off < 1_000),
            "{until:?} for {newest:?}"
        );
    }
    assert!(slowest < QUICK, "an inbox request took {slowest:?}");
    let (code, out, err) = home.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{code:?} {e}: {out}{err}"));
    for name in ["store.integrity", "store.counters"] {
        let check = checks.as_array().unwrap().iter().find(|c| c["name"] == name).unwrap();
        assert_eq!(check["verdict"], "pass", "{check}");
    }
    // Asked for again, nothing changes, and the command says how far it is.
    let (code, out, err) = home.run(&["sync", "--history", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(said[0]["history"]["state"], "done", "{said}");
    assert!(said[0]["history"]["done"].as_u64().unwrap() >= messages);
    assert_eq!(served.end(), Some(0));
    bench.runtime.block_on(emulator.stop());
}

#[test]
fn the_command_reads_the_past_from_a_day_on_and_nothing_older() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let emulator = runtime.block_on(async {
        let o = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        Emulator::start(o).await.unwrap()
    });
    let base = emulator.base_url();
    let http = switchboard::provider::http::client(true, Duration::from_mins(1)).unwrap();
    let bench = Bench { runtime, http, base, said: Vec::new() };
    bench.call("kapso/plan", Some(json!({ "limit": 10_000_000 })));
    let now = jiff::Timestamp::now().as_millisecond();
    // Two months of messages, as many every day.
    let fill = json!({ "number": NUMBER, "count": 600, "people": 12, "days": 60, "newest": now - 3_600_000 });
    bench.call("kapso/fill", Some(fill));
    let home = home(&bench.base);
    // What is no day is told so at once: nothing is begun, not even a store.
    for (day, says) in
        [("2026-02-31", "2026-02-31"), ("yesterday", "yesterday"), ("31.01.2026", "31.01.2026")]
    {
        let (code, out, err) = home.run(&["sync", "--history", "--from", day]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{day}: {err}");
        assert!(err.contains("--from") && err.contains(says) && err.contains("7d"), "{day}: {err}");
    }
    let (code, _, err) = home.run(&["sync", "--from", "2026-01-31"]);
    assert!(code == Some(2) && err.contains("--history"), "{err}");
    assert!(!home.data().join("switchboard.db").exists());
    // One day in the middle; the time zone of the command is UTC.
    let from = jiff::Timestamp::from_millisecond(now - 20 * 86_400_000).unwrap();
    let day = from.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    let first = format!("{day}T00:00:00Z").parse::<jiff::Timestamp>().unwrap().as_second();
    let (code, out, err) = home.run(&["sync", "--history", "--from", &day, "--account", ACCOUNT, "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(said[0]["history"]["state"], "done", "{said}");
    let wanted = |keep: &dyn Fn(i64) -> bool| -> Vec<String> {
        let mut ids: Vec<String> =
            theirs(&bench).into_values().flatten().filter(|r| keep(r.0)).map(|r| r.1).collect();
        ids.sort();
        ids
    };
    let here = || {
        let mut ids: Vec<String> = ours(&home).into_values().flatten().map(|r| r.1).collect();
        ids.sort();
        ids
    };
    let (since, all) = (wanted(&|at| at >= first), wanted(&|_| true));
    assert!(!since.is_empty() && since.len() < all.len(), "{} of {}", since.len(), all.len());
    assert_eq!(here(), since, "all since {day}, and nothing older");
    // An earlier day brings the rest.
    let (code, _, err) = home.run(&["sync", "--history", "--from", "2020-01-01", "--account", ACCOUNT]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(here(), all);
    bench.runtime.block_on(emulator.stop());
}
