//! Colleagues who are named in a note: `@ana`.

/// Most colleagues one note calls.
pub const MENTIONS_MAX: usize = 20;
/// Longest name that is looked for, in characters.
const NAME_MAX: usize = 64;

/// The names behind an `@` at the beginning of a word, as they are written, each once whatever its case.
#[must_use]
pub fn mentions(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut before = None;
    for (at, c) in text.char_indices() {
        // An address (`ana@example.com`) calls nobody.
        let begins = c == '@' && !before.is_some_and(|b: char| b.is_alphanumeric() || "._-+@".contains(b));
        before = Some(c);
        if !begins {
            continue;
        }
        let name: String = text[at + 1..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || "._-".contains(*c))
            .take(NAME_MAX + 1)
            .collect();
        // The end of a sentence is not the end of a name.
        let name = name.trim_end_matches(['.', '-', '_']);
        let known = out.iter().any(|n| is_same(n, name));
        if !name.is_empty() && name.chars().count() <= NAME_MAX && !known {
            out.push(name.to_owned());
            if out.len() == MENTIONS_MAX {
                break;
            }
        }
    }
    out
}

/// Whether a name in a note means this operator.
#[must_use]
pub fn is_same(name: &str, operator: &str) -> bool {
    name == operator || name.to_lowercase() == operator.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_a_word_begins() {
        assert_eq!(mentions("@ana please call, cc (@Bo.Lee), @ana."), ["ana", "Bo.Lee"]);
        assert_eq!(
            mentions("ask @josé-maria_2... and @李明, or ana@example.com or a@b @@c"),
            ["josé-maria_2", "李明"]
        );
        for none in ["", "@", "@ ana", "a@b", "@.", "5@3"] {
            assert_eq!(mentions(none), Vec::<String>::new(), "{none}");
        }
        assert_eq!(mentions(&"@x ".repeat(5)), ["x"]);
        assert_eq!(mentions(&(0..50).fold(String::new(), |s, n| format!("{s}@n{n} "))).len(), MENTIONS_MAX);
        assert_eq!(mentions(&format!("@{}", "y".repeat(100))), Vec::<String>::new());
        assert!(is_same("Ana", "ana") && !is_same("an", "ana"));
    }
}
