//! Where things are when nobody says otherwise.

use std::path::{Path, PathBuf};

/// The file that holds for every user of the machine without one of their own.
pub const SYSTEM_FILE: &str = "/etc/switchboard/config.toml";

fn project() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "switchboard")
}

/// The configuration file (`~/.config/switchboard/config.toml` on Linux); `None` without a home folder.
#[must_use]
pub fn config_file() -> Option<PathBuf> {
    project().map(|p| p.config_dir().join("config.toml"))
}

/// The operator's own keys (`~/.config/switchboard/keys.toml` on Linux); `None` without a home folder.
#[must_use]
pub fn keys_file() -> Option<PathBuf> {
    project().map(|p| p.config_dir().join("keys.toml"))
}

/// The data folder (`~/.local/share/switchboard` on Linux); `None` without a home folder.
#[must_use]
pub fn data_dir() -> Option<PathBuf> {
    project().map(|p| p.data_local_dir().to_path_buf())
}

/// A path as written in a configuration file: `~/` is the home folder, a relative path starts at `base`.
#[must_use]
pub fn expand(written: &str, base: &Path) -> PathBuf {
    if let Some(rest) = written.strip_prefix("~/")
        && let Some(dirs) = directories::BaseDirs::new()
    {
        return dirs.home_dir().join(rest);
    }
    base.join(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_at_the_file_and_absolute_ones_stay() {
        assert_eq!(expand("data", Path::new("/etc/switchboard")), Path::new("/etc/switchboard/data"));
        assert_eq!(expand("/srv/x", Path::new("/etc")), Path::new("/srv/x"));
        if let Some(dirs) = directories::BaseDirs::new() {
            assert_eq!(expand("~/x", Path::new("/etc")), dirs.home_dir().join("x"));
        }
    }
}
