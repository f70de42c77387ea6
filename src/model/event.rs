//! Events: the only way state changes. Plain serialisable data, applied by the store's single writer.
//!
//! Applying an event twice changes nothing. Events carry ids that mean the same on every host, never a row
//! number, so that several engines can share a log of them.

use super::access::{AccountRule, OperatorEntry, Principal, Role};
use super::account::{AccountOptions, KeptAccount, SecretKey, Setup};
use super::contact::Identity;
use super::delivery::{DeliveryError, HoldScope, WaitReason};
use super::handling::{Act, Label};
use super::history::{HistoryEntry, HistoryMark};
use super::ids::{
    AccountId, AttemptId, ContactId, EventId, LabelId, MacroId, MessageId, QuickReplyId, ThreadId,
};
use super::inbound::{Severity, StatusUpdate, WebhookBatch};
use super::macros::Macro;
use super::media::{FileFacts, FileHash};
use super::number_change::NumberChange;
use super::outgoing::Outgoing;
use super::quick_reply::QuickReply;
use super::seat::Seat;
use super::sharing::{Share, ShareRules};
use super::template::Template;
use super::template::act::TemplateAct;
use super::thread::DraftMode;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Version of the event format; a reader refuses newer ones.
pub const EVENT_VERSION: u32 = 6;

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "name")]
pub enum Actor {
    /// A provider's webhook or answer.
    Provider,
    /// The engine itself: outbox, sync.
    Engine,
    /// An operator, by operating-system user name.
    Operator(String),
}

/// A change of the rules about operators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum AccessChange {
    /// A role was added or changed.
    RoleSaved {
        /// The whole role.
        role: Role,
    },
    /// A role was removed.
    RoleDeleted {
        /// Its name.
        name: String,
    },
    /// Somebody is let in, or in another way.
    OperatorSaved {
        /// The whole entry.
        entry: OperatorEntry,
    },
    /// Somebody is let in no more.
    OperatorDeleted {
        /// Who.
        who: Principal,
    },
    /// Who may work with an account.
    AccountSet {
        /// Which.
        account: AccountId,
        /// Who; `None`: everybody.
        rule: Option<AccountRule>,
    },
    /// A team has these members now; without any it is gone.
    TeamSaved {
        /// Its name.
        name: String,
        /// Its members.
        members: BTreeSet<Principal>,
    },
    /// How conversations are given out.
    SharingSet {
        /// The rules.
        rules: ShareRules,
    },
    /// The entry of a group let somebody in for the first time, or with other teams.
    OperatorSeen {
        /// The operator.
        name: String,
        /// The teams of the entry.
        teams: BTreeSet<String>,
    },
}

impl AccessChange {
    /// One word for the audit log.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::RoleSaved { .. } => "role_saved",
            Self::RoleDeleted { .. } => "role_deleted",
            Self::OperatorSaved { .. } => "operator_saved",
            Self::OperatorDeleted { .. } => "operator_deleted",
            Self::AccountSet { .. } => "account_access_set",
            Self::TeamSaved { .. } => "team_saved",
            Self::SharingSet { .. } => "sharing_set",
            Self::OperatorSeen { .. } => "operator_seen",
        }
    }

    /// Whom or what it is about, for the audit log.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::RoleSaved { role } => role.name.clone(),
            Self::RoleDeleted { name } | Self::OperatorSeen { name, .. } => name.clone(),
            Self::OperatorSaved { entry } => format!("{} as {}", entry.who, entry.role),
            Self::OperatorDeleted { who } => who.to_string(),
            Self::AccountSet { account, .. } => account.to_string(),
            Self::TeamSaved { name, members } => {
                let members: Vec<String> = members.iter().map(ToString::to_string).collect();
                format!("{name}: {}", members.join(", "))
            }
            Self::SharingSet { rules } => rules.to_string(),
        }
    }
}

impl Actor {
    /// One word for the audit log.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Provider => "provider",
            Self::Engine => "engine",
            Self::Operator(name) => name,
        }
    }
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Stable id.
    pub id: EventId,
    /// When it happened, by the engine's clock.
    pub at: Millis,
    /// Who caused it.
    pub actor: Actor,
    /// Where they sat, for an operator's doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Box<Seat>>,
    /// What happened.
    pub body: EventBody,
}

impl Event {
    /// A new event.
    #[must_use]
    pub fn new(at: Millis, actor: Actor, body: EventBody) -> Self {
        Self { id: EventId::new(), at, actor, seat: None, body }
    }
}

/// An account as the configuration describes it. Secrets are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSpec {
    /// Short name.
    pub id: AccountId,
    /// Name to show.
    pub name: String,
    /// Provider (`meta`).
    pub provider: String,
    /// `development` or `production`.
    pub environment: String,
    /// The provider's id of the number.
    pub number: String,
    /// The provider's id of the business account.
    pub business: String,
}

/// What the provider says about a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NumberFacts {
    /// The number as formatted for people.
    pub display_phone: String,
    /// Verified business name.
    pub verified_name: String,
    /// How that name was judged (`APPROVED`, `DECLINED`, …).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name_status: String,
    /// Quality rating word.
    pub quality: String,
    /// Status word (`CONNECTED`, …).
    pub status: String,
    /// Messaging limit word (`TIER_2K`, …).
    pub limit: String,
    /// Throughput level word.
    pub throughput: String,
    /// Whether the number is also in use in the WhatsApp Business app.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_app: bool,
    /// The business profile's “about”.
    pub about: String,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum AttemptOutcome {
    /// The provider took it and gave an id (none for reactions that some providers do not number).
    Accepted {
        /// The provider's message id.
        provider_id: String,
        /// The id the provider resolved the recipient to (`wa_id` or user id), where it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recipient: Option<Identity>,
    },
    /// The provider refused for good.
    Rejected {
        /// Why.
        error: DeliveryError,
    },
    /// Nothing left, or the provider asks to wait: try again at `at`.
    RetryAt {
        /// When.
        at: Millis,
        /// Why.
        error: DeliveryError,
        /// Who has to wait.
        #[serde(default)]
        scope: HoldScope,
    },
    /// The answer was lost: it may or may not have gone out.
    Unknown {
        /// What was seen.
        error: DeliveryError,
    },
}

/// The recipient of a send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Recipient {
    /// The contact of a thread we have.
    Thread {
        /// The thread.
        thread: ThreadId,
    },
    /// Somebody by identity; the thread is found or made.
    Identity {
        /// Phone number or user id.
        identity: Identity,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "an event is boxed where many wait")]
pub enum EventBody {
    /// A webhook POST with a good signature.
    WebhookReceived {
        /// The account whose listener path was used.
        account: AccountId,
        /// Provider (`meta`).
        provider: String,
        /// The body as it came.
        #[serde(with = "super::raw_bytes")]
        raw: Vec<u8>,
        /// What it says; `None` when the body could not be read at all (then `problem` says why).
        batch: Option<WebhookBatch>,
        /// Why it could not be read.
        problem: Option<String>,
    },
    /// A kept webhook was read again, after a fix: what it says is applied, and what is here already stays.
    WebhookReplayed {
        /// Which: the id of the event that brought it.
        webhook: EventId,
        /// What it says now; `None` when the body can still not be read (then `problem` says why).
        batch: Option<WebhookBatch>,
        /// Why it could not be read.
        problem: Option<String>,
    },
    /// An account is configured.
    AccountConfigured {
        /// What the configuration says.
        spec: AccountSpec,
    },
    /// An account's connection changed.
    AccountState {
        /// Which.
        account: AccountId,
        /// `pending`, `connected`, `disconnected` or `error`.
        state: String,
        /// Text of an error.
        text: String,
        /// Whether nothing can be sent while it is so: the provider refuses the account, and trying again does not
        /// help.
        #[serde(default)]
        blocks: bool,
    },
    /// An account was made here, or its definition was changed.
    AccountKept {
        /// The whole definition.
        account: KeptAccount,
    },
    /// An admin set something for an account.
    AccountOptionsSet {
        /// Which.
        account: AccountId,
        /// All of them.
        options: AccountOptions,
    },
    /// Connecting an account got somewhere.
    AccountSetup {
        /// Which.
        account: AccountId,
        /// How far.
        setup: Box<Setup>,
    },
    /// A secret of an account was kept; it is not part of this.
    AccountSecretKept {
        /// Which account.
        account: AccountId,
        /// Which secret.
        key: SecretKey,
    },
    /// An account that was made here was taken away; its conversations stay.
    AccountRemoved {
        /// Which.
        account: AccountId,
    },
    /// Something about a number was changed at the provider, or seen there.
    NumberAdministered {
        /// Which account.
        account: AccountId,
        /// What.
        what: NumberChange,
    },
    /// The provider told us about a number.
    NumberSynced {
        /// Which account.
        account: AccountId,
        /// What it said.
        facts: NumberFacts,
    },
    /// The whole template list of an account was read.
    TemplatesSynced {
        /// Which account.
        account: AccountId,
        /// All of them; what is not here is gone.
        templates: Vec<Template>,
    },
    /// Something about templates was changed, here or at the provider.
    TemplateAdministered {
        /// Which account.
        account: AccountId,
        /// What.
        what: TemplateAct,
    },
    /// A send was committed to the outbox; no byte has left.
    MessageQueued {
        /// The new message (a reaction has one too; it is shown on its target).
        message: MessageId,
        /// The first attempt.
        attempt: AttemptId,
        /// From which account.
        account: AccountId,
        /// To whom.
        to: Recipient,
        /// What.
        content: Outgoing,
        /// The message it quotes.
        quote: Option<MessageId>,
        /// Not before this time (undo).
        not_before: Millis,
        /// The time that an operator chose (send later).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        send_at: Option<Millis>,
    },
    /// Queued sends have to wait longer: a limit of the provider is reached.
    SendsPutOff {
        /// Which; those that have left or wait longer already stay as they are.
        messages: Vec<MessageId>,
        /// Not before this time.
        until: Millis,
        /// Why.
        why: WaitReason,
    },
    /// An operator chose another time for a queued send, or sends it now.
    SendMoved {
        /// The message.
        message: MessageId,
        /// The time; `None` = now.
        send_at: Option<Millis>,
    },
    /// The provider was asked what became of a message of ours, or what was kept was looked through.
    StatusesLearned {
        /// Which account.
        account: AccountId,
        /// What was learned.
        statuses: Vec<StatusUpdate>,
    },
    /// An attempt is about to put its first byte on the wire.
    AttemptStarted {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: AttemptId,
    },
    /// An attempt ended.
    AttemptEnded {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: AttemptId,
        /// How.
        outcome: AttemptOutcome,
    },
    /// An attempt ended before anything of the message could leave: its file did not get to the provider.
    AttemptHindered {
        /// The message.
        message: MessageId,
        /// The attempt.
        attempt: AttemptId,
        /// How: never unknown, never accepted.
        outcome: AttemptOutcome,
    },
    /// The bytes of a file that goes out are in the data folder.
    FileStored {
        /// Their hash.
        hash: FileHash,
        /// How many.
        size: u64,
        /// What they are.
        facts: FileFacts,
    },
    /// The provider has a file, so that a message can name it.
    FileHandedOver {
        /// Which account's.
        account: AccountId,
        /// The file.
        hash: FileHash,
        /// What the provider calls it.
        provider_id: String,
    },
    /// Files have been kept long enough; those that something needs stay.
    FilesExpired {
        /// Those last used before this time go.
        before: Millis,
        /// Those that went nowhere go when they were handed over before this time.
        unused_before: Millis,
    },
    /// An operator sends a failed or unknown message again: a new attempt.
    MessageRetried {
        /// The message.
        message: MessageId,
        /// The new attempt.
        attempt: AttemptId,
    },
    /// An operator withdrew a message that had not left, or put a failed one aside.
    MessageCancelled {
        /// The message.
        message: MessageId,
    },
    /// The provider says that the window is closed, whatever our clock says.
    WindowClosed {
        /// The thread.
        thread: ThreadId,
    },
    /// An operator marked a thread read up to a time.
    ThreadRead {
        /// The thread.
        thread: ThreadId,
        /// Messages up to and including this time.
        upto: Millis,
        /// But none that was stored after this: the operator has not seen it, whatever its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stored: Option<Millis>,
    },
    /// An operator says that two contacts are one person: one goes into the other.
    ContactsMerged {
        /// The one that stays.
        into: ContactId,
        /// The one that goes.
        from: ContactId,
    },
    /// An operator says that some identities of a contact are another person.
    ContactSplit {
        /// The contact.
        contact: ContactId,
        /// What leaves it.
        identities: Vec<Identity>,
        /// The new contact.
        new: ContactId,
    },
    /// An operator marked a thread unread.
    ThreadUnread {
        /// The thread.
        thread: ThreadId,
    },
    /// A draft was kept; empty text removes it.
    DraftSaved {
        /// The thread.
        thread: ThreadId,
        /// Reply or note.
        mode: DraftMode,
        /// The text.
        text: String,
    },
    /// An operator wrote a note.
    NoteAdded {
        /// The note: a message that never leaves.
        note: MessageId,
        /// The thread.
        thread: ThreadId,
        /// The text.
        text: String,
    },
    /// An operator wrote another text into a note of theirs.
    NoteEdited {
        /// The note.
        note: MessageId,
        /// What it says now.
        text: String,
    },
    /// An operator deleted a note of theirs.
    NoteDeleted {
        /// The note.
        note: MessageId,
    },
    /// A quick reply was created or changed.
    QuickReplySaved {
        /// The whole reply.
        reply: QuickReply,
    },
    /// A quick reply was deleted.
    QuickReplyDeleted {
        /// Which.
        reply: QuickReplyId,
    },
    /// A quick reply was inserted into a message.
    QuickReplyUsed {
        /// Which.
        reply: QuickReplyId,
    },
    /// A macro was created or changed.
    MacroSaved {
        /// The whole macro.
        saved: Macro,
    },
    /// A macro was deleted.
    MacroDeleted {
        /// Which.
        id: MacroId,
    },
    /// A macro was run.
    MacroUsed {
        /// Which.
        id: MacroId,
    },
    /// An operator set something on their screen; an empty value removes it.
    PreferenceSet {
        /// What it is about (`muted/<thread>`).
        key: String,
        /// What was set.
        value: String,
    },
    /// Raw webhooks have been kept long enough, or take too much room; some of the oldest are removed.
    WebhooksExpired {
        /// Those received before this time go.
        before: Millis,
        /// Those that could not be applied in full stay until they were received before this time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed_before: Option<Millis>,
        /// Bytes that may stay: the oldest go first, those that could not be applied last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_bytes: Option<u64>,
    },
    /// An operator deleted a conversation: it is nobody's at once, and what it holds goes bit by bit.
    ThreadDeleted {
        /// Which.
        thread: ThreadId,
        /// Whose it was, so that nobody can read it back: a number with its middle hidden, or a piece of a hash.
        whom: String,
    },
    /// The next bit of a deleted conversation goes.
    ThreadErased {
        /// Which it was.
        thread: ThreadId,
    },
    /// The activity log has been kept long enough; some of its oldest rows are removed, and an anchor stays.
    ActivityExpired {
        /// Those made before this time go.
        before: Millis,
    },
    /// Somebody asked for what they may not do.
    RequestRefused {
        /// What the request is called; `attach` for one who was not let in.
        request: String,
        /// What was said to them.
        why: String,
        /// How often, where it was asked again and again.
        times: u32,
    },
    /// The doctor posted to our own listener with a good signature: kept and marked, never traffic.
    WebhookTested {
        /// The account whose listener path was used.
        account: AccountId,
        /// The body as it came.
        #[serde(with = "super::raw_bytes")]
        raw: Vec<u8>,
    },
    /// An operator did something to threads: resolved them, gave them to somebody, labelled them.
    ThreadsHandled {
        /// Which.
        threads: Vec<ThreadId>,
        /// What.
        act: Act,
    },
    /// Snoozed threads are due; those that sleep for longer by now stay asleep.
    SnoozesEnded {
        /// Which.
        threads: Vec<ThreadId>,
    },
    /// A program follows what changes: lines are written for it.
    FeedKept {
        /// Until then.
        until: Millis,
    },
    /// An operator took a thread over from another one; the reply that one had begun becomes a note.
    ThreadTakenOver {
        /// The thread.
        thread: ThreadId,
        /// From whom; `None`: nobody had it.
        from: Option<String>,
        /// The note, where there was a reply.
        note: MessageId,
    },
    /// The engine gave a thread that nobody has to an operator whose turn it is.
    ThreadGiven {
        /// The thread.
        thread: ThreadId,
        /// To whom.
        to: String,
        /// How they were chosen.
        how: Share,
    },
    /// An operator left: what they had open is nobody's.
    ThreadsReleased {
        /// Whose threads.
        operator: String,
    },
    /// An operator began to follow what another one does on the screen. Changes nothing; the log says it.
    OperatorWatched {
        /// Who is followed.
        operator: String,
    },
    /// An operator read notes that call them by name.
    MentionsRead {
        /// Which; none: all.
        notes: Vec<MessageId>,
    },
    /// A label was created or changed.
    LabelSaved {
        /// The whole label.
        label: Label,
    },
    /// A label was deleted; threads lose it.
    LabelDeleted {
        /// Which.
        label: LabelId,
    },
    /// Who may do what was changed.
    AccessChanged {
        /// How.
        change: AccessChange,
    },
    /// A page of an account's past was read from its provider, or how far that is was changed (then there are no
    /// entries). The mark is the whole state after it.
    HistoryRead {
        /// Which account.
        account: AccountId,
        /// What the page brought, newest first.
        entries: Vec<HistoryEntry>,
        /// How far it got.
        mark: Box<HistoryMark>,
    },
    /// The engine has something to tell the operators about an account.
    Noticed {
        /// Which account.
        account: AccountId,
        /// How much it matters.
        severity: Severity,
        /// What it is about (`silence`).
        field: String,
        /// One line.
        text: String,
    },
}

impl EventBody {
    /// One word for the audit log.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::WebhookReceived { .. } => "webhook_received",
            Self::WebhookReplayed { .. } => "webhook_replayed",
            Self::AccountConfigured { .. } => "account_configured",
            Self::AccountState { .. } => "account_state",
            Self::AccountKept { .. } => "account_kept",
            Self::AccountOptionsSet { .. } => "account_options_set",
            Self::AccountSetup { .. } => "account_setup",
            Self::AccountSecretKept { .. } => "account_secret_kept",
            Self::AccountRemoved { .. } => "account_removed",
            Self::NumberAdministered { what, .. } => what.action(),
            Self::NumberSynced { .. } => "number_synced",
            Self::TemplatesSynced { .. } => "templates_synced",
            Self::TemplateAdministered { what, .. } => what.action(),
            Self::MessageQueued { .. } => "message_queued",
            Self::SendsPutOff { .. } => "sends_put_off",
            Self::SendMoved { .. } => "send_moved",
            Self::StatusesLearned { .. } => "statuses_learned",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::AttemptEnded { .. } => "attempt_ended",
            Self::AttemptHindered { .. } => "attempt_hindered",
            Self::FileStored { .. } => "file_stored",
            Self::FileHandedOver { .. } => "file_handed_over",
            Self::FilesExpired { .. } => "files_expired",
            Self::MessageRetried { .. } => "message_retried",
            Self::MessageCancelled { .. } => "message_cancelled",
            Self::WindowClosed { .. } => "window_closed",
            Self::ThreadRead { .. } => "thread_read",
            Self::ThreadUnread { .. } => "thread_unread",
            Self::ContactsMerged { .. } => "contacts_merged",
            Self::ContactSplit { .. } => "contact_split",
            Self::DraftSaved { .. } => "draft_saved",
            Self::NoteAdded { .. } => "note_added",
            Self::NoteEdited { .. } => "note_edited",
            Self::NoteDeleted { .. } => "note_deleted",
            Self::QuickReplySaved { .. } => "quick_reply_saved",
            Self::QuickReplyDeleted { .. } => "quick_reply_deleted",
            Self::QuickReplyUsed { .. } => "quick_reply_used",
            Self::MacroSaved { .. } => "macro_saved",
            Self::MacroDeleted { .. } => "macro_deleted",
            Self::MacroUsed { .. } => "macro_used",
            Self::PreferenceSet { .. } => "preference_set",
            Self::WebhooksExpired { .. } => "webhooks_expired",
            Self::ThreadDeleted { .. } => "thread_deleted",
            Self::ThreadErased { .. } => "thread_erasing",
            Self::ActivityExpired { .. } => "activity_expired",
            Self::RequestRefused { .. } => "request_refused",
            Self::WebhookTested { .. } => "webhook_tested",
            Self::ThreadsHandled { act, .. } => act.word(),
            Self::FeedKept { .. } => "feed_kept",
            Self::SnoozesEnded { .. } => "snoozes_ended",
            Self::ThreadTakenOver { .. } => "thread_taken_over",
            Self::ThreadGiven { .. } => "thread_given",
            Self::ThreadsReleased { .. } => "threads_released",
            Self::OperatorWatched { .. } => "operator_watched",
            Self::MentionsRead { .. } => "mentions_read",
            Self::LabelSaved { .. } => "label_saved",
            Self::LabelDeleted { .. } => "label_deleted",
            Self::HistoryRead { .. } => "history_read",
            Self::Noticed { .. } => "noticed",
            Self::AccessChanged { change } => change.action(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_round_trip_as_json() {
        for raw in [b"{\"a\":1}".to_vec(), vec![0xff, 0x00]] {
            let e = Event::new(
                7,
                Actor::Provider,
                EventBody::WebhookReceived {
                    account: AccountId::new("a"),
                    provider: "meta".into(),
                    raw,
                    batch: None,
                    problem: Some("not JSON".into()),
                },
            );
            let text = serde_json::to_string(&e).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), e);
        }
    }
}
