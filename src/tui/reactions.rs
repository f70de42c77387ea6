//! The row of emoji that are put on a message.

use super::overlay::{Delivery, Hint, Overlay, Step};
use super::theme::Theme;
use crate::model::event::Recipient;
use crate::model::{MessageId, Outgoing, ThreadId};
use crate::protocol::Request;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

/// What WhatsApp itself offers first.
const EMOJI: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/// Cells of one choice.
const STEP: u16 = 6;

/// Chooses an emoji for a message.
#[derive(Debug)]
pub(crate) struct Reactions {
    thread: ThreadId,
    message: MessageId,
    own: Option<String>,
    cursor: usize,
}

impl Reactions {
    /// For a message; `own` is what we put on it already.
    pub fn new(thread: ThreadId, message: MessageId, own: Option<String>) -> Self {
        let cursor = own.as_deref().and_then(|o| EMOJI.iter().position(|e| *e == o)).unwrap_or(0);
        Self { thread, message, own, cursor }
    }

    fn choices(&self) -> usize {
        EMOJI.len() + usize::from(self.own.is_some())
    }

    fn send(&self, choice: usize) -> Vec<Step> {
        let emoji = EMOJI.get(choice).copied().unwrap_or_default().to_owned();
        let request = Request::Send {
            account: None,
            to: Recipient::Thread { thread: self.thread },
            content: Outgoing::Reaction { target: self.message, emoji },
            quote: None,
            at: None,
        };
        vec![Step::Ask(Box::new(request)), Step::Close]
    }
}

impl Overlay for Reactions {
    fn name(&self) -> &'static str {
        "reactions"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let n = self.choices();
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => vec![Step::Close],
            KeyCode::Left | KeyCode::Char('h') => {
                self.cursor = (self.cursor + n - 1) % n;
                Vec::new()
            }
            KeyCode::Right | KeyCode::Char('l') | KeyCode::Tab => {
                self.cursor = (self.cursor + 1) % n;
                Vec::new()
            }
            KeyCode::Enter => self.send(self.cursor),
            KeyCode::Char(c) => match c.to_digit(10) {
                Some(d) if d >= 1 && (d as usize) <= n => self.send(d as usize - 1),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, _delivery: Delivery) -> Vec<Step> {
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let width = (EMOJI.len() as u16 * STEP + if self.own.is_some() { 11 } else { 2 }).min(area.width);
        let x = area.x + (area.width - width) / 2;
        let place = Rect::new(x, area.bottom().saturating_sub(6), width, 3).intersection(area);
        Clear.render(place, buf);
        Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(theme.focus)
            .title(" react ")
            .render(place, buf);
        for i in 0..self.choices() {
            let at = place.x + 1 + i as u16 * STEP;
            let symbol = EMOJI.get(i).copied().unwrap_or("remove");
            let (x, _) = buf.set_stringn(at, place.y + 1, format!("{}", i + 1), 2, theme.key);
            buf.set_string(x + 1, place.y + 1, symbol, theme.text);
            if i == self.cursor {
                let cells = crate::text::width(symbol) as u16 + 2;
                let style = theme.selected.add_modifier(Modifier::BOLD);
                buf.set_style(Rect::new(at, place.y + 1, cells, 1).intersection(place), style);
            }
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("1-6", "react"), Hint::new("←→ Enter", "choose"), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn press(r: &mut Reactions, code: KeyCode) -> Vec<Step> {
        r.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn emoji(steps: &[Step]) -> Option<String> {
        steps.iter().find_map(|s| match s {
            Step::Ask(r) => match &**r {
                Request::Send { content: Outgoing::Reaction { emoji, .. }, .. } => Some(emoji.clone()),
                _ => None,
            },
            _ => None,
        })
    }

    #[test]
    fn a_digit_reacts_and_the_last_choice_takes_it_away() {
        let mut r = Reactions::new(ThreadId::new(), MessageId::new(), None);
        assert_eq!(emoji(&press(&mut r, KeyCode::Char('2'))).as_deref(), Some("❤️"));
        assert!(press(&mut r, KeyCode::Char('7')).is_empty(), "nothing to remove");
        let mut r = Reactions::new(ThreadId::new(), MessageId::new(), Some("👍".into()));
        press(&mut r, KeyCode::Left);
        assert_eq!(emoji(&press(&mut r, KeyCode::Enter)).as_deref(), Some(""));
    }
}
