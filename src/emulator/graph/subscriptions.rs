//! Where webhooks go: the callback of the app, of the account and of single numbers.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::Answer;
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::state::Callback;
use crate::emulator::{Core, Number, delivery, play};

/// Checks an address and does the handshake with it.
async fn verified(core: &Core, url: &str, verify_token: Option<String>) -> Result<Callback, GraphError> {
    if url.len() > 200 {
        return Err(GraphError::parameter("The callback URL must be at most 200 characters long."));
    }
    let known = reqwest::Url::parse(url).is_ok_and(|u| ["http", "https"].contains(&u.scheme()));
    if !known {
        return Err(GraphError::parameter("The callback must be a valid http or https URL."));
    }
    let Some(token) = verify_token.filter(|t| !t.is_empty()) else {
        return Err(GraphError::parameter("The parameter verify_token is required."));
    };
    if delivery::handshake(core, url, &token).await {
        return Ok(Callback { url: url.to_owned() });
    }
    let mut error = GraphError::parameter(
        "The URL couldn't be validated. Response does not match challenge, expected the value of hub.challenge with status 200.",
    );
    error.body["error"]["error_subcode"] = json!(2200);
    Err(error)
}

fn subscribed(core: &Arc<Core>, slot: &str) {
    delivery::moved(core, slot);
    play::begin(core, &mut core.state());
}

/// `/{account}/subscribed_apps`.
pub async fn account(core: &Arc<Core>, call: &Call) -> Answer {
    let account = &core.scenario.account;
    match call.method {
        Method::GET => {
            let st = core.state();
            if !st.subscribed {
                return Ok(json!({ "data": [] }));
            }
            let mut item = json!({ "whatsapp_business_api_data": {
                "id": account.app, "name": account.app_name,
                "link": format!("https://www.facebook.com/games/?app_id={}", account.app),
            }});
            if let Some(callback) = &st.account_callback {
                item["override_callback_uri"] = json!(callback.url);
            }
            Ok(json!({ "data": [item] }))
        }
        Method::POST => {
            let callback = match call.param("override_callback_uri") {
                Some(url) => Some(verified(core, &url, call.param("verify_token")).await?),
                None => None,
            };
            {
                let mut st = core.state();
                st.subscribed = true;
                st.account_callback = callback;
            }
            subscribed(core, "account");
            Ok(json!({ "success": true }))
        }
        Method::DELETE => {
            let mut st = core.state();
            st.subscribed = false;
            st.account_callback = None;
            st.queues.remove("account");
            Ok(json!({ "success": true }))
        }
        _ => Err(GraphError::unknown(call.method.as_str(), &account.id)),
    }
}

/// `/{app}/subscriptions`.
pub async fn app(core: &Arc<Core>, call: &Call) -> Answer {
    match call.method {
        Method::GET => {
            let st = core.state();
            let data: Vec<Value> = st
                .app_callback
                .iter()
                .map(|c| {
                    json!({ "object": "whatsapp_business_account", "callback_url": c.url, "active": true,
                        "fields": [{ "name": "messages", "version": "v25.0" }] })
                })
                .collect();
            Ok(json!({ "data": data }))
        }
        Method::POST => {
            if call.param("object").as_deref() != Some("whatsapp_business_account") {
                return Err(GraphError::parameter("Param object must be whatsapp_business_account."));
            }
            let Some(url) = call.param("callback_url") else {
                return Err(GraphError::parameter("The parameter callback_url is required."));
            };
            let callback = verified(core, &url, call.param("verify_token")).await?;
            core.state().app_callback = Some(callback);
            subscribed(core, "app");
            Ok(json!({ "success": true }))
        }
        Method::DELETE => {
            let mut st = core.state();
            st.app_callback = None;
            st.queues.remove("app");
            Ok(json!({ "success": true }))
        }
        _ => Err(GraphError::unknown(call.method.as_str(), &core.scenario.account.app)),
    }
}

/// `POST /{number}` with `webhook_configuration`: a callback for this number alone; empty removes it.
pub async fn number(core: &Arc<Core>, number: &Number, call: &Call) -> Answer {
    let configuration = &call.body["webhook_configuration"];
    let Some(url) = configuration["override_callback_uri"].as_str() else {
        return Err(GraphError::parameter("Only webhook_configuration can be changed here."));
    };
    let slot = format!("number:{}", number.id);
    if url.is_empty() {
        let mut st = core.state();
        st.number_callbacks.remove(&number.id);
        st.queues.remove(&slot);
        return Ok(json!({ "success": true }));
    }
    let token = configuration["verify_token"].as_str().map(str::to_owned);
    let callback = verified(core, url, token).await?;
    core.state().number_callbacks.insert(number.id.clone(), callback);
    subscribed(core, &slot);
    Ok(json!({ "success": true }))
}
