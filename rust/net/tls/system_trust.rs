//! The operating system's trust store. A thread loads it, because that takes longer than a frame.

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::Error;
use rustls::client::danger::ServerCertVerifier;
use rustls_platform_verifier::Verifier;

use super::provider::provider;

#[derive(Clone)]
enum Store {
    NotLoaded,
    Loading,
    Ready(Arc<dyn ServerCertVerifier>),
    Failed(Error),
}

static STORE: Mutex<Store> = Mutex::new(Store::NotLoaded);

/// Starts to load the store unless it is loaded. After a failure it is tried again.
pub(super) fn prepare() {
    let mut store = STORE.lock();
    if matches!(*store, Store::NotLoaded | Store::Failed(_)) {
        *store = Store::Loading;
        drop(store);
        let spawned = std::thread::Builder::new().name("wspeer-trust".to_owned()).spawn(load);
        if spawned.is_err() {
            load();
        }
    }
}

fn load() {
    let result = match Verifier::new(provider()) {
        Ok(verifier) => Store::Ready(Arc::new(verifier)),
        Err(error) => Store::Failed(error),
    };
    *STORE.lock() = result;
}

/// Returns whether loading has ended, with or without success.
pub(super) fn is_prepared() -> bool {
    matches!(*STORE.lock(), Store::Ready(_) | Store::Failed(_))
}

/// Returns the verifier of the operating system.
pub(super) fn verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    match STORE.lock().clone() {
        Store::Ready(verifier) => Ok(verifier),
        Store::Failed(error) => Err(error),
        Store::NotLoaded | Store::Loading => {
            Err(Error::General("the system's trust store is not loaded yet".to_owned()))
        }
    }
}
