//! What is hidden while a screen is shared: the middle of long numbers, and names.
//!
//! Works on what is shown, never on what is stored or sent.

use crate::config::settings::Masking;
pub(crate) use crate::text::mask::hidden;
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// Text with the middle of its long numbers hidden: `+55 11 9****-1234`. Takes as many cells as before.
pub(crate) fn numbers(s: &str, masking: Masking) -> Cow<'_, str> {
    if masking == Masking::Off { Cow::Borrowed(s) } else { crate::text::mask::numbers(s) }
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
