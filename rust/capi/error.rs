//! `wsp_error`.

use std::ffi::c_char;

use crate::error::{ErrorCode, Result};

include!(concat!(env!("OUT_DIR"), "/capi_error.rs"));

use wsp_error::WSP_OK;

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
    error_name(error).as_ptr()
}
