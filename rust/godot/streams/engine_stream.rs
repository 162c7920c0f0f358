//! Adapts the engine's streams to [`Transport`], so that a peer can run on a connection of the engine's `TCPServer`.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use godot::classes::{StreamPeer, StreamPeerTcp, StreamPeerTls, stream_peer_tls};
use godot::global::Error as GodotError;
use godot::obj::EngineEnum;
use godot::prelude::*;

use crate::net::Transport;
use crate::peer::StreamStatus;

/// A stream of the engine, or one that is written in a script.
pub struct EngineStream {
    stream: Gd<StreamPeer>,
    kind: EngineStreamKind,
}

enum EngineStreamKind {
    Tcp(Gd<StreamPeerTcp>),
    Tls {
        tls: Gd<StreamPeerTls>,
        /// The stream that carries the encrypted data, only for questions about the connection.
        below: Option<Box<dyn Transport>>,
    },
    /// Any other stream. It counts as connected while its number of available bytes is not negative.
    Other,
}

#[expect(unsafe_code, reason = "a peer with an engine stream may be used from any thread, as any other peer")]
// SAFETY: the engine counts references to a RefCounted atomically, and the peer's lock lets one thread at a time call
// the stream, of which the peer is the only user while it runs on it.
unsafe impl Send for EngineStream {}

impl EngineStream {
    /// Wraps a `StreamPeerTCP`; gives other streams back.
    pub fn tcp(stream: Gd<StreamPeer>) -> Result<Self, Gd<StreamPeer>> {
        let mut tcp = stream.clone().try_cast::<StreamPeerTcp>()?;
        if is_connected(&tcp) {
            tcp.set_no_delay(true);
        }
        Ok(Self { stream, kind: EngineStreamKind::Tcp(tcp) })
    }

    /// Wraps a `StreamPeerTLS` with a session; gives other streams back. `below` finds the stream below it.
    pub fn tls(
        stream: Gd<StreamPeer>,
        below: impl FnOnce(&Gd<StreamPeerTls>) -> Option<Box<dyn Transport>>,
    ) -> Result<Self, Gd<StreamPeer>> {
        let tls = stream.clone().try_cast::<StreamPeerTls>()?;
        if !is_live(&tls) {
            return Err(stream);
        }
        let below = below(&tls);
        Ok(Self { stream, kind: EngineStreamKind::Tls { tls, below } })
    }

    /// Wraps any other stream.
    pub fn other(stream: Gd<StreamPeer>) -> Self {
        Self { stream, kind: EngineStreamKind::Other }
    }

    /// Updates the stream's status; returns whether the stream is still usable.
    fn poll(&mut self) -> bool {
        match &mut self.kind {
            EngineStreamKind::Tcp(tcp) => {
                tcp.poll();
                is_connected(tcp)
            }
            EngineStreamKind::Tls { tls, .. } => {
                if is_live(tls) {
                    tls.poll();
                }
                is_live(tls)
            }
            EngineStreamKind::Other => self.stream.get_available_bytes() >= 0,
        }
    }

    fn is_ready(&self) -> bool {
        match &self.kind {
            EngineStreamKind::Tcp(tcp) => is_connected(tcp),
            EngineStreamKind::Tls { tls, .. } => tls.get_status() == stream_peer_tls::Status::CONNECTED,
            EngineStreamKind::Other => self.stream.get_available_bytes() >= 0,
        }
    }

    /// Returns the number of bytes that can be read without waiting.
    fn available(&self) -> i32 {
        if self.is_ready() { self.stream.get_available_bytes() } else { 0 }
    }

    /// Reads once.
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.available();
        if available <= 0 {
            if !self.poll() {
                return Ok(0);
            }
            available = self.available();
        }
        if available <= 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let wanted = available.min(i32::try_from(buffer.len()).unwrap_or(i32::MAX));
        let result = self.stream.get_partial_data(wanted);
        let data = result.get(1).and_then(|data| data.try_to::<PackedByteArray>().ok()).unwrap_or_default();
        match (buffer.get_mut(..data.len()), data.is_empty()) {
            (_, true) => Err(ErrorKind::WouldBlock.into()),
            (Some(target), false) => {
                target.copy_from_slice(data.as_slice());
                Ok(data.len())
            }
            (None, false) => Err(ErrorKind::InvalidData.into()),
        }
    }
}

fn is_connected(tcp: &Gd<StreamPeerTcp>) -> bool {
    // The class that has this enum depends on the version of the engine's interface.
    tcp.get_status().ord() == StreamStatus::Connected as i32
}

fn is_live(tls: &Gd<StreamPeerTls>) -> bool {
    matches!(tls.get_status(), stream_peer_tls::Status::HANDSHAKING | stream_peer_tls::Status::CONNECTED)
}

impl Transport for EngineStream {
    /// Reads until the buffer is full or nothing is left, because callers take a short read as the end of the available
    /// data, and a `StreamPeerTLS` returns one record at a time.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_some(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                // The data is delivered first; the next read reports the error again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if !self.is_ready() {
            return if self.poll() { Err(ErrorKind::WouldBlock.into()) } else { Err(ErrorKind::BrokenPipe.into()) };
        }
        let result = self.stream.put_partial_data(&PackedByteArray::from(data));
        let error = result.get(0).and_then(|error| error.try_to::<GodotError>().ok());
        let sent = result.get(1).and_then(|sent| sent.try_to::<i64>().ok()).unwrap_or(0);
        match (error, usize::try_from(sent)) {
            (Some(GodotError::OK), Ok(0)) if !data.is_empty() => Err(ErrorKind::WouldBlock.into()),
            (Some(GodotError::OK), Ok(sent)) => Ok(sent),
            _ => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    /// A stream of the engine may be written in a script, and its methods are for the program's threads.
    fn may_flush_in_background(&self) -> bool {
        false
    }

    fn close(&mut self, unsent: Vec<u8>) {
        if !unsent.is_empty() && self.is_ready() {
            // The engine's streams send nothing in the background, so this is the last chance.
            let _result = self.write(&unsent);
        }
        match &mut self.kind {
            EngineStreamKind::Tcp(tcp) => tcp.disconnect_from_host(),
            EngineStreamKind::Tls { tls, .. } => tls.disconnect_from_stream(),
            EngineStreamKind::Other => {}
        }
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        match &self.kind {
            EngineStreamKind::Tcp(tcp) if is_connected(tcp) => {
                let ip = tcp.get_connected_host().to_string().parse().ok()?;
                Some(SocketAddr::new(ip, u16::try_from(tcp.get_connected_port()).ok()?))
            }
            EngineStreamKind::Tls { tls, below: Some(below) } if is_live(tls) => below.remote_address(),
            EngineStreamKind::Tcp(_) | EngineStreamKind::Tls { .. } | EngineStreamKind::Other => None,
        }
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        match &mut self.kind {
            EngineStreamKind::Tcp(tcp) if is_connected(tcp) => {
                tcp.set_no_delay(enabled);
                Ok(())
            }
            EngineStreamKind::Tls { tls, below: Some(below) } if is_live(tls) => below.set_no_delay(enabled),
            EngineStreamKind::Tcp(_) | EngineStreamKind::Tls { .. } | EngineStreamKind::Other => {
                Err(ErrorKind::NotConnected.into())
            }
        }
    }

    fn is_secure(&self) -> bool {
        matches!(self.kind, EngineStreamKind::Tls { .. })
    }
}
