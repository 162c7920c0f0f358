//! The events of client and server objects, and from when on the program may read a message.

use std::collections::VecDeque;
use std::time::Duration;

/// An event of a [`super::Client`] or [`super::Server`]. `id` is the peer: on a client 1, the server; on a server 2 to
/// 2147483647.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerEvent {
    /// The connection is open.
    Opened {
        /// The peer.
        id: i32,
        /// The selected sub-protocol, empty for none.
        protocol: String,
    },
    /// A client's request waits for `accept_request` or `reject_request` (only if `auto_accept` is off).
    Request {
        /// The id that the client will have.
        id: i32,
    },
    /// A connection could not be made. It has no further events.
    Failed {
        /// The id that the peer would have had. 0 on a server if the system cannot accept connections, for lack of
        /// descriptors for example; they wait, and the server goes on trying.
        id: i32,
        /// The reason as text.
        reason: String,
    },
    /// One more message can be read.
    Message {
        /// The peer that sent it.
        id: i32,
    },
    /// The remote peer's close frame was received; [`PeerEvent::Closed`] follows.
    CloseRequest {
        /// The peer.
        id: i32,
        /// The close code, 0 if the frame has none.
        code: i32,
        /// The close reason.
        reason: String,
    },
    /// The connection is closed.
    Closed {
        /// The peer.
        id: i32,
        /// Whether both close frames were exchanged.
        was_clean: bool,
    },
    /// Multiplayer mode: the peer can be sent packets.
    PeerConnected {
        /// The peer.
        id: i32,
    },
    /// Multiplayer mode: the peer is disconnected.
    PeerDisconnected {
        /// The peer.
        id: i32,
    },
    /// Multiplayer mode: one more packet can be read.
    Packet {
        /// The peer that sent it.
        id: i32,
    },
    /// Multiplayer mode, client: the server has introduced itself.
    ConnectionSucceeded,
    /// Multiplayer mode, client: the connection could not be made, or an established one is closed.
    ConnectionFailed {
        /// The reason as text.
        reason: String,
    },
    /// Multiplayer mode, client: an established connection is closed; [`PeerEvent::ConnectionFailed`] follows.
    ServerDisconnected,
    /// Client: the next attempt to connect begins after `delay`.
    Reconnecting {
        /// 1 for the first attempt after a connection that was stable (open for 10 s) or made by the program.
        attempt: u32,
        /// Time until the attempt begins.
        delay: Duration,
    },
    /// Client: an attempt after a loss has succeeded; follows [`PeerEvent::Opened`], or in multiplayer mode
    /// [`PeerEvent::ConnectionSucceeded`].
    Reconnected,
}

/// Counts the unread messages of one connection by how far their events are. A message can be read from the delivery of
/// its event on, so that a program sees the order of Godot 3 however much arrived in a single `poll()`.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::peer) struct MessageEvents {
    /// Unread messages that have an event, delivered or not.
    queued: usize,
    /// Unread messages whose event was delivered.
    readable: usize,
}

impl MessageEvents {
    /// Queues an event for each of `unread` messages that has none yet.
    pub fn queue(&mut self, id: i32, unread: usize, events: &mut VecDeque<PeerEvent>) {
        events.extend((self.queued..unread).map(|_| PeerEvent::Message { id }));
        self.queued = unread;
    }

    /// Makes the next message readable, as its event is delivered. Returns `false` if there is none.
    pub fn deliver(&mut self) -> bool {
        let has_next = self.readable < self.queued;
        self.readable += usize::from(has_next);
        has_next
    }

    /// Counts a message as read. Returns `false`, and changes nothing, if none can be read.
    pub fn take(&mut self) -> bool {
        let can_read = self.readable > 0;
        if can_read {
            self.readable -= 1;
            self.queued -= 1;
        }
        can_read
    }

    /// Number of messages that can be read.
    pub fn readable(&self) -> usize {
        self.readable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_readable_from_the_delivery_of_its_event_on() {
        let mut events = VecDeque::new();
        let mut messages = MessageEvents::default();
        assert!(!messages.deliver() && !messages.take());
        messages.queue(7, 2, &mut events);
        messages.queue(7, 3, &mut events);
        assert_eq!(events, vec![PeerEvent::Message { id: 7 }; 3]);
        assert!(!messages.take(), "no event was delivered");
        assert!(messages.deliver() && messages.deliver());
        assert_eq!(messages.readable(), 2);
        assert!(messages.take());
        messages.queue(7, 2, &mut events);
        assert_eq!(events.len(), 3, "both unread messages have their events");
        assert!(messages.deliver() && !messages.deliver());
        assert!(messages.take() && messages.take() && !messages.take());
    }
}
