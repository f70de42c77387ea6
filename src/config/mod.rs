//! What may be configured, where it comes from, and how a mistake is reported.
//!
//! Knows files, the environment and `model`; knows nothing of the engine or the screen. Reading has two steps,
//! so that a client that only attaches to a running engine never touches a secret: [`read`] finds and checks
//! everything, [`Checked::settings`] then fetches the secrets.

mod checked;
mod engine;
mod error;
pub mod file;
pub mod layers;
pub mod paths;
pub mod secrets;
pub mod settings;

pub use checked::{Checked, CheckedAccount, check};
pub use error::ConfigError;
pub(crate) use error::{Source, nearest};
pub use layers::{Env, Flags};

use std::path::{Path, PathBuf};

/// Longest configuration file in bytes: 1 MiB.
pub const FILE_MAX: u64 = 1 << 20;

/// Finds the configuration file, merges file, environment and flags, and checks every value.
///
/// The file is the one that was named; else the user's own, and where that says nothing of an engine, what the
/// file of the whole machine says of it; else the file of the whole machine.
pub fn read(flags: &Flags, env: &Env) -> Result<Checked, ConfigError> {
    let named = flags.config.clone().or_else(|| env.get("SWITCHBOARD_CONFIG").map(Into::into));
    if let Some(path) = named {
        let text = file::load(&path).map_err(|e| ConfigError::unreadable(&path, &e))?;
        return check(Some((path, text)), flags, env);
    }
    find(paths::config_file(), Path::new(paths::SYSTEM_FILE), flags, env)
}

/// [`read`] without a file that was named.
fn find(own: Option<PathBuf>, system: &Path, flags: &Flags, env: &Env) -> Result<Checked, ConfigError> {
    let load = |path: PathBuf| match file::load(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(ConfigError::unreadable(&path, &e)),
    };
    let Some(own) = own.map(load).transpose()?.flatten() else {
        return check(load(system.to_path_buf())?, flags, env);
    };
    let mut checked = check(Some(own), flags, env)?;
    if !checked.has_engine
        && let Some(system) = load(system.to_path_buf())?
    {
        // Colours and keys are the user's; whose engine it is says the machine.
        let system = check(Some(system), flags, env)?;
        checked.data_dir = system.data_dir;
        checked.socket = system.socket;
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(own: Option<&str>, system: Option<&str>) -> Checked {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str, text: Option<&str>| {
            let path = dir.path().join(name);
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            path
        };
        let (own, system) = (at("own.toml", own), at("system.toml", system));
        find(Some(own), &system, &Flags::default(), &Env::default()).unwrap()
    }

    const TEAM: &str =
        "data_dir = \"/srv/inbox\"\n[engine]\nsocket = \"/run/x/engine.sock\"\nuser = \"inbox\"\n";

    #[test]
    fn the_machines_file_says_whose_engine_it_is_unless_the_user_has_one() {
        let socket = |c: &Checked| c.socket.path.as_ref().map(|p| p.display().to_string());
        let team = found(None, Some(TEAM));
        assert_eq!(socket(&team).as_deref(), Some("/run/x/engine.sock"));
        let mine = found(Some("[ui]\ntheme = \"light\"\n"), Some(TEAM));
        assert_eq!(mine.ui.theme, "light");
        assert_eq!((socket(&mine), mine.data_dir.clone()), (socket(&team), team.data_dir.clone()));
        for own in ["data_dir = \"/home/ana/inbox\"", "[engine]\nsocket = \"/run/y/engine.sock\""] {
            assert_ne!(socket(&found(Some(own), Some(TEAM))).as_deref(), Some("/run/x/engine.sock"), "{own}");
        }
        assert_eq!(socket(&found(None, None)), None);
    }
}
