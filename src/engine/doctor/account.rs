//! How an account stands: whether it can send, since when, and to whom.

use super::{Finding, check, fail, pass, warn};
use crate::clock::Millis;
use crate::engine::Shared;
use crate::engine::accounts::{Account, hindrance};
use crate::model::account::ERROR;
use crate::protocol::account_facts::{ago, is_development, state_line};
use crate::protocol::{AccountView, Check};
use crate::store::Reader;

/// The state of an account, and its last activity.
pub(super) async fn run(shared: &Shared, account: &Account) -> Vec<Check> {
    let id = account.id().clone();
    let asked = id.clone();
    let seen = shared.store.read(move |r: &Reader| Ok((r.accounts()?, r.last_activity(&asked)?))).await;
    let (views, activity) = match seen {
        Ok(seen) => seen,
        Err(e) => {
            return vec![check("account.state", Some(account), fail(e.to_string(), "look at the disk"))];
        }
    };
    let Some(view) = views.into_iter().find(|v| v.spec.id == id) else { return Vec::new() };
    let mut out = vec![check("account.state", Some(account), state(&view, activity, shared.clock.now()))];
    if is_development(&view) {
        out.push(check("account.recipients", Some(account), recipients(&view)));
    }
    out
}

fn state(view: &AccountView, activity: Option<Millis>, now: Millis) -> Finding {
    let mut seen = state_line(view);
    if let Some(at) = view.life.connected_at.filter(|_| hindrance(view).is_none()) {
        seen = format!("{seen}, connected {}", ago(now - at));
    }
    seen.push_str(
        &activity.map_or_else(|| "; no message yet".into(), |at| format!("; last message {}", ago(now - at))),
    );
    if let Some(at) = view.life.token_at {
        seen = format!("{seen}; its key was set {}", ago(now - at));
    }
    match hindrance(view) {
        Some(why) if view.state == ERROR => fail(seen, why.next),
        Some(why) => warn(seen, why.next),
        // It is tried again by itself.
        None if view.state == ERROR => warn(seen, "see the checks of the provider below"),
        None => pass(seen),
    }
}

fn recipients(view: &AccountView) -> Finding {
    match view.life.options.recipients.len() {
        0 => pass("a development account that sends to everybody: `accounts edit --recipients` limits it"),
        1 => pass("sends only to one number"),
        n => pass(format!("sends only to {n} numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{AccountLife, CONNECTED, DISCONNECTED};
    use crate::model::event::{AccountSpec, NumberFacts};
    use crate::model::ids::AccountId;
    use crate::protocol::Verdict::{Fail, Pass, Warn};

    const HOUR: Millis = 3_600_000;

    fn view(state: &str) -> AccountView {
        AccountView {
            spec: AccountSpec {
                id: AccountId::new("pt"),
                name: "PT".into(),
                provider: "meta".into(),
                environment: "development".into(),
                number: "1".into(),
                business: "2".into(),
            },
            state: state.into(),
            state_text: String::new(),
            facts: NumberFacts::default(),
            unread_threads: 0,
            unread: 0,
            threads: 0,
            last_webhook: None,
            templates_synced: None,
            life: AccountLife { connected_at: Some(0), ..AccountLife::default() },
        }
    }

    #[test]
    fn a_state_is_judged_by_whether_it_sends() {
        let found = state(&view(CONNECTED), Some(47 * HOUR), 50 * HOUR);
        assert_eq!((found.0, &*found.1), (Pass, "connected, connected 2 days ago; last message 3 h ago"),);
        let mut paused = view(CONNECTED);
        paused.life.options.paused = true;
        let found = state(&paused, None, HOUR);
        assert!(found.0 == Warn && found.1.starts_with("paused; no message yet"), "{found:?}");
        assert!(found.2.contains("accounts resume pt"), "{found:?}");
        let found = state(&view(DISCONNECTED), None, HOUR);
        assert!(found.0 == Warn && found.2.contains("accounts reconnect pt"), "{found:?}");
        let mut bad = view(ERROR);
        (bad.life.blocked, bad.state_text) = (true, "190 the token has expired".into());
        let found = state(&bad, None, HOUR);
        assert!(found.0 == Fail && found.1.contains("190") && found.2.contains("verify pt"), "{found:?}");
        bad.life.blocked = false;
        assert_eq!(state(&bad, None, HOUR).0, Warn);
    }

    #[test]
    fn a_development_account_says_to_whom_it_sends() {
        let mut v = view(CONNECTED);
        assert!(recipients(&v).1.contains("to everybody"));
        v.life.options.recipients = vec!["351912345678".into(), "351912345679".into()];
        assert_eq!(recipients(&v), (Pass, "sends only to 2 numbers".into(), String::new()));
    }
}
