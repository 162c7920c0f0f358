//! `wsp_error`.

use std::ffi::c_char;

use crate::error::{ErrorCode, Result};

/// Result of a call. The numbers are those of Godot's global `Error` enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_error {
    /// No error.
    WSP_OK = 0,
    /// The operation failed for a reason that has no number of its own.
    WSP_ERR_FAILED = 1,
    /// Nothing is there to be returned.
    WSP_ERR_UNAVAILABLE = 2,
    /// The object is not connected or not set up.
    WSP_ERR_UNCONFIGURED = 3,
    /// A queue or buffer limit does not allow it; nothing was changed.
    WSP_ERR_OUT_OF_MEMORY = 6,
    /// The remote end has closed the stream.
    WSP_ERR_FILE_EOF = 18,
    /// The operating system gave no socket.
    WSP_ERR_CANT_CREATE = 20,
    /// The object or the address is in use already.
    WSP_ERR_ALREADY_IN_USE = 22,
    /// The operation did not end in time.
    WSP_ERR_TIMEOUT = 24,
    /// A host name could not be resolved.
    WSP_ERR_CANT_RESOLVE = 26,
    /// The connection broke or was refused.
    WSP_ERR_CONNECTION_ERROR = 27,
    /// The data is not what it claims to be, for example text that is not UTF-8.
    WSP_ERR_INVALID_DATA = 30,
    /// An argument is NULL, outside its range or of the wrong kind.
    WSP_ERR_INVALID_PARAMETER = 31,
    /// The object is in the middle of something that excludes the call.
    WSP_ERR_BUSY = 44,
    /// A defect of the library. The object does nothing any more; free it.
    WSP_ERR_BUG = 47,
}

use wsp_error::*;

impl From<ErrorCode> for wsp_error {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Failed => WSP_ERR_FAILED,
            ErrorCode::Unavailable => WSP_ERR_UNAVAILABLE,
            ErrorCode::Unconfigured => WSP_ERR_UNCONFIGURED,
            ErrorCode::OutOfMemory => WSP_ERR_OUT_OF_MEMORY,
            ErrorCode::FileEof => WSP_ERR_FILE_EOF,
            ErrorCode::CantCreate => WSP_ERR_CANT_CREATE,
            ErrorCode::AlreadyInUse => WSP_ERR_ALREADY_IN_USE,
            ErrorCode::Timeout => WSP_ERR_TIMEOUT,
            ErrorCode::CantResolve => WSP_ERR_CANT_RESOLVE,
            ErrorCode::ConnectionError => WSP_ERR_CONNECTION_ERROR,
            ErrorCode::InvalidData => WSP_ERR_INVALID_DATA,
            ErrorCode::InvalidParameter => WSP_ERR_INVALID_PARAMETER,
            ErrorCode::Busy => WSP_ERR_BUSY,
            ErrorCode::Bug => WSP_ERR_BUG,
        }
    }
}

impl<T> From<&Result<T>> for wsp_error {
    fn from(result: &Result<T>) -> Self {
        match result {
            Ok(_) => WSP_OK,
            Err(error) => error.code().into(),
        }
    }
}

/// Returns the name of an error number, for example "WSP_ERR_FAILED", or "unknown error". Static; never free it. May be
/// called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_error_name(error: i32) -> *const c_char {
    let name = match error {
        0 => c"WSP_OK",
        1 => c"WSP_ERR_FAILED",
        2 => c"WSP_ERR_UNAVAILABLE",
        3 => c"WSP_ERR_UNCONFIGURED",
        6 => c"WSP_ERR_OUT_OF_MEMORY",
        18 => c"WSP_ERR_FILE_EOF",
        20 => c"WSP_ERR_CANT_CREATE",
        22 => c"WSP_ERR_ALREADY_IN_USE",
        24 => c"WSP_ERR_TIMEOUT",
        26 => c"WSP_ERR_CANT_RESOLVE",
        27 => c"WSP_ERR_CONNECTION_ERROR",
        30 => c"WSP_ERR_INVALID_DATA",
        31 => c"WSP_ERR_INVALID_PARAMETER",
        44 => c"WSP_ERR_BUSY",
        47 => c"WSP_ERR_BUG",
        _ => c"unknown error",
    };
    name.as_ptr()
}
