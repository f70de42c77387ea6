//! Stored media: what a message's file is called, where it is, and its bytes.
//!
//! What was uploaded is served as it is. Customers of the play have no camera: their pictures and papers are the
//! smallest file of the kind. Addresses need no key and are signed.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::past::Stored;
use super::platform::{no_method, wrapped};
use super::{Out, html, paging};
use crate::clock::Millis;
use crate::emulator::graph::media;
use crate::emulator::server::Call;
use crate::emulator::{Core, wire};

/// How long the address of a download is good for.
const LIVES: Millis = 4 * 60 * 1000;
/// One pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const JPEG: &str = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z";
const WEBP: &str = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA";
const PDF: &str = "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                   3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// What is known of the file of a message.
pub struct About {
    pub name: String,
    pub mime: String,
    pub size: u64,
    pub url: String,
    /// Of a file that nobody uploaded: the hash of what is served.
    pub sha256: Option<String>,
}

fn plain(mime: &str) -> &str {
    mime.split(';').next().unwrap_or_default().trim()
}

/// The smallest file of a kind; none for sound and film.
fn sample(mime: &str) -> Option<Vec<u8>> {
    match plain(mime) {
        "image/png" => STANDARD.decode(PNG).ok(),
        "image/jpeg" => STANDARD.decode(JPEG).ok(),
        "image/webp" => STANDARD.decode(WEBP).ok(),
        "application/pdf" => Some(PDF.as_bytes().to_vec()),
        "text/plain" => Some(b"One line.\n".to_vec()),
        _ => None,
    }
}

fn ending(mime: &str) -> &'static str {
    match plain(mime) {
        "image/png" => "png",
        "image/jpeg" => "jpeg",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        "audio/ogg" => "ogg",
        "video/mp4" => "mp4",
        "text/plain" => "txt",
        _ => "bin",
    }
}

fn sign(core: &Core, text: &str) -> String {
    let digest = Sha256::digest(format!("{}/{text}", core.kapso_key));
    wire::hex(&digest[..20])
}

/// The file of a message. Takes no lock: the caller holds the state.
pub fn about(core: &Core, m: &Stored) -> About {
    let kind = m.message["type"].as_str().unwrap_or_default();
    let object = &m.message[kind];
    let id = object["id"].as_str().unwrap_or_default();
    let mime =
        object["mime_type"].as_str().or(m.mime.as_deref()).unwrap_or("application/octet-stream").to_owned();
    let digest = wire::hex(&Sha256::digest(m.wamid.as_bytes())[..2]);
    let name = object["filename"]
        .as_str()
        .map_or_else(|| format!("{kind}_{digest}.{}", ending(&mime)), str::to_owned);
    let sample = if m.size.is_some() { None } else { sample(&mime) };
    let size = m.size.or(sample.as_ref().map(|b| b.len() as u64)).unwrap_or(0);
    let blob = URL_SAFE_NO_PAD.encode(json!([id, mime]).to_string());
    let url = format!(
        "http://{}/rails/active_storage/blobs/redirect/{blob}--{}/{}",
        core.addr,
        sign(core, &blob),
        name.replace(['/', ' ', '?', '#', '%'], "_")
    );
    let sha256 = sample.map(|bytes| STANDARD.encode(Sha256::digest(bytes)));
    About { name, mime, size, url, sha256 }
}

fn bytes(mime: &str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    if let Ok(kind) = HeaderValue::from_str(mime) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// `/rails/active_storage/blobs/redirect/{blob}/{name}`: leads to the bytes, which are at the same place.
pub async fn stored(core: &Arc<Core>, call: &Call) -> Response<Body> {
    let missing = || html(404, "Not found", "");
    let Some((blob, signature)) = call.path.first().and_then(|p| p.split_once("--")) else {
        return missing();
    };
    if call.method != Method::GET || signature != sign(core, blob) {
        return missing();
    }
    let Some(text) = URL_SAFE_NO_PAD.decode(blob).ok() else { return missing() };
    let Ok(Value::Array(parts)) = serde_json::from_slice::<Value>(&text) else { return missing() };
    let [id, mime] = parts.as_slice() else { return missing() };
    let (id, mime) = (id.as_str().unwrap_or_default(), mime.as_str().unwrap_or_default());
    if !call.query.contains_key("direct") {
        let mut response = html(302, "Found", "");
        let name = call.path.get(1).map(String::as_str).unwrap_or_default();
        let to = format!("/rails/active_storage/blobs/redirect/{blob}--{signature}/{name}?direct=1");
        if let Ok(to) = HeaderValue::from_str(&to) {
            response.headers_mut().insert(header::LOCATION, to);
        }
        return response;
    }
    if let Some((mime, found)) = media::kept(core, id).await {
        return bytes(&mime, found);
    }
    sample(mime).map_or_else(missing, |found| bytes(mime, Bytes::from(found)))
}

/// Adds the address of a download, which needs no key and is good for a short time.
pub fn add_download(core: &Core, id: &str, body: &mut Value) {
    let until = core.clock.now() + LIVES;
    let ticket = format!("{id}.{until}");
    let token = format!("{ticket}.{}", sign(core, &ticket));
    body["download_url"] = json!(format!("http://{}/meta/whatsapp/media_download?token={token}", core.addr));
    body["download_url_expires_at"] = json!(paging::iso(until));
}

/// Which file a download's token is for, while it is good.
fn file_of<'a>(core: &Core, token: &'a str) -> Option<&'a str> {
    let (ticket, signature) = token.rsplit_once('.')?;
    let (id, until) = ticket.split_once('.')?;
    let fresh = until.parse::<Millis>().is_ok_and(|until| core.clock.now() < until);
    (fresh && signature == sign(core, ticket)).then_some(id)
}

/// `POST /platform/v1/whatsapp/media`: what lies at an address is handed on, and named by a handle. Nothing on the network is
/// asked: only what lies here has an address that is good.
pub async fn ingest(core: &Arc<Core>, call: &Call) -> Result<Out, Out> {
    if call.method != Method::POST {
        return Err(no_method());
    }
    let wish = wrapped(call, "media_ingest")?;
    let number = wish["phone_number_id"].as_str().unwrap_or_default();
    if core.state().kapso.number(number).is_none() {
        return Err(Out::not_found());
    }
    if wish["delivery"] != "meta_resumable_asset" {
        return Err(Out::error(422, "delivery is not one that is played here: meta_resumable_asset"));
    }
    let source = wish["source"].as_str().unwrap_or_default();
    let here = format!("http://{}/meta/whatsapp/media_download?token=", core.addr);
    let Some(id) = source.strip_prefix(&here).and_then(|token| file_of(core, token)) else {
        return Err(Out::error(403, "source must be a public address"));
    };
    let Some((mime, found)) = media::kept(core, id).await else {
        return Err(Out::error(502, "Media download failed"));
    };
    let mut st = core.state();
    let handle = st.registry.take(&mime, found.len());
    Ok(Out::data(json!({
        "ingest_id": format!("ing_{}", st.registry.last_upload),
        "target": { "kind": "meta_resumable_asset", "handle": handle },
        "resource": {
            "filename": wish["filename"], "mime_type": mime, "size_bytes": found.len(),
            "sha256": wire::hex(&Sha256::digest(&found)), "source_url": source,
        },
    })))
}

/// `/meta/whatsapp/media_download?token=…`.
pub async fn download(core: &Arc<Core>, call: &Call) -> Response<Body> {
    let fail = |status: u16, text: &str| {
        let mut response = Response::new(Body::from(json!({ "error": text }).to_string()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    };
    let token = call.query.get("token").map(String::as_str).unwrap_or_default();
    let Some(id) = file_of(core, token) else { return fail(404, "Not found") };
    match media::kept(core, id).await {
        Some((mime, found)) => bytes(&mime, found),
        None => fail(502, "Media download failed"),
    }
}
