//! Files on the command line, around a scripted engine.

use super::macros::with;
use super::scripted::Place;
use crate::common::files::{hash, jpeg, pdf};
use switchboard::cli::failure::Exit;
use switchboard::model::outgoing::Outgoing;
use switchboard::model::quick_reply::ReplyFile;
use switchboard::protocol::{Request, Response};

#[tokio::test]
async fn files_are_handed_over_and_sent_in_order() {
    let launcher = with(true, None);
    let place = Place::new();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("price list.pdf"), pdf("prices")).unwrap();
    std::fs::write(path("bike.jpg"), jpeg(700_000)).unwrap();
    let (list, bike) = (path("price list.pdf"), path("bike.jpg"));
    let args = ["send", "Marta", "--file", &list, "--file", &bike, "--caption", "our prices", "--json"];
    let e = place.run(&launcher, &args).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let document: serde_json::Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!(document.as_array().map(Vec::len), Some(2));
    let asked = launcher.seen.requests.lock().unwrap().clone();
    let sent: Vec<(String, String)> = asked
        .iter()
        .filter_map(|r| if let Request::Together { requests } = r { Some(requests) } else { None })
        .flatten()
        .filter_map(|r| match r {
            Request::Send { content: Outgoing::Media { file, caption, .. }, .. } => {
                Some((file.name.clone(), caption.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        sent,
        [("price list.pdf".into(), "our prices".to_owned()), ("bike.jpg".into(), String::new())]
    );
    assert!(launcher.seen.files.lock().unwrap().contains_key(&hash(&jpeg(700_000))));
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_before_anything_is_asked() {
    let launcher = with(true, None);
    let place = Place::new();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("tool.pdf"), b"MZ\x90\0\x03\0\0\0\x04\0").unwrap();
    std::fs::write(path("good.pdf"), pdf("x")).unwrap();
    let (tool, good, gone) = (path("tool.pdf"), path("good.pdf"), path("gone.pdf"));
    for (wrong, word) in [(&tool, "can be sent"), (&gone, "cannot be read"), (&path(""), "is no file")] {
        let e = place.run(&launcher, &["send", "Marta", "--file", &good, "--file", wrong]).await;
        assert!(e.exit == Exit::Usage && e.err.contains(word), "{}", e.err);
    }
    assert!(launcher.seen.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn quick_replies_keep_their_files_and_carry_them_along() {
    let here = with(true, None);
    let place = Place::new();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("terms.pdf"), pdf("terms")).unwrap();
    let terms = path("terms.pdf");
    let add = ["quick-replies", "add", "terms", "Our terms.", "--file", &terms];
    assert_eq!(place.run(&here, &add).await.exit, Exit::Done);
    std::fs::remove_file(&terms).unwrap();
    let (file, bytes) = (path("out.toml"), pdf("terms"));
    let e = place.run(&here, &["quick-replies", "export", &file]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let toml = std::fs::read_to_string(&file).unwrap();
    let named = format!("out.files/{}/terms.pdf", &hash(&bytes).to_string()[..12]);
    assert!(toml.contains(&named), "{toml}");
    assert_eq!(std::fs::read(path(&named)).unwrap(), bytes);
    // Elsewhere the file is handed over with the reply; the same again changes nothing.
    let there = with(true, None);
    assert_eq!(place.run(&there, &["quick-replies", "import", &file]).await.exit, Exit::Done);
    assert_eq!(there.seen.files.lock().unwrap().get(&hash(&bytes)), Some(&bytes));
    let e = place.run(&there, &["quick-replies", "import", &file, "--json"]).await;
    assert!(e.out.contains("\"unchanged\":[\"terms\"]"), "{}", e.out);
    let (Ok(Response::QuickReplies(replies)), _) = (there.script)(&Request::QuickReplies) else { panic!() };
    assert!(matches!(&replies[0].files[..], [ReplyFile::Stored(f)] if f.name == "terms.pdf"));
    // A path that leads nowhere here stays one.
    let text = "[[replies]]\nshortcut = \"old\"\ntext = \"x\"\nfiles = [\"/srv/elsewhere.pdf\"]\n";
    std::fs::write(path("old.toml"), text).unwrap();
    let e = place.run(&there, &["quick-replies", "import", &path("old.toml")]).await;
    assert!(e.exit == Exit::Done && e.err.contains("there is no such file here"), "{}", e.err);
}
