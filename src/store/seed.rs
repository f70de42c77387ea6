//! A big store made from a seed, for measuring: the same numbers give the same content everywhere.
//!
//! Threads get messages by a Zipf law, as inboxes do: a few long conversations, many short ones. Words follow one
//! too, so that searches meet common, rare and absent words.

use super::apply::{self, set_tidy_upto, set_words_upto};
use super::{StoreError, configure, create_private, migrate};
use crate::clock::Millis;
use crate::model::contact::{Identity, display_phone};
use crate::model::ids::{AccountId, ContactId, MessageId, ThreadId};
use rusqlite::{Connection, params};
use std::path::Path;

/// How much of what.
#[derive(Clone, Copy, Debug)]
pub struct SeedOptions {
    /// Messages in all; at least one a thread.
    pub messages: u64,
    /// Threads.
    pub threads: u64,
    /// Seed of the content.
    pub seed: u64,
    /// Time of the newest message.
    pub newest: Millis,
}

/// The account that a seeded store has.
pub const ACCOUNT: &str = "bench";
/// Its number id.
pub const NUMBER: &str = "339901477551020";
/// Its business account id.
pub const BUSINESS: &str = "218834005551201";

/// SplitMix64: small, seeded, good enough for content.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A rank below `n` by a law close to Zipf's: small ranks often.
    fn zipf(&mut self, n: u64) -> u64 {
        let x = (n as f64).powf(self.unit()) - 1.0;
        (x as u64).min(n - 1)
    }
}

const COMMON: [&str; 40] = [
    "order", "the", "please", "when", "you", "hello", "is", "my", "delivery", "thanks", "refund", "can",
    "to", "address", "today", "not", "arrived", "and", "invoice", "help", "it", "size", "number", "change",
    "for", "we", "yes", "payment", "good", "tomorrow", "where", "return", "colour", "have", "stock", "price",
    "email", "sent", "still", "waiting",
];
const SYLLABLES: [&str; 24] = [
    "ba", "ro", "bel", "ka", "tin", "mo", "ver", "lu", "sa", "ndo", "pri", "ta", "gor", "ne", "fi", "zu",
    "lam", "que", "der", "os", "ya", "him", "cor", "el",
];
const NAMES: [&str; 24] = [
    "Marta", "João", "Amara", "Lena", "Omar", "Yuki", "Anna", "Luis", "Priya", "Tom", "Nadia", "Karl",
    "Sofia", "Ivan", "Mei", "Ahmed", "Clara", "Paulo", "Ines", "Noah", "Zoe", "Ravi", "Emma", "Hugo",
];

/// The `rank`-th word of the vocabulary.
fn word(rank: u64, out: &mut String) {
    if let Some(w) = COMMON.get(rank as usize) {
        out.push_str(w);
        return;
    }
    let mut n = rank;
    let base = SYLLABLES.len() as u64;
    while n > 0 {
        out.push_str(SYLLABLES[(n % base) as usize]);
        n /= base;
    }
}

fn body(r: &mut Random, out: &mut String) {
    out.clear();
    let words = 3 + r.below(14);
    for i in 0..words {
        if i > 0 {
            out.push(' ');
        }
        let rank = r.zipf(60_000);
        word(rank, out);
    }
    if r.below(4) == 0 {
        out.push('?');
    }
}

/// Makes a store at `path`, which must not exist. `progress` is told now and then how many messages are in.
pub fn seed(path: &Path, options: SeedOptions, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
    if path.exists() {
        return Err(StoreError::Rule(format!("{} exists already", path.display())));
    }
    create_private(path)?;
    let mut conn = Connection::open(path)?;
    configure(&conn, 200_000)?;
    conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=20000;")?;
    migrate::migrate(&mut conn)?;
    let threads = options.threads.max(1);
    let messages = options.messages.max(threads);
    let mut r = Random(options.seed);
    let account = AccountId::new(ACCOUNT);
    let scope = format!("meta:{BUSINESS}");
    {
        let tx = conn.transaction()?;
        tx.execute(
            "INSERT INTO accounts(key, position, name, provider, environment, number, business, state) \
             VALUES(?1, 1, 'Bench', 'meta', 'development', ?2, ?3, 'connected')",
            params![ACCOUNT, NUMBER, BUSINESS],
        )?;
        {
            let mut contact = tx.prepare(
                "INSERT INTO contacts(id, uid, scope, profile_name, created_at) VALUES(?1, ?2, ?3, ?4, 0)",
            )?;
            let mut identity =
                tx.prepare("INSERT INTO identities(scope, kind, value, contact_id) VALUES(?1, ?2, ?3, ?4)")?;
            let mut thread = tx.prepare(
                "INSERT INTO threads(id, uid, account_id, contact_id, contact_uid, title, phone, last_at, search) \
                 VALUES(?1, ?2, 1, ?1, ?3, ?4, ?5, 0, ?6)",
            )?;
            let mut parts = tx.prepare("INSERT INTO thread_parts(rowid, text) VALUES(?1, ?2)")?;
            for i in 0..threads {
                let id = i as i64 + 1;
                let phone = format!("4915{:09}", i * 7 + 13);
                let who = ContactId::of_identity(&scope, &Identity::phone(phone.clone()));
                let mut name = NAMES[r.below(NAMES.len() as u64) as usize].to_owned();
                name.push(' ');
                let mut family = String::new();
                word(40 + r.below(20_000), &mut family);
                name.extend(family.chars().take(1).flat_map(char::to_uppercase));
                name.push_str(family.get(1..).unwrap_or(""));
                let title = if r.below(20) == 0 { display_phone(&phone) } else { name };
                contact.execute(params![id, who.0, scope, title])?;
                identity.execute(params![scope, "phone", phone, id])?;
                let search = format!("{title}\n{phone}");
                thread.execute(params![
                    id,
                    ThreadId::between(&account, who).0,
                    who.0,
                    title,
                    phone,
                    search
                ])?;
                parts.execute(params![id, search])?;
            }
        }
        let step = 20_000;
        let start = options.newest - messages as i64 * step;
        {
            let mut add = tx.prepare(
                "INSERT INTO messages(uid, thread_id, at, stored_at, inbound, unread, state, kind, text, provider_id) \
                 VALUES(?1, ?2, ?3, ?3, ?4, 0, ?5, 'text', ?6, ?7)",
            )?;
            let mut text = String::new();
            for i in 0..messages {
                // Every thread gets one message; the rest goes by length.
                let t = if i < threads { i } else { r.zipf(threads) };
                body(&mut r, &mut text);
                let inbound = r.below(10) < 6;
                let wamid = format!("wamid.{:016x}{i:016x}", r.next());
                let uid = MessageId::of_provider(&account, &wamid);
                let at = start + (i as i64 + 1) * step;
                let state = if inbound { "received" } else { "read" };
                add.execute(params![uid.0, t as i64 + 1, at, inbound, state, text, wamid])?;
                apply::index_words(&tx, i as i64 + 1, &text)?;
                if i % 50_000 == 0 {
                    progress(i);
                }
            }
        }
        // The newest inbound message of every twentieth thread is unread.
        tx.execute_batch(
            "UPDATE messages SET unread = 1 WHERE id IN (SELECT max(id) FROM messages WHERE inbound = 1 \
             AND thread_id % 20 = 0 GROUP BY thread_id);
             UPDATE threads SET last_row = (SELECT id FROM messages m WHERE m.thread_id = threads.id \
             ORDER BY at DESC, id DESC LIMIT 1);
             UPDATE threads SET (last_at, last_uid, last_inbound, last_text, last_state) = \
             (SELECT at, uid, inbound, substr(text, 1, 120), state FROM messages m WHERE m.id = threads.last_row), \
             last_kind = 'text', \
             unread = (SELECT count(*) FROM messages m WHERE m.thread_id = threads.id AND m.unread = 1), \
             window_until = (SELECT max(at) + 86340000 FROM messages m WHERE m.thread_id = threads.id AND m.inbound = 1);
             UPDATE accounts SET (threads, unread, unread_threads) = \
             (SELECT count(*), sum(unread), count(*) FILTER (WHERE unread > 0) FROM threads);",
        )?;
        set_words_upto(&tx, messages as i64)?;
        tx.commit()?;
    }
    while apply::tidy(&mut conn, options.newest, true)? {}
    set_tidy_upto(&conn, messages as i64)?;
    for table in ["message_words", "message_parts", "thread_parts"] {
        conn.execute_batch(&format!("INSERT INTO {table}({table}) VALUES('optimize');"))?;
    }
    conn.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")?;
    progress(messages);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Reader;

    #[test]
    fn the_same_seed_gives_the_same_store_and_its_counters_agree() {
        let dir = tempfile::tempdir().unwrap();
        let options = SeedOptions { messages: 500, threads: 40, seed: 7, newest: 1_700_000_000_000 };
        let mut found = Vec::new();
        for name in ["a.db", "b.db"] {
            let path = dir.path().join(name);
            seed(&path, options, &mut |_| {}).unwrap();
            let reader = Reader::open(&path).unwrap();
            assert_eq!(reader.recount().unwrap(), Vec::<String>::new());
            let page = reader.threads(None, crate::model::thread::ThreadFilter::All, None, 10).unwrap();
            assert_eq!(page.items.len(), 10);
            found.push(page.items);
            assert!(!reader.search("order", None, None, None, 5).unwrap().hits.items.is_empty());
        }
        assert_eq!(found[0], found[1]);
    }
}
