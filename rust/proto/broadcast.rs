//! A message for many receivers: encoded once uncompressed, and once for each set of compression parameters in use.

use super::deflate::CompressorParameters;
use super::frame::{MessageEncoding, MessageKind};
use super::message::SendOptions;
use crate::limits::DEFLATE_GIVE_UP_BYTES;

/// The message and its encoded forms so far.
#[derive(Debug)]
pub struct BroadcastMessage<'a> {
    kind: MessageKind,
    payload: &'a [u8],
    /// How it is sent, the same for all receivers.
    pub options: SendOptions,
    plain: Vec<u8>,
    compressed: Vec<CompressedForm>,
}

#[derive(Debug)]
struct CompressedForm {
    parameters: CompressorParameters,
    /// `None` if the message did not become shorter, and is sent uncompressed instead.
    encoded: Option<CompressedFrames>,
}

#[derive(Debug)]
struct CompressedFrames {
    /// Bytes of the compressed payload.
    payload_len: usize,
    frames: Vec<u8>,
}

/// The frames of a message as they go over the network.
#[derive(Clone, Copy, Debug)]
pub struct EncodedBroadcast<'m> {
    /// The encoded frames.
    pub bytes: &'m [u8],
    /// Bytes of the payload before compression.
    pub payload: usize,
}

impl<'a> BroadcastMessage<'a> {
    /// Returns a message that is not encoded yet.
    pub fn new(kind: MessageKind, payload: &'a [u8], options: SendOptions) -> Self {
        Self { kind, payload, options, plain: Vec::new(), compressed: Vec::new() }
    }

    /// Returns its type.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Returns its payload before compression.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Returns the bytes of its payload.
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Returns whether it has no payload.
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// Compresses the message if these parameters are new, and returns the bytes of the compressed payload; `None` if
    /// the message is to be sent uncompressed.
    pub(super) fn compressed_len(&mut self, parameters: CompressorParameters) -> Option<usize> {
        self.compress(parameters);
        self.compressed_frames(parameters).map(|encoded| encoded.payload_len)
    }

    /// Returns the frames compressed with parameters that were passed to [`Self::compressed_len`], or the uncompressed
    /// ones.
    pub(super) fn frames(&mut self, parameters: Option<CompressorParameters>) -> EncodedBroadcast<'_> {
        let payload = self.payload.len();
        if parameters.is_none() && self.plain.is_empty() {
            let mut plain = std::mem::take(&mut self.plain);
            self.encode(false, self.payload, &mut plain);
            self.plain = plain;
        }
        let encoded = parameters.and_then(|parameters| self.compressed_frames(parameters));
        EncodedBroadcast { bytes: encoded.map_or(&self.plain, |encoded| &encoded.frames), payload }
    }

    fn compressed_frames(&self, parameters: CompressorParameters) -> Option<&CompressedFrames> {
        self.compressed.iter().find(|form| form.parameters == parameters)?.encoded.as_ref()
    }

    fn compress(&mut self, parameters: CompressorParameters) {
        if self.compressed.iter().any(|form| form.parameters == parameters) {
            return;
        }
        let is_shorter = |body: &Vec<u8>| self.payload.len() < DEFLATE_GIVE_UP_BYTES || body.len() < self.payload.len();
        let encoded = parameters.compress(self.payload).filter(is_shorter).map(|body| {
            let mut frames = Vec::new();
            self.encode(true, &body, &mut frames);
            CompressedFrames { payload_len: body.len(), frames }
        });
        self.compressed.push(CompressedForm { parameters, encoded });
    }

    fn encode(&self, compressed: bool, body: &[u8], output: &mut Vec<u8>) {
        let encoding = MessageEncoding { kind: self.kind, compressed, max_frame_size: self.options.max_frame_size };
        output.reserve_exact(encoding.most_bytes(body.len()));
        encoding.encode(body, || None, output);
    }
}
