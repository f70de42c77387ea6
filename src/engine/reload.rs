//! What of the configuration changes while the engine runs.

use super::Engine;
use crate::config::settings::{AccountSettings, EngineSettings};
use crate::protocol::Changed;
use secrecy::{ExposeSecret, SecretString};
use std::sync::PoisonError;
use std::time::Duration;

/// The settings that may change under a running engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Live {
    pub undo: Duration,
    pub keep_webhooks: Duration,
    pub keep_webhooks_bytes: u64,
    pub keep_files: Duration,
    pub keep_files_bytes: u64,
    pub silence: Duration,
    pub keep_activity: Duration,
    pub template_age: Duration,
}

impl Live {
    pub(super) fn of(settings: &EngineSettings) -> Self {
        Self {
            undo: settings.undo,
            keep_webhooks: settings.keep_webhooks,
            keep_webhooks_bytes: settings.keep_webhooks_bytes,
            keep_files: settings.keep_files,
            keep_files_bytes: settings.keep_files_bytes,
            silence: settings.silence,
            keep_activity: settings.keep_activity,
            template_age: settings.template_age,
        }
    }
}

/// What came of new settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What holds from now on, by its key.
    pub changed: Vec<String>,
    /// What is different and holds from the next start.
    pub restart: Vec<String>,
}

fn secret(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

/// Which parts of an account are different.
fn differs(old: &AccountSettings, new: &AccountSettings) -> Vec<&'static str> {
    let parts = [
        ("name or ids", old.spec == new.spec),
        ("api_base", old.api_base == new.api_base),
        ("api_version", old.api_version == new.api_version),
        ("access_token", secret(&old.access_token, &new.access_token)),
        ("app_secret", secret(&old.app_secret, &new.app_secret)),
        ("verify_token", secret(&old.verify_token, &new.verify_token)),
        ("subscribe", old.subscribe == new.subscribe),
        ("read_receipts", old.read_receipts == new.read_receipts),
    ];
    parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

impl Engine {
    /// Takes over what can change while the engine runs, and says what cannot.
    pub fn reload(&self, new: &EngineSettings) -> Reloaded {
        let shared = &self.shared;
        let old = &shared.settings;
        let mut out = Reloaded::default();
        let live = Live::of(new);
        {
            let mut now = shared.live.write().unwrap_or_else(PoisonError::into_inner);
            let parts = [
                ("undo_seconds", now.undo == live.undo),
                ("keep_webhooks_days", now.keep_webhooks == live.keep_webhooks),
                ("keep_webhooks_mb", now.keep_webhooks_bytes == live.keep_webhooks_bytes),
                ("keep_files_days", now.keep_files == live.keep_files),
                ("keep_files_mb", now.keep_files_bytes == live.keep_files_bytes),
                ("silence_minutes", now.silence == live.silence),
                ("keep_activity_days", now.keep_activity == live.keep_activity),
                ("template_hours", now.template_age == live.template_age),
            ];
            out.changed.extend(parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()));
            *now = live;
        }
        let parts = [
            ("data_dir", old.data_dir == new.data_dir),
            ("late_minutes", old.late == new.late),
            ("bind", old.listener.bind == new.listener.bind),
            ("public_url", old.listener.public_url == new.listener.public_url),
            ("body_limit", old.listener.body_limit == new.listener.body_limit),
        ];
        out.restart.extend(parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()));
        for account in &new.accounts {
            let id = &account.spec.id;
            match old.accounts.iter().find(|a| a.spec.id == *id) {
                None => out.restart.push(format!("account `{id}` (new)")),
                Some(was) => {
                    out.restart.extend(differs(was, account).iter().map(|what| format!("{what} of `{id}`")));
                }
            }
        }
        let gone = old.accounts.iter().filter(|a| new.accounts.iter().all(|n| n.spec.id != a.spec.id));
        out.restart.extend(gone.map(|a| format!("account `{}` (removed)", a.spec.id)));
        if !out.changed.is_empty() {
            // What waits by these times looks again.
            shared.tidy.notify_one();
            shared.hub.publish(&[Changed::StatusChanged]);
        }
        out
    }
}
