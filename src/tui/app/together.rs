//! Colleagues: where they are, that this screen says where it is, and what is done when two write to one customer.
//!
//! While nobody else works here nothing is said and nothing is asked. A key never waits for any of it.

use super::{App, Asked, Conversation, Damage};
use crate::clock::Millis;
use crate::model::access::{Resource, Verb};
use crate::model::event::Recipient;
use crate::model::mention::{is_same, mentions};
use crate::model::outgoing::Outgoing;
use crate::model::thread::DraftMode;
use crate::model::{Body, DeliveryState, Direction, Message, MessageId, Origin, ThreadId};
use crate::protocol::mentions::MentionRequest;
use crate::protocol::presence::{Doing, LEASE, Person, PresenceRequest, Present, Spot, TakenOver};
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::command::Scope;
use crate::tui::mask;
use crate::tui::overlay::Step;
use crate::tui::overlay::clash::Clash;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlay::talk::Talk;
use std::collections::{BTreeMap, BTreeSet};

/// Where the screen is, is said at most this often, in milliseconds.
const GAP: Millis = 200;
/// That somebody still writes is said this often, in milliseconds.
const RENEW: Millis = 3_000;
/// Of the messages at the end of a conversation so many are looked through for notes that call.
const NEWEST: usize = 30;

/// What is known of colleagues.
#[derive(Debug, Default)]
pub(crate) struct Together {
    /// Whether the engine knows that this is a screen.
    joined: bool,
    /// Whether somebody else works here.
    company: bool,
    /// What the engine was told last, and when.
    told: Option<(Spot, Millis)>,
    due: Option<Millis>,
    /// The last change of the text.
    typed: Millis,
    people: BTreeMap<ThreadId, Vec<Person>>,
    /// Where something changed that is shown, and that is not.
    changed: BTreeSet<ThreadId>,
    stale: BTreeSet<ThreadId>,
    /// Who follows what is done here.
    pub watchers: Vec<String>,
    /// Notes that call this operator and were not read.
    pub mentions: u32,
    /// Those that the engine was told of as read.
    read: BTreeSet<MessageId>,
    /// The colleague who is followed.
    pub watch: Option<super::watch::Watch>,
    /// They did something while the last answer was on its way.
    pub(super) watch_again: bool,
    /// The overlay whose send was held back once, because a colleague is there.
    told_of: Option<u64>,
}

impl Together {
    /// When something is to be said.
    pub(super) fn due(&self) -> Option<Millis> {
        self.due
    }
}

impl Conversation {
    /// Takes the text for the customer away, and gives it back.
    fn take_reply(&mut self) -> String {
        let mode = self.mode;
        self.write_as(DraftMode::Reply);
        let text = self.composer.take();
        self.write_as(mode);
        text
    }
}

impl App {
    /// Whether somebody else works here.
    pub(super) fn has_company(&self) -> bool {
        self.together.company
    }

    /// Who else is in a conversation, those who write first.
    pub(crate) fn people_in(&self, thread: ThreadId) -> &[Person] {
        self.together.people.get(&thread).map_or(&[], Vec::as_slice)
    }

    /// Who else writes in a conversation.
    pub(crate) fn writer_in(&self, thread: ThreadId) -> Option<&str> {
        let first = self.people_in(thread).first().filter(|p| p.doing == Doing::Typing)?;
        Some(&first.operator)
    }

    /// Where this screen is.
    fn spot(&self, now: Millis) -> Spot {
        let Some(c) = &self.conversation else { return Spot::default() };
        let writes = self.scope == Scope::Composer
            && c.mode == DraftMode::Reply
            && !c.composer.is_empty()
            && now - self.together.typed < LEASE;
        let shown = self.focused && self.scope != Scope::List && self.panes().conversation.is_some();
        let doing = match (writes, shown) {
            (true, _) => Doing::Typing,
            (false, true) => Doing::Viewing,
            (false, false) => Doing::Open,
        };
        Spot { thread: Some(c.thread), doing }
    }

    /// The text was changed by keys.
    pub(super) fn typed_reply(&mut self) {
        self.together.typed = self.clock.now();
    }

    /// Notes that call this operator and stand on the screen are read.
    fn read_mentions(&mut self) {
        let Some(c) = self.conversation.as_ref().filter(|c| self.together.mentions > 0 && c.loaded) else {
            return;
        };
        if !self.is_watching(c.thread) || self.only_watches() {
            return;
        }
        let calls = |m: &&Message| {
            let Body::Note { text } = &m.body else { return false };
            mentions(text).iter().any(|name| is_same(name, &self.operator))
        };
        let newest = c.messages.iter().rev().take(NEWEST).filter(calls).map(|m| m.id);
        let notes: Vec<MessageId> = newest.filter(|id| !self.together.read.contains(id)).collect();
        if !notes.is_empty() {
            self.together.read.extend(&notes);
            self.ask(Request::Mentions { act: MentionRequest::Read { notes } }, Asked::Quiet);
        }
    }

    /// Something happened: where the screen is may have to be said.
    pub(super) fn look_around(&mut self) {
        let now = self.clock.now();
        if let Some(c) = &mut self.conversation {
            // Since when there is a text: what colleagues answered before it is known.
            if c.draft(DraftMode::Reply).is_empty() {
                c.began = None;
            } else {
                c.began.get_or_insert(now);
            }
        }
        if self.gone || !self.knows_role || !self.may(Resource::Chat, Verb::View) {
            return;
        }
        self.read_mentions();
        if !self.together.joined {
            self.together.joined = true;
            return self.tell_spot(now);
        }
        if !self.together.company {
            self.together.due = None;
            return;
        }
        let spot = self.spot(now);
        let due = match self.together.told {
            None => Some(now),
            Some((told, at)) => {
                let renew = spot.doing == Doing::Typing && self.together.typed >= at + RENEW;
                (told != spot || renew).then_some(at + GAP)
            }
        };
        match due {
            Some(at) if at <= now => self.tell_spot(now),
            other => self.together.due = other,
        }
    }

    fn tell_spot(&mut self, now: Millis) {
        let spot = self.spot(now);
        self.together.told = Some((spot, now));
        self.together.due = None;
        let asked = spot.thread.into_iter().collect();
        self.ask(Request::Presence { act: PresenceRequest::Here { spot } }, Asked::Presence(Some(asked)));
    }

    fn ask_who(&mut self, threads: Option<Vec<ThreadId>>) {
        let act = PresenceRequest::Who { threads: threads.clone() };
        self.ask(Request::Presence { act }, Asked::Presence(threads));
    }

    /// Updates were lost: all of it is asked for again.
    pub(super) fn look_around_again(&mut self) {
        if self.together.joined {
            self.together.told = None;
            self.together.changed.clear();
            self.together.stale.clear();
            self.ask_who(None);
        }
    }

    /// Somebody follows what is done here, or does no more.
    pub(super) fn watchers_changed(&mut self) {
        self.together.told = None;
        let now = self.clock.now();
        self.tell_spot(now);
    }

    /// Somebody else works here now, or nobody any more.
    pub(super) fn company_changed(&mut self, company: bool) {
        if self.together.joined && std::mem::replace(&mut self.together.company, company) != company {
            self.together.told = None;
            if company {
                self.ask_who(None);
            } else {
                self.together.people.clear();
                self.together.watchers.clear();
                self.damage(Damage::LIST | Damage::CONVERSATION | Damage::STATUS);
            }
        }
    }

    /// Something changed in a conversation: asked for when it is shown.
    pub(super) fn presence_changed(&mut self, thread: ThreadId) {
        let set =
            if self.is_on_screen(thread) { &mut self.together.changed } else { &mut self.together.stale };
        set.insert(thread);
    }

    fn is_on_screen(&self, thread: ThreadId) -> bool {
        self.has_open(thread) || self.list.visible(self.panes().list_rows()).iter().any(|r| r.id == thread)
    }

    /// Asks once for what changed and is shown.
    pub(super) fn settle_presence(&mut self) {
        if !self.together.stale.is_empty() {
            let stale = std::mem::take(&mut self.together.stale);
            let (shown, rest) = stale.into_iter().partition(|t| self.is_on_screen(*t));
            self.together.changed.extend::<BTreeSet<ThreadId>>(shown);
            self.together.stale = rest;
        }
        let asked = self.asked.values().any(|a| matches!(a, Asked::Presence(_)));
        if !asked && !self.together.changed.is_empty() {
            let threads = std::mem::take(&mut self.together.changed).into_iter().collect();
            self.ask_who(Some(threads));
        }
    }

    /// The engine has said who is where: in these conversations, or in all.
    pub(super) fn present_came(&mut self, asked: Option<Vec<ThreadId>>, present: Present) {
        let before = (self.together.people.clone(), self.together.watchers.clone());
        match asked {
            None => self.together.people.clear(),
            Some(ids) => self.together.people.retain(|t, _| !ids.contains(t)),
        }
        self.together.people.extend(present.threads.into_iter().map(|t| (t.thread, t.people)));
        self.together.watchers = present.watchers;
        if before != (self.together.people.clone(), self.together.watchers.clone()) {
            self.damage(Damage::LIST | Damage::CONVERSATION | Damage::STATUS);
        }
        self.company_changed(present.company);
    }

    /// What a colleague does here that an answer would collide with, in words.
    fn collision(&self) -> Option<String> {
        let c = self.conversation.as_ref().filter(|_| self.together.company)?;
        if let Some(writer) = self.writer_in(c.thread) {
            return Some(format!("{} is writing here", text::sanitize(writer)));
        }
        let began = c.began?;
        let answer = c.messages.iter().rev().find_map(|m| match &m.origin {
            Origin::Operator(name)
                if m.direction == Direction::Outbound
                    && m.at > began
                    && m.state != DeliveryState::Noted
                    && text::sanitize(name) != self.operator =>
            {
                Some(text::sanitize(name).into_owned())
            }
            _ => None,
        });
        answer.map(|name| format!("{name} has answered since you began"))
    }

    /// Holds a send of an overlay (a template, a card, a macro) back once where a colleague writes or has answered, and
    /// says so there; the same key then sends it all the same.
    pub(super) fn colleague_comes_first(&mut self, serial: u64, request: &Request) -> bool {
        let Some(thread) = sends_to(request) else { return false };
        let what = if self.has_open(thread) {
            self.collision()
        } else {
            self.writer_in(thread).map(|name| format!("{} is writing here", text::sanitize(name)))
        };
        let Some(what) = what else { return false };
        if self.together.told_of.replace(serial) == Some(serial) {
            return false;
        }
        let problem = Problem::new("busy", what)
            .means("two answers to one question confuse the customer; nothing was sent")
            .next("look first, or send it once more to send it all the same");
        self.deliver(serial, String::new(), Err(problem));
        true
    }

    /// Asks before a reply is sent that a colleague's would collide with; whether it did.
    pub(super) fn collides(&mut self, at: Option<Millis>) -> bool {
        let Some(what) = self.collision() else { return false };
        self.ask_whether_to_send(what, at);
        true
    }

    /// Asks whether a reply is to be sent all the same.
    pub(super) fn ask_whether_to_send(&mut self, what: String, at: Option<Millis>) {
        let takes = self.may(Resource::Chat, Verb::Edit);
        self.show_overlay(Box::new(Clash::new(what, at, takes)), None);
    }

    /// The request that sends, looking once more for colleagues where there are any.
    pub(super) fn guarded(&self, send: Request, anyway: bool) -> Request {
        match self.claim(anyway) {
            None => send,
            Some(claim) => Request::Together { requests: vec![claim, send] },
        }
    }

    /// What looks for colleagues before a send, where there are any.
    pub(super) fn claim(&self, anyway: bool) -> Option<Request> {
        let c = self.conversation.as_ref().filter(|_| self.together.company && !anyway)?;
        Some(Request::Presence { act: PresenceRequest::Claim { thread: c.thread, since: c.began } })
    }

    /// Takes the conversation over, after a question where somebody writes.
    pub(super) fn take_over(&mut self) {
        let id = match self.scope {
            Scope::List => self.list.current().map(|r| r.id),
            _ => self.conversation.as_ref().map(|c| c.thread),
        };
        let Some(id) = id else { return self.say("there is no thread here") };
        match self.writer_in(id) {
            None => self.take_over_now(id),
            Some(writer) => {
                let writer = text::sanitize(writer).into_owned();
                let lines = vec![format!(
                    "{writer} is writing. What they have begun becomes a note here, and the conversation is yours."
                )];
                let steps = vec![Step::Talk(Talk::TakeOver(Some(id)))];
                let ask = Confirm::new(format!("Take over from {writer}?"), lines, 'y', steps);
                self.show_overlay(Box::new(ask), None);
            }
        }
    }

    /// Takes a conversation over.
    pub(super) fn take_over_now(&mut self, thread: ThreadId) {
        self.ask(Request::Presence { act: PresenceRequest::TakeOver { thread } }, Asked::TakeOver(thread));
    }

    /// It is ours.
    pub(super) fn took_over(&mut self, thread: ThreadId, done: &TakenOver) {
        let words = match (&done.from, done.note) {
            (Some(from), Some(_)) => format!("yours now · what {from} had begun is a note"),
            (Some(from), None) => format!("yours now · {from} had it"),
            (None, _) => "yours now".to_owned(),
        };
        self.say(words);
        self.together.changed.insert(thread);
        self.settle_presence();
    }

    /// A conversation was taken over from somebody. Where that is this operator, what was begun is a note by now:
    /// nothing of it stays to be sent by accident.
    pub(super) fn taken_over(&mut self, thread: ThreadId, from: &str, by: &str) {
        if text::sanitize(from) != self.operator || text::sanitize(by) == self.operator {
            return;
        }
        let by = text::sanitize(by).into_owned();
        let row = self.list.row(thread).or_else(|| {
            self.conversation.as_ref().filter(|c| c.thread == thread).and_then(|c| c.row.as_ref())
        });
        let title = row.map(|r| mask::name(&text::sanitize(&r.title), self.theme.mask).into_owned());
        let unsaved = self.asked.values().any(|a| matches!(a, Asked::Draft));
        let mut kept = false;
        let mut begun = false;
        if let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) {
            let unsaved = unsaved || c.draft_due.is_some();
            let text = c.take_reply();
            begun = !text.trim().is_empty();
            if begun && unsaved {
                // The last words may not be in the note: they wait where nothing goes to the customer.
                c.put_back(DraftMode::Note, text);
                kept = true;
            }
            c.quote = None;
        }
        if self.has_open(thread) {
            self.save_draft();
            self.fit_composer();
            if self.scope == Scope::Composer {
                self.focus(Scope::Conversation);
            }
        }
        let what = match (begun, kept) {
            (_, true) => " · what you had begun is a note, and in your own note to be looked at",
            (true, false) => " · what you had begun is a note",
            (false, false) => "",
        };
        let whom = title.map_or_else(String::new, |t| format!(": {t}"));
        self.say_bad(format!("{by} took over{whom}{what}"));
        self.damage(Damage::CONVERSATION | Damage::COMPOSER);
    }

    /// Whether a refusal says that a colleague is there; then it is asked about instead of told.
    pub(super) fn refused_for_colleague(&mut self, problem: &Problem) -> bool {
        if problem.kind != "busy" {
            return false;
        }
        self.ask_whether_to_send(text::sanitize(&problem.what).into_owned(), None);
        true
    }
}

/// The thread to whose customer a request sends something.
fn sends_to(request: &Request) -> Option<ThreadId> {
    match request {
        Request::Send { content: Outgoing::Reaction { .. }, .. } => None,
        Request::Send { to: Recipient::Thread { thread }, .. }
        | Request::SendTemplate { to: Recipient::Thread { thread }, .. } => Some(*thread),
        Request::Together { requests } => requests.iter().find_map(sends_to),
        _ => None,
    }
}
