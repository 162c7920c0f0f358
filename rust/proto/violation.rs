//! The rules of the protocol that a remote peer can violate on an open connection, and the close code that answers
//! each.

use super::close_code;
use super::utf8::InvalidUtf8;

/// A violation that fails the connection (RFC 6455 section 7.1.7).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// RFC 6455 section 5.2: RSV bits are set that no negotiated extension defines.
    #[error("reserved bits are set")]
    ReservedBits,
    /// RFC 7692 section 6.1: RSV1 may be set on the first frame of a message only.
    #[error("compression bit on a frame that does not begin a message")]
    MisplacedCompressionBit,
    /// RFC 6455 section 5.2: opcodes 3-7 and B-F are reserved.
    #[error("reserved opcode {0:#x}")]
    ReservedOpcode(u8),
    /// RFC 6455 section 5.1: a client masks all frames.
    #[error("frame from a client is not masked")]
    UnmaskedFrame,
    /// RFC 6455 section 5.1: a server masks no frame.
    #[error("frame from a server is masked")]
    MaskedFrame,
    /// RFC 6455 section 5.5: a control frame has a payload of at most 125 bytes.
    #[error("control frame is longer than 125 bytes")]
    LongControlFrame,
    /// RFC 6455 section 5.5: a control frame is not fragmented.
    #[error("control frame is fragmented")]
    FragmentedControlFrame,
    /// RFC 6455 section 5.2: the minimal number of bytes must be used to encode the length.
    #[error("payload length is not in its shortest form")]
    NonMinimalLength,
    /// RFC 6455 section 5.2: the most significant bit of a 64-bit length must be 0.
    #[error("payload length has its top bit set")]
    LengthTopBit,
    /// RFC 6455 section 5.4: a continuation frame continues a fragmented message.
    #[error("continuation frame without a message to continue")]
    UnexpectedContinuation,
    /// RFC 6455 section 5.4: the fragments of two messages must not be interleaved.
    #[error("new message inside a fragmented one")]
    ExpectedContinuation,
    /// RFC 6455 section 5.5.1: the payload of a close frame is empty or begins with a code of two bytes.
    #[error("close frame with a payload of one byte")]
    ShortCloseFrame,
    /// RFC 6455 section 7.4: the code is reserved or not assigned.
    #[error("close code {0} must not be sent")]
    InvalidCloseCode(u16),
    /// RFC 6455 section 8.1: text messages and close reasons are UTF-8.
    #[error("text is not valid UTF-8")]
    InvalidUtf8,
    /// The message is larger than the receiver's limit (RFC 6455 section 10.4).
    #[error("message is larger than {limit} bytes")]
    MessageTooBig {
        /// The limit in bytes.
        limit: usize,
    },
    /// RFC 7692 section 7.2.2: the payload of a compressed message is DEFLATE data.
    #[error("compressed message is corrupt")]
    CorruptCompression,
}

impl Violation {
    /// Returns the close code that reports the violation to the remote peer (RFC 6455 section 7.4.1).
    pub fn close_code(&self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::CorruptCompression => close_code::INVALID_PAYLOAD,
            Self::MessageTooBig { .. } => close_code::MESSAGE_TOO_BIG,
            _ => close_code::PROTOCOL_ERROR,
        }
    }
}

impl From<InvalidUtf8> for Violation {
    fn from(_: InvalidUtf8) -> Self {
        Self::InvalidUtf8
    }
}
