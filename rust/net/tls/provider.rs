//! The cryptography that all TLS sessions of the library use.

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;

/// Returns the provider of this library. It is never the process-wide default, which belongs to the program.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(&PROVIDER)
}
