//! The C interface declared in `include/wspeer.h`, which is generated from this module.
//!
//! The doc comments here are the header's; what they say about pointers is the contract that every `unsafe` here relies on.

#![expect(unsafe_code, reason = "a C interface takes and returns pointers")]
#![expect(non_camel_case_types, reason = "these are the names of the C interface")]
#![allow(clippy::missing_safety_doc, reason = "the safety contract is the header's text: valid or NULL pointers")]

mod client;
mod error;
mod event;
mod handle;
mod handshake;
mod multiplayer;
mod options;
mod peer;
mod server;
mod server_peers;
mod stream;
mod tcp_server;
mod text;
mod tls_options;
mod trace;
mod versioned;
