//! A client of each kind, a peer, the client object and a room, with the same calls, for tests that hold for all.

use wspeer::error::Error;
use wspeer::net::ClientTls;
use wspeer::peer::options::ConnectionOptions;
use wspeer::peer::room::MultiplayerPeer;
use wspeer::peer::{Client, ConnectParameters, State, WebSocketPeer};

use crate::world::owned;

pub enum AnyClient {
    Peer(Box<WebSocketPeer>),
    Client(Box<Client>),
    Room(Box<MultiplayerPeer>),
}

/// What a client is to connect to.
#[derive(Clone, Default)]
pub struct Target<'a> {
    pub url: String,
    pub protocols: &'a [&'a str],
    pub headers: &'a [&'a str],
    pub tls: Option<ClientTls>,
}

impl AnyClient {
    /// One of each kind.
    pub fn all() -> [(&'static str, Self); 3] {
        [
            ("peer", Self::Peer(Box::default())),
            ("client", Self::Client(Box::default())),
            ("room", Self::Room(Box::default())),
        ]
    }

    pub fn configure(&mut self, set: impl FnOnce(&mut ConnectionOptions)) {
        match self {
            Self::Peer(peer) => set(&mut peer.options),
            Self::Client(client) => client
                .set_options(|options| {
                    set(options);
                    Ok(())
                })
                .unwrap(),
            Self::Room(room) => set(&mut room.options),
        }
    }

    pub fn connect(&mut self, target: &Target<'_>) -> Result<(), Error> {
        let (protocols, headers) = (owned(target.protocols), owned(target.headers));
        if let Self::Client(client) = self {
            let tls = target.tls.clone();
            let parameters = ConnectParameters { protocols, headers, tls, ..ConnectParameters::default() };
            return client.connect_to_url(&target.url, parameters);
        }
        self.configure(|options| {
            options.set_supported_protocols(protocols);
            options.set_handshake_headers(headers);
        });
        match self {
            Self::Peer(peer) => peer.connect_to_url(&target.url, target.tls.clone()),
            Self::Room(room) => room.create_client(&target.url, target.tls.clone()),
            Self::Client(_) => unreachable!(),
        }
    }

    /// Polls, and returns the selected sub-protocol or the reason for a failure; `None` before.
    pub fn outcome(&mut self) -> Option<Result<String, String>> {
        match self {
            Self::Peer(peer) => peer.poll(),
            Self::Client(client) => client.poll(),
            Self::Room(room) => room.poll(),
        }
        self.with_peer(|peer| match peer.state() {
            State::Connecting => None,
            State::Open | State::Closing => Some(Ok(peer.selected_protocol().to_owned())),
            _ => Some(Err(peer.error_message().to_owned())),
        })
    }

    pub fn with_peer<R>(&mut self, call: impl FnOnce(&WebSocketPeer) -> R) -> R {
        match self {
            Self::Peer(peer) => call(peer),
            Self::Client(client) => client.with_peer(call),
            Self::Room(room) => room.with_peer(1, |peer| call(peer)).unwrap(),
        }
    }
}
