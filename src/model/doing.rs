//! What the words of the activity log mean, in a few words for people.

/// What was done, for the word that is written in the log. A word that is not known is shown as it is.
#[must_use]
pub fn doing(action: &str) -> String {
    let known = match action {
        "webhook_received" => "a webhook came",
        "webhook_replayed" => "read a webhook again",
        "webhook_tested" => "the doctor posted to the listener",
        "webhooks_expired" => "old raw webhooks were removed",
        "account_configured" => "account configured",
        "account_state" => "account's state changed",
        "number_synced" => "facts of the number were read",
        "templates_synced" => "templates were read",
        "message_queued" => "wrote a message",
        "sends_put_off" => "sends have to wait",
        "send_moved" => "chose another time for a message",
        "statuses_learned" => "statuses were learned",
        "attempt_started" => "a message goes out",
        "attempt_ended" => "an attempt ended",
        "message_retried" => "sent a message again",
        "message_cancelled" => "withdrew a message",
        "window_closed" => "the window is closed",
        "thread_read" => "read",
        "thread_unread" => "marked unread",
        "threads_read" => "marked read",
        "threads_unread" => "marked unread",
        "contacts_merged" => "joined two contacts",
        "contacts_joined" => "two contacts became one",
        "contact_split" => "took a contact apart",
        "number_moved" => "a customer's number changed",
        "draft_saved" => "draft kept",
        "note_added" => "wrote a note",
        "note_edited" => "changed a note",
        "note_deleted" => "deleted a note",
        "quick_reply_saved" => "saved a quick reply",
        "quick_reply_deleted" => "deleted a quick reply",
        "quick_reply_used" => "used a quick reply",
        "macro_saved" => "saved a macro",
        "macro_deleted" => "deleted a macro",
        "macro_used" => "ran a macro",
        "preference_set" => "set a preference",
        "thread_resolved" => "resolved",
        "thread_reopened" => "reopened",
        "thread_snoozed" => "snoozed",
        "thread_assigned" => "assigned",
        "thread_priority" => "set the priority",
        "thread_labelled" => "changed labels",
        "thread_restored" => "took it back",
        "thread_woken" => "woke",
        "snoozes_ended" => "snoozes ended",
        "thread_deleted" => "deleted the conversation",
        "thread_erasing" => "went on deleting a conversation",
        "thread_erased" => "what was left of a deleted conversation is gone",
        "file_stored" => "attached a file",
        "file_handed_over" => "a file was handed to the provider",
        "files_expired" => "old files were removed",
        "feed_kept" => "a program follows",
        "label_saved" => "saved a label",
        "label_deleted" => "deleted a label",
        "noticed" => "told the operators something",
        "role_saved" => "saved a role",
        "role_deleted" => "deleted a role",
        "operator_saved" => "let an operator in, or changed one",
        "operator_deleted" => "removed an operator",
        "operator_seen" => "came in by a group",
        "team_saved" => "said who is in a team",
        "sharing_set" => "said how conversations are given out",
        "operator_watched" => "watched a colleague",
        "account_access_set" => "said who may work with an account",
        "activity_expired" => "old rows of this log were removed",
        "activity_anchored" => "anchor of the chain after that",
        "request_refused" => "was refused",
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// Details with times in words: `until 1795176000000` says when.
#[must_use]
pub fn timed(details: &str, when: &dyn Fn(i64) -> String) -> String {
    match details.strip_prefix("until ").and_then(|at| at.parse().ok()) {
        Some(at) => format!("until {}", when(at)),
        None => details.to_owned(),
    }
}

/// What the subject of a row says besides the id that it begins with.
#[must_use]
pub fn details(subject: &str) -> &str {
    let (first, rest) = subject.split_once(' ').unwrap_or((subject, ""));
    let is_id = first.len() == 32 && first.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id { rest } else { subject }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_for_people() {
        assert_eq!(doing("thread_resolved"), "resolved");
        assert_eq!(doing("something_new"), "something new");
        assert_eq!(details("0123456789abcdef0123456789abcdef to bo"), "to bo");
        assert_eq!(details("0123456789abcdef0123456789abcdef"), "");
        assert_eq!(details("backup: bo may not"), "backup: bo may not");
        assert_eq!(timed("until 5", &|at| format!("<{at}>")), "until <5>");
        assert_eq!(timed("until reply", &|_| String::new()), "until reply");
    }
}
