//! The error type of every call that can be refused. `table.rs` declares the errors.

use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/error_code.rs"));

/// Why a call was refused: a number for programs and a text for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: ErrorCode,
    message: Cow<'static, str>,
}

impl Error {
    /// Creates an error with an explanation: lower case, no final full stop.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// Returns the number that bindings return.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the explanation.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The result of a call that can be refused.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
