//! Readiness of all sockets by one system call per round of polls.
//!
//! A snapshot is the result of one `epoll_wait(0)` (or its equivalent) and has a number. A socket that asks for the second
//! time under the same snapshot takes a new one, and so does the first to ask after this process sent something to itself:
//! two polls in a row, or a send followed by a poll, see fresh data, while a thousand idle peers polled once a frame cost
//! one system call.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token};
use parking_lot::Mutex;

const EVENTS_PER_CALL: usize = 1024;

const READ: u8 = 1;
const WRITE: u8 = 2;
/// Every call is tried, whatever the snapshot says.
const ALWAYS: u8 = 4;
/// The remote end has closed: behind what is there comes the end, for which there will be no further event.
const ENDED: u8 = 8;

/// Whether a read that did not fill its buffer has emptied the socket, so that an event will tell of more. So it is where
/// events are edges of the system's own (epoll(7), kqueue); elsewhere mio arms them only when a call would block.
const SHORT_READ_EMPTIES: bool = cfg!(unix);

/// What is known of one socket. A bit means "try": it is set by events and cleared by a call that would block.
#[derive(Debug)]
pub struct Readiness {
    flags: AtomicU8,
    seen: AtomicU64,
    token: Token,
    poller: Option<&'static Poller>,
}

/// A set of registered sockets and the number of their last snapshot.
pub struct Poller {
    poll: Mutex<(Poll, Events)>,
    registry: Registry,
    slots: Mutex<Slots>,
    snapshot: AtomicU64,
    stale: AtomicBool,
}

#[derive(Default)]
struct Slots {
    entries: Vec<Option<Arc<Readiness>>>,
    free: Vec<usize>,
}

impl Readiness {
    /// Registers a socket with the process-wide poller. Where the system gives no poller, every call is tried.
    pub fn register(source: &mut impl Source) -> Arc<Self> {
        Poller::global().and_then(|poller| poller.register(source).ok()).unwrap_or_else(|| {
            let flags = AtomicU8::new(READ | WRITE);
            Arc::new(Self { flags, seen: AtomicU64::new(0), token: Token(0), poller: None })
        })
    }

    /// Takes the socket out of its poller.
    pub fn deregister(&self, source: &mut impl Source) {
        if let Some(poller) = self.poller {
            let _gone = poller.registry.deregister(source);
            poller.slots.lock().remove(self.token.0);
        }
    }

    /// Whether a read may find something.
    pub fn may_read(&self) -> bool {
        self.may(READ)
    }

    /// Whether a write may succeed.
    pub fn may_write(&self) -> bool {
        self.may(WRITE)
    }

    /// Tries every call from now on.
    pub fn always_try(&self) {
        self.flags.fetch_or(ALWAYS, Ordering::AcqRel);
    }

    /// Runs a read into a buffer of `wanted` bytes, remembering whether another would block.
    pub fn read(&self, wanted: usize, call: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        self.attempt(READ, call, |count| SHORT_READ_EMPTIES && (1..wanted).contains(count))
    }

    /// Runs a read that leaves what it finds.
    pub fn peek<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.attempt(READ, call, |_| false)
    }

    /// Runs a write, remembering whether it would have blocked.
    pub fn write<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.attempt(WRITE, call, |_| false)
    }

    fn may(&self, flag: u8) -> bool {
        if self.flags.load(Ordering::Acquire) & (flag | ALWAYS) != 0 {
            return true;
        }
        match self.poller {
            Some(poller) => {
                poller.refresh(&self.seen);
                self.flags.load(Ordering::Acquire) & flag != 0
            }
            None => true,
        }
    }

    /// The bit is cleared before the call, so that an event that another thread collects in between is not lost.
    fn attempt<T>(
        &self,
        flag: u8,
        call: impl FnOnce() -> io::Result<T>,
        empties: impl FnOnce(&T) -> bool,
    ) -> io::Result<T> {
        self.flags.fetch_and(!flag, Ordering::AcqRel);
        let result = call();
        let would_block = match &result {
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
            Ok(value) => empties(value) && self.flags.load(Ordering::Acquire) & ENDED == 0,
        };
        if !would_block || self.poller.is_none() {
            self.flags.fetch_or(flag, Ordering::AcqRel);
        }
        result
    }
}

impl Poller {
    /// The poller of this process; `None` where the system refuses to make one.
    pub fn global() -> Option<&'static Self> {
        static GLOBAL: OnceLock<Option<Poller>> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::new().ok()).as_ref()
    }

    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        Ok(Self {
            poll: Mutex::new((poll, Events::with_capacity(EVENTS_PER_CALL))),
            registry,
            slots: Mutex::new(Slots::default()),
            snapshot: AtomicU64::new(1),
            stale: AtomicBool::new(false),
        })
    }

    /// This process sent something that one of its own sockets may have to read.
    pub fn invalidate(&self) {
        self.stale.store(true, Ordering::Release);
    }

    fn register(&'static self, source: &mut impl Source) -> io::Result<Arc<Readiness>> {
        let mut slots = self.slots.lock();
        let index = slots.free.pop().unwrap_or(slots.entries.len());
        let token = Token(index);
        if let Err(error) = self.registry.register(source, token, Interest::READABLE | Interest::WRITABLE) {
            slots.free.push(index);
            return Err(error);
        }
        let flags = AtomicU8::new(READ | WRITE);
        let readiness = Arc::new(Readiness { flags, seen: AtomicU64::new(0), token, poller: Some(self) });
        slots.insert(index, Arc::clone(&readiness));
        Ok(readiness)
    }

    fn refresh(&self, seen: &AtomicU64) {
        let current = self.snapshot.load(Ordering::Acquire);
        if seen.load(Ordering::Relaxed) == current || self.stale.load(Ordering::Acquire) {
            self.take_snapshot();
        }
        seen.store(self.snapshot.load(Ordering::Acquire), Ordering::Relaxed);
    }

    fn take_snapshot(&self) {
        let mut guard = self.poll.lock();
        let (poll, events) = &mut *guard;
        self.stale.store(false, Ordering::Release);
        // Bounded, so that a flood of events cannot keep one call busy.
        for _ in 0..16 {
            if poll.poll(events, Some(Duration::ZERO)).is_err() {
                break;
            }
            let slots = self.slots.lock();
            let mut count = 0;
            for event in events.iter() {
                count += 1;
                let Some(Some(readiness)) = slots.entries.get(event.token().0) else { continue };
                let mut flags = 0;
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    flags |= READ;
                }
                if event.is_read_closed() || event.is_error() {
                    flags |= ENDED;
                }
                if event.is_writable() || event.is_write_closed() || event.is_error() {
                    flags |= WRITE;
                }
                readiness.flags.fetch_or(flags, Ordering::AcqRel);
            }
            if count < EVENTS_PER_CALL {
                break;
            }
        }
        self.snapshot.fetch_add(1, Ordering::AcqRel);
    }
}

impl Slots {
    fn insert(&mut self, index: usize, readiness: Arc<Readiness>) {
        if index == self.entries.len() {
            self.entries.push(None);
        }
        if let Some(slot) = self.entries.get_mut(index) {
            *slot = Some(readiness);
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some(slot) = self.entries.get_mut(index)
            && slot.take().is_some()
        {
            self.free.push(index);
        }
    }
}

impl std::fmt::Debug for Poller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
