//! What the status line says, and the way out.

use super::{App, Asked, Conversation, Damage, Effect};
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
        let draft = self.conversation.as_mut().and_then(Conversation::draft_request);
        match draft {
            Some(request) if !self.gone => self.ask(request, Asked::LastDraft),
            _ => self.quit_when_saved(),
        }
    }

    /// Quits once no draft and no send is on its way.
    pub(super) fn quit_when_saved(&mut self) {
        let waits = !self.gone
            && self.asked.values().any(|a| matches!(a, Asked::Draft | Asked::LastDraft | Asked::Send { .. }));
        if self.quitting.is_some() && !waits {
            self.effects.push(Effect::Quit);
        }
    }
}
