//! What is being written, kept: one text for the customer and one for colleagues, which never take each other's
//! place by themselves. Every change reaches the engine within [`DRAFT_DELAY`].

use super::{App, Asked, Conversation, Damage};
use crate::clock::Millis;
use crate::model::ThreadId;
use crate::model::thread::DraftMode;
use crate::protocol::Request;
use crate::text;
use crate::tui::command::Scope;
use crate::tui::composer::Composer;

/// A change is kept this long after it was made, in milliseconds, also while typing goes on.
pub(super) const DRAFT_DELAY: Millis = 500;
/// One that was refused is tried again after this long.
const DRAFT_AGAIN: Millis = 2_000;
/// A text that got the keys this short a time ago, in milliseconds, is not sent by a key that is held down.
const SETTLED: Millis = 600;

/// The text of the other mode, and what the engine has of both.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    /// The text that is not in the composer.
    parked: Composer,
    /// What the engine has of the text in the composer, and of the other one.
    saved: [String; 2],
    /// Whether the engine did not take what was sent last, so that it may have something else.
    unsure: bool,
    /// Drafts sent to the engine, and how many there were when its own were asked for.
    saves: u64,
    asked_at: u64,
}

fn other(mode: DraftMode) -> DraftMode {
    match mode {
        DraftMode::Reply => DraftMode::Note,
        DraftMode::Note => DraftMode::Reply,
    }
}

impl Conversation {
    /// Writes for the customer or for colleagues; each text stays as it is.
    pub(super) fn write_as(&mut self, mode: DraftMode) {
        if self.mode != mode {
            self.mode = mode;
            std::mem::swap(&mut self.composer, &mut self.drafts.parked);
            self.drafts.saved.swap(0, 1);
            // What was cut in one is there for the other.
            self.composer = std::mem::take(&mut self.composer).sharing(&self.drafts.parked);
        }
    }

    /// A thread opened after another one: the mode stays, and so does what was cut.
    pub(super) fn go_on_from(&mut self, before: &Self) {
        self.mode = before.mode;
        self.composer = Composer::default().sharing(&before.composer);
        self.drafts.parked = Composer::default().sharing(&before.composer);
    }

    /// The text of a mode.
    pub fn draft(&self, mode: DraftMode) -> &Composer {
        if self.mode == mode { &self.composer } else { &self.drafts.parked }
    }

    /// The requests that keep the drafts which are not kept as they are.
    pub(super) fn draft_requests(&mut self) -> Vec<Request> {
        let mut out = Vec::new();
        let unsure = std::mem::take(&mut self.drafts.unsure);
        for (i, mode) in [self.mode, other(self.mode)].into_iter().enumerate() {
            let text = self.draft(mode).text();
            if unsure || text != self.drafts.saved[i] {
                let text = text.to_owned();
                self.drafts.saved[i].clone_from(&text);
                self.drafts.saves += 1;
                out.push(Request::SaveDraft { thread: self.thread, mode, text });
            }
        }
        out
    }

    /// The engine's drafts are asked for.
    pub(super) fn asks_for_drafts(&mut self) {
        self.drafts.asked_at = self.drafts.saves;
    }

    /// Takes the drafts that the engine has, where nothing is written here that it does not have.
    pub(super) fn take_drafts(&mut self, reply: String, note: String) {
        // What was kept since then is newer.
        if self.drafts.saves != self.drafts.asked_at {
            return;
        }
        let [current, parked] = match self.mode {
            DraftMode::Reply => [reply, note],
            DraftMode::Note => [note, reply],
        };
        for (i, theirs) in [current, parked].into_iter().enumerate() {
            let ours = if i == 0 { &mut self.composer } else { &mut self.drafts.parked };
            if ours.text() == self.drafts.saved[i] && theirs != self.drafts.saved[i] {
                *ours = Composer::with_text(&theirs).sharing(ours);
                ours.text().clone_into(&mut self.drafts.saved[i]);
            }
        }
    }

    /// Puts a text that did not leave before what was written since.
    pub(super) fn put_back(&mut self, mode: DraftMode, mut text: String) {
        let ours = if self.mode == mode { &mut self.composer } else { &mut self.drafts.parked };
        let since = ours.take();
        if !since.is_empty() {
            text.push('\n');
            text.push_str(&since);
        }
        ours.replace(&text);
    }
}

impl App {
    /// Keeps what is written and not kept.
    pub(super) fn save_draft(&mut self) {
        let Some(c) = &mut self.conversation else { return };
        c.draft_due = None;
        for request in c.draft_requests() {
            self.ask(request, Asked::Draft);
        }
    }

    /// A draft was not kept, because the engine or its disk could not just then: it is tried again.
    pub(super) fn draft_refused(&mut self, kind: &str) {
        let again = self.clock.now() + DRAFT_AGAIN;
        if matches!(kind, "busy" | "store" | "disk")
            && let Some(c) = &mut self.conversation
        {
            c.drafts.unsure = true;
            c.draft_due.get_or_insert(again);
        }
    }

    /// Somebody kept a draft: where it is on the screen and nothing else is being written, it is taken over.
    pub(super) fn draft_changed(&mut self, thread: ThreadId, by: &str) {
        // What a colleague writes is no business of this text.
        if !by.is_empty() && text::sanitize(by) != self.operator {
            return;
        }
        let saving = self.asked.values().any(|a| matches!(a, Asked::Draft | Asked::Send { .. }));
        if let Some(c) = self.conversation.as_ref().filter(|c| c.thread == thread && !saving)
            && c.draft_due.is_none()
        {
            self.ask(Request::Thread { id: thread }, Asked::Thread(thread));
        }
    }

    /// The keys go to the text, or away from it.
    pub(super) fn entered_text(&mut self) {
        let now = self.clock.now();
        let entered = self.scope == Scope::Composer;
        if let Some(c) = &mut self.conversation {
            c.entered = entered.then(|| (now, c.composer.revision()));
        }
        self.emoji.close();
    }

    /// Whether the text was there before the keys came to it, a moment ago: then the key that sends may be one that
    /// is held down.
    pub(super) fn is_hasty(&self) -> bool {
        let now = self.clock.now();
        self.conversation.as_ref().and_then(|c| c.entered.map(|e| (c, e))).is_some_and(
            |(c, (at, revision))| c.composer.revision() == revision && (0..SETTLED).contains(&(now - at)),
        )
    }

    /// Writes a note, or goes on with it. It needs no window and goes to nobody.
    pub(super) fn note(&mut self) {
        self.write_in(DraftMode::Note);
        if self.conversation.is_some() {
            self.focus(Scope::Composer);
        }
    }

    /// The text was clicked: the keys go to it as it is.
    pub(super) fn click_text(&mut self) {
        let now = self.clock.now();
        match &self.conversation {
            Some(c) if c.mode == DraftMode::Reply && c.row.is_some() && !c.is_open(now) => {
                self.pick_template();
            }
            Some(_) => self.focus(Scope::Composer),
            None => {}
        }
    }

    /// Turns the composer to the customer or to colleagues.
    pub(super) fn write_in(&mut self, mode: DraftMode) {
        let Some(c) = &mut self.conversation else { return };
        if c.mode != mode {
            c.write_as(mode);
            self.entered_text();
            self.fit_composer();
            self.damage(Damage::CONVERSATION | Damage::COMPOSER | Damage::STATUS);
        }
    }
}
