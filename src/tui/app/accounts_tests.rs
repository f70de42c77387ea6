//! Accounts that come, change and go while the screen is open, and what may be sent meanwhile.

use super::tests::{Script, inbox};
use super::*;
use crate::model::access::Role;
use crate::model::account::{CONNECTED, DISCONNECTED, ERROR, PENDING};
use crate::protocol::Changed;
use crate::tui::draw;
use crate::tui::overlay::accounts::sample;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    let row = |y: u16| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn changed(s: &mut Script, app: &mut App, account: &str) {
    s.tell(app, vec![Changed::AccountChanged { account: AccountId::new(account) }]);
}

/// The account of the open thread is in this state.
fn stands(state: &str, change: impl FnOnce(&mut AccountView)) -> (Script, App) {
    let mut s = inbox();
    s.accounts[0].state = state.into();
    change(&mut s.accounts[0]);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter r");
    (s, app)
}

fn said(app: &App) -> String {
    app.say.as_ref().map(|s| s.text.clone()).unwrap_or_default()
}

#[test]
fn what_cannot_leave_is_refused_before_it_is_sent_and_nothing_typed_is_lost() {
    let blocked = |a: &mut AccountView| {
        (a.life.blocked, a.state_text) = (true, "190 the token has expired".into());
    };
    let begun = |a: &mut AccountView| a.spec.number.clear();
    type Change = Box<dyn FnOnce(&mut AccountView)>;
    let cases: [(&str, Change, &str); 3] = [
        (DISCONNECTED, Box::new(|_| {}), "is disconnected"),
        (ERROR, Box::new(blocked), "190 the token has expired"),
        (PENDING, Box::new(begun), "is not connected yet"),
    ];
    for (state, change, words) in cases {
        let (mut s, mut app) = stands(state, change);
        let shown = screen(&app);
        // A long reason is cut there for the key that helps.
        assert!(shown.contains("the account `support`") && shown.contains("nothing can be sent"), "{shown}");
        s.type_text(&mut app, "Sai hoje");
        s.keys(&mut app, "Enter");
        assert_eq!(s.sent(), Vec::<&str>::new(), "{state}");
        assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "Sai hoje");
        assert!(
            said(&app).contains(words) && said(&app).contains("g A opens the accounts"),
            "{}",
            said(&app)
        );
        // Templates, forms and reactions are no way around it.
        s.keys(&mut app, "Esc t");
        assert!(app.overlays.is_empty() && said(&app).contains(words), "{}", said(&app));
        s.keys(&mut app, "Space c b");
        assert!(app.overlays.is_empty(), "{state}");
        // A note goes to nobody.
        s.keys(&mut app, "n");
        s.type_text(&mut app, "carrier says delayed");
        s.keys(&mut app, "Enter");
        assert!(s.log.iter().any(|r| matches!(r, Request::AddNote { .. })), "{state}");
    }
}

#[test]
fn what_is_sent_while_an_account_is_paused_waits() {
    let (mut s, mut app) = stands(CONNECTED, |a| a.life.options.paused = true);
    let shown = screen(&app);
    assert!(shown.contains("what you send waits") && shown.contains("├ paused"), "{shown}");
    s.type_text(&mut app, "later");
    s.keys(&mut app, "Enter");
    assert_eq!(s.sent(), ["later"]);
}

#[test]
fn a_state_that_another_client_changes_is_on_the_screen_at_once() {
    let (mut s, mut app) = stands(CONNECTED, |_| {});
    assert!(!screen(&app).contains("nothing can be sent"));
    s.accounts[0].state = DISCONNECTED.into();
    changed(&mut s, &mut app, "support");
    let shown = screen(&app);
    assert!(shown.contains("nothing can be sent") && shown.contains("Acme Support ○"), "{shown}");
    s.accounts[0].state = CONNECTED.into();
    s.accounts[0].life.options.paused = true;
    changed(&mut s, &mut app, "support");
    assert!(screen(&app).contains("Acme Support ◌"), "{}", screen(&app));
    // The screen of the accounts hears of it too.
    s.keys(&mut app, "Esc g A");
    assert!(screen(&app).contains("paused"), "{}", screen(&app));
    s.accounts[0].life.options.paused = false;
    s.accounts[0].spec.name = "Support Lisboa".into();
    changed(&mut s, &mut app, "support");
    let shown = screen(&app);
    assert!(shown.contains("Support Lisboa") && !shown.contains("paused"), "{shown}");
}

#[test]
fn an_account_that_goes_is_shown_no_more() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "A 2");
    assert_eq!(app.account, Some(AccountId::new("lojas")));
    s.accounts.pop();
    changed(&mut s, &mut app, "lojas");
    assert_eq!(app.account, None);
    assert!(!screen(&app).contains("Lojas BR"));
}

#[test]
fn development_is_marked_wherever_one_looks() {
    let mut s = inbox();
    s.accounts[1].spec.environment = "production".into();
    s.accounts[0].spec.environment = "development".into();
    let mut app = s.start((120, 36));
    let list = screen(&app);
    // The bar, and every row of the list where accounts are mixed.
    assert!(list.lines().next().unwrap().contains("DEV") && list.matches("DEV").count() > 2, "{list}");
    s.keys(&mut app, "Enter r");
    let shown = screen(&app);
    assert!(shown.contains("reply DEV"), "{shown}");
    assert!(shown.lines().nth(1).unwrap().matches("DEV").count() == 1, "the header says it: {shown}");
    s.keys(&mut app, "Esc Esc A 1");
    assert!(screen(&app).contains("· Inbox DEV") || screen(&app).contains("DEV"), "{}", screen(&app));
    // Where one account is shown its title says it, and the rows have the room.
    assert_eq!(screen(&app).lines().nth(1).unwrap().matches("DEV").count(), 2, "list and conversation");
    s.accounts[0].spec.environment = "production".into();
    changed(&mut s, &mut app, "support");
    assert!(!screen(&app).contains("DEV"), "{}", screen(&app));
}

#[test]
fn a_role_that_may_not_see_numbers_is_not_offered_the_screen() {
    let mut s = inbox();
    s.accounts = sample::accounts();
    let mut role = Role { name: "night".into(), ..Role::admin() };
    role.grants.retain(|g| g.0 != Resource::Numbers);
    s.role = Some(role);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "g A");
    assert!(app.overlays.is_empty());
    assert!(said(&app).contains("numbers.view"), "{}", said(&app));
    // Who may look and not change sees that.
    let mut role = Role { name: "viewer".into(), ..Role::admin() };
    role.grants.retain(|g| g.0 != Resource::Connection && g.0 != Resource::Operators);
    s.role = Some(role);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "g A z");
    let shown = screen(&app);
    assert!(shown.contains("you may look, not change") && shown.contains("may see the accounts"), "{shown}");
    assert!(
        s.log.iter().all(|r| !matches!(r, Request::Access { .. })),
        "who may not see the rules does not ask"
    );
}

#[test]
fn a_typed_number_is_shown_with_its_prefix_before_a_template_goes_there() {
    let mut s = inbox();
    s.accounts[1].life.options.prefix = "55".into();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "c");
    assert!(app.overlays.is_empty() && said(&app).contains("from which account?"), "{}", said(&app));
    s.keys(&mut app, "A 2 c");
    s.type_text(&mut app, "Ana");
    assert!(screen(&app).contains("is no phone number"), "{}", screen(&app));
    s.keys(&mut app, "Ctrl+U");
    s.type_text(&mut app, "011 98888-1234");
    let shown = screen(&app);
    assert!(shown.contains("+55 11 98888-1234 (+55 is the prefix of Lojas BR)"), "{shown}");
    s.keys(&mut app, "Enter");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("templates"));
    assert!(screen(&app).contains("+55 11 98888-1234"), "{}", screen(&app));
    let asked =
        s.log.iter().any(|r| matches!(r, Request::Templates { account } if account.as_str() == "lojas"));
    assert!(asked);
    // With its country code it stays as it was typed.
    s.keys(&mut app, "Esc c");
    s.type_text(&mut app, "+351 912 345 678");
    assert!(screen(&app).contains("+351 912 34-5678, from Lojas BR"), "{}", screen(&app));
    s.keys(&mut app, "Esc");
    s.accounts[1].state = DISCONNECTED.into();
    changed(&mut s, &mut app, "lojas");
    s.keys(&mut app, "c");
    assert!(app.overlays.is_empty() && said(&app).contains("is disconnected"), "{}", said(&app));
}

#[test]
fn the_numbers_are_of_the_account_that_is_shown_until_all_are_asked_for() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let asked = |s: &Script| {
        let of = |r: &Request| match r {
            Request::Numbers { wanted } => Some(wanted.account.clone()),
            _ => None,
        };
        s.log.iter().rev().find_map(of).unwrap()
    };
    s.keys(&mut app, "g N");
    assert_eq!(asked(&s), None);
    s.keys(&mut app, "Esc A 2 g N");
    assert_eq!(asked(&s), Some(AccountId::new("lojas")));
    assert!(screen(&app).contains("Numbers · Lojas BR"), "{}", screen(&app));
    s.keys(&mut app, "a");
    assert_eq!(asked(&s), None);
    assert!(screen(&app).contains("Numbers · all accounts"), "{}", screen(&app));
}
