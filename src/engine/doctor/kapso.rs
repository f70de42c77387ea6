//! What is different with Kapso: a key in the place of a token, webhooks of the number in the place of a subscription, and
//! no handshake.

use super::provider::{number, place, refused};
use super::{Finding, check, fail, pass, warn};
use crate::engine::{Account, Shared};
use crate::protocol::Check;
use crate::provider::posts::Way;
use crate::provider::{Subscription, TokenFacts};

/// Key, number and webhooks of an account.
pub(super) async fn run(shared: &Shared, account: &Account) -> Vec<Check> {
    let p = &account.provider;
    let key = match p.token().await {
        Err(e) => refused(e, "check `api_base` and the network"),
        Ok(t) => token(&t),
    };
    let number = match p.number().await {
        Err(e) => refused(e, "check `phone_number_id`"),
        Ok(f) => number(&f),
    };
    let webhooks = match p.subscription().await {
        Err(e) => refused(e, "check `phone_number_id`, and that the key is of the number's project"),
        Ok(s) => {
            let own = shared.url(account).map(|url| format!("{url}{}", Way::Messages.path()));
            webhooks(&s, own.as_deref(), account.settings.subscribe || account.kept)
        }
    };
    vec![
        check("provider.token", Some(account), key),
        check("provider.number", Some(account), number),
        check("provider.subscription", Some(account), webhooks),
    ]
}

fn token(t: &TokenFacts) -> Finding {
    if t.valid {
        return pass("Kapso takes the API key");
    }
    fail(
        "Kapso takes the API key, but Meta does not take Kapso's own access to the number any more",
        "connect the number anew: `switchboard accounts reconnect`, or with a setup link from Kapso's dashboard",
    )
}

/// `own` is our address for messages of this account.
fn webhooks(s: &Subscription, own: Option<&str>, by_itself: bool) -> Finding {
    let point = if by_itself {
        "start `switchboard serve`: it points the webhooks here by itself; see why it did not in switchboard.log"
    } else {
        "set `subscribe = true`, or add the address to the number in Kapso's dashboard with payload version v2"
    };
    let Some(own) = own else {
        return warn(
            format!(
                "{} webhooks are on at Kapso; whether one comes here cannot be told without a listener",
                s.apps.len()
            ),
            "start `switchboard serve` (or the screen), or set `public_url`",
        );
    };
    if s.apps.iter().any(|a| a.callback.as_deref() == Some(own)) {
        return pass("a webhook of the number is on and comes here");
    }
    let places: Vec<String> = s.apps.iter().filter_map(|a| a.callback.as_deref()).map(place).collect();
    if places.is_empty() {
        let fix = format!("no webhook will come. {point}");
        return fail("no webhook of the number is on: Kapso switches one off that fails too often", fix);
    }
    fail(format!("webhooks go to {} and not here", places.join(", ")), point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Verdict::{Fail, Pass, Warn};
    use crate::provider::Subscriber;

    #[test]
    fn a_webhook_must_come_here() {
        let hook =
            |url: &str| Subscriber { app: "1".into(), name: "webhook v2".into(), callback: Some(url.into()) };
        let s = |hooks: Vec<Subscriber>| Subscription { apps: hooks, callback: None };
        let own = "https://a.example/webhook/s3cret/kapso/messages";
        assert_eq!(webhooks(&s(vec![hook("https://b.example/x"), hook(own)]), Some(own), true).0, Pass);
        assert_eq!(webhooks(&s(vec![]), Some(own), true).0, Fail);
        let away = webhooks(&s(vec![hook("https://b.example/t0ken")]), Some(own), false);
        assert!(away.0 == Fail && away.1.contains("b.example") && !away.1.contains("t0ken"), "{away:?}");
        assert_eq!(webhooks(&s(vec![hook(own)]), None, true).0, Warn);
        assert_eq!(token(&TokenFacts { valid: true, ..TokenFacts::default() }).0, Pass);
        assert_eq!(token(&TokenFacts::default()).0, Fail);
    }
}
