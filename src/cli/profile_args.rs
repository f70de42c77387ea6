//! The verbs of `switchboard accounts` about what is set at the provider: profile, block list, ice breakers, commands,
//! short links, registration.

use super::args::account;
use crate::model::ids::AccountId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `accounts profile`.
#[derive(Debug, Args)]
pub struct Profile {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// What to do [default: show]
    #[command(subcommand)]
    pub action: Option<ProfileAction>,
}

/// What to do with a profile.
#[derive(Debug, Subcommand)]
pub enum ProfileAction {
    /// Show what customers see of the business
    Show,
    /// Change what is named; the rest stays
    Edit(Box<ProfileEdit>),
}

/// `accounts profile edit`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct ProfileEdit {
    /// The short line under the name, 1 to 139 characters
    #[arg(long, group = "what", value_name = "TEXT")]
    pub about: Option<String>,
    /// The postal address, up to 256 characters; "" takes it away
    #[arg(long, group = "what", value_name = "TEXT")]
    pub address: Option<String>,
    /// What the business is, up to 512 characters; "" takes it away
    #[arg(long, group = "what", value_name = "TEXT")]
    pub description: Option<String>,
    /// The e-mail address; "" takes it away
    #[arg(long, group = "what", value_name = "ADDRESS")]
    pub email: Option<String>,
    /// A website, at most two (name it twice); "" takes them away
    #[arg(long = "website", group = "what", value_name = "URL")]
    pub websites: Vec<String>,
    /// What it does: RETAIL, RESTAURANT, … (a wrong word lists them all)
    #[arg(long, group = "what", value_name = "WORD")]
    pub vertical: Option<String>,
    /// A JPEG or PNG picture of at most 5 MiB
    #[arg(long, group = "what", value_name = "FILE")]
    pub picture: Option<PathBuf>,
}

/// `accounts block` and `accounts unblock`.
#[derive(Debug, Args)]
pub struct Block {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// Whom: numbers with country code, or user ids
    #[arg(value_name = "WHO", required = true, allow_hyphen_values = true)]
    pub whom: Vec<String>,
}

/// `accounts commands`.
#[derive(Debug, Args)]
pub struct Commands {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<CommandsAction>,
}

/// What to do with commands.
#[derive(Debug, Subcommand)]
pub enum CommandsAction {
    /// List what customers are offered when they type a slash
    List,
    /// Set all of them, at most 30; what is not named is gone
    Set {
        /// Name and hint: "ticket=Look up a repair"
        #[arg(value_name = "NAME=HINT", required = true, value_parser = pair)]
        commands: Vec<(String, String)>,
    },
    /// Take all of them away
    Clear,
}

/// `accounts ice-breakers`.
#[derive(Debug, Args)]
pub struct IceBreakers {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<IceBreakersAction>,
}

/// What to do with ice breakers.
#[derive(Debug, Subcommand)]
pub enum IceBreakersAction {
    /// List the ready questions under an empty chat
    List,
    /// Set all of them, at most three of 80 characters; what is not named is gone
    Set {
        /// The questions
        #[arg(value_name = "TEXT", required = true)]
        texts: Vec<String>,
    },
    /// Take all of them away
    Clear,
}

/// `accounts links`.
#[derive(Debug, Args)]
pub struct Links {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<LinksAction>,
}

/// What to do with short links.
#[derive(Debug, Subcommand)]
pub enum LinksAction {
    /// List the links that open a chat with a text already written
    List,
    /// Make a link; it is shown with its QR code
    Create {
        /// What is already written, 1 to 140 characters
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Show a link with its QR code
    Show {
        /// The 14 letters and digits at its end
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Give a link another text; the link stays the same
    Edit {
        /// The 14 letters and digits at its end
        #[arg(value_name = "CODE")]
        code: String,
        /// What is already written, 1 to 140 characters
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Delete a link: whoever has it gets nowhere
    Delete {
        /// The 14 letters and digits at its end
        #[arg(value_name = "CODE")]
        code: String,
    },
}

/// `accounts number`.
#[derive(Debug, Args)]
pub struct Number {
    /// Which one (see `switchboard accounts`)
    #[arg(value_name = "ACCOUNT", value_parser = account)]
    pub account: AccountId,
    /// What to do [default: show]
    #[command(subcommand)]
    pub action: Option<NumberAction>,
}

/// What to do with a number at its provider.
#[derive(Debug, Subcommand)]
pub enum NumberAction {
    /// Show how the number stands: name, verification, and what sending needs
    Show,
    /// Register the number; the PIN is asked for on the terminal
    Register(Pin),
    /// Take the number out of use: nothing can be sent or received until it is registered again
    Deregister,
    /// Set the PIN of the two-step verification; it is asked for on the terminal
    Pin(Pin),
    /// Have a code sent to the number by text message
    RequestCode {
        /// By a call instead
        #[arg(long)]
        voice: bool,
    },
    /// Show with the code that the number is yours; it is asked for on the terminal
    VerifyCode {
        /// A file with the code, `-` for standard input
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
    },
}

/// Where a PIN comes from.
#[derive(Debug, Args)]
pub struct Pin {
    /// A file with the PIN that only you can read, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// What the steps of connecting a number of Meta's need: asked for on the terminal where it is not given.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Meta")]
pub struct MetaSteps {
    /// A file with the access token that only you can read, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The provider's id of the number
    #[arg(long, value_name = "ID")]
    pub phone_number_id: Option<String>,
    /// The provider's id of the WhatsApp business account
    #[arg(long, value_name = "ID")]
    pub waba_id: Option<String>,
    /// A file with the app secret that only you can read
    #[arg(long, value_name = "FILE")]
    pub app_secret_file: Option<PathBuf>,
    /// A file with a verify token of your own; one is made without it
    #[arg(long, value_name = "FILE")]
    pub verify_token_file: Option<PathBuf>,
    /// A file with the PIN of the two-step verification, for a number that is not registered yet
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// You enter the address in the app's dashboard yourself; only its check is waited for
    #[arg(long)]
    pub by_hand: bool,
    /// Send a test message to this number at the end
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pub test_to: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, hint) =
        text.split_once('=').ok_or("a name and a hint are expected: ticket=Look up a repair")?;
    Ok((name.trim().trim_start_matches('/').to_owned(), hint.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::accounts_args::AccountsCommand as C;
    use super::super::args::{Cli, Command};
    use super::*;
    use clap::Parser;
    use clap::error::ErrorKind as K;

    fn parse(line: &[&str]) -> Result<C, K> {
        let mut words = vec!["switchboard", "accounts"];
        words.extend(line);
        let cli = Cli::try_parse_from(words).map_err(|e| e.kind())?;
        let Some(Command::Accounts(accounts)) = cli.command else { panic!() };
        Ok(accounts.action.unwrap())
    }

    #[test]
    fn the_account_comes_first_and_what_is_done_behind_it() {
        assert!(matches!(parse(&["profile", "support"]), Ok(C::Profile(p)) if p.action.is_none()));
        let edit = [
            "profile",
            "support",
            "edit",
            "--about",
            "Bells",
            "--website",
            "https://a",
            "--website",
            "https://b",
        ];
        let Ok(C::Profile(Profile { action: Some(ProfileAction::Edit(e)), .. })) = parse(&edit) else {
            panic!()
        };
        assert_eq!((e.about.as_deref(), e.websites.len(), e.email), (Some("Bells"), 2, None));
        assert_eq!(parse(&["profile", "support", "edit"]).unwrap_err(), K::MissingRequiredArgument);
        let Ok(C::Block(b)) = parse(&["block", "support", "+447700900123", "GB.48"]) else { panic!() };
        assert_eq!(b.whom.len(), 2);
        assert_eq!(parse(&["unblock", "support"]).unwrap_err(), K::MissingRequiredArgument);
        let Ok(C::Commands(Commands { action: Some(CommandsAction::Set { commands }), .. })) =
            parse(&["commands", "support", "set", "/ticket=Look up = find"])
        else {
            panic!()
        };
        assert_eq!(commands, [("ticket".to_owned(), "Look up = find".to_owned())]);
        assert_eq!(parse(&["commands", "support", "set", "ticket"]).unwrap_err(), K::ValueValidation);
        assert!(matches!(parse(&["ice-breakers", "support", "clear"]), Ok(C::IceBreakers(_))));
        assert!(matches!(parse(&["links", "support", "edit", "K7NQ2WJX5BTRA1", "Hi"]), Ok(C::Links(_))));
        // A PIN is never an argument: other users of the machine see those.
        assert_eq!(parse(&["number", "support", "register", "123456"]).unwrap_err(), K::UnknownArgument);
        assert!(matches!(parse(&["number", "support", "register", "--pin-file", "-"]), Ok(C::Number(_))));
    }
}
