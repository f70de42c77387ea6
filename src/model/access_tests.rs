use super::*;

fn client(user: &str, groups: &[&str]) -> ClientInfo {
    ClientInfo {
        uid: Some(1000),
        user: user.into(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        ..ClientInfo::default()
    }
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn entry(who: Principal, role: &str, teams: &[&str]) -> OperatorEntry {
    OperatorEntry { who, role: role.into(), teams: set(teams), active: true }
}

fn user(name: &str) -> Principal {
    Principal::User(name.into())
}

#[test]
fn every_grant_is_its_word_and_nothing_else_is() {
    for g in &Role::admin().grants {
        assert_eq!(g.to_string().parse(), Ok(*g));
    }
    for no in ["", "chat", "chat.fly", "moon.view", "chat.import", "Chat.View", "chat.view.x", "numbers.edit"]
    {
        assert!(no.parse::<Grant>().is_err(), "{no}");
    }
    let json = serde_json::to_string(&Role::admin()).unwrap();
    assert!(json.contains("\"templates.load_template\"") && json.contains("\"contacts.import\""));
    assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), Role::admin());
}

#[test]
fn the_built_in_roles_are_steps() {
    let book = AccessBook::new();
    let grants = |name: &str| book.role(name).unwrap().grants.clone();
    assert!(grants("viewer").is_subset(&grants("agent")));
    assert!(grants("agent").is_subset(&grants("lead")));
    assert!(grants("lead").is_subset(&grants("admin")));
    let agent = book.role("agent").unwrap();
    assert!(agent.allows(Resource::Chat, Verb::Create) && !agent.allows(Resource::Chat, Verb::Delete));
    assert!(
        !agent.allows(Resource::Connection, Verb::View) && !agent.allows(Resource::ActivityLog, Verb::View)
    );
    assert!(grants("viewer").iter().all(|g| g.1 == Verb::View));
}

/// A group that the owner is in, too, takes nothing away: nobody else could give it back.
#[test]
fn the_owner_is_an_admin_whatever_its_groups_may() {
    let mut book = AccessBook::new();
    book.save_operator(entry(Principal::Group("staff".into()), "viewer", &["one"])).unwrap();
    let who = client("ana", &["staff"]);
    assert_eq!(book.access(&who, false).unwrap().role.name, "viewer");
    assert_eq!(book.access(&who, true).unwrap().role.name, ADMIN);
    // What is said of the owner by name counts.
    book.save_operator(entry(user("ana"), "lead", &[])).unwrap();
    assert_eq!(book.access(&who, true).unwrap().role.name, "lead");
}

#[test]
fn without_rules_only_the_owner_gets_in() {
    let book = AccessBook::new();
    let owner = book.access(&client("switchboard", &[]), true).unwrap();
    assert_eq!((owner.role.name.as_str(), owner.scope.is_all()), (ADMIN, true));
    assert_eq!(book.access(&client("ana", &["support"]), false), Err(Refusal::Unknown));
}

#[test]
fn a_users_own_entry_comes_before_those_of_groups() {
    let mut book = AccessBook::new();
    book.save_operator(entry(Principal::Group("support".into()), "agent", &["one"])).unwrap();
    book.save_operator(entry(Principal::Group("audit".into()), "viewer", &[])).unwrap();
    book.save_operator(entry(user("bo"), "lead", &[])).unwrap();
    let role = |name: &str, groups: &[&str]| {
        book.access(&client(name, groups), false).map(|a| (a.operator, a.role.name))
    };
    assert_eq!(role("ana", &["support"]), Ok(("ana".into(), "agent".into())));
    assert_eq!(role("ana", &["audit", "support"]), Ok(("ana".into(), "viewer".into())));
    assert_eq!(role("bo", &["support"]), Ok(("bo".into(), "lead".into())));
    assert_eq!(role("cy", &["users"]), Err(Refusal::Unknown));
    // A user cannot take the name of a group.
    assert_eq!(role("support", &[]), Err(Refusal::Unknown));
    let mut off = book.clone();
    off.save_operator(OperatorEntry { active: false, ..entry(user("bo"), "lead", &[]) }).unwrap();
    assert_eq!(off.access(&client("bo", &["support"]), false), Err(Refusal::Inactive));
    assert!(off.access(&client("bo", &[]), true).is_ok(), "the owner of the data is never locked out");
}

#[test]
fn an_account_is_open_to_roles_groups_and_names() {
    let (sales, support) = (AccountId::new("sales"), AccountId::new("support"));
    let mut book = AccessBook::new();
    for (name, role) in [("ana", "agent"), ("bo", "lead"), ("cy", "agent"), ("di", "admin")] {
        book.save_operator(entry(user(name), role, &[])).unwrap();
    }
    let rule = AccountRule { roles: set(&["lead"]), groups: set(&["sellers"]), operators: set(&["cy"]) };
    book.set_account(sales.clone(), Some(rule)).unwrap();
    let open = |name: &str, groups: &[&str]| {
        let scope = book.access(&client(name, groups), false).unwrap().scope;
        (scope.has(&sales, None), scope.has(&support, None))
    };
    assert_eq!(open("ana", &[]), (false, true));
    assert_eq!(open("ana", &["sellers"]), (true, true));
    assert_eq!(open("bo", &[]), (true, true));
    assert_eq!(open("cy", &[]), (true, true));
    assert_eq!(open("di", &[]), (true, true), "who sets the rules sees what they are about");
    book.set_account(sales, None).unwrap();
    assert!(book.access(&client("ana", &[]), false).unwrap().scope.is_all());
}

#[test]
fn visibility_is_about_who_has_a_conversation() {
    let a = AccountId::new("a");
    let mut book = AccessBook::new();
    for (name, visibility) in [("team", Visibility::Team), ("own", Visibility::Own)] {
        let role = Role { name: name.into(), visibility, ..book.role("agent").unwrap().clone() };
        book.save_role(role).unwrap();
    }
    for (name, role, teams) in [
        ("ana", "team", &["one"][..]),
        ("bo", "team", &["one", "two"]),
        ("cy", "team", &["two"]),
        ("di", "own", &["one"]),
    ] {
        book.save_operator(entry(user(name), role, teams)).unwrap();
    }
    book.seen.insert("eve".into(), set(&["one"]));
    let sees = |name: &str, assignee: Option<&str>| {
        book.access(&client(name, &[]), false).unwrap().scope.has(&a, assignee)
    };
    assert!(
        sees("ana", None) && sees("ana", Some("ana")) && sees("ana", Some("bo")) && sees("ana", Some("eve"))
    );
    assert!(!sees("ana", Some("cy")) && !sees("ana", Some("nobody known")));
    assert!(sees("di", Some("di")) && !sees("di", None) && !sees("di", Some("ana")));
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let mut book = AccessBook::new();
    assert_eq!(book.save_role(Role { grants: BTreeSet::new(), ..Role::admin() }), Err(BadRule::Admin));
    assert_eq!(book.delete_role("admin"), Err(BadRule::Admin));
    assert_eq!(book.delete_role("x"), Err(BadRule::NoRole("x".into())));
    assert_eq!(book.save_operator(entry(user("ana"), "x", &[])), Err(BadRule::NoRole("x".into())));
    for bad in ["", " ana", "a\u{1b}[2J", "-x", "a/b", &"x".repeat(65)] {
        assert!(
            matches!(book.save_operator(entry(user(bad), "agent", &[])), Err(BadRule::Name(_))),
            "{bad:?}"
        );
    }
    book.save_operator(entry(user("ana"), "agent", &[])).unwrap();
    let in_use = book.delete_role("agent");
    assert!(matches!(in_use, Err(BadRule::InUse { .. })), "{in_use:?}");
    assert_eq!(book.delete_operator(&user("bo")), Err(BadRule::NoOperator(user("bo"))));
    book.delete_operator(&user("ana")).unwrap();
    book.delete_role("agent").unwrap();
}
