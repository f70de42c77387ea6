//! The thread list: a window over keyset pages, kept in order by rows that changed.

use super::views::OwnView;
use super::{App, Asked, Damage};
use crate::clock::Millis;
use crate::model::ThreadId;
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::{Cursor, Page};
use std::collections::BTreeSet;

/// Rows kept while scrolling down; beyond, search finds faster than a hand.
const MOST: usize = 10_000;

/// How long after the start the newest thread gets the cursor by itself, in milliseconds.
pub(super) const FOLLOWED: Millis = 2_000;

/// Rows, newest first, and the cursor.
#[derive(Debug, Default)]
pub(crate) struct ThreadList {
    /// The rows that are loaded.
    pub rows: Vec<ThreadRow>,
    /// Index of the row under the cursor.
    pub cursor: usize,
    /// Index of the first row on the screen.
    pub top: usize,
    /// Which threads.
    pub filter: ThreadFilter,
    /// A filter of the operator's own instead.
    pub own: Option<OwnView>,
    /// Whether the first page is here.
    pub loaded: bool,
    /// Whether the operator has done anything yet.
    pub touched: bool,
    /// Since when there is a thread under the cursor that nobody chose.
    followed: Option<Millis>,
    /// Whether the cursor stays with its thread: nobody answers another one than the one just read.
    settled: bool,
    /// The thread that gets the cursor when the first page is here.
    aim: Option<ThreadId>,
    next: Option<Cursor>,
    loading: bool,
    pub(super) generation: u64,
}

impl ThreadList {
    /// A loaded row.
    pub fn row(&self, id: ThreadId) -> Option<&ThreadRow> {
        self.rows.iter().find(|r| r.id == id)
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&ThreadRow> {
        self.rows.get(self.cursor)
    }

    /// The rows on the screen.
    pub fn visible(&self, rows: usize) -> &[ThreadRow] {
        let top = self.top.min(self.rows.len());
        &self.rows[top..self.rows.len().min(top + rows)]
    }

    /// Whether there are more than the loaded ones.
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Puts the cursor on a thread, if it is loaded.
    pub fn select(&mut self, id: ThreadId) {
        if let Some(i) = self.rows.iter().position(|r| r.id == id) {
            self.cursor = i;
        }
    }

    /// Puts the cursor on a thread as soon as the first page is here.
    pub(super) fn aim(&mut self, id: ThreadId) {
        self.aim = Some(id);
    }

    /// A thread that is gone.
    pub(super) fn forget(&mut self, id: ThreadId) {
        if let Some(i) = self.rows.iter().position(|r| r.id == id) {
            self.rows.remove(i);
            if self.cursor > i {
                self.cursor -= 1;
            }
            self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        }
    }

    fn place(&self, row: &ThreadRow) -> usize {
        if self.own.is_none() && self.filter == ThreadFilter::Window {
            return self.rows.partition_point(|r| (r.window.until, r.id) < (row.window.until, row.id));
        }
        self.rows.partition_point(|r| (r.last_at, r.id) > (row.last_at, row.id))
    }

    /// Takes rows that changed. The cursor stays on its thread, and the thread on its line of the screen.
    fn merge(
        &mut self,
        changed: Vec<ThreadRow>,
        keep: Option<ThreadId>,
        wanted: impl Fn(&ThreadRow) -> bool,
    ) {
        let under = self.current().map(|r| r.id);
        let line = self.cursor.saturating_sub(self.top);
        let at_top = self.top == 0;
        for row in changed {
            if let Some(i) = self.rows.iter().position(|r| r.id == row.id) {
                self.rows.remove(i);
            }
            if !(wanted(&row) || keep == Some(row.id)) {
                continue;
            }
            let at = self.place(&row);
            // Beyond the last loaded row it will come with its page.
            if at < self.rows.len() || self.next.is_none() {
                self.rows.insert(at, row);
            }
        }
        if !(self.touched || self.settled) {
            self.cursor = 0;
        } else if let Some(i) = under.and_then(|id| self.rows.iter().position(|r| r.id == id)) {
            self.cursor = i;
            if !at_top {
                self.top = i.saturating_sub(line);
            }
        }
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
    }

    /// What was under the cursor is gone: the newest thread is as good as any.
    pub(super) fn follow_again(&mut self) {
        self.followed = None;
        self.settled = false;
    }

    /// A page did not come; it may be asked for again.
    pub(super) fn page_failed(&mut self) {
        self.loading = false;
    }

    fn take_page(&mut self, page: Page<ThreadRow>, more: bool) {
        let under = self.aim.take().or(self.current().map(|r| r.id));
        self.loading = false;
        self.loaded = true;
        self.next = page.next;
        if more {
            for row in page.items {
                if self.rows.iter().rev().take(600).all(|r| r.id != row.id) {
                    let at = self.place(&row);
                    self.rows.insert(at, row);
                }
            }
        } else {
            self.rows = page.items;
            self.cursor = 0;
        }
        if let Some(id) = under.filter(|_| self.touched || self.settled) {
            self.select(id);
        }
        if self.rows.len() >= MOST {
            self.next = None;
        }
    }
}

impl App {
    /// Asks for the first page.
    pub(super) fn load_threads(&mut self) {
        let limit = (self.panes().list_rows() * 2).clamp(20, 200) as u32;
        self.list.generation += 1;
        self.list.loading = true;
        let asked = Asked::Threads { generation: self.list.generation, more: false };
        let request = self.list_request(None, limit);
        self.ask(request, asked);
    }

    /// Starts the list again, for another account or filter.
    pub(super) fn reload_list(&mut self) {
        self.list.rows.clear();
        self.list.cursor = 0;
        self.list.top = 0;
        self.list.next = None;
        self.list.loaded = false;
        self.load_threads();
        self.damage(Damage::LIST | Damage::TOP | Damage::STATUS);
    }

    fn load_more_threads(&mut self) {
        let (Some(before), false) = (self.list.next, self.list.loading) else { return };
        self.list.loading = true;
        let asked = Asked::Threads { generation: self.list.generation, more: true };
        let request = self.list_request(Some(before), 200);
        self.ask(request, asked);
    }

    pub(super) fn threads_came(&mut self, generation: u64, more: bool, page: Page<ThreadRow>) {
        if generation != self.list.generation {
            return;
        }
        self.list.take_page(page, more);
        self.keep_list_cursor_visible();
        self.damage(Damage::LIST);
        self.started = true;
        self.follow_newest();
        // A page of an own filter may be short, or empty, and not the last one.
        if self.list.rows.len() < 2 * self.panes().list_rows() {
            self.load_more_threads();
        }
    }

    /// The newest conversation is on the screen from the start: until the operator does something, and at most for a
    /// moment. Who has begun to read it keeps it.
    pub(super) fn follow_newest(&mut self) {
        let free = !self.list.touched && !self.list.settled && self.follow.is_known();
        let Some(id) = self.list.rows.first().map(|r| r.id).filter(|_| free) else { return };
        self.list.followed.get_or_insert(self.clock.now());
        // One after the other: what comes while one is loading is followed when it is there.
        if self.conversation.as_ref().is_none_or(|c| c.loaded && c.thread != id) {
            self.open_thread(id, None);
        }
    }

    /// The operator did something: from now on the cursor stays with its thread.
    pub(super) fn stop_following(&mut self) {
        self.list.touched = true;
    }

    pub(super) fn rows_came(&mut self, rows: Vec<ThreadRow>) {
        self.tell_woken(&rows);
        self.tell_mentioned(&rows);
        for row in &rows {
            self.announce(row);
            if let Some(c) = &mut self.conversation
                && c.thread == row.id
            {
                c.take_row(row.clone());
                self.damage(Damage::CONVERSATION | Damage::COMPOSER | Damage::DETAILS);
            }
        }
        let wanted: BTreeSet<ThreadId> = rows.iter().filter(|r| self.wants(r)).map(|r| r.id).collect();
        let keep = self.conversation.as_ref().map(|c| c.thread).filter(|id| self.list.row(*id).is_some());
        self.list.settled |= self.list.followed.is_some_and(|since| self.clock.now() - since >= FOLLOWED);
        self.list.merge(rows, keep, |r| wanted.contains(&r.id));
        self.keep_list_cursor_visible();
        self.damage(Damage::LIST);
        self.follow_newest();
        self.mark_read();
        self.notify();
    }

    pub(super) fn keep_list_cursor_visible(&mut self) {
        let rows = self.panes().list_rows().max(1);
        let list = &mut self.list;
        if list.cursor < list.top {
            list.top = list.cursor;
        } else if list.cursor >= list.top + rows {
            list.top = list.cursor + 1 - rows;
        }
        list.top = list.top.min(list.rows.len().saturating_sub(rows));
    }

    /// Moves the cursor of the list by some rows.
    pub(super) fn move_list(&mut self, by: isize) {
        let last = self.list.rows.len().saturating_sub(1);
        self.list.cursor = self.list.cursor.saturating_add_signed(by).min(last);
        self.keep_list_cursor_visible();
        if self.list.cursor + 2 * self.panes().list_rows() > last {
            self.load_more_threads();
        }
        self.damage(Damage::LIST);
    }

    /// Puts the cursor on the next or previous thread with unread messages; whether there is one.
    pub(super) fn find_unread_thread(&mut self, forward: bool) -> bool {
        let n = self.list.rows.len();
        let found = (1..=n)
            .map(|d| if forward { (self.list.cursor + d) % n } else { (self.list.cursor + n - d) % n })
            .find(|i| self.list.rows[*i].unread > 0);
        match found {
            Some(i) => {
                self.list.cursor = i;
                self.keep_list_cursor_visible();
                self.damage(Damage::LIST);
            }
            None => self.say("no unread messages in the loaded threads"),
        }
        found.is_some()
    }
}
