//! UTF-8 validation of text that arrives in pieces; it fails at the first byte that cannot be valid.

/// The error for bytes that are not UTF-8 (RFC 6455 section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text is not valid UTF-8")]
pub struct InvalidUtf8;

/// Validates a text piece by piece. Remembers a code point that the end of a piece has cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Validator {
    partial: [u8; 4],
    len: usize,
}

/// Checks a complete text.
pub fn check(text: &[u8]) -> Result<(), InvalidUtf8> {
    simdutf8::basic::from_utf8(text).map(drop).map_err(|_| InvalidUtf8)
}

impl Utf8Validator {
    /// Checks the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        let rest = self.complete_partial(piece)?;
        match simdutf8::compat::from_utf8(rest) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(InvalidUtf8),
            Err(error) => {
                for byte in rest.iter().skip(error.valid_up_to()) {
                    self.push(*byte);
                }
                Ok(())
            }
        }
    }

    /// Checks that the text does not end in the middle of a code point.
    pub fn finish(&self) -> Result<(), InvalidUtf8> {
        if self.len == 0 { Ok(()) } else { Err(InvalidUtf8) }
    }

    fn complete_partial<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], InvalidUtf8> {
        let mut rest = piece;
        while self.len > 0 {
            let Some((byte, tail)) = rest.split_first() else { break };
            self.push(*byte);
            rest = tail;
            match std::str::from_utf8(self.partial.get(..self.len).unwrap_or_default()) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_some() => return Err(InvalidUtf8),
                Err(_) => {}
            }
        }
        Ok(rest)
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.partial.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(text: &[u8], at: usize) -> Result<(), InvalidUtf8> {
        let mut validator = Utf8Validator::default();
        validator.feed(&text[..at])?;
        validator.feed(&text[at..])?;
        validator.finish()
    }

    #[test]
    fn accepts_valid_text_split_anywhere() {
        let text = "κόσμε 🎮 \u{0} \u{10ffff} \u{e000}".as_bytes();
        for at in 0..=text.len() {
            assert_eq!(in_pieces(text, at), Ok(()), "split at {at}");
        }
        let mut validator = Utf8Validator::default();
        for byte in text {
            validator.feed(&[*byte]).unwrap();
        }
        validator.finish().unwrap();
    }

    #[test]
    fn refuses_invalid_text_split_anywhere() {
        let bad: [&[u8]; 7] = [
            b"\xce\xba\xed\xa0\x80", // surrogate
            b"a\xc0\xaf",            // overlong
            b"ab\xf4\x90\x80\x80",   // above U+10FFFF
            b"\x80",                 // lone continuation
            b"caf\xe9 ole",          // Latin-1
            b"\xf8\x88\x80\x80\x80", // five bytes
            b"cut \xf0\x9f\x8e",     // truncated
        ];
        for text in bad {
            for at in 0..=text.len() {
                assert_eq!(in_pieces(text, at), Err(InvalidUtf8), "{text:?} split at {at}");
            }
        }
    }

    #[test]
    fn fails_on_the_first_byte_that_cannot_continue() {
        let mut validator = Utf8Validator::default();
        validator.feed(b"\xf4").unwrap();
        assert_eq!(validator.feed(b"\x90"), Err(InvalidUtf8));
    }
}
