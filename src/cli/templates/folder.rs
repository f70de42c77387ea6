//! A folder of files beside the provider: written from it, compared with it, handed in to it.

use super::super::args::templates::FileWord;
use super::super::failure::{Exit, Failure};
use super::super::session::Role;
use super::super::{Context, Output, Session};
use super::files::{self, SAMPLE_FILE, Sheet, Told};
use super::submit::{Goal, broken, hand_in, reviewed, verdict};
use super::{ask, diff, one, rows, with};
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::model::template::definition::Definition;
use crate::model::template::files::{FileFormat, file_name, write};
use crate::model::template::lint::Severity;
use crate::model::template::{Template, is_sample};
use crate::protocol::templates::{TemplateAnswer, TemplateRequest};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// States of templates that are as good as gone.
const GONE: [&str; 2] = ["DELETED", "PENDING_DELETION"];

type Key = (String, String);

fn key(d: &Definition) -> Key {
    (d.name.clone(), d.language.clone())
}

/// What the provider has now, without its samples unless they are wanted.
async fn remote(
    session: &mut Session,
    account: &AccountId,
    samples: bool,
) -> Result<BTreeMap<Key, Template>, Failure> {
    match session.client.ask(Request::Sync { account: Some(account.clone()) }).await? {
        Response::Done => {}
        _ => return Err(Failure::unexpected()),
    }
    let all = rows(session, account).await?.into_iter().map(|r| r.template);
    let here = |t: &Template| {
        (samples || !is_sample(&t.name)) && !GONE.iter().any(|s| t.status.eq_ignore_ascii_case(s))
    };
    Ok(all.filter(here).map(|t| ((t.name.clone(), t.language.clone()), t)).collect())
}

/// The two as they can be compared: what only one side can know is taken from the other.
fn comparable(file: &Definition, there: &Definition) -> (Definition, Definition) {
    let (mut file, mut there) = (file.clone(), there.clone());
    if let (Some(f), Some(t)) = (&mut file.header, &mut there.header) {
        // The provider shows a copy of the sample under an address that changes.
        if !f.sample.is_empty() && !t.sample.is_empty() {
            f.sample.clone_from(&t.sample);
        }
    }
    for d in [&mut file, &mut there] {
        for b in &mut d.buttons {
            // It takes and gives the end of an address, or the whole.
            b.example = b.example_end().to_owned();
        }
    }
    if file.ttl.is_none() {
        there.ttl = None;
    }
    // What stands beside the components is not told by the list.
    if there.extra.is_empty() {
        file.extra.clear();
    }
    (file, there)
}

fn is_same(file: &Definition, there: &Definition) -> bool {
    let (file, there) = comparable(file, there);
    file == there
}

// --- pull ---

/// Writes a file so that a crash leaves either the old one or the new one.
fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |e: std::io::Error| {
        Failure::from(FieldProblem::new("dir", format!("{} cannot be written: {e}", path.display())))
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside).map_err(fail)?;
    let done = file.write_all(text.as_bytes()).and_then(|()| std::fs::rename(&beside, path));
    done.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        fail(e)
    })
}

/// What became of a file or a template.
#[derive(Serialize)]
struct Done {
    name: String,
    language: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    file: String,
    /// `new`, `changed`, `same`; `created`, `edited`, `deleted`, `refused`, `failed`; `create`, `edit`, `delete`.
    what: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
}

impl Done {
    fn new(key: &Key, file: &str, what: &'static str) -> Self {
        Self {
            name: key.0.clone(),
            language: key.1.clone(),
            file: file.into(),
            what,
            status: String::new(),
            text: String::new(),
        }
    }
}

/// The files of a folder that can be read, by template. Those that cannot are told.
fn sheets(dir: &Path) -> Result<(BTreeMap<Key, Sheet>, Vec<Told>), Failure> {
    let (sheets, told) = files::checked(&files::in_folder(dir)?);
    Ok((sheets.into_iter().map(|s| (key(s.definition()), s)).collect(), told))
}

pub(super) async fn pull(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    dir: &Path,
    format: FileWord,
    names: &[String],
) -> Result<Exit, Failure> {
    let samples = ctx.checked.ui.template_samples || names.iter().any(|n| is_sample(n));
    let mut there = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        remote(session, &account, samples).await
    })
    .await?;
    if !names.is_empty() {
        there.retain(|(name, _), _| names.contains(name));
        if let Some(missing) = names.iter().find(|n| !there.keys().any(|(name, _)| name == *n)) {
            return Err(Failure::new(
                Problem::not_found(format!("there is no template `{missing}`"))
                    .next("`switchboard templates list --samples` lists all"),
            ));
        }
    }
    std::fs::create_dir_all(dir)
        .map_err(|e| FieldProblem::new("dir", format!("{} cannot be made: {e}", dir.display())))?;
    let (here, _) = sheets(dir)?;
    let mut all = Vec::new();
    for (key, t) in &there {
        let mut d = Definition::of(t);
        let new = match format {
            FileWord::Toml => FileFormat::Toml,
            FileWord::Json => FileFormat::Json,
        };
        let (path, format, what) = match here.get(key) {
            Some(sheet) if is_same(sheet.definition(), &d) => {
                all.push(Done::new(key, &sheet.shown(), "same"));
                continue;
            }
            Some(sheet) => {
                // The file that the sample was made of stays known.
                let own = sheet.definition().header.as_ref().map_or("", |h| h.sample.as_str());
                if let Some(h) =
                    d.header.as_mut().filter(|h| own.starts_with(SAMPLE_FILE) && !h.sample.is_empty())
                {
                    own.clone_into(&mut h.sample);
                }
                d.extra.clone_from(&sheet.definition().extra);
                (sheet.path.clone(), sheet.format, "changed")
            }
            None => (dir.join(file_name(&t.name, &t.language, new)), new, "new"),
        };
        put(&path, &write(&d, format))?;
        all.push(Done::new(key, &path.display().to_string(), what));
    }
    if ctx.out.json {
        ctx.out.document(&all)?;
        return Ok(Exit::Done);
    }
    for d in all.iter().filter(|d| d.what != "same") {
        ctx.out.line(&sanitize(&format!("{}: {}", d.file, d.what)))?;
    }
    let same = all.iter().filter(|d| d.what == "same").count();
    ctx.out.line(&format!("{} templates, {same} of them as they were", all.len()))?;
    Ok(Exit::Done)
}

// --- diff and push ---

/// What has to be done so that the provider has what the folder says.
struct Plan {
    /// New ones and others' texts, with what the provider has.
    submit: Vec<(Sheet, Option<Template>)>,
    same: usize,
    /// Those that have no file.
    extra: Vec<Template>,
}

fn plan(here: BTreeMap<Key, Sheet>, mut there: BTreeMap<Key, Template>) -> Plan {
    let mut plan = Plan { submit: Vec::new(), same: 0, extra: Vec::new() };
    for (key, sheet) in here {
        match there.remove(&key) {
            Some(t) if is_same(sheet.definition(), &Definition::of(&t)) => plan.same += 1,
            t => plan.submit.push((sheet, t)),
        }
    }
    plan.extra = there.into_values().filter(|t| !is_sample(&t.name)).collect();
    plan
}

/// The difference of one template, from what the provider has to what the file says.
fn lines(sheet: Option<&Sheet>, t: Option<&Template>) -> Vec<String> {
    let there = t.map(Definition::of);
    let (new, old) = match (sheet.map(Sheet::definition), &there) {
        (Some(f), Some(t)) => {
            let (f, t) = comparable(f, t);
            (write(&f, FileFormat::Toml), write(&t, FileFormat::Toml))
        }
        (f, t) => (
            f.map_or_else(String::new, |f| write(f, FileFormat::Toml)),
            t.as_ref().map_or_else(String::new, |t| write(t, FileFormat::Toml)),
        ),
    };
    let old_name = t.map_or_else(|| "nothing".into(), |t| format!("provider {} ({})", t.name, t.language));
    let new_name = sheet.map_or_else(|| "no file".into(), Sheet::shown);
    let mut out = vec![format!("--- {old_name}"), format!("+++ {new_name}")];
    out.extend(diff::unified(&old, &new));
    out
}

/// Reads the folder; a file that cannot be read or breaks a rule stops everything.
fn whole(out: &mut Output, dir: &Path) -> Result<BTreeMap<Key, Sheet>, Failure> {
    let (here, told) = sheets(dir)?;
    let (errors, warnings): (Vec<Told>, Vec<Told>) =
        told.into_iter().partition(|t| t.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(broken(out, &errors));
    }
    files::tell(out, &warnings);
    Ok(here)
}

pub(super) async fn diff(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    dir: &Path,
) -> Result<Exit, Failure> {
    // A file that breaks a rule can be compared; one that cannot be read not.
    let (here, told) = sheets(dir)?;
    let unreadable: Vec<Told> = told.into_iter().filter(|t| t.rule == "file").collect();
    if !unreadable.is_empty() {
        return Err(broken(ctx.out, &unreadable));
    }
    let there = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        remote(session, &account, true).await
    })
    .await?;
    let plan = plan(here, there);
    let differs = !plan.submit.is_empty() || !plan.extra.is_empty();
    let exit = if differs { Exit::Failed } else { Exit::Done };
    let pairs: Vec<(Option<&Sheet>, Option<&Template>)> = plan
        .submit
        .iter()
        .map(|(s, t)| (Some(s), t.as_ref()))
        .chain(plan.extra.iter().map(|t| (None, Some(t))))
        .collect();
    if ctx.out.json {
        #[derive(Serialize)]
        struct Difference {
            name: String,
            language: String,
            what: &'static str,
            lines: Vec<String>,
        }
        let all: Vec<Difference> = pairs
            .into_iter()
            .map(|(s, t)| {
                let k = s.map(|s| key(s.definition()));
                let (name, language) =
                    k.or_else(|| t.map(|t| (t.name.clone(), t.language.clone()))).unwrap_or_default();
                let what = match (s, t) {
                    (Some(_), Some(_)) => "differs",
                    (Some(_), None) => "new",
                    _ => "no_file",
                };
                Difference { name, language, what, lines: lines(s, t) }
            })
            .collect();
        ctx.out.document(&all)?;
        return Ok(exit);
    }
    for (s, t) in pairs {
        for line in lines(s, t) {
            let line = sanitize(&line).into_owned();
            ctx.out.line(&if ctx.out.color { diff::coloured(&line) } else { line })?;
        }
    }
    ctx.out.remark(&format!(
        "{} differ or are new, {} have no file, {} are the same",
        plan.submit.len(),
        plan.extra.len(),
        plan.same
    ));
    Ok(exit)
}

/// How a folder is handed in.
pub(super) struct Push {
    pub dry_run: bool,
    pub delete: bool,
    pub wait: Option<Duration>,
}

/// A problem that concerns one template only, as a line; others end everything.
fn of_one(e: Failure) -> Result<String, Failure> {
    match e {
        Failure::Problem(Exit::Usage | Exit::Refused | Exit::NotFound | Exit::Failed, p) => {
            let next = if p.next.is_empty() { String::new() } else { format!("; {}", p.next) };
            Ok(format!("{}{next}", p.what))
        }
        e => Err(e),
    }
}

pub(super) async fn push(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    dir: &Path,
    how: Push,
) -> Result<Exit, Failure> {
    let here = whole(ctx.out, dir)?;
    let dir = dir.to_owned();
    let all = with(&mut ctx, Role::Reads, async |session, out| {
        let account = one(session, account.as_ref()).await?;
        let plan = plan(here, remote(session, &account, true).await?);
        if how.dry_run {
            return Ok(planned(&plan, how.delete));
        }
        carry_out(session, out, &account, plan, &how, &dir).await
    })
    .await?;
    let failed = all.iter().any(|d| matches!(d.what, "refused"));
    let rejected = all.iter().any(|d| d.status.eq_ignore_ascii_case("REJECTED"));
    if ctx.out.json {
        ctx.out.document(&all)?;
    } else if how.dry_run {
        for d in &all {
            ctx.out.line(&sanitize(&format!("would {} {} ({}) {}", d.what, d.name, d.language, d.file)))?;
        }
        if all.is_empty() {
            ctx.out.line("nothing differs")?;
        }
    } else {
        let done = all.iter().filter(|d| d.what != "refused").count();
        ctx.out.line(&format!("{done} done, {} refused", all.len() - done))?;
    }
    Ok(if failed || rejected { Exit::Refused } else { Exit::Done })
}

fn planned(plan: &Plan, delete: bool) -> Vec<Done> {
    let submit = plan.submit.iter().map(|(sheet, t)| {
        let what = if t.is_some() { "edit" } else { "create" };
        Done::new(&key(sheet.definition()), &sheet.shown(), what)
    });
    let extra = plan.extra.iter().filter(|_| delete);
    let extra = extra.map(|t| Done::new(&(t.name.clone(), t.language.clone()), "", "delete"));
    submit.chain(extra).collect()
}

async fn carry_out(
    session: &mut Session,
    out: &mut Output,
    account: &AccountId,
    plan: Plan,
    how: &Push,
    dir: &Path,
) -> Result<Vec<Done>, Failure> {
    let mut all = Vec::new();
    let mut handed_in: Vec<(usize, Template, String)> = Vec::new();
    for (sheet, t) in plan.submit {
        let d = sheet.definition().clone();
        let asked = d.category.clone();
        let goal = if t.is_some() { Goal::Edit } else { Goal::Create };
        let mut done = Done::new(&key(&d), &sheet.shown(), if t.is_some() { "edited" } else { "created" });
        let folder: PathBuf = sheet.folder().to_owned();
        match hand_in(session, account, d, &folder, goal).await {
            Ok(t) => {
                if how.wait.is_none() {
                    say(out, &verdict(&t, Some(&asked)))?;
                }
                done.status.clone_from(&t.status);
                handed_in.push((all.len(), t, asked));
            }
            Err(e) => {
                done.what = "refused";
                done.text = of_one(e)?;
                say(out, &format!("{} ({}) is refused: {}", done.name, done.language, done.text))?;
            }
        }
        all.push(done);
    }
    for (at, t, asked) in handed_in {
        if how.wait.is_none() {
            break;
        }
        let t = reviewed(session, account, t, how.wait).await?;
        say(out, &verdict(&t, Some(&asked)))?;
        all[at].status = t.status;
    }
    if !how.delete {
        let names: Vec<&str> = plan.extra.iter().map(|t| t.name.as_str()).collect();
        if !names.is_empty() {
            out.remark(&format!("without a file in {} and left alone: {}", dir.display(), names.join(", ")));
        }
        return Ok(all);
    }
    for t in plan.extra {
        let mut done = Done::new(&(t.name.clone(), t.language.clone()), "", "deleted");
        let act = TemplateRequest::Delete {
            account: account.clone(),
            name: t.name.clone(),
            language: Some(t.language.clone()),
        };
        match ask(session, act).await {
            Ok(TemplateAnswer::Done) => say(out, &format!("{} ({}) is deleted", t.name, t.language))?,
            Ok(_) => return Err(Failure::unexpected()),
            Err(e) => {
                done.what = "refused";
                done.text = of_one(e)?;
                say(out, &format!("{} ({}) is refused: {}", t.name, t.language, done.text))?;
            }
        }
        all.push(done);
    }
    Ok(all)
}

fn say(out: &mut Output, line: &str) -> Result<(), Failure> {
    if !out.json {
        out.line(&sanitize(line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::definition::{Button, Header};

    #[test]
    fn what_only_one_side_knows_is_no_difference() {
        let button = |example: &str| Button {
            kind: "url".into(),
            target: "https://a.example/{{1}}".into(),
            example: example.into(),
            ..Button::default()
        };
        let header =
            |sample: &str| Header { format: "image".into(), sample: sample.into(), ..Header::default() };
        let file = Definition {
            header: Some(header("file:a.jpg")),
            buttons: vec![button("1")],
            extra: serde_json::Map::from_iter([("cta".to_owned(), true.into())]),
            ..Definition::default()
        };
        let there = Definition {
            header: Some(header("https://cdn.example/a")),
            buttons: vec![button("https://a.example/1")],
            ttl: Some(600),
            ..Definition::default()
        };
        assert!(is_same(&file, &there));
        assert!(!is_same(&Definition { ttl: Some(60), ..file.clone() }, &there));
        assert!(!is_same(&file, &Definition { header: None, ..there.clone() }));
        assert!(!is_same(&Definition { category: "MARKETING".into(), ..file }, &there));
    }
}
