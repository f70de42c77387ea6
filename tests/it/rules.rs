//! The direction of dependencies, read from the `crate::` paths in `src`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may name. `clock` and `text` are helpers that know nothing themselves.
const MAY: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("text", &[]),
    ("users", &["model"]),
    ("model", &["clock"]),
    ("store", &["model", "protocol", "clock", "text"]),
    ("provider", &["model", "clock", "text"]),
    ("protocol", &["model", "clock"]),
    ("config", &["model", "clock", "text"]),
    ("engine", &["model", "store", "provider", "protocol", "config", "clock", "text", "users"]),
    ("webhook", &["engine", "model", "provider", "protocol", "config", "clock", "text"]),
    ("daemon", &["engine", "model", "protocol", "config", "clock", "text", "users"]),
    ("export", &["model", "clock", "text"]),
    ("tui", &["protocol", "model", "text", "config", "clock", "export"]),
    (
        "cli",
        &[
            "protocol", "model", "text", "config", "clock", "export", "daemon", "tui", "engine", "webhook",
            "emulator", "users",
        ],
    ),
    ("emulator", &["clock", "text"]),
    // The fuzz targets look at everything that reads a stranger's bytes; nothing knows them.
    ("fuzzing", &["clock", "text", "model", "store", "provider", "protocol", "config", "webhook", "tui"]),
];

/// The command line touches these in one file only.
const BEHIND_HOST: &[&str] = &["tui", "engine", "webhook", "emulator"];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The top-level modules that a file's code names, with the line of each.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("crate::") {
            let joined =
                code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$');
            let rest = &code[at + "crate::".len()..];
            let mut words = Vec::new();
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 0;
                for part in group.split_inclusive(['{', '}', ',']) {
                    if depth == 0 {
                        words.push(part.trim());
                    }
                    match part.chars().next_back() {
                        Some('{') => depth += 1,
                        Some('}') => depth -= 1,
                        _ => {}
                    }
                }
            } else {
                words.push(rest);
            }
            for word in words {
                let name: String = word.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if !joined && !name.is_empty() {
                    out.push((n + 1, name));
                }
            }
        }
    }
    out
}

#[test]
fn dependencies_point_down_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let may: BTreeMap<&str, &[&str]> = MAY.iter().copied().collect();
    let mut all = Vec::new();
    files(&src, &mut all);
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for file in all {
        let relative = file.strip_prefix(&src).unwrap();
        let top = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if matches!(top, "lib" | "main") {
            continue;
        }
        let allowed = may.get(top).unwrap_or_else(|| panic!("module `{top}` has no rule: add it to MAY"));
        let text = fs::read_to_string(&file).unwrap();
        for (line, name) in named(&text) {
            // The part of the screen that is built for the fuzz targets alone knows their tools.
            if relative == Path::new("tui/fuzz.rs") && name == "fuzzing" {
                continue;
            }
            if !may.contains_key(name.as_str()) || name == top {
                continue;
            }
            seen += 1;
            let host = relative == Path::new("cli/host.rs");
            let hidden = top == "cli" && !host && BEHIND_HOST.contains(&name.as_str());
            if !allowed.contains(&name.as_str()) || hidden {
                wrong.insert(format!("src/{}:{line}: `{top}` must not know `{name}`", relative.display()));
            }
        }
    }
    assert!(seen > 50, "the test found only {seen} paths: does it still read `crate::` paths?");
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_source_file_grows_past_the_limit() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let long: Vec<String> = all
        .into_iter()
        .filter_map(|f| {
            let lines = fs::read_to_string(&f).unwrap().lines().count();
            (lines > 800).then(|| format!("{}: {lines} lines", f.display()))
        })
        .collect();
    assert!(long.is_empty(), "split by area: {long:#?}");
}

#[test]
fn paths_are_found_in_every_form() {
    let text = "use crate::model::x;\nlet a = crate::text::width(s); // crate::store\nuse crate::{store, tui::{self, a}};\nuse othercrate::tui;";
    let names: Vec<String> = named(text).into_iter().map(|(_, n)| n).collect();
    assert_eq!(names, ["model", "text", "store", "tui"]);
}
