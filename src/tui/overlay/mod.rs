//! Overlays: pickers, forms and help that lie over the inbox and take the keys while they are open.
//!
//! An overlay owns its own state, knows `protocol`, `model`, `text` and the theme, and does no I/O: what it wants
//! done it returns as [`Step`]s; what comes back it gets through [`Overlay::deliver`].

pub mod accounts;
pub mod activity;
pub mod attach;
pub mod clash;
pub mod compose;
pub mod confirm;
pub mod connect;
pub mod contact;
pub mod doctor;
pub mod field;
pub mod find;
pub mod form;
pub mod forward;
pub mod frame;
pub mod help;
pub mod labels;
pub mod later;
pub mod life;
pub mod links;
pub mod macro_editor;
pub mod macro_plan;
pub mod macro_run;
pub mod macros;
pub mod mentions;
pub mod note_editor;
pub mod notices;
pub mod numbers;
pub mod operators;
pub mod palette;
pub mod pick;
pub mod pipe;
pub mod profile;
pub mod prompt;
pub mod quick_replies;
pub mod quick_reply_editor;
pub mod search;
mod sheet;
pub mod talk;
pub mod template_admin;
pub mod template_form;
pub mod template_preview;
pub mod templates;
#[cfg(test)]
pub(crate) mod testing;
pub mod themes;
pub mod variables;
pub mod versions;

use super::theme::Theme;
use crate::clock::Millis;
use crate::model::business::ProfileChange;
use crate::model::handling::Act;
use crate::model::ids::{AccountId, MacroId, MessageId, QuickReplyId, ThreadId};
use crate::model::macros::Macro;
use crate::model::quick_reply::{QuickReply, ReplyFile};
use crate::model::template::Template;
use crate::model::template::definition::Definition;
use crate::model::thread::ThreadRow;
use crate::protocol::access::AccessList;
use crate::protocol::accounts::AccountDetail;
use crate::protocol::activity::ActivityAnswer;
use crate::protocol::admin::AdminAnswer;
use crate::protocol::mentions::MentionRow;
use crate::protocol::numbers::Numbers;
use crate::protocol::templates::TemplateAnswer;
use crate::protocol::{
    AccountView, Check, ContactDetail, Found, LabelRow, MessageLife, Neighbours, Page, Problem, Request,
    Response, Version,
};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What an overlay wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Take it off the screen.
    Close,
    /// Take it off the screen; leaving the conversation brings it back.
    Park,
    /// Do something with the open conversation.
    Talk(talk::Talk),
    /// Ask the engine; the answer comes back by [`Overlay::deliver`].
    Ask(Box<Request>),
    /// Put text into the composer at the cursor, replacing the `/word` that opened the picker, if any.
    Insert {
        /// The text, variables filled in.
        text: String,
        /// The quick reply it came from, to be counted.
        from: Option<QuickReplyId>,
    },
    /// Files go with the text in the composer.
    Attach(Vec<ReplyFile>),
    /// Show one account's threads, or all.
    SwitchAccount(Option<AccountId>),
    /// Send the text in the composer at a time.
    SendAt {
        /// When.
        at: Millis,
        /// When, in words.
        words: String,
    },
    /// Open a thread, at a message if one is named.
    OpenThread {
        /// The thread.
        thread: ThreadId,
        /// The message to go to.
        at: Option<MessageId>,
    },
    /// Run a command of the command table by its id.
    Command(String),
    /// Run a command of the command table by its id, with what was written behind it.
    CommandWith {
        /// Which.
        id: String,
        /// The rest of the line.
        argument: String,
    },
    /// Put the cursor of the list on a row, counted from one.
    GoToRow(u32),
    /// Open the form of a template of the open thread's account.
    PickTemplate {
        /// Its name.
        name: String,
        /// Its language.
        language: String,
    },
    /// Insert a quick reply, asking for what it needs.
    PickReply(QuickReplyId),
    /// Look at a macro before it runs.
    RunMacro(MacroId),
    /// Open the next thread with unread messages.
    OpenNextUnread,
    /// Open a web address.
    OpenLink(String),
    /// Tell the operator something in the status line.
    Say(String),
    /// Do something to threads, and say so in these words.
    Act {
        /// Which.
        threads: Vec<ThreadId>,
        /// What.
        act: Box<Act>,
        /// What is done then.
        words: String,
    },
    /// Show everything in another theme.
    Theme(Box<Theme>),
    /// Put text on the clipboard.
    Copy(String),
    /// Let the operator's editor have a text; what comes of it is delivered.
    Edit {
        /// The text.
        text: String,
        /// The name of its file, by which an editor knows what it is.
        name: &'static str,
    },
    /// Hand a file of this machine over, then to the provider as the sample of a template's header.
    Sample {
        /// The file.
        path: String,
        /// For a template of which account.
        account: AccountId,
    },
    /// Hand a file of this machine over, then send a template with it.
    SendFile {
        /// The file.
        path: String,
        /// The send, without its file.
        request: Box<Request>,
    },
    /// Keep what was begun of a template, or forget it.
    KeepTemplate {
        /// Of which account.
        account: AccountId,
        /// Which it is, by name and language.
        of: Box<Definition>,
        /// What is kept.
        kept: Option<Box<Definition>>,
    },
    /// Whether the provider's samples are listed among the templates.
    ShowSamples(bool),
    /// Hand a picture of this machine over, then change a business profile with it.
    Picture {
        /// The file.
        path: String,
        /// Of which account.
        account: AccountId,
        /// What else is to be another.
        change: Box<ProfileChange>,
    },
}

/// Why Enter chooses nothing in a list that was narrowed to nothing, or is empty; `next` is what helps.
pub(crate) fn nothing_chosen(query: &str, next: &str) -> Problem {
    let query = crate::text::sanitize(query.trim());
    let what = match crate::text::truncate(&query, 30) {
        q if q.is_empty() => "there is nothing to choose".to_owned(),
        q => format!("nothing matches `{q}`"),
    };
    Problem::new("usage", what).next(next)
}

/// The same as a sentence for the status line.
pub(crate) fn say_nothing(query: &str, next: &str) -> Vec<Step> {
    let p = nothing_chosen(query, next);
    vec![Step::Say(format!("{} · → {}", p.what, p.next))]
}

/// What the engine answered, as far as overlays care.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// Accounts.
    Accounts(Vec<AccountView>),
    /// Everything about one account.
    Account(Box<AccountDetail>),
    /// Templates of the account.
    Templates(Vec<Template>),
    /// Quick replies.
    QuickReplies(Vec<QuickReply>),
    /// Macros.
    Macros(Vec<Macro>),
    /// Who may do what, and who is attached.
    Access(Box<AccessList>),
    /// Labels.
    Labels(Vec<LabelRow>),
    /// What came of each change of a bundle, up to the first that was refused.
    Together(Vec<Result<Response, Problem>>),
    /// Threads by name or number, with the text they belong to.
    Threads(String, Vec<ThreadRow>),
    /// Search results, with the text they belong to.
    Found(String, Box<Found>),
    /// What stands around messages.
    Neighbours(Vec<Neighbours>),
    /// What came of a command.
    Piped {
        /// What it wrote, not made safe.
        output: String,
        /// Whether there was more.
        cut: bool,
        /// How it ended, in words; empty when it ended well.
        ended: String,
    },
    /// What is set for a number at its provider.
    Admin(Box<AdminAnswer>),
    /// Names that go on with a path.
    Names(Box<super::reading::Names>),
    /// A page of notes that call the operator.
    Mentions(Page<MentionRow>),
    /// The life of a message.
    Life(Box<MessageLife>),
    /// About the activity log.
    Activity(Box<ActivityAnswer>),
    /// Numbers for the lead.
    Numbers(Box<Numbers>),
    /// The doctor's findings.
    Checks(Vec<Check>),
    /// One contact.
    Contact(Box<ContactDetail>),
    /// Contacts, with the text they were looked for by.
    Contacts(String, Vec<ContactDetail>),
    /// What a message said.
    Versions(Vec<Version>),
    /// About templates, for who makes them.
    Template(Box<TemplateAnswer>),
    /// Templates of this account are not what they were.
    TemplatesMoved(AccountId),
    /// The operator's editor has ended: with a text, without one, or not as it should.
    Edited(Result<Option<String>, String>),
    /// A send was committed: `thread` is where.
    Queued(ThreadId),
    /// A request of this overlay was done.
    Done,
    /// A request of this overlay was refused.
    Problem(Problem),
}

/// A key and what it does here, for the hint line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key in its text form (`Enter`, `Ctrl+R`).
    pub key: String,
    /// What it does, one or two words.
    pub does: String,
}

impl Hint {
    /// A hint.
    #[must_use]
    pub fn new(key: &str, does: &str) -> Self {
        Self { key: key.into(), does: does.into() }
    }
}

/// Something that lies over the inbox.
pub trait Overlay {
    /// Name for tests and snapshots (`quick_replies`, `template_form`).
    fn name(&self) -> &'static str;
    /// A key was pressed.
    fn key(&mut self, key: KeyEvent) -> Vec<Step>;
    /// A block of text was pasted; never submits.
    fn paste(&mut self, text: &str) -> Vec<Step>;
    /// The engine answered.
    fn deliver(&mut self, delivery: Delivery) -> Vec<Step>;
    /// Draws into `area` (the whole screen above the hint line; the overlay places its own box) and says where
    /// the cursor is, if a text field has it.
    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position>;
    /// Whether what lies under it steps back.
    fn covers(&self) -> bool {
        true
    }
    /// Keys for the hint line.
    fn hints(&self) -> Vec<Hint>;
    /// Whether it writes these keys itself just now: then they are not written a second time below it.
    fn says_keys(&self) -> bool {
        false
    }
}
