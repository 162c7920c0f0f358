//! Decides which certificates are accepted.
//!
//! A certificate is accepted if webpki accepts it, or if it is itself one of the trusted certificates. Games ship the
//! self-signed certificate of their server, as Godot's documentation shows; it is an authority and an end entity at
//! once, which webpki refuses. Certificates without subject alternative name are compared by their common name, because
//! the engine's `Crypto.generate_self_signed_certificate()` makes only such certificates.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::provider::provider;
use super::{certificates, system_trust};

/// Certificates that a program trusts.
#[derive(Debug)]
pub(super) struct TrustedCertificates {
    certificates: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
}

impl TrustedCertificates {
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        Self { certificates, roots: Arc::new(roots) }
    }

    /// Returns whether the certificate is one of the trusted ones. It is an error if it is, and is not valid now.
    fn contains(&self, end_entity: &CertificateDer<'_>, now: UnixTime) -> Result<bool, Error> {
        if !self.certificates.iter().any(|known| known == end_entity) {
            return Ok(false);
        }
        let (not_before, not_after) = certificates::validity(end_entity).ok_or(CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > not_after {
            return Err(CertificateError::Expired.into());
        }
        Ok(true)
    }

    fn verify_server(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.contains(end_entity, now)? {
            return Ok(());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let algorithms = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, intermediates, now, algorithms)
            .map_err(|error| untrusted(error, end_entity))
    }
}

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
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if let Ok(name) = ServerName::try_from(expected.as_str())
            && verify_server_name(&parsed, &name).is_ok()
        {
            return Ok(());
        }
        let (names, is_common_name) = certificates::names(end_entity);
        let is_host_name = ServerName::try_from(expected.as_str()).is_ok();
        // webpki has compared the subject alternative names with a host name; other names are compared as text.
        if (is_common_name || !is_host_name) && names.iter().any(|name| matches(name, &expected)) {
            return Ok(());
        }
        let presented = names.iter().map(|name| format!("'{name}'")).collect();
        match ServerName::try_from(expected.clone()) {
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

/// Returns whether a name of a certificate is the expected one; its first label may be a wildcard (RFC 6125 section
/// 6.4.3).
fn matches(presented: &str, expected: &str) -> bool {
    match presented.strip_prefix("*.") {
        Some(parent) => expected.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
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
            ServerTrust::Certificates(chain) => chain.verify_server(end_entity, intermediates, now)?,
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
    chain: TrustedCertificates,
    webpki: Arc<dyn ClientCertVerifier>,
}

impl ClientVerifier {
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>, required: bool) -> Result<Self, String> {
        let chain = TrustedCertificates::new(certificates);
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(&chain.roots), provider());
        if !required {
            builder = builder.allow_unauthenticated();
        }
        let webpki = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { chain, webpki })
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.webpki.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.chain.contains(end_entity, now)? {
            return Ok(ClientCertVerified::assertion());
        }
        let verified = self.webpki.verify_client_cert(end_entity, intermediates, now);
        verified.map_err(|error| untrusted(error, end_entity))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
