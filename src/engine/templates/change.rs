//! What is done about templates at the provider. Every rule that we know is asked before a byte leaves; what the provider
//! took is noted at once.

use super::{Who, able, found, note, refused, row};
use crate::clock::Millis;
use crate::engine::{Shared, files};
use crate::model::ids::AccountId;
use crate::model::media::StoredFile;
use crate::model::outgoing::{FieldProblem, Outgoing};
use crate::model::template::act::{Submission, TemplateAct};
use crate::model::template::definition::Definition;
use crate::model::template::lint::{self, Finding, RULES, Severity};
use crate::model::template::local::TemplateChange;
use crate::model::template::{Template, components, models};
use crate::protocol::Problem;
use crate::protocol::templates::TemplateAnswer;
use crate::provider::templates_admin::{LibraryWish, Sample, Taken};
use serde_json::{Map, Value, json};
use std::io::Read as _;

const DAY: Millis = 86_400_000;
/// Edits of an approved template in a day, and in thirty days.
const EDITS: [(Millis, usize, &str); 2] = [(DAY, 1, "24 hours"), (30 * DAY, 10, "30 days")];
/// States in which the provider takes another text.
const EDITABLE: [&str; 3] = ["APPROVED", "REJECTED", "PAUSED"];
/// How long the name of a deleted template that was approved stays closed.
const NAME_CLOSED: Millis = 30 * DAY;
/// Kinds of files that a header shows.
const SAMPLES: [&str; 4] = ["image/jpeg", "image/png", "video/mp4", "application/pdf"];

/// Begun ones count.
fn whole(time: Millis, unit: Millis) -> Millis {
    (time + unit - 1) / unit
}

/// What is wrong with a definition, as a client gets it: the first error, and how many there are besides.
fn broken(findings: Vec<Finding>) -> Result<(), Problem> {
    let mut errors = findings.into_iter().filter(|f| f.severity == Severity::Error);
    let Some(first) = errors.next() else { return Ok(()) };
    let more = match errors.count() {
        0 => String::new(),
        1 => " (and one more rule is broken)".into(),
        n => format!(" (and {n} more rules are broken)"),
    };
    let rule = RULES.iter().find(|(name, _)| *name == first.rule).map_or("", |(_, says)| *says);
    let mut problem: Problem = FieldProblem::new(&first.field, format!("{}{more}", first.problem)).into();
    problem.means = format!("rule {}: {rule}", first.rule);
    problem.next = first.advice;
    Err(problem)
}

async fn others(shared: &Shared, account: &AccountId) -> Result<Vec<Template>, Problem> {
    let id = account.clone();
    Ok(shared.store.read(move |r| r.templates(&id)).await?)
}

async fn history(
    shared: &Shared,
    account: &AccountId,
    name: &str,
    language: &str,
) -> Result<Vec<TemplateChange>, Problem> {
    let (id, n, l) = (account.clone(), name.to_owned(), language.to_owned());
    Ok(shared.store.read(move |r| r.template_history(&id, &n, &l)).await?)
}

/// The name of an approved template that was deleted stays closed for a while.
async fn name_is_free(shared: &Shared, account: &AccountId, d: &Definition) -> Result<(), Problem> {
    let since = shared.clock.now() - NAME_CLOSED;
    let changes = history(shared, account, &d.name, &d.language).await?;
    let closed =
        |c: &&TemplateChange| c.part == "deleted" && c.at > since && c.from.eq_ignore_ascii_case("APPROVED");
    let Some(deleted) = changes.iter().find(closed) else { return Ok(()) };
    let days = whole(deleted.at - since, DAY);
    let mut problem: Problem = FieldProblem::new(
        "name",
        format!("`{}` ({}) was approved and deleted less than 30 days ago", d.name, d.language),
    )
    .into();
    problem.means = "the provider keeps the name of a deleted template closed for 30 days".into();
    problem.next = format!("choose another name, or wait {days} days");
    Err(problem)
}

/// The template that the provider has now, as far as its answer tells.
fn as_taken(mut t: Template, taken: Taken, now: Millis) -> Template {
    if !taken.id.is_empty() {
        t.provider_id = taken.id;
    }
    if !taken.status.is_empty() {
        t.status = taken.status;
    }
    if !taken.category.is_empty() {
        t.category = taken.category;
    }
    t.synced_at = now;
    t
}

async fn hand_in(
    who: &Who,
    account: &AccountId,
    d: &Definition,
    how: Submission,
) -> Result<TemplateAnswer, Problem> {
    let shared = &who.shared;
    let a = found(shared, account)?;
    let admin = able(&a)?;
    let mut d = d.clone();
    // A model comes without the handle of its sample: ours is handed over when nothing else stands in the way.
    let ours = matches!(how, Submission::Loaded { .. }) && models::needs_sample(&d);
    if let (true, Some(header)) = (ours, &mut d.header) {
        header.sample = models::SAMPLE_NAME.into();
    }
    broken(lint::lint(&d))?;
    broken(lint::lint_beside(&d, &others(shared, account).await?))?;
    name_is_free(shared, account, &d).await?;
    if let (true, Some(header)) = (ours, &mut d.header) {
        let sample = Sample {
            name: models::SAMPLE_NAME.into(),
            mime: models::SAMPLE_TYPE.into(),
            bytes: models::SAMPLE.to_vec(),
        };
        header.sample = admin.upload_sample(sample).await.map_err(|e| refused(account, e))?;
    }
    let taken = admin.create_template(&components::document(&d)).await.map_err(|e| refused(account, e))?;
    let template = Template { status: "PENDING".into(), ..d.as_template() };
    let template = as_taken(template, taken, shared.clock.now());
    submitted(who, account, template, &d.category, how).await
}

async fn submitted(
    who: &Who,
    account: &AccountId,
    template: Template,
    asked: &str,
    how: Submission,
) -> Result<TemplateAnswer, Problem> {
    let boxed = Box::new(template);
    let what = TemplateAct::Submitted { template: boxed.clone(), asked: asked.to_owned(), how };
    note(who, account, what).await?;
    Ok(TemplateAnswer::Submitted(boxed))
}

pub(super) async fn create(
    who: &Who,
    account: &AccountId,
    definition: Definition,
) -> Result<TemplateAnswer, Problem> {
    hand_in(who, account, &definition, Submission::Created).await
}

pub(super) async fn load(
    who: &Who,
    account: &AccountId,
    model: String,
    language: String,
    name: Option<String>,
) -> Result<TemplateAnswer, Problem> {
    let Some(mut definition) = models::find(&model, &language) else {
        return Err(Problem::not_found(format!("there is no model `{model}` in language `{language}`"))
            .next("`switchboard templates models` lists those that there are"));
    };
    if let Some(name) = name {
        definition.name = name;
    }
    hand_in(who, account, &definition, Submission::Loaded { model }).await
}

/// Whether an approved template may be edited once more, by what was done here.
fn may_edit(changes: &[TemplateChange], now: Millis) -> Result<(), Problem> {
    let since_made = changes.iter().take_while(|c| c.part != "deleted" && c.part != "created");
    let edits: Vec<Millis> = since_made
        .filter(|c| c.part == "edited" && c.from.eq_ignore_ascii_case("APPROVED"))
        .map(|c| c.at)
        .collect();
    for (span, most, words) in EDITS {
        let recent: Vec<Millis> = edits.iter().copied().filter(|at| now - at < span).collect();
        if recent.len() < most {
            continue;
        }
        let oldest = recent.iter().take(most).min().copied().unwrap_or(now);
        let wait = oldest + span - now;
        let hours = whole(wait, 3_600_000).max(1);
        let when = if hours > 48 { format!("{} days", whole(hours, 24)) } else { format!("{hours} h") };
        let times = if most == 1 { "once".to_owned() } else { format!("{most} times") };
        return Err(Problem::new("limit", format!("an approved template may be edited {times} in {words}"))
            .means(format!("it was edited {} times in the last {words}", recent.len()))
            .next(format!("wait {when}, or make a new one under another name")));
    }
    Ok(())
}

/// The members of a document that another text may bring.
fn changed(d: &Definition, was: &Template) -> Value {
    let mut document = match components::document(d) {
        Value::Object(m) => m,
        _ => Map::new(),
    };
    for fixed in ["name", "language", "parameter_format"] {
        document.remove(fixed);
    }
    if d.category.eq_ignore_ascii_case(&was.category) {
        document.remove("category");
    }
    Value::Object(document)
}

pub(super) async fn edit(who: &Who, account: &AccountId, d: Definition) -> Result<TemplateAnswer, Problem> {
    let shared = &who.shared;
    let a = found(shared, account)?;
    let admin = able(&a)?;
    let was = row(shared, account, &d.name, &d.language).await?.template;
    broken(lint::lint(&d))?;
    let approved = was.status.eq_ignore_ascii_case("APPROVED");
    if !EDITABLE.iter().any(|s| was.status.eq_ignore_ascii_case(s)) {
        return Err(Problem::new("refused", format!("the template is {}: it cannot be edited", was.status))
            .means("only templates that are APPROVED, REJECTED or PAUSED can be edited")
            .next("wait until it was decided about, or make a new one under another name"));
    }
    if approved && !d.category.eq_ignore_ascii_case(&was.category) {
        let text = format!("an approved template stays {}", was.category);
        let mut problem: Problem = FieldProblem::new("category", text).into();
        problem.next = "make a new one under another name".into();
        return Err(problem);
    }
    if d.format != was.format {
        let text = "the way in which variables are written stays as it was";
        let mut problem: Problem = FieldProblem::new("format", text).into();
        problem.next = "make a new one under another name".into();
        return Err(problem);
    }
    let before = Definition::of(&was);
    if before == (Definition { extra: Map::new(), ..d.clone() }) && d.extra.is_empty() && approved {
        return Err(Problem::new("field", "nothing is changed").next("change something first"));
    }
    if approved {
        let changes = history(shared, account, &d.name, &d.language).await?;
        may_edit(&changes, shared.clock.now())?;
    }
    if was.provider_id.is_empty() {
        return Err(Problem::new("incomplete", "the provider's id of the template is not known here")
            .next("read the templates again, then edit it"));
    }
    let taken =
        admin.edit_template(&was.provider_id, &changed(&d, &was)).await.map_err(|e| refused(account, e))?;
    // Which state it is in now, the answer does not say: it is judged again, unless the next look says otherwise.
    let template = Template {
        provider_id: was.provider_id,
        status: "PENDING".into(),
        quality: was.quality,
        previous_category: was.previous_category,
        library: was.library,
        ..d.as_template()
    };
    let template = as_taken(template, taken, shared.clock.now());
    let answer = submitted(who, account, template, &d.category, Submission::Edited).await?;
    match super::copy::refresh(shared, &a, &d.name).await {
        Ok(()) => {
            let now = row(shared, account, &d.name, &d.language).await?;
            Ok(TemplateAnswer::Submitted(Box::new(now.template)))
        }
        Err(error) => {
            tracing::debug!(%error, "an edited template was not read again");
            Ok(answer)
        }
    }
}

pub(super) async fn delete(
    who: &Who,
    account: &AccountId,
    name: String,
    language: Option<String>,
) -> Result<TemplateAnswer, Problem> {
    let shared = &who.shared;
    let a = found(shared, account)?;
    let admin = able(&a)?;
    let (id, n) = (account.clone(), name.clone());
    let mut rows = shared.store.read(move |r| r.template_rows(&id, Some(&n))).await?;
    if let Some(language) = &language {
        rows.retain(|r| r.template.language == *language);
    }
    if rows.is_empty() {
        return Err(super::missing(&name, language.as_deref().unwrap_or_default()));
    }
    if let Some(r) = rows.iter().find(|r| r.template.status.eq_ignore_ascii_case("DISABLED")) {
        return Err(Problem::new(
            "refused",
            format!("{name} ({}) is DISABLED: it cannot be deleted", r.template.language),
        )
        .means("the provider keeps a template that it disabled")
        .next("switch it off here, so that nobody is offered it"));
    }
    let provider_id = match (&language, rows.first()) {
        (Some(_), Some(r)) if r.template.provider_id.is_empty() => {
            return Err(Problem::new("incomplete", "the provider's id of the template is not known here")
                .next("read the templates again, then delete it"));
        }
        (Some(_), Some(r)) => Some(r.template.provider_id.clone()),
        _ => None,
    };
    admin.delete_template(&name, provider_id.as_deref()).await.map_err(|e| refused(account, e))?;
    note(who, account, TemplateAct::Deleted { name, language }).await?;
    Ok(TemplateAnswer::Done)
}

pub(super) async fn sample(
    who: &Who,
    account: &AccountId,
    file: StoredFile,
) -> Result<TemplateAnswer, Problem> {
    let shared = &who.shared;
    let a = found(shared, account)?;
    let admin = able(&a)?;
    let hash = file.hash;
    let Some((size, facts)) = shared.store.read(move |r| r.file(hash)).await? else {
        return Err(FieldProblem::new("sample", "is not kept here any more: choose it again").into());
    };
    if !SAMPLES.contains(&facts.mime.as_str()) {
        let text = format!("is {}: a header shows JPEG, PNG, MP4 or PDF", facts.mime);
        return Err(FieldProblem::new("sample", text).into());
    }
    let kept = StoredFile { size, facts, ..file };
    Outgoing::file(kept.clone(), "").check().map_err(|p| FieldProblem::new("sample", p.problem))?;
    let unreadable = |why: String| Problem::new("store", format!("the sample cannot be read: {why}"));
    let mut opened = files::bytes(shared, &kept).await.map_err(unreadable)?;
    let bytes = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.read_to_end(&mut bytes).map(|_| bytes)
    })
    .await
    .map_err(|e| unreadable(e.to_string()))?
    .map_err(|e| unreadable(e.to_string()))?;
    let sample = Sample { name: kept.name, mime: kept.facts.mime, bytes };
    let handle = admin.upload_sample(sample).await.map_err(|e| refused(account, e))?;
    Ok(TemplateAnswer::Sample(handle))
}

/// One of the provider's own, as it was asked for.
pub(super) struct Wish {
    pub library: String,
    pub name: String,
    pub language: String,
    pub category: String,
    pub buttons: Vec<Value>,
}

pub(super) async fn from_library(
    who: &Who,
    account: &AccountId,
    wish: Wish,
) -> Result<TemplateAnswer, Problem> {
    let shared = &who.shared;
    let a = found(shared, account)?;
    let admin = able(&a)?;
    if wish.library.trim().is_empty() {
        return Err(FieldProblem::new("library", "names none").into());
    }
    // The text is the provider's: only what we choose is looked at.
    let d = Definition {
        name: wish.name.clone(),
        language: wish.language.clone(),
        category: wish.category.to_ascii_uppercase(),
        ..Definition::default()
    };
    let ours = ["name", "language", "category"];
    broken(lint::lint(&d).into_iter().filter(|f| ours.contains(&f.field.as_str())).collect())?;
    broken(lint::lint_beside(&d, &others(shared, account).await?))?;
    name_is_free(shared, account, &d).await?;
    let asked = LibraryWish {
        library: &wish.library,
        name: &d.name,
        language: &d.language,
        category: &d.category,
        buttons: &wish.buttons,
    };
    let taken = admin.create_from_library(asked).await.map_err(|e| refused(account, e))?;
    let template = Template {
        name: d.name.clone(),
        language: d.language.clone(),
        category: d.category.clone(),
        status: "PENDING".into(),
        library: wish.library,
        components: vec![json!({ "type": "BODY", "text": "" })],
        ..Template::default()
    };
    let template = as_taken(template, taken, shared.clock.now());
    let answer = submitted(who, account, template, &d.category, Submission::Library).await?;
    // What it says, only the provider knows.
    match super::copy::refresh(shared, &a, &d.name).await {
        Ok(()) => Ok(TemplateAnswer::Submitted(Box::new(
            row(shared, account, &d.name, &d.language).await?.template,
        ))),
        Err(error) => {
            tracing::debug!(%error, "a template of the library was not read again");
            Ok(answer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(at: Millis, from: &str) -> TemplateChange {
        TemplateChange {
            at,
            part: "edited".into(),
            from: from.into(),
            to: "PENDING".into(),
            by: "ana".into(),
        }
    }

    #[test]
    fn an_approved_template_is_edited_once_a_day_and_ten_times_a_month() {
        let now = 100 * DAY;
        assert!(may_edit(&[], now).is_ok());
        let p = may_edit(&[edited(now - 3_600_000, "APPROVED")], now).unwrap_err();
        assert!(p.what.contains("once in 24 hours") && p.next.contains("23 h"), "{p:?}");
        assert!(may_edit(&[edited(now - 3_600_000, "REJECTED")], now).is_ok());
        assert!(may_edit(&[edited(now - DAY, "APPROVED")], now).is_ok());
        let ten: Vec<TemplateChange> = (1..=10).map(|i| edited(now - i * 2 * DAY, "APPROVED")).collect();
        let p = may_edit(&ten, now).unwrap_err();
        assert!(p.what.contains("10 times in 30 days") && p.next.contains("10 days"), "{p:?}");
        assert!(may_edit(&ten[..9], now).is_ok());
        // What was before it was made anew does not count.
        let made = TemplateChange { part: "created".into(), ..edited(now - DAY / 2, "") };
        assert!(may_edit(&[made, edited(now - DAY / 2, "APPROVED")], now).is_ok());
    }

    #[test]
    fn a_broken_rule_names_field_and_rule() {
        let d = Definition { name: "Bad Name".into(), ..Definition::default() };
        let p = broken(lint::lint(&d)).unwrap_err();
        assert_eq!((p.kind.as_str(), p.field.as_deref()), ("field", Some("name")));
        assert!(p.means.starts_with("rule name.characters: ") && p.what.contains("more rules"), "{p:?}");
    }
}
