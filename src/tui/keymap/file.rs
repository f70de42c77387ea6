//! `keys.toml`: the operator's own keys over those of a preset. What cannot be used is named with its place and
//! left out; everything else works.

use super::{Key, Keymap, sequence};
use crate::config::settings::KeySettings;
use crate::config::{ConfigError, FILE_MAX, Source, nearest};
use crate::text;
use crate::tui::command::{COMMANDS, Command, Scope, argument_of, by_id, scope_title};
use crossterm::event::{KeyCode, KeyModifiers};
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Longest sequence.
const LONGEST: usize = 4;
/// Mistakes that are told one by one.
const TOLD: usize = 50;

/// The keys that are configured, and what of the file could not be used.
#[must_use]
pub fn load(settings: &KeySettings) -> (Keymap, Vec<ConfigError>) {
    let mut map = Keymap::new(settings.preset);
    let Some(path) = &settings.file else { return (map, Vec::new()) };
    let mut text = String::new();
    let read = File::open(path).and_then(|f| f.take(FILE_MAX + 1).read_to_string(&mut text));
    let problems = match read {
        Err(e) if e.kind() == io::ErrorKind::NotFound && !settings.named => Vec::new(),
        Err(e) => {
            let e = ConfigError::new(format!("cannot be read ({e})"), "the keys of the preset are in force");
            vec![e.at(path.display().to_string())]
        }
        Ok(n) if n as u64 > FILE_MAX => {
            let e = ConfigError::new("the file is larger than 1 MiB", "the keys of the preset are in force");
            vec![e.at(path.display().to_string())]
        }
        Ok(_) => apply(&mut map, &Source::new(path.clone(), text)),
    };
    (map, problems)
}

/// Puts what a file says into the map; gives back what could not be used.
fn apply(map: &mut Keymap, source: &Source) -> Vec<ConfigError> {
    let mut text = source.text().to_owned();
    let mut broken = Vec::new();
    // A line that cannot be read is blanked, and the rest read again; places stay the same.
    while let Err(e) = DeTable::parse(&text) {
        let line =
            e.span().map(|s| line_around(&text, s.start)).filter(|l| !text[l.clone()].trim().is_empty());
        broken.push(e);
        let Some(line) = line.filter(|_| broken.len() <= TOLD) else { break };
        let blank = " ".repeat(line.len());
        text.replace_range(line, &blank);
    }
    let (table, _) = DeTable::parse_recoverable(&text);
    let at = |what: String, fix: String, span: Range<usize>| {
        (span.start, ConfigError::new(what, fix).at(source.place(&span)))
    };
    let mut problems: Vec<(usize, ConfigError)> =
        broken.iter().map(|e| (e.span().map_or(0, |s| s.start), source.complaint(e))).collect();
    // Lines of a file are taken in their order, so that it is the later of two that is left out.
    let mut lines = Vec::new();
    for (name, value) in table.get_ref() {
        let safe = text::sanitize(name.get_ref());
        let Some(scope) = Scope::ALL.into_iter().find(|s| s.id() == name.get_ref().as_ref()) else {
            let known = Scope::ALL.map(Scope::id);
            problems.push(at(
                format!("`{safe}` is no place for keys"),
                format!("known: [{}]", known.join("], [")),
                name.span(),
            ));
            continue;
        };
        let Some(entries) = value.get_ref().as_table() else {
            problems.push(at(format!("`{safe}` is not a table"), format!("write [{safe}]"), name.span()));
            continue;
        };
        lines.extend(entries.iter().map(|(key, value)| (scope, key, value)));
    }
    lines.sort_by_key(|(_, key, _)| key.span().start);
    for (scope, key, value) in lines {
        if let Err((span, what, fix)) =
            line(map, scope, (key.get_ref(), key.span()), (value.get_ref(), value.span()))
        {
            problems.push(at(what, fix, span));
        }
    }
    problems.sort_by_key(|(start, _)| *start);
    let more = problems.len().saturating_sub(TOLD);
    let mut out: Vec<ConfigError> = problems.into_iter().take(TOLD).map(|(_, e)| e).collect();
    if more > 0 {
        out.push(ConfigError::new(format!("{more} more mistakes"), "correct the first ones"));
    }
    out
}

/// The line that a place is in, without its end.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    start..end
}

/// One line, `"key" = "command"`; else where it is wrong, what, and what would be right.
fn line(
    map: &mut Keymap,
    scope: Scope,
    (written, key_span): (&str, Range<usize>),
    (value, value_span): (&DeValue<'_>, Range<usize>),
) -> Result<(), (Range<usize>, String, String)> {
    let safe = text::sanitize(written).into_owned();
    let bad_key = |what: String, fix: &str| (key_span.clone(), what, fix.to_owned());
    let keys = sequence(written)
        .map_err(|e| bad_key(text::sanitize(&e.to_string()).into_owned(), "this line is left out"))?;
    if keys.len() > LONGEST {
        return Err(bad_key(format!("`{safe}` is too long"), "at most four keys after each other"));
    }
    if let Some(why) = keys.iter().find_map(|k| unusable(*k)) {
        return Err(bad_key(format!("`{safe}`: {why}"), "choose another key"));
    }
    if scope == Scope::Composer && keys[0].typed().is_some() {
        let what = format!("`{safe}` is text while writing");
        return Err(bad_key(what, "use a key with Ctrl, or a function key"));
    }
    let Some(id) = value.as_str() else {
        let what = format!("`{safe}` has no command");
        return Err((value_span, what, "give the name of a command in quotes".into()));
    };
    if let Some(other) = map.clashes(scope, &keys) {
        let what = if other.keys == keys {
            format!("`{safe}` was given before, for {}", other.command.id)
        } else {
            format!("`{safe}` and `{}`, for {}, cannot both be keys", other.text, other.command.id)
        };
        return Err(bad_key(what, "this line is left out"));
    }
    if id == "none" {
        map.clear(scope, &keys);
        return Ok(());
    }
    // Behind a space stands what the command is given, as on the command line.
    let (name, argument) = id.split_once(' ').map_or((id, ""), |(name, rest)| (name, rest.trim()));
    let (what, fix) = match command(name, scope) {
        Ok(command) if !argument.is_empty() && argument_of(command.action).is_empty() => {
            (format!("nothing may follow `{}`", command.id), "write the name alone".to_owned())
        }
        Ok(_) if text::sanitize(argument) != argument => {
            (format!("what follows `{name}` is no plain text"), "this line is left out".to_owned())
        }
        Ok(command) => {
            map.bind(scope, keys, command, argument);
            return Ok(());
        }
        Err(e) => e,
    };
    Err((value_span, what, fix))
}

/// The command of this name, as it is called in this scope.
fn command(id: &str, scope: Scope) -> Result<&'static Command, (String, String)> {
    let Some(found) = by_id(id) else {
        let known: Vec<&str> = COMMANDS.iter().map(|c| c.id).collect();
        let fix = match nearest(id, &known) {
            Some(k) => format!("did you mean `{k}`?"),
            None => "`switchboard keys` prints all of them".to_owned(),
        };
        return Err((format!("`{}` is no command", text::sanitize(id)), fix));
    };
    // The same thing may have another name there.
    let here = |c: &&Command| c.scopes.contains(&scope);
    Some(found)
        .filter(here)
        .or_else(|| COMMANDS.iter().filter(here).find(|c| c.action == found.action))
        .ok_or_else(|| {
            let scopes: Vec<&str> = found.scopes.iter().map(|s| scope_title(*s)).collect();
            let what = format!("`{id}` does nothing in [{}]", scope.id());
            (what, format!("it belongs to: {}", scopes.join(", ")))
        })
}

/// Why a key never arrives as what it is written.
fn unusable(key: Key) -> Option<&'static str> {
    if key.modifiers == KeyModifiers::CONTROL {
        return match key.code {
            KeyCode::Char('i') => Some("terminals send Tab for it"),
            KeyCode::Char('m') => Some("terminals send Enter for it"),
            KeyCode::Char('[') => Some("terminals send Esc for it"),
            _ => None,
        };
    }
    let altgr = KeyModifiers::CONTROL | KeyModifiers::ALT;
    if key.modifiers == altgr && key.typed().is_some() {
        return Some("AltGr types a character with it");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::KeyPreset;
    use crate::tui::keymap::Found;

    fn read(text: &str) -> (Keymap, Vec<String>) {
        let mut map = Keymap::new(KeyPreset::Vim);
        let problems = apply(&mut map, &Source::new("keys.toml".into(), text.to_owned()));
        (map, problems.iter().map(ToString::to_string).collect())
    }

    fn means(map: &Keymap, scope: Scope, keys: &str) -> String {
        match map.find(scope, &sequence(keys).unwrap()) {
            Found::Command(c) => c.id.to_owned(),
            Found::With(c, argument) => format!("{} {argument}", c.id),
            Found::Prefix => "…".into(),
            Found::Nothing => String::new(),
        }
    }

    #[test]
    fn own_keys_go_over_the_preset_and_are_shown_first() {
        let (map, problems) = read(
            "[list]\n\"m\" = \"thread.mark_unread\"\n\"g\" = \"move.top\"\n\"q\" = \"none\"\n\
             [conversation]\n\"Space d d\" = \"message.retry\"\n[composer]\n\"F2\" = \"help.keys\"\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(means(&map, Scope::List, "m"), "thread.mark_unread");
        assert_eq!(map.shown(Scope::List, "thread.mark_unread"), Some("m"));
        assert_eq!(map.shown(Scope::Conversation, "thread.mark_unread"), Some("U"));
        // The sequences that began with `g` are out of reach now.
        assert_eq!(means(&map, Scope::List, "g"), "move.top");
        assert_eq!(means(&map, Scope::List, "g q"), "");
        assert_eq!(means(&map, Scope::Conversation, "g q"), "quick_reply.manage");
        assert_eq!(means(&map, Scope::List, "q"), "");
        assert_eq!(means(&map, Scope::Conversation, "Space d d"), "message.retry");
        assert_eq!(means(&map, Scope::Conversation, "Space d"), "…");
        // The same thing has another name while writing.
        assert_eq!(means(&map, Scope::Composer, "F2"), "help.keys_writing");
    }

    #[test]
    fn each_mistake_has_its_place_and_the_rest_works() {
        let (map, problems) = read(
            "[list]\n\
             \"x\" = \"thread.mark_unred\"\n\
             \"Hyper+x\" = \"quit\"\n\
             \"Z\" = \"quit\"\n\
             \"Z\" = \"list.open\"\n\
             \"Z Z\" = \"list.open\"\n\
             \"Ctrl+I\" = \"quit\"\n\
             \"F5\" = 3\n\
             \"F6\" = \"compose.send\"\n\
             [composer]\n\
             \"a\" = \"compose.send\"\n\
             \"Ctrl+Alt+@\" = \"compose.send\"\n\
             [popup]\n\
             \"a\" = \"quit\"\n\
             [conversation]\n\
             \"F5\" = \"help.keys\"\n",
        );
        let expected = [
            "keys.toml:2:7: `thread.mark_unred` is no command, did you mean `thread.mark_unread`?",
            "keys.toml:3:1: `Hyper+x` is not a key: expected a character or a name such as `Enter`, `Ctrl+R`, `F1`, this line is left out",
            "keys.toml:5:1: this key was given before, give it once",
            "keys.toml:6:1: `Z Z` and `Z`, for quit, cannot both be keys, this line is left out",
            "keys.toml:7:1: `Ctrl+I`: terminals send Tab for it, choose another key",
            "keys.toml:8:8: `F5` has no command, give the name of a command in quotes",
            "keys.toml:9:8: `compose.send` does nothing in [list], it belongs to: writing",
            "keys.toml:11:1: `a` is text while writing, use a key with Ctrl, or a function key",
            "keys.toml:12:1: `Ctrl+Alt+@`: AltGr types a character with it, choose another key",
            "keys.toml:13:2: `popup` is no place for keys, known: [list], [conversation], [composer]",
        ];
        assert_eq!(problems, expected);
        assert_eq!(means(&map, Scope::List, "Z"), "quit");
        assert_eq!(means(&map, Scope::Conversation, "F5"), "help.keys");
    }

    #[test]
    fn a_key_may_give_its_command_an_argument() {
        let (map, problems) = read(
            "[list]\n\"F5\" = \"macro.run thank-and-close\"\n\"F6\" = \"quit now\"\n\
             \"F7\" = \"macro.run a\\u202eb\"\n[composer]\n\"F5\" = \"macro.run  close\"\n",
        );
        assert_eq!(means(&map, Scope::List, "F5"), "macro.run thank-and-close");
        assert_eq!(means(&map, Scope::Composer, "F5"), "macro.run close");
        assert_eq!(
            problems,
            [
                "keys.toml:3:8: nothing may follow `quit`, write the name alone",
                "keys.toml:4:8: what follows `macro.run` is no plain text, this line is left out",
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_toml_is_skipped() {
        let (map, problems) =
            read("[list]\n\"F5\" = \"quit\n\"F6\" = \"quit\"\nwhat is this\n\"F7\" = \"quit\"\n");
        assert!(!problems.is_empty() && problems[0].starts_with("keys.toml:2:"), "{problems:?}");
        assert_eq!(means(&map, Scope::List, "F7"), "quit");
    }

    #[test]
    fn the_example_is_right() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/keys.example.toml");
        let settings = KeySettings { preset: KeyPreset::Vim, file: Some(path.into()), named: true };
        let (map, problems) = load(&settings);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(means(&map, Scope::List, "F5"), "list.next_unread");
    }

    #[test]
    fn a_file_that_is_missing_is_a_mistake_only_when_it_was_named() {
        let mut settings = KeySettings { file: Some("/nowhere/keys.toml".into()), ..KeySettings::default() };
        assert!(load(&settings).1.is_empty());
        settings.named = true;
        assert!(load(&settings).1[0].to_string().starts_with("/nowhere/keys.toml: cannot be read"));
    }

    #[test]
    fn nothing_in_a_file_reaches_the_terminal_raw() {
        let (_, problems) =
            read("[list]\n\"\\u001b[2J\" = \"quit\"\n\"x\" = \"\\u001b]0;x\\u0007\"\n[\"\\u001b[2J\"]\n");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems.iter().all(|p| !p.contains('\u{1b}')), "{problems:?}");
    }

    #[test]
    fn thousands_of_mistakes_are_told_in_short() {
        let text = (0..9000).fold(String::from("[list]\n"), |s, i| s + &format!("\"k{i}\" = \"quit\"\n"));
        let (_, problems) = read(&text);
        assert_eq!(problems.len(), TOLD + 1);
        assert!(problems[TOLD].starts_with("8950 more mistakes"));
    }
}
