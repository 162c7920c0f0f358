//! Keeps the head of the HTTP message with which the remote peer opened the connection.

use crate::proto::handshake::Request;

/// The head of the HTTP message that the remote peer sent, as it arrived; parsed again for each call that asks for it.
#[derive(Debug)]
pub(in crate::peer) enum HandshakeHead {
    /// None was received.
    None,
    /// A client's request.
    Request(Box<[u8]>),
    /// The server's response that opened the connection.
    Response(Box<[u8]>),
}

/// A request head that a server has read.
#[derive(Debug)]
pub(in crate::peer) struct ReceivedRequest {
    pub head: Box<[u8]>,
    /// Whether it was received over TLS.
    pub is_secure: bool,
}

impl ReceivedRequest {
    /// Returns the URL that the request names.
    pub fn url(&self) -> String {
        Request::parse(self.head.clone()).map(|request| request.url(self.is_secure)).unwrap_or_default()
    }
}
