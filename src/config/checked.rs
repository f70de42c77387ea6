//! Checks every value and turns it into what the program works with.

use super::error::{ConfigError, Origin, Source};
use super::file::{AccountFile, File};
use super::layers::{Env, Flags, Layer, Value};
use super::paths;
use super::secrets::SecretSource;
use super::settings::{
    AccountSettings, ColorMode, EngineSettings, Hyperlinks, KeyPreset, KeySettings, ListenerSettings,
    Masking, NotifyMode, QuietHours, ReadOn, Settings, SocketSettings, UiSettings,
};
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// Where the Cloud API is.
const META_BASE: &str = "https://graph.facebook.com";
/// The version of the Cloud API this program speaks.
const META_VERSION: &str = "v25.0";
/// Where Kapso is.
const KAPSO_BASE: &str = "https://api.kapso.ai";
/// The version of Meta's API that Kapso's proxy is asked for.
const KAPSO_VERSION: &str = "v24.0";
/// Meta's webhook bodies are up to 3 MB (Cloud API documentation, webhooks).
const META_BODY: usize = 3 << 20;

/// A configuration whose every value has been checked; secrets are still only named.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The file it came from.
    pub file: Option<PathBuf>,
    /// Holds the store, the socket and the lock.
    pub data_dir: PathBuf,
    /// The socket, and whom clients take for the engine.
    pub socket: SocketSettings,
    /// Whether the file says which engine it is: by a folder, a socket or accounts.
    pub(super) has_engine: bool,
    /// The webhook listener.
    pub listener: ListenerSettings,
    actions_token: Option<NamedSecret>,
    /// Accounts in the order of the file.
    pub accounts: Vec<CheckedAccount>,
    /// Undo time.
    pub undo: Duration,
    /// Raw webhooks are kept this long.
    pub keep_webhooks: Duration,
    /// Raw webhooks take at most this many bytes.
    pub keep_webhooks_bytes: u64,
    /// How long rows of the activity log are kept; zero: for ever.
    pub keep_activity: Duration,
    /// As in [`EngineSettings`].
    pub keep_files: Duration,
    /// As in [`EngineSettings`].
    pub keep_files_bytes: u64,
    /// Without an expected webhook for this long an account counts as silent; zero = never.
    pub silence: Duration,
    /// A message that comes this long after its provider's time is marked late; zero = never.
    pub late: Duration,
    /// A template whose copy is older is read again before it is sent; zero = never.
    pub template_age: Duration,
    /// The screen.
    pub ui: UiSettings,
    /// What works but deserves a look, one sentence each.
    pub warnings: Vec<String>,
    source: Option<Source>,
}

/// A secret by name, and where the file names it.
#[derive(Clone, Debug)]
struct NamedSecret {
    key: &'static str,
    source: Spanned<SecretSource>,
}

/// An account without its secrets.
#[derive(Clone, Debug)]
pub struct CheckedAccount {
    /// Name, provider, environment and the provider's ids.
    pub spec: AccountSpec,
    /// Where the provider's API is.
    pub api_base: String,
    /// Version part of the path.
    pub api_version: String,
    /// Whether the engine points the provider's webhooks at its listener.
    pub subscribe: bool,
    /// Whether marking read also tells the customer.
    pub read_receipts: bool,
    access_token: NamedSecret,
    app_secret: NamedSecret,
    /// `None` for a provider without a handshake.
    verify_token: Option<NamedSecret>,
}

impl CheckedAccount {
    fn secrets(&self) -> impl Iterator<Item = &NamedSecret> {
        [&self.access_token, &self.app_secret].into_iter().chain(&self.verify_token)
    }
}

/// Merges file, environment and flags, and checks every value. `source` is the file's path and text.
pub fn check(source: Option<(PathBuf, String)>, flags: &Flags, env: &Env) -> Result<Checked, ConfigError> {
    let source = source.map(|(path, text)| Source::new(path, text));
    let file: File = match &source {
        None => File::default(),
        Some(s) => toml::from_str(s.text()).map_err(|e| s.complaint(&e))?,
    };
    let checker = Checker { source: source.as_ref() };
    let layer = Layer::of_env(env)?.over(Layer::of_file(&file));
    let mut warnings = Vec::new();
    let data_dir = checker.data_dir(&layer, flags)?;
    let socket = checker.socket(&layer, flags)?;
    let listener = checker.listener(&layer, &mut warnings)?;
    let ui = checker.ui(&layer, &file)?;
    let undo = checker.number("undo_seconds", layer.undo_seconds.as_ref(), 0..=60, 5)?;
    let keep = checker.number("keep_webhooks_days", layer.keep_webhooks_days.as_ref(), 1..=3650, 30)?;
    let megabytes =
        checker.number("keep_webhooks_mb", layer.keep_webhooks_mb.as_ref(), 16..=1_048_576, 1_024)?;
    let activity =
        checker.number("keep_activity_days", layer.keep_activity_days.as_ref(), 0..=36_500, 400)?;
    let keep_files = checker.number("keep_files_days", layer.keep_files_days.as_ref(), 1..=3650, 90)?;
    let files_mb = checker.number("keep_files_mb", layer.keep_files_mb.as_ref(), 128..=1_048_576, 2_048)?;
    let late = checker.number("late_minutes", layer.late_minutes.as_ref(), 0..=10_080, 5)?;
    let template_hours = checker.number("template_hours", layer.template_hours.as_ref(), 0..=720, 24)?;
    let silence = checker.number("silence_minutes", layer.silence_minutes.as_ref(), 0..=10_080, 30)?;
    let mut accounts: Vec<CheckedAccount> = Vec::with_capacity(file.accounts.len());
    for account in &file.accounts {
        let checked = checker.account(account, &accounts)?;
        accounts.push(checked);
    }
    Ok(Checked {
        file: source.as_ref().map(|s| s.path().to_path_buf()),
        data_dir,
        socket,
        has_engine: file.data_dir.is_some() || file.engine.says_something() || !file.accounts.is_empty(),
        listener,
        actions_token: file
            .listener
            .actions_token
            .clone()
            .map(|source| NamedSecret { key: "actions_token", source }),
        accounts,
        undo: Duration::from_secs(undo),
        keep_webhooks: Duration::from_secs(keep * 86_400),
        keep_webhooks_bytes: megabytes << 20,
        keep_activity: Duration::from_secs(activity * 86_400),
        keep_files: Duration::from_secs(keep_files * 86_400),
        keep_files_bytes: files_mb << 20,
        silence: Duration::from_secs(silence * 60),
        late: Duration::from_secs(late * 60),
        template_age: Duration::from_secs(template_hours * 3_600),
        ui,
        warnings,
        source,
    })
}

impl Checked {
    /// Fetches the secrets. Blocks while a `command` runs; the same source is asked once.
    pub fn settings(&self, env: &Env) -> Result<Settings, ConfigError> {
        let base = self.base();
        let mut fetched: BTreeMap<SecretSource, SecretString> = BTreeMap::new();
        let mut accounts = Vec::with_capacity(self.accounts.len());
        let mut listener = self.listener.clone();
        if let Some(named) = &self.actions_token {
            let got = named.source.get_ref().fetch(&base, env).map_err(|e| {
                let e = ConfigError::new(format!("{}: {e}", named.key), "");
                match &self.source {
                    Some(s) => e.at(s.place(&named.source.span())),
                    None => e,
                }
            })?;
            listener.actions_token = Some(got);
        }
        for a in &self.accounts {
            let mut secret = |named: &NamedSecret| -> Result<SecretString, ConfigError> {
                let source = named.source.get_ref();
                if let Some(known) = fetched.get(source) {
                    return Ok(known.clone());
                }
                let got = source.fetch(&base, env).map_err(|e| {
                    let e = ConfigError::new(format!("{} of `{}`: {e}", named.key, a.spec.id), "");
                    match &self.source {
                        Some(s) => e.at(s.place(&named.source.span())),
                        None => e,
                    }
                })?;
                fetched.insert(source.clone(), got.clone());
                Ok(got)
            };
            accounts.push(AccountSettings {
                access_token: secret(&a.access_token)?,
                app_secret: secret(&a.app_secret)?,
                verify_token: match &a.verify_token {
                    Some(named) => secret(named)?,
                    None => SecretString::from(""),
                },
                spec: a.spec.clone(),
                api_base: a.api_base.clone(),
                api_version: a.api_version.clone(),
                subscribe: a.subscribe,
                read_receipts: a.read_receipts,
            });
        }
        Ok(Settings {
            file: self.file.clone(),
            engine: EngineSettings {
                data_dir: self.data_dir.clone(),
                listener,
                accounts,
                undo: self.undo,
                keep_webhooks: self.keep_webhooks,
                keep_webhooks_bytes: self.keep_webhooks_bytes,
                keep_activity: self.keep_activity,
                keep_files: self.keep_files,
                keep_files_bytes: self.keep_files_bytes,
                silence: self.silence,
                late: self.late,
                template_age: self.template_age,
                serve_listener: true,
                background: true,
            },
            ui: self.ui.clone(),
        })
    }

    /// The files that secrets are read from.
    #[must_use]
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let base = self.base();
        let named = self.accounts.iter().flat_map(CheckedAccount::secrets).chain(&self.actions_token);
        let mut files: Vec<PathBuf> = named
            .filter_map(|n| match n.source.get_ref() {
                SecretSource::File(path) => Some(paths::expand(path, &base)),
                SecretSource::Credential(_) | SecretSource::Command(_) | SecretSource::Env(_) => None,
            })
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// The names of the systemd credentials that secrets are read from.
    #[must_use]
    pub fn credentials(&self) -> Vec<String> {
        let named = self.accounts.iter().flat_map(CheckedAccount::secrets).chain(&self.actions_token);
        let mut names: Vec<String> = named
            .filter_map(|n| match n.source.get_ref() {
                SecretSource::Credential(name) => Some(name.clone()),
                SecretSource::File(_) | SecretSource::Command(_) | SecretSource::Env(_) => None,
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn base(&self) -> PathBuf {
        folder_of(self.source.as_ref())
    }
}

pub(super) fn folder_of(source: Option<&Source>) -> PathBuf {
    source
        .and_then(|s| std::path::absolute(s.path()).ok())
        .and_then(|p| p.parent().map(std::path::Path::to_path_buf))
        .unwrap_or_default()
}

/// An account that gives no notifications.
fn quiet_account(a: &AccountFile) -> Option<AccountId> {
    let quiet = a.notify.as_ref().is_some_and(|v| !*v.get_ref());
    a.id.as_ref().filter(|_| quiet).map(|id| AccountId::new(id.get_ref().trim()))
}

pub(super) struct Checker<'a> {
    pub(super) source: Option<&'a Source>,
}

impl Checker<'_> {
    pub(super) fn wrong(
        &self,
        origin: &Origin,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> ConfigError {
        let e = ConfigError::new(what, fix);
        match origin {
            Origin::File(span) => match self.source {
                Some(s) => e.at(s.place(span)),
                None => e,
            },
            Origin::Env(name) => e.at(format!("${name}")),
            Origin::Flag(name) => e.at(*name),
        }
    }

    fn data_dir(&self, layer: &Layer, flags: &Flags) -> Result<PathBuf, ConfigError> {
        let none = |origin: &Origin| self.wrong(origin, "`data_dir` is empty", "name a folder");
        let absolute = |path: &std::path::Path, origin: &Origin| {
            std::path::absolute(path)
                .map_err(|e| self.wrong(origin, format!("`data_dir`: {e}"), "name a folder"))
        };
        if let Some(path) = &flags.data {
            let origin = Origin::Flag("--data");
            if path.as_os_str().is_empty() {
                return Err(none(&origin));
            }
            return absolute(path, &origin);
        }
        if let Some(v) = &layer.data_dir {
            if v.value.trim().is_empty() {
                return Err(none(&v.origin));
            }
            let base = match v.origin {
                Origin::File(_) => folder_of(self.source),
                _ => PathBuf::new(),
            };
            return absolute(&paths::expand(&v.value, &base), &v.origin);
        }
        paths::data_dir().ok_or_else(|| {
            ConfigError::new("there is no home folder to keep data in", "give one with --data DIR")
        })
    }

    fn number(
        &self,
        key: &str,
        value: Option<&Value<i64>>,
        range: RangeInclusive<i64>,
        default: u64,
    ) -> Result<u64, ConfigError> {
        let Some(v) = value else { return Ok(default) };
        if !range.contains(&v.value) {
            return Err(self.wrong(
                &v.origin,
                format!("`{key}` is {}", v.value),
                format!("it must lie between {} and {}", range.start(), range.end()),
            ));
        }
        Ok(v.value.unsigned_abs())
    }

    fn choice<T: Copy>(
        &self,
        key: &str,
        value: Option<&Value<String>>,
        words: &[(&str, T)],
        default: T,
    ) -> Result<T, ConfigError> {
        let Some(v) = value else { return Ok(default) };
        if let Some((_, found)) = words.iter().find(|(w, _)| *w == v.value) {
            return Ok(*found);
        }
        let list: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        Err(self.wrong(
            &v.origin,
            format!("`{key}` is `{}`", crate::text::sanitize(&v.value)),
            format!("it must be one of: {}", list.join(", ")),
        ))
    }

    fn listener(&self, layer: &Layer, warnings: &mut Vec<String>) -> Result<ListenerSettings, ConfigError> {
        let bind = match &layer.bind {
            None => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            Some(v) => v.value.parse().map_err(|_| {
                self.wrong(
                    &v.origin,
                    format!("`bind` is `{}`", crate::text::sanitize(&v.value)),
                    "it must be an address and a port: \"127.0.0.1:8080\"",
                )
            })?,
        };
        if !bind.ip().is_loopback() {
            warnings.push(format!(
                "the webhook listener is open to the network at {bind} without TLS: put a reverse proxy in front and bind to 127.0.0.1"
            ));
        }
        let public_url = match &layer.public_url {
            None => None,
            Some(v) => {
                let url = self.url("public_url", &v.value, &v.origin)?;
                if !url.secure && !url.loopback {
                    warnings.push(
                        "`public_url` is not https: Meta delivers webhooks to https addresses only"
                            .to_owned(),
                    );
                }
                Some(url.text)
            }
        };
        let limit =
            self.number("body_limit", layer.body_limit.as_ref(), 65_536..=67_108_864, 4 << 20)? as usize;
        if limit < META_BODY {
            warnings.push(format!("`body_limit` is {limit}: Meta sends webhooks of up to {META_BODY} bytes"));
        }
        // Secrets are fetched later.
        Ok(ListenerSettings { bind, public_url, body_limit: limit, actions_token: None })
    }

    fn ui(&self, layer: &Layer, file: &File) -> Result<UiSettings, ConfigError> {
        let standard = UiSettings::default();
        let timezone = match &layer.timezone {
            None => None,
            Some(v) => match jiff::tz::TimeZone::get(&v.value) {
                Ok(_) => Some(v.value.clone()),
                Err(_) => {
                    return Err(self.wrong(
                        &v.origin,
                        format!("`timezone` is `{}`", crate::text::sanitize(&v.value)),
                        "it must be a name from the time zone database: \"Europe/Lisbon\"",
                    ));
                }
            },
        };
        Ok(UiSettings {
            theme: self.theme(layer)?,
            themes: self.themes(),
            plain: layer.plain.as_ref().map_or(standard.plain, |v| v.value),
            mask: self.choice(
                "mask",
                layer.mask.as_ref(),
                &[("off", Masking::Off), ("numbers", Masking::Numbers), ("names", Masking::Names)],
                standard.mask,
            )?,
            line: layer.line.as_ref().map_or(standard.line, |v| v.value),
            read_on: self.choice(
                "read_on",
                layer.read_on.as_ref(),
                &[("open", ReadOn::Open), ("visible", ReadOn::Visible), ("reply", ReadOn::Reply)],
                standard.read_on,
            )?,
            notify_text: layer.notify_text.as_ref().map_or(standard.notify_text, |v| v.value),
            notify_bell: layer.notify_bell.as_ref().map_or(standard.notify_bell, |v| v.value),
            template_samples: layer.template_samples.as_ref().map_or(standard.template_samples, |v| v.value),
            notify_passthrough: layer
                .notify_passthrough
                .as_ref()
                .map_or(standard.notify_passthrough, |v| v.value),
            notify_gap: Duration::from_secs(self.number(
                "notify_gap_seconds",
                layer.notify_gap_seconds.as_ref(),
                1..=600,
                standard.notify_gap.as_secs(),
            )?),
            quiet: self.quiet(layer)?,
            quiet_accounts: file.accounts.iter().filter_map(|a| quiet_account(a.get_ref())).collect(),
            hyperlinks: self.choice(
                "hyperlinks",
                layer.hyperlinks.as_ref(),
                &[("auto", Hyperlinks::Auto), ("on", Hyperlinks::On), ("off", Hyperlinks::Off)],
                standard.hyperlinks,
            )?,
            color: self.choice(
                "color",
                layer.color.as_ref(),
                &[
                    ("auto", ColorMode::Auto),
                    ("true", ColorMode::True),
                    ("256", ColorMode::Indexed),
                    ("16", ColorMode::Basic),
                    ("none", ColorMode::None),
                ],
                standard.color,
            )?,
            mouse: layer.mouse.as_ref().map_or(standard.mouse, |v| v.value),
            send_typing: layer.send_typing.as_ref().map_or(standard.send_typing, |v| v.value),
            shell: layer.shell.as_ref().map_or(standard.shell, |v| v.value),
            notify: self.choice(
                "notify",
                layer.notify.as_ref(),
                &[
                    ("auto", NotifyMode::Auto),
                    ("desktop", NotifyMode::Desktop),
                    ("terminal", NotifyMode::Terminal),
                    ("osc9", NotifyMode::Osc9),
                    ("osc99", NotifyMode::Osc99),
                    ("osc777", NotifyMode::Osc777),
                    ("bell", NotifyMode::Bell),
                    ("off", NotifyMode::Off),
                ],
                standard.notify,
            )?,
            timezone,
            frame: Duration::from_millis(self.number(
                "frame_ms",
                layer.frame_ms.as_ref(),
                4..=1000,
                standard.frame.as_millis() as u64,
            )?),
            keys: self.keys(layer)?,
        })
    }

    /// Whether there is such a theme is seen when it is loaded: a missing one does not stop the start.
    fn theme(&self, layer: &Layer) -> Result<String, ConfigError> {
        let Some(v) = &layer.theme else { return Ok(UiSettings::default().theme) };
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if v.value.is_empty() || v.value.len() > 40 || !v.value.chars().all(fits) {
            return Err(self.wrong(
                &v.origin,
                format!("`theme` is `{}`", crate::text::sanitize(&v.value)),
                "it must be `auto` or the name of a theme: 1 to 40 characters out of a-z, 0-9, `-` and `_`",
            ));
        }
        Ok(v.value.clone())
    }

    /// `themes` beside the configuration file, whether that file exists or not.
    fn themes(&self) -> Option<PathBuf> {
        match self.source {
            Some(_) => Some(folder_of(self.source).join("themes")),
            None => paths::config_file().and_then(|f| f.parent().map(|p| p.join("themes"))),
        }
    }

    fn quiet(&self, layer: &Layer) -> Result<Option<QuietHours>, ConfigError> {
        let Some(v) = layer.quiet_hours.as_ref().filter(|v| !v.value.trim().is_empty()) else {
            return Ok(None);
        };
        match QuietHours::parse(&v.value) {
            Some(q) => Ok(Some(q)),
            None => Err(self.wrong(
                &v.origin,
                format!("`quiet_hours` is `{}`", crate::text::sanitize(&v.value)),
                "it must be two times of the day: \"22:00-07:00\"",
            )),
        }
    }

    fn keys(&self, layer: &Layer) -> Result<KeySettings, ConfigError> {
        let presets = KeyPreset::ALL.map(|p| (p.name(), p));
        let preset = self.choice("preset", layer.keys_preset.as_ref(), &presets, KeyPreset::default())?;
        let (file, named) = match (&layer.keys_file, self.source) {
            (Some(v), _) => {
                let base = match v.origin {
                    Origin::File(_) => folder_of(self.source),
                    _ => PathBuf::new(),
                };
                (Some(paths::expand(v.value.trim(), &base)), true)
            }
            // Beside the file that is in use, so that a second configuration brings its own keys.
            (None, Some(_)) => (Some(folder_of(self.source).join("keys.toml")), false),
            (None, None) => (paths::keys_file(), false),
        };
        Ok(KeySettings { preset, file, named })
    }

    fn account(
        &self,
        account: &Spanned<AccountFile>,
        before: &[CheckedAccount],
    ) -> Result<CheckedAccount, ConfigError> {
        let a = account.get_ref();
        let whole = Origin::File(account.span());
        let name_of = a.id.as_ref().map_or_else(
            || format!("account {}", before.len() + 1),
            |id| format!("account `{}`", crate::text::sanitize(id.get_ref())),
        );
        let need = |key: &str, value: Option<&Spanned<String>>, fix: &str| match value {
            None => Err(self.wrong(&whole, format!("{name_of} has no `{key}`"), fix)),
            Some(v) if v.get_ref().trim().is_empty() => {
                Err(self.wrong(&Origin::File(v.span()), format!("`{key}` is empty"), fix))
            }
            Some(v) => Ok(Value { value: v.get_ref().trim().to_owned(), origin: Origin::File(v.span()) }),
        };
        let id = need("id", a.id.as_ref(), "give it a short name: id = \"support\"")?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.value.len() > 32 || !id.value.chars().all(fits) {
            return Err(self.wrong(
                &id.origin,
                format!("`id` is `{}`", crate::text::sanitize(&id.value)),
                "it must have 1 to 32 characters out of a-z, 0-9 and `-`",
            ));
        }
        if before.iter().any(|b| b.spec.id.as_str() == id.value) {
            return Err(self.wrong(
                &id.origin,
                format!("another account has the id `{}` already", id.value),
                "every account needs its own id",
            ));
        }
        let name = need("name", a.name.as_ref(), "give the name to show: name = \"Acme Support\"")?;
        if name.value.chars().count() > 60 {
            return Err(self.wrong(&name.origin, "`name` is too long", "60 characters are allowed"));
        }
        let provider = a.provider.as_ref().map(Value::of_file);
        let kapso = self.choice("provider", provider.as_ref(), &[("meta", false), ("kapso", true)], false)?;
        let environment = need("environment", a.environment.as_ref(), "use `development` or `production`")?;
        self.choice("environment", Some(&environment), &[("development", ()), ("production", ())], ())?;
        let digits = |key: &str, v: Value<String>, at: &str| {
            if v.value.len() > 32 || !v.value.bytes().all(|b| b.is_ascii_digit()) {
                return Err(self.wrong(
                    &v.origin,
                    format!("`{key}` is `{}`", crate::text::sanitize(&v.value)),
                    format!("it must be the number shown {at}, digits only"),
                ));
            }
            Ok(v)
        };
        let where_number = if kapso {
            "at the number in Kapso's dashboard (not the phone number itself)"
        } else {
            "under WhatsApp > API setup in the app dashboard (not the phone number itself)"
        };
        let number = digits(
            "phone_number_id",
            need(
                "phone_number_id",
                a.phone_number_id.as_ref(),
                if kapso {
                    "copy it from the number in Kapso's dashboard, or connect it with `switchboard accounts connect`"
                } else {
                    "copy it from WhatsApp > API setup"
                },
            )?,
            where_number,
        )?;
        if before.iter().any(|b| b.spec.number == number.value) {
            return Err(self.wrong(
                &number.origin,
                format!("another account has the phone number id {} already", number.value),
                "connect each number once",
            ));
        }
        let business = digits(
            "waba_id",
            need("waba_id", a.waba_id.as_ref(), "copy the WhatsApp Business Account ID from API setup")?,
            "as WhatsApp Business Account ID",
        )?;
        let api_base = match &a.api_base {
            None => if kapso { KAPSO_BASE } else { META_BASE }.to_owned(),
            Some(v) => {
                let origin = Origin::File(v.span());
                let url = self.url("api_base", v.get_ref(), &origin)?;
                if !url.secure && !url.loopback {
                    return Err(self.wrong(
                        &origin,
                        "`api_base` would send the access token without encryption",
                        "use https://, or http:// with a loopback address",
                    ));
                }
                url.text
            }
        };
        let api_version = match &a.api_version {
            None => if kapso { KAPSO_VERSION } else { META_VERSION }.to_owned(),
            Some(v) => {
                let text = v.get_ref();
                let form = text.strip_prefix('v').and_then(|t| t.split_once('.')).is_some_and(|(x, y)| {
                    !x.is_empty()
                        && !y.is_empty()
                        && x.len() + y.len() <= 6
                        && (x.to_owned() + y).bytes().all(|b| b.is_ascii_digit())
                });
                if !form {
                    return Err(self.wrong(
                        &Origin::File(v.span()),
                        format!("`api_version` is `{}`", crate::text::sanitize(text)),
                        format!("it must look like \"{META_VERSION}\""),
                    ));
                }
                text.clone()
            }
        };
        let secret = |key: &'static str, value: Option<&Spanned<SecretSource>>, env: &str| match value {
            Some(source) => Ok(NamedSecret { key, source: source.clone() }),
            None => Err(self.wrong(
                &whole,
                format!("{name_of} has no `{key}`"),
                format!("say where it comes from: {key} = {{ env = \"{env}\" }}"),
            )),
        };
        // Each provider has its own words for its secrets; those of another are a mistake, not something to ignore.
        let foreign = if kapso {
            [
                ("access_token", &a.access_token, "api_key"),
                ("app_secret", &a.app_secret, "webhook_secret"),
                ("verify_token", &a.verify_token, ""),
            ]
        } else {
            [
                ("api_key", &a.api_key, "access_token"),
                ("webhook_secret", &a.webhook_secret, "app_secret"),
                ("", &None, ""),
            ]
        };
        for (key, value, own) in foreign {
            if let Some(value) = value {
                let provider = if kapso { "kapso" } else { "meta" };
                let fix = if own.is_empty() { "take it out".into() } else { format!("name it `{own}`") };
                return Err(self.wrong(
                    &Origin::File(value.span()),
                    format!("{name_of} has `{key}`, which an account of {provider} does not have"),
                    fix,
                ));
            }
        }
        let (access_token, app_secret, verify_token) = if kapso {
            (
                secret("api_key", a.api_key.as_ref(), "SWITCHBOARD_KAPSO_KEY")?,
                secret("webhook_secret", a.webhook_secret.as_ref(), "SWITCHBOARD_KAPSO_WEBHOOK_SECRET")?,
                None,
            )
        } else {
            (
                secret("access_token", a.access_token.as_ref(), "SWITCHBOARD_ACCESS_TOKEN")?,
                secret("app_secret", a.app_secret.as_ref(), "SWITCHBOARD_APP_SECRET")?,
                Some(secret("verify_token", a.verify_token.as_ref(), "SWITCHBOARD_VERIFY_TOKEN")?),
            )
        };
        Ok(CheckedAccount {
            access_token,
            app_secret,
            verify_token,
            spec: AccountSpec {
                id: AccountId::new(id.value),
                name: name.value,
                provider: if kapso { "kapso" } else { "meta" }.into(),
                environment: environment.value,
                number: number.value,
                business: business.value,
            },
            api_base,
            api_version,
            subscribe: a.subscribe.as_ref().is_some_and(|v| *v.get_ref()),
            read_receipts: a.read_receipts.as_ref().is_none_or(|v| *v.get_ref()),
        })
    }

    fn url(&self, key: &str, text: &str, origin: &Origin) -> Result<Url, ConfigError> {
        let wrong = |what: &str| {
            self.wrong(
                origin,
                format!("`{key}` {what}"),
                "it must look like \"https://inbox.example.com\", with a path at most",
            )
        };
        let url = reqwest::Url::parse(text.trim()).map_err(|e| wrong(&format!("is not an address ({e})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("is neither http nor https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a user or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("holds a `?` or `#`"));
        }
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        Ok(Url {
            secure: url.scheme() == "https",
            loopback,
            text: url.as_str().trim_end_matches('/').to_owned(),
        })
    }
}

/// A checked address.
struct Url {
    text: String,
    secure: bool,
    loopback: bool,
}
