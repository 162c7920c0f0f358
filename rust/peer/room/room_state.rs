//! Holds the state of a room, and decides what queries return.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use super::events::RoomEvent;
use super::peer_cell::{LocalPeerCell, PeerCell};
use super::room_packet_queue::RoomPacketQueue;
use super::room_peer::{ConnectingPeer, RoomPeer};
use crate::error::{Error, ErrorCode, Result};
use crate::net::ServerTls;
use crate::net::listener::ListeningSocket;
use crate::peer::accept_failure::AcceptFailure;
use crate::peer::connection::RoundTrip;
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::last_error::LastError;
use crate::peer::options::{AdmissionOptions, ConnectionOptions};
use crate::peer::peer_ids::{BROADCAST, SERVER_ID};
use crate::peer::pending_handshakes::PendingHandshakes;

/// The place of a client's connection among those that are being made; arrivals of a server's begin at 1.
pub(super) const JOINING: u64 = 0;

/// States of a room, with the numbers of Godot's `MultiplayerPeer.ConnectionStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum RoomStatus {
    /// Neither a client nor a server, or a client whose server has departed.
    Disconnected = 0,
    /// A client to which the server has not assigned an id yet.
    Connecting = 1,
    /// A server, or a client with its id.
    Connected = 2,
}

/// A server with its clients, or a client with its server. Everything happens inside its calls, mostly in
/// [`Self::poll`]; [`Self::next_event`] then delivers the events one by one, and each takes effect with its delivery.
#[derive(Debug)]
pub struct MultiplayerPeer<S: PeerCell = LocalPeerCell> {
    /// Options of the connections made from now on. `handshake_timeout` covers the time from the connection to the id,
    /// on a client from the start. Without `auto_accept` the program of a server decides about each request.
    pub options: ConnectionOptions,
    /// Which clients a server admits.
    pub admission: AdmissionOptions,
    pub(super) role: RoomRole,
    pub(super) target_peer: i32,
    /// A server's clients in the handshake by their arrival, or a client's connection at [`JOINING`].
    pub(super) connecting: BTreeMap<u64, ConnectingPeer<S>>,
    pub(super) handshakes: PendingHandshakes,
    pub(super) accept_failure: AcceptFailure,
    pub(super) peers: BTreeMap<i32, RoomPeer<S>>,
    pub(super) packets: RoomPacketQueue,
    pub(super) events: VecDeque<RoomEvent>,
    /// Whether packets were sent that a flush may have to write.
    pub(super) has_unflushed: bool,
    /// The peer whose event of departure was delivered last.
    pub(super) last_departed: Option<i32>,
    /// A client's connection after it has failed or ended, which still reports the reason.
    pub(super) former_server: Option<S>,
    pub(super) last_error: LastError,
}

/// What a room is.
#[derive(Debug)]
pub(super) enum RoomRole {
    /// Neither a client nor a server.
    Unused,
    /// A client, with its id as soon as the server has assigned it.
    Client { id: Option<i32> },
    /// A server.
    Server { socket: ListeningSocket, tls: Option<ServerTls> },
}

impl<S: PeerCell> Default for MultiplayerPeer<S> {
    fn default() -> Self {
        Self {
            options: ConnectionOptions::for_room(),
            admission: AdmissionOptions::default(),
            role: RoomRole::Unused,
            target_peer: BROADCAST,
            connecting: BTreeMap::new(),
            handshakes: PendingHandshakes::default(),
            accept_failure: AcceptFailure::default(),
            peers: BTreeMap::new(),
            packets: RoomPacketQueue::default(),
            events: VecDeque::new(),
            has_unflushed: false,
            last_departed: None,
            former_server: None,
            last_error: LastError::default(),
        }
    }
}

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Creates a room that is neither a client nor a server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the state of the room.
    pub fn status(&self) -> RoomStatus {
        match self.role {
            RoomRole::Unused => RoomStatus::Disconnected,
            // The next call makes the room unused; until then it still has the server's connection and its own id.
            RoomRole::Client { .. } if self.last_departed == Some(SERVER_ID) => RoomStatus::Disconnected,
            RoomRole::Client { id: None } => RoomStatus::Connecting,
            RoomRole::Client { id: Some(_) } | RoomRole::Server { .. } => RoomStatus::Connected,
        }
    }

    /// Returns the id of this room: 1 on a server, the assigned one on a client, 0 if there is none.
    pub fn unique_id(&self) -> i32 {
        match self.role {
            RoomRole::Unused => 0,
            RoomRole::Client { id } => id.unwrap_or(0),
            RoomRole::Server { .. } => SERVER_ID,
        }
    }

    /// Returns whether the room is a server.
    pub fn is_server(&self) -> bool {
        matches!(self.role, RoomRole::Server { .. })
    }

    /// Whether the room is a client.
    pub(super) fn is_client(&self) -> bool {
        matches!(self.role, RoomRole::Client { .. })
    }

    /// Returns the port on which a server listens, otherwise 0.
    pub fn local_port(&self) -> u16 {
        match &self.role {
            RoomRole::Server { socket, .. } => socket.port(),
            RoomRole::Unused | RoomRole::Client { .. } => 0,
        }
    }

    /// Returns the ids of the peers that can be sent packets.
    pub fn peers(&self) -> Vec<i32> {
        self.peers.iter().filter(|(_, peer)| peer.is_reachable()).map(|(id, _)| *id).collect()
    }

    /// Returns the cell of a peer's connection; `None` for an unknown id. A client has the server's from the start, and
    /// after its connection has failed or ended until the room is closed or opened again. A server has that of a client
    /// whose request the program is asked about.
    pub fn cell(&self, id: i32) -> Option<&S> {
        let is_shown = |peer: &&ConnectingPeer<S>| peer.id == id && (peer.is_reported || !self.is_server());
        let arrival = || self.handshakes.arrival_of(id).unwrap_or(JOINING);
        let connecting = || self.connecting.get(&arrival()).filter(is_shown).map(|peer| &peer.cell);
        let former = || self.former_server.as_ref().filter(|_| id == SERVER_ID);
        self.known_peer(id).map(|peer| &peer.cell).ok().or_else(connecting).or_else(former)
    }

    /// Runs a query on a peer's connection.
    pub fn with_peer<R>(&self, id: i32, call: impl FnOnce(&mut WebSocketPeer) -> R) -> Option<R> {
        self.cell(id)?.with(None, |peer| Some(call(peer)))
    }

    /// Returns a peer's address.
    pub fn peer_address(&self, id: i32) -> Option<SocketAddr> {
        self.with_peer(id, |peer| peer.remote_address()).flatten()
    }

    /// Returns a peer's round-trip times; `None` for an unknown id and before the first pong.
    pub fn round_trip(&self, id: i32) -> Option<RoundTrip> {
        self.with_peer(id, |peer| peer.round_trip()).flatten()
    }

    /// Returns why the last call was refused, the connection failed, or the last peer departed; empty if nothing of
    /// that kind happened.
    pub fn error_message(&self) -> &str {
        self.last_error.as_str()
    }

    /// Keeps the text of an error for [`Self::error_message`]; bindings pass their own refusals.
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        self.last_error.record(result)
    }

    pub(super) fn known_peer(&self, id: i32) -> Result<&RoomPeer<S>> {
        self.peers.get(&id).filter(|peer| peer.is_known()).ok_or_else(|| unknown_peer(id))
    }
}

pub(super) fn unknown_peer(id: i32) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("there is no peer {id}"))
}
