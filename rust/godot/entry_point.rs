//! The functions that the engine calls when it loads and unloads the library.

#![expect(unsafe_code, reason = "the entry point of a GDExtension is an unsafe trait")]

use godot::init::{__gdext_load_library, ExtensionLibrary, InitStage};
use godot::sys::{
    GDExtensionBool, GDExtensionClassLibraryPtr, GDExtensionInitialization, GDExtensionInterfaceGetProcAddress,
};

use super::silenced_output::SilencedOutput;
use super::{class_constants, engine_functions, monitor, refused_calls};

struct Wspeer;

// SAFETY: the library uses no engine API before the engine has initialised it, and keeps no engine object in a static.
unsafe impl ExtensionLibrary for Wspeer {
    fn on_stage_init(stage: InitStage) {
        if stage == InitStage::Scene {
            class_constants::register();
            refused_calls::register_settings();
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
/// [`engine_functions`] between gdext and the engine.
///
/// # Safety
/// To be called by the engine alone.
#[unsafe(no_mangle)]
unsafe extern "C" fn wspeer_gdextension_init(
    get_proc_address: GDExtensionInterfaceGetProcAddress,
    library: GDExtensionClassLibraryPtr,
    init: *mut GDExtensionInitialization,
) -> GDExtensionBool {
    // gdext prints its version at every start, which no setting of its own prevents.
    let silenced = SilencedOutput::new();
    // SAFETY: as this function.
    let is_loaded =
        unsafe { __gdext_load_library::<Wspeer>(engine_functions::intercept(get_proc_address), library, init) };
    drop(silenced);
    is_loaded
}

#[cfg(target_os = "linux")]
godot::sys::register_hot_reload_workaround!();
