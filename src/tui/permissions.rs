//! What a command needs of the operator's role: what is not allowed is not offered. The engine has the last word.
//!
//! Stands beside the command table; knows ids and permissions only.

use crate::model::access::{Grant, Resource, Verb};

const ANSWER: Grant = Grant(Resource::Chat, Verb::Create);
const HANDLE: Grant = Grant(Resource::Chat, Verb::Edit);
const REPLIES: Grant = Grant(Resource::QuickReplies, Verb::View);

/// Commands and what each needs; one that needs nothing but to read conversations is not here, one that needs two
/// things is here twice.
pub const NEEDS: &[(&str, Grant)] = &[
    ("message.reply", ANSWER),
    ("compose", ANSWER),
    ("thread.new", ANSWER),
    ("thread.new", Grant(Resource::Templates, Verb::View)),
    ("template.pick", ANSWER),
    ("template.pick", Grant(Resource::Templates, Verb::View)),
    ("templates.open", Grant(Resource::Templates, Verb::View)),
    ("message.note", HANDLE),
    ("note.edit", HANDLE),
    ("thread.resolve", HANDLE),
    ("thread.resolve_stay", HANDLE),
    ("thread.reopen", HANDLE),
    ("thread.snooze", HANDLE),
    ("thread.assign", HANDLE),
    ("thread.assign_me", HANDLE),
    ("thread.take_over", HANDLE),
    ("team.watch", Grant(Resource::ActivityLog, Verb::View)),
    ("team.whisper", Grant(Resource::ActivityLog, Verb::View)),
    ("team.whisper", HANDLE),
    ("thread.labels", HANDLE),
    ("thread.priority", HANDLE),
    ("thread.mark_read", HANDLE),
    ("thread.mark_unread", HANDLE),
    ("bulk.undo", HANDLE),
    ("message.forward", ANSWER),
    ("message.react", ANSWER),
    ("message.buttons", ANSWER),
    ("message.list", ANSWER),
    ("message.link", ANSWER),
    ("message.place", ANSWER),
    ("message.card", ANSWER),
    ("message.retry", ANSWER),
    ("message.discard", ANSWER),
    ("message.undo", ANSWER),
    ("message.later", ANSWER),
    ("message.now", ANSWER),
    ("message.check", ANSWER),
    ("quick_reply.manage", REPLIES),
    ("macro.pick", REPLIES),
    ("macro.run", REPLIES),
    ("compose.send", ANSWER),
    ("compose.later", ANSWER),
    ("compose.undo_send", ANSWER),
    ("compose.editor", ANSWER),
    ("compose.emoji", ANSWER),
    ("compose.attach", ANSWER),
    ("compose.detach", ANSWER),
    ("compose.newline", ANSWER),
    ("compose.quick", ANSWER),
    ("compose.quick", REPLIES),
    ("edit.undo", ANSWER),
    ("edit.redo", ANSWER),
    ("edit.yank", ANSWER),
    ("edit.yank_next", ANSWER),
    ("contact.open", Grant(Resource::Contacts, Verb::View)),
    ("accounts.open", Grant(Resource::Numbers, Verb::View)),
    ("contact.block", Grant(Resource::Contacts, Verb::Edit)),
    ("contact.unblock", Grant(Resource::Contacts, Verb::Edit)),
    ("number.settings", Grant(Resource::Numbers, Verb::View)),
    ("number.connect", Grant(Resource::Connection, Verb::Edit)),
    ("doctor.open", Grant(Resource::Connection, Verb::View)),
    ("thread.delete", Grant(Resource::Chat, Verb::Delete)),
    ("activity.open", Grant(Resource::ActivityLog, Verb::View)),
    ("activity.thread", Grant(Resource::ActivityLog, Verb::View)),
    ("operators.open", Grant(Resource::Operators, Verb::View)),
];

/// What a command needs.
pub fn needs(id: &str) -> impl Iterator<Item = Grant> {
    NEEDS.iter().filter(move |(of, _)| *of == id).map(|(_, grant)| *grant)
}

/// What writing needs, a reply or a note.
#[must_use]
pub fn writing(note: bool) -> Grant {
    if note { HANDLE } else { ANSWER }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::command::by_id;

    #[test]
    fn the_table_names_commands_that_exist() {
        for (id, grant) in NEEDS {
            assert!(by_id(id).is_some(), "{id}");
            assert!(grant.0.verbs().contains(&grant.1), "{id}: {grant}");
        }
        assert_eq!(needs("template.pick").count(), 2);
        assert_eq!(needs("move.down").count(), 0);
    }
}
