//! Arguments of what is done to threads, of labels and of views.

use clap::{Args, Subcommand, ValueEnum};

/// Which threads.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Thread id, phone number, user id, or a name that is unique; several are done together
    #[arg(required = true, value_name = "THREAD")]
    pub threads: Vec<String>,
}

/// How pressing a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PriorityWord {
    /// Can wait
    Low,
    /// As usual
    Normal,
    /// Before others
    High,
    /// Now
    Urgent,
}

/// What to do with threads.
#[derive(Debug, Subcommand)]
pub enum ThreadAction {
    /// Change them
    #[command(flatten)]
    Act(ThreadAct),
    /// Write a whole thread as text, JSON lines or a page to read
    #[command(after_help = super::args::EXIT_CODES)]
    Export(super::export::Export),
    /// Delete a whole thread for everybody; only whoever gives its name does
    #[command(after_help = super::args::EXIT_CODES)]
    Delete(super::deletion::Delete),
}

/// What changes threads.
#[derive(Debug, Subcommand)]
pub enum ThreadAct {
    /// Nothing is left to do; the customer's next message opens a thread again
    Resolve(Which),
    /// Open resolved or snoozed threads again
    Reopen(Which),
    /// Not now: until a time, a reply, or one hour before the window closes; a message wakes in any case
    #[command(group = clap::ArgGroup::new("nap").required(true))]
    Snooze {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Until this time, local time: 10m, 2h, 14:30, "tomorrow 9:00", "mon 9", "2026-12-01 14:30"
        #[arg(long, value_name = "TIME", group = "nap")]
        until: Option<String>,
        /// Until the customer writes
        #[arg(long, group = "nap")]
        until_reply: bool,
        /// Until one hour before the window closes
        #[arg(long, group = "nap")]
        before_window: bool,
    },
    /// Give threads to an operator, or to nobody
    #[command(group = clap::ArgGroup::new("who").required(true))]
    Assign {
        /// Which
        #[command(flatten)]
        which: Which,
        /// To this operator
        #[arg(long, value_name = "NAME", group = "who")]
        to: Option<String>,
        /// To yourself
        #[arg(long, group = "who")]
        me: bool,
        /// To this team
        #[arg(long, value_name = "TEAM", group = "who")]
        team: Option<String>,
        /// To whose turn it is, of those who have a screen open
        #[arg(long, value_enum, value_name = "HOW", group = "who")]
        next: Option<super::colleagues_args::ShareWord>,
        /// To nobody
        #[arg(long, group = "who")]
        nobody: bool,
    },
    /// Put labels on threads and take labels off (see `switchboard labels`)
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Label {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Put this label on; may be given more than once
        #[arg(long, value_name = "LABEL", group = "what")]
        add: Vec<String>,
        /// Take this label off; may be given more than once
        #[arg(long, value_name = "LABEL", group = "what")]
        remove: Vec<String>,
    },
    /// How pressing threads are
    Priority {
        /// The priority
        #[arg(value_enum, value_name = "PRIORITY")]
        priority: PriorityWord,
        /// Which
        #[command(flatten)]
        which: Which,
    },
    /// Mark threads read here; the customer is not told
    Read(Which),
    /// Mark threads unread
    Unread(Which),
}

/// The colour of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "colours need no words")]
pub enum ColorWord {
    Grey,
    Red,
    Yellow,
    Green,
    Cyan,
    Blue,
    Purple,
}

/// `labels`.
#[derive(Debug, Args)]
pub struct Labels {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<LabelAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with labels.
#[derive(Debug, Subcommand)]
pub enum LabelAction {
    /// List them by name, with the number of threads
    List,
    /// Make a new one
    Create {
        /// Its name
        name: String,
        /// Its colour
        #[arg(long, value_enum, default_value = "grey", value_name = "COLOR")]
        color: ColorWord,
    },
    /// Give one another name; threads keep it
    Rename {
        /// Which one
        name: String,
        /// The new name
        new: String,
    },
    /// Give one another colour
    Color {
        /// Which one
        name: String,
        /// The colour
        #[arg(value_enum)]
        color: ColorWord,
    },
    /// Delete one; threads lose it
    Delete {
        /// Which one
        name: String,
    },
}

/// `views`.
#[derive(Debug, Args)]
pub struct Views {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<ViewAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with views.
#[derive(Debug, Subcommand)]
pub enum ViewAction {
    /// List those that are always there with their numbers, and your own with their filters
    List,
    /// Keep a filter under a name, or another filter under a name that is there
    ///
    /// Words of a filter all have to hold; `-` before one turns it round; a comma means "or":
    ///   account:ID  label:NAME|none  assignee:me|none|NAME  state:open|snoozed|resolved
    ///   priority:low|normal|high|urgent  is:unread|read|failed|draft|unanswered|answered
    ///   age:>2d  age:<3h  window:<2h|open|closed  and text, in quotes where it has spaces or colons
    #[command(verbatim_doc_comment)]
    Save {
        /// Its name, one word
        name: String,
        /// The filter, such as 'label:vip state:open age:>2d'
        filter: String,
    },
    /// Delete one of your own
    Delete {
        /// Which one
        name: String,
    },
}
