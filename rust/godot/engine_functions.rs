//! Decides which of the engine's functions gdext gets from this library: those of [`method_registration`],
//! [`missing_classes`] and [`missing_methods`].

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_char};
use std::sync::OnceLock;

use godot::sys::{GDExtensionInterfaceFunctionPtr, GDExtensionInterfaceGetProcAddress};

use super::engine_function::UntypedFunction;
use super::{method_registration, missing_classes, missing_methods};

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
