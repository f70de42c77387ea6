//! QR codes as lines of text: two rows of squares in a line, so that a phone can read them off a terminal.

use qrcode::{Color, EcLevel, QrCode};

/// Squares of air around the code.
const QUIET: usize = 2;

/// A code as lines of half blocks, all of one width: every cell is a dark square on a light one, or the other way
/// round, so it has to be drawn dark on light. `None` when the text is too long for any code.
#[must_use]
pub fn lines(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
    let (side, colors) = (code.width(), code.to_colors());
    let dark = |x: usize, y: usize| {
        let inside = (QUIET..side + QUIET).contains(&x) && (QUIET..side + QUIET).contains(&y);
        inside && colors[(y - QUIET) * side + x - QUIET] == Color::Dark
    };
    let whole = side + 2 * QUIET;
    let line = |top: usize| -> String {
        let cell = |x: usize| match (dark(x, top), dark(x, top + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..whole).map(cell).collect()
    };
    Some((0..whole).step_by(2).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_square_with_air_around_it() {
        let rows = lines("https://app.example/whatsapp/setup/0123456789abcdef").unwrap();
        let wide = rows[0].chars().count();
        assert!(rows.iter().all(|r| r.chars().count() == wide));
        assert_eq!(rows.len(), wide.div_ceil(2), "two rows of squares in a line");
        assert!(rows[0].trim().is_empty(), "air above");
        // The three corners that a reader looks for: a ring of seven squares.
        assert!(rows[1].starts_with("  █▀▀▀▀▀█") && rows[1].ends_with("█▀▀▀▀▀█  "), "{}", rows[1]);
        assert!(lines(&"x".repeat(3_000)).is_none(), "no code is that large");
    }
}
