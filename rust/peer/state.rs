//! Defines the states of a connection that programs see.

/// State of a connection, with the numbers of Godot's `WebSocketPeer.State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum State {
    /// The name lookup, the TCP connection or the handshake is under way.
    Connecting = 0,
    /// Messages can be sent and received.
    Open = 1,
    /// This side has sent a close frame and waits for the remote peer's.
    Closing = 2,
    /// There is no connection.
    Closed = 3,
}
