//! One end of a WebSocket connection, as Godot's `WebSocketPeer` describes it.

use std::net::SocketAddr;
use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_CONTROL_PAYLOAD, PONG_BACKLOG_BYTES};
use crate::net::{FailureStage, NetError, clock, linger};
use crate::peer::connection::compression::CompressionStatistics;
use crate::peer::connection::handshake::{HandshakeHead, requested_url};
use crate::peer::connection::heartbeat::{Beat, Heartbeat, RoundTrip};
use crate::peer::connection::open_connection::{End, OpenConnection};
use crate::peer::connection::opening::{Opened, Opening};
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::options::ConnectionOptions;
use crate::peer::state::State;
use crate::peer::trace::{Direction, Tracer};
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::close::CloseFrame;
use crate::proto::frame::MessageKind;
use crate::proto::utf8;

/// A WebSocket connection, or the place for one. Everything happens inside its calls, mostly in [`Self::poll`].
#[derive(Debug)]
pub struct WebSocketPeer {
    /// Settings. Limits take effect at once, what the handshake uses at the next connection.
    pub options: ConnectionOptions,
    pub(in crate::peer) phase: Phase,
    pub(in crate::peer) queue: PacketQueue,
    pub(in crate::peer) requested_url: String,
    pub(in crate::peer) protocol: String,
    pub(in crate::peer) remote: Option<SocketAddr>,
    /// What the remote end's part of the handshake said.
    pub(in crate::peer) head: HandshakeHead,
    close_code: i32,
    close_reason: String,
    message: String,
    /// Why the connection was lost, which later refusals must not hide.
    pub(in crate::peer) failure: Option<NetError>,
    pub(in crate::peer) compression: CompressionStatistics,
    round_trip: Option<RoundTrip>,
    drained: bool,
    pub(in crate::peer) trace: Tracer,
}

#[derive(Debug)]
pub(in crate::peer) enum Phase {
    Closed,
    Opening(Box<Opening>),
    Open(Box<OpenConnection>),
}

/// Close code that stands for "not cleanly closed".
pub(in crate::peer) const NOT_CLEAN: i32 = -1;

impl Default for WebSocketPeer {
    fn default() -> Self {
        Self {
            options: ConnectionOptions::default(),
            phase: Phase::Closed,
            queue: PacketQueue::default(),
            requested_url: String::new(),
            protocol: String::new(),
            remote: None,
            head: HandshakeHead::None,
            close_code: NOT_CLEAN,
            close_reason: String::new(),
            message: String::new(),
            failure: None,
            compression: CompressionStatistics::default(),
            round_trip: None,
            drained: false,
            trace: Tracer::default(),
        }
    }
}

impl WebSocketPeer {
    /// A peer without a connection.
    pub fn new() -> Self {
        Self::default()
    }

    // Beginning: see `handshake.rs`

    pub(in crate::peer) fn reset(&mut self) {
        self.drop_connection();
        self.queue.reset();
        self.requested_url.clear();
        self.protocol.clear();
        self.remote = None;
        self.close_code = NOT_CLEAN;
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

    /// Advances the connection: connects, shakes hands, sends what waits, reads what is there. Never blocks.
    pub fn poll(&mut self) {
        self.poll_unless_idle();
    }

    /// Whether a poll would find nothing to do: what a game with many idle connections asks most often.
    pub(in crate::peer) fn is_quiet(&mut self) -> bool {
        let is_quiet = match &mut self.phase {
            Phase::Closed => true,
            Phase::Opening(_) => false,
            Phase::Open(link) => {
                self.options.heartbeat_interval.is_zero()
                    && self.queue.capacity() == 0
                    && !self.drained
                    && link.is_quiet()
            }
        };
        is_quiet && linger::is_quiet()
    }

    /// [`Self::poll`] at a given time.
    pub fn poll_at(&mut self, now: Instant) {
        linger::tick(now);
        if let Phase::Opening(opening) = &mut self.phase {
            let result = opening.poll(now, &self.options);
            if let Some(arrived) = opening.take_arrived() {
                self.requested_url = requested_url(&arrived.head, arrived.is_secure);
                self.trace.handshake(Direction::Received, &arrived.head);
                self.head = HandshakeHead::Request(arrived.head);
            }
            self.remote = opening.remote_address().or(self.remote);
            match result {
                Ok(Some(opened)) => self.enter_open(opened, now),
                Ok(None) => {}
                Err(error) => {
                    if error.stage == FailureStage::Http {
                        self.trace.handshake(Direction::Sent, &opening.traced_request);
                    }
                    self.fail(error);
                }
            }
        }
        if matches!(self.phase, Phase::Open(_)) {
            self.poll_open(now);
        }
        self.observe();
    }

    fn enter_open(&mut self, opened: Opened, now: Instant) {
        self.protocol = opened.protocol;
        // The address that answered, where one poll saw it connect and answer; so far it was the first one that was tried.
        self.remote = opened.transport.remote_address().or(self.remote);
        self.trace.handshake(Direction::Sent, &opened.sent_head);
        self.trace.handshake(Direction::Received, &opened.response_head);
        if !opened.response_head.is_empty() {
            self.head = HandshakeHead::Response(opened.response_head);
        }
        self.phase = Phase::Open(Box::new(OpenConnection::new(opened.transport, opened.connection, opened.rest, now)));
    }

    fn poll_open(&mut self, now: Instant) {
        let Phase::Open(link) = &mut self.phase else { return };
        link.begin_tick();
        let written = link.flush();
        // What the remote end had sent before the connection broke is still there to be read, its close frame included.
        let known = self.queue.len();
        let received = link.receive(&mut self.queue, &self.options, now);
        self.trace.received(&self.queue, known, link);
        let opened_now = link.end_opening();
        if let Err(end) = received.and_then(|()| written.map_err(End::Lost)) {
            // A connection that opens, delivers and breaks within one poll is seen open too; the next poll finds it broken.
            if opened_now && matches!(end, End::Lost(_)) && !self.queue.is_empty() {
                return;
            }
            return self.end(end);
        }
        link.connection.send_delayed_pong(&mut link.output);
        if link.connection.close_sent() {
            let deadline = *link.close_deadline.get_or_insert(now + self.options.close_timeout);
            if now >= deadline {
                let message =
                    format!("the remote end did not answer the close frame within {:?}", self.options.close_timeout);
                return self.fail(NetError::new(FailureStage::Timeout, message));
            }
        } else {
            match link.heartbeat.check(now, self.options.heartbeat_interval, self.options.heartbeat_timeout) {
                Beat::Wait => {}
                Beat::Ping => link.ping(Heartbeat::PAYLOAD, now),
                Beat::Dead(silent) => {
                    let message = format!("the remote end answered no ping for {silent:?}");
                    return self.fail(NetError::new(FailureStage::Timeout, message));
                }
            }
        }
        if let Err(error) = link.flush() {
            return self.fail(error);
        }
        self.drained |= link.take_drained();
        link.release_idle(now);
        self.queue.release();
    }

    fn end(&mut self, end: End) {
        match end {
            End::Closed => self.finish_close(),
            End::Violation(violation) => {
                if let Phase::Open(link) = &mut self.phase
                    && !link.connection.close_sent()
                {
                    let close = CloseFrame::for_violation(&violation);
                    link.connection.send_close(&close, &mut link.output);
                    self.trace.closing(&close);
                    self.close_code = i32::from(violation.close_code());
                    self.close_reason = close.reason;
                }
                self.lose(NetError::new(
                    FailureStage::WebSocket,
                    format!("the remote end broke the protocol: {violation}"),
                ));
            }
            End::Lost(error) => self.fail(error),
        }
    }

    /// Both close frames are there: the connection is over, cleanly.
    fn finish_close(&mut self) {
        if let Phase::Open(link) = &self.phase
            && let Some(close) = link.connection.close_received()
        {
            // The engine reports a close frame without a code as 0.
            self.close_code = i32::from(close.code.unwrap_or(0));
            self.close_reason.clone_from(&close.reason);
            self.trace.closed(Direction::Received, close.code, &close.reason);
        }
        self.drop_connection();
    }

    pub(in crate::peer) fn fail(&mut self, error: NetError) {
        self.close_code = NOT_CLEAN;
        self.close_reason.clear();
        self.lose(error);
    }

    fn lose(&mut self, error: NetError) {
        self.message.clone_from(&error.message);
        self.trace.failed(&error);
        self.failure = Some(error);
        self.drop_connection();
    }

    /// Gives the connection up; what is written already is still delivered.
    pub(in crate::peer) fn drop_connection(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closed => {}
            Phase::Opening(opening) => opening.abandon(),
            Phase::Open(mut link) => {
                self.compression = CompressionStatistics::of(&link.connection);
                self.round_trip = link.heartbeat.round_trip();
                let unsent = link.output.pending().to_vec();
                link.transport.close(unsent);
            }
        }
        self.observe();
    }

    // Messages

    /// Sends a message, at once or at the latest in the next [`Self::poll`] or [`Self::flush`].
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self.try_send(kind, payload, true);
        self.record_error(result)
    }

    /// [`Self::send`], for text, which needs no check.
    pub fn send_text(&mut self, text: &str) -> Result {
        let result =
            self.open_link().map(drop).and_then(|()| self.send_checked(MessageKind::Text, text.as_bytes(), true));
        self.record_error(result)
    }

    /// [`Self::send`], uncompressed also where compression is active: for what is compressed or secret already.
    pub fn send_uncompressed(&mut self, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self.try_send(kind, payload, false);
        self.record_error(result)
    }

    /// Sends a ping of at most 125 bytes; its pong updates [`Self::round_trip`].
    pub fn ping(&mut self, payload: &[u8]) -> Result {
        let result = self.try_ping(payload);
        self.record_error(result)
    }

    fn try_ping(&mut self, payload: &[u8]) -> Result {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            let message = format!("a ping carries at most {MAX_CONTROL_PAYLOAD} bytes, not {}", payload.len());
            return Err(Error::new(ErrorCode::InvalidParameter, message));
        }
        self.flush();
        let link = self.open_link()?;
        if link.output.len() >= PONG_BACKLOG_BYTES {
            // A ping behind much unsent data would measure the queue, and pings without end would fill the memory.
            return Err(Error::new(ErrorCode::OutOfMemory, "the network takes nothing; the ping would only wait"));
        }
        link.ping(payload, clock::now());
        self.flush();
        Ok(())
    }

    fn open_link(&mut self) -> Result<&mut OpenConnection> {
        match &mut self.phase {
            Phase::Open(link) if link.connection.close_sent() => {
                Err(Error::new(ErrorCode::Failed, "the connection is closing"))
            }
            Phase::Open(link) => Ok(link),
            _ => Err(Error::new(ErrorCode::Failed, "the connection is not open")),
        }
    }

    fn try_send(&mut self, kind: MessageKind, payload: &[u8], compress: bool) -> Result {
        self.open_link()?;
        if kind == MessageKind::Text {
            utf8::check(payload).map_err(|error| Error::new(ErrorCode::InvalidData, error.to_string()))?;
        }
        self.send_checked(kind, payload, compress)
    }

    fn send_checked(&mut self, kind: MessageKind, payload: &[u8], compress: bool) -> Result {
        let Phase::Open(link) = &mut self.phase else { return Ok(()) };
        if let Err(refused) = link.check_room(&self.options, payload.len()) {
            // What merely waits for the end of the tick does not count.
            if let Err(error) = link.flush() {
                return Err(self.lost_while_sending(error));
            }
            let Phase::Open(link) = &self.phase else { return Err(refused) };
            link.check_room(&self.options, payload.len())?;
        }
        let Phase::Open(link) = &mut self.phase else { return Ok(()) };
        if let Err(error) = link.send(kind, payload, self.options.send_options(compress)) {
            return Err(self.lost_while_sending(error));
        }
        self.trace.sent(kind, payload);
        Ok(())
    }

    /// Sends a message that others get too. Text has been checked by the caller.
    pub(in crate::peer) fn send_broadcast(&mut self, message: &mut BroadcastMessage<'_>) -> Result {
        let options = &self.options;
        let sent = match &mut self.phase {
            Phase::Open(link) if link.connection.close_sent() => None,
            Phase::Open(link) => Some(
                match link.check_room(options, message.len()) {
                    Ok(()) => Ok(()),
                    // What merely waits for the end of the tick does not count.
                    Err(_) => link.flush().map(|()| link.check_room(options, message.len())).unwrap_or(Ok(())),
                }
                .map(|()| link.send_broadcast(message)),
            ),
            _ => None,
        };
        match sent {
            Some(Ok(Ok(()))) => {
                self.trace.sent(message.kind(), message.payload());
                Ok(())
            }
            Some(Ok(Err(error))) => Err(self.lost_while_sending(error)),
            Some(Err(refused)) => Err(refused),
            None => Err(Error::new(ErrorCode::Failed, "the connection is not open")),
        }
    }

    /// Writing failed outside `poll()`: what the remote end had sent before is read first.
    fn lost_while_sending(&mut self, error: NetError) -> Error {
        let refused = Error::new(ErrorCode::Failed, error.message.clone());
        let end = match &mut self.phase {
            Phase::Open(link) => {
                let known = self.queue.len();
                self.queue.keep_lent();
                let received = link.receive(&mut self.queue, &self.options, clock::now());
                self.trace.received(&self.queue, known, link);
                received.err()
            }
            _ => None,
        };
        match end {
            Some(End::Closed) => self.finish_close(),
            _ => self.fail(error),
        }
        refused
    }

    /// Writes collected messages now instead of in the next poll. Does nothing where none wait.
    pub fn flush(&mut self) {
        if let Phase::Open(link) = &mut self.phase
            && let Err(error) = link.flush()
        {
            self.lost_while_sending(error);
        }
    }

    /// Whether another [`Self::poll`] has something to do without news from the network: messages for which the queue had no
    /// room, or output that waits. For event loops that poll only when a descriptor is ready.
    pub fn needs_poll(&self) -> bool {
        matches!(&self.phase, Phase::Open(link) if link.has_held_input() || link.has_unflushed())
    }

    /// Whether [`Self::flush`] has something to do.
    pub fn has_unflushed(&self) -> bool {
        matches!(&self.phase, Phase::Open(link) if link.has_unflushed())
    }

    /// Whether everything that was sent has left, so that the next message will not wait behind another.
    pub fn is_drained(&self) -> bool {
        !self.has_unflushed()
    }

    /// Whether the network has, since the last question, taken everything that it refused at first.
    pub fn take_drained(&mut self) -> bool {
        std::mem::take(&mut self.drained)
    }

    /// Round-trip times measured by pings of this connection or the last one; `None` before the first pong.
    pub fn round_trip(&self) -> Option<RoundTrip> {
        match &self.phase {
            Phase::Open(link) => link.heartbeat.round_trip(),
            _ => self.round_trip,
        }
    }

    /// Payload bytes that the network has not taken yet.
    pub fn outbound_buffered_amount(&mut self) -> usize {
        self.flush();
        match &self.phase {
            Phase::Open(link) if !link.connection.close_sent() => link.output.queued_payload(),
            _ => 0,
        }
    }

    // Closing

    /// Starts the closing handshake, or with a negative code drops the connection at once. While connecting, gives up.
    /// Refused, with nothing sent and nothing changed, for codes and reasons that no close frame may carry.
    pub fn close(&mut self, code: i32, reason: &str) -> Result {
        let result = self.try_close(code, reason);
        self.record_error(result)
    }

    fn try_close(&mut self, code: i32, reason: &str) -> Result {
        let immediately = code < 0 || matches!(self.phase, Phase::Opening(_));
        if immediately {
            if code < 0
                && let Phase::Open(link) = &mut self.phase
            {
                // What was sent before is not taken back.
                let _lost = link.flush();
            }
            self.drop_connection();
            return Ok(());
        }
        let Phase::Open(link) = &mut self.phase else { return Ok(()) };
        if link.connection.close_sent() {
            return Ok(());
        }
        let code = u16::try_from(code).map_err(|_| {
            Error::new(ErrorCode::InvalidParameter, format!("close code {code} does not fit into 16 bits"))
        })?;
        let close = CloseFrame::to_send(code, reason)?;
        link.connection.send_close(&close, &mut link.output);
        self.trace.closing(&close);
        self.flush();
        Ok(())
    }

    // Queries

    /// State of the connection.
    pub fn state(&self) -> State {
        match &self.phase {
            Phase::Closed => State::Closed,
            Phase::Opening(_) => State::Connecting,
            Phase::Open(link) if link.connection.close_sent() => State::Closing,
            Phase::Open(_) => State::Open,
        }
    }

    /// Code of the close frame that ended the connection, 0 where it had none, -1 where there was no clean close.
    pub fn close_code(&self) -> i32 {
        self.close_code
    }

    /// Reason of that close frame.
    pub fn close_reason(&self) -> &str {
        &self.close_reason
    }

    /// Why the last call was refused or the connection was lost; empty where nothing went wrong.
    pub fn error_message(&self) -> &str {
        &self.message
    }

    /// Selected sub-protocol, or empty.
    pub fn selected_protocol(&self) -> &str {
        &self.protocol
    }

    /// On a client the URL as passed, on a server the one the request asked for.
    pub fn requested_url(&self) -> &str {
        &self.requested_url
    }

    /// Address of the remote end while there is a connection.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        if matches!(self.phase, Phase::Closed) { None } else { self.remote }
    }

    /// Remembers why a call was refused, for [`Self::error_message`]; bindings pass what they refuse themselves.
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
