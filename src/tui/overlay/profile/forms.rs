//! The forms: what they ask, and what becomes of it.

use super::super::sheet::{Line, Sheet};
use super::{Form, ProfileBox, person};
use crate::model::business::{
    self, BotCommand, BusinessProfile, PROMPT_MAX, ProfileChange, VERTICALS, check_link_text, check_pin,
};
use crate::model::contact::{Identity, IdentityKind, display_phone};
use crate::model::delivery::DeliveryError;
use crate::protocol::Problem;
use crate::protocol::accounts::Secret;
use crate::protocol::admin::{AdminRequest, BlockedRow};
use crate::text;

/// What a form leads to.
pub(super) enum Made {
    /// A request, and what is said when it is done.
    Ask(Box<AdminRequest>, String),
    /// A file comes first.
    WithPicture { path: String, change: ProfileChange },
}

/// Somebody on the list, for people.
pub(super) fn who(row: &BlockedRow) -> String {
    if row.title.is_empty() { shown(&row.whom) } else { text::sanitize(&row.title).into_owned() }
}

pub(super) fn shown(who: &Identity) -> String {
    match who.kind {
        IdentityKind::Phone => display_phone(&who.value),
        _ => text::sanitize(&who.value).into_owned(),
    }
}

/// Why somebody was not blocked or unblocked.
pub(super) fn not_done(whom: &Identity, e: &DeliveryError) -> Problem {
    let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
    let problem = Problem::new("provider", format!("{}: {code}{}", shown(whom), e.text));
    match e.code {
        131_047 => problem
            .means("only somebody who wrote in the last 24 hours can be blocked")
            .next("block them when they write again"),
        _ => problem.means(e.cause.clone().unwrap_or_default()).next(e.next.clone().unwrap_or_default()),
    }
}

/// The line of a form that a field is.
pub(super) fn line_of(field: &str) -> &str {
    match field {
        "websites" | "websites.1" => "website1",
        "websites.2" => "website2",
        f if f.starts_with("ice_breaker") => "text",
        f if f.starts_with("command") && f.ends_with("hint") => "hint",
        f if f.starts_with("command") => "name",
        f => f,
    }
}

fn words(vertical: &str) -> String {
    VERTICALS
        .iter()
        .find(|(v, _)| *v == vertical)
        .map_or_else(|| vertical.to_owned(), |(_, w)| (*w).to_owned())
}

/// The form for something; `None` where there is nothing to change.
pub(super) fn sheet(o: &ProfileBox, form: &Form) -> Option<Sheet> {
    Some(match form {
        Form::Profile => profile(o.profile.as_ref()?),
        Form::Block => {
            let lines = vec![Line::text("whom", "Whom", "number with country code, or user id", "")];
            let about = "Who is blocked cannot write to this number, and nothing can be sent to them. Only somebody who wrote in \
                         the last 24 hours can be blocked.";
            Sheet::new("Block somebody", about, lines)
        }
        Form::IceBreaker(at) => {
            let now = at.and_then(|at| o.components.as_ref()?.prompts.get(at).cloned()).unwrap_or_default();
            let lines = vec![Line::text("text", "Question", "Opening hours", &now)];
            let about = "Stands ready under an empty chat: a customer sends it by a tap. At most three, of 80 characters.";
            Sheet::new(if at.is_some() { "Ice breaker" } else { "New ice breaker" }, about, lines)
        }
        Form::Command(at) => {
            let now = at.and_then(|at| o.components.as_ref()?.commands.get(at).cloned()).unwrap_or_default();
            let lines = vec![
                Line::text("name", "Command", "ticket: small letters, digits and _", &now.name),
                Line::text("hint", "Hint", "Look up a repair", &now.hint),
            ];
            let about = "Customers are offered it when they type a slash. At most 30.";
            Sheet::new(if at.is_some() { "Command" } else { "New command" }, about, lines)
        }
        Form::Link(code) => {
            let of =
                |code: &String| o.links.as_ref()?.iter().find(|l| l.code == *code).map(|l| l.text.clone());
            let now = code.as_ref().and_then(of).unwrap_or_default();
            let lines = vec![Line::text("text", "Writes", "Hi, I have a question about …", &now)];
            let about = "Whoever opens the link finds a chat with this already written. Another text does not change the link, \
                         nor its code.";
            Sheet::new(if code.is_some() { "Short link" } else { "New short link" }, about, lines)
        }
        Form::Register => pin(
            "Register the number",
            "The PIN of its two-step verification; a number that has none gets this one. It is not kept here.",
        ),
        Form::Pin => pin(
            "Set the PIN",
            "The PIN of the two-step verification: write it down, it is asked for when the number moves. It is not kept here.",
        ),
        Form::Code => {
            let lines = vec![Line::secret("code", "Code", "six digits; not shown")];
            Sheet::new("Verify the number", "It came to the number by text message (c has one sent).", lines)
        }
    })
}

fn pin(title: &str, about: &'static str) -> Sheet {
    Sheet::new(title, about, vec![Line::secret("pin", "PIN", "six digits; not shown")])
}

fn profile(p: &BusinessProfile) -> Sheet {
    let site = |n: usize| p.websites.get(n).map_or("", String::as_str);
    let mut verticals: Vec<String> = VERTICALS.iter().map(|(_, w)| (*w).to_owned()).collect();
    let now = words(&p.vertical);
    if !verticals.contains(&now) {
        verticals.insert(0, now.clone());
    }
    let lines = vec![
        Line::text("about", "About", "the short line under the name", &p.about),
        Line::text("description", "Description", "what the business is", &p.description),
        Line::text("address", "Address", "none", &p.address),
        Line::text("email", "E-mail", "none", &p.email),
        Line::text("website1", "Website", "none; https://…", site(0)),
        Line::text("website2", "  second", "none; https://…", site(1)),
        Line::choice("vertical", "Does", verticals, &now),
        Line::text("picture", "Picture", "as it is; a JPEG or PNG file on this machine", ""),
    ];
    let about = "Customers see all of it. What stays as it is is not sent.";
    Sheet::new("Business profile", about, lines)
}

/// What a form leads to, or which field is wrong.
pub(super) fn request(o: &ProfileBox, sheet: &Sheet, form: &Form) -> Result<Made, Problem> {
    let account = o.account.clone();
    let made = |act, said: &str| Ok(Made::Ask(Box::new(act), said.to_owned()));
    match form {
        Form::Profile => {
            let was = o.profile.clone().unwrap_or_default();
            let change = ProfileChange::between(&was, &profile_of(sheet, &was));
            change.check()?;
            let path = sheet.get("picture");
            if !path.is_empty() {
                return Ok(Made::WithPicture { path, change });
            }
            if change.is_empty() {
                return Err(Problem::new("field", "nothing is changed").next("change something, or Esc"));
            }
            made(AdminRequest::ChangeProfile { account, change, picture: None }, "the profile is changed")
        }
        Form::Block => {
            let whom = sheet.get("whom");
            if whom.is_empty() {
                return Err(
                    Problem::new("field", "nobody is named").next("type a number with its country code")
                );
            }
            let said = format!("{} is blocked", text::truncate(&whom, 40));
            made(AdminRequest::Block { account, whom: vec![person(&whom)] }, &said)
        }
        Form::IceBreaker(at) => {
            let mut components = o.components.clone().unwrap_or_default();
            let text = sheet.get("text");
            match at {
                Some(at) if *at < components.prompts.len() => components.prompts[*at] = text,
                _ => components.prompts.push(text),
            }
            components.check()?;
            debug_assert!(components.prompts.iter().all(|p| p.chars().count() <= PROMPT_MAX));
            made(AdminRequest::SetComponents { account, components }, "the ice breaker is set")
        }
        Form::Command(at) => {
            let mut components = o.components.clone().unwrap_or_default();
            let name = sheet.get("name").trim_start_matches('/').to_owned();
            let command = BotCommand { name, hint: sheet.get("hint") };
            match at {
                Some(at) if *at < components.commands.len() => components.commands[*at] = command,
                _ => components.commands.push(command),
            }
            components.check()?;
            made(AdminRequest::SetComponents { account, components }, "the command is set")
        }
        Form::Link(code) => {
            let text = sheet.get("text");
            check_link_text(&text)?;
            match code {
                None => {
                    made(AdminRequest::CreateLink { account, text }, "the link is made: Enter shows its code")
                }
                Some(code) => {
                    let act = AdminRequest::ChangeLink { account, code: code.clone(), text };
                    made(act, "the link has another text")
                }
            }
        }
        Form::Register | Form::Pin => {
            let typed = sheet.get("pin");
            check_pin(&typed)?;
            let pin = Secret::new(&typed);
            if *form == Form::Register {
                made(AdminRequest::Register { account, pin }, "the number is registered")
            } else {
                made(AdminRequest::SetPin { account, pin }, "the PIN is set")
            }
        }
        Form::Code => {
            let code = business::check_code(&sheet.get("code"))?;
            made(AdminRequest::VerifyCode { account, code: Secret::new(&code) }, "the number is verified")
        }
    }
}

/// The profile as the form says it.
fn profile_of(sheet: &Sheet, was: &BusinessProfile) -> BusinessProfile {
    let chosen = sheet.get("vertical");
    let vertical = VERTICALS.iter().find(|(_, w)| *w == chosen).map_or(chosen, |(v, _)| (*v).to_owned());
    let websites = [sheet.get("website1"), sheet.get("website2")];
    // A line holds no line breaks: what has some stays as it is while nobody writes into it.
    let kept = |was: &String, key: &str| {
        let now = sheet.get(key);
        if now == was.replace('\n', " ").trim() { was.clone() } else { now }
    };
    BusinessProfile {
        about: kept(&was.about, "about"),
        address: kept(&was.address, "address"),
        description: kept(&was.description, "description"),
        email: kept(&was.email, "email"),
        websites: websites.into_iter().filter(|w| !w.is_empty()).collect(),
        vertical,
        picture: was.picture.clone(),
    }
}
