//! Handles: objects with a lock that C knows by opaque pointers, and the boundary that no panic crosses.
//!
//! A call runs through one of [`run`] (keeps the reason of a refusal), [`attempt`] (does not), [`query`], [`lend`] and
//! [`wait`].

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use parking_lot::Mutex;

use super::arguments::timeout;
use super::error::wsp_error;
use super::lent::LentTexts;
use crate::error::{Error, ErrorCode, Result};
use crate::net::RawDescriptor;
use crate::peer::waiting::{self, WaitStep};

/// A type that C sees as an opaque struct.
pub(super) trait Handle: Send + Sync {
    /// The object that the handle's functions act on.
    type Object;

    /// What events of the object lend to the caller.
    type LentEvent: Default;

    /// Makes a handle around an object.
    fn new(guarded: Mutex<Guarded<Self::Object, Self::LentEvent>>) -> Self;

    /// Returns the object and what belongs to it.
    fn guarded(&self) -> &Mutex<Guarded<Self::Object, Self::LentEvent>>;

    /// Keeps the reason of a refused call in objects that have an error message of their own; others use
    /// [`Guarded::refusal`].
    fn record_error(_object: &mut Self::Object, result: Result) -> Result {
        result
    }
}

/// Makes a struct with the one field `guarded` a [`Handle`].
macro_rules! handle {
    ($name:ident, $object:ty, $event:ty $(, $record_error:expr)?) => {
        impl Handle for $name {
            type Object = $object;
            type LentEvent = $event;

            fn new(guarded: Mutex<Guarded<$object, $event>>) -> Self {
                Self { guarded: guarded.into() }
            }

            fn guarded(&self) -> &Mutex<Guarded<$object, $event>> {
                &self.guarded
            }

            $(fn record_error(object: &mut $object, result: Result) -> Result {
                $record_error(object, result)
            })?
        }
    };
}
pub(super) use handle;

/// The content of a handle's lock: an object, what it has lent to the caller, and the reason of the last refusal.
#[derive(Debug)]
pub(super) struct Guarded<T, E = ()> {
    pub object: T,
    pub lent: LentTexts,
    pub event: E,
    pub refusal: String,
    /// A call has panicked.
    pub is_poisoned: bool,
}

impl<T, E: Default> Guarded<T, E> {
    /// Makes what a handle around this object contains.
    pub fn new(object: T) -> Self {
        Self { object, lent: LentTexts::default(), event: E::default(), refusal: String::new(), is_poisoned: false }
    }
}

/// The [`Guarded`] of a handle type.
pub(super) type GuardedOf<H> = Guarded<<H as Handle>::Object, <H as Handle>::LentEvent>;

/// Makes a handle that the caller owns until [`free`].
pub(super) fn leak<H: Handle>(object: H::Object) -> *mut H {
    Box::into_raw(Box::new(H::new(Mutex::new(Guarded::new(object)))))
}

/// Frees a handle; NULL is ignored.
///
/// # Safety
/// `handle` is NULL or came from [`leak`] and is not used any more.
pub(super) unsafe fn free<H: Handle>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: it came from `leak`, and this is its last use.
        let handle = unsafe { Box::from_raw(handle) };
        // A panic in the object's destructor must not reach the caller, and no result could report it.
        let _panicked = catch_unwind(AssertUnwindSafe(|| drop(handle)));
    }
}

/// Runs a call on the object and what belongs to it. NULL and an object that panicked before are errors.
///
/// # Safety
/// `handle` is NULL or came from [`leak`] and was not freed.
pub(super) unsafe fn with<H: Handle, R>(
    handle: *const H,
    call: impl FnOnce(&mut GuardedOf<H>) -> Result<R>,
) -> Result<R> {
    // SAFETY: as this function.
    let Some(handle) = (unsafe { handle.as_ref() }) else {
        return Err(Error::new(ErrorCode::InvalidParameter, "the handle is NULL"));
    };
    let mut guarded = handle.guarded().lock();
    if guarded.is_poisoned {
        return Err(Error::new(ErrorCode::Bug, "an earlier call on this object failed inside the library; free it"));
    }
    match catch_unwind(AssertUnwindSafe(|| call(&mut guarded))) {
        Ok(result) => {
            if let Err(error) = &result {
                error.message().clone_into(&mut guarded.refusal);
            }
            result
        }
        Err(_) => {
            guarded.is_poisoned = true;
            Err(Error::new(ErrorCode::Bug, "the library failed in this call; free the object"))
        }
    }
}

/// Runs a call and keeps the reason of a refusal for the object's error message.
///
/// # Safety
/// As for [`with`].
pub(super) unsafe fn run<H: Handle>(handle: *const H, call: impl FnOnce(&mut H::Object) -> Result) -> wsp_error {
    // SAFETY: as this function.
    unsafe {
        attempt(handle, |guarded| {
            let result = call(&mut guarded.object);
            H::record_error(&mut guarded.object, result)
        })
    }
}

/// Runs a call whose failure is an answer, such as an empty queue, that the error message need not explain.
///
/// # Safety
/// As for [`with`].
pub(super) unsafe fn attempt<H: Handle>(handle: *const H, call: impl FnOnce(&mut GuardedOf<H>) -> Result) -> wsp_error {
    // SAFETY: as this function.
    (&unsafe { with(handle, call) }).into()
}

/// Waits for an event of the object, without its lock while the thread blocks. `begin` takes one step.
///
/// # Safety
/// As for [`with`], until this call returns.
pub(super) unsafe fn wait<H: Handle>(
    handle: *const H,
    timeout_ms: i32,
    begin: impl Fn(&mut H::Object, Option<Instant>) -> Result<WaitStep>,
) -> wsp_error {
    // SAFETY: as this function.
    let result = waiting::wait(timeout(timeout_ms), |deadline| unsafe {
        with(handle, |guarded| begin(&mut guarded.object, deadline))
    });
    match result {
        Ok(true) => wsp_error::WSP_OK,
        // A timeout is no refusal that the error message has to explain.
        Ok(false) => wsp_error::WSP_ERR_TIMEOUT,
        Err(error) => error.code().into(),
    }
}

/// Runs a query; a NULL or broken handle gives `fallback`.
///
/// # Safety
/// As for [`with`].
pub(super) unsafe fn query<H: Handle, R>(handle: *const H, fallback: R, ask: impl FnOnce(&mut H::Object) -> R) -> R {
    // SAFETY: as this function.
    unsafe { with(handle, |guarded| Ok(ask(&mut guarded.object))) }.unwrap_or(fallback)
}

/// Lends a text to the caller; a NULL or broken handle gives "".
///
/// # Safety
/// As for [`with`].
pub(super) unsafe fn lend<H: Handle>(handle: *const H, text: impl FnOnce(&mut H::Object) -> String) -> *const c_char {
    // SAFETY: as this function.
    let lent = unsafe { with(handle, |guarded| Ok(guarded.lent.set(&text(&mut guarded.object)))) };
    lent.unwrap_or(c"".as_ptr())
}

/// Lends the reason of the last refusal, of objects without an error message of their own.
///
/// # Safety
/// As for [`with`].
pub(super) unsafe fn lend_refusal<H: Handle>(handle: *const H) -> *const c_char {
    // SAFETY: as this function.
    unsafe { with(handle, |guarded| Ok(guarded.lent.set(&guarded.refusal))) }.unwrap_or(c"".as_ptr())
}

/// Returns a descriptor in the type that the C interface has for all systems.
pub(super) fn descriptor_number(descriptor: RawDescriptor) -> i64 {
    #[cfg(unix)]
    return i64::from(descriptor);
    #[cfg(windows)]
    return descriptor as i64;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number {
        guarded: Mutex<Guarded<i32>>,
    }
    handle!(Number, i32, ());

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
