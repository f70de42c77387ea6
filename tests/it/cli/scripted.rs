//! An engine, an emulator and a screen that follow a script.

use async_trait::async_trait;
use clap::Parser;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use switchboard::cli::args::Cli;
use switchboard::cli::failure::Exit;
use switchboard::cli::host::{Emulated, EmulatedNumber, EmulatorPlan, Hosted, Launcher, Left};
use switchboard::cli::output::Output;
use switchboard::clock::Clock;
use switchboard::config::Env;
use switchboard::config::settings::{EngineSettings, UiSettings};
use switchboard::model::ClientInfo;
use switchboard::model::ids::AccountId;
use switchboard::model::media::{FileHash, StoredFile, judge};
use switchboard::protocol::client::{Client, Connection, pair};
use switchboard::protocol::files::{FileAnswer, FileRequest, Piece};
use switchboard::protocol::{ClientFrame, PROTOCOL, Problem, Request, Response, ServerFrame, Update};

/// Answers a request; may also give updates that follow the answer.
pub type Script = dyn Fn(&Request) -> (Result<Response, Problem>, Vec<Update>) + Send + Sync;

/// What was started and seen.
#[derive(Default)]
pub struct Seen {
    pub engines: Mutex<Vec<EngineSettings>>,
    pub emulators: Mutex<Vec<EmulatorPlan>>,
    pub requests: Mutex<Vec<Request>>,
    pub stopped: AtomicUsize,
    pub operator_on_screen: Mutex<Vec<String>>,
    /// Files that were handed over.
    pub files: Mutex<BTreeMap<FileHash, Vec<u8>>>,
    coming: Mutex<(String, Vec<u8>)>,
}

impl Seen {
    /// Takes files as an engine does, one at a time.
    fn file(&self, act: &FileRequest) -> FileAnswer {
        let mut kept = self.files.lock().unwrap();
        let mut coming = self.coming.lock().unwrap();
        match act {
            FileRequest::Begin { name, .. } => {
                *coming = (name.clone(), Vec::new());
                FileAnswer::Begun { upload: 1 }
            }
            FileRequest::Part { bytes, at, .. } => {
                assert_eq!(*at, coming.1.len() as u64);
                coming.1.extend(&bytes.0);
                FileAnswer::Got { bytes: coming.1.len() as u64 }
            }
            FileRequest::End { hash, .. } => {
                let (name, bytes) = std::mem::take(&mut *coming);
                assert_eq!(crate::common::files::hash(&bytes), *hash);
                let size = bytes.len() as u64;
                let facts = judge(&name, &bytes, size).unwrap();
                kept.insert(*hash, bytes);
                FileAnswer::Stored { file: StoredFile { hash: *hash, name, size, facts } }
            }
            FileRequest::Drop { .. } => FileAnswer::Dropped,
            FileRequest::Read { hash, at } => {
                let bytes = kept[hash][*at as usize..].to_vec();
                FileAnswer::Bytes { bytes: Piece(bytes) }
            }
        }
    }
}

#[derive(Clone)]
pub struct Scripted {
    pub seen: Arc<Seen>,
    pub script: Arc<Script>,
    /// Fails to start with this.
    pub refuse: Option<Problem>,
}

impl Scripted {
    pub fn new(
        script: impl Fn(&Request) -> (Result<Response, Problem>, Vec<Update>) + Send + Sync + 'static,
    ) -> Self {
        Self { seen: Arc::default(), script: Arc::new(script), refuse: None }
    }
}

struct Engine(Scripted);

#[async_trait]
impl Hosted for Engine {
    fn connect(&self, client: &ClientInfo) -> Connection {
        let (connection, mut peer) = pair();
        let me = self.0.clone();
        let operator = client.user.clone();
        tokio::spawn(async move {
            while let Some(ClientFrame { id, request }) = peer.requests.recv().await {
                let (result, updates) = match &request {
                    Request::Hello { .. } => (
                        Ok(Response::Hello {
                            protocol: PROTOCOL,
                            version: "test".into(),
                            operator: operator.clone(),
                        }),
                        Vec::new(),
                    ),
                    Request::File { act } => (Ok(Response::File(me.seen.file(act))), Vec::new()),
                    other => (me.script)(other),
                };
                me.seen.requests.lock().unwrap().push(request);
                if peer.frames.send(ServerFrame::Answer { id, result }).await.is_err() {
                    return;
                }
                for update in updates {
                    if peer.frames.send(ServerFrame::Update(update)).await.is_err() {
                        return;
                    }
                }
            }
        });
        connection
    }
    fn listener_url(&self, account: &AccountId) -> Option<String> {
        Some(format!("http://127.0.0.1:1/webhooks/{account}"))
    }
    fn reload(&self, _settings: &EngineSettings) -> (Vec<String>, Vec<String>) {
        (Vec::new(), Vec::new())
    }

    async fn stop(&self) {
        self.0.seen.stopped.fetch_add(1, Ordering::SeqCst);
    }
}

struct Stand(Arc<Seen>);

#[async_trait]
impl Emulated for Stand {
    fn base_url(&self) -> String {
        "http://127.0.0.1:9".into()
    }
    fn numbers(&self) -> Vec<EmulatedNumber> {
        ["Acme Support", "Acme Sales", "Lojas BR"]
            .iter()
            .enumerate()
            .map(|(i, name)| EmulatedNumber {
                id: format!("33990147755102{i}"),
                business: "218834005551201".into(),
                name: (*name).into(),
            })
            .collect()
    }
    fn access_token(&self) -> String {
        "t".into()
    }
    fn app_secret(&self) -> String {
        "s".into()
    }
    async fn stop(&self) {
        self.0.stopped.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Launcher for Scripted {
    async fn engine(&self, settings: EngineSettings, _: Clock) -> Result<Arc<dyn Hosted>, Problem> {
        if let Some(p) = &self.refuse {
            return Err(p.clone());
        }
        self.seen.engines.lock().unwrap().push(settings);
        Ok(Arc::new(Engine(self.clone())))
    }
    async fn emulator(&self, plan: EmulatorPlan, _: Clock) -> Result<Arc<dyn Emulated>, Problem> {
        self.seen.emulators.lock().unwrap().push(plan);
        Ok(Arc::new(Stand(Arc::clone(&self.seen))))
    }
    async fn screen(
        &self,
        connection: Connection,
        _: UiSettings,
        _: Clock,
        operator: &str,
        _: bool,
    ) -> Result<Left, Problem> {
        // A screen that asks once and quits.
        Client::new(connection).ask(Request::Accounts).await?;
        self.seen.operator_on_screen.lock().unwrap().push(operator.to_owned());
        Ok(Left::Quit)
    }
    fn seed(
        &self,
        dir: &Path,
        messages: u64,
        threads: u64,
        _: u64,
        _: i64,
        out: &mut dyn Write,
    ) -> Result<(), Problem> {
        writeln!(out, "{} {messages} {threads}", dir.display()).map_err(|e| Problem::new("io", e.to_string()))
    }
}

/// A stream that a test can read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How a command ended.
pub struct Ended {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

/// A place to run commands in.
pub struct Place {
    pub dir: tempfile::TempDir,
    pub width: Option<usize>,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), width: None }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub async fn run(&self, launcher: &dyn Launcher, arguments: &[&str]) -> Ended {
        let file = self.dir.path().join("config.toml");
        if !file.exists() {
            std::fs::write(&file, "").unwrap();
        }
        let data = self.data();
        let mut line = vec!["switchboard", "--config", file.to_str().unwrap()];
        if !arguments.contains(&"--data") {
            line.extend(["--data", data.to_str().unwrap()]);
        }
        line.extend(arguments);
        let cli = Cli::try_parse_from(line).unwrap();
        let (out, err) = (Shared::default(), Shared::default());
        let mut output = Output::to(Box::new(out.clone()), Box::new(err.clone()));
        output.width = self.width;
        let env: Env = [("SECRET", "s")].into_iter().collect();
        let exit = switchboard::cli::run(cli, &env, launcher, &mut output).await;
        drop(output);
        let text = |s: Shared| String::from_utf8(s.0.lock().unwrap().clone()).unwrap();
        Ended { exit, out: text(out), err: text(err) }
    }
}
