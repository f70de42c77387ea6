//! Who runs this process, and who is on the other side of a socket: by the kernel's word, not by a variable.

use std::fs;
use tokio::net::UnixStream;

/// The user id of this process, as the kernel reports it for a socket of ours. Needs a tokio runtime.
pub fn own_uid() -> std::io::Result<u32> {
    let (a, _b) = UnixStream::pair()?;
    Ok(a.peer_cred()?.uid())
}

/// The name of a user: from the system's list, else for ourselves from `$USER`, else `uid-1000`.
#[must_use]
pub fn name_of(uid: u32) -> String {
    fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|list| lookup(&list, uid))
        .or_else(|| {
            let own = own_uid().is_ok_and(|own| own == uid);
            std::env::var("USER").ok().filter(|name| own && is_name(name))
        })
        .unwrap_or_else(|| format!("uid-{uid}"))
}

fn lookup(list: &str, uid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?;
        (id.parse() == Ok(uid) && is_name(name)).then(|| name.to_owned())
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_belongs_to_the_id() {
        let list = "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n:x:7:7::/:/bin/sh\n";
        assert_eq!(lookup(list, 1000).as_deref(), Some("ana"));
        assert_eq!(lookup(list, 7), None);
        assert_eq!(lookup(list, 4), None);
    }

    #[tokio::test]
    async fn an_unknown_id_still_has_a_name() {
        assert_eq!(name_of(3_999_999_999), "uid-3999999999");
        assert!(!name_of(own_uid().unwrap()).is_empty());
    }
}
