//! The functions by which the engine calls the methods of the classes, and the tables in which it finds them.
//!
//! gdext's way into a method borrows the instance from a cell with locks and system calls, or makes a counted handle of
//! it, and passes arguments and results through several conversions: 0.2 to 1 µs. A method of the engine takes 0.02.
//! So the engine gets functions of this file for all methods and virtual methods. A table lists names only; the
//! types of arguments and results are those of the listed functions. Everything else about the methods is gdext's.
//! [`method_registration`](super::method_registration) registers the functions, and
//! [`variant_calls`](super::variant_calls) calls them with variants.

#![expect(unsafe_code, reason = "the engine calls functions with untyped pointers")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use godot::prelude::*;
use godot::sys::{GDExtensionClassInstancePtr, GDExtensionConstTypePtr, GDExtensionTypePtr};

use super::call_values::{Argument, CallResult};
use super::called_instance::{CalledClass, instance_at};

/// The engine's function for a method, for calls that know the method's types.
pub type PointerCall =
    unsafe extern "C" fn(*mut c_void, GDExtensionClassInstancePtr, *const GDExtensionConstTypePtr, GDExtensionTypePtr);

/// The engine's function for a virtual method.
pub type VirtualCall =
    unsafe extern "C" fn(GDExtensionClassInstancePtr, *const GDExtensionConstTypePtr, GDExtensionTypePtr);

/// Methods of a class by their names.
pub struct MethodTable {
    pub class: &'static str,
    pub methods: Vec<(&'static str, PointerCall)>,
}

/// Virtual methods of a class by the engine's name and the hash of the types.
pub struct VirtualTable {
    pub class: &'static str,
    pub methods: Vec<((&'static str, u32), VirtualCall)>,
}

godot::sys::shard_registry!(pub METHODS: MethodTable);
godot::sys::shard_registry!(pub VIRTUALS: VirtualTable);

/// Lists methods of a class. Each has its name in a block with `#[godot_api]` too; a test of `rust/godot/mod.rs` finds
/// missing ones.
macro_rules! short_calls {
    ($class:ident: $($method:ident),* $(,)?) => {
        godot::sys::shard_add!($crate::godot::short_calls::METHODS; $crate::godot::short_calls::MethodTable {
            class: stringify!($class),
            methods: vec![$((stringify!($method), $crate::godot::short_calls::method($class::$method))),*],
        });
    };
}

/// Lists the virtual methods of a class: gdext's name of each one, and the function that it calls.
macro_rules! virtual_calls {
    ($class:ident as $base:ident: $($method:ident = $function:expr),* $(,)?) => {
        godot::sys::shard_add!($crate::godot::short_calls::VIRTUALS; $crate::godot::short_calls::VirtualTable {
            class: stringify!($class),
            methods: vec![$((
                godot::private::virtuals::$base::$method,
                $crate::godot::short_calls::virtual_method::<$class, _, _, _>($function),
            )),*],
        });
    };
}

pub(in crate::godot) use {short_calls, virtual_calls};

/// Returns the function of a method.
pub fn find_method(class: &str, name: &str) -> Option<PointerCall> {
    let tables = METHODS.lock().ok()?;
    let mut methods = tables.iter().filter(|table| table.class == class).flat_map(|table| &table.methods);
    methods.find(|(listed, _)| *listed == name).map(|(_, call)| *call)
}

/// Returns the function of a virtual method.
pub fn find_virtual(class: &str, name: &str, hash: u32) -> Option<VirtualCall> {
    let tables = VIRTUALS.lock().ok()?;
    let mut methods = tables.iter().filter(|table| table.class == class).flat_map(|table| &table.methods);
    methods.find(|(listed, _)| *listed == (name, hash)).map(|(_, call)| *call)
}

/// Returns the name of the class if it has a table of virtual methods.
pub fn class_with_virtuals(class: &str) -> Option<&'static str> {
    VIRTUALS.lock().ok()?.iter().map(|table| table.class).find(|listed| *listed == class)
}

/// A function that takes an instance of `C` and arguments of the types in the tuple `A`.
pub trait ShortMethod<C, A, R>: Copy + 'static {
    /// Runs a call; `None` if an argument has a value that its type does not have.
    ///
    /// # Safety
    /// `arguments` points to the arguments that the engine passes for these types.
    unsafe fn call(self, this: &C, arguments: *const GDExtensionConstTypePtr, calls_scripts: bool) -> Option<R>;
}

macro_rules! short_methods {
    ($(($($argument:ident $index:literal),*))*) => {$(
        impl<C, R, F, $($argument: Argument),*> ShortMethod<C, ($($argument,)*), R> for F
        where
            F: Fn(&C, $($argument),*) -> R + Copy + 'static,
        {
            unsafe fn call(
                self,
                this: &C,
                _arguments: *const GDExtensionConstTypePtr,
                _calls_scripts: bool,
            ) -> Option<R> {
                Some(self(this, $(
                    // SAFETY: as the trait.
                    unsafe { $argument::read(*_arguments.add($index), _calls_scripts) }?
                ),*))
            }
        }
    )*};
}

short_methods! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, D 2)
    (A 0, B 1, D 2, E 3)
    (A 0, B 1, D 2, E 3, G 4)
}

/// Returns the engine's function for a method.
pub fn method<C: CalledClass, A: 'static, R: CallResult + 'static, F: ShortMethod<C, A, R>>(_: F) -> PointerCall {
    unsafe extern "C" fn call<C: CalledClass, A, R: CallResult, F: ShortMethod<C, A, R>>(
        _method: *mut c_void,
        instance: GDExtensionClassInstancePtr,
        arguments: *const GDExtensionConstTypePtr,
        result: GDExtensionTypePtr,
    ) {
        // SAFETY: the engine calls this for an instance, with arguments of the registered types, which are those of
        // the function, and a place for a result of the registered type.
        unsafe { run::<C, A, R, F>(instance, arguments, result) }
    }
    call::<C, A, R, F>
}

/// Returns the engine's function for a virtual method.
pub fn virtual_method<C: CalledClass, A: 'static, R: CallResult + 'static, F: ShortMethod<C, A, R>>(
    _: F,
) -> VirtualCall {
    unsafe extern "C" fn call<C: CalledClass, A, R: CallResult, F: ShortMethod<C, A, R>>(
        instance: GDExtensionClassInstancePtr,
        arguments: *const GDExtensionConstTypePtr,
        result: GDExtensionTypePtr,
    ) {
        // SAFETY: the engine calls this for an instance, with arguments of the types that belong to the hash in the
        // table, which are those of the function, and a place for a result.
        unsafe { run::<C, A, R, F>(instance, arguments, result) }
    }
    call::<C, A, R, F>
}

/// Runs a call. Stops panics, which must not reach the engine.
///
/// # Safety
/// `instance` is an instance of `C`, `arguments` and `result` are what the engine passes for the types of `F`.
unsafe fn run<C: CalledClass, A, R: CallResult, F: ShortMethod<C, A, R>>(
    instance: GDExtensionClassInstancePtr,
    arguments: *const GDExtensionConstTypePtr,
    result: GDExtensionTypePtr,
) {
    let run = || {
        // SAFETY: as this function. The caller holds the instance when the call begins and, if the call runs no
        // scripts, until its end.
        let this: &C = unsafe { instance_at(instance) };
        let calls_scripts = this.calls_scripts();
        // A script's own stream, on which the object runs, may release the instance in the middle of the call.
        let _kept = calls_scripts.then(|| this.to_gd());
        // SAFETY: as this function.
        match unsafe { function::<F>().call(this, arguments, calls_scripts) } {
            // SAFETY: as this function.
            Some(value) => unsafe { value.write(result) },
            None => godot_error!("wspeer: a call has an argument that is no value of its type"),
        }
    };
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        godot_error!("wspeer: a call failed inside the library");
    }
}

/// Returns the only value of the type of a function.
fn function<F: Copy>() -> F {
    const { assert!(size_of::<F>() == 0, "only functions have a type of their own") };
    // SAFETY: `method()` and `virtual_method()` were given a value of this type, which has no bytes.
    unsafe { NonNull::<F>::dangling().read() }
}
