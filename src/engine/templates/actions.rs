//! Business actions: a name that sends a template with the values of its mapping. The same from a program outside, which
//! names each of its calls, so that a call that is repeated sends nothing twice.

use super::super::access::{self, Who};
use super::super::files::Uploads;
use super::super::{Engine, Shared, session};
use super::sending::{self, Wish};
use super::{missing, values};
use crate::model::client::ClientInfo;
use crate::model::contact::Identity;
use crate::model::event::Recipient;
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::model::media::{FileHash, StoredFile};
use crate::model::outgoing::FieldProblem;
use crate::model::phone;
use crate::model::template::Values;
use crate::model::template::local::{ActionDefinition, check_action_name};
use crate::protocol::files::{FileAnswer, FileRequest, PART_MAX, Piece};
use crate::protocol::templates::{TemplateRequest, TemplateRow};
use crate::protocol::{Problem, Request, Response};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Whose doing a call from outside is; an operator of this name gets the role that it has.
const CALLER: &str = "api";
/// Longest name that a call may have.
const KEY_MAX: usize = 255;

/// An action that somebody wants to be done.
pub(super) struct Deed {
    pub account: Option<AccountId>,
    pub name: String,
    pub to: Recipient,
    pub values: Values,
    pub file: Option<StoredFile>,
    pub id: Option<MessageId>,
}

/// The account and what the action does there.
async fn find(
    who: &Who,
    account: Option<&AccountId>,
    to: &Recipient,
    name: &str,
) -> Result<(AccountId, ActionDefinition), Problem> {
    let shared: &Shared = &who.shared;
    let unknown = |account: Option<&AccountId>| {
        let place = account.map(|a| format!(" on `{a}`")).unwrap_or_default();
        let mut problem = Problem::not_found(format!("there is no action `{name}`{place}"))
            .next("`switchboard actions` lists those that there are");
        problem.field = Some("action".into());
        problem
    };
    let named = match (account, to) {
        (None, Recipient::Identity { .. }) => None,
        _ => Some(session::which_account(shared, account.cloned(), to).await?),
    };
    let wanted = named.clone();
    let all = shared.store.read(move |r| r.actions(wanted.as_ref())).await?;
    let mut fits = all.into_iter().filter(|(a, row)| {
        row.name == name && who.access.scope.has_account(a) && shared.account(a).is_some()
    });
    match (fits.next(), fits.next()) {
        (None, _) => Err(unknown(named.as_ref())),
        (Some((account, row)), None) => Ok((account, row.action)),
        (Some((first, _)), Some((second, _))) => {
            let text =
                format!("`{first}`, `{second}` and maybe others have this action; name the one to send from");
            Err(FieldProblem::new("account", text).into())
        }
    }
}

/// The language that it goes out in: the action's, else the first that may be sent.
async fn language(who: &Who, account: &AccountId, action: &ActionDefinition) -> Result<TemplateRow, Problem> {
    let (id, template) = (account.clone(), action.template.clone());
    let rows = who.shared.store.read(move |r| r.template_rows(&id, Some(&template))).await?;
    let role = &who.access.role.name;
    let fits = |r: &&TemplateRow| action.language.is_empty() || r.template.language == action.language;
    let best = rows.iter().filter(fits).find(|r| r.template.is_sendable() && r.settings.admits(role));
    // Where none may be sent, the first says why.
    best.or_else(|| rows.iter().find(fits))
        .cloned()
        .ok_or_else(|| missing(&action.template, &action.language))
}

/// Does an action.
pub(super) async fn act(who: &Who, deed: Deed) -> Result<Response, Problem> {
    let Deed { account, name, to, values: said, file, id } = deed;
    check_action_name(&name)?;
    let (account, action) = find(who, account.as_ref(), &to, &name).await?;
    let row = language(who, &account, &action).await?;
    let fields = row.template.fields();
    let of_a_field = |k: &str| ["header.", "body.", "button."].iter().any(|part| k.starts_with(part));
    if let Some(key) = said.keys().find(|k| of_a_field(k) && fields.iter().all(|f| f.key != **k)) {
        let text = format!("the template `{}` has no such value", row.template.name);
        return Err(FieldProblem::new(key, text).into());
    }
    let vars = values::known(who, &account, &to).await?;
    let (own, given) = values::apart(&row.template, &said);
    let mappings = [&action.mapping, &row.settings.mapping];
    let mut known = values::resolve(&row.template, &mappings, &vars, &own, &given)?;
    // What stands in for the file is not asked for.
    if file.is_some() {
        known.missing.remove("header.link");
        known.values.remove("header.link");
    }
    let required = |key: &String| fields.iter().any(|f| f.key == *key && f.required);
    if let Some((field, names)) = known.missing.iter().find(|(key, _)| required(key)) {
        let text = format!("`{name}` needs {}", names.join(", "));
        return Err(
            Problem::from(FieldProblem::new(field, text)).next("give it with the call: --set KEY=VALUE")
        );
    }
    let wish = Wish {
        account: Some(account),
        to,
        name: row.template.name,
        language: row.template.language,
        values: known.values,
        file,
        knowing: false,
        // Who calls an action has thought about it.
        at: Some(0),
        id,
    };
    sending::send(who, wish).await
}

/// A call from outside.
#[derive(Clone, Debug, Default)]
pub struct ActionCall {
    /// The action's name.
    pub name: String,
    /// From which account; `None` = the only one that has the action.
    pub account: Option<String>,
    /// To whom: a phone number with its country code, a user id, or the id of a thread.
    pub to: String,
    /// Values, by the names in the mappings.
    pub set: Values,
    /// The file of the header: name and bytes.
    pub file: Option<(String, Vec<u8>)>,
    /// What the caller calls this call.
    pub key: Option<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionDone {
    /// The message.
    pub message: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// Whether this call had been made before: nothing was sent now.
    pub repeated: bool,
}

fn recipient(to: &str) -> Result<Recipient, FieldProblem> {
    let to = to.trim();
    if let Ok(thread) = to.parse::<ThreadId>() {
        return Ok(Recipient::Thread { thread });
    }
    if let Some(number) = phone::typed(to) {
        return Ok(Recipient::Identity { identity: Identity::phone(number) });
    }
    let user = to.split_once('.').is_some_and(|(country, id)| {
        country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if user {
        return Ok(Recipient::Identity { identity: Identity::bsuid(to) });
    }
    Err(FieldProblem::new(
        "to",
        "has to be a phone number with its country code, a user id, or the id of a thread",
    ))
}

/// Hands bytes over as a client does.
async fn hand_over(who: &Who, shared: &Arc<Shared>, name: &str, bytes: &[u8]) -> Result<StoredFile, Problem> {
    let uploads = Uploads::new(shared);
    let odd = || Problem::new("engine", "the file was not taken");
    let asked = async |act: FileRequest| match uploads.answer(who, act).await? {
        Response::File(answer) => Ok(answer),
        _ => Err(odd()),
    };
    let begin = FileRequest::Begin { name: name.to_owned(), size: bytes.len() as u64 };
    let FileAnswer::Begun { upload } = asked(begin).await? else { return Err(odd()) };
    let mut at = 0;
    for part in bytes.chunks(PART_MAX) {
        asked(FileRequest::Part { upload, at, bytes: Piece(part.to_vec()) }).await?;
        at += part.len() as u64;
    }
    let hash = FileHash(Sha256::digest(bytes).into());
    match asked(FileRequest::End { upload, hash }).await? {
        FileAnswer::Stored { file } => Ok(file),
        _ => Err(odd()),
    }
}

impl Engine {
    /// Does an action for a program outside, which has shown that it may ask.
    pub async fn action(&self, call: ActionCall, source: &str) -> Result<ActionDone, Problem> {
        let shared = &self.shared;
        let client = ClientInfo::inside(CALLER).telling("", source);
        let who = access::program(shared, &client).await?;
        let id = match &call.key {
            None => None,
            Some(key) if key.is_empty() || key.len() > KEY_MAX => {
                let text = format!("has to have 1 to {KEY_MAX} characters");
                return Err(FieldProblem::new("Idempotency-Key", text).into());
            }
            Some(key) => Some(MessageId::derived(&["action", &call.name, key])),
        };
        let to = recipient(&call.to)?;
        let asked = |file| TemplateRequest::Act {
            account: call.account.as_ref().map(AccountId::new),
            name: call.name.clone(),
            to: to.clone(),
            values: call.set.clone(),
            file,
        };
        // The rules are asked before anything is kept or told.
        access::gate(&who, &Request::Template { act: Box::new(asked(None)) }).await?;
        if let Some(id) = id
            && let Some(m) = shared.store.read(move |r| r.message_rows(&[id])).await?.pop()
        {
            return Ok(ActionDone { message: m.id, thread: m.thread, repeated: true });
        }
        let file = match &call.file {
            None => None,
            Some((name, bytes)) => Some(hand_over(&who, shared, name, bytes).await?),
        };
        let deed = Deed {
            account: call.account.as_ref().map(AccountId::new),
            name: call.name.clone(),
            to: to.clone(),
            values: call.set.clone(),
            file,
            id,
        };
        match act(&who, deed).await? {
            Response::Queued { message, thread } => Ok(ActionDone { message, thread, repeated: false }),
            _ => Err(Problem::new("engine", "the action was not done")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_a_number_a_user_or_a_thread() {
        assert!(
            matches!(recipient("+44 7700 900123"), Ok(Recipient::Identity { identity }) if identity.value == "447700900123")
        );
        assert!(matches!(recipient("GB.7700900123"), Ok(Recipient::Identity { .. })));
        let thread = ThreadId::new();
        assert_eq!(recipient(&thread.to_string()), Ok(Recipient::Thread { thread }));
        for odd in ["", "Marta", "12", "gb.1", "@marta"] {
            assert_eq!(recipient(odd).unwrap_err().field, "to", "{odd}");
        }
    }
}
