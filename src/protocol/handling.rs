//! Views, labels and what operators do with threads, on the wire.

use crate::model::handling::Label;
use crate::model::thread::ThreadFilter;
use serde::{Deserialize, Serialize};

/// Before the name of a view in the key of a preference.
pub const VIEW_KEY: &str = "view/";
/// Longest name of a saved view, in characters.
pub const VIEW_NAME_MAX: usize = 24;

/// What came of an act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// Threads it was done to.
    pub done: u32,
    /// Threads that were left as they are: they are gone, or cannot sleep until then.
    pub left: u32,
}

/// A label and how many threads have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRow {
    /// The label.
    #[serde(flatten)]
    pub label: Label,
    /// Threads with it.
    pub threads: u32,
}

/// How many threads each view has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewCounts {
    /// By view.
    pub counts: Vec<(ThreadFilter, u32)>,
    /// Of [`ThreadFilter::Window`]: unanswered ones whose window closes before the day ends.
    #[serde(default)]
    pub closing: u32,
}

impl ViewCounts {
    /// The number of a view, where it is known.
    #[must_use]
    pub fn of(&self, filter: ThreadFilter) -> Option<u32> {
        self.counts.iter().find(|(f, _)| *f == filter).map(|(_, n)| *n)
    }
}

/// A view that an operator has saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
}

impl SavedView {
    /// From a preference, if it is one.
    #[must_use]
    pub fn of(p: &super::preferences::Preference) -> Option<Self> {
        let name = p.key.strip_prefix(VIEW_KEY)?;
        (!p.value.is_empty()).then(|| Self { name: name.into(), filter: p.value.clone() })
    }

    /// The preference that keeps it, or removes it where the filter is empty.
    #[must_use]
    pub fn preference(&self) -> super::preferences::Preference {
        super::preferences::Preference { key: format!("{VIEW_KEY}{}", self.name), value: self.filter.clone() }
    }

    /// Checks the name.
    ///
    /// # Errors
    /// When it cannot be typed as one word, or is the name of a view that is always there.
    pub fn check(&self) -> Result<(), crate::model::outgoing::FieldProblem> {
        use crate::model::outgoing::FieldProblem;
        let n = self.name.chars().count();
        if n == 0 || n > VIEW_NAME_MAX {
            return Err(FieldProblem::new("name", format!("has to have 1 to {VIEW_NAME_MAX} characters")));
        }
        if self.name.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ':' | '"' | '/')) {
            return Err(FieldProblem::new("name", "is one word without `:`, `/` and quotes"));
        }
        if ThreadFilter::named(&self.name).is_some() {
            return Err(FieldProblem::new(
                "name",
                format!("`{}` is always there; choose another", self.name),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_view_is_a_preference_and_back() {
        let view = SavedView { name: "vips".into(), filter: "label:vip state:open".into() };
        assert_eq!(SavedView::of(&view.preference()), Some(view.clone()));
        assert!(view.check().is_ok());
        for bad in ["", "a b", "inbox", "a:b", "a/b", &"x".repeat(25)] {
            assert!(SavedView { name: bad.into(), ..view.clone() }.check().is_err(), "{bad}");
        }
    }
}
