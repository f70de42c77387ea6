//! Text compared as people compare it: case and Latin accents make no difference.
//!
//! One character stays one character, so that a place in the folded text is a place in the text.

use nucleo_matcher::chars;
use std::ops::Range;

/// A character without case and accent.
#[must_use]
pub fn fold(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { chars::normalize(chars::to_lower_case(c)) }
}

/// A text without case and accents.
#[must_use]
pub fn folded(s: &str) -> String {
    s.chars().map(fold).collect()
}

/// The bytes of `hay` at which one of the folded needles stands, in their order, without overlaps.
#[must_use]
pub fn found(hay: &str, needles: &[String]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    if needles.iter().all(String::is_empty) {
        return out;
    }
    let mut at = 0;
    while at < hay.len() {
        let rest = &hay[at..];
        let longest = needles.iter().filter_map(|n| begins(rest, n)).max().filter(|n| *n > 0);
        let step = rest.chars().next().map_or(1, char::len_utf8);
        match longest {
            Some(len) => {
                match out.last_mut() {
                    Some(last) if last.end == at => last.end = at + len,
                    _ => out.push(at..at + len),
                }
                at += len;
            }
            None => at += step,
        }
    }
    out
}

/// How many bytes of `hay` a folded needle takes at its beginning.
fn begins(hay: &str, needle: &str) -> Option<usize> {
    let mut len = 0;
    let mut have = hay.chars();
    for wanted in needle.chars() {
        let c = have.next().filter(|c| fold(*c) == wanted)?;
        len += c.len_utf8();
    }
    Some(len)
}

/// Whether a text has all of the folded needles.
#[must_use]
pub fn has_all(hay: &str, needles: &[String]) -> bool {
    let hay = folded(hay);
    needles.iter().all(|n| hay.contains(n.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_accents_make_no_difference() {
        assert_eq!(folded("CADÊ já ÑANDÚ Привет 王"), "cade ja nandu привет 王");
        let hay = "Cadê o pedido? CADE!";
        let parts: Vec<&str> =
            found(hay, &[folded("cade"), folded("PED")]).into_iter().map(|r| &hay[r]).collect();
        assert_eq!(parts, ["Cadê", "ped", "CADE"]);
        assert!(found(hay, &[String::new()]).is_empty() && found(hay, &[]).is_empty());
        assert!(has_all("Já chegou o pedido", &["ja".into(), "pedido".into()]));
        assert!(!has_all("Já chegou", &["ja".into(), "pedido".into()]));
    }

    proptest! {
        #[test]
        fn what_is_found_is_there(hay in ".{0,40}", needle in ".{0,6}") {
            let needle = folded(&needle);
            let mut end = 0;
            for r in found(&hay, std::slice::from_ref(&needle)) {
                prop_assert!(r.start >= end && hay.get(r.clone()).is_some());
                prop_assert!(folded(&hay[r.clone()]).contains(&needle));
                end = r.end;
            }
            prop_assert_eq!(folded(&hay).chars().count(), hay.chars().count());
            if !needle.is_empty() {
                prop_assert_eq!(end > 0, has_all(&hay, &[needle]));
            }
        }
    }
}
