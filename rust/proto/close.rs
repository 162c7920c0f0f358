//! Close frames: what one may contain, and how its payload is read and written (RFC 6455 section 5.5.1).

use super::close_code::{SENDABLE, is_sendable};
use super::violation::Violation;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_CLOSE_REASON;

/// The content of a close frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseFrame {
    /// Close code; `None` if the frame has no payload.
    pub code: Option<u16>,
    /// Reason; empty for none.
    pub reason: String,
}

impl CloseFrame {
    /// Returns a frame to send. Code 0 stands for a frame without payload, as in the engine. A code that must not be
    /// sent and a reason that is too long are refused.
    pub fn to_send(code: u16, reason: &str) -> Result<Self> {
        if code == 0 {
            // RFC 6455 section 5.5.1: a reason follows a code only.
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
                format!("close reason must be at most {MAX_CLOSE_REASON} bytes of UTF-8, not {}", reason.len()),
            ));
        }
        Ok(Self { code: Some(code), reason: reason.to_owned() })
    }

    /// Returns the frame that reports a violation; a longer text is truncated.
    pub fn for_violation(violation: &Violation) -> Self {
        let mut reason = violation.to_string();
        reason.truncate(MAX_CLOSE_REASON);
        Self { code: Some(violation.close_code()), reason }
    }

    /// Parses the payload of a close frame.
    pub fn parse(payload: &[u8]) -> Result<Self, Violation> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(Self::default()) } else { Err(Violation::ShortCloseFrame) };
        };
        let code = u16::from_be_bytes(*code);
        // RFC 6455 section 7.4: reserved codes must not be sent.
        if !is_sendable(code) {
            return Err(Violation::InvalidCloseCode(code));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
        Ok(Self { code: Some(code), reason: reason.to_owned() })
    }

    /// Returns the encoded payload.
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
    fn codes_that_must_not_be_sent_are_refused_in_both_directions() {
        for code in [1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            assert_eq!(CloseFrame::to_send(code, "").unwrap_err().code(), ErrorCode::InvalidParameter);
            assert_eq!(CloseFrame::parse(&code.to_be_bytes()), Err(Violation::InvalidCloseCode(code)));
        }
        assert_eq!(CloseFrame::parse(&[0, 0]), Err(Violation::InvalidCloseCode(0)));
        assert_eq!(CloseFrame::parse(&[3]), Err(Violation::ShortCloseFrame));
        assert_eq!(CloseFrame::parse(b"\x03\xe8\xff"), Err(Violation::InvalidUtf8));
    }

    #[test]
    fn a_reason_of_123_bytes_fits_and_124_do_not() {
        assert!(CloseFrame::to_send(1000, &"x".repeat(123)).is_ok());
        assert!(CloseFrame::to_send(1000, &"x".repeat(124)).is_err());
    }
}
