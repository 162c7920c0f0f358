//! Buffers and out parameters that the engine passes to virtual methods by pointer.

#![expect(unsafe_code, reason = "the engine passes buffers and out parameters by pointer")]

use std::cell::RefCell;

use godot::global::Error as GodotError;
use godot_core::meta::RawPtr;

use super::convert;
use crate::error::Result;

/// Capacity that a thread keeps for the next lent packet.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    static LENT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes a byte count to the engine's out parameter.
pub fn report_count(count: usize, out: RawPtr<*mut i32>) {
    // SAFETY: the pointer is the engine's out parameter of the call that is being answered.
    unsafe { *out.ptr() = convert::integer32(count) };
}

/// Lends a copy of a packet to the engine, which copies it before its next call. The copy belongs to this thread,
/// because another thread may use the object, and move the packet, as soon as the object's lock is released.
pub fn lend_copy(packet: Result<&[u8]>, buffer: RawPtr<*mut RawPtr<*const u8>>, size: RawPtr<*mut i32>) -> GodotError {
    match packet {
        Ok(packet) => LENT.with_borrow_mut(|lent| {
            lent.clear();
            lent.shrink_to(KEPT_BYTES);
            lent.extend_from_slice(packet);
            lend(lent, buffer, size)
        }),
        Err(error) => convert::code(error.code()),
    }
}

/// Lends a packet to the engine, which copies it before its next call on the object that holds it.
pub fn lend_in_place(
    packet: Result<&[u8]>,
    buffer: RawPtr<*mut RawPtr<*const u8>>,
    size: RawPtr<*mut i32>,
) -> GodotError {
    match packet {
        Ok(packet) => lend(packet, buffer, size),
        Err(error) => convert::code(error.code()),
    }
}

fn lend(packet: &[u8], buffer: RawPtr<*mut RawPtr<*const u8>>, size: RawPtr<*mut i32>) -> GodotError {
    // SAFETY: both pointers are the engine's out parameters of the call that is being answered.
    unsafe {
        *buffer.ptr() = RawPtr::new(packet.as_ptr());
        *size.ptr() = convert::integer32(packet.len());
    }
    GodotError::OK
}

/// Returns the engine's buffer as a slice.
pub fn buffer<'a>(pointer: RawPtr<*mut u8>, bytes: i32) -> &'a mut [u8] {
    match usize::try_from(bytes) {
        // SAFETY: the engine passes a buffer of that size, valid and not shared during the call.
        Ok(len) if len > 0 => unsafe { std::slice::from_raw_parts_mut(pointer.ptr(), len) },
        _ => &mut [],
    }
}

/// Returns the engine's data as a slice.
pub fn data<'a>(pointer: RawPtr<*const u8>, bytes: i32) -> &'a [u8] {
    match usize::try_from(bytes) {
        // SAFETY: the engine passes a buffer of that size, valid during the call.
        Ok(len) if len > 0 => unsafe { std::slice::from_raw_parts(pointer.ptr(), len) },
        _ => &[],
    }
}
