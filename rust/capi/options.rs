//! The option structs of the C interface, generated from `peer/options/table.rs`, and the calls of a peer that take them.

use super::error::wsp_error;
use super::peer::{run, wsp_peer};
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::Result;
use crate::peer::options::{AdmissionOptions, ConnectionOptions, ReconnectOptions};

include!(concat!(env!("OUT_DIR"), "/capi_options.rs"));

/// Fills options with the defaults. `struct_size` is sizeof(wsp_peer_options). Returns WSP_ERR_INVALID_PARAMETER for NULL and for a
/// size that no version of this header declares. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_options_init(options: *mut wsp_peer_options, struct_size: usize) -> wsp_error {
    let defaults = wsp_peer_options::from(&ConnectionOptions::default());
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(defaults, options, struct_size) }).into()
}

/// Sets all options of a peer at once. Limits, heartbeat and close_timeout take effect immediately, what the handshake uses at the
/// next connection. Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for NULL, a wrong `struct_size`, times outside 0 to
/// 31536000 seconds, and compression settings outside their ranges.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_options(peer: *mut wsp_peer, options: *const wsp_peer_options) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(peer, |content| {
            let current = wsp_peer_options::from(&content.object.options);
            read(options, current)?.apply(&mut content.object.options)
        })
    }
}

/// Reads the options of a peer. `options->struct_size` must be set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_options(peer: *const wsp_peer, options: *mut wsp_peer_options) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe {
        run(peer, |content| write(wsp_peer_options::from(&content.object.options), options, size_of_caller(options)))
    }
}
