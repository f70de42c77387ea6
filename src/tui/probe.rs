//! `switchboard keys --probe`: what the terminal sends, and what it would do.

use super::keyboard;
use super::keymap::{Found, Key, Keymap, load};
use super::terminal::Guard;
use crate::config::settings::KeySettings;
use crate::text;
use crate::tui::command::Scope;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use tokio::signal::unix::{SignalKind, signal};

/// Shows each key until Ctrl+C, or until the process is told to end. The terminal is given back on every way out.
///
/// # Errors
/// When standard input or output is no terminal, or when the terminal fails.
pub async fn probe(settings: &KeySettings) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        anyhow::bail!("looking at keys needs a terminal: run it without redirecting input or output");
    }
    let (map, _) = load(settings);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut guard = Guard::lines()?;
    guard.write(b"Press keys; Ctrl+C ends.\r\n")?;
    let mut keys = keyboard::listen();
    loop {
        let batch = tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => return Ok(()),
            batch = keys.recv() => batch,
        };
        let Some(batch) = batch else { return Ok(()) };
        for event in batch {
            match event {
                Event::Key(key) => {
                    guard.write(format!("{}\r\n", line(&map, &key)).as_bytes())?;
                    let end = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
                    if end && key.kind != KeyEventKind::Release {
                        return Ok(());
                    }
                }
                Event::Paste(block) => {
                    let n = block.chars().count();
                    guard.write(
                        format!("a paste of {n} characters, which never is a command\r\n").as_bytes(),
                    )?;
                }
                _ => {}
            }
        }
    }
}

/// A key, what it types, and its command in each place.
fn line(map: &Keymap, event: &KeyEvent) -> String {
    let key = Key::of(event);
    let name = key.to_string();
    let mut out = format!("{:<14}", text::sanitize(&name));
    if event.kind == KeyEventKind::Release {
        out.push_str(" released");
        return out;
    }
    if let Some(c) = key.typed().filter(|c| !c.is_control()) {
        let mut bytes = [0; 4];
        let _ = write!(out, " types {}", text::sanitize(c.encode_utf8(&mut bytes)));
    }
    for scope in Scope::ALL {
        let means = match map.find(scope, &[key]) {
            Found::Command(c) | Found::With(c, _) => c.id,
            Found::Prefix => "begins a sequence",
            Found::Nothing => continue,
        };
        let _ = write!(out, "  {}: {means}", scope.id());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_key_and_its_commands() {
        let map = Keymap::default();
        let show = |code, modifiers| line(&map, &KeyEvent::new(code, modifiers));
        assert_eq!(
            show(KeyCode::Char('r'), KeyModifiers::CONTROL),
            "Ctrl+R          conversation: message.retry  composer: edit.redo"
        );
        assert_eq!(
            show(KeyCode::Char('g'), KeyModifiers::NONE),
            "g              types g  list: begins a sequence  conversation: begins a sequence"
        );
        let altgr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        assert_eq!(show(KeyCode::Char('@'), altgr), "Ctrl+Alt+@     types @");
        assert!(!show(KeyCode::Char('\u{202e}'), KeyModifiers::NONE).contains('\u{202e}'));
    }
}
