//! The members of `RustWebSocketPeer` about the state of the connection and its end.

use godot::prelude::*;

use super::{RustWebSocketPeer, peer_object};
use crate::godot::class_enums::State;
use crate::godot::convert;
use crate::godot::short_calls::short_calls;

#[godot_api(secondary)]
impl RustWebSocketPeer {
    /// Returns the state of the connection.
    #[func]
    fn get_ready_state(&self) -> State {
        peer_object::state_and_packets(self.peer.lock()).0
    }

    /// Starts the close handshake with a status code and a reason of at most 123 bytes of UTF-8. The close frame
    /// follows everything that was sent; [member close_timeout] limits the wait for its answer. Keep polling until the
    /// state is [constant STATE_CLOSED]. With a negative [param code] the connection is dropped immediately, without a
    /// close frame. Codes that RFC 6455 does not allow in a close frame and longer reasons are refused: nothing
    /// changes, and [method get_error_message] explains it.
    #[func]
    fn close(&self, #[opt(default = 1000)] code: i32, #[opt(default = "")] reason: GString) {
        // The engine's signature has no return value; get_error_message() returns the text.
        let _refused = self.run(|peer| peer.close(code, &reason.to_string()));
    }

    /// Returns the status code of the remote peer's close frame, or of the close frame that was sent for a protocol
    /// violation. Returns 0 if the frame had no code, and -1 if the connection was not closed cleanly.
    #[func]
    fn get_close_code(&self) -> i32 {
        self.ask(|peer| peer.close_code())
    }

    /// Returns the reason that came with the close code.
    #[func]
    fn get_close_reason(&self) -> GString {
        self.ask(|peer| convert::text(peer.close_reason()))
    }

    /// Returns why the last call was refused or why the connection was lost, or an empty string if nothing has failed
    /// since the connection began.
    #[func]
    fn get_error_message(&self) -> GString {
        self.ask(|peer| convert::text(peer.error_message()))
    }

    /// Returns the sub-protocol that the handshake selected, or an empty string.
    #[func]
    fn get_selected_protocol(&self) -> GString {
        self.ask(|peer| convert::text(peer.selected_protocol()))
    }

    /// Returns the URL as passed to [method connect_to_url], also after redirections, or on a server the URL that the
    /// client requested.
    #[func]
    fn get_requested_url(&self) -> GString {
        self.ask(|peer| convert::text(peer.requested_url()))
    }

    /// Returns the IP address of the remote peer, or an empty string if there is no connection.
    #[func]
    fn get_connected_host(&self) -> GString {
        self.ask(|peer| convert::host(peer.remote_address()))
    }

    /// Returns the port of the remote peer, or 0 if there is no connection.
    #[func]
    fn get_connected_port(&self) -> u16 {
        self.ask(|peer| peer.remote_address().map_or(0, |address| address.port()))
    }

    /// Disables ([code]true[/code], the default) or enables Nagle's algorithm on the TCP connection.
    #[func]
    fn set_no_delay(&self, enabled: bool) {
        // Without a connection there is nothing to set: every connection starts with Nagle's algorithm disabled.
        let _unconnected = self.run(|peer| peer.set_no_delay(enabled));
    }
}

short_calls! {
    RustWebSocketPeer: get_ready_state, close, get_close_code, get_close_reason, get_error_message,
    get_selected_protocol, get_requested_url, get_connected_host, get_connected_port, set_no_delay
}
