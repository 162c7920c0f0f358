//! The server object: it listens, and keeps the connections of its clients under ids.
//!
//! Only connections with work are polled: those that the server's own poller reports, those that a call of the program
//! has given work, and those whose deadline has passed. Ten thousand idle ones cost nothing.

mod accepting;
mod closing;
mod events;
mod godot3_mode;
mod handshakes;
mod listening;
mod polling;
mod receiving;
mod sending;
mod server_peer;
mod server_state;
mod waiting;

pub use listening::ListenParameters;
pub use server_state::Server;
