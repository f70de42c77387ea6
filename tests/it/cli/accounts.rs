//! `accounts` and its verbs around a real engine in this process.

use super::scripted::{Ended, Place};
use serde_json::Value;
use switchboard::cli::failure::Exit;
use switchboard::cli::host::BuiltIn;

fn place() -> Place {
    let place = Place::new();
    let text = "[listener]\nbind = \"127.0.0.1:0\"\n\
         [[accounts]]\nid = \"support\"\nname = \"Acme Support\"\nprovider = \"meta\"\nenvironment = \"development\"\n\
         phone_number_id = \"339901477551020\"\nwaba_id = \"2\"\napi_base = \"http://127.0.0.1:9\"\nsubscribe = false\n\
         access_token = { env = \"SECRET\" }\napp_secret = { env = \"SECRET\" }\nverify_token = { env = \"SECRET\" }\n";
    std::fs::write(place.dir.path().join("config.toml"), text).unwrap();
    place
}

async fn run(place: &Place, words: &[&str]) -> Ended {
    let mut line = vec!["accounts"];
    line.extend(words);
    place.run(&BuiltIn, &line).await
}

async fn done(place: &Place, words: &[&str]) -> Ended {
    let e = run(place, words).await;
    assert_eq!(e.exit, Exit::Done, "{words:?}: {}{}", e.out, e.err);
    e
}

async fn json(place: &Place, words: &[&str]) -> Value {
    let mut words = words.to_vec();
    words.push("--json");
    let e = done(place, &words).await;
    serde_json::from_str(&e.out).unwrap_or_else(|error| panic!("{words:?}: {error}: {}", e.out))
}

async fn refused(place: &Place, words: &[&str], exit: Exit, parts: &[&str]) {
    let e = run(place, words).await;
    assert_eq!(e.exit, exit, "{words:?}: {}{}", e.out, e.err);
    for part in parts {
        assert!(e.err.contains(part), "{words:?}: {part}: {}", e.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_shown_with_everything_and_without_a_secret() {
    let place = place();
    let e = done(&place, &["show", "support"]).await;
    for line in [
        "name          Acme Support",
        "state         pending",
        "number        id 339901477551020",
        "environment   development",
        "last message  never",
        "token         as the configuration file says",
        "definition    in the configuration file",
        "open to       everybody who is let in",
    ] {
        assert!(e.out.contains(line), "{line}:\n{}", e.out);
    }
    let detail = json(&place, &["show", "support"]).await;
    assert_eq!(detail["view"]["spec"]["id"], "support");
    assert_eq!(detail["access"]["everybody"], true);
    assert_eq!(detail["secrets"], serde_json::json!(["access_token", "app_secret", "verify_token"]));
    let list = json(&place, &[]).await;
    assert_eq!((&list[0]["state"], &list[0]["life"]["kept"]), (&"pending".into(), &false.into()));
    assert_eq!(json(&place, &["list"]).await, list, "no verb is `list`");
    refused(&place, &["show", "nobody"], Exit::NotFound, &["no account `nobody`", "switchboard accounts"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn name_prefix_recipients_and_access_are_changed_and_taken_away() {
    let place = place();
    let e = done(
        &place,
        &[
            "edit",
            "support",
            "--name",
            "Support PT",
            "--prefix",
            "+351",
            "--recipients",
            "+351 912 345 678, +351 912 345 679",
            "--access",
            "role:lead,@night,ana",
        ],
    )
    .await;
    for line in [
        "name          Support PT",
        "prefix        +351 for numbers without one",
        "sends only to",
        "open to       role lead · group @night · operator ana",
    ] {
        assert!(e.out.contains(line), "{line}:\n{}", e.out);
    }
    let detail = json(&place, &["show", "support"]).await;
    assert_eq!(detail["view"]["life"]["options"]["recipients"].as_array().unwrap().len(), 2);
    assert_eq!(detail["access"]["roles"][0], "lead");
    // What is not named stays.
    done(&place, &["edit", "support", "--name", ""]).await;
    let detail = json(&place, &["show", "support"]).await;
    assert_eq!(detail["view"]["spec"]["name"], "Acme Support");
    assert_eq!(detail["view"]["life"]["options"]["prefix"], "351");
    done(&place, &["edit", "support", "--prefix", "", "--recipients", "", "--access", "everybody"]).await;
    let detail = json(&place, &["show", "support"]).await;
    assert_eq!(detail["view"]["life"]["options"], serde_json::json!({}));
    assert_eq!(detail["access"]["everybody"], true);
    refused(&place, &["edit", "support", "--prefix", "abc"], Exit::Usage, &["country prefix"]).await;
    refused(&place, &["edit", "support", "--recipients", "12"], Exit::Usage, &["`12`"]).await;
    refused(&place, &["edit", "nobody", "--prefix", "1"], Exit::NotFound, &["nobody"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_and_its_end_are_said_and_kept() {
    let place = place();
    let e = done(&place, &["pause", "support"]).await;
    assert!(e.out.contains("support is paused") && e.out.contains("accounts resume support"), "{}", e.out);
    assert!(done(&place, &[]).await.out.contains("pending, paused"));
    let e = done(&place, &["show", "support"]).await;
    assert!(
        e.out.contains("sends         nothing: nothing leaves it until somebody resumes it"),
        "{}",
        e.out
    );
    let detail = json(&place, &["resume", "support"]).await;
    assert_eq!(detail["view"]["life"]["options"], serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_or_a_rule_refuses_changes_nothing() {
    let place = place();
    // Nobody answers on that port.
    refused(&place, &["verify", "support"], Exit::Refused, &[]).await;
    let e = run(&place, &["verify", "--json"]).await;
    let rows: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((e.exit, &rows[0]["ok"]), (Exit::Refused, &false.into()));
    done(&place, &["disconnect", "support"]).await;
    assert_eq!(json(&place, &[]).await[0]["state"], "disconnected");
    refused(&place, &["reconnect", "support", "--no-wait"], Exit::Refused, &["support:"]).await;
    assert_eq!(json(&place, &[]).await[0]["state"], "disconnected", "what is refused changes nothing");
    refused(&place, &["verify", "support"], Exit::Refused, &["is disconnected", "reconnect support"]).await;
    refused(&place, &["delete", "support"], Exit::Usage, &["--yes-delete \"Acme Support\""]).await;
    let name = ["delete", "support", "--yes-delete", "Acme Support"];
    refused(&place, &name, Exit::Refused, &["configuration file"]).await;
    refused(&place, &["connect", "new-one"], Exit::NotFound, &["--provider"]).await;
    let kapso = ["connect", "new-one", "--provider", "kapso"];
    refused(&place, &kapso, Exit::Usage, &["api-key-file"]).await;
    assert_eq!(json(&place, &[]).await.as_array().unwrap().len(), 1, "a half is not made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_says_how_the_engine_and_its_accounts_are() {
    let place = place();
    done(&place, &["pause", "support"]).await;
    let e = place.run(&BuiltIn, &["status"]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    for line in ["engine    not running", "outbox    0 waiting", "pending, paused"] {
        assert!(e.out.contains(line), "{line}: {}", e.out);
    }
    let e = place.run(&BuiltIn, &["status", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!(
        (&v["running"], &v["accounts"][0]["life"]["options"]["paused"]),
        (&false.into(), &true.into())
    );
    assert!(v["accounts"][0]["hindered"].as_str().unwrap().contains("is paused"), "{v}");
    let e = place.run(&BuiltIn, &["doctor"]).await;
    assert!(e.out.contains("account.state (support): pending, paused"), "{}", e.out);
}
