//! Readiness of all sockets by one system call per round of polls.
//!
//! A snapshot is the result of one `epoll_wait(0)` (or its equivalent) and has a number. A socket that asks for the second
//! time under the same snapshot takes a new one, and so does the first to ask after this process sent something to itself:
//! two polls in a row, or a send followed by a poll, see fresh data, while a thousand idle peers polled once a frame cost
//! one system call.
//!
//! An object that serves many sockets has a poller of its own ([`Poller::with_keys`]): it learns which of them have news and
//! polls no others, and a program without frames can block on it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use parking_lot::{Mutex, MutexGuard};

const EVENTS_PER_CALL: usize = 1024;

/// The waker's; no socket has it.
const WAKE: Token = Token(usize::MAX);

const READ: u8 = 1;
const WRITE: u8 = 2;
/// Every call is tried, whatever the snapshot says.
const ALWAYS: u8 = 4;
/// The remote end has closed: behind what is there comes the end, for which there will be no further event.
const ENDED: u8 = 8;

/// Whether a read that did not fill its buffer has emptied the socket, so that an event will tell of more. So it is where
/// events are edges of the system's own (epoll(7), kqueue); elsewhere mio arms them only when a call would block.
const SHORT_READ_EMPTIES: bool = cfg!(unix);

/// What is known of one socket. A bit means "try": it is set by events, and cleared by a call that would block or, see
/// `SHORT_READ_EMPTIES`, by one behind which another would.
#[derive(Debug)]
pub struct Readiness {
    flags: AtomicU8,
    seen: AtomicU64,
    token: Token,
    /// Names the socket to the object that watches it.
    key: u64,
    poller: Option<Arc<Poller>>,
}

/// A set of registered sockets and the number of their last snapshot.
pub struct Poller {
    poll: Mutex<(Poll, Events)>,
    registry: Registry,
    slots: Mutex<Slots>,
    snapshot: AtomicU64,
    stale: AtomicBool,
    watch: Watch,
}

/// Who waits for news, and of which sockets there are any.
struct Watch {
    /// Keys of sockets that had events since the owner asked; none where there is no owner.
    ready: Option<Mutex<Vec<u64>>>,
    waker: Waker,
    /// Threads that block, or are about to.
    waiters: AtomicUsize,
    /// Threads that want a snapshot while another one blocks.
    snapshot_requests: AtomicUsize,
}

/// A thread that is going to block on a poller. From its beginning on, [`Poller::wake`] ends the blocking.
#[derive(Debug)]
pub struct Waiter {
    poller: Arc<Poller>,
    /// The snapshot whose successors are news.
    since: Option<u64>,
}

#[derive(Default)]
struct Slots {
    entries: Vec<Option<Arc<Readiness>>>,
    free: Vec<usize>,
}

impl Readiness {
    /// Registers a socket with the process-wide poller. Where the system gives no poller, every call is tried.
    pub fn register(source: &mut impl Source) -> Arc<Self> {
        Self::register_with(Poller::global(), source, 0)
    }

    /// [`Self::register`] with a poller that an object watches; `key` is what it will be told.
    pub fn register_with(poller: Option<&Arc<Poller>>, source: &mut impl Source, key: u64) -> Arc<Self> {
        poller.and_then(|poller| poller.register(source, key).ok()).unwrap_or_else(|| {
            let flags = AtomicU8::new(READ | WRITE);
            Arc::new(Self { flags, seen: AtomicU64::new(0), token: Token(0), key, poller: None })
        })
    }

    /// Takes the socket out of its poller.
    pub fn deregister(&self, source: &mut impl Source) {
        if let Some(poller) = &self.poller {
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

    /// Whether a read, and a write, may succeed as of the last snapshot.
    pub fn known(&self) -> (bool, bool) {
        let flags = self.flags.load(Ordering::Acquire);
        (flags & (READ | ALWAYS) != 0, flags & (WRITE | ALWAYS) != 0)
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
        match &self.poller {
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
    pub fn global() -> Option<&'static Arc<Self>> {
        static GLOBAL: OnceLock<Option<Arc<Poller>>> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::new(false).ok()).as_ref()
    }

    /// A poller whose owner asks it which sockets have news.
    pub fn with_keys() -> io::Result<Arc<Self>> {
        Self::new(true)
    }

    fn new(is_watched: bool) -> io::Result<Arc<Self>> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let ready = is_watched.then(Mutex::default);
        let watch = Watch {
            ready,
            waker: Waker::new(poll.registry(), WAKE)?,
            waiters: AtomicUsize::new(0),
            snapshot_requests: AtomicUsize::new(0),
        };
        Ok(Arc::new(Self {
            poll: Mutex::new((poll, Events::with_capacity(EVENTS_PER_CALL))),
            registry,
            slots: Mutex::new(Slots::default()),
            snapshot: AtomicU64::new(1),
            stale: AtomicBool::new(false),
            watch,
        }))
    }

    /// This process sent something that one of its own sockets may have to read.
    pub fn invalidate(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Takes a snapshot and moves the keys of sockets that had events since the last call to `keys`.
    pub fn collect(&self, keys: &mut Vec<u64>) {
        self.take_snapshot();
        self.collect_without_snapshot(keys);
    }

    /// [`Self::collect`] without a snapshot: for who is going to block, which finds out the same.
    pub fn collect_without_snapshot(&self, keys: &mut Vec<u64>) {
        if let Some(ready) = &self.watch.ready {
            keys.append(&mut ready.lock());
        }
    }

    /// Announces a thread that is going to block.
    pub fn waiter(self: &Arc<Self>) -> Waiter {
        self.watch.waiters.fetch_add(1, Ordering::AcqRel);
        Waiter { poller: Arc::clone(self), since: None }
    }

    /// Ends the blocking of every [`Waiter`] that exists.
    pub fn wake(&self) {
        if self.watch.waiters.load(Ordering::Acquire) > 0 {
            // Fails only where the system has no memory left; the waiter's own time still ends.
            let _unwoken = self.watch.waker.wake();
        }
    }

    fn register(self: &Arc<Self>, source: &mut impl Source, key: u64) -> io::Result<Arc<Readiness>> {
        let mut slots = self.slots.lock();
        let index = slots.free.pop().unwrap_or(slots.entries.len());
        let token = Token(index);
        if let Err(error) = self.registry.register(source, token, Interest::READABLE | Interest::WRITABLE) {
            slots.free.push(index);
            return Err(error);
        }
        let flags = AtomicU8::new(READ | WRITE);
        let readiness =
            Arc::new(Readiness { flags, seen: AtomicU64::new(0), token, key, poller: Some(Arc::clone(self)) });
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
        let mut guard = match self.poll.try_lock() {
            Some(guard) => guard,
            None => {
                // Whoever blocks in it, or is about to, gives way.
                self.watch.snapshot_requests.fetch_add(1, Ordering::SeqCst);
                self.wake();
                let guard = self.poll.lock();
                self.watch.snapshot_requests.fetch_sub(1, Ordering::SeqCst);
                guard
            }
        };
        let (poll, events) = &mut *guard;
        self.stale.store(false, Ordering::Release);
        // Bounded, so that a flood of events cannot keep one call busy.
        for _ in 0..16 {
            if poll.poll(events, Some(Duration::ZERO)).is_err() || self.note(events) < EVENTS_PER_CALL {
                break;
            }
        }
        self.snapshot.fetch_add(1, Ordering::AcqRel);
    }

    /// Remembers what the events say; returns how many there are.
    fn note(&self, events: &Events) -> usize {
        let slots = self.slots.lock();
        let mut ready = self.watch.ready.as_ref().map(Mutex::lock);
        let mut count = 0;
        for event in events {
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
            if let Some(ready) = &mut ready {
                ready.push(readiness.key);
            }
        }
        count
    }
}

impl Waiter {
    /// From now on a snapshot that any thread takes is news: what it has found would not come again.
    pub fn mark(&mut self) {
        self.since = Some(self.poller.snapshot.load(Ordering::Acquire));
    }

    /// Blocks until a socket has news, [`Poller::wake`] is called, or the time (`None` for no limit) is over.
    pub fn block(self, timeout: Option<Duration>) {
        let poller = &self.poller;
        let mut guard = poller.poll.lock();
        let (poll, events) = &mut *guard;
        // News that another thread has collected meanwhile would not come again.
        let is_known = poller.watch.ready.as_ref().is_some_and(|ready| !ready.lock().is_empty())
            || self.since.is_some_and(|since| since != poller.snapshot.load(Ordering::Acquire))
            || poller.watch.snapshot_requests.load(Ordering::SeqCst) > 0;
        if !is_known && poll.poll(events, timeout).is_ok() {
            poller.note(events);
            poller.snapshot.fetch_add(1, Ordering::AcqRel);
        }
        // To those who wait for it, before this thread can take it again.
        MutexGuard::unlock_fair(guard);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.poller.watch.waiters.fetch_sub(1, Ordering::AcqRel);
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
