//! To whom an account may send: a development account can be limited to some numbers, so that trying things reaches no
//! customer. Asked before a message is queued, and again when it leaves: the list may have changed meanwhile.

use super::Shared;
use super::accounts::hindrance;
use crate::model::account::Hindrance;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::event::Recipient;
use crate::model::ids::AccountId;
use crate::model::phone;
use crate::model::thread::ThreadDetail;
use crate::protocol::account_facts::is_development;
use crate::protocol::{AccountView, Problem};
use crate::store::{DueSend, StoreError};

/// Whether the account is limited at all.
fn is_limited(view: &AccountView) -> bool {
    is_development(view) && !view.life.options.recipients.is_empty()
}

/// Why this account does not write to somebody with these identities.
fn outside<'a>(view: &AccountView, who: impl IntoIterator<Item = &'a Identity>) -> Option<Hindrance> {
    if !is_limited(view) {
        return None;
    }
    let allowed = &view.life.options.recipients;
    let listed =
        |i: &Identity| i.kind == IdentityKind::Phone && allowed.iter().any(|a| phone::same_line(a, &i.value));
    if who.into_iter().any(listed) {
        return None;
    }
    let id = &view.spec.id;
    Some(Hindrance {
        what: format!("the development account `{id}` does not send to this recipient"),
        means: "it is limited to a list of numbers, so that trying things reaches no customer".into(),
        next: format!("put the number on the list: `switchboard accounts edit {id} --recipients …`"),
        waits: false,
    })
}

/// The identities that decide: the number that is written to where it is one, else the numbers of the person.
fn deciding<'a>(to: Option<&'a Identity>, detail: Option<&'a ThreadDetail>) -> Vec<&'a Identity> {
    match to {
        Some(to) if to.kind == IdentityKind::Phone => vec![to],
        _ => detail.map(|d| d.contact.identities.iter().collect()).unwrap_or_default(),
    }
}

fn refused(why: Hindrance) -> Problem {
    Problem::new("account", why.what).means(why.means).next(why.next)
}

/// Whether the account can send to them now; what waits for the end of a pause may be queued.
pub(super) async fn check(
    shared: &Shared,
    account: &AccountId,
    to: &Recipient,
    detail: Option<&ThreadDetail>,
) -> Result<(), Problem> {
    let Some(view) = shared.view(account).await? else { return Ok(()) };
    if let Some(why) = hindrance(&view).filter(|h| !h.waits) {
        return Err(refused(why));
    }
    let typed = match to {
        Recipient::Identity { identity } => Some(identity),
        Recipient::Thread { .. } => None,
    };
    outside(&view, deciding(typed, detail)).map_or(Ok(()), |why| Err(refused(why)))
}

/// The same for an attempt that is about to start.
pub(super) async fn at_attempt(shared: &Shared, send: &DueSend) -> Result<Option<Hindrance>, StoreError> {
    let Some(view) = shared.view(&send.account).await? else { return Ok(None) };
    if let Some(why) = hindrance(&view) {
        return Ok(Some(why));
    }
    if !is_limited(&view) {
        return Ok(None);
    }
    let (message, thread) = (send.message, send.thread);
    let (open, detail) =
        shared.store.read(move |r| Ok((r.open_attempt(message)?, r.thread(thread)?))).await?;
    let to = open.as_ref().map(|o| &o.to);
    Ok(outside(&view, deciding(to, Some(&detail))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{AccountLife, AccountOptions};
    use crate::model::event::{AccountSpec, NumberFacts};

    fn limited(environment: &str, recipients: &[&str]) -> AccountView {
        let options = AccountOptions {
            recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
            ..AccountOptions::default()
        };
        AccountView {
            spec: AccountSpec {
                id: AccountId::new("try"),
                name: "Try".into(),
                provider: "meta".into(),
                environment: environment.into(),
                number: "1".into(),
                business: "2".into(),
            },
            state: "connected".into(),
            state_text: String::new(),
            facts: NumberFacts::default(),
            unread_threads: 0,
            unread: 0,
            threads: 0,
            last_webhook: None,
            templates_synced: None,
            life: AccountLife { options, ..AccountLife::default() },
        }
    }

    #[test]
    fn only_a_development_account_with_a_list_is_limited_and_only_to_it() {
        let stranger = Identity::phone("447700900123");
        assert_eq!(outside(&limited("development", &[]), [&stranger]), None);
        assert_eq!(outside(&limited("production", &["351912345678"]), [&stranger]), None);
        let view = limited("development", &["351912345678", "551188881234"]);
        let why = outside(&view, [&stranger]).unwrap();
        assert!(why.what.contains("`try`") && !why.what.contains("4477") && !why.waits, "{why:?}");
        assert_eq!(outside(&view, [&Identity::phone("351912345678")]), None);
        // The same line in its other form, as the provider may give it.
        assert_eq!(outside(&view, [&Identity::phone("5511988881234")]), None);
        // Somebody without a number that is known is nobody on the list.
        assert!(outside(&view, [&Identity::bsuid("PT.1")]).is_some());
        assert!(outside(&view, []).is_some());
        assert_eq!(outside(&view, [&Identity::bsuid("PT.1"), &Identity::phone("351912345678")]), None);
    }
}
