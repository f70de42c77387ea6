//! A file that appears whole or not at all, for its owner's eyes only, and never in the place of another by accident.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Why a file was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// There is one.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// The system said no.
    #[error("{0}")]
    Failed(String),
}

/// A file that is being written: beside its place, for its operator's eyes only.
#[derive(Debug)]
pub struct PrivateFile {
    file: File,
    path: PathBuf,
    beside: PathBuf,
    replace: bool,
    bytes: u64,
}

impl PrivateFile {
    /// Begins one. A file that is there is replaced only where that is wanted, and only by a whole one.
    ///
    /// # Errors
    /// When there is one, or the system says no.
    pub fn open(path: &Path, replace: bool) -> Result<Self, FileProblem> {
        let failed = |e: std::io::Error| FileProblem::Failed(format!("{}: {e}", path.display()));
        let name = path.file_name().ok_or_else(|| FileProblem::Failed("this names no file".into()))?;
        if !replace && path.symlink_metadata().is_ok() {
            return Err(FileProblem::Exists(path.to_owned()));
        }
        if path.is_dir() {
            return Err(FileProblem::Failed(format!("{} is a folder", path.display())));
        }
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.part", std::process::id()));
        let beside = path.with_file_name(beside);
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
        Ok(Self { file, path: path.to_owned(), beside, replace, bytes: 0 })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// When the system says no.
    pub fn more(&mut self, piece: &[u8]) -> Result<(), FileProblem> {
        self.bytes += piece.len() as u64;
        let path = &self.path;
        self.file.write_all(piece).map_err(|e| FileProblem::Failed(format!("{}: {e}", path.display())))
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts it in its place, never over a file that came meanwhile unless that is wanted.
    ///
    /// # Errors
    /// When there is one by now, or the system says no.
    pub fn end(self) -> Result<(), FileProblem> {
        let failed = |e: std::io::Error| FileProblem::Failed(format!("{}: {e}", self.path.display()));
        self.file.sync_all().map_err(failed)?;
        if self.replace {
            std::fs::rename(&self.beside, &self.path).map_err(failed)?;
        } else {
            match std::fs::hard_link(&self.beside, &self.path) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                    return Err(FileProblem::Exists(self.path.clone()));
                }
                Err(_) if self.path.symlink_metadata().is_ok() => {
                    return Err(FileProblem::Exists(self.path.clone()));
                }
                // A file system without links.
                Err(_) => std::fs::rename(&self.beside, &self.path).map_err(failed)?,
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.beside);
    }
}
