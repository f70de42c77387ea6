//! Emoji by name: the table of `assets/emoji.txt`, read when it is first needed.

use std::sync::OnceLock;

/// What is offered before a letter is typed.
const COMMON: [&str; 8] = ["+1", "pray", "smile", "heart", "tada", "white_check_mark", "wave", "joy"];

/// An emoji and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    /// As it is written.
    pub glyph: &'static str,
    /// Its name, or the one of its names that was found.
    pub name: &'static str,
}

struct Entry {
    glyph: &'static str,
    names: Vec<&'static str>,
    words: Vec<&'static str>,
}

fn table() -> &'static [Entry] {
    static TABLE: OnceLock<Vec<Entry>> = OnceLock::new();
    TABLE.get_or_init(|| {
        include_str!("../../assets/emoji.txt")
            .lines()
            // The keycap of the number sign begins with that sign: a comment has a blank behind it.
            .filter(|l| !l.is_empty() && !l.starts_with("# ") && *l != "#")
            .filter_map(|l| {
                let (names, words) = l.split_once(" | ").unwrap_or((l, ""));
                let (glyph, names) = names.split_once(' ')?;
                Some(Entry { glyph, names: names.split(' ').collect(), words: words.split(' ').collect() })
            })
            .collect()
    })
}

/// The emoji with exactly this name.
pub(crate) fn by_name(name: &str) -> Option<Emoji> {
    let lower = name.to_lowercase();
    table().iter().find_map(|e| {
        let name = e.names.iter().find(|n| **n == lower)?;
        Some(Emoji { glyph: e.glyph, name })
    })
}

/// How well a name fits; the smaller the better.
fn fit(name: &str, wanted: &str) -> Option<u8> {
    let at = name.find(wanted)?;
    Some(match at {
        0 if name.len() == wanted.len() => 0,
        0 => 1,
        _ if name[..at].ends_with(['_', '-']) => 2,
        _ => 4,
    })
}

/// Emoji whose name or description has `wanted` in it, the best first.
pub(crate) fn find(wanted: &str, most: usize) -> Vec<Emoji> {
    if wanted.is_empty() {
        return COMMON.iter().filter_map(|n| by_name(n)).take(most).collect();
    }
    let wanted = wanted.to_lowercase();
    let mut found: Vec<(u8, usize, Emoji)> = Vec::new();
    for e in table() {
        let name = e.names.iter().filter_map(|n| Some((fit(n, &wanted)?, *n))).min();
        let word = e.words.iter().any(|w| !w.is_empty() && w.starts_with(&wanted));
        let Some((how, name)) = name.or_else(|| word.then(|| (3, e.names[0]))) else { continue };
        found.push((how, name.len(), Emoji { glyph: e.glyph, name }));
    }
    // Of equals the shorter name, then the order of the table.
    found.sort_by_key(|(how, len, _)| (*how, *len));
    found.into_iter().map(|(_, _, e)| e).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use unicode_segmentation::UnicodeSegmentation;

    #[test]
    fn names_are_found_by_beginning_then_by_part_then_by_description() {
        let names = |s: &str| -> Vec<&str> { find(s, 5).iter().map(|e| e.name).collect() };
        assert_eq!(by_name("thumbsup").map(|e| e.glyph), Some("👍"));
        assert_eq!(by_name("+1"), Some(Emoji { glyph: "👍", name: "+1" }));
        assert_eq!(names("thumbsu"), ["thumbsup"]);
        assert_eq!(names("heart")[0], "heart");
        assert!(names("happy").contains(&"smile"));
        assert_eq!(find("ZZZZ", 5), []);
        assert_eq!(find("", 8).len(), 8, "each of the common ones is in the table");
    }

    #[test]
    fn every_emoji_is_one_grapheme_that_may_be_shown_and_every_name_is_one_word() {
        let mut seen = std::collections::BTreeSet::new();
        assert!(table().len() > 1_800);
        for e in table() {
            assert_eq!(e.glyph.graphemes(true).count(), 1, "{}", e.names[0]);
            assert_eq!(text::sanitize(e.glyph), e.glyph);
            for name in &e.names {
                assert!(seen.insert(*name), "{name} twice");
                assert!(name.chars().all(|c| c.is_alphanumeric() || "_+-".contains(c)), "{name}");
            }
        }
    }
}
