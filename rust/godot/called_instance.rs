//! Decides how a call reaches the object of its instance: by gdext's handle, or by the pointer that the engine passes.
//!
//! Method bodies that take a [`CalledInstance`] serve both ways.

use std::sync::Arc;

use godot::obj::Gd;
use godot::sys::GDExtensionClassInstancePtr;

use super::object_lock::ObjectLock;
use super::object_registry::{ObjectClass, handle_at, object_at, object_of};

/// The instance that a method was called on.
pub trait CalledInstance {
    type Class: ObjectClass;

    /// Runs a call on the object of the instance.
    fn on<R>(&self, call: impl FnOnce(&ObjectLock<<Self::Class as ObjectClass>::Object>) -> R) -> R;

    /// Returns gdext's handle, for signals and deferred calls. Making one from a pointer counts a reference.
    fn handle(&self) -> Gd<Self::Class>;
}

impl<C: ObjectClass> CalledInstance for Gd<C> {
    type Class = C;

    fn on<R>(&self, call: impl FnOnce(&ObjectLock<C::Object>) -> R) -> R {
        call(&object_of(self))
    }

    fn handle(&self) -> Self {
        self.clone()
    }
}

/// An instance of `C` as the engine passes it to a method; no reference is counted.
pub struct InstancePointer<C: ObjectClass> {
    pointer: GDExtensionClassInstancePtr,
    class: std::marker::PhantomData<C>,
}

impl<C: ObjectClass> InstancePointer<C> {
    /// Wraps the engine's pointer.
    ///
    /// # Safety
    /// `pointer` is what the engine passes to a method of the class `C`, and the wrapper is dropped before that method
    /// returns.
    #[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
    pub unsafe fn new(pointer: GDExtensionClassInstancePtr) -> Self {
        Self { pointer, class: std::marker::PhantomData }
    }
}

#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
impl<C: ObjectClass> CalledInstance for InstancePointer<C> {
    type Class = C;

    fn on<R>(&self, call: impl FnOnce(&ObjectLock<C::Object>) -> R) -> R {
        // SAFETY: `new()` was given a live instance. It holds the `Arc` that the pointer belongs to when the call
        // begins and, if the call runs no scripts, until its end.
        let object = unsafe { &*object_at::<C>(self.pointer) };
        if !object.calls_scripts() {
            return call(object);
        }
        // A script's own stream, on which the peer runs, may release the instance in the middle of the call.
        // SAFETY: as above.
        let object = unsafe {
            Arc::increment_strong_count(object);
            Arc::from_raw(object)
        };
        call(&object)
    }

    fn handle(&self) -> Gd<C> {
        // SAFETY: `new()` was given a live instance.
        unsafe { handle_at::<C>(self.pointer) }
    }
}
