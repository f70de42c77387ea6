//! Who is on the other side: the third pane of wide terminals.

use super::{frame, put};
use crate::model::IdentityKind;
use crate::text;
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::mask;
use crate::tui::transcript;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    frame(buf, area, t.border);
    put(buf, area.x + 2, area.y, " Contact ", area.width - 4, t.strong);
    let Some(c) = &app.conversation else { return };
    let mut y = area.y + 1;
    let (x, cells) = (area.x + 2, area.width.saturating_sub(4));
    let bottom = area.bottom() - 1;
    let mut line = |s: &str, style: Style| {
        for r in text::wrap(s, usize::from(cells)) {
            if y < bottom {
                put(buf, x, y, &s[r], cells, style);
                y += 1;
            }
        }
    };
    let now = app.clock.now();
    line(&mask::name(&text::sanitize(c.title()), t.mask), t.strong);
    if let Some(contact) = &c.contact {
        if !contact.profile_name.is_empty() && contact.profile_name != c.title() {
            let profile = text::sanitize(&contact.profile_name);
            line(&format!("~ {}", mask::name(&profile, t.mask)), t.dim);
        }
        line("", t.text);
        for identity in &contact.identities {
            let (word, value) = match identity.kind {
                IdentityKind::Phone => ("phone", transcript::phone(&identity.value)),
                IdentityKind::Username => {
                    ("user", format!("@{}", mask::name(&text::sanitize(&identity.value), t.mask)))
                }
                IdentityKind::Bsuid => ("id", text::sanitize(&identity.value).into_owned()),
                IdentityKind::ParentBsuid => ("parent id", text::sanitize(&identity.value).into_owned()),
                IdentityKind::Group => ("group", text::sanitize(&identity.value).into_owned()),
            };
            line(&format!("{word:<6} {}", mask::numbers(&value, t.mask)), t.text);
        }
        if contact.marketing_opt_out {
            line("", t.text);
            line("wants no marketing messages", t.warn);
        }
    }
    if let Some(b) = &c.blocked {
        line("", t.text);
        line("blocked on this number", t.bad);
        let by = if b.by.is_empty() { String::new() } else { format!(" by {}", text::sanitize(&b.by)) };
        line(&format!("{}{by}", format::day(b.at, &app.tz)), t.dim);
    }
    let Some(row) = &c.row else { return };
    line("", t.text);
    if let Some(until) = row.window.until.filter(|until| now < *until) {
        let (until_day, today) = (format::day(until, &app.tz), format::day(now, &app.tz));
        let day = if until_day > today { "tomorrow" } else { "today" };
        line("window open until", t.dim);
        line(&format!("{} {day}", format::clock(until, &app.tz)), t.good);
    } else {
        line("window closed", t.warn);
        line("only a template can be sent", t.dim);
    }
    line("", t.text);
    for (words, style) in super::handling::in_words(app, row, now) {
        line(&words, style);
    }
    line("", t.text);
    if let Some(a) = app.accounts.iter().find(|a| a.spec.id == row.account) {
        line("account", t.dim);
        line(&text::sanitize(&a.spec.name), t.text);
        if !a.facts.display_phone.is_empty() {
            line(&text::sanitize(&a.facts.display_phone), t.dim);
        }
    }
}
