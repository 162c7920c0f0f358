//! The server's opening handshake: the checks of the request, and the response that opens or rejects (RFC 6455 section
//! 4.2).

use std::borrow::Cow;
use std::fmt::Write as _;

use tungstenite::handshake::derive_accept_key;

use super::head::{HeadBuffer, HeadError};
use super::headers::{self, Headers};
use super::http_answer::HttpAnswer;
use super::request_target::{self, RequestTarget};
use crate::error::{Error, ErrorCode};
use crate::limits::MAX_HANDSHAKE_HEADERS;
use crate::proto::extensions::{self, DeflatePreferences, NegotiatedDeflate};
use crate::proto::status;

/// A request as received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Request target.
    pub target: RequestTarget,
    /// Minor version of HTTP/1.
    pub version: u8,
    /// Header fields.
    pub headers: Headers,
    /// The request line and header lines as received, from which the fields above were parsed.
    pub head: Box<[u8]>,
    /// Bytes after the head: frames that the client sent without waiting for the response.
    pub rest: Vec<u8>,
}

/// What a server accepts, and adds to its response.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptOptions<'a> {
    /// Sub-protocols that the server supports.
    pub protocols: &'a [String],
    /// The sub-protocol that the program has selected, empty for none; `None` to select the client's first one that the
    /// server supports.
    pub selected_protocol: Option<&'a str>,
    /// Whether a connection without sub-protocol is accepted if client and server have none in common.
    pub allow_no_protocol: bool,
    /// Whether a server without sub-protocols refuses clients that offer some.
    pub refuses_unknown_offers: bool,
    /// Complete header lines for the response, checked by [`super::headers::check_extra_headers`].
    pub extra_headers: &'a [String],
    /// Values of `Origin` that are accepted; empty for all.
    pub allowed_origins: &'a [String],
    /// Parameters for permessage-deflate; `None` to decline it.
    pub deflate: Option<DeflatePreferences>,
}

/// The response that opens the connection, and what was negotiated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedRequest {
    /// The encoded response.
    pub response: Vec<u8>,
    /// Selected sub-protocol, empty for none.
    pub protocol: String,
    /// Parameters of permessage-deflate, if it was negotiated.
    pub deflate: Option<NegotiatedDeflate>,
}

/// The response that does not open the connection: an error, or the page of an ordinary request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// HTTP status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: Cow<'static, str>,
    /// Further header lines.
    pub headers: Vec<String>,
    /// Body: the reason in words, or the page.
    pub body: Vec<u8>,
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "request answered with HTTP status {} {}", self.status, self.reason)?;
        let body = String::from_utf8_lossy(self.body.get(..self.body.len().min(200)).unwrap_or_default());
        if body.is_empty() || body.chars().any(char::is_control) { Ok(()) } else { write!(f, ": {body}") }
    }
}

impl Rejection {
    fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            reason: status::reason_phrase(status).into(),
            headers: Vec::new(),
            body: body.into().into_bytes(),
        }
    }

    /// Returns a program's own response. An empty reason stands for the registered phrase of the status.
    pub fn custom(answer: HttpAnswer) -> crate::error::Result<Self> {
        let status = HttpAnswer::checked_status(i64::from(answer.status))?;
        if answer.reason.chars().any(|c| c.is_control() && c != '\t') {
            return Err(Error::new(ErrorCode::InvalidParameter, "the HTTP reason phrase contains a control character"));
        }
        headers::check_extra_headers(&answer.headers)?;
        let reason = match answer.reason.as_str() {
            "" => status::reason_phrase(status).into(),
            _ => answer.reason.into(),
        };
        Ok(Self { status, reason, headers: answer.headers, body: answer.body })
    }

    /// Returns the response if no request arrived in time.
    pub fn request_timeout() -> Self {
        Self::new(status::REQUEST_TIMEOUT, "the request did not arrive in time")
    }

    /// Returns the response if the program did not accept or reject the request in time.
    pub fn decision_timeout() -> Self {
        Self::new(status::SERVICE_UNAVAILABLE, "the server did not decide about the request in time")
    }

    fn with_header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    /// Returns the encoded response; the connection ends after it. The response to HEAD has no body (RFC 9110 section
    /// 9.3.2).
    pub fn response(&self, is_head: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        let _ = write!(text, "Connection: close\r\nContent-Length: {}\r\n", self.body.len());
        let names_content_type = |line: &String| line.to_ascii_lowercase().starts_with("content-type:");
        if !self.headers.iter().any(names_content_type) {
            text.push_str("Content-Type: text/plain; charset=utf-8\r\n");
        }
        for line in &self.headers {
            let _ = write!(text, "{line}\r\n");
        }
        text.push_str("\r\n");
        let mut response = text.into_bytes();
        if !is_head {
            response.extend_from_slice(&self.body);
        }
        response
    }
}

impl From<HeadError> for Rejection {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::TooLong { .. } | HeadError::TooManyHeaders => {
                Self::new(status::REQUEST_HEADER_FIELDS_TOO_LARGE, error.to_string())
            }
            HeadError::Syntax(_) | HeadError::Incomplete | HeadError::TooManyInterim | HeadError::Tls => {
                Self::new(status::BAD_REQUEST, error.to_string())
            }
        }
    }
}

/// Reads a request.
#[derive(Debug)]
pub struct RequestReader {
    head: HeadBuffer,
}

impl RequestReader {
    /// Creates a reader of a head of at most `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self { head: HeadBuffer::new(max_bytes) }
    }

    /// Takes input. Returns `None` if the request is not complete.
    pub fn receive(&mut self, input: &[u8]) -> Result<Option<Request>, Rejection> {
        let Some(length) = self.head.extend(input)? else { return Ok(None) };
        let (head, rest) = self.head.split(length);
        Ok(Some(Request { rest, ..Request::parse(head)? }))
    }
}

impl Request {
    /// Parses a complete head. [`Self::check_target`] is left to the caller, so that a refused request can be shown.
    pub fn parse(head: Box<[u8]>) -> Result<Self, HeadError> {
        let mut storage = [httparse::EMPTY_HEADER; MAX_HANDSHAKE_HEADERS];
        let mut parsed = httparse::Request::new(&mut storage);
        if parsed.parse(&head).map_err(HeadError::from)?.is_partial() {
            return Err(HeadError::Incomplete);
        }
        Ok(Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: RequestTarget::parse(parsed.path.unwrap_or_default()),
            version: parsed.version.unwrap_or_default(),
            headers: Headers::from_parsed(parsed.headers),
            head,
            rest: Vec::new(),
        })
    }

    /// Checks what every request must have, a WebSocket handshake or not: a valid target and `Host` (RFC 9112 section
    /// 3.2). The program must not be asked about others.
    pub fn check_target(&self) -> Result<(), Rejection> {
        self.target.check().map_err(|error| bad_request(error.to_string()))?;
        request_target::check_host(&self.headers, self.version).map_err(|error| bad_request(error.to_string()))
    }

    /// Returns path and query of the target, see [`RequestTarget::path_and_query`].
    pub fn path_and_query(&self) -> (&str, &str) {
        self.target.path_and_query()
    }

    /// Returns the sub-protocols that the client offers, in its order of preference.
    pub fn protocols(&self) -> impl Iterator<Item = &str> {
        self.headers.list("Sec-WebSocket-Protocol")
    }

    /// Returns whether the response has no body (RFC 9110 section 9.3.2).
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Returns whether it is a valid WebSocket handshake.
    pub fn is_websocket(&self) -> bool {
        self.check().is_ok()
    }

    /// Returns the URL that the client requested, as far as the request contains it (RFC 9112 section 3.3); empty if
    /// [`Self::check_target`] fails.
    pub fn url(&self, secure: bool) -> String {
        if self.check_target().is_err() {
            return String::new();
        }
        if self.target.is_absolute() {
            return self.target.as_str().to_owned();
        }
        let scheme = if secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.headers.first("Host").unwrap_or_default(), self.target.as_str())
    }

    /// Checks the request and returns the response.
    pub fn accept(&self, options: &AcceptOptions<'_>) -> Result<AcceptedRequest, Rejection> {
        let key = self.check()?;
        self.check_origin(options.allowed_origins)?;
        let protocol = self.select_protocol(options)?;
        let deflate = options
            .deflate
            .and_then(|preferences| extensions::accept(self.headers.all("Sec-WebSocket-Extensions"), preferences));
        let mut response = format!(
            "HTTP/1.1 {} {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
            status::SWITCHING_PROTOCOLS,
            status::reason_phrase(status::SWITCHING_PROTOCOLS),
            derive_accept_key(key.as_bytes())
        );
        if !protocol.is_empty() {
            let _ = write!(response, "Sec-WebSocket-Protocol: {protocol}\r\n");
        }
        if let Some((_, extension)) = &deflate {
            let _ = write!(response, "Sec-WebSocket-Extensions: {extension}\r\n");
        }
        for line in options.extra_headers {
            let _ = write!(response, "{line}\r\n");
        }
        response.push_str("\r\n");
        Ok(AcceptedRequest {
            response: response.into_bytes(),
            protocol,
            deflate: deflate.map(|(negotiated, _)| negotiated),
        })
    }

    /// Checks the requirements of RFC 6455 section 4.2.1 and returns the key.
    fn check(&self) -> Result<&str, Rejection> {
        // Requirement 2, and the target of requirement 1.
        self.check_target()?;
        // Requirement 1: a GET request of HTTP/1.1.
        if self.method != "GET" {
            let body = format!("a WebSocket handshake is a GET request, not {}", self.method);
            return Err(Rejection::new(status::METHOD_NOT_ALLOWED, body).with_header("Allow: GET"));
        }
        if self.version != 1 {
            return Err(Rejection::new(
                status::HTTP_VERSION_NOT_SUPPORTED,
                "a WebSocket handshake is an HTTP/1.1 request",
            ));
        }
        // Requirement 3.
        if !self.headers.has_token("Upgrade", "websocket") {
            return Err(Rejection::new(status::UPGRADE_REQUIRED, "this is a WebSocket server")
                .with_header("Upgrade: websocket"));
        }
        // Requirement 4.
        if !self.headers.has_token("Connection", "upgrade") {
            return Err(bad_request("the Connection header does not contain 'Upgrade'"));
        }
        // The bytes of a body would be read as frames, which a proxy in between has forwarded as a body.
        if self.announces_body() {
            return Err(bad_request("a WebSocket handshake has no body"));
        }
        // Requirement 6. RFC 6455 section 4.4: the response to another version lists the supported ones.
        let mut versions = self.headers.list("Sec-WebSocket-Version");
        if versions.next() != Some("13") || versions.next().is_some() {
            return Err(Rejection::new(
                status::UPGRADE_REQUIRED,
                "the supported version of the WebSocket protocol is 13",
            )
            .with_header("Upgrade: websocket")
            .with_header("Sec-WebSocket-Version: 13"));
        }
        // Requirement 5: a base64 value that decodes to 16 bytes.
        let mut keys = self.headers.all("Sec-WebSocket-Key");
        let key = keys.next().ok_or_else(|| bad_request("there is no Sec-WebSocket-Key"))?;
        let is_nonce = data_encoding::BASE64.decode(key.as_bytes()).is_ok_and(|nonce| nonce.len() == 16);
        if !is_nonce || keys.next().is_some() {
            return Err(bad_request("Sec-WebSocket-Key is not one base64 value of 16 bytes"));
        }
        Ok(key)
    }

    /// Returns whether the request has a body, or a length that is not a number (RFC 9112 section 6.3).
    fn announces_body(&self) -> bool {
        let is_zero = |length: &str| !length.is_empty() && length.bytes().all(|digit| digit == b'0');
        self.headers.first("Transfer-Encoding").is_some() || !self.headers.all("Content-Length").all(is_zero)
    }

    /// RFC 6455 section 10.2: a server may restrict the pages that connect. A browser always sends its page's origin;
    /// other programs need not, and could send any.
    fn check_origin(&self, allowed: &[String]) -> Result<(), Rejection> {
        let mut origins = self.headers.all("Origin");
        if allowed.is_empty() || origins.all(|origin| allowed.iter().any(|one| one.eq_ignore_ascii_case(origin))) {
            return Ok(());
        }
        Err(Rejection::new(status::FORBIDDEN, "pages of this origin may not connect here"))
    }

    /// Selects the program's sub-protocol, or else the first of the client's that the server supports (RFC 6455 section
    /// 4.2.2). Without [`AcceptOptions::allow_no_protocol`], a server with sub-protocols rejects a client that offers
    /// none of them, and [`AcceptOptions::refuses_unknown_offers`] decides for a server without.
    fn select_protocol(&self, options: &AcceptOptions<'_>) -> Result<String, Rejection> {
        if let Some(selected) = options.selected_protocol {
            return Ok(selected.to_owned());
        }
        let supported = options.protocols;
        if let Some(common) = self.protocols().find(|offered| supported.iter().any(|name| name == offered)) {
            return Ok(common.to_owned());
        }
        if options.allow_no_protocol {
            return Ok(String::new());
        }
        if !supported.is_empty() {
            return Err(bad_request(format!("the sub-protocol must be one of: {}", supported.join(", "))));
        }
        if options.refuses_unknown_offers && self.protocols().next().is_some() {
            return Err(bad_request("the client asks for a sub-protocol and the server supports none"));
        }
        Ok(String::new())
    }
}

fn bad_request(body: impl Into<String>) -> Rejection {
    Rejection::new(status::BAD_REQUEST, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_BYTES: usize = 16_384;

    const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn read(text: &str) -> Result<Request, Rejection> {
        RequestReader::new(MAX_BYTES).receive(text.as_bytes()).map(|request| request.expect("complete request"))
    }

    fn answer(text: &str, options: &AcceptOptions<'_>) -> Result<AcceptedRequest, Rejection> {
        read(text)?.accept(options)
    }

    fn with(line: &str) -> String {
        REQUEST.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"))
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_request_of_rfc_6455_section_1_3_is_accepted_however_it_is_cut() {
        let input = format!("{REQUEST}frames");
        for cut in 0..=input.len() {
            let mut reader = RequestReader::new(MAX_BYTES);
            let request = match reader.receive(&input.as_bytes()[..cut]).unwrap() {
                Some(request) => request,
                None => reader.receive(&input.as_bytes()[cut..]).unwrap().unwrap(),
            };
            let accepted = request
                .accept(&AcceptOptions { extra_headers: &names(&["X-A: b"]), ..AcceptOptions::default() })
                .unwrap();
            let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-A: b\r\n\r\n";
            assert_eq!(String::from_utf8(accepted.response).unwrap(), expected);
            assert_eq!(request.url(false), "ws://server.example.com/chat");
        }
    }

    #[test]
    fn the_first_supported_protocol_of_the_client_is_selected() {
        let supported = names(&["b", "a"]);
        let options = AcceptOptions { protocols: &supported, ..AcceptOptions::default() };
        let offer = with("Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: a, b");
        assert_eq!(answer(&offer, &options).unwrap().protocol, "a");
        assert_eq!(answer(REQUEST, &options).unwrap_err().status, 400);
        assert_eq!(answer(&with("Sec-WebSocket-Protocol: A"), &options).unwrap_err().status, 400);
        assert_eq!(answer(&offer, &AcceptOptions::default()).unwrap().protocol, "");
    }

    #[test]
    fn compression_is_negotiated_if_it_is_enabled() {
        let offer = with("Sec-WebSocket-Extensions: permessage-deflate");
        assert_eq!(answer(&offer, &AcceptOptions::default()).unwrap().deflate, None);
        let options = AcceptOptions { deflate: Some(DeflatePreferences::default()), ..AcceptOptions::default() };
        let accepted = answer(&offer, &options).unwrap();
        assert_eq!(accepted.deflate, Some(NegotiatedDeflate::default()));
        assert!(
            String::from_utf8(accepted.response).unwrap().contains("Sec-WebSocket-Extensions: permessage-deflate\r\n")
        );
    }

    #[test]
    fn a_rejection_has_the_status_of_its_reason() {
        let status = |text: &str| answer(text, &AcceptOptions::default()).unwrap_err().status;
        assert_eq!(status(&REQUEST.replace("GET", "POST")), 405);
        assert_eq!(status(&REQUEST.replace("HTTP/1.1", "HTTP/1.0")), 505);
        assert_eq!(status(&REQUEST.replace("Upgrade: websocket", "Upgrade: h2c")), 426);
        assert_eq!(status(&REQUEST.replace("Connection: Upgrade", "Connection: close")), 400);
        assert_eq!(status(&REQUEST.replace("Version: 13", "Version: 8")), 426);
        assert_eq!(status(&REQUEST.replace("dGhl", "")), 400);
        assert_eq!(status(&with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")), 400);
        assert_eq!(status("GET /chat\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"), 400);
        assert_eq!(status("nonsense\r\n\r\n"), 400);
        assert_eq!(status("\x16\x03\x01\x02\x00\n\n"), 400);
        let many = "X: y\r\n".repeat(MAX_HANDSHAKE_HEADERS + 1);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\n{many}\r\n")), 431);
        assert_eq!(RequestReader::new(MAX_BYTES).receive(&[b'a'; 20_000]).unwrap_err().status, 431);
        let rejection = answer(&REQUEST.replace("Version: 13", "Version: 8"), &AcceptOptions::default()).unwrap_err();
        assert!(String::from_utf8(rejection.response(false)).unwrap().contains("\r\nSec-WebSocket-Version: 13\r\n"));
    }

    #[test]
    fn allowed_origins_and_requests_without_origin_are_accepted() {
        let allowed = names(&["https://game.example", "http://localhost:8080"]);
        let options = AcceptOptions { allowed_origins: &allowed, ..AcceptOptions::default() };
        let status = |text: &str| answer(text, &options).map_or_else(|rejection| rejection.status, |_| 101);
        assert_eq!(status(REQUEST), 101);
        assert_eq!(status(&with("Origin: https://GAME.example")), 101);
        assert_eq!(status(&with("Origin: http://localhost:8080")), 101);
        for origin in ["https://game.example.evil", "http://game.example", "null", "https://game.example:444", ""] {
            assert_eq!(status(&with(&format!("Origin: {origin}"))), 403, "{origin}");
        }
        assert_eq!(status(&with("Origin: https://evil.example\r\nOrigin: https://game.example")), 403);
        assert!(answer(&with("Origin: null"), &AcceptOptions::default()).is_ok());
    }

    #[test]
    fn a_programs_response_is_checked_and_complete() {
        let header = |line: &str| HttpAnswer::new(200).with_headers(names(&[line]));
        let page = Rejection::custom(header("Content-Type: text/html").with_body("<p>")).unwrap();
        let text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\nContent-Type: text/html\r\n\r\n";
        assert_eq!(page.response(true), text.as_bytes());
        assert_eq!(page.response(false), [text.as_bytes(), b"<p>"].concat());
        for status in [0, 101, 199, 600] {
            assert!(Rejection::custom(HttpAnswer::new(status)).is_err(), "{status}");
        }
        for status in [-1, 0, 101, 199, 600, 65_736] {
            assert!(HttpAnswer::checked_status(status).is_err(), "{status}");
        }
        let reason = |status, reason: &str| HttpAnswer::new(status).with_reason(reason);
        assert!(Rejection::custom(reason(200, "a\r\nX: y")).is_err());
        assert!(Rejection::custom(header("Content-Length: 9")).is_err());
        assert!(Rejection::custom(header("X: a\r\nY: b")).is_err());
        assert_eq!(Rejection::custom(reason(404, "")).unwrap().reason, "Not Found");
        assert_eq!(Rejection::custom(reason(599, "Mine")).unwrap().reason, "Mine");
    }
}
