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

    /// Returns a failure of connecting, of the stage [`FailureStage::Dns`] or [`FailureStage::Tcp`]; `doing` completes
    /// "… failed".
    pub(super) fn connecting(stage: FailureStage, doing: &str, error: &io::Error) -> Self {
        let mut failure = Self::io(stage, doing, error);
        if cfg!(target_os = "android") && may_lack_permission(stage, error) {
            failure.message.push_str(MISSING_PERMISSION);
        }
        failure
    }

    /// Returns a failure caused by a response that refuses.
    pub fn answer(stage: FailureStage, message: impl Into<String>, response: HttpResponse) -> Self {
        Self { response: Some(Box::new(response)), ..Self::new(stage, message) }
    }
}

/// What explains failures of Android apps that were exported without a permission.
const MISSING_PERMISSION: &str = "; an Android app needs the permission INTERNET";

/// Returns whether Android fails like this if an app may not use the network: it makes no socket, and finds no name.
fn may_lack_permission(stage: FailureStage, error: &io::Error) -> bool {
    stage == FailureStage::Dns || error.kind() == io::ErrorKind::PermissionDenied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_sockets_and_failed_lookups_may_lack_the_permission_of_an_android_app() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(may_lack_permission(FailureStage::Tcp, &denied));
        assert!(may_lack_permission(FailureStage::Dns, &io::Error::other("no address for this name")));
        assert!(!may_lack_permission(FailureStage::Tcp, &refused));
        let failure = NetError::connecting(FailureStage::Tcp, "connecting", &denied);
        assert_eq!(failure.message.ends_with(MISSING_PERMISSION), cfg!(target_os = "android"));
    }
}
