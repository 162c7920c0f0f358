//! Compression and decompression of messages by permessage-deflate (RFC 7692 section 7.2): zlib streams without
//! headers, and when their windows are reset.

use std::cell::Cell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Role;
use super::extensions::NegotiatedDeflate;
use super::growth;
use super::violation::Violation;

/// The end of a sync flush. Senders remove it, receivers append it (RFC 7692 sections 7.2.1 and 7.2.2).
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Output grows by this many bytes at a time.
const STEP: usize = 32 * 1024;

thread_local! {
    static COMPRESSOR: Cell<Option<(CompressorParameters, Compress)>> = const { Cell::new(None) };
    static DECOMPRESSOR: Cell<Option<(u8, Decompress)>> = const { Cell::new(None) };
    static WORK: Cell<CompressorWork> = const { Cell::new(CompressorWork { messages: 0, resets: 0 }) };
}

/// What the compressors of a thread have done. Both cost far more than anything else that sending does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressorWork {
    /// Messages that were compressed.
    pub messages: u64,
    /// Windows that were emptied.
    pub resets: u64,
}

/// Returns what the compressors of this thread have done so far.
pub fn compressor_work() -> CompressorWork {
    WORK.get()
}

fn reset(stream: &mut Compress) {
    stream.reset();
    let work = WORK.get();
    WORK.set(CompressorWork { resets: work.resets + 1, ..work });
}

/// Both directions of a connection that negotiated permessage-deflate. Neither holds memory before its first use. A
/// direction without context takeover holds none between messages: all such connections of a thread share one stream,
/// which stays in the processor's cache.
#[derive(Debug)]
pub struct PermessageDeflate {
    /// Outgoing messages.
    pub deflater: Deflater,
    /// Incoming messages.
    pub inflater: Inflater,
}

impl PermessageDeflate {
    /// Returns the directions as seen by `role`; `level` is zlib's compression level, 0 to 9.
    pub fn new(role: Role, agreed: &NegotiatedDeflate, level: u32) -> Self {
        let (own, remote) = match role {
            Role::Server => (agreed.server, agreed.client),
            Role::Client => (agreed.client, agreed.server),
        };
        Self {
            deflater: Deflater {
                stream: None,
                is_stale: false,
                level,
                window_bits: own.window_bits,
                context_takeover: own.context_takeover,
                last_in: 0,
                bytes_in: 0,
                bytes_out: 0,
            },
            inflater: Inflater {
                stream: None,
                window_bits: remote.window_bits,
                context_takeover: remote.context_takeover,
                bytes_in: 0,
                bytes_out: 0,
            },
        }
    }

    /// Frees the compressor's memory. Later messages start from an empty window, which every receiver accepts. The
    /// decompressor's memory must stay: a partly received message, or a reference of the next one, needs it.
    pub fn release(&mut self) {
        self.deflater.stream = None;
        self.deflater.is_stale = false;
    }
}

/// Compressor of outgoing messages.
#[derive(Debug)]
pub struct Deflater {
    stream: Option<Compress>,
    /// The window of `stream` is not what the receiver's is. It is emptied when the next message needs it, once
    /// however many messages were sent without it.
    is_stale: bool,
    level: u32,
    window_bits: u8,
    /// The window is kept from message to message (RFC 7692 section 7.1.1).
    context_takeover: bool,
    /// Payload bytes of the last message.
    last_in: u64,
    /// Payload bytes before compression.
    pub bytes_in: u64,
    /// Payload bytes after compression.
    pub bytes_out: u64,
}

impl Deflater {
    /// Returns whether zlib can write a stream with the negotiated window. Otherwise messages are sent uncompressed,
    /// which RFC 7692 section 6 allows for every message.
    pub fn is_usable(&self) -> bool {
        self.window_bits >= super::extensions::MIN_COMPRESSOR_WINDOW_BITS
    }

    /// Takes the last message of `compressed` bytes back, which is sent uncompressed instead. The receiver's window
    /// does not get it, so the next message starts from an empty window.
    pub fn discard_last(&mut self, compressed: usize) {
        self.is_stale = self.stream.is_some();
        self.bytes_in -= self.last_in;
        self.bytes_out -= compressed as u64;
    }

    /// Returns the parameters on which the compressed form of a message without context depends.
    pub fn parameters(&self) -> CompressorParameters {
        CompressorParameters { level: self.level, window_bits: self.window_bits }
    }

    /// Counts a message that was compressed once for several connections. The receiver's window gets it and this
    /// compressor's does not, so the next message starts from an empty window.
    pub fn count_broadcast(&mut self, payload: usize, compressed: usize) {
        self.is_stale = self.stream.is_some();
        self.bytes_in += payload as u64;
        self.bytes_out += compressed as u64;
    }

    /// Appends the compressed form of a whole message. Returns `false` if zlib failed, and leaves `output` unchanged.
    pub fn compress(&mut self, payload: &[u8], output: &mut Vec<u8>) -> bool {
        let start = output.len();
        let form = self.parameters();
        let shared = || COMPRESSOR.take().filter(|(made, _)| *made == form).map(|(_, stream)| stream);
        let kept = if self.context_takeover { self.stream.take() } else { shared() };
        let mut stream = kept.unwrap_or_else(|| form.stream());
        if std::mem::take(&mut self.is_stale) {
            reset(&mut stream);
        }
        let work = WORK.get();
        WORK.set(CompressorWork { messages: work.messages + 1, ..work });
        if !compress_message(&mut stream, payload, output) {
            output.truncate(start);
            return false;
        }
        if output.get(start..).is_some_and(|message| message.ends_with(&FLUSH_TAIL)) {
            output.truncate(output.len() - FLUSH_TAIL.len());
        }
        if output.len() == start {
            // RFC 7692 section 7.2.3.6: the payload of an empty message is one byte 0x00.
            output.push(0);
        }
        if self.context_takeover {
            self.stream = Some(stream);
        } else {
            reset(&mut stream);
            COMPRESSOR.set(Some((form, stream)));
        }
        self.last_in = payload.len() as u64;
        self.bytes_in += self.last_in;
        self.bytes_out += (output.len() - start) as u64;
        true
    }
}

fn compress_message(stream: &mut Compress, payload: &[u8], output: &mut Vec<u8>) -> bool {
    let (begin, start) = (stream.total_in(), output.len());
    loop {
        let consumed = (stream.total_in() - begin) as usize;
        let rest = payload.get(consumed..).unwrap_or_default();
        // Data that does not become shorter grows by five bytes for each stored block.
        growth::reserve(output, (rest.len() / 2).clamp(64, STEP), start + payload.len() + payload.len() / 1024 + STEP);
        let status = stream.compress_vec(rest, output, FlushCompress::Sync);
        let consumed = (stream.total_in() - begin) as usize;
        match status {
            Ok(Status::Ok | Status::BufError) if consumed < payload.len() || output.len() == output.capacity() => {}
            Ok(Status::Ok | Status::BufError) => return true,
            Ok(Status::StreamEnd) | Err(_) => return false,
        }
    }
}

/// Parameters of a compressor. Messages compressed with equal ones are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressorParameters {
    level: u32,
    window_bits: u8,
}

impl CompressorParameters {
    fn stream(self) -> Compress {
        Compress::new_with_window_bits(Compression::new(self.level), false, self.window_bits)
    }

    /// Compresses a message without reference to earlier ones. Returns `None` if zlib failed.
    pub fn compress(self, payload: &[u8]) -> Option<Vec<u8>> {
        let Self { level, window_bits } = self;
        let mut deflater = Deflater {
            stream: None,
            is_stale: false,
            level,
            window_bits,
            context_takeover: false,
            last_in: 0,
            bytes_in: 0,
            bytes_out: 0,
        };
        let mut compressed = Vec::new();
        deflater.compress(payload, &mut compressed).then_some(compressed)
    }
}

/// Decompressor of incoming messages.
#[derive(Debug)]
pub struct Inflater {
    stream: Option<Decompress>,
    window_bits: u8,
    /// The window is kept from message to message (RFC 7692 section 7.1.1).
    context_takeover: bool,
    /// Payload bytes as received.
    pub bytes_in: u64,
    /// Payload bytes after decompression.
    pub bytes_out: u64,
}

impl Inflater {
    /// Decompresses the next piece of a message and appends the result. Fails as soon as the message has more than
    /// `limit` bytes, and appends at most one byte more than that.
    pub fn inflate(&mut self, piece: &[u8], output: &mut Vec<u8>, limit: usize) -> Result<(), Violation> {
        self.bytes_in += piece.len() as u64;
        let before = output.len();
        let result = self.run(piece, output, limit);
        self.bytes_out += output.len().saturating_sub(before) as u64;
        result
    }

    /// Ends a message: appends the end of the sync flush to the compressed data (RFC 7692 section 7.2.2).
    pub fn end_message(&mut self, output: &mut Vec<u8>, limit: usize) -> Result<(), Violation> {
        let before = output.len();
        self.run(&FLUSH_TAIL, output, limit)?;
        self.bytes_out += output.len().saturating_sub(before) as u64;
        if !self.context_takeover
            && let Some(mut stream) = self.stream.take()
        {
            stream.reset(false);
            DECOMPRESSOR.set(Some((self.window_bits, stream)));
        }
        Ok(())
    }

    fn run(&mut self, mut piece: &[u8], output: &mut Vec<u8>, limit: usize) -> Result<(), Violation> {
        // zlib makes no window of 256 bytes; a larger window than the sender's decompresses the same.
        let bits = self.window_bits.max(super::extensions::MIN_COMPRESSOR_WINDOW_BITS);
        let shared = || DECOMPRESSOR.take().filter(|(made, _)| *made == self.window_bits).map(|(_, stream)| stream);
        let made = || Decompress::new_with_window_bits(false, bits);
        let stream =
            self.stream.get_or_insert_with(|| if self.context_takeover { None } else { shared() }.unwrap_or_else(made));
        loop {
            let room = limit.saturating_add(1).saturating_sub(output.len());
            if room == 0 {
                return Err(Violation::MessageTooBig { limit });
            }
            growth::reserve(output, STEP.min(room), limit.saturating_add(1));
            let (read, written) = (stream.total_in(), output.len());
            let status = stream
                .decompress_vec(piece, output, FlushDecompress::Sync)
                .map_err(|_| Violation::CorruptCompression)?;
            let consumed = (stream.total_in() - read) as usize;
            piece = piece.get(consumed..).unwrap_or_default();
            if output.len() > limit {
                // The buffer may have had more capacity than was reserved.
                output.truncate(limit.saturating_add(1));
                return Err(Violation::MessageTooBig { limit });
            }
            match status {
                // RFC 7692 section 7.2.3.4: a sender may use a final block (BFINAL); the data after it begins a new
                // stream.
                Status::StreamEnd => stream.reset(false),
                Status::Ok | Status::BufError if output.len() == output.capacity() => {}
                Status::Ok | Status::BufError if consumed == 0 && output.len() == written && !piece.is_empty() => {
                    return Err(Violation::CorruptCompression);
                }
                Status::Ok | Status::BufError => {}
            }
            if piece.is_empty() && output.len() < output.capacity() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::extensions::DeflateDirection;
    use super::*;

    fn pair(context_takeover: bool, window_bits: u8) -> (Deflater, Inflater) {
        let direction = DeflateDirection { context_takeover, window_bits };
        let agreed = NegotiatedDeflate { server: direction, client: direction };
        let sender = PermessageDeflate::new(Role::Client, &agreed, 6);
        let receiver = PermessageDeflate::new(Role::Server, &agreed, 6);
        (sender.deflater, receiver.inflater)
    }

    fn round_trip(sender: &mut Deflater, receiver: &mut Inflater, message: &[u8]) -> usize {
        let mut wire = Vec::new();
        assert!(sender.compress(message, &mut wire));
        let mut plain = Vec::new();
        for piece in wire.chunks(7) {
            receiver.inflate(piece, &mut plain, message.len()).unwrap();
        }
        receiver.end_message(&mut plain, message.len()).unwrap();
        assert_eq!(plain, message);
        wire.len()
    }

    #[test]
    fn compresses_the_hello_of_rfc_7692_section_7_2_3() {
        let (mut sender, mut receiver) = pair(true, 15);
        let mut wire = Vec::new();
        assert!(sender.compress(b"Hello", &mut wire));
        assert_eq!(wire, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        wire.clear();
        assert!(sender.compress(b"Hello", &mut wire));
        assert_eq!(wire, [0xf2, 0x00, 0x11, 0x00, 0x00], "the second message refers to the first");
        for vector in [
            &[0xf2u8, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] {
            let mut plain = Vec::new();
            receiver.inflate(vector, &mut plain, 100).unwrap();
            receiver.end_message(&mut plain, 100).unwrap();
            assert_eq!(plain, b"Hello", "{vector:x?}");
        }
    }

    #[test]
    fn round_trips_with_and_without_context_takeover_at_every_window() {
        for takeover in [true, false] {
            for bits in 9..=15 {
                let (mut sender, mut receiver) = pair(takeover, bits);
                let noise: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
                for message in [&b""[..], b"a", &b"abc".repeat(50_000), &noise, b""] {
                    round_trip(&mut sender, &mut receiver, message);
                }
            }
        }
    }

    #[test]
    fn decompression_stops_one_byte_after_the_limit() {
        let (mut sender, mut receiver) = pair(true, 15);
        let mut wire = Vec::new();
        assert!(sender.compress(&vec![0; 64 << 20], &mut wire));
        let mut plain = Vec::new();
        assert_eq!(receiver.inflate(&wire, &mut plain, 1000), Err(Violation::MessageTooBig { limit: 1000 }));
        assert!(plain.capacity() < 64 * 1024);
        let (_, mut receiver) = pair(true, 15);
        let mut plain = Vec::with_capacity(100_000);
        assert_eq!(receiver.inflate(&wire, &mut plain, 1000), Err(Violation::MessageTooBig { limit: 1000 }));
        assert_eq!((plain.len(), receiver.bytes_out), (1001, 1001), "whatever capacity the buffer has");
    }

    #[test]
    fn data_that_is_not_deflate_is_a_violation() {
        let (_, mut receiver) = pair(true, 15);
        let mut plain = Vec::new();
        assert_eq!(receiver.inflate(&[0xff, 0xff, 0xff, 0xff], &mut plain, 1000), Err(Violation::CorruptCompression));
    }

    #[test]
    fn release_in_the_middle_of_a_message_loses_nothing() {
        for takeover in [true, false] {
            let direction = DeflateDirection { context_takeover: takeover, window_bits: 15 };
            let agreed = NegotiatedDeflate { server: direction, client: direction };
            let mut sender = PermessageDeflate::new(Role::Client, &agreed, 6);
            let mut receiver = PermessageDeflate::new(Role::Server, &agreed, 6);
            let (mut wire, mut plain) = (Vec::new(), Vec::new());
            let message = b"state of the world ".repeat(50);
            assert!(sender.deflater.compress(&message, &mut wire));
            let (first, rest) = wire.split_at(wire.len() / 2);
            receiver.inflater.inflate(first, &mut plain, 10_000).unwrap();
            receiver.release();
            receiver.inflater.inflate(rest, &mut plain, 10_000).unwrap();
            receiver.inflater.end_message(&mut plain, 10_000).unwrap();
            assert_eq!(plain, message);
        }
    }

    #[test]
    fn connections_without_context_takeover_share_a_stream_without_mixing_messages() {
        let (mut sender, mut first) = pair(false, 15);
        let (mut other, mut second) = pair(false, 10);
        let (_, mut third) = pair(false, 15);
        let messages = [b"first first first".as_slice(), b"second second second", b"third third third"];
        let mut wires = vec![Vec::new(); 3];
        for (at, message) in messages.into_iter().enumerate() {
            let sender = if at == 1 { &mut other } else { &mut sender };
            assert!(sender.compress(message, &mut wires[at]));
        }
        let mut plain = vec![Vec::new(); 3];
        for at in 0..wires.iter().map(Vec::len).max().unwrap_or(0) {
            for ((receiver, wire), plain) in
                [&mut first, &mut second, &mut third].into_iter().zip(&wires).zip(&mut plain)
            {
                receiver.inflate(wire.get(at..=at).unwrap_or_default(), plain, 100).unwrap();
            }
        }
        for ((receiver, plain), message) in
            [&mut first, &mut second, &mut third].into_iter().zip(&mut plain).zip(messages)
        {
            receiver.end_message(plain, 100).unwrap();
            assert_eq!(plain, message);
        }
    }

    #[test]
    fn a_released_compressor_starts_from_an_empty_window() {
        let agreed = NegotiatedDeflate::default();
        let mut sender = PermessageDeflate::new(Role::Client, &agreed, 6);
        let mut receiver = PermessageDeflate::new(Role::Server, &agreed, 6);
        round_trip(&mut sender.deflater, &mut receiver.inflater, b"state state state");
        sender.release();
        receiver.release();
        round_trip(&mut sender.deflater, &mut receiver.inflater, b"state state state");
    }
}
