//! Name lookups: which hosts need none, and the worker threads for the others.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::sync::Arc;

use parking_lot::Mutex;

use super::background_results;
use crate::limits::DNS_WORKERS;

type Answer = io::Result<Vec<IpAddr>>;

/// A lookup in progress.
#[derive(Debug)]
pub struct Lookup(Arc<Mutex<Option<Answer>>>);

#[derive(Default)]
struct Queue {
    jobs: VecDeque<(String, Arc<Mutex<Option<Answer>>>)>,
    workers: usize,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { jobs: VecDeque::new(), workers: 0 });

/// Returns the addresses of a host that needs no lookup: an IP address, or `localhost` (RFC 6761 section 6.3).
pub fn known(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Some(vec![address]);
    }
    let is_localhost = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    is_localhost.then(|| vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()])
}

/// Looks a name up and blocks until the result is known.
pub fn resolve_now(host: &str) -> Answer {
    if let Some(addresses) = known(host) {
        return Ok(addresses);
    }
    let addresses: Vec<IpAddr> = (host, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

impl Lookup {
    /// Starts a lookup on a worker thread. A worker ends when the queue is empty.
    pub fn start(host: &str) -> io::Result<Self> {
        let answer = Arc::new(Mutex::new(None));
        let mut queue = QUEUE.lock();
        queue.jobs.push_back((host.to_owned(), Arc::clone(&answer)));
        if queue.workers < DNS_WORKERS {
            queue.workers += 1;
            let spawned = std::thread::Builder::new().name("wspeer-dns".to_owned()).spawn(work);
            if let Err(error) = spawned {
                queue.workers -= 1;
                queue.jobs.pop_back();
                return Err(error);
            }
        }
        Ok(Self(answer))
    }

    /// Returns the result once; `None` before it is known and after it was taken.
    pub fn take(&self) -> Option<Answer> {
        self.0.lock().take()
    }
}

fn work() {
    loop {
        let (host, slot) = {
            let mut queue = QUEUE.lock();
            let Some(job) = queue.jobs.pop_front() else {
                queue.workers -= 1;
                return;
            };
            job
        };
        // The lookup was dropped, so its result is not needed.
        if Arc::strong_count(&slot) > 1 {
            let answer = resolve_now(&host);
            *slot.lock() = Some(answer);
            background_results::announce();
        }
    }
}
