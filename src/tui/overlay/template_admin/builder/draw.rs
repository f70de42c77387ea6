//! How the builder looks: rows with what is wrong under them, counters, and the phone beside them.

use super::parts::{self, Control, Item};
use super::{Builder, Purpose, SUBMIT, State};
use crate::model::template::lint::{self, Counter, Finding, Severity};
use crate::text;
use crate::tui::overlay::field::Field;
use crate::tui::overlay::template_admin::{languages, preview};
use crate::tui::overlay::template_preview;
use crate::tui::overlay::{Hint, frame};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Columns of the names of rows.
const LABEL: u16 = 15;
/// From so many columns on the phone stands beside the form.
const BESIDE: u16 = 96;

struct Row<'a> {
    item: Option<&'a Item>,
    finding: Option<&'a Finding>,
    height: u16,
}

fn style(f: &Finding, theme: &Theme) -> Style {
    if f.severity == Severity::Error { theme.bad } else { theme.warn }
}

fn says(f: &Finding) -> String {
    let mark = if f.severity == Severity::Error { "✗" } else { "!" };
    format!("{mark} {} · {}", f.problem, f.advice)
}

impl Builder {
    fn title(&self) -> String {
        let name = text::sanitize(&self.d.name);
        match &self.purpose {
            Purpose::New if name.is_empty() => "New template".into(),
            Purpose::New => format!("New template {} ({})", text::truncate(&name, 40), self.d.language),
            Purpose::Edit { .. } => format!("{} ({})", text::truncate(&name, 40), self.d.language),
        }
    }

    /// What is to be known before it is changed.
    fn notice(&self) -> &'static str {
        match &self.purpose {
            Purpose::New => "",
            Purpose::Edit { status } if status.eq_ignore_ascii_case("APPROVED") => {
                "Approved: may be changed once in 24 hours and 10 times in 30 days; it may be reviewed anew."
            }
            Purpose::Edit { .. } => "Handing it in again begins a new review.",
        }
    }

    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let beside = area.width >= BESIDE + 4;
        let width = if beside { 150 } else { 100 };
        let inner = frame::open(area, width, area.height, &self.title(), "", buf, theme)?;
        if let Some(doc) = &self.document {
            return doc.draw(inner, buf, theme);
        }
        if let Some(list) = &self.languages {
            let room = Rect { height: inner.height.saturating_sub(1), ..inner };
            let cursor = list.draw(room, "language or code", "", buf, theme);
            let line = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
            frame::keys(buf, line, &[("Enter", "choose"), ("Esc", "back")], theme);
            return Some(cursor);
        }
        let foot = Rect::new(inner.x, inner.bottom().saturating_sub(2), inner.width, 2);
        let mut body = Rect { height: inner.height.saturating_sub(2), ..inner };
        let notice = self.notice();
        if !notice.is_empty() {
            let rows = frame::paragraph(buf, Rect { height: 2, ..body }, notice, theme.warn);
            body = Rect { y: body.y + rows, height: body.height.saturating_sub(rows), ..body };
        }
        let mut cursor = None;
        if self.preview && !beside {
            self.draw_phone(body, buf, theme);
        } else {
            let phone = template_preview::WIDTH;
            let form = if beside { Rect { width: body.width - phone - 3, ..body } } else { body };
            cursor = self.draw_form(form, buf, theme);
            if beside {
                frame::bar(buf, form.right() + 1, body.y..body.bottom(), theme);
                self.draw_phone(Rect { x: form.right() + 3, width: phone, ..body }, buf, theme);
            }
        }
        self.draw_foot(foot, buf, theme);
        cursor.filter(|_| self.state == State::Editing)
    }

    fn draw_phone(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let focus = match self.focus.as_str() {
            f if f.contains(".example.") => f.replace(".example.", "."),
            f if f.starts_with("button.") => {
                f.rsplit_once('.').map(|(b, _)| b.to_owned()).unwrap_or_default()
            }
            _ => String::new(),
        };
        preview::draw(buf, area, &self.definition(), &focus, theme);
    }

    fn draw_form(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let items = self.items();
        let findings = self.findings();
        let counters = lint::counters(&self.d);
        let at = |i: usize| {
            let mut here = findings.iter().filter(|f| parts::place(&items, &f.field) == i);
            let first = here.next()?;
            let shown = self.tried || self.touched.contains(&items[i].key) || !lint_is_empty(first);
            shown.then_some(first)
        };
        let tall = self.tall_rows(area, &items);
        let mut rows: Vec<Row> = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let finding = at(i);
            let own = if item.control == Control::Tall { tall } else { 1 };
            rows.push(Row { item: Some(item), finding, height: own + u16::from(finding.is_some()) });
        }
        rows.push(Row { item: None, finding: None, height: 1 });
        let focus = items.iter().position(|i| i.key == self.focus).unwrap_or(items.len());
        let first = self.window(&rows, focus, area.height);
        let (mut y, mut cursor) = (area.y, None);
        let mut last = first;
        for (i, row) in rows.iter().enumerate().skip(first) {
            if y + row.height > area.bottom() && i > focus {
                break;
            }
            let room = Rect::new(area.x, y, area.width, row.height.min(area.bottom().saturating_sub(y)));
            let place = self.draw_row(room, row, &counters, buf, theme);
            if i == focus {
                cursor = place;
            }
            y += row.height;
            last = i;
        }
        if first > 0 {
            frame::put(buf, area.x + LABEL - 2, area.y, 1, "↑", theme.key);
        }
        if last + 1 < rows.len() {
            frame::put(buf, area.x + LABEL - 2, area.bottom() - 1, 1, "↓", theme.key);
        }
        cursor
    }

    /// Rows of the body: as many as it needs, within reason.
    fn tall_rows(&self, area: Rect, items: &[Item]) -> u16 {
        let wide = usize::from(area.width.saturating_sub(LABEL + 1).max(8));
        let lines = text::wrap(&self.d.body.text, wide).len() as u16;
        // What the other rows leave, where everything fits.
        let left = area.height.saturating_sub(items.len() as u16 + 2);
        lines.max(3).min(left.max(area.height / 3).max(3))
    }

    /// The first row to be shown, so that the one with the cursor is whole.
    fn window(&self, rows: &[Row], focus: usize, height: u16) -> usize {
        let sum = |from: usize, to: usize| rows[from..=to].iter().map(|r| r.height).sum::<u16>();
        let total: u16 = rows.iter().map(|r| r.height).sum();
        let focus = focus.min(rows.len() - 1);
        let mut first = if total <= height { 0 } else { self.first.get().min(focus) };
        // One more row is seen below, where there is one.
        let below = (focus + 1).min(rows.len() - 1);
        while first < focus && sum(first, below) > height {
            first += 1;
        }
        self.first.set(first);
        first
    }

    fn draw_row(
        &self,
        area: Rect,
        row: &Row,
        counters: &[Counter],
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Option<Position> {
        if area.height == 0 {
            return None;
        }
        let Some(item) = row.item else {
            let caption = if self.purpose == Purpose::New { "Hand in for review" } else { "Hand in again" };
            frame::button(buf, area.x, area.y, caption, self.focus == SUBMIT, theme);
            return None;
        };
        let focused = item.key == self.focus;
        let wrong = row.finding.map(|f| style(f, theme));
        let label = match (wrong, focused) {
            (_, true) => theme.strong,
            (Some(style), false) => style,
            (None, false) if item.begins => theme.text,
            (None, false) => theme.dim,
        };
        frame::put(buf, area.x, area.y, LABEL - 2, &item.label, label);
        let counter = counters.iter().find(|c| c.field == item.key);
        let count = counter.map(|c| format!("{}/{}", c.used, c.limit)).unwrap_or_default();
        let taken = text::width(&count) as u16;
        if let Some(c) = counter {
            let style = match c.used {
                n if n > c.limit => theme.bad,
                n if n * 10 >= c.limit * 9 => theme.warn,
                _ => theme.dim,
            };
            frame::put_right(buf, area.right(), area.y, taken, &count, style);
        }
        let x = area.x + LABEL;
        let own = area.height.saturating_sub(u16::from(row.finding.is_some())).max(1);
        let width = area.right().saturating_sub(x + if taken > 0 { taken + 1 } else { 0 }).max(4);
        let room = Rect::new(x, area.y, width, own);
        let cursor = self.draw_control(room, item, focused, buf, theme);
        if let Some(f) = row.finding
            && area.height > own
        {
            let y = area.y + own;
            frame::put(buf, x, y, area.right().saturating_sub(x), &says(f), style(f, theme));
        }
        cursor.filter(|_| focused)
    }

    fn draw_control(
        &self,
        room: Rect,
        item: &Item,
        focused: bool,
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Option<Position> {
        let value = parts::value(&self.d, &item.key);
        let bright = if focused { theme.focus } else { theme.text };
        match &item.control {
            Control::Text | Control::Tall => {
                if item.control == Control::Tall {
                    for y in room.y..room.bottom() {
                        let edge = if focused { theme.focus } else { theme.border };
                        frame::glyph(buf, room.x.saturating_sub(1), y, "▏", edge);
                    }
                }
                if focused {
                    return Some(self.field.draw(room, buf, theme.text, &item.hint, theme));
                }
                let tall = item.control == Control::Tall;
                let shown = if tall { Field::lines(super::FIELD_MAX) } else { Field::line(super::FIELD_MAX) };
                if tall {
                    // From its beginning: the cursor is elsewhere.
                    if value.is_empty() {
                        frame::put(buf, room.x, room.y, room.width, &item.hint, theme.dim);
                    } else {
                        frame::paragraph(buf, room, &value, theme.text);
                    }
                } else if value.is_empty() {
                    shown.draw(room, buf, theme.text, &item.hint, theme);
                } else {
                    frame::put(buf, room.x, room.y, room.width, &value, theme.text);
                }
            }
            Control::Choice(all) => {
                let named = all.iter().find(|(v, _)| *v == value).map(|(_, n)| n.clone());
                let shown = named.unwrap_or_else(|| if value.is_empty() { "choose".into() } else { value });
                frame::put(buf, room.x, room.y, room.width, &format!("‹ {shown} ›"), bright);
            }
            Control::Press if item.key == "language" => {
                let name = languages::name(&value);
                let shown = match (value.is_empty(), name.is_empty()) {
                    (true, _) => "‹ choose ›".to_owned(),
                    (false, true) => format!("‹ {value} ›"),
                    (false, false) => format!("‹ {value} · {name} ›"),
                };
                frame::put(buf, room.x, room.y, room.width, &shown, bright);
            }
            Control::Press => {
                frame::button(buf, room.x, room.y, "Add a button", focused, theme);
            }
            Control::Fixed => {
                let (shown, why) = match item.key.as_str() {
                    "format" => {
                        let words = if value == "NAMED" { "named" } else { "numbered" };
                        (words.to_owned(), "stays")
                    }
                    "others" => (value, "F3 changes them as JSON"),
                    "language" => (format!("{value} · {}", languages::name(&value)), "stays"),
                    _ => (value, "stays"),
                };
                let x = frame::put(buf, room.x, room.y, room.width, &shown, theme.dim);
                frame::put(buf, x + 2, room.y, room.right().saturating_sub(x + 2), why, theme.dim);
            }
        }
        None
    }

    fn draw_foot(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let top = Rect { height: 1, ..area };
        let line = Rect { y: area.y + 1, height: 1, ..area };
        let findings = self.findings();
        let ask = |buf: &mut Buffer, say: &str, list: &[(&str, &str)]| {
            frame::put(buf, top.x, top.y, top.width, say, theme.warn);
            frame::keys(buf, line, list, theme);
        };
        match self.state {
            State::Leaving => {
                let keys = [("k", "keep it for later"), ("y", "throw away"), ("other key", "go on")];
                return ask(buf, "Leave what you have written?", &keys);
            }
            State::Warned => {
                let n = findings.len();
                let first =
                    findings.first().map(|f| format!("{}: {}", f.field, f.problem)).unwrap_or_default();
                let more = if n > 1 { format!(" (and {} more)", n - 1) } else { String::new() };
                return ask(
                    buf,
                    &format!("Hand it in all the same? {first}{more}"),
                    &[("y", "hand it in"), ("other key", "go on")],
                );
            }
            State::Sending => {
                frame::put(buf, top.x, top.y, top.width, "Handing in…", theme.dim);
                return;
            }
            State::Uploading => {
                frame::put(buf, top.x, top.y, top.width, "Handing the sample over…", theme.dim);
                return;
            }
            State::Editing => {}
        }
        if let Some(p) = &self.refused {
            frame::problem(buf, top, p, theme);
        } else if let Some(f) = findings.iter().find(|f| f.severity == Severity::Error).or(findings.first()) {
            let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
            let warnings = findings.len() - errors;
            let plural = |n: usize, word: &str| match n {
                0 => None,
                1 => Some(format!("1 {word}")),
                n => Some(format!("{n} {word}s")),
            };
            let count: Vec<String> =
                [plural(errors, "error"), plural(warnings, "warning")].into_iter().flatten().collect();
            let say = format!("{} · {}: {}", count.join(", "), f.field, f.problem);
            frame::put(buf, top.x, top.y, top.width, &say, style(f, theme));
        } else {
            frame::put(buf, top.x, top.y, top.width, "✓ no rule is broken", theme.good);
        }
        let mut list: Vec<(&str, &str)> = vec![("F10", "hand in")];
        if !findings.is_empty() {
            list.push(("F6", "next problem"));
        }
        match self.item().map(|i| i.control) {
            Some(Control::Choice(_)) => list.push(("←→", "change")),
            _ if matches!(self.focus.as_str(), "body.text" | "header.text")
                || self.focus.ends_with(".target") =>
            {
                list.push(("F5", "variable"));
            }
            _ => {}
        }
        list.extend([("F2", "add button"), ("F4", "take out")]);
        if self.button_here().is_some() {
            list.push(("Ctrl+↑↓", "move"));
        }
        list.push(("F3", "JSON"));
        frame::keys(buf, line, &list, theme);
    }

    /// Keys for the hint line.
    pub fn hints(&self) -> Vec<Hint> {
        if self.document.is_some() {
            return vec![Hint::new("F10", "take it"), Hint::new("F3", "editor"), Hint::new("Esc", "give up")];
        }
        if self.languages.is_some() {
            return vec![Hint::new("Enter", "choose"), Hint::new("Esc", "back")];
        }
        match self.state {
            State::Leaving => {
                vec![Hint::new("k", "keep"), Hint::new("y", "throw away"), Hint::new("other key", "go on")]
            }
            State::Warned => vec![Hint::new("y", "hand in"), Hint::new("other key", "go on")],
            State::Sending | State::Uploading => vec![Hint::new("Esc", "do not wait")],
            State::Editing => vec![
                Hint::new("Tab", "next row"),
                Hint::new("F7", if self.preview { "the form" } else { "phone" }),
                Hint::new("Esc", "leave"),
            ],
        }
    }
}

/// Whether a finding only says that nothing is written yet: said when the row was left, not before.
fn lint_is_empty(f: &Finding) -> bool {
    f.rule.ends_with(".required")
        || f.problem.ends_with("is missing")
        || f.rule == "variables.example"
        || f.rule == "header.sample"
}
