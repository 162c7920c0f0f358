//! Lingering close: which closed connections are finished in the background, and the thread that does it.
//!
//! Closing a socket that has unread input makes the kernel send a reset, which can destroy the close frame or HTTP
//! answer that the remote peer has not read yet. So the last bytes are written, the sending direction is shut down, and
//! input is discarded (`closing_socket.rs`). A thread with a poller of its own does this, so that polls of other
//! objects cost nothing and data arrives although no object is polled any more. It starts with the first such
//! connection and ends after [`LINGER_IDLE`] without one. If the system refuses the thread or its poller, the snapshots
//! of other polls do the work. A process that exits waits until what its closed connections have to send is written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry, Token, Waker};

use super::clock;
use super::closing_socket::{ClosingProgress, ClosingSocket};
use super::poller::Poller;
use super::process;
use super::process_local::ProcessLocal;
use super::tcp::TcpSocket;
use crate::limits::{EXIT_TICK, LINGER_IDLE, LINGER_TIME, LINGERING_BYTES, LINGERING_SOCKETS};

const EVENTS_PER_CALL: usize = 1024;

/// Token of the waker; no socket has it.
const WAKE: Token = Token(usize::MAX);

/// After a fork() the parent finishes the connections that it has closed.
static CLOSING: ProcessLocal<ClosingSet> = ProcessLocal::new(ClosingSet::new(), ClosingSet::new);

/// Whether there are connections and no thread to finish them.
static NEEDS_POLLS: AtomicBool = AtomicBool::new(false);

/// The connections that are being closed. Their numbers ascend with the time of closing, and are their tokens.
#[derive(Debug)]
struct ClosingSet {
    sockets: BTreeMap<usize, Lingering>,
    /// The connections that have written everything, and the others.
    written: BTreeSet<usize>,
    unwritten: BTreeSet<usize>,
    unsent_bytes: usize,
    /// Number of connections that were taken out to advance them.
    taken: usize,
    most_sockets: usize,
    most_bytes: usize,
    /// When each connection has to be looked at even if the system reports nothing.
    looks: BTreeSet<(Instant, usize)>,
    next_number: usize,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Lingering {
    socket: ClosingSocket,
    unsent: usize,
    look: Instant,
}

/// The thread that finishes connections.
#[derive(Debug)]
struct Worker {
    registry: Registry,
    waker: Waker,
    /// When it looks again although the system reports nothing.
    wakes_at: Instant,
    /// Since when there is no connection.
    idle_since: Option<Instant>,
}

/// What is left at the exit of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExitProgress {
    Done,
    /// Number of bytes that closed connections still have to write.
    Unsent(usize),
}

/// Closes a connection after `unsent` has been written.
pub fn close(socket: Arc<TcpSocket>, unsent: Vec<u8>) {
    let now = clock::now();
    let mut socket = ClosingSocket::new(socket, unsent, now);
    if socket.advance(now) == ClosingProgress::Finished {
        return;
    }
    static EXIT: Once = Once::new();
    EXIT.call_once(|| process::at_exit(finish_before_exit));
    let Some(mut closing) = CLOSING.lock() else { return };
    closing.start_worker(now);
    let dropped = closing.add(socket, now);
    drop(closing);
    drop(dropped);
}

/// Drops the connections that have written everything, because the process needs descriptors. Returns whether there
/// were any.
pub fn release_descriptors() -> bool {
    let Some(mut closing) = CLOSING.lock() else { return false };
    let written = std::mem::take(&mut closing.written);
    let dropped: Vec<Lingering> = written.into_iter().filter_map(|number| closing.remove(number)).collect();
    drop(closing);
    !dropped.is_empty()
}

/// Returns whether connections are finished only by polls, because the system has refused the thread.
pub fn needs_polls() -> bool {
    NEEDS_POLLS.load(Ordering::Acquire)
}

impl ClosingSet {
    const fn new() -> Self {
        Self {
            sockets: BTreeMap::new(),
            written: BTreeSet::new(),
            unwritten: BTreeSet::new(),
            unsent_bytes: 0,
            taken: 0,
            most_sockets: LINGERING_SOCKETS,
            most_bytes: LINGERING_BYTES,
            looks: BTreeSet::new(),
            next_number: 0,
            worker: None,
        }
    }

    /// Adds a connection. Returns those that are dropped for it.
    fn add(&mut self, mut socket: ClosingSocket, now: Instant) -> Vec<Lingering> {
        let number = self.next_number;
        // `WAKE` is never reached: that takes longer than any machine runs.
        self.next_number += 1;
        if let Some(worker) = &mut self.worker {
            socket.watch(&worker.registry, Token(number));
            worker.idle_since = None;
            if socket.next_look(now) < worker.wakes_at {
                // Fails only without memory; then the connection waits for the next event.
                let _unwoken = worker.waker.wake();
            }
        }
        self.insert(number, socket, now);
        let mut dropped = Vec::new();
        while self.sockets.len() > self.most_sockets || self.unsent_bytes > self.most_bytes {
            let over_bytes = self.unsent_bytes > self.most_bytes;
            let written = self.written.first().filter(|_| !over_bytes);
            let victim = written.or(self.unwritten.first()).copied();
            let Some(victim) = victim.filter(|victim| !over_bytes || *victim != number) else { break };
            dropped.extend(self.remove(victim));
        }
        dropped
    }

    fn insert(&mut self, number: usize, socket: ClosingSocket, now: Instant) {
        let (unsent, look) = (socket.unsent_len(), socket.next_look(now));
        self.unsent_bytes += unsent;
        if unsent > 0 { &mut self.unwritten } else { &mut self.written }.insert(number);
        self.looks.insert((look, number));
        self.sockets.insert(number, Lingering { socket, unsent, look });
    }

    fn remove(&mut self, number: usize) -> Option<Lingering> {
        let lingering = self.sockets.remove(&number)?;
        self.unsent_bytes -= lingering.unsent;
        self.written.remove(&number);
        self.unwritten.remove(&number);
        self.looks.remove(&(lingering.look, number));
        Some(lingering)
    }

    /// Takes the connections that are ready, and those whose look is due.
    fn take_due(&mut self, ready: &[usize], now: Instant) -> Vec<(usize, ClosingSocket)> {
        let due = self.looks.iter().take_while(|(look, _)| *look <= now).map(|(_, number)| *number);
        let numbers: Vec<usize> = ready.iter().copied().chain(due).collect();
        let due: Vec<_> =
            numbers.into_iter().filter_map(|number| Some((number, self.remove(number)?.socket))).collect();
        self.taken = due.len();
        due
    }

    fn put_back(&mut self, unfinished: Vec<(usize, ClosingSocket)>, now: Instant) {
        self.taken = 0;
        for (number, socket) in unfinished {
            self.insert(number, socket, now);
        }
    }

    /// Starts the thread, unless it runs or the system refuses it.
    fn start_worker(&mut self, now: Instant) {
        if self.worker.is_some() {
            return;
        }
        let Ok(poll) = Poll::new() else { return self.continue_without_worker() };
        let (Ok(registry), Ok(waker)) = (poll.registry().try_clone(), Waker::new(poll.registry(), WAKE)) else {
            return self.continue_without_worker();
        };
        let spawned = thread::Builder::new().name("wspeer-linger".to_owned()).spawn(move || run(poll));
        if spawned.is_err() {
            return self.continue_without_worker();
        }
        for (number, lingering) in &mut self.sockets {
            lingering.socket.watch(&registry, Token(*number));
        }
        self.worker = Some(Worker { registry, waker, wakes_at: now + LINGER_IDLE, idle_since: None });
        NEEDS_POLLS.store(false, Ordering::Release);
    }

    fn continue_without_worker(&mut self) {
        Poller::add_snapshot_work(advance_in_snapshot);
        NEEDS_POLLS.store(true, Ordering::Release);
    }

    /// How long the thread may block; `None` if it ends.
    fn blocking_time(&mut self, now: Instant) -> Option<Duration> {
        let worker = self.worker.as_mut()?;
        worker.wakes_at = match self.looks.first() {
            Some((look, _)) => *look,
            None => *worker.idle_since.get_or_insert(now) + LINGER_IDLE,
        };
        if self.looks.is_empty() && worker.wakes_at <= now {
            self.worker = None;
            return None;
        }
        Some(worker.wakes_at.saturating_duration_since(now))
    }
}

/// The thread.
fn run(mut poll: Poll) {
    let mut events = Events::with_capacity(EVENTS_PER_CALL);
    let mut time = Duration::ZERO;
    loop {
        if let Err(error) = poll.poll(&mut events, Some(time))
            && error.kind() != ErrorKind::Interrupted
        {
            // The system has no memory left; the deadlines still count.
            thread::sleep(time);
        }
        let ready: Vec<usize> = events.iter().map(|event| event.token().0).collect();
        let now = clock::now();
        let Some(mut closing) = CLOSING.lock() else { return };
        let due = closing.take_due(&ready, now);
        drop(closing);
        let unfinished = advance(due, now);
        let Some(mut closing) = CLOSING.lock() else { return };
        closing.put_back(unfinished, now);
        let Some(next) = closing.blocking_time(now) else { return };
        time = next;
    }
}

/// Waits until closed connections have written what they have to send, at the exit of the process, whose memory has
/// their data. Ends if none has written anything for [`LINGER_TIME`].
extern "C" fn finish_before_exit() {
    let (mut unsent_before, mut progressed) = (0, clock::now());
    loop {
        let progress = if process::has_lost_threads() { advance_without_threads() } else { advance_with_threads() };
        let ExitProgress::Unsent(unsent) = progress else { return };
        let now = clock::now();
        if unsent != unsent_before {
            (unsent_before, progressed) = (unsent, now);
        }
        if now.saturating_duration_since(progressed) >= LINGER_TIME {
            return;
        }
        thread::sleep(EXIT_TICK);
    }
}

fn advance_with_threads() -> ExitProgress {
    advance_in_snapshot();
    match CLOSING.lock() {
        Some(closing) if !closing.unwritten.is_empty() || closing.taken > 0 => {
            ExitProgress::Unsent(closing.unsent_bytes)
        }
        _ => ExitProgress::Done,
    }
}

/// Does the work of the thread, which the system has ended. What it had in hand is lost: it may hold the lock.
fn advance_without_threads() -> ExitProgress {
    let Some(mut closing) = CLOSING.try_lock() else { return ExitProgress::Done };
    let now = clock::now();
    let unwritten: Vec<usize> = closing.unwritten.iter().copied().collect();
    let due = closing.take_due(&unwritten, now);
    let unfinished = advance(due, now);
    closing.put_back(unfinished, now);
    if closing.unwritten.is_empty() { ExitProgress::Done } else { ExitProgress::Unsent(closing.unsent_bytes) }
}

/// Does the work of the thread if there is none; part of each snapshot of a poller.
fn advance_in_snapshot() {
    if !needs_polls() {
        return;
    }
    let Some(mut closing) = CLOSING.lock() else { return };
    let now = clock::now();
    if closing.looks.first().is_some_and(|(look, _)| *look > now) {
        return;
    }
    if !closing.sockets.is_empty() {
        closing.start_worker(now);
    }
    if closing.worker.is_none() {
        let due = closing.take_due(&[], now);
        let unfinished = advance(due, now);
        closing.put_back(unfinished, now);
        NEEDS_POLLS.store(!closing.sockets.is_empty(), Ordering::Release);
    }
}

/// Advances connections, and closes those that are finished. Returns the others.
fn advance(due: Vec<(usize, ClosingSocket)>, now: Instant) -> Vec<(usize, ClosingSocket)> {
    let advance = |(number, mut socket): (usize, ClosingSocket)| match socket.advance(now) {
        ClosingProgress::Unfinished => Some((number, socket)),
        ClosingProgress::Finished => None,
    };
    due.into_iter().filter_map(advance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Adds connections with some unsent bytes to a set with these limits. Returns the numbers of those that are left.
    fn set(most_sockets: usize, most_bytes: usize) -> impl FnMut(usize) -> Vec<usize> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut closing = ClosingSet::new();
        (closing.most_sockets, closing.most_bytes) = (most_sockets, most_bytes);
        move |unsent| {
            let now = clock::now();
            let socket = Arc::new(TcpSocket::connect(listener.local_addr().unwrap()).unwrap());
            drop(closing.add(ClosingSocket::new(socket, vec![7; unsent], now), now));
            closing.sockets.keys().copied().collect()
        }
    }

    #[test]
    fn the_oldest_connection_that_has_written_everything_makes_room() {
        let mut add = set(3, 1000);
        for unsent in [10, 0, 0] {
            add(unsent);
        }
        assert_eq!(add(10), [0, 2, 3]);
        assert_eq!(add(10), [0, 3, 4]);
        assert_eq!(add(10), [3, 4, 5], "all have unsent data");
        assert_eq!(add(0), [3, 4, 5], "only the newest has written everything");
    }

    #[test]
    fn the_oldest_unsent_data_makes_room_for_the_newest() {
        let mut add = set(100, 1000);
        for unsent in [600, 0, 400] {
            add(unsent);
        }
        assert_eq!(add(1), [1, 2, 3]);
        assert_eq!(add(5000), [1, 4], "the newest is kept, however large");
    }

    #[test]
    fn a_removed_connection_leaves_nothing() {
        let mut closing = ClosingSet::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let now = clock::now();
        let socket = Arc::new(TcpSocket::connect(listener.local_addr().unwrap()).unwrap());
        closing.add(ClosingSocket::new(socket, vec![7; 5], now), now);
        assert!(closing.take_due(&[0, 0, 1], now).len() == 1);
        assert_eq!((closing.unsent_bytes, closing.looks.len(), closing.unwritten.len()), (0, 0, 0));
    }
}
