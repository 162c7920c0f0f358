//! Decides what a class holds of its Rust object: the object behind its lock, and what makes the instance known to
//! calls and to background flushes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::called_instance::{CalledClass, Registration};
use super::flushed_object::{FlushedObject, register};
use super::object_lock::{Lockable, ObjectLock};
use crate::net::background_flush::FlushRegistration;

/// A class with an [`ObjectField`].
pub trait ObjectClass: CalledClass {
    type Object: Lockable;

    fn object_field(&self) -> &ObjectField<Self::Object>;
}

/// Declares which field of a class holds its object.
macro_rules! object_of_class {
    ($class:ident . $field:ident : $object:ty) => {
        impl $crate::godot::object_field::ObjectClass for $class {
            type Object = $object;

            fn object_field(&self) -> &$crate::godot::object_field::ObjectField<$object> {
                &self.$field
            }
        }

        impl $crate::godot::called_instance::CalledClass for $class {
            fn registration(&self) -> &$crate::godot::called_instance::Registration {
                self.$field.called()
            }

            fn calls_scripts(&self) -> bool {
                self.$field.calls_scripts()
            }
        }
    };
}

pub(in crate::godot) use object_of_class;

/// The field of a class that holds its object.
pub struct ObjectField<T> {
    called: Registration,
    calls_scripts: AtomicBool,
    /// Dropped before the object, so that the thread that drops the field runs the object's destructor.
    _flushed: Option<FlushRegistration>,
    object: Arc<ObjectLock<T>>,
}

impl<T: Lockable + Default> Default for ObjectField<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Lockable> ObjectField<T> {
    /// Returns a field with a new object.
    pub fn new(object: T) -> Self {
        Self::sharing(Arc::new(ObjectLock::new(object)))
    }

    /// Returns a field with an object that has another owner too.
    pub fn sharing(object: Arc<ObjectLock<T>>) -> Self {
        Self { called: Registration::default(), calls_scripts: AtomicBool::new(false), _flushed: None, object }
    }

    /// Returns a field with a new object whose collected output is also flushed in the background.
    pub fn flushed(object: T) -> Self
    where
        T: FlushedObject,
    {
        let (object, registration) = register(object);
        Self { _flushed: Some(registration), ..Self::sharing(object) }
    }

    /// Runs a call on the object; see [`ObjectLock::with`].
    pub fn with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        self.object.with(busy, call)
    }

    /// Returns the object.
    pub fn lock(&self) -> &Arc<ObjectLock<T>> {
        &self.object
    }

    /// Returns the object without keeping it alive.
    pub fn weak(&self) -> Weak<ObjectLock<T>> {
        Arc::downgrade(&self.object)
    }

    /// Declares that calls may run scripts from now on, which may release the instance.
    pub fn set_calls_scripts(&self) {
        self.calls_scripts.store(true, Ordering::Release);
    }

    /// Returns whether calls may run scripts.
    pub fn calls_scripts(&self) -> bool {
        self.calls_scripts.load(Ordering::Acquire)
    }

    /// Returns what makes the instance known to calls.
    pub fn called(&self) -> &Registration {
        &self.called
    }
}
