//! Reads the TLS settings of scripts: the engine's `TLSOptions`, and PEM texts for what those cannot express.

use godot::classes::{CryptoKey, Engine, FileAccess, ProjectSettings, TlsOptions as EngineTlsOptions, X509Certificate};
use godot::meta::shape::GodotShape;
use godot::meta::{FromGodot, GodotConvert, GodotImmutable, ToGodot};
use godot::prelude::*;
use godot_core::meta::ByValue;

use super::certificate_chain;
use crate::error::{Error, ErrorCode, Result};
use crate::net::tls::options::{ClientTlsSpec, IdentityPem, ServerTlsSpec};
use crate::net::{ClientTls, ServerTls};
use crate::peer::options::TlsTexts;
use crate::proto::url::Url;

/// The argument `tls_options: TLSOptions = null` of a method.
#[derive(Clone, Debug, Default)]
pub struct OptionalTls(pub Option<Gd<EngineTlsOptions>>);

impl OptionalTls {
    /// The default value.
    pub const NONE: Self = Self(None);
}

impl GodotConvert for OptionalTls {
    type Via = Option<Gd<EngineTlsOptions>>;

    fn godot_shape() -> GodotShape {
        Self::Via::godot_shape()
    }
}

impl ToGodot for OptionalTls {
    type Pass = ByValue;

    fn to_godot(&self) -> Self::Via {
        self.0.clone()
    }
}

impl FromGodot for OptionalTls {
    fn try_from_godot(via: Self::Via) -> std::result::Result<Self, ConvertError> {
        Ok(Self(via))
    }
}

#[expect(unsafe_code, reason = "the trait that default arguments need is unsafe to implement")]
// SAFETY: the only value of this type that is used as a default argument is `NONE`, which holds no object.
unsafe impl GodotImmutable for OptionalTls {}

impl TlsTexts {
    /// Returns the settings of a client if the URL is `wss://`, or if redirections may lead to one (`is_redirected`). A
    /// server's `options` are refused for any URL.
    pub(in crate::godot) fn client_for(
        &self,
        url: &str,
        options: Option<&Gd<EngineTlsOptions>>,
        is_redirected: bool,
    ) -> Result<Option<ClientTls>> {
        let is_secure = Url::parse(url).is_ok_and(|url| url.secure);
        if is_secure || is_redirected || options.is_some_and(|options| options.is_server()) {
            return self.client(options).map(Some);
        }
        Ok(None)
    }

    /// Returns the settings of a client; `options` may be null.
    pub(in crate::godot) fn client(&self, options: Option<&Gd<EngineTlsOptions>>) -> Result<ClientTls> {
        if options.is_some_and(|options| options.is_server()) {
            return Err(Error::new(
                ErrorCode::InvalidParameter,
                "the TLSOptions must be those of a client, not of a server",
            ));
        }
        let chain = options.and_then(|options| options.get_trusted_ca_chain());
        let is_unsafe = options.is_some_and(|options| options.is_unsafe_client());
        let trusted = match chain {
            _ if !self.trusted_certificates.is_empty() => Some(self.trusted_certificates.clone()),
            Some(chain) => Some(certificate_pem(&chain, None)?),
            None if is_unsafe => None,
            None => bundle_of_the_project()?,
        };
        let name = options.map(|options| options.get_common_name_override().to_string());
        ClientTls::new(ClientTlsSpec {
            is_unsafe,
            trusted,
            common_name_override: name.unwrap_or_default(),
            identity: IdentityPem::new(&self.private_key, &self.certificate),
        })
    }

    /// Returns the settings of a server; `options` may be null if the properties are complete.
    pub(in crate::godot) fn server(&self, options: Option<&Gd<EngineTlsOptions>>) -> Result<ServerTls> {
        if options.is_some_and(|options| !options.is_server()) {
            return Err(Error::new(
                ErrorCode::InvalidParameter,
                "the TLSOptions must be those of a server, not of a client",
            ));
        }
        let key = options.and_then(|options| options.get_private_key());
        let certificate = match options.and_then(|options| options.get_own_certificate()) {
            Some(certificate) if self.certificate.is_empty() => certificate_pem(&certificate, key.as_ref())?,
            _ => self.certificate.clone(),
        };
        let private_key = match key {
            Some(key) if self.private_key.is_empty() => key_pem(&key),
            _ => self.private_key.clone(),
        };
        ServerTls::new(ServerTlsSpec {
            identity: IdentityPem { certificate, private_key },
            client_ca: Some(self.client_ca.clone()).filter(|authorities| !authorities.is_empty()),
            client_certificate_required: self.client_certificate_required,
        })
    }
}

/// Returns the certificates that the project trusts instead of the system's
/// (`network/tls/certificate_bundle_override`).
fn bundle_of_the_project() -> Result<Option<String>> {
    let setting = ProjectSettings::singleton().get_setting("network/tls/certificate_bundle_override");
    let path = setting.try_to::<GString>().unwrap_or_default();
    if path.is_empty() {
        return Ok(None);
    }
    match FileAccess::get_file_as_string(&path).to_string() {
        text if text.is_empty() => {
            let message = format!("the project's certificate bundle '{path}' cannot be read");
            Err(Error::new(ErrorCode::InvalidParameter, message))
        }
        text => Ok(Some(text)),
    }
}

/// Returns a certificate and those that follow it as PEM text. `key` is the private key of the first one, if there is
/// one.
///
/// The engine's `save()` and `save_to_string()` repeat the first certificate in the place of every other one. So a
/// chain that `ResourceLoader` returned is read from its file, if the file still begins with the same certificate. A
/// list that `X509Certificate.load()` or `load_from_string()` read is what the engine sends in a handshake. Other lists
/// are refused: those of authorities that may only sign certificates.
pub fn certificate_pem(certificate: &Gd<X509Certificate>, key: Option<&Gd<CryptoKey>>) -> Result<String> {
    let saved = muted(|| certificate.clone().save_to_string()).to_string();
    let all: Vec<String> = certificates(&saved).map(without_spaces).collect();
    let first = all.first();
    if all.iter().filter(|other| Some(*other) == first).count() < 2 {
        return Ok(certificates(&saved).collect::<Vec<_>>().join("\n"));
    }
    let path = certificate.get_path();
    if !path.is_empty() && FileAccess::file_exists(&path) {
        let file = FileAccess::get_file_as_string(&path).to_string();
        if certificates(&file).next().map(without_spaces).as_ref() == first {
            return Ok(file);
        }
    }
    if let Some(sent) = certificate_chain::sent_by_engine(certificate, key)
        && certificates(&sent).count() == all.len()
        && certificates(&sent).next().map(without_spaces).as_ref() == first
    {
        return Ok(sent);
    }
    let message = format!(
        "the engine returns only the first of the {} certificates of an X509Certificate that its own load() or \
         load_from_string() read; get it from the global load(\"res://…\"), or set the text of the file as \
         tls_trusted_certificates or tls_certificate",
        all.len()
    );
    Err(Error::new(ErrorCode::InvalidParameter, message))
}

fn key_pem(key: &Gd<CryptoKey>) -> String {
    muted(|| key.clone().save_to_string()).to_string()
}

/// Runs a call without printed errors. The engine's PEM writer prints one although nothing is wrong, because it counts
/// the final NUL as text.
pub(super) fn muted<T>(call: impl FnOnce() -> T) -> T {
    let mut engine = Engine::singleton();
    let prints = engine.is_printing_error_messages();
    engine.set_print_error_messages(false);
    let result = call();
    engine.set_print_error_messages(prints);
    result
}

/// Returns the certificates of a PEM text.
fn certificates(pem: &str) -> impl Iterator<Item = &str> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    pem.match_indices(BEGIN).filter_map(|(start, _)| {
        let block = pem.get(start..)?;
        block.get(..block.find(END)? + END.len())
    })
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}
