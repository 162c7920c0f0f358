//! Leaves out the classes whose base class the engine was built without, for example by a build profile, and reports
//! them.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::CStr;

use godot::prelude::*;
use godot::sys::{
    GDExtensionClassCreationInfo4, GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr,
    GDExtensionInterfaceClassdbGetClassTag as ClassTag,
    GDExtensionInterfaceClassdbRegisterExtensionClass4 as RegisterClass,
    GDExtensionInterfaceClassdbUnregisterExtensionClass as UnregisterClass,
};
use parking_lot::Mutex;

use super::engine_function::{EngineFunction, UntypedFunction};

static CLASS_TAG: EngineFunction<ClassTag> = EngineFunction::new();
static REGISTER: EngineFunction<RegisterClass> = EngineFunction::new();
static UNREGISTER: EngineFunction<UnregisterClass> = EngineFunction::new();

/// The classes of this library that were left out.
static LEFT_OUT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Returns the function that gdext gets instead of `found`, if this module has one.
///
/// # Safety
/// `found` has the type that the engine's header declares for the name.
pub unsafe fn replace(name: &CStr, found: UntypedFunction) -> Option<UntypedFunction> {
    // SAFETY: as the caller of this function; the types are those of these names.
    unsafe {
        match name.to_bytes() {
            b"classdb_register_extension_class4" => Some(REGISTER.replace(found, register)),
            b"classdb_unregister_extension_class" => Some(UNREGISTER.replace(found, unregister)),
            b"classdb_get_class_tag" => {
                CLASS_TAG.keep(found);
                None
            }
            _ => None,
        }
    }
}

/// Returns whether the engine has a class.
///
/// # Safety
/// The name lives during the call.
pub unsafe fn engine_has(class: GDExtensionConstStringNamePtr) -> bool {
    // SAFETY: as the caller of this function.
    CLASS_TAG.get().is_none_or(|class_tag| unsafe { !class_tag(class).is_null() })
}

/// Returns whether a class of this library is registered with the engine, once classes are registered.
pub fn is_registered<C: GodotClass>() -> bool {
    let name = C::class_id().to_string();
    !LEFT_OUT.lock().contains(&name)
}

unsafe extern "C" fn register(
    library: GDExtensionClassLibraryPtr,
    class: GDExtensionConstStringNamePtr,
    base: GDExtensionConstStringNamePtr,
    info: *const GDExtensionClassCreationInfo4,
) {
    // SAFETY: as the caller of this function.
    if unsafe { engine_has(base) } {
        if let Some(register) = REGISTER.get() {
            // SAFETY: as the caller of this function.
            unsafe { register(library, class, base, info) }
        }
        return;
    }
    // SAFETY: gdext passes live names, each of the size of a StringName.
    let (class, base) = unsafe { (&*class.cast::<StringName>(), &*base.cast::<StringName>()) };
    godot_error!("wspeer: {class} is not available, because this engine was built without its base class {base}");
    LEFT_OUT.lock().push(class.to_string());
}

unsafe extern "C" fn unregister(library: GDExtensionClassLibraryPtr, class: GDExtensionConstStringNamePtr) {
    // SAFETY: gdext passes a live name of the size of a StringName.
    let name = unsafe { &*class.cast::<StringName>() }.to_string();
    let is_left_out = LEFT_OUT.lock().contains(&name);
    if let Some(unregister) = UNREGISTER.get().filter(|_| !is_left_out) {
        // SAFETY: as the caller of this function.
        unsafe { unregister(library, class) }
    }
}
