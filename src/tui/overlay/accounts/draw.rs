//! How the list of accounts and everything about one look.

use super::super::frame::{self, Rich};
use super::admin::{AccountBox, Mode};
use super::forms;
use crate::model::account::{CONNECTED, DISCONNECTED};
use crate::protocol::AccountView;
use crate::protocol::account_facts::{
    Standing, Tone, facts, is_development, name, number, state_line, steps,
};
use crate::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// From this many cells on the details stand beside the list.
const WIDE: u16 = 110;
/// Rows of the details under the list.
const UNDER: u16 = 7;
/// Cells of the provider in the list, with the gap after it.
const PROVIDER: u16 = 10;
/// Cells of what a line is about.
const LABEL: u16 = 14;

/// How loud something looks.
pub(super) fn tone(tone: Tone, theme: &Theme) -> Style {
    match tone {
        Tone::Plain => theme.text,
        Tone::Dim => theme.dim,
        Tone::Good => theme.good,
        Tone::Warn => theme.warn,
        Tone::Bad => theme.bad,
    }
}

/// The light of an account.
pub(in crate::tui) fn light(view: &AccountView, theme: &Theme) -> (&'static str, Style) {
    let standing = Standing::of(view);
    (standing.light(), tone(standing.tone(), theme))
}

/// A line about an account: what about, what there is to say, and how that looks.
type Line = (String, String, Style);

impl AccountBox {
    /// Everything about the account under the cursor.
    fn lines(&self, theme: &Theme) -> Vec<Line> {
        let Some(detail) = self.detail() else { return Vec::new() };
        let open = self.openness(&detail.view.spec.id);
        let mut out: Vec<Line> = self.times.with(|saying| {
            let all = facts(detail, &open, saying).into_iter();
            all.map(|f| (f.label.to_owned(), f.text, tone(f.tone, theme))).collect()
        });
        if let Some(link) = detail.setup.link.as_ref().filter(|l| !l.url.is_empty()) {
            out.push((String::new(), link.url.clone(), theme.link));
        }
        for (i, (name, step)) in steps(detail).into_iter().enumerate() {
            let label = if i == 0 { "setup".to_owned() } else { String::new() };
            let (mark, style) = if step.done { ("✓", theme.good) } else { ("✗", theme.warn) };
            let said = if step.text.is_empty() { String::new() } else { format!(": {}", step.text) };
            out.push((label, format!("{mark} {name}{said}"), style));
            if !step.done && !step.next.is_empty() {
                out.push((String::new(), format!("  → {}", step.next), theme.key));
            }
        }
        out
    }

    /// The lines from a row on; gives back how many rows there are in all.
    fn draw_lines(&self, area: Rect, top: usize, buf: &mut Buffer, theme: &Theme) -> usize {
        let room = area.width.saturating_sub(LABEL).max(8);
        let mut row = 0;
        for (label, words, style) in self.lines(theme) {
            let safe = text::sanitize(&words);
            for (i, part) in text::wrap(&safe, usize::from(room)).into_iter().enumerate() {
                let at = row;
                row += 1;
                if at < top || at - top >= usize::from(area.height) {
                    continue;
                }
                let y = area.y + (at - top) as u16;
                if i == 0 {
                    frame::put(buf, area.x, y, LABEL - 1, &label, theme.dim);
                }
                frame::put(buf, area.x + LABEL, y, area.width.saturating_sub(LABEL), &safe[part], style);
            }
        }
        row
    }

    pub(super) fn draw_screen(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        // A small screen has no room to give away.
        let (w, h) = if area.width < WIDE || area.height < 30 {
            (area.width, area.height)
        } else {
            ((area.width - 2).min(170), (area.height - 2).min(46))
        };
        let detail = match &self.mode {
            Mode::Detail(top) => Some(top),
            _ => None,
        };
        let title = match (detail, self.view()) {
            (Some(_), Some(view)) => format!("Account · {}", name(view)),
            _ => format!("Accounts · {}", self.accounts.len()),
        };
        let right = if self.rights.edit { "" } else { "you may look, not change" };
        let inner = frame::open(area, w, h, &title, right, buf, theme)?;
        let foot = Rect::new(inner.x, inner.bottom() - 2, inner.width, 2);
        let body = Rect { height: inner.height.saturating_sub(3), ..inner };
        if let Some(top) = detail {
            self.draw_one(body, top, buf, theme);
        } else {
            self.draw_both(body, buf, theme);
        }
        self.draw_foot(foot, buf, theme)
    }

    fn draw_one(&self, body: Rect, top: &std::cell::Cell<usize>, buf: &mut Buffer, theme: &Theme) {
        if self.detail().is_none() {
            let words = if self.say.is_some() { "" } else { "one moment…" };
            frame::put(buf, body.x, body.y, body.width, words, theme.dim);
            return;
        }
        let all = self.draw_lines(Rect { height: 0, ..body }, 0, buf, theme);
        let last = all.saturating_sub(usize::from(body.height));
        top.set(top.get().min(last));
        self.draw_lines(body, top.get(), buf, theme);
        if top.get() < last {
            let more = format!(" ↓ {} more ", last - top.get());
            frame::put_right(buf, body.right(), body.bottom(), 20, &more, theme.dim);
        }
    }

    fn draw_both(&self, body: Rect, buf: &mut Buffer, theme: &Theme) {
        let (list, detail) = if body.width + 4 >= WIDE {
            let left = body.width * 11 / 20;
            frame::bar(buf, body.x + left, body.y..body.bottom(), theme);
            let x = body.x + left + 2;
            (
                Rect { width: left - 1, ..body },
                Rect::new(x, body.y, body.right().saturating_sub(x), body.height),
            )
        } else if body.height >= UNDER + 6 {
            let top = body.height - UNDER - 1;
            frame::rule(buf, Rect { y: body.y + top, height: 1, ..body }, "", theme);
            (Rect { height: top, ..body }, Rect { y: body.y + top + 1, height: UNDER, ..body })
        } else {
            (body, Rect { height: 0, ..body })
        };
        if self.accounts.is_empty() {
            self.draw_empty(list, buf, theme);
            return;
        }
        self.draw_list(list, buf, theme);
        if detail.height > 0 {
            self.draw_lines(detail, 0, buf, theme);
        }
    }

    fn draw_empty(&self, list: Rect, buf: &mut Buffer, theme: &Theme) {
        let mut say = Rich::default();
        say.push("There is no account yet.", theme.strong);
        if self.rights.edit {
            say.push("\n\n", theme.text);
            say.push("n", theme.key);
            say.push(
                " connects a number here. One that a file should describe goes into config.toml as [[accounts]].",
                theme.text,
            );
        } else {
            say.push("\n\nAn admin connects numbers.", theme.text);
        }
        say.draw(buf, list, theme.text);
    }

    fn draw_list(&self, list: Rect, buf: &mut Buffer, theme: &Theme) {
        let wide = list.width >= 90;
        let number_cells = if list.width < 56 { 0 } else { 19 };
        let name_cells = (list.width / 3).clamp(14, 30);
        let head = [
            (3, ""),
            (name_cells + 4, "account"),
            (number_cells, "number"),
            (if wide { PROVIDER } else { 0 }, "provider"),
            (0, "state"),
        ];
        let mut x = list.x;
        for (cells, word) in head {
            let last = word == "state";
            if cells > 0 || last {
                frame::put(buf, x, list.y, if last { 10 } else { cells }, word, theme.dim);
            }
            x += cells;
        }
        let rows = Rect::new(list.x, list.y + 1, list.width, list.height.saturating_sub(1));
        let window = self.selection.window(self.accounts.len(), usize::from(rows.height));
        for (y, at) in (rows.y..rows.bottom()).zip(window) {
            let view = &self.accounts[at];
            let (mark, style) = light(view, theme);
            let mut x = rows.x;
            frame::put(buf, x + 1, y, 1, mark, style);
            x += 3;
            frame::put(buf, x, y, name_cells - 1, name(view), theme.text);
            if is_development(view) {
                frame::put(buf, x + name_cells, y, 3, "DEV", theme.warn);
            }
            x += name_cells + 4;
            if number_cells > 0 {
                let shown = number(view);
                let shown = if shown.is_empty() { "no number yet".to_owned() } else { shown };
                frame::put(buf, x, y, number_cells - 1, &shown, theme.dim);
            }
            x += number_cells;
            if wide {
                frame::put(buf, x, y, PROVIDER - 1, &view.spec.provider, theme.dim);
                x += PROVIDER;
            }
            let mut words = state_line(view);
            if self.details.get(&view.spec.id).is_some_and(|d| d.setup.link.is_some()) && words == "pending" {
                words.push_str(" · u link");
            }
            frame::put(buf, x, y, rows.right().saturating_sub(x), &words, style);
            if at == self.selection.at {
                frame::select(buf, Rect::new(rows.x, y, rows.width, 1), theme);
            }
        }
    }

    /// The keys that fit the account under the cursor.
    pub(super) fn keys(&self) -> Vec<(&'static str, &'static str)> {
        let detail = matches!(self.mode, Mode::Detail(_));
        let mut out = Vec::new();
        let Some(view) = self.view() else {
            if self.rights.edit {
                out.push(("n", "new"));
            }
            out.push(("Esc", "close"));
            return out;
        };
        if !detail {
            out.push(("Enter", "details"));
        }
        let has_link = self.detail().is_some_and(|d| d.setup.link.is_some());
        if self.rights.edit {
            match view.state.as_str() {
                CONNECTED => {
                    let pause = if view.life.options.paused { "resume" } else { "pause" };
                    out.extend([("v", "check"), ("e", "edit"), ("z", pause), ("x", "disconnect")]);
                }
                DISCONNECTED => out.extend([("R", "reconnect"), ("e", "edit")]),
                _ => {
                    out.push(("c", "go on"));
                    if !view.spec.number.is_empty() {
                        out.push(("v", "check"));
                    }
                    out.extend([("e", "edit"), ("x", "disconnect")]);
                }
            }
            if view.life.kept {
                out.extend([("K", "new key"), ("D", "delete")]);
            }
            if !detail {
                out.push(("n", "new"));
            }
        } else {
            out.push(("v", "check"));
        }
        if view.state == CONNECTED {
            out.push(("p", "profile"));
        }
        if has_link {
            out.extend([("u", "link"), ("y", "copy link")]);
        }
        out.push(("Esc", if detail { "back" } else { "close" }));
        out
    }

    fn draw_foot(&self, foot: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let first = Rect { height: 1, ..foot };
        let last = Rect { y: foot.y + 1, height: 1, ..foot };
        match &self.mode {
            Mode::Ask { title, words, .. } => {
                let x = frame::put(buf, foot.x, foot.y, foot.width, title, theme.bad) + 1;
                frame::put(buf, x, foot.y, foot.right().saturating_sub(x), words, theme.text);
                frame::keys(buf, last, &[("y", "disconnect"), ("other key", "leave it as it is")], theme);
                return None;
            }
            Mode::Delete(field) => return self.draw_delete(field, foot, buf, theme),
            Mode::New(selection) => {
                let (.., about) = forms::PROVIDERS[selection.at.min(forms::PROVIDERS.len() - 1)];
                let mut x = frame::put(buf, first.x, first.y, 20, "New account of ", theme.strong);
                for (i, (_, title, _)) in forms::PROVIDERS.iter().enumerate() {
                    let style = if i == selection.at { theme.focus } else { theme.dim };
                    let shown =
                        if i == selection.at { format!("‹{title}›") } else { format!(" {title} ") };
                    x = frame::put(buf, x, first.y, first.right().saturating_sub(x), &shown, style) + 1;
                }
                frame::put(buf, x + 1, first.y, first.right().saturating_sub(x + 1), about, theme.dim);
                frame::keys(buf, last, &forms::new_keys(), theme);
                return None;
            }
            _ => {}
        }
        if self.is_busy() {
            frame::put(buf, foot.x, foot.y, foot.width, "asking the provider…", theme.warn);
        } else if let Some(p) = &self.say {
            frame::problem(buf, foot, p, theme);
            return None;
        }
        frame::keys(buf, last, &self.keys(), theme);
        None
    }

    fn draw_delete(
        &self,
        field: &super::super::field::Field,
        foot: Rect,
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Option<Position> {
        let view = self.view()?;
        let last = Rect { y: foot.y + 1, height: 1, ..foot };
        if let Some(p) = &self.say {
            frame::problem(buf, Rect { height: 1, ..foot }, p, theme);
        } else {
            let shown = text::truncate(&text::sanitize(name(view)), 40).into_owned();
            let words = format!("Delete with its secrets? Its conversations stay. Type its name: {shown}");
            frame::put(buf, foot.x, foot.y, foot.width, &words, theme.bad);
        }
        let x = frame::put(buf, last.x, last.y, 4, "›", theme.focus) + 1;
        let room = Rect::new(x, last.y, last.width.saturating_sub(34).max(10), 1);
        let at = field.draw(room, buf, theme.text, "its name", theme);
        let keys = Rect { x: room.right() + 1, width: last.right().saturating_sub(room.right() + 1), ..last };
        frame::keys(buf, keys, &[("Enter", "delete"), ("Esc", "back")], theme);
        Some(at)
    }
}
