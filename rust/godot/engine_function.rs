//! A function of the engine that one of this library takes the place of.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::sync::OnceLock;

/// A function of the engine, before it is cast to its type.
pub type UntypedFunction = unsafe extern "C" fn();

/// A function of the engine that gdext does not call itself, of the type that the engine's header declares for it.
pub struct EngineFunction<F>(OnceLock<F>);

impl<F: Copy> EngineFunction<F> {
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub fn get(&self) -> Option<F> {
        self.0.get().copied()
    }

    /// Keeps the engine's function and returns the one that gdext gets instead.
    ///
    /// # Safety
    /// `F` is the type that the engine's header declares for `found`.
    pub unsafe fn replace(&self, found: UntypedFunction, ours: F) -> UntypedFunction {
        // SAFETY: as the caller of this function.
        unsafe { self.keep(found) };
        const { assert!(size_of::<F>() == size_of::<UntypedFunction>()) };
        // SAFETY: the engine's functions are all passed as this type, and cast back by their callers.
        unsafe { std::mem::transmute_copy(&ours) }
    }

    /// Keeps the engine's function.
    ///
    /// # Safety
    /// As for [`Self::replace`].
    pub unsafe fn keep(&self, found: UntypedFunction) {
        const { assert!(size_of::<F>() == size_of::<UntypedFunction>()) };
        // SAFETY: as the caller of this function; function pointers have one size.
        self.0.get_or_init(|| unsafe { std::mem::transmute_copy(&found) });
    }
}
