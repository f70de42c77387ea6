//! The service manager: a socket that it opened for us, and word that we are ready.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;

/// The socket that the service manager opened for this process; `None` when there is none. Can be asked once.
pub fn inherited(expected: &Path) -> io::Result<Option<UnixListener>> {
    let mut given = listenfd::ListenFd::from_env();
    let Some(listener) = given.take_unix_listener(0)? else { return Ok(None) };
    let at = listener.local_addr()?;
    if at.as_pathname() != Some(expected) {
        return Err(io::Error::other(format!(
            "the system opened {}, and the configuration says {}: make both the same",
            at.as_pathname()
                .map_or_else(|| "a socket without a path".to_owned(), |p| p.display().to_string()),
            expected.display()
        )));
    }
    listener.set_nonblocking(true)?;
    Ok(Some(listener))
}

/// Tells the service manager how we are; nobody listens where there is none.
pub fn tell(state: &State) {
    use sd_notify::NotifyState;
    let text;
    let states = match state {
        State::Ready(status) => {
            text = status.as_str();
            vec![NotifyState::Ready, NotifyState::Status(text)]
        }
        State::Stopping => vec![NotifyState::Stopping],
    };
    if let Err(error) = sd_notify::notify(&states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It works; in one line.
    Ready(String),
    /// It ends.
    Stopping,
}
