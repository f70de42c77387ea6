//! The screen under fire: whatever text comes, the terminal gets nothing but our own sequences.

use super::app::{App, Effect, Event};
use super::canvas::Canvas;
use super::composer::Composer;
use super::notify::Channel;
use super::overlay::frame::Rich;
use super::overlay::template_preview;
use super::overlay::variables::{Filled, Given, Variables, check};
use super::theme::Theme;
use super::transcript;
use crate::clock::Clock;
use crate::config::settings::{NotifyMode, UiSettings};
use crate::fuzzing::vt;
use crate::model::contact::{Contact, Identity, IdentityKind};
use crate::model::event::{AccountSpec, NumberFacts};
use crate::model::ids::{AccountId, ContactId};
use crate::model::inbound::Severity;
use crate::model::message::{CardEntry, ContactCard, MediaCard, MediaKind, ShownButton, ShownRow};
use crate::model::template::{Template, Values};
use crate::model::thread::{Preview, ThreadDetail, ThreadRow};
use crate::model::{
    Body, DeliveryError, DeliveryState, DeliveryTimes, Direction, Message, MessageId, Origin, Quote,
    Reaction, ThreadId, Window,
};
use crate::protocol::{
    AccountView, Changed, Found, Hit, Notice, Page, Problem, Request, Response, ServerFrame, Status, Update,
};
use crate::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

const NOW: i64 = 1_795_176_100_000;

/// Text without what no terminal may see, line breaks aside.
fn assert_safe(what: &str, s: &str) {
    let bad = s.chars().find(|c| *c != '\n' && vt::is_forbidden(*c));
    assert!(bad.is_none(), "{what} has {bad:?}: {s:?}");
}

/// WhatsApp's marks: what is shown is what was written without some marks, in one run after the other. A list has
/// points in place of its dashes and stars, and a quote a bar.
pub fn marks(s: &str) {
    let (shown, runs) = transcript::marks(s);
    let mut at = 0;
    for (run, _) in &runs {
        assert!(run.start == at && run.end > at && shown.is_char_boundary(run.end), "{runs:?}");
        at = run.end;
    }
    assert_eq!(at, shown.len());
    let mut left = s.chars();
    let same = |l: char, c: char| l == c || (c == '•' && matches!(l, '*' | '-')) || (c == '▎' && l == '>');
    assert!(shown.chars().all(|c| left.any(|l| same(l, c))), "{shown:?} is not part of {s:?}");
    let mut rich = Rich::default();
    rich.push(s, Style::new());
    let rich = rich.formatted();
    assert_safe("the preview", &rich.text);
    for (r, _) in &rich.spans {
        assert!(rich.text.get(r.clone()).is_some(), "{r:?} of {:?}", rich.text);
    }
    let area = Rect::new(0, 0, 20, 8);
    rich.draw(&mut Buffer::empty(area), area, Style::new());
}

/// A reply's text with a value that a stranger chose.
pub fn quick_reply(reply: &str, value: &str) {
    let vars =
        Variables { contact_name: value.into(), contact_first_name: value.into(), ..Variables::default() };
    let mut given = Given::new();
    let _ = check(reply);
    for _ in 0..8 {
        match vars.fill(reply, &given) {
            Filled::Missing(names) => {
                assert!(!names.is_empty());
                given.extend(names.into_iter().map(|n| (n, value.to_owned())));
            }
            Filled::Text(text) => {
                let composer = Composer::with_text(&text);
                assert_safe("the composer", composer.text());
                break;
            }
            Filled::Broken(why) => {
                assert_safe("the mistake", &why);
                break;
            }
        }
    }
    if let Ok(rich) = vars.preview(reply, &given, Style::new(), Style::new()) {
        assert_safe("the preview", &rich.text);
        for (r, _) in &rich.spans {
            assert!(rich.text.get(r.clone()).is_some(), "{r:?} of {:?}", rich.text);
        }
    }
    // A value is data: it is never read as a template.
    let plain = text::sanitize(value);
    if !plain.trim().is_empty() {
        assert_eq!(vars.fill("{{ contact.name }}", &Given::new()), Filled::Text(plain.into_owned()));
    }
}

/// A template of the provider with values of an operator, as the phone shows it.
pub fn template(t: &Template, values: &Values) {
    let area = Rect::new(0, 0, 60, 30);
    let mut buf = Buffer::empty(area);
    for focus in std::iter::once(String::new()).chain(values.keys().cloned()) {
        template_preview::draw(&mut buf, area, t, values, &focus, &Theme::basic());
    }
    for cell in &buf.content {
        assert_safe("a cell", cell.symbol());
    }
}

/// What the engine answers.
#[derive(Debug)]
pub struct Scene {
    threads: Vec<ThreadRow>,
    messages: Vec<Message>,
    piece: String,
}

impl Scene {
    /// Threads and messages as the store gives them.
    pub fn of(threads: Vec<ThreadRow>, messages: Vec<Message>) -> Self {
        Self { threads, messages, piece: String::new() }
    }

    /// One thread with messages of every kind, all text in it taken from `pieces` in turn.
    pub fn with(pieces: &[String]) -> Self {
        let mut next = 0;
        let mut text = || {
            next += 1;
            pieces.get((next - 1) % pieces.len().max(1)).cloned().unwrap_or_default()
        };
        let account = AccountId::new("support");
        let contact = ContactId::derived(&["x"]);
        let thread = ThreadId::between(&account, contact);
        let entry = |value: String, label: String| CardEntry { label, value, wa_id: None };
        let media = |id: String, filename: Option<String>, mime: String| MediaCard {
            id: Some(id),
            filename,
            mime,
            size: Some(9),
            ..MediaCard::default()
        };
        let bodies = vec![
            Body::text(text()),
            Body::Media {
                kind: MediaKind::Document,
                media: media(text(), Some(text()), text()),
                caption: text(),
            },
            Body::Media { kind: MediaKind::Image, media: media(text(), None, text()), caption: text() },
            Body::Location { latitude: 1.0, longitude: 2.0, name: text(), address: text() },
            Body::Contacts {
                cards: vec![ContactCard {
                    name: text(),
                    first_name: text(),
                    last_name: text(),
                    phones: vec![entry(text(), text())],
                    emails: vec![entry(text(), text())],
                    organisation: text(),
                }],
            },
            Body::Interactive {
                kind: "list".into(),
                header: text(),
                text: text(),
                footer: text(),
                buttons: vec![ShownButton { kind: text(), text: text(), target: Some(text()) }],
                rows: vec![ShownRow { id: text(), title: text(), description: text() }],
            },
            Body::Choice { source: text(), id: text(), title: text(), description: text() },
            Body::Form {
                name: text(),
                text: text(),
                response: serde_json::json!({ text(): text(), text(): [text()] }).to_string(),
            },
            Body::Template {
                name: text(),
                language: text(),
                header: text(),
                text: text(),
                footer: text(),
                buttons: Vec::new(),
            },
            Body::System { kind: text(), text: text() },
            Body::Unsupported { what: text(), details: text() },
            Body::Unknown { kind: text(), text: text() },
        ];
        let mut messages = Vec::new();
        for (i, body) in bodies.into_iter().enumerate() {
            let ours = i % 2 == 1;
            messages.push(Message {
                id: MessageId::derived(&["m", &i.to_string()]),
                thread,
                account: account.clone(),
                direction: if ours { Direction::Outbound } else { Direction::Inbound },
                origin: if ours { Origin::Operator(text()) } else { Origin::Customer(Some(text())) },
                at: NOW - 1_000 * (20 - i as i64),
                stored_at: NOW,
                unread: !ours,
                late: (!ours).then_some(7_200_000),
                body,
                state: if ours { DeliveryState::Failed } else { DeliveryState::Received },
                times: DeliveryTimes::default(),
                error: ours.then(|| DeliveryError {
                    code: 131_026,
                    text: text(),
                    cause: Some(text()),
                    next: Some(text()),
                }),
                quote: Some(Quote { provider_id: text(), message: None, own: false, text: text() }),
                reactions: vec![Reaction { emoji: text(), own: false, at: NOW }],
                provider_id: None,
                tag: Some(text()),
                edited: ours,
                waits: None,
                put_aside: false,
                also_sent: None,
                attempts: 1,
                revision: 1,
            });
        }
        let last = messages.last().map(|m| Preview {
            message: m.id,
            direction: m.direction,
            kind: m.body.kind().to_owned(),
            text: text(),
            state: m.state,
        });
        let row = ThreadRow {
            id: thread,
            account,
            contact,
            title: text(),
            phone: Some(text()),
            last_at: NOW,
            preview: last,
            unread: 3,
            window: Window { until: Some(NOW + 3_600_000) },
            draft: true,
            failed: 2,
            handling: crate::model::handling::Handling::default(),
        };
        Self { threads: vec![row], messages, piece: text() }
    }

    fn answer(&self, request: &Request) -> Response {
        let text = || self.piece.clone();
        match request {
            Request::Hello { protocol, version, .. } => {
                Response::Hello { protocol: *protocol, version: version.clone(), operator: "ana".into() }
            }
            Request::Accounts => Response::Accounts(vec![AccountView {
                spec: AccountSpec {
                    id: AccountId::new("support"),
                    name: text(),
                    provider: "meta".into(),
                    environment: "production".into(),
                    number: text(),
                    business: text(),
                },
                state: "error".into(),
                state_text: text(),
                facts: NumberFacts { display_phone: text(), ..NumberFacts::default() },
                unread_threads: 1,
                unread: 3,
                threads: 1,
                last_webhook: Some(NOW),
                templates_synced: None,
                life: crate::model::account::AccountLife::default(),
            }]),
            Request::Status => Response::Status(Box::new(Status {
                listener_problem: Some(text()).filter(|t| !t.is_empty()),
                notices: vec![Notice {
                    at: NOW,
                    account: AccountId::new("support"),
                    severity: Severity::Critical,
                    text: text(),
                }],
                ..Status::default()
            })),
            Request::Threads { .. } => Response::Threads(Page { items: self.threads.clone(), next: None }),
            Request::ThreadRows { ids } => {
                Response::ThreadRows(self.threads.iter().filter(|t| ids.contains(&t.id)).cloned().collect())
            }
            Request::Thread { id } => match self.threads.iter().find(|t| t.id == *id) {
                None => Response::Done,
                Some(row) => Response::Thread(Box::new(ThreadDetail {
                    blocked: None,
                    note: String::new(),
                    late_unread: None,
                    contact: Contact {
                        id: row.contact,
                        name: String::new(),
                        profile_name: row.title.clone(),
                        identities: vec![
                            Identity::bsuid(text()),
                            Identity { kind: IdentityKind::Username, value: text() },
                        ],
                        marketing_opt_out: true,
                    },
                    draft: text(),
                    read_at: None,
                    row: row.clone(),
                })),
            },
            Request::Messages { thread, .. } => Response::Messages {
                items: self.messages.iter().filter(|m| m.thread == *thread).cloned().collect(),
                older: None,
                newer: None,
            },
            Request::MessageRows { ids } => {
                Response::MessageRows(self.messages.iter().filter(|m| ids.contains(&m.id)).cloned().collect())
            }
            Request::Search { .. } => Response::Found(Box::new(Found {
                threads: self.threads.clone(),
                hits: Page {
                    items: self
                        .messages
                        .iter()
                        .map(|m| Hit {
                            message: m.clone(),
                            title: text(),
                            snippet: format!("{}\u{2}{}\u{3}", text(), m.body.plain_text()),
                        })
                        .collect(),
                    next: None,
                },
            })),
            _ => Response::Done,
        }
    }
}

/// A screen, its answers, and the check of every byte.
struct Stage<'a> {
    scene: &'a Scene,
    app: App,
    canvas: Canvas,
}

impl Stage<'_> {
    fn event(&mut self, event: Event) {
        let mut effects = self.app.update(event);
        effects.extend(self.app.update(Event::Settle));
        let mut extra = Vec::new();
        // Bounded: an answer may lead to the next question.
        for _ in 0..200 {
            let Some(effect) = effects.pop() else { break };
            match effect {
                Effect::Send(frame) => {
                    let mut result = Ok(self.scene.answer(&frame.request));
                    if matches!(frame.request, Request::Send { .. }) {
                        let piece = &self.scene.piece;
                        result = Err(Problem::new("provider", piece).means(piece).next(piece));
                    }
                    let answer = ServerFrame::Answer { id: frame.id, result };
                    effects.extend(self.app.update(Event::Frame(answer)));
                    effects.extend(self.app.update(Event::Settle));
                }
                Effect::Copy(text) => assert_safe("the clipboard", &text),
                Effect::Notify(note) => {
                    for notify in [NotifyMode::Osc777, NotifyMode::Osc9, NotifyMode::Osc99] {
                        let settings = UiSettings { notify, ..UiSettings::default() };
                        extra.extend(Channel::choose(&settings, |_| None).bytes(&note));
                    }
                }
                _ => {}
            }
        }
        let bytes = self.canvas.frame(&mut self.app, &extra);
        let seen = vt::read(bytes);
        assert!(seen.is_ok(), "{seen:?}");
    }

    fn key(&mut self, code: KeyCode) {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

/// Draws a scene in every pane at a size and presses a few keys.
pub fn screen(scene: &Scene, columns: u16, rows: u16) {
    let clock = Clock::manual(NOW);
    let (app, effects) = App::new(clock, TimeZone::UTC, Theme::basic(), "ana", (columns, rows));
    let mut stage = Stage { scene, app, canvas: Canvas::new(columns, rows).with_hyperlinks(true) };
    for effect in effects {
        if let Effect::Send(frame) = effect {
            let answer = ServerFrame::Answer { id: frame.id, result: Ok(scene.answer(&frame.request)) };
            stage.event(Event::Frame(answer));
        }
    }
    stage.event(Event::Focus(false));
    if let (Some(t), Some(m)) = (scene.threads.first(), scene.messages.first()) {
        let changed = vec![Changed::MessageStored { thread: t.id, message: m.id, inbound: true }];
        stage.event(Event::Frame(ServerFrame::Update(Update { seq: 1, changed })));
    }
    stage.event(Event::Focus(true));
    stage.key(KeyCode::Enter);
    for _ in 0..4 {
        stage.key(KeyCode::Up);
        stage.key(KeyCode::Char('y'));
    }
    stage.key(KeyCode::PageUp);
    stage.key(KeyCode::Char('r'));
    stage.event(Event::Paste(scene.piece.clone()));
    stage.key(KeyCode::Enter);
    stage.key(KeyCode::Esc);
    for open in ['g', 'n'] {
        stage.key(KeyCode::Char(open));
    }
    stage.key(KeyCode::Esc);
    stage.key(KeyCode::Char('A'));
    stage.key(KeyCode::Esc);
    stage.key(KeyCode::Char('/'));
    stage.event(Event::Paste("x".into()));
    stage.event(Event::Deadline);
    stage.event(Event::Resize(columns, rows));
}

/// The whole of a cell's grapheme fits into its cells, and the styles of marks are the known ones.
pub fn cells(s: &str, columns: u16) {
    let area = Rect::new(0, 0, columns, 1);
    let mut buf = Buffer::empty(area);
    let safe = text::sanitize(s);
    let cut = text::truncate(&safe, usize::from(columns));
    let (after, _) =
        buf.set_stringn(0, 0, &cut, usize::from(columns), Style::new().add_modifier(Modifier::BOLD));
    assert_eq!(usize::from(after), text::width(&cut), "{cut:?} takes other cells than it is wide");
}
