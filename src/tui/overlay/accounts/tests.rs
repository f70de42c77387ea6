//! Keys and pictures of the accounts.

use super::super::testing::{draw_everywhere, picture, press, write};
use super::super::{Delivery, Overlay, Step};
use super::admin::{AccountBox, Mode, Rights, Times};
use super::sample::{self, LINK};
use crate::model::access::{AccessBook, AccountRule};
use crate::model::account::CONNECTED;
use crate::model::ids::AccountId;
use crate::protocol::access::{AccessList, AccessRequest};
use crate::protocol::accounts::AccountRequest;
use crate::protocol::{AccountView, Problem, Request, Response};
use crate::tui::app::tests::NOW;
use std::collections::VecDeque;
use std::sync::Arc;

/// The overlay and the engine behind it.
struct Stage {
    o: AccountBox,
    accounts: Vec<AccountView>,
    book: AccessBook,
    asked: Vec<AccountRequest>,
    ruled: Vec<AccessRequest>,
    /// What the next change is answered with instead.
    refuse: Option<Problem>,
    rest: Vec<Step>,
}

fn times(now: i64) -> Times {
    let full = Arc::new(|at: i64| format!("day {}", at / 86_400_000));
    Times { full, now: Arc::new(move || now) }
}

impl Stage {
    fn with(accounts: Vec<AccountView>, rights: Rights, now: i64) -> Self {
        let (o, first) = AccountBox::new(accounts.clone(), None, rights, times(now));
        let book = AccessBook::new();
        let mut s = Self { o, accounts, book, asked: vec![], ruled: vec![], refuse: None, rest: vec![] };
        s.pump(vec![Step::Ask(Box::new(first))]);
        s
    }

    fn admin() -> Self {
        Self::with(sample::accounts(), Rights { edit: true, rules: true, edit_rules: true }, NOW)
    }

    fn pump(&mut self, steps: Vec<Step>) {
        let mut queue: VecDeque<Step> = steps.into();
        while let Some(step) = queue.pop_front() {
            let Step::Ask(request) = step else {
                self.rest.push(step);
                continue;
            };
            let delivery = match *request {
                Request::Accounts => Delivery::Accounts(self.accounts.clone()),
                Request::Access { act: AccessRequest::List } => {
                    Delivery::Access(Box::new(AccessList { book: self.book.clone(), attached: Vec::new() }))
                }
                Request::Access { act } => {
                    if let AccessRequest::SetAccount { account, rule } = &act {
                        self.book.set_account(account.clone(), rule.clone()).unwrap();
                    }
                    self.ruled.push(act);
                    Delivery::Done
                }
                Request::Account { act } => {
                    let looks = matches!(act, AccountRequest::Show { .. });
                    if !looks {
                        self.asked.push(act.clone());
                    }
                    let refused = if looks { None } else { self.refuse.take() };
                    match refused.map_or_else(|| sample::answer(&mut self.accounts, act), Err) {
                        Ok(Response::Account(d)) => Delivery::Account(d),
                        Ok(_) => Delivery::Done,
                        Err(p) => Delivery::Problem(p),
                    }
                }
                other => panic!("{other:?}"),
            };
            queue.extend(self.o.deliver(delivery));
        }
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let steps = press(&mut self.o, key);
            self.pump(steps);
        }
    }

    fn text(&mut self, text: &str) {
        let steps = write(&mut self.o, text);
        self.pump(steps);
    }

    fn said(&self) -> Vec<&str> {
        self.rest.iter().filter_map(|s| if let Step::Say(s) = s { Some(s.as_str()) } else { None }).collect()
    }

    fn shown(&self) -> String {
        picture(&self.o, 80, 24)
    }
}

fn id(id: &str) -> AccountId {
    AccountId::new(id)
}

#[test]
fn everything_about_an_account_is_there_and_scrolls() {
    let mut s = Stage::admin();
    assert!(s.shown().contains("Acme Support") && s.shown().contains("connected"));
    s.keys("Enter");
    for words in
        ["Account · Acme Support", "+351 912 34-5678", "quality", "2,000 customers in 24 h", "open to"]
    {
        let all = picture(&s.o, 120, 46);
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(s.shown().contains("more"), "{}", s.shown());
    s.keys("PageDown PageDown PageDown");
    assert!(s.shown().contains("definition"), "{}", s.shown());
    // The end is the end.
    s.keys("PageUp PageUp PageUp Up");
    assert!(s.shown().contains("state         connected"), "{}", s.shown());
    s.keys("Esc");
    assert!(matches!(s.o.mode, Mode::List));
    s.keys("Esc");
    assert_eq!(s.rest, [Step::Close]);
}

#[test]
fn every_state_has_its_keys_and_its_light() {
    let mut s = Stage::admin();
    let shown = s.shown();
    for light in ["●", "✗", "◐", "◌", "○"] {
        assert!(shown.contains(light), "{light}: {shown}");
    }
    for (keys, there, not) in [
        ("Home", "x disconnect", "R reconnect"),
        ("j", "c go on", "z pause"),
        ("j", "u link", "z pause"),
        ("j", "z resume", "z pause"),
        ("j", "R reconnect", "x disconnect"),
    ] {
        s.keys(keys);
        let hints: Vec<String> = s.o.hints().iter().map(|h| format!("{} {}", h.key, h.does)).collect();
        assert!(hints.iter().any(|h| h == there), "{there}: {hints:?}");
        assert!(hints.iter().all(|h| h != not), "{not}: {hints:?}");
    }
}

#[test]
fn a_pause_a_check_and_an_edit() {
    let mut s = Stage::admin();
    s.keys("z");
    assert!(matches!(&s.asked[0], AccountRequest::SetOptions { options, .. } if options.paused));
    assert_eq!(s.said(), ["support is paused: what is queued waits"]);
    s.keys("Space");
    assert!(matches!(&s.asked[1], AccountRequest::SetOptions { options, .. } if !options.paused));
    s.keys("v");
    assert_eq!(s.asked[2], AccountRequest::Verify { account: id("support") });
    assert_eq!(s.said().last(), Some(&"support was looked at"));
    // What the provider says against it stays there to be read, and the keys stand below.
    assert!(s.o.says_keys());
    s.keys("j v");
    assert!(!s.o.says_keys());
    assert!(s.shown().contains("190 the access token has expired"), "{}", s.shown());
    // A development account also says whom it may write to, and who may work with it.
    s.keys("j j e");
    assert!(s.shown().contains("Sends only to") && s.shown().contains("+55"), "{}", s.shown());
    s.text("Lojas");
    s.keys("Tab Ctrl+U");
    s.text("+351");
    s.keys("Tab Ctrl+U");
    s.text("+351 912 345 678, 12");
    s.keys("F10");
    assert!(s.shown().contains("`12` has to be a number"), "{}", s.shown());
    s.keys("Backspace Backspace Backspace Backspace Tab Right Tab");
    s.text("agent");
    s.keys("F10");
    let Some(AccountRequest::SetOptions { options, .. }) = s.asked.last() else { panic!() };
    assert_eq!(options.name.as_deref(), Some("Lojas"));
    assert_eq!((options.prefix.as_str(), options.paused), ("+351", true));
    let rule = AccountRule { roles: ["agent".to_owned()].into(), ..AccountRule::default() };
    assert_eq!(s.ruled, [AccessRequest::SetAccount { account: id("lojas"), rule: Some(rule) }]);
    assert_eq!(s.said().last(), Some(&"lojas is changed"));
    assert!(matches!(s.o.mode, Mode::List));
    // Nobody named is a mistake, an unknown role too.
    s.keys("e Tab Tab Tab Tab Ctrl+U F10");
    assert!(s.shown().contains("nobody is named"), "{}", s.shown());
    s.text("boss");
    s.keys("F10");
    assert!(s.shown().contains("there is no role `boss`"), "{}", s.shown());
    s.keys("Esc y");
    assert!(matches!(s.o.mode, Mode::List));
    assert_eq!(s.ruled.len(), 1);
}

#[test]
fn what_stops_messages_asks_first_and_a_deletion_takes_the_name() {
    let mut s = Stage::admin();
    s.keys("x");
    assert!(s.shown().contains("Disconnect Acme Support?"), "{}", s.shown());
    s.keys("n");
    assert_eq!(s.asked, []);
    s.keys("x y");
    assert_eq!(s.asked, [AccountRequest::Disconnect { account: id("support") }]);
    s.keys("x");
    assert!(s.shown().contains("disconnected already"), "{}", s.shown());
    s.keys("R");
    assert_eq!(s.asked[1], AccountRequest::Reconnect { account: id("support") });
    assert!(s.said().last().unwrap().starts_with("support is connected"), "{:?}", s.said());
    // One of the configuration file goes with its section there.
    s.keys("D");
    assert!(s.shown().contains("configuration file"), "{}", s.shown());
    s.keys("Esc j j D");
    s.text("shop");
    s.keys("Enter");
    assert!(s.shown().contains("that is not its name"), "{}", s.shown());
    s.keys("Ctrl+U");
    s.text("Shop Lisboa");
    s.keys("Enter");
    let name = "Shop Lisboa".to_owned();
    assert_eq!(s.asked[2], AccountRequest::Delete { account: id("shop-pt"), name });
    assert!(!s.shown().contains("Shop Lisboa") && matches!(s.o.mode, Mode::List), "{}", s.shown());
}

#[test]
fn a_new_account_goes_from_a_form_to_a_link_and_to_connected() {
    let mut s = Stage::admin();
    s.keys("n");
    assert!(s.shown().contains("k Kapso   m Meta"), "both are named: {}", s.shown());
    assert!(s.o.says_keys(), "and not once more below");
    s.keys("k");
    assert!(s.shown().contains("New account · Kapso"), "{}", s.shown());
    s.keys("F10");
    assert!(s.shown().contains("it has no name"), "{}", s.shown());
    s.text("Shop Porto");
    s.keys("F10");
    assert!(s.shown().contains("there is no API key"), "{}", s.shown());
    // The cursor is there already.
    s.text("sk-hush-hush");
    assert!(!s.shown().contains("hush") && s.shown().contains("••••"), "{}", s.shown());
    s.refuse = Some(Problem::new("provider", "401 the key is wrong").next("copy it again"));
    s.keys("F10");
    assert!(s.shown().contains("401 the key is wrong"), "{}", s.shown());
    assert_eq!(s.asked.len(), 1, "what follows a refusal is not asked");
    s.asked.clear();
    // Another key takes the place of the one that was refused.
    s.text("sk-other");
    s.keys("F10");
    let [begin, connect] = &s.asked[..] else { panic!("{:?}", s.asked) };
    let AccountRequest::Begin { account, secret } = begin else { panic!("{begin:?}") };
    assert_eq!((account.spec.id.as_str(), &*account.spec.name), ("shop-porto", "Shop Porto"));
    assert_eq!((&*account.spec.number, &*account.api_base), ("", "https://api.kapso.ai"));
    assert_eq!(secret.reveal(), "sk-other");
    assert_eq!(*connect, AccountRequest::Connect { account: id("shop-porto") });
    let shown = picture(&s.o, 120, 36);
    assert!(shown.contains("Open this to connect the number") && shown.contains("█▀▀▀▀▀█"), "{shown}");
    s.keys("y");
    assert_eq!(s.rest.last(), Some(&Step::Copy(LINK.into())));
    s.keys("b");
    assert_eq!(s.rest.last(), Some(&Step::OpenLink(LINK.into())));
    // Somebody connects it, elsewhere.
    let last = s.accounts.last_mut().unwrap();
    (last.state, last.spec.number) = (CONNECTED.into(), "4711".into());
    let steps = s.o.deliver(Delivery::Accounts(s.accounts.clone()));
    s.pump(steps);
    assert!(s.shown().contains("● connected"), "{}", s.shown());
    assert!(s.said().last().unwrap().starts_with("shop-porto is connected"), "{:?}", s.said());
    // The same id again is a mistake and changes nothing.
    s.asked.clear();
    s.keys("Esc Esc n k");
    s.text("Shop Porto");
    s.keys("Tab Tab Tab");
    s.text("key");
    s.keys("F10");
    assert!(s.shown().contains("there is an account `shop-porto` already"), "{}", s.shown());
    assert_eq!(s.asked, []);
    // A key goes nowhere in the clear.
    s.text("-2");
    s.keys("Tab Tab Tab Ctrl+U");
    s.text("http://api.kapso.example");
    s.keys("F10");
    assert!(s.shown().contains("a key is not sent there"), "{}", s.shown());
}

#[test]
fn an_expired_link_says_so_and_one_key_makes_a_new_one() {
    let late = NOW + 40 * 86_400_000;
    let all = Rights { edit: true, rules: false, edit_rules: false };
    let mut s = Stage::with(sample::accounts(), all, late);
    s.keys("j j u");
    let shown = picture(&s.o, 120, 36);
    assert!(shown.contains("expired") && shown.contains("c makes a new one"), "{shown}");
    s.keys("c");
    assert_eq!(s.asked, [AccountRequest::Connect { account: id("shop-pt") }]);
    // Elsewhere it is taken away: back to the list, and it is said.
    s.accounts.remove(2);
    let steps = s.o.deliver(Delivery::Accounts(s.accounts.clone()));
    s.pump(steps);
    assert!(matches!(s.o.mode, Mode::List));
    assert_eq!(s.said().last(), Some(&"shop-pt was removed"));
}

#[test]
fn a_key_that_was_refused_is_typed_anew_and_connecting_goes_on() {
    let mut s = Stage::admin();
    s.keys("K");
    assert!(s.shown().contains("configuration file says where"), "{}", s.shown());
    s.keys("j j K F10");
    assert!(s.shown().contains("nothing is typed"), "{}", s.shown());
    s.text("better");
    s.keys("F10");
    assert!(matches!(&s.asked[0], AccountRequest::SetSecret { unasked: false, .. }));
    assert_eq!(s.asked[1], AccountRequest::Connect { account: id("shop-pt") });
    assert!(matches!(s.o.mode, Mode::Link));
}

#[test]
fn a_key_that_nobody_could_be_asked_about_is_kept_only_by_who_says_so() {
    let mut s = Stage::admin();
    s.refuse = Some(
        Problem::new("unasked", "shop-pt: 503 Service Unavailable")
            .means("Kapso could not be asked about the API key; nothing was kept, the old one stays")
            .next("try again later, or keep it unasked (`No answer` in the form)"),
    );
    s.keys("j j K");
    s.text("better");
    s.keys("F10");
    // It says so, and nothing follows; the key is still in the form.
    let shown = picture(&s.o, 120, 36);
    assert!(shown.contains("could not be asked") && shown.contains("keep nothing"), "{shown}");
    assert_eq!(s.asked.len(), 1);
    assert!(matches!(s.o.mode, Mode::Key(_)));
    s.keys("Tab Space");
    assert!(s.shown().contains("keep it unasked"), "{}", s.shown());
    s.keys("F10");
    let AccountRequest::SetSecret { unasked: true, secret: Some(secret), .. } = &s.asked[1] else {
        panic!("{:?}", s.asked)
    };
    assert_eq!(secret.reveal(), "better");
    draw_everywhere(&s.o);
}

#[test]
fn who_may_only_look_changes_nothing() {
    let rights = Rights { edit: false, rules: false, edit_rules: false };
    let mut s = Stage::with(sample::accounts(), rights, NOW);
    assert!(s.shown().contains("you may look, not change"));
    for key in ["e", "z", "Space", "c", "x", "R", "D", "n", "K"] {
        s.keys(key);
        assert!(s.shown().contains("your role may see the accounts"), "{key}: {}", s.shown());
    }
    assert_eq!(s.asked, []);
    let hints: Vec<String> = s.o.hints().iter().map(|h| h.does.clone()).collect();
    assert_eq!(hints, ["details", "check", "profile", "close"]);
}

#[test]
fn without_an_account_it_says_how_one_is_made() {
    let rights = Rights { edit: true, rules: true, edit_rules: true };
    let s = Stage::with(Vec::new(), rights, NOW);
    assert!(s.shown().contains("There is no account yet"), "{}", s.shown());
    draw_everywhere(&s.o);
}

#[test]
fn looks() {
    let mut s = Stage::admin();
    insta::assert_snapshot!("accounts_screen_80x24", picture(&s.o, 80, 24));
    insta::assert_snapshot!("accounts_screen_120x36", picture(&s.o, 120, 36));
    insta::assert_snapshot!("accounts_screen_200x50", picture(&s.o, 200, 50));
    draw_everywhere(&s.o);
    s.keys("j j");
    insta::assert_snapshot!("accounts_screen_pending_80x24", picture(&s.o, 80, 24));
    s.keys("u");
    insta::assert_snapshot!("accounts_link_80x24", picture(&s.o, 80, 24));
    insta::assert_snapshot!("accounts_link_120x36", picture(&s.o, 120, 36));
    draw_everywhere(&s.o);
    s.keys("Esc e");
    insta::assert_snapshot!("accounts_edit_80x24", picture(&s.o, 80, 24));
    draw_everywhere(&s.o);
    s.keys("Esc Esc D");
    insta::assert_snapshot!("accounts_delete_80x24", picture(&s.o, 80, 24));
    draw_everywhere(&s.o);
    s.keys("Esc n");
    insta::assert_snapshot!("accounts_new_80x24", picture(&s.o, 80, 24));
    draw_everywhere(&s.o);
    s.keys("Enter");
    insta::assert_snapshot!("accounts_kapso_80x24", picture(&s.o, 80, 24));
    draw_everywhere(&s.o);
}

#[test]
fn the_address_of_an_emulator_is_taken_over_although_it_comes_after_the_form() {
    let mut s = Stage::admin();
    s.keys("n k");
    assert!(s.shown().contains("https://api.kapso.ai"), "{}", s.shown());
    let mut detail = super::sample::detail(&s.accounts[0]);
    detail.api_base = "http://127.0.0.1:4711".into();
    s.o.deliver(Delivery::Account(Box::new(detail)));
    assert!(s.shown().contains("http://127.0.0.1:4711"), "{}", s.shown());
}
