//! When a client makes a lost connection again: delays, and which connections end the counting of attempts.

use std::time::{Duration, Instant};

use wspeer::limits::{LEAST_RECONNECT_DELAY, STABLE_CONNECTION};
use wspeer::peer::{Client, ClientStatus, ConnectParameters, PeerEvent, ReconnectOptions, Server};

use crate::fixtures::{start, until};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// A client in virtual time, and a server in real time.
struct Restless {
    world: World,
    client: Client,
    now: Instant,
}

impl Restless {
    fn new(is_multiplayer: bool, setup: impl FnOnce(&mut ReconnectOptions)) -> Self {
        let world = World::listening(&[], is_multiplayer, |_: &mut Server| {});
        let mut client = Client::new();
        client
            .set_options(|options| {
                options.set_connect_timeout(Duration::ZERO)?;
                options.set_handshake_timeout(Duration::ZERO)
            })
            .unwrap();
        client
            .set_reconnect_options(|options| {
                options.set_enabled(true);
                options.set_jitter(0.0).unwrap();
                setup(options);
                Ok(())
            })
            .unwrap();
        let parameters = ConnectParameters { gd_mp_api: is_multiplayer, ..ConnectParameters::default() };
        client.connect_to_url(&world.url(), parameters).unwrap();
        Self { world, client, now: start() }
    }

    /// Polls both at the present time, and returns the client's events of that.
    fn round(&mut self) -> Vec<PeerEvent> {
        self.world.round();
        self.client.poll_at(self.now);
        std::iter::from_fn(|| self.client.next_event()).collect()
    }

    /// Lets the connection open, live for `lifetime` and be closed by the server with code 1008. Returns the number of
    /// the next attempt and its delay, which has passed then; `None` if the client gives up.
    fn lose_after(&mut self, lifetime: Duration) -> Option<(u32, Duration)> {
        until("open", || {
            self.round();
            self.client.status() == ClientStatus::Connected && self.world.server.peer_ids().len() == 1
        });
        self.now += lifetime;
        let id = self.world.server.peer_ids()[0];
        self.world.server.disconnect_peer(id, 1008, "").unwrap();
        let mut next = None;
        until("the end of the connection", || {
            for event in self.round() {
                if let PeerEvent::Reconnecting { attempt, delay } = event {
                    next = Some((attempt, delay));
                }
            }
            self.client.status() != ClientStatus::Connected && self.world.server.peer_ids().is_empty()
        });
        self.now += next.map_or(Duration::ZERO, |(_, delay)| delay);
        next
    }
}

#[test]
fn a_server_that_accepts_and_closes_is_retried_ever_later() {
    for is_multiplayer in [false, true] {
        let mut test = Restless::new(is_multiplayer, |_| {});
        let mut expected = SECOND / 2;
        for attempt in 1..=7 {
            assert_eq!(test.lose_after(SECOND), Some((attempt, expected)));
            expected = (expected * 2).min(30 * SECOND);
        }
        let almost = STABLE_CONNECTION - Duration::from_millis(1);
        assert_eq!(test.lose_after(almost), Some((8, 30 * SECOND)));
        assert_eq!(test.lose_after(STABLE_CONNECTION), Some((1, SECOND / 2)), "the connection was stable");
        assert_eq!(test.lose_after(SECOND), Some((2, SECOND)));
    }
}

#[test]
fn connections_that_end_early_count_as_attempts() {
    let mut test = Restless::new(false, |options| options.set_max_attempts(2).unwrap());
    let attempts = [(); 3].map(|()| test.lose_after(SECOND).map(|(attempt, _)| attempt));
    assert_eq!(attempts, [Some(1), Some(2), None]);
    assert_eq!(test.client.status(), ClientStatus::Disconnected);
}

#[test]
fn without_a_delay_only_the_first_attempt_is_immediate() {
    for is_jittered in [false, true] {
        let mut test = Restless::new(false, |options| {
            options.set_delay(Duration::ZERO).unwrap();
            options.set_max_delay(Duration::ZERO).unwrap();
            options.set_jitter(f64::from(u8::from(is_jittered))).unwrap();
        });
        assert_eq!(test.lose_after(SECOND), Some((1, Duration::ZERO)));
        for attempt in 2..5 {
            assert_eq!(test.lose_after(SECOND), Some((attempt, LEAST_RECONNECT_DELAY)));
        }
    }
}
