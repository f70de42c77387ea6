//! Attaching files: what is shown, what is sent in which order, what is taken back, what goes wrong.

use super::files::{Heard, Look};
use super::tests::{Script, inbox};
use super::*;
use crate::model::delivery::{WaitReason, Waiting};
use crate::model::media::{FileHash, StoredFile, judge};
use crate::model::quick_reply::ReplyFile;
use crate::model::{Body, DeliveryState, Outgoing};
use crate::protocol::Changed;
use crate::protocol::files::{FileAnswer, FileRequest};
use crate::tui::app::writing_tests::screen;
use crate::tui::reading::{Entry, Names, Piece};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// The operator's files, and an engine's that takes them.
#[derive(Default)]
pub(crate) struct Disk {
    pub files: BTreeMap<String, Vec<u8>>,
    /// Pieces of the file that is read.
    pieces: VecDeque<(u64, Piece)>,
    coming: Option<(String, u64)>,
    /// Nothing is read on any more.
    pub stalled: bool,
    /// What the engine says to a new file.
    pub refuses: Option<Problem>,
}

impl Disk {
    pub(crate) fn look(&mut self, app: &mut App, look: Look) -> Vec<Effect> {
        match look {
            Look::Read { id, path } => {
                self.pieces.clear();
                let name = path.rsplit('/').next().unwrap().to_owned();
                let Some(bytes) = self.files.get(&path) else {
                    let why = format!("{path}: No such file or directory (os error 2)");
                    return app.update(Event::Files(Heard::Piece(id, Piece::Failed(why))));
                };
                if let Err(p) = judge(&name, bytes, bytes.len() as u64) {
                    let why = format!("{name} {}", p.problem);
                    return app.update(Event::Files(Heard::Piece(id, Piece::Failed(why))));
                }
                let (one, two) = bytes.split_at(bytes.len() / 2);
                for (at, bytes) in [(0, one), (one.len(), two)] {
                    self.pieces.push_back((id, Piece::Bytes { at: at as u64, bytes: bytes.to_vec() }));
                }
                let hash = FileHash(Sha256::digest(bytes).into());
                self.pieces.push_back((id, Piece::End { hash }));
                let size = bytes.len() as u64;
                app.update(Event::Files(Heard::Piece(id, Piece::Opened { name, size })))
            }
            Look::On if self.stalled => Vec::new(),
            Look::On => match self.pieces.pop_front() {
                Some((id, piece)) => app.update(Event::Files(Heard::Piece(id, piece))),
                None => Vec::new(),
            },
            Look::Stop => {
                self.pieces.clear();
                Vec::new()
            }
            Look::Names(typed) => {
                let begun = typed.rsplit('/').next().unwrap().to_owned();
                let found = self.files.iter().map(|(path, bytes)| Entry {
                    is_file: true,
                    name: path.rsplit('/').next().unwrap().to_owned(),
                    size: bytes.len() as u64,
                });
                let found = found.filter(|n| n.name.starts_with(&begun)).collect();
                app.update(Event::Files(Heard::Names(Names { typed, found, more: false, problem: None })))
            }
        }
    }

    pub(crate) fn file(&mut self, act: FileRequest) -> Result<FileAnswer, Problem> {
        Ok(match act {
            FileRequest::Begin { name, size } => {
                if let Some(p) = self.refuses.clone() {
                    return Err(p);
                }
                self.coming = Some((name, size));
                FileAnswer::Begun { upload: 7 }
            }
            FileRequest::Part { at, bytes, .. } => FileAnswer::Got { bytes: at + bytes.0.len() as u64 },
            FileRequest::End { hash, .. } => {
                let (name, size) = self.coming.take().unwrap();
                let bytes = self.files.values().find(|b| Sha256::digest(b).as_slice() == hash.0).unwrap();
                let facts = judge(&name, bytes, size).unwrap();
                FileAnswer::Stored { file: StoredFile { hash, name, size, facts } }
            }
            FileRequest::Drop { .. } => FileAnswer::Dropped,
            FileRequest::Read { .. } => panic!("nobody reads here"),
        })
    }
}

/// The content that a message was sent with, where it has a file.
pub(crate) fn content(body: &Body) -> Option<Outgoing> {
    match body {
        Body::Media { kind, media, caption } => {
            Some(Outgoing::Media { kind: *kind, file: StoredFile::of_card(media)?, caption: caption.clone() })
        }
        _ => None,
    }
}

pub(crate) fn with_files() -> Script {
    let mut s = inbox();
    for (path, head, size) in [
        ("~/price-list.pdf", b"%PDF-1.4".as_slice(), 1_200_000),
        ("~/bike.jpg", b"\xff\xd8\xff\xe0", 400_000),
        ("~/ring.mp3", b"ID3\x03\0", 40_000),
    ] {
        let mut bytes = head.to_vec();
        bytes.resize(size, 7);
        s.disk.files.insert(path.into(), bytes);
    }
    s.disk.files.insert("~/tool.exe".into(), b"MZ\x90\0\x03\0\0\0\x04\0".to_vec());
    s
}

pub(crate) fn attach(s: &mut Script, app: &mut App, name: &str) {
    s.keys(app, "Ctrl+T");
    s.type_text(app, name);
    s.keys(app, "Enter");
}

fn begun() -> (Script, App) {
    let mut s = with_files();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    (s, app)
}

fn text(app: &App) -> &str {
    app.conversation.as_ref().unwrap().composer.text()
}

/// What left, in order: texts, and files with their captions.
fn left(s: &Script) -> Vec<String> {
    let mut out = Vec::new();
    for r in &s.log {
        if let Request::Together { requests } = r {
            for r in requests {
                let Request::Send { content, .. } = r else { continue };
                out.push(match content {
                    Outgoing::Text { text, .. } => text.clone(),
                    Outgoing::Media { file, caption, .. } => format!("{}:{caption}", file.name),
                    other => panic!("{other:?}"),
                });
            }
        }
    }
    out
}

#[test]
fn a_file_is_attached_shown_and_sent_with_its_text() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "price-list.pdf");
    assert!(screen(&app).contains("+ price-list.pdf  1.2 MB"), "{}", screen(&app));
    s.type_text(&mut app, "our prices");
    s.keys(&mut app, "Enter");
    assert_eq!(left(&s), ["price-list.pdf:our prices"]);
    assert!(app.attached().is_empty() && text(&app).is_empty());
    let (thread, message) = s.messages.last().map(|m| (m.thread, m.id)).unwrap();
    s.tell(&mut app, vec![Changed::MessageStored { thread, message, inbound: false }]);
    let shown = screen(&app);
    assert!(shown.contains("📄") && shown.contains("price-list.pdf · 1.2 MB"), "{shown}");
}

#[test]
fn the_text_comes_first_where_it_cannot_stand_under_a_file() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "ring.mp3");
    attach(&mut s, &mut app, "bike.jpg");
    s.type_text(&mut app, "listen");
    s.keys(&mut app, "Enter");
    assert_eq!(left(&s), ["listen", "ring.mp3:", "bike.jpg:"]);
}

#[test]
fn a_file_alone_is_enough_and_can_be_taken_off() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "bike.jpg");
    attach(&mut s, &mut app, "price-list.pdf");
    s.keys(&mut app, "Ctrl+X Ctrl+T");
    assert_eq!(app.attached().len(), 1);
    s.keys(&mut app, "Enter");
    assert_eq!(left(&s), ["bike.jpg:"]);
    s.keys(&mut app, "Ctrl+X Ctrl+T");
    assert!(screen(&app).contains("no file goes with this text"));
}

#[test]
fn taking_back_covers_all_that_left_together() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "ring.mp3");
    attach(&mut s, &mut app, "bike.jpg");
    s.type_text(&mut app, "listen");
    s.keys(&mut app, "Enter");
    let thread = app.conversation.as_ref().unwrap().thread;
    let until = app.clock.now() + 5_000;
    let ids: Vec<MessageId> = s.messages.iter().rev().take(3).map(|m| m.id).collect();
    for id in &ids {
        s.change(*id, |m| {
            m.state = DeliveryState::Queued;
            m.waits = Some(Waiting { until, why: WaitReason::Undo });
        });
    }
    let changed = ids.iter().map(|id| Changed::MessageStored { thread, message: *id, inbound: false });
    s.tell(&mut app, changed.collect());
    s.keys(&mut app, "Ctrl+X Ctrl+U");
    assert_eq!(text(&app), "listen");
    let names: Vec<&str> = app.attached().iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["ring.mp3", "bike.jpg"]);
    let back = s.log.iter().filter(|r| matches!(r, Request::TakeBack { .. })).count();
    assert_eq!(back, 3);
    s.clock.advance(1_000);
    s.keys(&mut app, "Enter");
    assert_eq!(left(&s)[3..], ["listen", "ring.mp3:", "bike.jpg:"], "as it was");
}

#[test]
fn what_is_refused_is_written_and_attached_again() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "bike.jpg");
    s.type_text(&mut app, "look");
    s.refuse = Some(Problem::new("disk", "the disk is full").next("make room"));
    s.keys(&mut app, "Enter");
    assert_eq!((text(&app), app.attached().len()), ("look", 1));
    assert!(screen(&app).contains("the disk is full"));
}

#[test]
fn what_cannot_be_sent_is_said_at_once_and_again_when_sending() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "tool.exe");
    let shown = screen(&app);
    assert!(shown.contains("✗ tool.exe is ") && shown.contains("takes it off"), "{shown}");
    s.type_text(&mut app, "hi");
    s.keys(&mut app, "Enter");
    assert!(screen(&app).contains("not sent: tool.exe"), "{}", screen(&app));
    assert_eq!((left(&s).len(), text(&app)), (0, "hi"));
    s.keys(&mut app, "Ctrl+X Ctrl+T");
    attach(&mut s, &mut app, "nothing.pdf");
    assert!(screen(&app).contains("No such file"), "{}", screen(&app));
    s.keys(&mut app, "Ctrl+X Ctrl+T Enter");
    assert_eq!(s.sent(), ["hi"]);
}

#[test]
fn a_refusal_of_the_engine_is_told_and_the_next_file_goes_on() {
    let (mut s, mut app) = begun();
    s.disk.refuses = Some(Problem::new("room", "there is no room for 1.2 MB"));
    attach(&mut s, &mut app, "price-list.pdf");
    assert!(screen(&app).contains("there is no room for 1.2 MB"));
    s.disk.refuses = None;
    attach(&mut s, &mut app, "bike.jpg");
    assert!(screen(&app).contains("+ bike.jpg"));
}

#[test]
fn nothing_leaves_before_its_file_is_here() {
    let (mut s, mut app) = begun();
    s.disk.stalled = true;
    attach(&mut s, &mut app, "bike.jpg");
    s.keys(&mut app, "Enter");
    assert!(screen(&app).contains("bike.jpg is still on its way"), "{}", screen(&app));
    // Taken off, the engine hears that no more comes, and the next file is read.
    s.keys(&mut app, "Ctrl+X Ctrl+T");
    assert!(s.log.iter().any(|r| matches!(r, Request::File { act: FileRequest::Drop { upload: 7 } })));
    s.disk.stalled = false;
    attach(&mut s, &mut app, "ring.mp3");
    s.keys(&mut app, "Enter");
    assert_eq!(left(&s), ["ring.mp3:"]);
}

#[test]
fn files_stay_with_their_thread_and_a_note_has_none() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "bike.jpg");
    s.keys(&mut app, "Esc n");
    assert!(app.attached().is_empty());
    s.keys(&mut app, "Ctrl+T");
    assert!(app.overlays.is_empty() && screen(&app).contains("a note has no files"));
    s.keys(&mut app, "Esc ] t r");
    assert!(app.attached().is_empty());
    s.keys(&mut app, "Esc [ t r");
    assert_eq!(app.attached().len(), 1);
}

#[test]
fn a_quick_reply_brings_its_files() {
    let mut s = with_files();
    let stored = StoredFile {
        hash: FileHash([3; 32]),
        name: "terms.pdf".into(),
        size: 90_000,
        facts: judge("terms.pdf", b"%PDF-1.4", 90_000).unwrap(),
    };
    s.replies = vec![QuickReply {
        shortcut: "prices".into(),
        text: "Here they are.".into(),
        files: vec![ReplyFile::Stored(stored), "~/bike.jpg".into(), "~/gone.pdf".into()],
        ..QuickReply::default()
    }];
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "/prices");
    s.keys(&mut app, "Enter");
    assert_eq!(text(&app), "Here they are.");
    let shown = screen(&app);
    for line in ["+ terms.pdf  90 kB", "+ bike.jpg  400 kB", "✗ ~/gone.pdf: No such file"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    s.keys(&mut app, "Ctrl+X Ctrl+T Enter");
    assert_eq!(left(&s), ["terms.pdf:Here they are.", "bike.jpg:"]);
}

#[test]
fn a_quick_reply_is_saved_with_its_files_in_the_engine() {
    let mut s = with_files();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "g q F2");
    s.type_text(&mut app, "prices");
    s.keys(&mut app, "Tab");
    s.type_text(&mut app, "Here they are.");
    s.keys(&mut app, "Tab Tab");
    s.type_text(&mut app, "~/gone.pdf");
    s.keys(&mut app, "F10");
    assert!(screen(&app).contains("gone.pdf"), "{}", screen(&app));
    assert!(!s.log.iter().any(|r| matches!(r, Request::SaveQuickReply { .. })));
    s.keys(&mut app, "Ctrl+U");
    s.type_text(&mut app, "~/bike.jpg, ~/price-list.pdf");
    s.keys(&mut app, "F10");
    let saved: Vec<&QuickReply> = s
        .log
        .iter()
        .filter_map(|r| if let Request::SaveQuickReply { reply } = r { Some(reply) } else { None })
        .collect();
    assert_eq!(saved.len(), 1);
    assert_eq!(
        saved[0].stored_files().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["bike.jpg", "price-list.pdf"]
    );
}

#[test]
fn our_own_files_are_forwarded() {
    let (mut s, mut app) = begun();
    attach(&mut s, &mut app, "bike.jpg");
    s.keys(&mut app, "Enter Esc k f");
    let name = app.overlays.last().map(|o| o.overlay.name());
    assert_eq!(name, Some("forward"), "{}", screen(&app));
    assert!(!screen(&app).contains("cannot be forwarded"));
}
