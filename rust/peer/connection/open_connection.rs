//! Defines the states of an open connection: the close handshake, its input, its output.
//!
//! `sending` and `receiving` hold the rules of each direction.

use std::time::Instant;

use crate::limits::{DEFLATE_IDLE, LOOKAHEAD_BYTES};
use crate::net::{NetError, Transport};
use crate::peer::connection::heartbeat::Heartbeat;
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::options::ConnectionOptions;
use crate::proto::close::CloseFrame;
use crate::proto::connection::Connection;
use crate::proto::output_buffer::OutputBuffer;
use crate::proto::violation::Violation;

/// Why an open connection ends.
#[derive(Debug)]
pub(in crate::peer) enum ConnectionEnd {
    /// The remote peer's close frame was read.
    CloseReceived,
    /// The remote peer violated the protocol.
    Violation(Violation),
    /// The transport ended or failed.
    Lost(NetError),
}

/// How far the close handshake is (RFC 6455 section 7). A close frame of the remote peer ends the connection at once,
/// so it needs no state here.
#[derive(Debug)]
pub(super) enum CloseHandshake {
    /// Neither side has sent a close frame.
    NotStarted,
    /// This side has sent its close frame since the last poll.
    CloseSent,
    /// The remote peer must answer the close frame before the deadline.
    AwaitingAnswer { deadline: Instant },
}

/// What the next poll does with input.
#[derive(Debug, Default)]
pub(super) enum InputState {
    /// It reads from the transport.
    #[default]
    Reading,
    /// It first retries input for which there was no room.
    Paused(HeldInput),
    /// It ends the connection for this reason, which was found in the poll that opened the connection, or after
    /// messages that the program can still answer until then.
    Ended(ConnectionEnd),
}

/// Input that was read but has no room in the packet queue, or must wait for the next poll.
#[derive(Debug)]
pub(super) struct HeldInput {
    /// Empty if reading stopped after the header of a frame without payload.
    pub bytes: Vec<u8>,
    /// How many of the bytes were searched for control frames.
    pub scanned: usize,
}

impl HeldInput {
    /// Returns whether no more is read to look for control frames.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= LOOKAHEAD_BYTES
    }
}

/// An open connection.
pub(in crate::peer) struct OpenConnection {
    pub transport: Box<dyn Transport>,
    pub protocol: Connection,
    pub output: OutputBuffer,
    pub heartbeat: Heartbeat,
    pub(super) close: CloseHandshake,
    pub(super) input: InputState,
    /// The poll that opened the connection is not over. Every end of the connection waits for the next poll, so that
    /// every program sees the connection open.
    pub(super) is_first_poll: bool,
    /// A message was written since the last poll, so further ones are collected.
    pub(super) sent_since_poll: bool,
    /// The network has refused output, and the program does not know yet that it has accepted it since.
    pub(super) is_congested: bool,
    /// Why a background flush failed. The next flush reports it.
    pub(super) write_error: Option<NetError>,
    /// When the compressor was used last.
    pub(super) last_compression: Option<Instant>,
}

impl std::fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenConnection")
            .field("protocol", &self.protocol)
            .field("close", &self.close)
            .finish_non_exhaustive()
    }
}

impl OpenConnection {
    /// Creates a connection just after the upgrade; `rest` arrived after the handshake.
    pub fn new(transport: Box<dyn Transport>, protocol: Connection, rest: Vec<u8>, now: Instant) -> Self {
        let input = if rest.is_empty() {
            InputState::Reading
        } else {
            InputState::Paused(HeldInput { bytes: rest, scanned: 0 })
        };
        Self {
            transport,
            protocol,
            output: OutputBuffer::default(),
            heartbeat: Heartbeat::new(now),
            close: CloseHandshake::NotStarted,
            input,
            is_first_poll: true,
            sent_since_poll: false,
            is_congested: false,
            write_error: None,
            last_compression: None,
        }
    }

    /// Begins a tick: its first message is written at once.
    pub fn begin_tick(&mut self) {
        self.sent_since_poll = false;
    }

    /// Ends the poll that opened the connection; returns whether it was that one.
    pub fn end_first_poll(&mut self) -> bool {
        std::mem::take(&mut self.is_first_poll)
    }

    // Close handshake

    /// Returns whether this side has sent a close frame.
    pub fn is_closing(&self) -> bool {
        !matches!(self.close, CloseHandshake::NotStarted)
    }

    /// Appends a close frame to the output, after everything that waits there.
    pub fn send_close(&mut self, frame: &CloseFrame) {
        self.protocol.send_close(frame, &mut self.output);
        self.close = CloseHandshake::CloseSent;
    }

    /// Returns when the remote peer must have answered the close frame: `close_timeout` after the first poll that asks.
    /// `None` if no close frame was sent.
    pub fn answer_deadline(&mut self, now: Instant, options: &ConnectionOptions) -> Option<Instant> {
        match self.close {
            CloseHandshake::NotStarted => None,
            CloseHandshake::CloseSent => {
                let deadline = now + options.close_timeout;
                self.close = CloseHandshake::AwaitingAnswer { deadline };
                Some(deadline)
            }
            CloseHandshake::AwaitingAnswer { deadline } => Some(deadline),
        }
    }

    // Pending work

    /// Returns whether neither side has anything to send and no time limit runs; also begins a tick.
    pub fn is_idle(&mut self) -> bool {
        self.begin_tick();
        self.output.capacity() == 0
            && matches!(self.input, InputState::Reading)
            && !self.is_first_poll
            && !self.is_congested
            && self.last_compression.is_none()
            && self.protocol.is_idle()
            && !self.transport.may_read()
    }

    /// Returns whether input waits for room in the queue, or the end of the connection for the next poll.
    pub fn has_held_input(&self) -> bool {
        !matches!(self.input, InputState::Reading)
    }

    /// Returns whether output waits that a flush could write.
    pub fn has_unflushed(&self) -> bool {
        !self.output.is_empty()
    }

    /// Returns whether output waits that may be written in the background.
    pub fn has_rest(&self) -> bool {
        self.has_unflushed() && self.write_error.is_none() && self.transport.may_flush_in_background()
    }

    /// Returns whether a poll has something to do, as far as is known without a system call. Input that waits for room
    /// in the queue does not count: the caller that makes room polls.
    pub fn has_pending_work(&self, queue: &PacketQueue) -> bool {
        let (read, write) = self.transport.known_readiness();
        let has_input = match &self.input {
            InputState::Reading => read,
            InputState::Paused(held) => (read && !held.is_full()) || queue.is_empty(),
            InputState::Ended(_) => true,
        };
        has_input || (write && self.has_unflushed()) || self.write_error.is_some()
    }

    /// Returns when a poll has something to do because of a time limit.
    pub fn next_deadline(&self, options: &ConnectionOptions) -> Option<Instant> {
        let answer_or_ping = match self.close {
            CloseHandshake::NotStarted => {
                self.heartbeat.next_check(options.heartbeat_interval, options.heartbeat_timeout)
            }
            CloseHandshake::CloseSent => None,
            CloseHandshake::AwaitingAnswer { deadline } => Some(deadline),
        };
        let idle = self.last_compression.map(|last| last + DEFLATE_IDLE);
        answer_or_ping.into_iter().chain(idle).min()
    }

    /// Returns once whether the network has accepted everything that it refused before.
    pub fn take_drained(&mut self) -> bool {
        let drained = self.is_congested && self.output.is_empty();
        self.is_congested &= !drained;
        drained
    }

    /// Makes the next read ask the system if a time limit has passed: one snapshot of the sockets serves a round of
    /// polls, so the last one may be older than what has arrived.
    pub fn refresh_when_due(&mut self, now: Instant, options: &ConnectionOptions) {
        if self.next_deadline(options).is_some_and(|deadline| deadline <= now) {
            // The second question of a poll has a fresh answer.
            let _first = self.transport.may_read();
        }
    }

    // Memory

    /// Frees the memory that an idle connection does not need.
    pub fn release_idle(&mut self, now: Instant) {
        self.output.release();
        if self.last_compression.is_some_and(|last| now.saturating_duration_since(last) >= DEFLATE_IDLE) {
            self.release_compression();
        }
    }

    /// Frees the compression state, as far as the protocol allows.
    pub fn release_compression(&mut self) {
        self.last_compression = None;
        if let Some(deflate) = self.protocol.deflate_mut() {
            deflate.release();
        }
    }
}
