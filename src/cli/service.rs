//! `switchboard service`: units for systemd, filled in for this machine.

use super::Context;
use super::args::{ServiceAction, ServicePart, ServicePrint};
use super::failure::{Exit, Failure};
use crate::protocol::Problem;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const SERVICE: &str = include_str!("../../assets/systemd/switchboard.service");
const SOCKET: &str = include_str!("../../assets/systemd/switchboard.socket");
/// Where the service keeps its data when nobody says otherwise.
const STATE: &str = "/var/lib/switchboard";
/// Where its socket is when nobody says otherwise.
const RUN_SOCKET: &str = "/run/switchboard/engine.sock";

/// What goes into the units.
struct Names {
    user: String,
    group: String,
    data: PathBuf,
    socket: PathBuf,
    binary: PathBuf,
    credentials: Vec<String>,
}

/// A word of a unit: one that cannot end its line or stand for something else.
fn word<'a>(what: &str, word: &'a str) -> Result<&'a str, Failure> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Ok(word);
    }
    Err(Failure::new(
        Problem::new("usage", format!("{what} `{}` cannot stand in a unit", crate::text::sanitize(word)))
            .next("use letters, digits and / . _ - + @"),
    ))
}

fn path<'a>(what: &str, path: &'a Path) -> Result<&'a str, Failure> {
    word(what, path.to_str().unwrap_or_default())
}

impl Names {
    fn of(ctx: &Context<'_>, args: &ServicePrint) -> Result<Self, Failure> {
        let socket = &ctx.checked.socket;
        let binary = match &args.binary {
            Some(path) => path.clone(),
            None => std::env::current_exe()
                .map_err(|e| Failure::new(Problem::new("io", format!("the program's own path: {e}"))))?,
        };
        let user = args.user.clone().or_else(|| socket.user.clone());
        Ok(Self {
            user: user.unwrap_or_else(|| "switchboard".to_owned()),
            group: args
                .group
                .clone()
                .or_else(|| socket.group.clone())
                .unwrap_or_else(|| "switchboard".to_owned()),
            data: ctx.data_given.clone().unwrap_or_else(|| STATE.into()),
            socket: args.socket.clone().or_else(|| socket.path.clone()).unwrap_or_else(|| RUN_SOCKET.into()),
            binary,
            credentials: ctx.checked.credentials(),
        })
    }

    fn service(&self) -> Result<String, Failure> {
        let data = path("the data folder", &self.data)?;
        let data = if self.data == Path::new(STATE) {
            "StateDirectory=switchboard\nStateDirectoryMode=0700".to_owned()
        } else {
            // Made by the admin, for the service's user alone.
            format!("ReadWritePaths={data}")
        };
        let folder = self.socket.parent().unwrap_or(Path::new("/"));
        let runtime = match (folder.parent(), folder.file_name().and_then(|n| n.to_str())) {
            (Some(run), Some(name)) if run == Path::new("/run") => {
                let name = word("the socket's folder", name)?;
                format!("RuntimeDirectory={name}\nRuntimeDirectoryMode=0750\nRuntimeDirectoryPreserve=yes")
            }
            // Made by the admin, for the service's user and the group.
            _ => format!("ReadWritePaths={}", path("the socket's folder", folder)?),
        };
        let mut credentials = String::new();
        for name in &self.credentials {
            let name = word("the credential", name)?;
            let _ = writeln!(credentials, "LoadCredential={name}:/etc/switchboard/credentials/{name}");
        }
        if credentials.is_empty() {
            credentials.push_str("# LoadCredential=access_token:/etc/switchboard/credentials/access_token");
        }
        Ok(SERVICE
            .replace(
                "# Switchboard's engine for a team. `switchboard service print` fills in the names in @…@.",
                "# Switchboard's engine for a team: /etc/systemd/system/switchboard.service",
            )
            .replace("@BINARY@", path("the program", &self.binary)?)
            .replace("@USER@", word("the user", &self.user)?)
            .replace("@GROUP@", word("the group", &self.group)?)
            .replace("@DATA@", &data)
            .replace("@RUNTIME@", &runtime)
            .replace("@CREDENTIALS@", credentials.trim_end()))
    }

    fn socket(&self) -> Result<String, Failure> {
        Ok(SOCKET
            .replace("@SOCKET@", path("the socket", &self.socket)?)
            .replace("@USER@", word("the user", &self.user)?)
            .replace("@GROUP@", word("the group", &self.group)?))
    }

    /// What the configuration has to say, so that engine and clients find each other.
    fn config(&self) -> Result<String, Failure> {
        Ok(format!(
            "# Into /etc/switchboard/config.toml, which every operator can read:\ndata_dir = \"{}\"\n\n[engine]\nsocket = \"{}\"\ngroup = \"{}\"\nuser = \"{}\"\n",
            path("the data folder", &self.data)?,
            path("the socket", &self.socket)?,
            word("the group", &self.group)?,
            word("the user", &self.user)?,
        ))
    }
}

pub(super) fn run(ctx: &mut Context<'_>, action: &ServiceAction) -> Result<Exit, Failure> {
    let ServiceAction::Print(args) = action;
    let names = Names::of(ctx, args)?;
    let part = |wanted: ServicePart| args.part.is_none_or(|p| p == wanted);
    let parts: Vec<(&str, String)> = [
        (ServicePart::Config, "config.toml", names.config()?),
        (ServicePart::Service, "switchboard.service", names.service()?),
        (ServicePart::Socket, "switchboard.socket", names.socket()?),
    ]
    .into_iter()
    .filter(|(wanted, ..)| part(*wanted))
    .map(|(_, name, text)| (name, text))
    .collect();
    if ctx.out.json {
        let list: Vec<_> = parts.iter().map(|(name, text)| json!({ "file": name, "text": text })).collect();
        ctx.out.document(&list)?;
        return Ok(Exit::Done);
    }
    let texts: Vec<&str> = parts.iter().map(|(_, text)| text.trim_end()).collect();
    ctx.out.line(&texts.join("\n\n"))?;
    if args.part.is_none() {
        ctx.out.remark(
            "three files: print one with `config`, `service` or `socket`, put them in their places, then run `systemctl daemon-reload`",
        );
    }
    Ok(Exit::Done)
}
