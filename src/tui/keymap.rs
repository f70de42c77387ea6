//! Keys: their text form, and which command a key (or a sequence of keys) means in a scope.
//!
//! Knows the command table; knows nothing of the state of the screen.

use super::command::{COMMANDS, Command, Scope};
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
pub enum Found {
    /// This command.
    Command(&'static Command),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Which keys mean which command, per scope.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Vec<Key>, &'static Command)>,
}

impl Default for Keymap {
    /// The default keys of the command table.
    fn default() -> Self {
        let bindings = COMMANDS
            .iter()
            .flat_map(|c| c.keys.iter().filter_map(move |k| sequence(k).ok().map(|s| (s, c))))
            .collect();
        Self { bindings }
    }
}

impl Keymap {
    /// What `keys` mean in `scope`.
    #[must_use]
    pub fn find(&self, scope: Scope, keys: &[Key]) -> Found {
        let mut prefix = false;
        for (sequence, command) in &self.bindings {
            if sequence.len() >= keys.len()
                && command.scopes.contains(&scope)
                && sequence[..keys.len()] == *keys
            {
                if sequence.len() == keys.len() {
                    return Found::Command(command);
                }
                prefix = true;
            }
        }
        if prefix { Found::Prefix } else { Found::Nothing }
    }

    /// What may follow `keys` in `scope`: the rest of the sequence in its text form, and the command.
    #[must_use]
    pub fn continuations(&self, scope: Scope, keys: &[Key]) -> Vec<(String, &'static Command)> {
        self.bindings
            .iter()
            .filter(|(s, c)| s.len() > keys.len() && c.scopes.contains(&scope) && s[..keys.len()] == *keys)
            .map(|(s, c)| {
                let rest: Vec<String> = s[keys.len()..].iter().map(Key::to_string).collect();
                (rest.join(" "), *c)
            })
            .collect()
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
    fn no_scope_has_a_key_twice_or_a_key_that_hides_a_sequence() {
        for scope in [Scope::List, Scope::Conversation, Scope::Composer] {
            let mut seen: Vec<(Vec<Key>, &str)> = Vec::new();
            for command in COMMANDS.iter().filter(|c| c.scopes.contains(&scope)) {
                for key in command.keys {
                    let keys = sequence(key).unwrap_or_else(|e| panic!("{}: {e}", command.id));
                    for (other, id) in &seen {
                        let n = keys.len().min(other.len());
                        assert!(
                            keys[..n] != other[..n],
                            "{scope:?}: `{key}` is both {} and {id}",
                            command.id
                        );
                    }
                    seen.push((keys, command.id));
                }
            }
        }
    }

    #[test]
    fn no_default_key_is_alt_with_a_letter_and_none_in_the_composer_is_a_letter() {
        for command in COMMANDS {
            for key in command.keys.iter().flat_map(|k| sequence(k).unwrap()) {
                if let KeyCode::Char(c) = key.code {
                    assert!(!key.modifiers.contains(KeyModifiers::ALT), "{}", command.id);
                    if command.scopes.contains(&Scope::Composer) {
                        assert!(key.modifiers.contains(KeyModifiers::CONTROL), "{}: {c}", command.id);
                    }
                }
            }
        }
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
