//! No memory that the library frees contains a private key: the allocator of this process searches every block that is
//! freed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![expect(unsafe_code, reason = "a global allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wspeer::net::tls::options::{IdentityPem, TlsOptions, read_pem_file};

/// Bytes of a secret that are searched for.
const NEEDLE: usize = 24;

static IS_SEARCHING: AtomicBool = AtomicBool::new(false);
static FOUND: AtomicUsize = AtomicUsize::new(0);
static NEEDLES: Mutex<[[u8; NEEDLE]; 2]> = Mutex::new([[0; NEEDLE]; 2]);

struct Searching;

// SAFETY: every call is passed on to the system's allocator; a block is only read before it is freed.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that a whole block can be read.
        // SAFETY: as this function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if IS_SEARCHING.load(Ordering::SeqCst) && layout.size() >= NEEDLE {
            // SAFETY: the block has this size, is initialised, and belongs to the caller.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            let needles = *NEEDLES.lock().unwrap();
            if bytes.windows(NEEDLE).any(|window| needles.iter().any(|needle| window == needle)) {
                FOUND.fetch_add(1, Ordering::SeqCst);
            }
        }
        // SAFETY: as this function.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Searching = Searching;

/// Counts the freed blocks that contain a part of a secret while `body` runs.
fn freed_with(secrets: [&[u8]; 2], body: impl FnOnce()) -> usize {
    *NEEDLES.lock().unwrap() = secrets.map(|secret| secret[..NEEDLE].try_into().unwrap());
    FOUND.store(0, Ordering::SeqCst);
    IS_SEARCHING.store(true, Ordering::SeqCst);
    body();
    IS_SEARCHING.store(false, Ordering::SeqCst);
    FOUND.load(Ordering::SeqCst)
}

#[test]
fn freed_memory_contains_no_private_key() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let (pem, der) = (key.serialize_pem(), key.serialize_der());
    // A PKCS#8 key of P-256 begins with 36 bytes that all have; the private number follows. In the text, the third line
    // of base64 is all of it.
    let text = pem.lines().nth(1).unwrap().as_bytes();
    let secrets = [&text[text.len() - NEEDLE..], &der[40..40 + NEEDLE]];
    assert_eq!(freed_with(secrets, || drop(pem.clone())), 1, "an ordinary text is found");
    let path = std::env::temp_dir().join(format!("wspeer-secrets-{}.key", std::process::id()));
    std::fs::write(&path, &pem).unwrap();
    let found = freed_with(secrets, || {
        let mut server = TlsOptions::default();
        server.set_server(&pem, &certificate).unwrap();
        let connection = server.server().unwrap();
        server.set_client_ca(&certificate, false).unwrap();
        let mut client = TlsOptions::default();
        client.set_client_certificate(&read_pem_file(path.to_str().unwrap()).unwrap(), &certificate).unwrap();
        client.set_client(Some(certificate.clone()), "").unwrap();
        let identity = IdentityPem::new(&pem, &certificate);
        assert!(!format!("{identity:?}").contains("PRIVATE"));
        drop((connection, client.client().unwrap(), client, server, identity));
    });
    std::fs::remove_file(path).unwrap();
    assert_eq!(found, 0);
}
