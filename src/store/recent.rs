//! The words of messages that the index of words does not have yet: few, and the newest of all.
//!
//! A reader puts them into an index of its own, of the same kind and in memory, so that a query finds in both what it
//! would find in one. It is made anew when something was written since, and only when somebody searches.

use super::StoreError;
use super::apply;
use super::reader::Reader;
use super::search::Scope;
use rusqlite::params;

/// Most messages that wait. The writer lets fewer; this bounds what a strange file can cost.
const MOST: i64 = 20_000;

/// What a reader knows of the messages that wait.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    /// When it was looked at: the file's version, and the changes of this connection.
    seen: Option<(i64, u64)>,
    /// Up to this row the index of words has them.
    upto: i64,
    /// Whether there are any.
    any: bool,
}

impl Reader {
    fn version(&self) -> Result<(i64, u64), StoreError> {
        let file = self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |r| r.get(0))?;
        Ok((file, self.conn.total_changes()))
    }

    /// The row up to which the index of words has all messages, when there are newer ones; their words are in
    /// `recent_words` then.
    pub(super) fn recent(&self) -> Result<Option<i64>, StoreError> {
        let mut recent = self.recent.get();
        if recent.seen != Some(self.version()?) {
            // Until it is done nothing is known.
            self.recent.set(Recent { seen: None, ..recent });
            self.read_recent(&mut recent)?;
            recent.seen = Some(self.version()?);
            self.recent.set(recent);
        }
        Ok(recent.any.then_some(recent.upto))
    }

    fn read_recent(&self, recent: &mut Recent) -> Result<(), StoreError> {
        recent.upto = apply::words_upto(&self.conn)?;
        let waits =
            self.conn.prepare_cached("SELECT 1 FROM main.messages WHERE id > ?1")?.exists([recent.upto])?;
        if !waits && !recent.any {
            return Ok(());
        }
        self.conn.execute_batch(
            "SAVEPOINT recent; CREATE VIRTUAL TABLE IF NOT EXISTS temp.recent_words USING fts5(text, content='', \
             columnsize=0, prefix='2 3', tokenize='unicode61 remove_diacritics 2')",
        )?;
        let filled = self.fill_recent(recent.upto);
        self.conn.execute_batch(if filled.is_ok() {
            "RELEASE recent"
        } else {
            "ROLLBACK TO recent; RELEASE recent"
        })?;
        recent.any = filled?;
        Ok(())
    }

    /// Puts the words of all messages after a row into `recent_words`; whether there are any.
    fn fill_recent(&self, upto: i64) -> Result<bool, StoreError> {
        self.conn
            .prepare_cached("INSERT INTO recent_words(recent_words) VALUES('delete-all')")?
            .execute([])?;
        let mut read = self
            .conn
            .prepare_cached("SELECT id, text FROM main.messages WHERE id > ?1 ORDER BY id DESC LIMIT ?2")?;
        let mut add = self.conn.prepare_cached("INSERT INTO recent_words(rowid, text) VALUES(?1, ?2)")?;
        let mut rows = read.query(params![upto, MOST])?;
        let mut any = false;
        while let Some(r) = rows.next()? {
            let text = super::filter::text_at(r, 1)?;
            if !text.is_empty() {
                any = true;
                add.execute(params![r.get::<_, i64>(0)?, apply::prepare_words(text)])?;
            }
        }
        Ok(any)
    }

    /// Messages with these words (a query for the index of words), newest first.
    pub(super) fn worded(&self, query: &str, scope: &Scope) -> Result<Vec<i64>, StoreError> {
        let (mut rows, rest) = self.recently_worded(query, scope)?;
        if let Some(rest) = rest {
            rows.extend(self.rowids("message_words", query, &rest)?);
        }
        Ok(rows)
    }

    /// The part of [`Self::worded`] that is not in the index yet, and where to go on in the index.
    pub(super) fn recently_worded(
        &self,
        query: &str,
        scope: &Scope,
    ) -> Result<(Vec<i64>, Option<Scope>), StoreError> {
        let Some(upto) = self.recent()? else { return Ok((Vec::new(), Some(*scope))) };
        let rows = self.rowids("recent_words", query, scope)?;
        let left = scope.limit.saturating_sub(rows.len());
        let rest = Scope { limit: left, before: scope.before.min(upto.saturating_add(1)), ..*scope };
        Ok((rows, (left > 0).then_some(rest)))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::inbound::Change;
    use crate::model::message::Body;
    use crate::store::tests::{Bed, NOW, marta, says};

    async fn found(bed: &Bed, text: &str) -> Vec<String> {
        let text = text.to_owned();
        let hits = bed.store.read_slow(move |r| r.search(&text, None, None, None, 10)).await.unwrap().hits;
        hits.items.iter().map(|h| h.message.body.plain_text()).collect()
    }

    #[tokio::test]
    async fn what_waits_for_the_index_is_found_as_if_it_were_in_it() {
        let bed = Bed::new().await;
        let texts = ["the delivery of 订单号 4711", "другой заказ", "Café deliver", "delivery, not late"];
        let queries = [
            "delivery",
            "deliv",
            "deliver ",
            "cafe",
            "заказ",
            "订单",
            "\"of 订单\"",
            "delivery -late",
            "has:link deliv",
            "from:marta deliv",
            "from:marta delivery -late",
            "late deliv",
            "elive",
            "zzz",
        ];
        let mut first = Vec::new();
        // Nothing is indexed; all is; half of it is.
        for round in 0..3 {
            let bed = if round < 2 { &bed } else { &Bed::new().await };
            for (i, text) in texts.iter().enumerate() {
                if round == 2 && i == 2 {
                    while bed.store.tidy().await.unwrap() {}
                }
                if round != 1 {
                    bed.webhook(vec![says(&marta(), &format!("w{i}"), NOW + i as i64 * 1000, text)]).await;
                }
            }
            if round == 1 {
                while bed.store.tidy().await.unwrap() {}
            }
            for (i, q) in queries.iter().enumerate() {
                let now = found(bed, q).await;
                if round == 0 {
                    first.push(now);
                } else {
                    assert_eq!(now, first[i], "{q} in round {round}");
                }
            }
        }
        let counts: Vec<usize> = first.iter().map(Vec::len).collect();
        assert_eq!(counts, [2, 3, 1, 1, 1, 1, 1, 1, 0, 3, 1, 1, 3, 0]);
    }

    #[tokio::test]
    async fn many_that_wait_are_indexed_without_a_quiet_moment_and_none_is_lost() {
        let bed = Bed::new().await;
        for i in 0..600 {
            bed.webhook(vec![says(&marta(), &format!("w{i}"), NOW + i, &format!("word{i} all"))]).await;
            if i % 97 == 0 {
                assert_eq!(found(&bed, &format!("word{i} ")).await.len(), 1, "{i}");
                assert_eq!(found(&bed, "all").await.len(), 10.min(i as usize + 1));
            }
        }
        let waiting = |bed: &Bed| {
            let store = bed.store.clone();
            async move { store.read(|r| Ok((r.recent()?, super::apply::words_upto(&r.conn)?))).await.unwrap() }
        };
        let (recent, upto) = waiting(&bed).await;
        assert!(recent == Some(upto) && (512..600).contains(&upto), "{recent:?} {upto}");
        while bed.store.tidy().await.unwrap() {}
        assert_eq!(waiting(&bed).await, (None, 600));
        for i in [0, 255, 256, 511, 599] {
            assert_eq!(found(&bed, &format!("word{i} ")).await.len(), 1, "{i}");
        }
    }

    #[tokio::test]
    async fn an_edit_of_what_waits_is_found_by_its_new_words_only() {
        let bed = Bed::new().await;
        bed.webhook(vec![says(&marta(), "w1", NOW, "apples please")]).await;
        assert_eq!(found(&bed, "apples").await.len(), 1);
        let edit = |at: i64, text: &str| Change::Edited {
            at,
            peer: marta(),
            target: "w1".into(),
            body: Body::text(text),
        };
        for round in 0..2 {
            bed.webhook(vec![edit(NOW + 5 + round, &format!("pears{round} please"))]).await;
            assert_eq!(found(&bed, "apples").await.len(), 0);
            assert_eq!(found(&bed, &format!("pears{round}")).await.len(), 1);
            while bed.store.tidy().await.unwrap() {}
            assert_eq!(found(&bed, &format!("pears{round}")).await.len(), 1);
        }
    }
}
