//! Colours on terminals that have fewer of them.

use ratatui::style::Color;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// None.
    None,
    /// 16, of its own palette.
    Basic,
    /// 256.
    Indexed,
    /// 24 bit.
    True,
}

/// The 16 colours by their names, with the values that xterm gives them.
pub(super) const NAMED: [(&str, Color, [u8; 3]); 16] = [
    ("black", Color::Black, [0, 0, 0]),
    ("red", Color::Red, [205, 0, 0]),
    ("green", Color::Green, [0, 205, 0]),
    ("yellow", Color::Yellow, [205, 205, 0]),
    ("blue", Color::Blue, [0, 0, 238]),
    ("magenta", Color::Magenta, [205, 0, 205]),
    ("cyan", Color::Cyan, [0, 205, 205]),
    ("white", Color::Gray, [229, 229, 229]),
    ("bright-black", Color::DarkGray, [127, 127, 127]),
    ("bright-red", Color::LightRed, [255, 0, 0]),
    ("bright-green", Color::LightGreen, [0, 255, 0]),
    ("bright-yellow", Color::LightYellow, [255, 255, 0]),
    ("bright-blue", Color::LightBlue, [92, 92, 255]),
    ("bright-magenta", Color::LightMagenta, [255, 0, 255]),
    ("bright-cyan", Color::LightCyan, [0, 255, 255]),
    ("bright-white", Color::White, [255, 255, 255]),
];

/// The value of a colour, as far as it has one.
pub(super) fn value(c: Color) -> Option<[u8; 3]> {
    match c {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(i) => Some(indexed(i)),
        named => NAMED.iter().find(|(_, n, _)| *n == named).map(|(_, _, v)| *v),
    }
}

fn indexed(i: u8) -> [u8; 3] {
    match i {
        0..16 => NAMED[usize::from(i)].2,
        16..232 => {
            let i = i - 16;
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            [level(i / 36), level(i / 6 % 6), level(i % 6)]
        }
        _ => [8 + 10 * (i - 232); 3],
    }
}

/// How different two colours look: squares weighted as the eye does.
fn distance(a: [u8; 3], b: [u8; 3]) -> i64 {
    let d = |i: usize| i64::from(a[i]) - i64::from(b[i]);
    let red = i64::midpoint(i64::from(a[0]), i64::from(b[0]));
    (((512 + red) * d(0) * d(0)) >> 8) + 4 * d(1) * d(1) + (((767 - red) * d(2) * d(2)) >> 8)
}

/// The nearest of the 240 colours that are the same on every terminal.
pub(super) fn to_indexed(c: Color) -> Color {
    match c {
        Color::Rgb(r, g, b) => {
            let near = (16..=255u8).min_by_key(|i| distance(indexed(*i), [r, g, b]));
            Color::Indexed(near.unwrap_or(15))
        }
        c => c,
    }
}

/// The nearest of the 16.
pub(super) fn to_basic(c: Color) -> Color {
    let Some(v) = value(c).filter(|_| matches!(c, Color::Rgb(..) | Color::Indexed(_))) else { return c };
    NAMED.iter().min_by_key(|(_, _, n)| distance(*n, v)).map_or(Color::Reset, |(_, c, _)| *c)
}
