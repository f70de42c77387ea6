//! What a command wrote that got messages. Its bytes are a stranger's: they are made safe before they are shown.

use super::frame;
use super::talk::Talk;
use super::{Delivery, Hint, Overlay, Step};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::cell::Cell;

/// Lines that are shown.
const LINES: usize = 5_000;

/// Shows the output of a command.
pub struct PipeBox {
    command: String,
    messages: usize,
    /// Safe lines; `None` while it runs.
    lines: Option<Vec<String>>,
    ended: String,
    top: Cell<usize>,
    page: Cell<usize>,
}

impl PipeBox {
    /// For a command that got so many messages.
    #[must_use]
    pub fn new(command: &str, messages: usize) -> Self {
        Self {
            command: text::sanitize(command).into_owned(),
            messages,
            lines: None,
            ended: String::new(),
            top: Cell::new(0),
            page: Cell::new(10),
        }
    }

    fn scroll(&self, by: isize) -> Vec<Step> {
        self.top.set(self.top.get().saturating_add_signed(by));
        Vec::new()
    }
}

impl Overlay for PipeBox {
    fn name(&self) -> &'static str {
        "pipe"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = isize::try_from(self.page.get()).unwrap_or(1);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') if self.lines.is_none() => {
                vec![Step::Talk(Talk::StopPipe), Step::Close]
            }
            KeyCode::Esc | KeyCode::Char('q') | KeyCode::Enter => vec![Step::Close],
            KeyCode::Char('y') if !ctrl => match &self.lines {
                Some(lines) => vec![Step::Copy(lines.join("\n"))],
                None => Vec::new(),
            },
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::Home => {
                self.top.set(0);
                Vec::new()
            }
            KeyCode::End => self.scroll(isize::MAX / 2),
            _ => Vec::new(),
        }
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::Piped { output, cut, ended } = delivery {
            let safe = text::sanitize_lines(&output);
            let mut lines: Vec<String> =
                safe.trim_end_matches('\n').split('\n').take(LINES).map(str::to_owned).collect();
            if lines.len() == 1 && lines[0].is_empty() {
                lines.clear();
            }
            if cut {
                lines.push("… and more".into());
            }
            self.ended = text::sanitize(&ended).into_owned();
            self.lines = Some(lines);
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let right = match &self.lines {
            None => "running…".to_owned(),
            Some(lines) if self.ended.is_empty() => {
                format!("{} line{}", lines.len(), if lines.len() == 1 { "" } else { "s" })
            }
            Some(_) => self.ended.clone(),
        };
        let rows = self.lines.as_ref().map_or(3, |l| l.len().clamp(3, 400)) as u16;
        let inner = frame::open(area, 140, rows.saturating_add(4), "Pipe", &right, buf, theme)?;
        let s = if self.messages == 1 { "" } else { "s" };
        let x = frame::put(buf, inner.x, inner.y, inner.width, "$ ", theme.key);
        let x = frame::put(buf, x, inner.y, inner.right().saturating_sub(x), &self.command, theme.strong);
        let say = format!("  ← {} message{s}", self.messages);
        frame::put(buf, x, inner.y, inner.right().saturating_sub(x), &say, theme.dim);
        let body = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
        let Some(lines) = &self.lines else {
            frame::put(
                buf,
                body.x,
                body.y,
                body.width,
                "It runs. The inbox goes on; Esc stops it.",
                theme.dim,
            );
            return None;
        };
        if lines.is_empty() {
            frame::put(buf, body.x, body.y, body.width, "It wrote nothing.", theme.dim);
            return None;
        }
        let fits = usize::from(body.height);
        self.page.set(fits.saturating_sub(1).max(1));
        let top = self.top.get().min(lines.len().saturating_sub(fits));
        self.top.set(top);
        for (n, line) in lines[top..].iter().take(fits).enumerate() {
            frame::put(buf, body.x, body.y + n as u16, body.width, line, theme.text);
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        match self.lines {
            None => vec![Hint::new("Esc", "stop")],
            Some(_) => {
                vec![Hint::new("y", "copy"), Hint::new("Up/Down", "scroll"), Hint::new("Esc", "close")]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;

    fn ended(output: &str, cut: bool, ended: &str) -> Delivery {
        Delivery::Piped { output: output.into(), cut, ended: ended.into() }
    }

    #[test]
    fn what_a_command_writes_is_safe_and_can_be_copied() {
        let mut p = PipeBox::new("sort\u{1b}[2J", 3);
        assert_eq!(press(&mut p, "y"), vec![]);
        assert_eq!(press(&mut p, "Esc"), vec![Step::Talk(Talk::StopPipe), Step::Close]);
        p.deliver(ended("a\u{1b}]0;x\u{7}b\n\u{202e}c\n", false, ""));
        assert_eq!(press(&mut p, "y"), vec![Step::Copy("a]0;xb\nc".into())]);
        assert_eq!(press(&mut p, "q"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        let mut p = PipeBox::new("wc -w", 12);
        insta::assert_snapshot!("pipe_running_80x24", picture(&p, 80, 24));
        let many: Vec<String> = (0..90).map(|i| format!("line {i} 王小明 مرحبا")).collect();
        let many = many.join("\n");
        p.deliver(ended(&many, true, "stopped after 256 kB"));
        press(&mut p, "PageDown j");
        insta::assert_snapshot!("pipe_80x24", picture(&p, 80, 24));
        insta::assert_snapshot!("pipe_120x36", picture(&p, 120, 36));
        insta::assert_snapshot!("pipe_200x50", picture(&p, 200, 50));
        draw_everywhere(&p);
        let mut p = PipeBox::new("true", 1);
        p.deliver(ended("", false, ""));
        insta::assert_snapshot!("pipe_nothing_80x24", picture(&p, 80, 24));
    }
}
