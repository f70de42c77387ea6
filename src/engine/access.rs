//! Who may do what: asked before every request. What somebody may not see is not answered here but by the store
//! (`Shared::seeing`): it does not exist for them.

use super::{Shared, activity};
use crate::model::access::{Access, AccessBook, Refusal, Resource, Scope, Verb};
use crate::model::client::ClientInfo;
use crate::model::event::{AccessChange, Actor, EventBody, Recipient};
use crate::model::ids::{ContactId, MessageId, ThreadId};
use crate::model::outgoing::FieldProblem;
use crate::model::seat::Seat;
use crate::model::sharing::{RELEASE_MAX, ShareRules};
use crate::model::thread::DraftMode;
use crate::protocol::access::{AccessList, AccessRequest, Attached, Me};
use crate::protocol::admin::AdminRequest;
use crate::protocol::files::FileRequest;
use crate::protocol::macros::MacroRequest;
use crate::protocol::notes::NoteRequest;
use crate::protocol::presence::PresenceRequest;
use crate::protocol::{Problem, Request, Response};
use crate::store::{Store, StoreError};
use crate::users;
use std::sync::{Arc, PoisonError};

/// Somebody at the other end of a connection, and the engine as it is for them.
pub(super) struct Who {
    /// What they may do.
    pub access: Access,
    /// The engine as they see it.
    pub shared: Arc<Shared>,
    /// The number of the session.
    pub session: u64,
    /// The rules that this comes from.
    book: Arc<AccessBook>,
}

impl Who {
    /// The operator's name.
    pub fn operator(&self) -> &str {
        &self.access.operator
    }

    /// The store with all that is hidden from them, to look whether something stands in the way.
    fn everything(&self) -> Store {
        self.shared.store.seeing(&Scope::all())
    }

    /// The engine as it is for itself, to do what follows from a change that was allowed.
    pub fn engine(&self) -> Arc<Shared> {
        self.shared.unlimited()
    }

    /// Whether the rules have changed since.
    pub fn is_outdated(&self, shared: &Shared) -> bool {
        !Arc::ptr_eq(&self.book, &shared.book.borrow())
    }
}

/// What a client may do by the rules of now, or why it may not come in.
pub(super) async fn admit(shared: &Arc<Shared>, client: &ClientInfo, session: u64) -> Result<Who, Problem> {
    let book = Arc::clone(&shared.book.borrow());
    // A client without a uid is a part of this process. The superuser can read the data folder anyway.
    let owner = client.uid.is_none_or(|uid| uid == shared.uid || uid == 0);
    match book.access(client, owner) {
        Ok(access) => {
            let view = shared.seeing(&access.scope, &access.operator, Seat::of(client));
            remember(shared, &book, client, &access).await;
            Ok(Who { access, shared: view, session, book })
        }
        Err(why) => Err(refused(shared, client, why).await),
    }
}

/// A program outside that has shown its token: an operator of its name where there is one, else as the owner of the data.
pub(super) async fn program(shared: &Arc<Shared>, client: &ClientInfo) -> Result<Who, Problem> {
    let book = Arc::clone(&shared.book.borrow());
    let owner = !book.operators.iter().any(|e| e.who.is_user(&client.user));
    match book.access(client, owner) {
        Ok(access) => {
            let view = shared.seeing(&access.scope, &access.operator, Seat::of(client));
            Ok(Who { access, shared: view, session: 0, book })
        }
        Err(why) => Err(refused(shared, client, why).await),
    }
}

/// Whoever comes in by a group's entry is known by name from then on: to colleagues of the team, and to the log.
async fn remember(shared: &Shared, book: &AccessBook, client: &ClientInfo, access: &Access) {
    let named = book.operators.iter().any(|e| e.who.is_user(&client.user));
    if named
        || client.uid.is_none()
        || book.operators.is_empty()
        || book.seen.get(&client.user) == Some(&access.teams)
    {
        return;
    }
    let change = AccessChange::OperatorSeen { name: client.user.clone(), teams: access.teams.clone() };
    if let Err(error) = change_rules(shared, Actor::Engine, change).await {
        tracing::warn!(%error, "an operator was not remembered");
    }
}

async fn refused(shared: &Shared, client: &ClientInfo, why: Refusal) -> Problem {
    let uid = shared.uid;
    let engine = tokio::task::spawn_blocking(move || users::name_of(uid)).await.unwrap_or_default();
    let user = &client.user;
    match why {
        Refusal::Unknown => Problem::new(
            "forbidden",
            format!("the engine on this host runs as {engine}; {user} is not one of its operators"),
        )
        .means("the kernel says who you are, and the engine lets in the users that were added to it")
        .next(format!(
            "ask its admin to add the OS user {user} as an operator: `switchboard operators add {user} --role agent`"
        )),
        Refusal::Inactive => Problem::new("forbidden", format!("the operator {user} is switched off"))
            .next("ask the admin of this engine"),
        Refusal::NoRole => {
            Problem::new("forbidden", format!("the role of the operator {user} does not exist any more"))
                .next("ask the admin of this engine to give another one")
        }
    }
}

/// Changes the rules, and tells every session.
async fn change_rules(shared: &Shared, actor: Actor, change: AccessChange) -> Result<(), StoreError> {
    shared.store.apply(shared.event(actor, EventBody::AccessChanged { change })).await?;
    // The writer has answered: what is read now has the change in it, and maybe one that came after it.
    let book = shared.store.read(crate::store::Reader::access_book).await?;
    shared.book.send_if_modified(|now| {
        let new = **now != book;
        if new {
            *now = Arc::new(book);
        }
        new
    });
    Ok(())
}

/// Answers a request about the rules.
pub(super) async fn rules(shared: &Arc<Shared>, who: &Who, act: AccessRequest) -> Result<Response, Problem> {
    let change = match act {
        AccessRequest::List => {
            let book = (**shared.book.borrow()).clone();
            let attached = shared.attached.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(Response::Access(Box::new(AccessList {
                book,
                attached: attached.values().cloned().collect(),
            })));
        }
        AccessRequest::SaveRole { role } => AccessChange::RoleSaved { role },
        AccessRequest::DeleteRole { name } => AccessChange::RoleDeleted { name },
        AccessRequest::SaveOperator { entry } => AccessChange::OperatorSaved { entry },
        AccessRequest::DeleteOperator { who } => AccessChange::OperatorDeleted { who },
        AccessRequest::SaveTeam { name, members } => AccessChange::TeamSaved { name, members },
        AccessRequest::SetSharing { rules } => {
            sharing_is_sound(shared, &rules)?;
            AccessChange::SharingSet { rules }
        }
        AccessRequest::SetAccount { account, rule } => {
            if shared.account(&account).is_none() {
                return Err(FieldProblem::new("account", format!("`{account}` is not configured")).into());
            }
            AccessChange::AccountSet { account, rule }
        }
    };
    change_rules(shared, Actor::Operator(who.operator().to_owned()), change).await?;
    Ok(Response::Done)
}

/// Rules of giving out name accounts that there are, and a time that makes sense.
fn sharing_is_sound(shared: &Shared, rules: &ShareRules) -> Result<(), Problem> {
    if let Some(unknown) = rules.accounts.keys().find(|a| shared.account(a).is_none()) {
        return Err(FieldProblem::new("account", format!("`{unknown}` is not configured")).into());
    }
    if rules.release_minutes.is_some_and(|n| !(1..=RELEASE_MAX).contains(&n)) {
        return Err(FieldProblem::new("release", format!("has to be 1 to {RELEASE_MAX} minutes")).into());
    }
    Ok(())
}

/// What the client itself may do, and what waits for it.
pub(super) async fn me(who: &Who) -> Result<Response, Problem> {
    let operator = who.operator().to_owned();
    let mentions = if who.access.allows(Resource::Chat, Verb::View) {
        let name = operator.clone();
        who.shared.store.read(move |r| r.unread_mentions(&name)).await?
    } else {
        0
    };
    Ok(Response::Me(Box::new(Me {
        operator,
        role: who.access.role.clone(),
        teams: who.access.teams.clone(),
        mentions,
    })))
}

/// What a request needs; nothing where everybody who is let in may ask.
#[allow(
    clippy::match_same_arms,
    reason = "one line for each area, so that a request is found by what it is about"
)]
fn needs(request: &Request) -> Option<(Resource, Verb)> {
    use Resource::{ActivityLog, Chat, Connection, Contacts, Operators, QuickReplies, Templates};
    use Verb::{Create, Delete, Edit, View};
    Some(match request {
        Request::Hello { .. } | Request::Me | Request::Preferences | Request::SetPreference { .. } => {
            return None;
        }
        // Each of them is asked for by itself.
        Request::Together { .. } => return None,
        Request::Accounts
        | Request::Threads { .. }
        | Request::Filtered { .. }
        | Request::ViewCounts { .. }
        | Request::Follow { .. }
        | Request::Labels
        | Request::Operators
        | Request::ThreadRows { .. }
        | Request::Thread { .. }
        | Request::FindThread { .. }
        | Request::People { .. }
        | Request::Messages { .. }
        | Request::MessageRows { .. }
        | Request::Versions { .. }
        | Request::Search { .. }
        | Request::FindInThread { .. }
        | Request::Neighbours { .. }
        | Request::Status
        | Request::Numbers { .. }
        | Request::MessageLife { .. }
        | Request::Outbox { .. }
        | Request::Mentions { .. }
        | Request::Presence {
            act: PresenceRequest::Here { .. } | PresenceRequest::Who { .. } | PresenceRequest::Screens,
        }
        | Request::File { act: FileRequest::Read { .. } }
        | Request::MarkRead { .. } => (Chat, View),
        Request::Send { .. }
        | Request::SendTemplate { .. }
        | Request::Retry { .. }
        | Request::Cancel { .. }
        | Request::TakeBack { .. }
        | Request::Reschedule { .. }
        | Request::Check { .. }
        | Request::File { .. }
        | Request::Typing { .. }
        | Request::Presence { act: PresenceRequest::Claim { .. } }
        | Request::SaveDraft { mode: DraftMode::Reply, .. } => (Chat, Create),
        Request::MarkUnread { .. }
        | Request::Act { .. }
        | Request::SaveLabel { .. }
        | Request::DeleteLabel { .. }
        | Request::AddNote { .. }
        | Request::Share { .. }
        | Request::Presence { act: PresenceRequest::TakeOver { .. } }
        | Request::SaveDraft { mode: DraftMode::Note, .. }
        | Request::Note { act: NoteRequest::Edit { .. } | NoteRequest::Delete { .. } } => (Chat, Edit),
        Request::DeleteThread { .. } => (Chat, Delete),
        Request::Contacts { .. } | Request::Contact { .. } => (Contacts, View),
        Request::MergeContacts { .. } | Request::SplitContact { .. } => (Contacts, Edit),
        Request::Templates { .. } => (Templates, View),
        Request::Sync { .. } => (Templates, Edit),
        // What is private is one's own; what is for all is looked at by `library`.
        Request::QuickReplies
        | Request::UseQuickReply { .. }
        | Request::SaveQuickReply { .. }
        | Request::DeleteQuickReply { .. }
        | Request::Macro {
            act:
                MacroRequest::List
                | MacroRequest::Save { .. }
                | MacroRequest::Delete { .. }
                | MacroRequest::Use { .. },
        } => (QuickReplies, View),
        Request::Doctor | Request::Webhooks { .. } | Request::Webhook { .. } => (Connection, View),
        Request::Backup { .. } | Request::ReplayWebhook { .. } => (Connection, Edit),
        Request::Account { act } if act.looks() => (Resource::Numbers, View),
        Request::Account { .. } | Request::History { .. } => (Connection, Edit),
        Request::Template { act } => act.needs(),
        Request::Admin { act: AdminRequest::BlockThread { .. } } => (Contacts, Edit),
        Request::Admin { act } if act.looks() => (Resource::Numbers, View),
        Request::Admin { .. } | Request::Wizard { .. } => (Connection, Edit),
        Request::Activity { .. } => (ActivityLog, View),
        // What colleagues do is seen by who may see what they did.
        Request::Presence { act: PresenceRequest::Watch { .. } | PresenceRequest::Watched } => {
            (ActivityLog, View)
        }
        Request::Access { act: AccessRequest::List } => (Operators, View),
        Request::Access { .. } => (Operators, Edit),
    })
}

fn no_permission(who: &Who, resource: Resource, verb: Verb) -> Problem {
    let (operator, role) = (who.operator(), &who.access.role.name);
    Problem::new(
        "forbidden",
        format!("{operator} may not do this: the role `{role}` lacks `{}.{}`", resource.word(), verb.word()),
    )
    .next("ask an admin for it, or for another role")
}

/// What a request is called.
fn name(request: &Request) -> String {
    let json = serde_json::to_value(request).unwrap_or_default();
    json.get("request").and_then(|n| n.as_str()).unwrap_or_default().to_owned()
}

/// Whether somebody may ask this. A refusal is a line in the log, and a row of the activity log.
pub(super) async fn gate(who: &Who, request: &Request) -> Result<(), Problem> {
    let asked = check(who, request).await;
    if let Err(problem) = &asked
        && problem.kind == "forbidden"
    {
        let (operator, request) = (who.operator(), name(request));
        tracing::warn!(operator, request, "refused: {}", problem.what);
        activity::refused(&who.shared, operator, who.shared.seat.clone(), &request, &problem.what).await;
    }
    asked
}

async fn check(who: &Who, request: &Request) -> Result<(), Problem> {
    if let Some((resource, verb)) = needs(request)
        && !who.access.allows(resource, verb)
    {
        return Err(no_permission(who, resource, verb));
    }
    match request {
        Request::SaveQuickReply { reply } if reply.owner.is_none() => {
            let id = reply.id;
            let there = replies(who).await?.iter().any(|r| r.id == id && r.owner.is_none());
            shared_library(who, if there { Verb::Edit } else { Verb::Create })?;
        }
        Request::DeleteQuickReply { id } => {
            let all = replies(who).await?;
            if all.iter().any(|r| r.id == *id && r.owner.is_none()) {
                shared_library(who, Verb::Delete)?;
            }
        }
        Request::Macro { act: MacroRequest::Save { saved } } if saved.owner.is_none() => {
            let id = saved.id;
            let there = macros(who).await?.iter().any(|m| m.id == id && m.owner.is_none());
            shared_library(who, if there { Verb::Edit } else { Verb::Create })?;
        }
        Request::Macro { act: MacroRequest::Delete { id } } => {
            let all = macros(who).await?;
            if all.iter().any(|m| m.id == *id && m.owner.is_none()) {
                shared_library(who, Verb::Delete)?;
            }
        }
        Request::SendTemplate { .. } if !who.access.allows(Resource::Templates, Verb::View) => {
            return Err(no_permission(who, Resource::Templates, Verb::View));
        }
        // An action sends a template, and takes no more rights than that.
        Request::Template { act }
            if act.recipient().is_some() && !who.access.allows(Resource::Templates, Verb::View) =>
        {
            return Err(no_permission(who, Resource::Templates, Verb::View));
        }
        Request::Follow { .. } if !who.access.scope.is_all() => {
            return Err(Problem::new(
                "forbidden",
                "the feed shows every conversation, and your role sees some",
            )
            .next("ask an admin to run it"));
        }
        _ => {}
    }
    if !who.access.scope.is_all() {
        exists(who, request).await?;
    }
    if who.access.role.only_assigned {
        assigned(who, request).await?;
    }
    Ok(())
}

fn shared_library(who: &Who, verb: Verb) -> Result<(), Problem> {
    if who.access.allows(Resource::QuickReplies, verb) {
        return Ok(());
    }
    Err(no_permission(who, Resource::QuickReplies, verb)
        .means("this one is for everybody; private ones are your own to change"))
}

async fn replies(who: &Who) -> Result<Vec<crate::model::quick_reply::QuickReply>, StoreError> {
    let operator = who.operator().to_owned();
    who.shared.store.read(move |r| r.quick_replies(&operator)).await
}

async fn macros(who: &Who) -> Result<Vec<crate::model::macros::Macro>, StoreError> {
    let operator = who.operator().to_owned();
    who.shared.store.read(move |r| r.macros(&operator)).await
}

/// What a change is about.
#[derive(Debug, Default)]
struct About {
    threads: Vec<ThreadId>,
    messages: Vec<MessageId>,
    contacts: Vec<ContactId>,
}

fn about(request: &Request) -> About {
    let mut about = About::default();
    match request {
        Request::Send { to: Recipient::Thread { thread }, .. }
        | Request::SendTemplate { to: Recipient::Thread { thread }, .. }
        | Request::MarkRead { thread, .. }
        | Request::MarkUnread { thread }
        | Request::DeleteThread { thread, .. }
        | Request::Admin { act: AdminRequest::BlockThread { thread, .. } }
        | Request::Typing { thread }
        | Request::SaveDraft { thread, .. }
        | Request::Messages { thread, .. }
        | Request::FindInThread { thread, .. }
        | Request::Presence {
            act: PresenceRequest::Claim { thread, .. } | PresenceRequest::TakeOver { thread },
        }
        | Request::AddNote { thread, .. } => about.threads.push(*thread),
        Request::Presence { act: PresenceRequest::Here { spot } } => about.threads.extend(spot.thread),
        Request::Act { threads, .. } | Request::Share { threads, .. } => about.threads.clone_from(threads),
        Request::Template { act } => {
            if let Some(Recipient::Thread { thread }) = act.recipient() {
                about.threads.push(*thread);
            }
        }
        Request::Retry { message }
        | Request::Cancel { message }
        | Request::TakeBack { message }
        | Request::Reschedule { message, .. }
        | Request::Check { message }
        | Request::Versions { message }
        | Request::MessageLife { message }
        | Request::Note {
            act: NoteRequest::Edit { note: message, .. } | NoteRequest::Delete { note: message },
        } => {
            about.messages.push(*message);
        }
        Request::MergeContacts { into, from } => about.contacts.extend([*into, *from]),
        Request::SplitContact { contact, .. } => about.contacts.push(*contact),
        _ => {}
    }
    about
}

/// For somebody who does not see everything: whether what a request names exists for them.
async fn exists(who: &Who, request: &Request) -> Result<(), Problem> {
    let About { threads, messages, contacts } = about(request);
    let store = &who.shared.store;
    for thread in threads {
        store.read(move |r| r.thread(thread)).await?;
    }
    for message in messages {
        if store.read(move |r| r.thread_of(message)).await?.is_none() {
            return Err(Problem::not_found("this message is not here"));
        }
    }
    for contact in contacts {
        let here = store.read(move |r| r.contact(contact)).await?;
        // Of a contact with a hidden conversation only a part is seen: it cannot be taken apart or joined by halves.
        let all = contact_threads(who, contact).await?;
        if here.threads.len() < all {
            return Err(Problem::new("forbidden", "this contact has conversations that you do not see")
                .next("ask somebody who sees all of them"));
        }
    }
    if let Request::Send { account: Some(account), .. } | Request::SendTemplate { account: Some(account), .. } =
        request
        && !who.access.scope.has_account(account)
    {
        return Err(FieldProblem::new("account", format!("`{account}` is not configured")).into());
    }
    if let Some(thread) = thread_behind(who, request).await?
        && store.read(move |r| r.thread_rows(&[thread])).await?.is_empty()
    {
        return Err(Problem::new("forbidden", "a colleague is in conversation with this contact")
            .next("ask a lead to give you the conversation"));
    }
    Ok(())
}

/// The conversation that a send to a number would be one in, whoever sees it.
async fn thread_behind(who: &Who, request: &Request) -> Result<Option<ThreadId>, Problem> {
    let (account, to) = match request {
        Request::Send { to, account, .. } | Request::SendTemplate { to, account, .. } => {
            (account.as_ref(), Some(to))
        }
        Request::Template { act } => (act.account(), act.recipient()),
        _ => return Ok(None),
    };
    let Some(Recipient::Identity { identity }) = to else { return Ok(None) };
    let (account, text) = (account.cloned(), identity.value.clone());
    let found = who.everything().read_slow(move |r| Ok(r.find_thread(account.as_ref(), &text))).await?;
    // What cannot be told apart is nothing to be sent to.
    found.map_err(|e| FieldProblem::new("to", e.to_string()).into())
}

async fn contact_threads(who: &Who, contact: ContactId) -> Result<usize, StoreError> {
    Ok(who.everything().read(move |r| r.contact(contact)).await?.threads.len())
}

/// For a role that sends only where it is the assignee.
async fn assigned(who: &Who, request: &Request) -> Result<(), Problem> {
    let About { threads, messages, .. } = about(request);
    let sends = matches!(
        needs(request),
        Some((Resource::Chat, Verb::Create)) if !matches!(request, Request::SaveDraft { .. } | Request::Typing { .. } | Request::Presence { .. })
    );
    if !sends {
        return Ok(());
    }
    let me = who.operator();
    let mut threads = threads;
    threads.extend(thread_behind(who, request).await?);
    for message in messages {
        threads.extend(who.shared.store.read(move |r| r.thread_of(message)).await?);
    }
    for thread in threads {
        let row = who.shared.store.read(move |r| r.thread(thread)).await?.row;
        if row.handling.assignee.as_deref() != Some(me) {
            let has = row.handling.assignee.map_or("nobody has it".to_owned(), |w| format!("{w} has it"));
            return Err(Problem::new("forbidden", format!("only the assignee may send here, and {has}"))
                .next("take the conversation first"));
        }
    }
    Ok(())
}

/// Who is attached, for the list of the admins. Dropping it takes the entry away.
pub(super) struct Presence {
    shared: Arc<Shared>,
    id: u64,
}

impl Presence {
    pub fn new(shared: &Arc<Shared>, client: &ClientInfo, who: &Who) -> Self {
        let id = who.session;
        let entry = Attached {
            operator: who.operator().to_owned(),
            role: who.access.role.name.clone(),
            terminal: client.terminal.clone(),
            source: client.source.clone(),
            pid: client.pid,
            since: shared.clock.now(),
        };
        shared.attached.lock().unwrap_or_else(PoisonError::into_inner).insert(id, entry);
        Self { shared: Arc::clone(shared), id }
    }

    /// The role has changed.
    pub fn now(&self, who: &Who) {
        let mut attached = self.shared.attached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = attached.get_mut(&self.id) {
            entry.role.clone_from(&who.access.role.name);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.shared.attached.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        self.shared.screens.gone(self.id, self.shared.clock.now());
    }
}

/// What of an answer has to be made unreadable for the role: the middle of phone numbers.
pub(super) fn masked(who: &Who, answer: Response) -> Response {
    if who.access.role.mask_numbers { super::masking::answer(answer) } else { answer }
}
