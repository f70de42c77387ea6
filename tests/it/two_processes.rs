//! `serve` and `emulate` as two processes, with the example configuration, driven by the command line.

use crate::common::private_dir;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(30);

struct Running(Child);

impl Running {
    /// Asks the process to end and waits for it.
    fn end(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < DEADLINE, "the process does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(home: &Path) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    c.env_clear().env("HOME", home).env("TZ", "UTC").stdin(Stdio::null());
    c
}

struct Bed {
    home: tempfile::TempDir,
    config: PathBuf,
    secrets: Vec<(String, String)>,
}

impl Bed {
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut c = program(self.home.path());
        c.envs(self.secrets.iter().cloned()).arg("--config").arg(&self.config).args(args);
        let out = c.output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}"))
    }
}

#[test]
fn the_example_configuration_works_against_the_emulator() {
    let home = private_dir();
    let mut c = program(home.path());
    let emulate =
        c.args(["emulate", "--json", "--bind", "127.0.0.1:0", "--speed", "20"]).stdout(Stdio::piped());
    let mut emulator = Running(emulate.spawn().unwrap());
    let stdout = emulator.0.stdout.take().unwrap();
    let said: Value = serde_json::Deserializer::from_reader(stdout).into_iter().next().unwrap().unwrap();
    let base = said["api_base"].as_str().unwrap();
    let secrets: Vec<(String, String)> = said["env"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
        .collect();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
    let text = std::fs::read_to_string(example).unwrap();
    assert!(text.contains("http://127.0.0.1:9099"));
    let text = text
        .replace("http://127.0.0.1:9099", base)
        .replace("# bind = \"127.0.0.1:8080\"", "bind = \"127.0.0.1:0\"")
        .replace("# data_dir = \"~/.local/share/switchboard\"", "data_dir = \"data\"");
    let config = home.path().join("config.toml");
    std::fs::write(&config, text).unwrap();
    let bed = Bed { home, config, secrets };
    let mut c = program(bed.home.path());
    c.envs(bed.secrets.iter().cloned()).arg("--config").arg(&bed.config).arg("serve");
    let mut engine = Running(c.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(engine.0.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(!first.is_empty(), "serve says where it listens");
    std::thread::spawn(move || {
        let mut rest = String::new();
        let _ = lines.read_to_string(&mut rest);
    });
    // Customers write in by themselves; the command line sees them through the running engine.
    let start = Instant::now();
    let marta = loop {
        let list = bed.json(&["threads", "--json", "--limit", "50"]);
        let found = serde_json::to_string(&list).unwrap().contains("Marta Souza");
        if found {
            break "Marta Souza";
        }
        assert!(start.elapsed() < DEADLINE, "no customer wrote: {list}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let (code, out, err) =
        bed.run(&["send", marta, "--text", "Sai hoje!", "--wait", "read", "--timeout", "20s"]);
    assert_eq!(code, 0, "{out}{err}");
    let messages = bed.json(&["messages", "--json", marta]);
    assert!(serde_json::to_string(&messages).unwrap().contains("Sai hoje!"), "{messages}");
    let (code, out, err) = bed.run(&["doctor"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, _, err) = bed.run(&["send", "--account", "support", "+4915112345678", "--text", "hello"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("window") && err.contains("template"), "{err}");
    assert_eq!(engine.end(), Some(0));
    // The same question without an engine has the same answer.
    let after = bed.json(&["messages", "--json", marta]);
    assert!(serde_json::to_string(&after).unwrap().contains("Sai hoje!"), "{after}");
    assert_eq!(emulator.end(), Some(0));
}
