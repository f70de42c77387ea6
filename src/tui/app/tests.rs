//! What keys and frames of the engine do to the state; and a scripted engine for these and the screen tests.

use super::*;
use crate::model::contact::{Contact, Identity};
use crate::model::event::{AccountSpec, NumberFacts, Recipient};
use crate::model::thread::{Preview, ThreadDetail, ThreadRow};
use crate::model::{
    Body, ContactId, DeliveryError, DeliveryState, DeliveryTimes, Direction, Message, Origin, Outgoing,
    ProviderMessageId, Window,
};
use crate::protocol::preferences::Preference;
use crate::protocol::{Changed, Cursor, Page, Place, Response, Update};
use crate::tui::keymap;
use crate::tui::overlay::{Delivery, Hint};
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Friday, 21 November 2025, 09:40 UTC.
pub(crate) const NOW: Millis = 1_763_718_000_000;
const MIN: Millis = 60_000;

pub(crate) fn account(id: &str, name: &str) -> AccountView {
    AccountView {
        spec: AccountSpec {
            id: AccountId::new(id),
            name: name.into(),
            provider: "meta".into(),
            environment: if id == "lojas" { "development" } else { "production" }.into(),
            number: "1".into(),
            business: "2".into(),
        },
        state: "connected".into(),
        state_text: String::new(),
        facts: NumberFacts { display_phone: "+55 11 4000-0000".into(), ..NumberFacts::default() },
        unread_threads: 0,
        unread: 0,
        threads: 0,
        last_webhook: None,
        templates_synced: None,
    }
}

/// An engine that answers from memory.
pub(crate) struct Script {
    pub accounts: Vec<AccountView>,
    pub threads: Vec<ThreadRow>,
    pub messages: Vec<Message>,
    pub drafts: HashMap<ThreadId, String>,
    pub notes: HashMap<ThreadId, String>,
    pub preferences: BTreeMap<String, String>,
    pub status: Status,
    pub log: Vec<Request>,
    pub refuse: Option<Problem>,
    pub clock: Clock,
    sequence: u64,
}

impl Script {
    pub fn new() -> Self {
        Self {
            accounts: vec![account("support", "Acme Support"), account("lojas", "Lojas BR")],
            threads: Vec::new(),
            messages: Vec::new(),
            drafts: HashMap::new(),
            notes: HashMap::new(),
            preferences: BTreeMap::new(),
            status: Status {
                listener: Some("127.0.0.1:8080".into()),
                last_webhook: Some(NOW - 9 * MIN),
                ..Status::default()
            },
            log: Vec::new(),
            refuse: None,
            clock: Clock::manual(NOW),
            sequence: 0,
        }
    }

    /// A thread whose window closes in so many minutes.
    pub fn thread(&mut self, title: &str, phone: Option<&str>, window: Option<i64>) -> ThreadId {
        let account = AccountId::new("support");
        let contact = ContactId::derived(&[title]);
        let id = ThreadId::between(&account, contact);
        self.threads.push(ThreadRow {
            id,
            account,
            contact,
            title: title.into(),
            phone: phone.map(str::to_owned),
            last_at: 0,
            preview: None,
            unread: 0,
            window: Window { until: window.map(|m| NOW + m * MIN) },
            draft: false,
            failed: 0,
        });
        id
    }

    /// A message so many minutes ago.
    pub fn say(&mut self, thread: ThreadId, ago: i64, inbound: bool, body: Body) -> MessageId {
        let n = self.messages.len().to_string();
        let id = MessageId::derived(&["test", &n]);
        let at = NOW - ago * MIN;
        let m = Message {
            id,
            thread,
            account: AccountId::new("support"),
            direction: if inbound { Direction::Inbound } else { Direction::Outbound },
            origin: if inbound { Origin::Customer(None) } else { Origin::Operator("ana".into()) },
            at,
            stored_at: at,
            body,
            state: if inbound { DeliveryState::Received } else { DeliveryState::Read },
            times: DeliveryTimes::default(),
            error: None,
            quote: None,
            reactions: Vec::new(),
            provider_id: Some(ProviderMessageId(format!("wamid.{n}"))),
            tag: None,
            edited: false,
            waits: None,
            put_aside: false,
            also_sent: None,
            attempts: 1,
            unread: false,
            late: None,
            revision: 1,
        };
        self.messages.push(m);
        self.messages.sort_by_key(|m| m.at);
        self.refresh(thread);
        id
    }

    /// A note of ana's so many minutes ago; the thread's row stays as it is.
    pub fn note(&mut self, thread: ThreadId, ago: i64, text: &str) -> MessageId {
        let row = self.row(thread).clone();
        let id = self.say(thread, ago, false, Body::Note { text: text.into() });
        let m = self.messages.iter_mut().find(|m| m.id == id).unwrap();
        (m.state, m.provider_id, m.attempts) = (DeliveryState::Noted, None, 0);
        *self.row(thread) = row;
        id
    }

    pub fn change(&mut self, id: MessageId, f: impl FnOnce(&mut Message)) {
        let m = self.messages.iter_mut().find(|m| m.id == id).unwrap();
        f(m);
        m.revision += 1;
        let thread = m.thread;
        self.refresh(thread);
    }

    pub fn row(&mut self, thread: ThreadId) -> &mut ThreadRow {
        self.threads.iter_mut().find(|t| t.id == thread).unwrap()
    }

    fn refresh(&mut self, thread: ThreadId) {
        let last = self.messages.iter().rev().find(|m| m.thread == thread).cloned();
        let failed =
            self.messages.iter().filter(|m| m.thread == thread && m.state == DeliveryState::Failed).count()
                as u32;
        let row = self.row(thread);
        row.failed = failed;
        if let Some(m) = last {
            row.last_at = m.at;
            row.preview = Some(Preview {
                message: m.id,
                direction: m.direction,
                kind: m.body.kind().into(),
                text: m.body.plain_text().chars().take(120).collect(),
                state: m.state,
            });
        }
        self.threads.sort_by_key(|t| std::cmp::Reverse((t.last_at, t.id)));
    }

    pub fn update(&mut self, changed: Vec<Changed>) -> ServerFrame {
        self.sequence += 1;
        ServerFrame::Update(Update { seq: self.sequence, changed })
    }

    fn page(&self, thread: ThreadId, place: Place, limit: usize) -> Response {
        let all: Vec<&Message> = self.messages.iter().filter(|m| m.thread == thread).collect();
        let cursor = |i: usize| Cursor { at: all[i].at, row: i as i64 };
        let (from, to) = match place {
            Place::Newest => (all.len().saturating_sub(limit), all.len()),
            Place::Before(c) => ((c.row as usize).saturating_sub(limit), c.row as usize),
            Place::After(c) => (c.row as usize + 1, (c.row as usize + 1 + limit).min(all.len())),
            Place::Around(id) => {
                let i = all.iter().position(|m| m.id == id).unwrap();
                (i.saturating_sub(limit / 2), (i + limit / 2).min(all.len()))
            }
        };
        Response::Messages {
            items: all[from..to].iter().map(|m| (*m).clone()).collect(),
            older: (from > 0 && from < to).then(|| cursor(from)),
            newer: (to < all.len() && from < to).then(|| cursor(to - 1)),
        }
    }

    pub fn answer(&mut self, request: Request) -> Result<Response, Problem> {
        self.log.push(request.clone());
        Ok(match request {
            Request::Hello { protocol, version } => {
                Response::Hello { protocol, version, operator: "ana".into() }
            }
            Request::Accounts => Response::Accounts(self.accounts.clone()),
            Request::Status => Response::Status(Box::new(self.status.clone())),
            Request::Threads { filter, before, limit, .. } => {
                let wanted = |t: &&ThreadRow| match filter {
                    crate::model::thread::ThreadFilter::All => true,
                    crate::model::thread::ThreadFilter::Unread => t.unread > 0,
                    crate::model::thread::ThreadFilter::Failed => t.failed > 0,
                };
                let rows: Vec<ThreadRow> = self.threads.iter().filter(wanted).cloned().collect();
                let from = before.map_or(0, |c| c.row as usize);
                let to = (from + limit as usize).min(rows.len());
                let next = (to < rows.len()).then(|| Cursor { at: rows[to - 1].last_at, row: to as i64 });
                Response::Threads(Page { items: rows[from..to].to_vec(), next })
            }
            Request::People { text, .. } => {
                let has = |t: &&ThreadRow| t.title.to_lowercase().contains(&text.to_lowercase());
                Response::ThreadRows(self.threads.iter().filter(has).cloned().collect())
            }
            Request::ThreadRows { ids } => {
                Response::ThreadRows(self.threads.iter().filter(|t| ids.contains(&t.id)).cloned().collect())
            }
            Request::Thread { id } => {
                let row = self.row(id).clone();
                let identities = row.phone.iter().map(Identity::phone).collect();
                Response::Thread(Box::new(ThreadDetail {
                    contact: Contact {
                        id: row.contact,
                        name: row.title.clone(),
                        profile_name: String::new(),
                        identities,
                        marketing_opt_out: false,
                    },
                    draft: self.drafts.get(&id).cloned().unwrap_or_default(),
                    note: self.notes.get(&id).cloned().unwrap_or_default(),
                    late_unread: self
                        .messages
                        .iter()
                        .find(|m| m.thread == id && m.unread && m.late.is_some())
                        .map(|m| m.id),
                    read_at: None,
                    row,
                }))
            }
            Request::Messages { thread, place, limit } => self.page(thread, place, limit as usize),
            Request::MessageRows { ids } => {
                Response::MessageRows(self.messages.iter().filter(|m| ids.contains(&m.id)).cloned().collect())
            }
            Request::Send { to: Recipient::Thread { thread }, content, .. } => {
                if let Some(p) = self.refuse.clone() {
                    return Err(p);
                }
                let message = match content.shown() {
                    Some(body) => {
                        let id = self.say(thread, 0, false, body);
                        self.change(id, |m| m.state = DeliveryState::Queued);
                        id
                    }
                    None => MessageId::new(),
                };
                Response::Queued { message, thread }
            }
            Request::TakeBack { message } => {
                self.change(message, |m| (m.state, m.waits) = (DeliveryState::Cancelled, None));
                let m = self.messages.iter().find(|m| m.id == message).unwrap();
                let content = Outgoing::text(m.body.plain_text());
                Response::TakenBack { thread: m.thread, content: Box::new(content), quote: None }
            }
            Request::SaveDraft { thread, mode, text } => {
                let note = mode == crate::model::thread::DraftMode::Note;
                if note { &mut self.notes } else { &mut self.drafts }.insert(thread, text);
                Response::Done
            }
            Request::AddNote { thread, text } => {
                if let Some(p) = self.refuse.clone() {
                    return Err(p);
                }
                let note = self.note(thread, 0, &text);
                Response::Noted { note, thread }
            }
            Request::SetPreference { preference } => {
                self.preferences.insert(preference.key, preference.value);
                Response::Done
            }
            Request::Preferences => Response::Preferences(
                self.preferences
                    .iter()
                    .map(|(key, value)| Preference { key: key.clone(), value: value.clone() })
                    .collect(),
            ),
            Request::MarkRead { thread, .. } => {
                self.row(thread).unread = 0;
                Response::Done
            }
            _ => Response::Done,
        })
    }

    /// A screen with everything loaded.
    pub fn start(&mut self, size: (u16, u16)) -> App {
        let (mut app, effects) = App::new(self.clock.clone(), TimeZone::UTC, Theme::basic(), "ana", size);
        self.pump(&mut app, effects);
        app
    }

    /// Answers requests until there are none; gives back the other effects.
    pub fn pump(&mut self, app: &mut App, effects: Vec<Effect>) -> Vec<Effect> {
        let mut queue = effects;
        let mut rest = Vec::new();
        while !queue.is_empty() {
            let mut next = Vec::new();
            for effect in queue {
                match effect {
                    Effect::Send(frame) => {
                        let result = self.answer(frame.request);
                        next.extend(app.update(Event::Frame(ServerFrame::Answer { id: frame.id, result })));
                    }
                    other => rest.push(other),
                }
            }
            next.extend(app.update(Event::Settle));
            queue = next;
        }
        rest
    }

    /// Presses keys in their text form, separated by spaces.
    pub fn keys(&mut self, app: &mut App, keys: &str) -> Vec<Effect> {
        let mut out = Vec::new();
        for key in keymap::sequence(keys).unwrap() {
            let mut event = KeyEvent::new(key.code, key.modifiers);
            if key.code == KeyCode::Tab && key.modifiers == KeyModifiers::SHIFT {
                event.code = KeyCode::BackTab;
            }
            let effects = app.update(Event::Key(event));
            out.extend(self.pump(app, effects));
        }
        out
    }

    pub fn type_text(&mut self, app: &mut App, s: &str) {
        for c in s.chars() {
            let effects = app.update(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
            self.pump(app, effects);
        }
    }

    pub fn tell(&mut self, app: &mut App, changed: Vec<Changed>) -> Vec<Effect> {
        let frame = self.update(changed);
        let effects = app.update(Event::Frame(frame));
        let mut out = self.pump(app, effects);
        let effects = app.update(Event::Settle);
        out.extend(self.pump(app, effects));
        out
    }

    fn sent(&self) -> Vec<&str> {
        self.log
            .iter()
            .filter_map(|r| match r {
                Request::Send { content: Outgoing::Text { text, .. }, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// An inbox with many kinds of messages.
pub(crate) fn inbox() -> Script {
    let mut s = Script::new();
    s.accounts[0].unread_threads = 2;
    s.accounts[0].unread = 4;
    let old = s.thread("+49 151 2345 6789", Some("4915123456789"), None);
    s.say(
        old,
        60 * 30,
        false,
        Body::Template {
            name: "order_update".into(),
            language: "en".into(),
            header: "Your order".into(),
            text: "Hello, your order *4711* is on its way.".into(),
            footer: "Acme".into(),
            buttons: vec![],
        },
    );
    let fatima = s.thread("فاطمة السيد", Some("201001234567"), Some(20 * 60));
    s.say(fatima, 22, true, Body::text("مرحبا، أين طلبي؟ رقم الطلب 4711"));
    let thanks = s.say(fatima, 19, false, Body::text("Thank you, it arrived"));
    s.change(thanks, |m| m.state = DeliveryState::Delivered);
    let wang = s.thread("王小明", Some("8613800138000"), Some(5 * 60));
    s.say(
        wang,
        15,
        true,
        Body::Media {
            kind: crate::model::MediaKind::Image,
            media: crate::model::MediaCard { size: Some(214_000), ..Default::default() },
            caption: "请问这个订单什么时候发货？".into(),
        },
    );
    s.row(wang).unread = 1;
    let failed = s.thread("Amara 🌻", None, Some(90));
    let f = s.say(failed, 12, false, Body::text("Are you there?"));
    s.change(f, |m| {
        m.state = DeliveryState::Failed;
        m.error = Some(DeliveryError {
            code: 131_026,
            text: "Message undeliverable".into(),
            cause: Some("the number is not on WhatsApp or cannot get this message".into()),
            next: None,
        });
    });
    let marta = s.thread("Marta Souza", Some("5511988881234"), Some(192));
    s.say(marta, 60 * 26, true, Body::text("Boa tarde"));
    s.say(marta, 28, true, Body::text("Oi! Comprei ontem e ainda não recebi 😢"));
    let photo = s.say(
        marta,
        27,
        true,
        Body::Media {
            kind: crate::model::MediaKind::Image,
            media: crate::model::MediaCard {
                filename: Some("nota.jpg".into()),
                size: Some(214_000),
                ..Default::default()
            },
            caption: String::new(),
        },
    );
    s.say(marta, 27, false, Body::text("Olá *Marta*! Já estou verificando."));
    let last = s.say(marta, 9, true, Body::text("Cadê o meu pedido?"));
    s.change(last, |m| {
        m.quote = Some(crate::model::Quote {
            provider_id: "wamid.x".into(),
            message: Some(photo),
            own: false,
            text: "nota.jpg".into(),
        });
        m.reactions.push(crate::model::Reaction { emoji: "👍".into(), own: true, at: NOW });
    });
    s.row(marta).unread = 1;
    s
}

#[test]
fn the_newest_conversation_is_on_the_screen_from_the_start_and_stays_unread() {
    let mut s = inbox();
    let app = s.start((120, 36));
    assert!(app.is_ready());
    let c = app.conversation.as_ref().unwrap();
    assert_eq!((c.title(), c.messages.len()), ("Marta Souza", 5));
    assert_eq!(c.unread.map(|(_, n)| n), Some(1));
    assert!(!s.log.iter().any(|r| matches!(r, Request::MarkRead { .. })));
}

#[test]
fn opening_a_thread_marks_it_read_with_the_newest_message_shown() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    let upto = app.conversation.as_ref().unwrap().messages.last().unwrap().at;
    let marks: Vec<_> = s.log.iter().filter(|r| matches!(r, Request::MarkRead { .. })).collect();
    let thread = app.conversation.as_ref().unwrap().thread;
    assert_eq!(marks, [&Request::MarkRead { thread, upto, stored: Some(upto), receipt: true }]);
}

#[test]
fn moving_in_the_list_asks_for_nothing() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let before = s.log.len();
    s.keys(&mut app, "j j k Down");
    assert_eq!(s.log.len(), before);
    assert_eq!(app.list.cursor, 2);
}

#[test]
fn a_reply_is_sent_once_and_shown_when_the_engine_says_so() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "Sai hoje");
    s.keys(&mut app, "Enter Enter");
    assert_eq!(s.sent(), ["Sai hoje"]);
    let id = s.messages.last().unwrap().id;
    let thread = app.conversation.as_ref().unwrap().thread;
    s.tell(&mut app, vec![Changed::MessageStored { thread, message: id, inbound: false }]);
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.messages.last().unwrap().id, id);
    assert!(c.composer.is_empty() && app.scope == Scope::Composer);
}

#[test]
fn a_refused_send_keeps_every_word() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.refuse = Some(Problem::new("window_closed", "131047 closed").means("too late").next("t"));
    s.type_text(&mut app, "first");
    // The answer comes only after more was typed.
    let effects = app.update(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    app.update(Event::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)));
    s.pump(&mut app, effects);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "first\nx");
    let say = app.say.as_ref().unwrap();
    assert!(say.bad && say.text == "131047 closed · too late · → t", "{say:?}");
}

#[test]
fn a_paste_never_sends() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    let effects = app.update(Event::Paste("one\r\ntwo\r\n".into()));
    s.pump(&mut app, effects);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "one\ntwo\n");
    assert!(s.sent().is_empty());
}

#[test]
fn drafts_are_saved_after_a_pause_on_leaving_and_on_quitting() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    s.type_text(&mut app, "half");
    assert!(s.drafts.is_empty());
    s.clock.advance(drafts::DRAFT_DELAY);
    assert!(app.deadline().is_some_and(|at| at <= s.clock.now()));
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(s.drafts[&thread], "half");
    s.type_text(&mut app, " a");
    s.keys(&mut app, "Esc");
    assert_eq!(s.drafts[&thread], "half a");
    s.keys(&mut app, "i");
    s.type_text(&mut app, "nd");
    let effects = app.update(Event::Terminate);
    assert!(!effects.contains(&Effect::Quit), "the draft is on its way");
    let rest = s.pump(&mut app, effects);
    assert_eq!(s.drafts[&thread], "half and");
    assert_eq!(rest, [Effect::Quit]);
    // A new screen has it.
    let app = s.start((80, 24));
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "half and");
}

#[test]
fn quitting_does_not_wait_for_a_silent_engine_for_ever() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "x");
    app.update(Event::Terminate);
    s.clock.advance(QUIT_WAIT);
    assert!(app.update(Event::Deadline).contains(&Effect::Quit));
}

#[test]
fn a_row_that_changes_moves_to_its_place_and_the_cursor_stays_on_its_thread() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j j");
    let under = app.list.current().unwrap().id;
    let last = s.threads.last().unwrap().id;
    s.say(last, 0, true, Body::text("again"));
    s.row(last).unread = 1;
    let account = AccountId::new("support");
    let before = s.log.len();
    s.tell(
        &mut app,
        vec![
            Changed::ThreadChanged { thread: last, account: account.clone() },
            Changed::ThreadChanged { thread: last, account },
        ],
    );
    assert_eq!(s.log.len(), before + 1, "asked once");
    assert_eq!(app.list.rows[0].id, last);
    assert_eq!(app.list.current().unwrap().id, under);
}

#[test]
fn a_gap_in_the_updates_asks_again_for_everything_shown() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.tell(&mut app, vec![]);
    s.sequence += 3;
    let before = s.log.len();
    s.tell(&mut app, vec![]);
    let asked = &s.log[before..];
    assert!(asked.iter().any(|r| matches!(r, Request::Threads { .. })));
    assert!(asked.iter().any(|r| matches!(r, Request::Messages { place: Place::Newest, .. })));
    assert!(asked.iter().any(|r| matches!(r, Request::Accounts)));
}

#[test]
fn a_message_elsewhere_notifies_and_one_that_is_seen_does_not() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    let (open, other) = (s.threads[0].id, s.threads[2].id);
    let m = s.say(other, 0, true, Body::text("hey; there"));
    let out = s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: m, inbound: true }]);
    assert!(matches!(&out[..], [Effect::Notify(n)] if n.body == "hey, there"), "{out:?}");
    let m = s.say(open, 0, true, Body::text("seen"));
    assert!(
        s.tell(&mut app, vec![Changed::MessageStored { thread: open, message: m, inbound: true }]).is_empty()
    );
    app.update(Event::Focus(false));
    let m = s.say(open, 0, true, Body::text("away"));
    let out = s.tell(&mut app, vec![Changed::MessageStored { thread: open, message: m, inbound: true }]);
    // So soon after the last one it waits for what else may come.
    assert_eq!(out, []);
    let other_message = s.say(other, 0, true, Body::text("there?"));
    s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: other_message, inbound: true }]);
    assert_eq!(app.deadline(), Some(NOW + 5_000));
    s.clock.set(NOW + 5_000);
    let out = app.update(Event::Deadline);
    let told = out.iter().find_map(|e| if let Effect::Notify(n) = e { Some(n) } else { None });
    assert_eq!(told.map(|n| &*n.title), Some("2 new messages from 2 people"), "{out:?}");
}

#[test]
fn a_muted_thread_is_quiet_and_the_engine_keeps_it() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let other = s.threads[1].id;
    s.keys(&mut app, "j M");
    let kept = |s: &Script| {
        s.log.iter().rev().find_map(|r| match r {
            Request::SetPreference { preference } => Some(preference.clone()),
            _ => None,
        })
    };
    assert_eq!(kept(&s).and_then(|p| p.mutes()), Some(other));
    let m = s.say(other, 0, true, Body::text("hey"));
    assert_eq!(
        s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: m, inbound: true }]),
        []
    );
    // Another screen of the same operator lifts it.
    app.preferences_came(&[]);
    let m = s.say(other, 0, true, Body::text("hey"));
    let out = s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: m, inbound: true }]);
    assert!(matches!(&out[..], [Effect::Notify(_)]), "{out:?}");
}

#[test]
fn when_a_thread_counts_as_read_is_a_setting() {
    use crate::config::settings::ReadOn;
    let reads = |read_on: ReadOn, keys: &str, text: &str| {
        let mut s = inbox();
        let open = s.threads[0].id;
        s.row(open).unread = 2;
        let (mut app, effects) = App::new(s.clock.clone(), TimeZone::UTC, Theme::basic(), "ana", (120, 36));
        app.read_on = read_on;
        s.pump(&mut app, effects);
        s.keys(&mut app, keys);
        s.type_text(&mut app, text);
        s.keys(&mut app, "Enter");
        s.log.iter().any(|r| matches!(r, Request::MarkRead { thread, .. } if *thread == open))
    };
    // The newest thread is on the screen from the start.
    assert!(reads(ReadOn::Visible, "j k", ""));
    assert!(!reads(ReadOn::Reply, "Enter", ""));
    assert!(reads(ReadOn::Reply, "Enter r", "done"));
    assert!(reads(ReadOn::Open, "Enter", ""));
}

#[test]
fn hiding_goes_over_every_pane_and_the_notification() {
    let mut s = inbox();
    let zelda = s.thread("Zelda Quux", Some("5511988881234"), Some(60));
    s.say(zelda, 1, true, Body::text("my other number is +55 11 97777-4321"));
    let mut app = s.start((200, 50));
    s.keys(&mut app, "g g Enter g h");
    let seen = |app: &mut App| {
        let mut canvas = crate::tui::canvas::Canvas::new(200, 50);
        app.redraw();
        let mut screen = vt100::Parser::new(
            std::num::NonZeroU16::new(50).unwrap(),
            std::num::NonZeroU16::new(200).unwrap(),
            0,
        );
        screen.process(canvas.frame(app, b""));
        screen.screen().contents()
    };
    let text = seen(&mut app);
    assert!(!text.contains("98888") && !text.contains("97777"), "{text}");
    assert!(
        text.contains("+55 11 9****-1234") && text.contains("+55 11 9****-4321") && text.contains("Zelda")
    );
    s.keys(&mut app, "g h");
    let text = seen(&mut app);
    assert!(!text.contains("Zelda") && text.contains("Z. Q."), "{text}");
    s.keys(&mut app, "g h");
    assert!(seen(&mut app).contains("+55 11 97777-4321"));
}

#[test]
fn a_closed_window_takes_no_text() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "G Enter r");
    s.type_text(&mut app, "hello");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.title(), "+49 151 2345 6789");
    assert!(c.composer.is_empty() && s.sent().is_empty());
}

#[test]
fn replying_to_a_selected_message_quotes_it() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k k r");
    let quoted = app.conversation.as_ref().unwrap().quote.unwrap();
    s.type_text(&mut app, "this");
    s.keys(&mut app, "Enter");
    assert!(s.log.iter().any(|r| matches!(r, Request::Send { quote: Some(q), .. } if *q == quoted)));
    assert_eq!(app.conversation.as_ref().unwrap().quote, None);
}

#[test]
fn a_failed_message_is_retried_or_put_aside() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j Enter Ctrl+R x y");
    let id = app.conversation.as_ref().unwrap().messages[0].id;
    assert!(s.log.contains(&Request::Retry { message: id }));
    assert!(s.log.contains(&Request::Cancel { message: id }));
}

#[test]
fn copying_takes_the_text_without_what_no_terminal_may_see() {
    let mut s = inbox();
    let marta = s.threads[0].id;
    s.say(marta, 0, true, Body::text("a\u{1b}[31m\nb"));
    let mut app = s.start((120, 36));
    let out = s.keys(&mut app, "Enter y");
    assert_eq!(out, [Effect::Copy("a[31m\nb".into())]);
}

#[test]
fn a_reaction_is_one_request() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter + 3");
    assert!(s.log.iter().any(|r| {
        matches!(r, Request::Send { content: Outgoing::Reaction { emoji, .. }, .. } if emoji == "😂")
    }));
    assert!(app.overlays.is_empty());
}

/// A conversation of `n` messages.
pub(crate) fn long(n: usize) -> Script {
    let mut s = Script::new();
    let t = s.thread("Long", Some("15550102030"), Some(600));
    let proto_id = s.say(t, 0, true, Body::text("x"));
    let proto = s.messages.iter().find(|m| m.id == proto_id).unwrap().clone();
    s.messages = (0..n)
        .map(|i| Message {
            id: MessageId::derived(&["long", &i.to_string()]),
            at: NOW - (n - i) as i64 * 20_000,
            direction: if i % 3 == 0 { Direction::Outbound } else { Direction::Inbound },
            origin: if i % 3 == 0 { Origin::Operator("ana".into()) } else { Origin::Customer(None) },
            state: if i % 3 == 0 { DeliveryState::Read } else { DeliveryState::Received },
            body: Body::text(format!("message {i} {}", "word ".repeat(i % 40))),
            ..proto.clone()
        })
        .collect();
    s.refresh(t);
    s
}

/// Records what it is given.
struct Probe(std::rc::Rc<RefCell<Vec<String>>>);

impl Overlay for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }
    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Char('a') => vec![Step::Ask(Box::new(Request::Search {
                text: "zzz".into(),
                account: None,
                thread: None,
                before: None,
                limit: 1,
            }))],
            KeyCode::Char('i') => vec![Step::Insert { text: "hello".into(), from: None }, Step::Close],
            _ => vec![Step::Close],
        }
    }
    fn paste(&mut self, text: &str) -> Vec<Step> {
        self.0.borrow_mut().push(format!("paste {text}"));
        Vec::new()
    }
    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        self.0.borrow_mut().push(format!("{delivery:?}").chars().take(20).collect());
        Vec::new()
    }
    fn draw(&self, area: Rect, buf: &mut Buffer, _theme: &Theme) -> Option<Position> {
        buf.set_string(area.x + 4, area.y + 4, "┃PROBE┃", Theme::basic().strong);
        Some(Position::new(5, 4))
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("a", "ask")]
    }
}

#[test]
fn an_overlay_takes_the_keys_gets_its_answers_and_inserts_into_the_text() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "say /");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("quick_replies"));
    s.keys(&mut app, "Esc");
    let log = std::rc::Rc::new(RefCell::new(Vec::new()));
    app.show_overlay(Box::new(Probe(log.clone())), Some("/".into()));
    s.keys(&mut app, "a");
    let effects = app.update(Event::Paste("p".into()));
    s.pump(&mut app, effects);
    assert_eq!(*log.borrow(), ["Done", "paste p"]);
    s.keys(&mut app, "i");
    assert!(app.overlays.is_empty());
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "say hello");
}

#[test]
fn the_screen_says_when_the_engine_is_gone_and_still_quits() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    app.update(Event::EngineGone);
    assert!(app.say.as_ref().is_some_and(|s| s.bad));
    assert_eq!(s.keys(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn the_countdown_asks_for_the_moment_of_its_next_change_and_idle_asks_for_nothing_else() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    app.take_damage();
    app.drawn();
    let at = app.deadline().unwrap();
    assert!(at > NOW && at <= NOW + 61_000, "{}", at - NOW);
    s.clock.set(at);
    app.update(Event::Deadline);
    assert!(app.take_damage().has(Damage::CONVERSATION));
}

#[test]
fn resizing_keeps_cursor_draft_and_place() {
    let mut s = long(300);
    let mut app = s.start((160, 50));
    s.keys(&mut app, "Enter PageUp PageUp r");
    s.type_text(&mut app, "draft");
    let bottom = |app: &App| {
        let c = app.conversation.as_ref().unwrap();
        c.messages[app.visible(c).last().unwrap().index].id
    };
    let before = bottom(&app);
    for size in [(80, 24), (20, 5), (100, 30), (160, 50)] {
        let effects = app.update(Event::Resize(size.0, size.1));
        s.pump(&mut app, effects);
    }
    assert_eq!(bottom(&app), before);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "draft");
    assert_eq!(app.scope, Scope::Composer);
}

#[test]
fn a_storm_of_changes_is_one_request_at_a_time() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let (thread, account) = (s.threads[1].id, s.threads[1].account.clone());
    let mut asked = Vec::new();
    for _ in 0..100 {
        let frame = s.update(vec![
            Changed::ThreadChanged { thread, account: account.clone() },
            Changed::AccountChanged { account: account.clone() },
        ]);
        asked.extend(app.update(Event::Frame(frame)));
        asked.extend(app.update(Event::Settle));
    }
    assert_eq!(asked.len(), 2, "{asked:?}");
    let before = s.log.len();
    s.pump(&mut app, asked);
    assert_eq!(s.log.len() - before, 4, "what changed meanwhile is asked for once more");
}

#[test]
fn opening_waits_a_moment_for_the_conversation_and_no_longer() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j");
    let effects = app.update(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    assert!(app.is_waiting() && app.deadline() == Some(NOW + PATIENCE));
    s.clock.advance(PATIENCE);
    app.update(Event::Deadline);
    assert!(!app.is_waiting() && app.is_dirty());
    s.pump(&mut app, effects);
    assert!(app.conversation.as_ref().is_some_and(|c| c.loaded));
}
