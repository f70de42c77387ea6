//! The bar at the top and the line at the bottom.

use super::{put, spans};
use crate::config::settings::Masking;
use crate::model::inbound::Severity;
use crate::model::thread::DraftMode;
use crate::model::{DeliveryState, Direction};
use crate::protocol::account_facts::{Standing, is_development};
use crate::text;
use crate::tui::app::{App, Conversation, can_be_undone};
use crate::tui::command::{Action, COMMANDS, Scope, by_id};
use crate::tui::format;
use crate::tui::overlay::accounts::light;
use crate::tui::transcript::Span;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// How long a notice of the provider stays in the line: an hour in milliseconds.
const NOTICE: i64 = 3_600_000;

/// Accounts on the left, where help is and who works here on the right.
pub(super) fn top(app: &App, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let key = |id: &str| app.keymap.shown(Scope::List, id).unwrap_or(":").to_owned();
    let right: Vec<Span> = vec![
        (key("search.open"), t.key),
        (" search  ".into(), t.dim),
        (key("help.keys"), t.key),
        (" keys  ".into(), t.dim),
        (text::truncate(&app.operator, 16).into_owned(), t.strong),
        (" ".into(), t.text),
    ];
    let cells: usize = right.iter().map(|(s, _)| text::width(s)).sum();
    let edge = area.right().saturating_sub(cells as u16);
    let mut x = area.x + 1;
    if app.account.is_none() && app.accounts.len() > 1 {
        x = put(buf, x, area.y, "all", edge.saturating_sub(x), t.focus.add_modifier(Modifier::BOLD));
        x = put(buf, x, area.y, " │ ", edge.saturating_sub(x), t.border);
    }
    for (i, a) in app.accounts.iter().enumerate() {
        if i > 0 {
            x = put(buf, x, area.y, " │ ", edge.saturating_sub(x), t.border);
        }
        let room = edge.saturating_sub(x);
        if room < 8 && i > 0 {
            x = put(buf, x, area.y, &format!("+{}", app.accounts.len() - i), room, t.dim);
            break;
        }
        let shown = app.account.as_ref() == Some(&a.spec.id) || app.accounts.len() == 1;
        let style = if shown { t.focus.add_modifier(Modifier::BOLD) } else { t.text };
        let name = text::sanitize(&a.spec.name);
        x = put(buf, x, area.y, &name, edge.saturating_sub(x).min(24), style);
        let (mark, style) = light(a, t);
        // What is unread says that it is connected.
        if a.unread == 0 || Standing::of(a) != Standing::Connected {
            x = put(buf, x, area.y, " ", edge.saturating_sub(x), t.text);
            x = put(buf, x, area.y, mark, edge.saturating_sub(x), style);
        }
        if a.unread > 0 {
            let s = format!(" ●{}", format::count(a.unread_threads));
            x = put(buf, x, area.y, &s, edge.saturating_sub(x), t.unread);
        }
        if is_development(a) {
            x = put(buf, x, area.y, " DEV", edge.saturating_sub(x), t.warn);
        }
    }
    if x + 1 < edge {
        spans(buf, edge, area.y, &right, area.right());
    }
}

/// How the engine is on the left, keys on the right; or what there is to say.
pub(super) fn status(app: &App, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let (y, right) = (area.y, area.right());
    let mut x = area.x + 1;
    if let Some(say) = &app.say {
        let style = if say.bad { t.bad } else { t.good };
        put(buf, x, y, &say.text, right.saturating_sub(x), style);
        return;
    }
    if !app.pending.is_empty() {
        let count = app.pending.count.map(|n| n.to_string());
        let keys = app.pending.keys.iter().map(ToString::to_string);
        let begun: Vec<String> = count.into_iter().chain(keys).collect();
        x = put(buf, x, y, &format!("{} … ", begun.join(" ")), right.saturating_sub(x), t.key);
        if !app.pending.keys.is_empty() && !app.pending.explained {
            let all = app.keymap.continuations(app.scope, &app.pending.keys);
            for (rest, command) in all.filter(|(_, c)| app.may_run(c)) {
                x = hint(app, buf, x, y, right, rest, command.title);
            }
        }
        return;
    }
    let hints: Vec<(String, String)> = match app.overlays.last() {
        Some(open) if open.overlay.says_keys() => Vec::new(),
        Some(open) => open.overlay.hints().into_iter().map(|h| (h.key, h.does)).collect(),
        None => keys(app),
    };
    let cells = |h: &(String, String)| text::width(&h.0) + text::width(&h.1) + 3;
    let mut left = health(app);
    let taken: usize = left.iter().map(|(s, _)| text::width(s)).sum();
    // The keys that are most likely to be next are not crowded out by a notice.
    let kept: usize = hints.iter().take(3).map(cells).sum();
    left.extend(notice(app, usize::from(area.width).saturating_sub(taken + kept + 4)));
    let left_cells: usize = left.iter().map(|(s, _)| text::width(s)).sum();
    // Keys are cut first, then the rest.
    let room = usize::from(area.width).saturating_sub(left_cells + 4);
    let mut used = 0;
    let fitting = hints.iter().take_while(|h| {
        used += cells(h);
        used <= room
    });
    let fitting: Vec<_> = fitting.collect();
    let width: usize = fitting.iter().map(|h| cells(h)).sum();
    spans(buf, x, y, &left, right);
    let mut x = right.saturating_sub(width as u16);
    for (key, does) in fitting {
        x = hint(app, buf, x, y, right, key, does);
    }
}

/// The keys that are likely to be next, as (key, title): those of the table, or those that fit what is selected.
fn keys(app: &App) -> Vec<(String, String)> {
    let of = |wanted: &[(&str, &str)]| -> Vec<(String, String)> {
        wanted
            .iter()
            .filter_map(|(id, title)| {
                by_id(id).filter(|c| app.may_run(c))?;
                let key = app.keymap.shown(app.scope, id)?;
                Some((key.to_owned(), (*title).to_owned()))
            })
            .collect()
    };
    let c = app.conversation.as_ref();
    if app.scope == Scope::Conversation {
        let back = ("conversation.back", app.way_back());
        let again = [("message.retry", "send again"), ("message.discard", "put aside")];
        let open = c.is_some_and(|c| c.is_open(app.clock.now()));
        let now = app.clock.now();
        if c.is_some_and(Conversation::has_chosen) {
            return of(&[
                ("message.copy", "copy"),
                ("message.forward", "forward"),
                ("message.pipe", "pipe"),
                ("message.range", "range"),
                ("message.mark", "mark"),
                ("conversation.back", "unmark"),
            ]);
        }
        if app.is_finding() {
            let letters = app.keymap.has_letters();
            let key = |letter: &str, id: &str| {
                let own = app.keymap.shown(app.scope, id).unwrap_or_default();
                if letters { letter.to_owned() } else { own.to_owned() }
            };
            let mut out = vec![
                (key("n", "conversation.find_older"), "older match".to_owned()),
                (key("N", "conversation.find_newer"), "newer".to_owned()),
            ];
            out.extend(of(&[
                ("conversation.find", "change"),
                ("message.reply", "quote"),
                ("conversation.back", "end search"),
            ]));
            out.retain(|(key, _)| !key.is_empty());
            return out;
        }
        return match c.and_then(|c| c.selected()) {
            Some(m) if m.state == DeliveryState::Queued => of(&[
                ("message.undo", "take back"),
                ("message.later", "other time"),
                ("message.now", "send now"),
                back,
            ]),
            Some(m) if m.state == DeliveryState::Unknown => {
                of(&[("message.check", "check"), again[0], again[1], ("message.copy", "copy"), back])
            }
            Some(m) if m.state == DeliveryState::Failed => {
                of(&[again[0], again[1], ("message.copy", "copy"), back])
            }
            Some(m) if m.direction == Direction::Inbound && open => {
                of(&[("message.reply", "quote"), ("message.react", "react"), ("message.copy", "copy"), back])
            }
            Some(_) if open => of(&[("message.reply", "quote"), ("message.copy", "copy"), back]),
            Some(_) => of(&[("template.pick", "template"), ("message.copy", "copy"), back]),
            None => {
                let mut out = Vec::new();
                if c.is_some_and(|c| c.messages.iter().rev().any(|m| can_be_undone(m, now))) {
                    out.push(("message.undo", "take back"));
                }
                if c.and_then(|c| c.row.as_ref()).is_some_and(|r| r.failed > 0) && open {
                    out.push(again[0]);
                }
                if open {
                    out.push(("message.reply", "reply"));
                }
                out.extend([("template.pick", "template"), ("move.up", "select"), back]);
                out.extend([("conversation.find", "search"), ("help.keys", "keys")]);
                of(&out)
            }
        };
    }
    if app.scope == Scope::List {
        // What is last goes first when there is no room.
        return of(&[
            ("list.open", "open"),
            ("message.reply", "reply"),
            ("template.pick", "template"),
            ("help.keys", "keys"),
            ("quit", "quit"),
            ("palette.open", "find"),
            ("search.open", "search"),
            ("account.switch", "accounts"),
            ("list.unread", "unread only"),
        ]);
    }
    let note = c.is_some_and(|c| c.mode == DraftMode::Note);
    COMMANDS
        .iter()
        .filter(|c| c.hint && c.scopes.contains(&app.scope) && app.may_run(c))
        // A note goes to nobody: it is kept, and at once.
        .filter(|c| !(note && c.action == Action::SendLater))
        .filter_map(|command| {
            let quoting = command.action == Action::Leave && c.is_some_and(|c| c.quote.is_some());
            let title = match command.action {
                Action::Send if note => "keep the note",
                _ if quoting => "no quote",
                _ => command.title,
            };
            app.keymap.shown(app.scope, command.id).map(|k| (k.to_owned(), title.to_owned()))
        })
        .collect()
}

fn hint(app: &App, buf: &mut Buffer, x: u16, y: u16, right: u16, key: &str, does: &str) -> u16 {
    let x = put(buf, x, y, key, right.saturating_sub(x), app.theme.key);
    let x = put(buf, x, y, " ", right.saturating_sub(x), app.theme.dim);
    let x = put(buf, x, y, does, right.saturating_sub(x), app.theme.dim);
    x.saturating_add(2).min(right)
}

/// What the provider said lately, in so many cells; where they are too few for words, the key that shows it.
fn notice(app: &App, cells: usize) -> Vec<Span> {
    let t = &app.theme;
    let s = &app.status;
    let now = app.clock.now();
    if app.gone || s.disk.is_some() {
        return Vec::new();
    }
    let lately = |n: &&crate::protocol::Notice| n.severity >= Severity::Warning && now - n.at < NOTICE;
    let Some(n) = s.notices.iter().find(lately) else { return Vec::new() };
    let style = if n.severity == Severity::Critical { t.bad } else { t.warn };
    if cells < 20 {
        return vec![("   ⚠ ".into(), style), (app.key_for("notices.open"), t.key)];
    }
    let words = text::sanitize(&n.text);
    vec![(format!("   ⚠ {}", text::truncate(&words, (cells - 5).min(60))), style)]
}

/// Webhooks, outbox and what else there is to know.
fn health(app: &App) -> Vec<Span> {
    let t = &app.theme;
    let s = &app.status;
    let now = app.clock.now();
    let mut out: Vec<Span> = Vec::new();
    if app.gone {
        out.push(("✗ the engine has stopped".into(), t.bad));
        return out;
    }
    if let Some(disk) = &s.disk {
        // Everything else waits for this.
        let what = text::sanitize(&disk.what);
        out.push((format!("✗ {what}: nothing in or out"), t.bad));
        // The first step; `doctor` says the rest.
        let next = disk.next.split(';').next().unwrap_or_default();
        out.push((format!(" → {}", text::sanitize(next)), t.key));
        return out;
    }
    if let Some(first) = s.silent.first() {
        let name = app
            .accounts
            .iter()
            .find(|a| a.spec.id == first.account)
            .map_or(first.account.as_str(), |a| a.spec.name.as_str());
        let more = if s.silent.len() > 1 { format!(" +{}", s.silent.len() - 1) } else { String::new() };
        let since = format::age(now - first.since);
        out.push((format!("⚠ no webhook for {since}: {}{more}", text::sanitize(name)), t.warn));
        out.push((format!(" {}", app.key_for("doctor.open")), t.key));
        out.push((" doctor".into(), t.dim));
    } else {
        match (&s.listener_problem, s.last_webhook) {
            (Some(problem), _) => {
                let problem = text::sanitize(problem);
                out.push((format!("✗ no webhooks: {}", text::truncate(&problem, 40)), t.bad));
            }
            (None, Some(at)) => {
                out.push(("● ".into(), t.good));
                out.push((format!("webhooks {}", format::short(at, now, &app.tz)), t.dim));
            }
            (None, None) if s.listener.is_some() => out.push(("○ no webhook yet".into(), t.dim)),
            (None, None) => {}
        }
    }
    if s.outbox > 0 {
        out.push((format!("   outbox {}", s.outbox), t.text));
    }
    if s.later > 0 {
        out.push((format!("   ◷ {} later", s.later), t.dim));
    }
    if s.unknown > 0 {
        out.push((format!("   ? {} unknown", s.unknown), t.warn));
    }
    if s.bad_signatures > 0 {
        out.push((format!("   {} bad signatures", s.bad_signatures), t.warn));
    }
    out.extend(super::together::status(app));
    if app.slow {
        out.push(("   working…".into(), t.warn));
    }
    if t.mask != Masking::Off {
        out.push(("   masked".into(), t.note));
    }
    if app.scope != Scope::Composer && !app.shows_inbox() {
        out.push(("   filtered".into(), t.warn));
    }
    out
}
