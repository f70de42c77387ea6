//! Writing in the real program: the operator's editor on the terminal, and what survives a line that drops.

use super::{Term, open_marta, size};
use crate::common::private_dir;
use portable_pty::{CommandBuilder, native_pty_system};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// A script that stands in for an editor.
fn script(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The demonstration with an editor.
fn start(editor: &str, data: Arc<tempfile::TempDir>) -> Term {
    let (rows, cols) = (24, 80);
    let pty = native_pty_system().openpty(size(rows, cols)).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_switchboard"));
    command.env_clear();
    for (name, value) in [
        ("TERM", "xterm-256color"),
        ("HOME", data.path().to_str().unwrap()),
        ("TMPDIR", data.path().to_str().unwrap()),
        ("TZ", "UTC"),
        ("EDITOR", editor),
        ("PATH", &std::env::var("PATH").unwrap_or_default()),
    ] {
        command.env(name, value);
    }
    command.args(["demo", "--speed", "20", "--data"]);
    command.arg(data.path().join("demo"));
    let child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    Term::over(pty.master, child, rows, cols, data)
}

/// Opens a thread and waits until its window is open: until then a template is offered.
fn open_for_reply(t: &mut Term) {
    open_marta(t);
    t.wait("an open window", |s| s.contains("window 2"));
}

fn sheets(dir: &Path) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(dir).unwrap().filter_map(Result::ok).map(|e| e.path());
    all.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("switchboard-")).collect()
}

#[test]
fn the_editor_has_the_terminal_and_every_key_until_it_ends() {
    let data = Arc::new(private_dir());
    // It shows the text, reads a line from the terminal, says what it read, and writes the file.
    let editor = script(
        data.path(),
        "pen",
        "echo; echo \"EDITING: $(cat \"$1\")\"; ls -ld \"$(dirname \"$1\")\" \"$1\" > modes; read -r line; \
         printf 'typed <%s>\\nand a control \\033[31m here\\n' \"$line\" > \"$1\"",
    );
    let modes = data.path().join("modes");
    let editor = format!("cd {} && {editor}", data.path().display());
    let mut t = start(&editor, Arc::clone(&data));
    open_for_reply(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("Oi, Marta");
    t.see("Oi, Marta");
    for round in ["one", "two"] {
        t.press("\u{18}\u{5}");
        // The words that this round's editor says first: those of the one before may still be there.
        let first = if round == "one" { "EDITING: Oi, Marta" } else { "EDITING: typed <keys q one>" };
        t.wait("the editor", |s| s.contains(first) && !s.contains("Enter send"));
        assert!(!t.screen.lock().unwrap().0.screen().alternate_screen());
        // Keys are the editor's, all of them: those that would quit or send among them.
        t.press(&format!("keys q {round}\r"));
        t.see(&format!("typed <keys q {round}>"));
        t.wait("the text below it, without what no terminal may see", |s| {
            s.contains("and a control [31m here")
        });
        t.see("Enter send");
    }
    // What comes back is not sent by itself, and no key was left over.
    assert!(!t.text().contains("two>q"), "{}", t.text());
    let modes = std::fs::read_to_string(modes).unwrap();
    let private = modes.lines().all(|l| l.starts_with("drwx------") || l.starts_with("-rw-------"));
    assert!(private && modes.lines().count() == 2, "{modes}");
    assert_eq!(sheets(data.path()), Vec::<std::path::PathBuf>::new(), "the file is gone");
    t.press("\r");
    t.see("not sent yet");
    t.press("\u{1b}");
    t.see("t template");
    t.press("\u{3}");
    assert_eq!(t.exit(), 0);
    t.assert_restored();
}

#[test]
fn keys_work_after_an_editor_in_which_the_terminal_got_another_size() {
    let data = Arc::new(private_dir());
    let editor = script(
        data.path(),
        "pen",
        "echo; echo \"EDITING $(cat \"$1\")\"; read -r line; echo \"$line\" > \"$1\"",
    );
    let mut t = start(&editor, Arc::clone(&data));
    open_for_reply(&mut t);
    t.press("r");
    t.see("Enter send");
    let mut before = "first".to_owned();
    t.press(&before);
    for (rows, columns) in [(30, 100), (36, 120), (24, 80)] {
        t.see(&before);
        t.press("\u{18}\u{5}");
        let there = format!("EDITING {before}");
        t.wait("the editor", |s| s.contains(&there) && !s.contains("Enter send"));
        // Whoever reads the terminal hears of it also while it is lent.
        t.resize(rows, columns);
        before = format!("after {rows} rows");
        t.press(&format!("{before}\r"));
        t.wait("the text", |s| s.contains("Enter send") && s.contains(&before));
    }
    t.press("!");
    t.see("after 24 rows!");
}

#[test]
fn an_editor_that_gives_up_or_is_not_there_changes_nothing() {
    let data = Arc::new(private_dir());
    let editor = script(data.path(), "quits", "echo gone > \"$1\"; exit 1");
    let mut t = start(&editor, Arc::clone(&data));
    open_for_reply(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("as it was");
    t.press("\u{18}\u{5}");
    t.see("the editor gave the text up");
    t.see("as it was");
    std::fs::remove_file(&editor).unwrap();
    t.press("\u{18}\u{5}");
    t.see("was not found");
    t.see("as it was");
    assert_eq!(sheets(data.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_process_that_is_told_to_end_keeps_what_was_saved_in_the_editor() {
    let data = Arc::new(private_dir());
    let editor = script(data.path(), "slow", "echo 'saved half way' > \"$1\"; echo READY; exec sleep 600");
    let mut t = start(&editor, Arc::clone(&data));
    open_for_reply(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("before");
    t.press("\u{18}\u{5}");
    t.see("READY");
    let pid = t.child.process_id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(t.exit(), 0);
    t.assert_restored();
    assert_eq!(sheets(data.path()), Vec::<std::path::PathBuf>::new());
    // The next start comes up where the last one ended: in the text.
    let t = start(&editor, data);
    t.wait("the text from the editor", |s| s.contains("saved half way") && s.contains("Enter send"));
}

#[test]
fn a_line_that_drops_loses_neither_text_nor_place() {
    let data = Arc::new(private_dir());
    let mut t = Term::start(Arc::clone(&data), 24, 80);
    open_marta(&mut t);
    t.press("n");
    t.see("stays here");
    t.press("call her on Fri");
    t.see("call her on Fri");
    t.press("\u{1b}[D\u{1b}[D\u{1b}[D");
    // A key is read in its own time: what is seen has been read.
    t.press("~");
    t.see("call her on ~Fri");
    t.press("\u{7f}");
    t.see("call her on Fri");
    let pid = t.child.process_id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    assert_eq!(t.exit(), 0);
    let mut t = Term::start(data, 24, 80);
    t.wait("the note as it was", |s| s.contains("stays here") && s.contains("call her on Fri"));
    t.press("next ");
    t.see("call her on next Fri");
}

#[test]
fn the_screen_that_takes_over_goes_on_in_the_middle_of_a_word() {
    let mut first = Term::demo(24, 80);
    open_marta(&mut first);
    let mut second = Term::start(first.data.clone(), 24, 80);
    second.see("Marta Souza");
    open_for_reply(&mut second);
    second.press("r");
    second.see("Enter send");
    second.press("in the middle");
    second.see("in the middle");
    second.press("\u{1b}[D\u{1b}[D");
    first.press("\u{3}");
    assert_eq!(first.exit(), 0);
    second.wait("the engine in the second", |s| s.contains("Enter send") && s.contains("in the middle"));
    second.press("XY");
    second.see("in the middXYle");
}
