//! WhatsApp's marks in a text: `*bold*`, `_italic_`, `~struck~`, code, quotes and lists.
//!
//! One reader for both sides: the conversation shows the text without its marks, the composer shows them dimmed
//! with what they do.

use ratatui::style::Modifier;
use std::ops::Range;

/// A stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its bytes.
    pub range: Range<usize>,
    /// How it looks.
    pub style: Modifier,
    /// What it is.
    pub role: Role,
}

/// What a stretch of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Text that is shown.
    Text,
    /// A mark that a phone does not show.
    Mark,
    /// The `>` of a quoted line.
    Quote,
    /// The `-` or `*` of a list.
    Bullet,
}

impl Role {
    /// What is shown instead of it; as wide as it.
    pub fn glyph(self) -> Option<&'static str> {
        match self {
            Self::Quote => Some("▎"),
            Self::Bullet => Some("•"),
            Self::Text | Self::Mark => None,
        }
    }
}

/// The pieces of a text, in order and without gaps.
pub(crate) fn parse(s: &str) -> Vec<Piece> {
    let chars: Vec<(usize, char)> = s.char_indices().collect();
    let at = |i: usize| chars.get(i).map(|c| c.1);
    let byte = |i: usize| chars.get(i).map_or(s.len(), |c| c.0);
    let mut out: Vec<Piece> = Vec::new();
    let mut now = Modifier::empty();
    let mut start = 0;
    let cut = |from: &mut usize, to: usize, style: Modifier, role: Role, out: &mut Vec<Piece>| {
        if to > *from {
            out.push(Piece { range: byte(*from)..byte(to), style, role });
            *from = to;
        }
    };
    // Up to where it is known that nothing closes a mark (`*`, `_`, `~`): nobody looks twice.
    let mut open_until = [0usize; 3];
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i].1;
        let begins = i == 0 || chars[i - 1].1 == '\n';
        if begins && matches!(c, '>' | '-' | '*') && at(i + 1) == Some(' ') {
            let words = at(i + 2).is_some_and(|c| !c.is_whitespace());
            if words {
                let role = if c == '>' { Role::Quote } else { Role::Bullet };
                cut(&mut start, i, now, Role::Text, &mut out);
                cut(&mut start, i + 1, now, role, &mut out);
                i += 1;
                continue;
            }
        }
        if c == '`' {
            let fence = if at(i + 1) == Some('`') && at(i + 2) == Some('`') { 3 } else { 1 };
            let body = i + fence;
            let ends = |j: usize| (0..fence).all(|k| at(j + k) == Some('`'));
            let close = (body..chars.len()).find(|&j| ends(j) || fence == 1 && chars[j].1 == '\n');
            if let Some(j) = close.filter(|&j| j > body && chars[j].1 == '`') {
                cut(&mut start, i, now, Role::Text, &mut out);
                cut(&mut start, body, now, Role::Mark, &mut out);
                cut(&mut start, j, now | Modifier::DIM, Role::Text, &mut out);
                cut(&mut start, j + fence, now, Role::Mark, &mut out);
                i = j + fence;
                continue;
            }
        }
        let (bit, which) = match c {
            '*' => (Modifier::BOLD, 0),
            '_' => (Modifier::ITALIC, 1),
            '~' => (Modifier::CROSSED_OUT, 2),
            _ => (Modifier::empty(), 0),
        };
        if !bit.is_empty() {
            let before = i.checked_sub(1).and_then(at);
            let after = at(i + 1);
            let ends = |j: usize| {
                chars[j].1 == c
                    && !chars[j - 1].1.is_whitespace()
                    && at(j + 1).is_none_or(|n| !n.is_alphanumeric())
            };
            if now.contains(bit) {
                if ends(i) {
                    cut(&mut start, i, now, Role::Text, &mut out);
                    now -= bit;
                    cut(&mut start, i + 1, now, Role::Mark, &mut out);
                    i += 1;
                    continue;
                }
            } else if before.is_none_or(|b| !b.is_alphanumeric())
                && after.is_some_and(|a| !a.is_whitespace() && a != c)
                && i >= open_until[which]
            {
                let line =
                    (i + 2..chars.len()).find(|&j| chars[j].1 == '\n' || ends(j)).unwrap_or(chars.len());
                if at(line).is_none_or(|c| c == '\n') {
                    open_until[which] = line;
                } else {
                    cut(&mut start, i, now, Role::Text, &mut out);
                    cut(&mut start, i + 1, now, Role::Mark, &mut out);
                    now |= bit;
                }
                i += 1;
                continue;
            }
        }
        i += 1;
    }
    cut(&mut start, chars.len(), now, Role::Text, &mut out);
    out
}

/// Text with its marks resolved: what is shown, and the styles of its parts in order.
pub(crate) fn marks(s: &str) -> (String, Vec<(Range<usize>, Modifier)>) {
    let mut shown = String::with_capacity(s.len());
    let mut runs: Vec<(Range<usize>, Modifier)> = Vec::new();
    for piece in parse(s) {
        if piece.role == Role::Mark {
            continue;
        }
        let from = shown.len();
        shown.push_str(piece.role.glyph().unwrap_or(&s[piece.range]));
        match runs.last_mut().filter(|(_, style)| *style == piece.style) {
            Some((range, _)) => range.end = shown.len(),
            None => runs.push((from..shown.len(), piece.style)),
        }
    }
    (shown, runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use proptest::prelude::*;

    #[test]
    fn quotes_and_lists_get_their_signs_and_nothing_else_does() {
        assert_eq!(marks("> *so* it is").0, "▎ so it is");
        assert_eq!(marks("- one\n* two\n1. three").0, "• one\n• two\n1. three");
        for plain in ["a > b", "->x", "- ", "*", "5 - 3", "-5", ">>", "> "] {
            assert_eq!(marks(plain).0, plain);
        }
        assert_eq!(marks("```- one\n> two```").0, "- one\n> two", "code is code");
    }

    #[test]
    fn the_composer_sees_every_mark_with_its_place() {
        let pieces = parse("*hi* `x`");
        let seen: Vec<(&str, Role, Modifier)> =
            pieces.iter().map(|p| (&"*hi* `x`"[p.range.clone()], p.role, p.style)).collect();
        assert_eq!(
            seen,
            [
                ("*", Role::Mark, Modifier::empty()),
                ("hi", Role::Text, Modifier::BOLD),
                ("*", Role::Mark, Modifier::empty()),
                (" ", Role::Text, Modifier::empty()),
                ("`", Role::Mark, Modifier::empty()),
                ("x", Role::Text, Modifier::DIM),
                ("`", Role::Mark, Modifier::empty()),
            ]
        );
    }

    proptest! {
        #[test]
        fn pieces_cover_the_text_and_signs_are_as_wide_as_what_they_replace(
            s in "[-*_~`> \na-c1.é👍]{0,40}",
        ) {
            let mut at = 0;
            for p in parse(&s) {
                prop_assert_eq!(p.range.start, at);
                prop_assert!(p.range.end > at);
                if let Some(g) = p.role.glyph() {
                    prop_assert_eq!(text::width(g), text::width(&s[p.range.clone()]));
                }
                at = p.range.end;
            }
            prop_assert_eq!(at, s.len());
            let (shown, runs) = marks(&s);
            prop_assert_eq!(runs.last().map_or(0, |(r, _)| r.end), shown.len());
        }
    }
}
