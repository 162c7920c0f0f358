//! The settings of a connection, with the ranges they may have.

use std::time::Duration;

use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::net::Proxies;
use crate::net::proxy::Proxy;
use crate::proto::connection::SendOptions;
use crate::proto::extensions::DeflatePreferences;

/// Settings of a [`super::WebSocketPeer`]. They outlive connections.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Sub-protocols this end speaks, in order of preference on a client.
    pub supported_protocols: Vec<String>,
    /// Header lines (`Name: value`) added to the request or answer.
    pub handshake_headers: Vec<String>,
    /// Accept requests as a server without asking the program.
    pub auto_accept: bool,
    /// Values of `Origin` from which a server accepts requests; all, and requests without one always, where empty.
    pub allowed_origins: Vec<String>,
    /// HTTP proxies of a client.
    pub proxies: Proxies,
    /// Largest message that is received, and bytes of unread messages held.
    pub inbound_buffer_size: usize,
    /// Payload bytes that may wait for the network; 0 for no limit.
    pub outbound_buffer_size: usize,
    /// Messages that may be queued in each direction.
    pub max_queued_packets: usize,
    /// Messages that may wait for the network, where that is another number than [`Self::max_queued_packets`].
    pub max_outbound_packets: Option<usize>,
    /// Time between pings; zero for none.
    pub heartbeat_interval: Duration,
    /// Time without a sign of life after a ping that ends the connection; zero for as long as the interval.
    pub heartbeat_timeout: Duration,
    /// Largest payload of an outgoing frame; longer messages are fragmented. 0 for no limit.
    pub max_frame_size: usize,
    /// Hand out messages in the pieces they arrive in instead of whole ones.
    pub stream_messages: bool,
    /// Offer (client) or accept (server) permessage-deflate.
    pub compression_enabled: bool,
    /// zlib's level, 0 (store) to 9 (smallest).
    pub compression_level: u32,
    /// Shorter messages are sent uncompressed.
    pub compression_threshold: usize,
    /// Keep the compression windows from message to message, in both directions.
    pub compression_context_takeover: bool,
    /// Largest compression window as a power of two, 9 to 15, in both directions.
    pub compression_max_window_bits: u8,
    /// Time for the lookup of the name and the TCP connection; zero for no limit.
    pub connect_timeout: Duration,
    /// Time from the TCP connection on for a proxy's tunnel, TLS and the HTTP upgrade; zero for no limit.
    pub handshake_timeout: Duration,
    /// Time for the remote end to answer a close frame.
    pub close_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            supported_protocols: Vec::new(),
            handshake_headers: Vec::new(),
            auto_accept: true,
            allowed_origins: Vec::new(),
            proxies: Proxies::default(),
            inbound_buffer_size: limits::INBOUND_BUFFER_SIZE,
            outbound_buffer_size: limits::OUTBOUND_BUFFER_SIZE,
            max_queued_packets: limits::MAX_QUEUED_PACKETS,
            max_outbound_packets: None,
            heartbeat_interval: Duration::ZERO,
            heartbeat_timeout: Duration::ZERO,
            max_frame_size: 0,
            stream_messages: false,
            compression_enabled: false,
            compression_level: limits::DEFLATE_LEVEL,
            compression_threshold: limits::DEFLATE_THRESHOLD,
            compression_context_takeover: true,
            compression_max_window_bits: limits::DEFLATE_MAX_WINDOW_BITS,
            connect_timeout: limits::CONNECT_TIMEOUT,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            close_timeout: limits::CLOSE_TIMEOUT,
        }
    }
}

impl Options {
    /// Sets [`Self::supported_protocols`]; spaces around the names are cut off.
    pub fn set_supported_protocols(&mut self, protocols: impl IntoIterator<Item = String>) {
        self.supported_protocols = protocols.into_iter().map(|name| name.trim().to_owned()).collect();
    }

    /// Sets [`Self::inbound_buffer_size`]; negative sizes are refused.
    pub fn set_inbound_buffer_size(&mut self, bytes: i64) -> Result {
        self.inbound_buffer_size = size("inbound_buffer_size", bytes)?;
        Ok(())
    }

    /// Sets [`Self::outbound_buffer_size`]; as in the engine, negative sizes mean no limit too.
    pub fn set_outbound_buffer_size(&mut self, bytes: i64) {
        self.outbound_buffer_size = usize::try_from(bytes).unwrap_or(0);
    }

    /// Sets [`Self::max_queued_packets`]; negative numbers are refused.
    pub fn set_max_queued_packets(&mut self, packets: i64) -> Result {
        self.max_queued_packets = size("max_queued_packets", packets)?;
        Ok(())
    }

    /// Sets all limits of the queues as `set_buffers` of Godot 3 does: KiB and packets, each rounded up to a power of two. The
    /// outbound buffer holds one byte less, as there. What is not positive, or larger than 2 GiB, is refused.
    pub fn set_buffers(&mut self, in_kib: i64, in_packets: i64, out_kib: i64, out_packets: i64) -> Result {
        let inbound = power_of_two("input_buffer_size_kb", in_kib, 1 << 21)? * 1024;
        let in_packets = power_of_two("input_max_packets", in_packets, 1 << 31)?;
        let outbound = power_of_two("output_buffer_size_kb", out_kib, 1 << 21)? * 1024 - 1;
        let out_packets = power_of_two("output_max_packets", out_packets, 1 << 31)?;
        self.inbound_buffer_size = inbound;
        self.max_queued_packets = in_packets;
        self.outbound_buffer_size = outbound;
        self.max_outbound_packets = Some(out_packets);
        Ok(())
    }

    /// Sets [`Self::heartbeat_interval`] in seconds; zero switches it off, negative numbers and NaN are refused.
    pub fn set_heartbeat_interval(&mut self, seconds: f64) -> Result {
        self.heartbeat_interval = duration("heartbeat_interval", seconds)?;
        Ok(())
    }

    /// Sets [`Self::heartbeat_timeout`] in seconds, as [`Self::set_heartbeat_interval`].
    pub fn set_heartbeat_timeout(&mut self, seconds: f64) -> Result {
        self.heartbeat_timeout = duration("heartbeat_timeout", seconds)?;
        Ok(())
    }

    /// Sets [`Self::close_timeout`] in seconds.
    pub fn set_close_timeout(&mut self, seconds: f64) -> Result {
        self.close_timeout = duration("close_timeout", seconds)?;
        Ok(())
    }

    /// Sets the time for the name lookup and the TCP connection in seconds.
    pub fn set_connect_timeout(&mut self, seconds: f64) -> Result {
        self.connect_timeout = duration("connect_timeout", seconds)?;
        Ok(())
    }

    /// Sets the time for a proxy's tunnel, TLS and the HTTP upgrade in seconds.
    pub fn set_handshake_timeout(&mut self, seconds: f64) -> Result {
        self.handshake_timeout = duration("handshake_timeout", seconds)?;
        Ok(())
    }

    /// Sets [`Self::proxies`]; what is no proxy's address is refused.
    pub fn set_proxies(&mut self, proxies: Proxies) -> Result {
        for proxy in [&proxies.http, &proxies.https] {
            if !proxy.is_empty() {
                Proxy::parse(proxy)?;
            }
        }
        self.proxies = proxies;
        Ok(())
    }

    /// The time that connecting may take.
    pub(super) fn connect_timeout(&self) -> Duration {
        limit(self.connect_timeout)
    }

    /// The time that the handshake may take.
    pub(super) fn handshake_timeout(&self) -> Duration {
        limit(self.handshake_timeout)
    }

    /// Sets [`Self::max_frame_size`]; negative sizes are refused.
    pub fn set_max_frame_size(&mut self, bytes: i64) -> Result {
        self.max_frame_size = size("max_frame_size", bytes)?;
        Ok(())
    }

    /// Sets [`Self::compression_level`]; numbers outside 0 to 9 are refused.
    pub fn set_compression_level(&mut self, level: i64) -> Result {
        self.compression_level = in_range("compression_level", level, 0, 9)?;
        Ok(())
    }

    /// Sets [`Self::compression_threshold`]; negative sizes are refused.
    pub fn set_compression_threshold(&mut self, bytes: i64) -> Result {
        self.compression_threshold = size("compression_threshold", bytes)?;
        Ok(())
    }

    /// Sets [`Self::compression_max_window_bits`]; numbers outside 9 to 15 are refused (zlib cannot write a window of 8).
    pub fn set_compression_max_window_bits(&mut self, bits: i64) -> Result {
        self.compression_max_window_bits = in_range("compression_max_window_bits", bits, 9, 15)?;
        Ok(())
    }

    /// What the handshake negotiates.
    pub(super) fn deflate_preferences(&self) -> Option<DeflatePreferences> {
        self.compression_enabled.then_some(DeflatePreferences {
            context_takeover: self.compression_context_takeover,
            max_window_bits: self.compression_max_window_bits,
        })
    }

    pub(super) fn send_options(&self, compress: bool) -> SendOptions {
        SendOptions {
            max_frame_size: if self.max_frame_size == 0 { usize::MAX } else { self.max_frame_size },
            compress_from: compress.then_some(self.compression_threshold),
        }
    }
}

fn limit(time: Duration) -> Duration {
    if time.is_zero() { limits::MAX_DURATION } else { time }
}

fn size(name: &str, value: i64) -> Result<usize> {
    usize::try_from(value)
        .map_err(|_| Error::new(ErrorCode::InvalidParameter, format!("{name} cannot be negative ({value})")))
}

fn power_of_two(name: &str, value: i64, max: i64) -> Result<usize> {
    in_range::<usize>(name, value, 1, max).map(usize::next_power_of_two)
}

fn in_range<T: TryFrom<i64>>(name: &str, value: i64, min: i64, max: i64) -> Result<T> {
    T::try_from(value).ok().filter(|_| (min..=max).contains(&value)).ok_or_else(|| {
        Error::new(ErrorCode::InvalidParameter, format!("{name} is a number from {min} to {max}, not {value}"))
    })
}

/// Seconds as a program gives them: zero to [`limits::MAX_DURATION`].
pub fn duration(name: &str, seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= limits::MAX_DURATION).ok_or_else(|| {
        let message = format!("{name} is a number of seconds from 0 to 31536000 (a year), not {seconds}");
        Error::new(ErrorCode::InvalidParameter, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_refused_and_change_nothing() {
        let mut options = Options::default();
        assert_eq!(options.set_inbound_buffer_size(-5).unwrap_err().code(), ErrorCode::InvalidParameter);
        assert_eq!(options.set_max_queued_packets(-1).unwrap_err().code(), ErrorCode::InvalidParameter);
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e300, 1e19, 31_536_001.0] {
            assert_eq!(options.set_heartbeat_interval(seconds).unwrap_err().code(), ErrorCode::InvalidParameter);
        }
        for level in [-1, 10, i64::MIN] {
            assert_eq!(options.set_compression_level(level).unwrap_err().code(), ErrorCode::InvalidParameter);
        }
        for bits in [8, 16, -9] {
            assert_eq!(options.set_compression_max_window_bits(bits).unwrap_err().code(), ErrorCode::InvalidParameter);
        }
        assert!(options.set_compression_threshold(-1).is_err());
        assert!(options.set_max_frame_size(-1).is_err());
        assert_eq!(options, Options::default());
        options.set_inbound_buffer_size(i64::MAX).unwrap();
        options.set_outbound_buffer_size(-1);
        assert_eq!(options.outbound_buffer_size, 0);
    }
}
