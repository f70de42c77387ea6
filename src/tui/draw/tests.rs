//! Screens: what an operator sees at three sizes, with styles; and that drawing parts shows what drawing all does.

use super::*;
use crate::model::{Body, DeliveryState};
use crate::protocol::{Changed, Status};
use crate::tui::app::Event;
use crate::tui::app::tests::{Script, inbox, long};
use crate::tui::backend::{Painter, Target};
use proptest::prelude::*;
use ratatui::style::Modifier;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

fn full(app: &App) -> (Buffer, Option<Position>) {
    let mut buf = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    let cursor = draw(app, &mut buf, Damage::ALL);
    (buf, cursor)
}

/// The cells as text; wide symbols hide the cells behind them.
fn glyphs(buf: &Buffer, y: u16) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut x = 0;
    while x < buf.area.width {
        let s = buf[(x, y)].symbol();
        out.push((usize::from(x), s));
        x += s.width().max(1) as u16;
    }
    out
}

/// The grid of symbols, and under it the grid of styles with a legend.
pub(crate) fn picture(app: &App) -> String {
    let (buf, cursor) = full(app);
    let mut out = String::new();
    let mut styles: BTreeMap<String, char> = BTreeMap::new();
    let mut grid = String::new();
    for y in 0..buf.area.height {
        let line: String = glyphs(&buf, y).iter().map(|(_, s)| *s).collect();
        writeln!(out, "{}", line.trim_end()).unwrap();
        let mut row = String::new();
        for (x, _) in glyphs(&buf, y) {
            let c = &buf[(x as u16, y)];
            let name = format!("{:?} on {:?} {:?}", c.fg, c.bg, c.modifier);
            let plain = c.fg == ratatui::style::Color::Reset
                && c.bg == ratatui::style::Color::Reset
                && c.modifier == Modifier::empty();
            let next = char::from(b'a' + (styles.len() % 26) as u8);
            row.push(if plain || c.symbol() == " " && c.modifier.is_empty() {
                ' '
            } else {
                *styles.entry(name).or_insert(next)
            });
        }
        writeln!(grid, "{}", row.trim_end()).unwrap();
    }
    writeln!(out, "cursor: {}", cursor.map_or("hidden".into(), |p| format!("{},{}", p.x, p.y))).unwrap();
    writeln!(out, "styles:\n{}", grid.trim_end()).unwrap();
    let mut legend: Vec<(char, String)> = styles.into_iter().map(|(n, c)| (c, n)).collect();
    legend.sort();
    for (c, name) in legend {
        writeln!(out, "{c} = {name}").unwrap();
    }
    out
}

#[test]
fn one_pane_at_80x24() {
    let mut s = inbox();
    let mut app = s.start((80, 24));
    insta::assert_snapshot!("list_80x24", picture(&app));
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Oi Marta, o seu pedido 4711 sai hoje e chega amanhã até às 18 horas, prometo!");
    insta::assert_snapshot!("conversation_80x24", picture(&app));
}

#[test]
fn two_panes_at_120x36() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    insta::assert_snapshot!("inbox_120x36", picture(&app));
    s.keys(&mut app, "j Enter");
    insta::assert_snapshot!("failure_120x36", picture(&app));
    s.keys(&mut app, "h G Enter");
    insta::assert_snapshot!("closed_120x36", picture(&app));
}

#[test]
fn three_panes_at_200x50() {
    let mut s = inbox();
    let mut app = s.start((200, 50));
    s.keys(&mut app, "Enter k k");
    insta::assert_snapshot!("inbox_200x50", picture(&app));
}

#[test]
fn nothing_there_and_too_small() {
    let mut s = Script::new();
    s.accounts.truncate(1);
    s.status = Status::default();
    let app = s.start((90, 12));
    insta::assert_snapshot!("empty_90x12", picture(&app));
    let app = s.start((30, 6));
    insta::assert_snapshot!("too_small_30x6", picture(&app));
}

#[test]
fn every_kind_of_message_is_readable() {
    use crate::model::message::{CardEntry, ContactCard, OrderItem, ShownButton, ShownRow};
    let mut s = Script::new();
    let t = s.thread("Every Kind", Some("15550102030"), Some(600));
    let button = |kind: &str, text: &str| ShownButton { kind: kind.into(), text: text.into(), target: None };
    let media = |kind, name: &str, mime: &str| Body::Media {
        kind,
        media: crate::model::MediaCard {
            filename: (!name.is_empty()).then(|| name.into()),
            mime: mime.into(),
            size: Some(5_250_000),
            ..Default::default()
        },
        caption: String::new(),
    };
    use crate::model::MediaKind as K;
    let bodies = vec![
        (true, Body::text("*bold* _italic_ ~gone~ `code` and a*b*c stays, 2 * 3 * 4 too")),
        (true, media(K::Voice, "", "audio/ogg; codecs=opus")),
        (true, media(K::Document, "receipt\u{202e}fdp.exe", "application/pdf")),
        (true, media(K::Sticker, "", "image/webp")),
        (
            true,
            Body::Location {
                latitude: -23.5505,
                longitude: -46.6333,
                name: "Praça da Sé".into(),
                address: "São Paulo".into(),
            },
        ),
        (
            true,
            Body::Contacts {
                cards: vec![ContactCard {
                    name: "Bo Li".into(),
                    phones: vec![CardEntry {
                        label: "CELL".into(),
                        value: "+1 555 0100".into(),
                        wa_id: None,
                    }],
                    ..ContactCard::default()
                }],
            },
        ),
        (
            false,
            Body::Interactive {
                kind: "list".into(),
                header: "Plans".into(),
                text: "Which one?".into(),
                footer: "prices with tax".into(),
                buttons: vec![button("list", "Choose")],
                rows: vec![ShownRow { id: "a".into(), title: "Full".into(), description: "9 €".into() }],
            },
        ),
        (
            true,
            Body::Choice {
                source: "list".into(),
                id: "a".into(),
                title: "Full".into(),
                description: "9 €".into(),
            },
        ),
        (
            true,
            Body::Form {
                name: "flow".into(),
                text: "Sent".into(),
                response: r#"{"flow_token":"secret","size":"M"}"#.into(),
            },
        ),
        (
            true,
            Body::Order {
                catalog: "1".into(),
                text: "please".into(),
                items: vec![OrderItem {
                    product: "SKU-1".into(),
                    quantity: 2.0,
                    price: 9.5,
                    currency: "EUR".into(),
                }],
            },
        ),
        (
            false,
            Body::Template {
                name: "order_update".into(),
                language: "en".into(),
                header: "Order".into(),
                text: "Your order *4711* is on its way".into(),
                footer: "Acme".into(),
                buttons: vec![button("URL", "Track"), button("QUICK_REPLY", "Stop")],
            },
        ),
        (true, Body::Call { event: "missed".into(), seconds: None }),
        (true, Body::System { kind: "number_changed".into(), text: "The number changed".into() }),
        (true, Body::Revoked),
        (true, Body::Unsupported { what: "poll".into(), details: "Message type is not supported".into() }),
        (true, Body::Unknown { kind: "hologram".into(), text: "hi".into() }),
    ];
    let n = bodies.len() as i64;
    for (i, (inbound, body)) in bodies.into_iter().enumerate() {
        s.say(t, n - i as i64, inbound, body);
    }
    for (i, state) in
        [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Accepted, DeliveryState::Unknown]
            .into_iter()
            .enumerate()
    {
        let id = s.say(t, 0, false, Body::text(format!("state {i}")));
        s.change(id, |m| m.state = state);
    }
    let mut app = s.start((100, 84));
    s.keys(&mut app, "Enter");
    let shown = picture(&app);
    assert!(!shown.contains("secret"));
    insta::assert_snapshot!("kinds_100x84", shown);
}

fn size(cells: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(cells).unwrap()
}

/// A terminal that is fed what the painter writes.
struct Terminal {
    painter: Painter,
    buffer: Buffer,
    parser: vt100::Parser,
}

impl Terminal {
    fn new(app: &App) -> Self {
        let area = Rect::new(0, 0, app.size.0, app.size.1);
        Self {
            painter: Painter::new(area),
            buffer: Buffer::empty(area),
            parser: vt100::Parser::new(size(app.size.1), size(app.size.0), 0),
        }
    }

    /// Draws what is damaged; the bytes of the frame.
    fn frame(&mut self, app: &mut App) -> usize {
        let area = Rect::new(0, 0, app.size.0, app.size.1);
        if self.buffer.area != area {
            self.buffer = Buffer::empty(area);
            self.painter.invalidate(area);
            self.parser.screen_mut().set_size(size(area.height), size(area.width));
        }
        let damage = app.take_damage();
        let cursor = draw(app, &mut self.buffer, damage);
        let areas = areas(app, damage);
        let title = app.title();
        let bytes = self.painter.frame(&Target {
            buffer: &self.buffer,
            areas: &areas,
            cursor,
            title: &title,
            extra: &[],
            links: &[],
        });
        self.parser.process(bytes);
        app.drawn();
        bytes.len()
    }

    /// Compares the terminal with what drawing everything shows.
    fn check(&self, app: &App) {
        let (whole, cursor) = full(app);
        let screen = self.parser.screen();
        for y in 0..whole.area.height {
            // The parts that it does not join may spill over the edge into the next line.
            let spilt = y > 0 && glyphs(&whole, y - 1).iter().any(|(_, s)| s.contains('\u{200d}'));
            for (x, symbol) in glyphs(&whole, y) {
                let x = x as u16;
                if spilt && x < 8 {
                    continue;
                }
                let cell = screen.cell(y, x).unwrap();
                let shown = if cell.contents().is_empty() { " " } else { cell.contents() };
                // This terminal, like some older ones, does not join the parts of an emoji.
                let joined =
                    symbol.chars().any(|c| c == '\u{200d}' || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c));
                if joined {
                    assert!(symbol.starts_with(shown), "at {x},{y}: {shown} for {symbol}");
                } else {
                    assert_eq!(shown, symbol, "at {x},{y}: {}", screen.contents());
                }
                let want = &whole[(x, y)];
                if symbol != " " {
                    assert_eq!(
                        cell.bold(),
                        want.modifier.contains(Modifier::BOLD),
                        "bold at {x},{y} {symbol}"
                    );
                    assert_eq!(color(cell.fgcolor()), want.fg, "colour at {x},{y} {symbol}");
                }
                assert_eq!(cell.inverse(), want.modifier.contains(Modifier::REVERSED), "reverse at {x},{y}");
                assert_eq!(color(cell.bgcolor()), want.bg, "background at {x},{y}");
            }
        }
        match cursor {
            Some(p) => {
                assert!(!screen.hide_cursor());
                assert_eq!(screen.cursor_position(), (p.y, p.x));
            }
            None => assert!(screen.hide_cursor()),
        }
    }
}

fn color(c: vt100::Color) -> ratatui::style::Color {
    use ratatui::style::Color as C;
    match c {
        vt100::Color::Default => C::Reset,
        vt100::Color::Idx(n) => [
            C::Black,
            C::Red,
            C::Green,
            C::Yellow,
            C::Blue,
            C::Magenta,
            C::Cyan,
            C::Gray,
            C::DarkGray,
            C::LightRed,
            C::LightGreen,
            C::LightYellow,
            C::LightBlue,
            C::LightMagenta,
            C::LightCyan,
            C::White,
        ]
        .get(usize::from(n))
        .copied()
        .unwrap_or(C::Indexed(n)),
        vt100::Color::Rgb(r, g, b) => C::Rgb(r, g, b),
    }
}

#[test]
fn bytes_of_a_character_a_move_and_a_page_stay_in_their_budgets() {
    let mut s = long(2_000);
    for i in 0..200 {
        let t = s.thread(&format!("Customer number {i}"), Some("15550102030"), Some(600));
        s.say(t, i + 10, true, Body::text("a preview of about forty characters here"));
    }
    let mut app = s.start((200, 50));
    let mut t = Terminal::new(&app);
    t.frame(&mut app);
    assert_eq!(t.frame(&mut app), 0, "nothing changed, nothing is written");
    s.keys(&mut app, "j");
    t.frame(&mut app);
    for _ in 0..30 {
        s.keys(&mut app, "j");
        let n = t.frame(&mut app);
        // A move that scrolls the list writes the list.
        assert!(n <= if app.list.top == 0 { 480 } else { 4_900 }, "{n}");
        t.check(&app);
    }
    s.keys(&mut app, "g g Enter");
    t.frame(&mut app);
    for _ in 0..10 {
        s.keys(&mut app, "PageUp");
        let n = t.frame(&mut app);
        assert!(n <= 4_900, "{n}");
        t.check(&app);
    }
    s.keys(&mut app, "r");
    t.frame(&mut app);
    for c in "hello, this is a reply".chars() {
        s.type_text(&mut app, &c.to_string());
        let n = t.frame(&mut app);
        assert!(n <= 40, "{n}");
        t.check(&app);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn drawing_what_changed_shows_what_drawing_everything_would(
        steps in prop::collection::vec((0u8..30, 0usize..6), 1..50),
    ) {
        let mut s = inbox();
        let mut app = s.start((120, 30));
        let mut t = Terminal::new(&app);
        t.frame(&mut app);
        for (step, n) in steps {
            match step {
                0..=2 => { s.keys(&mut app, "j"); }
                3 => { s.keys(&mut app, "k"); }
                4 | 5 => { s.keys(&mut app, "Enter"); }
                6 => { s.keys(&mut app, "Esc"); }
                7 | 8 => { s.keys(&mut app, "Tab"); }
                9 | 10 => { s.keys(&mut app, "r"); }
                11 => s.type_text(&mut app, "é👨\u{200d}👩\u{200d}👧 王x"),
                12 => s.type_text(&mut app, "some words to wrap over more than one line of it "),
                13 => { s.keys(&mut app, "Ctrl+J"); }
                14 => { s.keys(&mut app, "Backspace"); }
                15 => { s.keys(&mut app, "PageUp"); }
                16 => { s.keys(&mut app, "+"); }
                17 => { s.keys(&mut app, "u"); }
                18 | 19 => {
                    let thread = s.threads[n % s.threads.len()].id;
                    let m = s.say(thread, 0, true, Body::text("نعم 王 and more text 👍🏽"));
                    s.row(thread).unread += 1;
                    let account = s.threads[0].account.clone();
                    s.tell(&mut app, vec![
                        Changed::MessageStored { thread, message: m, inbound: true },
                        Changed::ThreadChanged { thread, account },
                    ]);
                }
                20 => {
                    let i = n % s.messages.len();
                    let (id, thread) = (s.messages[i].id, s.messages[i].thread);
                    s.change(id, |m| m.state = DeliveryState::Failed);
                    s.tell(&mut app, vec![Changed::MessageChanged { thread, message: id }]);
                }
                21 => {
                    s.clock.advance(3_700_000);
                    let effects = app.update(Event::Deadline);
                    s.pump(&mut app, effects);
                }
                22 => {
                    s.status.outbox += 1;
                    s.tell(&mut app, vec![Changed::StatusChanged]);
                }
                23 => {
                    let size = [(120, 30), (80, 24), (160, 40), (41, 11), (30, 9), (200, 50)][n];
                    let effects = app.update(Event::Resize(size.0, size.1));
                    s.pump(&mut app, effects);
                }
                24 => { s.keys(&mut app, "U"); }
                25 => { s.keys(&mut app, "g"); }
                26 => { s.keys(&mut app, "Ctrl+W"); }
                27 => { s.keys(&mut app, "Up"); }
                28 => { s.keys(&mut app, "Left"); }
                _ => { s.keys(&mut app, "Ctrl+L"); }
            }
            t.frame(&mut app);
            t.check(&app);
        }
    }
}

#[test]
fn an_overlay_over_wide_symbols_leaves_no_halves_behind() {
    let mut s = Script::new();
    let thread = s.thread("王小明王小明王小明", None, Some(600));
    for _ in 0..20 {
        s.say(thread, 5, true, Body::text("请问这个订单什么时候发货".repeat(6)));
    }
    let mut app = s.start((101, 30));
    let mut t = Terminal::new(&app);
    t.frame(&mut app);
    s.keys(&mut app, "Enter +");
    t.frame(&mut app);
    let shown = t.parser.screen().contents();
    assert!(shown.contains("╭ react") && shown.matches('│').count() > 2, "{shown}");
    s.keys(&mut app, "Esc");
    t.frame(&mut app);
    t.check(&app);
}

#[test]
fn an_empty_inbox_greets_and_says_what_to_do() {
    for size in [(80, 24), (120, 36), (200, 50)] {
        let mut s = Script::new();
        let app = s.start(size);
        let picture = picture(&app);
        assert!(
            picture.contains("Welcome to Switchboard, ana.") && picture.contains("+55 11 4000-0000"),
            "{picture}"
        );
        insta::assert_snapshot!(format!("welcome_{}x{}", size.0, size.1), picture);
    }
    let mut s = Script::new();
    let accounts = std::mem::take(&mut s.accounts);
    let mut app = s.start((100, 24));
    assert!(picture(&app).contains("No account is configured"));
    // What it says of accounts and status follows them.
    let mut t = Terminal::new(&app);
    t.frame(&mut app);
    s.accounts = accounts;
    s.tell(&mut app, vec![Changed::AccountChanged { account: crate::model::AccountId::new("support") }]);
    t.frame(&mut app);
    t.check(&app);
    assert!(!picture(&app).contains("No account is configured"));
    let mut s = Script::new();
    s.status.listener_problem = Some("address in use\u{1b}[2J".into());
    assert!(picture(&s.start((80, 24))).contains("No webhooks can come in: address in use"));
}

#[test]
fn a_slow_answer_is_said_to_be_on_its_way() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let effects = app.update(Event::Key(crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Enter,
        crossterm::event::KeyModifiers::NONE,
    )));
    assert!(app.deadline().is_some_and(|at| at <= s.clock.now() + 400));
    s.clock.advance(401);
    app.update(Event::Deadline);
    assert!(picture(&app).contains("working…"));
    s.pump(&mut app, effects);
    assert!(!picture(&app).contains("working…"));
}
