//! Files that go out, handed over in pieces: the engine's user need not be able to read the operator's files.
//!
//! A client says what is to come ([`FileRequest::Begin`]), sends the bytes in order ([`FileRequest::Part`]) and says
//! which hash they have ([`FileRequest::End`]). From then on the file is known by that hash.

use crate::model::media::{FileHash, StoredFile};
use serde::{Deserialize, Serialize};

/// Most bytes of a part: as text in a frame it stays well below what a request may have.
pub const PART_MAX: usize = 512 << 10;
/// Most files that a client may hand over at the same time.
pub const OPEN_MAX: usize = 8;

/// Something about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "file", rename_all = "snake_case")]
pub enum FileRequest {
    /// A file is to come. → [`FileAnswer::Begun`]
    Begin {
        /// Its name; of a path only the last part counts.
        name: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The next bytes. → [`FileAnswer::Got`]
    Part {
        /// Which upload.
        upload: u64,
        /// Where in the file they stand: right behind the last ones.
        at: u64,
        /// 1 to [`PART_MAX`] bytes.
        bytes: Piece,
    },
    /// That was all. → [`FileAnswer::Stored`]
    End {
        /// Which upload.
        upload: u64,
        /// What the bytes should hash to.
        hash: FileHash,
    },
    /// It will not be whole. → [`FileAnswer::Dropped`]
    Drop {
        /// Which upload.
        upload: u64,
    },
    /// Bytes of a file that is kept. → [`FileAnswer::Bytes`]
    Read {
        /// Which.
        hash: FileHash,
        /// From where.
        at: u64,
    },
}

/// To a [`FileRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum FileAnswer {
    /// Parts may come.
    Begun {
        /// What the upload is called.
        upload: u64,
    },
    /// So many bytes are here.
    Got {
        /// In all.
        bytes: u64,
    },
    /// It is kept.
    Stored {
        /// The file.
        file: StoredFile,
    },
    /// Nothing of it is left.
    Dropped,
    /// A piece of it; an empty one is its end.
    Bytes {
        /// The bytes.
        bytes: Piece,
    },
}

/// Bytes, as base64 in a frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece(pub Vec<u8>);

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Piece({} bytes)", self.0.len())
    }
}

impl Serialize for Piece {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        s.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
        bytes.map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::codec::{MAX_REQUEST, encode};
    use crate::protocol::{ClientFrame, Request};

    #[test]
    fn the_largest_part_fits_into_a_request() {
        let bytes = Piece(vec![0xff; PART_MAX]);
        let act = FileRequest::Part { upload: u64::MAX, at: u64::MAX, bytes };
        let frame = ClientFrame { id: u64::MAX, request: Request::File { act } };
        assert!(encode(&frame).unwrap().len() < MAX_REQUEST);
    }

    #[test]
    fn bytes_round_trip_and_odd_text_is_refused() {
        let act = FileRequest::Part { upload: 1, at: 2, bytes: Piece(vec![0, 255, 7]) };
        let json = serde_json::to_string(&act).unwrap();
        assert_eq!(json, r#"{"file":"part","upload":1,"at":2,"bytes":"AP8H"}"#);
        assert_eq!(serde_json::from_str::<FileRequest>(&json).unwrap(), act);
        assert!(serde_json::from_str::<FileRequest>(&json.replace("AP8H", "A*8H")).is_err());
    }
}
