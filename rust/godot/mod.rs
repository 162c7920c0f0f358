//! The GDExtension: classes with the members of Godot's class reference. They convert; the rules are in `peer/`.
//!
//! Classes are in [`streams`], `websocket_*`, [`remote_peer`] and [`monitor`]. What they share is below them: the
//! object of an instance ([`object_lock`], [`object_registry`], [`called_instance`]), when signals and flushes happen
//! ([`nested_polls`], [`frame_flush`]), and conversions. [`class_constants`] and [`entry_point`] are above them.

mod called_instance;
mod certificate_chain;
mod class_constants;
mod class_enums;
mod convert;
mod engine_functions;
mod engine_pointers;
mod entry_point;
mod flushed_object;
mod frame_flush;
mod method_registration;
mod missing_classes;
mod missing_methods;
mod monitor;
mod multiplayer_virtuals;
mod nested_polls;
mod object_lock;
mod object_registry;
mod option_properties;
mod project_limits;
mod refused_calls;
mod remote_peer;
mod silenced_output;
mod streams;
mod string_to_utf8;
mod tls;
mod variant_calls;
mod websocket_client;
mod websocket_multiplayer_peer;
mod websocket_peer;
mod websocket_server;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    /// The editor's help is made from doc comments; a member without one would be an empty entry there.
    #[test]
    fn the_editors_help_explains_every_member() {
        let help: String = godot::docs::__gather_xml_docs().collect();
        let sources = [
            ("RustWebSocketPeer", include_str!("websocket_peer/mod.rs")),
            ("RustWebSocketPeer", include_str!("websocket_peer/handshake.rs")),
            ("RustWebSocketPeer", include_str!("websocket_peer/messages.rs")),
            ("RustWebSocketPeer", include_str!("websocket_peer/opening.rs")),
            ("RustWebSocketPeer", include_str!("websocket_peer/status.rs")),
            ("RustWebSocketRemotePeer", include_str!("remote_peer.rs")),
            ("RustWebSocketClient", include_str!("websocket_client/mod.rs")),
            ("RustWebSocketClient", include_str!("websocket_client/connecting.rs")),
            ("RustWebSocketServer", include_str!("websocket_server/mod.rs")),
            ("RustWebSocketServer", include_str!("websocket_server/listening.rs")),
            ("RustWebSocketServer", include_str!("websocket_server/clients.rs")),
            ("RustStreamPeerTLS", include_str!("streams/stream_peer_tls.rs")),
            ("RustWebSocketMultiplayerPeer", include_str!("websocket_multiplayer_peer/mod.rs")),
            ("RustWebSocketMultiplayerPeer", include_str!("websocket_multiplayer_peer/room_methods.rs")),
            ("RustWebSocketMonitor", include_str!("monitor.rs")),
            ("RustTCPServer", include_str!("streams/tcp_server.rs")),
            ("RustStreamPeerTCP", include_str!("streams/stream_peer_tcp.rs")),
        ];
        let mut classes = BTreeMap::<&str, Vec<&str>>::new();
        for (class, source) in sources {
            classes.entry(class).or_default().extend(members(source));
        }
        for (class, members) in classes {
            assert!(members.len() > 5, "{class}");
            for member in members {
                assert!(is_explained(&help, class, member), "{class}.{member} is not explained in the editor's help");
            }
        }
    }

    #[test]
    fn the_editors_help_explains_every_constant() {
        let help: String = godot::docs::__gather_xml_docs().collect();
        for (class, constant) in super::class_constants::all() {
            assert!(is_explained(&help, class, constant), "{class}.{constant} is not explained in the editor's help");
        }
    }

    fn is_explained(help: &str, class: &str, member: &str) -> bool {
        let start = help.find(&format!("<class name=\"{class}\"")).expect(class);
        let page = help[start..].split("</class>").next().unwrap_or_default();
        let entry = page.split(&format!("name=\"{member}\"")).nth(1).unwrap_or_default();
        entry.split('<').any(|piece| piece.len() > 30)
    }

    /// Returns the methods, properties and signals that a source registers, except accessors of properties.
    fn members(source: &'static str) -> Vec<&'static str> {
        let mut members = Vec::new();
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.starts_with("impl I") || line.starts_with("multiplayer_virtuals!") {
                break;
            }
            let renamed = line.split("rename = ").nth(1).and_then(|rest| rest.split([')', ',']).next());
            let name = || {
                lines
                    .clone()
                    .next()
                    .and_then(|next| next.trim().trim_start_matches("pub(super) ").split(['(', ':']).next())
            };
            if line.starts_with("#[func") {
                members.extend(renamed.or_else(|| name().and_then(|name| name.strip_prefix("fn "))));
            } else if line.starts_with("#[var(") || line.starts_with("#[signal]") {
                members.extend(name().map(|name| name.trim_start_matches("fn ")));
            }
        }
        let property = |line: &'static str| line.trim().split_once(": PhantomVar<").map(|(name, _)| name);
        let properties: Vec<&str> = source.lines().filter_map(property).collect();
        members.retain(|member| {
            let accessed = member.strip_prefix("get_").or_else(|| member.strip_prefix("set_"));
            !accessed.is_some_and(|property| properties.contains(&property))
        });
        members
    }
}
