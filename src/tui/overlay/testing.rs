//! Keys written as text, and pictures of an overlay with its styles, for the tests of this module.

use super::templates::TemplateTarget;
use super::{Overlay, Step};
use crate::model::event::{AccountSpec, NumberFacts, Recipient};
use crate::model::ids::{AccountId, ContactId, MessageId, QuickReplyId, ThreadId};
use crate::model::quick_reply::QuickReply;
use crate::model::template::{ParameterFormat, Template, TemplateButton, TemplateHeader};
use crate::model::{Body, DeliveryState, DeliveryTimes, Direction, Message, Origin, ThreadRow, Window};
use crate::protocol::{AccountView, Hit};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// `Ctrl+R`, `Enter`, `a` as a key event.
pub fn key(name: &str) -> KeyEvent {
    let mut mods = KeyModifiers::NONE;
    let mut rest = name;
    loop {
        if let Some(r) = rest.strip_prefix("Ctrl+") {
            mods |= KeyModifiers::CONTROL;
            rest = r;
        } else if let Some(r) = rest.strip_prefix("Shift+") {
            mods |= KeyModifiers::SHIFT;
            rest = r;
        } else if let Some(r) = rest.strip_prefix("Alt+") {
            mods |= KeyModifiers::ALT;
            rest = r;
        } else {
            break;
        }
    }
    let code = match rest {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" if mods.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        "Tab" => KeyCode::Tab,
        "Space" => KeyCode::Char(' '),
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PageUp" => KeyCode::PageUp,
        "PageDown" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        f if f.len() > 1 && f.starts_with('F') => KeyCode::F(f[1..].parse().expect("a function key")),
        one => {
            let mut chars = one.chars();
            let c = chars.next().expect("a key");
            assert!(chars.next().is_none(), "`{one}` is not a key");
            if mods == KeyModifiers::CONTROL {
                KeyCode::Char(c.to_ascii_lowercase())
            } else {
                KeyCode::Char(c)
            }
        }
    };
    KeyEvent::new(code, mods)
}

/// Presses keys separated by spaces; all steps that came out, in order.
pub fn press(o: &mut dyn Overlay, keys: &str) -> Vec<Step> {
    keys.split_whitespace().flat_map(|k| o.key(key(k))).collect()
}

/// Types text, one key for each character.
pub fn write(o: &mut dyn Overlay, text: &str) -> Vec<Step> {
    text.chars().flat_map(|c| o.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))).collect()
}

fn describe(style: Style) -> String {
    let mut out = String::new();
    for (what, color) in [("fg", style.fg), ("bg", style.bg)] {
        if let Some(c) = color.filter(|c| *c != Color::Reset) {
            let _ = write!(out, "{what}={c} ");
        }
    }
    if style.add_modifier != Modifier::empty() {
        let _ = write!(out, "{:?}", style.add_modifier);
    }
    out.trim_end().to_owned()
}

/// What is drawn on a screen of this size over a background of dots: rows, cursor, hints, then for each row the
/// styles as letters with a legend.
pub fn picture(o: &dyn Overlay, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height - 1);
    let mut buf = Buffer::empty(area);
    for y in 0..area.height {
        for x in 0..width {
            buf[(x, y)].set_symbol("·");
        }
    }
    let cursor = o.draw(area, &mut buf, &Theme::basic());
    let mut rows = String::new();
    let mut styles = String::new();
    let mut legend: BTreeMap<String, char> = BTreeMap::new();
    for y in 0..area.height {
        let mut x = 0;
        let mut style_row = String::new();
        while x < width {
            let cell = &buf[(x, y)];
            let w = (cell.symbol().width() as u16).max(1);
            rows.push_str(cell.symbol());
            let what = describe(cell.style());
            let letter = if what.is_empty() {
                '.'
            } else {
                let next = char::from(b'a' + legend.len() as u8);
                *legend.entry(what).or_insert(next)
            };
            for _ in 0..w {
                style_row.push(letter);
            }
            x += w;
        }
        rows.push('\n');
        let _ = writeln!(styles, "{}", style_row.trim_end_matches('.'));
    }
    let hints: Vec<String> = o.hints().iter().map(|h| format!("{} {}", h.key, h.does)).collect();
    let mut out = format!("{rows}hints: {}\n", hints.join("  "));
    let _ = match cursor {
        Some(p) => writeln!(out, "cursor: {},{}", p.x, p.y),
        None => writeln!(out, "cursor: none"),
    };
    out.push_str("styles:\n");
    out.push_str(&styles);
    for (what, letter) in legend {
        let _ = writeln!(out, "{letter} = {what}");
    }
    out
}

/// Draws on every size from nothing to large: nothing may panic or leave the area.
pub fn draw_everywhere(o: &dyn Overlay) {
    for (w, h) in
        [(0, 0), (1, 1), (10, 3), (39, 11), (40, 12), (41, 13), (60, 15), (80, 23), (120, 35), (200, 49)]
    {
        for offset in [0, 3] {
            let whole = Rect::new(0, 0, w + 2 * offset, h + 2 * offset);
            let area = Rect::new(offset, offset, w, h);
            let mut buf = Buffer::empty(whole);
            let cursor = o.draw(area, &mut buf, &Theme::basic());
            if let Some(p) = cursor {
                assert!(area.contains(p), "{}: cursor {p} outside of {area}", o.name());
            }
            for y in whole.top()..whole.bottom() {
                for x in whole.left()..whole.right() {
                    if !area.contains((x, y).into()) {
                        assert_eq!(
                            buf[(x, y)].symbol(),
                            " ",
                            "{}: drew at {x},{y} outside of {area}",
                            o.name()
                        );
                    }
                }
            }
        }
    }
}

/// Accounts in three states.
pub fn accounts() -> Vec<AccountView> {
    let make = |id: &str, name: &str, phone: &str, env: &str, state: &str, unread: u32| AccountView {
        spec: AccountSpec {
            id: AccountId::new(id),
            name: name.into(),
            provider: "meta".into(),
            environment: env.into(),
            number: "106540352242922".into(),
            business: "102290129340398".into(),
        },
        state: state.into(),
        state_text: String::new(),
        facts: NumberFacts {
            display_phone: phone.into(),
            quality: "GREEN".into(),
            limit: "TIER_2K".into(),
            ..NumberFacts::default()
        },
        unread_threads: unread.min(4),
        unread,
        threads: 120,
        last_webhook: None,
        templates_synced: None,
        life: crate::model::account::AccountLife::default(),
    };
    let mut out = vec![
        make("support", "Acme Support", "+55 11 98888-1234", "production", "connected", 12),
        make("sales", "Acme Sales", "+44 20 7946 0958", "production", "error", 3),
        make(
            "lojas",
            "Lojas BR 店 متجر, the longest name that anybody has ever given to a shop",
            "",
            "development",
            "pending",
            0,
        ),
        make("test", "", "+1 555 010 2030", "development", "disconnected", 0),
    ];
    out[1].state_text = "(#190) the access token has expired: renew it and run switchboard doctor".into();
    out
}

/// Quick replies in several scripts, the first one used most.
pub fn quick_replies() -> Vec<QuickReply> {
    let make = |n: u8, shortcut: &str, text: &str, used: u64| QuickReply {
        id: QuickReplyId([n; 16]),
        shortcut: shortcut.into(),
        text: text.into(),
        used,
        ..QuickReply::default()
    };
    vec![
        make(
            1,
            "hours",
            "Hello {{ contact.first_name }}, we are open Monday to Friday from 9 to 18.\n\nBest wishes\n{{ operator.name }}",
            41,
        ),
        make(
            2,
            "order",
            "Order {{ order_number }} left us by {{ carrier }} and arrives {{ arrives | default('tomorrow') }}.",
            12,
        ),
        make(3, "spasibo", "Спасибо, {{ contact.first_name }}! 谢谢 شكرا 🙏", 3),
        make(4, "broken", "Hello {{ contact.name", 0),
        make(5, "a-shortcut-of-forty-characters-in-full-x", "long", 0),
    ]
}

/// A row of the thread list.
pub fn thread_row(n: usize) -> ThreadRow {
    let names = ["Marta Souza", "王小明", "فاطمة السيد", "An extraordinarily long name of somebody 👩‍💻"];
    ThreadRow {
        id: ThreadId([n as u8; 16]),
        account: AccountId::new("support"),
        contact: ContactId([n as u8; 16]),
        title: names[n % 4].into(),
        phone: (!n.is_multiple_of(2)).then(|| "5511988881234".into()),
        last_at: n as i64 * 60_000,
        preview: None,
        unread: 2 * n as u32,
        window: Window::CLOSED,
        draft: false,
        failed: 0,
        handling: crate::model::handling::Handling::default(),
    }
}

/// A message that a search found.
pub fn hit(n: usize) -> Hit {
    let row = thread_row(n % 4);
    let snippets = [
        "Cadê o meu \u{2}pedido\u{3}? Comprei ontem e ainda não recebi nada",
        "请问这个 \u{2}pedido\u{3} 什么时候发货\u{1b}[31m red",
        "أين \u{2}pedido\u{3} الخاص بي",
        "… and after a very long beginning that goes on and on, until somebody finally says it: the \u{2}pedido\u{3} is here",
    ];
    Hit {
        message: Message {
            id: MessageId::derived(&["hit", &n.to_string()]),
            thread: row.id,
            account: row.account,
            direction: if n.is_multiple_of(3) { Direction::Outbound } else { Direction::Inbound },
            origin: Origin::Customer(None),
            at: n as i64 * 61_000,
            stored_at: 0,
            body: Body::Text { text: "pedido".into() },
            state: DeliveryState::Read,
            times: DeliveryTimes::default(),
            error: None,
            quote: None,
            reactions: Vec::new(),
            provider_id: None,
            tag: None,
            edited: false,
            waits: None,
            put_aside: false,
            also_sent: None,
            attempts: 0,
            unread: false,
            late: None,
            revision: 0,
        },
        title: row.title,
        snippet: snippets[n % 4].into(),
    }
}

/// A thread that a template is sent to.
pub fn target() -> TemplateTarget {
    TemplateTarget {
        account: AccountId::new("support"),
        account_name: "Acme Support".into(),
        to: Recipient::Thread { thread: ThreadId([7; 16]) },
        contact_name: "Marta Souza".into(),
        first_name: "Marta".into(),
        phone: "+55 11 98888-1234".into(),
        draft: "half a\nsentence".into(),
        window_open: false,
        mapped: false,
        marketing_opt_out: true,
        mask: crate::config::settings::Masking::Off,
    }
}

/// Templates of every category, with all kinds of headers and buttons, and ones that cannot be sent.
pub fn templates() -> Vec<Template> {
    let examples =
        |list: &[(&str, &str)]| list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let button = |kind: &str, text: &str, target: &str, example: &str| TemplateButton {
        kind: kind.into(),
        text: text.into(),
        target: target.into(),
        example: example.into(),
    };
    let base = Template { language: "en_GB".into(), status: "APPROVED".into(), ..Template::default() };
    vec![
        Template {
            name: "repair_ready".into(),
            category: "UTILITY".into(),
            header: Some(TemplateHeader {
                format: "text".into(),
                text: "Ticket {{1}}".into(),
                examples: examples(&[("1", "4711")]),
            }),
            body: "Hello {{1}},\nyour {{2}} is ready. You can fetch it from Monday to Friday between nine and six.".into(),
            body_examples: examples(&[("1", "Amara"), ("2", "bicycle")]),
            footer: "Nord Repairs, since 1974".into(),
            buttons: vec![
                button("quick_reply", "Thanks", "", ""),
                button("url", "Details", "https://n.example/t/{{1}}", "4711"),
                button("phone_number", "Call us", "+442079460958", ""),
            ],
            ..base.clone()
        },
        Template {
            name: "invoice_document".into(),
            category: "UTILITY".into(),
            header: Some(TemplateHeader { format: "document".into(), ..TemplateHeader::default() }),
            body: "Here is your invoice for {{month}}, {{first_name}}.".into(),
            body_examples: examples(&[("month", "May")]),
            format: ParameterFormat::Named,
            ..base.clone()
        },
        Template {
            name: "login_code".into(),
            category: "AUTHENTICATION".into(),
            body: "{{1}} is your code.".into(),
            buttons: vec![button("copy_code", "Copy code", "", "123456")],
            ..base.clone()
        },
        Template {
            name: "old_paused_one".into(),
            category: "MARKETING".into(),
            status: "PAUSED".into(),
            body: "We miss you.".into(),
            ..base.clone()
        },
        Template {
            name: "promo_spring".into(),
            category: "MARKETING".into(),
            body: "🌷 Spring is here: 20 % off your next order. مرحبا 你好".into(),
            footer: "Reply STOP to get no more of these".into(),
            ..base.clone()
        },
        Template {
            name: "carousel_of_everything_that_we_have_in_the_shop".into(),
            category: "MARKETING".into(),
            body: "Look around.".into(),
            unsupported: vec!["carousel".into()],
            ..base
        },
    ]
}

mod any_keys {
    use super::super::accounts::AccountSwitcher;
    use super::super::confirm::Confirm;
    use super::super::help::{HelpBox, HelpSection};
    use super::super::quick_replies::QuickReplyPicker;
    use super::super::search::SearchBox;
    use super::super::templates::TemplatePicker;
    use super::super::variables::Variables;
    use super::super::{Delivery, Overlay, Step};
    use super::*;
    use crate::protocol::{Cursor, Found, Page, Problem, Request};
    use proptest::prelude::*;
    use std::sync::Arc;

    // Overlays live in the state of the screen, which moves between threads.
    type Boxed = Box<dyn Overlay + Send>;

    fn all() -> Vec<Boxed> {
        let when = || Arc::new(|at: i64| format!("{at}"));
        let rows = (0..30).map(|i| (format!("Ctrl+{i}"), "does something".to_owned())).collect();
        vec![
            Box::new(AccountSwitcher::new(accounts(), None)),
            Box::new(Confirm::new("Delete?", vec!["All of it".into()], 'y', Vec::new())),
            Box::new(HelpBox::new(vec![HelpSection { title: "List".into(), rows }])),
            Box::new(QuickReplyPicker::new(quick_replies(), "", Variables::default())),
            Box::new(SearchBox::new(Some(AccountId::new("support")), when())),
            Box::new(TemplatePicker::new(target(), templates(), None, when())),
        ]
    }

    /// Answers as an engine would, well or badly.
    fn answer(r: &Request, well: bool) -> Delivery {
        if !well {
            return Delivery::Problem(Problem::new("store", "no").means("not now").next("again"));
        }
        match r {
            Request::Search { text, before, .. } => {
                let from = before.map_or(0, |c| c.row as usize);
                let next = (from < 60).then_some(Cursor { at: 0, row: from as i64 + 20 });
                let hits = Page { items: (from..from + 20).map(hit).collect(), next };
                let threads = if from == 0 { vec![thread_row(1)] } else { Vec::new() };
                Delivery::Found(text.clone(), Box::new(Found { threads, hits }))
            }
            Request::QuickReplies => Delivery::QuickReplies(quick_replies()),
            Request::Templates { .. } => Delivery::Templates(templates()),
            Request::SendTemplate { .. } => Delivery::Queued(ThreadId([1; 16])),
            _ => Delivery::Done,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

        #[test]
        fn nothing_panics_and_every_question_is_answered(
            which in 0usize..6,
            names in prop::collection::vec(
                prop::sample::select(vec![
                    "Enter", "Enter", "Esc", "Tab", "Shift+Tab", "Up", "Down", "Down", "PageDown", "PageUp", "Home",
                    "End", "Ctrl+Home", "Ctrl+End", "Left", "Backspace", "Delete", "Ctrl+U", "Ctrl+O", "Ctrl+R",
                    "Ctrl+J", "F2", "F3", "F4", "F5", "F10", "y", "n", "a", "e", "1", "\u{644}", "\u{5c0f}", "Space",
                ]),
                0..60,
            ),
            well: bool,
            late: bool,
            width in 20u16..130,
            height in 8u16..40,
        ) {
            let mut o = all().swap_remove(which);
            let area = Rect::new(0, 0, width, height);
            let mut waiting: Vec<Request> = Vec::new();
            for name in names {
                let mut steps = o.key(key(name));
                loop {
                    for s in steps {
                        if let Step::Ask(r) = s {
                            waiting.push(*r);
                        }
                    }
                    if waiting.is_empty() || (late && name != "Enter") {
                        break;
                    }
                    steps = o.deliver(answer(&waiting.remove(0), well));
                }
                let mut buf = Buffer::empty(area);
                if let Some(p) = o.draw(area, &mut buf, &Theme::basic()) {
                    prop_assert!(area.contains(p));
                }
                let _ = o.hints();
            }
        }
    }
}
