//! Screens where others work too.

use super::stage::{MIN, desk};
use crate::model::access::Role;
use crate::protocol::mentions::MentionRow;
use crate::protocol::presence::{Doing, InThread, Person, Present, ScreenRow, Watched};
use crate::tui::app::tests::{NOW, Script};

fn person(operator: &str, doing: Doing) -> Person {
    Person { operator: operator.into(), doing }
}

/// Colleagues in the first threads: one writes, two look, one has it open.
pub(super) fn company() -> Script {
    let mut s = desk();
    let people = [
        vec![person("bo", Doing::Typing), person("dana", Doing::Viewing)],
        vec![person("dana", Doing::Viewing), person("cy", Doing::Open)],
        vec![person("maximiliane.long-name", Doing::Open)],
    ];
    let threads = s.threads.iter().zip(people).map(|(t, people)| InThread { thread: t.id, people }).collect();
    s.present = Present { company: true, threads, watchers: vec!["dana".into()] };
    s.mentions = 2;
    s.role = Some(Role::admin());
    s
}

/// A colleague who can be followed, and writes.
pub(super) fn watched() -> Script {
    let mut s = company();
    s.present.watchers.clear();
    let row = s.threads[0].clone();
    s.screens = vec![
        ScreenRow {
            operator: "bo".into(),
            terminal: "pts/3".into(),
            thread: Some(row.id),
            title: row.title.clone(),
            doing: Doing::Typing,
        },
        ScreenRow {
            operator: "cy".into(),
            terminal: "pts/4".into(),
            thread: None,
            title: String::new(),
            doing: Doing::Open,
        },
    ];
    s.watched = Watched {
        operator: "bo".into(),
        attached: true,
        row: Some(row),
        doing: Doing::Typing,
        draft: "Dear Marta,\nyour order is".into(),
    };
    s
}

/// Notes that call the operator.
pub(super) fn mentions() -> Script {
    let mut s = company();
    let texts = ["@ana the customer wants a refund, may I?", "@ana @bo carrier says delayed", "thanks @ana"];
    for (i, text) in texts.iter().enumerate() {
        let row = s.threads[i].clone();
        let note = s.note(row.id, 3 + i as i64, text);
        s.mention_rows.push(MentionRow {
            note,
            thread: row.id,
            account: row.account,
            title: row.title,
            by: "bo".into(),
            at: NOW - (3 + i as i64) * MIN,
            text: (*text).into(),
            read: i == 2,
        });
    }
    s
}
