//! Integration tests of the Rust layers, in one binary. `trace.rs` and `secrets.rs` are binaries of their own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod admission;
mod allocations;
mod background_flush;
mod batches;
mod client;
mod compression;
mod connection;
mod corpus;
mod event_order;
mod event_states;
mod event_subjects;
mod fixtures;
mod godot3_mode;
mod handshake;
mod header;
mod heartbeat_rules;
mod late_handshakes;
mod late_polls;
mod layers;
mod lingering;
mod list_sends;
mod memory;
mod module_graph;
mod options;
mod peers;
mod reconnecting;
mod refusals;
mod request_rules;
mod response_rules;
mod rooms;
mod scenes;
mod server;
mod split;
mod tls;
mod tls_matrix;
mod tls_trust;
mod waiting;
mod world;

/// Counts memory for the tests in `allocations.rs`.
#[global_allocator]
static ALLOCATOR: allocations::CountingAllocator = allocations::CountingAllocator;
