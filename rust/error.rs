//! The one table of error numbers, and the error type of every call that can be refused.

use std::borrow::Cow;

/// Error numbers of Godot's global `Error` enum; `wsp_error` in C carries the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ErrorCode {
    /// The operation failed for a reason that has no number of its own.
    Failed = 1,
    /// Nothing is there to be returned (an empty packet queue, for example).
    Unavailable = 2,
    /// The object is not connected or not set up.
    Unconfigured = 3,
    /// A queue or buffer limit does not allow it; nothing was changed.
    OutOfMemory = 6,
    /// The remote end of the stream is closed.
    FileEof = 18,
    /// The operating system gave no socket.
    CantCreate = 20,
    /// The object or the address is in use already.
    AlreadyInUse = 22,
    /// The operation did not end in time.
    Timeout = 24,
    /// A host name could not be resolved.
    CantResolve = 26,
    /// The connection broke or was refused.
    ConnectionError = 27,
    /// The data is not what it claims to be (text that is not UTF-8, for example).
    InvalidData = 30,
    /// An argument is outside its range or of the wrong kind.
    InvalidParameter = 31,
    /// The object is in the middle of something that excludes the call.
    Busy = 44,
    /// A defect of this library.
    Bug = 47,
}

/// Why a call was refused: the number a program branches on and the text a person reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: ErrorCode,
    message: Cow<'static, str>,
}

impl Error {
    /// An error with a fixed or computed explanation.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// The number that bindings return.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The explanation, one sentence without a final full stop.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Result of a call that can be refused.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
