//! Mozilla's list of authorities, for Android, whose own trust store only Java code can ask.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{Error, RootCertStore};

use super::provider::provider;

/// Returns a verifier that trusts the list.
pub(super) fn verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    match WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build() {
        Ok(verifier) => Ok(verifier),
        Err(error) => Err(Error::General(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::CertificateError;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn the_list_has_authorities_and_a_self_signed_certificate_is_of_none() {
        assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 50);
        let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        let verified = verifier().unwrap().verify_server_cert(own.cert.der(), &[], &name, &[], now);
        assert_eq!(verified.unwrap_err(), Error::InvalidCertificate(CertificateError::UnknownIssuer));
    }
}
