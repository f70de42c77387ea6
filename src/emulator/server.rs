//! The HTTP side: takes a request apart, hands it to the right handler, writes the answer.
//!
//! Owns parsing, the bearer check and the headers. Knows no endpoint.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, State as Shared};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::errors::GraphError;
use super::{Core, control, graph};

/// The version that serves calls without one.
const VERSION: &str = "v25.0";
/// The largest request taken, in bytes.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// A request, taken apart.
#[derive(Debug)]
pub struct Call {
    pub method: Method,
    /// Path segments without the version.
    pub path: Vec<String>,
    pub query: HashMap<String, String>,
    /// JSON, or a form turned into an object of strings. `Null` when there is no body.
    pub body: Value,
    pub token: Option<String>,
}

impl Call {
    /// A parameter from the query or the body.
    pub fn param(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned().or_else(|| match self.body.get(name)? {
            Value::String(s) => Some(s.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        })
    }
}

/// Serves until the emulator stops.
pub async fn serve(core: Arc<Core>, listener: tokio::net::TcpListener) {
    let stop = core.stop.clone().cancelled_owned();
    let router = Router::new().fallback(handle).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(core);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(e) = axum::serve(listener, service).with_graceful_shutdown(stop).await {
        tracing::error!("the emulator stopped listening: {e}");
    }
}

async fn handle(
    Shared(core): Shared<Arc<Core>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut path: Vec<String> = uri.path().split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    let version = if path.first().is_some_and(|s| is_version(s)) { path.remove(0) } else { VERSION.into() };
    let query = Query::<HashMap<String, String>>::try_from_uri(&uri).map(|q| q.0).unwrap_or_default();
    let token = headers
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("OAuth ")))
        .map(|t| t.trim().to_owned())
        .or_else(|| query.get("access_token").cloned());
    let control = path.first().is_some_and(|s| s == "control");
    let used = if control { 0 } else { core.state().count_call(core.clock.now()) };
    let result = match parse(&headers, &body) {
        Ok(body) => {
            let call = Call { method, path, query, body, token };
            if control {
                let (status, body) = control::answer(&core, peer, &call);
                return respond(status, &version, &core, used, &body);
            }
            answer(&core, &call).await
        }
        Err(error) => Err(error),
    };
    core.changed.notify_one();
    match result {
        Ok(body) => respond(200, &version, &core, used, &body),
        Err(error) => {
            core.state().counts.refused += 1;
            respond(error.http, &version, &core, used, &error.body)
        }
    }
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .and_then(|s| s.split_once('.'))
        .is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok())
}

/// Checks the token, then asks the endpoint.
async fn answer(core: &Arc<Core>, call: &Call) -> Result<Value, GraphError> {
    let app_token = format!("{}|{}", core.scenario.account.app, core.app_secret);
    match &call.token {
        None => {
            return Err(GraphError::token(
                "An access token is required to request this resource. Send it as 'Authorization: Bearer'.",
            ));
        }
        Some(token) if *token != core.access_token && *token != app_token => {
            return Err(GraphError::token("Invalid OAuth access token - Cannot parse access token"));
        }
        Some(_) => {}
    }
    graph::answer(core, call).await
}

fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Value, GraphError> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(form(body));
    }
    serde_json::from_slice(body).map_err(|e| {
        GraphError::parameter(format!("The body is not valid JSON: {e}. Send application/json or a form."))
    })
}

/// A form as an object; members that hold JSON are parsed.
fn form(body: &Bytes) -> Value {
    let uri: Option<Uri> = std::str::from_utf8(body).ok().and_then(|s| format!("/?{s}").parse().ok());
    let pairs = uri
        .and_then(|uri| Query::<HashMap<String, String>>::try_from_uri(&uri).ok())
        .map(|q| q.0)
        .unwrap_or_default();
    let members = pairs.into_iter().map(|(key, text)| {
        let json = if text.starts_with(['{', '[']) { serde_json::from_str(&text).ok() } else { None };
        (key, json.unwrap_or(Value::String(text)))
    });
    Value::Object(members.collect::<Map<_, _>>())
}

fn respond(status: u16, version: &str, core: &Core, used: u64, body: &Value) -> Response<Body> {
    let mut usage = Map::new();
    usage.insert(
        core.scenario.account.id.clone(),
        json!([{
            "type": "whatsapp_business_management", "call_count": used, "total_cputime": used, "total_time": used,
            "estimated_time_to_regain_access": 0,
        }]),
    );
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let trace = body["error"]["fbtrace_id"]
        .as_str()
        .map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned);
    let headers = [
        ("content-type", "application/json; charset=UTF-8".to_owned()),
        ("facebook-api-version", version.to_owned()),
        ("x-app-usage", json!({ "call_count": used, "total_cputime": used, "total_time": used }).to_string()),
        ("x-business-use-case-usage", Value::Object(usage).to_string()),
        ("x-fb-trace-id", trace),
    ];
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
