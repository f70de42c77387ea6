//! The arguments of `templates`, `action` and `actions`.

use super::{Wait, account, duration, value};
use crate::model::ids::AccountId;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// What files of templates look like, for the help.
pub const ABOUT_FILES: &str = "\
A file has one template, in TOML or as the JSON that the provider takes:
  name = \"order_update\"          format = \"named\" or \"positional\"
  language = \"en_GB\"             [header] format, text, sample; [body] text; [footer] text
  category = \"UTILITY\"           [body.examples] a value for each variable
                                 [[buttons]] kind, text, target, example
The sample of a picture, video or document header may be a file beside the template: sample = \"file:photo.jpg\"
`switchboard templates lint` says which rule is broken, and where.";

/// `templates`.
#[derive(Debug, Args)]
pub struct Templates {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<TemplateAction>,
    /// Only this account; needed to change something when there are several business accounts
    #[arg(long, global = true, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Read them from the provider first
    #[arg(long)]
    pub sync: bool,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// Which templates of the list.
#[derive(Clone, Debug, Default, Args)]
pub struct TemplateList {
    /// Only in this state: approved, pending, rejected, paused, …
    #[arg(long, value_name = "WORD")]
    pub status: Option<String>,
    /// Only of this category: utility, marketing, authentication
    #[arg(long, value_name = "WORD")]
    pub category: Option<String>,
    /// Only in this language
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Only with this text in the name or in what customers read
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only those that were never sent from here
    #[arg(long)]
    pub unused: bool,
    /// Also the provider's samples (hello_world, sample_…), as with `template_samples` in `[ui]`
    #[arg(long)]
    pub samples: bool,
}

/// A template by name, in one language or in all.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Its name
    pub name: String,
    /// In which language [default: all that there are]
    pub language: Option<String>,
}

/// A template in one language.
#[derive(Clone, Debug, Args)]
pub struct One {
    /// Its name
    pub name: String,
    /// In which language; may be left out when there is only one
    pub language: Option<String>,
}

/// How something is handed in.
#[derive(Clone, Debug, Default, Args)]
pub struct Submit {
    /// Write on in $VISUAL or $EDITOR until it keeps every rule; an empty file gives up
    #[arg(long)]
    pub edit: bool,
    /// Check it and show what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Wait so long for the end of the review (30s, 5m)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub wait: Option<Duration>,
}

/// How files are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FileWord {
    /// To be read and changed
    #[default]
    Toml,
    /// As the provider takes it
    Json,
}

/// What to do with templates.
#[derive(Debug, Subcommand)]
pub enum TemplateAction {
    /// List them by name, with their languages
    List(TemplateList),
    /// Show one: what customers read, its values, its state, and what is set for it
    Show(Which),
    /// Hand a new one in
    #[command(after_help = ABOUT_FILES)]
    Create {
        /// The file, TOML or JSON; `-` is standard input [default: an empty one in the editor]
        file: Option<PathBuf>,
        /// How
        #[command(flatten)]
        how: Submit,
    },
    /// Hand another text for one in: a rejected one, a paused one, an approved one once a day
    #[command(after_help = ABOUT_FILES)]
    Edit {
        /// Which one
        #[command(flatten)]
        which: One,
        /// The new text; `-` is standard input [default: what is there, in the editor]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// How
        #[command(flatten)]
        how: Submit,
    },
    /// Hand one in again in another language, or under another name
    Duplicate {
        /// Which one
        #[command(flatten)]
        which: One,
        /// The new language
        #[arg(long, value_name = "CODE", required_unless_present = "name_to")]
        to: Option<String>,
        /// The new name
        #[arg(long = "name", value_name = "NAME")]
        name_to: Option<String>,
        /// How
        #[command(flatten)]
        how: Submit,
    },
    /// Delete one language, or all: asks for the name on a terminal
    Delete {
        /// Which one
        #[command(flatten)]
        which: Which,
        /// Its name again, for scripts: nothing brings back what is deleted
        #[arg(long, value_name = "NAME")]
        yes: Option<String>,
    },
    /// Read all of them from the provider now
    Sync,
    /// Check files against the provider's rules, without an engine; 1 when a rule is broken
    #[command(after_help = ABOUT_FILES)]
    Lint {
        /// Files and folders; `-` is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write the provider's templates into a folder, a file each
    Pull {
        /// The folder
        dir: PathBuf,
        /// How new files are written
        #[arg(long, value_enum, default_value = "toml", value_name = "WORD")]
        format: FileWord,
        /// Only this one; may be given several times
        #[arg(long = "name", value_name = "NAME")]
        names: Vec<String>,
    },
    /// Hand in what the files of a folder say and the provider does not have yet
    Push {
        /// The folder
        dir: PathBuf,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        /// Also delete at the provider what has no file
        #[arg(long)]
        delete: bool,
        /// Wait so long for the end of the reviews (30s, 5m)
        #[arg(long, value_name = "TIME", value_parser = duration)]
        wait: Option<Duration>,
    },
    /// Show what differs between a folder and the provider; 1 when something does
    Diff {
        /// The folder
        dir: PathBuf,
    },
    /// Offer one to agents again
    Enable(Which),
    /// Offer one to agents no more; the provider is not asked
    Disable(Which),
    /// Show or set which roles may send one
    Roles {
        /// Which one
        #[command(flatten)]
        which: One,
        /// Only these; may be given several times
        #[arg(long = "only", value_name = "ROLE", conflicts_with = "all")]
        only: Vec<String>,
        /// Every role that may send templates
        #[arg(long)]
        all: bool,
    },
    /// Show or set where its values come from when it is sent
    Map {
        /// Which one
        #[command(flatten)]
        which: One,
        /// A value and its source, repeated: body.1='{{ contact.first_name }}', body.2='{{ set.amount }}'
        #[arg(long = "set", value_name = "KEY=TEXT", value_parser = value)]
        set: Vec<(String, String)>,
        /// A value that has no source any more
        #[arg(long = "clear", value_name = "KEY")]
        clear: Vec<String>,
    },
    /// Send one
    Send(TemplateSend),
    /// Hand one of our models in (see `models`)
    Load {
        /// Which model
        model: String,
        /// In which language
        language: String,
        /// Another name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Wait so long for the end of the review (30s, 5m)
        #[arg(long, value_name = "TIME", value_parser = duration)]
        wait: Option<Duration>,
    },
    /// List our models, or print one as a file; works without an engine
    Models {
        /// Which one
        name: Option<String>,
        /// In which language
        #[arg(requires = "name", default_value = "en")]
        language: String,
    },
    /// Look through the provider's own templates, or take one: it is approved at once
    Library {
        /// Words to look for
        search: Option<String>,
        /// Only in this language
        #[arg(long, value_name = "CODE")]
        language: Option<String>,
        /// Take this one
        #[arg(long, value_name = "NAME", requires = "language")]
        take: Option<String>,
        /// Your name for it [default: its own]
        #[arg(long, value_name = "NAME", requires = "take")]
        name: Option<String>,
        /// What its buttons need, as the provider wants it:
        /// `[{"type":"URL","url":{"base_url":"https://shop.example/{{1}}","url_suffix_example":"https://shop.example/1"}}]`
        #[arg(long, value_name = "JSON", requires = "take")]
        buttons: Option<String>,
    },
    /// Show what changed about one, the newest first
    History(Which),
}

/// `templates send`.
#[derive(Debug, Args)]
pub struct TemplateSend {
    /// Which one
    pub name: String,
    /// In which language
    pub language: String,
    /// To whom: a thread id, a phone number, a user id, or a name that is unique
    #[arg(long, value_name = "TO")]
    pub to: String,
    /// A value, repeated: first_name=Ana, body.1=Ana, button.0=4711
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = value)]
    pub values: Vec<(String, String)>,
    /// The file of its header
    #[arg(long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// Also when the provider moved it to another category, which may cost more
    #[arg(long)]
    pub knowing: bool,
    /// Return when the message got this far
    #[arg(long, value_enum, default_value = "accepted", value_name = "STATE")]
    pub wait: Wait,
    /// Give up waiting after this time; the message stays in the outbox
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub timeout: Duration,
}

/// `action`.
#[derive(Debug, Args)]
pub struct Act {
    /// The name of the action (see `switchboard actions`)
    pub name: String,
    /// To whom: a thread id, a phone number, a user id, or a name that is unique
    #[arg(long, value_name = "TO")]
    pub to: String,
    /// A value that its sources ask for as {{ set.KEY }}, or a value of the template; repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = value)]
    pub values: Vec<(String, String)>,
    /// The file of the header: the invoice itself
    #[arg(long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// From which account; needed when several have the action
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Return when the message got this far
    #[arg(long, value_enum, default_value = "accepted", value_name = "STATE")]
    pub wait: Wait,
    /// Give up waiting after this time; the message stays in the outbox
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub timeout: Duration,
    /// Print one JSON document; errors become {"error": …} on standard error
    #[arg(long)]
    pub json: bool,
}

/// `actions`.
#[derive(Debug, Args)]
pub struct Actions {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<ActionsAction>,
    /// Only this account; needed to change something when there are several
    #[arg(long, global = true, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with actions.
#[derive(Debug, Subcommand)]
pub enum ActionsAction {
    /// List them
    List,
    /// Define one, or define it anew
    Set {
        /// Its name: invoice_sent, proposal_sent, or one of your own
        name: String,
        /// The template that it sends
        #[arg(long, value_name = "NAME")]
        template: String,
        /// In which language [default: the first that may be sent]
        #[arg(long, value_name = "CODE", default_value = "")]
        language: String,
        /// A value and its source, repeated: body.amount='{{ set.amount }}'
        #[arg(long = "map", value_name = "KEY=TEXT", value_parser = value)]
        map: Vec<(String, String)>,
    },
    /// Take one away
    Remove {
        /// Its name
        name: String,
    },
}
