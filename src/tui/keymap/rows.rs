//! The keys in force as rows, for `switchboard keys`.

use super::Keymap;
use crate::tui::command::{COMMANDS, Scope, scope_title};
use serde::Serialize;

/// A command and its keys in one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    /// The scope as `keys.toml` names it.
    pub scope: &'static str,
    /// The scope for people.
    #[serde(skip)]
    pub place: &'static str,
    /// The keys in their text form, the one that is shown first.
    pub keys: Vec<String>,
    /// Which of them come from the operator's file.
    pub own: Vec<String>,
    /// The command.
    pub command: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// All commands with their keys, by scope, in the order of the help. A command without a key is there too.
#[must_use]
pub fn rows(map: &Keymap) -> Vec<KeyRow> {
    let mut out = Vec::new();
    for scope in Scope::ALL {
        for c in COMMANDS.iter().filter(|c| c.scopes.contains(&scope)) {
            let of = |own: bool| {
                let wanted = move |b: &&super::Binding| b.command.id == c.id && (!own || b.own);
                map.of(scope).iter().filter(wanted).map(super::Binding::written).collect()
            };
            out.push(KeyRow {
                scope: scope.id(),
                place: scope_title(scope),
                keys: of(false),
                own: of(true),
                command: c.id,
                help: c.help,
            });
        }
    }
    out
}
