//! Secrets of accounts that were made here: one file each in a folder of the data folder, readable by the engine's user
//! only. They come in once, when somebody types them, and go out to the provider only.

use crate::config::secrets;
use crate::model::account::SecretKey;
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use secrecy::SecretString;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FOLDER: &str = "secrets";

/// The folder with the secrets.
#[derive(Clone, Debug)]
pub(super) struct Vault(PathBuf);

impl Vault {
    pub fn new(data_dir: &Path) -> Self {
        Self(data_dir.join(FOLDER))
    }

    fn file(&self, account: &AccountId, key: SecretKey) -> PathBuf {
        self.0.join(format!("{account}.{}", key.word()))
    }

    /// The secret, if it is here. A file that others can read is refused.
    pub fn get(&self, account: &AccountId, key: SecretKey) -> Result<Option<SecretString>, String> {
        let file = self.file(account, key);
        if !file.exists() {
            return Ok(None);
        }
        secrets::read_file(&file).map(Some).map_err(|e| e.to_string())
    }

    /// Keeps a secret; it is on the disk when this returns, and a crash leaves the old one or the new one.
    pub fn set(&self, account: &AccountId, key: SecretKey, secret: &str) -> std::io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let file = self.file(account, key);
        let next = file.with_extension(format!("{}.new", key.word()));
        let _ = std::fs::remove_file(&next);
        let mut f = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        f.write_all(secret.as_bytes())?;
        f.sync_all()?;
        std::fs::rename(&next, &file)?;
        std::fs::File::open(&self.0)?.sync_all()
    }

    /// Takes the secrets of an account away.
    pub fn forget(&self, account: &AccountId) -> std::io::Result<()> {
        for key in SecretKey::ALL {
            match std::fs::remove_file(self.file(account, key)) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    /// Which secrets of an account are here.
    pub fn has(&self, account: &AccountId) -> Vec<SecretKey> {
        SecretKey::ALL.into_iter().filter(|key| self.file(account, *key).exists()).collect()
    }
}

/// What is wrong with a secret that somebody typed; it is not repeated.
pub(super) fn fits(key: SecretKey, provider: &str, secret: &str) -> Result<(), Problem> {
    let title = key.title(provider);
    let wrong = |why: &str| {
        Err(Problem {
            field: Some(key.word().into()),
            ..Problem::new("invalid", format!("the {title} {why}"))
        }
        .means("nothing was kept")
        .next(format!("copy the {title} again")))
    };
    if secret.is_empty() {
        return wrong("is empty");
    }
    if secret.len() > 4096 {
        return wrong("is longer than 4096 bytes");
    }
    if secret.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return wrong("has blanks or line breaks in it");
    }
    if !secret.is_ascii() {
        return wrong("has characters that no such key has");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_kept_for_the_owner_only_and_can_be_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        let a = AccountId::new("support");
        assert!(vault.get(&a, SecretKey::AccessToken).unwrap().is_none());
        vault.set(&a, SecretKey::AccessToken, "one").unwrap();
        vault.set(&a, SecretKey::AccessToken, "two").unwrap();
        vault.set(&AccountId::new("sales"), SecretKey::AccessToken, "other").unwrap();
        let got = vault.get(&a, SecretKey::AccessToken).unwrap().unwrap();
        assert_eq!(got.expose_secret(), "two");
        let file = vault.file(&a, SecretKey::AccessToken);
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&dir.path().join(FOLDER))), (0o600, 0o700));
        assert_eq!(vault.has(&a), [SecretKey::AccessToken]);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(vault.get(&a, SecretKey::AccessToken).unwrap_err().contains("chmod 600"));
        vault.forget(&a).unwrap();
        assert_eq!(vault.has(&a), []);
        assert_eq!(vault.has(&AccountId::new("sales")), [SecretKey::AccessToken]);
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_repeating_it() {
        for bad in ["", "hush hush", "hush\nhush", "húsh"] {
            let p = fits(SecretKey::AccessToken, "kapso", bad).unwrap_err();
            assert!(p.what.contains("API key") && !p.what.contains("hush"), "{p:?}");
        }
        assert!(fits(SecretKey::AppSecret, "meta", "a1b2").is_ok());
    }
}
