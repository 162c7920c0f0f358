//! TLS settings of clients and servers: how they are combined, checked, and made into rustls configurations.

use std::io::Read as _;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::ServerName;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, InconsistentKeys, ServerConfig};
use zeroize::{Zeroize as _, Zeroizing};

use super::config_cache::{ConfigCache, MadeConfig, TlsSpec};
use super::provider::provider;
use super::trusted::TrustedCertificates;
use super::verifier::{ClientVerifier, ServerTrust, ServerVerifier};
use super::{certificates, system_trust};
use crate::error::{Error, ErrorCode, Result};

/// The protocol that connections offer by ALPN (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// A certificate chain and its private key, both in PEM format. The key is overwritten when it is dropped, and `Debug`
/// does not show it.
#[derive(Clone, Default, PartialEq, Eq)]
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

    /// Returns the chain with a key that signs. The decoded key is overwritten: the signing key, which belongs to the
    /// cryptographic library, is the only copy left.
    fn certified_key(&self) -> Result<SingleCertAndKey> {
        let chain = certificates::parse(&self.certificate, "certificate")?;
        let key = certificates::private_key(&self.private_key, "private key")?;
        let certified = CertifiedKey::new(chain, any_supported_type(&key).map_err(refused)?);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified.into()),
            Err(error) => Err(refused(error)),
        }
    }
}

impl Drop for IdentityPem {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl std::fmt::Debug for IdentityPem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityPem").field("certificate", &self.certificate).finish_non_exhaustive()
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

/// Settings as a program combines them. A refused call changes nothing. As long as they exist, connections with the
/// same settings resume each other's sessions.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    spec: RoleSpec,
    /// Keeps the configuration of the settings.
    _made: Option<MadeTls>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RoleSpec {
    Client(ClientTlsSpec),
    Server(ServerTlsSpec),
}

/// A configuration that is only kept.
#[derive(Clone, Debug)]
pub(super) enum MadeTls {
    Client { _tls: ClientTls },
    Server { _tls: ServerTls },
}

impl Default for RoleSpec {
    fn default() -> Self {
        Self::Client(ClientTlsSpec::default())
    }
}

impl PartialEq for TlsOptions {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl Eq for TlsOptions {}

impl TlsOptions {
    /// Makes these the settings of a client that verifies chain and name; see [`ClientTlsSpec`].
    pub fn set_client(&mut self, trusted: Option<String>, common_name_override: &str) -> Result {
        let common_name_override = common_name_override.to_owned();
        let identity = self.client_identity();
        self.set(RoleSpec::Client(ClientTlsSpec { is_unsafe: false, trusted, common_name_override, identity }))
    }

    /// Makes these the settings of a client that does not verify the name, and verifies the chain only if `trusted` is
    /// set.
    pub fn set_client_unsafe(&mut self, trusted: Option<String>) -> Result {
        let identity = self.client_identity();
        self.set(RoleSpec::Client(ClientTlsSpec { is_unsafe: true, trusted, identity, ..ClientTlsSpec::default() }))
    }

    /// Makes these the settings of a server with this certificate.
    pub fn set_server(&mut self, private_key: &str, certificate: &str) -> Result {
        let identity = IdentityPem::new(private_key, certificate);
        self.set(RoleSpec::Server(ServerTlsSpec { identity, ..ServerTlsSpec::default() }))
    }

    /// Sets the certificate that a client presents to servers that request one.
    pub fn set_client_certificate(&mut self, private_key: &str, certificate: &str) -> Result {
        let RoleSpec::Client(spec) = &self.spec else { return Err(wrong_role("client", "server")) };
        let spec = ClientTlsSpec { identity: IdentityPem::new(private_key, certificate), ..spec.clone() };
        // An empty pair would stand for no certificate, so it is parsed here.
        spec.identity.certified_key()?;
        self.set(RoleSpec::Client(spec))
    }

    /// Makes a server request client certificates issued by one of these authorities.
    pub fn set_client_ca(&mut self, authorities: &str, is_required: bool) -> Result {
        let RoleSpec::Server(spec) = &self.spec else { return Err(wrong_role("server", "client")) };
        let spec = ServerTlsSpec {
            client_ca: Some(authorities.to_owned()),
            client_certificate_required: is_required,
            ..spec.clone()
        };
        self.set(RoleSpec::Server(spec))
    }

    fn client_identity(&self) -> IdentityPem {
        match &self.spec {
            RoleSpec::Client(spec) => spec.identity.clone(),
            RoleSpec::Server(_) => IdentityPem::default(),
        }
    }

    fn set(&mut self, spec: RoleSpec) -> Result {
        let made = match &spec {
            RoleSpec::Client(spec) => MadeTls::Client { _tls: ClientTls::new(spec.clone())? },
            RoleSpec::Server(spec) => MadeTls::Server { _tls: ServerTls::new(spec.clone())? },
        };
        *self = Self { spec, _made: Some(made) };
        Ok(())
    }

    /// Returns the configuration of a client's connections.
    pub fn client(&self) -> Result<ClientTls> {
        match &self.spec {
            RoleSpec::Client(spec) => ClientTls::new(spec.clone()),
            RoleSpec::Server(_) => Err(wrong_role("client", "server")),
        }
    }

    /// Returns the configuration of a server's connections.
    pub fn server(&self) -> Result<ServerTls> {
        match &self.spec {
            RoleSpec::Server(spec) => ServerTls::new(spec.clone()),
            RoleSpec::Client(_) => Err(wrong_role("server", "client")),
        }
    }
}

fn wrong_role(wanted: &str, given: &str) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("the TLS options are those of a {given}, not of a {wanted}"))
}

/// Bytes of a certificate or key file that are read at most; a system's whole trust store has some hundred KiB.
const MAX_PEM_FILE: u64 = 8 * 1024 * 1024;

/// Reads a PEM file with certificates or a key. The text is overwritten when it is dropped.
pub fn read_pem_file(path: &str) -> Result<Zeroizing<String>> {
    let failed = |why: &dyn std::fmt::Display| {
        Error::new(ErrorCode::InvalidParameter, format!("the file '{path}' cannot be read: {why}"))
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    // Large enough at once, because a text that grows leaves copies.
    let length = file.metadata().map_or(0, |metadata| metadata.len().min(MAX_PEM_FILE));
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(length).unwrap_or(0) + 64));
    file.take(MAX_PEM_FILE).read_to_string(&mut text).map_err(|error| failed(&error))?;
    Ok(text)
}

/// TLS configuration of a client's connections.
#[derive(Clone, Debug)]
pub struct ClientTls(Arc<MadeConfig<ClientTlsSpec, ClientContent>>);

#[derive(Debug)]
struct ClientContent {
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
    needs_system_trust: bool,
}

static CLIENT_CONFIGS: ConfigCache<ClientTlsSpec, ClientContent> = ConfigCache::new();
static SERVER_CONFIGS: ConfigCache<ServerTlsSpec, Arc<ServerConfig>> = ConfigCache::new();

impl TlsSpec for ClientTlsSpec {
    fn has_private_key(&self) -> bool {
        !self.identity.is_empty()
    }
}

impl TlsSpec for ServerTlsSpec {
    fn has_private_key(&self) -> bool {
        true
    }
}

impl ClientTls {
    /// Parses certificates and keys. Invalid ones are refused.
    pub fn new(spec: ClientTlsSpec) -> Result<Self> {
        CLIENT_CONFIGS.get_or_make(spec, Self::make).map(Self)
    }

    /// Returns the settings of a client that sets none: the operating system's trust store, and the host's name.
    pub fn by_default() -> Result<Self> {
        Self::new(ClientTlsSpec::default())
    }

    /// The configuration of rustls.
    pub(super) fn config(&self) -> &Arc<ClientConfig> {
        &self.0.content.config
    }

    fn make(spec: &ClientTlsSpec) -> Result<ClientContent> {
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
        let verifier = ServerVerifier { trust, checks_name: !spec.is_unsafe, name_override };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = if spec.identity.is_empty() {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_resolver(Arc::new(spec.identity.certified_key()?))
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(ClientContent { config: Arc::new(config), name, needs_system_trust })
    }

    /// Returns the settings for another server than the one that they were made for: without the client's certificate
    /// and without the override of the server's name. No session of these settings is resumed with them.
    pub fn without_identity(&self) -> Result<Self> {
        let spec = self.0.spec().clone();
        Self::new(ClientTlsSpec { identity: IdentityPem::default(), common_name_override: String::new(), ..spec })
    }

    /// Starts to load the system's trust store in the background if it is needed.
    pub fn prepare(&self) {
        if self.0.content.needs_system_trust {
            system_trust::prepare();
        }
    }

    /// Returns whether a handshake can begin: the trust store is loaded or not needed.
    pub fn is_prepared(&self) -> bool {
        !self.0.content.needs_system_trust || system_trust::is_prepared()
    }

    /// Checks that the host is a name or address that a certificate can have.
    pub fn check_name(&self, host: &str) -> Result {
        self.server_name(host).map(|_| ())
    }

    /// Returns the name that is sent to the server (SNI) and that its certificate must have.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>> {
        if let Some(name) = &self.0.content.name {
            return Ok(name.clone());
        }
        // RFC 6066 section 3: the name is sent without a trailing dot.
        certificates::name_for_tls(host.strip_suffix('.').unwrap_or(host))
    }
}

/// TLS configuration of a server's connections.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<MadeConfig<ServerTlsSpec, Arc<ServerConfig>>>);

impl ServerTls {
    /// See [`ClientTls::new`].
    pub fn new(spec: ServerTlsSpec) -> Result<Self> {
        SERVER_CONFIGS.get_or_make(spec, Self::make).map(Self)
    }

    /// The configuration of rustls.
    pub(super) fn config(&self) -> &Arc<ServerConfig> {
        &self.0.content
    }

    fn make(spec: &ServerTlsSpec) -> Result<Arc<ServerConfig>> {
        let identity = spec.identity.certified_key()?;
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
            .with_cert_resolver(Arc::new(identity));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(refused)?;
        Ok(Arc::new(config))
    }
}

fn refused(error: rustls::Error) -> Error {
    let message = match error {
        rustls::Error::InconsistentKeys(_) => "the private key does not belong to the certificate".to_owned(),
        other => format!("TLS settings: {other}"),
    };
    Error::new(ErrorCode::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> IdentityPem {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        IdentityPem::new(&key.serialize_pem(), &certificate.pem())
    }

    #[test]
    fn no_configuration_with_a_private_key_outlives_its_options_and_connections() {
        let identity = identity();
        let (mut server, mut client) = (TlsOptions::default(), TlsOptions::default());
        server.set_server(&identity.private_key, &identity.certificate).unwrap();
        client.set_client_certificate(&identity.private_key, &identity.certificate).unwrap();
        let server_spec = ServerTlsSpec { identity: identity.clone(), ..ServerTlsSpec::default() };
        let client_spec = ClientTlsSpec { identity, ..ClientTlsSpec::default() };
        let connection = server.server().unwrap();
        assert!(SERVER_CONFIGS.contains(&server_spec) && CLIENT_CONFIGS.contains(&client_spec));
        drop((server, client));
        assert!(SERVER_CONFIGS.contains(&server_spec), "a connection uses it");
        drop(connection);
        assert!(!SERVER_CONFIGS.contains(&server_spec) && !CLIENT_CONFIGS.contains(&client_spec));
        assert!(!format!("{server_spec:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_configuration_without_a_private_key_is_remembered() {
        let spec =
            ClientTlsSpec { is_unsafe: true, trusted: Some(identity().certificate.clone()), ..Default::default() };
        drop(ClientTls::new(spec.clone()).unwrap());
        assert!(CLIENT_CONFIGS.contains(&spec));
    }
}
