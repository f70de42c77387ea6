//! Who gets in.

use crate::common::Bed;
use serde_json::json;
use switchboard::model::ClientInfo;
use switchboard::protocol::Request;
use switchboard::protocol::client::Client;
use switchboard::users;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_gets_a_sentence_and_nothing_else() {
    let bed = Bed::new(0.0, 1).await;
    let uid = users::own_uid();
    let stranger = ClientInfo { uid: Some(uid + 1), user: "bo".into(), ..ClientInfo::default() };
    // Whatever comes first is answered with the reason, and the line ends: no update reaches it.
    for request in [Request::hello("", ""), Request::Accounts] {
        let mut c = Client::new(bed.engine.connect(&stranger));
        bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
        let problem = c.ask(request).await.unwrap_err();
        assert_eq!(problem.kind, "forbidden");
        assert!(
            problem.what.contains(&users::name_of(uid)) && problem.next.contains("operators add bo"),
            "{problem:?}"
        );
        assert!(c.update().await.is_none());
        assert_eq!(c.ask(Request::Accounts).await.unwrap_err().kind, "engine_gone");
    }
    let mut own = Client::new(bed.engine.connect(&users::client(uid, None)));
    own.ask(Request::hello("pts/1", "")).await.unwrap();
    own.ask(Request::Accounts).await.unwrap();
    bed.stop().await;
}
