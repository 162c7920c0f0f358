//! `wsp_multiplayer`.

use std::ffi::c_char;
use std::ptr::{null, null_mut};

use parking_lot::Mutex;

use super::arguments::{bytes, id_list, optional_text, required_text, text_list, timeout, write_ids};
use super::error::wsp_error;
use super::flushed_object::FlushedObject;
use super::handle::{Guarded, Handle, attempt, free, handle, leak, lend, query, run};
use super::options::wsp_peer_options;
use super::peer::wsp_peer;
use super::tls_options::{client_tls, server_tls, wsp_tls_options};
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::WebSocketPeer;
use crate::peer::listening::checked_port;
use crate::peer::room::{PeerCell, RoomStatus, SceneEvent, SceneMode, SceneRoom};

/// A room: a multiplayer session over WebSocket, as Godot's WebSocketMultiplayerPeer. It is a server with the id 1 and
/// its clients with random ids from 2 to 2147483647, or one of those clients.
///
/// Any function may be called from any thread; calls on one room wait for each other. No function blocks.
#[derive(Debug)]
pub struct wsp_multiplayer {
    guarded: Mutex<Guarded<Room>>,
}
handle!(wsp_multiplayer, Room, (), record_error);

type Room = SceneRoom<SharedPeerCell>;

fn record_error(room: &mut Room, result: Result) -> Result {
    room.room.record_error(result)
}

/// A connection that the room drives and that the caller can have handles of.
#[derive(Debug)]
pub(super) struct SharedPeerCell(FlushedObject<WebSocketPeer>);

impl PeerCell for SharedPeerCell {
    fn new(peer: WebSocketPeer) -> Self {
        Self(Mutex::new(Guarded::new(peer)).into())
    }

    fn with<R>(&self, _busy: R, call: impl FnOnce(&mut WebSocketPeer) -> R) -> R {
        call(&mut self.0.lock().object)
    }
}

/// State of a room. The numbers are those of Godot's MultiplayerPeer.ConnectionStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_multiplayer_status {
    /// Neither a client nor a server.
    WSP_MULTIPLAYER_DISCONNECTED = 0,
    /// A client that does not have its id yet.
    WSP_MULTIPLAYER_CONNECTING = 1,
    /// A server, or a client that has its id.
    WSP_MULTIPLAYER_CONNECTED = 2,
}

impl From<RoomStatus> for wsp_multiplayer_status {
    fn from(status: RoomStatus) -> Self {
        match status {
            RoomStatus::Disconnected => Self::WSP_MULTIPLAYER_DISCONNECTED,
            RoomStatus::Connecting => Self::WSP_MULTIPLAYER_CONNECTING,
            RoomStatus::Connected => Self::WSP_MULTIPLAYER_CONNECTED,
        }
    }
}

/// Kind of an event of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_multiplayer_event_kind {
    /// The request of a client that will have this id waits for a decision, because the option auto_accept is 0: call
    /// wsp_peer_accept_request() or wsp_peer_reject_request() with the result of wsp_multiplayer_get_peer().
    WSP_MULTIPLAYER_REQUESTED = 0,
    /// Packets can be sent to the peer from now on.
    WSP_MULTIPLAYER_PEER_CONNECTED = 1,
    /// The peer has disconnected. Until the next call of wsp_multiplayer_next_event() or wsp_multiplayer_poll(),
    /// wsp_multiplayer_get_peer() still returns its connection, which reports the reason.
    WSP_MULTIPLAYER_PEER_DISCONNECTED = 2,
    /// A packet was received from the peer.
    WSP_MULTIPLAYER_PACKET = 3,
    /// Scene rooms: bytes that the peer has sent with wsp_multiplayer_send_bytes() or Godot's
    /// SceneMultiplayer.send_bytes().
    WSP_MULTIPLAYER_BYTES = 4,
    /// Scene rooms with authentication: the peer has connected. wsp_multiplayer_complete_auth() accepts it and
    /// wsp_multiplayer_disconnect_peer() refuses it; it is disconnected after 3 s.
    WSP_MULTIPLAYER_AUTHENTICATING = 5,
    /// Scene rooms with authentication: bytes that the peer has sent with wsp_multiplayer_send_auth() or Godot's
    /// SceneMultiplayer.send_auth().
    WSP_MULTIPLAYER_AUTH = 6,
    /// Scene rooms with authentication: the peer has disconnected, or its 3 s have passed, before both sides had
    /// accepted each other.
    WSP_MULTIPLAYER_AUTH_FAILED = 7,
}

/// An event of a room. Set `struct_size`, then call wsp_multiplayer_next_event(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_multiplayer_event {
    /// sizeof(wsp_multiplayer_event) of the caller.
    pub struct_size: usize,
    /// What has happened.
    pub kind: wsp_multiplayer_event_kind,
    /// Id of the peer of the event, or of the packet's sender.
    pub peer_id: i32,
    /// Payload of WSP_MULTIPLAYER_PACKET, WSP_MULTIPLAYER_BYTES and WSP_MULTIPLAYER_AUTH, never NULL. Lent until the
    /// next call of wsp_multiplayer_next_event().
    pub data: *const u8,
    /// Length of `data` in bytes.
    pub len: usize,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_multiplayer_event {
    const NAME: &'static str = "wsp_multiplayer_event";
    const ENDS: &'static [usize] = &[size_of::<wsp_multiplayer_event>()];
}

const NOTHING: wsp_multiplayer_event = wsp_multiplayer_event {
    struct_size: size_of::<wsp_multiplayer_event>(),
    kind: wsp_multiplayer_event_kind::WSP_MULTIPLAYER_REQUESTED,
    peer_id: 0,
    data: null(),
    len: 0,
};

/// Makes a room that is neither a client nor a server. Never returns NULL. The caller owns the room and frees it with
/// wsp_multiplayer_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_multiplayer_new() -> *mut wsp_multiplayer {
    leak(SceneRoom::new())
}

/// Frees a room after the steps of wsp_multiplayer_close(), with code 1001 (going away) from a client too. NULL is
/// ignored. No other thread may use the room any more. Handles from wsp_multiplayer_get_peer() stay valid and have to
/// be freed separately.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_free(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(room) };
}

/// Sets the options of the connections made from then on. handshake_timeout, 3 s in a new room, is the time from the
/// TCP connection to the id; on a client it includes connecting.
///
/// Errors: WSP_ERR_INVALID_PARAMETER as for wsp_peer_set_options(), and if stream_messages is 1, because a room
/// delivers whole packets. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_options(
    room: *mut wsp_multiplayer,
    options: *const wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(room, |room| {
            let current = wsp_peer_options::from(&room.room.options);
            let mut changed = room.room.options.clone();
            read(options, current)?.apply(&mut changed)?;
            if changed.stream_messages {
                let message = "a room delivers whole packets; stream_messages must be 0";
                return Err(Error::new(ErrorCode::InvalidParameter, message));
            }
            room.room.options = changed;
            Ok(())
        })
    }
}

/// Reads the options of a room. `options->struct_size` must be set.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_options(
    room: *const wsp_multiplayer,
    options: *mut wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe { run(room, |room| write(wsp_peer_options::from(&room.room.options), options, size_of_caller(options))) }
}

/// Sets the sub-protocols; see wsp_peer_set_supported_protocols(). They are checked when the room becomes a client or
/// server.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `room`, `protocols` or an entry is NULL; WSP_ERR_INVALID_DATA if an entry is
/// not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_supported_protocols(
    room: *mut wsp_multiplayer,
    protocols: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(room, |room| {
            room.room.options.set_supported_protocols(text_list(protocols, count, "protocols")?);
            Ok(())
        })
    }
}

/// Sets header lines of the handshakes; see wsp_peer_set_handshake_headers(). They are checked when the room becomes a
/// client or server.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `room`, `headers` or an entry is NULL; WSP_ERR_INVALID_DATA if an entry is not
/// UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_handshake_headers(
    room: *mut wsp_multiplayer,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(room, |room| {
            room.room.options.set_handshake_headers(text_list(headers, count, "headers")?);
            Ok(())
        })
    }
}

/// Sets how many clients a server admits at the same time; 0, the default, for no limit. Further clients get HTTP
/// status 503.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_max_clients(room: *mut wsp_multiplayer, max_clients: usize) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, (), |room| room.room.admission.set_max_clients(max_clients)) };
}

/// Sets whether a server refuses new clients with HTTP status 503. Default false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_refuse_new_connections(room: *mut wsp_multiplayer, refuse: bool) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, (), |room| room.room.admission.set_refuse_new_connections(refuse)) };
}

/// Sets the kind of the room. In a plain room (false, the default) packets are the bytes that the programs send. A
/// scene room exchanges packets with Godot programs that use the high-level multiplayer API (SceneMultiplayer): the
/// server introduces its clients to each other and relays their packets. With `needs_auth` no peer is connected before
/// both sides have called wsp_multiplayer_complete_auth(); set it if the Godot programs set auth_callback.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `room` is NULL; WSP_ERR_ALREADY_IN_USE while the room is a client or server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_scene(
    room: *mut wsp_multiplayer,
    is_scene: bool,
    needs_auth: bool,
) -> wsp_error {
    let mode = match (is_scene, needs_auth) {
        (false, _) => SceneMode::Plain,
        (true, false) => SceneMode::Scene,
        (true, true) => SceneMode::SceneWithAuth,
    };
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(room, |room| room.set_mode(mode)) }
}

/// Becomes a server that listens on a TCP port, 0 to 65535 (0: the operating system chooses one, see
/// wsp_multiplayer_get_local_port()), of every interface ("*") or of one IP address. `tls`, the options of a server,
/// are for wss:// clients and are copied; NULL for ws://.
///
/// Errors: WSP_ERR_ALREADY_IN_USE while the room is a client or server, or if the address is in use or not of this
/// machine; WSP_ERR_INVALID_PARAMETER if `room` or `bind_address` is NULL, or for an invalid port or address, invalid
/// handshake headers or sub-protocols, or options of a TLS client; WSP_ERR_INVALID_DATA if `bind_address` is not UTF-8;
/// WSP_ERR_CANT_CREATE if the operating system gives no socket; WSP_ERR_FAILED if listening fails otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_create_server(
    room: *mut wsp_multiplayer,
    port: i32,
    bind_address: *const c_char,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles and strings.
    unsafe {
        run(room, |room| {
            let address = required_text(bind_address, "bind_address")?;
            room.room.create_server(checked_port(i64::from(port))?, address, server_tls(tls)?)?;
            room.reset();
            Ok(())
        })
    }
}

/// Becomes a client and starts to connect to ws:// or wss://; `url` and `tls` as for wsp_peer_connect_to_url(). The
/// room is connected when the server has assigned the id of this client.
///
/// Errors: WSP_ERR_ALREADY_IN_USE while the room is a client or server; WSP_ERR_INVALID_PARAMETER if `room` or `url` is
/// NULL, or for an invalid URL, invalid handshake headers or sub-protocols, or options of a TLS server;
/// WSP_ERR_INVALID_DATA if `url` is not UTF-8; WSP_ERR_FAILED if the operating system refuses at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_create_client(
    room: *mut wsp_multiplayer,
    url: *const c_char,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles and strings.
    unsafe {
        run(room, |room| {
            room.room.create_client(required_text(url, "url")?, client_tls(tls)?)?;
            room.reset();
            Ok(())
        })
    }
}

/// Advances the room: accepts, connects, receives, sends. Never blocks. Call it once per tick, and
/// wsp_multiplayer_next_event() afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_poll(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, (), SceneRoom::poll) };
}

/// Writes collected packets to the network now. wsp_multiplayer_poll() does it too, and wsp_multiplayer_next_event() if
/// no event is queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_flush(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, (), |room| room.room.flush()) };
}

/// Takes the next event. The events of each peer come in the order in which they happened. A peer counts as connected
/// or disconnected from the moment its event is taken. `event->struct_size` must be set.
///
/// Errors: WSP_ERR_UNAVAILABLE if no event is queued; WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown
/// `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_next_event(
    room: *mut wsp_multiplayer,
    event: *mut wsp_multiplayer_event,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    unsafe {
        attempt(room, |room| {
            // Checks the struct before an event is taken for it.
            write(NOTHING, event, size_of_caller(event))?;
            let none = || Error::new(ErrorCode::Unavailable, "no event is queued");
            let taken = room.object.next_event().ok_or_else(none)?;
            write(converted(taken, &room.object), event, size_of_caller(event))
        })
    }
}

fn converted(event: SceneEvent, room: &Room) -> wsp_multiplayer_event {
    use wsp_multiplayer_event_kind::*;
    let (kind, peer_id, has_data) = match event {
        SceneEvent::Requested(id) => (WSP_MULTIPLAYER_REQUESTED, id, false),
        SceneEvent::Connected(id) => (WSP_MULTIPLAYER_PEER_CONNECTED, id, false),
        SceneEvent::Disconnected(id) => (WSP_MULTIPLAYER_PEER_DISCONNECTED, id, false),
        SceneEvent::Authenticating(id) => (WSP_MULTIPLAYER_AUTHENTICATING, id, false),
        SceneEvent::AuthFailed(id) => (WSP_MULTIPLAYER_AUTH_FAILED, id, false),
        SceneEvent::Packet(id) => (WSP_MULTIPLAYER_PACKET, id, true),
        SceneEvent::Bytes(id) => (WSP_MULTIPLAYER_BYTES, id, true),
        SceneEvent::Auth(id) => (WSP_MULTIPLAYER_AUTH, id, true),
    };
    let data = if has_data { room.data() } else { &[] };
    wsp_multiplayer_event { kind, peer_id, data: data.as_ptr(), len: data.len(), ..NOTHING }
}

/// Sends a packet of `len` bytes to all peers (`target` 0), to one peer, or to all but one (its negative id). A client
/// of a plain room sends to its server, whatever the target. In a scene room the packet must be one of the engine's
/// messages, such as one that WSP_MULTIPLAYER_PACKET has delivered; the server relays the packets from client to
/// client. `(NULL, 0)` sends nothing.
///
/// Errors: WSP_ERR_UNCONFIGURED if the room is not connected; WSP_ERR_INVALID_PARAMETER if `room` is NULL, `data` is
/// NULL with a length, or the target is unknown; WSP_ERR_OUT_OF_MEMORY if outbound_buffer_size or max_queued_packets of
/// a receiver would be exceeded (other receivers get the packet); WSP_ERR_FAILED if the receiver is disconnecting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_put_packet(
    room: *mut wsp_multiplayer,
    target: i32,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(room, |room| room.put_packet(target, bytes(data, len)?)) }
}

/// Sends a packet of `len` bytes to `count` peers, whose ids `peers` lists, as wsp_multiplayer_put_packet() does to
/// one. It is encoded and compressed once, except on a client of a scene room, which sends it to the server for each of
/// them.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peers` is NULL with a count, and as for wsp_multiplayer_put_packet();
/// WSP_ERR_UNCONFIGURED, WSP_ERR_OUT_OF_MEMORY, as for wsp_multiplayer_put_packet(). The peers for which there is no
/// error get the packet, and the first error is returned. A peer that is disconnecting is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_send_list(
    room: *mut wsp_multiplayer,
    peers: *const i32,
    count: usize,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle, list and data.
    unsafe { run(room, |room| room.send_to_list(id_list(peers, count, "peers")?, bytes(data, len)?)) }
}

/// Sends bytes to the programs of a scene room, in which Godot emits SceneMultiplayer.peer_packet. `target` as for
/// wsp_multiplayer_put_packet().
///
/// Errors: WSP_ERR_UNCONFIGURED in a plain room or if the room is not connected; WSP_ERR_INVALID_PARAMETER,
/// WSP_ERR_OUT_OF_MEMORY, WSP_ERR_FAILED, as for wsp_multiplayer_put_packet().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_send_bytes(
    room: *mut wsp_multiplayer,
    target: i32,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(room, |room| room.send_bytes(target, bytes(data, len)?)) }
}

/// Sends bytes to a peer that is authenticating.
///
/// Errors: WSP_ERR_UNCONFIGURED in a plain room or if the room is not connected; WSP_ERR_INVALID_PARAMETER if `room` is
/// NULL, there are no bytes, or the peer is not authenticating; WSP_ERR_OUT_OF_MEMORY and WSP_ERR_FAILED as for
/// wsp_multiplayer_put_packet().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_send_auth(
    room: *mut wsp_multiplayer,
    peer_id: i32,
    data: *const u8,
    len: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and data.
    unsafe { run(room, |room| room.send_auth(peer_id, bytes(data, len)?)) }
}

/// Accepts a peer that is authenticating. WSP_MULTIPLAYER_PEER_CONNECTED follows when the peer has accepted this side
/// too. To refuse the peer, call wsp_multiplayer_disconnect_peer().
///
/// Errors: WSP_ERR_UNCONFIGURED in a plain room or if the room is not connected; WSP_ERR_INVALID_PARAMETER if `room` is
/// NULL or the peer is not authenticating; WSP_ERR_OUT_OF_MEMORY and WSP_ERR_FAILED as for
/// wsp_multiplayer_put_packet().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_complete_auth(room: *mut wsp_multiplayer, peer_id: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(room, |room| room.complete_auth(peer_id)) }
}

/// Starts the close handshake with a peer; WSP_MULTIPLAYER_PEER_DISCONNECTED follows when the peer has answered. With
/// `force` the peer is disconnected at once, and no event follows. Packets of the peer that were not taken are dropped.
///
/// Errors: WSP_ERR_UNCONFIGURED if the room is not connected; WSP_ERR_INVALID_PARAMETER if `room` is NULL or the peer
/// is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_disconnect_peer(
    room: *mut wsp_multiplayer,
    peer_id: i32,
    force: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(room, |room| room.disconnect_peer(peer_id, force)) }
}

/// Sends a close frame to every peer (code 1001 from a server, 1000 from a client) and ends being a client or server.
/// Queued events are dropped. Packets that were sent before, and the close frames, are written in the background. A
/// process that exits waits for that, at most 2 seconds without progress; wsp_multiplayer_shutdown() waits until they
/// have arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_close(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        query(room, (), |room| {
            room.room.close();
            room.reset();
        });
    }
}

/// Stops listening, and ends every connection of a server by a close frame after the packets that were sent before;
/// `code` and `reason` (NULL for none) as for wsp_peer_close(), but without negative codes. Clients whose handshake is
/// under way are refused with HTTP status 503.
///
/// Continue to call wsp_multiplayer_poll() and to take events while wsp_multiplayer_is_shutting_down() returns true.
/// Packets that still arrive and the departures cause events. Connections that have not ended after `timeout_ms`
/// milliseconds (negative for no limit) are dropped. Nothing can be sent any more. wsp_multiplayer_close() ends the
/// shutdown at once. The state of the room is WSP_MULTIPLAYER_CONNECTED until the end.
///
/// Errors: WSP_ERR_UNCONFIGURED if the room is not a server; WSP_ERR_ALREADY_IN_USE if it is shutting down;
/// WSP_ERR_INVALID_PARAMETER if `room` is NULL or a close frame may not carry the code or the reason;
/// WSP_ERR_INVALID_DATA if `reason` is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_shutdown(
    room: *mut wsp_multiplayer,
    code: i32,
    reason: *const c_char,
    timeout_ms: i32,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe {
        run(room, |room| {
            let reason = optional_text(reason, "reason")?.unwrap_or_default();
            room.room.shutdown(code, reason, timeout(timeout_ms))
        })
    }
}

/// Returns whether a shutdown goes on: from wsp_multiplayer_shutdown() to the poll after the last peer has departed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_is_shutting_down(room: *const wsp_multiplayer) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, false, |room| room.room.is_shutting_down()) }
}

/// Returns the state of a room, WSP_MULTIPLAYER_DISCONNECTED for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_status(room: *const wsp_multiplayer) -> wsp_multiplayer_status {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, wsp_multiplayer_status::WSP_MULTIPLAYER_DISCONNECTED, |room| room.room.status().into()) }
}

/// Returns the id of this side: 1 on a server, 2 or more on a client, 0 if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_unique_id(room: *const wsp_multiplayer) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, 0, |room| room.room.unique_id()) }
}

/// Returns the TCP port that a server listens on, 0 if it does not listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_local_port(room: *const wsp_multiplayer) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { query(room, 0, |room| room.room.local_port()) }
}

/// Writes the ids of at most `capacity` connected peers to `ids`, and returns the number of all connected peers;
/// `(NULL, 0)` only counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_peers(
    room: *const wsp_multiplayer,
    ids: *mut i32,
    capacity: usize,
) -> usize {
    // SAFETY: the caller passes NULL or a live handle, and NULL or room for `capacity` numbers.
    unsafe { write_ids(&query(room, Vec::new(), |room| room.peers()), ids, capacity) }
}

/// Returns a handle on the connection to a peer, NULL for an unknown id. The caller owns the handle and frees it with
/// wsp_peer_free(), which does not end the connection.
///
/// The room drives the connection. Use the handle for queries (address, request, round-trip time, failure) and to
/// decide about a request; do not poll it and do not take packets from it. If a client's connection could not be made
/// or has ended, the handle for the server (id 1) answers wsp_peer_get_failure() until the room is closed or becomes a
/// client or server again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_peer(room: *const wsp_multiplayer, peer_id: i32) -> *mut wsp_peer {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        query(room, null_mut(), |room| room.room.cell(peer_id).map_or(null_mut(), |cell| wsp_peer::share(&cell.0)))
    }
}

/// Returns why the last call was refused, a client could not connect, the last peer has disconnected, or the operating
/// system cannot accept connections, for lack of descriptors for example; "" if none of these has happened. One
/// sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_error_message(room: *const wsp_multiplayer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(room, |room| room.room.error_message().to_owned()) }
}
