//! The lock around the Rust object of an instance: one call at a time, and a call from inside another one is refused.
//!
//! gdext guards an instance by a cell that wakes waiting threads, by one or two system calls, at the end of every call.
//! That takes half a microsecond, several times what a call itself takes. So the object has a lock of its own. A thread
//! can only enter the same object twice through a stream that is written in a script; it then gets an error instead of
//! a deadlock.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::ReentrantMutex;

use crate::peer::IdleWatch;

/// An object and its lock.
pub struct ObjectLock<T> {
    content: ReentrantMutex<LockedObject<T>>,
    calls_scripts: AtomicBool,
}

struct LockedObject<T> {
    /// The result of the last poll, unless the object was used since.
    idle: Cell<Option<IdleWatch>>,
    object: RefCell<T>,
}

impl<T> ObjectLock<T> {
    /// Puts an object into a lock.
    pub fn new(object: T) -> Self {
        let content = LockedObject { idle: Cell::new(None), object: RefCell::new(object) };
        Self { content: ReentrantMutex::new(content), calls_scripts: AtomicBool::new(false) }
    }

    /// Declares that calls on the object may run scripts from now on, which may release the instance that holds it.
    pub fn set_calls_scripts(&self) {
        self.calls_scripts.store(true, Ordering::Release);
    }

    /// Returns whether [`Self::set_calls_scripts`] was called.
    pub fn calls_scripts(&self) -> bool {
        self.calls_scripts.load(Ordering::Acquire)
    }

    /// Runs a call that may change the object; returns `busy` if this thread is already inside a call on it.
    pub fn with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        let content = self.content.lock();
        content.idle.set(None);
        content.run(busy, call)
    }

    /// Does the same as [`Self::with`], but also returns `busy` if another thread uses the object.
    pub fn try_with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        match self.content.try_lock() {
            Some(content) => {
                content.idle.set(None);
                content.run(busy, call)
            }
            None => busy,
        }
    }

    /// Runs a call that only reads the object's state, so that [`Self::poll`] may still be skipped afterwards.
    pub fn read<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        self.content.lock().run(busy, call)
    }

    /// Runs a poll, or skips it while it would find nothing to do. Polling an idle peer then only takes this lock and
    /// looks at the readiness of its socket; the peer itself is not touched.
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

impl<T> LockedObject<T> {
    fn run<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        match self.object.try_borrow_mut() {
            Ok(mut object) => call(&mut object),
            Err(_) => busy,
        }
    }
}
