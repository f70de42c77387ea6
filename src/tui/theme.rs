//! Colours by meaning. Widgets name a role, never a colour.

use crate::config::settings::{ColorMode, UiSettings};
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

    /// The theme for the settings and the environment (`NO_COLOR`, `COLORTERM`, `TERM`).
    #[must_use]
    pub fn for_settings(settings: &UiSettings, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let mode = match settings.color {
            ColorMode::Auto => {
                let term = set("TERM").unwrap_or_default();
                let depth = set("COLORTERM").unwrap_or_default();
                if set("NO_COLOR").is_some() || term == "dumb" {
                    ColorMode::None
                } else if depth == "truecolor" || depth == "24bit" || term.contains("direct") {
                    ColorMode::True
                } else if term.contains("256color")
                    || ["xterm-kitty", "xterm-ghostty", "alacritty"].contains(&&*term)
                {
                    ColorMode::Indexed
                } else {
                    ColorMode::Basic
                }
            }
            mode => mode,
        };
        match mode {
            ColorMode::None => Self::plain(),
            ColorMode::Basic | ColorMode::Auto => Self::basic(),
            ColorMode::Indexed if settings.light => Self::of(&INDEXED_LIGHT),
            ColorMode::Indexed => Self::of(&INDEXED_DARK),
            ColorMode::True if settings.light => Self::of(&TRUE_LIGHT),
            ColorMode::True => Self::of(&TRUE_DARK),
        }
    }

    /// No colour at all: bold, dim, underlined and reversed text.
    #[must_use]
    pub fn plain() -> Self {
        let s = Style::new;
        let bold = s().add_modifier(Modifier::BOLD);
        let dim = s().add_modifier(Modifier::DIM);
        Self {
            text: s(),
            dim,
            strong: bold,
            border: dim,
            focus: bold,
            selected: s().add_modifier(Modifier::REVERSED),
            key: bold,
            unread: bold,
            theirs: s(),
            ours: dim,
            read: bold,
            note: s().add_modifier(Modifier::ITALIC),
            good: s(),
            warn: bold,
            bad: bold,
            matched: s().add_modifier(Modifier::REVERSED),
            variable: s().add_modifier(Modifier::UNDERLINED),
            link: s().add_modifier(Modifier::UNDERLINED),
        }
    }

    fn of(p: &Palette) -> Self {
        let fg = |c| Style::new().fg(c);
        Self {
            text: Style::new(),
            dim: fg(p.dim),
            strong: Style::new().add_modifier(Modifier::BOLD),
            border: fg(p.border),
            focus: fg(p.accent),
            selected: Style::new().bg(p.selected),
            key: fg(p.accent),
            unread: fg(p.green).add_modifier(Modifier::BOLD),
            theirs: fg(p.green),
            ours: fg(p.blue),
            read: fg(p.sky),
            note: fg(p.yellow),
            good: fg(p.green),
            warn: fg(p.yellow),
            bad: fg(p.red),
            matched: fg(p.yellow).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            variable: fg(p.violet),
            link: fg(p.blue).add_modifier(Modifier::UNDERLINED),
        }
    }
}

struct Palette {
    dim: Color,
    border: Color,
    accent: Color,
    selected: Color,
    green: Color,
    blue: Color,
    sky: Color,
    yellow: Color,
    red: Color,
    violet: Color,
}

const TRUE_DARK: Palette = Palette {
    dim: Color::Rgb(134, 142, 155),
    border: Color::Rgb(70, 77, 89),
    accent: Color::Rgb(77, 191, 170),
    selected: Color::Rgb(40, 52, 62),
    green: Color::Rgb(88, 201, 121),
    blue: Color::Rgb(111, 160, 237),
    sky: Color::Rgb(83, 189, 235),
    yellow: Color::Rgb(229, 192, 107),
    red: Color::Rgb(240, 113, 120),
    violet: Color::Rgb(198, 146, 233),
};

const TRUE_LIGHT: Palette = Palette {
    dim: Color::Rgb(102, 110, 122),
    border: Color::Rgb(190, 196, 204),
    accent: Color::Rgb(0, 122, 104),
    selected: Color::Rgb(221, 234, 238),
    green: Color::Rgb(20, 126, 58),
    blue: Color::Rgb(28, 92, 186),
    sky: Color::Rgb(0, 122, 184),
    yellow: Color::Rgb(150, 98, 0),
    red: Color::Rgb(196, 32, 45),
    violet: Color::Rgb(128, 58, 176),
};

const INDEXED_DARK: Palette = Palette {
    dim: Color::Indexed(245),
    border: Color::Indexed(239),
    accent: Color::Indexed(79),
    selected: Color::Indexed(236),
    green: Color::Indexed(78),
    blue: Color::Indexed(75),
    sky: Color::Indexed(81),
    yellow: Color::Indexed(179),
    red: Color::Indexed(204),
    violet: Color::Indexed(176),
};

const INDEXED_LIGHT: Palette = Palette {
    dim: Color::Indexed(242),
    border: Color::Indexed(250),
    accent: Color::Indexed(29),
    selected: Color::Indexed(254),
    green: Color::Indexed(28),
    blue: Color::Indexed(26),
    sky: Color::Indexed(31),
    yellow: Color::Indexed(94),
    red: Color::Indexed(160),
    violet: Color::Indexed(91),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(color: ColorMode, env: &[(&str, &str)]) -> Theme {
        let settings = UiSettings { color, ..UiSettings::default() };
        Theme::for_settings(&settings, |n| env.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn colours_follow_the_environment_unless_the_settings_say_otherwise() {
        let dim = |t: Theme| t.dim.fg;
        assert_eq!(dim(theme(ColorMode::Auto, &[("TERM", "xterm")])), Some(Color::DarkGray));
        let term = ("TERM", "xterm-256color");
        assert!(matches!(dim(theme(ColorMode::Auto, &[term])), Some(Color::Indexed(_))));
        let true_color = [term, ("COLORTERM", "truecolor")];
        assert!(matches!(dim(theme(ColorMode::Auto, &true_color)), Some(Color::Rgb(..))));
        assert_eq!(dim(theme(ColorMode::Auto, &[term, ("NO_COLOR", "1")])), None);
        assert!(matches!(dim(theme(ColorMode::True, &[("NO_COLOR", "1")])), Some(Color::Rgb(..))));
    }
}
