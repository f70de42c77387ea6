//! A client of the emulator that knows nothing but HTTP.

use crate::common::eventually;
use serde_json::{Value, json};
use switchboard::emulator::{DEMO_ACCESS_TOKEN, DEMO_ACCOUNT, Emulator, EmulatorOptions};

/// Samples of headers by their type, as uploads gave them.
#[derive(Clone, Debug)]
pub struct Samples {
    pub image: String,
    pub video: String,
    pub document: String,
}

pub struct Wire {
    pub emulator: Emulator,
    http: reqwest::Client,
    app: String,
}

/// What became of a template.
#[derive(Debug)]
pub enum Verdict {
    Refused(Value),
    Rejected(Value),
    Approved(Value),
}

impl Wire {
    /// A quick emulator without limits.
    pub async fn start() -> Self {
        let options = EmulatorOptions { speed: 2000.0, play: false, ..EmulatorOptions::demo().unwrap() };
        let app = options.scenario.account.app.clone();
        let emulator = Emulator::start(options).await.unwrap();
        let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
        let wire = Self { emulator, http, app };
        let limits = json!({ "templates": 100_000, "creations": 100_000 });
        assert_eq!(wire.post("/control/limits", &limits).await.0, 200);
        wire
    }

    async fn read(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.bearer_auth(DEMO_ACCESS_TOKEN).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_else(|_| json!({ "text": text })))
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.emulator.base_url());
        let request = self.http.post(url).header("content-type", "application/json").body(body.to_string());
        self.read(request).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.read(self.http.get(format!("{}{path}", self.emulator.base_url()))).await
    }

    async fn upload(&self, mime: &str, bytes: Vec<u8>) -> String {
        let path = format!(
            "/v25.0/{}/uploads?file_name=sample&file_length={}&file_type={mime}",
            self.app,
            bytes.len()
        );
        let (status, session) = self.post(&path, &json!({})).await;
        assert_eq!(status, 200, "{session}");
        let url = format!("{}/v25.0/{}", self.emulator.base_url(), session["id"].as_str().unwrap());
        let (status, done) = self.read(self.http.post(url).header("file_offset", "0").body(bytes)).await;
        assert_eq!(status, 200, "{done}");
        done["h"].as_str().unwrap().to_owned()
    }

    pub async fn samples(&self) -> Samples {
        Samples {
            image: self.upload("image/png", b"\x89PNG\r\n\x1a\nrest".to_vec()).await,
            video: self.upload("video/mp4", b"\0\0\0\x18ftypmp42".to_vec()).await,
            document: self
                .upload("application/pdf", switchboard::model::template::models::SAMPLE.to_vec())
                .await,
        }
    }

    /// Hands a document in and waits for the end of its review.
    pub async fn submit(&self, document: &Value) -> Verdict {
        let (status, made) = self.post(&format!("/v25.0/{DEMO_ACCOUNT}/message_templates"), document).await;
        if status != 200 {
            return Verdict::Refused(made);
        }
        let fields = "name,language,status,category,rejected_reason,components,parameter_format";
        let path = format!("/v25.0/{}?fields={fields}", made["id"].as_str().unwrap());
        let t = eventually("the review ends", || async {
            let (_, t) = self.get(&path).await;
            (t["status"] != "PENDING").then_some(t)
        })
        .await;
        if t["status"] == "APPROVED" { Verdict::Approved(t) } else { Verdict::Rejected(t) }
    }
}
