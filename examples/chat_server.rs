//! Sends each text of a client to all other clients, and announces which clients join and leave.
//!
//! Usage: `cargo run --example chat_server -- [PORT]`

use std::time::Duration;

use wspeer::error::Result;
use wspeer::peer::{BROADCAST, ListenParameters, MessageKind, PeerEvent, Server};

fn main() -> Result {
    let port = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(9080);
    let mut server = Server::new();
    server.configure(|options| options.listen.set_bind_address("127.0.0.1"))?;
    // Finds clients that disconnect without a close handshake.
    server.set_options(|options| options.peer.set_heartbeat_interval(Duration::from_secs(10)))?;
    server.listen(port, ListenParameters::default())?;
    println!("ws://127.0.0.1:{}", server.local_port());

    loop {
        server.wait(None)?;
        while let Some(event) = server.next_event() {
            match event {
                PeerEvent::Opened { id, .. } => say(&mut server, BROADCAST, &format!("{id} has joined")),
                PeerEvent::Closed { id, .. } => say(&mut server, BROADCAST, &format!("{id} has left")),
                PeerEvent::Message { id } => {
                    let text = String::from_utf8_lossy(server.take_message(id)?).into_owned();
                    // A negative target is all peers but one.
                    say(&mut server, -id, &format!("{id}: {text}"));
                }
                _ => {}
            }
        }
    }
}

/// Sends a line. An error means that a peer does not read its messages; the others have got the line.
fn say(server: &mut Server, target: i32, line: &str) {
    println!("{line}");
    if let Err(error) = server.send_to(target, MessageKind::Text, line.as_bytes()) {
        eprintln!("{error}");
    }
}
