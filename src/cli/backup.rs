//! `switchboard backup FILE`.

use super::Context;
use super::args::Backup;
use super::failure::{Exit, Failure};
use super::session::Role;
use crate::model::outgoing::FieldProblem;
use crate::protocol::Request;
use serde_json::json;

pub(super) async fn run(ctx: Context<'_>, args: Backup) -> Result<Exit, Failure> {
    let wrong = |why: String| Failure::from(FieldProblem::new("file", why));
    // The engine may run in another folder: only an absolute path means the same there.
    let file = std::path::absolute(&args.file).map_err(|e| wrong(e.to_string()))?;
    let Some(file) = file.to_str().map(str::to_owned) else {
        return Err(wrong("the path must be UTF-8".into()));
    };
    if std::fs::symlink_metadata(&file).is_ok() {
        return Err(wrong(format!("{file} exists already; name a new file")));
    }
    let mut session = ctx.session(Role::Reads).await?;
    let result = session.client.ask(Request::Backup { file: file.clone() }).await;
    session.close().await;
    result?;
    if ctx.out.json {
        let bytes = std::fs::metadata(&file).ok().map(|m| m.len());
        ctx.out.document(&json!({ "file": file, "bytes": bytes }))?;
    } else {
        ctx.out.line(&format!("the database was copied to {file}"))?;
    }
    Ok(Exit::Done)
}
