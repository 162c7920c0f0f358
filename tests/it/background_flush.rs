//! Output that a program has collected and left is written by a thread, without the loss of an error or of order.

use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use wspeer::net::background_flush::{BackgroundFlush, FlushProgress, FlushRegistration};
use wspeer::net::{TcpSocket, Transport};
use wspeer::peer::flushing::CollectsOutput;
use wspeer::peer::{Client, Server, State, TcpServer, WebSocketPeer};
use wspeer::proto::frame::MessageKind::{Binary, Text};

use crate::fixtures::{packets, until};
use crate::world::World;

/// An object behind a lock, as the bindings have it.
struct Locked<T>(Mutex<T>);

impl<T: CollectsOutput + Send> BackgroundFlush for Locked<T> {
    fn flush_in_background(&self) -> FlushProgress {
        self.0.try_lock().map_or(FlushProgress::Busy, |mut object| object.flush_in_background())
    }
}

fn locked<T: CollectsOutput + Send + 'static>(object: T) -> (Arc<Locked<T>>, FlushRegistration) {
    let object = Arc::new(Locked(Mutex::new(object)));
    let registration = FlushRegistration::new(&object);
    object.0.lock().set_flush_requests(registration.requests());
    (object, registration)
}

/// What a [`Watched`] socket does and has done.
#[derive(Default)]
struct Watch {
    /// Writes, each of which is a system call.
    writes: AtomicUsize,
    is_broken: AtomicBool,
    failures: AtomicUsize,
    is_the_programs: AtomicBool,
}

/// The first error of a broken socket; later ones are others, as a system's are.
const FIRST_ERROR: ErrorKind = ErrorKind::ConnectionReset;

struct Watched {
    socket: Arc<TcpSocket>,
    watch: Arc<Watch>,
}

impl Watched {
    fn count_write(&self) -> io::Result<()> {
        self.watch.writes.fetch_add(1, Ordering::AcqRel);
        if !self.watch.is_broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let is_first = self.watch.failures.fetch_add(1, Ordering::AcqRel) == 0;
        Err(if is_first { FIRST_ERROR } else { ErrorKind::BrokenPipe }.into())
    }
}

impl Transport for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Transport::read(&mut self.socket, buffer)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.count_write()?;
        Transport::write(&mut self.socket, data)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.count_write()?;
        Transport::write_vectored(&mut self.socket, pieces)
    }

    fn may_flush_in_background(&self) -> bool {
        !self.watch.is_the_programs.load(Ordering::Acquire)
    }

    fn close(&mut self, unsent: Vec<u8>) {
        Transport::close(&mut self.socket, unsent);
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        Transport::remote_address(&self.socket)
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        Transport::set_no_delay(&mut self.socket, enabled)
    }
}

/// Returns a client and the server peer of its connection, whose socket is watched.
fn watched_pair() -> (WebSocketPeer, WebSocketPeer, Arc<Watch>) {
    let mut listener = TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let (mut client, mut server) = (WebSocketPeer::new(), WebSocketPeer::new());
    client.options.set_inbound_buffer_size(64 << 20);
    client.options.set_max_queued_packets(1 << 20);
    server.options.set_outbound_buffer_size(0);
    server.options.set_max_queued_packets(1 << 20);
    client.connect_to_url(&format!("ws://127.0.0.1:{}", listener.local_port()), None).unwrap();
    until("accept", || {
        client.poll();
        listener.is_connection_available()
    });
    let watch = Arc::new(Watch::default());
    let socket = listener.take_connection().unwrap().socket().unwrap();
    server.accept_stream(Box::new(Watched { socket, watch: Arc::clone(&watch) })).unwrap();
    until("open", || {
        client.poll();
        server.poll();
        client.state() == State::Open && server.state() == State::Open
    });
    watch.writes.store(0, Ordering::Release);
    (client, server, watch)
}

/// Polls a receiver until it has all numbers up to `count`, in order.
fn receive_numbers(receiver: &mut WebSocketPeer, count: u32) {
    let mut next = 0u32;
    until("the numbers", || {
        receiver.poll();
        for packet in packets(receiver) {
            assert_eq!(packet, next.to_be_bytes());
            next += 1;
        }
        next == count
    });
}

#[test]
fn messages_of_a_peer_that_is_not_polled_arrive_in_order() {
    let (mut client, server, _) = watched_pair();
    let (server, _registration) = locked(server);
    for round in 0..3u32 {
        // Each round begins with a poll, as a frame does, so that the first message is written at once.
        server.0.lock().poll();
        for number in 0..5u32 {
            server.0.lock().send(Binary, &number.to_be_bytes()).unwrap();
        }
        receive_numbers(&mut client, 5);
        assert!(!server.0.lock().has_unflushed(), "{round}");
    }
}

#[test]
fn messages_of_a_client_and_a_server_that_are_not_polled_arrive() {
    let mut world = World::new();
    let index = world.join();
    let id = world.id(index);
    let (server, _server_registration) = locked(std::mem::take(&mut world.server));
    let (client, _client_registration) = locked(std::mem::take(world.client(index)));
    let send_three = |send: &mut dyn FnMut()| (0..3).for_each(|_| send());
    send_three(&mut || server.0.lock().send(id, Text, b"from the server").unwrap());
    until("three messages", || {
        let mut client: parking_lot::MutexGuard<'_, Client> = client.0.lock();
        client.poll();
        while client.next_event().is_some() {}
        client.packet_count() == 3
    });
    send_three(&mut || client.0.lock().send(Text, b"from the client").unwrap());
    until("three messages", || {
        let mut server: parking_lot::MutexGuard<'_, Server> = server.0.lock();
        server.poll();
        while server.next_event().is_some() {}
        server.packet_count(id) == 3
    });
    // To all, in two sends; the first message since the poll is written at once.
    server.0.lock().send_to(0, Text, b"one").unwrap();
    server.0.lock().send_to(0, Text, b"two").unwrap();
    until("two messages", || {
        let mut client = client.0.lock();
        client.poll();
        while client.next_event().is_some() {}
        client.packet_count() == 5
    });
}

#[test]
fn a_burst_of_a_peer_that_is_not_polled_costs_few_system_calls() {
    const MESSAGES: u32 = 100_000;
    let (mut client, server, socket) = watched_pair();
    let (server, _registration) = locked(server);
    for number in 0..MESSAGES {
        server.0.lock().send(Binary, &number.to_be_bytes()).unwrap();
    }
    let written = socket.writes.load(Ordering::Acquire);
    receive_numbers(&mut client, MESSAGES);
    // 6 bytes a message. The kernel may refuse a write until the client reads, and the thread then tries again.
    assert!(written <= 40, "{written} writes of 600,000 bytes in the burst");
}

#[test]
fn a_large_message_is_written_to_a_slow_reader_without_polls() {
    let (mut client, server, _) = watched_pair();
    let (server, _registration) = locked(server);
    let payload: Vec<u8> = (0..20_000_000u32).map(|index| (index % 251) as u8).collect();
    server.0.lock().send(Binary, &payload).unwrap();
    assert!(server.0.lock().has_unflushed(), "the kernel has no room for all of it");
    let mut received = Vec::new();
    until("the message", || {
        client.poll();
        client.take_packet_into(&mut received).is_ok()
    });
    assert!(received == payload);
}

#[test]
fn an_error_of_a_background_write_is_reported_by_the_next_call_after_what_had_arrived() {
    type Report = fn(&mut WebSocketPeer);
    let reports: [(&str, Report); 3] = [
        ("poll", WebSocketPeer::poll),
        ("flush", WebSocketPeer::flush),
        ("ping", |peer| _ = peer.ping(b"").unwrap_err()),
    ];
    for (name, report) in reports {
        let (mut client, server, socket) = watched_pair();
        let (server, _registration) = locked(server);
        client.send(Text, b"before the loss").unwrap();
        server.0.lock().send(Text, b"written at once").unwrap();
        socket.is_broken.store(true, Ordering::Release);
        server.0.lock().send(Text, b"collected").unwrap();
        until("the background write", || socket.failures.load(Ordering::Acquire) == 1);
        {
            let mut server = server.0.lock();
            assert_eq!((server.state(), server.error_message()), (State::Open, ""), "{name}");
            assert!(server.needs_poll(), "{name}");
            report(&mut server);
            assert_eq!(server.state(), State::Closed, "{name}");
            assert!(server.error_message().contains(&FIRST_ERROR.to_string()), "{name}: {}", server.error_message());
            assert_eq!(packets(&mut server), [b"before the loss"], "{name}");
        }
        assert_eq!(socket.failures.load(Ordering::Acquire), 1, "{name}: the thread does not write again");
    }
}

#[test]
fn a_peer_without_an_owner_that_the_thread_knows_collects_until_a_poll() {
    let (mut client, mut server, socket) = watched_pair();
    for number in 0..3u32 {
        server.send(Binary, &number.to_be_bytes()).unwrap();
    }
    assert_eq!(socket.writes.load(Ordering::Acquire), 1);
    server.poll();
    receive_numbers(&mut client, 3);
    assert_eq!(socket.writes.load(Ordering::Acquire), 2);
}

#[test]
fn a_stream_of_the_program_is_not_written_by_the_thread() {
    let (mut client, server, socket) = watched_pair();
    socket.is_the_programs.store(true, Ordering::Release);
    let (server, _registration) = locked(server);
    let (mut other_client, other, _) = watched_pair();
    let (other, _other_registration) = locked(other);
    for number in 0..3u32 {
        server.0.lock().send(Binary, &number.to_be_bytes()).unwrap();
        other.0.lock().send(Binary, &number.to_be_bytes()).unwrap();
    }
    // The thread has come to both.
    receive_numbers(&mut other_client, 3);
    assert_eq!(socket.writes.load(Ordering::Acquire), 1);
    server.0.lock().flush();
    receive_numbers(&mut client, 3);
}
