//! Which overlay a command opens. The one place that knows their constructors.

use super::app::{App, Conversation};
use super::command::{COMMANDS, Command, Scope, scope_title};
use super::format;
use super::overlay::Overlay;
use super::overlay::accounts::{AccountBox, AccountSwitcher, Rights, Times};
use super::overlay::activity::{ActivityBox, TimeRead};
use super::overlay::connect::ConnectBox;
use super::overlay::contact::ContactBox;
use super::overlay::doctor::DoctorBox;
use super::overlay::frame::TimeText;
use super::overlay::help::{HelpBox, HelpSection};
use super::overlay::life::LifeBox;
use super::overlay::macro_plan::Target;
use super::overlay::macros::MacroPicker;
use super::overlay::mentions::MentionList;
use super::overlay::notices::NoticeList;
use super::overlay::numbers::{NumbersBox, Range};
use super::overlay::operators::OperatorBox;
use super::overlay::palette::Palette;
use super::overlay::profile::ProfileBox;
use super::overlay::quick_replies::QuickReplyPicker;
use super::overlay::search::SearchBox;
use super::overlay::template_admin::{Here, Rights as TemplateRights, Setup, TemplateAdmin};
use super::overlay::template_form::TemplateTarget;
use super::overlay::templates::TemplatePicker;
use super::overlay::variables::{Variables, first_name, time_of_day};
use super::overlay::versions::VersionList;
use crate::model::access::{Resource, Verb};
use crate::model::contact::{IdentityKind, display_phone};
use crate::model::event::Recipient;
use crate::model::ids::{AccountId, MessageId};
use crate::model::inbound::Severity;
use crate::protocol::access::AccessRequest;
use crate::protocol::macros::MacroRequest;
use crate::protocol::{AccountView, Notice, Request};
use std::sync::Arc;

/// Kinds of overlays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Choose an account.
    Accounts,
    /// Connect numbers and see to them.
    ManageAccounts,
    /// Choose by whom a new number is connected.
    NewAccount,
    /// Insert a quick reply.
    QuickReplies,
    /// Create, change, delete quick replies.
    ManageQuickReplies,
    /// Run, create, change, delete macros.
    Macros,
    /// Choose and fill a template.
    Templates,
    /// Search.
    Search,
    /// News about numbers and templates.
    Notices,
    /// Notes that call the operator.
    Mentions,
    /// The life of a message.
    Life,
    /// Who may do what, and who is attached.
    Operators,
    /// The activity log; of the open conversation only.
    Activity { here: bool },
    /// Numbers for the lead.
    Numbers,
    /// The doctor's findings.
    Doctor,
    /// Who is on the other side.
    Contact,
    /// What a message said before it was changed.
    Versions(MessageId),
    /// Keys.
    Help,
    /// Commands, threads, templates and quick replies.
    Palette,
    /// Commands by name.
    CommandLine,
}

/// An overlay and what it wants to know at once.
pub(crate) type Opened = (Box<dyn Overlay>, Option<Request>);

/// Makes an overlay for what is on the screen; `None` where there is nothing to choose from.
pub(crate) fn open_overlay(kind: Kind, app: &App) -> Option<Opened> {
    Some(match kind {
        Kind::Accounts => {
            let overlay = AccountSwitcher::new(app.accounts.clone(), app.account.clone());
            (Box::new(overlay), Some(Request::Accounts))
        }
        Kind::ManageAccounts | Kind::NewAccount => {
            let rights = Rights {
                edit: app.may(Resource::Connection, Verb::Edit),
                rules: app.may(Resource::Operators, Verb::View),
                edit_rules: app.may(Resource::Operators, Verb::Edit),
            };
            let clock = app.clock.clone();
            let times = Times { full: full(app), now: Arc::new(move || clock.now()) };
            let (overlay, request) =
                AccountBox::new(app.accounts.clone(), app.account.as_ref(), rights, times);
            let overlay = if kind == Kind::NewAccount { overlay.beginning() } else { overlay };
            (Box::new(overlay), Some(request))
        }
        Kind::QuickReplies => {
            let picker = match app.slash_word() {
                Some(word) => reply_picker_for(app, &word).for_slash(),
                None => reply_picker(app),
            };
            (Box::new(picker), Some(Request::QuickReplies))
        }
        Kind::ManageQuickReplies => (Box::new(reply_picker(app)), Some(Request::QuickReplies)),
        Kind::Macros => {
            let request = Request::Macro { act: MacroRequest::List };
            (Box::new(MacroPicker::new(app.macros.clone())), Some(request))
        }
        Kind::Templates => {
            let (picker, request) = template_picker(app)?;
            (Box::new(picker), Some(request))
        }
        Kind::Palette | Kind::CommandLine => {
            let start = if kind == Kind::CommandLine { ":" } else { "" };
            (Box::new(Palette::new(app.choices(), app.account.clone(), start, when(app))), None)
        }
        Kind::Search => {
            let search = SearchBox::new(app.account.clone(), when(app)).reading(app.language());
            (Box::new(search), None)
        }
        Kind::Notices => (Box::new(NoticeList::new(notices(app), when(app))), None),
        Kind::Mentions => (Box::new(MentionList::new(when(app))), Some(MentionList::request(false, None))),
        Kind::Life => {
            let message = app.conversation.as_ref().and_then(|c| c.selected().or(c.messages.last()))?;
            let overlay = LifeBox::new(message.clone(), precise(app));
            (Box::new(overlay), Some(Request::MessageLife { message: message.id }))
        }
        Kind::Operators => {
            let accounts = app.accounts.iter().map(|a| (a.spec.id.clone(), a.spec.name.clone())).collect();
            let edits = app.may(Resource::Operators, Verb::Edit);
            let overlay = OperatorBox::new(app.operator.clone(), edits, accounts, when(app));
            (Box::new(overlay), Some(Request::Access { act: AccessRequest::List }))
        }
        Kind::Activity { here } => {
            let open = app.conversation.as_ref().filter(|_| here);
            let thread =
                open.map(|c| (c.thread, c.row.as_ref().map(|r| r.title.clone()).unwrap_or_default()));
            let (overlay, request) = ActivityBox::new(thread, when(app), precise(app), past(app));
            (Box::new(overlay), Some(request))
        }
        Kind::Numbers => {
            let zone = app.tz.iana_name().map(str::to_owned);
            let (overlay, _) = NumbersBox::new(ranges(app), zone, when(app), full(app));
            let shown = app.account.as_ref().and_then(|id| app.view_of(id));
            let (overlay, request) = overlay.of(shown.map(|a| (a.spec.id.clone(), a.spec.name.clone())));
            (Box::new(overlay), Some(request))
        }
        Kind::Doctor => (Box::new(DoctorBox::new()), Some(Request::Doctor)),
        Kind::Contact => {
            let contact = app.conversation.as_ref()?.contact.as_ref()?;
            (Box::new(ContactBox::new(contact, when(app))), Some(ContactBox::request(contact)))
        }
        Kind::Versions(message) => {
            (Box::new(VersionList::new(when(app))), Some(Request::Versions { message }))
        }
        Kind::Help => (Box::new(HelpBox::new(help(app))), None),
    })
}

/// The settings of a number at its provider.
pub(crate) fn profile(app: &App, view: &AccountView) -> Opened {
    let edits = app.may(Resource::Connection, Verb::Edit);
    let (overlay, request) = ProfileBox::new(view, edits, full(app));
    (Box::new(overlay), Some(request))
}

/// The templates of an account, for who makes them.
pub(crate) fn template_admin(app: &App, account: &AccountId) -> Opened {
    let accounts: Vec<(AccountId, String)> =
        app.accounts.iter().map(|a| (a.spec.id.clone(), a.spec.name.clone())).collect();
    let may = |verb| app.may(Resource::Templates, verb);
    let (kept, samples) = app.templates_begun();
    let here = app.conversation.as_ref().and_then(|c| {
        let row = c.row.as_ref()?;
        let window_open = row.window.is_open(app.clock.now());
        Some(Here { thread: c.thread, account: row.account.clone(), title: row.title.clone(), window_open })
    });
    let (overlay, request) = TemplateAdmin::new(Setup {
        at: accounts.iter().position(|(id, _)| id == account).unwrap_or(0),
        accounts,
        synced: app.view_of(account).and_then(|v| v.templates_synced),
        rights: TemplateRights {
            create: may(Verb::Create),
            edit: may(Verb::Edit),
            delete: may(Verb::Delete),
            load: may(Verb::LoadTemplate),
            send: app.may(Resource::Chat, Verb::Create),
        },
        ago: when(app),
        full: full(app),
        kept,
        samples,
        here,
    });
    (Box::new(overlay), Some(request))
}

/// The steps of connecting a number of Meta's.
pub(crate) fn connect(app: &App, view: Option<&AccountView>) -> Opened {
    let (overlay, request) = ConnectBox::new(&app.accounts, view);
    (Box::new(overlay), request)
}

fn when(app: &App) -> TimeText {
    let (now, tz) = (app.clock.now(), app.tz.clone());
    Arc::new(move |at| format::short(at, now, &tz))
}

/// Day and time.
fn full(app: &App) -> TimeText {
    let tz = app.tz.clone();
    Arc::new(move |at| format::local(at, &tz).strftime("%Y-%m-%d %H:%M").to_string())
}

/// Times that numbers are shown of: they end when today does.
fn ranges(app: &App) -> Vec<Range> {
    let end = app.clock.now() + format::until_midnight(app.clock.now(), &app.tz);
    let last = format::day(app.clock.now(), &app.tz);
    let begin = |days: i64| {
        let first = last.checked_sub(jiff::Span::new().days(days - 1)).unwrap_or(last);
        first.to_zoned(app.tz.clone()).map_or(0, |z| z.timestamp().as_millisecond())
    };
    [("today", 1), ("7 days", 7), ("30 days", 30)].map(|(word, days)| (word, begin(days), end)).to_vec()
}

/// Reads days and times in the operator's zone.
fn past(app: &App) -> TimeRead {
    let (now, tz) = (app.clock.now(), app.tz.clone());
    Arc::new(move |text| crate::text::past::parse(text, now, &tz).ok().map(|p| (p.from, p.to)))
}

fn precise(app: &App) -> TimeText {
    let tz = app.tz.clone();
    Arc::new(move |at| format::precise(at, &tz))
}

/// First name, name and number of who is talked to. The contact is still on its way when keys open a thread and a
/// picker at once: the list's row stands in.
fn person(conversation: Option<&Conversation>) -> (String, String, String) {
    let Some(c) = conversation else { return Default::default() };
    let (name, phone) = match (&c.contact, &c.row) {
        (Some(c), _) => {
            let name = if c.name.is_empty() { &c.profile_name } else { &c.name };
            (name.clone(), c.identity(IdentityKind::Phone))
        }
        (None, Some(row)) => (row.title.clone(), row.phone.as_deref()),
        (None, None) => return Default::default(),
    };
    (first_name(&name), name, phone.map(display_phone).unwrap_or_default())
}

fn variables(app: &App) -> Variables {
    let conversation = app.conversation.as_ref();
    let (first, name, phone) = person(conversation);
    let account = conversation
        .and_then(|c| c.row.as_ref())
        .and_then(|row| app.accounts.iter().find(|a| a.spec.id == row.account));
    Variables {
        contact_name: name,
        contact_first_name: first,
        contact_phone: phone,
        operator_name: app.operator.clone(),
        account_name: account.map(|a| a.spec.name.clone()).unwrap_or_default(),
        time_of_day: time_of_day(app.clock.now(), &app.tz).to_owned(),
        account_phone: account.map(|a| a.facts.display_phone.clone()).unwrap_or_default(),
    }
}

/// What the provider's side said, after what is wrong with the operator's own keys.
fn notices(app: &App) -> Vec<Notice> {
    let own = app.key_problems.iter().map(|text| Notice {
        at: app.clock.now(),
        account: AccountId::new("keys.toml"),
        severity: Severity::Warning,
        text: text.clone(),
    });
    own.chain(app.status.notices.iter().cloned()).collect()
}

/// The quick replies, for the open thread.
pub(crate) fn reply_picker(app: &App) -> QuickReplyPicker {
    reply_picker_for(app, "")
}

fn reply_picker_for(app: &App, word: &str) -> QuickReplyPicker {
    QuickReplyPicker::new(app.quick_replies.clone(), word, variables(app))
}

/// What a macro is told of the open thread.
pub(crate) fn macro_target(app: &App) -> Option<Target> {
    let c = app.conversation.as_ref()?;
    let row = c.row.as_ref()?;
    let upto = c.messages.iter().map(|m| m.at).max().unwrap_or(0).max(row.last_at);
    Some(Target {
        thread: c.thread,
        title: row.title.clone(),
        vars: variables(app),
        replies: app.quick_replies.clone(),
        window: row.window.left(app.clock.now()),
        labels: app.desk.labels.iter().map(|l| l.label.clone()).collect(),
        me: app.operator.clone(),
        read_time: app.read_time(),
        newest: (upto, c.messages.iter().map(|m| m.stored_at).max()),
    })
}

/// The templates of the open thread's account, and what it wants to know at once.
pub(crate) fn template_picker(app: &App) -> Option<(TemplatePicker, Request)> {
    let c = app.conversation.as_ref()?;
    let row = c.row.as_ref()?;
    let view = app.accounts.iter().find(|a| a.spec.id == row.account);
    let (first, _, phone) = person(Some(c));
    let target = TemplateTarget {
        account: row.account.clone(),
        account_name: view.map_or_else(|| row.account.to_string(), |v| v.spec.name.clone()),
        to: Recipient::Thread { thread: c.thread },
        contact_name: row.title.clone(),
        first_name: first,
        phone,
        draft: c.composer.text().to_owned(),
        window_open: row.window.is_open(app.clock.now()),
        mask: app.theme.mask,
        mapped: true,
        marketing_opt_out: c.contact.as_ref().is_some_and(|c| c.marketing_opt_out),
    };
    Some((templates_for(app, target), Request::Templates { account: row.account.clone() }))
}

/// The templates for somebody.
pub(crate) fn templates_for(app: &App, target: TemplateTarget) -> TemplatePicker {
    let known = app.templates.get(&target.account).cloned().unwrap_or_default();
    let synced = app.view_of(&target.account).and_then(|v| v.templates_synced);
    TemplatePicker::new(target, known, synced, when(app)).with_samples(app.templates_begun().1)
}

fn help(app: &App) -> Vec<HelpSection> {
    let keys = |scope, c: &Command| app.keymap.keys_of(scope, c.id).collect::<Vec<_>>().join("  ");
    let line = |scope, c: &Command| {
        let keys = keys(scope, c);
        (if keys.is_empty() { format!(":{}", c.id) } else { keys }, c.help.to_owned())
    };
    // What is the same in the list and in a conversation is said once.
    let both = [Scope::List, Scope::Conversation];
    let shared =
        |c: &&Command| both.iter().all(|s| c.scopes.contains(s)) && keys(both[0], c) == keys(both[1], c);
    let of = |scope: Scope| HelpSection {
        title: scope_title(scope).to_owned(),
        rows: COMMANDS
            .iter()
            .filter(|c| app.may_run(c) && c.scopes.contains(&scope) && !(both.contains(&scope) && shared(c)))
            .map(|c| line(scope, c))
            .collect(),
    };
    let common = HelpSection {
        title: "thread list and conversation".into(),
        rows: COMMANDS.iter().filter(|c| app.may_run(c) && shared(c)).map(|c| line(Scope::List, c)).collect(),
    };
    // Where the keys are comes first.
    let (list, conversation, writing) = (of(Scope::List), of(Scope::Conversation), of(Scope::Composer));
    match app.scope {
        Scope::List => vec![list, common, conversation, writing],
        Scope::Conversation => vec![conversation, common, list, writing],
        Scope::Composer => vec![writing, conversation, common, list],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::tests::Script;

    #[test]
    fn the_help_has_every_command_of_a_place_once_and_this_place_first() {
        let mut script = crate::tui::app::tests::inbox();
        let mut app = script.start((120, 36));
        for (keys, first) in [("", "thread list"), ("Enter", "conversation"), ("r", "writing")] {
            if !keys.is_empty() {
                script.keys(&mut app, keys);
            }
            let sections = help(&app);
            assert_eq!(sections[0].title, first);
            let rows: Vec<&(String, String)> = sections.iter().flat_map(|s| &s.rows).collect();
            for c in COMMANDS {
                assert!(rows.iter().any(|(_, does)| does == c.help), "{}", c.id);
            }
            let listed = |s: &HelpSection| s.rows.iter().filter(|(_, d)| d == "resolve and stay").count();
            assert_eq!(sections.iter().map(listed).sum::<usize>(), 1);
        }
    }

    #[test]
    fn a_picker_knows_the_customer_before_the_details_come() {
        let mut script = Script::new();
        let thread = script.thread("Marta Souza", Some("5511988881234"), None);
        script.say(thread, 5, true, crate::model::Body::text("Oi!"));
        let mut app = script.start((120, 36));
        let c = app.conversation.as_mut().unwrap();
        c.contact = None;
        let (first, name, phone) = person(app.conversation.as_ref());
        assert_eq!(first, "Marta");
        assert_eq!(name, "Marta Souza");
        assert_eq!(phone, "+55 11 98888-1234");
        assert_eq!(person(None), Default::default());
    }
}
