//! `accounts connect --provider meta`: the steps of the wizard, with what is given, or asked for on the terminal. What is done
//! already is not asked for again.

use super::super::accounts_args::Connect;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::{Context, ask as terminal};
use crate::model::account::{KeptAccount, SecretKey};
use crate::model::event::AccountSpec;
use crate::model::outgoing::FieldProblem;
use crate::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use crate::protocol::wizard::{WizardRequest, WizardStep, values};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize;
use std::path::Path;

/// Where Meta's API is, and the version of the path behind it.
pub(super) const META: (&str, &str) = ("https://graph.facebook.com", "v25.0");
/// How often something is asked for again that was wrong.
const TRIES: usize = 5;
const TOKEN: &str = "Access token (not shown):";

/// A new account, and its steps.
pub(super) async fn make(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Connect,
) -> Result<AccountDetail, Failure> {
    // First everything that may be missing where nobody can be asked: what is refused changes nothing.
    if !terminal::somebody() {
        let given = &args.meta;
        for (there, field) in [
            (given.token_file.is_some(), "token-file"),
            (given.phone_number_id.is_some(), "phone-number-id"),
            (given.waba_id.is_some(), "waba-id"),
            (given.app_secret_file.is_some(), "app-secret-file"),
        ] {
            if !there {
                return Err(FieldProblem::new(field, "is needed where nobody can be asked").into());
            }
        }
    }
    let environment = args.environment.map_or("production", super::super::accounts_args::Environment::word);
    let account = KeptAccount {
        spec: AccountSpec {
            id: args.account.clone(),
            name: args.name.clone().unwrap_or_else(|| args.account.to_string()),
            provider: "meta".into(),
            environment: environment.into(),
            number: String::new(),
            business: String::new(),
        },
        api_base: args.api_base.clone().unwrap_or_else(|| META.0.to_owned()),
        api_version: META.1.into(),
        subscribe: !args.meta.by_hand,
        read_receipts: true,
    };
    let mut tries = 0;
    let detail = loop {
        let file = args.meta.token_file.as_deref().filter(|_| tries == 0);
        let typed = secret(file, false, "token-file", TOKEN).await?;
        let token = typed.unwrap_or_else(|| Secret::new(""));
        tries += 1;
        let act = AccountRequest::Begin { account: account.clone(), secret: token };
        match session.client.ask(Request::Account { act }).await {
            Ok(Response::Account(detail)) => break *detail,
            Ok(_) => return Err(strange().into()),
            Err(problem) if is_again(&problem, tries) => ctx.out.remark(&format!("✗ {}", said(&problem))),
            Err(problem) => return Err(Failure::new(problem)),
        }
    };
    taken(ctx, &detail, WizardStep::Token);
    steps(ctx, session, args, detail, true).await
}

fn strange() -> Problem {
    Problem::new("protocol", "the engine gave an answer of another kind")
}

/// Whether something that was wrong is asked for again.
fn is_again(problem: &Problem, tries: usize) -> bool {
    terminal::somebody() && tries < TRIES && problem.kind != "conflict"
}

/// Says that a step is done.
fn taken(ctx: &mut Context<'_>, detail: &AccountDetail, step: WizardStep) {
    let text = detail.setup.steps.get(step.word()).map(|s| s.text.clone()).unwrap_or_default();
    ctx.out.remark(&format!("✓ {}: {}", step.word().replace('_', " "), sanitize(&text)));
}

/// One step; what the engine says of it.
async fn take(session: &mut Session, act: WizardRequest) -> Result<AccountDetail, Problem> {
    match session.client.ask(Request::Wizard { act }).await? {
        Response::Account(detail) => Ok(*detail),
        _ => Err(strange()),
    }
}

fn done(detail: &AccountDetail, step: WizardStep) -> bool {
    detail.setup.steps.get(step.word()).is_some_and(|s| s.done)
}

/// A line that is given, known from before, or asked for.
async fn line(
    given: Option<&String>,
    known: Option<&String>,
    field: &'static str,
    question: &str,
) -> Result<String, Failure> {
    if let Some(text) = given.or(known) {
        return Ok(text.trim().to_owned());
    }
    if terminal::somebody() {
        return terminal::line(question.to_owned()).await.map(|t| t.trim().to_owned());
    }
    Err(FieldProblem::new(field, "is needed where nobody can be asked").into())
}

/// A secret: from a file, or typed and not shown; nothing where the one that is here will do.
async fn secret(
    file: Option<&Path>,
    here: bool,
    field: &'static str,
    question: &str,
) -> Result<Option<Secret>, Failure> {
    match file {
        Some(file) => terminal::secret_in(file, field).await.map(Some),
        None if here => Ok(None),
        None if terminal::somebody() => terminal::secret(question.to_owned()).await.map(Some),
        None => Err(FieldProblem::new(field, "is needed where nobody can be asked").into()),
    }
}

/// Walks the steps from the first that is not done, or that something is given for. A new account came with its token.
pub(super) async fn steps(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Connect,
    mut detail: AccountDetail,
    new: bool,
) -> Result<AccountDetail, Failure> {
    for step in WizardStep::ALL {
        let given = match step {
            WizardStep::Token => args.meta.token_file.is_some() && !new,
            WizardStep::Number => args.meta.phone_number_id.is_some() || args.meta.waba_id.is_some(),
            WizardStep::AppSecret => args.meta.app_secret_file.is_some(),
            WizardStep::VerifyToken => args.meta.verify_token_file.is_some(),
            WizardStep::Register => args.meta.pin_file.is_some(),
            WizardStep::Webhooks => args.meta.by_hand,
            WizardStep::Test => args.meta.test_to.is_some(),
        };
        if done(&detail, step) && !given {
            continue;
        }
        let mut tries = 0;
        // A number that is registered needs no PIN: it is asked for when the engine says so.
        let mut pin_wanted = false;
        loop {
            // What was wrong is asked for again; what was given as an option is not given twice.
            let fresh = tries == 0;
            let Some(act) = typed(ctx, args, &detail, step, fresh, pin_wanted).await? else { break };
            tries += 1;
            match take(session, act).await {
                Ok(now) => {
                    taken(ctx, &now, step);
                    detail = now;
                    break;
                }
                Err(problem) => {
                    let pin = problem.field.as_deref() == Some("pin");
                    if !is_again(&problem, tries) {
                        return Err(Failure::new(problem));
                    }
                    pin_wanted |= pin;
                    ctx.out.remark(&format!("✗ {}", said(&problem)));
                    if step == WizardStep::Webhooks {
                        let answer = terminal::line("Press Enter to try again:".into()).await?;
                        if !answer.is_empty() {
                            return Err(Failure::new(problem));
                        }
                    }
                }
            }
        }
    }
    Ok(detail)
}

fn said(p: &Problem) -> String {
    let parts: Vec<String> = [&p.what, &p.means, &p.next]
        .into_iter()
        .filter(|s| !s.is_empty())
        .map(|s| sanitize(s).into_owned())
        .collect();
    parts.join("; ")
}

/// What a step needs; nothing where it is left out.
async fn typed(
    ctx: &mut Context<'_>,
    args: &Connect,
    detail: &AccountDetail,
    step: WizardStep,
    fresh: bool,
    pin_wanted: bool,
) -> Result<Option<WizardRequest>, Failure> {
    let account = args.account.clone();
    let given = &args.meta;
    let here = |key| fresh && detail.secrets.contains(&key);
    let file = |f: &'static str, path: Option<&'_ std::path::PathBuf>| {
        let _ = f;
        path.filter(|_| fresh).map(std::path::PathBuf::as_path).map(Path::to_owned)
    };
    Ok(Some(match step {
        WizardStep::Token => {
            let path = file("token-file", given.token_file.as_ref());
            let here = here(SecretKey::AccessToken);
            let secret = secret(path.as_deref(), here, "token-file", TOKEN).await?;
            WizardRequest::Token { account, secret }
        }
        WizardStep::Number => {
            let known = |key: &str| detail.setup.values.get(key).filter(|_| fresh);
            let number = given.phone_number_id.as_ref().filter(|_| fresh);
            let business = given.waba_id.as_ref().filter(|_| fresh);
            let number = line(number, known(values::NUMBER), "phone-number-id", "Phone number ID:").await?;
            let question = "WhatsApp Business Account ID:";
            let business = line(business, known(values::BUSINESS), "waba-id", question).await?;
            WizardRequest::Number { account, number, business }
        }
        WizardStep::AppSecret => {
            let path = file("app-secret-file", given.app_secret_file.as_ref());
            let here = here(SecretKey::AppSecret);
            let secret = secret(path.as_deref(), here, "app-secret-file", "App secret (not shown):").await?;
            WizardRequest::AppSecret { account, secret }
        }
        WizardStep::VerifyToken => {
            // One is made where none is given.
            let path = file("verify-token-file", given.verify_token_file.as_ref());
            let secret = match path {
                Some(path) => Some(terminal::secret_in(&path, "verify-token-file").await?),
                None => None,
            };
            WizardRequest::VerifyToken { account, secret }
        }
        WizardStep::Register => {
            let path = file("pin-file", given.pin_file.as_ref());
            let question = "PIN of the two-step verification, six digits (not shown):";
            let pin = secret(path.as_deref(), !pin_wanted, "pin-file", question).await?;
            WizardRequest::Register { account, pin }
        }
        WizardStep::Webhooks => {
            if given.by_hand {
                if let Some(url) = &detail.callback {
                    ctx.out.remark("enter this under WhatsApp > Configuration in the app's dashboard:");
                    ctx.out.line(&sanitize(url))?;
                }
                let file = format!("secrets/{account}.verify_token");
                ctx.out.remark(&format!("its verify token lies in {file} of the data folder"));
            }
            WizardRequest::Webhooks { account, by_hand: given.by_hand }
        }
        WizardStep::Test => {
            let to = match &given.test_to {
                Some(to) if fresh => to.clone(),
                _ if terminal::somebody() => {
                    let question = "Send a test message to (a number with its country code; empty: nobody):";
                    terminal::line(question.into()).await?
                }
                _ => return Ok(None),
            };
            if to.trim().is_empty() {
                return Ok(None);
            }
            WizardRequest::Test { account, to }
        }
    }))
}
