//! Cells as bytes: the fewest that bring a terminal from the last frame to the next.
//!
//! Knows what the terminal shows, where its cursor is and which attributes are set, across frames, so a typed
//! character costs one character. Only the areas that were drawn anew are compared. Does no I/O.

use super::hyperlinks::Linked;
use crate::text;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use std::io::Write as _;
use std::rc::Rc;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Begin synchronised update: the terminal shows nothing of a frame before its end.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// End synchronised update.
const END: &[u8] = b"\x1b[?2026l";
/// Attributes that are visible on a blank cell.
const VISIBLE_BLANK: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);
/// An unchanged stretch of at most this many cells is written again rather than jumped over.
const BRIDGE: u16 = 4;
/// Blank stretches from this length on are erased rather than written.
const ERASE: u16 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " "
}

/// Whether erasing makes a cell.
fn is_void(cell: &Cell) -> bool {
    is_blank(cell) && cell.bg == Color::Reset && !cell.modifier.intersects(VISIBLE_BLANK)
}

/// Whether two cells look the same; the foreground of a blank is not seen.
fn same(a: &Cell, b: &Cell) -> bool {
    if a.bg != b.bg || a.symbol() != b.symbol() {
        return false;
    }
    if a.fg == b.fg && a.modifier == b.modifier {
        return true;
    }
    is_blank(a)
        && a.modifier & VISIBLE_BLANK == b.modifier & VISIBLE_BLANK
        && (a.fg == b.fg || !a.modifier.intersects(VISIBLE_BLANK))
}

fn cells(symbol: &str) -> u16 {
    if symbol.len() == 1 { 1 } else { u16::try_from(symbol.width().max(1)).unwrap_or(u16::MAX) }
}

/// Whether every terminal agrees on the width of a symbol, so that the cursor is known to be behind it.
fn is_certain(symbol: &str) -> bool {
    if symbol.len() == 1 {
        return true;
    }
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return false };
    cells(symbol) == 1
        || matches!(c as u32,
            0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
            | 0xff00..=0xffe6 | 0x20000..=0x3fffd)
}

/// Whether a symbol holds nothing that a terminal acts on.
fn is_safe(symbol: &str) -> bool {
    match symbol.as_bytes() {
        [b] => (0x20..0x7f).contains(b),
        _ => !symbol.chars().any(text::is_hostile),
    }
}

/// Cells that a symbol takes at most: where a terminal does not join its parts, each stands for itself.
fn reach(symbol: &str) -> u16 {
    if symbol.len() < 4 {
        return 1;
    }
    let sum: usize = symbol.chars().map(|c| c.width().unwrap_or(0)).sum();
    u16::try_from(sum).unwrap_or(u16::MAX)
}

/// The links of one row.
fn of_row(links: &[Linked], y: u16) -> Vec<Linked> {
    links.iter().filter(|l| l.y == y).cloned().collect()
}

/// Where a column leads.
fn at(links: &[Linked], x: u16) -> Option<&Rc<str>> {
    links.iter().find(|l| l.cells.contains(&x)).map(|l| &l.to)
}

/// What is to be on the terminal after a frame.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// All cells.
    pub buffer: &'a Buffer,
    /// The areas that may differ from the last frame.
    pub areas: &'a [Rect],
    /// Where the cursor is shown, if it is.
    pub cursor: Option<Position>,
    /// The title of the terminal's window.
    pub title: &'a str,
    /// Bytes that change no cell (notification, clipboard).
    pub extra: &'a [u8],
    /// Cells that lead somewhere.
    pub links: &'a [Linked],
}

/// Turns frames into bytes.
#[derive(Debug)]
pub(crate) struct Painter {
    shown: Buffer,
    at: Option<(u16, u16)>,
    pen: Pen,
    cursor: Option<bool>,
    title: String,
    clear: bool,
    /// The links that are shown.
    links: Vec<Linked>,
    /// Those of the row that is being written: as it is, as it will be.
    row_links: (Vec<Linked>, Vec<Linked>),
    /// The address that what is written now leads to.
    open: Option<Rc<str>>,
    out: Vec<u8>,
}

impl Painter {
    /// For a terminal of this size, nothing known of it.
    pub fn new(size: Rect) -> Self {
        Self {
            shown: Buffer::empty(size),
            at: None,
            pen: Pen::PLAIN,
            cursor: None,
            title: String::new(),
            clear: true,
            links: Vec::new(),
            row_links: (Vec::new(), Vec::new()),
            open: None,
            out: Vec::with_capacity(16 * 1024),
        }
    }

    /// Forgets what is shown: the next frame draws everything.
    pub fn invalidate(&mut self, size: Rect) {
        self.shown = Buffer::empty(size);
        self.at = None;
        self.clear = true;
    }

    /// The bytes of a frame; empty when nothing changes.
    pub fn frame(&mut self, target: &Target<'_>) -> &[u8] {
        self.out.clear();
        self.out.extend_from_slice(BEGIN);
        let empty = self.out.len();
        self.out.extend_from_slice(target.extra);
        let all = [target.buffer.area];
        let areas = if self.clear {
            self.pen = Pen::PLAIN;
            self.out.extend_from_slice(b"\x1b[m\x1b[2J");
            self.clear = false;
            self.at = None;
            self.links.clear();
            &all[..]
        } else {
            target.areas
        };
        for area in areas {
            let area = area.intersection(self.shown.area).intersection(target.buffer.area);
            for y in area.top()..area.bottom() {
                self.row_links = (of_row(&self.links, y), of_row(target.links, y));
                self.row(target.buffer, y, area.left(), area.right());
            }
        }
        self.link(None);
        if self.links != target.links {
            self.links = target.links.to_vec();
        }
        if target.title != self.title {
            target.title.clone_into(&mut self.title);
            let _ = write!(self.out, "\x1b]2;{}\x1b\\", text::sanitize(target.title));
        }
        match target.cursor {
            Some(p) => {
                self.move_to(p.x, p.y);
                if self.cursor != Some(true) {
                    self.out.extend_from_slice(b"\x1b[?25h");
                    self.cursor = Some(true);
                }
            }
            None if self.cursor != Some(false) => {
                self.out.extend_from_slice(b"\x1b[?25l");
                self.cursor = Some(false);
            }
            None => {}
        }
        if self.out.len() == empty {
            self.out.clear();
        } else {
            self.out.extend_from_slice(END);
        }
        &self.out
    }

    /// Brings columns `left..right` of a row up to date.
    fn row(&mut self, next: &Buffer, y: u16, left: u16, right: u16) {
        let base = next.index_of(0, y);
        let width = next.area.width;
        let row = &next.content[base..base + usize::from(width)];
        let end = right.min(width);
        let mut x = left;
        // Cells right of a replaced wide symbol are unknown.
        let mut unknown_until = 0;
        let mut pending: Option<u16> = None;
        while x < end {
            let i = usize::from(x);
            let cell = &row[i];
            let mut span = cells(cell.symbol());
            // A wide symbol whose second half was drawn over (by a box above it) gives way.
            let halved = span > 1
                && (x + span > width
                    || row[i + 1..i + usize::from(span)]
                        .iter()
                        .any(|half| !is_blank(half) || half.bg != Color::Reset && half.bg != cell.bg));
            if halved {
                span = 1;
            }
            let old = &self.shown.content[base + i];
            let linked = at(&self.row_links.1, x).cloned();
            let relinked = linked.as_ref() != at(&self.row_links.0, x);
            if x >= unknown_until && !halved && !relinked && same(old, cell) {
                pending.get_or_insert(x);
                x += span;
                continue;
            }
            unknown_until = unknown_until.max(x.saturating_add(span.max(reach(cell.symbol()))));
            for column in x..(x + span).min(width) {
                let covered = cells(self.shown.content[base + usize::from(column)].symbol());
                unknown_until = unknown_until.max(column.saturating_add(covered));
            }
            if let Some(from) = pending.take() {
                self.bridge(row, y, from, x);
            }
            if is_void(cell) && linked.is_none() {
                let run = row[i..].iter().take_while(|c| is_void(c)).count() as u16;
                let to_edge = x + run == width;
                let run = if to_edge { run } else { run.min(end - x) };
                if run >= ERASE
                    && self.row_links.1.iter().all(|l| l.cells.end <= x || l.cells.start >= x + run)
                {
                    unknown_until =
                        unknown_until.max(self.erase(row, base, Position::new(x, y), run, to_edge));
                    x += run;
                    continue;
                }
            }
            self.move_to(x, y);
            self.link(linked.as_ref());
            if halved {
                self.set_pen(Pen::of(cell), true);
                self.out.push(b' ');
                self.at = Some((x + 1, y));
                let shown = &mut self.shown.content[base + i];
                shown.clone_from(cell);
                shown.set_symbol(" ");
            } else {
                self.put(cell, x, y, span, width);
                let cells = i..i + usize::from(span);
                self.shown.content[base + cells.start..base + cells.end].clone_from_slice(&row[cells]);
            }
            x += span;
        }
    }

    /// Erases a stretch; returns the first column that is known behind it.
    fn erase(&mut self, row: &[Cell], base: usize, from: Position, run: u16, to_edge: bool) -> u16 {
        self.move_to(from.x, from.y);
        self.link(None);
        self.set_pen(Pen::PLAIN, true);
        if to_edge {
            self.out.extend_from_slice(b"\x1b[K");
        } else {
            let _ = write!(self.out, "\x1b[{run}X");
        }
        let mut known = from.x + run;
        for column in from.x..from.x + run {
            let shown = &mut self.shown.content[base + usize::from(column)];
            known = known.max(column + cells(shown.symbol()));
            shown.clone_from(&row[usize::from(column)]);
        }
        known
    }

    /// Crosses an unchanged stretch: by writing it again where that is shorter than a jump.
    fn bridge(&mut self, row: &[Cell], y: u16, from: u16, to: u16) {
        if to - from > BRIDGE || self.at != Some((from, y)) {
            return;
        }
        if self.open.is_some() || self.row_links.1.iter().any(|l| l.cells.start < to && l.cells.end > from) {
            return;
        }
        let stretch = &row[usize::from(from)..usize::from(to)];
        if stretch.iter().all(|c| c.symbol().len() == 1 && is_safe(c.symbol()) && self.fits(c)) {
            for c in stretch {
                self.out.extend_from_slice(c.symbol().as_bytes());
            }
            self.at = Some((to, y));
        }
    }

    /// Whether a cell can be written without touching the attributes.
    fn fits(&self, cell: &Cell) -> bool {
        if is_blank(cell) {
            return cell.bg == self.pen.bg
                && !cell.modifier.intersects(VISIBLE_BLANK)
                && !self.pen.modifier.intersects(VISIBLE_BLANK);
        }
        Pen::of(cell) == self.pen
    }

    fn put(&mut self, cell: &Cell, x: u16, y: u16, w: u16, width: u16) {
        if !self.fits(cell) {
            self.set_pen(Pen::of(cell), is_blank(cell));
        }
        // The last net: text is made safe where it is drawn. What slips through there shows as a mark.
        let symbol = if is_safe(cell.symbol()) { cell.symbol() } else { "\u{fffd}" };
        let certain = is_certain(symbol) && cells(symbol) == w;
        if !certain && w > 1 {
            // Where the terminal takes it for a narrower one, nothing old shows beside it.
            self.out.extend(std::iter::repeat_n(b' ', usize::from(w)));
            self.at = (x + w < width).then_some((x + w, y));
            self.move_to(x, y);
        }
        self.out.extend_from_slice(symbol.as_bytes());
        // Behind the last column the cursor hangs between two places.
        self.at = (certain && x + w < width).then_some((x + w, y));
    }

    fn move_to(&mut self, x: u16, y: u16) {
        let out = &mut self.out;
        match self.at {
            Some((ax, ay)) if ax == x && ay == y => return,
            Some((ax, ay)) if ay == y => {
                let _ = match (x, x.abs_diff(ax)) {
                    (0, _) => write!(out, "\r"),
                    (_, 1) if x < ax => write!(out, "\x08"),
                    (_, 1) => write!(out, "\x1b[C"),
                    (_, n) if x > ax && n < x + 1 => write!(out, "\x1b[{n}C"),
                    (_, n) if x < ax && n < x + 1 => write!(out, "\x1b[{n}D"),
                    _ => write!(out, "\x1b[{}G", x + 1),
                };
            }
            Some((_, ay)) if x == 0 && y == ay + 1 => {
                let _ = write!(out, "\r\n");
            }
            Some((ax, ay)) if ax == x && y == ay + 1 => {
                out.push(b'\n');
            }
            _ if x == 0 => {
                let _ = write!(out, "\x1b[{}H", y + 1);
            }
            _ => {
                let _ = write!(out, "\x1b[{};{}H", y + 1, x + 1);
            }
        }
        self.at = Some((x, y));
    }

    /// What is written from now on leads there, or nowhere.
    fn link(&mut self, to: Option<&Rc<str>>) {
        if self.open.as_ref() == to {
            return;
        }
        match to {
            // With an id the parts of a link on several lines are one for the terminal.
            Some(to) => {
                let id = to.bytes().fold(0u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
                let _ = write!(self.out, "\x1b]8;id={id:x};{to}\x1b\\");
            }
            None => self.out.extend_from_slice(b"\x1b]8;;\x1b\\"),
        }
        self.open = to.cloned();
    }

    /// Sets attributes; for a blank only those that are seen on one.
    fn set_pen(&mut self, mut to: Pen, blank: bool) {
        let from = self.pen;
        if blank && !to.modifier.intersects(VISIBLE_BLANK) {
            to.fg = from.fg;
            to.modifier = from.modifier - VISIBLE_BLANK;
        }
        if to == from {
            return;
        }
        self.pen = to;
        if to == Pen::PLAIN {
            self.out.extend_from_slice(b"\x1b[m");
            return;
        }
        let mut codes: Vec<u8> = Vec::with_capacity(32);
        let lost = from.modifier - to.modifier;
        let mut gained = to.modifier - from.modifier;
        if lost.intersects(Modifier::BOLD | Modifier::DIM) {
            codes.extend_from_slice(b"22;");
            gained |= to.modifier & (Modifier::BOLD | Modifier::DIM);
        }
        for (bit, code) in [
            (Modifier::ITALIC, "23;"),
            (Modifier::UNDERLINED, "24;"),
            (Modifier::REVERSED, "27;"),
            (Modifier::CROSSED_OUT, "29;"),
        ] {
            if lost.contains(bit) {
                codes.extend_from_slice(code.as_bytes());
            }
        }
        modifiers(gained, &mut codes);
        if to.fg != from.fg {
            color(to.fg, 30, &mut codes);
        }
        if to.bg != from.bg {
            color(to.bg, 40, &mut codes);
        }
        // From scratch, where that is shorter.
        let mut whole: Vec<u8> = vec![b';'];
        modifiers(to.modifier, &mut whole);
        if to.fg != Color::Reset {
            color(to.fg, 30, &mut whole);
        }
        if to.bg != Color::Reset {
            color(to.bg, 40, &mut whole);
        }
        let codes = if whole.len() < codes.len() { whole } else { codes };
        self.out.extend_from_slice(b"\x1b[");
        self.out.extend_from_slice(&codes[..codes.len() - 1]);
        self.out.push(b'm');
    }
}

fn modifiers(m: Modifier, codes: &mut Vec<u8>) {
    for (bit, code) in [
        (Modifier::BOLD, b"1;"),
        (Modifier::DIM, b"2;"),
        (Modifier::ITALIC, b"3;"),
        (Modifier::UNDERLINED, b"4;"),
        (Modifier::REVERSED, b"7;"),
        (Modifier::CROSSED_OUT, b"9;"),
    ] {
        if m.contains(bit) {
            codes.extend_from_slice(code);
        }
    }
}

fn color(c: Color, base: u8, codes: &mut Vec<u8>) {
    let plain = |n: u8| base + n;
    let bright = |n: u8| base + 60 + n;
    let code = match c {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => {
            let _ = write!(codes, "{};5;{n};", plain(8));
            return;
        }
        Color::Rgb(r, g, b) => {
            let _ = write!(codes, "{};2;{r};{g};{b};", plain(8));
            return;
        }
    };
    let _ = write!(codes, "{code};");
}
