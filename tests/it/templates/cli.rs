//! The command line as a program of its own, with an engine that serves and an emulator over HTTP.

use super::wire::Wire;
use crate::common::process::{Home, Served, until};
use serde_json::Value;
use std::path::{Path, PathBuf};
use switchboard::model::template::models;

struct Place {
    wire: Wire,
    home: Home,
    _served: Served,
}

impl Place {
    async fn new() -> Self {
        let wire = Wire::start().await;
        let home = Home::new(&wire.emulator.base_url(), 1);
        let served = Served::start(&home);
        until("the engine serves", || served.urls());
        let place = Self { wire, home, _served: served };
        until("the templates are read", || {
            let (_, out, _) = place.run(&["templates", "--json"]);
            serde_json::from_str::<Value>(&out).ok().filter(|v| v.as_array().is_some_and(|l| l.len() > 5))
        });
        place
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let (code, out, err) = self.home.run(args);
        (code.unwrap(), out, err)
    }

    /// Runs what has to end with this code; what it printed.
    fn ends(&self, code: i32, args: &[&str]) -> String {
        let (got, out, err) = self.run(args);
        assert_eq!(got, code, "{args:?}\n{out}\n{err}");
        format!("{out}{err}")
    }

    fn json(&self, args: &[&str]) -> Value {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}\n{out}\n{err}");
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}\n{out}"))
    }

    fn with_editor(&self, editor: &str, args: &[&str]) -> (i32, String) {
        let out = self.home.program().env("EDITOR", editor).args(args).output().unwrap();
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
        (out.status.code().unwrap(), format!("{}{}", text(&out.stdout), text(&out.stderr)))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_pulled_changed_checked_compared_and_pushed() {
    let p = Place::new().await;
    let dir = p.path("templates");
    let d = dir.to_str().unwrap();
    p.ends(0, &["templates", "pull", d]);
    let file = dir.join("order_ready.en.toml");
    assert!(file.exists() && !dir.join("hello_world.en_US.toml").exists());
    let out = p.ends(0, &["templates", "pull", d]);
    assert!(out.contains("of them as they were"), "{out}");
    // Samples that were not pulled have no file and are no difference.
    let (code, out, err) = p.run(&["templates", "diff", d]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");

    change(&file, "is ready to be picked up.", "is ready: {{2}}");
    let out = p.ends(1, &["templates", "lint", d]);
    let told = out.lines().find(|l| l.contains("[variables.edge]")).unwrap_or_else(|| panic!("{out}"));
    let line: usize = told.split(':').nth(1).unwrap().parse().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.lines().nth(line - 1).unwrap().starts_with("text = "), "{told}\n{text}");
    assert!(told.contains("order_ready.en.toml:") && told.contains("error: body.text: "), "{told}");
    let out = p.ends(2, &["templates", "push", d]);
    assert!(out.contains("nothing was handed in"), "{out}");

    change(&file, "is ready: {{2}}", "can be picked up now.");
    let invoice = dir.join("invoice.de.toml");
    std::fs::write(&invoice, p.ends(0, &["templates", "models", "invoice", "de"])).unwrap();
    let out = p.ends(1, &["templates", "lint", invoice.to_str().unwrap()]);
    assert!(out.contains("[header.sample]"), "{out}");
    change(&invoice, "format = \"document\"\n", "format = \"document\"\nsample = \"file:rechnung.pdf\"\n");
    let out = p.ends(1, &["templates", "lint", invoice.to_str().unwrap()]);
    assert!(out.contains("rechnung.pdf"), "the file is not there yet: {out}");
    std::fs::write(dir.join("rechnung.pdf"), models::SAMPLE).unwrap();
    p.ends(0, &["templates", "lint", d]);

    let out = p.ends(1, &["templates", "diff", d]);
    assert!(out.contains("\n-text = \"Hello {{1}}, your order {{2}} is ready to be picked up.\""), "{out}");
    assert!(out.contains("\n+text = \"Hello {{1}}, your order {{2}} can be picked up now.\""), "{out}");
    assert!(out.contains("--- nothing") && out.contains("+name = \"invoice\""), "{out}");
    let out = p.ends(0, &["templates", "push", d, "--dry-run"]);
    assert!(
        out.contains("would edit order_ready (en)") && out.contains("would create invoice (de)"),
        "{out}"
    );
    p.ends(1, &["templates", "diff", d]);
    let out = p.ends(0, &["templates", "push", d, "--wait", "20s"]);
    assert!(
        out.contains("order_ready (en) is APPROVED") && out.contains("invoice (de) is APPROVED"),
        "{out}"
    );
    p.ends(0, &["templates", "diff", d]);
    assert!(p.ends(0, &["templates", "push", d]).contains("0 done, 0 refused"));

    // An approved one can be edited once a day; the others go on.
    change(&file, "now.", "today.");
    std::fs::remove_file(dir.join("track_parcel.en.toml")).unwrap();
    let out = p.ends(4, &["templates", "push", d]);
    assert!(out.contains("order_ready (en) is refused: ") && out.contains("0 done, 1 refused"), "{out}");
    assert!(out.contains("left alone: track_parcel"), "{out}");
    change(&file, "today.", "now.");
    p.ends(0, &["templates", "push", d, "--delete"]);
    p.ends(3, &["templates", "show", "track_parcel"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made_in_the_editor_listed_copied_switched_off_and_deleted() {
    let p = Place::new().await;
    let good = p.path("good.toml");
    std::fs::write(&good, p.ends(0, &["templates", "models", "order_update", "en"])).unwrap();
    let text = std::fs::read_to_string(&good).unwrap();
    let bad = p.path("bad.toml");
    std::fs::write(&bad, text.replace("client_name = ", "client = ")).unwrap();
    let (code, out) = p.with_editor(&format!("cp {}", bad.display()), &["templates", "create"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("nothing was handed in: line ") && out.contains("the text is kept in "), "{out}");
    let kept = out.split("the text is kept in ").nth(1).unwrap().trim();
    assert!(std::fs::read_to_string(kept).unwrap().contains("client = "));
    std::fs::remove_dir_all(Path::new(kept).parent().unwrap()).unwrap();
    let (code, out) = p.with_editor("true", &["templates", "create"]);
    assert_eq!(code, 1, "nothing was written: {out}");
    let (code, out) =
        p.with_editor(&format!("cp {}", good.display()), &["templates", "create", "--wait", "20s"]);
    assert_eq!((code, out.trim()), (0, "order_update (en) is APPROVED"));

    let dry = p.json(&["templates", "duplicate", "order_update", "--to", "es", "--dry-run", "--json"]);
    assert_eq!((&dry["would"], &dry["document"]["language"]), (&"create".into(), &"es".into()));
    p.ends(0, &["templates", "duplicate", "order_update", "--to", "es"]);
    p.ends(0, &["templates", "load", "order_update", "de", "--wait", "20s"]);
    p.ends(0, &["templates", "load", "invoice", "fr", "--wait", "20s"]);
    p.ends(2, &["templates", "duplicate", "order_update", "en", "--to", "de"]);
    let list = p.json(&["templates", "list", "--search", "order_update", "--unused", "--json"]);
    let found: Vec<&str> = list.as_array().unwrap().iter().map(|t| t["language"].as_str().unwrap()).collect();
    assert_eq!(found, ["de", "en", "es"]);
    let list = p.json(&["templates", "list", "--status", "paused,rejected", "--json"]);
    assert!(list.as_array().unwrap().iter().all(|t| t["status"] == "PAUSED" || t["status"] == "REJECTED"));
    let out = p.ends(0, &["templates"]);
    assert!(out.contains("samples are not shown") && !out.contains("hello_world"), "{out}");
    assert!(p.ends(0, &["templates", "list", "--samples"]).contains("hello_world"));

    p.ends(0, &["templates", "disable", "order_update", "de"]);
    let shown = p.json(&["templates", "show", "order_update", "de", "--json"]);
    assert_eq!(shown[0]["settings"]["enabled"], false);
    p.ends(
        4,
        &[
            "templates",
            "send",
            "order_update",
            "de",
            "--to",
            "+447700900123",
            "--set",
            "client_name=A",
            "--set",
            "order_number=1",
            "--set",
            "order_status=x",
        ],
    );
    p.ends(0, &["templates", "enable", "order_update", "de"]);
    p.ends(0, &["templates", "roles", "order_update", "de", "--only", "admin"]);
    assert!(p.ends(0, &["templates", "roles", "order_update", "de"]).contains("admin"));
    let out =
        p.ends(0, &["templates", "map", "order_update", "de", "--set", "order_status={{ set.status }}"]);
    assert!(out.contains("{{ set.status }}"), "{out}");
    let history = p.json(&["templates", "history", "order_update", "de", "--json"]);
    assert!(history.as_array().unwrap().iter().any(|h| h["part"] == "status" && h["to"] == "APPROVED"));
    let library = p.json(&["templates", "library", "delivery", "--json"]);
    assert!(!library.as_array().unwrap().is_empty());

    p.ends(2, &["templates", "delete", "order_update"]);
    p.ends(2, &["templates", "delete", "order_update", "--yes", "order_updat"]);
    p.ends(0, &["templates", "delete", "order_update", "de", "--yes", "order_update"]);
    assert!(p.ends(3, &["templates", "show", "order_update", "de"]).contains("en, es"));
    p.ends(0, &["templates", "delete", "order_update", "--yes", "order_update"]);
    p.ends(3, &["templates", "show", "order_update"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_sends_its_template_with_the_document() {
    let p = Place::new().await;
    let pdf = p.path("R-2210.pdf");
    std::fs::write(&pdf, models::SAMPLE).unwrap();
    let set = ["actions", "set", "invoice_sent", "--template", "invoice_document", "--language", "de"];
    let map = ["--map", "body.1={{ set.client }}", "--map", "body.2=R-{{ set.number }}"];
    p.ends(0, &[&set[..], &map[..]].concat());
    p.ends(2, &["actions", "set", "invoice_sent", "--template", "invoice_document", "--map", "body.9=x"]);
    let list = p.json(&["actions", "--json"]);
    assert_eq!(
        (&list[0]["name"], &list[0]["template"]),
        (&"invoice_sent".into(), &"invoice_document".into())
    );
    let act = [
        "action",
        "invoice_sent",
        "--to",
        "+447700900123",
        "--set",
        "client=Frau Weber",
        "--set",
        "number=2210",
    ];
    let sent = p.json(&[&act[..], &["--file", pdf.to_str().unwrap(), "--json"]].concat());
    assert!(sent["id"].is_string(), "{sent}");
    let (_, all) = p.wire.get("/control/messages").await;
    let body = &all["messages"].as_array().unwrap().last().unwrap()["body"];
    let parts = body["template"]["components"].as_array().unwrap();
    let header = parts.iter().find(|c| c["type"] == "header").unwrap_or_else(|| panic!("{body}"));
    let document = &header["parameters"][0];
    assert_eq!(document["type"], "document", "{body}");
    assert_eq!(document["document"]["filename"], "R-2210.pdf", "{body}");
    assert!(document["document"]["id"].is_string(), "{body}");
    let text = parts.iter().find(|c| c["type"] == "body").unwrap();
    let texts: Vec<&str> =
        text["parameters"].as_array().unwrap().iter().map(|x| x["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Frau Weber", "R-2210"]);
    p.ends(3, &["action", "never_heard", "--to", "+447700900123"]);
    p.ends(0, &["actions", "remove", "invoice_sent"]);
    assert_eq!(p.json(&["actions", "--json"]), serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lint_needs_no_engine_and_no_configuration() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("x.en.toml");
    std::fs::write(&file, "name = \"X\"\nlanguage = \"en\"\ncategory = \"UTILITY\"\nnme = 1\n").unwrap();
    let run = |args: &[&str]| {
        let mut c = std::process::Command::new(env!("CARGO_BIN_EXE_switchboard"));
        let out = c.env_clear().env("HOME", home.path()).args(args).output().unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
    };
    let (code, out) = run(&["templates", "lint", file.to_str().unwrap(), "--json"]);
    let v: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &v["findings"][0]["line"], &v["findings"][0]["field"]), (1, &4.into(), &"nme".into()));
    std::fs::write(&file, "name = \"X\"\nlanguage = \"en\"\ncategory = \"UTILITY\"\n").unwrap();
    let (code, out) = run(&["templates", "lint", file.to_str().unwrap()]);
    assert!(code == 1 && out.contains("x.en.toml:1: error: name: "), "{out}");
    assert!(
        out.contains("[body.required]") && out.ends_with("1 files, 1 read: 2 errors, 0 warnings\n"),
        "{out}"
    );
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing else was written: {left:?}");
}
