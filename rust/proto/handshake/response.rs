//! Responses of a server or a proxy: interim ones are skipped, the expected one opens, and of any other the body is
//! read up to a limit.

use super::head::{HeadBuffer, HeadError};
use super::headers::Headers;
use crate::limits::{MAX_FAILURE_BODY, MAX_HANDSHAKE_HEADERS, MAX_INTERIM_ANSWERS};
use crate::proto::status;

/// An HTTP response. If its status is not the expected one, it contains the beginning of the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpResponse {
    /// HTTP status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Header fields.
    pub headers: Headers,
    /// At most [`MAX_FAILURE_BODY`] bytes, of which the end may be missing.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// Returns status, reason and the location of a redirection as a part of a sentence.
    pub fn summary(&self) -> String {
        let location = self.headers.first("Location").filter(|_| status::is_redirection(self.status));
        let location = location.map(|location| format!(" (to {location}; redirections are not followed)"));
        format!("HTTP status {} {}", self.status, self.reason).trim_end().to_owned() + &location.unwrap_or_default()
    }
}

/// What determines the end of a body (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
    /// The server announces neither a length nor the end of the connection. The bytes that came with the head are
    /// enough, because the end might never come.
    Unknown,
}

/// The response after all interim ones (RFC 9110 section 15).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinalResponse {
    /// Its status is the expected one.
    Expected {
        /// Without a body.
        response: HttpResponse,
        /// Minor version of HTTP/1.
        minor_version: u8,
        /// The status line and header lines as received.
        head: Box<[u8]>,
        /// Bytes after the head.
        rest: Vec<u8>,
    },
    /// It has any other status.
    Refused(HttpResponse),
}

/// Reads a response. Interim responses (RFC 9110 section 15.2) are skipped.
#[derive(Debug, Default)]
pub struct ResponseReader {
    head: HeadBuffer,
    refused: Option<(HttpResponse, Framing)>,
    raw_body: Vec<u8>,
    interim: usize,
}

impl ResponseReader {
    /// Takes input. Returns `None` if the response is not complete. `is_expected` decides by the status.
    pub fn receive(
        &mut self,
        input: &[u8],
        is_expected: impl Fn(u16) -> bool,
    ) -> Result<Option<FinalResponse>, HeadError> {
        if self.refused.is_some() {
            return Ok(self.collect(input));
        }
        let mut next = input.to_vec();
        loop {
            let Some(length) = self.head.extend(&next)? else { return Ok(None) };
            let (response, minor_version) = parse(self.head.bytes())?;
            let (head, rest) = std::mem::take(&mut self.head).split(length);
            if is_expected(response.status) {
                return Ok(Some(FinalResponse::Expected { response, minor_version, head, rest }));
            }
            if status::is_interim(response.status) {
                self.interim += 1;
                if self.interim > MAX_INTERIM_ANSWERS {
                    return Err(HeadError::TooManyInterim);
                }
                next = rest;
                continue;
            }
            let framing = framing(&response, minor_version);
            self.refused = Some((response, framing));
            return Ok(self.collect(&rest));
        }
    }

    /// Returns whether the head of a refusing response has arrived and its body is not complete.
    pub fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Returns the part of a refusing response that has arrived, after the connection or the time ended; `None` without
    /// one.
    pub fn take_partial(&mut self) -> Option<HttpResponse> {
        let (mut response, framing) = self.refused.take()?;
        response.body = std::mem::take(&mut self.raw_body);
        match framing {
            Framing::Chunked => response.body = decode_chunks(&response.body).0,
            Framing::Length(length) => response.body.truncate(length),
            Framing::UntilClose | Framing::Unknown => {}
        }
        response.body.truncate(MAX_FAILURE_BODY);
        Some(response)
    }

    fn collect(&mut self, input: &[u8]) -> Option<FinalResponse> {
        // Chunked framing takes space of its own.
        let room = (2 * MAX_FAILURE_BODY).saturating_sub(self.raw_body.len());
        self.raw_body.extend_from_slice(input.get(..input.len().min(room)).unwrap_or_default());
        let is_complete = match self.refused.as_ref()?.1 {
            Framing::Length(length) => self.raw_body.len() >= length.min(MAX_FAILURE_BODY),
            Framing::Chunked => {
                let (body, is_complete) = decode_chunks(&self.raw_body);
                is_complete || body.len() >= MAX_FAILURE_BODY
            }
            Framing::UntilClose => self.raw_body.len() >= MAX_FAILURE_BODY,
            Framing::Unknown => true,
        };
        if is_complete || input.len() > room { self.take_partial().map(FinalResponse::Refused) } else { None }
    }
}

/// Parses the complete head of a response. Returns the minor version of HTTP/1 with it.
fn parse(head: &[u8]) -> Result<(HttpResponse, u8), HeadError> {
    let mut storage = [httparse::EMPTY_HEADER; MAX_HANDSHAKE_HEADERS];
    let mut parsed = httparse::Response::new(&mut storage);
    // RFC 9112 section 5.2: a client unfolds obsolete line folding.
    let mut parser = httparse::ParserConfig::default();
    parser.allow_obsolete_multiline_headers_in_responses(true);
    if parser.parse_response(&mut parsed, head).map_err(HeadError::from)?.is_partial() {
        return Err(HeadError::Incomplete);
    }
    let response = HttpResponse {
        status: parsed.code.unwrap_or(0),
        reason: parsed.reason.unwrap_or_default().to_owned(),
        headers: Headers::from_parsed(parsed.headers),
        body: Vec::new(),
    };
    Ok((response, parsed.version.unwrap_or_default()))
}

/// Returns the header fields of a head that was parsed before.
pub fn parse_headers(head: &[u8]) -> Headers {
    parse(head).map(|(response, _)| response.headers).unwrap_or_default()
}

fn framing(response: &HttpResponse, minor_version: u8) -> Framing {
    if matches!(response.status, status::NO_CONTENT | status::NOT_MODIFIED) {
        return Framing::Length(0);
    }
    if response.headers.has_token("Transfer-Encoding", "chunked") {
        return Framing::Chunked;
    }
    let length = response.headers.first("Content-Length").and_then(|length| length.parse().ok());
    let will_close = minor_version == 0 || response.headers.has_token("Connection", "close");
    length.map_or(if will_close { Framing::UntilClose } else { Framing::Unknown }, Framing::Length)
}

/// Returns the data of a chunked body, and whether the body is complete (RFC 9112 section 7.1). A malformed chunk ends
/// it.
fn decode_chunks(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let (start, length) = match httparse::parse_chunk_size(raw) {
            Ok(httparse::Status::Complete((start, length))) => (start, usize::try_from(length).unwrap_or(usize::MAX)),
            Ok(httparse::Status::Partial) => return (body, false),
            Err(_) => return (body, true),
        };
        if length == 0 {
            return (body, true);
        }
        let data = raw.get(start..).unwrap_or_default();
        let Some((chunk, rest)) = data.split_at_checked(length) else {
            body.extend_from_slice(data);
            return (body, false);
        };
        body.extend_from_slice(chunk);
        match rest.get(..2) {
            Some(b"\r\n") => raw = rest.get(2..).unwrap_or_default(),
            Some(_) => return (body, true),
            None => return (body, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Option<FinalResponse> {
        let mut reader = ResponseReader::default();
        for piece in pieces {
            if let Some(answer) = reader.receive(piece, |status| status == 101).unwrap() {
                return Some(answer);
            }
        }
        reader.take_partial().map(FinalResponse::Refused)
    }

    fn refused(input: &[u8]) -> HttpResponse {
        match read(&[input]) {
            Some(FinalResponse::Refused(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_is_read_up_to_its_end_however_it_is_cut() {
        let with_length = &b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!!more"[..];
        let chunked =
            b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n2;x=y\r\n!!\r\n0\r\n\r\n";
        let until_close = b"HTTP/1.0 403 Forbidden\r\n\r\nno!!";
        for input in [with_length, chunked, until_close] {
            for cut in 0..=input.len() {
                let Some(FinalResponse::Refused(response)) = read(&[&input[..cut], &input[cut..]]) else {
                    panic!("{cut}")
                };
                assert_eq!((response.status, &response.body[..]), (403, &b"no!!"[..]), "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_body_is_kept_up_to_the_limit() {
        let body = vec![b'x'; 3 * MAX_FAILURE_BODY];
        for head in ["Content-Length: 12288", "X: y", "Content-Length: 99999999999999999999"] {
            let input = [format!("HTTP/1.1 500 No\r\n{head}\r\n\r\n").as_bytes(), &body].concat();
            assert_eq!(refused(&input).body.len(), MAX_FAILURE_BODY, "{head}");
        }
        let chunk = [&b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"[..], &body].concat();
        assert_eq!(refused(&chunk).body.len(), MAX_FAILURE_BODY);
    }

    #[test]
    fn a_body_without_announced_end_is_not_awaited() {
        let head = &b"HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\n"[..];
        let mut reader = ResponseReader::default();
        let answer = reader.receive(&[head, b"beginning"].concat(), |_| false).unwrap();
        assert!(matches!(answer, Some(FinalResponse::Refused(response)) if response.body == b"beginning"));
    }

    #[test]
    fn interim_responses_are_skipped() {
        let input = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 101 Switching\r\n\r\nrest";
        let Some(FinalResponse::Expected { response, rest, head, .. }) = read(&[input]) else { panic!() };
        assert_eq!((response.status, &rest[..]), (101, &b"rest"[..]));
        assert_eq!(&head[..], b"HTTP/1.1 101 Switching\r\n\r\n");
    }

    #[test]
    fn interim_responses_have_a_limit() {
        let mut reader = ResponseReader::default();
        let input = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_INTERIM_ANSWERS);
        assert_eq!(reader.receive(&input, |status| status == 101), Ok(None));
        let more = reader.receive(b"HTTP/1.1 100 Continue\r\n\r\n", |status| status == 101);
        assert_eq!(more, Err(HeadError::TooManyInterim));
    }

    #[test]
    fn the_summary_of_a_redirection_has_its_location() {
        let answer = refused(b"HTTP/1.1 301 Moved Permanently\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(answer.summary(), "HTTP status 301 Moved Permanently (to /b; redirections are not followed)");
        assert_eq!(refused(b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n").summary(), "HTTP status 500");
    }
}
