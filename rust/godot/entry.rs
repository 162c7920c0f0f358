//! What the engine calls when it loads the library.

#![expect(unsafe_code, reason = "the entry point of a GDExtension is an unsafe trait")]

use godot::init::{ExtensionLibrary, InitStage, gdextension};

use super::enums;

struct Wspeer;

// SAFETY: the library uses no engine API before the engine has initialised it, and keeps no engine object in a static.
#[gdextension(entry_symbol = wspeer_gdextension_init)]
unsafe impl ExtensionLibrary for Wspeer {
    fn on_stage_init(stage: InitStage) {
        if stage == InitStage::Scene {
            enums::register();
        }
    }
}
