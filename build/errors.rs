//! Writes the error enums from the rows of `rust/error/table.rs`.

use std::fmt::Write as _;

use crate::error_table::ERRORS;

/// `ErrorCode`.
pub fn rust() -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(out, "/// Error numbers of Godot's global `Error` enum; `wsp_error` in C has the same values.")?;
    writeln!(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[repr(i32)]\n#[non_exhaustive]")?;
    writeln!(out, "pub enum ErrorCode {{")?;
    for (rust, number, _, meaning) in ERRORS {
        writeln!(out, "    /// {meaning}\n    {rust} = {number},")?;
    }
    writeln!(out, "}}")?;
    Ok(out)
}

/// `wsp_error`, as Rust source that cbindgen reads too.
pub fn c() -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(out, "/// Result of a call. The numbers are those of Godot's global `Error` enum.")?;
    writeln!(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n#[repr(i32)]\npub enum wsp_error {{")?;
    writeln!(out, "    /// No error.\n    WSP_OK = 0,")?;
    for (_, number, c, meaning) in ERRORS {
        writeln!(out, "    /// {meaning}\n    {c} = {number},")?;
    }
    writeln!(
        out,
        "}}\n\nimpl From<ErrorCode> for wsp_error {{\n    fn from(code: ErrorCode) -> Self {{\n        match code {{"
    )?;
    for (rust, _, c, _) in ERRORS {
        writeln!(out, "            ErrorCode::{rust} => Self::{c},")?;
    }
    writeln!(
        out,
        "        }}\n    }}\n}}\n\nfn error_name(error: i32) -> &'static std::ffi::CStr {{\n    match error {{"
    )?;
    writeln!(out, "        0 => c\"WSP_OK\",")?;
    for (_, number, c, _) in ERRORS {
        writeln!(out, "        {number} => c\"{c}\",")?;
    }
    writeln!(out, "        _ => c\"unknown error\",\n    }}\n}}")?;
    Ok(out)
}
