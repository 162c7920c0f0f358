//! Discards what the process prints to its standard output for a short time.

#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};

#[cfg(windows)]
use crate::net::windows::DiscardedOutput;

/// While it lives, the standard output of the process is discarded; on Windows only what Rust code prints. Errors are
/// still printed.
pub struct SilencedOutput {
    #[cfg(unix)]
    original: Option<OwnedFd>,
    #[cfg(windows)]
    _discarded: Option<DiscardedOutput>,
}

impl SilencedOutput {
    #[cfg(unix)]
    pub fn new() -> Self {
        let original = std::io::stdout().as_fd().try_clone_to_owned();
        let nowhere = std::fs::File::options().write(true).open("/dev/null");
        let (Ok(original), Ok(nowhere)) = (original, nowhere) else { return Self { original: None } };
        let is_silenced = rustix::stdio::dup2_stdout(nowhere).is_ok();
        Self { original: is_silenced.then_some(original) }
    }

    #[cfg(windows)]
    pub fn new() -> Self {
        Self { _discarded: DiscardedOutput::begin() }
    }
}

#[cfg(unix)]
impl Drop for SilencedOutput {
    fn drop(&mut self) {
        if let Some(original) = self.original.take() {
            // It was the standard output before, so it can be again.
            let _restored = rustix::stdio::dup2_stdout(original);
        }
    }
}
