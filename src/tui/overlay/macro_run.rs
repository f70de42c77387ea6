//! A macro before it runs, while it runs, and what came of it: each step as it will happen, asked values on top.
//!
//! Nothing is done before Enter. What cannot be done is said beforehand, and then nothing is; what is refused while it
//! runs ends it, and the screen says what was done and what was not.

use super::field::Field;
use super::frame::{self, Rich};
use super::macro_plan::{Plan, Target, plan};
use super::variables::Given;
use super::{Delivery, Hint, Overlay, Step};
use crate::model::macros::Macro;
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Problem, Request, Response};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::cell::Cell;
use std::rc::Rc;

/// Rows of fields that are shown at once.
const FIELDS: u16 = 4;

/// How far it is.
enum State {
    Looking,
    Running,
    /// How many steps were done, and why the next one was not.
    Ended(usize, Problem),
}

/// Shows a macro and runs it.
pub struct MacroRun {
    found: Macro,
    target: Target,
    plan: Plan,
    fields: Vec<(String, Field)>,
    /// The field with the keys; `None` = the steps have them.
    focus: Option<usize>,
    state: State,
    refused: Option<Problem>,
    top: usize,
    room: Cell<(usize, usize)>,
}

impl MacroRun {
    /// `found` on the thread of `target`.
    #[must_use]
    pub fn new(found: Macro, target: Target) -> Self {
        let mut run = Self {
            plan: plan(&found, &target, &Given::new()),
            found,
            target,
            fields: Vec::new(),
            focus: None,
            state: State::Looking,
            refused: None,
            top: 0,
            room: Cell::new((0, 0)),
        };
        run.add_fields();
        run.focus = (!run.fields.is_empty()).then_some(0);
        run
    }

    fn given(&self) -> Given {
        self.fields.iter().map(|(n, f)| (n.clone(), f.text().to_owned())).collect()
    }

    fn add_fields(&mut self) {
        for name in &self.plan.missing {
            if !self.fields.iter().any(|(have, _)| have == name) {
                self.fields.push((name.clone(), Field::line(1000)));
            }
        }
    }

    fn changed(&mut self) {
        self.refused = None;
        self.plan = plan(&self.found, &self.target, &self.given());
        self.add_fields();
    }

    /// The steps that the engine does, by their places.
    fn asked(&self) -> Vec<usize> {
        (0..self.plan.steps.len()).filter(|i| self.plan.steps[*i].request.is_some()).collect()
    }

    fn run(&mut self) -> Vec<Step> {
        if let Some(name) = self.plan.missing.first() {
            self.focus = self.fields.iter().position(|(n, _)| n == name);
            return Vec::new();
        }
        if !self.plan.is_possible() {
            return Vec::new();
        }
        self.state = State::Running;
        let steps = self.plan.steps.iter().filter_map(|s| s.request.clone());
        let used = self.plan.replies.iter().map(|id| Request::UseQuickReply { id: *id });
        let ran = Request::Macro { act: MacroRequest::Use { id: self.found.id } };
        let requests = steps.chain(used).chain([ran]).collect();
        vec![Step::Ask(Box::new(Request::Together { requests }))]
    }

    fn came(&mut self, results: Vec<Result<Response, Problem>>) -> Vec<Step> {
        let asked = self.asked();
        let done = results.iter().take_while(|r| r.is_ok()).count();
        if let Some(Err(p)) = results.into_iter().nth(done)
            && done < asked.len()
        {
            // A step that the screen does itself has its place after what was asked before it.
            self.state = State::Ended(asked[done], p);
            self.focus = None;
            return Vec::new();
        }
        let n = self.plan.steps.len();
        let steps = if n == 1 { "1 step" } else { &format!("{n} steps") };
        let mut out = vec![Step::Close];
        if self.plan.next {
            out.push(Step::OpenNextUnread);
        }
        out.push(Step::Say(format!("{}: {steps} done", self.found.name)));
        out
    }

    fn field_key(&mut self, at: usize, key: KeyEvent) -> Vec<Step> {
        let n = self.fields.len();
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::F(10) => return self.run(),
            KeyCode::Enter if at + 1 < n => self.focus = Some(at + 1),
            KeyCode::Enter if self.plan.missing.is_empty() => self.focus = None,
            KeyCode::Enter => {
                self.focus = self.fields.iter().position(|(name, _)| self.plan.missing.contains(name));
            }
            KeyCode::Tab | KeyCode::Down => self.focus = if at + 1 < n { Some(at + 1) } else { None },
            KeyCode::BackTab | KeyCode::Up => self.focus = at.checked_sub(1),
            _ => {
                self.fields[at].1.key(key);
                self.changed();
            }
        }
        Vec::new()
    }

    fn scroll(&mut self, by: isize) {
        let (lines, room) = self.room.get();
        self.top = self.top.saturating_add_signed(by).min(lines.saturating_sub(room));
    }

    fn look_key(&mut self, key: KeyEvent) -> Vec<Step> {
        let page = isize::try_from(self.room.get().1).unwrap_or(1).max(1);
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Enter | KeyCode::F(10) => return self.run(),
            KeyCode::Tab if !self.fields.is_empty() => self.focus = Some(0),
            KeyCode::BackTab if !self.fields.is_empty() => self.focus = Some(self.fields.len() - 1),
            KeyCode::Down => self.scroll(1),
            KeyCode::Up => self.scroll(-1),
            KeyCode::PageDown => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            _ => {}
        }
        Vec::new()
    }

    /// What became of a step, in a word.
    fn fate(&self, i: usize, theme: &Theme) -> Option<(String, Style)> {
        match &self.state {
            State::Ended(done, _) if i < *done => Some(("done".into(), theme.good)),
            State::Ended(done, p) if i == *done => Some((format!("refused: {}", p.what), theme.bad)),
            State::Ended(..) => Some(("not done".into(), theme.dim)),
            State::Looking | State::Running => {
                self.plan.steps[i].trouble.as_ref().map(|t| (format!("cannot be done: {t}"), theme.bad))
            }
        }
    }

    /// The steps as lines: a text, the part of it, how far it is set in, its style.
    fn lines(&self, width: u16, theme: &Theme) -> Vec<(Rc<Rich>, std::ops::Range<usize>, u16, Style)> {
        let mut out = Vec::new();
        let mut push = |rich: Rich, indent: u16, style: Style| {
            let rich = Rc::new(rich);
            for range in text::wrap(&rich.text, usize::from(width.saturating_sub(indent)).max(1)) {
                out.push((Rc::clone(&rich), range, indent, style));
            }
        };
        let given = self.given();
        for (i, step) in self.plan.steps.iter().enumerate() {
            let mut head = Rich::default();
            head.push(&format!("{:>2}  ", i + 1), theme.dim);
            head.push(&step.words, Style::new());
            push(head, 0, theme.strong);
            if let Some(template) = &step.template {
                match self.target.vars.preview(template, &given, theme.variable, theme.warn) {
                    Ok(rich) => push(rich, 4, theme.text),
                    Err(_) => push(plain(template), 4, theme.dim),
                }
            }
            if let Some((words, style)) = self.fate(i, theme) {
                push(plain(&words), 4, style);
            }
        }
        out
    }

    fn draw_fields(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let mut cursor = None;
        let label = self.fields.iter().map(|(n, _)| text::width(n)).max().unwrap_or(0) as u16;
        let label = label.min(area.width / 3).max(8);
        let visible = usize::from(area.height).max(1);
        let first = (self.focus.unwrap_or(0) + 1).saturating_sub(visible);
        let rows = self.fields.iter().enumerate().skip(first).take(usize::from(area.height));
        for (y, (i, (name, field))) in (area.y..).zip(rows) {
            let focused = self.focus == Some(i);
            frame::put(buf, area.x, y, label, name, if focused { theme.strong } else { theme.dim });
            frame::put(buf, area.x + label + 1, y, 1, "▏", if focused { theme.focus } else { theme.border });
            let x = area.x + label + 3;
            let row = Rect::new(x, y, area.right().saturating_sub(x), 1);
            let at = field.draw(row, buf, theme.text, "type the value", theme);
            if focused {
                cursor = Some(at);
            }
        }
        cursor
    }

    fn foot(&self) -> Vec<(&'static str, &'static str)> {
        match (&self.state, self.focus) {
            (State::Running, _) => vec![],
            (State::Ended(..), _) => vec![("Esc", "back")],
            (State::Looking, Some(_)) => vec![("Enter", "next value"), ("Esc", "leave, nothing is done")],
            (State::Looking, None) if self.plan.is_possible() => {
                vec![("Enter", "run"), ("Esc", "leave, nothing is done")]
            }
            (State::Looking, None) => vec![("Esc", "leave, nothing is done")],
        }
    }
}

fn plain(s: &str) -> Rich {
    let mut rich = Rich::default();
    rich.push(s, Style::new());
    rich
}

impl Overlay for MacroRun {
    fn name(&self) -> &'static str {
        "macro_run"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match (&self.state, self.focus) {
            (State::Running, _) => Vec::new(),
            (State::Ended(..), _) => match key.code {
                KeyCode::Esc | KeyCode::Enter => vec![Step::Close],
                _ => Vec::new(),
            },
            (State::Looking, Some(at)) => self.field_key(at, key),
            (State::Looking, None) => self.look_key(key),
        }
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if let (State::Looking, Some(at)) = (&self.state, self.focus) {
            self.fields[at].1.insert(pasted);
            self.changed();
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match (&self.state, delivery) {
            (State::Running, Delivery::Together(results)) => self.came(results),
            (State::Running, Delivery::Problem(p)) => {
                self.state = State::Looking;
                self.refused = Some(p);
                Vec::new()
            }
            (State::Looking, Delivery::QuickReplies(replies)) => {
                self.target.replies = replies;
                self.changed();
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = format!("Run {}", self.found.name);
        let who = text::truncate(&text::sanitize(&self.target.title), 30).into_owned();
        let inner = frame::open(area, 92, 30, &title, &who, buf, theme)?;
        let mut y = inner.y;
        if !self.found.about.is_empty() {
            frame::put(buf, inner.x, y, inner.width, &text::sanitize(&self.found.about), theme.dim);
            y += 2;
        }
        let fields = (self.fields.len() as u16).min(FIELDS);
        let cursor = self.draw_fields(Rect::new(inner.x, y, inner.width, fields), buf, theme);
        if fields > 0 {
            y += fields;
            frame::rule(buf, Rect::new(inner.x, y, inner.width, 1), "what will happen", theme);
            y += 1;
        }
        let foot = inner.bottom().saturating_sub(3);
        let lines = self.lines(inner.width, theme);
        let room = foot.saturating_sub(y);
        self.room.set((lines.len(), usize::from(room)));
        let shown = lines.iter().skip(self.top).take(usize::from(room));
        for (row, (rich, range, indent, style)) in (y..).zip(shown) {
            rich.draw_range(
                buf,
                inner.x + indent,
                row,
                inner.width.saturating_sub(*indent),
                range.clone(),
                *style,
            );
        }
        let more = lines.len().saturating_sub(self.top + usize::from(room));
        let word = if more > 0 { format!("{more} more lines: Down") } else { String::new() };
        frame::rule(buf, Rect::new(inner.x, foot, inner.width, 1), &word, theme);
        let say = Rect::new(inner.x, foot + 1, inner.width, 1);
        match (&self.state, &self.refused) {
            (State::Running, _) => {
                frame::put(buf, say.x, say.y, say.width, "Running…", theme.dim);
            }
            (State::Ended(done, p), _) => {
                let rest = self.plan.steps.len() - done;
                let words = format!("{done} done, {rest} not done. ");
                let x = frame::put(buf, say.x, say.y, say.width, &words, theme.bad);
                let next = if p.next.is_empty() { p.means.clone() } else { format!("→ {}", p.next) };
                frame::put(buf, x, say.y, say.right().saturating_sub(x), &text::sanitize(&next), theme.key);
            }
            (State::Looking, Some(p)) => {
                let mut p = p.clone();
                p.what = format!("nothing was done: {}", p.what);
                frame::problem(buf, say, &p, theme);
            }
            (State::Looking, None) if self.plan.steps.iter().any(|s| s.trouble.is_some()) => {
                let words = "A step cannot be done, so nothing is.";
                frame::put(buf, say.x, say.y, say.width, words, theme.bad);
            }
            (State::Looking, None) => {}
        }
        frame::keys(buf, Rect::new(inner.x, inner.bottom() - 1, inner.width, 1), &self.foot(), theme);
        cursor.filter(|_| matches!(self.state, State::Looking))
    }

    fn hints(&self) -> Vec<Hint> {
        self.foot().into_iter().map(|(key, does)| Hint::new(key, does)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, quick_replies, write};
    use super::super::variables::Variables;
    use super::*;
    use crate::model::handling::{Act, Label, LabelColor, Nap, Priority};
    use crate::model::ids::{LabelId, MacroId, ThreadId};
    use crate::model::macros::MacroStep;

    fn target() -> Target {
        let mut replies = quick_replies();
        replies[2].files = vec!["/srv/prices.pdf".into()];
        Target {
            thread: ThreadId([1; 16]),
            title: "Marta Souza".into(),
            vars: Variables {
                contact_name: "Marta Souza".into(),
                contact_first_name: "Marta".into(),
                operator_name: "Ana".into(),
                ..Variables::default()
            },
            replies,
            window: Some(7_200_000),
            labels: vec![Label { id: LabelId([5; 16]), name: "Paid".into(), color: LabelColor::Green }],
            me: "ana".into(),
            read_time: std::sync::Arc::new(|text| match text {
                "2h" => Ok((7_200_000, "today 11:40, in 2 h".into())),
                other => Err(format!("`{other}` is not understood")),
            }),
            newest: (9, Some(9)),
        }
    }

    fn run(steps: &[&str]) -> MacroRun {
        let found = Macro {
            id: MacroId([7; 16]),
            name: "shipped".into(),
            about: "Says that the order is on its way".into(),
            steps: steps.iter().map(|s| MacroStep::from((*s).to_owned())).collect(),
            ..Macro::default()
        };
        MacroRun::new(found, target())
    }

    #[test]
    fn enter_in_the_last_value_looks_and_another_runs() {
        let mut o = run(&["reply order", "mark read", "open next"]);
        write(&mut o, "4711");
        press(&mut o, "Enter");
        assert_eq!(press(&mut o, "Enter"), vec![], "the carrier is missing");
        write(&mut o, "UPS");
        assert_eq!(press(&mut o, "Enter"), vec![], "this one goes to the steps");
        let steps = press(&mut o, "Enter");
        let [Step::Ask(r)] = steps.as_slice() else { panic!("{steps:?}") };
        let Request::Together { requests } = r.as_ref() else { panic!("{r:?}") };
        assert_eq!(requests.len(), 4, "two steps and two counts: {requests:?}");
        assert_eq!(press(&mut o, "Enter Esc"), vec![], "it runs once, and is waited for");
        let all = (0..4).map(|_| Ok(Response::Done)).collect();
        let steps = o.deliver(Delivery::Together(all));
        assert_eq!(steps, vec![Step::Close, Step::OpenNextUnread, Step::Say("shipped: 3 steps done".into())]);
    }

    #[test]
    fn what_is_done_to_a_thread_is_planned_by_name() {
        let acts = |steps: &[&str]| -> Vec<Act> {
            let o = run(steps);
            assert!(o.plan.is_possible(), "{:?}", o.plan);
            let requests = o.plan.steps.into_iter().filter_map(|s| s.request);
            let act = |r| match r {
                Request::Act { threads, act } if threads == [ThreadId([1; 16])] => act,
                other => panic!("{other:?}"),
            };
            requests.map(act).collect()
        };
        let steps =
            ["label paid", "unlabel Paid", "assign me", "assign bo", "assign nobody", "priority high"];
        let id = LabelId([5; 16]);
        let to = |name: &str| Act::Assign { to: Some(name.into()) };
        let want = [
            Act::Label { add: vec![id], remove: vec![] },
            Act::Label { add: vec![], remove: vec![id] },
            to("ana"),
            to("bo"),
            Act::Assign { to: None },
            Act::Priority { priority: Priority::High },
        ];
        assert_eq!(acts(&steps), want);
        let nap = |nap| Act::Snooze { nap };
        assert_eq!(
            acts(&["snooze 2h", "snooze until reply", "snooze before window", "resolve", "reopen"]),
            [nap(Nap::Time { at: 7_200_000 }), nap(Nap::Reply), nap(Nap::Window), Act::Resolve, Act::Reopen]
        );
        let mut closing = target();
        closing.window = Some(60_000);
        for wrong in ["label gone", "snooze soon", "snooze before window"] {
            let found = Macro { steps: vec![MacroStep::from(wrong.to_owned())], ..Macro::default() };
            let plan = plan(&found, &closing, &Given::new());
            assert!(!plan.is_possible() && plan.steps[0].request.is_none(), "{wrong}: {plan:?}");
        }
    }

    #[test]
    fn a_count_that_is_refused_does_not_undo_what_was_done() {
        let mut o = run(&["mark read"]);
        press(&mut o, "Enter");
        let refused = Err(Problem::not_found("this macro is not here"));
        assert!(o.deliver(Delivery::Together(vec![Ok(Response::Done), refused])).contains(&Step::Close));
    }

    #[test]
    fn looks() {
        let mut o = run(&["reply order", "text Bye, {{ contact.first_name }}!", "mark read", "open next"]);
        insta::assert_snapshot!("macro_run_values_80x24", picture(&o, 80, 24));
        write(&mut o, "4711");
        press(&mut o, "Enter");
        write(&mut o, "UPS");
        press(&mut o, "Enter");
        for (w, h) in [(80, 24), (120, 36), (200, 50)] {
            insta::assert_snapshot!(format!("macro_run_{w}x{h}"), picture(&o, w, h));
        }
        draw_everywhere(&o);
        press(&mut o, "Enter");
        insta::assert_snapshot!("macro_run_running_80x24", picture(&o, 80, 24));
        let p = Problem::new("refused", "131026 not deliverable").next("send a template");
        o.deliver(Delivery::Together(vec![Ok(Response::Done), Err(p)]));
        insta::assert_snapshot!("macro_run_ended_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let o = run(&["reply gone", "reply spasibo", "dance", "label vip", "assign me", "resolve"]);
        insta::assert_snapshot!("macro_run_impossible_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let mut o = run(&["mute"]);
        press(&mut o, "Enter");
        o.deliver(Delivery::Problem(
            Problem::new("window_closed", "the window is closed").next("send a template"),
        ));
        insta::assert_snapshot!("macro_run_refused_120x36", picture(&o, 120, 36));
        // More steps than rows: they scroll.
        let mut o = run(&["text one {{ contact.first_name }}"; 14]);
        press(&mut o, "PageDown Down");
        draw_everywhere(&o);
        insta::assert_snapshot!("macro_run_scrolled_80x24", picture(&o, 80, 24));
    }
}
