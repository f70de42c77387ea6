//! Whether a webhook comes from Meta: the signature over the raw bytes, and the answer to the handshake.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const PREFIX: &str = "sha256=";

fn mac(app_secret: &[u8], body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret).ok()?;
    mac.update(body);
    Some(mac)
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(out)
}

/// Whether `header` (the value of `X-Hub-Signature-256`) signs `body` with the app's secret. Takes the same
/// time for every wrong signature. An empty secret signs nothing.
#[must_use]
pub fn verify_signature(app_secret: &[u8], header: Option<&str>, body: &[u8]) -> bool {
    header.and_then(|h| h.trim().strip_prefix(PREFIX)).is_some_and(|h| verify_hex(app_secret, h, body))
}

/// The same for a signature that is written in hexadecimal digits only.
#[must_use]
pub fn verify_hex(secret: &[u8], digits: &str, body: &[u8]) -> bool {
    let Some(given) = hex(digits) else { return false };
    !secret.is_empty() && mac(secret, body).is_some_and(|m| m.verify_slice(&given).is_ok())
}

/// The value of `X-Hub-Signature-256` for a body.
#[must_use]
pub fn sign(app_secret: &[u8], body: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::from(PREFIX);
    if let Some(mac) = mac(app_secret, body) {
        for b in mac.finalize().into_bytes() {
            // Writing to a string cannot fail.
            let _ = write!(out, "{b:02x}");
        }
    }
    out
}

/// Longest challenge that is given back, in bytes.
const CHALLENGE_MAX: usize = 256;

/// The answer to Meta's handshake: the challenge, or `None` when mode or token are wrong.
#[must_use]
pub fn challenge<K: AsRef<str>, V: AsRef<str>>(
    query: impl IntoIterator<Item = (K, V)>,
    verify_token: &str,
) -> Option<String> {
    let (mut mode, mut token, mut challenge) = (false, false, None);
    for (key, value) in query {
        let value = value.as_ref();
        match key.as_ref() {
            "hub.mode" => mode = value == "subscribe",
            "hub.verify_token" => token = value.as_bytes().ct_eq(verify_token.as_bytes()).into(),
            "hub.challenge" => challenge = Some(value.to_owned()),
            _ => {}
        }
    }
    let plain = |c: &String| c.len() <= CHALLENGE_MAX && c.chars().all(|c| c.is_ascii_graphic());
    challenge.filter(|c| mode && token && !verify_token.is_empty() && plain(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_signature() {
        // RFC 4231, test case 2.
        let s = sign(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(s, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(verify_signature(b"Jefe", Some(&s), b"what do ya want for nothing?"));
        let upper = format!("sha256={}", s[7..].to_uppercase());
        assert!(verify_signature(b"Jefe", Some(&upper), b"what do ya want for nothing?"));
    }

    #[test]
    fn anything_else_is_refused() {
        let s = sign(b"secret", b"body");
        assert!(!verify_signature(b"secret", Some(&s), b"body "));
        assert!(!verify_signature(b"other", Some(&s), b"body"));
        assert!(!verify_signature(b"secret", None, b"body"));
        assert!(!verify_signature(b"", Some(&sign(b"", b"body")), b"body"));
        for bad in ["", "sha256=", "sha1=00", &s[7..], &s[..70], "sha256=zz", &format!("{s}0")] {
            assert!(!verify_signature(b"secret", Some(bad), b"body"), "{bad}");
        }
        let not_hex = format!("sha256={}", "é".repeat(32));
        assert!(!verify_signature(b"secret", Some(&not_hex), b"body"));
    }

    #[test]
    fn the_handshake() {
        let q = |mode: &'static str, token: &'static str| {
            [("hub.mode", mode), ("hub.challenge", "1729384756"), ("hub.verify_token", token)]
        };
        assert_eq!(challenge(q("subscribe", "nw-verify-71"), "nw-verify-71").as_deref(), Some("1729384756"));
        assert_eq!(challenge(q("subscribe", "nw-verify-72"), "nw-verify-71"), None);
        assert_eq!(challenge(q("unsubscribe", "nw-verify-71"), "nw-verify-71"), None);
        assert_eq!(challenge(q("subscribe", ""), ""), None);
        assert_eq!(challenge([("hub.mode", "subscribe"), ("hub.verify_token", "t")], "t"), None);
        let html = [("hub.mode", "subscribe"), ("hub.verify_token", "t"), ("hub.challenge", "a b\n")];
        assert_eq!(challenge(html, "t"), None);
    }
}
