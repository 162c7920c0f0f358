//! The lock of a handle's object whose collected output a thread of the process writes.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use super::handle::Guarded;
use crate::net::background_flush::{BackgroundFlush, FlushProgress, FlushRegistration};
use crate::peer::flushing::CollectsOutput;

/// An object that may have several handles.
#[derive(Debug)]
pub(super) struct FlushedObject<T, E = ()> {
    /// Dropped before the object, so that the thread that frees the last handle runs the object's destructor.
    _registration: Option<FlushRegistration>,
    guarded: Arc<Mutex<Guarded<T, E>>>,
}

impl<T, E> FlushedObject<T, E> {
    /// Returns another handle's share of the object.
    pub fn share(&self) -> Self {
        Self { _registration: None, guarded: Arc::clone(&self.guarded) }
    }
}

impl<T, E> From<Mutex<Guarded<T, E>>> for FlushedObject<T, E>
where
    T: CollectsOutput + Send + 'static,
    E: Send + 'static,
{
    fn from(guarded: Mutex<Guarded<T, E>>) -> Self {
        let guarded = Arc::new(guarded);
        let registration = FlushRegistration::new(&guarded);
        guarded.lock().object.set_flush_requests(registration.requests());
        Self { _registration: Some(registration), guarded }
    }
}

impl<T, E> Deref for FlushedObject<T, E> {
    type Target = Mutex<Guarded<T, E>>;

    fn deref(&self) -> &Self::Target {
        &self.guarded
    }
}

impl<T, E> BackgroundFlush for Mutex<Guarded<T, E>>
where
    T: CollectsOutput + Send,
    E: Send,
{
    fn flush_in_background(&self) -> FlushProgress {
        let Some(mut guarded) = self.try_lock() else { return FlushProgress::Busy };
        if guarded.is_poisoned {
            return FlushProgress::Done;
        }
        catch_unwind(AssertUnwindSafe(|| guarded.object.flush_in_background())).unwrap_or_else(|_| {
            guarded.is_poisoned = true;
            FlushProgress::Done
        })
    }
}
