//! The beginning and the end of this process. The child of a `fork()` begins with a copy of its parent's memory: of
//! random generators, pollers and unfinished work of threads that the child does not have.

#[cfg(unix)]
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Number of forks between the process that loaded this library and this one.
#[cfg(unix)]
static GENERATION: AtomicU64 = AtomicU64::new(0);

#[cfg(unix)]
static IS_COUNTING: AtomicBool = AtomicBool::new(false);

/// Returns a number that is another one in the child of a `fork()`. Without a fork it never changes, and it costs two
/// loads. Children of `vfork()` and `_Fork()` are not counted: they may only call functions that are safe in signal
/// handlers.
#[cfg(unix)]
pub fn generation() -> u64 {
    if !IS_COUNTING.load(Ordering::Acquire) {
        count_forks();
    }
    GENERATION.load(Ordering::Acquire)
}

/// Windows has no `fork()`. Everything that outlives the program's use of the library asks for the number first, so it
/// also makes the library stay mapped.
#[cfg(windows)]
pub fn generation() -> u64 {
    super::windows::stay_mapped();
    0
}

/// Returns whether the system has ended all threads but this one because the process exits, which it does on Windows
/// before it calls the exit functions of dynamic libraries.
pub fn has_lost_threads() -> bool {
    #[cfg(unix)]
    return false;
    #[cfg(windows)]
    return super::windows::is_process_ending();
}

/// Registers the handler of `fork()`. Two threads that do so at the same time register it twice, which only makes the
/// numbers larger.
#[cfg(unix)]
#[cold]
#[expect(unsafe_code, reason = "a function of the system")]
fn count_forks() {
    type Handler = Option<extern "C" fn()>;
    unsafe extern "C" {
        fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> i32;
    }

    extern "C" fn count() {
        GENERATION.fetch_add(1, Ordering::AcqRel);
    }

    // SAFETY: the handler only adds to an atomic, which is safe in a signal handler, and it stays mapped as long as the
    // process runs (`build/link.rs`).
    let result = unsafe { pthread_atfork(None, None, Some(count)) };
    // It fails only if there is no memory. The next call tries again.
    IS_COUNTING.store(result == 0, Ordering::Release);
}

/// Calls a function when the process exits by `exit()` or by returning from `main()`.
#[expect(unsafe_code, reason = "a function of the system")]
pub fn at_exit(function: extern "C" fn()) {
    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> i32;
    }
    // SAFETY: the function has no arguments, does not unwind, and stays mapped as long as the process runs
    // (`build/link.rs`). Without memory it is not registered, and the process exits without it.
    let _registered = unsafe { atexit(function) };
}
