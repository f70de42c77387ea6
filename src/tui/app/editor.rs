//! The operator's editor: the text goes there and comes back. What it makes of the terminal is the screen's business.

use super::{App, Damage, Effect};
use crate::tui::composer::MAX;

impl App {
    /// Hands the text to the editor.
    pub(super) fn open_editor(&mut self) {
        let Some(c) = &self.conversation else { return self.say_no_conversation() };
        if !self.can_write() {
            return self.pick_template();
        }
        let text = c.composer.text().to_owned();
        // It may take long, and the machine may not live to see its end.
        self.save_draft();
        self.emoji.close();
        self.effects.push(Effect::Edit { text, name: "message.txt" });
    }

    /// The editor has ended: with a text, without one, or not as it should.
    pub(super) fn edited(&mut self, result: Result<Option<String>, String>) {
        self.damage = Damage::ALL;
        if self.edited_for_overlay(&result) {
            return;
        }
        match result {
            Ok(Some(text)) if text.len() > MAX => {
                self.say_bad(format!(
                    "the editor's text is longer than {} kB: nothing was changed",
                    MAX / 1024
                ));
            }
            Ok(Some(text)) => {
                let Some(c) = &mut self.conversation else { return };
                // Editors end a file with a line break; nobody wrote it.
                c.composer.replace(text.strip_suffix('\n').unwrap_or(&text));
                self.composed();
                self.entered_text();
                self.damage = Damage::ALL;
            }
            Ok(None) => self.say("the editor gave the text up: it is as it was"),
            Err(why) => self.say_bad(format!("the editor did not run: {why}")),
        }
    }
}
