//! `switchboard emulate`: the stand-in provider by itself.

use super::args::Emulate;
use super::failure::{Exit, Failure};
use super::host::EmulatorPlan;
use super::{Context, signals};
use serde_json::json;

/// The handshake word that `config.example.toml` goes with; the emulator takes any.
pub(super) const VERIFY_TOKEN: &str = "emulator-verify-token";

pub(super) async fn run(ctx: Context<'_>, args: Emulate) -> Result<Exit, Failure> {
    let plan = EmulatorPlan {
        bind: args.bind,
        speed: args.speed,
        seed: args.seed,
        scenario: args.scenario,
        state: args.state,
        play: !args.no_play,
        faults: args.faults.clone(),
    };
    let emulator = ctx.launcher.emulator(plan, ctx.clock.clone()).await?;
    if !args.bind.ip().is_loopback() {
        ctx.out.remark("warning: the emulator is open to the network; its token is public");
    }
    let mut secrets = vec![
        ("SWITCHBOARD_ACCESS_TOKEN", emulator.access_token()),
        ("SWITCHBOARD_APP_SECRET", emulator.app_secret()),
        ("SWITCHBOARD_VERIFY_TOKEN", VERIFY_TOKEN.to_owned()),
    ];
    // The stand-in for Kapso is at the same address.
    let kapso = emulator.kapso_numbers();
    if !emulator.kapso_key().is_empty() {
        secrets.push(("SWITCHBOARD_KAPSO_KEY", emulator.kapso_key()));
    }
    let shown = if ctx.out.json {
        let numbers: Vec<_> = emulator
            .numbers()
            .iter()
            .map(|n| json!({ "phone_number_id": n.id, "waba_id": n.business, "name": n.name }))
            .collect();
        let env: serde_json::Map<String, serde_json::Value> =
            secrets.iter().map(|(k, v)| ((*k).to_owned(), v.clone().into())).collect();
        let kapso: Vec<_> = kapso
            .iter()
            .map(|n| json!({ "phone_number_id": n.id, "waba_id": n.business, "name": n.name }))
            .collect();
        ctx.out.document(
            &json!({ "api_base": emulator.base_url(), "numbers": numbers, "kapso_numbers": kapso, "env": env }),
        )
    } else {
        let mut lines = vec![format!("api_base = \"{}\"", emulator.base_url())];
        lines.extend(emulator.numbers().iter().map(|n| {
            let name = crate::text::sanitize(&n.name);
            format!("waba_id = \"{}\"  phone_number_id = \"{}\"  {name}", n.business, n.id)
        }));
        lines.extend(kapso.iter().map(|n| {
            let name = crate::text::sanitize(&n.name);
            format!("waba_id = \"{}\"  phone_number_id = \"{}\"  {name} (kapso)", n.business, n.id)
        }));
        if let Some(faults) = &args.faults {
            lines.push(format!("faults = {faults}"));
        }
        lines.push("\nSet these where the engine starts:".to_owned());
        lines.extend(secrets.iter().map(|(name, value)| format!("export {name}={value}")));
        lines.push("\nstop with Ctrl+C".to_owned());
        ctx.out.line(&lines.join("\n")).map_err(Failure::from)
    };
    let result = match shown {
        Ok(()) => signals::ended().await.map_err(Failure::from),
        Err(e) => Err(e),
    };
    emulator.stop().await;
    result.map(|()| Exit::Done)
}
