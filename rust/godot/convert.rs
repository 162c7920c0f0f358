//! Between the engine's types and ours.

use std::net::{IpAddr, SocketAddr};

use godot::classes::TlsOptions;
use godot::global::Error as GodotError;
use godot::meta::shape::GodotShape;
use godot::meta::{FromGodot, GodotConvert, GodotImmutable, ToGodot};
use godot::obj::EngineEnum;
use godot::prelude::*;
use godot_core::meta::ByValue;

use crate::error::{ErrorCode, Result};
use crate::net::{NetError, TlsInfo};
use crate::proto::handshake::{Headers, Request};

/// The number a script sees.
pub(super) fn code(code: ErrorCode) -> GodotError {
    GodotError::try_from_ord(code as i32).unwrap_or(GodotError::FAILED)
}

/// The number a script sees for a result.
pub(super) fn error<T>(result: &Result<T>) -> GodotError {
    match result {
        Ok(_) => GodotError::OK,
        Err(error) => code(error.code()),
    }
}

/// Text for a script. The engine's strings cannot hold NUL, so it becomes U+FFFD as other unreadable input does.
pub(super) fn text(text: &str) -> GString {
    if text.contains('\0') { GString::from(&text.replace('\0', "\u{fffd}")) } else { GString::from(text) }
}

/// Characters that are encoded at a time, on the stack.
const CHARACTERS: usize = 1024;

/// A script's text in UTF-8. gdext's own conversion formats one character after the other.
pub(super) fn utf8(text: &GString) -> Vec<u8> {
    let characters = text.chars();
    let mut bytes = Vec::with_capacity(characters.len() + characters.len() / 2);
    let mut block = [0; 4 * CHARACTERS + 4];
    for characters in characters.chunks(CHARACTERS) {
        let mut len = 0;
        for character in characters {
            // Four bytes are written whatever the character needs, and the next one begins where it ends.
            let Some(place) = block.get_mut(len..).and_then(|rest| rest.first_chunk_mut::<4>()) else { break };
            len += encode(*character, place);
        }
        bytes.extend_from_slice(block.get(..len).unwrap_or_default());
    }
    bytes
}

/// RFC 3629 section 3; returns the number of bytes.
fn encode(character: char, place: &mut [u8; 4]) -> usize {
    let code = u32::from(character);
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    match code {
        0..0x80 => {
            *place = [code as u8, 0, 0, 0];
            1
        }
        0x80..0x800 => {
            *place = [0xc0 | (code >> 6) as u8, tail(0), 0, 0];
            2
        }
        0x800..0x1_0000 => {
            *place = [0xe0 | (code >> 12) as u8, tail(6), tail(0), 0];
            3
        }
        _ => {
            *place = [0xf0 | (code >> 18) as u8, tail(12), tail(6), tail(0)];
            4
        }
    }
}

/// An address as the engine writes it: IPv6 in full, without `::`.
pub(super) fn host(address: Option<SocketAddr>) -> GString {
    let text = match address.map(|address| address.ip()) {
        None => String::new(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => ip.segments().map(|segment| format!("{segment:x}")).join(":"),
    };
    GString::from(&text)
}

/// A list of names or header lines.
pub(super) fn strings(array: &PackedStringArray) -> Vec<String> {
    array.as_slice().iter().map(GString::to_string).collect()
}

/// See [`strings`].
pub(super) fn packed(strings: &[String]) -> PackedStringArray {
    strings.iter().map(GString::from).collect()
}

/// Header fields as lines, as the engine's `HTTPClient` gives them.
pub(super) fn header_lines(headers: &Headers) -> PackedStringArray {
    headers.iter().map(|(name, value)| text(&format!("{name}: {value}"))).collect()
}

/// A client's request; empty where there is none.
pub(super) fn request(request: Option<Request>, is_pending: bool) -> VarDictionary {
    let Some(request) = request else { return VarDictionary::new() };
    let (path, query) = request.path_and_query();
    vdict! {
        "method" => &text(&request.method),
        "path" => &text(path),
        "query" => &text(query),
        "headers" => &header_lines(&request.headers),
        "is_websocket" => request.is_websocket(),
        "is_pending" => is_pending,
    }
}

/// What TLS agreed on; empty without TLS.
pub(super) fn tls_info(info: Option<TlsInfo>) -> VarDictionary {
    let Some(info) = info else { return VarDictionary::new() };
    vdict! {
        "version" => &text(&info.version),
        "cipher_suite" => &text(&info.cipher_suite),
        "alpn" => &text(&info.alpn),
        "peer_subject" => &text(&info.peer_subject),
        "resumed" => info.resumed,
    }
}

/// Why a connection failed; empty where it did not.
pub(super) fn failure(failure: Option<&NetError>) -> VarDictionary {
    let Some(failure) = failure else { return VarDictionary::new() };
    let response = failure.response.as_deref();
    let no_headers = Headers::default();
    vdict! {
        "stage" => &text(failure.stage.name()),
        "message" => &text(&failure.message),
        "os_error" => failure.os_error.unwrap_or(0),
        "tls" => &text(failure.tls.as_ref().map_or("", |tls| &tls.text)),
        "http_status" => response.map_or(0, |response| i64::from(response.status)),
        "http_reason" => &text(response.map_or("", |response| &response.reason)),
        "http_headers" => &header_lines(response.map_or(&no_headers, |response| &response.headers)),
        "http_body" => &PackedByteArray::from(response.map_or(&[][..], |response| &response.body)),
    }
}

/// A number of bytes or packets as a script's integer.
pub(super) fn integer(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// `integer` for the members that are 32 bits wide in the engine.
pub(super) fn integer32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// An argument `tls_options: TLSOptions = null`.
#[derive(Clone, Debug, Default)]
pub(super) struct OptionalTls(pub Option<Gd<TlsOptions>>);

impl OptionalTls {
    /// The default argument.
    pub const NONE: Self = Self(None);
}

impl GodotConvert for OptionalTls {
    type Via = Option<Gd<TlsOptions>>;

    fn godot_shape() -> GodotShape {
        Self::Via::godot_shape()
    }
}

impl ToGodot for OptionalTls {
    type Pass = ByValue;

    fn to_godot(&self) -> Self::Via {
        self.0.clone()
    }
}

impl FromGodot for OptionalTls {
    fn try_from_godot(via: Self::Via) -> std::result::Result<Self, ConvertError> {
        Ok(Self(via))
    }
}

#[expect(unsafe_code, reason = "the trait that default arguments need is unsafe to implement")]
// SAFETY: the only value of this type that is used as a default argument is `NONE`, which holds no object.
unsafe impl GodotImmutable for OptionalTls {}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn characters_are_encoded_as_the_standard_library_does() {
        for character in ['\0', 'a', '\u{7f}', '\u{80}', '\u{7ff}', '\u{800}', '\u{ffff}', '\u{10000}', '\u{10ffff}'] {
            let mut place = [0; 4];
            let len = encode(character, &mut place);
            assert_eq!(place.get(..len), Some(character.to_string().as_bytes()), "{character:?}");
        }
    }
}
