//! The form that creates and changes a macro: a name, what it is for, one step on each line.

use super::form::{Form, Line, Spec, Values};
use super::variables;
use crate::model::ids::MacroId;
use crate::model::macros::{Macro, MacroStep, STEP_FORMS, STEPS_MAX};
use crate::model::outgoing::FieldProblem;
use crate::protocol::Request;
use crate::protocol::macros::MacroRequest;

/// Longest list of steps in the form, in characters.
const ALL_STEPS: usize = 20_000;

/// Creates or changes one macro. Closes when it is saved or given up.
pub type MacroEditor = Form<MacroSpec>;

/// The form of a macro.
pub struct MacroSpec {
    original: Macro,
    fresh: bool,
}

impl MacroEditor {
    /// A new macro; the name may be suggested.
    #[must_use]
    pub fn create(name: &str) -> Self {
        let original = Macro { id: MacroId::new(), ..Macro::default() };
        let lines = lines(&original, name);
        Self::new(MacroSpec { original, fresh: true }, lines, false)
    }

    /// Changes a macro.
    #[must_use]
    pub fn edit(found: Macro) -> Self {
        let (lines, private) = (lines(&found, &found.name), found.owner.is_some());
        Self::new(MacroSpec { original: found, fresh: false }, lines, private)
    }
}

fn lines(m: &Macro, name: &str) -> Vec<Line> {
    let steps: Vec<String> = m.steps.iter().map(ToString::to_string).collect();
    vec![
        Line::short("name", "Name", "thank-and-close", name),
        Line::short("about", "For what", "one line, or nothing", &m.about),
        Line::tall("steps", "Steps, one on each line", "reply thanks", &steps.join("\n"), ALL_STEPS),
    ]
}

fn steps(text: &str) -> Vec<MacroStep> {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).map(|l| MacroStep::from(l.to_owned())).collect()
}

impl MacroSpec {
    fn of(&self, values: &Values<'_>) -> Macro {
        let owner = self.original.owner.clone().unwrap_or_default();
        Macro {
            name: values.get("name").to_owned(),
            about: values.get("about").trim().to_owned(),
            steps: steps(values.get("steps")),
            // The engine fills in whose it is.
            owner: values.private().then_some(owner),
            ..self.original.clone()
        }
    }
}

impl Spec for MacroSpec {
    const NAME: &'static str = "macro_editor";

    fn title(&self) -> &'static str {
        if self.fresh { "New macro" } else { "Edit macro" }
    }

    fn problems(&self, values: &Values<'_>) -> Vec<FieldProblem> {
        let all = self.of(values);
        let plain = || Macro { name: "x".into(), steps: vec![MacroStep::Read], ..Macro::default() };
        let alone = [
            Macro { name: all.name.clone(), ..plain() },
            Macro { about: all.about.clone(), ..plain() },
            Macro { steps: all.steps.clone(), ..plain() },
        ];
        let mut out: Vec<FieldProblem> = alone.iter().filter_map(|m| m.check().err()).collect();
        for (i, step) in all.steps.iter().enumerate() {
            if let Some(Err(why)) = step.template().map(variables::check) {
                out.push(FieldProblem::new(format!("steps.{}", i + 1), why));
            }
        }
        out
    }

    fn request(&self, values: &Values<'_>) -> Request {
        Request::Macro { act: MacroRequest::Save { saved: self.of(values) } }
    }

    fn saved(&self, values: &Values<'_>) -> String {
        format!("macro {} saved", values.get("name"))
    }

    fn help(&self) -> String {
        let forms: Vec<&str> = STEP_FORMS.iter().map(|(form, _)| *form).collect();
        format!("Steps: {}.", forms.join(" · "))
    }

    fn count(&self, tall: &str) -> (usize, usize) {
        (steps(tall).len(), STEPS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::super::{Delivery, Overlay, Step};
    use super::*;

    fn close() -> Macro {
        let line = |s: &str| MacroStep::from(s.to_owned());
        Macro {
            id: MacroId([7; 16]),
            name: "thank-and-close".into(),
            about: "Thanks, read, next".into(),
            steps: vec![line("reply thanks"), line("text Bye,\\n{{ operator.name }}"), line("mark read")],
            ..Macro::default()
        }
    }

    #[test]
    fn a_macro_is_written_with_the_keyboard() {
        let mut o = MacroEditor::create("done");
        press(&mut o, "Enter Enter");
        write(&mut o, "reply /thanks");
        press(&mut o, "Enter Enter");
        write(&mut o, "open next");
        let steps = press(&mut o, "Tab Space F10");
        let [Step::Ask(r)] = steps.as_slice() else { panic!("{steps:?}") };
        let Request::Macro { act: MacroRequest::Save { saved } } = r.as_ref() else { panic!("{r:?}") };
        assert_eq!(saved.steps, [MacroStep::Reply("thanks".into()), MacroStep::Next]);
        assert!(saved.owner.is_some() && saved.name == "done");
        assert_eq!(o.deliver(Delivery::Done), vec![Step::Close, Step::Say("macro done saved".into())]);
    }

    #[test]
    fn a_line_that_is_no_step_is_named() {
        let mut o = MacroEditor::edit(close());
        press(&mut o, "Tab Tab End Enter");
        write(&mut o, "dance");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert!(
            o.shown_problem("steps").unwrap().starts_with("steps.4 is no step"),
            "{:?}",
            o.shown_problem("steps")
        );
        press(&mut o, "Ctrl+U");
        write(&mut o, "text {{ x");
        assert!(o.shown_problem("steps").unwrap().contains("steps.4"), "{:?}", o.shown_problem("steps"));
    }

    #[test]
    fn looks() {
        let mut o = MacroEditor::edit(close());
        insta::assert_snapshot!("macro_editor_80x24", picture(&o, 80, 24));
        press(&mut o, "Tab Tab End Enter");
        write(&mut o, "dance");
        insta::assert_snapshot!("macro_editor_problem_120x36", picture(&o, 120, 36));
        draw_everywhere(&o);
    }
}
