//! Ctrl+C and SIGTERM end a long-running command in good order.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a service was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// SIGINT or SIGTERM.
    End,
    /// SIGHUP.
    Reload,
}

/// The signals of a service.
pub(super) struct Signals {
    int: Signal,
    term: Signal,
    hup: Signal,
}

impl Signals {
    /// From now on they are heard.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.int.recv() => Told::End,
            _ = self.term.recv() => Told::End,
            _ = self.hup.recv() => Told::Reload,
        }
    }
}

/// Waits for SIGINT, SIGTERM or SIGHUP.
pub(super) async fn ended() -> std::io::Result<()> {
    let mut int = signal(SignalKind::interrupt())?;
    let mut term = signal(SignalKind::terminate())?;
    let mut hup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
    Ok(())
}
