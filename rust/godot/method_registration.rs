//! Intercepts the registration of classes and methods with the engine, to register [`short_calls`] and
//! [`variant_calls`] in place of gdext's functions.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::OnceLock;

use godot::prelude::*;
use godot::sys::{
    GDExtensionClassCallVirtual, GDExtensionClassCreationInfo4, GDExtensionClassLibraryPtr, GDExtensionClassMethodInfo,
    GDExtensionConstStringNamePtr, GDExtensionInterfaceFunctionPtr, GDExtensionInterfaceGetProcAddress,
};

use super::{short_calls, variant_calls};

type GetProcAddress = unsafe extern "C" fn(*const c_char) -> GDExtensionInterfaceFunctionPtr;
type RegisterMethod =
    unsafe extern "C" fn(GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr, *const GDExtensionClassMethodInfo);
type RegisterClass = unsafe extern "C" fn(
    GDExtensionClassLibraryPtr,
    GDExtensionConstStringNamePtr,
    GDExtensionConstStringNamePtr,
    *const GDExtensionClassCreationInfo4,
);
type AnyFunction = unsafe extern "C" fn();

const REGISTER_METHOD: &CStr = c"classdb_register_extension_class_method";
const REGISTER_CLASS: &CStr = c"classdb_register_extension_class4";

static ENGINE: OnceLock<GetProcAddress> = OnceLock::new();
static METHOD: OnceLock<RegisterMethod> = OnceLock::new();
static CLASS: OnceLock<RegisterClass> = OnceLock::new();

/// Returns the function by which gdext finds the engine's functions; it replaces those that register classes and
/// methods.
pub fn intercept(engine: GDExtensionInterfaceGetProcAddress) -> GDExtensionInterfaceGetProcAddress {
    let Some(found) = engine else { return engine };
    ENGINE.get_or_init(|| found);
    Some(get_proc_address)
}

unsafe extern "C" fn get_proc_address(name: *const c_char) -> GDExtensionInterfaceFunctionPtr {
    let engine = ENGINE.get()?;
    // SAFETY: as the caller of this function, which passes a NUL-terminated name.
    let (found, name) = unsafe { (engine(name), CStr::from_ptr(name)) };
    // SAFETY: these are the types that the engine's header declares for the functions of these names. All functions are
    // passed as the same type, and cast back by their callers.
    unsafe {
        if name == REGISTER_METHOD {
            let register = std::mem::transmute::<AnyFunction, RegisterMethod>(found?);
            METHOD.get_or_init(|| register);
            return Some(std::mem::transmute::<RegisterMethod, AnyFunction>(register_method));
        }
        if name == REGISTER_CLASS {
            let register = std::mem::transmute::<AnyFunction, RegisterClass>(found?);
            CLASS.get_or_init(|| register);
            return Some(std::mem::transmute::<RegisterClass, AnyFunction>(register_class));
        }
    }
    found
}

unsafe extern "C" fn register_method(
    library: GDExtensionClassLibraryPtr,
    class: GDExtensionConstStringNamePtr,
    info: *const GDExtensionClassMethodInfo,
) {
    let Some(register) = METHOD.get() else { return };
    // SAFETY: gdext passes a live struct, and the name in it is a StringName.
    let (mut info, name) = unsafe { (*info, text((*info).name)) };
    // SAFETY: gdext passes a StringName.
    if let Some(call) = short_calls::find_method(&unsafe { text(class) }, &name) {
        info.ptrcall_func = Some(call);
    }
    // SAFETY: as above.
    unsafe { variant_calls::install(&mut info) };
    // SAFETY: as the caller of this function.
    unsafe { register(library, class, &raw const info) };
}

unsafe extern "C" fn register_class(
    library: GDExtensionClassLibraryPtr,
    class: GDExtensionConstStringNamePtr,
    base: GDExtensionConstStringNamePtr,
    info: *const GDExtensionClassCreationInfo4,
) {
    let Some(register) = CLASS.get() else { return };
    // SAFETY: gdext passes a live struct and StringNames.
    let (mut info, name) = unsafe { (*info, text(class)) };
    // gdext does not use the data of a class.
    if info.class_userdata.is_null()
        && let Some(name) = short_calls::class_with_virtuals(&name)
    {
        // The engine keeps the pointer until the library is unloaded.
        info.class_userdata = Box::into_raw(Box::new(name)).cast();
        info.get_virtual_func = Some(find_virtual);
    }
    // SAFETY: as the caller of this function.
    unsafe { register(library, class, base, &raw const info) };
}

/// The engine's function that finds a virtual method.
unsafe extern "C" fn find_virtual(
    class: *mut c_void,
    name: GDExtensionConstStringNamePtr,
    hash: u32,
) -> GDExtensionClassCallVirtual {
    // SAFETY: `register_class()` has registered this pointer, which is never freed. The engine passes a StringName.
    let (class, name) = unsafe { (*class.cast::<&'static str>(), text(name)) };
    short_calls::find_virtual(class, &name, hash)
}

/// # Safety
/// `name` points to a live StringName.
unsafe fn text(name: GDExtensionConstStringNamePtr) -> String {
    // SAFETY: as this function; gdext's type has the layout of the engine's.
    unsafe { &*name.cast::<StringName>() }.to_string()
}
