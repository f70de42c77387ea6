//! A template in two languages by keyboard only: made, refused by the review, put right, approved, and sent.

use super::{Term, open_marta};
use crate::common::private_dir;
use std::sync::Arc;

const F2: &str = "\u{1b}OQ";
const F5: &str = "\u{1b}[15~";
const F10: &str = "\u{1b}[21~";
const RIGHT: &str = "\u{1b}[C";
const ESC: &str = "\u{1b}";

/// A picture of one point.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63,
    0xf8, 0xcf, 0xc0, 0xf0, 0x1f, 0, 5, 0, 1, 0xff, 0x56, 0xc7, 0x2f, 0x0d, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Types what stands in one row, and waits until it is there: keys are not faster than the screen.
fn fill(t: &mut Term, text: &str) {
    t.press(text);
    t.see(text);
}

#[test]
fn an_admin_makes_a_template_and_an_agent_sends_it() {
    let data = Arc::new(private_dir());
    std::fs::write(data.path().join("bell.png"), PNG).unwrap();
    let mut t = Term::start(Arc::clone(&data), 50, 160);
    open_marta(&mut t);
    t.press("gt");
    t.see("Templates · ");
    t.wait("the list", |s| s.contains("templates") && s.contains("n new"));
    t.press("n");
    t.see("a blank one");
    t.press("\r");
    t.see("New template");
    fill(&mut t, "bell_ready");
    t.press("\t\r");
    t.see("language or code");
    fill(&mut t, "kingdom");
    t.press("\r");
    t.see("en_GB · English, United Kingdom");
    // Category and variables stay as they are; the header is a picture.
    t.press("\t\t");
    t.press(RIGHT);
    t.press(RIGHT);
    t.see("‹ picture ›");
    t.press("\t");
    fill(&mut t, "~/bell.png");
    t.press("\r");
    t.wait("the handle of the sample", |s| {
        !s.contains("Handing the sample over") && !s.contains("~/bell.png")
    });
    for part in ["Hello ", ", your bell ", " is ready with 20 % off: "] {
        t.press(part);
        t.press(F5);
    }
    t.press(" to pay when you come and collect it.");
    t.see("collect it.");
    for example in ["Marta", "B-4711", "9 euros"] {
        t.press("\t");
        fill(&mut t, example);
    }
    t.press("\t");
    fill(&mut t, "Northwind");
    t.press(F2);
    t.see("button 1");
    t.press("\t");
    fill(&mut t, "Thank you");
    t.press(F2);
    t.see("button 2");
    t.press(RIGHT);
    t.see("‹ web address ›");
    t.press("\t");
    fill(&mut t, "Track it");
    t.press("\t");
    fill(&mut t, "https://shop.example/bells");
    // The phone beside the form shows it filled in.
    t.see("Hello Marta, your bell B-4711");
    t.press(F10);
    t.see("Hand it in all the same?");
    t.press("y");
    t.see("bell_ready (en_GB) handed in: PENDING");
    // The review says no, since it reads as advertising; the row changes by itself.
    t.see("INCORRECT_CATEGORY");
    t.press("e");
    t.see("begins a new review");
    // The cursor is where the reason is put right.
    t.press(RIGHT);
    t.see("‹ MARKETING ›");
    t.press(F10);
    t.see("Hand it in all the same?");
    t.press("y");
    t.see("✓ APPROVED");
    // The same in another language.
    t.press("d");
    t.see("Copy bell_ready into which language?");
    fill(&mut t, "brazil");
    t.press("\r");
    t.see("New template bell_ready (pt_BR)");
    t.press(F10);
    t.wait("what is still to be done", |s| {
        s.contains("a sample image is missing") || s.contains("all the same?")
    });
    if t.text().contains("a sample image is missing") {
        fill(&mut t, "~/bell.png");
        t.press("\r");
        t.wait("the handle", |s| !s.contains("Handing the sample over") && !s.contains("~/bell.png"));
        t.press(F10);
    }
    t.see("all the same?");
    t.press("y");
    t.wait("both languages", |s| s.contains("en_GB✓") && s.contains("pt_BR✓"));
    t.press(ESC);
    t.wait("the conversation", |s| !s.contains("Templates · "));
    // An agent sends it.
    t.press("t");
    t.see("Template for ");
    fill(&mut t, "bell_ready");
    t.press("\r");
    t.see("Review and send");
    fill(&mut t, "~/bell.png");
    for value in ["Marta", "B-4711", "9 euros"] {
        t.press("\t");
        fill(&mut t, value);
    }
    t.press(F10);
    t.see("marketing, charged");
    t.press("y");
    t.wait("the card in the conversation", |s| {
        s.contains("your bell B-4711") && s.contains("✓") && !s.contains("Template bell_ready")
    });
}
