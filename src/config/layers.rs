//! The layers: defaults < file < environment (`SWITCHBOARD_*`) < flags.

use super::error::{ConfigError, Origin};
use super::file::File;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Spanned;

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
}

/// A copy of the environment, so that tests bring their own.
#[derive(Clone, Debug, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// The environment of this process; variables that are not text are left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
        )
    }

    /// The value of a variable; an empty one counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        Self(iter.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Value<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T: Clone> Value<T> {
    pub(super) fn of_file(spanned: &Spanned<T>) -> Self {
        Self { value: spanned.get_ref().clone(), origin: Origin::File(spanned.span()) }
    }
}

/// One layer, or all of them merged.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) data_dir: Option<Value<String>>,
    pub(super) socket: Option<Value<String>>,
    pub(super) group: Option<Value<String>>,
    pub(super) engine_user: Option<Value<String>>,
    pub(super) undo_seconds: Option<Value<i64>>,
    pub(super) keep_webhooks_days: Option<Value<i64>>,
    pub(super) keep_webhooks_mb: Option<Value<i64>>,
    pub(super) keep_activity_days: Option<Value<i64>>,
    pub(super) keep_files_days: Option<Value<i64>>,
    pub(super) keep_files_mb: Option<Value<i64>>,
    pub(super) silence_minutes: Option<Value<i64>>,
    pub(super) late_minutes: Option<Value<i64>>,
    pub(super) template_hours: Option<Value<i64>>,
    pub(super) bind: Option<Value<String>>,
    pub(super) public_url: Option<Value<String>>,
    pub(super) body_limit: Option<Value<i64>>,
    pub(super) theme: Option<Value<String>>,
    pub(super) color: Option<Value<String>>,
    pub(super) hyperlinks: Option<Value<String>>,
    pub(super) mouse: Option<Value<bool>>,
    pub(super) send_typing: Option<Value<bool>>,
    pub(super) shell: Option<Value<bool>>,
    pub(super) notify: Option<Value<String>>,
    pub(super) plain: Option<Value<bool>>,
    pub(super) mask: Option<Value<String>>,
    pub(super) line: Option<Value<bool>>,
    pub(super) read_on: Option<Value<String>>,
    pub(super) notify_text: Option<Value<bool>>,
    pub(super) notify_bell: Option<Value<bool>>,
    pub(super) template_samples: Option<Value<bool>>,
    pub(super) notify_passthrough: Option<Value<bool>>,
    pub(super) notify_gap_seconds: Option<Value<i64>>,
    pub(super) quiet_hours: Option<Value<String>>,
    pub(super) timezone: Option<Value<String>>,
    pub(super) frame_ms: Option<Value<i64>>,
    pub(super) keys_preset: Option<Value<String>>,
    pub(super) keys_file: Option<Value<String>>,
}

impl Layer {
    /// What the file says, accounts aside.
    pub(super) fn of_file(f: &File) -> Self {
        fn v<T: Clone>(x: Option<&Spanned<T>>) -> Option<Value<T>> {
            x.map(Value::of_file)
        }
        Self {
            data_dir: v(f.data_dir.as_ref()),
            socket: v(f.engine.socket.as_ref()),
            group: v(f.engine.group.as_ref()),
            engine_user: v(f.engine.user.as_ref()),
            undo_seconds: v(f.undo_seconds.as_ref()),
            keep_webhooks_days: v(f.keep_webhooks_days.as_ref()),
            keep_webhooks_mb: v(f.keep_webhooks_mb.as_ref()),
            keep_activity_days: v(f.keep_activity_days.as_ref()),
            keep_files_days: v(f.keep_files_days.as_ref()),
            keep_files_mb: v(f.keep_files_mb.as_ref()),
            silence_minutes: v(f.silence_minutes.as_ref()),
            late_minutes: v(f.late_minutes.as_ref()),
            template_hours: v(f.template_hours.as_ref()),
            bind: v(f.listener.bind.as_ref()),
            public_url: v(f.listener.public_url.as_ref()),
            body_limit: v(f.listener.body_limit.as_ref()),
            theme: v(f.ui.theme.as_ref()),
            color: v(f.ui.color.as_ref()),
            hyperlinks: v(f.ui.hyperlinks.as_ref()),
            mouse: v(f.ui.mouse.as_ref()),
            send_typing: v(f.ui.send_typing.as_ref()),
            shell: v(f.ui.shell.as_ref()),
            notify: v(f.ui.notify.as_ref()),
            plain: v(f.ui.plain.as_ref()),
            mask: v(f.ui.mask.as_ref()),
            line: v(f.ui.line.as_ref()),
            read_on: v(f.ui.read_on.as_ref()),
            notify_text: v(f.ui.notify_text.as_ref()),
            notify_bell: v(f.ui.notify_bell.as_ref()),
            template_samples: v(f.ui.template_samples.as_ref()),
            notify_passthrough: v(f.ui.notify_passthrough.as_ref()),
            notify_gap_seconds: v(f.ui.notify_gap_seconds.as_ref()),
            quiet_hours: v(f.ui.quiet_hours.as_ref()),
            timezone: v(f.ui.timezone.as_ref()),
            frame_ms: v(f.ui.frame_ms.as_ref()),
            keys_preset: v(f.keys.preset.as_ref()),
            keys_file: v(f.keys.file.as_ref()),
        }
    }

    /// What the environment says.
    pub(super) fn of_env(env: &Env) -> Result<Self, ConfigError> {
        let text = |name: &'static str| {
            env.get(name).map(|v| Value { value: v.to_owned(), origin: Origin::Env(name) })
        };
        let number = |name: &'static str| match env.get(name) {
            None => Ok(None),
            Some(v) => match v.trim().parse::<i64>() {
                Ok(value) => Ok(Some(Value { value, origin: Origin::Env(name) })),
                Err(_) => Err(ConfigError::new(format!("`{v}` is not a number"), "digits are expected")
                    .at(format!("${name}"))),
            },
        };
        let flag = |name: &'static str| match env.get(name) {
            None => Ok(None),
            Some("1" | "true" | "yes" | "on") => Ok(Some(Value { value: true, origin: Origin::Env(name) })),
            Some("0" | "false" | "no" | "off") => Ok(Some(Value { value: false, origin: Origin::Env(name) })),
            Some(v) => Err(ConfigError::new(format!("`{v}` is neither yes nor no"), "use `true` or `false`")
                .at(format!("${name}"))),
        };
        Ok(Self {
            data_dir: text("SWITCHBOARD_DATA_DIR"),
            socket: text("SWITCHBOARD_SOCKET"),
            group: text("SWITCHBOARD_ENGINE_GROUP"),
            engine_user: text("SWITCHBOARD_ENGINE_USER"),
            undo_seconds: number("SWITCHBOARD_UNDO_SECONDS")?,
            keep_webhooks_days: number("SWITCHBOARD_KEEP_WEBHOOKS_DAYS")?,
            keep_webhooks_mb: number("SWITCHBOARD_KEEP_WEBHOOKS_MB")?,
            keep_activity_days: number("SWITCHBOARD_KEEP_ACTIVITY_DAYS")?,
            keep_files_days: number("SWITCHBOARD_KEEP_FILES_DAYS")?,
            keep_files_mb: number("SWITCHBOARD_KEEP_FILES_MB")?,
            silence_minutes: number("SWITCHBOARD_SILENCE_MINUTES")?,
            late_minutes: number("SWITCHBOARD_LATE_MINUTES")?,
            template_hours: number("SWITCHBOARD_TEMPLATE_HOURS")?,
            bind: text("SWITCHBOARD_LISTENER_BIND"),
            public_url: text("SWITCHBOARD_LISTENER_PUBLIC_URL"),
            body_limit: number("SWITCHBOARD_LISTENER_BODY_LIMIT")?,
            theme: text("SWITCHBOARD_UI_THEME"),
            color: text("SWITCHBOARD_UI_COLOR"),
            hyperlinks: text("SWITCHBOARD_UI_HYPERLINKS"),
            mouse: flag("SWITCHBOARD_UI_MOUSE")?,
            send_typing: flag("SWITCHBOARD_UI_SEND_TYPING")?,
            shell: flag("SWITCHBOARD_UI_SHELL")?,
            notify: text("SWITCHBOARD_UI_NOTIFY"),
            plain: flag("SWITCHBOARD_UI_PLAIN")?,
            mask: text("SWITCHBOARD_UI_MASK"),
            line: flag("SWITCHBOARD_UI_LINE")?,
            read_on: text("SWITCHBOARD_UI_READ_ON"),
            notify_text: flag("SWITCHBOARD_UI_NOTIFY_TEXT")?,
            notify_bell: flag("SWITCHBOARD_UI_NOTIFY_BELL")?,
            template_samples: flag("SWITCHBOARD_UI_TEMPLATE_SAMPLES")?,
            notify_passthrough: flag("SWITCHBOARD_UI_NOTIFY_PASSTHROUGH")?,
            notify_gap_seconds: number("SWITCHBOARD_UI_NOTIFY_GAP_SECONDS")?,
            quiet_hours: text("SWITCHBOARD_UI_QUIET_HOURS"),
            timezone: text("SWITCHBOARD_UI_TIMEZONE"),
            frame_ms: number("SWITCHBOARD_UI_FRAME_MS")?,
            keys_preset: text("SWITCHBOARD_KEYS_PRESET"),
            keys_file: text("SWITCHBOARD_KEYS_FILE"),
        })
    }

    /// This layer where it says something, else the one below.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(below.data_dir),
            socket: self.socket.or(below.socket),
            group: self.group.or(below.group),
            engine_user: self.engine_user.or(below.engine_user),
            undo_seconds: self.undo_seconds.or(below.undo_seconds),
            keep_webhooks_days: self.keep_webhooks_days.or(below.keep_webhooks_days),
            keep_webhooks_mb: self.keep_webhooks_mb.or(below.keep_webhooks_mb),
            keep_activity_days: self.keep_activity_days.or(below.keep_activity_days),
            keep_files_days: self.keep_files_days.or(below.keep_files_days),
            keep_files_mb: self.keep_files_mb.or(below.keep_files_mb),
            silence_minutes: self.silence_minutes.or(below.silence_minutes),
            late_minutes: self.late_minutes.or(below.late_minutes),
            template_hours: self.template_hours.or(below.template_hours),
            bind: self.bind.or(below.bind),
            public_url: self.public_url.or(below.public_url),
            body_limit: self.body_limit.or(below.body_limit),
            theme: self.theme.or(below.theme),
            color: self.color.or(below.color),
            hyperlinks: self.hyperlinks.or(below.hyperlinks),
            mouse: self.mouse.or(below.mouse),
            send_typing: self.send_typing.or(below.send_typing),
            // Switched off is off: no layer above switches it on again.
            shell: below.shell.filter(|v| !v.value).or(self.shell),
            notify: self.notify.or(below.notify),
            plain: self.plain.or(below.plain),
            mask: self.mask.or(below.mask),
            line: self.line.or(below.line),
            read_on: self.read_on.or(below.read_on),
            notify_text: self.notify_text.or(below.notify_text),
            notify_bell: self.notify_bell.or(below.notify_bell),
            template_samples: self.template_samples.or(below.template_samples),
            notify_passthrough: self.notify_passthrough.or(below.notify_passthrough),
            notify_gap_seconds: self.notify_gap_seconds.or(below.notify_gap_seconds),
            quiet_hours: self.quiet_hours.or(below.quiet_hours),
            timezone: self.timezone.or(below.timezone),
            frame_ms: self.frame_ms.or(below.frame_ms),
            keys_preset: self.keys_preset.or(below.keys_preset),
            keys_file: self.keys_file.or(below.keys_file),
        }
    }
}
