//! Defines how a failed connection is described: the stage, the text, and the details that the stage has.

use std::io;

use super::tls::TlsFailure;
use crate::proto::handshake::HttpResponse;

/// The stage at which a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum FailureStage {
    /// The lookup of the host name.
    Dns = 1,
    /// The TCP connection: it could not be established, or broke.
    Tcp = 2,
    /// The tunnel through the proxy.
    Proxy = 3,
    /// The TLS handshake or session.
    Tls = 4,
    /// The HTTP upgrade.
    Http = 5,
    /// The open WebSocket connection.
    WebSocket = 6,
    /// A deadline was missed.
    Timeout = 7,
}

impl FailureStage {
    /// Returns its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::WebSocket => "websocket",
            Self::Timeout => "timeout",
        }
    }
}

/// Why a connection could not be established or was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct NetError {
    /// The stage at which the connection failed.
    pub stage: FailureStage,
    /// Explanation for people.
    pub message: String,
    /// The operating system's error number, if it was the cause.
    pub os_error: Option<i32>,
    /// The TLS alert or the failed verification, if it was the cause.
    pub tls: Option<TlsFailure>,
    /// The response with which an HTTP server or a proxy refused. Status and header fields are complete; the body is
    /// what has arrived by [`crate::limits::REFUSAL_BODY_TIME`] after them.
    pub response: Option<Box<HttpResponse>>,
}

impl NetError {
    /// Returns a failure without further details.
    pub fn new(stage: FailureStage, message: impl Into<String>) -> Self {
        Self { stage, message: message.into(), os_error: None, tls: None, response: None }
    }

    /// Returns a failure caused by an I/O error; `doing` completes "… failed". If TLS is the cause, the stage is
    /// [`FailureStage::Tls`].
    pub fn io(stage: FailureStage, doing: &str, error: &io::Error) -> Self {
        let tls = TlsFailure::of(error);
        match &tls {
            Some(failure) => Self { tls: tls.clone(), ..Self::new(FailureStage::Tls, failure.text.clone()) },
            None => Self { os_error: error.raw_os_error(), ..Self::new(stage, format!("{doing} failed: {error}")) },
        }
    }

    /// Returns a failure caused by a response that refuses.
    pub fn answer(stage: FailureStage, message: impl Into<String>, response: HttpResponse) -> Self {
        Self { response: Some(Box::new(response)), ..Self::new(stage, message) }
    }
}
