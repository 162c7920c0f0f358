//! Defines what a program can learn about a TLS handshake.

/// The negotiated parameters, and the identity of the remote peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// Name of the cipher suite.
    pub cipher_suite: String,
    /// Protocol selected by ALPN (RFC 7301), empty for none.
    pub alpn: String,
    /// Subject of the remote peer's certificate, for example `CN=player, O=Example`; empty if it presented none.
    pub peer_subject: String,
    /// The session continues an earlier one.
    pub resumed: bool,
}
