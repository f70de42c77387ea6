//! The life of a message: how it came, went and was told about, and the raw webhooks behind it.
//!
//! Knows what the engine answered; times are put into words by the host. Secrets were masked by the engine.

use super::frame::{self, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::model::message::{Direction, Message};
use crate::protocol::{LifeStep, LifeWebhook, MessageLife, Problem};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::cell::Cell;
use std::fmt::Write as _;

/// Cells of the column of times: a date and a time to the millisecond.
const TIMES: u16 = 25;
/// On a box narrower than this the times stand on a line of their own.
const BESIDE: u16 = 60;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Plain,
    Dim,
    Good,
    Bad,
    Strong,
}

/// A line before it is wrapped.
#[derive(Clone, Debug)]
struct Line {
    /// What stands in the column of times.
    left: String,
    text: String,
    look: Look,
}

/// Shows the life of a message.
pub struct LifeBox {
    message: Message,
    time: TimeText,
    life: Option<Box<MessageLife>>,
    problem: Option<Problem>,
    /// 0 is the story, then one for each webhook.
    view: usize,
    first: usize,
    // Rows in the last frame: how far a page is and where the end is.
    rows: Cell<usize>,
    all: Cell<usize>,
}

impl LifeBox {
    /// For a message; the rest comes by [`Overlay::deliver`]. `time` puts a time into words, to the millisecond.
    #[must_use]
    pub fn new(message: Message, time: TimeText) -> Self {
        Self {
            message,
            time,
            life: None,
            problem: None,
            view: 0,
            first: 0,
            rows: Cell::new(10),
            all: Cell::new(0),
        }
    }

    fn webhooks(&self) -> &[LifeWebhook] {
        self.life.as_ref().map_or(&[], |l| &l.webhooks)
    }

    fn look_at(&mut self, view: usize) {
        self.view = view;
        self.first = 0;
    }

    fn scroll(&mut self, by: isize) {
        let last = self.all.get().saturating_sub(self.rows.get());
        self.first = self.first.saturating_add_signed(by).min(last);
    }

    fn lines(&self) -> Vec<Line> {
        let Some(life) = &self.life else { return self.head(&self.message) };
        match self.view.checked_sub(1).and_then(|i| life.webhooks.get(i)) {
            Some(webhook) => self.raw(webhook),
            None => self.story(life),
        }
    }

    fn head(&self, m: &Message) -> Vec<Line> {
        let line = |left: &str, text: String| Line { left: left.into(), text, look: Look::Plain };
        let way = match m.direction {
            Direction::Inbound => "from the customer",
            Direction::Outbound => "from us",
        };
        let provider = m.provider_id.as_ref().map_or("none yet", |p| p.as_str());
        let said: String = m.body.plain_text().chars().take(200).collect();
        vec![
            line("message", m.id.to_string()),
            line("provider's id", provider.to_owned()),
            line("state", format!("{}, {} {way}", m.state.as_str(), m.body.kind())),
            line("says", said.replace('\n', " ")),
        ]
    }

    fn story(&self, life: &MessageLife) -> Vec<Line> {
        let mut out = self.head(&life.message);
        out.push(Line { left: String::new(), text: String::new(), look: Look::Plain });
        for s in &life.steps {
            out.push(Line { left: (self.time)(s.at), text: self.sentence(s), look: look(s) });
        }
        if life.webhooks.is_empty() && life.complete {
            let text = match life.kept_since {
                Some(at) => format!(
                    "No webhook that is kept names this message; the oldest is of {}.",
                    (self.time)(at)
                ),
                None => "No webhook is kept.".to_owned(),
            };
            out.push(Line { left: String::new(), text, look: Look::Dim });
        }
        if !life.complete {
            let text = "Not every kept webhook was looked at: there are too many.".to_owned();
            out.push(Line { left: String::new(), text, look: Look::Dim });
        }
        out
    }

    fn sentence(&self, s: &LifeStep) -> String {
        let mut text = s.text.clone();
        if let Some(by) = &s.by {
            let _ = write!(text, " by {by}");
        }
        if let Some(at) = s.provider_at.filter(|at| *at != s.at) {
            // The day is said once.
            let (ours, theirs) = ((self.time)(s.at), (self.time)(at));
            let day = theirs.find(' ').filter(|n| ours.get(..*n) == theirs.get(..*n)).map_or(0, |n| n + 1);
            let _ = write!(text, " · the provider says {}", &theirs[day..]);
        }
        if let Some(e) = &s.error {
            let _ = write!(text, ": {} {}", e.code, e.text);
            for part in [&e.cause, &e.next].into_iter().flatten() {
                let _ = write!(text, " · {part}");
            }
        }
        if let Some(a) = s.attempt {
            let _ = write!(text, " · {a}");
        }
        if let Some(n) = s.webhook.and_then(|w| self.webhooks().iter().position(|x| x.row.id == w)) {
            let _ = write!(text, " · webhook {}", n + 1);
        }
        text
    }

    fn raw(&self, w: &LifeWebhook) -> Vec<Line> {
        let dim = |left: &str, text: String| Line { left: left.into(), text, look: Look::Dim };
        let mut out = vec![
            dim("webhook", w.row.id.to_string()),
            dim(
                "came",
                format!("{} by {}, {} bytes", (self.time)(w.row.received_at), w.row.account, w.row.size),
            ),
        ];
        let mut state = w.row.state.as_str().to_owned();
        if let Some(problem) = &w.row.problem {
            let _ = write!(state, ": {problem}");
        }
        out.push(dim("state", state));
        let plain = |text: &str| Line { left: String::new(), text: text.to_owned(), look: Look::Plain };
        out.push(plain(""));
        out.extend(w.raw.lines().map(plain));
        if w.cut > 0 {
            out.push(dim("", format!("… {} bytes are cut off", w.cut)));
        }
        out
    }

    /// What the clipboard gets: the raw webhook that is shown, or the story as text.
    fn copied(&self) -> String {
        if let Some(w) = self.view.checked_sub(1).and_then(|i| self.webhooks().get(i)) {
            return w.raw.clone();
        }
        let mut out = String::new();
        for line in self.lines() {
            if line.left.is_empty() {
                let _ = writeln!(out, "{}", line.text);
            } else {
                let _ = writeln!(out, "{}  {}", line.left, line.text);
            }
        }
        out
    }
}

fn look(s: &LifeStep) -> Look {
    match s.kind.as_str() {
        _ if s.error.is_some() => Look::Bad,
        "received" | "stored" | "queued" | "retried" => Look::Strong,
        "status" => Look::Good,
        "attempt_started" | "other" | "waiting" => Look::Dim,
        _ => Look::Plain,
    }
}

impl Overlay for LifeBox {
    fn name(&self) -> &'static str {
        "life"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let page = self.rows.get().saturating_sub(1).max(1) as isize;
        let views = self.webhooks().len() + 1;
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'I') => return vec![Step::Close],
            KeyCode::Char('d') if key.modifiers.contains(KeyModifiers::CONTROL) => self.scroll(page),
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => self.scroll(-page),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::Home | KeyCode::Char('g') => self.first = 0,
            KeyCode::End | KeyCode::Char('G') => self.scroll(isize::MAX / 2),
            KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => self.look_at((self.view + 1) % views),
            KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h') => {
                self.look_at((self.view + views - 1) % views);
            }
            KeyCode::Char('y') if self.life.is_some() => return vec![Step::Copy(self.copied())],
            _ => {}
        }
        Vec::new()
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Life(life) => {
                self.view = self.view.min(life.webhooks.len());
                self.life = Some(life);
                self.problem = None;
            }
            Delivery::Problem(p) => self.problem = Some(p),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let n = self.webhooks().len();
        let right = match (self.view, n) {
            (_, 0) => String::new(),
            (0, 1) => "1 webhook".to_owned(),
            (0, n) => format!("{n} webhooks"),
            (v, n) => format!("webhook {v} of {n}"),
        };
        let title = if self.view == 0 { "Life of a message" } else { "Raw webhook, secrets hidden" };
        let inner = frame::open(area, 132, area.height, title, &right, buf, theme)?;
        let rows = wrapped(&self.lines(), inner.width);
        let height = usize::from(inner.height);
        self.rows.set(height);
        self.all.set(rows.len());
        let first = self.first.min(rows.len().saturating_sub(height));
        for (i, row) in rows.iter().skip(first).take(height).enumerate() {
            let y = inner.y + i as u16;
            let x = inner.x + row.indent;
            if !row.left.is_empty() {
                frame::put(buf, inner.x, y, inner.width, &row.left, theme.dim);
            }
            frame::put(buf, x, y, inner.width.saturating_sub(row.indent), &row.text, style(row.look, theme));
        }
        if let Some(p) = &self.problem {
            let room = Rect::new(inner.x, inner.bottom().saturating_sub(3), inner.width, 3.min(inner.height));
            frame::problem(buf, room, p, theme);
        } else if self.life.is_none() {
            let y = inner.y + (rows.len() as u16 + 1).min(inner.height.saturating_sub(1));
            frame::put(buf, inner.x, y, inner.width, "Looking through the kept webhooks …", theme.dim);
        }
        let left = rows.len().saturating_sub(first + height);
        if left > 0 {
            let say = format!(" {left} more below ");
            frame::put_right(buf, inner.right(), inner.bottom(), 20, &say, theme.key);
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        if self.all.get() > self.rows.get() {
            out.push(Hint::new("Up/Down", "scroll"));
        }
        if !self.webhooks().is_empty() {
            out.push(Hint::new("Tab", if self.view == 0 { "raw webhooks" } else { "next" }));
        }
        if self.life.is_some() {
            out.push(Hint::new("y", "copy"));
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

fn style(look: Look, theme: &Theme) -> Style {
    match look {
        Look::Plain => theme.text,
        Look::Dim => theme.dim,
        Look::Good => theme.good,
        Look::Bad => theme.bad,
        Look::Strong => theme.strong,
    }
}

/// A row of the screen.
struct Row {
    left: String,
    indent: u16,
    text: String,
    look: Look,
}

fn wrapped(lines: &[Line], width: u16) -> Vec<Row> {
    let mut out = Vec::new();
    for line in lines {
        let indent = if line.left.is_empty() {
            0
        } else if width >= BESIDE {
            TIMES
        } else {
            2
        };
        let mut left = line.left.clone();
        if indent == 2 {
            out.push(Row { left, indent: 0, text: String::new(), look: line.look });
            left = String::new();
        }
        let safe = text::sanitize(&line.text);
        let ranges = text::wrap(&safe, usize::from(width.saturating_sub(indent).max(1)));
        if ranges.is_empty() {
            out.push(Row { left, indent, text: String::new(), look: line.look });
            continue;
        }
        for range in ranges {
            out.push(Row {
                left: std::mem::take(&mut left),
                indent,
                text: safe[range].to_owned(),
                look: line.look,
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, hit, picture, press};
    use super::*;
    use crate::model::Body;
    use crate::model::delivery::DeliveryError;
    use crate::model::ids::{AccountId, AttemptId, EventId};
    use crate::protocol::{WebhookRow, WebhookState};
    use std::sync::Arc;

    fn message(text: &str) -> Message {
        Message { body: Body::text(text), id: crate::model::ids::MessageId([5; 16]), ..hit(0).message }
    }

    fn open(raw: &str) -> LifeBox {
        let time: TimeText =
            Arc::new(|at| format!("2026-11-21 09:{:02}:{:02}.000", at / 60_000 % 60, at / 1000 % 60));
        let mut m = message("Oi Marta, o seu pedido 4711 sai hoje\u{1b}[2J");
        m.provider_id = Some(crate::model::ids::ProviderMessageId("wamid.HBgNNTUxMTk4ODg4MTIzNA==".into()));
        let webhook = EventId([7; 16]);
        let step = |at: i64, kind: &str, text: &str| LifeStep {
            at,
            provider_at: None,
            kind: kind.into(),
            text: text.into(),
            by: None,
            attempt: None,
            webhook: None,
            error: None,
        };
        let steps = vec![
            LifeStep { by: Some("ana".into()), ..step(0, "queued", "committed to the outbox") },
            LifeStep {
                attempt: Some(AttemptId([3; 16])),
                ..step(40, "attempt_started", "attempt 1: the first byte is about to leave")
            },
            LifeStep {
                error: Some(DeliveryError {
                    code: 130_429,
                    text: "Rate limit hit".into(),
                    cause: Some("too many messages at once".into()),
                    next: None,
                }),
                ..step(900, "attempt_ended", "attempt 1: put off by 4.0 s")
            },
            LifeStep {
                provider_at: Some(61_000),
                webhook: Some(webhook),
                ..step(64_000, "status", "status delivered")
            },
        ];
        let row = WebhookRow {
            id: webhook,
            account: AccountId::new("support"),
            received_at: 64_000,
            state: WebhookState::Applied,
            size: 812,
            says: "1 status".into(),
            problem: None,
        };
        let mut o = LifeBox::new(m.clone(), time);
        o.deliver(Delivery::Life(Box::new(MessageLife {
            message: m,
            title: "Marta Souza".into(),
            steps,
            webhooks: vec![LifeWebhook { row, raw: raw.into(), cut: 17 }],
            complete: true,
            kept_since: Some(0),
        })));
        o
    }

    #[test]
    fn the_story_and_the_raw_webhooks_are_shown_scrolled_and_copied() {
        let long: String = (0..100).map(|i| format!("  \"line {i}\": 1,\n")).collect();
        let mut o = open(&long);
        let story = picture(&o, 150, 40);
        for part in
            ["committed to the outbox by ana", "130429 Rate limit hit", "webhook 1", "the provider says"]
        {
            assert!(story.contains(part), "{part}: {story}");
        }
        assert!(!story.contains('\u{1b}'));
        let Some(Step::Copy(text)) = press(&mut o, "y").pop() else { panic!() };
        assert!(text.contains("status delivered"));
        press(&mut o, "Tab");
        let top = picture(&o, 100, 30);
        assert!(top.contains("line 0") && top.contains("more below"), "{top}");
        press(&mut o, "G");
        assert!(picture(&o, 100, 30).contains("17 bytes are cut off"));
        assert_eq!(press(&mut o, "y"), vec![Step::Copy(long)]);
        press(&mut o, "g");
        assert_eq!(picture(&o, 100, 30), top);
        press(&mut o, "Tab");
        assert_eq!(picture(&o, 150, 40), story);
        assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        let raw = "{\n  \"object\": \"whatsapp_business_account\",\n  \"entry\": []\n}";
        let mut o = open(raw);
        insta::assert_snapshot!("life_80x24", picture(&o, 80, 24));
        insta::assert_snapshot!("life_120x36", picture(&o, 120, 36));
        draw_everywhere(&o);
        press(&mut o, "Tab");
        insta::assert_snapshot!("life_raw_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let mut waiting = LifeBox::new(message("x"), Arc::new(|_| String::new()));
        assert!(picture(&waiting, 80, 24).contains("Looking through"));
        draw_everywhere(&waiting);
        waiting.deliver(Delivery::Problem(Problem::not_found("this message is not here")));
        assert!(picture(&waiting, 80, 24).contains("this message is not here"));
    }
}
