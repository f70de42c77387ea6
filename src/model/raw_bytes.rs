//! Raw bytes as text where they are UTF-8, else as an array of numbers: readable in a shared log.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form<'a> {
    Text(std::borrow::Cow<'a, str>),
    Bytes(Vec<u8>),
}

pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Form::Text(text.into()).serialize(s),
        Err(_) => Form::Bytes(bytes.to_vec()).serialize(s),
    }
}

pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    Ok(match Form::deserialize(d)? {
        Form::Text(t) => t.into_owned().into_bytes(),
        Form::Bytes(b) => b,
    })
}
