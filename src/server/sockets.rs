//! Sockets are files to the system: how many there may be, and when one is given up.
use actix_web::rt::net::TcpStream;
use std::any::Any;
use std::time::Duration;

/// Files that are kept for databases, logs and keys.
const RESERVED: u64 = 192;
/// More connections than this are not wanted at once, whatever the system allows.
const MOST: u64 = 50_000;
/// How many files a process may have where that cannot be asked.
const USUAL: u64 = 1_024;

/// How many clients may be connected at once: below the number of files the system allows, which is raised as far as it lets
/// us. Further ones wait until somebody goes.
pub fn most() -> usize {
    let files = rlimit::increase_nofile_limit(MOST + RESERVED).unwrap_or(USUAL);
    if files < MOST + RESERVED {
        tracing::info!(files, "the system allows fewer files than connections are welcome");
    }
    usize::try_from(files.saturating_sub(RESERVED).clamp(64, MOST)).unwrap_or(usize::MAX)
}

/// Has the system close a connection whose peer takes nothing of an answer for so long. The server itself has a limit for what
/// comes in, and none for what goes out.
pub fn close_unread(socket: &dyn Any, after: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(socket) = socket.downcast_ref::<TcpStream>()
        && let Err(cause) = socket2::SockRef::from(socket).set_tcp_user_timeout(Some(after))
    {
        tracing::debug!(%cause, "a connection has no limit for what is left unread");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, after);
}
