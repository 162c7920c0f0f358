//! The stream classes, and how a connection runs on any stream of the engine or of this library.

mod engine_stream;
mod stream_peer_tcp;
mod stream_peer_tls;
pub mod stream_resolution;
mod stream_virtuals;
mod tcp_server;

pub use stream_peer_tcp::RustStreamPeerTCP;
pub use stream_peer_tls::RustStreamPeerTLS;
