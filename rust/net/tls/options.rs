//! TLS settings of clients and servers: how they are combined, checked, and made into rustls configurations.

use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig, SignatureScheme};

use super::provider::provider;
use super::trusted::TrustedCertificates;
use super::verifier::{ClientVerifier, ServerTrust, ServerVerifier};
use super::{certificates, system_trust};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::REMEMBERED_TLS_SETTINGS;

/// The protocol that connections offer by ALPN (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// A certificate chain and its private key, both in PEM format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityPem {
    /// The certificate, followed by its intermediates.
    pub certificate: String,
    /// Its private key: PKCS#8, PKCS#1 (RSA) or SEC1 (EC).
    pub private_key: String,
}

impl IdentityPem {
    /// Returns the pair of a private key and its certificate chain.
    pub fn new(private_key: &str, certificate: &str) -> Self {
        Self { certificate: certificate.to_owned(), private_key: private_key.to_owned() }
    }

    /// Returns whether both are empty.
    pub fn is_empty(&self) -> bool {
        self.certificate.is_empty() && self.private_key.is_empty()
    }

    fn parse(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let chain = certificates::parse(&self.certificate, "certificate")?;
        Ok((chain, certificates::private_key(&self.private_key, "private key")?))
    }
}

/// How a client verifies the server, with the meaning of Godot's `TLSOptions.client()` and `client_unsafe()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTlsSpec {
    /// `client_unsafe()`: the name is not verified, and the chain only if `trusted` is set.
    pub is_unsafe: bool,
    /// Trusted certificates in PEM format; `None` for the trust store of the operating system.
    pub trusted: Option<String>,
    /// The name that the certificate must have; empty for the host's.
    pub common_name_override: String,
    /// The client's certificate; empty for none.
    pub identity: IdentityPem,
}

/// The certificate of a server, and which client certificates it accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerTlsSpec {
    /// The server's certificate.
    pub identity: IdentityPem,
    /// Certificates of the authorities for client certificates, in PEM format; `None` to request no client
    /// certificates.
    pub client_ca: Option<String>,
    /// Clients without a certificate are refused.
    pub client_certificate_required: bool,
}

/// Settings as a program combines them. A refused call changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsOptions {
    /// Settings of a client.
    Client(ClientTlsSpec),
    /// Settings of a server.
    Server(ServerTlsSpec),
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self::Client(ClientTlsSpec::default())
    }
}

impl TlsOptions {
    /// Makes these the settings of a client that verifies chain and name; see [`ClientTlsSpec`].
    pub fn set_client(&mut self, trusted: Option<String>, common_name_override: &str) -> Result {
        let common_name_override = common_name_override.to_owned();
        let identity = self.client_identity();
        self.set(Self::Client(ClientTlsSpec { is_unsafe: false, trusted, common_name_override, identity }))
    }

    /// Makes these the settings of a client that does not verify the name, and verifies the chain only if `trusted` is
    /// set.
    pub fn set_client_unsafe(&mut self, trusted: Option<String>) -> Result {
        let identity = self.client_identity();
        self.set(Self::Client(ClientTlsSpec { is_unsafe: true, trusted, identity, ..ClientTlsSpec::default() }))
    }

    /// Makes these the settings of a server with this certificate.
    pub fn set_server(&mut self, private_key: &str, certificate: &str) -> Result {
        let identity = IdentityPem::new(private_key, certificate);
        self.set(Self::Server(ServerTlsSpec { identity, ..ServerTlsSpec::default() }))
    }

    /// Sets the certificate that a client presents to servers that request one.
    pub fn set_client_certificate(&mut self, private_key: &str, certificate: &str) -> Result {
        let Self::Client(spec) = self else { return Err(wrong_role("client", "server")) };
        let spec = ClientTlsSpec { identity: IdentityPem::new(private_key, certificate), ..spec.clone() };
        // An empty pair would stand for no certificate, so it is parsed here.
        spec.identity.parse()?;
        self.set(Self::Client(spec))
    }

    /// Makes a server request client certificates issued by one of these authorities.
    pub fn set_client_ca(&mut self, authorities: &str, is_required: bool) -> Result {
        let Self::Server(spec) = self else { return Err(wrong_role("server", "client")) };
        let spec = ServerTlsSpec {
            client_ca: Some(authorities.to_owned()),
            client_certificate_required: is_required,
            ..spec.clone()
        };
        self.set(Self::Server(spec))
    }

    fn client_identity(&self) -> IdentityPem {
        match self {
            Self::Client(spec) => spec.identity.clone(),
            Self::Server(_) => IdentityPem::default(),
        }
    }

    fn set(&mut self, options: Self) -> Result {
        match &options {
            Self::Client(_) => options.client().map(|_| ())?,
            Self::Server(_) => options.server().map(|_| ())?,
        }
        *self = options;
        Ok(())
    }

    /// Returns the configuration of a client's connections.
    pub fn client(&self) -> Result<ClientTls> {
        match self {
            Self::Client(spec) => ClientTls::new(spec.clone()),
            Self::Server(_) => Err(wrong_role("client", "server")),
        }
    }

    /// Returns the configuration of a server's connections.
    pub fn server(&self) -> Result<ServerTls> {
        match self {
            Self::Server(spec) => ServerTls::new(spec.clone()),
            Self::Client(_) => Err(wrong_role("server", "client")),
        }
    }
}

fn wrong_role(wanted: &str, given: &str) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("the TLS options are those of a {given}, not of a {wanted}"))
}

/// Bytes of a certificate or key file that are read at most; a system's whole trust store has some hundred KiB.
const MAX_PEM_FILE: u64 = 8 * 1024 * 1024;

/// Reads a PEM file with certificates or a key.
pub fn read_pem_file(path: &str) -> Result<String> {
    let failed = |why: &dyn std::fmt::Display| {
        Error::new(ErrorCode::InvalidParameter, format!("the file '{path}' cannot be read: {why}"))
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut text = String::new();
    file.take(MAX_PEM_FILE).read_to_string(&mut text).map_err(|error| failed(&error))?;
    Ok(text)
}

/// Configurations of earlier connections, so that connections with equal settings can resume each other's sessions.
struct ConfigCache<S, T>(Mutex<VecDeque<(S, T)>>);

impl<S: PartialEq, T: Clone> ConfigCache<S, T> {
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn get_or_make(&self, spec: S, make: impl FnOnce(&S) -> Result<T>) -> Result<T> {
        if let Some((_, made)) = self.0.lock().iter().find(|(known, _)| *known == spec) {
            return Ok(made.clone());
        }
        let made = make(&spec)?;
        let mut remembered = self.0.lock();
        if remembered.len() >= REMEMBERED_TLS_SETTINGS {
            remembered.pop_front();
        }
        remembered.push_back((spec, made.clone()));
        Ok(made)
    }
}

/// TLS configuration of a client's connections.
#[derive(Clone, Debug)]
pub struct ClientTls {
    pub(super) config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
    verifier: ServerVerifier,
    needs_system_trust: bool,
}

impl ClientTls {
    /// Parses certificates and keys. Invalid ones are refused.
    pub fn new(spec: ClientTlsSpec) -> Result<Self> {
        static REMEMBERED: ConfigCache<ClientTlsSpec, ClientTls> = ConfigCache::new();
        REMEMBERED.get_or_make(spec, Self::make)
    }

    fn make(spec: &ClientTlsSpec) -> Result<Self> {
        let name_override = Some(spec.common_name_override.clone()).filter(|name| !name.is_empty());
        let trust = match &spec.trusted {
            Some(pem) => {
                ServerTrust::Certificates(TrustedCertificates::new(certificates::parse(pem, "trusted certificates")?))
            }
            None if spec.is_unsafe => ServerTrust::Unverified,
            None => ServerTrust::System,
        };
        let needs_system_trust = matches!(trust, ServerTrust::System);
        let name = name_override.as_ref().and_then(|name| certificates::name_for_tls(name).ok());
        if needs_system_trust && name_override.is_some() && name.is_none() {
            let message = format!("common_name_override must be a host name, not '{}'", spec.common_name_override);
            return Err(Error::new(ErrorCode::InvalidParameter, message));
        }
        let verifier = ServerVerifier { trust: Arc::new(trust), checks_name: !spec.is_unsafe, name_override };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.clone()));
        let mut config = if spec.identity.is_empty() {
            builder.with_no_client_auth()
        } else {
            let (chain, key) = spec.identity.parse()?;
            builder.with_client_auth_cert(chain, key).map_err(refused)?
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { config: Arc::new(config), name, verifier, needs_system_trust })
    }

    /// Returns the settings for another server than the one that they were made for: without the client's certificate
    /// and without the override of the server's name.
    pub fn without_identity(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.client_auth_cert_resolver = Arc::new(NoIdentity);
        // Sessions with the client's certificate must not be resumed.
        config.resumption = Resumption::default();
        let verifier = ServerVerifier { name_override: None, ..self.verifier.clone() };
        config.dangerous().set_certificate_verifier(Arc::new(verifier.clone()));
        Self { config: Arc::new(config), name: None, verifier, needs_system_trust: self.needs_system_trust }
    }

    /// Starts to load the system's trust store in the background if it is needed.
    pub fn prepare(&self) {
        if self.needs_system_trust {
            system_trust::prepare();
        }
    }

    /// Returns whether a handshake can begin: the trust store is loaded or not needed.
    pub fn is_prepared(&self) -> bool {
        !self.needs_system_trust || system_trust::is_prepared()
    }

    /// Checks that the host is a name or address that a certificate can have.
    pub fn check_name(&self, host: &str) -> Result {
        self.server_name(host).map(|_| ())
    }

    /// Returns the name that is sent to the server (SNI) and that its certificate must have.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        // RFC 6066 section 3: the name is sent without a trailing dot.
        certificates::name_for_tls(host.strip_suffix('.').unwrap_or(host))
    }
}

/// Presents no client certificate.
#[derive(Debug)]
struct NoIdentity;

impl ResolvesClientCert for NoIdentity {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// TLS configuration of a server's connections.
#[derive(Clone, Debug)]
pub struct ServerTls {
    pub(super) config: Arc<ServerConfig>,
}

impl ServerTls {
    /// See [`ClientTls::new`].
    pub fn new(spec: ServerTlsSpec) -> Result<Self> {
        static REMEMBERED: ConfigCache<ServerTlsSpec, ServerTls> = ConfigCache::new();
        REMEMBERED.get_or_make(spec, Self::make)
    }

    fn make(spec: &ServerTlsSpec) -> Result<Self> {
        let (chain, key) = spec.identity.parse()?;
        let verifier = match &spec.client_ca {
            // Without authorities no certificate could be verified, and every client would be let in.
            None if spec.client_certificate_required => {
                let message = "client certificates are required, but the list of client authorities is empty";
                return Err(Error::new(ErrorCode::InvalidParameter, message));
            }
            None => WebPkiClientVerifier::no_client_auth(),
            Some(pem) => {
                let trusted = TrustedCertificates::new(certificates::parse(pem, "client authorities")?);
                Arc::new(ClientVerifier::new(trusted, spec.client_certificate_required))
            }
        };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(refused)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(refused)?;
        Ok(Self { config: Arc::new(config) })
    }
}

fn refused(error: rustls::Error) -> Error {
    let message = match error {
        rustls::Error::InconsistentKeys(_) => "the private key does not belong to the certificate".to_owned(),
        other => format!("TLS settings: {other}"),
    };
    Error::new(ErrorCode::InvalidParameter, message)
}
