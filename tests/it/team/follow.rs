//! `follow`: nothing is missed, whatever stops.

use super::house::{DEADLINE, House, Running};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::Instant;

/// What `follow --once` prints.
fn once(house: &House, extra: &[&str]) -> Vec<Value> {
    let file = house.path("cursor").display().to_string();
    let mut args = vec!["follow", "--json", "--once", "--cursor-file", &file];
    args.extend(extra);
    let p = house.run(&args);
    assert_eq!(p.code, 0, "{p:?}");
    p.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// What there is to follow, until it is as wanted.
fn gather(house: &House, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let start = Instant::now();
    let mut all = Vec::new();
    while !wanted(&all) {
        assert!(start.elapsed() < DEADLINE, "{all:#?}");
        all.extend(once(house, &[]));
    }
    all
}

fn texts(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .filter(|l| l["kind"] == "message")
        .filter_map(|l| l["message"]["body"]["text"].as_str())
        .collect()
}

#[test]
fn every_change_is_one_line_and_the_next_start_goes_on_after_it() {
    let house = House::open("");
    let engine = house.serve();
    house.connected();
    // A new cursor begins now.
    assert_eq!(once(&house, &[]), Vec::<Value>::new());
    house.say("marta", "Oi $(touch /tmp/x) `id`");
    let lines = gather(&house, |l| !l.is_empty());
    assert_eq!(texts(&lines), ["Oi $(touch /tmp/x) `id`"]);
    assert_eq!(
        (lines[0]["actor"].as_str(), lines[0]["state"].as_str()),
        (Some("provider"), Some("received"))
    );
    assert_eq!(lines[0]["thread"]["title"], "Marta Souza");
    // What an operator does: a reply with its ticks, a note, an assignment.
    for args in [
        &["send", "Marta Souza", "--text", "Sai hoje", "--wait", "read"][..],
        &["notes", "add", "Marta Souza", "carrier is late"],
        &["threads", "assign", "--to", "bo", "Marta Souza"],
    ] {
        let p = house.run(args);
        assert_eq!(p.code, 0, "{p:?}");
    }
    let lines = gather(&house, |l| l.iter().any(|l| l["action"] == "thread_assigned"));
    assert_eq!(texts(&lines), ["Sai hoje", "carrier is late"]);
    let states: Vec<&str> = lines
        .iter()
        .filter(|l| l["kind"] == "message_changed" && l["message"]["body"]["text"] == "Sai hoje")
        .filter_map(|l| l["state"].as_str())
        .collect();
    assert!(states.contains(&"accepted") && states.last() == Some(&"read"), "{states:?}");
    let assigned = lines.iter().find(|l| l["action"] == "thread_assigned").unwrap();
    assert_eq!(
        (assigned["kind"].as_str(), assigned["thread"]["handling"]["assignee"].as_str()),
        (Some("thread"), Some("bo"))
    );
    let cursors: Vec<u64> = lines.iter().filter_map(|l| l["cursor"].as_u64()).collect();
    assert!(cursors.is_sorted_by(|a, b| a < b), "{cursors:?}");
    // Nothing comes twice, also by another engine.
    assert_eq!(once(&house, &[]), Vec::<Value>::new());
    engine.end();
    let engine = house.serve();
    assert_eq!(once(&house, &[]), Vec::<Value>::new());
    // A cursor of another database is no beginning.
    fs::write(house.path("cursor"), "switchboard feed 999999\n").unwrap();
    let file = house.path("cursor").display().to_string();
    let p = house.run(&["follow", "--once", "--cursor-file", &file]);
    assert!(p.code != 0 && p.err.contains("another database"), "{p:?}");
    fs::write(house.path("cursor"), "my shopping list\n").unwrap();
    let p = house.run(&["follow", "--once", "--cursor-file", &file]);
    assert!(p.code == 2 && p.err.contains("no cursor file"), "{p:?}");
    assert_eq!(fs::read_to_string(house.path("cursor")).unwrap(), "my shopping list\n");
    engine.end();
}

#[test]
fn a_command_gets_each_line_and_one_that_fails_gets_it_again() {
    let house = House::open("");
    let engine = house.serve();
    house.connected();
    once(&house, &[]);
    for text in ["one", "two", "three"] {
        house.say("marta", text);
    }
    let start = Instant::now();
    while house.run(&["messages", "Marta Souza"]).out.matches("three").count() == 0 {
        assert!(start.elapsed() < DEADLINE);
    }
    let file = house.path("cursor").display().to_string();
    let seen = house.path("seen");
    // It fails at the second message, once.
    let command = format!(
        "line=$(cat); case $line in *'\"two\"'*) if [ ! -e {0}.broken ]; then : > {0}.broken; exit 3; fi;; esac; printf '%s\\n' \"$line\" >> {0}",
        seen.display()
    );
    let follow = || house.run(&["follow", "--once", "--cursor-file", &file, "--exec", &command]);
    let said = || {
        let text = fs::read_to_string(&seen).unwrap();
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        texts(&lines).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let p = follow();
    assert!(p.code == 1 && p.err.contains("the command failed") && p.err.contains('3'), "{p:?}");
    assert_eq!(said(), ["one"]);
    let p = follow();
    assert_eq!(p.code, 0, "{p:?}");
    assert_eq!(said(), ["one", "two", "three"]);
    engine.end();
}

fn lines_of(child: &mut Child) -> std::sync::mpsc::Receiver<String> {
    let (tx, rx) = std::sync::mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if tx.send(line).is_err() {
                return;
            }
        }
    });
    rx
}

#[test]
fn a_follower_stays_through_a_restart_and_is_killed_without_a_loss() {
    let house = House::open("");
    let engine = house.serve();
    house.connected();
    once(&house, &[]);
    let file = house.path("cursor").display().to_string();
    let mut follower = house.spawn(&["follow", "--json", "--cursor-file", &file]);
    let lines = lines_of(&mut follower);
    let mut seen: Vec<Value> = Vec::new();
    let mut wait = |text: &str| {
        while !texts(&seen).contains(&text) {
            seen.push(serde_json::from_str(&lines.recv_timeout(DEADLINE).expect("a line")).unwrap());
        }
        texts(&seen).iter().filter(|t| **t == text).count()
    };
    house.say("marta", "before");
    assert_eq!(wait("before"), 1);
    engine.end();
    let engine = house.serve();
    house.connected();
    house.say("marta", "after");
    assert_eq!((wait("after"), wait("before")), (1, 1));
    // Killed without a word; what comes meanwhile is there for the next one.
    follower.kill().unwrap();
    follower.wait().unwrap();
    house.say("marta", "meanwhile");
    let rest = gather(&house, |l| texts(l).contains(&"meanwhile"));
    assert!(!texts(&rest).contains(&"before"), "{rest:?}");
    engine.end();
}

#[test]
fn a_stopped_follower_slows_nobody_and_misses_nothing() {
    let house = House::open("");
    let engine = house.serve();
    house.connected();
    once(&house, &[]);
    let file = house.path("cursor").display().to_string();
    let mut follower = Running(house.spawn(&["follow", "--json", "--cursor-file", &file]));
    let lines = lines_of(&mut follower.0);
    house.say("marta", "first");
    let first: Value = serde_json::from_str(&lines.recv_timeout(DEADLINE).unwrap()).unwrap();
    assert_eq!(texts(std::slice::from_ref(&first)), ["first"]);
    follower.signal("STOP");
    for n in 0..40 {
        house.say("marta", &format!("while stopped {n}"));
    }
    let start = Instant::now();
    while !house.run(&["messages", "Marta Souza"]).out.contains("while stopped 39") {
        assert!(start.elapsed() < DEADLINE, "others wait for the stopped one");
    }
    follower.signal("CONT");
    let mut seen: Vec<Value> = vec![first];
    while !texts(&seen).contains(&"while stopped 39") {
        seen.push(serde_json::from_str(&lines.recv_timeout(DEADLINE).expect("a line")).unwrap());
    }
    let wanted: Vec<String> = (0..40).map(|n| format!("while stopped {n}")).collect();
    assert_eq!(texts(&seen)[1..], wanted.iter().map(String::as_str).collect::<Vec<_>>());
    drop(follower);
    engine.end();
}
