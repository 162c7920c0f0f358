//! `wsp_version`.

use std::ffi::{CStr, c_char};

/// The version with a NUL after it.
const VERSION: &[u8] = concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes();

/// Returns the version of the library that is loaded, for example "0.2.0". Compare it with WSP_VERSION, the version of
/// the header that the program was compiled with. Static; never free it. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn wsp_version() -> *const c_char {
    CStr::from_bytes_with_nul(VERSION).map_or(c"".as_ptr(), CStr::as_ptr)
}
