//! Settings of a server.

use std::time::Duration;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{OBJECT_BUFFER_KIB, OBJECT_BUFFER_PACKETS, SERVER_HANDSHAKE_TIMEOUT};
use crate::net::ServerTls;
use crate::peer::options::{Options, duration};
use crate::proto::handshake::headers;

/// Settings of a [`super::Server`].
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Of each connection; sub-protocols are those of `listen`.
    pub peer: Options,
    /// `"*"` or an IP address.
    pub bind_address: String,
    /// Clients that are taken at most; 0 for no limit. Others are answered with HTTP status 503, or over TLS dropped.
    pub max_clients: usize,
    /// Takes no new clients; those that are there, or shaking hands, stay.
    pub refuse_new_connections: bool,
    /// Key and certificate of a server for `wss://`; looked at when a connection is accepted.
    pub tls: Option<ServerTls>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let mut peer = Options { handshake_timeout: SERVER_HANDSHAKE_TIMEOUT, ..Options::default() };
        // These are in range.
        let _set = peer.set_buffers(OBJECT_BUFFER_KIB, OBJECT_BUFFER_PACKETS, OBJECT_BUFFER_KIB, OBJECT_BUFFER_PACKETS);
        Self { peer, bind_address: "*".to_owned(), max_clients: 0, refuse_new_connections: false, tls: None }
    }
}

impl ServerOptions {
    /// Options of a connection, which shows its request to the server before it goes on.
    pub(super) fn for_peer(&self, protocols: &[String]) -> Options {
        Options { auto_accept: false, supported_protocols: protocols.to_vec(), ..self.peer.clone() }
    }

    /// Options of a connection after its handshake: without what only that needs, since there may be many.
    pub(super) fn for_open_peer(&self) -> Options {
        Options { handshake_headers: Vec::new(), allowed_origins: Vec::new(), ..self.for_peer(&[]) }
    }

    /// Sets [`Self::bind_address`]; what is no address is refused.
    pub fn set_bind_address(&mut self, address: &str) -> Result {
        crate::peer::streams::tcp_server::bind_address(address)?;
        address.clone_into(&mut self.bind_address);
        Ok(())
    }

    /// Sets the time for TLS and the HTTP upgrade in seconds; it must be positive.
    pub fn set_handshake_timeout(&mut self, seconds: f64) -> Result {
        let time = duration("handshake_timeout", seconds)?;
        if time == Duration::ZERO {
            return Err(Error::new(ErrorCode::InvalidParameter, "handshake_timeout must be positive"));
        }
        self.peer.handshake_timeout = time;
        Ok(())
    }

    /// Sets the header lines of answers to clients; wrong ones are refused.
    pub fn set_extra_headers(&mut self, lines: Vec<String>) -> Result {
        headers::check_extra_headers(&lines)?;
        self.peer.handshake_headers = lines;
        Ok(())
    }

    /// Sets [`Self::max_clients`]; negative numbers are refused.
    pub fn set_max_clients(&mut self, count: i64) -> Result {
        self.max_clients = usize::try_from(count).map_err(|_| {
            Error::new(ErrorCode::InvalidParameter, format!("max_clients cannot be negative ({count})"))
        })?;
        Ok(())
    }
}
