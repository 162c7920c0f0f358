//! TLS 1.2 and 1.3 over any transport.

mod certificates;
mod failure;
pub mod options;
mod stream;
mod system_trust;
mod verifier;

pub use failure::TlsFailure;
pub use options::{ClientTls, ServerTls};
pub use stream::{TlsInfo, TlsStream};
