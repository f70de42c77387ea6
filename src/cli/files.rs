//! Files that go out, read with the rights of whoever runs the command and handed to the engine piece by piece.

use super::Session;
use super::failure::Failure;
use crate::model::media::{FileHash, HEAD, StoredFile, clean_name, judge};
use crate::model::outgoing::FieldProblem;
use crate::model::quick_reply::ReplyFile;
use crate::protocol::files::{FileAnswer, FileRequest, PART_MAX, Piece};
use crate::protocol::{Request, Response};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

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

impl Opened<'_> {
    /// What it will be once it is kept. Reads it whole.
    pub(super) fn stored(&self) -> Result<StoredFile, Failure> {
        let fail = |e: std::io::Error| unreadable(self.path, &e);
        let mut file = File::open(self.path).map_err(fail)?;
        let mut hash = Sha256::new();
        let mut bytes = vec![0; PART_MAX];
        loop {
            match file.read(&mut bytes).map_err(fail)? {
                0 => break,
                n => hash.update(&bytes[..n]),
            }
        }
        let facts = judge(&self.name, &self.head, self.size).map_err(|p| of(self.path, p))?;
        let (name, size) = (self.name.clone(), self.size);
        Ok(StoredFile { hash: FileHash(hash.finalize().into()), name, size, facts })
    }
}

/// Files of quick replies by their paths; those that are named twice are handed over once.
pub(super) async fn keep(session: &mut Session, files: &mut [ReplyFile]) -> Result<(), Failure> {
    for file in files {
        if let ReplyFile::Path(path) = file {
            let path = PathBuf::from(&*path);
            *file = ReplyFile::Stored(upload(session, open(&path)?).await?);
        }
    }
    Ok(())
}

/// Writes a file that is kept into a new one.
pub(super) async fn fetch(session: &mut Session, file: &StoredFile, path: &Path) -> Result<(), Failure> {
    let wrong =
        |e: std::io::Error| Failure::from(FieldProblem::new("file", format!("{}: {e}", path.display())));
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(wrong)?;
    let mut at = 0;
    loop {
        let FileAnswer::Bytes { bytes } = ask(session, FileRequest::Read { hash: file.hash, at }).await?
        else {
            return Err(Failure::unexpected());
        };
        if bytes.0.is_empty() {
            break;
        }
        out.write_all(&bytes.0).map_err(wrong)?;
        at += bytes.0.len() as u64;
    }
    out.sync_all().map_err(wrong)
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
    let hash = FileHash(hash.finalize().into());
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
