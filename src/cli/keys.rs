//! `switchboard keys`: what every key does, with the operator's own; and what the terminal sends.

use super::Context;
use super::args::{Keys, Preset};
use super::failure::{Exit, Failure};
use super::host;
use super::table::Table;
use crate::config::settings::{KeyPreset, KeySettings};
use crate::text::sanitize;
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    preset: &'static str,
    file: Option<std::path::PathBuf>,
    problems: Vec<String>,
    keys: Vec<host::KeyRow>,
}

pub(super) async fn run(ctx: Context<'_>, args: Keys) -> Result<Exit, Failure> {
    let mut settings = ctx.checked.ui.keys.clone();
    if let Some(preset) = args.preset {
        // A preset by name is shown as it is.
        let preset = match preset {
            Preset::Vim => KeyPreset::Vim,
            Preset::Plain => KeyPreset::Plain,
            Preset::Chatwoot => KeyPreset::Chatwoot,
        };
        settings = KeySettings { preset, ..KeySettings::default() };
    }
    if args.probe {
        host::probe_keys(&settings).await?;
        return Ok(Exit::Done);
    }
    let (rows, problems) = host::key_rows(&settings);
    if ctx.out.json {
        let file = settings.file.clone().filter(|f| f.is_file());
        ctx.out.document(&Document { preset: settings.preset.name(), file, problems, keys: rows })?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["where", "keys", "command", "does"], 3);
    for r in &rows {
        let mark = |k: &String| if r.own.contains(k) { format!("{k}*") } else { k.clone() };
        let keys: Vec<String> = r.keys.iter().map(mark).collect();
        table.row([r.place, &keys.join("  "), r.command, r.help]);
    }
    ctx.out.table(&table)?;
    if rows.iter().any(|r| !r.own.is_empty()) {
        ctx.out.remark("* from your own keys");
    }
    for p in &problems {
        ctx.out.remark(&sanitize(p));
    }
    Ok(Exit::Done)
}
