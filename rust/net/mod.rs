//! Everything that touches the operating system: sockets, names, readiness, time, randomness.

pub mod clock;
pub mod connector;
pub mod dns;
pub mod entropy;
pub mod error;
pub mod linger;
pub mod listener;
pub mod poller;
pub mod tcp;
pub mod transport;

pub use connector::Connector;
pub use error::{NetError, Stage};
pub use listener::Listener;
pub use tcp::TcpSocket;
pub use transport::Transport;
