//! The socket below a peer.

use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::{Phase, WebSocketPeer};

impl WebSocketPeer {
    /// Switches Nagle's algorithm off (`true`, the default) or on.
    pub fn set_no_delay(&mut self, enabled: bool) -> Result {
        let result = match &mut self.phase {
            Phase::Open(link) => Some(link.transport.set_no_delay(enabled)),
            Phase::Opening(opening) => opening.set_no_delay(enabled),
            Phase::Closed => None,
        };
        let result = match result {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Error::new(ErrorCode::Failed, error.to_string())),
            None => Err(Error::new(ErrorCode::Unconfigured, "there is no TCP connection")),
        };
        self.record_error(result)
    }

    /// Descriptor of the socket for foreign event loops, and whether output waits for it.
    pub fn raw_fd(&self) -> Option<(i64, bool)> {
        match &self.phase {
            Phase::Open(link) => {
                link.transport.poll_directly();
                Some((link.transport.raw_fd()?, link.has_unflushed()))
            }
            Phase::Opening(opening) => {
                opening.poll_directly();
                Some((opening.raw_fd()?, opening.wants_write()))
            }
            Phase::Closed => None,
        }
    }
}
