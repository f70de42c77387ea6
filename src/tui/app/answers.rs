//! What the engine says: answers to requests, and ids of what changed.

use super::conversation::Load;
use super::{App, Asked, Damage, Effect};
use crate::model::ThreadId;
use crate::model::access::{Resource, Verb};
use crate::model::thread::DraftMode;
use crate::protocol::{Changed, Problem, Request, Response, Update};
use crate::tui::overlay::Delivery;

/// Longest text put on the clipboard, in bytes: terminals take about 74 kB of base64.
const CLIPBOARD: usize = 50_000;

impl App {
    pub(super) fn answer(&mut self, id: u64, result: Result<Response, Problem>) {
        let Some(asked) = self.asked.remove(&id) else { return };
        self.waits.remove(&id);
        self.look_at_waits();
        if let Asked::Overlay { serial, search } = asked {
            self.deliver(serial, search, result);
            return;
        }
        // A send that was looked at once more before: what came of the last of the two.
        let result = match (&asked, result) {
            (Asked::Send { .. }, Ok(Response::Together(mut results))) => {
                results.pop().unwrap_or(Ok(Response::Done))
            }
            (_, result) => result,
        };
        match result {
            Ok(response) => self.came(asked, response),
            Err(problem) => self.refused(asked, &problem),
        }
        if self.quitting.is_some() {
            self.quit_when_saved();
        }
    }

    fn came(&mut self, asked: Asked, response: Response) {
        match (asked, response) {
            (Asked::Hello, Response::Hello { operator, .. }) => {
                self.operator = crate::text::sanitize(&operator).into_owned();
                self.damage(Damage::TOP);
            }
            (Asked::Me, Response::Me(me)) => self.me_came(Some(*me)),
            (Asked::Me, _) => self.me_came(None),
            (Asked::Accounts, Response::Accounts(accounts)) => {
                self.accounts_came(accounts);
                let newest = self.accounts.iter().filter_map(|a| a.last_webhook).max();
                if newest > self.status.last_webhook {
                    self.status.last_webhook = newest;
                    self.damage(Damage::STATUS);
                }
                self.damage(Damage::TOP);
                self.greet_again();
            }
            (Asked::Preferences, Response::Preferences(all)) => self.preferences_came(&all),
            (Asked::Preferences, _) => self.preferences_came(&[]),
            (Asked::Labels, Response::Labels(labels)) => self.labels_came(labels),
            (Asked::Operators, Response::Operators(names)) => self.desk.operators = names,
            (Asked::ViewCounts, Response::ViewCounts(counts)) => self.counts_came(counts),
            (Asked::Act { words, count }, Response::Acted(acted)) => self.acted(&words, count, acted),
            (Asked::Status, Response::Status(status)) => {
                self.status = *status;
                self.damage(Damage::STATUS);
                self.greet_again();
            }
            (Asked::Threads { generation, more }, Response::Threads(page)) => {
                self.threads_came(generation, more, page);
            }
            (Asked::ThreadRows, Response::ThreadRows(rows)) => self.rows_came(rows),
            (Asked::Thread(id), Response::Thread(detail)) => {
                if let Some(c) = self.conversation.as_mut().filter(|c| c.thread == id) {
                    let late = detail.late_unread;
                    c.take_detail(*detail);
                    self.late_came(late);
                    self.place_cursor();
                    self.fit_composer();
                    self.mark_read();
                    self.damage(Damage::CONVERSATION | Damage::COMPOSER | Damage::DETAILS);
                }
            }
            (Asked::Messages { thread, load }, Response::Messages { items, older, newer })
                if self.has_open(thread) =>
            {
                self.messages_came(load, items, older, newer);
            }
            (Asked::MessageRows(thread), Response::MessageRows(rows)) if self.has_open(thread) => {
                self.message_rows_came(rows);
            }
            (Asked::Find { thread, text, more }, Response::Matches(found)) => {
                self.matches_came(thread, &text, more, found);
            }
            (Asked::Export, Response::Messages { items, newer, .. }) => self.export_page(&items, newer),
            (Asked::TakeBack, Response::TakenBack { thread, content, quote }) => {
                self.taken_back(thread, *content, quote);
            }
            (Asked::Check, Response::Checked(report)) => self.checked(&report),
            (Asked::Send { thread, .. }, Response::Queued { .. }) => self.sent(thread),
            (Asked::Files(asked), answer) => self.files_answered(asked, answer),
            (Asked::Note { thread, .. }, Response::Noted { .. }) => self.noted(thread),
            (Asked::QuickReplies, Response::QuickReplies(replies)) => self.quick_replies = replies,
            (Asked::Macros, Response::Macros(all)) => self.macros = all,
            (Asked::Templates(account), Response::Templates(list)) => {
                self.templates.insert(account, list);
            }
            (Asked::Presence(threads), Response::Present(present)) => self.present_came(threads, present),
            (Asked::TakeOver(thread), Response::TakenOver(done)) => self.took_over(thread, &done),
            (Asked::Screens, Response::Screens(screens)) => self.screens_came(screens),
            (Asked::Watched, Response::Watched(watched)) => self.watched_came(*watched),
            (Asked::Saying(words), _) => self.say(words),
            _ => {}
        }
    }

    pub(super) fn has_open(&self, thread: ThreadId) -> bool {
        self.conversation.as_ref().is_some_and(|c| c.thread == thread)
    }

    /// A send is committed: now the draft may go.
    fn sent(&mut self, thread: ThreadId) {
        self.answered(thread);
        self.drop_draft(thread, DraftMode::Reply);
    }

    fn refused(&mut self, asked: Asked, problem: &Problem) {
        match asked {
            Asked::Me => {
                self.me_came(None);
                return;
            }
            Asked::Quiet | Asked::Labels | Asked::Operators | Asked::ViewCounts | Asked::Presence(_) => {
                return;
            }
            Asked::Preferences => {
                self.preferences_came(&[]);
                return;
            }
            // Read ahead, for pickers that the role does not open.
            Asked::QuickReplies | Asked::Macros | Asked::Templates(_) if problem.kind == "forbidden" => {
                return;
            }
            Asked::Files(asked) if self.files_refused(asked.clone(), problem) => return,
            Asked::Send { thread, text, quote } => {
                self.take_back(thread, text, quote);
                if self.has_open(thread) && self.refused_for_colleague(problem) {
                    return;
                }
            }
            Asked::Note { thread, text } => self.note_refused(thread, text),
            Asked::Draft => self.draft_refused(&problem.kind),
            Asked::Thread(id) => self.lost_place(id),
            Asked::Export => self.export_failed(),
            Asked::Find { thread, .. } => self.not_found(thread),
            Asked::Threads { .. } => {
                self.started = true;
                self.list.page_failed();
            }
            Asked::Messages { thread, .. } => {
                if let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) {
                    c.page_failed();
                }
            }
            _ => {}
        }
        self.say_problem(problem);
    }

    pub(super) fn deliver(&mut self, serial: u64, search: String, result: Result<Response, Problem>) {
        let delivery = match result {
            Err(p) => Delivery::Problem(p),
            Ok(Response::Accounts(a)) => {
                self.accounts.clone_from(&a);
                Delivery::Accounts(a)
            }
            Ok(Response::Account(detail)) => Delivery::Account(detail),
            Ok(Response::Admin(answer)) => Delivery::Admin(answer),
            Ok(Response::Template(answer)) => Delivery::Template(answer),
            Ok(Response::Templates(t)) => Delivery::Templates(t),
            Ok(Response::QuickReplies(q)) => {
                self.quick_replies.clone_from(&q);
                Delivery::QuickReplies(q)
            }
            Ok(Response::Macros(all)) => {
                self.macros.clone_from(&all);
                Delivery::Macros(all)
            }
            Ok(Response::Access(list)) => Delivery::Access(list),
            Ok(Response::Activity(answer)) => Delivery::Activity(answer),
            Ok(Response::Numbers(numbers)) => Delivery::Numbers(numbers),
            Ok(Response::Labels(labels)) => {
                self.labels_came(labels.clone());
                Delivery::Labels(labels)
            }
            Ok(Response::Together(results)) => {
                self.came_together(&results);
                Delivery::Together(results)
            }
            Ok(Response::ThreadRows(rows)) => Delivery::Threads(search, rows),
            Ok(Response::Found(f)) => Delivery::Found(search, f),
            Ok(Response::Neighbours(n)) => Delivery::Neighbours(n),
            Ok(Response::Mentions(page)) => Delivery::Mentions(page),
            Ok(Response::Life(l)) => Delivery::Life(l),
            Ok(Response::Checks(c)) => Delivery::Checks(c),
            Ok(Response::Contact(d)) => Delivery::Contact(d),
            Ok(Response::Contacts(page)) => Delivery::Contacts(search, page.items),
            Ok(Response::Versions(v)) => Delivery::Versions(v),
            Ok(Response::Queued { thread, .. }) => {
                if self.has_open(thread) {
                    self.go_to_end();
                }
                Delivery::Queued(thread)
            }
            Ok(_) => Delivery::Done,
        };
        let parked = self.parked.as_mut().map(|p| &mut p.open);
        let Some(open) = self.overlays.iter_mut().chain(parked).find(|o| o.serial == serial) else {
            // The overlay is gone; a refusal is still news.
            if let Delivery::Problem(p) = delivery {
                self.say_problem(&p);
            }
            return;
        };
        let steps = open.overlay.deliver(delivery);
        self.steps(serial, steps);
        self.damage = Damage::ALL;
    }

    /// Asks again for what open overlays of a kind show.
    pub(super) fn refresh_overlays(&mut self, kind: &str, request: &Request) {
        let serials: Vec<u64> =
            self.overlays.iter().filter(|o| o.overlay.name().starts_with(kind)).map(|o| o.serial).collect();
        for serial in serials {
            self.ask(request.clone(), Asked::Overlay { serial, search: String::new() });
        }
    }

    /// Collects what changed; [`super::Event::Settle`] asks for it once.
    pub(super) fn changed(&mut self, update: Update) {
        let gap = self.sequence.is_some_and(|s| update.seq != s + 1);
        self.sequence = Some(update.seq);
        let mut resync = gap;
        self.counts_changed();
        for change in update.changed {
            match change {
                Changed::MessageStored { thread, message, inbound } => {
                    if self.has_open(thread) {
                        self.changed_messages.insert(message);
                    }
                    self.changed_threads.insert(thread);
                    if inbound && !self.is_shown(thread) {
                        *self.announce.entry(thread).or_default() += 1;
                    }
                }
                Changed::MessageChanged { thread, message } => {
                    if self.has_open(thread) {
                        self.changed_messages.insert(message);
                    }
                }
                Changed::ThreadChanged { thread, .. } => {
                    self.changed_threads.insert(thread);
                }
                Changed::SnoozeEnded { thread } => {
                    self.woken.insert(thread);
                    self.changed_threads.insert(thread);
                }
                Changed::Mentioned { thread, by, who } => self.mentioned(thread, by, &who),
                Changed::ThreadJoined { thread, into, .. } => self.joined(thread, into),
                Changed::AccountChanged { .. } => self.accounts_changed = true,
                Changed::LabelsChanged => {
                    self.refresh_overlays("labels", &Request::Labels);
                    self.ask(Request::Labels, Asked::Labels);
                }
                Changed::StatusChanged => self.status_changed = true,
                Changed::TemplatesChanged { account } => {
                    let request = Request::Templates { account: account.clone() };
                    self.refresh_overlays("template", &request);
                    self.templates_moved(&account);
                    self.ask(request, Asked::Templates(account));
                }
                Changed::QuickRepliesChanged => {
                    self.refresh_overlays("quick", &Request::QuickReplies);
                    self.ask(Request::QuickReplies, Asked::QuickReplies);
                }
                Changed::MacrosChanged => self.macros_changed(),
                Changed::AccessChanged => {
                    self.access_changed();
                    resync = true;
                }
                Changed::PreferencesChanged => self.ask(Request::Preferences, Asked::Preferences),
                Changed::DraftChanged { thread, by } => {
                    self.draft_changed(thread, &by);
                    self.watched_draft(thread, &by);
                }
                Changed::PresenceChanged { thread } => self.presence_changed(thread),
                Changed::CompanyChanged { company } => self.company_changed(company),
                Changed::TakenOver { thread, from, by } => self.taken_over(thread, &from, &by),
                Changed::WatchedChanged { operator } => self.watched_changed(&operator),
                Changed::WatchersChanged { .. } => self.watchers_changed(),
                Changed::MentionsChanged { .. } => self.ask_me(),
                Changed::Resync => resync = true,
            }
        }
        if resync {
            self.resynchronise();
        }
    }

    /// Updates were lost: ask again for everything shown.
    fn resynchronise(&mut self) {
        self.changed_threads.clear();
        self.changed_messages.clear();
        self.accounts_changed = true;
        self.status_changed = true;
        self.ask_me();
        self.look_around_again();
        self.ask(Request::Labels, Asked::Labels);
        if self.may(Resource::QuickReplies, Verb::View) {
            self.ask(Request::QuickReplies, Asked::QuickReplies);
            self.macros_changed();
        }
        self.load_threads();
        if let Some(c) = &self.conversation {
            let thread = c.thread;
            let at_end = c.is_at_end() || !c.loaded;
            self.changed_messages.extend(c.messages.iter().map(|m| m.id));
            self.ask(Request::Thread { id: thread }, Asked::Thread(thread));
            if at_end {
                self.changed_messages.clear();
                self.load_messages(Load::Newest);
            }
        }
    }

    /// Something for the clipboard.
    pub(super) fn copy(&mut self, text: &str) {
        let safe = crate::text::sanitize_lines(text).into_owned();
        if safe.is_empty() {
            self.say("there is no text in this message");
            return;
        }
        if safe.len() > CLIPBOARD {
            self.say_bad("this text is too long for the terminal's clipboard");
            return;
        }
        self.effects.push(Effect::Copy(safe));
        self.say("copied");
    }
}
