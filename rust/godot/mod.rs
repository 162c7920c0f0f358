//! The GDExtension: classes with the API of Godot's class reference.

mod convert;
mod engine_stream;
mod entry;
mod enums;
mod fast_calls;
mod monitor;
mod nesting;
mod option_properties;
mod pointers;
mod remote_peer;
mod room;
mod scripted;
mod shared;
mod stream_peer_tcp;
mod stream_peer_tls;
mod streams;
mod tcp_server;
mod tls;
mod utf8;
mod websocket_client;
mod websocket_client_methods;
mod websocket_multiplayer_peer;
mod websocket_multiplayer_peer_methods;
mod websocket_peer;
mod websocket_peer_handshake;
mod websocket_peer_methods;
mod websocket_server;
mod websocket_server_methods;
mod websocket_server_peers;

#[cfg(test)]
mod tests {
    /// The editor's help is made from doc comments; a method or property without one would be an empty entry there.
    #[test]
    fn the_editors_help_explains_every_member() {
        let help: String = godot::docs::__gather_xml_docs().collect();
        let sources = [
            ("RustWebSocketPeer", include_str!("websocket_peer.rs")),
            ("RustWebSocketPeer", include_str!("websocket_peer_handshake.rs")),
            ("RustWebSocketPeer", include_str!("websocket_peer_methods.rs")),
            ("RustWebSocketRemotePeer", include_str!("remote_peer.rs")),
            ("RustWebSocketClient", include_str!("websocket_client.rs")),
            ("RustWebSocketClient", include_str!("websocket_client_methods.rs")),
            ("RustWebSocketServer", include_str!("websocket_server.rs")),
            ("RustWebSocketServer", include_str!("websocket_server_methods.rs")),
            ("RustWebSocketServer", include_str!("websocket_server_peers.rs")),
            ("RustStreamPeerTLS", include_str!("stream_peer_tls.rs")),
            ("RustWebSocketMultiplayerPeer", include_str!("websocket_multiplayer_peer.rs")),
            ("RustWebSocketMultiplayerPeer", include_str!("websocket_multiplayer_peer_methods.rs")),
            ("RustWebSocketMonitor", include_str!("monitor.rs")),
            ("RustTCPServer", include_str!("tcp_server.rs")),
            ("RustStreamPeerTCP", include_str!("stream_peer_tcp.rs")),
        ];
        for (class, source) in sources {
            let start = help.find(&format!("<class name=\"{class}\"")).expect(class);
            let page = help[start..].split("</class>").next().unwrap_or_default();
            let members = members(source);
            assert!(members.len() > 5, "{class}");
            for member in members {
                let entry = page.split(&format!("name=\"{member}\"")).nth(1).unwrap_or_default();
                let text = entry.split('<').find(|piece| piece.len() > 30);
                assert!(text.is_some(), "{class}.{member} is not explained in the editor's help");
            }
        }
    }

    /// Names of the methods and properties that a source registers, less the accessors of properties.
    fn members(source: &'static str) -> Vec<&'static str> {
        let mut members = Vec::new();
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.starts_with("impl I") {
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
