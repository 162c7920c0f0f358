//! Decides which refused calls are printed: each kind once per object, if the project wants it.
//!
//! The engine prints an error for each wrong call. The classes here return it, and many scripts ignore what a method
//! returns. A warning names the class, the call and the reason, so that the mistake is found without a debugger.

use std::collections::HashSet;

use godot::classes::ProjectSettings;
use godot::global::Error as GodotError;
use godot::obj::InstanceId;
use godot::prelude::*;
use parking_lot::Mutex;

use super::convert;
use crate::error::{Error, ErrorCode, Result};

/// Project setting: whether refused calls are printed. The second one is its value in exported games without debug
/// features, by the engine's rule for feature tags.
const SETTINGS: [(&str, bool); 2] =
    [("wspeer/debug/print_refused_calls", true), ("wspeer/debug/print_refused_calls.release", false)];

/// Number of printed kinds that are remembered. Beyond it they may be printed again, so that a program that makes
/// objects without end does not fill the memory.
const REMEMBERED: usize = 4096;

/// Object, call and error.
type Kind = (InstanceId, &'static str, ErrorCode);

/// What was printed.
static PRINTED: Mutex<Option<HashSet<Kind>>> = Mutex::new(None);

/// Adds the settings to the project, with their defaults, so that the editor shows them.
pub fn register_settings() {
    let mut settings = ProjectSettings::singleton();
    for (name, default) in SETTINGS {
        if !settings.has_setting(name) {
            settings.set_setting(name, &default.to_variant());
        }
        settings.set_initial_value(name, &default.to_variant());
        settings.set_as_basic(name, true);
        settings.add_property_info(&vdict! { "name" => name, "type" => VariantType::BOOL }.upcast_any_dictionary());
    }
}

/// Returns the path of the method that a closure belongs to, for [`number`].
pub fn call_of<F>(_closure: &F) -> &'static str {
    std::any::type_name::<F>()
}

/// Returns the name of a call: the last name before the closure in the path of its type, without type parameters.
fn method_name(path: &'static str) -> &'static str {
    let path = path.split("::{{closure}}").next().unwrap_or(path);
    let mut depth = 0_usize;
    let mut end = path.len();
    for (index, character) in path.char_indices().rev() {
        match character {
            '>' => depth += 1,
            '<' => {
                depth = depth.saturating_sub(1);
                end = index;
            }
            ':' if depth == 0 => {
                return path.get(index + 1..end).unwrap_or(path);
            }
            _ => {}
        }
    }
    path
}

/// Returns the engine's number of a call's result, and prints a refused one. `call` is the name of the call, or what
/// [`call_of`] returns. `None` is a call from inside another call on the same object. To be called without the lock of
/// the object, because printing may run scripts.
pub fn number<C: GodotClass>(
    result: Option<Result>,
    call: &'static str,
    instance: impl FnOnce() -> InstanceId,
) -> GodotError {
    match result {
        Some(Ok(())) => GodotError::OK,
        Some(Err(error)) => {
            report::<C>(&error, call, instance());
            convert::code(error.code())
        }
        None => GodotError::ERR_BUSY,
    }
}

/// Prints an error, unless it was printed for this object and call, or is no mistake.
fn report<C: GodotClass>(error: &Error, call: &'static str, instance: InstanceId) {
    // No packet waits: a script that reads until then does nothing wrong.
    if error.code() == ErrorCode::Unavailable || !is_enabled() || !is_new((instance, call, error.code())) {
        return;
    }
    let (call, number) = (method_name(call), convert::code(error.code()));
    let text = format!("{}.{call}(): {} ({number:?})", C::class_id(), error.message());
    godot::global::push_warning(&[text.to_variant()]);
}

fn is_enabled() -> bool {
    let [(name, _), _] = SETTINGS;
    ProjectSettings::singleton().get_setting_with_override(name).try_to().unwrap_or(false)
}

fn is_new(kind: Kind) -> bool {
    let mut printed = PRINTED.lock();
    let printed = printed.get_or_insert_default();
    if printed.len() >= REMEMBERED {
        printed.clear();
    }
    printed.insert(kind)
}

#[cfg(test)]
mod tests {
    use super::{call_of, method_name};

    struct Class;

    impl Class {
        fn send_text<T>(_: T) -> &'static str {
            let inner = || call_of(&|| ());
            method_name(inner())
        }
    }

    #[test]
    fn a_call_has_the_name_of_its_method() {
        assert_eq!(Class::send_text(1), "send_text");
        for (path, name) in [
            ("a::b::<impl a::C>::connect_to_url::{{closure}}", "connect_to_url"),
            ("a::send<a::b::Pointer<a::C>>::{{closure}}::{{closure}}", "send"),
            ("<a::C as b::I<d::E>>::put_packet::{{closure}}", "put_packet"),
        ] {
            assert_eq!(method_name(path), name);
        }
    }
}
