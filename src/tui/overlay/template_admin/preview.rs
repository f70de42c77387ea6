//! A definition as the customer's phone shows it, with the examples filled in.

use crate::model::template::definition::Definition;
use crate::tui::overlay::template_preview;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it at the top of `area`. `focus` is the value being typed.
pub(super) fn draw(buf: &mut Buffer, area: Rect, d: &Definition, focus: &str, theme: &Theme) -> bool {
    let mut t = d.as_template();
    let mut values = d.example_values();
    if d.is_authentication() {
        // The words are the provider's; in English they are these.
        t.body = "*{{1}}* is your verification code.".into();
        values.insert("body.1".into(), "123456".into());
        if d.body.security == Some(true) {
            t.body.push_str(" For your security, do not share this code.");
        }
        if let Some(minutes) = d.footer.as_ref().and_then(|f| f.expires_minutes) {
            t.footer = format!("This code expires in {minutes} minutes.");
        }
        for b in t.buttons.iter_mut().filter(|b| b.text.is_empty()) {
            b.text = "Copy code".into();
        }
    }
    if let Some(h) =
        d.header.as_ref().filter(|h| matches!(h.format.as_str(), "image" | "video" | "document" | "gif"))
    {
        let name = h.sample.rsplit('/').next().unwrap_or_default();
        let shown = if name.contains("::") || h.sample.starts_with("http") { "sample" } else { name };
        if !shown.is_empty() {
            values.insert("header.filename".into(), shown.into());
        }
    }
    template_preview::draw(buf, area, &t, &values, focus, theme)
}
