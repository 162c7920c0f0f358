//! `wsp_failure`: why a connection failed.

use std::ffi::c_char;

use super::error::wsp_error;
use super::handle::attempt;
use super::lent::LentTexts;
use super::peer::wsp_peer;
use super::versioned::{Versioned, size_of_caller, write};
use crate::error::{Error, ErrorCode};
use crate::net::{FailureStage, NetError};

/// How far a connection had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_stage {
    /// It has not failed.
    WSP_STAGE_NONE = 0,
    /// The host name could not be resolved.
    WSP_STAGE_DNS = 1,
    /// The server could not be reached, or the TCP connection broke.
    WSP_STAGE_TCP = 2,
    /// The proxy could not be reached or refused.
    WSP_STAGE_PROXY = 3,
    /// The TLS handshake, the verification of a certificate, or the encrypted connection failed.
    WSP_STAGE_TLS = 4,
    /// The remote peer did not complete the HTTP upgrade of RFC 6455 section 4.
    WSP_STAGE_HTTP = 5,
    /// The remote peer broke the WebSocket protocol.
    WSP_STAGE_WEBSOCKET = 6,
    /// A deadline passed: connect_timeout, handshake_timeout, heartbeat_timeout or close_timeout.
    WSP_STAGE_TIMEOUT = 7,
}

impl From<FailureStage> for wsp_stage {
    fn from(stage: FailureStage) -> Self {
        match stage {
            FailureStage::Dns => Self::WSP_STAGE_DNS,
            FailureStage::Tcp => Self::WSP_STAGE_TCP,
            FailureStage::Proxy => Self::WSP_STAGE_PROXY,
            FailureStage::Tls => Self::WSP_STAGE_TLS,
            FailureStage::Http => Self::WSP_STAGE_HTTP,
            FailureStage::WebSocket => Self::WSP_STAGE_WEBSOCKET,
            FailureStage::Timeout => Self::WSP_STAGE_TIMEOUT,
        }
    }
}

/// Why a connection could not be made or was lost. Set `struct_size`, then call wsp_peer_get_failure(). Later versions
/// append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_failure {
    /// sizeof(wsp_failure) of the caller.
    pub struct_size: usize,
    /// The stage that failed.
    pub stage: wsp_stage,
    /// The operating system's error number, 0 if the failure has none: errno, or on Windows that of WSAGetLastError().
    pub os_error: i32,
    /// The reason, one sentence in English. Lent.
    pub message: *const c_char,
    /// The TLS alert or the result of the verification, "" if TLS was not the reason. Lent.
    pub tls: *const c_char,
    /// HTTP status with which a server or proxy refused, 0 if none did. wsp_peer_get_received_header() returns the
    /// header fields of that answer.
    pub http_status: i32,
    /// 1 if the certificate is valid, but for another name.
    pub is_name_mismatch: u8,
    /// Reason phrase of the status, or "". Lent.
    pub http_reason: *const c_char,
    /// First bytes of that answer's body, at most 4096, with a NUL after them. Status and header fields are complete;
    /// the body is the part that arrived within 250 ms after them, or with them if the server announced neither its
    /// length nor the end of the connection. Never NULL. Lent.
    pub http_body: *const u8,
    /// Number of bytes in `http_body`, without that NUL.
    pub http_body_len: usize,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_failure {
    const NAME: &'static str = "wsp_failure";
    const ENDS: &'static [usize] = &[size_of::<wsp_failure>()];
}

impl wsp_failure {
    fn lent(error: Option<&NetError>, lent: &mut LentTexts) -> Self {
        let response = error.and_then(|error| error.response.as_deref());
        let tls = error.and_then(|error| error.tls.as_ref());
        Self {
            struct_size: size_of::<Self>(),
            stage: error.map_or(wsp_stage::WSP_STAGE_NONE, |error| error.stage.into()),
            os_error: error.and_then(|error| error.os_error).unwrap_or(0),
            message: lent.set(error.map_or("", |error| &error.message)),
            tls: lent.add(tls.map_or("", |tls| &tls.text)),
            http_status: response.map_or(0, |response| i32::from(response.status)),
            is_name_mismatch: u8::from(tls.is_some_and(|tls| tls.is_name_mismatch)),
            http_reason: lent.add(response.map_or("", |response| &response.reason)),
            http_body: lent.add_bytes(response.map_or(&[], |response| &response.body)),
            http_body_len: response.map_or(0, |response| response.body.len()),
        }
    }
}

/// Reports why the connection could not be made or was lost. `failure->struct_size` must be set. The texts are lent
/// until the next call on the peer that returns a text.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `failure` is NULL, or for an unknown `struct_size`;
/// WSP_ERR_UNAVAILABLE, with WSP_STAGE_NONE, if nothing has failed since the connection began.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_failure(peer: *const wsp_peer, failure: *mut wsp_failure) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    unsafe {
        attempt(peer, |peer| {
            let error = peer.object.failure();
            write(wsp_failure::lent(error, &mut peer.lent), failure, size_of_caller(failure))?;
            let none = || Error::new(ErrorCode::Unavailable, "the connection has not failed");
            error.map(|_| ()).ok_or_else(none)
        })
    }
}
