//! The input and output of an open connection: between a transport and the protocol core.

use std::io::{ErrorKind, IoSlice};
use std::time::Instant;

use crate::error::{Error, ErrorCode};
use crate::limits::{
    COALESCE_BYTES, DEFLATE_IDLE, HEADER_READ_BYTES, LOOKAHEAD_BYTES, MASK_CHUNK_BYTES, POLL_BUDGET_SLACK,
    VECTORED_WRITE_BYTES,
};
use crate::net::{FailureStage, NetError, Transport, clock, scratch};
use crate::peer::connection::heartbeat::Heartbeat;
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::options::ConnectionOptions;
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::connection::{Connection, SendOptions, Stopped};
use crate::proto::frame::MessageKind;
use crate::proto::mask;
use crate::proto::message::MessageSink;
use crate::proto::output_buffer::OutputBuffer;
use crate::proto::violation::Violation;

/// How a connection ended.
#[derive(Debug)]
pub(in crate::peer) enum End {
    /// The remote end's close frame was read.
    Closed,
    /// The remote end broke the protocol.
    Violation(Violation),
    /// The transport ended or failed.
    Lost(NetError),
}

/// An open connection.
pub(in crate::peer) struct OpenConnection {
    pub transport: Box<dyn Transport>,
    pub connection: Connection,
    pub output: OutputBuffer,
    pub heartbeat: Heartbeat,
    /// When the remote end must have answered this end's close frame.
    pub close_deadline: Option<Instant>,
    /// Input that is read but has no room in the queue yet, or must wait for the next poll.
    blocked: Vec<u8>,
    /// The connection stopped before the end of its input, of which `blocked` is the rest (none, where it stopped behind the
    /// header of a frame without payload).
    is_held: bool,
    /// The connection opened in this poll: a close frame waits for the next, so that every program sees it open.
    is_new: bool,
    /// How much of `blocked` was searched for control frames.
    scanned: usize,
    /// A message has left since the last poll, so further ones are collected.
    sent_in_tick: bool,
    /// The network did not take everything, and the program has not been told yet that it has since.
    congested: bool,
    /// What the remote end did wrong behind messages that the program has not seen yet. It ends the connection in the next
    /// poll, so that those messages can still be answered.
    violation: Option<Violation>,
    /// When the compressor had something to do last.
    compressed_at: Option<Instant>,
}

impl std::fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenConnection").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl OpenConnection {
    /// A connection just after the upgrade; `rest` arrived behind it.
    pub fn new(transport: Box<dyn Transport>, connection: Connection, rest: Vec<u8>, now: Instant) -> Self {
        Self {
            transport,
            connection,
            output: OutputBuffer::default(),
            heartbeat: Heartbeat::new(now),
            close_deadline: None,
            is_held: !rest.is_empty(),
            blocked: rest,
            is_new: true,
            scanned: 0,
            sent_in_tick: false,
            congested: false,
            violation: None,
            compressed_at: None,
        }
    }

    /// A new tick begins: its first message leaves at once.
    pub fn begin_tick(&mut self) {
        self.sent_in_tick = false;
    }

    /// Whether neither end has anything to say and nothing waits for its time; also begins a tick.
    pub fn is_quiet(&mut self) -> bool {
        self.sent_in_tick = false;
        self.output.capacity() == 0
            && !self.is_held
            && !self.is_new
            && !self.congested
            && self.violation.is_none()
            && self.compressed_at.is_none()
            && self.blocked.is_empty()
            && self.connection.is_quiet()
            && !self.transport.may_read()
    }

    /// The poll in which the connection opened is over; returns whether it was that one.
    pub fn end_opening(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }

    /// Whether the network has taken everything that it refused at first; true once.
    pub fn take_drained(&mut self) -> bool {
        let drained = self.congested && self.output.is_empty();
        self.congested &= !drained;
        drained
    }

    /// Sends a ping and remembers when.
    pub fn ping(&mut self, payload: &[u8], now: Instant) {
        self.heartbeat.sent(payload, now);
        self.connection.send_ping(payload, &mut self.output);
    }

    /// Gives back what an idle connection does not need.
    pub fn release_idle(&mut self, now: Instant) {
        self.output.release();
        if self.compressed_at.is_some_and(|last| now.saturating_duration_since(last) >= DEFLATE_IDLE) {
            self.release_compression();
        }
    }

    /// Gives the compression state back, as far as the protocol allows.
    pub fn release_compression(&mut self) {
        self.compressed_at = None;
        if let Some(deflate) = self.connection.deflate_mut() {
            deflate.release();
        }
    }

    /// Whether input waits for room in the queue, or a violation for its turn.
    pub fn has_held_input(&self) -> bool {
        self.is_held || self.violation.is_some()
    }

    /// Whether a poll has something to do without news from the system. Input that waits for room in the queue is no reason:
    /// whoever makes room knows.
    pub fn has_pending_work(&self, queue: &PacketQueue) -> bool {
        let (read, write) = self.transport.known_readiness();
        let may_read = read && !(self.is_held && self.blocked.len() >= LOOKAHEAD_BYTES);
        may_read || self.violation.is_some() || (self.is_held && queue.is_empty()) || (write && self.has_unflushed())
    }

    /// When a poll has something to do for the sake of time.
    pub fn next_deadline(&self, options: &ConnectionOptions) -> Option<Instant> {
        let beat = if self.connection.close_sent() {
            self.close_deadline
        } else {
            self.heartbeat.next_check(options.heartbeat_interval, options.heartbeat_timeout)
        };
        let idle = self.compressed_at.map(|last| last + DEFLATE_IDLE);
        beat.into_iter().chain(idle).min()
    }

    /// Whether output waits that a flush could move.
    pub fn has_unflushed(&self) -> bool {
        !self.output.is_empty()
    }

    // Output

    /// Whether a message of `payload` bytes may be queued (see [`ConnectionOptions`]).
    pub fn check_room(&self, options: &ConnectionOptions, payload: usize) -> Result<(), Error> {
        if self.output.queued_messages() >= options.max_outbound_packets() {
            let message = format!(
                "{} messages wait to be sent; max_queued_packets allows no more",
                self.output.queued_messages()
            );
            return Err(Error::new(ErrorCode::OutOfMemory, message));
        }
        let limit = options.outbound_buffer_size;
        let total = self.output.queued_payload().saturating_add(payload);
        if limit > 0 && total > limit {
            let message = format!(
                "message of {payload} bytes does not fit beside {} waiting ones; raise outbound_buffer_size ({limit})",
                self.output.queued_payload()
            );
            return Err(Error::new(ErrorCode::OutOfMemory, message));
        }
        Ok(())
    }

    /// Writes what waits, as far as the network takes it, and the pong that waited for that.
    pub fn flush(&mut self) -> Result<(), NetError> {
        self.write_waiting()?;
        self.connection.send_delayed_pong(&mut self.output);
        self.write_waiting()?;
        self.congested |= !self.output.is_empty();
        Ok(())
    }

    fn write_waiting(&mut self) -> Result<(), NetError> {
        while !self.output.is_empty() && self.transport.may_write() {
            match self.transport.write(self.output.pending()) {
                Ok(count) => self.output.advance(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(NetError::io(FailureStage::Tcp, "writing to the connection", &error)),
            }
        }
        Ok(())
    }

    /// Sends a message. The first of a tick is written at once, further ones are collected until [`COALESCE_BYTES`], the
    /// next flush or the next poll.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8], options: SendOptions) -> Result<(), NetError> {
        let compressible = self.connection.deflate().is_some() && options.compress_from.is_some();
        if payload.len() >= VECTORED_WRITE_BYTES && payload.len() <= options.max_frame_size && !compressible {
            self.flush()?;
            if self.output.is_empty() {
                self.sent_in_tick = true;
                return self.send_large(kind, payload);
            }
        }
        self.connection.send(kind, payload, options, &mut self.output);
        if compressible {
            self.compressed_at = Some(clock::now());
        }
        if !self.sent_in_tick || self.output.len() >= COALESCE_BYTES {
            self.sent_in_tick = true;
            self.flush()?;
        }
        Ok(())
    }

    /// Sends a message that others get too, in the form that fits this connection; otherwise as [`Self::send`].
    pub fn send_broadcast(&mut self, message: &mut BroadcastMessage<'_>) -> Result<(), NetError> {
        let frames = self.connection.share(message);
        if !self.sent_in_tick || self.output.len() + frames.bytes.len() >= COALESCE_BYTES {
            self.flush()?;
        }
        let mut written = 0;
        if !self.sent_in_tick && self.output.is_empty() && self.transport.may_write() {
            self.sent_in_tick = true;
            written = match self.transport.write(frames.bytes) {
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
                Err(error) => return Err(NetError::io(FailureStage::Tcp, "writing to the connection", &error)),
            };
        }
        if let Some(rest) = frames.bytes.get(written..).filter(|rest| !rest.is_empty()) {
            self.output.buffer().extend_from_slice(rest);
            self.output.mark(frames.payload);
        }
        if self.output.len() >= COALESCE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes a frame without storing it, except for what the network does not take.
    fn send_large(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), NetError> {
        let mut header = Vec::with_capacity(crate::proto::frame::MAX_HEADER);
        match self.connection.begin_frame(kind, payload.len(), &mut header) {
            None => {
                let written = match self.transport.write_vectored(&[IoSlice::new(&header), IoSlice::new(payload)]) {
                    Ok(count) => count,
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
                    Err(error) => return Err(NetError::io(FailureStage::Tcp, "writing to the connection", &error)),
                };
                let total = header.len() + payload.len();
                if written < total {
                    let buffer = self.output.buffer();
                    buffer.extend_from_slice(header.get(written..).unwrap_or_default());
                    buffer.extend_from_slice(payload.get(written.saturating_sub(header.len())..).unwrap_or_default());
                    self.output.mark(payload.len());
                }
                self.flush()
            }
            Some(key) => {
                self.output.buffer().extend_from_slice(&header);
                for (index, chunk) in payload.chunks(MASK_CHUNK_BYTES).enumerate() {
                    mask::append(self.output.buffer(), chunk, key, index * MASK_CHUNK_BYTES);
                    if (index + 1) * MASK_CHUNK_BYTES >= payload.len() {
                        self.output.mark(payload.len());
                    }
                    // Nothing else may get between the chunks of one frame.
                    self.write_waiting()?;
                }
                self.flush()
            }
        }
    }

    // Input

    /// Reads until nothing is left, the queue is full, the budget of one poll is used, or the connection ends.
    pub fn receive(&mut self, queue: &mut PacketQueue, options: &ConnectionOptions, now: Instant) -> Result<(), End> {
        if let Some(violation) = self.violation.take() {
            return Err(End::Violation(violation));
        }
        let mut budget = options.inbound_buffer_size.saturating_add(POLL_BUDGET_SLACK);
        if std::mem::take(&mut self.is_held) {
            let mut input = std::mem::take(&mut self.blocked);
            if let Some(used) = self.process(&mut input, queue, options, now)? {
                input.drain(..used);
                self.scanned = self.scanned.saturating_sub(used);
                self.blocked = input;
                self.is_held = true;
            }
        }
        while budget > 0 && self.violation.is_none() {
            if (self.is_held && self.blocked.len() >= LOOKAHEAD_BYTES) || !self.transport.may_read() {
                break;
            }
            let (count, offered) = if self.is_held { self.read_ahead()? } else { self.read_once(queue, options, now)? };
            if count < offered {
                break;
            }
            budget = budget.saturating_sub(count);
        }
        if !self.blocked.is_empty() {
            let mut sink =
                Receiver { queue, heartbeat: &mut self.heartbeat, options, now, closing: false, is_new: self.is_new };
            self.scanned =
                self.connection.serve_control_frames(&mut self.blocked, self.scanned, &mut sink, &mut self.output);
        }
        Ok(())
    }

    /// One read into a large message's own buffer or the scratch buffer; returns the bytes read and asked for.
    fn read_once(
        &mut self,
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<(usize, usize), End> {
        let closing = self.connection.close_sent();
        let direct = if options.stream_messages { None } else { self.connection.direct_buffer() };
        if let Some(buffer) = direct {
            let offered = buffer.len();
            let read = read_from(self.transport.as_mut(), buffer);
            let count = *read.as_ref().unwrap_or(&0);
            if count > 0 {
                self.heartbeat.heard();
            }
            let mut sink =
                Receiver { queue, heartbeat: &mut self.heartbeat, options, now, closing, is_new: self.is_new };
            if let Err(violation) = self.connection.direct_received(count, &mut sink) {
                self.report(violation, queue)?;
            }
            return read.map(|count| (count, offered));
        }
        let wanted = if self.connection.expects_large_frame() { HEADER_READ_BYTES } else { usize::MAX };
        scratch::with(|buffer| {
            let offered = buffer.len().min(wanted);
            let buffer = buffer.get_mut(..offered).unwrap_or_default();
            let count = read_from(self.transport.as_mut(), buffer)?;
            if count > 0 {
                self.heartbeat.heard();
            }
            let input = buffer.get_mut(..count).unwrap_or_default();
            if let Some(used) = self.process(input, queue, options, now)? {
                self.blocked = input.get(used..).unwrap_or_default().to_vec();
                self.is_held = true;
                self.scanned = 0;
            }
            Ok((count, offered))
        })
    }

    /// Reads behind what has no room yet, so that control frames there can be served.
    fn read_ahead(&mut self) -> Result<(usize, usize), End> {
        let start = self.blocked.len();
        self.blocked.resize(LOOKAHEAD_BYTES, 0);
        let read = match self.blocked.get_mut(start..) {
            Some(free) => read_ready(self.transport.as_mut(), free),
            None => Ok(None),
        };
        let count = match read {
            Ok(Some(count)) => count,
            // The end of the stream is noticed again, in its turn, when what stands before it was read.
            Ok(None) | Err(_) => 0,
        };
        self.blocked.truncate(start + count);
        Ok((count, LOOKAHEAD_BYTES - start))
    }

    /// Passes input to the protocol core. Where the queue has no room for the next message, returns how much was used.
    fn process(
        &mut self,
        input: &mut [u8],
        queue: &mut PacketQueue,
        options: &ConnectionOptions,
        now: Instant,
    ) -> Result<Option<usize>, End> {
        let closing = self.connection.close_sent();
        let mut sink = Receiver { queue, heartbeat: &mut self.heartbeat, options, now, closing, is_new: self.is_new };
        let (used, result) = self.connection.receive(input, options.inbound_buffer_size, &mut sink, &mut self.output);
        match result {
            Ok(Stopped::Drained) => Ok(None),
            Ok(Stopped::Blocked) => Ok(Some(used)),
            Ok(Stopped::Closed) => Err(End::Closed),
            Err(violation) => self.report(violation, queue).map(|()| None),
        }
    }

    fn report(&mut self, violation: Violation, queue: &PacketQueue) -> Result<(), End> {
        if queue.is_empty() {
            return Err(End::Violation(violation));
        }
        self.violation = Some(violation);
        Ok(())
    }
}

/// Reads what is there; nothing is `Ok(0)`, the end of the stream an error.
fn read_from(transport: &mut dyn Transport, buffer: &mut [u8]) -> Result<usize, End> {
    match read_ready(transport, buffer) {
        Ok(Some(0)) => Err(End::Lost(NetError::new(
            FailureStage::Tcp,
            "the remote end closed the connection without a close frame",
        ))),
        Ok(count) => Ok(count.unwrap_or(0)),
        Err(error) => Err(End::Lost(error)),
    }
}

/// Reads what is there; `None` where nothing is.
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

/// Where the protocol core puts what it reads: the queue with its limits.
struct Receiver<'a> {
    queue: &'a mut PacketQueue,
    heartbeat: &'a mut Heartbeat,
    options: &'a ConnectionOptions,
    now: Instant,
    is_new: bool,
    /// This end has said goodbye: what no longer fits is dropped, so that the remote end's close frame can be reached.
    closing: bool,
}

impl Receiver<'_> {
    fn fits(&self, bytes: u64) -> bool {
        let total = (self.queue.bytes() as u64).saturating_add(bytes);
        self.queue.len() < self.options.max_queued_packets
            && (self.queue.is_empty() || total <= self.options.inbound_buffer_size as u64)
    }
}

impl MessageSink for Receiver<'_> {
    fn takes_close(&self) -> bool {
        !self.is_new
    }

    fn buffer(&mut self) -> Vec<u8> {
        scratch::spare()
    }

    fn give_back(&mut self, buffer: Vec<u8>) {
        scratch::give_back(buffer);
    }

    fn has_room(&self, message_bytes: u64) -> bool {
        self.closing || self.fits(message_bytes)
    }

    fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        if !self.closing || self.fits(payload.len() as u64) {
            self.queue.push(kind, payload);
        }
    }

    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        if !self.closing || self.fits(payload.len() as u64) {
            self.queue.push_owned(kind, payload);
        }
    }

    fn takes_pieces(&self) -> bool {
        self.options.stream_messages
    }

    fn push_piece(&mut self, kind: MessageKind, piece: Vec<u8>, is_last: bool) {
        if !self.closing || self.fits(piece.len() as u64) {
            self.queue.push_piece(kind, piece, is_last);
        }
    }

    fn pong(&mut self, payload: &[u8]) {
        self.heartbeat.pong(payload, self.now);
    }

    fn ping(&mut self, payload: &[u8]) {
        self.heartbeat.ping(payload);
    }
}
