//! Intercepts the registration of methods with the engine, to register [`pointer_calls`] and [`variant_calls`] in place
//! of gdext's functions.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::OnceLock;

use godot::prelude::*;
use godot::sys::{
    GDExtensionClassLibraryPtr, GDExtensionClassMethodInfo, GDExtensionConstStringNamePtr,
    GDExtensionInterfaceFunctionPtr, GDExtensionInterfaceGetProcAddress,
};

use super::variant_calls;
use super::websocket_peer::pointer_calls;

type GetProcAddress = unsafe extern "C" fn(*const c_char) -> GDExtensionInterfaceFunctionPtr;
type RegisterMethod =
    unsafe extern "C" fn(GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr, *const GDExtensionClassMethodInfo);

const REGISTER_METHOD: &CStr = c"classdb_register_extension_class_method";

static ENGINE: OnceLock<GetProcAddress> = OnceLock::new();
static REGISTER: OnceLock<RegisterMethod> = OnceLock::new();

/// Returns the function by which gdext finds the engine's functions; it replaces the one that registers methods.
pub fn intercept(engine: GDExtensionInterfaceGetProcAddress) -> GDExtensionInterfaceGetProcAddress {
    let Some(found) = engine else { return engine };
    ENGINE.get_or_init(|| found);
    Some(get_proc_address)
}

unsafe extern "C" fn get_proc_address(name: *const c_char) -> GDExtensionInterfaceFunctionPtr {
    let engine = ENGINE.get()?;
    // SAFETY: as the caller of this function, which passes a NUL-terminated name.
    let (found, name) = unsafe { (engine(name), CStr::from_ptr(name)) };
    if name != REGISTER_METHOD {
        return found;
    }
    // SAFETY: this is the type that the engine's header declares for the function of this name.
    let register: RegisterMethod = unsafe { std::mem::transmute::<unsafe extern "C" fn(), RegisterMethod>(found?) };
    REGISTER.get_or_init(|| register);
    let ours: RegisterMethod = register_method;
    // SAFETY: the engine's functions are all passed as this type, and cast back by their callers.
    Some(unsafe { std::mem::transmute::<RegisterMethod, unsafe extern "C" fn()>(ours) })
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
