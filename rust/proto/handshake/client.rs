//! The client's opening handshake: the request, and the checks of the response (RFC 6455 section 4.1).

use std::fmt::Write as _;

use tungstenite::handshake::derive_accept_key;

use super::head::HeadError;
use super::headers::{self, Headers};
use super::response::{FinalResponse, HttpResponse, ResponseReader};
use crate::error::Result;
use crate::proto::extensions::{self, DeflatePreferences, NegotiatedDeflate};
use crate::proto::status;
use crate::proto::url::Url;

/// A response that opened the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradeResponse {
    /// The status line and header lines as received.
    pub head: Box<[u8]>,
    /// Selected sub-protocol, empty for none.
    pub protocol: String,
    /// Parameters of permessage-deflate, if it was negotiated.
    pub deflate: Option<NegotiatedDeflate>,
    /// Bytes after the response: the first frames.
    pub rest: Vec<u8>,
}

/// Why the response did not open the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// It is not a valid HTTP response.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// Its status is not 101.
    #[error("the server answered {}", .0.summary())]
    Status(HttpResponse),
    /// A header field does not follow RFC 6455 section 4.1.
    #[error("{1}")]
    Header(HttpResponse, &'static str),
}

/// A client's handshake after the request.
#[derive(Debug)]
pub struct ClientHandshake {
    reader: ResponseReader,
    accept: String,
    protocols: Vec<String>,
    deflate: Option<DeflatePreferences>,
}

impl ClientHandshake {
    /// Returns the handshake and the encoded request. `nonce` is 16 random bytes; `extra` are complete header lines.
    pub fn start(
        url: &Url,
        nonce: [u8; 16],
        protocols: &[String],
        extra: &[String],
        deflate: Option<DeflatePreferences>,
    ) -> Result<(Self, Vec<u8>)> {
        headers::check_protocols(protocols)?;
        headers::check_extra_headers(extra)?;
        let key = data_encoding::BASE64.encode(&nonce);
        let mut request = String::new();
        let _ = write!(
            request,
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n",
            url.target,
            url.host_header(),
        );
        if !protocols.is_empty() {
            let _ = write!(request, "Sec-WebSocket-Protocol: {}\r\n", protocols.join(","));
        }
        if let Some(preferences) = deflate {
            let _ = write!(request, "Sec-WebSocket-Extensions: {}\r\n", extensions::offer(preferences));
        }
        let names_authorization = |line: &String| line.to_ascii_lowercase().starts_with("authorization:");
        if let Some(credentials) = &url.credentials
            && !extra.iter().any(names_authorization)
        {
            let _ = write!(request, "Authorization: {}\r\n", credentials.basic());
        }
        for line in extra {
            let _ = write!(request, "{line}\r\n");
        }
        request.push_str("\r\n");
        let handshake = Self {
            reader: ResponseReader::default(),
            accept: derive_accept_key(key.as_bytes()),
            protocols: protocols.to_vec(),
            deflate,
        };
        Ok((handshake, request.into_bytes()))
    }

    /// Takes input. Returns `None` if the response is not complete.
    pub fn receive(&mut self, input: &[u8]) -> Result<Option<UpgradeResponse>, ResponseError> {
        match self.reader.receive(input, |status| status == status::SWITCHING_PROTOCOLS)? {
            None => Ok(None),
            Some(FinalResponse::Refused(response)) => Err(ResponseError::Status(response)),
            Some(FinalResponse::Expected { response, minor_version, head, rest }) => {
                if minor_version != 1 {
                    return Err(ResponseError::Header(response, "the response is not HTTP/1.1"));
                }
                match self.check(&response.headers) {
                    Ok((protocol, deflate)) => Ok(Some(UpgradeResponse { head, protocol, deflate, rest })),
                    Err(why) => Err(ResponseError::Header(response, why)),
                }
            }
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

    /// Checks the header fields by the numbered rules after "If the status code received" in RFC 6455 section 4.1.
    /// Returns the selected sub-protocol and the negotiated compression.
    fn check(&self, headers: &Headers) -> Result<(String, Option<NegotiatedDeflate>), &'static str> {
        // Rule 2: the value is the word itself, not a list that contains it.
        match single(headers, "Upgrade", "response has more than one Upgrade header")? {
            None => return Err("response has no 'Upgrade: websocket'"),
            Some(value) if value.eq_ignore_ascii_case("websocket") => {}
            Some(_) => return Err("the response's Upgrade header is not 'websocket' alone"),
        }
        // Rule 3.
        if !headers.has_token("Connection", "upgrade") {
            return Err("response has no 'Connection: Upgrade'");
        }
        // Rule 4, and section 11.3.3.
        let accept = single(headers, "Sec-WebSocket-Accept", "response has more than one Sec-WebSocket-Accept header")?;
        if accept != Some(self.accept.as_str()) {
            return Err("Sec-WebSocket-Accept does not match the key that was sent");
        }
        // Rule 6, and section 11.3.4.
        let selected =
            single(headers, "Sec-WebSocket-Protocol", "response has more than one Sec-WebSocket-Protocol header")?;
        let protocol = match (selected, self.protocols.is_empty()) {
            (None, true) => String::new(),
            (None, false) => return Err("server selected none of the requested sub-protocols"),
            (Some(selected), _) if self.protocols.iter().any(|offered| offered == selected) => selected.to_owned(),
            (Some(_), _) => return Err("server selected a sub-protocol that was not requested"),
        };
        // Rule 5.
        let deflate = extensions::check_response(headers.all("Sec-WebSocket-Extensions"), self.deflate)?;
        Ok((protocol, deflate))
    }
}

/// Returns the value of a field that a response must not repeat, `None` without it. A repeated one is the error
/// `repeated`.
fn single<'a>(headers: &'a Headers, name: &'a str, repeated: &'static str) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.all(name);
    let value = values.next();
    if values.next().is_some() { Err(repeated) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nonce of RFC 6455 section 1.3, "the sample nonce".
    const NONCE: [u8; 16] = *b"the sample nonce";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn start(protocols: &[&str], deflate: Option<DeflatePreferences>) -> ClientHandshake {
        let url = Url::parse("ws://server.example.com/chat").unwrap();
        let protocols: Vec<String> = protocols.iter().map(|name| (*name).to_owned()).collect();
        ClientHandshake::start(&url, NONCE, &protocols, &[], deflate).unwrap().0
    }

    fn response(extra: &str) -> Vec<u8> {
        format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n{extra}\r\n").into_bytes()
    }

    #[test]
    fn writes_the_request_in_the_engines_order() {
        let url = Url::parse("ws://u:p@h:81/c?d").unwrap();
        let protocols = ["a".to_owned(), "b".to_owned()];
        let extra = ["X-A: 1".to_owned()];
        let (_, request) =
            ClientHandshake::start(&url, NONCE, &protocols, &extra, Some(DeflatePreferences::default())).unwrap();
        let expected = "GET /c?d HTTP/1.1\r\nHost: h:81\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
                        Sec-WebSocket-Protocol: a,b\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
                        Authorization: Basic dTpw\r\nX-A: 1\r\n\r\n";
        assert_eq!(String::from_utf8(request).unwrap(), expected);
    }

    #[test]
    fn the_response_of_rfc_6455_section_1_3_opens_however_it_is_cut() {
        let input = [response("Sec-WebSocket-Protocol: chat\r\n").as_slice(), b"\x81\x01x"].concat();
        for cut in 0..=input.len() {
            let mut handshake = start(&["chat", "superchat"], None);
            let first = handshake.receive(&input[..cut]).unwrap();
            let mut tail = input[cut..].to_vec();
            let response = match first {
                Some(response) => {
                    tail.splice(0..0, response.rest.iter().copied());
                    response
                }
                None => {
                    let response = handshake.receive(&tail).unwrap().unwrap();
                    tail = response.rest.clone();
                    response
                }
            };
            assert_eq!(response.protocol, "chat");
            assert_eq!(tail, b"\x81\x01x");
        }
    }

    #[test]
    fn headers_changed_by_proxies_are_accepted() {
        let text = format!(
            "HTTP/1.1 101\r\nconnection: keep-alive, Upgrade\r\nUPGRADE: WebSocket\r\nX-Empty:\r\nSec-WebSocket-Accept:{ACCEPT}\r\n\r\n"
        );
        assert!(start(&[], None).receive(text.as_bytes()).unwrap().is_some());
    }

    #[test]
    fn responses_that_do_not_match_the_request_are_refused() {
        let refused = |protocols: &[&str], input: &[u8]| start(protocols, None).receive(input).unwrap_err();
        let status = |input| match refused(&[], input) {
            ResponseError::Status(response) => (response.status, response.body),
            other => panic!("{other:?}"),
        };
        assert_eq!(status(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), (403, b"no".to_vec()));
        assert_eq!(status(b"HTTP/1.1 204 No Content\r\n\r\n"), (204, Vec::new()));
        assert!(matches!(refused(&[], b"SSH-2.0-OpenSSH\r\n\r\n"), ResponseError::Head(_)));
        assert!(matches!(refused(&[], b"HTTP/1.1 101 X\r\n\r\n"), ResponseError::Header(..)));
        assert!(matches!(refused(&[], &response("Sec-WebSocket-Protocol: a\r\n")), ResponseError::Header(..)));
        assert!(matches!(refused(&["a"], &response("")), ResponseError::Header(..)));
        assert!(matches!(
            refused(&["a", "b"], &response("Sec-WebSocket-Protocol: a, b\r\n")),
            ResponseError::Header(..)
        ));
        assert!(matches!(refused(&["a"], &response("Sec-WebSocket-Protocol: A\r\n")), ResponseError::Header(..)));
        assert!(matches!(
            refused(&[], &response("Sec-WebSocket-Extensions: permessage-deflate\r\n")),
            ResponseError::Header(..)
        ));
        let wrong_accept = String::from_utf8(response("")).unwrap().replace("s3pP", "s3pQ");
        assert!(matches!(refused(&[], wrong_accept.as_bytes()), ResponseError::Header(..)));
        let old = String::from_utf8(response("")).unwrap().replace("HTTP/1.1", "HTTP/1.0");
        assert!(matches!(refused(&[], old.as_bytes()), ResponseError::Header(..)));
    }
}
