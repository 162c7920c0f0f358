//! Lingering close: flushes the last bytes of a connection in the background after its owner has closed it.
//!
//! Closing a socket that has unread input makes the kernel send a reset, which can destroy the close frame or HTTP
//! answer that the remote peer has not read yet. So the last bytes are written, the sending direction is shut down, and
//! input is discarded until the remote peer closes too, or a deadline is over.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::clock;
use super::tcp::TcpSocket;
use crate::limits::{LINGER_TIME, LINGERING_SOCKETS};

static SOCKETS: Mutex<Vec<Lingering>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

struct Lingering {
    socket: Arc<TcpSocket>,
    unsent: Vec<u8>,
    written: usize,
    is_shut_down: bool,
    deadline: Instant,
}

/// Closes a connection after `unsent` has been written.
pub fn close(socket: Arc<TcpSocket>, unsent: Vec<u8>) {
    let now = clock::now();
    let mut lingering = Lingering { socket, unsent, written: 0, is_shut_down: false, deadline: now + LINGER_TIME };
    if lingering.advance(now) {
        return;
    }
    let mut sockets = SOCKETS.lock();
    if sockets.len() >= LINGERING_SOCKETS {
        sockets.remove(0);
    }
    sockets.push(lingering);
    COUNT.store(sockets.len(), Ordering::Release);
}

/// Returns whether no connection is being closed.
pub fn is_idle() -> bool {
    COUNT.load(Ordering::Acquire) == 0
}

/// Advances all connections that are being closed. Every poll of any object calls this; it costs one atomic load if
/// there are none.
pub fn tick(now: Instant) {
    if COUNT.load(Ordering::Acquire) == 0 {
        return;
    }
    if let Some(mut sockets) = SOCKETS.try_lock() {
        sockets.retain_mut(|lingering| !lingering.advance(now));
        COUNT.store(sockets.len(), Ordering::Release);
    }
}

impl Lingering {
    /// Advances one connection. Returns whether it is finished.
    fn advance(&mut self, now: Instant) -> bool {
        while let Some(rest) = self.unsent.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Ok(count) if count > 0 => {
                    self.written += count;
                    // The deadline counts from the last progress, so that a large response can be delivered to a slow
                    // peer.
                    self.deadline = now + LINGER_TIME;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return now >= self.deadline,
                _ => return true,
            }
        }
        if !self.is_shut_down {
            self.socket.shutdown(Shutdown::Write);
            self.is_shut_down = true;
        }
        let mut discarded = [0; 4096];
        // Bounded, so that a remote peer that sends without end cannot block the caller.
        for _ in 0..64 {
            match self.socket.read(&mut discarded) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return true,
            }
        }
        now >= self.deadline
    }
}
