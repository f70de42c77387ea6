//! The verbs of `switchboard accounts`.

use super::args::account;
use super::profile_args::{Block, Commands, IceBreakers, Links, MetaSteps, Number, Profile};
use crate::model::access::{AccountRule, is_name};
use crate::model::ids::AccountId;
use crate::protocol::account_facts::keeps_keys_safe;
use clap::{Args, Subcommand, ValueEnum};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

const ACCESS: &str = "Who may work with an account, for --access:
  everybody              everybody who is let in
  role:lead,@night,ana   operators of a role, members of a group of the machine, operators by login name;
                         for all others the account does not exist";

const CONNECT: &str = "A new Kapso account:
  switchboard accounts connect shop-pt --provider kapso --name \"Shop PT\" --api-key-file key
makes the account, prints a link (and the same as a QR code), and waits until somebody has connected a number there.
Without --api-key-file the key is asked for on the terminal, and not shown. It is never an argument: other users of
the machine see those.

A new account of Meta's own API:
  switchboard accounts connect shop-pt --provider meta --name \"Shop PT\"
asks for the access token, the ids of the number and of its business account, and the app secret, and looks at each with
Meta before it is kept; registers the number where that is needed, subscribes the app, points its webhooks here, and sends
a test message. Every answer can be given as an option; secrets come from files.

The same command again, with the id alone, goes on where it stopped: it uses what is there, and makes a new link when
the last one has expired.";

/// `accounts`.
#[derive(Debug, Args)]
pub struct Accounts {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<AccountsCommand>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the accounts.
#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// List accounts with their state and unread counts
    List,
    /// Show everything about an account: state, number, quality, limits, ages, setup, options
    Show(One),
    /// Make a new account and connect its number, or go on where that stopped
    #[command(after_help = CONNECT)]
    Connect(Box<Connect>),
    /// Ask the provider how a number is, or all of them
    Verify {
        /// Only this one
        #[arg(value_name = "ACCOUNT", value_parser = account)]
        account: Option<AccountId>,
    },
    /// Change the name, the country prefix, whom it may write to, and who may work with it
    #[command(after_help = ACCESS)]
    Edit(Box<Edit>),
    /// Let nothing leave an account until it is resumed; what is queued waits
    Pause(One),
    /// Let messages leave again
    Resume(One),
    /// Take the number off; what the provider has of us stays, so that it can be connected again
    Disconnect(One),
    /// Connect a number again that was disconnected
    Reconnect(Reconnect),
    /// Remove an account that was made here, with its secrets; its conversations stay
    Delete(Delete),
    /// Show or change what customers see of the business: about, address, websites, picture
    Profile(Profile),
    /// List who is blocked on a number
    Blocked(One),
    /// Block people: they cannot write to the number any more
    Block(Block),
    /// Unblock people
    Unblock(Block),
    /// List or set what customers are offered when they type a slash
    Commands(Commands),
    /// List or set the ready questions under an empty chat
    IceBreakers(IceBreakers),
    /// List, make, change or delete short links with their QR codes
    Links(Links),
    /// Show how a number stands at its provider; register it, set its PIN, verify it
    Number(Number),
}

/// One account.
#[derive(Debug, Args)]
pub struct One {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
}

/// A provider that an account can be made of here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderWord {
    /// Kapso: a link, by which somebody connects the number
    Kapso,
    /// Meta: token, ids and app secret of your own app, checked step by step
    Meta,
}

impl ProviderWord {
    /// Its name in the engine.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kapso => "kapso",
            Self::Meta => "meta",
        }
    }
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// For customers
    Production,
    /// For trying things; marked everywhere, and can be limited to some numbers
    Development,
}

impl Environment {
    /// Its word in the engine.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// How long a command waits for a number to be connected.
#[derive(Clone, Copy, Debug, Args)]
pub struct Waiting {
    /// Print the link and end; the engine goes on by itself when it runs
    #[arg(long)]
    pub no_wait: bool,
    /// Give up waiting after this time (30s, 15m); what was begun stays, and the same command goes on
    #[arg(long, default_value = "15m", value_name = "TIME", value_parser = super::args::duration)]
    pub timeout: Duration,
}

/// `accounts connect`.
#[derive(Debug, Args)]
pub struct Connect {
    /// Its id: a new one of a-z, 0-9 and `-`, or one whose connecting was begun
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// By which provider; for a new account
    #[arg(long, value_enum, value_name = "PROVIDER")]
    pub provider: Option<ProviderWord>,
    /// The name that people see [default: the id]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What it is for
    #[arg(long, value_enum, value_name = "WHICH")]
    pub environment: Option<Environment>,
    /// A file with the provider's API key that only you can read, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Keep another key for an account that is there also when the provider cannot be asked about it now; one that it refuses
    /// is never kept
    #[arg(long)]
    pub unasked: bool,
    /// Where the provider's API is, such as a proxy or `switchboard emulate`
    #[arg(long, value_name = "URL", value_parser = base)]
    pub api_base: Option<String>,
    /// What Meta's steps need
    #[command(flatten)]
    pub meta: MetaSteps,
    /// How long to wait
    #[command(flatten)]
    pub waiting: Waiting,
}

/// `accounts reconnect`.
#[derive(Debug, Args)]
pub struct Reconnect {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// How long to wait
    #[command(flatten)]
    pub waiting: Waiting,
}

/// `accounts edit`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct Edit {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// The name that people see; "" for that of the definition
    #[arg(long, group = "what", value_name = "NAME")]
    pub name: Option<String>,
    /// The country prefix for numbers that are typed without one (+351); "" for none
    #[arg(long, group = "what", value_name = "PREFIX", allow_hyphen_values = true)]
    pub prefix: Option<String>,
    /// The only numbers that a development account sends to, separated by commas; "" for all
    #[arg(long, group = "what", value_name = "NUMBERS", allow_hyphen_values = true)]
    pub recipients: Option<String>,
    /// Who may work with it: everybody, or a list (see below)
    #[arg(long, group = "what", value_name = "WHO", value_parser = access)]
    pub access: Option<Access>,
}

/// Who may work with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access(pub Option<AccountRule>);

/// `accounts delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// Its name as it is shown, for scripts; without this it is asked for
    #[arg(long, value_name = "NAME")]
    pub yes_delete: Option<String>,
}

fn base(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    if !keeps_keys_safe(text) {
        return Err("https://… is expected; http only to this machine: a key goes there".into());
    }
    Ok(text.to_owned())
}

fn access(text: &str) -> Result<Access, String> {
    let text = text.trim();
    if matches!(text, "everybody" | "everyone" | "all") {
        return Ok(Access(None));
    }
    let mut rule = AccountRule::default();
    for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
        let (set, name): (&mut BTreeSet<String>, &str) = if let Some(role) = word.strip_prefix("role:") {
            (&mut rule.roles, role)
        } else if let Some(group) = word.strip_prefix('@') {
            (&mut rule.groups, group)
        } else {
            (&mut rule.operators, word)
        };
        if !is_name(name) {
            return Err(format!("`{word}` is no name: everybody, or role:lead,@night,ana"));
        }
        set.insert(name.to_owned());
    }
    if rule == AccountRule::default() {
        return Err("nobody is named: everybody, or role:lead,@night,ana".into());
    }
    Ok(Access(Some(rule)))
}

#[cfg(test)]
mod tests {
    use super::super::args::{Cli, Command};
    use super::*;
    use clap::Parser;
    use clap::error::ErrorKind as K;

    fn parse(line: &str) -> Result<AccountsCommand, K> {
        let cli = Cli::try_parse_from(line.split(' ')).map_err(|e| e.kind())?;
        let Some(Command::Accounts(accounts)) = cli.command else { panic!() };
        Ok(accounts.action.unwrap_or(AccountsCommand::List))
    }

    #[test]
    fn access_is_everybody_or_a_list_of_names() {
        assert_eq!(access("everybody"), Ok(Access(None)));
        let Ok(Access(Some(rule))) = access("role:lead, @night ,ana,bo") else { panic!() };
        assert_eq!(rule.roles, ["lead".to_owned()].into());
        assert_eq!(rule.groups, ["night".to_owned()].into());
        assert_eq!(rule.operators, ["ana".to_owned(), "bo".to_owned()].into());
        assert!(access("").is_err() && access("role:").is_err() && access("a/b").is_err());
    }

    #[test]
    fn a_key_goes_over_https_or_stays_on_this_machine() {
        assert_eq!(base("https://api.example/ ").as_deref(), Ok("https://api.example"));
        assert_eq!(base("http://127.0.0.1:9099").as_deref(), Ok("http://127.0.0.1:9099"));
        for wrong in ["http://api.example", "ftp://x", "nonsense", "https://"] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn verbs_name_an_account_and_an_edit_what_changes() {
        assert!(matches!(parse("switchboard accounts"), Ok(AccountsCommand::List)));
        assert!(matches!(
            parse("switchboard accounts verify --json"),
            Ok(AccountsCommand::Verify { account: None })
        ));
        for verb in ["show", "connect", "pause", "resume", "disconnect", "reconnect", "delete", "edit"] {
            let line = format!("switchboard accounts {verb}");
            assert!(
                matches!(
                    parse(&line).unwrap_err(),
                    K::MissingRequiredArgument | K::DisplayHelpOnMissingArgumentOrSubcommand
                ),
                "{verb}"
            );
        }
        assert_eq!(parse("switchboard accounts edit pt").unwrap_err(), K::MissingRequiredArgument);
        let Ok(AccountsCommand::Edit(edit)) =
            parse("switchboard accounts edit pt --prefix +351 --recipients +351912345678")
        else {
            panic!()
        };
        assert_eq!(
            (edit.prefix.as_deref(), edit.recipients.as_deref()),
            (Some("+351"), Some("+351912345678"))
        );
        assert!(edit.name.is_none() && edit.access.is_none());
        assert_eq!(parse("switchboard accounts connect Pt").unwrap_err(), K::ValueValidation);
    }
}
