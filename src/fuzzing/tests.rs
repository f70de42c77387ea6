//! What the fuzzer was given and what it found, in every run of the tests.

use super::*;
use std::path::Path;

fn replay(folder: &str, name: &str, target: fn(&[u8])) -> usize {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(name);
    let Ok(entries) = std::fs::read_dir(&dir) else { return 0 };
    let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let data = std::fs::read(file).unwrap();
        let result = std::panic::catch_unwind(|| target(&data));
        assert!(result.is_ok(), "{}", file.display());
    }
    files.len()
}

#[test]
fn seeds_and_findings_pass() {
    for (name, target) in TARGETS {
        assert!(replay("seeds", name, *target) > 0, "{name} has no seeds");
        replay("findings", name, *target);
    }
}

#[test]
fn recorded_bodies_pass() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/meta");
    for entry in std::fs::read_dir(dir).unwrap() {
        let data = std::fs::read(entry.unwrap().path()).unwrap();
        webhook_body(&data);
    }
}

/// Every target has its program, its seeds and its place in the list, and nothing else has.
#[test]
fn every_target_has_a_program_and_seeds() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |dir: &str| -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(fuzz.join(dir))
            .unwrap()
            .map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let all: Vec<&str> = TARGETS.iter().map(|(n, _)| *n).collect();
    assert_eq!(names("targets"), all);
    assert_eq!(names("seeds"), all);
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in all {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
    }
}
