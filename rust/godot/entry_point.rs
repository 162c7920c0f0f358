//! The functions that the engine calls when it loads and unloads the library.

#![expect(unsafe_code, reason = "the entry point of a GDExtension is an unsafe trait")]

use godot::init::{__gdext_load_library, ExtensionLibrary, InitStage};
use godot::sys::{
    GDExtensionBool, GDExtensionClassLibraryPtr, GDExtensionInitialization, GDExtensionInterfaceGetProcAddress,
};

use super::websocket_peer::method_registration;
use super::{class_constants, monitor};

struct Wspeer;

// SAFETY: the library uses no engine API before the engine has initialised it, and keeps no engine object in a static.
unsafe impl ExtensionLibrary for Wspeer {
    fn on_stage_init(stage: InitStage) {
        if stage == InitStage::Scene {
            class_constants::register();
            monitor::start();
        }
    }

    fn on_stage_deinit(stage: InitStage) {
        if stage == InitStage::Scene {
            monitor::stop();
        }
    }
}

/// Loads the library as gdext's attribute for [`ExtensionLibrary`] would, with
/// [`method_registration`] between gdext and the engine.
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
    unsafe { __gdext_load_library::<Wspeer>(method_registration::intercept(get_proc_address), library, init) }
}

#[cfg(target_os = "linux")]
godot::sys::register_hot_reload_workaround!();
