//! A message while its frames arrive, and the place where complete ones go.

use super::deflate::Inflater;
use super::frame::MessageKind;
use super::mask;
use super::utf8::Validator;
use super::violation::Violation;

/// Receives what a connection reads.
pub trait Inbox {
    /// Whether the next data frame may be read now, given the bytes its message will have by then. A connection stops
    /// before the frame otherwise, and continues when it is called again.
    fn has_room(&self, message_bytes: u64) -> bool;
    /// Whether a close frame may be read now; a connection stops before it otherwise.
    fn takes_close(&self) -> bool {
        true
    }
    /// Takes a complete message that lies in the input.
    fn push(&mut self, kind: MessageKind, payload: &[u8]);
    /// Takes a complete message with the buffer it was assembled in.
    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>);
    /// Whether messages are taken in the pieces they arrive in, by [`Self::push_piece`], instead of whole.
    fn takes_pieces(&self) -> bool {
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
pub struct Assembly {
    /// Text or binary.
    pub kind: MessageKind,
    /// The message's frames carry DEFLATE data.
    pub compressed: bool,
    /// What has arrived, unmasked and decompressed.
    pub data: Vec<u8>,
    utf8: Validator,
    validated: usize,
}

impl Assembly {
    /// An empty message.
    pub fn new(kind: MessageKind, compressed: bool) -> Self {
        Self { kind, compressed, data: Vec::new(), utf8: Validator::default(), validated: 0 }
    }

    /// Takes the next piece of payload, already unmasked.
    pub fn extend(&mut self, piece: &[u8], inflater: Option<&mut Inflater>, limit: usize) -> Result<(), Violation> {
        let inflated = match inflater {
            Some(inflater) if self.compressed => inflater.inflate(piece, &mut self.data, limit),
            _ => {
                self.data.extend_from_slice(piece);
                Ok(())
            }
        };
        // What comes first in the message decides, however it was cut: bad text before the limit is bad text.
        self.validate()?;
        inflated
    }

    /// Unmasks and checks what was received straight into `data` from position `start` on.
    pub fn received(&mut self, start: usize, key: Option<[u8; 4]>, offset: usize) -> Result<(), Violation> {
        if let (Some(key), Some(new)) = (key, self.data.get_mut(start..)) {
            mask::apply(new, key, offset);
        }
        self.validate()
    }

    /// Takes out what has arrived so far; the message goes on.
    pub fn take_piece(&mut self) -> Vec<u8> {
        self.validated = 0;
        std::mem::take(&mut self.data)
    }

    /// The message is complete.
    pub fn finish(mut self, inflater: Option<&mut Inflater>, limit: usize) -> Result<Vec<u8>, Violation> {
        if let Some(inflater) = inflater
            && self.compressed
        {
            inflater.end_message(&mut self.data, limit)?;
            self.validate()?;
        }
        self.utf8.finish()?;
        Ok(self.data)
    }

    fn validate(&mut self) -> Result<(), Violation> {
        if self.kind == MessageKind::Text {
            self.utf8.feed(self.data.get(self.validated..).unwrap_or_default())?;
            self.validated = self.data.len();
        }
        Ok(())
    }
}
