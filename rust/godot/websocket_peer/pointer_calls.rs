//! The table of the methods that the engine calls by a pointer of their own, and the functions that it calls.
//!
//! gdext's way into a method makes a reference-counted handle of the object and passes every argument and result
//! through several conversions: about 0.2 µs, several times what polling an idle connection takes. Scripts that know
//! the type call a method by a function pointer that was registered with it ("ptrcall"), so the methods in
//! [`pointer_call`] get a function of this file. Other calls get there by
//! [`variant_calls`](crate::godot::variant_calls). [`method_registration`](crate::godot::method_registration) registers
//! them; everything else about the methods is gdext's.

#![expect(unsafe_code, reason = "the engine calls through function pointers with untyped arguments")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use godot::global::Error as GodotError;
use godot::obj::EngineEnum;
use godot::prelude::*;
use godot::sys::{
    GDExtensionClassInstancePtr, GDExtensionClassMethodPtrCall, GDExtensionConstTypePtr, GDExtensionTypePtr,
};

use super::{RustWebSocketPeer, frequent_methods};
use crate::godot::called_instance::InstancePointer;
use crate::godot::class_enums::{State, WriteMode};

/// Declares the methods with a pointer of their own: the name, which is also that of the body in [`frequent_methods`],
/// and the type of each argument by its index. The result is converted by its type.
macro_rules! pointer_calls {
    ($($method:ident($($index:literal: $argument:ty),*);)*) => {
        /// Returns the function that the engine calls for a method of `RustWebSocketPeer`.
        pub fn pointer_call(method: &str) -> Option<GDExtensionClassMethodPtrCall> {
            $({
                unsafe extern "C" fn call(
                    _method: *mut c_void,
                    instance: GDExtensionClassInstancePtr,
                    _arguments: *const GDExtensionConstTypePtr,
                    result: GDExtensionTypePtr,
                ) {
                    guarded(|| {
                        // SAFETY: the engine calls this for an instance, with arguments of the types that gdext has
                        // registered for the method, and a place for a result of the registered type.
                        unsafe {
                            let this = InstancePointer::<RustWebSocketPeer>::new(instance);
                            frequent_methods::$method(&this $(, <$argument>::argument(*_arguments.add($index)))*)
                                .write_to(result);
                        }
                    });
                }
                if method == stringify!($method) {
                    return Some(Some(call));
                }
            })*
            None
        }
    };
}

pointer_calls! {
    poll();
    get_ready_state();
    get_available_packet_count();
    was_string_packet();
    get_packet();
    send(0: &PackedByteArray, 1: WriteMode);
    send_text(0: &GString);
}

/// The type of an argument of a pointer call.
trait PointerArgument: Sized {
    /// # Safety
    /// `argument` points to what the engine passes for an argument of this type, for the duration of the call.
    unsafe fn argument(argument: GDExtensionConstTypePtr) -> Self;
}

impl PointerArgument for &PackedByteArray {
    unsafe fn argument(argument: GDExtensionConstTypePtr) -> Self {
        // SAFETY: as the trait; gdext's type has the layout of the engine's.
        unsafe { &*argument.cast::<PackedByteArray>() }
    }
}

impl PointerArgument for &GString {
    unsafe fn argument(argument: GDExtensionConstTypePtr) -> Self {
        // SAFETY: as the trait; gdext's type has the layout of the engine's.
        unsafe { &*argument.cast::<GString>() }
    }
}

impl PointerArgument for WriteMode {
    unsafe fn argument(argument: GDExtensionConstTypePtr) -> Self {
        // SAFETY: as the trait; enums are passed as 64-bit integers.
        Self(unsafe { *argument.cast::<i64>() })
    }
}

/// The type of the result of a pointer call.
trait PointerResult {
    /// # Safety
    /// `place` is the engine's place for a result of this type.
    unsafe fn write_to(self, place: GDExtensionTypePtr);
}

impl PointerResult for () {
    unsafe fn write_to(self, _place: GDExtensionTypePtr) {}
}

impl PointerResult for bool {
    unsafe fn write_to(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait; a bool is one byte.
        unsafe { place.cast::<Self>().write(self) };
    }
}

impl PointerResult for i64 {
    unsafe fn write_to(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait.
        unsafe { place.cast::<Self>().write(self) };
    }
}

impl PointerResult for i32 {
    unsafe fn write_to(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait; integers of any size are passed as 64 bits.
        unsafe { i64::from(self).write_to(place) };
    }
}

impl PointerResult for State {
    unsafe fn write_to(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait; enums are passed as 64-bit integers.
        unsafe { self.0.write_to(place) };
    }
}

impl PointerResult for GodotError {
    unsafe fn write_to(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait; enums are passed as 64-bit integers.
        unsafe { self.ord().write_to(place) };
    }
}

impl PointerResult for PackedByteArray {
    unsafe fn write_to(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait; the place holds an empty array, which is dropped.
        unsafe { *place.cast::<Self>() = self };
    }
}

/// Runs a call and stops panics, which must not reach the engine, as gdext's functions do.
fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        godot_error!("wspeer: a call failed inside the library");
    }
}
