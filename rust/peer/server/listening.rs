//! Decides how a server begins and stops to listen.

use std::io;
use std::sync::Arc;

use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::net::listener::ListeningSocket;
use crate::net::poller::Poller;
use crate::peer::godot3_packets::ReceivedPackets;
use crate::peer::listening::listen;
use crate::proto::close_code;

/// Key of the listening socket in the server's poller, and in its heap of deadlines; peers have their ids.
pub(super) const LISTENER_KEY: i32 = 0;

/// Arguments of [`Server::listen`] beside the port.
#[derive(Clone, Debug, Default)]
pub struct ListenParameters {
    /// Sub-protocols that the server speaks. A client that asks for none of them is refused; without any, one that asks
    /// for one.
    pub protocols: Vec<String>,
    /// Switches multiplayer mode on: the messages are the packets of Godot 3's `gd_mp_api`.
    pub gd_mp_api: bool,
}

/// What exists while a server listens.
#[derive(Debug)]
pub(super) struct Listening {
    pub socket: ListeningSocket,
    pub poller: Arc<Poller>,
    /// Whether connections may wait to be accepted.
    pub may_accept: bool,
    pub protocols: Vec<String>,
    pub is_multiplayer: bool,
}

impl Server {
    /// Listens on a port (0: the system chooses one, see [`Self::local_port`]) of the options' address.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInUse`] if the server listens already or the address is in use;
    /// [`ErrorCode::InvalidParameter`] for invalid sub-protocols, headers or addresses; [`ErrorCode::CantCreate`] if
    /// the system refuses.
    pub fn listen(&mut self, port: u16, parameters: ListenParameters) -> Result {
        let result = self.try_listen(port, parameters);
        self.record_error(result)
    }

    fn try_listen(&mut self, port: u16, parameters: ListenParameters) -> Result {
        if self.listening.is_some() {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the server already listens"));
        }
        let mut options = self.options.peer.clone();
        options.set_supported_protocols(parameters.protocols);
        let mut socket = listen(&options, port, self.options.listen.bind_address())?;
        let cannot_watch = |error: io::Error| Error::new(ErrorCode::CantCreate, error.to_string());
        let poller = Poller::with_keys().map_err(cannot_watch)?;
        if !socket.watch(&poller, LISTENER_KEY as u64) {
            return Err(cannot_watch(io::ErrorKind::OutOfMemory.into()));
        }
        self.clear();
        self.listening = Some(Listening {
            socket,
            poller,
            may_accept: true,
            protocols: options.supported_protocols,
            is_multiplayer: parameters.gd_mp_api,
        });
        Ok(())
    }

    /// Drops all connections and events.
    fn clear(&mut self) {
        self.peers.clear();
        self.connected.clear();
        self.handshaking.clear();
        self.active.clear();
        self.unflushed.clear();
        self.timers.clear();
        self.events.clear();
        self.ended.clear();
        self.godot3_packets = ReceivedPackets::default();
    }

    /// Stops listening, and closes all connections with code 1000, without events. Threads that wait on the server
    /// return.
    pub fn stop(&mut self) {
        self.wake();
        self.listening = None;
        for peer in self.peers.values_mut() {
            // Refused only if the connection has ended or is not open yet.
            let _not_open = peer.peer.close(i32::from(close_code::NORMAL), "");
        }
        self.clear();
    }

    /// Returns whether the server listens.
    pub fn is_listening(&self) -> bool {
        self.listening.is_some()
    }

    /// Returns whether the server listens in multiplayer mode.
    pub fn is_multiplayer(&self) -> bool {
        self.listening.as_ref().is_some_and(|listening| listening.is_multiplayer)
    }

    /// Returns the port on which the server listens, 0 if it does not.
    pub fn local_port(&self) -> u16 {
        self.listening.as_ref().map_or(0, |listening| listening.socket.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
