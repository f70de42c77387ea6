//! How the list looks, and what opens over it.

use super::forms::Form;
use super::list::Group;
use super::{Mode, TemplateAdmin, Then, details, preview, state};
use crate::model::template::Values;
use crate::model::template::definition::Definition;
use crate::text;
use crate::tui::overlay::{Hint, frame, template_preview};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// From so many columns on the details stand beside the list.
const BESIDE: u16 = 116;
/// Columns of the details.
const DETAILS: u16 = 44;

/// Columns of the table.
struct Columns {
    name: u16,
    languages: u16,
    category: u16,
    quality: u16,
    used: u16,
    last: u16,
    read: u16,
}

impl Columns {
    fn of(width: u16) -> Self {
        let category = if width >= 48 { 10 } else { 0 };
        let (quality, used, last) = if width >= 66 { (5, 5, 6) } else { (0, 0, 0) };
        let read = if width >= 92 { 6 } else { 0 };
        let gaps = [category, quality, used, last, read].iter().filter(|w| **w > 0).count() as u16 + 1;
        let left = width.saturating_sub(category + quality + used + last + read + gaps + 1);
        let name = (left * 11 / 20).max(10);
        Self { name, languages: left.saturating_sub(name), category, quality, used, last, read }
    }
}

impl TemplateAdmin {
    pub(super) fn draw_all(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        match &self.mode {
            Mode::Build(b) => b.draw(area, buf, theme),
            Mode::Form(rows, _) => rows.draw(area, buf, theme),
            Mode::New(list) => {
                let inner = frame::open(area, 66, 14, "New template", self.account_name(), buf, theme)?;
                Some(Self::draw_choose(inner, list, "", &[("Enter", "begin"), ("Esc", "back")], buf, theme))
            }
            Mode::Copy(list) => {
                let name = self.list.current().map(|r| r.template.name.clone()).unwrap_or_default();
                let title =
                    format!("Copy {} into which language?", text::truncate(&text::sanitize(&name), 40));
                let inner = frame::open(area, 66, 24, &title, "", buf, theme)?;
                Some(Self::draw_choose(
                    inner,
                    list,
                    "language or code",
                    &[("Enter", "copy"), ("Esc", "back")],
                    buf,
                    theme,
                ))
            }
            Mode::Models(list) => {
                let keys = self.model_keys();
                self.draw_catalogue(area, list, "Models", &keys, self.model_here(), buf, theme)
            }
            Mode::Library(list) => {
                let keys = [("Enter", "take it"), ("Esc", "back")];
                let t = self.library_here().map(Definition::of);
                self.draw_catalogue(area, list, "The provider's library", &keys, t, buf, theme)
            }
            Mode::Actions => self.draw_actions(area, buf, theme),
            Mode::History(from) => {
                self.draw_history(area, *from, buf, theme);
                None
            }
            Mode::Details => {
                self.draw_details_alone(area, buf, theme);
                None
            }
            Mode::List | Mode::Search | Mode::Delete { .. } => self.draw_list(area, buf, theme),
        }
    }

    fn draw_choose(
        inner: Rect,
        list: &super::Choose,
        hint: &str,
        keys: &[(&str, &str)],
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Position {
        let room = Rect { height: inner.height.saturating_sub(2), ..inner };
        let cursor = list.draw(room, hint, "There is nothing.", buf, theme);
        frame::keys(buf, Rect::new(inner.x, inner.bottom() - 1, inner.width, 1), keys, theme);
        cursor
    }

    #[allow(clippy::too_many_arguments, reason = "a list, its words and where it is drawn")]
    pub(super) fn draw_catalogue(
        &self,
        area: Rect,
        list: &super::Choose,
        title: &str,
        keys: &[(&str, &str)],
        shown: Option<Definition>,
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Option<Position> {
        let right = if self.flight.is_some() { "asking the provider…" } else { "" };
        let inner = frame::open(area, 130, area.height.min(40), title, right, buf, theme)?;
        let phone = template_preview::WIDTH;
        let wide = inner.width >= phone + 32;
        let room = if wide { Rect { width: inner.width - phone - 3, ..inner } } else { inner };
        let trouble = if self.say.is_some() { 3 } else { 1 };
        let body = Rect { height: room.height.saturating_sub(1 + trouble), ..room };
        let empty = if self.flight.is_some() || self.say.is_some() { "" } else { "There is nothing." };
        let cursor = list.draw(body, "words of the name or the text", empty, buf, theme);
        if wide && let Some(d) = shown {
            frame::bar(buf, room.right() + 1, inner.y..inner.bottom().saturating_sub(2), theme);
            let place = Rect { x: room.right() + 3, width: phone, height: body.height, ..inner };
            preview::draw(buf, place, &d, "", theme);
        }
        let foot = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        if let Some(p) = &self.say {
            frame::problem(buf, Rect { y: foot.y.saturating_sub(3), height: 3, ..foot }, p, theme);
        }
        frame::keys(buf, foot, keys, theme);
        Some(cursor)
    }

    fn age(&self) -> String {
        match (&self.flight, self.setup.synced) {
            (Some(Then::Sync), _) => "reading from the provider…".into(),
            (_, Some(at)) => format!("read {}", (self.setup.ago)(at)),
            (_, None) if self.known => "never read: S".into(),
            _ => String::new(),
        }
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let account = text::sanitize(self.account_name()).into_owned();
        let title = format!("Templates · {}", text::truncate(&account, 30));
        let inner = frame::open(area, 170, area.height, &title, &self.age(), buf, theme)?;
        let beside = inner.width >= BESIDE;
        self.beside.set(beside);
        let mut cursor = None;
        // What is shown of how many, or the search.
        let line = Rect { height: 1, ..inner };
        let search = matches!(self.mode, Mode::Search) || !self.list.filter.words.is_empty();
        let shown = self.list.groups.iter().map(|g| g.rows.len()).sum::<usize>();
        let hidden = self.list.hidden();
        let of = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let samples =
            if hidden > 0 { format!(" · {} hidden: H", of(hidden, "sample")) } else { String::new() };
        let count = format!("{}, {}{samples}", of(self.list.groups.len(), "name"), of(shown, "template"));
        let right = frame::put_right(buf, line.right(), line.y, line.width / 2 + 6, &count, theme.dim);
        let says = self.list.filter.says();
        let mut x = line.x;
        if search {
            x = frame::put(buf, x, line.y, 2, "/ ", theme.focus);
            let room = Rect::new(x, line.y, 30.min(right.saturating_sub(x + 1)), 1);
            let at = self.search.draw(room, buf, theme.text, "name, language or words", theme);
            cursor = matches!(self.mode, Mode::Search).then_some(at);
            x += 31.min(text::width(self.search.text()) as u16 + 2).max(12);
        }
        let left = right.saturating_sub(x + 1);
        if !says.is_empty() {
            frame::put(buf, x, line.y, left, &format!("only {says} · Esc shows all"), theme.warn);
        } else if !search && self.setup.accounts.len() > 1 {
            frame::put(buf, x, line.y, left, "Tab: next account", theme.dim);
        }
        let foot = inner.bottom().saturating_sub(1);
        let mut bottom = foot.saturating_sub(1);
        if let Some(p) = &self.say {
            let room = Rect::new(inner.x, foot.saturating_sub(2), inner.width, 2);
            frame::problem(buf, room, p, theme);
            bottom = room.y.saturating_sub(1);
        }
        if let Mode::Delete { .. } = self.mode {
            bottom = foot.saturating_sub(6);
        }
        let body = Rect::new(inner.x, inner.y + 1, inner.width, bottom.saturating_sub(inner.y + 1));
        let table = if beside { Rect { width: body.width - DETAILS - 3, ..body } } else { body };
        self.draw_table(table, buf, theme);
        if beside {
            frame::bar(buf, table.right() + 1, body.y..body.bottom(), theme);
            let place = Rect { x: table.right() + 3, width: DETAILS, ..body };
            self.draw_details(place, buf, theme);
        }
        let line = Rect::new(inner.x, foot, inner.width, 1);
        if let Mode::Delete { .. } = self.mode {
            cursor = self.draw_delete(Rect::new(inner.x, bottom + 1, inner.width, 5), buf, theme);
        } else {
            frame::keys(buf, line, &self.foot_keys(), theme);
        }
        cursor
    }

    fn draw_delete(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let Mode::Delete { name, language, typed, wrong } = &self.mode else { return None };
        frame::rule(buf, Rect { height: 1, ..area }, "delete", theme);
        let shown = text::sanitize(name);
        let (what, tab) = match language {
            Some(l) => (format!("{shown} in {l} is deleted at the provider"), "all languages instead"),
            None => {
                (format!("{shown} is deleted at the provider in ALL its languages"), "this language only")
            }
        };
        let say = format!("{what}. It does not come back, and an approved name is blocked for 30 days.");
        frame::paragraph(buf, Rect::new(area.x, area.y + 1, area.width, 2), &say, theme.bad);
        let x = frame::put(buf, area.x, area.y + 3, area.width, "Type its name: ", theme.text);
        let room = Rect::new(x, area.y + 3, area.right().saturating_sub(x), 1);
        let cursor = typed.draw(room, buf, theme.strong, &shown, theme);
        let line = Rect::new(area.x, area.y + 4, area.width, 1);
        if *wrong {
            frame::put(
                buf,
                line.x,
                line.y,
                line.width,
                "This is not its name: nothing was deleted.",
                theme.warn,
            );
        } else {
            frame::keys(buf, line, &[("Enter", "delete"), ("Tab", tab), ("Esc", "keep it")], theme);
        }
        Some(cursor)
    }

    fn draw_table(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let c = Columns::of(area.width);
        let mut x = area.x + 1;
        let mut head = |width: u16, word: &str, right: bool| {
            if width > 0 {
                if right {
                    frame::put_right(buf, x + width, area.y, width, word, theme.dim);
                } else {
                    frame::put(buf, x, area.y, width, word, theme.dim);
                }
                x += width + 1;
            }
        };
        head(c.name, "name", false);
        head(c.languages, "languages", false);
        head(c.category, "category", false);
        head(c.quality, "qual.", false);
        head(c.used, "used", true);
        head(c.last, "last", true);
        head(c.read, "read", true);
        let rows = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        if self.list.groups.is_empty() {
            let say = if !self.known {
                "Reading…"
            } else if self.list.rows.is_empty() {
                if self.setup.rights.create {
                    "No templates here yet. S reads them from the provider, n begins one."
                } else {
                    "No templates here yet. S reads them from the provider."
                }
            } else {
                "Nothing matches. Esc shows all."
            };
            frame::paragraph(buf, rows, say, theme.dim);
            return;
        }
        let window = self.list.selection.window(self.list.groups.len(), usize::from(rows.height));
        for (y, at) in (rows.y..).zip(window) {
            let line = Rect::new(rows.x, y, rows.width, 1);
            self.draw_group(line, &c, &self.list.groups[at], at == self.list.selection.at, buf, theme);
        }
    }

    fn draw_group(
        &self,
        line: Rect,
        c: &Columns,
        group: &Group,
        here: bool,
        buf: &mut Buffer,
        theme: &Theme,
    ) {
        let Some(row) = self.list.row_of(group) else { return };
        if here {
            frame::select(buf, line, theme);
        }
        let (mut x, y) = (line.x + 1, line.y);
        let all = || group.rows.iter().filter_map(|i| self.list.rows.get(*i));
        let off = all().all(|r| !r.settings.enabled);
        let warned = all().any(|r| r.warning.is_some() || !r.template.coming_category.is_empty());
        let name = text::sanitize(&group.name);
        let mark = if warned { 2 } else { 0 };
        let style = if off { theme.dim } else { theme.strong };
        let end = frame::put(buf, x, y, c.name.saturating_sub(mark), &name, style);
        if warned {
            frame::put(buf, end + 1, y, 1, "!", theme.warn);
        }
        x += c.name + 1;
        self.draw_languages(Rect::new(x, y, c.languages, 1), group, here, buf, theme);
        x += c.languages + 1;
        if c.category == 0 {
            if here {
                frame::select(buf, line, theme);
            }
            return;
        }
        let t = &row.template;
        let moved = row.warning.as_ref().is_some_and(|w| w.part.ends_with("category"));
        let style = if moved { theme.warn } else { theme.text };
        frame::put(buf, x, y, c.category, &state::short_category(&t.category), style);
        x += c.category + 1;
        if c.quality == 0 {
            if here {
                frame::select(buf, line, theme);
            }
            return;
        }
        let (word, style) = state::quality(&t.quality, theme);
        frame::put(buf, x, y, c.quality, &word, style);
        x += c.quality + 1;
        let used: u64 = all().map(|r| r.used.count).sum();
        let last = all().filter_map(|r| r.used.last).max();
        let count = if used == 0 { "–".to_owned() } else { used.to_string() };
        frame::put_right(buf, x + c.used, y, c.used, &count, theme.text);
        x += c.used + 1;
        let last = last.map_or_else(|| "–".to_owned(), |at| (self.setup.ago)(at));
        frame::put_right(buf, x + c.last, y, c.last, &last, theme.dim);
        x += c.last + 1;
        if c.read > 0 {
            let read = if t.synced_at > 0 { (self.setup.ago)(t.synced_at) } else { "–".into() };
            frame::put_right(buf, x + c.read, y, c.read, &read, theme.dim);
        }
        if here {
            frame::select(buf, line, theme);
        }
    }

    /// The languages side by side with their marks; the one that is meant stands out.
    fn draw_languages(&self, area: Rect, group: &Group, here: bool, buf: &mut Buffer, theme: &Theme) {
        let current = self.list.row_of(group).map(|r| r.template.language.clone()).unwrap_or_default();
        let all: Vec<_> = group.rows.iter().filter_map(|i| self.list.rows.get(*i)).collect();
        let words: Vec<String> = all
            .iter()
            .map(|r| {
                let (mark, _) = state::mark(&r.template.status, theme);
                let language = text::sanitize(&r.template.language);
                if here && all.len() > 1 && r.template.language == current {
                    format!("[{language}{mark}]")
                } else {
                    format!("{language}{mark}")
                }
            })
            .collect();
        // What is meant is seen, whatever stands before it.
        let at = all.iter().position(|r| r.template.language == current).unwrap_or(0);
        let width = |from: usize| words[from..=at].iter().map(|w| text::width(w) + 1).sum::<usize>();
        let mut from = 0;
        while from < at && width(from) > usize::from(area.width) {
            from += 1;
        }
        let mut x = area.x;
        if from > 0 {
            x = frame::put(buf, x, area.y, 1, "‹", theme.dim);
        }
        for (i, (row, word)) in all.iter().zip(&words).enumerate().skip(from) {
            let more = i + 1 < words.len();
            let need = text::width(word) as u16 + if more { 2 } else { 0 };
            if x + need > area.right() && i > at {
                frame::put(
                    buf,
                    x,
                    area.y,
                    area.right().saturating_sub(x),
                    &format!("+{}", words.len() - i),
                    theme.dim,
                );
                break;
            }
            let (_, style) = state::mark(&row.template.status, theme);
            let style = if row.settings.enabled { style } else { theme.dim };
            x = frame::put(buf, x, area.y, area.right().saturating_sub(x), word, style) + 1;
        }
    }

    /// Keys at the foot: what is allowed, the most wanted first.
    fn foot_keys(&self) -> Vec<(&'static str, &'static str)> {
        if matches!(self.mode, Mode::Search) {
            return vec![("Enter", "to the list"), ("Esc", "no search")];
        }
        let rights = self.setup.rights;
        let mut out: Vec<(&str, &str)> = Vec::new();
        let any = self.list.current().is_some();
        if !self.beside.get() && any {
            out.push(("Enter", "details"));
        }
        if rights.create || rights.load {
            out.push(("n", "new"));
        }
        if any && rights.edit {
            out.push(("e", "edit"));
        }
        if any && rights.create {
            out.push(("d", "copy"));
        }
        if any && rights.delete {
            out.push(("D", "delete"));
        }
        if any && rights.send {
            out.push(("s", "send"));
        }
        if any && rights.edit {
            out.extend([("x", "on/off"), ("m", "values"), ("R", "roles")]);
        }
        if self.list.group().is_some_and(|g| g.rows.len() > 1) {
            out.push(("←→", "language"));
        }
        out.extend([("f", "status"), ("p", "problems")]);
        if any {
            out.extend([("h", "history"), ("y", "JSON")]);
        }
        out.extend([("c", "category"), ("L", "language")]);
        out
    }

    pub(super) fn hint_line(&self) -> Vec<Hint> {
        let own = |list: &[(&str, &str)]| list.iter().map(|(k, d)| Hint::new(k, d)).collect();
        match &self.mode {
            Mode::Build(b) => b.hints(),
            Mode::Form(_, Form::NoAction { .. }) => own(&[("Enter", "take away"), ("Esc", "back")]),
            Mode::Form(..) => own(&[("F10", "save"), ("Ctrl+O", "what may go in"), ("Esc", "back")]),
            Mode::Delete { .. } => own(&[("Enter", "delete"), ("Esc", "keep it")]),
            Mode::New(_) | Mode::Copy(_) | Mode::Models(_) | Mode::Library(_) => {
                own(&[("Enter", "choose"), ("Esc", "back")])
            }
            Mode::History(_) | Mode::Details => own(&[("Esc", "back")]),
            Mode::Actions => {
                own(&[("n", "new"), ("e", "edit"), ("D", "take away"), ("t", "try"), ("Esc", "back")])
            }
            Mode::Search => own(&[("Enter", "to the list"), ("Esc", "no search")]),
            Mode::List => {
                // What is done with the one that is chosen stands at the foot.
                own(&[
                    ("/", "search"),
                    ("S", "read now"),
                    ("M", "models"),
                    ("B", "library"),
                    ("a", "actions"),
                    ("Esc", "close"),
                ])
            }
        }
    }

    fn draw_actions(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = format!("Actions · {}", text::truncate(&text::sanitize(self.account_name()), 30));
        let inner = frame::open(area, 100, area.height.min(28), &title, "", buf, theme)?;
        let foot = inner.bottom().saturating_sub(1);
        let about = "Names that other programs call: switchboard action NAME --to … --set key=value";
        frame::put(buf, inner.x, inner.y, inner.width, about, theme.dim);
        let body = Rect::new(inner.x, inner.y + 2, inner.width, foot.saturating_sub(inner.y + 5));
        let all = self.actions.as_deref().unwrap_or_default();
        if self.actions.is_none() && self.say.is_none() {
            frame::put(buf, body.x, body.y, body.width, "Reading…", theme.dim);
        } else if all.is_empty() {
            let say = "No actions yet. n makes one: invoice_sent, proposal_sent, or a name of your own.";
            frame::paragraph(buf, body, say, theme.dim);
        }
        for (y, at) in (body.y..).zip(self.action.window(all.len(), usize::from(body.height))) {
            let row = &all[at];
            let line = Rect::new(body.x, y, body.width, 1);
            let name = line.width / 3;
            frame::put(buf, line.x + 1, y, name.saturating_sub(1), &row.name, theme.strong);
            let values = match row.action.mapping.len() {
                0 => "no values of its own".to_owned(),
                1 => "1 value".to_owned(),
                n => format!("{n} values"),
            };
            let edge = frame::put_right(buf, line.right() - 1, y, 22, &values, theme.dim);
            let language =
                if row.action.language.is_empty() { "contact's language" } else { &row.action.language };
            let known = self.list.rows.iter().any(|r| r.template.name == row.action.template);
            let x = line.x + 1 + name;
            let style = if known { theme.text } else { theme.bad };
            let x = frame::put(buf, x, y, edge.saturating_sub(x + 1), &row.action.template, style) + 1;
            frame::put(buf, x, y, edge.saturating_sub(x + 1), &format!("({language})"), theme.dim);
            if at == self.action.at {
                frame::select(buf, line, theme);
            }
        }
        if let Some(p) = &self.say {
            frame::problem(buf, Rect::new(inner.x, foot - 2, inner.width, 2), p, theme);
        }
        let keys: &[(&str, &str)] = if self.setup.rights.edit {
            &[("n", "new"), ("e", "edit"), ("D", "take away"), ("t", "try"), ("Esc", "back")]
        } else {
            &[("t", "try"), ("Esc", "back")]
        };
        frame::keys(buf, Rect::new(inner.x, foot, inner.width, 1), keys, theme);
        None
    }

    fn draw_history(&self, area: Rect, from: usize, buf: &mut Buffer, theme: &Theme) {
        let Some(row) = self.list.current() else { return };
        let t = &row.template;
        let name = text::sanitize(&t.name);
        let title = format!("History of {} ({})", text::truncate(&name, 40), t.language);
        let height = area.height.min(26);
        let Some(inner) = frame::open(area, 90, height, &title, "", buf, theme) else { return };
        let foot = inner.bottom().saturating_sub(1);
        let body = Rect { height: foot.saturating_sub(inner.y + 1), ..inner };
        details::history(body, self.history_of(row), from, &self.setup.full, buf, theme);
        frame::keys(
            buf,
            Rect::new(inner.x, foot, inner.width, 1),
            &[("j k", "scroll"), ("Esc", "back")],
            theme,
        );
    }

    fn draw_details_alone(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let Some(row) = self.list.current() else { return };
        let name = text::sanitize(&row.template.name);
        let title = format!("{} ({})", text::truncate(&name, 50), row.template.language);
        let Some(inner) = frame::open(area, 90, area.height, &title, &self.age(), buf, theme) else { return };
        let foot = inner.bottom().saturating_sub(1);
        let body = Rect { height: foot.saturating_sub(inner.y), ..inner };
        if body.width >= template_preview::WIDTH + 28 {
            let card = Rect { width: template_preview::WIDTH, ..body };
            template_preview::draw(buf, card, &row.template, &examples(row), "", theme);
            let rest =
                Rect { x: card.right() + 2, width: body.right().saturating_sub(card.right() + 2), ..body };
            let used = details::facts(rest, row, &self.setup.ago, buf, theme);
            let below = Rect { y: rest.y + used + 1, height: rest.height.saturating_sub(used + 1), ..rest };
            details::history(below, self.history_of(row), 0, &self.setup.ago, buf, theme);
        } else {
            self.draw_details(body, buf, theme);
        }
        let line = Rect::new(inner.x, foot, inner.width, 1);
        let mut keys = self.foot_keys();
        keys.retain(|(k, _)| !matches!(*k, "Enter" | "n" | "/" | "f" | "p" | "c" | "L" | "a" | "B" | "M"));
        keys.insert(0, ("Esc", "back"));
        frame::keys(buf, line, &keys, theme);
    }

    /// The details in one column: facts, the card, and what happened to it.
    fn draw_details(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let Some(row) = self.list.current() else { return };
        let name = text::sanitize(&row.template.name);
        let head = format!("{} ({})", text::truncate(&name, 28), row.template.language);
        frame::put(buf, area.x, area.y, area.width, &head, theme.strong);
        let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let used = details::facts(rest, row, &self.setup.ago, buf, theme);
        let changes = self.history_of(row);
        // The card gets what is left, but for three lines of what happened.
        let below = rest.height.saturating_sub(used + 1);
        let lines = (changes.map_or(0, <[_]>::len) as u16 + 1).min(4).min(below / 3);
        let card = Rect { y: rest.y + used + 1, height: below.saturating_sub(lines), ..rest };
        let values = examples(row);
        let shown = card_height(card, row, &values, buf, theme);
        let after = card.y + shown.min(card.height);
        let place = Rect::new(area.x, after, area.width, rest.bottom().saturating_sub(after));
        details::history(place, changes, 0, &self.setup.ago, buf, theme);
    }

    fn history_of(
        &self,
        row: &crate::protocol::templates::TemplateRow,
    ) -> Option<&[crate::model::template::local::TemplateChange]> {
        let ((name, language), changes) = self.history.as_ref()?;
        (*name == row.template.name && *language == row.template.language).then_some(changes.as_slice())
    }
}

/// The examples of a template, to fill its card in.
fn examples(row: &crate::protocol::templates::TemplateRow) -> Values {
    Definition::of(&row.template).example_values()
}

/// Draws the card; the rows that it took.
fn card_height(
    area: Rect,
    row: &crate::protocol::templates::TemplateRow,
    values: &Values,
    buf: &mut Buffer,
    theme: &Theme,
) -> u16 {
    template_preview::draw(buf, area, &row.template, values, "", theme);
    // The border tells where it ends.
    let bottom =
        (area.y..area.bottom()).rev().find(|y| buf.cell((area.x, *y)).is_some_and(|c| c.symbol() == "╰"));
    bottom.map_or(0, |y| y + 1 - area.y)
}
