//! A host and a client of a room in one process: the client joins, both send a packet, and the client leaves.
//!
//! Usage: `cargo run --example room`

use std::time::Duration;

use wspeer::error::{Error, ErrorCode, Result};
use wspeer::peer::{BROADCAST, MultiplayerPeer, RoomEvent, RoomStatus, SERVER_ID};

fn main() -> Result {
    let mut host: MultiplayerPeer = MultiplayerPeer::new();
    host.create_server(0, "127.0.0.1", None)?;
    let mut client: MultiplayerPeer = MultiplayerPeer::new();
    client.create_client(&format!("ws://127.0.0.1:{}", host.local_port()), None)?;

    // Each round is a tick of both programs.
    loop {
        host.poll();
        while let Some(event) = host.next_event() {
            println!("host: {event:?}");
            match event {
                RoomEvent::Connected(_) => host.send_to(BROADCAST, b"welcome")?,
                RoomEvent::Disconnected(_) => return Ok(()),
                _ => {}
            }
        }
        while host.packet_count() > 0 {
            let (id, packet) = host.take_packet()?;
            println!("host: peer {id} sent {:?}", String::from_utf8_lossy(packet));
        }

        client.poll();
        while let Some(event) = client.next_event() {
            println!("client {}: {event:?}", client.unique_id());
        }
        while client.packet_count() > 0 {
            let (id, packet) = client.take_packet()?;
            println!("client: peer {id} sent {:?}", String::from_utf8_lossy(packet));
            client.send_to(SERVER_ID, b"thank you")?;
            client.close();
        }
        if client.status() == RoomStatus::Disconnected && !client.error_message().is_empty() {
            return Err(Error::new(ErrorCode::ConnectionError, client.error_message().to_owned()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
