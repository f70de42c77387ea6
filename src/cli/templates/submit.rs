//! Changing: handing a template in, editing, copying and deleting one.

use super::super::args::templates::{One, Submit, Which};
use super::super::failure::{Exit, Failure};
use super::super::session::Role;
use super::super::{Context, Output, Session, ask as question, files as outgoing};
use super::{ask, editor, files, list, named, one, single, with};
use crate::model::ids::AccountId;
use crate::model::template::Template;
use crate::model::template::components;
use crate::model::template::definition::Definition;
use crate::model::template::files::FileFormat;
use crate::model::template::lint::lint_beside;
use crate::protocol::Problem;
use crate::protocol::templates::{TemplateAnswer, TemplateRequest};
use crate::text::{sanitize, sanitize_lines};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pause between two looks at a template that is in review.
const LOOK: Duration = Duration::from_millis(500);

/// Whether it is a new one or another text for one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Create,
    Edit,
}

/// Hands the sample over that a file beside the template is, and puts its handle in the place of its name.
pub(super) async fn with_sample(
    session: &mut Session,
    account: &AccountId,
    d: &mut Definition,
    folder: &Path,
) -> Result<(), Failure> {
    let Some(h) = &mut d.header else { return Ok(()) };
    let path = match files::sample_path(&h.sample, folder) {
        None => return Ok(()),
        Some(Err(problem)) => {
            return Err(crate::model::outgoing::FieldProblem::new("header.sample", problem).into());
        }
        Some(Ok(path)) => path,
    };
    let file = outgoing::upload(session, outgoing::open(&path)?).await?;
    match ask(session, TemplateRequest::Sample { account: account.clone(), file }).await? {
        TemplateAnswer::Sample(handle) => {
            h.sample = handle;
            Ok(())
        }
        _ => Err(Failure::unexpected()),
    }
}

/// Hands it in. What the provider has then comes back.
pub(super) async fn hand_in(
    session: &mut Session,
    account: &AccountId,
    mut d: Definition,
    folder: &Path,
    goal: Goal,
) -> Result<Template, Failure> {
    with_sample(session, account, &mut d, folder).await?;
    let (account, definition) = (account.clone(), Box::new(d));
    let act = match goal {
        Goal::Create => TemplateRequest::Create { account, definition },
        Goal::Edit => TemplateRequest::Edit { account, definition },
    };
    match ask(session, act).await? {
        TemplateAnswer::Submitted(t) => Ok(*t),
        _ => Err(Failure::unexpected()),
    }
}

/// Waits for the end of a review, but not for longer than this; what it is then comes back.
pub(super) async fn reviewed(
    session: &mut Session,
    account: &AccountId,
    mut t: Template,
    wait: Option<Duration>,
) -> Result<Template, Failure> {
    let Some(wait) = wait else { return Ok(t) };
    let end = tokio::time::Instant::now() + wait;
    while t.status.eq_ignore_ascii_case("PENDING") && tokio::time::Instant::now() < end {
        tokio::time::sleep(LOOK).await;
        let act = TemplateRequest::Refresh { account: account.clone(), name: t.name.clone() };
        let TemplateAnswer::List(rows) = ask(session, act).await? else { return Err(Failure::unexpected()) };
        match rows.into_iter().find(|r| r.template.language == t.language) {
            Some(row) => t = row.template,
            None => break,
        }
    }
    Ok(t)
}

/// What became of it, in a line.
pub(super) fn verdict(t: &Template, asked: Option<&str>) -> String {
    let mut out = format!("{} ({}) is {}", t.name, t.language, t.status);
    if !t.rejected_reason.is_empty() && t.rejected_reason != "NONE" {
        let _ = write!(out, ": {}", t.rejected_reason);
    }
    if let Some(asked) = asked.filter(|a| !a.eq_ignore_ascii_case(&t.category)) {
        let _ = write!(out, "; the provider made it {} instead of {asked}", t.category);
    }
    sanitize(&out).into_owned()
}

/// Prints what became of it.
pub(super) fn told(ctx: &mut Context<'_>, t: &Template) -> Result<(), Failure> {
    told_of(ctx.out, t, None)
}

fn told_of(out: &mut Output, t: &Template, asked: Option<&str>) -> Result<(), Failure> {
    if out.json {
        out.document(t)?;
    } else {
        out.line(&verdict(t, asked))?;
    }
    Ok(())
}

fn exit_of(t: &Template) -> Exit {
    if t.status.eq_ignore_ascii_case("REJECTED") { Exit::Refused } else { Exit::Done }
}

/// A text to begin with, and where it came from.
struct Draft {
    text: String,
    format: FileFormat,
    folder: PathBuf,
    shown: String,
}

impl Draft {
    fn of_file(path: &Path) -> Result<Self, Failure> {
        let text = files::text_of(path)?;
        let by_name = path.file_name().and_then(|n| FileFormat::of_name(&n.to_string_lossy()));
        Ok(Self {
            format: by_name.unwrap_or_else(|| FileFormat::of_text(&text)),
            text,
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            shown: path.display().to_string(),
        })
    }

    fn of(d: &Definition) -> Self {
        Self {
            text: crate::model::template::files::write(d, FileFormat::Toml),
            format: FileFormat::Toml,
            folder: PathBuf::new(),
            shown: "template".into(),
        }
    }

    /// What it says, once it keeps every rule: written on in the editor, or refused with the first broken one.
    async fn finished(
        self,
        ctx: &mut Context<'_>,
        edit: bool,
        fits: impl Fn(&Definition) -> Option<String>,
    ) -> Result<(Definition, PathBuf), Failure> {
        let Self { text, format, folder, shown } = self;
        let check = |d: &Definition, read: &crate::model::template::files::ReadFile| {
            let mut told = files::check(&shown, d, read, &folder);
            if let Some(why) = fits(d) {
                told.insert(0, files::Told::file(&shown, read.line("name"), "name", &why));
            }
            told
        };
        if edit {
            let d = editor::write(ctx.env, text, format, check).await?;
            return Ok((d, folder));
        }
        let told = match files::parse(&text, format) {
            Ok(read) => {
                let told = check(&read.definition, &read);
                let (errors, warnings): (Vec<_>, Vec<_>) = told.into_iter().partition(files::Told::is_error);
                files::tell(ctx.out, &warnings);
                if errors.is_empty() {
                    return Ok((read.definition, folder));
                }
                errors
            }
            Err(told) => told.into_iter().map(|t| files::Told { file: shown.clone(), ..t }).collect(),
        };
        Err(broken(ctx.out, &told))
    }
}

/// The failure of files that break rules; all of them are told before.
pub(super) fn broken(out: &mut Output, told: &[files::Told]) -> Failure {
    if told.len() > 1 {
        files::tell(out, told);
    }
    let what = told.first().map_or_else(String::new, files::Told::long);
    let more = if told.len() > 1 { format!(" (and {} more)", told.len() - 1) } else { String::new() };
    let mut problem = Problem::new("field", format!("{what}{more}"));
    problem.field = told.first().map(|t| t.field.clone());
    Failure::new(problem.next("correct it; nothing was handed in"))
}

/// What would be sent.
fn dry(out: &mut Output, goal: Goal, d: &Definition) -> Result<Exit, Failure> {
    let would = if goal == Goal::Create { "create" } else { "edit" };
    if out.json {
        #[derive(Serialize)]
        struct Document {
            would: &'static str,
            document: Value,
        }
        out.document(&Document { would, document: components::document(d) })?;
        return Ok(Exit::Done);
    }
    out.remark(&format!("would {would} {} ({}):", d.name, d.language));
    out.line(&sanitize_lines(&files::document(d)))?;
    for line in list::shown(&d.as_template()) {
        out.remark(&line);
    }
    Ok(Exit::Done)
}

async fn finish(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    d: Definition,
    folder: PathBuf,
    goal: Goal,
    how: &Submit,
) -> Result<Exit, Failure> {
    if how.dry_run {
        return dry(ctx.out, goal, &d);
    }
    let asked = d.category.clone();
    let wait = how.wait;
    let written = how.edit.then(|| d.clone());
    let done = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        let t = hand_in(session, &account, d, &folder, goal).await?;
        reviewed(session, &account, t, wait).await
    })
    .await;
    if let (Err(Failure::Problem(..)), Some(d)) = (&done, &written) {
        // Nothing that somebody has typed is lost because it was refused.
        let kept = editor::keep(d)?;
        ctx.out.remark(&format!("the text is kept in {}", kept.display()));
    }
    let t = done?;
    told_of(ctx.out, &t, Some(&asked))?;
    Ok(exit_of(&t))
}

pub(super) async fn create(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    file: Option<PathBuf>,
    how: Submit,
) -> Result<Exit, Failure> {
    let how = Submit { edit: how.edit || file.is_none(), ..how };
    let edit = how.edit;
    let draft = match &file {
        Some(file) => Draft::of_file(file)?,
        None => Draft {
            text: editor::EMPTY.into(),
            format: FileFormat::Toml,
            folder: PathBuf::new(),
            shown: "template".into(),
        },
    };
    let (d, folder) = draft.finished(&mut ctx, edit, |_| None).await?;
    finish(ctx, account, d, folder, Goal::Create, &how).await
}

pub(super) async fn edit(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: One,
    file: Option<PathBuf>,
    how: Submit,
) -> Result<Exit, Failure> {
    let row = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        single(session, &account, &which.name, which.language.as_deref()).await
    })
    .await?;
    let t = row.template;
    let how = Submit { edit: how.edit || file.is_none(), ..how };
    let edit = how.edit;
    let draft = match &file {
        Some(file) => Draft::of_file(file)?,
        None => Draft::of(&Definition::of(&t)),
    };
    let fits = |d: &Definition| {
        (d.name != t.name || d.language != t.language)
            .then(|| format!("must stay {} ({}): this edits that one", t.name, t.language))
    };
    let (d, folder) = draft.finished(&mut ctx, edit, fits).await?;
    finish(ctx, account, d, folder, Goal::Edit, &how).await
}

pub(super) async fn duplicate(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: One,
    to: Option<String>,
    name: Option<String>,
    how: Submit,
) -> Result<Exit, Failure> {
    let (row, all) = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        let row = single(session, &account, &which.name, which.language.as_deref()).await?;
        let all = super::rows(session, &account).await?;
        Ok((row, all))
    })
    .await?;
    let mut d = Definition::of(&row.template);
    if let Some(language) = to {
        d.language = language;
    }
    if let Some(name) = name {
        d.name = name;
    }
    let others: Vec<Template> = all.into_iter().map(|r| r.template).collect();
    let beside = |d: &Definition| {
        let found = lint_beside(d, &others);
        found.into_iter().find(|f| f.rule == "beside.exists").map(|f| f.problem)
    };
    // The provider takes its own address of a sample from the template only that has it.
    if let Some(h) = d.header.as_mut().filter(|h| h.sample.starts_with("http")) {
        h.sample.clear();
    }
    let draft = Draft::of(&d);
    let (d, folder) = draft.finished(&mut ctx, how.edit, beside).await?;
    finish(ctx, account, d, folder, Goal::Create, &how).await
}

pub(super) async fn load(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    model: String,
    language: String,
    name: Option<String>,
    wait: Option<Duration>,
) -> Result<Exit, Failure> {
    let t = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        let act = TemplateRequest::Load { account: account.clone(), model, language, name };
        match ask(session, act).await? {
            TemplateAnswer::Submitted(t) => reviewed(session, &account, *t, wait).await,
            _ => Err(Failure::unexpected()),
        }
    })
    .await?;
    told(&mut ctx, &t)?;
    Ok(exit_of(&t))
}

pub(super) async fn delete(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: Which,
    yes: Option<String>,
) -> Result<Exit, Failure> {
    let deleted = with(&mut ctx, Role::Reads, async |session, out| {
        let account = one(session, account.as_ref()).await?;
        let found = named(session, &account, &which.name, which.language.as_deref()).await?;
        let languages: Vec<String> = found.iter().map(|r| r.template.language.clone()).collect();
        let sure = match yes {
            Some(name) => name,
            None if question::somebody() && !out.json => {
                let used: u64 = found.iter().map(|r| r.used.count).sum();
                out.remark(&format!(
                    "{} in {} (sent {used} times) goes for good; an approved name stays closed for 30 days",
                    which.name,
                    languages.join(", ")
                ));
                question::line("Type its name to delete it:".into()).await?
            }
            None => {
                return Err(Failure::new(
                    Problem::new("usage", "nothing brings back what is deleted: its name is asked for")
                        .next(format!("give it again: --yes {}", which.name)),
                ));
            }
        };
        if sure.trim() != which.name {
            return Err(Failure::new(
                Problem::new("usage", format!("`{}` is not its name: nothing was deleted", sure.trim()))
                    .next(format!("write {} exactly so", which.name)),
            ));
        }
        let act = TemplateRequest::Delete { account, name: which.name.clone(), language: which.language };
        match ask(session, act).await? {
            TemplateAnswer::Done => Ok(languages),
            _ => Err(Failure::unexpected()),
        }
    })
    .await?;
    if ctx.out.json {
        #[derive(Serialize)]
        struct Document<'a> {
            deleted: &'a str,
            languages: Vec<String>,
        }
        ctx.out.document(&Document { deleted: &which.name, languages: deleted })?;
    } else {
        ctx.out.line(&sanitize(&format!("{} is deleted in {}", which.name, deleted.join(", "))))?;
    }
    Ok(Exit::Done)
}
