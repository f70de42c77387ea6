//! The data folder: who can read what.

use super::{check, fail, pass};
use crate::engine::Shared;
use crate::protocol::Check;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Nothing in the folder may be open to others.
pub(super) async fn run(shared: &Shared) -> Vec<Check> {
    let (dir, db) = (shared.settings.data_dir.clone(), shared.store.path().to_owned());
    let seen = tokio::task::spawn_blocking(move || modes(&dir, &db)).await.unwrap_or_default();
    let mut out = Vec::new();
    let mut good = 0;
    for (path, mode, want) in seen {
        let shown = path.display();
        match mode {
            Err(e) => out.push(check(
                "files.modes",
                None,
                fail(format!("{shown}: {e}"), format!("see why {shown} cannot be looked at")),
            )),
            Ok(mode) if mode & !want != 0 => out.push(check(
                "files.modes",
                None,
                fail(format!("{shown} has mode {mode:o}: others can open it"), format!("chmod {want:o} {shown}")),
            )),
            Ok(_) => good += 1,
        }
    }
    if out.is_empty() {
        let seen = format!("{}: {good} files and the folder are for their owner only", dir_name(shared));
        out.push(check("files.modes", None, pass(seen)));
    }
    out
}

fn dir_name(shared: &Shared) -> String {
    shared.settings.data_dir.display().to_string()
}

type Mode = (PathBuf, std::io::Result<u32>, u32);

fn modes(dir: &Path, db: &Path) -> Vec<Mode> {
    let mode = |path: PathBuf, want: u32| {
        let mode = std::fs::metadata(&path).map(|m| m.permissions().mode() & 0o777);
        (path, mode, want)
    };
    let mut out = vec![mode(dir.to_owned(), 0o700), mode(db.to_owned(), 0o600)];
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.path())
        .filter(|p| p != db && std::fs::symlink_metadata(p).is_ok_and(|m| m.is_file()))
        .collect();
    files.sort();
    out.extend(files.into_iter().map(|p| mode(p, 0o600)));
    out
}
