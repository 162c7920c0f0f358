//! Explains why TLS failed, in a text with advice.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};

/// A failure of a TLS handshake or session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFailure {
    /// The alert or the failed verification, in words.
    pub text: String,
    /// The certificate is valid for another name only.
    pub is_name_mismatch: bool,
}

/// The error of a stream that ended without close_notify. An attacker may have truncated it (RFC 8446 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the TLS connection was closed without close_notify")]
pub(super) struct Truncated;

impl TlsFailure {
    /// Returns the TLS error that caused an I/O error of a TLS stream, if one did.
    pub fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        if let Some(truncated) = inner.downcast_ref::<Truncated>() {
            return Some(Self { text: truncated.to_string(), is_name_mismatch: false });
        }
        inner.downcast_ref::<Error>().map(Self::from)
    }
}

impl From<&Error> for TlsFailure {
    fn from(error: &Error) -> Self {
        let is_name_mismatch = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            )
        );
        Self { text: explain(error), is_name_mismatch }
    }
}

fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => explain_certificate(error),
        Error::AlertReceived(alert) => format!("the remote peer sent the TLS alert {}", explain_alert(*alert)),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "the remote peer does not use TLS".to_owned()
        }
        Error::NoCertificatesPresented => "the remote peer presented no certificate".to_owned(),
        Error::NoApplicationProtocol => "the remote peer does not support HTTP/1.1 (ALPN)".to_owned(),
        Error::General(text) => text.clone(),
        Error::Other(OtherError(inner)) => inner.to_string(),
        other => other.to_string(),
    }
}

fn explain_alert(alert: AlertDescription) -> String {
    let advice = match alert {
        AlertDescription::CertificateRequired => ": it requires a client certificate",
        AlertDescription::UnknownCA => ": it does not trust the issuer of the certificate",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            ": it did not accept the certificate"
        }
        AlertDescription::CertificateExpired => ": the certificate has expired",
        AlertDescription::ProtocolVersion => ": no TLS version in common",
        AlertDescription::HandshakeFailure => ": no cipher suite in common, or a certificate is missing",
        AlertDescription::UnrecognisedName => ": no certificate for that name",
        _ => "",
    };
    format!("{alert:?}{advice}")
}

fn explain_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet".to_owned()
        }
        CertificateError::UnknownIssuer => "the certificate is not signed by a trusted authority".to_owned(),
        CertificateError::NotValidForName => "the certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() { "no name".to_owned() } else { presented.join(", ") };
            format!("the certificate is for {names}, not for {}", expected.to_str())
        }
        CertificateError::BadSignature => "a signature in the certificate chain is invalid".to_owned(),
        CertificateError::Revoked => "the certificate was revoked".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not intended for this side of a connection".to_owned()
        }
        CertificateError::Other(OtherError(inner)) => format!("the certificate was refused: {inner}"),
        other => format!("the certificate was refused: {other}"),
    }
}
