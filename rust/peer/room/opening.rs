//! Decides how a room becomes a server or a client.

use super::peer_cell::PeerCell;
use super::room_peer::ConnectingPeer;
use super::room_state::{JOINING, MultiplayerPeer, RoomRole, RoomStatus};
use crate::error::{Error, ErrorCode, Result};
use crate::net::{ClientTls, ServerTls, clock};
use crate::peer::accept_failure::AcceptFailure;
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::last_error::LastError;
use crate::peer::listening::listen;
use crate::peer::peer_ids::SERVER_ID;
use crate::peer::trace::PeerClass;

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Becomes a server that listens on a port (0: the system chooses one, see [`Self::local_port`]) of all interfaces
    /// (`"*"`) or of one address, with `tls` for `wss://` clients.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInUse`] if the room is a client or server or the address is in use;
    /// [`ErrorCode::InvalidParameter`] for invalid options or addresses; [`ErrorCode::CantCreate`] if the system
    /// refuses.
    pub fn create_server(&mut self, port: u16, bind_address: &str, tls: Option<ServerTls>) -> Result {
        let result = self.try_create_server(port, bind_address, tls);
        self.record_error(result)
    }

    fn try_create_server(&mut self, port: u16, bind_address: &str, tls: Option<ServerTls>) -> Result {
        self.check_unused()?;
        let socket = listen(&self.options, port, bind_address)?;
        self.reset();
        self.role = RoomRole::Server { socket, tls };
        Ok(())
    }

    /// Becomes a client and starts to connect; `tls` as for [`WebSocketPeer::connect_to_url`].
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInUse`] if the room is a client or server, otherwise as [`WebSocketPeer::connect_to_url`].
    pub fn create_client(&mut self, url: &str, tls: Option<ClientTls>) -> Result {
        let result = self.try_create_client(url, tls);
        self.record_error(result)
    }

    fn try_create_client(&mut self, url: &str, tls: Option<ClientTls>) -> Result {
        self.check_unused()?;
        let mut peer = WebSocketPeer::with_trace_class(PeerClass::Multiplayer);
        peer.options = self.options.clone();
        peer.connect_to_url(url, tls)?;
        self.reset();
        let joining = ConnectingPeer::new(SERVER_ID, peer, &self.options, clock::now());
        self.connecting.insert(JOINING, joining);
        self.role = RoomRole::Client { id: None };
        Ok(())
    }

    fn check_unused(&self) -> Result {
        match self.status() {
            RoomStatus::Disconnected => Ok(()),
            RoomStatus::Connecting | RoomStatus::Connected => Err(already_in_use()),
        }
    }

    /// Drops everything but the options.
    pub(super) fn reset(&mut self) {
        self.role = RoomRole::Unused;
        self.connecting.clear();
        self.handshakes.clear();
        self.accept_failure = AcceptFailure::default();
        self.peers.clear();
        self.packets.clear();
        self.events.clear();
        self.has_unflushed = false;
        self.last_departed = None;
        self.former_server = None;
        self.last_error = LastError::default();
    }
}

pub(super) fn already_in_use() -> Error {
    Error::new(ErrorCode::AlreadyInUse, "the room is already a client or a server; close it first")
}
