//! WebSockets for programs that tick: games, servers with a frame loop, and other programs that do all their work in
//! calls of their own. There is no runtime and no callback. A program calls `poll()`, which never blocks, and then
//! takes the events.
//!
//! # Objects
//!
//! | Object | Purpose |
//! |---|---|
//! | [`peer::WebSocketPeer`] | One connection, as a client or from an accepted stream. |
//! | [`peer::Client`] | A connection with events, which can reconnect automatically. |
//! | [`peer::Server`] | A server with all its connections. Peers have numbers; a message can be sent to all of them. |
//! | [`peer::MultiplayerPeer`] | A room: a host and its clients with the ids of Godot's multiplayer API. |
//! | [`peer::StreamPeerTcp`], [`peer::StreamPeerTls`], [`peer::TcpServer`] | Streams without WebSocket. |
//! | [`peer::trace`] | The messages and the state of all peers of the process, for debuggers. |
//!
//! # An echo server and its client
//!
//! ```
//! use std::time::Duration;
//!
//! use wspeer::error::Result;
//! use wspeer::peer::{Client, ConnectParameters, ListenParameters, MessageKind, PeerEvent, Server};
//!
//! fn main() -> Result {
//!     let mut server = Server::new();
//!     server.configure(|options| options.listen.set_bind_address("127.0.0.1"))?;
//!     server.listen(0, ListenParameters::default())?;
//!
//!     let mut client = Client::new();
//!     let url = format!("ws://127.0.0.1:{}", server.local_port());
//!     client.connect_to_url(&url, ConnectParameters::default())?;
//!
//!     // Each round is a tick. The client ends the loop by its last event: `Closed` or `Failed`.
//!     loop {
//!         server.poll();
//!         while let Some(event) = server.next_event() {
//!             if let PeerEvent::Message { id } = event {
//!                 let message = server.take_message(id)?.to_vec();
//!                 server.send(id, MessageKind::Text, &message)?;
//!             }
//!         }
//!
//!         client.poll();
//!         while let Some(event) = client.next_event() {
//!             match event {
//!                 PeerEvent::Opened { .. } => client.send(MessageKind::Text, b"hello")?,
//!                 PeerEvent::Message { .. } => {
//!                     assert_eq!(client.take_message()?, b"hello");
//!                     client.disconnect_from_host(1000, "done")?;
//!                 }
//!                 PeerEvent::Closed { was_clean, .. } => {
//!                     assert!(was_clean);
//!                     return Ok(());
//!                 }
//!                 PeerEvent::Failed { reason, .. } => panic!("{reason}"),
//!                 _ => {}
//!             }
//!         }
//!         std::thread::sleep(Duration::from_millis(1));
//!     }
//! }
//! ```
//!
//! A program without ticks calls [`peer::Client::wait`] or [`peer::Server::wait`] instead, which block until there is
//! an event. The folder `examples/` contains `echo_client`, `echo_server`, `chat_server` and `room`.
//!
//! # Features
//!
//! Only `tls` is on by default: a Rust program depends on neither Godot nor cbindgen.
//!
//! * `tls` adds TLS by rustls. Without it, `wss://` URLs and the TLS options are refused with
//!   [`error::ErrorCode::Unavailable`].
//! * `godot` adds the classes of the Godot extension (GDExtension) and depends on the crate `godot`.
//! * `godot-double` does the same for engines that were built with `precision=double`.
//! * `capi` adds the functions of `wspeer.h` to the library. cbindgen writes that header during the build. The feature
//!   `c-interface` does the same without `tls`.
//!
//! # Numbers
//!
//! Sizes are [`usize`], times are [`std::time::Duration`]. Some numbers have the types of Godot's classes, because each
//! binding passes them on:
//!
//! * Peer ids are `i32`: 1 is the server, others are from 2 to 2147483647. As a target, 0 means all peers, and a
//!   negative id all but that one.
//! * [`peer::WebSocketPeer::close`] takes an `i32`: a negative code drops the connection without a close frame.
//! * [`peer::WebSocketPeer::close_code`] returns an `i32`: 0 for a close frame without a code, -1 if the close
//!   handshake was not completed.
//!
//! # Modules
//!
//! [`proto`] is the protocol without I/O, [`net`] the access to the operating system, [`peer`] the objects. Programs
//! use [`peer`] and [`error`], and from the others the types of arguments and results, for example [`net::ClientTls`]
//! and [`proto::handshake::HttpAnswer`].

#[cfg(feature = "c-interface")]
mod capi;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "godot-classes")]
#[expect(clippy::needless_pass_by_value, reason = "arguments of methods that scripts call are values")]
mod godot;
pub mod limits;
pub mod net;
pub mod peer;
pub mod proto;
