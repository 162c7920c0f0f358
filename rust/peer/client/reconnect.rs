//! When a client that lost its connection tries again.

use std::time::Duration;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{RECONNECT_DELAY, RECONNECT_FACTOR, RECONNECT_JITTER, RECONNECT_MAX_DELAY};
use crate::peer::options::duration;

/// Settings of automatic reconnecting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReconnectOptions {
    /// Whether a client tries again after a connection was lost, or could not be made, without the program's own doing.
    pub enabled: bool,
    /// Delay before the first attempt.
    pub delay: Duration,
    /// Each delay is this many times the one before.
    pub factor: f64,
    /// Longest delay.
    pub max_delay: Duration,
    /// Part of each delay that is random, 0 to 1.
    pub jitter: f64,
    /// Attempts in a row before the client gives up; 0 for no limit.
    pub max_attempts: u32,
}

impl Default for ReconnectOptions {
    fn default() -> Self {
        Self {
            enabled: false,
            delay: RECONNECT_DELAY,
            factor: RECONNECT_FACTOR,
            max_delay: RECONNECT_MAX_DELAY,
            jitter: RECONNECT_JITTER,
            max_attempts: 0,
        }
    }
}

impl ReconnectOptions {
    /// Sets [`Self::delay`] in seconds.
    pub fn set_delay(&mut self, seconds: f64) -> Result {
        self.delay = duration("reconnect_delay", seconds)?;
        Ok(())
    }

    /// Sets [`Self::max_delay`] in seconds.
    pub fn set_max_delay(&mut self, seconds: f64) -> Result {
        self.max_delay = duration("reconnect_max_delay", seconds)?;
        Ok(())
    }

    /// Sets [`Self::factor`]; at least 1.
    pub fn set_factor(&mut self, factor: f64) -> Result {
        self.factor = within("reconnect_factor", factor, 1.0, 1000.0)?;
        Ok(())
    }

    /// Sets [`Self::jitter`].
    pub fn set_jitter(&mut self, jitter: f64) -> Result {
        self.jitter = within("reconnect_jitter", jitter, 0.0, 1.0)?;
        Ok(())
    }

    /// Sets [`Self::max_attempts`]; negative numbers are refused.
    pub fn set_max_attempts(&mut self, count: i64) -> Result {
        self.max_attempts = u32::try_from(count).map_err(|_| {
            let message = format!("reconnect_max_attempts is a number from 0 to {}, not {count}", u32::MAX);
            Error::new(ErrorCode::InvalidParameter, message)
        })?;
        Ok(())
    }

    /// The delay before an attempt, the first being 1; `None` to give up. `random` is from 0 up to 1.
    pub(in crate::peer) fn delay_before(&self, attempt: u32, random: f64) -> Option<Duration> {
        if !self.enabled || (self.max_attempts > 0 && attempt > self.max_attempts) {
            return None;
        }
        let grown = self.delay.as_secs_f64() * self.factor.powf(f64::from(attempt.saturating_sub(1)));
        let seconds = grown.min(self.max_delay.as_secs_f64());
        Duration::try_from_secs_f64(seconds * (1.0 - self.jitter * random)).ok()
    }
}

fn within(name: &str, value: f64, min: f64, max: f64) -> Result<f64> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(Error::new(ErrorCode::InvalidParameter, format!("{name} is a number from {min} to {max}, not {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest_and_jitter_shortens_them() {
        let options = ReconnectOptions { enabled: true, jitter: 0.0, ..ReconnectOptions::default() };
        let seconds = |options: &ReconnectOptions, attempt, random| {
            options.delay_before(attempt, random).map(|delay| delay.as_secs_f64())
        };
        assert_eq!(
            [1, 2, 3, 7, 4_000_000].map(|attempt| seconds(&options, attempt, 0.9)),
            [0.5, 1.0, 2.0, 30.0, 30.0].map(Some)
        );
        let shaken = ReconnectOptions { jitter: 0.5, ..options };
        assert_eq!(seconds(&shaken, 3, 0.5), Some(1.5));
        let bounded = ReconnectOptions { max_attempts: 2, ..options };
        assert_eq!([seconds(&bounded, 2, 0.0), seconds(&bounded, 3, 0.0)], [Some(1.0), None]);
        assert_eq!(ReconnectOptions::default().delay_before(1, 0.0), None);
    }

    #[test]
    fn wrong_values_are_refused_and_change_nothing() {
        let mut options = ReconnectOptions::default();
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(options.set_delay(value).is_err() && options.set_max_delay(value).is_err());
            assert!(options.set_factor(value).is_err() && options.set_jitter(value).is_err());
        }
        assert!(options.set_factor(0.5).is_err() && options.set_jitter(1.5).is_err());
        assert!(options.set_max_attempts(-1).is_err() && options.set_max_attempts(1 << 40).is_err());
        assert_eq!(options, ReconnectOptions::default());
    }
}
