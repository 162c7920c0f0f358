//! The operating system's trust store. Reading it takes longer than a frame may, so a thread does.

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::Error;
use rustls::client::danger::ServerCertVerifier;
use rustls_platform_verifier::Verifier;

use super::options::provider;

#[derive(Clone)]
enum Store {
    Unread,
    Reading,
    Ready(Arc<dyn ServerCertVerifier>),
    Failed(Error),
}

static STORE: Mutex<Store> = Mutex::new(Store::Unread);

/// Begins to read the store unless that was done. A store that could not be read is tried again.
pub(super) fn prepare() {
    let mut store = STORE.lock();
    if matches!(*store, Store::Unread | Store::Failed(_)) {
        *store = Store::Reading;
        drop(store);
        let spawned = std::thread::Builder::new().name("wspeer-trust".to_owned()).spawn(read);
        if spawned.is_err() {
            read();
        }
    }
}

fn read() {
    let result = match Verifier::new(provider()) {
        Ok(verifier) => Store::Ready(Arc::new(verifier)),
        Err(error) => Store::Failed(error),
    };
    *STORE.lock() = result;
}

/// Whether [`verifier`] has an answer.
pub(super) fn is_prepared() -> bool {
    matches!(*STORE.lock(), Store::Ready(_) | Store::Failed(_))
}

/// The system's verifier.
pub(super) fn verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    match STORE.lock().clone() {
        Store::Ready(verifier) => Ok(verifier),
        Store::Failed(error) => Err(error),
        Store::Unread | Store::Reading => Err(Error::General("the system's trust store is not read yet".to_owned())),
    }
}
