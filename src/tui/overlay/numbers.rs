//! Numbers for the lead: what is open and waits, how long answers took, by day, operator and account; and the
//! end-of-shift report.
//!
//! Knows numbers; the ranges of days and the words of times are handed in by the host.

use super::frame::{self, Selection, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::clock::Millis;
use crate::model::ids::AccountId;
use crate::protocol::numbers::{NamedNumbers, Numbers, NumbersWanted};
use crate::protocol::report::{length, median, spread};
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Bar, BarChart, BarGroup, Sparkline, Widget};

/// A range that can be chosen: its word, and where it begins and ends.
pub type Range = (&'static str, Millis, Millis);

/// What the lower part shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Operators,
    Accounts,
    Days,
    Waiting,
    Promised,
}

const PARTS: [Part; 5] = [Part::Operators, Part::Accounts, Part::Days, Part::Waiting, Part::Promised];

impl Part {
    fn word(self) -> &'static str {
        match self {
            Self::Operators => "operators",
            Self::Accounts => "accounts",
            Self::Days => "days",
            Self::Waiting => "waiting",
            Self::Promised => "promised",
        }
    }
}

/// Shows numbers.
pub struct NumbersBox {
    when: TimeText,
    /// Day and time, for the report.
    full: TimeText,
    zone: Option<String>,
    ranges: Vec<Range>,
    range: usize,
    part: Part,
    numbers: Option<Box<Numbers>>,
    /// Answers to earlier ranges that are still on their way.
    stale: usize,
    waits: bool,
    /// The account that is shown in the inbox, with its name, and whether the numbers are of it alone.
    account: Option<(AccountId, String, bool)>,
    /// The report is shown, from this line on.
    report: Option<usize>,
    selection: Selection,
    problem: Option<Problem>,
}

impl NumbersBox {
    /// Over these ranges, the first one shown; `when` puts a time into few words, `full` says its day too.
    #[must_use]
    pub fn new(ranges: Vec<Range>, zone: Option<String>, when: TimeText, full: TimeText) -> (Self, Request) {
        let new = Self {
            when,
            full,
            zone,
            ranges,
            range: 0,
            part: Part::Operators,
            numbers: None,
            stale: 0,
            waits: true,
            account: None,
            report: None,
            selection: Selection::default(),
            problem: None,
        };
        let request = new.request();
        (new, request)
    }

    /// Of one account alone, as long as nothing else is asked for.
    #[must_use]
    pub fn of(mut self, account: Option<(AccountId, String)>) -> (Self, Request) {
        self.account = account.map(|(id, name)| (id, name, true));
        let request = self.request();
        (self, request)
    }

    fn request(&self) -> Request {
        let (_, since, until) = self.ranges.get(self.range).copied().unwrap_or(("", 0, 1));
        let account = self.account.as_ref().filter(|(.., alone)| *alone).map(|(id, ..)| id.clone());
        let zone = self.zone.clone();
        let wanted = NumbersWanted { since, until, zone, account, ..NumbersWanted::default() };
        Request::Numbers { wanted }
    }

    fn choose(&mut self, range: usize) -> Vec<Step> {
        if range >= self.ranges.len() {
            return Vec::new();
        }
        self.range = range;
        self.problem = None;
        self.stale += usize::from(self.waits);
        self.waits = true;
        vec![Step::Ask(Box::new(self.request()))]
    }

    fn total(&self) -> usize {
        let Some(n) = &self.numbers else { return 0 };
        match self.part {
            Part::Operators => n.operators.len(),
            Part::Accounts => n.accounts.len(),
            Part::Days => n.days.len(),
            Part::Waiting => n.waiting.len(),
            Part::Promised => n.promised.len(),
        }
    }

    fn turn(&mut self, forward: bool) {
        let at = PARTS.iter().position(|p| *p == self.part).unwrap_or(0);
        let by = if forward { 1 } else { PARTS.len() - 1 };
        self.part = PARTS[(at + by) % PARTS.len()];
        self.selection = Selection::default();
    }

    fn report_text(&self) -> Option<String> {
        let n = self.numbers.as_ref()?;
        let text = n.report(&|at| (self.full)(at));
        Some(text::sanitize_lines(&text).into_owned())
    }

    fn report_key(&mut self, key: KeyEvent, from: usize) -> Vec<Step> {
        let lines = self.report_text().map_or(0, |t| t.lines().count());
        let last = lines.saturating_sub(1);
        self.report = match key.code {
            KeyCode::Esc | KeyCode::Char('e' | 'q') => None,
            KeyCode::Down | KeyCode::Char('j') => Some((from + 1).min(last)),
            KeyCode::Up | KeyCode::Char('k') => Some(from.saturating_sub(1)),
            KeyCode::PageDown => Some((from + 10).min(last)),
            KeyCode::PageUp => Some(from.saturating_sub(10)),
            KeyCode::Home | KeyCode::Char('g') => Some(0),
            KeyCode::Char('y') => return self.report_text().map(Step::Copy).into_iter().collect(),
            _ => Some(from),
        };
        Vec::new()
    }

    fn draw_head(n: &Numbers, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let cells = |x: u16, y: u16, parts: &[(String, u32, Style)], buf: &mut Buffer| {
            let mut x = x;
            for (word, value, style) in parts {
                let left = |x: u16| area.right().saturating_sub(x);
                x = frame::put(buf, x, y, left(x), &format!("{word} "), theme.dim);
                x = frame::put(buf, x, y, left(x), &value.to_string(), *style) + 3;
            }
            x
        };
        let (now, work) = (&n.all.now, &n.all.work);
        let bold = theme.strong;
        let or = |bad: bool, style: Style| if bad { style } else { bold };
        let x = cells(
            area.x,
            area.y,
            &[
                ("open".into(), now.open, bold),
                ("unassigned".into(), now.unassigned, or(now.unassigned > 0, theme.warn)),
                ("waiting".into(), now.waiting, or(now.waiting > 0, theme.warn)),
                ("snoozed".into(), now.snoozed, bold),
            ],
            buf,
        );
        if let Some(oldest) = now.oldest {
            let who =
                n.waiting.first().map(|p| format!(" · {}", text::sanitize(&p.title))).unwrap_or_default();
            let words = format!("longest wait {}{who}", length(n.at - oldest));
            frame::put(buf, x, area.y, area.right().saturating_sub(x), &words, theme.bad);
        }
        cells(
            area.x,
            area.y + 1,
            &[
                ("received".into(), work.received, theme.focus.add_modifier(Modifier::BOLD)),
                ("sent".into(), work.sent, theme.ours.add_modifier(Modifier::BOLD)),
                ("answered".into(), work.answered, theme.good.add_modifier(Modifier::BOLD)),
                ("resolved".into(), work.resolved, bold),
            ],
            buf,
        );
        for (i, (word, s)) in
            [("first answer", &work.response), ("resolution", &work.resolution)].into_iter().enumerate()
        {
            let y = area.y + 2 + i as u16;
            frame::put(buf, area.x, y, 13, word, theme.dim);
            let style = if s.n == 0 { theme.dim } else { theme.text };
            frame::put(buf, area.x + 14, y, area.width.saturating_sub(14), &spread(s), style);
        }
    }

    /// Days as bars where each has room for its name, else as lines of sparks.
    fn draw_days(n: &Numbers, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if n.days.len() <= 10 && area.height >= 5 {
            let each = (area.width / (n.days.len() as u16).max(1)).clamp(5, 14);
            let bar = ((each - 2) / 2).clamp(1, 5);
            let most = n.days.iter().map(|d| d.work.received.max(d.work.answered)).max().unwrap_or(0);
            let mut chart = BarChart::default()
                .bar_width(bar)
                .bar_gap(0)
                .group_gap(each.saturating_sub(2 * bar))
                .max(u64::from(most.max(1)));
            for d in &n.days {
                let one = |value: u32, style: Style| {
                    let label = if value == 0 { String::new() } else { value.to_string() };
                    Bar::default()
                        .value(u64::from(value))
                        .text_value(label)
                        .style(style)
                        .value_style(style.add_modifier(Modifier::REVERSED))
                };
                let day = d.day.get(5..).unwrap_or_default().to_owned();
                let bars = [one(d.work.received, theme.focus), one(d.work.answered, theme.good)];
                chart = chart.data(BarGroup::new(bars).label(Line::from(day).style(theme.dim)));
            }
            chart.render(area, buf);
            return;
        }
        let rows: [(&str, Vec<u64>, Style); 3] = [
            ("received", n.days.iter().map(|d| u64::from(d.work.received)).collect(), theme.focus),
            ("answered", n.days.iter().map(|d| u64::from(d.work.answered)).collect(), theme.good),
            (
                "answer in",
                n.days.iter().map(|d| u64::try_from(d.work.response.median / 1000).unwrap_or(0)).collect(),
                theme.warn,
            ),
        ];
        let height = (area.height / 3).max(1);
        for (i, (word, values, style)) in rows.into_iter().enumerate() {
            let y = area.y + i as u16 * height;
            if y >= area.bottom() {
                break;
            }
            let most = values.iter().copied().max().unwrap_or(0);
            let top = if i == 2 { length(most as i64 * 1000) } else { most.to_string() };
            frame::put(buf, area.x, y + height - 1, 10, word, theme.dim);
            // A day is as wide as there is room for.
            let width = area.width.saturating_sub(24);
            let each = (usize::from(width) / values.len().max(1)).max(1);
            let wide: Vec<u64> = values.iter().flat_map(|v| std::iter::repeat_n(*v, each)).collect();
            let room = Rect::new(area.x + 11, y, (wide.len() as u16).min(width), height);
            Sparkline::default().data(wide).max(most.max(1)).style(style).render(room, buf);
            let x = room.right() + 1;
            let words = format!("most {top}");
            frame::put(buf, x, y + height - 1, area.right().saturating_sub(x), &words, theme.dim);
        }
    }

    fn draw_named(&self, n: &Numbers, rows: &[NamedNumbers], area: Rect, buf: &mut Buffer, theme: &Theme) {
        let columns: [(u16, &str); 8] = [
            (9, "answered"),
            (6, "sent"),
            (9, "resolved"),
            (13, "first answer"),
            (13, "9 of 10 in"),
            (6, "open"),
            (8, "waiting"),
            (13, "longest wait"),
        ];
        // On a narrow screen what matters most stays.
        let (mut shown, mut numbers) = (Vec::new(), 0);
        for i in [0, 6, 3, 7, 5, 2, 1, 4] {
            if numbers + columns[i].0 + 12 > area.width {
                break;
            }
            numbers += columns[i].0;
            shown.push(i);
        }
        shown.sort_unstable();
        let name = area.width.saturating_sub(numbers).min(30);
        let most = rows.iter().map(|r| r.work.answered).max().unwrap_or(0).max(1);
        let put = |y: u16, values: &[String], style: Style, buf: &mut Buffer| {
            let mut right = area.x + name;
            for i in &shown {
                right += columns[*i].0;
                frame::put_right(buf, right, y, columns[*i].0 - 1, &values[*i], style);
            }
            right
        };
        let heads: Vec<String> = columns.iter().map(|(_, w)| (*w).to_owned()).collect();
        put(area.y, &heads, theme.dim, buf);
        let window = self.selection.window(rows.len(), usize::from(area.height.saturating_sub(1)));
        for (i, at) in window.enumerate() {
            let (r, y) = (&rows[at], area.y + 1 + i as u16);
            frame::put(buf, area.x, y, name.saturating_sub(1), &text::sanitize(&r.name), theme.strong);
            let oldest = r.now.oldest.map_or_else(|| "–".into(), |t| length(n.at - t));
            let p90 = if r.work.response.n == 0 { "–".into() } else { length(r.work.response.p90) };
            let values = [
                r.work.answered.to_string(),
                r.work.sent.to_string(),
                r.work.resolved.to_string(),
                median(&r.work.response),
                p90,
                r.now.open.to_string(),
                r.now.waiting.to_string(),
                oldest,
            ];
            let x = put(y, &values, theme.text, buf) + 2;
            // What is left of the line compares them at a glance.
            let room = area.right().saturating_sub(x).min(30);
            if room >= 6 {
                let cells = u32::from(room) * r.work.answered / most;
                let bar = "█".repeat(cells as usize);
                frame::put(buf, x, y, room, &bar, theme.good);
            }
        }
    }

    fn draw_part(&self, n: &Numbers, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let lines = |rows: Vec<(String, String)>, none: &str, buf: &mut Buffer| {
            if rows.is_empty() {
                frame::put(buf, area.x, area.y, area.width, none, theme.dim);
            }
            let window = self.selection.window(rows.len(), usize::from(area.height));
            for (i, at) in window.enumerate() {
                let y = area.y + i as u16;
                frame::put_right(buf, area.x + 13, y, 13, &rows[at].0, theme.strong);
                let line = text::sanitize(&rows[at].1);
                frame::put(buf, area.x + 15, y, area.width.saturating_sub(15), &line, theme.text);
                if at == self.selection.at {
                    frame::select(buf, Rect::new(area.x, y, area.width, 1), theme);
                }
            }
        };
        let whose = |p: &crate::protocol::numbers::Pending| {
            format!("{} · {} · {}", p.title, p.operator.as_deref().unwrap_or("nobody has it"), p.account)
        };
        match self.part {
            Part::Operators if n.operators.is_empty() => {
                let words = "Nobody answered or resolved anything in this time, and nobody has a thread.";
                frame::paragraph(buf, area, words, theme.dim);
            }
            Part::Operators => self.draw_named(n, &n.operators, area, buf, theme),
            Part::Accounts => self.draw_named(n, &n.accounts, area, buf, theme),
            Part::Days => {
                let rows = n.days.iter().rev().map(|d| {
                    let w = &d.work;
                    let line = format!(
                        "received {:>4} · answered {:>4} · resolved {:>4} · first answer {}",
                        w.received,
                        w.answered,
                        w.resolved,
                        median(&w.response)
                    );
                    (d.day.clone(), line)
                });
                lines(rows.collect(), "", buf);
            }
            Part::Waiting => {
                let rows = n.waiting.iter().map(|p| (length(n.at - p.at), whose(p))).collect();
                lines(rows, "Nobody waits for an answer.", buf);
            }
            Part::Promised => {
                let rows = n.promised.iter().map(|p| ((self.when)(p.at), whose(p))).collect();
                lines(rows, "Nothing is snoozed until a time.", buf);
            }
        }
    }

    fn draw_report(&self, from: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let Some(text) = self.report_text() else { return };
        for (i, line) in text.lines().skip(from).take(usize::from(area.height)).enumerate() {
            let style = if i + from == 0 { theme.strong } else { theme.text };
            frame::put(buf, area.x, area.y + i as u16, area.width, line, style);
        }
    }
}

impl Overlay for NumbersBox {
    fn name(&self) -> &'static str {
        "numbers"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if let Some(from) = self.report {
            return self.report_key(key, from);
        }
        let total = self.total();
        if self.selection.key(key, total) {
            return Vec::new();
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('r') { self.choose(self.range) } else { Vec::new() };
        }
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Char(c @ '1'..='9') => return self.choose(c as usize - '1' as usize),
            KeyCode::Char('r') => return self.choose(self.range),
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => self.turn(true),
            KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => self.turn(false),
            KeyCode::Char('j') => self.selection.set((self.selection.at + 1).min(total.saturating_sub(1))),
            KeyCode::Char('k') => self.selection.set(self.selection.at.saturating_sub(1)),
            KeyCode::Char('a') if self.account.is_some() => {
                if let Some((.., alone)) = &mut self.account {
                    *alone = !*alone;
                }
                return self.choose(self.range);
            }
            KeyCode::Char('e') if self.numbers.is_some() => self.report = Some(0),
            KeyCode::Char('y') => return self.report_text().map(Step::Copy).into_iter().collect(),
            KeyCode::Enter => {
                let n = self.numbers.as_ref();
                let list = n.and_then(|n| match self.part {
                    Part::Waiting => Some(&n.waiting),
                    Part::Promised => Some(&n.promised),
                    _ => None,
                });
                if let Some(p) = list.and_then(|l| l.get(self.selection.at)) {
                    return vec![Step::Close, Step::OpenThread { thread: p.thread, at: None }];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Numbers(_) if self.stale > 0 => self.stale -= 1,
            Delivery::Numbers(n) => {
                self.numbers = Some(n);
                self.waits = false;
                self.selection.set(self.selection.at.min(self.total().saturating_sub(1)));
            }
            Delivery::Problem(p) => {
                self.problem = Some(p);
                self.waits = false;
                self.stale = 0;
            }
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let right = match &self.numbers {
            _ if self.waits => "one moment…".to_owned(),
            Some(n) if n.behind > 0 => format!("{} messages are not counted yet", n.behind),
            Some(n) if n.own => "your own".to_owned(),
            _ => String::new(),
        };
        let title = if self.report.is_some() { "Report" } else { "Numbers" };
        let title = match &self.account {
            Some((_, name, true)) => format!("{title} · {name}"),
            Some(_) => format!("{title} · all accounts"),
            None => title.to_owned(),
        };
        let inner = frame::open(area, 130, area.height, &title, &right, buf, theme)?;
        if let Some(p) = &self.problem {
            frame::problem(buf, inner, p, theme);
            return None;
        }
        if let Some(from) = self.report {
            self.draw_report(from, inner, buf, theme);
            return None;
        }
        let tab = |x: u16, y: u16, word: &str, here: bool, buf: &mut Buffer| {
            let style = if here { theme.focus.add_modifier(Modifier::BOLD) } else { theme.dim };
            let label = if here { format!("‹{word}›") } else { format!(" {word} ") };
            frame::put(buf, x, y, inner.right().saturating_sub(x), &label, style) + 1
        };
        let mut x = inner.x;
        for (i, (word, ..)) in self.ranges.iter().enumerate() {
            x = tab(x, inner.y, &format!("{} {word}", i + 1), i == self.range, buf);
        }
        let n = self.numbers.as_ref()?;
        Self::draw_head(n, Rect { y: inner.y + 2, height: 4, ..inner }, buf, theme);
        let mut y = inner.y + 7;
        let chart = match n.days.len() {
            0 | 1 => 0,
            _ if inner.height < 18 => 0,
            _ => (inner.height / 3).clamp(4, 10),
        };
        if chart > 0 {
            let room = Rect::new(inner.x, y, inner.width, chart);
            Self::draw_days(n, room, buf, theme);
            y += chart + 1;
        }
        if y >= inner.bottom() {
            return None;
        }
        let mut x = inner.x;
        for part in PARTS {
            x = tab(x, y, part.word(), part == self.part, buf);
        }
        let below = Rect::new(inner.x, y + 1, inner.width, inner.bottom().saturating_sub(y + 1));
        if below.height > 0 {
            self.draw_part(n, below, buf, theme);
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        if self.report.is_some() {
            return vec![Hint::new("y", "copy"), Hint::new("Esc", "numbers")];
        }
        let mut out = vec![
            Hint::new("1-3", "time"),
            Hint::new("Tab", "table"),
            Hint::new("e", "report"),
            Hint::new("y", "copy"),
            Hint::new("r", "again"),
        ];
        if matches!(self.part, Part::Waiting | Part::Promised) {
            out.insert(2, Hint::new("Enter", "conversation"));
        }
        if let Some((.., alone)) = &self.account {
            out.push(Hint::new("a", if *alone { "all accounts" } else { "this account" }));
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

/// An answer for tests of the screen.
#[cfg(test)]
pub(crate) fn sample(wanted: NumbersWanted) -> crate::protocol::Response {
    crate::protocol::Response::Numbers(Box::new(tests::numbers(wanted)))
}

#[cfg(test)]
#[path = "numbers_tests.rs"]
mod tests;
