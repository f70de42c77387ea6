//! What is hidden while a screen is shared: the middle of long numbers, and names.
//!
//! Works on what is shown, never on what is stored or sent.

use crate::config::settings::Masking;
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// Fewest digits of a number that is hidden.
const DIGITS: usize = 8;
/// Digits that stay at the end.
const TAIL: usize = 4;
/// Most digits that stay at the beginning: country, area and one more.
const HEAD: usize = 5;

/// What stands between the digits of a number that is written in groups.
fn groups(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2011}' | '\u{2013}')
}

/// The numbers of a text that are long enough: indices of their digits.
fn runs(chars: &[char]) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    let mut run: Vec<usize> = Vec::new();
    let mut gap = 0;
    let mut end = |run: &mut Vec<usize>| {
        let done = std::mem::take(run);
        if done.len() >= DIGITS && !done.iter().any(|&i| chars[i] == '*') && !is_date(chars, &done) {
            out.push(done);
        }
    };
    for (i, c) in chars.iter().enumerate() {
        if c.is_ascii_digit() || *c == '*' && !run.is_empty() {
            run.push(i);
            gap = 0;
        } else if groups(*c) && !run.is_empty() && gap < 2 {
            gap += 1;
            // Two gaps in a row belong together only around a bracket.
            if gap == 2 && !matches!((chars[i - 1], *c), (')', _) | (_, '(')) {
                end(&mut run);
            }
        } else {
            end(&mut run);
            gap = 0;
        }
    }
    end(&mut run);
    out
}

/// Whether a run of digits begins like a day of the calendar: `2026-11-21`.
fn is_date(chars: &[char], run: &[usize]) -> bool {
    let at = run[0];
    let piece: String = chars[at..].iter().take(10).collect();
    let b = piece.as_bytes();
    b.len() == 10
        && (piece.starts_with("19") || piece.starts_with("20"))
        && b[4] == b'-'
        && b[7] == b'-'
        && run.len() <= 12
}

/// Hides the middle of one number's digits.
fn hide(digits: usize) -> std::ops::Range<usize> {
    HEAD.min(digits.saturating_sub(DIGITS))..digits - TAIL
}

/// Which of these characters have to be hidden, by index.
pub(crate) fn hidden(chars: &[char]) -> Vec<usize> {
    runs(chars).into_iter().flat_map(|run| run[hide(run.len())].to_vec()).collect()
}

/// Text with the middle of its long numbers hidden: `+55 11 9****-1234`. Takes as many cells as before.
pub(crate) fn numbers(s: &str, masking: Masking) -> Cow<'_, str> {
    if masking == Masking::Off || !s.bytes().any(|b| b.is_ascii_digit()) {
        return Cow::Borrowed(s);
    }
    let mut chars: Vec<char> = s.chars().collect();
    let hidden = hidden(&chars);
    if hidden.is_empty() {
        return Cow::Borrowed(s);
    }
    for i in hidden {
        chars[i] = '*';
    }
    Cow::Owned(chars.into_iter().collect())
}

/// A name as it is shown: initials where names are hidden. A number stays one.
pub(crate) fn name(s: &str, masking: Masking) -> Cow<'_, str> {
    if masking != Masking::Names || !s.chars().any(char::is_alphabetic) {
        return numbers(s, masking);
    }
    let mut out = String::new();
    for word in s.split_whitespace() {
        let Some(first) = word.graphemes(true).find(|g| g.chars().any(char::is_alphanumeric)) else {
            continue;
        };
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(first);
        out.push('.');
    }
    if out.is_empty() { Cow::Borrowed("?") } else { Cow::Owned(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(s: &str) -> String {
        numbers(s, Masking::Numbers).into_owned()
    }

    #[test]
    fn the_middle_of_numbers_is_hidden_and_their_form_stays() {
        for (plain, hidden) in [
            ("+55 11 98888-1234", "+55 11 9****-1234"),
            ("+1 (415) 555-2671", "+1 (41*) ***-2671"),
            ("+49 151 2345 6789", "+49 151 **** 6789"),
            ("5511988881234", "55119****1234"),
            ("call 41155512 now", "call ****5512 now"),
            ("a +55 11 98888-1234, b +55 11 97777-4321.", "a +55 11 9****-1234, b +55 11 9****-4321."),
        ] {
            assert_eq!(masked(plain), hidden);
            // Once more changes nothing.
            assert_eq!(masked(hidden), hidden);
        }
        // A number that is cut off keeps what is hidden.
        assert_eq!(masked("+55 11 9****-12…"), "+55 11 9****-12…");
    }

    #[test]
    fn what_is_no_long_number_stays() {
        for s in [
            "order 4711",
            "09:31",
            "2026-11-21",
            "2026-11-21 09:31",
            "1.250,00 EUR",
            "12  34  56  78  90",
            "**bold**",
            "",
        ] {
            assert_eq!(masked(s), s);
        }
        assert_eq!(numbers("+55 11 98888-1234", Masking::Off), "+55 11 98888-1234");
    }

    #[test]
    fn names_become_initials() {
        let of = |s| name(s, Masking::Names).into_owned();
        assert_eq!(of("Marta Souza"), "M. S.");
        assert_eq!(of("王小明"), "王.");
        assert_eq!(of("Fatima Al-Sayed 🌹"), "F. A.");
        assert_eq!(of("+55 11 98888-1234"), "+55 11 9****-1234");
        assert_eq!(of("🌹 é\u{301}va"), "é\u{301}.");
        assert_eq!(name("Marta Souza", Masking::Numbers), "Marta Souza");
    }
}
