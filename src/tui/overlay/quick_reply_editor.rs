//! The form that creates and changes a quick reply.
//!
//! Knows the rules of [`QuickReply::check`]; whether a shortcut is taken is the engine's to say.

use super::form::{Form, Line, Spec, Values};
use super::variables;
use crate::model::ids::QuickReplyId;
use crate::model::outgoing::{FieldProblem, TEXT_MAX};
use crate::model::quick_reply::{QuickReply, ReplyFile};
use crate::protocol::Request;

/// Creates or changes one quick reply. Closes when it is saved or given up.
pub type QuickReplyEditor = Form<ReplySpec>;

/// The form of a quick reply.
pub struct ReplySpec {
    original: QuickReply,
    fresh: bool,
}

impl QuickReplyEditor {
    /// A new reply; the shortcut may be suggested.
    #[must_use]
    pub fn create(shortcut: &str) -> Self {
        let original = QuickReply { id: QuickReplyId::new(), ..QuickReply::default() };
        let lines = lines(&original, shortcut.trim_start_matches('/'));
        Self::new(ReplySpec { original, fresh: true }, lines, false)
    }

    /// Changes a reply.
    #[must_use]
    pub fn edit(reply: QuickReply) -> Self {
        let (lines, private) = (lines(&reply, &reply.shortcut), reply.is_private());
        Self::new(ReplySpec { original: reply, fresh: false }, lines, private)
    }
}

fn lines(reply: &QuickReply, shortcut: &str) -> Vec<Line> {
    vec![
        Line::short("shortcut", "Shortcut", "hours", shortcut).before("/"),
        Line::tall("text", "Text", "Hello {{ contact.first_name }}, …", &reply.text, TEXT_MAX * 4),
        Line::short("category", "Category", "one word, or nothing", &reply.category),
        Line::short("files", "Files", "paths with commas between them, or nothing", &reply.file_names()),
    ]
}

impl ReplySpec {
    /// A file that the reply had before, else a path.
    fn file(&self, name: &str) -> ReplyFile {
        let before = self.original.files.iter().find(|f| f.name() == name);
        before.cloned().unwrap_or_else(|| ReplyFile::Path(name.to_owned()))
    }

    fn reply(&self, values: &Values<'_>) -> QuickReply {
        let owner = self.original.owner.clone().unwrap_or_default();
        QuickReply {
            shortcut: values.get("shortcut").to_owned(),
            text: values.get("text").to_owned(),
            category: values.get("category").trim().to_owned(),
            files: values
                .get("files")
                .split(',')
                .map(str::trim)
                .filter(|f| !f.is_empty())
                .map(|name| self.file(name))
                .collect(),
            // The engine fills in whose it is.
            owner: values.private().then_some(owner),
            ..self.original.clone()
        }
    }
}

impl Spec for ReplySpec {
    const NAME: &'static str = "quick_reply_editor";

    fn title(&self) -> &'static str {
        if self.fresh { "New quick reply" } else { "Edit quick reply" }
    }

    fn problems(&self, values: &Values<'_>) -> Vec<FieldProblem> {
        let reply = self.reply(values);
        // Each field is judged by itself, so that an empty shortcut does not hide a mistake in the text.
        let plain = || QuickReply { shortcut: "x".into(), text: "x".into(), ..QuickReply::default() };
        let alone = [
            QuickReply { shortcut: reply.shortcut.clone(), ..plain() },
            QuickReply { text: reply.text.clone(), ..plain() },
            QuickReply { category: reply.category.clone(), ..plain() },
            QuickReply { files: reply.files.clone(), ..plain() },
        ];
        let mut all: Vec<FieldProblem> = alone.iter().filter_map(|r| r.check().err()).collect();
        if let Err(why) = variables::check(&reply.text) {
            all.push(FieldProblem::new("text", why));
        }
        all
    }

    fn request(&self, values: &Values<'_>) -> Request {
        Request::SaveQuickReply { reply: self.reply(values) }
    }

    fn saved(&self, values: &Values<'_>) -> String {
        format!("quick reply /{} saved", values.get("shortcut"))
    }

    fn help(&self) -> String {
        format!("{{{{ name }}}} is filled in: {}. Any other name is asked for.", variables::NAMES.join(", "))
    }

    fn count(&self, tall: &str) -> (usize, usize) {
        (tall.chars().count(), TEXT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, quick_replies, write};
    use super::super::{Delivery, Overlay, Step};
    use super::*;
    use crate::protocol::Problem;

    fn saved(steps: &[Step]) -> Option<QuickReply> {
        match steps {
            [Step::Ask(r)] => match r.as_ref() {
                Request::SaveQuickReply { reply } => Some(reply.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    #[test]
    fn a_reply_is_written_with_the_keyboard() {
        let mut o = QuickReplyEditor::create("/hi");
        press(&mut o, "Enter");
        write(&mut o, "one");
        press(&mut o, "Ctrl+J");
        write(&mut o, "two");
        press(&mut o, "Tab");
        write(&mut o, "greeting");
        press(&mut o, "Tab");
        write(&mut o, "/srv/a b.pdf, c.png,");
        let reply = saved(&press(&mut o, "Tab Space Tab Enter")).unwrap();
        assert_eq!((reply.shortcut.as_str(), reply.text.as_str()), ("hi", "one\ntwo"));
        assert_eq!(
            (reply.category.as_str(), reply.files.as_slice()),
            ("greeting", [ReplyFile::from("/srv/a b.pdf"), "c.png".into()].as_slice())
        );
        assert!(reply.is_private());
        assert_eq!(press(&mut o, "F10"), vec![], "saved once");
        assert_eq!(o.deliver(Delivery::Done), vec![Step::Close, Step::Say("quick reply /hi saved".into())]);
    }

    #[test]
    fn what_breaks_a_rule_is_not_sent_and_its_field_is_shown() {
        let mut o = QuickReplyEditor::create("");
        write(&mut o, "our hours");
        assert_eq!(o.shown_problem("shortcut").unwrap(), "shortcut must not contain spaces or `/`");
        assert!(o.shown_problem("text").is_none(), "not touched yet");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert_eq!(o.shown_problem("text").unwrap(), "text is empty");
        press(&mut o, "Ctrl+U");
        write(&mut o, "hours");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert_eq!(o.focused(), "text");
        write(&mut o, "Hi {{ contact.name");
        assert!(o.shown_problem("text").unwrap().contains("line 1"));
        write(&mut o, " }}");
        press(&mut o, "Tab");
        write(&mut o, "two words");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert!(o.shown_problem("category").is_some());
        press(&mut o, "Ctrl+U");
        assert!(saved(&press(&mut o, "Ctrl+Enter")).is_some());
    }

    #[test]
    fn a_refusal_keeps_everything_and_names_the_field() {
        let mut o = QuickReplyEditor::edit(quick_replies().swap_remove(0));
        press(&mut o, "Tab F10");
        let p =
            Problem { field: Some("shortcut".into()), ..Problem::new("field", "shortcut: `hours` is taken") };
        assert_eq!(o.deliver(Delivery::Problem(p)), vec![]);
        assert_eq!(o.focused(), "shortcut");
        assert_eq!(o.shown_problem("shortcut").unwrap(), "shortcut: `hours` is taken");
        write(&mut o, "2");
        assert!(o.shown_problem("shortcut").is_none());
        assert_eq!(saved(&press(&mut o, "F10")).unwrap().shortcut, "hours2");
    }

    #[test]
    fn leaving_with_changes_asks() {
        let mut o = QuickReplyEditor::edit(quick_replies().swap_remove(0));
        assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
        write(&mut o, "x");
        assert_eq!(press(&mut o, "Esc n"), vec![]);
        assert_eq!(o.text_of("shortcut"), "hoursx", "the key that answers is not typed");
        assert_eq!(press(&mut o, "Esc y"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        let mut o = QuickReplyEditor::edit(quick_replies().swap_remove(0));
        press(&mut o, "Tab");
        insta::assert_snapshot!("quick_reply_editor_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let mut o = QuickReplyEditor::create("");
        write(&mut o, "a b");
        press(&mut o, "F10");
        insta::assert_snapshot!("quick_reply_editor_problems_120x36", picture(&o, 120, 36));
        let mut o = QuickReplyEditor::create("a");
        press(&mut o, "Tab");
        write(&mut o, "t");
        press(&mut o, "Tab Tab Tab Space F10");
        o.deliver(Delivery::Problem(
            Problem::new("store", "the disk is full").means("nothing was saved").next("free some space"),
        ));
        insta::assert_snapshot!("quick_reply_editor_refused_200x50", picture(&o, 200, 50));
        draw_everywhere(&o);
        press(&mut o, "Esc");
        insta::assert_snapshot!("quick_reply_editor_leaving_80x24", picture(&o, 80, 24));
    }
}
