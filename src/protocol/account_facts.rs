//! What there is to say of an account, in words: the same on the screen, in a shell and read aloud.

use super::accounts::AccountDetail;
use super::status::AccountView;
use super::wizard::WizardStep;
use crate::clock::Millis;
use crate::model::access::AccountRule;
use crate::model::account::{
    CONNECTED, DISCONNECTED, ERROR, Hindrance, PENDING, SecretKey, SetupLink, Step, onboarding,
};
use crate::model::contact::display_phone;
use crate::model::history::{HistoryProgress, HistoryState};
use crate::model::permission_words;

/// The environment whose accounts are marked everywhere.
pub const DEVELOPMENT: &str = "development";

/// How an account stands, as people tell states apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Works.
    Connected,
    /// Not connected yet.
    Pending,
    /// Works, but nothing leaves.
    Paused,
    /// Was taken off.
    Disconnected,
    /// Does not work.
    Error,
    /// A state of a newer version.
    Other,
}

impl Standing {
    /// How it stands now.
    #[must_use]
    pub fn of(view: &AccountView) -> Self {
        match view.state.as_str() {
            CONNECTED if view.life.options.paused => Self::Paused,
            CONNECTED => Self::Connected,
            PENDING => Self::Pending,
            DISCONNECTED => Self::Disconnected,
            ERROR => Self::Error,
            _ => Self::Other,
        }
    }

    /// Its light, one cell.
    #[must_use]
    pub fn light(self) -> &'static str {
        match self {
            Self::Connected => "●",
            Self::Pending => "◐",
            Self::Paused => "◌",
            Self::Error => "✗",
            Self::Disconnected | Self::Other => "○",
        }
    }

    /// How it looks.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Connected => Tone::Good,
            Self::Pending | Self::Paused => Tone::Warn,
            Self::Error => Tone::Bad,
            Self::Disconnected | Self::Other => Tone::Dim,
        }
    }
}

/// The word for the state of an account: the engine's own, or `paused`.
#[must_use]
pub fn state_word(view: &AccountView) -> &str {
    if Standing::of(view) == Standing::Paused { "paused" } else { &view.state }
}

/// The state with its text, and that it is paused where that is not the whole story.
#[must_use]
pub fn state_line(view: &AccountView) -> String {
    let word = state_word(view);
    let also = if view.life.options.paused && word != "paused" { ", paused" } else { "" };
    if view.state_text.is_empty() {
        format!("{word}{also}")
    } else {
        format!("{word}{also}: {}", view.state_text)
    }
}

/// The name, or what stands for it.
#[must_use]
pub fn name(view: &AccountView) -> &str {
    if view.spec.name.trim().is_empty() { view.spec.id.as_str() } else { &view.spec.name }
}

/// The number for people, or what stands for it.
#[must_use]
pub fn number(view: &AccountView) -> String {
    match (view.facts.display_phone.as_str(), view.spec.number.as_str()) {
        ("", "") => String::new(),
        ("", id) => format!("id {id}"),
        (phone, _) => display_phone(phone),
    }
}

/// Whether it is marked as one for trying things.
#[must_use]
pub fn is_development(view: &AccountView) -> bool {
    view.spec.environment == DEVELOPMENT
}

/// Why it cannot send now.
#[must_use]
pub fn hindrance(view: &AccountView) -> Option<Hindrance> {
    view.life.hindrance(&view.spec, &view.state, &view.state_text)
}

/// Whether a key may be sent to this address: over TLS, or without to this machine only.
#[must_use]
pub fn keeps_keys_safe(address: &str) -> bool {
    let here = |host: &str| {
        address.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    let far = address.strip_prefix("https://");
    far.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '[') && !host.contains('@'))
        || ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|h| here(h))
}

/// How loud something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As everything.
    Plain,
    /// Of little weight.
    Dim,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
}

/// One line about an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// What there is to say.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

/// How times are said.
pub struct Saying<'a> {
    /// The time it is.
    pub now: Millis,
    /// A day and a time in the reader's zone.
    pub time: &'a dyn Fn(Millis) -> String,
    /// Whether what is next is said as a command for a shell; a screen has keys for it.
    pub shell: bool,
}

impl Saying<'_> {
    /// A time and how long ago that is.
    fn since(&self, at: Millis) -> String {
        format!("{} ({})", (self.time)(at), ago(self.now - at))
    }
}

/// How long ago: `just now`, `4 min ago`, `3 h ago`, `12 days ago`.
#[must_use]
pub fn ago(by: Millis) -> String {
    match by / 60_000 {
        ..=0 => "just now".into(),
        m if m < 120 => format!("{m} min ago"),
        m if m < 48 * 60 => format!("{} h ago", m / 60),
        m => format!("{} days ago", m / 1440),
    }
}

/// A word of the provider for how many customers may be written to first in a day.
fn limit(word: &str) -> String {
    let customers = match word.trim_start_matches("TIER_") {
        "50" => "50",
        "250" => "250",
        "1K" => "1,000",
        "2K" => "2,000",
        "10K" => "10,000",
        "100K" => "100,000",
        "UNLIMITED" => "as many as you like",
        _ => return word.to_lowercase(),
    };
    format!("{customers} customers in 24 h ({word})")
}

fn throughput(word: &str) -> String {
    match word {
        "STANDARD" => "80 messages a second (STANDARD)".into(),
        "HIGH" => "1,000 messages a second (HIGH)".into(),
        other => other.to_lowercase(),
    }
}

/// A link in one line; how it looks.
#[must_use]
pub fn link_words(link: &SetupLink, saying: &Saying<'_>) -> (String, Tone) {
    match link.expires_at {
        _ if link_is_over(link, saying.now) && link.status == "used" => ("used".into(), Tone::Dim),
        _ if link_is_over(link, saying.now) => {
            let word =
                if link.status.is_empty() || link.status == "active" { "expired" } else { &link.status };
            (format!("{word}: a new one is needed"), Tone::Warn)
        }
        Some(at) => (format!("open it until {}", (saying.time)(at)), Tone::Good),
        None => ("can be opened".into(), Tone::Good),
    }
}

/// Whether nobody can use this link any more.
#[must_use]
pub fn link_is_over(link: &SetupLink, now: Millis) -> bool {
    link.expires_at.is_some_and(|at| at <= now) || !matches!(link.status.as_str(), "" | "active" | "pending")
}

/// The steps of connecting by their titles, in the order in which they are gone.
#[must_use]
pub fn steps(detail: &AccountDetail) -> Vec<(String, &Step)> {
    let by_link = detail.view.spec.provider == "kapso";
    let place = |name: &str| {
        if by_link {
            onboarding::STEPS.iter().position(|(n, _)| *n == name)
        } else {
            WizardStep::ALL.iter().position(|s| s.word() == name)
        }
    };
    let title = |name: &str| match place(name) {
        Some(at) if by_link => onboarding::STEPS[at].1.to_owned(),
        _ => name.replace('_', " "),
    };
    let mut all: Vec<_> = detail.setup.steps.iter().collect();
    all.sort_by_key(|(name, step)| (place(name).unwrap_or(usize::MAX), step.at));
    all.into_iter().map(|(name, step)| (title(name), step)).collect()
}

/// Who may work with an account, as far as the asker may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Openness {
    /// It is not theirs to know.
    Unknown,
    /// Everybody who is let in.
    Everybody,
    /// Those who are named.
    Named(AccountRule),
}

impl Openness {
    /// By the rule of the account, where there is one.
    #[must_use]
    pub fn of(rule: Option<&AccountRule>) -> Self {
        rule.map_or(Self::Everybody, |rule| Self::Named(rule.clone()))
    }

    /// The rule, where there is one.
    #[must_use]
    pub fn rule(&self) -> Option<&AccountRule> {
        match self {
            Self::Named(rule) => Some(rule),
            Self::Unknown | Self::Everybody => None,
        }
    }
}

/// A number with commas between thousands.
fn counted(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// How far the past is read, and whether that goes on now: then it stands where it is seen at once.
fn past(p: &HistoryProgress, saying: &Saying<'_>) -> (String, Tone, bool) {
    let count = match p.total.filter(|t| *t >= p.done && *t > 0) {
        Some(total) if total > p.done => {
            let share = p.done.saturating_mul(10).div_ceil(total);
            let bar: String = (0..10).map(|i| if i < share { '█' } else { '░' }).collect();
            format!("{bar} {} of {}", counted(p.done), counted(total))
        }
        _ => format!("{} messages", counted(p.done)),
    };
    let oldest = p.oldest.map(|at| format!(", back to {}", (saying.time)(at))).unwrap_or_default();
    let (word, tone, now) = match p.state {
        HistoryState::Done if p.catching_up => ("reading what was missed: ", Tone::Plain, true),
        HistoryState::Done => ("read: ", Tone::Plain, false),
        HistoryState::Reading => ("reading: ", Tone::Good, true),
        HistoryState::Paused => ("stopped: ", Tone::Plain, false),
        HistoryState::Stuck => ("stuck: ", Tone::Warn, true),
    };
    let why = [&p.problem, &p.next].into_iter().filter(|t| !t.is_empty());
    let why = why.fold(String::new(), |all, t| all + "; " + t);
    (format!("{word}{count}{oldest}{why}"), tone, now)
}

/// Everything about an account that is said in lines. `open` is who may work with it.
#[must_use]
pub fn facts(detail: &AccountDetail, open: &Openness, saying: &Saying<'_>) -> Vec<Fact> {
    let v = &detail.view;
    let (f, life, setup) = (&v.facts, &v.life, &detail.setup);
    let mut out = Vec::new();
    let mut say = |label, text: String, tone| {
        if !text.is_empty() {
            out.push(Fact { label, text, tone });
        }
    };
    say("state", state_line(v), Standing::of(v).tone());
    if let Some(why) = hindrance(v) {
        let next = if saying.shell { format!(" · {}", why.next) } else { String::new() };
        say("sends", format!("nothing: {}{next}", why.means), Tone::Warn);
    }
    let past = life.history.as_ref().map(|p| past(p, saying));
    if let Some((text, tone, true)) = &past {
        say("past", text.clone(), *tone);
    }
    let number = number(v);
    say("number", if number.is_empty() { "none yet".into() } else { number }, Tone::Plain);
    let (judged, tone) = match f.name_status.as_str() {
        "" | "NONE" | "APPROVED" => (String::new(), Tone::Plain),
        "DECLINED" | "EXPIRED" => (f.name_status.to_lowercase(), Tone::Bad),
        other => (other.to_lowercase().replace('_', " "), Tone::Warn),
    };
    let judged = if judged.is_empty() { judged } else { format!(", the name is {judged}") };
    let named = if f.verified_name.is_empty() { "none" } else { &f.verified_name };
    let named = if judged.is_empty() { f.verified_name.clone() } else { format!("{named}{judged}") };
    say("display name", named, tone);
    say("account", v.spec.id.to_string(), Tone::Plain);
    say("provider", v.spec.provider.clone(), Tone::Plain);
    let tone = if is_development(v) { Tone::Warn } else { Tone::Plain };
    say("environment", v.spec.environment.clone(), tone);
    let quality = match f.quality.as_str() {
        "GREEN" => Tone::Good,
        "YELLOW" => Tone::Warn,
        "RED" => Tone::Bad,
        _ => Tone::Plain,
    };
    say("quality", f.quality.to_lowercase(), quality);
    say("limit", if f.limit.is_empty() { String::new() } else { limit(&f.limit) }, Tone::Plain);
    say(
        "throughput",
        if f.throughput.is_empty() { String::new() } else { throughput(&f.throughput) },
        Tone::Plain,
    );
    say(
        "on the phone",
        if f.on_app { "also in use in the WhatsApp Business app".into() } else { String::new() },
        Tone::Plain,
    );
    let never = || "never".to_owned();
    say("last message", detail.last_activity.map_or_else(never, |at| saying.since(at)), Tone::Plain);
    if let Some((text, tone, false)) = past {
        say("past", text, tone);
    }
    say("last webhook", v.last_webhook.map_or_else(never, |at| saying.since(at)), Tone::Plain);
    say("connected", life.connected_at.map_or_else(never, |at| saying.since(at)), Tone::Plain);
    say("disconnected", life.disconnected_at.map_or_else(String::new, |at| saying.since(at)), Tone::Plain);
    let secrets: Vec<&str> = detail.secrets.iter().map(|k| k.title(&v.spec.provider)).collect();
    let lacking = detail.secrets.is_empty() && life.kept;
    say(
        "secrets here",
        if lacking { "none".into() } else { secrets.join(", ") },
        if lacking { Tone::Warn } else { Tone::Plain },
    );
    let token = SecretKey::AccessToken.title(&v.spec.provider);
    let set = match life.token_at {
        Some(at) => format!("{token} set {}", saying.since(at)),
        None if life.kept => String::new(),
        None => "as the configuration file says".to_owned(),
    };
    say("token", set, Tone::Plain);
    say("callback", detail.callback.clone().unwrap_or_default(), Tone::Plain);
    say("API", format!("{} {}", detail.api_base, detail.api_version).trim().to_owned(), Tone::Dim);
    say("number id", v.spec.number.clone(), Tone::Dim);
    say("business id", v.spec.business.clone(), Tone::Dim);
    say("definition", if life.kept { "made here" } else { "in the configuration file" }.into(), Tone::Dim);
    if *open != Openness::Unknown {
        say("open to", permission_words::rule(open.rule()), Tone::Plain);
    }
    let prefix = &life.options.prefix;
    say(
        "prefix",
        if prefix.is_empty() { String::new() } else { format!("+{prefix} for numbers without one") },
        Tone::Plain,
    );
    let numbers: Vec<String> = life.options.recipients.iter().map(|n| display_phone(n)).collect();
    say("sends only to", numbers.join(", "), Tone::Warn);
    say("customer", setup.customer.clone(), Tone::Dim);
    say(
        "had number",
        if setup.was_number.is_empty() { String::new() } else { display_phone(&setup.was_number) },
        Tone::Dim,
    );
    if let Some(link) = &setup.link {
        let (words, tone) = link_words(link, saying);
        say("setup link", words, tone);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{AccountLife, AccountOptions, Setup};
    use crate::model::event::{AccountSpec, NumberFacts};
    use crate::model::ids::AccountId;

    const DAY: Millis = 86_400_000;

    fn view(state: &str) -> AccountView {
        AccountView {
            spec: AccountSpec {
                id: AccountId::new("pt"),
                name: String::new(),
                provider: "kapso".into(),
                environment: DEVELOPMENT.into(),
                number: "4711".into(),
                business: "815".into(),
            },
            state: state.into(),
            state_text: String::new(),
            facts: NumberFacts {
                name_status: "PENDING_REVIEW".into(),
                quality: "RED".into(),
                limit: "TIER_2K".into(),
                ..NumberFacts::default()
            },
            unread_threads: 0,
            unread: 0,
            threads: 0,
            last_webhook: Some(3 * DAY),
            templates_synced: None,
            life: AccountLife { kept: true, token_at: Some(0), ..AccountLife::default() },
        }
    }

    #[test]
    fn a_pause_is_told_from_what_does_not_work_at_all() {
        let mut v = view(CONNECTED);
        assert_eq!((Standing::of(&v), state_word(&v)), (Standing::Connected, "connected"));
        v.life.options.paused = true;
        assert_eq!((Standing::of(&v).light(), state_line(&v)), ("◌", "paused".to_owned()));
        let mut v = view(ERROR);
        (v.life.options.paused, v.state_text) = (true, "190 ended".into());
        assert_eq!(
            (Standing::of(&v), state_line(&v)),
            (Standing::Error, "error, paused: 190 ended".to_owned())
        );
        assert_eq!(Standing::of(&view("banned")).light(), "○");
    }

    #[test]
    fn a_key_goes_over_tls_or_stays_on_this_machine() {
        for good in ["https://api.example", "http://127.0.0.1:9099", "http://localhost/x", "http://[::1]:1"] {
            assert!(keeps_keys_safe(good), "{good}");
        }
        for bad in [
            "http://api.example",
            "http://127.0.0.1.evil.example",
            "https://",
            "https://me@x.example",
            "ftp://x",
        ] {
            assert!(!keeps_keys_safe(bad), "{bad}");
        }
    }

    #[test]
    fn everything_is_said_in_lines_and_nothing_empty() {
        let link = SetupLink {
            url: "https://x.example/s/1".into(),
            expires_at: Some(5 * DAY),
            ..SetupLink::default()
        };
        let mut v = view(PENDING);
        v.life.history = Some(HistoryProgress {
            state: HistoryState::Reading,
            done: 12_200,
            total: Some(200_000),
            oldest: Some(2 * DAY),
            from: None,
            finished: None,
            catching_up: false,
            problem: String::new(),
            next: String::new(),
        });
        v.life.options = AccountOptions {
            prefix: "351".into(),
            recipients: vec!["351912345678".into()],
            ..Default::default()
        };
        let detail = AccountDetail {
            view: v,
            setup: Setup { customer: "c-1".into(), link: Some(link.clone()), ..Setup::default() },
            api_base: "https://api.example".into(),
            api_version: "v1".into(),
            callback: None,
            secrets: vec![SecretKey::AccessToken],
            last_activity: None,
            hindered: None,
        };
        let time = |at: Millis| format!("day {}", at / DAY);
        let saying = Saying { now: 4 * DAY, time: &time, shell: true };
        let all = facts(&detail, &Openness::Everybody, &saying);
        assert!(all.iter().all(|f| !f.text.is_empty()));
        let get = |label: &str| all.iter().find(|f| f.label == label).map(|f| f.text.as_str());
        assert_eq!(get("state"), Some("pending"));
        assert!(get("sends").unwrap().contains("switchboard accounts connect pt"));
        assert_eq!(get("past"), Some("reading: █░░░░░░░░░ 12,200 of 200,000, back to day 2"));
        let place = |label: &str| all.iter().position(|f| f.label == label);
        assert!(place("past") < place("number"), "what goes on now is seen at once");
        assert_eq!(get("number"), Some("id 4711"));
        assert_eq!(get("display name"), Some("none, the name is pending review"));
        assert_eq!(get("limit"), Some("2,000 customers in 24 h (TIER_2K)"));
        assert_eq!(get("last webhook"), Some("day 3 (24 h ago)"));
        assert_eq!(get("last message"), Some("never"));
        assert_eq!(get("token"), Some("API key set day 0 (4 days ago)"));
        assert_eq!(get("secrets here"), Some("API key"));
        assert_eq!(get("open to"), Some("everybody who is let in"));
        assert!(get("sends only to").unwrap().starts_with("+351 912"));
        assert_eq!(get("setup link"), Some("open it until day 5"));
        assert_eq!(get("callback"), None, "who may not know it is not told");
        let late = Saying { now: 6 * DAY, time: &time, shell: false };
        assert_eq!(link_words(&link, &late).1, Tone::Warn);
        let used = SetupLink { status: "used".into(), ..link };
        assert_eq!(link_words(&used, &saying).0, "used");
    }
}
