//! A big store for measuring, made as the engine would find it.

use super::EngineError;
use crate::clock::Millis;
use crate::store::StoreError;
use crate::store::seed::{self, SeedOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Signs webhooks of a measuring folder. No secret: it guards made-up conversations.
const SECRET: &str = "switchboard-bench";

/// Fills a new data folder with made-up conversations whose newest message is of time `newest`, and tells `out`
/// how far it is. The same numbers give the same content. A `config.toml` beside the store lets the program run on
/// it as it stands; its account talks to an emulator on this machine.
pub fn seed(
    dir: &Path,
    messages: u64,
    threads: u64,
    seed: u64,
    newest: Millis,
    out: &mut dyn Write,
) -> Result<(), EngineError> {
    folder(dir).map_err(|error| StoreError::File { path: dir.to_owned(), error })?;
    let path = dir.join("switchboard.db");
    // Progress is a courtesy: a closed output must not leave half a store behind.
    let mut progress = |done: u64| {
        let _ = writeln!(out, "{done} of {messages} messages").and_then(|()| out.flush());
    };
    seed::seed(&path, SeedOptions { messages, threads, seed, newest }, &mut progress)?;
    let config = config();
    let files = [("bench.secret", SECRET), ("config.toml", config.as_str())];
    for (name, content) in files {
        let file = dir.join(name);
        write_private(&file, content).map_err(|error| StoreError::File { path: file, error })?;
    }
    let _ = writeln!(out, "{} is ready", path.display());
    let _ = writeln!(out, "use it with --config {}", dir.join("config.toml").display());
    Ok(())
}

fn folder(dir: &Path) -> std::io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())
}

fn config() -> String {
    format!(
        "# Made-up conversations for measuring, made by `switchboard bench seed`.\n\
         data_dir = \".\"\n\n\
         [listener]\n\
         bind = \"127.0.0.1:8099\"\n\n\
         [[accounts]]\n\
         id = \"{id}\"\n\
         name = \"Bench\"\n\
         provider = \"meta\"\n\
         environment = \"development\"\n\
         phone_number_id = \"{number}\"\n\
         waba_id = \"{business}\"\n\
         api_base = \"http://127.0.0.1:9099\"\n\
         access_token = {{ file = \"bench.secret\" }}\n\
         app_secret = {{ file = \"bench.secret\" }}\n\
         verify_token = {{ file = \"bench.secret\" }}\n",
        id = seed::ACCOUNT,
        number = seed::NUMBER,
        business = seed::BUSINESS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_measuring_folder_is_private_and_its_configuration_loads() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut out = Vec::new();
        seed(&data, 50, 5, 1, 1_700_000_000_000, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("config.toml"));
        for name in ["switchboard.db", "bench.secret", "config.toml"] {
            let mode = std::fs::metadata(data.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o77, 0, "{name}");
        }
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        let flags = config::Flags { config: Some(data.join("config.toml")), data: None };
        let env = config::Env::default();
        let settings = config::read(&flags, &env).unwrap().settings(&env).unwrap();
        assert_eq!(settings.engine.data_dir.canonicalize().unwrap(), data.canonicalize().unwrap());
        assert_eq!(settings.engine.accounts[0].spec.number, seed::NUMBER);
    }
}
