//! Arguments of C callers: texts, lists, bytes, times and out parameters.

use std::ffi::{CStr, c_char};
use std::net::SocketAddr;
use std::time::Duration;

use crate::error::{Error, ErrorCode, Result};

/// Reads a text; NULL and invalid UTF-8 are errors.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that lives for `'a`.
pub(super) unsafe fn required_text<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: as this function.
    match unsafe { optional_text(text, name) }? {
        Some(text) => Ok(text),
        None => Err(Error::new(ErrorCode::InvalidParameter, format!("{name} is NULL"))),
    }
}

/// Reads a text that may be NULL.
///
/// # Safety
/// As for [`required_text`].
pub(super) unsafe fn optional_text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the pointer is not NULL, so it is a NUL-terminated string.
    let text = unsafe { CStr::from_ptr(text) };
    let invalid = |_| Error::new(ErrorCode::InvalidData, format!("{name} is not UTF-8"));
    text.to_str().map(Some).map_err(invalid)
}

/// Reads bytes; `(NULL, 0)` is empty.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that live for `'a`.
pub(super) unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8]> {
    // SAFETY: as this function.
    Ok(if is_empty(data, len)? { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } })
}

/// Returns a buffer to write to; `(NULL, 0)` is empty.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that live for `'a` and that nothing else uses in that time.
pub(super) unsafe fn bytes_mut<'a>(data: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    // SAFETY: as this function.
    Ok(if is_empty(data, len)? { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(data, len) } })
}

fn is_empty(data: *const u8, len: usize) -> Result<bool> {
    let invalid = |message| Err(Error::new(ErrorCode::InvalidParameter, message));
    match len {
        0 => Ok(true),
        _ if data.is_null() => invalid("data is NULL and len is not 0"),
        _ if len > isize::MAX as usize => invalid("len is larger than any object"),
        _ => Ok(false),
    }
}

/// Reads a list of texts.
///
/// # Safety
/// `list` is NULL or points to `count` pointers, each NULL or a NUL-terminated string.
pub(super) unsafe fn text_list(list: *const *const c_char, count: usize, name: &str) -> Result<Vec<String>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if list.is_null() {
        return Err(Error::new(ErrorCode::InvalidParameter, format!("{name} is NULL and its count is not 0")));
    }
    if count > isize::MAX as usize / size_of::<*const c_char>() {
        return Err(Error::new(ErrorCode::InvalidParameter, format!("{name} has more entries than any list")));
    }
    // SAFETY: the pointer is not NULL, so it points to `count` pointers.
    let pointers = unsafe { std::slice::from_raw_parts(list, count) };
    // SAFETY: each is NULL or a string.
    pointers.iter().map(|text| unsafe { required_text(*text, name) }.map(str::to_owned)).collect()
}

/// Reads a list of ids; `(NULL, 0)` is empty.
///
/// # Safety
/// `list` is NULL or points to `count` numbers that live for `'a`.
pub(super) unsafe fn id_list<'a>(list: *const i32, count: usize, name: &str) -> Result<&'a [i32]> {
    let invalid = |message| Err(Error::new(ErrorCode::InvalidParameter, message));
    match count {
        0 => Ok(&[]),
        _ if list.is_null() => invalid(format!("{name} is NULL and its count is not 0")),
        _ if count > isize::MAX as usize / size_of::<i32>() => {
            invalid(format!("{name} has more entries than any list"))
        }
        // SAFETY: the pointer is not NULL, so it points to `count` numbers.
        _ => Ok(unsafe { std::slice::from_raw_parts(list, count) }),
    }
}

/// Writes an out parameter that may be NULL.
///
/// # Safety
/// `out` is NULL or may be written to.
pub(super) unsafe fn write_out<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not NULL, so it may be written to.
        unsafe { out.write(value) };
    }
}

/// Writes a list of ids to a buffer of `capacity` numbers that may be NULL, and returns how many ids there are.
///
/// # Safety
/// `out` is NULL or has room for `capacity` numbers.
pub(super) unsafe fn write_ids(ids: &[i32], out: *mut i32, capacity: usize) -> usize {
    if !out.is_null() {
        // SAFETY: not NULL, so there is room for `capacity` numbers, and no more are written.
        unsafe { std::ptr::copy_nonoverlapping(ids.as_ptr(), out, ids.len().min(capacity)) };
    }
    ids.len()
}

/// Returns the time of a caller's milliseconds; negative ones are no limit.
pub(super) fn timeout(milliseconds: i32) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// Returns the IP address as text, "" if there is none.
pub(super) fn host_text(address: Option<SocketAddr>) -> String {
    address.map(|address| address.ip().to_string()).unwrap_or_default()
}

/// Returns the port, 0 if there is none.
pub(super) fn port_of(address: Option<SocketAddr>) -> u16 {
    address.map_or(0, |address| address.port())
}
