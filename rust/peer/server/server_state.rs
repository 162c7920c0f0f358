//! Holds the state of a server object, and decides when its options may change and what queries return.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use super::listening::Listening;
use super::server_peer::ServerPeer;
use crate::error::{Error, ErrorCode, Result};
use crate::net::background_flush::FlushRequests;
use crate::peer::accept_failure::AcceptFailure;
use crate::peer::connection::RoundTrip;
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::event::PeerEvent;
use crate::peer::godot3_packets::ReceivedPackets;
use crate::peer::last_error::LastError;
use crate::peer::options::ServerOptions;
use crate::peer::peer_ids::{BuildIdHasher, PeerIds};
use crate::peer::pending_handshakes::PendingHandshakes;

/// A WebSocket server with all its connections, as Godot 3's `WebSocketServer` describes it. Peers have ids from 2 to
/// 2147483647. An id is not assigned again while a program may still hold it, so a stale id is an error and not another
/// peer.
///
/// Everything happens in [`Self::poll`]; [`Self::next_event`] then delivers the events one by one.
#[derive(Debug, Default)]
pub struct Server {
    pub(super) options: ServerOptions,
    pub(super) listening: Option<Listening>,
    pub(super) ids: PeerIds,
    /// Id of the next connection.
    pub(super) reserved_id: Option<i32>,
    pub(super) peers: HashMap<i32, ServerPeer, BuildIdHasher>,
    /// Peers that are open, or whose event of the end was not delivered yet, or was delivered last.
    pub(super) connected: BTreeSet<i32>,
    /// Peers whose handshake is under way.
    pub(super) handshaking: PendingHandshakes,
    pub(super) accept_failure: AcceptFailure,
    /// Peers that the next poll looks at, each once, in the order in which they got work: see
    /// [`ServerPeer::is_active`].
    pub(super) active: Vec<i32>,
    pub(super) timers: BinaryHeap<Reverse<(Instant, i32)>>,
    pub(super) events: VecDeque<PeerEvent>,
    /// Peers whose event of the end was delivered.
    pub(super) ended: Vec<i32>,
    pub(super) godot3_packets: ReceivedPackets,
    pub(super) target_peer: i32,
    pub(super) is_interrupted: bool,
    pub(super) last_error: LastError,
    /// Peers with output for the background flush, each once: see [`ServerPeer::has_rest`].
    pub(super) unflushed: Vec<i32>,
    pub(super) flush_requests: FlushRequests,
}

impl Server {
    /// Creates a server that does not listen.
    pub fn new() -> Self {
        Self::default()
    }

    // Options

    /// Returns the options.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// Changes options. Limits and times apply to existing peers too.
    pub fn set_options(&mut self, set: impl FnOnce(&mut ServerOptions) -> Result) -> Result {
        let result = set(&mut self.options);
        let protocols = self.listening.as_ref().map_or(&[][..], |listening| &listening.protocols);
        for peer in self.peers.values_mut() {
            peer.peer.options = match peer.is_handshaking() {
                true => self.options.for_peer(protocols),
                false => self.options.for_open_peer(),
            };
        }
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            self.activate(id);
        }
        self.wake();
        self.record_error(result)
    }

    /// Changes options that may only change while the server does not listen; refused with [`ErrorCode::Failed`]
    /// otherwise.
    pub fn configure(&mut self, set: impl FnOnce(&mut ServerOptions) -> Result) -> Result {
        let result = match self.listening {
            None => set(&mut self.options),
            Some(_) => Err(Error::new(ErrorCode::Failed, "this option cannot be changed while the server listens")),
        };
        self.record_error(result)
    }

    // Queries

    /// Returns why the last call was refused; empty if none was.
    pub fn error_message(&self) -> &str {
        self.last_error.as_str()
    }

    /// Keeps the text of an error for [`Self::error_message`]; bindings pass their own refusals.
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        self.last_error.record(result)
    }

    /// Returns the ids of the connected peers, in ascending order.
    pub fn peer_ids(&self) -> Vec<i32> {
        self.connected.iter().copied().collect()
    }

    /// Returns the number of connected peers.
    pub fn peer_count(&self) -> usize {
        self.connected.len()
    }

    /// Returns the number of connections whose handshake is under way.
    pub fn pending_count(&self) -> usize {
        self.handshaking.len()
    }

    /// Returns the number of connections that the next poll looks at even if the network reports nothing.
    pub fn active_count(&self) -> usize {
        self.active.len()
    }

    /// Returns whether the id is that of a connected peer, or of one whose event of the end was delivered last.
    pub fn has_peer(&self, id: i32) -> bool {
        self.connected.contains(&id)
    }

    /// Returns whether the id is that of a connected peer; `false` from the delivery of the event of its end on.
    pub fn is_peer_connected(&self, id: i32) -> bool {
        self.peers.get(&id).is_some_and(ServerPeer::is_connected)
    }

    /// Runs a query on a connected peer.
    pub fn with_peer<R>(&self, id: i32, call: impl FnOnce(&WebSocketPeer) -> R) -> Result<R> {
        self.connected_peer(id).map(|peer| call(&peer.peer))
    }

    /// Returns the address of a connected peer.
    pub fn peer_address(&self, id: i32) -> Result<SocketAddr> {
        let closed = || Error::new(ErrorCode::Unavailable, "the connection is closed");
        self.connected_peer(id)?.peer.remote_address().ok_or_else(closed)
    }

    /// Returns the round-trip times of a peer's pings; `None` before the first pong.
    pub fn round_trip(&self, id: i32) -> Option<RoundTrip> {
        self.peers.get(&id).and_then(|peer| peer.peer.round_trip())
    }

    /// Disables (`true`, the default) or enables Nagle's algorithm for a peer.
    pub fn set_no_delay(&mut self, id: i32, enabled: bool) -> Result {
        let result = self.connected_peer_mut(id).and_then(|peer| peer.peer.set_no_delay(enabled));
        self.record_error(result)
    }

    // Look-ups

    pub(super) fn connected_peer(&self, id: i32) -> Result<&ServerPeer> {
        self.peers.get(&id).filter(|peer| peer.is_connected()).ok_or_else(|| unknown_peer(id))
    }

    pub(super) fn connected_peer_mut(&mut self, id: i32) -> Result<&mut ServerPeer> {
        self.peers.get_mut(&id).filter(|peer| peer.is_connected()).ok_or_else(|| unknown_peer(id))
    }
}

pub(super) fn unknown_peer(id: i32) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("there is no peer {id}"))
}
