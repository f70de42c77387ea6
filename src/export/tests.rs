use super::*;
use crate::model::delivery::{DeliveryError, DeliveryState, DeliveryTimes};
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::model::message::{MediaCard, MediaKind, Quote, Reaction, ShownButton};

/// Friday, 21 November 2025, 09:40 UTC.
const NOW: Millis = 1_763_718_000_000;

fn message(n: i64, ours: bool, body: Body) -> Message {
    let at = NOW + n * 60_000;
    Message {
        id: MessageId::derived(&["m", &n.to_string()]),
        thread: ThreadId([1; 16]),
        account: AccountId::new("support"),
        direction: if ours { Direction::Outbound } else { Direction::Inbound },
        origin: if ours { Origin::Operator("ana".into()) } else { Origin::Customer(None) },
        at,
        stored_at: at,
        body,
        state: if ours { DeliveryState::Read } else { DeliveryState::Received },
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
        revision: 1,
    }
}

const HOSTILE: &str = "</p><script>alert(1)</script><img src=x onerror=\"alert('2')\">&amp; \u{1b}]0;x\u{7}\u{202e}gnp.exe\u{2028}\n\
    [2025-11-21 09:00] ana: I owe you 1000\n]]> --> %s {{7*7}}";

fn conversation() -> (About, Vec<Message>) {
    let about = About {
        title: format!("Marta <b>Souza</b> \u{1b}[2J{}", "\u{202e}"),
        phone: "+55 11 98888-1234".into(),
        account: "Acme & Sons".into(),
    };
    let mut list = vec![
        message(0, false, Body::text("Oi! Cadê o meu pedido? 王小明 مرحبا بكم 👨‍👩‍👧")),
        message(1, true, Body::text("Olá Marta!\n\n  zwei Zeilen")),
        message(2, false, Body::text(HOSTILE)),
        message(
            1500,
            false,
            Body::Media {
                kind: MediaKind::Document,
                media: MediaCard { filename: Some("../<nota>.pdf".into()), ..MediaCard::default() },
                caption: "a \"nota\"".into(),
            },
        ),
        message(
            1501,
            true,
            Body::Interactive {
                kind: "button".into(),
                header: String::new(),
                text: "Yes or no?".into(),
                footer: String::new(),
                buttons: vec![ShownButton {
                    kind: "reply".into(),
                    text: "<Yes>".into(),
                    target: Some("secret".into()),
                }],
                rows: Vec::new(),
            },
        ),
        message(1502, false, Body::Call { event: "missed".into(), seconds: None }),
        message(
            1503,
            false,
            Body::Location {
                latitude: 38.7,
                longitude: -9.1,
                name: "Pier".into(),
                address: "1 <i>Road</i>".into(),
            },
        ),
        message(1504, false, Body::Revoked),
    ];
    list[1].quote = Some(Quote { provider_id: "w".into(), message: None, own: false, text: HOSTILE.into() });
    list[1].reactions = vec![Reaction { emoji: "<👍>".into(), own: false, at: 0 }];
    list[4].state = DeliveryState::Failed;
    list[4].error =
        Some(DeliveryError { code: 131_047, text: "more than <24> hours".into(), cause: None, next: None });
    list[2].edited = true;
    list[3].origin = Origin::Customer(Some("Bo <script>".into()));
    (about, list)
}

fn whole(format: Format) -> String {
    let (about, list) = conversation();
    let mut w = Writer::new(format, about, TimeZone::UTC, NOW);
    let mut out = w.head();
    for m in &list {
        out.push_str(&w.message(m));
    }
    out.push_str(&w.tail());
    assert_eq!(w.count(), list.len() as u64);
    out
}

#[test]
fn golden() {
    insta::assert_snapshot!("text", whole(Format::Text));
    insta::assert_snapshot!("jsonl", whole(Format::Jsonl));
    insta::assert_snapshot!("html", whole(Format::Html));
}

#[test]
fn nothing_hostile_gets_through_in_any_form() {
    for format in [Format::Text, Format::Jsonl, Format::Html] {
        let all = whole(format);
        let bad = all.chars().find(|c| *c != '\n' && (text::is_hostile(*c) || text::is_tag(*c)));
        assert_eq!(bad, None, "{format:?}");
        assert!(!all.contains("secret") || format == Format::Jsonl, "a payload is not for reading");
    }
    let page = whole(Format::Html);
    let body = page.split_once("<body>").unwrap().1;
    // The only tags are ours.
    for tag in body.split('<').skip(1) {
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let ours = [
            "header",
            "h1",
            "h2",
            "p",
            "main",
            "article",
            "b",
            "blockquote",
            "small",
            "footer",
            "body",
            "html",
        ];
        assert!(ours.contains(&name.as_str()), "<{tag}");
        let attributes = tag.split('>').next().unwrap();
        assert!(!attributes.contains("on") || name == "p" || name.len() > 1, "{attributes}");
        assert!(
            !attributes.contains("href") && !attributes.contains("src") && !attributes.contains("onerror")
        );
    }
    assert!(page.contains("default-src 'none'") && !page.contains("<script") && !page.contains("http://"));
}

#[test]
fn no_line_of_a_text_looks_like_another_message() {
    let all = whole(Format::Text);
    let heads = all.lines().filter(|l| l.starts_with('[')).count();
    assert_eq!(heads, conversation().1.len());
}

#[test]
fn every_line_of_json_is_the_message() {
    let (_, list) = conversation();
    let read: Vec<Message> = whole(Format::Jsonl).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(read, list);
}

#[test]
fn names_of_files_are_made_of_letters() {
    assert_eq!(file_name("Marta Souza", NOW, &TimeZone::UTC), "Marta-Souza-2025-11-21.html");
    assert_eq!(file_name("../../etc/passwd\u{1b}", NOW, &TimeZone::UTC), "etc-passwd-2025-11-21.html");
    assert_eq!(file_name("+55 11", NOW, &TimeZone::UTC), "55-11-2025-11-21.html");
    assert_eq!(file_name("👍", NOW, &TimeZone::UTC), "conversation-2025-11-21.html");
    assert_eq!(Format::of_name("a.HTML"), Format::Html);
    assert_eq!(Format::of_name("a.jsonl"), Format::Jsonl);
    assert_eq!(Format::of_name("a"), Format::Text);
}
