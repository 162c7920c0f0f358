//! The HTTP response with which a program rejects a request, or serves it without opening a connection.

use crate::error::{Error, ErrorCode, Result};
use crate::proto::status;

/// An HTTP response of a program. It is checked when it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpAnswer {
    /// Status code, 200 to 599.
    pub status: u16,
    /// Reason phrase; empty for the registered one of the status.
    pub reason: String,
    /// Further header lines (`Name: value`).
    pub headers: Vec<String>,
    /// The body; a `Content-Length` is added.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// Returns a response with the registered reason phrase, without further header lines and body.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Sets the reason phrase.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets the further header lines (`Name: value`).
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<String>) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Converts an integer of a binding to a status code from 200 to 599.
    pub fn checked_status(number: i64) -> Result<u16> {
        u16::try_from(number).ok().filter(|code| status::is_final(*code)).ok_or_else(|| {
            Error::new(ErrorCode::InvalidParameter, format!("HTTP status must be from 200 to 599, not {number}"))
        })
    }
}
