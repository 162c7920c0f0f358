//! The fuzz target for the order of events: what a program sees of a connection is what a model of it predicts from the
//! bytes, however they are cut.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::LIMIT;
use crate::net::{Transport, clock};
use crate::peer::{State, WebSocketPeer};
use crate::proto::Role;
use crate::proto::connection::{Connection, ReceiveOutcome};
use crate::proto::frame::MessageKind;
use crate::proto::message::MessageSink;
use crate::proto::output_buffer::OutputBuffer;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Polls after which a connection must have ended once its stream has.
const MOST_POLLS: usize = 100_000;

/// Inputs whose wire is not longer than this run byte by byte too.
const SINGLE_BYTES_UP_TO: usize = 600;

/// What a program sees.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    /// A request waits for the program's decision.
    Request,
    Open,
    Message(MessageKind, Vec<u8>),
    /// With the close code, and whether the close handshake was completed.
    Closed(i32, bool),
}

/// What the input describes.
struct Scenario {
    /// The program decides about the request.
    asks: bool,
    /// The connection ends by a reset instead of an orderly end.
    resets: bool,
    max_queued_packets: usize,
    piece: usize,
    /// All frames of the client, valid or not.
    frames: Vec<u8>,
}

impl Scenario {
    fn parse(data: &[u8]) -> Option<Self> {
        let ([settings, piece], mut rest) = data.split_first_chunk::<2>()?;
        let mut frames = Vec::new();
        while let Some(([first, length], after)) = rest.split_first_chunk::<2>() {
            let (payload, next) = after.split_at(after.len().min(usize::from(length & 0x3f)));
            rest = next;
            // The top bit makes the payload long, so that some messages exceed the limit; the next one omits the mask.
            let repeated = if length & 0x80 == 0 { 1 } else { 200 };
            encode(&mut frames, *first, length & 0x40 == 0, &payload.repeat(repeated));
        }
        Some(Self {
            asks: settings & 1 != 0,
            resets: settings & 2 != 0,
            max_queued_packets: 1 << (settings >> 2 & 3),
            piece: usize::from(*piece).max(1),
            frames,
        })
    }

    /// Returns what a program must see.
    fn expected(&self) -> Vec<Event> {
        let mut connection = Connection::new(Role::Server, None, || [0; 4]);
        let (mut messages, mut input) = (Messages::default(), self.frames.clone());
        let (_, result) = connection.receive(&mut input, LIMIT, &mut messages, &mut OutputBuffer::default());
        let end = match result {
            Ok(ReceiveOutcome::CloseReceived) => {
                let code = connection.close_received().and_then(|frame| frame.code);
                Event::Closed(code.map_or(0, i32::from), true)
            }
            Ok(_) => Event::Closed(-1, false),
            Err(violation) => Event::Closed(i32::from(violation.close_code()), false),
        };
        let request = self.asks.then_some(Event::Request);
        let messages = messages.0.into_iter().map(|(kind, payload)| Event::Message(kind, payload));
        request.into_iter().chain([Event::Open]).chain(messages).chain([end]).collect()
    }

    /// Sends the request and the frames in pieces, the end of the stream with the last one, and returns what a program
    /// sees that takes everything after each poll.
    fn observe(&self, piece: usize) -> Vec<Event> {
        let stream = Arc::new(Mutex::new(Incoming::default()));
        let mut peer = WebSocketPeer::new();
        peer.options.set_auto_accept(!self.asks);
        peer.options.set_inbound_buffer_size(LIMIT);
        peer.options.set_max_queued_packets(self.max_queued_packets);
        let accepted = peer.accept_stream(Box::new(Memory(Arc::clone(&stream))));
        assert_eq!(accepted, Ok(()));
        let mut program = Program { peer, events: Vec::new() };
        let wire = [REQUEST, &self.frames].concat();
        let mut pieces = wire.chunks(piece).peekable();
        while let Some(bytes) = pieces.next() {
            {
                let mut stream = stream.lock();
                stream.bytes.extend(bytes);
                if pieces.peek().is_none() {
                    stream.end = Some(if self.resets { StreamEnd::Reset } else { StreamEnd::Orderly });
                }
            }
            program.poll();
        }
        for _ in 0..MOST_POLLS {
            if matches!(program.events.last(), Some(Event::Closed(..))) {
                break;
            }
            program.poll();
        }
        program.poll();
        program.events
    }
}

/// Body of the target.
pub(super) fn event_order(data: &[u8]) {
    let Some(scenario) = Scenario::parse(data) else { return };
    let expected = scenario.expected();
    assert_eq!(scenario.observe(usize::MAX), expected);
    assert_eq!(scenario.observe(scenario.piece), expected);
    if REQUEST.len() + scenario.frames.len() <= SINGLE_BYTES_UP_TO {
        assert_eq!(scenario.observe(1), expected);
    }
}

fn encode(output: &mut Vec<u8>, first: u8, masked: bool, payload: &[u8]) {
    let key = [1, 2, 3, 4];
    let mask_bit = if masked { 0x80 } else { 0 };
    output.push(first);
    match u16::try_from(payload.len()) {
        Ok(length) if length < 126 => output.push(mask_bit | length as u8),
        length => {
            output.push(mask_bit | 126);
            output.extend_from_slice(&length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    if masked {
        output.extend_from_slice(&key);
        output.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    } else {
        output.extend_from_slice(payload);
    }
}

/// A program that looks at its connection after each poll.
struct Program {
    peer: WebSocketPeer,
    events: Vec<Event>,
}

impl Program {
    fn poll(&mut self) {
        self.peer.poll_at(clock::now());
        if self.peer.is_request_pending() {
            self.events.push(Event::Request);
            assert_eq!(self.peer.accept_request(&[]), Ok(()));
        }
        let state = self.peer.state();
        if state != State::Connecting && !self.events.contains(&Event::Open) {
            assert_eq!(state, State::Open, "a program sees the connection open");
            self.events.push(Event::Open);
        }
        while let Ok(packet) = self.peer.take_packet().map(<[u8]>::to_vec) {
            assert!(!matches!(self.events.last(), Some(Event::Closed(..))), "no message after the end");
            let kind = if self.peer.was_string_packet() { MessageKind::Text } else { MessageKind::Binary };
            self.events.push(Event::Message(kind, packet));
        }
        if self.peer.state() == State::Closed && !matches!(self.events.last(), Some(Event::Closed(..))) {
            self.events.push(Event::Closed(self.peer.close_code(), self.peer.failure().is_none()));
        }
    }
}

/// The messages of the model.
#[derive(Default)]
struct Messages(Vec<(MessageKind, Vec<u8>)>);

impl MessageSink for Messages {
    fn has_room(&self, _message_bytes: u64) -> bool {
        true
    }

    fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        self.0.push((kind, payload.to_vec()));
    }

    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        self.0.push((kind, payload));
    }

    fn pong(&mut self, _payload: &[u8]) {}

    fn ping(&mut self, _payload: &[u8]) {}
}

/// Bytes on the way to a [`Memory`].
#[derive(Default)]
struct Incoming {
    bytes: VecDeque<u8>,
    /// How the stream ends after them; `None` while more may come.
    end: Option<StreamEnd>,
}

#[derive(Clone, Copy)]
enum StreamEnd {
    Orderly,
    /// As sockets do, the error is reported once, and then an orderly end.
    Reset,
}

/// A stream whose remote peer reads everything.
struct Memory(Arc<Mutex<Incoming>>);

impl Transport for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut incoming = self.0.lock();
        if incoming.bytes.is_empty() {
            return match incoming.end {
                None => Err(io::ErrorKind::WouldBlock.into()),
                Some(StreamEnd::Orderly) => Ok(0),
                Some(StreamEnd::Reset) => {
                    incoming.end = Some(StreamEnd::Orderly);
                    Err(io::ErrorKind::ConnectionReset.into())
                }
            };
        }
        let count = buffer.len().min(incoming.bytes.len());
        for (slot, byte) in buffer.iter_mut().zip(incoming.bytes.drain(..count)) {
            *slot = byte;
        }
        Ok(count)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(data.len())
    }

    fn close(&mut self, _unsent: Vec<u8>) {}

    fn remote_address(&self) -> Option<SocketAddr> {
        None
    }

    fn set_no_delay(&mut self, _enabled: bool) -> io::Result<()> {
        Ok(())
    }
}
