//! The GDExtension: classes with the members of Godot's class reference. They convert; the rules are in `peer/`.
//!
//! Classes are in [`streams`], `websocket_*`, [`remote_peer`] and [`monitor`]. What they share is below them: the
//! object of an instance ([`object_field`], [`object_lock`]), how calls reach an instance ([`short_calls`],
//! [`called_instance`], [`call_values`]), when signals and flushes happen ([`nested_polls`], [`frame_flush`]), and
//! conversions. [`method_registration`], [`class_constants`] and [`entry_point`] are above them.

mod call_values;
mod called_instance;
mod certificate_chain;
mod class_constants;
mod class_enums;
mod convert;
mod engine_function;
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
mod object_field;
mod object_lock;
mod option_properties;
mod project_limits;
mod refused_calls;
mod remote_peer;
mod short_calls;
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

    /// The files with the methods of each class.
    const SOURCES: [(&str, &str); 17] = [
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

    /// The editor's help is made from doc comments; a member without one would be an empty entry there.
    #[test]
    fn the_editors_help_explains_every_member() {
        let help: String = godot::docs::__gather_xml_docs().collect();
        let mut classes = BTreeMap::<&str, Vec<&str>>::new();
        for (class, source) in SOURCES {
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

    /// `RustWebSocketMonitor` is for debugging; its methods are called through gdext.
    #[test]
    fn every_method_has_a_short_call() {
        let options = include_str!(concat!(env!("OUT_DIR"), "/godot_options.rs"));
        let generated = options
            .split("/// Adds the properties of the options to the struct of `")
            .skip(1)
            .filter_map(|text| text.split_once('`'));
        let mut count = 0;
        for (class, source) in
            SOURCES.into_iter().chain(generated).filter(|(class, _)| *class != "RustWebSocketMonitor")
        {
            for method in methods(source) {
                assert!(super::short_calls::find_method(class, method).is_some(), "{class}.{method} has no short call");
                count += 1;
            }
        }
        assert!(count > 300, "{count}");
    }

    /// [`called_instance`](super::called_instance) gives out shared references without a guard.
    #[test]
    fn no_instance_is_borrowed_exclusively() {
        for (class, source) in SOURCES.into_iter().filter(|(class, _)| *class != "RustWebSocketMonitor") {
            // `RustWebSocketPeer::sharing()` changes an instance before its first call.
            let allowed = usize::from(source.contains("pub fn sharing("));
            let found = ["bind_mut(", "base_mut("].map(|call| source.matches(call).count());
            assert_eq!(found, [allowed, 0], "{class}");
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
        let mut members = methods(source);
        let lines = || source.lines().map(str::trim);
        let is_member = |line: &str| line.starts_with("#[var(") || line.starts_with("#[signal]");
        members.extend(
            lines().zip(lines().skip(1)).filter(|(line, _)| is_member(line)).filter_map(|(_, next)| name(next)),
        );
        let property = |line: &'static str| line.trim().split_once(": PhantomVar<").map(|(name, _)| name);
        let properties: Vec<&str> = source.lines().filter_map(property).collect();
        members.retain(|member| {
            let accessed = member.strip_prefix("get_").or_else(|| member.strip_prefix("set_"));
            !accessed.is_some_and(|property| properties.contains(&property))
        });
        members
    }

    /// Returns the methods that a source registers.
    fn methods(source: &'static str) -> Vec<&'static str> {
        let lines = || source.lines().map(str::trim);
        let found = lines().zip(lines().skip(1)).filter(|(line, _)| line.starts_with("#[func"));
        found.filter_map(|(_, next)| name(next)).collect()
    }

    /// Returns the name that a line declares.
    fn name(line: &'static str) -> Option<&'static str> {
        line.trim_start_matches("pub(super) ").trim_start_matches("fn ").split(['(', ':']).next()
    }
}
