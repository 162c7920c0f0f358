//! TLS settings of clients and servers.

use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ServerConfig};

use super::verifier::{ClientVerifier, ServerTrust, ServerVerifier, TrustedCertificates};
use super::{certificates, system_trust};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::REMEMBERED_TLS_SETTINGS;

/// The protocol that is spoken over TLS here (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// Cryptography of this library; never the process's default, which belongs to the program.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(&PROVIDER)
}

/// A certificate chain and its private key, both in PEM format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityPem {
    /// The certificate, then those that lead to an authority.
    pub certificate: String,
    /// Its private key: PKCS#8, PKCS#1 (RSA) or SEC1 (EC).
    pub private_key: String,
}

impl IdentityPem {
    /// A private key and its certificate chain.
    pub fn new(private_key: &str, certificate: &str) -> Self {
        Self { certificate: certificate.to_owned(), private_key: private_key.to_owned() }
    }

    /// Whether neither is set.
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
    /// `client_unsafe()`: the name is not verified, and without `trusted` nothing is.
    pub is_unsafe: bool,
    /// Trusted certificates in PEM format; `None` for the operating system's.
    pub trusted: Option<String>,
    /// The name the certificate must be for, empty for the host's.
    pub common_name_override: String,
    /// What the client proves its own identity with.
    pub identity: IdentityPem,
}

/// How a server proves its identity and which clients it lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerTlsSpec {
    /// What the server proves its identity with.
    pub identity: IdentityPem,
    /// Certificates of the authorities for client certificates, in PEM format; `None` to ask for none.
    pub client_ca: Option<String>,
    /// Refuse clients without a certificate.
    pub client_certificate_required: bool,
}

/// Settings of one end, as a program puts them together. What is refused changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsOptions {
    /// Of a client.
    Client(ClientTlsSpec),
    /// Of a server.
    Server(ServerTlsSpec),
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self::Client(ClientTlsSpec::default())
    }
}

impl TlsOptions {
    /// Verifies chain and name; see [`ClientTlsSpec`].
    pub fn set_client(&mut self, trusted: Option<String>, common_name_override: &str) -> Result {
        let common_name_override = common_name_override.to_owned();
        let identity = self.client_identity();
        self.set(Self::Client(ClientTlsSpec { is_unsafe: false, trusted, common_name_override, identity }))
    }

    /// Does not verify the name, and the chain only against `trusted`.
    pub fn set_client_unsafe(&mut self, trusted: Option<String>) -> Result {
        let identity = self.client_identity();
        self.set(Self::Client(ClientTlsSpec { is_unsafe: true, trusted, identity, ..ClientTlsSpec::default() }))
    }

    /// Proves a server's identity.
    pub fn set_server(&mut self, private_key: &str, certificate: &str) -> Result {
        let identity = IdentityPem::new(private_key, certificate);
        self.set(Self::Server(ServerTlsSpec { identity, ..ServerTlsSpec::default() }))
    }

    /// Proves a client's identity, to servers that ask.
    pub fn set_client_certificate(&mut self, private_key: &str, certificate: &str) -> Result {
        let Self::Client(spec) = self else { return Err(wrong_end("client", "server")) };
        let spec = ClientTlsSpec { identity: IdentityPem::new(private_key, certificate), ..spec.clone() };
        // Both empty would mean none.
        spec.identity.parse()?;
        self.set(Self::Client(spec))
    }

    /// Asks clients for certificates that lead to one of these authorities.
    pub fn set_client_ca(&mut self, authorities: &str, is_required: bool) -> Result {
        let Self::Server(spec) = self else { return Err(wrong_end("server", "client")) };
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

    /// What a client's connections use.
    pub fn client(&self) -> Result<ClientTls> {
        match self {
            Self::Client(spec) => ClientTls::new(spec.clone()),
            Self::Server(_) => Err(wrong_end("client", "server")),
        }
    }

    /// What a server's connections use.
    pub fn server(&self) -> Result<ServerTls> {
        match self {
            Self::Server(spec) => ServerTls::new(spec.clone()),
            Self::Client(_) => Err(wrong_end("server", "client")),
        }
    }
}

fn wrong_end(wanted: &str, given: &str) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("the TLS options are those of a {given}, not of a {wanted}"))
}

/// Longest file that is read for certificates or keys, in bytes; the system's whole trust store has some hundred KiB.
const MAX_PEM_FILE: u64 = 8 * 1024 * 1024;

/// Reads a file with certificates or a key.
pub fn read_pem_file(path: &str) -> Result<String> {
    let failed = |why: &dyn std::fmt::Display| {
        Error::new(ErrorCode::InvalidParameter, format!("the file '{path}' cannot be read: {why}"))
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut text = String::new();
    file.take(MAX_PEM_FILE).read_to_string(&mut text).map_err(|error| failed(&error))?;
    Ok(text)
}

/// Settings that were made already, so that connections with the same ones can resume each other's sessions.
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

/// Settings of a client's connections.
#[derive(Clone, Debug)]
pub struct ClientTls {
    pub(super) config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
    needs_system_trust: bool,
}

impl ClientTls {
    /// Reads certificates and keys; what cannot be read is an error that says why.
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
        let name = name_override.as_ref().and_then(|name| ServerName::try_from(name.clone()).ok());
        if needs_system_trust && name_override.is_some() && name.is_none() {
            let message = format!("'{}' is not a host name", spec.common_name_override);
            return Err(Error::new(ErrorCode::InvalidParameter, message));
        }
        let verifier = ServerVerifier { trust, checks_name: !spec.is_unsafe, name_override };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = if spec.identity.is_empty() {
            builder.with_no_client_auth()
        } else {
            let (chain, key) = spec.identity.parse()?;
            builder.with_client_auth_cert(chain, key).map_err(refused)?
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { config: Arc::new(config), name, needs_system_trust })
    }

    /// Begins what takes its time: reading the system's trust store.
    pub fn prepare(&self) {
        if self.needs_system_trust {
            system_trust::prepare();
        }
    }

    /// Whether a handshake can begin.
    pub fn is_prepared(&self) -> bool {
        !self.needs_system_trust || system_trust::is_prepared()
    }

    /// Whether a server of this name, or at this address, can be asked for its certificate.
    pub fn check_name(&self, host: &str) -> Result {
        self.server_name(host).map(|_| ())
    }

    /// The name that is sent to the server and that its certificate must be for.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        // A name with the dot of the root is the same name (RFC 6066 section 3 wants it without).
        let host = host.strip_suffix('.').unwrap_or(host);
        ServerName::try_from(host.to_owned()).map_err(|_| {
            Error::new(ErrorCode::InvalidParameter, format!("'{host}' cannot be the name of a TLS server"))
        })
    }
}

/// Settings of a server's connections.
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
            None => WebPkiClientVerifier::no_client_auth(),
            Some(pem) => {
                let certificates = certificates::parse(pem, "client authorities")?;
                let verifier = ClientVerifier::new(certificates, spec.client_certificate_required)
                    .map_err(|why| Error::new(ErrorCode::InvalidParameter, format!("client authorities: {why}")))?;
                Arc::new(verifier)
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
