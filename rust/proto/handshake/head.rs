//! The head of an HTTP message, its start line and header lines up to the empty line: where it ends, and its limits.

use crate::limits::{MAX_HANDSHAKE_HEADERS, MAX_INTERIM_ANSWERS};

/// Why a head cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The head has more bytes than the limit.
    #[error("HTTP head is longer than {limit} bytes (max_handshake_size)")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// More interim responses arrived than the limit (RFC 9110 section 15.2).
    #[error("the server sent more than {MAX_INTERIM_ANSWERS} interim responses")]
    TooManyInterim,
    /// The head has more header lines than the limit.
    #[error("HTTP head has more than {MAX_HANDSHAKE_HEADERS} header lines")]
    TooManyHeaders,
    /// The head is not HTTP/1.x.
    #[error("malformed HTTP: {0}")]
    Syntax(httparse::Error),
    /// The empty line comes before the head is complete.
    #[error("malformed HTTP: the head ends early")]
    Incomplete,
    /// The remote peer sent a TLS record instead.
    #[error("the remote peer uses TLS and this connection does not (wss://)")]
    Tls,
}

/// First bytes of the TLS records that an endpoint without TLS can receive, alert and handshake (RFC 8446 section 5.1).
/// No HTTP message begins with them.
const TLS_RECORDS: [u8; 2] = [0x15, 0x16];

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooManyHeaders,
            error => Self::Syntax(error),
        }
    }
}

/// Collects a head while it arrives.
#[derive(Debug)]
pub(super) struct HeadBuffer {
    bytes: Vec<u8>,
    /// Longest head, with the empty lines before it.
    limit: usize,
    searched: usize,
    /// Bytes of empty lines before the head.
    skipped: usize,
}

impl HeadBuffer {
    /// Creates a buffer for heads of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, searched: 0, skipped: 0 }
    }

    /// Takes input, and returns the length of the head after its empty line has arrived. Bytes after it stay in the
    /// buffer.
    pub(super) fn extend(&mut self, input: &[u8]) -> Result<Option<usize>, HeadError> {
        // RFC 9112 section 2.2: empty lines before a request line are ignored.
        let empty_lines = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let skipped = if self.bytes.is_empty() { input.iter().take_while(empty_lines).count() } else { 0 };
        self.skipped += skipped;
        self.bytes.extend_from_slice(input.get(skipped..).unwrap_or_default());
        // Reported at once, because both endpoints would wait for each other.
        if self.bytes.first().is_some_and(|byte| TLS_RECORDS.contains(byte)) {
            return Err(HeadError::Tls);
        }
        let end = self.find_end();
        if self.skipped + end.unwrap_or(self.bytes.len()) > self.limit {
            return Err(HeadError::TooLong { limit: self.limit });
        }
        Ok(end)
    }

    /// Returns all bytes received so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes the first `length` bytes, which are the head, and the bytes after it.
    pub(super) fn split(&mut self, length: usize) -> (Box<[u8]>, Vec<u8>) {
        let Self { mut bytes, .. } = std::mem::replace(self, Self::new(self.limit));
        let rest = bytes.split_off(length.min(bytes.len()));
        (bytes.into_boxed_slice(), rest)
    }

    /// Finds the end of the empty line. RFC 9112 section 2.2: a receiver may accept LF alone for CRLF.
    fn find_end(&mut self) -> Option<usize> {
        let from = self.searched.saturating_sub(3);
        let found = self.bytes.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| {
            let after = self.bytes.get(at + 1..)?;
            if after.starts_with(b"\r\n") {
                Some(at + 3)
            } else if after.starts_with(b"\n") {
                Some(at + 2)
            } else {
                None
            }
        });
        self.searched = self.bytes.len();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1000;

    #[test]
    fn the_end_is_found_however_the_head_is_cut() {
        for head in [&b"GET / HTTP/1.1\r\nA: b\r\n\r\n"[..], b"GET / HTTP/1.1\nA: b\n\n"] {
            let input = [head, b"rest"].concat();
            for cut in 0..=input.len() {
                let mut buffer = HeadBuffer::new(LIMIT);
                let first = buffer.extend(&input[..cut]).unwrap();
                let end = first.or_else(|| buffer.extend(&input[cut..]).unwrap());
                assert_eq!(end, Some(head.len()), "cut at {cut}");
            }
        }
    }

    #[test]
    fn empty_lines_before_the_head_are_ignored() {
        let mut buffer = HeadBuffer::new(LIMIT);
        assert_eq!(buffer.extend(b"\r\n\r\n\n"), Ok(None));
        assert_eq!(buffer.extend(b"\nGET / HTTP/1.1\r\n\r\n"), Ok(Some(18)));
    }

    #[test]
    fn tls_is_reported_at_its_first_byte() {
        for record in [0x15, 0x16] {
            assert_eq!(HeadBuffer::new(LIMIT).extend(&[record]), Err(HeadError::Tls));
        }
        let mut buffer = HeadBuffer::new(LIMIT);
        assert_eq!(buffer.extend(b"GET /\x16"), Ok(None));
        assert_eq!(buffer.extend(b"\x16"), Ok(None));
    }

    #[test]
    fn a_head_has_a_limit_with_the_empty_lines_before_it() {
        let mut buffer = HeadBuffer::new(LIMIT);
        assert_eq!(buffer.extend(&[b'x'; LIMIT]), Ok(None));
        assert_eq!(buffer.extend(b"x"), Err(HeadError::TooLong { limit: LIMIT }));
        let mut empty_lines = HeadBuffer::new(LIMIT);
        assert_eq!(empty_lines.extend(&[b'\n'; LIMIT]), Ok(None));
        assert_eq!(empty_lines.extend(b"\n"), Err(HeadError::TooLong { limit: LIMIT }));
    }
}
