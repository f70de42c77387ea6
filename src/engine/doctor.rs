//! Walks the chain from the data folder to the provider and says which step fails, and what to do.

use super::{Account, Shared};
use crate::protocol::{Check, Verdict};
use crate::provider::http;
use secrecy::ExposeSecret;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

/// Without a webhook for this long, something may be wrong: three hours.
const SILENCE: i64 = 3 * 3_600_000;

fn check(
    name: &str,
    account: Option<&Account>,
    verdict: Verdict,
    seen: impl Into<String>,
    fix: &str,
) -> Check {
    Check {
        name: name.into(),
        account: account.map(|a| a.id().clone()),
        verdict,
        seen: seen.into(),
        fix: if verdict == Verdict::Pass { String::new() } else { fix.into() },
    }
}

/// Runs every check.
pub(super) async fn run(shared: &Arc<Shared>) -> Vec<Check> {
    let mut out = Vec::new();
    if shared.accounts.is_empty() {
        let fix = "add an [[accounts]] section to the configuration, see config.example.toml";
        out.push(check("config.accounts", None, Verdict::Fail, "no account is configured", fix));
    } else {
        let seen = format!("{} configured", shared.accounts.len());
        out.push(check("config.accounts", None, Verdict::Pass, seen, ""));
    }
    modes(shared, &mut out).await;
    store(shared, &mut out).await;
    for account in &shared.accounts {
        token(account, &mut out, shared.clock.now()).await;
        number(account, &mut out).await;
        listener(shared, account, &mut out).await;
    }
    last_webhook(shared, &mut out).await;
    outbox(shared, &mut out).await;
    out
}

async fn modes(shared: &Shared, out: &mut Vec<Check>) {
    let dir = shared.settings.data_dir.clone();
    let db = shared.store.path().to_owned();
    let seen = tokio::task::spawn_blocking(move || {
        [(dir, 0o700), (db, 0o600)].map(|(path, want)| {
            let mode = std::fs::metadata(&path).map_or(0, |m| m.permissions().mode() & 0o777);
            (path, mode, want)
        })
    })
    .await
    .map_or_else(|_| Vec::new(), Vec::from);
    for (path, mode, want) in seen {
        let ok = mode & !want == 0 && mode != 0;
        let verdict = if ok { Verdict::Pass } else { Verdict::Fail };
        let fix = format!("chmod {want:o} {}", path.display());
        out.push(check("files.modes", None, verdict, format!("{} has mode {mode:o}", path.display()), &fix));
    }
}

async fn store(shared: &Shared, out: &mut Vec<Check>) {
    let restore = "stop Switchboard, keep a copy of the data folder, restore a backup";
    out.push(match shared.store.read_slow(crate::store::Reader::quick_check).await {
        Ok(None) => check("store.integrity", None, Verdict::Pass, "the database is whole", ""),
        Ok(Some(why)) => check("store.integrity", None, Verdict::Fail, why, restore),
        Err(e) => check("store.integrity", None, Verdict::Fail, e.to_string(), restore),
    });
    out.push(match shared.store.read_slow(crate::store::Reader::recount).await {
        Ok(wrong) if wrong.is_empty() => {
            check("store.counters", None, Verdict::Pass, "counters agree with a recount", "")
        }
        Ok(wrong) => check(
            "store.counters",
            None,
            Verdict::Fail,
            wrong.join("; "),
            "report this as a bug, with the log",
        ),
        Err(e) => check("store.counters", None, Verdict::Fail, e.to_string(), restore),
    });
}

async fn token(account: &Account, out: &mut Vec<Check>, now: i64) {
    const NEEDED: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];
    let renew = "make a permanent system user token in Meta's Business Settings and put it where the configuration reads it";
    out.push(match account.provider.token().await {
        Err(e) => {
            let fix = e.next.clone().unwrap_or_else(|| "check `api_base` and the network".into());
            check("provider.token", Some(account), Verdict::Fail, format!("{} {}", e.code, e.text), &fix)
        }
        Ok(t) if !t.valid => {
            check("provider.token", Some(account), Verdict::Fail, "the provider refuses the token", renew)
        }
        Ok(t) => {
            let missing: Vec<&str> = NEEDED
                .into_iter()
                .filter(|n| !t.scopes.is_empty() && !t.scopes.iter().any(|s| s == n))
                .collect();
            match t.expires_at {
                _ if !missing.is_empty() => {
                    let seen = format!("the token lacks {}", missing.join(" and "));
                    check(
                        "provider.token",
                        Some(account),
                        Verdict::Fail,
                        seen,
                        "grant the permission to the system user and make a new token",
                    )
                }
                Some(at) if at - now < 7 * 86_400_000 => {
                    let days = (at - now).max(0) / 86_400_000;
                    check(
                        "provider.token",
                        Some(account),
                        Verdict::Warn,
                        format!("the token ends in {days} days"),
                        renew,
                    )
                }
                _ => {
                    check("provider.token", Some(account), Verdict::Pass, "the provider takes the token", "")
                }
            }
        }
    });
}

async fn number(account: &Account, out: &mut Vec<Check>) {
    out.push(match account.provider.number().await {
        Err(e) => {
            let fix = e.next.clone().unwrap_or_else(|| "check `phone_number_id`".into());
            check("provider.number", Some(account), Verdict::Fail, format!("{} {}", e.code, e.text), &fix)
        }
        Ok(f) => {
            let seen =
                format!("{} is {}, quality {}, limit {}", f.display_phone, f.status, f.quality, f.limit);
            let status_ok = f.status.is_empty() || f.status == "CONNECTED";
            let verdict = match (status_ok, f.quality.as_str()) {
                (false, _) => Verdict::Fail,
                (true, "RED" | "YELLOW") => Verdict::Warn,
                _ => Verdict::Pass,
            };
            check(
                "provider.number",
                Some(account),
                verdict,
                seen,
                "look at the number in Meta's WhatsApp Manager",
            )
        }
    });
}

async fn listener(shared: &Shared, account: &Account, out: &mut Vec<Check>) {
    let addr = match shared.bound() {
        Some(Ok(addr)) => addr,
        Some(Err(why)) => {
            let fix = "choose another `listener.bind`, or stop what uses the port";
            out.push(check("listener.bound", Some(account), Verdict::Fail, why, fix));
            return;
        }
        None => {
            let fix = "start `switchboard serve` (or the screen) and run the doctor again";
            out.push(check(
                "listener.bound",
                Some(account),
                Verdict::Warn,
                "the webhook listener is not running here",
                fix,
            ));
            return;
        }
    };
    // The whole way in, as far as it can be walked from here: the handshake that the provider makes.
    let challenge = uuid::Uuid::new_v4().simple().to_string();
    let url = format!("http://{addr}/webhook/{}", account.path);
    let seen = handshake(&url, &challenge, account.settings.verify_token.expose_secret()).await;
    let (verdict, text) = match seen {
        Ok(answer) if answer == challenge => (Verdict::Pass, format!("answers the handshake at {addr}")),
        Ok(_) => (Verdict::Fail, "gave a wrong answer to the handshake".to_owned()),
        Err(e) => (Verdict::Fail, e),
    };
    let fix = "something else answers at this address: check `listener.bind`";
    out.push(check("listener.handshake", Some(account), verdict, text, fix));
}

async fn handshake(url: &str, challenge: &str, verify_token: &str) -> Result<String, String> {
    let client = http::client(true, Duration::from_secs(5)).map_err(|e| e.to_string())?;
    let query = [("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", verify_token)];
    let request = client.get(url).query(&query);
    let answer = http::call(request).await.map_err(|t| t.text)?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

async fn last_webhook(shared: &Shared, out: &mut Vec<Check>) {
    let fix =
        "check that the provider's webhook settings point at the listener and that the app is subscribed";
    out.push(match shared.store.read(crate::store::Reader::webhook_facts).await {
        Err(e) => check("webhook.last", None, Verdict::Fail, e.to_string(), "run the doctor again"),
        Ok((None, _)) => check("webhook.last", None, Verdict::Warn, "no webhook has ever come", fix),
        Ok((Some(at), failed)) => {
            let age = shared.clock.now() - at;
            let verdict = if age > SILENCE || failed > 0 { Verdict::Warn } else { Verdict::Pass };
            let mut seen = format!("the last webhook came {} min ago", age / 60_000);
            if failed > 0 {
                let _ = write!(seen, "; {failed} were kept without being understood");
            }
            check("webhook.last", None, verdict, seen, fix)
        }
    });
}

async fn outbox(shared: &Shared, out: &mut Vec<Check>) {
    out.push(match shared.store.read(crate::store::Reader::outbox_counts).await {
        Err(e) => check("outbox", None, Verdict::Fail, e.to_string(), "run the doctor again"),
        Ok((open, _, unknown)) => {
            let verdict = if unknown > 0 || open > 100 { Verdict::Warn } else { Verdict::Pass };
            let seen = format!("{open} waiting, {unknown} with unknown fate");
            check("outbox", None, verdict, seen, "open the threads marked ✗ and send again or put aside")
        }
    });
}
