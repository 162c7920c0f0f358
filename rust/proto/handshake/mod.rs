//! The opening handshake (RFC 6455 section 4) over HTTP/1.1, parsed by httparse.

pub mod client;
pub mod connect;
pub mod head;
pub mod headers;
pub mod http_answer;
pub mod response;
pub mod server;

pub use client::{ClientHandshake, Response, ResponseError};
pub use connect::{ConnectError, ConnectHandshake};
pub use head::HeadError;
pub use headers::Headers;
pub use http_answer::HttpAnswer;
pub use response::HttpResponse;
pub use server::{Accepted, Refusal, Request, ServerOptions};
