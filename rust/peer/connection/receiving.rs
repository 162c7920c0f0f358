//! Decides how much is read from the network, what waits when the packet queue is full, and how programs take packets.

use std::io::ErrorKind;
use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{HEADER_READ_BYTES, LOOKAHEAD_BYTES, POLL_BUDGET_SLACK};
use crate::net::{FailureStage, NetError, Transport, receive_buffers};
use crate::peer::connection::heartbeat::Heartbeat;
use crate::peer::connection::open_connection::{ConnectionEnd, HeldInput, InputState, OpenConnection};
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::options::ConnectionOptions;
use crate::peer::state::State;
use crate::proto::connection::ReceiveOutcome;
use crate::proto::frame::MessageKind;
use crate::proto::message::MessageSink;
use crate::proto::violation::Violation;

impl WebSocketPeer {
    /// Takes the oldest received packet, lent until the next call that takes one, polls or connects. Works in every
    /// state: packets that arrived before the connection closed stay readable until the next connection. If none waits,
    /// the program has answered all of them, so collected answers are written then.
    ///
    /// # Errors
    /// If no packet waits: `Unavailable` on an open connection, otherwise `Failed`.
    pub fn take_packet(&mut self) -> Result<&[u8]> {
        self.check_packet()?;
        self.queue.pop().ok_or_else(no_packet)
    }

    /// Takes the oldest packet into a buffer of the caller, which a large packet replaces by its own.
    ///
    /// # Errors
    /// As for [`Self::take_packet`].
    pub fn take_packet_into(&mut self, buffer: &mut Vec<u8>) -> Result {
        self.check_packet()?;
        if self.queue.pop_to(buffer) { Ok(()) } else { Err(no_packet()) }
    }

    fn check_packet(&mut self) -> Result {
        if !self.queue.is_empty() {
            return Ok(());
        }
        self.flush();
        match self.state() {
            State::Open => Err(no_packet()),
            _ => Err(Error::new(ErrorCode::Failed, "no packet is waiting and the connection is not open")),
        }
    }

    /// Returns the number of packets that wait to be taken.
    pub fn packet_count(&self) -> usize {
        self.queue.len()
    }

    /// Returns the payload bytes of those packets.
    pub fn unread_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Returns the bytes of memory that the packet queue owns; 0 for an idle peer.
    pub fn queue_capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Returns whether the packet taken last ended its message; always `true` unless `stream_messages` is on.
    pub fn was_last_piece(&self) -> bool {
        self.queue.ended_message()
    }

    /// Returns whether the packet taken last was text; `false` before the first.
    pub fn was_string_packet(&self) -> bool {
        self.queue.last_kind() == Some(MessageKind::Text)
    }
}

fn no_packet() -> Error {
    Error::new(ErrorCode::Unavailable, "no packet is waiting")
}

/// How much of its input the protocol core has used.
enum Processed {
    /// All of it, or all that counts before a violation.
    All,
    /// The queue has no room for the next message.
    Part { used: usize },
}

/// The result of one read.
struct ReadStep {
    count: usize,
    /// Length of the buffer that was offered; a shorter read means that nothing more waits.
    offered: usize,
}

impl OpenConnection {
    /// Reads until nothing is left, the queue is full, the budget of one poll is used, or the connection ends. The poll
    /// that opened the connection leaves the end for the next one.
    pub fn receive(
        &mut self,
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<(), ConnectionEnd> {
        queue.set_limit(options.inbound_buffer_size);
        match self.receive_until_end(queue, options, now) {
            // Held, because not every stream reports its end twice.
            Err(end) if self.is_first_poll => {
                self.input = InputState::Ended(end);
                Ok(())
            }
            result => result,
        }
    }

    fn receive_until_end(
        &mut self,
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<(), ConnectionEnd> {
        let mut budget = options.inbound_buffer_size.saturating_add(POLL_BUDGET_SLACK);
        match std::mem::take(&mut self.input) {
            InputState::Reading => {}
            InputState::Paused(held) => self.resume(held, queue, options, now)?,
            InputState::Ended(end) => return Err(end),
        }
        while budget > 0 && self.wants_input() {
            let read = match &mut self.input {
                InputState::Paused(held) => read_ahead(self.transport.as_mut(), held, &mut self.heartbeat),
                _ => self.read_once(queue, options, now)?,
            };
            if read.count < read.offered {
                break;
            }
            budget = budget.saturating_sub(read.count);
        }
        if let InputState::Paused(held) = &mut self.input {
            if held.is_full() && self.transport.may_read() {
                // The answer to a ping may be in the unread input.
                self.heartbeat.input_received();
            }
            let mut receiver = Receiver {
                queue,
                heartbeat: &mut self.heartbeat,
                options,
                now,
                drops_excess: false,
                accepts_close: !self.is_first_poll,
            };
            held.scanned = self.protocol.handle_control_frames_ahead(
                &mut held.bytes,
                held.scanned,
                &mut receiver,
                &mut self.output,
            );
        }
        Ok(())
    }

    fn wants_input(&mut self) -> bool {
        let accepts_input = match &self.input {
            InputState::Reading => true,
            InputState::Paused(held) => !held.is_full(),
            InputState::Ended(_) => false,
        };
        accepts_input && self.transport.may_read()
    }

    /// Retries input that had no room.
    fn resume(
        &mut self,
        mut held: HeldInput,
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<(), ConnectionEnd> {
        if let Processed::Part { used } = self.process(&mut held.bytes, queue, options, now)? {
            held.bytes.drain(..used);
            held.scanned = held.scanned.saturating_sub(used);
            self.input = InputState::Paused(held);
        }
        Ok(())
    }

    /// Reads once, into a large message's own buffer or the input buffer of the thread.
    fn read_once(
        &mut self,
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<ReadStep, ConnectionEnd> {
        let drops_excess = self.is_closing();
        let direct = if options.stream_messages { None } else { self.protocol.direct_buffer() };
        if let Some(buffer) = direct {
            let offered = buffer.len();
            let read = read_from(self.transport.as_mut(), buffer);
            let count = *read.as_ref().unwrap_or(&0);
            if count > 0 {
                self.heartbeat.input_received();
            }
            let mut receiver = Receiver {
                queue,
                heartbeat: &mut self.heartbeat,
                options,
                now,
                drops_excess,
                accepts_close: !self.is_first_poll,
            };
            if let Err(violation) = self.protocol.direct_received(count, &mut receiver) {
                self.report(violation, queue)?;
            }
            return read.map(|count| ReadStep { count, offered });
        }
        let wanted = if self.protocol.expects_large_frame() { HEADER_READ_BYTES } else { usize::MAX };
        receive_buffers::with_input(|buffer| {
            let offered = buffer.len().min(wanted);
            let buffer = buffer.get_mut(..offered).unwrap_or_default();
            let count = read_from(self.transport.as_mut(), buffer)?;
            if count > 0 {
                self.heartbeat.input_received();
            }
            let input = buffer.get_mut(..count).unwrap_or_default();
            if let Processed::Part { used } = self.process(input, queue, options, now)? {
                let bytes = input.get(used..).unwrap_or_default().to_vec();
                self.input = InputState::Paused(HeldInput { bytes, scanned: 0 });
            }
            Ok(ReadStep { count, offered })
        })
    }

    /// Passes input to the protocol core.
    fn process(
        &mut self,
        input: &mut [u8],
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<Processed, ConnectionEnd> {
        let drops_excess = self.is_closing();
        let mut receiver = Receiver {
            queue,
            heartbeat: &mut self.heartbeat,
            options,
            now,
            drops_excess,
            accepts_close: !self.is_first_poll,
        };
        let limit = options.inbound_buffer_size;
        let (used, result) = self.protocol.receive(input, limit, &mut receiver, &mut self.output);
        match result {
            Ok(ReceiveOutcome::NeedsInput) => Ok(Processed::All),
            Ok(ReceiveOutcome::SinkFull) => Ok(Processed::Part { used }),
            Ok(ReceiveOutcome::CloseReceived) => Err(ConnectionEnd::CloseReceived),
            Err(violation) => self.report(violation, queue).map(|()| Processed::All),
        }
    }

    /// Ends the connection, in the next poll if the program can still answer messages that arrived before the
    /// violation.
    fn report(&mut self, violation: Violation, queue: &PacketQueue) -> Result<(), ConnectionEnd> {
        if queue.is_empty() {
            return Err(ConnectionEnd::Violation(violation));
        }
        self.input = InputState::Ended(ConnectionEnd::Violation(violation));
        Ok(())
    }
}

/// Reads after input that has no room, so that control frames there can be answered.
fn read_ahead(transport: &mut dyn Transport, held: &mut HeldInput, heartbeat: &mut Heartbeat) -> ReadStep {
    let start = held.bytes.len();
    held.bytes.resize(LOOKAHEAD_BYTES, 0);
    let read = match held.bytes.get_mut(start..) {
        Some(free) => read_ready(transport, free),
        None => Ok(None),
    };
    let count = match read {
        Ok(Some(count)) => count,
        // A later read reports the end of the stream again, after everything before it was taken.
        Ok(None) | Err(_) => 0,
    };
    held.bytes.truncate(start + count);
    if count > 0 {
        heartbeat.input_received();
    }
    ReadStep { count, offered: LOOKAHEAD_BYTES - start }
}

/// Reads what is available: 0 if nothing is, an error at the end of the stream.
fn read_from(transport: &mut dyn Transport, buffer: &mut [u8]) -> Result<usize, ConnectionEnd> {
    match read_ready(transport, buffer) {
        Ok(Some(0)) => Err(ConnectionEnd::Lost(NetError::new(
            FailureStage::Tcp,
            "the remote peer closed the connection without a close frame",
        ))),
        Ok(count) => Ok(count.unwrap_or(0)),
        Err(error) => Err(ConnectionEnd::Lost(error)),
    }
}

/// Reads what is available: `None` if nothing is, 0 at the end of the stream.
fn read_ready(transport: &mut dyn Transport, buffer: &mut [u8]) -> Result<Option<usize>, NetError> {
    loop {
        match transport.read(buffer) {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(NetError::io(FailureStage::Tcp, "reading from the connection", &error)),
        }
    }
}

/// The sink of the protocol core: the packet queue with its limits.
struct Receiver<'a> {
    queue: &'a mut PacketQueue,
    heartbeat: &'a mut Heartbeat,
    options: &'a ConnectionOptions,
    now: Instant,
    /// A close frame may be read now.
    accepts_close: bool,
    /// This side has sent a close frame: messages that do not fit are dropped, so that the remote peer's close frame is
    /// reached.
    drops_excess: bool,
}

impl Receiver<'_> {
    fn fits(&self, bytes: u64) -> bool {
        let total = (self.queue.bytes() as u64).saturating_add(bytes);
        self.queue.len() < self.options.max_queued_packets
            && (self.queue.is_empty() || total <= self.options.inbound_buffer_size as u64)
    }
}

impl MessageSink for Receiver<'_> {
    fn accepts_close(&self) -> bool {
        self.accepts_close
    }

    fn spare_buffer(&mut self) -> Vec<u8> {
        receive_buffers::spare()
    }

    fn recycle(&mut self, buffer: Vec<u8>) {
        receive_buffers::recycle(buffer);
    }

    fn has_room(&self, message_bytes: u64) -> bool {
        self.drops_excess || self.fits(message_bytes)
    }

    fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        if !self.drops_excess || self.fits(payload.len() as u64) {
            self.queue.push(kind, payload);
        }
    }

    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        if !self.drops_excess || self.fits(payload.len() as u64) {
            self.queue.push_owned(kind, payload);
        }
    }

    fn accepts_pieces(&self) -> bool {
        self.options.stream_messages
    }

    fn push_piece(&mut self, kind: MessageKind, piece: Vec<u8>, is_last: bool) {
        if !self.drops_excess || self.fits(piece.len() as u64) {
            self.queue.push_piece(kind, piece, is_last);
        }
    }

    fn pong(&mut self, payload: &[u8]) {
        self.heartbeat.pong_received(payload, self.now);
    }

    fn ping(&mut self, payload: &[u8]) {
        self.heartbeat.ping_received(payload);
    }
}
