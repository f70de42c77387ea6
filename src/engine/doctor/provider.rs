//! The provider: its clock, our token, our number, and who hears of our webhooks.

use super::{Finding, check, fail, pass, warn};
use crate::clock::Millis;
use crate::engine::{Account, Shared};
use crate::model::event::NumberFacts;
use crate::protocol::Check;
use crate::provider::{CallError, Subscription, TokenFacts};

/// A clock that is off by more than this deserves a look.
const SKEW_LOOK: Millis = 30_000;
/// A clock that is off by more than this breaks things.
const SKEW_BAD: Millis = 5 * 60_000;
const DAY: Millis = 86_400_000;
/// A token that ends within so many days deserves a look.
const TOKEN_DAYS: i64 = 7;
/// What a token must be good for.
const NEEDED: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];

pub(super) fn refused(e: CallError, fix: &str) -> Finding {
    let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
    let means = e.cause.map(|c| format!(" ({c})")).unwrap_or_default();
    fail(format!("{code}{}{means}", e.text), e.next.unwrap_or_else(|| fix.into()))
}

/// Our clock against the provider's; asked once for each address.
pub(super) async fn clock(shared: &Shared) -> Vec<Check> {
    let mut asked: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for account in shared.accounts().iter().filter(|a| a.is_connected()) {
        let base = account.settings.api_base.as_str();
        if asked.contains(&base) {
            continue;
        }
        asked.push(base);
        let before = shared.clock.now();
        let answer = account.provider.time().await;
        let after = shared.clock.now();
        out.push(check(
            "clock",
            None,
            match answer {
                Ok(Some(theirs)) => skew(before, after, theirs),
                Ok(None) => warn(
                    format!("{base} does not say what time it is"),
                    "compare the clock by hand: timedatectl",
                ),
                Err(e) => warn(
                    format!("{} cannot be asked for the time: {}", base, e.text),
                    "see the checks of the provider below",
                ),
            },
        ));
    }
    out
}

/// `theirs` is cut to the second, and was read somewhere between `before` and `after`.
fn skew(before: Millis, after: Millis, theirs: Millis) -> Finding {
    let off = if before > theirs + 1000 {
        before - theirs - 1000
    } else if after < theirs {
        after - theirs
    } else {
        0
    };
    let seen = match off {
        0 => "the clock agrees with the provider's".to_owned(),
        o if o > 0 => format!("the clock is {} s ahead of the provider's", o / 1000),
        o => format!("the clock is {} s behind the provider's", -o / 1000),
    };
    let fix = "set the clock: timedatectl set-ntp true. A wrong clock closes 24-hour windows too early or too late, \
               sorts messages wrongly, and makes send-later miss its time";
    match off.abs() {
        o if o > SKEW_BAD => fail(seen, fix),
        o if o > SKEW_LOOK => warn(seen, fix),
        _ => pass(seen),
    }
}

/// Token, number and subscription of an account.
pub(super) async fn run(shared: &Shared, account: &Account) -> Vec<Check> {
    if account.settings.spec.provider == "kapso" {
        return super::kapso::run(shared, account).await;
    }
    let p = &account.provider;
    let now = shared.clock.now();
    let token = match p.token().await {
        Err(e) => refused(e, "check `api_base` and the network"),
        Ok(t) => token(&t, now),
    };
    let number = match p.number().await {
        Err(e) => refused(e, "check `phone_number_id`"),
        Ok(f) => number(&f),
    };
    let subscription = match p.subscription().await {
        Err(e) => refused(e, "check `waba_id`, and that the token may manage it"),
        Ok(s) => {
            let own = shared.url(account);
            let business = &account.settings.spec.business;
            let ours: Vec<String> = shared
                .accounts()
                .iter()
                .filter(|a| a.settings.spec.business == *business)
                .filter_map(|a| shared.url(a))
                .collect();
            subscription(&s, own.as_deref(), &ours, account.settings.subscribe)
        }
    };
    vec![
        check("provider.token", Some(account), token),
        check("provider.number", Some(account), number),
        check("provider.subscription", Some(account), subscription),
    ]
}

fn token(t: &TokenFacts, now: Millis) -> Finding {
    let renew = "make a permanent system user token in Meta's Business Settings and put it where the configuration reads it";
    if !t.valid {
        return fail("the provider refuses the token", renew);
    }
    let missing: Vec<&str> =
        NEEDED.into_iter().filter(|n| !t.scopes.is_empty() && !t.scopes.iter().any(|s| s == n)).collect();
    if !missing.is_empty() {
        let fix = "grant the permission to the system user and make a new token";
        return fail(format!("the token lacks {}", missing.join(" and ")), fix);
    }
    match t.expires_at {
        Some(at) if at <= now => fail("the token has ended", renew),
        Some(at) if at - now < TOKEN_DAYS * DAY => {
            warn(format!("the token ends in {} days", (at - now) / DAY), renew)
        }
        Some(at) => pass(format!("the provider takes the token; it ends in {} days", (at - now) / DAY)),
        None => pass("the provider takes the token; it does not end"),
    }
}

pub(super) fn number(f: &NumberFacts) -> Finding {
    let known = |s: &str| if s.is_empty() { "unknown".to_owned() } else { s.to_owned() };
    let seen = format!(
        "{} is {}, quality {}, limit {}",
        known(&f.display_phone),
        known(&f.status),
        known(&f.quality),
        known(&f.limit)
    );
    match (f.status.as_str(), f.quality.as_str()) {
        ("CONNECTED" | "", "RED") => fail(
            seen,
            "many customers blocked or reported this number: stop campaigns, write only to who asked for it, and look at the number in Meta's WhatsApp Manager",
        ),
        ("CONNECTED" | "", "YELLOW") => warn(
            seen,
            "some customers blocked or reported this number: look at the number in Meta's WhatsApp Manager",
        ),
        ("CONNECTED" | "", _) => pass(seen),
        ("PENDING", _) => fail(
            seen,
            "the number is not registered: wait until its display name is approved, then register it again in WhatsApp Manager",
        ),
        ("FLAGGED" | "RATE_LIMITED", _) => warn(seen, "look at the number in Meta's WhatsApp Manager"),
        _ => fail(seen, "look at the number in Meta's WhatsApp Manager"),
    }
}

/// `own` is our address for this account; any of `ours` will do, because one callback serves a business account.
fn subscription(s: &Subscription, own: Option<&str>, ours: &[String], by_itself: bool) -> Finding {
    let point = if by_itself {
        "start `switchboard serve`: it points the webhooks here by itself; see why it did not in switchboard.log"
    } else {
        "set `subscribe = true`, or enter the address in the app dashboard under WhatsApp > Configuration"
    };
    if s.apps.is_empty() {
        let fix = format!("no webhook will come. {point}");
        return fail("no app is subscribed to the business account", fix);
    }
    let apps: Vec<String> =
        s.apps.iter().map(|a| if a.name.is_empty() { a.app.clone() } else { a.name.clone() }).collect();
    let apps = apps.join(", ");
    let callback = s.callback.as_ref().or_else(|| s.apps.iter().find_map(|a| a.callback.as_ref()));
    let Some(own) = own else {
        return warn(
            format!("subscribed: {apps}; whether the webhooks point here cannot be told without a listener"),
            "start `switchboard serve` (or the screen), or set `public_url`",
        );
    };
    match callback {
        None => warn(
            format!("subscribed: {apps}; the provider does not say where the webhooks go"),
            format!("compare the callback in the app dashboard with the address of the listener, or {point}"),
        ),
        Some(url) if url == own || ours.iter().any(|o| o == url) => {
            pass(format!("subscribed: {apps}; webhooks point here"))
        }
        // The path holds a secret word: only the place is shown.
        Some(url) => fail(format!("subscribed: {apps}; webhooks go to {} and not here", place(url)), point),
    }
}

/// An address without its path.
pub(super) fn place(url: &str) -> String {
    reqwest::Url::parse(url)
        .map_or_else(|_| "another address".into(), |u| u.origin().ascii_serialization() + "/…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Verdict::{Fail, Pass, Warn};
    use crate::provider::Subscriber;

    const NOW: Millis = 1_795_176_000_000;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off() {
        for (before, after, theirs, verdict) in [
            (NOW, NOW + 200, NOW, Pass),
            (NOW + 900, NOW + 1200, NOW, Pass),
            (NOW + 30_000, NOW + 30_100, NOW, Pass),
            (NOW + 32_000, NOW + 32_100, NOW, Warn),
            (NOW - 31_000, NOW - 30_900, NOW, Warn),
            (NOW + 302_000, NOW + 302_100, NOW, Fail),
            (NOW - 301_000, NOW - 300_900, NOW, Fail),
        ] {
            let f = skew(before, after, theirs);
            assert_eq!(f.0, verdict, "{f:?}");
        }
        assert!(skew(NOW + 61_000, NOW + 61_000, NOW).1.contains("60 s ahead"));
        assert!(skew(NOW, NOW, NOW + 60_000).1.contains("60 s behind"));
        assert!(skew(NOW, NOW, NOW + 60_000).2.contains("24-hour"), "it says what breaks");
    }

    #[test]
    fn a_token_is_judged_by_validity_scopes_and_end() {
        let good = TokenFacts { valid: true, scopes: NEEDED.map(str::to_owned).to_vec(), expires_at: None };
        assert_eq!(token(&good, NOW).0, Pass);
        assert_eq!(token(&TokenFacts { valid: false, ..good.clone() }, NOW).0, Fail);
        let lacks = token(&TokenFacts { scopes: vec![NEEDED[0].into()], ..good.clone() }, NOW);
        assert!(lacks.0 == Fail && lacks.1.contains(NEEDED[1]), "{lacks:?}");
        for (days, verdict) in [(-1, Fail), (3, Warn), (60, Pass)] {
            let t = TokenFacts { expires_at: Some(NOW + days * DAY), ..good.clone() };
            assert_eq!(token(&t, NOW).0, verdict, "{days}");
        }
    }

    #[test]
    fn a_number_is_judged_by_status_and_quality() {
        for (status, quality, verdict) in [
            ("CONNECTED", "GREEN", Pass),
            ("CONNECTED", "UNKNOWN", Pass),
            ("CONNECTED", "YELLOW", Warn),
            ("CONNECTED", "RED", Fail),
            ("PENDING", "GREEN", Fail),
            ("BANNED", "RED", Fail),
            ("FLAGGED", "GREEN", Warn),
            ("SOMETHING_NEW", "GREEN", Fail),
        ] {
            let f = NumberFacts { status: status.into(), quality: quality.into(), ..NumberFacts::default() };
            let found = number(&f);
            assert_eq!(found.0, verdict, "{found:?}");
            assert!(found.1.contains(status) && found.1.contains(quality));
            assert_eq!(found.2.is_empty(), verdict == Pass);
        }
    }

    #[test]
    fn a_subscription_must_point_here() {
        let app = |callback: Option<&str>| Subscriber {
            app: "7712".into(),
            name: "Inbox".into(),
            callback: callback.map(str::to_owned),
        };
        let s = |apps, callback: Option<&str>| Subscription { apps, callback: callback.map(str::to_owned) };
        let (own, other) = ("https://a.example/webhook/1", "https://a.example/webhook/2".to_owned());
        let judge = |s: &Subscription| subscription(s, Some(own), &[own.into(), other.clone()], true);
        assert_eq!(judge(&s(vec![], None)).0, Fail);
        assert_eq!(judge(&s(vec![app(Some(own))], None)).0, Pass);
        assert_eq!(judge(&s(vec![app(Some(&other))], None)).0, Pass, "of the same business account");
        assert_eq!(judge(&s(vec![app(None)], None)).0, Warn);
        let away = judge(&s(vec![app(Some(own))], Some("https://old.example/hook/s3cret")));
        assert!(
            away.0 == Fail && away.1.contains("https://old.example") && !away.1.contains("s3cret"),
            "{away:?}"
        );
        assert_eq!(subscription(&s(vec![app(Some(own))], None), None, &[], true).0, Warn);
    }
}
