//! The opening handshake (RFC 6455 section 4) over HTTP/1.1, parsed by httparse.

pub mod client;
pub mod head;
pub mod headers;
pub mod server;

pub use client::{ClientHandshake, Response, ResponseError};
pub use head::HeadError;
pub use headers::Headers;
pub use server::{Accepted, Refusal, Request, ServerOptions};
