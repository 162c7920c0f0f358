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
use crate::proto::handshake::{Headers, HttpAnswer, Request};

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

/// An HTTP answer made of a script's arguments.
pub(super) fn http_answer(
    status: i64,
    reason: &GString,
    headers: &PackedStringArray,
    body: &PackedByteArray,
) -> Result<HttpAnswer> {
    Ok(HttpAnswer {
        status: HttpAnswer::checked_status(status)?,
        reason: reason.to_string(),
        headers: strings(headers),
        body: body.as_slice().to_vec(),
    })
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
