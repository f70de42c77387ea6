//! Where the operator is, kept in the engine: leave on one terminal, go on at another.
//!
//! Read once, at the start; written a moment after it changed. Screens that are open at the same time do not follow
//! each other: the last one to move is the one whose place is kept. A screen that loses its engine hands its place
//! and what was not kept to the next screen of the process.

use super::views::OwnView;
use super::{App, Asked, Conversation, Damage};
use crate::clock::Millis;
use crate::model::thread::{DraftMode, ThreadFilter};
use crate::model::{AccountId, MessageId, ThreadId};
use crate::protocol::Request;
use crate::protocol::preferences::{PLACE, Preference};
use crate::tui::command::Scope;
use serde::{Deserialize, Serialize};

/// A place is kept this long after it changed, in milliseconds.
const PLACE_DELAY: Millis = 1_000;

/// What stands before the words of an operator's own filter.
const FILTER: &str = "filter ";

/// A place on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    /// The account that is shown; all of them when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What the list shows, in its own words.
    pub view: String,
    /// The thread under the cursor of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<ThreadId>,
    /// The open thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// Which pane has the keys.
    pub pane: String,
    /// For whom the text is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<DraftMode>,
    /// The cursor in the text, in bytes.
    pub at: usize,
    /// The message that the text answers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<MessageId>,
}

/// What a screen leaves to the one that follows it in the same process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    place: Place,
    /// The texts of the open thread, kept or not.
    texts: Vec<(DraftMode, String)>,
    /// A message whose fate was not heard of is among them.
    unheard: bool,
}

/// What is known of the place that is kept.
#[derive(Debug, Default)]
pub(crate) struct Follow {
    /// Whether the kept place has been looked at.
    known: bool,
    /// What is kept, or on its way.
    kept: Place,
    /// What was on the screen when it was last looked at; the cursor in the text counts only with it.
    seen: Place,
    due: Option<Millis>,
    /// Where the cursor of the text goes when the text is here.
    cursor: Option<(ThreadId, usize)>,
    /// What the screen before this one left.
    left: Option<Left>,
}

impl Follow {
    /// When the place is to be kept.
    pub(super) fn due(&self) -> Option<Millis> {
        self.due
    }

    /// Whether the kept place has been looked at.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }
}

impl App {
    /// What the list shows, in words that are kept: a view's name, or the operator's own filter.
    fn view_words(&self) -> String {
        match &self.list.own {
            Some(own) => format!("{FILTER}{}", own.filter),
            None => self.list.filter.name().to_owned(),
        }
    }

    /// Whether the list shows what these words say.
    fn shows(&self, words: &str) -> bool {
        match &self.list.own {
            Some(_) => self.view_words() == words,
            None => self.list.filter.name() == words,
        }
    }

    /// Shows what words say that were kept; what is not understood any more changes nothing.
    fn take_view(&mut self, words: &str) {
        if let Some(filter) = ThreadFilter::named(words) {
            self.list.filter = filter;
            self.list.own = None;
        } else if let Some(Ok(filter)) = words.strip_prefix(FILTER).map(str::parse) {
            let text = &words[FILTER.len()..];
            let name = self.desk.saved.iter().find(|v| v.filter == text).map(|v| v.name.clone());
            self.list.own = Some(OwnView { name, filter });
        }
    }

    /// Where the operator is now.
    fn place(&self) -> Place {
        let c = self.conversation.as_ref();
        Place {
            account: self.account.clone(),
            view: self.view_words(),
            row: self.list.current().map(|r| r.id),
            thread: c.map(|c| c.thread),
            pane: self.scope.id().to_owned(),
            mode: c.map(|c| c.mode).filter(|m| *m != DraftMode::Reply),
            at: c.map_or(0, |c| c.composer.cursor()),
            quote: c.and_then(|c| c.quote),
        }
    }

    /// Notices that the operator went somewhere.
    pub(super) fn look_where(&mut self) {
        if !self.follow.known || self.follow.due.is_some() || !self.list.touched {
            return;
        }
        let c = self.conversation.as_ref();
        let f = &self.follow.seen;
        let same = f.account == self.account
            && f.thread == c.map(|c| c.thread)
            && f.pane == self.scope.id()
            && f.row == self.list.current().map(|r| r.id)
            && f.at == c.map_or(0, |c| c.composer.cursor())
            && f.mode.unwrap_or(DraftMode::Reply) == c.map_or(DraftMode::Reply, |c| c.mode)
            && f.quote == c.and_then(|c| c.quote)
            && self.shows(&f.view);
        if !same {
            self.follow.due = Some(self.clock.now() + PLACE_DELAY);
        }
    }

    /// Keeps where the operator is.
    pub(super) fn save_place(&mut self, asked: Asked) {
        self.follow.due = None;
        if !self.follow.known || self.gone || !self.list.touched {
            return;
        }
        let place = self.place();
        self.follow.seen = place.clone();
        if place == self.follow.kept {
            return;
        }
        let Ok(value) = serde_json::to_string(&place) else { return };
        self.follow.kept = place;
        let preference = Preference { key: PLACE.into(), value };
        self.ask(Request::SetPreference { preference }, asked);
    }

    /// The operator's preferences are here: the first time the screen comes up as it was left.
    pub(super) fn take_place(&mut self, all: &[Preference]) {
        if std::mem::replace(&mut self.follow.known, true) {
            return;
        }
        let kept = all.iter().find(|p| p.key == PLACE);
        let kept: Option<Place> = kept.and_then(|p| serde_json::from_str(&p.value).ok());
        self.follow.kept = kept.clone().unwrap_or_default();
        let place = self.follow.left.as_ref().map(|l| l.place.clone()).or(kept);
        // What was done before the answer came is newer than what was kept.
        if let Some(place) = place.filter(|_| !self.list.touched && self.conversation.is_none()) {
            self.go_to_place(place);
        }
        self.follow_newest();
    }

    fn go_to_place(&mut self, place: Place) {
        let Some(thread) = place.thread else { return };
        self.list.touched = true;
        let view = self.view_words();
        self.take_view(&place.view);
        if self.account != place.account || !self.shows(&view) {
            self.account.clone_from(&place.account);
            self.reload_list();
        }
        self.open_thread(thread, None);
        if let Some(c) = &mut self.conversation {
            c.write_as(place.mode.unwrap_or(DraftMode::Reply));
            c.quote = place.quote;
        }
        self.follow.cursor = Some((thread, place.at));
        let row = place.row.unwrap_or(thread);
        self.list.select(row);
        self.list.aim(row);
        self.keep_list_cursor_visible();
        if let Some(scope) = Scope::ALL.into_iter().find(|s| s.id() == place.pane) {
            self.focus(scope);
        }
        self.follow.seen = place;
        self.damage(Damage::ALL);
    }

    /// The text of the open thread is here: what the screen before had of it comes back, and the cursor.
    pub(super) fn place_cursor(&mut self) {
        let Some((thread, at)) = self.follow.cursor.take() else { return };
        let left = self.follow.left.take();
        let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) else { return };
        let mut newer = false;
        let unheard = left.as_ref().is_some_and(|l| l.unheard);
        for (mode, text) in left.into_iter().flat_map(|l| l.texts) {
            newer |= c.bring(mode, &text);
        }
        c.composer.go_to(at);
        if newer {
            self.composed();
        }
        if unheard {
            self.say("the engine went away while this was being sent · → look above before sending it again");
        }
    }

    /// The conversation that was to be opened is not here any more.
    pub(super) fn lost_place(&mut self, thread: ThreadId) {
        let there = self.conversation.as_ref().is_some_and(|c| c.thread == thread && c.row.is_none());
        if there {
            self.conversation = None;
            self.follow.cursor = None;
            self.list.touched = false;
            self.list.follow_again();
            self.focus(Scope::List);
            self.damage(Damage::ALL);
            self.follow_newest();
        }
    }

    /// What the next screen of this process needs, when the engine is gone.
    pub fn leave(&mut self) -> Left {
        let place = self.place();
        let mut texts = Vec::new();
        let mut unheard = false;
        let asked: Vec<Asked> = self.asked.drain().map(|(_, a)| a).collect();
        if let Some(c) = &mut self.conversation {
            for a in asked {
                match a {
                    Asked::Send { thread, text, .. } if thread == c.thread => {
                        unheard = true;
                        c.put_back(DraftMode::Reply, text);
                    }
                    Asked::Note { thread, text } if thread == c.thread => {
                        unheard = true;
                        c.put_back(DraftMode::Note, text);
                    }
                    _ => {}
                }
            }
            texts = [DraftMode::Reply, DraftMode::Note].map(|m| (m, c.draft(m).text().to_owned())).to_vec();
        }
        Left { place, texts, unheard }
    }

    /// Whether what the screen before this one left is still on its way back: a key that is pressed now is meant for
    /// what was there, not for the list that stands there for a moment.
    pub fn restoring(&self) -> bool {
        let coming = !self.follow.known || self.follow.cursor.is_some();
        coming && !self.gone && self.follow.left.as_ref().is_some_and(|l| l.place.thread.is_some())
    }

    /// Goes on where the screen before this one ended.
    pub fn go_on(&mut self, left: Left) {
        self.follow.left = Some(left);
    }
}

impl Conversation {
    /// Brings a text of the screen before this one. Says whether the engine does not have it.
    fn bring(&mut self, mode: DraftMode, text: &str) -> bool {
        let newer = self.draft(mode).text() != text;
        if newer {
            let now = self.mode;
            self.write_as(mode);
            self.composer.replace(text);
            self.write_as(now);
        }
        newer
    }
}
