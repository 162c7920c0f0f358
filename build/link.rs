//! Decides how the dynamic library is linked.

/// Keeps the library mapped after `dlclose()`. Threads that used it have thread-local values whose destructors are its
/// code, and the process-wide poller and its handler of `fork()` live as long as the process. A library that was mapped
/// again would make new ones each time, and lose the descriptors of the old ones.
///
/// ELF has a flag for that. macOS never unmaps a library with thread-local variables. On Windows the library pins
/// itself (`rust/net/windows.rs`).
pub fn stay_mapped() {
    let is_elf = std::env::var("CARGO_CFG_UNIX").is_ok()
        && std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor != "apple");
    if is_elf {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
