//! What operators set on their screens, read back.

use super::{Reader, StoreError};
use crate::protocol::preferences::Preference;

impl Reader {
    /// All preferences of an operator, by key.
    pub fn preferences(&self, operator: &str) -> Result<Vec<Preference>, StoreError> {
        let mut st = self
            .conn
            .prepare_cached("SELECT key, value FROM preferences WHERE operator = ?1 ORDER BY key")?;
        let rows = st
            .query_map([operator], |r| Ok(Preference { key: r.get(0)?, value: r.get(1)? }))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bed;
    use crate::model::event::{Actor, Event, EventBody};
    use crate::protocol::preferences::Preference;

    fn set(key: &str, value: &str) -> EventBody {
        EventBody::PreferenceSet { key: key.into(), value: value.into() }
    }

    #[tokio::test]
    async fn preferences_belong_to_an_operator_and_an_empty_value_removes_one() {
        let bed = Bed::new().await;
        bed.apply(set("theme", "light")).await.unwrap();
        bed.apply(set("theme", "dark")).await.unwrap();
        let other = Event::new(1, Actor::Operator("bo".into()), set("theme", "light"));
        bed.store.apply(other.clone()).await.unwrap();
        // The same event again changes nothing.
        bed.store.apply(Event { body: set("theme", "x"), ..other }).await.unwrap();
        let of = |who: &'static str| bed.store.read(move |r| r.preferences(who));
        let dark = Preference { key: "theme".into(), value: "dark".into() };
        assert_eq!(of("ana").await.unwrap(), vec![dark.clone()]);
        assert_eq!(of("bo").await.unwrap(), vec![Preference { value: "light".into(), ..dark }]);
        bed.apply(set("theme", "")).await.unwrap();
        assert_eq!(of("ana").await.unwrap(), vec![]);
    }

    #[tokio::test]
    async fn what_is_too_long_or_from_nobody_is_refused() {
        let bed = Bed::new().await;
        assert!(bed.apply(set("", "x")).await.is_err());
        assert!(bed.apply(set(&"k".repeat(81), "x")).await.is_err());
        assert!(bed.apply(set("k", &"v".repeat(5_000))).await.is_err());
        assert!(bed.store.apply(Event::new(1, Actor::Engine, set("k", "v"))).await.is_err());
    }
}
