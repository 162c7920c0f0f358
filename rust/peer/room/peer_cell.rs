//! The owner of a room's connection: a cell that a binding defines, so that programs can have handles of it.

use std::cell::RefCell;

use crate::peer::connection::websocket_peer::WebSocketPeer;

/// Owns a connection of a room. A binding that shows connections to programs while the room drives them has a type of
/// its own.
pub trait PeerCell {
    /// Takes a connection over.
    fn new(peer: WebSocketPeer) -> Self;

    /// Runs a call on the connection. Returns `busy` if the same thread is in the middle of another call.
    fn with<R>(&self, busy: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R;
}

/// A cell that only the room uses.
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
