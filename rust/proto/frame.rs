//! Frame headers (RFC 6455 section 5.2): tungstenite's codec, and the checks that a codec alone does not make.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader as CodecHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::Role;
use super::mask;
use super::violation::Violation;
use crate::limits::MAX_CONTROL_PAYLOAD;

/// Longest header in bytes: two, eight of extended payload length, four of masking key.
pub const MAX_HEADER_LEN: usize = 14;

/// A frame header that was checked, or that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Last frame of its message.
    pub fin: bool,
    /// RSV1: the message is compressed (RFC 7692 section 6).
    pub compressed: bool,
    /// Type of the frame.
    pub opcode: OpCode,
    /// Masking key; present exactly on frames from clients.
    pub mask_key: Option<[u8; 4]>,
    /// Bytes of payload.
    pub payload_len: u64,
}

/// Decodes the header at the beginning of `input`. Returns it with its length in bytes, or `None` if more bytes are
/// needed. Reports a violation that the first two bytes show without waiting for the rest.
pub fn decode(input: &[u8], receiver: Role, deflate: bool) -> Result<Option<(FrameHeader, usize)>, Violation> {
    if let Some(first) = input.first() {
        check_first_byte(*first, deflate)?;
    }
    if let Some([first, second]) = input.first_chunk::<2>() {
        check_second_byte(*first, *second, receiver)?;
    }
    let mut cursor = Cursor::new(input);
    let Ok(Some((header, payload_len))) = CodecHeader::parse(&mut cursor) else { return Ok(None) };
    // RFC 6455 section 5.2: the most significant bit of a 64-bit length must be 0.
    if payload_len >> 63 != 0 {
        return Err(Violation::LengthTopBit);
    }
    // RFC 6455 section 5.2: the minimal number of bytes must be used to encode the length.
    let header_len = cursor.position() as usize;
    if header_len != header.len(payload_len) {
        return Err(Violation::NonMinimalLength);
    }
    let header = FrameHeader {
        fin: header.is_final,
        compressed: header.rsv1,
        opcode: header.opcode,
        mask_key: header.mask,
        payload_len,
    };
    Ok(Some((header, header_len)))
}

fn check_first_byte(first: u8, deflate: bool) -> Result<(), Violation> {
    let opcode = first & 0x0f;
    // RFC 6455 section 5.2: opcodes 3-7 and B-F are reserved.
    if !matches!(opcode, 0..=2 | 8..=10) {
        return Err(Violation::ReservedOpcode(opcode));
    }
    // RFC 6455 section 5.2: RSV1-3 must be 0 unless an extension defines them; RFC 7692 section 6 defines RSV1.
    if first & 0x30 != 0 || (first & 0x40 != 0 && !deflate) {
        return Err(Violation::ReservedBits);
    }
    // RFC 7692 section 6.1: RSV1 is set on the first frame of a message only, and never on control frames.
    if first & 0x40 != 0 && !matches!(opcode, 1 | 2) {
        return Err(Violation::MisplacedCompressionBit);
    }
    // RFC 6455 section 5.5: control frames must not be fragmented.
    if opcode >= 8 && first & 0x80 == 0 {
        return Err(Violation::FragmentedControlFrame);
    }
    Ok(())
}

fn check_second_byte(first: u8, second: u8, receiver: Role) -> Result<(), Violation> {
    // RFC 6455 section 5.1: a client must mask all frames, a server must not mask any.
    match (receiver, second & 0x80 != 0) {
        (Role::Server, false) => return Err(Violation::UnmaskedFrame),
        (Role::Client, true) => return Err(Violation::MaskedFrame),
        _ => {}
    }
    // RFC 6455 section 5.5: control frames have a payload of at most 125 bytes.
    if first & 0x0f >= 8 && usize::from(second & 0x7f) > MAX_CONTROL_PAYLOAD {
        return Err(Violation::LongControlFrame);
    }
    Ok(())
}

impl FrameHeader {
    /// Appends the encoded header to `output`.
    pub fn encode(&self, output: &mut Vec<u8>) {
        let header = CodecHeader {
            is_final: self.fin,
            rsv1: self.compressed,
            opcode: self.opcode,
            mask: self.mask_key,
            ..CodecHeader::default()
        };
        let written = header.format(self.payload_len, output);
        debug_assert!(written.is_ok(), "a Vec takes every write");
    }

    /// Appends the encoded header and the payload, which is masked if the header has a masking key.
    pub fn encode_with(&self, payload: &[u8], output: &mut Vec<u8>) {
        self.encode(output);
        match self.mask_key {
            Some(key) => mask::append(output, payload, key, 0),
            None => output.extend_from_slice(payload),
        }
    }
}

/// The form in which a message is encoded.
#[derive(Clone, Copy, Debug)]
pub struct MessageEncoding {
    /// Text or binary.
    pub kind: MessageKind,
    /// The body is DEFLATE data (RFC 7692 section 6).
    pub compressed: bool,
    /// Largest payload of one frame in bytes; longer messages are fragmented.
    pub max_frame_size: usize,
}

impl MessageEncoding {
    /// Returns a bound of the bytes that a body of `len` bytes becomes.
    pub fn most_bytes(self, len: usize) -> usize {
        let frames = len / self.max_frame_size.max(1) + 1;
        len.saturating_add(frames.saturating_mul(MAX_HEADER_LEN))
    }

    /// Appends the frames of a message to `output`. `mask_key` returns a new key for each frame of a client, `None` for
    /// a server.
    pub fn encode(self, body: &[u8], mask_key: impl Fn() -> Option<[u8; 4]>, output: &mut Vec<u8>) {
        let mut opcode = self.kind.opcode();
        let mut compressed = self.compressed;
        let mut rest = body;
        loop {
            let (payload, tail) = rest.split_at_checked(self.max_frame_size.max(1)).unwrap_or((rest, &[]));
            let fin = tail.is_empty();
            let payload_len = payload.len() as u64;
            FrameHeader { fin, compressed, opcode, mask_key: mask_key(), payload_len }.encode_with(payload, output);
            if fin {
                return;
            }
            (opcode, compressed, rest) = (CONTINUATION, false, tail);
        }
    }
}

/// The two types of message (RFC 6455 section 5.6). There cannot be more, so that a `match` needs no further arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

impl MessageKind {
    /// Returns the opcode of the message's first frame.
    pub fn opcode(self) -> OpCode {
        OpCode::Data(match self {
            Self::Text => Data::Text,
            Self::Binary => Data::Binary,
        })
    }
}

/// Opcode of the frames after the first of a fragmented message.
pub const CONTINUATION: OpCode = OpCode::Data(Data::Continue);
/// Opcode of close frames.
pub const CLOSE: OpCode = OpCode::Control(Control::Close);
/// Opcode of ping frames.
pub const PING: OpCode = OpCode::Control(Control::Ping);
/// Opcode of pong frames.
pub const PONG: OpCode = OpCode::Control(Control::Pong);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_each_length_form() {
        for (bytes, payload, size) in [
            (&[0x82u8, 0][..], 0, 2),
            (&[0x82, 125], 125, 2),
            (&[0x82, 126, 0, 126], 126, 4),
            (&[0x82, 126, 0xff, 0xff], 65535, 4),
            (&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65536, 10),
        ] {
            let (header, header_len) = decode(bytes, Role::Client, false).unwrap().unwrap();
            assert_eq!((header.payload_len, header_len), (payload, size));
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut], Role::Client, false), Ok(None));
            }
        }
    }

    #[test]
    fn a_length_that_is_not_minimal_or_has_its_top_bit_set_is_a_violation() {
        let refused = |bytes: &[u8]| decode(bytes, Role::Client, false).unwrap_err();
        assert_eq!(refused(&[0x82, 126, 0, 125]), Violation::NonMinimalLength);
        assert_eq!(refused(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Violation::NonMinimalLength);
        assert_eq!(refused(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), Violation::LengthTopBit);
    }

    #[test]
    fn a_violation_is_reported_as_soon_as_its_byte_arrives() {
        let client = |bytes: &[u8]| decode(bytes, Role::Client, false);
        assert_eq!(client(&[0x83]), Err(Violation::ReservedOpcode(3)));
        assert_eq!(client(&[0x8b]), Err(Violation::ReservedOpcode(11)));
        assert_eq!(client(&[0xc1]), Err(Violation::ReservedBits));
        assert_eq!(client(&[0xa1]), Err(Violation::ReservedBits));
        assert_eq!(client(&[0x09]), Err(Violation::FragmentedControlFrame));
        assert_eq!(client(&[0x89, 126]), Err(Violation::LongControlFrame));
        assert_eq!(client(&[0x81, 0x81]), Err(Violation::MaskedFrame));
        assert_eq!(decode(&[0x81, 0x01], Role::Server, false), Err(Violation::UnmaskedFrame));
    }

    #[test]
    fn the_compression_bit_belongs_to_the_first_frame_of_a_message() {
        assert!(decode(&[0xc1, 0], Role::Client, true).unwrap().unwrap().0.compressed);
        assert_eq!(decode(&[0xc0], Role::Client, true), Err(Violation::MisplacedCompressionBit));
        assert_eq!(decode(&[0xc9], Role::Client, true), Err(Violation::MisplacedCompressionBit));
        assert_eq!(decode(&[0xe1], Role::Client, true), Err(Violation::ReservedBits));
    }
}
