//! Close frames: RFC 6455 sections 5.5.1 and 7.4.

use super::close_code::{SENDABLE, is_sendable};
use super::violation::Violation;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_CLOSE_REASON;

/// The content of a close frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseFrame {
    /// Status code; `None` where the frame has no payload.
    pub code: Option<u16>,
    /// Reason in UTF-8; empty where there is none.
    pub reason: String,
}

impl CloseFrame {
    /// A frame that may be sent, or why it may not: the code is not one for the wire, or the reason is too long.
    pub fn to_send(code: u16, reason: &str) -> Result<Self> {
        if code == 0 {
            // As in the engine, 0 asks for a close frame without payload, where a reason has no place.
            return Ok(Self::default());
        }
        if !is_sendable(code) {
            return Err(Error::new(
                ErrorCode::InvalidParameter,
                format!("close code must be one of {SENDABLE}, or 0 for none, not {code}"),
            ));
        }
        if reason.len() > MAX_CLOSE_REASON {
            return Err(Error::new(
                ErrorCode::InvalidParameter,
                format!(
                    "close reason has {} bytes of UTF-8, at most {MAX_CLOSE_REASON} fit into a close frame",
                    reason.len()
                ),
            ));
        }
        Ok(Self { code: Some(code), reason: reason.to_owned() })
    }

    /// The frame that reports a violation, its text cut to what fits.
    pub fn for_violation(violation: &Violation) -> Self {
        let mut reason = violation.to_string();
        reason.truncate(MAX_CLOSE_REASON);
        Self { code: Some(violation.close_code()), reason }
    }

    /// Reads a close frame's payload.
    pub fn parse(payload: &[u8]) -> Result<Self, Violation> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(Self::default()) } else { Err(Violation::CloseLength) };
        };
        let code = u16::from_be_bytes(*code);
        if !is_sendable(code) {
            return Err(Violation::CloseCode(code));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
        Ok(Self { code: Some(code), reason: reason.to_owned() })
    }

    /// The payload on the wire.
    pub fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        if let Some(code) = self.code {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(self.reason.as_bytes());
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_code_and_reason() {
        let frame = CloseFrame::to_send(4000, "bye\0bye").unwrap();
        assert_eq!(CloseFrame::parse(&frame.payload()), Ok(frame));
        assert_eq!(CloseFrame::parse(b""), Ok(CloseFrame::default()));
    }

    #[test]
    fn refuses_what_must_not_be_on_the_wire() {
        for code in [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            assert_eq!(CloseFrame::to_send(code, "").unwrap_err().code(), ErrorCode::InvalidParameter);
            assert_eq!(CloseFrame::parse(&code.to_be_bytes()), Err(Violation::CloseCode(code)));
        }
        assert_eq!(CloseFrame::parse(&[0, 0]), Err(Violation::CloseCode(0)));
        assert_eq!(CloseFrame::parse(&[3]), Err(Violation::CloseLength));
        assert_eq!(CloseFrame::parse(b"\x03\xe8\xff"), Err(Violation::Utf8));
    }

    #[test]
    fn a_reason_of_123_bytes_fits_and_124_do_not() {
        assert!(CloseFrame::to_send(1000, &"x".repeat(123)).is_ok());
        assert!(CloseFrame::to_send(1000, &"x".repeat(124)).is_err());
    }
}
