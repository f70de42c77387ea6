//! Looking: the list, one template, its history, models, the provider's library.

use super::super::args::templates::{TemplateList, Which};
use super::super::failure::{Exit, Failure};
use super::super::session::Role;
use super::super::table::Table;
use super::super::{Context, Session};
use super::{ago, ask, meant, named, one, with};
use crate::model::ids::AccountId;
use crate::model::message::Body;
use crate::model::outgoing::FieldProblem;
use crate::model::template::definition::Definition;
use crate::model::template::files::{self, FileFormat};
use crate::model::template::local::TemplateChange;
use crate::model::template::{Template, is_sample, models};
use crate::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize_lines;
use serde::Serialize;

/// A template and the account it is sent from.
#[derive(Serialize)]
pub(super) struct Listed {
    account: AccountId,
    #[serde(flatten)]
    row: TemplateRow,
}

async fn read_again(session: &mut Session, account: Option<&AccountId>) -> Result<(), Failure> {
    match session.client.ask(Request::Sync { account: account.cloned() }).await? {
        Response::Done => Ok(()),
        _ => Err(Failure::unexpected()),
    }
}

fn is_wanted(filter: &TemplateList, samples: bool, row: &TemplateRow) -> bool {
    let t = &row.template;
    let word = |wanted: &Option<String>, is: &str| {
        wanted.as_ref().is_none_or(|w| w.split(',').any(|w| w.trim().eq_ignore_ascii_case(is)))
    };
    let contains = |words: &String| {
        let words = words.to_lowercase();
        let header = t.header.as_ref().map_or("", |h| h.text.as_str());
        [&t.name, header, &t.body, &t.footer].iter().any(|part| part.to_lowercase().contains(&words))
            || t.buttons.iter().any(|b| b.text.to_lowercase().contains(&words))
    };
    (samples || filter.search.is_some() || !is_sample(&t.name))
        && word(&filter.status, &t.status)
        && word(&filter.category, &t.category)
        && word(&filter.language, &t.language)
        && filter.search.as_ref().is_none_or(contains)
        && !(filter.unused && row.used.count > 0)
}

pub(super) async fn list(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    sync: bool,
    filter: TemplateList,
) -> Result<Exit, Failure> {
    let samples = filter.samples || ctx.checked.ui.template_samples;
    let now = ctx.clock.now();
    let (listed, several, hidden) = with(&mut ctx, Role::Reads, async |session, _| {
        let accounts = meant(session, account.as_ref()).await?;
        if sync {
            read_again(session, account.as_ref()).await?;
        }
        let (mut listed, mut hidden) = (Vec::new(), 0_usize);
        for id in &accounts {
            let mut rows = super::rows(session, id).await?;
            rows.sort_by(|a, b| {
                (&a.template.name, &a.template.language).cmp(&(&b.template.name, &b.template.language))
            });
            for row in rows {
                if is_wanted(&filter, samples, &row) {
                    listed.push(Listed { account: id.clone(), row });
                } else if is_wanted(&filter, true, &row) {
                    hidden += 1;
                }
            }
        }
        Ok((listed, accounts.len() > 1, hidden))
    })
    .await?;
    if ctx.out.json {
        ctx.out.document(&listed)?;
        return Ok(Exit::Done);
    }
    let head =
        ["account", "name", "language", "category", "status", "quality", ">sent", "last", "read", "note"];
    // One business account goes without saying.
    let first = usize::from(!several);
    let mut table = Table::new(&head[first..], head.len() - 1 - first);
    let mut last = None;
    for l in &listed {
        let t = &l.row.template;
        let this = Some((&l.account, &t.name));
        // Languages of one name stand together, under one name.
        let name = if last == this { "" } else { t.name.as_str() };
        let account = if last == this { "" } else { l.account.as_str() };
        last = this;
        let used = l.row.used.last.map_or_else(String::new, |at| ago(at, now));
        let cells = [
            account,
            name,
            &t.language,
            &t.category,
            &t.status,
            &t.quality,
            &l.row.used.count.to_string(),
            &used,
            &ago(t.synced_at, now),
            &note(&l.row),
        ];
        table.row(&cells[first..]);
    }
    ctx.out.table(&table)?;
    if hidden > 0 {
        ctx.out.remark(&format!("{hidden} of the provider's samples are not shown; --samples shows them"));
    }
    Ok(Exit::Done)
}

/// What one should know before it is sent, in a few words.
fn note(row: &TemplateRow) -> String {
    let t = &row.template;
    let mut notes = Vec::new();
    if !row.settings.enabled {
        notes.push("switched off".to_owned());
    }
    if !t.rejected_reason.is_empty() && t.rejected_reason != "NONE" {
        notes.push(t.rejected_reason.clone());
    }
    if !t.coming_category.is_empty() {
        notes.push(format!("will be {}", t.coming_category));
    } else if let Some(w) = row.warning.as_ref().filter(|w| w.part == "category") {
        notes.push(format!("was {}", w.from));
    }
    if !row.settings.roles.is_empty() {
        notes.push(format!("for {}", row.settings.roles.join(", ")));
    }
    notes.join("; ")
}

pub(super) async fn sync(mut ctx: Context<'_>, account: Option<AccountId>) -> Result<Exit, Failure> {
    let count = with(&mut ctx, Role::Reads, async |session, _| {
        let accounts = meant(session, account.as_ref()).await?;
        read_again(session, account.as_ref()).await?;
        let mut count = 0;
        for id in &accounts {
            count += super::rows(session, id).await?.len();
        }
        Ok(count)
    })
    .await?;
    if ctx.out.json {
        #[derive(Serialize)]
        struct Document {
            templates: usize,
        }
        ctx.out.document(&Document { templates: count })?;
    } else {
        ctx.out.line(&format!("{count} templates were read"))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn show(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: Which,
) -> Result<Exit, Failure> {
    let found = with(&mut ctx, Role::Reads, async |session, _| {
        let id = one(session, account.as_ref()).await?;
        let rows = named(session, &id, &which.name, which.language.as_deref()).await?;
        Ok(rows.into_iter().map(|row| Listed { account: id.clone(), row }).collect::<Vec<_>>())
    })
    .await?;
    if ctx.out.json {
        ctx.out.document(&found)?;
        return Ok(Exit::Done);
    }
    let now = ctx.clock.now();
    for (i, l) in found.iter().enumerate() {
        if i > 0 {
            ctx.out.line("")?;
        }
        for line in described(&l.row, now) {
            ctx.out.line(&sanitize_lines(&line))?;
        }
    }
    Ok(Exit::Done)
}

/// What a customer reads, as lines.
pub(super) fn shown(t: &Template) -> Vec<String> {
    let values = Definition::of(t).example_values();
    let Body::Template { header, text, footer, buttons, .. } = t.preview(&values) else { return Vec::new() };
    let mut out = Vec::new();
    let mut part = |text: &str| {
        if !text.is_empty() {
            out.extend(text.lines().map(|l| format!("  │ {l}")));
            out.push("  │".into());
        }
    };
    part(&header);
    part(&text);
    part(&footer);
    for b in buttons {
        let to = b.target.filter(|t| !t.is_empty()).map_or_else(String::new, |t| format!(" → {t}"));
        part(&format!("[ {} ]{to}", if b.text.is_empty() { &b.kind } else { &b.text }));
    }
    out.pop();
    out
}

fn described(row: &TemplateRow, now: i64) -> Vec<String> {
    let t = &row.template;
    let mut out = vec![format!("{} ({}) · {} · {}", t.name, t.language, t.category, t.status)];
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() && value != "NONE" {
            out.push(format!("  {name}: {value}"));
        }
    };
    fact("rejected because", t.rejected_reason.clone());
    fact("quality", t.quality.clone());
    fact("was before", t.previous_category.clone());
    fact("will be", t.coming_category.clone());
    fact("from the library", t.library.clone());
    fact("time for delivery", t.ttl.map_or_else(String::new, |s| format!("{s} s")));
    let before = |at| match ago(at, now).as_str() {
        "now" => "just now".to_owned(),
        time => format!("{time} ago"),
    };
    let sent = match (row.used.count, row.used.last) {
        (0, _) => "never".to_owned(),
        (n, None) => n.to_string(),
        (n, Some(at)) => format!("{n}, the last {}", before(at)),
    };
    fact("sent", sent);
    fact("read from the provider", before(t.synced_at));
    if !row.settings.enabled {
        fact("offered to agents", "no, switched off".into());
    }
    fact("only for", row.settings.roles.join(", "));
    let fields = t.fields();
    for f in &fields {
        let source = row.settings.mapping.get(&f.key).map_or_else(String::new, |s| format!(" ← {s}"));
        let example = if f.example.is_empty() { String::new() } else { format!(" (as {})", f.example) };
        let optional = if f.required { "" } else { ", may be left out" };
        fact("value", format!("{}{example}{optional}{source}", f.key));
    }
    out.extend(shown(t));
    if let Some(why) = t.refusal() {
        out.push(format!("  cannot be sent: {why}"));
    }
    out
}

pub(super) async fn history(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: Which,
) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Change {
        language: String,
        #[serde(flatten)]
        change: TemplateChange,
    }
    let changes = with(&mut ctx, Role::Reads, async |session, _| {
        let id = one(session, account.as_ref()).await?;
        // One that was deleted has a history too.
        let languages = if let Some(language) = &which.language {
            vec![language.clone()]
        } else {
            let rows = named(session, &id, &which.name, None).await?;
            rows.into_iter().map(|r| r.template.language).collect()
        };
        let mut all = Vec::new();
        for language in languages {
            let act = TemplateRequest::History {
                account: id.clone(),
                name: which.name.clone(),
                language: language.clone(),
            };
            let TemplateAnswer::History(list) = ask(session, act).await? else {
                return Err(Failure::unexpected());
            };
            all.extend(list.into_iter().map(|change| Change { language: language.clone(), change }));
        }
        Ok(all)
    })
    .await?;
    if ctx.out.json {
        ctx.out.document(&changes)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["time", "language", "what", "from", "to", "by"], 4);
    for c in &changes {
        let time = ctx.out.time(c.change.at);
        let c = (&c.language, &c.change);
        let (from, to) = (short(&c.1.part, &c.1.from), short(&c.1.part, &c.1.to));
        table.row([&time, c.0, &c.1.part, &from, &to, &c.1.by]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// Of another text, what customers read of it; `--json` has all.
fn short(part: &str, value: &str) -> String {
    let list = (part == "components").then(|| serde_json::from_str::<Vec<serde_json::Value>>(value).ok());
    let Some(list) = list.flatten() else { return value.to_owned() };
    let body = list.iter().find(|c| c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("BODY")));
    body.and_then(|b| b["text"].as_str()).unwrap_or("other parts").to_owned()
}

pub(super) fn our_models(
    ctx: &mut Context<'_>,
    name: Option<String>,
    language: &str,
) -> Result<Exit, Failure> {
    if let Some(name) = name {
        let Some(d) = models::find(&name, language) else {
            return Err(Failure::new(
                Problem::not_found(format!("there is no model `{name}` in language `{language}`"))
                    .next("`switchboard templates models` lists those that there are"),
            ));
        };
        if ctx.out.json {
            ctx.out.document(&crate::model::template::components::document(&d))?;
        } else {
            ctx.out.line(files::write(&d, FileFormat::Toml).trim_end())?;
        }
        return Ok(Exit::Done);
    }
    #[derive(Serialize)]
    struct Model {
        name: &'static str,
        languages: Vec<&'static str>,
        category: &'static str,
        values: Vec<String>,
    }
    let all: Vec<Model> = models::names()
        .into_iter()
        .map(|name| {
            let languages = models::languages(name);
            let first = models::all().iter().find(|d| d.name == name);
            Model {
                name,
                languages,
                category: first.map_or("", |d| d.category.as_str()),
                values: first.map(|d| d.body.examples.keys().cloned().collect()).unwrap_or_default(),
            }
        })
        .collect();
    if ctx.out.json {
        ctx.out.document(&all)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["model", "category", "languages", "values"], 3);
    for m in &all {
        table.row([m.name, m.category, &m.languages.join(" "), &m.values.join(" ")]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// What is wanted of the library.
pub(super) struct Wanted {
    pub search: Option<String>,
    pub language: Option<String>,
    pub take: Option<String>,
    pub name: Option<String>,
    pub buttons: Option<String>,
}

pub(super) async fn library(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    wanted: Wanted,
) -> Result<Exit, Failure> {
    let buttons: Vec<serde_json::Value> = match &wanted.buttons {
        Some(text) => serde_json::from_str(text).map_err(|e| FieldProblem::new("buttons", e.to_string()))?,
        None => Vec::new(),
    };
    let language = wanted.language.clone().unwrap_or_default();
    if let Some(library) = wanted.take {
        let template = with(&mut ctx, Role::Reads, async |session, _| {
            let account = one(session, account.as_ref()).await?;
            let look = TemplateRequest::Library {
                account: account.clone(),
                search: library.clone(),
                language: language.clone(),
            };
            let TemplateAnswer::Library(list) = ask(session, look).await? else {
                return Err(Failure::unexpected());
            };
            let found = list.into_iter().find(|l| l.name == library).ok_or_else(|| {
                Failure::new(
                    Problem::not_found(format!("the library has no `{library}` in language `{language}`"))
                        .next("`switchboard templates library WORDS` looks through it"),
                )
            })?;
            let take = TemplateRequest::FromLibrary {
                account,
                name: wanted.name.unwrap_or_else(|| library.clone()),
                library,
                language,
                category: found.template.category,
                buttons,
            };
            match ask(session, take).await? {
                TemplateAnswer::Submitted(template) => Ok(template),
                _ => Err(Failure::unexpected()),
            }
        })
        .await?;
        super::submit::told(&mut ctx, &template)?;
        return Ok(Exit::Done);
    }
    let list = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        let search = wanted.search.clone().unwrap_or_default();
        match ask(session, TemplateRequest::Library { account, search, language }).await? {
            TemplateAnswer::Library(list) => Ok(list),
            _ => Err(Failure::unexpected()),
        }
    })
    .await?;
    if ctx.out.json {
        ctx.out.document(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["name", "language", "category", "topic", "body"], 4);
    for l in &list {
        let t = &l.template;
        table.row([&l.name, &t.language, &t.category, &l.topic, &t.body]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}
