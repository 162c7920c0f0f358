//! `wsp_tls_info`: what a TLS handshake agreed on.

use std::ffi::c_char;

use super::error::wsp_error;
use super::handle::attempt;
use super::lent::LentTexts;
use super::peer::wsp_peer;
use super::versioned::{Versioned, size_of_caller, write};
use crate::error::{Error, ErrorCode};
use crate::net::TlsInfo;

/// What a TLS handshake agreed on. Set `struct_size`, then call wsp_peer_get_tls_info(). Later versions append fields.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_tls_info {
    /// sizeof(wsp_tls_info) of the caller.
    pub struct_size: usize,
    /// "TLSv1.2" or "TLSv1.3". Lent.
    pub version: *const c_char,
    /// Name of the cipher suite. Lent.
    pub cipher_suite: *const c_char,
    /// Protocol selected by ALPN (RFC 7301), or "". Lent.
    pub alpn: *const c_char,
    /// Subject of the remote peer's certificate, for example "CN=player, O=Example"; "" if it presented none. Verified,
    /// except by a client with wsp_tls_options_client_unsafe(). Lent.
    pub peer_subject: *const c_char,
    /// 1 if the session was resumed from an earlier one.
    pub is_resumed: u8,
}

// SAFETY: the struct is `repr(C)` and begins with its size; it is only written.
unsafe impl Versioned for wsp_tls_info {
    const NAME: &'static str = "wsp_tls_info";
    const ENDS: &'static [usize] = &[size_of::<wsp_tls_info>()];
}

impl wsp_tls_info {
    fn lent(agreed: &TlsInfo, lent: &mut LentTexts) -> Self {
        Self {
            struct_size: size_of::<Self>(),
            version: lent.set(&agreed.version),
            cipher_suite: lent.add(&agreed.cipher_suite),
            alpn: lent.add(&agreed.alpn),
            peer_subject: lent.add(&agreed.peer_subject),
            is_resumed: u8::from(agreed.resumed),
        }
    }
}

/// Reports what the TLS handshake of a peer agreed on, from the end of that handshake until the connection ends; on a
/// server also the client's identity (see wsp_tls_options_set_client_ca()). `info->struct_size` must be set. The texts
/// are lent until the next call on the peer that returns a text.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `peer` or `info` is NULL, or for an unknown `struct_size`; WSP_ERR_UNAVAILABLE
/// if there is no TLS session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_get_tls_info(peer: *const wsp_peer, info: *mut wsp_tls_info) -> wsp_error {
    // SAFETY: the caller passes NULL or live pointers, the struct with its size in the first field.
    unsafe {
        attempt(peer, |peer| {
            let none = || Error::new(ErrorCode::Unavailable, "there is no TLS session");
            let agreed = peer.object.tls_info().ok_or_else(none)?;
            write(wsp_tls_info::lent(&agreed, &mut peer.lent), info, size_of_caller(info))
        })
    }
}
