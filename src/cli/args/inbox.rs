//! The command line of those who just open the inbox.

use super::Cli;
use std::ffi::OsString;
use std::path::PathBuf;

impl Cli {
    /// The command line of somebody who just opens the inbox, as operators do all day; `None` for any other. Reading these
    /// few words by themselves spares every terminal on a shared server the pages of all the other commands.
    #[must_use]
    pub fn inbox(words: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut cli = Self { config: None, data: None, line: false, command: None };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut path = |place: &mut Option<PathBuf>| {
                let value =
                    words.next().filter(|v| !v.is_empty() && !v.as_encoded_bytes().starts_with(b"-"))?;
                place.replace(value.into()).is_none().then_some(())
            };
            match word.to_str()? {
                "--config" => path(&mut cli.config)?,
                "--data" => path(&mut cli.data)?,
                "--line" if !cli.line => cli.line = true,
                _ => return None,
            }
        }
        Some(cli)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use proptest::prelude::*;

    fn both(words: &[&str]) -> (Option<String>, Option<String>) {
        let own = Cli::inbox(words.iter().map(OsString::from));
        let clap = Cli::try_parse_from(std::iter::once("switchboard").chain(words.iter().copied()));
        (own.map(|c| format!("{c:?}")), clap.ok().map(|c| format!("{c:?}")))
    }

    #[test]
    fn the_usual_words_are_read_here() {
        for words in [&[][..], &["--line"], &["--config", "a.toml"], &["--data", "/d", "--config", "a b"]] {
            let (own, clap) = both(words);
            assert!(own.is_some() && own == clap, "{words:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_here_is_read_as_by_clap(words in proptest::collection::vec(
            prop::sample::select(vec!["--config", "--data", "--line", "x", "", "-", "--", "serve", "--help", "--config=a"]), 0..6,
        )) {
            let (own, clap) = both(&words);
            if own.is_some() {
                prop_assert_eq!(own, clap);
            }
        }
    }
}
