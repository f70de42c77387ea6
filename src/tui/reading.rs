//! Files that the operator attaches: read with their rights, piece by piece, on a thread of their own; and the folders
//! they are chosen from. The screen never waits.
//!
//! Knows files; nothing of messages or uploads.

use crate::model::media::{FileHash, HEAD, clean_name, judge};
use crate::protocol::files::PART_MAX;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// Names of a folder that are looked at.
const NAMES: usize = 5_000;
/// Names of it that are shown.
const SHOWN: usize = 200;

/// What is read of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// It is open, and can be sent.
    Opened {
        /// Its name.
        name: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The next bytes.
    Bytes {
        /// Where they stand.
        at: u64,
        /// They themselves.
        bytes: Vec<u8>,
    },
    /// There are no more.
    End {
        /// What they all hash to.
        hash: FileHash,
    },
    /// It cannot be read, or not be sent.
    Failed(String),
}

/// What a path that is being typed may become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The text it was looked for.
    pub typed: String,
    /// Names that begin like the last part of it: folders first.
    pub found: Vec<Entry>,
    /// Whether there are more.
    pub more: bool,
    /// Why the folder cannot be read.
    pub problem: Option<String>,
}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whether it is no folder; folders come first.
    pub is_file: bool,
    /// Its name.
    pub name: String,
    /// The size of a file.
    pub size: u64,
}

/// A path as people write it: `~` is home, and what is pasted or dropped may stand in quotes.
pub(crate) fn path_of(typed: &str, home: Option<&Path>) -> PathBuf {
    let typed = typed.trim();
    let bare = ['\'', '"'].iter().find_map(|q| typed.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(typed);
    let bare = bare.strip_prefix("file://").unwrap_or(bare);
    match (bare.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(bare),
    }
}

pub(crate) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// Begins to read a file; `tell` hears of every piece, and each message to the sender asks for the next one.
pub(crate) fn read(path: PathBuf, tell: impl Fn(Piece) + Send + 'static) -> mpsc::Sender<()> {
    let (next, wanted) = mpsc::channel();
    let started = std::thread::Builder::new().name("attach".into()).spawn(move || {
        let last = match pieces(&path, &tell, &wanted) {
            Ok(Some(hash)) => Piece::End { hash },
            Ok(None) => return,
            Err(why) => Piece::Failed(why),
        };
        tell(last);
    });
    if let Err(error) = started {
        tracing::warn!(%error, "a file was not read");
    }
    next
}

/// The hash, or nothing when nobody wants the rest.
fn pieces(
    path: &Path,
    tell: &impl Fn(Piece),
    wanted: &mpsc::Receiver<()>,
) -> Result<Option<FileHash>, String> {
    let fail = |e: std::io::Error| format!("{}: {e}", path.display());
    let meta = std::fs::metadata(path).map_err(fail)?;
    // A pipe would wait for its writer, and has no size.
    if !meta.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    let mut file = File::open(path).map_err(fail)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD as u64).read_to_end(&mut head).map_err(fail)?;
    let name = clean_name(&path.file_name().unwrap_or_default().to_string_lossy());
    judge(&name, &head, meta.len()).map_err(|p| format!("{name} {}", p.problem))?;
    tell(Piece::Opened { name, size: meta.len() });
    let mut hash = Sha256::new();
    let mut at = 0;
    while wanted.recv().is_ok() {
        let mut bytes = std::mem::take(&mut head);
        let room = (PART_MAX - bytes.len()) as u64;
        (&mut file).take(room).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.is_empty() {
            return Ok(Some(FileHash(hash.finalize().into())));
        }
        hash.update(&bytes);
        let here = at;
        at += bytes.len() as u64;
        tell(Piece::Bytes { at: here, bytes });
    }
    Ok(None)
}

/// Looks which names go on where a typed path ends.
pub(crate) fn names(typed: &str, home: Option<&Path>) -> Names {
    let mut out = Names { typed: typed.to_owned(), ..Names::default() };
    let folder_part = typed.rfind('/').map_or("", |at| &typed[..=at]);
    let begun = &typed[folder_part.len()..];
    let folder = match folder_part {
        "" if begun == "~" => {
            return Names { found: vec![Entry { is_file: false, name: "~".into(), size: 0 }], ..out };
        }
        "" => PathBuf::from("."),
        part => path_of(part, home),
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) => {
            out.problem = Some(format!("{}: {e}", folder.display()));
            return out;
        }
    };
    let wanted = begun.to_lowercase();
    for entry in entries.take(NAMES).flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let hidden = name.starts_with('.') && !begun.starts_with('.');
        if hidden || !name.to_lowercase().starts_with(&wanted) {
            continue;
        }
        // A link counts as what it leads to.
        let Ok(meta) = std::fs::metadata(entry.path()) else { continue };
        if meta.is_dir() || meta.is_file() {
            out.found.push(Entry { is_file: meta.is_file(), name, size: meta.len() });
        }
    }
    out.found.sort();
    out.more = out.found.len() > SHOWN;
    out.found.truncate(SHOWN);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(path: &Path) -> Vec<Piece> {
        let (tx, rx) = mpsc::channel();
        let next = read(path.to_owned(), move |piece| tx.send(piece).unwrap());
        let mut out = Vec::new();
        while let Ok(piece) = rx.recv() {
            out.push(piece);
            let _ = next.send(());
        }
        out
    }

    #[test]
    fn a_file_comes_in_pieces_and_with_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("price list.pdf");
        let mut bytes = b"%PDF-1.4\n".to_vec();
        bytes.resize(PART_MAX + 10, b'x');
        std::fs::write(&path, &bytes).unwrap();
        let pieces = heard(&path);
        let size = bytes.len() as u64;
        assert_eq!(pieces[0], Piece::Opened { name: "price list.pdf".into(), size });
        let mut whole = Vec::new();
        for piece in &pieces {
            if let Piece::Bytes { at, bytes } = piece {
                assert_eq!(*at, whole.len() as u64);
                whole.extend_from_slice(bytes);
            }
        }
        assert!(whole == bytes);
        assert_eq!(pieces.last(), Some(&Piece::End { hash: FileHash(Sha256::digest(&bytes).into()) }));
    }

    #[test]
    fn what_cannot_be_sent_is_said_before_anything_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("tool.pdf");
        std::fs::write(&odd, b"\x7fELF\x02\x01\x01\0").unwrap();
        for (path, word) in
            [(odd, "tool.pdf is "), (dir.path().to_owned(), "is no file"), (dir.path().join("x"), "x: ")]
        {
            let pieces = heard(&path);
            assert!(matches!(&pieces[..], [Piece::Failed(why)] if why.contains(word)), "{pieces:?}");
        }
    }

    #[test]
    fn nobody_who_wants_no_more_gets_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        std::fs::write(&path, "hello").unwrap();
        let (tx, rx) = mpsc::channel();
        drop(read(path, move |piece| tx.send(piece).unwrap()));
        assert!(matches!(rx.recv().unwrap(), Piece::Opened { .. }));
        assert!(rx.recv().is_err());
    }

    #[test]
    fn names_go_on_where_the_path_ends() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("Prices")).unwrap();
        for (name, size) in [("price.pdf", 3), ("other.pdf", 1), (".price", 1)] {
            std::fs::write(dir.path().join(name), vec![0; size]).unwrap();
        }
        let shown = |n: &Names| n.found.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        let n = names("~/pri", Some(dir.path()));
        assert_eq!(shown(&n), ["Prices", "price.pdf"]);
        assert_eq!((n.found[0].is_file, n.found[1].size), (false, 3));
        assert_eq!(shown(&names("~/.p", Some(dir.path()))), [".price"]);
        assert_eq!(shown(&names(&format!("{}/", dir.path().display()), None)).len(), 3);
        assert!(names("/nowhere/at/all/", None).problem.is_some());
    }

    #[test]
    fn paths_are_written_as_people_do() {
        let home = Some(Path::new("/home/ana"));
        for (typed, path) in [
            ("~/a b.pdf ", "/home/ana/a b.pdf"),
            ("'/srv/a b.pdf'", "/srv/a b.pdf"),
            ("file:///srv/a.pdf", "/srv/a.pdf"),
            ("~", "/home/ana"),
            ("~bo/a", "~bo/a"),
            ("a.pdf", "a.pdf"),
        ] {
            assert_eq!(path_of(typed, home), PathBuf::from(path), "{typed}");
        }
    }
}
