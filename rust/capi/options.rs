//! `wsp_peer_options`.

use std::mem::offset_of;

use super::error::wsp_error;
use super::handle::run;
use super::peer::wsp_peer;
use super::versioned::{Versioned, read, size_of_caller, write};
use crate::error::Result;
use crate::peer::Options;
use crate::peer::options::duration;

/// Settings of a peer. Start from `WSP_PEER_OPTIONS_INIT` or wsp_peer_options_init(), change fields, and pass it to
/// wsp_peer_set_options(). Later versions of the library append fields; `struct_size` tells which ones the caller
/// knows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct wsp_peer_options {
    /// sizeof(wsp_peer_options) of the caller.
    pub struct_size: usize,
    /// Largest message that is received, over all its fragments, and bytes of unread messages above which reading
    /// pauses. A larger message closes the connection with code 1009. A limit, not an allocation. Default 65535.
    pub inbound_buffer_size: usize,
    /// Payload bytes that may wait for the network; 0 for no limit. Default 65535.
    pub outbound_buffer_size: usize,
    /// Messages that may be queued in each direction. Default 4096.
    pub max_queued_packets: usize,
    /// Seconds between pings, 0 for none (the default). When nothing arrives for one interval after a ping, the
    /// connection is closed with code -1.
    pub heartbeat_interval: f64,
    /// Seconds for the name lookup and the TCP connection, 0 for no limit. Default 30.
    pub connect_timeout: f64,
    /// Seconds from the TCP connection on for a proxy's tunnel, TLS and the HTTP upgrade, 0 for no limit. Default 10.
    pub handshake_timeout: f64,
    /// Seconds for the remote end to answer a close frame. Default 5.
    pub close_timeout: f64,
    /// Seconds without any sign of life after a ping that end the connection; 0 (the default) for as long as the
    /// interval.
    pub heartbeat_timeout: f64,
    /// Longer messages are sent in several frames of at most this many bytes; 0 (the default) for one frame each.
    pub max_frame_size: usize,
    /// 1 to hand out messages in the pieces they arrive in, of at most about 1 MiB, instead of whole ones;
    /// inbound_buffer_size then bounds what is held and not the messages. See wsp_peer_was_last_piece(). Default 0.
    pub stream_messages: u8,
    /// 1 to offer (client) or accept (server) permessage-deflate (RFC 7692) in the next handshake. Default 0.
    pub compression_enabled: u8,
    /// 1 to keep the compression windows from message to message, for about 340 KiB per connection. Default 1.
    pub compression_context_takeover: u8,
    /// Largest compression window as a power of two, 9 to 15, in both directions. Default 15.
    pub compression_max_window_bits: u8,
    /// 0 (store), 1 (fastest) to 9 (smallest). Default 6.
    pub compression_level: u32,
    /// Messages shorter than this many bytes are sent uncompressed. Default 128.
    pub compression_threshold: usize,
    /// 0 to keep a server's connection waiting, WSP_STATE_CONNECTING, until wsp_peer_accept_request() or
    /// wsp_peer_reject_request() answers its request (see wsp_peer_get_request()). Default 1.
    pub auto_accept: u8,
    /// 0. Later versions use it for fields of which 0 is the default.
    pub reserved: [u8; 7],
}

impl From<&Options> for wsp_peer_options {
    fn from(options: &Options) -> Self {
        Self {
            struct_size: size_of::<Self>(),
            inbound_buffer_size: options.inbound_buffer_size,
            outbound_buffer_size: options.outbound_buffer_size,
            max_queued_packets: options.max_queued_packets,
            heartbeat_interval: options.heartbeat_interval.as_secs_f64(),
            connect_timeout: options.connect_timeout.as_secs_f64(),
            handshake_timeout: options.handshake_timeout.as_secs_f64(),
            close_timeout: options.close_timeout.as_secs_f64(),
            heartbeat_timeout: options.heartbeat_timeout.as_secs_f64(),
            max_frame_size: options.max_frame_size,
            stream_messages: u8::from(options.stream_messages),
            compression_enabled: u8::from(options.compression_enabled),
            compression_context_takeover: u8::from(options.compression_context_takeover),
            compression_max_window_bits: options.compression_max_window_bits,
            compression_level: options.compression_level,
            compression_threshold: options.compression_threshold,
            auto_accept: u8::from(options.auto_accept),
            reserved: [0; 7],
        }
    }
}

impl wsp_peer_options {
    /// Sets what the fields say; refused ones change nothing.
    pub(super) fn apply(&self, options: &mut Options) -> Result {
        let heartbeat_interval = duration("heartbeat_interval", self.heartbeat_interval)?;
        let connect_timeout = duration("connect_timeout", self.connect_timeout)?;
        let handshake_timeout = duration("handshake_timeout", self.handshake_timeout)?;
        let close_timeout = duration("close_timeout", self.close_timeout)?;
        let heartbeat_timeout = duration("heartbeat_timeout", self.heartbeat_timeout)?;
        let mut compression = Options::default();
        compression.set_compression_level(i64::from(self.compression_level))?;
        compression.set_compression_max_window_bits(i64::from(self.compression_max_window_bits))?;
        options.compression_level = compression.compression_level;
        options.compression_max_window_bits = compression.compression_max_window_bits;
        options.compression_enabled = self.compression_enabled != 0;
        options.compression_context_takeover = self.compression_context_takeover != 0;
        options.compression_threshold = self.compression_threshold;
        options.auto_accept = self.auto_accept != 0;
        options.max_frame_size = self.max_frame_size;
        options.stream_messages = self.stream_messages != 0;
        options.heartbeat_timeout = heartbeat_timeout;
        options.inbound_buffer_size = self.inbound_buffer_size;
        options.outbound_buffer_size = self.outbound_buffer_size;
        options.max_queued_packets = self.max_queued_packets;
        options.max_outbound_packets = None;
        options.heartbeat_interval = heartbeat_interval;
        options.connect_timeout = connect_timeout;
        options.handshake_timeout = handshake_timeout;
        options.close_timeout = close_timeout;
        Ok(())
    }
}

// SAFETY: the struct is `repr(C)`, begins with its size, and consists of numbers.
unsafe impl Versioned for wsp_peer_options {
    const NAME: &'static str = "wsp_peer_options";
    const ENDS: &'static [usize] = &[
        offset_of!(wsp_peer_options, outbound_buffer_size),
        offset_of!(wsp_peer_options, max_queued_packets),
        offset_of!(wsp_peer_options, heartbeat_interval),
        offset_of!(wsp_peer_options, connect_timeout),
        offset_of!(wsp_peer_options, handshake_timeout),
        offset_of!(wsp_peer_options, close_timeout),
        offset_of!(wsp_peer_options, heartbeat_timeout),
        offset_of!(wsp_peer_options, max_frame_size),
        offset_of!(wsp_peer_options, stream_messages),
        offset_of!(wsp_peer_options, compression_enabled),
        offset_of!(wsp_peer_options, compression_context_takeover),
        offset_of!(wsp_peer_options, compression_max_window_bits),
        offset_of!(wsp_peer_options, compression_level),
        offset_of!(wsp_peer_options, compression_threshold),
        offset_of!(wsp_peer_options, auto_accept),
        size_of::<wsp_peer_options>(),
    ];
}

/// Fills options with the defaults. `struct_size` is sizeof(wsp_peer_options). May be called from any thread.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an unknown `struct_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_peer_options_init(options: *mut wsp_peer_options, struct_size: usize) -> wsp_error {
    let defaults = wsp_peer_options::from(&Options::default());
    // SAFETY: the caller passes NULL or a struct of that size.
    (&unsafe { write(defaults, options, struct_size) }).into()
}

/// Sets all options of a peer. Limits, heartbeat and close_timeout take effect at once; options of the handshake, at
/// the next connection.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, or for an unknown `struct_size`, a time outside 0 to
/// 31536000 s, or a compression setting outside its range. Nothing changes then.
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
