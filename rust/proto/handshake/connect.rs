//! Asking an HTTP proxy for a tunnel (RFC 9110 section 9.3.6).

use std::fmt::Write as _;

use super::head::HeadError;
use super::response::{Answer, HttpResponse, ResponseReader};
use crate::proto::status;
use crate::proto::url::Authority;

/// Why there is no tunnel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The proxy does not answer in HTTP.
    #[error("the proxy's answer: {0}")]
    Head(#[from] HeadError),
    /// The proxy refuses.
    #[error("the proxy answered {}", .0.summary())]
    Refused(HttpResponse),
}

/// A CONNECT request that waits for its answer.
#[derive(Debug, Default)]
pub struct ConnectHandshake {
    reader: ResponseReader,
}

impl ConnectHandshake {
    /// Writes the request. `authorization` is the value of `Proxy-Authorization`.
    pub fn start(target: &Authority, authorization: Option<&str>) -> (Self, Vec<u8>) {
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(authorization) = authorization {
            let _ = write!(request, "Proxy-Authorization: {authorization}\r\n");
        }
        request.push_str("\r\n");
        (Self::default(), request.into_bytes())
    }

    /// Takes input; returns whether the tunnel is there, and what came through it already.
    pub fn receive(&mut self, input: &[u8]) -> Result<Option<Vec<u8>>, ConnectError> {
        match self.reader.receive(input, status::is_successful)? {
            None => Ok(None),
            Some(Answer::Agreed { rest, .. }) => Ok(Some(rest)),
            Some(Answer::Refused(response)) => Err(ConnectError::Refused(response)),
        }
    }

    /// See [`ResponseReader::give_up`].
    pub fn give_up(&mut self) -> Option<HttpResponse> {
        self.reader.give_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_request_with_the_port_and_takes_any_2xx() {
        let target = Authority { host: "::1".to_owned(), port: 443 };
        let (mut handshake, request) = ConnectHandshake::start(&target, Some("Basic eDp5"));
        let expected = "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
        assert_eq!(String::from_utf8(request).unwrap(), expected);
        assert_eq!(handshake.receive(b"HTTP/1.0 200 Connection est").unwrap(), None);
        assert_eq!(handshake.receive(b"ablished\r\n\r\nhi").unwrap(), Some(b"hi".to_vec()));
    }

    #[test]
    fn a_refusal_carries_the_answer() {
        let (mut handshake, _) = ConnectHandshake::start(&Authority { host: "h".to_owned(), port: 1 }, None);
        let error = handshake.receive(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
        let Err(ConnectError::Refused(response)) = error else { panic!("{error:?}") };
        assert_eq!((response.status, &response.body[..]), (407, &b"no"[..]));
    }
}
