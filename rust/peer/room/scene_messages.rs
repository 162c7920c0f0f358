//! The messages of Godot's `SceneMultiplayer`. The low three bits of the first byte are the command; most commands are
//! remote calls and replication, which pass through a room unread.

const COMMAND_MASK: u8 = 7;
/// `NETWORK_COMMAND_RAW`: bytes of the program.
const COMMAND_RAW: u8 = 3;
/// `NETWORK_COMMAND_SYS`: a message about a peer, named by the second byte.
const COMMAND_SYSTEM: u8 = 7;

const SYSTEM_AUTH: u8 = 0;
const SYSTEM_ADD_PEER: u8 = 1;
const SYSTEM_REMOVE_PEER: u8 = 2;
const SYSTEM_RELAY: u8 = 3;

/// A message that was read, with the length of the header if a payload follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SceneMessage {
    /// Bytes of the program, from `send_bytes()`.
    Bytes { header: usize },
    /// Authentication data, from `send_auth()`.
    AuthData { header: usize },
    /// The sender has completed the authentication.
    AuthCompleted,
    /// The server introduces a client.
    AddPeer(i32),
    /// The server reports that a client is disconnected.
    RemovePeer(i32),
    /// A packet for, or from, another client. `peer` is the target on the way to the server, and the source on the way
    /// from it.
    Relayed { peer: i32, header: usize },
    /// Any other command, such as a remote call.
    Command,
    /// A malformed or unknown message about a peer.
    Invalid,
}

impl SceneMessage {
    /// Reads the header of a packet.
    pub fn parse(packet: &[u8]) -> Self {
        let Some((&first, rest)) = packet.split_first() else { return Self::Invalid };
        match first & COMMAND_MASK {
            COMMAND_RAW => Self::Bytes { header: 1 },
            COMMAND_SYSTEM => Self::parse_system(rest),
            _ => Self::Command,
        }
    }

    fn parse_system(message: &[u8]) -> Self {
        let Some((&what, rest)) = message.split_first() else { return Self::Invalid };
        match (what, rest.split_first_chunk::<4>()) {
            (SYSTEM_AUTH, _) if rest.is_empty() => Self::AuthCompleted,
            (SYSTEM_AUTH, _) => Self::AuthData { header: 2 },
            (SYSTEM_ADD_PEER, Some((id, _))) => Self::AddPeer(i32::from_le_bytes(*id)),
            (SYSTEM_REMOVE_PEER, Some((id, _))) => Self::RemovePeer(i32::from_le_bytes(*id)),
            (SYSTEM_RELAY, Some((id, _))) => Self::Relayed { peer: i32::from_le_bytes(*id), header: 6 },
            _ => Self::Invalid,
        }
    }
}

/// Writes bytes of the program.
pub(super) fn bytes(payload: &[u8]) -> Vec<u8> {
    [&[COMMAND_RAW], payload].concat()
}

/// Writes authentication data; without any, the message completes the authentication.
pub(super) fn auth(payload: &[u8]) -> Vec<u8> {
    [&[COMMAND_SYSTEM, SYSTEM_AUTH], payload].concat()
}

/// Writes the introduction of a client.
pub(super) fn add_peer(id: i32) -> Vec<u8> {
    system(SYSTEM_ADD_PEER, id, &[])
}

/// Writes the departure of a client.
pub(super) fn remove_peer(id: i32) -> Vec<u8> {
    system(SYSTEM_REMOVE_PEER, id, &[])
}

/// Writes a packet for, or from, another client.
pub(super) fn relayed(peer: i32, packet: &[u8]) -> Vec<u8> {
    system(SYSTEM_RELAY, peer, packet)
}

fn system(what: u8, id: i32, rest: &[u8]) -> Vec<u8> {
    [&[COMMAND_SYSTEM, what], id.to_le_bytes().as_slice(), rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_messages_are_read() {
        assert_eq!(SceneMessage::parse(&bytes(b"x")), SceneMessage::Bytes { header: 1 });
        assert_eq!(SceneMessage::parse(&auth(b"x")), SceneMessage::AuthData { header: 2 });
        assert_eq!(SceneMessage::parse(&auth(b"")), SceneMessage::AuthCompleted);
        assert_eq!(SceneMessage::parse(&add_peer(5)), SceneMessage::AddPeer(5));
        assert_eq!(SceneMessage::parse(&remove_peer(-5)), SceneMessage::RemovePeer(-5));
        assert_eq!(SceneMessage::parse(&relayed(0, b"x")), SceneMessage::Relayed { peer: 0, header: 6 });
        for command in [0, 1, 2, 4, 5, 6, 0x20] {
            assert_eq!(SceneMessage::parse(&[command]), SceneMessage::Command);
        }
    }

    #[test]
    fn short_and_unknown_messages_are_invalid() {
        for packet in [&[][..], &[7], &[7, 1, 0, 0, 0], &[7, 3], &[7, 4, 0, 0, 0, 0]] {
            assert_eq!(SceneMessage::parse(packet), SceneMessage::Invalid, "{packet:?}");
        }
    }
}
