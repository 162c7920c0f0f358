//! Decides when output is written, collected or refused: messages, broadcasts, pings, and the limits of the output
//! queue.

use std::io::{self, ErrorKind, IoSlice};
use std::time::Instant;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{COALESCE_BYTES, MASK_CHUNK_BYTES, MAX_CONTROL_PAYLOAD, PONG_BACKLOG_BYTES, VECTORED_WRITE_BYTES};
use crate::net::background_flush::{FlushProgress, FlushRequests};
use crate::net::{FailureStage, NetError, clock, random};
use crate::peer::connection::measurements::RoundTrip;
use crate::peer::connection::open_connection::OpenConnection;
use crate::peer::connection::websocket_peer::{ConnectionPhase, WebSocketPeer};
use crate::peer::flushing::CollectsOutput;
use crate::peer::options::ConnectionOptions;
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::connection::SendOptions;
use crate::proto::frame::{MAX_HEADER_LEN, MessageKind};
use crate::proto::{mask, utf8};

impl WebSocketPeer {
    /// Sends a message. The first since the last poll is written at once. Further ones are collected, and written with
    /// [`Self::flush`], [`Self::poll`], or as soon as there are 64 KiB. The C and Godot bindings also write them
    /// without such a call, after at most one frame's time.
    ///
    /// # Errors
    /// `Failed` if the connection is not open or breaks, `InvalidData` for text that is not UTF-8, `OutOfMemory` if
    /// `outbound_buffer_size` or `max_queued_packets` does not allow the message. A refused message changes nothing.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self.try_send(kind, payload, true);
        self.record_error(result)
    }

    /// Sends a text message, as [`Self::send`] does without the check for UTF-8.
    ///
    /// # Errors
    /// As for [`Self::send`], without `InvalidData`.
    pub fn send_text(&mut self, text: &str) -> Result {
        let result = self
            .sending_connection()
            .map(drop)
            .and_then(|()| self.send_checked(MessageKind::Text, text.as_bytes(), true));
        self.record_error(result)
    }

    /// Sends a message uncompressed even if compression is active: for compressed or secret payloads.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub fn send_uncompressed(&mut self, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self.try_send(kind, payload, false);
        self.record_error(result)
    }

    /// Sends a ping of at most 125 bytes; its pong updates [`Self::round_trip`]. An empty payload is replaced by eight
    /// random bytes, so that no pong can be sent before the ping has arrived.
    ///
    /// # Errors
    /// `InvalidParameter` for a longer payload, `Failed` if the connection is not open, `OutOfMemory` while the network
    /// accepts no data.
    pub fn ping(&mut self, payload: &[u8]) -> Result {
        let result = self.try_ping(payload);
        self.record_error(result)
    }

    fn try_ping(&mut self, payload: &[u8]) -> Result {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            let message =
                format!("the payload of a ping must be at most {MAX_CONTROL_PAYLOAD} bytes, not {}", payload.len());
            return Err(Error::new(ErrorCode::InvalidParameter, message));
        }
        self.flush();
        let open = self.sending_connection()?;
        if open.output.len() >= PONG_BACKLOG_BYTES {
            // A ping after much unsent data would measure the queue, and pings without end would fill the memory.
            let message = format!("the network accepts no data; {} bytes wait before the ping", open.output.len());
            return Err(Error::new(ErrorCode::OutOfMemory, message));
        }
        let random = random::ping_payload();
        open.ping(if payload.is_empty() { &random } else { payload }, clock::now());
        self.flush();
        self.request_flush();
        Ok(())
    }

    fn sending_connection(&mut self) -> Result<&mut OpenConnection> {
        match &mut self.phase {
            ConnectionPhase::Open(open) if open.is_closing() => {
                Err(Error::new(ErrorCode::Failed, "the connection is closing"))
            }
            ConnectionPhase::Open(open) => Ok(open),
            _ => Err(not_open()),
        }
    }

    fn try_send(&mut self, kind: MessageKind, payload: &[u8], compress: bool) -> Result {
        self.sending_connection()?;
        if kind == MessageKind::Text {
            utf8::check(payload).map_err(|error| Error::new(ErrorCode::InvalidData, error.to_string()))?;
        }
        self.send_checked(kind, payload, compress)
    }

    fn send_checked(&mut self, kind: MessageKind, payload: &[u8], compress: bool) -> Result {
        let ConnectionPhase::Open(open) = &mut self.phase else { return Ok(()) };
        if open.check_room(&self.options, payload.len()).is_err() {
            // Data that only waits for the end of the tick does not count.
            if let Err(error) = open.flush() {
                return Err(self.lose_while_sending(error));
            }
            open.check_room(&self.options, payload.len())?;
        }
        open.output.set_limit(self.options.outbound_buffer_size);
        if let Err(error) = open.send(kind, payload, self.options.send_options(compress)) {
            return Err(self.lose_while_sending(error));
        }
        self.trace.message_sent(kind, payload);
        self.request_flush();
        Ok(())
    }

    /// Sends a message that other connections send too, in the form that was encoded for all of them unless this one
    /// has other options. The caller has checked that text is UTF-8.
    pub(in crate::peer) fn send_broadcast(&mut self, message: &mut BroadcastMessage<'_>) -> Result {
        if self.options.send_options(true) != message.options {
            self.sending_connection()?;
            return self.send_checked(message.kind(), message.payload(), true);
        }
        let ConnectionPhase::Open(open) = &mut self.phase else { return Err(not_open()) };
        if open.is_closing() {
            return Err(not_open());
        }
        // Data that only waits for the end of the tick does not count.
        if open.check_room(&self.options, message.len()).is_err() && open.flush().is_ok() {
            open.check_room(&self.options, message.len())?;
        }
        open.output.set_limit(self.options.outbound_buffer_size);
        if let Err(error) = open.send_broadcast(message) {
            return Err(self.lose_while_sending(error));
        }
        self.trace.message_sent(message.kind(), message.payload());
        self.request_flush();
        Ok(())
    }

    /// Has the output that a call leaves written in the background, or writes it now if that is not possible.
    pub(super) fn request_flush(&mut self) {
        if self.has_rest() && !self.flush_requests.request() {
            self.flush();
        }
    }

    /// Returns whether output waits that may be written in the background.
    pub(in crate::peer) fn has_rest(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Open(open) if open.has_rest())
    }

    /// Writes collected messages now instead of in the next poll. Does nothing if none wait.
    pub fn flush(&mut self) {
        if let ConnectionPhase::Open(open) = &mut self.phase
            && let Err(error) = open.flush()
        {
            self.lose_while_sending(error);
        }
    }

    /// Returns whether [`Self::flush`] has something to do.
    pub fn has_unflushed(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Open(open) if open.has_unflushed())
    }

    /// Returns whether everything that was sent is written, so that the next message does not wait for another.
    pub fn is_drained(&self) -> bool {
        !self.has_unflushed()
    }

    /// Returns once whether the network has accepted everything that it refused before.
    pub fn take_drained(&mut self) -> bool {
        std::mem::take(&mut self.drained)
    }

    /// Returns the payload bytes that the network has not accepted yet; 0 if the connection is not open.
    pub fn outbound_buffered_amount(&mut self) -> usize {
        self.flush();
        match &self.phase {
            ConnectionPhase::Open(open) if !open.is_closing() => open.output.queued_payload(),
            _ => 0,
        }
    }

    /// Returns the round-trip times of this connection or the last one; `None` before the first pong.
    pub fn round_trip(&self) -> Option<RoundTrip> {
        match &self.phase {
            ConnectionPhase::Open(open) => open.heartbeat.round_trip(),
            _ => self.round_trip,
        }
    }

    /// Disables Nagle's algorithm (`true`, the default) or enables it.
    ///
    /// # Errors
    /// `Unconfigured` without a TCP connection, `Failed` if the system refuses.
    pub fn set_no_delay(&mut self, enabled: bool) -> Result {
        let result = self.try_set_no_delay(enabled);
        self.record_error(result)
    }

    fn try_set_no_delay(&mut self, enabled: bool) -> Result {
        let result = match &mut self.phase {
            ConnectionPhase::Open(open) => Some(open.transport.set_no_delay(enabled)),
            ConnectionPhase::Opening(opening) => opening.set_no_delay(enabled),
            ConnectionPhase::Closed => None,
        };
        result
            .ok_or_else(|| Error::new(ErrorCode::Unconfigured, "there is no TCP connection"))?
            .map_err(|error| Error::new(ErrorCode::Failed, error.to_string()))
    }
}

impl CollectsOutput for WebSocketPeer {
    fn set_flush_requests(&mut self, requests: FlushRequests) {
        self.flush_requests = requests;
    }

    fn flush_in_background(&mut self) -> FlushProgress {
        if let ConnectionPhase::Open(open) = &mut self.phase
            && open.has_rest()
        {
            open.write_error = open.flush().err();
            self.update_trace_row();
        }
        if self.has_rest() { FlushProgress::Waiting } else { FlushProgress::Done }
    }
}

fn not_open() -> Error {
    Error::new(ErrorCode::Failed, "the connection is not open")
}

impl OpenConnection {
    /// Checks whether a message of `payload` bytes may be queued.
    fn check_room(&self, options: &ConnectionOptions, payload: usize) -> Result {
        let queued = self.output.queued_messages();
        let most = options.max_outbound_packets();
        if queued >= most {
            let message = format!("{queued} messages wait to be sent; max_queued_packets ({most}) allows no more");
            return Err(Error::new(ErrorCode::OutOfMemory, message));
        }
        let limit = options.outbound_buffer_size;
        let total = self.output.queued_payload().saturating_add(payload);
        if limit > 0 && total > limit {
            let message = format!(
                "a message of {payload} bytes after {} unsent bytes exceeds outbound_buffer_size ({limit})",
                self.output.queued_payload()
            );
            return Err(Error::new(ErrorCode::OutOfMemory, message));
        }
        Ok(())
    }

    /// Writes the output as far as the network accepts it, and the pong that waited for that.
    pub fn flush(&mut self) -> Result<(), NetError> {
        if let Some(error) = self.write_error.take() {
            return Err(error);
        }
        self.write_output()?;
        self.protocol.send_delayed_pong(&mut self.output);
        self.write_output()?;
        self.is_congested |= !self.output.is_empty();
        Ok(())
    }

    fn write_output(&mut self) -> Result<(), NetError> {
        while !self.output.is_empty() && self.transport.may_write() {
            match self.transport.write(self.output.pending()) {
                Ok(count) => self.output.advance(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(write_failed(&error)),
            }
        }
        Ok(())
    }

    /// Sends a ping and remembers when.
    pub fn ping(&mut self, payload: &[u8], now: Instant) {
        self.heartbeat.ping_sent(payload, now);
        self.protocol.send_ping(payload, &mut self.output);
    }

    /// Sends a message. The first of a tick is written at once; further ones are collected until [`COALESCE_BYTES`],
    /// the next flush or the next poll.
    fn send(&mut self, kind: MessageKind, payload: &[u8], options: SendOptions) -> Result<(), NetError> {
        let compressible = self.protocol.deflate().is_some() && options.compress_from.is_some();
        if payload.len() >= VECTORED_WRITE_BYTES && payload.len() <= options.max_frame_size && !compressible {
            self.flush()?;
            if self.output.is_empty() {
                self.sent_since_poll = true;
                return self.send_large(kind, payload);
            }
        }
        self.protocol.send(kind, payload, options, &mut self.output);
        if compressible {
            self.last_compression = Some(clock::now());
        }
        if !self.sent_since_poll || self.output.len() >= COALESCE_BYTES {
            self.sent_since_poll = true;
            self.flush()?;
        }
        Ok(())
    }

    /// Sends a broadcast in the encoding that fits this connection; written or collected as by [`Self::send`].
    fn send_broadcast(&mut self, message: &mut BroadcastMessage<'_>) -> Result<(), NetError> {
        let frames = self.protocol.encode_broadcast(message);
        if !self.sent_since_poll || self.output.len() + frames.bytes.len() >= COALESCE_BYTES {
            self.flush()?;
        }
        let mut written = 0;
        if !self.sent_since_poll && self.output.is_empty() && self.transport.may_write() {
            self.sent_since_poll = true;
            written = accepted(self.transport.write(frames.bytes))?;
        }
        if let Some(rest) = frames.bytes.get(written..).filter(|rest| !rest.is_empty()) {
            self.output.reserve(rest.len());
            self.output.buffer().extend_from_slice(rest);
            self.output.end_message(frames.payload);
        }
        if self.output.len() >= COALESCE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes a frame and stores only what the network does not accept.
    fn send_large(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), NetError> {
        let mut header = Vec::with_capacity(MAX_HEADER_LEN);
        match self.protocol.begin_frame(kind, payload.len(), &mut header) {
            None => {
                let pieces = [IoSlice::new(&header), IoSlice::new(payload)];
                let written = accepted(self.transport.write_vectored(&pieces))?;
                if written < header.len() + payload.len() {
                    self.output.reserve(header.len() + payload.len() - written);
                    let buffer = self.output.buffer();
                    buffer.extend_from_slice(header.get(written..).unwrap_or_default());
                    buffer.extend_from_slice(payload.get(written.saturating_sub(header.len())..).unwrap_or_default());
                    self.output.end_message(payload.len());
                }
            }
            Some(key) => {
                self.output.buffer().extend_from_slice(&header);
                for (index, chunk) in payload.chunks(MASK_CHUNK_BYTES).enumerate() {
                    if index > 0 && !self.output.is_empty() {
                        // The network accepts no more, so the rest will probably wait too.
                        self.output.reserve(payload.len() - index * MASK_CHUNK_BYTES);
                    }
                    mask::append(self.output.buffer(), chunk, key, index * MASK_CHUNK_BYTES);
                    if (index + 1) * MASK_CHUNK_BYTES >= payload.len() {
                        self.output.end_message(payload.len());
                    }
                    // Not flush(): a delayed pong must not get between the chunks of one frame.
                    self.write_output()?;
                }
            }
        }
        self.flush()
    }
}

/// Returns how many bytes a single write was able to pass on.
fn accepted(written: io::Result<usize>) -> Result<usize, NetError> {
    match written {
        Ok(count) => Ok(count),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        Err(error) => Err(write_failed(&error)),
    }
}

fn write_failed(error: &io::Error) -> NetError {
    NetError::io(FailureStage::Tcp, "writing to the connection", error)
}
