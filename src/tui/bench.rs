//! The screen without a terminal, for `benches/frame.rs` and `benches/keys.rs`: the same state, drawing and bytes as in the loop.

use super::app::{App, Damage, Effect, Event};
use super::canvas::Canvas;
use super::draw;
use super::theme::Theme;
use crate::clock::Clock;
use crate::config::settings::UiSettings;
use crate::model::ids::{MessageId, ThreadId};
use crate::protocol::{ClientFrame, ServerFrame};
use crossterm::event::KeyEvent;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A screen whose requests and bytes the caller carries.
pub struct Stage {
    app: App,
    canvas: Canvas,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl Stage {
    /// A screen of this size, and what it asks first.
    #[must_use]
    pub fn new(clock: Clock, columns: u16, rows: u16) -> (Self, Vec<ClientFrame>) {
        let settings = UiSettings::default();
        let theme = Theme::for_settings(
            &settings,
            |name| match name {
                "TERM" => Some("xterm-256color".into()),
                _ => None,
            },
            None,
        )
        .0;
        let (app, effects) = App::new(clock, TimeZone::UTC, theme, "bench", (columns, rows));
        (Self { app, canvas: Canvas::new(columns, rows) }, requests(effects))
    }

    /// A key was pressed; returns what is asked for it.
    pub fn key(&mut self, key: KeyEvent) -> Vec<ClientFrame> {
        self.update(Event::Key(key))
    }

    /// The engine says something.
    pub fn frame_came(&mut self, frame: ServerFrame) -> Vec<ClientFrame> {
        self.update(Event::Frame(frame))
    }

    /// A thread is opened; returns what is asked for it.
    pub fn open(&mut self, thread: ThreadId) -> Vec<ClientFrame> {
        self.app.open_thread(thread, None);
        self.update(Event::Settle)
    }

    /// What the pane of the conversation shows, row by row.
    #[must_use]
    pub fn transcript(&self) -> Vec<String> {
        let (columns, rows) = self.app.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
        draw::draw(&self.app, &mut buf, Damage::ALL);
        let area = self.app.panes().transcript;
        let row = |y: u16| (area.left()..area.right()).map(|x| buf[(x, y)].symbol()).collect::<String>();
        (area.top()..area.bottom()).map(|y| row(y).trim_end().to_owned()).collect()
    }

    /// The messages in the pane of the conversation from top to bottom; of each how many of its lines are below the
    /// pane, and how many above the pane's lower end.
    #[must_use]
    pub fn shown(&self) -> Vec<(MessageId, usize, usize)> {
        let Some(c) = &self.app.conversation else { return Vec::new() };
        let row = |v: &super::app::conversation::Visible| {
            let lines = v.block.lines.len();
            (c.messages[v.index].id, lines - v.lines.end, lines - v.lines.start)
        };
        self.app.visible(c).iter().map(row).collect()
    }

    /// Whether the first useful frame can be drawn.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.app.is_ready()
    }

    /// Everything is to be drawn anew, though nothing changed.
    pub fn touch(&mut self) {
        let (columns, rows) = self.app.size;
        self.app.update(Event::Resize(columns, rows));
    }

    /// The bytes of the next frame.
    pub fn draw(&mut self) -> &[u8] {
        self.canvas.frame(&mut self.app, &[])
    }

    fn update(&mut self, event: Event) -> Vec<ClientFrame> {
        let mut out = requests(self.app.update(event));
        out.extend(requests(self.app.update(Event::Settle)));
        out
    }
}

fn requests(effects: Vec<Effect>) -> Vec<ClientFrame> {
    effects
        .into_iter()
        .filter_map(|e| match e {
            Effect::Send(frame) => Some(*frame),
            _ => None,
        })
        .collect()
}
