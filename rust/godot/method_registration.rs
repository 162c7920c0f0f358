//! Intercepts the registration of classes and methods with the engine, to register [`short_calls`] and
//! [`variant_calls`] in place of gdext's functions.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_void};

use godot::prelude::*;
use godot::sys::{
    GDExtensionClassCallVirtual, GDExtensionClassCreationInfo4, GDExtensionClassLibraryPtr, GDExtensionClassMethodInfo,
    GDExtensionConstStringNamePtr, GDExtensionInterfaceClassdbRegisterExtensionClass4 as RegisterClass,
    GDExtensionInterfaceClassdbRegisterExtensionClassMethod as RegisterMethod,
};

use super::engine_function::{EngineFunction, UntypedFunction};
use super::{short_calls, variant_calls};

static METHOD: EngineFunction<RegisterMethod> = EngineFunction::new();
static CLASS: EngineFunction<RegisterClass> = EngineFunction::new();

/// Returns the function that gdext gets instead of `found`, if this module has one.
///
/// # Safety
/// `found` has the type that the engine's header declares for the name.
pub unsafe fn replace(name: &CStr, found: UntypedFunction) -> Option<UntypedFunction> {
    // SAFETY: as the caller of this function; the types are those of these names.
    unsafe {
        match name.to_bytes() {
            b"classdb_register_extension_class_method" => Some(METHOD.replace(found, register_method)),
            b"classdb_register_extension_class4" => Some(CLASS.replace(found, register_class)),
            _ => None,
        }
    }
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
