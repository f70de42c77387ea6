//! Files of templates: read with every mistake named, and checked against the rules without an engine.

use super::super::Context;
use super::super::failure::{Exit, Failure};
use crate::model::outgoing::FieldProblem;
use crate::model::template::components;
use crate::model::template::definition::Definition;
use crate::model::template::files::{self, FileFormat, ReadFile};
use crate::model::template::lint::{Finding, Severity, lint as rules};
use crate::text::sanitize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Longest file, in bytes.
const FILE_MAX: u64 = 1 << 20;
/// Most files of a folder.
const FILES_MAX: usize = 10_000;
/// How the sample of a header is named that is a file beside the template.
pub(super) const SAMPLE_FILE: &str = "file:";

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    /// The file.
    pub file: String,
    /// Where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// How bad.
    pub severity: Severity,
    /// The rule; `file` when it cannot be read.
    pub rule: String,
    /// The field.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub advice: String,
}

impl Told {
    pub(super) fn file(file: &str, line: Option<usize>, field: &str, problem: &str) -> Self {
        Self {
            file: file.into(),
            line,
            severity: Severity::Error,
            rule: "file".into(),
            field: field.into(),
            problem: problem.into(),
            advice: String::new(),
        }
    }

    fn found(file: &str, read: &ReadFile, f: Finding) -> Self {
        Self {
            file: file.into(),
            line: read.line(&f.field),
            severity: f.severity,
            rule: f.rule.into(),
            field: f.field,
            problem: f.problem,
            advice: f.advice,
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Without the file.
    pub(super) fn short(&self) -> String {
        let mut out = String::new();
        if let Some(line) = self.line {
            out = format!("line {line}: ");
        }
        if !self.field.is_empty() {
            out.push_str(&self.field);
            out.push_str(": ");
        }
        out.push_str(&self.problem);
        if !self.advice.is_empty() {
            out.push_str("; ");
            out.push_str(&self.advice);
        }
        out
    }

    /// As compilers tell it, so that editors find the place.
    pub(super) fn long(&self) -> String {
        let line = self.line.map_or_else(String::new, |l| format!(":{l}"));
        let severity = if self.is_error() { "error" } else { "warning" };
        let field = if self.field.is_empty() { String::new() } else { format!("{}: ", self.field) };
        let advice = if self.advice.is_empty() { String::new() } else { format!("; {}", self.advice) };
        format!("{}{line}: {severity}: {field}{}{advice} [{}]", self.file, self.problem, self.rule)
    }
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Where it is; `-` for standard input.
    pub path: PathBuf,
    pub format: FileFormat,
    pub read: ReadFile,
}

impl Sheet {
    pub(super) fn definition(&self) -> &Definition {
        &self.read.definition
    }

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// The folder that its sample lies in.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// The text of a file, or of standard input.
pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(FILE_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::metadata(path).and_then(|m| {
            // A pipe would wait for its writer.
            if m.is_dir() {
                return Err(std::io::Error::other("is a folder"));
            }
            std::fs::File::open(path).and_then(|f| f.take(FILE_MAX + 1).read_to_end(&mut bytes))
        })
    };
    read.map_err(|e| FieldProblem::new("file", format!("{} cannot be read: {e}", path.display())))?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(
            FieldProblem::new("file", format!("{} is longer than {FILE_MAX} bytes", path.display())).into()
        );
    }
    String::from_utf8(bytes)
        .map_err(|_| FieldProblem::new("file", format!("{} is no text in UTF-8", path.display())).into())
}

/// Reads a text; every mistake is told without a file.
pub(super) fn parse(text: &str, format: FileFormat) -> Result<ReadFile, Vec<Told>> {
    files::read(text, format)
        .map_err(|list| list.into_iter().map(|p| Told::file("", p.line, &p.field, &p.problem)).collect())
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Sheet, Vec<Told>> {
    let shown = path.display().to_string();
    let text = text_of(path).map_err(|e| match e {
        Failure::Problem(_, p) => vec![Told::file(&shown, None, "", &p.what)],
        Failure::OutputClosed => Vec::new(),
    })?;
    let by_name = path.file_name().and_then(|n| FileFormat::of_name(&n.to_string_lossy()));
    let format = by_name.unwrap_or_else(|| FileFormat::of_text(&text));
    match parse(&text, format) {
        Ok(read) => Ok(Sheet { path: path.to_owned(), format, read }),
        Err(told) => Err(told.into_iter().map(|t| Told { file: shown.clone(), ..t }).collect()),
    }
}

/// The file beside a template that its sample names.
pub(super) fn sample_path(sample: &str, folder: &Path) -> Option<Result<PathBuf, String>> {
    let name = Path::new(sample.strip_prefix(SAMPLE_FILE)?);
    // A file of templates may come from somebody else: it names files of its own folder and below, and no others.
    let inside = name.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if !inside || name.as_os_str().is_empty() {
        return Some(Err("must be a file in the folder of the template, such as file:photo.jpg".into()));
    }
    Some(Ok(folder.join(name)))
}

/// Checks what a file says against the rules.
pub(super) fn check(shown: &str, d: &Definition, read: &ReadFile, folder: &Path) -> Vec<Told> {
    let mut told: Vec<Told> = rules(d).into_iter().map(|f| Told::found(shown, read, f)).collect();
    let sample = d.header.as_ref().map_or("", |h| h.sample.as_str());
    let problem = match sample_path(sample, folder) {
        None => None,
        Some(Err(problem)) => Some(problem),
        Some(Ok(path)) => match super::super::files::open(&path) {
            Ok(_) => None,
            Err(Failure::Problem(_, p)) => Some(p.what),
            Err(Failure::OutputClosed) => None,
        },
    };
    if let Some(problem) = problem {
        let line = read.line("header.sample");
        told.push(Told {
            rule: "header.sample".into(),
            ..Told::file(shown, line, "header.sample", &problem)
        });
    }
    told
}

/// The files of templates in a folder, by name. Files of other kinds are left alone.
pub(super) fn in_folder(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |e: std::io::Error| {
        Failure::from(FieldProblem::new("dir", format!("{} cannot be read: {e}", dir.display())))
    };
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') && FileFormat::of_name(&name).is_some() && path.is_file() {
            out.push(path);
        }
        if out.len() > FILES_MAX {
            return Err(FieldProblem::new("dir", format!("has more than {FILES_MAX} templates")).into());
        }
    }
    out.sort();
    Ok(out)
}

/// Reads files and checks them, each by itself and beside the others.
pub(super) fn checked(paths: &[PathBuf]) -> (Vec<Sheet>, Vec<Told>) {
    let (mut sheets, mut told): (Vec<Sheet>, Vec<Told>) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for path in paths {
        let sheet = match read(path) {
            Ok(sheet) => sheet,
            Err(list) => {
                told.extend(list);
                continue;
            }
        };
        let d = sheet.definition();
        told.extend(check(&sheet.shown(), d, &sheet.read, sheet.folder()));
        let key = (d.name.clone(), d.language.clone());
        if let Some(other) = seen.get(&key) {
            let what = format!("{other} is of the same name and language");
            told.push(Told::file(&sheet.shown(), sheet.read.line("name"), "name", &what));
        }
        seen.insert(key, sheet.shown());
        sheets.push(sheet);
    }
    (sheets, told)
}

/// Tells what is wrong, on standard error; nothing with `--json`.
pub(super) fn tell(out: &mut super::super::Output, told: &[Told]) {
    for t in told {
        out.remark(&t.long());
    }
}

/// `templates lint`.
pub(super) fn lint(ctx: &mut Context<'_>, given: &[PathBuf]) -> Result<Exit, Failure> {
    let mut paths = Vec::new();
    for path in given {
        if path.is_dir() { paths.extend(in_folder(path)?) } else { paths.push(path.clone()) }
    }
    let (sheets, told) = checked(&paths);
    let errors = told.iter().filter(|t| t.is_error()).count();
    let exit = if errors > 0 { Exit::Failed } else { Exit::Done };
    if ctx.out.json {
        #[derive(Serialize)]
        struct Document<'a> {
            files: usize,
            errors: usize,
            findings: &'a [Told],
        }
        ctx.out.document(&Document { files: paths.len(), errors, findings: &told })?;
        return Ok(exit);
    }
    for t in &told {
        ctx.out.line(&sanitize(&t.long()))?;
    }
    let warnings = told.len() - errors;
    let read = sheets.len();
    let files = paths.len();
    ctx.out.line(&format!("{files} files, {read} read: {errors} errors, {warnings} warnings"))?;
    Ok(exit)
}

/// The document that would be sent, for people to look at.
pub(super) fn document(d: &Definition) -> String {
    serde_json::to_string_pretty(&components::document(d)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_lies_beside_its_template() {
        let of = |s: &str| sample_path(s, Path::new("t"));
        assert_eq!(of("4::handle"), None);
        assert_eq!(of("https://cdn.example/x"), None);
        assert_eq!(of("file:photo.jpg"), Some(Ok(PathBuf::from("t/photo.jpg"))));
        assert_eq!(of("file:img/a.png"), Some(Ok(PathBuf::from("t/img/a.png"))));
        for bad in ["file:", "file:/etc/passwd", "file:../secret.pdf", "file:a/../../b"] {
            assert!(matches!(of(bad), Some(Err(_))), "{bad}");
        }
    }
}
