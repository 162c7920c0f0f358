//! Buffers that the engine passes by pointer to the virtual methods of streams.

#![expect(unsafe_code, reason = "the engine passes buffers and out parameters by pointer")]

use std::cell::RefCell;

use godot::global::Error as GodotError;
use godot_core::meta::RawPtr;

use super::convert;
use crate::error::Result;

/// Reports a count to the engine and the result as its number.
pub(super) fn report(result: &Result, count: usize, out: RawPtr<*mut i32>) -> GodotError {
    // SAFETY: the pointer is the engine's out parameter of the call that is being answered.
    unsafe { *out.ptr() = convert::integer32(count) };
    convert::error(result)
}

/// Larger copies are not kept until the next one.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    static LENT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends a packet to the engine, which copies it before the script goes on; returns the result's number. What is lent is a copy
/// of this thread's own: another thread may use the object as soon as its lock is open, and move the packet.
pub(super) fn lend(
    packet: Result<&[u8]>,
    buffer: RawPtr<*mut RawPtr<*const u8>>,
    size: RawPtr<*mut i32>,
) -> GodotError {
    match packet {
        Ok(packet) => LENT.with_borrow_mut(|lent| {
            lent.clear();
            lent.shrink_to(KEPT_BYTES);
            lent.extend_from_slice(packet);
            // SAFETY: both pointers are the engine's out parameters of this call, and the copy stays where it is until this
            // thread lends the next packet.
            unsafe {
                *buffer.ptr() = RawPtr::new(lent.as_ptr());
                *size.ptr() = convert::integer32(lent.len());
            }
            GodotError::OK
        }),
        Err(error) => convert::code(error.code()),
    }
}

/// A count, 0 where there is an error.
pub(super) fn split(result: Result<usize>) -> (usize, Result) {
    match result {
        Ok(count) => (count, Ok(())),
        Err(error) => (0, Err(error)),
    }
}

/// The engine's buffer as a slice.
pub(super) fn buffer<'a>(pointer: RawPtr<*mut u8>, bytes: i32) -> &'a mut [u8] {
    match usize::try_from(bytes) {
        // SAFETY: the engine passes a buffer of that size, valid and not shared during the call.
        Ok(len) if len > 0 => unsafe { std::slice::from_raw_parts_mut(pointer.ptr(), len) },
        _ => &mut [],
    }
}

/// The engine's data as a slice.
pub(super) fn data<'a>(pointer: RawPtr<*const u8>, bytes: i32) -> &'a [u8] {
    match usize::try_from(bytes) {
        // SAFETY: the engine passes a buffer of that size, valid during the call.
        Ok(len) if len > 0 => unsafe { std::slice::from_raw_parts(pointer.ptr(), len) },
        _ => &[],
    }
}
