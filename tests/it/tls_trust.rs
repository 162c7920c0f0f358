//! Which certificates are trusted: the rules of docs/tls.md one by one. `tls_matrix.rs` has their combinations.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use wspeer::error::ErrorCode;
use wspeer::net::tls::options::{ClientTlsSpec, IdentityPem, ServerTlsSpec};
use wspeer::net::{ClientTls, ServerTls, Transport};
use wspeer::peer::{StreamPeerTls, TlsStatus};

/// A certificate with its key, which may issue others whether or not it is an authority's.
pub struct Certificate {
    pub issuer: Issuer<'static, KeyPair>,
    pub pem: String,
    key: String,
}

impl Certificate {
    pub fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self::new(params, pem, key)
    }

    pub fn issued_by(params: CertificateParams, issuer: &Self) -> Self {
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &issuer.issuer).unwrap().pem();
        Self::new(params, pem, key)
    }

    fn new(params: CertificateParams, pem: String, key: KeyPair) -> Self {
        Self { key: key.serialize_pem(), issuer: Issuer::new(params, key), pem }
    }

    /// Returns the certificate, with its issuers that are presented too, and its key.
    pub fn identity(&self, presented: &[&Self]) -> IdentityPem {
        let chain: String = presented.iter().map(|issuer| issuer.pem.as_str()).collect();
        IdentityPem::new(&self.key, &format!("{}{chain}", self.pem))
    }
}

/// The parameters of an end entity with CA:FALSE: its common name, and its subject alternative names.
pub fn leaf(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

/// Returns parameters after a change.
pub fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

/// The parameters of an authority.
pub fn authority(common_name: &str) -> CertificateParams {
    with(leaf(common_name, &[]), |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
}

fn constrained(permitted: &[GeneralSubtree], excluded: &[GeneralSubtree]) -> CertificateParams {
    let constraints = NameConstraints { permitted_subtrees: permitted.to_vec(), excluded_subtrees: excluded.to_vec() };
    with(authority("constrained"), |params| params.name_constraints = Some(constraints))
}

fn expired(params: CertificateParams) -> CertificateParams {
    with(params, |params| {
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    })
}

fn used_for(purpose: ExtendedKeyUsagePurpose, params: CertificateParams) -> CertificateParams {
    with(params, |params| params.extended_key_usages = vec![purpose])
}

type Bytes = Arc<Mutex<VecDeque<u8>>>;

/// One end of a stream in memory.
struct Pipe {
    input: Bytes,
    output: Bytes,
}

impl Transport for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match io::Read::read(&mut *self.input.lock().unwrap(), buffer)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.output.lock().unwrap().extend(data);
        Ok(data.len())
    }

    fn close(&mut self, unsent: Vec<u8>) {
        self.output.lock().unwrap().extend(unsent);
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        None
    }

    fn set_no_delay(&mut self, _enabled: bool) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a handshake. Returns the client's subject as the server sees it, or the reason of the end that refused.
pub fn handshake(host: &str, client: ClientTlsSpec, server: ServerTlsSpec) -> Result<String, String> {
    let (up, down) = (Bytes::default(), Bytes::default());
    let of_client = Pipe { input: Arc::clone(&down), output: Arc::clone(&up) };
    let of_server = Pipe { input: up, output: down };
    let (mut visitor, mut remote) = (StreamPeerTls::new(), StreamPeerTls::new());
    remote.accept(Box::new(of_server), &ServerTls::new(server).unwrap()).unwrap();
    visitor.connect(Box::new(of_client), host, ClientTls::new(client).unwrap()).unwrap();
    // A handshake takes a few turns, an alert one more.
    for _ in 0..10 {
        visitor.poll();
        remote.poll();
    }
    let reasons = [&visitor, &remote].map(|end| end.failure().map(|failure| failure.message.clone()));
    if let Some(reason) = reasons.into_iter().flatten().find(|reason| !reason.contains("sent the TLS alert")) {
        return Err(reason);
    }
    assert_eq!((visitor.status(), remote.status()), (TlsStatus::Connected, TlsStatus::Connected));
    Ok(remote.tls_info().unwrap().peer_subject)
}

/// A client that trusts `trusted` visits a server that presents `identity`.
pub fn visit(host: &str, trusted: &str, identity: IdentityPem) -> Result<String, String> {
    let client = ClientTlsSpec { trusted: Some(trusted.to_owned()), ..ClientTlsSpec::default() };
    handshake(host, client, ServerTlsSpec { identity, ..ServerTlsSpec::default() })
}

/// A client that presents `identity` visits a server that trusts `trusted`.
pub fn present(trusted: &str, identity: IdentityPem) -> Result<String, String> {
    let own = Certificate::self_signed(leaf("game.example", &["game.example"]));
    let client = ClientTlsSpec { trusted: Some(own.pem.clone()), identity, ..ClientTlsSpec::default() };
    let server = ServerTlsSpec {
        identity: own.identity(&[]),
        client_ca: Some(trusted.to_owned()),
        client_certificate_required: true,
    };
    handshake("game.example", client, server)
}

const UNTRUSTED: &str = "the certificate is not signed by a trusted authority";
const WRONG_PURPOSE: &str = "the certificate is not intended for this side of a connection";
const FORBIDDEN: &str = "the certificate was refused: a name constraint of its authority forbids one of its names";
const NO_ISSUER: &str =
    "the certificate was refused: its issuer may not issue certificates (CA:FALSE, or keyUsage without keyCertSign)";

fn refused(reason: &str) -> Result<String, String> {
    Err(reason.to_owned())
}

fn accepted() -> Result<String, String> {
    Ok(String::new())
}

#[test]
fn name_constraints_hold_for_common_names() {
    let domain = |name: &str| GeneralSubtree::DnsName(name.to_owned());
    let network = |last| GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, last], [255; 4]));
    // Permitted and excluded subtrees, the common name, the host, the outcome.
    let cases = [
        (vec![domain("game.example")], vec![], "game.example", "game.example", accepted()),
        (vec![domain("game.example")], vec![], "*.game.example", "eu.game.example", accepted()),
        (vec![domain("other.example")], vec![], "game.example", "game.example", refused(FORBIDDEN)),
        (vec![domain("other.example")], vec![], "localhost", "localhost", refused(FORBIDDEN)),
        (vec![], vec![domain("game.example")], "eu.game.example", "eu.game.example", refused(FORBIDDEN)),
        (vec![], vec![domain("eu.game.example")], "*.game.example", "us.game.example", refused(FORBIDDEN)),
        (vec![network(1)], vec![], "127.0.0.1", "127.0.0.1", accepted()),
        (vec![network(2)], vec![], "127.0.0.1", "127.0.0.1", refused(FORBIDDEN)),
        (vec![], vec![network(1)], "127.0.0.1", "127.0.0.1", refused(FORBIDDEN)),
    ];
    for (permitted, excluded, common_name, host, outcome) in cases {
        let root = Certificate::self_signed(constrained(&permitted, &excluded));
        let server = Certificate::issued_by(leaf(common_name, &[]), &root);
        assert_eq!(visit(host, &root.pem, server.identity(&[])), outcome, "{permitted:?} {excluded:?} {common_name}");
    }
}

#[test]
fn name_constraints_of_every_authority_in_the_chain_count() {
    let root = Certificate::self_signed(authority("root"));
    let forbids = [GeneralSubtree::DnsName("game.example".to_owned())];
    let middle = Certificate::issued_by(constrained(&[], &forbids), &root);
    let server = Certificate::issued_by(leaf("game.example", &[]), &middle);
    assert_eq!(visit("game.example", &root.pem, server.identity(&[&middle])), refused(FORBIDDEN));
    let client = Certificate::issued_by(leaf("game.example", &[]), &middle);
    assert_eq!(present(&root.pem, client.identity(&[&middle])), refused(FORBIDDEN));
    // The name of a player is no host's.
    let client = Certificate::issued_by(leaf("alice", &[]), &middle);
    assert_eq!(present(&root.pem, client.identity(&[&middle])), Ok("CN=alice".to_owned()));
}

#[test]
fn a_wildcard_in_a_common_name_matches_one_label_of_a_host_name() {
    let root = Certificate::self_signed(authority("root"));
    let cases = [
        ("*.game.example", "eu.game.example", true),
        ("*.game.example", "a.eu.game.example", false),
        ("*.game.example", "game.example", false),
        ("*.localhost", "eu.localhost", false),
        ("*.0.0.1", "127.0.0.1", false),
        ("127.0.0.1", "127.0.0.1", true),
    ];
    for (common_name, host, is_accepted) in cases {
        let server = Certificate::issued_by(leaf(common_name, &[]), &root);
        let outcome = visit(host, &root.pem, server.identity(&[]));
        let mismatch = format!("the certificate is for '{common_name}', not for {host}");
        assert_eq!(outcome, if is_accepted { accepted() } else { refused(&mismatch) });
    }
}

#[test]
fn a_pinned_leaf_issues_no_certificates() {
    let without_constraints = with(leaf("alice", &["alice.example"]), |params| params.is_ca = IsCa::NoCa);
    for params in [leaf("alice", &["alice.example"]), without_constraints] {
        let alice = Certificate::self_signed(params);
        let bob = Certificate::self_signed(leaf("bob", &["bob.example"]));
        let trusted = format!("{}{}", alice.pem, bob.pem);
        assert_eq!(visit("bob.example", &trusted, bob.identity(&[])), accepted());
        assert_eq!(present(&trusted, alice.identity(&[])), Ok("CN=alice".to_owned()));
        let forged = Certificate::issued_by(leaf("bob", &["bob.example"]), &alice);
        assert_eq!(visit("bob.example", &trusted, forged.identity(&[])), refused(UNTRUSTED));
        assert_eq!(present(&trusted, forged.identity(&[])), refused(UNTRUSTED));
        for outcome in
            [visit("bob.example", &trusted, forged.identity(&[&alice])), present(&trusted, forged.identity(&[&alice]))]
        {
            assert_eq!(outcome, refused(NO_ISSUER));
        }
    }
}

#[test]
fn an_authority_needs_key_cert_sign_if_it_has_key_usage() {
    let restricted = |usage, name| with(authority(name), |params| params.key_usages = vec![usage]);
    for (usage, is_accepted) in [(KeyUsagePurpose::KeyCertSign, true), (KeyUsagePurpose::DigitalSignature, false)] {
        let root = Certificate::self_signed(restricted(usage, "root"));
        let server = Certificate::issued_by(leaf("server", &["game.example"]), &root);
        let outcome = visit("game.example", &root.pem, server.identity(&[]));
        assert_eq!(outcome, if is_accepted { accepted() } else { refused(UNTRUSTED) });

        let root = Certificate::self_signed(authority("root"));
        let middle = Certificate::issued_by(restricted(usage, "middle"), &root);
        let client = Certificate::issued_by(leaf("player", &[]), &middle);
        let outcome = present(&root.pem, client.identity(&[&middle]));
        assert_eq!(outcome, if is_accepted { Ok("CN=player".to_owned()) } else { refused(NO_ISSUER) });
    }
}

#[test]
fn path_length_of_a_trusted_authority_is_checked() {
    let limited = with(authority("root"), |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let root = Certificate::self_signed(limited);
    let server = Certificate::issued_by(leaf("server", &["game.example"]), &root);
    assert_eq!(visit("game.example", &root.pem, server.identity(&[])), accepted());
    let middle = Certificate::issued_by(authority("middle"), &root);
    let server = Certificate::issued_by(leaf("server", &["game.example"]), &middle);
    let outcome = visit("game.example", &root.pem, server.identity(&[&middle]));
    assert!(outcome.unwrap_err().contains("more intermediate authorities than pathLenConstraint allows"));
}

#[test]
fn an_expired_certificate_in_the_list_is_trusted_for_nothing() {
    let old = "the certificate has expired";
    let root = Certificate::self_signed(expired(authority("root")));
    let server = Certificate::issued_by(leaf("server", &["game.example"]), &root);
    assert_eq!(visit("game.example", &root.pem, server.identity(&[])), refused(old));
    assert_eq!(present(&root.pem, server.identity(&[])), refused(old));
    let pinned = Certificate::self_signed(expired(leaf("server", &["game.example"])));
    assert_eq!(visit("game.example", &pinned.pem, pinned.identity(&[])), refused(old));
    assert_eq!(present(&pinned.pem, pinned.identity(&[])), refused(old));
}

#[test]
fn a_renewed_authority_replaces_the_expired_one_with_the_same_key() {
    let key = KeyPair::generate().unwrap();
    let old = expired(authority("root")).self_signed(&key).unwrap().pem();
    let renewed = authority("root").self_signed(&key).unwrap().pem();
    let root = Certificate::new(authority("root"), renewed, key);
    let server = Certificate::issued_by(leaf("server", &["game.example"]), &root);
    for trusted in [format!("{old}{}", root.pem), format!("{}{old}", root.pem)] {
        assert_eq!(visit("game.example", &trusted, server.identity(&[])), accepted());
    }
    assert_eq!(visit("game.example", &old, server.identity(&[])), refused("the certificate has expired"));
}

#[test]
fn extended_key_usage_of_a_trusted_certificate_is_checked() {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    for (purpose, for_server, for_client) in [(ServerAuth, true, false), (ClientAuth, false, true)] {
        let pinned = Certificate::self_signed(used_for(purpose.clone(), leaf("pinned", &["game.example"])));
        let root = Certificate::self_signed(used_for(purpose, authority("root")));
        let issued = Certificate::issued_by(leaf("pinned", &["game.example"]), &root);
        for (trusted, end_entity) in [(&pinned, &pinned), (&root, &issued)] {
            let outcome = visit("game.example", &trusted.pem, end_entity.identity(&[]));
            assert_eq!(outcome, if for_server { accepted() } else { refused(WRONG_PURPOSE) });
            let outcome = present(&trusted.pem, end_entity.identity(&[]));
            assert_eq!(outcome, if for_client { Ok("CN=pinned".to_owned()) } else { refused(WRONG_PURPOSE) });
        }
    }
}

/// The engine's `Crypto.generate_self_signed_certificate()` writes CA:TRUE with pathlen 0, no keyUsage and no
/// alternative name.
#[test]
fn certificates_as_the_engine_makes_them_can_be_pinned() {
    let made = with(authority("127.0.0.1"), |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let pinned = Certificate::self_signed(made);
    assert_eq!(visit("127.0.0.1", &pinned.pem, pinned.identity(&[])), accepted());
    assert_eq!(present(&pinned.pem, pinned.identity(&[])), Ok("CN=127.0.0.1".to_owned()));
}

#[test]
fn required_client_certificates_need_authorities() {
    let own = Certificate::self_signed(leaf("game.example", &["game.example"]));
    let unreadable = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
    for client_ca in [None, Some(""), Some("\n"), Some("no certificate"), Some(unreadable)] {
        let server = ServerTlsSpec {
            identity: own.identity(&[]),
            client_ca: client_ca.map(str::to_owned),
            client_certificate_required: true,
        };
        let error = ServerTls::new(server).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{client_ca:?}");
        assert!(error.message().contains("client authorities"), "{}", error.message());
    }
}
