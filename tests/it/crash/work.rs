//! Those who work while the program is killed: strangers who post, operators who send. Each notes what it was told.

use crate::common::process::{ACCOUNTS, Dice, Home, Post, Urls};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use switchboard::daemon::attach;
use switchboard::model::ClientInfo;
use switchboard::model::contact::Identity;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{AccountId, MessageId};
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Request, Response};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// People who wrote to the first number, whom operators answer.
pub const GUESTS: u64 = 100;
/// People who write by posts.
const PEOPLE: u64 = 60;
/// Sends of operators between two starts: the provider takes ten a minute to one person, after a burst.
const SENDS: u64 = 40;
/// An operator looks at a message this long before writing the next one.
const LOOK: Duration = Duration::from_secs(1);
/// An operator waits this long for one answer.
const ANSWER: Duration = Duration::from_secs(30);

pub fn guest(n: u64) -> String {
    format!("4477009{n:05}")
}

/// What became of something that an operator asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The engine has it, under this id.
    Queued(MessageId),
    /// It was refused: nothing may be there.
    Refused,
    /// No answer came: it may be there or not.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Asked {
    pub told: Told,
    /// How often the operator asked to send it again.
    pub again: u64,
}

#[derive(Default)]
struct Posts {
    all: Vec<Post>,
    acked: Vec<usize>,
    /// Not answered with 200 yet: they are posted again, as the provider does.
    waiting: Vec<usize>,
    /// Acknowledged posts that were seen in the store after a later start.
    seen: usize,
}

/// The notes of everybody, and where the engine is now.
pub struct Bench {
    base: String,
    http: reqwest::Client,
    socket: PathBuf,
    urls: watch::Sender<Option<Urls>>,
    posts: Mutex<Posts>,
    pub asked: Mutex<HashMap<String, Asked>>,
    /// Posts made, acknowledged, and acknowledged again.
    pub made: AtomicU64,
    pub acked: AtomicU64,
    pub repeated: AtomicU64,
    /// Posts refused with 503.
    pub shed: AtomicU64,
    /// Answers to operators.
    pub answers: AtomicU64,
    names: AtomicU64,
    /// Sends that operators may still make until the next start.
    budget: AtomicU64,
}

impl Bench {
    pub fn new(home: &Home, base: String) -> Self {
        Self {
            base,
            http: switchboard::provider::http::client(true, Duration::from_secs(20)).unwrap(),
            socket: home.data().join("engine.sock"),
            urls: watch::Sender::new(None),
            posts: Mutex::default(),
            asked: Mutex::default(),
            made: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            shed: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            names: AtomicU64::new(0),
            budget: AtomicU64::new(0),
        }
    }

    fn posts(&self) -> MutexGuard<'_, Posts> {
        self.posts.lock().unwrap()
    }

    pub fn open(&self, urls: &Urls) {
        self.budget.store(SENDS, Ordering::Relaxed);
        self.urls.send_replace(Some(urls.clone()));
    }

    pub fn close(&self) {
        self.urls.send_replace(None);
    }

    pub async fn control(&self, what: &str, body: Value) -> Value {
        let answer =
            self.http.post(format!("{}/control/{what}", self.base)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}");
        answer.json().await.unwrap()
    }

    pub async fn look(&self, what: &str) -> Value {
        let answer = self.http.get(format!("{}/control/{what}", self.base)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Every acknowledged post, with its number.
    pub fn acknowledged(&self) -> Vec<Post> {
        let posts = self.posts();
        posts.acked.iter().map(|i| posts.all[*i].clone()).collect()
    }

    /// Guests whose threads are there.
    pub fn guests(home: &Home) -> u64 {
        if !home.data().join("switchboard.db").exists() {
            return 0;
        }
        let sql = "SELECT count(*) FROM threads WHERE title LIKE 'Guest %' AND window_until > 0";
        let n: i64 = home.store().query_row(sql, [], |r| r.get(0)).unwrap();
        u64::try_from(n).unwrap()
    }

    pub fn outbox_is_empty(home: &Home) -> bool {
        let sql = "SELECT count(*) FROM outbox WHERE state IN ('queued','sending')";
        home.store().query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap() == 0
    }

    /// Everything that was acknowledged before this start is in the store now.
    pub fn notice_new(&self, home: &Home) {
        let mut posts = self.posts();
        let store = home.store();
        let mut find = store.prepare("SELECT count(*) FROM messages WHERE uid = ?1").unwrap();
        for at in &posts.acked[posts.seen..] {
            let post = &posts.all[*at];
            for id in &post.ids {
                let key = MessageId::of_provider(&AccountId::new(ACCOUNTS[post.account]), id);
                let n: i64 = find.query_row([key.0], |r| r.get(0)).unwrap();
                assert_eq!(n, 1, "{id} was acknowledged");
            }
        }
        posts.seen = posts.acked.len();
    }

    /// A post to make: one that was not acknowledged, or a new one.
    fn next(&self, line: u64, dice: &mut Dice) -> (usize, Post) {
        let mut posts = self.posts();
        let at = posts.waiting.pop().unwrap_or_else(|| {
            let n = posts.all.len();
            let account = dice.below(ACCOUNTS.len() as u64) as usize;
            let name = format!("P{line}.{n}");
            let post = Post::texts(&name, account, 1 + dice.below(5), PEOPLE, dice, 0);
            posts.all.push(post);
            n
        });
        (at, posts.all[at].clone())
    }

    /// Posts once; true for 200.
    async fn post(&self, urls: &Urls, post: &Post) -> bool {
        self.made.fetch_add(1, Ordering::Relaxed);
        let url = &urls[ACCOUNTS[post.account]];
        let request = self
            .http
            .post(url)
            .header("x-hub-signature-256", &post.signature)
            .header("content-type", "application/json")
            .body(post.body.clone());
        match request.send().await {
            Ok(answer) if answer.status() == 200 => true,
            Ok(answer) if answer.status() == 503 => {
                self.shed.fetch_add(1, Ordering::Relaxed);
                false
            }
            // Another listener may have got the port in between; but it must not call us a liar.
            Ok(answer) => panic!("a good post was answered with {}", answer.status()),
            Err(_) => false,
        }
    }

    /// Posts everything that was not acknowledged.
    pub async fn post_again(&self) {
        let urls = self.urls.borrow().clone().unwrap();
        let waiting = std::mem::take(&mut self.posts().waiting);
        for at in waiting {
            let post = self.posts().all[at].clone();
            let start = std::time::Instant::now();
            while !self.post(&urls, &post).await {
                assert!(start.elapsed() < ANSWER, "a post is not taken");
            }
            self.posts().acked.push(at);
        }
    }

    /// A new text with a number that no other has.
    fn text(&self, who: &str) -> String {
        format!("{who} {}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    fn note(&self, text: &str, told: Told) {
        let mut asked = self.asked.lock().unwrap();
        asked.entry(text.to_owned()).and_modify(|a| a.told = told).or_insert(Asked { told, again: 0 });
    }

    /// One send by `switchboard send`; its exit code says what it knows.
    pub fn send_by_command(&self, command: &mut std::process::Command) {
        let text = self.text("command");
        self.note(&text, Told::Nothing);
        let n = self.names.load(Ordering::Relaxed) % GUESTS;
        let to = format!("+{}", guest(n));
        let args = ["send", &to, "--account", ACCOUNTS[0], "--text", &text, "--json", "--timeout", "3s"];
        let out = command.args(args).output().unwrap();
        if out.status.code() == Some(0) {
            let message: Value = serde_json::from_slice(&out.stdout).unwrap();
            self.note(&text, Told::Queued(message["id"].as_str().unwrap().parse().unwrap()));
        }
    }
}

/// Waits for an engine; `None` when the work is over.
async fn engine(bench: &Bench, stop: &CancellationToken) -> Option<Urls> {
    let mut urls = bench.urls.subscribe();
    tokio::select! {
        () = stop.cancelled() => None,
        found = urls.wait_for(Option::is_some) => found.ok()?.clone(),
    }
}

/// A line of the provider's: posts, posts again what was not taken, and now and then what was taken.
pub async fn post(bench: std::sync::Arc<Bench>, stop: CancellationToken, line: u64, mut dice: Dice) {
    while let Some(urls) = engine(&bench, &stop).await {
        let (at, post) = bench.next(line, &mut dice);
        if !bench.post(&urls, &post).await {
            bench.posts().waiting.push(at);
            // Nobody there: let the rest of this process run.
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        bench.posts().acked.push(at);
        bench.acked.fetch_add(1, Ordering::Relaxed);
        if dice.below(20) == 0 && bench.post(&urls, &post).await {
            bench.repeated.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// An operator: sends to guests, sends again what is unknown, marks read.
pub async fn operate(bench: std::sync::Arc<Bench>, stop: CancellationToken, n: u64, mut dice: Dice) {
    while engine(&bench, &stop).await.is_some() {
        let Ok(connection) = attach(&bench.socket, &ClientInfo::default()).await else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        let mut client = Client::new(connection);
        let mut mine: Vec<(String, MessageId)> = Vec::new();
        let mut open = bench.urls.subscribe();
        while !stop.is_cancelled() {
            let spend = |left: u64| left.checked_sub(1);
            if bench.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
                // Enough for now: wait for the next engine.
                let _ = tokio::select! {
                    () = stop.cancelled() => return,
                    changed = open.wait_for(Option::is_none) => changed.map(|_| ()),
                };
                break;
            }
            let text = bench.text(&format!("operator-{n}"));
            bench.note(&text, Told::Nothing);
            let to = Recipient::Identity { identity: Identity::phone(guest(dice.below(GUESTS))) };
            let account = Some(AccountId::new(ACCOUNTS[0]));
            let content = Outgoing::text(text.clone());
            let request = Request::Send { account, to, content, quote: None, at: None };
            let told = match tokio::time::timeout(ANSWER, client.ask(request)).await {
                Ok(Ok(Response::Queued { message, .. })) => Told::Queued(message),
                Ok(Ok(other)) => panic!("{other:?}"),
                Ok(Err(problem)) if problem.kind == "engine_gone" => break,
                Ok(Err(problem)) => {
                    assert!(["stopping", "engine", "store"].contains(&problem.kind.as_str()), "{problem:?}");
                    Told::Refused
                }
                Err(tokio::time::error::Elapsed { .. }) => panic!("an operator waits in vain"),
            };
            bench.note(&text, told);
            bench.answers.fetch_add(1, Ordering::Relaxed);
            if let Told::Queued(id) = told {
                mine.push((text, id));
                let _ = tokio::time::timeout(LOOK, watch_it(&mut client, id)).await;
            }
            // Now and then an operator looks at an older one and sends it again if nobody knows its fate.
            if dice.below(4) == 0
                && let Some((text, id)) = mine.get(dice.below(mine.len() as u64) as usize).cloned()
                && !again(&bench, &mut client, &text, id).await
            {
                break;
            }
        }
    }
}

/// Waits until a message has two ticks, or has failed.
async fn watch_it(client: &mut Client, id: MessageId) {
    loop {
        let Ok(Response::MessageRows(rows)) = client.ask(Request::MessageRows { ids: vec![id] }).await else {
            return;
        };
        let waits = |s: &str| ["queued", "sending", "accepted", "sent"].contains(&s);
        if !rows.first().is_some_and(|m| waits(m.state.as_str())) || client.update().await.is_none() {
            return;
        }
    }
}

/// Sends a message again if it is unknown or failed; false when the engine is gone.
async fn again(bench: &Bench, client: &mut Client, text: &str, id: MessageId) -> bool {
    let Ok(Response::MessageRows(rows)) = client.ask(Request::MessageRows { ids: vec![id] }).await else {
        return false;
    };
    let state = rows.first().map(|m| m.state.as_str().to_owned()).unwrap_or_default();
    if !["unknown", "failed"].contains(&state.as_str()) {
        return true;
    }
    if let Some(asked) = bench.asked.lock().unwrap().get_mut(text) {
        asked.again += 1;
    }
    match client.ask(Request::Retry { message: id }).await {
        Ok(_) => true,
        Err(problem) => problem.kind != "engine_gone",
    }
}
