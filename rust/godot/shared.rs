//! The objects behind the classes, reachable without gdext's own cell.
//!
//! gdext guards an instance by a cell that wakes waiting threads, by one or two system calls, at the end of every single call:
//! half a microsecond, several times what the call itself takes. So the object lies behind a lock of its own, and methods that
//! scripts call for every message or frame take `Gd<Self>` and find it by instance id. A call that comes from inside another
//! one on the same object, which only a stream written in a script can cause, is refused instead of waiting for itself.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use godot::obj::{Bounds, Gd, GodotClass, Inherits, bounds};
use godot::private::{Storage, as_storage};
use godot::sys::GDExtensionClassInstancePtr;
use parking_lot::{ReentrantMutex, RwLock};

use crate::peer::{BuildIdHasher, IdleWatch};

/// An object and its lock.
pub(super) struct Lock<T> {
    content: ReentrantMutex<Content<T>>,
    calls_scripts: AtomicBool,
}

struct Content<T> {
    /// What the last poll has found, where nothing was done with the object since.
    idle: Cell<Option<IdleWatch>>,
    object: RefCell<T>,
}

impl<T> Lock<T> {
    /// Puts an object behind a lock.
    pub fn new(object: T) -> Self {
        let content = Content { idle: Cell::new(None), object: RefCell::new(object) };
        Self { content: ReentrantMutex::new(content), calls_scripts: AtomicBool::new(false) }
    }

    /// From now on, calls on the object can call scripts, which can let go of the instance it belongs to.
    pub fn set_calls_scripts(&self) {
        self.calls_scripts.store(true, Ordering::Release);
    }

    /// Whether [`Self::set_calls_scripts`] was called.
    pub fn calls_scripts(&self) -> bool {
        self.calls_scripts.load(Ordering::Acquire)
    }

    /// Runs a call; `busy` is the answer where the same thread is in the middle of another.
    pub fn with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        let content = self.content.lock();
        content.idle.set(None);
        content.run(busy, call)
    }

    /// [`Self::with`], for a call that only asks.
    pub fn ask<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        self.content.lock().run(busy, call)
    }

    /// [`Self::with`], for a poll, which is left out while it would find nothing to do. An idle peer costs a look at this lock and
    /// at what is known of its socket, and none at the peer.
    pub fn poll<R: Default>(&self, call: impl FnOnce(&mut T) -> (R, Option<IdleWatch>)) -> R {
        let content = self.content.lock();
        if let Some(idle) = content.idle.take()
            && idle.still_holds()
        {
            content.idle.set(Some(idle));
            return R::default();
        }
        let (result, idle) = content.run(Default::default(), call);
        content.idle.set(idle);
        result
    }
}

impl<T> Content<T> {
    fn run<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        match self.object.try_borrow_mut() {
            Ok(mut object) => call(&mut object),
            Err(_) => busy,
        }
    }
}

/// Objects of one class by the instance id of their engine object.
pub(super) type Registry<T> = RwLock<HashMap<i64, Arc<Lock<T>>, BuildIdHasher>>;

/// A registry without objects.
pub(super) const fn registry<T>() -> Registry<T> {
    RwLock::new(HashMap::with_hasher(BuildIdHasher::new()))
}

/// The field of a class that holds its object, and takes it out of the registry when the engine object ends.
pub(super) struct Shared<T: Registered> {
    object: Arc<Lock<T>>,
    id: AtomicI64,
    /// Where the engine finds the instance; see [`at`].
    address: AtomicI64,
}

/// An object type that has a registry.
pub(super) trait Registered: Default + Sized + 'static {
    fn registry() -> &'static Registry<Self>;
}

/// A class with a [`Shared`] field.
pub(super) trait Native: GodotClass + Bounds<Declarer = bounds::DeclUser> {
    type Object: Registered;

    fn shared(&self) -> &Shared<Self::Object>;
}

impl<T: Registered> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Registered> Shared<T> {
    /// A field around an object.
    pub fn new(object: T) -> Self {
        Self::around(Arc::new(Lock::new(object)))
    }

    /// A field around an object that something else holds too.
    pub fn around(object: Arc<Lock<T>>) -> Self {
        Self { object, id: AtomicI64::new(0), address: AtomicI64::new(0) }
    }

    /// See [`Lock::with`].
    pub fn with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        self.object.with(busy, call)
    }

    /// See [`Lock::set_calls_scripts`].
    pub fn set_calls_scripts(&self) {
        self.object.set_calls_scripts();
    }

    /// The object, for others that do not keep it alive.
    pub fn weak(&self) -> Weak<Lock<T>> {
        Arc::downgrade(&self.object)
    }
}

impl<T: Registered> Drop for Shared<T> {
    fn drop(&mut self) {
        let mut registry = T::registry().write();
        let removed = [&self.id, &self.address].map(|key| registry.remove(&key.load(Ordering::Acquire)));
        GENERATION.fetch_add(1, Ordering::AcqRel);
        // The object's own destructor runs outside the registry's lock.
        drop(registry);
        drop(removed);
    }
}

/// The object of an instance as the engine passes it to a method; valid as long as the instance. It is registered by that
/// address too, which no instance id equals: those of reference-counted objects are negative.
///
/// # Safety
/// `instance` is what the engine passes to a method of the class `C`.
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
pub(super) unsafe fn at<C: Native + Inherits<<C as GodotClass>::Base>>(
    instance: GDExtensionClassInstancePtr,
) -> *const Lock<C::Object> {
    let address = instance as i64;
    let generation = GENERATION.load(Ordering::Acquire);
    if let Some(known) = RECENT.with(|recent| recent.get(slot(address)).map(Cell::get))
        && (known.address, known.generation) == (address, generation)
    {
        return known.object as *const Lock<C::Object>;
    }
    // SAFETY: as this function.
    let object = unsafe { look_up::<C>(instance) };
    let known = Known { address, generation, object: Arc::as_ptr(&object) as usize };
    RECENT.with(|recent| {
        if let Some(place) = recent.get(slot(address)) {
            place.set(known);
        }
    });
    Arc::as_ptr(&object)
}

/// # Safety
/// As for [`at`].
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
unsafe fn look_up<C: Native + Inherits<<C as GodotClass>::Base>>(
    instance: GDExtensionClassInstancePtr,
) -> Arc<Lock<C::Object>> {
    let address = instance as i64;
    if let Some(known) = C::Object::registry().read().get(&address) {
        return Arc::clone(known);
    }
    // SAFETY: as this function.
    let handle = unsafe { handle::<C>(instance) };
    let bound = handle.bind();
    let shared = bound.shared();
    shared.address.store(address, Ordering::Release);
    C::Object::registry().write().insert(address, Arc::clone(&shared.object));
    Arc::clone(&shared.object)
}

/// How often an object, of whatever class, has ended: what was known of addresses before may be of another one now.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Instances that this thread has looked up last, each in the place its address falls to.
const RECENT_INSTANCES: usize = 2048;

#[derive(Clone, Copy)]
struct Known {
    address: i64,
    generation: u64,
    object: usize,
}

thread_local! {
    static RECENT: [Cell<Known>; RECENT_INSTANCES] =
        const { [const { Cell::new(Known { address: 0, generation: 0, object: 0 }) }; RECENT_INSTANCES] };
}

fn slot(address: i64) -> usize {
    (address.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % RECENT_INSTANCES
}

/// An instance as the engine passes it to a method, as gdext's handle.
///
/// # Safety
/// As for [`at`].
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
pub(super) unsafe fn handle<C: Native + Inherits<<C as GodotClass>::Base>>(
    instance: GDExtensionClassInstancePtr,
) -> Gd<C> {
    // SAFETY: as this function; gdext gives the engine the address of its storage.
    unsafe { as_storage::<C>(instance) }.get_gd()
}

/// Runs a call on the object of an instance without binding it; `busy` as for [`Lock::with`].
pub(super) fn with<C: Native, R>(this: &Gd<C>, busy: R, call: impl FnOnce(&mut C::Object) -> R) -> R {
    let id = this.instance_id_unchecked().to_i64();
    let known = C::Object::registry().read().get(&id).cloned();
    let object = known.unwrap_or_else(|| {
        let instance = this.bind();
        let shared = instance.shared();
        shared.id.store(id, Ordering::Release);
        C::Object::registry().write().insert(id, Arc::clone(&shared.object));
        Arc::clone(&shared.object)
    });
    object.with(busy, call)
}
