//! The TCP and TLS streams and the TCP listener that programs use directly.

pub(in crate::peer) mod bind_address;
pub mod stream_peer_tcp;
pub mod stream_peer_tls;
pub mod tcp_server;

pub use stream_peer_tcp::{StreamPeerTcp, StreamStatus};
pub use stream_peer_tls::{StreamPeerTls, TlsStatus};
pub use tcp_server::TcpServer;
