//! Finds out which sockets are ready, by one system call for a whole round of polls.
//!
//! A snapshot is the result of one `epoll_wait(0)` (or its equivalent) and has a number. A socket that asks for the
//! second time under the same snapshot takes a new one, and so does the first one that asks after this process sent
//! something to itself. So two polls in a row, or a send followed by a poll, see fresh data, and a thousand idle peers
//! polled once a frame cost one system call.
//!
//! An object that serves many sockets has a poller of its own ([`Poller::with_keys`]), which reports the ready ones, so
//! that it polls no others. A program without frames can block on it ([`Waiter`]). So has a client on which a thread
//! blocks ([`Poller::for_client`]): threads that block on different objects do not meet.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use parking_lot::{Mutex, MutexGuard};

use super::{clock, process};
use crate::limits::WAIT_STEP;

const EVENTS_PER_CALL: usize = 1024;

/// Token of the waker; no socket has it.
const WAKE: Token = Token(usize::MAX);

const READ: u8 = 1;
const WRITE: u8 = 2;
/// Every call is tried, also if the snapshot says that it would block.
const ALWAYS: u8 = 4;
/// The remote peer has closed. The end of the stream follows the available bytes without a further event.
const ENDED: u8 = 8;

/// Whether a read that did not fill its buffer has emptied the socket, so that an event will report further bytes. True
/// for edge-triggered events of the system (epoll(7), kqueue). On other systems mio arms an event only after a call
/// would block.
const SHORT_READ_EMPTIES: bool = cfg!(unix);

/// Work that every snapshot does besides, see [`Poller::add_snapshot_work`].
static SNAPSHOT_WORK: OnceLock<fn()> = OnceLock::new();
/// Number of times that this process has sent something which one of its own sockets may have to read.
static LOCAL_WRITES: AtomicU64 = AtomicU64::new(0);

/// What is known of one socket. A set bit means that a call may succeed. Events set it; a call that would block clears
/// it, and so does a call after which the next one would block (see `SHORT_READ_EMPTIES`).
#[derive(Debug)]
pub struct Readiness {
    flags: AtomicU8,
    seen: AtomicU64,
    token: Token,
    /// Identifies the socket to the owner of the poller.
    key: u64,
    poller: Option<Arc<Poller>>,
    is_registered: AtomicBool,
}

/// A set of registered sockets and the number of their last snapshot.
pub struct Poller {
    poll: Mutex<(Poll, Events)>,
    registry: Registry,
    slots: Mutex<Slots>,
    snapshot: AtomicU64,
    /// [`LOCAL_WRITES`] at the time of the last snapshot.
    known_writes: AtomicU64,
    watch: Watch,
    /// The process that made the poller, see [`process::generation`].
    process: u64,
}

/// The threads that wait for events, and the sockets that had some.
struct Watch {
    /// Keys of the sockets that had events since the owner collected them; `None` for pollers of connections that are
    /// polled one by one.
    ready: Option<Mutex<Vec<u64>>>,
    waker: Waker,
    /// Number of [`Waiter`]s: threads that block or are about to.
    waiters: AtomicUsize,
    /// Number of threads that need a snapshot while another one blocks.
    snapshot_requests: AtomicUsize,
}

/// The right of one thread to block on a poller once. [`Poller::wake`] ends the blocking, also if it was called between
/// the creation of the waiter and [`Waiter::block`].
#[derive(Debug)]
pub struct Waiter {
    /// `None` if the system had no descriptor for a poller; then the thread sleeps for [`WAIT_STEP`].
    poller: Option<Arc<Poller>>,
    /// The last snapshot that the thread has evaluated, after [`Waiter::mark`].
    since: Option<u64>,
}

#[derive(Default)]
struct Slots {
    entries: Vec<Option<Arc<Readiness>>>,
    free: Vec<usize>,
}

impl Readiness {
    /// Registers a socket with the process-wide poller. If the system has no poller, every call is tried.
    pub fn register(source: &mut impl Source) -> Arc<Self> {
        Self::register_with(Poller::global().as_ref(), source, 0)
    }

    /// Registers a socket with a poller, which reports it by `key`.
    pub fn register_with(poller: Option<&Arc<Poller>>, source: &mut impl Source, key: u64) -> Arc<Self> {
        poller.and_then(|poller| poller.register(source, key).ok()).unwrap_or_else(|| {
            let flags = AtomicU8::new(READ | WRITE);
            let is_registered = AtomicBool::new(false);
            Arc::new(Self { flags, seen: AtomicU64::new(0), token: Token(0), key, poller: None, is_registered })
        })
    }

    /// Removes the socket from its poller, once. The child of a `fork()` leaves its parent's sockets in the poller that
    /// both share; the system removes them when both have closed them.
    pub fn deregister(&self, source: &mut impl Source) {
        if let Some(poller) = &self.poller
            && self.is_registered.swap(false, Ordering::AcqRel)
        {
            if poller.process == process::generation() {
                let _gone = poller.registry.deregister(source);
            }
            poller.slots.lock().remove(self.token.0);
        }
    }

    /// Returns whether a poller reports the socket. Otherwise every call is tried, and nothing can be waited for.
    pub fn is_watched(&self) -> bool {
        self.poller.is_some()
    }

    /// Returns whether this poller reports the socket.
    pub fn is_watched_by(&self, poller: &Arc<Poller>) -> bool {
        self.poller.as_ref().is_some_and(|own| Arc::ptr_eq(own, poller))
    }

    /// Returns whether a read may succeed; takes a snapshot if the last one is not fresh.
    pub fn may_read(&self) -> bool {
        self.may(READ)
    }

    /// Returns whether a write may succeed; takes a snapshot if the last one is not fresh.
    pub fn may_write(&self) -> bool {
        self.may(WRITE)
    }

    /// Returns whether a read, and a write, may succeed as of the last snapshot.
    pub fn known(&self) -> (bool, bool) {
        let flags = self.flags.load(Ordering::Acquire);
        (flags & (READ | ALWAYS) != 0, flags & (WRITE | ALWAYS) != 0)
    }

    /// Makes every further call be tried.
    pub fn always_try(&self) {
        self.flags.fetch_or(ALWAYS, Ordering::AcqRel);
    }

    /// Runs a read into a buffer of `wanted` bytes, and remembers whether another read would block.
    pub fn read(&self, wanted: usize, call: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        self.attempt(READ, call, |count| SHORT_READ_EMPTIES && (1..wanted).contains(count))
    }

    /// Runs a read that does not remove the data.
    pub fn peek<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.attempt(READ, call, |_| false)
    }

    /// Runs a write, and remembers whether it would have blocked.
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

    /// Clears the bit before the call, so that an event that another thread collects during it is not lost.
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
    /// Returns the process-wide poller; `None` if the system refuses to create one, which the next call tries again.
    /// The child of a `fork()` makes its own: with its parent's it would take the events of the parent's sockets.
    pub fn global() -> Option<Arc<Self>> {
        static GLOBAL: Mutex<Option<Arc<Poller>>> = Mutex::new(None);
        let mut global = GLOBAL.lock();
        if global.as_ref().is_none_or(|poller| poller.process != process::generation()) {
            *global = Self::new(false).ok();
        }
        global.clone()
    }

    /// Returns a poller for the connection of a client on which threads block.
    pub fn for_client() -> io::Result<Arc<Self>> {
        Self::new(false)
    }

    /// Returns a poller that collects the keys of ready sockets for its owner.
    pub fn with_keys() -> io::Result<Arc<Self>> {
        Self::new(true)
    }

    fn new(collects_keys: bool) -> io::Result<Arc<Self>> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let ready = collects_keys.then(Mutex::default);
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
            known_writes: AtomicU64::new(0),
            watch,
            process: process::generation(),
        }))
    }

    /// Lets every further snapshot of any poller, which each round of polls takes, do some work: for a part of the
    /// library whose thread the system has refused.
    pub fn add_snapshot_work(work: fn()) {
        SNAPSHOT_WORK.get_or_init(|| work);
    }

    /// Invalidates the snapshots, because this process sent something that one of its own sockets may have to read.
    /// Pollers that report keys take a snapshot in each poll anyway.
    pub fn announce_local_write() {
        LOCAL_WRITES.fetch_add(1, Ordering::Release);
    }

    /// Takes a snapshot, and moves the keys of sockets that had events since the last call into `keys`.
    pub fn collect(&self, keys: &mut Vec<u64>) {
        self.take_snapshot();
        self.collect_without_snapshot(keys);
    }

    /// Does the same as [`Self::collect`] without a snapshot, for a caller that blocks next, which evaluates the same
    /// events.
    pub fn collect_without_snapshot(&self, keys: &mut Vec<u64>) {
        if let Some(ready) = &self.watch.ready {
            keys.append(&mut ready.lock());
        }
    }

    /// Returns whether threads block, or are about to.
    pub fn has_waiters(&self) -> bool {
        self.watch.waiters.load(Ordering::Acquire) > 0
    }

    /// Ends the blocking of every [`Waiter`] that exists.
    pub fn wake(&self) {
        if self.has_waiters() {
            // Fails only if the system has no memory left; the waiter's timeout still ends.
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
        let (seen, is_registered) = (AtomicU64::new(0), AtomicBool::new(true));
        let poller = Some(Arc::clone(self));
        let readiness = Arc::new(Readiness { flags, seen, token, key, poller, is_registered });
        slots.insert(index, Arc::clone(&readiness));
        Ok(readiness)
    }

    fn refresh(&self, seen: &AtomicU64) {
        let current = self.snapshot.load(Ordering::Acquire);
        if seen.load(Ordering::Relaxed) == current || self.is_stale() {
            self.take_snapshot();
        }
        seen.store(self.snapshot.load(Ordering::Acquire), Ordering::Relaxed);
    }

    fn is_stale(&self) -> bool {
        self.watch.ready.is_none() && self.known_writes.load(Ordering::Relaxed) != LOCAL_WRITES.load(Ordering::Acquire)
    }

    fn take_snapshot(&self) {
        let mut guard = match self.poll.try_lock() {
            Some(guard) => guard,
            None => {
                // Interrupts the thread that blocks, or is about to.
                self.watch.snapshot_requests.fetch_add(1, Ordering::SeqCst);
                self.wake();
                let guard = self.poll.lock();
                self.watch.snapshot_requests.fetch_sub(1, Ordering::SeqCst);
                guard
            }
        };
        let (poll, events) = &mut *guard;
        self.known_writes.store(LOCAL_WRITES.load(Ordering::Acquire), Ordering::Relaxed);
        // Bounded, so that continuous events cannot keep one call busy.
        for _ in 0..16 {
            if poll.poll(events, Some(Duration::ZERO)).is_err() || self.note(events) < EVENTS_PER_CALL {
                break;
            }
        }
        self.snapshot.fetch_add(1, Ordering::AcqRel);
        drop(guard);
        if let Some(work) = SNAPSHOT_WORK.get() {
            work();
        }
    }

    /// Stores what the events report, and returns their number.
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
    /// Returns the waiter with which one thread can block.
    pub fn new(poller: Option<Arc<Poller>>) -> Self {
        if let Some(poller) = &poller {
            poller.watch.waiters.fetch_add(1, Ordering::AcqRel);
        }
        Self { poller, since: None }
    }

    /// Makes [`Self::block`] return at once if any thread takes a snapshot after this call, because its events are not
    /// reported again.
    pub fn mark(&mut self) {
        self.since = self.poller.as_ref().map(|poller| poller.snapshot.load(Ordering::Acquire));
    }

    /// Blocks until a socket has an event, [`Poller::wake`] is called, or the timeout is over (`None` for no limit). Of
    /// several threads one asks the system; the others wait until it has an answer, each for its own timeout.
    pub fn block(self, timeout: Option<Duration>) {
        let Some(poller) = &self.poller else {
            return std::thread::sleep(timeout.unwrap_or(WAIT_STEP).min(WAIT_STEP));
        };
        let start = clock::now();
        let guard = match timeout {
            None => Some(poller.poll.lock()),
            Some(timeout) => poller.poll.try_lock_for(timeout),
        };
        let Some(mut guard) = guard else { return };
        let timeout = timeout.map(|timeout| timeout.saturating_sub(clock::now().saturating_duration_since(start)));
        let (poll, events) = &mut *guard;
        // Events that another thread has collected in the meantime are not reported again.
        let is_known = poller.watch.ready.as_ref().is_some_and(|ready| !ready.lock().is_empty())
            || self.since.is_some_and(|since| since != poller.snapshot.load(Ordering::Acquire))
            || poller.watch.snapshot_requests.load(Ordering::SeqCst) > 0;
        if !is_known && poll.poll(events, timeout).is_ok() {
            poller.note(events);
            poller.snapshot.fetch_add(1, Ordering::AcqRel);
        }
        // Fair, so that waiting threads get the lock before this thread can take it again.
        MutexGuard::unlock_fair(guard);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(poller) = &self.poller {
            poller.watch.waiters.fetch_sub(1, Ordering::AcqRel);
        }
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
