//! Integration tests of the Rust layers, in one binary.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod compression;
mod connection;
mod corpus;
mod fixtures;
mod handshake;
mod header;
mod layers;
mod memory;
mod peers;
mod rooms;
mod scenes;
mod split;
mod tls;
