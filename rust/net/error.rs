//! Failures of connections, by the stage they happened in.

use std::io;

/// How far a connection had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Stage {
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

/// Why a connection could not be made or was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NetError {
    /// Where it happened.
    pub stage: Stage,
    /// What happened, in words.
    pub message: String,
    /// The operating system's error number, where one was behind it.
    pub os_error: Option<i32>,
}

impl NetError {
    /// A failure without an operating system error.
    pub fn new(stage: Stage, message: impl Into<String>) -> Self {
        Self { stage, message: message.into(), os_error: None }
    }

    /// A failed system call; `doing` completes "… failed".
    pub fn io(stage: Stage, doing: &str, error: &io::Error) -> Self {
        Self { stage, message: format!("{doing} failed: {error}"), os_error: error.raw_os_error() }
    }
}
