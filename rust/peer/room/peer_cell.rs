//! Where a room keeps a connection.

use std::cell::RefCell;

use crate::peer::WebSocketPeer;

/// Where a room keeps a connection, so that a binding can show the connection to programs while the room drives it.
pub trait PeerCell {
    /// Seats a connection.
    fn new(peer: WebSocketPeer) -> Self;

    /// Runs a call on the connection; `busy` is the answer where the same thread is in the middle of another.
    fn with<R>(&self, busy: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R;
}

/// A cell that nobody but the room sees.
#[derive(Debug)]
pub struct LocalPeerCell(RefCell<WebSocketPeer>);

impl PeerCell for LocalPeerCell {
    fn new(peer: WebSocketPeer) -> Self {
        Self(RefCell::new(peer))
    }

    fn with<R>(&self, busy: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        match self.0.try_borrow_mut() {
            Ok(mut peer) => call(&mut peer),
            Err(_) => busy,
        }
    }
}
