//! Rooms that speak with Godot's SceneMultiplayer; the bytes are those of the engine.

use std::time::Duration;

use wspeer::error::ErrorCode;
use wspeer::net::clock;
use wspeer::peer::MultiplayerPeer;
use wspeer::peer::room::{SERVER, SceneEvent, SceneRoom, Status};

use crate::fixtures::DEADLINE;

/// What a scene server sends and takes, seen by clients without a scene layer.
struct Stage {
    server: SceneRoom,
    told: Vec<(SceneEvent, Vec<u8>)>,
    clients: Vec<MultiplayerPeer>,
    got: Vec<Vec<Vec<u8>>>,
}

impl Stage {
    fn new(clients: usize, needs_auth: bool) -> Self {
        let mut server = SceneRoom::new();
        server.set_scene(true, needs_auth).unwrap();
        server.room.create_server(0, "127.0.0.1", None).unwrap();
        let mut stage = Self { server, told: Vec::new(), clients: Vec::new(), got: Vec::new() };
        for index in 0..clients {
            let mut client = MultiplayerPeer::new();
            let url = format!("ws://127.0.0.1:{}/", stage.server.room.local_port());
            client.create_client(&url, None).unwrap();
            stage.clients.push(client);
            stage.got.push(Vec::new());
            stage.drive("arrival", |stage| stage.told.iter().filter(|(told, _)| is_arrival(*told)).count() > index);
        }
        stage
    }

    fn id(&self, index: usize) -> i32 {
        self.clients[index].unique_id()
    }

    fn turn(&mut self) {
        self.server.poll();
        while let Some(told) = self.server.next_told() {
            let has_data = matches!(told, SceneEvent::Packet(_) | SceneEvent::Bytes(_) | SceneEvent::Auth(_));
            self.told.push((told, if has_data { self.server.data().to_vec() } else { Vec::new() }));
        }
        for (client, got) in self.clients.iter_mut().zip(&mut self.got) {
            client.poll();
            while client.next_event().is_some() {}
            while let Ok((SERVER, packet)) = client.take_packet() {
                got.push(packet.to_vec());
            }
        }
    }

    fn drive(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = clock::now() + DEADLINE;
        while !done(self) {
            assert!(clock::now() < end, "in time: {what}: {:?} {:?}", self.told, self.got);
            self.turn();
            std::thread::yield_now();
        }
    }

    fn send(&mut self, index: usize, packet: &[u8]) {
        self.clients[index].put_packet(packet).unwrap();
        self.clients[index].flush();
    }
}

fn is_arrival(told: SceneEvent) -> bool {
    matches!(told, SceneEvent::Connected(_) | SceneEvent::Authenticating(_))
}

/// `07 what id rest`.
fn system(what: u8, id: i32, rest: &[u8]) -> Vec<u8> {
    [&[7, what], id.to_le_bytes().as_slice(), rest].concat()
}

#[test]
fn a_server_introduces_its_clients_to_each_other_and_says_who_left() {
    let mut stage = Stage::new(3, false);
    let ids = [stage.id(0), stage.id(1), stage.id(2)];
    stage.drive("introductions", |stage| stage.got.iter().all(|got| got.len() == 2));
    for index in 0..3 {
        let mut expected: Vec<_> =
            (0..3).filter(|other| *other != index).map(|other| system(1, ids[other], &[])).collect();
        expected.sort();
        stage.got[index].sort();
        assert_eq!(stage.got[index], expected);
        stage.got[index].clear();
    }
    stage.clients[1].close();
    stage.drive("departure", |stage| stage.got[0].len() == 1 && stage.got[2].len() == 1);
    assert_eq!(stage.got[0], [system(2, ids[1], &[])]);
    assert_eq!(stage.told.last().unwrap().0, SceneEvent::Disconnected(ids[1]));
    stage.server.disconnect_peer(ids[2], true).unwrap();
    stage.drive("dismissal", |stage| stage.got[0].len() == 2);
    assert_eq!(stage.got[0][1], system(2, ids[2], &[]));
    assert_eq!(stage.server.peers(), [ids[0]]);
}

#[test]
fn packets_are_passed_on_to_one_to_all_or_to_all_but_one() {
    let mut stage = Stage::new(3, false);
    let ids = [stage.id(0), stage.id(1), stage.id(2)];
    stage.drive("introductions", |stage| stage.got.iter().all(|got| got.len() == 2));
    stage.got.iter_mut().for_each(Vec::clear);
    stage.told.clear();
    // Which clients get it, and whether the server takes it too.
    let cases: [(i32, &[usize], bool); 6] = [
        (ids[1], &[1], false),
        (0, &[1, 2], true),
        (-ids[2], &[1], true),
        (-SERVER, &[1, 2], false),
        (99, &[], false),
        (SERVER, &[], false),
    ];
    for (number, (target, receivers, to_server)) in cases.into_iter().enumerate() {
        let inner = [3, b'a' + number as u8];
        stage.send(0, &system(3, target, &inner));
        // What stands behind it shows that it is through.
        stage.send(0, &[3, b'.']);
        stage.drive("the packet behind", |stage| stage.told.iter().any(|(_, data)| data == b"."));
        for _ in 0..3 {
            stage.turn();
        }
        for index in 0..3 {
            let expected = if receivers.contains(&index) { vec![system(3, ids[0], &inner)] } else { vec![] };
            assert_eq!(std::mem::take(&mut stage.got[index]), expected, "target {target} at client {index}");
        }
        let mut expected = vec![(SceneEvent::Bytes(ids[0]), b".".to_vec())];
        if to_server {
            expected.insert(0, (SceneEvent::Bytes(ids[0]), inner[1..].to_vec()));
        }
        assert_eq!(std::mem::take(&mut stage.told), expected, "target {target} at the server");
    }
}

#[test]
fn packets_that_make_no_sense_are_passed_over() {
    let mut stage = Stage::new(1, false);
    let id = stage.id(0);
    stage.told.clear();
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
        stage.send(0, packet);
    }
    stage.send(0, &[0, 1, 2]);
    stage.drive("a call", |stage| !stage.told.is_empty());
    assert_eq!(stage.told, [(SceneEvent::Packet(id), vec![0, 1, 2])]);
    assert_eq!(stage.server.peers(), [id]);
}

#[test]
fn nobody_is_heard_before_both_ends_have_completed_the_authentication() {
    let mut stage = Stage::new(3, true);
    let ids = [stage.id(0), stage.id(1), stage.id(2)];
    stage.told.clear();
    stage.send(0, &[3, b'x']);
    stage.send(0, &[7, 0, b'p', b'w']);
    stage.drive("a password", |stage| !stage.told.is_empty());
    assert_eq!(stage.told, [(SceneEvent::Auth(ids[0]), b"pw".to_vec())]);
    assert_eq!(stage.server.put_packet(ids[0], b"\x03x").unwrap_err().code(), ErrorCode::InvalidParameter);
    stage.server.send_auth(ids[0], b"ok").unwrap();
    stage.server.complete_auth(ids[0]).unwrap();
    stage.drive("the answer", |stage| stage.got[0].len() == 2);
    assert_eq!(stage.got[0], [vec![7, 0, b'o', b'k'], vec![7, 0]]);
    assert_eq!(stage.server.peers(), [0; 0]);
    stage.send(0, &[7, 0]);
    stage.drive("admission", |stage| stage.told.len() == 2);
    assert_eq!(stage.told[1].0, SceneEvent::Connected(ids[0]));
    // The other way round: the client is content first.
    stage.send(1, &[7, 0]);
    stage.send(1, &[7, 0, b'!']);
    stage.drive("the client's word", |stage| stage.told.len() == 3);
    stage.server.complete_auth(ids[1]).unwrap();
    stage.drive("admission", |stage| stage.told.len() == 4);
    assert_eq!(stage.told[3].0, SceneEvent::Connected(ids[1]));
    assert_eq!(stage.server.complete_auth(ids[1]).unwrap_err().code(), ErrorCode::InvalidParameter);
    // The third never says anything.
    stage.server.poll_at(clock::now() + Duration::from_secs(4));
    stage.drive("the end of its time", |stage| stage.clients[2].status() == Status::Disconnected);
    assert_eq!(stage.told[4].0, SceneEvent::AuthFailed(ids[2]));
    assert_eq!(stage.got[2], [[0u8; 0]; 0], "it was told nothing");
}

#[test]
fn clients_know_each_other_through_the_server() {
    let mut server = SceneRoom::new();
    server.set_scene(true, false).unwrap();
    server.room.create_server(0, "127.0.0.1", None).unwrap();
    let url = format!("ws://127.0.0.1:{}/", server.room.local_port());
    let mut rooms = vec![server];
    for _ in 0..2 {
        let mut client = SceneRoom::new();
        client.set_scene(true, false).unwrap();
        client.room.create_client(&url, None).unwrap();
        rooms.push(client);
    }
    let mut told: Vec<Vec<(SceneEvent, Vec<u8>)>> = vec![Vec::new(); 3];
    let drive = |rooms: &mut Vec<SceneRoom>, told: &mut Vec<Vec<(SceneEvent, Vec<u8>)>>, lens: [usize; 3]| {
        let end = clock::now() + DEADLINE;
        while told.iter().map(Vec::len).ne(lens) {
            assert!(clock::now() < end, "in time: {lens:?} {told:?}");
            for (room, told) in rooms.iter_mut().zip(told.iter_mut()) {
                room.poll();
                while let Some(what) = room.next_told() {
                    let data = if matches!(what, SceneEvent::Bytes(_)) { room.data().to_vec() } else { Vec::new() };
                    told.push((what, data));
                }
            }
        }
    };
    drive(&mut rooms, &mut told, [2, 2, 2]);
    let ids = [1, rooms[1].room.unique_id(), rooms[2].room.unique_id()];
    assert_eq!((rooms[1].peers(), rooms[2].peers().len()), (vec![1, ids[2]], 2));
    rooms[1].send_bytes(ids[2], b"one").unwrap();
    rooms[1].send_bytes(0, b"all").unwrap();
    rooms[1].send_bytes(-1, b"not the server").unwrap();
    assert_eq!(rooms[1].send_bytes(77, b"nobody").unwrap_err().code(), ErrorCode::InvalidParameter);
    rooms[0].send_bytes(-ids[1], b"not the first").unwrap();
    drive(&mut rooms, &mut told, [3, 2, 6]);
    assert_eq!(told[0][2], (SceneEvent::Bytes(ids[1]), b"all".to_vec()));
    let mut got = told[2].split_off(2);
    got.sort_by(|a, b| a.1.cmp(&b.1));
    let expected = [(1, "not the first"), (ids[1], "all"), (ids[1], "not the server"), (ids[1], "one")];
    let mut expected: Vec<_> = expected.map(|(id, text)| (SceneEvent::Bytes(id), text.as_bytes().to_vec())).to_vec();
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(got, expected);
    told[2].clear();
    rooms[0].room.close();
    rooms[0].reset();
    drive(&mut rooms, &mut told, [3, 4, 2]);
    assert_eq!(
        told[2].iter().map(|entry| entry.0).collect::<Vec<_>>(),
        [SceneEvent::Disconnected(1), SceneEvent::Disconnected(ids[1])]
    );
    assert_eq!(rooms[2].set_scene(false, false), Ok(()));
    assert_eq!(rooms[2].send_bytes(1, b"x").unwrap_err().code(), ErrorCode::Unconfigured);
}
