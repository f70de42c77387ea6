//! Which file to attach: a path is typed, and the names that go on with it are offered.
//!
//! Knows paths as text; reading a folder, and the file, is the host's.

use super::field::{Effect, Field};
use super::frame::{self, Selection};
use super::talk::Talk;
use super::{Delivery, Hint, Overlay, Step};
use crate::protocol::Problem;
use crate::text;
use crate::tui::format;
use crate::tui::reading::Names;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Asks for the path of a file.
pub struct AttachBox {
    path: Field,
    names: Names,
    selection: Selection,
    /// Whether one of the names was chosen with the arrows: Enter takes it then.
    chosen: bool,
    problem: Option<Problem>,
}

impl AttachBox {
    /// Its name for the host.
    pub const NAME: &str = "attach";

    /// Begins in the home folder.
    #[must_use]
    pub fn new() -> Self {
        Self {
            path: Field::line(4_000).with("~/"),
            names: Names::default(),
            selection: Selection::default(),
            chosen: false,
            problem: None,
        }
    }

    fn look(&mut self) -> Vec<Step> {
        self.problem = None;
        self.chosen = false;
        vec![Step::Talk(Talk::Names(self.path.text().to_owned()))]
    }

    /// The path with another last part.
    fn with(&self, name: &str, is_file: bool) -> String {
        let typed = self.path.text();
        let folder = typed.rfind('/').map_or("", |at| &typed[..=at]);
        format!("{folder}{name}{}", if is_file { "" } else { "/" })
    }

    /// Whether the names belong to what is typed now.
    fn is_fresh(&self) -> bool {
        self.names.typed == self.path.text()
    }

    /// Completes as far as all names agree; the only name, or the chosen one, whole.
    fn complete(&mut self) -> Vec<Step> {
        if !self.is_fresh() || self.names.found.is_empty() {
            return Vec::new();
        }
        let found = &self.names.found;
        let whole = found.get(self.selection.at).filter(|_| self.chosen || found.len() == 1);
        let next = if let Some(name) = whole {
            self.with(&name.name, name.is_file)
        } else {
            let mut same = found[0].name.clone();
            for other in &found[1..] {
                let pairs = same.char_indices().zip(other.name.chars());
                let end =
                    pairs.take_while(|((_, a), b)| a == b).last().map_or(0, |((at, c), _)| at + c.len_utf8());
                same.truncate(end);
            }
            let typed = self.path.text();
            let begun = typed.len() - typed.rfind('/').map_or(0, |at| at + 1);
            // Nothing more in common: the arrows choose.
            if same.len() <= begun {
                self.chosen = true;
                return Vec::new();
            }
            self.with(&same, true)
        };
        self.path.set(&next);
        self.look()
    }

    fn enter(&mut self) -> Vec<Step> {
        let typed = self.path.text().trim().to_owned();
        if self.is_fresh()
            && let Some(name) = self.names.found.get(self.selection.at)
            && (self.chosen || !name.is_file && self.with(&name.name, true) == typed)
        {
            let path = self.with(&name.name, name.is_file);
            if name.is_file {
                return vec![Step::Close, Step::Talk(Talk::Attach(path))];
            }
            self.path.set(&path);
            return self.look();
        }
        if typed.is_empty() || typed.ends_with('/') || typed == "~" {
            self.problem = Some(
                Problem::new("field", "this is a folder: a file is missing")
                    .next("↓ chooses one of the names, Tab completes"),
            );
            return Vec::new();
        }
        vec![Step::Close, Step::Talk(Talk::Attach(typed))]
    }

    fn draw_names(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if let Some(why) = &self.names.problem {
            frame::paragraph(buf, area, &text::sanitize(why), theme.warn);
            return;
        }
        if self.names.found.is_empty() {
            if self.is_fresh() && !self.path.text().is_empty() {
                frame::put(buf, area.x, area.y, area.width, "nothing here begins like that", theme.dim);
            }
            return;
        }
        let rows = &self.names.found;
        for (n, i) in self.selection.window(rows.len(), usize::from(area.height)).enumerate() {
            let line = Rect::new(area.x, area.y + n as u16, area.width, 1);
            let row = &rows[i];
            let size = if row.is_file { format::size(row.size) } else { String::new() };
            let right = frame::put_right(buf, line.right(), line.y, 10, &size, theme.dim).saturating_sub(1);
            let name = text::sanitize(&row.name);
            let name = if row.is_file { name.into_owned() } else { format!("{name}/") };
            let style = if row.is_file { theme.text } else { theme.strong };
            frame::put(buf, line.x, line.y, right.saturating_sub(line.x), &name, style);
            if self.chosen && i == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
    }
}

impl AttachBox {
    /// Who types a whole path behind the folder that stands there means that path.
    fn begin_anew(&mut self) {
        let typed = self.path.text();
        let from = typed.rfind("//").max(typed.rfind("/~/")).map(|at| typed[at + 1..].to_owned());
        if let Some(whole) = from {
            self.path.set(&whole);
        }
    }
}

impl Default for AttachBox {
    fn default() -> Self {
        Self::new()
    }
}

impl Overlay for AttachBox {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Tab if plain => return self.complete(),
            KeyCode::Enter => return self.enter(),
            KeyCode::Down if !self.chosen && !self.names.found.is_empty() => self.chosen = true,
            _ if self.selection.key(key, self.names.found.len()) => self.chosen = true,
            _ => {
                if self.path.key(key) == Effect::Changed {
                    self.begin_anew();
                    return self.look();
                }
            }
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        // A file that is dropped on a terminal comes as its path; it takes the place of what nobody typed.
        let dropped = text.trim_start_matches(['\'', '"', ' ']);
        if dropped.starts_with('/') || dropped.starts_with("file://") || dropped.starts_with("~/") {
            self.path.set("");
        }
        self.path.insert(text.trim());
        self.look()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::Names(names) = delivery
            && names.typed == self.path.text()
        {
            self.names = *names;
            self.selection.set(0);
            self.chosen = false;
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let count = self.names.found.len();
        let more = if self.names.more { "+" } else { "" };
        let title = if count == 0 { String::new() } else { format!("{count}{more}") };
        let inner = frame::open(area, 76, 16, "Attach a file", &title, buf, theme)?;
        let x = frame::put(buf, inner.x, inner.y, inner.width, "path  ", theme.dim);
        let room = Rect::new(x, inner.y, inner.right().saturating_sub(x), 1);
        let cursor = self.path.draw(room, buf, theme.text, "~/price-list.pdf", theme);
        let names = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(4));
        if let Some(p) = &self.problem {
            frame::problem(buf, names, p, theme);
        } else {
            self.draw_names(names, buf, theme);
        }
        let keys = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        frame::keys(
            buf,
            keys,
            &[("Enter", "attach"), ("Tab", "complete"), ("↑↓", "choose"), ("Esc", "close")],
            theme,
        );
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", "attach"), Hint::new("Tab", "complete"), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;
    use crate::tui::reading::Entry;

    fn box_with(names: &[&str]) -> AttachBox {
        let mut o = AttachBox::new();
        give(&mut o, names);
        o
    }

    fn give(o: &mut AttachBox, names: &[&str]) {
        let found = names
            .iter()
            .map(|n| Entry {
                is_file: !n.ends_with('/'),
                name: n.trim_end_matches('/').into(),
                size: 1_234_567,
            })
            .collect();
        let typed = o.path.text().to_owned();
        o.deliver(Delivery::Names(Box::new(Names { typed, found, more: false, problem: None })));
    }

    fn attached(steps: &[Step]) -> Option<&str> {
        match steps {
            [Step::Close, Step::Talk(Talk::Attach(path))] => Some(path),
            _ => None,
        }
    }

    #[test]
    fn tab_completes_and_enter_attaches() {
        let mut o = box_with(&["Pictures/", "price-list.pdf", "price-old.pdf"]);
        write(&mut o, "pri");
        give(&mut o, &["price-list.pdf", "price-old.pdf"]);
        press(&mut o, "Tab");
        assert_eq!(o.path.text(), "~/price-");
        give(&mut o, &["price-list.pdf", "price-old.pdf"]);
        press(&mut o, "Tab Down");
        assert_eq!(attached(&press(&mut o, "Enter")), Some("~/price-old.pdf"));
    }

    #[test]
    fn a_folder_is_opened_and_a_typed_path_taken_as_it_is() {
        let mut o = box_with(&["Pictures/", "a.pdf"]);
        let steps = press(&mut o, "Down Enter");
        assert_eq!(o.path.text(), "~/Pictures/");
        assert_eq!(steps, [Step::Talk(Talk::Names("~/Pictures/".into()))]);
        assert!(press(&mut o, "Enter").is_empty() && o.problem.is_some(), "a folder is no file");
        write(&mut o, "b.png");
        assert_eq!(attached(&press(&mut o, "Enter")), Some("~/Pictures/b.png"));
    }

    #[test]
    fn a_whole_path_can_be_typed_behind_the_folder_that_stands_there() {
        for (typed, meant) in
            [("/srv/a.pdf", "/srv/a.pdf"), ("tmp/~/b.pdf", "~/b.pdf"), ("~$c.docx", "~/~$c.docx")]
        {
            let mut o = AttachBox::new();
            write(&mut o, typed);
            assert_eq!(attached(&press(&mut o, "Enter")), Some(meant));
        }
    }

    #[test]
    fn a_dropped_file_takes_the_place_of_the_beginning() {
        let mut o = AttachBox::new();
        o.paste("'/srv/a b.pdf' ");
        assert_eq!(attached(&press(&mut o, "Enter")), Some("'/srv/a b.pdf'"));
    }

    #[test]
    fn what_came_for_another_text_is_not_shown() {
        let mut o = box_with(&["a.pdf"]);
        write(&mut o, "b");
        o.deliver(Delivery::Names(Box::new(Names { typed: "~/".into(), ..Names::default() })));
        assert_eq!(o.names.found.len(), 1);
        assert!(press(&mut o, "Tab").is_empty(), "old names complete nothing");
    }

    #[test]
    fn it_draws_at_every_size() {
        let mut o = box_with(&["Pictures/", "evil\u{202e}fdp.exe", "price-list.pdf"]);
        press(&mut o, "Down");
        draw_everywhere(&o);
        let shown = picture(&o, 80, 24);
        assert!(
            shown.contains("Pictures/") && shown.contains("1.2 MB") && !shown.contains('\u{202e}'),
            "{shown}"
        );
    }
}
