//! Graph answers about numbers and businesses, in our words. Pure: no HTTP.

use super::super::text;
use crate::model::business::{
    BlockFailure, BlockOutcome, BlockedPage, BotCommand, BusinessProfile, Components, HealthPart, ShortLink,
    Standing,
};
use crate::model::contact::Identity;
use crate::provider::meta::errors;
use serde_json::Value;

fn items<'a>(v: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    v.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The profile, flat or wrapped.
pub(super) fn profile(v: &Value) -> BusinessProfile {
    let item = v.pointer("/data/0").or_else(|| v.get("data")).unwrap_or(v);
    let p = item.get("business_profile").unwrap_or(item);
    BusinessProfile {
        about: text(p, "about"),
        address: text(p, "address"),
        description: text(p, "description"),
        email: text(p, "email"),
        websites: items(p, "websites").filter_map(|s| s.as_str().map(str::to_owned)).collect(),
        vertical: text(p, "vertical"),
        picture: text(p, "profile_picture_url"),
    }
}

/// Somebody on a block list: by number, else by user id, as the provider gave it.
fn person(v: &Value) -> Option<Identity> {
    let first = |keys: &[&str]| keys.iter().map(|k| text(v, k)).find(|s| !s.is_empty());
    if let Some(phone) = first(&["wa_id"]) {
        return Some(Identity::phone(phone));
    }
    if let Some(id) = first(&["user_id"]) {
        return Some(Identity::bsuid(id));
    }
    let input = first(&["user", "input"])?;
    let digits: String = input.chars().filter(char::is_ascii_digit).collect();
    let is_phone = !digits.is_empty() && !input.chars().any(char::is_alphabetic);
    Some(if is_phone { Identity::phone(digits) } else { Identity::bsuid(input) })
}

/// A page of the block list, flat or nested.
pub(super) fn blocked(v: &Value) -> BlockedPage {
    let mut page = BlockedPage::default();
    for item in items(v, "data") {
        if let Some(who) = person(item) {
            page.items.push(who);
        }
        page.items.extend(items(item, "block_users").filter_map(person));
    }
    // `next` only says that there is more; it is never followed.
    let more = v.pointer("/paging/next").and_then(Value::as_str).is_some_and(|s| !s.is_empty());
    let cursor = v.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|s| !s.is_empty());
    page.next = cursor.filter(|_| more).map(str::to_owned);
    page
}

/// What came of blocking or unblocking: also in an answer that is half an error. `None` when it says nothing of that.
pub(super) fn block_outcome(v: &Value) -> Option<BlockOutcome> {
    let list = v.get("block_users")?;
    let done = ["added_users", "removed_users"].into_iter().flat_map(|k| items(list, k)).filter_map(person);
    let failed = items(list, "failed_users").filter_map(|item| {
        let error = item.pointer("/errors/0").map(errors::from_object)?;
        Some(BlockFailure { whom: person(item)?, error })
    });
    Some(BlockOutcome { done: done.collect(), failed: failed.collect() })
}

/// Ice breakers and commands of a number; a number that has none says nothing.
pub(super) fn components(v: &Value) -> Components {
    let Some(c) = v.get("conversational_automation") else { return Components::default() };
    Components {
        prompts: items(c, "prompts").filter_map(|s| s.as_str().map(str::to_owned)).collect(),
        commands: items(c, "commands")
            .map(|c| BotCommand { name: text(c, "command_name"), hint: text(c, "command_description") })
            .collect(),
    }
}

/// A short link; `None` without its code.
pub(super) fn link(v: &Value) -> Option<ShortLink> {
    let code = text(v, "code");
    if code.is_empty() {
        return None;
    }
    Some(ShortLink {
        code,
        text: text(v, "prefilled_message"),
        url: text(v, "deep_link_url"),
        image: text(v, "qr_image_url"),
    })
}

/// How a number stands.
pub(super) fn standing(v: &Value) -> Standing {
    let health = v.get("health_status").unwrap_or(&Value::Null);
    Standing {
        phone: text(v, "display_phone_number"),
        name: text(v, "verified_name"),
        name_status: text(v, "name_status"),
        new_name_status: text(v, "new_name_status"),
        verification: text(v, "code_verification_status"),
        status: text(v, "status"),
        mode: text(v, "account_mode"),
        has_pin: v.get("is_pin_enabled").and_then(Value::as_bool),
        can_send: text(health, "can_send_message"),
        parts: items(health, "entities").map(part).collect(),
    }
}

fn part(v: &Value) -> HealthPart {
    let more = items(v, "additional_info").filter_map(|s| s.as_str().map(str::to_owned));
    let errors = items(v, "errors").map(|e| {
        let code = e.get("error_code").map(ToString::to_string).unwrap_or_default();
        let (what, fix) = (text(e, "error_description"), text(e, "possible_solution"));
        let mut note = [code, what].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
        if !fix.is_empty() {
            note = format!("{note} ({fix})");
        }
        note
    });
    HealthPart {
        kind: text(v, "entity_type"),
        id: text(v, "id"),
        can_send: text(v, "can_send_message"),
        notes: more.chain(errors).collect(),
    }
}
