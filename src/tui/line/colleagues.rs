//! Colleagues, line by line: where they are, that this client is somewhere, and what is asked before the second reply.

use super::handling::NO_THREAD;
use super::{Talk, count};
use crate::model::ThreadId;
use crate::model::event::Recipient;
use crate::model::{MessageId, Outgoing};
use crate::protocol::mentions::MentionRequest;
use crate::protocol::presence::{Doing, PresenceRequest, Spot};
use crate::protocol::{Request, Response};
use crate::text;
use std::io::{self, Write};

/// Notes that are told.
const NOTES: u32 = 20;

impl<W: Write> Talk<W> {
    /// Says where this client is. What comes of it is no news.
    pub(super) async fn here(&mut self, typing: bool) {
        let thread = self.open.as_ref().map(|o| o.thread);
        let doing = match (thread, typing) {
            (Some(_), true) => Doing::Typing,
            (Some(_), false) => Doing::Viewing,
            (None, _) => Doing::Open,
        };
        let spot = Spot { thread, doing };
        let _ = self.client.ask(Request::Presence { act: PresenceRequest::Here { spot } }).await;
    }

    /// Sends a reply, unless a colleague writes one or has sent one since this conversation was last told.
    pub(super) async fn send_if_free(&mut self, text: String) -> io::Result<()> {
        let Some(open) = &self.open else { return self.say(NO_THREAD) };
        let act = PresenceRequest::Claim { thread: open.thread, since: Some(open.newest) };
        match self.client.ask(Request::Presence { act }).await {
            Err(problem) if problem.kind == "busy" => {
                self.say(format!("not sent: {}", problem.what))?;
                self.held = Some((open_thread(self), text));
                self.say("anyway sends it all the same, open tells what was answered, take takes it over")
            }
            // Whatever else there is to say, sending says it.
            _ => self.send(text).await,
        }
    }

    /// `anyway`: sends what was held back.
    pub(super) async fn anyway(&mut self) -> io::Result<()> {
        let Some((Some(thread), text)) = self.held.take() else {
            return self.say("nothing was held back");
        };
        let content = Outgoing::text(text.trim_end());
        let to = Recipient::Thread { thread };
        match self.ask(Request::Send { account: None, to, content, quote: None, at: None }).await? {
            Some(_) => self.say("queued; a failure is told here"),
            None => self.say(format!("your text was: {text}")),
        }
    }

    /// `take`: takes the open thread over.
    pub(super) async fn take(&mut self) -> io::Result<()> {
        let Some(thread) = open_thread(self) else { return self.say(NO_THREAD) };
        let request = Request::Presence { act: PresenceRequest::TakeOver { thread } };
        let Some(Response::TakenOver(done)) = self.ask(request).await? else { return Ok(()) };
        match (done.from, done.note) {
            (Some(from), Some(_)) => self.say(format!("yours now; what {from} had begun is a note")),
            (Some(from), None) => self.say(format!("yours now; {from} had it")),
            (None, _) => self.say("yours now"),
        }
    }

    /// `who`: who else is here, and with whom they are.
    pub(super) async fn who(&mut self) -> io::Result<()> {
        let request = Request::Presence { act: PresenceRequest::Screens };
        let Some(Response::Screens(screens)) = self.ask(request).await? else { return Ok(()) };
        let others: Vec<_> = screens.into_iter().filter(|s| s.operator != self.me).collect();
        if others.is_empty() {
            return self.say("nobody else is here");
        }
        for s in others {
            let title = self.name(&s.title);
            let words = match (s.thread, s.doing) {
                (None, _) => format!("{} is here", s.operator),
                (Some(_), Doing::Typing) => format!("{} is writing to {title}", s.operator),
                (Some(_), Doing::Viewing) => format!("{} looks at {title}", s.operator),
                (Some(_), Doing::Open) => format!("{} has {title} open", s.operator),
            };
            self.say(words)?;
        }
        Ok(())
    }

    /// `mentions`: notes that call this operator and were not read; `open` takes their numbers. Told is read.
    pub(super) async fn mentions(&mut self) -> io::Result<()> {
        let list = MentionRequest::List { unread: true, before: None, limit: NOTES };
        let Some(Response::Mentions(page)) = self.ask(Request::Mentions { act: list }).await? else {
            return Ok(());
        };
        if page.items.is_empty() {
            return self.say("no note waits for you");
        }
        self.listed = page.items.iter().map(|m| (m.thread, Some(m.note))).collect();
        for (i, m) in page.items.iter().enumerate() {
            let (when, title) = (self.when(m.at), self.name(&m.title));
            let said = text::sanitize(&m.text.replace('\n', " ")).into_owned();
            self.say(format!("{}. {when} {} at {title}: {said}", i + 1, m.by))?;
        }
        if page.next.is_some() {
            self.say(format!("mentions again tells what is before these {}", count(NOTES, "note")))?;
        }
        let notes: Vec<MessageId> = page.items.iter().map(|m| m.note).collect();
        self.ask(Request::Mentions { act: MentionRequest::Read { notes } }).await.map(|_| ())
    }

    /// A thread was taken over from this operator.
    pub(super) async fn taken(&mut self, thread: ThreadId, by: &str) -> io::Result<()> {
        let request = Request::ThreadRows { ids: vec![thread] };
        let title = match self.client.ask(request).await {
            Ok(Response::ThreadRows(rows)) => rows.into_iter().next().map(|r| self.name(&r.title)),
            _ => None,
        };
        writeln!(self.out)?;
        self.say(format!("{by} took over: {}", title.unwrap_or_default()))?;
        if self.writing.is_some() && open_thread(self) == Some(thread) {
            let lines = self.writing.take().unwrap_or_default().join("\n");
            self.say(format!("your text was: {lines}"))?;
        }
        Ok(())
    }
}

fn open_thread<W: Write>(talk: &Talk<W>) -> Option<ThreadId> {
    talk.open.as_ref().map(|o| o.thread)
}
