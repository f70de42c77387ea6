//! Keys and what they do.

use super::{App, Asked, Damage, Effect};
use crate::model::thread::ThreadFilter;
use crate::model::{Direction, Message};
use crate::protocol::Request;
use crate::text;
use crate::tui::command::{Action, Scope};
use crate::tui::keymap::{Found, Key};
use crate::tui::overlays::Kind;
use crate::tui::reactions::Reactions;
use crossterm::event::KeyEvent;
use ratatui::layout::Position;

impl App {
    pub(super) fn key(&mut self, event: KeyEvent) {
        if self.say.take().is_some() {
            self.damage(Damage::STATUS);
        }
        if let Some(open) = self.overlays.last_mut() {
            let serial = open.serial;
            let steps = open.overlay.key(event);
            self.damage = Damage::ALL;
            self.steps(serial, steps);
            return;
        }
        let key = Key::of(&event);
        self.pending.push(key);
        match self.keymap.find(self.scope, &self.pending) {
            Found::Command(command) => {
                if self.pending.len() > 1 {
                    self.damage(Damage::STATUS);
                }
                self.pending.clear();
                self.act(command.action);
            }
            Found::Prefix => self.damage(Damage::STATUS),
            Found::Nothing => {
                let first = self.pending.len() == 1;
                self.pending.clear();
                if !first {
                    self.damage(Damage::STATUS);
                } else if self.scope == Scope::Composer
                    && let Some(c) = key.typed()
                {
                    self.typed(c);
                }
            }
        }
    }

    /// A character was typed into the composer.
    fn typed(&mut self, typed: char) {
        let now = self.clock.now();
        let Some(c) = &mut self.conversation else { return };
        if !c.is_open(now) {
            return;
        }
        let word =
            typed == '/' && (c.composer.before().is_empty() || c.composer.before().ends_with([' ', '\n']));
        c.composer.type_char(typed);
        self.composed();
        if word {
            self.open_overlay(Kind::QuickReplies, Some("/".into()));
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
        let now = self.clock.now();
        if self.scope != Scope::Composer {
            self.say("press r to write, then paste");
            return;
        }
        let Some(c) = self.conversation.as_mut().filter(|c| c.is_open(now)) else { return };
        c.composer.insert(block);
        self.composed();
    }

    /// Does a command.
    pub(super) fn act(&mut self, action: Action) {
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
            Action::QuickReply => self.open_overlay(Kind::QuickReplies, None),
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
            // A late message of the open thread comes first: it is the one that is easily missed.
            Action::NextUnread if self.scope == Scope::Conversation && self.go_to_late() => {}
            Action::NextUnread => self.move_to_unread(true),
            Action::PreviousUnread => self.move_to_unread(false),
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
            Action::MarkUnread => self.mark_unread(),
            Action::Mute => self.mute(),
            Action::Mask => self.cycle_mask(),
            Action::Themes => self.effects.push(Effect::ReadThemes),
            Action::Copy => {
                let plain = self.acted_on(|_| true).map(|m| m.body.plain_text());
                if let Some(plain) = plain {
                    self.copy(&plain);
                }
            }
            Action::React => self.react(),
            Action::Retry => self.retry(),
            Action::Discard => self.discard(),
            Action::UndoSend => self.undo_send(),
            Action::SendLater => self.send_later(),
            Action::SendNow => self.send_now(),
            Action::Check => self.check(),
            Action::Send => {
                let open = self.conversation.as_ref().is_some_and(|c| c.is_open(self.clock.now()));
                if open { self.send(None) } else { self.pick_template() }
            }
            Action::Down
            | Action::Up
            | Action::PageDown
            | Action::PageUp
            | Action::Top
            | Action::Bottom
            | Action::LineDown
            | Action::LineUp => self.movement(action),
            edit => self.edit(edit),
        }
    }

    fn movement(&mut self, action: Action) {
        if self.scope == Scope::List {
            let page = self.panes().list_rows().max(2) as isize - 1;
            self.move_list(match action {
                Action::Down => 1,
                Action::Up => -1,
                Action::PageDown => page,
                Action::PageUp => -page,
                Action::Top => isize::MIN,
                Action::Bottom => isize::MAX,
                _ => 0,
            });
            return;
        }
        let page = self.panes().transcript.height.max(3) as isize - 2;
        match action {
            Action::Down => self.select_message(false),
            Action::Up => self.select_message(true),
            Action::PageDown => self.scroll(-page),
            Action::PageUp => self.scroll(page),
            Action::LineDown => self.scroll(-1),
            Action::LineUp => self.scroll(1),
            Action::Top => self.go_to_start(),
            Action::Bottom => self.go_to_end(),
            _ => {}
        }
    }

    /// A key that edits the text.
    fn edit(&mut self, action: Action) {
        if action == Action::Undo && self.undo_last_send() {
            return;
        }
        let width = usize::from(self.panes().composer_width());
        let now = self.clock.now();
        let Some(c) = self.conversation.as_mut().filter(|c| c.is_open(now)) else { return };
        let composer = &mut c.composer;
        let before = composer.text().len();
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
            Action::Undo => composer.undo(),
            Action::Newline => composer.type_char('\n'),
            _ => return,
        }
        if composer.text().len() == before && action != Action::Undo {
            self.damage(Damage::COMPOSER);
        } else {
            self.composed();
        }
    }

    /// Opens the thread under the cursor of the list, if the list has the keys.
    fn open_current(&mut self) {
        if self.scope == Scope::List {
            self.act(Action::Open);
        }
    }

    fn reply(&mut self) {
        self.open_current();
        let now = self.clock.now();
        let Some(c) = &mut self.conversation else { return };
        if c.row.is_some() && !c.is_open(now) {
            self.pick_template();
            return;
        }
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
        if self.conversation.is_some() {
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
            self.say("this does not fit the selected message · → J and K select");
        }
        found
    }

    fn react(&mut self) {
        let now = self.clock.now();
        let fits = |m: &Message| m.direction == Direction::Inbound && m.provider_id.is_some();
        let Some(m) = self.acted_on(fits) else { return };
        if !self.conversation.as_ref().is_some_and(|c| c.is_open(now)) {
            self.say_bad("the window is closed: a reaction cannot be sent · → t sends a template");
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
            self.reply();
        } else if panes.conversation.is_some_and(|c| c.contains(at)) {
            self.focus(Scope::Conversation);
        }
    }
}
