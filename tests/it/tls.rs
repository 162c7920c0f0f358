//! TLS in both roles, with certificates that the tests generate.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm, date_time_ymd,
};
use wspeer::error::ErrorCode;
use wspeer::net::tls::options::{ClientTlsSpec, IdentityPem, ServerTlsSpec, TlsOptions};
use wspeer::net::{ClientTls, FailureStage, ServerTls, TlsStream, Transport};
use wspeer::peer::{State, StreamPeerTcp, StreamPeerTls, TcpServer, TlsStatus, WebSocketPeer};
use wspeer::proto::frame::MessageKind::{Binary, Text};

use crate::fixtures::{DEADLINE, Pair, packets, until};

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// An intermediate authority.
    fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn sign(&self, params: &CertificateParams, algorithm: &'static SignatureAlgorithm) -> IdentityPem {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        IdentityPem::new(&key.serialize_pem(), &certificate.pem())
    }

    fn server(&self, names: &[&str]) -> IdentityPem {
        self.sign(&named("server", names), &PKCS_ECDSA_P256_SHA256)
    }
}

fn named(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn trusting(pem: &str) -> ClientTlsSpec {
    ClientTlsSpec { trusted: Some(pem.to_owned()), ..ClientTlsSpec::default() }
}

fn serving(identity: IdentityPem) -> ServerTlsSpec {
    ServerTlsSpec { identity, ..ServerTlsSpec::default() }
}

fn unlimited(peer: &mut WebSocketPeer) {
    peer.options.set_inbound_buffer_size(64 << 20);
    peer.options.set_outbound_buffer_size(0);
}

/// Connects a client to `host` until both peers are open or closed.
fn connect(host: &str, client: ClientTlsSpec, server: ServerTlsSpec) -> Pair {
    let mut listener = TcpServer::new();
    listener.listen(0, "*").unwrap();
    let mut pair = Pair { client: WebSocketPeer::new(), server: WebSocketPeer::new() };
    unlimited(&mut pair.client);
    unlimited(&mut pair.server);
    let url = format!("wss://{host}:{}/path", listener.local_port());
    pair.client.connect_to_url(&url, Some(ClientTls::new(client).unwrap())).unwrap();
    until("accept", || {
        pair.client.poll();
        listener.is_connection_available()
    });
    let socket = listener.take_connection().unwrap().socket().unwrap();
    let stream = TlsStream::server(Box::new(socket), &ServerTls::new(server).unwrap()).unwrap();
    pair.server.accept_stream(Box::new(stream)).unwrap();
    pair.drive("both know", |pair| {
        [&pair.client, &pair.server].iter().all(|peer| peer.state() != State::Connecting)
            && (pair.client.state() == State::Closed) == (pair.server.state() == State::Closed)
    });
    pair
}

fn opens(host: &str, client: ClientTlsSpec, server: ServerTlsSpec) -> Pair {
    let pair = connect(host, client, server);
    assert_eq!((pair.client.state(), pair.client.error_message()), (State::Open, ""));
    pair
}

/// The client's failure text of a handshake that must fail on both sides.
fn refused(host: &str, client: ClientTlsSpec, server: ServerTlsSpec) -> String {
    let pair = connect(host, client, server);
    assert_eq!((pair.client.state(), pair.client.close_code()), (State::Closed, -1));
    let failure = pair.client.failure().unwrap();
    assert_eq!((failure.stage, &failure.message), (FailureStage::Tls, &failure.tls.as_ref().unwrap().text));
    assert_eq!(pair.server.failure().unwrap().stage, FailureStage::Tls, "{:?}", pair.server.failure());
    failure.message.clone()
}

#[test]
fn servers_use_every_kind_of_key_and_certificate_chains() {
    let root = Authority::new("root");
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let middle = root.intermediate("middle");
        let mut identity = middle.sign(&named("server", &["localhost"]), algorithm);
        identity.certificate.push_str(&middle.pem);
        let mut pair = opens("localhost", trusting(&root.pem), serving(identity));
        let info = pair.client.tls_info().unwrap();
        assert_eq!((info.version.as_str(), info.alpn.as_str()), ("TLSv1.3", "http/1.1"));
        assert_eq!(info.peer_subject, "CN=server");
        assert!(pair.server.requested_url().starts_with("wss://localhost:"), "{}", pair.server.requested_url());
        pair.client.send(Text, b"hello").unwrap();
        pair.drive("message", |pair| pair.server.packet_count() == 1);
        assert_eq!(packets(&mut pair.server), [b"hello".to_vec()]);
        pair.server.close(1000, "bye").unwrap();
        pair.drive("close", |pair| pair.client.state() == State::Closed && pair.server.state() == State::Closed);
        assert_eq!((pair.client.close_code(), pair.client.close_reason()), (1000, "bye"));
        assert!(pair.client.failure().is_none() && pair.server.failure().is_none());
    }
}

#[test]
fn an_untrusted_certificate_is_refused_with_the_reason() {
    let root = Authority::new("root");
    let cases = |params: CertificateParams| {
        let identity = root.sign(&params, &PKCS_ECDSA_P256_SHA256);
        refused("localhost", trusting(&root.pem), serving(identity))
    };
    let mut expired = named("old", &["localhost"]);
    (expired.not_before, expired.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    assert_eq!(cases(expired), "the certificate has expired");
    let mut early = named("early", &["localhost"]);
    early.not_before = date_time_ymd(2999, 1, 1);
    assert_eq!(cases(early), "the certificate is not valid yet");
    let mut client_only = named("client", &["localhost"]);
    client_only.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(cases(client_only), "the certificate is not intended for this side of a connection");

    let other = Authority::new("other");
    let unknown = refused("localhost", trusting(&other.pem), serving(root.server(&["localhost"])));
    assert_eq!(unknown, "the certificate is not signed by a trusted authority");
    let system = refused("localhost", ClientTlsSpec::default(), serving(root.server(&["localhost"])));
    assert_eq!(system, "the certificate is not signed by a trusted authority");
    let wrong_name = connect("localhost", trusting(&root.pem), serving(root.server(&["game.example"])));
    let tls = wrong_name.client.failure().unwrap().tls.clone().unwrap();
    assert!(tls.is_name_mismatch, "{tls:?}");
    assert_eq!(tls.text, "the certificate is for 'game.example', not for localhost");
    let wrong_ip = refused("127.0.0.1", trusting(&root.pem), serving(root.server(&["localhost", "127.0.0.2"])));
    assert_eq!(wrong_ip, "the certificate is for 'localhost', '127.0.0.2', not for 127.0.0.1");
}

#[test]
fn the_options_decide_which_name_is_compared() {
    let root = Authority::new("root");
    opens("127.0.0.1", trusting(&root.pem), serving(root.server(&["127.0.0.1"])));
    let named_otherwise = ClientTlsSpec { common_name_override: "game.example".to_owned(), ..trusting(&root.pem) };
    opens("localhost", named_otherwise.clone(), serving(root.server(&["game.example"])));
    assert!(refused("localhost", named_otherwise, serving(root.server(&["localhost"]))).contains("game.example"));
    let any_name = ClientTlsSpec { is_unsafe: true, ..trusting(&root.pem) };
    opens("localhost", any_name.clone(), serving(root.server(&["other.example"])));
    assert!(refused("localhost", any_name, serving(Authority::new("x").server(&["localhost"]))).contains("authority"));
    let anything = ClientTlsSpec { is_unsafe: true, ..ClientTlsSpec::default() };
    opens("localhost", anything, serving(Authority::new("x").server(&["other.example"])));
}

/// Godot's PEM texts end with a NUL, which its strings show as U+FFFD.
#[test]
fn pem_texts_can_be_concatenated() {
    let root = Authority::new("root");
    for end in ["\0", "\u{fffd}", ""] {
        let both = format!("{}{end}{}{end}", Authority::new("other").pem, root.pem);
        opens("localhost", trusting(&both), serving(root.server(&["localhost"])));
    }
}

/// Games ship the certificate of their server. It need not be an authority's, and may have only a common name.
#[test]
fn a_self_signed_certificate_is_trusted_by_itself() {
    let key = KeyPair::generate().unwrap();
    for names in [&["localhost"][..], &[]] {
        let certificate = named("localhost", names).self_signed(&key).unwrap().pem();
        let identity = IdentityPem::new(&key.serialize_pem(), &certificate);
        opens("localhost", trusting(&certificate), serving(identity.clone()));
        assert!(refused("127.0.0.1", trusting(&certificate), serving(identity)).contains("'localhost'"));
    }
}

#[test]
fn servers_verify_client_certificates() {
    let root = Authority::new("root");
    let clients = Authority::new("clients");
    let server = |required| ServerTlsSpec {
        client_ca: Some(clients.pem.clone()),
        client_certificate_required: required,
        ..serving(root.server(&["localhost"]))
    };
    let client = |identity| ClientTlsSpec { identity, ..trusting(&root.pem) };
    let right = clients.sign(&named("player one", &[]), &PKCS_ED25519);
    let pair = opens("localhost", client(right), server(true));
    assert_eq!(pair.server.tls_info().unwrap().peer_subject, "CN=player one");
    let anonymous = opens("localhost", client(IdentityPem::default()), server(false));
    assert_eq!(anonymous.server.tls_info().unwrap().peer_subject, "");

    let missing = refused("localhost", client(IdentityPem::default()), server(true));
    assert!(missing.contains("CertificateRequired"), "{missing}");
    let wrong = root.sign(&named("player two", &[]), &PKCS_ED25519);
    let wrong = refused("localhost", client(wrong), server(false));
    assert!(wrong.contains("UnknownCA"), "{wrong}");
}

#[test]
fn sessions_are_resumed_between_connections_with_the_same_settings() {
    let root = Authority::new("root");
    let server = serving(root.server(&["localhost"]));
    // A private key is kept only as long as options or connections use it.
    let _options = ServerTls::new(server.clone()).unwrap();
    let mut resumed = Vec::new();
    for _ in 0..2 {
        let mut pair = opens("localhost", trusting(&root.pem), server.clone());
        pair.server.send(Text, b"after the ticket").unwrap();
        pair.drive("message", |pair| pair.client.packet_count() == 1);
        resumed.push((pair.client.tls_info().unwrap().resumed, pair.server.tls_info().unwrap().resumed));
    }
    assert_eq!(resumed, [(false, false), (true, true)]);
    let mut other = trusting(&root.pem);
    other.is_unsafe = true;
    assert!(!opens("localhost", other, server).client.tls_info().unwrap().resumed, "other settings, other sessions");
}

#[test]
fn large_messages_go_both_ways() {
    let root = Authority::new("root");
    let mut pair = opens("localhost", trusting(&root.pem), serving(root.server(&["localhost"])));
    let payload: Vec<u8> = (0..16 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for _ in 0..4 {
        pair.client.send(Binary, &payload).unwrap();
        pair.server.send(Binary, &payload).unwrap();
        pair.drive("both", |pair| pair.client.packet_count() == 1 && pair.server.packet_count() == 1);
        assert!(pair.client.take_packet().unwrap() == payload && pair.server.take_packet().unwrap() == payload);
    }
}

#[test]
fn messages_of_a_freed_peer_arrive_over_tls() {
    let root = Authority::new("root");
    let Pair { mut client, mut server } = opens("localhost", trusting(&root.pem), serving(root.server(&["localhost"])));
    let payload: Vec<u8> = (0..16 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    server.send(Binary, &payload).unwrap();
    assert!(server.outbound_buffered_amount() > 0, "the kernel accepts everything");
    server.close(1001, "the end").unwrap();
    drop(server);
    until("closed", || {
        client.poll();
        client.state() == State::Closed
    });
    assert!(client.take_packet().unwrap() == payload);
    assert_eq!((client.close_code(), client.close_reason()), (1001, "the end"));
}

/// A server of rustls alone, which runs `serve` on the first connection.
fn foreign_server(
    identity: &IdentityPem,
    version: &'static rustls::SupportedProtocolVersion,
    serve: impl FnOnce(&mut rustls::Stream<'_, rustls::ServerConnection, TcpStream>) + Send + 'static,
) -> (u16, JoinHandle<()>) {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(identity.private_key.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        serve(&mut rustls::Stream::new(&mut connection, &mut socket));
    });
    (port, thread)
}

fn upgrade(stream: &mut impl ReadWrite) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).unwrap();
    stream.write_all(b"\x81\x02hi").unwrap();
    stream.flush().unwrap();
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

fn client_of(host: &str, port: u16, root: &Authority) -> WebSocketPeer {
    let mut client = WebSocketPeer::new();
    client.connect_to_url(&format!("wss://{host}:{port}"), Some(ClientTls::new(trusting(&root.pem)).unwrap())).unwrap();
    client
}

#[test]
fn both_tls_versions_work_and_an_end_without_close_notify_is_a_failure() {
    let root = Authority::new("root");
    let identity = root.server(&["localhost"]);
    for (version, name) in [(&rustls::version::TLS12, "TLSv1.2"), (&rustls::version::TLS13, "TLSv1.3")] {
        let (port, server) = foreign_server(&identity, version, |stream| upgrade(stream));
        let mut client = client_of("localhost", port, &root);
        until("open", || {
            client.poll();
            client.state() != State::Connecting
        });
        assert_eq!(client.tls_info().map(|info| info.version), Some(name.to_owned()), "{}", client.error_message());
        until("cut", || {
            client.poll();
            client.state() == State::Closed
        });
        assert_eq!(packets(&mut client), [b"hi".to_vec()]);
        let failure = client.failure().unwrap();
        assert_eq!((failure.stage, client.close_code()), (FailureStage::Tls, -1));
        assert!(failure.message.contains("without close_notify"), "{failure:?}");
        server.join().unwrap();
    }
}

#[test]
fn a_server_without_tls_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = client_of("127.0.0.1", listener.local_addr().unwrap().port(), &Authority::new("root"));
    let (mut socket, _) = listener.accept().unwrap();
    socket.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
    until("refused", || {
        client.poll();
        client.state() == State::Closed
    });
    let failure = client.failure().unwrap();
    assert_eq!((failure.stage, failure.message.as_str()), (FailureStage::Tls, "the remote peer does not use TLS"));
}

#[test]
fn a_silent_tls_server_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = client_of("127.0.0.1", listener.local_addr().unwrap().port(), &Authority::new("root"));
    let (_socket, _) = listener.accept().unwrap();
    let now = wspeer::net::clock::now();
    client.poll_at(now);
    client.poll_at(now + Duration::from_secs(9));
    assert_eq!(client.state(), State::Connecting);
    client.poll_at(now + Duration::from_secs(11));
    let failure = client.failure().unwrap();
    assert_eq!((client.state(), failure.stage), (State::Closed, FailureStage::Timeout));
    assert!(failure.message.contains("TLS handshake"), "{failure:?}");
}

#[test]
fn invalid_settings_are_refused_with_the_reason_and_change_nothing() {
    let root = Authority::new("root");
    let identity = root.server(&["localhost"]);
    let other = root.server(&["localhost"]);
    let mut options = TlsOptions::default();
    let refusal = |result: wspeer::error::Result| {
        let error = result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter);
        error.message().to_owned()
    };
    assert!(refusal(options.set_server("nonsense", &identity.certificate)).contains("private key"));
    assert!(refusal(options.set_server(&identity.private_key, "nonsense")).contains("no certificate"));
    assert!(refusal(options.set_server(&other.private_key, &identity.certificate)).contains("does not belong"));
    assert!(refusal(options.set_client(Some(String::new()), "")).contains("trusted certificates"));
    assert!(refusal(options.set_client(None, "not a name")).contains("host name"));
    assert!(refusal(options.set_client_certificate("", "")).contains("certificate"));
    assert!(refusal(options.set_client_ca(&root.pem, true)).contains("not of a server"));
    assert_eq!(options, TlsOptions::default());
    options.set_server(&identity.private_key, &identity.certificate).unwrap();
    assert!(refusal(options.set_client_ca("", true)).contains("client authorities"));
    assert!(refusal(options.set_client_certificate(&identity.private_key, &identity.certificate)).contains("client"));
    assert!(options.client().is_err() && options.server().is_ok());
    let mut client = WebSocketPeer::new();
    assert_eq!(client.connect_to_url("wss://a_b*c", None).unwrap_err().code(), ErrorCode::InvalidParameter);
    assert_eq!(client.state(), State::Closed);
}

/// Two connected streams.
fn streams() -> (StreamPeerTcp, StreamPeerTcp) {
    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let mut client = StreamPeerTcp::new();
    client.connect_to_host("127.0.0.1", listener.local_port()).unwrap();
    until("connected", || {
        client.poll().unwrap();
        listener.is_connection_available() && client.status() as i32 == 2
    });
    (client, listener.take_connection().unwrap())
}

fn shake_hands(client: &mut StreamPeerTls, server: &mut StreamPeerTls) {
    until("handshake", || {
        client.poll();
        server.poll();
        client.status() == TlsStatus::Connected && server.status() == TlsStatus::Connected
    });
}

#[test]
fn a_tls_session_can_end_before_its_stream() {
    let root = Authority::new("root");
    let (below, accepted) = streams();
    let (mut client, mut server) = (StreamPeerTls::new(), StreamPeerTls::new());
    assert_eq!(client.read_partial(&mut [0]).unwrap_err().code(), ErrorCode::Unconfigured);
    let settings = ServerTls::new(serving(root.server(&["game.example"]))).unwrap();
    server.accept(Box::new(accepted.socket().unwrap()), &settings).unwrap();
    let trust = ClientTls::new(trusting(&root.pem)).unwrap();
    client.connect(Box::new(below.socket().unwrap()), "game.example", trust).unwrap();
    assert_eq!((client.status(), server.status()), (TlsStatus::Handshaking, TlsStatus::Handshaking));
    shake_hands(&mut client, &mut server);
    client.write_all(b"hello").unwrap();
    let mut buffer = [0; 5];
    assert_eq!(server.read_all(&mut buffer), (5, Ok(())));
    assert_eq!((&buffer, server.available_bytes()), (b"hello", Some(0)));
    client.disconnect();
    until("end", || {
        server.poll();
        server.status() == TlsStatus::Disconnected
    });
    assert!(server.failure().is_none());
    assert_eq!(below.status() as i32, 2, "the stream below stays open");
}

/// A stream that uses the session on top of it during a read or write, as a stream written in a script can.
struct Meddling {
    below: Box<dyn Transport>,
    session: Arc<Mutex<Option<Box<dyn Transport>>>>,
    refused: Arc<AtomicUsize>,
}

impl Meddling {
    fn meddle(&self) {
        let session = self.session.lock().unwrap().take();
        if let Some(mut above) = session {
            let mut buffer = [0; 100];
            assert_eq!(above.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(above.write(b"from inside").unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(above.may_read() && above.may_write());
            above.tls_info();
            self.refused.fetch_add(1, Ordering::Relaxed);
            *self.session.lock().unwrap() = Some(above);
        }
    }
}

impl Transport for Meddling {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.meddle();
        self.below.read(buffer)
    }

    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.meddle();
        self.below.write(data)
    }

    fn close(&mut self, unsent: Vec<u8>) {
        self.below.close(unsent);
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.below.remote_address()
    }

    fn set_no_delay(&mut self, enabled: bool) -> std::io::Result<()> {
        self.below.set_no_delay(enabled)
    }
}

#[test]
fn nested_use_of_a_session_by_its_stream_is_refused_without_deadlock() {
    let (finished, ended) = std::sync::mpsc::channel();
    let talk = std::thread::spawn(move || {
        let root = Authority::new("root");
        let (below, accepted) = streams();
        let (mut client, mut server) = (StreamPeerTls::new(), StreamPeerTls::new());
        let settings = ServerTls::new(serving(root.server(&["game.example"]))).unwrap();
        let session = Arc::new(Mutex::new(None));
        let refused = Arc::new(AtomicUsize::new(0));
        let below_server = Box::new(accepted.socket().unwrap());
        let meddling = Meddling { below: below_server, session: Arc::clone(&session), refused: Arc::clone(&refused) };
        server.accept(Box::new(meddling), &settings).unwrap();
        *session.lock().unwrap() = server.transport();
        let trust = ClientTls::new(trusting(&root.pem)).unwrap();
        client.connect(Box::new(below.socket().unwrap()), "game.example", trust).unwrap();
        shake_hands(&mut client, &mut server);
        client.write_all(b"hello").unwrap();
        let mut buffer = [0; 5];
        assert_eq!((server.read_all(&mut buffer), &buffer), ((5, Ok(())), b"hello"));
        assert!(refused.load(Ordering::Relaxed) > 0, "the session was used from inside");
        finished.send(()).unwrap();
    });
    let result = ended.recv_timeout(Duration::from_secs(60));
    assert_ne!(result, Err(std::sync::mpsc::RecvTimeoutError::Timeout), "deadlock");
    talk.join().unwrap();
}

#[test]
fn a_name_mismatch_has_a_status_of_its_own() {
    let root = Authority::new("root");
    for (name, status) in [("other.example", TlsStatus::ErrorHostnameMismatch), ("game.example", TlsStatus::Error)] {
        let (below, accepted) = streams();
        let (mut client, mut server) = (StreamPeerTls::new(), StreamPeerTls::new());
        let settings = ServerTls::new(serving(root.server(&["game.example"]))).unwrap();
        server.accept(Box::new(accepted.socket().unwrap()), &settings).unwrap();
        let trusted = if status == TlsStatus::Error { Authority::new("x").pem } else { root.pem.clone() };
        let trust = ClientTls::new(trusting(&trusted)).unwrap();
        client.connect(Box::new(below.socket().unwrap()), name, trust).unwrap();
        until("refused", || {
            client.poll();
            server.poll();
            !matches!(client.status(), TlsStatus::Handshaking) && server.status() != TlsStatus::Handshaking
        });
        assert_eq!((client.status(), server.status()), (status, TlsStatus::Error));
    }
}
