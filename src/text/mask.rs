//! Numbers with their middle hidden: for shared screens, and for roles that are not to see them.

use std::borrow::Cow;

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
#[must_use]
pub fn hidden(chars: &[char]) -> Vec<usize> {
    runs(chars).into_iter().flat_map(|run| run[hide(run.len())].to_vec()).collect()
}

/// Text with the middle of its long numbers hidden: `+55 11 9****-1234`. Takes as many cells as before.
#[must_use]
pub fn numbers(s: &str) -> Cow<'_, str> {
    if !s.bytes().any(|b| b.is_ascii_digit()) {
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
