//! How it looks and what makes itself heard: theme, masking, notifications, muted threads.

use super::{App, Asked, Damage, Effect};
use crate::clock::Millis;
use crate::config::settings::{Masking, ReadOn, UiSettings};
use crate::model::ThreadId;
use crate::model::thread::ThreadRow;
use crate::protocol::Request;
use crate::protocol::preferences::Preference;
use crate::tui::command::Scope;
use crate::tui::format;
use crate::tui::notify::{Arrived, Rules, Scene};
use crate::tui::overlay::themes::ThemePicker;
use crate::tui::theme::{Listed, Theme};

/// An answer that takes longer than this, in milliseconds, is said to be on its way.
const SLOW: Millis = 400;

impl App {
    /// When an answer that is waited for becomes a slow one.
    pub(super) fn slow_at(&self) -> Option<Millis> {
        self.waits.values().min().filter(|_| !self.slow && !self.gone).map(|at| at + SLOW)
    }

    /// Says in the status line that work goes on, or that it is done.
    pub(super) fn look_at_waits(&mut self) {
        let now = self.clock.now();
        let slow = !self.gone && self.waits.values().any(|at| now - at >= SLOW);
        if self.slow != slow {
            self.slow = slow;
            self.damage(Damage::STATUS);
        }
    }

    /// Takes what the settings say about the screen.
    pub fn apply(&mut self, settings: &UiSettings) {
        self.send_typing = settings.send_typing;
        self.read_on = settings.read_on;
        self.shell = settings.shell;
        self.admin.samples_set = settings.template_samples;
        self.notifier.rules = Rules::of(settings);
    }

    /// Says that something is not as it should be.
    pub fn complain(&mut self, words: &str) {
        self.say_bad(words);
    }

    /// The greeting of an empty inbox speaks of accounts and webhooks.
    pub(super) fn greet_again(&mut self) {
        if self.list.rows.is_empty() && self.conversation.is_none() {
            self.damage(Damage::LIST | Damage::CONVERSATION);
        }
    }

    /// Another theme. What is hidden and which symbols are used stays.
    pub fn retheme(&mut self, theme: Theme) {
        self.theme = Theme { plain: self.theme.plain, mask: self.theme.mask, ..theme };
        self.layouts.borrow_mut().clear();
        self.damage = Damage::ALL;
    }

    /// The next step of hiding: nothing, numbers, names.
    pub(super) fn cycle_mask(&mut self) {
        let (next, words) = match self.theme.mask {
            Masking::Off => (Masking::Numbers, "long numbers are hidden on the screen"),
            Masking::Numbers => (Masking::Names, "names and long numbers are hidden on the screen"),
            Masking::Names => (Masking::Off, "nothing is hidden any more"),
        };
        self.theme.mask = next;
        self.layouts.borrow_mut().clear();
        self.damage = Damage::ALL;
        self.say(words);
    }

    /// All themes were read: the picker opens.
    pub(super) fn themes_came(&mut self, themes: Vec<Listed>) {
        if self.overlays.iter().all(|o| o.overlay.name() != "themes") {
            let picker = ThemePicker::new(themes, self.theme.clone());
            self.show_overlay(Box::new(picker), None);
        }
    }

    /// No notifications for the thread, or notifications again.
    pub(super) fn mute(&mut self) {
        let thread = match self.scope {
            Scope::List => self.list.current().map(|r| r.id),
            _ => self.conversation.as_ref().map(|c| c.thread),
        };
        let Some(thread) = thread else { return };
        let muted = !self.muted.contains(&thread);
        self.set_muted(thread, muted);
        let words =
            if muted { "no notifications for this thread" } else { "notifications again for this thread" };
        let preference = Preference::muted(thread, muted);
        self.ask(Request::SetPreference { preference }, Asked::Saying(words));
    }

    fn set_muted(&mut self, thread: ThreadId, muted: bool) {
        if muted {
            self.muted.insert(thread);
            self.notifier.forget(thread);
        } else {
            self.muted.remove(&thread);
        }
        self.damage(Damage::LIST | Damage::CONVERSATION);
    }

    pub(super) fn preferences_came(&mut self, all: &[Preference]) {
        self.saved_views_came(all);
        self.take_place(all);
        self.samples_came(all);
        let muted = all.iter().filter_map(Preference::mutes).collect();
        if self.muted != muted {
            self.muted = muted;
            self.damage(Damage::LIST | Damage::CONVERSATION);
        }
    }

    /// The row of a thread with new messages is here: now it is known who wrote what.
    pub(super) fn announce(&mut self, row: &ThreadRow) {
        let Some(count) = self.announce.remove(&row.id) else { return };
        if row.preview.is_some() {
            self.notify_of(row, count);
        }
    }

    /// Something happened in a thread that may be worth a notification: new messages, or its snooze ended.
    pub(super) fn notify_of(&mut self, row: &ThreadRow, count: u32) {
        self.notify_by(row, count, None);
    }

    /// A colleague's note calls this operator.
    pub(super) fn notify_of_mention(&mut self, row: &ThreadRow, by: &str) {
        self.notify_by(row, 0, Some(by.to_owned()));
    }

    fn notify_by(&mut self, row: &ThreadRow, count: u32, mentioned: Option<String>) {
        let now = format::local(self.clock.now(), &self.tz);
        let scene = Scene {
            minute: u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs()),
            seen: self.is_shown(row.id),
            muted: self.muted.contains(&row.id),
        };
        let arrived = Arrived {
            thread: row.id,
            account: row.account.clone(),
            title: row.title.clone(),
            kind: row.preview.as_ref().map_or_else(|| "text".into(), |p| p.kind.clone()),
            text: row.preview.as_ref().map(|p| p.text.clone()).unwrap_or_default(),
            count,
            mentioned,
        };
        if let Err(why) = self.notifier.arrived(arrived, scene) {
            tracing::trace!(?why, "no notification");
        }
    }

    /// Says what is due.
    pub(super) fn notify(&mut self) {
        if let Some(note) = self.notifier.take(self.clock.now(), self.theme.mask) {
            self.effects.push(Effect::Notify(note));
        }
    }

    /// Whether the newest messages of the open thread count as read now.
    pub(super) fn reads(&self, thread: ThreadId) -> bool {
        match self.read_on {
            ReadOn::Open => self.is_watching(thread),
            ReadOn::Visible => self.is_shown(thread),
            ReadOn::Reply => false,
        }
    }

    /// The thread was answered: where that is what counts, it is read.
    pub(super) fn answered(&mut self, thread: ThreadId) {
        if self.read_on != ReadOn::Reply {
            return;
        }
        let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) else { return };
        let unread = c.row.as_ref().is_some_and(|r| r.unread > 0);
        if let Some(upto) = c.messages.last().map(|m| m.at).filter(|_| unread) {
            c.marked = Some(upto);
            let stored = c.messages.iter().map(|m| m.stored_at).max();
            self.ask(Request::MarkRead { thread, upto, stored, receipt: true }, Asked::Plain);
        }
    }
}
