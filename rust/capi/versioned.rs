//! Structs that grow with later versions: the first field is the size the caller knows.

use crate::error::{Error, ErrorCode, Result};

/// A `repr(C)` struct whose first field is `struct_size: usize`, and for which every bit pattern of its fields is a
/// value.
///
/// # Safety
/// The description is true, and [`Self::ENDS`] are offsets inside the struct, or its size.
pub(super) unsafe trait Versioned: Copy {
    /// The struct's name in the header.
    const NAME: &'static str;

    /// Sizes that the versions of the header have declared: offsets of the fields that were appended later, and the
    /// whole size.
    const ENDS: &'static [usize];
}

fn check_size<T: Versioned>(size: usize) -> Result {
    if T::ENDS.contains(&size) {
        return Ok(());
    }
    let message = format!(
        "struct_size is {size}, not a size that a version of wspeer.h up to this library's declares for {}",
        T::NAME
    );
    Err(Error::new(ErrorCode::InvalidParameter, message))
}

fn null<T: Versioned>() -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("the pointer to {} is NULL", T::NAME))
}

/// Reads the caller's fields, and takes those it does not know from `base`.
///
/// # Safety
/// `pointer` is NULL or points to a struct whose first field is its size in bytes.
pub(super) unsafe fn read<T: Versioned>(pointer: *const T, base: T) -> Result<T> {
    if pointer.is_null() {
        return Err(null::<T>());
    }
    // SAFETY: not NULL, so at least the first field is there.
    let size = unsafe { pointer.cast::<usize>().read() };
    check_size::<T>(size)?;
    let mut value = base;
    // SAFETY: the struct has `size` bytes, at most this library's size, and every bit pattern is a value of its fields.
    unsafe { std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut value).cast::<u8>(), size) };
    Ok(value)
}

/// Reads the caller's fields, or returns `defaults` for NULL.
///
/// # Safety
/// As for [`read`].
pub(super) unsafe fn read_optional<T: Versioned>(pointer: *const T, defaults: T) -> Result<T> {
    // SAFETY: as this function.
    if pointer.is_null() { Ok(defaults) } else { unsafe { read(pointer, defaults) } }
}

/// Fills as much of the caller's struct as it has.
///
/// # Safety
/// `pointer` is NULL or points to `size` bytes.
pub(super) unsafe fn write<T: Versioned>(value: T, pointer: *mut T, size: usize) -> Result {
    if pointer.is_null() {
        return Err(null::<T>());
    }
    check_size::<T>(size)?;
    // SAFETY: not NULL, so there are `size` bytes, at most this library's size, the first field among them.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), pointer.cast::<u8>(), size);
        pointer.cast::<usize>().write(size);
    }
    Ok(())
}

/// Returns the size in the first field of the caller's struct, 0 for NULL. Reads only that field, because the struct
/// may be smaller than this library's.
///
/// # Safety
/// `pointer` is NULL or points to a struct with that field set.
pub(super) unsafe fn size_of_caller<T: Versioned>(pointer: *const T) -> usize {
    // SAFETY: not NULL, so at least the first field is there.
    if pointer.is_null() { 0 } else { unsafe { pointer.cast::<usize>().read() } }
}
