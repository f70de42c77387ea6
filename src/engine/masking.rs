//! Answers for a role that is not to see phone numbers: their middle is hidden wherever a number says who somebody is.
//! What people write in their messages stays as it is.

use crate::model::contact::{Contact, Identity, IdentityKind};
use crate::model::ids::EventId;
use crate::model::thread::ThreadRow;
use crate::protocol::activity::ActivityAnswer;
use crate::protocol::admin::AdminAnswer;
use crate::protocol::templates::TemplateAnswer;
use crate::protocol::{ContactDetail, Response};
use crate::text::mask::numbers;

/// The answer with hidden numbers.
pub(super) fn answer(mut answer: Response) -> Response {
    match &mut answer {
        Response::Threads(page) => page.items.iter_mut().for_each(row),
        Response::ThreadRows(rows) => rows.iter_mut().for_each(row),
        Response::Thread(detail) => {
            row(&mut detail.row);
            contact(&mut detail.contact);
        }
        Response::Contacts(page) => page.items.iter_mut().for_each(whole),
        Response::Contact(detail) => whole(detail),
        Response::Found(found) => {
            found.threads.iter_mut().for_each(row);
            found.hits.items.iter_mut().for_each(|h| hide(&mut h.title));
        }
        Response::Outbox(rows) => rows.iter_mut().for_each(|o| hide(&mut o.title)),
        Response::Followed(page) => {
            page.items.iter_mut().filter_map(|line| line.thread.as_deref_mut()).for_each(row);
        }
        Response::Life(life) => {
            hide(&mut life.title);
            // As it came, with the numbers of everybody it names.
            life.webhooks.iter_mut().for_each(|w| hide(&mut w.raw));
        }
        Response::Activity(answer) => {
            if let ActivityAnswer::Rows(page) = &mut **answer {
                for row in &mut page.items {
                    row.title.iter_mut().for_each(hide);
                    // Ids are no numbers of people, and stay what they are.
                    if row.subject.split(' ').next().is_none_or(|w| w.parse::<EventId>().is_err()) {
                        hide(&mut row.subject);
                    }
                }
            }
        }
        Response::Numbers(numbers) => {
            numbers.waiting.iter_mut().chain(&mut numbers.promised).for_each(|p| hide(&mut p.title));
        }
        Response::Mentions(page) => page.items.iter_mut().for_each(|m| hide(&mut m.title)),
        Response::Screens(rows) => rows.iter_mut().for_each(|s| hide(&mut s.title)),
        Response::Watched(watched) => {
            if let Some(r) = &mut watched.row {
                row(r);
            }
        }
        Response::Admin(answer) => match &mut **answer {
            AdminAnswer::Blocked { rows, .. } => {
                for row in rows {
                    identity(&mut row.whom);
                    hide(&mut row.title);
                }
            }
            AdminAnswer::Outcome(report) => {
                report.done.iter_mut().for_each(identity);
                report.failed.iter_mut().for_each(|f| identity(&mut f.whom));
            }
            _ => {}
        },
        Response::Together(answers) => {
            for one in answers.iter_mut().flatten() {
                let plain = std::mem::replace(one, Response::Done);
                *one = self::answer(plain);
            }
        }
        Response::Template(answer) => {
            if let TemplateAnswer::Values(known) = answer.as_mut() {
                known.values.values_mut().for_each(hide);
            }
        }
        // Nothing in these says who a customer is.
        Response::Hello { .. }
        | Response::Me(_)
        | Response::Access(_)
        | Response::Accounts(_)
        | Response::Account(_)
        | Response::Messages { .. }
        | Response::MessageRows(_)
        | Response::Versions(_)
        | Response::Queued { .. }
        | Response::Noted { .. }
        | Response::TakenBack { .. }
        | Response::Checked(_)
        | Response::Templates(_)
        | Response::QuickReplies(_)
        | Response::Macros(_)
        | Response::File(_)
        | Response::Preferences(_)
        | Response::ViewCounts(_)
        | Response::Acted(_)
        | Response::Labels(_)
        | Response::Operators(_)
        | Response::Matches(_)
        | Response::Present(_)
        | Response::TakenOver(_)
        | Response::Neighbours(_)
        | Response::Status(_)
        | Response::Checks(_)
        | Response::Webhooks(_)
        | Response::Webhook(_)
        | Response::Replayed(_)
        | Response::Done => {}
    }
    answer
}

fn hide(s: &mut String) {
    if let std::borrow::Cow::Owned(hidden) = numbers(s) {
        *s = hidden;
    }
}

fn row(r: &mut ThreadRow) {
    hide(&mut r.title);
    if let Some(phone) = &mut r.phone {
        hide(phone);
    }
}

fn identity(i: &mut Identity) {
    if i.kind == IdentityKind::Phone {
        hide(&mut i.value);
    }
}

fn contact(c: &mut Contact) {
    hide(&mut c.name);
    hide(&mut c.profile_name);
    c.identities.iter_mut().for_each(identity);
}

fn whole(d: &mut ContactDetail) {
    contact(&mut d.contact);
    d.identities.iter_mut().for_each(|f| identity(&mut f.identity));
    d.threads.iter_mut().for_each(row);
}
