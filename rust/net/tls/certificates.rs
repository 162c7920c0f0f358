//! PEM texts as programs pass them: parsing certificates and keys, and reading names and validity.

use data_encoding::BASE64;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result};

/// Returns the certificates in a PEM text in order. `what` names the text in errors.
pub(super) fn parse(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let invalid = |why: &str| Error::new(ErrorCode::InvalidParameter, format!("{what}: {why}"));
    let pem = clean(pem);
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|error| invalid(&error.to_string()))?;
    if found.is_empty() {
        return Err(invalid("there is no certificate in PEM format (-----BEGIN CERTIFICATE-----)"));
    }
    for certificate in &found {
        X509Certificate::from_der(certificate)
            .map_err(|error| invalid(&format!("not an X.509 certificate: {error}")))?;
    }
    Ok(found)
}

/// Removes the NUL at the end of Godot's PEM texts, which its strings show as U+FFFD. In concatenated texts it would
/// hide what follows.
fn clean(pem: &str) -> String {
    pem.replace(['\0', '\u{fffd}', '\u{feff}'], "")
}

type KeyFromDer = fn(Vec<u8>) -> PrivateKeyDer<'static>;

/// Names of the PEM sections with a private key, and what they contain.
const KEY_SECTIONS: [(&str, KeyFromDer); 3] = [
    ("PRIVATE KEY", |der| PrivatePkcs8KeyDer::from(der).into()),
    ("RSA PRIVATE KEY", |der| PrivatePkcs1KeyDer::from(der).into()),
    ("EC PRIVATE KEY", |der| PrivateSec1KeyDer::from(der).into()),
];

/// Returns the first private key in a PEM text: PKCS#8, PKCS#1 (RSA) or SEC1 (EC). No other copy of it stays in memory,
/// as the buffers of a general PEM reader would.
pub(super) fn private_key(pem: &str, what: &str) -> Result<Zeroizing<PrivateKeyDer<'static>>> {
    let invalid = |why: &str| {
        let message = format!("{what}: there is no private key in PEM format that can be read ({why})");
        Error::new(ErrorCode::InvalidParameter, message)
    };
    let found = KEY_SECTIONS.iter().filter_map(|(name, key)| {
        let begin = format!("-----BEGIN {name}-----");
        pem.find(&begin).map(|start| (start, start + begin.len(), name, key))
    });
    let (_, start, name, key) = found.min_by_key(|(start, ..)| *start).ok_or_else(|| invalid("no private key"))?;
    let rest = pem.get(start..).unwrap_or_default();
    let end = rest.find(&format!("-----END {name}-----")).ok_or_else(|| invalid("its end is missing"))?;
    let mut base64 = Zeroizing::new(Vec::with_capacity(end));
    let section = rest.get(..end).unwrap_or_default();
    base64.extend(section.bytes().filter(|byte| byte.is_ascii() && !byte.is_ascii_whitespace() && *byte != 0));
    let length = BASE64.decode_len(base64.len()).map_err(|_| invalid("invalid base64"))?;
    let mut der = Zeroizing::new(vec![0; length]);
    let written = BASE64.decode_mut(&base64, &mut der).map_err(|_| invalid("invalid base64"))?;
    der.truncate(written);
    Ok(Zeroizing::new(key(std::mem::take(&mut *der))))
}

/// Returns the subject of a certificate, for example `CN=player, O=Example`.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> String {
    X509Certificate::from_der(certificate).map(|(_, parsed)| parsed.subject().to_string()).unwrap_or_default()
}

/// Returns whether a certificate names itself as its issuer.
pub(super) fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.subject() == parsed.issuer())
}

/// Returns the names of a certificate, and whether they are common names because it has no subject alternative name.
pub(super) fn names(certificate: &CertificateDer<'_>) -> (Vec<String>, bool) {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return (Vec::new(), false) };
    if let Ok(Some(alternative)) = parsed.subject_alternative_name() {
        let names = alternative.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => ip(bytes),
            _ => None,
        });
        return (names.collect(), false);
    }
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    (common.map(str::to_owned).collect(), true)
}

fn ip(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        _ => None,
    }
}

/// Returns whether a certificate may issue others: it has CA:TRUE, and keyCertSign if it restricts the usage of its key
/// (RFC 5280 section 6.1.4 (k) and (n)).
pub(super) fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let is_ca = matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    let may_sign = certificate.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()));
    is_ca && may_sign
}

/// Returns how many intermediate authorities may follow an authority, `None` for any number (RFC 5280 section 4.2.1.9).
pub(super) fn path_length(authority: &X509Certificate<'_>) -> Option<u32> {
    authority.basic_constraints().ok().flatten().and_then(|constraints| constraints.value.path_len_constraint)
}
