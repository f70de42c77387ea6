//! `threads export` and the language of `search` around a scripted engine.

use super::commands::engine;
use super::scripted::Place;
use std::os::unix::fs::PermissionsExt as _;
use switchboard::cli::failure::Exit;
use switchboard::protocol::Request;

#[tokio::test]
async fn a_thread_is_written_in_every_form_and_never_over_a_file() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["threads", "export", "Marta"]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    assert!(e.out.starts_with("Conversation with Marta[2J Souza"), "{}", e.out);
    assert!(!e.out.contains('\u{1b}'));
    let file = place.data().join("marta.html");
    let path = file.to_str().unwrap().to_owned();
    let e = place.run(&launcher, &["threads", "export", "Marta", "--out", &path]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    assert!(e.out.contains("message") && e.out.contains("marta.html"), "{}", e.out);
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let e = place.run(&launcher, &["threads", "export", "Marta", "--out", &path]).await;
    assert_eq!(e.exit, Exit::Usage);
    assert!(e.err.contains("exists already") && e.err.contains("--force"), "{}", e.err);
    let args = ["threads", "export", "Marta", "--format", "jsonl", "--out", &path, "--force", "--json"];
    let e = place.run(&launcher, &args).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let said: serde_json::Value = serde_json::from_str(&e.out).unwrap();
    let lines = std::fs::read_to_string(&file).unwrap();
    assert_eq!(said["messages"], lines.lines().count());
    for line in lines.lines() {
        serde_json::from_str::<switchboard::model::message::Message>(line).unwrap();
    }
    // What is not there leaves nothing behind.
    let e = place.run(&launcher, &["threads", "export", "Marta", "--json"]).await;
    assert_eq!(e.exit, Exit::Usage);
    let parts = std::fs::read_dir(place.data())
        .unwrap()
        .filter(|f| f.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(parts.count(), 0);
}

#[tokio::test]
async fn a_search_keeps_the_words_of_a_value_together() {
    let place = Place::new();
    let launcher = engine(&[]);
    // The script has no answer to it: what was asked counts.
    place.run(&launcher, &["search", "order", "from:Marta Souza", "before:3 weeks ago"]).await;
    let asked = launcher.seen.requests.lock().unwrap();
    let text = asked.iter().find_map(|r| match r {
        Request::Search { text, .. } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(text, Some("order from:\"Marta Souza\" before:\"3 weeks ago\""));
}
