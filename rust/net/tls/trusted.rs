//! Decides which certificates a list of trusted certificates accepts.
//!
//! Every certificate of the list is trusted for itself: games ship the self-signed certificate of their server, as
//! Godot's documentation shows. Only those that may issue certificates are trusted as issuers of others. docs/tls.md
//! has the rules.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::{CertificateError, DistinguishedName, Error, OtherError};
use webpki::{EndEntityCert, KeyUsage, RequiredEkuNotFoundContext, VerifiedPath};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificates;
use super::name_constraints;
use super::provider::provider;

/// What the presented certificate must be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It identifies a server to a client.
    Server,
    /// It identifies a client to a server.
    Client,
}

impl Purpose {
    fn key_usage(self) -> KeyUsage {
        match self {
            Self::Server => KeyUsage::server_auth(),
            Self::Client => KeyUsage::client_auth(),
        }
    }
}

/// Certificates that a program trusts.
#[derive(Debug)]
pub(super) struct TrustedCertificates {
    /// All of them; each is trusted for itself.
    certificates: Vec<CertificateDer<'static>>,
    /// Those that may issue others, and in the same order what webpki needs of them.
    authorities: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

impl TrustedCertificates {
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let (authorities, anchors) = certificates
            .iter()
            .filter(|certificate| {
                X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| certificates::is_authority(&parsed))
            })
            .filter_map(|certificate| {
                let anchor = webpki::anchor_from_trusted_cert(certificate).ok()?;
                Some((certificate.clone(), anchor.to_owned()))
            })
            .unzip();
        Self { certificates, authorities, anchors }
    }

    /// Returns the names by which a client can choose a certificate that the server accepts (RFC 8446 section 4.2.4):
    /// those of the authorities, and the issuers of the others.
    pub(super) fn issuer_names(&self) -> Vec<DistinguishedName> {
        let authorities = self.anchors.iter().map(|anchor| DistinguishedName::in_sequence(&anchor.subject));
        let mut names: Vec<_> = authorities.collect();
        for certificate in self.certificates.iter().filter(|certificate| !self.authorities.contains(certificate)) {
            if let Ok((_, parsed)) = X509Certificate::from_der(certificate) {
                names.push(DistinguishedName::from(parsed.issuer().as_raw().to_vec()));
            }
        }
        names
    }

    /// Verifies that a certificate is trusted for a purpose. Its names are compared elsewhere.
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        purpose: Purpose,
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.certificates.iter().any(|known| known == end_entity) {
            let parsed = parse(end_entity).map_err(|error| explain(error, end_entity))?;
            return check_use(&parsed, purpose, now).map_err(|error| explain(error, end_entity));
        }
        self.verify_chain(end_entity, intermediates, purpose, now).map_err(|error| explain(error, end_entity))
    }

    fn verify_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        purpose: Purpose,
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let algorithms = provider().signature_verification_algorithms.all;
        let parsed = EndEntityCert::try_from(end_entity)?;
        let check_path = |path: &VerifiedPath<'_>| self.check_path(path, purpose, now);
        let (anchors, usage) = (&self.anchors, purpose.key_usage());
        parsed.verify_for_usage(algorithms, anchors, intermediates, now, usage, None, Some(&check_path))?;
        Ok(())
    }

    /// Checks what webpki does not: the authority's own validity, purpose and length of the chain, keyUsage of the
    /// intermediates, and name constraints for common names.
    fn check_path(&self, path: &VerifiedPath<'_>, purpose: Purpose, now: UnixTime) -> Result<(), webpki::Error> {
        // The anchor is an element of `anchors`; a renewed authority and the expired one may have equal subjects and
        // keys.
        let position = self.anchors.iter().position(|anchor| std::ptr::eq(anchor, path.anchor()));
        let authority = position.and_then(|position| self.authorities.get(position));
        let authority = parse(authority.ok_or(webpki::Error::UnknownIssuer)?)?;
        check_use(&authority, purpose, now)?;

        let end_entity = path.end_entity().der();
        let end_entity = parse(&end_entity)?;
        name_constraints::check_common_names(&end_entity, purpose, &authority)?;
        let mut length: u32 = 0;
        for intermediate in path.intermediate_certificates() {
            let intermediate = intermediate.der();
            let intermediate = parse(&intermediate)?;
            if !certificates::is_authority(&intermediate) {
                return Err(webpki::Error::EndEntityUsedAsCa);
            }
            name_constraints::check_common_names(&end_entity, purpose, &intermediate)?;
            // Self-issued certificates do not count (RFC 5280 section 6.1.4 (l)).
            length += u32::from(intermediate.subject() != intermediate.issuer());
        }
        if certificates::path_length(&authority).is_some_and(|limit| length > limit) {
            return Err(webpki::Error::PathLenConstraintViolated);
        }
        Ok(())
    }
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, webpki::Error> {
    X509Certificate::from_der(certificate).map(|(_, parsed)| parsed).map_err(|_| webpki::Error::BadDer)
}

/// Checks that a trusted certificate is valid now, and that its extendedKeyUsage, if it has one, includes the purpose
/// (RFC 5280 section 4.2.1.12). As webpki and OpenSSL, does not take anyExtendedKeyUsage for a purpose of TLS.
fn check_use(certificate: &X509Certificate<'_>, purpose: Purpose, now: UnixTime) -> Result<(), webpki::Error> {
    let seconds =
        |time: i64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(time).unwrap_or(0)));
    let validity = certificate.validity();
    let (not_before, not_after) = (seconds(validity.not_before.timestamp()), seconds(validity.not_after.timestamp()));
    if now < not_before {
        return Err(webpki::Error::CertNotValidYet { time: now, not_before });
    }
    if now > not_after {
        return Err(webpki::Error::CertExpired { time: now, not_after });
    }
    let usage = certificate.extended_key_usage().map_err(|_| webpki::Error::MalformedExtensions)?;
    let is_allowed = usage.is_none_or(|usage| match purpose {
        Purpose::Server => usage.value.server_auth,
        Purpose::Client => usage.value.client_auth,
    });
    if is_allowed {
        return Ok(());
    }
    let context = RequiredEkuNotFoundContext { required: purpose.key_usage(), present: Vec::new() };
    Err(webpki::Error::RequiredEkuNotFoundContext(context))
}

/// A rule of RFC 5280 that a chain violates and for which rustls has no error of its own.
#[derive(Debug, thiserror::Error)]
enum Violation {
    #[error("a name constraint of its authority forbids one of its names")]
    NameConstraint,
    #[error("its issuer may not issue certificates (CA:FALSE, or keyUsage without keyCertSign)")]
    Issuer,
    #[error("the certificate of an authority identifies no server or client")]
    Authority,
    #[error("its chain has more intermediate authorities than pathLenConstraint allows")]
    PathLength,
    #[error("{0}")]
    Other(webpki::Error),
}

fn explain(error: webpki::Error, end_entity: &CertificateDer<'_>) -> Error {
    use webpki::Error as E;
    let violation = match error {
        E::BadDer | E::BadDerTime | E::TrailingData(_) => return CertificateError::BadEncoding.into(),
        E::CertNotValidYet { .. } => return CertificateError::NotValidYet.into(),
        E::CertExpired { .. } | E::InvalidCertValidity => return CertificateError::Expired.into(),
        E::UnknownIssuer => return CertificateError::UnknownIssuer.into(),
        E::InvalidSignatureForPublicKey => return CertificateError::BadSignature.into(),
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => return CertificateError::InvalidPurpose.into(),
        // The reason why a self-signed certificate is refused is that it is not in the list.
        E::CaUsedAsEndEntity if certificates::is_self_issued(end_entity) => {
            return CertificateError::UnknownIssuer.into();
        }
        E::CaUsedAsEndEntity => Violation::Authority,
        E::EndEntityUsedAsCa => Violation::Issuer,
        E::NameConstraintViolation => Violation::NameConstraint,
        E::PathLenConstraintViolated => Violation::PathLength,
        other => Violation::Other(other),
    };
    CertificateError::Other(OtherError(Arc::new(violation))).into()
}
