//! Frame headers: tungstenite's codec, and the checks of RFC 6455 section 5 that a codec alone does not make.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::Role;
use super::mask;
use super::violation::Violation;
use crate::limits::MAX_CONTROL_PAYLOAD;

/// Longest header: two bytes, eight of length, four of masking key.
pub const MAX_HEADER_LEN: usize = 14;

/// A checked header of a received frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Last frame of its message.
    pub fin: bool,
    /// The message is compressed (RFC 7692 section 6).
    pub compressed: bool,
    /// What the frame is.
    pub opcode: OpCode,
    /// Masking key; present exactly on frames from clients.
    pub key: Option<[u8; 4]>,
    /// Bytes of payload.
    pub payload: u64,
    /// Bytes of the header itself.
    pub size: usize,
}

/// Reads the header at the beginning of `input`; `None` where more bytes are needed. What the first two bytes give away
/// as wrong is reported without waiting for the rest.
pub fn decode(input: &[u8], receiver: Role, deflate: bool) -> Result<Option<Header>, Violation> {
    if let Some(first) = input.first() {
        check_first(*first, deflate)?;
    }
    if let Some([first, second]) = input.first_chunk::<2>() {
        check_second(*first, *second, receiver)?;
    }
    let mut cursor = Cursor::new(input);
    let Ok(Some((header, payload))) = FrameHeader::parse(&mut cursor) else { return Ok(None) };
    if payload >> 63 != 0 {
        return Err(Violation::LengthTopBit);
    }
    let size = cursor.position() as usize;
    if size != header.len(payload) {
        return Err(Violation::NonMinimalLength);
    }
    Ok(Some(Header {
        fin: header.is_final,
        compressed: header.rsv1,
        opcode: header.opcode,
        key: header.mask,
        payload,
        size,
    }))
}

fn check_first(first: u8, deflate: bool) -> Result<(), Violation> {
    let opcode = first & 0x0f;
    if !matches!(opcode, 0..=2 | 8..=10) {
        return Err(Violation::ReservedOpcode(opcode));
    }
    if first & 0x30 != 0 || (first & 0x40 != 0 && !deflate) {
        return Err(Violation::ReservedBits);
    }
    if first & 0x40 != 0 && !matches!(opcode, 1 | 2) {
        return Err(Violation::MisplacedCompressionBit);
    }
    if opcode >= 8 && first & 0x80 == 0 {
        return Err(Violation::FragmentedControlFrame);
    }
    Ok(())
}

fn check_second(first: u8, second: u8, receiver: Role) -> Result<(), Violation> {
    match (receiver, second & 0x80 != 0) {
        (Role::Server, false) => return Err(Violation::UnmaskedFrame),
        (Role::Client, true) => return Err(Violation::MaskedFrame),
        _ => {}
    }
    if first & 0x0f >= 8 && usize::from(second & 0x7f) > MAX_CONTROL_PAYLOAD {
        return Err(Violation::LongControlFrame);
    }
    Ok(())
}

/// Appends a header.
pub fn encode(output: &mut Vec<u8>, opcode: OpCode, fin: bool, compressed: bool, key: Option<[u8; 4]>, payload: usize) {
    let header = FrameHeader { is_final: fin, rsv1: compressed, opcode, mask: key, ..FrameHeader::default() };
    let written = header.format(payload as u64, output);
    debug_assert!(written.is_ok(), "a Vec takes every write");
}

/// Appends the frames of a message: one, or several of at most `max` payload bytes. `key` gives masking keys (client) or none.
pub fn encode_message(
    buffer: &mut Vec<u8>,
    kind: MessageKind,
    is_compressed: bool,
    body: &[u8],
    max: usize,
    key: impl Fn() -> Option<[u8; 4]>,
) {
    let mut opcode = kind.opcode();
    let mut rsv1 = is_compressed;
    let mut rest = body;
    loop {
        let (piece, tail) = rest.split_at_checked(max.max(1)).unwrap_or((rest, &[]));
        let key = key();
        encode(buffer, opcode, tail.is_empty(), rsv1, key, piece.len());
        match key {
            Some(key) => mask::append(buffer, piece, key, 0),
            None => buffer.extend_from_slice(piece),
        }
        if tail.is_empty() {
            return;
        }
        (opcode, rsv1, rest) = (CONTINUATION, false, tail);
    }
}

/// What a program sends and receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

impl MessageKind {
    /// Opcode of the first frame of such a message.
    pub fn opcode(self) -> OpCode {
        OpCode::Data(match self {
            Self::Text => Data::Text,
            Self::Binary => Data::Binary,
        })
    }
}

/// Opcode of the frames behind the first of a fragmented message.
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
    fn reads_each_length_form() {
        for (bytes, payload, size) in [
            (&[0x82u8, 0][..], 0, 2),
            (&[0x82, 125], 125, 2),
            (&[0x82, 126, 0, 126], 126, 4),
            (&[0x82, 126, 0xff, 0xff], 65535, 4),
            (&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65536, 10),
        ] {
            let header = decode(bytes, Role::Client, false).unwrap().unwrap();
            assert_eq!((header.payload, header.size), (payload, size));
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut], Role::Client, false), Ok(None));
            }
        }
    }

    #[test]
    fn refuses_longer_length_forms_and_the_top_bit() {
        let refused = |bytes: &[u8]| decode(bytes, Role::Client, false).unwrap_err();
        assert_eq!(refused(&[0x82, 126, 0, 125]), Violation::NonMinimalLength);
        assert_eq!(refused(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Violation::NonMinimalLength);
        assert_eq!(refused(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), Violation::LengthTopBit);
    }

    #[test]
    fn fails_on_the_first_bytes_that_decide() {
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
        assert!(decode(&[0xc1, 0], Role::Client, true).unwrap().unwrap().compressed);
        assert_eq!(decode(&[0xc0], Role::Client, true), Err(Violation::MisplacedCompressionBit));
        assert_eq!(decode(&[0xc9], Role::Client, true), Err(Violation::MisplacedCompressionBit));
        assert_eq!(decode(&[0xe1], Role::Client, true), Err(Violation::ReservedBits));
    }
}
