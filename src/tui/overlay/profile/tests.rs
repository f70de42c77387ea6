//! Its keys and its looks.

use super::super::testing::{accounts, draw_everywhere, picture, press, write};
use super::*;
use crate::model::business::{BotCommand, HealthPart, ProfileChange};
use crate::model::delivery::DeliveryError;
use crate::model::ids::ThreadId;
use crate::protocol::admin::BlockReport;
use std::sync::Arc;

pub(crate) fn profile() -> BusinessProfile {
    BusinessProfile {
        about: "Bells since 1999".into(),
        address: "1 Example Wharf, London".into(),
        description:
            "Sales and repair of bells of every size. Open on weekdays, and on Saturday until noon; \
                      ring twice."
                .into(),
        email: "hello@bells.example".into(),
        websites: vec!["https://bells.example/".into()],
        vertical: "RETAIL".into(),
        picture: "https://pps.example/p.jpg".into(),
    }
}

pub(crate) fn blocked() -> Vec<BlockedRow> {
    let row = |n: u8, value: &str, title: &str, by: &str| BlockedRow {
        whom: Identity::phone(value),
        thread: (!title.is_empty()).then_some(ThreadId([n; 16])),
        title: title.into(),
        at: Some(1_795_176_000_000),
        by: by.into(),
    };
    vec![row(1, "5511988881234", "Marta Souza", "ana"), row(2, "447700900999", "", "")]
}

pub(crate) fn components() -> Components {
    Components {
        prompts: vec!["Opening hours".into(), "Book a repair".into()],
        commands: vec![BotCommand { name: "ticket".into(), hint: "Look up a repair".into() }],
    }
}

pub(crate) fn links() -> Vec<ShortLink> {
    let link = |code: &str, text: &str| ShortLink {
        code: code.into(),
        text: text.into(),
        url: format!("https://wa.me/message/{code}"),
        image: String::new(),
    };
    vec![
        link("K7NQ2WJX5BTRA1", "Hi, I have a question about my order"),
        link("AB2CD3EF4GH5JK", "你好，请问几点开门？"),
    ]
}

pub(crate) fn standing() -> Standing {
    let part = |kind: &str, can: &str, notes: &[&str]| HealthPart {
        kind: kind.into(),
        id: "506660012345678".into(),
        can_send: can.into(),
        notes: notes.iter().map(|n| (*n).to_owned()).collect(),
    };
    Standing {
        phone: "+1 555-010-2030".into(),
        name: "Northwind Bells".into(),
        name_status: "PENDING_REVIEW".into(),
        new_name_status: "NONE".into(),
        verification: "VERIFIED".into(),
        status: "CONNECTED".into(),
        mode: "LIVE".into(),
        has_pin: Some(false),
        can_send: "LIMITED".into(),
        parts: vec![
            part("PHONE_NUMBER", "AVAILABLE", &[]),
            part("BUSINESS", "LIMITED", &["Your business has not been verified."]),
        ],
    }
}

/// What a provider with all of this answers.
pub(crate) fn answer(act: AdminRequest) -> crate::protocol::Response {
    let answer = match act {
        AdminRequest::Profile { .. } | AdminRequest::ChangeProfile { .. } => AdminAnswer::Profile(profile()),
        AdminRequest::Blocked { .. } => AdminAnswer::Blocked { rows: blocked(), whole: true },
        AdminRequest::Components { .. } => AdminAnswer::Components(components()),
        AdminRequest::SetComponents { components, .. } => AdminAnswer::Components(components),
        AdminRequest::Links { .. } => AdminAnswer::Links(links()),
        AdminRequest::CreateLink { .. } | AdminRequest::ChangeLink { .. } => {
            AdminAnswer::Link(links().remove(0))
        }
        AdminRequest::Standing { .. } => AdminAnswer::Standing(standing()),
        AdminRequest::Block { whom, .. } | AdminRequest::Unblock { whom, .. } => {
            AdminAnswer::Outcome(BlockReport { done: whom, failed: Vec::new() })
        }
        _ => AdminAnswer::Done,
    };
    crate::protocol::Response::Admin(Box::new(answer))
}

fn open(edits: bool) -> ProfileBox {
    let time: TimeText = Arc::new(|_| "2026-11-20 12:00".into());
    let (o, first) = ProfileBox::new(&accounts()[0], edits, time);
    assert!(matches!(first, Request::Admin { act: AdminRequest::Profile { .. } }));
    o
}

fn bring(o: &mut ProfileBox, answer: AdminAnswer) -> Vec<Step> {
    o.deliver(Delivery::Admin(Box::new(answer)))
}

/// With everything read.
fn full() -> ProfileBox {
    let mut o = open(true);
    bring(&mut o, AdminAnswer::Profile(profile()));
    for (key, answer) in [
        ("2", AdminAnswer::Blocked { rows: blocked(), whole: true }),
        ("3", AdminAnswer::Components(components())),
        ("4", AdminAnswer::Links(links())),
        ("5", AdminAnswer::Standing(standing())),
    ] {
        assert_eq!(press(&mut o, key).len(), 1, "a part is read when it is first shown");
        bring(&mut o, answer);
    }
    press(&mut o, "1");
    o
}

fn asked(steps: &[Step]) -> AdminRequest {
    let Some(Step::Ask(request)) = steps.last() else { panic!("{steps:?}") };
    let Request::Admin { act } = &**request else { panic!("{request:?}") };
    act.clone()
}

fn support() -> AccountId {
    AccountId::new("support")
}

#[test]
fn only_what_was_changed_is_sent() {
    let mut o = full();
    press(&mut o, "e");
    assert_eq!(press(&mut o, "F10"), vec![], "nothing is changed");
    assert!(o.say.as_ref().unwrap().what.contains("nothing is changed"));
    write(&mut o, "!");
    let act = asked(&press(&mut o, "F10"));
    let change = ProfileChange { about: Some("Bells since 1999!".into()), ..ProfileChange::default() };
    assert_eq!(act, AdminRequest::ChangeProfile { account: support(), change, picture: None });
    let changed = BusinessProfile { about: "Bells since 1999!".into(), ..profile() };
    let steps = bring(&mut o, AdminAnswer::Profile(changed));
    assert_eq!(steps, vec![Step::Say("the profile is changed".into())]);
    assert!(matches!(o.mode, Mode::List));
}

#[test]
fn what_breaks_a_rule_is_shown_at_its_field_and_nothing_is_asked() {
    let mut o = full();
    press(&mut o, "e Tab Tab Tab");
    write(&mut o, "@@");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert_eq!(o.say.as_ref().unwrap().field.as_deref(), Some("email"));
    // What the engine refuses is shown in the same way, and what was typed stays.
    press(&mut o, "Backspace Backspace");
    write(&mut o, ".uk");
    assert_eq!(press(&mut o, "F10").len(), 1);
    o.deliver(Delivery::Problem(Problem {
        field: Some("email".into()),
        ..Problem::new("field", "email: no")
    }));
    assert!(matches!(&o.mode, Mode::Form(s, Form::Profile) if s.get("email") == "hello@bells.example.uk"));
}

#[test]
fn a_picture_is_handed_over_first() {
    let mut o = full();
    press(&mut o, "e Shift+Tab Shift+Tab");
    write(&mut o, "~/logo.png");
    let steps = press(&mut o, "F10");
    let change = Box::new(ProfileChange::default());
    assert_eq!(steps, vec![Step::Picture { path: "~/logo.png".into(), account: support(), change }]);
    assert_eq!(press(&mut o, "F10"), vec![], "once");
    o.deliver(Delivery::Problem(Problem {
        field: Some("picture".into()),
        ..Problem::new("field", "picture: no such file")
    }));
    assert!(o.say.is_some() && matches!(o.mode, Mode::Form(..)));
}

#[test]
fn somebody_is_blocked_unblocked_and_gone_to() {
    let mut o = full();
    press(&mut o, "2");
    let steps = press(&mut o, "Enter");
    assert_eq!(steps, vec![Step::Close, Step::OpenThread { thread: ThreadId([1; 16]), at: None }]);
    press(&mut o, "n");
    write(&mut o, "+44 7700 900123");
    let act = asked(&press(&mut o, "F10"));
    assert_eq!(
        act,
        AdminRequest::Block { account: support(), whom: vec![Identity::phone("+44 7700 900123")] }
    );
    let error =
        DeliveryError { code: 131_047, text: "Re-engagement required".into(), cause: None, next: None };
    let failed = crate::model::business::BlockFailure { whom: Identity::phone("447700900123"), error };
    assert_eq!(
        bring(&mut o, AdminAnswer::Outcome(BlockReport { done: vec![], failed: vec![failed] })),
        vec![]
    );
    assert!(o.say.as_ref().unwrap().means.contains("24 hours"));
    press(&mut o, "Esc y D");
    assert!(matches!(o.mode, Mode::Ask { .. }));
    press(&mut o, "n");
    assert!(matches!(o.mode, Mode::List), "any other key leaves it");
    press(&mut o, "D");
    let act = asked(&press(&mut o, "y"));
    assert_eq!(act, AdminRequest::Unblock { account: support(), whom: vec![blocked()[0].whom.clone()] });
    let done = BlockReport { done: vec![blocked()[0].whom.clone()], failed: vec![] };
    let steps = bring(&mut o, AdminAnswer::Outcome(done));
    assert_eq!(asked(&steps), AdminRequest::Blocked { account: support() }, "the list is read anew");
}

#[test]
fn ice_breakers_and_commands_are_set_as_a_whole() {
    let mut o = full();
    press(&mut o, "3 c");
    write(&mut o, "/hours");
    press(&mut o, "Tab");
    write(&mut o, "When we are open");
    let AdminRequest::SetComponents { components: c, .. } = asked(&press(&mut o, "F10")) else { panic!() };
    assert_eq!((c.prompts.len(), c.commands.len(), c.commands[1].name.as_str()), (2, 2, "hours"));
    bring(&mut o, AdminAnswer::Components(c));
    press(&mut o, "j e Backspace");
    let AdminRequest::SetComponents { components: c, .. } = asked(&press(&mut o, "F10")) else { panic!() };
    assert_eq!(c.prompts[1], "Book a repai");
    bring(&mut o, AdminAnswer::Components(c));
    press(&mut o, "j D");
    let AdminRequest::SetComponents { components: c, .. } = asked(&press(&mut o, "y")) else { panic!() };
    assert_eq!(c.commands.len(), 1);
}

#[test]
fn links_are_made_shown_copied_and_deleted() {
    let mut o = full();
    press(&mut o, "4 n");
    write(&mut o, "Autumn check");
    let text = "Autumn check".to_owned();
    assert_eq!(asked(&press(&mut o, "F10")), AdminRequest::CreateLink { account: support(), text });
    let made = ShortLink {
        code: "ZZZZZZZZZZZZZZ".into(),
        url: "https://wa.me/message/Z".into(),
        ..links()[0].clone()
    };
    bring(&mut o, AdminAnswer::Link(made));
    assert_eq!((o.total(), o.selection.at), (3, 2), "the cursor is on the new one");
    press(&mut o, "Enter");
    assert!(matches!(o.mode, Mode::Code));
    assert_eq!(press(&mut o, "y"), vec![Step::Copy("https://wa.me/message/Z".into())]);
    press(&mut o, "Esc D");
    let code = "ZZZZZZZZZZZZZZ".to_owned();
    assert_eq!(asked(&press(&mut o, "y")), AdminRequest::DeleteLink { account: support(), code });
    assert_eq!(asked(&bring(&mut o, AdminAnswer::Done)), AdminRequest::Links { account: support() });
}

#[test]
fn a_number_is_registered_with_a_pin_that_is_not_shown() {
    let mut o = full();
    press(&mut o, "5 r");
    write(&mut o, "12");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert_eq!(o.say.as_ref().unwrap().field.as_deref(), Some("pin"));
    write(&mut o, "3456");
    assert!(!picture(&o, 80, 24).contains("123456"));
    assert!(
        matches!(asked(&press(&mut o, "F10")), AdminRequest::Register { pin, .. } if pin.reveal() == "123456")
    );
    bring(&mut o, AdminAnswer::Done);
    bring(&mut o, AdminAnswer::Standing(standing()));
    press(&mut o, "x");
    assert!(matches!(asked(&press(&mut o, "y")), AdminRequest::Deregister { .. }));
}

#[test]
fn who_may_only_look_changes_nothing() {
    let mut o = open(false);
    bring(&mut o, AdminAnswer::Profile(profile()));
    assert_eq!(press(&mut o, "e"), vec![]);
    assert!(o.say.as_ref().unwrap().next.contains("connection.edit") && matches!(o.mode, Mode::List));
}

#[test]
fn looks() {
    let mut o = full();
    insta::assert_snapshot!("profile_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    for (key, name) in [("2", "blocked"), ("3", "chat"), ("4", "links"), ("5", "number")] {
        press(&mut o, key);
        insta::assert_snapshot!(format!("profile_{name}_80x24"), picture(&o, 80, 24));
        draw_everywhere(&o);
    }
    press(&mut o, "4 Enter");
    insta::assert_snapshot!("profile_code_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    press(&mut o, "Esc 1 e");
    insta::assert_snapshot!("profile_form_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    draw_everywhere(&open(true));
}
