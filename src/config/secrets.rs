//! Secrets: named in the configuration, fetched from somewhere safer, never shown.
//!
//! An error here says which source failed and why; it never holds what a source gave.

use super::error::ConfigError;
use super::layers::Env;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest secret in bytes.
const SECRET_MAX: u64 = 16 * 1024;
/// How long a command may take.
const COMMAND_TIME: Duration = Duration::from_secs(10);
/// Why a secret is not written into the file.
const NOT_HERE: &str = "a secret must not be written into this file where backups and colleagues find it, \
    expected a table with one of `credential`, `file`, `command`, `env`: { env = \"SWITCHBOARD_ACCESS_TOKEN\" }";

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A systemd credential of this name.
    Credential(String),
    /// A file that only its owner can read.
    File(String),
    /// The output of a program, given as a list of words; no shell.
    Command(Vec<String>),
    /// An environment variable.
    Env(String),
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = SecretSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with one of `credential`, `file`, `command`, `env`")
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<SecretSource, A::Error> {
                Err(de::Error::custom(NOT_HERE))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
                const KEYS: &[&str] = &["credential", "file", "command", "env"];
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    let source = match key.as_str() {
                        "credential" => SecretSource::Credential(map.next_value()?),
                        "file" => SecretSource::File(map.next_value()?),
                        "command" => SecretSource::Command(map.next_value::<Words>()?.0),
                        "env" => SecretSource::Env(map.next_value()?),
                        other => return Err(de::Error::unknown_field(other, KEYS)),
                    };
                    if found.replace(source).is_some() {
                        return Err(de::Error::custom(
                            "two sources for one secret, expected exactly one of `credential`, `file`, `command`, `env`",
                        ));
                    }
                }
                found.ok_or_else(|| {
                    de::Error::custom(
                        "a secret without a source, expected one of `credential`, `file`, `command`, `env`",
                    )
                })
            }
        }
        d.deserialize_any(Form)
    }
}

/// The words of a command. A plain string is refused without repeating it: it may hold a secret.
struct Words(Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of words")
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Words, E> {
                Err(E::custom(
                    "`command` is one text, expected a list of words, because no shell reads it: \
                     [\"pass\", \"show\", \"meta\"]",
                ))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        d.deserialize_any(Form)
    }
}

impl SecretSource {
    /// Fetches the secret. `base` is the folder that relative file names start at.
    pub(super) fn fetch(&self, base: &Path, env: &Env) -> Result<SecretString, ConfigError> {
        match self {
            Self::Credential(name) => {
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    return Err(ConfigError::new(
                        format!("`{name}` cannot be the name of a credential"),
                        "use the name given to LoadCredential= in the systemd unit",
                    ));
                }
                let dir = env.get("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    ConfigError::new(
                        format!("credential `{name}` is not here: $CREDENTIALS_DIRECTORY is not set"),
                        "start under systemd with LoadCredential=, or use another source",
                    )
                })?;
                read_file(&Path::new(dir).join(name))
            }
            Self::File(path) => read_file(&super::paths::expand(path, base)),
            Self::Command(argv) => run(argv),
            Self::Env(name) => {
                let value = env.get(name).ok_or_else(|| {
                    ConfigError::new(
                        format!("environment variable {name} is not set"),
                        format!("set it before the start: export {name}=…"),
                    )
                })?;
                finish(value.to_owned(), &format!("${name}"))
            }
        }
    }
}

fn finish(mut text: String, from: &str) -> Result<SecretString, ConfigError> {
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() {
        return Err(ConfigError::new(format!("{from} gave an empty secret"), "put the secret there"));
    }
    if text.chars().any(char::is_control) {
        return Err(ConfigError::new(
            format!("the secret from {from} has line breaks or control characters inside"),
            "it must be one line",
        ));
    }
    Ok(SecretString::from(text))
}

pub(crate) fn read_file(path: &Path) -> Result<SecretString, ConfigError> {
    let shown = path.display();
    let cannot = |e: &std::io::Error| {
        ConfigError::new(format!("secret file {shown} cannot be read ({e})"), "check the path and its owner")
    };
    let file = fs::File::open(path).map_err(|e| cannot(&e))?;
    // The mode of the opened file, not of the name: a swapped name cannot slip through.
    let meta = file.metadata().map_err(|e| cannot(&e))?;
    if !meta.is_file() {
        return Err(ConfigError::new(
            format!("secret file {shown} is not a plain file"),
            "name a plain file",
        ));
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(ConfigError::new(
            format!("secret file {shown} can be read by others (mode {mode:04o})"),
            format!("run: chmod 600 {shown}"),
        ));
    }
    let mut bytes = Vec::new();
    file.take(SECRET_MAX + 1).read_to_end(&mut bytes).map_err(|e| cannot(&e))?;
    text_of(bytes, &format!("file {shown}"))
}

fn text_of(bytes: Vec<u8>, from: &str) -> Result<SecretString, ConfigError> {
    if bytes.len() as u64 > SECRET_MAX {
        return Err(ConfigError::new(
            format!("the secret from {from} is longer than {SECRET_MAX} bytes"),
            "it must be one line",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        ConfigError::new(format!("the secret from {from} is not text"), "it must be one line of UTF-8")
    })?;
    finish(text, from)
}

fn run(argv: &[String]) -> Result<SecretString, ConfigError> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(ConfigError::new("`command` is empty", "name a program and its words"));
    };
    // Arguments may themselves be secret; only the program is ever named.
    let from = format!("command `{}`", PathBuf::from(program).display());
    let failed =
        |why: String| ConfigError::new(format!("{from} {why}"), "run it by hand to see what it says");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(format!("did not start ({e})")))?;
    let deadline = Instant::now() + COMMAND_TIME;
    let (tx, rx) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(SECRET_MAX + 1).read_to_end(&mut bytes).map(|_| bytes);
            // The receiver is gone only after a timeout.
            let _ = tx.send(read);
        });
    }
    let Ok(bytes) = rx.recv_timeout(COMMAND_TIME) else {
        stop(&mut child);
        return Err(failed(format!("did not finish within {} s", COMMAND_TIME.as_secs())));
    };
    let bytes = match bytes {
        Ok(bytes) if bytes.len() as u64 <= SECRET_MAX => bytes,
        Ok(_) => {
            stop(&mut child);
            return Err(failed(format!("printed more than {SECRET_MAX} bytes")));
        }
        Err(e) => {
            stop(&mut child);
            return Err(failed(format!("could not be read ({e})")));
        }
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                stop(&mut child);
                return Err(failed(format!("did not finish within {} s", COMMAND_TIME.as_secs())));
            }
            Err(e) => return Err(failed(format!("was lost ({e})"))),
        }
    };
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    text_of(bytes, &from)
}

fn stop(child: &mut std::process::Child) {
    // It may have ended by itself; either way it must not stay behind as a zombie.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    fn fetch(source: &SecretSource) -> Result<String, String> {
        let env: Env = [("TOKEN", "t0k\n"), ("EMPTY", ""), ("TWO", "a\nb")].into_iter().collect();
        source.fetch(Path::new("/"), &env).map(|s| s.expose_secret().to_owned()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_trailing_newline_is_not_part_of_the_secret() {
        assert_eq!(fetch(&SecretSource::Env("TOKEN".into())), Ok("t0k".into()));
        assert!(fetch(&SecretSource::Env("EMPTY".into())).unwrap_err().contains("EMPTY is not set"));
        let e = fetch(&SecretSource::Env("TWO".into())).unwrap_err();
        assert!(e.contains("line breaks") && !e.contains('b'.to_string().repeat(2).as_str()), "{e}");
    }

    #[test]
    fn files_that_others_can_read_are_refused_with_mode_and_fix() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "hush-hush\n").unwrap();
        for (mode, ok) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let got = fetch(&SecretSource::File(path.display().to_string()));
            if ok {
                assert_eq!(got, Ok("hush-hush".into()), "{mode:o}");
            } else {
                let e = got.unwrap_err();
                assert!(e.contains(&format!("mode {mode:04o}")), "{e}");
                assert!(e.contains(&format!("chmod 600 {}", path.display())), "{e}");
                assert!(!e.contains("hush"), "{e}");
            }
        }
        let e = fetch(&SecretSource::File(dir.path().display().to_string())).unwrap_err();
        assert!(e.contains("not a plain file"), "{e}");
    }

    #[test]
    fn commands_are_bounded_and_their_words_and_output_never_shown() {
        let sh = |script: &str| SecretSource::Command(vec!["sh".into(), "-c".into(), script.into()]);
        assert_eq!(fetch(&sh("echo from-command")), Ok("from-command".into()));
        let e = fetch(&sh("echo hush; exit 3")).unwrap_err();
        assert!(e.contains("exit status: 3") && !e.contains("hush"), "{e}");
        let e = fetch(&sh("yes hush")).unwrap_err();
        assert!(e.contains("more than") && !e.contains("hush"), "{e}");
        assert!(fetch(&SecretSource::Command(vec![])).unwrap_err().contains("empty"));
        let e = fetch(&SecretSource::Command(vec!["/nowhere/x".into()])).unwrap_err();
        assert!(e.contains("did not start"), "{e}");
    }

    #[test]
    fn credentials_come_from_systemds_folder_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "cred").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        let env: Env =
            [("CREDENTIALS_DIRECTORY".to_owned(), dir.path().display().to_string())].into_iter().collect();
        let get = |name: &str, env: &Env| SecretSource::Credential(name.into()).fetch(Path::new("/"), env);
        assert_eq!(get("token", &env).unwrap().expose_secret(), "cred");
        assert!(get("../token", &env).is_err());
        assert!(get("token", &Env::default()).unwrap_err().to_string().contains("CREDENTIALS_DIRECTORY"));
    }
}
