//! Converts the engine's strings of 32-bit characters to UTF-8. gdext's own conversion formats character by character.

use std::cell::Cell;

use godot::prelude::GString;

/// Number of characters that are encoded together if all of them take the same number of bytes.
const RUN: usize = 8;

/// Number of characters for which space is reserved at a time.
const BLOCK: usize = 128 * RUN;

/// Size of the largest buffer that a thread keeps for the next text.
const KEPT_BYTES: usize = 256 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Runs a call with a script's text as UTF-8.
#[expect(unsafe_code, reason = "the standard library would validate encoded characters again")]
pub fn with<R>(text: &GString, call: impl FnOnce(&str) -> R) -> R {
    let mut buffer = BUFFER.take();
    let len = encode(text.chars(), &mut buffer);
    let bytes = buffer.get(..len).unwrap_or_default();
    debug_assert!(std::str::from_utf8(bytes).is_ok());
    // SAFETY: the bytes are the encodings of characters.
    let result = call(unsafe { std::str::from_utf8_unchecked(bytes) });
    if buffer.len() <= KEPT_BYTES {
        BUFFER.set(buffer);
    }
    result
}

/// Writes the text to the beginning of a buffer, which grows if necessary; returns the number of bytes.
fn encode(characters: &[char], buffer: &mut Vec<u8>) -> usize {
    let mut len = 0;
    for characters in characters.chunks(BLOCK) {
        // Each character writes four bytes, and the next one overwrites those that it did not need.
        let most = len + 4 * characters.len() + 4;
        if buffer.len() < most {
            buffer.resize(most.next_power_of_two(), 0);
        }
        let (runs, rest) = characters.as_chunks::<RUN>();
        for run in runs {
            len += buffer.get_mut(len..).map_or(0, |free| append_run(run, free));
        }
        for character in rest {
            len += buffer.get_mut(len..).map_or(0, |free| append(*character, free));
        }
    }
    len
}

/// Appends a run. Text is mostly written in one script, so the characters of a run take the same number of bytes. Such
/// a run is encoded without branches, which compilers vectorise. Returns the number of bytes.
fn append_run(run: &[char; RUN], free: &mut [u8]) -> usize {
    let codes = run.map(u32::from);
    let bits = codes.iter().fold(0, |bits, code| bits | code);
    if bits < 0x80
        && let Some(place) = free.first_chunk_mut::<RUN>()
    {
        *place = codes.map(|code| code as u8);
        return RUN;
    }
    // The addition carries into the bit 0x800 if and only if the code is not below 0x80.
    if bits < 0x800
        && codes.iter().fold(0x800, |carries, code| carries & (code + 0x780)) != 0
        && let Some(place) = free.first_chunk_mut::<{ 2 * RUN }>()
    {
        let pairs = codes.map(|code| (0xc0 | code >> 6 | (0x80 | code & 0x3f) << 8) as u16);
        for (place, pair) in place.as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
            *place = pair.to_le_bytes();
        }
        return 2 * RUN;
    }
    let mut len = 0;
    for character in run {
        len += free.get_mut(len..).map_or(0, |free| append(*character, free));
    }
    len
}

/// Appends one character (RFC 3629 section 3). Returns the number of bytes; up to three more after them were
/// overwritten.
fn append(character: char, free: &mut [u8]) -> usize {
    let Some(place) = free.first_chunk_mut::<4>() else { return 0 };
    let code = u32::from(character);
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    *place = match code {
        0..0x80 => [code as u8, 0, 0, 0],
        0x80..0x800 => [0xc0 | (code >> 6) as u8, tail(0), 0, 0],
        0x800..0x1_0000 => [0xe0 | (code >> 12) as u8, tail(6), tail(0), 0],
        _ => [0xf0 | (code >> 18) as u8, tail(12), tail(6), tail(0)],
    };
    character.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(characters: &[char]) -> Vec<u8> {
        // Bytes of an earlier text.
        let mut buffer = vec![0xee; 100];
        let len = encode(characters, &mut buffer);
        buffer.truncate(len);
        buffer
    }

    #[test]
    fn characters_are_encoded_as_the_standard_library_does() {
        let edges = ['\0', 'a', '\u{7f}', '\u{80}', '\u{7ff}', '\u{800}', '\u{ffff}', '\u{10000}', '\u{10ffff}'];
        // Each edge alone, in runs of itself, and within runs of every other edge.
        for edge in edges {
            for around in edges {
                for before in 0..2 * RUN {
                    let mut characters = vec![around; 3 * RUN + 1];
                    characters[before] = edge;
                    let expected: String = characters.iter().collect();
                    assert_eq!(encoded(&characters), expected.as_bytes(), "{edge:?} in {around:?}");
                }
            }
        }
        assert_eq!(encoded(&[]), b"");
    }

    #[test]
    fn long_texts_are_encoded_in_blocks() {
        for len in [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + RUN + 1] {
            let text: String = "a\u{fc}\u{20ac}\u{1f3ae}\u{10ffff}".chars().cycle().take(len).collect();
            let characters: Vec<char> = text.chars().collect();
            assert_eq!(encoded(&characters), text.as_bytes());
            assert_eq!(encoded(&vec!['\u{10ffff}'; len]), "\u{10ffff}".repeat(len).as_bytes());
        }
    }
}
