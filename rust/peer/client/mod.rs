//! The client object: one connection to a server, which is made again after a loss if the program wants that.

mod client_state;
mod closing;
mod connecting;
mod events;
mod godot3_mode;
mod polling;
mod receiving;
mod sending;
mod waiting;
mod waiting_threads;

pub use client_state::{Client, ClientStatus};
pub use connecting::ConnectParameters;
