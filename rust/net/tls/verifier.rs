//! Decides which certificates a client or server accepts: chain and purpose by [`TrustedCertificates`] or the operating
//! system, and the server's name here.
//!
//! Certificates without subject alternative name are compared by their common name, because the engine's
//! `Crypto.generate_self_signed_certificate()` makes only such certificates.

use std::net::IpAddr;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::provider::provider;
use super::trusted::{Purpose, TrustedCertificates};
use super::{certificates, system_trust};

/// By what a client verifies a server's certificate.
#[derive(Debug)]
pub(super) enum ServerTrust {
    /// The trust store of the operating system.
    System,
    /// These certificates.
    Certificates(TrustedCertificates),
    /// Nothing: every certificate is accepted.
    Unverified,
}

/// Verifies a server's certificate for a client.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    pub trust: ServerTrust,
    pub checks_name: bool,
    /// The name that the certificate must have instead of the host's.
    pub name_override: Option<String>,
}

impl ServerVerifier {
    fn check_name(&self, end_entity: &CertificateDer<'_>, server_name: &ServerName<'_>) -> Result<(), Error> {
        let expected = match &self.name_override {
            Some(name) => name.clone(),
            None => server_name.to_str().into_owned(),
        };
        let name = certificates::name_for_tls(&expected);
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if let Ok(name) = &name
            && verify_server_name(&parsed, name).is_ok()
        {
            return Ok(());
        }
        let (names, is_common_name) = certificates::names(end_entity);
        let is_host_name = name.is_ok();
        // webpki has compared the subject alternative names with a host name; other names are compared as text.
        if (is_common_name || !is_host_name) && names.iter().any(|name| matches(name, &expected)) {
            return Ok(());
        }
        let presented = names.iter().map(|name| format!("'{name}'")).collect();
        match name {
            Ok(expected) => Err(CertificateError::NotValidForNameContext { expected, presented }.into()),
            Err(_) => Err(CertificateError::NotValidForName.into()),
        }
    }
}

/// Returns the error "unknown issuer" for a self-issued certificate. webpki would report that the certificate of an
/// authority is used as an end entity, which hides the actual reason.
fn untrusted(error: Error, end_entity: &CertificateDer<'_>) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::Other(_)) if certificates::is_self_issued(end_entity) => {
            CertificateError::UnknownIssuer.into()
        }
        other => other,
    }
}

/// Returns whether a name of a certificate is the expected one. Its first label may be a wildcard for one label of a
/// host name, if two more follow, but for no part of an address (RFC 6125 section 6.4.3, and as webpki and OpenSSL read
/// names).
fn matches(presented: &str, expected: &str) -> bool {
    if let (Ok(presented), Ok(expected)) = (presented.parse::<IpAddr>(), expected.parse::<IpAddr>()) {
        return presented == expected;
    }
    match presented.strip_prefix("*.") {
        Some(parent)
            if parent.contains('.') && matches!(ServerName::try_from(expected), Ok(ServerName::DnsName(_))) =>
        {
            expected.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent))
        }
        Some(_) => false,
        None => presented.eq_ignore_ascii_case(expected),
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            ServerTrust::Unverified => {}
            ServerTrust::Certificates(trusted) => trusted.verify(end_entity, intermediates, Purpose::Server, now)?,
            ServerTrust::System => {
                let name = match &self.name_override {
                    Some(name) => ServerName::try_from(name.clone())
                        .map_err(|_| Error::General(format!("'{name}' is not a host name")))?,
                    None => server_name.to_owned(),
                };
                // The system's verifier checks the name too.
                return system_trust::verifier()?
                    .verify_server_cert(end_entity, intermediates, &name, ocsp_response, now)
                    .map_err(|error| untrusted(error, end_entity));
            }
        }
        if self.checks_name {
            self.check_name(end_entity, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies a client's certificate for a server.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    trusted: TrustedCertificates,
    issuer_names: Vec<DistinguishedName>,
    is_required: bool,
}

impl ClientVerifier {
    pub(super) fn new(trusted: TrustedCertificates, is_required: bool) -> Self {
        Self { issuer_names: trusted.issuer_names(), trusted, is_required }
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.issuer_names
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.trusted.verify(end_entity, intermediates, Purpose::Client, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
