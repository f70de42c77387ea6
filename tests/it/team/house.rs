//! An emulator and an engine that is a service, each in a process of its own.

use crate::common::private_dir;
use crate::pty::Term;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const DEADLINE: Duration = Duration::from_secs(30);

/// A process that is ended with its owner.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Asks the process to end and waits for it.
    pub fn end(mut self) {
        self.signal("TERM");
        let start = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < DEADLINE, "the process does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn json_line(child: &mut Child) -> Value {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = lines.read_to_end(&mut rest);
    });
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
}

/// What a command printed.
#[derive(Debug)]
pub struct Printed {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Another user: the ids that the client runs with.
#[derive(Clone, Copy)]
pub struct Other {
    pub uid: u32,
    pub gid: u32,
}

pub struct House {
    pub dir: Arc<tempfile::TempDir>,
    pub config: PathBuf,
    env: Vec<(String, String)>,
    base: String,
    binary: PathBuf,
    _emulator: Running,
}

impl House {
    /// `engine` goes into the section of that name.
    pub fn open(engine: &str) -> Self {
        let dir = private_dir();
        // Other users go through it to the socket's folder; what is inside is closed to them by itself.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let mut c = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        c.env_clear().env("HOME", dir.path()).env("TZ", "UTC").stdin(Stdio::null()).stdout(Stdio::piped());
        c.args(["emulate", "--json", "--bind", "127.0.0.1:0", "--speed", "20", "--no-play"]);
        let mut emulator = Running(c.spawn().unwrap());
        let said = json_line(&mut emulator.0);
        let base = said["api_base"].as_str().unwrap().to_owned();
        let env = said["env"].as_object().unwrap().iter();
        let env = env.map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
        let text = fs::read_to_string(example)
            .unwrap()
            .replace("http://127.0.0.1:9099", &base)
            .replace("# bind = \"127.0.0.1:8080\"", "bind = \"127.0.0.1:0\"")
            .replace("# data_dir = \"~/.local/share/switchboard\"", "data_dir = \"data\"")
            .replace("[engine]\n", &format!("[engine]\n{engine}\n"));
        let config = dir.path().join("config.toml");
        fs::write(&config, text).unwrap();
        fs::set_permissions(&config, Permissions::from_mode(0o644)).unwrap();
        let binary = reachable(dir.path());
        Self { dir: Arc::new(dir), config, env, base, binary, _emulator: emulator }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(&self.binary);
        c.env_clear().env("HOME", self.dir.path()).env("TZ", "UTC").stdin(Stdio::null());
        c.arg("--config").arg(&self.config).args(args);
        c
    }

    /// Starts the engine, which alone gets the secrets.
    pub fn serve(&self) -> Running {
        let mut c = self.command(&["serve", "--json"]);
        let mut engine = Running(c.envs(self.env.iter().cloned()).stdout(Stdio::piped()).spawn().unwrap());
        json_line(&mut engine.0);
        engine
    }

    /// Waits until the provider's webhooks come to the engine.
    pub fn connected(&self) {
        let start = Instant::now();
        loop {
            let p = self.run(&["accounts", "--json"]);
            let list: Value = serde_json::from_str(&p.out).unwrap_or_default();
            let all = list.as_array().is_some_and(|l| l.iter().all(|a| a["state"] == "connected"));
            if all {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "not connected: {p:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The variables with the secrets.
    pub fn secrets(&self) -> Vec<(String, String)> {
        self.env.clone()
    }

    /// The program.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Runs a command that fetches secrets.
    pub fn run_secret(&self, args: &[&str]) -> Printed {
        let mut c = self.command(args);
        c.envs(self.env.iter().cloned());
        printed(c)
    }

    /// Starts a command as ourselves.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command as ourselves.
    pub fn run(&self, args: &[&str]) -> Printed {
        printed(self.command(args))
    }

    /// Runs a command as another user, without secrets.
    pub fn run_as(&self, other: Other, args: &[&str]) -> Printed {
        let mut c = self.command(args);
        c.uid(other.uid).gid(other.gid).env("HOME", "/nonexistent").current_dir("/");
        printed(c)
    }

    /// Runs a command as another user, without a configuration.
    pub fn bare_as(&self, other: Other, env: &[(&str, &Path)], args: &[&str]) -> Printed {
        let mut c = Command::new(&self.binary);
        c.env_clear().env("HOME", self.path("home-of-nobody")).stdin(Stdio::null()).current_dir("/");
        c.uid(other.uid).gid(other.gid).envs(env.iter().copied()).args(args);
        printed(c)
    }

    /// Runs a program of the system as another user.
    pub fn system_as(other: Other, program: &str, args: &[&Path]) -> Printed {
        let mut c = Command::new(program);
        c.args(args).uid(other.uid).gid(other.gid).current_dir("/");
        printed(c)
    }

    /// The inbox in a terminal.
    pub fn terminal(&self) -> Term {
        Term::program(&["--config", self.config.to_str().unwrap()], Arc::clone(&self.dir), 36, 120)
    }

    /// The inbox of another user in a terminal.
    pub fn terminal_as(&self, other: Other) -> Term {
        let (uid, gid) = (format!("--reuid={}", other.uid), format!("--regid={}", other.gid));
        let args = [&uid, &gid, "--clear-groups", self.binary.to_str().unwrap(), "--config"];
        let config = [self.config.to_str().unwrap()];
        let args: Vec<&str> = args.iter().chain(&config).copied().collect();
        Term::other("setpriv", &args, Arc::clone(&self.dir), 36, 120)
    }

    /// A customer writes.
    pub fn say(&self, customer: &str, text: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let http = switchboard::provider::http::client(true, Duration::from_secs(20)).unwrap();
        let url = format!("{}/control/say", self.base);
        let body = serde_json::json!({ "customer": customer, "text": text });
        let status = runtime.block_on(async { http.post(url).json(&body).send().await.unwrap().status() });
        assert!(status.is_success(), "{status}");
    }
}

fn printed(mut c: Command) -> Printed {
    let out = c.output().unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    Printed { code: out.status.code().unwrap_or(-1), out: text(out.stdout), err: text(out.stderr) }
}

/// The program where every user can start it.
fn reachable(dir: &Path) -> PathBuf {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_switchboard"));
    if switchboard::users::own_uid() != 0 {
        return built;
    }
    let mut c = Command::new(&built);
    c.arg("--version").uid(65534).gid(65534).current_dir("/").stdout(Stdio::null());
    if c.status().is_ok_and(|s| s.success()) {
        return built;
    }
    let copy = dir.join("switchboard");
    fs::copy(&built, &copy).unwrap();
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    copy
}
