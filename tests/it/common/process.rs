//! The real program as a process: a folder with a configuration, `serve` in it, and posts of signed webhooks.

use super::private_dir;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use switchboard::emulator::{DEMO_ACCESS_TOKEN, DEMO_ACCOUNT, DEMO_APP_SECRET, DEMO_NUMBERS};
use switchboard::provider::meta::webhook::sign;

/// The accounts of the configuration, in the order of the emulator's numbers.
pub const ACCOUNTS: [&str; 3] = ["support", "sales", "lojas"];
/// Longest wait for a condition that involves whole processes.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Looks again and again until `done` gives something; fails with `what` when it takes far too long.
pub fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "did not happen in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Numbers that only depend on a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

/// The value of an environment variable that scales a test, or what a normal run uses.
pub fn scale(name: &str, normal: u64) -> u64 {
    std::env::var(name).map_or(normal, |text| {
        text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name} is no number"))
    })
}

/// A folder with a configuration for an emulator at `api_base`.
pub struct Home {
    dir: tempfile::TempDir,
    config: PathBuf,
}

impl Home {
    pub fn new(api_base: &str, accounts: usize) -> Self {
        use std::fmt::Write as _;
        use std::os::unix::fs::PermissionsExt;
        let dir = private_dir();
        let secrets = [
            ("access_token", DEMO_ACCESS_TOKEN),
            ("app_secret", DEMO_APP_SECRET),
            ("verify_token", "it-verify"),
        ];
        let mut text = String::from("data_dir = \"data\"\n[listener]\nbind = \"127.0.0.1:0\"\n");
        for (name, value) in secrets {
            let file = dir.path().join(name);
            std::fs::write(&file, value).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        for (id, number) in ACCOUNTS.iter().zip(DEMO_NUMBERS).take(accounts) {
            write!(
                text,
                "[[accounts]]\nid = \"{id}\"\nname = \"{id}\"\nprovider = \"meta\"\nenvironment = \"development\"\n\
                 phone_number_id = \"{number}\"\nwaba_id = \"{DEMO_ACCOUNT}\"\napi_base = \"{api_base}\"\nsubscribe = true\n"
            )
            .unwrap();
            for (name, _) in secrets {
                writeln!(text, "{name} = {{ file = \"{name}\" }}").unwrap();
            }
        }
        let config = dir.path().join("config.toml");
        std::fs::write(&config, text).unwrap();
        Self { dir, config }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn config(&self) -> &Path {
        &self.config
    }

    pub fn program(&self) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        c.env_clear().env("HOME", self.path()).env("TZ", "UTC").env("SWITCHBOARD_UNDO_SECONDS", "0");
        c.stdin(Stdio::null()).arg("--config").arg(&self.config);
        c
    }

    /// Runs a command to its end: exit code, output, errors.
    pub fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let out = self.program().args(args).output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        (out.status.code(), text(out.stdout), text(out.stderr))
    }

    /// The store, for looking only.
    pub fn store(&self) -> rusqlite::Connection {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = rusqlite::Connection::open_with_flags(self.data().join("switchboard.db"), flags).unwrap();
        conn.busy_timeout(Duration::from_secs(20)).unwrap();
        conn
    }
}

/// Webhook addresses by account.
pub type Urls = BTreeMap<String, String>;

/// A running `serve`.
pub struct Served {
    child: Child,
    urls: Arc<Mutex<Option<Urls>>>,
    errors: Arc<Mutex<String>>,
}

impl Served {
    /// Starts without waiting for anything.
    pub fn start(home: &Home) -> Self {
        let mut command = home.program();
        let mut child =
            command.args(["serve", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let urls = Arc::new(Mutex::new(None));
        let errors = Arc::new(Mutex::new(String::new()));
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (said, complained) = (urls.clone(), errors.clone());
        std::thread::spawn(move || {
            let mut documents = serde_json::Deserializer::from_reader(&mut out).into_iter::<Value>();
            if let Some(Ok(first)) = documents.next() {
                let list = first["accounts"].as_array().unwrap().iter();
                let found = list.filter_map(|a| {
                    Some((a["account"].as_str()?.to_owned(), a["webhook"].as_str()?.to_owned()))
                });
                *said.lock().unwrap() = Some(found.collect());
            }
            drop(documents);
            let _ = std::io::copy(&mut out, &mut std::io::sink());
        });
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            complained.lock().unwrap().push_str(&text);
        });
        Self { child, urls, errors }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where webhooks go, once it says so.
    pub fn urls(&self) -> Option<Urls> {
        self.urls.lock().unwrap().clone()
    }

    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn errors(&self) -> String {
        self.errors.lock().unwrap().clone()
    }

    /// SIGTERM, without waiting.
    pub fn ask_to_end(&self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// SIGTERM, and the exit code.
    pub fn end(mut self) -> Option<i32> {
        self.ask_to_end();
        until("the engine ends", || self.child.try_wait().unwrap()).code()
    }

    /// SIGKILL. Says whether there was still something to kill.
    pub fn kill(mut self) -> bool {
        let alive = self.child.try_wait().unwrap().is_none();
        let _ = self.child.kill();
        let _ = self.child.wait();
        alive
    }

    /// CPU time used so far, in microseconds.
    pub fn cpu(&self) -> u64 {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{}/task", self.pid())) else { return u64::MAX };
        tasks
            .filter_map(Result::ok)
            .filter_map(|t| std::fs::read_to_string(t.path().join("schedstat")).ok())
            .filter_map(|s| s.split(' ').next()?.parse::<u64>().ok())
            .sum::<u64>()
            / 1000
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Memory of a process's own, in kilobytes.
pub fn memory_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// A webhook with texts of customers, as the provider writes and signs it.
#[derive(Clone, Debug)]
pub struct Post {
    /// Index in [`ACCOUNTS`].
    pub account: usize,
    pub ids: Vec<String>,
    pub body: Vec<u8>,
    pub signature: String,
}

impl Post {
    /// `messages` texts; ids begin with `name`, which must be new. `padding` more bytes in each text.
    pub fn texts(
        name: &str,
        account: usize,
        messages: u64,
        people: u64,
        dice: &mut Dice,
        padding: usize,
    ) -> Self {
        const WORDS: [&str; 12] = [
            "order",
            "the",
            "please",
            "refund",
            "address",
            "café",
            "中文",
            "👍",
            "مرحبا",
            "invoice",
            "size",
            "pedido",
        ];
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (mut contacts, mut list, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..messages {
            let who = dice.below(people);
            let (phone, user) = (format!("4915{who:09}"), format!("DE.{who:018}"));
            let words: Vec<&str> =
                (0..3 + dice.below(9)).map(|_| WORDS[dice.below(WORDS.len() as u64) as usize]).collect();
            let text = format!("{} {}", words.join(" "), "x".repeat(padding));
            let id = format!("wamid.{name}.{n}");
            contacts.push(
                json!({"profile": {"name": format!("Customer {who}")}, "wa_id": phone, "user_id": user}),
            );
            list.push(json!({"from": phone, "from_user_id": user, "id": id, "timestamp": now.to_string(),
                "type": "text", "text": {"body": text.trim_end()}}));
            ids.push(id);
        }
        let value = json!({"messaging_product": "whatsapp", "contacts": contacts, "messages": list,
            "metadata": {"display_phone_number": "15550102030", "phone_number_id": DEMO_NUMBERS[account]}});
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": DEMO_ACCOUNT,
            "changes": [{"field": "messages", "value": value}]}]})
        .to_string()
        .into_bytes();
        let signature = sign(DEMO_APP_SECRET.as_bytes(), &body);
        Self { account, ids, body, signature }
    }

    /// The same with so many blanks at its end.
    pub fn padded(mut self, blanks: usize) -> Self {
        self.body.resize(self.body.len() + blanks, b' ');
        self.signature = sign(DEMO_APP_SECRET.as_bytes(), &self.body);
        self
    }
}
