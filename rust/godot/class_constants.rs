//! Registers the enums of the classes with the engine, and their texts with the editor's help.

use godot::obj::GodotClass;
use godot::prelude::*;
use godot::private::{__GODOT_DOCS_REGISTRY, DocsItem, DocsShard, InherentImplDocs};
use godot::register::private::constant::{ConstantKind, ExportConstant, IntegerConstant};

use super::class_enums::{ClassEnum, RemoteWriteMode, State, Status, TlsStatus, WriteMode};
use super::missing_classes;
use super::remote_peer::RustWebSocketRemotePeer;
use super::streams::{RustStreamPeerTCP, RustStreamPeerTLS};
use super::websocket_peer::RustWebSocketPeer;

macro_rules! class_constants {
    ($($class:ident: $($enum:ident),+;)*) => {
        /// Registers all enums; to be called when the classes are registered.
        pub fn register() {
            $($(register_enum::<$class, $enum>();)+)*
        }

        /// Returns the class and the name of every constant.
        #[cfg(test)]
        pub fn all() -> Vec<(&'static str, &'static str)> {
            let mut all = Vec::new();
            $($(all.extend($enum::CONSTANTS.iter().map(|(constant, _)| (stringify!($class), *constant)));)+)*
            all
        }

        $($(godot::sys::shard_add!(__GODOT_DOCS_REGISTRY; DocsShard::new::<$class>(help_of::<$enum>()));)+)*
    };
}

class_constants! {
    RustWebSocketPeer: WriteMode, State;
    RustWebSocketRemotePeer: RemoteWriteMode;
    RustStreamPeerTCP: Status;
    RustStreamPeerTLS: TlsStatus;
}

fn register_enum<C: GodotClass, E: ClassEnum>() {
    if !missing_classes::is_registered::<C>() {
        return;
    }
    let enumerators = E::CONSTANTS.iter().map(|(name, number)| IntegerConstant::new(name, *number)).collect();
    let name = StringName::from(E::NAME);
    ExportConstant::new(C::class_id(), ConstantKind::Enum { name, enumerators }).register();
}

fn help_of<E: ClassEnum>() -> DocsItem {
    DocsItem::InherentImpl(InherentImplDocs { constants_xml: E::HELP, ..InherentImplDocs::default() })
}
