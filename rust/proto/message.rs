//! An incoming message while its frames arrive, the sink for complete messages, and how an outgoing message is sent.

use super::deflate::Inflater;
use super::frame::MessageKind;
use super::growth;
use super::mask;
use super::utf8::Utf8Validator;
use super::violation::Violation;

/// How one message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendOptions {
    /// Largest payload of one frame in bytes; longer messages are fragmented. `usize::MAX` for one frame.
    pub max_frame_size: usize,
    /// Messages of at least this many bytes are compressed if permessage-deflate was negotiated; `None` to send this
    /// one uncompressed.
    pub compress_from: Option<usize>,
}

impl SendOptions {
    /// One uncompressed frame.
    pub const PLAIN: Self = Self { max_frame_size: usize::MAX, compress_from: None };
}

/// Receives the messages and control frames that a connection reads.
pub trait MessageSink {
    /// Returns whether the next data frame may be read now, given the bytes that its message will then have. Otherwise
    /// the connection stops before the frame, and continues when it is called again.
    fn has_room(&self, message_bytes: u64) -> bool;
    /// Returns whether a close frame may be read now. Otherwise the connection stops before it.
    fn accepts_close(&self) -> bool {
        true
    }
    /// Returns a buffer for a large message, with any contents. It may be empty.
    fn spare_buffer(&mut self) -> Vec<u8> {
        Vec::new()
    }
    /// Takes back a buffer that is not needed any more.
    fn recycle(&mut self, buffer: Vec<u8>) {
        drop(buffer);
    }
    /// Takes a complete message that lies in the input.
    fn push(&mut self, kind: MessageKind, payload: &[u8]);
    /// Takes a complete message with the buffer in which it was assembled.
    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>);
    /// Returns whether messages are delivered in the pieces in which they arrive, by [`Self::push_piece`], instead of
    /// whole.
    fn accepts_pieces(&self) -> bool {
        false
    }
    /// Takes a piece of a message; `is_last` ends the message.
    fn push_piece(&mut self, kind: MessageKind, piece: Vec<u8>, is_last: bool) {
        debug_assert!(is_last);
        self.push_owned(kind, piece);
    }
    /// Takes the payload of a pong.
    fn pong(&mut self, payload: &[u8]);
    /// Takes the payload of a ping. The connection itself answers it with a pong.
    fn ping(&mut self, payload: &[u8]);
}

/// A message of which at least the first frame's header has arrived.
#[derive(Debug)]
pub struct IncomingMessage {
    /// Text or binary.
    pub kind: MessageKind,
    /// The message's frames carry DEFLATE data.
    pub compressed: bool,
    /// The first `len` bytes have arrived, unmasked and decompressed; the bytes after them have no meaning.
    data: Vec<u8>,
    len: usize,
    /// Most bytes that the message may have, as of the last piece.
    limit: usize,
    utf8: Utf8Validator,
    validated: usize,
}

impl IncomingMessage {
    /// Returns an empty message that will be put into `buffer`, whatever that contains.
    pub fn new(kind: MessageKind, compressed: bool, buffer: Vec<u8>) -> Self {
        Self { kind, compressed, data: buffer, len: 0, limit: usize::MAX, utf8: Utf8Validator::default(), validated: 0 }
    }

    /// Returns the number of bytes that have arrived, decompressed.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether no byte has arrived.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the next piece of payload, which is unmasked already. A message of more than `limit` bytes after
    /// decompression is a violation.
    pub fn extend(&mut self, piece: &[u8], inflater: Option<&mut Inflater>, limit: usize) -> Result<(), Violation> {
        self.limit = limit;
        let inflated = match inflater {
            Some(inflater) if self.compressed => {
                self.data.truncate(self.len);
                let inflated = inflater.inflate(piece, &mut self.data, limit);
                self.len = self.data.len();
                inflated
            }
            _ => {
                let ready = self.data.get_mut(self.len..).unwrap_or_default();
                let (first, rest) = piece.split_at(piece.len().min(ready.len()));
                if let Some(place) = ready.get_mut(..first.len()) {
                    place.copy_from_slice(first);
                }
                growth::reserve(&mut self.data, rest.len(), limit);
                self.data.extend_from_slice(rest);
                self.len += piece.len();
                Ok(())
            }
        };
        // The violation that comes first in the message is reported, however the input was cut: invalid UTF-8 before
        // the limit wins over the limit.
        self.validate()?;
        inflated
    }

    /// Returns unused space for the next `count` bytes. [`Self::fill`] says how many of them have arrived.
    pub fn unfilled(&mut self, count: usize) -> &mut [u8] {
        let end = self.len + count;
        if self.data.len() < end {
            let missing = end - self.data.len();
            growth::reserve(&mut self.data, missing, self.limit);
            self.data.resize(end, 0);
        }
        self.data.get_mut(self.len..end).unwrap_or_default()
    }

    /// Unmasks and checks the first `count` bytes of [`Self::unfilled`], which have arrived.
    pub fn fill(&mut self, count: usize, mask_key: Option<[u8; 4]>, offset: usize) -> Result<(), Violation> {
        let end = self.len + count;
        if let (Some(key), Some(new)) = (mask_key, self.data.get_mut(self.len..end)) {
            mask::apply(new, key, offset);
        }
        self.len = end;
        self.validate()
    }

    /// Removes and returns the bytes that have arrived so far. The message continues.
    pub fn take_piece(&mut self) -> Vec<u8> {
        let mut piece = std::mem::take(&mut self.data);
        piece.truncate(self.len);
        (self.len, self.validated) = (0, 0);
        piece
    }

    /// Ends the message and returns its bytes.
    pub fn finish(mut self, inflater: Option<&mut Inflater>, limit: usize) -> Result<Vec<u8>, Violation> {
        self.data.truncate(self.len);
        if let Some(inflater) = inflater
            && self.compressed
        {
            inflater.end_message(&mut self.data, limit)?;
            self.len = self.data.len();
            self.validate()?;
        }
        self.utf8.finish()?;
        Ok(self.data)
    }

    /// RFC 6455 section 8.1: a text message that is not UTF-8 fails the connection.
    fn validate(&mut self) -> Result<(), Violation> {
        if self.kind == MessageKind::Text {
            self.utf8.feed(self.data.get(self.validated..self.len).unwrap_or_default())?;
            self.validated = self.len;
        }
        Ok(())
    }
}
