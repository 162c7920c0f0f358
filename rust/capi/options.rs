//! The option structs of the C interface, generated from `peer/options/table.rs`, and a peer's calls that take them.

use super::error::wsp_error;
use super::handle::run;
use super::peer::wsp_peer;
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::Result;
use crate::peer::options::{AdmissionOptions, ConnectionOptions, ReconnectOptions};

include!(concat!(env!("OUT_DIR"), "/capi_options.rs"));

/// Fills options with the defaults. `struct_size` is sizeof(wsp_peer_options). May be called from any thread.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_options_init(options: *mut wsp_peer_options, struct_size: usize) -> wsp_error {
    let defaults = wsp_peer_options::from(&ConnectionOptions::default());
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(defaults, options, struct_size) }).into()
}

/// Sets all options of a peer. Each field states when it takes effect.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size` or a value outside its
/// range. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_set_options(peer: *mut wsp_peer, options: *const wsp_peer_options) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers.
    unsafe {
        run(peer, |peer| {
            let current = wsp_peer_options::from(&peer.options);
            read(options, current)?.apply(&mut peer.options)
        })
    }
}

/// Reads the options of a peer. `options->struct_size` must be set.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_options(peer: *const wsp_peer, options: *mut wsp_peer_options) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the options with their size in the first field.
    unsafe { run(peer, |peer| write(wsp_peer_options::from(&peer.options), options, size_of_caller(options))) }
}
