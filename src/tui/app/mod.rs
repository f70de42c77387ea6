//! The state of the screen and how it changes. Synchronous, no I/O: what is to be done comes back as effects.

mod accounts;
mod admin;
mod allowed;
mod answers;
mod commands;
pub(crate) mod conversation;
mod damage;
mod deletion;
mod drafts;
mod editor;
mod emoji;
pub(crate) mod files;
mod find;
mod follow;
mod handling;
mod keys;
mod late;
mod list;
mod looks;
mod macros;
mod mentions;
mod newcomer;
mod notes;
mod outbox;
mod outward;
mod overlaid;
pub(crate) mod palette;
mod panes;
mod saying;
mod settle;
mod talk;
mod template_admin;
mod together;
mod views;
pub(in crate::tui) mod watch;
pub(in crate::tui) mod woken;
mod writing;

#[cfg(test)]
mod accounts_tests;
#[cfg(test)]
mod allowed_tests;
#[cfg(test)]
mod deletion_tests;
#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod follow_tests;
#[cfg(test)]
mod keys_tests;
#[cfg(test)]
mod macros_tests;
#[cfg(test)]
mod outbox_tests;
#[cfg(test)]
mod screens_tests;
#[cfg(test)]
mod scroll_tests;
#[cfg(test)]
mod talk_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod together_tests;
#[cfg(test)]
mod update_tests;
#[cfg(test)]
mod views_tests;
#[cfg(test)]
mod writing_tests;

pub(crate) use conversation::Conversation;
pub(crate) use damage::Damage;
pub(crate) use find::Find;
pub(crate) use follow::Left;
pub(crate) use handling::short_snooze;
pub(crate) use keys::Pending;
pub(crate) use list::ThreadList;
pub(crate) use outbox::can_be_undone;
pub(crate) use panes::Panes;
pub(crate) use saying::Say;
pub(crate) use views::Desk;

use super::command::Scope;
use super::format;
use super::keymap::Keymap;
use super::notify::{Note, Notifier, Rules};
use super::outside::{FileDone, FileProblem, FileStep, Piped};
use super::overlay::{Overlay, compose};
use super::theme::{Listed, Theme};
use super::transcript::{Cache, WayOut};
use crate::clock::{Clock, Millis};
use crate::config::settings::{ReadOn, UiSettings};
use crate::model::access::{Resource, Role, Verb};
use crate::model::macros::Macro;
use crate::model::thread::ThreadFilter;
use crate::model::{AccountId, MessageId, QuickReply, Template, ThreadId};
#[cfg(test)]
use crate::protocol::Problem;
use crate::protocol::{AccountView, ClientFrame, Request, ServerFrame, Status};
use crate::text;
use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Quitting waits at most this long for the last draft to be saved, in milliseconds.
const QUIT_WAIT: Millis = 2_000;
/// The customer is told at most this often that somebody types, in milliseconds: the provider shows it for 25
/// seconds.
const TYPING: Millis = 20_000;
/// A conversation that is not there after this long, in milliseconds, is drawn as loading.
const PATIENCE: Millis = 40;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A key.
    Key(KeyEvent),
    /// A block of text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// The terminal got or lost the focus.
    Focus(bool),
    /// The mouse wheel was turned over a place: up or down.
    Wheel {
        /// Upwards.
        up: bool,
        /// Column.
        x: u16,
    },
    /// The left mouse button was pressed.
    Click {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
    },
    /// The engine says something.
    Frame(ServerFrame),
    /// The engine is gone.
    EngineGone,
    /// The themes that there are, for the picker.
    Themes(Vec<Listed>),
    /// A deadline of [`App::deadline`] has passed.
    Deadline,
    /// Everything that waited was handed over: ask once for all that changed.
    Settle,
    /// A link was handed to the browser, or that failed.
    Opened(Result<(), String>),
    /// There is no browser: a link went to the clipboard.
    LinkCopied,
    /// The editor has ended: with a text, without one, or not as it should.
    Edited(Result<Option<String>, String>),
    /// A command has ended.
    Piped(Box<Piped>),
    /// Something was read of the operator's files.
    Files(files::Heard),
    /// A file was opened, or finished, or neither.
    File(Result<FileDone, FileProblem>),
    /// The process is to end.
    Terminate,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Ask the engine.
    Send(Box<ClientFrame>),
    /// Put text on the clipboard.
    Copy(String),
    /// Run a command with text on its standard input.
    Pipe {
        /// For the shell.
        command: String,
        /// What it gets.
        input: String,
    },
    /// Stop that command.
    StopPipe,
    /// Write a file, piece by piece.
    File(FileStep),
    /// Read the operator's files; comes back as [`Event::Files`].
    Files(files::Look),
    /// Open an address in the browser.
    Open(String),
    /// Notify the operator.
    Notify(Note),
    /// Read which themes there are; they come back as [`Event::Themes`].
    ReadThemes,
    /// Let the operator's editor have this text; it comes back as [`Event::Edited`].
    Edit {
        /// The text.
        text: String,
        /// The name of its file.
        name: &'static str,
    },
    /// Draw everything again.
    Redraw,
    /// Stop the process until the shell continues it.
    Suspend,
    /// Leave.
    Quit,
}

/// What a request was for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Nobody waits for the answer, a problem is shown.
    Plain,
    /// Nobody waits for the answer, and a problem changes nothing for the operator.
    Quiet,
    /// Say this when it is done.
    Saying(&'static str),
    Hello,
    Me,
    Preferences,
    Accounts,
    Status,
    Labels,
    Operators,
    ViewCounts,
    /// Say this with the number of threads when it is done.
    Act {
        words: String,
        count: usize,
    },
    Threads {
        generation: u64,
        more: bool,
    },
    ThreadRows,
    Thread(ThreadId),
    Messages {
        thread: ThreadId,
        load: conversation::Load,
    },
    MessageRows(ThreadId),
    /// Matches of a search in the thread.
    Find {
        thread: ThreadId,
        text: String,
        more: bool,
    },
    /// A page for the file that is written.
    Export,
    Send {
        thread: ThreadId,
        text: String,
        quote: Option<MessageId>,
    },
    Files(files::Asked),
    TakeBack,
    Check,
    /// Who is in these conversations, or in all.
    Presence(Option<Vec<ThreadId>>),
    TakeOver(ThreadId),
    Screens,
    Watched,
    Note {
        thread: ThreadId,
        text: String,
    },
    Draft,
    /// Read ahead for the quick-reply picker.
    QuickReplies,
    /// Read ahead for the macro picker.
    Macros,
    /// Read ahead for the template picker.
    Templates(AccountId),
    Overlay {
        serial: u64,
        search: String,
    },
}

/// An open overlay.
pub(crate) struct Open {
    /// Tells answers for it from answers for one that is gone.
    pub serial: u64,
    /// The overlay.
    pub overlay: Box<dyn Overlay>,
    /// The `/word` in the composer that it replaces.
    pub word: Option<String>,
}

/// The whole state of the screen.
pub(crate) struct App {
    pub clock: Clock,
    pub tz: TimeZone,
    pub theme: Theme,
    pub operator: String,
    /// What the engine lets the operator do, once it is known.
    role: Option<Role>,
    /// Whether the engine has answered what that is.
    knows_role: bool,
    pub keymap: Keymap,
    pub size: (u16, u16),
    pub scope: Scope,
    pub pending: Pending,
    /// What of the operator's own keys cannot be used.
    pub key_problems: Vec<String>,
    last: Option<keys::Last>,
    /// The keys that get a message out of trouble, as the conversation writes them.
    trouble_keys: WayOut,
    pub accounts: Vec<AccountView>,
    /// The account that is shown; `None` = all together.
    pub account: Option<AccountId>,
    pub list: ThreadList,
    /// Views, labels, marks.
    pub desk: Desk,
    pub conversation: Option<Conversation>,
    pub overlays: Vec<Open>,
    /// Search results that a conversation was opened from.
    pub parked: Option<talk::Parked>,
    /// Whether commands may be run and files be written.
    pub shell: bool,
    exporting: Option<outward::Exporting>,
    /// Quick replies as last read.
    pub quick_replies: Vec<QuickReply>,
    /// Macros as last read.
    pub macros: Vec<Macro>,
    /// Templates by account as last read.
    pub templates: HashMap<AccountId, Vec<Template>>,
    pub status: Status,
    pub say: Option<Say>,
    pub gone: bool,
    /// Whether customers see that somebody types.
    pub send_typing: bool,
    pub layouts: RefCell<Cache>,
    /// When a thread counts as read.
    pub read_on: ReadOn,
    /// Threads without notifications.
    pub muted: BTreeSet<ThreadId>,
    notifier: Notifier,
    /// Since when answers are waited for.
    waits: BTreeMap<u64, Millis>,
    /// Whether one takes long enough to be said.
    pub slow: bool,
    focused: bool,
    started: bool,
    damage: Damage,
    asked: HashMap<u64, Asked>,
    next_id: u64,
    next_serial: u64,
    sequence: Option<u64>,
    changed_threads: BTreeSet<ThreadId>,
    changed_messages: BTreeSet<MessageId>,
    accounts_changed: bool,
    status_changed: bool,
    announce: BTreeMap<ThreadId, u32>,
    /// Threads whose snooze ended; told when their rows are here.
    woken: BTreeSet<ThreadId>,
    /// Threads with a note that calls this operator, and who wrote it.
    mentioned: BTreeMap<ThreadId, String>,
    countdown: Option<Millis>,
    /// When the countdown of a waiting message changes.
    next_wait: Option<Millis>,
    quitting: Option<Millis>,
    /// Whether the key that is being handled is held down.
    held: bool,
    /// Emoji that fit what is being written.
    pub emoji: emoji::Offer,
    /// Half-written forms.
    forms: compose::Kept,
    /// Templates that were begun, and who waits for the editor.
    admin: template_admin::Kept,
    /// Where the operator is, kept for the next screen.
    follow: follow::Follow,
    /// Files that go with what is being written.
    pub files: files::Files,
    /// Colleagues.
    pub together: together::Together,
    effects: Vec<Effect>,
}

impl App {
    /// A screen of this size, and the first requests.
    pub fn new(
        clock: Clock,
        tz: TimeZone,
        theme: Theme,
        operator: &str,
        size: (u16, u16),
    ) -> (Self, Vec<Effect>) {
        let mut app = Self {
            clock,
            tz,
            theme,
            operator: text::sanitize(operator).into_owned(),
            role: None,
            knows_role: false,
            keymap: Keymap::default(),
            size,
            scope: Scope::List,
            pending: Pending::default(),
            key_problems: Vec::new(),
            last: None,
            trouble_keys: WayOut::default(),
            accounts: Vec::new(),
            account: None,
            list: ThreadList::default(),
            desk: Desk::default(),
            conversation: None,
            overlays: Vec::new(),
            parked: None,
            shell: true,
            exporting: None,
            quick_replies: Vec::new(),
            macros: Vec::new(),
            templates: HashMap::new(),
            status: Status::default(),
            say: None,
            gone: false,
            send_typing: false,
            layouts: RefCell::default(),
            read_on: ReadOn::default(),
            muted: BTreeSet::new(),
            notifier: Notifier::new(Rules::of(&UiSettings::default())),
            waits: BTreeMap::new(),
            slow: false,
            focused: true,
            started: false,
            damage: Damage::ALL,
            asked: HashMap::new(),
            next_id: 1,
            next_serial: 1,
            sequence: None,
            changed_threads: BTreeSet::new(),
            changed_messages: BTreeSet::new(),
            accounts_changed: false,
            status_changed: false,
            announce: BTreeMap::new(),
            woken: BTreeSet::new(),
            mentioned: BTreeMap::new(),
            countdown: None,
            next_wait: None,
            quitting: None,
            held: false,
            emoji: emoji::Offer::default(),
            forms: compose::Kept::default(),
            admin: template_admin::Kept::default(),
            follow: follow::Follow::default(),
            files: files::Files::default(),
            together: together::Together::default(),
            effects: Vec::new(),
        };
        app.list.filter = ThreadFilter::Inbox;
        app.trouble_keys = app.keys_for_trouble();
        let hello = Request::hello("", "");
        app.ask(hello, Asked::Hello);
        app.ask_me();
        // First what the first frame waits for: the place that was left, and the threads.
        app.ask(Request::Preferences, Asked::Preferences);
        app.load_threads();
        app.ask(Request::Accounts, Asked::Accounts);
        app.ask(Request::Status, Asked::Status);
        app.load_desk();
        let effects = std::mem::take(&mut app.effects);
        (app, effects)
    }

    /// Changes the state.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => {
                if key.kind != KeyEventKind::Release {
                    self.held = key.kind == KeyEventKind::Repeat;
                    self.stop_following();
                    self.key(key);
                }
            }
            Event::Paste(block) => self.paste(&block),
            Event::Resize(columns, rows) => {
                self.size = (columns, rows);
                self.damage = Damage::ALL;
                self.keep_list_cursor_visible();
                self.scroll(0);
            }
            Event::Focus(focused) => {
                self.focused = focused;
                if focused {
                    self.mark_read();
                }
            }
            Event::Wheel { up, x } => {
                self.stop_following();
                self.wheel(up, x);
            }
            Event::Click { x, y } => {
                self.stop_following();
                self.click(x, y);
            }
            Event::Frame(ServerFrame::Answer { id, result }) => self.answer(id, result),
            Event::Frame(ServerFrame::Update(update)) => self.changed(update),
            Event::EngineGone => {
                self.gone = true;
                let key = self.key_for(if self.scope == Scope::Conversation {
                    "quit.conversation"
                } else {
                    "quit"
                });
                self.say_bad(format!("the engine has stopped · → quit with {key} and start it again"));
                if self.quitting.is_some() {
                    self.effects.push(Effect::Quit);
                }
            }
            Event::Themes(themes) => self.themes_came(themes),
            Event::Deadline => self.deadline_passed(),
            Event::Settle => self.settle(),
            Event::Opened(Ok(())) => self.say("opened"),
            Event::Opened(Err(why)) => self.say_bad(format!("the link was not opened: {why}")),
            Event::LinkCopied => self.say("no browser here: the link was copied"),
            Event::Edited(result) => self.edited(result),
            Event::Piped(piped) => self.piped(*piped),
            Event::File(result) => self.file(result),
            Event::Files(heard) => self.files_heard(heard),
            Event::Terminate => self.quit(),
        }
        self.writes_while_watching();
        self.look_where();
        self.look_around();
        std::mem::take(&mut self.effects)
    }

    /// When something changes by itself next.
    pub fn deadline(&self) -> Option<Millis> {
        let c = self.conversation.as_ref();
        [
            self.countdown,
            self.notifier.due(),
            self.slow_at(),
            self.next_wait,
            self.counts_due(),
            self.quitting.map(|at| at + QUIT_WAIT),
            self.pending.due(),
            self.follow.due(),
            self.together.due(),
            c.and_then(|c| c.draft_due),
            c.and_then(|c| c.patience),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether the first useful frame can be drawn: threads and a conversation are here, or there are none.
    pub fn is_ready(&self) -> bool {
        self.started && self.follow.is_known() && self.conversation.as_ref().is_none_or(|c| c.loaded)
    }

    /// Whether the conversation that was just opened is on its way: for a moment the old picture stays, so that
    /// opening one is one frame and not two.
    pub fn is_waiting(&self) -> bool {
        self.conversation.as_ref().is_some_and(|c| !c.loaded && c.patience.is_some())
    }

    /// What has to be drawn.
    pub fn take_damage(&mut self) -> Damage {
        std::mem::take(&mut self.damage)
    }

    /// What was on the screen is not there any more.
    pub fn redraw(&mut self) {
        self.damage = Damage::ALL;
    }

    /// Whether [`App::take_damage`] would give something.
    pub fn is_dirty(&self) -> bool {
        self.damage != Damage::NONE
    }

    /// A frame was drawn: the next change that comes by itself is computed from what is on the screen.
    pub fn drawn(&mut self) {
        let now = self.clock.now();
        let panes = self.panes();
        let mut left = format::until_midnight(now, &self.tz);
        if let Some(w) =
            self.conversation.as_ref().and_then(|c| c.row.as_ref()).and_then(|r| r.window.left(now))
            && panes.conversation.is_some()
        {
            left = left.min(format::until_change(w, true));
        }
        for row in self.list.visible(panes.list_rows()) {
            if let Some(w) = row.window.left(now) {
                left = left.min(format::until_change(w, false));
            }
        }
        if let Some(s) = self.status.silent.first() {
            left = left.min(60_000 - (now - s.since).rem_euclid(60_000));
        }
        self.countdown = Some(now + left);
        self.next_wait = self.next_wait(now);
    }

    fn damage(&mut self, mut d: Damage) {
        // The keys at the bottom follow what is selected, quoted and failed.
        if d.has(Damage::CONVERSATION) {
            d |= Damage::STATUS;
        }
        // An overlay lies over everything: what it covers can only be drawn with it.
        self.damage |= if self.is_covered() { Damage::ALL } else { d };
    }

    /// Whether something lies over the inbox.
    pub fn is_covered(&self) -> bool {
        !self.overlays.is_empty() || self.pending.explained
    }

    fn ask(&mut self, request: Request, asked: Asked) {
        if let (Asked::Thread(id), Some(c)) = (&asked, &mut self.conversation)
            && c.thread == *id
        {
            c.asks_for_drafts();
        }
        let id = self.next_id;
        self.next_id += 1;
        if !matches!(
            asked,
            Asked::Quiet
                | Asked::Me
                | Asked::Preferences
                | Asked::Labels
                | Asked::Operators
                | Asked::ViewCounts
                | Asked::Presence(_)
                | Asked::Watched
        ) {
            self.waits.insert(id, self.clock.now());
        }
        self.asked.insert(id, asked);
        self.effects.push(Effect::Send(Box::new(ClientFrame { id, request })));
    }

    /// Whether the operator sees this thread's newest messages now.
    fn is_watching(&self, thread: ThreadId) -> bool {
        self.focused
            && self.scope != Scope::List
            && self.conversation.as_ref().is_some_and(|c| c.thread == thread && c.is_at_end())
    }

    /// Whether the thread is on the screen of a focused terminal.
    fn is_shown(&self, thread: ThreadId) -> bool {
        self.focused
            && self.panes().conversation.is_some()
            && self.conversation.as_ref().is_some_and(|c| c.thread == thread && c.is_at_end())
    }

    fn mark_read(&mut self) {
        let watches = self.only_watches();
        let Some(c) = &mut self.conversation else { return };
        let thread = c.thread;
        let unread = c.row.as_ref().is_some_and(|r| r.unread > 0);
        let Some(upto) = c.messages.last().map(|m| m.at) else { return };
        if !unread || c.marked >= Some(upto) || c.keep_unread || !c.late_asked || watches {
            return;
        }
        let stored = c.messages.iter().map(|m| m.stored_at).max();
        // First what came late: that it is on the screen is noticed here.
        if !self.has_unseen_late() && self.reads(thread) {
            self.notifier.forget(thread);
            if let Some(c) = &mut self.conversation {
                c.marked = Some(upto);
            }
            self.ask(Request::MarkRead { thread, upto, stored, receipt: true }, Asked::Plain);
        }
    }

    fn deadline_passed(&mut self) {
        let now = self.clock.now();
        self.explain_pending(now);
        if self.conversation.as_ref().and_then(|c| c.draft_due).is_some_and(|at| now >= at) {
            self.save_draft();
        }
        if self.follow.due().is_some_and(|at| now >= at) {
            self.save_place(Asked::Quiet);
        }
        if let Some(c) = &mut self.conversation
            && c.patience.is_some_and(|at| now >= at)
        {
            c.patience = None;
        }
        self.notify();
        self.count_views();
        self.look_at_waits();
        self.wait_changed(now);
        if self.countdown.is_some_and(|at| now >= at) {
            self.countdown = None;
            self.forget_aged();
            self.damage(
                Damage::LIST | Damage::CONVERSATION | Damage::COMPOSER | Damage::DETAILS | Damage::STATUS,
            );
        }
        if self.quitting.is_some_and(|at| now >= at + QUIT_WAIT) {
            self.effects.push(Effect::Quit);
        }
    }

    /// Opens a thread; the one that was open keeps its draft.
    pub fn open_thread(&mut self, thread: ThreadId, at: Option<MessageId>) {
        self.save_draft();
        self.parked = None;
        let row = self.list.row(thread).cloned();
        let mut c = Conversation::new(thread, row);
        if let Some(before) = &self.conversation {
            c.go_on_from(before);
        }
        c.patience = Some(self.clock.now() + PATIENCE);
        self.conversation = Some(c);
        self.changed_messages.clear();
        self.ask(Request::Thread { id: thread }, Asked::Thread(thread));
        let load = at.map_or(conversation::Load::Newest, conversation::Load::Around);
        self.load_messages(load);
        self.read_ahead();
        self.damage(Damage::ALL.without(Damage::TOP));
    }

    /// Reads what the pickers of the open thread show, so that they open filled.
    fn read_ahead(&mut self) {
        // What the role does not allow is not asked for: first it has to be known.
        if !self.knows_role {
            return;
        }
        if self.quick_replies.is_empty() && self.may(Resource::QuickReplies, Verb::View) {
            self.ask(Request::QuickReplies, Asked::QuickReplies);
            self.macros_changed();
        }
        let account = self.conversation.as_ref().and_then(|c| c.row.as_ref()).map(|r| r.account.clone());
        let reads = self.may(Resource::Templates, Verb::View);
        if let Some(account) = account.filter(|a| reads && !self.templates.contains_key(a)) {
            self.ask(Request::Templates { account: account.clone() }, Asked::Templates(account));
        }
    }

    fn focus(&mut self, scope: Scope) {
        if self.scope == scope {
            return;
        }
        let left_text = self.scope == Scope::Composer;
        self.scope = scope;
        self.entered_text();
        self.forget_pending();
        if left_text {
            self.save_draft();
        }
        self.mark_read();
        // In one pane the other one comes up.
        self.damage(if self.panes().is_single() {
            Damage::ALL
        } else {
            Damage::LIST | Damage::CONVERSATION | Damage::COMPOSER | Damage::STATUS
        });
    }

    fn switch_account(&mut self, account: Option<AccountId>) {
        if self.account != account {
            self.account = account;
            self.counts_changed();
            self.reload_list();
        }
        self.focus(Scope::List);
        self.damage = Damage::ALL;
    }
}
