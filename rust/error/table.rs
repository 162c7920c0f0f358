//! Declares every error once: Rust name, number in Godot's global `Error` enum, name in C, meaning. `build/` generates
//! `ErrorCode` and `wsp_error` from these rows.

pub const ERRORS: &[(&str, i32, &str, &str)] = &[
    ("Failed", 1, "WSP_ERR_FAILED", "The operation failed for a reason that has no number of its own."),
    ("Unavailable", 2, "WSP_ERR_UNAVAILABLE", "Nothing is available, for example no packet in an empty queue."),
    ("Unconfigured", 3, "WSP_ERR_UNCONFIGURED", "The object is not connected or not set up."),
    ("OutOfMemory", 6, "WSP_ERR_OUT_OF_MEMORY", "A limit of a queue or buffer does not allow it; nothing was changed."),
    ("FileEof", 18, "WSP_ERR_FILE_EOF", "The remote peer closed the stream."),
    ("CantCreate", 20, "WSP_ERR_CANT_CREATE", "The operating system did not provide a socket."),
    ("AlreadyInUse", 22, "WSP_ERR_ALREADY_IN_USE", "The object or the address is already in use."),
    ("Timeout", 24, "WSP_ERR_TIMEOUT", "The operation did not end in time."),
    ("CantResolve", 26, "WSP_ERR_CANT_RESOLVE", "A host name could not be resolved."),
    ("ConnectionError", 27, "WSP_ERR_CONNECTION_ERROR", "The connection was lost or refused."),
    ("InvalidData", 30, "WSP_ERR_INVALID_DATA", "Data has the wrong form, for example text that is not UTF-8."),
    ("InvalidParameter", 31, "WSP_ERR_INVALID_PARAMETER", "An argument is NULL, out of range or of the wrong kind."),
    ("Busy", 44, "WSP_ERR_BUSY", "The object is in the middle of an operation that excludes the call."),
    ("Bug", 47, "WSP_ERR_BUG", "A defect of the library. The object does nothing any more; free it."),
];
