//! What commands ask of the engine and print.

use super::scripted::{Place, Scripted};
use serde_json::Value;
use std::sync::atomic::Ordering;
use switchboard::cli::failure::Exit;
use switchboard::cli::host::Launcher;
use switchboard::clock::Clock;
use switchboard::daemon::{Connect, DataDir, Door, Server};
use switchboard::model::contact::{Contact, Identity};
use switchboard::model::delivery::{DeliveryError, DeliveryState, DeliveryTimes};
use switchboard::model::event::{AccountSpec, NumberFacts, Recipient};
use switchboard::model::ids::{AccountId, ContactId, MessageId, QuickReplyId, ThreadId};
use switchboard::model::macros::Macro;
use switchboard::model::message::{Body, Direction, Message, Origin};
use switchboard::model::outgoing::Outgoing;
use switchboard::model::quick_reply::QuickReply;
use switchboard::model::thread::{Preview, ThreadDetail, ThreadFilter, ThreadRow};
use switchboard::model::window::Window;
use switchboard::protocol::macros::MacroRequest;
use switchboard::protocol::notes::NoteRequest;
use switchboard::protocol::{
    AccountView, Changed, Check, Cursor, Page, Problem, Request, Response, Update, Verdict,
};
use switchboard::users::{name_of, own_uid};

const AT: i64 = 1_763_716_320_000;
pub(super) const THREAD: ThreadId = ThreadId([7; 16]);
pub(super) const MESSAGE: MessageId = MessageId([9; 16]);

fn account() -> AccountView {
    AccountView {
        spec: AccountSpec {
            id: AccountId::new("support"),
            name: "Acme Support".into(),
            provider: "meta".into(),
            environment: "production".into(),
            number: "339901477551020".into(),
            business: "218834005551201".into(),
        },
        state: "connected".into(),
        state_text: String::new(),
        facts: NumberFacts { display_phone: "+1 555-010-2030".into(), ..NumberFacts::default() },
        unread_threads: 1,
        unread: 3,
        threads: 2,
        last_webhook: Some(AT),
        templates_synced: None,
        life: switchboard::model::account::AccountLife::default(),
    }
}

fn row() -> ThreadRow {
    ThreadRow {
        id: THREAD,
        account: AccountId::new("support"),
        contact: ContactId([1; 16]),
        title: "Marta\u{1b}[2J Souza".into(),
        phone: Some("5511988881234".into()),
        last_at: AT,
        preview: Some(Preview {
            message: MESSAGE,
            direction: Direction::Outbound,
            kind: "text".into(),
            text: "Cadê o meu\npedido?".into(),
            state: DeliveryState::Read,
        }),
        unread: 3,
        window: Window::CLOSED,
        draft: false,
        failed: 0,
        handling: switchboard::model::handling::Handling::default(),
    }
}

pub(super) fn detail() -> Response {
    Response::Thread(Box::new(ThreadDetail {
        blocked: None,
        row: row(),
        contact: Contact {
            id: ContactId([1; 16]),
            name: "Marta Souza".into(),
            profile_name: String::new(),
            identities: vec![Identity::phone("5511988881234")],
            marketing_opt_out: false,
        },
        draft: String::new(),
        read_at: None,
        note: String::new(),
        late_unread: None,
    }))
}

pub(super) fn message(state: DeliveryState) -> Message {
    Message {
        id: MESSAGE,
        thread: THREAD,
        account: AccountId::new("support"),
        direction: Direction::Outbound,
        origin: Origin::Operator("ana".into()),
        at: AT,
        stored_at: AT,
        body: Body::text("Olá"),
        state,
        times: DeliveryTimes::default(),
        error: (state == DeliveryState::Failed).then(|| DeliveryError {
            code: 131_047,
            text: "Re-engagement message".into(),
            cause: Some("more than 24 hours have passed".into()),
            next: Some("send a template".into()),
        }),
        quote: None,
        reactions: Vec::new(),
        provider_id: None,
        tag: None,
        edited: false,
        waits: None,
        put_aside: false,
        also_sent: None,
        attempts: 1,
        unread: false,
        late: None,
        revision: 1,
    }
}

/// An engine with one account, one thread and one message that moves through `states` at every look.
pub(super) fn engine(states: &'static [DeliveryState]) -> Scripted {
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let replies = std::sync::Mutex::new(Vec::<QuickReply>::new());
    let macros = std::sync::Mutex::new(Vec::<Macro>::new());
    Scripted::new(move |request| {
        let changed = |seq| {
            vec![Update { seq, changed: vec![Changed::MessageChanged { thread: THREAD, message: MESSAGE }] }]
        };
        let mut updates = Vec::new();
        let response = match request {
            Request::Accounts => Response::Accounts(vec![account()]),
            Request::Threads { limit, .. } => Response::Threads(Page {
                items: vec![row()],
                next: (*limit == 1).then_some(Cursor { at: AT, row: 42 }),
            }),
            Request::FindThread { text, .. } if text == "Marta" || text.starts_with("+55 11") => detail(),
            Request::FindThread { text, .. } => {
                return (Err(Problem::not_found(format!("nobody is called {text}"))), Vec::new());
            }
            Request::Messages { .. } => Response::Messages {
                items: vec![message(DeliveryState::Failed)],
                older: Some(Cursor { at: AT, row: 1 }),
                newer: None,
            },
            Request::Send { .. } | Request::SendTemplate { .. } => {
                updates = changed(1);
                Response::Queued { message: MESSAGE, thread: THREAD }
            }
            Request::MessageRows { .. } => {
                let n = looks.fetch_add(1, Ordering::SeqCst);
                updates = if n + 1 < states.len() { changed(n as u64 + 2) } else { Vec::new() };
                Response::MessageRows(vec![message(states[n.min(states.len() - 1)])])
            }
            Request::AddNote { thread, .. } => Response::Noted { note: MESSAGE, thread: *thread },
            Request::Note { .. } => Response::Noted { note: MESSAGE, thread: THREAD },
            Request::QuickReplies => Response::QuickReplies(replies.lock().unwrap().clone()),
            Request::SaveQuickReply { reply } => {
                let mut list = replies.lock().unwrap();
                list.retain(|r| r.id != reply.id);
                list.push(reply.clone());
                Response::Done
            }
            Request::DeleteQuickReply { id } => {
                replies.lock().unwrap().retain(|r: &QuickReply| r.id != *id);
                Response::Done
            }
            Request::Macro { act } => {
                let mut list = macros.lock().unwrap();
                match act {
                    MacroRequest::List => return (Ok(Response::Macros(list.clone())), updates),
                    MacroRequest::Save { saved } => {
                        list.retain(|m| m.id != saved.id);
                        list.push(saved.clone());
                    }
                    MacroRequest::Delete { id } => list.retain(|m| m.id != *id),
                    MacroRequest::Use { .. } => {}
                }
                Response::Done
            }
            Request::Doctor => Response::Checks(vec![Check {
                name: "provider.token".into(),
                account: Some(AccountId::new("support")),
                verdict: Verdict::Fail,
                seen: "190 expired".into(),
                fix: "make a new token".into(),
            }]),
            Request::Backup { file } => {
                std::fs::write(file, "copy").unwrap();
                Response::Done
            }
            _ => Response::Done,
        };
        (Ok(response), updates)
    })
}

#[tokio::test]
async fn a_reading_command_hosts_an_engine_that_neither_listens_nor_sends() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["threads", "--unread", "--limit", "1"]).await;
    assert_eq!((e.exit, e.err.as_str()), (Exit::Done, "more: --before 1763716320000.42\n"));
    assert_eq!(
        e.out,
        "THREAD                            ACCOUNT  WHO                               LAST              UNREAD  WINDOW  STATE  MESSAGE\n\
         07070707070707070707070707070707  support  Marta[2J Souza +55 11 98888-1234  2025-11-21 09:12       3  closed  read   › Cadê o meu pedido?\n"
    );
    let settings = launcher.seen.engines.lock().unwrap()[0].clone();
    assert!(!settings.serve_listener && !settings.background);
    assert_eq!(launcher.seen.stopped.load(Ordering::SeqCst), 1, "the engine was stopped");
    let asked = launcher.seen.requests.lock().unwrap();
    assert!(
        matches!(&asked[..], [Request::Threads { filter: ThreadFilter::Unread, limit: 1, .. }]),
        "{asked:?}"
    );
    assert!(!place.data().join("engine.sock").exists());
}

#[tokio::test]
async fn the_same_command_prints_the_same_through_a_running_engine() {
    let place = Place::new();
    let launcher = engine(&[]);
    let alone = place.run(&launcher, &["accounts"]).await;
    assert_eq!(
        alone.out,
        "ID       NAME          NUMBER           PROVIDER  ENVIRONMENT  STATE      UNREAD  THREADS  LAST WEBHOOK\n\
         support  Acme Support  +1 555 010-2030  meta      production   connected       3        2  2025-11-21 09:12\n"
    );
    let uid = own_uid();
    let dir = DataDir::open(&place.data(), uid).unwrap();
    let lock = dir.lock(0).unwrap().expect("free");
    let socket = dir.socket_path(None).unwrap();
    let settings = launcher.seen.engines.lock().unwrap()[0].clone();
    let running = launcher.engine(settings, Clock::system()).await.unwrap();
    let connect: Connect = std::sync::Arc::new(move |client| running.connect(client));
    let server = Server::start(lock.bind(&Door::own(socket.clone())).await.unwrap(), Some(&socket), connect);
    let started = launcher.seen.engines.lock().unwrap().len();
    let attached = place.run(&launcher, &["accounts"]).await;
    assert_eq!((attached.exit, &attached.out), (Exit::Done, &alone.out));
    let json = place.run(&launcher, &["accounts", "--json"]).await;
    let v: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(v[0]["spec"]["id"], "support");
    let e = place.run(&launcher, &["serve"]).await;
    assert_eq!(e.exit, Exit::Engine);
    assert!(e.err.contains("runs already"), "{}", e.err);
    assert_eq!(launcher.seen.engines.lock().unwrap().len(), started, "no second engine was started");
    server.stop().await;
}

#[tokio::test]
async fn lists_have_one_json_document_and_fit_the_terminal() {
    let mut place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["threads", "--json"]).await;
    let page: Page<ThreadRow> = serde_json::from_str(&e.out).unwrap();
    assert_eq!((page.items[0].title.as_str(), e.out.lines().count()), ("Marta\u{1b}[2J Souza", 1));
    assert!(!e.out.contains('\u{1b}'), "JSON escapes control characters");
    let e = place.run(&launcher, &["messages", "Marta", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!(v["items"][0]["error"]["code"], 131_047);
    assert_eq!(v["thread"]["contact"]["name"], "Marta Souza");
    place.width = Some(60);
    let e = place.run(&launcher, &["messages", "Marta"]).await;
    assert!(e.out.lines().all(|l| switchboard::text::width(l) <= 60), "{}", e.out);
    assert!(e.err.contains("older: --before 1763716320000.1"), "{}", e.err);
    // Below the table, once for each reason: code and text, meaning, next step.
    let three = "\n131047 Re-engagement message\n  this means: more than 24 hours have passed\n  do next: send a template\n";
    assert!(e.out.ends_with(three), "{}", e.out);
}

#[tokio::test]
async fn what_is_not_there_is_three() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["messages", "Nobody"]).await;
    assert_eq!((e.exit, e.out.as_str()), (Exit::NotFound, ""));
    assert_eq!(e.err, "error: nobody is called Nobody\n");
    let e = place.run(&launcher, &["threads", "--account", "elsewhere", "--json"]).await;
    assert_eq!(e.exit, Exit::NotFound);
    let v: Value = serde_json::from_str(&e.err).unwrap();
    assert_eq!(v["error"]["next"], "known accounts: support");
    let e = place.run(&launcher, &["send", "Nobody", "--text", "hi"]).await;
    assert_eq!(e.exit, Exit::NotFound);
}

#[tokio::test]
async fn a_send_waits_for_the_state_that_was_asked_for() {
    use DeliveryState as D;
    let place = Place::new();
    let launcher = engine(&[D::Queued, D::Sending, D::Accepted, D::Sent, D::Delivered]);
    let e = place.run(&launcher, &["send", "Marta", "--text", "Olá", "--wait", "delivered"]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    assert!(e.out.contains("delivered") && e.out.contains(&MESSAGE.to_string()), "{}", e.out);
    assert!(launcher.seen.engines.lock().unwrap()[0].background, "the outbox runs");
    let asked = launcher.seen.requests.lock().unwrap();
    assert!(asked.contains(&Request::Send {
        account: None,
        to: Recipient::Thread { thread: THREAD },
        content: Outgoing::text("Olá"),
        quote: None,
        at: Some(0),
    }));
}

#[tokio::test]
async fn a_send_by_itself_never_ends_before_the_provider_answered() {
    use DeliveryState as D;
    let place = Place::new();
    let launcher = engine(&[D::Queued, D::Sending, D::Accepted]);
    let e = place.run(&launcher, &["send", "Marta", "--text", "Olá", "--wait", "queued"]).await;
    assert!(e.out.contains("accepted"), "{}", e.out);
}

#[tokio::test]
async fn a_failed_send_is_four_with_code_meaning_and_next() {
    let place = Place::new();
    let launcher = engine(&[DeliveryState::Queued, DeliveryState::Failed]);
    let e = place.run(&launcher, &["send", "Marta", "--text", "Olá"]).await;
    assert_eq!(e.exit, Exit::Refused);
    assert_eq!(
        e.err,
        "error: 131047 Re-engagement message\n  this means: more than 24 hours have passed\n  do next: send a template\n"
    );
}

#[tokio::test]
async fn a_send_that_takes_too_long_says_where_the_message_is() {
    let place = Place::new();
    let launcher = engine(&[DeliveryState::Sending]);
    let e = place.run(&launcher, &["send", "Marta", "--text", "Olá", "--timeout", "50ms"]).await;
    assert_eq!(e.exit, Exit::Failed);
    assert!(e.err.contains("is sending after 0.05 s"), "{}", e.err);
}

#[tokio::test]
async fn bad_content_is_refused_before_any_engine_is_asked() {
    let place = Place::new();
    let launcher = engine(&[]);
    let file = place.dir.path().join("content.json");
    std::fs::write(&file, r#"{"type":"location","latitude":95.0,"longitude":0.0}"#).unwrap();
    let long = "x".repeat(4097);
    for (arguments, field) in [
        (vec!["--text", " "], "text: is empty"),
        (vec!["--text", long.as_str()], "text: has 4097 characters, 4096 are allowed"),
        (vec!["--json-content", file.to_str().unwrap()], "latitude: must lie between -90 and 90"),
        (vec!["--json-content", "/nowhere.json"], "json-content: /nowhere.json cannot be read"),
    ] {
        let mut line = vec!["send", "Marta"];
        line.extend(&arguments);
        let e = place.run(&launcher, &line).await;
        assert_eq!(e.exit, Exit::Usage, "{}", e.err);
        assert!(e.err.contains(field), "{}", e.err);
    }
    assert!(launcher.seen.engines.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_template_goes_to_a_new_number_as_it_was_written() {
    let place = Place::new();
    let launcher = engine(&[DeliveryState::Accepted]);
    let line =
        ["send", "+44 7700 900123", "--template", "order", "--language", "en_GB", "--value", "body.1=Ana"];
    let e = place.run(&launcher, &line).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let asked = launcher.seen.requests.lock().unwrap();
    assert!(
        asked
            .iter()
            .any(|r| matches!(r, Request::SendTemplate { to: Recipient::Identity { identity }, values, .. }
        if *identity == Identity::phone("447700900123") && values["body.1"] == "Ana")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_number_without_its_country_code_gets_the_prefix_of_the_account_and_is_shown() {
    let place = Place::new();
    let inner = engine(&[DeliveryState::Accepted]);
    let script = std::sync::Arc::clone(&inner.script);
    let launcher = Scripted::new(move |request| match request {
        Request::Accounts => {
            let mut account = account();
            account.life.options.prefix = "351".into();
            (Ok(Response::Accounts(vec![account])), Vec::new())
        }
        other => script(other),
    });
    let template = ["--template", "order", "--language", "en_GB"];
    let line = |to: &'static str| [&["send", to][..], &template].concat();
    let e = place.run(&launcher, &line("0912 345 678")).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    assert!(e.err.contains("to +351 912 34-5678 (+351 is the prefix of support)"), "{}", e.err);
    // With it, it stays as it was typed; what is no number is told so; a name is not known.
    let e = place.run(&launcher, &line("0044 7700 900123")).await;
    assert_eq!((e.exit, &*e.err), (Exit::Done, ""));
    let e = place.run(&launcher, &line("12345")).await;
    assert_eq!(e.exit, Exit::Usage, "{}", e.err);
    assert!(e.err.contains("`12345` is no number of the account's country"), "{}", e.err);
    let e = place.run(&launcher, &line("Nobody")).await;
    assert_eq!(e.exit, Exit::NotFound, "{}", e.err);
    let asked = launcher.seen.requests.lock().unwrap();
    let to: Vec<&str> = asked
        .iter()
        .filter_map(|r| match r {
            Request::SendTemplate { to: Recipient::Identity { identity }, .. } => {
                Some(identity.value.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(to, ["351912345678", "447700900123"]);
}

#[tokio::test]
async fn quick_replies_are_added_changed_and_deleted() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["quick-replies", "add", "/hours", "We are open 9 to 18."]).await;
    assert_eq!(
        e.out,
        "SHORTCUT  USED  WHOSE  CATEGORY  TEXT\n/hours       0  all              We are open 9 to 18.\n",
        "{}",
        e.err
    );
    assert_eq!(place.run(&launcher, &["quick-replies", "add", "hours", "x"]).await.exit, Exit::Usage);
    assert_eq!(place.run(&launcher, &["quick-replies", "add", "our hours", "x"]).await.exit, Exit::Usage);
    let e = place
        .run(&launcher, &["quick-replies", "edit", "hours", "--text", "Closed.", "--rename", "shut"])
        .await;
    assert!(e.out.contains("/shut") && e.out.contains("Closed."), "{}", e.out);
    assert_eq!(
        place.run(&launcher, &["quick-replies", "edit", "hours", "--text", "x"]).await.exit,
        Exit::NotFound
    );
    let e = place.run(&launcher, &["quick-replies", "delete", "shut", "--json"]).await;
    assert_eq!(e.out, "[]\n");
    let ids: Vec<QuickReplyId> = launcher
        .seen
        .requests
        .lock()
        .unwrap()
        .iter()
        .filter_map(|r| match r {
            Request::SaveQuickReply { reply } => Some(reply.id),
            _ => None,
        })
        .collect();
    assert_eq!(ids[0], ids[1], "an edit keeps the id");
}

#[tokio::test]
async fn replies_and_macros_go_out_to_a_file_and_come_back() {
    let place = Place::new();
    let launcher = engine(&[]);
    let run = async |args: &[&str]| place.run(&launcher, args).await;
    let add = ["quick-replies", "add", "hours", "9 to 18,\n{{ contact.first_name }}", "--category", "shop"];
    assert_eq!(run(&add).await.exit, Exit::Done);
    assert_eq!(run(&["quick-replies", "add", "hours", "mine", "--private"]).await.exit, Exit::Done);
    let e = run(&["macros", "add", "close", "reply hours", "mark read", "open next", "--about", "bye"]).await;
    assert!(e.out.contains("reply hours · mark read · open next"), "{} {}", e.out, e.err);
    let e = run(&["macros", "add", "bad", "dance"]).await;
    assert!(e.exit == Exit::Usage && e.err.contains("steps.1"), "{}", e.err);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (what, file) in [("quick-replies", path("r.toml")), ("macros", path("m.toml"))] {
        let e = run(&[what, "export", &file]).await;
        assert_eq!(e.exit, Exit::Done, "{}", e.err);
        assert_eq!(run(&[what, "export", &file]).await.exit, Exit::Usage, "an export goes to a new file");
        assert_eq!(run(&[what, "export"]).await.out, std::fs::read_to_string(&file).unwrap());
        // The same again changes nothing; elsewhere all of it is new.
        let e = run(&[what, "import", &file, "--json"]).await;
        assert!(e.out.contains("\"added\":[],\"changed\":[],\"kept\":[]"), "{}", e.out);
        let other = engine(&[]);
        let e = place.run(&other, &[what, "import", &file, "--dry-run"]).await;
        assert!(e.out.contains("added") && e.err.contains("nothing was saved"), "{} {}", e.out, e.err);
        let saves = |r: &Request| {
            matches!(r, Request::SaveQuickReply { .. } | Request::Macro { act: MacroRequest::Save { .. } })
        };
        assert!(!other.seen.requests.lock().unwrap().iter().any(saves));
        assert_eq!(place.run(&other, &[what, "import", &file]).await.exit, Exit::Done);
        let (there, here) =
            (place.run(&other, &[what, "export"]).await.out, run(&[what, "export"]).await.out);
        assert_eq!(there, here);
    }
    // What says something else stays, or is replaced and keeps its id.
    std::fs::write(path("new.toml"), "[[replies]]\nshortcut = \"hours\"\ntext = \"closed\"\n").unwrap();
    let e = run(&["quick-replies", "import", &path("new.toml")]).await;
    assert!(e.out.contains("kept") && e.err.contains("--replace"), "{} {}", e.out, e.err);
    assert!(run(&["quick-replies", "import", &path("new.toml"), "--replace"]).await.out.contains("changed"));
    let e = run(&["quick-replies", "--json"]).await;
    assert!(e.out.contains("closed") && e.out.contains("mine"), "{}", e.out);
    // With a mistake nothing is saved, and its line is named.
    let wrong =
        "[[replies]]\nshortcut = \"a\"\ntext = \"ok\"\n[[replies]]\nshortcut = \"b c\"\ntext = \"x\"\n";
    std::fs::write(path("wrong.toml"), wrong).unwrap();
    let e = run(&["quick-replies", "import", &path("wrong.toml")]).await;
    assert!(e.exit == Exit::Usage && e.err.contains("wrong.toml:4:"), "{}", e.err);
    assert!(!run(&["quick-replies"]).await.out.contains("/a "));
    assert_eq!(run(&["macros", "delete", "close"]).await.exit, Exit::Done);
    assert_eq!(run(&["macros", "delete", "close"]).await.exit, Exit::NotFound);
}

#[tokio::test]
async fn a_note_is_added_and_what_is_none_is_refused_before_any_engine_is_asked() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["notes", "add", "Marta", "call her on Friday"]).await;
    assert_eq!((e.exit, e.out.as_str()), (Exit::Done, "noted at Marta[2J Souza\n"), "{}", e.err);
    let e = place.run(&launcher, &["notes", "add", "Marta", "-1 day", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!(v["note"], MESSAGE.to_string());
    assert!(
        launcher
            .seen
            .requests
            .lock()
            .unwrap()
            .iter()
            .any(|r| matches!(r, Request::AddNote { thread, text } if *thread == THREAD && text == "-1 day"))
    );
    let id = MESSAGE.to_string();
    let e = place.run(&launcher, &["notes", "edit", &id, "call her on Monday"]).await;
    assert_eq!((e.exit, e.out.as_str()), (Exit::Done, "the note is changed\n"), "{}", e.err);
    let e = place.run(&launcher, &["notes", "delete", &id, "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&e.out).unwrap()["note"], id);
    {
        let asked = launcher.seen.requests.lock().unwrap();
        let text = "call her on Monday".to_owned();
        assert!(asked.contains(&Request::Note { act: NoteRequest::Edit { note: MESSAGE, text } }));
        assert!(asked.contains(&Request::Note { act: NoteRequest::Delete { note: MESSAGE } }));
    }
    let asked = launcher.seen.requests.lock().unwrap().len();
    for bad in [" ", ""] {
        let e = place.run(&launcher, &["notes", "add", "Marta", bad]).await;
        assert_eq!(e.exit, Exit::Usage, "{}", e.err);
        let e = place.run(&launcher, &["notes", "edit", &id, bad]).await;
        assert_eq!(e.exit, Exit::Usage, "{}", e.err);
    }
    assert_eq!(launcher.seen.requests.lock().unwrap().len(), asked);
    assert_eq!(place.run(&launcher, &["notes", "add", "Nobody", "x"]).await.exit, Exit::NotFound);
}

#[tokio::test]
async fn the_doctor_ends_with_six_when_a_step_fails() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["doctor"]).await;
    assert_eq!(e.exit, Exit::Doctor);
    assert!(
        e.out.contains("FAIL  provider.token (support): 190 expired\n      do: make a new token\n"),
        "{}",
        e.out
    );
    assert!(e.out.contains("pass  engine: none was running"), "{}", e.out);
    let refusing = Scripted { refuse: Some(Problem::new("newer", "the database is newer")), ..engine(&[]) };
    let e = place.run(&refusing, &["doctor"]).await;
    assert!(e.out.contains("FAIL  engine: the database is newer"), "{}", e.out);
    let e = place.run(&refusing, &["accounts"]).await;
    assert_eq!(e.exit, Exit::Engine);
}

#[tokio::test]
async fn a_backup_names_a_new_file_absolutely() {
    let place = Place::new();
    let launcher = engine(&[]);
    let file = place.dir.path().join("copy.db");
    let e = place.run(&launcher, &["backup", file.to_str().unwrap(), "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((v["file"].as_str(), v["bytes"].as_u64()), (file.to_str(), Some(4)));
    let e = place.run(&launcher, &["backup", file.to_str().unwrap()]).await;
    assert_eq!(e.exit, Exit::Usage);
    assert!(e.err.contains("exists already"), "{}", e.err);
}

#[tokio::test]
async fn a_locked_folder_is_five_and_names_the_holder() {
    let place = Place::new();
    let dir = DataDir::open(&place.data(), own_uid()).unwrap();
    let _lock = dir.lock(AT).unwrap().expect("free");
    let data = place.data();
    let e = place
        .run(&engine(&[]), &["bench", "seed", "--messages", "10", "--data", data.to_str().unwrap()])
        .await;
    assert_eq!(e.exit, Exit::Engine);
    assert!(
        e.err.contains(&format!(
            "process {} of {} since 2025-11-21T",
            std::process::id(),
            name_of(own_uid())
        )),
        "{}",
        e.err
    );
}

#[tokio::test]
async fn the_demo_is_the_product_with_the_emulators_accounts() {
    let place = Place::new();
    let launcher = engine(&[]);
    let e = place.run(&launcher, &["demo", "--speed", "4"]).await;
    assert_eq!(e.exit, Exit::Done, "{}", e.err);
    let plan = launcher.seen.emulators.lock().unwrap()[0].clone();
    assert!(plan.bind.ip().is_loopback() && plan.bind.port() == 0 && plan.play);
    assert_eq!(plan.state, Some(place.data().join("emulator.json")));
    let settings = launcher.seen.engines.lock().unwrap()[0].clone();
    let ids: Vec<&str> = settings.accounts.iter().map(|a| a.spec.id.as_str()).collect();
    assert_eq!(ids, ["support", "sales", "lojas-br"]);
    assert!(settings.accounts.iter().all(|a| a.subscribe && a.api_base == "http://127.0.0.1:9"));
    assert!(settings.serve_listener && settings.background);
    assert_eq!(launcher.seen.stopped.load(Ordering::SeqCst), 2, "engine and emulator were stopped");
    assert_eq!(*launcher.seen.operator_on_screen.lock().unwrap(), [name_of(own_uid())]);

    std::fs::write(place.data().join("store.db"), "old").unwrap();
    assert_eq!(place.run(&launcher, &["demo"]).await.exit, Exit::Done);
    assert!(place.data().join("store.db").exists(), "a demo goes on where it was");
    assert_eq!(place.run(&launcher, &["demo", "--fresh"]).await.exit, Exit::Done);
    assert!(!place.data().join("store.db").exists());
}

#[tokio::test]
async fn the_demo_touches_no_folder_of_somebody_else() {
    let place = Place::new();
    DataDir::open(&place.data(), own_uid()).unwrap();
    let precious = place.data().join("store.db");
    std::fs::write(&precious, "real customers").unwrap();
    for line in [&["demo"][..], &["demo", "--fresh"]] {
        let e = place.run(&engine(&[]), line).await;
        assert_eq!(e.exit, Exit::Usage, "{}", e.err);
    }
    assert!(precious.exists());
    let e = place.run(&engine(&[]), &["bench", "seed", "--messages", "10"]).await;
    assert_eq!(e.exit, Exit::Usage, "{}", e.err);
}
