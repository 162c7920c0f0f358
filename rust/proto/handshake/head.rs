//! Collecting the head of an HTTP message: everything up to the empty line.

use crate::limits::{MAX_HANDSHAKE_BYTES, MAX_HANDSHAKE_HEADERS, MAX_INTERIM_ANSWERS};

/// Why a head is not readable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// More bytes without an empty line than one head may have.
    #[error("HTTP head is longer than {MAX_HANDSHAKE_BYTES} bytes")]
    TooLong,
    /// More interim answers than one request may get.
    #[error("the server sent more than {MAX_INTERIM_ANSWERS} interim answers")]
    TooManyInterim,
    /// More header lines than one head may have.
    #[error("HTTP head has more than {MAX_HANDSHAKE_HEADERS} header lines")]
    TooManyHeaders,
    /// Not HTTP/1.x.
    #[error("malformed HTTP: {0}")]
    Syntax(httparse::Error),
    /// The empty line comes before the message is complete.
    #[error("malformed HTTP: the head ends early")]
    Incomplete,
    /// A handshake or alert of TLS instead.
    #[error("the remote end speaks TLS, and no TLS was agreed on for this connection (wss://)")]
    Tls,
}

/// First bytes of TLS records (RFC 8446 section 5.1) that meet an end without TLS: alerts and handshakes. No HTTP begins so.
const TLS_RECORDS: [u8; 2] = [0x15, 0x16];

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooManyHeaders,
            error => Self::Syntax(error),
        }
    }
}

/// Bytes of a head while they arrive.
#[derive(Debug, Default)]
pub(super) struct HeadBuffer {
    bytes: Vec<u8>,
    searched: usize,
    /// Bytes of empty lines in front.
    skipped: usize,
}

impl HeadBuffer {
    /// Takes input and returns the length of the head once its empty line is there. What follows it stays in the buffer.
    pub(super) fn extend(&mut self, input: &[u8]) -> Result<Option<usize>, HeadError> {
        // RFC 7230 section 3.5: empty lines before a message are ignored.
        let empty_lines = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let skipped = if self.bytes.is_empty() { input.iter().take_while(empty_lines).count() } else { 0 };
        self.skipped += skipped;
        self.bytes.extend_from_slice(input.get(skipped..).unwrap_or_default());
        // Neither end would say more: both wait for an answer.
        if self.bytes.first().is_some_and(|byte| TLS_RECORDS.contains(byte)) {
            return Err(HeadError::Tls);
        }
        let end = self.find_end();
        if self.skipped + end.unwrap_or(self.bytes.len()) > MAX_HANDSHAKE_BYTES {
            return Err(HeadError::TooLong);
        }
        Ok(end)
    }

    /// All bytes received so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first `length` bytes, which are the head, and those behind it.
    pub(super) fn split(mut self, length: usize) -> (Box<[u8]>, Vec<u8>) {
        let rest = self.bytes.split_off(length.min(self.bytes.len()));
        (self.bytes.into_boxed_slice(), rest)
    }

    /// The empty line, with CRLF or, as RFC 7230 section 3.5 allows receivers, LF alone.
    fn find_end(&mut self) -> Option<usize> {
        let from = self.searched.saturating_sub(3);
        let found = self.bytes.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| {
            let behind = self.bytes.get(at + 1..)?;
            if behind.starts_with(b"\r\n") {
                Some(at + 3)
            } else if behind.starts_with(b"\n") {
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

    #[test]
    fn finds_the_end_however_the_head_is_cut() {
        for head in [&b"GET / HTTP/1.1\r\nA: b\r\n\r\n"[..], b"GET / HTTP/1.1\nA: b\n\n"] {
            let input = [head, b"rest"].concat();
            for cut in 0..=input.len() {
                let mut buffer = HeadBuffer::default();
                let first = buffer.extend(&input[..cut]).unwrap();
                let end = first.or_else(|| buffer.extend(&input[cut..]).unwrap());
                assert_eq!(end, Some(head.len()), "cut at {cut}");
            }
        }
    }

    #[test]
    fn empty_lines_before_the_head_are_ignored() {
        let mut buffer = HeadBuffer::default();
        assert_eq!(buffer.extend(b"\r\n\r\n\n"), Ok(None));
        assert_eq!(buffer.extend(b"\nGET / HTTP/1.1\r\n\r\n"), Ok(Some(18)));
    }

    #[test]
    fn tls_is_noticed_at_once() {
        for record in [0x15, 0x16] {
            assert_eq!(HeadBuffer::default().extend(&[record]), Err(HeadError::Tls));
        }
        let mut buffer = HeadBuffer::default();
        assert_eq!(buffer.extend(b"GET /\x16"), Ok(None));
        assert_eq!(buffer.extend(b"\x16"), Ok(None));
    }

    #[test]
    fn is_bounded() {
        let mut buffer = HeadBuffer::default();
        assert_eq!(buffer.extend(&[b'x'; MAX_HANDSHAKE_BYTES]), Ok(None));
        assert_eq!(buffer.extend(b"x"), Err(HeadError::TooLong));
        let mut empty_lines = HeadBuffer::default();
        assert_eq!(empty_lines.extend(&[b'\n'; MAX_HANDSHAKE_BYTES]), Ok(None));
        assert_eq!(empty_lines.extend(b"\n"), Err(HeadError::TooLong));
    }
}
