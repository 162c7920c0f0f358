//! A library without the feature `tls` refuses TLS with the reason, and changes nothing by it.

use wspeer::error::ErrorCode;
use wspeer::net::tls::options::{TlsOptions, read_pem_file};
use wspeer::peer::{TcpServer, WebSocketPeer};

use crate::any_client::{AnyClient, Target};

const REASON: &str = "this library was built without TLS (feature 'tls')";

#[test]
fn every_client_refuses_wss_with_the_reason_and_connects_without_tls_afterwards() {
    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    for (kind, mut client) in AnyClient::all() {
        let error = client.connect(&Target { url: "wss://localhost/".to_owned(), ..Target::default() }).unwrap_err();
        assert_eq!((error.code(), error.message()), (ErrorCode::Unavailable, REASON), "{kind}");
        let url = format!("ws://127.0.0.1:{}/", listener.local_port());
        client.connect(&Target { url, ..Target::default() }).unwrap();
        let mut server = WebSocketPeer::new();
        let outcome = loop {
            if let Some(stream) = listener.take_connection() {
                server.accept_stream(Box::new(stream.socket().unwrap())).unwrap();
            }
            server.poll();
            if let Some(outcome) = client.outcome() {
                break outcome;
            }
            std::thread::yield_now();
        };
        assert_eq!(outcome, Ok(String::new()), "{kind}");
    }
}

#[test]
fn tls_options_and_pem_files_are_refused_with_the_reason() {
    let mut options = TlsOptions::default();
    let refusals = [
        options.set_client(None, ""),
        options.set_client_unsafe(None),
        options.set_server("", ""),
        options.set_client_certificate("", ""),
        options.set_client_ca("", true),
        options.client().map(|_| ()),
        options.server().map(|_| ()),
        read_pem_file("/no/such/file").map(|_| ()),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert_eq!((error.code(), error.message()), (ErrorCode::Unavailable, REASON));
    }
}
