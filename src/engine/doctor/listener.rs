//! The way in: the listener, its handshake, its signatures, and the public address in front of it.

use super::{Finding, check, fail, pass, warn};
use crate::engine::ingest::TEST;
use crate::engine::{Account, Shared};
use crate::protocol::Check;
use crate::provider::http::{self, Reach};
use crate::provider::posts::Way;
use crate::provider::{kapso, meta};
use secrecy::ExposeSecret;
use std::sync::PoisonError;
use std::time::Duration;

/// How long an answer of our own listener may take.
const TIME: Duration = Duration::from_secs(5);
/// How long an answer through the public address may take.
const PUBLIC_TIME: Duration = Duration::from_secs(10);

pub(super) async fn run(shared: &Shared, account: &Account) -> Vec<Check> {
    let mut out = Vec::new();
    match shared.bound() {
        Some(Ok(addr)) => {
            let url = format!("http://{addr}/webhook/{}{}", account.path, way(account));
            let fix = "something else answers at this address: check `listener.bind`";
            let mut answered = true;
            if shakes(account) {
                let shaken = match handshake(&url, account, true).await {
                    Ok(()) => pass(format!("answers the handshake at {addr}")),
                    Err((_, why)) => fail(why, fix),
                };
                answered = shaken.0 == crate::protocol::Verdict::Pass;
                out.push(check("listener.handshake", Some(account), shaken));
            }
            if answered {
                out.push(check("listener.signature", Some(account), signature(shared, &url, account).await));
            }
        }
        Some(Err(why)) => {
            let fix = "choose another `listener.bind`, or stop what uses the port";
            out.push(check("listener.bound", Some(account), fail(why, fix)));
        }
        None => {
            let fix = "start `switchboard serve` (or the screen) and run the doctor again";
            out.push(check(
                "listener.bound",
                Some(account),
                warn("the webhook listener is not running here", fix),
            ));
        }
    }
    if shared.settings.listener.public_url.is_some()
        && let Some(url) = shared.url(account)
    {
        let url = format!("{url}{}", way(account));
        out.push(check("listener.public", Some(account), public(&url, account).await));
    }
    out
}

/// Whether the provider makes a handshake with the listener before it sends anything.
fn shakes(account: &Account) -> bool {
    account.settings.spec.provider != "kapso"
}

fn seen(account: &Account) -> &'static str {
    if shakes(account) { "answers the handshake and takes" } else { "takes" }
}

/// The path behind the account's own to which its provider posts messages.
fn way(account: &Account) -> &'static str {
    if shakes(account) { "" } else { Way::Messages.path() }
}

/// A step that failed, and the sentence for it.
type Broken = (Option<Reach>, String);

async fn call(request: reqwest::RequestBuilder) -> Result<(u16, String), Broken> {
    let mut answer = request.send().await.map_err(|e| {
        let (reach, text) = http::reach(e);
        (Some(reach), text)
    })?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Ok(Some(part)) = answer.chunk().await {
        body.extend_from_slice(&part);
        if body.len() > 4096 {
            break;
        }
    }
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn client(direct: bool) -> Result<reqwest::Client, Broken> {
    http::client(direct, if direct { TIME } else { PUBLIC_TIME }).map_err(|e| (None, e.to_string()))
}

/// The handshake as the provider makes it.
async fn handshake(url: &str, account: &Account, direct: bool) -> Result<(), Broken> {
    let challenge = uuid::Uuid::new_v4().simple().to_string();
    let token = account.settings.verify_token.expose_secret();
    let query =
        [("hub.mode", "subscribe"), ("hub.challenge", challenge.as_str()), ("hub.verify_token", token)];
    match call(client(direct)?.get(url).query(&query)).await? {
        (200, body) if body.trim() == challenge => Ok(()),
        (200, _) => Err((None, "something answers the handshake, but not with the challenge".into())),
        (403, _) => Err((None, "the handshake was refused (403): the verify token is another one".into())),
        (404, _) => Err((None, "nobody knows the path of the webhook (404)".into())),
        (status, _) if (300..400).contains(&status) => {
            Err((None, format!("the handshake is sent elsewhere ({status}): the provider does not follow")))
        }
        (status, _) => Err((None, format!("the handshake was answered with {status}"))),
    }
}

/// A body that says nothing, marked as a test. A new one each time.
fn test_body() -> Vec<u8> {
    format!("{TEST},\"entry\":[],\"id\":\"{}\"}}", uuid::Uuid::new_v4().simple()).into_bytes()
}

/// `wrong` = the engine that is to refuse it.
async fn post(url: &str, account: &Account, direct: bool, wrong: Option<&Shared>) -> Result<u16, Broken> {
    let body = test_body();
    let secret = account.settings.app_secret.expose_secret();
    let sign = |secret: &[u8], body: &[u8]| {
        if shakes(account) { meta::webhook::sign(secret, body) } else { kapso::webhook::sign(secret, body) }
    };
    // The wrong signature is a good one of something else.
    let signed = match wrong {
        None => sign(secret.as_bytes(), &body),
        Some(shared) => {
            shared.expected.lock().unwrap_or_else(PoisonError::into_inner).push(body.clone());
            sign(secret.as_bytes(), b"else")
        }
    };
    let request = client(direct)?
        .post(url)
        .header("content-type", "application/json")
        .header(if shakes(account) { "x-hub-signature-256" } else { "x-webhook-signature" }, signed)
        .body(body.clone());
    let result = call(request).await.map(|(status, _)| status);
    if let Some(shared) = wrong {
        shared.expected(&body);
    }
    result
}

/// What is signed is taken, what is not is refused.
async fn signature(shared: &Shared, url: &str, account: &Account) -> Finding {
    match post(url, account, true, None).await {
        Ok(200) => {}
        Ok(503) => {
            return fail(
                "a signed test was refused for now (503): it could not be stored",
                "see disk.space; the provider tries again by itself",
            );
        }
        Ok(status) => {
            return fail(
                format!("a test signed with the app secret was answered with {status}"),
                "restart Switchboard, so that it reads `app_secret` again",
            );
        }
        Err((_, why)) => return fail(why, "check `listener.bind`"),
    }
    match post(url, account, true, Some(shared)).await {
        Ok(401) => pass("a signed test was taken and stored, a wrongly signed one was refused"),
        Ok(status) => fail(
            format!("a wrongly signed test was answered with {status} instead of 401"),
            "something else answers at this address: check `listener.bind`",
        ),
        Err((_, why)) => fail(why, "check `listener.bind`"),
    }
}

/// The way that the provider takes: name, encryption, proxy, listener.
async fn public(url: &str, account: &Account) -> Finding {
    let host =
        reqwest::Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    let https = url.starts_with("https://");
    let met = if shakes(account) {
        handshake(url, account, false).await
    } else {
        // There is no handshake to see the way by: the test itself is sent, and any answer tells that there is a way.
        post(url, account, false, None).await.map(|_| ())
    };
    if let Err((reach, why)) = met {
        return match reach {
            Some(Reach::Name) => fail(
                format!("the name {host} cannot be resolved: {why}"),
                "correct `public_url`, or add the name to the DNS",
            ),
            Some(Reach::Tls) => fail(
                format!("the encryption of {host} fails: {why}"),
                "give the reverse proxy a certificate of a public authority for this name; Meta refuses self-signed ones",
            ),
            Some(Reach::Connection) => fail(
                format!("nobody answers at {host}: {why}"),
                "start the reverse proxy, and open its port in the firewall",
            ),
            Some(Reach::Time) => fail(
                format!("{host} does not answer in time"),
                "see whether the reverse proxy and the firewall let requests through",
            ),
            Some(Reach::Other) => {
                fail(format!("the connection to {host} broke: {why}"), "see the log of the reverse proxy")
            }
            None => fail(
                format!("{host}: {why}"),
                "let the reverse proxy hand /webhook/ on unchanged to `listener.bind`, with path and query",
            ),
        };
    }
    match post(url, account, false, None).await {
        Ok(200) if https => pass(format!("{host} {} a signed test", seen(account))),
        Ok(200) => warn(
            format!("{host} {} a signed test, without encryption", seen(account)),
            "the provider delivers to https addresses only: put a reverse proxy with a certificate in front",
        ),
        Ok(401) => fail(
            format!("a signed test was refused (401) on the way through {host}"),
            "the reverse proxy must hand on the body unchanged and keep the headers X-Hub-Signature-256 and X-Webhook-Signature",
        ),
        Ok(413) => fail(
            format!("{host} refuses the body of a test as too long"),
            "allow bodies of 4 MB in the reverse proxy; Meta sends up to 3 MB",
        ),
        Ok(status) => fail(
            format!("a signed test was answered with {status} by {host}"),
            "see the log of the reverse proxy; it must hand POST on unchanged",
        ),
        Err((_, why)) => fail(format!("{host}: {why}"), "see the log of the reverse proxy"),
    }
}
