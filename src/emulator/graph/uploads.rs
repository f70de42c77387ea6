//! Resumable uploads: `POST /{app}/uploads` makes a session, `POST /upload:…` takes bytes from an offset on, `GET` says how
//! far it got.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use serde_json::json;

use super::Answer;
use crate::emulator::Core;
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::wire::base64;

/// The largest file.
pub const BODY_LIMIT: usize = 100 << 20;
const TYPES: [&str; 6] =
    ["image/jpeg", "image/jpg", "image/png", "video/mp4", "application/pdf", "audio/mpeg"];

/// Bytes of an upload, and where they begin.
#[derive(Debug)]
pub struct Piece {
    offset: usize,
    bytes: Bytes,
}

/// Whether the path is one of a session.
pub fn is_session(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|s| s.starts_with("upload:"))
}

/// The bytes of a call.
pub fn piece(headers: &HeaderMap, body: &Bytes) -> Option<Piece> {
    let offset = headers.get("file_offset")?.to_str().ok()?.trim().parse().ok()?;
    Some(Piece { offset, bytes: body.clone() })
}

/// `POST /{app}/uploads`.
pub fn begin(core: &Core, call: &Call) -> Answer {
    let mime = call.param("file_type").unwrap_or_default();
    if !TYPES.contains(&mime.as_str()) {
        return Err(GraphError::parameter(format!(
            "Param file_type must be one of {{{}}}",
            TYPES.join(", ")
        )));
    }
    let length = call.param("file_length").and_then(|n| n.parse::<usize>().ok());
    let Some(length) = length.filter(|n| (1..=BODY_LIMIT).contains(n)) else {
        return Err(GraphError::parameter("Param file_length must be the size of the file in bytes."));
    };
    let mut st = core.state();
    st.registry.last_upload += 1;
    let id = format!("upload:{}", base64(format!("{}:{}", core.seed, st.registry.last_upload).as_bytes()));
    st.registry.begin(id.clone(), &mime, length);
    // Sessions carry their own query on the wire.
    Ok(json!({ "id": format!("{id}?sig=ARemulated") }))
}

/// `/upload:…`.
pub fn session(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    let mut st = core.state();
    let Some(upload) = st.registry.upload(id) else {
        return Err(GraphError::unknown(call.method.as_str(), id));
    };
    if call.method == Method::GET {
        return Ok(json!({ "id": id, "file_offset": upload.got }));
    }
    let Some(piece) = call.piece.as_ref().filter(|_| call.method == Method::POST) else {
        return Err(GraphError::parameter("The header file_offset is required."));
    };
    if piece.offset != upload.got {
        return Err(GraphError::parameter(format!(
            "The file offset {} does not match what was received: {}.",
            piece.offset, upload.got
        )));
    }
    if upload.got + piece.bytes.len() > upload.length {
        return Err(GraphError::parameter("More bytes were sent than file_length says."));
    }
    let is_head = upload.got == 0;
    let fits = match upload.mime.as_str() {
        "image/png" => piece.bytes.starts_with(b"\x89PNG"),
        "image/jpeg" | "image/jpg" => piece.bytes.starts_with(&[0xff, 0xd8]),
        _ => true,
    };
    if is_head && !fits {
        return Err(GraphError::parameter("The file does not match its file_type."));
    }
    upload.got += piece.bytes.len();
    if upload.got < upload.length {
        return Ok(json!({ "id": id, "file_offset": upload.got }));
    }
    let handle = format!("4::{}:{}", base64(upload.mime.as_bytes()), base64(id.as_bytes()));
    upload.handle = Some(handle.clone());
    Ok(json!({ "h": handle }))
}
