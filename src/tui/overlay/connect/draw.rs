//! How it looks.

use super::super::field::Field;
use super::super::frame;
use super::ConnectBox;
use super::stages::{Input, Stage, Value};
use crate::model::account::CONNECTED;
use crate::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the names of the steps.
const NAMES: u16 = 15;

impl ConnectBox {
    pub(super) fn keys(&self) -> &'static [(&'static str, &'static str)] {
        if self.flight.is_some() {
            return &[("Esc", "leave it")];
        }
        match self.stage {
            Stage::Webhooks => &[
                ("Enter", "point them here"),
                ("h", "by hand"),
                ("y", "copy address"),
                ("Tab", "next"),
                ("Esc", "later"),
            ],
            Stage::Account => &[("Enter", "next"), ("Shift+Tab", "back"), ("Esc", "leave")],
            _ => &[("Enter", "check"), ("Tab", "next"), ("Shift+Tab", "back"), ("Esc", "later")],
        }
    }

    pub(super) fn draw_steps(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let done = Stage::ALL.into_iter().filter(|s| self.is_done(*s)).count();
        let right = match &self.detail {
            Some(d) if d.view.state == CONNECTED => "● connected".to_owned(),
            _ => format!("{done} of {} done", Stage::ALL.len()),
        };
        let inner = frame::open(area, 100, 24, "Connect a number · Meta", &right, buf, theme)?;
        let foot = inner.bottom().saturating_sub(1);
        let (mut y, mut cursor) = (inner.y, None);
        for stage in Stage::ALL {
            if y >= foot {
                break;
            }
            self.draw_name(stage, Rect::new(inner.x, y, inner.width, 1), buf, theme);
            y += 1;
            if stage != self.stage {
                continue;
            }
            let inputs = self.inputs_of(stage);
            let label = inputs.iter().map(|i| text::width(i.label)).max().unwrap_or(0) as u16 + 2;
            for (n, input) in inputs.iter().enumerate().take(usize::from(foot.saturating_sub(y))) {
                let line = Rect::new(inner.x + 4, y, inner.width.saturating_sub(4), 1);
                let at = draw_input(input, n == self.at, label, line, buf, theme);
                cursor = cursor.or(at);
                y += 1;
            }
            if stage == Stage::Webhooks && y < foot {
                let url = self.detail.as_ref().and_then(|d| d.callback.as_deref());
                let line = url.unwrap_or("no listener: start `switchboard serve`, or set public_url");
                let style = if url.is_some() { theme.link } else { theme.warn };
                frame::put(buf, inner.x + 4, y, inner.width.saturating_sub(4), line, style);
                y += 1;
            }
        }
        let room = Rect::new(inner.x, y + 1, inner.width, foot.saturating_sub(y + 2));
        if room.height > 0 && room.y < foot {
            match self.problems.get(&self.stage) {
                Some(p) => frame::problem(buf, room, p, theme),
                None if self.flight.is_some() => {
                    frame::paragraph(buf, room, "Asking the provider…", theme.warn)
                }
                None => frame::paragraph(buf, room, self.stage.about(), theme.dim),
            };
        }
        frame::keys(buf, Rect::new(inner.x, foot, inner.width, 1), self.keys(), theme);
        cursor
    }

    /// A step's mark, name and verdict.
    fn draw_name(&self, stage: Stage, line: Rect, buf: &mut Buffer, theme: &Theme) {
        let here = stage == self.stage;
        let (mark, style) = if self.flight == Some(stage) {
            ("…", theme.warn)
        } else if self.problems.contains_key(&stage) {
            ("✗", theme.bad)
        } else if self.is_done(stage) {
            ("✓", theme.good)
        } else {
            ("○", theme.dim)
        };
        frame::put(buf, line.x, line.y, 1, if here { "▌" } else { " " }, theme.focus);
        frame::put(buf, line.x + 1, line.y, 2, mark, style);
        let name = if here { theme.strong } else { theme.text };
        frame::put(buf, line.x + 3, line.y, NAMES, stage.title(), name);
        let x = line.x + 3 + NAMES;
        let room = line.right().saturating_sub(x);
        if let Some(p) = self.problems.get(&stage).filter(|_| !here) {
            frame::put(buf, x, line.y, room, &p.what, theme.bad);
        } else if self.flight != Some(stage) {
            frame::put(buf, x, line.y, room, &self.verdict(stage), theme.dim);
        }
    }

    fn verdict(&self, stage: Stage) -> String {
        let Some(d) = &self.detail else { return String::new() };
        match stage.step() {
            None => {
                let spec = &d.view.spec;
                format!("{} · {} · {}", spec.id, text::sanitize(&spec.name), spec.environment)
            }
            Some(step) => d.setup.steps.get(step.word()).map(|s| s.text.clone()).unwrap_or_default(),
        }
    }
}

fn draw_input(
    input: &Input,
    focused: bool,
    label: u16,
    line: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) -> Option<Position> {
    let style = if focused { theme.strong } else { theme.dim };
    frame::put(buf, line.x, line.y, label, input.label, style);
    let x = line.x + label;
    let room = Rect::new(x, line.y, line.right().saturating_sub(x), 1);
    match &input.value {
        Value::Text(field) => {
            let at = field.draw(room, buf, theme.text, input.hint, theme);
            focused.then_some(at)
        }
        Value::Secret(field) => {
            // How long it is says little; that something was pasted says much.
            let n = field.text().chars().count().min(24);
            let at = Field::line(100).with(&"•".repeat(n)).draw(room, buf, theme.text, input.hint, theme);
            focused.then_some(at)
        }
        Value::Choice(..) => {
            let style = if focused { theme.focus } else { theme.text };
            frame::put(buf, x, line.y, room.width, &format!("‹ {} ›", input.text()), style);
            None
        }
    }
}
