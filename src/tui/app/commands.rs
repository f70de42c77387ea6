//! Keys and what they do.

use super::{App, Asked, Damage, Effect};
use crate::model::thread::DraftMode;
use crate::model::thread::ThreadFilter;
use crate::model::{DeliveryState, Direction, Message};
use crate::protocol::Request;
use crate::text;
use crate::tui::command::{Action, Scope};
use crate::tui::links;
use crate::tui::overlay::compose::Shape;
use crate::tui::overlay::links::LinkList;
use crate::tui::overlays::Kind;
use crate::tui::reactions::Reactions;
use ratatui::layout::Position;

impl App {
    /// A character was typed into the composer.
    pub(super) fn typed(&mut self, typed: char) {
        if !self.can_write() {
            return;
        }
        let Some(c) = &mut self.conversation else { return };
        c.composer.type_char(typed);
        self.composed();
        if typed == '/' && self.slash_word().is_some_and(|word| word == "/") {
            self.pick_reply();
        }
    }

    pub(super) fn paste(&mut self, block: &str) {
        if let Some(open) = self.overlays.last_mut() {
            let serial = open.serial;
            let steps = open.overlay.paste(block);
            self.damage = Damage::ALL;
            self.steps(serial, steps);
            return;
        }
        if self.scope != Scope::Composer {
            self.say(format!("press {} to write, then paste", self.key_for("message.reply")));
            return;
        }
        if !self.can_write() {
            return;
        }
        let Some(c) = self.conversation.as_mut() else { return };
        c.composer.insert(block);
        self.composed();
    }

    /// Does a command once.
    pub(super) fn act(&mut self, action: Action) {
        self.act_counted(action, None);
    }

    /// Does a command; those that move do it `count` times.
    pub(super) fn act_counted(&mut self, action: Action, count: Option<u32>) {
        match action {
            Action::Quit => self.quit(),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => {
                self.damage = Damage::ALL;
                self.effects.push(Effect::Redraw);
            }
            Action::Help => self.open_overlay(Kind::Help, None),
            Action::Search => self.open_overlay(Kind::Search, None),
            Action::Accounts => self.open_overlay(Kind::Accounts, None),
            Action::NewThread => self.ask_number(),
            Action::ManageAccounts => self.open_overlay(Kind::ManageAccounts, None),
            Action::Operators => self.open_overlay(Kind::Operators, None),
            Action::Activity => self.open_overlay(Kind::Activity { here: false }, None),
            Action::ActivityHere => self.open_overlay(Kind::Activity { here: true }, None),
            Action::Numbers => self.open_overlay(Kind::Numbers, None),
            Action::Doctor => self.open_overlay(Kind::Doctor, None),
            Action::Life => {
                if self.acted_on(|_| true).is_some() {
                    self.open_overlay(Kind::Life, None);
                }
            }
            Action::Notices => self.open_overlay(Kind::Notices, None),
            Action::Contact => self.contact(),
            Action::Versions => {
                let changed = |m: &Message| m.edited || m.body == crate::model::Body::Revoked;
                if let Some(id) = self.acted_on(changed).map(|m| m.id) {
                    self.open_overlay(Kind::Versions(id), None);
                }
            }
            Action::ManageQuickReplies => self.open_overlay(Kind::ManageQuickReplies, None),
            Action::Template => {
                self.open_current();
                self.pick_template();
            }
            Action::ManageTemplates => self.open_templates(""),
            Action::Macros => self.pick_macro(),
            Action::RunMacro => self.look_at_macro(""),
            Action::QuickReply => self.pick_reply(),
            Action::NextPane => self.focus(match self.scope {
                Scope::List if self.conversation.is_some() => Scope::Conversation,
                Scope::Conversation => Scope::Composer,
                _ => Scope::List,
            }),
            Action::PreviousPane => self.focus(match self.scope {
                Scope::List if self.conversation.is_some() => Scope::Composer,
                Scope::Composer => Scope::Conversation,
                _ => Scope::List,
            }),
            Action::Back if self.unmark_messages() || self.stop_finding() || self.unpark() => {}
            Action::Back => {
                let selected = self.conversation.as_mut().and_then(|c| c.selected.take());
                let quote = self.conversation.as_mut().filter(|_| selected.is_none());
                if selected.is_some() {
                    self.damage(Damage::CONVERSATION | Damage::STATUS);
                } else if quote.is_some_and(|c| c.quote.take().is_some()) {
                    self.damage(Damage::CONVERSATION | Damage::COMPOSER);
                } else {
                    self.focus(Scope::List);
                }
            }
            Action::Leave => {
                if let Some(c) = self.conversation.as_mut().filter(|c| c.quote.is_some()) {
                    c.quote = None;
                    self.damage(Damage::CONVERSATION | Damage::COMPOSER);
                } else {
                    self.focus(Scope::Conversation);
                }
            }
            Action::PaneList => self.focus(Scope::List),
            Action::PaneConversation if self.conversation.is_some() => self.focus(Scope::Conversation),
            Action::PaneComposer if self.conversation.is_some() => self.focus(Scope::Composer),
            Action::PaneConversation | Action::PaneComposer => self.say_no_conversation(),
            Action::Palette => self.open_overlay(Kind::Palette, None),
            Action::CommandLine => self.open_overlay(Kind::CommandLine, None),
            Action::Inbox => {
                self.go_to_view(ThreadFilter::Inbox);
            }
            Action::FilterNext => self.next_state(),
            Action::ViewPick => self.pick_view(),
            Action::ViewSave => self.save_view(),
            Action::ViewMine => self.go_to_view(ThreadFilter::Mine),
            Action::ViewUnassigned => self.go_to_view(ThreadFilter::Unassigned),
            Action::ViewWindow => self.go_to_view(ThreadFilter::Window),
            Action::ViewSnoozed => self.go_to_view(ThreadFilter::Snoozed),
            Action::ViewResolved => self.go_to_view(ThreadFilter::Resolved),
            Action::ViewAll => self.go_to_view(ThreadFilter::All),
            Action::Resolve => self.resolve(false),
            Action::ResolveStay => self.resolve(true),
            Action::Reopen => self.reopen(),
            Action::Snooze => self.pick_snooze(),
            Action::Assign => self.pick_assignee(),
            Action::AssignMe => self.assign_to_me(),
            Action::TakeOver => self.take_over(),
            Action::Mentions => self.open_overlay(Kind::Mentions, None),
            Action::Watch => self.watch(),
            Action::Whisper => self.whisper(),
            Action::Priority => self.pick_priority(),
            Action::Labels => self.pick_labels(),
            Action::MarkRead => self.mark_all(true),
            Action::Mark => self.mark(),
            Action::MarkRange => self.mark_range(),
            Action::MarkShown => self.mark_shown(),
            Action::Unmark => self.unmark(),
            Action::UndoAct => self.undo_act(),
            Action::NextThread => self.step_thread(isize::try_from(count.unwrap_or(1)).unwrap_or(1)),
            Action::PreviousThread => self.step_thread(-isize::try_from(count.unwrap_or(1)).unwrap_or(1)),
            Action::FirstUnread => self.go_to_unread(),
            Action::Quoted => self.go_to_quoted(),
            Action::OpenLink => self.pick_link(),
            // A late message of the open thread comes first: it is the one that is easily missed.
            Action::NextUnread if self.scope == Scope::Conversation && self.go_to_late() => {}
            Action::NextUnread => self.move_to_unread(true, count.unwrap_or(1)),
            Action::PreviousUnread => self.move_to_unread(false, count.unwrap_or(1)),
            Action::FilterUnread => self.toggle_filter(ThreadFilter::Unread),
            Action::FilterFailed => self.toggle_filter(ThreadFilter::Failed),
            Action::Open => {
                if let Some(id) = self.list.current().map(|r| r.id) {
                    if self.conversation.as_ref().is_none_or(|c| c.thread != id) {
                        self.open_thread(id, None);
                    }
                    self.focus(Scope::Conversation);
                }
            }
            Action::Reply => self.reply(),
            Action::MarkUnread if self.scope == Scope::List && self.marked_count() > 0 => {
                self.mark_all(false);
            }
            Action::MarkUnread => self.mark_unread(),
            Action::Mute => self.mute(),
            Action::DeleteThread => self.ask_deletion(),
            Action::BlockContact => self.ask_block(true),
            Action::UnblockContact => self.ask_block(false),
            Action::NumberProfile => self.open_profile(""),
            Action::ConnectNumber => self.open_connect(""),
            Action::Mask => self.cycle_mask(),
            Action::Themes => self.effects.push(Effect::ReadThemes),
            Action::Copy => self.copy_messages(),
            Action::Find => self.begin_find(),
            Action::FindNext => self.step_match(true, count.unwrap_or(1)),
            Action::FindPrevious => self.step_match(false, count.unwrap_or(1)),
            Action::GoToDay => self.ask_day(),
            Action::MarkMessage => self.mark_message(),
            Action::MarkMessages => self.mark_messages(),
            Action::Forward => self.forward(),
            Action::Pipe => self.ask_command(),
            Action::Export => self.ask_file(),
            Action::React => self.react(),
            Action::Retry => self.retry(),
            Action::Discard => self.discard(),
            Action::UndoSend if self.scope == Scope::Composer => self.undo_send_writing(),
            Action::UndoSend => self.undo_send(),
            Action::SendLater => self.send_later(),
            Action::SendNow => self.send_now(),
            Action::Check => self.check(),
            Action::Send => self.enter(self.held),
            Action::Note => {
                self.open_current();
                self.note();
            }
            Action::EditNote => self.edit_note(),
            Action::Attach => self.ask_attachment(),
            Action::Detach => drop(self.detach()),
            Action::WriteButtons => self.open_form(Shape::Buttons),
            Action::WriteList => self.open_form(Shape::List),
            Action::WriteLink => self.open_form(Shape::Link),
            Action::WritePlace => self.open_form(Shape::Place),
            Action::WriteCard => self.open_form(Shape::Card),
            Action::Emoji => self.begin_emoji(),
            Action::Editor => self.open_editor(),
            Action::Down
            | Action::Up
            | Action::HalfDown
            | Action::HalfUp
            | Action::PageDown
            | Action::PageUp
            | Action::Top
            | Action::Bottom
            | Action::LineDown
            | Action::LineUp => self.movement(action, count),
            edit => self.edit(edit),
        }
    }

    fn movement(&mut self, action: Action, count: Option<u32>) {
        let times = isize::try_from(count.unwrap_or(1)).unwrap_or(1);
        if self.scope == Scope::List {
            let rows = self.panes().list_rows();
            let (page, half) = (rows.max(2) as isize - 1, (rows / 2).max(1) as isize);
            if let (Action::Top | Action::Bottom, Some(n)) = (action, count) {
                self.list.cursor = 0;
                self.move_list(n.saturating_sub(1) as isize);
                return;
            }
            self.move_list(match action {
                Action::Down => times,
                Action::Up => -times,
                Action::HalfDown => half * times,
                Action::HalfUp => -half * times,
                Action::PageDown => page * times,
                Action::PageUp => -page * times,
                Action::Top => isize::MIN,
                Action::Bottom => isize::MAX,
                _ => 0,
            });
            return;
        }
        let height = self.panes().transcript.height;
        let (page, half) = (height.max(3) as isize - 2, (height / 2).max(1) as isize);
        match action {
            Action::Down => self.select_messages(false, count.unwrap_or(1)),
            Action::Up => self.select_messages(true, count.unwrap_or(1)),
            Action::HalfDown => self.scroll(-half * times),
            Action::HalfUp => self.scroll(half * times),
            Action::PageDown => self.scroll(-page * times),
            Action::PageUp => self.scroll(page * times),
            Action::LineDown => self.scroll(-times),
            Action::LineUp => self.scroll(times),
            Action::Top => self.go_to_start(),
            Action::Bottom => self.go_to_end(),
            _ => {}
        }
    }

    /// Selects the next or previous message so many times, as far as they are loaded.
    fn select_messages(&mut self, older: bool, count: u32) {
        let most = self.conversation.as_ref().map_or(0, |c| c.messages.len() as u32);
        for _ in 0..count.min(most.max(1)) {
            self.select_message(older);
        }
    }

    /// Opens the thread so many rows further down in the list.
    fn step_thread(&mut self, by: isize) {
        let open = self.conversation.as_ref().map(|c| c.thread);
        if let Some(id) = open {
            self.list.select(id);
        }
        self.move_list(by);
        self.open_under_cursor();
    }

    /// Opens the thread under the cursor and keeps the keys on the conversation.
    pub(super) fn open_under_cursor(&mut self) {
        let Some(id) = self.list.current().map(|r| r.id) else { return };
        if self.conversation.as_ref().is_some_and(|c| c.thread == id) {
            self.say("there is no other thread in the list");
            return;
        }
        self.open_thread(id, None);
        self.focus(Scope::Conversation);
    }

    /// Goes to the next or previous thread with unread messages; from a conversation it opens it, so that what is
    /// written next goes to the thread that was meant.
    fn move_to_unread(&mut self, forward: bool, count: u32) {
        let mut found = false;
        for _ in 0..count.min(self.list.rows.len().max(1) as u32) {
            found = self.find_unread_thread(forward);
            if !found {
                break;
            }
        }
        if found && self.scope != Scope::List {
            self.open_under_cursor();
        }
    }

    pub(super) fn say_no_conversation(&mut self) {
        self.say_bad(format!("no conversation is open · → open one with {}", self.key_for("list.open")));
    }

    /// Goes to the message that was the first unread one.
    fn go_to_unread(&mut self) {
        match self.conversation.as_ref().and_then(|c| c.unread) {
            Some((id, _)) => self.go_to_message(id),
            None => self.say("nothing was unread in this conversation"),
        }
    }

    /// Goes to the message that the selected one, or the newest one with a quote, answers.
    fn go_to_quoted(&mut self) {
        let Some(c) = &self.conversation else { return };
        let quote = match c.selected() {
            Some(m) => m.quote.as_ref(),
            None => c.messages.iter().rev().find_map(|m| m.quote.as_ref()),
        };
        match quote.map(|q| q.message) {
            Some(Some(id)) => self.go_to_message(id),
            Some(None) => self.say("the quoted message is not here: it is older than what was stored"),
            None => {
                let select = self.key_for("move.up");
                self.say(format!("this message answers none · → {select} selects another"));
            }
        }
    }

    /// Opens the link of a message, or asks which.
    fn pick_link(&mut self) {
        let has = |m: &Message| !links::of(&m.body.plain_text()).is_empty();
        let Some(m) = self.acted_on(has) else { return };
        let mut links = links::of(&m.body.plain_text());
        if links.len() == 1 {
            let only = links.remove(0);
            self.open_link(&only);
        } else {
            self.show_overlay(Box::new(LinkList::new(links)), None);
        }
    }

    /// A key that edits the text.
    fn edit(&mut self, action: Action) {
        if action == Action::Undo && self.undo_last_send() {
            return;
        }
        let width = usize::from(self.panes().composer_width());
        if !self.can_write() {
            return;
        }
        let Some(c) = self.conversation.as_mut() else { return };
        let composer = &mut c.composer;
        let before = composer.revision();
        match action {
            Action::CursorLeft => composer.left(),
            Action::CursorRight => composer.right(),
            Action::CursorUp => {
                composer.vertical(false, width);
            }
            Action::CursorDown => {
                composer.vertical(true, width);
            }
            Action::WordLeft => composer.word_left(),
            Action::WordRight => composer.word_right(),
            Action::LineStart => composer.line_start(),
            Action::LineEnd => composer.line_end(),
            Action::DeleteBack => composer.backspace(),
            Action::DeleteForward => composer.delete(),
            Action::DeleteWord => composer.cut_word(),
            Action::KillToStart => composer.cut_to_start(),
            Action::KillToEnd => composer.cut_to_end(),
            Action::Yank => composer.yank(),
            Action::DeleteWordForward => composer.cut_word_forward(),
            Action::YankNext => {
                if !composer.yank_next() {
                    let key = self.key_for("edit.yank");
                    self.say(format!(
                        "{key} inserts what was cut; then this goes through what was cut before"
                    ));
                    return;
                }
            }
            Action::Undo => {
                if !composer.undo() {
                    self.say("there is nothing to take back");
                    return;
                }
            }
            Action::Redo => {
                if !composer.redo() {
                    self.say("nothing was taken back");
                    return;
                }
            }
            Action::Newline => composer.type_char('\n'),
            _ => return,
        }
        if composer.revision() == before {
            // The emoji on offer belong to the word before the cursor.
            if self.offer_emoji() {
                self.damage(Damage::CONVERSATION);
            }
            self.damage(Damage::COMPOSER);
        } else {
            self.composed();
        }
    }

    /// Opens the thread under the cursor of the list, if the list has the keys.
    pub(super) fn open_current(&mut self) {
        if self.scope == Scope::List {
            self.act(Action::Open);
        }
    }

    fn reply(&mut self) {
        self.open_current();
        let now = self.clock.now();
        self.write_in(DraftMode::Reply);
        let Some(c) = &mut self.conversation else { return };
        if c.row.is_some() && !c.is_open(now) {
            self.pick_template();
            return;
        }
        // A note is nothing that the customer has: it cannot be quoted.
        if c.selected().is_some_and(|m| m.state == DeliveryState::Noted) {
            c.selected = None;
            self.damage(Damage::CONVERSATION | Damage::COMPOSER);
        }
        let Some(c) = &mut self.conversation else { return };
        if let Some(id) = c.selected.take() {
            c.quote = Some(id);
            self.damage(Damage::CONVERSATION | Damage::COMPOSER);
        }
        self.focus(Scope::Composer);
    }

    /// Shows who is on the other side of the thread.
    fn contact(&mut self) {
        self.open_current();
        if self.conversation.as_ref().is_some_and(|c| c.contact.is_none()) {
            self.say("the contact is not here yet: once more, please");
        } else {
            self.open_overlay(Kind::Contact, None);
        }
    }

    pub(super) fn pick_template(&mut self) {
        if self.conversation.is_some() && !self.refuses_to_send() {
            self.open_overlay(Kind::Templates, None);
        }
    }

    fn mark_unread(&mut self) {
        let thread = match self.scope {
            Scope::List => self.list.current().map(|r| r.id),
            _ => self.conversation.as_ref().map(|c| c.thread),
        };
        let Some(thread) = thread else { return };
        if let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) {
            c.keep_unread = true;
            c.marked = None;
        }
        self.ask(Request::MarkUnread { thread }, Asked::Saying("marked unread"));
        if self.scope != Scope::List {
            self.focus(Scope::List);
        }
    }

    /// The selected message, else the newest that `fits`.
    pub(super) fn acted_on(&mut self, fits: impl Fn(&Message) -> bool) -> Option<Message> {
        let c = self.conversation.as_ref()?;
        let found = match c.selected() {
            Some(m) => Some(m).filter(|m| fits(m)),
            None => c.messages.iter().rev().find(|m| fits(m)),
        };
        let found = found.cloned();
        if found.is_none() {
            let (older, newer) = (self.key_for("move.up"), self.key_for("move.down"));
            self.say(format!("this fits no message here · → {older} and {newer} select another"));
        }
        found
    }

    fn react(&mut self) {
        let now = self.clock.now();
        let fits = |m: &Message| m.direction == Direction::Inbound && m.provider_id.is_some();
        let Some(m) = self.acted_on(fits) else { return };
        if self.refuses_to_send() {
            return;
        }
        if !self.conversation.as_ref().is_some_and(|c| c.is_open(now)) {
            let key = self.key_for("template.pick");
            self.say_bad(format!(
                "the window is closed: a reaction cannot be sent · → {key} sends a template"
            ));
            return;
        }
        let own = m.reactions.iter().find(|r| r.own).map(|r| text::sanitize(&r.emoji).into_owned());
        self.show_overlay(Box::new(Reactions::new(m.thread, m.id, own)), None);
    }

    pub(super) fn wheel(&mut self, up: bool, x: u16) {
        if !self.overlays.is_empty() {
            return;
        }
        if self.panes().list.is_some_and(|l| l.contains(Position::new(x, l.y))) {
            self.move_list(if up { -1 } else { 1 });
        } else {
            self.scroll(if up { 3 } else { -3 });
        }
    }

    pub(super) fn click(&mut self, x: u16, y: u16) {
        if !self.overlays.is_empty() {
            return;
        }
        let at = Position::new(x, y);
        let panes = self.panes();
        if let Some(list) = panes.list.filter(|l| l.contains(at)) {
            let row = self.list.top + usize::from(y.saturating_sub(list.y + 1) / 2);
            if y > list.y && row < self.list.rows.len() {
                self.list.cursor = row;
                self.focus(Scope::List);
                self.damage(Damage::LIST);
                self.act(Action::Open);
            }
        } else if panes.composer.contains(at) {
            self.click_text();
        } else if panes.conversation.is_some_and(|c| c.contains(at)) {
            self.focus(Scope::Conversation);
        }
    }
}
