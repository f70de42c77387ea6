//! Notifications: which message is worth one, what it says, and which way it goes out.
//!
//! | file | owns |
//! | --- | --- |
//! | `mod` | the decision: rules, what waits, what is told together |
//! | `way` | the bytes for a terminal, or the desktop |

mod way;

pub(crate) use way::Channel;
#[cfg(feature = "desktop-notify")]
pub(crate) use way::Way;
#[cfg(feature = "desktop-notify")]
pub(crate) use way::desktop;

use super::format;
use super::mask;
use crate::clock::Millis;
use crate::config::settings::{Masking, QuietHours, UiSettings};
use crate::model::{AccountId, ThreadId};
use crate::text;
use unicode_segmentation::UnicodeSegmentation;

/// Longest title and body, in graphemes.
const LONGEST: (usize, usize) = (40, 120);
/// People named in a bundle.
const NAMED: usize = 4;
/// Threads that wait at most; the rest is only counted.
const WAITING: usize = 1_000;

/// What is said of a thread that woke by itself.
pub(crate) const WOKEN: &str = "Snooze ended";

/// What a notification says: safe for a terminal sequence and a desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Who.
    pub title: String,
    /// What.
    pub body: String,
}

fn clean(s: &str, longest: usize) -> String {
    // A semicolon separates the fields of the sequences.
    let safe = text::sanitize(s).replace(';', ",");
    safe.graphemes(true).take(longest).collect()
}

impl Note {
    /// Made safe and cut.
    pub fn new(title: &str, body: &str) -> Self {
        Self { title: clean(title, LONGEST.0), body: clean(body, LONGEST.1) }
    }
}

/// Messages of a customer that came in, a thread whose snooze ended, or a note that calls the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// In which thread.
    pub thread: ThreadId,
    /// On which account.
    pub account: AccountId,
    /// The thread's title, as stored.
    pub title: String,
    /// The kind's word of the newest one.
    pub kind: String,
    /// The text of the newest one, as stored.
    pub text: String,
    /// How many; none when only its snooze ended, or a note calls.
    pub count: u32,
    /// Who wrote a note that calls the operator.
    pub mentioned: Option<String>,
}

/// What the operator sees while something arrives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scene {
    /// The minute of the local day.
    pub minute: u16,
    /// Whether the thread's newest messages are on the screen of a focused terminal.
    pub seen: bool,
    /// Whether the operator muted the thread.
    pub muted: bool,
}

/// Why nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It is seen anyway.
    Seen,
    /// The thread is muted.
    Muted,
    /// The account is.
    Account,
    /// It is night.
    Quiet,
}

/// What the settings say about notifications.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Whether what was written is shown.
    pub text: bool,
    /// Shortest time between two, in milliseconds.
    pub gap: Millis,
    /// A time without any.
    pub quiet: Option<QuietHours>,
    /// Accounts without any.
    pub accounts: Vec<AccountId>,
}

impl Rules {
    /// Out of the settings.
    pub fn of(settings: &UiSettings) -> Self {
        Self {
            text: settings.notify_text,
            gap: i64::try_from(settings.notify_gap.as_millis()).unwrap_or(Millis::MAX),
            quiet: settings.quiet,
            accounts: settings.quiet_accounts.clone(),
        }
    }

    /// Whether something that arrived is worth a notification. A function of its arguments only.
    pub fn judge(&self, account: &AccountId, scene: Scene) -> Result<(), Silence> {
        if scene.seen {
            Err(Silence::Seen)
        } else if scene.muted {
            Err(Silence::Muted)
        } else if self.accounts.contains(account) {
            Err(Silence::Account)
        } else if self.quiet.is_some_and(|q| q.contains(scene.minute)) {
            Err(Silence::Quiet)
        } else {
            Ok(())
        }
    }
}

/// Decides what is told and when: the first at once, what comes within the gap together at its end.
#[derive(Clone, Debug)]
pub(crate) struct Notifier {
    /// The rules.
    pub rules: Rules,
    waiting: Vec<Arrived>,
    /// Messages of threads beyond [`WAITING`].
    beyond: u32,
    last: Option<Millis>,
}

impl Notifier {
    /// Nothing was told yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, waiting: Vec::new(), beyond: 0, last: None }
    }

    /// Takes what arrived, unless it is not worth a word. [`Notifier::take`] gives the notification.
    pub fn arrived(&mut self, new: Arrived, scene: Scene) -> Result<(), Silence> {
        self.rules.judge(&new.account, scene)?;
        if let Some(i) = self.waiting.iter().position(|a| a.thread == new.thread) {
            // What somebody wrote says more than that a snooze ended.
            let before = self.waiting.remove(i);
            let mentioned = new.mentioned.clone().or(before.mentioned);
            self.waiting.push(Arrived { count: before.count + new.count, mentioned, ..new });
        } else if self.waiting.len() < WAITING {
            self.waiting.push(new);
        } else {
            self.beyond += new.count;
        }
        Ok(())
    }

    /// A thread was seen or muted before its turn came.
    pub fn forget(&mut self, thread: ThreadId) {
        self.waiting.retain(|a| a.thread != thread);
        if self.waiting.is_empty() {
            self.beyond = 0;
        }
    }

    /// When something that waits is due.
    pub fn due(&self) -> Option<Millis> {
        self.waiting.first()?;
        // A clock may be set back; then nothing waits longer than the gap.
        Some(self.last.map_or(0, |at| at + self.rules.gap))
    }

    /// The notification that is due now, over everything that waits.
    pub fn take(&mut self, now: Millis, masking: Masking) -> Option<Note> {
        let last = self.last.filter(|at| *at <= now);
        if self.waiting.is_empty() || last.is_some_and(|at| now - at < self.rules.gap) {
            return None;
        }
        self.last = Some(now);
        let waiting = std::mem::take(&mut self.waiting);
        Some(bundle(&waiting, std::mem::take(&mut self.beyond), self.rules.text, masking))
    }
}

/// One notification over all that arrived.
fn bundle(all: &[Arrived], beyond: u32, show_text: bool, masking: Masking) -> Note {
    let count: u32 = all.iter().map(|a| a.count).sum::<u32>() + beyond;
    let name = |a: &Arrived| mask::name(&text::sanitize(&a.title), masking).into_owned();
    let called = all.iter().filter(|a| a.mentioned.is_some()).count();
    let woken = all.iter().filter(|a| a.count == 0 && a.mentioned.is_none()).count();
    if let [one] = all {
        if let Some(by) = &one.mentioned {
            let title = format!("{} mentioned you: {}", text::sanitize(by), name(one));
            let body = match one.count {
                0 => String::new(),
                _ if show_text => said(one, masking),
                1 => "new message".to_owned(),
                n => format!("{n} new messages"),
            };
            return Note::new(&title, &body);
        }
        if one.count == 0 {
            let body = if show_text { said(one, masking) } else { String::new() };
            return Note::new(&format!("{WOKEN}: {}", name(one)), &body);
        }
        let title = clean(&name(one), LONGEST.0 - 8);
        if one.count == 1 {
            let body = if show_text { said(one, masking) } else { "new message".to_owned() };
            return Note::new(&title, &body);
        }
        let body = if show_text { said(one, masking) } else { format!("{count} new messages") };
        return Note::new(&format!("{title} ({count})"), &body);
    }
    let mut names: Vec<String> = all.iter().rev().take(NAMED).map(name).collect();
    if all.len() > NAMED {
        names.push(format!("and {} more", all.len() - NAMED));
    }
    let woke = if woken == 1 { "1 snooze ended".to_owned() } else { format!("{woken} snoozes ended") };
    let wrote = all.iter().filter(|a| a.count > 0).count();
    let people = if wrote == 1 { "1 person".to_owned() } else { format!("{wrote} people") };
    let messages = if count == 1 { "1 new message".to_owned() } else { format!("{count} new messages") };
    let mut parts = Vec::new();
    if called > 0 {
        parts.push(if called == 1 { "1 mention".to_owned() } else { format!("{called} mentions") });
    }
    if count > 0 {
        parts.push(match woken + called {
            0 => format!("{messages} from {people}"),
            // A title is short.
            _ if called > 0 && woken > 0 => messages.replace("new ", ""),
            _ => messages,
        });
    }
    if woken > 0 {
        parts.push(woke);
    }
    Note::new(&parts.join(" · "), &names.join(", "))
}

/// What was written; media and the like are named by their kind.
fn said(a: &Arrived, masking: Masking) -> String {
    // More than any notification shows.
    let beginning: String = a.text.chars().take(1_000).collect();
    let plain = mask::numbers(&text::sanitize(&beginning), masking).into_owned();
    match format::kind_prefix(&a.kind) {
        Some(p) if plain.is_empty() => p.to_owned(),
        Some(p) => format!("{p} · {plain}"),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContactId;

    fn rules() -> Rules {
        Rules {
            text: true,
            gap: 5_000,
            quiet: QuietHours::parse("22:00-07:00"),
            accounts: vec![AccountId::new("quiet")],
        }
    }

    fn from(title: &str, text: &str, count: u32) -> Arrived {
        let account = AccountId::new("support");
        let thread = ThreadId::between(&account, ContactId::derived(&[title]));
        Arrived {
            thread,
            account,
            title: title.into(),
            kind: "text".into(),
            text: text.into(),
            count,
            mentioned: None,
        }
    }

    const NOON: Scene = Scene { minute: 720, seen: false, muted: false };

    #[test]
    fn a_mention_says_who_called_and_comes_before_the_rest() {
        let called =
            |title: &str, count: u32| Arrived { mentioned: Some("bo".into()), ..from(title, "hello", count) };
        let note = |all: &[Arrived]| {
            let note = bundle(all, 0, true, Masking::Off);
            (note.title, note.body)
        };
        assert_eq!(note(&[called("Marta", 0)]), ("bo mentioned you: Marta".into(), String::new()));
        assert_eq!(note(&[called("Marta", 2)]).1, "hello");
        let several = [called("Marta", 0), from("Tom", "x", 2), from("Zoe", "y", 0)];
        assert_eq!(note(&several).0, "1 mention · 2 messages · 1 snooze ended");
        assert_eq!(note(&[called("Marta", 0), called("Tom", 0)]).0, "2 mentions");
    }

    #[test]
    fn what_is_seen_muted_or_comes_at_night_is_not_told() {
        let loud = AccountId::new("support");
        let judge = |account: &AccountId, scene| rules().judge(account, scene);
        assert_eq!(judge(&loud, NOON), Ok(()));
        assert_eq!(judge(&loud, Scene { seen: true, ..NOON }), Err(Silence::Seen));
        assert_eq!(judge(&loud, Scene { muted: true, ..NOON }), Err(Silence::Muted));
        assert_eq!(judge(&AccountId::new("quiet"), NOON), Err(Silence::Account));
        assert_eq!(judge(&loud, Scene { minute: 1_400, ..NOON }), Err(Silence::Quiet));
        assert_eq!(judge(&loud, Scene { minute: 7 * 60, ..NOON }), Ok(()));
    }

    #[test]
    fn the_first_is_told_at_once_and_the_next_together_when_the_gap_is_over() {
        let mut n = Notifier::new(rules());
        assert_eq!((n.due(), n.take(1_000, Masking::Off)), (None, None));
        n.arrived(from("Marta", "Oi!", 1), NOON).unwrap();
        assert!(n.due().unwrap() <= 1_000);
        assert_eq!(n.take(1_000, Masking::Off), Some(Note::new("Marta", "Oi!")));
        n.arrived(from("Marta", "Cadê?", 1), NOON).unwrap();
        assert_eq!((n.take(2_000, Masking::Off), n.due()), (None, Some(6_000)));
        n.arrived(from("Marta", "Alô?", 1), NOON).unwrap();
        n.arrived(from("王小明", "请问", 2), NOON).unwrap();
        n.arrived(from("Fatima", "", 1), NOON).unwrap();
        assert_eq!(n.take(5_999, Masking::Off), None);
        let note = n.take(6_000, Masking::Off).unwrap();
        assert_eq!((&*note.title, &*note.body), ("5 new messages from 3 people", "Fatima, 王小明, Marta"));
        assert_eq!((n.due(), n.take(60_000, Masking::Off)), (None, None));
    }

    #[test]
    fn several_of_one_person_are_counted_and_what_was_seen_meanwhile_is_not_told() {
        let mut n = Notifier::new(rules());
        n.arrived(from("Marta", "one", 1), NOON).unwrap();
        n.arrived(from("Marta", "two", 1), NOON).unwrap();
        assert_eq!(n.take(0, Masking::Off), Some(Note::new("Marta (2)", "two")));
        n.arrived(from("Marta", "three", 1), NOON).unwrap();
        n.forget(from("Marta", "", 1).thread);
        assert_eq!((n.due(), n.take(60_000, Masking::Off)), (None, None));
        // A clock that was set back does not keep the next one back.
        n.arrived(from("Bo", "hi", 1), NOON).unwrap();
        n.take(60_000, Masking::Off).unwrap();
        n.arrived(from("Bo", "hi", 1), NOON).unwrap();
        assert!(n.take(10, Masking::Off).is_some());
    }

    #[test]
    fn the_text_stays_hidden_where_that_is_set_and_names_where_they_are_masked() {
        let mut n = Notifier::new(Rules { text: false, ..rules() });
        n.arrived(from("Marta Souza", "my card is 4111", 1), NOON).unwrap();
        assert_eq!(n.take(0, Masking::Off), Some(Note::new("Marta Souza", "new message")));
        n.arrived(from("Marta Souza", "my card is 4111", 3), NOON).unwrap();
        assert_eq!(n.take(9_000, Masking::Names), Some(Note::new("M. S. (3)", "3 new messages")));
        let mut n = Notifier::new(rules());
        n.arrived(from("+55 11 98888-1234", "call +55 11 98888-1234", 1), NOON).unwrap();
        assert_eq!(
            n.take(0, Masking::Numbers),
            Some(Note::new("+55 11 9****-1234", "call +55 11 9****-1234"))
        );
    }

    #[test]
    fn a_snooze_that_ends_is_told_like_a_message() {
        let mut n = Notifier::new(rules());
        n.arrived(from("Marta", "Cadê?", 0), NOON).unwrap();
        assert_eq!(n.take(0, Masking::Off), Some(Note::new("Snooze ended: Marta", "Cadê?")));
        n.arrived(from("Marta", "Cadê?", 0), NOON).unwrap();
        n.arrived(from("Bo", "hi", 0), NOON).unwrap();
        assert_eq!(n.take(10_000, Masking::Off), Some(Note::new("2 snoozes ended", "Bo, Marta")));
        n.arrived(from("Marta", "Cadê?", 0), NOON).unwrap();
        n.arrived(from("Bo", "hi", 1), NOON).unwrap();
        assert_eq!(
            n.take(20_000, Masking::Off),
            Some(Note::new("1 new message · 1 snooze ended", "Bo, Marta"))
        );
        // With a message it is one of the ordinary ones.
        n.arrived(from("Marta", "Cadê?", 0), NOON).unwrap();
        n.arrived(from("Marta", "Alô?", 1), NOON).unwrap();
        assert_eq!(n.take(30_000, Masking::Off), Some(Note::new("Marta", "Alô?")));
        assert_eq!(n.arrived(from("Marta", "", 0), Scene { muted: true, ..NOON }), Err(Silence::Muted));
        let mut n = Notifier::new(Rules { text: false, ..rules() });
        n.arrived(from("Marta Souza", "my card", 0), NOON).unwrap();
        assert_eq!(n.take(0, Masking::Names), Some(Note::new("Snooze ended: M. S.", "")));
    }

    #[test]
    fn a_flood_is_counted_and_bounded() {
        let mut n = Notifier::new(rules());
        for i in 0..WAITING + 50 {
            n.arrived(from(&format!("c{i}"), &"x".repeat(9_000), 1), NOON).unwrap();
        }
        let note = n.take(0, Masking::Off).unwrap();
        assert_eq!(note.title, format!("{} new messages from {WAITING} people", WAITING + 50));
        assert!(note.body.ends_with("and 996 more"), "{note:?}");
        assert!(Note::new(&"é".repeat(500), &"x".repeat(500)).body.len() <= LONGEST.1);
    }
}
