//! Sockets are files to the system: how many there may be, how many of one client, and when one is given up.
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard};
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

/// Connections by the address they come from. One address has at most three quarters of all, so that who opens connections and says
/// nothing leaves room for others. Those that come by a proxy have its address.
pub struct Peers {
    most: usize,
    connected: Mutex<HashMap<IpAddr, usize>>,
}

impl Peers {
    pub fn new(most: usize) -> Arc<Peers> {
        Arc::new(Peers { most: (most * 3 / 4).max(1), connected: Mutex::default() })
    }

    /// Counts a connection for as long as it lives; closes it at once when its peer has too many.
    pub fn admit(self: &Arc<Peers>, socket: &dyn Any, connection: &mut Extensions) {
        let Some(socket) = socket.downcast_ref::<TcpStream>() else { return };
        let Ok(peer) = socket.peer_addr() else { return };
        let seat = Seat { peers: Arc::clone(self), peer: peer.ip() };
        if self.count(peer.ip(), 1) > self.most {
            tracing::warn!(peer = %peer.ip(), most = self.most, "too many connections of one address");
            drop(socket2::SockRef::from(socket).shutdown(Shutdown::Both));
        }
        connection.insert(seat);
    }

    fn count(&self, peer: IpAddr, change: isize) -> usize {
        let mut connected = self.connected();
        let count = connected.entry(peer).or_default();
        *count = count.saturating_add_signed(change);
        let now = *count;
        if now == 0 {
            connected.remove(&peer);
        }
        now
    }

    fn connected(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.connected.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A connection that is counted.
struct Seat {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.peers.count(self.peer, -1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[tokio::test]
    async fn one_address_leaves_room_for_others() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peers = Peers::new(4);
        let mut clients = Vec::new();
        let mut held = Vec::new();
        for _ in 0..5 {
            clients.push(std::net::TcpStream::connect(address).unwrap());
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = Extensions::new();
            peers.admit(&socket, &mut connection);
            held.push((socket, connection));
        }
        let closed = |client: &mut std::net::TcpStream| {
            client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            client.read(&mut [0]).is_ok_and(|count| count == 0)
        };
        let ends: Vec<bool> = clients.iter_mut().map(closed).collect();
        assert_eq!(ends, [false, false, false, true, true]);
        assert_eq!(peers.connected().get(&address.ip()), Some(&5));
        drop(held);
        assert!(peers.connected().is_empty(), "who has gone is not remembered");
    }
}
