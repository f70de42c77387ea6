//! What an inbox without a conversation says: where messages come from, and the keys that matter.

use super::put;
use crate::protocol::account_facts::{hindrance, name};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::by_id;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The commands that a new operator needs first.
const KEYS: &[&str] = &["help.keys", "search.open", "account.switch", "screen.theme", "quit"];

pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let (x, cells) = (area.x + 2, area.width.saturating_sub(4));
    let mut y = area.y + 1;
    let mut line = |s: &str, style: Style| {
        for r in text::wrap(s, usize::from(cells)) {
            if y < area.bottom() {
                put(buf, x, y, &s[r], cells, style);
            }
            y += 1;
        }
    };
    line(&format!("Welcome to Switchboard, {}.", app.operator), t.strong);
    line("When a customer writes, the conversation appears here by itself.", t.text);
    let (words, style) = next_step(app);
    line(&words, style);
    y += 1;
    for command in KEYS.iter().filter_map(|id| by_id(id)) {
        if y >= area.bottom() {
            break;
        }
        let at = put(buf, x, y, &app.key_for(command.id), cells.min(8), t.key).max(x + 6);
        put(buf, at, y, command.help, (x + cells).saturating_sub(at), t.dim);
        y += 1;
    }
}

/// What stands between this inbox and its first message.
fn next_step(app: &App) -> (String, Style) {
    let t = &app.theme;
    if let Some(disk) = &app.status.disk {
        let (what, next) = (text::sanitize(&disk.what), text::sanitize(&disk.next));
        return (format!("Nothing can come in, {what}: {next}."), t.bad);
    }
    if let Some(problem) = &app.status.listener_problem {
        return (
            format!("No webhooks can come in: {} · switchboard doctor says more.", text::sanitize(problem)),
            t.bad,
        );
    }
    let key = app.key_for("accounts.open");
    let wrong = app.accounts.iter().find(|a| a.state == "error");
    if let Some(a) = wrong {
        let name = text::sanitize(&a.spec.name);
        return (
            format!("{name} is not connected: {} · {key} shows the accounts.", text::sanitize(&a.state_text)),
            t.bad,
        );
    }
    let begun = app.accounts.iter().find(|a| a.spec.number.is_empty());
    if let Some(a) = begun.filter(|_| app.accounts.iter().all(|a| hindrance(a).is_some())) {
        let name = text::sanitize(name(a));
        return (format!("{name} has no number yet · {key} shows its setup link."), t.warn);
    }
    match app.accounts.iter().map(|a| &a.facts.display_phone).find(|p| !p.is_empty()) {
        None if app.accounts.is_empty() => (
            format!(
                "No account is configured: {key} connects a number; or copy config.example.toml, or try `switchboard demo` first."
            ),
            t.warn,
        ),
        Some(phone) => (format!("Try it: write to {} from your own phone.", text::sanitize(phone)), t.good),
        None => (format!("Connecting to the provider; {key} shows the accounts."), t.dim),
    }
}
