//! The smallest ratatui program that draws an inbox of the same kind: threads on the left, a conversation on the
//! right, a line to write in, a status line; everything in memory, wrapped lines kept.

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, List, ListItem, ListState, Paragraph};
use std::io::Write as _;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const WORDS: [&str; 16] = [
    "order",
    "the",
    "please",
    "when",
    "delivery",
    "thanks",
    "refund",
    "address",
    "today",
    "arrived",
    "invoice",
    "number",
    "tomorrow",
    "where",
    "olá",
    "王小明",
];

/// What is shown.
pub struct Inbox {
    threads: Vec<(String, String, u32)>,
    pub selected: usize,
    list: ListState,
    lines: Vec<Line<'static>>,
    /// Lines up from the newest.
    pub scroll: usize,
    pub input: String,
}

fn words(seed: &mut u64, out: &mut String) {
    out.clear();
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    for i in 0..3 + (*seed >> 60) {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(WORDS[(*seed >> (i * 3 % 56)) as usize % WORDS.len()]);
    }
}

fn wrap(s: &str, width: usize) -> Vec<String> {
    let (mut out, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in s.split_word_bounds() {
        if used + word.width() > width {
            out.push(std::mem::take(&mut line));
            used = 0;
        }
        line.push_str(word);
        used += word.width();
    }
    out.push(line);
    out
}

impl Inbox {
    /// With this many threads, and messages wrapped at `width` cells.
    pub fn new(threads: usize, messages: usize, width: usize) -> Self {
        let (mut seed, mut text) = (7, String::new());
        let threads = (0..threads)
            .map(|i| {
                words(&mut seed, &mut text);
                (format!("Customer {i}"), text.clone(), if i % 7 == 0 { 3 } else { 0 })
            })
            .collect();
        let mut lines = Vec::new();
        for i in 0..messages {
            words(&mut seed, &mut text);
            let (who, colour) = if i % 3 == 0 { ("You", Color::Cyan) } else { ("Customer", Color::Green) };
            lines.push(Line::from(vec![
                Span::styled(who, Style::new().fg(colour).add_modifier(Modifier::BOLD)),
                Span::styled(format!("  {:02}:{:02}", i / 60 % 24, i % 60), Style::new().fg(Color::DarkGray)),
            ]));
            lines.extend(wrap(&text, width).into_iter().map(Line::from));
            lines.push(Line::default());
        }
        Self { threads, selected: 0, list: ListState::default(), lines, scroll: 0, input: String::new() }
    }

    pub fn draw(&mut self, f: &mut Frame<'_>) {
        let [body, status] = Layout::vertical([Constraint::Min(3), Constraint::Length(1)]).areas(f.area());
        let [left, right] = Layout::horizontal([Constraint::Length(60), Constraint::Min(20)]).areas(body);
        let [conversation, reply] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(3)]).areas(right);
        let rows = (usize::from(left.height) - 2) / 2;
        let top = self.selected.saturating_sub(rows / 2).min(self.threads.len().saturating_sub(rows));
        let items: Vec<ListItem<'_>> = self.threads[top..(top + rows).min(self.threads.len())]
            .iter()
            .map(|(name, preview, unread)| {
                let badge = if *unread > 0 { format!(" {unread} ") } else { String::new() };
                let pad = usize::from(left.width - 2).saturating_sub(name.width() + badge.len() + 6);
                ListItem::new(Text::from(vec![
                    Line::from(vec![
                        Span::styled(name.as_str(), Style::new().add_modifier(Modifier::BOLD)),
                        Span::raw(" ".repeat(pad)),
                        Span::styled(badge, Style::new().fg(Color::Black).bg(Color::Green)),
                        Span::styled(" 09:41", Style::new().fg(Color::DarkGray)),
                    ]),
                    Line::from(Span::styled(preview.as_str(), Style::new().fg(Color::Gray))),
                ]))
            })
            .collect();
        self.list.select(Some(self.selected - top));
        let list = List::new(items)
            .block(Block::new().borders(Borders::ALL).title(" Inbox "))
            .highlight_style(Style::new().bg(Color::Indexed(238)));
        f.render_stateful_widget(list, left, &mut self.list);
        let block = Block::new().borders(Borders::ALL).title(format!(" {} ", self.threads[self.selected].0));
        let area = block.inner(conversation);
        f.render_widget(block, conversation);
        let end = self.lines.len().saturating_sub(self.scroll);
        let shown = &self.lines[end.saturating_sub(usize::from(area.height))..end];
        for (i, line) in shown.iter().enumerate() {
            f.render_widget(line, Rect { y: area.y + i as u16, height: 1, ..area });
        }
        let block = Block::new().borders(Borders::ALL).title(" Reply ");
        f.render_widget(Paragraph::new(self.input.as_str()).block(block), reply);
        f.render_widget(
            Paragraph::new(" READY").style(Style::new().bg(Color::Blue).fg(Color::White)),
            status,
        );
    }

    fn key(&mut self, key: KeyCode) -> bool {
        match key {
            KeyCode::Char('q') => return false,
            KeyCode::Char('j') => self.selected = (self.selected + 1).min(self.threads.len() - 1),
            KeyCode::Char('k') => self.selected = self.selected.saturating_sub(1),
            KeyCode::PageUp => self.scroll = (self.scroll + 40).min(self.lines.len()),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_sub(40),
            KeyCode::Char(c) => self.input.push(c),
            _ => {}
        }
        true
    }
}

/// The program in a terminal: a frame for all keys that wait, one write a frame.
pub fn run() {
    let mut inbox = Inbox::new(1_000, 500, 136);
    ratatui::crossterm::terminal::enable_raw_mode().unwrap();
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
    out.write_all(b"\x1b[2J").unwrap();
    let mut terminal = ratatui::Terminal::new(ratatui::backend::CrosstermBackend::new(out)).unwrap();
    let mut on = true;
    while on {
        terminal.draw(|f| inbox.draw(f)).unwrap();
        loop {
            if let Event::Key(key) = event::read().unwrap() {
                on &= inbox.key(key.code);
            }
            if !event::poll(std::time::Duration::ZERO).unwrap() {
                break;
            }
        }
    }
    ratatui::crossterm::terminal::disable_raw_mode().unwrap();
}
