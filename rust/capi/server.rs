//! `wsp_server`: the object itself.

use std::ffi::c_char;

use parking_lot::Mutex;

use super::client::timeout;
use super::error::wsp_error;
use super::event::{Told, check, wsp_event};
use super::handle::{Content, Handle, free, handle, leak, with};
use super::options::wsp_peer_options;
use super::options::wsp_server_options;
use super::text::{list, optional};
use super::tls_options::{server as server_tls, wsp_tls_options};
use super::versioned::{read, size_of_caller, write};
use crate::error::{Error, ErrorCode, Result};
use crate::net::clock;
use crate::peer::listening::checked_port;
use crate::peer::server::WaitStep;
use crate::peer::{AdmissionOptions, ListenParameters, PeerEvent, Server};

/// A server with all its connections, which are named by ids. An id that the server gave once never names another connection, so a call
/// with a stale one returns WSP_ERR_INVALID_PARAMETER and does nothing.
///
/// A poll costs what its active connections cost; idle ones cost nothing. Any function may be called from any thread; calls on one
/// server wait for each other, but not for wsp_server_wait() while it blocks.
#[derive(Debug)]
pub struct wsp_server {
    content: Mutex<Content<Listening>>,
}
handle!(wsp_server, Listening);

#[derive(Debug, Default)]
pub(super) struct Listening {
    server: Server,
    told: Told,
}

pub(super) unsafe fn run(server: *const wsp_server, call: impl FnOnce(&mut Server) -> Result) -> wsp_error {
    let noting = |content: &mut Content<Listening>| {
        let result = call(&mut content.object.server);
        content.object.server.record_error(result)
    };
    // SAFETY: the caller passes NULL or a live handle.
    (&unsafe { with(server, noting) }).into()
}

pub(super) unsafe fn ask<R>(server: *const wsp_server, fallback: R, call: impl FnOnce(&mut Server) -> R) -> R {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(server, |content| Ok(call(&mut content.object.server))) }.unwrap_or(fallback)
}

pub(super) unsafe fn lend(server: *const wsp_server, text: impl FnOnce(&mut Server) -> String) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { with(server, |content| Ok(content.lent.set(&text(&mut content.object.server)))) }.unwrap_or(c"".as_ptr())
}

/// Makes a server that does not listen. The caller owns it and ends it with wsp_server_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_server_new() -> *mut wsp_server {
    leak(Listening::default())
}

/// Ends a server; see wsp_server_stop(). NULL is ignored. No other thread may use the server, or wait on it, any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_free(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(server) };
}

/// Listens on a port (0: the system chooses one, see wsp_server_get_local_port()) of one IP address, or of all for NULL and "*". Clients
/// must ask for one of `protocols`, or for none where that is `(NULL, 0)`. `gd_mp_api` switches Godot 3's multiplayer packets on.
///
/// Returns WSP_ERR_ALREADY_IN_USE while listening and for an address that is in use or not of this machine, WSP_ERR_INVALID_PARAMETER for
/// what is no port, no address or no protocol.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_listen(
    server: *mut wsp_server,
    port: i32,
    address: *const c_char,
    protocols: *const *const c_char,
    protocol_count: usize,
    gd_mp_api: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle, string and list.
    unsafe {
        run(server, |server| {
            let address = optional(address, "address")?.unwrap_or("*");
            let protocols = list(protocols, protocol_count, "protocols")?;
            if !server.is_listening() {
                server.configure(|options| options.listen.set_bind_address(address))?;
            }
            server.listen(checked_port(i64::from(port))?, ListenParameters { protocols, gd_mp_api })
        })
    }
}

/// Stops listening, says goodbye with code 1000 to every client and ends its connection. Tells no events, and forgets those that wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_stop(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, (), Server::stop) };
}

/// Returns whether the server listens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_is_listening(server: *const wsp_server) -> bool {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, false, |server| server.is_listening()) }
}

/// Returns the port the server listens on, 0 where it does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_local_port(server: *const wsp_server) -> u16 {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, 0, |server| server.local_port()) }
}

/// Goes on with every connection that has news: accepts, shakes hands, sends, reads. Never blocks. Then take the events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_poll(server: *mut wsp_server) {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { ask(server, (), Server::poll) };
}

/// Polls and blocks until there is an event or the time is over; a negative `timeout_ms` is no limit. Other threads may call any function
/// on the server meanwhile, except wsp_server_free(); what they send leaves at once.
///
/// Returns WSP_OK when there is an event or wsp_server_wake() was called, WSP_ERR_TIMEOUT, or WSP_ERR_UNCONFIGURED where the server does not listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_wait(server: *mut wsp_server, timeout_ms: i32) -> wsp_error {
    let deadline = timeout(timeout_ms).map(|timeout| clock::now() + timeout);
    loop {
        // SAFETY: the caller passes NULL or a live handle.
        match unsafe { with(server, |content| content.object.server.begin_wait(deadline)) } {
            Ok(WaitStep::Ready) => return wsp_error::WSP_OK,
            Ok(WaitStep::TimedOut) => return wsp_error::WSP_ERR_TIMEOUT,
            Ok(WaitStep::Block(waiter, time)) => waiter.block(time),
            Err(error) => return error.code().into(),
        }
    }
}

/// Takes the next event, in the order of what happened. A peer's messages that are not taken wait; while many do, that peer is not read
/// any further, and the others are not affected. Returns WSP_ERR_UNAVAILABLE where there is none, WSP_ERR_INVALID_PARAMETER for NULL and for a
/// wrong `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_next_event(server: *mut wsp_server, event: *mut wsp_event) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the event with its size in the first field.
    let result = unsafe {
        with(server, |content| {
            check(event)?;
            let Listening { server, told } = &mut content.object;
            let none = || Error::new(ErrorCode::Unavailable, "nothing has happened");
            let happened = server.next_event().ok_or_else(none)?;
            let mut is_text = false;
            match happened {
                PeerEvent::Message { id } => {
                    server.take_message_into(id, told.packet())?;
                    is_text = server.was_string_packet(id);
                }
                PeerEvent::Packet { .. } => told.set_packet(server.take_packet()?.1),
                _ => {}
            }
            told.write(&happened, is_text, event)
        })
    };
    (&result).into()
}

/// Fills options with the defaults. `struct_size` is sizeof(wsp_server_options). May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_options_init(options: *mut wsp_server_options, struct_size: usize) -> wsp_error {
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(wsp_server_options::from(&AdmissionOptions::default()), options, struct_size) }).into()
}

/// Sets options of the server; they take effect at once. Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for NULL and a wrong
/// `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_options(
    server: *mut wsp_server,
    options: *const wsp_server_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(server, |server| {
            let wanted = read(options, wsp_server_options::from(&server.options().admission))?;
            server.set_options(|options| wanted.apply(&mut options.admission))
        })
    }
}

/// Sets the options of the server's connections, of those that are there too; see wsp_peer_set_options(). The defaults are
/// wsp_peer_options_init()'s, except for 65536 bytes inbound, 1024 packets and 3 seconds for a handshake, which are Godot 3's. With
/// auto_accept 0, clients wait for wsp_server_accept_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_peer_options(
    server: *mut wsp_server,
    options: *const wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(server, |server| {
            let wanted = read(options, wsp_peer_options::from(&server.options().peer))?;
            server.set_options(|options| wanted.apply(&mut options.peer))
        })
    }
}

/// Reads the options of the server's connections. `options->struct_size` must be set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_peer_options(
    server: *const wsp_server,
    options: *mut wsp_peer_options,
) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe {
        run(server, |server| write(wsp_peer_options::from(&server.options().peer), options, size_of_caller(options)))
    }
}

/// Has the server speak TLS with the clients it accepts from now on; NULL for plain connections. Copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_tls(server: *mut wsp_server, tls: *const wsp_tls_options) -> wsp_error {
    // SAFETY: the caller passes NULL or live handles.
    unsafe {
        run(server, |server| {
            let tls = server_tls(tls)?;
            server.set_options(|options| {
                options.tls = tls;
                Ok(())
            })
        })
    }
}

/// Sets header lines ("Name: value") that stand in the answers to clients; `(NULL, 0)` for none. Copied. Returns
/// WSP_ERR_INVALID_PARAMETER, and changes nothing, for what is no header line.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_extra_headers(
    server: *mut wsp_server,
    headers: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(server, |server| {
            let headers = list(headers, count, "headers")?;
            server.set_options(|options| options.set_extra_headers(headers))
        })
    }
}

/// Sets the values of Origin from which clients are accepted; see wsp_peer_set_allowed_origins().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_set_allowed_origins(
    server: *mut wsp_server,
    origins: *const *const c_char,
    count: usize,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and list.
    unsafe {
        run(server, |server| {
            let origins = list(origins, count, "origins")?;
            server.set_options(|options| {
                options.peer.allowed_origins = origins;
                Ok(())
            })
        })
    }
}

/// Returns in words why the last call was refused; "" where none was. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_server_get_error_message(server: *const wsp_server) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend(server, |server| server.error_message().to_owned()) }
}
