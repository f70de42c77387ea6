//! What a business shows and sets at its provider: profile, block list, ice breakers and commands, short links,
//! registration. Types, and the limits that are checked before a byte leaves.
//!
//! Limits are the provider's (Cloud API documentation of 2025/26); where its own pages differ, the smaller one counts.

use super::contact::Identity;
use super::delivery::DeliveryError;
use super::outgoing::FieldProblem;
use serde::{Deserialize, Serialize};

/// Longest "about" of a profile, in characters.
pub const ABOUT_MAX: usize = 139;
/// Longest address of a profile, in characters.
pub const ADDRESS_MAX: usize = 256;
/// Longest description of a profile, in characters.
pub const DESCRIPTION_MAX: usize = 512;
/// Longest e-mail address of a profile, in characters.
pub const EMAIL_MAX: usize = 128;
/// Most websites of a profile.
pub const WEBSITES_MAX: usize = 2;
/// Longest website of a profile, in characters.
pub const WEBSITE_MAX: usize = 256;
/// Largest picture of a profile, in bytes.
pub const PICTURE_MAX: usize = 5 << 20;
/// Most ice breakers of a number.
pub const PROMPTS_MAX: usize = 3;
/// Longest ice breaker, in characters.
pub const PROMPT_MAX: usize = 80;
/// Most commands of a number.
pub const COMMANDS_MAX: usize = 30;
/// Longest name of a command, in characters.
pub const COMMAND_NAME_MAX: usize = 30;
/// Longest hint of a command, in characters.
pub const COMMAND_HINT_MAX: usize = 256;
/// Longest text that a short link writes for the customer, in characters.
pub const LINK_TEXT_MAX: usize = 140;
/// Most numbers that are blocked or unblocked in one go.
pub const BLOCK_MAX: usize = 100;

/// What a business may say that it does, with words for people.
pub const VERTICALS: [(&str, &str); 21] = [
    ("OTHER", "other"),
    ("AUTO", "cars"),
    ("BEAUTY", "beauty, spa and salon"),
    ("APPAREL", "clothing"),
    ("EDU", "education"),
    ("ENTERTAIN", "entertainment"),
    ("EVENT_PLAN", "event planning"),
    ("FINANCE", "finance and banking"),
    ("GROCERY", "food and groceries"),
    ("GOVT", "public service"),
    ("HOTEL", "hotel and lodging"),
    ("HEALTH", "health"),
    ("NONPROFIT", "non-profit"),
    ("PROF_SERVICES", "professional services"),
    ("RETAIL", "shopping and retail"),
    ("TRAVEL", "travel and transport"),
    ("RESTAURANT", "restaurant"),
    ("ALCOHOL", "alcoholic drinks"),
    ("ONLINE_GAMBLING", "online gambling"),
    ("PHYSICAL_GAMBLING", "gambling houses"),
    ("OTC_DRUGS", "over-the-counter medicine"),
];

fn limit(field: &str, text: &str, max: usize) -> Result<(), FieldProblem> {
    let n = text.chars().count();
    if n > max {
        return Err(FieldProblem::new(field, format!("has {n} characters, {max} are allowed")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(FieldProblem::new(field, "holds a control character"));
    }
    Ok(())
}

fn needed(field: &str, text: &str, max: usize) -> Result<(), FieldProblem> {
    if text.trim().is_empty() {
        return Err(FieldProblem::new(field, "is empty"));
    }
    limit(field, text, max)
}

/// What customers see of a business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BusinessProfile {
    /// The short line under the name.
    pub about: String,
    /// The postal address.
    pub address: String,
    /// What the business is.
    pub description: String,
    /// E-mail address.
    pub email: String,
    /// Websites, at most two.
    pub websites: Vec<String>,
    /// What it does: a word of [`VERTICALS`], or a newer one.
    pub vertical: String,
    /// Where the picture is, for a while.
    pub picture: String,
}

/// What of a profile is to be another; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileChange {
    /// The short line; cannot be taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The postal address; empty takes it away, as with the ones below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the business is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Websites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websites: Option<Vec<String>>,
    /// A word of [`VERTICALS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vertical: Option<String>,
}

impl ProfileChange {
    /// What differs between a profile and what somebody made of it.
    #[must_use]
    pub fn between(was: &BusinessProfile, now: &BusinessProfile) -> Self {
        let other = |a: &String, b: &String| (a != b).then(|| b.clone());
        Self {
            about: other(&was.about, &now.about),
            address: other(&was.address, &now.address),
            description: other(&was.description, &now.description),
            email: other(&was.email, &now.email),
            websites: (was.websites != now.websites).then(|| now.websites.clone()),
            vertical: other(&was.vertical, &now.vertical),
        }
    }

    /// Whether nothing is to be another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The names of what changes.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("about", self.about.is_some()),
            ("address", self.address.is_some()),
            ("description", self.description.is_some()),
            ("email", self.email.is_some()),
            ("websites", self.websites.is_some()),
            ("vertical", self.vertical.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
        .collect()
    }

    /// Checks every field; the first that breaks a rule is named.
    ///
    /// # Errors
    /// The field and its rule.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if let Some(about) = &self.about {
            needed("about", about, ABOUT_MAX)?;
        }
        if let Some(address) = &self.address {
            limit("address", address, ADDRESS_MAX)?;
        }
        if let Some(description) = &self.description {
            limit("description", description, DESCRIPTION_MAX)?;
        }
        if let Some(email) = &self.email {
            limit("email", email, EMAIL_MAX)?;
            if !email.is_empty() && !is_email(email) {
                return Err(FieldProblem::new("email", "is not an e-mail address"));
            }
        }
        if let Some(sites) = &self.websites {
            if sites.len() > WEBSITES_MAX {
                return Err(FieldProblem::new(
                    "websites",
                    format!("there are {}, {WEBSITES_MAX} are allowed", sites.len()),
                ));
            }
            for (i, site) in sites.iter().enumerate() {
                let field = format!("websites.{}", i + 1);
                needed(&field, site, WEBSITE_MAX)?;
                let is_web =
                    ["http://", "https://"].iter().any(|s| site.len() > s.len() && site.starts_with(s));
                if !is_web || site.chars().any(char::is_whitespace) {
                    return Err(FieldProblem::new(field, "has to begin with http:// or https://"));
                }
            }
        }
        match &self.vertical {
            Some(word) if !VERTICALS.iter().any(|(v, _)| v == word) => {
                let words: Vec<&str> = VERTICALS.iter().map(|(v, _)| *v).collect();
                Err(FieldProblem::new("vertical", format!("has to be one of {}", words.join(", "))))
            }
            _ => Ok(()),
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && !host.contains('@')
        && host.split('.').count() > 1
        && host.split('.').all(|part| !part.is_empty())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// What a picture for the profile is, by its first bytes.
///
/// # Errors
/// When it is empty, too large, or neither a JPEG nor a PNG.
pub fn check_picture(bytes: &[u8]) -> Result<&'static str, FieldProblem> {
    let problem = |text: String| Err(FieldProblem::new("picture", text));
    if bytes.len() > PICTURE_MAX {
        return problem(format!("has {} bytes, {PICTURE_MAX} are allowed", bytes.len()));
    }
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return Ok("image/jpeg");
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok("image/png");
    }
    problem("has to be a JPEG or PNG picture".into())
}

/// A part of the block list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedPage {
    /// Who is blocked.
    pub items: Vec<Identity>,
    /// Continue from here; `None` at the end.
    pub next: Option<String>,
}

/// Somebody who could not be blocked or unblocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockFailure {
    /// Who.
    pub whom: Identity,
    /// Why.
    pub error: DeliveryError,
}

/// What came of blocking or unblocking, for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockOutcome {
    /// Done.
    pub done: Vec<Identity>,
    /// Not done.
    pub failed: Vec<BlockFailure>,
}

/// A command that customers are offered when they type a slash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotCommand {
    /// Its name, without the slash.
    pub name: String,
    /// What it does.
    pub hint: String,
}

/// What a chat offers a customer who has written nothing yet, or types a slash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Components {
    /// Ice breakers: ready questions under an empty chat.
    pub prompts: Vec<String>,
    /// Commands.
    pub commands: Vec<BotCommand>,
}

impl Components {
    /// Checks every part; the first that breaks a rule is named.
    ///
    /// # Errors
    /// The field and its rule.
    pub fn check(&self) -> Result<(), FieldProblem> {
        let many = |field: &str, n: usize, max: usize| {
            (n > max).then(|| FieldProblem::new(field, format!("there are {n}, {max} are allowed")))
        };
        if let Some(problem) = many("ice_breakers", self.prompts.len(), PROMPTS_MAX)
            .or_else(|| many("commands", self.commands.len(), COMMANDS_MAX))
        {
            return Err(problem);
        }
        for (i, prompt) in self.prompts.iter().enumerate() {
            let field = format!("ice_breaker.{}", i + 1);
            needed(&field, prompt, PROMPT_MAX)?;
            if self.prompts[..i].contains(prompt) {
                return Err(FieldProblem::new(field, "is there twice"));
            }
        }
        for (i, command) in self.commands.iter().enumerate() {
            let field = format!("command.{}", i + 1);
            needed(&format!("{field}.name"), &command.name, COMMAND_NAME_MAX)?;
            if !command.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                return Err(FieldProblem::new(
                    format!("{field}.name"),
                    "has to be of small letters, digits and _, without the slash",
                ));
            }
            needed(&format!("{field}.hint"), &command.hint, COMMAND_HINT_MAX)?;
            if self.commands[..i].iter().any(|c| c.name == command.name) {
                return Err(FieldProblem::new(format!("{field}.name"), "is there twice"));
            }
        }
        Ok(())
    }
}

/// A short link that opens a chat with a text already written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortLink {
    /// The provider's code for it.
    pub code: String,
    /// What is already written.
    pub text: String,
    /// The link.
    pub url: String,
    /// Where a picture of it as a QR code is, where the provider was asked for one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
}

/// Checks the text of a short link.
///
/// # Errors
/// When it is empty or too long.
pub fn check_link_text(text: &str) -> Result<(), FieldProblem> {
    needed("text", text, LINK_TEXT_MAX)
}

/// Checks the code of a short link.
///
/// # Errors
/// When it can be none.
pub fn check_link_code(code: &str) -> Result<(), FieldProblem> {
    if code.len() == 14 && code.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(FieldProblem::new("code", "is the 14 letters and digits at the end of the link"))
}

/// Checks a PIN of the two-step verification; it is not repeated in the problem.
///
/// # Errors
/// When it is not six digits.
pub fn check_pin(pin: &str) -> Result<(), FieldProblem> {
    if pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(FieldProblem::new("pin", "has to be six digits"))
}

/// The digits of a code that came by text message or call.
///
/// # Errors
/// When they are not six.
pub fn check_code(code: &str) -> Result<String, FieldProblem> {
    let digits: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(digits);
    }
    Err(FieldProblem::new("code", "has to be the six digits that came by text message or call"))
}

/// How the code for a number is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeBy {
    /// By text message.
    #[default]
    Sms,
    /// By a call.
    Voice,
}

/// One link in the chain of what sending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthPart {
    /// What it is (`PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP`).
    pub kind: String,
    /// Its id.
    pub id: String,
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`.
    pub can_send: String,
    /// What the provider says about it, with what would help.
    pub notes: Vec<String>,
}

/// How a number stands with its provider: name, verification, and whether it may send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The number as formatted for people.
    pub phone: String,
    /// The display name.
    pub name: String,
    /// Its state (`APPROVED`, `PENDING_REVIEW`, `DECLINED`, …).
    pub name_status: String,
    /// The state of a name that was asked for.
    pub new_name_status: String,
    /// Whether the number was shown to be ours (`VERIFIED`, …).
    pub verification: String,
    /// Its state (`CONNECTED`, `PENDING`, …).
    pub status: String,
    /// `LIVE` or `SANDBOX`.
    pub mode: String,
    /// Whether a two-step PIN is set; `None` when the provider does not say.
    pub has_pin: Option<bool>,
    /// Whether it may send: `AVAILABLE`, `LIMITED`, `BLOCKED`.
    pub can_send: String,
    /// What that is made of.
    pub parts: Vec<HealthPart>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(change: &ProfileChange) -> String {
        change.check().unwrap_err().field
    }

    #[test]
    fn every_field_of_a_profile_has_its_limit() {
        let some = |n: usize| Some("x".repeat(n));
        let sites = |s: &[&str]| Some(s.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        let fine = ProfileChange {
            about: some(ABOUT_MAX),
            address: some(ADDRESS_MAX),
            description: some(DESCRIPTION_MAX),
            email: Some("a@b.example".into()),
            websites: sites(&["https://a.example", "http://b.example/x"]),
            vertical: Some("RETAIL".into()),
        };
        assert_eq!(fine.check(), Ok(()));
        assert_eq!(fine.fields().len(), 6);
        let nothing = ProfileChange::default();
        assert!(nothing.is_empty() && nothing.check().is_ok());
        for (change, name) in [
            (ProfileChange { about: some(140), ..nothing.clone() }, "about"),
            (ProfileChange { about: Some(" ".into()), ..nothing.clone() }, "about"),
            (ProfileChange { about: Some("a\u{1b}[2J".into()), ..nothing.clone() }, "about"),
            (ProfileChange { address: some(257), ..nothing.clone() }, "address"),
            (ProfileChange { description: some(513), ..nothing.clone() }, "description"),
            (ProfileChange { email: Some("nobody".into()), ..nothing.clone() }, "email"),
            (ProfileChange { email: Some("a@b".into()), ..nothing.clone() }, "email"),
            (ProfileChange { email: some(129), ..nothing.clone() }, "email"),
            (
                ProfileChange {
                    websites: sites(&["https://a", "https://b", "https://c"]),
                    ..nothing.clone()
                },
                "websites",
            ),
            (
                ProfileChange { websites: sites(&["https://a.example", "ftp://b"]), ..nothing.clone() },
                "websites.2",
            ),
            (ProfileChange { websites: sites(&["https://"]), ..nothing.clone() }, "websites.1"),
            (ProfileChange { vertical: Some("retail".into()), ..nothing.clone() }, "vertical"),
        ] {
            assert_eq!(field(&change), name, "{change:?}");
        }
        let empty = ProfileChange { email: Some(String::new()), websites: Some(vec![]), ..nothing };
        assert_eq!(empty.check(), Ok(()), "they may be taken away");
    }

    #[test]
    fn only_what_differs_is_changed() {
        let was = BusinessProfile { about: "a".into(), email: "x@y.zz".into(), ..BusinessProfile::default() };
        let mut now = was.clone();
        assert!(ProfileChange::between(&was, &now).is_empty());
        now.email.clear();
        now.websites.push("https://a.example".into());
        let change = ProfileChange::between(&was, &now);
        assert_eq!(change.fields(), ["email", "websites"]);
        assert_eq!(change.email.as_deref(), Some(""));
    }

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        assert_eq!(check_picture(&[0xff, 0xd8, 0xff, 0xe0, 1]), Ok("image/jpeg"));
        assert_eq!(check_picture(b"\x89PNG\r\n\x1a\nrest"), Ok("image/png"));
        for bad in [&b"GIF89a"[..], b"", b"<svg>"] {
            assert_eq!(check_picture(bad).unwrap_err().field, "picture");
        }
        let mut large = vec![0xff, 0xd8, 0xff];
        large.resize(PICTURE_MAX + 1, 0);
        assert!(check_picture(&large).unwrap_err().problem.contains("allowed"));
    }

    #[test]
    fn ice_breakers_and_commands_have_limits() {
        let command = |name: &str, hint: &str| BotCommand { name: name.into(), hint: hint.into() };
        let fine = Components {
            prompts: vec!["x".repeat(80), "Opening hours".into()],
            commands: vec![command("ticket", "Look up a repair")],
        };
        assert_eq!(fine.check(), Ok(()));
        let prompts = |p: &[&str]| Components {
            prompts: p.iter().map(|p| (*p).to_owned()).collect(),
            ..Components::default()
        };
        let commands = |commands| Components { commands, ..Components::default() };
        for (c, name) in [
            (prompts(&["a", "b", "c", "d"]), "ice_breakers"),
            (prompts(&["a", "a"]), "ice_breaker.2"),
            (prompts(&[&"x".repeat(81)]), "ice_breaker.1"),
            (commands(vec![command("a", "b"); 31]), "commands"),
            (commands(vec![command("/a", "b")]), "command.1.name"),
            (commands(vec![command("", "b")]), "command.1.name"),
            (commands(vec![command("a", "")]), "command.1.hint"),
            (commands(vec![command("a", "b"), command("a", "c")]), "command.2.name"),
        ] {
            assert_eq!(c.check().unwrap_err().field, name, "{c:?}");
        }
    }

    #[test]
    fn pins_codes_and_links_are_looked_at_first() {
        assert!(check_pin("150954").is_ok());
        for bad in ["15095", "1509541", "15095a", ""] {
            let problem = check_pin(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !problem.contains(bad), "a PIN is never repeated: {problem}");
        }
        assert_eq!(check_code("123-456").as_deref(), Ok("123456"));
        assert_eq!(check_code("123 456").as_deref(), Ok("123456"));
        assert!(check_code("12345").is_err());
        assert!(check_link_code("K7NQ2WJX5BTRA1").is_ok() && check_link_code("../x").is_err());
        assert!(check_link_text(&"x".repeat(140)).is_ok() && check_link_text(&"x".repeat(141)).is_err());
    }
}
