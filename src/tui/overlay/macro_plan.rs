//! What a macro would do to a thread: every step in words, with its text filled in, the request that does it, and
//! what stands in its way. Made anew whenever a value changes; nothing is asked and nothing is done here.

use super::variables::{Filled, Given, Variables};
use crate::clock::Millis;
use crate::model::event::Recipient;
use crate::model::ids::{QuickReplyId, ThreadId};
use crate::model::macros::{Macro, MacroStep};
use crate::model::outgoing::Outgoing;
use crate::model::quick_reply::QuickReply;
use crate::protocol::Request;
use crate::protocol::preferences::Preference;

/// The thread that a macro is for, and what is known of it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The thread.
    pub thread: ThreadId,
    /// Who is on the other side.
    pub title: String,
    /// The values for texts.
    pub vars: Variables,
    /// The quick replies there are.
    pub replies: Vec<QuickReply>,
    /// Whether free text may be sent.
    pub window_open: bool,
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
            send(planned, &reply.text, target, given, &mut plan.missing)
        }
        MacroStep::Text(text) => {
            let planned =
                Planned { words: "send a text".into(), template: Some(text.clone()), ..Planned::default() };
            send(planned, text, target, given, &mut plan.missing)
        }
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

/// Why the files of a reply are not sent: no account can send any.
#[must_use]
pub fn files_trouble(reply: &QuickReply) -> Option<String> {
    if reply.files.is_empty() {
        return None;
    }
    let list = reply.files.join(", ");
    let it = if reply.files.len() == 1 { "a file" } else { "files" };
    Some(format!("/{} has {it} ({list}), and this account cannot send files", reply.shortcut))
}

fn send(
    mut planned: Planned,
    template: &str,
    target: &Target,
    given: &Given,
    missing: &mut Vec<String>,
) -> Planned {
    if !target.window_open {
        planned.trouble = Some("the window is closed: only a template can be sent".into());
        return planned;
    }
    match target.vars.fill(template, given) {
        Filled::Text(text) => {
            let content = Outgoing::text(text.trim_end());
            match content.check() {
                Ok(()) => {
                    let to = Recipient::Thread { thread: target.thread };
                    planned.request =
                        Some(Request::Send { account: None, to, content, quote: None, at: None });
                }
                Err(e) => planned.trouble = Some(e.to_string()),
            }
        }
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
