//! A message for many receivers: encoded, and compressed, once for each form in which it is needed.

use super::connection::SendOptions;
use super::deflate::CompressorParameters;
use super::frame::{self, MessageKind};
use crate::limits::DEFLATE_GIVE_UP_BYTES;

/// The message and the forms made so far.
#[derive(Debug)]
pub struct BroadcastMessage<'a> {
    kind: MessageKind,
    payload: &'a [u8],
    /// How it is sent, the same for all receivers.
    pub options: SendOptions,
    plain: Vec<u8>,
    compressed: Vec<Compressed>,
}

#[derive(Debug)]
struct Compressed {
    form: CompressorParameters,
    /// Bytes of the compressed message and its frames; `None` where it did not become shorter.
    frames: Option<(usize, Vec<u8>)>,
}

/// A message as it goes over the network.
#[derive(Clone, Copy, Debug)]
pub struct EncodedBroadcast<'m> {
    /// Its frames.
    pub bytes: &'m [u8],
    /// Bytes of its payload before compression.
    pub payload: usize,
}

impl<'a> BroadcastMessage<'a> {
    /// A message that no one has been sent yet.
    pub fn new(kind: MessageKind, payload: &'a [u8], options: SendOptions) -> Self {
        Self { kind, payload, options, plain: Vec::new(), compressed: Vec::new() }
    }

    /// Text or binary.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Its payload as it was given.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Bytes of its payload.
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Whether it has no payload.
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// Bytes of the compressed payload in a form; `None` where it is to be sent as it is.
    pub(super) fn compressed_len(&mut self, form: CompressorParameters) -> Option<usize> {
        self.find(form);
        self.made(form).map(|(len, _)| *len)
    }

    /// The frames, compressed in a form that [`Self::compressed_len`] has made, or plain.
    pub(super) fn frames(&mut self, form: Option<CompressorParameters>) -> EncodedBroadcast<'_> {
        let payload = self.payload.len();
        if form.is_none() && self.plain.is_empty() {
            frame::encode_message(&mut self.plain, self.kind, false, self.payload, self.options.max_frame_size, || {
                None
            });
        }
        let compressed = form.and_then(|form| self.made(form)).map(|(_, frames)| frames.as_slice());
        EncodedBroadcast { bytes: compressed.unwrap_or(&self.plain), payload }
    }

    fn made(&self, form: CompressorParameters) -> Option<&(usize, Vec<u8>)> {
        self.compressed.iter().find(|compressed| compressed.form == form)?.frames.as_ref()
    }

    fn find(&mut self, form: CompressorParameters) {
        if self.compressed.iter().any(|compressed| compressed.form == form) {
            return;
        }
        let is_shorter = |body: &Vec<u8>| self.payload.len() < DEFLATE_GIVE_UP_BYTES || body.len() < self.payload.len();
        let frames = form.compress(self.payload).filter(is_shorter).map(|body| {
            let mut frames = Vec::new();
            frame::encode_message(&mut frames, self.kind, true, &body, self.options.max_frame_size, || None);
            (body.len(), frames)
        });
        self.compressed.push(Compressed { form, frames });
    }
}
