use super::super::testing::{draw_everywhere, hit, picture, press, thread_row, write};
use super::*;
use crate::model::message::{MediaCard, MediaKind, ShownButton};
use crate::model::window::Window;

fn item(body: Body) -> Item {
    let mut m = hit(0).message;
    m.body = body;
    Item::of(&m)
}

fn card(name: &str) -> ContactCard {
    ContactCard { name: name.into(), ..ContactCard::default() }
}

fn menu() -> Body {
    let button =
        ShownButton { kind: "reply".into(), text: "Yes".into(), target: Some("secret-payload".into()) };
    Body::Interactive {
        kind: "button".into(),
        header: "Hi".into(),
        text: "Shall we?".into(),
        footer: String::new(),
        buttons: vec![button],
        rows: Vec::new(),
    }
}

fn image() -> Body {
    Body::Media { kind: MediaKind::Image, media: MediaCard::default(), caption: "nota".into() }
}

fn open() -> ForwardBox {
    let items = vec![item(Body::text("Where is my order? 5511988881234")), item(image()), item(menu())];
    let mut rows: Vec<ThreadRow> = (0..4).map(thread_row).collect();
    rows[0].window = Window { until: Some(10_000_000) };
    let names =
        vec![(AccountId::new("support"), "Acme Support".into()), (AccountId::new("sales"), "S".into())];
    ForwardBox::new(items, rows, names, 1)
}

fn sent(steps: &[Step]) -> (ThreadId, &Outgoing) {
    let [Step::Ask(r)] = steps else { panic!("{steps:?}") };
    let Request::Send { to: Recipient::Thread { thread }, content, .. } = r.as_ref() else { panic!("{r:?}") };
    (*thread, content)
}

#[test]
fn what_can_be_forwarded_is_and_the_rest_says_why() {
    assert_eq!(item(Body::text("hi")).content, Ok(Outgoing::text("hi")));
    let place = Body::Location { latitude: 1.0, longitude: 2.0, name: "Pier".into(), address: String::new() };
    assert!(matches!(item(place).content, Ok(Outgoing::Location { latitude, .. }) if latitude > 0.9));
    let Ok(Outgoing::Contacts { cards }) = item(Body::Contacts { cards: vec![card("Ana Lima")] }).content
    else {
        panic!()
    };
    assert_eq!(cards[0].first_name, "Ana");
    let i = item(menu());
    assert_eq!(i.content, Ok(Outgoing::text("Hi\nShall we?\n• Yes")));
    assert!(i.loss.is_some());
    let note = Body::Note { text: "he is angry".into() };
    for body in
        [image(), note, Body::Revoked, Body::Call { event: "missed".into(), seconds: None }, Body::text(" ")]
    {
        assert!(item(body.clone()).content.is_err(), "{body:?}");
    }
    assert!(item(Body::text("x".repeat(5_000))).content.is_err());
}

#[test]
fn one_after_the_other_after_a_yes() {
    let mut f = open();
    assert_eq!(press(&mut f, "Down Enter"), vec![]);
    assert_eq!(press(&mut f, "f"), vec![], "another key is no yes");
    assert_eq!(press(&mut f, "Enter"), vec![]);
    let steps = press(&mut f, "y");
    assert_eq!(sent(&steps), (thread_row(1).id, &Outgoing::text("Where is my order? 5511988881234")));
    assert_eq!(press(&mut f, "y y Esc"), vec![], "it is on its way");
    let steps = f.deliver(Delivery::Queued(thread_row(1).id));
    assert_eq!(sent(&steps).1, &Outgoing::text("Hi\nShall we?\n• Yes"));
    let steps = f.deliver(Delivery::Queued(thread_row(1).id));
    assert_eq!(steps[..2], [Step::Close, Step::Talk(Talk::Unmark)]);
    assert_eq!(steps[2], Step::Say("2 messages forwarded to 王小明 · 1 could not be".into()));
}

#[test]
fn a_refusal_stops_and_what_has_left_is_not_sent_again() {
    let mut f = open();
    press(&mut f, "Enter y");
    f.deliver(Delivery::Queued(thread_row(0).id));
    f.deliver(Delivery::Problem(
        Problem::new("window_closed", "the window is closed").next("send a template"),
    ));
    assert!(picture(&f, 80, 24).contains("1 were forwarded, then: the window is closed"));
    press(&mut f, "Esc");
    press(&mut f, "Down Enter");
    assert_eq!(sent(&press(&mut f, "y")).1, &Outgoing::text("Hi\nShall we?\n• Yes"));
}

#[test]
fn threads_are_found_as_one_types_and_stale_answers_dropped() {
    let mut f = open();
    write(&mut f, "ma");
    f.deliver(Delivery::Threads("m".into(), vec![]));
    assert_eq!(f.rows().len(), 4);
    f.deliver(Delivery::Threads("ma".into(), vec![thread_row(2)]));
    assert_eq!(f.rows().len(), 1);
    press(&mut f, "Ctrl+U");
    assert_eq!(f.rows().len(), 4);
}

#[test]
fn looks() {
    let mut f = open();
    insta::assert_snapshot!("forward_80x24", picture(&f, 80, 24));
    insta::assert_snapshot!("forward_200x50", picture(&f, 200, 50));
    press(&mut f, "Down Enter");
    insta::assert_snapshot!("forward_question_80x24", picture(&f, 80, 24));
    insta::assert_snapshot!("forward_question_120x36", picture(&f, 120, 36));
    draw_everywhere(&f);
    press(&mut f, "y");
    f.deliver(Delivery::Problem(
        Problem::new("window_closed", "the window is closed").next("send a template"),
    ));
    insta::assert_snapshot!("forward_refused_80x24", picture(&f, 80, 24));
    let mut f = ForwardBox::new(vec![item(image())], vec![thread_row(0)], Vec::new(), 1);
    press(&mut f, "Enter");
    draw_everywhere(&f);
    assert_eq!(press(&mut f, "y"), vec![Step::Close], "nothing can be forwarded");
}
