//! Integration tests of the Rust layers, in one binary. `trace.rs` and `secrets.rs` are binaries of their own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod admission;
mod allocations;
mod any_client;
mod background_flush;
mod batches;
mod client;
#[cfg(feature = "tls")]
mod closing;
mod compression;
mod connection;
mod corpus;
mod event_order;
mod event_states;
mod event_subjects;
mod fixtures;
mod godot3_mode;
mod handshake;
mod handshake_choices;
mod header;
mod heartbeat_rules;
mod host_names;
mod late_handshakes;
mod late_polls;
mod layers;
mod lingering;
mod list_sends;
mod memory;
mod module_graph;
#[cfg(not(feature = "tls"))]
mod no_tls;
mod options;
mod peers;
mod reconnecting;
#[cfg(feature = "tls")]
mod redirects;
mod refusals;
mod request_rules;
mod response_rules;
mod rooms;
mod scenes;
mod server;
mod split;
#[cfg(feature = "tls")]
mod stopping;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_matrix;
#[cfg(feature = "tls")]
mod tls_trust;
mod waiting;
mod world;

/// Counts memory for the tests in `allocations.rs`.
#[global_allocator]
static ALLOCATOR: allocations::CountingAllocator = allocations::CountingAllocator;
