//! Colours by meaning. Widgets name a role, never a colour.
//!
//! | file | owns |
//! | --- | --- |
//! | `mod` | the roles, and which theme it is |
//! | `file` | themes as TOML, the built-in ones and the user's own |
//! | `depth` | colours on terminals that have fewer |
//! | `labels` | the colours of labels |

mod depth;
mod file;
mod labels;

pub(crate) use depth::Depth;
pub use file::Listed;
pub(crate) use file::installed;

use crate::config::settings::{ColorMode, Masking, UiSettings};
use ratatui::style::{Color, Modifier, Style};
use std::path::Path;

/// The themes that are always there, in the order of the picker.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../assets/themes/light.toml")),
    ("contrast", include_str!("../../../assets/themes/contrast.toml")),
    ("sixteen", include_str!("../../../assets/themes/sixteen.toml")),
    ("harbour", include_str!("../../../assets/themes/harbour.toml")),
];

/// Styles by role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name, as in the configuration.
    pub name: String,
    /// The background that is painted, and the colour of ordinary text on it; `None` = the terminal's own.
    pub paint: Option<(Color, Color)>,
    /// Symbols in ASCII only.
    pub plain: bool,
    /// What is hidden.
    pub mask: Masking,
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
    /// 16 colours of the terminal's own palette, on its own background.
    #[must_use]
    pub fn basic() -> Self {
        Self::built_in("sixteen", Depth::Basic)
    }

    /// A built-in theme at a depth of colours; no colours at all when there is no such theme.
    pub(crate) fn built_in(name: &str, depth: Depth) -> Self {
        BUILT_IN
            .iter()
            .find(|(n, _)| *n == name)
            .and_then(|(n, text)| file::parse(Path::new(n), text, n, depth).ok())
            .unwrap_or_else(Self::plain)
    }

    /// The theme for the settings and the environment (`NO_COLOR`, `COLORTERM`, `TERM`, `COLORFGBG`), and what is
    /// wrong with the one that is wanted. `light`: the terminal has said how its background is.
    #[must_use]
    pub fn for_settings(
        settings: &UiSettings,
        env: impl Fn(&str) -> Option<String>,
        light: Option<bool>,
    ) -> (Self, Option<String>) {
        let depth = Depth::of(settings.color, &env);
        let (theme, problem) = Self::named(&settings.theme, settings, depth, || {
            light.or_else(|| background_of(env("COLORFGBG").as_deref()?)).unwrap_or(false)
        });
        (Self { plain: settings.plain, mask: settings.mask, ..theme }, problem)
    }

    /// A theme by its name, `auto` among them. One that cannot be read is replaced, and the problem told.
    fn named(
        name: &str,
        settings: &UiSettings,
        depth: Depth,
        light: impl FnOnce() -> bool,
    ) -> (Self, Option<String>) {
        if depth == Depth::None {
            return (Self::plain(), None);
        }
        if name == "auto" {
            let name = if light() {
                "light"
            } else if depth == Depth::Basic {
                "sixteen"
            } else {
                "dark"
            };
            return (Self::built_in(name, depth), None);
        }
        if BUILT_IN.iter().any(|(n, _)| *n == name) {
            return (Self::built_in(name, depth), None);
        }
        match file::read(settings.themes.as_deref(), name, depth) {
            Ok(theme) => (theme, None),
            Err(problem) => (Self::built_in("dark", depth), Some(problem)),
        }
    }

    /// No colour at all: bold, dim, underlined and reversed text.
    #[must_use]
    pub fn plain() -> Self {
        let s = Style::new;
        let bold = s().add_modifier(Modifier::BOLD);
        let dim = s().add_modifier(Modifier::DIM);
        Self {
            name: "none".into(),
            paint: None,
            plain: false,
            mask: Masking::Off,
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
}

/// Whether `COLORFGBG` (`15;0`) speaks of a light background.
fn background_of(value: &str) -> Option<bool> {
    let background: u8 = value.rsplit(';').next()?.parse().ok()?;
    (background < 16).then_some(background == 7 || background >= 9)
}

impl Depth {
    /// How many colours there are, by the settings and the environment.
    pub(crate) fn of(mode: ColorMode, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        match mode {
            ColorMode::None => return Self::None,
            ColorMode::Basic => return Self::Basic,
            ColorMode::Indexed => return Self::Indexed,
            ColorMode::True => return Self::True,
            ColorMode::Auto => {}
        }
        let term = set("TERM").unwrap_or_default();
        let depth = set("COLORTERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            Self::None
        } else if depth == "truecolor" || depth == "24bit" || term.contains("direct") {
            Self::True
        } else if term.contains("256color") || ["xterm-kitty", "xterm-ghostty", "alacritty"].contains(&&*term)
        {
            Self::Indexed
        } else {
            Self::Basic
        }
    }
}

#[cfg(test)]
mod tests;
