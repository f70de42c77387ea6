//! What may be configured, where it comes from, and how a mistake is reported.
//!
//! Knows files, the environment and `model`; knows nothing of the engine or the screen. Reading has two steps,
//! so that a client that only attaches to a running engine never touches a secret: [`read`] finds and checks
//! everything, [`Checked::settings`] then fetches the secrets.

mod checked;
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

/// Longest configuration file in bytes: 1 MiB.
pub const FILE_MAX: u64 = 1 << 20;

/// Finds the configuration file, merges file, environment and flags, and checks every value.
pub fn read(flags: &Flags, env: &Env) -> Result<Checked, ConfigError> {
    let named = flags.config.clone().or_else(|| env.get("SWITCHBOARD_CONFIG").map(Into::into));
    let path = match &named {
        Some(path) => Some(path.clone()),
        None => paths::config_file(),
    };
    let source = match path {
        None => None,
        Some(path) => match file::load(&path) {
            Ok(text) => Some((path, text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => None,
            Err(e) => return Err(ConfigError::unreadable(&path, &e)),
        },
    };
    check(source, flags, env)
}
