//! The colours of labels, out of the roles of a theme: readable on its background, and none where it has none.

use super::Theme;
use crate::model::handling::LabelColor;
use ratatui::style::Style;

impl Theme {
    /// How a label of a colour looks.
    #[must_use]
    pub fn label(&self, color: LabelColor) -> Style {
        let role = match color {
            LabelColor::Grey => self.dim,
            LabelColor::Red => self.bad,
            LabelColor::Yellow => self.warn,
            LabelColor::Green => self.good,
            LabelColor::Cyan => self.read,
            LabelColor::Blue => self.link,
            LabelColor::Purple => self.variable,
        };
        // The colour alone: a role may also be bold or underlined.
        role.fg.map_or(Style::new(), |fg| Style::new().fg(fg))
    }
}
