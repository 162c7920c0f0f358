//! `wsp_multiplayer`.

use std::ffi::c_char;
use std::mem::offset_of;
use std::ptr::null_mut;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::{Content, Handle, free, handle, leak, with};
use super::options::wsp_peer_options;
use super::peer::wsp_peer;
use super::text::{bytes, list, required};
use super::tls_options::{client, server, wsp_tls_options};
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::WebSocketPeer;
use crate::peer::listening::checked_port;
use crate::peer::room::{PeerCell, RoomStatus, SceneEvent, SceneMode, SceneRoom};

/// A room for many players over WebSocket, as Godot's WebSocketMultiplayerPeer: a server with the id 1 and its clients with random ids
/// from 2 to 2147483647, or one of those clients. Programs made with Godot and with this library play together.
///
/// Any function may be called from any thread; calls on one room wait for each other. Nothing ever blocks.
#[derive(Debug)]
pub struct wsp_multiplayer {
    content: Mutex<Content<SceneRoom<SharedPeerCell>>>,
}
handle!(wsp_multiplayer, SceneRoom<SharedPeerCell>);

/// A connection that the room drives and the caller can have handles of.
#[derive(Debug)]
pub(super) struct SharedPeerCell(Arc<Mutex<Content<WebSocketPeer>>>);

impl PeerCell for SharedPeerCell {
    fn new(peer: WebSocketPeer) -> Self {
        Self(Arc::new(Mutex::new(Content::new(peer))))
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
    /// A server, or a client that knows its id.
    WSP_MULTIPLAYER_CONNECTED = 2,
}

/// What an event of a room is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum wsp_multiplayer_event_kind {
    /// The request of a client that will have this id waits for a decision, because the option auto_accept is 0: call
    /// wsp_peer_accept_request() or wsp_peer_reject_request() on what wsp_multiplayer_get_peer() returns.
    WSP_MULTIPLAYER_REQUESTED = 0,
    /// The peer can be sent packets from now on.
    WSP_MULTIPLAYER_PEER_CONNECTED = 1,
    /// The peer is gone. Until the next call of wsp_multiplayer_next_event() or wsp_multiplayer_poll(),
    /// wsp_multiplayer_get_peer() still returns its connection, which tells why.
    WSP_MULTIPLAYER_PEER_DISCONNECTED = 2,
    /// A packet has arrived from the peer.
    WSP_MULTIPLAYER_PACKET = 3,
    /// Scene rooms: what the peer has sent by wsp_multiplayer_send_bytes() or Godot's SceneMultiplayer.send_bytes().
    WSP_MULTIPLAYER_BYTES = 4,
    /// Scene rooms with authentication: the peer has connected and waits to be let in or disconnected. It has three seconds.
    WSP_MULTIPLAYER_AUTHENTICATING = 5,
    /// Scene rooms with authentication: what the peer has sent by wsp_multiplayer_send_auth() or Godot's
    /// SceneMultiplayer.send_auth().
    WSP_MULTIPLAYER_AUTH = 6,
    /// Scene rooms with authentication: the peer has left, or took too long, before both ends had let each other in.
    WSP_MULTIPLAYER_AUTH_FAILED = 7,
}

/// What has happened in a room. Set `struct_size`, then call wsp_multiplayer_next_event(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_multiplayer_event {
    /// sizeof(wsp_multiplayer_event) of the caller.
    pub struct_size: usize,
    /// What happened.
    pub kind: wsp_multiplayer_event_kind,
    /// Who it was, or who sent the packet.
    pub peer_id: i32,
    /// The packet, of the kinds that have one. Lent until the next call of wsp_multiplayer_next_event().
    pub data: *const u8,
    /// Number of bytes there.
    pub len: usize,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_multiplayer_event {
    const NAME: &'static str = "wsp_multiplayer_event";
    const ENDS: &'static [usize] = &[size_of::<wsp_multiplayer_event>()];
}

const _: () = assert!(offset_of!(wsp_multiplayer_event, struct_size) == 0);

type Room = SceneRoom<SharedPeerCell>;

/// Runs a call that returns only an error number; why it was refused is kept for wsp_multiplayer_get_error_message().
unsafe fn run(room: *const wsp_multiplayer, call: impl FnOnce(&mut Room) -> Result) -> wsp_error {
    let noting = |content: &mut Content<Room>| {
        let result = call(&mut content.object);
        content.object.room.record_error(result)
    };
    // SAFETY: the caller passes NULL or a live handle.
    (&unsafe { with(room, noting) }).into()
}

/// Runs a query; `fallback` is the answer of a NULL or broken handle.
unsafe fn ask<R>(room: *const wsp_multiplayer, fallback: R, call: impl FnOnce(&mut Room) -> R) -> R {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(room, |content| Ok(call(&mut content.object))) }.unwrap_or(fallback)
}

/// Makes a room that is neither a client nor a server. The caller owns it and ends it with wsp_multiplayer_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_multiplayer_new() -> *mut wsp_multiplayer {
    leak(SceneRoom::new())
}

/// Ends a room, as wsp_multiplayer_close(). NULL is ignored. No other thread may use the room any more; handles from
/// wsp_multiplayer_get_peer() stay valid and have to be freed on their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_free(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(room) };
}

/// Becomes a server that listens on a port (0: the system chooses one, see wsp_multiplayer_get_local_port()) of every interface ("*") or
/// of one IP address. `tls` is for wss:// clients; NULL for ws://.
///
/// Returns WSP_ERR_ALREADY_IN_USE while the room is a client or server and for an address in use or not of this machine,
/// WSP_ERR_INVALID_PARAMETER for NULL, for what is no port or address, for wrong handshake headers or sub-protocols, and for TLS options
/// that are not a server's.
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
            let bind_address = required(bind_address, "bind_address")?;
            room.room.create_server(checked_port(i64::from(port))?, bind_address, server(tls)?)?;
            room.reset();
            Ok(())
        })
    }
}

/// Becomes a client and starts to connect to ws:// or wss://; `tls` as for wsp_peer_connect_to_url(). The room is connected when the server
/// has told this client its id.
///
/// Returns WSP_ERR_ALREADY_IN_USE while the room is a client or server, WSP_ERR_INVALID_PARAMETER for NULL, for what is no URL, for wrong
/// handshake headers or sub-protocols and for a server's TLS options, WSP_ERR_FAILED when the system refuses at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_create_client(
    room: *mut wsp_multiplayer,
    url: *const c_char,
    tls: *const wsp_tls_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles and strings.
    unsafe {
        run(room, |room| {
            room.room.create_client(required(url, "url")?, client(tls)?)?;
            room.reset();
            Ok(())
        })
    }
}

/// Chooses between a plain room (false, the default), whose packets are what the programs send, and a scene room, which speaks with Godot
/// programs that use the high-level multiplayer API (SceneMultiplayer): a server introduces its clients to each other and passes their
/// packets on, and clients know each other. With `needs_auth` nobody is connected before both ends have called
/// wsp_multiplayer_complete_auth(); set it where the Godot programs set auth_callback.
///
/// Returns WSP_ERR_ALREADY_IN_USE while the room is a client or server.
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

/// Accepts, connects, receives and sends what there is. Call it regularly, and wsp_multiplayer_next_event() behind it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_poll(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, (), SceneRoom::poll) };
}

/// Writes collected packets to the network now. Happens by itself in wsp_multiplayer_poll(), and when wsp_multiplayer_next_event() finds
/// nothing more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_flush(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, (), |room| room.room.flush()) };
}

/// Takes the next event: arrivals, departures and packets, each peer's in the order in which they happened. Arrivals and departures take
/// effect here. `event->struct_size` must be set.
///
/// Returns WSP_ERR_UNAVAILABLE where nothing more has happened, WSP_ERR_INVALID_PARAMETER for NULL and for a size that no version of this
/// header declares.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_next_event(
    room: *mut wsp_multiplayer,
    event: *mut wsp_multiplayer_event,
) -> wsp_error {
    use wsp_multiplayer_event_kind::*;
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    let result: Result = unsafe {
        with(room, |content| {
            let struct_size = size_of_caller(event);
            let mut answer = wsp_multiplayer_event {
                struct_size,
                kind: WSP_MULTIPLAYER_REQUESTED,
                peer_id: 0,
                data: null_mut(),
                len: 0,
            };
            // What cannot be told is not taken.
            write(answer, event, struct_size)?;
            let nothing = || Error::new(ErrorCode::Unavailable, "nothing more has happened");
            let told = content.object.next_event().ok_or_else(nothing)?;
            let (kind, id, has_data) = match told {
                SceneEvent::Requested(id) => (WSP_MULTIPLAYER_REQUESTED, id, false),
                SceneEvent::Connected(id) => (WSP_MULTIPLAYER_PEER_CONNECTED, id, false),
                SceneEvent::Disconnected(id) => (WSP_MULTIPLAYER_PEER_DISCONNECTED, id, false),
                SceneEvent::Authenticating(id) => (WSP_MULTIPLAYER_AUTHENTICATING, id, false),
                SceneEvent::AuthFailed(id) => (WSP_MULTIPLAYER_AUTH_FAILED, id, false),
                SceneEvent::Packet(id) => (WSP_MULTIPLAYER_PACKET, id, true),
                SceneEvent::Bytes(id) => (WSP_MULTIPLAYER_BYTES, id, true),
                SceneEvent::Auth(id) => (WSP_MULTIPLAYER_AUTH, id, true),
            };
            let data = if has_data { content.object.data() } else { &[] };
            (answer.kind, answer.peer_id, answer.data, answer.len) = (kind, id, data.as_ptr(), data.len());
            write(answer, event, struct_size)
        })
    };
    (&result).into()
}

/// Sends a packet of `len` bytes: to everybody (`target` 0), to one peer, or to everybody but `-target`. A client of a plain room has one
/// receiver, its server, whatever the target. In a scene room the packet must be one of the engine's messages, such as one that
/// WSP_MULTIPLAYER_PACKET brought; a client's packets for other clients travel through the server. `(NULL, 0)` is nothing.
///
/// Returns WSP_ERR_UNCONFIGURED where the room is not connected, WSP_ERR_INVALID_PARAMETER for an unknown target, WSP_ERR_OUT_OF_MEMORY
/// where a receiver's outbound_buffer_size or max_queued_packets do not allow it (other receivers get it all the same), WSP_ERR_FAILED
/// where the receiver is leaving.
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

/// Sends bytes to the programs of a scene room, where Godot emits SceneMultiplayer.peer_packet. Target and errors as for
/// wsp_multiplayer_put_packet(); also WSP_ERR_UNCONFIGURED in a plain room.
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

/// Sends something to a peer that authenticates. Returns WSP_ERR_INVALID_PARAMETER for a peer that does not, and for no data.
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

/// Lets a peer that authenticates in. WSP_MULTIPLAYER_PEER_CONNECTED comes when it has let this end in too. To refuse it, call
/// wsp_multiplayer_disconnect_peer(). Returns WSP_ERR_INVALID_PARAMETER for a peer that does not authenticate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_complete_auth(room: *mut wsp_multiplayer, peer_id: i32) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(room, |room| room.complete_auth(peer_id)) }
}

/// Ends the connection to a peer with a close frame; WSP_MULTIPLAYER_PEER_DISCONNECTED comes when the peer has answered it. With `force` the
/// peer is gone from now on, and no event comes. What it has sent and was not taken yet is dropped. Returns WSP_ERR_INVALID_PARAMETER for
/// an unknown peer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_disconnect_peer(
    room: *mut wsp_multiplayer,
    peer_id: i32,
    force: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { run(room, |room| room.disconnect_peer(peer_id, force)) }
}

/// Says goodbye to everybody with a close frame (code 1001 by a server, 1000 by a client) and is neither client nor server any more. Events
/// that were not taken are dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_close(room: *mut wsp_multiplayer) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe {
        ask(room, (), |room| {
            room.room.close();
            room.reset();
        });
    }
}

/// Returns the state of a room; WSP_MULTIPLAYER_DISCONNECTED for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_status(room: *const wsp_multiplayer) -> wsp_multiplayer_status {
    use wsp_multiplayer_status::*;
    // SAFETY: the caller passes NULL or a live handle.
    match unsafe { ask(room, RoomStatus::Disconnected, |room| room.room.status()) } {
        RoomStatus::Disconnected => WSP_MULTIPLAYER_DISCONNECTED,
        RoomStatus::Connecting => WSP_MULTIPLAYER_CONNECTING,
        RoomStatus::Connected => WSP_MULTIPLAYER_CONNECTED,
    }
}

/// Returns this end's id: 1 of a server, a client's number, 0 where it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_unique_id(room: *const wsp_multiplayer) -> i32 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, 0, |room| room.room.unique_id()) }
}

/// Returns the port a server listens on, 0 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_local_port(room: *const wsp_multiplayer) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, 0, |room| room.room.local_port()) }
}

/// Returns the number of peers that can be sent packets, and writes the ids of the first `capacity` of them; `(NULL, 0)` to count only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_peers(
    room: *const wsp_multiplayer,
    ids: *mut i32,
    capacity: usize,
) -> usize {
    // SAFETY: the caller passes NULL or a live handle.
    let peers = unsafe { ask(room, Vec::new(), |room| room.peers()) };
    if !ids.is_null() {
        // SAFETY: not NULL, so there is room for `capacity` numbers, of which no more are written.
        unsafe { std::ptr::copy_nonoverlapping(peers.as_ptr(), ids, capacity.min(peers.len())) };
    }
    peers.len()
}

/// Returns a handle on the connection to a peer, or NULL for who is not there. The room drives it: ask it (address, request, round-trip time,
/// why it ended, …), decide about its request, but do not poll it and do not take packets from it. When a client's connection could not be
/// made or has ended, the server's can still be asked (wsp_peer_get_failure()) until the room is closed or begins anew. The caller owns the
/// handle and ends it with wsp_peer_free(), which does not end the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_peer(room: *const wsp_multiplayer, peer_id: i32) -> *mut wsp_peer {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, null_mut(), |room| room.room.cell(peer_id).map_or(null_mut(), |cell| wsp_peer::share(&cell.0))) }
}

/// Sets the options of the connections made from then on. handshake_timeout, of which a new room has 3 seconds, goes from the connection
/// to the id; on a client it includes connecting. Errors as for wsp_peer_set_options().
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
                let message = "a room hands out whole packets; stream_messages must be 0";
                return Err(Error::new(ErrorCode::InvalidParameter, message));
            }
            room.room.options = changed;
            Ok(())
        })
    }
}

/// Reads the options of a room. `options->struct_size` must be set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_options(
    room: *const wsp_multiplayer,
    options: *mut wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe { run(room, |room| write(wsp_peer_options::from(&room.room.options), options, size_of_caller(options))) }
}

/// See wsp_peer_set_supported_protocols(); checked when the room becomes a client or server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_supported_protocols(
    room: *mut wsp_multiplayer,
    protocols: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(room, |room| {
            room.room.options.set_supported_protocols(list(protocols, count, "protocols")?);
            Ok(())
        })
    }
}

/// See wsp_peer_set_handshake_headers(); checked when the room becomes a client or server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_handshake_headers(
    room: *mut wsp_multiplayer,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(room, |room| {
            room.room.options.handshake_headers = list(headers, count, "headers")?;
            Ok(())
        })
    }
}

/// Limits the clients that a server admits at the same time; 0, the default, for no limit. Further ones get HTTP status 503.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_max_clients(room: *mut wsp_multiplayer, max_clients: usize) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, (), |room| room.room.admission.max_clients = max_clients) };
}

/// While `refuse` is set, a server answers new clients with HTTP status 503.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_set_refuse_new_connections(room: *mut wsp_multiplayer, refuse: bool) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(room, (), |room| room.room.admission.refuse_new_connections = refuse) };
}

/// Returns in words why the last call was refused, a client could not connect, or the last peer to leave has left; "" where nothing of that
/// kind happened. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_multiplayer_get_error_message(room: *const wsp_multiplayer) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    let lent = unsafe { with(room, |content| Ok(content.lent.set(content.object.room.error_message()))) };
    lent.unwrap_or(c"".as_ptr())
}
