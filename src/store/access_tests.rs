use super::tests::{Bed, NOW, account, says};
use super::*;
use crate::model::access::{
    AccessBook, AccountRule, OperatorEntry, Principal, Role, Scope, Sees, Visibility,
};
use crate::model::contact::Identity;
use crate::model::event::{AccessChange, EventBody};
use crate::model::filter::{Asker, Filter};
use crate::model::handling::Act;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::inbound::Peer;
use crate::model::thread::{DraftMode, ThreadFilter};
use crate::protocol::Place;
use std::collections::BTreeSet;

fn own(me: &str) -> Scope {
    Scope { closed: BTreeSet::new(), sees: Sees::Own(me.into()) }
}

/// Three threads: one that nobody has, one of bo, one of cy.
async fn three(bed: &Bed) -> [ThreadId; 3] {
    let mut out = Vec::new();
    for (n, who) in [None, Some("bo"), Some("cy")].into_iter().enumerate() {
        let peer = Peer {
            identities: vec![Identity::phone(format!("44770090012{n}"))],
            profile_name: format!("Person {n}"),
        };
        let at = NOW - 1000 * n as i64;
        bed.webhook(vec![says(&peer, &format!("w{n}"), at, &format!("secret{n} order"))]).await;
        let id = bed.threads().await.into_iter().find(|t| t.title == format!("Person {n}")).unwrap().id;
        if let Some(who) = who {
            let act = Act::Assign { to: Some(who.into()) };
            bed.apply(EventBody::ThreadsHandled { threads: vec![id], act }).await.unwrap();
        }
        bed.apply(EventBody::DraftSaved { thread: id, mode: DraftMode::Reply, text: format!("draft{n}") })
            .await
            .unwrap();
        bed.queue(id, &format!("answer{n}")).await;
        out.push(id);
    }
    out.try_into().unwrap()
}

#[tokio::test]
async fn what_somebody_may_not_see_is_nowhere() {
    let bed = Bed::new().await;
    let [free, bos, cys] = three(&bed).await;
    let scope = own("bo");
    let asker = || Asker { me: "bo", now: NOW };
    for filter in ThreadFilter::LISTED {
        let page =
            bed.store.seeing(&scope).read(move |r| r.view(None, filter, asker(), None, 50)).await.unwrap();
        assert!(page.items.iter().all(|t| t.id == bos), "{filter:?}");
        let counts =
            bed.store.seeing(&scope).read(move |r| r.view_counts(None, asker(), None)).await.unwrap();
        let counted = counts.counts.iter().find(|(f, _)| *f == filter).unwrap().1;
        assert_eq!(counted as usize, page.items.len(), "{filter:?}");
    }
    let all: Filter = Filter::default();
    let found =
        bed.store.seeing(&scope).read(move |r| r.filtered(None, &all, asker(), None, 50)).await.unwrap();
    assert_eq!(found.items.iter().map(|t| t.id).collect::<Vec<_>>(), [bos]);
    let rows = bed.store.seeing(&scope).read(move |r| r.thread_rows(&[free, bos, cys])).await.unwrap();
    assert_eq!(rows.iter().map(|t| t.id).collect::<Vec<_>>(), [bos]);
    for hidden in [free, cys] {
        assert!(bed.store.seeing(&scope).read(move |r| r.thread(hidden)).await.is_err());
        let page = bed.store.seeing(&scope).read(move |r| r.messages(hidden, Place::Newest, 9)).await;
        assert!(page.map_or(true, |p| p.items.is_empty()));
        let id = bed.messages(hidden).await[0].id;
        assert_eq!(bed.store.seeing(&scope).read(move |r| r.message_rows(&[id])).await.unwrap(), []);
        assert_eq!(bed.store.seeing(&scope).read(move |r| r.neighbours(&[id])).await.unwrap(), []);
    }
    assert_eq!(bed.store.seeing(&scope).read(move |r| r.thread(bos)).await.unwrap().draft, "draft1");
    for (text, n) in
        [("order", 1), ("secret1", 1), ("secret0", 0), ("ecret", 1), ("answer2", 0), ("has:link", 0)]
    {
        let hits =
            bed.store.seeing(&scope).read_slow(move |r| r.search(text, None, None, None, 9)).await.unwrap();
        assert_eq!(hits.hits.items.len(), n, "{text}");
        assert!(hits.hits.items.iter().all(|h| h.message.thread == bos));
    }
    for (text, n) in [("Person", 1), ("Person 2", 0), ("447700900120", 0), ("447700900121", 1)] {
        let people = bed.store.seeing(&scope).read(move |r| r.people(text, None, 9)).await.unwrap();
        assert_eq!(people.len(), n, "{text}");
        let contacts = bed.store.seeing(&scope).read_slow(move |r| r.contacts(text, None, 9)).await.unwrap();
        assert_eq!(contacts.items.len(), n, "{text}");
        let found = bed
            .store
            .seeing(&scope)
            .read_slow(move |r| Ok(r.find_thread(None, text).is_ok_and(|f| f.is_some())))
            .await
            .unwrap();
        assert_eq!(found, text == "447700900121", "{text}");
    }
    let outbox = bed.store.seeing(&scope).read(|r| r.outbox_rows(None, 9)).await.unwrap();
    assert_eq!(outbox.iter().map(|o| o.thread).collect::<Vec<_>>(), [bos]);
    let accounts = bed.store.seeing(&scope).read(Reader::accounts).await.unwrap();
    assert_eq!((accounts[0].threads, accounts[0].unread), (1, 1));
    // Another asker on the same connection, and somebody who sees everything.
    let cy =
        bed.store.seeing(&own("cy")).read(|r| r.threads(None, ThreadFilter::All, None, 9)).await.unwrap();
    assert_eq!(cy.items.iter().map(|t| t.id).collect::<Vec<_>>(), [cys]);
    let everything = Scope::all();
    let all =
        bed.store.seeing(&everything).read(|r| r.threads(None, ThreadFilter::All, None, 9)).await.unwrap();
    assert_eq!(all.items.len(), 3);
    let team = Sees::Of(BTreeSet::from(["cy".to_owned()]));
    let team = Scope { closed: BTreeSet::new(), sees: team };
    let seen = bed.store.seeing(&team).read(|r| r.threads(None, ThreadFilter::All, None, 9)).await.unwrap();
    assert_eq!(seen.items.iter().map(|t| t.id).collect::<BTreeSet<_>>(), BTreeSet::from([free, cys]));
    let closed = Scope { closed: BTreeSet::from([account()]), sees: Sees::All };
    let none =
        bed.store.seeing(&closed).read(|r| Ok((r.accounts()?, r.templates(&account())?))).await.unwrap();
    assert_eq!((none.0.len(), none.1.len()), (0, 0));
}

#[tokio::test]
async fn no_table_about_conversations_is_without_a_view() {
    let bed = Bed::new().await;
    let scope = own("bo");
    // Known ones that hold nothing of a conversation.
    let others = ["accounts", "apart"];
    let open = bed
        .store
        .seeing(&scope).read(move |r| {
            let mut st = r.conn.prepare(
                "SELECT DISTINCT s.name FROM main.sqlite_schema s, pragma_table_info(s.name, 'main') c \
                 WHERE s.type = 'table' AND c.name IN ('thread_id', 'message_id', 'contact_id', 'account_id', 'outbox_id') \
                 AND s.name NOT IN (SELECT name FROM temp.sqlite_schema WHERE type = 'view')",
            )?;
            let names: Vec<String> = st.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
            Ok(names.into_iter().filter(|n| !others.contains(&n.as_str())).collect::<Vec<_>>())
        })
        .await
        .unwrap();
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn the_rules_are_kept_and_told() {
    let bed = Bed::new().await;
    assert_eq!(bed.store.read(Reader::access_book).await.unwrap(), AccessBook::new());
    let ana = OperatorEntry {
        who: Principal::User("ana".into()),
        role: "agent".into(),
        teams: BTreeSet::new(),
        active: true,
    };
    let role = Role { name: "night".into(), visibility: Visibility::Team, ..Role::built_in()[2].clone() };
    let rule = AccountRule { roles: BTreeSet::from(["night".to_owned()]), ..AccountRule::default() };
    for change in [
        AccessChange::RoleSaved { role: role.clone() },
        AccessChange::OperatorSaved { entry: OperatorEntry { role: "night".into(), ..ana.clone() } },
        AccessChange::AccountSet { account: AccountId::new("support"), rule: Some(rule) },
        AccessChange::OperatorSeen { name: "bo".into(), teams: BTreeSet::from(["one".to_owned()]) },
    ] {
        bed.apply(EventBody::AccessChanged { change }).await.unwrap();
    }
    let book = bed.store.read(Reader::access_book).await.unwrap();
    assert_eq!(book.role("night"), Some(&role));
    assert_eq!((book.operators.len(), book.accounts.len(), book.seen.len()), (1, 1, 1));
    let gone = AccessChange::RoleDeleted { name: "night".into() };
    let refused = bed.apply(EventBody::AccessChanged { change: gone }).await.unwrap_err();
    assert!(refused.to_string().contains("in use by ana"), "{refused}");
}
