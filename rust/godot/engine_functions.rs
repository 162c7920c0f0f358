//! Decides which of the engine's functions gdext gets from this library: those of [`method_registration`],
//! [`missing_classes`] and [`missing_methods`].

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_char};
use std::sync::OnceLock;

use godot::sys::{GDExtensionInterfaceFunctionPtr, GDExtensionInterfaceGetProcAddress};

use super::{method_registration, missing_classes, missing_methods};

/// A function of the engine, before it is cast to its type.
pub type UntypedFunction = unsafe extern "C" fn();

/// Returns the function that takes the place of another one, if there is one.
type Replace = unsafe fn(&CStr, UntypedFunction) -> Option<UntypedFunction>;

type GetProcAddress = unsafe extern "C" fn(*const c_char) -> GDExtensionInterfaceFunctionPtr;

static ENGINE: OnceLock<GetProcAddress> = OnceLock::new();

/// Returns the function by which gdext finds the engine's functions.
pub fn intercept(engine: GDExtensionInterfaceGetProcAddress) -> GDExtensionInterfaceGetProcAddress {
    let Some(found) = engine else { return engine };
    ENGINE.get_or_init(|| found);
    Some(get_proc_address)
}

unsafe extern "C" fn get_proc_address(name: *const c_char) -> GDExtensionInterfaceFunctionPtr {
    // SAFETY: as the caller of this function, which passes a NUL-terminated name.
    let name = unsafe { CStr::from_ptr(name) };
    let found = find(name)?;
    let replace: [Replace; 3] = [missing_classes::replace, missing_methods::replace, method_registration::replace];
    // SAFETY: the engine's function for the name, and those that replace it, have the type of the name. Each calls the
    // one that it replaces.
    Some(replace.into_iter().fold(found, |found, replace| unsafe { replace(name, found) }.unwrap_or(found)))
}

/// Returns the engine's own function of a name.
fn find(name: &CStr) -> GDExtensionInterfaceFunctionPtr {
    // SAFETY: the name is NUL-terminated.
    ENGINE.get().and_then(|engine| unsafe { engine(name.as_ptr()) })
}

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
