//! Reading quick replies and macros: everybody's and the reader's own, never another's.

use super::{Reader, StoreError};
use crate::model::ids::{MacroId, QuickReplyId};
use crate::model::macros::Macro;
use crate::model::quick_reply::QuickReply;

fn some(owner: String) -> Option<String> {
    Some(owner).filter(|o| !o.is_empty())
}

fn list<T: serde::de::DeserializeOwned>(json: &str, what: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(json).map_err(|e| StoreError::Corrupt(format!("{what}: {e}")))
}

impl Reader {
    /// Quick replies that this operator may use, most used first.
    pub fn quick_replies(&self, operator: &str) -> Result<Vec<QuickReply>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT uid, shortcut, text, category, owner, files, used, updated_at FROM quick_replies \
             WHERE owner IN ('', ?1) ORDER BY used DESC, shortcut, owner DESC",
        )?;
        let mut out = Vec::new();
        let mut rows = st.query([operator])?;
        while let Some(r) = rows.next()? {
            out.push(QuickReply {
                id: QuickReplyId::from_slice(&r.get::<_, Vec<u8>>(0)?).unwrap_or_default(),
                shortcut: r.get(1)?,
                text: r.get(2)?,
                category: r.get(3)?,
                owner: some(r.get(4)?),
                files: list(&r.get::<_, String>(5)?, "files of a quick reply")?,
                used: r.get::<_, i64>(6)? as u64,
                updated_at: r.get(7)?,
            });
        }
        Ok(out)
    }

    /// Macros that this operator may use, most used first.
    pub fn macros(&self, operator: &str) -> Result<Vec<Macro>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT uid, name, about, steps, owner, used, updated_at FROM macros \
             WHERE owner IN ('', ?1) ORDER BY used DESC, name, owner DESC",
        )?;
        let mut out = Vec::new();
        let mut rows = st.query([operator])?;
        while let Some(r) = rows.next()? {
            out.push(Macro {
                id: MacroId::from_slice(&r.get::<_, Vec<u8>>(0)?).unwrap_or_default(),
                name: r.get(1)?,
                about: r.get(2)?,
                steps: list(&r.get::<_, String>(3)?, "steps of a macro")?,
                owner: some(r.get(4)?),
                used: r.get::<_, i64>(5)? as u64,
                updated_at: r.get(6)?,
            });
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bed;
    use super::*;
    use crate::model::event::{Actor, Event, EventBody};
    use crate::model::macros::MacroStep;

    fn reply(shortcut: &str, owner: Option<&str>) -> QuickReply {
        QuickReply {
            id: QuickReplyId::new(),
            shortcut: shortcut.into(),
            text: format!("text of {shortcut}"),
            category: "greeting".into(),
            owner: owner.map(str::to_owned),
            files: vec!["/srv/prices.pdf".into()],
            ..QuickReply::default()
        }
    }

    fn by(who: &str, body: EventBody) -> Event {
        Event::new(5, Actor::Operator(who.into()), body)
    }

    fn saved(who: &str, reply: &QuickReply) -> Event {
        by(who, EventBody::QuickReplySaved { reply: reply.clone() })
    }

    async fn shortcuts(bed: &Bed, who: &'static str) -> Vec<String> {
        let all = bed.store.read(move |r| r.quick_replies(who)).await.unwrap();
        all.into_iter()
            .map(|r| format!("{}{}", if r.is_private() { "own " } else { "" }, r.shortcut))
            .collect()
    }

    #[tokio::test]
    async fn a_private_reply_is_there_for_its_owner_only() {
        let bed = Bed::new().await;
        let (shared, own) = (reply("hours", None), reply("hours", Some("ana")));
        for r in [&shared, &own] {
            bed.store.apply(saved("ana", r)).await.unwrap();
        }
        assert_eq!(shortcuts(&bed, "ana").await, ["own hours", "hours"]);
        assert_eq!(shortcuts(&bed, "bo").await, ["hours"]);
        // Its name is free for others, and nothing they do reaches it.
        bed.store.apply(saved("bo", &reply("hours", Some("bo")))).await.unwrap();
        let stolen = QuickReply { owner: None, text: "stolen".into(), ..own.clone() };
        assert!(bed.store.apply(saved("bo", &stolen)).await.is_err());
        let theirs = QuickReply { owner: Some("bo".into()), ..own.clone() };
        assert!(bed.store.apply(saved("bo", &theirs)).await.is_err());
        assert!(bed.store.apply(by("bo", EventBody::QuickReplyDeleted { reply: own.id })).await.is_err());
        bed.store.apply(by("bo", EventBody::QuickReplyUsed { reply: own.id })).await.unwrap();
        let all = bed.store.read(|r| r.quick_replies("ana")).await.unwrap();
        let kept = all.into_iter().find(|r| r.id == own.id).unwrap();
        assert_eq!((kept.used, kept.text.as_str()), (0, "text of hours"));
        assert_eq!(kept.files, own.files);
        // Nobody saves in another's name, and the engine has nothing private.
        assert!(bed.store.apply(saved("bo", &reply("x", Some("ana")))).await.is_err());
        let engine = Event { actor: Actor::Engine, ..saved("ana", &reply("x", Some(""))) };
        assert!(bed.store.apply(engine).await.is_err());
        // Shared by its owner it is everybody's.
        let now = QuickReply { owner: None, shortcut: "mine".into(), ..own };
        bed.store.apply(saved("ana", &now)).await.unwrap();
        assert_eq!(shortcuts(&bed, "bo").await, ["own hours", "hours", "mine"]);
    }

    #[tokio::test]
    async fn a_name_is_taken_once_and_the_same_event_counts_once() {
        let bed = Bed::new().await;
        let a = reply("hours", None);
        bed.store.apply(saved("ana", &a)).await.unwrap();
        let taken = bed.store.apply(saved("bo", &reply("HOURS", None))).await.unwrap_err();
        assert!(taken.to_string().contains("another quick reply"), "{taken}");
        let used = by("bo", EventBody::QuickReplyUsed { reply: a.id });
        for _ in 0..2 {
            bed.store.apply(used.clone()).await.unwrap();
        }
        assert_eq!(bed.store.read(|r| r.quick_replies("bo")).await.unwrap()[0].used, 1);
    }

    #[tokio::test]
    async fn macros_are_kept_as_they_were_written() {
        let bed = Bed::new().await;
        let m = Macro {
            id: MacroId::new(),
            name: "close".into(),
            about: "thanks and goodbye".into(),
            steps: vec![MacroStep::Reply("thanks".into()), MacroStep::Unknown("dance".into())],
            owner: Some("ana".into()),
            ..Macro::default()
        };
        bed.store.apply(by("ana", EventBody::MacroSaved { saved: m.clone() })).await.unwrap();
        bed.store.apply(by("ana", EventBody::MacroUsed { id: m.id })).await.unwrap();
        let all = bed.store.read(|r| r.macros("ana")).await.unwrap();
        assert_eq!(all, [Macro { used: 1, updated_at: 5, ..m.clone() }]);
        assert_eq!(bed.store.read(|r| r.macros("bo")).await.unwrap(), []);
        assert!(bed.store.apply(by("bo", EventBody::MacroDeleted { id: m.id })).await.is_err());
        bed.store.apply(by("ana", EventBody::MacroDeleted { id: m.id })).await.unwrap();
        assert_eq!(bed.store.read(|r| r.macros("ana")).await.unwrap(), []);
    }
}
