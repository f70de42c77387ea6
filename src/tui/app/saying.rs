//! What the status line and the window's title say, and the way out.

use super::{App, Asked, Damage, Effect};
use crate::protocol::Problem;
use crate::text;

/// A sentence in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Say {
    /// The sentence, safe.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
}

impl App {
    /// The title of the terminal's window.
    pub fn title(&self) -> String {
        let unread: u32 = self.accounts.iter().map(|a| a.unread_threads).sum();
        if unread == 0 { "Switchboard".into() } else { format!("({unread}) Switchboard") }
    }

    pub(super) fn say(&mut self, text: impl AsRef<str>) {
        self.say = Some(Say { text: text::sanitize(text.as_ref()).into_owned(), bad: false });
        self.damage(Damage::STATUS);
    }

    pub(super) fn say_bad(&mut self, text: impl AsRef<str>) {
        self.say = Some(Say { text: text::sanitize(text.as_ref()).into_owned(), bad: true });
        self.damage(Damage::STATUS);
    }

    pub(super) fn say_problem(&mut self, p: &Problem) {
        let mut s = p.what.clone();
        if !p.means.is_empty() {
            s = format!("{s} · {}", p.means);
        }
        if !p.next.is_empty() {
            s = format!("{s} · → {}", p.next);
        }
        self.say_bad(s);
    }

    pub(super) fn quit(&mut self) {
        if self.quitting.is_some() {
            // The second time nobody waits.
            self.effects.push(Effect::Quit);
            return;
        }
        self.quitting = Some(self.clock.now());
        if !self.gone {
            self.save_draft();
            self.save_place(Asked::Draft);
        }
        self.quit_when_saved();
    }

    /// Quits once no draft and no send is on its way.
    pub(super) fn quit_when_saved(&mut self) {
        let waits = !self.gone
            && self
                .asked
                .values()
                .any(|a| matches!(a, Asked::Draft | Asked::Note { .. } | Asked::Send { .. }));
        if self.quitting.is_some() && !waits {
            self.effects.push(Effect::Quit);
        }
    }
}
