//! Text and bytes across the boundary.

use std::ffi::{CStr, c_char};

use crate::error::{Error, ErrorCode, Result};

/// A NUL-terminated literal.
pub(super) fn leaked(literal: &'static str) -> *const c_char {
    literal.as_ptr().cast()
}

/// The caller's text; NULL and what is not UTF-8 are errors.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that lives for `'a`.
pub(super) unsafe fn required<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: as this function.
    match unsafe { optional(text, name) }? {
        Some(text) => Ok(text),
        None => Err(Error::new(ErrorCode::InvalidParameter, format!("{name} is NULL"))),
    }
}

/// See [`required`]; NULL is `None`.
///
/// # Safety
/// As for [`required`].
pub(super) unsafe fn optional<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the pointer is not NULL, so it is a NUL-terminated string.
    let text = unsafe { CStr::from_ptr(text) };
    let invalid = |_| Error::new(ErrorCode::InvalidData, format!("{name} is not UTF-8"));
    text.to_str().map(Some).map_err(invalid)
}

/// The caller's bytes; `(NULL, 0)` is empty.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that live for `'a`.
pub(super) unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Error::new(ErrorCode::InvalidParameter, "data is NULL and len is not 0")),
        _ if len > isize::MAX as usize => Err(Error::new(ErrorCode::InvalidParameter, "len is larger than any object")),
        // SAFETY: the pointer is not NULL, so it points to `len` bytes.
        _ => Ok(unsafe { std::slice::from_raw_parts(data, len) }),
    }
}

/// See [`bytes`], for a buffer to write to.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that live for `'a` and that nothing else uses meanwhile.
pub(super) unsafe fn bytes_mut<'a>(data: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(Error::new(ErrorCode::InvalidParameter, "data is NULL and len is not 0")),
        _ if len > isize::MAX as usize => Err(Error::new(ErrorCode::InvalidParameter, "len is larger than any object")),
        // SAFETY: the pointer is not NULL, so it points to `len` bytes.
        _ => Ok(unsafe { std::slice::from_raw_parts_mut(data, len) }),
    }
}

/// The caller's list of texts.
///
/// # Safety
/// `list` is NULL or points to `count` pointers, each NULL or a NUL-terminated string.
pub(super) unsafe fn list(list: *const *const c_char, count: usize, name: &str) -> Result<Vec<String>> {
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
    pointers.iter().map(|text| unsafe { required(*text, name) }.map(str::to_owned)).collect()
}

/// Texts that are lent to the caller: stored with a NUL behind each.
#[derive(Debug, Default)]
pub(super) struct Lent(Vec<Box<[u8]>>);

impl Lent {
    /// Takes back what was lent before, stores a copy and returns its address.
    pub fn set(&mut self, text: &str) -> *const c_char {
        self.0.clear();
        self.add(text)
    }

    /// See [`Self::set`], for bytes.
    pub fn set_bytes(&mut self, bytes: &[u8]) -> *const u8 {
        self.0.clear();
        self.add_bytes(bytes)
    }

    /// Lends another text beside those of this call. A NUL inside does not end what is stored, only what `strlen` sees.
    pub fn add(&mut self, text: &str) -> *const c_char {
        self.add_bytes(text.as_bytes()).cast()
    }

    /// Lends bytes beside the texts of this call.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> *const u8 {
        let stored = [bytes, &[0]].concat().into_boxed_slice();
        let address = stored.as_ptr();
        self.0.push(stored);
        address
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
