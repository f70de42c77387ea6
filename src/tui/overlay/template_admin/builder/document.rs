//! The definition as the provider's JSON: written for an editor, read back, and an editor of our own where there is none.

use crate::model::template::components;
use crate::model::template::definition::Definition;
use crate::text;
use crate::tui::overlay::field::Field;
use crate::tui::overlay::frame;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Longest document, in bytes.
const MAX: usize = 256 * 1024;

/// The document as people read it.
pub(in super::super) fn written(d: &Definition) -> String {
    // A value made of maps and texts can always be written.
    serde_json::to_string_pretty(&components::document(d)).unwrap_or_default() + "\n"
}

/// What a document says, or why it says nothing: each problem with its path. Lines that begin with `//` are ours.
pub(in super::super) fn read(text: &str) -> Result<Definition, Vec<String>> {
    let text: String =
        text.lines().map(|l| if l.starts_with("//") { "" } else { l }).fold(String::new(), |mut all, l| {
            all.push_str(l);
            all.push('\n');
            all
        });
    let value = serde_json::from_str(&text).map_err(|e| vec![format!("this is no JSON: {e}")])?;
    components::from_document(&value)
        .map_err(|list| list.into_iter().map(|p| format!("{}: {}", p.field, p.problem)).collect())
}

/// What a key led to.
pub(super) enum Left {
    Open,
    /// Read it.
    Take(String),
    /// Let the operator's editor have it.
    Edit(String),
    /// Given up.
    Leave,
}

/// A document that could not be read, or is written here.
pub(super) struct Document {
    field: Field,
    was: String,
    pub problems: Vec<String>,
    leaving: bool,
}

impl Document {
    pub fn new(text: &str) -> Self {
        let plain: String = text.lines().filter(|l| !l.starts_with("//")).collect::<Vec<_>>().join("\n");
        let field = Field::lines(MAX).with(&plain).at_start();
        Self { was: field.text().to_owned(), field, problems: Vec::new(), leaving: false }
    }

    pub fn paste(&mut self, block: &str) {
        self.field.insert(block);
    }

    pub fn key(&mut self, key: KeyEvent) -> Left {
        if std::mem::take(&mut self.leaving) {
            return if key.code == KeyCode::Char('y') { Left::Leave } else { Left::Open };
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.field.text() == self.was && self.problems.is_empty() => return Left::Leave,
            KeyCode::Esc => self.leaving = true,
            KeyCode::F(10) => return Left::Take(self.field.text().to_owned()),
            KeyCode::Enter if ctrl => return Left::Take(self.field.text().to_owned()),
            KeyCode::F(3) => {
                let mut lines: Vec<String> = self.problems.iter().map(|p| format!("// {p}")).collect();
                lines.push(self.field.text().to_owned());
                return Left::Edit(lines.join("\n") + "\n");
            }
            KeyCode::Enter => {
                self.field.insert("\n");
            }
            KeyCode::Tab => {
                self.field.insert("  ");
            }
            _ => {
                self.field.key(key);
            }
        }
        Left::Open
    }

    pub fn draw(&self, inner: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let mut y = inner.y;
        let most = inner.height / 3;
        for p in &self.problems {
            if y >= inner.y + most {
                break;
            }
            let room = Rect::new(inner.x, y, inner.width, inner.y + most - y);
            y += frame::paragraph(buf, room, &format!("✗ {}", text::sanitize(p)), theme.bad);
        }
        if self.problems.is_empty() {
            frame::put(buf, inner.x, y, inner.width, "The template as the provider's JSON", theme.dim);
            y += 1;
        }
        frame::rule(buf, Rect::new(inner.x, y, inner.width, 1), "", theme);
        let foot = inner.bottom().saturating_sub(1);
        let body = Rect::new(inner.x, y + 1, inner.width, foot.saturating_sub(y + 2).max(1));
        let cursor = self.field.draw(body, buf, theme.text, "{ }", theme);
        let line = Rect::new(inner.x, foot, inner.width, 1);
        if self.leaving {
            let x = frame::put(buf, line.x, line.y, line.width, "Throw this text away?", theme.warn) + 2;
            let rest = Rect { x, width: line.right().saturating_sub(x), ..line };
            frame::keys(buf, rest, &[("y", "throw away"), ("other key", "go on")], theme);
            return None;
        }
        frame::keys(buf, line, &[("F10", "take it"), ("F3", "editor"), ("Esc", "give up")], theme);
        Some(cursor)
    }
}
