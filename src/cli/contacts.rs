//! `switchboard contacts`.

use super::args::{ContactAction, Contacts};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, format};
use crate::model::contact::{Identity, IdentityKind, display_phone};
use crate::model::phone;
use crate::protocol::{ContactDetail, Page, Problem, Request, Response};

pub(super) async fn run(mut ctx: Context<'_>, args: Contacts) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = act(&mut session, args.action.unwrap_or_default()).await;
    session.close().await;
    match result? {
        Found::List(page) => {
            if ctx.out.json {
                ctx.out.document(&page)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["contact", "name", "known as", "threads", "last"], 2);
            for d in &page.items {
                let last = d.threads.iter().map(|t| t.last_at).max();
                table.row([
                    &d.contact.id.to_string(),
                    &d.contact.display_name(),
                    &known_as(d),
                    &d.threads.iter().map(|t| t.account.to_string()).collect::<Vec<_>>().join(" "),
                    &last.map(|at| ctx.out.time(at)).unwrap_or_default(),
                ]);
            }
            ctx.out.table(&table)?;
            if let Some(next) = page.next {
                ctx.out.remark(&format!("more: --before {}", format::cursor(next)));
            }
        }
        Found::One(detail) => {
            if ctx.out.json {
                ctx.out.document(&detail)?;
                return Ok(Exit::Done);
            }
            show(&mut ctx, &detail)?;
        }
    }
    Ok(Exit::Done)
}

enum Found {
    List(Page<ContactDetail>),
    One(Box<ContactDetail>),
}

async fn act(session: &mut Session, action: ContactAction) -> Result<Found, Failure> {
    let request = match action {
        ContactAction::List { text, limit, before } => {
            Request::Contacts { text: text.unwrap_or_default(), before, limit }
        }
        ContactAction::Show { contact } => Request::Contact { text: contact },
        ContactAction::Merge { into, from } => {
            let (into, from) = (find(session, &into).await?, find(session, &from).await?);
            Request::MergeContacts { into: into.contact.id, from: from.contact.id }
        }
        ContactAction::Split { contact, identities } => {
            let detail = find(session, &contact).await?;
            let identities =
                identities.iter().map(|i| pick(&detail, i)).collect::<Result<Vec<_>, Failure>>()?;
            Request::SplitContact { contact: detail.contact.id, identities }
        }
    };
    match session.client.ask(request).await? {
        Response::Contacts(page) => Ok(Found::List(page)),
        Response::Contact(detail) => Ok(Found::One(detail)),
        _ => Err(Failure::unexpected()),
    }
}

async fn find(session: &mut Session, text: &str) -> Result<Box<ContactDetail>, Failure> {
    match session.client.ask(Request::Contact { text: text.to_owned() }).await? {
        Response::Contact(detail) => Ok(detail),
        _ => Err(Failure::unexpected()),
    }
}

/// The identity of a contact that a text names: exactly that one, no other form of it.
fn pick(detail: &ContactDetail, text: &str) -> Result<Identity, Failure> {
    let digits = phone::typed(text);
    let bare = text.strip_prefix('@').unwrap_or(text);
    let fits = |i: &&Identity| match i.kind {
        IdentityKind::Phone => digits.as_ref() == Some(&i.value),
        IdentityKind::Username => i.value == bare,
        _ => i.value == text,
    };
    detail.contact.identities.iter().find(fits).cloned().ok_or_else(|| {
        Problem::not_found(format!("`{text}` is no identity of {}", detail.contact.display_name()))
            .next("`switchboard contacts show` lists them")
            .into()
    })
}

fn word(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Bsuid => "user id",
        IdentityKind::Phone => "phone",
        IdentityKind::ParentBsuid => "parent id",
        IdentityKind::Username => "username",
        IdentityKind::Group => "group",
    }
}

fn shown(i: &Identity) -> String {
    match i.kind {
        IdentityKind::Phone => display_phone(&i.value),
        IdentityKind::Username => format!("@{}", i.value),
        _ => i.value.clone(),
    }
}

fn known_as(d: &ContactDetail) -> String {
    d.contact.identities.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn show(ctx: &mut Context<'_>, d: &ContactDetail) -> Result<(), Failure> {
    let mut table = Table::new(&["contact", "name", "kind", "known as", "since", ">messages", ""], 3);
    let states = [String::new(), "replaced".to_owned()];
    for i in &d.identities {
        let retired = &states[usize::from(i.retired)];
        table.row([
            &d.contact.id.to_string(),
            &d.contact.display_name(),
            word(i.identity.kind),
            &shown(&i.identity),
            &i.since.map(|at| ctx.out.time(at)).unwrap_or_default(),
            &i.messages.to_string(),
            retired,
        ]);
    }
    ctx.out.table(&table)?;
    for t in &d.threads {
        ctx.out.remark(&format!("thread {} on {}", t.id, t.account));
    }
    Ok(())
}
