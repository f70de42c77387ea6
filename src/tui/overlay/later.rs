//! When to send: a prompt that reads times as people write them and says in words what it understood.
//!
//! The prompt knows the words for times through what it is handed; clock and time zone stay in [`reader`].

use super::field::{Effect, Field};
use super::frame;
use super::{Delivery, Hint, Overlay, Step};
use crate::clock::{Clock, Millis};
use crate::model::ids::MessageId;
use crate::protocol::{Problem, Request};
use crate::text::when::{self, EXAMPLES};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;

/// Reads a time: when it is, and in words; or why it is none.
pub type ReadTime = Arc<dyn Fn(&str) -> Result<(Millis, String), String> + Send + Sync>;

/// Reads times by a clock, where the operator is.
#[must_use]
pub fn reader(clock: Clock, tz: TimeZone) -> ReadTime {
    Arc::new(move |input| {
        let now = clock.now();
        let at = when::parse(input, now, &tz).map_err(|e| e.to_string())?;
        Ok((at, format!("{}, {}", when::describe(at, now, &tz), when::distance(at, now))))
    })
}

/// What is to be sent at the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The text in the composer.
    Draft,
    /// A message that waits already.
    Move(MessageId),
}

/// Asks for a time.
pub struct SendLater {
    field: Field,
    purpose: Purpose,
    read: ReadTime,
    /// When the window closes; free text cannot leave after it.
    window: Option<Millis>,
    problem: Option<Problem>,
}

impl SendLater {
    /// `window` is when the customer service window closes, `None` where that does not matter.
    #[must_use]
    pub fn new(purpose: Purpose, read: ReadTime, window: Option<Millis>) -> Self {
        Self { field: Field::line(60), purpose, read, window, problem: None }
    }

    fn time(&self) -> Result<(Millis, String), String> {
        (self.read)(self.field.text())
    }

    fn commit(&mut self) -> Vec<Step> {
        let (at, words) = match self.time() {
            Ok(time) => time,
            Err(why) => {
                let typed = !self.field.text().trim().is_empty();
                let what = if typed { why } else { "no time is typed yet".into() };
                self.problem = Some(Problem::new("field", what).next(format!("write {EXAMPLES}")));
                return Vec::new();
            }
        };
        match self.purpose {
            Purpose::Draft => vec![Step::Close, Step::SendAt { at, words }],
            Purpose::Move(message) => {
                vec![Step::Ask(Box::new(Request::Reschedule { message, at: Some(at) }))]
            }
        }
    }
}

impl Overlay for SendLater {
    fn name(&self) -> &'static str {
        "send_later"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Esc => vec![Step::Close],
            KeyCode::Enter => self.commit(),
            _ => {
                if self.field.key(key) == Effect::Changed {
                    self.problem = None;
                }
                Vec::new()
            }
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        self.field.insert(text);
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Done => {
                let words = self.time().map(|(_, words)| words).unwrap_or_default();
                vec![Step::Close, Step::Say(format!("to be sent {words}"))]
            }
            Delivery::Problem(p) => {
                self.problem = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = match self.purpose {
            Purpose::Draft => "Send later",
            Purpose::Move(_) => "Send at another time",
        };
        let inner = frame::open(area, 66, 9, title, "", buf, theme)?;
        let line = |y: u16, rows: u16| Rect::new(inner.x, inner.y + y, inner.width, rows);
        let label = frame::put(buf, inner.x, inner.y + 1, inner.width, "when  ", theme.dim);
        let room = Rect::new(label, inner.y + 1, inner.right().saturating_sub(label), 1);
        let cursor = self.field.draw(room, buf, theme.text, "tomorrow 9:00", theme);
        if let Some(p) = &self.problem {
            frame::problem(buf, line(3, 2), p, theme);
        } else if !self.field.text().trim().is_empty() {
            match self.time() {
                Ok((at, words)) => {
                    frame::put(buf, inner.x, inner.y + 3, inner.width, &words, theme.strong);
                    if self.window.is_some_and(|until| at >= until) {
                        let warning =
                            "The window is closed by then: it will fail, unless the customer writes before.";
                        frame::paragraph(buf, line(4, 2), warning, theme.warn);
                    }
                }
                Err(why) => {
                    frame::put(buf, inner.x, inner.y + 3, inner.width, &why, theme.warn);
                    frame::put(buf, inner.x, inner.y + 4, inner.width, EXAMPLES, theme.dim);
                }
            }
        } else {
            frame::put(buf, inner.x, inner.y + 4, inner.width, EXAMPLES, theme.dim);
        }
        let keys = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        frame::keys(buf, keys, &[("Enter", "send then"), ("Esc", "back to the text")], theme);
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", "send then"), Hint::new("Esc", "back")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;

    fn prompt(purpose: Purpose) -> SendLater {
        let read: ReadTime = Arc::new(|text| match text {
            "10m" => Ok((600_000, "today 10:10, in 10 min".into())),
            "mon 9" => Ok((9_000_000, "Mon 23 Nov 09:00, in 2 days".into())),
            other => Err(format!("`{other}` is not understood")),
        });
        SendLater::new(purpose, read, Some(3_600_000))
    }

    #[test]
    fn a_time_is_sent_and_nonsense_is_not() {
        let mut p = prompt(Purpose::Draft);
        assert_eq!(press(&mut p, "Enter"), vec![]);
        write(&mut p, "10x");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        press(&mut p, "Backspace");
        write(&mut p, "m");
        let words = "today 10:10, in 10 min".to_owned();
        assert_eq!(press(&mut p, "Enter"), vec![Step::Close, Step::SendAt { at: 600_000, words }]);
        assert_eq!(press(&mut prompt(Purpose::Draft), "Esc"), vec![Step::Close]);
    }

    #[test]
    fn a_waiting_message_is_moved_and_a_refusal_is_shown() {
        let message = MessageId::derived(&["m"]);
        let mut p = prompt(Purpose::Move(message));
        p.paste("10m");
        let request = Request::Reschedule { message, at: Some(600_000) };
        assert_eq!(press(&mut p, "Enter"), vec![Step::Ask(Box::new(request))]);
        assert!(
            p.deliver(Delivery::Problem(Problem::new("refused", "the message is no longer waiting")))
                .is_empty()
        );
        assert!(picture(&p, 80, 24).contains("no longer waiting"));
        assert_eq!(
            p.deliver(Delivery::Done),
            vec![Step::Close, Step::Say("to be sent today 10:10, in 10 min".into())]
        );
    }

    #[test]
    fn looks() {
        let mut p = prompt(Purpose::Draft);
        insta::assert_snapshot!("later_empty_80x24", picture(&p, 80, 24));
        write(&mut p, "mon 9");
        insta::assert_snapshot!("later_closed_by_then_80x24", picture(&p, 80, 24));
        draw_everywhere(&p);
        write(&mut p, "x");
        insta::assert_snapshot!("later_unclear_80x24", picture(&p, 80, 24));
    }
}
