//! The C interface declared in `include/wspeer.h`, which `build/header.rs` makes of this folder.
//!
//! The doc comments of public items are the header's text. Every `unsafe` here relies on their statements about
//! pointers. A function converts its arguments, calls `peer/`, and converts the result.

#![expect(unsafe_code, reason = "a C interface takes and returns pointers")]
#![expect(non_camel_case_types, reason = "these are the names of the C interface")]
#![allow(clippy::missing_safety_doc, reason = "the safety contract is the header's text: valid or NULL pointers")]

mod arguments;
mod client;
mod error;
mod event;
mod failure;
mod flushed_object;
mod handle;
mod lent;
mod multiplayer;
mod options;
mod peer;
mod peer_connection;
mod peer_messages;
mod request;
mod server;
mod server_peers;
mod stream;
mod tcp_server;
mod tls_info;
mod tls_options;
mod trace;
mod version;
mod versioned;
