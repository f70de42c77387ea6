//! Something that stands between the engine and the emulator and misbehaves as told: answers of its own, answers
//! that are lost before or after the emulator has acted, and answers that never come.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// What happens to one send.
#[derive(Clone, Debug)]
pub enum Step {
    /// Handed on, as everything without a step.
    Forward,
    /// Answered here; the emulator hears nothing.
    Answer(u16, Vec<(&'static str, &'static str)>, String),
    /// The connection breaks; the emulator hears nothing.
    CutBefore,
    /// The emulator acts, then the connection breaks.
    CutAfter,
    /// No answer ever; the emulator hears nothing.
    Silence,
    /// The emulator acts; no answer ever.
    SilenceAfter,
}

/// An error with a code, as the provider answers it.
pub fn refusal(status: u16, code: i64) -> Step {
    Step::Answer(
        status,
        vec![],
        format!(r#"{{"error":{{"message":"(#{code}) as scripted","code":{code}}}}}"#),
    )
}

/// The same with a wish to wait.
pub fn wait(code: i64, seconds: &'static str) -> Step {
    let Step::Answer(status, _, body) = refusal(400, code) else { unreachable!() };
    Step::Answer(status, vec![("retry-after", seconds)], body)
}

/// A send as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Our attempt id.
    pub opaque: String,
    /// The text, or the kind and caption of a file.
    pub text: String,
}

struct Core {
    base: String,
    client: reqwest::Client,
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<Seen>>,
    upload_steps: Mutex<VecDeque<Step>>,
    uploads: Mutex<usize>,
}

/// A running front.
#[derive(Clone)]
pub struct Front {
    core: Arc<Core>,
    pub url: String,
}

impl Front {
    /// Starts in front of an address.
    pub async fn start(base: &str) -> Self {
        let client = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
        let core = Arc::new(Core {
            base: base.to_owned(),
            client,
            steps: Mutex::default(),
            seen: Mutex::default(),
            upload_steps: Mutex::default(),
            uploads: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&core));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { core, url }
    }

    /// The next sends go like this, one after the other.
    pub fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.core.steps.lock().unwrap().extend(steps);
    }

    /// The next files go like this, one after the other.
    pub fn then_files(&self, steps: impl IntoIterator<Item = Step>) {
        self.core.upload_steps.lock().unwrap().extend(steps);
    }

    /// How many files came in.
    pub fn uploads(&self) -> usize {
        *self.core.uploads.lock().unwrap()
    }

    /// What came in, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.core.seen.lock().unwrap().clone()
    }

    /// The texts that came in, in order.
    pub fn texts(&self) -> Vec<String> {
        self.seen().into_iter().map(|s| s.text).collect()
    }
}

fn broken() -> Response {
    let stream = tokio_stream(vec![Ok(Bytes::from_static(b"{\"mess")), Err(std::io::Error::other("cut"))]);
    Response::builder().status(200).header("content-length", "900").body(stream).unwrap()
}

fn tokio_stream(parts: Vec<Result<Bytes, std::io::Error>>) -> Body {
    Body::from_stream(futures::stream::iter(parts))
}

async fn answer(State(core): State<Arc<Core>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 22).await.unwrap();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let is_send = parts.uri.path().ends_with("/messages") && json["type"].is_string();
    let step = if parts.uri.path().ends_with("/media") {
        *core.uploads.lock().unwrap() += 1;
        core.upload_steps.lock().unwrap().pop_front().unwrap_or(Step::Forward)
    } else if is_send {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let said = match text(&json["type"]).as_str() {
            "text" => text(&json["text"]["body"]),
            kind => format!("{kind} {}", text(&json[kind]["caption"])),
        };
        let seen = Seen { opaque: text(&json["biz_opaque_callback_data"]), text: said };
        core.seen.lock().unwrap().push(seen);
        core.steps.lock().unwrap().pop_front().unwrap_or(Step::Forward)
    } else {
        Step::Forward
    };
    if matches!(step, Step::Forward | Step::CutAfter | Step::SilenceAfter) {
        let target = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let mut request = core.client.request(parts.method, format!("{}{target}", core.base)).body(bytes);
        for name in ["authorization", "content-type"] {
            if let Some(value) = parts.headers.get(name) {
                request = request.header(name, value);
            }
        }
        let got = request.send().await.unwrap();
        let status = got.status();
        let body = got.bytes().await.unwrap();
        if matches!(step, Step::Forward) {
            return Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .body(Body::from(body))
                .unwrap();
        }
    }
    match step {
        Step::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        Step::CutBefore | Step::CutAfter => broken(),
        Step::Silence | Step::SilenceAfter => std::future::pending().await,
        Step::Forward => unreachable!(),
    }
}
