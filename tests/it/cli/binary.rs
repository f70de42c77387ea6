//! The real program in an empty environment.

use clap::CommandFactory;
use std::path::Path;
use std::process::{Command, Output};
use switchboard::cli::args::Cli;

fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("TZ", "UTC")
        .current_dir(home)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn help(command: &mut clap::Command, path: &str, out: &mut String) {
    out.push_str(&format!("===== {path}\n{}\n", command.render_long_help()));
    for sub in command.get_subcommands_mut() {
        if sub.get_name() != "help" && !sub.is_hide_set() {
            let path = format!("{path} {}", sub.get_name());
            help(sub, &path, out);
        }
    }
}

#[test]
fn the_whole_help_is_as_reviewed() {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut out = String::new();
    help(&mut command, "switchboard", &mut out);
    let out: Vec<&str> = out.lines().map(str::trim_end).collect();
    let out = out.join("\n");
    insta::assert_snapshot!("help", out);
}

#[test]
fn help_and_version_are_no_failure_and_wrong_usage_is_two() {
    let home = tempfile::tempdir().unwrap();
    let o = run(home.path(), &["--help"]);
    assert_eq!(o.status.code(), Some(0));
    assert!(text(&o.stdout).contains("Exit codes:"), "{}", text(&o.stdout));
    let o = run(home.path(), &["--version"]);
    assert_eq!(text(&o.stdout), format!("switchboard {}\n", env!("CARGO_PKG_VERSION")));
    for wrong in [&["dance"][..], &["threads", "--limit", "0"], &["send", "ana"], &["accounts", "--account"]]
    {
        let o = run(home.path(), wrong);
        assert_eq!(o.status.code(), Some(2), "{wrong:?}: {}", text(&o.stderr));
        assert!(o.stdout.is_empty() && !o.stderr.is_empty());
    }
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "help and mistakes write nothing: {left:?}");
}

#[test]
fn a_broken_configuration_is_two_and_for_the_doctor_six() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    std::fs::write(&file, "undo_second = 3\n").unwrap();
    let c = file.to_str().unwrap();
    let o = run(home.path(), &["--config", c, "accounts"]);
    assert_eq!(o.status.code(), Some(2));
    let e = text(&o.stderr);
    assert!(e.contains(&format!("{c}:1:1: unknown key `undo_second`, did you mean `undo_seconds`?")), "{e}");
    assert!(e.contains("do next: "), "{e}");

    let o = run(home.path(), &["--config", c, "accounts", "--json"]);
    assert_eq!((o.status.code(), o.stdout.len()), (Some(2), 0));
    let v: serde_json::Value = serde_json::from_slice(&o.stderr).unwrap();
    assert_eq!(v["error"]["kind"], "config");

    let o = run(home.path(), &["--config", c, "doctor"]);
    assert_eq!(o.status.code(), Some(6));
    assert!(text(&o.stdout).starts_with("FAIL  config: "), "{}", text(&o.stdout));
    let o = run(home.path(), &["--config", c, "doctor", "--json"]);
    let v: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!((o.status.code(), v[0]["verdict"].as_str()), (Some(6), Some("fail")));
}

#[test]
fn an_unsafe_data_folder_is_five_with_the_fix() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let o = run(home.path(), &["--data", data.to_str().unwrap(), "threads"]);
    assert_eq!(o.status.code(), Some(5));
    assert!(text(&o.stderr).contains("chmod 700"), "{}", text(&o.stderr));
}

#[test]
fn a_secret_that_is_missing_is_two_and_named() {
    let home = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    let o = run(home.path(), &["--config", example.to_str().unwrap(), "--data", "d", "threads"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("SWITCHBOARD_ACCESS_TOKEN is not set"), "{}", text(&o.stderr));
}
