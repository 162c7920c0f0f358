//! The opening handshake over HTTP/1.1 (RFC 6455 section 4), and the tunnel through a proxy before it. httparse parses.

pub mod client;
pub mod head;
pub mod headers;
pub mod http_answer;
pub mod proxy_tunnel;
pub mod request_target;
pub mod response;
pub mod server;

pub use client::{ClientHandshake, RequestOptions, ResponseError, UpgradeResponse};
pub use head::HeadError;
pub use headers::Headers;
pub use http_answer::HttpAnswer;
pub use proxy_tunnel::{TunnelError, TunnelHandshake};
pub use request_target::RequestTarget;
pub use response::HttpResponse;
pub use server::{AcceptOptions, AcceptedRequest, Rejection, Request};
