//! Its keys and its looks, against an engine that keeps templates in a list.

use super::super::testing::{draw_everywhere, key, picture, press, write};
use super::sample::Fake;
use super::*;
use crate::protocol::Response;
use std::sync::Arc;

pub(super) fn all() -> Rights {
    Rights { create: true, edit: true, delete: true, load: true, send: true }
}

/// The screen with its engine.
pub(super) struct Desk {
    pub o: TemplateAdmin,
    pub fake: Fake,
    /// What went to the engine, and what it was not asked.
    pub log: Vec<TemplateRequest>,
    pub steps: Vec<Step>,
}

impl Desk {
    pub fn new(rights: Rights) -> Self {
        Self::with(rights, Fake::default())
    }

    pub fn with(rights: Rights, fake: Fake) -> Self {
        let minutes = |at: Millis| format!("{}m", (crate::tui::app::tests::NOW - at) / 60_000);
        let accounts = [("support", "Acme Support"), ("sales", "Acme Sales")];
        let (o, first) = TemplateAdmin::new(Setup {
            accounts: accounts.iter().map(|(id, n)| (AccountId::new(*id), (*n).to_owned())).collect(),
            at: 0,
            synced: Some(crate::tui::app::tests::NOW - 120_000),
            rights,
            ago: Arc::new(minutes),
            full: Arc::new(|at| format!("{} min ago", (crate::tui::app::tests::NOW - at) / 60_000)),
            kept: Vec::new(),
            samples: false,
            here: Some(Here {
                thread: ThreadId([1; 16]),
                account: AccountId::new("support"),
                title: "Marta Souza".into(),
                window_open: false,
            }),
        });
        let mut desk = Self { o, fake, log: Vec::new(), steps: Vec::new() };
        desk.run(vec![Step::Ask(Box::new(first))]);
        desk
    }

    fn run(&mut self, steps: Vec<Step>) {
        for step in steps {
            let delivery = match step {
                Step::Ask(request) => match *request {
                    Request::Template { act } => {
                        self.log.push((*act).clone());
                        match self.fake.answer(*act) {
                            Ok(Response::Template(answer)) => Delivery::Template(answer),
                            Ok(_) => Delivery::Done,
                            Err(p) => Delivery::Problem(p),
                        }
                    }
                    _ => Delivery::Done,
                },
                Step::Sample { account, .. } => {
                    let file = crate::model::media::StoredFile {
                        hash: crate::model::media::FileHash([7; 32]),
                        name: "bell.png".into(),
                        size: 1,
                        facts: serde_json::from_str(r#"{"mime":"image/png"}"#).unwrap(),
                    };
                    let act = TemplateRequest::Sample { account, file };
                    vec_of(&mut self.log, act.clone());
                    match self.fake.answer(act) {
                        Ok(Response::Template(answer)) => Delivery::Template(answer),
                        _ => Delivery::Done,
                    }
                }
                other => {
                    self.steps.push(other);
                    continue;
                }
            };
            let next = self.o.deliver(delivery);
            self.run(next);
        }
    }

    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for k in keys.split_whitespace() {
            let steps = self.o.key(key(k));
            self.run(steps);
        }
        self
    }

    pub fn write(&mut self, text: &str) -> &mut Self {
        let steps = write(&mut self.o, text);
        self.run(steps);
        self
    }

    /// The provider says that something is another thing.
    pub fn moved(&mut self) {
        let steps = self.o.deliver(Delivery::TemplatesMoved(AccountId::new("support")));
        self.run(steps);
    }

    pub fn edited(&mut self, text: &str) {
        let steps = self.o.deliver(Delivery::Edited(Ok(Some(text.into()))));
        self.run(steps);
    }

    pub fn seen(&self, width: u16, height: u16) -> String {
        picture(&self.o, width, height)
    }

    fn said(&self) -> Vec<&str> {
        self.steps.iter().filter_map(|s| if let Step::Say(s) = s { Some(s.as_str()) } else { None }).collect()
    }

    fn last(&self) -> &TemplateRequest {
        let looks = |r: &&TemplateRequest| {
            !matches!(r, TemplateRequest::List { .. } | TemplateRequest::History { .. })
        };
        self.log.iter().rev().find(looks).expect("something was asked for")
    }

    fn here(&self) -> (&str, &str) {
        let t = &self.o.list.current().expect("there is one").template;
        (&t.name, &t.language)
    }
}

fn vec_of(log: &mut Vec<TemplateRequest>, act: TemplateRequest) {
    log.push(act);
}

#[test]
fn names_stand_once_with_their_languages_side_by_side() {
    let mut d = Desk::new(all());
    let seen = d.seen(80, 24);
    assert!(seen.contains("ar…") && seen.contains("en_GB✓") && seen.contains("pt_BR✗"), "{seen}");
    assert!(!seen.contains("hello_world") && seen.contains("1 sample hidden"), "{seen}");
    d.keys("H");
    assert!(d.seen(80, 24).contains("hello_world"));
    assert_eq!(d.steps, [Step::ShowSamples(true)]);
    d.keys("j j");
    assert_eq!(d.here(), ("order_update", "ar"));
    d.keys("Right Right");
    assert_eq!(d.here(), ("order_update", "pt_BR"));
    d.keys("Left");
    assert_eq!(d.here(), ("order_update", "en_GB"));
}

#[test]
fn filters_and_the_search_go_by_esc() {
    let mut d = Desk::new(all());
    d.keys("p");
    assert_eq!(d.o.list.groups.iter().map(|g| g.rows.len()).sum::<usize>(), 3);
    d.keys("Esc c c");
    assert!(d.seen(80, 24).contains("only utility"), "{}", d.seen(80, 24));
    d.keys("Esc L");
    assert!(d.seen(80, 24).contains("only ar"));
    d.keys("Esc /").write("spring").keys("Enter");
    assert_eq!(d.here().0, "promo_spring");
    d.keys("Esc");
    assert_eq!(d.o.list.groups.len(), 3);
    d.keys("Esc");
    assert_eq!(d.steps, [Step::Close]);
}

#[test]
fn deleting_wants_the_name_typed() {
    let mut d = Desk::new(all());
    d.keys("j D y Enter");
    assert!(d.seen(80, 24).contains("nothing was deleted"), "{}", d.seen(80, 24));
    assert!(!d.log.iter().any(|r| matches!(r, TemplateRequest::Delete { .. })));
    d.keys("Esc D").write("order_update").keys("Enter");
    let one = |language: Option<&str>| TemplateRequest::Delete {
        account: AccountId::new("support"),
        name: "order_update".into(),
        language: language.map(str::to_owned),
    };
    assert_eq!(*d.last(), one(Some("ar")));
    d.keys("D Tab").write("order_update").keys("Enter");
    assert_eq!(*d.last(), one(None));
    assert!(!d.seen(80, 24).contains("order_update"));
    assert_eq!(d.said().last(), Some(&"order_update is deleted in all languages"));
}

#[test]
fn a_role_without_rights_is_offered_nothing_and_refused_here_too() {
    let mut d = Desk::new(Rights::default());
    let seen = d.seen(120, 36);
    for word in ["n new", "e edit", "D delete", "x on/off", "R roles", "s send"] {
        assert!(!seen.contains(word), "{word}: {seen}");
    }
    for k in ["n", "e", "d", "D", "x", "m", "R", "s", "F2", "F3", "F4", "B"] {
        d.keys(k);
        assert!(matches!(d.o.mode, Mode::List), "{k}");
    }
    let asks =
        |r: &TemplateRequest| !matches!(r, TemplateRequest::List { .. } | TemplateRequest::History { .. });
    assert!(!d.log.iter().any(asks), "{:?}", d.log);
    assert!(d.said().iter().all(|s| s.contains("your role does not allow this")));
}

#[test]
fn what_is_kept_here_is_set() {
    let mut d = Desk::new(all());
    d.keys("j Right x");
    assert!(matches!(d.last(), TemplateRequest::Set { settings, .. } if !settings.enabled));
    assert_eq!(d.said(), ["order_update (en_GB) is not offered to agents any more"]);
    d.keys("R Space F10");
    let first = crate::model::access::Role::built_in()[0].name.clone();
    assert!(matches!(d.last(), TemplateRequest::Set { settings, .. } if settings.roles == [first.clone()]));
    d.keys("m Ctrl+O Tab").write("{{ set.order }}").keys("F10");
    let TemplateRequest::Set { settings, .. } = d.last() else { panic!("{:?}", d.last()) };
    assert_eq!(settings.mapping["body.1"], "{{ contact.first_name }}");
    assert_eq!(settings.mapping["body.2"], "{{ set.order }}");
    assert!(!settings.enabled, "what was set before stays");
}

#[test]
fn a_template_is_built_refused_by_our_rules_and_handed_in() {
    let mut d = Desk::new(all());
    d.keys("n Enter").write("Bad Name").keys("F10");
    assert!(d.seen(100, 30).contains("only a to z"), "{}", d.seen(100, 30));
    assert!(!d.log.iter().any(|r| matches!(r, TemplateRequest::Create { .. })));
    d.keys("Ctrl+U").write("order_ready").keys("Tab Enter").write("portugal").keys("Enter");
    // Category and variables stay; a text header, a body with two variables and their examples.
    d.keys("Tab Tab Right Tab").write("Pedido ").keys("F5 Tab").write("4711").keys("Tab");
    d.write("Olá ")
        .keys("F5")
        .write(", o seu pedido ")
        .keys("F5")
        .write(" está pronto para ser retirado hoje.");
    d.keys("Tab").write("Marta").keys("Tab").write("4711").keys("Tab").write("Northwind");
    d.keys("F2 Tab").write("Obrigada").keys("F2 Right Tab").write("Ver");
    d.keys("Tab").write("https://shop.example/").keys("F5 Tab").write("4711");
    let seen = d.seen(160, 45);
    for word in ["Pedido 4711", "Olá Marta, o seu pedido 4711", "Northwind", "↩ Obrigada", "↗ Ver"] {
        assert!(seen.contains(word), "{word}: {seen}");
    }
    d.keys("F10");
    // Two kinds of buttons are not shown on desktops: a warning, asked about once.
    assert!(d.seen(100, 30).contains("Hand it in all the same?"), "{}", d.seen(100, 30));
    d.keys("y");
    let TemplateRequest::Create { definition, .. } = d.last() else { panic!("{:?}", d.last()) };
    assert_eq!(definition.language, "pt_PT");
    assert_eq!(definition.body.text, "Olá {{1}}, o seu pedido {{2}} está pronto para ser retirado hoje.");
    assert_eq!(definition.body.examples["2"], "4711");
    assert_eq!(definition.buttons[1].target, "https://shop.example/{{1}}");
    assert_eq!(d.here(), ("order_ready", "pt_PT"));
    assert!(d.said().contains(&"order_ready (pt_PT) handed in: PENDING"));
    // The review ends, and the row says so by itself; e goes to where the reason is put right.
    d.fake.review("order_ready", "pt_PT", "REJECTED", "INCORRECT_CATEGORY");
    d.moved();
    assert!(d.seen(160, 45).contains("INCORRECT_CATEGORY"));
    d.keys("e Right F10 y");
    let TemplateRequest::Edit { definition, .. } = d.last() else { panic!("{:?}", d.last()) };
    assert_eq!(definition.category, "MARKETING");
    d.fake.review("order_ready", "pt_PT", "APPROVED", "NONE");
    d.moved();
    assert!(d.seen(160, 45).contains("✓ APPROVED"));
}

#[test]
fn what_was_begun_is_not_lost_by_esc() {
    let mut d = Desk::new(all());
    d.keys("n Enter").write("half_done").keys("Esc");
    assert!(d.seen(80, 24).contains("Leave what you have written?"));
    d.keys("x");
    assert!(matches!(d.o.mode, Mode::Build(_)), "any other key goes on");
    d.keys("Esc k");
    assert!(
        d.steps
            .iter()
            .any(|s| matches!(s, Step::KeepTemplate { kept: Some(d), .. } if d.name == "half_done"))
    );
    d.keys("n");
    assert!(d.seen(80, 24).contains("go on with half_done"));
    d.keys("Enter").write("_x").keys("Esc y");
    assert!(matches!(d.steps.last(), Some(Step::KeepTemplate { kept: None, .. })));
    // Nothing written, nothing asked.
    d.keys("n Enter Esc");
    assert!(matches!(d.o.mode, Mode::List));
}

#[test]
fn the_json_is_the_same_definition_and_a_mistake_loses_nothing() {
    let mut d = Desk::new(all());
    d.keys("j Right e F3");
    let Some(Step::Edit { text, name }) = d.steps.last().cloned() else { panic!("{:?}", d.steps) };
    assert_eq!(name, "template.json");
    let changed = text.replace(
        "\"components\": [",
        "\"components\": [ {\"type\": \"LIMITED_TIME_OFFER\", \"limited_time_offer\": {\"text\": \"Soon\"}},",
    );
    d.edited(&changed.replace("\"type\": \"BODY\"", "\"type\": 7"));
    let seen = d.seen(100, 30);
    assert!(seen.contains("components[") && seen.contains("LIMITED_TIME_OFFER"), "{seen}");
    d.keys("F3");
    let Some(Step::Edit { text, .. }) = d.steps.last().cloned() else { panic!("{:?}", d.steps) };
    assert!(text.starts_with("// components["), "{text}");
    d.edited(&text.replace("\"type\": 7", "\"type\": \"BODY\""));
    assert!(d.seen(100, 40).contains("limited time offer"), "{}", d.seen(100, 40));
    // Another name is another template.
    d.edited(&changed.replace("order_update", "other"));
    assert!(d.seen(100, 30).contains("name and language"));
    d.keys("Esc y");
    // Without an editor there is one here.
    let steps = d.o.deliver(Delivery::Edited(Err("nano was not found".into())));
    assert!(steps.is_empty());
    assert!(d.seen(100, 30).contains("nano was not found"));
    d.keys("F10");
    assert!(matches!(&d.o.mode, Mode::Build(_)));
}

#[test]
fn an_approved_one_keeps_its_category_and_says_how_often_it_may_change() {
    let mut d = Desk::new(all());
    d.keys("j Right e");
    let seen = d.seen(80, 24);
    assert!(seen.contains("once in 24 hours") && seen.contains("stays"), "{seen}");
    d.keys("Esc Left e");
    assert!(d.seen(120, 36).contains("is PENDING"), "{}", d.seen(120, 36));
}

#[test]
fn a_copy_in_another_language_keeps_its_name_and_one_in_the_same_gets_another() {
    let mut d = Desk::new(all());
    d.keys("j Right d").write("german").keys("Enter");
    let seen = d.seen(100, 30);
    assert!(seen.contains("order_update") && seen.contains("German"), "{seen}");
    d.keys("Esc y d Enter");
    assert!(d.seen(100, 30).contains("order_update_2"), "{}", d.seen(100, 30));
}

#[test]
fn a_sample_file_is_handed_over_and_named_by_its_handle() {
    let mut d = Desk::new(all());
    d.keys("n Enter")
        .write("with_picture")
        .keys("Tab Tab Tab Tab Right Right Tab")
        .write("~/bell.png")
        .keys("Enter");
    assert!(matches!(d.last(), TemplateRequest::Sample { .. }));
    assert!(d.seen(100, 30).contains("4::aW1hZ2U=:ARaSample"), "{}", d.seen(100, 30));
    d.keys("Shift+Tab");
    let p = Problem { field: Some("header.sample".into()), ..Problem::new("field", "sample: too large") };
    d.o.flight = Some(Then::Sample);
    d.o.deliver(Delivery::Problem(p));
    assert!(d.seen(100, 30).contains("too large"));
}

#[test]
fn actions_are_made_tried_and_taken_away() {
    let mut d = Desk::new(all());
    d.keys("a");
    assert!(d.seen(80, 24).contains("order_updated"));
    d.keys("n").write("Bad").keys("F10");
    assert!(d.seen(80, 24).contains("must be a word"), "{}", d.seen(80, 24));
    d.keys("Ctrl+U").write("invoice_sent").keys("Tab").write("order_update").keys("Tab").write("en_GB");
    d.keys("F10 Ctrl+O Tab").write("{{ set.nr }}").keys("F10");
    let TemplateRequest::SetAction { name, action: Some(action), .. } =
        d.log.iter().rev().find(|r| matches!(r, TemplateRequest::SetAction { .. })).unwrap()
    else {
        panic!("{:?}", d.log)
    };
    assert_eq!((name.as_str(), action.template.as_str()), ("invoice_sent", "order_update"));
    assert_eq!(action.mapping["body.2"], "{{ set.nr }}");
    d.keys("t");
    let seen = d.seen(80, 24);
    assert!(seen.contains("set.order") && seen.contains("Marta Souza") && seen.contains("charged"), "{seen}");
    d.write("4711").keys("F10");
    assert!(matches!(d.log.last(), Some(TemplateRequest::Act { values, .. }) if values["order"] == "4711"));
    d.keys("Esc y D F10");
    assert!(matches!(d.last(), TemplateRequest::Actions { .. }));
    assert_eq!(d.fake.actions.len(), 1);
}

#[test]
fn one_of_the_library_is_taken_with_what_its_buttons_need() {
    let mut d = Desk::new(all());
    d.keys("B");
    assert!(d.seen(120, 36).contains("delivery_update_1"));
    d.keys("Enter Tab")
        .write("https://shop.example/{{1}}")
        .keys("Tab")
        .write("https://shop.example/1")
        .keys("F10");
    let request = d.log.iter().find(|r| matches!(r, TemplateRequest::FromLibrary { .. })).unwrap();
    let TemplateRequest::FromLibrary { buttons, name, .. } = request else { unreachable!() };
    assert_eq!(name, "delivery_update_1");
    assert_eq!(buttons[0]["url"]["base_url"], "https://shop.example/{{1}}");
}

#[test]
fn the_account_can_be_another_one() {
    let mut d = Desk::new(all());
    d.keys("Tab");
    assert!(d.seen(80, 24).contains("Acme Sales"));
    let last = d.log.iter().rev().find(|r| matches!(r, TemplateRequest::List { .. }));
    assert_eq!(last.and_then(TemplateRequest::account), Some(&AccountId::new("sales")));
}

#[test]
fn templates_are_sent_from_here() {
    let mut d = Desk::new(all());
    d.keys("j s");
    assert!(d.seen(80, 24).contains("only APPROVED"), "{}", d.seen(80, 24));
    d.keys("Right s");
    let pick = Step::PickTemplate { name: "order_update".into(), language: "en_GB".into() };
    assert_eq!(d.steps, [Step::Close, pick]);
}

#[test]
fn the_providers_own_words_of_a_login_code_are_not_the_authors() {
    let mut fake = Fake::default();
    let mut t = super::sample::template("login_code", "en", "APPROVED", "*{{1}}* is your verification code.");
    t.category = "AUTHENTICATION".into();
    t.footer = "This code expires in 10 minutes.".into();
    t.components = serde_json::from_value(serde_json::json!([
        {"type": "BODY", "text": "*{{1}}* is your verification code.", "add_security_recommendation": true},
        {"type": "FOOTER", "text": "This code expires in 10 minutes.", "code_expiration_minutes": 10},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]},
    ]))
    .unwrap();
    fake.rows = vec![TemplateRow { template: t, ..fake.rows[0].clone() }];
    let mut d = Desk::with(all(), fake);
    d.keys("e");
    let seen = d.seen(120, 36);
    assert!(seen.contains("no rule is broken") && seen.contains("expires in 10 minutes"), "{seen}");
}

#[test]
fn it_draws_on_every_size() {
    let mut d = Desk::new(all());
    draw_everywhere(&d.o);
    for keys in [
        "j Right Enter",
        "h",
        "Esc D",
        "Esc R",
        "Esc m",
        "Esc a",
        "n F10",
        "Esc Esc B",
        "Esc n",
        "Enter",
        "F7",
        "F3",
    ] {
        d.keys(keys);
        draw_everywhere(&d.o);
    }
    let empty = Desk::with(all(), Fake { rows: Vec::new(), actions: Vec::new() });
    draw_everywhere(&empty.o);
    assert!(empty.seen(80, 24).contains("No templates here yet"));
    assert_eq!(press(&mut Desk::new(all()).o, "Esc"), vec![Step::Close]);
}
