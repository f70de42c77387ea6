//! The template sender: find a template, see it as the phone shows it, fill it in, send it.
//!
//! Knows templates and the recipient; the list comes from the engine, which also sends. The form is in
//! [`super::template_form`].

use super::field::{Effect, Field};
use super::frame::{self, Needle, Rich, Selection, TimeText};
pub use super::template_form::TemplateTarget;
use super::template_form::{Outcome, TemplateForm};
use super::template_preview::{self, price};
use super::{Delivery, Hint, Overlay, Step, nothing_chosen};
use crate::clock::Millis;
use crate::model::event::Recipient;
use crate::model::template::{Template, Values, is_sample};
use crate::protocol::templates::{TemplateAnswer, TemplateRequest};
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Picks a template for one recipient and sends it.
pub struct TemplatePicker {
    target: TemplateTarget,
    templates: Vec<Template>,
    synced_at: Option<Millis>,
    ago: TimeText,
    query: Field,
    rows: Vec<usize>,
    selection: Selection,
    form: Option<TemplateForm>,
    filling: bool,
    // What was asked of the engine and not answered yet. One at a time, since an answer does not say what it
    // answers; a send that meets a sync waits here.
    asked: Option<Asked>,
    held: Vec<Step>,
    say: Option<Problem>,
    samples: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Sync,
    List,
    /// The values that are kept for the template.
    Values,
    Send,
}

impl TemplatePicker {
    /// For one recipient over these templates; `synced_at` is when they were read from the provider, `ago` puts
    /// such a time into words (`2 min ago`).
    #[must_use]
    pub fn new(
        target: TemplateTarget,
        templates: Vec<Template>,
        synced_at: Option<Millis>,
        ago: TimeText,
    ) -> Self {
        let mut s = Self {
            target,
            templates,
            synced_at,
            ago,
            query: Field::line(200),
            rows: Vec::new(),
            selection: Selection::default(),
            form: None,
            filling: false,
            asked: None,
            held: Vec::new(),
            say: None,
            samples: false,
        };
        s.refilter();
        s
    }

    /// With the provider's samples among them, or not.
    #[must_use]
    pub fn with_samples(mut self, samples: bool) -> Self {
        self.samples = samples;
        self.refilter();
        self
    }

    /// Opens the form of one of them, if it is here.
    pub fn pick(&mut self, name: &str, language: &str) -> Vec<Step> {
        self.query.set(name);
        self.refilter();
        let is = |i: &usize| self.templates.get(*i).is_some_and(|t| t.name == name && t.language == language);
        let Some(at) = self.rows.iter().position(is) else { return Vec::new() };
        self.selection.set(at);
        self.choose()
    }

    fn refilter(&mut self) {
        let query = self.query.text().trim();
        let (fuzzy, words) = (Needle::fuzzy(query), Needle::words(query));
        let mut scored: Vec<((bool, u32, u32), usize)> = Vec::new();
        // Samples are for who tries things out: they are found by their names, and shown where there is nothing else.
        let hides = query.is_empty() && !self.samples && self.templates.iter().any(|t| !is_sample(&t.name));
        for (i, t) in self.templates.iter().enumerate() {
            if hides && is_sample(&t.name) {
                continue;
            }
            let by_name = fuzzy.score(&text::sanitize(&t.name));
            let by_text =
                words.score(&text::sanitize(&t.body)).or_else(|| words.score(&text::sanitize(&t.language)));
            let Some(score) = by_name.max(by_text) else { continue };
            let contained = t.name.to_lowercase().contains(&query.to_lowercase());
            let rank = if contained { 2 } else { u32::from(by_text.is_some()) };
            let best = if fuzzy.is_empty() { (0, 0) } else { (rank, score) };
            scored.push(((t.is_sendable(), best.0, best.1), i));
        }
        // Stable: by name and language as the engine has them, what cannot be sent last.
        scored.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        self.rows = scored.into_iter().map(|(_, i)| i).collect();
        self.selection.set(0);
    }

    fn selected(&self) -> Option<&Template> {
        self.rows.get(self.selection.at).and_then(|i| self.templates.get(*i))
    }

    fn syncing(&self) -> bool {
        matches!(self.asked, Some(Asked::Sync | Asked::List))
    }

    fn sync(&mut self) -> Vec<Step> {
        if self.asked.is_some() {
            return Vec::new();
        }
        self.asked = Some(Asked::Sync);
        vec![Step::Ask(Box::new(Request::Sync { account: Some(self.target.account.clone()) }))]
    }

    fn choose(&mut self) -> Vec<Step> {
        let Some(t) = self.selected().cloned() else {
            let next = "fewer letters find more; F5 reads the templates again";
            self.say = Some(nothing_chosen(self.query.text(), next));
            return Vec::new();
        };
        if t.refusal().is_some() {
            self.say = Some(
                Problem::new("field", format!("{} cannot be sent", t.name))
                    .next("choose another one, or F5 to read the list again"),
            );
            return Vec::new();
        }
        self.filling = true;
        match &mut self.form {
            Some(form) if form.is_for(&t) => {
                form.resume();
                Vec::new()
            }
            _ => {
                let read = Some(t.synced_at).filter(|at| *at > 0).or(self.synced_at);
                let mut form = TemplateForm::new(t, &self.target);
                form.age = read.map(|at| (self.ago)(at)).unwrap_or_default();
                self.form = Some(form);
                self.ask_values()
            }
        }
    }

    /// Asks for the values that are kept for the template of the form.
    fn ask_values(&mut self) -> Vec<Step> {
        let Some(t) = self.form.as_ref().map(TemplateForm::template) else { return Vec::new() };
        if self.asked.is_some() || !self.target.mapped || t.fields().is_empty() {
            return Vec::new();
        }
        let act = Box::new(TemplateRequest::Values {
            account: self.target.account.clone(),
            name: t.name.clone(),
            language: t.language.clone(),
            to: self.target.to.clone(),
            given: Values::new(),
        });
        self.asked = Some(Asked::Values);
        vec![Step::Ask(Box::new(Request::Template { act }))]
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.say = None;
        if self.selection.key(key, self.rows.len()) {
            return Vec::new();
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Enter => return self.choose(),
            KeyCode::F(5) => return self.sync(),
            KeyCode::Char('r') if ctrl => return self.sync(),
            _ => {
                if self.query.key(key) == Effect::Changed {
                    self.refilter();
                }
            }
        }
        Vec::new()
    }

    fn answered(&mut self, what: Asked) -> bool {
        self.asked.take_if(|a| *a == what).is_some()
    }

    fn release(&mut self) -> Vec<Step> {
        if self.asked.is_some() || self.held.is_empty() {
            return Vec::new();
        }
        self.asked = Some(Asked::Send);
        std::mem::take(&mut self.held)
    }

    /// A send that still waits for the list of templates is not sent.
    fn keep_back(&mut self) -> Vec<Step> {
        self.held.clear();
        let Some(form) = &mut self.form else { return Vec::new() };
        form.resume();
        let name = text::sanitize(form.template_name()).into_owned();
        vec![Step::Say(format!("{name} was not sent: the list of templates was still being read"))]
    }

    fn refused(&mut self, p: Problem) -> Vec<Step> {
        match (self.asked.take(), &mut self.form) {
            (Some(Asked::Send), Some(form)) => form.refuse(p),
            // What is not offered is typed.
            (Some(Asked::Values), _) => {}
            _ => self.say = Some(p),
        }
        self.release()
    }

    fn queued(&mut self, thread: crate::model::ids::ThreadId) -> Vec<Step> {
        if !self.answered(Asked::Send) {
            return Vec::new();
        }
        let name = self.form.as_ref().map_or("template", TemplateForm::template_name);
        let say = format!("{} queued for {}", text::sanitize(name), self.target.recipient());
        let mut out = vec![Step::Close];
        if matches!(self.target.to, Recipient::Identity { .. }) {
            out.push(Step::OpenThread { thread, at: None });
        }
        out.push(Step::Say(say));
        out
    }

    fn draw_row(&self, buf: &mut Buffer, area: Rect, t: &Template, theme: &Theme) {
        let query = self.query.text().trim();
        let sendable = t.is_sendable();
        let right = area.right() - 1;
        let language = text::sanitize(&t.language);
        let edge = frame::put_right(buf, right, area.y, 8, &language, theme.dim).saturating_sub(1);
        let name = text::sanitize(&t.name);
        let rich = Rich::line(&name, Needle::fuzzy(query).marks(&name), theme.matched);
        let x = area.x + 1;
        let style = if sendable { theme.strong } else { theme.dim };
        rich.draw_range(buf, x, area.y, edge.saturating_sub(x), 0..name.len(), style);
        let second = if sendable {
            // Why is said in the form; there is little room here.
            let price = price(&t.category, self.target.window_open);
            price.split_once(':').map_or(price.as_str(), |(short, _)| short).to_owned()
        } else if !t.status.eq_ignore_ascii_case("APPROVED") {
            format!("{}, cannot be sent", text::sanitize(&t.status).to_lowercase())
        } else {
            format!("needs {}, cannot be sent", t.unsupported.join(", "))
        };
        let style = match (sendable, t.category.eq_ignore_ascii_case("MARKETING")) {
            (true, true) => theme.warn,
            _ => theme.dim,
        };
        frame::put(buf, x + 1, area.y + 1, right.saturating_sub(x + 1), &second, style);
    }

    fn draw_about(buf: &mut Buffer, area: Rect, t: &Template, theme: &Theme) {
        if let Some(why) = t.refusal() {
            let mut say = why;
            if !matches!(t.rejected_reason.as_str(), "" | "NONE") {
                say = format!("{say} ({})", text::sanitize(&t.rejected_reason));
            }
            frame::paragraph(buf, area, &say, theme.bad);
            return;
        }
        let n = t.fields().iter().filter(|f| f.required).count();
        let values = match n {
            0 => "nothing to fill in".to_owned(),
            1 => "1 value to fill in".to_owned(),
            n => format!("{n} values to fill in"),
        };
        frame::put(buf, area.x, area.y, area.width, &values, theme.dim);
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let age = if self.syncing() {
            "reading from the provider…".to_owned()
        } else {
            self.synced_at.map_or_else(|| "never read".to_owned(), |at| format!("read {}", (self.ago)(at)))
        };
        let title = format!("Template for {}", text::truncate(&self.target.recipient(), 40));
        let height = (2 * self.templates.len() as u16).saturating_add(6).clamp(24, 36);
        let inner = frame::open(area, 110, height, &title, &age, buf, theme)?;
        frame::put(buf, inner.x, inner.y, 1, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor = self.query.draw(line, buf, theme.text, "name or words of the text", theme);
        frame::rule(buf, Rect::new(inner.x, inner.y + 1, inner.width, 1), "", theme);
        let foot = if self.say.is_some() { 3 } else { 0 };
        let body = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2 + foot));
        let wide = body.width >= 66;
        let list = if wide {
            let width = body.width - template_preview::WIDTH - 2;
            frame::bar(buf, body.x + width, body.y..body.bottom(), theme);
            Rect { width, ..body }
        } else {
            body
        };
        if self.rows.is_empty() {
            let say = if self.templates.is_empty() {
                "No templates here yet. F5 reads them from the provider."
            } else {
                "Nothing matches."
            };
            frame::paragraph(buf, list, say, theme.dim);
        }
        let window = self.selection.window(self.rows.len(), usize::from(list.height / 2));
        for (i, at) in window.enumerate() {
            let place = Rect::new(list.x, list.y + 2 * i as u16, list.width, 2);
            self.draw_row(buf, place, &self.templates[self.rows[at]], theme);
            if at == self.selection.at {
                frame::select(buf, place, theme);
            }
        }
        if let Some(t) = self.selected().filter(|_| wide) {
            let x = list.right() + 2;
            let column = Rect { x, width: body.right() - x, ..body };
            let about = Rect { y: column.bottom().saturating_sub(2), height: 2, ..column };
            let preview = Rect { height: column.height.saturating_sub(2), ..column };
            template_preview::draw(buf, preview, t, &Values::new(), "", theme);
            Self::draw_about(buf, about, t, theme);
        }
        if let Some(p) = &self.say {
            frame::rule(buf, Rect::new(inner.x, body.bottom(), inner.width, 1), "", theme);
            frame::problem(buf, Rect::new(inner.x, body.bottom() + 1, inner.width, 2), p, theme);
        }
        Some(cursor)
    }
}

impl Overlay for TemplatePicker {
    fn name(&self) -> &'static str {
        if self.filling { "template_form" } else { "templates" }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if key.code == KeyCode::Esc && !self.held.is_empty() {
            return self.keep_back();
        }
        let Some(form) = self.form.as_mut().filter(|_| self.filling) else { return self.list_key(key) };
        match form.key(key) {
            Outcome::Back => {
                self.filling = false;
                Vec::new()
            }
            Outcome::Stay(steps) => {
                if !steps.iter().any(|s| matches!(s, Step::Ask(_) | Step::SendFile { .. })) {
                    return steps;
                }
                self.held = steps;
                self.release()
            }
        }
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        match self.form.as_mut().filter(|_| self.filling) {
            Some(form) => form.paste(pasted),
            None => {
                if self.query.insert(pasted) {
                    self.refilter();
                }
            }
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Templates(list) => {
                self.answered(Asked::List);
                let selected = self.selected().map(|t| (t.name.clone(), t.language.clone()));
                self.synced_at =
                    list.iter().map(|t| t.synced_at).max().filter(|at| *at > 0).or(self.synced_at);
                self.templates = list;
                self.refilter();
                let same = |i: &usize| {
                    let t = &self.templates[*i];
                    selected.as_ref().is_some_and(|(n, l)| *n == t.name && *l == t.language)
                };
                self.selection.set(self.rows.iter().position(same).unwrap_or(0));
                self.release()
            }
            Delivery::Done => {
                if !self.answered(Asked::Sync) {
                    return Vec::new();
                }
                self.asked = Some(Asked::List);
                vec![Step::Ask(Box::new(Request::Templates { account: self.target.account.clone() }))]
            }
            Delivery::Template(answer) => {
                if let (TemplateAnswer::Values(known), Some(form)) = (*answer, &mut self.form)
                    && self.asked.take_if(|a| *a == Asked::Values).is_some()
                {
                    form.offer_known(&known);
                }
                self.release()
            }
            Delivery::Queued(thread) => self.queued(thread),
            Delivery::Problem(p) => self.refused(p),
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        match self.form.as_ref().filter(|_| self.filling) {
            Some(form) => form.draw(area, buf, theme),
            None => self.draw_list(area, buf, theme),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        if let Some(form) = self.form.as_ref().filter(|_| self.filling) {
            return form.hints();
        }
        let mut out = Vec::new();
        if self.selected().is_some_and(Template::is_sendable) {
            out.push(Hint::new("Enter", "fill in"));
        }
        out.push(Hint::new("Up/Down", "choose"));
        out.push(Hint::new("F5", "read again"));
        out.push(Hint::new("Esc", "close"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, target, templates, write};
    use super::*;
    use crate::model::contact::Identity;
    use crate::model::ids::{AccountId, ThreadId};
    use std::sync::Arc;

    fn open() -> TemplatePicker {
        let ago: TimeText = Arc::new(|at| format!("{} min ago", (600_000 - at) / 60_000));
        TemplatePicker::new(target(), templates(), Some(480_000), ago)
    }

    fn ask(r: Request) -> Vec<Step> {
        vec![Step::Ask(Box::new(r))]
    }

    fn send(name: &str, values: &[(&str, &str)]) -> Vec<Step> {
        ask(Request::SendTemplate {
            account: Some(AccountId::new("support")),
            to: target().to,
            name: name.into(),
            language: "en_GB".into(),
            values: values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            file: None,
            knowing: false,
            at: None,
        })
    }

    fn filled() -> TemplatePicker {
        let mut o = open();
        write(&mut o, "repair");
        press(&mut o, "Enter");
        write(&mut o, "8812");
        press(&mut o, "Enter Ctrl+O Enter");
        write(&mut o, "Bike");
        press(&mut o, "Tab");
        write(&mut o, "8812");
        o
    }

    const VALUES: [(&str, &str); 4] =
        [("body.1", "Marta"), ("body.2", "Bike"), ("button.1", "8812"), ("header.1", "8812")];

    #[test]
    fn it_is_sent_after_the_form_and_a_different_key() {
        let mut o = filled();
        assert_eq!(press(&mut o, "Tab Enter"), vec![]);
        assert_eq!(press(&mut o, "Enter"), vec![], "Enter is not the key that sends");
        assert_eq!(press(&mut o, "F10 y"), send("repair_ready", &VALUES));
        assert_eq!(press(&mut o, "y y Enter"), vec![], "sent once");
        assert_eq!(
            o.deliver(Delivery::Queued(ThreadId([7; 16]))),
            vec![Step::Close, Step::Say("repair_ready queued for Marta Souza, +55 11 98888-1234".into())]
        );
    }

    #[test]
    fn a_template_without_variables_asks_too() {
        let mut o = open();
        write(&mut o, "promo");
        assert_eq!(press(&mut o, "Enter"), vec![]);
        assert_eq!(o.name(), "template_form");
        let seen = picture(&o, 80, 24);
        assert!(seen.contains("marketing, charged") && seen.contains("y send it"), "{seen}");
        assert_eq!(press(&mut o, "Enter"), vec![]);
        assert_eq!(o.name(), "templates", "any other key goes back");
        assert_eq!(press(&mut o, "Enter y"), send("promo_spring", &[]));
    }

    #[test]
    fn a_missing_value_is_named_and_gets_the_focus() {
        let mut o = open();
        write(&mut o, "repair");
        press(&mut o, "Enter");
        write(&mut o, "8812");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert!(picture(&o, 80, 24).contains("a value is missing"));
        write(&mut o, "Amara");
        let seen = picture(&o, 80, 24);
        assert!(!seen.contains("a value is missing"));
        assert!(seen.contains("Hello Amara"), "the preview follows: {seen}");
    }

    #[test]
    fn a_refusal_keeps_the_values() {
        let mut o = filled();
        press(&mut o, "F10 y");
        let p = Problem::new("provider", "132001: template name does not exist in the translation")
            .means("the list is out of date")
            .next("F5 in the list reads it again");
        assert_eq!(o.deliver(Delivery::Problem(p)), vec![]);
        assert!(picture(&o, 120, 36).contains("132001"));
        assert_eq!(press(&mut o, "F10 y"), send("repair_ready", &VALUES));
        let p = Problem { field: Some("body.2".into()), ..Problem::new("field", "body.2: is too long") };
        o.deliver(Delivery::Problem(p));
        write(&mut o, "X");
        assert_eq!(press(&mut o, "F10 y").len(), 1);
        assert!(picture(&o, 80, 24).contains("BikeX"));
    }

    #[test]
    fn going_back_to_the_list_keeps_the_values() {
        let mut o = filled();
        press(&mut o, "Esc");
        assert_eq!(o.name(), "templates");
        press(&mut o, "Enter");
        assert_eq!(press(&mut o, "F10 y"), send("repair_ready", &VALUES));
    }

    #[test]
    fn offered_values_go_round_to_what_was_typed() {
        let mut o = open();
        write(&mut o, "repair");
        press(&mut o, "Enter Tab");
        write(&mut o, "mine");
        let mut seen = Vec::new();
        for _ in 0..5 {
            press(&mut o, "Ctrl+O");
            seen.push(o.form.as_ref().unwrap().values()["body.1"].clone());
        }
        assert_eq!(seen, ["Marta", "Marta Souza", "+55 11 98888-1234", "half a sentence", "mine"]);
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let mut o = open();
        write(&mut o, "paused");
        assert_eq!(press(&mut o, "Enter"), vec![]);
        assert_eq!(o.name(), "templates");
        assert!(picture(&o, 80, 24).contains("the template is PAUSED"));
        assert!(!open().templates[open().rows[0]].name.contains("paused"));
    }

    #[test]
    fn the_list_is_read_again_on_demand() {
        let mut o = open();
        let account = AccountId::new("support");
        assert_eq!(press(&mut o, "F5 Ctrl+R"), ask(Request::Sync { account: Some(account.clone()) }));
        assert!(picture(&o, 80, 24).contains("reading from the provider"));
        assert_eq!(o.deliver(Delivery::Done), ask(Request::Templates { account }));
        let mut list = templates();
        list.truncate(2);
        list[0].synced_at = 540_000;
        o.deliver(Delivery::Templates(list));
        let seen = picture(&o, 80, 24);
        assert!(seen.contains("read 1 min ago"), "{seen}");
        assert_eq!(o.rows.len(), 2);
        press(&mut o, "F5");
        o.deliver(Delivery::Problem(Problem::new("provider", "190: the token has expired")));
        assert!(picture(&o, 80, 24).contains("190: the token has expired"));
        assert!(!o.syncing());
    }

    #[test]
    fn a_send_waits_for_a_sync_and_goes_out_once() {
        let mut o = open();
        press(&mut o, "F5");
        write(&mut o, "promo");
        assert_eq!(press(&mut o, "Enter y"), vec![]);
        assert!(picture(&o, 80, 24).contains("Sending…"));
        assert_eq!(o.deliver(Delivery::Done).len(), 1);
        assert_eq!(o.deliver(Delivery::Templates(templates())), send("promo_spring", &[]));
        assert_eq!(o.deliver(Delivery::Templates(templates())), vec![]);
        assert_eq!(o.deliver(Delivery::Queued(ThreadId([7; 16]))).first(), Some(&Step::Close));
        // A sync that fails does not stop it either.
        let mut o = open();
        press(&mut o, "F5");
        write(&mut o, "promo");
        press(&mut o, "Enter y");
        let p = Problem::new("provider", "190: the token has expired");
        assert_eq!(o.deliver(Delivery::Problem(p.clone())), send("promo_spring", &[]));
        assert_eq!(o.deliver(Delivery::Problem(p)), vec![]);
        assert!(picture(&o, 80, 24).contains("190"));
    }

    #[test]
    fn kept_values_stand_where_nothing_was_typed() {
        use crate::protocol::templates::KnownValues;
        let target = TemplateTarget { mapped: true, ..target() };
        let mut o = TemplatePicker::new(target, templates(), None, Arc::new(|_| String::new()));
        write(&mut o, "repair");
        let steps = press(&mut o, "Enter");
        let asked = |s: &Step| matches!(s, Step::Ask(r) if matches!(&**r, Request::Template { .. }));
        assert!(steps.len() == 1 && asked(&steps[0]), "{steps:?}");
        write(&mut o, "typed");
        let fields: Vec<String> =
            o.form.as_ref().unwrap().template().fields().into_iter().map(|f| f.key).collect();
        let mut known = KnownValues {
            values: fields.iter().map(|k| (k.clone(), format!("kept {k}"))).collect(),
            missing: [(fields[1].clone(), vec!["contact.phone".to_owned()])].into(),
        };
        known.values.remove(&fields[1]);
        o.deliver(Delivery::Template(Box::new(TemplateAnswer::Values(known))));
        let values = o.form.as_ref().unwrap().values();
        assert_eq!(values[&fields[0]], "typed");
        assert!(!values.contains_key(&fields[1]));
        assert!(values.values().any(|v| v.starts_with("kept ")), "{values:?}");
        assert!(picture(&o, 80, 24).contains("not known: contact.phone"), "{}", picture(&o, 80, 24));
        // What was typed gives way to the kept value by the key that offers.
        press(&mut o, "Ctrl+O");
        assert_eq!(o.form.as_ref().unwrap().values()[&fields[0]], format!("kept {}", fields[0]));
    }

    #[test]
    fn a_moved_category_has_to_be_known() {
        let mut o = open();
        write(&mut o, "promo");
        assert_eq!(press(&mut o, "Enter y"), send("promo_spring", &[]));
        let p = Problem::new("category_moved", "the provider moved it from UTILITY to MARKETING")
            .means("as MARKETING, each one is paid");
        assert_eq!(o.deliver(Delivery::Problem(p)), vec![]);
        let seen = picture(&o, 80, 24);
        assert!(seen.contains("from UTILITY to") && seen.contains("y send it"), "{seen}");
        let steps = press(&mut o, "y");
        let knows = |s: &Step| matches!(s, Step::Ask(r) if matches!(&**r, Request::SendTemplate { knowing: true, .. }));
        assert!(steps.len() == 1 && knows(&steps[0]), "{steps:?}");
    }

    #[test]
    fn a_header_may_be_a_file_of_this_machine() {
        let mut o = open();
        write(&mut o, "invoice");
        press(&mut o, "Enter");
        write(&mut o, "~/a.pdf");
        let fields = o.form.as_ref().unwrap().template().fields();
        for f in &fields[1..] {
            press(&mut o, "Tab");
            if f.required {
                write(&mut o, "x1");
            }
        }
        let steps = press(&mut o, "F10 y");
        let [Step::SendFile { path, request }] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!(path, "~/a.pdf");
        let Request::SendTemplate { values, .. } = &**request else { panic!("{request:?}") };
        assert!(!values.contains_key("header.link"));
    }

    #[test]
    fn a_send_that_waits_for_a_sync_can_be_kept_back() {
        for (name, values) in [("promo", false), ("repair", true)] {
            let mut o = if values { filled() } else { open() };
            if values {
                press(&mut o, "Esc F5 Enter F10 y");
            } else {
                press(&mut o, "F5");
                write(&mut o, name);
                press(&mut o, "Enter y");
            }
            let steps = press(&mut o, "Esc");
            assert!(matches!(&steps[..], [Step::Say(s)] if s.contains("was not sent")), "{steps:?}");
            assert_eq!(o.deliver(Delivery::Done).len(), 1, "the list is still read");
            assert_eq!(o.deliver(Delivery::Templates(templates())), vec![], "nothing is sent later");
            assert_eq!(
                press(&mut o, if values { "F10 y" } else { "y" }).len(),
                1,
                "it can be sent after all"
            );
        }
    }

    #[test]
    fn somebody_new_gets_a_thread() {
        let mut t = target();
        t.to = Recipient::Identity { identity: Identity::phone("5511988881234") };
        let mut o = TemplatePicker::new(t, templates(), None, Arc::new(|_| String::new()));
        write(&mut o, "promo");
        press(&mut o, "Enter y");
        let thread = ThreadId([7; 16]);
        assert!(o.deliver(Delivery::Queued(thread)).contains(&Step::OpenThread { thread, at: None }));
    }

    #[test]
    fn the_question_is_whole_on_a_small_screen() {
        let mut o = filled();
        press(&mut o, "F10");
        let seen = picture(&o, 42, 14).replace(['│', '\n'], " ");
        let words: Vec<&str> = seen.split_whitespace().collect();
        let seen = words.join(" ");
        assert!(seen.contains("utility, charged: the window is closed. y send it"), "{seen}");
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("templates_80x24", picture(&open(), 80, 24));
        let mut o = open();
        draw_everywhere(&o);
        write(&mut o, "order");
        insta::assert_snapshot!("templates_filtered_120x36", picture(&o, 120, 36));
        let mut o = open();
        write(&mut o, "paused");
        press(&mut o, "Enter");
        insta::assert_snapshot!("templates_paused_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let mut o = open();
        write(&mut o, "repair");
        press(&mut o, "Enter");
        write(&mut o, "8812");
        press(&mut o, "Tab");
        insta::assert_snapshot!("template_form_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        press(&mut o, "F10");
        insta::assert_snapshot!("template_form_missing_120x36", picture(&o, 120, 36));
        insta::assert_snapshot!("template_form_missing_200x50", picture(&o, 200, 50));
        let mut o = filled();
        press(&mut o, "F10");
        insta::assert_snapshot!("template_confirm_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let mut o = open();
        write(&mut o, "invoice");
        press(&mut o, "Enter");
        insta::assert_snapshot!("template_form_document_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        press(&mut o, "Esc Ctrl+U");
        write(&mut o, "promo");
        press(&mut o, "Enter");
        insta::assert_snapshot!("template_confirm_marketing_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        draw_everywhere(&TemplatePicker::new(target(), Vec::new(), None, Arc::new(|_| String::new())));
    }
}
