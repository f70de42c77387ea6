//! Files that go out, read with the rights of whoever runs the command and handed to the engine piece by piece.

use super::Session;
use super::failure::Failure;
use crate::model::media::{HEAD, StoredFile, clean_name, judge};
use crate::model::outgoing::FieldProblem;
use crate::protocol::files::{FileAnswer, FileRequest, PART_MAX, Piece};
use crate::protocol::{Request, Response};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

fn unreadable(path: &Path, e: &std::io::Error) -> Failure {
    FieldProblem::new("file", format!("{} cannot be read: {e}", path.display())).into()
}

fn of(path: &Path, problem: FieldProblem) -> Failure {
    FieldProblem::new(problem.field, format!("{} {}", path.display(), problem.problem)).into()
}

/// A file that was opened and looked at: it can be sent.
pub(super) struct Opened<'a> {
    path: &'a Path,
    file: File,
    name: String,
    size: u64,
    head: Vec<u8>,
}

/// Opens a file and looks whether it can be sent; nothing has left then.
pub(super) fn open(path: &Path) -> Result<Opened<'_>, Failure> {
    let fail = |e: std::io::Error| unreadable(path, &e);
    // A pipe would wait for its writer, and has no size.
    let meta = std::fs::metadata(path).map_err(fail)?;
    if !meta.is_file() {
        return Err(FieldProblem::new("file", format!("{} is no file", path.display())).into());
    }
    let mut file = File::open(path).map_err(fail)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD as u64).read_to_end(&mut head).map_err(fail)?;
    let name = clean_name(&path.file_name().unwrap_or_default().to_string_lossy());
    judge(&name, &head, meta.len()).map_err(|p| of(path, p))?;
    Ok(Opened { path, file, name, size: meta.len(), head })
}

/// Hands a file over; the engine keeps it under its hash.
pub(super) async fn upload(session: &mut Session, opened: Opened<'_>) -> Result<StoredFile, Failure> {
    let Opened { path, mut file, name, size, mut head } = opened;
    let begin = FileRequest::Begin { name, size };
    let FileAnswer::Begun { upload } = ask(session, begin).await? else { return Err(Failure::unexpected()) };
    let mut hash = Sha256::new();
    let mut at = 0;
    loop {
        let mut bytes = std::mem::take(&mut head);
        let room = (PART_MAX - bytes.len()) as u64;
        (&mut file).take(room).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
        let next = at + bytes.len() as u64;
        ask(session, FileRequest::Part { upload, at, bytes: Piece(bytes) }).await?;
        at = next;
    }
    let hash = crate::model::media::FileHash(hash.finalize().into());
    match ask(session, FileRequest::End { upload, hash }).await? {
        FileAnswer::Stored { file } => Ok(file),
        _ => Err(Failure::unexpected()),
    }
}

async fn ask(session: &mut Session, act: FileRequest) -> Result<FileAnswer, Failure> {
    match session.client.ask(Request::File { act }).await? {
        Response::File(answer) => Ok(answer),
        _ => Err(Failure::unexpected()),
    }
}
