//! One client's requests. Reads run side by side; changes run one after the other, in the order in which they came.

use super::access::{self, Presence, Who, admit};
use super::accounts;
use super::updates::Updates;
use super::{
    Shared, activity, admin, check, contacts, conversation, deletion, doctor, files, follow, handling,
    history, library, mentions, notes, numbers, outbox, preferences, presence, recorder, sendable, sharing,
    sync, templates, together, wizard,
};
use crate::clock::Millis;
use crate::model::client::ClientInfo;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::event::{Actor, EventBody, Recipient};
use crate::model::ids::{AccountId, AttemptId, MessageId, ThreadId};
use crate::model::outgoing::{FieldProblem, Outgoing};
use crate::model::seat::Seat;
use crate::model::thread::ThreadDetail;
use crate::protocol::accounts::AccountRequest;
use crate::protocol::client::Peer;
use crate::protocol::files::FileRequest;
use crate::protocol::macros::MacroRequest;
use crate::protocol::mentions::MentionRequest;
use crate::protocol::presence::PresenceRequest;
use crate::protocol::{PROTOCOL, Problem, Request, Response, ServerFrame, Status};
use crate::store::StoreError;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Most rows a page may have.
const PAGE_MAX: u32 = 500;
/// Most ids one request may name.
const IDS_MAX: usize = 1000;

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        let p = match &e {
            StoreError::Missing(what) => Self::not_found(format!("{what} is not here")),
            StoreError::Rule(what) => Self::new("refused", what),
            StoreError::Newer { .. } => {
                Self::new("store", e.to_string()).next("use the newer version of Switchboard")
            }
            _ if e.disk().is_some() => disk_problem(&e.to_string()),
            _ => Self::new("store", e.to_string())
                .means("the database could not do it; nothing was changed")
                .next("look at the disk, then run `switchboard doctor`"),
        };
        tracing::debug!(error = %e, "a request failed");
        p
    }
}

/// Nothing can be written.
pub(super) fn disk_problem(what: &str) -> Problem {
    Problem::new("disk", what)
        .means("nothing was stored and nothing was sent; what is here can be read")
        .next("make room on the disk of the data folder, or make it writable; it goes on by itself")
}

pub(super) fn is_read(request: &Request) -> bool {
    matches!(
        request,
        Request::Accounts
            | Request::Admin { .. }
            | Request::Template { .. }
            | Request::Wizard { .. }
            | Request::Account { act: AccountRequest::Show { .. } | AccountRequest::Verify { .. } }
            | Request::Threads { .. }
            | Request::Filtered { .. }
            | Request::ViewCounts { .. }
            | Request::Follow { .. }
            | Request::Me
            | Request::Labels
            | Request::Operators
            | Request::ThreadRows { .. }
            | Request::Thread { .. }
            | Request::FindThread { .. }
            | Request::People { .. }
            | Request::Messages { .. }
            | Request::MessageRows { .. }
            | Request::Contacts { .. }
            | Request::Contact { .. }
            | Request::Versions { .. }
            | Request::Templates { .. }
            | Request::QuickReplies
            | Request::Macro { act: MacroRequest::List }
            | Request::File { act: FileRequest::Read { .. } }
            | Request::Search { .. }
            | Request::FindInThread { .. }
            | Request::Neighbours { .. }
            | Request::Status
            | Request::Doctor
            | Request::Activity { .. }
            | Request::Numbers { .. }
            | Request::Webhooks { .. }
            | Request::Webhook { .. }
            | Request::MessageLife { .. }
            | Request::Backup { .. }
            | Request::Sync { .. }
            | Request::Check { .. }
            | Request::Outbox { .. }
            | Request::Typing { .. }
            | Request::Mentions { act: MentionRequest::List { .. } }
            | Request::Presence {
                act: PresenceRequest::Who { .. } | PresenceRequest::Watched | PresenceRequest::Screens
            }
    )
}

/// Serves one client until it goes, the engine stops, or the rules let it in no more.
pub(super) async fn run(shared: Arc<Shared>, mut peer: Peer, client: ClientInfo) {
    let mut rules = shared.book.subscribe();
    let session = shared.last_session.fetch_add(1, Ordering::Relaxed);
    let mut who = match admit(&shared, &client, session).await {
        Ok(who) => Arc::new(who),
        Err(problem) => return refuse(&shared, peer, &client, problem).await,
    };
    let presence = Presence::new(&shared, &client, &who);
    let updates = Updates::start(&shared, &peer.frames, &who);
    let uploads = files::Uploads::new(&shared);
    loop {
        let frame = tokio::select! {
            () = shared.stop.cancelled() => break,
            changed = rules.changed() => {
                if changed.is_err() {
                    break;
                }
                None
            }
            frame = peer.requests.recv() => match frame {
                Some(frame) => Some(frame),
                None => break,
            },
        };
        // A request that was sent before the rules changed is looked at by those of now.
        if who.is_outdated(&shared) {
            match admit(&shared, &client, session).await {
                Ok(now) => {
                    let other = now.access != who.access;
                    who = Arc::new(now);
                    if other {
                        presence.now(&who);
                        updates.now(&who);
                    }
                }
                Err(problem) => {
                    tracing::warn!(user = %client.user, pid = client.pid, "a client has to go: {}", problem.what);
                    // When it comes back it is told why; what it has just asked is answered with it.
                    if let Some(frame) = frame {
                        let last = ServerFrame::Answer { id: frame.id, result: Err(problem) };
                        let _ = peer.frames.send(last).await;
                    }
                    break;
                }
            }
        }
        let Some(frame) = frame else { continue };
        let id = frame.id;
        if is_read(&frame.request) {
            let (who, updates) = (Arc::clone(&who), updates.known());
            let frames = peer.frames.clone();
            tokio::spawn(async move {
                let result = answer(&who, frame.request).await;
                if let Ok(answer) = &result {
                    updates.learn(answer);
                }
                let _ = frames.send(ServerFrame::Answer { id, result }).await;
            });
        } else {
            let result = match frame.request {
                request @ Request::File { .. } => upload(&who, &uploads, request).await,
                request => answer(&who, request).await,
            };
            if peer.frames.send(ServerFrame::Answer { id, result }).await.is_err() {
                break;
            }
        }
    }
}

/// Answers a request, if it may be asked.
pub(super) async fn answer(who: &Who, request: Request) -> Result<Response, Problem> {
    access::gate(who, &request).await?;
    let shared = &who.shared;
    let answer = if is_read(&request) {
        read(shared, who, request).await?
    } else {
        change(shared, who, request).await?
    };
    Ok(access::masked(who, answer))
}

/// Answers a request about a file that this client hands over, if it may be asked.
async fn upload(who: &Who, uploads: &files::Uploads, request: Request) -> Result<Response, Problem> {
    access::gate(who, &request).await?;
    match request {
        Request::File { act } => uploads.answer(who, act).await,
        _ => Err(Problem::new("protocol", "this request is not about a file")),
    }
}

/// Answers the first request of a client that may not come in with the reason, and lets it go.
async fn refuse(shared: &Arc<Shared>, mut peer: Peer, client: &ClientInfo, problem: Problem) {
    tracing::warn!(uid = client.uid, user = %client.user, pid = client.pid, "refused a client: {}", problem.what);
    let seat = Some(Arc::new(Seat::of(client)));
    activity::refused(shared, &client.user, seat, "attach", &problem.what).await;
    let first = tokio::select! {
        () = shared.stop.cancelled() => None,
        frame = peer.requests.recv() => frame,
    };
    if let Some(frame) = first {
        let _ = peer.frames.send(ServerFrame::Answer { id: frame.id, result: Err(problem) }).await;
    }
}

async fn read(shared: &Arc<Shared>, who: &Who, request: Request) -> Result<Response, Problem> {
    let (store, operator) = (&shared.store, who.operator());
    match request {
        Request::Accounts => {
            let views = store.read(crate::store::Reader::accounts).await?;
            Ok(Response::Accounts(accounts::in_order(shared, views)))
        }
        Request::Account { act } => accounts::answer(shared, who, act).await,
        Request::Admin { act } => admin::answer(who, act).await,
        Request::Template { act } => templates::answer(who, *act).await,
        Request::Wizard { act } => wizard::answer(who, act).await,
        Request::Threads { account, filter, before, limit } => {
            let limit = limit.clamp(1, PAGE_MAX);
            handling::read(shared, operator, Request::Threads { account, filter, before, limit }).await
        }
        Request::Filtered { account, filter, before, limit } => {
            let limit = limit.clamp(1, PAGE_MAX);
            handling::read(shared, operator, Request::Filtered { account, filter, before, limit }).await
        }
        asked @ (Request::ViewCounts { .. } | Request::Labels | Request::Operators) => {
            handling::read(shared, operator, asked).await
        }
        Request::Me => access::me(who).await,
        Request::Presence { act } => presence::read(who, act).await,
        Request::Mentions { act } => mentions::answer(who, act).await,
        Request::Follow { after, limit } => follow::page(shared, after, limit).await,
        Request::ThreadRows { mut ids } => {
            ids.truncate(IDS_MAX);
            Ok(Response::ThreadRows(store.read(move |r| r.thread_rows(&ids)).await?))
        }
        Request::Thread { id } => Ok(Response::Thread(Box::new(store.read(move |r| r.thread(id)).await?))),
        Request::FindThread { account, text } => find_thread(shared, account, text).await,
        Request::People { account, text, limit } => {
            let limit = limit.clamp(1, PAGE_MAX) as usize;
            Ok(Response::ThreadRows(store.read(move |r| r.people(&text, account.as_ref(), limit)).await?))
        }
        Request::Messages { thread, place, limit } => {
            let limit = limit.clamp(1, PAGE_MAX);
            let mut page = store.read(move |r| r.messages(thread, place, limit)).await?;
            shared.uploading.show(&mut page.items);
            Ok(Response::Messages { items: page.items, older: page.older, newer: page.newer })
        }
        Request::MessageRows { mut ids } => {
            ids.truncate(IDS_MAX);
            let mut rows = store.read(move |r| r.message_rows(&ids)).await?;
            shared.uploading.show(&mut rows);
            Ok(Response::MessageRows(rows))
        }
        Request::Contacts { text, before, limit } => {
            let limit = limit.clamp(1, 200);
            Ok(Response::Contacts(store.read_slow(move |r| r.contacts(&text, before, limit)).await?))
        }
        Request::Contact { text } => contacts::find(shared, text).await,
        Request::Versions { message } => {
            Ok(Response::Versions(store.read(move |r| r.versions(message)).await?))
        }
        Request::Templates { account } => templates::offered(who, account).await,
        Request::QuickReplies => {
            let operator = operator.to_owned();
            Ok(Response::QuickReplies(store.read(move |r| r.quick_replies(&operator)).await?))
        }
        Request::Macro { act: MacroRequest::List } => library::macros(shared, operator).await,
        Request::File { act: FileRequest::Read { hash, at } } => files::read(shared, hash, at).await,
        Request::Search { text, zone, account, thread, before, limit } => {
            let limit = limit.clamp(1, 200);
            conversation::search(shared, &text, zone.as_deref(), (account, thread), before, limit).await
        }
        Request::FindInThread { thread, text, zone, before } => {
            conversation::find(shared, thread, &text, zone.as_deref(), before).await
        }
        Request::Neighbours { messages } => conversation::neighbours(shared, messages).await,
        Request::Status => {
            let mut status = status(shared).await?;
            status.silent.retain(|s| who.access.scope.has_account(&s.account));
            Ok(Response::Status(Box::new(status)))
        }
        Request::Doctor => Ok(Response::Checks(doctor::run(shared).await)),
        Request::Activity { act } => activity::answer(who, act).await,
        Request::Numbers { wanted } => numbers::answer(who, wanted).await,
        Request::Webhooks { filter, before, limit } => {
            recorder::list(shared, filter, before, limit.clamp(1, PAGE_MAX)).await
        }
        Request::Webhook { id, limit } => recorder::show(shared, id, limit).await,
        Request::MessageLife { message } => recorder::life(shared, message).await,
        Request::Backup { file } => backup(shared, file).await,
        Request::Sync { account } => sync_now(shared, account).await,
        Request::Typing { thread } => typing(shared, thread).await,
        Request::Check { message } => {
            check::check(shared, Actor::Operator(operator.to_owned()), message).await
        }
        Request::Outbox { account, limit } => {
            let limit = limit.clamp(1, 1000);
            Ok(Response::Outbox(store.read(move |r| r.outbox_rows(account.as_ref(), limit)).await?))
        }
        _ => Err(Problem::new("protocol", "this request changes something and was taken for a question")),
    }
}

async fn find_thread(shared: &Shared, account: Option<AccountId>, text: String) -> Result<Response, Problem> {
    let wanted = text.clone();
    let found =
        shared.store.read_slow(move |r| Ok(r.find_thread(account.as_ref(), &text))).await?.map_err(|e| {
            Problem::new("ambiguous", format!("`{wanted}`: {e}")).next("name it by number or thread id")
        })?;
    let id = found.ok_or_else(|| {
        Problem::not_found(format!("there is no thread for `{wanted}`")).next(
            "use a thread id, a phone number, a user id or a whole name; `switchboard threads` lists them",
        )
    })?;
    Ok(Response::Thread(Box::new(shared.store.read(move |r| r.thread(id)).await?)))
}

pub(super) async fn status(shared: &Shared) -> Result<Status, StoreError> {
    let (last_webhook, failed_webhooks, (outbox, later, unknown), notices) = shared
        .store
        .read(|r| {
            let (last, failed) = r.webhook_facts()?;
            Ok((last, failed, r.outbox_counts()?, r.notices(5)?))
        })
        .await?;
    let (listener, listener_problem) = match shared.bound() {
        Some(Ok(addr)) => (Some(addr.to_string()), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    // What is looked at is kept for all: it is looked at with eyes that see everything.
    let whole = shared.whole();
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").into(),
        listener,
        listener_problem,
        last_webhook,
        webhooks: shared.counters.webhooks.load(Ordering::Relaxed),
        bad_signatures: shared.counters.bad_signatures.load(Ordering::Relaxed),
        failed_webhooks,
        outbox,
        later,
        unknown,
        notices,
        silent: whole.silence.now(&whole).await,
        disk: shared.disk.problem(),
    })
}

async fn backup(shared: &Shared, file: String) -> Result<Response, Problem> {
    let path = PathBuf::from(&file);
    if !path.is_absolute() {
        return Err(FieldProblem::new("file", "must be an absolute path").into());
    }
    if path.exists() {
        return Err(FieldProblem::new("file", format!("{file} exists already; choose another name")).into());
    }
    shared.store.read_slow(move |r| r.backup(&path)).await?;
    Ok(Response::Done)
}

async fn sync_now(shared: &Shared, account: Option<AccountId>) -> Result<Response, Problem> {
    let mut any = false;
    for a in shared.accounts().iter().filter(|a| a.is_connected()) {
        if account.as_ref().is_some_and(|id| id != a.id()) {
            continue;
        }
        any = true;
        sync::account_now(shared, a).await.map_err(|e| accounts::sync_problem(a.id(), e))?;
    }
    if any { Ok(Response::Done) } else { Err(Problem::not_found("this account is not configured")) }
}

async fn typing(shared: &Shared, thread: ThreadId) -> Result<Response, Problem> {
    let (detail, newest) =
        shared.store.read(move |r| Ok((r.thread(thread)?, r.newest_inbound(thread, i64::MAX)?))).await?;
    let account = shared.account(&detail.row.account).ok_or_else(|| Problem::not_found("this account"))?;
    if let Some(id) = newest
        && account.provider.capabilities().typing
        && account.settings.read_receipts
        && let Err(error) = account.provider.mark_read(&id, true).await
    {
        tracing::debug!(%error, "typing was not shown");
    }
    Ok(Response::Done)
}

async fn change(shared: &Arc<Shared>, who: &Who, request: Request) -> Result<Response, Problem> {
    let operator = who.operator();
    let by = || Actor::Operator(operator.to_owned());
    let done = async |body: EventBody| -> Result<Response, Problem> {
        shared.store.apply(shared.event(by(), body)).await?;
        Ok(Response::Done)
    };
    match request {
        Request::Account { act } => accounts::answer(shared, who, act).await,
        Request::History { act } => history::request(shared, who, act).await,
        Request::Hello { protocol, version, .. } => {
            if protocol != PROTOCOL {
                return Err(Problem::new(
                    "protocol",
                    format!(
                        "the client ({version}) speaks protocol {protocol}, the engine speaks {PROTOCOL}"
                    ),
                )
                .next("use the same version of Switchboard for both"));
            }
            Ok(Response::Hello {
                protocol: PROTOCOL,
                version: env!("CARGO_PKG_VERSION").into(),
                operator: operator.to_owned(),
            })
        }
        Request::Send { account, to, content, quote, at } => {
            let begins = matches!(to, Recipient::Identity { .. });
            let sent = send(shared, by(), Wanted { account, to, content, quote, at, id: None }).await;
            sharing::own_what_begins(who, begins, sent).await
        }
        Request::SendTemplate { account, to, name, language, values, file, knowing, at } => {
            let file = file.map(|f| *f);
            let wish = templates::Wish { account, to, name, language, values, file, knowing, at, id: None };
            templates::send(who, wish).await
        }
        Request::Retry { message } => {
            let attempt = AttemptId::new();
            let result = done(EventBody::MessageRetried { message, attempt }).await;
            shared.outbox.notify_one();
            result
        }
        Request::Cancel { message } => {
            let result = done(EventBody::MessageCancelled { message }).await;
            // What waited behind it may go.
            shared.outbox.notify_one();
            result
        }
        Request::TakeBack { message } => check::take_back(shared, by(), message).await,
        Request::Reschedule { message, at } => {
            let send_at = at.filter(|at| *at > shared.clock.now());
            send_time(shared, send_at)?;
            let result = done(EventBody::SendMoved { message, send_at }).await;
            shared.outbox.notify_one();
            result
        }
        Request::MarkRead { thread, upto, stored, receipt } => {
            mark_read(shared, by(), thread, (upto, stored), receipt).await
        }
        Request::Act { threads, act } => handling::act(shared, by(), threads, act).await,
        Request::SaveLabel { label } => handling::save_label(shared, by(), label).await,
        Request::DeleteLabel { id } => handling::delete_label(shared, by(), id).await,
        Request::MergeContacts { into, from } => contacts::merge(shared, by(), into, from).await,
        Request::SplitContact { contact, identities } => {
            contacts::split(shared, by(), contact, identities).await
        }
        Request::DeleteThread { thread, name } => deletion::delete(who, by(), thread, &name).await,
        Request::MarkUnread { thread } => done(EventBody::ThreadUnread { thread }).await,
        Request::SaveDraft { thread, mode, text } => done(EventBody::DraftSaved { thread, mode, text }).await,
        Request::AddNote { thread, text } => notes::add(shared, by(), thread, text).await,
        Request::Note { act } => notes::change(shared, by(), act).await,
        Request::SaveQuickReply { reply } => done(library::reply(reply, operator)?).await,
        Request::Macro { act } => done(library::change(act, operator)?).await,
        Request::Together { requests } => together::run(who, requests).await,
        Request::DeleteQuickReply { id } => done(EventBody::QuickReplyDeleted { reply: id }).await,
        Request::ReplayWebhook { id } => recorder::replay(shared, by(), id).await,
        Request::Access { act } => access::rules(shared, who, act).await,
        Request::Presence { act } => presence::change(who, act).await,
        Request::Mentions { act } => mentions::answer(who, act).await,
        Request::Share { threads, how, team } => {
            handling::countable(&threads)?;
            sharing::share(who, &who.engine(), threads, how, team).await
        }
        Request::Preferences => preferences::list(shared, operator).await,
        Request::SetPreference { preference } => preferences::set(shared, by(), preference).await,
        Request::UseQuickReply { id } => done(EventBody::QuickReplyUsed { reply: id }).await,
        _ => Err(Problem::new("protocol", "this request asks something and was taken for a change")),
    }
}

async fn mark_read(
    shared: &Arc<Shared>,
    actor: Actor,
    thread: ThreadId,
    (upto, stored): (i64, Option<i64>),
    receipt: bool,
) -> Result<Response, Problem> {
    let (detail, newest) =
        shared.store.read(move |r| Ok((r.thread(thread)?, r.newest_inbound(thread, upto)?))).await?;
    if detail.row.unread == 0 {
        return Ok(Response::Done);
    }
    shared.store.apply(shared.event(actor, EventBody::ThreadRead { thread, upto, stored })).await?;
    let wanted = shared
        .account(&detail.row.account)
        .is_some_and(|a| receipt && a.settings.read_receipts && a.provider.capabilities().read_receipts);
    if let (true, Some(id)) = (wanted, newest) {
        let shared = Arc::clone(shared);
        let key = detail.row.account;
        tokio::spawn(async move {
            if let Some(a) = shared.account(&key)
                && let Err(error) = a.provider.mark_read(&id, false).await
            {
                tracing::warn!(%error, "a read receipt was not delivered");
            }
        });
    }
    Ok(Response::Done)
}

pub(super) fn clean(identity: &Identity) -> Result<Identity, FieldProblem> {
    let value = identity.value.trim();
    if value.is_empty() {
        return Err(FieldProblem::new("to", "names nobody"));
    }
    match identity.kind {
        IdentityKind::Phone => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            let odd = value.chars().any(|c| !c.is_ascii_digit() && !"+ -().\u{a0}".contains(c));
            if odd || !(7..=15).contains(&digits.len()) {
                return Err(FieldProblem::new(
                    "to",
                    "is not a phone number: country code and number, 7 to 15 digits, are expected",
                ));
            }
            if digits.starts_with('0') {
                return Err(FieldProblem::new("to", "must start with a country code, not with 0"));
            }
            Ok(Identity::phone(digits))
        }
        IdentityKind::Bsuid | IdentityKind::ParentBsuid | IdentityKind::Group => {
            if value.len() > 256 || value.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(FieldProblem::new("to", "is not an id of the provider"));
            }
            Ok(Identity { kind: identity.kind, value: value.to_owned() })
        }
        IdentityKind::Username => {
            Err(FieldProblem::new("to", "a username cannot be written to; use a phone number or user id"))
        }
    }
}

/// The account a send goes out from: named, the thread's, or the only one.
pub(super) async fn which_account(
    shared: &Shared,
    account: Option<AccountId>,
    to: &Recipient,
) -> Result<AccountId, Problem> {
    if let Recipient::Thread { thread } = to {
        let id = *thread;
        let mut rows = shared.store.read(move |r| r.thread_rows(&[id])).await?;
        let row = rows.pop().ok_or_else(|| Problem::not_found("this thread is not here"))?;
        if account.is_some_and(|a| a != row.account) {
            return Err(
                FieldProblem::new("account", format!("the thread belongs to `{}`", row.account)).into()
            );
        }
        return Ok(row.account);
    }
    if let Some(id) = account {
        return match shared.account(&id) {
            Some(_) => Ok(id),
            None => Err(FieldProblem::new("account", format!("`{id}` is not configured")).into()),
        };
    }
    match shared.accounts().as_slice() {
        [one] => Ok(one.id().clone()),
        [] => Err(FieldProblem::new("account", "none is configured").into()),
        _ => Err(FieldProblem::new("account", "there are several; name the one to send from").into()),
    }
}

pub(super) async fn thread_of(
    shared: &Shared,
    account: &AccountId,
    to: &Recipient,
) -> Result<Option<ThreadDetail>, Problem> {
    match to {
        Recipient::Thread { thread } => {
            let id = *thread;
            Ok(Some(shared.store.read(move |r| r.thread(id)).await?))
        }
        Recipient::Identity { identity } => {
            let (account, value) = (account.clone(), identity.value.clone());
            let found = shared
                .store
                .read(move |r| {
                    let id = r.find_thread(Some(&account), &value).unwrap_or_default();
                    id.map(|id| r.thread(id)).transpose()
                })
                .await?;
            Ok(found)
        }
    }
}

/// The furthest time a message may be sent at.
fn send_time(shared: &Shared, at: Option<Millis>) -> Result<(), FieldProblem> {
    const YEAR: Millis = 366 * 86_400_000;
    match at {
        Some(at) if at - shared.clock.now() > YEAR => {
            Err(FieldProblem::new("at", "is more than a year from now"))
        }
        _ => Ok(()),
    }
}

/// A send that was asked for.
pub(super) struct Wanted {
    pub account: Option<AccountId>,
    pub to: Recipient,
    pub content: Outgoing,
    pub quote: Option<MessageId>,
    pub at: Option<Millis>,
    /// The id of the message where the caller names it, so that the same call again is the same message.
    pub id: Option<MessageId>,
}

pub(super) async fn send(shared: &Arc<Shared>, actor: Actor, wanted: Wanted) -> Result<Response, Problem> {
    let (message, body) = check_send(shared, wanted).await?;
    let reply = shared.store.apply(shared.event(actor, body)).await?;
    shared.outbox.notify_one();
    let thread = reply.thread.ok_or_else(|| Problem::new("store", "the send has no thread"))?;
    Ok(Response::Queued { message, thread })
}

/// Everything that can be said against a send before it is committed; else what is to be committed.
pub(super) async fn check_send(shared: &Shared, wanted: Wanted) -> Result<(MessageId, EventBody), Problem> {
    let Wanted { account, to, content, quote, at, id: message } = wanted;
    // Before anything else: what cannot be noted must not leave.
    if let Some(trouble) = shared.disk.trouble() {
        return Err(disk_problem(&trouble.to_string()));
    }
    send_time(shared, at)?;
    let id = which_account(shared, account, &to).await?;
    let to = match to {
        Recipient::Identity { identity } => Recipient::Identity { identity: clean(&identity)? },
        thread @ Recipient::Thread { .. } => thread,
    };
    let content = files::settled(shared, content).await?;
    content.check()?;
    let a = shared.account(&id).ok_or_else(|| {
        Problem::not_found(format!("the account `{id}` is not configured any more"))
            .next("configure it again")
    })?;
    let detail = thread_of(shared, &id, &to).await?;
    sendable::check(shared, &id, &to, detail.as_ref()).await?;
    let can = a.provider.capabilities();
    let able = match content {
        Outgoing::Text { .. } | Outgoing::Location { .. } | Outgoing::Contacts { .. } => can.text,
        Outgoing::Template { .. } => can.templates,
        Outgoing::Media { .. } => can.media,
        Outgoing::Reaction { .. } => can.reactions,
        Outgoing::Buttons { .. } | Outgoing::List { .. } | Outgoing::Link { .. } => can.interactive,
    };
    if !able {
        return Err(Problem::new(
            "unable",
            format!("the account `{id}` cannot send {} messages", content.kind()),
        ));
    }
    if let Some(detail) = detail.as_ref().filter(|d| d.blocked.is_some()) {
        return Err(admin::blocked_send(detail));
    }
    if can.window && !content.may_leave_closed_window() {
        let open = detail.as_ref().is_some_and(|d| d.row.window.is_open(shared.clock.now()));
        if !open {
            let why = outbox::window_error();
            return Err(Problem {
                field: Some("text".into()),
                ..Problem::new(
                    "window_closed",
                    "the customer service window is closed: free text cannot be sent",
                )
            }
            .means(if detail.is_some() {
                why.cause.unwrap_or_default()
            } else {
                "the customer never wrote to this number".into()
            })
            .next("send a template"));
        }
    }
    let thread = detail.as_ref().map(|d| d.row.id);
    for (field, message) in [("quote", quote), ("emoji", reaction_target(&content))] {
        let Some(message) = message else { continue };
        let found = shared.store.read(move |r| r.message_rows(&[message])).await?.pop();
        let fits = found.filter(|m| Some(m.thread) == thread);
        match fits {
            None => return Err(FieldProblem::new(field, "this message is not in the thread").into()),
            Some(m) if m.provider_id.is_none() => {
                return Err(FieldProblem::new(field, "this message has not reached the provider yet").into());
            }
            Some(_) => {}
        }
    }
    let message = message.unwrap_or_default();
    // Who names a time has thought about it; whoever does not may think again for a moment.
    let undo = match at {
        // A reaction is taken away as easily as it is given.
        None if reaction_target(&content).is_some() => 0,
        None => i64::try_from(shared.live().undo.as_millis()).unwrap_or(0),
        Some(_) => 0,
    };
    let body = EventBody::MessageQueued {
        message,
        attempt: AttemptId::new(),
        account: id,
        to,
        content,
        quote,
        not_before: shared.clock.now() + undo,
        send_at: at.filter(|at| *at > shared.clock.now()),
    };
    Ok((message, body))
}

fn reaction_target(content: &Outgoing) -> Option<MessageId> {
    match content {
        Outgoing::Reaction { target, .. } => Some(*target),
        _ => None,
    }
}
