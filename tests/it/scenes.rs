//! Rooms that speak with Godot's SceneMultiplayer; the bytes are those of the engine.

use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::net::clock;
use wspeer::peer::room::{RoomStatus, SceneEvent, SceneMode, SceneRoom};
use wspeer::peer::{MultiplayerPeer, SERVER_ID};

use crate::fixtures::DEADLINE;

/// A scene server with its events, and plain clients with the packets that they have received.
struct SceneTest {
    server: SceneRoom,
    events: Vec<(SceneEvent, Vec<u8>)>,
    clients: Vec<MultiplayerPeer>,
    got: Vec<Vec<Vec<u8>>>,
}

impl SceneTest {
    fn new(clients: usize, needs_auth: bool) -> Self {
        let mut server = SceneRoom::new();
        server.set_mode(if needs_auth { SceneMode::SceneWithAuth } else { SceneMode::Scene }).unwrap();
        server.room.create_server(0, "127.0.0.1", None).unwrap();
        let mut test = Self { server, events: Vec::new(), clients: Vec::new(), got: Vec::new() };
        for index in 0..clients {
            let mut client = MultiplayerPeer::new();
            let url = format!("ws://127.0.0.1:{}/", test.server.room.local_port());
            client.create_client(&url, None).unwrap();
            test.clients.push(client);
            test.got.push(Vec::new());
            test.drive("arrival", |test| test.events.iter().filter(|(event, _)| is_arrival(*event)).count() > index);
        }
        test
    }

    fn id(&self, index: usize) -> i32 {
        self.clients[index].unique_id()
    }

    fn poll(&mut self) {
        self.server.poll();
        while let Some(event) = self.server.next_event() {
            let has_data = matches!(event, SceneEvent::Packet(_) | SceneEvent::Bytes(_) | SceneEvent::Auth(_));
            self.events.push((event, if has_data { self.server.data().to_vec() } else { Vec::new() }));
        }
        for (client, got) in self.clients.iter_mut().zip(&mut self.got) {
            client.poll();
            while client.next_event().is_some() {}
            while let Ok((SERVER_ID, packet)) = client.take_packet() {
                got.push(packet.to_vec());
            }
        }
    }

    fn drive(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = clock::now() + DEADLINE;
        while !done(self) {
            assert!(clock::now() < end, "in time: {what}: {:?} {:?}", self.events, self.got);
            self.poll();
            std::thread::yield_now();
        }
    }

    fn send(&mut self, index: usize, packet: &[u8]) {
        self.clients[index].put_packet(packet).unwrap();
        self.clients[index].flush();
    }
}

fn is_arrival(event: SceneEvent) -> bool {
    matches!(event, SceneEvent::Connected(_) | SceneEvent::Authenticating(_))
}

/// `07 what id rest`.
fn system(what: u8, id: i32, rest: &[u8]) -> Vec<u8> {
    [&[7, what], id.to_le_bytes().as_slice(), rest].concat()
}

#[test]
fn a_server_introduces_its_clients_to_each_other_and_reports_departures() {
    let mut test = SceneTest::new(3, false);
    let ids = [test.id(0), test.id(1), test.id(2)];
    test.drive("introductions", |test| test.got.iter().all(|got| got.len() == 2));
    for index in 0..3 {
        let mut expected: Vec<_> =
            (0..3).filter(|other| *other != index).map(|other| system(1, ids[other], &[])).collect();
        expected.sort();
        test.got[index].sort();
        assert_eq!(test.got[index], expected);
        test.got[index].clear();
    }
    test.clients[1].close();
    test.drive("departure", |test| test.got[0].len() == 1 && test.got[2].len() == 1);
    assert_eq!(test.got[0], [system(2, ids[1], &[])]);
    assert_eq!(test.events.last().unwrap().0, SceneEvent::Disconnected(ids[1]));
    test.server.disconnect_peer(ids[2], true).unwrap();
    test.drive("dismissal", |test| test.got[0].len() == 2);
    assert_eq!(test.got[0][1], system(2, ids[2], &[]));
    assert_eq!(test.server.peers(), [ids[0]]);
}

#[test]
fn packets_are_relayed_to_one_to_all_or_to_all_but_one() {
    let mut test = SceneTest::new(3, false);
    let ids = [test.id(0), test.id(1), test.id(2)];
    test.drive("introductions", |test| test.got.iter().all(|got| got.len() == 2));
    test.got.iter_mut().for_each(Vec::clear);
    test.events.clear();
    // The clients that get the packet, and whether the server gets it too.
    let cases: [(i32, &[usize], bool); 6] = [
        (ids[1], &[1], false),
        (0, &[1, 2], true),
        (-ids[2], &[1], true),
        (-SERVER_ID, &[1, 2], false),
        (99, &[], false),
        (SERVER_ID, &[], false),
    ];
    for (number, (target, receivers, to_server)) in cases.into_iter().enumerate() {
        let inner = [3, b'a' + number as u8];
        test.send(0, &system(3, target, &inner));
        // Packets arrive in order, so the next one shows that this one was handled.
        test.send(0, &[3, b'.']);
        test.drive("the next packet", |test| test.events.iter().any(|(_, data)| data == b"."));
        for _ in 0..3 {
            test.poll();
        }
        for index in 0..3 {
            let expected = if receivers.contains(&index) { vec![system(3, ids[0], &inner)] } else { vec![] };
            assert_eq!(std::mem::take(&mut test.got[index]), expected, "target {target} at client {index}");
        }
        let mut expected = vec![(SceneEvent::Bytes(ids[0]), b".".to_vec())];
        if to_server {
            expected.insert(0, (SceneEvent::Bytes(ids[0]), inner[1..].to_vec()));
        }
        assert_eq!(std::mem::take(&mut test.events), expected, "target {target} at the server");
    }
}

#[test]
fn invalid_packets_are_skipped() {
    let mut test = SceneTest::new(1, false);
    let id = test.id(0);
    test.events.clear();
    for packet in [
        &[7u8][..],
        &[7, 3],
        &[7, 3, 0, 0, 0],
        &[7, 3, 0, 0, 0, 0],
        &[7, 9, 0, 0, 0, 0],
        &[7, 0],
        &[7, 0, 1],
        &system(1, 5, &[]),
        &system(2, id, &[]),
        &system(3, 0, &[7, 0]),
    ] {
        test.send(0, packet);
    }
    test.send(0, &[0, 1, 2]);
    test.drive("a call", |test| !test.events.is_empty());
    assert_eq!(test.events, [(SceneEvent::Packet(id), vec![0, 1, 2])]);
    assert_eq!(test.server.peers(), [id]);
}

#[test]
fn packets_are_dropped_until_both_sides_have_completed_the_authentication() {
    let mut test = SceneTest::new(3, true);
    let ids = [test.id(0), test.id(1), test.id(2)];
    test.events.clear();
    test.send(0, &[3, b'x']);
    test.send(0, &[7, 0, b'p', b'w']);
    test.drive("a password", |test| !test.events.is_empty());
    assert_eq!(test.events, [(SceneEvent::Auth(ids[0]), b"pw".to_vec())]);
    assert_eq!(test.server.put_packet(ids[0], b"\x03x").unwrap_err().code(), ErrorCode::InvalidParameter);
    test.server.send_auth(ids[0], b"ok").unwrap();
    test.server.complete_auth(ids[0]).unwrap();
    test.drive("the answer", |test| test.got[0].len() == 2);
    assert_eq!(test.got[0], [vec![7, 0, b'o', b'k'], vec![7, 0]]);
    assert_eq!(test.server.peers(), [0; 0]);
    test.send(0, &[7, 0]);
    test.drive("admission", |test| test.events.len() == 2);
    assert_eq!(test.events[1].0, SceneEvent::Connected(ids[0]));
    // The client completes the authentication first.
    test.send(1, &[7, 0]);
    test.send(1, &[7, 0, b'!']);
    test.drive("the client's data", |test| test.events.len() == 3);
    test.server.complete_auth(ids[1]).unwrap();
    test.drive("admission", |test| test.events.len() == 4);
    assert_eq!(test.events[3].0, SceneEvent::Connected(ids[1]));
    assert_eq!(test.server.complete_auth(ids[1]).unwrap_err().code(), ErrorCode::InvalidParameter);
    // The third client does not authenticate.
    test.server.poll_at(clock::now() + Duration::from_secs(4));
    test.drive("the end of its time", |test| test.clients[2].status() == RoomStatus::Disconnected);
    assert_eq!(test.events[4].0, SceneEvent::AuthFailed(ids[2]));
    assert_eq!(test.got[2], [[0u8; 0]; 0], "it was sent nothing");
}

#[test]
fn clients_reach_each_other_through_the_server() {
    let mut server = SceneRoom::new();
    server.set_mode(SceneMode::Scene).unwrap();
    server.room.create_server(0, "127.0.0.1", None).unwrap();
    let url = format!("ws://127.0.0.1:{}/", server.room.local_port());
    let mut rooms = vec![server];
    for _ in 0..2 {
        let mut client = SceneRoom::new();
        client.set_mode(SceneMode::Scene).unwrap();
        client.room.create_client(&url, None).unwrap();
        rooms.push(client);
    }
    let mut events: Vec<Vec<(SceneEvent, Vec<u8>)>> = vec![Vec::new(); 3];
    let drive = |rooms: &mut Vec<SceneRoom>, events: &mut Vec<Vec<(SceneEvent, Vec<u8>)>>, lens: [usize; 3]| {
        let end = clock::now() + DEADLINE;
        while events.iter().map(Vec::len).ne(lens) {
            assert!(clock::now() < end, "in time: {lens:?} {events:?}");
            for (room, events) in rooms.iter_mut().zip(events.iter_mut()) {
                room.poll();
                while let Some(what) = room.next_event() {
                    let data = if matches!(what, SceneEvent::Bytes(_)) { room.data().to_vec() } else { Vec::new() };
                    events.push((what, data));
                }
            }
        }
    };
    drive(&mut rooms, &mut events, [2, 2, 2]);
    let ids = [1, rooms[1].room.unique_id(), rooms[2].room.unique_id()];
    assert_eq!((rooms[1].peers(), rooms[2].peers().len()), (vec![1, ids[2]], 2));
    rooms[1].send_bytes(ids[2], b"one").unwrap();
    rooms[1].send_bytes(0, b"all").unwrap();
    rooms[1].send_bytes(-1, b"not the server").unwrap();
    assert_eq!(rooms[1].send_bytes(77, b"unknown").unwrap_err().code(), ErrorCode::InvalidParameter);
    rooms[0].send_bytes(-ids[1], b"not the first").unwrap();
    drive(&mut rooms, &mut events, [3, 2, 6]);
    assert_eq!(events[0][2], (SceneEvent::Bytes(ids[1]), b"all".to_vec()));
    let mut got = events[2].split_off(2);
    got.sort_by(|a, b| a.1.cmp(&b.1));
    let expected = [(1, "not the first"), (ids[1], "all"), (ids[1], "not the server"), (ids[1], "one")];
    let mut expected: Vec<_> = expected.map(|(id, text)| (SceneEvent::Bytes(id), text.as_bytes().to_vec())).to_vec();
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(got, expected);
    events[2].clear();
    rooms[0].room.close();
    rooms[0].reset();
    drive(&mut rooms, &mut events, [3, 4, 2]);
    assert_eq!(
        events[2].iter().map(|entry| entry.0).collect::<Vec<_>>(),
        [SceneEvent::Disconnected(1), SceneEvent::Disconnected(ids[1])]
    );
    assert_eq!(rooms[2].set_mode(SceneMode::Plain), Ok(()));
    assert_eq!(rooms[2].send_bytes(1, b"x").unwrap_err().code(), ErrorCode::Unconfigured);
}
