//! Holds the state of a peer and decides what one poll does in each phase of its connection.

use std::net::SocketAddr;
use std::time::Instant;

use crate::error::{ErrorCode, Result};
use crate::net::background_flush::FlushRequests;
use crate::net::{FailureStage, NetError, random};
use crate::peer::connection::handshake_head::HandshakeHead;
use crate::peer::connection::heartbeat::HeartbeatAction;
use crate::peer::connection::measurements::{CompressionStatistics, RoundTrip};
use crate::peer::connection::open_connection::{ConnectionEnd, OpenConnection};
use crate::peer::connection::opening::{Opening, OpeningProgress};
use crate::peer::connection::opening_stage::Opened;
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::options::ConnectionOptions;
use crate::peer::state::State;
use crate::peer::trace::event::Direction;
use crate::peer::trace::tracer::Tracer;

/// A WebSocket connection, or the place for one. All work is done inside its calls, mostly in [`Self::poll`].
#[derive(Debug)]
pub struct WebSocketPeer {
    /// Settings. Limits take effect at once, settings of the handshake with the next connection.
    pub options: ConnectionOptions,
    pub(super) phase: ConnectionPhase,
    pub(super) queue: PacketQueue,
    pub(super) requested_url: String,
    pub(super) protocol: String,
    pub(super) remote: Option<SocketAddr>,
    pub(super) head: HandshakeHead,
    pub(super) close_code: i32,
    pub(super) close_reason: String,
    /// Why the last call was refused or the connection was lost.
    pub(super) message: String,
    /// Why the connection was lost; later refused calls do not replace it.
    pub(super) failure: Option<NetError>,
    pub(super) compression: CompressionStatistics,
    pub(super) round_trip: Option<RoundTrip>,
    /// The network has accepted everything that it refused before, and the program has not asked since.
    pub(super) drained: bool,
    pub(super) trace: Tracer,
    pub(super) flush_requests: FlushRequests,
}

/// The phase of a peer's connection.
#[derive(Debug)]
pub(super) enum ConnectionPhase {
    /// There is no connection.
    Closed,
    /// The connection is being opened.
    Opening(Box<Opening>),
    /// The handshake is complete; the close handshake may have begun.
    Open(Box<OpenConnection>),
}

/// The close code of a connection that did not end by a close handshake, as in the engine. [`WebSocketPeer::close`]
/// with it drops the connection.
pub(in crate::peer) const UNCLEAN_CLOSE_CODE: i32 = -1;

impl Default for WebSocketPeer {
    fn default() -> Self {
        Self {
            options: ConnectionOptions::default(),
            phase: ConnectionPhase::Closed,
            queue: PacketQueue::default(),
            requested_url: String::new(),
            protocol: String::new(),
            remote: None,
            head: HandshakeHead::None,
            close_code: UNCLEAN_CLOSE_CODE,
            close_reason: String::new(),
            message: String::new(),
            failure: None,
            compression: CompressionStatistics::default(),
            round_trip: None,
            drained: false,
            trace: Tracer::default(),
            flush_requests: FlushRequests::default(),
        }
    }
}

impl WebSocketPeer {
    /// Creates a peer without a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the last connection, for a new one.
    pub(super) fn reset(&mut self) {
        self.drop_connection();
        self.queue.reset();
        self.requested_url.clear();
        self.protocol.clear();
        self.remote = None;
        self.close_code = UNCLEAN_CLOSE_CODE;
        self.close_reason.clear();
        self.head = HandshakeHead::None;
        self.message.clear();
        self.failure = None;
        self.compression = CompressionStatistics::default();
        self.round_trip = None;
        self.drained = false;
        self.trace.reset();
    }

    // Polling

    /// Advances the connection: connects, continues the handshake, writes and reads. Never blocks.
    pub fn poll(&mut self) {
        self.poll_unless_idle();
    }

    /// Polls at a given time, as [`Self::poll`] does now.
    pub fn poll_at(&mut self, now: Instant) {
        self.poll_opening(now);
        self.poll_open(now);
        self.update_trace_row();
    }

    fn poll_opening(&mut self, now: Instant) {
        let ConnectionPhase::Opening(opening) = &mut self.phase else { return };
        let progress = opening.poll(now, &self.options);
        if let Some(request) = opening.take_request_head() {
            self.requested_url = request.url();
            self.trace.handshake(Direction::Received, &request.head);
            self.head = HandshakeHead::Request(request.head);
        }
        self.remote = opening.remote_address().or(self.remote);
        match progress {
            OpeningProgress::Pending => {}
            OpeningProgress::Opened(opened) => self.enter_open(*opened, now),
            OpeningProgress::Failed(error) => {
                if error.stage == FailureStage::Http {
                    self.trace.handshake(Direction::Sent, &opening.traced_request);
                }
                self.fail(error);
            }
        }
    }

    fn enter_open(&mut self, opened: Opened, now: Instant) {
        self.protocol = opened.protocol;
        // Before, `remote` was the first address that was tried; now it is the one that answered.
        self.remote = opened.transport.remote_address().or(self.remote);
        self.trace.handshake(Direction::Sent, &opened.sent_head);
        self.trace.handshake(Direction::Received, &opened.response_head);
        if !opened.response_head.is_empty() {
            self.head = HandshakeHead::Response(opened.response_head);
        }
        self.phase =
            ConnectionPhase::Open(Box::new(OpenConnection::new(opened.transport, opened.connection, opened.rest, now)));
    }

    fn poll_open(&mut self, now: Instant) {
        let ConnectionPhase::Open(open) = &mut self.phase else { return };
        open.begin_tick();
        open.refresh_when_due(now, &self.options);
        let written = open.flush();
        // After a failed write, data that the remote peer sent before can still be read, its close frame included.
        let known = self.queue.len();
        let received = open.receive(&mut self.queue, &self.options, now);
        self.trace.received(&self.queue, known, &mut open.heartbeat);
        let was_first_poll = open.end_first_poll();
        if let Err(end) = received.and_then(|()| written.map_err(ConnectionEnd::Lost)) {
            return self.end(end);
        }
        open.protocol.send_delayed_pong(&mut open.output);
        if let Some(failure) = check_time_limits(open, &self.options, now) {
            return self.fail(failure);
        }
        if let Err(error) = open.flush() {
            // A connection that breaks in the poll that opens it is seen open too; the next poll fails again.
            if !was_first_poll {
                self.fail(error);
            }
            return;
        }
        self.drained |= open.take_drained();
        open.release_idle(now);
        self.queue.release();
        self.request_flush();
    }

    // State

    /// Returns the state of the connection.
    pub fn state(&self) -> State {
        match &self.phase {
            ConnectionPhase::Closed => State::Closed,
            ConnectionPhase::Opening(_) => State::Connecting,
            ConnectionPhase::Open(open) if open.is_closing() => State::Closing,
            ConnectionPhase::Open(_) => State::Open,
        }
    }

    /// Returns the URL: on a client as passed, on a server as requested by the client.
    pub fn requested_url(&self) -> &str {
        &self.requested_url
    }

    /// Returns the selected sub-protocol, or an empty text.
    pub fn selected_protocol(&self) -> &str {
        &self.protocol
    }

    /// Returns the address of the remote peer; `None` if there is no connection.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        if matches!(self.phase, ConnectionPhase::Closed) { None } else { self.remote }
    }

    /// Returns why the last call was refused or the connection was lost; empty if neither happened.
    pub fn error_message(&self) -> &str {
        &self.message
    }

    /// Stores why a call was refused, for [`Self::error_message`]. Bindings pass the calls that they refuse themselves.
    ///
    /// # Errors
    /// Returns `result` as it is.
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && !(self.failure.is_some() && matches!(error.code(), ErrorCode::Failed | ErrorCode::Unconfigured))
        {
            error.message().clone_into(&mut self.message);
        }
        result
    }
}

impl Drop for WebSocketPeer {
    fn drop(&mut self) {
        self.flush();
        self.drop_connection();
    }
}

/// Sends a ping if one is due; returns a failure if the remote peer has exceeded a time limit.
fn check_time_limits(open: &mut OpenConnection, options: &ConnectionOptions, now: Instant) -> Option<NetError> {
    let message = match open.answer_deadline(now, options) {
        Some(deadline) if now < deadline => return None,
        Some(_) => format!("the remote peer did not answer the close frame within {:?}", options.close_timeout),
        None => match open.heartbeat.check(now, options.heartbeat_interval, options.heartbeat_timeout) {
            HeartbeatAction::None => return None,
            HeartbeatAction::SendPing => {
                open.ping(&random::ping_payload(), now);
                return None;
            }
            HeartbeatAction::GiveUp { silent } => format!("the remote peer answered no ping for {silent:?}"),
        },
    };
    Some(NetError::new(FailureStage::Timeout, message))
}
