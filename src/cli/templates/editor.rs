//! The operator's editor for a template: a file of its own, with what is wrong with it as remarks on its top.

use super::super::failure::Failure;
use super::files::{self, Told};
use crate::config::Env;
use crate::model::template::definition::Definition;
use crate::model::template::files::{FileFormat, ReadFile};
use crate::protocol::Problem;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How remarks of ours begin: such lines are taken out again.
const REMARK: &str = "#! ";

/// What somebody sees who begins with nothing.
pub(super) const EMPTY: &str = r#"# A template. Leave out what it does not have; an empty file gives up.
name = ""
language = "en"
category = "UTILITY"
format = "named"

[header]
format = "text"
text = ""

[body]
text = """
Hello {{first_name}}, """

[body.examples]
first_name = "Ana"

[footer]
text = ""

# [[buttons]]
# kind = "quick_reply"
# text = "Thanks"
"#;

struct Sheet {
    dir: PathBuf,
    file: PathBuf,
    kept: bool,
}

impl Sheet {
    fn new(format: FileFormat) -> io::Result<Self> {
        let dir = std::env::temp_dir().join(format!("switchboard-{}", uuid::Uuid::new_v4().simple()));
        // Not recursive: a folder that is there already is somebody else's.
        DirBuilder::new().mode(0o700).create(&dir)?;
        Ok(Self { file: dir.join(format!("template.{}", format.ending())), dir, kept: false })
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.file)?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn program(env: &Env) -> String {
    let set = |name: &str| env.get(name).filter(|v| !v.trim().is_empty()).map(str::to_owned);
    set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".into())
}

fn failed(why: impl std::fmt::Display) -> Failure {
    Failure::new(
        Problem::new("io", format!("the editor: {why}")).next("set $VISUAL or $EDITOR to one that runs here"),
    )
}

/// Runs the editor on the terminal until it ends.
async fn open(program: String, file: &Path) -> Result<(), Failure> {
    let file = file.to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        // It is a line for the shell, as everywhere: `code --wait` is one.
        Command::new("/bin/sh").arg("-c").arg(format!("{program} \"$1\"")).arg("sh").arg(file).status()
    });
    let status = ended.await.map_err(failed)?.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(failed(format!("it ended with {status}"))) }
}

fn without_remarks(text: &str) -> String {
    text.split_inclusive('\n').filter(|l| !l.starts_with(REMARK)).collect()
}

fn with_remarks(text: &str, told: &[Told]) -> String {
    let mut out = String::new();
    for t in told {
        out.push_str(REMARK);
        out.push_str(&t.short(told.len()).replace('\n', " "));
        out.push('\n');
    }
    out.push_str(REMARK);
    out.push_str("Correct it and save; save it as it is, or empty, to give up.\n");
    out.push_str(text);
    out
}

/// Lets somebody write until every rule is kept, or until they give up.
pub(super) async fn write(
    env: &Env,
    text: String,
    format: FileFormat,
    check: impl Fn(&Definition, &ReadFile) -> Vec<Told>,
) -> Result<Definition, Failure> {
    let mut sheet = Sheet::new(format).map_err(failed)?;
    let mut shown = text;
    let mut before: Option<String> = None;
    loop {
        sheet.write(&shown).map_err(failed)?;
        open(program(env), &sheet.file).await?;
        let text = without_remarks(&files::text_of(&sheet.file)?);
        if text.trim().is_empty() {
            return Err(Failure::new(Problem::new("given_up", "nothing was handed in: the file is empty")));
        }
        let told = match files::parse(&text, format) {
            Ok(read) => {
                let told = check(&read.definition, &read);
                if !told.iter().any(Told::is_error) {
                    return Ok(read.definition);
                }
                told.into_iter().filter(Told::is_error).collect()
            }
            Err(told) => told,
        };
        if before.as_ref() == Some(&text) {
            sheet.write(&text).map_err(failed)?;
            sheet.kept = true;
            let what = told.first().map_or_else(String::new, |t| t.short(1));
            return Err(Failure::new(
                Problem::new("given_up", format!("nothing was handed in: {what}"))
                    .next(format!("the text is kept in {}", sheet.file.display())),
            ));
        }
        // JSON has no remarks: there the lines stand before it, and are taken out as in TOML.
        shown = with_remarks(&text, &told);
        before = Some(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_come_and_go() {
        let told = vec![Told::file("x", None, "name", "is missing")];
        let text = "# mine\nname = \"\"\n";
        let shown = with_remarks(text, &told);
        assert!(shown.starts_with("#! name: is missing\n"), "{shown}");
        assert_eq!(without_remarks(&shown), text);
    }

    #[test]
    fn what_one_begins_with_is_a_file() {
        assert!(files::parse(EMPTY, FileFormat::Toml).is_ok());
    }
}
