//! The engine as a service: its units, its socket from the service manager, and a configuration that is read again.

use super::house::{DEADLINE, House};
use crate::common::private_dir;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use switchboard::users::{name_of, own_uid};

fn until(what: &str, found: impl Fn() -> bool) {
    let start = Instant::now();
    while !found() {
        assert!(start.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_units_are_filled_in_and_pass_the_system_s_own_check() {
    let house = House::open("");
    let me = name_of(own_uid());
    let args = ["service", "print", "--user", &me, "--group", "daemon", "--socket", "/run/inbox/engine.sock"];
    let part = |part: &str| {
        let mut all = args.to_vec();
        all.push(part);
        let p = house.run(&all);
        assert_eq!(p.code, 0, "{p:?}");
        assert!(
            !p.out.contains('@')
                || p.out.matches('@').count()
                    == p.out.matches("@system-service").count()
                        + p.out.matches("@privileged @resources").count() * 2,
            "{}",
            p.out
        );
        p.out
    };
    let (service, socket, config) = (part("service"), part("socket"), part("config"));
    assert!(service.contains(&format!("User={me}\n")) && service.contains("Group=daemon\n"), "{service}");
    assert!(service.contains("StateDirectory=switchboard") && service.contains("ExecStart=/"), "{service}");
    assert!(service.contains("RuntimeDirectory=inbox\nRuntimeDirectoryMode=0750"), "{service}");
    assert!(
        socket.contains("ListenStream=/run/inbox/engine.sock\n") && socket.contains("SocketMode=0660"),
        "{socket}"
    );
    assert!(
        config.contains("group = \"daemon\"") && config.contains(&format!("user = \"{me}\"")),
        "{config}"
    );
    let p = house.run(&["service", "print", "--user", "ana\nExecStart=/bin/sh"]);
    assert!(p.code == 2 && p.err.contains("cannot stand in a unit"), "{p:?}");
    let p = house.run(&["--data", "/srv/inbox", "service", "print", "service"]);
    assert!(p.out.contains("ReadWritePaths=/srv/inbox") && !p.out.contains("StateDirectory"), "{p:?}");
    // The system's own check, where there is one.
    let dir = private_dir();
    for (name, text) in [("switchboard.service", &service), ("switchboard.socket", &socket)] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    verify
        .arg("verify")
        .arg("--man=no")
        .current_dir(dir.path())
        .env("SYSTEMD_UNIT_PATH", format!("{}:", dir.path().display()));
    verify.args(["./switchboard.service", "./switchboard.socket"]);
    if let Ok(out) = verify.output() {
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let ours: Vec<&str> = said.lines().filter(|l| l.contains("switchboard.s")).collect();
        assert!(ours.is_empty(), "{said}");
    }
}

#[test]
fn a_configuration_is_read_again_and_what_cannot_change_is_named() {
    let house = House::open("");
    let engine = house.serve();
    let log = || fs::read_to_string(house.path("data/switchboard.log")).unwrap_or_default();
    let text = fs::read_to_string(&house.config).unwrap();
    let new = text
        .replace("# undo_seconds = 5", "undo_seconds = 9")
        .replace("# late_minutes = 5", "late_minutes = 9")
        .replace("id = \"sales\"", "id = \"verkauf\"");
    assert_ne!(new, text);
    fs::write(&house.config, &new).unwrap();
    let p = house.run_secret(&["reload"]);
    assert_eq!(p.code, 0, "{p:?}");
    assert!(p.out.contains(&engine.0.id().to_string()), "{p:?}");
    until("the engine has read it", || log().contains("undo_seconds changed"));
    let words = log();
    let line = words.lines().find(|l| l.contains("waits for a restart")).unwrap_or_default();
    assert!(
        line.contains("late_minutes")
            && line.contains("`verkauf` (new)")
            && line.contains("`sales` (removed)"),
        "{words}"
    );
    // A mistake is said at once, and by the engine too, which goes on as before.
    fs::write(&house.config, new.replace("undo_seconds = 9", "undo_seconds = 900")).unwrap();
    let p = house.run_secret(&["reload"]);
    assert!(p.code == 2 && p.err.contains("undo_seconds"), "{p:?}");
    engine.signal("HUP");
    until("the engine says what is wrong", || log().contains("was not read again"));
    fs::write(&house.config, &text).unwrap();
    assert_eq!(house.run(&["accounts"]).code, 0);
    engine.end();
    let p = house.run_secret(&["reload"]);
    assert!(p.code == 5 && p.err.contains("no service runs"), "{p:?}");
}

#[test]
fn a_socket_of_the_service_manager_is_taken_over_and_left_in_place() {
    let house = House::open("socket = \"run/engine.sock\"");
    let run = house.path("run");
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let socket = run.join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let notify = house.path("notify");
    let told = UnixDatagram::bind(&notify).unwrap();
    told.set_read_timeout(Some(DEADLINE)).unwrap();
    // What a service manager does: the socket as descriptor 3, and the process's own id in its environment.
    let script = "exec 3<&$FD; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
    let fd = rustix_dup(&listener);
    let serve = |binary: &Path| {
        let mut c = Command::new("/bin/bash");
        c.args(["-c", script]).arg(binary).arg("--config").arg(&house.config).arg("serve");
        c.env_clear().env("HOME", house.dir.path()).env("TZ", "UTC").env("FD", fd.as_raw_fd().to_string());
        c.env("NOTIFY_SOCKET", &notify).envs(house.secrets()).stdin(Stdio::null()).stdout(Stdio::null());
        super::house::Running(c.spawn().unwrap())
    };
    let word = || {
        let mut buf = [0u8; 500];
        let n = told.recv(&mut buf).unwrap();
        String::from_utf8_lossy(&buf[..n]).into_owned()
    };
    // A client that comes before the engine waits for it.
    let early = house.spawn(&["accounts", "--json"]);
    let engine = serve(house.binary());
    assert!(word().contains("READY=1"));
    let out = early.wait_with_output().unwrap();
    assert!(out.status.success(), "{out:?}");
    engine.end();
    assert!(word().contains("STOPPING=1"));
    assert!(socket.exists(), "the socket is the system's");
    let engine = serve(house.binary());
    assert!(word().contains("READY=1"));
    assert_eq!(house.run(&["accounts"]).code, 0);
    engine.end();
}

/// A copy of a descriptor that a child inherits.
fn rustix_dup(listener: &UnixListener) -> std::os::fd::OwnedFd {
    // `dup` leaves the copy open over exec, unlike the standard library's.
    rustix::io::dup(listener).unwrap()
}
