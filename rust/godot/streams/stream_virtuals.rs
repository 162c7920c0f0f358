//! The methods that move the bytes of `RustStreamPeerTCP` and `RustStreamPeerTLS`.

use godot::global::Error as GodotError;
use godot::prelude::*;

use crate::error::Result;
use crate::godot::convert;

/// Implements `IStreamPeerExtension` for a class by the methods of one of its fields.
macro_rules! stream_virtuals {
    ($class:ident . $field:ident) => {
        #[expect(unsafe_code, reason = "the engine passes buffers by pointer")]
        #[godot_api]
        impl IStreamPeerExtension for $class {
            unsafe fn get_data_rawptr(
                &mut self,
                r_buffer: RawPtr<*mut u8>,
                r_bytes: i32,
                r_received: RawPtr<*mut i32>,
            ) -> GodotError {
                let (count, result) = self.$field.read_all(engine_pointers::buffer(r_buffer, r_bytes));
                engine_pointers::report_count(&result, count, r_received)
            }

            unsafe fn get_partial_data_rawptr(
                &mut self,
                r_buffer: RawPtr<*mut u8>,
                r_bytes: i32,
                r_received: RawPtr<*mut i32>,
            ) -> GodotError {
                let read = self.$field.read_partial(engine_pointers::buffer(r_buffer, r_bytes));
                let (count, result) = stream_virtuals::count_and_result(read);
                engine_pointers::report_count(&result, count, r_received)
            }

            unsafe fn put_data_rawptr(
                &mut self,
                p_data: RawPtr<*const u8>,
                p_bytes: i32,
                r_sent: RawPtr<*mut i32>,
            ) -> GodotError {
                let result = self.$field.write_all(engine_pointers::data(p_data, p_bytes));
                let sent = if result.is_ok() { usize::try_from(p_bytes).unwrap_or(0) } else { 0 };
                engine_pointers::report_count(&result, sent, r_sent)
            }

            unsafe fn put_partial_data_rawptr(
                &mut self,
                p_data: RawPtr<*const u8>,
                p_bytes: i32,
                r_sent: RawPtr<*mut i32>,
            ) -> GodotError {
                let written = self.$field.write_partial(engine_pointers::data(p_data, p_bytes));
                let (count, result) = stream_virtuals::count_and_result(written);
                engine_pointers::report_count(&result, count, r_sent)
            }

            fn get_available_bytes(&self) -> i32 {
                self.$field.available_bytes().map_or(Self::AVAILABLE_WITHOUT_CONNECTION, convert::integer32)
            }
        }
    };
}

pub(super) use stream_virtuals;

/// Splits a result into its count, 0 for an error, and the result without it.
pub fn count_and_result(result: Result<usize>) -> (usize, Result) {
    match result {
        Ok(count) => (count, Ok(())),
        Err(error) => (0, Err(error)),
    }
}

/// Implements `get_data()`: waits for as many bytes as a script asks for; returns the engine's number of the result,
/// and what was read, before an error too.
pub fn read_all_for_script(bytes: i32, read_all: impl FnOnce(&mut [u8]) -> (usize, Result)) -> VarArray {
    let Ok(wanted) = usize::try_from(bytes) else {
        return varray![GodotError::ERR_INVALID_PARAMETER, &PackedByteArray::new()];
    };
    let mut data = PackedByteArray::new();
    data.resize(wanted);
    let (count, result) = read_all(data.as_mut_slice());
    data.resize(count);
    varray![convert::error(&result), &data]
}
