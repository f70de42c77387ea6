//! The inside of Meta's message ids.
//!
//! A `wamid` is opaque: it is stored, compared and sent back whole. One thing in it is of use: the same message has
//! one id made with the phone number and another made with the user id, and both hold the same inner token. A quote
//! may name either, so a quote that no id matches is looked for by the token.

/// Shortest token that is taken for one.
const TOKEN_MIN: usize = 12;
/// Longest id that is looked into.
const ID_MAX: usize = 512;

/// Base64 in both alphabets, without its padding; `None` when it is something else.
fn decode(coded: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(coded.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0u32);
    for b in coded.bytes() {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// The inner token of an id: the last text field of what it encodes. `None` when the id is of another make.
///
/// Decoded, an id is a row of fields; a text field is a byte 0x18, its length, and its characters. The first one is
/// the other side, the last one the token.
#[must_use]
pub fn token(id: &str) -> Option<String> {
    let coded = id.strip_prefix("wamid.").filter(|c| c.len() <= ID_MAX)?;
    let bytes = decode(coded.trim_end_matches('='))?;
    let mut last = None;
    let mut fields = 0;
    let mut at = 0;
    while at + 1 < bytes.len() {
        let field = (bytes[at] == 0x18)
            .then(|| bytes.get(at + 2..at + 2 + usize::from(bytes[at + 1])))
            .flatten()
            .filter(|f| !f.is_empty() && f.iter().all(u8::is_ascii_graphic));
        match field {
            Some(f) => {
                fields += 1;
                last = Some(f);
                at += 2 + f.len();
            }
            None => at += 1,
        }
    }
    let last =
        last.filter(|f| fields >= 2 && f.len() >= TOKEN_MIN && f.iter().all(u8::is_ascii_alphanumeric))?;
    String::from_utf8(last.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for c in bytes.chunks(3) {
            let n = c.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - c.len()));
            for i in 0..=c.len() {
                out.push(ALPHABET[(n >> (18 - 6 * i)) as usize & 63] as char);
            }
        }
        out
    }

    fn id(other_side: &str, token: &str) -> String {
        let mut b = vec![0x1c, 0x18, other_side.len() as u8];
        b.extend(other_side.as_bytes());
        b.extend([0x15, 0x02, 0x00, 0x12, 0x18, token.len() as u8]);
        b.extend(token.as_bytes());
        b.push(0);
        format!("wamid.{}", encode(&b))
    }

    #[test]
    fn both_ids_of_a_message_have_the_same_token() {
        let real = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgUM0FBMUYyQjNDNEQ1RTZGNzg5QUIA";
        assert_eq!(token(real).as_deref(), Some("3AA1F2B3C4D5E6F789AB"));
        let other = id("GB.48820117365590214477", "3AA1F2B3C4D5E6F789AB");
        assert_ne!(other, real);
        assert_eq!(token(&other), token(real));
    }

    #[test]
    fn what_is_made_otherwise_has_no_token() {
        for odd in
            ["", "wamid.", "wamid.IN001", "M0", "wacid.CALL01", &id("447700900123", "short"), "wamid.!!!!"]
        {
            assert_eq!(token(odd), None, "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_id_breaks_it(odd in "(wamid\\.)?[A-Za-z0-9+/=_-]{0,120}") {
            let _ = token(&odd);
        }
    }
}
