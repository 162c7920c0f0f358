//! Makes an object known to the thread that writes collected output which no frame, poll or flush has written.

use std::sync::Arc;

use super::object_lock::{Lockable, ObjectLock};
use crate::net::background_flush::{BackgroundFlush, FlushProgress, FlushRegistration};
use crate::peer::flushing::CollectsOutput;

/// An object that collects output. That thread calls no method of the engine.
pub trait FlushedObject: Lockable + Send {
    fn output(&mut self) -> &mut dyn CollectsOutput;
}

/// Puts an object into a lock and makes it known.
pub fn register<T: FlushedObject>(object: T) -> (Arc<ObjectLock<T>>, FlushRegistration) {
    let lock = Arc::new(ObjectLock::new(object));
    let registration = FlushRegistration::new(&lock);
    lock.with((), |object| object.output().set_flush_requests(registration.requests()));
    (lock, registration)
}

impl<T: FlushedObject> BackgroundFlush for ObjectLock<T> {
    fn flush_in_background(&self) -> FlushProgress {
        self.try_with(FlushProgress::Busy, |object| object.output().flush_in_background())
    }
}
