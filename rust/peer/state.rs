//! The states of a connection, as programs see them.

/// States of a connection, with the numbers of Godot's `WebSocketPeer.State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    /// The name lookup, the TCP connection or the HTTP upgrade is under way.
    Connecting = 0,
    /// Messages can be sent and received.
    Open = 1,
    /// This end has sent a close frame and waits for the other's.
    Closing = 2,
    /// There is no connection.
    Closed = 3,
}
