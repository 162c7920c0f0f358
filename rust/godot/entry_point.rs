//! What the engine calls when it loads the library.

#![expect(unsafe_code, reason = "the entry point of a GDExtension is an unsafe trait")]

use godot::init::{__gdext_load_library, ExtensionLibrary, InitStage};
use godot::sys::{
    GDExtensionBool, GDExtensionClassLibraryPtr, GDExtensionInitialization, GDExtensionInterfaceGetProcAddress,
};

use super::{enums, fast_calls, monitor};

struct Wspeer;

// SAFETY: the library uses no engine API before the engine has initialised it, and keeps no engine object in a static.
unsafe impl ExtensionLibrary for Wspeer {
    fn on_stage_init(stage: InitStage) {
        if stage == InitStage::Scene {
            enums::register();
            monitor::start();
        }
    }

    fn on_stage_deinit(stage: InitStage) {
        if stage == InitStage::Scene {
            monitor::stop();
        }
    }
}

/// What gdext's attribute for the trait above would write, with [`fast_calls`] in between.
///
/// # Safety
/// To be called by the engine alone.
#[unsafe(no_mangle)]
unsafe extern "C" fn wspeer_gdextension_init(
    get_proc_address: GDExtensionInterfaceGetProcAddress,
    library: GDExtensionClassLibraryPtr,
    init: *mut GDExtensionInitialization,
) -> GDExtensionBool {
    // SAFETY: as this function.
    unsafe { __gdext_load_library::<Wspeer>(fast_calls::intercept(get_proc_address), library, init) }
}

#[cfg(target_os = "linux")]
godot::sys::register_hot_reload_workaround!();
