//! Who may open the socket, and which socket a client trusts.
//!
//! The folder decides: whoever may write it could put a socket of their own there. So the engine takes a folder that
//! only its user writes (and, for a team, one group may enter), and a client takes one that belongs to root, to
//! itself or to the engine's user, and that nobody else writes. The kernel's word about the other end comes on top.

use super::lifecycle::DaemonError;
use crate::users;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Where an engine opens its socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The socket.
    pub path: PathBuf,
    /// The group that may open it, by name and id.
    pub group: Option<(String, u32)>,
}

impl Door {
    /// A socket for the engine's own user.
    #[must_use]
    pub fn own(path: PathBuf) -> Self {
        Self { path, group: None }
    }

    fn refuse(folder: &Path, why: String) -> DaemonError {
        DaemonError::Socket { path: folder.to_path_buf(), why }
    }

    /// Makes the socket's folder where there is none, and checks it: plain, `uid`'s or root's, closed to others.
    pub(super) fn folder(&self, uid: u32) -> Result<(), DaemonError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let failed = |source| DaemonError::File { path: folder.to_path_buf(), source };
        match fs::symlink_metadata(folder) {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
                if let Some((name, gid)) = &self.group {
                    // The group first: a folder that is open to the wrong one for a moment is open.
                    give(folder, name, *gid)?;
                    fs::set_permissions(folder, Permissions::from_mode(0o750)).map_err(failed)?;
                }
            }
            Err(e) => return Err(failed(e)),
        }
        let meta = fs::symlink_metadata(folder).map_err(failed)?;
        if let Some(why) = no_folder(&meta) {
            return Err(Self::refuse(folder, why));
        }
        if meta.uid() != uid && meta.uid() != 0 {
            let why = format!("belongs to {}: use a folder of your own", users::name_of(meta.uid()));
            return Err(Self::refuse(folder, why));
        }
        let mode = meta.mode() & 0o777;
        let at = folder.display();
        match &self.group {
            None if mode & 0o077 != 0 => Err(Self::refuse(
                folder,
                format!(
                    "is open to others (mode {mode:04o}): run chmod 700 {at}, or name the group that may attach"
                ),
            )),
            Some((name, gid)) if mode & 0o027 != 0 || mode & 0o050 != 0o050 || meta.gid() != *gid => {
                Err(Self::refuse(
                    folder,
                    format!(
                        "must be for the group {name} and for nobody else (its mode is {mode:04o}): run chgrp {name} {at} && chmod 750 {at}"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Gives a new socket to those who may open it.
    pub(super) fn hand_out(&self) -> Result<(), DaemonError> {
        let mode = match &self.group {
            None => 0o600,
            Some((name, gid)) => {
                give(&self.path, name, *gid)?;
                0o660
            }
        };
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
            .map_err(|source| DaemonError::File { path: self.path.clone(), source })
    }
}

fn give(path: &Path, name: &str, gid: u32) -> Result<(), DaemonError> {
    // A service may belong to the group already, and not be let to give anything away.
    if fs::symlink_metadata(path).is_ok_and(|meta| meta.gid() == gid) {
        return Ok(());
    }
    chown(path, None, Some(gid)).map_err(|e| {
        Door::refuse(
            path,
            format!("cannot be given to the group {name} ({e}): the engine's user must be a member of it"),
        )
    })
}

fn no_folder(meta: &Metadata) -> Option<String> {
    (meta.is_symlink() || !meta.is_dir())
        .then(|| "is not a plain folder: name the folder itself, not a link to it".to_owned())
}

/// What a client found where the socket should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A socket; whoever listens must be one of these users.
    Socket(Vec<u32>),
    /// Nothing.
    Nothing,
    /// We may not look.
    Closed,
    /// Something that is not to be trusted.
    Unsafe(String),
}

/// Looks at a socket before it is opened. `engine` is the user that the engine is known to run as.
pub(super) fn look(socket: &Path, engine: Option<u32>) -> Found {
    let mut trusted = vec![0, users::own_uid()];
    trusted.extend(engine);
    let stranger = |what: &Path, uid: u32| {
        Found::Unsafe(format!(
            "{} belongs to {}, who is not known to run the engine",
            what.display(),
            users::name_of(uid)
        ))
    };
    let folder = socket.parent().unwrap_or(Path::new("/"));
    let failed = |e: &io::Error| match e.kind() {
        io::ErrorKind::PermissionDenied => Found::Closed,
        _ => Found::Nothing,
    };
    let meta = match fs::symlink_metadata(folder) {
        Ok(meta) => meta,
        Err(e) => return failed(&e),
    };
    if no_folder(&meta).is_some() {
        return Found::Unsafe(format!("{} is not a plain folder", folder.display()));
    }
    if !trusted.contains(&meta.uid()) {
        return stranger(folder, meta.uid());
    }
    if meta.mode() & 0o022 != 0 {
        let mode = meta.mode() & 0o777;
        return Found::Unsafe(format!("{} can be written by others (mode {mode:04o})", folder.display()));
    }
    match fs::symlink_metadata(socket) {
        Ok(meta) if !meta.file_type().is_socket() => {
            Found::Unsafe(format!("{} is not a socket", socket.display()))
        }
        Ok(meta) if !trusted.contains(&meta.uid()) => stranger(socket, meta.uid()),
        Ok(_) => Found::Socket(trusted),
        Err(e) => failed(&e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::own_uid;
    use std::os::unix::net::UnixListener;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn own_group() -> (String, u32) {
        let group = users::groups_of(own_uid()).into_iter().next().expect("a group");
        let gid = users::gid_of(&group).unwrap();
        (group, gid)
    }

    #[test]
    fn a_folder_is_made_for_those_who_may_attach_and_refused_when_it_is_open_to_more() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("run/switchboard");
        let path = folder.join("engine.sock");
        let own = Door::own(path.clone());
        own.folder(own_uid()).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        let team = Door { path: path.clone(), group: Some(own_group()) };
        let e = team.folder(own_uid()).unwrap_err().to_string();
        assert!(e.contains("chmod 750") && e.contains(&own_group().0), "{e}");
        fs::remove_dir(&folder).unwrap();
        team.folder(own_uid()).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o750);
        assert!(own.folder(own_uid()).unwrap_err().to_string().contains("0750"));
        for bad in [0o770, 0o755, 0o751, 0o700] {
            mode(&folder, bad);
            assert!(team.folder(own_uid()).is_err(), "{bad:o}");
        }
        mode(&folder, 0o750);
        team.folder(own_uid()).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let linked = Door { path: link.join("engine.sock"), ..team };
        assert!(linked.folder(own_uid()).unwrap_err().to_string().contains("not a plain folder"));
    }

    #[test]
    fn a_client_trusts_no_folder_that_others_write_and_no_file_that_is_no_socket() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("run");
        let path = folder.join("engine.sock");
        assert_eq!(look(&path, None), Found::Nothing);
        fs::create_dir(&folder).unwrap();
        mode(&folder, 0o750);
        assert_eq!(look(&path, None), Found::Nothing);
        fs::write(&path, "").unwrap();
        assert!(matches!(look(&path, None), Found::Unsafe(why) if why.contains("not a socket")));
        fs::remove_file(&path).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        assert_eq!(look(&path, Some(4711)), Found::Socket(vec![0, own_uid(), 4711]));
        for bad in [0o777, 0o770, 0o722] {
            mode(&folder, bad);
            assert!(matches!(look(&path, None), Found::Unsafe(why) if why.contains("written by others")));
        }
        mode(&folder, 0o750);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(matches!(look(&link.join("engine.sock"), None), Found::Unsafe(_)));
    }

    #[test]
    fn a_strangers_folder_is_refused_unless_the_engine_is_theirs() {
        // Only root can make somebody else's folder.
        if own_uid() != 0 {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        mode(dir.path(), 0o755);
        let folder = dir.path().join("run");
        fs::create_dir(&folder).unwrap();
        mode(&folder, 0o750);
        let path = folder.join("engine.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        chown(&folder, Some(4711), None).unwrap();
        assert!(matches!(look(&path, None), Found::Unsafe(why) if why.contains("uid-4711")));
        assert!(matches!(look(&path, Some(4711)), Found::Socket(_)));
        chown(&path, Some(4712), None).unwrap();
        assert!(matches!(look(&path, Some(4711)), Found::Unsafe(why) if why.contains("uid-4712")));
        assert!(Door::own(path).folder(0).unwrap_err().to_string().contains("uid-4711"));
    }
}
