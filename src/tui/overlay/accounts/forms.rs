//! The forms of accounts: what they ask, and what becomes of it.

use super::super::sheet::{Line, Sheet};
use crate::model::access::{AccessBook, AccountRule};
use crate::model::account::{AccountOptions, KeptAccount, SecretKey};
use crate::model::contact::display_phone;
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use crate::protocol::account_facts::{DEVELOPMENT, Openness, is_development, keeps_keys_safe};
use crate::protocol::accounts::{AccountRequest, Secret};
use crate::protocol::{AccountView, Problem};

/// Providers that a new account can be of: word, name, what is needed.
pub(super) const PROVIDERS: &[(&str, &str, &str)] = &[
    ("kapso", "Kapso", "an API key of your project, and a link"),
    ("meta", "Meta", "token, ids and secret of your app"),
];

/// The keys that choose one: the first letter of its word.
pub(super) fn new_keys() -> Vec<(&'static str, &'static str)> {
    let mut out = vec![("Enter", "choose")];
    out.extend(PROVIDERS.iter().map(|(word, title, _)| (&word[..1], *title)));
    out.push(("Esc", "back"));
    out
}

/// Where Kapso's API is.
pub(super) const KAPSO_BASE: &str = "https://api.kapso.ai";
const KAPSO_VERSION: &str = "v24.0";

/// Choices of who may work with an account.
const EVERYBODY: &str = "everybody who is let in";
const NAMED: &str = "only who is named below";
/// What becomes of a key when the provider cannot be asked about it.
const NOTHING: &str = "keep nothing";
const UNASKED: &str = "keep it unasked";

fn joined(all: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let all: Vec<String> = all.into_iter().map(|s| s.as_ref().to_owned()).collect();
    all.join(", ")
}

/// The form that changes an account. `open` is who may work with it, where the operator may change that.
pub(super) fn edit(view: &AccountView, open: &Openness) -> Sheet {
    let options = &view.life.options;
    let prefix = if options.prefix.is_empty() { String::new() } else { format!("+{}", options.prefix) };
    let mut lines = vec![
        Line::text("name", "Name", "the one of its definition", options.name.as_deref().unwrap_or_default()),
        Line::text("prefix", "Prefix", "none; +351 goes before numbers without one", &prefix),
    ];
    if is_development(view) {
        let numbers = joined(options.recipients.iter().map(|n| display_phone(n)));
        lines.push(Line::text("recipients", "Sends only to", "all; numbers with commas between", &numbers));
    }
    if *open != Openness::Unknown {
        let now = if open.rule().is_some() { NAMED } else { EVERYBODY };
        let rule = open.rule().cloned().unwrap_or_default();
        lines.push(Line::choice("access", "Open to", vec![EVERYBODY.into(), NAMED.into()], now));
        lines.push(Line::text("roles", "  Roles", "operators of these roles", &joined(&rule.roles)));
        lines.push(Line::text("groups", "  Groups", "groups of the machine", &joined(&rule.groups)));
        lines.push(Line::text("operators", "  Operators", "login names", &joined(&rule.operators)));
    }
    let about = "The prefix is only for numbers that somebody types for a new conversation. For whoever is not named the \
                 account does not exist. Commas go between names.";
    Sheet::new(format!("Account · {}", view.spec.id), about, lines)
}

/// What the form says; what it does not ask stays.
pub(super) fn options_of(sheet: &Sheet, before: &AccountOptions) -> AccountOptions {
    let name = sheet.get("name");
    AccountOptions {
        name: Some(name).filter(|n| !n.is_empty()),
        prefix: sheet.get("prefix"),
        recipients: if sheet.has("recipients") {
            sheet.names("recipients")
        } else {
            before.recipients.clone()
        },
        ..before.clone()
    }
}

/// Who may work with it, as the form says, where it asks.
pub(super) fn openness_of(sheet: &Sheet, book: Option<&AccessBook>) -> Result<Openness, Box<Problem>> {
    if !sheet.has("access") {
        return Ok(Openness::Unknown);
    }
    if sheet.get("access") == EVERYBODY {
        return Ok(Openness::Everybody);
    }
    let groups = sheet.names("groups");
    let rule = AccountRule {
        roles: sheet.names("roles").into_iter().collect(),
        groups: groups.iter().map(|g| g.trim_start_matches('@').to_owned()).collect(),
        operators: sheet.names("operators").into_iter().collect(),
    };
    let wrong = |what: String, next: &str| Err(Box::new(Problem::new("field", what).next(next)));
    if rule == AccountRule::default() {
        return wrong("nobody is named".into(), "name a role, a group or an operator");
    }
    if let Some(book) = book
        && let Some(role) = rule.roles.iter().find(|r| book.role(r).is_none())
    {
        let known = joined(book.roles.iter().map(|r| &r.name));
        return wrong(format!("there is no role `{role}`"), &format!("there are {known}"));
    }
    Ok(Openness::Named(rule))
}

/// The form that types a secret anew.
pub(super) fn key(view: &AccountView) -> Sheet {
    let title = SecretKey::AccessToken.title(&view.spec.provider);
    let label = if view.spec.provider == "kapso" { "API key" } else { "Token" };
    let about = "The provider is asked first whether it takes it; one that it refuses changes nothing. It is written into the \
                 engine's data folder, readable by the engine alone, and shown to nobody again.";
    let lines = vec![
        Line::secret("access_token", label, "not shown"),
        Line::choice("unasked", "No answer", vec![NOTHING.into(), UNASKED.into()], NOTHING),
    ];
    Sheet::new(format!("New {title} of {}", view.spec.id), about, lines)
}

/// What that form says.
pub(super) fn key_of(sheet: &Sheet, account: &AccountId) -> Option<AccountRequest> {
    let typed = Secret::new(&sheet.get("access_token"));
    (!typed.reveal().is_empty()).then(|| AccountRequest::SetSecret {
        account: account.clone(),
        key: SecretKey::AccessToken,
        secret: Some(typed),
        unasked: sheet.get("unasked") == UNASKED,
    })
}

/// The form of a new Kapso account.
pub(super) fn kapso(base: &str) -> Sheet {
    let lines = vec![
        Line::text("name", "Name", "as people see it: Shop Lisboa", ""),
        Line::text("id", "Id", "made of the name: a-z, 0-9 and -", ""),
        Line::choice("environment", "For", vec!["production".into(), DEVELOPMENT.into()], "production"),
        Line::secret("access_token", "API key", "of your Kapso project; not shown"),
        Line::text("api_base", "API address", KAPSO_BASE, base),
    ];
    let about = "The key is written into the engine's data folder, readable by the engine alone, and shown to nobody again. \
                 Kapso is asked first whether it lets the key in; then there is a customer and a link, and whoever opens the link connects the number.";
    Sheet::new("New account · Kapso", about, lines)
}

/// An id out of a name.
pub(in crate::tui::overlay) fn id_of(name: &str) -> String {
    let mut id = String::new();
    for c in name.trim().to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
        if id.len() == 32 {
            break;
        }
    }
    id.trim_end_matches('-').to_owned()
}

/// What makes the account that the form describes and connects it, one after the other; or which field is wrong. `made` is
/// the one that the form has made already: that one is changed.
pub(super) fn kapso_of(
    sheet: &Sheet,
    made: Option<&AccountId>,
    taken: impl Fn(&AccountId) -> bool,
) -> Result<Vec<AccountRequest>, (&'static str, Box<Problem>)> {
    let wrong = |field: &'static str, what: String, next: &str| {
        Err((field, Box::new(Problem::new("field", what).next(next))))
    };
    let name = sheet.get("name");
    let typed = sheet.get("id");
    let id = if typed.is_empty() { id_of(&name) } else { typed };
    if name.is_empty() && id.is_empty() {
        return wrong("name", "it has no name".into(), "type one");
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 32 || !id.chars().all(fits) {
        return wrong("id", format!("`{id}` is no id"), "1 to 32 characters out of a-z, 0-9 and -");
    }
    let account = AccountId::new(&id);
    if taken(&account) {
        return wrong(
            "id",
            format!("there is an account `{id}` already"),
            "type another id, or Esc, then c on that one",
        );
    }
    let secret = Secret::new(&sheet.get("access_token"));
    if secret.reveal().is_empty() {
        return wrong(
            "access_token",
            "there is no API key".into(),
            "paste it from the project's settings at Kapso",
        );
    }
    let base = sheet.get("api_base");
    let base = if base.is_empty() { KAPSO_BASE.to_owned() } else { base };
    if !keeps_keys_safe(&base) {
        return wrong("api_base", "a key is not sent there".into(), "https://…; http only to this machine");
    }
    let kept = KeptAccount {
        spec: AccountSpec {
            id: account.clone(),
            name: if name.is_empty() { id } else { name },
            provider: "kapso".into(),
            environment: sheet.get("environment"),
            number: String::new(),
            business: String::new(),
        },
        api_base: base,
        api_version: KAPSO_VERSION.into(),
        subscribe: true,
        read_receipts: true,
    };
    let connect = AccountRequest::Connect { account: account.clone() };
    if made != Some(&account) {
        return Ok(vec![AccountRequest::Begin { account: kept, secret }, connect]);
    }
    let key = SecretKey::AccessToken;
    let secret = AccountRequest::SetSecret { account, key, secret: Some(secret), unasked: false };
    Ok(vec![AccountRequest::Keep { account: kept }, secret, connect])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_any_name() {
        for (name, id) in [
            ("Shop Lisboa", "shop-lisboa"),
            ("  Acme: Support (PT) ", "acme-support-pt"),
            ("Lojas São João", "lojas-s-o-jo-o"),
            ("王小明", ""),
            (&"x".repeat(60), &"x".repeat(32)),
        ] {
            assert_eq!(id_of(name), id, "{name}");
        }
    }
}
