//! The arguments of `operators`, `roles`, `access` and `whoami`.

use crate::model::access::{Grant, Principal, Visibility, is_name};
use crate::model::ids::AccountId;
use crate::model::permission_words;
use clap::{Args, Subcommand, ValueEnum};

/// Printed under the help of `roles`.
pub(super) const GRANTS: &str = "What can be allowed, as THING.VERB; the THING alone means all of its verbs:
  chat           view, create (answer), edit (states, labels, notes, assignment), delete
  bots           view, create, edit, delete
  campaigns      view, create, edit, delete
  groups         view, create, edit, delete
  contacts       view, create, edit, delete, import
  templates      view, create, edit, delete, load_template
  quick_replies  view, create, edit, delete (for everybody; private ones need view only)
  numbers        view
  connection     view, edit (credentials, webhooks, backups)
  activity_log   view
  operators      view, edit (who is let in, roles, accounts)";

/// `operators`.
#[derive(Debug, Args)]
pub struct Operators {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<OperatorAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with operators.
#[derive(Debug, Subcommand)]
pub enum OperatorAction {
    /// List who is let in, and who is attached now: terminal, where from, since when
    List,
    /// Let a user of this machine in, or everybody of a group: ana, @support
    Add {
        /// Login name, or @ and the name of a group
        #[arg(value_name = "WHO", value_parser = principal)]
        who: Principal,
        /// What they may do (see `switchboard roles`)
        #[arg(long, value_name = "ROLE", value_parser = name)]
        role: String,
        /// Teams, separated by commas
        #[arg(long = "team", value_name = "TEAMS", value_delimiter = ',', value_parser = name)]
        teams: Vec<String>,
    },
    /// Give another role or other teams
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Edit {
        /// Login name, or @ and the name of a group
        #[arg(value_name = "WHO", value_parser = principal)]
        who: Principal,
        /// What they may do
        #[arg(long, group = "change", value_name = "ROLE", value_parser = name)]
        role: Option<String>,
        /// The teams from now on, separated by commas
        #[arg(long = "team", group = "change", value_name = "TEAMS", value_delimiter = ',', value_parser = name)]
        teams: Option<Vec<String>>,
        /// In no team any more
        #[arg(long, group = "change", conflicts_with = "teams")]
        no_team: bool,
    },
    /// Let somebody in no more; terminals that are attached are told at once
    Remove {
        /// Login name, or @ and the name of a group
        #[arg(value_name = "WHO", value_parser = principal)]
        who: Principal,
    },
    /// Let somebody in again
    On {
        /// Login name, or @ and the name of a group
        #[arg(value_name = "WHO", value_parser = principal)]
        who: Principal,
    },
    /// Let somebody in no more, and keep role and teams
    Off {
        /// Login name, or @ and the name of a group
        #[arg(value_name = "WHO", value_parser = principal)]
        who: Principal,
    },
}

/// `roles`.
#[derive(Debug, Args)]
pub struct Roles {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<RoleAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub enum RoleAction {
    /// List them with what they allow
    List,
    /// Show one: what it allows and what it does not
    Show {
        /// Its name
        #[arg(value_name = "ROLE", value_parser = name)]
        role: String,
    },
    /// Make one
    #[command(after_help = GRANTS)]
    Add {
        /// Its name
        #[arg(value_name = "ROLE", value_parser = name)]
        role: String,
        /// Begin with what another one allows
        #[arg(long, value_name = "ROLE", value_parser = name)]
        like: Option<String>,
        /// What it is
        #[command(flatten)]
        change: RoleChange,
    },
    /// Change one; everybody who has it may do more or less at once
    #[command(after_help = GRANTS)]
    Edit {
        /// Its name
        #[arg(value_name = "ROLE", value_parser = name)]
        role: String,
        /// What changes
        #[command(flatten)]
        change: RoleChange,
    },
    /// Remove one that nobody has
    Remove {
        /// Its name
        #[arg(value_name = "ROLE", value_parser = name)]
        role: String,
    },
}

/// What a role is changed to.
#[derive(Clone, Debug, Default, Args)]
pub struct RoleChange {
    /// Allow these, separated by commas: chat.view,contacts
    #[arg(long, value_name = "GRANTS", value_delimiter = ',', value_parser = grants)]
    pub allow: Vec<Grants>,
    /// Allow these no more
    #[arg(long, value_name = "GRANTS", value_delimiter = ',', value_parser = grants)]
    pub deny: Vec<Grants>,
    /// Which conversations it sees
    #[arg(long, value_enum, value_name = "WHICH")]
    pub visibility: Option<VisibilityWord>,
    /// Hide the middle of phone numbers
    #[arg(long, value_enum, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes")]
    pub mask_numbers: Option<YesNo>,
    /// Send only in conversations that one has
    #[arg(long, value_enum, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes")]
    pub only_assigned: Option<YesNo>,
}

impl RoleChange {
    /// Whether it changes anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty()
            && self.deny.is_empty()
            && self.visibility.is_none()
            && self.mask_numbers.is_none()
            && self.only_assigned.is_none()
    }
}

/// What one word of `--allow` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants(pub Vec<Grant>);

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// Yes
    Yes,
    /// No
    No,
}

/// Which conversations are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VisibilityWord {
    /// All of the accounts that are open to the operator
    All,
    /// Those that nobody has, and those of the operator's teams
    Team,
    /// Those that the operator has
    Own,
}

impl From<VisibilityWord> for Visibility {
    fn from(w: VisibilityWord) -> Self {
        match w {
            VisibilityWord::All => Self::All,
            VisibilityWord::Team => Self::Team,
            VisibilityWord::Own => Self::Own,
        }
    }
}

/// `access`.
#[derive(Debug, Args)]
pub struct Accesses {
    /// What to do [default: show]
    #[command(subcommand)]
    pub action: Option<AccessAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the access to accounts.
#[derive(Debug, Subcommand)]
pub enum AccessAction {
    /// Show who may work with the accounts, or with one
    Show {
        /// Only this one
        #[arg(value_name = "ACCOUNT", value_parser = super::args::account)]
        account: Option<AccountId>,
    },
    /// Open an account to these alone, and to whoever may change the rules; nobody else sees that it exists
    #[command(group = clap::ArgGroup::new("who").required(true).multiple(true))]
    Set {
        /// Which one (see `switchboard accounts`)
        #[arg(value_name = "ACCOUNT", value_parser = super::args::account)]
        account: AccountId,
        /// Operators of these roles, separated by commas
        #[arg(long, group = "who", value_name = "ROLES", value_delimiter = ',', value_parser = name)]
        roles: Vec<String>,
        /// Members of these groups of the operating system
        #[arg(long, group = "who", value_name = "GROUPS", value_delimiter = ',', value_parser = group)]
        groups: Vec<String>,
        /// These operators, by login name
        #[arg(long, group = "who", value_name = "NAMES", value_delimiter = ',', value_parser = name)]
        operators: Vec<String>,
    },
    /// Open an account to everybody who is let in
    Open {
        /// Which one
        #[arg(value_name = "ACCOUNT", value_parser = super::args::account)]
        account: AccountId,
    },
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if is_name(text) {
        return Ok(text.to_owned());
    }
    Err("a name has letters, digits, spaces and . _ -".into())
}

fn group(text: &str) -> Result<String, String> {
    name(text.trim().trim_start_matches('@'))
}

pub(super) fn principal(text: &str) -> Result<Principal, String> {
    match text.trim().strip_prefix('@') {
        Some(group) => name(group).map(Principal::Group),
        None => name(text).map(Principal::User),
    }
}

fn grants(text: &str) -> Result<Grants, String> {
    permission_words::grants(text).map(Grants)
}

#[cfg(test)]
mod tests {
    use super::super::args::{Cli, Command};
    use super::*;
    use clap::Parser;
    use clap::error::ErrorKind as K;

    fn parse(line: &str) -> Result<Command, K> {
        let cli = Cli::try_parse_from(line.split(' ')).map_err(|e| e.kind())?;
        Ok(cli.command.unwrap())
    }

    #[test]
    fn groups_begin_with_an_at_sign() {
        assert_eq!(principal("ana"), Ok(Principal::User("ana".into())));
        assert_eq!(principal("@support"), Ok(Principal::Group("support".into())));
        assert!(principal("@").is_err() && principal("-x").is_err() && principal("a/b").is_err());
    }

    #[test]
    fn a_change_names_what_changes() {
        assert_eq!(parse("switchboard operators edit ana").unwrap_err(), K::MissingRequiredArgument);
        assert_eq!(parse("switchboard operators add ana").unwrap_err(), K::MissingRequiredArgument);
        assert_eq!(parse("switchboard access set sales").unwrap_err(), K::MissingRequiredArgument);
        assert_eq!(parse("switchboard roles add n --allow chat.fly").unwrap_err(), K::ValueValidation);
        let role =
            parse("switchboard roles add night --like agent --allow quick_replies.create --mask-numbers");
        let Ok(Command::Roles(Roles { action: Some(RoleAction::Add { role, like, change }), .. })) = role
        else {
            panic!()
        };
        assert_eq!((&*role, like.as_deref()), ("night", Some("agent")));
        assert_eq!((change.mask_numbers, change.only_assigned), (Some(YesNo::Yes), None));
        let edit = parse("switchboard roles edit night --mask-numbers=no --deny chat,contacts.edit");
        let Ok(Command::Roles(Roles { action: Some(RoleAction::Edit { change, .. }), .. })) = edit else {
            panic!()
        };
        assert_eq!((change.mask_numbers, change.deny.len()), (Some(YesNo::No), 2));
    }
}
