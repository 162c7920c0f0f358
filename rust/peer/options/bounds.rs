//! Decides whether a number is inside the bounds of an option, with one message for all entry points.

use std::fmt::Display;
use std::time::Duration;

use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_DURATION;

fn refused(name: &str, bounds: impl Display, value: impl Display) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("{name} must be {bounds}, not {value}"))
}

/// Returns a size or count that is not negative.
pub(crate) fn size(name: &str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| refused(name, "at least 0", value))
}

/// Returns a whole number from `min` to `max`.
pub(crate) fn level(name: &str, value: i64, min: u32, max: u32) -> Result<u32> {
    u32::try_from(value)
        .ok()
        .filter(|level| (min..=max).contains(level))
        .ok_or_else(|| refused(name, format_args!("from {min} to {max}"), value))
}

/// Returns a number from `min` to `max`.
pub(crate) fn number(name: &str, value: f64, min: f64, max: f64) -> Result<f64> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(refused(name, format_args!("from {min} to {max}"), value))
    }
}

/// Returns a time of up to [`MAX_DURATION`], which is 0 or more, or with `is_positive` more than 0.
pub(crate) fn seconds(name: &str, value: f64, is_positive: bool) -> Result<Duration> {
    let is_allowed = |time: &Duration| *time <= MAX_DURATION && !(is_positive && time.is_zero());
    Duration::try_from_secs_f64(value).ok().filter(is_allowed).ok_or_else(|| {
        let from = if is_positive { "more than 0 and at most" } else { "from 0 to" };
        refused(name, format_args!("{from} {} seconds", MAX_DURATION.as_secs()), value)
    })
}
