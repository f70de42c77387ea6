//! The keys of the presets. `vim` is the command table itself; the others say where they differ from it.

use super::{Key, sequence};
use crate::config::settings::KeyPreset;
use crate::tui::command::{Command, Scope};
use crossterm::event::{KeyCode, KeyModifiers};

/// A command, where, and its keys instead of those of the table.
type Row = (&'static str, &'static [Scope], &'static [&'static str]);

const L: &[Scope] = &[Scope::List];
const C: &[Scope] = &[Scope::Conversation];
const LC: &[Scope] = &[Scope::List, Scope::Conversation];

/// Arrows, function keys, and sequences that begin with Space. Letters of the table go by themselves.
const PLAIN: &[Row] = &[
    ("message.reply", LC, &["F2", "Space r"]),
    ("message.note", LC, &["Shift+F2"]),
    // By the palette: the letter behind Space is taken.
    ("message.buttons", C, &[]),
    ("message.list", C, &[]),
    ("message.link", C, &[]),
    ("message.place", C, &[]),
    ("message.card", C, &[]),
    ("search.open", L, &["F3", "/", "Space f"]),
    ("search.all", C, &["F3", "Space f"]),
    ("template.pick", LC, &["F4", "Space t"]),
    ("list.next_unread", LC, &["F5", "Space n"]),
    ("list.prev_unread", LC, &["Shift+F5", "Space p"]),
    ("message.copy", C, &["F6", "Space y"]),
    ("list.filter_next", L, &["F6", "Space s"]),
    ("message.open_link", C, &["F7", "Space o"]),
    ("list.unread", L, &["F7", "Space u"]),
    ("message.react", C, &["F8", "Space e"]),
    ("list.failed", L, &["F8", "Space x"]),
    ("palette.open", LC, &["F9", "Ctrl+K", "Ctrl+P", "Space Space"]),
    ("quit", L, &["F10", "Ctrl+C"]),
    ("quit.conversation", C, &["F10", "Ctrl+C"]),
    ("account.switch", LC, &["F12", "Space a"]),
    ("thread.next", C, &["Ctrl+Down"]),
    ("thread.previous", C, &["Ctrl+Up"]),
    ("message.discard", C, &["Delete Enter"]),
    ("message.undo", C, &["Space u"]),
    ("message.now", C, &["Space d"]),
    ("message.check", C, &["Space c"]),
    ("message.quoted", C, &["Shift+F6"]),
    ("pane.list", LC, &["1", "Space 1"]),
    ("pane.conversation", LC, &["2", "Space 2"]),
    ("pane.composer", LC, &["3", "Space 3"]),
    ("list.mark", L, &["Insert"]),
    ("command.repeat", LC, &[]),
];

/// `R` replies, `Tab` and `s` change which threads are shown, `o` opens; the rest as in vim, but digits are panes.
const CHATWOOT: &[Row] = &[
    ("message.reply", LC, &["R", "r", "Space r"]),
    ("list.filter_next", L, &["s", "Tab", "Space s"]),
    ("pane.next", L, &["Ctrl+Right"]),
    ("pane.next", C, &["Tab", "Ctrl+Right"]),
    ("pane.list", LC, &["1", "Space 1"]),
    ("pane.conversation", LC, &["2", "Space 2"]),
    ("pane.composer", LC, &["3", "Space 3"]),
];

/// Whether a sequence begins with a letter alone, or with one of the marks that stand for vim's letters.
fn is_single_letter(keys: &[Key]) -> bool {
    keys.first().is_some_and(|k| {
        let plain = k.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        plain && matches!(k.code, KeyCode::Char(c) if c.is_alphabetic() || "[],.+".contains(c))
    })
}

/// The keys of a command in one scope.
pub(super) fn keys(preset: KeyPreset, command: &Command, scope: Scope) -> Vec<(Vec<Key>, &'static str)> {
    let rows: &[Row] = match preset {
        KeyPreset::Vim => &[],
        KeyPreset::Plain => PLAIN,
        KeyPreset::Chatwoot => CHATWOOT,
    };
    let own = rows.iter().find(|(id, scopes, _)| *id == command.id && scopes.contains(&scope));
    let texts = own.map_or(command.keys, |(_, _, keys)| *keys);
    let parsed = texts.iter().filter_map(|k| sequence(k).ok().map(|s| (s, *k)));
    parsed.filter(|(s, _)| preset != KeyPreset::Plain || !is_single_letter(s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::command::by_id;

    #[test]
    fn every_row_names_a_command_its_scopes_and_keys() {
        for (id, scopes, keys) in PLAIN.iter().chain(CHATWOOT) {
            let command = by_id(id).unwrap_or_else(|| panic!("{id}"));
            assert!(scopes.iter().all(|s| command.scopes.contains(s)), "{id}");
            for key in *keys {
                sequence(key).unwrap_or_else(|e| panic!("{id}: {e}"));
            }
        }
    }
}
