//! Files: `POST /{number}/media` (a form with several parts), `GET` and `DELETE /{media}`, and the bytes behind a URL.
//!
//! Owns types, sizes and lifetimes. The bytes lie beside the state file, or in memory where there is none.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Answer;
use crate::clock::Millis;
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::state::{Media, State};
use crate::emulator::{Core, Number};

/// The largest request with a file: the largest file, and room for the form around it.
pub const BODY_LIMIT: usize = (100 << 20) + (64 << 10);
/// Files kept; older ones are forgotten.
const KEPT: usize = 200;
/// How long an id is good for.
const ID_LIVES: Millis = 30 * 24 * 60 * 60 * 1000;
/// How long an address is good for.
const URL_LIVES: Millis = 5 * 60 * 1000;

const KB: usize = 1 << 10;
const MB: usize = 1 << 20;

/// What is taken, as the API lists it, and how large it may be.
const TYPES: [(&str, &str, usize); 19] = [
    ("audio/aac", "audio", 16 * MB),
    ("audio/mp4", "audio", 16 * MB),
    ("audio/mpeg", "audio", 16 * MB),
    ("audio/amr", "audio", 16 * MB),
    ("audio/ogg", "audio", 16 * MB),
    ("audio/opus", "audio", 16 * MB),
    ("application/vnd.ms-powerpoint", "document", 100 * MB),
    ("application/msword", "document", 100 * MB),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document", 100 * MB),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "document", 100 * MB),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document", 100 * MB),
    ("application/pdf", "document", 100 * MB),
    ("text/plain", "document", 100 * MB),
    ("application/vnd.ms-excel", "document", 100 * MB),
    ("image/jpeg", "image", 5 * MB),
    ("image/png", "image", 5 * MB),
    ("image/webp", "sticker", 500 * KB),
    ("video/mp4", "video", 16 * MB),
    ("video/3gpp", "video", 16 * MB),
];

/// A form with a file, taken apart.
#[derive(Debug, Default)]
pub struct Upload {
    product: Option<String>,
    mime: Option<String>,
    file: Option<(String, String, Bytes)>,
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, b| {
        // Writing into a string cannot fail.
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Whether a request is such a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data")
}

/// Takes a form apart.
pub async fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Upload, GraphError> {
    let broken = |e: String| GraphError::parameter(format!("The form cannot be read: {e}"));
    let mut request = Request::new(Body::from(body.clone()));
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    // The length was checked before; the extractor's own limit is for pages.
    axum::extract::DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|e| broken(e.body_text()))?;
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.map_err(|e| broken(e.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().unwrap_or_default().to_owned();
        let kind = field.content_type().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|e| broken(e.body_text()))?;
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "messaging_product" => upload.product = Some(text()),
            "type" => upload.mime = Some(text()),
            "file" => upload.file = Some((file, kind, bytes)),
            _ => {}
        }
    }
    Ok(upload)
}

/// `audio/ogg; codecs=opus` is `audio/ogg`.
fn plain(mime: &str) -> &str {
    mime.split(';').next().unwrap_or_default().trim()
}

/// Takes a file.
pub async fn upload(core: &Arc<Core>, number: &Number, call: &Call) -> Answer {
    let Some(form) = &call.upload else {
        return Err(GraphError::parameter(
            "(#100) The parameter file is required. Send multipart/form-data.",
        ));
    };
    if form.product.as_deref() != Some("whatsapp") {
        return Err(GraphError::parameter("(#100) The parameter messaging_product is required."));
    }
    let Some((_, kind, bytes)) = &form.file else {
        return Err(GraphError::parameter("(#100) The parameter file is required."));
    };
    // The part's own type comes first, as the API reads it.
    let given = if kind.is_empty() { form.mime.as_deref().unwrap_or_default() } else { kind };
    let Some((mime, kind, most)) = TYPES.into_iter().find(|(mime, _, _)| *mime == plain(given)) else {
        let all: Vec<&str> = TYPES.iter().map(|(mime, _, _)| *mime).collect();
        let given = if given.is_empty() { "application/octet-stream" } else { given };
        return Err(GraphError::parameter(format!(
            "(#100) Param file must be a file with one of the following types: {}. Received file of type '{given}'.",
            all.join(", ")
        )));
    };
    if bytes.is_empty() {
        return Err(GraphError::parameter("(#100) Param file must not be empty."));
    }
    if bytes.len() > most {
        return Err(GraphError::parameter(format!(
            "(#100) Param file is too large for {kind}: {} bytes, at most {most} are allowed.",
            bytes.len()
        )));
    }
    let hash = hex(&Sha256::digest(bytes));
    let (id, over) = {
        let mut st = core.state();
        st.last_media += 1;
        let id = format!("1183920{:09}", st.last_media);
        let media = Media {
            id: id.clone(),
            number: number.id.clone(),
            kind: kind.to_owned(),
            mime: mime.to_owned(),
            sha256: hash,
            size: bytes.len() as u64,
            at: core.clock.now(),
        };
        st.media.push_back(media);
        let over = if st.media.len() > KEPT { st.media.pop_front() } else { None };
        (id, over)
    };
    if let Some(over) = over {
        forget(core, &over.id).await;
    }
    keep(core, &id, bytes.clone()).await.map_err(|e| {
        tracing::error!("the emulator cannot keep a file: {e}");
        GraphError::of(131_000)
    })?;
    Ok(json!({ "id": id }))
}

fn place(core: &Core, id: &str) -> Option<PathBuf> {
    let mut folder = core.state_file.as_ref()?.clone().into_os_string();
    folder.push(".media");
    Some(PathBuf::from(folder).join(id))
}

async fn keep(core: &Core, id: &str, bytes: Bytes) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let Some(path) = place(core, id) else {
        core.bytes().insert(id.to_owned(), bytes);
        return Ok(());
    };
    let write = move || {
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        std::io::Write::write_all(&mut file, &bytes)
    };
    tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other)?
}

async fn bytes_of(core: &Core, id: &str) -> Option<Bytes> {
    let Some(path) = place(core, id) else { return core.bytes().get(id).cloned() };
    let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
    read.ok()?.ok().map(Bytes::from)
}

async fn forget(core: &Core, id: &str) {
    let Some(path) = place(core, id) else {
        core.bytes().remove(id);
        return;
    };
    // One that is gone is gone.
    let _ = tokio::task::spawn_blocking(move || std::fs::remove_file(path)).await;
}

fn find<'a>(st: &'a State, id: &str, now: Millis) -> Option<&'a Media> {
    st.media.iter().find(|m| m.id == id && now - m.at < ID_LIVES)
}

/// Whether an id is one of a file; what is expired is not.
pub fn knows(core: &Core, id: &str) -> bool {
    find(&core.state(), id, core.clock.now()).is_some()
}

/// Type and bytes of a file that is there.
pub async fn kept(core: &Core, id: &str) -> Option<(String, Bytes)> {
    let mime = find(&core.state(), id, core.clock.now()).map(|m| m.mime.clone())?;
    Some((mime, bytes_of(core, id).await?))
}

/// `GET` and `DELETE` of an id.
pub async fn node(core: &Arc<Core>, id: &str, call: &Call) -> Answer {
    let found = find(&core.state(), id, core.clock.now()).cloned();
    let unknown = || GraphError::unknown(call.method.as_str(), id);
    let media = found.ok_or_else(unknown)?;
    if call.param("phone_number_id").is_some_and(|number| number != media.number) {
        return Err(unknown());
    }
    if call.method == axum::http::Method::DELETE {
        core.state().media.retain(|m| m.id != id);
        forget(core, id).await;
        return Ok(json!({ "success": true }));
    }
    let until = (core.clock.now() + URL_LIVES) / 1000;
    let url = format!(
        "http://{}/whatsapp_business/attachments/?mid={id}&ext={until}&hash={}",
        core.addr,
        sign(core, id, until)
    );
    Ok(json!({
        "messaging_product": "whatsapp", "url": url, "mime_type": media.mime, "sha256": media.sha256,
        "file_size": media.size, "id": id,
    }))
}

fn sign(core: &Core, id: &str, until: Millis) -> String {
    let digest = Sha256::digest(format!("{}/{id}/{until}", core.app_secret));
    hex(&digest[..12])
}

/// Whether a call is for the bytes behind an address.
pub fn is_download(call: &Call) -> bool {
    call.method == axum::http::Method::GET && call.path == ["whatsapp_business", "attachments"]
}

/// The bytes behind an address.
pub async fn download(core: &Core, call: &Call) -> Response<Body> {
    let empty = |status: StatusCode| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    };
    if call.token.as_deref() != Some(core.access_token.as_str()) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let text = |key: &str| call.query.get(key).map(String::as_str).unwrap_or_default();
    let (id, until) = (text("mid"), text("ext").parse::<Millis>().unwrap_or(0));
    let fresh = core.clock.now() < until.saturating_mul(1000) && text("hash") == sign(core, id, until);
    let media = find(&core.state(), id, core.clock.now()).cloned();
    let (Some(media), true) = (media, fresh) else { return empty(StatusCode::NOT_FOUND) };
    let Some(bytes) = bytes_of(core, id).await else { return empty(StatusCode::NOT_FOUND) };
    let mut response = Response::new(Body::from(bytes));
    if let Ok(kind) = HeaderValue::from_str(&media.mime) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// Looks at the id that a send names: it has to be one of this number. The code that the send will fail with where the
/// file is of another kind.
pub fn named(
    st: &State,
    now: Millis,
    number: &Number,
    kind: &str,
    object: &Value,
) -> Result<Option<i64>, GraphError> {
    let Some(id) = object["id"].as_str().filter(|id| !id.is_empty()) else { return Ok(None) };
    match find(st, id, now).filter(|m| m.number == number.id) {
        None => Err(GraphError::value(format!(
            "Media object with ID '{id}' does not exist, has expired, or belongs to another phone number."
        ))),
        Some(media) => Ok((media.kind != kind).then_some(131_053)),
    }
}
