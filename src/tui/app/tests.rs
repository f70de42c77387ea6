//! A scripted engine for the tests of the state and of the screen.

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
use crossterm::event::{KeyCode, KeyModifiers};

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
        life: crate::model::account::AccountLife::default(),
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
    pub labels: Vec<crate::protocol::LabelRow>,
    pub replies: Vec<QuickReply>,
    pub macros: Vec<crate::model::macros::Macro>,
    /// What the operator may do; an engine that does not say when there is none.
    pub role: Option<Role>,
    pub access: crate::protocol::access::AccessList,
    /// Who else is where, who may be followed, and what they do.
    pub present: crate::protocol::presence::Present,
    pub screens: Vec<crate::protocol::presence::ScreenRow>,
    pub watched: crate::protocol::presence::Watched,
    /// What taking over brings.
    pub taken: crate::protocol::presence::TakenOver,
    /// What a second writer is told.
    pub claim: Option<Problem>,
    /// Notes that call the operator, and how many were not read.
    pub mentions: u32,
    /// Templates as their makers see them.
    pub templates: crate::tui::overlay::template_admin::sample::Fake,
    pub mention_rows: Vec<crate::protocol::mentions::MentionRow>,
    pub log: Vec<Request>,
    pub refuse: Option<Problem>,
    pub refuse_drafts: Option<Problem>,
    /// Files of the operator.
    pub disk: super::files_tests::Disk,
    pub clock: Clock,
    pub sequence: u64,
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
            replies: Vec::new(),
            macros: Vec::new(),
            status: Status {
                listener: Some("127.0.0.1:8080".into()),
                last_webhook: Some(NOW - 9 * MIN),
                ..Status::default()
            },
            labels: Vec::new(),
            role: None,
            access: crate::protocol::access::AccessList {
                book: crate::model::access::AccessBook::new(),
                attached: Vec::new(),
            },
            present: crate::protocol::presence::Present::default(),
            screens: Vec::new(),
            watched: crate::protocol::presence::Watched::default(),
            taken: crate::protocol::presence::TakenOver::default(),
            claim: None,
            templates: crate::tui::overlay::template_admin::sample::Fake::default(),
            mentions: 0,
            mention_rows: Vec::new(),
            log: Vec::new(),
            refuse: None,
            refuse_drafts: None,
            disk: super::files_tests::Disk::default(),
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
            handling: crate::model::handling::Handling::default(),
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
            Place::Oldest => (0, limit.min(all.len())),
            Place::Time(time) => {
                let i = all.iter().position(|m| m.at >= time).unwrap_or(all.len());
                (i.saturating_sub(limit / 2), (i + limit / 2).min(all.len()))
            }
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

    /// What a search in a thread finds.
    fn matches(&self, thread: ThreadId, text: &str) -> Response {
        let query = crate::text::query::parse(text, NOW, &TimeZone::UTC).unwrap();
        let hit = |m: &&Message| {
            m.thread == thread && crate::text::fold::has_all(&m.body.plain_text(), &query.needles())
        };
        let items = self.messages.iter().rev().filter(hit).map(|m| (m.id, m.at)).collect();
        Response::Matches(crate::protocol::Matches { thread, items, next: None })
    }

    fn rules(&mut self, act: crate::protocol::access::AccessRequest) -> Result<Response, Problem> {
        use crate::protocol::access::AccessRequest as A;
        let book = &mut self.access.book;
        let done = match act {
            A::List => return Ok(Response::Access(Box::new(self.access.clone()))),
            A::SaveRole { role } => book.save_role(role),
            A::DeleteRole { name } => book.delete_role(&name),
            A::SaveOperator { entry } => book.save_operator(entry),
            A::DeleteOperator { who } => book.delete_operator(&who),
            A::SetAccount { account, rule } => book.set_account(account, rule),
            A::SaveTeam { name, members } => book.save_team(&name, &members),
            A::SetSharing { rules } => book.set_sharing(rules),
        };
        done.map(|()| Response::Done).map_err(|e| Problem::new("refused", e.to_string()))
    }

    fn presence(&mut self, act: crate::protocol::presence::PresenceRequest) -> Result<Response, Problem> {
        use crate::protocol::presence::PresenceRequest as P;
        Ok(match act {
            P::Here { .. } | P::Who { .. } => Response::Present(self.present.clone()),
            P::Claim { .. } => self.claim.take().map_or(Ok(Response::Done), Err)?,
            P::TakeOver { .. } => Response::TakenOver(self.taken.clone()),
            P::Watch { operator: None } => Response::Done,
            P::Watch { operator: Some(operator) } => {
                self.watched.operator = operator;
                Response::Watched(Box::new(self.watched.clone()))
            }
            P::Watched => Response::Watched(Box::new(self.watched.clone())),
            P::Screens => Response::Screens(self.screens.clone()),
        })
    }

    fn mentioned(&mut self, act: &crate::protocol::mentions::MentionRequest) -> Response {
        use crate::protocol::mentions::MentionRequest as M;
        match act {
            M::List { unread, .. } => {
                let items = self.mention_rows.iter().filter(|m| !(*unread && m.read)).cloned().collect();
                Response::Mentions(Page { items, next: None })
            }
            M::Read { notes } => {
                let wanted = |m: &&mut crate::protocol::mentions::MentionRow| {
                    notes.is_empty() || notes.contains(&m.note)
                };
                self.mention_rows.iter_mut().filter(wanted).for_each(|m| m.read = true);
                Response::Done
            }
        }
    }

    pub fn answer(&mut self, request: Request) -> Result<Response, Problem> {
        self.log.push(request.clone());
        Ok(match request {
            Request::Hello { protocol, version, .. } => {
                Response::Hello { protocol, version, operator: "ana".into() }
            }
            Request::Me => match &self.role {
                Some(role) => Response::Me(Box::new(crate::protocol::access::Me {
                    operator: "ana".into(),
                    role: role.clone(),
                    teams: BTreeSet::new(),
                    mentions: self.mentions,
                })),
                None => Response::Done,
            },
            Request::Access { act } => self.rules(act)?,
            Request::Account { act } => {
                crate::tui::overlay::accounts::sample::answer(&mut self.accounts, act)?
            }
            Request::Admin { act } => crate::tui::overlay::profile::tests::answer(act),
            Request::Template { act } => self.templates.answer(*act)?,
            Request::Wizard { act } => crate::tui::overlay::connect::tests::answer(&act),
            Request::Activity { .. } => crate::tui::overlay::activity::sample(),
            Request::Numbers { wanted } => crate::tui::overlay::numbers::sample(wanted),
            Request::Presence { act } => self.presence(act)?,
            Request::Mentions { act } => self.mentioned(&act),
            Request::Share { threads, .. } => {
                Response::Acted(crate::protocol::Acted { done: threads.len() as u32, left: 0 })
            }
            Request::Accounts => Response::Accounts(self.accounts.clone()),
            Request::Status => Response::Status(Box::new(self.status.clone())),
            Request::Threads { filter, before, limit, .. } => {
                let wanted = |t: &&ThreadRow| filter.wants(t, "ana", self.clock.now());
                let mut rows: Vec<ThreadRow> = self.threads.iter().filter(wanted).cloned().collect();
                if filter == ThreadFilter::Window {
                    rows.sort_by_key(|t| t.window.until);
                }
                let from = before.map_or(0, |c| c.row as usize);
                let to = (from + limit as usize).min(rows.len());
                let next = (to < rows.len()).then(|| Cursor { at: rows[to - 1].last_at, row: to as i64 });
                Response::Threads(Page { items: rows[from..to].to_vec(), next })
            }
            Request::Filtered { filter, .. } => self.filtered(&filter)?,
            Request::ViewCounts { .. } => self.counts(),
            Request::Labels => Response::Labels(self.labels.clone()),
            Request::SaveLabel { label } => self.save_label(label),
            Request::Operators => Response::Operators(vec!["ana".into(), "bo".into()]),
            Request::Act { threads, act } => self.act(&threads, &act),
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
                    blocked: None,
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
            Request::FindInThread { thread, text, .. } => self.matches(thread, &text),
            Request::Neighbours { messages } => {
                let line = |m: &Message| crate::protocol::Line {
                    direction: m.direction,
                    at: m.at,
                    kind: m.body.kind().into(),
                    text: m.body.plain_text(),
                };
                let around = messages.into_iter().filter_map(|id| {
                    let thread = self.messages.iter().find(|m| m.id == id)?.thread;
                    let all: Vec<&Message> = self.messages.iter().filter(|m| m.thread == thread).collect();
                    let i = all.iter().position(|m| m.id == id)?;
                    let before = i.checked_sub(1).map(|i| line(all[i]));
                    let after = all.get(i + 1).map(|m| line(m));
                    Some(crate::protocol::Neighbours { message: id, before, after })
                });
                Response::Neighbours(around.collect())
            }
            Request::Search { text, .. } => {
                let query = crate::text::query::parse(&text, NOW, &TimeZone::UTC).unwrap();
                let hit = |m: &&Message| crate::text::fold::has_all(&m.body.plain_text(), &query.needles());
                let hits = self.messages.iter().rev().filter(hit).map(|m| crate::protocol::Hit {
                    message: m.clone(),
                    title: self.threads.iter().find(|t| t.id == m.thread).unwrap().title.clone(),
                    snippet: m.body.plain_text(),
                });
                let hits = Page { items: hits.collect(), next: None };
                Response::Found(Box::new(crate::protocol::Found { threads: Vec::new(), hits }))
            }
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
            Request::File { act } => Response::File(self.disk.file(act)?),
            Request::TakeBack { message } => {
                self.change(message, |m| (m.state, m.waits) = (DeliveryState::Cancelled, None));
                let m = self.messages.iter().find(|m| m.id == message).unwrap();
                let content = match super::files_tests::content(&m.body) {
                    Some(file) => file,
                    None => Outgoing::text(m.body.plain_text()),
                };
                Response::TakenBack { thread: m.thread, content: Box::new(content), quote: None }
            }
            Request::SaveDraft { thread, mode, text } => {
                if let Some(p) = self.refuse_drafts.clone() {
                    return Err(p);
                }
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
            Request::QuickReplies if !self.replies.is_empty() => Response::QuickReplies(self.replies.clone()),
            Request::Macro { act: crate::protocol::macros::MacroRequest::List } => {
                Response::Macros(self.macros.clone())
            }
            Request::Together { requests } => {
                let mut results = Vec::new();
                for request in requests {
                    results.push(self.answer(request));
                    if results.last().is_some_and(Result::is_err) {
                        break;
                    }
                }
                Response::Together(results)
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
                    Effect::Files(look) => next.extend(self.disk.look(app, look)),
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

    pub fn sent(&self) -> Vec<&str> {
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
