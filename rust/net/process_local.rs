//! A value of which each process has its own: the child of a `fork()` begins with a new one, because it has none of the
//! parent's threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::process;

/// Time to wait for the lock in a process that uses the value for the first time. In a child it may be held for ever,
/// by a thread that only the parent has.
const FIRST_LOCK_TIME: Duration = Duration::from_secs(1);

/// The value and the process that uses it; see [`process::generation`].
#[derive(Debug)]
pub(super) struct ProcessLocal<T> {
    value: Mutex<T>,
    new: fn() -> T,
    /// The generation of the process that uses the value, plus one; 0 before the first use.
    owner: AtomicU64,
}

impl<T> ProcessLocal<T> {
    /// `value` is the first process's; `new` makes that of each child.
    pub const fn new(value: T, new: fn() -> T) -> Self {
        Self { value: Mutex::new(value), new, owner: AtomicU64::new(0) }
    }

    /// Locks the value of this process. `None` in a child that was forked while another thread held the lock.
    pub fn lock(&self) -> Option<MutexGuard<'_, T>> {
        let process = process::generation() + 1;
        if self.owner.load(Ordering::Acquire) == process {
            return Some(self.value.lock());
        }
        let mut value = self.value.try_lock_for(FIRST_LOCK_TIME)?;
        let owner = self.owner.swap(process, Ordering::AcqRel);
        if owner != process && owner != 0 {
            *value = (self.new)();
        }
        Some(value)
    }

    /// Locks the value if no thread holds the lock, and this process has used the value.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let is_own = self.owner.load(Ordering::Acquire) == process::generation() + 1;
        self.value.try_lock().filter(|_| is_own)
    }
}
