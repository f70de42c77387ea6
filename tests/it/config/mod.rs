//! Configuration files from outside: the example loads, and every mistake has its place and its fix.

use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use switchboard::config::settings::{ColorMode, NotifyMode};
use switchboard::config::{self, Env, Flags};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn flags(config: &Path) -> Flags {
    Flags { config: Some(config.to_path_buf()), data: None }
}

fn secrets() -> Env {
    [
        ("SWITCHBOARD_ACCESS_TOKEN", "emulator-access-token"),
        ("SWITCHBOARD_APP_SECRET", "emulator-app-secret"),
        ("SWITCHBOARD_VERIFY_TOKEN", "emulator-verify-token"),
    ]
    .into_iter()
    .collect()
}

#[test]
fn the_example_loads_and_points_at_the_emulator() {
    let checked = config::read(&flags(&root().join("config.example.toml")), &secrets()).unwrap();
    assert_eq!(checked.warnings, Vec::<String>::new());
    let settings = checked.settings(&secrets()).unwrap();
    let shown: Vec<_> = settings
        .engine
        .accounts
        .iter()
        .map(|a| {
            format!("{} {} {} {} {}", a.spec.id, a.spec.name, a.spec.environment, a.spec.number, a.api_base)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "support Acme Support production 339901477551020 http://127.0.0.1:9099",
            "sales Acme Sales production 339901477551021 http://127.0.0.1:9099",
            "lojas-br Lojas BR development 339901477551022 http://127.0.0.1:9099",
        ]
    );
    let a = &settings.engine.accounts[0];
    assert_eq!(a.access_token.expose_secret(), "emulator-access-token");
    assert_eq!(a.app_secret.expose_secret(), "emulator-app-secret");
    assert!(a.subscribe && a.read_receipts);
    assert_eq!(a.spec.business, "218834005551201");
}

/// Takes the comment marks off the keys that show their default: the example must still load then, with the
/// same values as without them.
#[test]
fn the_commented_defaults_are_the_defaults_and_every_key_is_there() {
    let text = fs::read_to_string(root().join("config.example.toml")).unwrap();
    let keys = [
        "data_dir",
        "undo_seconds",
        "keep_webhooks_days",
        "keep_webhooks_mb",
        "keep_activity_days",
        "keep_files_days",
        "keep_files_mb",
        "silence_minutes",
        "late_minutes",
        "template_hours",
        "bind",
        "public_url",
        "body_limit",
        "theme",
        "color",
        "hyperlinks",
        "mouse",
        "send_typing",
        "notify",
        "plain",
        "mask",
        "line",
        "read_on",
        "notify_text",
        "notify_bell",
        "template_samples",
        "notify_passthrough",
        "notify_gap_seconds",
        "quiet_hours",
        "timezone",
        "frame_ms",
        "preset",
        "file",
        "id",
        "name",
        "provider",
        "environment",
        "phone_number_id",
        "waba_id",
        "api_base",
        "api_version",
        "subscribe",
        "read_receipts",
        "access_token",
        "app_secret",
        "verify_token",
    ];
    let mut open = String::new();
    let mut seen = BTreeMap::new();
    for line in text.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let key = bare.split(" = ").next().unwrap_or_default();
        if keys.contains(&key) && bare.contains(" = ") {
            *seen.entry(key.to_owned()).or_insert(0) += 1;
            // The address is given for Meta and for the emulator.
            open.push_str(if line.starts_with('#') && key == "api_base" { "" } else { bare });
        } else {
            open.push_str(line);
        }
        open.push('\n');
    }
    for key in keys {
        assert!(seen.contains_key(key), "config.example.toml does not mention `{key}`");
    }
    let path = root().join("config.example.toml");
    let env = secrets();
    let plain = config::check(Some((path.clone(), text)), &Flags::default(), &env).unwrap();
    let open = config::check(Some((path, open)), &Flags::default(), &env).unwrap();
    assert_eq!(plain.undo, open.undo);
    assert_eq!(plain.keep_webhooks, open.keep_webhooks);
    assert_eq!((plain.keep_webhooks_bytes, plain.silence), (open.keep_webhooks_bytes, open.silence));
    assert_eq!(plain.listener.bind, open.listener.bind);
    assert_eq!(plain.listener.body_limit, open.listener.body_limit);
    assert_eq!(open.listener.public_url.as_deref(), Some("https://inbox.example.com"));
    assert_eq!(plain.ui.theme, open.ui.theme);
    assert_eq!((plain.ui.plain, plain.ui.mask, plain.ui.line), (open.ui.plain, open.ui.mask, open.ui.line));
    assert_eq!((plain.ui.read_on, plain.ui.notify_gap), (open.ui.read_on, open.ui.notify_gap));
    assert_eq!(
        (plain.ui.notify_text, plain.ui.notify_bell, plain.ui.notify_passthrough),
        (open.ui.notify_text, open.ui.notify_bell, open.ui.notify_passthrough)
    );
    assert_eq!((plain.ui.quiet, open.ui.quiet.is_some()), (None, true));
    assert_eq!((plain.ui.color, plain.ui.notify), (open.ui.color, open.ui.notify));
    assert_eq!(plain.ui.hyperlinks, open.ui.hyperlinks);
    assert_eq!((plain.ui.mouse, plain.ui.frame), (open.ui.mouse, open.ui.frame));
    assert_eq!((plain.ui.send_typing, open.ui.send_typing), (false, false));
    assert_eq!((plain.ui.keys.preset, &plain.ui.keys.file), (open.ui.keys.preset, &open.ui.keys.file));
    assert_eq!((plain.ui.keys.named, open.ui.keys.named), (false, true));
    assert_eq!(plain.accounts[0].api_version, open.accounts[0].api_version);
    assert_eq!(plain.accounts[0].read_receipts, open.accounts[0].read_receipts);
}

/// Every file in `invalid` says in its first line what must be reported: `#! line:column: message`.
#[test]
fn every_mistake_has_its_place_and_its_fix() {
    let dir = root().join("tests/it/config/invalid");
    let mut count = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let expected =
            text.lines().next().unwrap().strip_prefix("#! ").expect("the first line says the message");
        let got = match config::read(&flags(&path), &secrets()) {
            Ok(_) => panic!("{} was accepted", path.display()),
            Err(e) => e.to_string(),
        };
        assert_eq!(got, format!("{}:{expected}", path.display()));
        assert!(!got.contains("hush"), "a secret was shown: {got}");
        count += 1;
    }
    assert!(count >= 30, "only {count} files");
}

#[test]
fn layers_go_over_each_other_and_mistakes_name_their_layer() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, "data_dir = \"here\"\nundo_seconds = 5\n[ui]\ncolor = \"16\"\nnotify = \"bell\"\n")
        .unwrap();
    let env: Env = [
        ("SWITCHBOARD_UI_COLOR", "none"),
        ("SWITCHBOARD_UI_MOUSE", "yes"),
        ("SWITCHBOARD_UI_SEND_TYPING", "yes"),
        ("SWITCHBOARD_KEEP_WEBHOOKS_DAYS", "7"),
        ("SWITCHBOARD_KEEP_WEBHOOKS_MB", "16"),
        ("SWITCHBOARD_KEEP_ACTIVITY_DAYS", "0"),
        ("SWITCHBOARD_SILENCE_MINUTES", "0"),
        ("SWITCHBOARD_UI_THEME", "light"),
    ]
    .into_iter()
    .collect();
    let c = config::read(&flags(&file), &env).unwrap();
    assert_eq!(c.data_dir, dir.path().join("here"));
    assert_eq!((c.undo, c.keep_webhooks), (Duration::from_secs(5), Duration::from_hours(7 * 24)));
    assert_eq!((c.keep_webhooks_bytes, c.silence), (16 << 20, Duration::ZERO));
    assert_eq!(
        (c.ui.color, c.ui.notify, c.ui.mouse, &*c.ui.theme, c.ui.send_typing),
        (ColorMode::None, NotifyMode::Bell, true, "light", true)
    );
    let env: Env = [("SWITCHBOARD_DATA_DIR", "/srv/env")].into_iter().collect();
    assert_eq!(config::read(&flags(&file), &env).unwrap().data_dir, Path::new("/srv/env"));
    let both = Flags { data: Some("/srv/flag".into()), ..flags(&file) };
    assert_eq!(config::read(&both, &env).unwrap().data_dir, Path::new("/srv/flag"));
    for (name, value, message) in [
        (
            "SWITCHBOARD_UNDO_SECONDS",
            "soon",
            "$SWITCHBOARD_UNDO_SECONDS: `soon` is not a number, digits are expected",
        ),
        (
            "SWITCHBOARD_UNDO_SECONDS",
            "61",
            "$SWITCHBOARD_UNDO_SECONDS: `undo_seconds` is 61, it must lie between 0 and 60",
        ),
        (
            "SWITCHBOARD_UI_MOUSE",
            "maybe",
            "$SWITCHBOARD_UI_MOUSE: `maybe` is neither yes nor no, use `true` or `false`",
        ),
    ] {
        let env: Env = [(name, value)].into_iter().collect();
        assert_eq!(config::read(&flags(&file), &env).unwrap_err().to_string(), message);
    }
    let missing = dir.path().join("nowhere.toml");
    let e = config::read(&flags(&missing), &Env::default()).unwrap_err().to_string();
    assert!(
        e.starts_with(&format!("{}: cannot be read", missing.display())) && e.contains("--config"),
        "{e}"
    );
}

#[test]
fn a_secret_that_cannot_be_fetched_names_key_account_and_place() {
    let path = root().join("config.example.toml");
    let checked = config::read(&flags(&path), &Env::default()).unwrap();
    let e = checked.settings(&Env::default()).unwrap_err().to_string();
    let line =
        fs::read_to_string(&path).unwrap().lines().position(|l| l.starts_with("access_token")).unwrap() + 1;
    assert_eq!(
        e,
        format!(
            "{}:{line}:16: access_token of `support`: environment variable SWITCHBOARD_ACCESS_TOKEN is not set, \
             set it before the start: export SWITCHBOARD_ACCESS_TOKEN=…",
            path.display()
        )
    );
}

#[test]
fn risky_settings_work_with_a_warning() {
    let check = |text: &str| {
        config::check(Some((PathBuf::from("c.toml"), text.to_owned())), &Flags::default(), &Env::default())
            .unwrap()
            .warnings
            .join("\n")
    };
    assert!(check("[listener]\nbind = \"0.0.0.0:8080\"").contains("reverse proxy"));
    assert!(check("[listener]\npublic_url = \"http://inbox.example.com\"").contains("https"));
    assert!(check("[listener]\nbody_limit = 100000").contains("3145728"));
    assert_eq!(check("[listener]\nbind = \"[::1]:0\"\npublic_url = \"http://localhost:1\""), "");
}

#[test]
fn an_account_at_kapso_has_its_own_words_and_defaults() {
    let text = r#"
[[accounts]]
id = "tienda"
name = "Tienda Sol"
provider = "kapso"
environment = "production"
phone_number_id = "110987654321"
waba_id = "220033440055"
api_key = { env = "KEY" }
webhook_secret = { env = "HOOK" }
"#;
    let env: Env = [("KEY", "kapso-key"), ("HOOK", "wh_sec")].into_iter().collect();
    let checked = config::check(Some(("/etc/s.toml".into(), text.into())), &Flags::default(), &env).unwrap();
    let settings = checked.settings(&env).unwrap();
    let a = &settings.engine.accounts[0];
    assert_eq!((a.spec.provider.as_str(), a.api_base.as_str()), ("kapso", "https://api.kapso.ai"));
    assert_eq!(a.api_version, "v24.0");
    assert_eq!(a.access_token.expose_secret(), "kapso-key");
    assert_eq!(a.app_secret.expose_secret(), "wh_sec");
    assert_eq!(a.verify_token.expose_secret(), "", "there is no handshake");
}

/// The example of an account at Kapso loads when its comment marks are taken off.
#[test]
fn the_example_of_kapso_loads() {
    let text = fs::read_to_string(root().join("config.example.toml")).unwrap();
    let at = text.find("#   [[accounts]]").unwrap();
    let lines: Vec<&str> = text[at..].lines().map(|l| l.trim_start_matches("#   ")).collect();
    let example = lines.join("\n");
    let env = Env::default();
    let checked = config::check(Some(("/etc/s.toml".into(), example)), &Flags::default(), &env).unwrap();
    assert_eq!(checked.accounts[0].spec.provider, "kapso");
    assert!(checked.accounts[0].subscribe);
}
