//! What the operator's role allows, as the engine says: what it does not is neither offered nor asked for.

use super::{App, Asked, Damage};
use crate::model::access::{Grant, Resource, Verb};
use crate::model::permission_words::deed;
use crate::model::thread::DraftMode;
use crate::protocol::Request;
use crate::protocol::access::{AccessRequest, Me};
use crate::text;
use crate::tui::command::{Action, COMMANDS, Command, Scope};
use crate::tui::permissions::{needs, writing};

impl App {
    pub(super) fn ask_me(&mut self) {
        self.ask(Request::Me, Asked::Me);
    }

    /// The engine has said what is allowed, or that it does not say.
    pub(super) fn me_came(&mut self, me: Option<Me>) {
        let mut new = !std::mem::replace(&mut self.knows_role, true);
        if let Some(me) = &me {
            self.mentions_counted(me.mentions);
        }
        if let Some(role) = me.map(|me| me.role)
            && self.role.as_ref() != Some(&role)
        {
            self.role = Some(role);
            self.damage = Damage::ALL;
            new = true;
        }
        if new && self.conversation.is_some() {
            self.read_ahead();
        }
    }

    /// The rules have changed: so may what an open list of them shows.
    pub(super) fn access_changed(&mut self) {
        self.refresh_overlays("operators", &Request::Access { act: AccessRequest::List });
    }

    /// Whether the role allows this. Before it is known everything is offered: the engine has the last word.
    pub fn may(&self, resource: Resource, verb: Verb) -> bool {
        self.role.as_ref().is_none_or(|r| r.allows(resource, verb))
    }

    fn is_note(&self) -> bool {
        self.conversation.as_ref().is_some_and(|c| c.mode == DraftMode::Note)
    }

    /// The first thing that a command needs and the role lacks.
    fn lacks(&self, command: &Command) -> Option<Grant> {
        self.role.as_ref()?;
        let noted = |c: &super::Conversation| {
            c.selected().is_some_and(|m| m.state == crate::model::DeliveryState::Noted)
        };
        // What is done to a note, or written as one, goes to nobody.
        let note = match command.action {
            Action::Discard => self.conversation.as_ref().is_some_and(noted),
            _ => command.scopes == [Scope::Composer] && self.is_note(),
        };
        needs(command.id)
            .map(|g| if note && g == writing(false) { writing(true) } else { g })
            .find(|g| !self.may(g.0, g.1))
    }

    /// Whether the role allows a command.
    pub fn may_run(&self, command: &Command) -> bool {
        self.lacks(command).is_none()
    }

    /// Says so where the role does not allow a command.
    pub(super) fn refuses(&mut self, command: &Command) -> bool {
        let Some(grant) = self.lacks(command) else { return false };
        self.say_lacking(grant);
        true
    }

    /// The same for what a command of the table does.
    pub(super) fn refuses_action(&mut self, action: Action) -> bool {
        let command = COMMANDS.iter().find(|c| c.action == action && c.scopes.contains(&self.scope));
        command.is_some_and(|c| self.refuses(c))
    }

    fn say_lacking(&mut self, grant: Grant) {
        let role = self.role.as_ref().map(|r| text::sanitize(&r.name).into_owned()).unwrap_or_default();
        self.say_bad(format!("your role `{role}` may not {} · → ask an admin for {grant}", deed(grant)));
    }

    /// Why nothing can be written in the open thread, as far as the role is why.
    pub fn read_only(&self) -> Option<String> {
        let role = self.role.as_ref()?;
        let needed = writing(self.is_note());
        let name = text::sanitize(&role.name);
        (!role.allows(needed.0, needed.1))
            .then(|| format!("read only: your role `{name}` may not {}", deed(needed)))
    }

    /// Whether the text can be written now: by the window, and by the role.
    pub(super) fn can_write(&self) -> bool {
        let now = self.clock.now();
        self.read_only().is_none() && self.conversation.as_ref().is_some_and(|c| c.can_write(now))
    }
}
