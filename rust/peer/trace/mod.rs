//! Defines what debuggers see of all peers of the process: rows about live peers, and a log of recent messages.
//!
//! Nothing is kept without a [`TraceSubscriber`]; a peer then pays one relaxed load for a poll and one for a sent
//! message.

pub mod event;
mod log;
pub mod row;
pub(in crate::peer) mod secrets;
pub(in crate::peer) mod tracer;
pub mod traffic;

pub use event::{Direction, TraceEvent, TraceEventKind};
pub use log::{TraceSubscriber, connection_count, peer_after, peers, preview_size, set_preview_size, totals};
pub(in crate::peer) use log::{is_enabled, wants_messages};
pub use row::{PeerClass, PeerRow};
pub use traffic::{Meter, Traffic, TrafficTotals};
