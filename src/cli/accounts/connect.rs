//! `accounts connect` and `accounts reconnect`: from nothing, or from where it stopped, to a connected number.

use super::super::accounts_args::{Connect, Environment, ProviderWord, Reconnect, Waiting};
use super::super::failure::{Exit, Failure};
use super::super::output::Output;
use super::super::session::{Role, Session};
use super::super::{Context, ask as terminal};
use super::show::{Shown, print, with_rule};
use super::{all, ask, meta};
use crate::clock::Millis;
use crate::model::account::{CONNECTED, ERROR, KeptAccount, SecretKey};
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::protocol::account_facts::{Saying, link_is_over, link_words, number};
use crate::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use crate::protocol::{Changed, Problem};
use crate::text::{qr, sanitize};
use std::time::{Duration, Instant};

/// Where Kapso's API is, and the version of the path behind it.
const KAPSO: (&str, &str) = ("https://api.kapso.ai", "v24.0");
/// Without news the engine is asked again after this long.
const AGAIN: Duration = Duration::from_secs(5);

/// `accounts connect`.
pub(super) async fn run(mut ctx: Context<'_>, args: Connect) -> Result<Exit, Failure> {
    let role = role(args.waiting);
    let mut session = ctx.session(role).await?;
    let result = connected(&mut ctx, &mut session, args).await;
    session.close().await;
    print(&mut ctx, &result?)
}

/// `accounts reconnect`.
pub(super) async fn again(mut ctx: Context<'_>, args: Reconnect) -> Result<Exit, Failure> {
    let mut session = ctx.session(role(args.waiting)).await?;
    let result = async {
        let act = AccountRequest::Reconnect { account: args.account };
        let detail = ask(&mut session, act).await?;
        let detail = wait(&mut ctx, &mut session, detail, args.waiting).await?;
        with_rule(&mut session, detail).await
    }
    .await;
    session.close().await;
    print(&mut ctx, &result?)
}

/// An engine of our own has to listen: the provider is told where its webhooks go. While we wait it also works.
fn role(waiting: Waiting) -> Role {
    if waiting.no_wait { Role::Listens } else { Role::Shared }
}

async fn connected(ctx: &mut Context<'_>, session: &mut Session, args: Connect) -> Result<Shown, Failure> {
    let there = all(session).await?.into_iter().any(|a| a.spec.id == args.account);
    let detail = if there {
        let detail = ask(session, AccountRequest::Show { account: args.account.clone() }).await?;
        if detail.view.spec.provider == "meta" && detail.view.life.kept {
            same_provider(&args, &detail)?;
            // The wizard keeps no token that nobody was asked about.
            let kept = match args.meta.token_file.as_deref().filter(|_| args.unasked) {
                Some(file) => {
                    let secret = terminal::secret_in(file, "token-file").await?;
                    set_key(ctx, session, &args, &detail, secret).await?;
                    true
                }
                None => false,
            };
            let detail = meta::steps(ctx, session, &args, detail, kept).await?;
            return with_rule(session, detail).await;
        }
        go_on(ctx, session, &args, detail).await?
    } else if args.provider == Some(ProviderWord::Meta) {
        let detail = meta::make(ctx, session, &args).await?;
        return with_rule(session, detail).await;
    } else {
        make(session, &args).await?
    };
    let detail = wait(ctx, session, detail, args.waiting).await?;
    with_rule(session, detail).await
}

/// A new account, up to its link.
async fn make(session: &mut Session, args: &Connect) -> Result<AccountDetail, Failure> {
    let Some(provider) = args.provider else {
        return Err(Failure::new(
            Problem::not_found(format!("there is no account `{}`", args.account))
                .next("a new one needs --provider: `switchboard accounts connect --help`"),
        ));
    };
    let (api_base, api_version) = match provider {
        ProviderWord::Kapso => KAPSO,
        ProviderWord::Meta => meta::META,
    };
    // First everything that may be missing: what is refused changes nothing.
    let secret = match &args.api_key_file {
        Some(file) => terminal::secret_in(file, "api-key-file").await?,
        None if terminal::somebody() => terminal::secret("API key (not shown):".into()).await?,
        None => {
            return Err(FieldProblem::new("api-key-file", "is needed where nobody can be asked").into());
        }
    };
    let account = KeptAccount {
        spec: AccountSpec {
            id: args.account.clone(),
            name: args.name.clone().unwrap_or_else(|| args.account.to_string()),
            provider: provider.word().into(),
            environment: args.environment.unwrap_or(Environment::Production).word().into(),
            number: String::new(),
            business: String::new(),
        },
        api_base: args.api_base.clone().unwrap_or_else(|| api_base.to_owned()),
        api_version: api_version.into(),
        subscribe: true,
        read_receipts: true,
    };
    // Kapso is asked about the key first: a wrong one leaves nothing behind.
    ask(session, AccountRequest::Begin { account, secret }).await?;
    ask(session, AccountRequest::Connect { account: args.account.clone() }).await
}

/// Another key for one that is there. What follows may fail: that this is done is said at once.
async fn set_key(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Connect,
    detail: &AccountDetail,
    secret: Secret,
) -> Result<(), Failure> {
    let act = AccountRequest::SetSecret {
        account: args.account.clone(),
        key: SecretKey::AccessToken,
        secret: Some(secret),
        unasked: args.unasked,
    };
    ask(session, act).await?;
    let title = SecretKey::AccessToken.title(&detail.view.spec.provider);
    ctx.out.remark(&format!("the new {title} of {} is kept", args.account));
    Ok(())
}

/// An account is of one provider for ever.
fn same_provider(args: &Connect, detail: &AccountDetail) -> Result<(), Failure> {
    if let Some(provider) = args.provider.filter(|p| p.word() != detail.view.spec.provider) {
        let is = &detail.view.spec.provider;
        return Err(FieldProblem::new(
            "provider",
            format!("`{}` is an account of {is}, not of {}", args.account, provider.word()),
        )
        .into());
    }
    Ok(())
}

/// One that is there: what was begun is used, and what is given now is changed.
async fn go_on(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Connect,
    detail: AccountDetail,
) -> Result<AccountDetail, Failure> {
    same_provider(args, &detail)?;
    let spec = detail.view.defined();
    let wanted = KeptAccount {
        spec: AccountSpec {
            name: args.name.clone().unwrap_or_else(|| spec.name.clone()),
            environment: args.environment.map_or_else(|| spec.environment.clone(), |e| e.word().into()),
            ..spec.clone()
        },
        api_base: args.api_base.clone().unwrap_or_else(|| detail.api_base.clone()),
        api_version: detail.api_version.clone(),
        subscribe: true,
        read_receipts: true,
    };
    if wanted.spec != spec || wanted.api_base != detail.api_base {
        ask(session, AccountRequest::Keep { account: wanted }).await?;
    }
    let lacks = detail.view.life.kept && !detail.secrets.contains(&SecretKey::AccessToken);
    let title = SecretKey::AccessToken.title(&spec.provider);
    match &args.api_key_file {
        Some(file) => {
            let secret = terminal::secret_in(file, "api-key-file").await?;
            set_key(ctx, session, args, &detail, secret).await?;
        }
        None if lacks && terminal::somebody() => {
            let secret = terminal::secret(format!("{title} (not shown):")).await?;
            set_key(ctx, session, args, &detail, secret).await?;
        }
        None if lacks => {
            return Err(
                FieldProblem::new("api-key-file", format!("is needed: the {title} is not here")).into()
            );
        }
        None => {}
    }
    ask(session, AccountRequest::Connect { account: args.account.clone() }).await
}

/// Shows the link, and waits until somebody has connected a number there.
async fn wait(
    ctx: &mut Context<'_>,
    session: &mut Session,
    mut detail: AccountDetail,
    waiting: Waiting,
) -> Result<AccountDetail, Failure> {
    let account = detail.view.spec.id.clone();
    let give_up = Instant::now() + waiting.timeout;
    let mut told = None;
    loop {
        match detail.view.state.as_str() {
            CONNECTED => {
                if told.is_some() {
                    ctx.out.remark(&format!("connected: {}", number(&detail.view)));
                }
                return Ok(detail);
            }
            ERROR if detail.view.life.blocked => {
                return Err(Failure::new(
                    Problem::new("provider", detail.view.state_text)
                        .next(format!("mend it, then: `switchboard accounts connect {account}`")),
                ));
            }
            _ => {}
        }
        let link = detail.setup.link.clone().filter(|l| !l.url.is_empty());
        if let Some(link) = &link
            && told.as_ref() != Some(&link.url)
        {
            tell(ctx, &detail)?;
            told = Some(link.url.clone());
        }
        if waiting.no_wait {
            return Ok(detail);
        }
        let over = link.as_ref().is_some_and(|l| link_is_over(l, ctx.clock.now()));
        let left = give_up.saturating_duration_since(Instant::now());
        if left.is_zero() || over {
            let what = if over {
                "the link has expired, and nobody has connected a number"
            } else {
                "nobody has connected a number yet"
            };
            return Err(Failure::new(
                Problem::new("timeout", what)
                    .means("what was begun stays: the same customer and webhooks are used again")
                    .next(format!("go on with `switchboard accounts connect {account}`")),
            ));
        }
        news(session, &account, left.min(AGAIN)).await?;
        detail = ask(session, AccountRequest::Show { account: account.clone() }).await?;
    }
}

/// Waits for news of the account, for a while.
async fn news(session: &mut Session, account: &AccountId, longest: Duration) -> Result<(), Failure> {
    let heard = async {
        loop {
            let update = session.client.update().await?;
            let ours = |c: &Changed| match c {
                Changed::AccountChanged { account: a } => a == account,
                Changed::Resync => true,
                _ => false,
            };
            if update.changed.iter().any(ours) {
                return Some(());
            }
        }
    };
    match tokio::time::timeout(longest, heard).await {
        // Only a line that has ended gives no news and no timeout.
        Ok(None) => Err(Failure::new(
            Problem::new("engine_gone", "the engine has stopped while the number was being connected")
                .next(format!("start it, then go on with `switchboard accounts connect {account}`")),
        )),
        Ok(Some(())) | Err(_) => Ok(()),
    }
}

/// Prints the link and the code; people read them, programs read the document at the end.
fn tell(ctx: &mut Context<'_>, detail: &AccountDetail) -> Result<(), Failure> {
    let Some(link) = &detail.setup.link else { return Ok(()) };
    if ctx.out.json {
        return Ok(());
    }
    let zone = ctx.out.zone();
    let time = |at: Millis| match jiff::Timestamp::from_millisecond(at) {
        Ok(t) => t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_string(),
    };
    let (words, _) = link_words(link, &Saying { now: ctx.clock.now(), time: &time, shell: true });
    let url = sanitize(&link.url);
    ctx.out.line(&format!("Connect a number to `{}` by this link ({words}):", detail.view.spec.id))?;
    ctx.out.line(&url)?;
    code(ctx.out, &link.url)
}

/// A link as a QR code; nothing where it is too long for one.
pub(super) fn code(out: &mut Output, url: &str) -> Result<(), Failure> {
    for row in qr::lines(url).unwrap_or_default() {
        // Dark on light, whatever the colours of the terminal are.
        let row = if out.color { format!("\u{1b}[30;107m{row}\u{1b}[0m") } else { inverted(&row) };
        out.line(&row)?;
    }
    Ok(())
}

/// For a terminal without colours: most are light on dark.
fn inverted(row: &str) -> String {
    row.chars()
        .map(|c| match c {
            '█' => ' ',
            ' ' => '█',
            '▀' => '▄',
            '▄' => '▀',
            c => c,
        })
        .collect()
}
