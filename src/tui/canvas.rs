//! From damage to bytes: draws the damaged parts of the state and finds what the terminal lacks. Does no I/O.

use super::app::{App, Damage};
use super::backend::{Painter, Target};
use super::draw::{areas, draw, finish};
use super::hyperlinks::{self, Linked};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The cells of the screen, and what the terminal shows of them.
#[derive(Debug)]
pub(crate) struct Canvas {
    painter: Painter,
    buffer: Buffer,
    /// Whether the terminal is told of links.
    hyperlinks: bool,
    links: Vec<Linked>,
}

impl Canvas {
    /// For a terminal of this size, nothing known of it.
    pub fn new(columns: u16, rows: u16) -> Self {
        let area = Rect::new(0, 0, columns, rows);
        Self {
            painter: Painter::new(area),
            buffer: Buffer::empty(area),
            hyperlinks: false,
            links: Vec::new(),
        }
    }

    /// Whether the terminal is told of links.
    pub fn with_hyperlinks(mut self, on: bool) -> Self {
        self.hyperlinks = on;
        self
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let area = Rect::new(0, 0, columns, rows);
        self.buffer = Buffer::empty(area);
        self.painter.invalidate(area);
    }

    /// Forgets what the terminal shows: the next frame draws everything.
    pub fn invalidate(&mut self) {
        self.painter.invalidate(self.buffer.area);
    }

    /// The bytes of a frame; empty when the terminal shows it already. `extra` goes with it and changes no cell.
    pub fn frame(&mut self, app: &mut App, extra: &[u8]) -> &[u8] {
        let damage = app.take_damage();
        let cursor = draw(app, &mut self.buffer, damage);
        let title = app.title();
        let areas = if damage == Damage::ALL { vec![self.buffer.area] } else { areas(app, damage) };
        finish(&mut self.buffer, &areas, &app.theme);
        app.drawn();
        if self.hyperlinks && damage.has(Damage::CONVERSATION) {
            self.links = hyperlinks::on_screen(app, &self.buffer);
        }
        let links = &self.links;
        self.painter.frame(&Target {
            buffer: &self.buffer,
            areas: &areas,
            cursor,
            title: &title,
            extra,
            links,
        })
    }
}
