//! Bodies of the fuzz targets. Each takes any bytes and panics if a rule is broken. The targets in `tests/fuzz/` only
//! call them, and the test `corpus` replays the collected inputs.

mod event_order;

use crate::proto::Role;
use crate::proto::connection::{Connection, ReceiveOutcome, SendOptions};
use crate::proto::deflate::PermessageDeflate;
use crate::proto::extensions::{self, DeflateDirection, DeflatePreferences, NegotiatedDeflate};
use crate::proto::frame::{self, MessageKind};
use crate::proto::handshake::server::RequestReader;
use crate::proto::handshake::{AcceptOptions, ClientHandshake, RequestTarget};
use crate::proto::message::MessageSink;
use crate::proto::output_buffer::OutputBuffer;
use crate::proto::url::Url;

/// Largest message that the fuzzed connections accept.
const LIMIT: usize = 4096;

/// A header is decoded the same however many bytes follow it, and encoded to the bytes it was decoded from.
pub fn frame(data: &[u8]) {
    for role in [Role::Client, Role::Server] {
        for deflate in [false, true] {
            let Ok(Some((header, header_len))) = frame::decode(data, role, deflate) else { continue };
            assert!(header_len <= frame::MAX_HEADER_LEN && header_len <= data.len());
            let exact = data.get(..header_len).unwrap_or_default();
            assert_eq!(frame::decode(exact, role, deflate), Ok(Some((header, header_len))));
            assert!(!matches!(
                frame::decode(data.get(..header_len - 1).unwrap_or_default(), role, deflate),
                Ok(Some(_))
            ));
            let mut written = Vec::new();
            header.encode(&mut written);
            assert_eq!(written, exact);
        }
    }
}

/// A connection reads the same messages, and answers the same bytes, if its input is whole or in pieces.
pub fn connection(data: &[u8]) {
    let Some(([settings, cut], input)) = data.split_first_chunk::<2>() else { return };
    let role = if settings & 1 == 0 { Role::Server } else { Role::Client };
    let compressed = settings & 2 != 0;
    let piece = usize::from(*cut).max(1);
    let whole = read(role, compressed, std::iter::once(input));
    let pieces = read(role, compressed, input.chunks(piece));
    assert_eq!(whole, pieces);
}

/// Messages, output and close code of the violation that a connection made of its input.
type Outcome = (Vec<(MessageKind, Vec<u8>)>, Vec<u8>, Option<u16>);

fn read<'a>(role: Role, compressed: bool, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let deflate = compressed.then(|| PermessageDeflate::new(role, &NegotiatedDeflate::default(), 1));
    let mut connection = Connection::new(role, deflate, || [1, 2, 3, 4]);
    let (mut sink, mut output) = (Collected::default(), OutputBuffer::default());
    let mut violation = None;
    for piece in pieces {
        let mut input = piece.to_vec();
        let (used, result) = connection.receive(&mut input, LIMIT, &mut sink, &mut output);
        match result {
            Ok(ReceiveOutcome::NeedsInput) => assert_eq!(used, input.len()),
            Ok(ReceiveOutcome::CloseReceived) => break,
            Ok(ReceiveOutcome::SinkFull) => unreachable!("the sink always has room"),
            Err(error) => {
                violation = Some(error.close_code());
                break;
            }
        }
    }
    (sink.0, output.pending().to_vec(), violation)
}

#[derive(Default)]
struct Collected(Vec<(MessageKind, Vec<u8>)>);

impl MessageSink for Collected {
    fn has_room(&self, message_bytes: u64) -> bool {
        assert!(message_bytes <= LIMIT as u64);
        true
    }

    fn push(&mut self, kind: MessageKind, payload: &[u8]) {
        self.push_owned(kind, payload.to_vec());
    }

    fn push_owned(&mut self, kind: MessageKind, payload: Vec<u8>) {
        assert!(payload.len() <= LIMIT);
        assert!(kind == MessageKind::Binary || std::str::from_utf8(&payload).is_ok());
        self.0.push((kind, payload));
    }

    fn pong(&mut self, payload: &[u8]) {
        assert!(payload.len() <= 125);
    }

    fn ping(&mut self, payload: &[u8]) {
        assert!(payload.len() <= 125);
    }
}

/// A server answers any request the same if it arrives whole or in pieces.
pub fn server_handshake(data: &[u8]) {
    let Some((cut, input)) = data.split_first() else { return };
    let answer = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut reader = RequestReader::default();
        for piece in pieces {
            match reader.receive(piece) {
                Ok(None) => {}
                Ok(Some(request)) => {
                    let deflate = Some(DeflatePreferences::default());
                    let answer = request.accept(&AcceptOptions { deflate, ..AcceptOptions::default() });
                    let response = answer.map_or_else(|refusal| refusal.response(false), |accepted| accepted.response);
                    assert!(response.starts_with(b"HTTP/1.1 "));
                    return Some(response);
                }
                Err(refusal) => return Some(refusal.response(false)),
            }
        }
        None
    };
    let pieces = answer(&mut input.chunks(usize::from(*cut).max(1)));
    assert_eq!(answer(&mut std::iter::once(input)), pieces);
}

/// A client opens on no response that does not contain the accept key and a requested sub-protocol.
pub fn client_handshake(data: &[u8]) {
    let Ok(url) = Url::parse("ws://host/path") else { return };
    let protocols = ["a".to_owned(), "b".to_owned()];
    let Ok((mut handshake, _)) =
        ClientHandshake::start(&url, [7; 16], &protocols, &[], Some(DeflatePreferences::default()))
    else {
        return;
    };
    if let Ok(Some(response)) = handshake.receive(data) {
        assert!(protocols.contains(&response.protocol));
    }
}

/// A server accepts any offer with parameters in range, and accepts its own response as an offer.
pub fn negotiation(data: &[u8]) {
    let Ok(offer) = std::str::from_utf8(data) else { return };
    let preferences = DeflatePreferences {
        context_takeover: data.len().is_multiple_of(2),
        max_window_bits: 9 + (data.len() % 7) as u8,
    };
    if let Some((agreed, answer)) = extensions::accept(std::iter::once(offer), preferences) {
        assert!((9..=15).contains(&agreed.server.window_bits) && (8..=15).contains(&agreed.client.window_bits));
        assert!(extensions::accept(std::iter::once(answer.as_str()), DeflatePreferences::default()).is_some());
    }
    let _checked = extensions::check_response(std::iter::once(offer), Some(preferences));
}

/// Decompression of any bytes stays within the limit, and decompression reverses compression.
pub fn deflate(data: &[u8]) {
    let Some((settings, input)) = data.split_first() else { return };
    let direction = DeflateDirection { context_takeover: settings & 1 == 0, window_bits: 9 + (settings >> 1) % 7 };
    let agreed = NegotiatedDeflate { server: direction, client: direction };
    let mut hostile = PermessageDeflate::new(Role::Server, &agreed, 1).inflater;
    let mut output = Vec::new();
    let _result = hostile.inflate(input, &mut output, LIMIT).and_then(|()| hostile.end_message(&mut output, LIMIT));
    assert!(output.len() <= LIMIT + 1);

    let mut sender = PermessageDeflate::new(Role::Client, &agreed, u32::from(settings % 10)).deflater;
    let mut receiver = PermessageDeflate::new(Role::Server, &agreed, 1).inflater;
    for message in input.chunks(1000) {
        let (mut wire, mut plain) = (Vec::new(), Vec::new());
        assert!(sender.compress(message, &mut wire));
        assert_eq!(receiver.inflate(&wire, &mut plain, message.len()), Ok(()));
        assert_eq!(receiver.end_message(&mut plain, message.len()), Ok(()));
        assert_eq!(plain, message);
    }
}

/// A URL that is accepted cannot inject header lines into the request.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(url) = Url::parse(text) else { return };
    assert!(!url.address.host.is_empty() && url.address.port > 0 && url.target.starts_with('/'));
    let Ok((_, request)) = ClientHandshake::start(&url, [7; 16], &[], &[], None) else { return };
    if request.len() > crate::limits::MAX_HANDSHAKE_BYTES {
        return;
    }
    assert_eq!(
        RequestReader::default().receive(&request).map(|request| request.map(|request| request.target)),
        Ok(Some(RequestTarget::parse(&url.target)))
    );
}

/// A target has the same path and query in origin form and in absolute form, and as a part of a request. `*`,
/// authorities and fragments are no targets.
pub fn request_target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A request line cannot contain these, and has one target.
    if text.is_empty() || text.chars().any(|c| c.is_ascii_control() || c == ' ') {
        return;
    }
    let head = format!("GET {text} HTTP/1.1\r\nHost: h\r\n\r\n");
    if head.len() > crate::limits::MAX_HANDSHAKE_BYTES {
        return;
    }
    let Ok(Some(request)) = RequestReader::default().receive(head.as_bytes()) else {
        unreachable!("the head is complete")
    };
    let target = RequestTarget::parse(text);
    let (path, query) = target.path_and_query();
    assert_eq!(request.path_and_query(), (path, query));
    let rejection = request.check_target().err().map(|rejection| rejection.status);
    assert_eq!(rejection, target.check().is_err().then_some(400));
    if rejection.is_some() {
        assert!(path.is_empty() && query.is_empty() && request.url(false).is_empty());
        return;
    }
    assert!(path.starts_with('/') && !path.contains(['?', '#', '\\']) && !query.contains('#'));
    assert_eq!(target.is_absolute(), !text.starts_with('/'));
    assert!(text.ends_with(query));
    let origin = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    for other in [origin.clone(), format!("http://h:1{origin}")] {
        let other = RequestTarget::parse(&other);
        assert_eq!((other.check(), other.path_and_query()), (Ok(()), (path, query)));
    }
}

/// A server reads the messages that a client sends, whatever the frame size.
pub fn round_trip(data: &[u8]) {
    let Some(([settings, size], input)) = data.split_first_chunk::<2>() else { return };
    let compressed = settings & 1 != 0;
    let endpoint = |role| {
        Connection::new(
            role,
            compressed.then(|| PermessageDeflate::new(role, &NegotiatedDeflate::default(), 1)),
            || [9, 8, 7, 6],
        )
    };
    let (mut client, mut server) = (endpoint(Role::Client), endpoint(Role::Server));
    let options = SendOptions { max_frame_size: usize::from(*size).max(1), compress_from: Some(0) };
    let (mut sink, mut output) = (Collected::default(), OutputBuffer::default());
    let messages: Vec<&[u8]> = input.chunks(LIMIT).collect();
    for message in &messages {
        client.send(MessageKind::Binary, message, options, &mut output);
    }
    let mut wire = output.pending().to_vec();
    let (used, result) = server.receive(&mut wire, LIMIT, &mut sink, &mut OutputBuffer::default());
    assert_eq!((used, result), (wire.len(), Ok(ReceiveOutcome::NeedsInput)));
    assert!(sink.0.iter().map(|(_, message)| message.as_slice()).eq(messages));
}

/// A program sees the same events of a connection however its bytes are cut: the request, the open connection, messages
/// in order, and the end once.
pub fn event_order(data: &[u8]) {
    event_order::event_order(data);
}

/// The body of a target.
pub type Body = fn(&[u8]);

/// Name and body of every target.
pub const TARGETS: [(&str, Body); 10] = [
    ("frame", frame),
    ("connection", connection),
    ("server_handshake", server_handshake),
    ("client_handshake", client_handshake),
    ("negotiation", negotiation),
    ("deflate", deflate),
    ("url", url),
    ("request_target", request_target),
    ("round_trip", round_trip),
    ("event_order", event_order),
];
