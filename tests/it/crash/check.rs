//! The comparison: what was promised, what the provider knows, and what the store says.

use super::work::{Bench, Told};
use crate::common::process::{ACCOUNTS, Home};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;
use switchboard::emulator::DEMO_NUMBERS;
use switchboard::model::ids::{AccountId, MessageId};

/// The states that a webhook tells, from the least to the most.
const TOLD: [&str; 5] = ["accepted", "sent", "delivered", "read", "played"];

/// What the provider knows.
pub struct Truth {
    /// Sends it took, by their text.
    sends: HashMap<String, Vec<Value>>,
    taken: usize,
    /// Messages of customers that a webhook told of: account and id.
    inbound: Vec<(usize, String)>,
    pub faults: Value,
    pub forged_taken: u64,
}

impl Truth {
    pub async fn ask(bench: &Bench) -> Self {
        let mut sends: HashMap<String, Vec<Value>> = HashMap::new();
        let list = bench.look("messages").await["messages"].as_array().unwrap().clone();
        let taken = list.len();
        for send in list {
            let text = send["body"]["text"]["body"].as_str().unwrap().to_owned();
            sends.entry(text).or_default().push(send);
        }
        let inbound = bench.look("inbound").await["messages"]
            .as_array()
            .unwrap()
            .iter()
            // A reaction is no message of its own.
            .filter(|m| m["told"] == true && m["type"] != "reaction")
            .map(|m| {
                let account = DEMO_NUMBERS.iter().position(|n| m["number"] == *n).unwrap();
                (account, m["wamid"].as_str().unwrap().to_owned())
            })
            .collect();
        let state = bench.look("state").await;
        assert_eq!(state["counts"]["accepted"], taken, "the emulator forgot some: raise what it keeps");
        Self {
            sends,
            taken,
            inbound,
            faults: state["faults"].clone(),
            forged_taken: state["counts"]["forged_taken"].as_u64().unwrap(),
        }
    }
}

/// Compares everything; gives the figures. Fails with every untruth that was found.
pub fn everything(home: &Home, bench: &Bench, truth: &Truth) -> String {
    let store = home.store();
    let whole: String = store.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let mut lies: Vec<String> = Vec::new();

    // What was acknowledged is there once.
    let mut st = store.prepare("SELECT m.uid, count(*) FROM messages m GROUP BY m.uid").unwrap();
    let stored: HashMap<Vec<u8>, i64> =
        st.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
    let posts = bench.acknowledged();
    let key =
        |account: usize, id: &str| MessageId::of_provider(&AccountId::new(ACCOUNTS[account]), id).0.to_vec();
    let mut messages = 0;
    for post in &posts {
        for id in &post.ids {
            messages += 1;
            if stored.get(&key(post.account, id)) != Some(&1) {
                lies.push(format!(
                    "{id} was acknowledged and is stored {:?} times",
                    stored.get(&key(post.account, id))
                ));
            }
        }
    }
    let mut st = store
        .prepare(
            "SELECT t.account_id, m.provider_id, count(*) FROM messages m JOIN threads t ON t.id = m.thread_id \
             WHERE m.inbound = 1 AND m.provider_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1",
        )
        .unwrap();
    let doubled: Vec<String> = st.query_map([], |r| r.get(1)).unwrap().map(Result::unwrap).collect();
    lies.extend(doubled.into_iter().map(|id| format!("{id} is stored twice")));
    for (account, id) in &truth.inbound {
        if stored.get(&key(*account, id)) != Some(&1) {
            lies.push(format!("the provider's {id} was acknowledged and is not stored"));
        }
    }
    // The raw body of each as well.
    let mut st = store.prepare("SELECT body FROM webhooks").unwrap();
    let raw: HashSet<Vec<u8>> = st.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    lies.extend(
        posts
            .iter()
            .filter(|p| !raw.contains(&p.body))
            .map(|p| format!("the raw post of {} is gone", p.ids[0])),
    );

    let states = sends(&store, bench, truth, &mut lies);
    assert!(lies.is_empty(), "{} untruths:\n{}", lies.len(), lies.join("\n"));
    let count = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
    format!(
        "posts made {}, acknowledged {} ({messages} messages, all stored once), acknowledged again {}, shed {}\n\
         webhooks of the provider: {} customers' messages told, all stored once\n\
         sends asked {}, taken by the provider {}, states in the end {states:?}",
        count(&bench.made),
        posts.len(),
        count(&bench.repeated),
        count(&bench.shed),
        truth.inbound.len(),
        bench.asked.lock().unwrap().len(),
        truth.taken,
    )
}

/// Every send against the provider's knowledge. Gives how many ended in which state.
fn sends(
    store: &rusqlite::Connection,
    bench: &Bench,
    truth: &Truth,
    lies: &mut Vec<String>,
) -> BTreeMap<String, u64> {
    let mut st = store.prepare("SELECT uid, text, state FROM messages WHERE inbound = 0").unwrap();
    let rows: Vec<(Vec<u8>, String, String)> =
        st.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap().map(Result::unwrap).collect();
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    let mut shown: HashMap<&str, (&[u8], &str)> = HashMap::new();
    for (uid, text, state) in &rows {
        *states.entry(state.clone()).or_default() += 1;
        if shown.insert(text, (uid, state)).is_some() {
            lies.push(format!("'{text}' is in the store twice"));
        }
    }
    let asked = bench.asked.lock().unwrap();
    for (text, asked) in asked.iter() {
        let row = shown.get(text.as_str());
        match (asked.told, row) {
            (Told::Queued(id), Some((uid, _))) if *uid == id.0 => {}
            (Told::Queued(_), other) => lies.push(format!("'{text}' was promised and is {other:?}")),
            (Told::Refused, Some(_)) => lies.push(format!("'{text}' was refused and is there")),
            (Told::Refused | Told::Nothing, _) => {}
        }
        let taken = truth.sends.get(text).map_or(&[][..], Vec::as_slice);
        if taken.len() as u64 > 1 + asked.again {
            lies.push(format!("'{text}' was sent {} times, asked {} times", taken.len(), 1 + asked.again));
        }
        let Some((_, state)) = row else {
            if !taken.is_empty() {
                lies.push(format!("'{text}' was sent and is not in the store"));
            }
            continue;
        };
        judge(text, state, asked.again, taken, lies);
    }
    for text in truth.sends.keys().filter(|t| !asked.contains_key(*t)) {
        lies.push(format!("'{text}' was sent and nobody asked for it"));
    }
    states
}

/// Whether a state is true, given what the provider took and told.
fn judge(text: &str, state: &str, again: u64, taken: &[Value], lies: &mut Vec<String>) {
    let told = |send: &Value| {
        let list = send["statuses"].as_array().unwrap().iter();
        let words = list.filter(|s| s["told"] == true).filter_map(|s| s["status"].as_str());
        words.filter_map(|w| TOLD.iter().position(|t| *t == w)).max()
    };
    let failed = |send: &Value| send["statuses"].as_array().unwrap().iter().any(|s| s["status"] == "failed");
    let best = taken.iter().filter_map(told).max();
    let wrong = match state {
        "queued" | "sending" => Some("nothing moves any more".to_owned()),
        "failed" | "cancelled" => {
            (taken.iter().any(|t| !failed(t)) && again == 0).then(|| "it was taken".to_owned())
        }
        // A later attempt may be unknown although an earlier one arrived.
        "unknown" => (best.is_some() && again == 0).then(|| "a status told of it".to_owned()),
        other => match TOLD.iter().position(|t| *t == other) {
            None => Some("nobody knows this state".to_owned()),
            Some(_) if taken.is_empty() => Some("the provider never saw it".to_owned()),
            Some(place) if again == 0 && place != best.unwrap_or(0) => {
                Some(format!("the provider told {}", TOLD[best.unwrap_or(0)]))
            }
            Some(_) => None,
        },
    };
    if let Some(why) = wrong {
        lies.push(format!(
            "'{text}' is {state}, but {why} (taken {} times, asked again {again})",
            taken.len()
        ));
    }
}
