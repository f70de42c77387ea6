//! Keys: their text form, and which command a key (or a sequence of keys) means in a scope.
//!
//! Knows the command table, the presets and the operator's file; knows nothing of the state of the screen.

mod file;
mod presets;
pub mod rows;

pub use file::load;

use super::command::{COMMANDS, Command, Scope};
use crate::config::settings::KeyPreset;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;
use std::str::FromStr;

/// A key with its modifiers, in one spelling for every terminal.
///
/// The text form is `Ctrl+`, `Alt+`, `Shift+` in this order, then a character or a name (`Enter`, `PageUp`,
/// `F1`). Shift is part of a character (`U`, not `Shift+u`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// With which modifiers; only Ctrl, Alt and Shift count.
    pub modifiers: KeyModifiers,
}

/// Text that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key: expected a character or a name such as `Enter`, `Ctrl+R`, `F1`")]
pub struct BadKey(pub String);

const NAMES: [(&str, KeyCode); 15] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Space", KeyCode::Char(' ')),
];

impl Key {
    /// The one spelling of what a terminal reported.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = event.code;
        match code {
            KeyCode::BackTab => {
                code = KeyCode::Tab;
                modifiers |= KeyModifiers::SHIFT;
            }
            KeyCode::Char(c) => {
                if modifiers.contains(KeyModifiers::CONTROL) {
                    code = KeyCode::Char(c.to_ascii_lowercase());
                } else if modifiers.contains(KeyModifiers::SHIFT) && c.is_ascii_lowercase() {
                    code = KeyCode::Char(c.to_ascii_uppercase());
                }
                modifiers -= KeyModifiers::SHIFT;
            }
            _ => {}
        }
        Self { code, modifiers }
    }

    /// The character that this key types into a text, if it does.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.code {
            // AltGr is reported as Ctrl+Alt by some terminals; such a character is still text.
            KeyCode::Char(c)
                if self.modifiers.is_empty()
                    || (self.modifiers == KeyModifiers::CONTROL | KeyModifiers::ALT
                        && !c.is_ascii_alphabetic()) =>
            {
                Some(c)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let control = self.modifiers.contains(KeyModifiers::CONTROL);
        if control {
            f.write_str("Ctrl+")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt+")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("Shift+")?;
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, c)| *c == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if control => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other}"),
        }
    }
}

impl FromStr for Key {
    type Err = BadKey;

    fn from_str(s: &str) -> Result<Self, BadKey> {
        let mut rest = s;
        let mut modifiers = KeyModifiers::NONE;
        for (prefix, modifier) in
            [("Ctrl+", KeyModifiers::CONTROL), ("Alt+", KeyModifiers::ALT), ("Shift+", KeyModifiers::SHIFT)]
        {
            if let Some(r) = rest.strip_prefix(prefix).filter(|r| !r.is_empty()) {
                rest = r;
                modifiers |= modifier;
            }
        }
        let bad = || BadKey(s.chars().take(40).collect());
        if let Some((_, code)) = NAMES.iter().find(|(n, _)| *n == rest) {
            return Ok(Self { code: *code, modifiers });
        }
        let mut chars = rest.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() && c != ' ' => {
                let c = if modifiers.contains(KeyModifiers::CONTROL) { c.to_ascii_lowercase() } else { c };
                if modifiers.contains(KeyModifiers::SHIFT) {
                    return Err(bad());
                }
                Ok(Self { code: KeyCode::Char(c), modifiers })
            }
            (Some('F'), Some(_)) => match rest[1..].parse::<u8>() {
                Ok(n @ 1..=24) if !rest[1..].starts_with(['0', '+']) => {
                    Ok(Self { code: KeyCode::F(n), modifiers })
                }
                _ => Err(bad()),
            },
            _ => Err(bad()),
        }
    }
}

/// A sequence of keys from its text form: keys separated by one space (`g g`).
pub fn sequence(s: &str) -> Result<Vec<Key>, BadKey> {
    s.split(' ').map(str::parse).collect()
}

/// What a key means after the keys before it.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// This command.
    Command(&'static Command),
    /// This command, with what the operator's file has behind its name.
    With(&'static Command, &'a str),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

/// A sequence of keys and its command, in one scope.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    keys: Vec<Key>,
    text: String,
    command: &'static Command,
    /// What is behind the command's name in the operator's file.
    argument: String,
    own: bool,
}

impl Binding {
    /// The keys, and what they give the command.
    fn written(&self) -> String {
        match self.argument.as_str() {
            "" => self.text.clone(),
            argument => format!("{} ({argument})", self.text),
        }
    }
}

/// Which keys mean which command, per scope.
#[derive(Clone, Debug)]
pub struct Keymap {
    preset: KeyPreset,
    scopes: [Vec<Binding>; 3],
}

impl Default for Keymap {
    /// The default keys of the command table.
    fn default() -> Self {
        Self::new(KeyPreset::default())
    }
}

impl Keymap {
    /// The keys of a preset.
    #[must_use]
    pub fn new(preset: KeyPreset) -> Self {
        let of = |scope: Scope| {
            COMMANDS
                .iter()
                .filter(|c| c.scopes.contains(&scope))
                .flat_map(|command| {
                    presets::keys(preset, command, scope).into_iter().map(move |(keys, text)| Binding {
                        keys,
                        text: text.to_owned(),
                        command,
                        argument: String::new(),
                        own: false,
                    })
                })
                .collect()
        };
        Self { preset, scopes: Scope::ALL.map(of) }
    }

    fn of(&self, scope: Scope) -> &[Binding] {
        &self.scopes[scope as usize]
    }

    /// Whether a number before a command counts: where digits are no keys of their own.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.preset == KeyPreset::Vim
    }

    /// Whether letters alone are keys.
    #[must_use]
    pub fn has_letters(&self) -> bool {
        self.preset != KeyPreset::Plain
    }

    /// What `keys` mean in `scope`.
    #[must_use]
    pub fn find(&self, scope: Scope, keys: &[Key]) -> Found<'_> {
        let mut prefix = false;
        for b in self.of(scope) {
            if b.keys.starts_with(keys) {
                if b.keys.len() == keys.len() {
                    return match b.argument.as_str() {
                        "" => Found::Command(b.command),
                        argument => Found::With(b.command, argument),
                    };
                }
                prefix = true;
            }
        }
        if prefix { Found::Prefix } else { Found::Nothing }
    }

    /// What may follow `keys` in `scope`: the rest of the sequence in its text form, and the command.
    pub fn continuations<'a>(
        &'a self,
        scope: Scope,
        keys: &'a [Key],
    ) -> impl Iterator<Item = (&'a str, &'static Command)> + 'a {
        self.of(scope).iter().filter(|b| b.keys.len() > keys.len() && b.keys.starts_with(keys)).map(|b| {
            // The text form separates keys by one space.
            let rest = b.text.splitn(keys.len() + 1, ' ').nth(keys.len()).unwrap_or_default();
            (rest, b.command)
        })
    }

    /// The keys of a command in a scope, in their text form; the first is the one that is shown.
    pub fn keys_of<'a>(&'a self, scope: Scope, id: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.of(scope).iter().filter(move |b| b.command.id == id).map(|b| b.text.as_str())
    }

    /// The key to show for a command in a scope.
    #[must_use]
    pub fn shown(&self, scope: Scope, id: &str) -> Option<&str> {
        self.of(scope).iter().find(|b| b.command.id == id).map(|b| b.text.as_str())
    }

    /// Takes the sequences away that `keys` would hide, or be hidden by.
    fn clear(&mut self, scope: Scope, keys: &[Key]) {
        self.scopes[scope as usize]
            .retain(|b| b.own || !(b.keys.starts_with(keys) || keys.starts_with(&b.keys)));
    }

    /// Whether the operator's own keys have this sequence, or the beginning of it, or a longer one.
    fn clashes(&self, scope: Scope, keys: &[Key]) -> Option<&Binding> {
        self.of(scope).iter().find(|b| b.own && (b.keys.starts_with(keys) || keys.starts_with(&b.keys)))
    }

    /// Adds a key of the operator's, before those of the preset. What stood in its way is gone.
    fn bind(&mut self, scope: Scope, keys: Vec<Key>, command: &'static Command, argument: &str) {
        self.clear(scope, &keys);
        let text = keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ");
        let list = &mut self.scopes[scope as usize];
        let at = list.iter().position(|b| !b.own).unwrap_or(list.len());
        list.insert(at, Binding { keys, text, command, argument: argument.to_owned(), own: true });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn every_terminals_spelling_becomes_one() {
        let key = |c, m| Key::of(&event(c, m)).to_string();
        assert_eq!(key(KeyCode::BackTab, KeyModifiers::SHIFT), "Shift+Tab");
        assert_eq!(key(KeyCode::Char('U'), KeyModifiers::SHIFT), "U");
        assert_eq!(key(KeyCode::Char('u'), KeyModifiers::SHIFT), "U");
        assert_eq!(key(KeyCode::Char('R'), KeyModifiers::CONTROL), "Ctrl+R");
        assert_eq!(key(KeyCode::Char('r'), KeyModifiers::CONTROL), "Ctrl+R");
        assert_eq!(key(KeyCode::Char('+'), KeyModifiers::NONE), "+");
        assert_eq!("Ctrl++".parse::<Key>().unwrap().to_string(), "Ctrl++");
    }

    #[test]
    fn nonsense_is_no_key() {
        for s in ["", "Foo", "F0", "F99", "Ctrl+", "ab", "Shift+a"] {
            assert!(s.parse::<Key>().is_err(), "{s}");
        }
    }

    #[test]
    fn alt_with_a_letter_types_nothing_and_altgr_types() {
        assert_eq!(Key::of(&event(KeyCode::Char('x'), KeyModifiers::ALT)).typed(), None);
        let altgr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        assert_eq!(Key::of(&event(KeyCode::Char('@'), altgr)).typed(), Some('@'));
        assert_eq!(Key::of(&event(KeyCode::Char('É'), KeyModifiers::SHIFT)).typed(), Some('É'));
    }

    #[test]
    fn no_preset_has_a_key_twice_or_a_key_that_hides_a_sequence() {
        for preset in KeyPreset::ALL {
            let map = Keymap::new(preset);
            for scope in Scope::ALL {
                let list = map.of(scope);
                for (i, b) in list.iter().enumerate() {
                    for other in &list[..i] {
                        assert!(
                            !b.keys.starts_with(&other.keys) && !other.keys.starts_with(&b.keys),
                            "{preset:?} {scope:?}: `{}` is both {} and {}",
                            b.text,
                            b.command.id,
                            other.command.id
                        );
                    }
                    assert!(matches!(map.find(scope, &b.keys), Found::Command(c) if c.id == b.command.id));
                }
            }
        }
    }

    #[test]
    fn every_key_of_the_table_can_be_read() {
        for command in COMMANDS {
            for key in command.keys {
                let keys = sequence(key).unwrap_or_else(|e| panic!("{}: {e}", command.id));
                let again: Vec<String> = keys.iter().map(Key::to_string).collect();
                assert_eq!(again.join(" "), *key, "{}", command.id);
            }
        }
    }

    /// Keys that a multiplexer, the line discipline or the terminal itself takes, or that arrive as other keys.
    #[test]
    fn no_default_key_is_taken_by_the_terminal() {
        const TAKEN: [&str; 9] =
            ["Ctrl+S", "Ctrl+Q", "Ctrl+B", "Ctrl+H", "Ctrl+I", "Ctrl+M", "Ctrl+[", "Ctrl+\\", "Ctrl+Space"];
        for preset in KeyPreset::ALL {
            for scope in Scope::ALL {
                for b in Keymap::new(preset).of(scope) {
                    for key in &b.keys {
                        assert!(!TAKEN.contains(&&*key.to_string()), "{preset:?}: {} {key}", b.command.id);
                    }
                }
            }
        }
    }

    #[test]
    fn no_default_key_is_alt_with_a_letter_and_none_in_the_composer_is_a_letter() {
        for preset in KeyPreset::ALL {
            for scope in Scope::ALL {
                for b in Keymap::new(preset).of(scope) {
                    for key in &b.keys {
                        let KeyCode::Char(c) = key.code else { continue };
                        assert!(!key.modifiers.contains(KeyModifiers::ALT), "{preset:?}: {}", b.command.id);
                        let text = scope == Scope::Composer && key.typed().is_some();
                        assert!(!text, "{preset:?}: {}: {c}", b.command.id);
                    }
                }
            }
        }
    }

    #[test]
    fn plain_has_no_single_letters() {
        let map = Keymap::new(KeyPreset::Plain);
        for scope in Scope::ALL {
            for c in ('a'..='z').chain('A'..='Z').chain("ąćęłńóśźżæøåß.,[]+".chars()) {
                let key = Key::of(&event(KeyCode::Char(c), KeyModifiers::NONE));
                assert!(matches!(map.find(scope, &[key]), Found::Nothing), "{scope:?} {c}");
            }
        }
    }

    #[test]
    fn what_may_follow_is_the_rest_of_the_text() {
        let map = Keymap::default();
        let g = sequence("g").unwrap();
        let list: Vec<_> = map.continuations(Scope::List, &g).collect();
        assert!(list.iter().any(|(rest, c)| *rest == "g" && c.id == "move.top"), "{list:?}");
        assert_eq!(map.continuations(Scope::List, &sequence("g g").unwrap()).count(), 0);
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let code = prop_oneof![
            any::<char>()
                .prop_filter("printable", |c| !c.is_control() && !c.is_uppercase())
                .prop_map(KeyCode::Char),
            (1u8..=24).prop_map(KeyCode::F),
            (0..NAMES.len()).prop_map(|i| NAMES[i].1),
        ];
        (code, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(code, c, a, s)| {
            let mut m = KeyModifiers::NONE;
            m.set(KeyModifiers::CONTROL, c);
            m.set(KeyModifiers::ALT, a);
            m.set(KeyModifiers::SHIFT, s);
            Key::of(&event(code, m))
        })
    }

    proptest! {
        #[test]
        fn the_text_form_round_trips(key in any_key()) {
            prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
        }
    }
}
