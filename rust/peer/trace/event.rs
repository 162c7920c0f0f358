//! Defines the events of the trace.

use std::time::Duration;

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum TraceEventKind {
    /// An HTTP request or response; the preview is its head with secrets masked.
    Handshake = 0,
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// A ping.
    Ping = 3,
    /// A pong.
    Pong = 4,
    /// A close frame; the preview is its code in decimal and its reason.
    Close = 5,
    /// The connection was lost; the preview is the stage and the reason.
    Failure = 6,
}

/// Direction of a message, frame or HTTP head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum Direction {
    /// From the remote peer.
    Received = 0,
    /// To the remote peer.
    Sent = 1,
}

/// A message, frame, HTTP head or failure of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceEvent {
    /// Time since the first subscription of the process.
    pub time: Duration,
    /// Number of the peer, see [`super::PeerRow::id`].
    pub peer: u64,
    /// Direction; [`Direction::Received`] for a failure.
    pub direction: Direction,
    /// Kind.
    pub kind: TraceEventKind,
    /// Payload bytes before compression.
    pub size: usize,
    /// The first bytes, see [`super::set_preview_size`].
    pub preview: Box<[u8]>,
}
