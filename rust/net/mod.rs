//! All access to the operating system: sockets, name lookups, readiness, TLS, time, randomness.

pub mod background_flush;
pub mod background_results;
pub mod clock;
mod closing_socket;
pub mod connector;
pub mod dns;
pub mod error;
pub mod linger;
pub mod listener;
mod movable_stream;
pub mod poller;
mod process;
mod process_local;
pub mod proxy;
pub mod random;
pub mod receive_buffers;
pub mod tcp;
mod tcp_transport;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(not(feature = "tls"))]
#[path = "tls/absent.rs"]
pub mod tls;
pub mod transport;
#[cfg(windows)]
pub mod windows;
pub mod zone;

pub use connector::Connector;
pub use error::{FailureStage, NetError};
pub use listener::ListeningSocket;
pub use proxy::Proxies;
pub use tcp::{RawDescriptor, TcpSocket};
pub use tls::{ClientTls, ServerTls, TlsInfo, TlsStream};
pub use transport::Transport;
