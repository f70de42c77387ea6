//! The operator's editor: a file of its own for the text.
//!
//! The text of a customer's conversation is private: the file is the operator's alone, in a folder of theirs, and
//! gone when the editor has ended.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::process::{Child, Command};

/// What an editor made of a text: another one, or nothing because it gave up; or why it did not run.
pub(crate) type Edited = Result<Option<String>, String>;

/// Longest file that is read back, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The line that starts the editor. It is a line for the shell, as everywhere: `code --wait` is one.
pub(crate) fn program(env: impl Fn(&str) -> Option<String>) -> String {
    let set = |name: &str| env(name).filter(|v| !v.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".into())
}

/// The same with the name of the file. The shell gives its place to the editor, so that one can be told to end; not
/// where the line is more than a program and its arguments.
fn line(program: &str) -> String {
    let simple = !program.contains(['=', ';', '&', '|', '<', '>', '(', '{', '\n']);
    format!("{}{program} \"$1\"", if simple { "exec " } else { "" })
}

/// The file with the text.
#[derive(Debug)]
struct Sheet {
    dir: PathBuf,
    file: PathBuf,
}

impl Sheet {
    fn new(text: &str, file: &str) -> io::Result<Self> {
        let name = format!("switchboard-{}", uuid::Uuid::new_v4().simple());
        let dir = std::env::temp_dir().join(name);
        // Not recursive: a folder that is there already is somebody else's.
        DirBuilder::new().mode(0o700).create(&dir)?;
        // An editor knows by the name what it is.
        let sheet = Self { file: dir.join(file), dir };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&sheet.file)?;
        file.write_all(text.as_bytes())?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        Ok(sheet)
    }

    fn read(&self) -> Result<String, String> {
        let file = fs::File::open(&self.file).map_err(|e| e.to_string())?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        // What is no text becomes signs that say so; the composer leaves out what no terminal may see.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        // Editors leave files beside it.
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, "the file for the editor was not removed");
        }
    }
}

/// An editor that runs.
pub(crate) struct Running {
    child: Child,
    sheet: Sheet,
}

impl Running {
    /// Starts the editor on the terminal, which has been left in its usual modes and which nobody else reads.
    pub fn start(program: &str, text: &str, file: &str) -> Result<Self, String> {
        let sheet = Sheet::new(text, file).map_err(|e| format!("no file for it: {e}"))?;
        let child = Command::new("sh")
            .arg("-c")
            .arg(line(program))
            .arg("editor")
            .arg(&sheet.file)
            .spawn()
            .map_err(|e| format!("{program}: {e}"))?;
        Ok(Self { child, sheet })
    }

    /// The process, to be told to end.
    pub fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Waits for its end; blocks. What was saved until then counts, unless the editor says that nothing should.
    pub fn wait(mut self, program: &str, told: impl Fn() -> bool) -> Edited {
        let status = self.child.wait().map_err(|e| format!("{program}: {e}"))?;
        match status.code() {
            Some(0) => self.sheet.read().map(Some),
            Some(code @ (126 | 127)) => Err(format!("{program} was not found, or is no program ({code})")),
            // It was we who ended it.
            _ if told() => self.sheet.read().map(Some),
            Some(_) => Ok(None),
            None => Err(format!("{program} was ended by a signal")),
        }
    }
}

/// Tells an editor to end.
pub(crate) fn end(pid: Pid) {
    // It may have ended by itself.
    let _ = kill_process(pid, Signal::TERM);
}

#[cfg(test)]
fn is_private(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode().trailing_zeros() >= 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visual_goes_before_editor_and_nothing_means_vi() {
        let with = |vars: &'static [(&str, &str)]| {
            program(move |n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(with(&[("EDITOR", "nano"), ("VISUAL", "code --wait")]), "code --wait");
        assert_eq!(with(&[("EDITOR", "nano"), ("VISUAL", " ")]), "nano");
        assert_eq!(with(&[]), "vi");
        assert_eq!(line("code --wait"), "exec code --wait \"$1\"");
        assert_eq!(line("LANG=pt_BR vim"), "LANG=pt_BR vim \"$1\"");
    }

    #[test]
    fn the_file_is_the_operators_alone_and_gone_afterwards() {
        let sheet = Sheet::new("Olá", "message.txt").unwrap();
        assert!(is_private(&sheet.dir) && is_private(&sheet.file));
        assert_eq!(sheet.read().unwrap(), "Olá\n");
        fs::write(&sheet.file, b"\xffx").unwrap();
        assert_eq!(sheet.read().unwrap(), "\u{fffd}x");
        let dir = sheet.dir.clone();
        fs::write(dir.join("message.txt~"), "beside").unwrap();
        drop(sheet);
        assert!(!dir.exists());
    }
}
