//! Finds the instance of a method call by the address that the engine passes, without gdext's cell.
//!
//! Methods of the classes take `&self` only and have locks of their own ([`object_lock`](super::object_lock)), so
//! nothing ever borrows an instance exclusively, and a call needs no guard.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use godot::obj::{Bounds, GodotClass, Inherits, WithBaseField, bounds};
use godot::prelude::Object;
use godot::private::{Storage, as_storage};
use godot::sys::GDExtensionClassInstancePtr;
use parking_lot::RwLock;

use crate::peer::BuildIdHasher;

/// A class whose methods [`short_calls`](super::short_calls) calls. No method and no other code takes an instance of it
/// by `&mut`.
pub trait CalledClass: GodotClass + Bounds<Declarer = bounds::DeclUser> + WithBaseField + Inherits<Object> {
    /// Returns the field by which the instance is found.
    fn registration(&self) -> &Registration;

    /// Returns whether calls on this instance may run scripts, which may release it in the middle of a call.
    fn calls_scripts(&self) -> bool {
        false
    }
}

/// The field of a class by which its instances are found. Dropping it makes the instance unknown.
#[derive(Debug, Default)]
pub struct Registration {
    /// Address that the engine passes; 0 before the first call.
    address: AtomicUsize,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let address = *self.address.get_mut();
        if address != 0 {
            forget(address);
        }
    }
}

/// Number of instances with the same hash that are found without a lock.
const PLACES: usize = 4;

/// Memory for 16384 instances, of which the system provides what is used.
const HASHES: usize = 4096;

/// The instances with one hash; they share a cache line.
#[repr(align(64))]
struct Bucket([Place; PLACES]);

/// An instance, by the address that the engine passes for it. Each class has its own type, but no two instances have
/// the same address.
///
/// Only the registration and the drop of an instance change its place, so during a call on it both values stay.
struct Place {
    /// 0 if the place is free.
    address: AtomicUsize,
    instance: AtomicUsize,
}

static INSTANCES: [Bucket; HASHES] =
    [const { Bucket([const { Place { address: AtomicUsize::new(0), instance: AtomicUsize::new(0) } }; PLACES]) };
        HASHES];

/// The instances for which no place was free. Its lock is held while places change.
static OTHERS: RwLock<HashMap<usize, usize, BuildIdHasher>> = RwLock::new(HashMap::with_hasher(BuildIdHasher::new()));

/// Returns the instance that the engine calls a method of.
///
/// # Safety
/// `called` is what the engine passes to a method of the class `C`, and the instance lives as long as `'a`.
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
pub unsafe fn instance_at<'a, C: CalledClass>(called: GDExtensionClassInstancePtr) -> &'a C {
    let address = called as usize;
    let instance = placed(address).unwrap_or_else(|| {
        // SAFETY: as this function.
        unsafe { unplaced::<C>(called) }
    });
    // SAFETY: the value is known from its first call until its drop, does not move in its storage, and is never
    // borrowed exclusively.
    unsafe { &*(instance as *const C) }
}

/// # Safety
/// As for [`instance_at`].
#[cold]
#[expect(unsafe_code, reason = "the engine passes instances as untyped pointers")]
unsafe fn unplaced<C: CalledClass>(called: GDExtensionClassInstancePtr) -> usize {
    let address = called as usize;
    let known = OTHERS.read().get(&address).copied();
    known.unwrap_or_else(|| {
        // SAFETY: as this function; gdext gives the engine the address of its storage.
        let guard = unsafe { as_storage::<C>(called) }.get();
        let instance: *const C = &raw const *guard;
        guard.registration().address.store(address, Ordering::Release);
        remember(address, instance as usize);
        instance as usize
    })
}

fn bucket(address: usize) -> &'static [Place] {
    let hash = ((address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % HASHES;
    INSTANCES.get(hash).map_or(&[], |bucket| &bucket.0)
}

fn placed(address: usize) -> Option<usize> {
    let place = bucket(address).iter().find(|place| place.address.load(Ordering::Acquire) == address)?;
    Some(place.instance.load(Ordering::Relaxed))
}

fn remember(address: usize, instance: usize) {
    let mut others = OTHERS.write();
    // Two threads may make the first call.
    if placed(address).is_some() {
        return;
    }
    match bucket(address).iter().find(|place| place.address.load(Ordering::Relaxed) == 0) {
        Some(free) => {
            free.instance.store(instance, Ordering::Relaxed);
            free.address.store(address, Ordering::Release);
        }
        None => {
            others.insert(address, instance);
        }
    }
}

fn forget(address: usize) {
    let mut others = OTHERS.write();
    match bucket(address).iter().find(|place| place.address.load(Ordering::Relaxed) == address) {
        Some(place) => place.address.store(0, Ordering::Release),
        None => {
            others.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instance_is_found_until_it_is_forgotten() {
        let found = |address| placed(address).or_else(|| OTHERS.read().get(&address).copied());
        let address = |index: usize| 0x1000_0000 + 64 * index;
        // More than there are places.
        let count = 2 * PLACES * HASHES;
        (0..count).for_each(|index| remember(address(index), index + 1));
        assert!(!OTHERS.read().is_empty());
        assert!((0..count).all(|index| found(address(index)) == Some(index + 1)));
        (0..count).step_by(2).for_each(|index| forget(address(index)));
        assert!((0..count).all(|index| found(address(index)) == (index % 2 == 1).then_some(index + 1)));
        (1..count).step_by(2).for_each(|index| forget(address(index)));
        assert!(OTHERS.read().is_empty());
    }
}
