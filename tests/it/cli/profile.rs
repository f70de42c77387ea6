//! What is set at the provider, and connecting a number of Meta's, from the shell against the emulator.

use super::scripted::{Ended, Place};
use serde_json::{Value, json};
use std::os::unix::fs::OpenOptionsExt as _;
use switchboard::cli::failure::Exit;
use switchboard::cli::host::BuiltIn;
use switchboard::emulator::{
    DEMO_ACCESS_TOKEN, DEMO_ACCOUNT, DEMO_APP_SECRET, DEMO_NUMBERS, Emulator, EmulatorOptions,
};

struct Stage {
    place: Place,
    emulator: Emulator,
}

impl Stage {
    async fn new() -> Self {
        let options = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        let emulator = Emulator::start(options).await.unwrap();
        let place = Place::new();
        let stage = Self { place, emulator };
        let (token, secret) = (stage.file("token", DEMO_ACCESS_TOKEN), stage.file("secret", DEMO_APP_SECRET));
        let text = format!(
            "[listener]\nbind = \"127.0.0.1:0\"\n\
             [[accounts]]\nid = \"support\"\nname = \"Acme Support\"\nprovider = \"meta\"\nenvironment = \"development\"\n\
             phone_number_id = \"{}\"\nwaba_id = \"{DEMO_ACCOUNT}\"\napi_base = \"{}\"\nsubscribe = false\n\
             access_token = {{ file = \"{token}\" }}\napp_secret = {{ file = \"{secret}\" }}\nverify_token = {{ file = \"{secret}\" }}\n",
            DEMO_NUMBERS[0],
            stage.emulator.base_url(),
        );
        std::fs::write(stage.place.dir.path().join("config.toml"), text).unwrap();
        stage
    }

    /// A file that only its owner can read.
    fn file(&self, name: &str, text: &str) -> String {
        use std::io::Write as _;
        let path = self.place.dir.path().join(name);
        let mut f = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        f.write_all(text.as_bytes()).unwrap();
        path.display().to_string()
    }

    async fn run(&self, words: &[&str]) -> Ended {
        let mut line = vec!["accounts"];
        line.extend(words);
        self.place.run(&BuiltIn, &line).await
    }

    async fn done(&self, words: &[&str]) -> String {
        let e = self.run(words).await;
        assert_eq!(e.exit, Exit::Done, "{words:?}: {}{}", e.out, e.err);
        e.out
    }

    async fn json(&self, words: &[&str]) -> Value {
        let mut words = words.to_vec();
        words.push("--json");
        serde_json::from_str(&self.done(&words).await).unwrap()
    }

    async fn refused(&self, words: &[&str], exit: Exit, parts: &[&str]) {
        let e = self.run(words).await;
        assert_eq!(e.exit, exit, "{words:?}: {}{}", e.out, e.err);
        for part in parts {
            assert!(e.err.contains(part), "{words:?}: {part}: {}", e.err);
        }
    }

    async fn control(&self, what: &str, body: Value) {
        let url = format!("{}/control/{what}", self.emulator.base_url());
        let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
        assert!(http.post(url).json(&body).send().await.unwrap().status().is_success(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_profile_is_shown_and_changed() {
    let s = Stage::new().await;
    let jpeg = s.place.dir.path().join("logo.jpg");
    std::fs::write(&jpeg, crate::common::files::jpeg(20_000)).unwrap();
    let logo = jpeg.display().to_string();
    let words = [
        "profile",
        "support",
        "edit",
        "--about",
        "Bells since 1999",
        "--website",
        "https://bells.example",
        "--picture",
        &logo,
    ];
    let out = s.done(&words).await;
    for part in
        ["about         Bells since 1999", "websites      https://bells.example", "picture       https://"]
    {
        assert!(out.contains(part), "{part}:\n{out}");
    }
    let shown = s.json(&["profile", "support"]).await;
    assert_eq!(
        (&shown["about"], &shown["websites"]),
        (&json!("Bells since 1999"), &json!(["https://bells.example"]))
    );
    s.done(&["profile", "support", "edit", "--website", ""]).await;
    assert_eq!(s.json(&["profile", "support", "show"]).await["websites"], json!([]));
    let long = "x".repeat(140);
    s.refused(&["profile", "support", "edit", "--about", &long], Exit::Usage, &["about", "139"]).await;
    s.refused(&["profile", "support", "edit", "--vertical", "cars"], Exit::Usage, &["vertical", "RETAIL"])
        .await;
    s.refused(&["profile", "support", "edit", "--picture", "/nowhere.png"], Exit::Usage, &["/nowhere.png"])
        .await;
    s.refused(&["profile", "nobody"], Exit::NotFound, &["no account `nobody`"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_blocked_and_unblocked() {
    let s = Stage::new().await;
    s.control("say", json!({"customer": "447700900199", "name": "Guest", "text": "hi"})).await;
    let e = s.run(&["block", "support", "+44 7700 900199", "+44 7700 900777"]).await;
    assert_eq!(e.exit, Exit::Refused, "{}{}", e.out, e.err);
    assert!(e.out.contains("090-0199 is blocked") && e.err.contains("131047"), "{}{}", e.out, e.err);
    let rows = s.json(&["blocked", "support"]).await;
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["value"]), (1, &json!("447700900199")));
    s.done(&["unblock", "support", "+44 7700 900199"]).await;
    assert_eq!(s.json(&["blocked", "support"]).await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ice_breakers_commands_links_and_the_number() {
    let s = Stage::new().await;
    s.done(&["ice-breakers", "support", "set", "Opening hours", "Book a repair"]).await;
    s.done(&["commands", "support", "set", "ticket=Look up a repair"]).await;
    assert_eq!(
        s.json(&["ice-breakers", "support"]).await,
        json!(["Opening hours", "Book a repair"]),
        "they stay"
    );
    let out = s.done(&["commands", "support"]).await;
    assert!(out.contains("/ticket") && out.contains("Look up a repair"), "{out}");
    s.refused(&["ice-breakers", "support", "set", "a", "b", "c", "d"], Exit::Usage, &["ice_breakers"]).await;
    s.done(&["commands", "support", "clear"]).await;
    assert_eq!(s.json(&["commands", "support"]).await, json!([]));
    let link = s.json(&["links", "support", "create", "Autumn check"]).await;
    let code = link["code"].as_str().unwrap();
    let out = s.done(&["links", "support", "show", code]).await;
    assert!(out.contains(link["url"].as_str().unwrap()) && out.contains('█'), "with its code: {out}");
    s.done(&["links", "support", "edit", code, "Winter check"]).await;
    assert_eq!(s.json(&["links", "support"]).await[0]["text"], "Winter check");
    s.done(&["links", "support", "delete", code]).await;
    s.refused(&["links", "support", "delete", code], Exit::Refused, &["does not exist"]).await;
    let pin = s.file("pin", switchboard::emulator::DEMO_PIN);
    s.done(&["number", "support", "deregister"]).await;
    assert!(s.done(&["number", "support"]).await.contains("state         PENDING"));
    let wrong = s.file("wrong", "999999");
    s.refused(&["number", "support", "register", "--pin-file", &wrong], Exit::Refused, &["133005"]).await;
    s.done(&["number", "support", "register", "--pin-file", &pin]).await;
    assert_eq!(s.json(&["number", "support"]).await["status"], "CONNECTED");
    s.refused(&["number", "support", "register"], Exit::Usage, &["pin-file"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_connected_without_a_question() {
    let s = Stage::new().await;
    let (token, secret) = (s.file("token", DEMO_ACCESS_TOKEN), s.file("secret", DEMO_APP_SECRET));
    let base = s.emulator.base_url();
    let wrong = s.file("wrong", "EAAGnobodyssecret0123456789");
    let words = |token: &str| {
        [
            "connect",
            "shop-pt",
            "--provider",
            "meta",
            "--name",
            "Shop PT",
            "--api-base",
            &base,
            "--token-file",
            token,
        ]
        .iter()
        .chain(&[
            "--phone-number-id",
            DEMO_NUMBERS[1],
            "--waba-id",
            DEMO_ACCOUNT,
            "--app-secret-file",
            &secret,
        ])
        .map(|w| (*w).to_owned())
        .collect::<Vec<String>>()
    };
    let line = words(&wrong);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    s.refused(&line, Exit::Usage, &["refuses the token", "do next"]).await;
    s.refused(&["show", "shop-pt"], Exit::NotFound, &["shop-pt"]).await;
    let line = words(&token);
    let mut line: Vec<&str> = line.iter().map(String::as_str).collect();
    line.extend(["--test-to", "+55 11 90000-0101"]);
    let e = s.run(&line).await;
    assert_eq!(e.exit, Exit::Done, "{}{}", e.out, e.err);
    for part in [
        "✓ token: ",
        "✓ number: +1 555",
        "✓ app secret: ",
        "✓ verify token: one was made",
        "✓ register: ",
        "✓ webhooks: ",
        "✓ test: ",
    ] {
        assert!(e.err.contains(part), "{part}:\n{}", e.err);
    }
    assert!(e.out.contains("connected") && !format!("{}{}", e.out, e.err).contains(DEMO_ACCESS_TOKEN));
    // Again: there is nothing left to do, and nothing is asked for.
    let e = s.run(&["connect", "shop-pt"]).await;
    assert_eq!(e.exit, Exit::Done, "{}{}", e.out, e.err);
    assert!(!e.err.contains('✓'), "{}", e.err);
    s.refused(&["connect", "new-one", "--provider", "meta"], Exit::Usage, &["token-file"]).await;
    s.refused(&["show", "new-one"], Exit::NotFound, &["new-one"]).await;
}
