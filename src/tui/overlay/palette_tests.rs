use super::super::testing::{draw_everywhere, picture, press, thread_row, write};
use super::*;
use std::sync::Arc;

fn command(id: &'static str, title: &'static str, help: &'static str, key: &str) -> CommandEntry {
    let argument = match id {
        "search.open" => "words",
        "macro.run" => "a name",
        _ => "",
    };
    CommandEntry { id, title, help, key: key.into(), argument }
}

fn choices() -> Choices {
    Choices {
        commands: vec![
            command("list.open", "open", "open the thread under the cursor", "Enter"),
            command("message.reply", "reply", "write a reply; on a selected message: quote it", "r"),
            command("search.open", "search", "search contacts and messages", "/"),
            command("macro.run", "run macro", "look at the macro of this name and run it", ""),
            command("quit", "quit", "quit; drafts are kept", "q"),
        ],
        aliases: vec![("q", "quit"), ("search", "search.open"), ("macro", "macro.run")],
        threads: (0..4).map(thread_row).collect(),
        templates: vec![TemplateEntry {
            name: "order_update".into(),
            language: "pt_BR".into(),
            body: "Olá {{1}}, o seu pedido {{2}} saiu.".into(),
        }],
        macros: [
            ("close", "reply thanks · resolve"),
            ("closed", "reply closed"),
            ("ship", "it is on its way"),
        ]
        .map(|(name, about)| MacroEntry {
            id: MacroId::derived(&[name]),
            name: name.into(),
            about: about.into(),
        })
        .into(),
        views: vec![SavedView { name: "hot".into(), filter: "is:unread state:open".into() }],
        replies: vec![ReplyEntry {
            id: QuickReplyId::new(),
            shortcut: "hours".into(),
            text: "We are open from 9 to 18.\nSee you!".into(),
        }],
    }
}

fn open(start: &str) -> Palette {
    Palette::new(choices(), None, start, Arc::new(|at| format!("{} min", at / 60_000)))
}

fn asked(steps: &[Step]) -> Option<String> {
    steps.iter().find_map(|s| match s {
        Step::Ask(r) => match &**r {
            Request::People { text, .. } => Some(text.clone()),
            other => panic!("{other:?}"),
        },
        _ => None,
    })
}

#[test]
fn each_kind_is_chosen() {
    let thread = thread_row(0).id;
    let run = |id: &str| vec![Step::Close, Step::Command(id.into())];
    let cases: Vec<(&str, Vec<Step>)> = vec![
        ("rep", run("message.reply")),
        ("marta", vec![Step::Close, Step::OpenThread { thread, at: None }]),
        (
            "order",
            vec![Step::Close, Step::PickTemplate { name: "order_update".into(), language: "pt_BR".into() }],
        ),
        (
            "#pedido",
            vec![Step::Close, Step::PickTemplate { name: "order_update".into(), language: "pt_BR".into() }],
        ),
        (":q", run("quit")),
        (":quit", run("quit")),
        (":12", vec![Step::Close, Step::GoToRow(12)]),
        (
            ":search late order",
            vec![Step::Close, Step::CommandWith { id: "search.open".into(), argument: "late order".into() }],
        ),
    ];
    for (typed, expected) in cases {
        let mut o = open("");
        write(&mut o, typed);
        assert_eq!(press(&mut o, "Enter"), expected, "{typed}");
    }
    let mut o = open("");
    write(&mut o, "/hou");
    assert!(matches!(press(&mut o, "Enter")[..], [Step::Close, Step::PickReply(_)]));
}

#[test]
fn a_macro_is_chosen_by_its_name_and_looked_at() {
    let look = |name: &str| vec![Step::Close, Step::RunMacro(MacroId::derived(&[name]))];
    for (typed, name) in [
        ("ship", "ship"),
        ("!on its way", "ship"),
        ("!", "close"),
        ("!closed", "closed"),
        (":macro closed", "closed"),
        (":macro.run close", "close"),
        (":macro sh", "ship"),
        (":macro ", "close"),
    ] {
        let mut o = open("");
        write(&mut o, typed);
        assert_eq!(press(&mut o, "Enter"), look(name), "{typed}");
    }
    let mut o = open("");
    write(&mut o, "!sh");
    press(&mut o, "Tab");
    assert_eq!(o.query.text(), "!ship");
    let mut o = open(":");
    write(&mut o, "macro sh");
    insta::assert_snapshot!("palette_macro_80x24", picture(&o, 80, 24));
    press(&mut o, "Tab");
    assert_eq!(o.query.text(), ":macro.run ship");
    assert_eq!(press(&mut o, "Enter"), look("ship"));
    // A name that no macro has is the screen's to answer.
    let mut o = open(":");
    write(&mut o, "macro zzz");
    let argument = "zzz".to_owned();
    assert_eq!(
        press(&mut o, "Enter"),
        vec![Step::Close, Step::CommandWith { id: "macro.run".into(), argument }]
    );
}

#[test]
fn a_guess_never_runs_with_an_argument() {
    for line in [":sear late", ":quit now"] {
        let mut o = open("");
        write(&mut o, line);
        assert_eq!(press(&mut o, "Enter"), vec![], "{line}");
        assert!(o.say.is_some());
    }
    let mut o = open(":");
    write(&mut o, "sear");
    press(&mut o, "Tab");
    assert_eq!(o.query.text(), ":search.open ");
}

#[test]
fn only_the_newest_answer_counts_and_it_goes_below() {
    let mut o = open("");
    assert_eq!(asked(&write(&mut o, "s")).as_deref(), Some("s"));
    assert_eq!(asked(&write(&mut o, "o")).as_deref(), Some("so"));
    let before = o.rows.clone();
    o.deliver(Delivery::Threads("s".into(), vec![thread_row(9)]));
    assert_eq!(o.rows, before, "an answer to an older text");
    assert!(o.waiting());
    press(&mut o, "Down");
    let marked = o.rows[o.selection.at];
    o.deliver(Delivery::Threads("so".into(), vec![thread_row(0), thread_row(8), thread_row(9)]));
    assert_eq!(o.rows[..before.len()], before);
    assert_eq!((o.rows[o.selection.at], o.waiting()), (marked, false));
    assert_eq!(o.choices.threads.len(), 6, "each thread once");
}

#[test]
fn enter_before_the_answer_opens_what_comes() {
    let mut o = open("");
    write(&mut o, "zzz");
    assert_eq!(press(&mut o, "Enter"), vec![]);
    let steps = o.deliver(Delivery::Threads("zzz".into(), vec![thread_row(7)]));
    assert_eq!(steps, vec![Step::Close, Step::OpenThread { thread: thread_row(7).id, at: None }]);
}

#[test]
fn commands_templates_and_replies_do_not_ask_the_engine() {
    for start in [":", "#", "/"] {
        let mut o = open(start);
        assert_eq!(asked(&write(&mut o, "abc")), None, "{start}");
    }
}

#[test]
fn a_paste_runs_nothing() {
    let mut o = open(":");
    assert!(o.paste("quit\n").iter().all(|s| matches!(s, Step::Ask(_))));
    assert_eq!(o.query.text(), ":quit ");
}

#[test]
fn a_number_finds_its_thread() {
    let mut o = open("");
    write(&mut o, "98888");
    assert_eq!(press(&mut o, "Enter")[1], Step::OpenThread { thread: thread_row(1).id, at: None });
}

#[test]
fn thousands_of_threads_are_matched_within_a_frame() {
    let mut all = choices();
    all.threads = (0..10_000)
        .map(|i| ThreadRow { title: format!("Customer {i} Souza"), ..thread_row(i % 4) })
        .collect();
    let mut o = Palette::new(all, None, "", Arc::new(|_| String::new()));
    assert_eq!(o.choices.threads.len(), POOL);
    let start = std::time::Instant::now();
    write(&mut o, "souza");
    // Five keys without optimisation; a frame for each is the bound that matters.
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
    assert!(!o.rows.is_empty());
}

#[test]
fn looks() {
    insta::assert_snapshot!("palette_80x24", picture(&open(""), 80, 24));
    let mut o = open("");
    write(&mut o, "so");
    insta::assert_snapshot!("palette_typed_120x36", picture(&o, 120, 36));
    insta::assert_snapshot!("palette_commands_200x50", picture(&open(":"), 200, 50));
    let mut o = open(":");
    write(&mut o, "quit now");
    press(&mut o, "Enter");
    insta::assert_snapshot!("palette_wrong_80x24", picture(&o, 80, 24));
    draw_everywhere(&open(""));
    draw_everywhere(&Palette::new(Choices::default(), None, "#", Arc::new(|_| String::new())));
}

#[test]
fn a_saved_view_is_shown_by_its_name() {
    let mut p = open("");
    write(&mut p, "=ho");
    let argument = "hot".to_owned();
    let show = vec![Step::Close, Step::CommandWith { id: "view.pick".into(), argument }];
    assert_eq!(press(&mut p, "Enter"), show);
}
