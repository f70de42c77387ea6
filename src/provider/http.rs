//! The one way to an HTTP client, and the reading of answers.
//!
//! Owns TLS set-up, time limits, size limits and the hiding of secrets in error texts. Knows no provider.

use reqwest::Url;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::OnceCell;

/// Time to reach the other side.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a whole call, answer included.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an unused connection is kept.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answer that is read, in bytes.
pub const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// Longest wait that a provider may ask for; a longer wish is cut.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// The address of a call: what stands `before` the path, the path, and the query.
pub fn address<'a>(
    base: &str,
    before: impl IntoIterator<Item = &'a str>,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Url, Transport> {
    let mut url = Url::parse(base)
        .map_err(|e| Transport::unusable(format!("the provider's address is not one: {e}")))?;
    if path.iter().any(|p| p.is_empty()) {
        return Err(Transport::unusable("the number's or the business account's id is empty"));
    }
    url.path_segments_mut()
        .map_err(|()| Transport::unusable("the provider's address cannot carry a path"))?
        .pop_if_empty()
        .extend(before.into_iter().filter(|p| !p.is_empty()))
        .extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// A client that is built when it is first used: building one loads certificates, and start-up must not wait.
#[derive(Debug)]
pub struct LazyClient {
    cell: OnceCell<reqwest::Client>,
    direct: bool,
    total: Duration,
}

impl LazyClient {
    /// Costs nothing. `direct` leaves out the proxies of the environment (for a provider on this machine).
    #[must_use]
    pub const fn new(direct: bool) -> Self {
        Self { cell: OnceCell::const_new(), direct, total: TOTAL_TIMEOUT }
    }

    /// The same with another limit for a whole call.
    #[must_use]
    pub const fn with_timeout(direct: bool, total: Duration) -> Self {
        Self { cell: OnceCell::const_new(), direct, total }
    }

    /// The client. The first call builds it, off the async threads.
    pub async fn get(&self) -> Result<&reqwest::Client, Transport> {
        let (direct, total) = (self.direct, self.total);
        self.cell
            .get_or_try_init(|| async move {
                tokio::task::spawn_blocking(move || client(direct, total))
                    .await
                    .map_err(|e| Transport::not_sent(format!("the HTTP client could not be built: {e}")))?
                    .map_err(|e| {
                        Transport::not_sent(format!("the HTTP client could not be built: {}", chain(&e)))
                    })
            })
            .await
    }
}

/// Builds a client: own user agent, [`CONNECT_TIMEOUT`], `total` for a whole call, no redirects (a token must
/// not follow one), no retries of its own.
pub fn client(direct: bool, total: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // An error says that a crypto provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A send on a connection that the other side is just closing has an unknown fate: keep none for long.
        .pool_idle_timeout(IDLE_TIMEOUT)
        .timeout(total)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    if direct {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// A call that got no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// What happened; never holds an address, a token or a query.
    pub text: String,
    /// Whether it is certain that the other side got nothing.
    pub nothing_sent: bool,
    /// Whether the request itself could not be made (bad address, bad token text): trying again is pointless.
    pub unusable: bool,
}

impl Transport {
    fn not_sent(text: String) -> Self {
        Self { text, nothing_sent: true, unusable: false }
    }

    /// A request that cannot be built.
    #[must_use]
    pub fn unusable(text: impl Into<String>) -> Self {
        Self { text: text.into(), nothing_sent: true, unusable: true }
    }

    /// Reads a client's error. Only a failure to connect is taken as proof that nothing was sent.
    #[must_use]
    pub fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let (connect, builder) = (error.is_connect(), error.is_builder());
        let what = if builder {
            "the request could not be built"
        } else if connect && error.is_timeout() {
            "no connection within the time limit"
        } else if connect {
            "no connection"
        } else if error.is_timeout() {
            "no answer within the time limit"
        } else if error.is_body() || error.is_decode() {
            "the answer broke off"
        } else {
            "the connection broke"
        };
        Self {
            text: format!("{what}: {}", chain(&error)),
            nothing_sent: connect || builder,
            unusable: builder,
        }
    }
}

/// The innermost reason of an error: the outer ones repeat it or name an address.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(s) = source {
        text = s.to_string();
        source = s.source();
    }
    text.chars().take(300).collect()
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// How long the other side asks to wait.
    pub retry_after: Option<Duration>,
    /// The other side's clock (`Date`), in Unix milliseconds, to the second.
    pub date: Option<i64>,
    /// How many calls a minute are allowed, and how many are left of them.
    pub room: Option<(u64, u64)>,
    /// The body, at most [`ANSWER_MAX`] bytes.
    pub body: Vec<u8>,
}

/// Sends a request and reads the whole answer.
pub async fn call(request: reqwest::RequestBuilder) -> Result<Answer, Transport> {
    let mut response = request.send().await.map_err(Transport::of)?;
    let status = response.status().as_u16();
    let retry_after = wish(response.headers());
    let date = date(response.headers());
    let room = room(response.headers());
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(part)) => {
                if body.len() + part.len() > ANSWER_MAX {
                    return Err(Transport {
                        text: format!("the answer is longer than {} MiB", ANSWER_MAX / (1024 * 1024)),
                        nothing_sent: false,
                        unusable: false,
                    });
                }
                body.extend_from_slice(&part);
            }
            Ok(None) => return Ok(Answer { status, retry_after, date, room, body }),
            // An answer of refusal is one even when its text broke off.
            Err(_) if status >= 400 => {
                return Ok(Answer { status, retry_after, date, room, body: Vec::new() });
            }
            Err(e) => return Err(Transport { nothing_sent: false, ..Transport::of(e) }),
        }
    }
}

fn room(headers: &HeaderMap) -> Option<(u64, u64)> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    Some((number("x-ratelimit-limit")?, number("x-ratelimit-remaining")?))
}

fn date(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get("date")?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond())
}

/// How far a call got that reached nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The name could not be resolved.
    Name,
    /// Nobody answers at the address.
    Connection,
    /// The encryption failed: a certificate, or no encryption at all on the other side.
    Tls,
    /// It took too long.
    Time,
    /// Anything else.
    Other,
}

/// Where a call broke, and the innermost reason.
#[must_use]
pub fn reach(error: reqwest::Error) -> (Reach, String) {
    let error = error.without_url();
    let mut texts = String::new();
    let mut tls = false;
    let mut source = error.source();
    while let Some(s) = source {
        // An error of the system may be a wrapper around another one, which is no source of it.
        let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(s);
        while let Some(e) = inner {
            tls |= e.is::<rustls::Error>();
            inner = e
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref)
                .map(|e| e as &(dyn std::error::Error + 'static));
        }
        texts.push_str(&s.to_string().to_lowercase());
        texts.push(' ');
        source = s.source();
    }
    let reach = if texts.contains("dns") || texts.contains("lookup address") {
        Reach::Name
    } else if tls || texts.contains("certificate") || texts.contains("tls") {
        Reach::Tls
    } else if error.is_timeout() {
        Reach::Time
    } else if error.is_connect() {
        Reach::Connection
    } else {
        Reach::Other
    };
    (reach, chain(&error))
}

fn wish(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let wait = text("retry-after")
        .and_then(|v| retry_after(v, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
        .or_else(|| text("x-business-use-case-usage").and_then(regain))?;
    Some(wait.min(RETRY_AFTER_MAX))
}

/// Reads a `Retry-After` value: seconds, or an HTTP date counted from `now` (since the Unix epoch). A date in
/// the past is no wait.
#[must_use]
pub fn retry_after(value: &str, now: Duration) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_second();
    Some(Duration::from_secs(u64::try_from(date).unwrap_or(0)).saturating_sub(now))
}

/// The longest `estimated_time_to_regain_access` (minutes) of a usage header; `None` when there is no wait.
fn regain(value: &str) -> Option<Duration> {
    let usage: serde_json::Value = serde_json::from_str(value).ok()?;
    let minutes = usage
        .as_object()?
        .values()
        .filter_map(serde_json::Value::as_array)
        .flatten()
        .filter_map(|u| u.get("estimated_time_to_regain_access")?.as_u64())
        .max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

/// Takes a secret out of a text, and everything that looks like a provider's token or a secret of a query.
#[must_use]
pub fn redact(text: &str, secret: &SecretString) -> String {
    const HIDDEN: &str = "[hidden]";
    let secret = secret.expose_secret();
    let mut out = if secret.len() < 4 { text.to_owned() } else { text.replace(secret, HIDDEN) };
    for key in ["access_token=", "input_token=", "verify_token=", "appsecret_proof="] {
        let mut from = 0;
        while let Some(at) = out[from..].find(key) {
            let start = from + at + key.len();
            let len = out[start..]
                .find(|c: char| c == '&' || c.is_whitespace() || c == '"')
                .unwrap_or(out.len() - start);
            out.replace_range(start..start + len, HIDDEN);
            from = start + HIDDEN.len();
        }
    }
    let mut from = 0;
    while let Some(at) = out[from..].find("EAA") {
        let start = from + at;
        let len = out[start..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(out.len() - start);
        if len >= 20 {
            out.replace_range(start..start + len, HIDDEN);
            from = start + HIDDEN.len();
        } else {
            from = start + 3;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Duration::from_secs(1_795_176_001);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(" 0 ", now), Some(Duration::ZERO));
        // 1_795_176_001 is Fri, 20 Nov 2026 12:00:01 GMT
        assert_eq!(retry_after("Fri, 20 Nov 2026 12:01:31 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(retry_after("Fri, 20 Nov 2026 11:00:00 GMT", now), Some(Duration::ZERO));
        for bad in ["", "soon", "-3", "1.5", "Fri, 99 Nov 2026 12:01:30 GMT"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn the_usage_header_tells_minutes() {
        let v = r#"{"218834005551201":[{"type":"x","estimated_time_to_regain_access":0},
            {"type":"y","estimated_time_to_regain_access":3}]}"#;
        assert_eq!(regain(v), Some(Duration::from_mins(3)));
        assert_eq!(regain(r#"{"1":[{"estimated_time_to_regain_access":0}]}"#), None);
        assert_eq!(regain("[]"), None);
    }

    #[test]
    fn secrets_never_stay_in_a_text() {
        let secret = SecretString::from("s3cret-token".to_owned());
        let t = redact("Bearer s3cret-token at ?input_token=abc&x=1 and access_token=qq", &secret);
        assert_eq!(t, "Bearer [hidden] at ?input_token=[hidden]&x=1 and access_token=[hidden]");
        let t = redact("Malformed access token EAAGm0PX4ZCpsBOabcdefghij1234", &secret);
        assert_eq!(t, "Malformed access token [hidden]");
        assert_eq!(redact("EAA is short, é", &secret), "EAA is short, é");
        assert_eq!(redact("plain", &SecretString::from(String::new())), "plain");
    }
}
