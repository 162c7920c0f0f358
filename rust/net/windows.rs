//! The functions of Windows that no safe crate has.

#![expect(unsafe_code, reason = "functions of the system")]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::Socket;
use windows_sys::Win32::Foundation::{HANDLE, HMODULE};
use windows_sys::Win32::NetworkManagement::IpHelper::if_nametoindex;
use windows_sys::Win32::Networking::WinSock::{SO_EXCLUSIVEADDRUSE, SOCKET_ERROR, SOL_SOCKET, setsockopt};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_OUTPUT_HANDLE, SetStdHandle};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

/// Keeps the library mapped until the process exits, like `build/link.rs` on other systems.
pub(super) fn stay_mapped() {
    static IS_PINNED: AtomicBool = AtomicBool::new(false);
    if IS_PINNED.load(Ordering::Relaxed) {
        return;
    }
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    let address = (&raw const IS_PINNED).cast();
    let mut module: HMODULE = null_mut();
    // SAFETY: with this flag the name is an address inside the module, here that of a static, and is not read. `module`
    // can be written.
    let result = unsafe { GetModuleHandleExW(flags, address, &raw mut module) };
    // It fails only for an address outside of any module. The next call tries again.
    IS_PINNED.store(result != 0, Ordering::Relaxed);
}

/// Returns whether the process is ending: no other thread runs any more.
pub(super) fn is_process_ending() -> bool {
    #[link(name = "ntdll")]
    unsafe extern "system" {
        fn RtlDllShutdownInProgress() -> u8;
    }
    // SAFETY: the function takes nothing and only reads a flag of the process.
    unsafe { RtlDllShutdownInProgress() != 0 }
}

/// Makes a listening socket the only one of its port, against sockets with any other option and address.
pub(super) fn set_exclusive_address_use(socket: &Socket) -> io::Result<()> {
    let enabled = 1i32.to_ne_bytes();
    let handle = usize::try_from(socket.as_raw_socket()).map_err(io::Error::other)?;
    // SAFETY: the socket is open as long as it is borrowed, and the option's value is the four bytes of `enabled`.
    let result = unsafe { setsockopt(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, enabled.as_ptr(), 4) };
    if result == SOCKET_ERROR { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Returns the number of the network interface with this name, such as `ethernet_32769`.
pub(super) fn interface_number(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name ends with NUL and lives until the call returns.
    let number = unsafe { if_nametoindex(name.as_ptr().cast()) };
    (number != 0).then_some(number)
}

/// While it lives, what Rust code prints to the standard output of the process is discarded.
#[derive(Debug)]
pub struct DiscardedOutput {
    original: HANDLE,
    _nowhere: File,
}

impl DiscardedOutput {
    /// Returns `None` if the process has no standard output, or the system does not let it be replaced.
    pub fn begin() -> Option<Self> {
        let nowhere = File::options().write(true).open("NUL").ok()?;
        // SAFETY: the handle of `nowhere` is open until this value is dropped, which puts the first one back.
        unsafe {
            let original = GetStdHandle(STD_OUTPUT_HANDLE);
            let is_set = !original.is_null() && SetStdHandle(STD_OUTPUT_HANDLE, nowhere.as_raw_handle()) != 0;
            is_set.then_some(Self { original, _nowhere: nowhere })
        }
    }
}

impl Drop for DiscardedOutput {
    fn drop(&mut self) {
        // SAFETY: it was the standard output before, and this library has not closed it.
        let _restored = unsafe { SetStdHandle(STD_OUTPUT_HANDLE, self.original) };
    }
}
