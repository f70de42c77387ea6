//! Quick replies and macros: what everybody may use, and what belongs to one operator.
//!
//! Another operator's private ones are not there: they are not found, not changed, not counted, and take no name away.

use super::{Context, files};
use crate::model::event::{Actor, Event};
use crate::model::ids::{MacroId, QuickReplyId};
use crate::model::macros::Macro;
use crate::model::quick_reply::QuickReply;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Rule(e.to_string()))
}

/// Who may see what is private; nobody's name is empty.
fn who(actor: &Actor) -> &str {
    match actor {
        Actor::Operator(name) => name,
        Actor::Provider | Actor::Engine => "",
    }
}

/// The owner as it is kept; what is private is the actor's own.
fn owner<'a>(owner: Option<&'a String>, actor: &Actor) -> Result<&'a str, StoreError> {
    match owner {
        None => Ok(""),
        Some(name) if !name.is_empty() && name == who(actor) => Ok(name),
        Some(_) => Err(StoreError::Rule("what is private belongs to the operator who saves it".into())),
    }
}

/// The two tables have the same bones: id, name, owner, count.
struct Shelf {
    table: &'static str,
    name: &'static str,
    what: &'static str,
    this: &'static str,
    changed: Changed,
}

const REPLIES: Shelf = Shelf {
    table: "quick_replies",
    name: "shortcut",
    what: "quick reply has the shortcut",
    this: "this quick reply",
    changed: Changed::QuickRepliesChanged,
};

const MACROS: Shelf = Shelf {
    table: "macros",
    name: "name",
    what: "macro has the name",
    this: "this macro",
    changed: Changed::MacrosChanged,
};

impl Shelf {
    /// Whether something may be saved under this id and name.
    fn free(
        &self,
        conn: &Connection,
        actor: &Actor,
        (id, owner, name): ([u8; 16], &str, &str),
    ) -> Result<(), StoreError> {
        let of: Option<String> = conn
            .prepare_cached(&format!("SELECT owner FROM {} WHERE uid = ?1", self.table))?
            .query_row([id], |r| r.get(0))
            .optional()?;
        if of.is_some_and(|of| !of.is_empty() && of != who(actor)) {
            return Err(StoreError::Missing(self.this));
        }
        let taken = conn
            .prepare_cached(&format!(
                "SELECT 1 FROM {} WHERE owner = ?1 AND {} = ?2 AND uid <> ?3",
                self.table, self.name
            ))?
            .exists(params![owner, name, id])?;
        if taken {
            return Err(StoreError::Rule(format!("another {} “{name}”", self.what)));
        }
        Ok(())
    }

    fn delete(
        &self,
        conn: &Connection,
        cx: &mut Context,
        actor: &Actor,
        id: [u8; 16],
    ) -> Result<Reply, StoreError> {
        let sql = format!("DELETE FROM {} WHERE uid = ?1 AND owner IN ('', ?2)", self.table);
        if conn.prepare_cached(&sql)?.execute(params![id, who(actor)])? == 0 {
            return Err(StoreError::Missing(self.this));
        }
        cx.changed(self.changed.clone());
        Ok(Reply::default())
    }

    fn used(
        &self,
        conn: &Connection,
        cx: &mut Context,
        actor: &Actor,
        id: [u8; 16],
    ) -> Result<Reply, StoreError> {
        let sql = format!("UPDATE {} SET used = used + 1 WHERE uid = ?1 AND owner IN ('', ?2)", self.table);
        if conn.prepare_cached(&sql)?.execute(params![id, who(actor)])? > 0 {
            cx.changed(self.changed.clone());
        }
        Ok(Reply::default())
    }
}

pub(super) fn save_reply(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    reply: &QuickReply,
) -> Result<Reply, StoreError> {
    let owner = owner(reply.owner.as_ref(), &event.actor)?;
    REPLIES.free(conn, &event.actor, (reply.id.0, owner, &reply.shortcut))?;
    conn.prepare_cached(
        "INSERT INTO quick_replies(uid, shortcut, text, category, owner, files, used, updated_at) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT(uid) DO UPDATE SET shortcut = excluded.shortcut, text = excluded.text, \
         category = excluded.category, owner = excluded.owner, files = excluded.files, \
         updated_at = excluded.updated_at",
    )?
    .execute(params![
        reply.id.0,
        reply.shortcut,
        reply.text,
        reply.category,
        owner,
        json(&reply.files)?,
        reply.used as i64,
        event.at
    ])?;
    files::kept(conn, event.at, reply)?;
    cx.changed(Changed::QuickRepliesChanged);
    Ok(Reply::default())
}

pub(super) fn delete_reply(
    conn: &Connection,
    cx: &mut Context,
    actor: &Actor,
    id: QuickReplyId,
) -> Result<Reply, StoreError> {
    let reply = REPLIES.delete(conn, cx, actor, id.0)?;
    files::forgotten(conn, id.0)?;
    Ok(reply)
}

pub(super) fn use_reply(
    conn: &Connection,
    cx: &mut Context,
    actor: &Actor,
    id: QuickReplyId,
) -> Result<Reply, StoreError> {
    REPLIES.used(conn, cx, actor, id.0)
}

pub(super) fn save_macro(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    saved: &Macro,
) -> Result<Reply, StoreError> {
    let owner = owner(saved.owner.as_ref(), &event.actor)?;
    MACROS.free(conn, &event.actor, (saved.id.0, owner, &saved.name))?;
    conn.prepare_cached(
        "INSERT INTO macros(uid, name, about, steps, owner, used, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT(uid) DO UPDATE SET name = excluded.name, about = excluded.about, steps = excluded.steps, \
         owner = excluded.owner, updated_at = excluded.updated_at",
    )?
    .execute(params![
        saved.id.0,
        saved.name,
        saved.about,
        json(&saved.steps)?,
        owner,
        saved.used as i64,
        event.at
    ])?;
    cx.changed(Changed::MacrosChanged);
    Ok(Reply::default())
}

pub(super) fn delete_macro(
    conn: &Connection,
    cx: &mut Context,
    actor: &Actor,
    id: MacroId,
) -> Result<Reply, StoreError> {
    MACROS.delete(conn, cx, actor, id.0)
}

pub(super) fn use_macro(
    conn: &Connection,
    cx: &mut Context,
    actor: &Actor,
    id: MacroId,
) -> Result<Reply, StoreError> {
    MACROS.used(conn, cx, actor, id.0)
}
