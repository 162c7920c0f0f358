//! The options of all objects, generated from `table.rs`, and the rules that concern several of them.

pub(crate) mod bounds;

use std::time::Duration;

#[cfg(doc)]
use crate::error::ErrorCode;
use crate::error::Result;
use crate::limits;
use crate::net::{Proxies, ServerTls};
use crate::proto::connection::SendOptions;
use crate::proto::extensions::DeflatePreferences;
use crate::proto::handshake::headers;

pub use generated::{AdmissionOptions, ConnectionOptions, ListenOptions, ReconnectOptions, TlsTexts};

mod generated;

/// Settings of a [`super::Server`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// Of each connection; sub-protocols are those of [`super::Server::listen`].
    pub peer: ConnectionOptions,
    /// Which clients are admitted.
    pub admission: AdmissionOptions,
    /// The address that the server listens on.
    pub listen: ListenOptions,
    /// Key and certificate for `wss://`; read when a connection is accepted.
    pub tls: Option<ServerTls>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            peer: ConnectionOptions::for_server(),
            admission: AdmissionOptions::default(),
            listen: ListenOptions::default(),
            tls: None,
        }
    }
}

impl ServerOptions {
    /// Returns the options of a connection, which shows its request to the server before it goes on.
    pub(super) fn for_peer(&self, protocols: &[String]) -> ConnectionOptions {
        ConnectionOptions { auto_accept: false, supported_protocols: protocols.to_vec(), ..self.peer.clone() }
    }

    /// Returns the options of a connection after its handshake: without those that only the handshake needs, because
    /// there may be many connections.
    pub(super) fn for_open_peer(&self) -> ConnectionOptions {
        ConnectionOptions { handshake_headers: Vec::new(), allowed_origins: Vec::new(), ..self.for_peer(&[]) }
    }
}

impl ServerOptions {
    /// Sets the header lines of the answers to clients.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] for a line that is not a header of an answer; nothing changes then.
    pub fn set_extra_headers(&mut self, lines: Vec<String>) -> Result {
        headers::check_extra_headers(&lines)?;
        self.peer.handshake_headers = lines;
        Ok(())
    }
}

impl ConnectionOptions {
    /// Sets all limits of the queues as `set_buffers` of Godot 3 does: KiB and packets, each rounded up to a power of
    /// two. The outbound buffer holds one byte less, as there.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] if a number is not positive or larger than 2 GiB; nothing changes then.
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

    /// Returns the number of messages that may be queued for the network.
    pub fn max_outbound_packets(&self) -> usize {
        self.max_outbound_packets.unwrap_or(self.max_queued_packets)
    }

    /// Returns the HTTP proxies.
    pub fn proxies(&self) -> Proxies {
        Proxies { http: self.http_proxy.clone(), https: self.https_proxy.clone(), no_proxy: self.no_proxy.clone() }
    }

    /// Sets all HTTP proxies.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] if one is an invalid address; nothing changes then.
    pub fn set_proxies(&mut self, proxies: Proxies) -> Result {
        let mut changed = self.clone();
        changed.set_http_proxy(proxies.http)?;
        changed.set_https_proxy(proxies.https)?;
        changed.set_no_proxy(proxies.no_proxy);
        *self = changed;
        Ok(())
    }

    /// Changes the default of [`Self::connect_timeout`], which applies while the program has not set the option.
    pub fn set_default_connect_timeout(&mut self, default: Duration) {
        if !self.has_own_connect_timeout {
            self.connect_timeout = default;
        }
    }

    /// Returns the longest time that connecting may take.
    pub(super) fn connect_time_limit(&self) -> Duration {
        unless_zero(self.connect_timeout)
    }

    /// Returns the longest time that the handshake may take.
    pub(super) fn handshake_time_limit(&self) -> Duration {
        unless_zero(self.handshake_timeout)
    }

    /// Returns by how much the deadline of a handshake is extended for input that a late poll finds.
    pub(super) fn late_handshake_extension(&self) -> Duration {
        self.handshake_time_limit().min(limits::LATE_HANDSHAKE_EXTENSION)
    }

    /// Returns what the handshake negotiates.
    pub(super) fn deflate_preferences(&self) -> Option<DeflatePreferences> {
        self.compression_enabled.then_some(DeflatePreferences {
            context_takeover: self.compression_context_takeover,
            max_window_bits: u8::try_from(self.compression_max_window_bits).unwrap_or(u8::MAX),
        })
    }

    pub(super) fn send_options(&self, compress: bool) -> SendOptions {
        SendOptions {
            max_frame_size: if self.max_frame_size == 0 { usize::MAX } else { self.max_frame_size },
            compress_from: compress.then_some(self.compression_threshold),
        }
    }
}

impl ReconnectOptions {
    /// Returns the delay before an attempt, the first being 1; `None` to give up. `random` is from 0 up to 1. The first
    /// attempt may be immediate; later ones are at least [`limits::LEAST_RECONNECT_DELAY`] apart.
    pub(super) fn delay_before(&self, attempt: u32, random: f64) -> Option<Duration> {
        if !self.enabled || (self.max_attempts > 0 && attempt > self.max_attempts) {
            return None;
        }
        let least = if attempt > 1 { limits::LEAST_RECONNECT_DELAY } else { Duration::ZERO };
        // Infinite for a large attempt. Not 0 times that, which would be no number, because of `least`.
        let grown = self.delay.max(least).as_secs_f64() * self.factor.powf(f64::from(attempt.saturating_sub(1)));
        let seconds = grown.min(self.max_delay.as_secs_f64()) * (1.0 - self.jitter * random);
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(self.max_delay).max(least))
    }
}

/// Zero stands for "no limit".
fn unless_zero(time: Duration) -> Duration {
    if time.is_zero() { limits::MAX_DURATION } else { time }
}

fn power_of_two(name: &str, value: i64, max: u32) -> Result<usize> {
    bounds::level(name, value, 1, max).map(|level| (level as usize).next_power_of_two())
}

/// Cuts off the spaces around sub-protocol names.
fn trimmed(names: Vec<String>) -> Vec<String> {
    names.into_iter().map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest_and_jitter_shortens_them() {
        let options = ReconnectOptions { enabled: true, jitter: 0.0, ..ReconnectOptions::default() };
        let seconds = |options: &ReconnectOptions, attempt, random| {
            options.delay_before(attempt, random).map(|delay| delay.as_secs_f64())
        };
        assert_eq!(
            [1, 2, 3, 7, 4_000_000].map(|attempt| seconds(&options, attempt, 0.9)),
            [0.5, 1.0, 2.0, 30.0, 30.0].map(Some)
        );
        let shortened = ReconnectOptions { jitter: 0.5, ..options };
        assert_eq!(seconds(&shortened, 3, 0.5), Some(1.5));
        let bounded = ReconnectOptions { max_attempts: 2, ..options };
        assert_eq!([seconds(&bounded, 2, 0.0), seconds(&bounded, 3, 0.0)], [Some(1.0), None]);
        assert_eq!(ReconnectOptions::default().delay_before(1, 0.0), None);
    }

    #[test]
    fn every_delay_is_finite_and_attempts_in_a_row_have_a_least_one() {
        let seconds = [0.0, 1e-9, 0.5, 30.0, limits::MAX_DURATION.as_secs_f64()].map(Duration::from_secs_f64);
        for (delay, max_delay) in seconds.iter().flat_map(|delay| seconds.iter().map(move |max| (*delay, *max))) {
            for (factor, jitter) in [(1.0, 0.0), (1.0, 1.0), (2.0, 0.5), (1000.0, 0.0), (1000.0, 1.0)] {
                let options =
                    ReconnectOptions { enabled: true, delay, max_delay, factor, jitter, ..ReconnectOptions::default() };
                for attempt in [1, 2, 3, 64, 1026, u32::MAX] {
                    for random in [0.0, 0.5, 1.0 - f64::EPSILON] {
                        let least = if attempt > 1 { limits::LEAST_RECONNECT_DELAY } else { Duration::ZERO };
                        let found = options.delay_before(attempt, random).unwrap();
                        assert!(found >= least && found <= max_delay.max(least), "{options:?} {attempt} {found:?}");
                    }
                }
            }
        }
    }
}
