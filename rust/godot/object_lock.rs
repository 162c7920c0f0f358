//! The lock around the Rust object of an instance: one call at a time, and a call from inside another one is refused.
//!
//! gdext guards an instance by a cell that wakes waiting threads, by one or two system calls, at the end of every call.
//! That takes half a microsecond, several times what a call itself takes. So the object has a lock of its own. A thread
//! can only enter the same object twice through a stream that is written in a script; it then gets an error instead of
//! a deadlock.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::ReentrantMutex;

use crate::peer::IdleWatch;

/// An object behind a lock.
pub trait Lockable: 'static {
    /// Returns what [`ObjectLock::summary`] returns after each call that may change the object.
    fn summary(&self) -> u64 {
        0
    }
}

/// An object and its lock.
pub struct ObjectLock<T> {
    content: ReentrantMutex<LockedObject<T>>,
    summary: AtomicU64,
}

struct LockedObject<T> {
    /// The result of the last poll, unless the object was used since.
    idle: Cell<Option<IdleWatch>>,
    object: RefCell<T>,
}

impl<T: Lockable> ObjectLock<T> {
    /// Puts an object into a lock.
    pub fn new(object: T) -> Self {
        let summary = AtomicU64::new(object.summary());
        let content = LockedObject { idle: Cell::new(None), object: RefCell::new(object) };
        Self { content: ReentrantMutex::new(content), summary }
    }

    /// Returns the summary of the object after the last call that has ended, without the lock, which takes longer than
    /// most queries.
    pub fn summary(&self) -> u64 {
        self.summary.load(Ordering::Acquire)
    }

    /// Runs a call that may change the object; returns `busy` if this thread is already inside a call on it.
    pub fn with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        let content = self.content.lock();
        content.idle.set(None);
        self.run(&content, busy, call)
    }

    /// Does the same as [`Self::with`], but also returns `busy` if another thread uses the object.
    pub fn try_with<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        match self.content.try_lock() {
            Some(content) => {
                content.idle.set(None);
                self.run(&content, busy, call)
            }
            None => busy,
        }
    }

    /// Runs a call that only reads the object's state, so that [`Self::poll`] may still be skipped afterwards.
    pub fn read<R>(&self, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        self.run(&self.content.lock(), busy, call)
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
        let (result, idle) = self.run(&content, Default::default(), call);
        content.idle.set(idle);
        result
    }

    fn run<R>(&self, content: &LockedObject<T>, busy: R, call: impl FnOnce(&mut T) -> R) -> R {
        let Ok(mut object) = content.object.try_borrow_mut() else { return busy };
        let result = call(&mut object);
        self.summary.store(object.summary(), Ordering::Release);
        result
    }
}
