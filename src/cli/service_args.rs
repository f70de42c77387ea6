//! The arguments of `service` and `reload`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `service`.
#[derive(Debug, Args)]
pub struct Service {
    /// What to do
    #[command(subcommand)]
    pub action: ServiceAction,
    /// Print one JSON document; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the service.
#[derive(Debug, Subcommand)]
pub enum ServiceAction {
    /// Print the systemd units and the lines of the configuration, filled in
    Print(ServicePrint),
}

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ServicePart {
    /// The lines for /etc/switchboard/config.toml
    Config,
    /// switchboard.service
    Service,
    /// switchboard.socket
    Socket,
}

/// `service print`.
#[derive(Debug, Args)]
pub struct ServicePrint {
    /// Only this one [default: all]
    #[arg(value_enum, value_name = "PART")]
    pub part: Option<ServicePart>,
    /// The user that the engine runs as [default: the configuration's, else switchboard]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The group whose members may attach [default: the configuration's, else switchboard]
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// The socket [default: the configuration's, else /run/switchboard/engine.sock]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The program [default: this one]
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
}
