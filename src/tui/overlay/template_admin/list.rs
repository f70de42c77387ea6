//! Which templates are shown: grouped by name, filtered, searched; and which one is under the cursor.

use super::state;
use crate::model::template::is_sample;
use crate::protocol::templates::TemplateRow;
use crate::text;
use crate::tui::overlay::frame::{Needle, Selection};

/// All languages of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub name: String,
    /// Places in the whole list.
    pub rows: Vec<usize>,
}

/// What is shown of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub status: Option<String>,
    pub category: Option<String>,
    pub language: Option<String>,
    pub problems: bool,
    pub samples: bool,
    pub words: String,
}

impl Filter {
    fn wants(&self, row: &TemplateRow) -> bool {
        let t = &row.template;
        let is =
            |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|w| w.eq_ignore_ascii_case(has));
        is(&self.status, &t.status)
            && is(&self.category, &t.category)
            && is(&self.language, &t.language)
            && (!self.problems || state::is_problem(row))
            && (self.samples || !is_sample(&t.name))
    }

    /// In words; empty when everything is shown.
    pub fn says(&self) -> String {
        let mut out: Vec<String> = Vec::new();
        if let Some(s) = &self.status {
            out.push(s.to_lowercase());
        }
        if let Some(c) = &self.category {
            out.push(state::short_category(c));
        }
        if let Some(l) = &self.language {
            out.push(l.clone());
        }
        if self.problems {
            out.push("problems".into());
        }
        out.join(" · ")
    }
}

/// The list.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub rows: Vec<TemplateRow>,
    pub groups: Vec<Group>,
    pub filter: Filter,
    pub selection: Selection,
    /// The language under the cursor, as long as a group has it.
    pub language: String,
}

impl List {
    /// Other templates; the cursor stays where it was.
    pub fn replace(&mut self, rows: Vec<TemplateRow>) {
        let here = self.current().map(|r| (r.template.name.clone(), r.template.language.clone()));
        self.rows = rows;
        self.refilter();
        if let Some((name, language)) = here {
            self.go_to(&name, &language);
        }
    }

    /// All languages of a name were read anew.
    pub fn merge(&mut self, name: &str, rows: Vec<TemplateRow>) {
        let mut all: Vec<TemplateRow> =
            self.rows.iter().filter(|r| r.template.name != name).cloned().collect();
        all.extend(rows);
        all.sort_by(|a, b| {
            (&a.template.name, &a.template.language).cmp(&(&b.template.name, &b.template.language))
        });
        self.replace(all);
    }

    /// Puts the cursor on one.
    pub fn go_to(&mut self, name: &str, language: &str) {
        if let Some(at) = self.groups.iter().position(|g| g.name == name) {
            self.selection.set(at);
            language.clone_into(&mut self.language);
        } else {
            let last = self.groups.len().saturating_sub(1);
            self.selection.set(self.selection.at.min(last));
        }
    }

    /// Groups what the filter lets through.
    pub fn refilter(&mut self) {
        let needle = Needle::words(&self.filter.words);
        let fuzzy = Needle::fuzzy(&self.filter.words);
        let mut groups: Vec<(u32, Group)> = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            let t = &row.template;
            if !self.filter.wants(row) {
                continue;
            }
            let name = text::sanitize(&t.name);
            let hay = format!("{} {} {} {}", t.language, t.category, t.status, text::sanitize(&t.body));
            let Some(score) = fuzzy.score(&name).map(|s| s + 1_000).or_else(|| needle.score(&hay)) else {
                continue;
            };
            match groups.iter_mut().find(|(_, g)| g.name == t.name) {
                Some((best, g)) => {
                    *best = score.max(*best);
                    g.rows.push(i);
                }
                None => groups.push((score, Group { name: t.name.clone(), rows: vec![i] })),
            }
        }
        if !needle.is_empty() {
            groups.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        self.groups = groups.into_iter().map(|(_, g)| g).collect();
        let last = self.groups.len().saturating_sub(1);
        self.selection.set(self.selection.at.min(last));
    }

    /// The group under the cursor.
    pub fn group(&self) -> Option<&Group> {
        self.groups.get(self.selection.at)
    }

    /// Which of a group's rows is meant: the language that was chosen, else the first.
    pub fn row_of<'a>(&'a self, group: &Group) -> Option<&'a TemplateRow> {
        let all = || group.rows.iter().filter_map(|i| self.rows.get(*i));
        all().find(|r| r.template.language == self.language).or_else(|| all().next())
    }

    /// The template under the cursor.
    pub fn current(&self) -> Option<&TemplateRow> {
        self.row_of(self.group()?)
    }

    /// The next or previous language of the group under the cursor.
    pub fn turn(&mut self, forward: bool) {
        let Some(group) = self.group() else { return };
        let all: Vec<&str> = group
            .rows
            .iter()
            .filter_map(|i| self.rows.get(*i))
            .map(|r| r.template.language.as_str())
            .collect();
        let now = self.current().map(|r| r.template.language.as_str()).unwrap_or_default();
        let n = all.len();
        let Some(at) = all.iter().position(|l| *l == now) else { return };
        let next = if forward { at + 1 } else { at + n - 1 } % n;
        self.language = all[next].to_owned();
    }

    /// Samples that are not shown.
    pub fn hidden(&self) -> usize {
        let samples = self.rows.iter().filter(|r| is_sample(&r.template.name));
        if self.filter.samples { 0 } else { samples.count() }
    }

    /// Values that a column has, in order, each once.
    fn values(&self, of: impl Fn(&TemplateRow) -> &str) -> Vec<String> {
        let mut all: Vec<String> =
            self.rows.iter().map(|r| of(r).to_owned()).filter(|v| !v.is_empty()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn next(all: &[String], now: Option<&String>) -> Option<String> {
        match now {
            None => all.first().cloned(),
            Some(now) => all.iter().position(|v| v == now).and_then(|at| all.get(at + 1)).cloned(),
        }
    }

    /// The next status, category or language that there is; after the last one all are shown.
    pub fn cycle(&mut self, column: char) {
        match column {
            'f' => {
                self.filter.status =
                    Self::next(&self.values(|r| &r.template.status), self.filter.status.as_ref());
            }
            'c' => {
                self.filter.category =
                    Self::next(&self.values(|r| &r.template.category), self.filter.category.as_ref());
            }
            _ => {
                self.filter.language =
                    Self::next(&self.values(|r| &r.template.language), self.filter.language.as_ref());
            }
        }
        self.refilter();
    }
}
