//! Texts and bytes that are lent to the caller.

use std::ffi::c_char;

/// Texts that are lent together, each stored with a NUL after it.
#[derive(Debug, Default)]
pub(super) struct LentTexts(Vec<Box<[u8]>>);

impl LentTexts {
    /// Takes back what was lent before, stores a copy and returns its address.
    pub fn set(&mut self, text: &str) -> *const c_char {
        self.0.clear();
        self.add(text)
    }

    /// Takes back what was lent before, and stores bytes.
    pub fn set_bytes(&mut self, bytes: &[u8]) -> *const u8 {
        self.0.clear();
        self.add_bytes(bytes)
    }

    /// Lends another text in addition to those since [`Self::set`]. A NUL inside ends only what `strlen` counts.
    pub fn add(&mut self, text: &str) -> *const c_char {
        self.add_bytes(text.as_bytes()).cast()
    }

    /// Lends bytes in addition to the texts since [`Self::set`].
    pub fn add_bytes(&mut self, bytes: &[u8]) -> *const u8 {
        let stored = [bytes, &[0]].concat().into_boxed_slice();
        let address = stored.as_ptr();
        self.0.push(stored);
        address
    }
}
