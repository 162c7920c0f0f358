//! Decides how arguments and results of short calls are passed: as the engine's own methods pass them.
//!
//! Numbers that a method cannot hold lose their upper bits, as in the engine.

#![expect(unsafe_code, reason = "the engine passes values by untyped pointers")]

use std::ops::Deref;
use std::ptr::NonNull;

use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::classes::{CryptoKey, StreamPeer, X509Certificate};
use godot::global::Error as GodotError;
use godot::meta::shape::GodotShape;
use godot::meta::{EngineFromGodot, FromGodot, GodotConvert, GodotType};
use godot::obj::{EngineEnum, Gd, GodotClass};
use godot::prelude::*;
use godot::sys::{GDExtensionConstTypePtr, GDExtensionTypePtr, GodotFfi, PtrcallType};
use godot_core::meta::{FfiRawPointer, RawPtr};

use super::class_enums::{RemoteWriteMode, State, Status, TlsStatus, WriteMode};
use super::tls::OptionalTls;

/// The type of an argument of a short call.
pub trait Argument: Sized {
    /// Reads an argument; `None` if the type does not have the value. If `may_change`, the engine's value may change
    /// during the call, because the call may run scripts.
    ///
    /// # Safety
    /// `place` points to what the engine passes for an argument of this type. It stays valid during the call.
    unsafe fn read(place: GDExtensionConstTypePtr, may_change: bool) -> Option<Self>;
}

/// The type of the result of a short call.
pub trait CallResult {
    /// Writes a result.
    ///
    /// # Safety
    /// `place` is the engine's place for a result of this type, and holds a value of it.
    unsafe fn write(self, place: GDExtensionTypePtr);
}

/// An argument that a method only reads: strings and arrays of calls that games make for every message. It refers to
/// the engine's value instead of a copy, and is dropped before the method returns.
#[derive(Debug)]
pub struct Lent<T>(LentValue<T>);

#[derive(Debug)]
enum LentValue<T> {
    Engine(NonNull<T>),
    Own(T),
}

impl<T> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            // SAFETY: the engine's value lives and does not change until the call ends, after this argument's drop.
            LentValue::Engine(value) => unsafe { value.as_ref() },
            LentValue::Own(value) => value,
        }
    }
}

impl<T: GodotType> GodotConvert for Lent<T> {
    type Via = T;

    fn godot_shape() -> GodotShape {
        T::godot_shape()
    }
}

impl<T: GodotType> FromGodot for Lent<T> {
    fn try_from_godot(via: T) -> Result<Self, ConvertError> {
        Ok(Self(LentValue::Own(via)))
    }
}

macro_rules! lent_arguments {
    ($($type:ty),*) => {$(
        impl Argument for Lent<$type> {
            unsafe fn read(place: GDExtensionConstTypePtr, may_change: bool) -> Option<Self> {
                let value = NonNull::new(place.cast_mut().cast::<$type>())?;
                Some(Self(if may_change {
                    // SAFETY: as the trait; gdext's type has the layout of the engine's.
                    LentValue::Own(unsafe { value.as_ref() }.clone())
                } else {
                    LentValue::Engine(value)
                }))
            }
        }
    )*};
}

lent_arguments! { GString, PackedByteArray }

impl Argument for i32 {
    #[expect(clippy::cast_possible_truncation, reason = "as in the engine")]
    unsafe fn read(place: GDExtensionConstTypePtr, may_change: bool) -> Option<Self> {
        // SAFETY: as the trait; integers of any size are passed as 64 bits.
        unsafe { i64::read(place, may_change) }.map(|number| number as Self)
    }
}

macro_rules! small_results {
    ($($type:ty),*) => {$(
        impl CallResult for $type {
            unsafe fn write(self, place: GDExtensionTypePtr) {
                // SAFETY: as the trait; integers of any size are passed as 64 bits.
                unsafe { i64::from(self).write(place) };
            }
        }
    )*};
}

small_results! { i32, u16 }

macro_rules! plain_values {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            unsafe fn read(place: GDExtensionConstTypePtr, _may_change: bool) -> Option<Self> {
                // SAFETY: as the trait; the engine's type has the same size and values.
                Some(unsafe { *place.cast::<$type>() })
            }
        }

        impl CallResult for $type {
            unsafe fn write(self, place: GDExtensionTypePtr) {
                // SAFETY: as the trait; the engine's type has the same size and values.
                unsafe { place.cast::<$type>().write(self) };
            }
        }
    )*};
}

plain_values! { bool, i64, f64 }

macro_rules! class_enums {
    ($($type:ident),*) => {$(
        impl Argument for $type {
            unsafe fn read(place: GDExtensionConstTypePtr, may_change: bool) -> Option<Self> {
                // SAFETY: as the trait; enums are passed as 64-bit integers.
                unsafe { i64::read(place, may_change) }.map(Self)
            }
        }

        impl CallResult for $type {
            unsafe fn write(self, place: GDExtensionTypePtr) {
                // SAFETY: as the trait; enums are passed as 64-bit integers.
                unsafe { self.0.write(place) };
            }
        }
    )*};
}

class_enums! { WriteMode, RemoteWriteMode, State, Status, TlsStatus }

macro_rules! engine_enum_results {
    ($($type:ty),*) => {$(
        impl CallResult for $type {
            unsafe fn write(self, place: GDExtensionTypePtr) {
                // SAFETY: as the trait; enums are passed as 64-bit integers.
                unsafe { self.ord().write(place) };
            }
        }
    )*};
}

engine_enum_results! { GodotError, ConnectionStatus, TransferMode }

macro_rules! arguments_of_gdext {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            unsafe fn read(place: GDExtensionConstTypePtr, _may_change: bool) -> Option<Self> {
                // SAFETY: as the trait.
                unsafe { argument_of_gdext(place) }
            }
        }
    )*};
}

arguments_of_gdext! {
    GString, PackedByteArray, PackedInt32Array, PackedStringArray, TransferMode, OptionalTls, Option<Gd<StreamPeer>>,
    Option<Gd<X509Certificate>>, Option<Gd<CryptoKey>>
}

impl<P: FfiRawPointer + 'static> Argument for RawPtr<P> {
    unsafe fn read(place: GDExtensionConstTypePtr, _may_change: bool) -> Option<Self> {
        // SAFETY: as the trait.
        unsafe { argument_of_gdext(place) }
    }
}

/// Reads an argument as gdext does.
///
/// # Safety
/// As for [`Argument::read`].
unsafe fn argument_of_gdext<T: EngineFromGodot>(place: GDExtensionConstTypePtr) -> Option<T> {
    // SAFETY: as this function. Virtual calls pass counted objects in another way; none has such an argument.
    let value = unsafe { <T::Via as GodotType>::Ffi::from_arg_ptr(place.cast_mut(), PtrcallType::Standard) };
    T::Via::try_from_ffi(value).and_then(T::engine_try_from_godot).ok()
}

impl CallResult for () {
    unsafe fn write(self, _place: GDExtensionTypePtr) {}
}

macro_rules! results_of_gdext {
    ($($type:ty),*) => {$(
        impl CallResult for $type {
            unsafe fn write(self, place: GDExtensionTypePtr) {
                // SAFETY: as the trait.
                unsafe { self.into_ffi().move_return_ptr(place, PtrcallType::Standard) };
            }
        }
    )*};
}

results_of_gdext! {
    GString, PackedByteArray, PackedInt32Array, PackedStringArray, VarDictionary, VarArray
}

impl<C: GodotClass> CallResult for Option<Gd<C>> {
    unsafe fn write(self, place: GDExtensionTypePtr) {
        // SAFETY: as the trait. Virtual calls return counted objects in another way; none has such a result.
        unsafe { self.into_ffi().move_return_ptr(place, PtrcallType::Standard) };
    }
}
