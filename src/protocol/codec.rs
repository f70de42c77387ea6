//! Frames on a byte stream: four bytes of length, then JSON. Bounded, see [`MAX_FRAME`].

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::codec::LengthDelimitedCodec;

/// Longest frame in bytes: 16 MiB.
pub const MAX_FRAME: usize = 16 << 20;

/// Longest frame that a client may send, in bytes: 1 MiB. What it gets may be longer.
pub const MAX_REQUEST: usize = 1 << 20;
/// Longest first frame: nobody says much before they are known.
pub const MAX_HELLO: usize = 16 << 10;

/// The framing.
#[must_use]
pub fn framing() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME).new_codec()
}

/// A frame as bytes.
pub fn encode<T: Serialize>(frame: &T) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(frame).map(Bytes::from)
}

/// A frame from bytes.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes)
}
