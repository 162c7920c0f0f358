//! Failures of connections, by the stage they happened in.

use std::io;

use super::tls::TlsFailure;
use crate::proto::handshake::HttpResponse;

/// How far a connection had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum FailureStage {
    /// Looking up the host name.
    Dns = 1,
    /// Connecting, or the open TCP connection broke.
    Tcp = 2,
    /// The proxy refused or failed.
    Proxy = 3,
    /// TLS handshake or alert.
    Tls = 4,
    /// The HTTP upgrade.
    Http = 5,
    /// The open WebSocket connection.
    WebSocket = 6,
    /// A limit of time ran out.
    Timeout = 7,
}

impl FailureStage {
    /// Its name, in lower case.
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

/// Why a connection could not be made or was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NetError {
    /// Where it happened.
    pub stage: FailureStage,
    /// What happened, in words.
    pub message: String,
    /// The operating system's error number, where one was behind it.
    pub os_error: Option<i32>,
    /// The TLS alert or the result of the verification.
    pub tls: Option<TlsFailure>,
    /// What an HTTP server, or a proxy, answered instead of agreeing.
    pub response: Option<Box<HttpResponse>>,
}

impl NetError {
    /// A failure without an operating system error.
    pub fn new(stage: FailureStage, message: impl Into<String>) -> Self {
        Self { stage, message: message.into(), os_error: None, tls: None, response: None }
    }

    /// A failed input or output; `doing` completes "… failed". Where TLS is behind it, that is the stage.
    pub fn io(stage: FailureStage, doing: &str, error: &io::Error) -> Self {
        let tls = TlsFailure::of(error);
        match &tls {
            Some(failure) => Self { tls: tls.clone(), ..Self::new(FailureStage::Tls, failure.text.clone()) },
            None => Self { os_error: error.raw_os_error(), ..Self::new(stage, format!("{doing} failed: {error}")) },
        }
    }

    /// An answer that was not the wanted one.
    pub fn answer(stage: FailureStage, message: impl Into<String>, response: HttpResponse) -> Self {
        Self { response: Some(Box::new(response)), ..Self::new(stage, message) }
    }
}
