//! Closed connections: their data arrives without further polls, idle peers do not notice them, and their descriptors
//! are released.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use wspeer::peer::WebSocketPeer;
use wspeer::proto::frame::MessageKind::Binary;

use crate::fixtures::{Pair, Raw, frame, until};
use crate::memory::{alone, alone_with_descriptors};
use crate::world::{BINARY, REQUEST, World};

const LARGE: usize = 16 << 20;

/// Reads everything that arrives; `None` if nothing does for long.
fn read_all(socket: &mut TcpStream) -> Option<usize> {
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Some(total),
            Ok(count) => total += count,
            Err(_) => return None,
        }
    }
}

/// A peer that has sent more than the kernel accepts, with its remote peer.
fn loaded() -> Raw {
    let mut raw = Raw::server_with(|peer| peer.options.set_outbound_buffer_size(LARGE));
    raw.peer.send(Binary, &vec![7; LARGE]).unwrap();
    assert!(raw.peer.outbound_buffered_amount() > 0, "the kernel accepts everything");
    raw
}

/// The open descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn lingering_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.trim() == "wspeer-linger").count()
}

#[test]
fn data_of_a_freed_peer_arrives_without_any_poll() {
    let Raw { peer, mut socket } = loaded();
    drop(peer);
    assert_eq!(read_all(&mut socket), Some(LARGE + 14), "the message and the close frame");
}

#[test]
fn data_of_a_closed_peer_arrives_without_any_poll() {
    let Raw { mut peer, mut socket } = loaded();
    peer.close(1000, "").unwrap();
    drop(peer);
    assert_eq!(read_all(&mut socket), Some(LARGE + 14), "the message and the close frame");
}

#[test]
fn data_of_a_freed_peer_arrives_although_its_stream_is_held() {
    let mut listener = wspeer::peer::TcpServer::new();
    listener.listen(0, "127.0.0.1").unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", listener.local_port())).unwrap();
    until("accept", || listener.is_connection_available());
    let stream = listener.take_connection().unwrap();
    let mut peer = WebSocketPeer::new();
    peer.options.set_outbound_buffer_size(LARGE);
    peer.accept_stream(Box::new(stream.socket().unwrap())).unwrap();
    socket.write_all(REQUEST).unwrap();
    until("open", || {
        peer.poll();
        peer.send(Binary, &vec![7; LARGE]).is_ok()
    });
    drop(peer);
    let mut received = 0;
    let mut buffer = vec![0; 1 << 16];
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    while received < LARGE {
        received += socket.read(&mut buffer).unwrap();
    }
    drop(stream);
}

/// A client whose kernel takes little, so that most of what a server sends waits in the server's.
fn narrow_client(port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&std::net::SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
    socket.into()
}

#[test]
fn a_stopped_server_delivers_to_hundreds_of_clients_that_still_send() {
    alone("lingering::a_stopped_server_delivers_to_hundreds_of_clients_that_still_send", || {
        const CLIENTS: usize = 400;
        const PAYLOAD: usize = 128 << 10;
        let mut world = World::listening(&[], false, |server| {
            let set = server.configure(|options| {
                options.peer.set_outbound_buffer_size(1 << 20);
                Ok(())
            });
            set.unwrap();
        });
        let mut sockets: Vec<TcpStream> = (0..CLIENTS).map(|_| narrow_client(world.server.local_port())).collect();
        for socket in &mut sockets {
            socket.write_all(REQUEST).unwrap();
        }
        world.until("open", |world| world.server.peer_count() == CLIENTS);
        for id in world.server.peer_ids() {
            world.server.send(id, BINARY, &vec![5; PAYLOAD]).unwrap();
        }
        world.server.stop();
        for socket in &mut sockets {
            // A socket that is closed already answers this with a reset, and drops its unsent data.
            socket.write_all(&frame(0x82, true, b"still here")).unwrap();
        }
        for (index, socket) in sockets.iter_mut().enumerate() {
            let received = read_all(socket);
            assert!(received.is_some_and(|count| count > PAYLOAD), "client {index}: {received:?}");
        }
    });
}

#[test]
fn idle_peers_stay_idle_while_closed_connections_linger() {
    alone("lingering::idle_peers_stay_idle_while_closed_connections_linger", || {
        let mut pair = Pair::open();
        pair.drive("idle", |pair| pair.server.poll_unless_idle().is_some());
        let watch = pair.server.poll_unless_idle().unwrap();
        let Raw { peer, socket } = loaded();
        drop(peer);
        until("the thread", || lingering_threads() == 1);
        assert!(watch.still_holds() && pair.server.poll_unless_idle().is_some());
        drop(socket);
    });
}

#[test]
fn a_freed_connection_releases_its_descriptors_without_any_poll() {
    alone("lingering::a_freed_connection_releases_its_descriptors_without_any_poll", || {
        let Raw { peer, mut socket } = loaded();
        let before = descriptors();
        drop(peer);
        assert_eq!(read_all(&mut socket), Some(LARGE + 14), "the message and the close frame");
        // The remote peer is still there. After the time for its answer the connection and the thread end.
        until("the end of the connection and of the thread", || {
            std::thread::sleep(Duration::from_millis(1));
            descriptors() == before - 1 && lingering_threads() == 0
        });
    });
}

#[test]
fn polls_finish_closed_connections_if_the_system_refuses_the_thread() {
    alone_with_descriptors("lingering::polls_finish_closed_connections_if_the_system_refuses_the_thread", 64, || {
        let Raw { peer, mut socket } = loaded();
        let mut idle = Pair::open();
        let mut fillers: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        drop(peer);
        fillers.truncate(fillers.len() - 2);
        assert_eq!(lingering_threads(), 0);
        fillers.extend(std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()));
        socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut received = 0;
        let mut buffer = vec![0; 1 << 16];
        until("all data", || {
            idle.server.poll();
            received += socket.read(&mut buffer).unwrap_or(0);
            received == LARGE + 14
        });
        drop(fillers);
    });
}

#[test]
fn data_of_a_stopped_server_arrives_although_its_process_exits_at_once() {
    const MARK: &str = "WSPEER_TEST_EXITING";
    if std::env::var_os(MARK).is_some() {
        let mut server = wspeer::peer::Server::new();
        let set = server.configure(|options| {
            options.peer.set_outbound_buffer_size(LARGE);
            options.listen.set_bind_address("127.0.0.1")
        });
        set.unwrap();
        server.listen(0, wspeer::peer::ListenParameters::default()).unwrap();
        println!("\nport {}", server.local_port());
        until("open", || {
            server.poll();
            server.peer_ids().len() == 1
        });
        server.send_to(0, Binary, &vec![7; LARGE]).unwrap();
        server.stop();
        std::process::exit(0);
    }
    let name = "lingering::data_of_a_stopped_server_arrives_although_its_process_exits_at_once";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(MARK, "1").stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let port =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("port ").map(|port| port.parse().unwrap()));
    let mut socket = narrow_client(port.unwrap());
    socket.write_all(REQUEST).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert_eq!(read_all(&mut socket), Some(LARGE + 14), "the message and the close frame");
    assert!(child.wait().unwrap().success());
}
