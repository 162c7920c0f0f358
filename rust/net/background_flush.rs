//! Decides when output is written that a program has left collected: within [`FLUSH_INTERVAL`], by a thread of the
//! process.
//!
//! Objects collect small messages, so that a burst costs few system calls, and usually the next poll writes them. A
//! program that blocks or sleeps meanwhile makes no poll. So an object that begins to collect asks this thread, which
//! takes the object's lock only if no other thread holds it. It starts with the first request, and ends after
//! [`FLUSH_IDLE`] without one. If the system refuses the thread, objects write each message at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use parking_lot::Mutex;

use super::process_local::ProcessLocal;
use super::{clock, process};
use crate::limits::{FLUSH_IDLE, FLUSH_INTERVAL, FLUSH_RETRY};

/// An object whose collected output the thread writes.
pub trait BackgroundFlush: Send + Sync {
    /// Writes collected output as far as the network accepts it. Blocks neither for the network nor for a lock.
    fn flush_in_background(&self) -> FlushProgress;
}

/// What is left after a background flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushProgress {
    /// No output that the thread may write.
    Done,
    /// Output that the network does not accept yet.
    Waiting,
    /// Unknown: another thread uses the object.
    Busy,
}

/// The way of an object to ask for a background flush. The default is that of an object which only its owner can reach:
/// its output waits for the owner's next flush or poll.
#[derive(Clone, Debug, Default)]
pub struct FlushRequests(Option<Arc<Entry>>);

/// Keeps an object known to the thread. After its drop the thread does not touch the object any more, so that the
/// object's destructor runs in the thread that frees it.
#[derive(Debug)]
pub struct FlushRegistration(Arc<Entry>);

/// What the thread knows of an object.
struct Entry {
    object: Mutex<Option<Weak<dyn BackgroundFlush>>>,
    /// Number of the process in whose queue the entry is, plus one; 0 if it is in none. In the child of a `fork()` it
    /// may be that of the parent, whose thread the child does not have.
    queued_in: AtomicU64,
}

/// The objects that have asked for a flush.
struct Queue {
    entries: Vec<Arc<Entry>>,
    has_thread: bool,
}

static QUEUE: ProcessLocal<Queue> = ProcessLocal::new(Queue::new(), Queue::new);

impl FlushRegistration {
    /// Makes an object known.
    pub fn new<T: BackgroundFlush + 'static>(object: &Arc<T>) -> Self {
        let object: Weak<dyn BackgroundFlush> = Arc::<T>::downgrade(object);
        Self(Arc::new(Entry { object: Mutex::new(Some(object)), queued_in: AtomicU64::new(0) }))
    }

    /// Returns what the object asks by.
    pub fn requests(&self) -> FlushRequests {
        FlushRequests(Some(Arc::clone(&self.0)))
    }
}

impl Drop for FlushRegistration {
    fn drop(&mut self) {
        // Waits for a flush of the object that is under way.
        self.0.object.lock().take();
    }
}

impl FlushRequests {
    /// Asks for a flush of output that the object has collected. The object's lock is held. Returns whether the output
    /// may wait; otherwise the object must write it now.
    pub fn request(&self) -> bool {
        self.0.as_ref().is_none_or(|entry| entry.is_queued() || enqueue(entry))
    }
}

impl Entry {
    /// This is asked for each message, so it takes no lock and no system call.
    fn is_queued(&self) -> bool {
        self.queued_in.load(Ordering::Acquire) == process_mark()
    }

    /// Notes that the entry is in the queue; returns whether it was not.
    fn set_queued(&self) -> bool {
        let mark = process_mark();
        self.queued_in.swap(mark, Ordering::AcqRel) != mark
    }

    fn flush(&self) -> FlushProgress {
        let object = self.object.lock();
        let Some(object) = object.as_ref().and_then(Weak::upgrade) else { return FlushProgress::Done };
        // A panic is a bug; the thread goes on for the other objects.
        catch_unwind(AssertUnwindSafe(|| object.flush_in_background())).unwrap_or(FlushProgress::Done)
    }
}

impl Queue {
    const fn new() -> Self {
        Self { entries: Vec::new(), has_thread: false }
    }

    fn ensure_thread(&mut self) -> bool {
        let spawn = || thread::Builder::new().name("wspeer-flush".to_owned()).spawn(run);
        self.has_thread = self.has_thread || spawn().is_ok();
        self.has_thread
    }
}

fn process_mark() -> u64 {
    process::generation() + 1
}

#[cold]
fn enqueue(entry: &Arc<Entry>) -> bool {
    // None in a child that was forked while another thread of the parent held the lock.
    let Some(mut queue) = QUEUE.lock() else { return false };
    let is_accepted = queue.ensure_thread();
    if is_accepted && entry.set_queued() {
        queue.entries.push(Arc::clone(entry));
    }
    is_accepted
}

/// The thread.
fn run() {
    let mut pause = FLUSH_INTERVAL;
    let mut last_request = clock::now();
    loop {
        thread::sleep(pause);
        let now = clock::now();
        let Some(mut queue) = QUEUE.lock() else { return };
        let entries = std::mem::take(&mut queue.entries);
        if !entries.is_empty() {
            last_request = now;
        } else if now.saturating_duration_since(last_request) >= FLUSH_IDLE {
            queue.has_thread = false;
            return;
        }
        drop(queue);
        let (unfinished, is_busy) = flush_all(entries);
        pause = if is_busy { FLUSH_RETRY } else { FLUSH_INTERVAL };
        if let Some(mut queue) = QUEUE.lock() {
            queue.entries.extend(unfinished);
        }
    }
}

/// Flushes objects. Returns those that need another flush, and whether one of them was in use.
fn flush_all(entries: Vec<Arc<Entry>>) -> (Vec<Arc<Entry>>, bool) {
    let mut unfinished = Vec::new();
    let mut is_busy = false;
    for entry in entries {
        // Before the flush, because the object may collect again as soon as its lock is free.
        entry.queued_in.store(0, Ordering::Release);
        let progress = entry.flush();
        is_busy |= progress == FlushProgress::Busy;
        if progress != FlushProgress::Done && entry.set_queued() {
            unfinished.push(entry);
        }
    }
    (unfinished, is_busy)
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("queued_in", &self.queued_in).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// An object that reports each of these in turn, and [`FlushProgress::Done`] from then on.
    struct Scripted {
        script: Vec<FlushProgress>,
        flushes: AtomicUsize,
    }

    impl BackgroundFlush for Scripted {
        fn flush_in_background(&self) -> FlushProgress {
            let flush = self.flushes.fetch_add(1, Ordering::AcqRel);
            self.script.get(flush).copied().unwrap_or(FlushProgress::Done)
        }
    }

    fn scripted(script: &[FlushProgress]) -> (Arc<Scripted>, FlushRegistration) {
        let object = Arc::new(Scripted { script: script.to_vec(), flushes: AtomicUsize::new(0) });
        let registration = FlushRegistration::new(&object);
        (object, registration)
    }

    fn wait_for(mut done: impl FnMut() -> bool) {
        for _ in 0..100_000 {
            if done() {
                return;
            }
            thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("nothing happened");
    }

    #[test]
    fn an_object_is_flushed_again_until_nothing_waits() {
        let (object, registration) = scripted(&[FlushProgress::Busy, FlushProgress::Waiting, FlushProgress::Waiting]);
        let requests = registration.requests();
        assert!(requests.request() && requests.request());
        wait_for(|| object.flushes.load(Ordering::Acquire) == 4 && !registration.0.is_queued());
        assert!(requests.request());
        wait_for(|| object.flushes.load(Ordering::Acquire) == 5);
    }

    #[test]
    fn a_freed_object_is_not_touched_and_another_one_is() {
        let (object, registration) = scripted(&[]);
        let requests = registration.requests();
        let weak = Arc::downgrade(&object);
        assert!(requests.request());
        drop(registration);
        drop(object);
        assert_eq!(weak.strong_count(), 0, "freed by this thread");
        let (other, registration) = scripted(&[]);
        assert!(registration.requests().request());
        wait_for(|| other.flushes.load(Ordering::Acquire) == 1);
    }

    #[test]
    fn an_object_without_a_registration_may_collect() {
        assert!(FlushRequests::default().request());
    }

    #[test]
    fn an_entry_that_is_in_the_queue_of_another_process_is_queued_again() {
        let (object, registration) = scripted(&[]);
        // As in the child of a process that forked before its thread came to the entry.
        registration.0.queued_in.store(u64::MAX, Ordering::Release);
        assert!(registration.requests().request());
        wait_for(|| object.flushes.load(Ordering::Acquire) == 1);
    }
}
