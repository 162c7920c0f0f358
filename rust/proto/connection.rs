//! An open WebSocket connection: which frames become messages, messages become frames, and the close handshake. No I/O.

use std::ops::ControlFlow;

use super::Role;
use super::broadcast::{BroadcastMessage, EncodedBroadcast};
use super::close::CloseFrame;
use super::deflate::PermessageDeflate;
use super::frame::{self, FrameHeader, MAX_HEADER_LEN, MessageEncoding, MessageKind};
use super::mask;
use super::message::{IncomingMessage, MessageSink};
use super::output_buffer::OutputBuffer;
use super::violation::Violation;
use crate::limits::{
    ARENA_MESSAGE_BYTES, DEFLATE_GIVE_UP_BYTES, DEFLATE_PIECE_BYTES, DIRECT_RECEIVE_BYTES, DIRECT_REST_BYTES,
    PIECE_BYTES, PONG_BACKLOG_BYTES, RECEIVE_STEP_BYTES,
};

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

pub use super::message::SendOptions;

/// Why [`Connection::receive`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveOutcome {
    /// All input was used.
    NeedsInput,
    /// The sink has no room for the next message; the rest of the input must be kept and passed again.
    SinkFull,
    /// The remote peer's close frame was read; bytes after it are ignored (RFC 6455 section 1.4).
    CloseReceived,
}

/// State of one endpoint of a connection.
#[derive(Debug)]
pub struct Connection {
    pub(super) role: Role,
    mask_key: fn() -> [u8; 4],
    pub(super) deflate: Option<Box<PermessageDeflate>>,
    header: PartialHeader,
    pub(super) frame: Option<IncomingFrame>,
    message: Option<IncomingMessage>,
    /// Payload length of the data frame that began last.
    last_payload_len: u64,
    close_sent: bool,
    close_received: Option<CloseFrame>,
    delayed_pong: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct PartialHeader {
    bytes: [u8; MAX_HEADER_LEN],
    len: usize,
}

/// A frame whose header was read and whose payload was not, or only in part.
#[derive(Debug)]
pub(super) struct IncomingFrame {
    pub header: FrameHeader,
    received: u64,
    control: Vec<u8>,
    admitted: bool,
}

impl IncomingFrame {
    pub fn remaining(&self) -> u64 {
        self.header.payload_len - self.received
    }

    /// Position in the payload, modulo the length of the masking key.
    fn mask_offset(&self) -> usize {
        (self.received % 4) as usize
    }
}

/// Bytes of input that a step used, and whether reading continues.
type FrameStep = (usize, ControlFlow<ReceiveOutcome>);

const CONTINUE: ControlFlow<ReceiveOutcome> = ControlFlow::Continue(());
const NEEDS_INPUT: ControlFlow<ReceiveOutcome> = ControlFlow::Break(ReceiveOutcome::NeedsInput);
const SINK_FULL: ControlFlow<ReceiveOutcome> = ControlFlow::Break(ReceiveOutcome::SinkFull);

impl Connection {
    /// Returns a connection just after the HTTP upgrade. `mask_key` returns unpredictable keys (RFC 6455 section 5.3).
    pub fn new(role: Role, deflate: Option<PermessageDeflate>, mask_key: fn() -> [u8; 4]) -> Self {
        Self {
            role,
            mask_key,
            deflate: deflate.map(Box::new),
            header: PartialHeader::default(),
            frame: None,
            message: None,
            last_payload_len: 0,
            close_sent: false,
            close_received: None,
            delayed_pong: None,
        }
    }

    /// Returns permessage-deflate if it was negotiated.
    pub fn deflate(&self) -> Option<&PermessageDeflate> {
        self.deflate.as_deref()
    }

    /// See [`Self::deflate`].
    pub fn deflate_mut(&mut self) -> Option<&mut PermessageDeflate> {
        self.deflate.as_deref_mut()
    }

    /// Returns whether this endpoint's close frame has been put into the output.
    pub fn close_sent(&self) -> bool {
        self.close_sent
    }

    /// Returns whether the close handshake has not begun and no pong is delayed.
    pub fn is_idle(&self) -> bool {
        !self.close_sent && self.close_received.is_none() && self.delayed_pong.is_none()
    }

    /// Returns the remote peer's close frame if it has arrived.
    pub fn close_received(&self) -> Option<&CloseFrame> {
        self.close_received.as_ref()
    }

    // Receiving

    /// Reads frames from `input`, which is unmasked in place, and returns how many bytes were used. A message of more
    /// than `limit` bytes, decompressed and over all fragments, is a violation. Replies go to `output`.
    ///
    /// After [`ReceiveOutcome::CloseReceived`] or a violation the connection reads nothing more.
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
                Some(frame) => match frame.header.opcode {
                    OpCode::Data(opcode) => self.read_payload(frame, opcode, rest, limit, sink),
                    OpCode::Control(_) => self.read_control(frame, rest, sink, output),
                },
            };
            match step {
                Ok((count, ControlFlow::Continue(()))) => used += count,
                Ok((count, ControlFlow::Break(outcome))) => return (used + count, Ok(outcome)),
                Err(violation) => return (used, Err(violation)),
            }
        }
    }

    /// Returns the buffer for the rest of a large message, so that the network can be read straight into it; `None` if
    /// frames are to be passed through [`Self::receive`]. Every byte put there is reported by
    /// [`Self::direct_received`].
    pub fn direct_buffer(&mut self) -> Option<&mut [u8]> {
        let frame = self.frame.as_ref()?;
        let message = self.message.as_mut()?;
        let is_large =
            frame.header.payload_len >= DIRECT_RECEIVE_BYTES as u64 && frame.remaining() >= DIRECT_REST_BYTES as u64;
        if !is_large || !frame.admitted || message.compressed || self.close_received.is_some() {
            return None;
        }
        Some(message.unfilled(frame.remaining().min(RECEIVE_STEP_BYTES as u64) as usize))
    }

    /// Takes the first `count` bytes of the [`Self::direct_buffer`] as payload; the others were not used.
    pub fn direct_received(&mut self, count: usize, sink: &mut impl MessageSink) -> Result<(), Violation> {
        let (Some(frame), Some(message)) = (self.frame.as_mut(), self.message.as_mut()) else { return Ok(()) };
        message.fill(count, frame.header.mask_key, frame.mask_offset())?;
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

    /// Returns whether the next frame is likely to be large, because the last one was. Then the network is better read
    /// in two steps: the header first, and the payload into [`Self::direct_buffer`].
    pub fn expects_large_frame(&self) -> bool {
        self.last_payload_len >= DIRECT_RECEIVE_BYTES as u64 && self.frame.is_none()
    }

    fn read_header(&mut self, input: &mut [u8]) -> Result<FrameStep, Violation> {
        let deflate = self.deflate.is_some();
        let held = self.header.len;
        let (header, used) = if held == 0 {
            match frame::decode(input, self.role, deflate)? {
                Some(decoded) => decoded,
                None => {
                    self.header.extend(input);
                    return Ok((input.len(), NEEDS_INPUT));
                }
            }
        } else {
            let added = self.header.extend(input);
            match frame::decode(self.header.bytes(), self.role, deflate)? {
                Some((header, header_len)) => (header, header_len - held),
                None => return Ok((added, NEEDS_INPUT)),
            }
        };
        self.header.len = 0;
        if matches!(header.opcode, OpCode::Data(_)) {
            self.last_payload_len = header.payload_len;
        }
        self.frame = Some(IncomingFrame { header, received: 0, control: Vec::new(), admitted: false });
        Ok((used, CONTINUE))
    }

    fn read_payload(
        &mut self,
        mut frame: IncomingFrame,
        opcode: Data,
        input: &mut [u8],
        limit: usize,
        sink: &mut impl MessageSink,
    ) -> Result<FrameStep, Violation> {
        let in_pieces = sink.accepts_pieces();
        if !frame.admitted {
            self.check_sequence(opcode)?;
            frame.admitted = self.admit(&frame.header, limit, sink)?;
        }
        if !frame.admitted || (in_pieces && !sink.has_room(0)) {
            self.frame = Some(frame);
            return Ok((0, SINK_FULL));
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
        let kind = if opcode == Data::Text { MessageKind::Text } else { MessageKind::Binary };
        if self.message.is_none() && complete && frame.header.fin && !compressed && !in_pieces {
            deliver_unfragmented(kind, frame.header.mask_key, piece, sink)?;
            return Ok((available, CONTINUE));
        }
        // Messages in pieces have no limit as a whole.
        let limit = if in_pieces { usize::MAX } else { limit };
        self.append(&mut frame, kind, piece, limit, sink)?;
        if complete && frame.header.fin {
            self.finish_message(limit, sink)?;
            return Ok((available, CONTINUE));
        }
        if in_pieces && let Some(message) = self.message.as_mut().filter(|message| !message.is_empty()) {
            sink.push_piece(message.kind, message.take_piece(), false);
        }
        if complete {
            return Ok((available, CONTINUE));
        }
        self.frame = Some(frame);
        Ok((available, if available == offered { NEEDS_INPUT } else { CONTINUE }))
    }

    /// Unmasks a piece of a frame's payload and appends it to the message, which begins if there is none.
    fn append(
        &mut self,
        frame: &mut IncomingFrame,
        kind: MessageKind,
        piece: &mut [u8],
        limit: usize,
        sink: &mut impl MessageSink,
    ) -> Result<(), Violation> {
        if let Some(key) = frame.header.mask_key {
            mask::apply(piece, key, frame.mask_offset());
        }
        let compressed = self.is_compressed(&frame.header);
        let needs_much = compressed || frame.header.payload_len >= DIRECT_RECEIVE_BYTES as u64;
        let mut buffer = || if needs_much { sink.spare_buffer() } else { Vec::new() };
        let message = self.message.get_or_insert_with(|| IncomingMessage::new(kind, compressed, buffer()));
        let inflater = self.deflate.as_deref_mut().map(|deflate| &mut deflate.inflater);
        message.extend(piece, inflater, limit)?;
        frame.received += piece.len() as u64;
        Ok(())
    }

    /// Returns whether a data frame may be read now. A message larger than `limit` is a violation. The length of a
    /// compressed frame says little about the message's size, so its limit is checked during decompression.
    fn admit(&self, header: &FrameHeader, limit: usize, sink: &impl MessageSink) -> Result<bool, Violation> {
        if sink.accepts_pieces() {
            return Ok(sink.has_room(0));
        }
        let so_far = self.message.as_ref().map_or(0, IncomingMessage::len) as u64;
        let total = if self.is_compressed(header) { so_far } else { so_far.saturating_add(header.payload_len) };
        if total > limit as u64 { Err(Violation::MessageTooBig { limit }) } else { Ok(sink.has_room(total)) }
    }

    /// RFC 7692 section 6.1: the RSV1 bit of the first frame applies to the whole message.
    fn is_compressed(&self, header: &FrameHeader) -> bool {
        self.message.as_ref().map_or(header.compressed, |message| message.compressed)
    }

    /// RFC 6455 section 5.4: continuation frames follow the first frame of their message, and fragments of two messages
    /// are not interleaved.
    fn check_sequence(&self, opcode: Data) -> Result<(), Violation> {
        match (opcode, self.message.is_some()) {
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
                // A queued message must not hold much more memory than the limits count.
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
    ) -> Result<FrameStep, Violation> {
        if frame.header.opcode == frame::CLOSE && !sink.accepts_close() {
            self.frame = Some(frame);
            return Ok((0, SINK_FULL));
        }
        let available = frame.remaining().min(input.len() as u64) as usize;
        let piece = input.get_mut(..available).unwrap_or_default();
        let complete = available as u64 == frame.remaining();
        if let Some(key) = frame.header.mask_key {
            mask::apply(piece, key, frame.mask_offset());
        }
        frame.received += available as u64;
        if complete && frame.control.is_empty() {
            self.handle_control(frame.header.opcode, piece, sink, output)?;
            return Ok((available, CONTINUE));
        }
        frame.control.extend_from_slice(piece);
        if !complete {
            self.frame = Some(frame);
            return Ok((available, NEEDS_INPUT));
        }
        self.handle_control(frame.header.opcode, &frame.control, sink, output)?;
        Ok((available, CONTINUE))
    }

    fn handle_control(
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
                // RFC 6455 section 5.5.1: an endpoint that has not sent a close frame answers with one, which usually
                // echoes the code.
                if !self.close_sent {
                    self.send_close(&close, output);
                }
                self.close_received = Some(close);
            }
        }
        Ok(())
    }

    // Sending

    /// Appends a message to `output`. The caller has checked that text is UTF-8 and that no close frame was sent.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8], options: SendOptions, output: &mut OutputBuffer) {
        let compressed = match (options.compress_from, self.deflate.as_deref_mut()) {
            (Some(threshold), Some(deflate)) if payload.len() >= threshold && deflate.deflater.is_usable() => {
                let mut compressed = Vec::new();
                let done = deflate.deflater.compress(payload, &mut compressed);
                if payload.len() >= DEFLATE_GIVE_UP_BYTES && compressed.len() >= payload.len() {
                    deflate.deflater.discard_last(compressed.len());
                    None
                } else {
                    done.then_some(compressed)
                }
            }
            _ => None,
        };
        let body = compressed.as_deref().unwrap_or(payload);
        let encoding =
            MessageEncoding { kind, compressed: compressed.is_some(), max_frame_size: options.max_frame_size };
        output.reserve(encoding.most_bytes(body.len()));
        encoding.encode(body, || self.next_mask_key(), output.buffer());
        output.end_message(payload.len());
    }

    /// Returns the frames of a message that several connections send, in the form that fits this one. Only for servers,
    /// which do not mask. A compressed form refers to no earlier message, so every receiver can read it; the next
    /// message of this connection starts from an empty window.
    pub fn encode_broadcast<'m>(&mut self, message: &'m mut BroadcastMessage<'_>) -> EncodedBroadcast<'m> {
        let compress = message.options.compress_from.is_some_and(|threshold| message.len() >= threshold);
        let deflater = self.deflate.as_deref_mut().map(|deflate| &mut deflate.deflater);
        let parameters = match deflater {
            Some(deflater) if compress && deflater.is_usable() => {
                let parameters = deflater.parameters();
                message.compressed_len(parameters).map(|len| {
                    deflater.count_broadcast(message.len(), len);
                    parameters
                })
            }
            _ => None,
        };
        message.frames(parameters)
    }

    /// Appends the header of a message that is sent as one uncompressed frame, and returns the key with which its
    /// payload must be masked.
    pub fn begin_frame(&self, kind: MessageKind, len: usize, output: &mut Vec<u8>) -> Option<[u8; 4]> {
        let header = self.unfragmented(kind.opcode(), len);
        header.encode(output);
        header.mask_key
    }

    /// Appends a ping; `payload` has at most 125 bytes (RFC 6455 section 5.5).
    pub fn send_ping(&self, payload: &[u8], output: &mut OutputBuffer) {
        self.send_control(frame::PING, payload, output);
    }

    /// Appends a close frame after everything that is queued.
    pub fn send_close(&mut self, close: &CloseFrame, output: &mut OutputBuffer) {
        self.delayed_pong = None;
        self.send_control(frame::CLOSE, &close.payload(), output);
        self.close_sent = true;
    }

    /// Appends the delayed pong if the output has room for it now.
    pub fn send_delayed_pong(&mut self, output: &mut OutputBuffer) {
        if output.len() < PONG_BACKLOG_BYTES
            && let Some(payload) = self.delayed_pong.take()
        {
            self.send_control(frame::PONG, &payload, output);
        }
    }

    /// RFC 6455 section 5.5.2: a ping is answered unless a close frame was received. Section 5.5.3: only the most
    /// recent of several pings needs an answer, so a pong that must wait replaces an earlier one.
    pub(super) fn answer_ping(&mut self, payload: &[u8], output: &mut OutputBuffer) {
        // RFC 6455 section 5.5.1: no frames are sent after a close frame.
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
        self.unfragmented(opcode, payload.len()).encode_with(payload, output.buffer());
        output.end_message(payload.len());
    }

    fn unfragmented(&self, opcode: OpCode, len: usize) -> FrameHeader {
        FrameHeader { fin: true, compressed: false, opcode, mask_key: self.next_mask_key(), payload_len: len as u64 }
    }

    /// RFC 6455 section 5.3: a client chooses a new key for each frame.
    fn next_mask_key(&self) -> Option<[u8; 4]> {
        (self.role == Role::Client).then(self.mask_key)
    }
}

/// Delivers a message that lies in the input as one frame. A large one is unmasked while it is copied into a buffer of
/// its own, which the sink keeps.
fn deliver_unfragmented(
    kind: MessageKind,
    mask_key: Option<[u8; 4]>,
    payload: &mut [u8],
    sink: &mut impl MessageSink,
) -> Result<(), Violation> {
    // RFC 6455 section 8.1.
    let check = |plain: &[u8]| match kind {
        MessageKind::Text => super::utf8::check(plain),
        MessageKind::Binary => Ok(()),
    };
    if payload.len() > ARENA_MESSAGE_BYTES {
        let mut message = Vec::new();
        match mask_key {
            Some(key) => mask::append(&mut message, payload, key, 0),
            None => message.extend_from_slice(payload),
        }
        check(&message)?;
        sink.push_owned(kind, message);
    } else {
        if let Some(key) = mask_key {
            mask::apply(payload, key, 0);
        }
        check(payload)?;
        sink.push(kind, payload);
    }
    Ok(())
}

impl PartialHeader {
    /// Takes as many bytes as a header can still need, and returns how many.
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
