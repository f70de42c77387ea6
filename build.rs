//! Puts what an attached terminal runs side by side in the program file.
//!
//! The system maps the program in blocks of 64 KiB around whatever is touched. Where the code of the screen lies among that of
//! engine, emulator and shell commands, a terminal has most of the program mapped; side by side it needs a part. The
//! names are in `assets/layout.txt`, made by `benches/layout.py`. A name that is not there any more does nothing, and
//! a program that is linked without this only takes more room. `SWITCHBOARD_LAYOUT=off` leaves it away.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

const NAMES: &str = "assets/layout.txt";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={NAMES}");
    println!("cargo:rerun-if-env-changed=SWITCHBOARD_LAYOUT");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|v| v == value);
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    // Another linker than the usual one was asked for: not each understands this.
    let own_linker = env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|f| f.contains("fuse-ld"));
    if !is("PROFILE", "release") || !linux || own_linker || is("SWITCHBOARD_LAYOUT", "off") {
        return Ok(());
    }
    let mut script = String::from("SECTIONS {\n  .text.screen : {\n");
    for name in fs::read_to_string(NAMES)?.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let _ = writeln!(script, "    *(.text.{name} .text.unlikely.{name})");
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    let file = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("layout.ld");
    fs::write(&file, script)?;
    println!("cargo:rustc-link-arg-bins=-T{}", file.display());
    Ok(())
}
