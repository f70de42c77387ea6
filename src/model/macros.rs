//! Macros: several commands under one name, for one key.
//!
//! A step is a line of text that people write (`reply thanks`, `mark read`): in the form, in a file, in the store. A
//! line that this version does not know is kept as it is, and refused when it is saved or run.

use super::handling::Priority;
use super::ids::MacroId;
use super::outgoing::{FieldProblem, NOTE_MAX, TEXT_MAX};
use super::quick_reply::check_name;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most steps a macro may have.
pub const STEPS_MAX: usize = 20;
/// Longest description, in characters.
const ABOUT_MAX: usize = 120;

/// Several commands under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Macro {
    /// Stable id.
    pub id: MacroId,
    /// One word: what is typed, and what a key names.
    pub name: String,
    /// What it is for, in one line; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What it does, in this order.
    pub steps: Vec<MacroStep>,
    /// Whose it is; `None` = everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Times it was run.
    #[serde(default)]
    pub used: u64,
    /// Last change.
    #[serde(default)]
    pub updated_at: Millis,
}

/// One thing a macro does with a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum MacroStep {
    /// Send the quick reply with this shortcut.
    Reply(String),
    /// Send this text, variables filled in.
    Text(String),
    /// Write this note, variables filled in; it never leaves.
    Note(String),
    /// Put the label of this name on.
    Label(String),
    /// Take the label of this name off.
    Unlabel(String),
    /// Give the thread to an operator: a name, `me` or `nobody`.
    Assign(String),
    /// Nothing is left to do.
    Resolve,
    /// Something is to be done again.
    Reopen,
    /// Not now: a time as it is written, `until reply` or `before window`.
    Snooze(String),
    /// How pressing it is.
    Priority(Priority),
    /// Mark the thread read.
    Read,
    /// Mark the thread unread.
    Unread,
    /// No notifications for the thread.
    Mute,
    /// Notifications for the thread again.
    Unmute,
    /// Open the next thread with unread messages; only at the end.
    Next,
    /// A line that is no step here.
    Unknown(String),
}

/// How the steps are written, and what they do: for forms, help and mistakes.
pub const STEP_FORMS: &[(&str, &str)] = &[
    ("reply SHORTCUT", "send a quick reply"),
    ("text WORDS", "send a text; \\n is a new line"),
    ("note WORDS", "write a note; it never leaves"),
    ("label NAME", "put a label on"),
    ("unlabel NAME", "take a label off"),
    ("assign NAME", "give it to an operator: a name, me or nobody"),
    ("priority LEVEL", "low, normal, high or urgent"),
    ("resolve", "nothing is left to do"),
    ("reopen", "something is to be done again"),
    ("snooze TIME", "2h, tomorrow 9:00, until reply, before window"),
    ("mark read", "mark the thread read"),
    ("mark unread", "mark the thread unread"),
    ("mute", "no notifications for the thread"),
    ("unmute", "notifications again"),
    ("open next", "open the next unread thread; the last step"),
];

impl MacroStep {
    /// Reads a line; else what is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let with = |step: fn(String) -> Self, what: &str| match rest {
            "" => Err(format!("`{word}` needs {what}")),
            rest => Ok(step(rest.to_owned())),
        };
        let alone = |step: Self| match rest {
            "" => Ok(step),
            _ => Err(format!("nothing may follow `{word}`")),
        };
        match word {
            "reply" => with(Self::Reply, "the shortcut of a quick reply").map(|step| match step {
                Self::Reply(s) => Self::Reply(s.trim_start_matches('/').to_owned()),
                other => other,
            }),
            "text" => with(|s| Self::Text(unescape(&s)), "words to send"),
            "note" => with(|s| Self::Note(unescape(&s)), "words"),
            "label" => with(Self::Label, "the name of a label"),
            "unlabel" => with(Self::Unlabel, "the name of a label"),
            "assign" => with(Self::Assign, "a name, `me` or `nobody`"),
            "snooze" => with(Self::Snooze, "a time, `until reply` or `before window`"),
            "priority" => Priority::parse(rest).map(Self::Priority).ok_or_else(|| {
                let known: Vec<&str> = Priority::ALL.iter().map(|p| p.as_str()).collect();
                format!("`priority` needs one of {}", known.join(", "))
            }),
            "resolve" => alone(Self::Resolve),
            "reopen" => alone(Self::Reopen),
            "mark" => match rest {
                "read" => Ok(Self::Read),
                "unread" => Ok(Self::Unread),
                _ => Err("`mark` needs `read` or `unread`".into()),
            },
            "mute" => alone(Self::Mute),
            "unmute" => alone(Self::Unmute),
            "open" if rest == "next" => Ok(Self::Next),
            "open" => Err("`open` needs `next`".into()),
            _ => {
                let known: Vec<&str> = STEP_FORMS.iter().map(|(form, _)| *form).collect();
                Err(format!("is no step; known: {}", known.join(", ")))
            }
        }
    }

    /// The text in it that is filled in, if there is one.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Note(text) => Some(text),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Unknown(line) => Self::parse(line).map(|_| ()),
            Self::Reply(s) => check_name("the shortcut", s).map_err(|e| e.to_string()),
            Self::Text(s) => match s.chars().count() {
                n if n > TEXT_MAX => Err(format!("the text has {n} characters, {TEXT_MAX} are allowed")),
                _ => Ok(()),
            },
            Self::Note(s) if s.chars().count() > NOTE_MAX => {
                Err(format!("the note is longer than {NOTE_MAX} characters"))
            }
            _ => Ok(()),
        }
    }
}

/// Line breaks and backslashes in one line.
fn escape(s: &str) -> String {
    s.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut chars = s.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}

impl fmt::Display for MacroStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(shortcut) => write!(f, "reply {shortcut}"),
            Self::Text(text) => write!(f, "text {}", escape(text)),
            Self::Note(text) => write!(f, "note {}", escape(text)),
            Self::Label(name) => write!(f, "label {name}"),
            Self::Unlabel(name) => write!(f, "unlabel {name}"),
            Self::Assign(to) => write!(f, "assign {to}"),
            Self::Snooze(until) => write!(f, "snooze {until}"),
            Self::Priority(p) => write!(f, "priority {}", p.as_str()),
            Self::Resolve => f.write_str("resolve"),
            Self::Reopen => f.write_str("reopen"),
            Self::Read => f.write_str("mark read"),
            Self::Unread => f.write_str("mark unread"),
            Self::Mute => f.write_str("mute"),
            Self::Unmute => f.write_str("unmute"),
            Self::Next => f.write_str("open next"),
            Self::Unknown(line) => f.write_str(line),
        }
    }
}

impl From<String> for MacroStep {
    fn from(line: String) -> Self {
        Self::parse(&line).unwrap_or(Self::Unknown(line))
    }
}

impl From<MacroStep> for String {
    fn from(step: MacroStep) -> Self {
        step.to_string()
    }
}

impl Macro {
    /// Checks every field; the name's uniqueness is the store's to check. A step at fault is named `steps.N`,
    /// counted from one.
    pub fn check(&self) -> Result<(), FieldProblem> {
        check_name("name", &self.name)?;
        if self.about.chars().count() > ABOUT_MAX || self.about.chars().any(char::is_control) {
            return Err(FieldProblem::new("about", format!("is one line of at most {ABOUT_MAX} characters")));
        }
        if self.steps.is_empty() {
            return Err(FieldProblem::new("steps", "are missing"));
        }
        if self.steps.len() > STEPS_MAX {
            let n = self.steps.len();
            return Err(FieldProblem::new("steps", format!("are {n}, {STEPS_MAX} are allowed")));
        }
        for (i, step) in self.steps.iter().enumerate() {
            let at = |why: String| FieldProblem::new(format!("steps.{}", i + 1), why);
            step.check().map_err(at)?;
            if *step == MacroStep::Next && i + 1 < self.steps.len() {
                return Err(at("`open next` can only be the last step".into()));
            }
        }
        Ok(())
    }

    /// Whether it sends something to the customer.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.steps.iter().any(|s| matches!(s, MacroStep::Reply(_) | MacroStep::Text(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lines: &[&str]) -> Macro {
        let steps = lines.iter().map(|l| MacroStep::from((*l).to_owned())).collect();
        Macro { name: "thank-and-close".into(), steps, ..Macro::default() }
    }

    #[test]
    fn steps_are_lines_of_text() {
        for (form, _) in STEP_FORMS {
            let line = form
                .replace("SHORTCUT", "thanks")
                .replace("WORDS", "Hi {{ contact.name }}!")
                .replace("NAME", "big customer")
                .replace("LEVEL", "urgent")
                .replace("TIME", "tomorrow 9:00");
            let step = MacroStep::parse(&line).unwrap_or_else(|e| panic!("{form}: {e}"));
            assert_eq!(step.to_string(), line);
        }
        assert_eq!(MacroStep::parse("reply /thanks"), Ok(MacroStep::Reply("thanks".into())));
        assert_eq!(MacroStep::parse("text a\\nb\\\\n"), Ok(MacroStep::Text("a\nb\\n".into())));
        for wrong in [
            "",
            "reply",
            "mark",
            "mark me",
            "mute it",
            "open",
            "dance",
            "label",
            "priority now",
            "resolve it",
            "snooze",
        ] {
            assert!(MacroStep::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_that_is_no_step_is_kept_and_refused() {
        let m = of(&["mute", "dance slowly"]);
        let json = serde_json::to_string(&m).unwrap();
        assert_eq!(serde_json::from_str::<Macro>(&json).unwrap(), m);
        let e = m.check().unwrap_err();
        assert_eq!(e.field, "steps.2");
        assert!(e.problem.contains("is no step"), "{e}");
    }

    #[test]
    fn a_macro_has_steps_and_opens_the_next_thread_last() {
        assert!(of(&["reply thanks", "mark read", "open next"]).check().is_ok());
        assert_eq!(of(&[]).check().unwrap_err().field, "steps");
        assert_eq!(of(&["open next", "mute"]).check().unwrap_err().field, "steps.1");
        assert_eq!(of(&["mute"; 21]).check().unwrap_err().field, "steps");
        assert_eq!(Macro { name: "two words".into(), ..of(&["mute"]) }.check().unwrap_err().field, "name");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_its_line(text in "[a-zé\\\\n\n{}% ]{1,40}") {
            let text = text.trim().to_owned();
            prop_assume!(!text.is_empty());
            let note = MacroStep::Note(text.clone());
            prop_assert_eq!(MacroStep::parse(&note.to_string()), Ok(note));
            let step = MacroStep::Text(text);
            prop_assert_eq!(MacroStep::parse(&step.to_string()), Ok(step));
        }

        #[test]
        fn any_line_is_survived(line in "\\PC{0,40}") {
            let step = MacroStep::from(line);
            let _ = step.check();
            prop_assert_eq!(MacroStep::from(step.to_string()).to_string(), step.to_string());
        }
    }
}
