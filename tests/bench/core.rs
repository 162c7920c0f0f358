//! Benchmark of the protocol core without I/O: nanoseconds per frame, and GB/s against `memcpy`. Prints lines that begin with
//! ROW, with fields separated by tabs: name, unit, our value, the compared value (or nothing), ratio.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark fails by panicking, and reads the clock"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use wspeer::proto::Role;
use wspeer::proto::connection::{Connection, ReceiveOutcome, SendOptions};
use wspeer::proto::frame::MessageKind;
use wspeer::proto::message::MessageSink;
use wspeer::proto::output_buffer::OutputBuffer;
use wspeer::proto::{mask, utf8};

const SAMPLE: Duration = Duration::from_millis(60);
const ROUNDS: usize = 9;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LARGE: usize = 1 << 20;
const FRAMES: usize = 1000;

/// Returns the seconds of one call.
fn once(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    let mut calls = 0u32;
    while start.elapsed() < SAMPLE {
        work();
        calls += 1;
    }
    start.elapsed().as_secs_f64() / f64::from(calls)
}

/// Returns the medians of two kinds of work, measured alternately.
fn compare(mut a: impl FnMut(), mut b: impl FnMut()) -> (f64, f64) {
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        samples[0].push(once(&mut a));
        samples[1].push(once(&mut b));
    }
    let [a, b] = samples.map(|mut sample| {
        sample.sort_by(f64::total_cmp);
        sample[ROUNDS / 2]
    });
    (a, b)
}

fn gigabytes(name: &str, work: impl FnMut()) {
    let source = vec![1u8; LARGE];
    let mut target = vec![0u8; LARGE];
    let (ours, copy) = compare(work, || {
        black_box(&mut target).copy_from_slice(black_box(&source));
    });
    let rate = |seconds: f64| LARGE as f64 / seconds / 1e9;
    println!("ROW\t{name}\tGB/s\t{:.2}\t{:.2}\t{:.2}", rate(ours), rate(copy), copy / ours);
}

#[derive(Default)]
struct Sink {
    bytes: usize,
}

impl MessageSink for Sink {
    fn has_room(&self, _message_bytes: u64) -> bool {
        true
    }

    fn push(&mut self, _kind: MessageKind, payload: &[u8]) {
        self.bytes += payload.len();
    }

    fn push_owned(&mut self, _kind: MessageKind, payload: Vec<u8>) {
        self.bytes += payload.len();
    }

    fn pong(&mut self, _payload: &[u8]) {}

    fn ping(&mut self, _payload: &[u8]) {}
}

/// Returns `FRAMES` encoded frames of a client.
fn frames(kind: MessageKind, payload: &[u8]) -> Vec<u8> {
    let mut connection = Connection::new(Role::Client, None, || KEY);
    let mut output = OutputBuffer::default();
    for _ in 0..FRAMES {
        connection.send(kind, payload, SendOptions::PLAIN, &mut output);
    }
    output.pending().to_vec()
}

fn per_frame(name: &str, size: usize, kind: MessageKind) {
    let payload = vec![b'x'; size];
    let input = frames(kind, &payload);
    let mut buffer = input.clone();
    let mut copy = input.clone();
    let mut connection = Connection::new(Role::Server, None, || KEY);
    let mut output = OutputBuffer::default();
    let mut sink = Sink::default();
    let (ours, alone) = compare(
        || {
            buffer.copy_from_slice(&input);
            let (_, stopped) = connection.receive(&mut buffer, usize::MAX, &mut sink, &mut output);
            assert_eq!(stopped.unwrap(), ReceiveOutcome::NeedsInput);
        },
        || black_box(&mut copy).copy_from_slice(black_box(&input)),
    );
    println!("ROW\treceive {name}\tns a frame\t{:.1}\t\t", (ours - alone) / FRAMES as f64 * 1e9);

    let mut sender = Connection::new(Role::Client, None, || KEY);
    let (ours, _) = compare(
        || {
            for _ in 0..FRAMES {
                sender.send(kind, &payload, SendOptions::PLAIN, &mut output);
            }
            output.advance(output.len());
        },
        || {},
    );
    println!("ROW\tsend, masked, {name}\tns a frame\t{:.1}\t\t", ours / FRAMES as f64 * 1e9);
    black_box(sink.bytes);
}

fn main() {
    let mut data = vec![b'x'; LARGE];
    gigabytes("unmask 1 MiB in place, against memcpy", || mask::apply(black_box(&mut data), KEY, 0));
    let text = "gr\u{fc}\u{df}e aus dem Wald ".repeat(LARGE / 20 + 1);
    let text = text.as_bytes().get(..LARGE - LARGE % 20).unwrap_or_default().to_vec();
    gigabytes("UTF-8 check of 1 MiB, against memcpy", || utf8::check(black_box(&text)).unwrap_or_default());
    let mut both = vec![b'x'; LARGE];
    gigabytes("unmask and UTF-8 check of 1 MiB, against memcpy", || {
        // Masking twice restores the text, so every other call checks text.
        mask::apply(black_box(&mut both), [0, 0, 0, 1], 0);
        utf8::check(black_box(&both)).unwrap();
    });
    let plain = vec![b'x'; LARGE];
    let mut sender = Connection::new(Role::Client, None, || KEY);
    let mut output = OutputBuffer::default();
    gigabytes("encode 1 MiB, masked, against memcpy", || {
        sender.send(MessageKind::Binary, black_box(&plain), SendOptions::PLAIN, &mut output);
        output.advance(output.len());
    });
    per_frame("16 B", 16, MessageKind::Binary);
    per_frame("text of 128 B", 128, MessageKind::Text);
    per_frame("1 KiB", 1024, MessageKind::Binary);
}
