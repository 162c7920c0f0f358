//! TLS 1.2 and 1.3 over any transport, by rustls.

#[cfg(any(target_os = "android", test))]
mod bundled_roots;
mod certificates;
mod config_cache;
mod failure;
mod info;
mod name_constraints;
pub mod options;
mod provider;
mod stream;
mod system_trust;
mod trusted;
mod verifier;

pub use failure::TlsFailure;
pub use info::TlsInfo;
pub use options::{ClientTls, ServerTls};
pub use stream::TlsStream;
