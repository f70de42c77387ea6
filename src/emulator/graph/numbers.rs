//! Token, account, numbers, health and business profiles.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, fields, length, page, select};
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::{Core, Number};

/// Fields of a profile with their limits in characters.
const PROFILE: [(&str, usize); 4] = [("about", 139), ("address", 256), ("description", 512), ("email", 128)];
const VERTICALS: [&str; 21] = [
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
];

/// What a token may do, where nothing else is set.
const SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

/// What is known of the token in `input_token`.
pub fn debug_token(core: &Core, call: &Call) -> Value {
    let account = &core.scenario.account;
    if call.param("input_token").as_ref() != Some(&core.access_token) {
        return json!({ "data": {
            "is_valid": false, "scopes": [],
            "error": { "code": 190, "message": "Invalid OAuth access token - Cannot parse access token" },
        }});
    }
    let token = core.state().registry.token.clone();
    let scopes = token.scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
    let granular: Vec<Value> =
        scopes.iter().map(|s| json!({ "scope": s, "target_ids": [account.id] })).collect();
    let over = token.expires_at > 0 && token.expires_at <= core.clock.now() / 1000;
    json!({ "data": {
        "app_id": account.app, "application": account.app_name, "type": "SYSTEM_USER",
        "data_access_expires_at": 0, "expires_at": token.expires_at, "issued_at": 1_794_536_000,
        "is_valid": !over, "scopes": scopes, "granular_scopes": granular,
        "user_id": "122100000000000011",
    }})
}

fn health(core: &Core, number: Option<&Number>) -> Value {
    let account = &core.scenario.account;
    let mut entities = Vec::new();
    if let Some(number) = number {
        entities.push(("PHONE_NUMBER", &number.id));
    }
    entities.extend([("WABA", &account.id), ("BUSINESS", &account.business), ("APP", &account.app)]);
    let entities: Vec<Value> = entities
        .into_iter()
        .map(|(kind, id)| json!({ "entity_type": kind, "id": id, "can_send_message": "AVAILABLE" }))
        .collect();
    json!({ "can_send_message": "AVAILABLE", "entities": entities })
}

/// The account node.
pub fn account(core: &Core, call: &Call) -> Value {
    let account = &core.scenario.account;
    let node = json!({
        "id": account.id, "name": account.name, "currency": "USD", "timezone_id": "71",
        "account_review_status": "APPROVED", "business_verification_status": "verified",
        "country": account.country, "ownership_type": "SELF",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "message_template_namespace": "7c1e90aa_51d3_4c0b_9e77_0a4411b2c3d4",
        "health_status": health(core, None),
    });
    let default = ["name", "timezone_id", "message_template_namespace"].map(str::to_owned).to_vec();
    select(&node, &fields(call).unwrap_or(default))
}

fn node(core: &Core, number: &Number) -> Value {
    let (callback, account, app, entry) = {
        let st = core.state();
        let url = |slot: &str| st.callback(slot).map(|c| c.url.clone());
        (url(&format!("number:{}", number.id)), url("account"), url("app"), st.registry.of(&number.id))
    };
    let mut node = json!({
        "id": number.id, "display_phone_number": number.display, "verified_name": number.name,
        "quality_rating": number.quality, "quality_score": { "score": number.quality },
        "code_verification_status": if entry.is_verified() { "VERIFIED" } else { "NOT_VERIFIED" },
        "name_status": "APPROVED", "status": if entry.is_registered() { "CONNECTED" } else { "PENDING" },
        "platform_type": "CLOUD_API", "throughput": { "level": "STANDARD" }, "account_mode": number.mode,
        "is_official_business_account": false, "is_on_biz_app": false, "is_pin_enabled": !entry.pin().is_empty(),
        "messaging_limit_tier": "TIER_2K", "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "last_onboarded_time": "2026-03-02T10:11:12+0000",
        "health_status": health(core, Some(number)),
        "webhook_configuration": {},
    });
    if let Some(components) = &entry.components {
        node["conversational_automation"] = components.clone();
    }
    for (key, value) in &entry.facts {
        node[key] = value.clone();
    }
    let configured =
        [("phone_number", callback), ("whatsapp_business_account", account), ("application", app)];
    for (key, url) in configured {
        if let Some(url) = url {
            node["webhook_configuration"][key] = json!(url);
        }
    }
    node
}

/// One number.
pub fn get(core: &Core, number: &Number, call: &Call) -> Value {
    let default = ["display_phone_number", "verified_name", "quality_rating", "code_verification_status"];
    let fields = fields(call).unwrap_or_else(|| default.map(str::to_owned).to_vec());
    select(&node(core, number), &fields)
}

/// The numbers of the account.
pub fn list(core: &Core, call: &Call) -> Answer {
    let default = [
        "display_phone_number",
        "verified_name",
        "quality_rating",
        "code_verification_status",
        "platform_type",
        "throughput",
        "last_onboarded_time",
        "webhook_configuration",
    ];
    let fields = fields(call).unwrap_or_else(|| default.map(str::to_owned).to_vec());
    let nodes: Vec<Value> =
        core.scenario.numbers.iter().map(|number| select(&node(core, number), &fields)).collect();
    page(core, call, &format!("{}/phone_numbers", core.scenario.account.id), &nodes)
}

/// Reads or changes a business profile.
pub fn profile(core: &Arc<Core>, number: &Number, call: &Call) -> Answer {
    let mut st = core.state();
    let profile = st.profiles.entry(number.id.clone()).or_insert_with(|| number.profile.clone());
    if call.method == Method::GET {
        let fields = fields(call).unwrap_or_default();
        let mut shown = select(&Value::Object(profile.clone()), &fields);
        shown["messaging_product"] = json!("whatsapp");
        return Ok(json!({ "data": [shown] }));
    }
    if call.body["messaging_product"] != "whatsapp" {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    for (name, limit) in PROFILE {
        let given = &call.body[name];
        if !given.is_null() && given.as_str().is_none_or(|t| length(t) > limit) {
            return Err(GraphError::parameter(format!(
                "Param {name} must be at most {limit} characters long."
            )));
        }
    }
    if call.body["about"] == "" {
        return Err(GraphError::parameter("Param about must be at least 1 character long."));
    }
    if let Some(vertical) = call.body["vertical"].as_str()
        && !VERTICALS.contains(&vertical)
    {
        return Err(GraphError::parameter(format!(
            "Param vertical must be one of {{{}}}",
            VERTICALS.join(", ")
        )));
    }
    if let Some(sites) = call.body["websites"].as_array()
        && (sites.len() > 2 || sites.iter().any(|s| s.as_str().is_none_or(|s| length(s) > 256)))
    {
        return Err(GraphError::parameter(
            "Param websites must be at most 2 URLs of at most 256 characters.",
        ));
    }
    if let Some(handle) = call.body["profile_picture_handle"].as_str() {
        let picture = st.registry.file(handle).filter(|mime| mime.starts_with("image/"));
        if picture.is_none() {
            return Err(GraphError::parameter("Param profile_picture_handle is not a handle of a picture."));
        }
        let url = format!("https://pps.whatsapp.net/v/t61.24694-24/{}.jpg", core.clock.now());
        let profile = st.profiles.entry(number.id.clone()).or_default();
        profile.insert("profile_picture_url".to_owned(), json!(url));
    }
    let profile = st.profiles.entry(number.id.clone()).or_default();
    for name in PROFILE.map(|(name, _)| name).into_iter().chain(["vertical", "websites"]) {
        if !call.body[name].is_null() {
            profile.insert(name.to_owned(), call.body[name].clone());
        }
    }
    Ok(json!({ "success": true }))
}
