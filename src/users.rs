//! Users and groups of this machine, by the operating system's word: the C library is asked, so that a directory
//! service counts as much as `/etc/passwd`. Knows nothing of clients or operators.
//!
//! A look-up may wait for a directory server: keep it off the async threads.

use crate::model::client::ClientInfo;
use std::ffi::OsStr;

/// The effective user id of this process, which is also what the kernel tells the other end of a socket of ours.
#[must_use]
pub fn own_uid() -> u32 {
    uzers::get_effective_uid()
}

/// The name of a user: from the system, else for ourselves from `$USER`, else `uid-1000`.
#[must_use]
pub fn name_of(uid: u32) -> String {
    uzers::get_user_by_uid(uid)
        .and_then(|user| plain(user.name()))
        .or_else(|| std::env::var("USER").ok().filter(|name| uid == own_uid() && is_name(name)))
        .unwrap_or_else(|| format!("uid-{uid}"))
}

/// The groups of a user, supplementary ones included, sorted by name; empty for a user the system does not know.
#[must_use]
pub fn groups_of(uid: u32) -> Vec<String> {
    let user = uzers::get_user_by_uid(uid);
    // The library panics on a name with a zero byte; the system's list cannot hold one, and nothing depends on it.
    let user = user.filter(|u| !u.name().as_encoded_bytes().contains(&0));
    let groups = user.and_then(|u| uzers::get_user_groups(u.name(), u.primary_group_id()));
    let mut names: Vec<String> = groups.unwrap_or_default().iter().filter_map(|g| plain(g.name())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The id of the user of this name.
#[must_use]
pub fn uid_of(name: &str) -> Option<u32> {
    is_name(name).then(|| uzers::get_user_by_name(name).map(|u| u.uid())).flatten()
}

/// The id of the group of this name.
#[must_use]
pub fn gid_of(name: &str) -> Option<u32> {
    is_name(name).then(|| uzers::get_group_by_name(name).map(|g| g.gid())).flatten()
}

/// Everything the system says about a user, as a client of the engine.
#[must_use]
pub fn client(uid: u32, pid: Option<i32>) -> ClientInfo {
    ClientInfo { uid: Some(uid), user: name_of(uid), groups: groups_of(uid), pid, ..ClientInfo::default() }
}

fn plain(name: &OsStr) -> Option<String> {
    name.to_str().filter(|name| is_name(name)).map(ToOwned::to_owned)
}

/// Whether this can be the name of a user or group: it is shown, logged and kept.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_id_still_has_a_name() {
        assert_eq!(name_of(3_999_999_999), "uid-3999999999");
        assert_eq!(groups_of(3_999_999_999), Vec::<String>::new());
        assert!(!name_of(own_uid()).is_empty());
    }

    #[test]
    fn names_and_ids_belong_together() {
        let root = client(0, Some(1));
        assert_eq!((root.uid, root.user.as_str(), root.pid), (Some(0), "root", Some(1)));
        assert_eq!(uid_of("root"), Some(0));
        // The first group is called `root` here and `wheel` elsewhere.
        let first = root.groups.iter().find(|g| gid_of(g) == Some(0));
        assert!(first.is_some(), "{:?}", root.groups);
    }

    #[test]
    fn what_is_no_name_names_nobody() {
        for odd in ["", "a b", "root\0", "a\u{1b}[2J", "no-such-user-anywhere"] {
            assert_eq!((uid_of(odd), gid_of(odd)), (None, None), "{odd:?}");
        }
    }
}
