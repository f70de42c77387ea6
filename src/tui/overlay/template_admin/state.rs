//! How a template stands: marks and words for status, category, quality, and why it was refused.

use crate::model::template::local::TemplateChange;
use crate::protocol::templates::TemplateRow;
use crate::tui::theme::Theme;
use ratatui::style::Style;

/// The mark of a status, and how it looks. What is not known has a mark of its own.
pub(super) fn mark(status: &str, theme: &Theme) -> (&'static str, Style) {
    match status.to_ascii_uppercase().as_str() {
        "APPROVED" => ("✓", theme.good),
        "PENDING" => ("…", theme.warn),
        "IN_APPEAL" => ("§", theme.warn),
        "REJECTED" => ("✗", theme.bad),
        "PAUSED" => ("‖", theme.bad),
        "DISABLED" => ("⊘", theme.bad),
        "LIMIT_EXCEEDED" => ("!", theme.bad),
        "ARCHIVED" | "DELETED" | "PENDING_DELETION" => ("−", theme.dim),
        _ => ("?", theme.warn),
    }
}

/// What a status means for who sends.
pub(super) fn meaning(status: &str) -> &'static str {
    match status.to_ascii_uppercase().as_str() {
        "APPROVED" => "may be sent",
        "PENDING" => "under review: minutes, seldom a day",
        "IN_APPEAL" => "the refusal is looked at again",
        "REJECTED" => "refused: e changes it and hands it in again",
        "PAUSED" => "customers disliked it: it comes back by itself, or e changes it",
        "DISABLED" => "switched off by the provider for good",
        "LIMIT_EXCEEDED" => "the account has as many templates as it may have",
        "ARCHIVED" => "not used for long: the provider deletes it",
        "PENDING_DELETION" => "goes when the last messages with it are delivered",
        "DELETED" => "is no more",
        _ => "a state that this version does not know; only APPROVED may be sent",
    }
}

/// Why the provider refused it, in words; and the field of the builder where that is put right.
pub(super) fn reason(word: &str) -> (&'static str, &'static str) {
    // The provider may say more behind the word.
    let word = word.split(':').next().unwrap_or_default().trim();
    match word.to_ascii_uppercase().as_str() {
        "" | "NONE" => ("", "body.text"),
        "INVALID_FORMAT" => ("variables, examples or parts are not as the rules want them", "body.text"),
        "INCORRECT_CATEGORY" => ("the text belongs to another category", "category"),
        "PROMOTIONAL" => ("it reads as advertising: choose MARKETING, or say less", "category"),
        "ABUSIVE_CONTENT" => ("the text may hurt or threaten somebody", "body.text"),
        "SCAM" => ("it looks like fraud: no requests for secrets, no hidden links", "body.text"),
        "TAG_CONTENT_MISMATCH" => ("the text fits neither the language nor the category", "language"),
        _ => ("", "body.text"),
    }
}

/// Whether something about it calls for an admin.
pub(super) fn is_problem(row: &TemplateRow) -> bool {
    let t = &row.template;
    let fine = matches!(t.status.to_ascii_uppercase().as_str(), "APPROVED" | "PENDING");
    !fine || row.warning.is_some() || !t.coming_category.is_empty() || t.quality.eq_ignore_ascii_case("RED")
}

/// A category in few cells.
pub(super) fn short_category(category: &str) -> String {
    match category.to_ascii_uppercase().as_str() {
        "UTILITY" => "utility".into(),
        "MARKETING" => "marketing".into(),
        "AUTHENTICATION" => "login code".into(),
        "" => "?".into(),
        other => other.to_lowercase(),
    }
}

/// How a quality looks.
pub(super) fn quality(word: &str, theme: &Theme) -> (String, Style) {
    match word.to_ascii_uppercase().as_str() {
        "GREEN" => ("good".into(), theme.good),
        "YELLOW" => ("fair".into(), theme.warn),
        "RED" => ("bad".into(), theme.bad),
        "" | "UNKNOWN" => ("–".into(), theme.dim),
        other => (other.to_lowercase(), theme.dim),
    }
}

/// A change in words.
pub(super) fn change(c: &TemplateChange) -> String {
    let what = match c.part.as_str() {
        "status" => "status",
        "category" => "category",
        "coming_category" => "category to come",
        "quality" => "quality",
        "reason" => "reason",
        "components" => return "the text is another one".into(),
        "created" => return "handed in".into(),
        "deleted" => return "deleted".into(),
        other => other,
    };
    match (c.from.is_empty(), c.to.is_empty()) {
        (true, _) => format!("{what} {}", c.to),
        (false, true) => format!("{what} {} no more", c.from),
        (false, false) => format!("{what} {} → {}", c.from, c.to),
    }
}

/// What a warning says.
pub(super) fn warning(c: &TemplateChange) -> String {
    match c.part.as_str() {
        "category" => {
            format!(
                "moved from {} to {}: what it costs, and who may get it, is another thing now",
                c.from, c.to
            )
        }
        "coming_category" => format!("is going to be moved to {}", c.to),
        _ => change(c),
    }
}
