use super::*;
use crate::model::{AccountId, DeliveryError, DeliveryTimes, Quote, Reaction, ThreadId};
use proptest::prelude::*;

fn message(inbound: bool, body: Body) -> Message {
    Message {
        id: MessageId::derived(&["x"]),
        thread: ThreadId::derived(&["t"]),
        account: AccountId::new("a"),
        direction: if inbound { Direction::Inbound } else { Direction::Outbound },
        origin: if inbound { Origin::Customer(None) } else { Origin::Operator("ana".into()) },
        at: 0,
        stored_at: 0,
        body,
        state: if inbound { DeliveryState::Received } else { DeliveryState::Sent },
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
    }
}

fn keys() -> WayOut {
    let map = crate::tui::keymap::Keymap::default();
    WayOut::new(|id| map.shown(crate::tui::command::Scope::Conversation, id).unwrap_or("?").to_owned())
}

fn laid_out(m: &Message, width: u16, around: &Around) -> Block {
    let theme = Theme::basic();
    let tz = TimeZone::UTC;
    let keys = keys();
    let look = Look {
        width,
        theme: &theme,
        tz: &tz,
        today: Date::constant(2025, 11, 21),
        name: "Marta",
        operator: "bo",
        keys: &keys,
    };
    lay_out(m, around, &look)
}

fn shown(block: &Block) -> String {
    let line = |l: &Line| {
        " ".repeat(usize::from(l.x)) + &l.spans.iter().map(|(s, _)| s.as_str()).collect::<String>()
    };
    block.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn marks_style_words_and_leave_arithmetic_alone() {
    let (clean, runs) = marks("*bold _both_* 2 * 3 * 4 a_b_c ~x~ `*c*` *open");
    assert_eq!(clean, "bold both 2 * 3 * 4 a_b_c x *c* *open");
    let style = |word: &str| {
        let at = clean.find(word).unwrap();
        runs.iter().find(|(r, _)| r.contains(&at)).unwrap().1
    };
    assert_eq!(style("bold"), Modifier::BOLD);
    assert_eq!(style("both"), Modifier::BOLD | Modifier::ITALIC);
    assert_eq!(style("a_b_c"), Modifier::empty());
    assert_eq!(style("x "), Modifier::CROSSED_OUT);
    assert_eq!(style("*c*"), Modifier::DIM);
    assert_eq!(style("*open"), Modifier::empty());
    assert_eq!(marks("```\nlet x = *1*;\n```").0, "\nlet x = *1*;\n");
}

#[test]
fn ours_stand_right_and_theirs_left_with_the_time_behind_the_text() {
    let ours = shown(&laid_out(&message(false, Body::text("hi")), 40, &Around::default()));
    assert_eq!(ours, format!("{}hi  ✓ 00:00 ▕", " ".repeat(40 - 13)));
    let theirs = shown(&laid_out(&message(true, Body::text("hi")), 40, &Around::default()));
    assert_eq!(theirs, " ▏hi  00:00");
}

#[test]
fn a_failure_says_code_meaning_and_key() {
    let mut m = message(false, Body::text("hi"));
    m.state = DeliveryState::Failed;
    m.error = Some(DeliveryError {
        code: 131_047,
        text: "Re-engagement message".into(),
        cause: Some("more than 24 hours passed".into()),
        next: Some("t sends a template".into()),
    });
    let s = shown(&laid_out(&m, 60, &Around::default()));
    for part in ["✗ 131047 Re-engagement message", "more than 24 hours passed", "→ t sends a template"] {
        assert!(s.contains(part), "{s}");
    }
}

#[test]
fn the_keys_of_a_failure_follow_its_next_step() {
    let mut m = message(false, Body::text("hi"));
    m.state = DeliveryState::Failed;
    for (next, keys) in [
        (Some("send another template"), "→ t sends a template, x y puts it aside"),
        (Some("wait a moment, then try again"), "→ Ctrl+R sends it again, x y puts it aside"),
        (Some("reach the customer another way"), "→ x y puts it aside"),
        (None, "→ Ctrl+R sends it again, x y puts it aside"),
    ] {
        let next = next.map(str::to_owned);
        m.error = Some(DeliveryError { code: 131_026, text: "no".into(), cause: None, next: next.clone() });
        m.revision += 1;
        let s = shown(&laid_out(&m, 60, &Around::default()));
        assert!(s.contains("✗ 131026 no") && s.contains(keys), "{s}");
        assert!(next.is_none_or(|n| s.contains(&format!("→ {n}"))), "{s}");
        assert_eq!(s.matches("Ctrl+R").count(), usize::from(keys.contains("Ctrl+R")), "{s}");
    }
    // A message put aside asks for nothing.
    m.put_aside = true;
    m.revision += 1;
    let s = shown(&laid_out(&m, 60, &Around::default()));
    assert!(s.contains("→ put aside") && !s.contains("x y"), "{s}");
}

/// What any phone allows people to write is laid out in time: a frame must not wait for it.
#[test]
fn long_texts_full_of_marks_are_laid_out_in_time() {
    for piece in
        ["*a ", "_a~b*c ", "`", "```a", "\u{301}", "👨\u{200d}", "\u{1100}", "🇧", "(", "a.", "\u{915}\u{94d}"]
    {
        let text: String = piece.repeat(65_000 / piece.chars().count());
        // What grows with the square of the length takes minutes here: nobody would miss it.
        assert!(!laid_out(&message(true, Body::text(text)), 80, &Around::default()).lines.is_empty());
    }
}

#[test]
fn the_cache_gives_the_same_lines_until_something_changes() {
    let theme = Theme::basic();
    let tz = TimeZone::UTC;
    let keys = keys();
    let look = Look {
        width: 50,
        theme: &theme,
        tz: &tz,
        today: Date::constant(2025, 11, 21),
        name: "M",
        operator: "bo",
        keys: &keys,
    };
    let mut cache = Cache::default();
    let mut m = message(false, Body::text("one"));
    let a = cache.block(&m, &Around::default(), &look);
    assert!(Rc::ptr_eq(&a, &cache.block(&m, &Around::default(), &look)));
    m.body = Body::text("two");
    m.revision += 1;
    assert!(shown(&cache.block(&m, &Around::default(), &look)).contains("two"));
    let around = Around { unread: Some(3), ..Around::default() };
    assert!(shown(&cache.block(&m, &around, &look)).contains("3 unread"));
}

fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,20}",
        Just("\u{1b}[31m".to_owned()),
        Just("👨\u{200d}👩\u{200d}👧".to_owned()),
        Just("لا إله".to_owned()),
        Just("王小明".to_owned()),
        Just("*b* _i_ ```\n".to_owned()),
        Just("a\u{300}\u{301}\u{302}".to_owned()),
        Just("\u{202e}\t\r\n".to_owned()),
        Just("x".repeat(90)),
        "[\u{0}-\u{10ffff}]{0,6}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_pane_and_nothing_hostile_comes_through(
        s in hostile_text(),
        other in hostile_text(),
        width in 20u16..180,
        inbound in any::<bool>(),
        kind in 0u8..8,
    ) {
        let body = match kind {
            0 => Body::Media {
                kind: crate::model::MediaKind::Document,
                media: crate::model::MediaCard { filename: Some(s.clone()), mime: other.clone(), size: Some(9), ..Default::default() },
                caption: other.clone(),
            },
            1 => Body::Template { name: other.clone(), language: s.clone(), header: s.clone(), text: s.clone(), footer: s.clone(),
                buttons: vec![ShownButton { kind: s.clone(), text: other.clone(), target: None }] },
            2 => Body::System { kind: s.clone(), text: other.clone() },
            3 => Body::Form { name: s.clone(), text: other.clone(), response: serde_json::json!({ &s: other }).to_string() },
            4 => Body::Unsupported { what: s.clone(), details: other.clone() },
            5 => Body::Call { event: s.clone(), seconds: Some(70) },
            _ => Body::text(s.clone()),
        };
        let mut m = message(inbound, body);
        m.origin = if inbound { Origin::Customer(Some(other.clone())) } else { Origin::Operator(other.clone()) };
        m.tag = Some(s.clone());
        m.quote = Some(Quote { provider_id: "x".into(), message: None, own: false, text: other.clone() });
        m.reactions = vec![Reaction { emoji: s.clone(), own: true, at: 0 }; 3];
        if !inbound {
            m.state = DeliveryState::Failed;
            m.error = Some(DeliveryError { code: 1, text: s.clone(), cause: Some(other.clone()), next: None });
        }
        let around = Around { day: Some(Date::constant(2024, 1, 1)), unread: Some(7), leads: true, wait: None, turn: false, closed_then: false, writing: s.len() % 2 == 0 };
        let block = laid_out(&m, width, &around);
        for line in &block.lines {
            prop_assert!(usize::from(line.x) + line.width() <= usize::from(width), "{:?} at {width}", line);
            for (s, _) in &line.spans {
                prop_assert!(!s.chars().any(text::is_hostile), "{s:?}");
            }
        }
        prop_assert!(block.own.end == block.lines.len());
    }
}

#[test]
fn paragraphs_that_run_from_right_to_left_end_at_the_right() {
    let theme = Theme::basic();
    let keys = WayOut::new(str::to_owned);
    let look = Look {
        width: 44,
        theme: &theme,
        tz: &TimeZone::UTC,
        today: Date::constant(2025, 11, 21),
        name: "ליאור",
        operator: "ana",
        keys: &keys,
    };
    let said = "مرحبا، رقم طلبي 4711 من متجر Lojas BR ولم يصل حتى الآن\nשלום 12:30 OK\nand this is Latin";
    let m = message(true, Body::text(said));
    let block = lay_out(&m, &Around { leads: true, ..Around::default() }, &look);
    let lines: Vec<String> =
        block.lines.iter().map(|l| l.spans.iter().map(|(s, _)| s.as_str()).collect::<String>()).collect();
    assert!(block.lines.iter().all(|l| usize::from(l.x) + l.width() <= 44), "{lines:#?}");
    let own: Vec<&String> = lines.iter().filter(|l| l.starts_with('▏')).collect();
    let arabic: Vec<&&String> =
        own.iter().filter(|l| l.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c))).collect();
    assert!(arabic.len() >= 2, "{lines:#?}");
    let widths: Vec<usize> = arabic.iter().map(|l| text::width(l)).collect();
    assert!(widths.windows(2).all(|w| w[0] == w[1]), "{lines:#?}");
    let hebrew = own.iter().find(|l| l.contains("שלום")).unwrap();
    assert!(hebrew.starts_with("▏   ") && text::width(hebrew) == widths[0], "{lines:#?}");
    assert!(own.iter().any(|l| l.starts_with("▏and this is Latin")), "{lines:#?}");
    // Letters stay in their logical order, and no mark of direction is added.
    assert!(lines.concat().contains("رقم طلبي 4711") && !lines.concat().chars().any(text::is_hostile));
}

#[test]
fn links_are_seen_and_lead_where_they_say() {
    let all = Around { leads: true, ..Around::default() };
    let m = message(true, Body::text("look: *https://example.com/a_b_c?x=1*, or (www.example.org)."));
    let block = laid_out(&m, 100, &all);
    let links: Vec<_> =
        block.lines.iter().flat_map(|l| &l.links).map(|p| (p.text.as_str(), &*p.to)).collect();
    assert_eq!(
        links,
        [
            ("https://example.com/a_b_c?x=1", "https://example.com/a_b_c?x=1"),
            ("www.example.org", "https://www.example.org/")
        ]
    );
    let theme = Theme::basic();
    let span = |t: &str| {
        block.lines.iter().flat_map(|l| &l.spans).find(|(s, _)| s == t).map(|(_, style)| *style).unwrap()
    };
    assert_eq!(span("www.example.org").fg, theme.link.fg);
    assert_ne!(span(", or (").fg, theme.link.fg);
    let split = laid_out(&m, 30, &all);
    let parts: Vec<_> = split.lines.iter().flat_map(|l| &l.links).collect();
    assert!(parts.len() > 2, "a link on two lines: {parts:?}");
    let first: String = parts.iter().filter(|p| p.to.contains("a_b_c")).map(|p| p.text.as_str()).collect();
    assert_eq!(first, "https://example.com/a_b_c?x=1");
}

proptest! {
    #[test]
    fn a_link_stands_in_the_cells_that_it_claims(
        words in prop::collection::vec(
            prop_oneof![
                Just("https://example.com/a?b=c".to_owned()),
                Just("www.example.org/漢字/ü".to_owned()),
                Just("مرحبا".to_owned()),
                Just("漢字".to_owned()),
                Just("👨‍👩‍👧".to_owned()),
                Just("*bold*".to_owned()),
                Just("\n".to_owned()),
                hostile_text(),
            ],
            0..14,
        ),
        width in 20u16..140,
        inbound in any::<bool>(),
    ) {
        let m = message(inbound, Body::text(words.join(" ")));
        let block = laid_out(&m, width, &Around { leads: true, ..Around::default() });
        for line in &block.lines {
            let area = ratatui::layout::Rect::new(0, 0, width, 1);
            let mut buf = ratatui::buffer::Buffer::empty(area);
            let mut x = 0;
            for (s, style) in &line.spans {
                buf.set_string(x, 0, s, *style);
                x += text::width(s) as u16;
            }
            for part in &line.links {
                let mut shown = String::new();
                let mut x = part.cells.start;
                while x < part.cells.end {
                    let symbol = buf[(x, 0)].symbol();
                    shown.push_str(symbol);
                    x += (text::width(symbol) as u16).max(1);
                }
                prop_assert_eq!(&shown, &part.text);
                prop_assert!(part.to.starts_with("http") && part.to.is_ascii());
            }
        }
    }
}
