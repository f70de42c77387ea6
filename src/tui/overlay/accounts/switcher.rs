//! The account switcher: all numbers with unread counts and state lights.
//!
//! Knows account views; not how a switch is done.

use super::super::field::{Effect, Field};
use super::super::frame::{self, Needle, Rich, Selection};
use super::super::{Delivery, Hint, Overlay, Step, say_nothing};
use super::draw::light;
use crate::model::ids::AccountId;
use crate::protocol::AccountView;
use crate::protocol::account_facts::{is_development, state_word};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Picks one account, or all together.
pub struct AccountSwitcher {
    accounts: Vec<AccountView>,
    current: Option<AccountId>,
    filter: Field,
    rows: Vec<Row>,
    selection: Selection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    All,
    One(usize),
}

const ALL: &str = "All accounts together";

fn number(a: &AccountView) -> String {
    if !a.facts.display_phone.is_empty() {
        return text::sanitize(&a.facts.display_phone).into_owned();
    }
    let n = text::sanitize(&a.spec.number);
    if n.is_empty() { String::new() } else { format!("id {n}") }
}

fn name(a: &AccountView) -> String {
    let shown = text::sanitize(&a.spec.name);
    if shown.trim().is_empty() { a.spec.id.to_string() } else { shown.into_owned() }
}

impl AccountSwitcher {
    /// Over these accounts, in the order of the configuration; `current` is the one shown now, `None` = all.
    #[must_use]
    pub fn new(accounts: Vec<AccountView>, current: Option<AccountId>) -> Self {
        let mut s = Self {
            accounts,
            current,
            filter: Field::line(200),
            rows: Vec::new(),
            selection: Selection::default(),
        };
        s.refilter();
        let at = s.rows.iter().position(|r| s.id(*r) == s.current).unwrap_or(0);
        s.selection.set(at);
        s
    }

    fn id(&self, row: Row) -> Option<AccountId> {
        match row {
            Row::All => None,
            Row::One(i) => self.accounts.get(i).map(|a| a.spec.id.clone()),
        }
    }

    fn refilter(&mut self) {
        let needle = Needle::fuzzy(self.filter.text());
        let digits: String = self.filter.text().chars().filter(char::is_ascii_digit).collect();
        let mut scored: Vec<(u32, Row)> = Vec::new();
        if let Some(score) = needle.score(ALL) {
            scored.push((score, Row::All));
        }
        for (i, a) in self.accounts.iter().enumerate() {
            let best = [name(a), a.spec.id.to_string(), a.spec.environment.clone(), number(a)]
                .iter()
                .filter_map(|hay| needle.score(hay))
                .max();
            let by_number = !digits.is_empty()
                && number(a).chars().filter(char::is_ascii_digit).collect::<String>().contains(&digits);
            if let Some(score) = best.or(by_number.then_some(1)) {
                scored.push((score, Row::One(i)));
            }
        }
        if !needle.is_empty() {
            scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        self.rows = scored.into_iter().map(|(_, r)| r).collect();
        self.selection.set(0);
    }

    fn choose(&self, row: Option<Row>) -> Vec<Step> {
        let none = || say_nothing(self.filter.text(), "fewer letters find more");
        row.map_or_else(none, |r| vec![Step::SwitchAccount(self.id(r)), Step::Close])
    }

    fn draw_row(&self, buf: &mut Buffer, line: Rect, row: Row, needle: &Needle, theme: &Theme) {
        let current = self.id(row) == self.current;
        let digit = match row {
            Row::All => Some(0),
            Row::One(i) => (i < 9).then_some(i + 1),
        };
        if let Some(d) = digit.filter(|_| self.filter.is_empty()) {
            frame::put(buf, line.x + 1, line.y, 1, &d.to_string(), theme.key);
        }
        let (unread, state) = match row {
            Row::All => (self.accounts.iter().map(|a| a.unread).sum::<u32>(), None),
            Row::One(i) => {
                let Some(a) = self.accounts.get(i) else { return };
                (a.unread, Some(a))
            }
        };
        let mut right = line.right() - 1;
        if unread > 0 {
            frame::put_right(buf, right, line.y, 9, &format!("● {unread}"), theme.unread);
        }
        right = right.saturating_sub(9);
        if let Some(a) = state {
            let (mark, style) = light(a, theme);
            frame::put(buf, line.x + 3, line.y, 1, mark, style);
            let room = (line.width / 3).min(22);
            frame::put_right(buf, right, line.y, room, &number(a), theme.dim);
            right = right.saturating_sub(room + 1);
            if is_development(a) {
                frame::put_right(buf, right, line.y, 3, "DEV", theme.warn);
            }
            right = right.saturating_sub(4);
        }
        let label = match state {
            None => ALL.to_owned(),
            Some(a) => name(a),
        };
        let marks = needle.marks(&label);
        let rich = Rich::line(&label, marks, theme.matched);
        let x = line.x + 5;
        let end = rich.draw_range(
            buf,
            x,
            line.y,
            right.saturating_sub(x + 2),
            0..rich.text.len(),
            if current { theme.strong } else { theme.text },
        );
        if current {
            frame::put(buf, end + 1, line.y, 1, "✓", theme.good);
        }
    }

    fn about(&self, buf: &mut Buffer, area: Rect, row: Row, theme: &Theme) {
        let Row::One(i) = row else {
            let n = self.accounts.len();
            let threads: u32 = self.accounts.iter().map(|a| a.unread_threads).sum();
            let say = format!("{n} accounts in one list · {threads} threads with unread messages");
            frame::put(buf, area.x, area.y, area.width, &say, theme.dim);
            return;
        };
        let Some(a) = self.accounts.get(i) else { return };
        let (_, style) = light(a, theme);
        let x = frame::put(buf, area.x, area.y, area.width, state_word(a), style);
        let mut parts =
            vec![a.spec.environment.clone(), a.spec.provider.clone(), format!("{} threads", a.threads)];
        if !a.facts.quality.is_empty() {
            parts.push(format!("quality {}", a.facts.quality.to_lowercase()));
        }
        if !a.facts.limit.is_empty() {
            parts.push(a.facts.limit.clone());
        }
        let rest = format!(" · {}", parts.join(" · "));
        frame::put(buf, x, area.y, area.right().saturating_sub(x), &rest, theme.dim);
        if !a.state_text.is_empty() {
            let below = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
            frame::paragraph(buf, below, &text::sanitize(&a.state_text), style);
        }
    }
}

impl Overlay for AccountSwitcher {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.selection.key(key, self.rows.len()) {
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Enter => return self.choose(self.rows.get(self.selection.at).copied()),
            KeyCode::Char(c @ '0'..='9')
                if self.filter.is_empty() && !key.modifiers.contains(KeyModifiers::CONTROL) =>
            {
                let row = match c.to_digit(10).unwrap_or(0) as usize {
                    0 => Row::All,
                    n => Row::One(n - 1),
                };
                return self.choose(self.rows.contains(&row).then_some(row));
            }
            _ => {}
        }
        if self.filter.key(key) == Effect::Changed {
            self.refilter();
        }
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if self.filter.insert(pasted) {
            self.refilter();
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::Accounts(accounts) = delivery {
            let selected = self.rows.get(self.selection.at).map(|r| self.id(*r));
            self.accounts = accounts;
            self.refilter();
            let at = selected.and_then(|id| self.rows.iter().position(|r| self.id(*r) == id));
            self.selection.set(at.unwrap_or(0));
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let rows = self.accounts.len() as u16 + 1;
        let inner = frame::open(area, 78, rows.max(3) + 8, "Switch account", "", buf, theme)?;
        frame::put(buf, inner.x, inner.y, 2, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor = self.filter.draw(line, buf, theme.text, "type to filter, or press a digit", theme);
        let about = Rect::new(inner.x, inner.bottom() - 3, inner.width, 3);
        let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(6));
        let needle = Needle::fuzzy(self.filter.text());
        if self.rows.is_empty() {
            frame::put(buf, list.x, list.y, list.width, "No account has this name or number.", theme.dim);
        }
        for (i, at) in self.selection.window(self.rows.len(), usize::from(list.height)).enumerate() {
            let line = Rect::new(list.x, list.y + i as u16, list.width, 1);
            self.draw_row(buf, line, self.rows[at], &needle, theme);
            if at == self.selection.at {
                frame::select(buf, line, theme);
                self.about(buf, about, self.rows[at], theme);
            }
        }
        frame::rule(buf, Rect::new(inner.x, about.y - 1, inner.width, 1), "", theme);
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        let mut out = vec![Hint::new("Enter", "switch"), Hint::new("Up/Down", "choose")];
        if self.filter.is_empty() {
            out.push(Hint::new("0-9", "switch at once"));
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{accounts, draw_everywhere, picture, press, write};
    use super::*;

    fn open() -> AccountSwitcher {
        AccountSwitcher::new(accounts(), Some(AccountId::new("sales")))
    }

    fn to(id: &str) -> Vec<Step> {
        vec![Step::SwitchAccount(Some(AccountId::new(id))), Step::Close]
    }

    #[test]
    fn arrows_and_enter_choose() {
        assert_eq!(press(&mut open(), "Enter"), to("sales"));
        assert_eq!(press(&mut open(), "Down Enter"), to("lojas"));
        assert_eq!(press(&mut open(), "Ctrl+P Enter"), to("support"));
        assert_eq!(press(&mut open(), "Up Up Up Enter"), vec![Step::SwitchAccount(None), Step::Close]);
        assert_eq!(press(&mut open(), "Esc"), vec![Step::Close]);
    }

    #[test]
    fn digits_choose_while_nothing_is_typed() {
        assert_eq!(press(&mut open(), "1"), to("support"));
        assert_eq!(press(&mut open(), "0"), vec![Step::SwitchAccount(None), Step::Close]);
        assert!(matches!(&press(&mut open(), "9")[..], [Step::Say(_)]));
        let mut o = open();
        assert_eq!(write(&mut o, "+7946"), vec![]);
        assert_eq!(press(&mut o, "Enter"), to("sales"));
    }

    #[test]
    fn typing_filters_by_name_and_short_name() {
        let mut o = open();
        write(&mut o, "loj");
        assert_eq!(o.rows, vec![Row::One(2)]);
        assert_eq!(press(&mut o, "Enter"), to("lojas"));
        write(&mut o, "zzz");
        let said = press(&mut o, "Enter");
        assert!(matches!(&said[..], [Step::Say(s)] if s.contains("nothing matches `lojzzz`")), "{said:?}");
        press(&mut o, "Ctrl+U");
        assert_eq!(o.rows.len(), 5);
        o.paste("together\n");
        assert_eq!(o.rows.first(), Some(&Row::All));
    }

    #[test]
    fn new_counters_keep_the_selection() {
        let mut o = open();
        press(&mut o, "Down");
        let mut fewer = accounts();
        fewer.remove(0);
        o.deliver(Delivery::Accounts(fewer));
        assert_eq!(press(&mut o, "Enter"), to("lojas"));
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("accounts_80x24", picture(&open(), 80, 24));
        let mut o = open();
        write(&mut o, "acme");
        insta::assert_snapshot!("accounts_filtered_120x36", picture(&o, 120, 36));
        draw_everywhere(&o);
        draw_everywhere(&open());
        draw_everywhere(&AccountSwitcher::new(Vec::new(), None));
    }
}
