//! Name lookups: which hosts need none, and the worker threads for the others.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::sync::Arc;

use parking_lot::Mutex;

use super::background_results;
use super::process_local::ProcessLocal;
use crate::limits::DNS_WORKERS;

type Answer = io::Result<Vec<IpAddr>>;

/// A lookup in progress. Dropping it abandons the lookup: one that waits for a thread never starts.
#[derive(Debug)]
pub struct Lookup {
    resolver: &'static Resolver,
    number: u64,
    answer: Arc<Mutex<Option<Answer>>>,
}

/// Looks names up on threads of its own.
#[derive(Debug)]
struct Resolver {
    queue: ProcessLocal<Queue>,
    /// Blocks until the result is known.
    resolve: fn(&str) -> Answer,
}

#[derive(Debug)]
struct Queue {
    /// The lookups that wait for a thread, in the order of their start.
    waiting: BTreeMap<u64, Job>,
    next_number: u64,
    workers: usize,
}

#[derive(Debug)]
struct Job {
    host: String,
    answer: Arc<Mutex<Option<Answer>>>,
}

static SYSTEM: Resolver = Resolver::new(resolve_now);

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
    /// Starts a lookup on a worker thread.
    pub fn start(host: &str) -> io::Result<Self> {
        SYSTEM.start(host)
    }

    /// Returns the result once; `None` before it is known and after it was taken.
    pub fn take(&self) -> Option<Answer> {
        self.answer.lock().take()
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let Some(mut queue) = self.resolver.queue.lock() {
            queue.waiting.remove(&self.number);
        }
    }
}

impl Resolver {
    const fn new(resolve: fn(&str) -> Answer) -> Self {
        Self { queue: ProcessLocal::new(Queue::new(), Queue::new), resolve }
    }

    /// Queues a lookup, and starts a thread for it while there are fewer than [`DNS_WORKERS`]: the running ones may
    /// hang until the system's resolver gives up, and cannot be cancelled.
    fn start(&'static self, host: &str) -> io::Result<Lookup> {
        let forked = || io::Error::other("this process was forked during another lookup");
        let answer = Arc::new(Mutex::new(None));
        let mut queue = self.queue.lock().ok_or_else(forked)?;
        let number = queue.next_number;
        queue.next_number += 1;
        if queue.workers < DNS_WORKERS {
            match std::thread::Builder::new().name("wspeer-dns".to_owned()).spawn(|| self.work()) {
                Ok(_) => queue.workers += 1,
                Err(error) if queue.workers == 0 => return Err(error),
                // The name waits for a thread that exists.
                Err(_) => {}
            }
        }
        queue.waiting.insert(number, Job { host: host.to_owned(), answer: Arc::clone(&answer) });
        Ok(Lookup { resolver: self, number, answer })
    }

    /// A worker thread, which ends when no lookup waits.
    fn work(&self) {
        loop {
            let Some(mut queue) = self.queue.lock() else { return };
            let Some((_, job)) = queue.waiting.pop_first() else {
                queue.workers = queue.workers.saturating_sub(1);
                return;
            };
            drop(queue);
            let answer = (self.resolve)(&job.host);
            *job.answer.lock() = Some(answer);
            background_results::announce();
        }
    }
}

impl Queue {
    const fn new() -> Self {
        Self { waiting: BTreeMap::new(), next_number: 0, workers: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    static HANGING: AtomicUsize = AtomicUsize::new(0);
    static RESOLVED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static IS_RELEASED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

    /// Hangs for names that begin with "hang" until it is released.
    fn controlled(host: &str) -> Answer {
        if host.starts_with("hang") {
            HANGING.fetch_add(1, Ordering::SeqCst);
            while !IS_RELEASED.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        RESOLVED.lock().push(host.to_owned());
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }

    fn until(what: &str, done: impl Fn() -> bool) {
        let deadline = clock::now() + Duration::from_secs(30);
        while !done() {
            assert!(clock::now() < deadline, "timed out: {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn hanging_lookups_do_not_delay_others_and_abandoned_ones_never_start() {
        static RESOLVER: Resolver = Resolver::new(controlled);
        let answers = |name: &str| {
            let lookup = RESOLVER.start(name).unwrap();
            until(name, || lookup.take().is_some());
        };
        let hang = |count: usize| -> Vec<Lookup> {
            let lookups = (0..count).map(|_| RESOLVER.start("hanging").unwrap()).collect();
            until("all hang", || HANGING.load(Ordering::SeqCst) >= count);
            lookups
        };
        let four = hang(4);
        answers("fifth");
        // Dropped, but running: they keep their threads and nothing else.
        drop(four);
        answers("sixth");
        HANGING.store(0, Ordering::SeqCst);
        let more = hang(DNS_WORKERS - 4);
        let waiting = RESOLVER.start("abandoned").unwrap();
        let kept = RESOLVER.start("kept").unwrap();
        assert_eq!(RESOLVER.queue.lock().unwrap().workers, DNS_WORKERS);
        drop(waiting);
        assert_eq!(RESOLVER.queue.lock().unwrap().waiting.len(), 1);
        IS_RELEASED.store(true, Ordering::SeqCst);
        until("kept", || kept.take().is_some());
        until("the threads end", || RESOLVER.queue.lock().unwrap().workers == 0);
        assert!(!RESOLVED.lock().iter().any(|name| name == "abandoned"));
        drop(more);
    }

    #[test]
    fn addresses_and_localhost_need_no_lookup() {
        assert_eq!(known("127.0.0.1"), Some(vec![Ipv4Addr::LOCALHOST.into()]));
        assert_eq!(known("::1"), Some(vec![Ipv6Addr::LOCALHOST.into()]));
        assert_eq!(known("game.LocalHost").map(|addresses| addresses.len()), Some(2));
        assert_eq!(known("example.com"), None);
    }
}
