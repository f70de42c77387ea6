//! The language of faults: what can go wrong, where, and how often, as one line of text.
//!
//! Owns the table of kinds with their help, the named sets and the parser. Decides nothing.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Duplicate,
    Reorder,
    Delay,
    Drop,
    UnknownMessage,
    UnknownStatus,
    UnknownField,
    OddWebhook,
    BadSignature,
    TooMany,
    Error,
    Expired,
    Refused,
    Cut,
    Reset,
    RefusedAfter,
    CutAfter,
    ResetAfter,
    BrokenOff,
    Truncated,
    Slow,
    Trickle,
    ContentType,
    OddAnswer,
    PagingLoop,
}

/// What stands after the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// An HTTP status of 5xx; drawn when left out.
    Status,
    /// An error code.
    Code,
    /// A time, with this one when left out.
    Time(Duration),
    /// A time to wait that is told to the client; none when left out.
    Wait,
    /// A number of calls or a time; at once when left out.
    Until,
}

/// When an answer goes wrong, or whether it is a webhook that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Webhook,
    /// The call is not carried out.
    Before,
    /// The call is carried out; the answer is spoiled.
    After,
}

struct Entry {
    kind: Kind,
    name: &'static str,
    side: Side,
    takes: Takes,
    help: &'static str,
}

const fn entry(kind: Kind, name: &'static str, side: Side, takes: Takes, help: &'static str) -> Entry {
    Entry { kind, name, side, takes, help }
}

const TABLE: [Entry; 25] = {
    use Side::{After, Before, Webhook};
    use Takes::{Code, Nothing, Status, Time, Until, Wait};
    const SECOND: Duration = Duration::from_secs(1);
    const TWO: Duration = Duration::from_secs(2);
    [
        entry(Kind::Duplicate, "duplicate", Webhook, Nothing, "the same webhook comes twice"),
        entry(Kind::Reorder, "reorder", Webhook, Nothing, "later webhooks overtake this one"),
        entry(Kind::Delay, "delay", Webhook, Time(TWO), "the webhook comes later (2s)"),
        entry(Kind::Drop, "drop", Webhook, Nothing, "the webhook never comes"),
        entry(
            Kind::UnknownMessage,
            "unknown-message",
            Webhook,
            Nothing,
            "a message of an unknown type beside it",
        ),
        entry(
            Kind::UnknownStatus,
            "unknown-status",
            Webhook,
            Nothing,
            "a status of an unknown name beside it",
        ),
        entry(Kind::UnknownField, "unknown-field", Webhook, Nothing, "an unknown field, and unknown members"),
        entry(
            Kind::OddWebhook,
            "odd-webhook",
            Webhook,
            Nothing,
            "numbers where strings are, and the reverse",
        ),
        entry(Kind::BadSignature, "bad-signature", Webhook, Nothing, "a forged copy comes first"),
        entry(Kind::TooMany, "429", Before, Wait, "HTTP 429; with :5s it asks to wait"),
        entry(Kind::Error, "error", Before, Code, "the API's error of this code, such as error:131056"),
        entry(Kind::Expired, "expired", Before, Until, "error 190 from now on, or after :100 calls or :10m"),
        entry(Kind::Refused, "5xx", Before, Status, "HTTP 500, 502 or 503 as HTML or empty; not carried out"),
        entry(Kind::Cut, "cut", Before, Nothing, "the connection closes; not carried out"),
        entry(Kind::Reset, "reset", Before, Nothing, "the connection is reset; not carried out"),
        entry(Kind::RefusedAfter, "5xx-after", After, Status, "HTTP 500, 502 or 503, but carried out"),
        entry(Kind::CutAfter, "cut-after", After, Nothing, "the connection closes, but carried out"),
        entry(Kind::ResetAfter, "reset-after", After, Nothing, "the connection is reset, but carried out"),
        entry(
            Kind::BrokenOff,
            "broken-off",
            After,
            Nothing,
            "the connection closes in the middle of the answer",
        ),
        entry(Kind::Truncated, "truncated", After, Nothing, "half of the JSON, as if it were the whole"),
        entry(Kind::Slow, "slow", After, Time(TWO), "the answer comes late (2s)"),
        entry(Kind::Trickle, "trickle", After, Time(SECOND), "the answer comes in small pieces (1s)"),
        entry(Kind::ContentType, "content-type", After, Nothing, "JSON that says it is HTML"),
        entry(Kind::OddAnswer, "odd-answer", After, Nothing, "unknown members, numbers as strings"),
        entry(Kind::PagingLoop, "paging-loop", After, Nothing, "a list names its first page as the next"),
    ]
};

/// Sets with a name.
const SETS: [(&str, &str, &str); 4] = [
    (
        "rough",
        "a bit of everything",
        "duplicate=0.05,reorder=0.1,delay:1s=0.03,unknown-message=0.01,unknown-status=0.02,unknown-field=0.02,\
         odd-webhook=0.05,bad-signature=0.02,429=0.02,429:1s=0.02,error:130429=0.01,error:131056@messages=0.01,\
         error:131000=0.01,5xx=0.02,5xx-after=0.02,cut=0.02,cut-after=0.02,reset=0.01,reset-after=0.01,\
         broken-off=0.01,truncated=0.01,slow:300ms=0.02,trickle:300ms=0.02,content-type=0.02,odd-answer=0.05",
    ),
    (
        "webhooks",
        "webhooks that come twice, late, in any order, with unknown things in them",
        "duplicate=0.1,reorder=0.2,delay=0.1,unknown-message=0.05,unknown-status=0.05,unknown-field=0.05,\
         odd-webhook=0.1,bad-signature=0.05",
    ),
    (
        "lost-answers",
        "sends that are carried out while the answer is lost",
        "5xx-after@messages=0.1,cut-after@messages=0.1,reset-after@messages=0.05,broken-off@messages=0.05,\
         truncated@messages=0.05",
    ),
    (
        "busy",
        "limits and refusals that pass",
        "429=0.05,429:2s=0.05,error:130429@messages=0.1,error:131056@messages=0.05,error:4=0.05,\
         error:80007@templates=0.1,5xx=0.05,slow=0.1",
    ),
];

/// Endpoints that answers can be named by.
pub const ENDPOINTS: [&str; 13] = [
    "messages",
    "read",
    "templates",
    "number",
    "profile",
    "subscribe",
    "token",
    "history",
    "media",
    "blocks",
    "contacts",
    "onboarding",
    "other",
];
/// What webhooks can be named by.
pub const WEBHOOKS: [&str; 4] = ["messages", "statuses", "templates", "other"];

impl Kind {
    fn entry(self) -> &'static Entry {
        // Every kind has its entry, which a test checks.
        TABLE.iter().find(|e| e.kind == self).unwrap_or(&TABLE[0])
    }

    /// The word in a specification.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    pub fn side(self) -> Side {
        self.entry().side
    }
}

/// How often a rule acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// This share of what fits, from 0 to 1.
    Share(f64),
    /// The next so many that fit.
    Times(u64),
}

/// What stands after the colon of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    None,
    /// An HTTP status or an error code.
    Number(i64),
    Time(Duration),
}

/// One thing that goes wrong, where and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub kind: Kind,
    pub argument: Argument,
    /// One of [`ENDPOINTS`] or [`WEBHOOKS`].
    pub endpoint: Option<&'static str>,
    /// A phone number id.
    pub number: Option<String>,
    /// Digits of a phone, a user id, or the key of a customer.
    pub person: Option<String>,
    pub rate: Rate,
}

/// The rule as it can be given again.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match self.argument {
            Argument::None => {}
            Argument::Number(n) => write!(f, ":{n}")?,
            Argument::Time(t) if t.as_millis().is_multiple_of(1000) => write!(f, ":{}s", t.as_secs())?,
            Argument::Time(t) => write!(f, ":{}ms", t.as_millis())?,
        }
        for place in [self.endpoint, self.number.as_deref()].into_iter().flatten() {
            write!(f, "@{place}")?;
        }
        if let Some(person) = &self.person {
            let sign = if person.bytes().all(|b| b.is_ascii_digit()) { "+" } else { "to:" };
            write!(f, "@{sign}{person}")?;
        }
        match self.rate {
            Rate::Share(1.0) => Ok(()),
            Rate::Share(share) => write!(f, "={share}"),
            Rate::Times(n) => write!(f, "={n}x"),
        }
    }
}

/// Reads a specification: rules and names of sets, separated by commas.
pub fn parse(text: &str) -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        match SETS.iter().find(|(name, ..)| *name == part) {
            Some((_, _, set)) => rules.extend(parse(set)?),
            None => rules.push(rule(part)?),
        }
    }
    if rules.is_empty() {
        return Err("no fault is named; give one such as duplicate=0.05, or a set such as rough".into());
    }
    Ok(rules)
}

fn rule(part: &str) -> Result<Rule, String> {
    let wrong = |why: String| format!("'{part}': {why}");
    let (head, rate) = match part.split_once('=') {
        None => (part, Rate::Share(1.0)),
        Some((head, text)) => (head, rate(text.trim()).map_err(wrong)?),
    };
    let mut places = head.split('@').map(str::trim);
    let word = places.next().unwrap_or_default();
    let (name, argument) = match word.split_once(':') {
        None => (word, None),
        Some((name, argument)) => (name, Some(argument)),
    };
    let Some(entry) = TABLE.iter().find(|e| e.name == name) else {
        let sets: Vec<&str> = SETS.iter().map(|s| s.0).collect();
        let kinds: Vec<&str> = TABLE.iter().map(|e| e.name).collect();
        return Err(wrong(format!(
            "there is no such fault; there are {}, and the sets {}",
            kinds.join(", "),
            sets.join(", ")
        )));
    };
    let argument = take(entry, argument).map_err(wrong)?;
    let mut rule = Rule { kind: entry.kind, argument, endpoint: None, number: None, person: None, rate };
    for place in places {
        where_to(&mut rule, place).map_err(wrong)?;
    }
    Ok(rule)
}

fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!("'{text}' is no share from 0 to 1 (0.05, 5%) and no count (3x)");
    if let Some(count) = text.strip_suffix('x') {
        return count.parse().map(Rate::Times).map_err(|_| wrong());
    }
    let (number, divisor) = text.strip_suffix('%').map_or((text, 1.0), |n| (n, 100.0));
    let share = number.trim().parse::<f64>().map_err(|_| wrong())? / divisor;
    if (0.0..=1.0).contains(&share) { Ok(Rate::Share(share)) } else { Err(wrong()) }
}

fn time(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..at].parse().ok()?;
    let unit = match &text[at..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit).filter(|ms| *ms <= 86_400_000).map(Duration::from_millis)
}

fn take(entry: &Entry, text: Option<&str>) -> Result<Argument, String> {
    let number = |text: &str| text.parse::<i64>().ok();
    match (entry.takes, text) {
        (Takes::Nothing | Takes::Status | Takes::Wait | Takes::Until, None) => Ok(Argument::None),
        (Takes::Nothing, Some(_)) => Err(format!("{} takes nothing after a colon", entry.name)),
        (Takes::Time(time), None) => Ok(Argument::Time(time)),
        (Takes::Time(_) | Takes::Wait, Some(text)) => time(text)
            .map(Argument::Time)
            .ok_or_else(|| format!("'{text}' is no time such as 500ms, 2s or 1m, up to one day")),
        (Takes::Status, Some(text)) => number(text)
            .filter(|n| (500..600).contains(n))
            .map(Argument::Number)
            .ok_or_else(|| format!("'{text}' is no HTTP status from 500 to 599")),
        (Takes::Code, None) => Err("the error's code is missing, as in error:131056".into()),
        (Takes::Code, Some(text)) => number(text)
            .filter(|n| *n >= 0)
            .map(Argument::Number)
            .ok_or_else(|| format!("'{text}' is no error code such as 131056")),
        (Takes::Until, Some(text)) => number(text)
            .filter(|n| *n >= 0)
            .map(Argument::Number)
            .or_else(|| time(text).map(Argument::Time))
            .ok_or_else(|| format!("'{text}' is no number of calls and no time such as 10m")),
    }
}

fn where_to(rule: &mut Rule, place: &str) -> Result<(), String> {
    let names = if rule.kind.side() == Side::Webhook { &WEBHOOKS[..] } else { &ENDPOINTS[..] };
    if let Some(name) = names.iter().find(|n| **n == place) {
        rule.endpoint = Some(name);
        return Ok(());
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(phone) = place.strip_prefix('+').filter(|p| digits(p)) {
        rule.person = Some(phone.to_owned());
    } else if digits(place) {
        rule.number = Some(place.to_owned());
    } else if let Some(key) = place.strip_prefix("to:").filter(|k| !k.is_empty()) {
        rule.person = Some(key.to_owned());
    } else {
        return Err(format!(
            "'{place}' is no place: give {}, the id of a number, +digits of a phone, or to:KEY of a customer",
            names.join(", ")
        ));
    }
    Ok(())
}

/// What `--faults` takes, for a help text.
pub fn help() -> String {
    let mut out = String::from(
        "Faults:\n  --faults takes rules separated by commas: FAULT[:VALUE][@PLACE][=RATE]\n  \
         RATE is a share (0.05, 5%) or a count (3x: the next three); without it the fault always happens.\n  \
         PLACE is an endpoint (messages), the id of a number, +digits of a phone, or to:KEY of a\n  \
         customer; several may follow each other. The same seed and the same calls give the same faults.\n  \
         While it runs, /control/faults changes the rules: POST {\"set\": RULES}, {\"add\": RULES} or\n  \
         {\"clear\": true}; GET shows rules, counts and the last faults.\n",
    );
    let titles = [
        (Side::Webhook, "Webhooks", &WEBHOOKS[..]),
        (Side::Before, "Calls that are not carried out", &ENDPOINTS[..]),
        (Side::After, "Calls that are carried out", &ENDPOINTS[..]),
    ];
    for (side, title, places) in titles {
        let _ = writeln!(out, "\n  {title}\n    at {}", places.join(", "));
        for e in TABLE.iter().filter(|e| e.side == side) {
            let _ = writeln!(out, "    {:<17}{}", e.name, e.help);
        }
    }
    let _ = writeln!(out, "\n  Sets");
    for (name, what, _) in SETS {
        let _ = writeln!(out, "    {name:<17}{what}");
    }
    let _ = write!(out, "\n  Example: --faults rough,cut-after@messages@+5511988881234=2x");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_entry() {
        for e in &TABLE {
            assert_eq!(e.kind.name(), e.name);
        }
    }

    #[test]
    fn rules_are_read_and_written_back() {
        for text in [
            "duplicate=0.05",
            "429",
            "429:5s=3x",
            "error:131056@messages@339901477551020@+5511988881234=0.5",
            "expired:100",
            "expired:600s",
            "slow:300ms@to:marta",
            "5xx-after:503=1x",
        ] {
            let rules = parse(text).unwrap();
            let again = parse(&rules[0].to_string()).unwrap();
            assert_eq!(rules, again, "{text}");
        }
        assert_eq!(parse("cut=5%").unwrap(), parse("cut=0.05").unwrap());
        assert!(parse("rough, expired:2").unwrap().len() > 20);
        for (name, ..) in SETS {
            assert!(!parse(name).unwrap().is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("", "no fault is named"),
            ("duplicates=1", "there is no such fault; there are duplicate, reorder"),
            ("cut=2", "no share from 0 to 1"),
            ("cut=-1x", "no share"),
            ("error", "error:131056"),
            ("5xx:404", "500 to 599"),
            ("slow:2", "no time such as"),
            ("cut:3", "takes nothing"),
            ("drop@token", "give messages, statuses"),
            ("cut@statuses", "give messages, read"),
            ("expired:x", "number of calls"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
