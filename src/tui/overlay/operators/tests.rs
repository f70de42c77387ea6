//! Keys and pictures of the rules.

use super::super::testing::{draw_everywhere, picture, press, write};
use super::*;
use crate::model::access::{AccessBook, Grant, Visibility};
use std::sync::Arc;

fn user(name: &str, role: &str, teams: &[&str]) -> OperatorEntry {
    OperatorEntry {
        who: Principal::User(name.into()),
        role: role.into(),
        teams: teams.iter().map(|t| (*t).to_owned()).collect(),
        active: true,
    }
}

fn attached(operator: &str, role: &str, terminal: &str, source: &str, since: i64) -> Attached {
    let (operator, role) = (operator.into(), role.into());
    Attached { operator, role, terminal: terminal.into(), source: source.into(), pid: Some(7), since }
}

fn owner_only() -> AccessList {
    AccessList { book: AccessBook::new(), attached: vec![attached("ana", "admin", "pts/0", "", 540)] }
}

fn team() -> AccessList {
    let mut list = owner_only();
    let book = &mut list.book;
    book.save_operator(user("bo", "lead", &["sales"])).unwrap();
    let group =
        OperatorEntry { who: Principal::Group("support".into()), ..user("", "agent", &["one", "two"]) };
    book.save_operator(group).unwrap();
    book.save_operator(OperatorEntry { active: false, ..user("王小明", "viewer", &[]) }).unwrap();
    book.seen.insert("cy".into(), ["one".to_owned()].into());
    let rule = AccountRule { roles: ["lead".to_owned()].into(), ..AccountRule::default() };
    book.set_account(AccountId::new("sales"), Some(rule)).unwrap();
    list.attached.push(attached("bo", "lead", "pts/3", "10.0.0.7", 551));
    list.attached.push(attached("bo", "lead", "pts/9", "", 560));
    list.attached.push(attached("cy", "agent", "pts/4", "192.0.2.9", 570));
    list
}

fn empty(edits: bool) -> OperatorBox {
    let accounts = vec![
        (AccountId::new("support"), "Acme Support".to_owned()),
        (AccountId::new("sales"), "Acme Sales".to_owned()),
    ];
    OperatorBox::new("ana".into(), edits, accounts, Arc::new(|at| format!("{:02}:{:02}", at / 60, at % 60)))
}

fn opened(list: AccessList) -> OperatorBox {
    let mut o = empty(true);
    o.deliver(Delivery::Access(Box::new(list)));
    o
}

fn asked(steps: &[Step]) -> AccessRequest {
    let found = steps.iter().find_map(|s| match s {
        Step::Ask(r) => match &**r {
            Request::Access { act } => Some(act.clone()),
            _ => None,
        },
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{steps:?}"))
}

#[test]
fn without_an_operator_it_says_what_to_do() {
    let mut o = opened(owner_only());
    let shown = picture(&o, 80, 24);
    assert!(shown.contains("Only you (the owner) can get in. N lets a colleague in."), "{shown}");
    assert_eq!(press(&mut o, "N"), vec![]);
    write(&mut o, "bo");
    // Enter to the role, agent is suggested; the one before it is lead.
    press(&mut o, "Enter Left Enter");
    write(&mut o, "sales, north");
    assert_eq!(
        asked(&press(&mut o, "F10")),
        AccessRequest::SaveOperator { entry: user("bo", "lead", &["sales", "north"]) }
    );
    assert_eq!(press(&mut o, "Enter Esc"), vec![], "it is waited for");
    let steps = o.deliver(Delivery::Done);
    assert_eq!(steps, [Step::Say("bo is let in as lead".into()), ask(AccessRequest::List)]);
    assert!(matches!(o.mode, Mode::List));
}

#[test]
fn a_group_is_let_in_and_mistakes_are_said_at_once() {
    let mut o = opened(team());
    press(&mut o, "N");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert!(picture(&o, 80, 24).contains("nobody is named"));
    write(&mut o, "a/b");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert!(picture(&o, 80, 24).contains("`a/b` is no name"));
    press(&mut o, "Ctrl+U");
    write(&mut o, "@support");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert!(picture(&o, 80, 24).contains("@support is an operator already"));
    press(&mut o, "Ctrl+U");
    write(&mut o, "@night");
    let AccessRequest::SaveOperator { entry } = asked(&press(&mut o, "F10")) else { panic!() };
    assert_eq!((entry.who, &*entry.role), (Principal::Group("night".into()), "agent"));
    // What the engine refuses is said in the form, and can be tried again.
    o.deliver(Delivery::Problem(Problem::new("refused", "there are 2000 already")));
    assert!(picture(&o, 80, 24).contains("there are 2000 already"));
    asked(&press(&mut o, "F10"));
}

#[test]
fn an_entry_is_changed_switched_and_removed() {
    let mut o = opened(team());
    press(&mut o, "e");
    let shown = picture(&o, 80, 24);
    assert!(shown.contains("Operator · bo") && shown.contains("sales"), "{shown}");
    let AccessRequest::SaveOperator { entry } = asked(&press(&mut o, "Right F10")) else { panic!() };
    assert_eq!((&*entry.role, entry.active), ("agent", true));
    let mut o = opened(team());
    let AccessRequest::SaveOperator { entry } = asked(&press(&mut o, "Space")) else { panic!() };
    assert_eq!(entry, OperatorEntry { active: false, ..user("bo", "lead", &["sales"]) });
    let mut o = opened(team());
    assert_eq!(press(&mut o, "D"), vec![]);
    assert!(picture(&o, 80, 24).contains("Remove bo?"));
    assert_eq!(press(&mut o, "n"), vec![]);
    press(&mut o, "D");
    let act = asked(&press(&mut o, "y"));
    assert_eq!(act, AccessRequest::DeleteOperator { who: Principal::User("bo".into()) });
    // One that no entry lets in has none to remove or to switch.
    let mut o = opened(team());
    press(&mut o, "Down Down Down Down");
    assert_eq!(press(&mut o, "D"), vec![]);
    assert!(picture(&o, 80, 24).contains("no entry lets this operator in"));
}

#[test]
fn a_role_is_a_grid_of_switches() {
    let mut o = opened(team());
    // Roles; the second is lead.
    press(&mut o, "Tab Down e");
    assert!(picture(&o, 80, 24).contains("Role · lead"));
    // To what is deleted of conversations, and on; then down to contacts, where importing is.
    press(&mut o, "Right Right Right Space Down Down Down Down Right Space");
    press(&mut o, "Tab Right Tab Space Tab Space");
    let AccessRequest::SaveRole { role } = asked(&press(&mut o, "Tab Enter")) else { panic!() };
    assert!(role.allows(Resource::Chat, Verb::Delete) && role.allows(Resource::Contacts, Verb::Import));
    assert_eq!(role.visibility, Visibility::Team);
    assert!(role.mask_numbers && role.only_assigned);
    // Not every thing has every verb: the cursor never stands where nothing is.
    let mut o = opened(team());
    press(&mut o, "2 Down e Right Right Right");
    for _ in 0..Resource::ALL.len() + 2 {
        let Mode::Role(m) = &o.mode else { panic!() };
        let _ = m;
        press(&mut o, "Down");
    }
    press(&mut o, "Esc");
    assert!(matches!(o.mode, Mode::List), "nothing was changed, nothing is asked");
}

#[test]
fn roles_are_made_and_copied_and_admin_stays() {
    let mut o = opened(team());
    press(&mut o, "Tab");
    assert_eq!(press(&mut o, "e"), vec![]);
    assert!(picture(&o, 80, 24).contains("stays as it is"));
    press(&mut o, "Down Down c");
    write(&mut o, "agent");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert!(picture(&o, 80, 24).contains("there is a role `agent` already"));
    press(&mut o, "Ctrl+U");
    write(&mut o, "night shift");
    let AccessRequest::SaveRole { role } = asked(&press(&mut o, "F10")) else { panic!() };
    assert_eq!(role.name, "night shift");
    assert!(role.grants.contains(&Grant(Resource::Chat, Verb::Create)));
    // Leaving what was changed asks.
    let mut o = opened(team());
    press(&mut o, "Tab N");
    write(&mut o, "x");
    press(&mut o, "Esc");
    assert!(picture(&o, 80, 24).contains("Throw the changes away?"));
    press(&mut o, "y");
    assert!(matches!(o.mode, Mode::List));
}

#[test]
fn an_account_is_closed_and_opened() {
    let mut o = opened(team());
    press(&mut o, "3");
    assert!(picture(&o, 80, 24).contains("everybody who is let in"));
    assert_eq!(press(&mut o, "D"), vec![]);
    assert!(picture(&o, 80, 24).contains("it is open to everybody"));
    press(&mut o, "e");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert!(picture(&o, 80, 24).contains("nobody is named"));
    write(&mut o, "boss");
    assert_eq!(press(&mut o, "F10"), vec![]);
    assert!(picture(&o, 80, 24).contains("there is no role `boss`"));
    press(&mut o, "Ctrl+U");
    write(&mut o, "lead, agent");
    press(&mut o, "Enter");
    write(&mut o, "@sellers");
    let AccessRequest::SetAccount { account, rule } = asked(&press(&mut o, "F10")) else { panic!() };
    let rule = rule.unwrap();
    assert_eq!((account.as_str(), rule.roles.len()), ("support", 2));
    assert_eq!(rule.groups, ["sellers".to_owned()].into());
    let mut o = opened(team());
    press(&mut o, "3 Down D");
    let act = asked(&press(&mut o, "y"));
    assert_eq!(act, AccessRequest::SetAccount { account: AccountId::new("sales"), rule: None });
}

#[test]
fn whoever_takes_its_own_rights_away_is_told_first() {
    let mut list = team();
    list.book.save_operator(user("ana", "admin", &[])).unwrap();
    let mut o = opened(list.clone());
    press(&mut o, "End");
    for _ in 0..3 {
        press(&mut o, "Down");
    }
    assert_eq!(o.rows[o.at()].name, "ana");
    assert_eq!(press(&mut o, "Space"), vec![]);
    assert!(picture(&o, 80, 24).contains("you may not change the rules any more"));
    asked(&press(&mut o, "Space"));
    let mut o = opened(list);
    press(&mut o, "Down Down Down e");
    assert_eq!(press(&mut o, "Right F10"), vec![], "admin becomes lead");
    assert!(picture(&o, 80, 24).contains("you may not change the rules any more"));
    asked(&press(&mut o, "F10"));
}

#[test]
fn who_may_only_look_changes_nothing() {
    let mut o = empty(false);
    o.deliver(Delivery::Access(Box::new(team())));
    for tab in ["1", "2", "3"] {
        press(&mut o, tab);
        for key in ["N", "e", "Enter", "D", "Space", "c", "F2", "F4", "Delete"] {
            assert_eq!(press(&mut o, key), vec![], "{tab} {key}");
            assert!(o.say.as_ref().is_some_and(|p| p.next.contains("operators.edit")), "{tab} {key}");
        }
    }
    assert_eq!(press(&mut o, "Esc"), [Step::Close]);
}

#[test]
fn what_changes_elsewhere_leaves_the_cursor_where_it_is() {
    let mut o = opened(team());
    press(&mut o, "Down");
    assert_eq!(o.rows[o.at()].name, "@support");
    let mut list = team();
    list.book.operators.remove(0);
    o.deliver(Delivery::Access(Box::new(list)));
    assert_eq!(o.rows[o.at()].name, "@support");
    o.deliver(Delivery::Access(Box::new(owner_only())));
    assert!(o.at() < o.rows.len());
    assert_eq!(press(&mut o, "Ctrl+R"), [ask(AccessRequest::List)]);
}

#[test]
fn looks() {
    draw_everywhere(&empty(true));
    for (w, h) in [(80, 24), (120, 36), (200, 50)] {
        let mut o = opened(team());
        insta::assert_snapshot!(format!("operators_{w}x{h}"), picture(&o, w, h));
        draw_everywhere(&o);
        press(&mut o, "Tab Down");
        insta::assert_snapshot!(format!("operators_roles_{w}x{h}"), picture(&o, w, h));
        draw_everywhere(&o);
        press(&mut o, "e Down Down");
        insta::assert_snapshot!(format!("operators_role_{w}x{h}"), picture(&o, w, h));
        draw_everywhere(&o);
    }
    let mut o = opened(owner_only());
    insta::assert_snapshot!("operators_owner_80x24", picture(&o, 80, 24));
    press(&mut o, "3");
    insta::assert_snapshot!("operators_accounts_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    press(&mut o, "e");
    insta::assert_snapshot!("operators_rule_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
    press(&mut o, "Esc 2 N");
    draw_everywhere(&o);
    press(&mut o, "Esc 1 N");
    insta::assert_snapshot!("operators_new_80x24", picture(&o, 80, 24));
    draw_everywhere(&o);
}
