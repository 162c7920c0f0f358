//! Handles: objects behind opaque pointers, a lock around each, and the boundary that no panic crosses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::Mutex;

use super::text::Lent;
use crate::error::{Error, ErrorCode, Result};
use crate::net::RawDescriptor;

/// A type that C sees as an opaque struct.
pub(super) trait Handle: Send + Sync {
    /// The object behind it.
    type Object;

    /// A handle around an object.
    fn new(content: Mutex<Content<Self::Object>>) -> Self;

    /// The object and what belongs to it.
    fn content(&self) -> &Mutex<Content<Self::Object>>;
}

/// Makes a struct with the one field `content` a [`Handle`].
macro_rules! handle {
    ($name:ident, $object:ty) => {
        impl Handle for $name {
            type Object = $object;

            fn new(content: Mutex<Content<$object>>) -> Self {
                Self { content }
            }

            fn content(&self) -> &Mutex<Content<$object>> {
                &self.content
            }
        }
    };
}
pub(super) use handle;

/// An object, the text that is lent to the caller, and the last refusal.
#[derive(Debug)]
pub(super) struct Content<T> {
    pub object: T,
    pub lent: Lent,
    pub refusal: String,
    is_poisoned: bool,
}

impl<T> Content<T> {
    /// What a handle around this object has inside.
    pub fn new(object: T) -> Self {
        Self { object, lent: Lent::default(), refusal: String::new(), is_poisoned: false }
    }
}

/// Makes a handle that the caller owns until [`free`].
pub(super) fn leak<H: Handle>(object: H::Object) -> *mut H {
    Box::into_raw(Box::new(H::new(Mutex::new(Content::new(object)))))
}

/// Ends a handle; NULL is ignored.
///
/// # Safety
/// `handle` is NULL or came from [`leak`] and is not used any more.
pub(super) unsafe fn free<H: Handle>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: it came from `leak`, and this is its last use.
        let handle = unsafe { Box::from_raw(handle) };
        // A panic in the object's destructor must not reach the caller; nobody is left to be told.
        let _panicked = catch_unwind(AssertUnwindSafe(|| drop(handle)));
    }
}

/// Runs a call on the object. NULL and an object that panicked before are errors.
///
/// # Safety
/// `handle` is NULL or came from [`leak`] and was not freed.
pub(super) unsafe fn with<H: Handle, R>(
    handle: *const H,
    call: impl FnOnce(&mut Content<H::Object>) -> Result<R>,
) -> Result<R> {
    // SAFETY: as this function.
    let Some(handle) = (unsafe { handle.as_ref() }) else {
        return Err(Error::new(ErrorCode::InvalidParameter, "the handle is NULL"));
    };
    let mut content = handle.content().lock();
    if content.is_poisoned {
        return Err(Error::new(ErrorCode::Bug, "an earlier call on this object failed inside the library; free it"));
    }
    match catch_unwind(AssertUnwindSafe(|| call(&mut content))) {
        Ok(result) => {
            if let Err(error) = &result {
                error.message().clone_into(&mut content.refusal);
            }
            result
        }
        Err(_) => {
            content.is_poisoned = true;
            Err(Error::new(ErrorCode::Bug, "the library failed in this call; free the object"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number {
        content: Mutex<Content<i32>>,
    }
    handle!(Number, i32);

    #[test]
    fn a_panic_stays_inside_and_poisons_the_handle() {
        let handle: *mut Number = leak(1);
        // SAFETY: `handle` came from `leak` and is freed at the end.
        unsafe {
            let silent = std::panic::take_hook();
            std::panic::set_hook(Box::new(|_| {}));
            let result: Result = with(handle, |_| panic!("on purpose"));
            std::panic::set_hook(silent);
            assert_eq!(result.unwrap_err().code(), ErrorCode::Bug);
            assert_eq!(with(handle, |_| Ok(())).unwrap_err().code(), ErrorCode::Bug);
            free(handle);
        }
    }

    #[test]
    fn null_is_an_error_and_can_be_freed() {
        // SAFETY: NULL is allowed.
        unsafe {
            let null: *mut Number = std::ptr::null_mut();
            assert_eq!(with(null, |_| Ok(())).unwrap_err().code(), ErrorCode::InvalidParameter);
            free(null);
        }
    }
}

/// Returns a descriptor in the type that the C interface has for all systems.
pub(super) fn descriptor_number(descriptor: RawDescriptor) -> i64 {
    #[cfg(unix)]
    return i64::from(descriptor);
    #[cfg(windows)]
    return descriptor as i64;
}
