//! A mistake in the configuration: where it is, what is wrong, what would be right.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file, by byte range.
    File(Range<usize>),
    /// An environment variable.
    Env(&'static str),
    /// A flag.
    Flag(&'static str),
}

/// A mistake in the configuration. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    place: Option<String>,
    what: String,
    fix: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}", self.what)?;
        if !self.fix.is_empty() {
            write!(f, ", {}", self.fix)?;
        }
        Ok(())
    }
}

impl ConfigError {
    /// A mistake that has no place in a file.
    pub(crate) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { place: None, what: what.into(), fix: fix.into() }
    }

    /// Says where the mistake is.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &Path, e: &std::io::Error) -> Self {
        Self::new(
            format!("cannot be read ({e})"),
            "give the right path with --config, or copy config.example.toml there",
        )
        .at(path.display().to_string())
    }
}

/// Turns byte ranges of a file into `file:line:column`.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    pub(crate) fn new(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `file:line:column`, both counted from 1, the column in characters.
    pub(crate) fn place(&self, span: &Range<usize>) -> String {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }

    /// The parser's complaint in our form. Only its message and place are used: its own rendering quotes the
    /// line, which may hold a secret.
    pub(crate) fn complaint(&self, e: &toml::de::Error) -> ConfigError {
        let (what, fix) = reword(e.message());
        let place = e.span().map_or_else(|| self.path.display().to_string(), |span| self.place(&span));
        ConfigError::new(what, fix).at(place)
    }
}

/// Splits the parser's message into what is wrong and what would be right.
fn reword(message: &str) -> (String, String) {
    if let Some((unknown, expected)) =
        message.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected "))
    {
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let list = known.join(", ");
        let fix = match nearest(unknown, &known) {
            Some(key) => format!("did you mean `{key}`? Known here: {list}"),
            None => format!("known here: {list}"),
        };
        return (format!("unknown key `{unknown}`"), fix);
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        // The value itself is left out: it may be a secret at the wrong key.
        let found = match found.split([' ', '`']).next().unwrap_or_default() {
            "string" => "a text",
            "integer" => "a number",
            "floating" => "a number with a decimal point",
            "boolean" => "a yes or no",
            "sequence" => "a list",
            "map" => "a table",
            other => other,
        };
        let expected = match expected {
            "i64" => "a whole number",
            "a boolean" => "`true` or `false`, without quotes",
            "a string" => "a text in quotes",
            "a sequence" => "a list",
            other => other,
        };
        return (format!("{found} is not what belongs here"), format!("expected {expected}"));
    }
    if message == "duplicate key" {
        return ("this key was given before".to_owned(), "give it once".to_owned());
    }
    let message = message.trim().replace('\n', ", ");
    if let Some((what, expected)) = message.split_once(", expected ") {
        return (what.to_owned(), format!("expected {expected}"));
    }
    (message, String::new())
}

/// The known word closest to a misspelt one, when it is close enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let close = |k: &&str| {
        k.split('_').any(|part| part == word)
            || word.split('_').any(|part| part == *k)
            || distance(word, k) <= (word.chars().count() / 3).max(1)
    };
    known.iter().copied().filter(close).min_by_key(|k| distance(word, k))
}

/// Edit distance by characters (insert, delete, replace).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replace = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_counts_lines_and_characters_from_one() {
        let s = Source::new("c.toml".into(), "a = 1\nü = \"é\" # x\nb = 2".into());
        assert_eq!(s.place(&(0..1)), "c.toml:1:1");
        let at = s.text().find('#').unwrap();
        assert_eq!(s.place(&(at..at + 1)), "c.toml:2:9");
        assert_eq!(s.place(&(9999..9999)), "c.toml:3:6");
    }

    #[test]
    fn a_misspelt_key_finds_the_one_that_was_meant() {
        let known = ["access_token", "app_secret", "verify_token", "phone_number_id"];
        assert_eq!(nearest("acess_token", &known), Some("access_token"));
        assert_eq!(nearest("app_secrets", &known), Some("app_secret"));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
