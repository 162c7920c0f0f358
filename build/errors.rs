//! Writes the error enums from the rows of `rust/error/table.rs`.

use crate::error_table::ERRORS;
use crate::writer::{doc, emit};

/// `ErrorCode`.
pub fn rust() -> String {
    let mut out = String::new();
    emit!(&mut out, "/// Error numbers of Godot's global `Error` enum; `wsp_error` in C has the same values.");
    emit!(&mut out, "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[repr(i32)]\n#[non_exhaustive]");
    emit!(&mut out, "pub enum ErrorCode {{");
    for (rust, number, _, meaning) in ERRORS {
        doc(&mut out, "    ", meaning);
        emit!(&mut out, "    {rust} = {number},");
    }
    emit!(&mut out, "}}");
    out
}

/// `wsp_error` as Rust source that cbindgen reads too, its conversion from `ErrorCode`, and the names of its constants.
pub fn c() -> String {
    let mut out = String::new();
    emit!(&mut out, "/// Result of a call. The numbers are those of Godot's global `Error` enum.");
    emit!(&mut out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n#[repr(i32)]\npub enum wsp_error {{");
    emit!(&mut out, "    /// No error.\n    WSP_OK = 0,");
    for (_, number, c, meaning) in ERRORS {
        doc(&mut out, "    ", meaning);
        emit!(&mut out, "    {c} = {number},");
    }
    emit!(&mut out, "}}\n\nimpl From<ErrorCode> for wsp_error {{");
    emit!(&mut out, "    fn from(code: ErrorCode) -> Self {{\n        match code {{");
    for (rust, _, c, _) in ERRORS {
        emit!(&mut out, "            ErrorCode::{rust} => Self::{c},");
    }
    emit!(&mut out, "        }}\n    }}\n}}\n");
    emit!(&mut out, "fn error_name(error: i32) -> &'static std::ffi::CStr {{\n    match error {{");
    emit!(&mut out, "        0 => c\"WSP_OK\",");
    for (_, number, c, _) in ERRORS {
        emit!(&mut out, "        {number} => c\"{c}\",");
    }
    emit!(&mut out, "        _ => c\"unknown error\",\n    }}\n}}");
    out
}
