//! The CONNECT request for a tunnel through an HTTP proxy, and its response (RFC 9110 section 9.3.6).

use std::fmt::Write as _;

use super::head::HeadError;
use super::response::{FinalResponse, HttpResponse, ResponseReader};
use crate::proto::status;
use crate::proto::url::Authority;

/// Why the proxy made no tunnel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// The response is not valid HTTP.
    #[error("the proxy's response: {0}")]
    Head(#[from] HeadError),
    /// The proxy refused.
    #[error("the proxy answered {}", .0.summary())]
    Refused(HttpResponse),
}

/// A CONNECT request that waits for its response.
#[derive(Debug, Default)]
pub struct TunnelHandshake {
    reader: ResponseReader,
}

impl TunnelHandshake {
    /// Returns the handshake and the encoded request. `authorization` is the value of `Proxy-Authorization`.
    pub fn start(target: &Authority, authorization: Option<&str>) -> (Self, Vec<u8>) {
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(authorization) = authorization {
            let _ = write!(request, "Proxy-Authorization: {authorization}\r\n");
        }
        request.push_str("\r\n");
        (Self::default(), request.into_bytes())
    }

    /// Takes input. Returns the bytes that came through the tunnel already; `None` if the response is not complete.
    pub fn receive(&mut self, input: &[u8]) -> Result<Option<Vec<u8>>, TunnelError> {
        match self.reader.receive(input, status::is_successful)? {
            None => Ok(None),
            Some(FinalResponse::Expected { rest, .. }) => Ok(Some(rest)),
            Some(FinalResponse::Refused(response)) => Err(TunnelError::Refused(response)),
        }
    }

    /// See [`ResponseReader::is_refused`].
    pub fn is_refused(&self) -> bool {
        self.reader.is_refused()
    }

    /// See [`ResponseReader::take_partial`].
    pub fn take_partial(&mut self) -> Option<HttpResponse> {
        self.reader.take_partial()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_names_the_port_and_any_2xx_is_accepted() {
        let target = Authority { host: "::1".to_owned(), port: 443 };
        let (mut handshake, request) = TunnelHandshake::start(&target, Some("Basic eDp5"));
        let expected = "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
        assert_eq!(String::from_utf8(request).unwrap(), expected);
        assert_eq!(handshake.receive(b"HTTP/1.0 200 Connection est").unwrap(), None);
        assert_eq!(handshake.receive(b"ablished\r\n\r\nhi").unwrap(), Some(b"hi".to_vec()));
    }

    #[test]
    fn a_refusal_contains_the_response() {
        let (mut handshake, _) = TunnelHandshake::start(&Authority { host: "h".to_owned(), port: 1 }, None);
        let error = handshake.receive(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
        let Err(TunnelError::Refused(response)) = error else { panic!("{error:?}") };
        assert_eq!((response.status, &response.body[..]), (407, &b"no"[..]));
    }
}
