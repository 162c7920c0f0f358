//! An open WebSocket connection: frames to messages, messages to frames, and the closing handshake. No I/O.

use super::Role;
use super::broadcast::{BroadcastMessage, EncodedBroadcast};
use super::close::CloseFrame;
use super::deflate::PermessageDeflate;
use super::frame::{self, Header, MAX_HEADER_LEN, MessageKind};
use super::mask;
use super::message::{IncomingMessage, MessageSink};
use super::output_buffer::OutputBuffer;
use super::violation::Violation;
use crate::limits::{
    ARENA_MESSAGE_BYTES, DEFLATE_GIVE_UP_BYTES, DEFLATE_PIECE_BYTES, DIRECT_RECEIVE_BYTES, DIRECT_REST_BYTES,
    MAX_CONTROL_PAYLOAD, PIECE_BYTES, PONG_BACKLOG_BYTES, RECEIVE_STEP_BYTES,
};

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Why [`Connection::receive`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveOutcome {
    /// All input was used.
    NeedsInput,
    /// The sink has no room for the next message; the rest of the input must be kept and passed again.
    SinkFull,
    /// The remote end's close frame was read; nothing behind it counts.
    CloseReceived,
}

/// How one message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendOptions {
    /// Largest payload of one frame in bytes; longer messages are fragmented. `usize::MAX` for one frame.
    pub max_frame_size: usize,
    /// Messages of at least this many bytes are compressed where compression was agreed on; `None` for not this one.
    pub compress_from: Option<usize>,
}

impl SendOptions {
    /// One uncompressed frame.
    pub const PLAIN: Self = Self { max_frame_size: usize::MAX, compress_from: None };
}

/// State of one end of a connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    mask_key: fn() -> [u8; 4],
    deflate: Option<Box<PermessageDeflate>>,
    header: PartialHeader,
    frame: Option<IncomingFrame>,
    message: Option<IncomingMessage>,
    /// Payload of the data frame that began last.
    last_payload: u64,
    close_sent: bool,
    close_received: Option<CloseFrame>,
    delayed_pong: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct PartialHeader {
    bytes: [u8; MAX_HEADER_LEN],
    len: usize,
}

/// A frame whose header was read and whose payload was not, or not all.
#[derive(Debug)]
struct IncomingFrame {
    header: Header,
    received: u64,
    control: Vec<u8>,
    admitted: bool,
}

impl IncomingFrame {
    fn remaining(&self) -> u64 {
        self.header.payload - self.received
    }

    /// Position in the payload, as the masking key counts it.
    fn mask_offset(&self) -> usize {
        (self.received % 4) as usize
    }
}

impl Connection {
    /// A connection just after the HTTP upgrade. `mask_key` gives keys no one can predict (RFC 6455 section 5.3).
    pub fn new(role: Role, deflate: Option<PermessageDeflate>, mask_key: fn() -> [u8; 4]) -> Self {
        Self {
            role,
            mask_key,
            deflate: deflate.map(Box::new),
            header: PartialHeader::default(),
            frame: None,
            message: None,
            last_payload: 0,
            close_sent: false,
            close_received: None,
            delayed_pong: None,
        }
    }

    /// permessage-deflate, where it was agreed on.
    pub fn deflate(&self) -> Option<&PermessageDeflate> {
        self.deflate.as_deref()
    }

    /// See [`Self::deflate`].
    pub fn deflate_mut(&mut self) -> Option<&mut PermessageDeflate> {
        self.deflate.as_deref_mut()
    }

    /// Whether this end's close frame has been put into the output.
    pub fn close_sent(&self) -> bool {
        self.close_sent
    }

    /// Whether neither end has said goodbye, and no pong is owed.
    pub fn is_idle(&self) -> bool {
        !self.close_sent && self.close_received.is_none() && self.delayed_pong.is_none()
    }

    /// The remote end's close frame.
    pub fn close_received(&self) -> Option<&CloseFrame> {
        self.close_received.as_ref()
    }

    // Receiving

    /// Reads frames from `input`, which is unmasked in place, and returns how many bytes were used. Messages larger than
    /// `limit` bytes, decompressed and over all fragments, are a violation. Replies go to `output`.
    ///
    /// After [`ReceiveOutcome::CloseReceived`] or an error the connection reads nothing more.
    pub fn receive(
        &mut self,
        input: &mut [u8],
        limit: usize,
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> (usize, Result<ReceiveOutcome, Violation>) {
        let mut used = 0;
        loop {
            if self.close_received.is_some() {
                return (used, Ok(ReceiveOutcome::CloseReceived));
            }
            let rest = input.get_mut(used..).unwrap_or_default();
            let step = match self.frame.take() {
                None => self.read_header(rest),
                Some(frame) => self.read_payload(frame, rest, limit, sink, output),
            };
            match step {
                Ok((count, Step::More)) => used += count,
                Ok((count, Step::Stop(stopped))) => return (used + count, Ok(stopped)),
                Err(violation) => return (used, Err(violation)),
            }
        }
    }

    /// The buffer for the rest of a large message, so that the network can be read straight into it; `None` where frames
    /// are to be passed through [`Self::receive`]. Every byte put there is reported by [`Self::direct_received`].
    pub fn direct_buffer(&mut self) -> Option<&mut [u8]> {
        let frame = self.frame.as_ref()?;
        let message = self.message.as_mut()?;
        let is_large =
            frame.header.payload >= DIRECT_RECEIVE_BYTES as u64 && frame.remaining() >= DIRECT_REST_BYTES as u64;
        if !is_large || !frame.admitted || message.compressed || self.close_received.is_some() {
            return None;
        }
        Some(message.room(frame.remaining().min(RECEIVE_STEP_BYTES as u64) as usize))
    }

    /// The first `count` bytes of the [`Self::direct_buffer`] are payload; the others were not used.
    pub fn direct_received(&mut self, count: usize, sink: &mut impl MessageSink) -> Result<(), Violation> {
        let (Some(frame), Some(message)) = (self.frame.as_mut(), self.message.as_mut()) else { return Ok(()) };
        message.received(count, frame.header.key, frame.mask_offset())?;
        frame.received += count as u64;
        if frame.remaining() == 0 {
            let fin = frame.header.fin;
            self.frame = None;
            if fin {
                self.finish_message(usize::MAX, sink)?;
            }
        }
        Ok(())
    }

    /// Whether a large frame is likely to come next, because the last one was: then the network is better read in two steps, the
    /// header first and the payload into [`Self::direct_buffer`].
    pub fn expects_large_frame(&self) -> bool {
        self.last_payload >= DIRECT_RECEIVE_BYTES as u64 && self.frame.is_none()
    }

    fn read_header(&mut self, input: &mut [u8]) -> Result<(usize, Step), Violation> {
        let deflate = self.deflate.is_some();
        let held = self.header.len;
        let (header, used) = if held == 0 {
            match frame::decode(input, self.role, deflate)? {
                Some(header) => (header, header.size),
                None => {
                    self.header.extend(input);
                    return Ok((input.len(), Step::Stop(ReceiveOutcome::NeedsInput)));
                }
            }
        } else {
            let added = self.header.extend(input);
            match frame::decode(self.header.bytes(), self.role, deflate)? {
                Some(header) => (header, header.size - held),
                None => return Ok((added, Step::Stop(ReceiveOutcome::NeedsInput))),
            }
        };
        self.header.len = 0;
        if matches!(header.opcode, OpCode::Data(_)) {
            self.last_payload = header.payload;
        }
        self.frame = Some(IncomingFrame { header, received: 0, control: Vec::new(), admitted: false });
        Ok((used, Step::More))
    }

    fn read_payload(
        &mut self,
        mut frame: IncomingFrame,
        input: &mut [u8],
        limit: usize,
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> Result<(usize, Step), Violation> {
        let OpCode::Data(data) = frame.header.opcode else {
            return self.read_control(frame, input, sink, output);
        };
        let in_pieces = sink.accepts_pieces();
        if !frame.admitted {
            self.check_sequence(data)?;
            self.admit(&frame.header, limit, sink, in_pieces)?.then(|| frame.admitted = true);
        }
        if !frame.admitted || (in_pieces && !sink.has_room(0)) {
            self.frame = Some(frame);
            return Ok((0, Step::Stop(ReceiveOutcome::SinkFull)));
        }
        let compressed = self.is_compressed(&frame.header);
        let at_a_time = match (in_pieces, compressed) {
            (false, _) => usize::MAX,
            (true, false) => PIECE_BYTES,
            (true, true) => DEFLATE_PIECE_BYTES,
        };
        let offered = frame.remaining().min(input.len() as u64) as usize;
        let available = offered.min(at_a_time);
        let piece = input.get_mut(..available).unwrap_or_default();
        let complete = available as u64 == frame.remaining();
        let kind = if data == Data::Text { MessageKind::Text } else { MessageKind::Binary };
        let is_whole = self.message.is_none() && complete && frame.header.fin && !compressed && !in_pieces;
        if is_whole {
            take_whole(kind, frame.header.key, piece, sink)?;
            return Ok((available, Step::More));
        }
        if let Some(key) = frame.header.key {
            mask::apply(piece, key, frame.mask_offset());
        }
        let limit = if in_pieces { usize::MAX } else { limit };
        let needs_much = compressed || frame.header.payload >= DIRECT_RECEIVE_BYTES as u64;
        let mut buffer = || if needs_much { sink.spare_buffer() } else { Vec::new() };
        let message = self.message.get_or_insert_with(|| IncomingMessage::new(kind, compressed, buffer()));
        let inflater = self.deflate.as_deref_mut().map(|deflate| &mut deflate.inflater);
        message.extend(piece, inflater, limit)?;
        frame.received += available as u64;
        if complete && frame.header.fin {
            self.finish_message(limit, sink)?;
            return Ok((available, Step::More));
        }
        if in_pieces && message.arrived() > 0 {
            sink.push_piece(message.kind, message.take_piece(), false);
        }
        if complete {
            return Ok((available, Step::More));
        }
        self.frame = Some(frame);
        Ok((available, if available == offered { Step::Stop(ReceiveOutcome::NeedsInput) } else { Step::More }))
    }

    /// Whether a data frame may be read now; an error where its message is larger than `limit`. A compressed frame says
    /// little about the message's size, so there the limit is checked while it is decompressed.
    fn admit(
        &self,
        header: &Header,
        limit: usize,
        sink: &impl MessageSink,
        in_pieces: bool,
    ) -> Result<bool, Violation> {
        if in_pieces {
            return Ok(sink.has_room(0));
        }
        let so_far = self.message.as_ref().map_or(0, IncomingMessage::arrived) as u64;
        let total = if self.is_compressed(header) { so_far } else { so_far.saturating_add(header.payload) };
        if total > limit as u64 { Err(Violation::MessageTooBig { limit }) } else { Ok(sink.has_room(total)) }
    }

    fn is_compressed(&self, header: &Header) -> bool {
        self.message.as_ref().map_or(header.compressed, |message| message.compressed)
    }

    fn check_sequence(&self, data: Data) -> Result<(), Violation> {
        match (data, self.message.is_some()) {
            (Data::Continue, false) => Err(Violation::UnexpectedContinuation),
            (Data::Text | Data::Binary, true) => Err(Violation::ExpectedContinuation),
            _ => Ok(()),
        }
    }

    fn finish_message(&mut self, limit: usize, sink: &mut impl MessageSink) -> Result<(), Violation> {
        if let Some(message) = self.message.take() {
            let kind = message.kind;
            let inflater = self.deflate.as_deref_mut().map(|deflate| &mut deflate.inflater);
            let data = message.finish(inflater, limit)?;
            if sink.accepts_pieces() {
                sink.push_piece(kind, data, true);
            } else if data.len() <= ARENA_MESSAGE_BYTES {
                sink.push(kind, &data);
                sink.recycle(data);
            } else if data.capacity() > 2 * data.len() {
                // What waits holds little more memory than the limits say.
                sink.push_owned(kind, data.as_slice().to_vec());
                sink.recycle(data);
            } else {
                sink.push_owned(kind, data);
            }
        }
        Ok(())
    }

    fn read_control(
        &mut self,
        mut frame: IncomingFrame,
        input: &mut [u8],
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> Result<(usize, Step), Violation> {
        if frame.header.opcode == frame::CLOSE && !sink.accepts_close() {
            self.frame = Some(frame);
            return Ok((0, Step::Stop(ReceiveOutcome::SinkFull)));
        }
        let available = frame.remaining().min(input.len() as u64) as usize;
        let piece = input.get_mut(..available).unwrap_or_default();
        let complete = available as u64 == frame.remaining();
        if let Some(key) = frame.header.key {
            mask::apply(piece, key, frame.mask_offset());
        }
        frame.received += available as u64;
        if complete && frame.control.is_empty() {
            self.take_control(frame.header.opcode, piece, sink, output)?;
            return Ok((available, Step::More));
        }
        frame.control.extend_from_slice(piece);
        if !complete {
            self.frame = Some(frame);
            return Ok((available, Step::Stop(ReceiveOutcome::NeedsInput)));
        }
        self.take_control(frame.header.opcode, &frame.control, sink, output)?;
        Ok((available, Step::More))
    }

    fn take_control(
        &mut self,
        opcode: OpCode,
        payload: &[u8],
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> Result<(), Violation> {
        match opcode {
            OpCode::Control(Control::Ping) => {
                sink.ping(payload);
                self.answer_ping(payload, output);
            }
            OpCode::Control(Control::Pong) => sink.pong(payload),
            _ => {
                let close = CloseFrame::parse(payload)?;
                if !self.close_sent {
                    self.send_close(&close, output);
                }
                self.close_received = Some(close);
            }
        }
        Ok(())
    }

    /// Serves the control frames that stand behind messages for which there is no room (see [`ReceiveOutcome::SinkFull`]): pings
    /// are answered and pongs reported at once, close frames and everything else wait for their turn. Served frames are
    /// rewritten to unsolicited pongs, so that they are passed over when their turn comes.
    ///
    /// `scanned` is how much of `blocked` earlier calls have covered; the new value is returned.
    pub fn handle_control_frames_ahead(
        &mut self,
        blocked: &mut [u8],
        scanned: usize,
        sink: &mut impl MessageSink,
        output: &mut OutputBuffer,
    ) -> usize {
        if self.frame.as_ref().is_some_and(|frame| frame.header.opcode == frame::CLOSE) {
            // Nothing behind a close frame counts.
            return scanned;
        }
        let mut position = match (&self.frame, scanned) {
            (Some(frame), 0) => usize::try_from(frame.remaining()).unwrap_or(usize::MAX),
            _ => scanned,
        };
        while let Some(rest) = blocked.get_mut(position..) {
            let Ok(Some(header)) = frame::decode(rest, self.role, self.deflate.is_some()) else { break };
            let end = header.size.saturating_add(usize::try_from(header.payload).unwrap_or(usize::MAX));
            if let OpCode::Control(control) = header.opcode {
                let Some(payload) = rest.get(header.size..end) else { break };
                let mut plain = [0; MAX_CONTROL_PAYLOAD];
                let Some(plain) = plain.get_mut(..payload.len()) else { break };
                plain.copy_from_slice(payload);
                if let Some(key) = header.key {
                    mask::apply(plain, key, 0);
                }
                match control {
                    Control::Ping => {
                        sink.ping(plain);
                        self.answer_ping(plain, output);
                        if let Some(first) = rest.first_mut() {
                            *first = 0x80 | u8::from(frame::PONG);
                        }
                    }
                    Control::Pong => sink.pong(plain),
                    _ => break,
                }
            }
            position = position.saturating_add(end);
        }
        position
    }

    // Sending

    /// Appends a message to `output`. The caller has checked that text is UTF-8 and that no close frame was sent.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8], options: SendOptions, output: &mut OutputBuffer) {
        let compressed = match (options.compress_from, self.deflate.as_deref_mut()) {
            (Some(threshold), Some(deflate)) if payload.len() >= threshold && deflate.deflater.is_usable() => {
                let mut compressed = Vec::new();
                let done = deflate.deflater.compress(payload, &mut compressed);
                if payload.len() >= DEFLATE_GIVE_UP_BYTES && compressed.len() >= payload.len() {
                    deflate.deflater.forget(compressed.len());
                    None
                } else {
                    done.then_some(compressed)
                }
            }
            _ => None,
        };
        let body = compressed.as_deref().unwrap_or(payload);
        let keys = || self.next_key();
        frame::encode_message(output.buffer(), kind, compressed.is_some(), body, options.max_frame_size, keys);
        output.mark(payload.len());
    }

    /// The frames of a message that several connections send, in the form that fits this one. Only for servers, which do not
    /// mask. A compressed form refers to nothing before it, so every receiver can read it; the next message of this connection
    /// starts from an empty window again.
    pub fn encode_broadcast<'m>(&mut self, message: &'m mut BroadcastMessage<'_>) -> EncodedBroadcast<'m> {
        let compress = message.options.compress_from.is_some_and(|threshold| message.len() >= threshold);
        let deflater = self.deflate.as_deref_mut().map(|deflate| &mut deflate.deflater);
        let form = match deflater {
            Some(deflater) if compress && deflater.is_usable() => {
                let form = deflater.form();
                message.compressed_len(form).map(|len| {
                    deflater.sent_alone(message.len(), len);
                    form
                })
            }
            _ => None,
        };
        message.frames(form)
    }

    /// The header of a message that is sent as one uncompressed frame, and the key its payload must be masked with.
    pub fn begin_frame(&self, kind: MessageKind, len: usize, header: &mut Vec<u8>) -> Option<[u8; 4]> {
        let key = self.next_key();
        frame::encode(header, kind.opcode(), true, false, key, len);
        key
    }

    /// Appends a ping; `payload` has at most 125 bytes.
    pub fn send_ping(&self, payload: &[u8], output: &mut OutputBuffer) {
        self.send_control(frame::PING, payload, output);
    }

    /// Appends a close frame, behind everything that waits already.
    pub fn send_close(&mut self, close: &CloseFrame, output: &mut OutputBuffer) {
        self.delayed_pong = None;
        self.send_control(frame::CLOSE, &close.payload(), output);
        self.close_sent = true;
    }

    /// Appends the pong that waited for the network, where there is room for it now.
    pub fn send_delayed_pong(&mut self, output: &mut OutputBuffer) {
        if output.len() < PONG_BACKLOG_BYTES
            && let Some(payload) = self.delayed_pong.take()
        {
            self.send_control(frame::PONG, &payload, output);
        }
    }

    fn answer_ping(&mut self, payload: &[u8], output: &mut OutputBuffer) {
        if self.close_sent {
            return;
        }
        if output.len() < PONG_BACKLOG_BYTES {
            self.send_control(frame::PONG, payload, output);
        } else {
            self.delayed_pong = Some(payload.to_vec());
        }
    }

    fn send_control(&self, opcode: OpCode, payload: &[u8], output: &mut OutputBuffer) {
        let key = self.next_key();
        let buffer = output.buffer();
        frame::encode(buffer, opcode, true, false, key, payload.len());
        match key {
            Some(key) => mask::append(buffer, payload, key, 0),
            None => buffer.extend_from_slice(payload),
        }
        output.mark(payload.len());
    }

    fn next_key(&self) -> Option<[u8; 4]> {
        (self.role == Role::Client).then(self.mask_key)
    }
}

/// Delivers a message that lies in the input as one frame: a large one in a buffer that it keeps, unmasked while it is copied.
fn take_whole(
    kind: MessageKind,
    key: Option<[u8; 4]>,
    payload: &mut [u8],
    sink: &mut impl MessageSink,
) -> Result<(), Violation> {
    let check = |plain: &[u8]| match kind {
        MessageKind::Text => super::utf8::check(plain),
        MessageKind::Binary => Ok(()),
    };
    if payload.len() > ARENA_MESSAGE_BYTES {
        let mut message = Vec::new();
        match key {
            Some(key) => mask::append(&mut message, payload, key, 0),
            None => message.extend_from_slice(payload),
        }
        check(&message)?;
        sink.push_owned(kind, message);
    } else {
        if let Some(key) = key {
            mask::apply(payload, key, 0);
        }
        check(payload)?;
        sink.push(kind, payload);
    }
    Ok(())
}

enum Step {
    More,
    Stop(ReceiveOutcome),
}

impl PartialHeader {
    /// Takes as many bytes as a header can still need; returns how many.
    fn extend(&mut self, input: &[u8]) -> usize {
        let free = self.bytes.get_mut(self.len..).unwrap_or_default();
        let count = free.len().min(input.len());
        for (slot, byte) in free.iter_mut().zip(input) {
            *slot = *byte;
        }
        self.len += count;
        count
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
