//! Threads that block on client and server objects: what they block for, and what wakes them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wspeer::error::ErrorCode;
use wspeer::net::clock;
use wspeer::peer::{Client, ConnectParameters, ListenParameters, PeerEvent, Server, WaitStep};

use crate::fixtures::until;
use crate::world::{TEXT, World};

/// Much longer than any test takes, and shorter than the time limits of a connection.
const LONG: Duration = Duration::from_secs(20);

fn connecting_to(url: &str) -> Client {
    let mut client = Client::new();
    client.connect_to_url(url, ConnectParameters::default()).unwrap();
    client
}

/// Takes steps until the client blocks; returns for how long.
fn blocks_for(client: &mut Client, deadline: Option<Instant>) -> Option<Duration> {
    loop {
        match client.begin_wait(deadline).unwrap() {
            // Time that is too short to be a limit is a busy step.
            WaitStep::Block(_, Some(time)) if time < Duration::from_millis(1) => {}
            WaitStep::Block(_, time) => return time,
            step => panic!("{step:?}"),
        }
    }
}

/// Waits with the object locked only between the steps.
fn wait_shared(client: &Mutex<Client>, deadline: Option<Instant>) -> Result<bool, ErrorCode> {
    loop {
        let step = client.lock().unwrap().begin_wait(deadline).map_err(|error| error.code())?;
        match step {
            WaitStep::Ready => return Ok(true),
            WaitStep::TimedOut => return Ok(false),
            WaitStep::Block(waiter, time) => waiter.block(time),
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn a_connecting_client_blocks_until_its_time_limits() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = connecting_to(&format!("ws://127.0.0.1:{}", listener.local_addr().unwrap().port()));
    // Nothing is left to do before the server answers.
    let until_timeout = blocks_for(&mut client, None).unwrap();
    assert!(until_timeout > client.options().handshake_timeout() / 2, "{until_timeout:?}");
    let until_deadline = blocks_for(&mut client, Some(clock::now() + LONG)).unwrap();
    assert!(until_deadline <= LONG && until_deadline <= until_timeout);
}

#[test]
fn the_next_address_of_a_host_is_tried_while_a_client_blocks() {
    // `localhost` is ::1 and 127.0.0.1, and the server listens on the second one only.
    let mut world = World::new();
    let mut client = connecting_to(&format!("ws://localhost:{}", world.server.local_port()));
    until("open", || {
        world.server.poll();
        client.wait(Some(Duration::from_millis(1))).unwrap()
    });
    assert!(matches!(client.next_event(), Some(PeerEvent::Opened { .. })));
}

#[test]
fn the_end_of_a_name_lookup_wakes_a_client() {
    let mut client = connecting_to("ws://no-such-host.invalid");
    assert!(client.wait(None).unwrap());
    assert!(matches!(client.next_event(), Some(PeerEvent::Failed { .. })));
}

#[test]
fn a_client_waits_for_its_next_attempt() {
    let mut client = Client::new();
    client
        .set_reconnect_options(|options| {
            options.set_enabled(true);
            options.set_delay_from_seconds(0.02)?;
            options.set_max_attempts(2)
        })
        .unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    client.connect_to_url(&format!("ws://127.0.0.1:{port}"), ConnectParameters::default()).unwrap();
    let mut failures = 0;
    while client.wait(None).is_ok() {
        while let Some(event) = client.next_event() {
            failures += usize::from(matches!(event, PeerEvent::Failed { .. }));
        }
    }
    assert_eq!(failures, 3, "the first attempt and two more");
}

#[test]
fn calls_of_other_threads_wake_a_blocked_client() {
    type Call = fn(&mut Client);
    let calls: [(&str, Call, Result<bool, ErrorCode>); 3] = [
        ("interrupt", Client::interrupt, Ok(true)),
        ("disconnect", |client| client.disconnect_from_host(-1, "").unwrap(), Ok(true)),
        // The time for the close handshake is over before the server, which is not polled, has answered.
        (
            "close",
            |client| {
                client.set_options(|options| options.set_close_timeout_from_seconds(0.02)).unwrap();
                client.close(1000, "").unwrap();
            },
            Ok(true),
        ),
    ];
    for (name, call, result) in calls {
        let mut world = World::new();
        let index = world.join();
        let client = Arc::new(Mutex::new(std::mem::take(&mut world.clients[index].client)));
        let shared = Arc::clone(&client);
        let waiting = std::thread::spawn(move || wait_shared(&shared, None));
        call(&mut client.lock().unwrap());
        assert_eq!(waiting.join().unwrap(), result, "{name}");
    }
}

#[test]
fn abandoning_an_attempt_ends_the_wait_for_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = connecting_to(&format!("ws://127.0.0.1:{}", listener.local_addr().unwrap().port()));
    let client = Arc::new(Mutex::new(client));
    let shared = Arc::clone(&client);
    let waiting = std::thread::spawn(move || wait_shared(&shared, None));
    client.lock().unwrap().disconnect_from_host(1000, "").unwrap();
    assert_eq!(waiting.join().unwrap(), Err(ErrorCode::Unconfigured));
}

#[test]
fn taken_messages_let_a_blocked_client_read_on() {
    let mut world = World::new();
    let index = world.join_with(|client| {
        client.set_options(|options| options.set_max_queued_packets_from_integer(2)).unwrap();
    });
    let id = world.id(index);
    let client = Arc::new(Mutex::new(std::mem::take(&mut world.clients[index].client)));
    for text in ["1", "2", "3", "4", "5"] {
        world.server.send(id, TEXT, text.as_bytes()).unwrap();
    }
    world.server.poll();
    let mut received = Vec::new();
    while received.len() < 5 {
        let shared = Arc::clone(&client);
        let waiting = std::thread::spawn(move || wait_shared(&shared, None));
        assert_eq!(waiting.join().unwrap(), Ok(true));
        let mut client = client.lock().unwrap();
        while client.next_event().is_some() {
            received.push(client.take_message().unwrap().to_vec());
        }
    }
    assert_eq!(received.concat(), b"12345");
}

#[test]
fn two_threads_on_one_object_have_deadlines_of_their_own() {
    let mut world = World::new();
    let index = world.join();
    let client = Arc::new(Mutex::new(std::mem::take(&mut world.clients[index].client)));
    let shared = Arc::clone(&client);
    let for_ever = std::thread::spawn(move || wait_shared(&shared, None));
    for _ in 0..3 {
        assert_eq!(wait_shared(&client, Some(clock::now() + Duration::from_millis(10))), Ok(false));
    }
    client.lock().unwrap().interrupt();
    assert_eq!(for_ever.join().unwrap(), Ok(true));
}

#[test]
fn a_stopped_server_ends_the_wait_of_every_thread() {
    let server = Arc::new(Mutex::new(Server::new()));
    server.lock().unwrap().listen(0, ListenParameters::default()).unwrap();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let shared = Arc::clone(&server);
            std::thread::spawn(move || {
                loop {
                    let step = shared.lock().unwrap().begin_wait(None);
                    match step {
                        Ok(WaitStep::Block(waiter, time)) => waiter.block(time),
                        step => return step.map(|_| ()).map_err(|error| error.code()),
                    }
                }
            })
        })
        .collect();
    server.lock().unwrap().stop();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Err(ErrorCode::Unconfigured));
    }
}
