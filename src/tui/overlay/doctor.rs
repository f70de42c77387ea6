//! What the doctor found: every step of the chain, failures first on request, with what to do.
//!
//! Knows checks; asks the engine again on a key.

use super::frame;
use super::{Delivery, Hint, Overlay, Step};
use crate::protocol::{Check, Problem, Request, Verdict};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::cell::Cell;
use std::fmt::Write as _;

/// Lists what the doctor found.
#[derive(Default)]
pub struct DoctorBox {
    checks: Option<Vec<Check>>,
    problem: Option<Problem>,
    /// Only what did not pass.
    bad_only: bool,
    first: usize,
    // Rows in the last frame: how far a page is and where the end is.
    rows: Cell<usize>,
    all: Cell<usize>,
}

impl DoctorBox {
    /// Empty; the findings come by [`Overlay::deliver`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn scroll(&mut self, by: isize) {
        let last = self.all.get().saturating_sub(self.rows.get());
        self.first = self.first.saturating_add_signed(by).min(last);
    }

    fn shown(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().flatten().filter(|c| !self.bad_only || c.verdict != Verdict::Pass)
    }

    fn copied(&self) -> String {
        let mut out = String::new();
        for c in self.shown() {
            let _ = writeln!(out, "{}  {}: {}", word(c.verdict), name(c), c.seen);
            if !c.fix.is_empty() {
                let _ = writeln!(out, "      do: {}", c.fix);
            }
        }
        out
    }
}

fn word(v: Verdict) -> &'static str {
    match v {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    }
}

fn name(c: &Check) -> String {
    c.account.as_ref().map_or_else(|| c.name.clone(), |a| format!("{} ({a})", c.name))
}

impl Overlay for DoctorBox {
    fn name(&self) -> &'static str {
        "doctor"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let page = self.rows.get().saturating_sub(1).max(1) as isize;
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::Home | KeyCode::Char('g') => self.first = 0,
            KeyCode::End | KeyCode::Char('G') => self.scroll(isize::MAX / 2),
            KeyCode::Char('f') => {
                self.bad_only = !self.bad_only;
                self.first = 0;
            }
            KeyCode::Char('r') if self.checks.is_some() || self.problem.is_some() => {
                self.checks = None;
                self.problem = None;
                self.first = 0;
                return vec![Step::Ask(Box::new(Request::Doctor))];
            }
            KeyCode::Char('y') if self.checks.is_some() => return vec![Step::Copy(self.copied())],
            _ => {}
        }
        Vec::new()
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Checks(list) => self.checks = Some(list),
            Delivery::Problem(p) => self.problem = Some(p),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let count = |v: Verdict| self.checks.iter().flatten().filter(|c| c.verdict == v).count();
        let right = match &self.checks {
            Some(_) => format!(
                "{} pass, {} warn, {} fail",
                count(Verdict::Pass),
                count(Verdict::Warn),
                count(Verdict::Fail)
            ),
            None => String::new(),
        };
        let inner = frame::open(area, 120, area.height, "Doctor", &right, buf, theme)?;
        let room = usize::from(inner.width.saturating_sub(6).max(1));
        let mut rows: Vec<(&str, Style, String, Style)> = Vec::new();
        for c in self.shown() {
            let color = match c.verdict {
                Verdict::Pass => theme.good,
                Verdict::Warn => theme.warn,
                Verdict::Fail => theme.bad,
            };
            let mut first = word(c.verdict);
            let parts = [
                (format!("{}: {}", name(c), c.seen), theme.text),
                (if c.fix.is_empty() { String::new() } else { format!("→ {}", c.fix) }, theme.key),
            ];
            for (part, style) in parts.into_iter().filter(|(p, _)| !p.is_empty()) {
                let safe = text::sanitize(&part);
                for range in text::wrap(&safe, room) {
                    rows.push((std::mem::take(&mut first), color, safe[range].to_owned(), style));
                }
            }
        }
        let height = usize::from(inner.height);
        self.rows.set(height);
        self.all.set(rows.len());
        let first = self.first.min(rows.len().saturating_sub(height));
        for (i, (mark, color, line, style)) in rows.iter().skip(first).take(height).enumerate() {
            let y = inner.y + i as u16;
            frame::put(buf, inner.x, y, 4, mark, *color);
            frame::put(buf, inner.x + 6, y, inner.width.saturating_sub(6), line, *style);
        }
        if let Some(p) = &self.problem {
            frame::problem(buf, inner, p, theme);
        } else if self.checks.is_none() {
            frame::put(buf, inner.x, inner.y, inner.width, "Walking the chain …", theme.dim);
        } else if rows.is_empty() {
            frame::put(buf, inner.x, inner.y, inner.width, "Every step passed.", theme.good);
        }
        let left = rows.len().saturating_sub(first + height);
        if left > 0 {
            let say = format!(" {left} more below ");
            frame::put_right(buf, inner.right(), inner.bottom(), 20, &say, theme.key);
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        if self.all.get() > self.rows.get() {
            out.push(Hint::new("Up/Down", "scroll"));
        }
        if self.checks.is_some() {
            out.push(Hint::new("f", if self.bad_only { "all" } else { "problems only" }));
            out.push(Hint::new("r", "again"));
            out.push(Hint::new("y", "copy"));
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;
    use crate::model::ids::AccountId;

    fn open(n: usize) -> DoctorBox {
        let mut o = DoctorBox::new();
        let checks = (0..n)
            .map(|i| {
                let verdict = [Verdict::Pass, Verdict::Warn, Verdict::Fail][i % 3];
                let fix = if verdict == Verdict::Pass { "" } else { "set the clock: timedatectl set-ntp true" };
                Check {
                    name: ["store.integrity", "clock", "listener.public"][i % 3].into(),
                    account: (i % 3 == 2).then(|| AccountId::new("support")),
                    verdict,
                    seen: format!("the clock is {i} s ahead of the provider's\u{1b}[2J, and this line is so long that it needs two"),
                    fix: fix.into(),
                }
            })
            .collect();
        o.deliver(Delivery::Checks(checks));
        o
    }

    #[test]
    fn it_scrolls_filters_copies_and_asks_again() {
        let mut o = open(60);
        let top = picture(&o, 80, 24);
        assert!(top.contains("20 pass, 20 warn, 20 fail") && top.contains("more below"), "{top}");
        press(&mut o, "G");
        assert!(!picture(&o, 80, 24).contains("more below"));
        press(&mut o, "f");
        assert!(!picture(&o, 80, 24).contains("pass  store"));
        let Some(Step::Copy(text)) = press(&mut o, "y").pop() else { panic!() };
        assert!(text.starts_with("warn  clock: ") && text.contains("      do: set the clock"), "{text}");
        assert_eq!(press(&mut o, "r"), vec![Step::Ask(Box::new(Request::Doctor))]);
        assert!(picture(&o, 80, 24).contains("Walking the chain"));
        assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("doctor_80x24", picture(&open(3), 80, 24));
        insta::assert_snapshot!("doctor_120x36", picture(&open(6), 120, 36));
        draw_everywhere(&open(60));
        draw_everywhere(&DoctorBox::new());
        let mut failed = DoctorBox::new();
        failed.deliver(Delivery::Problem(Problem::new("engine_gone", "the engine has stopped")));
        assert!(picture(&failed, 80, 24).contains("has stopped"));
    }
}
