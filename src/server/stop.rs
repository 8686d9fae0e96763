//! The way a service goes: first it says so, then it lets nobody in any more, then it finishes what it is at.
use crate::analysis::events::Boards;
use crate::http::state::State;
use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Waits for a signal. After SIGTERM `/readyz` answers 503 and every answer closes its connection for as long as the settings
/// say, so that whoever distributes requests takes this instance out before it is gone; a second signal ends the wait. SIGINT
/// comes from a terminal, and nobody distributes anything there.
pub async fn when_asked(mut signals: Signals, app: Data<State>, boards: Data<Boards>, server: ServerHandle) {
    let gently = signals.next().await;
    app.stopping.store(true, Ordering::Relaxed);
    if gently {
        let delay = Duration::from_secs(app.config.stop_delay_seconds);
        tracing::info!(seconds = delay.as_secs(), "the service was asked to stop and tells it");
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = signals.next() => {}
        }
    }
    boards.stop();
    server.stop(gently).await;
}

/// The signals that ask the service to stop; heard from the moment this is made.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal; whether it leaves time.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => false,
        }
    }
}

#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) -> bool {
        drop(tokio::signal::ctrl_c().await);
        false
    }
}
