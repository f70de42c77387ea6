//! Handing files to an engine, as a client does.

use sha2::{Digest, Sha256};
use switchboard::model::media::{FileHash, StoredFile};
use switchboard::protocol::client::Client;
use switchboard::protocol::files::{FileAnswer, FileRequest, Piece};
use switchboard::protocol::{Problem, Request, Response};

pub async fn about(c: &mut Client, act: FileRequest) -> Result<FileAnswer, Problem> {
    match c.ask(Request::File { act }).await? {
        Response::File(answer) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

pub fn hash(bytes: &[u8]) -> FileHash {
    FileHash(Sha256::digest(bytes).into())
}

pub async fn begin(c: &mut Client, name: &str, size: u64) -> Result<u64, Problem> {
    match about(c, FileRequest::Begin { name: name.into(), size }).await? {
        FileAnswer::Begun { upload } => Ok(upload),
        other => panic!("{other:?}"),
    }
}

pub async fn part(c: &mut Client, upload: u64, at: u64, bytes: &[u8]) -> Result<FileAnswer, Problem> {
    about(c, FileRequest::Part { upload, at, bytes: Piece(bytes.to_vec()) }).await
}

/// The whole of it.
pub async fn hand_over(c: &mut Client, name: &str, bytes: &[u8]) -> Result<StoredFile, Problem> {
    let upload = begin(c, name, bytes.len() as u64).await?;
    let mut at = 0;
    for piece in bytes.chunks(300_000) {
        part(c, upload, at, piece).await?;
        at += piece.len() as u64;
    }
    match about(c, FileRequest::End { upload, hash: hash(bytes) }).await? {
        FileAnswer::Stored { file } => Ok(file),
        other => panic!("{other:?}"),
    }
}

/// A picture as the provider takes it, with so many bytes.
pub fn jpeg(size: usize) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec();
    bytes.extend((bytes.len()..size).map(|i| (i % 251) as u8));
    bytes
}

/// A document.
pub fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.4\n% {text}\n%%EOF\n").into_bytes()
}
