//! Finds the Rust object of an instance without gdext's cell: by instance id or by the engine's pointer.
//!
//! Methods that scripts call for every message or frame take `Gd<Self>` or the engine's pointer and find the object
//! here. [`object_lock`](super::object_lock) says why they avoid the cell.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use godot::obj::{Bounds, Gd, GodotClass, Inherits, bounds};
use godot::prelude::Object;
use godot::private::{Storage, as_storage};
use godot::sys::GDExtensionClassInstancePtr;
use parking_lot::RwLock;

use super::flushed_object::{FlushedObject, register};
use super::object_lock::ObjectLock;
use crate::net::background_flush::FlushRegistration;
use crate::peer::BuildIdHasher;

/// The objects of one class, by instance id and by the address of the instance.
pub type Registry<T> = RwLock<HashMap<i64, Arc<ObjectLock<T>>, BuildIdHasher>>;

/// Returns an empty registry.
pub const fn empty_registry<T>() -> Registry<T> {
    RwLock::new(HashMap::with_hasher(BuildIdHasher::new()))
}

/// An object type that has a registry.
pub trait RegisteredObject: Default + Sized + 'static {
    fn registry() -> &'static Registry<Self>;
}

/// A class with an [`ObjectField`].
pub trait ObjectClass:
    GodotClass + Bounds<Declarer = bounds::DeclUser> + Inherits<Object> + Inherits<<Self as GodotClass>::Base>
{
    type Object: RegisteredObject;

    fn object_field(&self) -> &ObjectField<Self::Object>;
}

/// Declares which field of a class holds its object, and gives the object's type a registry.
macro_rules! object_of_class {
    ($class:ident . $field:ident : $object:ident) => {
        impl $crate::godot::object_registry::RegisteredObject for $object {
            fn registry() -> &'static $crate::godot::object_registry::Registry<Self> {
                static OBJECTS: $crate::godot::object_registry::Registry<$object> =
                    $crate::godot::object_registry::empty_registry();
                &OBJECTS
            }
        }

        impl $crate::godot::object_registry::ObjectClass for $class {
            type Object = $object;

            fn object_field(&self) -> &$crate::godot::object_registry::ObjectField<$object> {
                &self.$field
            }
        }
    };
}

pub(in crate::godot) use object_of_class;

/// The field of a class that holds its object. Dropping it removes the object from the registry.
pub struct ObjectField<T: RegisteredObject> {
    /// Dropped before the object, so that the thread that drops the field runs the object's destructor.
    registration: Option<FlushRegistration>,
    object: Arc<ObjectLock<T>>,
    id: AtomicI64,
    /// Address of the instance; see [`object_at`].
    address: AtomicI64,
}

impl<T: RegisteredObject> Default for ObjectField<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: RegisteredObject> ObjectField<T> {
    /// Returns a field with a new object.
    pub fn new(object: T) -> Self {
        Self::sharing(Arc::new(ObjectLock::new(object)))
    }

    /// Returns a field with an object that has another owner too.
    pub fn sharing(object: Arc<ObjectLock<T>>) -> Self {
        Self { registration: None, object, id: AtomicI64::new(0), address: AtomicI64::new(0) }
    }

    /// Returns a field with a new object whose collected output is also flushed in the background.
    pub fn flushed(object: T) -> Self
    where
        T: FlushedObject,
    {
        let (object, registration) = register(object);
        let mut field = Self::sharing(object);
        field.registration = Some(registration);
        field
    }

    /// Runs a call on the object; see [`ObjectLock::with`].
    pub fn with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        self.object.with(busy, call)
    }

    /// Declares that calls may run scripts; see [`ObjectLock::set_calls_scripts`].
    pub fn set_calls_scripts(&self) {
        self.object.set_calls_scripts();
    }

    /// Returns the object without keeping it alive.
    pub fn weak(&self) -> Weak<ObjectLock<T>> {
        Arc::downgrade(&self.object)
    }
}

impl<T: RegisteredObject> Drop for ObjectField<T> {
    fn drop(&mut self) {
        let mut registry = T::registry().write();
        let removed = [&self.id, &self.address].map(|key| registry.remove(&key.load(Ordering::Acquire)));
        GENERATION.fetch_add(1, Ordering::AcqRel);
        // The object's own destructor runs outside the registry's lock.
        drop(registry);
        drop(removed);
    }
}

/// Returns the object of an instance, by instance id.
pub fn object_of<C: ObjectClass>(this: &Gd<C>) -> Arc<ObjectLock<C::Object>> {
    let id = this.instance_id_unchecked().to_i64();
    let known = C::Object::registry().read().get(&id).cloned();
    known.unwrap_or_else(|| {
        let instance = this.bind();
        let field = instance.object_field();
        field.id.store(id, Ordering::Release);
        C::Object::registry().write().insert(id, Arc::clone(&field.object));
        Arc::clone(&field.object)
    })
}

/// Runs a call on the object of an instance without binding it; see [`ObjectLock::with`].
pub fn with_object<C: ObjectClass, R>(this: &Gd<C>, busy: R, call: impl FnOnce(&mut C::Object) -> R) -> R {
    object_of(this).with(busy, call)
}

/// Returns the object of an instance that the engine passes to a method; valid as long as the instance.
///
/// The address of the instance is its second key in the registry. No instance id equals an address, because the ids of
/// reference-counted objects are negative.
///
/// # Safety
/// `instance` is what the engine passes to a method of the class `C`.
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
pub unsafe fn object_at<C: ObjectClass>(instance: GDExtensionClassInstancePtr) -> *const ObjectLock<C::Object> {
    let address = instance as i64;
    let generation = GENERATION.load(Ordering::Acquire);
    if let Some(known) = RECENT.with(|recent| recent.get(slot(address)).map(Cell::get))
        && (known.address, known.generation) == (address, generation)
    {
        return known.object as *const ObjectLock<C::Object>;
    }
    // SAFETY: as this function.
    let object = unsafe { look_up::<C>(instance) };
    let known = RecentInstance { address, generation, object: Arc::as_ptr(&object) as usize };
    RECENT.with(|recent| {
        if let Some(place) = recent.get(slot(address)) {
            place.set(known);
        }
    });
    Arc::as_ptr(&object)
}

/// # Safety
/// As for [`object_at`].
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
unsafe fn look_up<C: ObjectClass>(instance: GDExtensionClassInstancePtr) -> Arc<ObjectLock<C::Object>> {
    let address = instance as i64;
    if let Some(known) = C::Object::registry().read().get(&address) {
        return Arc::clone(known);
    }
    // SAFETY: as this function.
    let handle = unsafe { handle_at::<C>(instance) };
    let bound = handle.bind();
    let field = bound.object_field();
    field.address.store(address, Ordering::Release);
    C::Object::registry().write().insert(address, Arc::clone(&field.object));
    Arc::clone(&field.object)
}

/// Returns gdext's handle of an instance that the engine passes to a method.
///
/// # Safety
/// As for [`object_at`].
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
pub unsafe fn handle_at<C: ObjectClass>(instance: GDExtensionClassInstancePtr) -> Gd<C> {
    // SAFETY: as this function; gdext gives the engine the address of its storage.
    unsafe { as_storage::<C>(instance) }.get_gd()
}

/// Number of objects, of any class, that have ended. A changed number invalidates [`RECENT`], because an address may
/// belong to another instance now.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Number of entries in [`RECENT`].
const RECENT_INSTANCES: usize = 2048;

#[derive(Clone, Copy)]
struct RecentInstance {
    address: i64,
    generation: u64,
    object: usize,
}

thread_local! {
    /// The instances that this thread looked up last, by a hash of their address.
    static RECENT: [Cell<RecentInstance>; RECENT_INSTANCES] =
        const { [const { Cell::new(RecentInstance { address: 0, generation: 0, object: 0 }) }; RECENT_INSTANCES] };
}

fn slot(address: i64) -> usize {
    (address.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % RECENT_INSTANCES
}
