//! What a typed line does.

use super::handling::NO_THREAD;
use super::{Open, SHOWN, Talk, count};
use crate::config::settings::{Masking, ReadOn};
use crate::model::event::Recipient;
use crate::model::template::Values;
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::model::{DeliveryState, MessageId, Outgoing, ThreadId};
use crate::protocol::preferences::Preference;
use crate::protocol::{Found, Place, Request, Response};
use std::io::{self, Write};

/// Name, what follows it, what it does.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "list",
        "[VIEW or FILTER] [N]",
        "the newest threads, those of a view (inbox, mine, your own …) or of a filter",
    ),
    ("views", "", "which views there are, with their threads"),
    ("unread", "", "threads with unread messages"),
    ("failed", "", "threads with failed messages"),
    ("next", "", "open the next thread with unread messages"),
    ("open", "N, name or number", "open a thread and tell its last messages"),
    ("more", "", "older messages of the open thread"),
    ("reply", "[TEXT]", "send a text; without one, type lines and end with a line of one dot"),
    ("note", "TEXT", "write a note into the open thread; it stays here, whatever the window"),
    ("templates", "", "the templates that may be sent in the open thread"),
    ("template", "NAME LANGUAGE [KEY=VALUE …]", "send a template"),
    ("retry", "", "send the newest failed message of the open thread again"),
    ("resolve", "[N …]", "nothing is left to do in the open thread, or in those of these numbers"),
    ("reopen", "[N …]", "something is to be done again"),
    ("snooze", "TIME", "not now: 2h, tomorrow 9:00, until reply, before window"),
    ("assign", "NAME", "give the open thread to an operator: a name, me or nobody"),
    ("label", "NAME", "put a label on the open thread"),
    ("unlabel", "NAME", "take a label off"),
    ("labels", "", "which labels there are"),
    ("priority", "LEVEL", "how pressing it is: low, normal, high or urgent"),
    ("search", "TEXT", "find messages and people; open takes the numbers"),
    ("later", "", "mark the open thread unread and leave it"),
    ("close", "", "leave the open thread"),
    ("mute", "", "no bell for the open thread, or the bell again"),
    ("mask", "", "hide long numbers, then names too, then nothing"),
    ("status", "", "how the engine is"),
    ("accounts", "", "how the accounts are, and what nothing can leave"),
    ("who", "", "who else is here, and with whom they are"),
    ("anyway", "", "send the reply that was held back because a colleague is there"),
    ("take", "", "take the open thread over: what a colleague has begun becomes a note"),
    ("mentions", "", "notes that call you; open takes the numbers"),
    ("help", "", "this list; the first letters of a command are enough"),
    ("quit", "", "leave"),
];

/// The command that a word means: its name, or the beginning of one.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    let names = || COMMANDS.iter().map(|(name, ..)| *name);
    names().find(|n| *n == word).or_else(|| names().find(|n| !word.is_empty() && n.starts_with(word)))
}

/// Messages that a search shows.
const RESULTS: u32 = 20;
/// Pages that are looked through for them.
const PAGES: u32 = 60;

impl<W: Write> Talk<W> {
    /// Does what a line says; whether it was the last.
    pub(super) async fn line(&mut self, line: &str) -> io::Result<bool> {
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(mut lines) = self.writing.take() {
            if line.trim() != "." {
                lines.push(line.to_owned());
                self.writing = Some(lines);
            } else if lines.iter().all(|l| l.trim().is_empty()) {
                self.say("nothing was sent")?;
            } else {
                self.here(false).await;
                self.send_if_free(lines.join("\n")).await?;
            }
            if self.writing.is_some() {
                self.here(true).await;
            }
            return Ok(false);
        }
        let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        if word.is_empty() {
            return Ok(false);
        }
        match meant(&word.to_lowercase()) {
            Some("list") => self.list(rest, SHOWN).await?,
            Some("views") => self.views().await?,
            Some(word @ ("resolve" | "reopen")) => self.finish(word, rest).await?,
            Some(word @ ("snooze" | "assign" | "label" | "unlabel" | "priority")) => {
                self.step(word, rest).await?;
            }
            Some("labels") => self.tell_labels().await?,
            Some("unread") => self.threads(ThreadFilter::Unread, 50).await?,
            Some("failed") => self.threads(ThreadFilter::Failed, 50).await?,
            Some("next") => self.next_unread().await?,
            Some("open") => self.open_named(rest).await?,
            Some("more") => self.more().await?,
            Some("reply") => self.reply(rest).await?,
            Some("note") => self.note(rest).await?,
            Some("templates") => self.templates().await?,
            Some("template") => self.template(rest).await?,
            Some("retry") => self.retry().await?,
            Some("search") => self.search(rest).await?,
            Some("later") => {
                if let Some(open) = self.open.take()
                    && self.ask(Request::MarkUnread { thread: open.thread }).await?.is_some()
                {
                    self.say("marked unread")?;
                }
            }
            Some("close") => {
                self.open = None;
                self.here(false).await;
            }
            Some("who") => self.who().await?,
            Some("anyway") => self.anyway().await?,
            Some("take") => self.take().await?,
            Some("mentions") => self.mentions().await?,
            Some("mute") => self.mute().await?,
            Some("mask") => self.mask()?,
            Some("status") => self.status().await?,
            Some("accounts") => self.accounts().await?,
            Some("help") => {
                for (name, args, does) in COMMANDS {
                    self.say(format!("{} - {does}", format!("{name} {args}").trim_end()))?;
                }
            }
            Some("quit") => return Ok(true),
            _ => self.say(format!("there is no command `{word}`; help lists them"))?,
        }
        Ok(false)
    }

    async fn rows(&mut self, filter: ThreadFilter, limit: u32) -> io::Result<Vec<ThreadRow>> {
        let request = Request::Threads { account: None, filter, before: None, limit };
        Ok(match self.ask(request).await? {
            Some(Response::Threads(page)) => page.items,
            _ => Vec::new(),
        })
    }

    pub(super) async fn threads(&mut self, filter: ThreadFilter, limit: u32) -> io::Result<()> {
        let rows = self.rows(filter, limit).await?;
        if self.gone {
            return Ok(());
        }
        self.tell(
            &rows,
            match filter {
                ThreadFilter::All => "No conversations yet: they are told here when a customer writes.",
                ThreadFilter::Unread => "Everything is read.",
                ThreadFilter::Failed => "Nothing has failed.",
                _ => "There is nothing in this view.",
            },
        )
    }

    async fn next_unread(&mut self) -> io::Result<()> {
        let rows = self.rows(ThreadFilter::Unread, 50).await?;
        let here = self.open.as_ref().map(|o| o.thread);
        // The one that has waited longest comes first.
        match rows.iter().rev().find(|r| Some(r.id) != here) {
            Some(row) => self.open_thread(row.id, None).await,
            None if self.gone => Ok(()),
            None => self.say("Everything is read."),
        }
    }

    async fn open_named(&mut self, rest: &str) -> io::Result<()> {
        if rest.is_empty() {
            return self.say("open what? A number of the last list, a name or a phone number.");
        }
        let listed = rest.parse::<usize>().ok().and_then(|n| self.listed.get(n.checked_sub(1)?)).copied();
        if let Some((thread, at)) = listed {
            return self.open_thread(thread, at).await;
        }
        let request = Request::FindThread { account: None, text: rest.to_owned() };
        if let Some(Response::Thread(detail)) = self.ask(request).await? {
            self.open_thread(detail.row.id, None).await?;
        }
        Ok(())
    }

    async fn open_thread(&mut self, thread: ThreadId, at: Option<MessageId>) -> io::Result<()> {
        let Some(Response::Thread(detail)) = self.ask(Request::Thread { id: thread }).await? else {
            return Ok(());
        };
        let place = at.map_or(Place::Newest, Place::Around);
        let limit = SHOWN.max(detail.row.unread.min(50));
        let request = Request::Messages { thread, place, limit };
        let Some(Response::Messages { items, older, newer }) = self.ask(request).await? else {
            return Ok(());
        };
        let title = detail.row.title.clone();
        let head = self.thread_head(&detail.row);
        self.say(head)?;
        if older.is_some() {
            self.say("(more tells older messages)")?;
        }
        for m in &items {
            self.message(m, &title)?;
        }
        if newer.is_some() {
            self.say("(newer messages follow; open the thread again to hear the newest)")?;
        }
        if !detail.row.window.is_open(self.clock.now()) {
            self.say("The window is closed: only a template can be sent. templates lists them.")?;
        }
        if !detail.draft.is_empty() {
            self.say(format!("there is a draft: {}", detail.draft))?;
        }
        if !detail.note.is_empty() {
            self.say(format!("there is the draft of a note: {}", detail.note))?;
        }
        let newest = items.last().map_or(detail.row.last_at, |m| m.at);
        let stored = items.iter().map(|m| m.stored_at).max();
        let seen = newer.is_none() && self.settings.read_on != ReadOn::Reply && detail.row.unread > 0;
        self.open = Some(Open { thread, account: detail.row.account, title, older, newest, stored });
        self.here(false).await;
        if seen { self.mark_read().await } else { Ok(()) }
    }

    async fn more(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say("no thread is open") };
        let (thread, title) = (open.thread, open.title.clone());
        let Some(before) = open.older else { return self.say("this is the beginning") };
        let request = Request::Messages { thread, place: Place::Before(before), limit: SHOWN };
        let Some(Response::Messages { items, older, .. }) = self.ask(request).await? else { return Ok(()) };
        for m in &items {
            self.message(m, &title)?;
        }
        if let Some(open) = &mut self.open {
            open.older = older;
        }
        Ok(())
    }

    async fn reply(&mut self, rest: &str) -> io::Result<()> {
        if self.open.is_none() {
            return self.say(NO_THREAD);
        }
        if rest.is_empty() {
            self.writing = Some(Vec::new());
            self.here(true).await;
            return self.say("Type the text. A line of one dot sends it; a dot at once sends nothing.");
        }
        self.send_if_free(rest.to_owned()).await
    }

    async fn note(&mut self, rest: &str) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say(NO_THREAD) };
        let request = Request::AddNote { thread: open.thread, text: rest.to_owned() };
        if rest.is_empty() {
            return self.say("note what?");
        }
        match self.ask(request).await? {
            Some(_) => self.say("noted"),
            None => Ok(()),
        }
    }

    pub(super) async fn send(&mut self, text: String) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let to = Recipient::Thread { thread: open.thread };
        let content = Outgoing::text(text.trim_end());
        let request = Request::Send { account: None, to, content, quote: None, at: None };
        match self.ask(request).await? {
            Some(_) => {
                self.say("queued; a failure is told here")?;
                if self.settings.read_on == ReadOn::Reply { self.mark_read().await } else { Ok(()) }
            }
            None => self.say(format!("your text was: {text}")),
        }
    }

    async fn templates(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say(NO_THREAD) };
        let request = Request::Templates { account: open.account.clone() };
        let Some(Response::Templates(all)) = self.ask(request).await? else { return Ok(()) };
        if all.is_empty() {
            return self.say("there are no templates");
        }
        for t in &all {
            let keys: Vec<String> = t.fields().into_iter().map(|f| f.key).collect();
            let needs = if keys.is_empty() { String::new() } else { format!(", needs {}", keys.join(", ")) };
            self.say(format!("{} {}{needs}", t.name, t.language))?;
        }
        Ok(())
    }

    async fn template(&mut self, rest: &str) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say(NO_THREAD) };
        let to = Recipient::Thread { thread: open.thread };
        let Some((name, language, values)) = template_words(rest) else {
            return self
                .say("template NAME LANGUAGE KEY=VALUE …, with \"quotes\" around a value of several words");
        };
        let request = Request::SendTemplate {
            account: None,
            to,
            name,
            language,
            values,
            file: None,
            knowing: false,
            at: None,
        };
        if self.ask(request).await?.is_some() {
            self.say("queued; a failure is told here")?;
        }
        Ok(())
    }

    async fn retry(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say(NO_THREAD) };
        let request = Request::Messages { thread: open.thread, place: Place::Newest, limit: 100 };
        let Some(Response::Messages { items, .. }) = self.ask(request).await? else { return Ok(()) };
        let fits = |s| matches!(s, DeliveryState::Failed | DeliveryState::Unknown);
        let Some(m) = items.iter().rev().find(|m| fits(m.state)) else {
            return self.say("nothing has failed here");
        };
        if self.ask(Request::Retry { message: m.id }).await?.is_some() {
            self.say("sent again, as a new attempt")?;
        }
        Ok(())
    }

    async fn search(&mut self, rest: &str) -> io::Result<()> {
        if rest.is_empty() {
            return self.say("search for what?");
        }
        let text = rest.to_owned();
        let mut found = Found::default();
        let mut before = None;
        // Filters look at so many messages at a time: there may be more further back.
        for _ in 0..PAGES {
            let (text, first, limit) = (text.clone(), before.is_none(), RESULTS);
            let request = Request::Search { text, zone: None, account: None, thread: None, before, limit };
            let Some(Response::Found(page)) = self.ask(request).await? else { return Ok(()) };
            if first {
                found.threads = page.threads;
            }
            found.hits.items.extend(page.hits.items);
            before = page.hits.next;
            if before.is_none() || found.hits.items.len() >= RESULTS as usize {
                break;
            }
        }
        if found.threads.is_empty() && found.hits.items.is_empty() {
            return self.say("nothing was found");
        }
        self.listed.clear();
        for row in found.threads.iter().take(10) {
            self.listed.push((row.id, None));
            let line = self.thread_line(self.listed.len(), row);
            self.say(line)?;
        }
        for hit in &found.hits.items {
            self.listed.push((hit.message.thread, Some(hit.message.id)));
            let (n, who, at) = (self.listed.len(), self.name(&hit.title), self.when(hit.message.at));
            // The marks around the match are control characters and vanish.
            self.say(format!("{n}. {who}, {at}: {}", hit.snippet))?;
        }
        let total = self.listed.len() as u32;
        self.say(format!("{}; open takes a number", count(total, "result")))
    }

    async fn mute(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say(NO_THREAD) };
        let thread = open.thread;
        let muted = !self.muted.contains(&thread);
        let preference = Preference::muted(thread, muted);
        if self.ask(Request::SetPreference { preference }).await?.is_some() {
            if muted {
                self.muted.insert(thread);
            } else {
                self.muted.remove(&thread);
            }
            self.say(if muted { "no notifications for this thread" } else { "notifications again" })?;
        }
        Ok(())
    }

    fn mask(&mut self) -> io::Result<()> {
        let (next, words) = match self.settings.mask {
            Masking::Off => (Masking::Numbers, "long numbers are hidden"),
            Masking::Numbers => (Masking::Names, "names and long numbers are hidden"),
            Masking::Names => (Masking::Off, "nothing is hidden any more"),
        };
        self.settings.mask = next;
        self.say(words)
    }

    async fn status(&mut self) -> io::Result<()> {
        let Some(Response::Status(s)) = self.ask(Request::Status).await? else { return Ok(()) };
        match (&s.listener_problem, s.last_webhook) {
            (Some(problem), _) => self.say(format!("no webhooks: {problem}"))?,
            (None, Some(at)) => {
                let when = self.when(at);
                self.say(format!("last webhook {when}"))?;
            }
            (None, None) => self.say("no webhook yet")?,
        }
        self.say(format!("{} in the outbox, {} unknown", count(s.outbox, "message"), s.unknown))?;
        for n in s.notices.iter().take(3) {
            let when = self.when(n.at);
            self.say(format!("{} {when}: {}", n.account, n.text))?;
        }
        Ok(())
    }
}

/// `NAME LANGUAGE KEY=VALUE …`; quotes hold a value together.
pub(super) fn template_words(rest: &str) -> Option<(String, String, Values)> {
    let mut words: Vec<String> = vec![String::new()];
    let mut quoted = false;
    for c in rest.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut()?.push(c),
        }
    }
    let mut words = words.into_iter().filter(|w| !w.is_empty());
    let (name, language) = (words.next()?, words.next()?);
    let mut values = Values::default();
    for word in words {
        let (key, value) = word.split_once('=')?;
        values.insert(key.to_owned(), value.to_owned());
    }
    (!quoted).then_some((name, language, values))
}
