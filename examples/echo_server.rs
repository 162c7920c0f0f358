//! Sends each message back to its sender.
//!
//! Usage: `cargo run --example echo_server -- [PORT]`

use wspeer::error::Result;
use wspeer::peer::{ListenParameters, MessageKind, PeerEvent, Server};

fn main() -> Result {
    let port = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(9080);
    let mut server = Server::new();
    server.configure(|options| options.listen.set_bind_address("127.0.0.1"))?;
    server.listen(port, ListenParameters::default())?;
    println!("ws://127.0.0.1:{}", server.local_port());

    let mut message = Vec::new();
    loop {
        server.wait(None)?;
        while let Some(event) = server.next_event() {
            let PeerEvent::Message { id } = event else { continue };
            server.take_message_into(id, &mut message)?;
            let kind = if server.was_string_packet(id) { MessageKind::Text } else { MessageKind::Binary };
            if let Err(error) = server.send(id, kind, &message) {
                // The peer does not read its messages, or has disconnected.
                eprintln!("peer {id}: {error}");
            }
        }
    }
}
