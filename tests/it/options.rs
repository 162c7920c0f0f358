//! Every option that `peer/options/table.rs` declares has its default and refuses values outside its bounds, on every
//! object.

use wspeer::error::{ErrorCode, Result};
use wspeer::peer::options::{AdmissionOptions, ConnectionOptions, ReconnectOptions};

struct Case {
    name: &'static str,
    default: f64,
    takes_fractions: bool,
    read_default: fn() -> f64,
    /// Sets the option of new options and returns the result and the value afterwards.
    after_setting: fn(f64) -> (Result, f64),
    refused: &'static [(f64, &'static str)],
}

const CASES: &[Case] = include!(concat!(env!("OUT_DIR"), "/option_cases.rs"));

#[test]
fn defaults_are_the_declared_ones() {
    assert!(!CASES.is_empty());
    for case in CASES {
        assert_eq!((case.read_default)(), case.default, "{}", case.name);
    }
}

#[test]
fn refused_values_change_nothing_and_name_the_bounds() {
    for case in CASES {
        for (value, message) in case.refused {
            let (result, after) = (case.after_setting)(*value);
            let error = result.expect_err(case.name);
            assert_eq!(error.code(), ErrorCode::InvalidParameter, "{}", case.name);
            assert_eq!(error.message(), *message, "{}", case.name);
            assert_eq!(after, case.default, "{}", case.name);
        }
    }
}

#[test]
fn nan_and_infinity_are_refused() {
    for case in CASES.iter().filter(|case| case.takes_fractions) {
        for value in [f64::NAN, f64::INFINITY] {
            assert!((case.after_setting)(value).0.is_err(), "{} {value}", case.name);
        }
    }
}
