//! Every overlay and every state, at three sizes, with styles: one table.
//!
//! A picture is the rows as text, then which cells are styled (`column+cells` and a letter). Rows that repeat are
//! folded, so that a change can be read.
//!
//! | file | owns |
//! | --- | --- |
//! | `mod` | the pictures and the tests |
//! | `stage` | what there is to be seen: threads, messages, answers of the engine |
//! | `colleagues` | the same where others work too |
//! | `accounts` | accounts in every state |
//! | `templates` | templates in every state, and the builder |
//! | `scenes` | the table |

mod accounts;
mod colleagues;
mod scenes;
mod stage;
mod templates;

use super::{App, Damage};
use crate::tui::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use scenes::{SCENES, Scene};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

/// Letters of styles, the same at all three sizes.
#[derive(Default)]
struct Legend(BTreeMap<String, char>);

impl Legend {
    fn letter(&mut self, cell: &ratatui::buffer::Cell) -> Option<char> {
        let mut words = Vec::new();
        for (what, color) in [("", cell.fg), ("on ", cell.bg)] {
            if color != Color::Reset {
                words.push(format!("{what}{color}"));
            }
        }
        if !cell.modifier.is_empty() {
            words.push(format!("{:?}", cell.modifier));
        }
        // What cannot be seen on a blank is no style.
        let seen = cell.symbol() != " "
            || cell.bg != Color::Reset
            || cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT);
        if words.is_empty() || !seen {
            return None;
        }
        let letters = ('a'..='z').chain('A'..='Z');
        let next = letters.clone().nth(self.0.len()).unwrap_or('?');
        Some(*self.0.entry(words.join(" ")).or_insert(next))
    }
}

/// Lines that come several times one after the other, folded.
fn folded(lines: &[String]) -> String {
    let mut out = String::new();
    for run in lines.chunk_by(|a, b| a == b) {
        match run.len() {
            n @ 3.. => writeln!(out, "{}\n  ×{n}", run[0]).unwrap(),
            _ => run.iter().for_each(|l| writeln!(out, "{l}").unwrap()),
        }
    }
    out
}

fn drawn(app: &App) -> (Buffer, Option<ratatui::layout::Position>) {
    let mut buf = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    let cursor = draw::draw(app, &mut buf, Damage::ALL);
    (buf, cursor)
}

/// The cells that lie over others: what an overlay changes, but for the status line.
fn covered(app: &mut App, buf: &Buffer) -> Rect {
    let overlays = std::mem::take(&mut app.overlays);
    let (under, _) = drawn(app);
    app.overlays = overlays;
    let (mut left, mut top, mut right, mut bottom) = (u16::MAX, u16::MAX, 0, 0);
    for y in 0..buf.area.height - 1 {
        for x in 0..buf.area.width {
            // What lies under an overlay is dimmed: only other symbols count.
            if buf[(x, y)].symbol() != under[(x, y)].symbol() {
                (left, top) = (left.min(x), top.min(y));
                (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
            }
        }
    }
    // A bar is read with what it is about.
    if bottom < top.saturating_add(4) { buf.area } else { Rect::new(left, top, right - left, bottom - top) }
}

/// A row as text, and which of its cells are styled. Blanks between words of one style belong to it.
fn row(buf: &Buffer, area: Rect, y: u16, legend: &mut Legend) -> (String, String) {
    let (mut text, mut runs, mut x) = (String::new(), Vec::<(u16, u16, char)>::new(), area.left());
    let mut blank = true;
    while x < area.right() {
        let cell = &buf[(x, y)];
        let cells = (cell.symbol().width() as u16).max(1);
        text.push_str(cell.symbol());
        match (legend.letter(cell), runs.last_mut()) {
            (Some(letter), Some((from, n, l))) if *l == letter && blank => *n = x + cells - *from,
            (Some(letter), _) => {
                runs.push((x, cells, letter));
                blank = true;
            }
            (None, _) => blank &= cell.symbol() == " ",
        }
        x += cells;
    }
    let runs: Vec<String> = runs.iter().map(|(x, n, l)| format!("{x}+{n}{l}")).collect();
    (text.trim_end().to_owned(), runs.join(" "))
}

/// The whole screen; where an overlay lies over it, that and the status line.
fn picture(mut app: App, legend: &mut Legend) -> String {
    let (buf, cursor) = drawn(&app);
    let area = if app.overlays.is_empty() { buf.area } else { covered(&mut app, &buf) };
    let mut out = format!("── {}x{}", buf.area.width, buf.area.height);
    if area != buf.area {
        write!(out, ", {}x{} at {},{}", area.width, area.height, area.x, area.y).unwrap();
    }
    out.push_str(" ──\n");
    let last = buf.area.height - 1;
    let own = (area.top()..area.bottom()).chain((area.bottom() <= last).then_some(last));
    let rows: Vec<(u16, String, String)> = own
        .map(|y| {
            let area = if y == last { buf.area } else { area };
            let (text, styles) = row(&buf, area, y, legend);
            (y, text, styles)
        })
        .collect();
    let text: Vec<String> = rows.iter().map(|(_, t, _)| t.clone()).collect();
    out.push_str(&folded(&text));
    writeln!(out, "cursor: {}", cursor.map_or("hidden".into(), |p| format!("{},{}", p.x, p.y))).unwrap();
    for run in rows.chunk_by(|a, b| a.2 == b.2) {
        let (first, last) = (run[0].0, run[run.len() - 1].0);
        let place = if first == last { format!("{first}") } else { format!("{first}-{last}") };
        if !run[0].2.is_empty() {
            writeln!(out, "{place}: {}", run[0].2).unwrap();
        }
    }
    out
}

/// Which scene shows an overlay, by the type that draws it. One that is not here has no picture.
const SHOWN_BY: &[(&str, &str, &str)] = &[
    ("AttachBox", "attach", "attach"),
    ("AccountSwitcher", "accounts", "accounts"),
    ("ActivityBox", "activity", ""),
    ("NumbersBox", "numbers", ""),
    ("Form", "form_buttons", ""),
    ("Confirm", "confirm", ""),
    ("Clash", "clash", "clash"),
    ("ConnectBox", "connect_new", "connect"),
    ("ContactBox", "contact", "contact"),
    ("ProfileBox", "profile", "profile"),
    ("DoctorBox", "doctor", "doctor"),
    ("FindBar", "find", ""),
    ("Form<S>", "quick_reply_editor", ""),
    ("ForwardBox", "forward", "forward"),
    ("HelpBox", "help", "help"),
    ("LabelPicker", "labels", "labels"),
    ("SendLater", "later", "send_later"),
    ("LifeBox", "life", ""),
    ("LinkList", "links", ""),
    ("MacroRun", "macro_plan", "macro_run"),
    ("MacroPicker", "macros", "macros"),
    ("MentionList", "mentions", "mentions"),
    ("NoteEditor", "note_editor", "note_editor"),
    ("NoticeList", "notices", ""),
    ("Palette", "palette", "palette"),
    ("Pick", "views", "views"),
    ("PipeBox", "pipe_output", "pipe"),
    ("Prompt", "export", ""),
    ("QuickReplyPicker", "quick_replies", ""),
    ("Reactions", "reactions", ""),
    ("SearchBox", "search", ""),
    ("TemplatePicker", "templates", ""),
    ("TemplateAdmin", "template_admin", "admin_templates"),
    ("ThemePicker", "themes", "themes"),
    ("VersionList", "versions", "versions"),
];

/// A screen with a scene on it.
fn staged(scene: &Scene, size: (u16, u16)) -> App {
    let mut s = (scene.from)();
    let mut app = s.start(size);
    (scene.act)(&mut s, &mut app);
    app
}

#[test]
fn every_overlay_and_every_state_at_three_sizes() {
    for scene in SCENES {
        let mut legend = Legend::default();
        let mut all: String = SIZES.iter().map(|size| picture(staged(scene, *size), &mut legend)).collect();
        for (style, letter) in &legend.0 {
            writeln!(all, "{letter} = {style}").unwrap();
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots", omit_expression => true }, {
            insta::assert_snapshot!(scene.name, all);
        });
    }
}

#[test]
fn no_overlay_is_without_a_scene() {
    let mut found = Vec::new();
    for dir in ["src/tui", "src/tui/overlay"] {
        for entry in std::fs::read_dir(format!("{}/{dir}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code.lines() {
                if let Some(rest) = line.split_once("Overlay for ").filter(|(l, _)| l.starts_with("impl")) {
                    found.push(rest.1.trim_end_matches('{').trim().to_owned());
                }
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    for kind in &found {
        assert!(SHOWN_BY.iter().any(|(k, ..)| k == kind), "{kind} has no scene");
    }
    for (kind, name, overlay) in SHOWN_BY {
        let scene =
            SCENES.iter().find(|s| s.name == *name).unwrap_or_else(|| panic!("{kind}: no scene {name}"));
        let app = staged(scene, (120, 36));
        let open = app.overlays.last().unwrap_or_else(|| panic!("{kind}: nothing is open"));
        assert!(overlay.is_empty() || open.overlay.name() == *overlay, "{kind}: {}", open.overlay.name());
    }
}

#[test]
fn enter_with_nothing_to_choose_says_what_to_do() {
    let scenes = SCENES.iter().filter(|s| s.name.ends_with("_nothing") && s.name != "list_nothing");
    let mut seen = 0;
    for scene in scenes.filter(|s| !matches!(s.name, "find_nothing" | "help_nothing")) {
        let app = staged(scene, (80, 24));
        assert!(!app.overlays.is_empty(), "{}", scene.name);
        let shown = picture(app, &mut Legend::default());
        assert!(shown.contains("nothing matches `"), "{}: {shown}", scene.name);
        seen += 1;
    }
    assert!(seen >= 7, "{seen}");
}
