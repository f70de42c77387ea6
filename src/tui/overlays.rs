//! Which overlay a command opens. The one place that knows their constructors.

use super::app::App;
use super::overlay::Overlay;

/// Kinds of overlays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Choose an account.
    Accounts,
    /// Insert a quick reply.
    QuickReplies,
    /// Create, change, delete quick replies.
    ManageQuickReplies,
    /// Choose and fill a template.
    Templates,
    /// Search.
    Search,
    /// Keys.
    Help,
}

/// Makes an overlay for what is on the screen; `None` where there is nothing to choose from.
pub(crate) fn open_overlay(_kind: Kind, _app: &App) -> Option<Box<dyn Overlay>> {
    None
}
