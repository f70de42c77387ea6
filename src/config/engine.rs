//! `[engine]`: the socket, the group that may open it, and the user that the engine runs as.

use super::checked::{Checker, folder_of};
use super::error::{ConfigError, Origin};
use super::file::EngineFile;
use super::layers::{Flags, Layer, Value};
use super::paths;
use super::settings::SocketSettings;
use std::path::PathBuf;

/// Longest path of a socket that every system takes.
const SOCKET_PATH_MAX: usize = 100;

impl EngineFile {
    /// Whether anything is said here.
    pub(super) fn says_something(&self) -> bool {
        self.socket.is_some() || self.group.is_some() || self.user.is_some()
    }
}

impl Checker<'_> {
    pub(super) fn socket(&self, layer: &Layer, flags: &Flags) -> Result<SocketSettings, ConfigError> {
        // Who names a folder means the engine of that folder, not the one of the file.
        let elsewhere = |v: &Value<String>| flags.data.is_some() && matches!(v.origin, Origin::File(_));
        let path = match layer.socket.as_ref().filter(|v| !elsewhere(v)) {
            None => None,
            Some(v) => Some(self.socket_path(v)?),
        };
        let group = self.name("group", layer.group.as_ref().filter(|v| !elsewhere(v)))?;
        let user = self.name("user", layer.engine_user.as_ref().filter(|v| !elsewhere(v)))?;
        if let (None, Some(_), Some(v)) = (&path, &group, &layer.group) {
            return Err(self.wrong(
                &v.origin,
                "`group` is set and `socket` is not",
                "nobody else may enter the data folder: name a socket in a folder of its own, such as \"/run/switchboard/engine.sock\"",
            ));
        }
        Ok(SocketSettings { path, group, user })
    }

    fn socket_path(&self, v: &Value<String>) -> Result<PathBuf, ConfigError> {
        let base = match v.origin {
            Origin::File(_) => folder_of(self.source),
            _ => PathBuf::new(),
        };
        let path = std::path::absolute(paths::expand(v.value.trim(), &base))
            .ok()
            .filter(|_| !v.value.trim().is_empty())
            .filter(|path| path.file_name().is_some() && path.parent().is_some_and(|p| p.parent().is_some()))
            .ok_or_else(|| {
                self.wrong(
                    &v.origin,
                    format!("`socket` is `{}`", crate::text::sanitize(&v.value)),
                    "it must be a path in a folder of its own: \"/run/switchboard/engine.sock\"",
                )
            })?;
        if path.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(self.wrong(
                &v.origin,
                format!("`socket` has {} bytes", path.as_os_str().len()),
                format!("a path of at most {SOCKET_PATH_MAX} bytes is expected"),
            ));
        }
        Ok(path)
    }

    fn name(&self, key: &str, value: Option<&Value<String>>) -> Result<Option<String>, ConfigError> {
        let Some(v) = value else { return Ok(None) };
        let name = v.value.trim();
        let odd = |c: char| c.is_control() || c.is_whitespace() || c == ':' || c == '/';
        if name.is_empty() || name.len() > 64 || name.chars().any(odd) {
            return Err(self.wrong(
                &v.origin,
                format!("`{key}` is `{}`", crate::text::sanitize(&v.value)),
                format!("it must be the name of a {key} of this machine"),
            ));
        }
        Ok(Some(name.to_owned()))
    }
}
