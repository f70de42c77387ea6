//! `operators`, `roles`, `access` and `whoami` around a real engine in this process.

use super::scripted::{Ended, Place};
use serde_json::Value;
use switchboard::cli::failure::Exit;
use switchboard::cli::host::BuiltIn;
use switchboard::users::{name_of, own_uid};

fn place() -> Place {
    let place = Place::new();
    let account = |id: &str, number: &str| {
        format!(
            "[[accounts]]\nid = \"{id}\"\nname = \"Acme {id}\"\nprovider = \"meta\"\nenvironment = \"development\"\n\
             phone_number_id = \"{number}\"\nwaba_id = \"2\"\napi_base = \"http://127.0.0.1:9\"\nsubscribe = false\n\
             access_token = {{ env = \"SECRET\" }}\napp_secret = {{ env = \"SECRET\" }}\nverify_token = {{ env = \"SECRET\" }}\n"
        )
    };
    let text = format!(
        "[listener]\nbind = \"127.0.0.1:0\"\n{}{}",
        account("support", "339901477551020"),
        account("sales", "339901477551021")
    );
    std::fs::write(place.dir.path().join("config.toml"), text).unwrap();
    place
}

async fn run(place: &Place, line: &str) -> Ended {
    place.run(&BuiltIn, &line.split(' ').collect::<Vec<_>>()).await
}

async fn done(place: &Place, line: &str) -> Ended {
    let e = run(place, line).await;
    assert_eq!(e.exit, Exit::Done, "{line}: {}{}", e.out, e.err);
    e
}

async fn json(place: &Place, line: &str) -> Value {
    let e = done(place, &format!("{line} --json")).await;
    serde_json::from_str(&e.out).unwrap_or_else(|error| panic!("{line}: {error}: {}", e.out))
}

async fn refused(place: &Place, line: &str, exit: Exit, words: &[&str]) {
    let e = run(place, line).await;
    assert_eq!(e.exit, exit, "{line}: {}{}", e.out, e.err);
    for word in words {
        assert!(e.err.contains(word), "{line}: {word}: {}", e.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colleagues_are_let_in_changed_switched_and_removed() {
    let place = place();
    let e = done(&place, "operators").await;
    assert!(e.err.contains("only the owner can get in") && e.err.contains("operators add"), "{}", e.err);
    assert!(e.out.contains(&name_of(own_uid())), "who looks is attached: {}", e.out);
    // A name that this machine does not know is a warning: the directory may come to know it.
    let e = done(&place, "operators add ana-nowhere --role agent --team one,two").await;
    assert_eq!(e.out, "ana-nowhere is let in as agent\n");
    assert!(e.err.contains("warning: this machine has no user `ana-nowhere` yet"), "{}", e.err);
    let e = done(&place, "operators add @root --role lead").await;
    assert_eq!((&*e.out, &*e.err), ("@root is let in as lead\n", ""), "a group that is there");
    let list = json(&place, "operators add @nowhere-group --role viewer").await;
    assert_eq!(list["warnings"][0], "this machine has no group `nowhere-group` yet");
    let of = |list: &Value, who: &str| -> Value {
        list["operators"].as_array().unwrap().iter().find(|o| o["who"] == who).cloned().unwrap_or_default()
    };
    let ana = of(&list, "ana-nowhere");
    assert_eq!(ana["teams"], serde_json::json!(["one", "two"]));
    assert_eq!((&ana["role"], &ana["active"], &ana["entry"]), (&"agent".into(), &true.into(), &true.into()));
    assert_eq!(of(&list, "@root")["role"], "lead");
    assert!(list.get("warnings").is_some() && json(&place, "operators").await.get("warnings").is_none());
    // Twice is a mistake, and nobody cannot be changed.
    refused(&place, "operators add @root --role agent", Exit::Usage, &["already", "operators edit"]).await;
    refused(&place, "operators edit bo --role lead", Exit::NotFound, &["`bo` is no operator"]).await;
    refused(
        &place,
        "operators add bo --role boss",
        Exit::NotFound,
        &["no role `boss`", "admin, lead, agent, viewer"],
    )
    .await;
    let e = done(&place, "operators edit ana-nowhere --role lead --team north").await;
    assert_eq!(e.out, "ana-nowhere: lead, north\n");
    done(&place, "operators off ana-nowhere").await;
    let ana = of(&json(&place, "operators").await, "ana-nowhere");
    assert_eq!((&ana["active"], &ana["role"]), (&false.into(), &"lead".into()));
    assert!(done(&place, "operators").await.out.contains("off"));
    done(&place, "operators on ana-nowhere").await;
    done(&place, "operators edit ana-nowhere --no-team").await;
    let ana = of(&json(&place, "operators").await, "ana-nowhere");
    assert_eq!((&ana["active"], &ana["teams"]), (&true.into(), &serde_json::json!([])));
    done(&place, "operators remove ana-nowhere").await;
    assert_eq!(of(&json(&place, "operators").await, "ana-nowhere"), Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_are_made_like_others_and_changed() {
    let place = place();
    let e = done(
        &place,
        "roles add night --like agent --allow quick_replies.create --deny contacts.edit --visibility team \
         --mask-numbers --only-assigned",
    )
    .await;
    assert!(e.out.starts_with("the role night allows chat (view, create, edit)"), "{}", e.out);
    let night = json(&place, "roles show night").await;
    let grants: Vec<&str> = night["grants"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(grants.contains(&"quick_replies.create") && !grants.contains(&"contacts.edit"), "{grants:?}");
    assert_eq!(
        (&night["visibility"], &night["mask_numbers"], &night["only_assigned"], &night["entries"]),
        (&"team".into(), &true.into(), &true.into(), &0.into())
    );
    let e = done(&place, "roles show night").await;
    for words in
        ["may       conversations: read, answer, edit", "may not   ", "middle hidden", "of one's own"]
    {
        assert!(e.out.contains(words), "{words}: {}", e.out);
    }
    done(&place, "roles edit night --mask-numbers=no --allow contacts --deny chat.edit").await;
    let night = json(&place, "roles show night").await;
    assert_eq!((&night["mask_numbers"], &night["only_assigned"]), (&false.into(), &true.into()));
    assert!(night["grants"].as_array().unwrap().contains(&"contacts.import".into()));
    refused(&place, "roles add night", Exit::Usage, &["already", "roles edit"]).await;
    refused(&place, "roles edit night", Exit::Usage, &["nothing is to be changed"]).await;
    refused(&place, "roles add day --like nobody", Exit::NotFound, &["no role `nobody`"]).await;
    refused(&place, "roles edit admin --deny chat", Exit::Refused, &["cannot be changed"]).await;
    done(&place, "operators add cy --role night").await;
    refused(&place, "roles remove night", Exit::Refused, &["in use by cy"]).await;
    done(&place, "operators remove cy").await;
    done(&place, "roles remove night").await;
    let all = json(&place, "roles").await;
    let names: Vec<&str> = all.as_array().unwrap().iter().filter_map(|r| r["name"].as_str()).collect();
    assert_eq!(names, ["admin", "lead", "agent", "viewer"]);
    let e = done(&place, "roles").await;
    assert!(e.out.contains("everything") && e.out.contains("chat (view)"), "{}", e.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_closed_and_opened() {
    let place = place();
    assert_eq!(done(&place, "access").await.out.matches("everybody who is let in").count(), 2);
    let e = done(&place, "access set sales --roles lead --groups sellers-nowhere --operators root").await;
    assert!(e.out.contains("role lead · group @sellers-nowhere · operator root"), "{}", e.out);
    assert!(e.err.contains("no group `sellers-nowhere` yet") && !e.err.contains("no user"), "{}", e.err);
    let all = json(&place, "access show").await;
    let rule = |account: &str| -> Value {
        let rows = all["accounts"].as_array().unwrap();
        rows.iter().find(|r| r["account"] == account).unwrap()["rule"].clone()
    };
    assert_eq!(rule("sales")["roles"], serde_json::json!(["lead"]));
    assert_eq!(rule("support"), Value::Null);
    refused(&place, "access set sales --roles boss", Exit::NotFound, &["no role `boss`"]).await;
    refused(&place, "access open nothing", Exit::NotFound, &["no account `nothing`"]).await;
    let e = done(&place, "access open sales").await;
    assert!(e.out.contains("everybody who is let in") && !e.out.contains("support"), "{}", e.out);
}

/// The owner's own entry counts: a real engine refuses for real.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_says_what_is_missing_and_whom_to_ask() {
    let place = place();
    let me = name_of(own_uid());
    let who = json(&place, "whoami").await;
    assert_eq!((who["operator"].as_str(), who["role"]["name"].as_str()), (Some(&*me), Some("admin")));
    let e = done(&place, "whoami").await;
    let head = format!("operator  {me}\nteams     none\naccounts  support, sales\nrole      admin\n");
    assert!(e.out.starts_with(&head), "{}", e.out);
    assert_eq!(who["accounts"], serde_json::json!(["support", "sales"]));
    done(&place, "access set sales --operators bo-nowhere").await;
    done(&place, &format!("operators add {me} --role viewer --team north")).await;
    let e = done(&place, "whoami").await;
    for words in [
        "teams     north\naccounts  support\n",
        "role      viewer",
        "may       conversations: read",
        "may not   conversations: answer",
        "sends     nothing",
    ] {
        assert!(e.out.contains(words), "{words}: {}", e.out);
    }
    for (line, lacks) in [
        ("operators", "operators.view"),
        ("roles", "operators.view"),
        ("access", "operators.view"),
        ("labels create vip", "chat.edit"),
        ("doctor --json", "connection.view"),
    ] {
        let e = run(&place, line).await;
        let said = format!("{}{}", e.out, e.err);
        assert_ne!(e.exit, Exit::Done, "{line}: {said}");
        assert!(said.contains(lacks) && said.contains("ask an admin"), "{line}: {said}");
    }
    refused(&place, "operators off bo", Exit::Refused, &["the role `viewer` lacks `operators.view`"]).await;
    let e = run(&place, "operators --json").await;
    let error: Value = serde_json::from_str(&e.err).unwrap();
    assert_eq!(error["error"]["kind"], "forbidden");
}
