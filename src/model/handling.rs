//! What operators do with a thread: its state, who has it, how pressing it is, and its labels.

use super::ids::{LabelId, ThreadId};
use super::outgoing::FieldProblem;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// Longest name of a label, in characters.
pub const LABEL_MAX: usize = 32;
/// Most labels that there may be.
pub const LABELS_MAX: usize = 500;
/// Most labels on one thread.
pub const THREAD_LABELS_MAX: usize = 20;
/// Most threads that one act names.
pub const ACT_MAX: usize = 1000;
/// A thread that sleeps for its window wakes this long before the window closes: one hour.
pub const BEFORE_WINDOW: Millis = 3_600_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $number:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word, as it is typed and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// From its word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
            }

            /// The number kept in the store.
            #[must_use]
            pub fn number(self) -> i64 {
                match self { $(Self::$variant => $number,)* }
            }

            /// From the number kept in the store.
            #[must_use]
            pub fn from_number(n: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.number() == n)
            }
        }
    };
}

words! {
    /// Whether somebody has to do something.
    State {
        /// Somebody has to.
        #[default]
        Open = "open", 0;
        /// Not now.
        Snoozed = "snoozed", 1;
        /// Nothing is left to do, until the customer writes again.
        Resolved = "resolved", 2;
    }
}

words! {
    /// How pressing it is.
    Priority {
        /// Can wait.
        Low = "low", -1;
        /// As usual.
        #[default]
        Normal = "normal", 0;
        /// Before others.
        High = "high", 1;
        /// Now.
        Urgent = "urgent", 2;
    }
}

words! {
    /// The colour of a label; a theme says which shade.
    LabelColor {
        /// Grey.
        #[default]
        Grey = "grey", 0;
        /// Red.
        Red = "red", 1;
        /// Yellow.
        Yellow = "yellow", 2;
        /// Green.
        Green = "green", 3;
        /// Cyan.
        Cyan = "cyan", 4;
        /// Blue.
        Blue = "blue", 5;
        /// Purple.
        Purple = "purple", 6;
    }
}

words! {
    /// What a snoozed thread waits for. The customer's next message wakes it in any case.
    Wait {
        /// A time.
        #[default]
        Time = "time", 0;
        /// The customer's next message and nothing else.
        Reply = "reply", 1;
        /// One hour before the window closes.
        Window = "window", 2;
    }
}

/// Until when a thread sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Snooze {
    /// What it waits for.
    pub wait: Wait,
    /// When it wakes by itself; `None` for [`Wait::Reply`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// A label with its colour.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// Stable id.
    pub id: LabelId,
    /// Its name, unique whatever the case.
    pub name: String,
    /// Its colour.
    #[serde(default)]
    pub color: LabelColor,
}

impl Label {
    /// Checks the name; that it is unique is the store's to check.
    ///
    /// # Errors
    /// When it is empty, too long, or has characters that a filter could not name.
    pub fn check(&self) -> Result<(), FieldProblem> {
        let n = self.name.chars().count();
        if self.name.trim().is_empty() {
            return Err(FieldProblem::new("name", "is empty"));
        }
        if n > LABEL_MAX {
            return Err(FieldProblem::new("name", format!("has {n} characters, {LABEL_MAX} are allowed")));
        }
        if self.name.trim() != self.name {
            return Err(FieldProblem::new("name", "begins or ends with a space"));
        }
        if self.name.chars().any(|c| c.is_control() || c == '"' || c == ',') {
            return Err(FieldProblem::new("name", "must not contain quotes, commas or line breaks"));
        }
        Ok(())
    }
}

/// The name of an operator as it was typed.
///
/// # Errors
/// When it cannot be the name of a user of the system.
pub fn operator_name(typed: &str) -> Result<String, FieldProblem> {
    let name = typed.trim();
    let n = name.chars().count();
    if name.is_empty() {
        return Err(FieldProblem::new("assignee", "is empty"));
    }
    if n > 64 || name.chars().any(|c| c.is_control() || c.is_whitespace() || c == ',' || c == '"') {
        return Err(FieldProblem::new("assignee", "is not the name of an operator: one word is expected"));
    }
    Ok(name.to_owned())
}

/// What operators have made of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// Open, snoozed or resolved.
    pub state: State,
    /// Until when, where it is snoozed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snooze: Option<Snooze>,
    /// Whether it woke by itself and nothing has come since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub woken: bool,
    /// How pressing it is.
    #[serde(default)]
    pub priority: Priority,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Its labels by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
}

/// How long somebody wants a thread to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "for")]
pub enum Nap {
    /// Until a time.
    Time {
        /// When.
        at: Millis,
    },
    /// Until the customer writes.
    Reply,
    /// Until one hour before the window closes.
    Window,
}

/// One thing that an operator does to threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Nothing is left to do.
    Resolve,
    /// Something is to be done again.
    Reopen,
    /// Not now.
    Snooze {
        /// For how long.
        nap: Nap,
    },
    /// Give it to somebody, or to nobody.
    Assign {
        /// To whom.
        to: Option<String>,
    },
    /// How pressing it is.
    Priority {
        /// The priority.
        priority: Priority,
    },
    /// Put labels on and take labels off.
    Label {
        /// These go on.
        #[serde(default)]
        add: Vec<LabelId>,
        /// These come off.
        #[serde(default)]
        remove: Vec<LabelId>,
    },
    /// Mark it read here; the customer is not told.
    Read,
    /// Mark it unread.
    Unread,
    /// The state is as it was before: what takes the other acts on it back.
    Restore {
        /// State.
        state: State,
        /// Until when, where it was snoozed.
        #[serde(default)]
        snooze: Option<Snooze>,
    },
}

impl Act {
    /// One word for the audit log.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Resolve => "thread_resolved",
            Self::Reopen => "thread_reopened",
            Self::Snooze { .. } => "thread_snoozed",
            Self::Assign { .. } => "thread_assigned",
            Self::Priority { .. } => "thread_priority",
            Self::Label { .. } => "thread_labelled",
            Self::Read => "threads_read",
            Self::Unread => "threads_unread",
            Self::Restore { .. } => "thread_restored",
        }
    }

    /// What exactly, for the audit log.
    #[must_use]
    pub fn detail(&self) -> String {
        let ids = |l: &[LabelId]| l.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match self {
            Self::Resolve | Self::Reopen | Self::Read | Self::Unread => String::new(),
            Self::Snooze { nap: Nap::Time { at } } => format!("until {at}"),
            Self::Snooze { nap: Nap::Reply } => "until reply".into(),
            Self::Snooze { nap: Nap::Window } => "before the window closes".into(),
            Self::Assign { to } => format!("to {}", to.as_deref().unwrap_or("nobody")),
            Self::Priority { priority } => priority.as_str().into(),
            Self::Label { add, remove } => format!("+{} -{}", ids(add), ids(remove)),
            Self::Restore { state, .. } => state.as_str().into(),
        }
    }

    /// What an act is about, for the audit log.
    #[must_use]
    pub fn subject(&self, threads: &[ThreadId]) -> String {
        let what = match threads {
            [one] => one.to_string(),
            many => format!("{} threads", many.len()),
        };
        format!("{what} {}", self.detail()).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_lead_back() {
        for s in State::ALL {
            assert_eq!(State::parse(s.as_str()), Some(*s));
            assert_eq!(State::from_number(s.number()), Some(*s));
        }
        for p in Priority::ALL {
            assert_eq!(Priority::parse(p.as_str()), Some(*p));
            assert_eq!(Priority::from_number(p.number()), Some(*p));
        }
        assert!(Priority::Low < Priority::Normal && Priority::High < Priority::Urgent);
        assert_eq!(Wait::from_number(9), None);
    }

    #[test]
    fn a_label_is_one_that_a_filter_can_name() {
        let label =
            |name: &str| Label { id: LabelId::new(), name: name.into(), color: LabelColor::Red }.check();
        for good in ["vip", "big customer", "Größe", "#4711", "a:b"] {
            assert!(label(good).is_ok(), "{good}");
        }
        for bad in ["", " ", " vip", "a,b", "a\"b", "a\nb", &"x".repeat(33)] {
            assert_eq!(label(bad).unwrap_err().field, "name", "{bad:?}");
        }
    }

    #[test]
    fn an_operator_is_one_word() {
        assert_eq!(operator_name(" ana ").unwrap(), "ana");
        for bad in ["", " ", "a b", "a\tb", "a,b", &"x".repeat(65)] {
            assert!(operator_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn acts_say_what_they_are_about() {
        let t = ThreadId([7; 16]);
        let act = Act::Assign { to: Some("bo".into()) };
        assert_eq!(act.subject(&[t]), format!("{t} to bo"));
        assert_eq!(Act::Resolve.subject(&[t, t]), "2 threads");
        let text = serde_json::to_string(&Act::Snooze { nap: Nap::Window }).unwrap();
        assert_eq!(serde_json::from_str::<Act>(&text).unwrap(), Act::Snooze { nap: Nap::Window });
    }
}
