//! Keys on their way to a command: sequences, numbers before them, the box of what may follow, repeating.

use super::{App, Damage, Effect};
use crate::clock::Millis;
use crate::config::ConfigError;
use crate::tui::command::{Action, Command, Scope};
use crate::tui::keymap::{Found, Key, Keymap};
use crate::tui::transcript::{Cache, WayOut};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A sequence that stands still for this long, in milliseconds, is explained.
const PAUSE: Millis = 400;
/// The largest number before a command.
const MOST: u32 = 9_999;

/// Keys that are not a command yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    /// The beginning of a sequence.
    pub keys: Vec<Key>,
    /// The number before it.
    pub count: Option<u32>,
    /// Whether the box of what may follow is on the screen.
    pub explained: bool,
    since: Option<Millis>,
}

impl Pending {
    /// Whether nothing was begun.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.count.is_none()
    }

    /// When the box comes up.
    pub(super) fn due(&self) -> Option<Millis> {
        self.since.filter(|_| !self.explained).map(|at| at + PAUSE)
    }
}

/// The last thing that may be repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last {
    action: Action,
    count: Option<u32>,
}

impl App {
    /// Takes other keys, and says which of the operator's own cannot be used.
    pub fn set_keys(&mut self, keymap: Keymap, problems: &[ConfigError]) {
        self.keymap = keymap;
        self.trouble_keys = self.keys_for_trouble();
        *self.layouts.borrow_mut() = Cache::default();
        self.key_problems = problems.iter().map(ToString::to_string).collect();
        if let Some(first) = self.key_problems.first() {
            let more = match self.key_problems.len() - 1 {
                0 => String::new(),
                n => format!(" · {n} more"),
            };
            let text = format!("{first}{more} · → {} lists all", self.key_for("notices.open"));
            self.say_bad(text);
        }
    }

    /// The key of a command for a sentence: that of the scope with the keys, else of another, else its name as it
    /// is typed on the command line.
    pub fn key_for(&self, id: &str) -> String {
        [self.scope, Scope::Conversation, Scope::List]
            .into_iter()
            .find_map(|s| self.keymap.shown(s, id))
            .map_or_else(|| format!(":{id}"), str::to_owned)
    }

    /// The keys that the conversation writes under a message that did not get through.
    pub(super) fn keys_for_trouble(&self) -> WayOut {
        WayOut::new(|id| {
            let scope = if id.starts_with("compose.") { Scope::Composer } else { Scope::Conversation };
            self.keymap.shown(scope, id).map_or_else(|| format!(":{id}"), str::to_owned)
        })
    }

    pub(super) fn key(&mut self, event: KeyEvent) {
        if self.say.take().is_some() {
            self.damage(Damage::STATUS);
        }
        let key = Key::of(&event);
        if let Some(open) = self.overlays.last_mut() {
            // What interrupts a program leaves what is on top, with the same care as Esc.
            let interrupt = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
            let event = if interrupt { KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE) } else { event };
            let serial = open.serial;
            let steps = open.overlay.key(event);
            self.damage = Damage::ALL;
            self.steps(serial, steps);
            return;
        }
        if self.pending.is_empty() && self.emoji_key(key.code, key.modifiers) || self.counted(key) {
            return;
        }
        if let Some(older) = self.match_key(key) {
            let count = self.forget_pending();
            return self.step_match(older, count.unwrap_or(1));
        }
        self.pending.keys.push(key);
        match self.keymap.find(self.scope, &self.pending.keys) {
            Found::Command(command) => {
                let count = self.forget_pending();
                self.run(command, count);
            }
            Found::With(command, argument) => {
                let argument = argument.to_owned();
                self.forget_pending();
                self.run_with(command.id, &argument);
            }
            Found::Prefix => {
                self.pending.since.get_or_insert(self.clock.now());
                self.damage(if self.pending.explained { Damage::ALL } else { Damage::STATUS });
            }
            Found::Nothing => {
                let typed = self.pending.keys.len() == 1 && self.pending.count.is_none();
                self.forget_pending();
                if typed
                    && self.scope == Scope::Composer
                    && let Some(c) = key.typed()
                {
                    self.typed(c);
                }
            }
        }
    }

    /// While a search in the thread is on, `n` and `N` go through what it found, where letters are keys.
    fn match_key(&self, key: Key) -> Option<bool> {
        let on = self.scope == Scope::Conversation
            && self.pending.keys.is_empty()
            && self.keymap.has_letters()
            && self.is_finding();
        match key.code {
            KeyCode::Char('n') if on && key.modifiers.is_empty() => Some(true),
            KeyCode::Char('N') if on && key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
                Some(false)
            }
            _ => None,
        }
    }

    /// Takes a digit of the number before a command.
    fn counted(&mut self, key: Key) -> bool {
        let KeyCode::Char(c) = key.code else { return false };
        let Some(digit) = c.to_digit(10).filter(|_| c.is_ascii()) else { return false };
        let fits = self.scope != Scope::Composer
            && key.modifiers.is_empty()
            && self.pending.keys.is_empty()
            && (digit > 0 || self.pending.count.is_some())
            && self.keymap.counts()
            && matches!(self.keymap.find(self.scope, &[key]), Found::Nothing);
        if fits {
            let count = self.pending.count.unwrap_or(0);
            self.pending.count = Some(count.saturating_mul(10).saturating_add(digit).min(MOST));
            self.damage(Damage::STATUS);
        }
        fits
    }

    /// Nothing is begun any more; gives back the number that was.
    pub(super) fn forget_pending(&mut self) -> Option<u32> {
        if self.pending.is_empty() {
            return None;
        }
        let simple =
            self.pending.keys.len() == 1 && self.pending.count.is_none() && self.pending.since.is_none();
        if !simple {
            let d = if self.pending.explained { Damage::ALL } else { Damage::STATUS };
            self.damage(d);
        }
        self.pending.keys.clear();
        self.pending.since = None;
        self.pending.explained = false;
        self.pending.count.take()
    }

    /// The sequence stood still: what may follow is shown.
    pub(super) fn explain_pending(&mut self, now: Millis) {
        if self.pending.due().is_some_and(|at| now >= at) {
            self.pending.explained = true;
            self.damage = Damage::ALL;
        }
    }

    /// Does a command of the table, as often as a number before it says.
    pub(super) fn run(&mut self, command: &'static Command, count: Option<u32>) {
        let (action, count) = match (command.action, self.last) {
            (Action::Repeat, Some(last)) => (last.action, count.or(last.count)),
            (Action::Repeat, None) => {
                self.say("there is nothing to repeat yet");
                return;
            }
            (action, _) => (action, count),
        };
        let refused = if command.action == Action::Repeat {
            self.refuses_action(action)
        } else {
            self.refuses(command)
        };
        if refused {
            return;
        }
        if action.is_repeatable() {
            self.last = Some(Last { action, count });
        }
        self.act_counted(action, count);
    }

    /// Opens a link: by the machine's browser, or on the clipboard where there is none.
    pub(super) fn open_link(&mut self, url: &str) {
        self.effects.push(Effect::Open(url.to_owned()));
    }
}
