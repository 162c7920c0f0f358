//! What a remote end can do wrong on an open connection, and the close code that answers it.

use super::close_code;
use super::utf8::InvalidUtf8;

/// A reason to fail the connection (RFC 6455 section 7.1.7).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// RFC 6455 section 5.2: reserved bits without a negotiated extension that gives them a meaning.
    #[error("reserved bits are set")]
    ReservedBits,
    /// RFC 7692 section 6.1: RSV1 belongs to the first frame of a message only.
    #[error("compression bit on a frame that does not begin a message")]
    MisplacedCompressionBit,
    /// RFC 6455 section 5.2: opcodes 3-7 and B-F.
    #[error("reserved opcode {0:#x}")]
    ReservedOpcode(u8),
    /// RFC 6455 section 5.1.
    #[error("frame from a client is not masked")]
    Unmasked,
    /// RFC 6455 section 5.1.
    #[error("frame from a server is masked")]
    Masked,
    /// RFC 6455 section 5.5.
    #[error("control frame is longer than 125 bytes")]
    LongControlFrame,
    /// RFC 6455 section 5.5.
    #[error("control frame is fragmented")]
    FragmentedControlFrame,
    /// RFC 6455 section 5.2: the minimal number of bytes must be used.
    #[error("payload length is not in its shortest form")]
    LengthForm,
    /// RFC 6455 section 5.2: the most significant bit of a 64-bit length must be 0.
    #[error("payload length has its top bit set")]
    LengthRange,
    /// RFC 6455 section 5.4.
    #[error("continuation frame without a message to continue")]
    UnexpectedContinuation,
    /// RFC 6455 section 5.4.
    #[error("new message inside a fragmented one")]
    ExpectedContinuation,
    /// RFC 6455 section 5.5.1.
    #[error("close frame with a payload of one byte")]
    CloseLength,
    /// RFC 6455 section 7.4.
    #[error("close code {0} must not be sent")]
    CloseCode(u16),
    /// RFC 6455 section 8.1.
    #[error("text is not valid UTF-8")]
    Utf8,
    /// The message is larger than the receiver's limit.
    #[error("message is larger than {limit} bytes")]
    TooBig {
        /// The limit in bytes.
        limit: usize,
    },
    /// RFC 7692 section 7.2.2.
    #[error("compressed message is corrupt")]
    Inflate,
}

impl Violation {
    /// Close code that tells the remote end (RFC 6455 section 7.4.1).
    pub fn close_code(&self) -> u16 {
        match self {
            Self::Utf8 | Self::Inflate => close_code::INVALID_PAYLOAD,
            Self::TooBig { .. } => close_code::MESSAGE_TOO_BIG,
            _ => close_code::PROTOCOL_ERROR,
        }
    }
}

impl From<InvalidUtf8> for Violation {
    fn from(_: InvalidUtf8) -> Self {
        Self::Utf8
    }
}
