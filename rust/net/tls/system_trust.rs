//! The operating system's trust store. A thread loads it, because that takes longer than a frame. On Android it is the
//! list of `bundled_roots.rs`.

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::Error;
use rustls::client::danger::ServerCertVerifier;

#[cfg(target_os = "android")]
use super::bundled_roots;
#[cfg(not(target_os = "android"))]
use super::provider::provider;
use crate::net::{background_results, process};

#[derive(Clone)]
enum Store {
    NotLoaded,
    /// By a thread of the process with this number: the child of a `fork()` has no such thread.
    Loading(u64),
    Ready(Arc<dyn ServerCertVerifier>),
    Failed(Error),
}

static STORE: Mutex<Store> = Mutex::new(Store::NotLoaded);

/// Starts to load the store unless it is loaded. After a failure it is tried again.
pub(super) fn prepare() {
    let mut store = STORE.lock();
    let is_needed = match &*store {
        Store::NotLoaded | Store::Failed(_) => true,
        Store::Loading(process) => *process != process::generation(),
        Store::Ready(_) => false,
    };
    if is_needed {
        *store = Store::Loading(process::generation());
        drop(store);
        let spawned = std::thread::Builder::new().name("wspeer-trust".to_owned()).spawn(load);
        if spawned.is_err() {
            load();
        }
    }
}

fn load() {
    let result = match new_verifier() {
        Ok(verifier) => Store::Ready(verifier),
        Err(error) => Store::Failed(error),
    };
    *STORE.lock() = result;
    background_results::announce();
}

#[cfg(not(target_os = "android"))]
fn new_verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider())?))
}

#[cfg(target_os = "android")]
fn new_verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    bundled_roots::verifier()
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
        Store::NotLoaded | Store::Loading(_) => {
            Err(Error::General("the system's trust store is not loaded yet".to_owned()))
        }
    }
}
