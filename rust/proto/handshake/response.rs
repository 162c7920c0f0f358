//! Reading what a server, or a proxy, answers.

use super::head::{HeadBuffer, HeadError};
use super::headers::Headers;
use crate::limits::{MAX_FAILURE_BODY, MAX_HANDSHAKE_HEADERS, MAX_INTERIM_ANSWERS};
use crate::proto::status;

/// An HTTP response, with the beginning of its body where it is not the one that was hoped for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Header fields.
    pub headers: Headers,
    /// At most [`MAX_FAILURE_BODY`] bytes.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// Status and reason, and where to a redirection leads, as a sentence tells them.
    pub fn summary(&self) -> String {
        let location = self.headers.first("Location").filter(|_| status::is_redirection(self.status));
        let location = location.map(|location| format!(" (to {location}; redirections are not followed)"));
        format!("HTTP status {} {}", self.status, self.reason).trim_end().to_owned() + &location.unwrap_or_default()
    }
}

/// Where a body ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
    /// It goes on until the connection ends, of which the server says nothing: what has come with the head is enough.
    Unknown,
}

/// A response that was read as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The wanted one.
    Agreed {
        /// Without a body.
        response: HttpResponse,
        /// Minor version of HTTP/1.
        minor_version: u8,
        /// The head as it arrived.
        head: Box<[u8]>,
        /// Bytes behind it.
        rest: Vec<u8>,
    },
    /// Another one.
    Refused(HttpResponse),
}

/// Reader of a response. Interim ones (RFC 9110 section 15.2) are passed over.
#[derive(Debug, Default)]
pub struct ResponseReader {
    head: HeadBuffer,
    refused: Option<(HttpResponse, Framing)>,
    raw_body: Vec<u8>,
    interim: usize,
}

impl ResponseReader {
    /// Takes input; `None` where more must come. `is_wanted` judges the status.
    pub fn receive(&mut self, input: &[u8], is_wanted: impl Fn(u16) -> bool) -> Result<Option<Answer>, HeadError> {
        if self.refused.is_some() {
            return Ok(self.collect(input));
        }
        let mut next = input.to_vec();
        loop {
            let Some(length) = self.head.extend(&next)? else { return Ok(None) };
            let (response, minor_version) = parse(self.head.bytes())?;
            let (head, rest) = std::mem::take(&mut self.head).split(length);
            if is_wanted(response.status) {
                return Ok(Some(Answer::Agreed { response, minor_version, head, rest }));
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

    /// The response as far as it came, when the connection or the time has ended.
    pub fn give_up(&mut self) -> Option<HttpResponse> {
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

    fn collect(&mut self, input: &[u8]) -> Option<Answer> {
        // Chunk headers are extra.
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
        if is_complete || input.len() > room { self.give_up().map(Answer::Refused) } else { None }
    }
}

/// Reads the head of a response, which is complete.
fn parse(head: &[u8]) -> Result<(HttpResponse, u8), HeadError> {
    let mut storage = [httparse::EMPTY_HEADER; MAX_HANDSHAKE_HEADERS];
    let mut parsed = httparse::Response::new(&mut storage);
    if parsed.parse(head).map_err(HeadError::from)?.is_partial() {
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

/// Header fields of a head that was read before.
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

/// The data of a chunked body, and whether its end is there. What is malformed ends it.
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

    fn read(pieces: &[&[u8]]) -> Option<Answer> {
        let mut reader = ResponseReader::default();
        for piece in pieces {
            if let Some(answer) = reader.receive(piece, |status| status == 101).unwrap() {
                return Some(answer);
            }
        }
        reader.give_up().map(Answer::Refused)
    }

    fn refused(input: &[u8]) -> HttpResponse {
        match read(&[input]) {
            Some(Answer::Refused(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_a_body_up_to_its_end_however_it_is_cut() {
        let with_length = &b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!!more"[..];
        let chunked =
            b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n2;x=y\r\n!!\r\n0\r\n\r\n";
        let until_close = b"HTTP/1.0 403 Forbidden\r\n\r\nno!!";
        for input in [with_length, chunked, until_close] {
            for cut in 0..=input.len() {
                let Some(Answer::Refused(response)) = read(&[&input[..cut], &input[cut..]]) else { panic!("{cut}") };
                assert_eq!((response.status, &response.body[..]), (403, &b"no!!"[..]), "cut at {cut}");
            }
        }
    }

    #[test]
    fn keeps_a_bounded_part_of_the_body() {
        let body = vec![b'x'; 3 * MAX_FAILURE_BODY];
        for head in ["Content-Length: 12288", "X: y", "Content-Length: 99999999999999999999"] {
            let input = [format!("HTTP/1.1 500 No\r\n{head}\r\n\r\n").as_bytes(), &body].concat();
            assert_eq!(refused(&input).body.len(), MAX_FAILURE_BODY, "{head}");
        }
        let chunk = [&b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"[..], &body].concat();
        assert_eq!(refused(&chunk).body.len(), MAX_FAILURE_BODY);
    }

    #[test]
    fn does_not_wait_for_a_body_whose_end_nobody_announces() {
        let head = &b"HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\n"[..];
        let mut reader = ResponseReader::default();
        let answer = reader.receive(&[head, b"beginning"].concat(), |_| false).unwrap();
        assert!(matches!(answer, Some(Answer::Refused(response)) if response.body == b"beginning"));
    }

    #[test]
    fn passes_over_interim_responses() {
        let input = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 101 Switching\r\n\r\nrest";
        let Some(Answer::Agreed { response, rest, head, .. }) = read(&[input]) else { panic!() };
        assert_eq!((response.status, &rest[..]), (101, &b"rest"[..]));
        assert_eq!(&head[..], b"HTTP/1.1 101 Switching\r\n\r\n");
    }

    #[test]
    fn interim_responses_have_an_end() {
        let mut reader = ResponseReader::default();
        let input = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_INTERIM_ANSWERS);
        assert_eq!(reader.receive(&input, |status| status == 101), Ok(None));
        let more = reader.receive(b"HTTP/1.1 100 Continue\r\n\r\n", |status| status == 101);
        assert_eq!(more, Err(HeadError::TooManyInterim));
    }

    #[test]
    fn a_redirection_says_where_to() {
        let answer = refused(b"HTTP/1.1 301 Moved Permanently\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(answer.summary(), "HTTP status 301 Moved Permanently (to /b; redirections are not followed)");
        assert_eq!(refused(b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n").summary(), "HTTP status 500");
    }
}
