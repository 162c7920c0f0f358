//! Sends a text to an echo server and prints the echo.
//!
//! Usage: `cargo run --example echo_client -- [URL] [TEXT]`

use wspeer::error::{Error, ErrorCode, Result};
use wspeer::peer::{Client, ConnectParameters, MessageKind, PeerEvent};

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:9080".to_owned());
    let text = arguments.next().unwrap_or_else(|| "hello".to_owned());

    let mut client = Client::new();
    client.connect_to_url(&url, ConnectParameters::default())?;
    loop {
        client.wait(None)?;
        while let Some(event) = client.next_event() {
            match event {
                PeerEvent::Opened { .. } => client.send(MessageKind::Text, text.as_bytes())?,
                PeerEvent::Message { .. } => {
                    println!("{}", String::from_utf8_lossy(client.take_message()?));
                    client.disconnect_from_host(1000, "")?;
                }
                PeerEvent::Closed { .. } => return Ok(()),
                PeerEvent::Failed { reason, .. } => return Err(Error::new(ErrorCode::ConnectionError, reason)),
                _ => {}
            }
        }
    }
}
