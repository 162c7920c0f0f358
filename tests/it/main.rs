//! Integration tests of the Rust layers, in one binary. `trace.rs` is a binary of its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod any_client;
mod batches;
mod client;
mod compression;
mod connection;
mod corpus;
mod fixtures;
mod godot3_mode;
mod handshake;
mod handshake_choices;
mod header;
mod host_names;
mod layers;
mod memory;
mod module_graph;
mod options;
mod peers;
mod redirects;
mod request_rules;
mod response_rules;
mod rooms;
mod scenes;
mod server;
mod split;
mod tls;
mod tls_matrix;
mod tls_trust;
mod world;
