//! Administration of a number: what is asked goes to the provider and comes back; what is changed is checked before a byte
//! leaves, done, and noted with who did it.

use super::access::Who;
use super::accounts::Account;
use super::session::disk_problem;
use super::sync::SyncError;
use super::{Shared, blocks, files};
use crate::model::business::{self, BLOCK_MAX, BlockOutcome};
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::DeliveryError;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::{AccountId, ThreadId};
use crate::model::media::StoredFile;
use crate::model::number_change::NumberChange;
use crate::model::outgoing::FieldProblem;
use crate::model::thread::ThreadDetail;
use crate::protocol::admin::{AdminAnswer, AdminRequest, BlockReport};
use crate::protocol::{Problem, Response};
use crate::provider::CallError;
use crate::provider::admin::Administration;
use std::io::Read as _;
use std::sync::Arc;

/// The language of a code that is sent.
const LANGUAGE: &str = "en_US";

/// A provider's refusal as a client gets it.
pub(super) fn refused(account: &AccountId, e: CallError) -> Problem {
    let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
    Problem::new("provider", format!("{account}: {code}{}", e.text))
        .means(e.cause.unwrap_or_default())
        .next(e.next.unwrap_or_else(|| "run `switchboard doctor`".into()))
}

/// The same for an error with a name on it.
fn failed(e: DeliveryError, whom: &Identity) -> Problem {
    let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
    // The general word for this code is about sending.
    let (means, next) = match e.code {
        131_047 => (
            "only somebody who wrote in the last 24 hours can be blocked".to_owned(),
            "block them when they write again".to_owned(),
        ),
        _ => (e.cause.unwrap_or_default(), e.next.unwrap_or_default()),
    };
    Problem::new("provider", format!("{}: {code}{}", whom.value, e.text)).means(means).next(next)
}

fn found(shared: &Shared, id: &AccountId) -> Result<Arc<Account>, Problem> {
    shared.account(id).ok_or_else(|| unknown(id))
}

fn unknown(id: &AccountId) -> Problem {
    Problem::not_found(format!("there is no account `{id}`"))
        .next("`switchboard accounts` lists those that there are")
}

fn able(account: &Account) -> Result<&dyn Administration, Problem> {
    account.provider.admin().ok_or_else(|| {
        Problem::new("unable", format!("the provider of `{}` has no such settings", account.id()))
            .next("do it in the provider's own dashboard")
    })
}

/// Answers a request about a number.
pub(super) async fn answer(who: &Who, act: AdminRequest) -> Result<Response, Problem> {
    let (shared, by) = (&who.shared, Actor::Operator(who.operator().to_owned()));
    if let Some(id) = act.account()
        && !who.access.scope.has_account(id)
    {
        return Err(unknown(id));
    }
    let answer = match act {
        AdminRequest::BlockThread { thread, block } => block_thread(shared, by, thread, block).await?,
        act if act.looks() => look(shared, act).await?,
        act => change(shared, by, act).await?,
    };
    Ok(Response::Admin(Box::new(answer)))
}

async fn look(shared: &Arc<Shared>, act: AdminRequest) -> Result<AdminAnswer, Problem> {
    let Some(id) = act.account().cloned() else { return Err(odd()) };
    let account = found(shared, &id)?;
    let admin = able(&account)?;
    let refused = |e| refused(&id, e);
    Ok(match act {
        AdminRequest::Profile { .. } => AdminAnswer::Profile(admin.profile().await.map_err(refused)?),
        AdminRequest::Standing { .. } => AdminAnswer::Standing(admin.standing().await.map_err(refused)?),
        AdminRequest::Components { .. } => {
            AdminAnswer::Components(admin.components().await.map_err(refused)?)
        }
        AdminRequest::Links { .. } => AdminAnswer::Links(admin.links().await.map_err(refused)?),
        AdminRequest::Blocked { .. } => blocked(shared, &account, admin).await?,
        _ => return Err(odd()),
    })
}

fn odd() -> Problem {
    Problem::new("protocol", "this request is not understood")
}

/// The block list: the provider's, and who blocked whom here.
async fn blocked(
    shared: &Arc<Shared>,
    account: &Account,
    admin: &dyn Administration,
) -> Result<AdminAnswer, Problem> {
    let id = account.id();
    let _alone = shared.board.alone(id).await;
    let whole = blocks::look(shared, id, admin).await.map_err(|e| match e {
        SyncError::Call(e) => refused(id, e),
        SyncError::Store(e) => e.into(),
    })?;
    let id = id.clone();
    let rows = shared.store.read(move |r| r.blocked(&id)).await?;
    Ok(AdminAnswer::Blocked { rows, whole })
}

async fn change(shared: &Arc<Shared>, by: Actor, act: AdminRequest) -> Result<AdminAnswer, Problem> {
    // What cannot be noted is not done.
    if let Some(trouble) = shared.disk.trouble() {
        return Err(disk_problem(&trouble.to_string()));
    }
    let Some(id) = act.account().cloned() else { return Err(odd()) };
    let account = found(shared, &id)?;
    let admin = able(&account)?;
    let refused = |e| refused(&id, e);
    let (answer, what) = match act {
        AdminRequest::ChangeProfile { change, picture, .. } => {
            change.check()?;
            if change.is_empty() && picture.is_none() {
                return Err(
                    Problem::new("field", "nothing is changed").next("give at least one field another value")
                );
            }
            let handle = match &picture {
                None => None,
                Some(file) => {
                    let (bytes, mime) = read_picture(shared, file).await?;
                    Some(admin.upload_picture(bytes, mime).await.map_err(refused)?)
                }
            };
            admin.change_profile(&change, handle.as_deref()).await.map_err(refused)?;
            let mut fields: Vec<String> = change.fields().into_iter().map(str::to_owned).collect();
            fields.extend(picture.is_some().then(|| "picture".to_owned()));
            let what = NumberChange::Profile { fields };
            // It is done, and noted before anything else can go wrong.
            note(shared, &by, &id, what).await?;
            return Ok(AdminAnswer::Profile(admin.profile().await.map_err(refused)?));
        }
        AdminRequest::Block { whom, .. } => {
            return set_blocks(shared, by, &account, admin, whom, true).await.map(AdminAnswer::Outcome);
        }
        AdminRequest::Unblock { whom, .. } => {
            return set_blocks(shared, by, &account, admin, whom, false).await.map(AdminAnswer::Outcome);
        }
        AdminRequest::SetComponents { components, .. } => {
            components.check()?;
            admin.set_components(&components).await.map_err(refused)?;
            let what = NumberChange::Components {
                ice_breakers: components.prompts.len(),
                commands: components.commands.len(),
            };
            (AdminAnswer::Components(components), what)
        }
        AdminRequest::CreateLink { text, .. } => {
            business::check_link_text(&text)?;
            let link = admin.create_link(&text).await.map_err(refused)?;
            let what = NumberChange::LinkCreated { code: link.code.clone() };
            (AdminAnswer::Link(link), what)
        }
        AdminRequest::ChangeLink { code, text, .. } => {
            business::check_link_code(&code)?;
            business::check_link_text(&text)?;
            let link = admin.change_link(&code, &text).await.map_err(refused)?;
            (AdminAnswer::Link(link), NumberChange::LinkChanged { code })
        }
        AdminRequest::DeleteLink { code, .. } => {
            business::check_link_code(&code)?;
            admin.delete_link(&code).await.map_err(refused)?;
            (AdminAnswer::Done, NumberChange::LinkDeleted { code })
        }
        AdminRequest::Register { pin, .. } => {
            business::check_pin(pin.reveal())?;
            admin.register(pin.reveal()).await.map_err(refused)?;
            (AdminAnswer::Done, NumberChange::Registered)
        }
        AdminRequest::Deregister { .. } => {
            admin.deregister().await.map_err(refused)?;
            (AdminAnswer::Done, NumberChange::Deregistered)
        }
        AdminRequest::SetPin { pin, .. } => {
            business::check_pin(pin.reveal())?;
            admin.set_pin(pin.reveal()).await.map_err(refused)?;
            (AdminAnswer::Done, NumberChange::PinSet)
        }
        AdminRequest::RequestCode { by: way, .. } => {
            admin.request_code(way, LANGUAGE).await.map_err(refused)?;
            (AdminAnswer::Done, NumberChange::CodeAsked)
        }
        AdminRequest::VerifyCode { code, .. } => {
            let code = business::check_code(code.reveal())?;
            admin.verify_code(&code).await.map_err(refused)?;
            (AdminAnswer::Done, NumberChange::Verified)
        }
        _ => return Err(odd()),
    };
    note(shared, &by, &id, what).await?;
    Ok(answer)
}

async fn note(shared: &Shared, by: &Actor, account: &AccountId, what: NumberChange) -> Result<(), Problem> {
    let moves = matches!(
        what,
        NumberChange::Profile { .. }
            | NumberChange::Registered
            | NumberChange::Deregistered
            | NumberChange::Verified
    );
    let body = EventBody::NumberAdministered { account: account.clone(), what };
    shared.store.apply(shared.event(by.clone(), body)).await?;
    if moves {
        // Status and profile are others now: they are read again.
        shared.sync.notify_one();
    }
    Ok(())
}

/// The bytes of a picture that was handed over, and what they are.
async fn read_picture(shared: &Arc<Shared>, file: &StoredFile) -> Result<(Vec<u8>, &'static str), Problem> {
    let hash = file.hash;
    let Some((size, _)) = shared.store.read(move |r| r.file(hash)).await? else {
        return Err(FieldProblem::new("picture", "is not kept here any more: choose it again").into());
    };
    if size > business::PICTURE_MAX as u64 {
        let max = business::PICTURE_MAX;
        return Err(FieldProblem::new("picture", format!("has {size} bytes, {max} are allowed")).into());
    }
    let kept = StoredFile { size, ..file.clone() };
    let unreadable = |why: String| Problem::new("store", format!("the picture cannot be read: {why}"));
    let mut opened = files::bytes(shared, &kept).await.map_err(unreadable)?;
    let bytes = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.read_to_end(&mut bytes).map(|_| bytes)
    })
    .await
    .map_err(|e| unreadable(e.to_string()))?
    .map_err(|e| unreadable(e.to_string()))?;
    let mime = business::check_picture(&bytes)?;
    Ok((bytes, mime))
}

fn blocking(whom: Vec<Identity>, block: bool, thread: Option<ThreadId>) -> NumberChange {
    if block { NumberChange::Blocked { whom, thread } } else { NumberChange::Unblocked { whom, thread } }
}

/// People as the provider is told of them.
fn people(whom: &[Identity]) -> Result<Vec<Identity>, Problem> {
    if whom.is_empty() || whom.len() > BLOCK_MAX {
        return Err(FieldProblem::new("whom", format!("has to be 1 to {BLOCK_MAX} people")).into());
    }
    whom.iter().map(|who| super::session::clean(who).map_err(Problem::from)).collect()
}

/// Blocks or unblocks, notes what was done, and says what was not.
async fn set_blocks(
    shared: &Arc<Shared>,
    by: Actor,
    account: &Account,
    admin: &dyn Administration,
    whom: Vec<Identity>,
    block: bool,
) -> Result<BlockReport, Problem> {
    let whom = people(&whom)?;
    let id = account.id();
    let _alone = shared.board.alone(id).await;
    let outcome = if block { admin.block(&whom).await } else { admin.unblock(&whom).await };
    let BlockOutcome { done, failed } = outcome.map_err(|e| refused(id, e))?;
    if !done.is_empty() {
        note(shared, &by, id, blocking(done.clone(), block, None)).await?;
    }
    Ok(BlockReport { done, failed })
}

/// Whom a thread is with, in the way in which they can be blocked: as they can be written to.
async fn block_thread(
    shared: &Arc<Shared>,
    by: Actor,
    thread: ThreadId,
    block: bool,
) -> Result<AdminAnswer, Problem> {
    if let Some(trouble) = shared.disk.trouble() {
        return Err(disk_problem(&trouble.to_string()));
    }
    let detail = shared.store.read(move |r| r.thread(thread)).await?;
    let account = found(shared, &detail.row.account)?;
    let admin = able(&account)?;
    let can = |kind| move |i: &&Identity| i.kind == kind;
    let list = &detail.contact.identities;
    let whom =
        list.iter().find(can(IdentityKind::Phone)).or_else(|| list.iter().find(can(IdentityKind::Bsuid)));
    let Some(whom) = whom.cloned() else {
        return Err(Problem::new(
            "unable",
            "nobody can be blocked here: the contact has neither number nor user id",
        ));
    };
    let asked = std::slice::from_ref(&whom);
    let _alone = shared.board.alone(account.id()).await;
    let outcome = if block { admin.block(asked).await } else { admin.unblock(asked).await };
    let BlockOutcome { mut done, failed: mut not } = outcome.map_err(|e| refused(account.id(), e))?;
    if let Some(why) = not.pop() {
        return Err(failed(why.error, &whom));
    }
    // The provider may name them in another way than we did: both lead here.
    if !done.contains(&whom) {
        done.push(whom);
    }
    note(shared, &by, account.id(), blocking(done, block, Some(detail.row.id))).await?;
    Ok(AdminAnswer::Done)
}

/// Why nothing can be sent to somebody.
pub(super) fn blocked_send(detail: &ThreadDetail) -> Problem {
    let by = match &detail.blocked {
        Some(b) if !b.by.is_empty() => format!(" by {}", b.by),
        _ => String::new(),
    };
    let title = crate::text::sanitize(&detail.row.title);
    let whom = crate::text::truncate(&title, 60);
    Problem {
        field: Some("text".into()),
        ..Problem::new("blocked", format!("{whom} is blocked on this number{by}"))
    }
    .means("WhatsApp takes no message for somebody whom the number has blocked, and brings none of theirs")
    .next("unblock the contact, then send it again")
}
