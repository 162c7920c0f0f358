//! Converts values between the engine's types and those of this library.

use std::net::{IpAddr, SocketAddr};

use godot::global::Error as GodotError;
use godot::obj::EngineEnum;
use godot::prelude::*;

use crate::error::{ErrorCode, Result};
use crate::net::{NetError, TlsInfo};
use crate::proto::handshake::{Headers, HttpAnswer, Request};

/// Returns the engine's number of an error code.
pub fn code(code: ErrorCode) -> GodotError {
    GodotError::try_from_ord(code as i32).unwrap_or(GodotError::FAILED)
}

/// Returns the engine's number of a result.
pub fn error<T>(result: &Result<T>) -> GodotError {
    match result {
        Ok(_) => GodotError::OK,
        Err(error) => code(error.code()),
    }
}

/// Returns text for a script. NUL, which the engine's strings cannot hold, becomes U+FFFD, as other undecodable input
/// does.
pub fn text(text: &str) -> GString {
    if text.contains('\0') { GString::from(&text.replace('\0', "\u{fffd}")) } else { GString::from(text) }
}

/// Returns an IP address as the engine writes it: IPv6 in full, without `::`. Empty without an address.
pub fn host(address: Option<SocketAddr>) -> GString {
    let text = match address.map(|address| address.ip()) {
        None => String::new(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => ip.segments().map(|segment| format!("{segment:x}")).join(":"),
    };
    GString::from(&text)
}

/// Returns an IP address as the engine writes it, and any other text unchanged.
pub(in crate::godot) fn address(text: &str) -> GString {
    text.parse::<IpAddr>().map_or_else(|_| GString::from(text), |ip| host(Some((ip, 0).into())))
}

/// Returns the strings of an engine array.
pub fn strings(array: &PackedStringArray) -> Vec<String> {
    array.as_slice().iter().map(GString::to_string).collect()
}

/// Returns the HTTP answer of a script's arguments.
pub fn http_answer(
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

/// Returns an engine array of strings.
pub fn packed(strings: &[String]) -> PackedStringArray {
    strings.iter().map(GString::from).collect()
}

/// Returns header fields as lines, as the engine's `HTTPClient` does.
pub fn header_lines(headers: &Headers) -> PackedStringArray {
    headers.iter().map(|(name, value)| text(&format!("{name}: {value}"))).collect()
}

/// Returns a client's request; empty if there is none.
pub fn request(request: Option<Request>, is_pending: bool) -> VarDictionary {
    let Some(request) = request else { return VarDictionary::new() };
    let (path, query) = request.path_and_query();
    let protocols: PackedStringArray = request.protocols().map(GString::from).collect();
    vdict! {
        "method" => &text(&request.method),
        "path" => &text(path),
        "query" => &text(query),
        "headers" => &header_lines(&request.headers),
        "protocols" => &protocols,
        "is_websocket" => request.is_websocket(),
        "is_pending" => is_pending,
    }
}

/// Returns the negotiated TLS parameters; empty without TLS.
pub fn tls_info(info: Option<TlsInfo>) -> VarDictionary {
    let Some(info) = info else { return VarDictionary::new() };
    vdict! {
        "version" => &text(&info.version),
        "cipher_suite" => &text(&info.cipher_suite),
        "alpn" => &text(&info.alpn),
        "peer_subject" => &text(&info.peer_subject),
        "resumed" => info.resumed,
    }
}

/// Returns why a connection failed; empty if it did not.
pub fn failure(failure: Option<&NetError>) -> VarDictionary {
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

/// Returns a number of bytes or packets as a script's integer.
pub fn integer(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// [`integer`] for the members that are 32 bits wide in the engine.
pub fn integer32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Returns a limit for the members that are 32 bits wide in the engine. 0 means no limit.
pub fn limit32(limit: usize) -> i32 {
    if limit == 0 { i32::MAX } else { integer32(limit) }
}
