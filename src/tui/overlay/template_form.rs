//! The form of the template sender: one field for each value, the preview beside it, and the question before it
//! leaves.
//!
//! Knows a template, its recipient and the values on offer; sending is the engine's. Values stay whatever happens.

use super::field::{Effect, Field};
use super::frame;
use super::template_preview::{self, price};
use super::{Hint, Step};
use crate::config::settings::Masking;
use crate::model::event::Recipient;
use crate::model::ids::AccountId;
use crate::model::template::{Template, TemplateField, Values};
use crate::protocol::templates::KnownValues;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::mask;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::collections::BTreeMap;

/// Longest value of a field, in bytes; the template's own limits are checked when it is filled in.
const VALUE_MAX: usize = 4000;

/// To whom a template goes, and what is known that may go into it. Empty texts are not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateTarget {
    /// From which account.
    pub account: AccountId,
    /// The account's name to show.
    pub account_name: String,
    /// To whom.
    pub to: Recipient,
    /// The contact's name to show.
    pub contact_name: String,
    /// The contact's first name.
    pub first_name: String,
    /// The contact's number for people; empty when there is none.
    pub phone: String,
    /// What is typed in the composer and not sent.
    pub draft: String,
    /// Whether the customer service window is open now.
    pub window_open: bool,
    /// Whether the contact asked for no marketing messages.
    pub marketing_opt_out: bool,
    /// What is hidden on the screen.
    pub mask: Masking,
    /// Whether the engine is asked for the values that are kept for a template.
    pub mapped: bool,
}

impl TemplateTarget {
    /// Who gets it, in words.
    pub(super) fn recipient(&self) -> String {
        let name = text::sanitize(&self.contact_name);
        let name = mask::name(&name, self.mask);
        let phone = text::sanitize(&self.phone);
        let phone = mask::numbers(&phone, self.mask);
        match (name.is_empty(), phone.is_empty() || name == phone) {
            (true, _) => phone.into_owned(),
            (false, true) => name.into_owned(),
            (false, false) => format!("{name}, {phone}"),
        }
    }

    // What fits the field's name comes first.
    fn offers(&self, field: &TemplateField) -> Vec<Offer> {
        let (part, name) = field.key.split_once('.').unwrap_or(("", ""));
        // A link, a place on the map and a code are never somebody's name.
        if part == "button" || matches!(name, "link" | "filename" | "latitude" | "longitude") {
            return Vec::new();
        }
        let one_line = |s: &str| text::sanitize(s).trim().to_owned();
        let mut out: Vec<Offer> = Vec::new();
        for (label, value) in [
            ("first name", one_line(&self.first_name)),
            ("name", one_line(&self.contact_name)),
            ("number", one_line(&self.phone)),
            ("draft", one_line(&self.draft)),
        ] {
            if !value.is_empty() && !out.iter().any(|o| o.value == value) {
                out.push(Offer { label, value });
            }
        }
        let key = field.key.to_lowercase();
        let fits = |o: &Offer| match o.label {
            "number" => key.contains("phone") || key.contains("number"),
            "first name" => key.contains("first"),
            "name" => key.contains("name") && !key.contains("first"),
            _ => false,
        };
        out.sort_by_key(|o| !fits(o));
        out
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    label: &'static str,
    value: String,
}

struct Entry {
    spec: TemplateField,
    field: Field,
    offers: Vec<Offer>,
    // The next offer, and what was typed before the first one was taken: it comes round again.
    next: usize,
    typed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Editing,
    Confirming,
    Sending,
}

/// What a key led to.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// The form stays; these steps are to be done.
    Stay(Vec<Step>),
    /// Back to the list; the values are kept.
    Back,
}

/// The form for one template.
pub(super) struct TemplateForm {
    template: Template,
    target: TemplateTarget,
    entries: Vec<Entry>,
    focus: usize,
    state: State,
    refused: Option<Problem>,
    /// What is said of a template that was moved to another category: who confirms it knows.
    moved: Option<Problem>,
    /// When the copy was read from the provider, in words.
    pub(super) age: String,
    /// Names that the kept values ask for and nobody has, by field.
    missing: BTreeMap<String, Vec<String>>,
}

impl TemplateForm {
    pub(super) fn new(template: Template, target: &TemplateTarget) -> Self {
        let mut fields = template.fields();
        // Payloads of buttons are seldom wanted: after everything else.
        fields.sort_by_key(|f| !f.required && f.key.starts_with("button."));
        let entries = fields
            .into_iter()
            .map(|spec| Entry {
                offers: target.offers(&spec),
                spec,
                field: Field::line(VALUE_MAX),
                next: 0,
                typed: None,
            })
            .collect();
        let mut form = Self {
            template,
            target: target.clone(),
            entries,
            focus: 0,
            state: State::Editing,
            refused: None,
            moved: None,
            age: String::new(),
            missing: BTreeMap::new(),
        };
        form.resume();
        form
    }

    /// Opened, or opened again: without anything to fill in the question comes at once.
    pub(super) fn resume(&mut self) {
        self.state = if self.entries.is_empty() { State::Confirming } else { State::Editing };
    }

    pub(super) fn is_for(&self, t: &Template) -> bool {
        self.template == *t
    }

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    /// Values that are kept for the template: they stand where nothing was typed, and are offered elsewhere.
    pub(super) fn offer_known(&mut self, known: &KnownValues) {
        for e in &mut self.entries {
            let Some(value) = known.values.get(&e.spec.key).filter(|v| !v.is_empty()) else { continue };
            e.offers.retain(|o| o.value != *value);
            e.offers.insert(0, Offer { label: "kept value", value: value.clone() });
            if e.field.is_empty() {
                e.field.set(value);
                e.next = 1;
            }
        }
        self.missing = known.missing.clone();
    }

    pub(super) fn template_name(&self) -> &str {
        &self.template.name
    }

    pub(super) fn values(&self) -> Values {
        self.entries
            .iter()
            .filter(|e| !e.field.text().trim().is_empty())
            .map(|e| (e.spec.key.clone(), e.field.text().trim().to_owned()))
            .collect()
    }

    fn review(&mut self) {
        let mut values = self.values();
        if self.file().is_some() {
            // Whether the file will do the engine says, which has it then.
            values.insert("header.link".into(), "https://file.invalid/".into());
        }
        match self.template.fill(&values) {
            Ok(_) => {
                self.refused = None;
                self.state = State::Confirming;
            }
            Err(p) => self.refuse(p.into()),
        }
    }

    /// Shows why it was not sent and goes to the field at fault.
    pub(super) fn refuse(&mut self, p: Problem) {
        if p.kind == "category_moved" {
            // Nothing left: it is asked once more, with what it costs now.
            self.moved = Some(p);
            self.state = State::Confirming;
            return;
        }
        self.state = State::Editing;
        if let Some(at) = p.field.as_ref().and_then(|f| self.entries.iter().position(|e| e.spec.key == *f)) {
            self.focus = at;
        }
        self.refused = Some(p);
    }

    fn problem_of(&self, key: &str) -> Option<&str> {
        let p = self.refused.as_ref().filter(|p| p.field.as_deref() == Some(key))?;
        Some(p.what.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&p.what))
    }

    fn step(&mut self, forward: bool) {
        let n = self.entries.len() + 1;
        self.focus = if forward { (self.focus + 1) % n } else { (self.focus + n - 1) % n };
    }

    fn offer(&mut self) {
        let Some(e) = self.entries.get_mut(self.focus) else { return };
        if e.offers.is_empty() {
            return;
        }
        let typed = e.typed.get_or_insert_with(|| e.field.text().to_owned()).clone();
        if e.next < e.offers.len() {
            e.field.set(&e.offers[e.next].value);
            e.next += 1;
        } else {
            e.field.set(&typed);
            e.next = 0;
        }
        self.touched();
    }

    fn touched(&mut self) {
        let key = self.entries.get(self.focus).map(|e| e.spec.key.clone());
        if self.refused.as_ref().is_some_and(|p| p.field == key || p.field.is_none()) {
            self.refused = None;
        }
    }

    fn edited(&mut self) {
        if let Some(e) = self.entries.get_mut(self.focus) {
            e.typed = None;
            e.next = 0;
        }
        self.touched();
    }

    /// The file of this machine that was named where a link may stand, too.
    fn file(&self) -> Option<String> {
        let values = self.values();
        let link = values.get("header.link")?;
        link.starts_with(['/', '~', '.']).then(|| link.clone())
    }

    fn send(&mut self) -> Vec<Step> {
        self.state = State::Sending;
        let file = self.file();
        let mut values = self.values();
        if file.is_some() {
            values.remove("header.link");
        }
        let request = Box::new(Request::SendTemplate {
            account: Some(self.target.account.clone()),
            to: self.target.to.clone(),
            name: self.template.name.clone(),
            language: self.template.language.clone(),
            values,
            file: None,
            knowing: self.moved.is_some(),
            at: None,
        });
        match file {
            Some(path) => vec![Step::SendFile { path, request }],
            None => vec![Step::Ask(request)],
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match self.state {
            State::Sending => {
                let leave = key.code == KeyCode::Esc;
                let say =
                    format!("{} is on its way; the thread shows what becomes of it", self.template.name);
                return Outcome::Stay(if leave { vec![Step::Close, Step::Say(say)] } else { Vec::new() });
            }
            State::Confirming => {
                if key.code == KeyCode::Char('y') && !ctrl {
                    return Outcome::Stay(self.send());
                }
                self.moved = None;
                if self.entries.is_empty() {
                    return Outcome::Back;
                }
                self.state = State::Editing;
                return Outcome::Stay(Vec::new());
            }
            State::Editing => {}
        }
        match key.code {
            KeyCode::Esc => return Outcome::Back,
            KeyCode::Tab | KeyCode::Down => self.step(true),
            KeyCode::BackTab | KeyCode::Up => self.step(false),
            KeyCode::F(10) => self.review(),
            KeyCode::Enter if ctrl => self.review(),
            KeyCode::Enter => {
                if self.focus + 1 < self.entries.len() {
                    self.step(true);
                } else {
                    self.review();
                }
            }
            KeyCode::Char('o') if ctrl => self.offer(),
            _ => {
                let effect = self.entries.get_mut(self.focus).map(|e| e.field.key(key));
                if effect == Some(Effect::Changed) {
                    self.edited();
                }
            }
        }
        Outcome::Stay(Vec::new())
    }

    pub(super) fn paste(&mut self, pasted: &str) {
        if self.state == State::Editing
            && self.entries.get_mut(self.focus).is_some_and(|e| e.field.insert(pasted))
        {
            self.edited();
        }
    }

    fn draw_entry(&self, buf: &mut Buffer, area: Rect, i: usize, theme: &Theme) -> Option<Position> {
        let e = &self.entries[i];
        let focused = i == self.focus && self.state == State::Editing;
        let label = text::sanitize(&e.spec.label);
        let style = if focused { theme.strong } else { theme.text };
        let x = frame::put(buf, area.x, area.y, area.width, &label, style);
        let where_at = match e.spec.key.split_once('.') {
            Some(("body", _)) => " in the text",
            _ => "",
        };
        let optional = if e.spec.required { "" } else { " · optional" };
        let note = format!("{where_at}{optional}");
        frame::put(buf, x, area.y, area.right().saturating_sub(x), &note, theme.dim);
        let line = Rect::new(area.x + 2, area.y + 1, area.width - 2, 1);
        frame::glyph(buf, area.x, line.y, "▏", if focused { theme.focus } else { theme.border });
        let missing = self.missing.get(&e.spec.key).filter(|m| !m.is_empty());
        let hint = match e.spec.key.as_str() {
            _ if missing.is_some() => {
                format!("not known: {}", missing.map(|m| m.join(", ")).unwrap_or_default())
            }
            "header.link" => "https://… or the path of a file".to_owned(),
            _ if e.spec.example.is_empty() => String::new(),
            _ => format!("e.g. {}", e.spec.example),
        };
        let at = e.field.draw(line, buf, theme.text, &hint, theme);
        let below = Rect::new(area.x + 2, area.y + 2, area.width - 2, 1);
        if let Some(why) = self.problem_of(&e.spec.key) {
            frame::put(buf, below.x, below.y, below.width, why, theme.bad);
        } else if focused && let Some(o) = e.offers.get(e.next) {
            let x = frame::put(buf, below.x, below.y, below.width, "Ctrl+O ", theme.key);
            let say = format!("{}: {}", o.label, o.value);
            frame::put(buf, x, below.y, below.right().saturating_sub(x), &say, theme.dim);
        } else if focused && e.next > 0 && e.typed.is_some() {
            let x = frame::put(buf, below.x, below.y, below.width, "Ctrl+O ", theme.key);
            frame::put(buf, x, below.y, below.right().saturating_sub(x), "what was there before", theme.dim);
        }
        focused.then_some(at)
    }

    fn draw_fields(&self, buf: &mut Buffer, area: Rect, theme: &Theme) -> Option<Position> {
        // Three lines each: label, value, and what is offered or wrong.
        let visible = usize::from(area.height / 3).max(1);
        let focus = self.focus.min(self.entries.len().saturating_sub(1));
        let first = (focus + 1).saturating_sub(visible);
        let mut cursor = None;
        for (row, i) in (first..self.entries.len()).take(visible).enumerate() {
            let place = Rect::new(area.x, area.y + 3 * row as u16, area.width, 3);
            cursor = cursor.or(self.draw_entry(buf, place, i, theme));
        }
        let hidden = self.entries.len().saturating_sub(first + visible);
        if hidden > 0 {
            let say = format!("↓ {hidden} more");
            frame::put_right(buf, area.right(), area.bottom() - 1, 12, &say, theme.key);
        }
        cursor
    }

    fn question(&self, theme: &Theme) -> frame::Rich {
        let t = &self.template;
        let class = price(&t.category, self.target.window_open);
        let marketing = t.category.eq_ignore_ascii_case("MARKETING");
        let mut rich = frame::Rich::default();
        rich.push("Send ", theme.text);
        rich.push(&text::sanitize(&t.name), theme.strong);
        rich.push(&format!(" ({}) to ", text::sanitize(&t.language)), theme.text);
        rich.push(&self.target.recipient(), theme.strong);
        rich.push(&format!(" from {}: ", text::sanitize(&self.target.account_name)), theme.text);
        rich.push(&class, if marketing { theme.warn } else { theme.good });
        rich.push(".", theme.text);
        if let Some(p) = &self.moved {
            rich.push(&format!(" {}: {}.", text::sanitize(&p.what), text::sanitize(&p.means)), theme.warn);
        }
        if marketing && self.target.marketing_opt_out {
            rich.push(" This person asked for no marketing messages.", theme.bad);
        }
        rich
    }

    fn draw_question(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let place = Rect { height: area.height.saturating_sub(1), ..area };
        let rows = self.question(theme).draw(buf, place, theme.text);
        let line = Rect::new(area.x, area.y + rows, area.width, 1);
        if self.state == State::Sending {
            frame::put(buf, line.x, line.y, line.width, "Sending…", theme.dim);
        } else {
            frame::keys(buf, line, &[("y", "send it"), ("other key", "go back")], theme);
        }
    }

    fn draw_foot(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        if self.state != State::Editing {
            self.draw_question(buf, area, theme);
            return;
        }
        let on_button = self.focus == self.entries.len();
        let x = frame::button(buf, area.x, area.y, "Review and send", on_button, theme) + 2;
        let enter = if on_button || self.focus + 1 == self.entries.len() { "review" } else { "next value" };
        let keys = Rect::new(x, area.y, area.right().saturating_sub(x), 1);
        frame::keys(buf, keys, &[("Enter", enter), ("F10", "review"), ("Esc", "other template")], theme);
        let below = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        let elsewhere = |p: &&Problem| {
            p.field.as_ref().is_none_or(|f| !self.entries.iter().any(|e| e.spec.key == *f))
                || !p.means.is_empty()
                || !p.next.is_empty()
        };
        if let Some(p) = self.refused.as_ref().filter(elsewhere) {
            frame::problem(buf, below, p, theme);
        } else {
            let class = price(&self.template.category, self.target.window_open);
            let say = format!("to {} · {class}", self.target.recipient());
            frame::put(buf, below.x, below.y, below.width, &say, theme.dim);
        }
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = format!("Template {}", self.template.name);
        let height = (3 * self.entries.len() as u16).saturating_add(9).clamp(24, 36);
        let mut right = text::sanitize(&self.template.language).into_owned();
        if !self.age.is_empty() {
            right = format!("{right} · read {}", self.age);
        }
        let inner = frame::open(area, 110, height, &title, &right, buf, theme)?;
        // The question is never cut: who confirms has read whom it goes to and what it costs.
        let foot = match self.state {
            State::Editing => 4,
            State::Confirming | State::Sending => {
                let rows = text::wrap(&self.question(theme).text, usize::from(inner.width)).len() as u16;
                (rows + 1).max(4).min(inner.height.saturating_sub(1))
            }
        };
        let body = Rect { height: inner.height.saturating_sub(foot + 1), ..inner };
        frame::rule(buf, Rect::new(inner.x, body.bottom(), inner.width, 1), "", theme);
        self.draw_foot(buf, Rect::new(inner.x, body.bottom() + 1, inner.width, foot), theme);
        let focus = self.entries.get(self.focus).map_or("", |e| e.spec.key.as_str());
        let wide = body.width >= 66;
        let preview = if wide {
            let width = template_preview::WIDTH;
            Rect { x: body.right() - width, width, ..body }
        } else {
            // The values matter more than the picture: it gets what is left below.
            let used = (3 * self.entries.len() as u16).min(body.height / 2);
            Rect { y: body.y + used, height: body.height - used, ..body }
        };
        template_preview::draw(buf, preview, &self.template, &self.values(), focus, theme);
        if self.entries.is_empty() {
            let fields = Rect { width: if wide { preview.x - body.x - 1 } else { 0 }, ..body };
            frame::paragraph(buf, fields, "Nothing to fill in.", theme.dim);
            return None;
        }
        let fields = if wide {
            Rect { width: preview.x.saturating_sub(body.x + 2), ..body }
        } else {
            Rect { height: preview.y - body.y, ..body }
        };
        self.draw_fields(buf, fields, theme)
    }

    pub(super) fn hints(&self) -> Vec<Hint> {
        match self.state {
            State::Sending => vec![Hint::new("Esc", "close, it goes on")],
            State::Confirming => vec![Hint::new("y", "send it"), Hint::new("other key", "go back")],
            State::Editing => {
                let mut out = vec![Hint::new("Tab", "next value"), Hint::new("F10", "review and send")];
                if self.entries.get(self.focus).is_some_and(|e| !e.offers.is_empty()) {
                    out.push(Hint::new("Ctrl+O", "offered value"));
                }
                out.push(Hint::new("Esc", "other template"));
                out
            }
        }
    }
}
