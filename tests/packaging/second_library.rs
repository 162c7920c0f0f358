//! A second Rust library for a C program that uses wspeer's static library: it brings a standard library of its own.

use std::collections::HashSet;
use std::ffi::{CStr, c_char};
use std::sync::mpsc;

/// Counts the different words of a text on a thread.
///
/// # Safety
///
/// `text` must be a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn second_count_words(text: *const c_char) -> usize {
    // SAFETY: the caller passes a C string.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let words: HashSet<&str> = text.split_whitespace().collect();
        sender.send(words.len()).is_ok()
    });
    let was_sent = thread.join().is_ok_and(|sent| sent);
    if was_sent { receiver.recv().unwrap_or(0) } else { 0 }
}

/// Returns how many of two panics were not caught: it unwinds with this library's own handlers.
#[unsafe(no_mangle)]
pub extern "C" fn second_count_panics() -> usize {
    std::panic::set_hook(Box::new(|_| ()));
    (0..2).filter(|number| std::panic::catch_unwind(|| assert!(*number > 2, "{number} is small")).is_ok()).count()
}
