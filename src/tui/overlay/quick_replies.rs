//! The quick-reply picker: find one, see it filled in, insert it, or several one after the other; create, change and
//! delete them.
//!
//! Knows quick replies and the values of the thread; where the text goes is the host's to know.

use super::field::{Effect, Field};
use super::form;
use super::frame::{self, Needle, Rich, Selection};
use super::quick_reply_editor::QuickReplyEditor;
use super::variables::{Filled, Given, Variables};
use super::{Delivery, Hint, Overlay, Step, nothing_chosen};
use crate::model::ids::QuickReplyId;
use crate::model::quick_reply::QuickReply;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Picks a quick reply and fills it in.
pub struct QuickReplyPicker {
    replies: Vec<QuickReply>,
    vars: Variables,
    query: Field,
    rows: Vec<usize>,
    selection: Selection,
    mode: Mode,
    /// The category that is shown; empty for all.
    category: String,
    /// Whether a `/` in the text opened it: what was typed since goes back there when nothing is chosen.
    slash: bool,
    /// How many were inserted since it is open.
    inserted: usize,
    // What was asked of the engine and not answered yet.
    deleting: Option<String>,
    say: Option<Problem>,
}

enum Mode {
    List,
    Fill(FillForm),
    Edit(Box<QuickReplyEditor>),
    Delete(QuickReplyId),
}

/// Whether a key that inserts leaves the picker open.
fn goes_on(key: KeyEvent) -> bool {
    key.code == KeyCode::Enter && key.modifiers.contains(KeyModifiers::ALT)
}

/// Asks for the values that a reply needs and nobody knows.
struct FillForm {
    reply: QuickReply,
    fields: Vec<(String, Field)>,
    focus: usize,
    complain: bool,
    /// Whether the picker stays open when it is filled in.
    stay: bool,
}

impl FillForm {
    fn new(reply: QuickReply, names: Vec<String>, stay: bool) -> Self {
        let fields = names.into_iter().map(|n| (n, Field::line(1000))).collect();
        Self { reply, fields, focus: 0, complain: false, stay }
    }

    fn given(&self) -> Given {
        self.fields.iter().map(|(n, f)| (n.clone(), f.text().to_owned())).collect()
    }

    fn step(&mut self, forward: bool) {
        let n = self.fields.len().max(1);
        self.focus = if forward { (self.focus + 1) % n } else { (self.focus + n - 1) % n };
    }
}

impl QuickReplyPicker {
    /// Over these replies; `initial_query` is what was typed after `/`, `vars` what is known of the thread.
    #[must_use]
    pub fn new(replies: Vec<QuickReply>, initial_query: &str, vars: Variables) -> Self {
        let mut s = Self {
            replies,
            vars,
            query: Field::line(200).with(initial_query.trim_start_matches('/')),
            rows: Vec::new(),
            selection: Selection::default(),
            mode: Mode::List,
            category: String::new(),
            slash: false,
            inserted: 0,
            deleting: None,
            say: None,
        };
        s.refilter();
        s
    }

    /// Opened by a `/` in the text.
    #[must_use]
    pub fn for_slash(mut self) -> Self {
        self.slash = true;
        self
    }

    /// Inserts one of them, or asks for what it needs.
    pub fn pick(&mut self, id: QuickReplyId) -> Vec<Step> {
        let Some(i) = self.replies.iter().position(|r| r.id == id) else { return Vec::new() };
        self.query.set(&self.replies[i].shortcut.clone());
        self.rows = vec![i];
        self.selection.set(0);
        self.choose(false)
    }

    /// The categories there are, in order.
    fn categories(&self) -> Vec<&str> {
        let mut all: Vec<&str> =
            self.replies.iter().map(|r| r.category.as_str()).filter(|c| !c.is_empty()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn next_category(&mut self) {
        let all = self.categories();
        let next = match all.iter().position(|c| *c == self.category) {
            None => all.first(),
            Some(i) => all.get(i + 1),
        };
        self.category = next.map(|c| (*c).to_owned()).unwrap_or_default();
        self.refilter();
    }

    /// What is looked for, without the `#category` in it.
    fn wanted(&self) -> (String, Option<String>) {
        let (marks, words): (Vec<&str>, Vec<&str>) =
            self.query.text().split_whitespace().partition(|w| w.starts_with('#'));
        (words.join(" "), marks.last().map(|w| w[1..].to_lowercase()))
    }

    fn is_in_category(&self, reply: &QuickReply, mark: Option<&str>) -> bool {
        (self.category.is_empty() || reply.category == self.category)
            && mark.is_none_or(|m| reply.category.to_lowercase().starts_with(m))
    }

    fn refilter(&mut self) {
        let (query, mark) = self.wanted();
        let query = query.as_str();
        let needle = Needle::fuzzy(query);
        // Nearly every long text has the letters of a short word somewhere: there the word itself has to be.
        let words = Needle::words(query);
        let mut scored: Vec<((u32, u32, u64), usize)> = Vec::new();
        for (i, r) in self.replies.iter().enumerate() {
            if !self.is_in_category(r, mark.as_deref()) {
                continue;
            }
            let shortcut = text::sanitize(&r.shortcut);
            let by_shortcut = needle.score(&shortcut);
            let by_text = words.score(&text::sanitize(&r.text));
            let Some(score) = by_shortcut.max(by_text) else { continue };
            let (have, want) = (shortcut.to_lowercase(), query.to_lowercase());
            let rank = match () {
                () if needle.is_empty() => 0,
                () if have == want => 4,
                () if have.starts_with(&want) => 3,
                () if have.contains(&want) => 2,
                () => u32::from(by_text.is_some()),
            };
            scored.push(((rank, if needle.is_empty() { 0 } else { score }, r.used), i));
        }
        scored.sort_by(|(a, i), (b, j)| {
            b.cmp(a).then_with(|| self.replies[*i].shortcut.cmp(&self.replies[*j].shortcut))
        });
        self.rows = scored.into_iter().map(|(_, i)| i).collect();
        self.selection.set(0);
    }

    fn selected(&self) -> Option<&QuickReply> {
        self.rows.get(self.selection.at).and_then(|i| self.replies.get(*i))
    }

    /// Puts a text at the cursor; the next one of several goes on a line of its own.
    fn insert(&mut self, text: &str, from: QuickReplyId, stay: bool) -> Vec<Step> {
        let text = if self.inserted > 0 { format!("\n{text}") } else { text.to_owned() };
        self.inserted += 1;
        let files = self.replies.iter().find(|r| r.id == from).map(|r| r.files.clone()).unwrap_or_default();
        let mut steps = vec![Step::Insert { text, from: Some(from) }];
        if !files.is_empty() {
            steps.push(Step::Attach(files));
        }
        if !stay {
            steps.push(Step::Close);
            return steps;
        }
        self.mode = Mode::List;
        self.query.set("");
        self.refilter();
        steps
    }

    /// Leaves; what was typed after the `/` is text again.
    fn leave(&self, more: &str) -> Vec<Step> {
        if !self.slash || self.inserted > 0 {
            return vec![Step::Close];
        }
        vec![Step::Insert { text: format!("/{}{more}", self.query.text()), from: None }, Step::Close]
    }

    fn choose(&mut self, stay: bool) -> Vec<Step> {
        let Some(reply) = self.selected().cloned() else {
            let next = if self.slash {
                "fewer letters find more; F2 writes it new, Esc keeps what was typed as text"
            } else {
                "fewer letters find more; F2 writes it new"
            };
            self.say = Some(nothing_chosen(self.query.text(), next));
            return Vec::new();
        };
        match self.vars.fill(&reply.text, &Given::new()) {
            Filled::Text(text) => return self.insert(&text, reply.id, stay),
            Filled::Missing(names) => self.mode = Mode::Fill(FillForm::new(reply, names, stay)),
            Filled::Broken(why) => {
                self.say = Some(
                    Problem::new("field", format!("/{} cannot be filled in", reply.shortcut))
                        .means(why)
                        .next("F3 edits it"),
                );
            }
        }
        Vec::new()
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.say = None;
        if self.selection.key(key, self.rows.len()) {
            return Vec::new();
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let untouched = self.slash && self.inserted == 0 && self.query.is_empty();
        match key.code {
            KeyCode::Esc => return self.leave(""),
            // A slash alone is a slash.
            KeyCode::Char(' ') if untouched => return self.leave(" "),
            KeyCode::Backspace if untouched => {
                return vec![Step::Insert { text: String::new(), from: None }, Step::Close];
            }
            KeyCode::Enter if goes_on(key) => return self.choose(true),
            KeyCode::Char('j') if ctrl => return self.choose(true),
            KeyCode::Enter | KeyCode::Tab => return self.choose(false),
            KeyCode::F(5) => self.next_category(),
            // One request at a time: an answer does not say what it answers.
            KeyCode::F(2..=4) | KeyCode::Delete if self.deleting.is_some() => {}
            KeyCode::F(2) => {
                let found = self.selected().is_some();
                let suggestion = if found { "" } else { self.query.text() };
                self.mode = Mode::Edit(Box::new(QuickReplyEditor::create(suggestion)));
            }
            KeyCode::F(3) => {
                if let Some(r) = self.selected() {
                    self.mode = Mode::Edit(Box::new(QuickReplyEditor::edit(r.clone())));
                }
            }
            KeyCode::F(4) => self.ask_delete(),
            KeyCode::Delete if self.query.at_end() => self.ask_delete(),
            _ => {
                if self.query.key(key) == Effect::Changed {
                    self.refilter();
                }
            }
        }
        Vec::new()
    }

    fn ask_delete(&mut self) {
        if let Some(r) = self.selected() {
            self.mode = Mode::Delete(r.id);
        }
    }

    fn fill_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let Mode::Fill(form) = &mut self.mode else { return Vec::new() };
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let stay = goes_on(key) || key.code == KeyCode::Char('j') && ctrl;
        form.stay |= stay;
        match key.code {
            KeyCode::Esc => self.mode = Mode::List,
            KeyCode::Tab | KeyCode::Down => form.step(true),
            KeyCode::BackTab | KeyCode::Up => form.step(false),
            KeyCode::Enter if !ctrl && !stay && form.focus + 1 < form.fields.len() => form.step(true),
            _ if stay || matches!(key.code, KeyCode::Enter | KeyCode::F(10)) => {
                match self.vars.fill(&form.reply.text, &form.given()) {
                    Filled::Text(text) => {
                        let (from, stay) = (form.reply.id, form.stay);
                        return self.insert(&text, from, stay);
                    }
                    Filled::Missing(names) => {
                        form.complain = true;
                        for n in &names {
                            if !form.fields.iter().any(|(have, _)| have == n) {
                                form.fields.push((n.clone(), Field::line(1000)));
                            }
                        }
                        form.focus = form.fields.iter().position(|(n, _)| names.contains(n)).unwrap_or(0);
                    }
                    Filled::Broken(why) => {
                        self.say = Some(
                            Problem::new("field", format!("/{}: {why}", form.reply.shortcut))
                                .next("F3 edits it"),
                        );
                        self.mode = Mode::List;
                    }
                }
            }
            _ => {
                if let Some((_, f)) = form.fields.get_mut(form.focus) {
                    f.key(key);
                }
            }
        }
        Vec::new()
    }

    // The editor closes itself; here that means going back to the list.
    fn after_edit(&mut self, steps: Vec<Step>) -> Vec<Step> {
        if steps.contains(&Step::Close) {
            self.mode = Mode::List;
        }
        form::back_to_list(steps, Request::QuickReplies)
    }

    fn draw_row(buf: &mut Buffer, line: Rect, column: u16, reply: &QuickReply, query: &str, theme: &Theme) {
        let mut right = line.right() - 1;
        if reply.used > 0 {
            right = frame::put_right(buf, right, line.y, 7, &format!("{}×", reply.used), theme.dim) - 1;
        }
        if reply.is_private() {
            right = frame::put_right(buf, right, line.y, 4, "own", theme.note) - 1;
        }
        if !reply.files.is_empty() {
            let n = reply.files.len();
            let files = if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
            right = frame::put_right(buf, right, line.y, 8, &files, theme.dim) - 1;
        }
        if !reply.category.is_empty() {
            let category = format!("#{}", text::sanitize(&reply.category));
            right = frame::put_right(buf, right, line.y, 12, &category, theme.key) - 1;
        }
        let shortcut = format!("/{}", text::sanitize(&reply.shortcut));
        let rich = Rich::line(&shortcut, Needle::fuzzy(query).marks(&shortcut), theme.matched);
        let x = line.x + 1;
        let room = column.min(right.saturating_sub(x));
        rich.draw_range(buf, x, line.y, room, 0..shortcut.len(), theme.strong);
        let x = x + column + 2;
        if x + 4 >= right {
            return;
        }
        let body = text::sanitize(&reply.text);
        let marks = if rich.spans.is_empty() { Needle::words(query).marks(&body) } else { Vec::new() };
        let rich = Rich::line(&body, marks, theme.matched);
        rich.draw_line(buf, x, line.y, right - x, theme.dim);
    }

    fn draw_preview(&self, buf: &mut Buffer, area: Rect, reply: &QuickReply, given: &Given, theme: &Theme) {
        match self.vars.preview(&reply.text, given, theme.variable, theme.warn) {
            Ok(rich) => {
                let rows = rich.draw(buf, area, theme.text);
                if !reply.files.is_empty() {
                    let height = area.height.saturating_sub(rows + 1);
                    let below = Rect { y: area.y + rows + 1, height, ..area };
                    let files = format!("Files: {}", reply.file_names());
                    frame::paragraph(buf, below, &files, theme.dim);
                }
            }
            Err(why) => {
                let rows =
                    frame::paragraph(buf, Rect { height: 3.min(area.height), ..area }, &why, theme.bad);
                let below =
                    Rect { y: area.y + rows + 1, height: area.height.saturating_sub(rows + 1), ..area };
                frame::paragraph(buf, below, &reply.text, theme.dim);
            }
        }
    }

    fn what_to_type(&self) -> &'static str {
        if self.categories().is_empty() {
            "type a shortcut or words of the text"
        } else {
            "type a shortcut, words of the text, or #category"
        }
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let mut count = match self.rows.len() {
            n if n == self.replies.len() => format!("{n}"),
            n => format!("{n} of {}", self.replies.len()),
        };
        if self.inserted > 0 {
            count = format!("{} inserted · {count}", self.inserted);
        }
        let title = match self.category.as_str() {
            "" => "Quick replies".to_owned(),
            category => format!("Quick replies · #{category}"),
        };
        let height = (self.replies.len() as u16).saturating_add(5).clamp(18, 32);
        let inner = frame::open(area, 110, height, &title, &count, buf, theme)?;
        frame::put(buf, inner.x, inner.y, 1, "/", theme.focus);
        let line = Rect::new(inner.x + 1, inner.y, inner.width - 1, 1);
        let cursor = self.query.draw(line, buf, theme.text, self.what_to_type(), theme);
        frame::rule(buf, Rect::new(inner.x, inner.y + 1, inner.width, 1), "", theme);
        let foot = if self.say.is_some() || matches!(self.mode, Mode::Delete(_)) { 3 } else { 0 };
        let body = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2 + foot));
        let (list, preview) = if body.width >= 60 {
            let left = (body.width / 2).min(52);
            frame::bar(buf, body.x + left, body.y..body.bottom(), theme);
            (
                Rect { width: left, ..body },
                Rect { x: body.x + left + 2, width: body.width - left - 2, ..body },
            )
        } else {
            let top = body.height / 2;
            frame::rule(buf, Rect { y: body.y + top, height: 1, ..body }, "", theme);
            (
                Rect { height: top, ..body },
                Rect { y: body.y + top + 1, height: body.height.saturating_sub(top + 1), ..body },
            )
        };
        if self.rows.is_empty() {
            let say = if self.replies.is_empty() {
                "No quick replies yet. F2 writes the first one."
            } else {
                "Nothing matches. F2 writes a new quick reply."
            };
            frame::paragraph(buf, list, say, theme.dim);
        }
        let window = self.selection.window(self.rows.len(), usize::from(list.height));
        let widest = self.rows[window.clone()].iter().map(|i| text::width(&self.replies[*i].shortcut)).max();
        let column = (widest.unwrap_or(0) as u16 + 1).min(list.width / 3);
        let (query, _) = self.wanted();
        for (i, at) in window.enumerate() {
            let line = Rect::new(list.x, list.y + i as u16, list.width, 1);
            Self::draw_row(buf, line, column, &self.replies[self.rows[at]], &query, theme);
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        if let Some(r) = self.selected() {
            self.draw_preview(buf, preview, r, &Given::new(), theme);
        }
        let below = Rect::new(inner.x, body.bottom() + 1, inner.width, 2);
        if foot > 0 {
            frame::rule(buf, Rect::new(inner.x, body.bottom(), inner.width, 1), "", theme);
        }
        if let Mode::Delete(id) = &self.mode {
            if let Some(r) = self.replies.iter().find(|r| r.id == *id) {
                let used =
                    if r.used == 0 { "never used".to_owned() } else { format!("used {} times", r.used) };
                let whose = if r.is_private() { "" } else { " It is gone for everybody." };
                let say = format!("Delete /{} ({used})?{whose}", text::sanitize(&r.shortcut));
                frame::ask_delete(buf, below, &say, theme);
            }
            return None;
        }
        if let Some(p) = &self.say {
            frame::problem(buf, below, p, theme);
        }
        Some(cursor)
    }

    fn draw_fill(&self, form: &FillForm, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = format!("Fill in /{}", form.reply.shortcut);
        let inner = frame::open(area, 90, 26, &title, "", buf, theme)?;
        let mut cursor = None;
        let label = form.fields.iter().map(|(n, _)| text::width(n)).max().unwrap_or(0) as u16;
        let label = label.min(inner.width / 3).max(8);
        let visible = usize::from(inner.height / 2).min(form.fields.len()).max(1);
        let first = (form.focus + 1).saturating_sub(visible);
        for (row, (i, (name, field))) in form.fields.iter().enumerate().skip(first).take(visible).enumerate()
        {
            let y = inner.y + row as u16;
            let focused = i == form.focus;
            let style = if focused { theme.strong } else { theme.dim };
            frame::put(buf, inner.x, y, label, name, style);
            frame::put(buf, inner.x + label + 1, y, 1, "▏", if focused { theme.focus } else { theme.border });
            let x = inner.x + label + 3;
            let missing = form.complain && field.text().trim().is_empty();
            let hint = if missing { "a value is missing" } else { "type the value" };
            let at = field.draw(Rect::new(x, y, inner.right() - x, 1), buf, theme.text, hint, theme);
            if missing {
                frame::put(buf, x, y, inner.right() - x, hint, theme.bad);
            }
            if focused {
                cursor = Some(at);
            }
        }
        let y = inner.y + visible as u16 + 1;
        frame::rule(buf, Rect::new(inner.x, y, inner.width, 1), "will be inserted", theme);
        let preview = Rect::new(inner.x, y + 1, inner.width, inner.bottom().saturating_sub(y + 3));
        self.draw_preview(buf, preview, &form.reply, &form.given(), theme);
        let last = form.focus + 1 >= form.fields.len();
        let enter = if last { "insert" } else { "next value" };
        let keys = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        frame::keys(
            buf,
            keys,
            &[("Enter", enter), ("Tab", "next value"), ("Esc", "back to the list")],
            theme,
        );
        cursor
    }
}

impl Overlay for QuickReplyPicker {
    fn name(&self) -> &'static str {
        match &self.mode {
            Mode::Edit(e) => e.name(),
            Mode::Fill(_) => "quick_reply_values",
            Mode::List | Mode::Delete(_) => "quick_replies",
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match &mut self.mode {
            Mode::List => self.list_key(key),
            Mode::Fill(_) => self.fill_key(key),
            Mode::Edit(e) => {
                let steps = e.key(key);
                self.after_edit(steps)
            }
            Mode::Delete(id) => {
                let id = *id;
                self.mode = Mode::List;
                if key.code != KeyCode::Char('y') {
                    return Vec::new();
                }
                self.deleting = self.replies.iter().find(|r| r.id == id).map(|r| r.shortcut.clone());
                vec![Step::Ask(Box::new(Request::DeleteQuickReply { id }))]
            }
        }
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        match &mut self.mode {
            Mode::List => {
                if self.query.insert(pasted) {
                    self.refilter();
                }
                Vec::new()
            }
            Mode::Fill(form) => {
                if let Some((_, f)) = form.fields.get_mut(form.focus) {
                    f.insert(pasted);
                }
                Vec::new()
            }
            Mode::Edit(e) => e.paste(pasted),
            Mode::Delete(_) => Vec::new(),
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::QuickReplies(replies) = delivery {
            let selected = self.selected().map(|r| r.id);
            self.replies = replies;
            self.refilter();
            let at = selected.and_then(|id| self.rows.iter().position(|i| self.replies[*i].id == id));
            self.selection.set(at.unwrap_or(0));
            return Vec::new();
        }
        if let Mode::Edit(e) = &mut self.mode {
            let steps = e.deliver(delivery);
            return self.after_edit(steps);
        }
        match delivery {
            Delivery::Done => self.deleting.take().map_or_else(Vec::new, |shortcut| {
                vec![
                    Step::Say(format!("quick reply /{shortcut} deleted")),
                    Step::Ask(Box::new(Request::QuickReplies)),
                ]
            }),
            Delivery::Problem(p) => {
                self.deleting = None;
                self.say = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        match &self.mode {
            Mode::Edit(e) => e.draw(area, buf, theme),
            Mode::Fill(form) => self.draw_fill(form, area, buf, theme),
            Mode::List | Mode::Delete(_) => self.draw_list(area, buf, theme),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match &self.mode {
            Mode::Edit(e) => e.hints(),
            Mode::Fill(form) => {
                let last = form.focus + 1 >= form.fields.len();
                vec![Hint::new("Enter", if last { "insert" } else { "next value" }), Hint::new("Esc", "back")]
            }
            Mode::Delete(_) => vec![Hint::new("y", "delete"), Hint::new("other key", "keep")],
            Mode::List => {
                let mut out = Vec::new();
                if self.selected().is_some() {
                    out.push(Hint::new("Enter", "insert"));
                    out.push(Hint::new("Ctrl+J", "insert, go on"));
                }
                if !self.categories().is_empty() {
                    out.push(Hint::new("F5", "category"));
                }
                out.push(Hint::new("F2", "new"));
                if self.selected().is_some() {
                    out.push(Hint::new("F3", "edit"));
                    out.push(Hint::new("F4", "delete"));
                }
                out.push(Hint::new("Esc", "close"));
                out
            }
        }
    }
}

#[cfg(test)]
#[path = "quick_replies_tests.rs"]
mod tests;
