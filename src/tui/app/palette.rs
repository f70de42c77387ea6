//! What the palette offers here, and what becomes of a choice.

use super::{App, Asked, Damage};
use crate::model::QuickReplyId;
use crate::model::access::{Resource, Verb};
use crate::model::macros::Macro;
use crate::tui::command::{Action, COMMANDS, Command, Scope, argument_of, by_id};
use crate::tui::overlay::macros::summary;
use crate::tui::overlay::palette::{Choices, CommandEntry, MacroEntry, ReplyEntry, TemplateEntry};
use crate::tui::overlays::{self, Kind};

/// Other names on the command line.
const ALIASES: &[(&str, &str)] = &[
    ("q", "quit"),
    ("account", "account.switch"),
    ("copy", "message.copy"),
    ("find", "palette.open"),
    ("help", "help.keys"),
    ("inbox", "list.inbox"),
    ("keys", "help.keys"),
    ("macro", "macro.run"),
    ("reply", "message.reply"),
    ("search", "search.open"),
    ("show", "list.filter_next"),
    ("template", "template.pick"),
    ("unread", "list.unread"),
    ("view", "view.pick"),
];

/// Whether a command is one to choose: what edits text, or sends what happens to be written, has its key only.
pub(crate) fn is_offered(command: &Command) -> bool {
    !matches!(
        command.action,
        Action::Palette
            | Action::CommandLine
            | Action::Send
            | Action::Newline
            | Action::Leave
            | Action::Suspend
    ) && !command.id.starts_with("edit.")
}

impl App {
    /// Commands that do something where the keys are now, each once.
    pub(crate) fn offered(&self) -> Vec<CommandEntry> {
        // While writing, what can be done to the conversation is a step away.
        let further = (self.scope == Scope::Composer).then_some(Scope::Conversation);
        let mut seen: Vec<Action> = Vec::new();
        let mut out = Vec::new();
        for scope in std::iter::once(self.scope).chain(further) {
            for c in COMMANDS.iter().filter(|c| c.scopes.contains(&scope) && is_offered(c)) {
                if !seen.contains(&c.action) && self.may_run(c) {
                    seen.push(c.action);
                    let key = self.keymap.shown(scope, c.id).unwrap_or_default().to_owned();
                    let argument = argument_of(c.action);
                    out.push(CommandEntry { id: c.id, title: c.title, help: c.help, key, argument });
                }
            }
        }
        out
    }

    /// All there is to choose from.
    pub(crate) fn choices(&self) -> Choices {
        let open = self.conversation.as_ref();
        let writes = self.may(Resource::Chat, Verb::Create);
        let templates = open
            .filter(|_| writes)
            .and_then(|c| c.row.as_ref())
            .and_then(|row| self.templates.get(&row.account))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let replies = if writes && open.is_some_and(|c| c.is_open(self.clock.now())) {
            &*self.quick_replies
        } else {
            &[]
        };
        let mut macros: Vec<&Macro> = self.macros.iter().collect();
        macros.sort_by_key(|m| m.owner.is_none());
        Choices {
            commands: self.offered(),
            aliases: ALIASES.to_vec(),
            threads: self.list.rows.iter().take(2_000).cloned().collect(),
            templates: templates
                .iter()
                .filter(|t| t.is_sendable())
                .map(|t| TemplateEntry {
                    name: t.name.clone(),
                    language: t.language.clone(),
                    body: t.body.clone(),
                })
                .collect(),
            macros: macros
                .into_iter()
                .map(|m| MacroEntry { id: m.id, name: m.name.clone(), about: summary(m) })
                .collect(),
            views: self.desk.saved.clone(),
            replies: replies
                .iter()
                .map(|r| ReplyEntry { id: r.id, shortcut: r.shortcut.clone(), text: r.text.clone() })
                .collect(),
        }
    }

    /// Runs a command by name: where the keys are, else in the conversation.
    pub(super) fn run_named(&mut self, id: &str) {
        let Some(command) = by_id(id) else { return };
        if !command.scopes.contains(&self.scope) {
            match command.scopes.first() {
                Some(scope) if *scope == Scope::List || self.conversation.is_some() => self.focus(*scope),
                _ => return self.say_no_conversation(),
            }
        }
        self.run(command, None);
    }

    /// Runs a command with what was written behind its name.
    pub(super) fn run_with(&mut self, id: &str, argument: &str) {
        let Some(command) = by_id(id) else { return };
        if self.refuses(command) {
            return;
        }
        match command.action {
            Action::Search => self.open_filled(Kind::Search, argument),
            Action::Template => {
                self.open_current();
                self.open_filled(Kind::Templates, argument);
            }
            Action::NewThread => self.write_to(argument),
            Action::RunMacro => self.look_at_macro(argument),
            Action::DeleteThread => self.delete_named(argument),
            Action::BlockContact => self.block_named(argument),
            Action::NumberProfile => self.open_profile(argument),
            Action::ConnectNumber => self.open_connect(argument),
            Action::ManageTemplates => self.open_templates(argument),
            Action::Accounts => self.switch_by_name(argument),
            Action::FilterNext | Action::ViewPick => self.show_view(argument),
            _ => self.run_named(id),
        }
    }

    /// Opens an overlay and types into it.
    fn open_filled(&mut self, kind: Kind, words: &str) {
        let serial = self.next_serial;
        self.open_overlay(kind, None);
        if let Some(open) = self.overlays.last_mut().filter(|o| o.serial == serial) {
            let steps = open.overlay.paste(words);
            self.steps(serial, steps);
        }
    }

    fn switch_by_name(&mut self, name: &str) {
        if name == "all" {
            return self.switch_account(None);
        }
        let lower = name.to_lowercase();
        let fits = |exact: bool| {
            let mut found = self.accounts.iter().filter(|a| {
                let title = a.spec.name.to_lowercase();
                a.spec.id.as_str() == name || if exact { title == lower } else { title.contains(&lower) }
            });
            // One that is meant, not one of several.
            found.next().filter(|_| found.next().is_none()).map(|a| a.spec.id.clone())
        };
        if let Some(id) = fits(true).or_else(|| fits(false)) {
            self.switch_account(Some(id));
        } else {
            let key = self.key_for("account.switch");
            self.say_bad(format!("no single account is called `{name}` · → {key} lists them"));
        }
    }

    /// Opens the form of a template.
    pub(super) fn fill_template(&mut self, name: &str, language: &str) {
        if let Some((mut picker, request)) = overlays::template_picker(self) {
            let steps = picker.pick(name, language);
            let serial = self.next_serial;
            self.show_overlay(Box::new(picker), None);
            self.steps(serial, steps);
            self.ask(request, Asked::Overlay { serial, search: String::new() });
        }
    }

    /// Inserts a quick reply; asks for what it cannot know.
    pub(super) fn insert_reply(&mut self, id: QuickReplyId) {
        let mut picker = overlays::reply_picker(self);
        let steps = picker.pick(id);
        let serial = self.next_serial;
        self.show_overlay(Box::new(picker), None);
        self.steps(serial, steps);
    }

    /// Puts the cursor of the list on a row, counted from one.
    pub(super) fn go_to_row(&mut self, row: u32) {
        self.focus(Scope::List);
        self.list.cursor = 0;
        self.move_list(isize::try_from(row.saturating_sub(1)).unwrap_or(isize::MAX));
        self.damage(Damage::LIST);
    }
}
