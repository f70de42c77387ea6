//! What keys do to the quick-reply picker, and how it looks.

use super::super::testing::{draw_everywhere, picture, press, quick_replies, write};
use super::*;

fn vars() -> Variables {
    Variables {
        contact_name: "Marta Souza".into(),
        contact_first_name: "Marta".into(),
        operator_name: "Ana".into(),
        ..Variables::default()
    }
}

fn open(query: &str) -> QuickReplyPicker {
    QuickReplyPicker::new(quick_replies(), query, vars())
}

fn ask(r: Request) -> Step {
    Step::Ask(Box::new(r))
}

#[test]
fn enter_inserts_the_filled_text_and_names_its_reply() {
    let want = vec![
        Step::Insert {
            text: "Спасибо, Marta! 谢谢 شكرا 🙏".into(), from: Some(QuickReplyId([3; 16]))
        },
        Step::Close,
    ];
    assert_eq!(press(&mut open("/spas"), "Enter"), want);
    assert_eq!(press(&mut open(""), "Down Ctrl+N Tab"), want);
    let mut by_text = open("");
    write(&mut by_text, "谢");
    assert_eq!(press(&mut by_text, "Enter"), want);
    assert_eq!(press(&mut open("zzzz"), "Enter"), vec![]);
}

fn inserted(steps: &[Step]) -> Vec<(&str, bool)> {
    steps
        .iter()
        .filter_map(|s| match s {
            Step::Insert { text, from } => Some((text.as_str(), from.is_some())),
            _ => None,
        })
        .collect()
}

#[test]
fn several_go_in_one_after_the_other() {
    let mut o = open("spas");
    let first = press(&mut o, "Ctrl+J");
    assert_eq!(inserted(&first), [("Спасибо, Marta! 谢谢 شكرا 🙏", true)]);
    assert!(!first.contains(&Step::Close) && o.query.is_empty() && o.name() == "quick_replies");
    // With values to ask for, too.
    write(&mut o, "order");
    press(&mut o, "Alt+Enter");
    assert_eq!(o.name(), "quick_reply_values");
    write(&mut o, "1");
    press(&mut o, "Enter");
    write(&mut o, "UPS");
    let second = press(&mut o, "Enter");
    assert_eq!(inserted(&second), [("\nOrder 1 left us by UPS and arrives tomorrow.", true)]);
    assert!(!second.contains(&Step::Close) && o.name() == "quick_replies");
    write(&mut o, "spas");
    let third = press(&mut o, "Enter");
    assert!(third.contains(&Step::Close) && inserted(&third)[0].0.starts_with('\n'), "{third:?}");
}

#[test]
fn what_was_typed_after_a_slash_is_not_lost() {
    let slash = || open("").for_slash();
    let mut o = slash();
    write(&mut o, "tmp");
    let steps = press(&mut o, "Esc");
    assert_eq!(inserted(&steps), [("/tmp", false)]);
    assert!(steps.contains(&Step::Close));
    assert_eq!(inserted(&press(&mut slash(), "Space")), [("/ ", false)]);
    assert_eq!(inserted(&press(&mut slash(), "Backspace")), [("", false)]);
    // Nothing of it where no slash opened it, and not after one was inserted.
    assert_eq!(press(&mut open("tmp"), "Esc"), vec![Step::Close]);
    let mut o = slash();
    write(&mut o, "spas");
    press(&mut o, "Ctrl+J");
    write(&mut o, "x");
    assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
}

fn sorted() -> QuickReplyPicker {
    let mut replies = quick_replies();
    replies[0].category = "greeting".into();
    replies[1].category = "shipping".into();
    replies[2].category = "greeting".into();
    replies[1].files = vec!["/srv/prices.pdf".into()];
    replies[2].owner = Some("ana".into());
    QuickReplyPicker::new(replies, "", vars())
}

#[test]
fn categories_are_chosen_by_key_and_by_name() {
    let shown = |o: &QuickReplyPicker| -> Vec<String> {
        o.rows.iter().map(|i| o.replies[*i].shortcut.clone()).collect()
    };
    let mut o = sorted();
    press(&mut o, "F5");
    assert_eq!((o.category.as_str(), shown(&o)), ("greeting", vec!["hours".to_owned(), "spasibo".into()]));
    press(&mut o, "F5");
    assert_eq!((o.category.as_str(), shown(&o)), ("shipping", vec!["order".to_owned()]));
    press(&mut o, "F5");
    assert_eq!((o.category.as_str(), shown(&o).len()), ("", 5));
    write(&mut o, "#gree");
    assert_eq!(shown(&o).len(), 2);
    write(&mut o, " spas");
    assert_eq!(shown(&o), ["spasibo"]);
    assert_eq!(inserted(&press(&mut o, "Enter")).len(), 1);
}

#[test]
fn files_go_along_with_the_text() {
    let mut o = sorted();
    let thanks = o.replies.iter().position(|r| r.shortcut == "spasibo").unwrap();
    o.replies[thanks].files = vec!["/srv/prices.pdf".into()];
    write(&mut o, "spas");
    let steps = press(&mut o, "Enter");
    assert!(matches!(
        &steps[..],
        [Step::Insert { .. }, Step::Attach(files), Step::Close] if files[..] == ["/srv/prices.pdf".into()]
    ));
}

#[test]
fn the_most_used_comes_first_and_a_shortcut_before_a_text() {
    assert_eq!(open("").selected().unwrap().shortcut, "hours");
    assert_eq!(open("order").selected().unwrap().shortcut, "order");
    let mut replies = quick_replies();
    replies[4].text = "order".into();
    replies[4].used = 99;
    let p = QuickReplyPicker::new(replies, "ord", vars());
    assert_eq!(p.selected().unwrap().shortcut, "order");
    assert_eq!(p.rows.len(), 2);
}

#[test]
fn missing_values_are_asked_for_one_by_one() {
    let mut o = open("order");
    assert_eq!(press(&mut o, "Enter"), vec![]);
    assert_eq!(o.name(), "quick_reply_values");
    write(&mut o, "4711");
    assert_eq!(press(&mut o, "Enter"), vec![]);
    assert_eq!(press(&mut o, "Enter"), vec![], "the second value is empty");
    o.paste("{{ contact.name }}");
    assert_eq!(
        press(&mut o, "Enter"),
        vec![
            Step::Insert {
                text: "Order 4711 left us by {{ contact.name }} and arrives tomorrow.".into(),
                from: Some(QuickReplyId([2; 16])),
            },
            Step::Close
        ]
    );
}

#[test]
fn leaving_the_values_goes_back_to_the_list() {
    let mut o = open("order");
    assert_eq!(press(&mut o, "Enter Esc"), vec![]);
    assert_eq!(o.name(), "quick_replies");
    assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
}

#[test]
fn a_reply_with_a_mistake_is_not_inserted() {
    let mut o = open("broken");
    assert_eq!(press(&mut o, "Enter"), vec![]);
    assert!(o.say.as_ref().unwrap().means.contains("line 1"), "{:?}", o.say);
    press(&mut o, "F3");
    assert_eq!(o.name(), "quick_reply_editor");
}

#[test]
fn deleting_takes_another_key() {
    let id = QuickReplyId([1; 16]);
    for (keys, done) in [("F4 y", true), ("Delete y", true), ("F4 F4", false), ("F4 Enter", false)] {
        let mut o = open("");
        let want = if done { vec![ask(Request::DeleteQuickReply { id })] } else { vec![] };
        assert_eq!(press(&mut o, keys), want, "{keys}");
        assert_eq!(o.name(), "quick_replies");
    }
    let mut o = open("");
    press(&mut o, "F4 y");
    assert_eq!(
        o.deliver(Delivery::Done),
        vec![Step::Say("quick reply /hours deleted".into()), ask(Request::QuickReplies)]
    );
    o.deliver(Delivery::QuickReplies(quick_replies().split_off(1)));
    assert_eq!(o.selected().unwrap().shortcut, "order");
    // With the cursor inside the query it deletes a character.
    let mut o = open("ord");
    assert_eq!(press(&mut o, "Home Delete y"), vec![]);
    assert_eq!(o.query.text(), "yrd");
}

#[test]
fn a_new_reply_is_saved_and_shown() {
    let mut o = open("greet");
    press(&mut o, "F2");
    press(&mut o, "Enter");
    write(&mut o, "Hi");
    let steps = press(&mut o, "F10");
    let [Step::Ask(r)] = steps.as_slice() else { panic!("{steps:?}") };
    let Request::SaveQuickReply { reply } = r.as_ref() else { panic!("{r:?}") };
    assert_eq!((reply.shortcut.as_str(), reply.text.as_str()), ("greet", "Hi"));
    assert_eq!(
        o.deliver(Delivery::Done),
        vec![Step::Say("quick reply /greet saved".into()), ask(Request::QuickReplies)]
    );
    o.deliver(Delivery::QuickReplies(vec![reply.clone()]));
    assert_eq!(o.selected(), Some(reply));
}

#[test]
fn looks() {
    insta::assert_snapshot!("quick_replies_80x24", picture(&open(""), 80, 24));
    insta::assert_snapshot!("quick_replies_filtered_120x36", picture(&open("arr"), 120, 36));
    let mut o = open("order");
    press(&mut o, "Enter");
    draw_everywhere(&o);
    write(&mut o, "4711");
    press(&mut o, "Enter Enter");
    insta::assert_snapshot!("quick_reply_values_80x24", picture(&o, 80, 24));
    let mut o = open("");
    press(&mut o, "F4");
    insta::assert_snapshot!("quick_reply_delete_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    let mut o = open("broken");
    press(&mut o, "Enter");
    insta::assert_snapshot!("quick_reply_broken_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    let mut o = sorted();
    press(&mut o, "Down Enter");
    insta::assert_snapshot!("quick_replies_categories_80x24", picture(&o, 80, 24));
    insta::assert_snapshot!("quick_replies_categories_120x36", picture(&o, 120, 36));
    insta::assert_snapshot!("quick_replies_categories_200x50", picture(&o, 200, 50));
    draw_everywhere(&QuickReplyPicker::new(Vec::new(), "", vars()));
}
