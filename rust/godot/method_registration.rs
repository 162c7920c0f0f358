//! Intercepts the registration of methods with the engine, to register [`pointer_calls`] and [`variant_calls`] in place
//! of gdext's functions.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_void};

use godot::prelude::*;
use godot::sys::{
    GDExtensionClassLibraryPtr, GDExtensionClassMethodInfo, GDExtensionConstStringNamePtr,
    GDExtensionInterfaceClassdbRegisterExtensionClassMethod as RegisterMethod,
};

use super::engine_functions::{EngineFunction, UntypedFunction};
use super::variant_calls;
use super::websocket_peer::pointer_calls;

const REGISTER_METHOD: &CStr = c"classdb_register_extension_class_method";

static REGISTER: EngineFunction<RegisterMethod> = EngineFunction::new();

/// Returns the function that gdext gets instead of the engine's function `found`, if this module has one.
///
/// # Safety
/// The engine returned `found` for the name.
pub unsafe fn replace(name: &CStr, found: UntypedFunction) -> Option<UntypedFunction> {
    // SAFETY: as the caller of this function.
    (name == REGISTER_METHOD).then(|| unsafe { REGISTER.replace(found, register_method) })
}

unsafe extern "C" fn register_method(
    library: GDExtensionClassLibraryPtr,
    class: GDExtensionConstStringNamePtr,
    info: *const GDExtensionClassMethodInfo,
) {
    let Some(register) = REGISTER.get() else { return };
    // SAFETY: gdext passes a live struct and live names, each of the size of a StringName.
    let (mut info, class, name) = unsafe { (*info, &*class.cast::<StringName>(), &*(*info).name.cast::<StringName>()) };
    let name = name.to_string();
    if *class == "RustWebSocketPeer"
        && let Some(call) = pointer_calls::pointer_call(&name)
    {
        info.ptrcall_func = call;
    }
    // SAFETY: as above.
    unsafe { variant_calls::install(&mut info) };
    // SAFETY: as the caller of this function.
    unsafe { register(library, std::ptr::from_ref(class).cast_mut().cast::<c_void>().cast(), &raw const info) };
}
