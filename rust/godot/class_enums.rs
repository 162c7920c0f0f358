//! Enums of the classes, registered under the names they have in the engine (`RustWebSocketPeer.State` for
//! `WebSocketPeer.State`), so that scripts may use them as types.

use std::borrow::Cow;

use godot::meta::shape::GodotShape;
use godot::meta::{FromGodot, GodotConvert, GodotImmutable, ToGodot};
use godot::obj::GodotClass;
use godot::prelude::*;
use godot::register::private::constant::{ConstantKind, ExportConstant, IntegerConstant};
use godot_core::meta::ByValue;

use super::remote_peer::RustWebSocketRemotePeer;
use super::stream_peer_tcp::RustStreamPeerTCP;
use super::stream_peer_tls::RustStreamPeerTLS;
use super::websocket_peer::RustWebSocketPeer;

/// Defines an enum that scripts may pass any number for, as the engine's own do.
macro_rules! class_enum {
    ($(#[$doc:meta])* $name:ident in $class:ident as $godot_name:literal { $($constant:ident = $value:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) struct $name(pub i64);

        impl $name {
            fn register() {
                let enumerators = vec![$(IntegerConstant::new(stringify!($constant), $value as i64)),*];
                let name = StringName::from($godot_name);
                ExportConstant::new($class::class_id(), ConstantKind::Enum { name, enumerators }).register();
            }
        }

        impl GodotConvert for $name {
            type Via = i64;

            fn godot_shape() -> GodotShape {
                GodotShape::Enum {
                    variant_type: VariantType::INT,
                    enumerators: Cow::Borrowed(&[]),
                    godot_name: Some(Cow::Borrowed(concat!(stringify!($class), ".", $godot_name))),
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
    WriteMode in RustWebSocketPeer as "WriteMode" {
        WRITE_MODE_TEXT = WriteMode::TEXT.0,
        WRITE_MODE_BINARY = WriteMode::BINARY.0,
    }
}

class_enum! {
    /// `WebSocketPeer.WriteMode` of Godot 3.
    RemoteWriteMode in RustWebSocketRemotePeer as "WriteMode" {
        WRITE_MODE_TEXT = WriteMode::TEXT.0,
        WRITE_MODE_BINARY = WriteMode::BINARY.0,
    }
}

class_enum! {
    /// `WebSocketPeer.State`.
    State in RustWebSocketPeer as "State" {
        STATE_CONNECTING = crate::peer::State::Connecting,
        STATE_OPEN = crate::peer::State::Open,
        STATE_CLOSING = crate::peer::State::Closing,
        STATE_CLOSED = crate::peer::State::Closed,
    }
}

class_enum! {
    /// `StreamPeerTCP.Status`.
    Status in RustStreamPeerTCP as "Status" {
        STATUS_NONE = crate::peer::StreamStatus::None,
        STATUS_CONNECTING = crate::peer::StreamStatus::Connecting,
        STATUS_CONNECTED = crate::peer::StreamStatus::Connected,
        STATUS_ERROR = crate::peer::StreamStatus::Error,
    }
}

class_enum! {
    /// `StreamPeerTLS.Status`.
    TlsStatus in RustStreamPeerTLS as "Status" {
        STATUS_DISCONNECTED = crate::peer::TlsStatus::Disconnected,
        STATUS_HANDSHAKING = crate::peer::TlsStatus::Handshaking,
        STATUS_CONNECTED = crate::peer::TlsStatus::Connected,
        STATUS_ERROR = crate::peer::TlsStatus::Error,
        STATUS_ERROR_HOSTNAME_MISMATCH = crate::peer::TlsStatus::ErrorHostnameMismatch,
    }
}

impl WriteMode {
    /// Text messages.
    pub const TEXT: Self = Self(0);
    /// Binary messages.
    pub const BINARY: Self = Self(1);
}

/// Registers all enums; to be called when the classes are registered.
pub(super) fn register() {
    WriteMode::register();
    RemoteWriteMode::register();
    State::register();
    Status::register();
    TlsStatus::register();
}
