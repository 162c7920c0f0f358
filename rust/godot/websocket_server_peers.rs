//! The members of `RustWebSocketServer` about its clients.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::convert;
use super::enums::{RemoteWriteMode, WriteMode};
use super::remote_peer::{Owner, RustWebSocketRemotePeer};
use super::shared::with;
use super::websocket_server::RustWebSocketServer;
use crate::error::Result;
use crate::peer::Server;
use crate::proto::frame::MessageKind;

impl RustWebSocketServer {
    /// Sends, and schedules the flush of what was collected.
    pub(super) fn send(this: &Gd<Self>, call: impl FnOnce(&mut Server) -> Result) -> GodotError {
        let (error, flush) = with(this, (GodotError::ERR_BUSY, false), |state| {
            let error = convert::error(&call(&mut state.server));
            // What was collected leaves at the end of this frame, not in the next poll.
            let flush = !state.flush_scheduled && state.server.has_unflushed();
            state.flush_scheduled |= flush;
            (error, flush)
        });
        if flush {
            this.clone().call_deferred("flush", &[]);
        }
        error
    }
}

#[godot_api(secondary)]
impl RustWebSocketServer {
    /// Returns [code]true[/code] if a client with this id is connected, and until the end of the poll that tells of its end.
    #[func]
    fn has_peer(&self, id: i32) -> bool {
        self.ask(|server| server.has_peer(id))
    }

    /// Returns a client's end of its connection, the same object each time; [code]null[/code] for an unknown id.
    #[func]
    fn get_peer(&self, id: i32) -> Option<Gd<RustWebSocketRemotePeer>> {
        if !self.ask(|server| server.has_peer(id)) {
            return None;
        }
        let owner = Owner::Server { server: self.state.weak(), id };
        Some(self.peers.lock().entry(id).or_insert_with(|| RustWebSocketRemotePeer::of(owner)).clone())
    }

    /// Returns the IP address of a client, empty for an unknown id and behind the end of its connection.
    #[func]
    fn get_peer_address(&self, id: i32) -> GString {
        convert::host(self.ask(|server| server.peer_address(id).ok()))
    }

    /// Returns the port of a client, 0 for an unknown id and behind the end of its connection.
    #[func]
    fn get_peer_port(&self, id: i32) -> u16 {
        self.ask(|server| server.peer_address(id).ok()).map_or(0, |address| address.port())
    }

    /// Says goodbye to a client with a status code and a reason of at most 123 bytes of UTF-8; [signal client_disconnected] comes when it
    /// has answered. What it sends meanwhile is not told. An unknown id, codes that RFC 6455 does not allow in a close frame and longer
    /// reasons are refused: nothing changes, and [method get_error_message] says why.
    #[func(rename = disconnect_peer)]
    fn part_from(&self, id: i32, #[opt(default = 1000)] code: i32, #[opt(default = "")] reason: GString) {
        // The method has no return value in Godot 3; the text is kept.
        let _refused = self.run(|server| server.disconnect_peer(id, code, &reason.to_string()));
    }

    /// Sends a packet to a client (its id), to all clients (0) or to all but one (its negative id). To several it is encoded, and
    /// compressed, once. Not in Godot 3.
    ///
    /// Returns [constant ERR_INVALID_PARAMETER] for an unknown id, [constant ERR_INVALID_DATA] for text that is not UTF-8,
    /// [constant ERR_OUT_OF_MEMORY] where a client's output buffer has no room; other clients get the packet all the same.
    #[func(gd_self)]
    fn send_to(
        this: Gd<Self>,
        target: i32,
        packet: PackedByteArray,
        #[opt(default = RemoteWriteMode(1))] write_mode: RemoteWriteMode,
    ) -> GodotError {
        let kind = if write_mode.0 == WriteMode::TEXT.0 { MessageKind::Text } else { MessageKind::Binary };
        Self::send(&this, |server| server.send_to(target, kind, packet.as_slice()))
    }

    /// Writes packets that were collected in this frame to the network now. Happens by itself at the end of the frame and in
    /// [method MultiplayerPeer.poll].
    #[func(gd_self)]
    fn flush(this: Gd<Self>) {
        with(&this, (), |state| {
            state.flush_scheduled = false;
            state.server.flush(0);
        });
    }

    /// Returns [code]true[/code] if a client has connected that [method take_connection] has not returned. Not in Godot 3; some tutorials
    /// name it.
    #[func]
    fn is_connection_available(&self) -> bool {
        self.state.with(false, |state| !state.fresh.is_empty())
    }

    /// Returns the id of the next client that has connected, 0 where there is none. Not in Godot 3; some tutorials name it.
    #[func]
    fn take_connection(&self) -> i32 {
        self.state.with(0, |state| state.fresh.pop_front().unwrap_or(0))
    }

    /// Returns the id of the client whose packet was told last: in a handler of [signal data_received] its argument. 0 before the first.
    /// Not in Godot 3; some tutorials name it.
    #[func]
    fn get_peer_id(&self) -> i32 {
        self.state.with(0, |state| state.talker)
    }

    /// Returns the ids of all connected clients, in ascending order. Not in Godot 3; some tutorials name it.
    #[func]
    fn get_peer_list(&self) -> PackedInt32Array {
        self.ask(|server| server.peer_ids()).into_iter().collect()
    }

    /// Returns the request of a client as [method RustWebSocketPeer.get_request] does; empty for an unknown id. Not in Godot 3.
    #[func]
    fn get_request(&self, id: i32) -> VarDictionary {
        let (request, is_pending) = self.ask(|server| (server.request(id).ok(), !server.has_peer(id)));
        convert::request(request, is_pending)
    }

    /// Lets a client in that [signal client_request] told of; [param extra_headers] are lines for the answer. Returns
    /// [constant ERR_INVALID_PARAMETER] where no such request waits and for wrong lines.
    #[func]
    fn accept_request(
        &self,
        id: i32,
        #[opt(default = &PackedStringArray::new())] extra_headers: PackedStringArray,
    ) -> GodotError {
        self.run(|server| server.accept_request(id, &convert::strings(&extra_headers)))
    }

    /// Answers a client that [signal client_request] told of with an HTTP status from 200 to 599 instead; nothing more is told of it.
    /// Returns [constant ERR_INVALID_PARAMETER] where no such request waits and for what cannot stand in an answer.
    #[func]
    fn reject_request(
        &self,
        id: i32,
        status: i64,
        #[opt(default = "")] reason: GString,
        #[opt(default = &PackedStringArray::new())] headers: PackedStringArray,
        #[opt(default = &PackedByteArray::new())] body: PackedByteArray,
    ) -> GodotError {
        self.run(|server| {
            let answer = convert::http_answer(status, &reason, &headers, &body);
            let answer = server.record_error(answer)?;
            server.reject_request(id, answer)
        })
    }
}
