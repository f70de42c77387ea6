//! Clients of other users: what the kernel and the engine let them do.

use super::house::{House, Other};
use crate::common::{Bed, eventually};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use switchboard::daemon::{Connect, DataDir, Door, Lock, Server, attach};
use switchboard::model::ClientInfo;
use switchboard::model::access::{OperatorEntry, Principal};
use switchboard::protocol::access::AccessRequest;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Request, Response};
use switchboard::users::{gid_of, name_of, own_uid};

/// Nobody, in a group of nobody.
const STRANGER: Other = Other { uid: 65534, gid: 65534 };
/// The group that may attach: every system has it, and nobody works in it.
const GROUP: &str = "daemon";

/// Only root may start a process of another user.
fn root() -> bool {
    own_uid() == 0 && gid_of(GROUP).is_some()
}

fn team() -> House {
    House::open(&format!("socket = \"run/engine.sock\"\ngroup = \"{GROUP}\""))
}

#[test]
fn the_kernel_lets_the_group_to_the_socket_and_the_engine_says_who_works_here() {
    if !root() {
        return;
    }
    let house = team();
    let engine = house.serve();
    let modes =
        |name: &str| std::fs::metadata(house.path(name)).map(|m| (m.mode() & 0o777, m.gid())).unwrap();
    let gid = gid_of(GROUP).unwrap();
    assert_eq!((modes("run"), modes("run/engine.sock")), ((0o750, gid), (0o660, gid)));
    assert_eq!(modes("data").0, 0o700);
    // Its own user works as ever, through that socket.
    let own = house.run(&["accounts"]);
    assert_eq!(own.code, 0, "{own:?}");
    assert!(!house.path("data/engine.sock").exists());
    // Outside the group the kernel says no.
    let p = house.run_as(STRANGER, &["accounts"]);
    assert_eq!(p.code, 5, "{p:?}");
    assert!(p.err.contains("may not open the engine's socket") && p.err.contains("group"), "{p:?}");
    // Inside the group the engine says no to whom it does not know, by name, and shows nothing.
    let member = Other { gid, ..STRANGER };
    for command in [&["accounts"][..], &["threads", "--json"], &["send", "x", "--text", "hi"], &["doctor"]] {
        let p = house.run_as(member, command);
        let said = format!("{}{}", p.out, p.err);
        assert_ne!(p.code, 0, "{p:?}");
        assert!(said.contains(&name_of(0)) && said.contains("not one of its operators"), "{p:?}");
        assert!(!said.contains("Acme"), "{p:?}");
    }
    // Neither reads what the engine keeps to itself.
    let environment = format!("/proc/{}/environ", engine.0.id());
    for other in [STRANGER, member] {
        for secret in [environment.as_ref(), &*house.path("data"), &*house.path("data/switchboard.db")] {
            let p = House::system_as(other, "/bin/cat", &[secret]);
            assert!(p.code != 0 && p.out.is_empty(), "{}: {p:?}", secret.display());
        }
    }
    let p = House::system_as(STRANGER, "/bin/ls", &[&house.path("run")]);
    assert_ne!(p.code, 0, "{p:?}");
    let log = std::fs::read_to_string(house.path("data/switchboard.log")).unwrap();
    assert!(log.contains("refused a client") && log.contains("65534"), "{log}");
    engine.end();
}

#[test]
fn another_users_client_hosts_nothing_and_trusts_no_strangers_socket() {
    if !root() {
        return;
    }
    let house = team();
    let member = Other { uid: STRANGER.uid, gid: gid_of(GROUP).unwrap() };
    let engine = house.serve();
    engine.end();
    let p = house.run_as(member, &["accounts"]);
    assert_eq!(p.code, 5, "{p:?}");
    assert!(p.err.contains("no engine answers") && p.err.contains("runs as root"), "{p:?}");
    let p = house.run_as(member, &["serve"]);
    assert!(p.code == 5 && p.err.contains("you are somebody else"), "{p:?}");
    // A folder that belongs to somebody who does not run the engine.
    std::fs::remove_dir_all(house.path("run")).unwrap();
    std::fs::create_dir(house.path("run")).unwrap();
    let _trap = UnixListener::bind(house.path("run/engine.sock")).unwrap();
    std::os::unix::fs::chown(house.path("run"), Some(4711), None).unwrap();
    for p in [house.run(&["accounts"]), house.run_as(member, &["accounts"])] {
        assert!(p.code == 5 && p.err.contains("not to be trusted") && p.err.contains("uid-4711"), "{p:?}");
    }
    // One that others may write.
    std::os::unix::fs::chown(house.path("run"), Some(0), None).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(house.path("run"), open).unwrap();
    for p in [house.run(&["accounts"]), house.run(&["serve"])] {
        assert!(p.code == 5 && p.err.contains("can be written by others"), "{p:?}");
    }
}

#[test]
fn a_second_engine_is_told_who_has_the_folder() {
    let house = House::open("");
    let engine = house.serve();
    let p = house.run(&["serve"]);
    assert!(p.code == 5 && p.err.contains("runs already"), "{p:?}");
    // The socket is gone, as by a temp cleaner; the lock still says who and since when.
    std::fs::remove_file(house.path("data/engine.sock")).unwrap();
    let p = house.run(&["serve"]);
    let me = format!("process {} of {} since 2", engine.0.id(), name_of(own_uid()));
    assert!(p.code == 5 && p.err.contains(&me), "{p:?}");
    engine.end();
}

/// An engine of ours that takes everybody for an operator, on the socket of a house.
struct OpenHouse {
    bed: Bed,
    lock: Lock,
    door: Door,
    server: Option<Server>,
}

impl OpenHouse {
    async fn new(house: &House) -> Self {
        let bed = Bed::new(0.0, 1).await;
        let data = DataDir::open(&house.path("data"), own_uid()).unwrap();
        let lock = data.lock(0).unwrap().expect("free");
        let group = Some((GROUP.to_owned(), gid_of(GROUP).unwrap()));
        let door = Door { path: house.path("run/engine.sock"), group };
        let mut this = Self { bed, lock, door, server: None };
        this.open().await;
        this
    }

    async fn open(&mut self) {
        let engine = self.bed.engine.clone();
        let connect: Connect =
            Arc::new(move |client| engine.connect(&ClientInfo::inside(client.user.clone())));
        let listener = self.lock.bind(&self.door).await.unwrap();
        self.server = Some(Server::start(listener, Some(&self.door.path), connect));
    }

    async fn close(&mut self) {
        self.server.take().unwrap().stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_users_terminal_waits_for_the_engine_and_never_becomes_it() {
    if !root() || std::process::Command::new("setpriv").arg("--version").output().is_err() {
        return;
    }
    let house = House::open(&format!("socket = \"run/engine.sock\"\ngroup = \"{GROUP}\"\nuser = \"root\""));
    let mut open = OpenHouse::new(&house).await;
    open.bed.control("say", serde_json::json!({"customer": "marta", "text": "Cadê?"})).await;
    let member = Other { uid: STRANGER.uid, gid: gid_of(GROUP).unwrap() };
    // A command needs neither the data folder nor a secret.
    eventually("the thread", || async {
        let p = house.run_as(member, &["messages", "Marta Souza"]);
        p.out.contains("Cadê?").then_some(())
    })
    .await;
    let mut t = house.terminal_as(member);
    t.see("Marta Souza");
    t.press("\r");
    t.see("Cadê?");
    t.press("r");
    t.see("Enter send");
    t.press("meio caminho");
    t.see("meio caminho");
    open.close().await;
    t.see("it runs as root: waiting for it to come back");
    // As long as it takes: nothing is hosted, nothing is made.
    assert!(!house.path("run/engine.sock").exists());
    t.press("xx\r");
    open.open().await;
    t.wait("the draft", |s| s.contains("meio caminho") && s.contains("Enter send") && !s.contains("xx"));
    // Away again, and this time the operator has enough.
    open.close().await;
    t.see("waiting for it to come back");
    t.press("\u{3}");
    assert_eq!(t.exit(), 0);
    open.bed.stop().await;
}

#[test]
fn who_only_knows_the_socket_attaches_to_it_and_makes_nothing() {
    if !root() {
        return;
    }
    let house = team();
    let engine = house.serve();
    let member = Other { uid: STRANGER.uid, gid: gid_of(GROUP).unwrap() };
    let socket = house.path("run/engine.sock");
    // Without any configuration, with a home that cannot hold data.
    let p = house.bare_as(member, &[("SWITCHBOARD_SOCKET", &socket)], &["accounts"]);
    assert!(p.code == 5 && p.err.contains("not one of its operators"), "{p:?}");
    engine.end();
    let p = house.bare_as(member, &[("SWITCHBOARD_SOCKET", &socket)], &["accounts"]);
    assert!(p.code == 5 && p.err.contains("no engine answers"), "{p:?}");
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_of_another_user_works_as_far_as_the_role_goes() {
    if !root() {
        return;
    }
    let house = Arc::new(team());
    let engine = house.serve();
    // The house's own calls block, and some bring a runtime of their own.
    let there = Arc::clone(&house);
    let say = move || {
        there.connected();
        there.say("marta", "Cadê?");
    };
    tokio::task::spawn_blocking(say).await.unwrap();
    let admin = attach(&house.path("run/engine.sock"), &ClientInfo::default()).await.unwrap();
    let mut admin = Client::new(admin);
    let entry = |user: &str, role: &str| OperatorEntry {
        who: Principal::User(user.to_owned()),
        role: role.to_owned(),
        teams: BTreeSet::new(),
        active: true,
    };
    let nobody = name_of(STRANGER.uid);
    for entry in [entry(&name_of(own_uid()), "admin"), entry(&nobody, "viewer")] {
        let act = AccessRequest::SaveOperator { entry };
        assert_eq!(admin.ask(Request::Access { act }).await, Ok(Response::Done));
    }
    let member = Other { uid: STRANGER.uid, gid: gid_of(GROUP).unwrap() };
    eventually("the thread", || async {
        let p = house.run_as(member, &["messages", "Marta Souza"]);
        p.out.contains("Cadê?").then_some(())
    })
    .await;
    for change in [&["send", "Marta Souza", "--text", "Oi"][..], &["notes", "add", "Marta Souza", "x"]] {
        let p = house.run_as(member, change);
        assert!(p.code != 0 && p.err.contains("viewer"), "{p:?}");
    }
    // Outside the group the kernel still says no, operator or not.
    let p = house.run_as(STRANGER, &["accounts"]);
    assert!(p.code == 5 && p.err.contains("may not open"), "{p:?}");
    let act = AccessRequest::DeleteOperator { who: Principal::User(nobody) };
    assert_eq!(admin.ask(Request::Access { act }).await, Ok(Response::Done));
    let p = house.run_as(member, &["messages", "Marta Souza"]);
    assert!(p.code == 5 && p.err.contains("not one of its operators"), "{p:?}");
    drop(admin);
    engine.end();
}
