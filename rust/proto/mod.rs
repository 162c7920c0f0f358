//! The WebSocket protocol (RFC 6455) and permessage-deflate (RFC 7692) without I/O: bytes in, bytes out. Time and
//! randomness are passed in.

pub mod broadcast;
pub mod close;
pub mod close_code;
pub mod connection;
pub mod deflate;
pub mod extensions;
pub mod frame;
pub mod growth;
pub mod handshake;
mod lookahead;
pub mod mask;
pub mod message;
pub mod output_buffer;
pub mod status;
pub mod url;
pub mod utf8;
pub mod violation;

pub use tungstenite::protocol::Role;
