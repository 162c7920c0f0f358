//! Connecting to a host: name lookup, then attempts at its addresses in parallel (Happy Eyeballs, RFC 8305).

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dns::{self, Lookup};
use super::error::{FailureStage, NetError};
use super::poller::Poller;
use super::tcp::{ConnectProgress, RawDescriptor, TcpSocket};
use super::zone;
use crate::limits::CONNECTION_ATTEMPT_DELAY;

/// A connection attempt, advanced by [`Self::poll`].
#[derive(Debug)]
pub struct Connector {
    host: String,
    port: u16,
    deadline: Instant,
    timeout: Duration,
    lookup: Option<Lookup>,
    waiting: VecDeque<SocketAddr>,
    attempts: Vec<TcpSocket>,
    next_attempt: Instant,
    last_error: Option<NetError>,
}

impl Connector {
    /// Starts the attempt. An address that the kernel refuses at once is an error here; a name that cannot be resolved
    /// is an error of [`Self::poll`].
    pub fn start(host: &str, port: u16, timeout: Duration, now: Instant) -> Result<Self, NetError> {
        let mut connector = Self {
            host: host.to_owned(),
            port,
            deadline: now + timeout,
            timeout,
            lookup: None,
            waiting: VecDeque::new(),
            attempts: Vec::new(),
            next_attempt: now,
            last_error: None,
        };
        if let Some(address) = zone::parse(host) {
            let mut address =
                address.map_err(|error| NetError::io(FailureStage::Dns, &format!("looking up '{host}'"), &error))?;
            address.set_port(port);
            connector.waiting.push_back(address.into());
            connector.begin_attempts(now);
            connector.fail_without_attempts()?;
            return Ok(connector);
        }
        match dns::known(host) {
            Some(addresses) => {
                connector.queue(&addresses);
                connector.begin_attempts(now);
                connector.fail_without_attempts()?;
            }
            None => {
                let lookup = Lookup::start(host)
                    .map_err(|error| NetError::io(FailureStage::Dns, "starting the name lookup", &error))?;
                connector.lookup = Some(lookup);
            }
        }
        Ok(connector)
    }

    /// Returns the address of the first attempt in progress.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.attempts.first().map(TcpSocket::remote_address)
    }

    /// Returns the descriptor of that attempt, for foreign event loops.
    pub fn raw_fd(&self) -> Option<RawDescriptor> {
        self.attempts.first().map(TcpSocket::raw_fd)
    }

    /// Makes this poller report news of the attempts. Returns whether it does.
    pub fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        let mut are_all_watched = true;
        for attempt in &mut self.attempts {
            are_all_watched &= attempt.watch(poller);
        }
        are_all_watched
    }

    /// Returns when [`Self::poll`] has something to do although no attempt has news. The result of a name lookup wakes
    /// waiting threads itself (`background_results.rs`).
    pub fn next_deadline(&self) -> Instant {
        let has_next = self.lookup.is_none() && !self.waiting.is_empty();
        if has_next { self.next_attempt.min(self.deadline) } else { self.deadline }
    }

    /// Advances the attempt. Returns the first connection that was established, or `None` while there is none.
    pub fn poll(&mut self, now: Instant) -> Result<Option<TcpSocket>, NetError> {
        if let Some(lookup) = &self.lookup {
            match lookup.take() {
                Some(Ok(addresses)) => {
                    self.lookup = None;
                    self.queue(&addresses);
                    self.next_attempt = now;
                }
                Some(Err(error)) => {
                    return Err(NetError::connecting(
                        FailureStage::Dns,
                        &format!("looking up '{}'", self.host),
                        &error,
                    ));
                }
                None if now >= self.deadline => {
                    let message = format!("looking up '{}' took longer than {:?}", self.host, self.timeout);
                    return Err(NetError::new(FailureStage::Timeout, message));
                }
                None => return Ok(None),
            }
        }
        if let Some(connected) = self.check_attempts() {
            return Ok(Some(connected));
        }
        self.begin_attempts(now);
        self.fail_without_attempts()?;
        if now >= self.deadline {
            let message =
                format!("connecting to '{}' port {} took longer than {:?}", self.host, self.port, self.timeout);
            return Err(NetError::new(FailureStage::Timeout, message));
        }
        Ok(None)
    }

    /// Sorts addresses as RFC 8305 section 4 says: first the family of the resolver's first address, then both in turn.
    fn queue(&mut self, addresses: &[IpAddr]) {
        let prefers_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
        let (preferred, other): (Vec<IpAddr>, Vec<IpAddr>) =
            addresses.iter().copied().partition(|address| address.is_ipv6() == prefers_v6);
        let mut other = other.into_iter();
        for address in preferred {
            self.waiting.push_back((address, self.port).into());
            self.waiting.extend(other.next().map(|address| SocketAddr::from((address, self.port))));
        }
        self.waiting.extend(other.map(|address| SocketAddr::from((address, self.port))));
    }

    /// Returns the first attempt that succeeded, and removes those that failed.
    fn check_attempts(&mut self) -> Option<TcpSocket> {
        let mut index = 0;
        while let Some(attempt) = self.attempts.get(index) {
            match attempt.connect_progress() {
                ConnectProgress::Pending => index += 1,
                ConnectProgress::Connected => return Some(self.attempts.swap_remove(index)),
                ConnectProgress::Failed(error) => {
                    self.last_error = Some(connect_error(attempt.remote_address(), &error));
                    self.attempts.remove(index);
                }
            }
        }
        None
    }

    /// Starts the next attempt if none is in progress, or the delay after the last one is over (RFC 8305 section 5).
    fn begin_attempts(&mut self, now: Instant) {
        while self.attempts.is_empty() || now >= self.next_attempt {
            let Some(address) = self.waiting.pop_front() else { return };
            match TcpSocket::connect(address) {
                Ok(socket) => {
                    self.attempts.push(socket);
                    self.next_attempt = now + CONNECTION_ATTEMPT_DELAY;
                }
                Err(error) => self.last_error = Some(connect_error(address, &error)),
            }
        }
    }

    fn fail_without_attempts(&mut self) -> Result<(), NetError> {
        if !self.attempts.is_empty() || !self.waiting.is_empty() {
            return Ok(());
        }
        let unknown = || NetError::new(FailureStage::Dns, format!("'{}' has no address", self.host));
        Err(self.last_error.take().unwrap_or_else(unknown))
    }
}

fn connect_error(address: SocketAddr, error: &std::io::Error) -> NetError {
    NetError::connecting(FailureStage::Tcp, &format!("connecting to {address}"), error)
}
