//! What the scenes show, and how the engine would answer.

use crate::clock::Millis;
use crate::model::contact::Identity;
use crate::model::delivery::{DeliveryError, WaitReason, Waiting};
use crate::model::handling::{Label, LabelColor, Priority, Snooze, State, Wait};
use crate::model::ids::{EventId, LabelId, MacroId};
use crate::model::inbound::Severity;
use crate::model::macros::{Macro, MacroStep};
use crate::model::message::{ShownButton, ShownRow};
use crate::model::{AccountId, Body, DeliveryState, Message, Origin};
use crate::protocol::{
    Check, ContactDetail, IdentityFacts, LabelRow, LifeStep, LifeWebhook, MessageLife, Notice, Verdict,
    WebhookRow, WebhookState,
};
use crate::tui::app::tests::{NOW, Script, inbox};
use crate::tui::app::{App, Event};
use crate::tui::outside::Piped;
use crate::tui::overlay::{Delivery, testing};

pub(super) const MIN: Millis = 60_000;

pub(super) fn label(n: u8, name: &str, color: LabelColor) -> Label {
    Label { id: LabelId([n; 16]), name: name.into(), color }
}

pub(super) fn a_macro(n: u8, name: &str, about: &str, steps: &[&str]) -> Macro {
    Macro {
        id: MacroId([n; 16]),
        name: name.into(),
        about: about.into(),
        steps: steps.iter().map(|s| MacroStep::from((*s).to_owned())).collect(),
        used: u64::from(n),
        ..Macro::default()
    }
}

/// An inbox with something of everything.
pub(super) fn desk() -> Script {
    let mut s = inbox();
    let (vip, late) = (label(1, "vip", LabelColor::Red), label(2, "late order", LabelColor::Blue));
    s.labels = vec![
        LabelRow { label: vip.clone(), threads: 12 },
        LabelRow { label: late.clone(), threads: 1 },
        LabelRow { label: label(3, "wholesale", LabelColor::Green), threads: 0 },
    ];
    s.threads[0].handling.labels = vec![late, vip];
    s.threads[0].handling.assignee = Some("ana".into());
    s.threads[1].handling.priority = Priority::Urgent;
    s.threads[2].handling.assignee = Some("bo".into());
    s.threads[2].handling.woken = true;
    let until = Some(NOW + 300 * MIN);
    s.threads[3].handling.state = State::Snoozed;
    s.threads[3].handling.snooze = Some(Snooze { wait: Wait::Time, until });
    s.replies = testing::quick_replies();
    s.macros = vec![
        a_macro(
            1,
            "thank-and-close",
            "Thanks, and nothing is left to do",
            &["reply hours", "resolve", "open next"],
        ),
        a_macro(
            2,
            "shipped",
            "",
            &[
                "text Order {{ order }} is on its way, {{ contact.first_name }}!",
                "label vip",
                "note sent {{ order }}",
            ],
        ),
        a_macro(3, "broken", "", &["reply nothing-like-it", "label gold", "mute"]),
    ];
    s.preferences.insert("view/hot".into(), "label:vip state:open".into());
    s.status.notices = vec![Notice {
        at: NOW - 40 * MIN,
        account: AccountId::new("support"),
        severity: Severity::Warning,
        text: "template order_update (pt_BR) was paused: low quality".into(),
    }];
    s
}

/// A thread with messages of ours in every state, and what else a conversation may hold.
pub(super) fn states() -> Script {
    let mut s = desk();
    let t = s.thread("Every State", Some("15550102030"), Some(600));
    let error = |code: i64, text: &str, cause: &str, next: &str| DeliveryError {
        code,
        text: text.into(),
        cause: (!cause.is_empty()).then(|| cause.into()),
        next: (!next.is_empty()).then(|| next.into()),
    };
    let waits = |minutes: i64, why| Some(Waiting { until: NOW + minutes * MIN, why });
    let mut say = |ago: i64, text: &str, f: &dyn Fn(&mut Message)| {
        let id = s.say(t, ago, false, Body::text(text));
        s.change(id, f);
    };
    say(50, "put aside after it failed", &|m| {
        m.state = DeliveryState::Failed;
        m.error = Some(error(
            131_047,
            "Re-engagement message",
            "more than 24 hours have passed",
            "send a template",
        ));
        m.put_aside = true;
    });
    say(48, "nobody knows, put aside", &|m| (m.state, m.put_aside) = (DeliveryState::Unknown, true));
    say(46, "taken back", &|m| m.state = DeliveryState::Cancelled);
    say(44, "failed, a template helps", &|m| {
        m.state = DeliveryState::Failed;
        m.error = Some(error(
            131_047,
            "Re-engagement message",
            "more than 24 hours have passed",
            "send a template",
        ));
    });
    say(42, "failed, once more may help", &|m| {
        m.state = DeliveryState::Failed;
        m.error = Some(error(131_000, "Something went wrong", "", "send it again"));
    });
    say(40, "the answer was lost", &|m| m.state = DeliveryState::Unknown);
    say(30, "read", &|m| m.state = DeliveryState::Read);
    say(29, "changed its words", &|m| (m.state, m.edited) = (DeliveryState::Delivered, true));
    say(28, "sent", &|m| m.state = DeliveryState::Sent);
    say(5, "accepted", &|m| m.state = DeliveryState::Accepted);
    say(4, "on the wire", &|m| m.state = DeliveryState::Sending);
    say(3, "waits for the provider", &|m| {
        m.state = DeliveryState::Queued;
        m.waits = waits(2, WaitReason::Provider);
        m.error = Some(error(130_429, "Rate limit hit", "", ""));
    });
    say(2, "for tomorrow", &|m| {
        m.state = DeliveryState::Queued;
        m.waits = waits(24 * 60, WaitReason::Later);
    });
    say(0, "has just left", &|m| {
        m.state = DeliveryState::Queued;
        m.waits = Some(Waiting { until: NOW + 5_000, why: WaitReason::Undo });
    });
    s
}

/// A thread with notes, deleted and edited messages, interactive ones and a quote.
pub(super) fn notes() -> Script {
    let mut s = desk();
    let t = s.thread("Marta's shop", Some("15550102031"), Some(600));
    s.say(
        t,
        60,
        true,
        Body::text("Which sizes do you have? See https://example.com/sizes and https://example.com/a?b=c"),
    );
    let gone = s.say(t, 55, true, Body::text("wrong chat"));
    s.change(gone, |m| m.body = Body::Revoked);
    let edited = s.say(t, 50, true, Body::text("I mean shoes"));
    s.change(edited, |m| m.edited = true);
    let button = |text: &str| ShownButton { kind: "reply".into(), text: text.into(), target: None };
    let rows = vec![
        ShownRow { id: "a".into(), title: "Full".into(), description: "9 €".into() },
        ShownRow { id: "b".into(), title: "Half".into(), description: "5 €".into() },
    ];
    s.say(
        t,
        45,
        false,
        Body::Interactive {
            kind: "button".into(),
            header: "Sizes".into(),
            text: "Which one fits?".into(),
            footer: "prices with tax".into(),
            buttons: vec![button("38"), button("40"), button("42")],
            rows: Vec::new(),
        },
    );
    s.say(
        t,
        44,
        false,
        Body::Interactive {
            kind: "list".into(),
            header: String::new(),
            text: "Which plan?".into(),
            footer: String::new(),
            buttons: vec![ShownButton { kind: "list".into(), text: "Choose".into(), target: None }],
            rows,
        },
    );
    s.say(
        t,
        40,
        true,
        Body::Choice {
            source: "list".into(),
            id: "a".into(),
            title: "Full".into(),
            description: "9 €".into(),
        },
    );
    s.note(t, 30, "asks for wholesale prices");
    let changed = s.note(t, 29, "asks for wholesale prices, 40 pairs");
    s.change(changed, |m| m.edited = true);
    let theirs = s.note(t, 28, "call her on *Friday*, @ana");
    s.change(theirs, |m| m.origin = Origin::Operator("bo".into()));
    let deleted = s.note(t, 27, "x");
    s.change(deleted, |m| m.body = Body::Revoked);
    let late = s.say(t, 20, true, Body::text("this one came late"));
    s.change(late, |m| m.late = Some(95 * MIN));
    s
}

pub(super) fn nobody() -> Script {
    Script::new()
}

/// Gives the overlay on top what the engine would answer.
pub(super) fn deliver(app: &mut App, delivery: Delivery) {
    let open = app.overlays.last_mut().expect("an overlay is open");
    let serial = open.serial;
    let steps = open.overlay.deliver(delivery);
    app.steps(serial, steps);
}

pub(super) fn with_templates(s: &mut Script, app: &mut App, keys: &str) {
    app.templates.insert(AccountId::new("support"), testing::templates());
    s.keys(app, "Enter t");
    deliver(app, Delivery::Templates(testing::templates()));
    if !keys.is_empty() {
        s.keys(app, keys);
    }
}

pub(super) fn contact(name: &str, identities: &[Identity]) -> ContactDetail {
    let fact = |i: usize, identity: &Identity| IdentityFacts {
        identity: identity.clone(),
        since: (i == 0).then_some(NOW - 90 * MIN),
        retired: i == 2,
        messages: 3 + i as u32,
    };
    ContactDetail {
        contact: crate::model::contact::Contact {
            id: crate::model::ContactId::derived(&[name]),
            name: String::new(),
            profile_name: name.into(),
            identities: identities.to_vec(),
            marketing_opt_out: true,
        },
        identities: identities.iter().enumerate().map(|(i, x)| fact(i, x)).collect(),
        threads: Vec::new(),
        created_at: NOW - 900 * MIN,
    }
}

pub(super) fn life(app: &App) -> MessageLife {
    let message = app.conversation.as_ref().unwrap().messages.last().unwrap().clone();
    let step = |at: Millis, kind: &str, text: &str| LifeStep {
        at: NOW - 10 * MIN + at,
        provider_at: None,
        kind: kind.into(),
        text: text.into(),
        by: Some("ana".into()),
        attempt: None,
        webhook: None,
        error: None,
    };
    let webhook = EventId([7; 16]);
    MessageLife {
        message,
        title: "Marta Souza".into(),
        steps: vec![
            step(0, "queued", "committed to the outbox"),
            step(40, "attempt_started", "attempt 1: the first byte is about to leave"),
            LifeStep { webhook: Some(webhook), by: None, ..step(64_000, "status", "status delivered") },
        ],
        webhooks: vec![LifeWebhook {
            row: WebhookRow {
                id: webhook,
                account: AccountId::new("support"),
                received_at: NOW - 9 * MIN,
                state: WebhookState::Applied,
                size: 812,
                says: "1 status".into(),
                problem: None,
            },
            raw: "{\n  \"entry\": []\n}".into(),
            cut: 0,
        }],
        complete: true,
        kept_since: Some(NOW - 9_000 * MIN),
    }
}

pub(super) fn checks() -> Vec<Check> {
    let check = |name: &str, verdict, seen: &str, fix: &str| Check {
        name: name.into(),
        account: name.starts_with("provider").then(|| AccountId::new("support")),
        verdict,
        seen: seen.into(),
        fix: fix.into(),
    };
    vec![
        check("store.integrity", Verdict::Pass, "the database is whole", ""),
        check("listener.reach", Verdict::Warn, "no webhook for 3 h", "look at the callback of the app"),
        check(
            "provider.token",
            Verdict::Fail,
            "190 the token has expired",
            "make a new token and put it into the file",
        ),
    ]
}

pub(super) fn pipe(s: &mut Script, app: &mut App, output: &str, ended: &str) {
    app.shell = true;
    s.keys(app, "Enter |");
    s.type_text(app, "wc -w");
    s.keys(app, "Enter");
    let piped = Piped { output: output.into(), cut: false, ended: ended.into() };
    app.update(Event::Piped(Box::new(piped)));
}

pub(super) fn write(s: &mut Script, app: &mut App, keys: &str, text: &str) {
    s.keys(app, keys);
    s.type_text(app, text);
}

/// Shows what a filter finds.
pub(super) fn view(s: &mut Script, app: &mut App, filter: &str) {
    app.show_view(filter);
    let effects = std::mem::take(&mut app.effects);
    s.pump(app, effects);
}

/// Opens a thread by its title.
pub(super) fn open(s: &mut Script, app: &mut App, title: &str) {
    let id = s.threads.iter().find(|t| t.title == title).unwrap().id;
    app.list.select(id);
    s.keys(app, "Enter");
}

/// The settings of a number with everything read; then these keys.
pub(super) fn number_settings(s: &mut Script, app: &mut App, keys: &str) {
    s.keys(app, "g P 2 3 4 5 1");
    if !keys.is_empty() {
        s.keys(app, keys);
    }
}

/// A number that is being connected: at the beginning, or some steps on.
pub(super) fn connecting(s: &mut Script, app: &mut App, further: bool) {
    write(s, app, ":", "number.connect meta");
    s.keys(app, "Enter");
    if further {
        s.type_text(app, "Shop PT");
        s.keys(app, "F10");
        s.type_text(app, "EAAsecret");
        s.keys(app, "Enter");
    }
}
