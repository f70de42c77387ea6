//! What is set on a number and on the token, besides messages: registration, PIN, ice breakers, short links, uploads.
//!
//! Owns the data and their rules in time. Knows nothing of HTTP.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;

/// The PIN that every number has at first.
pub const FIRST_PIN: &str = "123456";
/// The code that verifies a number.
pub const CODE: &str = "246810";
/// (De)registrations of a number in [`MOVES_WITHIN`].
const MOVES: usize = 10;
const MOVES_WITHIN: Millis = 72 * 60 * 60 * 1000;
/// Wrong PINs in a row before even the right one has to wait.
const WRONG_PINS: u32 = 5;
/// How long it then has to wait.
const PIN_REST: Millis = 5 * 60 * 1000;
/// Uploads kept; older ones are forgotten.
const UPLOADS: usize = 200;

/// A short link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    pub code: String,
    pub text: String,
    /// Whether a picture was asked for.
    pub image: bool,
}

/// One number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// `None`: as the scenario has it, registered.
    pub registered: Option<bool>,
    /// `None`: as the scenario has it, verified.
    pub verified: Option<bool>,
    /// `None`: [`FIRST_PIN`]; empty: none is set.
    pub pin: Option<String>,
    pub wrong_pins: u32,
    pub pin_rests_until: Millis,
    /// When it was registered or deregistered.
    pub moves: VecDeque<Millis>,
    /// When a code was asked for and not used yet.
    pub code_sent: Option<Millis>,
    /// Members of the number's node that the control API has set.
    pub facts: BTreeMap<String, Value>,
    pub components: Option<Value>,
    pub links: Vec<Link>,
    pub last_link: u64,
}

/// What a registration may be refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// Too many in a short time.
    TooOften,
    /// It was not shown to be the business's.
    NotVerified,
    /// Another PIN is set.
    WrongPin,
    /// Too many wrong PINs: wait.
    PinRests,
}

impl Entry {
    /// Whether it can send.
    pub fn is_registered(&self) -> bool {
        self.registered.unwrap_or(true)
    }

    /// Whether it was shown to be the business's.
    pub fn is_verified(&self) -> bool {
        self.verified.unwrap_or(true)
    }

    /// The PIN that is set.
    pub fn pin(&self) -> &str {
        self.pin.as_deref().unwrap_or(FIRST_PIN)
    }

    /// Counts a registration or deregistration.
    fn moves(&mut self, now: Millis) -> Result<(), No> {
        while self.moves.front().is_some_and(|at| *at <= now - MOVES_WITHIN) {
            self.moves.pop_front();
        }
        if self.moves.len() >= MOVES {
            return Err(No::TooOften);
        }
        self.moves.push_back(now);
        Ok(())
    }

    /// Registers it with the PIN, which becomes its own where it has none.
    pub fn register(&mut self, pin: &str, now: Millis) -> Result<(), No> {
        if !self.is_verified() {
            return Err(No::NotVerified);
        }
        if now < self.pin_rests_until {
            return Err(No::PinRests);
        }
        if !self.pin().is_empty() && self.pin() != pin {
            self.wrong_pins += 1;
            if self.wrong_pins >= WRONG_PINS {
                self.wrong_pins = 0;
                self.pin_rests_until = now + PIN_REST;
            }
            return Err(No::WrongPin);
        }
        self.moves(now)?;
        self.wrong_pins = 0;
        self.pin = Some(pin.to_owned());
        self.registered = Some(true);
        Ok(())
    }

    /// Takes it out of use.
    pub fn deregister(&mut self, now: Millis) -> Result<(), No> {
        self.moves(now)?;
        self.registered = Some(false);
        Ok(())
    }
}

/// What the token is worth, where the control API has set it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// `None`: both scopes of messaging.
    pub scopes: Option<Vec<String>>,
    /// Unix seconds; 0 = never.
    pub expires_at: i64,
}

/// An upload on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UploadSession {
    pub id: String,
    pub mime: String,
    pub length: usize,
    /// How much is here.
    pub got: usize,
    /// What names the file when it is whole.
    pub handle: Option<String>,
}

/// Everything of this file that is remembered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    pub numbers: BTreeMap<String, Entry>,
    pub token: Token,
    pub uploads: VecDeque<UploadSession>,
    pub last_upload: u64,
}

impl Registry {
    /// A number, as it is or as it begins.
    pub fn of(&self, number: &str) -> Entry {
        self.numbers.get(number).cloned().unwrap_or_default()
    }

    /// A number that is not registered at first. What was done to it since stays.
    pub fn add_new(&mut self, number: &str) {
        let new = || Entry { registered: Some(false), pin: Some(String::new()), ..Entry::default() };
        self.numbers.entry(number.to_owned()).or_insert_with(new);
    }

    /// A number to be changed.
    pub fn change(&mut self, number: &str) -> &mut Entry {
        self.numbers.entry(number.to_owned()).or_default()
    }

    /// Begins an upload.
    pub fn begin(&mut self, id: String, mime: &str, length: usize) {
        if self.uploads.len() == UPLOADS {
            self.uploads.pop_front();
        }
        self.uploads.push_back(UploadSession { id, mime: mime.to_owned(), length, got: 0, handle: None });
    }

    /// An upload that is whole at once; gives its handle.
    pub fn take(&mut self, mime: &str, length: usize) -> String {
        self.last_upload += 1;
        let id = format!("upload:{}", self.last_upload);
        let handle = format!("4::{}", self.last_upload);
        self.begin(id, mime, length);
        if let Some(upload) = self.uploads.back_mut() {
            upload.got = length;
            upload.handle = Some(handle.clone());
        }
        handle
    }

    /// An upload by its id.
    pub fn upload(&mut self, id: &str) -> Option<&mut UploadSession> {
        self.uploads.iter_mut().find(|u| u.id == id)
    }

    /// The type of a file that is whole, by its handle.
    pub fn file(&self, handle: &str) -> Option<&str> {
        self.uploads.iter().find(|u| u.handle.as_deref() == Some(handle)).map(|u| u.mime.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_moves_in_three_days_and_no_more() {
        let mut e = Entry::default();
        for n in 0..5 {
            e.deregister(n).unwrap();
            e.register(FIRST_PIN, n).unwrap();
        }
        assert_eq!(e.deregister(6), Err(No::TooOften));
        assert!(e.is_registered(), "nothing changed");
        assert_eq!(e.deregister(MOVES_WITHIN + 5), Ok(()));
    }

    #[test]
    fn a_wrong_pin_is_refused_and_many_have_to_rest() {
        let mut e = Entry::default();
        for _ in 0..WRONG_PINS {
            assert_eq!(e.register("000000", 10), Err(No::WrongPin));
        }
        assert_eq!(e.register(FIRST_PIN, 11), Err(No::PinRests));
        assert_eq!(e.register(FIRST_PIN, 10 + PIN_REST), Ok(()));
        let mut fresh = Entry { pin: Some(String::new()), ..Entry::default() };
        assert_eq!(fresh.register("111111", 1), Ok(()), "the first PIN is taken");
        assert_eq!(fresh.register("222222", 2), Err(No::WrongPin));
        fresh.verified = Some(false);
        assert_eq!(fresh.register("111111", 3), Err(No::NotVerified));
    }
}
