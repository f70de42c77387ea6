//! Where everything is: one, two or three panes by the width of the terminal.

use super::App;
use crate::tui::command::Scope;
use ratatui::layout::Rect;

/// From this many columns on the list and the conversation are side by side.
const TWO: u16 = 90;
/// From this many columns on the contact has a pane of its own.
const THREE: u16 = 150;
/// Fewest columns and rows that anything useful fits into.
const SMALLEST: (u16, u16) = (40, 10);

/// The parts of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panes {
    /// The whole screen.
    pub screen: Rect,
    /// Whether nothing useful fits.
    pub too_small: bool,
    /// The bar at the top.
    pub top: Rect,
    /// The line at the bottom.
    pub status: Rect,
    /// The thread list with its frame.
    pub list: Option<Rect>,
    /// The conversation with its frame.
    pub conversation: Option<Rect>,
    /// The lines of the conversation.
    pub transcript: Rect,
    /// The text being written.
    pub composer: Rect,
    /// The contact with its frame.
    pub details: Option<Rect>,
}

impl Panes {
    fn new(size: (u16, u16), scope: Scope, composer_rows: u16) -> Self {
        let screen = Rect::new(0, 0, size.0, size.1);
        if size.0 < SMALLEST.0 || size.1 < SMALLEST.1 {
            return Self { screen, too_small: true, ..Self::default() };
        }
        let (w, h) = size;
        let body = Rect::new(0, 1, w, h - 2);
        let list_width = (w / 3).clamp(34, 44);
        let details_width = 36;
        let at = |x, width| Rect { x, width, ..body };
        let (list, conversation, details) = if w < TWO {
            match scope {
                Scope::List => (Some(body), None, None),
                _ => (None, Some(body), None),
            }
        } else if w < THREE {
            (Some(at(0, list_width)), Some(at(list_width, w - list_width)), None)
        } else {
            (
                Some(at(0, list_width)),
                Some(at(list_width, w - list_width - details_width)),
                Some(at(w - details_width, details_width)),
            )
        };
        // Even when it is not shown the conversation has a size, so that it can be scrolled and fetched.
        let frame = conversation.unwrap_or(body);
        let rows = composer_rows.clamp(1, frame.height.saturating_sub(6).max(1));
        let inner = Rect::new(frame.x + 1, frame.y + 1, frame.width - 2, frame.height - 2);
        let transcript = Rect { height: inner.height.saturating_sub(rows + 1), ..inner };
        let composer = Rect {
            x: inner.x + 1,
            y: transcript.bottom() + 1,
            width: inner.width - 2,
            height: inner.bottom() - transcript.bottom() - 1,
        };
        Self {
            screen,
            too_small: false,
            top: Rect::new(0, 0, w, 1),
            status: Rect::new(0, h - 1, w, 1),
            list,
            conversation,
            transcript,
            composer,
            details,
        }
    }

    /// Threads that fit into the list, two lines each.
    pub fn list_rows(&self) -> usize {
        let height = self.list.map_or(self.screen.height.saturating_sub(2), |l| l.height);
        usize::from(height.saturating_sub(2) / 2)
    }

    /// Cells of a line of the composer.
    pub fn composer_width(&self) -> u16 {
        self.composer.width.max(2)
    }

    /// Rows between the bars.
    pub fn body_height(&self) -> u16 {
        self.screen.height.saturating_sub(2)
    }

    /// Whether only one pane fits.
    pub fn is_single(&self) -> bool {
        self.screen.width < TWO
    }
}

impl App {
    /// Where everything is now.
    pub fn panes(&self) -> Panes {
        let rows = self.conversation.as_ref().map_or(1, |c| c.composer_rows + u16::from(c.quote.is_some()))
            + self.attached_rows();
        let scope = if self.conversation.is_some() { self.scope } else { Scope::List };
        Panes::new(self.size, scope, rows)
    }
}
