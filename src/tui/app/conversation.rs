//! The open conversation: loaded pages, the place that is shown, the selected message, the text being written.
//!
//! The place is the message at the bottom and how many of its lines are below the edge, so that messages
//! arriving anywhere do not move what is read, and the work is bound by the height of the pane.

use super::drafts::Drafts;
use super::{App, Asked, Damage};
use crate::clock::Millis;
use crate::model::contact::Contact;
use crate::model::delivery::WaitReason;
use crate::model::thread::{Blocked, DraftMode, ThreadDetail, ThreadRow};
use crate::model::{Body, DeliveryState, Direction, Message, MessageId, ThreadId};
use crate::protocol::{Cursor, Place, Request};
use crate::tui::command::Scope;
use crate::tui::composer::Composer;
use crate::tui::format;
use crate::tui::transcript::{Around, Block, Look};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

/// Messages of the first page.
const FIRST: u32 = 60;
/// Messages of a further page.
const MORE: u32 = 100;
/// Messages kept; pages far from what is shown are dropped.
const MOST: usize = 600;

/// Which messages were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// The newest.
    Newest,
    /// Those around one.
    Around(MessageId),
    /// Those around the first one since a time.
    Time(Millis),
    /// Older ones.
    Older,
    /// Newer ones.
    Newer,
}

/// A page that is loaded.
#[derive(Clone, Copy, Debug)]
struct Loaded {
    messages: usize,
    older: Option<Cursor>,
    newer: Option<Cursor>,
}

/// What is at the bottom of the pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    message: MessageId,
    /// Lines of it below the edge.
    cut: usize,
}

/// A message on the screen.
#[derive(Debug)]
pub(crate) struct Visible {
    /// Its index.
    pub index: usize,
    /// Its lines.
    pub block: Rc<Block>,
    /// Which of them are on the screen.
    pub lines: Range<usize>,
}

/// An open thread.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// Which.
    pub thread: ThreadId,
    /// Its row.
    pub row: Option<ThreadRow>,
    /// Who is on the other side.
    pub contact: Option<Contact>,
    /// That they are blocked on this number.
    pub blocked: Option<Blocked>,
    /// Loaded messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether the first page is here.
    pub loaded: bool,
    /// The selected message.
    pub selected: Option<MessageId>,
    /// The first unread message when it was opened, and how many there were.
    pub unread: Option<(MessageId, u32)>,
    /// Messages that came below what is shown.
    pub below: u32,
    /// The text being written.
    pub composer: Composer,
    /// Whether it is for the customer or for colleagues.
    pub mode: DraftMode,
    /// Rows of the composer.
    pub composer_rows: u16,
    /// The message that the text answers to.
    pub quote: Option<MessageId>,
    pages: Vec<Loaded>,
    anchor: Option<Anchor>,
    loading: bool,
    pub(super) drafts: Drafts,
    going: Option<MessageId>,
    /// Messages that are marked.
    pub(super) marked_messages: super::talk::Marked,
    /// Where a range of them began.
    pub(super) range: Option<MessageId>,
    /// The search in this thread.
    pub find: Option<super::find::Find>,
    pub(super) draft_due: Option<Millis>,
    /// When the text got the keys, and how it was then.
    pub(super) entered: Option<(Millis, u64)>,
    /// When the customer was last told that somebody types.
    pub(super) typing_told: Option<Millis>,
    /// Since when there is a reply.
    pub(super) began: Option<Millis>,
    pub(super) patience: Option<Millis>,
    pub(super) marked: Option<Millis>,
    pub(super) keep_unread: bool,
    /// The next unread message that came late and was not on the screen yet.
    pub late: Option<MessageId>,
    /// Those that were.
    pub(super) late_seen: BTreeSet<MessageId>,
    /// Whether the engine has said which they are.
    pub(super) late_asked: bool,
}

impl Conversation {
    pub(super) fn new(thread: ThreadId, row: Option<ThreadRow>) -> Self {
        Self {
            thread,
            row,
            contact: None,
            blocked: None,
            messages: Vec::new(),
            loaded: false,
            selected: None,
            unread: None,
            below: 0,
            composer: Composer::default(),
            mode: DraftMode::Reply,
            composer_rows: 1,
            quote: None,
            pages: Vec::new(),
            anchor: None,
            loading: false,
            drafts: Drafts::default(),
            going: None,
            marked_messages: BTreeMap::new(),
            range: None,
            find: None,
            draft_due: None,
            entered: None,
            typing_told: None,
            began: None,
            patience: None,
            marked: None,
            keep_unread: false,
            late: None,
            late_seen: BTreeSet::new(),
            late_asked: false,
        }
    }

    /// The message that was asked for last, with what is around it.
    pub(super) fn going_to(&self) -> Option<MessageId> {
        self.going
    }

    /// The name of the other side.
    pub fn title(&self) -> &str {
        self.row.as_ref().map_or("", |r| &r.title)
    }

    /// Whether free text may be sent now.
    pub fn is_open(&self, now: Millis) -> bool {
        self.row.as_ref().is_some_and(|r| r.window.is_open(now))
    }

    /// Whether the text can be written now: a note always.
    pub fn can_write(&self, now: Millis) -> bool {
        self.mode == DraftMode::Note || self.is_open(now)
    }

    fn older(&self) -> Option<Cursor> {
        self.pages.first().and_then(|p| p.older)
    }

    fn newer(&self) -> Option<Cursor> {
        self.pages.last().and_then(|p| p.newer)
    }

    /// Whether the newest message is at the bottom of the pane.
    pub fn is_at_end(&self) -> bool {
        self.loaded && self.anchor.is_none() && self.newer().is_none()
    }

    /// A loaded message.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.index(id).map(|i| &self.messages[i])
    }

    fn index(&self, id: MessageId) -> Option<usize> {
        self.messages.iter().rposition(|m| m.id == id)
    }

    /// The selected message.
    pub fn selected(&self) -> Option<&Message> {
        self.selected.and_then(|id| self.message(id))
    }

    pub(super) fn take_row(&mut self, row: ThreadRow) {
        if row.unread == 0 {
            self.keep_unread = false;
        }
        self.row = Some(row);
    }

    pub(super) fn take_detail(&mut self, detail: ThreadDetail) {
        self.contact = Some(detail.contact);
        self.blocked = detail.blocked;
        self.row = Some(detail.row);
        self.take_drafts(detail.draft, detail.note);
        if self.unread.is_none() && !self.keep_unread {
            self.find_unread(detail.read_at);
        }
    }

    /// Where the unread line goes.
    fn find_unread(&mut self, read_at: Option<Millis>) {
        let Some(n) = self.row.as_ref().map(|r| r.unread).filter(|n| *n > 0) else { return };
        if self.marked.is_some() {
            return;
        }
        let inbound = |m: &&Message| m.direction == Direction::Inbound;
        // A late one is marked by itself; the line stands above the first that came in its time.
        let first = self.messages.iter().find(|m| m.unread && m.late.is_none());
        let by_time = read_at.and_then(|t| self.messages.iter().filter(inbound).find(|m| m.at > t));
        let by_count = || self.messages.iter().rev().filter(inbound).take(n as usize).last();
        self.unread = first.or(by_time).or_else(by_count).map(|m| (m.id, n));
    }

    /// Selects a loaded message and puts it at the bottom of the pane.
    pub(super) fn show(&mut self, id: MessageId) {
        self.selected = Some(id);
        self.anchor = Some(Anchor { message: id, cut: 0 });
    }

    /// The index and cut of the message at the bottom.
    fn bottom(&self) -> Option<(usize, usize)> {
        let last = self.messages.len().checked_sub(1)?;
        match self.anchor {
            Some(a) => Some(self.index(a.message).map_or((last, 0), |i| (i, a.cut))),
            None => Some((last, 0)),
        }
    }

    fn around(&self, i: usize, now: Millis, tz: &jiff::tz::TimeZone) -> Around {
        let m = &self.messages[i];
        let before = i.checked_sub(1).map(|j| &self.messages[j]);
        let day = format::day(m.at, tz);
        let new_day = before.is_none_or(|b| format::day(b.at, tz) != day);
        Around {
            day: new_day.then_some(day),
            unread: self.unread.filter(|(id, _)| *id == m.id).map(|(_, n)| n),
            wait: m
                .waits
                .filter(|w| m.state == DeliveryState::Queued && w.until > now)
                .map(|w| format::wait(w, now, tz)),
            turn: m.state == DeliveryState::Queued && self.has_others_in_line(i, now),
            closed_then: m.waits.is_some_and(|w| {
                w.why == WaitReason::Later
                    && !matches!(m.body, Body::Template { .. })
                    && self.row.as_ref().is_some_and(|r| !r.window.is_open(w.until))
            }),
            writing: false,
            leads: new_day || before.is_none_or(|b| b.direction != m.direction || b.origin != m.origin),
        }
    }

    /// Whether a queued message that may leave has to wait for another one of its thread.
    fn has_others_in_line(&self, i: usize, now: Millis) -> bool {
        let waits = |m: &Message| m.waits.is_some_and(|w| w.until > now);
        !waits(&self.messages[i])
            && self.messages.iter().enumerate().any(|(j, m)| {
                let later = m.waits.is_some_and(|w| w.why == WaitReason::Later);
                j != i
                    && (m.state == DeliveryState::Sending
                        || m.state == DeliveryState::Queued && !later && (waits(m) || j < i))
            })
    }

    /// A page did not come; it may be asked for again.
    pub(super) fn page_failed(&mut self) {
        self.loading = false;
        self.patience = None;
    }

    /// Takes a page of messages.
    fn take_page(&mut self, load: Load, items: Vec<Message>, older: Option<Cursor>, newer: Option<Cursor>) {
        self.loading = false;
        let page = Loaded { messages: items.len(), older, newer };
        match load {
            Load::Newest | Load::Around(_) | Load::Time(_) => {
                self.messages = items;
                self.pages = vec![page];
                self.anchor = None;
                self.below = 0;
                if let Load::Around(id) = load {
                    self.show(id);
                }
            }
            Load::Older => {
                self.messages.splice(0..0, items);
                self.pages.insert(0, page);
                while self.messages.len() > MOST && self.pages.len() > 2 {
                    let Some(dropped) = self.pages.pop() else { break };
                    self.messages.truncate(self.messages.len() - dropped.messages);
                }
            }
            Load::Newer => {
                self.messages.extend(items);
                self.pages.push(page);
                while self.messages.len() > MOST && self.pages.len() > 2 {
                    let dropped = self.pages.remove(0);
                    self.messages.drain(..dropped.messages);
                }
            }
        }
        self.loaded = true;
        self.patience = None;
    }

    /// Takes a message out of the loaded pages.
    fn remove(&mut self, i: usize) {
        self.messages.remove(i);
        let mut end = 0;
        for p in &mut self.pages {
            end += p.messages;
            if i < end {
                p.messages -= 1;
                break;
            }
        }
    }

    /// Takes messages that are new or changed; returns whether the pane changes.
    fn take_rows(&mut self, rows: Vec<Message>) -> bool {
        let mut changed = false;
        let thread = self.thread;
        for m in rows.into_iter().filter(|m| m.thread == thread) {
            if let Some(i) = self.index(m.id) {
                if self.messages[i].revision > m.revision {
                    continue;
                }
                changed = true;
                if self.messages[i].at == m.at {
                    self.messages[i] = m;
                    continue;
                }
                // What was to be sent later stands where it is sent.
                self.remove(i);
            }
            let at = self.messages.partition_point(|o| o.at <= m.at);
            if m.unread && m.late.is_some() && at < self.messages.len() {
                self.late.get_or_insert(m.id);
                self.marked = None;
                changed = true;
            }
            // What belongs to pages that are not loaded comes with them.
            if at == 0 && self.older().is_some() || at == self.messages.len() && self.newer().is_some() {
                if m.direction == Direction::Inbound {
                    self.below += 1;
                    changed = true;
                }
                continue;
            }
            if self.anchor.is_some() && m.direction == Direction::Inbound {
                self.below += 1;
            }
            let mut end = 0;
            let last = self.pages.len().saturating_sub(1);
            for (i, p) in self.pages.iter_mut().enumerate() {
                end += p.messages;
                if at < end || i == last {
                    p.messages += 1;
                    break;
                }
            }
            self.messages.insert(at, m);
            changed = true;
        }
        changed
    }
}

impl App {
    /// How messages are laid out now.
    fn look<'a>(&'a self, c: &'a Conversation, width: u16) -> Look<'a> {
        Look {
            width,
            theme: &self.theme,
            tz: &self.tz,
            today: format::day(self.clock.now(), &self.tz),
            name: c.title(),
            operator: &self.operator,
            keys: &self.trouble_keys,
        }
    }

    fn block(&self, c: &Conversation, i: usize, look: &Look<'_>) -> Rc<Block> {
        let mut around = c.around(i, self.clock.now(), &self.tz);
        // Only there the keys are written.
        around.writing = self.scope == Scope::Composer
            && matches!(
                c.messages[i].state,
                DeliveryState::Queued | DeliveryState::Unknown | DeliveryState::Failed
            );
        self.layouts.borrow_mut().block(&c.messages[i], &around, look)
    }

    /// What is on the screen, from top to bottom: laid out from the bottom up until the pane is full.
    pub fn visible(&self, c: &Conversation) -> Vec<Visible> {
        let pane = self.panes().transcript;
        let look = self.look(c, pane.width);
        let mut room = usize::from(pane.height);
        let mut out = Vec::new();
        let Some((mut i, mut cut)) = c.bottom() else { return out };
        loop {
            let block = self.block(c, i, &look);
            let end = block.lines.len().saturating_sub(cut);
            let start = end.saturating_sub(room);
            room -= end - start;
            out.push(Visible { index: i, block, lines: start..end });
            cut = 0;
            if room == 0 || i == 0 {
                break;
            }
            i -= 1;
        }
        out.reverse();
        out
    }

    pub(super) fn load_messages(&mut self, load: Load) {
        let Some(c) = &mut self.conversation else { return };
        let (place, limit) = match load {
            Load::Newest => (Some(Place::Newest), FIRST),
            Load::Around(id) => (Some(Place::Around(id)), FIRST),
            Load::Time(at) => (Some(Place::Time(at)), FIRST),
            Load::Older => (c.older().map(Place::Before), MORE),
            Load::Newer => (c.newer().map(Place::After), MORE),
        };
        let further = matches!(load, Load::Older | Load::Newer);
        let Some(place) = place.filter(|_| !(further && c.loading)) else { return };
        c.loading = true;
        if let Load::Around(id) = load {
            c.going = Some(id);
        }
        let thread = c.thread;
        self.ask(Request::Messages { thread, place, limit }, Asked::Messages { thread, load });
    }

    pub(super) fn messages_came(
        &mut self,
        load: Load,
        items: Vec<Message>,
        older: Option<Cursor>,
        newer: Option<Cursor>,
    ) {
        let Some(c) = &mut self.conversation else { return };
        c.take_page(load, items, older, newer);
        if load == Load::Newest && c.unread.is_none() {
            c.find_unread(None);
        }
        if let Load::Around(_) = load {
            // The message stands in the middle.
            let half = isize::try_from(self.panes().transcript.height / 2).unwrap_or(0);
            self.scroll(-half);
        }
        if let Load::Time(at) = load {
            self.came_to(at);
        }
        self.scroll(0);
        if load == Load::Newest && self.conversation.as_ref().is_some_and(|c| c.late_asked) {
            self.lead_to_late();
        }
        self.mark_read();
        self.damage(Damage::CONVERSATION | Damage::COMPOSER | Damage::DETAILS);
        self.follow_newest();
    }

    pub(super) fn message_rows_came(&mut self, rows: Vec<Message>) {
        let Some(c) = &mut self.conversation else { return };
        if c.take_rows(rows) {
            self.damage(Damage::CONVERSATION);
        }
        self.mark_read();
    }

    /// Scrolls by lines, up for positive numbers; loads further pages on the way.
    pub(super) fn scroll(&mut self, up: isize) {
        let Some(c) = &self.conversation else { return };
        let Some((mut i, mut cut)) = c.bottom() else { return };
        let pane = self.panes().transcript;
        let look = self.look(c, pane.width);
        let lines = |i: usize| self.block(c, i, &look).lines.len();
        cut = cut.min(lines(i).saturating_sub(1));
        let height = usize::from(pane.height);
        if up >= 0 {
            cut += up.unsigned_abs();
        } else {
            let mut down = up.unsigned_abs();
            while down > 0 {
                let step = down.min(cut);
                cut -= step;
                down -= step;
                if down == 0 || i + 1 == c.messages.len() {
                    break;
                }
                i += 1;
                cut = lines(i);
            }
        }
        loop {
            let n = lines(i);
            if cut < n || i == 0 {
                cut = cut.min(n.saturating_sub(1));
                break;
            }
            cut -= n;
            i -= 1;
        }
        // The first line never leaves the top of the pane.
        let mut above = lines(i) - cut;
        let mut j = i;
        while above < height && j > 0 {
            j -= 1;
            above += lines(j);
        }
        let mut short = height.saturating_sub(above);
        while short > 0 {
            let step = short.min(cut);
            cut -= step;
            short -= step;
            if short == 0 || i + 1 == c.messages.len() {
                break;
            }
            i += 1;
            cut = lines(i);
        }
        let at_end = cut == 0 && i + 1 == c.messages.len();
        let anchor = (!at_end || c.newer().is_some()).then(|| Anchor { message: c.messages[i].id, cut });
        let (near_top, near_bottom) = (j < 10, i + 10 >= c.messages.len());
        let Some(c) = &mut self.conversation else { return };
        if c.anchor != anchor {
            c.anchor = anchor;
            if anchor.is_none() {
                c.below = 0;
            }
            self.damage(Damage::CONVERSATION);
        }
        if near_top && up >= 0 {
            self.load_messages(Load::Older);
        }
        if near_bottom {
            self.load_messages(Load::Newer);
        }
        self.mark_read();
    }

    /// Shows the newest messages.
    pub(super) fn go_to_end(&mut self) {
        let Some(c) = &mut self.conversation else { return };
        c.selected = None;
        c.below = 0;
        let near = c.newer().is_none();
        c.anchor = None;
        if !near {
            self.load_messages(Load::Newest);
        }
        self.damage(Damage::CONVERSATION);
        self.mark_read();
    }

    /// Shows the oldest loaded messages.
    pub(super) fn go_to_start(&mut self) {
        let Some(c) = &mut self.conversation else { return };
        let Some(first) = c.messages.first().map(|m| m.id) else { return };
        c.selected = Some(first);
        c.anchor = Some(Anchor { message: first, cut: 0 });
        self.scroll(0);
        self.damage(Damage::CONVERSATION);
    }

    /// Selects a message of the thread and puts it in the middle of the pane; asks for its page if it is not here.
    pub(super) fn go_to_message(&mut self, id: MessageId) {
        let half = isize::try_from(self.panes().transcript.height / 2).unwrap_or(0);
        let Some(c) = &mut self.conversation else { return };
        if c.index(id).is_none() {
            self.load_messages(Load::Around(id));
            return;
        }
        c.selected = Some(id);
        c.anchor = Some(Anchor { message: id, cut: 0 });
        self.scroll(-half);
        self.damage(Damage::CONVERSATION);
    }

    /// Selects the next or previous message and shows it.
    pub(super) fn select_message(&mut self, older: bool) {
        let Some(c) = &self.conversation else { return };
        let visible = self.visible(c);
        let Some(last) = visible.last().map(|v| v.index) else { return };
        let i = match c.selected.and_then(|id| c.index(id)) {
            Some(i) if older => i.saturating_sub(1),
            Some(i) => (i + 1).min(c.messages.len() - 1),
            None => last,
        };
        // Hidden lines above the pane, or below it.
        let pane = self.panes().transcript;
        let look = self.look(c, pane.width);
        let hidden_above = match visible.first() {
            Some(v) if i < v.index => {
                v.lines.start + (i..v.index).map(|j| self.block(c, j, &look).lines.len()).sum::<usize>()
            }
            Some(v) if i == v.index => v.lines.start,
            _ => 0,
        };
        let below = visible.iter().any(|v| v.index == i && v.lines.end < v.block.lines.len()) || i > last;
        let id = c.messages[i].id;
        let Some(c) = &mut self.conversation else { return };
        c.selected = Some(id);
        if hidden_above > 0 {
            let most = usize::from(pane.height).max(1);
            self.scroll(isize::try_from(hidden_above.min(most * 4)).unwrap_or(0));
        } else if below {
            c.anchor = Some(Anchor { message: id, cut: 0 });
            self.scroll(0);
        } else if i < 10 {
            self.load_messages(Load::Older);
        }
        self.damage(Damage::CONVERSATION | Damage::STATUS);
    }
}
