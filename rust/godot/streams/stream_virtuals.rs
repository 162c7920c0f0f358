//! The methods that move the bytes of `RustStreamPeerTCP` and `RustStreamPeerTLS`.

use godot::global::Error as GodotError;
use godot::prelude::*;
use godot_core::meta::RawPtr;

use crate::error::Result;
use crate::godot::object_field::ObjectClass;
use crate::godot::object_lock::Lockable;
use crate::godot::{convert, engine_pointers};

/// The object of a stream class.
pub trait ByteStream: Lockable {
    /// What `get_available_bytes()` returns without a connection.
    const AVAILABLE_WITHOUT_CONNECTION: i32;

    /// Fills the buffer, and blocks until it is full. Returns the number of bytes that were read, before an error too.
    fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result);

    fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize>;

    fn write_all(&mut self, data: &[u8]) -> Result;

    fn write_partial(&mut self, data: &[u8]) -> Result<usize>;

    /// Returns the number of bytes that can be read, `None` without a connection.
    fn available_bytes(&mut self) -> Option<usize>;
}

/// A class whose object is a [`ByteStream`].
pub trait StreamClass: ObjectClass<Object: ByteStream> {}

impl<C: ObjectClass<Object: ByteStream>> StreamClass for C {}

/// Lists the virtual methods of a stream class.
macro_rules! stream_virtuals {
    ($class:ident) => {
        $crate::godot::short_calls::virtual_calls! {
            $class as StreamPeerExtension:
            get_data_rawptr = stream_virtuals::get_data,
            get_partial_data_rawptr = stream_virtuals::get_partial_data,
            put_data_rawptr = stream_virtuals::put_data,
            put_partial_data_rawptr = stream_virtuals::put_partial_data,
            get_available_bytes = stream_virtuals::get_available_bytes,
        }
    };
}

pub(super) use stream_virtuals;

pub fn get_data<C: StreamClass>(
    this: &C,
    r_buffer: RawPtr<*mut u8>,
    r_bytes: i32,
    r_received: RawPtr<*mut i32>,
) -> GodotError {
    let buffer = engine_pointers::buffer(r_buffer, r_bytes);
    report(this, r_received, |stream| stream.read_all(buffer))
}

pub fn get_partial_data<C: StreamClass>(
    this: &C,
    r_buffer: RawPtr<*mut u8>,
    r_bytes: i32,
    r_received: RawPtr<*mut i32>,
) -> GodotError {
    let buffer = engine_pointers::buffer(r_buffer, r_bytes);
    report(this, r_received, |stream| count_and_result(stream.read_partial(buffer)))
}

pub fn put_data<C: StreamClass>(
    this: &C,
    p_data: RawPtr<*const u8>,
    p_bytes: i32,
    r_sent: RawPtr<*mut i32>,
) -> GodotError {
    let data = engine_pointers::data(p_data, p_bytes);
    report(this, r_sent, |stream| count_and_result(stream.write_all(data).map(|()| data.len())))
}

pub fn put_partial_data<C: StreamClass>(
    this: &C,
    p_data: RawPtr<*const u8>,
    p_bytes: i32,
    r_sent: RawPtr<*mut i32>,
) -> GodotError {
    let data = engine_pointers::data(p_data, p_bytes);
    report(this, r_sent, |stream| count_and_result(stream.write_partial(data)))
}

pub fn get_available_bytes<C: StreamClass>(this: &C) -> i32 {
    let available = this.object_field().with(None, ByteStream::available_bytes);
    available.map_or(C::Object::AVAILABLE_WITHOUT_CONNECTION, convert::integer32)
}

/// Runs a call, and writes the number of bytes to the engine's out parameter.
fn report<C: StreamClass>(
    this: &C,
    out: RawPtr<*mut i32>,
    call: impl FnOnce(&mut C::Object) -> (usize, Result),
) -> GodotError {
    let (count, error) = counted(this, call);
    engine_pointers::report_count(count, out);
    error
}

/// Runs a call that returns a number of bytes and a result, and returns the engine's number of the result.
fn counted<C: StreamClass>(this: &C, call: impl FnOnce(&mut C::Object) -> (usize, Result)) -> (usize, GodotError) {
    this.object_field().with((0, GodotError::ERR_BUSY), |stream| {
        let (count, result) = call(stream);
        (count, convert::error(&result))
    })
}

/// Splits a result into its count, 0 for an error, and the result without it.
fn count_and_result(result: Result<usize>) -> (usize, Result) {
    match result {
        Ok(count) => (count, Ok(())),
        Err(error) => (0, Err(error)),
    }
}

/// Implements `get_data()`: waits for as many bytes as a script asks for; returns the engine's number of the result,
/// and what was read, before an error too.
pub fn read_all_for_script<C: StreamClass>(this: &C, bytes: i32) -> VarArray {
    let Ok(wanted) = usize::try_from(bytes) else {
        return varray![GodotError::ERR_INVALID_PARAMETER, &PackedByteArray::new()];
    };
    let mut data = PackedByteArray::new();
    data.resize(wanted);
    let (count, error) = counted(this, |stream| stream.read_all(data.as_mut_slice()));
    data.resize(count);
    varray![error, &data]
}
