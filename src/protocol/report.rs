//! The numbers as an end-of-shift report: the same lines on the screen and in the shell.

use super::numbers::{NamedNumbers, Numbers, Spread, Work};
use crate::clock::Millis;
use std::fmt::Write as _;

/// A length of time in words: `40 s`, `12 min`, `2 h 10 min`, `3 d 4 h`.
#[must_use]
pub fn length(by: Millis) -> String {
    let s = by.max(0) / 1000;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min", s / 60),
        // Of long times the minutes say nothing.
        3600..86_400 if s % 3600 < 60 || s >= 36_000 => format!("{} h", s / 3600),
        3600..86_400 => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
        _ if s % 86_400 < 3600 => format!("{} d", s / 86_400),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// How long things took, in a line; says so when nothing is known.
#[must_use]
pub fn spread(s: &Spread) -> String {
    match s.n {
        0 => "nothing to measure".to_owned(),
        1 => format!("once, {}", length(s.median)),
        n => format!(
            "{n} times: median {}, mean {}, 9 of 10 in {}",
            length(s.median),
            length(s.mean),
            length(s.p90)
        ),
    }
}

/// The same in one or two words, for a table.
#[must_use]
pub fn median(s: &Spread) -> String {
    if s.n == 0 { "–".to_owned() } else { length(s.median) }
}

/// What happened, in a line.
#[must_use]
pub fn work(w: &Work) -> String {
    format!("received {} · sent {} · answered {} · resolved {}", w.received, w.sent, w.answered, w.resolved)
}

impl Numbers {
    /// How things are now, in a line.
    #[must_use]
    pub fn standing(&self) -> String {
        let now = &self.all.now;
        format!(
            "open {} · unassigned {} · waiting {} · snoozed {}",
            now.open, now.unassigned, now.waiting, now.snoozed
        )
    }

    /// The end-of-shift report; `when` puts a time into words. Names are as strangers wrote them.
    #[must_use]
    pub fn report(&self, when: &dyn Fn(Millis) -> String) -> String {
        let mut out = String::new();
        let w = &self.wanted;
        let whose = w.operator.as_deref().unwrap_or("everybody");
        let _ = writeln!(out, "Report of {whose}, {} to {}", when(w.since), when(w.until.min(self.at)));
        if let Some(account) = &w.account {
            let _ = writeln!(out, "Account {account}");
        }
        if self.behind > 0 {
            let _ = writeln!(out, "{} messages are not counted yet", self.behind);
        }
        let _ = writeln!(out, "\nNow           {}", self.standing());
        if let Some(oldest) = self.all.now.oldest {
            let _ = writeln!(out, "Longest wait  {}", length(self.at - oldest));
        }
        let _ = writeln!(out, "In this time  {}", work(&self.all.work));
        let _ = writeln!(out, "First answer  {}", spread(&self.all.work.response));
        let _ = writeln!(out, "Resolution    {}", spread(&self.all.work.resolution));
        self.table(&mut out, "Operator", &self.operators);
        if self.accounts.len() > 1 {
            self.table(&mut out, "Account", &self.accounts);
        }
        if !self.waiting.is_empty() {
            out.push_str("\nStill waiting, the longest first\n");
            for p in &self.waiting {
                let who = p.operator.as_deref().unwrap_or("nobody");
                let _ =
                    writeln!(out, "  {:>11}  {} · {who} · {}", length(self.at - p.at), p.title, p.account);
            }
            let left = (self.all.now.waiting as usize).saturating_sub(self.waiting.len());
            if left > 0 {
                let _ = writeln!(out, "  and {left} more");
            }
        }
        if !self.promised.is_empty() {
            out.push_str("\nPromised: snoozed until\n");
            for p in &self.promised {
                let who = p.operator.as_deref().unwrap_or("nobody");
                let _ = writeln!(out, "  {:>11}  {} · {who} · {}", when(p.at), p.title, p.account);
            }
        }
        out
    }

    fn table(&self, out: &mut String, head: &str, rows: &[NamedNumbers]) {
        if rows.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "\n{head:<14}{:>9}{:>6}{:>9}{:>13}{:>5}{:>8}{:>11}",
            "answered", "sent", "resolved", "first answer", "open", "waiting", "longest"
        );
        for r in rows {
            let name: String = r.name.chars().take(14).collect();
            let oldest = r.now.oldest.map_or_else(|| "–".to_owned(), |at| length(self.at - at));
            let _ = writeln!(
                out,
                "{name:<14}{:>9}{:>6}{:>9}{:>13}{:>5}{:>8}{:>11}",
                r.work.answered,
                r.work.sent,
                r.work.resolved,
                median(&r.work.response),
                r.now.open,
                r.now.waiting,
                oldest
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_at_most_two_parts() {
        for (ms, words) in [
            (0, "0 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_600_000, "1 h"),
            (3_660_000, "1 h 01 min"),
            (86_400_000, "1 d"),
            (45_900_000, "12 h"),
            (100_000_000, "1 d 3 h"),
            (-5, "0 s"),
        ] {
            assert_eq!(length(ms), words);
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert_eq!(spread(&Spread::default()), "nothing to measure");
        assert_eq!(median(&Spread::default()), "–");
        assert_eq!(spread(&Spread { n: 1, median: 60_000, mean: 60_000, p90: 60_000 }), "once, 1 min");
        let text = Numbers::default().report(&|at| at.to_string());
        assert!(text.starts_with("Report of everybody, 0 to 0\n\nNow"), "{text}");
        assert!(!text.contains("Operator") && !text.contains("waiting,"), "{text}");
    }
}
