//! A message as lines of styled text at a width: bubbles, marks, cards, ticks, failures.
//!
//! Pure: the same message at the same width with the same neighbours gives the same lines, so they are cached by
//! (message, revision, width, neighbours). Every line fits into the width.

use super::format;
use super::hyperlinks::{self, Part};
use super::links;
use super::mask;
use super::theme::Theme;
use crate::model::contact::display_phone;
use crate::model::message::ShownButton;
use crate::model::{Body, DeliveryState, Direction, Message, MessageId, Origin};
use crate::text;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ratatui::style::{Modifier, Style};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// Widest text of a bubble in cells: longer lines are hard to read.
const BUBBLE: usize = 76;
/// Layouts kept; more than fits on any screen several times over.
const CACHED: usize = 2_000;
/// Lines of one message that are shown; the rest is named.
const LINES: usize = 400;

/// A stretch of text in one style.
pub(crate) type Span = (String, Style);

/// One line of the conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// Cells from the left.
    pub x: u16,
    /// What is written there.
    pub spans: Vec<Span>,
    /// Parts of it that lead somewhere.
    pub links: Vec<Part>,
}

impl Line {
    #[cfg(test)]
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(s, _)| text::width(s)).sum()
    }
}

/// The lines of a message.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// From top to bottom.
    pub lines: Vec<Line>,
    /// Which of them are the message itself, not the day or the gap above it.
    pub own: Range<usize>,
}

/// What is around a message and decides on lines above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Around {
    /// A day line with this date goes above it.
    pub day: Option<Date>,
    /// A line that says how many messages are unread goes above it.
    pub unread: Option<u32>,
    /// Whether the message before it came from somebody else (or there is none).
    pub leads: bool,
    /// While it waits in the outbox: how long, or until when, in words.
    pub wait: Option<String>,
    /// While it waits in the outbox: whether for another one of the thread.
    pub turn: bool,
    /// Whether it waits for a time at which the window will be closed.
    pub closed_then: bool,
    /// Whether a text is being written: the keys for messages are a step away.
    pub writing: bool,
}

/// The keys that get a message out of trouble, as they are written under it.
#[derive(Clone, Debug, Default)]
pub(crate) struct WayOut {
    /// Sends it again.
    pub again: String,
    /// Puts it aside.
    pub aside: String,
    /// Sends a template.
    pub template: String,
    /// Takes it back.
    pub back: String,
    /// Chooses another time.
    pub later: String,
    /// Sends it now.
    pub now: String,
    /// Finds out what became of it.
    pub check: String,
    /// Takes it back while a text is being written.
    pub back_writing: String,
    /// Leaves the text.
    pub leave: String,
    /// Copies a message.
    pub copy: String,
}

impl WayOut {
    /// The keys that `key` gives for the commands.
    pub fn new(key: impl Fn(&str) -> String) -> Self {
        Self {
            again: key("message.retry"),
            aside: key("message.discard"),
            template: key("template.pick"),
            back: key("message.undo"),
            later: key("message.later"),
            now: key("message.now"),
            check: key("message.check"),
            back_writing: key("compose.undo_send"),
            leave: key("compose.leave"),
            copy: key("message.copy"),
        }
    }
}

/// How messages are laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    /// Cells of the pane.
    pub width: u16,
    /// Styles.
    pub theme: &'a Theme,
    /// For times.
    pub tz: &'a TimeZone,
    /// For day lines.
    pub today: Date,
    /// The contact's name, for quotes and the first of several messages.
    pub name: &'a str,
    /// The operator's own name, which is not written above messages.
    pub operator: &'a str,
    /// The keys that get a message out of trouble.
    pub keys: &'a WayOut,
}

#[derive(Debug)]
struct Cached {
    revision: u32,
    width: u16,
    today: Date,
    around: Around,
    block: Rc<Block>,
}

/// Layouts that were made before. Dropping it changes nothing on the screen.
#[derive(Debug, Default)]
pub(crate) struct Cache(HashMap<MessageId, Cached>);

impl Cache {
    /// Forgets all of them: the looks have changed.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The layout of a message, made now if it is not here.
    pub fn block(&mut self, m: &Message, around: &Around, look: &Look<'_>) -> Rc<Block> {
        if let Some(c) = self.0.get(&m.id)
            && c.revision == m.revision
            && c.width == look.width
            && c.today == look.today
            && c.around == *around
        {
            return Rc::clone(&c.block);
        }
        if self.0.len() >= CACHED {
            self.0.clear();
        }
        let block = Rc::new(lay_out(m, around, look));
        self.0.insert(
            m.id,
            Cached {
                revision: m.revision,
                width: look.width,
                today: look.today,
                around: around.clone(),
                block: Rc::clone(&block),
            },
        );
        block
    }
}

pub(crate) use super::marks::marks;

/// Safe text without WhatsApp's marks, for one line.
pub(crate) fn unmarked(s: &str) -> String {
    marks(s).0
}

/// What a bubble is made of, from top to bottom.
struct Bubble<'a> {
    look: &'a Look<'a>,
    cells: usize,
    lines: Vec<Vec<Span>>,
    /// Lines that run from right to left, by index.
    rtl: Vec<usize>,
    /// Parts of lines that lead somewhere, with the index of the line.
    links: Vec<(usize, Part)>,
}

impl Bubble<'_> {
    fn put(&mut self, prefix: Option<&Span>, s: &str, style: Style) {
        let prefix_cells = prefix.map_or(0, |(p, _)| text::width(p));
        for r in text::wrap(s, self.cells.saturating_sub(prefix_cells)) {
            let mut spans: Vec<Span> = prefix.cloned().into_iter().collect();
            spans.push((s[r].to_owned(), style));
            self.lines.push(spans);
        }
    }

    /// Text of a stranger, with marks.
    fn text(&mut self, s: &str) {
        let safe = text::sanitize_lines(s);
        let (clean, runs) = marks(&safe);
        let links = links::places(&clean);
        let targets: Vec<_> = links.iter().map(|l| hyperlinks::address(&clean[l.clone()])).collect();
        // Not before: a hidden digit is no mark. The places of the runs stay the same.
        let clean = mask::numbers(&clean, self.look.theme.mask);
        let mut rtl = false;
        for r in text::wrap(&clean, self.cells) {
            // A paragraph has one direction, however many lines it takes.
            if r.start == 0 || clean.as_bytes().get(r.start - 1) == Some(&b'\n') {
                rtl = text::is_rtl(clean[r.start..].lines().next().unwrap_or_default());
            }
            if rtl {
                self.rtl.push(self.lines.len());
            }
            let theme = self.look.theme;
            let mut spans = Vec::new();
            for (run, m) in runs.iter().filter(|(run, _)| run.start < r.end && run.end > r.start) {
                let style = theme.text.add_modifier(*m);
                let (mut at, end) = (run.start.max(r.start), run.end.min(r.end));
                let first = at;
                for link in links.iter().filter(|l| l.start < end && l.end > first) {
                    let (from, to) = (link.start.max(at), link.end.min(end));
                    if from > at {
                        spans.push((clean[at..from].to_owned(), style));
                    }
                    spans.push((clean[from..to].to_owned(), style.patch(theme.link)));
                    at = to;
                }
                if at < end {
                    spans.push((clean[at..end].to_owned(), style));
                }
            }
            for (link, target) in links.iter().zip(&targets) {
                let (from, to) = (link.start.max(r.start), link.end.min(r.end));
                let Some(target) = target.as_ref().filter(|_| from < to) else { continue };
                let cells = |s: &str| u16::try_from(text::width(s)).unwrap_or(u16::MAX);
                let (start, text) = (cells(&clean[r.start..from]), clean[from..to].to_owned());
                let cells = start..start.saturating_add(cells(&text));
                self.links.push((self.lines.len(), Part { cells, text, to: Rc::clone(target) }));
            }
            self.lines.push(spans);
        }
    }

    /// One or more lines in a style, made safe.
    fn line(&mut self, s: &str, style: Style) {
        let safe = text::sanitize_lines(s);
        self.put(None, &mask::numbers(&safe, self.look.theme.mask), style);
    }

    fn line_if(&mut self, s: &str, style: Style) {
        if !s.is_empty() {
            self.line(s, style);
        }
    }

    fn quote(&mut self, author: &str, s: &str) {
        let t = self.look.theme;
        let s = text::sanitize(s);
        let s = if s.is_empty() { "(not loaded)".into() } else { mask::numbers(&s, t.mask) };
        let bar: Span = ("▎ ".into(), t.ours);
        let all = format!("{author}: {s}");
        let short = text::truncate(&all, (self.cells - 2) * 2);
        self.put(Some(&bar), &short, t.dim);
    }

    fn buttons(&mut self, buttons: &[ShownButton]) {
        let t = self.look.theme;
        for b in buttons {
            let icon = match b.kind.to_ascii_lowercase().as_str() {
                "url" | "cta_url" => "↗",
                "phone_number" => "☎",
                "copy_code" => "⧉",
                "list" => "≡",
                _ => "↩",
            };
            self.line(
                &format!("[ {icon} {} ]", text::sanitize(&b.text)),
                t.link.remove_modifier(Modifier::UNDERLINED),
            );
        }
    }

    fn body(&mut self, body: &Body) {
        let t = self.look.theme;
        match body {
            Body::Text { text } => self.text(text),
            Body::Note { text } => self.text(text),
            Body::Media { kind, media, caption } => {
                let (icon, word) = format::media(*kind);
                let mut card = format!("{icon} {word}");
                if let Some(name) = &media.filename {
                    card = format!("{card} · {}", text::sanitize(name));
                }
                if let Some(bytes) = media.size {
                    card = format!("{card} · {}", format::size(bytes));
                }
                if let Some(percent) = media.arrived {
                    card = format!("{card} · on its way {percent} %");
                }
                if !media.mime.is_empty() && media.filename.is_none() {
                    card = format!("{card} · {}", text::sanitize(&media.mime));
                }
                self.line(&card, t.link.remove_modifier(Modifier::UNDERLINED));
                if !caption.is_empty() {
                    self.text(caption);
                }
            }
            Body::Location { latitude, longitude, name, address } => {
                let title = if name.is_empty() { "place" } else { name };
                self.line(&format!("📍 {title}"), t.strong);
                self.line_if(address, t.text);
                self.line(&format!("{latitude:.5}, {longitude:.5}"), t.dim);
            }
            Body::Contacts { cards } => {
                for c in cards {
                    self.line(&format!("👤 {}", mask::name(&c.name, t.mask)), t.strong);
                    self.line_if(&c.organisation, t.dim);
                    for p in &c.phones {
                        self.line(format!("{} {}", p.value, p.label.to_lowercase()).trim_end(), t.text);
                    }
                    for e in &c.emails {
                        self.line(format!("{} {}", e.value, e.label.to_lowercase()).trim_end(), t.text);
                    }
                }
            }
            Body::Interactive { header, text, footer, buttons, rows, .. } => {
                self.line_if(header, t.strong);
                self.text(text);
                self.line_if(footer, t.dim);
                self.buttons(buttons);
                for r in rows {
                    let line = if r.description.is_empty() {
                        format!("  • {}", r.title)
                    } else {
                        format!("  • {} – {}", r.title, r.description)
                    };
                    self.line(&line, t.dim);
                }
            }
            Body::Choice { title, description, .. } => {
                self.line(&format!("▸ {title}"), t.strong);
                self.line_if(description, t.dim);
            }
            Body::Form { name, text, response } => {
                let what = if name == "address_message" { "address" } else { "form" };
                self.line(&format!("📝 {what} answered"), t.strong);
                if !text.is_empty() {
                    self.text(text);
                }
                let fields: Option<serde_json::Map<String, serde_json::Value>> =
                    serde_json::from_str(response).ok();
                for (key, value) in fields.into_iter().flatten().filter(|(k, _)| k != "flow_token").take(40) {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    self.line(&format!("{key}: {value}"), t.dim);
                }
            }
            Body::Order { text, items, .. } => {
                self.line("🛒 order", t.strong);
                for i in items.iter().take(60) {
                    let line = format!("{} × {}  {:.2} {}", i.quantity, i.product, i.price, i.currency);
                    self.line(&line, t.text);
                }
                if let Some(currency) = items.first().map(|i| &i.currency)
                    && items.iter().all(|i| i.currency == *currency)
                {
                    let total: f64 = items.iter().map(|i| i.quantity * i.price).sum();
                    self.line(&format!("total {total:.2} {currency}"), t.strong);
                }
                if !text.is_empty() {
                    self.text(text);
                }
            }
            Body::Template { name, language, header, text, footer, buttons } => {
                self.line(&format!("▤ template · {name} · {language}"), t.dim);
                self.line_if(header, t.strong);
                self.text(text);
                self.line_if(footer, t.dim);
                self.buttons(buttons);
            }
            Body::Revoked => self.line("⊘ this message was deleted by its sender", t.dim),
            Body::Unsupported { what, details } => {
                let what = if what.is_empty() { "message" } else { what };
                self.line(&format!("▢ {what}: WhatsApp does not hand this kind over"), t.dim);
                self.line_if(details, t.dim);
            }
            Body::Unknown { kind, text } => {
                self.line(&format!("▢ {kind}: this version does not know this kind"), t.dim);
                if !text.is_empty() {
                    self.text(text);
                }
            }
            Body::Call { .. } | Body::System { .. } => {}
        }
    }
}

/// The sentence of a call or a system message, which stands in the middle.
fn notice(body: &Body) -> Option<String> {
    match body {
        Body::Call { event, seconds } => {
            let length = seconds.map(|s| format!(", {} min {:02} s", s / 60, s % 60)).unwrap_or_default();
            Some(format!("📞 call {event}{length}"))
        }
        Body::System { kind, text } if text.is_empty() => Some(format!("ⓘ {kind}")),
        Body::System { text, .. } => Some(format!("ⓘ {text}")),
        _ => None,
    }
}

fn centred(s: &str, style: Style, width: usize, block: &mut Block) {
    for r in text::wrap(s, width.saturating_sub(4)) {
        let part = s[r].to_owned();
        let x = (width.saturating_sub(text::width(&part)) / 2) as u16;
        block.lines.push(Line { x, spans: vec![(part, style)], ..Line::default() });
    }
}

/// A rule over the width with words in the middle.
fn rule(words: &str, style: Style, width: usize) -> Line {
    let words = format!("── {words} ──");
    let words = text::truncate(&words, width).into_owned();
    let x = (width.saturating_sub(text::width(&words)) / 2) as u16;
    Line { x, spans: vec![(words, style)], ..Line::default() }
}

/// Lays a message out.
pub(crate) fn lay_out(m: &Message, around: &Around, look: &Look<'_>) -> Block {
    let width = usize::from(look.width).max(12);
    let t = look.theme;
    let mut block = Block::default();
    if let Some(day) = around.day {
        block.lines.push(Line::default());
        block.lines.push(rule(&format::day_name(day, look.today), t.dim, width));
    }
    if let Some(n) = around.unread {
        block.lines.push(rule(&format!("{n} unread"), t.unread, width));
    }
    if around.leads && around.unread.is_none() {
        block.lines.push(Line::default());
    }
    let first = block.lines.len();
    if let Some(sentence) = notice(&m.body) {
        let line = format!("{} · {}", text::sanitize(&sentence), format::clock(m.at, look.tz));
        centred(&line, t.dim, width, &mut block);
        block.own = first..block.lines.len();
        return block;
    }
    if m.state == DeliveryState::Cancelled {
        let line = Line { spans: vec![(outbox::taken_back(m, width), t.dim)], ..Line::default() };
        let x = width.saturating_sub(line.spans.iter().map(|(s, _)| text::width(s)).sum::<usize>() + 2);
        block.lines.push(Line { x: x as u16, ..line });
        block.own = first..block.lines.len();
        return block;
    }
    let ours = m.direction == Direction::Outbound;
    // Marker, bar and a blank on one side; at least a tenth stays free on the other.
    let cells = (width - 3 - (width / 10).max(2)).clamp(6, BUBBLE);
    let mut bubble = Bubble { look, cells, lines: Vec::new(), rtl: Vec::new(), links: Vec::new() };
    let note = m.state == DeliveryState::Noted;
    if note {
        let who = author(m, look).unwrap_or_else(|| "you".into());
        let line = text::truncate(&format!("✎ note · {who}"), cells).into_owned();
        bubble.lines.push(vec![(line, t.note.add_modifier(Modifier::BOLD))]);
    } else if around.leads
        && let Some(author) = author(m, look)
    {
        let author = text::truncate(&author, cells).into_owned();
        bubble.lines.push(vec![(author, if ours { t.dim } else { t.theirs.add_modifier(Modifier::BOLD) })]);
    }
    if let Some(tag) = &m.tag {
        let style = t.dim.add_modifier(Modifier::ITALIC);
        bubble.line(&format!("↪ {tag}"), style);
    }
    if let Some(q) = &m.quote {
        let who =
            if q.own { "you".into() } else { mask::name(&text::sanitize(look.name), t.mask).into_owned() };
        bubble.quote(&who, &q.text);
    }
    if note && m.body == Body::Revoked {
        bubble.line("⊘ this note was deleted", t.dim);
    } else {
        bubble.body(&m.body);
    }
    let mut lines = align(bubble.lines, &bubble.rtl, &mut bubble.links);
    if lines.len() > LINES {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(vec![(
            text::truncate(&format!("… {more} more lines: {} copies all", look.keys.copy), cells)
                .into_owned(),
            t.dim,
        )]);
    }
    if note {
        // Nobody takes it for something that the customer has.
        lines.iter_mut().flatten().for_each(|(_, style)| *style = style.patch(t.note));
    }
    let own = block.lines.len();
    finish(lines, &meta(m, look), ours, width, look, &mut block);
    for (i, mut part) in bubble.links {
        // The bar before what comes in.
        let bar = u16::from(!ours);
        part.cells = part.cells.start.saturating_add(bar)..part.cells.end.saturating_add(bar);
        if let Some(line) = block.lines.get_mut(own + i).filter(|_| i < LINES) {
            line.links.push(part);
        }
    }
    if note {
        for (s, style) in block.lines[own..].iter_mut().filter_map(|l| l.spans.last_mut()) {
            *s = s.replace('▕', "┊");
            *style = t.note;
        }
    }
    reactions(m, ours, width, look, &mut block);
    trouble(m, around, ours, cells, width, look, &mut block);
    block.own = first..block.lines.len();
    block
}

fn author(m: &Message, look: &Look<'_>) -> Option<String> {
    match &m.origin {
        Origin::Customer(Some(who)) => Some(mask::name(&text::sanitize(who), look.theme.mask).into_owned()),
        Origin::Customer(None) => Some(mask::name(&text::sanitize(look.name), look.theme.mask).into_owned()),
        Origin::Operator(name) if name == look.operator => None,
        Origin::Operator(name) => Some(text::sanitize(name).into_owned()),
        Origin::Phone => Some("from the phone".into()),
        Origin::Provider => Some("automatic".into()),
        Origin::System => None,
    }
    .filter(|a| !a.is_empty())
}

/// Ticks and time.
fn meta(m: &Message, look: &Look<'_>) -> Vec<Span> {
    let t = look.theme;
    let mut spans = Vec::new();
    if let Some(late) = m.lateness() {
        spans.push((format!("{late} "), t.warn));
    }
    if m.edited {
        spans.push(("edited ".to_owned(), t.dim));
    }
    if m.direction == Direction::Outbound {
        let (tick, style) = format::ticks(m.state, t);
        if !tick.is_empty() {
            spans.push((format!("{tick} "), style));
        }
    }
    spans.push((format::clock(m.at, look.tz), t.dim));
    spans
}

fn cells_of(spans: &[Span]) -> usize {
    spans.iter().map(|(s, _)| text::width(s)).sum()
}

/// Lines that run from right to left end where the widest line ends. The order of the letters within a line is the
/// terminal's business.
fn align(mut lines: Vec<Vec<Span>>, rtl: &[usize], links: &mut [(usize, Part)]) -> Vec<Vec<Span>> {
    let widest = lines.iter().map(|l| cells_of(l)).max().unwrap_or(0);
    for i in rtl {
        if let Some(line) = lines.get_mut(*i) {
            let pad = widest.saturating_sub(cells_of(line));
            if pad > 0 {
                line.insert(0, (" ".repeat(pad), Style::new()));
                let pad = u16::try_from(pad).unwrap_or(u16::MAX);
                for (_, part) in links.iter_mut().filter(|(at, _)| at == i) {
                    part.cells = part.cells.start.saturating_add(pad)..part.cells.end.saturating_add(pad);
                }
            }
        }
    }
    lines
}

/// Places the lines of a bubble: theirs left behind a bar, ours right before one; the time after the last line.
fn finish(
    mut lines: Vec<Vec<Span>>,
    meta: &[Span],
    ours: bool,
    width: usize,
    look: &Look<'_>,
    block: &mut Block,
) {
    let t = look.theme;
    let room = width - 3;
    let meta_cells = cells_of(meta) + 2;
    let widest = lines.iter().map(|l| cells_of(l)).max().unwrap_or(0);
    let last = lines.last().map_or(0, |l| cells_of(l));
    let fits = last + meta_cells <= room;
    if !fits {
        lines.push(Vec::new());
    }
    let last = if fits { last } else { 0 };
    let whole = widest.max(last + meta_cells).min(room);
    let n = lines.len();
    for (i, mut spans) in lines.into_iter().enumerate() {
        if i + 1 == n {
            let pad = whole.saturating_sub(last + cells_of(meta));
            let pad = if ours { pad } else { 2.min(pad.max(1)) };
            spans.push((" ".repeat(pad), t.text));
            spans.extend(meta.iter().cloned());
        }
        if ours {
            let pad = whole.saturating_sub(cells_of(&spans));
            spans.push((format!("{} ▕", " ".repeat(pad)), t.ours));
            let x = width.saturating_sub(whole + 2) as u16;
            block.lines.push(Line { x, spans, ..Line::default() });
        } else {
            spans.insert(0, ("▏".into(), t.theirs));
            block.lines.push(Line { x: 1, spans, ..Line::default() });
        }
    }
}

fn reactions(m: &Message, ours: bool, width: usize, look: &Look<'_>, block: &mut Block) {
    if m.reactions.is_empty() {
        return;
    }
    let t = look.theme;
    let mut spans: Vec<Span> = Vec::new();
    let mut used = 0;
    for r in m.reactions.iter().take(20) {
        let emoji = text::truncate(&text::sanitize(&r.emoji), 8).into_owned();
        let who = if r.own { "you " } else { " " };
        let cells = text::width(&emoji) + who.len() + 1;
        if used + cells > width - 4 {
            break;
        }
        used += cells;
        spans.push((format!("{emoji} "), t.text));
        spans.push((who.to_owned(), t.dim));
    }
    let x = if ours { width.saturating_sub(used + 2) } else { 3 } as u16;
    block.lines.push(Line { x, spans, ..Line::default() });
}

/// Why a message did not get through, what it waits for, and what to press.
fn trouble(
    m: &Message,
    around: &Around,
    ours: bool,
    cells: usize,
    width: usize,
    look: &Look<'_>,
    block: &mut Block,
) {
    for (s, style) in outbox::lines(m, around, look.theme, look.keys) {
        for r in text::wrap(&s, cells) {
            let part = s[r].to_owned();
            let w = text::width(&part);
            let x = if ours { width.saturating_sub(w + 2) } else { 3 } as u16;
            block.lines.push(Line { x, spans: vec![(part, style)], ..Line::default() });
        }
    }
}

/// A message in one line, for the quote above the composer and for search.
pub(crate) fn one_line(m: &Message) -> String {
    let plain = m.body.plain_text();
    let plain = text::sanitize(&plain);
    match format::kind_prefix(m.body.kind()) {
        Some(p) if plain.is_empty() => p.to_owned(),
        Some(p) => format!("{p} · {plain}"),
        None => plain.into_owned(),
    }
}

/// A phone number for people, from what the store has.
pub(crate) fn phone(digits: &str) -> String {
    text::sanitize(&display_phone(digits)).into_owned()
}

#[path = "transcript_outbox.rs"]
mod outbox;

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
