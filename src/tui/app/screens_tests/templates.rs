//! Templates as their makers see them, and what is built.

use super::stage::desk;
use crate::model::access::{Grant, Resource, Role, Verb};
use crate::tui::app::App;
use crate::tui::app::tests::Script;

/// An account without templates.
pub(super) fn none() -> Script {
    let mut s = desk();
    s.templates.rows.clear();
    s.templates.actions.clear();
    s
}

/// The same, for a builder that has nothing to begin with.
pub(super) fn empty() -> Script {
    none()
}

/// A role that may look and nothing else.
pub(super) fn role() -> Script {
    let mut s = desk();
    let grants = [Grant(Resource::Chat, Verb::View), Grant(Resource::Templates, Verb::View)];
    s.role = Some(Role { grants: grants.into(), ..Role::admin() });
    s
}

/// These keys in the list of templates.
pub(super) fn at(s: &mut Script, app: &mut App, keys: &str) {
    s.keys(app, "g t");
    if !keys.is_empty() {
        s.keys(app, keys);
    }
}

/// A new one.
pub(super) fn blank(s: &mut Script, app: &mut App) {
    at(s, app, "n Enter");
}

/// One with a picture, three variables and two buttons, in two scripts.
pub(super) fn building(s: &mut Script, app: &mut App) {
    blank(s, app);
    s.type_text(app, "order_ready_for_collection");
    s.keys(app, "Tab Tab Tab Tab Right Right Tab");
    s.type_text(app, "4::aW1hZ2U=:ARaSample");
    s.keys(app, "Tab");
    for part in ["*Hello* ", ", order ", " of 王小明 is ready: "] {
        s.type_text(app, part);
        s.keys(app, "F5");
    }
    s.type_text(app, " to pay when you come to collect it, _any day_ until six. 🎉");
    s.keys(app, "Tab");
    for example in ["Marta Souza", "4711", "9 €"] {
        s.type_text(app, example);
        s.keys(app, "Tab");
    }
    s.type_text(app, "Northwind Bells");
    s.keys(app, "F2 Tab");
    s.type_text(app, "Thank you");
    s.keys(app, "F2 Right Tab");
    s.type_text(app, "Track it");
    s.keys(app, "Tab");
    s.type_text(app, "https://shop.example/orders/");
    s.keys(app, "F5 Tab");
    s.type_text(app, "4711");
}

/// As many buttons as there may be, and one more asked for.
pub(super) fn ten_buttons(s: &mut Script, app: &mut App) {
    building(s, app);
    for n in 3..=10 {
        s.keys(app, "F2 Tab");
        s.type_text(app, &format!("Choice number {n}"));
    }
    s.keys(app, "F2");
}
