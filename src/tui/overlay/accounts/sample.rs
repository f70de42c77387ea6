//! Accounts in every state, and an engine that answers about them, for tests.

use crate::clock::Millis;
use crate::model::account::{
    AccountLife, CONNECTED, DISCONNECTED, ERROR, PENDING, SecretKey, Setup, SetupLink, Step,
};
use crate::model::event::{AccountSpec, NumberFacts};
use crate::model::ids::AccountId;
use crate::protocol::accounts::{AccountDetail, AccountRequest};
use crate::protocol::{AccountView, Problem, Response};
use crate::tui::app::tests::NOW;

const HOUR: Millis = 3_600_000;

/// The link of an account of Kapso.
pub(crate) const LINK: &str = "https://app.kapso.example/whatsapp/setup/3f9a2c7d1e5b48a0";

fn view(id: &str, name: &str, state: &str, kept: bool) -> AccountView {
    let connected = state == CONNECTED || state == ERROR;
    AccountView {
        spec: AccountSpec {
            id: AccountId::new(id),
            name: name.into(),
            provider: if kept { "kapso" } else { "meta" }.into(),
            environment: if kept { "development" } else { "production" }.into(),
            number: if connected { "106540352242922".into() } else { String::new() },
            business: "102290129340398".into(),
        },
        state: state.into(),
        state_text: String::new(),
        facts: if connected {
            NumberFacts {
                display_phone: "+351 912 345 678".into(),
                verified_name: "Acme".into(),
                quality: "GREEN".into(),
                limit: "TIER_2K".into(),
                throughput: "STANDARD".into(),
                ..NumberFacts::default()
            }
        } else {
            NumberFacts::default()
        },
        unread_threads: u32::from(id == "support") * 3,
        unread: u32::from(id == "support") * 7,
        threads: u32::from(connected) * 12,
        last_webhook: connected.then_some(NOW - HOUR / 10),
        templates_synced: None,
        life: AccountLife {
            kept,
            connected_at: connected.then_some(NOW - 30 * 24 * HOUR),
            disconnected_at: (state == DISCONNECTED).then_some(NOW - HOUR),
            token_at: kept.then_some(NOW - 4 * 24 * HOUR),
            ..AccountLife::default()
        },
    }
}

/// One in every state.
pub(crate) fn accounts() -> Vec<AccountView> {
    let mut out = vec![
        view("support", "Acme Support", CONNECTED, false),
        view("sales", "Acme Sales", ERROR, false),
        view("shop-pt", "Shop Lisboa", PENDING, true),
        view("lojas", "Lojas BR", CONNECTED, true),
        view("old", "The old number 店 متجر with a very long name", DISCONNECTED, true),
    ];
    out[1].state_text = "190 the access token has expired".into();
    out[1].life.blocked = true;
    out[3].life.options.paused = true;
    out[3].life.options.prefix = "55".into();
    out[3].life.options.recipients = vec!["5511988881234".into()];
    out
}

/// Everything about one of them.
pub(crate) fn detail(view: &AccountView) -> AccountDetail {
    let pending = view.state == PENDING;
    let mut setup = Setup::default();
    let step = |done, text: &str, next: &str, ago: Millis| Step {
        at: NOW - ago * 1_000,
        done,
        text: text.into(),
        next: next.into(),
    };
    if view.life.kept {
        setup.customer = "cus_81f3".into();
        setup.steps.insert("customer".into(), step(true, "made", "", 30));
        setup.steps.insert("project_webhook".into(), step(true, "points here", "", 20));
    }
    if pending {
        setup.steps.insert("number".into(), step(false, "nobody has opened the link", "open the link", 10));
        setup.link = Some(SetupLink {
            id: "lnk_1".into(),
            url: LINK.into(),
            status: "active".into(),
            expires_at: Some(NOW + 30 * 24 * HOUR),
        });
    }
    AccountDetail {
        setup,
        api_base: if view.life.kept { "https://api.kapso.ai" } else { "https://graph.facebook.com" }.into(),
        api_version: "v25.0".into(),
        callback: Some("https://hooks.acme.example/webhook/0f3c9a".into()),
        secrets: SecretKey::ALL.to_vec(),
        last_activity: (view.threads > 0).then_some(NOW - HOUR / 20),
        hindered: None,
        view: view.clone(),
    }
}

/// Answers as an engine does.
pub(crate) fn answer(all: &mut Vec<AccountView>, act: AccountRequest) -> Result<Response, Problem> {
    let id = act.account().clone();
    if let AccountRequest::Keep { account } | AccountRequest::Begin { account, .. } = &act {
        all.retain(|a| a.spec.id != id);
        let mut new = view(id.as_str(), &account.spec.name, PENDING, true);
        new.spec = account.spec.clone();
        all.push(new);
    }
    let Some(at) = all.iter().position(|a| a.spec.id == id) else {
        return Err(Problem::not_found(format!("there is no account `{id}`")));
    };
    let view = &mut all[at];
    match act {
        AccountRequest::SetOptions { options, .. } => {
            view.life.options = options.settled().map_err(|(field, what)| Problem {
                field: Some(field.into()),
                ..Problem::new("invalid", format!("{field} {what}"))
            })?;
        }
        AccountRequest::Disconnect { .. } => {
            view.state = DISCONNECTED.into();
            view.facts = NumberFacts::default();
        }
        AccountRequest::Reconnect { .. } => view.state = CONNECTED.into(),
        AccountRequest::Verify { .. } if view.state == ERROR => {
            return Err(
                Problem::new("provider", format!("{id}: {}", view.state_text)).next("make a new token")
            );
        }
        AccountRequest::Delete { name, .. } => {
            if name != view.spec.name {
                return Err(Problem::new("invalid", "the name is not that of the account"));
            }
            all.remove(at);
            return Ok(Response::Done);
        }
        _ => {}
    }
    Ok(Response::Account(Box::new(detail(&all[at]))))
}
