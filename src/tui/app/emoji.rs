//! Emoji by name while writing: `:smi` offers what fits, a key puts it in.
//!
//! The offer takes few keys, and only while it is on the screen; everything else goes on as if it were not there.

use super::{App, Damage};
use crate::tui::command::Scope;
use crate::tui::emoji::{self, Emoji};
use crossterm::event::{KeyCode, KeyModifiers};

/// Letters after the colon from which on something is offered.
const LETTERS: usize = 2;
/// Most that are offered.
pub(crate) const OFFERED: usize = 8;

/// What fits the word before the cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offer {
    /// The emoji, the best first.
    pub list: Vec<Emoji>,
    /// Which one the keys are on.
    pub at: usize,
    /// The word in the text, with its colon.
    word: String,
    /// The operator does not want it for this word.
    declined: bool,
}

impl Offer {
    /// Whether it is on the screen.
    pub fn is_open(&self) -> bool {
        !self.list.is_empty()
    }

    /// Takes it off the screen.
    pub(super) fn close(&mut self) {
        *self = Self::default();
    }
}

/// The word that names an emoji at the end of a text: a colon at the beginning of a word, and what follows it.
fn word(before: &str) -> Option<&str> {
    let at = before.rfind(':')?;
    let name = &before[at + 1..];
    let begins = before[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != ':');
    let fits = |c: char| c.is_alphanumeric() || "_+-".contains(c);
    (begins && name.chars().all(fits)).then_some(&before[at..])
}

impl App {
    /// Looks for what fits the word before the cursor. Says whether the screen above the text changes.
    pub(super) fn offer_emoji(&mut self) -> bool {
        let was_open = self.emoji.is_open();
        let c = self.conversation.as_ref().filter(|_| self.scope == Scope::Composer && self.can_write());
        let before = c.map_or("", |c| c.composer.before());
        // A second colon ends the name: what it names takes its place.
        if let Some(named) = before.strip_suffix(':').and_then(word)
            && let Some(found) = emoji::by_name(&named[1..])
        {
            let whole = format!("{named}:");
            if let Some(c) = &mut self.conversation {
                c.composer.complete(&whole, found.glyph);
            }
            self.emoji.close();
            self.fit_composer();
            return true;
        }
        match word(before).filter(|w| w.chars().count() > LETTERS) {
            Some(word) => {
                let declined = self.emoji.declined && word.starts_with(&self.emoji.word);
                let list = if declined { Vec::new() } else { emoji::find(&word[1..], OFFERED) };
                self.emoji = Offer { list, at: 0, word: word.to_owned(), declined };
            }
            None => self.emoji.close(),
        }
        was_open || self.emoji.is_open()
    }

    /// A key while emoji are offered. Says whether it was for them.
    pub(super) fn emoji_key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> bool {
        if !self.emoji.is_open() || self.scope != Scope::Composer || !modifiers.is_empty() {
            return false;
        }
        let n = self.emoji.list.len();
        match code {
            KeyCode::Down => self.emoji.at = (self.emoji.at + 1) % n,
            KeyCode::Up => self.emoji.at = (self.emoji.at + n - 1) % n,
            KeyCode::Esc => {
                self.emoji.list.clear();
                self.emoji.declined = true;
            }
            KeyCode::Enter | KeyCode::Tab => {
                let chosen = self.emoji.list[self.emoji.at];
                let word = std::mem::take(&mut self.emoji.word);
                if let Some(c) = &mut self.conversation {
                    c.composer.complete(&word, chosen.glyph);
                }
                self.emoji.close();
                self.composed();
            }
            _ => return false,
        }
        self.damage(Damage::CONVERSATION | Damage::COMPOSER | Damage::STATUS);
        true
    }

    /// Begins the name of an emoji.
    pub(super) fn begin_emoji(&mut self) {
        if !self.can_write() {
            return;
        }
        let Some(c) = self.conversation.as_mut() else { return };
        if word(c.composer.before()).is_none() {
            if c.composer.before().chars().next_back().is_some_and(char::is_alphanumeric) {
                c.composer.type_char(' ');
            }
            c.composer.type_char(':');
        }
        self.composed();
        let list = emoji::find("", OFFERED);
        if !self.emoji.is_open() {
            let word = self.conversation.as_ref().and_then(|c| word(c.composer.before())).unwrap_or(":");
            self.emoji = Offer { list, at: 0, word: word.to_owned(), declined: false };
        }
        self.damage(Damage::CONVERSATION | Damage::COMPOSER | Damage::STATUS);
    }
}
