//! Errors that help: every code of Meta's error pages has a cause and a next step, in words and with keys that exist.

use clap::Parser;
use std::collections::BTreeSet;
use switchboard::cli::args::Cli;
use switchboard::provider::meta::codes::{self, Retry};
use switchboard::provider::meta::errors::{classify, delivery_error, from_object};

use Retry::{Backoff as B, Config as C, Never as N, Wait as W};

/// Every code of the error pages of 2025/26, with the class of the documentation: never, back off, wait, configuration.
/// `S` comes as the answer to a call, `A` by webhook, `T` is a subcode of the template and number pages.
#[rustfmt::skip]
const PAGES: &[(i64, &str, Retry)] = &[
    (0, "S", C), (1, "S", B), (2, "S", B), (3, "S", C), (4, "S", B), (10, "S", C), (33, "S", C), (100, "S", N),
    (104, "S", C), (190, "S", C), (200, "S", C), (250, "S", C), (299, "S", C), (368, "S", W), (613, "S", B),
    (2200, "T", C), (80007, "S", B), (80008, "S", B),
    (130_403, "SA", N), (130_429, "SA", B), (130_472, "A", N), (130_497, "SA", N),
    (131_000, "SA", B), (131_005, "S", C), (131_008, "S", N), (131_009, "SA", N), (131_016, "SA", B),
    (131_020, "SA", N), (131_021, "S", N), (131_026, "A", N), (131_030, "S", C), (131_031, "S", W),
    (131_037, "SA", C), (131_041, "S", N), (131_042, "A", C), (131_044, "S", C), (131_045, "SA", C),
    (131_047, "A", N), (131_048, "SA", W), (131_049, "A", W), (131_050, "A", N), (131_051, "SA", N),
    (131_052, "A", N), (131_053, "A", N), (131_055, "S", N), (131_056, "SA", B), (131_057, "S", B),
    (131_059, "S", B), (131_062, "S", N), (131_063, "S", C), (131_064, "SA", W),
    (131_201, "S", N), (131_202, "S", N), (131_203, "S", N), (131_204, "S", N), (131_205, "S", N),
    (131_206, "S", N), (131_207, "S", N), (131_208, "S", B), (131_209, "S", N), (131_210, "S", N),
    (131_211, "S", N), (131_212, "S", N), (131_213, "S", N), (131_214, "S", N), (131_215, "S", N),
    (132_000, "S", N), (132_001, "S", N), (132_005, "S", N), (132_007, "S", N), (132_008, "S", N),
    (132_012, "S", N), (132_015, "S", W), (132_016, "S", N), (132_018, "S", N), (132_068, "S", N),
    (132_069, "S", W),
    (133_000, "S", C), (133_004, "S", B), (133_005, "S", C), (133_006, "S", C), (133_008, "S", W),
    (133_009, "S", W), (133_010, "S", C), (133_015, "S", W), (133_016, "S", W),
    (134_011, "S", C), (134_100, "S", N), (134_101, "S", B), (134_102, "S", C),
    (135_000, "SA", N), (137_000, "SA", N),
    (138_000, "S", N), (138_011, "S", N), (138_022, "S", N), (139_000, "S", N), (139_004, "S", N),
    (139_100, "S", N), (139_101, "S", N), (139_102, "S", B), (139_103, "S", B),
    (147_001, "S", N), (147_002, "S", N), (147_003, "S", N), (147_004, "S", N), (147_005, "S", N),
    (200_005, "S", C), (200_006, "S", C), (200_007, "S", C), (1_752_041, "S", N),
    (2_388_012, "T", C), (2_388_019, "T", C), (2_388_024, "T", N), (2_388_039, "T", W), (2_388_040, "T", N),
    (2_388_047, "T", N), (2_388_072, "T", N), (2_388_073, "T", N), (2_388_091, "T", C), (2_388_093, "T", C),
    (2_388_103, "T", C), (2_388_293, "T", N), (2_388_299, "T", N), (2_494_100, "T", B),
    (2_593_107, "S", N), (2_593_108, "S", N), (2_593_109, "A", N),
];

#[test]
fn every_code_of_the_pages_has_cause_next_step_and_class() {
    for (code, way, class) in PAGES {
        let e = codes::describe(*code).unwrap_or_else(|| panic!("{code} is not described"));
        assert_eq!(e.retry, *class, "{code}");
        // As a call answers it, and as a webhook tells it: the same three parts.
        let text = format!("text of {code}");
        let envelope = if *way == "T" {
            serde_json::json!({"message": "Invalid parameter", "code": 100, "error_subcode": code, "error_user_msg": text})
        } else {
            serde_json::json!({"message": format!("(#{code}) title"), "code": code, "error_data": {"details": text}})
        };
        let answer = classify(400, serde_json::json!({ "error": envelope }).to_string().as_bytes());
        for seen in [&answer.error, &from_object(&envelope)] {
            assert_eq!((seen.code, &seen.text), (*code, &text));
            assert_eq!((seen.cause.as_deref(), seen.next.as_deref()), (Some(e.cause), Some(e.next)));
        }
    }
    // And nothing is described that the pages do not have.
    let known: BTreeSet<i64> = PAGES.iter().map(|(c, ..)| *c).collect();
    for e in codes::all() {
        assert!(known.contains(&e.code) && known.contains(&e.last), "{} to {}", e.code, e.last);
    }
}

#[test]
fn the_table_is_sorted_and_its_ranges_do_not_overlap() {
    for pair in codes::all().windows(2) {
        assert!(pair[0].last < pair[1].code, "{} and {}", pair[0].code, pair[1].code);
    }
}

#[test]
fn a_code_that_nobody_described_shows_as_it_is() {
    for code in [-1, 5, 199, 300, 131_065, 999_999, i64::MAX, i64::MIN] {
        let e = delivery_error(code, "something new");
        assert_eq!((e.code, e.text.as_str(), e.cause, e.next), (code, "something new", None, None));
    }
}

/// Places outside the program that a next step may send people to.
const PLACES: &[&str] = &[
    "WhatsApp Manager",
    "Meta business settings",
    "Meta's billing settings",
    "app dashboard",
    "WhatsApp Business app",
];
/// What a person can do with the message, the customer or the wait itself.
const DEEDS: &[&str] = &[
    "send",
    "wait",
    "try again",
    "write it",
    "ask ",
    "choose another",
    "reach the customer",
    "unblock",
    "shorten",
    "load the",
    "see the result",
    "connect the number",
    "leave ",
    "remove somebody",
    "delete a group",
];

#[test]
fn causes_and_next_steps_are_plain_words_and_name_what_exists() {
    for e in codes::all() {
        let code = e.code;
        assert!(
            e.cause.ends_with('.') && e.cause.chars().next().unwrap().is_uppercase(),
            "{code}: {}",
            e.cause
        );
        assert!(e.cause.len() <= 90, "{code}: the cause is no line: {}", e.cause);
        assert!(
            !e.next.ends_with('.') && e.next.chars().next().unwrap().is_lowercase(),
            "{code}: {}",
            e.next
        );
        assert!(e.next.len() <= 150, "{code}: {}", e.next);
        for jargon in
            ["WABA", "parameter value", "param", "payload", "endpoint", "null", "invalid", "exception"]
        {
            assert!(!e.cause.contains(jargon) && !e.next.contains(jargon), "{code} says {jargon}");
        }
        let names = PLACES.iter().chain(DEEDS).any(|w| e.next.contains(w));
        assert!(names || e.next.contains('`'), "{code} names nothing to do: {}", e.next);
        for (i, command) in e.next.split('`').enumerate().filter(|(i, _)| i % 2 == 1) {
            let parsed = Cli::try_parse_from(command.split(' '));
            assert!(parsed.is_ok(), "{code} names `{command}` ({i}), which is no command: {parsed:?}");
        }
        // The keys on the screen follow the words, so the words follow the class.
        let template = e.next.contains("template");
        match e.retry {
            B | C => assert!(
                e.next.contains("again") || template || code == 134_102 || code == 200_006,
                "{code}: {}",
                e.next
            ),
            W => assert!(e.next.contains("again") || template, "{code}: {}", e.next),
            // The very same message would be refused again, but for a repaired file, list or doubt.
            N => assert!(
                !e.next.contains("again") || [130_403, 131_053, 137_000].contains(&code),
                "{code} sends the same again: {}",
                e.next
            ),
        }
    }
}
