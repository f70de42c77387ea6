//! Files that go with what is being written: attached, handed to the engine piece by piece, shown above the text, sent
//! in order with it.
//!
//! One file is read at a time. What is attached belongs to its thread and stays there until it is sent or taken off.

use super::{App, Asked as Purpose, Damage, Effect};
use crate::clock::Millis;
use crate::model::business::ProfileChange;
use crate::model::event::Recipient;
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::model::media::{StoredFile, clean_name, size_words};
use crate::model::outgoing::Outgoing;
use crate::model::quick_reply::{QuickReply, ReplyFile};
use crate::model::thread::DraftMode;
use crate::protocol::admin::AdminRequest;
use crate::protocol::files::{FileAnswer, FileRequest, Piece as Bytes};
use crate::protocol::{Problem, Request, Response};
use crate::text;
use crate::tui::command::Scope;
use crate::tui::overlay::Delivery;
use crate::tui::overlay::attach::AttachBox;
use crate::tui::reading::{Names, Piece};
use std::collections::{BTreeMap, VecDeque};

/// Most files that go with one text.
const MOST: usize = 10;
/// Lines that files may take above the text.
pub(crate) const LINES: usize = 4;

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It is on its way to the engine: bytes of bytes.
    Coming(u64, u64),
    /// The engine has it.
    Here(StoredFile),
    /// It cannot be sent, for this reason.
    Failed(String),
}

/// A file that goes with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    id: u64,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub stand: Stand,
}

impl Attachment {
    /// Name and size, or what is wrong.
    pub fn words(&self) -> String {
        let name = text::sanitize(&self.name);
        match &self.stand {
            Stand::Coming(_, 0) => format!("{name}  …"),
            Stand::Coming(at, size) => format!("{name}  {}  {} %", size_words(*size), at * 100 / size),
            Stand::Here(file) => format!("{name}  {}", size_words(file.size)),
            Stand::Failed(why) => text::sanitize(why).into_owned(),
        }
    }
}

/// What a file is read for.
#[derive(Clone, Debug)]
pub(super) enum For {
    Text,
    /// A quick reply that is saved when all its files are kept, by the overlay that wants it.
    Reply(u64),
    /// A picture of a business profile.
    Picture(u64, AccountId, Box<ProfileChange>),
    /// The sample of a template's header.
    Sample(u64, AccountId),
    /// The header of a template that is sent.
    Header(u64, Box<Request>),
}

/// What is to be read of the operator's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Begin to read a file.
    Read {
        /// Which.
        id: u64,
        /// Where it is, as it was written.
        path: String,
    },
    /// Read the next piece of it.
    On,
    /// Read no more of it.
    Stop,
    /// Look which names go on with a path.
    Names(String),
}

/// What was read of them.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A piece of a file.
    Piece(u64, Piece),
    /// Names that go on with a path.
    Names(Names),
}

/// What a request was for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// A step of a file.
    Step(u64),
    /// A text with its files.
    Send { thread: ThreadId, contents: Vec<Outgoing>, quote: Option<MessageId> },
}

#[derive(Clone, Debug)]
struct Job {
    id: u64,
    path: String,
    whom: For,
    upload: Option<u64>,
}

/// A quick reply whose files are handed over before it is saved.
#[derive(Clone, Debug)]
struct Saving {
    serial: u64,
    reply: QuickReply,
}

/// All files of the screen.
#[derive(Debug, Default)]
pub(crate) struct Files {
    by_thread: BTreeMap<ThreadId, Vec<Attachment>>,
    jobs: VecDeque<Job>,
    saving: Vec<Saving>,
    /// Messages that left together: they are taken back together.
    bundles: Vec<Vec<MessageId>>,
    last: u64,
}

impl Files {
    /// What goes with the text of a thread.
    pub fn of(&self, thread: ThreadId) -> &[Attachment] {
        self.by_thread.get(&thread).map(Vec::as_slice).unwrap_or_default()
    }

    fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn find(&mut self, id: u64) -> Option<&mut Attachment> {
        self.by_thread.values_mut().flatten().find(|a| a.id == id)
    }
}

impl App {
    /// What goes with the text that is being written to the customer.
    pub fn attached(&self) -> &[Attachment] {
        match &self.conversation {
            Some(c) if c.mode == DraftMode::Reply => self.files.of(c.thread),
            _ => &[],
        }
    }

    /// Lines that they take above the text.
    pub fn attached_rows(&self) -> u16 {
        self.attached().len().min(LINES) as u16
    }

    /// Asks which file goes with the text.
    pub(super) fn ask_attachment(&mut self) {
        if !self.shell {
            return self.say_bad("files are switched off here (`shell = false` in the configuration)");
        }
        let now = self.clock.now();
        let Some(c) = &self.conversation else { return self.say_no_conversation() };
        if c.mode == DraftMode::Note {
            return self.say("a note has no files: only what goes to the customer has");
        }
        if !c.can_write(now) {
            return self.pick_template();
        }
        if self.read_only().is_some() {
            return;
        }
        self.show_overlay(Box::new(AttachBox::new()), None);
        self.effects.push(Effect::Files(Look::Names("~/".into())));
    }

    /// The names of a folder, for the box that asks for a path.
    fn names_came(&mut self, names: Names) {
        if let Some(open) = self.overlays.iter_mut().rev().find(|o| o.overlay.name() == AttachBox::NAME) {
            let serial = open.serial;
            let steps = open.overlay.deliver(Delivery::Names(Box::new(names)));
            self.steps(serial, steps);
            self.damage = Damage::ALL;
        }
    }

    /// A file goes with the text of the open thread.
    pub(super) fn attach(&mut self, path: &str) {
        let Some(thread) = self.may_attach() else { return };
        let id = self.files.next_id();
        let name = clean_name(path);
        let attachment = Attachment { id, name, stand: Stand::Coming(0, 0) };
        self.files.by_thread.entry(thread).or_default().push(attachment);
        self.read_file(Job { id, path: path.to_owned(), whom: For::Text, upload: None });
        self.attached_changed();
    }

    /// The thread that one more file may go to; says why not.
    fn may_attach(&mut self) -> Option<ThreadId> {
        let Some(thread) = self.conversation.as_ref().map(|c| c.thread) else {
            self.say_no_conversation();
            return None;
        };
        if self.files.of(thread).len() >= MOST {
            self.say_bad(format!("{MOST} files go with one text · → send them, then attach more"));
            return None;
        }
        Some(thread)
    }

    /// Files of a quick reply go with the text that was inserted.
    pub(super) fn attach_reply(&mut self, files: Vec<ReplyFile>) {
        for file in files {
            match file {
                ReplyFile::Path(path) => self.attach(&path),
                ReplyFile::Stored(file) => {
                    let Some(thread) = self.may_attach() else { return };
                    let id = self.files.next_id();
                    let attachment = Attachment { id, name: file.name.clone(), stand: Stand::Here(file) };
                    self.files.by_thread.entry(thread).or_default().push(attachment);
                    self.attached_changed();
                }
            }
        }
    }

    /// Takes the last file off again. Says whether there was one.
    pub(super) fn detach(&mut self) -> bool {
        let Some(thread) = self.conversation.as_ref().map(|c| c.thread) else { return false };
        let Some(gone) = self.files.by_thread.get_mut(&thread).and_then(Vec::pop) else {
            self.say("no file goes with this text");
            return false;
        };
        self.drop_job(gone.id);
        self.say(format!("{} goes with it no more", text::sanitize(&gone.name)));
        self.attached_changed();
        true
    }

    fn attached_changed(&mut self) {
        self.fit_composer();
        self.damage(Damage::COMPOSER | Damage::CONVERSATION);
    }

    /// Something was read.
    pub(super) fn files_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Piece(id, piece) => self.piece_came(id, piece),
            Heard::Names(names) => self.names_came(names),
        }
    }

    pub(super) fn files_answered(&mut self, asked: Asked, answer: Response) {
        match (asked, answer) {
            (Asked::Step(id), Response::File(answer)) => self.file_step(id, answer),
            (Asked::Send { thread, contents, quote }, Response::Together(results)) => {
                self.files_sent(thread, contents, quote, results);
            }
            _ => {}
        }
    }

    /// Says whether that is all that is to be said.
    pub(super) fn files_refused(&mut self, asked: Asked, problem: &Problem) -> bool {
        match asked {
            Asked::Step(id) => {
                self.file_failed(id, &problem.what);
                true
            }
            Asked::Send { thread, contents, quote } => {
                self.put_back_files(thread, contents, quote);
                self.has_open(thread) && self.refused_for_colleague(problem)
            }
        }
    }

    // Reading and handing over, one file at a time.

    fn read_file(&mut self, job: Job) {
        self.files.jobs.push_back(job);
        if self.files.jobs.len() == 1 {
            self.next_job();
        }
    }

    fn next_job(&mut self) {
        if let Some(job) = self.files.jobs.front() {
            self.effects.push(Effect::Files(Look::Read { id: job.id, path: job.path.clone() }));
        }
    }

    fn end_job(&mut self) {
        self.effects.push(Effect::Files(Look::Stop));
        self.files.jobs.pop_front();
        self.next_job();
    }

    fn drop_job(&mut self, id: u64) {
        let Some(at) = self.files.jobs.iter().position(|j| j.id == id) else { return };
        if let Some(upload) = self.files.jobs[at].upload {
            self.ask(Request::File { act: FileRequest::Drop { upload } }, Purpose::Quiet);
        }
        if at == 0 {
            self.end_job();
        } else {
            self.files.jobs.remove(at);
        }
    }

    /// A piece of the file that is read.
    fn piece_came(&mut self, id: u64, piece: Piece) {
        let Some(job) = self.files.jobs.front_mut().filter(|j| j.id == id) else { return };
        let upload = job.upload.unwrap_or_default();
        let act = match piece {
            Piece::Opened { name, size } => {
                if let Some(a) = self.files.find(id) {
                    (a.name, a.stand) = (name.clone(), Stand::Coming(0, size));
                }
                FileRequest::Begin { name, size }
            }
            Piece::Bytes { at, bytes } => FileRequest::Part { upload, at, bytes: Bytes(bytes) },
            Piece::End { hash } => FileRequest::End { upload, hash },
            Piece::Failed(why) => {
                if let Some(upload) = self.files.jobs.front().and_then(|j| j.upload) {
                    self.ask(Request::File { act: FileRequest::Drop { upload } }, Purpose::Quiet);
                }
                return self.file_failed(id, &why);
            }
        };
        self.ask(Request::File { act }, Purpose::Files(self::Asked::Step(id)));
    }

    /// The engine has taken a step of the file.
    fn file_step(&mut self, id: u64, answer: FileAnswer) {
        let Some(job) = self.files.jobs.front_mut().filter(|j| j.id == id) else {
            // It was taken off meanwhile.
            if let FileAnswer::Begun { upload } = answer {
                self.ask(Request::File { act: FileRequest::Drop { upload } }, Purpose::Quiet);
            }
            return;
        };
        match answer {
            FileAnswer::Begun { upload } => {
                job.upload = Some(upload);
                self.effects.push(Effect::Files(Look::On));
            }
            FileAnswer::Got { bytes } => {
                if let Some(Stand::Coming(at, _)) = self.files.find(id).map(|a| &mut a.stand) {
                    *at = bytes;
                }
                self.effects.push(Effect::Files(Look::On));
            }
            FileAnswer::Stored { file } => {
                let whom = job.whom.clone();
                let path = job.path.clone();
                if let Some(a) = self.files.find(id) {
                    a.stand = Stand::Here(file.clone());
                }
                self.end_job();
                match whom {
                    For::Text => {}
                    For::Reply(serial) => self.reply_file_kept(serial, &path, &file),
                    For::Picture(serial, account, change) => {
                        let act =
                            AdminRequest::ChangeProfile { account, change: *change, picture: Some(file) };
                        self.ask(Request::Admin { act }, Purpose::Overlay { serial, search: String::new() });
                    }
                    For::Sample(serial, account) => self.sample_kept(serial, account, file),
                    For::Header(serial, request) => self.header_kept(serial, *request, file),
                }
            }
            FileAnswer::Dropped | FileAnswer::Bytes { .. } => {}
        }
        self.attached_changed();
    }

    /// A file cannot be sent.
    fn file_failed(&mut self, id: u64, why: &str) {
        let Some(at) = self.files.jobs.iter().position(|j| j.id == id) else { return };
        let whom = self.files.jobs[at].whom.clone();
        if at == 0 {
            self.end_job();
        } else {
            self.files.jobs.remove(at);
        }
        match whom {
            For::Text => {
                if let Some(a) = self.files.find(id) {
                    a.stand = Stand::Failed(why.to_owned());
                }
                let key = self.key_for("compose.detach");
                let why = text::truncate(&text::sanitize(why), usize::from(self.size.0 / 2)).into_owned();
                self.say_bad(format!("{why} · → {key} takes it off"));
            }
            For::Picture(serial, ..) => self.picture_failed(serial, why),
            For::Sample(serial, _) => self.file_refused(serial, "header.sample", why),
            For::Header(serial, _) => self.file_refused(serial, "header.link", why),
            For::Reply(serial) => {
                self.files.saving.retain(|s| s.serial != serial);
                let rest: Vec<u64> = self
                    .files
                    .jobs
                    .iter()
                    .filter(|j| matches!(j.whom, For::Reply(s) if s == serial))
                    .map(|j| j.id)
                    .collect();
                for id in rest {
                    self.drop_job(id);
                }
                let problem = Problem {
                    field: Some("files".into()),
                    ..Problem::new("field", format!("files: {why}")).next("name another file")
                };
                self.deliver_to(serial, Delivery::Problem(problem));
            }
        }
        self.attached_changed();
    }

    pub(super) fn deliver_to(&mut self, serial: u64, delivery: Delivery) {
        if let Some(open) = self.overlays.iter_mut().find(|o| o.serial == serial) {
            let steps = open.overlay.deliver(delivery);
            self.steps(serial, steps);
            self.damage = Damage::ALL;
        }
    }

    // A picture of a business profile.

    /// Hands a picture over; the profile is changed when it is kept.
    pub(super) fn hand_picture_over(
        &mut self,
        serial: u64,
        path: String,
        account: AccountId,
        change: ProfileChange,
    ) {
        if !self.shell {
            let why = "files are switched off here (`shell = false` in the configuration)";
            return self.picture_failed(serial, why);
        }
        let id = self.files.next_id();
        self.read_file(Job { id, path, whom: For::Picture(serial, account, Box::new(change)), upload: None });
    }

    /// Reads a file of this machine, to be handed over for an overlay.
    pub(super) fn read_for(&mut self, path: String, whom: For) {
        let id = self.files.next_id();
        self.read_file(Job { id, path, whom, upload: None });
    }

    fn picture_failed(&mut self, serial: u64, why: &str) {
        let problem = Problem {
            field: Some("picture".into()),
            ..Problem::new("field", format!("picture: {why}")).next("name another file")
        };
        self.deliver_to(serial, Delivery::Problem(problem));
    }

    // Quick replies: their files are kept with them.

    /// A quick reply is to be saved. Paths in it are of this machine: the files are handed over first. Says whether
    /// there was one.
    pub(super) fn keep_reply_files(&mut self, serial: u64, request: &Request) -> bool {
        let Request::SaveQuickReply { reply } = request else { return false };
        let paths: Vec<String> = reply
            .files
            .iter()
            .filter_map(|f| match f {
                ReplyFile::Path(path) => Some(path.clone()),
                ReplyFile::Stored(_) => None,
            })
            .collect();
        if paths.is_empty() || !self.shell {
            return false;
        }
        self.files.saving.push(Saving { serial, reply: reply.clone() });
        for path in paths {
            let id = self.files.next_id();
            self.read_file(Job { id, path, whom: For::Reply(serial), upload: None });
        }
        true
    }

    fn reply_file_kept(&mut self, serial: u64, path: &str, file: &StoredFile) {
        let Some(at) = self.files.saving.iter().position(|s| s.serial == serial) else { return };
        let reply = &mut self.files.saving[at].reply;
        for f in &mut reply.files {
            if matches!(f, ReplyFile::Path(p) if p == path) {
                *f = ReplyFile::Stored(file.clone());
            }
        }
        if reply.files.iter().all(|f| matches!(f, ReplyFile::Stored(_))) {
            let reply = self.files.saving.remove(at).reply;
            let request = Request::SaveQuickReply { reply };
            self.ask(request, Purpose::Overlay { serial, search: String::new() });
        }
    }

    // Sending.

    /// Sends the text with its files, in order. Says whether there are files.
    pub(super) fn send_with_files(&mut self, at: Option<Millis>, anyway: bool) -> bool {
        if self.attached().is_empty() {
            return false;
        }
        let mut files = Vec::new();
        for a in self.attached() {
            match &a.stand {
                Stand::Here(file) => files.push(file.clone()),
                Stand::Coming(..) => {
                    let words = format!("not sent yet: {} is still on its way", text::sanitize(&a.name));
                    self.say(words);
                    return true;
                }
                Stand::Failed(why) => {
                    let key = self.key_for("compose.detach");
                    let why = text::truncate(&text::sanitize(why), usize::from(self.size.0 / 2)).into_owned();
                    self.say_bad(format!("not sent: {why} · → {key} takes the last file off"));
                    return true;
                }
            }
        }
        let Some(c) = &self.conversation else { return true };
        let contents = Outgoing::with_files(c.composer.text(), &files);
        if let Some(p) = contents.iter().find_map(|content| content.check().err()) {
            self.say_bad(format!("not sent: the {p}"));
            return true;
        }
        if !anyway && self.collides(at) {
            return true;
        }
        let claim = self.claim(anyway);
        let Some(c) = &mut self.conversation else { return true };
        let thread = c.thread;
        let mut quote = c.quote.take();
        let asked = Purpose::Files(self::Asked::Send { thread, contents: contents.clone(), quote });
        c.composer.take();
        c.draft_due = None;
        c.unread = None;
        let requests = contents.into_iter().map(|content| {
            let to = Recipient::Thread { thread };
            Request::Send { account: None, to, content, quote: quote.take(), at }
        });
        let request = Request::Together { requests: claim.into_iter().chain(requests).collect() };
        self.files.by_thread.remove(&thread);
        self.ask(request, asked);
        self.emoji.close();
        self.go_to_end();
        self.fit_composer();
        self.damage(Damage::COMPOSER | Damage::CONVERSATION);
        true
    }

    /// What came of sending a text with files: what was not taken is written and attached again.
    fn files_sent(
        &mut self,
        thread: ThreadId,
        mut contents: Vec<Outgoing>,
        quote: Option<MessageId>,
        results: Vec<Result<Response, Problem>>,
    ) {
        let mut sent = Vec::new();
        let mut problem = None;
        for result in results {
            match result {
                Ok(Response::Queued { message, .. }) => sent.push(message),
                Ok(_) => {}
                Err(p) => problem = Some(p),
            }
        }
        let rest = contents.split_off(sent.len().min(contents.len()));
        if !sent.is_empty() {
            self.answered(thread);
        }
        let quote = quote.filter(|_| sent.is_empty());
        if sent.len() > 1 {
            self.files.bundles.push(sent);
            // Only the last ones can still be taken back.
            let over = self.files.bundles.len().saturating_sub(8);
            self.files.bundles.drain(..over);
        }
        if rest.is_empty() {
            self.drop_draft(thread, DraftMode::Reply);
        } else {
            self.put_back_files(thread, rest, quote);
        }
        if let Some(p) = problem
            && !(self.has_open(thread) && self.refused_for_colleague(&p))
        {
            self.say_problem(&p);
        }
    }

    /// Contents become text and files of the composer again, in their order.
    fn put_back_files(&mut self, thread: ThreadId, contents: Vec<Outgoing>, quote: Option<MessageId>) {
        let mut words = String::new();
        let mut files = Vec::new();
        for content in contents {
            match content {
                Outgoing::Text { text, .. } => words = text,
                Outgoing::Media { file, caption, .. } => {
                    if words.is_empty() {
                        words = caption;
                    }
                    let id = self.files.next_id();
                    files.push(Attachment { id, name: file.name.clone(), stand: Stand::Here(file) });
                }
                _ => {}
            }
        }
        self.files.by_thread.entry(thread).or_default().splice(0..0, files);
        self.take_back(thread, words, quote);
        self.attached_changed();
    }

    /// A file was taken back before it left.
    pub(super) fn file_taken_back(&mut self, thread: ThreadId, content: Outgoing, quote: Option<MessageId>) {
        self.write_in(DraftMode::Reply);
        self.put_back_files(thread, vec![content], quote);
        self.focus(Scope::Composer);
        self.entered_text();
        self.say("taken back: it has not left");
    }

    /// Takes a message back, and what left with it: the last one first, so that all is as it was.
    pub(super) fn take_back_all(&mut self, message: MessageId) {
        let bundle = self.files.bundles.iter().position(|b| b.contains(&message));
        let all = bundle.map_or_else(|| vec![message], |at| self.files.bundles.remove(at));
        for message in all.into_iter().rev() {
            self.ask(Request::TakeBack { message }, Purpose::TakeBack);
        }
    }
}
