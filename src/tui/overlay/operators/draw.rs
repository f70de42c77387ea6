//! How the three lists look.

use super::super::frame::{self, Rich};
use super::{Mode, OperatorBox, Row, TABS, Tab};
use crate::model::access::Role;
use crate::model::permission_words as words;
use crate::protocol::access::Attached;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// From this many cells on the details stand beside the list.
const WIDE: u16 = 100;
/// Rows of the details under the list.
const UNDER: u16 = 6;

/// Terminal, place and time of one who is attached.
fn place(a: &Attached, when: &str) -> String {
    let terminal = if a.terminal.is_empty() { "no terminal" } else { &a.terminal };
    let from = if a.source.is_empty() { String::new() } else { format!(" from {}", a.source) };
    format!("{terminal}{from} since {when}")
}

/// Cells of an operator's name, role and teams: on a narrow screen terminals and places need the room.
fn columns(width: u16) -> (u16, u16, u16) {
    if width < 80 { (16, 10, 10) } else { (18, 12, 14) }
}

/// Cells of text at fixed places of a row; the last one gets what is left.
fn cells(buf: &mut Buffer, line: Rect, parts: &[(u16, &str, Style)]) {
    let mut x = line.x;
    for (i, (width, s, style)) in parts.iter().enumerate() {
        let left = line.right().saturating_sub(x);
        let room = if i + 1 == parts.len() { left } else { (*width).min(left) };
        frame::put(buf, x, line.y, room.saturating_sub(u16::from(i + 1 < parts.len())), s, *style);
        x = x.saturating_add(room);
    }
}

impl OperatorBox {
    pub(super) fn draw_lists(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        // A small screen has no room to give away.
        let (w, h) = if area.width < WIDE || area.height < 30 {
            (area.width, area.height)
        } else {
            ((area.width - 2).min(160), (area.height - 2).min(44))
        };
        let right = if self.edits { "" } else { "you may look, not change" };
        let Some(inner) = frame::open(area, w, h, "Who may do what", right, buf, theme) else { return };
        self.draw_tabs(Rect { height: 1, ..inner }, buf, theme);
        let foot = Rect::new(inner.x, inner.bottom() - 2, inner.width, 2);
        let body = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(5));
        let wide = body.width >= WIDE;
        let (list, detail) = if wide {
            let left = body.width * 3 / 5;
            frame::bar(buf, body.x + left, body.y..body.bottom(), theme);
            let x = body.x + left + 2;
            (
                Rect { width: left - 1, ..body },
                Rect::new(x, body.y, body.right().saturating_sub(x), body.height),
            )
        } else if body.height >= UNDER + 5 {
            let top = body.height - UNDER - 1;
            frame::rule(buf, Rect { y: body.y + top, height: 1, ..body }, "", theme);
            (Rect { height: top, ..body }, Rect { y: body.y + top + 1, height: UNDER, ..body })
        } else {
            (body, Rect { height: 0, ..body })
        };
        if self.list.is_none() {
            let words = if self.say.is_some() { "" } else { "one moment…" };
            frame::put(buf, list.x, list.y, list.width, words, theme.dim);
        } else {
            self.draw_list(list, buf, theme);
            if detail.height > 0 {
                self.detail(theme).draw(buf, detail, theme.text);
            }
        }
        self.draw_foot(foot, buf, theme);
    }

    fn draw_tabs(&self, line: Rect, buf: &mut Buffer, theme: &Theme) {
        let mut x = line.x;
        for tab in TABS {
            let (word, n) = match tab {
                Tab::Operators => ("Operators", self.rows.len()),
                Tab::Roles => ("Roles", self.roles().len()),
                Tab::Accounts => ("Accounts", self.accounts.len()),
            };
            let here = tab == self.tab;
            let style = if here { theme.focus.add_modifier(Modifier::BOLD) } else { theme.dim };
            let label = if here { format!("‹{word} {n}›") } else { format!(" {word} {n} ") };
            x = frame::put(buf, x, line.y, line.right().saturating_sub(x), &label, style) + 2;
        }
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let head = Rect { height: 1, ..area };
        let d = theme.dim;
        match self.tab {
            Tab::Operators => {
                let (name, role, teams) = columns(area.width);
                cells(
                    buf,
                    head,
                    &[
                        (2, "", d),
                        (name, "operator", d),
                        (role, "role", d),
                        (teams, "teams", d),
                        (0, "attached", d),
                    ],
                );
            }
            Tab::Roles => {
                cells(buf, head, &[(16, "role", d), (6, "has", d), (6, "sees", d), (0, "allows", d)]);
            }
            Tab::Accounts => cells(buf, head, &[(26, "account", d), (0, "open to", d)]),
        }
        let empty = self.tab == Tab::Operators && self.rows.iter().all(|r| r.entry.is_none());
        let rows =
            Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1 + u16::from(empty) * 3));
        let window = self.selections[self.tab as usize].window(self.total(), usize::from(rows.height));
        for (y, at) in (rows.y..rows.bottom()).zip(window) {
            let line = Rect::new(rows.x, y, rows.width, 1);
            match self.tab {
                Tab::Operators => self.draw_operator(line, &self.rows[at], buf, theme),
                Tab::Roles => self.draw_role(line, &self.roles()[at], buf, theme),
                Tab::Accounts => {
                    let (id, name) = &self.accounts[at];
                    let rule = self.rule(id);
                    let style = if rule.is_some() { theme.warn } else { theme.dim };
                    let name = if name.is_empty() { id.as_str() } else { name };
                    cells(buf, line, &[(26, name, theme.text), (0, &words::rule(rule), style)]);
                }
            }
            if at == self.at() {
                frame::select(buf, line, theme);
            }
        }
        if empty {
            let mut say = Rich::default();
            say.push("Only you (the owner) can get in. ", theme.text);
            if self.edits {
                say.push("N", theme.key);
                say.push(" lets a colleague in.", theme.text);
            }
            let y = rows.y + (self.rows.len() as u16).min(rows.height) + 1;
            let under = Rect::new(
                area.x + 2,
                y,
                area.width.saturating_sub(2),
                area.bottom().saturating_sub(y).min(2),
            );
            say.draw(buf, under, theme.text);
        } else if self.total() == 0 {
            let say = "No account is configured: add [[accounts]] to config.toml.";
            frame::put(buf, rows.x, rows.y, rows.width, say, theme.dim);
        }
    }

    fn draw_operator(&self, line: Rect, row: &Row, buf: &mut Buffer, theme: &Theme) {
        let off = row.entry.as_ref().is_some_and(|e| !e.active);
        let (mark, style) = match (off, row.attached.is_empty()) {
            (true, _) => ("✗", theme.bad),
            (false, false) => ("●", theme.good),
            (false, true) => ("○", theme.dim),
        };
        let text = if off { theme.dim } else { theme.text };
        let cells_of = columns(line.width);
        let attached = match row.attached.as_slice() {
            _ if off => "off".to_owned(),
            [] => String::new(),
            [a] => place(a, &(self.when)(a.since)),
            [a, rest @ ..] => format!("{} +{}", place(a, &(self.when)(a.since)), rest.len()),
        };
        let name = if row.name == self.me { format!("{} (you)", row.name) } else { row.name.clone() };
        let parts = [
            (2, mark, style),
            (cells_of.0, &*name, text),
            (cells_of.1, &*row.role, text),
            (cells_of.2, &*row.teams.join(", "), theme.dim),
            (0, &*attached, theme.dim),
        ];
        cells(buf, line, &parts);
    }

    fn entries(&self, role: &Role) -> usize {
        self.rows.iter().filter(|r| r.entry.as_ref().is_some_and(|e| e.role == role.name)).count()
    }

    fn draw_role(&self, line: Rect, role: &Role, buf: &mut Buffer, theme: &Theme) {
        let has = self.entries(role).to_string();
        let parts = [
            (16, &*role.name, theme.text),
            (6, &*has, theme.dim),
            (6, role.visibility.word(), theme.dim),
            (0, &*words::summary(role), theme.dim),
        ];
        cells(buf, line, &parts);
    }

    /// What there is to know of the row under the cursor.
    fn detail(&self, theme: &Theme) -> Rich {
        let mut rich = Rich::default();
        match self.tab {
            Tab::Operators => {
                let Some(row) = self.rows.get(self.at()) else { return rich };
                rich.push(&row.name, theme.strong);
                let role = self.roles().iter().find(|r| r.name == row.role);
                rich.push(&format!(" · {}", row.role), theme.text);
                rich.push(
                    match &row.entry {
                        Some(e) if !e.active => " · switched off",
                        Some(_) => "",
                        None => " · no entry of its own: a group lets it in, or it owns the data",
                    },
                    theme.dim,
                );
                for a in &row.attached {
                    let also = if a.role == row.role { String::new() } else { format!(" as {}", a.role) };
                    rich.push(&format!("\n● {}{also}", place(a, &(self.when)(a.since))), theme.good);
                }
                if let Some(role) = role {
                    rich.push(&format!("\nallowed: {}", words::summary(role)), theme.dim);
                }
            }
            Tab::Roles => {
                let Some(role) = self.roles().get(self.at()) else { return rich };
                rich.push(&role.name, theme.strong);
                rich.push(&format!(" · sees {}", words::visibility(role.visibility)), theme.text);
                if role.mask_numbers {
                    rich.push(" · numbers are masked", theme.text);
                }
                if role.only_assigned {
                    rich.push(" · sends only where it has the conversation", theme.text);
                }
                for (title, allowed, style) in [("may", true, theme.good), ("may not", false, theme.warn)] {
                    let all = words::listed(role, allowed);
                    if !all.is_empty() {
                        let all: Vec<String> = all.iter().map(|(r, v)| format!("{r} ({v})")).collect();
                        rich.push(&format!("\n{title}: "), style);
                        rich.push(&all.join(" · "), theme.dim);
                    }
                }
            }
            Tab::Accounts => {
                let Some((id, name)) = self.accounts.get(self.at()) else { return rich };
                rich.push(name, theme.strong);
                rich.push(&format!(" · {id}\nopen to "), theme.dim);
                rich.push(&words::rule(self.rule(id)), theme.text);
                if self.rule(id).is_some() {
                    rich.push(
                        "\nand to whoever may change the rules. For all others it does not exist.",
                        theme.dim,
                    );
                }
            }
        }
        rich
    }

    fn draw_foot(&self, foot: Rect, buf: &mut Buffer, theme: &Theme) {
        let last = Rect { y: foot.y + 1, height: 1, ..foot };
        if let Mode::Ask { title, words, .. } = &self.mode {
            let x = frame::put(buf, foot.x, foot.y, foot.width, title, theme.bad) + 1;
            frame::put(buf, x, foot.y, foot.right().saturating_sub(x), words, theme.text);
            frame::keys(buf, last, &[("y", "do it"), ("other key", "leave it as it is")], theme);
            return;
        }
        if let Some(p) = &self.say {
            frame::problem(buf, foot, p, theme);
            return;
        }
        let mut list: Vec<(&str, &str)> = Vec::new();
        if self.edits {
            list.extend(match self.tab {
                Tab::Operators => [("N", "new"), ("e", "edit"), ("D", "remove"), ("Space", "on/off")],
                Tab::Roles => [("N", "new"), ("e", "edit"), ("D", "remove"), ("c", "copy")],
                Tab::Accounts => {
                    [("e", "who may work with it"), ("D", "open to everybody"), ("", ""), ("", "")]
                }
            });
            list.retain(|(key, _)| !key.is_empty());
        }
        list.extend([("Tab", "next list"), ("Esc", "close")]);
        frame::keys(buf, last, &list, theme);
    }
}
