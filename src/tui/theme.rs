//! Colours by meaning. Widgets name a role, never a colour.

use ratatui::style::{Color, Modifier, Style};

/// Styles by role.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// Less important text: times, hints, previews.
    pub dim: Style,
    /// Names, titles.
    pub strong: Style,
    /// Borders of panes without focus.
    pub border: Style,
    /// Borders of the pane with focus.
    pub focus: Style,
    /// The selected row.
    pub selected: Style,
    /// Keys in hints.
    pub key: Style,
    /// Unread counts.
    pub unread: Style,
    /// The bar beside messages of the customer.
    pub theirs: Style,
    /// The bar beside messages of ours.
    pub ours: Style,
    /// Ticks of a read message.
    pub read: Style,
    /// Private notes.
    pub note: Style,
    /// Something works, is open, is approved.
    pub good: Style,
    /// Look at it: window closing, paused.
    pub warn: Style,
    /// Failures.
    pub bad: Style,
    /// Text that matched a search.
    pub matched: Style,
    /// Variables in templates and quick replies.
    pub variable: Style,
    /// Links.
    pub link: Style,
}

impl Theme {
    /// 16 colours of the terminal's own palette, on its own background: right in dark and light terminals.
    #[must_use]
    pub fn basic() -> Self {
        let s = Style::new;
        Self {
            text: s(),
            dim: s().fg(Color::DarkGray),
            strong: s().add_modifier(Modifier::BOLD),
            border: s().fg(Color::DarkGray),
            focus: s().fg(Color::Cyan),
            selected: s().add_modifier(Modifier::REVERSED),
            key: s().fg(Color::Cyan),
            unread: s().fg(Color::Green).add_modifier(Modifier::BOLD),
            theirs: s().fg(Color::Green),
            ours: s().fg(Color::Blue),
            read: s().fg(Color::Cyan),
            note: s().fg(Color::Yellow),
            good: s().fg(Color::Green),
            warn: s().fg(Color::Yellow),
            bad: s().fg(Color::Red),
            matched: s().fg(Color::Yellow).add_modifier(Modifier::BOLD),
            variable: s().fg(Color::Magenta),
            link: s().fg(Color::Blue).add_modifier(Modifier::UNDERLINED),
        }
    }
}
