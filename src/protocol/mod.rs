//! What a client may ask of the engine, what it gets back, and what it is told without asking.
//!
//! Every client (screen, command line, later MCP) goes through this and nothing else, in process or over the
//! socket. Requests carry an id and get exactly one answer. Updates carry ids of what changed, never rows: a
//! client that wants the new row asks for it. A gap in the update sequence means: ask again for everything shown.

pub mod access;
pub mod account_facts;
pub mod accounts;
pub mod activity;
pub mod admin;
mod changed;
pub mod client;
pub mod codec;
mod contacts;
mod conversation;
pub mod files;
pub mod follow;
mod handling;
mod hello;
pub mod history;
pub mod macros;
pub mod mentions;
pub mod notes;
pub mod numbers;
mod outbox;
pub mod preferences;
pub mod presence;
mod problem;
mod recorder;
pub mod report;
mod status;
pub mod templates;

pub mod wizard;

pub use changed::{Changed, Update};
pub use contacts::{ContactDetail, IdentityFacts, Version};
pub use conversation::{Found, Hit, Line, Matches, Neighbours, Place};
pub use handling::{Acted, LabelRow, SavedView, VIEW_KEY, VIEW_NAME_MAX, ViewCounts};
pub use outbox::{Asked, CheckReport, OutboxRow};
pub use problem::Problem;
pub use recorder::{
    LifeStep, LifeWebhook, MessageLife, RAW_MAX, Replayed, WebhookDetail, WebhookFilter, WebhookPart,
    WebhookRow, WebhookState,
};
pub use status::{AccountView, Check, DiskProblem, Notice, Silence, Status, Verdict};

use crate::clock::Millis;
use crate::model::contact::Identity;
use crate::model::event::Recipient;
use crate::model::handling::{Act, Label};
use crate::model::ids::{AccountId, ContactId, EventId, LabelId, MessageId, QuickReplyId, ThreadId};
use crate::model::macros::Macro;
use crate::model::media::StoredFile;
use crate::model::message::Message;
use crate::model::outgoing::Outgoing;
use crate::model::quick_reply::QuickReply;
use crate::model::sharing::Share;
use crate::model::template::{Template, Values};
use crate::model::thread::{DraftMode, ThreadDetail, ThreadFilter, ThreadRow};
use files::{FileAnswer, FileRequest};
use macros::MacroRequest;
use notes::NoteRequest;
use preferences::Preference;
use serde::{Deserialize, Serialize};

/// Version of this protocol; a client and an engine with different ones say so and part.
pub const PROTOCOL: u32 = 7;

/// A place in a list, to continue from. Opaque to clients; only valid for the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// Time of the row.
    pub at: Millis,
    /// Tie-break.
    pub row: i64,
}

/// A window on a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows in the list's order.
    pub items: Vec<T>,
    /// Continue from here; `None` at the end of the list.
    pub next: Option<Cursor>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// From client to engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientFrame {
    /// Chosen by the client; comes back in the answer.
    pub id: u64,
    /// The request.
    pub request: Request,
}

/// From engine to client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to a request.
    Answer {
        /// The request's id.
        id: u64,
        /// What came of it.
        result: Result<Response, Problem>,
    },
    /// Something changed.
    Update(Update),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// First on every connection.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// Program version, for the log.
        version: String,
        /// The terminal it runs on (`pts/3`), for people to read.
        #[serde(default)]
        terminal: String,
        /// The address that its login came from, for people to read.
        #[serde(default)]
        source: String,
    },
    /// What this client itself may do. → [`Response::Me`]
    Me,
    /// Something about operators, roles and access. → [`Response::Access`] or [`Response::Done`]
    Access {
        /// What.
        act: access::AccessRequest,
    },
    /// What changed after a place, for a program that follows along. → [`Response::Followed`]
    Follow {
        /// The cursor of the last line that was dealt with; `None` asks only where the end is.
        after: Option<u64>,
        /// At most so many lines.
        limit: u32,
    },
    /// All accounts with counters and state. → [`Response::Accounts`]
    Accounts,
    /// Something about one account. → as [`accounts::AccountRequest`] says
    Account {
        /// What.
        act: accounts::AccountRequest,
    },
    /// Templates for who makes them, and business actions. → [`Response::Template`]
    Template {
        /// What.
        act: Box<templates::TemplateRequest>,
    },
    /// Profile, block list, short links and the like of a number. → [`Response::Admin`]
    Admin {
        /// What.
        act: admin::AdminRequest,
    },
    /// A step of connecting a number of Meta's. → [`Response::Account`]
    Wizard {
        /// Which, and what was typed.
        act: wizard::WizardRequest,
    },
    /// A page of threads, newest first. → [`Response::Threads`]
    Threads {
        /// One account, or all together.
        account: Option<AccountId>,
        /// Which ones.
        filter: ThreadFilter,
        /// Continue from here.
        before: Option<Cursor>,
        /// At most this many (1 to 500).
        limit: u32,
    },
    /// Rows of these threads, in any order; unknown ids are left out. → [`Response::ThreadRows`]
    ThreadRows {
        /// Which.
        ids: Vec<ThreadId>,
    },
    /// One thread with contact and draft. → [`Response::Thread`]
    Thread {
        /// Which.
        id: ThreadId,
    },
    /// The thread a contact with this identity has on an account, by phone number or user id in any common
    /// form. → [`Response::Thread`]
    FindThread {
        /// On which account; `None` = the only one, or the one with the newest match.
        account: Option<AccountId>,
        /// Thread id, phone number, user id, or a name that is unique.
        text: String,
    },
    /// A page of contacts, newest first. → [`Response::Contacts`]
    Contacts {
        /// Part of a name, number or user id; empty for all.
        text: String,
        /// Continue from here.
        before: Option<Cursor>,
        /// At most this many (1 to 200).
        limit: u32,
    },
    /// One contact. → [`Response::Contact`]
    Contact {
        /// Contact or thread id, phone number, user id, or a name that is unique.
        text: String,
    },
    /// Make one contact of two that are one person. → [`Response::Contact`]
    MergeContacts {
        /// The one that stays.
        into: ContactId,
        /// The one that goes into it.
        from: ContactId,
    },
    /// Take identities that are another person out of a contact. → [`Response::Contact`], the new one
    SplitContact {
        /// The contact.
        contact: ContactId,
        /// What leaves it.
        identities: Vec<Identity>,
    },
    /// What an edited or deleted message said before. → [`Response::Versions`]
    Versions {
        /// Which.
        message: MessageId,
    },
    /// Threads whose contact has this in the name or number, newest first; as fast as typing.
    /// → [`Response::ThreadRows`]
    People {
        /// One account, or all together.
        account: Option<AccountId>,
        /// A part of a name or number.
        text: String,
        /// At most this many (1 to 20).
        limit: u32,
    },
    /// A page of messages, oldest first. → [`Response::Messages`]
    Messages {
        /// Which thread.
        thread: ThreadId,
        /// From where.
        place: Place,
        /// At most this many (1 to 500).
        limit: u32,
    },
    /// These messages, in any order; unknown ids are left out. → [`Response::MessageRows`]
    MessageRows {
        /// Which.
        ids: Vec<MessageId>,
    },
    /// Send something. Checked before anything is stored. → [`Response::Queued`]
    Send {
        /// From which account; `None` = the thread's, or the only one.
        account: Option<AccountId>,
        /// To whom.
        to: Recipient,
        /// What.
        content: Outgoing,
        /// The message it quotes.
        quote: Option<MessageId>,
        /// Send it at this time; a time that has passed is now, without the time to take it back. `None` = as soon
        /// as it cannot be taken back any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
    },
    /// Send a template by name with its values. Checked before anything is stored. → [`Response::Queued`]
    SendTemplate {
        /// From which account; `None` = the thread's, or the only one.
        account: Option<AccountId>,
        /// To whom.
        to: Recipient,
        /// Template name.
        name: String,
        /// Language code.
        language: String,
        /// Values by field key.
        values: Values,
        /// A file of ours for the header, handed over before; instead of `header.link`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Box<StoredFile>>,
        /// Whoever sends knows that the provider moved it to another category.
        #[serde(default)]
        knowing: bool,
        /// As in [`Request::Send`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
    },
    /// Send a failed or unknown message again, as a new attempt. → [`Response::Done`]
    Retry {
        /// Which.
        message: MessageId,
    },
    /// Withdraw a queued message, or put a failed or unknown one aside. → [`Response::Done`]
    Cancel {
        /// Which.
        message: MessageId,
    },
    /// Withdraw a queued message and give its content back, to be written anew. → [`Response::TakenBack`]
    TakeBack {
        /// Which.
        message: MessageId,
    },
    /// Another time for a queued message. → [`Response::Done`]
    Reschedule {
        /// Which.
        message: MessageId,
        /// When; `None` = now.
        at: Option<Millis>,
    },
    /// Find out what became of a message that was sent: look through what was kept, ask the provider where it can
    /// be asked. → [`Response::Checked`]
    Check {
        /// Which.
        message: MessageId,
    },
    /// Sends that have not got through: waiting, on the wire, unknown, failed. → [`Response::Outbox`]
    Outbox {
        /// One account, or all.
        account: Option<AccountId>,
        /// At most this many (1 to 1000).
        limit: u32,
    },
    /// Mark a thread read here. → [`Response::Done`]
    MarkRead {
        /// Which.
        thread: ThreadId,
        /// Up to this time (the newest message that was on the screen).
        upto: Millis,
        /// But nothing that was stored after this: it may have come late and stand above what was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stored: Option<Millis>,
        /// Also tell the customer (blue ticks).
        receipt: bool,
    },
    /// Mark a thread unread here. → [`Response::Done`]
    MarkUnread {
        /// Which.
        thread: ThreadId,
    },
    /// Show the customer that somebody types; also marks read at the provider. → [`Response::Done`]
    Typing {
        /// Which.
        thread: ThreadId,
    },
    /// Keep a draft; empty text removes it. → [`Response::Done`]
    SaveDraft {
        /// Which thread.
        thread: ThreadId,
        /// Reply or note.
        mode: DraftMode,
        /// The text.
        text: String,
    },
    /// Write a note into a thread; it never leaves. → [`Response::Noted`]
    AddNote {
        /// Which thread.
        thread: ThreadId,
        /// The text.
        text: String,
    },
    /// Something about a note that is there. → as [`NoteRequest`] says
    Note {
        /// What.
        act: NoteRequest,
    },
    /// Who is where. → as [`presence::PresenceRequest`] says
    Presence {
        /// What.
        act: presence::PresenceRequest,
    },
    /// Notes that call the asker. → as [`mentions::MentionRequest`] says
    Mentions {
        /// What.
        act: mentions::MentionRequest,
    },
    /// Templates of an account, by name and language. → [`Response::Templates`]
    Templates {
        /// Which.
        account: AccountId,
    },
    /// Read templates and number facts from the provider now. → [`Response::Done`]
    Sync {
        /// Which account; `None` = all.
        account: Option<AccountId>,
    },
    /// Read the past of accounts, or stop reading it. → [`Response::Done`]; how far it is stands in the accounts
    History {
        /// What.
        act: history::HistoryRequest,
    },
    /// Quick replies of everybody and of this operator, most used first. → [`Response::QuickReplies`]
    QuickReplies,
    /// Create or change a quick reply; one with an owner becomes this operator's. → [`Response::Done`]
    SaveQuickReply {
        /// The whole reply.
        reply: QuickReply,
    },
    /// Delete a quick reply. → [`Response::Done`]
    DeleteQuickReply {
        /// Which.
        id: QuickReplyId,
    },
    /// Count a use. → [`Response::Done`]
    UseQuickReply {
        /// Which.
        id: QuickReplyId,
    },
    /// Something about a file that goes out. → [`Response::File`]
    File {
        /// What.
        act: FileRequest,
    },
    /// Something about macros. → as [`MacroRequest`] says
    Macro {
        /// What.
        act: MacroRequest,
    },
    /// Changes that belong together, in this order: all are looked at before the first is made, and the first that
    /// is refused ends it. → [`Response::Together`]
    Together {
        /// The changes; no questions, and no bundle in a bundle.
        requests: Vec<Request>,
    },
    /// What this operator set on their screens. → [`Response::Preferences`]
    Preferences,
    /// Keep or remove a preference of this operator. → [`Response::Done`]
    SetPreference {
        /// Which, and what.
        preference: Preference,
    },
    /// A page of threads that a filter expression finds, newest first. A page may hold fewer than asked for and still
    /// have a next one: so many are looked at a time. → [`Response::Threads`]
    Filtered {
        /// One account, or all together.
        account: Option<AccountId>,
        /// The expression (`label:vip state:open`).
        filter: String,
        /// Continue from here.
        before: Option<Cursor>,
        /// At most this many (1 to 500).
        limit: u32,
    },
    /// How many threads each view has. → [`Response::ViewCounts`]
    ViewCounts {
        /// One account, or all together.
        account: Option<AccountId>,
        /// When the operator's day ends, for what closes today.
        #[serde(default)]
        midnight: Option<Millis>,
    },
    /// Do something to threads. → [`Response::Acted`]
    Act {
        /// Which (1 to 1000).
        threads: Vec<ThreadId>,
        /// What.
        act: Act,
    },
    /// Give threads to whoever's turn it is, of those who have a screen open and may answer there.
    /// → [`Response::Acted`]
    Share {
        /// Which (1 to 1000).
        threads: Vec<ThreadId>,
        /// By turns or by load.
        how: Share,
        /// Only to members of this team.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
    },
    /// All labels by name. → [`Response::Labels`]
    Labels,
    /// Create or change a label. → [`Response::Done`]
    SaveLabel {
        /// The whole label.
        label: Label,
    },
    /// Delete a label; threads lose it. → [`Response::Done`]
    DeleteLabel {
        /// Which.
        id: LabelId,
    },
    /// Operators that threads may be given to, as far as they are known. → [`Response::Operators`]
    Operators,
    /// Search over everything, newest first. → [`Response::Found`]
    Search {
        /// What to look for: words, the last one as a beginning; `"exact words"`; part of a number; filters
        /// (`from:marta -type:image before:monday`).
        text: String,
        /// The time zone of days in it, by name; `None` = the engine's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// One account, or all.
        account: Option<AccountId>,
        /// One thread, or all.
        thread: Option<ThreadId>,
        /// Continue from here.
        before: Option<Cursor>,
        /// At most this many messages (1 to 200).
        limit: u32,
    },
    /// Messages of a thread that have something, newest first, in the language of [`Request::Search`]. → [`Response::Matches`]
    FindInThread {
        /// Which thread.
        thread: ThreadId,
        /// What to look for.
        text: String,
        /// As in [`Request::Search`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// Continue from here.
        before: Option<Cursor>,
    },
    /// What stands before and after these messages in their threads. → [`Response::Neighbours`]
    Neighbours {
        /// Which; at most 100 are looked at.
        messages: Vec<MessageId>,
    },
    /// How the engine is. → [`Response::Status`]
    Status,
    /// Delete a conversation with all its messages. → [`Response::Done`]
    DeleteThread {
        /// Which.
        thread: ThreadId,
        /// Its name, as whoever deletes it has typed it.
        name: String,
    },
    /// Something about the activity log. → [`Response::Activity`]
    Activity {
        /// What.
        act: activity::ActivityRequest,
    },
    /// Numbers for the lead, or the asker's own. → [`Response::Numbers`]
    Numbers {
        /// Which.
        wanted: numbers::NumbersWanted,
    },
    /// Walk the chain and say what fails. → [`Response::Checks`]
    Doctor,
    /// Raw webhooks, newest first. A page may hold fewer than asked for and still have a next one: a search looks at
    /// so many at a time. → [`Response::Webhooks`]
    Webhooks {
        /// Which ones.
        filter: WebhookFilter,
        /// Continue from here.
        before: Option<Cursor>,
        /// At most this many (1 to 500).
        limit: u32,
    },
    /// One raw webhook with its body. → [`Response::Webhook`]
    Webhook {
        /// Which.
        id: EventId,
        /// At most this many bytes of the body as it is shown (up to [`RAW_MAX`]).
        limit: u32,
    },
    /// Read a kept webhook again and apply it; what is here stays. → [`Response::Replayed`]
    ReplayWebhook {
        /// Which.
        id: EventId,
    },
    /// How a message came, went and was told about. → [`Response::Life`]
    MessageLife {
        /// Which.
        message: MessageId,
    },
    /// Copy the database to a file, while running. → [`Response::Done`]
    Backup {
        /// Absolute path; must not exist.
        file: String,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", content = "data", rename_all = "snake_case")]
pub enum Response {
    /// To [`Request::Hello`].
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// Program version.
        version: String,
        /// Who the engine takes the client for.
        operator: String,
    },
    /// What the client may do.
    Me(Box<access::Me>),
    /// The rules, and who is attached.
    Access(Box<access::AccessList>),
    /// To [`Request::Follow`].
    Followed(follow::FollowPage),
    /// Accounts in the order of the configuration.
    Accounts(Vec<AccountView>),
    /// Everything about one account.
    Account(Box<accounts::AccountDetail>),
    /// To [`Request::Template`].
    Template(Box<templates::TemplateAnswer>),
    /// To [`Request::Admin`].
    Admin(Box<admin::AdminAnswer>),
    /// A page of threads.
    Threads(Page<ThreadRow>),
    /// Rows of threads.
    ThreadRows(Vec<ThreadRow>),
    /// One thread.
    Thread(Box<ThreadDetail>),
    /// A page of messages, oldest first; `next` continues to older ones.
    Messages {
        /// The messages, oldest first.
        items: Vec<Message>,
        /// Continue to older ones; `None` at the beginning of the thread.
        older: Option<Cursor>,
        /// Continue to newer ones; `None` at the end of the thread.
        newer: Option<Cursor>,
    },
    /// Messages by id.
    MessageRows(Vec<Message>),
    /// A page of contacts.
    Contacts(Page<ContactDetail>),
    /// One contact.
    Contact(Box<ContactDetail>),
    /// What a message said, the original first; empty when it was never changed.
    Versions(Vec<Version>),
    /// A send was committed to the outbox.
    Queued {
        /// The message.
        message: MessageId,
        /// Its thread.
        thread: ThreadId,
    },
    /// A note was stored.
    Noted {
        /// The note.
        note: MessageId,
        /// Its thread.
        thread: ThreadId,
    },
    /// A send was withdrawn; this was it.
    TakenBack {
        /// Its thread.
        thread: ThreadId,
        /// What it was.
        content: Box<Outgoing>,
        /// What it quoted.
        quote: Option<MessageId>,
    },
    /// What a check found.
    Checked(Box<CheckReport>),
    /// Sends that have not got through.
    Outbox(Vec<OutboxRow>),
    /// Templates.
    Templates(Vec<Template>),
    /// Quick replies.
    QuickReplies(Vec<QuickReply>),
    /// To [`Request::File`].
    File(FileAnswer),
    /// Macros.
    Macros(Vec<Macro>),
    /// What came of each change; the last one may be a refusal, and what would have come after it was not made.
    Together(Vec<Result<Response, Problem>>),
    /// What the operator set.
    Preferences(Vec<Preference>),
    /// To [`Request::ViewCounts`].
    ViewCounts(ViewCounts),
    /// To [`Request::Act`].
    Acted(Acted),
    /// Labels.
    Labels(Vec<LabelRow>),
    /// Names of operators, and of teams with an `@` before them.
    Operators(Vec<String>),
    /// Who else is where.
    Present(presence::Present),
    /// A conversation was taken over.
    TakenOver(presence::TakenOver),
    /// What a colleague does.
    Watched(Box<presence::Watched>),
    /// Screens that are open.
    Screens(Vec<presence::ScreenRow>),
    /// A page of notes that call the asker.
    Mentions(Page<mentions::MentionRow>),
    /// Search results.
    Found(Box<Found>),
    /// Matches in a thread.
    Matches(Matches),
    /// What stands around messages.
    Neighbours(Vec<Neighbours>),
    /// About the activity log.
    Activity(Box<activity::ActivityAnswer>),
    /// Numbers.
    Numbers(Box<numbers::Numbers>),
    /// Engine status.
    Status(Box<Status>),
    /// Doctor's findings.
    Checks(Vec<Check>),
    /// A page of raw webhooks.
    Webhooks(Page<WebhookRow>),
    /// One raw webhook.
    Webhook(Box<WebhookDetail>),
    /// To [`Request::ReplayWebhook`].
    Replayed(Box<Replayed>),
    /// The life of a message.
    Life(Box<MessageLife>),
    /// It is done.
    Done,
}
