//! The real program as processes: the emulator, an engine, commands, and a screen in a pseudo-terminal.

use super::vt;
use crate::common::private_dir;
use portable_pty::{Child as PtyChild, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use switchboard::provider::meta::webhook::sign;

const DEADLINE: Duration = Duration::from_mins(1);

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a command printed.
pub struct Printed {
    pub code: i32,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Printed {
    pub fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }
}

/// An emulator on which nothing happens by itself, and an engine that listens.
pub struct House {
    home: tempfile::TempDir,
    config: PathBuf,
    env: Vec<(String, String)>,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    pub base: String,
    hook: String,
    _engine: Running,
    _emulator: Running,
}

fn json_line(child: &mut Child) -> Value {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    serde_json::from_str(&first).unwrap_or_else(|e| panic!("{e}: {first:?}"))
}

/// The number of the emulator's Kapso project that is connected from the start.
pub const KAPSO_NUMBER: &str = "110987654321040";

fn kapso_section(home: &std::path::Path, id: &str, base: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    for (name, value) in
        [("api_key", switchboard::emulator::DEMO_KAPSO_KEY), ("webhook_secret", "wh_sec_it_0123456789")]
    {
        let file = home.join(name);
        std::fs::write(&file, value).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    format!(
        "\n[[accounts]]\nid = \"{id}\"\nname = \"Tienda\"\nprovider = \"kapso\"\nenvironment = \"development\"\n\
         phone_number_id = \"{KAPSO_NUMBER}\"\nwaba_id = \"220033440055123\"\napi_base = \"{base}\"\nsubscribe = true\n\
         api_key = {{ file = \"api_key\" }}\nwebhook_secret = {{ file = \"webhook_secret\" }}\n"
    )
}

impl House {
    pub fn open() -> Self {
        Self::with(None)
    }

    /// The same with the number of Kapso's project that is connected from the start, by this account.
    pub fn with_kapso(account: &str) -> Self {
        Self::with(Some(account))
    }

    fn with(kapso: Option<&str>) -> Self {
        let home = private_dir();
        let program = || {
            let mut c = Command::new(env!("CARGO_BIN_EXE_switchboard"));
            c.env_clear()
                .env("HOME", home.path())
                .env("TZ", "UTC")
                .stdin(Stdio::null())
                .stdout(Stdio::piped());
            c
        };
        let mut c = program();
        c.args(["emulate", "--json", "--bind", "127.0.0.1:0", "--speed", "20", "--no-play"]);
        let mut emulator = Running(c.spawn().unwrap());
        let said = json_line(&mut emulator.0);
        let base = said["api_base"].as_str().unwrap().to_owned();
        let env: Vec<(String, String)> = said["env"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
            .collect();
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
        let mut text = std::fs::read_to_string(example)
            .unwrap()
            .replace("http://127.0.0.1:9099", &base)
            .replace("# bind = \"127.0.0.1:8080\"", "bind = \"127.0.0.1:0\"")
            .replace("# data_dir = \"~/.local/share/switchboard\"", "data_dir = \"data\"");
        if let Some(id) = kapso {
            text.push_str(&kapso_section(home.path(), id, &base));
        }
        let config = home.path().join("config.toml");
        std::fs::write(&config, text).unwrap();
        let mut c = program();
        c.envs(env.iter().cloned()).env("SWITCHBOARD_LOG", "trace");
        c.arg("--config").arg(&config).args(["serve", "--json"]);
        let mut engine = Running(c.spawn().unwrap());
        let said = json_line(&mut engine.0);
        let hook = said["accounts"][0]["webhook"].as_str().unwrap().to_owned();
        let http = switchboard::provider::http::client(true, Duration::from_secs(20)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { home, config, env, http, runtime, base, hook, _engine: engine, _emulator: emulator }
    }

    /// Posts a body as the provider does: signed, over HTTP.
    pub fn post(&self, body: &[u8]) {
        let secret = self.env.iter().find(|(k, _)| k == "SWITCHBOARD_APP_SECRET").unwrap();
        let signature = sign(secret.1.as_bytes(), body);
        let request = self.http.post(&self.hook).header("X-Hub-Signature-256", signature);
        let request = request.body(body.to_vec());
        let status = self.runtime.block_on(async { request.send().await }).unwrap().status();
        assert_eq!(status.as_u16(), 200, "{}", String::from_utf8_lossy(&body[..body.len().min(600)]));
    }

    /// Calls the emulator as somebody else does who has the same token.
    pub fn call(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        let request = request.bearer_auth(switchboard::emulator::DEMO_ACCESS_TOKEN);
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let body: Value = answer.json().await.unwrap();
            assert!(status.is_success(), "{path}: {body}");
            body
        })
    }

    /// Calls the emulator's Kapso as somebody else does who has the same key.
    pub fn call_kapso(&self, method: &str, path: &str, body: &Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base)).json(body);
        let request = request.header("X-API-Key", switchboard::emulator::DEMO_KAPSO_KEY);
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            assert!(status.is_success(), "{path}: {text}");
            serde_json::from_str(&text).unwrap_or_default()
        })
    }

    /// What the emulator got to send.
    pub fn accepted(&self) -> Vec<Value> {
        let url = format!("{}/control/messages", self.base);
        let body: Value =
            self.runtime.block_on(async { self.http.get(url).send().await.unwrap().json().await.unwrap() });
        body["messages"].as_array().unwrap().clone()
    }

    fn arguments(&self, args: &[&str]) -> Vec<String> {
        let mut all = vec!["--config".to_owned(), self.config.display().to_string()];
        all.extend(args.iter().map(|a| (*a).to_owned()));
        all
    }

    /// Runs a command; what it prints must be safe for a terminal.
    pub fn run(&self, args: &[&str]) -> Printed {
        let mut c = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        c.env_clear().env("HOME", self.home.path()).env("TZ", "UTC").stdin(Stdio::null());
        let out = c.envs(self.env.iter().cloned()).args(self.arguments(args)).output().unwrap();
        for stream in [&out.stdout, &out.stderr] {
            vt::read_lines(stream, false).unwrap_or_else(|e| panic!("{args:?}: {e}"));
        }
        Printed { code: out.status.code().unwrap(), out: out.stdout, err: out.stderr }
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let printed = self.run(args);
        let err = String::from_utf8_lossy(&printed.err);
        serde_json::from_slice(&printed.out).unwrap_or_else(|e| panic!("{args:?}: {e}: {err}"))
    }

    /// The log of the engine.
    pub fn log(&self) -> Vec<u8> {
        std::fs::read(self.home.path().join("data/switchboard.log")).unwrap()
    }

    /// Runs the program in a pseudo-terminal.
    pub fn screen(&self, args: &[&str], rows: u16, cols: u16) -> Screen {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_switchboard"));
        command.env_clear();
        // A terminal that gets its notifications by OSC 777.
        for (k, v) in [("TERM", "foot"), ("TZ", "UTC"), ("HOME", self.home.path().to_str().unwrap())] {
            command.env(k, v);
        }
        for (k, v) in &self.env {
            command.env(k, v);
        }
        command.args(self.arguments(args));
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let n = |n: u16| std::num::NonZeroU16::new(n).unwrap();
        let seen = Arc::new(Mutex::new((vt100::Parser::new(n(rows), n(cols), 0), Vec::new())));
        let mut reader = pty.master.try_clone_reader().unwrap();
        let to = Arc::clone(&seen);
        let ended = std::thread::spawn(move || {
            let mut buf = vec![0u8; 65536];
            while let Ok(n) = reader.read(&mut buf) {
                if n == 0 {
                    break;
                }
                let mut s = to.lock().unwrap();
                s.0.process(&buf[..n]);
                s.1.extend_from_slice(&buf[..n]);
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Screen { keys, child, seen, ended: Some(ended), _master: pty.master }
    }
}

/// The program in a terminal.
pub struct Screen {
    keys: Box<dyn Write + Send>,
    child: Box<dyn PtyChild + Send + Sync>,
    seen: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
    ended: Option<std::thread::JoinHandle<()>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    pub fn text(&self) -> String {
        self.seen.lock().unwrap().0.screen().contents()
    }

    /// Everything that was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().1.clone()
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn wait(&self, what: &str, found: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !found(&self.text()) {
            assert!(start.elapsed() < DEADLINE, "not on the screen in time: {what}\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn wait_bytes(&self, what: &str, found: impl Fn(&[u8]) -> bool) {
        let start = Instant::now();
        while !found(&self.bytes()) {
            assert!(start.elapsed() < DEADLINE, "not written in time: {what}\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until nothing more is written for a moment: one thing after the other was drawn.
    pub fn settle(&self) {
        let start = Instant::now();
        let mut last = (self.bytes().len(), Instant::now());
        while last.1.elapsed() < Duration::from_millis(40) {
            assert!(start.elapsed() < DEADLINE, "the screen is never still");
            std::thread::sleep(Duration::from_millis(10));
            let len = self.bytes().len();
            if len != last.0 {
                last = (len, Instant::now());
            }
        }
    }

    /// Waits for the end of the program; all it wrote.
    pub fn end(mut self) -> Vec<u8> {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < DEADLINE, "did not end in time\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.ended.take().unwrap().join();
        self.bytes()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
