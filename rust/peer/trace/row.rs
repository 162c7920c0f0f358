//! Defines what the trace shows of a live peer.

use std::net::SocketAddr;
use std::time::Duration;

use crate::peer::state::State;
use crate::peer::trace::traffic::TrafficTotals;
use crate::proto::Role;

/// The class of the object that a peer belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum PeerClass {
    /// The program owns the peer itself.
    #[default]
    Peer = 0,
    /// A client object.
    Client = 1,
    /// A server object.
    Server = 2,
    /// A multiplayer peer.
    Multiplayer = 3,
}

/// A live peer, as it was at the end of its last poll.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerRow {
    /// Number of the peer, never 0 and never used again.
    pub id: u64,
    /// What the peer belongs to.
    pub class: PeerClass,
    /// Client or server; `None` before the first connection.
    pub role: Option<Role>,
    /// State of the connection.
    pub state: State,
    /// Requested URL, with secrets masked.
    pub url: String,
    /// Address of the remote peer, also after the end of the connection.
    pub remote: Option<SocketAddr>,
    /// Selected sub-protocol, or empty.
    pub protocol: String,
    /// Whether permessage-deflate was negotiated.
    pub is_compressed: bool,
    /// Compressed size as a share of the original size of compressed messages, over both directions; `None` if there
    /// were none.
    pub compression_ratio: Option<f64>,
    /// Traffic of this connection or the last one.
    pub traffic: TrafficTotals,
    /// Received messages that the program has not taken.
    pub inbound_messages: usize,
    /// Payload bytes of those.
    pub inbound_bytes: usize,
    /// Messages that the network has not accepted.
    pub outbound_messages: usize,
    /// Payload bytes of those.
    pub outbound_bytes: usize,
    /// Smoothed round-trip time; `None` before the first pong.
    pub round_trip: Option<Duration>,
    /// Why the connection was lost, or empty.
    pub failure: String,
}
