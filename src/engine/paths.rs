//! The random part of each account's webhook path: made once, kept in the data folder, readable by its owner only.

use super::EngineError;
use crate::model::ids::AccountId;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const FILE: &str = "webhook-paths.json";

/// Path tokens by account.
pub struct Paths {
    file: PathBuf,
    tokens: BTreeMap<String, String>,
    dirty: bool,
}

/// Reads the tokens; none when there is no file yet.
pub fn load(data_dir: &Path) -> Result<Paths, EngineError> {
    let file = data_dir.join(FILE);
    let bad = |error: String| EngineError::Paths { path: file.clone(), error };
    let tokens = match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(e) => return Err(bad(e.to_string())),
    };
    Ok(Paths { file, tokens, dirty: false })
}

impl Paths {
    /// The token of an account, made if there is none: 32 hexadecimal digits, so that no character of a path means
    /// anything else on its way (a literal `+` would come back as a space).
    pub fn of(&mut self, account: &AccountId) -> String {
        if let Some(token) = self.tokens.get(account.as_str()) {
            return token.clone();
        }
        let token = uuid::Uuid::new_v4().simple().to_string();
        self.tokens.insert(account.as_str().to_owned(), token.clone());
        self.dirty = true;
        token
    }

    /// Writes the tokens if any is new.
    pub fn save(&self) -> Result<(), EngineError> {
        if !self.dirty {
            return Ok(());
        }
        let bad = |error: String| EngineError::Paths { path: self.file.clone(), error };
        let text = serde_json::to_string_pretty(&self.tokens).map_err(|e| bad(e.to_string()))?;
        let next = self.file.with_extension("new");
        let _ = std::fs::remove_file(&next);
        let write = || -> std::io::Result<()> {
            let mut f = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
            f.write_all(text.as_bytes())?;
            f.sync_all()?;
            std::fs::rename(&next, &self.file)
        };
        write().map_err(|e| bad(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn tokens_are_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let a = AccountId::new("support");
        let mut p = load(dir.path()).unwrap();
        let token = p.of(&a);
        p.save().unwrap();
        assert_eq!(load(dir.path()).unwrap().of(&a), token);
        assert!(token.len() == 32 && token.chars().all(|c| c.is_ascii_hexdigit()));
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
