//! The enums of the classes: names, numbers and texts of their constants.
//!
//! [`class_constants`](super::class_constants) registers them under the names that they have in the engine
//! (`RustWebSocketPeer.State` for `WebSocketPeer.State`), so that scripts may use them as types.

use std::borrow::Cow;

use godot::meta::shape::GodotShape;
use godot::meta::{FromGodot, GodotConvert, GodotImmutable, ToGodot};
use godot::prelude::*;
use godot_core::meta::ByValue;

use crate::peer;
use crate::proto::frame::MessageKind;

/// An enum that a class registers.
pub trait ClassEnum {
    /// The name within its class.
    const NAME: &'static str;
    /// Names and numbers of the constants.
    const CONSTANTS: &'static [(&'static str, i64)];
    /// The constants with their texts, as the editor's help loads them.
    const HELP: &'static str;
}

/// Defines an enum whose parameters accept any number, as those of the engine's enums do. The number of each constant
/// is written out for the help and checked against `= $value`.
macro_rules! class_enum {
    (
        $(#[doc = $doc:literal])*
        $name:ident = $class:literal . $godot_name:literal {
            $($(#[doc = $text:literal])+ $constant:ident = $number:literal = $value:expr;)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub i64);

        $(const _: () = assert!($value as i64 == $number);)*

        impl ClassEnum for $name {
            const NAME: &'static str = $godot_name;
            const CONSTANTS: &'static [(&'static str, i64)] = &[$((stringify!($constant), $number)),*];
            const HELP: &'static str = concat!($(
                "<constant name=\"", stringify!($constant), "\" value=\"", $number, "\" enum=\"", $godot_name, "\">",
                $($text,)+
                "</constant>",
            )*);
        }

        impl GodotConvert for $name {
            type Via = i64;

            fn godot_shape() -> GodotShape {
                GodotShape::Enum {
                    variant_type: VariantType::INT,
                    enumerators: Cow::Borrowed(&[]),
                    godot_name: Some(Cow::Borrowed(concat!($class, ".", $godot_name))),
                    is_bitfield: false,
                }
            }
        }

        impl ToGodot for $name {
            type Pass = ByValue;

            fn to_godot(&self) -> i64 {
                self.0
            }
        }

        impl FromGodot for $name {
            fn try_from_godot(via: i64) -> Result<Self, ConvertError> {
                Ok(Self(via))
            }
        }

        #[expect(unsafe_code, reason = "the trait that default arguments need is unsafe to implement")]
        // SAFETY: the type is `Copy` and holds nothing but a number.
        unsafe impl GodotImmutable for $name {}
    };
}

class_enum! {
    /// `WebSocketPeer.WriteMode`.
    WriteMode = "RustWebSocketPeer"."WriteMode" {
        /// Messages are sent as text, which must be UTF-8.
        WRITE_MODE_TEXT = 0 = WriteMode::TEXT.0;
        /// Messages are sent as binary data.
        WRITE_MODE_BINARY = 1 = WriteMode::BINARY.0;
    }
}

class_enum! {
    /// `WebSocketPeer.WriteMode` of Godot 3.
    RemoteWriteMode = "RustWebSocketRemotePeer"."WriteMode" {
        /// Packets are sent as text, which must be UTF-8.
        WRITE_MODE_TEXT = 0 = RemoteWriteMode::TEXT.0;
        /// Packets are sent as binary data.
        WRITE_MODE_BINARY = 1 = RemoteWriteMode::BINARY.0;
    }
}

class_enum! {
    /// `WebSocketPeer.State`.
    State = "RustWebSocketPeer"."State" {
        /// The connection is being made: name lookup, TCP, TLS, HTTP upgrade, or a request that waits for a decision.
        STATE_CONNECTING = 0 = peer::State::Connecting;
        /// The connection is open: messages can be sent and received.
        STATE_OPEN = 1 = peer::State::Open;
        /// The close handshake is in progress: messages can no longer be sent. Keep polling.
        STATE_CLOSING = 2 = peer::State::Closing;
        /// There is no connection: it was closed, was lost, could not be made, or was never begun.
        STATE_CLOSED = 3 = peer::State::Closed;
    }
}

class_enum! {
    /// `StreamPeerTCP.Status`.
    Status = "RustStreamPeerTCP"."Status" {
        /// There is no connection.
        STATUS_NONE = 0 = peer::StreamStatus::None;
        /// The connection is being made.
        STATUS_CONNECTING = 1 = peer::StreamStatus::Connecting;
        /// The connection is open.
        STATUS_CONNECTED = 2 = peer::StreamStatus::Connected;
        /// The connection could not be made or was lost.
        STATUS_ERROR = 3 = peer::StreamStatus::Error;
    }
}

class_enum! {
    /// `StreamPeerTLS.Status`.
    TlsStatus = "RustStreamPeerTLS"."Status" {
        /// There is no session.
        STATUS_DISCONNECTED = 0 = peer::TlsStatus::Disconnected;
        /// The TLS handshake is in progress.
        STATUS_HANDSHAKING = 1 = peer::TlsStatus::Handshaking;
        /// The session is established: data can be sent and received.
        STATUS_CONNECTED = 2 = peer::TlsStatus::Connected;
        /// The handshake failed or the session was lost.
        STATUS_ERROR = 3 = peer::TlsStatus::Error;
        /// The certificate of the remote peer was issued for another name.
        STATUS_ERROR_HOSTNAME_MISMATCH = 4 = peer::TlsStatus::ErrorHostnameMismatch;
    }
}

/// Gives an enum of write modes its two values.
macro_rules! write_mode {
    ($name:ident) => {
        impl $name {
            pub const TEXT: Self = Self(0);
            pub const BINARY: Self = Self(1);

            /// Returns the kind of message. Every number except that of text means binary, as in the engine.
            pub fn message_kind(self) -> MessageKind {
                if self == Self::TEXT { MessageKind::Text } else { MessageKind::Binary }
            }
        }
    };
}

write_mode! { WriteMode }
write_mode! { RemoteWriteMode }

impl RemoteWriteMode {
    /// Returns the write mode of a kind of message.
    pub fn of(kind: MessageKind) -> Self {
        if kind == MessageKind::Text { Self::TEXT } else { Self::BINARY }
    }
}
