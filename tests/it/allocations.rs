//! Memory of messages up to their limits, counted by the allocator: inbound and outbound, in every form.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use wspeer::peer::{PeerEvent, WebSocketPeer};
use wspeer::proto::frame::MessageKind::Binary;

use crate::fixtures::{Pair, Raw, frame, until};
use crate::memory::alone;
use crate::world::{BINARY, World};

/// Counts the allocated bytes of the process.
pub struct CountingAllocator;

static CURRENT: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    let now = CURRENT.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as this function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        CURRENT.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as this function.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The system's allocator moves the pages of large blocks and copies nothing.
        CURRENT.fetch_sub(layout.size(), Ordering::Relaxed);
        add(size);
        // SAFETY: as this function.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// No power of two, so that doubling would exceed it by much.
const LIMIT: usize = 17 << 20;
const MIB: usize = 1 << 20;

/// Checks the memory of `body`: at most the limit, one copy of the message in hand and 1 MiB while it runs, and the
/// limit and 1 MiB after it.
fn check(what: &str, in_hand: usize, body: impl FnOnce()) {
    let before = CURRENT.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    body();
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let rest = CURRENT.load(Ordering::Relaxed).saturating_sub(before);
    assert!(peak <= LIMIT + in_hand + MIB, "{what}: peak of {peak} bytes");
    assert!(rest <= LIMIT + MIB, "{what}: {rest} bytes at the end");
}

/// Bytes that no compressor shortens.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn write_while_polled(raw: &mut Raw, wire: &[u8]) {
    raw.socket.set_nonblocking(true).unwrap();
    let mut written = 0;
    raw.poll_with("all input", |_, socket| {
        written += socket.write(&wire[written..]).unwrap_or(0);
        written == wire.len()
    });
}

#[test]
fn received_messages_hold_little_more_than_the_limit() {
    alone("allocations::received_messages_hold_little_more_than_the_limit", || {
        let fragments = |size: usize, payload: &[u8]| {
            let last = payload.chunks(size).count() - 1;
            let wire = payload.chunks(size).enumerate().flat_map(|(index, piece)| {
                let fin = if index == last { 0x80 } else { 0 };
                frame(fin | if index == 0 { 2 } else { 0 }, true, piece)
            });
            wire.collect::<Vec<u8>>()
        };
        let payload = noise(LIMIT);
        for size in [LIMIT, 300_000, 5_000, 100] {
            let wire = fragments(size, &payload);
            let mut raw = Raw::server_with(|peer| peer.options.set_inbound_buffer_size(LIMIT));
            raw.peer.poll();
            check(&format!("fragments of {size}"), LIMIT, || {
                write_while_polled(&mut raw, &wire);
                raw.poll_until("message", |peer| peer.packet_count() == 1);
            });
            assert_eq!(raw.peer.take_packet().unwrap().len(), LIMIT);
        }
        for size in [1_500_000, 90_000, 4_000] {
            let wire: Vec<u8> = payload.chunks(size).flat_map(|piece| fragments(size / 3 + 1, piece)).collect();
            let count = payload.chunks(size).count();
            let mut raw = Raw::server_with(|peer| {
                peer.options.set_inbound_buffer_size(LIMIT);
                peer.options.set_max_queued_packets(count);
            });
            check(&format!("messages of {size}"), size, || {
                write_while_polled(&mut raw, &wire);
                raw.poll_until("messages", |peer| peer.packet_count() == count);
            });
        }
    });
}

fn compressing(peer: &mut WebSocketPeer) {
    peer.options.set_compression_enabled(true);
    peer.options.set_inbound_buffer_size(LIMIT);
    peer.options.set_outbound_buffer_size(LIMIT);
}

#[test]
fn decompressed_messages_hold_little_more_than_the_limit() {
    alone("allocations::decompressed_messages_hold_little_more_than_the_limit", || {
        let half: Vec<u8> = noise(LIMIT / 2).into_iter().chain(vec![7; LIMIT - LIMIT / 2]).collect();
        for payload in [vec![7; LIMIT], half] {
            let mut pair = Pair::with(compressing, compressing);
            pair.client.send(Binary, b"the windows of both directions").unwrap();
            pair.drive("first", |pair| pair.server.take_packet().is_ok());
            pair.client.send(Binary, &payload).unwrap();
            // What the sender still holds is counted before, and freed in the meantime.
            check("decompressed", LIMIT, || {
                pair.drive("message", |pair| pair.server.packet_count() == 1);
            });
            assert_eq!(pair.server.take_packet().unwrap().len(), LIMIT);
        }
    });
}

/// Fills the outbound queue of a peer whose remote peer reads nothing.
fn fill(peer: &mut WebSocketPeer, payload: &[u8]) {
    until("a full queue", || peer.send(Binary, payload).is_err());
}

#[test]
fn sent_messages_hold_little_more_than_the_limit() {
    alone("allocations::sent_messages_hold_little_more_than_the_limit", || {
        let payload = noise(LIMIT);
        for size in [LIMIT, LIMIT / 3, 100_000, 6_000] {
            for compresses in [false, true] {
                let setup = |peer: &mut WebSocketPeer| {
                    compressing(peer);
                    peer.options.set_compression_enabled(compresses);
                };
                let mut pair = Pair::with(setup, setup);
                for _ in 0..2 {
                    check(&format!("a client's {size} bytes, compressed: {compresses}"), size, || {
                        fill(&mut pair.client, &payload[..size]);
                    });
                    check(&format!("a server's {size} bytes, compressed: {compresses}"), size, || {
                        fill(&mut pair.server, &payload[..size]);
                    });
                }
            }
        }
    });
}

#[test]
fn a_queue_that_is_always_full_holds_little_more_than_the_limit() {
    alone("allocations::a_queue_that_is_always_full_holds_little_more_than_the_limit", || {
        let mut raw = Raw::server_with(|peer| peer.options.set_outbound_buffer_size(LIMIT));
        let payload = noise(8_000);
        let mut buffer = vec![0; 300_000];
        check("an outbound queue", payload.len(), || {
            fill(&mut raw.peer, &payload);
            for _ in 0..400 {
                let _read = std::io::Read::read(&mut raw.socket, &mut buffer);
                raw.peer.poll();
                fill(&mut raw.peer, &payload);
            }
        });
    });
}

#[test]
fn a_broadcast_holds_little_more_than_the_limit_and_one_copy() {
    alone("allocations::a_broadcast_holds_little_more_than_the_limit_and_one_copy", || {
        for frame_size in [usize::MAX, 65_536] {
            let mut world = World::listening(&[], false, |server| {
                server
                    .set_options(|options| {
                        options.peer.set_outbound_buffer_size(LIMIT);
                        options.peer.set_max_frame_size(frame_size);
                        Ok(())
                    })
                    .unwrap();
            });
            let (_socket, id) = world.raw_open();
            assert!(world.events.iter().any(|event| matches!(event, PeerEvent::Opened { .. })));
            let payload = noise(LIMIT);
            check("a broadcast", LIMIT, || world.server.send_to(0, BINARY, &payload).unwrap());
            assert!(world.server.outbound_buffered_amount(id).unwrap() > 0);
        }
    });
}
