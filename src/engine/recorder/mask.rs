//! Raw bodies for people: indented, with secrets and tokens masked.

use crate::provider::http;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands where something was hidden.
pub(super) const HIDDEN: &str = "[hidden]";
/// A key with one of these in its name holds something that opens a door.
const KEYS: [&str; 8] =
    ["token", "secret", "password", "passcode", "signature", "authorization", "api_key", "credential"];
/// A parameter of an address with one of these in its name signs it: the address is as good as a key.
const PARAMETERS: [&str; 8] = ["token", "sig", "hash", "key", "secret", "hmac", "oh", "auth"];
/// In a list with more items than this, those about other messages are left out of a message's life.
const NEIGHBOURS: usize = 1;

/// Hides secrets.
pub(super) struct Mask {
    secrets: Vec<SecretString>,
}

impl Mask {
    /// `secrets` are ours: they are hidden wherever they stand.
    pub(super) fn new(secrets: Vec<SecretString>) -> Self {
        Self { secrets }
    }

    /// A body as text: indented where it is JSON, and masked.
    pub(super) fn pretty(&self, body: &[u8]) -> String {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => self.value(value),
            Err(_) => self.text(&String::from_utf8_lossy(body)),
        }
    }

    /// The same, without the items of lists that name none of `ids`.
    pub(super) fn about(&self, body: &[u8], ids: &[String]) -> String {
        match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                prune(&mut value, ids);
                self.value(value)
            }
            Err(_) => self.text(&String::from_utf8_lossy(body)),
        }
    }

    fn value(&self, mut value: Value) -> String {
        self.hide(&mut value);
        serde_json::to_string_pretty(&value).unwrap_or_default()
    }

    fn hide(&self, value: &mut Value) {
        match value {
            Value::String(s) => {
                let masked = self.text(s);
                if masked != *s {
                    *s = masked;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|v| self.hide(v)),
            Value::Object(map) => {
                for (key, v) in map.iter_mut() {
                    let name = key.to_ascii_lowercase();
                    let scalar = !v.is_object() && !v.is_array() && !v.is_null();
                    if scalar && KEYS.iter().any(|k| name.contains(k)) {
                        *v = HIDDEN.into();
                    } else {
                        self.hide(v);
                    }
                }
                // Names come from strangers as well as values do.
                let odd: Vec<String> = map.keys().filter(|k| self.text(k) != **k).cloned().collect();
                for key in odd {
                    if let Some(v) = map.remove(&key) {
                        map.insert(self.text(&key), v);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for secret in self.secrets.iter().filter(|s| s.expose_secret().len() >= 4) {
            if out.contains(secret.expose_secret()) {
                out = out.replace(secret.expose_secret(), HIDDEN);
            }
        }
        out = http::redact(&out, &SecretString::from(String::new()));
        addresses(&out)
    }
}

/// Hides the values of parameters that sign an address.
fn addresses(text: &str) -> String {
    if !text.contains("://") || !text.contains('?') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let Some((head, query)) = word.split_once('?').filter(|(head, _)| head.contains("://")) else {
            out.push_str(word);
            continue;
        };
        out.push_str(head);
        let mut mark = '?';
        for pair in query.split('&') {
            out.push(mark);
            mark = '&';
            let name = pair.split('=').next().unwrap_or_default();
            let lower = name.to_ascii_lowercase();
            if pair.contains('=') && PARAMETERS.iter().any(|p| lower.contains(p)) {
                out.push_str(name);
                out.push('=');
                out.push_str(HIDDEN);
                out.extend(pair.chars().rev().take_while(|c| c.is_whitespace()));
            } else {
                out.push_str(pair);
            }
        }
    }
    out
}

fn names(value: &Value, ids: &[String]) -> bool {
    match value {
        Value::String(s) => ids.iter().any(|id| s.contains(id.as_str())),
        Value::Array(list) => list.iter().any(|v| names(v, ids)),
        Value::Object(map) => map.values().any(|v| names(v, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Leaves out the items of lists that name none of the ids, where the list has one that does.
fn prune(value: &mut Value, ids: &[String]) {
    match value {
        Value::Array(list) => {
            let with: Vec<bool> = list.iter().map(|v| names(v, ids)).collect();
            let others = with.iter().filter(|w| !**w).count();
            if others > NEIGHBOURS && others < list.len() {
                let mut keep = with.iter();
                list.retain(|_| keep.next().copied().unwrap_or(true));
                list.push(format!("… {others} more about others").into());
            }
            list.iter_mut().for_each(|v| prune(v, ids));
        }
        Value::Object(map) => map.values_mut().for_each(|v| prune(v, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mask() -> Mask {
        Mask::new(vec![SecretString::from("app-secret-1".to_owned()), SecretString::from("no".to_owned())])
    }

    #[test]
    fn secrets_tokens_and_signed_addresses_are_hidden_and_ids_stay() {
        let body = json!({
            "id": "wamid.HBgMNDQ3",
            "access_token": "x1", "flow_token": 7, "X-Hub-Signature": "sha256=00", "verify_token": null,
            "note": "the key app-secret-1 was here, EAAGm0PX4ZCpsBOabcdefghij and no more",
            "app-secret-1": 1,
            "url": "https://lookaside.fbsbx.com/whatsapp?mid=4&ext=17&hash=ATtX&x=1",
            "text": {"body": "see https://a.example/?q=1 or https://b.example/?sig=qq now"},
            "token": {"inside": "stays"},
        })
        .to_string();
        let shown = mask().pretty(body.as_bytes());
        for gone in ["x1", "sha256=00", "app-secret-1", "EAAGm0", "ATtX", "qq", "\"flow_token\": 7"] {
            assert!(!shown.contains(gone), "{gone}: {shown}");
        }
        for kept in
            ["wamid.HBgMNDQ3", "mid=4&ext=17&hash=[hidden]&x=1", "?q=1", "sig=[hidden] now", "and no more"]
        {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        assert!(shown.contains("\"verify_token\": null") && shown.contains("stays"), "{shown}");
        assert!(shown.lines().count() > 8, "indented: {shown}");
    }

    #[test]
    fn what_is_no_json_is_masked_too() {
        let shown = mask().pretty(b"{oops app-secret-1 \xff https://x.example/?token=abc");
        assert!(
            !shown.contains("app-secret-1") && !shown.contains("abc") && shown.contains("oops"),
            "{shown}"
        );
    }

    #[test]
    fn updates_about_others_are_left_out() {
        let statuses: Vec<Value> =
            (0..1000).map(|i| json!({"id": format!("wamid.N{i}-"), "status": "read"})).collect();
        let body = json!({"entry": [{"changes": [{"value": {"statuses": statuses}}]}]}).to_string();
        let shown = mask().about(body.as_bytes(), &["wamid.N7-".to_owned()]);
        assert!(shown.contains("wamid.N7-") && shown.contains("999 more") && shown.len() < 600, "{shown}");
        let whole = mask().about(body.as_bytes(), &["wamid.X".to_owned()]);
        assert!(whole.contains("wamid.N999-"));
    }

    proptest::proptest! {
        #[test]
        fn no_secret_of_ours_is_ever_shown(before in ".*", after in ".*", key in ".*") {
            let text = format!("{before}app-secret-1{after}");
            for body in [text.clone(), json!({ key: text, "app-secret-1": [text] }).to_string()] {
                proptest::prop_assert!(!mask().pretty(body.as_bytes()).contains("app-secret-1"));
            }
        }
    }
}
