//! A message while its frames arrive, and the place where complete ones go.

use super::deflate::Inflater;
use super::frame::MessageKind;
use super::mask;
use super::utf8::Utf8Validator;
use super::violation::Violation;

/// Receives what a connection reads.
pub trait MessageSink {
    /// Whether the next data frame may be read now, given the bytes its message will have by then. A connection stops
    /// before the frame otherwise, and continues when it is called again.
    fn has_room(&self, message_bytes: u64) -> bool;
    /// Whether a close frame may be read now; a connection stops before it otherwise.
    fn accepts_close(&self) -> bool {
        true
    }
    /// A buffer for a large message, with any contents; an empty one will do.
    fn spare_buffer(&mut self) -> Vec<u8> {
        Vec::new()
    }
    /// Takes a buffer back that is not needed any more.
    fn recycle(&mut self, buffer: Vec<u8>) {
        drop(buffer);
    }
    /// Takes a complete message that lies in the input.
    fn push(&mut self, kind: MessageKind, payload: &[u8]);
    /// Takes a complete message with the buffer it was assembled in.
    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>);
    /// Whether messages are taken in the pieces they arrive in, by [`Self::push_piece`], instead of whole.
    fn accepts_pieces(&self) -> bool {
        false
    }
    /// Takes a piece of a message; `is_last` ends the message.
    fn push_piece(&mut self, kind: MessageKind, piece: Vec<u8>, is_last: bool) {
        debug_assert!(is_last);
        self.push_owned(kind, piece);
    }
    /// A pong arrived.
    fn pong(&mut self, payload: &[u8]);
    /// A ping arrived; its pong is on the way.
    fn ping(&mut self, payload: &[u8]);
}

/// A message of which at least the first frame's header has arrived.
#[derive(Debug)]
pub struct IncomingMessage {
    /// Text or binary.
    pub kind: MessageKind,
    /// The message's frames carry DEFLATE data.
    pub compressed: bool,
    /// What has arrived, unmasked and decompressed, and behind it bytes without a meaning.
    data: Vec<u8>,
    len: usize,
    utf8: Utf8Validator,
    validated: usize,
}

impl IncomingMessage {
    /// An empty message, to be put into `buffer`, whatever that contains.
    pub fn new(kind: MessageKind, compressed: bool, buffer: Vec<u8>) -> Self {
        Self { kind, compressed, data: buffer, len: 0, utf8: Utf8Validator::default(), validated: 0 }
    }

    /// Bytes that have arrived, decompressed.
    pub fn arrived(&self) -> usize {
        self.len
    }

    /// Takes the next piece of payload, already unmasked.
    pub fn extend(&mut self, piece: &[u8], inflater: Option<&mut Inflater>, limit: usize) -> Result<(), Violation> {
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
                self.data.extend_from_slice(rest);
                self.len += piece.len();
                Ok(())
            }
        };
        // What comes first in the message decides, however it was cut: bad text before the limit is bad text.
        self.validate()?;
        inflated
    }

    /// Room for the next `count` bytes; [`Self::received`] says how many of them came.
    pub fn room(&mut self, count: usize) -> &mut [u8] {
        let end = self.len + count;
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        self.data.get_mut(self.len..end).unwrap_or_default()
    }

    /// Unmasks and checks the first `count` bytes of [`Self::room`], which have arrived.
    pub fn received(&mut self, count: usize, key: Option<[u8; 4]>, offset: usize) -> Result<(), Violation> {
        let end = self.len + count;
        if let (Some(key), Some(new)) = (key, self.data.get_mut(self.len..end)) {
            mask::apply(new, key, offset);
        }
        self.len = end;
        self.validate()
    }

    /// Takes out what has arrived so far; the message goes on.
    pub fn take_piece(&mut self) -> Vec<u8> {
        let mut piece = std::mem::take(&mut self.data);
        piece.truncate(self.len);
        (self.len, self.validated) = (0, 0);
        piece
    }

    /// The message is complete.
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

    fn validate(&mut self) -> Result<(), Violation> {
        if self.kind == MessageKind::Text {
            self.utf8.feed(self.data.get(self.validated..self.len).unwrap_or_default())?;
            self.validated = self.len;
        }
        Ok(())
    }
}
