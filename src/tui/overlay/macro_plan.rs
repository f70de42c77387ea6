//! What a macro would do to a thread: every step in words, with its text filled in, the request that does it, and
//! what stands in its way. Made anew whenever a value changes; nothing is asked and nothing is done here.

use super::later::ReadTime;
use super::variables::{Filled, Given, Variables};
use crate::clock::Millis;
use crate::model::event::Recipient;
use crate::model::handling::{Act, BEFORE_WINDOW, Label, Nap};
use crate::model::ids::{LabelId, QuickReplyId, ThreadId};
use crate::model::macros::{Macro, MacroStep};
use crate::model::media::StoredFile;
use crate::model::outgoing::{FieldProblem, Outgoing, check_note};
use crate::model::quick_reply::{QuickReply, ReplyFile};
use crate::protocol::Request;
use crate::protocol::preferences::Preference;

/// The thread that a macro is for, and what is known of it.
#[derive(Clone)]
pub struct Target {
    /// The thread.
    pub thread: ThreadId,
    /// Who is on the other side.
    pub title: String,
    /// The values for texts.
    pub vars: Variables,
    /// The quick replies there are.
    pub replies: Vec<QuickReply>,
    /// How long the window is open yet, in milliseconds; nothing when it is closed.
    pub window: Option<Millis>,
    /// The labels there are.
    pub labels: Vec<Label>,
    /// Who runs it.
    pub me: String,
    /// Reads times.
    pub read_time: ReadTime,
    /// The newest message's time, and when the last one was stored.
    pub newest: (Millis, Option<Millis>),
}

/// One step as it will happen.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// What it does, in words.
    pub words: String,
    /// The text that it sends or writes, not filled in.
    pub template: Option<String>,
    /// What stands in its way.
    pub trouble: Option<String>,
    /// What does it; nothing for what the screen does itself.
    pub request: Option<Request>,
    /// Whether it belongs to the step before: a file of a reply.
    pub part: bool,
}

/// A macro as it will run.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Planned>,
    /// Names whose values have to be given, in order of appearance.
    pub missing: Vec<String>,
    /// The quick replies it sends, to be counted.
    pub replies: Vec<QuickReplyId>,
    /// Whether the next unread thread is opened at the end.
    pub next: bool,
    /// What a step does besides: its files.
    more: Vec<Planned>,
}

impl Plan {
    /// Whether it can run as it is.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.missing.is_empty() && self.steps.iter().all(|s| s.trouble.is_none())
    }
}

/// A quick reply by its shortcut; the operator's own comes first.
fn reply<'a>(target: &'a Target, shortcut: &str) -> Option<&'a QuickReply> {
    let mut found: Vec<&QuickReply> =
        target.replies.iter().filter(|r| r.shortcut.to_lowercase() == shortcut.to_lowercase()).collect();
    found.sort_by_key(|r| !r.is_private());
    found.first().copied()
}

/// Works out what `m` does to the thread with these values.
#[must_use]
pub fn plan(m: &Macro, target: &Target, given: &Given) -> Plan {
    let mut plan = Plan::default();
    for step in &m.steps {
        let planned = step_of(step, target, given, &mut plan);
        plan.steps.push(planned);
        plan.steps.append(&mut plan.more);
    }
    plan
}

fn step_of(step: &MacroStep, target: &Target, given: &Given, plan: &mut Plan) -> Planned {
    let thread = target.thread;
    let ask = |words: &str, request: Request| Planned {
        words: words.to_owned(),
        request: Some(request),
        ..Planned::default()
    };
    match step {
        MacroStep::Reply(shortcut) => {
            let mut planned = Planned { words: format!("send /{shortcut}"), ..Planned::default() };
            let Some(reply) = reply(target, shortcut) else {
                planned.trouble = Some(format!("there is no quick reply /{shortcut}"));
                return planned;
            };
            plan.replies.push(reply.id);
            planned.template = Some(reply.text.clone());
            if let Some(why) = files_trouble(reply) {
                planned.trouble = Some(why);
                return planned;
            }
            let files: Vec<StoredFile> = reply.stored_files().cloned().collect();
            let mut planned = send(planned, &reply.text, target, given, &mut plan.missing);
            go_along(&mut planned, &files, &mut plan.more);
            planned
        }
        MacroStep::Text(text) => {
            let planned =
                Planned { words: "send a text".into(), template: Some(text.clone()), ..Planned::default() };
            send(planned, text, target, given, &mut plan.missing)
        }
        MacroStep::Note(text) => {
            let planned =
                Planned { words: "write a note".into(), template: Some(text.clone()), ..Planned::default() };
            fill(planned, text, target, given, &mut plan.missing, |text| {
                check_note(&text)?;
                Ok(Request::AddNote { thread, text })
            })
        }
        MacroStep::Label(name) => {
            label(format!("put the label {name} on"), name, target, |id| (vec![id], Vec::new()))
        }
        MacroStep::Unlabel(name) => {
            label(format!("take the label {name} off"), name, target, |id| (Vec::new(), vec![id]))
        }
        MacroStep::Assign(to) => {
            let (words, to) = match to.as_str() {
                "nobody" => ("give it to nobody".to_owned(), None),
                "me" => (format!("give it to {} (you)", target.me), Some(target.me.clone())),
                name => (format!("give it to {name}"), Some(name.to_owned())),
            };
            act(words, target, Act::Assign { to })
        }
        MacroStep::Priority(priority) => {
            act(format!("priority {}", priority.as_str()), target, Act::Priority { priority: *priority })
        }
        MacroStep::Resolve => act("resolve it".into(), target, Act::Resolve),
        MacroStep::Reopen => act("reopen it".into(), target, Act::Reopen),
        MacroStep::Snooze(until) => snooze(until, target),
        MacroStep::Read => {
            let (upto, stored) = target.newest;
            ask("mark the thread read", Request::MarkRead { thread, upto, stored, receipt: true })
        }
        MacroStep::Unread => ask("mark the thread unread", Request::MarkUnread { thread }),
        MacroStep::Mute | MacroStep::Unmute => {
            let on = *step == MacroStep::Mute;
            let words =
                if on { "no notifications for the thread" } else { "notifications for the thread again" };
            ask(words, Request::SetPreference { preference: Preference::muted(thread, on) })
        }
        MacroStep::Next => {
            plan.next = true;
            Planned { words: "open the next unread thread".into(), ..Planned::default() }
        }
        MacroStep::Unknown(line) => Planned {
            words: line.clone(),
            trouble: Some("is no step that this version knows".into()),
            ..Planned::default()
        },
    }
}

fn act(words: String, target: &Target, act: Act) -> Planned {
    let request = Request::Act { threads: vec![target.thread], act };
    Planned { words, request: Some(request), ..Planned::default() }
}

fn label(
    words: String,
    name: &str,
    target: &Target,
    which: impl Fn(LabelId) -> (Vec<LabelId>, Vec<LabelId>),
) -> Planned {
    let Some(found) = target.labels.iter().find(|l| l.name.to_lowercase() == name.to_lowercase()) else {
        return Planned { words, trouble: Some(format!("there is no label {name}")), ..Planned::default() };
    };
    let (add, remove) = which(found.id);
    act(words, target, Act::Label { add, remove })
}

fn snooze(until: &str, target: &Target) -> Planned {
    let nap = |words: String, nap: Nap| act(words, target, Act::Snooze { nap });
    let no =
        |why: String| Planned { words: format!("snooze {until}"), trouble: Some(why), ..Planned::default() };
    match until {
        "until reply" => nap("snooze it until the customer replies".into(), Nap::Reply),
        "before window" if target.window.is_some_and(|left| left > BEFORE_WINDOW) => {
            nap("snooze it until 1 hour before the window closes".into(), Nap::Window)
        }
        "before window" => no("the window is open for less than an hour, or closed".into()),
        time => match (target.read_time)(time) {
            Ok((at, words)) => nap(format!("snooze it until {words}"), Nap::Time { at }),
            Err(why) => no(why),
        },
    }
}

/// Why the files of a reply are not sent: a path leads to a file of one machine only.
fn files_trouble(reply: &QuickReply) -> Option<String> {
    let path = reply.files.iter().find_map(|f| match f {
        ReplyFile::Path(path) => Some(path),
        ReplyFile::Stored(_) => None,
    })?;
    Some(format!("/{} names a file that is not kept with it ({path}): save the reply again", reply.shortcut))
}

fn send(
    mut planned: Planned,
    template: &str,
    target: &Target,
    given: &Given,
    missing: &mut Vec<String>,
) -> Planned {
    if target.window.is_none() {
        planned.trouble = Some("the window is closed: only a template can be sent".into());
        return planned;
    }
    fill(planned, template, target, given, missing, |text| {
        let content = Outgoing::text(text.trim_end());
        content.check()?;
        let to = Recipient::Thread { thread: target.thread };
        Ok(Request::Send { account: None, to, content, quote: None, at: None })
    })
}

/// The files of a reply go with its text: under the first of them where that has a text, else behind it.
fn go_along(planned: &mut Planned, files: &[StoredFile], more: &mut Vec<Planned>) {
    let Some(Request::Send { to, content: Outgoing::Text { text, .. }, .. }) = &planned.request else {
        return;
    };
    let to = to.clone();
    let mut contents = Outgoing::with_files(text, files).into_iter();
    if let Some(first) = contents.next() {
        if let Outgoing::Media { file, .. } = &first {
            planned.words = format!("{} under {}", planned.words, file.words());
        }
        planned.request =
            Some(Request::Send { account: None, to: to.clone(), content: first, quote: None, at: None });
    }
    for content in contents {
        let words = match &content {
            Outgoing::Media { file, .. } => format!("send {}", file.words()),
            other => format!("send {}", other.kind()),
        };
        let request = Request::Send { account: None, to: to.clone(), content, quote: None, at: None };
        more.push(Planned { words, request: Some(request), part: true, ..Planned::default() });
    }
}

/// Fills a text in; with all its values it becomes a request.
fn fill(
    mut planned: Planned,
    template: &str,
    target: &Target,
    given: &Given,
    missing: &mut Vec<String>,
    request: impl FnOnce(String) -> Result<Request, FieldProblem>,
) -> Planned {
    match target.vars.fill(template, given) {
        Filled::Text(text) => match request(text) {
            Ok(request) => planned.request = Some(request),
            Err(e) => planned.trouble = Some(e.to_string()),
        },
        Filled::Missing(names) => {
            for name in names {
                if !missing.contains(&name) {
                    missing.push(name);
                }
            }
        }
        Filled::Broken(why) => planned.trouble = Some(why),
    }
    planned
}
