//! The properties of the options, written by the build script from `peer/options/table.rs`: a macro for each class,
//! around its struct and around its first block of methods.

use crate::error::Result;

/// An object with options; the generated accessors use it.
pub(super) trait OptionsOwner<O> {
    /// Reads the options.
    fn read_options<R: Default>(&self, read: impl FnOnce(&O) -> R) -> R;

    /// Changes the options; `get_error_message()` explains a refused value.
    fn change_options(&self, change: impl FnOnce(&mut O) -> Result);
}

include!(concat!(env!("OUT_DIR"), "/godot_options.rs"));
