//! Text of strangers on every way to a terminal: real webhooks in, the real program's bytes out, read by a strict
//! parser. Only the program's own sequences may appear; `--json` keeps every character.

mod house;
mod numbers;
mod vt;

use house::{House, Screen};
use serde_json::{Value, json};

/// The corpus: names, and texts as they stand in a JSON string.
fn corpus() -> Vec<(&'static str, &'static str)> {
    include_str!("texts.txt")
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| l.split_once('\t').expect("a name, a tab and a text"))
        .collect()
}

/// The text that the program should have understood: halves of characters are replaced.
fn meant(raw: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        match chars.next().unwrap() {
            'u' => {
                let hex: String = chars.by_ref().take(4).collect();
                units.push(u16::from_str_radix(&hex, 16).unwrap());
            }
            'b' => units.push(8),
            'f' => units.push(12),
            'n' => units.push(10),
            'r' => units.push(13),
            't' => units.push(9),
            other => units.push(other as u16),
        }
    }
    String::from_utf16_lossy(&units)
}

fn phone(i: usize) -> String {
    format!("4477009{i:05}")
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn body(field: &str, value: &str) -> Vec<u8> {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"218834005551201","time":{},"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#,
        now()
    )
    .into_bytes()
}

/// A value with messages from one person whose name and username are the text.
fn messages(i: usize, text: &str, list: &str) -> String {
    let phone = phone(i);
    format!(
        r#"{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550102030","phone_number_id":"339901477551020"}},
        "contacts":[{{"profile":{{"name":"{text}","username":"{text}"}},"wa_id":"{phone}"}}],"messages":[{list}]}}"#
    )
}

/// Every kind of message, every text in it the same.
fn all_kinds(i: usize, text: &str) -> String {
    let kinds = [
        r#""type":"text","text":{"body":"T"}"#,
        r#""type":"document","document":{"id":"1","mime_type":"T","filename":"T","caption":"T"}"#,
        r#""type":"image","image":{"id":"1","mime_type":"T","caption":"T"}"#,
        r#""type":"location","location":{"latitude":1.5,"longitude":2.5,"name":"T","address":"T","url":"T"}"#,
        r#""type":"contacts","contacts":[{"name":{"formatted_name":"T","first_name":"T"},"org":{"company":"T"},
           "phones":[{"phone":"T","type":"T","wa_id":"T"}],"emails":[{"email":"T","type":"T"}]}]"#,
        r#""type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"T","title":"T"}}"#,
        r#""type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"T","title":"T","description":"T"}}"#,
        r#""type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"T","body":"T","response_json":{"T":"T"}}}"#,
        r#""type":"button","button":{"payload":"T","text":"T"}"#,
        r#""type":"order","order":{"catalog_id":"T","text":"T","product_items":[{"product_retailer_id":"T","quantity":1,"item_price":2,"currency":"T"}]}"#,
        r#""type":"unsupported","unsupported":{"type":"T"},"errors":[{"code":131051,"title":"T","message":"T","error_data":{"details":"T"}}]"#,
        r#""type":"T","T":{"body":"T"}"#,
        r#""type":"text","text":{"body":"T"},"context":{"id":"wamid.KEY-0"},"referral":{"source_type":"T","headline":"T"}"#,
        r#""type":"reaction","reaction":{"message_id":"wamid.KEY-0","emoji":"T"}"#,
        r#""type":"edit","edit":{"original_message_id":"wamid.KEY-1","message":{"type":"document","document":{"id":"2","filename":"T","caption":"T"}}}"#,
        r#""type":"system","system":{"type":"T","body":"T"}"#,
    ];
    let from = phone(i);
    let at = now();
    let list: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(k, kind)| {
            let kind = kind.replace("KEY", &i.to_string()).replace("\"T\"", &format!("\"{text}\""));
            format!(r#"{{"from":"{from}","id":"wamid.{i}-{k}","timestamp":"{at}",{kind}}}"#)
        })
        .collect();
    messages(i, text, &list.join(","))
}

/// Everything else a webhook may say.
fn posts_about_the_account(i: usize, text: &str) -> Vec<Vec<u8>> {
    [
        ("account_alerts", r#"{"entity_type":"T","entity_id":"T","alert_info":{"alert_severity":"CRITICAL","alert_status":"T","alert_type":"T","alert_description":"T"}}"#),
        ("phone_number_name_update", r#"{"display_phone_number":"15550102030","decision":"T","requested_verified_name":"T","rejection_reason":"T"}"#),
        ("phone_number_quality_update", r#"{"display_phone_number":"15550102030","event":"T","current_limit":"T"}"#),
        ("message_template_components_update", r#"{"message_template_id":1,"message_template_name":"T","message_template_language":"en_GB","message_template_element":"T","message_template_footer":"T","message_template_buttons":[{"message_template_button_type":"T","message_template_button_text":"T"}]}"#),
        ("message_template_status_update", r#"{"event":"REJECTED","message_template_id":1,"message_template_name":"T","message_template_language":"en_GB","reason":"T"}"#),
        ("account_update", r#"{"event":"T","violation_info":{"violation_type":"T"},"restriction_info":[{"restriction_type":"T","expiration":1}]}"#),
        ("T", r#"{"T":"T"}"#),
        ("messages", r#"{"metadata":{"phone_number_id":"339901477551020"},"errors":[{"code":190,"title":"T","message":"T","error_data":{"details":"T"}}]}"#),
        ("messages", r#"{"metadata":{"phone_number_id":"T"},"statuses":[{"id":"T","status":"T","timestamp":"T","recipient_id":"T"}]}"#),
    ]
    .iter()
    .map(|(field, value)| {
        let value = value.replace("\"T\"", &format!("\"{text}\"")).replace(":1,", &format!(":{},", i + 1));
        if *field == "T" { body(text, &value) } else { body(field, &value) }
    })
    .collect()
}

fn read(screen: Screen) -> vt::Seen {
    let bytes = screen.end();
    vt::read(&bytes).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn no_text_of_a_stranger_acts_on_the_terminal() {
    let house = House::open();
    let texts = corpus();
    for (i, (_, text)) in texts.iter().enumerate() {
        house.post(&body("messages", &all_kinds(i, text)));
        for post in posts_about_the_account(i, text) {
            house.post(&post);
        }
    }
    commands(&house, &texts);
    failures(&house);
    let titles = inbox(&house, &texts);
    assert!(titles.iter().all(|t| t.ends_with("Switchboard")), "{titles:?}");
    notification_and_clipboard(&house);
    a_name_in_a_quick_reply(&house);
    let log = String::from_utf8(house.log()).unwrap();
    vt::read_lines(log.as_bytes(), false).unwrap_or_else(|e| panic!("the log: {e}"));
    assert!(log.lines().all(|l| l.starts_with("20")), "an event is more than a line:\n{log}");
}

/// Tables are safe (each run checks that), and `--json` has the text as it was written.
fn commands(house: &House, texts: &[(&str, &str)]) {
    let all = house.json(&["threads", "--json", "--limit", "500"]);
    assert_eq!(all["items"].as_array().unwrap().len(), texts.len(), "a thread for each text");
    house.run(&["threads", "--limit", "500"]);
    for (i, (name, raw)) in texts.iter().enumerate() {
        let text = meant(raw);
        let thread = house.json(&["messages", "--json", &format!("+{}", phone(i))]);
        let items = thread["items"].as_array().unwrap();
        // All but reaction and edit are messages of their own.
        assert!(items.len() >= 14, "{name}: {}", items.len());
        assert_eq!(items[0]["body"]["text"], json!(text), "{name}: the store keeps the original");
        let edited = items.iter().find(|m| m["edited"] == true).unwrap();
        assert_eq!(edited["body"]["media"]["filename"], json!(text), "{name}");
        assert_eq!(thread["thread"]["contact"]["profile_name"], json!(text), "{name}");
        if i % 8 == 0 {
            house.run(&["messages", &format!("+{}", phone(i))]);
        }
    }
    let found = house.json(&["search", "--json", "owned"]);
    assert!(found["hits"]["items"].as_array().unwrap().len() > 4);
    for words in ["owned", "red", "evil", "png"] {
        house.run(&["search", words]);
    }
    for args in [&["templates"][..], &["templates", "--json"], &["accounts"], &["accounts", "--json"]] {
        assert_eq!(house.run(args).code, 0, "{args:?}");
    }
    let kept = house.json(&["webhooks", "list", "--json", "--limit", "500"]);
    let kept = kept["items"].as_array().unwrap();
    assert!(kept.len() > 100);
    house.run(&["webhooks", "list", "--limit", "500"]);
    for w in kept.iter().step_by(29) {
        let id = w["id"].as_str().unwrap();
        assert_eq!(house.run(&["webhooks", "show", id]).code, 0);
        house.json(&["webhooks", "show", "--json", id]);
    }
    let thread = house.json(&["messages", "--json", &format!("+{}", phone(2))]);
    for m in thread["items"].as_array().unwrap().iter().step_by(5) {
        assert_eq!(house.run(&["message", m["id"].as_str().unwrap(), "--raw"]).code, 0);
    }
    house.run(&["doctor"]);
    house.run(&["doctor", "--json"]);
    // In colour, on a terminal.
    for args in [&["threads", "--limit", "500"][..], &["messages", &format!("+{}", phone(3))], &["templates"]]
    {
        let screen = house.screen(args, 24, 80);
        let bytes = screen.end();
        let text = String::from_utf8_lossy(&bytes).replace('\r', "");
        vt::read_lines(text.as_bytes(), true).unwrap_or_else(|e| panic!("{args:?}: {e}"));
        assert!(text.lines().count() > 5, "{args:?} printed nothing: {text}");
    }
}

/// A message of ours that the provider says failed, in a stranger's words.
fn failures(house: &House) {
    // Sent from the number's phone: nobody but the test says what becomes of it.
    let id = "wamid.ECHO";
    let echo = format!(
        r#"{{"metadata":{{"display_phone_number":"15550102030","phone_number_id":"339901477551020"}},"message_echoes":[
        {{"from":"15550102030","to":"{}","id":"{id}","timestamp":"{}","type":"text","text":{{"body":"hello"}}}}]}}"#,
        phone(0),
        now()
    );
    house.post(&body("smb_message_echoes", &echo));
    let text = r"no \u001b]0;way\u0007 \u202etuo";
    let status = format!(
        r#"{{"metadata":{{"phone_number_id":"339901477551020"}},"statuses":[{{"id":{},"status":"failed","timestamp":"{}",
        "recipient_id":"{}","errors":[{{"code":999999,"title":"{text}","message":"{text}","error_data":{{"details":"{text}"}}}}]}}]}}"#,
        json!(id),
        now(),
        phone(0)
    );
    house.post(&body("messages", &status));
    let printed = house.run(&["messages", &format!("+{}", phone(0))]).text();
    assert!(printed.contains("999999 no ]0;way tuo"), "{printed}");
    let printed = house.json(&["messages", "--json", &format!("+{}", phone(0))]);
    let failed = printed["items"].as_array().unwrap().iter().find(|m| m["state"] == "failed").unwrap();
    assert_eq!(failed["error"]["text"], json!(meant(text)));
}

/// Walks through list, conversations, details, search, notices and accounts at three sizes.
fn inbox(house: &House, texts: &[(&str, &str)]) -> Vec<String> {
    let mut titles = Vec::new();
    for (rows, cols) in [(24, 80), (36, 120), (50, 200)] {
        let mut screen = house.screen(&[], rows, cols);
        screen.wait("the list", |s| s.contains("Inbox"));
        screen.settle();
        // It goes on where the last one was left.
        screen.press("\u{1b}");
        screen.settle();
        // Every thread where there is one pane; where there are more, their beginning and the end of the list.
        for n in 0..texts.len() {
            if cols > 80 && n % 4 != 0 {
                screen.press("j");
                continue;
            }
            screen.press("\r");
            screen.settle();
            screen.press("\u{15}");
            screen.settle();
            screen.press("\u{1b}");
            screen.settle();
            if cols == 80 {
                // One pane: back in the list.
                screen.wait("the list", |s| s.contains("Inbox"));
            }
            screen.press("j");
        }
        screen.press("/");
        screen.wait("the search", |s| s.contains("Search"));
        screen.press("owned");
        screen.wait("results", |s| s.matches("owned").count() > 3);
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("gn");
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("A");
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("t");
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("\u{3}");
        let seen = read(screen);
        assert!(seen.clipboard.is_empty() && seen.notes.is_empty() && seen.bells == 0, "{seen:?}");
        assert!(seen.text.contains("owned"), "the texts were never shown");
        titles.extend(seen.titles);
    }
    titles
}

fn say(i: usize, id: &str, name: &str, text: &str) -> Vec<u8> {
    let message = format!(
        r#"{{"from":"{}","id":"wamid.{id}","timestamp":"{}","type":"text","text":{{"body":"{text}"}}}}"#,
        phone(i),
        now()
    );
    body("messages", &messages(i, name, &message))
}

/// What goes out beside the cells: a notification and a copied text.
fn notification_and_clipboard(house: &House) {
    let mut screen = house.screen(&[], 36, 120);
    screen.wait("the list", |s| s.contains("Inbox"));
    screen.settle();
    // It goes on where the last one was left.
    screen.press("\u{1b}");
    screen.settle();
    screen.press("\u{1b}[O");
    screen.settle();
    let evil = r"pay \u001b]777;notify;a;b\u001b\\ \u009d52;c;eA==\u009c now;\u0007\u202e";
    house.post(&say(900, "N1", &format!("Eve{evil}"), evil));
    screen.wait_bytes("a notification", |b| b.windows(6).any(|w| w == b"\x1b]777;"));
    screen.press("\u{1b}[I");
    screen.settle();
    screen.press("gg\r");
    screen.wait("the conversation", |s| s.contains("pay ]777"));
    screen.settle();
    screen.press("ky");
    screen.wait_bytes("the clipboard", |b| b.windows(5).any(|w| w == b"\x1b]52;"));
    screen.settle();
    screen.press("\u{3}");
    let seen = read(screen);
    assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
    assert!(seen.notes[0].starts_with("Evepay ]777,notify,a,b"), "{:?}", seen.notes);
    assert_eq!(seen.clipboard.len(), 1);
    let copied = String::from_utf8(seen.clipboard[0].clone()).unwrap();
    assert_eq!(copied, "pay ]777;notify;a;b\\ 52;c;eA== now;");
}

/// A name goes into an answer as one line of plain text, where the operator sees it before it is sent.
fn a_name_in_a_quick_reply(house: &House) {
    let evil = r"Eve\u001b[31m\u202e\n\u0007the bank";
    house.post(&say(901, "Q1", evil, "hello there"));
    let added = house.run(&["quick-replies", "add", "greet", "Dear {{ contact.name }}!"]);
    assert_eq!(added.code, 0, "{}", String::from_utf8_lossy(&added.err));
    let mut screen = house.screen(&[], 36, 120);
    screen.wait("the list", |s| s.contains("Eve[31m the bank"));
    screen.settle();
    // It goes on where the last one was left.
    screen.press("\u{1b}");
    screen.settle();
    screen.press("gg\r");
    screen.wait("the conversation", |s| s.contains("hello there"));
    screen.press("r");
    screen.settle();
    screen.press("/greet");
    screen.wait("the picker", |s| s.contains("Dear "));
    screen.settle();
    screen.press("\r");
    screen.wait("the composer", |s| s.contains("Dear Eve[31m the bank!") && !s.contains("Quick replies"));
    screen.press("\r");
    let start = std::time::Instant::now();
    let sent = loop {
        let sent: Vec<Value> = house.accepted();
        if let Some(m) = sent.iter().find(|m| m.to_string().contains("Dear ")) {
            break m.to_string();
        }
        assert!(start.elapsed().as_secs() < 30, "it was not sent\n{}", screen.text());
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(sent.contains("Dear Eve[31m the bank!"), "{sent}");
    screen.press("\u{1b}");
    screen.settle();
    screen.press("\u{3}");
    read(screen);
}

/// A tower of marks, a chain of emoji, a text as long as a phone allows: shown in bounded time and space.
#[test]
fn long_texts_are_bounded_and_everything_is_reachable_over_the_socket() {
    let house = House::open();
    // As JSON a control character takes six bytes: sixty of these texts are longer than any frame.
    let controls = "\\u0001".repeat(65_000);
    for n in 0..60 {
        house.post(&say(1, &format!("C{n}"), "Eve", &controls));
    }
    let long: Vec<String> = vec![
        controls,
        format!("Z{}", "\\u0301".repeat(60_000)),
        "\\ud83d\\udc68\\u200d".repeat(20_000),
        "\\u1100".repeat(40_000),
        "*a ".repeat(21_000),
        "_a~b*c ".repeat(9_000),
        "`".repeat(65_000),
        "```a".repeat(16_000),
        "x".repeat(65_000),
        "\\n".repeat(65_000),
        "\\ud83c\\udde7".repeat(30_000),
        "王".repeat(65_000),
    ];
    for n in 0..10 {
        let list: Vec<String> = long
            .iter()
            .enumerate()
            .map(|(k, text)| {
                format!(
                    r#"{{"from":"{}","id":"wamid.L{n}-{k}","timestamp":"{}","type":"text","text":{{"body":"{text}"}}}}"#,
                    phone(1),
                    now()
                )
            })
            .collect();
        // A body of the provider has at most 3 MB.
        for part in list.chunks(4) {
            house.post(&body("messages", &messages(1, &long[n % long.len()], &part.join(","))));
        }
    }
    let mut cards = String::new();
    for i in 0..2_000 {
        cards.push_str(&format!(
            r#"{}{{"name":{{"formatted_name":"card {i}"}},"phones":[{{"phone":"{i}"}}]}}"#,
            if i > 0 { "," } else { "" }
        ));
    }
    let message = format!(
        r#"{{"from":"{}","id":"wamid.cards","timestamp":"{}","type":"contacts","contacts":[{cards}]}}"#,
        phone(1),
        // The newest name is shown; of two in the same second, either may be.
        now() + 1
    );
    house.post(&body("messages", &messages(1, "Eve", &message)));
    // The whole thread page by page.
    let to = format!("+{}", phone(1));
    let (mut seen, mut before) = (0, None::<String>);
    loop {
        let mut args = vec!["messages", "--json", "--limit", "500", &to];
        if let Some(b) = &before {
            args.extend(["--before", b]);
        }
        let page = house.json(&args);
        let items = page["items"].as_array().unwrap();
        seen += items.len();
        for m in items {
            let cards = m["body"]["cards"].as_array().map_or(0, Vec::len);
            assert!(cards <= 300, "{cards} cards were kept");
        }
        match page["older"].as_object() {
            Some(c) => before = Some(format!("{}.{}", c["at"], c["row"])),
            None => break,
        }
        assert!(!items.is_empty());
    }
    assert_eq!(seen, 60 + 10 * long.len() + 1);
    let mut screen = house.screen(&[], 24, 80);
    screen.wait("the list", |s| s.contains("Eve"));
    screen.press("\r");
    screen.wait("the conversation", |s| s.contains("card "));
    for _ in 0..30 {
        screen.press("\u{15}");
        screen.settle();
    }
    screen.press("\u{1b}");
    screen.settle();
    screen.press("\u{3}");
    let bytes = screen.bytes().len();
    let seen = read(screen);
    assert!(seen.clipboard.is_empty());
    assert!(bytes < 4_000_000, "{bytes} bytes for thirty pages");
}
