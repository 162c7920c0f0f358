//! The interface between an object and its owner for the output that it has collected.

use crate::net::background_flush::{FlushProgress, FlushRequests};

/// An object that collects output, which a thread of the process writes if the program makes no call for a while. For
/// owners that keep the object behind a lock which that thread can take; see [`crate::net::background_flush`].
pub trait CollectsOutput {
    /// Sets how the object asks for a flush.
    fn set_flush_requests(&mut self, requests: FlushRequests);

    /// Writes collected output as far as the network accepts it. The next call that would do so reports an error.
    fn flush_in_background(&mut self) -> FlushProgress;
}
