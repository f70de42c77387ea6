//! Views, and what is done with threads, line by line. The words are those of a macro's steps.

use super::{Open, Talk, count};
use crate::clock::Millis;
use crate::model::ThreadId;
use crate::model::handling::{Act, Handling, Priority, State};
use crate::model::macros::{Macro, MacroStep};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::{Acted, Cursor, LabelRow, Request, Response, SavedView};
use crate::text::when;
use crate::tui::overlay::later;
use crate::tui::overlay::macro_plan::{Target, plan};
use crate::tui::overlay::variables::{Given, Variables};
use std::io::{self, Write};

/// Threads that a view tells.
const SHOWN: u32 = 50;
/// Pages that are looked through for an own filter.
const PAGES: u32 = 60;

/// What a view is asked for.
enum View {
    /// One that is always there.
    Listed(ThreadFilter),
    /// A filter of the operator's own.
    Own(String),
}

/// The state and what belongs to it, in words; empty for an open thread that nobody has touched.
pub(super) fn words(h: &Handling, now: Millis, tz: &jiff::tz::TimeZone) -> String {
    let mut out = Vec::new();
    match (h.state, h.snooze.and_then(|s| s.until)) {
        (State::Open, _) if h.woken => out.push("back from a snooze".to_owned()),
        (State::Open, _) => {}
        (State::Snoozed, Some(at)) => out.push(format!("snoozed until {}", when::describe(at, now, tz))),
        (State::Snoozed, None) => out.push("snoozed until the customer replies".into()),
        (State::Resolved, _) => out.push("resolved".into()),
    }
    if let Some(who) = &h.assignee {
        out.push(format!("{who} has it"));
    }
    if h.priority != Priority::Normal {
        out.push(format!("priority {}", h.priority.as_str()));
    }
    if !h.labels.is_empty() {
        let names: Vec<&str> = h.labels.iter().map(|l| l.name.as_str()).collect();
        out.push(format!("labels {}", names.join(" and ")));
    }
    out.join(", ")
}

impl<W: Write> Talk<W> {
    /// `list`: the newest threads, those of a view, or what a filter finds; a number at the end says how many.
    pub(super) async fn list(&mut self, rest: &str, usual: u32) -> io::Result<()> {
        let (words, limit) = match rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest)) {
            (before, last) if last.parse::<u32>().is_ok() => (before.trim(), last.parse().ok()),
            _ => (rest, None),
        };
        let limit = limit.unwrap_or(if words.is_empty() { usual } else { SHOWN }).clamp(1, 200);
        let listed = if words.is_empty() {
            Some(ThreadFilter::All)
        } else {
            ThreadFilter::named(&words.to_lowercase())
        };
        let view = if let Some(filter) = listed {
            View::Listed(filter)
        } else {
            let Some(own) = self.own_views().await? else { return Ok(()) };
            let saved = own.into_iter().find(|v| v.name == words);
            View::Own(saved.map_or_else(|| words.to_owned(), |v| v.filter))
        };
        match view {
            View::Listed(filter) => self.threads(filter, limit).await,
            View::Own(filter) => match self.filtered(filter, limit).await? {
                Some(rows) => self.tell(&rows, "There is nothing in this view."),
                None => self.say("views tells what there is; a filter is like label:vip state:open age:>2d"),
            },
        }
    }

    /// What a filter finds; nothing when it was refused.
    async fn filtered(&mut self, filter: String, limit: u32) -> io::Result<Option<Vec<ThreadRow>>> {
        let mut rows: Vec<ThreadRow> = Vec::new();
        let mut before: Option<Cursor> = None;
        for _ in 0..PAGES {
            let left = limit.saturating_sub(rows.len() as u32);
            let request = Request::Filtered { account: None, filter: filter.clone(), before, limit: left };
            let Some(Response::Threads(page)) = self.ask(request).await? else { return Ok(None) };
            rows.extend(page.items);
            before = page.next;
            if before.is_none() || rows.len() as u32 >= limit {
                break;
            }
        }
        Ok(Some(rows))
    }

    /// Threads by number, for what is typed next.
    pub(super) fn tell(&mut self, rows: &[ThreadRow], none: &str) -> io::Result<()> {
        if rows.is_empty() {
            return self.say(none);
        }
        self.listed = rows.iter().map(|r| (r.id, None)).collect();
        for (i, row) in rows.iter().enumerate() {
            let line = self.thread_line(i + 1, row);
            self.say(line)?;
        }
        Ok(())
    }

    async fn own_views(&mut self) -> io::Result<Option<Vec<SavedView>>> {
        Ok(match self.ask(Request::Preferences).await? {
            Some(Response::Preferences(all)) => Some(all.iter().filter_map(SavedView::of).collect()),
            _ => None,
        })
    }

    /// `views`: which there are.
    pub(super) async fn views(&mut self) -> io::Result<()> {
        let request = Request::ViewCounts { account: None, midnight: None };
        let Some(Response::ViewCounts(counts)) = self.ask(request).await? else { return Ok(()) };
        for filter in ThreadFilter::LISTED {
            let threads = counts.of(filter).map(|n| format!(": {}", count(n, "thread"))).unwrap_or_default();
            self.say(format!("{}{threads}", filter.name()))?;
        }
        for view in self.own_views().await?.unwrap_or_default() {
            self.say(format!("{}, your own: {}", view.name, view.filter))?;
        }
        self.say("list NAME tells the threads of one")
    }

    async fn labels(&mut self) -> io::Result<Option<Vec<LabelRow>>> {
        Ok(match self.ask(Request::Labels).await? {
            Some(Response::Labels(labels)) => Some(labels),
            _ => None,
        })
    }

    /// `labels`: which there are.
    pub(super) async fn tell_labels(&mut self) -> io::Result<()> {
        let Some(labels) = self.labels().await? else { return Ok(()) };
        if labels.is_empty() {
            return self.say("there are no labels; `switchboard labels create NAME` makes one");
        }
        for l in labels {
            self.say(format!(
                "{}, {}: {}",
                l.label.name,
                l.label.color.as_str(),
                count(l.threads, "thread")
            ))?;
        }
        Ok(())
    }

    /// Resolves or opens again: the open thread, or those of these numbers of the last list.
    pub(super) async fn finish(&mut self, word: &str, numbers: &str) -> io::Result<()> {
        let mut threads: Vec<ThreadId> = Vec::new();
        for number in numbers.split_whitespace() {
            let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let Some((thread, _)) = at.and_then(|i| self.listed.get(i)) else {
                return self.say(format!("nothing was done: the last list has no number {number}"));
            };
            if !threads.contains(thread) {
                threads.push(*thread);
            }
        }
        if threads.is_empty() {
            let Some(open) = &self.open else { return self.say(NO_THREAD) };
            threads.push(open.thread);
        }
        let (act, words) =
            if word == "resolve" { (Act::Resolve, "resolved") } else { (Act::Reopen, "open again") };
        let many = threads.len() > 1;
        if let Some(Response::Acted(Acted { done, left })) = self.ask(Request::Act { threads, act }).await? {
            let prefix = if many { format!("{}: ", count(done, "thread")) } else { String::new() };
            let rest = if left > 0 { format!("; {left} could not be") } else { String::new() };
            self.say(format!("{prefix}{words}{rest}"))?;
        }
        Ok(())
    }

    /// Does to the open thread what a step of a macro would do.
    pub(super) async fn step(&mut self, word: &str, rest: &str) -> io::Result<()> {
        let Some(Open { thread, .. }) = self.open else { return self.say(NO_THREAD) };
        let step = match MacroStep::parse(&format!("{word} {rest}")) {
            Ok(step) => step,
            Err(why) => return self.say(format!("nothing was done: {why}")),
        };
        let named = matches!(step, MacroStep::Label(_) | MacroStep::Unlabel(_));
        let labels = if named { self.labels().await? } else { Some(Vec::new()) };
        let Some(labels) = labels else { return Ok(()) };
        let Some(Response::ThreadRows(rows)) = self.ask(Request::ThreadRows { ids: vec![thread] }).await?
        else {
            return Ok(());
        };
        let Some(row) = rows.into_iter().next() else { return self.say("this thread is gone") };
        let target = Target {
            thread,
            title: row.title,
            vars: Variables::default(),
            replies: Vec::new(),
            window: row.window.left(self.clock.now()),
            labels: labels.into_iter().map(|l| l.label).collect(),
            me: self.me.clone(),
            read_time: later::reader(self.clock.clone(), self.tz.clone()),
            newest: (row.last_at, None),
        };
        let one = Macro { steps: vec![step], ..Macro::default() };
        let Some(planned) = plan(&one, &target, &Given::new()).steps.into_iter().next() else {
            return Ok(());
        };
        if let Some(trouble) = planned.trouble {
            return self.say(format!("nothing was done: {trouble}"));
        }
        let Some(request) = planned.request else { return Ok(()) };
        match self.ask(request).await? {
            Some(_) => self.say(format!("done: {}", planned.words)),
            None => Ok(()),
        }
    }
}

/// Said where a thread has to be open.
pub(super) const NO_THREAD: &str = "no thread is open; open one first";
