//! What roles allow, in words for people: the command line and the screen say the same.

use super::access::{AccountRule, Grant, Resource, Role, Verb, Visibility};

/// What a resource is called.
#[must_use]
pub fn resource(r: Resource) -> &'static str {
    match r {
        Resource::Chat => "conversations",
        Resource::Bots => "bots",
        Resource::Campaigns => "campaigns",
        Resource::Groups => "groups",
        Resource::Contacts => "contacts",
        Resource::Templates => "templates",
        Resource::QuickReplies => "quick replies",
        Resource::Numbers => "numbers",
        Resource::Connection => "connection",
        Resource::ActivityLog => "activity log",
        Resource::Operators => "operators",
    }
}

/// What is done to a resource, in one or two words.
#[must_use]
pub fn verb(r: Resource, v: Verb) -> &'static str {
    match (r, v) {
        (Resource::Chat, Verb::View) => "read",
        (Resource::Chat, Verb::Create) => "answer",
        (Resource::Connection, Verb::View) => "check",
        (_, Verb::View) => "view",
        (_, Verb::Create) => "create",
        (_, Verb::Edit) => "edit",
        (_, Verb::Delete) => "delete",
        (_, Verb::Import) => "import",
        (_, Verb::LoadTemplate) => "load models",
    }
}

/// One thing that a role allows, as in "your role may not …".
#[must_use]
pub fn deed(g: Grant) -> String {
    match (g.0, g.1) {
        (Resource::Chat, Verb::View) => "read conversations".into(),
        (Resource::Chat, Verb::Create) => "answer customers".into(),
        (Resource::Chat, Verb::Edit) => "change conversations: state, labels, notes, assignment".into(),
        (Resource::QuickReplies, Verb::View) => "use quick replies and macros".into(),
        (Resource::Connection, Verb::View) => "look at the connection to the provider".into(),
        (Resource::Operators, Verb::View) => "see who is let in".into(),
        (Resource::Operators, Verb::Edit) => "change who is let in".into(),
        (r, v) => format!("{} {}", verb(r, v), resource(r)),
    }
}

/// What a role allows, or does not, by resource: `conversations`, `read, answer`.
#[must_use]
pub fn listed(role: &Role, allowed: bool) -> Vec<(&'static str, String)> {
    let of = |r: &Resource| {
        let verbs: Vec<&str> =
            r.verbs().iter().filter(|v| role.allows(*r, **v) == allowed).map(|v| verb(*r, *v)).collect();
        (!verbs.is_empty()).then(|| (resource(*r), verbs.join(", ")))
    };
    Resource::ALL.iter().filter_map(of).collect()
}

/// What a role allows on one line, by its words in configuration.
#[must_use]
pub fn summary(role: &Role) -> String {
    let part = |r: &Resource| {
        let verbs: Vec<&str> = r.verbs().iter().filter(|v| role.allows(*r, **v)).map(|v| v.word()).collect();
        match verbs.len() {
            0 => None,
            n if n == r.verbs().len() => Some(r.word().to_owned()),
            _ => Some(format!("{} ({})", r.word(), verbs.join(", "))),
        }
    };
    let parts: Vec<String> = Resource::ALL.iter().filter_map(part).collect();
    if parts.len() == Resource::ALL.len() && parts.iter().all(|p| !p.contains('(')) {
        return "everything".into();
    }
    if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
}

/// Which conversations it sees.
#[must_use]
pub fn visibility(v: Visibility) -> &'static str {
    match v {
        Visibility::All => "all conversations",
        Visibility::Team => "what nobody has, and what your teams have",
        Visibility::Own => "only what you have yourself",
    }
}

/// Who may work with an account.
#[must_use]
pub fn rule(rule: Option<&AccountRule>) -> String {
    let Some(rule) = rule else { return "everybody who is let in".into() };
    let part = |one: &str, many: &str, names: Vec<String>| match names.len() {
        0 => None,
        1 => Some(format!("{one} {}", names.join(", "))),
        _ => Some(format!("{many} {}", names.join(", "))),
    };
    let roles = part("role", "roles", rule.roles.iter().cloned().collect());
    let groups = part("group", "groups", rule.groups.iter().map(|g| format!("@{g}")).collect());
    let people = part("operator", "operators", rule.operators.iter().cloned().collect());
    let all: Vec<String> = [roles, groups, people].into_iter().flatten().collect();
    if all.is_empty() { "nobody but admins".into() } else { all.join(" · ") }
}

/// Reads what is to be allowed: `chat.view`, or `chat` for all that can be done to it.
pub fn grants(text: &str) -> Result<Vec<Grant>, String> {
    let text = text.trim();
    if text == "all" {
        return Ok(Role::admin().grants.into_iter().collect());
    }
    if let Some(r) = Resource::of_word(text) {
        return Ok(r.verbs().iter().map(|v| Grant(r, *v)).collect());
    }
    if let Ok(grant) = text.parse() {
        return Ok(vec![grant]);
    }
    let shown: String = text.chars().take(80).collect();
    let all = |words: Vec<&str>| words.join(", ");
    Err(match text.split_once('.').and_then(|(r, _)| Resource::of_word(r)) {
        Some(r) => format!(
            "`{shown}` is nothing that can be allowed; {} has {}",
            r.word(),
            all(r.verbs().iter().map(|v| v.word()).collect())
        ),
        None => format!(
            "`{shown}` is nothing that can be allowed; write it as chat.view, of {}",
            all(Resource::ALL.iter().map(|r| r.word()).collect())
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_said_in_few_words() {
        assert_eq!(summary(&Role::admin()), "everything");
        let viewer = Role::built_in().pop().unwrap();
        assert_eq!(
            summary(&viewer),
            "chat (view), campaigns (view), groups (view), contacts (view), templates (view), \
             quick_replies (view), numbers"
        );
        let may = listed(&viewer, true);
        assert_eq!(may[0], ("conversations", "read".to_owned()));
        let may_not = listed(&viewer, false);
        assert_eq!(may_not[0], ("conversations", "answer, edit, delete".to_owned()));
        assert!(listed(&Role::admin(), false).is_empty());
        for r in Resource::ALL {
            for v in r.verbs() {
                assert!(!deed(Grant(*r, *v)).is_empty());
            }
        }
    }

    #[test]
    fn grants_are_read_and_mistakes_are_named() {
        assert_eq!(grants("chat.view").unwrap(), [Grant(Resource::Chat, Verb::View)]);
        assert_eq!(grants("connection").unwrap().len(), 2);
        assert_eq!(grants("all").unwrap().len(), Role::admin().grants.len());
        assert!(grants("numbers.delete").unwrap_err().contains("numbers has view"));
        assert!(grants("chats").unwrap_err().contains("quick_replies"));
    }

    #[test]
    fn rules_are_said() {
        assert_eq!(rule(None), "everybody who is let in");
        assert_eq!(rule(Some(&AccountRule::default())), "nobody but admins");
        let some = AccountRule {
            roles: ["lead".to_owned()].into(),
            groups: ["sellers".to_owned()].into(),
            operators: ["bo".to_owned(), "cy".to_owned()].into(),
        };
        assert_eq!(rule(Some(&some)), "role lead · group @sellers · operators bo, cy");
    }
}
