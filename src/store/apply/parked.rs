//! Messages that a provider reported while a send of ours to the same conversation was on the wire: they may have been that
//! send. When it has ended and was not, they are somebody else's, and come in.

use super::inbound::replay_early;
use super::{AccountRow, Context, attempts, people};
use crate::model::ids::MessageId;
use crate::model::inbound::Change;
use crate::store::StoreError;
use rusqlite::Connection;

/// Lets what waited in a conversation come in, unless another send of it is on the wire.
pub(super) fn release(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    thread: i64,
) -> Result<(), StoreError> {
    if !cx.has_early() || attempts::is_on_wire(conn, thread)? {
        return Ok(());
    }
    let mut st = conn.prepare_cached(
        "SELECT change FROM early WHERE change LIKE '{\"change\":\"message\"%' ORDER BY id",
    )?;
    let waiting: Vec<String> = st.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for json in waiting {
        let change: Change = serde_json::from_str(&json).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let Change::Message(m) = change else { continue };
        let key = MessageId::of_provider(&account.key, &m.provider_id);
        let ours = conn.prepare_cached("SELECT 1 FROM early WHERE key = ?1")?.exists([key.0])?;
        // Of another account, of another conversation, or it came in with one before it.
        if !ours || people::thread(conn, cx, account, &m.peer, m.at)?.id != thread {
            continue;
        }
        conn.prepare_cached("SAVEPOINT parked")?.execute([])?;
        match replay_early(conn, cx, account, key) {
            Ok(()) => {}
            Err(e) if e.is_storage() => return Err(e),
            // It costs itself only: how our send ended has to be noted.
            Err(error) => {
                conn.prepare_cached("ROLLBACK TO parked")?.execute([])?;
                tracing::warn!(%error, account = %account.key, "a message that waited for a send cannot be kept");
            }
        }
        conn.prepare_cached("RELEASE parked")?.execute([])?;
    }
    Ok(())
}
